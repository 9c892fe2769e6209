"""What was learned, put to work on the pupils of one year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.forecast.entry import by_zones
from qb.forecast.grades import Grades
from qb.forecast.learn import Learned
from qb.forecast.methods import Share
from qb.forecast.moving import project
from qb.forecast.ratios import divide, sum_by
from qb.terms import GRADES_OF_STAGE


@dataclass(frozen=True)
class Run:
    """A stage from one year on.

    Attributes
    ----------
    grades : Grades
        Of the data that the forecast starts from.
    learned : Learned
    district : ndarray of int, shape (schools,)
        Place among the districts of `learned`, for the schools of `here`.
    offset : int
        Years from the last year of `learned` to the one that the forecast starts from.
    """

    grades: Grades
    learned: Learned
    district: np.ndarray
    offset: int

    @property
    def here(self) -> np.ndarray:
        """Places in `grades` of the schools that are forecast."""
        return self.grades.here

    @property
    def start(self) -> np.ndarray:
        """Pupils that the forecast starts from, shape (schools, grades)."""
        return self.grades.pupils[self.here, -1]

    @property
    def _known(self) -> np.ndarray:
        """Place of each school among those of `learned`, −1 for one without a past."""
        return pd.Index(self.learned.grades.school).get_indexer(self.grades.school[self.here])

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return sum_by(self.district, values, len(self.learned.whole))

    def ratio(self) -> np.ndarray:
        """Return the ratio from each grade to the next, shape (schools, grades − 1).

        A school without a past takes its district's, and so does a grade that a school had not and now has.
        """
        known = self._known
        own = self.learned.ratio[known]
        new = (known < 0)[:, None] | ((own == 0) & (self.start[:, 1:] > 0))
        return np.where(new, self.learned.newcomer[self.district], own)

    def shares(self) -> np.ndarray:
        """Return each school's part of its district's entrants, shape (schools,).

        A mean share is taken of the years that were; in a year that was itself forecast, it is the share.
        """
        now, known = self.start[:, 0], self._known
        lasting = np.where((known >= 0) & (self.offset == 0), self.learned.lasting[known], 1.0)
        place = np.full(len(self.grades.school), -1)
        place[self.here] = np.arange(len(self.here))
        root = place[self.grades.root[self.here]]
        root = np.where(root >= 0, root, np.arange(len(root)))
        children = self.grades.children[self.here, -1]
        had = (np.nan_to_num(self.learned.grades.children) > 0).any(axis=1)
        zoned = (np.nan_to_num(children) > 0) | ((known >= 0) & had[known])
        by_zone = by_zones(now, self.district, len(self.learned.whole), children, zoned, root)
        method = self.learned.choice.share[self.district]
        order = list(Share)
        found = np.select(
            [method == order.index(Share.MEAN), (method == order.index(Share.ZONES)) & np.isfinite(by_zone)],
            [now * lasting, by_zone],
            now,
        )
        return np.nan_to_num(divide(found, self._sum(found)[self.district]))

    def entrants(self, years: int, leavers: np.ndarray | None, before: np.ndarray) -> np.ndarray:
        """Return the entrants of each school, shape (schools, years).

        Parameters
        ----------
        years : int
        leavers : ndarray, shape (districts, years), or None
            Of the stage before, from the year that the forecast starts from on.
        before : ndarray, shape (districts,)
            Entrants of that year as they would be without any change to the data.
        """
        whole = self._sum(self.start[:, 0])
        path = self.learned.path[:, self.offset + 1 : self.offset + 1 + years]
        amount = whole[:, None] * path / self.learned.path[:, self.offset, None]
        if leavers is not None:
            due = (divide(whole, before) * self.learned.rate)[:, None] * leavers
            amount = np.where(np.isfinite(amount), amount, due)
        amount = np.where(np.isfinite(amount), amount, whole[:, None])  # nobody left to follow
        return amount[self.district] * self.shares()[:, None]

    def pupils(self, years: int, leavers: np.ndarray | None, before: np.ndarray) -> np.ndarray:
        """Return the pupils of the years to come, shape (schools, years, grades); see `entrants`."""
        return project(self.start, self.ratio(), self.entrants(years, leavers, before))

    def leavers(self, pupils: np.ndarray) -> np.ndarray:
        """Return the last grade of each district, from the year that the forecast starts from on."""
        return self._sum(np.concatenate([self.start[:, None, -1], pupils[:, :-1, -1]], axis=1))

    def rows(self, pupils: np.ndarray, base: int, names: np.ndarray) -> pd.DataFrame:
        """Return the forecast as rows, without the grades that a school never has."""
        spread, common = self.learned.spread.of(pupils, self.district, self.offset + 1)
        ever = (self.start > 0) | (pupils > 0).any(axis=1)
        school, year, grade = np.nonzero(np.broadcast_to(ever[:, None], pupils.shape))
        at = (school, year, grade)
        middle = pupils[at]
        return pd.DataFrame(
            {
                "year": base + 1 + year,
                "district": names[self.district[school]],
                "school_id": self.grades.school[self.here][school],
                "stage": str(self.grades.stage),
                "grade": GRADES_OF_STAGE[self.grades.stage].start + grade,
                "pupils": middle,
                "low": middle * np.exp(-spread[at]),
                "high": middle * np.exp(spread[at]),
                "basis": self.grades.basis[self.here][school],
                "spread": spread[at],
                "common": common[at],
            }
        )
