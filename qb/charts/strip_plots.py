"""Strips, a dot a school: all indicators of a stage, and distances from the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import EDGE, LINE, NamedRows, Scale, State, dots_of, feet, notes, states, ticks
from qb.charts.marks import (
    ACCENT,
    ALARM,
    ALLOW,
    FADE,
    INK,
    NARROW,
    QUIET,
    RULE,
    WIDTH,
    Bar,
    Dot,
    Line,
    Mark,
    Word,
    clean,
    label,
    share,
    span,
)
from qb.terms import Allowance, Verdict

# All schools of a stage on all indicators: a strip for each of them.


ROW, SPREAD_ROW, HEAD = 48, 50, 26  # from one strip to the next, and above the first
START = 190  # room for names


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
        percent, values = self.percent, self._values
        finite = values[np.isfinite(values)]
        if not len(finite):
            return blank(caption, percent)
        strips, short = self._placed[caption.narrow], caption.narrow and highlight is not None
        scale, rows = strips[0].scale, NamedRows(caption, HEAD, 26, 0) if short else self._rows(caption)
        base = rows.base(values.shape[1])
        marks = scale_of_standard(scale, self.floor, rows, values.shape[1], self._limited)
        for k, row in enumerate(strips):
            tally = self._tally(k, row.state, highlight, rows)
            marks += rows.name(k, percent.columns[k], gap=22, anchor="start", beside=tally[0].text)
            marks += [*(self._range(k, row, highlight, rows) if short else row.about(highlight)), *tally]
        name = "" if highlight is None else clean(percent.index[highlight])
        off, end = int((finite > scale.high).sum()), f"{scale.high:.0f}%"
        if short:  # the others are no dots
            below = [caption.word("range", name)] + [caption.word("edge", end)] * bool(off)
        else:
            allowed = any(Allowance.AT_SCHOOL in row.state for row in strips)
            legend = caption.word("legend") * self._limited + caption.word("legend allowed") * allowed
            legend += caption.word("dots" if self._limited else "strip")
            below = [caption.word("own", name) * (highlight is not None) + legend]
            below += [caption.word("off scale", end, off)] if off else []
        written, height = notes(below, base + 22, caption)
        again = partial(self.chart, highlight=highlight)
        shown = (
            percent if highlight is None else percent.iloc[[highlight]]
        )  # of the others the dots say enough
        return Chart(caption, (*marks, *written), height, shown, again)

    def place(self) -> None:
        """Place the dots now, not when the first figure asks for them."""
        self._placed  # noqa: B018

    @cached_property
    def _values(self) -> np.ndarray:
        return self.percent.to_numpy(float)

    @cached_property
    def _end(self) -> float:
        """The room that the words at the right end need, in either language, beside a school off the scale."""
        most = int((self.verdicts == Allowance.AT_SCHOOL).to_numpy().sum(axis=0).max(initial=0))
        words = [Caption("", lang=lang).word("n allowed", most) for lang in ("zh", "en")]
        return max(112.0, *(span(word) + EDGE for word in words)) if most else 112.0

    @cached_property
    def _limited(self) -> bool:
        return limited(self.verdicts)

    def _rows(self, caption: Caption) -> NamedRows:
        return NamedRows(caption, HEAD, ROW, 0 if caption.narrow else START)

    @cached_property
    def _placed(self) -> dict[bool, list[_Row]]:
        """The strips of a page and of a phone."""
        captions = (Caption("", width=width) for width in (WIDTH, NARROW))
        count = self._values.shape[1]
        return {c.narrow: [self._row(k, c) for k in range(count)] for c in captions}

    def _row(self, k: int, caption: Caption) -> _Row:
        values, rows = self._values[:, k], self._rows(caption)
        state = states(values, self.verdicts.iloc[:, k])
        scale = scale_of(self._values, rows, self._end)
        names, middle = list(self.percent.index), rows.middle(k)
        marks: list[Mark] = [Line(((scale.start - EDGE, middle), (scale.end + EDGE, middle)), RULE, 0.6)]
        rings = {}
        for i, own, radius in dots_of(values, self.pupils, names, state, scale, middle, room=ROW / 2 - 5):
            marks.append(own)
            rings[i] = len(marks), Dot(own.x, own.y, radius + 3, ACCENT, "ring")
        return _Row(marks, rings, state, scale)

    def _range(self, k: int, row: _Row, highlight: int, rows: NamedRows) -> list[Mark]:
        """The school between the others, who on a phone are a line and a bar: their range, the middle half."""
        values, middle, scale = self._values[:, k], rows.middle(k), row.scale
        known = values[np.isfinite(values)]
        rail = Line(((scale.start - EDGE, middle), (scale.end + EDGE, middle)), RULE, 0.6)
        if not len(known):
            return [rail]
        low, first, third, high = (scale(v) for v in np.quantile(known, (0, 0.25, 0.75, 1)))
        marks: list[Mark] = [
            rail,
            Bar(low, middle - 2, high - low, 4, QUIET, FADE),
            Bar(first, middle - 7, third - first, 14, QUIET, FADE),
        ]
        if highlight in row.rings:
            place, _ = row.rings[highlight]
            own = row.marks[place - 1]
            fails = row.state[highlight] is Verdict.FAIL
            marks.append(Dot(own.x, middle, 7, ALARM, "diamond") if fails else Dot(own.x, middle, 7, ACCENT))
        return marks

    def _tally(self, k: int, state: list[State], highlight: int | None, rows: NamedRows) -> list[Word]:
        """What stands at the right end of a row: the school's own percentage, or how many fail."""
        caption, value = rows.caption, np.nan if highlight is None else self._values[highlight, k]
        if highlight is not None:
            own = label(state[highlight], caption.lang)
            percent = f"{share(value, self.floor)}%" if np.isfinite(value) else ""
            fails = state[highlight] is Verdict.FAIL
            text = f"{percent} {own}" if fails else percent or own
            colour = ALARM if fails else ACCENT if percent else QUIET
            if state[highlight] is Allowance.AT_SCHOOL:
                text, colour = f"▲ {percent}", ALLOW
            return [rows.end(k, text, colour, bold=fails)]
        counts = (
            ("n fail", Verdict.FAIL, ALARM),
            ("n allowed", Allowance.AT_SCHOOL, ALLOW),
            ("n missing", Verdict.NO_DATA, QUIET),
        )
        parts = [
            (caption.word(name, count), colour)
            for name, kind, colour in counts
            if (count := state.count(kind))
        ]
        if not parts:
            met = Verdict.PASS in state
            parts = [
                (
                    caption.word("all pass")
                    if met
                    else label(Verdict.NOT_APPLICABLE, caption.lang) * self._limited,
                    QUIET,
                )
            ]
        if caption.narrow:  # one line
            text = caption.word("stop").join(text for text, _ in parts)
            return [rows.end(k, text, parts[0][1], bold=parts[0][1] is ALARM)]
        first = rows.middle(k) + 5 - (len(parts) - 1) * LINE / 2
        return [
            Word(caption.width, first + LINE * n, text, colour, bold=colour is ALARM, anchor="end")
            for n, (text, colour) in enumerate(parts)
        ]


