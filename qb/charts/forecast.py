"""Pupils of the years before and of those to come, with a low and a high path."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from qb.charts.areas import Area
from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import Scale, notes, spaced, ticks
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.style import ACCENT, INK, PAPER, QUIET, RULE, WIDTH, label, plain, shorten, span
from qb.terms import Verdict

TOP, HIGH, STEP = 24, 216, 17
# The few words that the figure adds by itself.
WORDS = {
    "zh": {"low": "低", "high": "高", "ahead": "推算", "band": "浅色带为低、高之间"},
    "en": {"low": "low", "high": "high", "ahead": "forecast", "band": "shaded: from low to high path"},
}


def outlook(
    course: pd.DataFrame, base: int, *, caption: Caption, limits: Mapping[str, float] | None = None
) -> Chart:
    """Show pupils over the years: as they were, and as they are forecast.

    Parameters
    ----------
    course : DataFrame
        ``pupils, low, high`` by year, as :meth:`qb.forecast.Forecast.course` gives it: `low` and `high`
        are missing in the years before. A year without pupils breaks the line and is named below; a
        forecast without a band is drawn without one.
    base : int
        Last year that was; the later ones are forecast.
    caption : Caption
        The sentences around the figure.
    limits : mapping of words to value, optional
        Dashed lines, as ``{"满员 540": 540}``.
    """
    limits = dict(limits or {})
    table = course[["pupils", "low", "high"]].astype(float).sort_index()
    table.index.name = caption.word("year")
    known = table["pupils"].notna()
    if not known.any():
        return blank(caption, table)
    words, years = WORDS[caption.lang], [int(year) for year in table.index]
    ahead = table[table["low"].notna()]
    values = table.to_numpy()
    every = np.concatenate([values[np.isfinite(values)], list(limits.values())])
    low = 0.0 if every.min() < every.max() / 2 else float(every.min())
    grid = ticks(low, float(every.max()), 4)
    last = table[known].iloc[-1]
    ends = {"pupils": (plain(round(last["pupils"])), ACCENT, True)}
    for side in ("high", "low") if len(ahead) else ():
        ends[side] = (f"{words[side]} {plain(round(ahead[side].iloc[-1]))}", QUIET, False)
    room = min(max(span(text) for text in [*limits, *(text for text, _, _ in ends.values())]) + 20, 250)
    left, right = 12 + max(span(plain(v)) for v in grid), WIDTH - room
    foot = TOP + HIGH
    across = Scale(years[0], years[-1] + 1e-9, left + 18, right - 6)
    rise = Scale(grid[0], grid[-1], foot, TOP)

    marks: list[Mark | Area] = [Line(((left, rise(v)), (right, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(left - 6, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    marks += _years(years, across, foot)
    marks += _band(table, ahead, across, rise)
    marks += _path(table["pupils"], base, across, rise, words["ahead"])
    labels: list[tuple[float, Word]] = []
    for text, v in limits.items():
        marks.append(Line(((left, rise(v)), (right, rise(v))), INK, 1.2, dashed=True))
        labels.append((rise(v), Word(0, 0, shorten(text, room - 14))))
    for side, (text, colour, bold) in ends.items():
        at = last["pupils"] if side == "pupils" else ahead[side].iloc[-1]
        labels.append((rise(at), Word(0, 0, text, colour, bold=bold)))
    places = spaced([at for at, _ in labels], STEP, TOP, foot)
    for y, (_, word) in zip(places, labels, strict=True):
        marks.append(Word(right + 8, y + 5, word.text, word.colour, bold=word.bold))
    gone = [str(year) for year in table.index[~known]]
    told = [words["band"]] if len(ahead) else []
    if gone:
        told.append(
            caption.word("list", label(Verdict.NO_DATA, caption.lang), caption.word("comma").join(gone))
        )
    written, height = notes(told, foot + 28)
    return Chart(caption, (*marks, *written), height, table)


def _years(years: list[int], across: Scale, foot: float) -> list[Mark]:
    """The years under the axis, every other one where they would touch."""
    step = across(years[0] + 1) - across(years[0]) if len(years) > 1 else WIDTH
    every = 1 if step > span(str(years[0])) + 6 else 2
    shown = years[::-1][::every]
    return [Word(across(year), foot + 22, str(year), QUIET, anchor="middle") for year in shown]


def _band(table: pd.DataFrame, ahead: pd.DataFrame, across: Scale, rise: Scale) -> list[Mark | Area]:
    """The shade between the paths, from the last known year on."""
    if not len(ahead):
        return []
    before = table["pupils"][table.index < ahead.index[0]].dropna()
    start = [(across(before.index[-1]), rise(before.iloc[-1]))] if len(before) else []
    low = [(across(year), rise(v)) for year, v in ahead["low"].items()]
    high = [(across(year), rise(v)) for year, v in ahead["high"].items()]
    return [Area((*start, *high, *reversed(low)), ACCENT, 0.18)]


def _path(pupils: pd.Series, base: int, across: Scale, rise: Scale, word: str) -> list[Mark]:
    """The line in its unbroken parts, solid as it was and dashed as forecast, with a dot for each year."""
    marks: list[Mark] = []
    known = [(year, v) for year, v in pupils.items() if np.isfinite(v)]
    for (year, v), (later, w) in pairwise(known):
        if later - year == 1:
            ends = ((across(year), rise(v)), (across(later), rise(w)))
            marks.append(Line(ends, ACCENT, 3, dashed=later > base))
    for year, v in known:
        at = across(year), rise(v)
        if year > base:
            marks.append(Dot(*at, 5, PAPER))
            marks.append(Dot(*at, 4.5, ACCENT, "ring", tip=f"{year} {word} {plain(round(v))}"))
        else:
            marks.append(Dot(*at, 4.5, ACCENT, tip=f"{year} {plain(round(v))}"))
    return marks
