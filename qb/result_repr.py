"""How a result shows itself at a prompt and in a notebook: a few lines, never its whole contents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from html import escape
from typing import Any, cast

FEW = 8  # numbers that are written out; of more, only how many there are
WIDE = 90  # characters of a text
FIGURES = 1e5  # from here on whole numbers, thousands set apart


class Shown:
    """A dataclass that names itself, its figures, and how large its tables are.

    For use with ``@dataclass(repr=False)``; what is in `hidden` is not shown.
    """

    hidden: tuple[str, ...] = ()

    def told(self) -> list[tuple[str, str]]:
        """Return what is shown: name and description, one pair a line."""
        own = (
            field.name for field in fields(cast(Any, self)) if field.repr and field.name not in self.hidden
        )
        return [(name, described(getattr(self, name))) for name in own]

    def __repr__(self) -> str:
        shown = self.told()
        wide = max((len(name) for name, _ in shown), default=0)
        return "\n".join(
            [type(self).__name__, *(f"  {name:{wide}}  {text}".rstrip() for name, text in shown)]
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in self.told()
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption><tbody>{rows}</tbody></table>"


def described(value: Any) -> str:
    """Return a value in a few words: a table by its size, a long array by its length.

    Examples
    --------
    >>> described(0.25), described(None), described("甲" * 100)[-3:]
    ('0.25', 'none', '甲甲…')
    >>> described(11744800.0)
    '11,744,800'
    >>> import pandas as pd
    >>> described(pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]}))
    '2 rows, 3 columns'
    """
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= FIGURES else f"{value:.6g}"
    if isinstance(value, str):
        return value if len(value) <= WIDE else value[: WIDE - 1] + "…"
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) == 2 and hasattr(value, "columns"):
        return f"{shape[0]} rows, {shape[1]} columns"
    if shape is not None and len(shape) == 1 and shape[0] <= FEW:
        return ", ".join(described(entry) for entry in value.tolist())
    if shape:
        return "array of " + " × ".join(map(str, shape))
    if isinstance(value, Shown):
        return type(value).__name__
    if isinstance(value, Collection):
        return f"{len(value)} entries" if len(value) else "none"
    text = str(value)
    return text if len(text) <= WIDE and "\n" not in text else type(value).__name__
