"""All tables of a dataset as frames, with what was found while reading them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from qb.dataset.cells import missing
from qb.dataset.corrections import Correction
from qb.errors import Fault
from qb.schema import INVENTED, TABLES
from qb.terms import Severity


@dataclass(frozen=True)
class Dataset:
    """All tables of a dataset. A table that was not handed in has no rows; its columns are all there.

    Attributes
    ----------
    tables : dict of str to DataFrame
        Every table of :data:`qb.schema.TABLES`, in that order, each with its columns in order and
        then those that were handed in beyond them.
    faults : tuple of Fault
        What was found while reading: cells that could not be read (now missing), and notes.
    source : str
        The folder or file that was read; empty for a dataset made in memory.
    lines : dict of str to array of int
        Row of each record as a spreadsheet counts, for tables where it is not position + 2.
    letters : dict of str to dict of str to str
        Letter of each column in its sheet, by table and column, where a workbook was read.
    corrections : tuple of Correction
        Known errors of the source that were put right on reading.

    Examples
    --------
    >>> data = Dataset.of(schools=pd.DataFrame({"school_id": ["001"], "district": ["甲区"]}))
    >>> data["schools"].loc[0, "school_id"], len(data["sections"]), data.districts
    ('001', 0, ['甲区'])
    """

    tables: Mapping[str, pd.DataFrame]
    faults: tuple[Fault, ...] = ()
    source: str = ""
    lines: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    letters: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    corrections: tuple[Correction, ...] = ()

    @classmethod
    def of(cls, **tables: pd.DataFrame) -> Dataset:
        """Return a dataset of frames made in memory; columns not given are all missing."""
        unknown = sorted(set(tables) - set(TABLES))
        if unknown:
            raise KeyError(f"no such table: {', '.join(unknown)}")
        return cls({name: _complete(name, tables.get(name)) for name in TABLES})

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    @property
    def years(self) -> list[int]:
        """School years (the year they start) that `sections` holds, in order."""
        return sorted(int(year) for year in self["sections"]["year"].unique())

    @property
    def districts(self) -> list[str]:
        """Districts that `schools` names, in order of appearance."""
        return list(self["schools"]["district"].dropna().unique())

    @property
    def invented(self) -> bool:
        """Whether any row says that it is made up."""
        return any(
            frame["source"].str.contains(INVENTED, na=False, regex=False).any()
            for frame in self.tables.values()
        )

    @property
    def stops(self) -> tuple[Fault, ...]:
        """The faults with which nothing can be computed."""
        return tuple(fault for fault in self.faults if fault.severity is Severity.STOPS)

    def replace(self, **tables: pd.DataFrame) -> Dataset:
        """Return a copy with these tables instead; the file's rows and corrections do not hold for them."""
        unknown = sorted(set(tables) - set(TABLES))
        if unknown:
            raise KeyError(f"no such table: {', '.join(unknown)}")
        changed = {name: _complete(name, frame) for name, frame in tables.items()}
        lines = {name: rows for name, rows in self.lines.items() if name not in tables}
        letters = {name: columns for name, columns in self.letters.items() if name not in tables}
        corrections = tuple(entry for entry in self.corrections if entry.table not in tables)
        return dataclasses.replace(
            self, tables={**self.tables, **changed}, lines=lines, letters=letters, corrections=corrections
        )

    def line(self, table: str, position: int) -> int:
        """Return the row, as a spreadsheet counts (header 1), of the record at a position."""
        return int(self.lines[table][position]) if table in self.lines else position + 2

    def cell(self, table: str, position: int, column: str | None) -> str | None:
        """Return the workbook's cell, as Excel names it; None where there is none."""
        letter = self.letters.get(table, {}).get(column)
        return f"{letter}{self.line(table, position)}" if letter else None


def places(values: ArrayLike, of: ArrayLike) -> np.ndarray:
    """Return the first place of each text in others, -1 where it is missing or not among them.

    Examples
    --------
    >>> places(["乙", "丙", None], of=["甲", "乙", "乙", None])
    array([ 1, -1, -1])
    """
    # pandas would look at each of the others in Python: seconds for 200,000 schools.
    text, among = (pa.array(pd.Series(a, dtype="str"), type=pa.large_string()) for a in (values, of))
    found = pc.index_in(text, value_set=among, skip_nulls=True)
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _complete(name: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    """Return the frame with every column of the registry, in order and in its dtype."""
    table = TABLES[name]
    if frame is None:
        return table.empty()
    missing = [c for c in table.required if c not in frame]
    if missing:
        raise KeyError(f"{name} lacks {', '.join(missing)}")
    frame = frame.reset_index(drop=True)
    known = {c.name: _typed(frame.get(c.name), c.dtype, len(frame)) for c in table.columns}
    extra = {c: frame[c] for c in frame if c not in known}
    return pd.DataFrame({**known, **extra}, copy=False)


def _typed(values: pd.Series | None, dtype: str, rows: int) -> pd.Series:
    if values is None:
        return missing(dtype, pd.RangeIndex(rows))
    return values if values.dtype == dtype else values.astype(dtype)
