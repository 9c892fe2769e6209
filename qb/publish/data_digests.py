"""The data's part of a page's digest: all that each kind of page can show of a dataset and its assessment."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from qb.data.checks import check
from qb.data.dataset import Dataset, district_of
from qb.data.schema import TABLES
from qb.indicators.assessment import Assessment
from qb.publish import manifest
from qb.publish.manifest import digest
from qb.report.context import ReportContext
from qb.report.verdict_rules import source_lines
from qb.standard import Standard

# A short name for what a dataset says, by which two readers know that they hold the same data.


def of_data(data: Dataset) -> str:
    """Return the fingerprint of a dataset as read, corrections and all.

    It is the same on every machine, at every path, and for a folder, a workbook and a folder of parquet
    that say the same in the same order. Columns beyond the registry do not count: no figure rests on them.
    """
    return digest(*_parts(data))


def of_standard(standard: Standard) -> str:
    """Return the fingerprint of a standard: of all it says, not of how its file is written."""
    return digest(standard.model_dump_json())


def _parts(data: Dataset) -> Iterator[object]:
    for name, table in TABLES.items():
        frame = data[name]
        for column in table.names:
            if frame[column].notna().any():  # a column left out is one without values
                yield from (name, column, _bytes(frame[column]))


def _bytes(values: pd.Series) -> bytes:
    if pd.api.types.is_string_dtype(values.dtype):  # each with its length: no two columns are spelt alike
        return "".join(["-" if x != x or x is None else f"{len(x)}:{x}" for x in values]).encode()
    numbers = values.astype("float64").to_numpy(dtype="<f8", na_value=np.nan)
    return (np.where(np.isnan(numbers), np.nan, numbers) + 0.0).tobytes()  # one NaN, one zero


# What each page can show, as a digest of its slice of data and assessment: no page is ever stale.
#
# A page of the district shows what its district handed in, in all years, and all that was judged of it. A
# school's page shows its own part of every table, and from the other schools of its stages the values
# that place it among them: changing a neighbour's figure changes means, ranks and strips here too.


def _of_peers(codes: Iterable[str]) -> list[str]:
    """Return what a school's page shows of the other schools of its stages."""
    return [
        "name",
        "pupils",
        "verdict",
        *(f"{code}{part}" for part in ("", "_limit", "_verdict") for code in codes),
    ]


_TABLES_AND_PLACES = ("tables", "lines", "letters")  # of a dataset; faults name the places that matter


class _Rows:
    """A frame's rows as digests, found by the values of a column."""

    def __init__(
        self, frame: pd.DataFrame, columns: Iterable[str] | None = None, keys: Iterable[str] = ()
    ) -> None:
        shown = frame if columns is None else frame[list(columns)]
        self._head = digest(*shown.columns, *shown.dtypes)
        self._rows = _row_digests([_spelt(shown[name]) for name in shown], len(shown))
        self._places = {
            key: frame.groupby(key, observed=True).indices if key in frame else None for key in keys
        }

    def has(self, key: str) -> bool:
        return self._places[key] is not None

    def of(self, key: str, value: str) -> str:
        """Return the digest of the rows with this value; of all rows where the frame has no such column."""
        places = self._places[key]
        if places is None:
            return self.all()
        return digest(self._head, self._rows[places.get(value, np.empty(0, int))].tobytes())

    def all(self) -> str:
        return digest(self._head, self._rows.tobytes())


def _spelt(values: pd.Series) -> np.ndarray:
    """Return each value of a column as bytes, shape (rows, width): the same only where the values are."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biuf":
        plain = values.to_numpy()
        plain = np.where(np.isnan(plain), np.nan, plain) if plain.dtype.kind == "f" else plain
        return np.ascontiguousarray(plain).view(np.uint8).reshape(len(plain), plain.dtype.itemsize)
    if values.dtype == object:  # 1 and True are one key of a dictionary
        values = values.map(lambda value: f"{type(value).__name__} {value}", na_action="ignore")
    places, known = pd.factorize(values)
    names = [bytes.fromhex(digest(value)) for value in known]
    names.append(bytes(_ROW))  # what is missing has the place -1
    return np.frombuffer(b"".join(names), np.uint8).reshape(-1, _ROW)[places]


def _row_digests(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Return a digest of each row of columns as :func:`_spelt` has them, shape (rows, 16)."""
    made = bytearray()
    for start in range(0, rows, _BLOCK):
        block = np.concatenate([column[start : start + _BLOCK] for column in columns], axis=1)
        made += b"".join([hashlib.blake2b(row, digest_size=_ROW).digest() for row in block])
    return np.frombuffer(bytes(made), np.uint8).reshape(rows, _ROW)


