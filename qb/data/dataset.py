"""A dataset: all tables as frames, with faults and corrections; which schools there are in a year, and which stages must report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from qb.data.cell_values import convert, missing, runs
from qb.data.corrections import Correction
from qb.data.schema import INVENTED, TABLES, TABLES_OF_DISTRICTS, SchemaTable, tables_of
from qb.errors import Fault, QbError
from qb.result_repr import FEW, Shown, described
from qb.standard import Standard
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Severity, Stage

# All tables of a dataset as frames, with what was found while reading them.


@dataclass(frozen=True, repr=False)
class Dataset(Shown):
    """All tables of a dataset. A table that was not handed in has no rows; its columns are all there.

    Attributes
    ----------
    tables : dict of str to DataFrame
        Every table of :data:`qb.data.schema.TABLES`, in that order, each with its columns in order and
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
        """Return a dataset of frames made in memory; columns not given are all missing.

        Parameters
        ----------
        **tables : DataFrame
            Each under the name of its table (``schools``, ``sections``, …; `data/README.md` lists all tables
            and columns). Columns have the English names; those beyond them are kept.

        Raises
        ------
        KeyError
            If there is no such table, or a table lacks a column that every row must have.

        Examples
        --------
        Two schools, one column of theirs reported:

        >>> frame = pd.DataFrame({"school_id": ["001", "002"], "district": ["甲区", "甲区"]})
        >>> data = Dataset.of(schools=frame)
        >>> len(data["schools"]), data["schools"]["kind"].isna().all().item()
        (2, True)
        """
        unknown = sorted(set(tables) - set(TABLES))
        if unknown:
            raise KeyError(f"no such table: {', '.join(unknown)}")
        return cls({name: _complete(name, tables.get(name)) for name in TABLES})

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    def told(self) -> list[tuple[str, str]]:
        """Return source, years, districts and the size of each table that has rows."""
        districts = self.districts
        named = ", ".join(districts[:FEW]) + (f" … {len(districts)} in all" if len(districts) > FEW else "")
        shown = [
            ("source", described(self.source or "in memory")),
            ("years", ", ".join(map(str, self.years))),
        ]
        shown += [("districts", named), *[("invented", "yes 模拟数据")] * self.invented]
        shown += [(f'["{name}"]', described(frame)) for name, frame in self.tables.items() if len(frame)]
        return [*shown, *[("faults", f"{len(self.faults)}")] * bool(self.faults)]

    @property
    def years(self) -> list[int]:
        """School years (the year they start) that `sections` holds, in order; without any, of all tables."""
        tables = [self["sections"]] if len(self["sections"]) else self.tables.values()
        known = (frame["year"].dropna().unique() for frame in tables if "year" in frame)
        return sorted({int(year) for years in known for year in years})

    @property
    def districts(self) -> list[str]:
        """Districts of schools, then those that reported items and no school, in order of appearance."""
        tables = ("schools", *TABLES_OF_DISTRICTS)
        return list(dict.fromkeys(name for t in tables for name in self[t]["district"].dropna().unique()))

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """What the rows say of where they come from, each once, in order of appearance."""
        return tuple(dict.fromkeys(self._said_of_rows()))

    def _said_of_rows(self) -> Iterator[str]:
        return (str(name) for frame in self.tables.values() for name in frame["source"].dropna().unique())

    @property
    def invented(self) -> bool:
        """Whether any row says that it is made up."""
        return any(INVENTED in name for name in self._said_of_rows())

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

    def places(self, table: str, column: str = "school_id") -> np.ndarray:
        """Return the place in `schools` of each row's school, -1 where it is none of them; looked up once.

        Examples
        --------
        >>> schools = pd.DataFrame({"school_id": ["001", "002"], "parent_id": [None, "001"]})
        >>> Dataset.of(schools=schools).places("schools", "parent_id").tolist()
        [-1, 0]
        """
        sought, schools = _texts(self[table][column]), _texts(self["schools"]["school_id"])
        name = f"places of {table}.{column}"
        kept = vars(self).get(name)
        # A text put right in place makes other texts; a column that is no text, as of an empty table, equal ones.
        if not kept or not all(
            old is now or old.equals(now) for old, now in zip(kept[:2], (sought, schools), strict=True)
        ):
            found = _places_in(sought, schools)
            found.flags.writeable = False
            kept = vars(self)[name] = (sought, schools, found)
        return kept[2]

    def line(self, table: str, position: int) -> int:
        """Return the row, as a spreadsheet counts (header 1), of the record at a position."""
        return int(self.lines[table][position]) if table in self.lines else position + 2

    def cell(self, table: str, position: int, column: str | None) -> str | None:
        """Return the workbook's cell, as Excel names it; None where there is none."""
        letter = self.letters.get(table, {}).get(column)
        return f"{letter}{self.line(table, position)}" if letter else None


