"""Schools as dots on a strip: all indicators of a stage, and distances from the mean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, phrase, redrawn
from qb.charts.layout import (
    EDGE,
    LINE,
    Scale,
    State,
    dot,
    largest,
    notes,
    radii,
    row_label,
    states,
    swarm,
    ticks,
)
from qb.charts.primitives import Bar, Dot, Line, Mark, Word
from qb.charts.style import (
    ACCENT,
    ALARM,
    ALLOW,
    FADE,
    INK,
    QUIET,
    RULE,
    WIDTH,
    clean,
    label,
    share,
)
from qb.terms import Allowance, Verdict

# All schools of a stage on all indicators: a strip for each of them.


TOLD = 120  # dots say their names up to so many schools in a row; more would make the page heavy
_ROW = 48  # from one strip to the next


@redrawn
def strips(
    percent: pd.DataFrame,
    pupils: Sequence[float],
    verdicts: pd.DataFrame,
    *,
    caption: Caption,
    floor: float = 85,
    highlight: int | None = None,
) -> Chart:
    """Show every school on all indicators of one stage, each as a percentage of its own standard.

    Parameters
    ----------
    percent : DataFrame, shape (schools, indicators)
        100 is the standard. The index holds the schools' names, the columns the indicators' titles.
    pupils : sequence of float, shape (schools,)
        Areas of the dots.
    verdicts : DataFrame of the same shape
        Verdict of each school on each indicator.
    caption : Caption
        The sentences around the figure.
    floor : float
        Lowest percentage allowed for one indicator.
    highlight : int, optional
        Position of the school that the page is about.
    """
    return Strips(percent, pupils, verdicts, floor).chart(caption, highlight)


@dataclass(frozen=True)
class Strips:
    """What figures of the same schools share, each about another of them: the dots are placed once.

    The fields are those of :func:`strips`.
    """

    percent: pd.DataFrame
    pupils: Sequence[float]
    verdicts: pd.DataFrame
    floor: float = 85

    def chart(self, caption: Caption, highlight: int | None = None) -> Chart:
        """Return the figure, with a ring around the school that it is about."""
        percent, values, scale = self.percent, self._values, self._scale
        finite = values[np.isfinite(values)]
        if not len(finite):
            return blank(caption, percent)
        start, end = scale.start, scale.end
        base = 26 + _ROW * values.shape[1]
        marks: list[Mark] = [
            Line(((scale(100), 18), (scale(100), base)), INK, 1.2),
            Line(((scale(self.floor), 18), (scale(self.floor), base)), INK, 1.2, dashed=True),
            Word(scale(100) + 3, 12, f"{caption.word('standard')} 100 %", bold=True),
            Word(scale(self.floor) - 3, 12, f"{self.floor:g} %", QUIET, anchor="end"),
            Line(((start - EDGE, base), (end + EDGE, base)), RULE),
        ]
        marks += [
            Word(scale(v), base + 16, f"{v:.0f} %", QUIET, anchor="middle")
            for v in ticks(scale.low, scale.high, 4)
            if scale.low <= v <= scale.high
        ]
        for k, row in enumerate(self._rows):
            marks += row.about(highlight)
            marks += _tally(row.state, values[:, k], highlight, caption, row.middle, self.floor)
        allowed = any(Allowance.AT_SCHOOL in row.state for row in self._rows)
        legend = caption.word("legend") + caption.word("legend allowed") * allowed + caption.word("dots")
        own = [] if highlight is None else [caption.word("own", clean(percent.index[highlight]))]
        below = ["".join([*own, legend])]
        off = int((finite > scale.high).sum())
        below += [caption.word("off scale", f"{scale.high:.0f} %", off)] if off else []
        written, height = notes(below, base + 22)
        return Chart(caption, (*marks, *written), height, percent)

    def place(self) -> None:
        """Place the dots now, not when the first figure asks for them."""
        self._rows  # noqa: B018

    @cached_property
    def _values(self) -> np.ndarray:
        return self.percent.to_numpy(float)

    @cached_property
    def _scale(self) -> Scale:
        finite = self._values[np.isfinite(self._values)]
        if not len(finite):
            return Scale(0, 100, 0, 0)
        low = min(50.0, 25 * math.floor(finite.min() / 25))
        high = float(np.clip(50 * math.ceil(np.quantile(finite, 0.9) / 50), 200, 400))
        return Scale(low, high, 190, WIDTH - 112)

    @cached_property
    def _rows(self) -> list[_Row]:
        names, pupils = list(self.percent.index), np.asarray(self.pupils, float)
        return [self._row(k, title, names, pupils) for k, title in enumerate(self.percent.columns)]

    def _row(self, k: int, title: object, names: Sequence[object], pupils: np.ndarray) -> _Row:
        values, scale, middle = self._values[:, k], self._scale, 26 + _ROW * (k + 0.5)
        state = states(values, self.verdicts.iloc[:, k])
        marks: list[Mark] = [Line(((scale.start - EDGE, middle), (scale.end + EDGE, middle)), RULE, 0.6)]
        marks += row_label(title, middle, scale.start - 22)
        rings = {}
        for i, own, radius in _dots_of_stage(values, pupils, names, state, scale, middle):
            marks.append(own)
            rings[i] = len(marks), Dot(own.x, own.y, radius + 3, ACCENT, "ring")
        return _Row(marks, rings, state, middle)


@dataclass(frozen=True)
class _Row:
    """An indicator's strip; `rings` holds by a school's position the ring around its dot, and its place."""

    marks: list[Mark]
    rings: dict[int, tuple[int, Dot]]
    state: list[State]
    middle: float

    def about(self, highlight: int | None) -> list[Mark]:
        """Return the marks, with the ring after the dot that it is around."""
        if highlight not in self.rings:
            return self.marks
        place, ring = self.rings[highlight]
        return [*self.marks[:place], ring, *self.marks[place:]]


def _dots_of_stage(
    values: np.ndarray,
    pupils: np.ndarray,
    names: Sequence[object],
    state: list[State],
    scale: Scale,
    middle: float,
) -> Iterator[tuple[int, Dot, float]]:
    """Yield position, dot and radius of each school that has the value."""
    shown = np.flatnonzero(np.isfinite(values))
    x = np.array([scale(values[i]) for i in shown])
    radius = radii(pupils[shown], largest(len(shown)) * 0.6)
    lift = swarm(x, radius, _ROW / 2 - 5)
    for k, i in enumerate(shown):
        tip = f"{clean(names[i])} {share(values[i])} %" if len(shown) <= TOLD else ""
        beyond = bool(values[i] > scale.high)
        yield int(i), dot(x[k], middle + lift[k], radius[k], state[i], tip, beyond=beyond), radius[k]


def _tally(
    state: list[State],
    values: np.ndarray,
    highlight: int | None,
    caption: Caption,
    middle: float,
    floor: float,
) -> list[Mark]:
    """What stands at the right end of a row: the school's own percentage, or how many fail."""
    if highlight is not None:
        own = label(state[highlight], caption.lang)
        percent = f"{share(values[highlight], floor)} %" if np.isfinite(values[highlight]) else ""
        fails = state[highlight] is Verdict.FAIL
        text = f"{percent} {own}" if fails else percent or own
        colour = ALARM if fails else ACCENT if percent else QUIET
        if state[highlight] is Allowance.AT_SCHOOL:
            text, colour = f"▲ {percent}", ALLOW
        return [Word(WIDTH, middle + 5, text, colour, bold=fails, anchor="end")]
    counts = (
        ("n fail", Verdict.FAIL, ALARM),
        ("n allowed", Allowance.AT_SCHOOL, ALLOW),
        ("n missing", Verdict.NO_DATA, QUIET),
    )
    parts = [
        (caption.word(name, count), colour) for name, kind, colour in counts if (count := state.count(kind))
    ]
    if not parts:
        met = Verdict.PASS in state
        parts = [(caption.word("all pass") if met else label(Verdict.NOT_APPLICABLE, caption.lang), QUIET)]
    first = middle + 5 - (len(parts) - 1) * LINE / 2
    return [
        Word(WIDTH, first + LINE * k, text, colour, bold=colour is ALARM, anchor="end")
        for k, (text, colour) in enumerate(parts)
    ]


