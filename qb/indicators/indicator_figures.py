"""The shape of a figure of C8–C31 on its way to a verdict: its range where something is missing; the district's inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from qb.data.dataset import index_of
from qb.indicators.population import Population, codes
from qb.standard import Indicator, Standard, Transition
from qb.terms import Status, Verdict

# Verdicts as numbers of one byte, so that the worst of several is the smallest.
VERDICTS = (Verdict.FAIL, Verdict.NO_DATA, Verdict.PASS, Verdict.NOT_APPLICABLE)
FAIL, NO_DATA, PASS, NOT_APPLICABLE = np.arange(4, dtype=np.int8)
OPEN = -1  # no verdict yet: the value is to be held against its limit


MOST = 1e9  # more persons than any school, district or nation of pupils has: what is not reported is below


@dataclass(frozen=True)
class Range:
    """The lowest and the highest that figures can be, given what is not reported.

    Both ends are the figure itself where it is known. `Range.of` says so, with the widest range for
    the others: nothing that is counted here is below 0.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, value: np.ndarray, low: np.ndarray | float = 0.0, high: np.ndarray | float = np.inf) -> Range:
        """Return figures as their own ranges; those that are missing lie from `low` to `high`.

        Bounds that contradict each other bound nothing.

        >>> ends = Range.of(np.array([7.0, np.nan, np.nan]), low=np.array([0.0, 3.0, 9.0]), high=8.0)
        >>> ends.low.tolist(), ends.high.tolist()
        ([7.0, 3.0, 0.0], [7.0, 8.0, inf])
        """
        missing = np.isnan(value)
        if not missing.any():
            return cls(value, value)
        low, high = np.broadcast_arrays(low, high)
        wrong = ~(low <= high)
        low, high = np.where(wrong, 0.0, low), np.where(wrong, np.inf, high)
        return cls(np.where(missing, low, value), np.where(missing, high, value))

    def over(self, whole: Range, times: float = 100.0) -> Range:
        """Return the range of ``times · this / whole``; a whole that may be 0 leaves the top open.

        >>> ends = Range.of(np.array([98.0])).over(Range.of(np.array([np.nan]), 97.0, 100.0))
        >>> ends.low.tolist(), ends.high.round(2).tolist()
        ([98.0], [101.03])
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            low = np.where(whole.high > 0, times * self.low / whole.high, -np.inf)
            high = np.where(whole.low > 0, times * self.high / whole.low, np.inf)
        return Range(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))

    @property
    def known(self) -> np.ndarray:
        """Return the figures of which both ends are the same, NaN for the others."""
        return self.low if self.low is self.high else np.where(self.low == self.high, self.low, np.nan)

    def at(self, places: np.ndarray) -> Range:
        """Return the ranges at these places."""
        low = self.low[places]
        return Range(low, low if self.low is self.high else self.high[places])

    def maybe_not_asked(self, doubtful: np.ndarray) -> Range:
        """Return the ranges, without a top where it is not known whether the figure is asked for at all.

        Of what must not be below its limit such a figure can keep it, and cannot be said to miss it.
        """
        return Range(self.low, np.where(doubtful, np.inf, self.high)) if doubtful.any() else self


@dataclass(frozen=True)
class Figure:
    """One figure of an indicator for many schools or districts at once."""

    name: str  # name of the limit it is held against, or the checklist item
    district: np.ndarray  # (n,) of int
    value: np.ndarray  # (n,) of float: NaN where it is not reported
    # school, stage: (n,) of int: places in the population; None for a figure of the district.
    school: np.ndarray | None = None
    stage: np.ndarray | None = None
    # (n,) of float: a limit of each row's own (rooms for so many classes); None: the standard's.
    limit: np.ndarray | None = None
    side: str | np.ndarray = ">="  # (n,) of str: on which side such a limit is kept
    # (n,) of int: where it is settled without a limit (a checklist item, "not applicable"); `OPEN` elsewhere.
    verdict: np.ndarray | None = None
    note: np.ndarray | None = None  # (n,): words that go with the figure
    # (n,) of int: school years that the figures are from; None: the year that is judged.
    year: np.ndarray | None = None
    # range, limit_range: what the figure, or its own limit, can be given what is not reported; None: itself,
    # and anything where it is missing.
    range: Range | None = None
    limit_range: Range | None = None

    @property
    def exact(self) -> bool:
        """Whether each figure is itself, and so is each limit."""
        return all(ends is None or ends.low is ends.high for ends in (self.range, self.limit_range))


@dataclass(frozen=True)
class IndicatorFigures:
    """All figures of one indicator; `value` is the one a reader wants first, shape (districts,)."""

    code: str
    value: np.ndarray
    parts: tuple[Figure, ...]


@dataclass(frozen=True)
class Inputs:
    """Everything that an indicator's function may look at."""

    population: Population
    standard: Standard
    transition: Transition | None
    figures: dict[str, np.ndarray] = field(default_factory=dict)
    statuses: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def nothing(self) -> np.ndarray:
        """Return NaN for each district."""
        return np.full(len(self.population.districts), np.nan)

    def figure(self, item: str) -> np.ndarray:
        """Return an item of the table ``district``, shape (districts,), NaN where not reported."""
        return self.figures.get(item, self.nothing)

    def checklist(self, indicator: Indicator) -> tuple[Figure, ...]:
        """Return a part for each checklist item of an indicator."""
        every = np.arange(len(self.population.districts))
        none = np.full(len(every), NO_DATA)
        return tuple(
            Figure(item.item, every, self.nothing, verdict=self.statuses.get(item.item, none))
            for item in self.standard.items(indicator.code)
        )


def gather(population: Population, standard: Standard, transition: Transition | None) -> Inputs:
    """Read the district's items and the states of the checklist items for the population's year."""
    figures = _pivot(population, "district", np.nan, lambda t: t["value"].to_numpy(float))
    statuses = _pivot(population, "evidence", NO_DATA, _status_codes)
    return Inputs(population, standard, transition, figures, statuses)


def _status_codes(table: pd.DataFrame) -> np.ndarray:
    known = codes(table["status"], tuple(Status))
    return np.array([PASS, FAIL, FAIL, NO_DATA])[known]  # met, partly, unmet; the last is "missing"


def _pivot(
    population: Population, name: str, missing: float | np.int8, read: Callable[[pd.DataFrame], np.ndarray]
) -> dict[str, np.ndarray]:
    table = population.records.rows(name)
    item, items = pd.factorize(table["item"])
    known = item >= 0
    by_item = np.full((len(items), len(population.districts)), missing)
    by_item[item[known], index_of(table["district"], population.districts)[known]] = read(table)[known]
    return dict(zip(items, by_item, strict=True))


def percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return 100 · part / whole; NaN where either is missing or the whole is 0.

    >>> percent(np.array([1.0, 0.0, 3.0]), np.array([4.0, 0.0, 0.0]))
    array([25., nan, nan])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, 100.0 * part / whole, np.nan)


def unless_empty(*wholes: np.ndarray) -> np.ndarray:
    """Return "not applicable" where any denominator is 0, `OPEN` elsewhere.

    >>> told = unless_empty(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    >>> told.tolist() == [NOT_APPLICABLE, OPEN, NOT_APPLICABLE]
    True
    """
    empty = np.any([whole == 0 for whole in wholes], axis=0)
    return np.where(empty, NOT_APPLICABLE, OPEN)