def district_of(data: Dataset, table: str) -> pd.Series:
    """Return the district of each record: its own, that of its school or its zone; missing where not known."""
    frame = data[table]
    if "district" in frame:
        return frame["district"]
    schools = data["schools"].drop_duplicates("school_id").set_index("school_id")["district"]
    if "school_id" in frame:
        return frame["school_id"].map(schools)
    zones = data["zones"].drop_duplicates("zone_id", keep="last").set_index("zone_id")["district"]
    return frame["zone_id"].map(zones).fillna(frame["place_id"].map(schools))


def index_of(values: ArrayLike, of: ArrayLike) -> np.ndarray:
    """Return the first place of each text in others, -1 where it is missing or not among them.

    Examples
    --------
    >>> index_of(["乙", "丙", None], of=["甲", "乙", "乙", None])
    array([ 1, -1, -1])
    """
    return _places_in(*(_texts(pd.Series(a, dtype="str")) for a in (values, of)))


def _texts(values: pd.Series) -> pa.ChunkedArray:
    """Return the object that holds a column's texts; it is never changed, another one takes its place."""
    text = values if isinstance(values.dtype, pd.StringDtype) else values.astype("str")
    return text.array.__arrow_array__()


def _places_in(values: pa.ChunkedArray, of: pa.ChunkedArray) -> np.ndarray:
    # pandas would look at each of the others in Python: seconds for 200,000 schools.
    said, run = runs(values.combine_chunks())
    found = pc.index_in(said, value_set=of.combine_chunks(), skip_nulls=True)
    return found.fill_null(-1).to_numpy().astype(np.int64)[run]


def record_codes(frame: pd.DataFrame, key: Iterable[str], terms: Mapping[str, Sequence] = {}) -> np.ndarray:
    """Return one number for each record, by the order of its key: the same where all of the key is the same.

    Missing values come last; words of `terms` in the order of their set, others as they are.

    Examples
    --------
    >>> frame = pd.DataFrame({"school_id": ["B", "A", "A"], "stage": ["primary", "junior", "primary"]})
    >>> record_codes(frame, frame.columns, {"stage": ["primary", "junior"]}).argsort().tolist()
    [2, 1, 0]
    """
    code, count = np.zeros(len(frame), dtype=np.int64), 1
    for name in key:
        own, size = _ranks(frame[name], terms.get(name, ()))
        if count * size > 2**62:
            seen, code = np.unique(code, return_inverse=True)
            count = len(seen)
        code, count = code * size + own, count * size
    return code