_ROW = 16  # bytes of a row's digest: nobody makes two rows collide
_BLOCK = 1 << 16  # rows spelt at a time
_RESEARCHED = ("schools", "sections", "facilities")  # what of the data the research page rests on


class PageDigests:
    """Digests of what each page of a context can show."""

    def __init__(self, context: ReportContext, costs: str = "") -> None:
        self._costs = costs
        self._context, assessment, data = context, context.assessment, context.data
        self._common = digest(
            context.year,
            context.lang,
            context.source,
            context.standard.model_dump_json(),
            manifest.code_version(),
        )
        self._years = data.years
        self._judged = {
            name: _Rows(getattr(assessment, name), keys=("district", "school_id"))
            for name in Assessment.FRAMES
        }
        peers = assessment.rows.assign(_place=_place(assessment.rows))
        self._peers = _Rows(peers, _of_peers(assessment.standard.resource_codes), keys=("_place",))
        self._balance = _Rows(assessment.balance.assign(_place=_place(assessment.balance)), keys=("_place",))
        self._places = peers.groupby("school_id")["_place"].agg(list).to_dict()
        self._district_of = peers.drop_duplicates("school_id").set_index("school_id")["district"].to_dict()
        self._handed_in = {
            name: _Rows(frame.assign(district=district_of(data, name)), keys=("district",))
            for name, frame in data.tables.items()
        }
        measures = data["measures"]
        self._measures = _Rows(
            measures[(measures["year"] <= context.year).to_numpy()].reset_index(drop=True),
            keys=("school_id",),
        )
        found = check(data, context.standard)
        beside = (getattr(data, field.name) for field in fields(data) if field.name not in _TABLES_AND_PLACES)
        self._found = digest(*found, *beside)

    def of_school(self, school: str) -> str:
        """Return the digest of what a school's page can show."""
        own = [rows.of("school_id", school) for rows in self._judged.values() if rows.has("school_id")]
        places = self._places[school]
        index = self._context.school_index
        courses = [index.courses[school, str(row["stage"])] for row in index.rows[school]]
        fellows = [
            ([other["school_id"] for other in index.alike(row)],
             [(f"{km:.1f}", other["school_id"]) for km, other in index.near(row)])
            for row in index.rows[school]
        ]  # fmt: skip
        home = self._district_of[school]
        way: tuple[object, ...] = ()
        if self._context.standard.rules.school:
            from qb.report.plan_study import alone  # not above: the first page does not wait for it

            ways = alone(self._context, home, self._costs)
            way = (ways.bought.get(school, []), school in ways.stuck, ways.refused)
        return digest(
            self._common,
            home,
            *own,
            self._measures.of("school_id", school),
            *courses,
            way,
            fellows,
            [row["place"] for row in index.problems.get(school, [])],
            # Rows of others above them count.
            source_lines(self._context, index.rules_of(school), district=home, schools=[school]),
            index.days[home],  # by which "overdue" is told
            *(self._peers.of("_place", place) for place in places),
            *(self._balance.of("_place", place) for place in places),
        )

    def of_district(self, district: str) -> str:
        """Return the digest of what the district's page can show."""
        return self._of_tables(district, self._handed_in)

    def of_plan(self, district: str) -> str:
        """Return the digest of what the pages of the plan and of scenarios can show: no measures."""
        return self._of_tables(district, self._handed_in.keys() - {"measures"})

    def of_research(self, district: str) -> str:
        """Return the digest of what the research page can show: no measures, no evidence."""
        return self._of_tables(district, _RESEARCHED)

    def _of_tables(self, district: str, tables: Collection[str]) -> str:
        """Return the digest of what was judged of a district, and of what it handed in of these tables."""
        judged = [rows.of("district", district) for rows in self._judged.values()]
        handed_in = [
            rows.of("district", district) for name, rows in self._handed_in.items() if name in tables
        ]
        return digest(self._common, self._years, district, self._lines(district), *judged, *handed_in)

    def _lines(self, district: str) -> object:
        """Return where the district's rows stand in the tables: rows of others above them count."""
        return source_lines(self._context, self._context.standard.codes, district=district)

    def of_data(self, district: str) -> str:
        """Return the digest of what the data page can show: what was found in any of the data, too."""
        return digest(self.of_district(district), self._found)


def _place(frame: pd.DataFrame) -> pd.Series:
    """Return district and stage as one text."""
    return frame["district"].astype(str) + "\n" + frame["stage"].astype(str)
