"""The back-test: forecasts made at the end of each past year, their errors, the band of error, the method chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.planning.forecast.grades import Grades, Past
from qb.planning.forecast.progression_ratios import (
    BIRTH_TO_ENTRY,
    LONGEST,
    METHODS,
    Moving,
    Progressions,
    Share,
    births_growth,
    code,
    divide,
    growing,
    progressions,
    project,
    shares,
    sum_by,
    totals,
)
from qb.terms import GRADES_OF_STAGE, Stage

# What could be said at the end of one year of the years after it, by every method.


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
class EndOfYear:
    """What a forecast made at the end of a year may use."""

    district: np.ndarray  # (schools,) of int
    start: np.ndarray  # (schools, grades): pupils of the year
    moving: Progressions
    whole: np.ndarray  # (districts,): entrants of the year
    # (totals, districts, ahead): entrants against those of the year, by each method of `Total`; NaN where it
    # cannot be used.
    path: np.ndarray
    share: np.ndarray  # (shares, schools): each school's part of them, by each method of `Share`
    # (schools, ahead): by which births in its zones move a school's part on; NaN where none are given.
    growth: np.ndarray

    def entrants(self, choice: Choice) -> np.ndarray:
        """Return the entrants of each school, shape (schools, ahead)."""
        place = np.arange(len(self.whole))
        amount = self.whole[:, None] * self.path[choice.total, place]
        method = choice.share[self.district]
        share = self.share[method, np.arange(len(self.district))]
        by_births = (method == list(Share).index(Share.BIRTHS))[:, None]
        moved = growing(share, self.growth, self.district, len(self.whole)) if by_births.any() else 0.0
        return amount[self.district] * np.where(by_births, moved, share[:, None])

    def ratio(self, choice: Choice) -> np.ndarray:
        """Return the ratio from each grade to the next, shape (schools, grades − 1)."""
        return np.where(choice.moving[self.district] == 1, self.moving.model, self.moving.naive)

    def ahead(self, choice: Choice) -> np.ndarray:
        """Return the pupils of the years ahead, shape (schools, ahead, grades)."""
        return project(self.start, self.ratio(choice), self.entrants(choice))


def predict(past: Past, grades: Grades, leavers: Leavers, year: int) -> EndOfYear:
    """Return the view from the end of a year (its place in the years), nothing later being used."""
    districts = len(past.districts)
    pupils, known = grades.pupils[:, : year + 1], grades.known[:, : year + 1]
    start, entry = np.nan_to_num(pupils[:, -1]), pupils[:, :, 0]
    path = totals(
        entry,
        grades.district,
        leavers.known[:, : year + 1],
        leavers.ahead[year],
        born(past.births, grades.stage, int(past.years[year])),
        LONGEST,
    )
    behind = born(grades.born, grades.stage, int(past.years[year]))
    return EndOfYear(
        grades.district,
        start,
        progressions(pupils, known, grades.district, districts),
        sum_by(grades.district, start[:, 0], districts),
        path,
        shares(entry, grades.district, districts, grades.children[:, : year + 1], grades.root),
        births_growth(behind, grades.zoned[:, year], grades.root, grades.district, districts),
    )


def born(births: pd.DataFrame, stage: Stage, now: int) -> np.ndarray:
    """Return births of those who enter in a year and after it, as far as they had been born by then."""
    years = np.arange(now - BIRTH_TO_ENTRY, now - BIRTH_TO_ENTRY + LONGEST + 1)
    births = births.reindex(columns=years).to_numpy(dtype=float)
    of_age = (years <= now) & (stage == Stage.PRIMARY)
    return np.where(of_age, births, np.nan)


# How far past forecasts were from what came, and the low and the high path that follow from it.


WITHIN = 0.8  # part of what comes that should lie between the low and the high path
LARGEST = float(np.log(2))  # an error beyond the double or the half counts as that
COHORT, ENTRY = 0, 1  # pupils already at school when the forecast was made; those who entered after


class Errors(NamedTuple):
    """Errors of past forecasts, one entry per school, grade and year; arrays of one length.

    `kind` is `COHORT` or `ENTRY`, `steps` the years since the pupils were last seen (or since the last
    entry that was), `made` when and of which grade: errors alike in it share what befell the district.
    """

    district: np.ndarray
    kind: np.ndarray
    steps: np.ndarray
    made: np.ndarray
    actual: np.ndarray
    forecast: np.ndarray


@dataclass(frozen=True)
class ErrorBand:
    """How far the low and the high path lie from the forecast, as logarithms of actual over forecast.

    A grade of n pupils has the squared half-width ``fixed + sized / n``, of which ``common`` is shared by
    all schools of the district. Shape (2, districts, steps) each, the first axis `COHORT` or `ENTRY`; the
    last one from no step on. NaN in a district without past forecasts.
    """

    fixed: np.ndarray
    sized: np.ndarray
    common: np.ndarray

    def of(self, pupils: np.ndarray, district: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the paths lie from the middle, in logarithms.

        Parameters
        ----------
        pupils : ndarray, shape (schools, years, grades)
            As forecast, from `first` years after the last known year on.
        district : ndarray of int, shape (schools,)
        first : int

        Returns
        -------
        spread, common : ndarray, shape (schools, years, grades)
            Half the width of the band; and that part of it which is common to the district.
        """
        year = np.arange(first, first + pupils.shape[1])[:, None]
        grade = np.arange(pupils.shape[2])
        moves, waits = np.minimum(year, grade), np.maximum(year - grade, 0)
        size = np.maximum(pupils, 1.0)
        variance = common = np.zeros(pupils.shape)
        for kind, steps in ((COHORT, moves), (ENTRY, waits)):
            own = self.fixed[kind, district][:, steps] + self.sized[kind, district][:, steps] / size
            variance = variance + own
            common = common + np.minimum(self.common[kind, district][:, steps], own)
        return np.sqrt(variance), np.sqrt(common)


