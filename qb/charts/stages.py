"""All schools of a stage on all indicators: a strip for each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.dots import EDGE, dot, largest, radii, swarm
from qb.charts.layout import (
    LINE,
    Scale,
    notes,
    row_label,
    states,
    ticks,
)
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.style import (
    ACCENT,
    ALARM,
    INK,
    QUIET,
    RULE,
    WIDTH,
    clean,
    floored,
    label,
)
from qb.terms import Verdict

TOLD = 120  # dots say their names up to so many schools in a row; more would make the page heavy


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
    values = percent.to_numpy(float)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return blank(caption, percent)
    low = min(50.0, 25 * math.floor(finite.min() / 25))
    high = float(np.clip(50 * math.ceil(np.quantile(finite, 0.9) / 50), 200, 400))
    start, end, row = 190, WIDTH - 112, 48
    scale = Scale(low, high, start, end)
    base = 26 + row * values.shape[1]
    marks: list[Mark] = [
        Line(((scale(100), 18), (scale(100), base)), INK, 1.2),
        Line(((scale(floor), 18), (scale(floor), base)), INK, 1.2, dashed=True),
        Word(scale(100) + 3, 12, f"{caption.word('standard')} 100 %", bold=True),
        Word(scale(floor) - 3, 12, f"{floor:g} %", QUIET, anchor="end"),
        Line(((start - EDGE, base), (end + EDGE, base)), RULE),
    ]
    marks += [
        Word(scale(v), base + 16, f"{v:.0f} %", QUIET, anchor="middle")
        for v in ticks(low, high, 4)
        if low <= v <= high
    ]
    for k, title in enumerate(percent.columns):
        state = states(values[:, k], verdicts.iloc[:, k])
        middle = 26 + row * (k + 0.5)
        marks.append(Line(((start - EDGE, middle), (end + EDGE, middle)), RULE, 0.6))
        marks += row_label(title, middle, start - 22)
        marks += _row(values[:, k], pupils, percent.index, state, scale, middle, row / 2 - 5, highlight)
        marks += _tally(state, values[:, k], highlight, caption, middle)
    legend = caption.word("legend") + caption.word("dots")
    own = [] if highlight is None else [caption.word("own", clean(percent.index[highlight]))]
    below = ["".join([*own, legend])]
    off = int((finite > high).sum())
    below += [caption.word("off scale", f"{high:.0f} %", off)] if off else []
    written, height = notes(below, base + 22)
    return Chart(caption, (*marks, *written), height, percent)


def _row(
    values: np.ndarray,
    pupils: Sequence[float],
    names: Sequence[str],
    state: list[Verdict],
    scale: Scale,
    middle: float,
    room: float,
    highlight: int | None,
) -> list[Mark]:
    """The dots of one row of `strips`."""
    shown = np.flatnonzero(np.isfinite(values))
    x = np.array([scale(values[i]) for i in shown])
    radius = radii(np.asarray(pupils, float)[shown], largest(len(shown)) * 0.6)
    lift = swarm(x, radius, room)
    marks: list[Mark] = []
    for k, i in enumerate(shown):
        tip = f"{clean(names[i])} {floored(values[i])} %" if len(shown) <= TOLD else ""
        beyond = bool(values[i] > scale.high)
        marks.append(dot(x[k], middle + lift[k], radius[k], state[i], tip, beyond=beyond))
        if i == highlight:
            marks.append(Dot(x[k], middle + lift[k], radius[k] + 3, ACCENT, "ring"))
    return marks


def _tally(
    state: list[Verdict], values: np.ndarray, highlight: int | None, caption: Caption, middle: float
) -> list[Mark]:
    """What stands at the right end of a row: the school's own percentage, or how many fail."""
    if highlight is not None:
        own = label(state[highlight], caption.lang)
        share = f"{floored(values[highlight])} %" if np.isfinite(values[highlight]) else ""
        fails = state[highlight] is Verdict.FAIL
        text = f"{share} {own}" if fails else share or own
        colour = ALARM if fails else ACCENT if share else QUIET
        return [Word(WIDTH, middle + 5, text, colour, bold=fails, anchor="end")]
    fails, absent = state.count(Verdict.FAIL), state.count(Verdict.NO_DATA)
    parts = [(caption.word("n fail", fails), ALARM)] if fails else []
    parts += [(caption.word("n missing", absent), QUIET)] if absent else []
    parts = parts or [(caption.word("all pass"), QUIET)]
    first = middle + 5 - (len(parts) - 1) * LINE / 2
    return [
        Word(WIDTH, first + LINE * k, text, colour, bold=colour is ALARM, anchor="end")
        for k, (text, colour) in enumerate(parts)
    ]
