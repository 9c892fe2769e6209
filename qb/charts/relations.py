"""How two things go together: shortfalls with each other, level with balance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.layout import Scale, feet, notes, ticks
from qb.charts.primitives import Bar, Dot, Line, Mark, Word
from qb.charts.style import (
    ACCENT,
    ALARM,
    INK,
    QUIET,
    RULE,
    Colour,
    plain,
    shorten,
    span,
    wrap,
)

# Which shortfalls go together: a heat map with its rows in an order that shows it.


ROW, MATRIX_LEFT, HEAD = 46, 190, 44
PALE, LOW, HIGH = (247, 248, 248), (233, 165, 140), (140, 195, 220)  # at 0, -1 and 1
CELL_INK = Colour("#101418", "#101418", "#101418")  # cells keep their paper and ink, on dark pages too


@redrawn
def correlations(table: pd.DataFrame, *, caption: Caption) -> Chart:
    """Show a correlation matrix, what goes together side by side.

    Parameters
    ----------
    table : DataFrame, shape (k, k)
        Symmetric, -1 to 1, names as index and columns; at least two rows, none missing.
    caption : Caption
    """
    if len(table) < 2:
        return blank(caption, table)
    ordered = _clustered(table)
    told = [caption.word("matrix"), *(map(str, ordered.index) if caption.narrow else ())]
    marks, height = notes(told, HEAD + ROW * len(table) + 4, caption)
    return Chart(caption, (*_cells(ordered, caption), *marks), height, ordered)


def _clustered(table: pd.DataFrame) -> pd.DataFrame:
    """Order rows and columns so that what correlates lies together (average linkage on 1 - r)."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    away = 1 - (table.to_numpy() + table.to_numpy().T) / 2
    np.fill_diagonal(away, 0)
    order = leaves_list(
        linkage(squareform(np.maximum(away, 0), checks=False), "average", optimal_ordering=True)
    )
    return table.iloc[order, order]


def _cells(table: pd.DataFrame, caption: Caption) -> list[Mark]:
    """Return the heat map: a name for each row and column, a coloured cell with its figure for each pair."""
    start = 30 if caption.narrow else MATRIX_LEFT  # on a phone codes alone; the names stand below
    wide = min(caption.width - start, 76 * len(table)) / len(table)
    marks: list[Mark] = []
    for j, name in enumerate(table):
        middle = start + wide * (j + 0.5)
        texts = wrap(str(name).split()[0], wide - 4)
        marks += [
            Word(middle, HEAD - 8 - 16 * (len(texts) - 1 - k), text, QUIET, anchor="middle")
            for k, text in enumerate(texts)
        ]
    for i, (name, values) in enumerate(zip(table.index, table.to_numpy(), strict=True)):
        top = HEAD + ROW * i
        text = str(name).split()[0] if caption.narrow else shorten(name, start - 10)
        marks.append(Word(start - 8, top + ROW / 2 + 5, text, anchor="end"))
        for j, value in enumerate(values):
            left = start + wide * j
            marks.append(Bar(left + 1, top + 1, wide - 2, ROW - 2, _tone(value)))
            marks.append(Word(left + wide / 2, top + ROW / 2 + 5, f"{value:.2f}", CELL_INK, anchor="middle"))
    return marks


def _tone(value: float) -> Colour:
    """Return the colour of a correlation: from the one end over pale to the other, on every page the same."""
    share = min(abs(float(value)), 1.0)
    ends = zip(PALE, LOW if value < 0 else HIGH, strict=True)
    red, green, blue = (round(pale + (end - pale) * share) for pale, end in ends)
    tone, grey = f"#{red:02x}{green:02x}{blue:02x}", round(248 - 88 * share)
    return Colour(tone, tone, f"#{grey:02x}{grey:02x}{grey:02x}")


# Level against balance: is there enough, and is it shared evenly?


QUADRANTS_LEFT, TOP, BASE = 44, 30, 360
LIST = 280  # room of the list beside the figure; on a phone it stands below
BEYOND = 400.0  # per cent of the standard; what is higher is drawn at the edge, its words say how high


