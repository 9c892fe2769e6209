"""One district's year as it is handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from qb.errors import QbError
from qb.judge import Assessment
from qb.measure.census import UNNAMED
from qb.report import Book
from qb.report.words import school_year, stage_label, term
from qb.standard import Standard
from qb.terms import Kind, Location, Ownership, Verdict

Line = dict[str, object]  # one row of a frame
KINDS = {"kind": Kind, "ownership": Ownership, "location": Location}


@dataclass(frozen=True)
class Filing:
    """One district of a book. Forms are for offices: Chinese, whatever language the pages have.

    Attributes
    ----------
    book : Book
        Of this district alone.
    district : str
    """

    book: Book
    district: str

    @classmethod
    def of(cls, book: Book, district: str = "") -> Filing:
        """Take a district out of a book; it need not be named where there is only one.

        Raises
        ------
        QbError
            If the book has no such district, or several and none is named.
        """
        known = book.assessment.districts["district"].tolist()
        if not district and len(known) == 1:
            district = known[0]
        if district not in known:
            raise QbError(f"请指明县区，可选：{'、'.join(known)}；现为“{district}”。")
        return cls(replace(book, assessment=book.assessment.of(district), lang="zh"), district)

    @property
    def own(self) -> Assessment:
        """The district's assessment."""
        return self.book.assessment

    @property
    def standard(self) -> Standard:
        """The standard that judges."""
        return self.book.standard

    @property
    def place(self) -> str:
        """District and school year, for the line under a title."""
        return f"{self.district}    {school_year(self.book.year, 'zh')}"

    @property
    def invented(self) -> bool:
        """Whether the data are invented."""
        return self.own.invented

    def of_year(self, name: str) -> pd.DataFrame:
        """Return the district's rows of a table in the year."""
        frame = self.book.data[name]
        frame = frame[(frame["year"] == self.book.year).to_numpy()]
        if "district" in frame:
            return frame[(frame["district"] == self.district).to_numpy()]
        return frame[frame["school_id"].isin(self.schools["school_id"]).to_numpy()]

    @cached_property
    def schools(self) -> pd.DataFrame:
        """The district's schools and campuses."""
        frame = self.book.data["schools"]
        mine = frame["district"].fillna(UNNAMED) == self.district
        return frame[mine.to_numpy()].drop_duplicates("school_id")

    @cached_property
    def school(self) -> dict[str, Line]:
        """The row of each school."""
        return {str(row["school_id"]): row for row in self.schools.to_dict("records")}

    @cached_property
    def school_names(self) -> dict[str, str]:
        """The name of each school, its identifier where it has none."""
        return {key: text_of(row["name"]) or key for key, row in self.school.items()}

    @cached_property
    def kinds(self) -> dict[str, object]:
        """The kind of each school."""
        return {key: row["kind"] for key, row in self.school.items()}

    @cached_property
    def roots(self) -> dict[str, str]:
        """The school that each one is counted with: itself, or its parent."""
        parents = {key: row["parent_id"] for key, row in self.school.items() if text_of(row["parent_id"])}

        def root(school_id: str) -> str:
            while school_id in parents:
                school_id = str(parents[school_id])
            return school_id

        return {key: root(key) for key in self.school}

    @cached_property
    def items(self) -> dict[str, float]:
        """The district's own figures by item."""
        frame = self.of_year("district")
        return dict(zip(frame["item"], frame["value"], strict=True))

    @cached_property
    def rows(self) -> dict[str, list[Line]]:
        """The judged stages of each school."""
        return by_school(self.own.rows)

    @cached_property
    def findings(self) -> dict[str, list[Line]]:
        """What was found at each school beyond the seven."""
        return by_school(self.own.findings)

    @cached_property
    def problems(self) -> dict[str, list[Line]]:
        """What each school has to mend."""
        return by_school(self.book.ledger)

    @cached_property
    def warnings(self) -> dict[str, list[Line]]:
        """What a reader should know of each school."""
        return by_school(self.own.warnings)

    def facts(self, school_id: str) -> str:
        """Return what kind of school it is, in one line."""
        row = self.rows[school_id][0]
        words = (term(row[key], "zh", (of,)) for key, of in KINDS.items())
        return "    ".join(word for word in (f"学校标识码：{school_id}", *words) if word)

    def conclusion(self, row: Line) -> str:
        """Return how many of the seven a stage meets, and the school rule's verdict."""
        verdict = Verdict(str(row["verdict"])).zh
        return f"{stage_label(row['stage'], 'zh')}：七项中达标 {row['met']} 项，综合结论：{verdict}。"

    @cached_property
    def lacking(self) -> dict[tuple[str, str, str], dict[str, float]]:
        """What is lacking on the seven, by school, stage and indicator."""
        frame = self.own.shortfalls
        keys = zip(frame["school_id"], frame["stage"], frame["code"], strict=True)
        return dict(zip(keys, frame.to_dict("records"), strict=True))


def by_school(frame: pd.DataFrame) -> dict[str, list[Line]]:
    """Return the rows of each school, in their order; those of no school are left out."""
    found: dict[str, list[Line]] = {}
    for row in frame[frame["school_id"].notna().to_numpy()].to_dict("records"):
        found.setdefault(str(row["school_id"]), []).append(row)
    return found


def text_of(value: object) -> str:
    """Return a text of the data, nothing where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)
