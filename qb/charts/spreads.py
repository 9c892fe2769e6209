"""How far schools stand from the mean, a row for each resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.dots import EDGE, dot, largest, radii, swarm
from qb.charts.layout import Scale, notes, row_label, ticks
from qb.charts.marks import Bar, Line, Mark, Word
from qb.charts.phrases import phrase
from qb.charts.style import ALARM, FADE, INK, QUIET, RULE, WIDTH, clean, share
from qb.terms import Verdict

MANY = 300  # more schools than these are drawn as percentiles
TOLD = 120  # dots say their names up to so many schools
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
    marks += (_percentiles if len(strip.values) > MANY else _dots)(strip, middle, scale)
    standard = 100 * strip.limit / strip.mean
    if scale.low <= standard <= scale.high:
        at = scale(standard)
        marks.append(Line(((at, middle - 15), (at, middle + 15)), INK, 3.2))
    text = f"{strip.coefficient:.{decimals}f}" + (" ↑" if strip.over else "")
    colour = ALARM if strip.over else INK
    return [*marks, Word(WIDTH, middle + 5, text, colour, bold=strip.over, anchor="end")]


def _dots(strip: Strip, middle: float, scale: Scale) -> list[Mark]:
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