@redrawn
def quadrants(
    codes: Sequence[str],
    titles: Sequence[str],
    level: Sequence[float],
    coefficient: Sequence[float],
    texts: Sequence[str],
    *,
    cap: float,
    poor: Sequence[bool],
    corners: Sequence[str],
    caption: Caption,
) -> Chart:
    """Show each resource by its mean level and by its difference coefficient.

    Parameters
    ----------
    codes, titles : sequences of the same length
        Short code for the figure, and the name for the list beside it.
    level, coefficient : sequences of float
        Mean as a percentage of the standard, and the coefficient; NaN where there is none.
    texts : sequence of str
        Both in words, or why there is none.
    cap : float
        Limit of the coefficient.
    poor : sequence of bool
        Which are below the standard or above the limit.
    corners : sequence of 4 str
        Names of the quadrants: low and uneven, high and uneven, low and even, high and even.
    caption : Caption
    """
    x, y = np.asarray(level, float), np.asarray(coefficient, float)
    table = pd.DataFrame({"level": x, "coefficient": y}, index=list(codes))
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return blank(caption, table)
    grid = ticks(min(x[known].min(), 90.0), max(min(x[known].max(), BEYOND), 110.0), 5)
    steps = ticks(0, np.nanmax([*y[known], cap * 1.15]), 4)
    right = caption.width - (20 if caption.narrow else LIST)
    across, rise = Scale(grid[0], grid[-1], QUADRANTS_LEFT, right), Scale(0, steps[-1], BASE, TOP)
    poor = known & np.asarray(poor, bool)
    marks = _frame(across, rise, grid, steps, cap, caption)
    for k, text in enumerate(corners):
        high, low = k % 2, BASE - 8 if k > 1 else TOP + 34
        if span(text) <= (right - across(100) if high else across(100) - QUADRANTS_LEFT) - 12:
            at, anchor = (right - 6, "end") if high else (QUADRANTS_LEFT + 6, "start")
            marks.append(Word(at, low, text, QUIET, anchor=anchor))
    places = {int(k): (across(x[k]), rise(y[k])) for k in np.flatnonzero(known)}
    marks += _points(codes, places, poor)
    at, first = (0, BASE + 68) if caption.narrow else (right + 26, TOP + 16)
    for k, (title, text) in enumerate(zip(titles, texts, strict=True)):
        low = first + 40 * k
        marks += [
            Word(at, low, shorten(title, caption.width - at), bold=True),
            Word(at, low + 17, text, ALARM if poor[k] else QUIET),
        ]
    return Chart(caption, tuple(marks), max(BASE + 44, first + 40 * len(codes)), table)


def _frame(
    across: Scale, rise: Scale, grid: Sequence[float], steps: Sequence[float], cap: float, caption: Caption
) -> list[Mark]:
    """The axes, and the two lines that make the quadrants; without a limit there is one."""
    right, middle, text = across.end, across(100), caption.word("standard 100")
    limited = [
        Line(((QUADRANTS_LEFT, rise(cap)), (right, rise(cap))), INK, 1.2, dashed=True),
        Word(right - 4, rise(cap) - 5, caption.word("limit of", cap), bold=True, anchor="end", halo=True),
    ]
    return [
        *(limited if cap == cap else []),
        Line(((QUADRANTS_LEFT, TOP), (QUADRANTS_LEFT, BASE), (right, BASE)), RULE),
        Line(((middle, TOP), (middle, BASE)), INK, 1.2),
        Word(0, 12, caption.word("uneven"), QUIET),
        Word(min(middle + 5, right - span(text)), TOP + 14, text, bold=True, halo=True),
        Word(right, BASE + 36, caption.word("level"), QUIET, anchor="end"),
        *feet([across(v) for v in grid], [f"{v:g}%" for v in grid], BASE + 18),
        *(Word(QUADRANTS_LEFT - 6, rise(v) + 5, plain(v), QUIET, 12, anchor="end") for v in steps),
    ]


def _points(codes: Sequence[str], places: dict[int, tuple[float, float]], poor: np.ndarray) -> list[Mark]:
    """The dots with their codes, each on the first side that is free."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places.values()]
    marks: list[Mark] = []

    def free(left: float, low: float, wide: float) -> bool:
        return all(left + wide <= a or left >= c or low + 2 <= b or low - 11 >= d for a, b, c, d in taken)

    for k, (x, y) in places.items():
        colour, shape, wide = (*((ALARM, "diamond") if poor[k] else (ACCENT, "circle")), span(codes[k]))
        sides = [(x + dx, y + dy) for dy in (5, -9, 19) for dx in (9, -9 - wide)]
        sides += [(x - wide / 2, y - 10), (x - wide / 2, y + 20)]
        left, low = next((side for side in sides if free(*side, wide)), sides[0])
        taken.append((left, low - 11, left + wide, low + 2))
        marks += [Dot(x, y, 6, colour, shape), Word(left, low, codes[k], colour, bold=True, halo=True)]
    return marks
