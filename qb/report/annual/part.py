"""What every part of the annual report stands on: the district in each year, and the year before."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from qb.judge import COMPOSITE, Assessment
from qb.report.district.part import DistrictPart
from qb.terms import Verdict

FIVE = 5  # years that the report looks back on


class AnnualPart(DistrictPart):
    """One district over the years."""

    @cached_property
    def slices(self) -> dict[int, Assessment]:
        """The district's part of each year's assessment, up to the year of the report and at most five."""
        every = {
            year: assessment.of(self.district)
            for year, assessment in sorted(self.book.years.items())
            if (assessment.districts["district"] == self.district).any()
        }
        return dict(list(every.items())[-FIVE:])

    @property
    def before(self) -> Assessment | None:
        """The latest year before that the data hold; None where there is none."""
        earlier = [slice_ for year, slice_ in self.slices.items() if year < self.book.year]
        return earlier[-1] if earlier else None

    def table_of(self, name: str, year: int) -> pd.DataFrame:
        """Return the district's rows of a table of districts in a year."""
        frame = self.book.data[name]
        mine = (frame["district"] == self.district) & (frame["year"] == year)
        return frame[mine.to_numpy(dtype=bool)]


def counted(verdicts: pd.Series, wanted: Verdict) -> int:
    """Return how many verdicts are the wanted one."""
    return int((verdicts == wanted).sum())


def coefficients(own: Assessment) -> pd.DataFrame:
    """Return the coefficients that decide: all but the mean of the seven."""
    return own.balance[(own.balance["code"] != COMPOSITE).to_numpy()]


def known(verdicts: pd.Series) -> int:
    """Return how many verdicts are met or not met."""
    return counted(verdicts, Verdict.PASS) + counted(verdicts, Verdict.FAIL)
