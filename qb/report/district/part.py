"""What every part of a district's page stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from qb import charts
from qb.errors import QbError
from qb.judge import Assessment
from qb.report.book import Book
from qb.report.facts import Fact, key
from qb.report.seven import caption
from qb.terms import COMPULSORY, Stage


@dataclass(frozen=True)
class DistrictPart:
    """One district of a book.

    Attributes
    ----------
    book : Book
    district : str
        Empty for the only one of the data.

    Raises
    ------
    QbError
        If the data hold no such district, or several and none is named.
    """

    book: Book
    district: str = ""

    def __post_init__(self) -> None:
        known = self.book.assessment.districts["district"].tolist()
        if not self.district and len(known) == 1:
            object.__setattr__(self, "district", known[0])
        if self.district not in known:
            raise QbError(f"数据中没有县区“{self.district}”。已有：{'、'.join(known)}。")

    @cached_property
    def own(self) -> Assessment:
        """The district's slice of the assessment."""
        return self.book.assessment.of(self.district)

    def keys(self, fact: Fact, *of: Iterable[object]) -> list[str]:
        """Return the keys of what a page states of this year, a key for each row of these columns."""
        return [key(fact, self.book.year, *one) for one in zip(*of, strict=True)]

    @property
    def place(self) -> str:
        """District and school year."""
        return self.book.place(self.district)

    @property
    def stages(self) -> list[Stage]:
        """The compulsory stages that the district has."""
        return [stage for stage in COMPULSORY if (self.own.rows["stage"] == stage).any()]

    def caption(self, finding: str, measure: str) -> charts.Caption:
        """Return a figure's words."""
        return caption(finding, measure, self.place, self.book.source, self.book.lang)
