"""Figures over the years: indicators, pupils to come, and how the whole distribution moved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import LINE, Scale, crossed, ends, feet, grid, notes, ticks
from qb.charts.marks import (
    ACCENT,
    INK,
    PAPER,
    QUIET,
    RULE,
    Bar,
    Dot,
    Line,
    Mark,
    Polygon,
    Word,
    clean,
    label,
    plain,
    share,
    shorten,
    span,
    svg,
)
from qb.terms import Verdict

SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 64, 16, 3


def sparkline(course: Sequence[tuple[int, float]]) -> str:
    """Return years and their values as a small line for a cell, its last year marked; a gap breaks it.

    Nothing is drawn of fewer than two figures. Its words are those of the figures, year by year.

    >>> sparkline([(2024, 1.0), (2025, 2.0)])[:66]
    '<svg class="spark" role="img" aria-label="2024 1, 2025 2" viewBox='
    >>> sparkline([(2024, float("nan")), (2025, 2.0)])
    ''
    """
    known = [value for _, value in course if value == value]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    across = Scale(0, len(course) - 1, SPARK_EDGE, SPARK_WIDTH - SPARK_EDGE)
    rise = Scale(low, high, SPARK_HEIGHT - SPARK_EDGE, SPARK_EDGE) if high > low else None
    marks: list[Mark] = []
    run: list[tuple[float, float]] = []
    for place, (_, value) in enumerate(course):
        if value == value:
            run.append((across(place), rise(value) if rise else SPARK_HEIGHT / 2))
        if run and (value != value or place == len(course) - 1):
            marks.append(Line(tuple(run), QUIET, 1.5) if len(run) > 1 else Dot(*run[0], 1.5, QUIET))
            run = [] if value != value else run
    if run:
        marks.append(Dot(*run[-1], 2.5, ACCENT))
    told = ", ".join(f"{year} {plain(value)}" for year, value in course if value == value)
    return _small(marks, told)


def shares(parts: Sequence[tuple[str, float]]) -> str:
    """Return named shares from 0 to 1 as bars side by side, small for a cell; one not known leaves its place empty.

    >>> shares([("C1", 1.0), ("C2", float("nan"))])[:68]
    '<svg class="spark" role="img" aria-label="C1 100.0%" viewBox="0 0 64'
    """
    marks: list[Mark] = [Line(((0, SPARK_HEIGHT - 0.5), (SPARK_WIDTH, SPARK_HEIGHT - 0.5)), RULE)]
    step = SPARK_WIDTH / max(len(parts), 1)
    for place, (_, value) in enumerate(parts):
        if value == value:
            high = (SPARK_HEIGHT - 1) * value
            marks.append(Bar(step * place + 1, SPARK_HEIGHT - 1 - high, step - 2, high, ACCENT))
    told = ", ".join(f"{name} {share(100 * value, 100)}%" for name, value in parts if value == value)
    return _small(marks, told)


def _small(marks: list[Mark], told: str) -> str:
    return (
        f'<svg class="spark" role="img" aria-label="{escape(told)}" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}">'
        f"{svg(marks)}</svg>"
    )


# Figures over the years.


TREND_TOP = 24


@redrawn
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
    years, limits = list(years), {text: v for text, v in (limits or {}).items() if v == v}
    table = pd.DataFrame({name: np.asarray(v, float) for name, v in series.items()}, index=years)
    table.index.name = caption.word("year")
    values = table.to_numpy(float)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return blank(caption, table)
    every = np.concatenate((finite, list(limits.values())))
    low = 0.0 if 0 <= every.min() < every.max() / 2 else float(every.min())
    steps = ticks(low, float(every.max()), 4)
    drawn = sorted(
        (n for n in table if table[n].notna().any()), key=lambda n: n == emphasise
    )  # it lies on top
    tails = {name: plain(table[name].dropna().iloc[-1], decimals) for name in drawn}
    texts = [*limits, *(f"{clean(name)} {tail}" for name, tail in tails.items())]
    if caption.narrow:  # the values alone stand at the ends, the names below
        texts = [*(plain(v) for v in limits.values()), *tails.values()]
    room = min(max(map(span, texts)) + 16, 270)
    base = TREND_TOP + max(216, (LINE - 1) * len(texts))
    left, right = 12 + max(span(plain(v)) for v in steps), caption.width - room + 6
    across = Scale(years[0], years[-1] + 1e-9, left + 18, right - 6)
    rise = Scale(steps[0], steps[-1], base, TREND_TOP)

    marks: list[Mark] = grid(steps, rise, left, right)
    marks += feet([across(year) for year in years], [str(year) for year in years], base + 22)
    labels: list[tuple[float, Word]] = []
    for text, v in limits.items():
        marks.append(Line(((left, rise(v)), (right, rise(v))), INK, 1.2, dashed=True))
        labels.append((rise(v), Word(0, 0, plain(v) if caption.narrow else shorten(text, room - 14))))
    for name in drawn:
        chosen = name == emphasise
        marks += _line(table[name], across, rise, decimals, chosen=chosen)
        if chosen:
            marks += _values(table[name], across, rise, decimals, [m for m in marks if isinstance(m, Line)])
        text = f"{shorten(name, room - 14 - span(' ' + tails[name]))} {tails[name]}"
        end, colour = rise(table[name].dropna().iloc[-1]), ACCENT if chosen else QUIET
        labels.append((end, Word(0, 0, tails[name] if caption.narrow else text, colour, bold=chosen)))
    marks += ends(labels, caption.width - room + 14, TREND_TOP, base)
    below = _gaps(table, caption)
    if caption.narrow:
        last = {name: table[name].dropna().iloc[-1] for name in drawn}
        by_value = sorted(drawn, key=last.__getitem__, reverse=True)  # as they stand at the ends
        below = [*limits, *(f"{clean(name)} {tails[name]}" for name in by_value), *below]
    written, height = notes(below, base + 28, caption)
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
    return marks


def _values(
    values: pd.Series, across: Scale, rise: Scale, decimals: int | None, lines: list[Line]
) -> list[Mark]:
    """The values of the emphasised series above or below its dots, where no line runs; its end has a label."""
    known = [(across(year), rise(v), plain(v, decimals)) for year, v in values.iloc[:-1].items() if v == v]
    steps = np.diff([across(year) for year, v in values.items() if v == v])
    if not len(steps) or any(1.5 * span(text) + 4 > steps.min() for *_, text in known):
        return []
    marks: list[Mark] = []
    for k, (x, y, text) in enumerate(known):
        at, anchor = (x - 6, "start") if k == 0 else (x, "middle")
        tried = (Word(at, y + off, text, ACCENT, bold=True, anchor=anchor, halo=True) for off in (-10, 22))
        marks += [word for word in tried if not crossed(word, lines)][:1]
    return marks


def _gaps(table: pd.DataFrame, caption: Caption) -> list[str]:
    """Name every year that a series lacks."""
    comma, stop = caption.word("comma"), caption.word("stop")
    gone = [
        f"{clean(name)} {comma.join(str(year) for year in table.index[table[name].isna()])}"
        for name in table
        if table[name].isna().any()
    ]
    return [caption.word("list", label(Verdict.NO_DATA, caption.lang), stop.join(gone))] if gone else []


# Pupils of the years before and of those to come, with a low and a high path.


OUTLOOK_TOP, OUTLOOK_HIGH = 24, 216


@redrawn
def outlook(
    course: pd.DataFrame, base: int, *, caption: Caption, limits: Mapping[str, float] | None = None
) -> Chart:
    """Show pupils over the years: as they were, and as they are forecast.

    Parameters
    ----------
    course : DataFrame
        ``pupils, low, high`` by year, as :meth:`qb.planning.forecast.projection.Forecast.course` gives it:
        `low` and `high`
        are missing in the years before. A year without pupils breaks the line and is named below; a
        forecast without a band is drawn without one.
    base : int
        Last year that was; the later ones are forecast.
    caption : Caption
        The sentences around the figure.
    limits : mapping of words to value, optional
        Dashed lines, as ``{"满员 540": 540}``.
    """
    limits = {text: v for text, v in (limits or {}).items() if v == v}
    table = course[["pupils", "low", "high"]].astype(float).sort_index()
    table.index.name = caption.word("year")
    known = table["pupils"].notna()
    if not known.any():
        return blank(caption, table)
    years = [int(year) for year in table.index]
    ahead = table[table["low"].notna()]
    values = table.to_numpy()
    every = np.concatenate([values[np.isfinite(values)], list(limits.values())])
    low = 0.0 if every.min() < every.max() / 2 else float(every.min())
    steps = ticks(low, float(every.max()), 4)
    last = table[known].iloc[-1]
    tips = {"pupils": (plain(round(last["pupils"])), ACCENT, True)}
    for side in ("high", "low") if len(ahead) else ():
        tips[side] = (f"{caption.word(f'outlook {side}')} {plain(round(ahead[side].iloc[-1]))}", QUIET, False)
    beside = [plain(v) if caption.narrow else shorten(text, 230) for text, v in limits.items()]
    room = min(max(span(text) for text in [*beside, *(text for text, _, _ in tips.values())]) + 20, 250)
    left, right = 12 + max(span(plain(v)) for v in steps), caption.width - room
    foot = OUTLOOK_TOP + OUTLOOK_HIGH
    across = Scale(years[0], years[-1] + 1e-9, left + 18, right - 6)
    rise = Scale(steps[0], steps[-1], foot, OUTLOOK_TOP)

    marks: list[Mark] = grid(steps, rise, left, right)
    marks += feet([across(year) for year in years], [str(year) for year in years], foot + 22)
    marks += _band(table, ahead, across, rise)
    marks += _path(table["pupils"], base, across, rise, caption.word("outlook ahead"))
    labels: list[tuple[float, Word]] = []
    for text, v in zip(beside, limits.values(), strict=True):
        marks.append(Line(((left, rise(v)), (right, rise(v))), INK, 1.2, dashed=True))
        labels.append((rise(v), Word(0, 0, text)))
    for side, (text, colour, bold) in tips.items():
        at = last["pupils"] if side == "pupils" else ahead[side].iloc[-1]
        labels.append((rise(at), Word(0, 0, text, colour, bold=bold)))
    marks += ends(labels, right + 8, OUTLOOK_TOP, foot)
    gone = [str(year) for year in table.index[~known]]
    told = [*limits] if caption.narrow else []
    told += [caption.word("outlook band")] if len(ahead) else []
    if gone:
        told.append(
            caption.word("list", label(Verdict.NO_DATA, caption.lang), caption.word("comma").join(gone))
        )
    written, height = notes(told, foot + 28, caption)
    return Chart(caption, (*marks, *written), height, table)


def _band(table: pd.DataFrame, ahead: pd.DataFrame, across: Scale, rise: Scale) -> list[Mark]:
    """The shade between the paths, from the last known year on."""
    if not len(ahead):
        return []
    before = table["pupils"][table.index < ahead.index[0]].dropna()
    start = [(across(before.index[-1]), rise(before.iloc[-1]))] if len(before) else []
    low = [(across(year), rise(v)) for year, v in ahead["low"].items()]
    high = [(across(year), rise(v)) for year, v in ahead["high"].items()]
    return [Polygon((*start, *high, *reversed(low)), ACCENT, 0.18)]


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


# How the whole distribution moved over the years.


PERCENTS = (5, 25, 50, 75, 95)
BANDS = ((0, 4, 0.16), (1, 3, 0.3))  # which percentiles bound a band, and how dark it is
FAN_TOP, FAN_HIGH = 14, 250


@redrawn
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
    steps = ticks(0 if low < top / 2 else low, top, 4)
    texts = [(caption.word("median") if p == 50 else caption.word("percentile", p)) for p in PERCENTS]
    last = values[known][-1]
    texts = [f"{text} {plain(v, decimals)}" for text, v in zip(texts, last, strict=True)]
    labels: list[tuple[float, Word]] = []
    room = max(map(span, texts)) + 18
    left, right = 14 + max(span(plain(v)) for v in steps), caption.width - room
    base = FAN_TOP + FAN_HIGH
    rise = Scale(steps[0], steps[-1], base, FAN_TOP)
    across = Scale(years[0], years[-1] + 1e-9, left + 16, right - 12)
    marks = grid(steps, rise, left, right)
    marks += feet([across(year) for year in years], [str(year) for year in years], base + 20)
    for run in _runs(known):
        marks += _bands([across(years[k]) for k in run], values[run], means[run], rise)
    if np.isfinite(limit):
        marks.append(Line(((left, rise(limit)), (right, rise(limit))), INK, 1.3))
        words = Word(0, 0, caption.word("standard of", plain(limit)), INK, bold=True)
        labels.append((rise(limit), words))
    for text, value, percent in zip(texts, last, PERCENTS, strict=True):
        middle = percent == 50
        labels.append((rise(value), Word(0, 0, text, ACCENT if middle else QUIET, bold=middle)))
    marks += ends(labels, right + 8, FAN_TOP, base)
    gone = [str(year) for year, there in zip(years, known, strict=True) if not there]
    below = [caption.word("dashed mean")]
    below += (
        [caption.word("list", label(Verdict.NO_DATA, caption.lang), caption.word("comma").join(gone))]
        if gone
        else []
    )
    written, height = notes(below, base + 26, caption)
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
        marks.append(Polygon((*over, *reversed(under)), ACCENT, dark))
    middle = tuple((at, row[2]) for at, row in zip(x, rows, strict=True))
    mean = tuple((at, rise(v)) for at, v in zip(x, means, strict=True))
    return [
        *marks,
        Line(mean, INK, 1.2, dashed=True),
        Line(middle, ACCENT, 2.6),
        *(Dot(*p, 3.5, ACCENT) for p in middle),
    ]