def _ranks(values: pd.Series, words: Sequence[str]) -> tuple[np.ndarray, int]:
    """Return the rank of each value, that of a missing one last, and how many ranks there may be."""
    if words:
        place = index_of(values, words)
        return np.where(place < 0, len(words), place), len(words) + 1
    if isinstance(values.dtype, pd.StringDtype):
        said, run = runs(_texts(values).combine_chunks())
        encoded = said.dictionary_encode()
        each, place = encoded.dictionary, encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
        if not pc.all(pc.less(each[:-1], each[1:]), min_count=0).as_py():  # as it is in a table in order
            rank = np.append(np.argsort(pc.sort_indices(each).to_numpy()), len(each))
            place = rank[place]
        return place[run], len(each) + 1
    if len(values) and pd.api.types.is_numeric_dtype(values):
        number = values.to_numpy(dtype=float, na_value=np.nan)
        number = number - np.fmin.reduce(number)
        if (span := np.fmax.reduce(number)) < _NEAR:  # as years, grades and numbers of schools are
            number = np.where(np.isnan(number), span + 1, number)
            if ((place := number.astype(np.int64)) == number).all():
                return place, int(span) + 2
    place, each = pd.factorize(values, sort=True)
    return np.where(place < 0, len(each), place), len(each) + 1


_NEAR = 2**20  # within so many of each other, whole numbers are their own ranks


def _complete(name: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    """Return the frame with every column of the registry, in order and in its dtype."""
    table = TABLES[name]
    if frame is None:
        return table.empty()
    missing = [c for c in table.required_among(frame) if c not in frame]
    if missing:
        raise KeyError(f"{name} lacks {', '.join(missing)}")
    frame = frame.reset_index(drop=True)
    if not table.band and _as_in(table, frame):
        return frame
    known = {c.name: _typed(frame.get(c.name), c.dtype, len(frame)) for c in table.columns}
    if table.band and (bands := table.bands(known)).any():
        known["stage"] = known["stage"].mask(bands & known["stage"].isna(), str(Stage.WHOLE))
    extra = {c: frame[c] for c in frame if c not in known}
    return pd.DataFrame({**known, **extra}, copy=False)


def _as_in(table: SchemaTable, frame: pd.DataFrame) -> bool:
    """Whether a frame begins with every column of its table, in order and in its dtype."""
    columns = table.columns
    return [c.name for c in columns] == frame.columns[: len(columns)].tolist() and all(
        dtype == c.dtype for dtype, c in zip(frame.dtypes.tolist(), columns, strict=False)
    )


def _typed(values: pd.Series | None, dtype: str, rows: int) -> pd.Series:
    if values is None:
        return missing(dtype, pd.RangeIndex(rows))
    return values if values.dtype == dtype else values.astype(dtype)


def with_columns(data: Dataset, standard: Standard) -> Dataset:
    """Return the data with the columns that a standard declares, as numbers; missing where not handed in.

    Data read without the standard have them as they were typed, under their name or label.

    Raises
    ------
    QbError
        If a cell of such a column holds no number that it may hold.
    """
    tables = tables_of(standard)
    if tables is TABLES:
        return data
    changed: dict[str, pd.DataFrame] = {}
    for name, table in tables.items():
        frame = data[name]
        for column in table.columns[len(TABLES[name].columns) :]:
            header = next((h for h in (column.name, column.label, column.header) if h in frame), None)
            if header is None:
                values = missing(column.dtype, frame.index)
            elif frame[header].dtype == column.dtype:
                if header == column.name:
                    continue
                values = frame[header]
            else:
                values, found = convert(frame[header].astype("str"), column)
                if found:
                    at = int(np.flatnonzero(found[0].where)[0])
                    raise QbError(
                        "表 {} 第 {} 行的“{}”{}。请改正。",
                        "Table {}, row {}: {} {}. Put it right.",
                        name,
                        data.line(name, at),
                        column,
                        found[0].message,
                    )
            frame = frame.drop(columns=[header] if header else []).assign(**{column.name: values})
        if frame is not data[name]:
            changed[name] = frame
    # What was found of the data is kept where nothing is added; the rows are those of the file all the same.
    return dataclasses.replace(data, tables={**data.tables, **changed}) if changed else data


def single_classes(data: Dataset) -> tuple[Dataset, int]:
    """Return the dataset without classes listed by size, which have no grade, and how many rows those are."""
    bands = TABLES["classes"].bands(data["classes"])
    return (data.replace(classes=data["classes"][~bands]) if bands.any() else data), int(bands.sum())


# Which schools are there in a year, and which stages each of them must report.


KINDS = tuple(Kind)
TAUGHT = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR)


