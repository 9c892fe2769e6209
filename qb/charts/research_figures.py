"""Figures of the research page: Lorenz curves, parts of a whole, distributions, correlations, level with balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import LINE, Scale, crossed, feet, notes, ticks
from qb.charts.marks import (
    ACCENT,
    ALARM,
    FADE,
    INK,
    QUIET,
    RULE,
    Bar,
    Colour,
    Dot,
    Line,
    Mark,
    Polygon,
    Word,
    plain,
    shorten,
    span,
    wrap,
)

COLUMNS, GAP = 4, 22
PALE = 0.45
LORENZ_WORDS = 62  # above and below a Lorenz curve


@dataclass(frozen=True)
class LorenzCurve:
    """A Lorenz curve and what is read from it.

    Attributes
    ----------
    pupils, amount : sequence of float
        Cumulated shares, from 0 to 1.
    half : float
        Share of the resource that the worst-off half of the pupils has.
    gini : float
    """

    pupils: Sequence[float]
    amount: Sequence[float]
    half: float
    gini: float


def panels_of(
    caption: Caption, count: int, high: float | None
) -> tuple[list[tuple[float, float]], float, float]:
    """Return the upper left corner of each panel, how wide they are, and where the last row of them ends.

    Panels are `high`, or as high as they are wide and `LORENZ_WORDS` more.
    """
    columns = min(2 if caption.narrow else COLUMNS, count)
    wide = min((caption.width - GAP * (columns - 1)) / columns, 300.0)
    step = wide + LORENZ_WORDS + LINE * caption.narrow if high is None else high
    corners = [((wide + GAP) * (k % columns), step * (k // columns)) for k in range(count)]
    return corners, wide, step * -(-count // columns)


@redrawn
def lorenz(curves: Mapping[str, LorenzCurve | str], *, caption: Caption) -> Chart:
    """Show the Lorenz curve of each resource in a panel of its own.

    Parameters
    ----------
    curves : mapping of title to Curve
        Or in words why there is none.
    caption : Caption
    """
    there = {name: curve for name, curve in curves.items() if isinstance(curve, LorenzCurve)}
    table = pd.DataFrame(
        {"gini": {n: c.gini for n, c in there.items()}, "half": {n: c.half for n, c in there.items()}},
        index=list(curves),
    )
    if not there:
        return blank(caption, table)
    corners, wide, base = panels_of(caption, len(curves), None)
    marks: list[Mark] = []
    for (left, top), (name, curve) in zip(corners, curves.items(), strict=True):
        marks.append(Word(left, top + 14, shorten(name, wide), bold=True))
        if isinstance(curve, str):
            marks.append(Word(left, top + 34, curve, QUIET))
            continue
        across = Scale(0, 1, left, left + wide)
        rise = Scale(0, 1, top + 22 + wide, top + 22)
        line = tuple((across(p), rise(a)) for p, a in zip(curve.pupils, curve.amount, strict=True))
        frame = ((left, rise(0)), (left + wide, rise(0)), (left + wide, rise(1)))
        equal = ((left, rise(0)), (left + wide, rise(1)))
        half = (across(0.5), rise(curve.half))
        words = caption.word("half", f"{100 * curve.half:.0f}%")
        gini = caption.word("gini", f"{curve.gini:.3f}")
        marks += [
            Line(frame, RULE),
            Polygon((*line, equal[1], equal[0])),
            Line(equal, QUIET, 0.8),
            Line(line, ACCENT, 2),
            Line((half, (half[0], rise(0))), INK, 0.8, dashed=True),
            Dot(*half, 3.5, INK),
            Word(left, rise(0) + 18, words),
            Word(left, rise(0) + 18 + LINE, gini, QUIET)
            if caption.narrow
            else Word(left + wide, rise(0) + 18, gini, QUIET, anchor="end"),
        ]
    written, height = notes([caption.word("lorenz")], base - 6, caption)
    return Chart(caption, (*marks, *written), height, table)


@redrawn
def parts(panels: Mapping[str, pd.DataFrame], *, caption: Caption) -> Chart:
    """Show how a whole and its two parts moved over the years, a panel for each resource.

    Parameters
    ----------
    panels : mapping of title to DataFrame, shape (years, 2)
        The column names are the parts' names; the first is the one spoken of. NaN: no data.
    caption : Caption

    Notes
    -----
    Above each column stands the share of the first part. Each panel has its own scale: wholes differ by
    far more than shares do.
    """
    table = pd.concat(panels, names=["", caption.word("year")])
    if not (table.sum(axis=1) > 0).any():
        return blank(caption, table)
    room = 118
    corners, wide, base = panels_of(caption, len(panels), 190)
    marks: list[Mark] = []
    for (left, upper), (name, frame) in zip(corners, panels.items(), strict=True):
        ground = upper + 42 + room
        marks += [
            Word(left, upper + 14, shorten(name, wide), bold=True),
            Line(((left, ground), (left + wide, ground)), RULE),
            *_columns(frame, left, ground, wide, room),
        ]
    first, second = (str(name) for name in table.columns)
    at = 18 + span(first) + 22
    marks += [
        Bar(0, base + 4, 12, 12, ACCENT),
        Word(18, base + 15, first),
        Bar(at, base + 4, 12, 12, QUIET, PALE),
        Word(at + 18, base + 15, second),
    ]
    absent = [caption.word("no years")] if table.isna().any(axis=None) else []
    below = caption.word("stop").join([caption.word("own scales"), *absent])
    written, height = notes([below], base + 20, caption)
    return Chart(caption, (*marks, *written), height, table)


def _columns(frame: pd.DataFrame, left: float, ground: float, wide: float, room: float) -> list[Mark]:
    """Return a column for each year, the first part below, with its share above."""
    top = frame.sum(axis=1).max()
    scale = Scale(0, top if top > 0 else 1, 0, room)
    step = min(wide / len(frame), 60)
    marks: list[Mark] = []
    for k, (year, one, other) in enumerate(frame.itertuples()):
        middle, broad = left + step * (k + 0.5), step * 0.72
        if k in (0, len(frame) - 1):
            marks.append(Word(middle, ground + 17, str(year), QUIET, anchor="middle"))
        if not np.isfinite(one + other):
            marks.append(Word(middle, ground - 5, "×", QUIET, anchor="middle"))
        elif one + other > 0:
            low, upper = scale(one), scale(one + other)
            marks += [
                Bar(middle - broad / 2, ground - low, broad, low, ACCENT),
                Bar(middle - broad / 2, ground - upper, broad, upper - low, QUIET, PALE),
            ]
            share = f"{100 * one / (one + other):.0f}%"
            if span(share, 12) <= step:
                marks.append(Word(middle, ground - upper - 5, share, ACCENT, 12, anchor="middle"))
    return marks


@redrawn
def histograms(
    panels: Mapping[str, Sequence[float]],
    edges: Sequence[float],
    means: Mapping[str, float],
    *,
    caption: Caption,
    overall: float,
    notes_below: Sequence[str] = (),
) -> Chart:
    """Show how pupils are spread over the values of a resource, a panel for each district.

    Parameters
    ----------
    panels : mapping of title to shares of pupils, one for each bin
    edges : sequence of float
        Edges of the bins, one more than bins.
    means : mapping of title to the panel's own mean
    caption : Caption
    overall : float
        Mean of all, a dashed line in each panel.
    notes_below : sequence of str
    """
    table = pd.DataFrame(panels, index=list(edges[:-1])).T
    if not panels:
        return blank(caption, table)
    room = 58
    corners, wide, base = panels_of(caption, len(panels), 112)
    top = max(max(shares) for shares in panels.values())
    marks: list[Mark] = []
    for (left, upper), (name, shares) in zip(corners, panels.items(), strict=True):
        ground = upper + 26 + room
        across, rise = Scale(edges[0], edges[-1], left, left + wide), Scale(0, top, 0, room)
        marks.append(Word(left, upper + 14, shorten(name, wide), bold=True))
        for low, up, share in zip(edges[:-1], edges[1:], shares, strict=True):
            if share > 0:
                x, tall = across(low), rise(share)
                marks.append(Bar(x, ground - tall, across(up) - x - 1, tall, QUIET, FADE))
        middle, own = across(overall), across(means[name])
        marks += [
            Line(((left, ground), (left + wide, ground)), RULE),
            Line(((middle, ground - room - 4), (middle, ground)), INK, 1, dashed=True),
            Line(((own, ground), (own, ground + 7)), ACCENT, 3),
            Word(left, ground + 18, f"{edges[0]:g}", QUIET, 12),
            Word(left + wide, ground + 18, f"{edges[-1]:g}", QUIET, 12, anchor="end"),
        ]
    written, height = notes(notes_below, base + 4, caption)
    return Chart(caption, (*marks, *written), height, table)


# Which shortfalls go together: a heat map with its rows in an order that shows it.


ROW, MATRIX_LEFT, HEAD = 46, 190, 44
BLANK, LOW, HIGH = (247, 248, 248), (233, 165, 140), (140, 195, 220)  # at 0, -1 and 1
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
    ends = zip(BLANK, LOW if value < 0 else HIGH, strict=True)
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
    marks += _points(codes, places, poor, [mark for mark in marks if isinstance(mark, Line)])
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
    upright = Line(((middle, TOP), (middle, BASE)), INK, 1.2)
    named = [
        Word(x, rise(cap) - 5, caption.word("limit of", cap), bold=True, anchor=anchor, halo=True)
        for x, anchor in ((right - 4, "end"), (QUADRANTS_LEFT + 6, "start"))
    ]
    limited = [
        Line(((QUADRANTS_LEFT, rise(cap)), (right, rise(cap))), INK, 1.2, dashed=True),
        named[crossed(named[0], [upright])],
    ]
    fits = middle + 5 + span(text) <= right
    return [
        *(limited if cap == cap else []),
        Line(((QUADRANTS_LEFT, TOP), (QUADRANTS_LEFT, BASE), (right, BASE)), RULE),
        upright,
        Word(0, 12, caption.word("uneven"), QUIET),
        Word(
            middle + 5 if fits else middle - 5,
            TOP + 14,
            text,
            bold=True,
            anchor="start" if fits else "end",
            halo=True,
        ),
        Word(right, BASE + 36, caption.word("level"), QUIET, anchor="end"),
        *feet([across(v) for v in grid], [f"{v:g}%" for v in grid], BASE + 18),
        *(Word(QUADRANTS_LEFT - 6, rise(v) + 5, plain(v), QUIET, 12, anchor="end") for v in steps),
    ]


def _points(
    codes: Sequence[str], places: dict[int, tuple[float, float]], poor: np.ndarray, lines: Sequence[Line]
) -> list[Mark]:
    """The dots with their codes, each on the first side that is free and where no line runs."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places.values()]
    marks: list[Mark] = []

    def free(left: float, low: float, wide: float) -> bool:
        if crossed(Word(left, low, codes[k], bold=True), lines):
            return False
        return all(left + wide <= a or left >= c or low + 2 <= b or low - 11 >= d for a, b, c, d in taken)

    for k, (x, y) in places.items():
        colour, shape, wide = (*((ALARM, "diamond") if poor[k] else (ACCENT, "circle")), span(codes[k]))
        sides = [(x + dx, y + dy) for dy in (5, -9, 19) for dx in (9, -9 - wide)]
        sides += [(x - wide / 2, y - 10), (x - wide / 2, y + 20)]
        left, low = next((side for side in sides if free(*side, wide)), sides[0])
        taken.append((left, low - 11, left + wide, low + 2))
        marks += [Dot(x, y, 6, colour, shape), Word(left, low, codes[k], colour, bold=True, halo=True)]
    return marks
