"""A row for each thing: bars to both sides of zero, and intervals about a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import Scale, notes, ticks
from qb.charts.marks import Bar, Dot, Line, Mark, Word
from qb.charts.phrases import phrase
from qb.charts.style import ACCENT, ALARM, FADE, INK, QUIET, RULE, WIDTH, label, plain, shorten, span
from qb.terms import Verdict

MOST = 250.0  # room for a row's label


def diverging(
    labels: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    caption: Caption,
    sides: tuple[str, str],
    notes_below: Sequence[str] = (),
) -> Chart:
    """Show amounts to the left and to the right of zero, a bar for each row.

    Parameters
    ----------
    labels, values, texts : sequences of the same length
        A row's name, its amount (below zero to the left) and that amount in words.
    caption : Caption
    sides : pair of str
        What left and right mean, above the bars.
    notes_below : sequence of str
    """
    values = np.asarray(values, float)
    table = pd.DataFrame({caption.word("where"): list(labels), caption.word("value"): values})
    if not len(values):
        return blank(caption, table)
    row, head = 27, 30
    start = 12 + min(MOST, max(span(shorten(text, MOST)) for text in labels))
    left, right = (
        max((span(text) + 10 for text, v in zip(texts, values, strict=True) if (v < 0) == low), default=0)
        for low in (True, False)
    )
    down, up = min(values.min(), 0.0), max(values.max(), 0.0)
    scale = Scale(down, up if up > down else down + 1, start + left, WIDTH - right)
    zero, base = scale(0), head + row * len(values)
    marks: list[Mark] = []
    for k, (name, value, text) in enumerate(zip(labels, values, texts, strict=True)):
        y, at, low = head + row * (k + 0.5), scale(value), value < 0
        colour, opacity = (ACCENT, 1.0) if low else (QUIET, FADE)
        marks += [
            Word(start - 10, y + 5, shorten(name, MOST), anchor="end"),
            Bar(min(at, zero), y - 8, abs(at - zero), 16, colour, opacity),
            Word(at - 6 if low else at + 6, y + 5, text, anchor="end" if low else "start"),
        ]
    marks.append(Line(((zero, head - 6), (zero, base)), INK, 1))
    marks += _sides(zero, *sides, down < 0, up > 0)
    written, height = notes(notes_below, base + 2)
    return Chart(caption, (*marks, *written), height, table)


def _sides(zero: float, left: str, right: str, has_left: bool, has_right: bool) -> list[Mark]:
    """What left and right mean, beside zero where they fit; only of the sides that have bars."""
    left, right = f"← {left}" if has_left else "", f"{right} →" if has_right else ""
    start = min(max(zero + 8, span(left) + 16), WIDTH - span(right))
    end = max(min(zero - 8, start - 16), span(left))
    return [
        Word(end, 16, left, ACCENT, bold=True, anchor="end"),
        Word(start, 16, right, QUIET, bold=True),
    ]


def intervals(
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    texts: Sequence[str],
    *,
    limits: Sequence[float],
    over: Sequence[bool],
    crosses: Sequence[bool],
    caption: Caption,
    others: Sequence[Sequence[float]] = (),
    notes_below: Sequence[str] = (),
) -> Chart:
    """Show coefficients with the range in which each may lie, a row for each thing.

    Parameters
    ----------
    labels, values, low, high, texts : sequences of the same length
        NaN: no data, said in words. `texts` stand at the right end; where the range contains the limit
        they are bold.
    limits : sequence of float
        Of each coefficient, one upright line; NaN: the standard has none.
    over, crosses : sequences of bool
        Which coefficients are above their limit, and which ranges contain it.
    caption : Caption
    others : sequence of sequences, optional
        Further points of each row.
    notes_below : sequence of str
    """
    frame = np.column_stack([np.asarray(x, float) for x in (values, low, high)])
    table = pd.DataFrame(frame, index=list(labels), columns=["value", "low", "high"])
    if not np.isfinite(frame).any():
        return blank(caption, table)
    capped = [float(limit) for limit in dict.fromkeys(limits) if limit == limit]
    grid = ticks(0, float(max(np.nanmax(frame), *capped, 0)), 5)
    row, head = (30 if len(frame) <= 20 else 21), 26
    start = 12 + min(MOST, max(span(shorten(text, MOST)) for text in labels))
    scale = Scale(grid[0], grid[-1], start + 6, WIDTH - max(map(span, texts)) - 14)
    base = head + row * len(frame)
    marks: list[Mark] = [Line(((scale(v), head), (scale(v), base)), RULE, 0.8) for v in grid]
    marks += [Word(scale(v), base + 18, plain(v), QUIET, anchor="middle") for v in grid]
    for limit in capped:
        marks += [
            Line(((scale(limit), head), (scale(limit), base)), INK, 1.3, dashed=True),
            Word(scale(limit), 18, phrase(caption, "limit", limit), bold=True, anchor="middle"),
        ]
    for k, (name, text) in enumerate(zip(labels, texts, strict=True)):
        y = head + row * (k + 0.5)
        marks.append(Word(start - 6, y + 5, shorten(name, MOST), anchor="end"))
        if np.isfinite(frame[k]).all():
            marks += _interval(*frame[k], others[k] if others else (), y, scale, bool(over[k]))
            marks.append(Word(WIDTH, y + 5, text, bold=bool(crosses[k]), anchor="end"))
        else:
            marks.append(Word(start + 10, y + 5, label(Verdict.NO_DATA, caption.lang), QUIET))
    written, height = notes(notes_below, base + 22)
    return Chart(caption, (*marks, *written), height, table)


def _interval(
    value: float, low: float, high: float, others: Sequence[float], y: float, scale: Scale, over: bool
) -> list[Mark]:
    colour = ALARM if over else ACCENT
    return [
        Line(((scale(low), y), (scale(high), y)), colour, 3),
        *(Dot(scale(v), y, 3, QUIET, opacity=FADE) for v in others),
        Dot(scale(value), y, 5.5, colour, "diamond" if over else "circle"),
    ]
