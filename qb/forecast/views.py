"""What could be said at the end of one year of the years after it, by every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.forecast.entry import BIRTH_TO_ENTRY, shares, totals
from qb.forecast.grades import Grades, Past
from qb.forecast.methods import LONGEST
from qb.forecast.moving import Progressions, progressions, project
from qb.forecast.ratios import sum_by
from qb.terms import Stage


@dataclass(frozen=True)
class Leavers:
    """Pupils of the last grade of the stage before, who enter this one a year later.

    `known` has shape (districts, years). `ahead` has shape (years, districts, ahead): as expected at the
    end of each year, that year's own first.
    """

    known: np.ndarray
    ahead: np.ndarray

    @classmethod
    def none(cls, past: Past) -> Leavers:
        """Return the leavers of a stage that does not exist: not known."""
        shape = len(past.districts), len(past.years)
        return cls(np.full(shape, np.nan), np.full((shape[1], shape[0], LONGEST), np.nan))


@dataclass(frozen=True)
class Choice:
    """Which methods are used.

    `moving` is 0 for naive and 1 for the model, shape (districts, grades − 1); `total` and `share` are
    places in `Total` and `Share`, shape (districts,).
    """

    moving: np.ndarray
    total: np.ndarray
    share: np.ndarray

    @classmethod
    def entry(cls, total: int, share: int, like: np.ndarray) -> Choice:
        """Return one method of entry for all districts, moving naively; `like`: (districts, grades − 1)."""
        one = np.ones(len(like), dtype=np.int64)
        return cls(np.zeros_like(like), total * one, share * one)


@dataclass(frozen=True)
class View:
    """The end of a year.

    Attributes
    ----------
    district : ndarray of int, shape (schools,)
    start : ndarray, shape (schools, grades)
        Pupils of the year.
    moving : Progressions
    whole : ndarray, shape (districts,)
        Entrants of the year.
    path : ndarray, shape (totals, districts, ahead)
        Entrants against those of the year, by each method of `Total`; NaN where it cannot be used.
    share : ndarray, shape (shares, schools)
        Each school's part of them, by each method of `Share`.
    """

    district: np.ndarray
    start: np.ndarray
    moving: Progressions
    whole: np.ndarray
    path: np.ndarray
    share: np.ndarray

    def entrants(self, choice: Choice) -> np.ndarray:
        """Return the entrants of each school, shape (schools, ahead)."""
        place = np.arange(len(self.whole))
        amount = self.whole[:, None] * self.path[choice.total, place]
        share = self.share[choice.share[self.district], np.arange(len(self.district))]
        return amount[self.district] * share[:, None]

    def ratio(self, choice: Choice) -> np.ndarray:
        """Return the ratio from each grade to the next, shape (schools, grades − 1)."""
        return np.where(choice.moving[self.district] == 1, self.moving.model, self.moving.naive)

    def ahead(self, choice: Choice) -> np.ndarray:
        """Return the pupils of the years ahead, shape (schools, ahead, grades)."""
        return project(self.start, self.ratio(choice), self.entrants(choice))


def look(past: Past, grades: Grades, leavers: Leavers, year: int) -> View:
    """Return the view from the end of a year (its place in the years), nothing later being used."""
    districts = len(past.districts)
    pupils, known = grades.pupils[:, : year + 1], grades.known[:, : year + 1]
    start, entry = np.nan_to_num(pupils[:, -1]), pupils[:, :, 0]
    path = totals(
        entry,
        grades.district,
        leavers.known[:, : year + 1],
        leavers.ahead[year],
        _births(past, grades, year),
        LONGEST,
    )
    return View(
        grades.district,
        start,
        progressions(pupils, known, grades.district, districts),
        sum_by(grades.district, start[:, 0], districts),
        path,
        shares(entry, grades.district, districts, grades.children[:, : year + 1], grades.root),
    )


def _births(past: Past, grades: Grades, year: int) -> np.ndarray:
    """Return births of those who enter in the year and after it, as far as they had been born by then."""
    now = int(past.years[year])
    born = np.arange(now - BIRTH_TO_ENTRY, now - BIRTH_TO_ENTRY + LONGEST + 1)
    births = past.births.reindex(columns=born).to_numpy(dtype=float)
    of_age = (born <= now) & (grades.stage == Stage.PRIMARY)
    return np.where(of_age, births, np.nan)