def limited(verdicts: pd.DataFrame) -> bool:
    """Whether 100 is a standard that these schools are judged by, and not the mean of them all."""
    return bool(verdicts.isin([Verdict.PASS, Verdict.FAIL, Allowance.AT_SCHOOL]).to_numpy().any())


def scale_of(percent: np.ndarray, rows: NamedRows, room: float = 112) -> Scale:
    """Return the scale of percentages of a standard, between the names and the words at the right end."""
    finite = percent[np.isfinite(percent)]
    if not len(finite):
        return Scale(0, 100, 0, 0)
    low = min(50.0, 25 * math.floor(finite.min() / 25))
    high = float(np.clip(50 * math.ceil(np.quantile(finite, 0.9) / 50), 200, 400))
    start, end = (20, 20) if rows.caption.narrow else (rows.start, room)
    return Scale(low, high, start, rows.caption.width - end)


def scale_of_standard(scale: Scale, floor: float, rows: NamedRows, count: int, standard: bool) -> list[Mark]:
    """Return the lines of the standard (the mean, where nothing is limited) and of a floor, and the percentages."""
    caption, base = rows.caption, rows.base(count)
    lowest = [
        *rows.upright(scale(floor), 18, count, dashed=True),
        Word(scale(floor) - 3, 12, f"{floor:g}%", QUIET, anchor="end"),
    ]
    shown = [v for v in ticks(scale.low, scale.high, 4) if scale.low <= v <= scale.high]
    return [
        *rows.upright(scale(100), 18, count),
        Word(
            scale(100) + 3, 12, f"{caption.word('standard' if standard else 'mean of all')} 100%", bold=True
        ),
        *(lowest if floor else []),
        Line(((scale.start - EDGE, base), (scale.end + EDGE, base)), RULE),
        *feet([scale(v) for v in shown], [f"{v:.0f}%" for v in shown], base + 16),
    ]


