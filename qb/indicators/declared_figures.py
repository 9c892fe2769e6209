"""Figures that a standard declares itself: ratios and counts of districts and schools, scores of points."""

from __future__ import annotations

import numpy as np

from qb.data.schema import items_of
from qb.indicators.indicator_figures import (
    FAIL,
    NO_DATA,
    NOT_APPLICABLE,
    OPEN,
    PASS,
    Figure,
    IndicatorFigures,
    Inputs,
    Range,
)
from qb.indicators.population import STAGES, summed_columns
from qb.indicators.resources import shared_ranges
from qb.indicators.school_figures import asked
from qb.standard import Indicator
from qb.terms import COMPULSORY

SCHOOLS = "schools"  # in a declared ratio: one for each school
_IF_ZERO = {"fail": FAIL, "no data": NO_DATA, "not applicable": NOT_APPLICABLE, None: NOT_APPLICABLE}


def ratio(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """Compute what an indicator declares; where something is not reported, the range that it leaves.

    `value` is the district's figure, or that of the school (stage) that is furthest to the wrong side.
    """
    declared, population = indicator.ratio, inputs.population
    count = len(population.districts)
    units = _Units(inputs, indicator)
    upper, lower = units.numerator(), units.total(declared.divide)
    if declared.level == "district":
        place = population.district[units.school]
        stages = [STAGES.index(stage) for stage in COMPULSORY] if units.by_stage else [None]
        parts = []
        for stage in stages:
            mine = np.ones(len(place), dtype=bool) if stage is None else units.stage == stage
            top, bottom = (_by_district(held, place, mine, count) for held in (upper, lower))
            top = units.with_items(top, declared.add, declared.subtract)
            bottom = units.with_items(bottom, declared.divide)
            unlisted = np.bincount(population.district, minlength=count) == 0
            top, bottom = (units.unless(unlisted, held) for held in (top, bottom))
            where = None if stage is None else np.full(count, stage)
            parts.append(_figure(indicator, np.arange(count), top, bottom, stage=where))
    else:
        parts = [
            _figure(
                indicator,
                population.district[units.school],
                upper,
                lower,
                school=units.school,
                stage=units.stage if units.by_stage else None,
            )
        ]
    less = any(limit.side in ("<=", "<") for limit in indicator.limits)
    return IndicatorFigures(indicator.code, _worst(parts, count, less), tuple(parts))


class _Units:
    """What the figures are of: the schools that are asked, or their stages where limits are by stage."""

    def __init__(self, inputs: Inputs, indicator: Indicator) -> None:
        self.inputs, self.declared = inputs, indicator.ratio
        population = inputs.population
        self.rows = asked(inputs, indicator)
        self.by_stage = any(limit.stage for limit in indicator.limits)
        if self.by_stage:
            self.school, self.stage = population.school[self.rows], population.stage[self.rows]
            self.unit = np.arange(len(self.rows))
        else:
            self.school, self.unit = np.unique(population.school[self.rows], return_inverse=True)
        self.items = items_of(inputs.standard)
        self._shared: dict[str, Range] | None = None

    def column(self, name: str) -> Range:
        """Return what a column can be, shape (units,)."""
        inputs, population = self.inputs, self.inputs.population
        if name == SCHOOLS:
            one = np.ones(len(self.school))
            return Range(one, one)
        if name in summed_columns("sections", inputs.standard):
            held = Range.of(population.figures[name], population.at_least(name))
        else:
            if self._shared is None:
                self._shared = shared_ranges(population, inputs.standard)
            held = self._shared[name]
        ends = (np.bincount(self.unit, end[self.rows], len(self.school)) for end in (held.low, held.high))
        return Range(*ends)

    def total(self, names: tuple[str, ...]) -> Range:
        """Return the sum of columns; items of the district are added to the district's own sums."""
        low, high = np.zeros(len(self.school)), np.zeros(len(self.school))
        for name in names:
            if name not in self.items:
                held = self.column(name)
                low, high = low + held.low, high + held.high
        return Range(low, high)

    def numerator(self) -> Range:
        """Return the numerator: nothing where the condition does not hold, perhaps where it may not."""
        more, less = self.total(self.declared.add), self.total(self.declared.subtract)
        low, high = np.maximum(more.low - less.high, 0), np.maximum(more.high - less.low, 0)
        condition = self.declared.where
        if condition is None:
            return Range(low, high)
        held = self.column(condition.column)
        limit = self.inputs.standard.hold(condition.value, condition.side)
        one, other = limit.meets(held.low), limit.meets(held.high)
        return Range(np.where(one & other, low, 0), np.where(one | other, high, 0))

    def with_items(self, held: Range, add: tuple[str, ...], subtract: tuple[str, ...] = ()) -> Range:
        """Return a district's sums with its own items; one that is not reported may be anything."""
        low, high = held.low, held.high
        for name in (name for name in add if name in self.items):
            item = Range.of(self.inputs.figure(name))
            low, high = low + item.low, high + item.high
        for name in (name for name in subtract if name in self.items):
            item = Range.of(self.inputs.figure(name))
            low, high = np.maximum(low - item.high, 0), np.maximum(high - item.low, 0)
        return Range(low, high)

    def unless(self, unlisted: np.ndarray, held: Range) -> Range:
        """Return the sums, open in districts of which no school is listed, if any column is of schools."""
        if set(self.declared.columns) <= set(self.items):
            return held
        return Range(held.low, np.where(unlisted, np.inf, held.high))


def _by_district(held: Range, place: np.ndarray, mine: np.ndarray, count: int) -> Range:
    return Range(*(np.bincount(place[mine], end[mine], count) for end in (held.low, held.high)))


def _figure(indicator: Indicator, district: np.ndarray, top: Range, bottom: Range, **more) -> Figure:
    """Return a part of the ratio of two ranges; what a divisor of 0 is stands in the standard."""
    declared = indicator.ratio
    verdict = np.full(len(district), OPEN)
    ends = Range(declared.per * top.low, declared.per * top.high)
    if declared.divide:
        ends = top.over(bottom, declared.per)
        none = (bottom.low == 0) & (bottom.high == 0)
        ends = Range(np.where(none, np.nan, ends.low), np.where(none, np.nan, ends.high))
        verdict[none] = _IF_ZERO[declared.if_zero]
    if not indicator.limits:
        verdict[:] = NOT_APPLICABLE
    known = np.where(ends.low == ends.high, ends.low, np.nan)
    ends = Range.of(known, np.nan_to_num(ends.low, neginf=0.0), np.nan_to_num(ends.high, nan=np.inf))
    return Figure("", district, known, verdict=verdict, range=ends, **more)


def _worst(parts: list[Figure], count: int, less: bool) -> np.ndarray:
    """Return the figure furthest to the wrong side by district; NaN where one that is missing might be."""
    sign, ends = (1 if less else -1), []
    for pick in (np.maximum, np.minimum):
        top = np.full(count, -np.inf)
        for part in parts:
            asked_of = (part.verdict == OPEN) | ~np.isnan(part.value)
            end = pick(sign * part.range.low, sign * part.range.high)
            np.maximum.at(top, part.district[asked_of], end[asked_of])
        ends.append(top)
    return np.where((ends[0] == ends[1]) & np.isfinite(ends[0]), sign * ends[0], np.nan)


def score(inputs: Inputs, indicator: Indicator, by_code: dict[str, np.ndarray]) -> IndicatorFigures:
    """Add up the points of an area: those of the indicators that are met, of `out_of` in all.

    An indicator that does not apply gives no points and asks for none; one without data may give its own or
    not.

    Parameters
    ----------
    by_code : dict of ndarray, shape (districts,)
        Verdicts of the indicators.
    """
    giving = [i for i in inputs.standard.of_area(indicator.area) if i.points]
    points = np.array([i.points for i in giving])[:, None]
    verdict = np.array([by_code[i.code] for i in giving])
    whole = (points * (verdict != NOT_APPLICABLE)).sum(axis=0)
    sure = (points * (verdict == PASS)).sum(axis=0)
    perhaps = sure + (points * (verdict == NO_DATA)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = (indicator.options["out_of"] * part / whole for part in (sure, perhaps))
    known = np.where(low == high, low, np.nan)
    none = np.where(whole == 0, NOT_APPLICABLE, OPEN)
    part = Figure("", np.arange(len(whole)), known, verdict=none, range=Range.of(known, low, high))
    return IndicatorFigures(indicator.code, known, (part,))
