"""What each page can show, as a digest of its slice of data and assessment: no page is ever stale.

A page of the district shows what its district handed in, in all years, and all that was judged of it. A
school's page shows its own part of every table, and from the other schools of its stages the values that
place it among them: changing a neighbour's figure changes means, ranks and strips here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import numpy as np
import pandas as pd

from qb.checks import check
from qb.dataset import Dataset
from qb.judge import Assessment
from qb.publish import inputs
from qb.publish.inputs import digest
from qb.report.book import Book
from qb.report.rules import source_rows
from qb.report.school import SchoolReport
from qb.standard import CODES, SEVEN

# What a school's page shows of the other schools of its stages.
_OF_PEERS = (
    "name",
    "pupils",
    *SEVEN,
    *(f"{code}_limit" for code in SEVEN),
    *(f"{code}_verdict" for code in SEVEN),
)

_TABLES_AND_PLACES = ("tables", "lines", "letters")  # of a dataset; faults name the places that matter


class _Rows:
    """A frame's rows as digests, found by the values of a column."""

    def __init__(
        self, frame: pd.DataFrame, columns: Iterable[str] | None = None, keys: Iterable[str] = ()
    ) -> None:
        shown = frame if columns is None else frame[list(columns)]
        self._head = digest(*shown.columns, *shown.dtypes)
        plain = shown.astype({name: str for name in shown if shown[name].dtype == object})
        self._rows = (
            pd.util.hash_pandas_object(plain, index=False).to_numpy() if len(plain) else np.empty(0, "u8")
        )
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


_RESEARCHED = ("schools", "sections", "facilities")  # what of the data the research page rests on


class Slices:
    """Digests of what each page of a book can show."""

    def __init__(self, book: Book) -> None:
        self._book, assessment, data = book, book.assessment, book.data
        self._common = digest(
            book.year, book.lang, book.source, book.standard.model_dump_json(), inputs.code_version()
        )
        self._years = data.years
        self._judged = {
            name: _Rows(getattr(assessment, name), keys=("district", "school_id"))
            for name in Assessment.FRAMES
        }
        peers = assessment.rows.assign(_place=_place(assessment.rows))
        self._peers = _Rows(peers, _OF_PEERS, keys=("_place",))
        self._balance = _Rows(assessment.balance.assign(_place=_place(assessment.balance)), keys=("_place",))
        self._places = peers.groupby("school_id")["_place"].agg(list).to_dict()
        self._district_of = peers.drop_duplicates("school_id").set_index("school_id")["district"].to_dict()
        self._handed_in = {
            name: _Rows(_with_district(frame, data), keys=("district",))
            for name, frame in data.tables.items()
        }
        measures = data["measures"]
        self._measures = _Rows(
            measures[(measures["year"] <= book.year).to_numpy()].reset_index(drop=True), keys=("school_id",)
        )
        found = check(data, book.standard)
        beside = (getattr(data, field.name) for field in fields(data) if field.name not in _TABLES_AND_PLACES)
        self._found = digest(*found, *beside)

    def of_school(self, school: str) -> str:
        """Return the digest of what a school's page can show."""
        own = [rows.of("school_id", school) for rows in self._judged.values() if rows.has("school_id")]
        places = self._places[school]
        return digest(
            self._common,
            self._district_of[school],
            *own,
            self._measures.of("school_id", school),
            SchoolReport(self._book, school).sources().rows,  # line numbers: rows of others above them count
            self._book.roll.days[self._district_of[school]],  # by which "overdue" is told
            *(self._peers.of("_place", place) for place in places),
            *(self._balance.of("_place", place) for place in places),
        )

    def of_district(self, district: str) -> str:
        """Return the digest of what the district's page can show."""
        judged = [rows.of("district", district) for rows in self._judged.values()]
        handed_in = [rows.of("district", district) for rows in self._handed_in.values()]
        return digest(self._common, self._years, district, self._lines(district), *judged, *handed_in)

    def of_research(self, district: str) -> str:
        """Return the digest of what the research page can show: no measures, no evidence."""
        judged = [rows.of("district", district) for rows in self._judged.values()]
        handed_in = [self._handed_in[name].of("district", district) for name in _RESEARCHED]
        return digest(self._common, self._years, district, self._lines(district), *judged, *handed_in)

    def _lines(self, district: str) -> object:
        """Return where the district's rows stand in the tables: rows of others above them count."""
        return source_rows(self._book, CODES, district=district).rows

    def of_data(self, district: str) -> str:
        """Return the digest of what the data page can show: what was found in any of the data, too."""
        return digest(self.of_district(district), self._found)


def _place(frame: pd.DataFrame) -> pd.Series:
    """Return district and stage as one text."""
    return frame["district"].astype(str) + "\n" + frame["stage"].astype(str)


def _with_district(frame: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    if "district" in frame or "school_id" not in frame:
        return frame
    district = data["schools"].drop_duplicates("school_id").set_index("school_id")["district"]
    return frame.assign(district=frame["school_id"].map(district))
