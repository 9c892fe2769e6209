"""The map of the schools."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.dots import dot, largest, radii
from qb.charts.layout import listed, notes, states
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.style import ALARM, BODY, INK, QUIET, RULE, WIDTH, clean, label, plain, shorten, span
from qb.terms import Verdict

KM = 111.32  # a degree of latitude
MARGIN = 30


def map_of_schools(
    longitude: Sequence[float],
    latitude: Sequence[float],
    pupils: Sequence[float],
    names: Sequence[str],
    verdicts: Sequence[Verdict],
    *,
    caption: Caption,
) -> Chart:
    """Show where the schools are and which of them fail.

    Parameters
    ----------
    longitude, latitude, pupils, names, verdicts : sequences of the same length
        One entry per school, in degrees; a school without coordinates is listed in words.
    caption : Caption
        The sentences around the figure.

    Notes
    -----
    A degree of longitude is shortened by the cosine of the mean latitude, so distances within a
    district are true to the scale bar.
    """
    lon, lat, names = np.asarray(longitude, float), np.asarray(latitude, float), list(names)
    placed = np.isfinite(lon) & np.isfinite(lat)
    state = states(np.zeros(len(lon)), verdicts)
    word = caption.word
    table = pd.DataFrame(
        {
            word("school"): names,
            word("longitude"): lon,
            word("latitude"): lat,
            word("pupils"): list(pupils),
            word("verdict"): [label(s, caption.lang) for s in state],
        }
    )
    if not placed.any():
        return blank(caption, table)
    x, y, height, per_km = _project(lon, lat, placed)
    radius = radii(pupils, largest(int(placed.sum())))
    order = [i for i in np.argsort(-radius, kind="stable") if placed[i]]  # small dots on top of large ones
    failing = [i for i in order if state[i] is Verdict.FAIL]
    marks: list[Mark] = [Line(((0, 0), (WIDTH, 0), (WIDTH, height), (0, height), (0, 0)), RULE)]
    for i in sorted(order, key=failing.__contains__):
        tip = f"{clean(names[i])} {label(state[i], caption.lang)}"
        known = state[i] in (Verdict.PASS, Verdict.FAIL)
        school = dot(x[i], y[i], radius[i], state[i], tip)
        marks.append(school if known else Dot(x[i], y[i], radius[i], QUIET, "ring", tip=tip))
    labels = _labels(x, y, radius, failing, order, names, height)
    length = next(k for k in (50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05) if k * per_km < WIDTH / 4)
    marks += [
        *labels,
        Line(((12, height - 14), (12 + length * per_km, height - 14)), INK, 2),
        Word(12, height - 20, word("km", plain(length))),
        Word(WIDTH - 12, 20, word("north"), QUIET, BODY, anchor="end"),
    ]
    absent = any(state[i] is Verdict.NO_DATA for i in order)
    below = [word("legend") + (word("legend missing") if absent else "") + word("dots")]
    below += [word("n more", len(failing) - len(labels))] if len(failing) > len(labels) else []
    lost = [names[i] for i in np.flatnonzero(~placed)]
    below += [word("list", word("no place"), listed(lost, caption))] if lost else []
    written, height = notes(below, height + 6)
    return Chart(caption, (*marks, *written), height, table)


def _project(
    lon: np.ndarray, lat: np.ndarray, placed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return places on the page, the height of the map, and how long a kilometre is."""
    east = lon * math.cos(math.radians(lat[placed].mean())) * KM
    north = lat * KM
    left, right = east[placed].min(), east[placed].max()
    low, high = north[placed].min(), north[placed].max()
    per_km = min((WIDTH - 2 * MARGIN) / max(right - left, 0.5), (520 - 2 * MARGIN) / max(high - low, 0.5))
    height = max((high - low) * per_km + 2 * MARGIN, 240)
    x = WIDTH / 2 + (east - (left + right) / 2) * per_km
    y = height / 2 - (north - (low + high) / 2) * per_km
    return x, y, height, per_km


def _labels(
    x: np.ndarray,
    y: np.ndarray,
    radius: np.ndarray,
    failing: list[int],
    dots: list[int],
    names: Sequence[str],
    height: float,
) -> list[Mark]:
    """Names beside the dots, on the side that is free; a name that fits nowhere is left out."""
    taken = [(12.0, height - 36, 160.0, height - 6.0), (WIDTH - 60.0, 0.0, WIDTH + 0.0, 26.0)]
    taken += [(x[i] - radius[i], y[i] - radius[i], x[i] + radius[i], y[i] + radius[i]) for i in dots]

    def free(left: float, low: float, wide: float) -> bool:
        start, top, end, bottom = left, low - 12, left + wide, low + 3
        inside = start >= 4 and end <= WIDTH - 4 and top >= 4 and bottom <= height - 4
        return inside and all(end <= a or start >= c or bottom <= b or top >= d for a, b, c, d in taken)

    out: list[Mark] = []
    for i in failing:
        text = shorten(names[i], 150)
        wide, gap = span(text), max(radius[i], 4) + 6
        sides = (
            (x[i] + gap, y[i] + 5),
            (x[i] - gap - wide, y[i] + 5),
            (x[i] - wide / 2, y[i] - gap),
            (x[i] - wide / 2, y[i] + gap + 10),
        )
        place = next((side for side in sides if free(*side, wide)), None)
        if place:
            left, low = place
            taken.append((left, low - 12, left + wide, low + 3))
            out.append(Word(left, low, text, ALARM, bold=True))
    return out
