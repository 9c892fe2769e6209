"""Zones and the schools they belong to, before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import listed, notes
from qb.charts.marks import Bar, Dot, Line, Mark, Shape, Word
from qb.charts.places import KM
from qb.charts.style import ACCENT, ALARM, BODY, INK, QUIET, RULE, WIDTH, Colour, clean, plain, shorten, span

GAP, HEAD, MARGIN, TALL = 16, 30, 26, 380  # between the maps, above them, inside them; the most they are high
PANEL = (WIDTH - GAP) / 2
NAMED = 6  # zones that are named
# Blue, orange and ink differ for every eye; where colours come again, the shape is another.
STYLES: tuple[tuple[Colour, Shape], ...] = (
    (ACCENT, "diamond"),
    (ALARM, "circle"),
    (INK, "ring"),
    (ALARM, "arrow"),
    (ACCENT, "ring"),
    (INK, "diamond"),
    (ACCENT, "circle"),
    (ALARM, "ring"),
)
WORDS = {
    "zh": {
        "zone": "小区",
        "before": "原划学校",
        "after": "现划学校",
        "none": "没有划片",
        "legend": "小点为小区，方块为学校；改划的小区较大；线连到所划学校；"
        "形状、颜色相同的属于同一所学校，灰色的学校没有变化",
        "off": "缺坐标、未画出的小区",
        "unnamed": "未标名的学校",
    },
    "en": {
        "zone": "zone",
        "before": "school before",
        "after": "school after",
        "none": "none",
        "legend": "small dots: zones, squares: schools; zones that change are larger; lines lead to their "
        "school; same shape and colour: same school; grey: unchanged",
        "off": "zones without coordinates, not drawn",
        "unnamed": "schools not named",
    },
}


class _Places(NamedTuple):
    """Where zones and schools are on the first map; the second lies `PANEL` + `GAP` to the right."""

    zones: list[tuple[float, float] | None]
    schools: dict[str, tuple[float, float]]
    height: float
    per_km: float


def rezoned(
    longitude: Sequence[float],
    latitude: Sequence[float],
    zones: Sequence[str],
    before: Sequence[str | None],
    after: Sequence[str | None],
    schools: Mapping[str, tuple[float, float]],
    names: Mapping[str, str],
    *,
    headings: tuple[str, str],
    caption: Caption,
) -> Chart:
    """Show which zones belong to another school than before, on two maps side by side.

    Parameters
    ----------
    longitude, latitude, zones, before, after : sequences of the same length
        One entry per zone: place in degrees, name, and the school (its id) that it belongs to, or None.
    schools : mapping of id to (longitude, latitude)
        NaN for a school without a place.
    names : mapping of id to str
    headings : pair of str
        Above the two maps.
    caption : Caption

    Notes
    -----
    Schools that gain or lose zones are named and have a colour and a shape, which their zones share.
    """
    say = WORDS[caption.lang]
    table = pd.DataFrame(
        {
            say["zone"]: list(zones),
            caption.word("longitude"): np.asarray(longitude, float),
            caption.word("latitude"): np.asarray(latitude, float),
            say["before"]: [names.get(s, say["none"]) for s in before],
            say["after"]: [names.get(s, say["none"]) for s in after],
        }
    )
    places = _placed(longitude, latitude, schools)
    if places is None:
        return blank(caption, table)
    moved = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    styles = _styles([after[i] for i in moved], [before[i] for i in moved])
    marks: list[Mark] = []
    unnamed: dict[str, None] = {}
    for panel, belongs in enumerate((before, after)):
        shift = panel * (PANEL + GAP)
        marks += [Word(shift, 18, shorten(headings[panel], PANEL, BODY), size=BODY, bold=True)]
        marks += _frame(shift, places.height)
        marks += _dots(places, zones, belongs, moved, styles, names, shift)
        told = [school for school in styles if school in set(belongs)]
        labels, left = _labels(places, zones, moved if panel else [], told, styles, names, shift)
        marks += labels
        unnamed |= dict.fromkeys(left)
    length = next(k for k in (20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05) if k * places.per_km < PANEL / 3)
    foot = HEAD + places.height - 12
    marks += [
        Line(((10, foot), (10 + length * places.per_km, foot)), INK, 2),
        Word(10, foot - 6, caption.word("km", plain(length))),
        Word(PANEL - 8, HEAD + 18, caption.word("north"), QUIET, anchor="end"),
    ]
    off = [zone for zone, place in zip(zones, places.zones, strict=True) if place is None]
    below = [say["legend"]]
    below += [caption.word("list", say["off"], listed(off, caption))] if off else []
    below += (
        [caption.word("list", say["unnamed"], listed([names[s] for s in unnamed], caption))]
        if unnamed
        else []
    )
    written, height = notes(below, HEAD + places.height + 6)
    return Chart(caption, (*marks, *written), height, table)


def _placed(
    longitude: Sequence[float], latitude: Sequence[float], schools: Mapping[str, tuple[float, float]]
) -> _Places | None:
    """Return places on a map true to scale; None where nothing has one."""
    lon = np.array([*longitude, *(place[0] for place in schools.values())], float)
    lat = np.array([*latitude, *(place[1] for place in schools.values())], float)
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known[: len(longitude)].any():
        return None
    east, north = lon * math.cos(math.radians(lat[known].mean())) * KM, lat * KM
    left, right, low, high = east[known].min(), east[known].max(), north[known].min(), north[known].max()
    per_km = min((PANEL - 2 * MARGIN) / max(right - left, 0.5), (TALL - 2 * MARGIN) / max(high - low, 0.5))
    height = max((high - low) * per_km + 2 * MARGIN, 200)
    x = PANEL / 2 + (east - (left + right) / 2) * per_km
    y = HEAD + height / 2 - (north - (low + high) / 2) * per_km
    at = [(float(a), float(b)) if there else None for a, b, there in zip(x, y, known, strict=True)]
    count = len(longitude)
    spots = {s: spot for s, spot in zip(schools, at[count:], strict=True) if spot}
    return _Places(at[:count], spots, float(height), float(per_km))


def _styles(gaining: Sequence[str | None], losing: Sequence[str | None]) -> dict[str, tuple[Colour, Shape]]:
    """Return a colour and a shape for each school that gains or loses zones; those that gain come first."""
    involved = [school for school in dict.fromkeys([*gaining, *losing]) if school is not None]
    return {
        school: STYLES[k] if k < len(STYLES) else (QUIET, STYLES[k % len(STYLES)][1])
        for k, school in enumerate(involved)
    }


def _frame(shift: float, height: float) -> list[Mark]:
    corners = ((0, 0), (PANEL, 0), (PANEL, height), (0, height), (0, 0))
    return [Line(tuple((shift + x, HEAD + y) for x, y in corners), RULE)]


def _dots(
    places: _Places,
    zones: Sequence[str],
    belongs: Sequence[str | None],
    moved: Sequence[int],
    styles: Mapping[str, tuple[Colour, Shape]],
    names: Mapping[str, str],
    shift: float,
) -> list[Mark]:
    """Return lines, schools and zones; what changes lies on top."""
    lines: list[Mark] = []
    for i, school in enumerate(belongs):
        home = places.schools.get(school) if school in styles else None
        if places.zones[i] and home:
            ends = tuple((x + shift, y) for x, y in (places.zones[i], home))
            lines.append(Line(ends, styles[school][0], 2 if i in moved else 0.8))
    squares = [
        Bar(x + shift - half, y - half, 2 * half, 2 * half, colour)
        for school, (x, y) in sorted(places.schools.items(), key=lambda item: item[0] in styles)
        for colour, half in [(styles[school][0], 5.5) if school in styles else (QUIET, 2.5)]
        if school not in styles or school in set(belongs)
    ]
    dots = []
    for i in sorted(range(len(zones)), key=set(moved).__contains__):
        if places.zones[i]:
            colour, shape = styles.get(belongs[i], (QUIET, "circle"))
            radius = 5.5 if i in moved else 3.5 if belongs[i] in styles else 2.2
            x, y = places.zones[i]
            tip = f"{clean(zones[i])} → {clean(names.get(belongs[i], ''))}"
            dots.append(Dot(x + shift, y, radius, colour, shape, tip=tip))
    return [*lines, *squares, *dots]


def _labels(
    places: _Places,
    zones: Sequence[str],
    moved: Sequence[int],
    told: Sequence[str],
    styles: Mapping[str, tuple[Colour, Shape]],
    names: Mapping[str, str],
    shift: float,
) -> tuple[list[Mark], list[str]]:
    """Return the names of schools and of zones that change, where they are free, and schools left out."""
    things = [
        (places.schools[s], clean(names.get(s, s)), styles[s][0], True, s)
        for s in told
        if s in places.schools
    ]
    things += [(places.zones[i], clean(zones[i]), INK, False, "") for i in moved[:NAMED] if places.zones[i]]
    taken = [(x - 6, y - 6, x + 6, y + 6) for (x, y), *_ in things]
    top, bottom = HEAD + 2, HEAD + places.height - 2
    taken += [(4, bottom - 34, 120, bottom), (PANEL - 44, top, PANEL, top + 22)]
    out: list[Mark] = []
    left: list[str] = []
    for (x, y), name, colour, bold, school in things:
        text = shorten(name, PANEL * 0.6)
        wide = span(text) + 2
        tries = [(a, b) for b in (y + 5, y - 10, y + 20, y - 24, y + 34) for a in (x + 10, x - 10 - wide)]
        tries += [(x - wide / 2, b) for b in (y - 12, y + 22)]
        spots = ((a, b, (a, b - 12, a + wide, b + 3)) for a, b in tries)
        free = next(
            (
                (a, b, box)
                for a, b, box in spots
                if box[0] >= 4
                and box[2] <= PANEL - 4
                and box[1] >= top
                and box[3] <= bottom
                and all(box[2] <= c[0] or box[0] >= c[2] or box[3] <= c[1] or box[1] >= c[3] for c in taken)
            ),
            None,
        )
        if free is None:
            left += [school] if school else []
            continue
        a, b, box = free
        taken.append(box)
        out.append(Word(a + shift, b, text, colour, bold=bold, halo=True))
    return out, left
