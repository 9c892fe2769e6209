"""Figures made of bars: shortfalls, class sizes, how complete the tables are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import Scale, notes, ticks
from qb.charts.marks import Bar, Line, Mark, Word
from qb.charts.style import ACCENT, ALARM, FADE, INK, QUIET, RULE, WIDTH, label, plain, share, shorten, span
from qb.terms import Verdict


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
    row, start = 30, 14 + min(240.0, max(span(shorten(text, 240)) for text in labels))
    texts = [f"{plain(v, decimals)} {unit}" if there else "" for v, there in zip(values, finite, strict=True)]
    scale = Scale(0, max(values[finite].max(), 1e-12), start, WIDTH - 14 - max(map(span, texts)))
    marks: list[Mark] = [Line(((start, 0), (start, row * len(values))), RULE)]
    for k, (name, value, text) in enumerate(zip(labels, values, texts, strict=True)):
        y = row * (k + 0.5)
        marks.append(Word(start - 8, y + 5, shorten(name, 240), anchor="end"))
        if not text or value <= 0:
            absent = word("no shortfall") if text else label(Verdict.NO_DATA, caption.lang)
            marks.append(Word(start + 6, y + 5, absent, QUIET))
            continue
        colour, opacity = (ACCENT, 1.0) if k == first else (QUIET, FADE)
        marks.append(Bar(start, y - 9, scale(value) - start, 18, colour, opacity))
        marks.append(Word(scale(value) + 6, y + 5, text, bold=k == first))
    return Chart(caption, tuple(marks), row * len(values) + 4, table)


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
    left, base = 40, 200
    grid = [v for v in ticks(0, counts.max(), 4) if v == int(v)]
    across, rise = Scale(low - 0.5, high + 0.5, left, WIDTH), Scale(0, grid[-1], base, 44)
    marks: list[Mark] = [Line(((left, rise(v)), (WIDTH, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(left - 8, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    wide = (WIDTH - left) / (high - low + 1) * 0.84
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
        beside = before and at + 6 + span(text) <= WIDTH
        x, y, anchor = (at + 6, 18, "start") if beside else (WIDTH, 36, "end")
        marks.append(Word(x, y, text, ALARM, bold=True, anchor=anchor, halo=True))
    room = left + span(word("class size"))
    marks += [
        Word(across(v), base + 20, plain(v), QUIET, anchor="middle")
        for v in ticks(low, high, 8)
        if v == int(v) and low < v < high and across(v) > room
    ]
    absent = len(given) - len(sizes)
    text = word("list", label(Verdict.NO_DATA, caption.lang), word("n classes", absent))
    written, height = notes([text] if absent else [], base + 24)
    return Chart(caption, (*marks, *written), height, table)


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
    start, row, number = 24 + min(200.0, max(span(shorten(name, 200)) for name in filled.index)), 30, 60
    wide = (WIDTH - start) / filled.shape[1]
    room = wide - 14
    marks: list[Mark] = [
        Word(start + wide * k, 14, str(year), QUIET) for k, year in enumerate(filled.columns)
    ]
    for n, name in enumerate(filled.index):
        y = 24 + row * n
        marks.append(Word(0, y + 18, shorten(name, start - 12)))
        for k, value in enumerate(filled.iloc[n]):
            x = start + wide * k
            if not math.isfinite(value):
                marks.append(Word(x, y + 18, shorten(caption.word("no table"), room), QUIET))
                continue
            scale = Scale(0, 1, 0, room - number)
            marks += [
                Bar(x, y + 8, scale(1), 11, RULE),
                Bar(x, y + 8, scale(value), 11, QUIET if value >= 1 else ACCENT),
                # 99.9 % is not yet 100 %
                Word(x + room - number + 6, y + 18, f"{share(100 * value)} %", bold=value < 1),
            ]
    return Chart(caption, tuple(marks), 28 + row * len(filled), filled)
