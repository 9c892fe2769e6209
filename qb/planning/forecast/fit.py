"""A stage fitted to the past by the method chosen, and forecast: its entrants, first grade, and who moves up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.planning.forecast.backtest import (
    Choice,
    EndOfYear,
    ErrorBand,
    Leavers,
    Trial,
    born,
    chosen_methods,
    compare,
    measure,
    predict,
)
from qb.planning.forecast.grades import Grades, Past
from qb.planning.forecast.progression_ratios import (
    LONGEST,
    Share,
    Total,
    births_growth,
    by_zones,
    divide,
    growing,
    project,
    sum_by,
)
from qb.terms import GRADES_OF_STAGE, Stage

# What the past teaches: for each district and stage the method that would have erred least.


@dataclass(frozen=True)
class Learned:
    """How a stage is forecast."""

    grades: Grades  # the past it was learned from
    ratio: np.ndarray  # (schools, grades − 1): by which each school's pupils move up
    newcomer: np.ndarray  # (districts, grades − 1): the same for a school without a past
    choice: Choice
    whole: np.ndarray  # (districts,): entrants of the last year
    # (districts, 1 + ahead): entrants against those of the last year, from that year on; NaN where they
    # follow the leavers.
    path: np.ndarray
    rate: np.ndarray  # (districts,): entrants a leaver of the stage before; NaN where they do not follow them
    lasting: np.ndarray  # (schools,): smoothed entrants' share against the last year's
    spread: ErrorBand
    # tests, chosen: see :class:`qb.planning.forecast.projection.Forecast`.
    tests: pd.DataFrame
    chosen: pd.DataFrame


def fit(past: Past) -> dict[Stage, Learned]:
    """Learn how each stage is to be forecast, lower stages first: their leavers are the entrants above."""
    found: dict[Stage, Learned] = {}
    leaving: dict[Stage | None, Leavers] = {None: Leavers.none(past)}
    for stage, grades in past.stages.items():
        found[stage], leaving[stage] = _learn(past, grades, leaving[below(stage, leaving)])
    return found


def below(stage: Stage, stages: Iterable[Stage | None]) -> Stage | None:
    """Return the stage that leads to this one, if it is among those given.

    >>> below(Stage.JUNIOR, [Stage.PRIMARY]), below(Stage.JUNIOR, [Stage.SENIOR])
    (<Stage.PRIMARY: 'primary'>, None)
    """
    first = GRADES_OF_STAGE[stage].start
    return next((s for s in stages if s and GRADES_OF_STAGE[s].stop == first), None)


def _learn(past: Past, grades: Grades, leavers: Leavers) -> tuple[Learned, Leavers]:
    districts, last = len(past.districts), len(past.years) - 1
    views = {year: predict(past, grades, leavers, year) for year in {*range(1, last + 1), last}}
    trial = Trial(grades, {year: view for year, view in views.items() if year < last}, districts)
    choice, tests = compare(trial, past.districts)
    view = views[last]
    path = view.path[choice.total, np.arange(districts)]
    path = np.concatenate([np.ones((districts, 1)), np.where(np.isfinite(path), path, 1.0)], axis=1)
    follows = choice.total == list(Total).index(Total.LEAVERS)
    rate = divide(path[:, 1] * view.whole, leavers.ahead[last][:, 0])
    lasting = divide(view.share[list(Share).index(Share.SMOOTHED)], view.share[list(Share).index(Share.LAST)])
    learned = Learned(
        grades,
        view.ratio(choice),
        np.where(choice.moving == 1, view.moving.district, 1.0),
        choice,
        view.whole,
        np.where(follows[:, None], np.nan, path),
        np.where(follows, rate, np.nan),
        np.where(np.isfinite(lasting), lasting, 1.0),
        measure(trial.errors(choice), districts, LONGEST),
        tests,
        chosen_methods(grades, choice, past.districts),
    )
    return learned, _leavers(past, grades, views, choice)


def _leavers(past: Past, grades: Grades, views: dict[int, EndOfYear], choice: Choice) -> Leavers:
    """Return the last grade, as it was and as it would have been expected at the end of each year."""
    none = Leavers.none(past)
    for year, view in views.items():
        last = np.concatenate([view.start[:, None], view.ahead(choice)[:, :-1]], axis=1)[..., -1]
        none.ahead[year] = sum_by(grades.district, last, len(past.districts))
    return Leavers(sum_by(grades.district, grades.pupils[..., -1], len(past.districts)), none.ahead)


# What was learned, put to work on the pupils of one year.


@dataclass(frozen=True)
class FittedStage:
    """A fitted stage, started from a base year."""

    grades: Grades  # of the data that the forecast starts from
    learned: Learned
    # (schools,) of int: place among the districts of `learned`, for the schools of `here`.
    district: np.ndarray
    offset: int  # years from the last year of `learned` to the one that the forecast starts from

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

    def shares(self, base: int, years: int) -> np.ndarray:
        """Return each school's part of its district's entrants in the years after `base`, shape (schools, years).

        A smoothed share is taken of the years that were; in a year that was itself forecast, it is the share.
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
            [
                np.isin(method, [order.index(Share.SMOOTHED), order.index(Share.BIRTHS)]),
                (method == order.index(Share.ZONES)) & np.isfinite(by_zone),
            ],
            [now * lasting, by_zone],
            now,
        )
        follows, growth = (method == order.index(Share.BIRTHS))[:, None], np.ones((len(now), years))
        if follows.any():
            behind = born(self.learned.grades.born, self.grades.stage, base)
            moved = births_growth(behind, self._zoned(), root, self.district, len(self.learned.whole))
            growth = np.where(follows & np.isfinite(moved), moved, 1.0)[:, :years]
        return np.nan_to_num(growing(found, growth, self.district, len(self.learned.whole)))

    def _zoned(self) -> np.ndarray:
        """Return the school of each zone of the past with births: as it is zoned now, else as it last was."""
        place = np.full(len(self.grades.school) + 1, -1)
        place[self.here] = np.arange(len(self.here))
        past = self.learned.grades
        there = pd.Index(self.grades.school).get_indexer(past.school)
        before = np.append(there, -1)[past.zoned[:, -1]]
        row = self.grades.assigned.index.get_indexer(past.born.index)
        now = np.append(self.grades.assigned.to_numpy(dtype=np.int64), -1)[row]
        return place[np.where(row >= 0, now, before)]

    def entrants(self, base: int, years: int, leavers: np.ndarray | None, before: np.ndarray) -> np.ndarray:
        """Return the entrants of each school, shape (schools, years).

        Parameters
        ----------
        base, years : int
            The year that the forecast starts from, and how many after it.
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
        return amount[self.district] * self.shares(base, years)

    def pupils(self, base: int, years: int, leavers: np.ndarray | None, before: np.ndarray) -> np.ndarray:
        """Return the pupils of the years to come, shape (schools, years, grades); see `entrants`."""
        return project(self.start, self.ratio(), self.entrants(base, years, leavers, before))

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