@dataclass(frozen=True)
class _Row:
    """An indicator's strip; `rings` holds by a school's position the ring around its dot, and its place."""

    marks: list[Mark]
    rings: dict[int, tuple[int, Dot]]
    state: list[State]
    scale: Scale

    def about(self, highlight: int | None) -> list[Mark]:
        """Return the marks, with the ring after the dot that it is around."""
        if highlight not in self.rings:
            return self.marks
        place, ring = self.rings[highlight]
        return [*self.marks[:place], ring, *self.marks[place:]]


# How far schools stand from the mean, a row for each resource.


MANY = 300  # more schools than these are drawn as percentiles


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
            caption.word("mean"): [strip.mean for strip in strips],
            caption.word("coefficient"): [strip.coefficient for strip in strips],
        },
        index=[strip.title for strip in strips],
    )
    drawn = [strip for strip in strips if strip.drawn]
    if not drawn:
        return blank(caption, table)
    percent = np.concatenate([strip.percent for strip in drawn])
    high = float(np.clip(50 * np.ceil(np.quantile(percent, 0.98) / 50), 150, 300))
    rows = NamedRows(caption, HEAD, SPREAD_ROW, 0 if caption.narrow else START)
    start, end = (20, 20) if caption.narrow else (START, 92)
    scale = Scale(50.0 if percent.min() >= 50 else 0.0, high, start, caption.width - end)
    base = rows.base(len(strips))
    shown = [v for v in ticks(scale.low, high, 5) if scale.low <= v <= high]
    marks: list[Mark] = [
        *rows.upright(scale(100), 18, len(strips)),
        Word(scale(100), 12, caption.word("mean 100"), bold=True, anchor="middle"),
        Word(caption.width, 12, caption.word("coefficient"), QUIET, anchor="end"),
        Line(((scale.start - EDGE, base), (scale.end + EDGE, base)), RULE),
        *feet([scale(v) for v in shown], [f"{v:g}%" for v in shown], base + 18),
    ]
    for k, strip in enumerate(strips):
        marks += _row(strip, k, rows, scale, decimals)
    shape = "quantiles" if any(len(strip.values) > MANY for strip in drawn) else "strip"
    held = any(strip.limit == strip.limit for strip in drawn)
    below = [caption.word(shape) + (caption.word(f"{shape} standard") if held else "")]
    off = sum(int((s.percent > high).sum()) for s in drawn if len(s.values) <= MANY)
    below += [caption.word("beyond", f"{high:g}", off)] if off else []
    over = [strip.cap for strip in drawn if strip.over]
    below += [caption.word("over", over[0])] if over else []
    written, height = notes(below, base + 24, caption)
    return Chart(caption, (*marks, *written), height, table)


def _row(strip: Strip, k: int, rows: NamedRows, scale: Scale, decimals: int) -> list[Mark]:
    middle = rows.middle(k)
    text = f"{strip.coefficient:.{decimals}f}" + (" ↑" if strip.over else "")
    marks = rows.name(k, strip.title, gap=EDGE + 10, anchor="start", beside=text)
    if not strip.drawn:
        return [*marks, Word(scale.start, middle + 5, strip.absent, QUIET)]
    marks += (_percentiles if len(strip.values) > MANY else _dots_about_mean)(strip, middle, scale)
    standard = 100 * strip.limit / strip.mean
    if scale.low <= standard <= scale.high:
        at = scale(standard)
        marks.append(Line(((at, middle - 15), (at, middle + 15)), INK, 3.2))
    return [*marks, rows.end(k, text, ALARM if strip.over else INK, bold=strip.over)]


def _dots_about_mean(strip: Strip, middle: float, scale: Scale) -> list[Mark]:
    state = [Verdict.FAIL if low else Verdict.PASS for low in strip.low]
    placed = dots_of(strip.percent, strip.pupils, strip.names, state, scale, middle, room=20, size=0.8)
    return [own for _, own, radius in sorted(placed, key=lambda item: -item[2])]  # small dots on top


def _percentiles(strip: Strip, middle: float, scale: Scale) -> list[Mark]:
    p5, p25, p50, p75, p95 = (scale(100 * q / strip.mean) for q in strip.quantiles)
    return [
        Bar(p5, middle - 2, p95 - p5, 4, QUIET, FADE),
        Bar(p25, middle - 8, p75 - p25, 16, QUIET, FADE),
        Line(((p50, middle - 11), (p50, middle + 11)), INK, 2),
    ]
