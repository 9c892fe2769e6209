"""Figures over the years."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import Scale, notes, spaced, ticks
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.style import ACCENT, INK, QUIET, RULE, WIDTH, clean, label, plain, shorten, span
from qb.terms import Verdict

TOP, STEP = 24, 17  # where the figure begins; from one label at the right end to the next


def trend(
    years: Sequence[int],
    series: Mapping[str, Sequence[float]],
    *,
    caption: Caption,
    limits: Mapping[str, float] | None = None,
    emphasise: str | None = None,
    decimals: int | None = None,
) -> Chart:
    """Show how figures moved over the years, each line labelled at its end.

    Parameters
    ----------
    years : sequence of int
        In rising order.
    series : mapping of name to values, one value per year
        A missing year breaks the line and is named below.
    caption : Caption
        The sentences around the figure.
    limits : mapping of words to value, optional
        Dashed lines, as ``{"上限 0.50": 0.5}``.
    emphasise : str, optional
        The series that the title speaks of; the others are grey.
    decimals : int, optional
        Decimals in print.
    """
    years, limits = list(years), dict(limits or {})
    table = pd.DataFrame({name: np.asarray(v, float) for name, v in series.items()}, index=years)
    table.index.name = caption.word("year")
    values = table.to_numpy(float)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return blank(caption, table)
    every = np.concatenate((finite, list(limits.values())))
    low = 0.0 if 0 <= every.min() < every.max() / 2 else float(every.min())
    grid = ticks(low, float(every.max()), 4)
    drawn = sorted(
        (n for n in table if table[n].notna().any()), key=lambda n: n == emphasise
    )  # it lies on top
    tails = {name: plain(table[name].dropna().iloc[-1], decimals) for name in drawn}
    words = [*limits, *(f"{clean(name)} {tail}" for name, tail in tails.items())]
    room = min(max(map(span, words)) + 16, 250)
    base = TOP + max(216, STEP * len(words))
    left, right = 12 + max(span(plain(v)) for v in grid), WIDTH - room + 6
    across, rise = (
        Scale(years[0], years[-1] + 1e-9, left + 18, right - 6),
        Scale(grid[0], grid[-1], base, TOP),
    )

    marks: list[Mark] = [Line(((left, rise(v)), (right, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(left - 6, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    marks += [Word(across(year), base + 22, str(year), QUIET, anchor="middle") for year in years]
    labels: list[tuple[float, Word]] = []
    for text, v in limits.items():
        marks.append(Line(((left, rise(v)), (right, rise(v))), INK, 1.2, dashed=True))
        labels.append((rise(v), Word(0, 0, shorten(text, room - 14))))
    for name in drawn:
        chosen = name == emphasise
        marks += _line(table[name], across, rise, decimals, chosen=chosen)
        text = f"{shorten(name, room - 14 - span(' ' + tails[name]))} {tails[name]}"
        end = rise(table[name].dropna().iloc[-1])
        labels.append((end, Word(0, 0, text, ACCENT if chosen else QUIET, bold=chosen)))
    places = spaced([at for at, _ in labels], STEP, TOP, base)
    for y, (_, word) in zip(places, labels, strict=True):
        marks.append(Word(WIDTH - room + 14, y + 5, word.text, word.colour, bold=word.bold))
    written, height = notes(_gaps(table, caption), base + 28)
    return Chart(caption, (*marks, *written), height, table)


def _line(values: pd.Series, across: Scale, rise: Scale, decimals: int | None, *, chosen: bool) -> list[Mark]:
    """The line of a series in its unbroken parts, with a dot for each year."""
    colour = ACCENT if chosen else QUIET
    there = values.notna().to_numpy()
    points = [(across(year), rise(v)) if math.isfinite(v) else None for year, v in values.items()]
    runs = np.split(np.arange(len(points)), np.flatnonzero(np.diff(there)) + 1)
    marks: list[Mark] = [
        Line(tuple(points[k] for k in run), colour, 3 if chosen else 1.6)
        for run in runs
        if there[run[0]] and len(run) > 1
    ]
    for point, (year, value) in zip(points, values.items(), strict=True):
        if point:
            tip = f"{clean(values.name)} {year} {plain(value, decimals)}"
            marks.append(Dot(*point, 4.5 if chosen else 3, colour, tip=tip))
    if chosen:
        marks += _values(points, values, decimals)
    return marks


def _values(points: list[tuple[float, float] | None], values: pd.Series, decimals: int | None) -> list[Mark]:
    """The values of the emphasised series above its dots, where there is room; its end has a label."""
    shown = [(p, plain(v, decimals)) for p, v in zip(points[:-1], values, strict=False) if p]
    steps = np.diff([point[0] for point in points if point])
    if not len(steps) or any(1.5 * span(text) + 4 > steps.min() for _, text in shown):
        return []
    return [
        Word(
            x - 6 if k == 0 else x,
            y - 10,
            text,
            ACCENT,
            bold=True,
            anchor="start" if k == 0 else "middle",
            halo=True,
        )
        for k, ((x, y), text) in enumerate(shown)
    ]


def _gaps(table: pd.DataFrame, caption: Caption) -> list[str]:
    """Name every year that a series lacks."""
    comma, stop = caption.word("comma"), caption.word("stop")
    gone = [
        f"{clean(name)} {comma.join(str(year) for year in table.index[table[name].isna()])}"
        for name in table
        if table[name].isna().any()
    ]
    return [caption.word("list", label(Verdict.NO_DATA, caption.lang), stop.join(gone))] if gone else []
