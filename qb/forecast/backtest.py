"""Forecasts made at the end of each past year, against what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from qb.forecast.grades import Grades
from qb.forecast.methods import LONGEST, METHODS
from qb.forecast.ratios import sum_by
from qb.forecast.spread import COHORT, ENTRY, Errors
from qb.forecast.views import Choice, View


class Scores(NamedTuple):
    """Sums of absolute errors, methods along the first axis, and of the pupils that came."""

    error: np.ndarray
    came: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One stage's views, by year, and the years that came after them.

    A year counts from the second on, so that there was one before it to learn from. A school counts from
    its first year with pupils on; what was spread by the district's shares is no outcome.
    """

    grades: Grades
    views: dict[int, View]
    districts: int

    @cached_property
    def ahead(self) -> int:
        """Years ahead that can be compared at most."""
        return min(LONGEST, max(self.grades.pupils.shape[1] - 2, 0))

    def outcomes(self) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
        """Yield year, years ahead, what came (schools, grades), and which schools count."""
        pupils, known = self.grades.pupils, self.grades.known
        last = pupils.shape[1] - 1
        for year in sorted(self.views):
            there = known[:, year] & (np.nan_to_num(pupils[:, year]).sum(axis=1) > 0)
            for ahead in range(1, min(last - year, LONGEST) + 1):
                yield year, ahead, pupils[:, year + ahead], there & known[:, year + ahead]

    def _sum(self, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
        counts = counts.reshape(-1, *[1] * (values.ndim - 1))
        return sum_by(self.grades.district, np.where(counts, values, 0), self.districts)

    def moving_errors(self) -> Scores:
        """Return errors one year ahead, shape (2, districts, grades − 1), and the pupils that came.

        Naive first, then the model; errors are sums of absolute differences over schools and years.
        """
        size = self.districts, self.grades.pupils.shape[2] - 1
        error, came = np.zeros((2, *size)), np.zeros(size)
        for year, ahead, actual, counts in self.outcomes():
            if ahead == 1:
                view = self.views[year]
                for method, ratio in enumerate((view.moving.naive, view.moving.model)):
                    off = np.abs(view.start[:, :-1] * ratio - actual[:, 1:])
                    error[method] += self._sum(off, counts)
                came += self._sum(actual[:, 1:], counts)
        return Scores(error, came)

    def entry_errors(self) -> Scores:
        """Return errors of the entrants by `METHODS`, shape (methods, districts, ahead), and who came.

        Infinite for a method that could not be used throughout.
        """
        error = np.zeros((len(METHODS), self.districts, self.ahead))
        came = np.zeros((self.districts, self.ahead))
        still = np.zeros((self.districts, self.grades.pupils.shape[2] - 1), dtype=np.int64)
        made = {
            (year, number): view.entrants(Choice.entry(*method, still))
            for year, view in self.views.items()
            for number, method in enumerate(METHODS)
        }
        for year, ahead, actual, counts in self.outcomes():
            came[:, ahead - 1] += self._sum(actual[:, 0], counts)
            for number in range(len(METHODS)):
                off = np.abs(made[year, number][:, ahead - 1] - actual[:, 0])
                error[number, :, ahead - 1] += self._sum(np.where(np.isnan(off), np.inf, off), counts)
        return Scores(error, came)

    def whole_errors(self, choices: Sequence[Choice]) -> Scores:
        """Return errors of all grades, shape (choices, districts, ahead), and the pupils that came."""
        error = np.zeros((len(choices), self.districts, self.ahead))
        came = np.zeros((self.districts, self.ahead))
        made = {
            (year, n): view.ahead(choice)
            for year, view in self.views.items()
            for n, choice in enumerate(choices)
        }
        for year, ahead, actual, counts in self.outcomes():
            came[:, ahead - 1] += self._sum(actual.sum(axis=1), counts)
            for n in range(len(choices)):
                off = np.abs(made[year, n][:, ahead - 1] - actual).sum(axis=1)
                error[n, :, ahead - 1] += self._sum(off, counts)
        return Scores(error, came)

    def errors(self, choice: Choice) -> Errors:
        """Return what was forecast and what came, school by school and grade by grade.

        Of pupils who had entered since, only those of the lowest grade: the grades between hold both
        kinds of error, and teach nothing of their own.
        """
        grades = self.grades.pupils.shape[2]
        parts = [(*[np.zeros(0, dtype=np.int64)] * 4, *[np.zeros(0)] * 2)]
        made = {year: view.ahead(choice) for year, view in self.views.items()}
        for year, ahead, actual, counts in self.outcomes():
            forecast = made[year][:, ahead - 1]
            place = np.arange(grades)
            told = counts[:, None] & ((actual > 0) | (forecast > 0)) & ((place >= ahead) | (place == 0))
            school, grade = np.nonzero(told)
            parts.append(
                (
                    self.grades.district[school],
                    np.where(grade >= ahead, COHORT, ENTRY),
                    np.full(len(school), ahead),
                    year * grades + grade,
                    actual[told],
                    forecast[told],
                )
            )
        return Errors(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def origins(self) -> np.ndarray:
        """Return in how many years each district was forecast and compared, shape (districts,)."""
        seen = np.zeros((self.districts, self.grades.pupils.shape[1]), dtype=bool)
        for year, _, _, counts in self.outcomes():
            seen[self.grades.district[counts], year] = True
        return seen.sum(axis=1)
