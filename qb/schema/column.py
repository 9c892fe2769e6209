"""What a column and a table are, and how their headers are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

import pandas as pd

from qb.terms import Term


class ColumnKind(Term):
    """What a column holds."""

    TEXT = "text", "文字"
    ID = "id", "编号（文字）"
    TERM = "term", "选项"
    BOOL = "bool", "是否"
    DATE = "date", "日期"
    YEAR = "year", "年份"
    COUNT = "count", "个数"
    ORDINAL = "ordinal", "序号"
    NUMBER = "number", "数值"
    SHARE = "share", "比率"


RANGES: dict[ColumnKind, tuple[float, float]] = {
    ColumnKind.YEAR: (1900, 2200),
    ColumnKind.COUNT: (0, inf),
    ColumnKind.ORDINAL: (1, inf),
    ColumnKind.NUMBER: (0, inf),
    ColumnKind.SHARE: (0, 1),
}
WHOLE = (ColumnKind.YEAR, ColumnKind.ORDINAL)  # kinds of which a fraction makes no sense


_ALL_SEVEN = "、".join(f"C{i}" for i in range(1, 8))


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, label : str
        English name and Chinese label, the label without its unit.
    kind : ColumnKind
    unit : str
        As printed, ``m²``; empty where there is none.
    terms : tuple of Term
        The closed set of a column of kind ``term``; empty otherwise.
    codes : tuple of str
        The indicators that rest on it (C1–C31, ``recognition``, ``veto``).
    low, high : float
        Bounds, both allowed; taken from the kind unless given. Infinite where there is none.
    note : str
        What a person filling it in must know, in Chinese.
    required : bool
        The table cannot be used without this column, nor a row without its value.
    blank : bool
        A row may rightly leave it empty: it is asked of some rows only, or decides nothing.
    optional : bool
        Beyond the contract: used by the transition clauses, or to say where a row comes from.
    aliases : tuple of str
        Other headers that plainly mean the column.
    """

    name: str
    label: str
    kind: ColumnKind
    unit: str = ""
    terms: tuple[Term, ...] = ()
    codes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    note: str = ""
    required: bool = False
    optional: bool = False
    blank: bool = False
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        low, high = RANGES.get(self.kind, (-inf, inf))
        object.__setattr__(self, "low", low if self.low is None else self.low)
        object.__setattr__(self, "high", high if self.high is None else self.high)

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in RANGES

    @property
    def dtype(self) -> str:
        """The pandas dtype. A required year is never missing, so it alone is an integer."""
        if self.numeric:
            return "int64" if self.required and self.kind is ColumnKind.YEAR else "float64"
        return "boolean" if self.kind is ColumnKind.BOOL else "str"

    @property
    def clause(self) -> str:
        """The indicators that rest on the column, as a reader sees them."""
        words = {"recognition": "社会认可度", "veto": "一票否决"}
        return "、".join(words.get(code, code) for code in self.codes).replace(_ALL_SEVEN, "C1—C7")

    @property
    def header(self) -> str:
        """The Chinese label with its unit, as a table's head shows it."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label


@dataclass(frozen=True)
class Table:
    """One table: its name, the Chinese name of its sheet, what a row is, its key, its columns."""

    name: str
    label: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        return self.by_name[name]

    @property
    def names(self) -> list[str]:
        """English names of all columns, in order."""
        return list(self.by_name)

    @property
    def required(self) -> list[str]:
        """Columns without which the table cannot be used."""
        return [column.name for column in self.columns if column.required]

    @cached_property
    def headers(self) -> dict[str, Column]:
        """Every tidied header that names a column, without units."""
        named = {tidy_header(h): column for column in self.columns for h in (column.name, column.label)}
        return {tidy_header(h): column for column in self.columns for h in column.aliases} | named

    def empty(self) -> pd.DataFrame:
        """Return the table without rows."""
        return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in self.columns})


def tidy_header(text: str) -> str:
    """Return a header as it is compared: full-width made half-width, small letters, nothing unseen.

    >>> tidy_header(" Ｐupils　")
    'pupils'
    """
    plain = _UNSEEN.sub("", str(text))
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", plain)).casefold()


_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")  # marks that no eye sees


_UNIT_NAMES = {"平方米": "m2", "人民币元": "元"}


def tidy_unit(text: str) -> str:
    """Return a unit as it is compared: ``m²``, ``㎡`` and 平方米 are one.

    >>> tidy_unit("㎡") == tidy_unit("平方米") == tidy_unit("m²")
    True
    """
    unit = tidy_header(text)
    return _UNIT_NAMES.get(unit, unit)