def two_parts(
    square: np.ndarray, size: np.ndarray, group: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split squared errors into a part that is the same for all sizes and one that falls with size.

    Parameters
    ----------
    square, size : ndarray, shape (errors,)
    group : ndarray of int, shape (errors,)
    groups : int

    Returns
    -------
    fixed, sized : ndarray, shape (groups,)
        ``fixed + sized / size`` fits the mean of the squares and the mean of square × size, and neither
        part is negative. NaN for a group without errors.

    Examples
    --------
    Two grades of 10 pupils with a squared error of 0.06 and two of 100 with 0.015: 0.01 + 0.5 / n.

    >>> fixed, sized = two_parts(np.array([0.06, 0.06, 0.015, 0.015]), np.array([10, 10, 100, 100.0]),
    ...                          np.zeros(4, int), 1)
    >>> fixed.round(6).tolist(), sized.round(6).tolist()
    ([0.01], [0.5])
    """
    count = np.bincount(group, minlength=groups)

    def mean(values: np.ndarray) -> np.ndarray:
        return divide(np.bincount(group, values, groups), count)

    plain, by_size, large, small = mean(square), mean(square * size), mean(size), mean(1 / size)
    unlike = large * small - 1
    fixed = np.where(unlike > 1e-9, divide(by_size * small - plain, np.maximum(unlike, 1e-9)), plain)
    fixed = np.clip(fixed, 0, plain)
    sized = np.where(fixed > 0, (plain - fixed) / small, by_size)
    return fixed, np.where(fixed >= plain, 0.0, np.maximum(sized, 0))


def measure(errors: Errors, districts: int, longest: int) -> ErrorBand:
    """Return the spread of past errors by kind and steps; beyond the steps seen it grows.

    Parameters
    ----------
    errors : Errors
    districts, longest : int
        `longest`: steps wanted.

    Notes
    -----
    What two parts say of an error by the size of a grade is scaled so that of the past errors of a kind
    and number of steps four in five lie within it (a conformal band): no shape of the errors is assumed.
    Of what a district's schools have in common there are too few errors for that: so many standard
    deviations lie to either side as Student's t has for their number. Beyond the steps seen a school's
    variance grows in proportion; what is common comes again each year, and its deviation does.
    """
    from scipy.special import stdtrit  # not above: who forecasts nothing need not load it

    steps = longest + 1
    shape = (2, districts, steps)
    cells = int(np.prod(shape))
    group = np.ravel_multi_index((errors.kind, errors.district, np.minimum(errors.steps, longest)), shape)
    size = np.maximum(errors.forecast, 1.0)
    # A class that closed or a number mistyped is one error, not the measure of all.
    off = np.clip(np.log((errors.actual + 0.5) / (errors.forecast + 0.5)), -LARGEST, LARGEST)
    fixed, sized = two_parts(off**2, size, group, cells)
    expected = fixed[group] + sized[group] / size
    score = np.divide(off**2, expected, out=np.zeros(len(off)), where=expected > 0)
    scale = _quantile(score, group, cells)

    party = np.stack([group, errors.made])
    parties, place = np.unique(party, axis=1, return_inverse=True)
    place = place.ravel()
    actual, forecast = (np.bincount(place, v, parties.shape[1]) for v in (errors.actual, errors.forecast))
    whole = np.log((actual + 0.5) / (forecast + 0.5)) ** 2
    count = np.bincount(parties[0], minlength=cells)
    reach = stdtrit(np.maximum(count, 1), (1 + WITHIN) / 2)
    common = reach**2 * divide(np.bincount(parties[0], whole, cells), count)
    ours, per_pupil = (_grown(part.reshape(shape), 1) for part in (fixed * scale, sized * scale))
    return ErrorBand(ours, per_pupil, _grown(common.reshape(shape), 2))


def _quantile(score: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Return for each group the score that `WITHIN` of its scores do not exceed; NaN without any."""
    order = np.lexsort((score, group))
    count = np.bincount(group, minlength=groups)
    place = np.minimum(np.ceil(WITHIN * (count + 1)).astype(int), count) - 1
    start = np.cumsum(count) - count
    some = count > 0
    found = np.full(groups, np.nan)
    found[some] = score[order][(start + place)[some]]
    return found


def _grown(part: np.ndarray, power: int) -> np.ndarray:
    """Return a part of the variance that never falls with the steps; unseen it grows as their power."""
    known = np.isfinite(part)
    known[..., 0] = True
    risen = np.maximum.accumulate(np.where(np.isfinite(part), part, 0), axis=2)
    step = np.arange(part.shape[2])
    last = np.maximum.accumulate(np.where(known, step, 0), axis=2)
    rate = np.where(last > 0, (step / np.maximum(last, 1)) ** power, np.nan)
    grown = np.take_along_axis(risen, last, axis=2) * rate
    grown[..., 0] = 0.0
    # A stage of one grade's movement may be all there is: without errors of a kind, it is not known.
    return grown


# Forecasts made at the end of each past year, against what came.


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
    views: dict[int, EndOfYear]
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


# Which method would have erred least: chosen on the years held back, and shown.


TESTS = ["district", "stage", "part", "ahead", "pupils", "naive", "method", "error", "chosen"]


def compare(trial: Trial, names: np.ndarray) -> tuple[Choice, pd.DataFrame]:
    """Choose how a stage's grades move up, and the method of entry by what the two do together.

    A method of entry is a candidate where it foretold the entrants better than the naive one. Of
    the candidates, with each school's ratios and without, the one is taken that foretold all grades best
    and at no distance worse than the naive forecast; naive is what does not help.

    Returns
    -------
    Choice
    DataFrame
        The back-test, as :class:`qb.planning.forecast.projection.Forecast` has it.
    """
    moving, entry = trial.moving_errors(), trial.entry_errors()
    better = choose(moving.error.sum(axis=2)[..., None], (moving.came.sum(axis=1) > 0)[:, None])
    moves = np.repeat(better[:, None], moving.came.shape[1], axis=1)
    total = entry.error.sum(axis=2)
    able = total < total[0]
    options = [
        Choice(moves * by_model, np.where(able[n], method[0], 0), np.where(able[n], method[1], 0))
        for n, method in enumerate(METHODS)
        for by_model in (0, 1)
        if n == 0 or able[n].any()
    ]
    whole = trial.whole_errors(options)
    best = choose(whole.error, whole.came > 0)
    each = np.arange(trial.districts)
    choice = Choice(
        np.stack([option.moving for option in options])[best, each],
        np.stack([option.total for option in options])[best, each],
        np.stack([option.share for option in options])[best, each],
    )
    both = Scores(np.stack([whole.error[0], whole.error[best, each]]), whole.came)
    rows = [
        (names[d], str(trial.grades.stage), *row)
        for d in np.unique(trial.grades.district)
        for row in (
            *_moving_rows(moving, choice, trial.grades, d),
            *_entry_rows(entry, choice, d),
            *_whole_rows(both, bool(best[d]), d),
        )
    ]
    return choice, pd.DataFrame(rows, columns=TESTS)


def choose(error: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Choose the method with the least error among those never worse than the first, the naive one.

    Parameters
    ----------
    error : ndarray, shape (methods, …, years ahead)
        Sums of absolute errors; the first method is the naive one.
    counts : ndarray of bool, shape (…, years ahead)
        Years ahead that were compared at all.

    Returns
    -------
    ndarray of int, shape (…)
        Place of the method; 0 where nothing was compared.

    Examples
    --------
    The second method is better one year ahead and worse two years ahead; the third never worse.

    >>> int(choose(np.array([[10.0, 20], [2, 21], [9, 15]]), np.array([True, True])))
    2
    """
    error = np.where(counts, error, 0.0)
    total, naive = error.sum(axis=-1), error[0].sum(axis=-1)
    good = (error <= error[0] * (1 + 1e-12)).all(axis=-1) & (total < naive)
    best = np.argmin(np.where(good, total, np.inf), axis=0)
    return np.where(good.any(axis=0), best, 0)


def _moving_rows(scores: Scores, choice: Choice, grades: Grades, d: int) -> Iterator[tuple]:
    for g, part in enumerate(transitions(grades)):
        came = scores.came[d, g]
        if came > 0:
            naive, model = scores.error[:, d, g] / came
            yield part, 1, came, naive, str(Moving.MODEL), model, bool(choice.moving[d, g])


def _entry_rows(scores: Scores, choice: Choice, d: int) -> Iterator[tuple]:
    """Yield every method that could be used throughout, by years ahead."""
    for n, method in enumerate(METHODS):
        if n == 0 or not np.isfinite(scores.error[n, d]).all():
            continue
        chosen = method == (choice.total[d], choice.share[d])
        for h, came in enumerate(scores.came[d]):
            if came > 0:
                naive, error = scores.error[[0, n], d, h] / came
                yield "entry", h + 1, came, naive, code(*method), error, chosen


def _whole_rows(scores: Scores, other: bool, d: int) -> Iterator[tuple]:
    for h, came in enumerate(scores.came[d]):
        if came > 0:
            naive, error = scores.error[:, d, h] / came
            yield "all", h + 1, came, naive, "chosen", error, other


def transitions(grades: Grades) -> list[str]:
    """Return the names of a stage's transitions, ``1→2`` first."""
    return [f"{one}→{other}" for one, other in pairwise(GRADES_OF_STAGE[grades.stage])]


def chosen_methods(grades: Grades, choice: Choice, names: np.ndarray) -> pd.DataFrame:
    """Return what was chosen: ``district, stage, part, method``."""
    rows = [
        (names[d], str(grades.stage), part, method)
        for d in np.unique(grades.district)
        for part, method in [
            *((p, str(list(Moving)[m])) for p, m in zip(transitions(grades), choice.moving[d], strict=True)),
            ("entry", code(choice.total[d], choice.share[d])),
        ]
    ]
    return pd.DataFrame(rows, columns=["district", "stage", "part", "method"])
