"""What the entries of a scenario file have in common: their types, and how nonsense in them is said."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import ConfigDict, Field

from qb import tomlfile
from qb.language import FieldName, Message, listing
from qb.standard import Words, Year

MOST = 1e13  # yuan or m²: no district has as much
Amount = Annotated[float, Field(gt=0, le=MOST, strict=True)]
Several = Annotated[int, Field(ge=1, strict=True)]
Ids = Annotated[tuple[Words, ...], Field(min_length=1)]


class Entry(tomlfile.Entry):
    """A table of the file, whose keys may be words that Python keeps for itself (``from``)."""

    model_config = ConfigDict(populate_by_name=True)


class BaseAction(Entry):
    """An action holds from its school year on; without one, from the scenario's base year."""

    year: Year | None = None

    @property
    def opens(self) -> str | None:
        """The school that this action opens, if it opens one."""
        return None

    @property
    def schools(self) -> frozenset[str]:
        """Every school that this action names."""
        named = {getattr(self, name, None) for name in ("school", "from_", "to", "into")}
        listed = {name for entry in named if isinstance(entry, tuple) for name in entry}
        return frozenset(listed | {name for name in named if isinstance(name, str)})


def unless(wrong: list[Message], model: Entry) -> Entry:
    """Return the model, or refuse it with everything that is wrong."""
    if wrong:
        raise ValueError(*wrong)
    return model


def one_of(model: Entry, *names: str) -> list[Message]:
    """Return a sentence unless exactly one of the fields is written."""
    written = [name for name in names if getattr(model, name) is not None]
    return (
        []
        if len(written) == 1
        else [Message("{} 须写一个，且只写一个", "write exactly one of {}", listing(map(FieldName, names)))]
    )


def written(model: Entry, *names: str) -> dict[str, float]:
    """Return those of the fields that are written."""
    return {name: getattr(model, name) for name in names if getattr(model, name) is not None}


def repeated(name: str, values: tuple) -> list[Message]:
    """Return a sentence for each value that stands twice."""
    return [
        Message("{} 中 {} 重复", "{} has {} twice", FieldName(name), value)
        for value, times in Counter(values).items()
        if times > 1
    ]
