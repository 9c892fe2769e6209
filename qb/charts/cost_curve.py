"""What something costs as a limit tightens; and the schools without and with what is bought."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.layout import EDGE, LINE, Scale, dot, largest, notes, radii, row_label, states, swarm, ticks
from qb.charts.primitives import Dot, Line, Mark, Word
from qb.charts.strip_plots import TOLD
from qb.charts.style import ACCENT, ALARM, INK, QUIET, RULE, WIDTH, clean, plain, share, span
from qb.terms import Verdict

TOP, DEEP = 30, 230


@redrawn
def cost_curve(
    caps: Sequence[float],
    costs: Sequence[float],
    *,
    caption: Caption,
    labels: tuple[str, str],
    impossible: Mapping[float, str] | None = None,
    limits: Mapping[str, float] | None = None,
    decimals: int = 0,
) -> Chart:
    """Show the cost against a cap, which tightens from left to right.

    Parameters
    ----------
    caps, costs : sequence of float
        One cost a cap; missing where there is none.
    caption : Caption
    labels : (str, str)
        What the caps and the costs are, with their units.
    impossible : mapping of cap to words, optional
        Said where a cost is missing.
    limits : mapping of words to cap, optional
        Dashed lines, as ``{"小学限值": 0.5}``.
    decimals : int
        Of the costs.
    """
    caps, values = np.asarray(caps, float), np.asarray(costs, float)
    order = np.argsort(-caps, kind="stable")
    caps, values = caps[order], values[order]
    table = pd.DataFrame({labels[1]: values}, index=pd.Index(caps, name=labels[0]))
    known = np.isfinite(values)
    if not known.any():
        return blank(caption, table)
    grid = ticks(0.0, float(values[known].max()) or 1.0, 4)
    base = TOP + DEEP
    left = 14 + max(span(plain(v)) for v in grid)
    start, end = left + 36, WIDTH - 36
    rise = Scale(grid[0], grid[-1], base, TOP)

    def across(cap: float) -> float:
        return start + (caps[0] - cap) / (caps[0] - caps[-1] or 1.0) * (end - start)

    marks: list[Mark] = [Line(((left, rise(v)), (WIDTH, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(left - 6, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    marks += [Word(across(cap), base + 20, f"{cap:.2f}", QUIET, anchor="middle") for cap in caps]
    marks += [
        Word(0, TOP - 16, labels[1], QUIET),
        Word(WIDTH, base + 40, labels[0], QUIET, anchor="end"),
    ]
    within = {text: across(cap) for text, cap in (limits or {}).items() if caps[-1] <= cap <= caps[0]}
    marks += [Line(((x, TOP), (x, base)), INK, 1.2, dashed=True) for x in within.values()]
    marks += [
        Word(x + 5, base - 10 - LINE * row, clean(text), halo=True)
        for row, (text, x) in enumerate(within.items())
    ]
    points = [(across(cap), rise(v)) for cap, v in zip(caps[known], values[known], strict=True)]
    if len(points) > 1:
        marks.append(Line(tuple(points), ACCENT, 2.5))
    for (x, y), cap, value in zip(points, caps[known], values[known], strict=True):
        text = plain(value, decimals)
        marks.append(Dot(x, y, 4.5, ACCENT, tip=f"{cap:.2f} {text}"))
        marks.append(Word(x, y - 10, text, ACCENT, anchor="middle", halo=True))
    words = impossible or {}
    marks += [
        Word(across(cap), base - 12, words[float(cap)], ALARM, anchor="middle", bold=True, halo=True)
        for cap in caps[~known]
        if float(cap) in words
    ]
    return Chart(caption, tuple(marks), base + 50, table)


@redrawn
def front(
    costs: Sequence[float],
    gains: Sequence[float],
    words: Sequence[str],
    *,
    caption: Caption,
    labels: tuple[str, str],
    best: Sequence[bool] | None = None,
) -> Chart:
    """Show what each sum of money buys: a dot a plan, with a word at it; the best of each sum are joined.

    Parameters
    ----------
    costs, gains : sequence of float
        What a plan costs, from left to right, and what it gains, upward.
    words : sequence of str
        What stands at each dot.
    caption : Caption
    labels : (str, str)
        What costs and gains are, with their units.
    best : sequence of bool, optional
        Which plans the line joins; all of them unless given.
    """
    costs, gains = np.asarray(costs, float), np.asarray(gains, float)
    joined = np.ones(len(costs), dtype=bool) if best is None else np.asarray(best, dtype=bool)
    table = pd.DataFrame({labels[0]: costs, labels[1]: gains}, index=pd.Index(words))
    if not len(costs):
        return blank(caption, table)
    across_grid, grid = ticks(0.0, float(costs.max()) or 1.0, 5), ticks(gains.min(), gains.max() or 1.0, 4)
    base = TOP + DEEP
    left = 14 + max(span(plain(v)) for v in grid)
    across = Scale(across_grid[0], across_grid[-1], left + 24, WIDTH - 60)
    rise = Scale(grid[0], grid[-1], base, TOP)
    marks: list[Mark] = [Line(((left, rise(v)), (WIDTH, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(left - 6, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    marks += [Word(across(v), base + 20, plain(v), QUIET, anchor="middle") for v in across_grid]
    marks += [Word(0, TOP - 16, labels[1], QUIET), Word(WIDTH, base + 40, labels[0], QUIET, anchor="end")]
    points = [(across(cost), rise(gain)) for cost, gain in zip(costs, gains, strict=True)]
    line = tuple(point for point, one in zip(points, joined, strict=True) if one)
    marks += [Line(line, ACCENT, 2.5)] if len(line) > 1 else []
    for (x, y), text, one in zip(points, words, joined, strict=True):
        marks.append(Dot(x, y, 4.5, ACCENT if one else QUIET, tip=clean(text)))
        if one:
            marks.append(Word(x, y - 10, clean(text), ACCENT, anchor="middle", halo=True))
    return Chart(caption, tuple(marks), base + 50, table)


@dataclass(frozen=True)
class Lane:
    """The schools at one time: percentages of the standard and verdicts, shape (schools, indicators).

    Attributes
    ----------
    name : str
        What the lane is called.
    ends : sequence of (str, bool)
        What stands at the right end of each indicator's lane, and whether it breaks a limit.
    """

    name: str
    percent: pd.DataFrame
    verdicts: pd.DataFrame
    ends: Sequence[tuple[str, bool]]


@redrawn
def before_after(
    lanes: tuple[Lane, Lane],
    pupils: Sequence[float],
    *,
    caption: Caption,
    right: str,
    floor: float = 85,
) -> Chart:
    """Show all schools on some indicators twice, one strip above the other.

    Parameters
    ----------
    lanes : two Lane
        With the same schools and indicators.
    pupils : sequence of float, shape (schools,)
        Areas of the dots.
    right : str
        What the words at the right end are.
    floor : float
        Lowest percentage allowed for one indicator.
    """
    table = pd.DataFrame(
        {
            caption.word("list", title, lane.name): lane.percent[title]
            for title in lanes[0].percent.columns
            for lane in lanes
        }
    )
    every = table.to_numpy(float)
    finite = every[np.isfinite(every)]
    if not len(finite):
        return blank(caption, table)
    low = min(50.0, 25 * math.floor(finite.min() / 25))
    high = float(np.clip(50 * math.ceil(np.quantile(finite, 0.9) / 50), 200, 400))
    start, end, row = 230, WIDTH - 112, 84
    scale = Scale(low, high, start, end)
    base = 26 + row * lanes[0].percent.shape[1]
    marks: list[Mark] = [
        Line(((scale(100), 18), (scale(100), base)), INK, 1.2),
        Line(((scale(floor), 18), (scale(floor), base)), INK, 1.2, dashed=True),
        Word(scale(100) + 3, 12, f"{caption.word('standard')} 100 %", bold=True),
        Word(scale(floor) - 3, 12, f"{floor:g} %", QUIET, anchor="end"),
        Word(WIDTH, 12, right, QUIET, anchor="end"),
        Line(((start - EDGE, base), (end + EDGE, base)), RULE),
    ]
    marks += [
        Word(scale(v), base + 16, f"{v:.0f} %", QUIET, anchor="middle")
        for v in ticks(low, high, 4)
        if low <= v <= high
    ]
    room = start - EDGE - 12 - max(span(lane.name) for lane in lanes) - 10
    for k, title in enumerate(lanes[0].percent.columns):
        top = 26 + row * k
        marks.append(Line(((0, top), (WIDTH, top)), RULE, 0.6))
        marks += row_label(title, top + row / 2, room)
        for part, lane in enumerate(lanes):
            middle = top + row * (0.27 + 0.46 * part)
            marks.append(Word(start - EDGE - 8, middle + 5, lane.name, QUIET, anchor="end"))
            marks.append(Line(((start - EDGE, middle), (end + EDGE, middle)), RULE, 0.6))
            marks += _dots(lane, k, pupils, scale, middle, row / 4 - 4)
            text, over = lane.ends[k]
            marks.append(Word(WIDTH, middle + 5, text, ALARM if over else QUIET, bold=over, anchor="end"))
    below = [caption.word("legend") + caption.word("dots")]
    beyond = every.reshape(len(every), -1, 2) > high  # a school that is off the scale in both lanes is one
    off = int(beyond.any(axis=2).sum())
    below += [caption.word("off scale", f"{high:.0f} %", off)] if off else []
    written, height = notes(below, base + 22)
    return Chart(caption, (*marks, *written), height, table)


def _dots(
    lane: Lane, k: int, pupils: Sequence[float], scale: Scale, middle: float, room: float
) -> list[Mark]:
    values = lane.percent.iloc[:, k].to_numpy(float)
    state: list[Verdict] = states(values, lane.verdicts.iloc[:, k])
    shown = np.flatnonzero(np.isfinite(values))
    x = np.array([scale(values[i]) for i in shown])
    radius = radii(np.asarray(pupils, float)[shown], largest(len(shown)) * 0.6)
    lift = swarm(x, radius, room)
    marks: list[Mark] = []
    for place, i in enumerate(shown):
        name = clean(lane.percent.index[i])
        tip = f"{name} {share(values[i])} %" if len(shown) <= TOLD else ""
        beyond = bool(values[i] > scale.high)
        marks.append(dot(x[place], middle + lift[place], radius[place], state[i], tip, beyond=beyond))
    return marks
