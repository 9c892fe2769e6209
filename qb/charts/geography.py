"""Where schools stand above and below the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.dots import largest, radii
from qb.charts.layout import notes
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.phrases import phrase
from qb.charts.places import _labels, _project
from qb.charts.spreads import TOLD
from qb.charts.style import ACCENT, ALARM, BODY, FADE, INK, QUIET, RULE, WIDTH, clean, plain

NAMED = 8  # schools far below the mean that are named


def map_of_values(
    longitude: Sequence[float],
    latitude: Sequence[float],
    pupils: Sequence[float],
    names: Sequence[str],
    standardised: Sequence[float],
    *,
    caption: Caption,
) -> Chart:
    """Show where schools have more and where less than the mean.

    Parameters
    ----------
    longitude, latitude, pupils, names : sequences of the same length
        One entry per school; one without coordinates is counted in words.
    standardised : sequence of float
        Distance from the mean, in deviations.
    caption : Caption
    """
    lon, lat, z = (np.asarray(v, float) for v in (longitude, latitude, standardised))
    word = caption.word
    table = pd.DataFrame({word("school"): list(names), word("longitude"): lon, word("latitude"): lat, "z": z})
    placed = np.isfinite(lon) & np.isfinite(lat) & np.isfinite(z)
    if not placed.any():
        return blank(caption, table)
    x, y, height, per_km = _project(lon, lat, placed)
    radius = radii(pupils, largest(int(placed.sum())))
    order = [i for i in np.argsort(-radius, kind="stable") if placed[i]]
    marks: list[Mark] = [Line(((0, 0), (WIDTH, 0), (WIDTH, height), (0, height), (0, 0)), RULE)]
    for i in sorted(order, key=lambda i: abs(z[i]) > 1):  # what stands out lies on top
        tip = f"{clean(names[i])} {z[i]:+.1f}" if len(order) <= TOLD else ""
        marks.append(_dot(x[i], y[i], radius[i], z[i], tip))
    lowest = sorted((i for i in order if z[i] < -1), key=lambda i: z[i])[:NAMED]
    length = next(k for k in (200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05) if k * per_km < WIDTH / 4)
    marks += [
        *_labels(x, y, radius, lowest, order, names, height),
        Line(((12, height - 14), (12 + length * per_km, height - 14)), INK, 2),
        Word(12, height - 20, word("km", plain(length))),
        Word(WIDTH - 12, 20, word("north"), QUIET, BODY, anchor="end"),
    ]
    counts = [int(c[placed].sum()) for c in (z < -1, np.abs(z) <= 1, z > 1)]
    legend = [phrase(caption, key, n) for key, n in zip(("below", "within", "above"), counts, strict=True)]
    below = [caption.word("stop").join([*legend, phrase(caption, "area")])]
    lost = len(z) - int(placed.sum())
    below += [phrase(caption, "no place", lost)] if lost else []
    written, height = notes(below, height + 6)
    return Chart(caption, (*marks, *written), height, table)


def _dot(x: float, y: float, radius: float, z: float, tip: str) -> Dot:
    """Return a school: a coloured diamond far below the mean, filled far above, a ring between."""
    if z < -1:
        return Dot(x, y, max(radius, 4), ALARM, "diamond", tip=tip)
    if z > 1:
        return Dot(x, y, radius, ACCENT, "circle", FADE, tip)
    return Dot(x, y, max(radius - 1, 2), QUIET, "ring", tip=tip)
