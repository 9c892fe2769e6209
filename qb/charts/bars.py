"""Figures made of bars: shortfalls, class sizes, rooms, completeness, bars to both sides of zero,
intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import NamedRows, Scale, feet, grid, notes, ticks
from qb.charts.marks import (
    ACCENT,
    ALARM,
    FADE,
    INK,
    QUIET,
    RULE,
    Bar,
    Dot,
    Line,
    Mark,
    Word,
    label,
    plain,
    share,
    shorten,
    span,
)
from qb.terms import Verdict

# Figures made of bars: shortfalls, class sizes, how complete the tables are.


@redrawn
def shortfall_bars(
    labels: Sequence[str],
    amounts: Sequence[float],
    unit: str,
    *,
    caption: Caption,
    highlight: int | None = None,
    decimals: int | None = None,
) -> Chart:
    """Show how much is lacking, a bar for each school, department or indicator, in the order given.

    Parameters
    ----------
    labels, amounts : sequences of the same length
        0 is written as no shortfall; NaN as no data.
    unit : str
        Written after each amount.
    caption : Caption
        The sentences around the figure.
    highlight : int, optional
        Position of the bar to be read first; the largest where it is left out.
    decimals : int, optional
        Decimals in print.
    """
    values = np.asarray(amounts, float)
    word = caption.word
    table = pd.DataFrame({word("where"): list(labels), f"{word('amount')} ({unit})": values})
    finite = np.isfinite(values)
    if not finite.any():
        return blank(caption, table)
    first = int(np.nanargmax(np.where(finite, values, np.nan))) if highlight is None else highlight
    rows = NamedRows.named(caption, labels, 240, 0, 30, 14)
    texts = [f"{plain(v, decimals)} {unit}" if there else "" for v, there in zip(values, finite, strict=True)]
    end = caption.width - 14 - max(map(span, texts))
    scale, base = Scale(0, max(values[finite].max(), 1e-12), rows.start, end), rows.base(len(values))
    marks: list[Mark] = [Line(((rows.start, 0), (rows.start, base)), RULE)]
    for k, (name, value, text) in enumerate(zip(labels, values, texts, strict=True)):
        y = rows.middle(k)
        marks += rows.name(k, name)
        if not text or value <= 0:
            absent = word("no shortfall") if text else label(Verdict.NO_DATA, caption.lang)
            marks.append(Word(rows.start + 6, y + 5, absent, QUIET))
            continue
        colour, opacity = (ACCENT, 1.0) if k == first else (QUIET, FADE)
        marks.append(Bar(rows.start, y - 9, scale(value) - rows.start, 18, colour, opacity))
        marks.append(Word(scale(value) + 6, y + 5, text, bold=k == first))
    return Chart(caption, tuple(marks), base + 4, table)


@redrawn
def classes(sizes: Sequence[float], limit: float, *, over: Sequence[bool], caption: Caption) -> Chart:
    """Show how large the classes are: a bar for each size, those above the limit stand out.

    Parameters
    ----------
    sizes : sequence of float
        Pupils of each class; missing ones are counted in words.
    limit : float
        Most pupils allowed in a class.
    over : sequence of bool
        Which classes are above it.
    caption : Caption
        The sentences around the figure.
    """
    given = np.asarray(sizes, float)
    sizes, above = given[np.isfinite(given)], np.asarray(over, bool)[np.isfinite(given)]
    word = caption.word
    whole, counts = np.unique(sizes.astype(int), return_counts=True)
    table = pd.DataFrame({word("class size"): whole, word("classes"): counts})
    if not len(sizes):
        return blank(caption, table)
    low, high = min(whole[0], math.floor(limit)) - 1, max(whole[-1], math.ceil(limit)) + 1
    left, base, width = 40, 200, caption.width
    levels = [v for v in ticks(0, counts.max(), 4) if v == int(v)]
    across, rise = Scale(low - 0.5, high + 0.5, left, width), Scale(0, levels[-1], base, 44)
    marks = grid(levels, rise, left, width)
    wide = (width - left) / (high - low + 1) * 0.84
    for size, count in zip(whole, counts, strict=True):
        colour, opacity = (ALARM, 1.0) if above[sizes.astype(int) == size].any() else (QUIET, FADE)
        marks.append(Bar(across(size) - wide / 2, rise(count), wide, base - rise(count), colour, opacity))
    at = across(math.floor(limit) + 0.5)
    marks += [
        Line(((at, 6), (at, base)), INK, 1.2),
        Word(0, 32, word("classes"), QUIET),
        Word(0, base + 20, word("class size"), QUIET),
    ]
    text, count = f"{word('limit')} {word('people', plain(limit))}", int(above.sum())
    before = at - 6 - span(text) >= 0
    x, anchor = (at - 6, "end") if before else (at + 6, "start")
    marks.append(Word(x, 18, text, bold=True, anchor=anchor, halo=True))
    if count:
        text = word("n above", count)
        beside = before and at + 6 + span(text) <= width
        # In the line below where it does not fit beside, on the same side of the limit's line.
        x, y, anchor = (at + 6, 18, "start") if beside else (x, 36, anchor)
        marks.append(Word(x, y, text, ALARM, bold=True, anchor=anchor, halo=True))
    room = left + span(word("class size"))
    marks += [
        Word(across(v), base + 20, plain(v), QUIET, anchor="middle")
        for v in ticks(low, high, 4 if caption.narrow else 8)
        if v == int(v) and low < v < high and across(v) > room
    ]
    absent = len(given) - len(sizes)
    text = word("list", label(Verdict.NO_DATA, caption.lang), word("n classes", absent))
    written, height = notes([text] if absent else [], base + 24, caption)
    return Chart(caption, (*marks, *written), height, table)


@redrawn
def completeness(filled: pd.DataFrame, *, caption: Caption) -> Chart:
    """Show how much of each table was filled in, year by year.

    Parameters
    ----------
    filled : DataFrame, shape (tables, years)
        From 0 to 1; NaN where there is no such table.
    caption : Caption
        The sentences around the figure.
    """
    if filled.empty or not np.isfinite(filled.to_numpy(float)).any():
        return blank(caption, filled)
    rows = NamedRows.named(caption, list(filled.index), 200, 24, 30, 24)
    number, wide = 60, (caption.width - rows.start) / filled.shape[1]
    room = wide - 14
    marks: list[Mark] = [
        Word(rows.start + wide * k, 14, str(year), QUIET) for k, year in enumerate(filled.columns)
    ]
    for n, name in enumerate(filled.index):
        y = rows.middle(n) - 13
        marks += rows.name(n, name, gap=12, anchor="start")
        for k, value in enumerate(filled.iloc[n]):
            x = rows.start + wide * k
            if not math.isfinite(value):
                marks.append(Word(x, y + 18, shorten(caption.word("no table"), room), QUIET))
                continue
            # 99.9% is not yet 100%
            text, bar = f"{share(100 * value)}%", room - number
            if bar > 12:
                scale = Scale(0, 1, 0, bar)
                marks += [
                    Bar(x, y + 8, scale(1), 11, RULE),
                    Bar(x, y + 8, scale(value), 11, QUIET if value >= 1 else ACCENT),
                ]
                x += bar + 6
            marks.append(Word(x, y + 18, text, bold=value < 1))
    return Chart(caption, tuple(marks), rows.base(len(filled)) + 4, filled)


# How large rooms of one kind are, against the area that each must have.


STEP, ROOMS_MOST = 5.0, 36  # m² of a bar, and the most bars that a panel has room for
TOP, HIGH, FOOT, LEFT = 46, 96, 44, 40


@redrawn
def rooms(panels: Mapping[str, tuple[Sequence[float], float, Sequence[bool]]], *, caption: Caption) -> Chart:
    """Show the areas of rooms, a panel for each kind; bars below the standard stand out.

    Parameters
    ----------
    panels : mapping of kind to (areas in m², the least area that counts, which areas are below it)
        Missing areas are counted in words. A bar begins at the standard, so none is cut by it.
    caption : Caption
    """
    given = {
        kind: (np.asarray(areas, float), limit, np.asarray(below, bool))
        for kind, (areas, limit, below) in panels.items()
    }
    shown = {
        kind: (areas[np.isfinite(areas)], limit, below[np.isfinite(areas)])
        for kind, (areas, limit, below) in given.items()
    }
    shown = {kind: panel for kind, panel in shown.items() if len(panel[0])}
    if not shown:
        return blank(caption)
    low = min(min(areas.min(), limit) for areas, limit, _ in shown.values())
    high = max(max(areas.max(), limit) for areas, limit, _ in shown.values())
    step = STEP * math.ceil((high - low) / STEP / ROOMS_MOST)
    across = Scale(low - step, high + step, LEFT, caption.width)
    marks: list[Mark] = []
    for place, (kind, (areas, limit, below)) in enumerate(shown.items()):
        marks += _panel(kind, areas, limit, below, step, across, place * (TOP + HIGH + FOOT), caption)
    counts = [
        (kind, limit + place * step, count)
        for kind, (areas, limit, _) in shown.items()
        for place, count in zip(*np.unique(_bins(areas, limit, step), return_counts=True), strict=True)
    ]
    heads = [caption.word("where"), caption.word("rooms from", step), caption.word("rooms rooms")]
    table = pd.DataFrame(counts, columns=heads)
    absent = {kind: int((~np.isfinite(areas)).sum()) for kind, (areas, _, _) in given.items()}
    gone = [f"{kind} {count}" for kind, count in absent.items() if count]
    text = caption.word("list", label(Verdict.NO_DATA, caption.lang), caption.word("comma").join(gone))
    written, height = notes([text] if gone else [], len(shown) * (TOP + HIGH + FOOT) - 12, caption)
    return Chart(caption, (*marks, *written), height, table)


def _panel(
    kind: str,
    areas: np.ndarray,
    limit: float,
    small: np.ndarray,
    step: float,
    across: Scale,
    top: float,
    caption: Caption,
) -> list[Mark]:
    """One kind of room: its bars, its standard, and how many are below it."""
    bins, counts = np.unique(_bins(areas, limit, step), return_counts=True)
    base = top + TOP + HIGH
    levels = [v for v in ticks(0, counts.max(), 3) if v == int(v)]
    rise, width = Scale(0, levels[-1], base, top + TOP), caption.width
    marks = grid(levels, rise, LEFT, width)
    for place, count in zip(bins, counts, strict=True):
        left, right = across(limit + place * step), across(limit + (place + 1) * step)
        colour, opacity = (ALARM, 1.0) if place < 0 else (QUIET, FADE)
        marks.append(Bar(left + 1, rise(count), right - left - 2, base - rise(count), colour, opacity))
    at, below = across(limit), int(small.sum())
    text = caption.word("rooms limit", plain(limit))
    after = at + 6 + span(text) <= width
    marks += [
        Word(0, top + 16, caption.word("rooms all", kind, len(areas)), bold=True),
        Line(((at, top + 26), (at, base)), INK, 1.2),
        Word(
            at + 6 if after else at - 6,
            top + 38,
            text,
            bold=True,
            anchor="start" if after else "end",
            halo=True,
        ),
    ]
    if below:
        text = caption.word("rooms below", below)
        marks.append(Word(width, top + 16, text, ALARM, bold=True, anchor="end"))
    area = caption.word("rooms area")
    steps = ticks(across.low, across.high, 4 if caption.narrow else 8)
    room = span(area) + 18
    marks += [
        Word(across(v), base + 18, plain(v), QUIET, anchor="middle")
        for v in steps
        if across.low < v < across.high and room < across(v) <= width - span(plain(v)) / 2
    ]
    return [*marks, Word(0, base + 18, area, QUIET)]


def _bins(areas: np.ndarray, limit: float, step: float) -> np.ndarray:
    """Return the place of each area's bar: 0 for the first at the standard, below 0 for those too small.

    >>> _bins(np.array([95.9, 96.0, 101.0]), 96, 5).tolist()
    [-1.0, 0.0, 1.0]
    """
    return np.floor((areas - limit) / step + 1e-9)


# A row for each thing: bars to both sides of zero, and intervals about a point.


ROWS_MOST = 250.0  # room for a row's label


@redrawn
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
    rows = NamedRows.named(caption, labels, ROWS_MOST, 30, 27, 12)
    left, right = (
        max((span(text) + 10 for text, v in zip(texts, values, strict=True) if (v < 0) == low), default=0)
        for low in (True, False)
    )
    down, up = min(values.min(), 0.0), max(values.max(), 0.0)
    scale = Scale(down, up if up > down else down + 1, rows.start + left, caption.width - right)
    zero, base = scale(0), rows.base(len(values))
    marks: list[Mark] = []
    for k, (name, value, text) in enumerate(zip(labels, values, texts, strict=True)):
        y, at, low = rows.middle(k), scale(value), value < 0
        colour, opacity = (ACCENT, 1.0) if low else (QUIET, FADE)
        marks += [
            *rows.name(k, name, gap=10),
            Bar(min(at, zero), y - 8, abs(at - zero), 16, colour, opacity),
            Word(at - 6 if low else at + 6, y + 5, text, anchor="end" if low else "start"),
        ]
    marks += rows.upright(zero, rows.head - 6, len(values))
    marks += _sides(caption.width, zero, *sides, down < 0, up > 0)
    written, height = notes(notes_below, base + 2, caption)
    return Chart(caption, (*marks, *written), height, table)


def _sides(width: float, zero: float, left: str, right: str, has_left: bool, has_right: bool) -> list[Mark]:
    """What left and right mean, beside zero where they fit; only of the sides that have bars."""
    left, right = f"← {left}" if has_left else "", f"{right} →" if has_right else ""
    start = min(max(zero + 8, span(left) + 16), width - span(right))
    end = max(min(zero - 8, start - 16), span(left))
    return [
        Word(end, 16, left, ACCENT, bold=True, anchor="end"),
        Word(start, 16, right, QUIET, bold=True),
    ]


@redrawn
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
    steps = ticks(0, float(max(np.nanmax(frame), *capped, 0)), 5)
    rows = NamedRows.named(caption, labels, ROWS_MOST, 26, 30 if len(frame) <= 20 else 21, 12)
    end = caption.width - (10 if caption.narrow else max(map(span, texts)) + 14)
    scale = Scale(steps[0], steps[-1], rows.start + 6, end)
    head, base = rows.head, rows.base(len(frame))
    marks: list[Mark] = [Line(((scale(v), head), (scale(v), base)), RULE, 0.8) for v in steps]
    marks += feet([scale(v) for v in steps], [plain(v) for v in steps], base + 18)
    for limit in capped:
        marks += [
            *rows.upright(scale(limit), head, len(frame), dashed=True),
            _inside(scale(limit), caption.word("limit of", limit), caption.width),
        ]
    for k, (name, text) in enumerate(zip(labels, texts, strict=True)):
        y = rows.middle(k)
        marks += rows.name(k, name, gap=6, beside=text)
        if np.isfinite(frame[k]).all():
            marks += _interval(*frame[k], others[k] if others else (), y, scale, bool(over[k]))
            marks.append(rows.end(k, text, bold=bool(crosses[k])))
        else:
            marks.append(Word(rows.start + 10, y + 5, label(Verdict.NO_DATA, caption.lang), QUIET))
    written, height = notes(notes_below, base + 22, caption)
    return Chart(caption, (*marks, *written), height, table)


def _inside(x: float, text: str, width: float) -> Word:
    """Return a word above a place, moved back where it would leave the drawing."""
    half = span(text) / 2 + 2
    return Word(min(max(x, half), width - half), 18, text, bold=True, anchor="middle")


def _interval(
    value: float, low: float, high: float, others: Sequence[float], y: float, scale: Scale, over: bool
) -> list[Mark]:
    colour = ALARM if over else ACCENT
    return [
        Line(((scale(low), y), (scale(high), y)), colour, 3),
        *(Dot(scale(v), y, 3, QUIET, opacity=FADE) for v in others),
        Dot(scale(value), y, 5.5, colour, "diamond" if over else "circle"),
    ]
