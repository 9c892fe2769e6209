"""Small multiples: Lorenz curves, parts of a whole over the years, distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.layout import LINE, Scale, notes
from qb.charts.primitives import Bar, Dot, Line, Mark, Polygon, Word
from qb.charts.style import ACCENT, FADE, INK, QUIET, RULE, shorten, span

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
