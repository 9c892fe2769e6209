"""The district's page: verdict, indicators, balance, schools, gaps."""

from __future__ import annotations

from qb.report.district.balance import DistrictBalance
from qb.report.district.gaps import DistrictGaps
from qb.report.district.indicators import DistrictIndicators
from qb.report.district.part import DistrictPart
from qb.report.district.schools import DistrictSchools
from qb.report.district.verdict import DistrictVerdict
from qb.report.rules import Rules, source_rows
from qb.report.table import Table


class DistrictReport(DistrictPart):
    """Everything a district's page shows, part by part."""

    @property
    def verdict(self) -> DistrictVerdict:
        """Where the district stands."""
        return DistrictVerdict(self.book, self.district)

    @property
    def indicators(self) -> DistrictIndicators:
        """The indicators one by one."""
        return DistrictIndicators(self.book, self.district)

    @property
    def balance(self) -> DistrictBalance:
        """How far the schools are apart."""
        return DistrictBalance(self.book, self.district)

    @property
    def schools(self) -> DistrictSchools:
        """School by school."""
        return DistrictSchools(self.book, self.district)

    @property
    def gaps(self) -> DistrictGaps:
        """What is lacking, and who answers for it."""
        return DistrictGaps(self.book, self.district)

    def rules(self) -> Rules:
        """Return the rules that the page's verdicts follow from."""
        return Rules(self.book.standard, self.book.year, self.book.lang)

    def sources(self) -> Table:
        """Return the rows of the data that the page's verdicts rest on."""
        return source_rows(self.book, self.rules().rules, district=self.district)


__all__ = ["DistrictReport"]