# How far schools stand from the mean, a row for each resource.


MANY = 300  # more schools than these are drawn as percentiles
START, END, ROW, HEAD = 190, WIDTH - 92, 50, 26


@dataclass(frozen=True)
class Strip:
    """Schools by one resource: `over`, the coefficient is above its limit; `low`, values below the standard.

    Attributes
    ----------
    title : str
    values, pupils, names : sequences of the same length
        One entry per school that has the figure.
    quantiles : sequence of 5 floats
        Values at the 5th, 25th, 50th, 75th and 95th percentile of pupils.
    mean, coefficient : float
    limit : float
        The standard; NaN where there is none.
    cap : float
        Limit of the coefficient; NaN where there is none.
    absent : str
        Said where the coefficient is NaN: there are no data, or no school holds anything.
    """

    title: str
    values: Sequence[float]
    pupils: Sequence[float]
    names: Sequence[str]
    quantiles: Sequence[float]
    mean: float
    coefficient: float
    limit: float
    cap: float
    over: bool
    low: Sequence[bool]
    absent: str = ""

    @property
    def percent(self) -> np.ndarray:
        """Each school as a percentage of the mean."""
        return 100 * np.asarray(self.values, float) / self.mean

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw."""
        return bool(np.isfinite(self.coefficient))


@redrawn
def spreads(strips: Sequence[Strip], *, caption: Caption, decimals: int = 3) -> Chart:
    """Show each school's value as a percentage of the mean, a row for each resource.

    Parameters
    ----------
    strips : sequence of Strip
    caption : Caption
    decimals : int
        Of the coefficients.
    """
    table = pd.DataFrame(
        {
            phrase(caption, "mean"): [strip.mean for strip in strips],
            phrase(caption, "coefficient"): [strip.coefficient for strip in strips],
        },
        index=[strip.title for strip in strips],
    )
    drawn = [strip for strip in strips if strip.drawn]
    if not drawn:
        return blank(caption, table)
    percent = np.concatenate([strip.percent for strip in drawn])
    high = float(np.clip(50 * np.ceil(np.quantile(percent, 0.98) / 50), 150, 300))
    scale = Scale(50.0 if percent.min() >= 50 else 0.0, high, START, END)
    base = HEAD + ROW * len(strips)
    marks: list[Mark] = [
        Line(((scale(100), 18), (scale(100), base)), INK, 1.2),
        Word(scale(100), 12, phrase(caption, "mean 100"), bold=True, anchor="middle"),
        Word(WIDTH, 12, phrase(caption, "coefficient"), QUIET, anchor="end"),
        Line(((START - EDGE, base), (END + EDGE, base)), RULE),
    ]
    marks += [
        Word(scale(v), base + 18, f"{v:g} %", QUIET, anchor="middle")
        for v in ticks(scale.low, high, 5)
        if scale.low <= v <= high
    ]
    for k, strip in enumerate(strips):
        marks += _row(strip, HEAD + ROW * (k + 0.5), scale, decimals)
    shape = "quantiles" if any(len(strip.values) > MANY for strip in drawn) else "strip"
    held = any(strip.limit == strip.limit for strip in drawn)
    below = [phrase(caption, shape) + (phrase(caption, f"{shape} standard") if held else "")]
    off = sum(int((s.percent > high).sum()) for s in drawn if len(s.values) <= MANY)
    below += [phrase(caption, "beyond", f"{high:g}", off)] if off else []
    over = [strip.cap for strip in drawn if strip.over]
    below += [phrase(caption, "over", over[0])] if over else []
    written, height = notes(below, base + 24)
    return Chart(caption, (*marks, *written), height, table)


def _row(strip: Strip, middle: float, scale: Scale, decimals: int) -> list[Mark]:
    marks = row_label(strip.title, middle, START - EDGE - 10)
    if not strip.drawn:
        return [*marks, Word(START, middle + 5, strip.absent, QUIET)]
    marks += (_percentiles if len(strip.values) > MANY else _dots_about_mean)(strip, middle, scale)
    standard = 100 * strip.limit / strip.mean
    if scale.low <= standard <= scale.high:
        at = scale(standard)
        marks.append(Line(((at, middle - 15), (at, middle + 15)), INK, 3.2))
    text = f"{strip.coefficient:.{decimals}f}" + (" ↑" if strip.over else "")
    colour = ALARM if strip.over else INK
    return [*marks, Word(WIDTH, middle + 5, text, colour, bold=strip.over, anchor="end")]


def _dots_about_mean(strip: Strip, middle: float, scale: Scale) -> list[Mark]:
    percent = strip.percent
    x = np.array([scale(v) for v in percent])
    radius = radii(strip.pupils, 0.8 * largest(len(percent)))
    lift = swarm(x, radius, room=20)
    marks: list[Mark] = []
    for i in np.argsort(-radius, kind="stable"):  # small dots on top of large ones
        state = Verdict.FAIL if strip.low[i] else Verdict.PASS
        tip = f"{clean(strip.names[i])} {share(percent[i])} %" if len(percent) <= TOLD else ""
        beyond = bool(percent[i] > scale.high)
        marks.append(dot(x[i], middle + lift[i], radius[i], state, tip, beyond=beyond))
    return marks


def _percentiles(strip: Strip, middle: float, scale: Scale) -> list[Mark]:
    p5, p25, p50, p75, p95 = (scale(100 * q / strip.mean) for q in strip.quantiles)
    return [
        Bar(p5, middle - 2, p95 - p5, 4, QUIET, FADE),
        Bar(p25, middle - 8, p75 - p25, 16, QUIET, FADE),
        Line(((p50, middle - 11), (p50, middle + 11)), INK, 2),
    ]


# All schools on one indicator.
