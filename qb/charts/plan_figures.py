"""Figures of plans: cost against a tightening cap, what each sum of money buys, schools before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import (
    EDGE,
    LINE,
    NamedRows,
    Scale,
    crossed,
    dots_of,
    feet,
    grid,
    notes,
    states,
    ticks,
)
from qb.charts.marks import ACCENT, ALARM, INK, QUIET, RULE, Dot, Line, Mark, Word, clean, plain, span
from qb.charts.strip_plots import limited, scale_of, scale_of_standard

TOP, DEEP = 30, 230
LANE = 42  # how high the schools at one time are


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
    steps = ticks(0.0, float(values[known].max()) or 1.0, 4)
    base = TOP + DEEP
    left = 14 + max(span(plain(v)) for v in steps)
    start, end = left + 36, caption.width - 36
    rise = Scale(steps[0], steps[-1], base, TOP)

    def across(cap: float) -> float:
        return start + (caps[0] - cap) / (caps[0] - caps[-1] or 1.0) * (end - start)

    marks: list[Mark] = grid(steps, rise, left, caption.width)
    marks += feet([across(cap) for cap in caps], [f"{cap:.2f}" for cap in caps], base + 20)
    marks += [
        Word(0, TOP - 16, labels[1], QUIET),
        Word(caption.width, base + 40, labels[0], QUIET, anchor="end"),
    ]
    within = {text: across(cap) for text, cap in (limits or {}).items() if caps[-1] <= cap <= caps[0]}
    uprights = [Line(((x, TOP), (x, base)), INK, 1.2, dashed=True) for x in within.values()]
    marks += uprights
    for row, (text, x) in enumerate(within.items()):
        right = Word(x + 5, base - 10 - LINE * row, clean(text), halo=True)
        aside = replace(right, x=x - 5, anchor="end")
        marks.append(aside if crossed(right, uprights) and not crossed(aside, uprights) else right)
    points = [(across(cap), rise(v)) for cap, v in zip(caps[known], values[known], strict=True)]
    if len(points) > 1:
        marks.append(Line(tuple(points), ACCENT, 2.5))
    texts = [plain(value, decimals) for value in values[known]]
    marks += [
        Dot(x, y, 4.5, ACCENT, tip=f"{cap:.2f} {text}")
        for (x, y), cap, text in zip(points, caps[known], texts, strict=True)
    ]
    changed = [text if k == 0 or text != texts[k - 1] else "" for k, text in enumerate(texts)]
    marks += _beside(points, changed, [mark for mark in marks if isinstance(mark, Line)])
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
    across_steps = ticks(0.0, float(costs.max()) or 1.0, 3 if caption.narrow else 5)
    steps = ticks(gains.min(), gains.max() or 1.0, 4)
    base = TOP + DEEP
    left = 14 + max(span(plain(v)) for v in steps)
    across = Scale(across_steps[0], across_steps[-1], left + 24, caption.width - 60)
    rise = Scale(steps[0], steps[-1], base, TOP)
    marks: list[Mark] = grid(steps, rise, left, caption.width)
    marks += feet([across(v) for v in across_steps], [plain(v) for v in across_steps], base + 20)
    marks += [
        Word(0, TOP - 16, labels[1], QUIET),
        Word(caption.width, base + 40, labels[0], QUIET, anchor="end"),
    ]
    points = [(across(cost), rise(gain)) for cost, gain in zip(costs, gains, strict=True)]
    line = tuple(point for point, one in zip(points, joined, strict=True) if one)
    marks += [Line(line, ACCENT, 2.5)] if len(line) > 1 else []
    marks += [
        Dot(x, y, 4.5, ACCENT if one else QUIET, tip=clean(text))
        for (x, y), text, one in zip(points, words, joined, strict=True)
    ]
    marks += _beside(line, [clean(text) for text, one in zip(words, joined, strict=True) if one])
    return Chart(caption, tuple(marks), base + 50, table)


def _beside(
    points: Sequence[tuple[float, float]], texts: Sequence[str], lines: Sequence[Line] = ()
) -> list[Mark]:
    """Return the words above points, the last first; one that would cover another, or a line, is left to the table."""
    taken: list[tuple[float, float, float, float]] = []
    out: list[Mark] = []
    for (x, y), text in reversed(list(zip(points, texts, strict=True))):
        half = span(text) / 2
        for middle in (x, x - half - 6, x + half + 6) if text else ():
            box = (middle - half, y - 23, middle + half, y - 7)
            word = Word(middle, y - 10, text, ACCENT, anchor="middle", halo=True)
            free = all(box[2] <= a or box[0] >= c or box[3] <= b or box[1] >= d for a, b, c, d in taken)
            if free and not crossed(word, lines):
                taken.append(box)
                out.append(word)
                break
    return out


@dataclass(frozen=True)
class Lane:
    """The schools at one time: percentages of the standard and verdicts, shape (schools, indicators)."""

    name: str  # what the lane is called
    percent: pd.DataFrame
    verdicts: pd.DataFrame
    # What stands at the right end of each indicator's lane, and whether it breaks a limit.
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
    names = [lane.name for lane in lanes]
    rows = NamedRows(caption, 26, 2 * (LANE + (LINE if caption.narrow else 0)), 0 if caption.narrow else 230)
    count = lanes[0].percent.shape[1]
    scale, base = scale_of(every, rows), rows.base(count)
    marks = scale_of_standard(scale, floor, rows, count, any(limited(lane.verdicts) for lane in lanes))
    marks += [] if caption.narrow else [Word(caption.width, 12, right, QUIET, anchor="end")]
    room = EDGE + 22 + max(map(span, names))
    for k, title in enumerate(lanes[0].percent.columns):
        marks.append(Line(((0, rows.base(k)), (caption.width, rows.base(k))), RULE, 0.6))
        marks += rows.name(k, title, gap=room, anchor="start")
        high = rows.pitch / 2
        for part, lane in enumerate(lanes):
            top = rows.top(k) + high * part
            middle = top + (high + (LINE if caption.narrow else 0)) / 2
            y = top + 12 if caption.narrow else middle + 5
            text, over = lane.ends[k]
            values, schools = lane.percent.iloc[:, k].to_numpy(float), list(lane.percent.index)
            state = states(values, lane.verdicts.iloc[:, k])
            dots = dots_of(values, pupils, schools, state, scale, middle, room=LANE / 2 - 4)
            marks += [
                Word(0, y, lane.name, QUIET, halo=True)
                if caption.narrow
                else Word(rows.start - EDGE - 8, y, lane.name, QUIET, anchor="end"),
                Line(((scale.start - EDGE, middle), (scale.end + EDGE, middle)), RULE, 0.6),
                *(own for _, own, _ in dots),
                Word(caption.width, y, text, ALARM if over else QUIET, bold=over, anchor="end"),
            ]
    below = [caption.word("right end", right)] * caption.narrow
    below += [caption.word("legend") + caption.word("dots")]
    beyond = (
        every.reshape(len(every), -1, 2) > scale.high
    )  # a school that is off the scale in both lanes is one
    off = int(beyond.any(axis=2).sum())
    below += [caption.word("off scale", f"{scale.high:.0f}%", off)] if off else []
    written, height = notes(below, base + 22, caption)
    return Chart(caption, (*marks, *written), height, table)
