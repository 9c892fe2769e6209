"""What messages say beside their wording: the numbers, names and words of closed sets that fill them in."""

from __future__ import annotations

from collections.abc import Iterator

from qb.data.schema import SchemaColumn
from qb.errors import QbError
from qb.language import Both, Message


def arguments_of(said: Message | QbError) -> tuple[object, ...]:
    """Return what fills in a message, and each message within it, in its order; of a column its name.

    >>> arguments_of(Message("{}：{}", "{}: {}", 1, Message("{} 人，{}", "{} persons, {}", 2, "甲")))
    (1, 2, '甲')
    """
    return tuple(_given(said.said if isinstance(said, QbError) else said))


def _given(said: Message) -> Iterator[object]:
    for part in said.arguments:
        if isinstance(part, Message):
            yield from _given(part)
        elif isinstance(part, SchemaColumn):
            yield part.name
        elif not isinstance(part, Both) and str(part).strip():  # what is wording alone stays out
            yield part
