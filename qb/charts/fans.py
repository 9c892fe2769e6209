"""How the whole distribution moved over the years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.areas import Area
from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import Scale, notes, spaced, ticks
from qb.charts.marks import Bar, Dot, Line, Mark, Word
from qb.charts.phrases import phrase
from qb.charts.style import ACCENT, INK, QUIET, RULE, WIDTH, Colour, label, plain, span
from qb.terms import Verdict

PERCENTS = (5, 25, 50, 75, 95)
BANDS = ((0, 4, 0.16), (1, 3, 0.3))  # which percentiles bound a band, and how dark it is
TOP, HIGH, STEP = 14, 250, 17


def fan(
    years: Sequence[int],
    quantiles: Sequence[Sequence[float]],
    means: Sequence[float],
    *,
    caption: Caption,
    limit: float = np.nan,
    decimals: int = 2,
) -> Chart:
    """Show percentiles of pupils year by year: the middle line, and bands about it.

    Parameters
    ----------
    years : sequence of int
        In rising order.
    quantiles : sequence of 5 floats for each year
        At the 5th, 25th, 50th, 75th and 95th percentile; NaN in a year without data, which breaks the bands.
    means : sequence of float, one for each year
    caption : Caption
    limit : float
        The standard, a line; NaN where there is none.
    decimals : int
    """
    values = np.asarray(quantiles, float).reshape(len(years), len(PERCENTS))
    means = np.asarray(means, float)
    table = pd.DataFrame(values, index=list(years), columns=[f"p{p}" for p in PERCENTS]).assign(mean=means)
    table.index.name = caption.word("year")
    known = np.isfinite(values).all(axis=1)
    if not known.any():
        return blank(caption, table)
    top = max(float(values[known].max()), limit if np.isfinite(limit) else 0.0)
    low = float(min(values[known].min(), limit if np.isfinite(limit) else np.inf))
    grid = ticks(0 if low < top / 2 else low, top, 4)
    ends = [(phrase(caption, "median") if p == 50 else phrase(caption, "percentile", p)) for p in PERCENTS]
    last = values[known][-1]
    ends = [f"{text} {plain(v, decimals)}" for text, v in zip(ends, last, strict=True)]
    labels: list[tuple[float, str, Colour, bool]] = []
    room = max(map(span, ends)) + 18
    left, right = 14 + max(span(plain(v)) for v in grid), WIDTH - room
    base = TOP + HIGH
    rise = Scale(grid[0], grid[-1], base, TOP)
    across = Scale(years[0], years[-1] + 1e-9, left + 16, right - 12)
    marks: list[Mark] = [Line(((left, rise(v)), (right, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(left - 6, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    marks += [Word(across(year), base + 20, str(year), QUIET, anchor="middle") for year in years]
    for run in _runs(known):
        marks += _bands([across(years[k]) for k in run], values[run], means[run], rise)
    if np.isfinite(limit):
        marks.append(Line(((left, rise(limit)), (right, rise(limit))), INK, 1.3))
        labels.append((rise(limit), phrase(caption, "standard", plain(limit)), INK, True))
    for text, value, percent in zip(ends, last, PERCENTS, strict=True):
        labels.append((rise(value), text, ACCENT if percent == 50 else QUIET, percent == 50))
    spots = spaced([at for at, *_ in labels], STEP, TOP, base)
    marks += [
        Word(right + 8, y + 5, text, colour, bold=bold)
        for y, (_, text, colour, bold) in zip(spots, labels, strict=True)
    ]
    gone = [str(year) for year, there in zip(years, known, strict=True) if not there]
    below = [phrase(caption, "dashed mean")]
    below += (
        [caption.word("list", label(Verdict.NO_DATA, caption.lang), caption.word("comma").join(gone))]
        if gone
        else []
    )
    written, height = notes(below, base + 26)
    return Chart(caption, (*marks, *written), height, table)


def _runs(known: np.ndarray) -> list[np.ndarray]:
    """Return the positions of each unbroken run of years."""
    there = np.flatnonzero(known)
    return np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)


def _bands(x: list[float], values: np.ndarray, means: np.ndarray, rise: Scale) -> list[Mark]:
    """Return the bands and the middle line of a run; a run of one year is a column."""
    rows = [[rise(v) for v in row] for row in values]
    if len(x) == 1:
        columns = [
            Bar(x[0] - 9, rows[0][high], 18, rows[0][low] - rows[0][high], ACCENT, dark)
            for low, high, dark in BANDS
        ]
        return [*columns, Dot(x[0], rows[0][2], 4, ACCENT)]
    marks: list[Mark] = []
    for low, high, dark in BANDS:
        over = [(at, row[high]) for at, row in zip(x, rows, strict=True)]
        under = [(at, row[low]) for at, row in zip(x, rows, strict=True)]
        marks.append(Area((*over, *reversed(under)), ACCENT, dark))
    middle = tuple((at, row[2]) for at, row in zip(x, rows, strict=True))
    mean = tuple((at, rise(v)) for at, v in zip(x, means, strict=True))
    return [
        *marks,
        Line(mean, INK, 1.2, dashed=True),
        Line(middle, ACCENT, 2.6),
        *(Dot(*p, 3.5, ACCENT) for p in middle),
    ]