def is_open(schools: pd.DataFrame, year: int) -> np.ndarray:
    """Return which schools are there in a year, shape (schools,); one without such years is taken to be.

    >>> years = pd.DataFrame({"opened_year": [2024, 2025, np.nan], "closed_year": [np.nan, np.nan, 2023]})
    >>> is_open(years, 2024).tolist()
    [True, False, False]
    """
    opened, closed = (schools[name].to_numpy(dtype=float) for name in ("opened_year", "closed_year"))
    return ~(opened > year) & ~(closed < year)


def in_open_schools(frame: pd.DataFrame, schools: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return a table without the rows of schools that had closed before a year.

    >>> schools = pd.DataFrame({"school_id": ["A", "B"], "closed_year": [2023, np.nan]})
    >>> in_open_schools(pd.DataFrame({"school_id": ["A", "B"]}), schools, 2024)["school_id"].tolist()
    ['B']
    """
    if "school_id" not in frame:
        return frame
    closed = schools.loc[(schools["closed_year"] < year).to_numpy(dtype=bool), "school_id"]
    return frame[~frame["school_id"].isin(closed).to_numpy()]


def silent_stages(kind: np.ndarray, root: np.ndarray, reported: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return the stages that should have been reported and were not.

    A school that is there and reported nothing owes each stage of its kind; of an unknown kind, both
    compulsory stages. One that reported some owes the rest as well, but for what its campuses have, and
    unless its kind says only which stages it may have (special schools). The kind of a campus counts
    where it says something: not if it repeats that of its school, or contradicts it or what the campus
    reported.

    Parameters
    ----------
    kind : ndarray of int, shape (schools,)
        Place in `KINDS`, -1 where not reported.
    root : ndarray of int, shape (schools,)
        Place of the school that each one is counted with: itself, or for a campus its school.
    reported : ndarray of bool, shape (schools, 3)
        Whether there is a row for the stage.
    there : ndarray of bool, shape (schools,)
        Whether the school is open.

    Returns
    -------
    ndarray of bool, shape (schools, 3)

    Examples
    --------
    A nine-year school that reported its primary stage owes the junior one; with a campus that reported
    junior pupils it owes nothing.

    >>> nine = np.array([KINDS.index(Kind.NINE_YEAR)] * 2)
    >>> primary, junior = [True, False, False], [False, True, False]
    >>> there = np.array([True, True])
    >>> silent_stages(nine[:1], np.array([0]), np.array([primary]), there[:1]).tolist()
    [[False, True, False]]
    >>> silent_stages(nine, np.array([0, 0]), np.array([primary, junior]), there).any()
    np.False_
    """
    has = np.zeros((len(KINDS) + 1, len(TAUGHT)), dtype=bool)
    for k, of_kind in enumerate(KINDS):
        has[k] = [stage in STAGES_OF_KIND[of_kind] for stage in TAUGHT]
    has[-1] = [stage in COMPULSORY for stage in TAUGHT]
    campus = root != np.arange(len(root))
    implied = has[kind] & has[kind[root]]
    implied = np.where(implied.any(axis=1, keepdims=True), implied, has[kind[root]])
    telling = (kind >= 0) & (kind != KINDS.index(Kind.SPECIAL))
    telling &= ~campus | ((kind != kind[root]) & ~(reported & ~implied).any(axis=1))
    answered = reported.any(axis=1)
    silent = implied & ~reported & np.where(answered, telling, there)[:, None]
    of_campuses = np.zeros_like(reported)
    np.logical_or.at(of_campuses, root[campus], (reported | silent)[campus])
    return silent & ~(of_campuses & (answered & ~campus)[:, None])
