"""Maps of schools: verdicts, values, residential zones before and after, sites for new schools."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import FOOT, TOLD, crossed, dot, frame, largest, listed, notes, radii, states
from qb.charts.marks import (
    ACCENT,
    ALARM,
    BODY,
    FADE,
    INK,
    QUIET,
    RULE,
    Bar,
    Colour,
    Dot,
    Line,
    Mark,
    Shape,
    Word,
    clean,
    label,
    shorten,
    span,
)
from qb.terms import Verdict

# The map of the schools.


KM = 111.32  # a degree of latitude
SCHOOLS_MARGIN = 30


@redrawn
def map_of_schools(
    longitude: Sequence[float],
    latitude: Sequence[float],
    pupils: Sequence[float],
    names: Sequence[str],
    verdicts: Sequence[Verdict],
    *,
    caption: Caption,
    of: str = "school",
    leads: Sequence[str] = (),
) -> Chart:
    """Show where the schools are and which of them fail.

    Parameters
    ----------
    longitude, latitude, pupils, names, verdicts : sequences of the same length
        One entry per school, in degrees; a school without coordinates is listed in words.
    caption : Caption
        The sentences around the figure.
    of : {"school", "district"}
        What a dot stands for.
    leads : sequence of str, optional
        The address to which each dot leads; empty for none.

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
            word(of): names,
            word("longitude"): lon,
            word("latitude"): lat,
            word("pupils"): list(pupils),
            word("verdict"): [label(s, caption.lang) for s in state],
        }
    )
    if not placed.any():
        return blank(caption, table)
    x, y, height, per_km = _project(lon, lat, placed, caption.width)
    radius = radii(pupils, largest(int(placed.sum())))
    order = [i for i in np.argsort(-radius, kind="stable") if placed[i]]  # small dots on top of large ones
    failing = [i for i in order if state[i] is Verdict.FAIL]
    marks: list[Mark] = []
    for i in sorted(order, key=failing.__contains__):
        tip = f"{clean(names[i])} {label(state[i], caption.lang)}"
        known = state[i] in (Verdict.PASS, Verdict.FAIL)
        school = dot(x[i], y[i], radius[i], state[i], tip)
        school = school if known else Dot(x[i], y[i], radius[i], QUIET, "ring", tip=tip)
        marks.append(replace(school, leads=leads[i] if leads else ""))
    labels = _school_labels(x, y, radius, failing, order, names, caption.width, height)
    marks += [*labels, *frame(caption, caption.width, height, per_km)]
    absent = any(state[i] is Verdict.NO_DATA for i in order)
    what = "" if of == "school" else f" of {of}"
    below = [word("legend") + (word("legend missing") if absent else "") + word(f"dots{what}")]
    below += [word(f"n more{what}", len(failing) - len(labels))] if len(failing) > len(labels) else []
    lost = [names[i] for i in np.flatnonzero(~placed)]
    below += [word("list", word("no place"), listed(lost, caption))] if lost else []
    written, height = notes(below, height + FOOT, caption)
    return Chart(caption, (*marks, *written), height, table)


def _project(
    lon: np.ndarray, lat: np.ndarray, placed: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return places on the page, the height of the map, and how long a kilometre is."""
    east = lon * math.cos(math.radians(lat[placed].mean())) * KM
    north = lat * KM
    left, right = east[placed].min(), east[placed].max()
    low, high = north[placed].min(), north[placed].max()
    per_km = min(
        (width - 2 * SCHOOLS_MARGIN) / max(right - left, 0.5),
        (520 - 2 * SCHOOLS_MARGIN) / max(high - low, 0.5),
    )
    height = max((high - low) * per_km + 2 * SCHOOLS_MARGIN, 240)
    x = width / 2 + (east - (left + right) / 2) * per_km
    y = height / 2 - (north - (low + high) / 2) * per_km
    return x, y, height, per_km


def _school_labels(
    x: np.ndarray,
    y: np.ndarray,
    radius: np.ndarray,
    failing: list[int],
    dots: list[int],
    names: Sequence[str],
    width: float,
    height: float,
) -> list[Word]:
    """Names beside the dots, on the side that is free; a name that fits nowhere is left out."""
    taken = [(x[i] - radius[i], y[i] - radius[i], x[i] + radius[i], y[i] + radius[i]) for i in dots]

    def free(left: float, low: float, wide: float) -> bool:
        start, top, end, bottom = left, low - 12, left + wide, low + 3
        inside = start >= 4 and end <= width - 4 and top >= 4 and bottom <= height - 4
        return inside and all(end <= a or start >= c or bottom <= b or top >= d for a, b, c, d in taken)

    out: list[Word] = []
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


# Where schools stand above and below the mean.


VALUES_NAMED = 8  # schools far below the mean that are named


@redrawn
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
    x, y, height, per_km = _project(lon, lat, placed, caption.width)
    radius = radii(pupils, largest(int(placed.sum())))
    order = [i for i in np.argsort(-radius, kind="stable") if placed[i]]
    marks: list[Mark] = []
    for i in sorted(order, key=lambda i: abs(z[i]) > 1):  # what stands out lies on top
        tip = f"{clean(names[i])} {z[i]:+.1f}".replace("-", "−") if len(order) <= TOLD else ""
        marks.append(_dot(x[i], y[i], radius[i], z[i], tip))
    lowest = sorted((i for i in order if z[i] < -1), key=lambda i: z[i])[:VALUES_NAMED]
    labels = _school_labels(x, y, radius, lowest, order, names, caption.width, height)
    marks += [*labels, *frame(caption, caption.width, height, per_km)]
    counts = [int(c[placed].sum()) for c in (z < -1, np.abs(z) <= 1, z > 1)]
    legend = [
        caption.word(f"{side} mean", n) for side, n in zip(("below", "within", "above"), counts, strict=True)
    ]
    below = [caption.word("stop").join([*legend, caption.word("area by pupils")])]
    lost = len(z) - int(placed.sum())
    below += [caption.word("places lost", lost)] if lost else []
    written, height = notes(below, height + FOOT, caption)
    return Chart(caption, (*marks, *written), height, table)


def _dot(x: float, y: float, radius: float, z: float, tip: str) -> Dot:
    """Return a school: a coloured diamond far below the mean, filled far above, a ring between."""
    if z < -1:
        return Dot(x, y, max(radius, 4), ALARM, "diamond", tip=tip)
    if z > 1:
        return Dot(x, y, radius, ACCENT, "circle", FADE, tip)
    return Dot(x, y, max(radius - 1, 2), QUIET, "ring", tip=tip)


# Zones and the schools they belong to, before and after.


GAP, HEAD, ZONES_MARGIN, TALL = (
    16,
    30,
    26,
    380,
)  # between the maps, above them, inside them; the most they are high
ZONES_NAMED = 6  # zones that are named
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


class _Places(NamedTuple):
    """Where zones and schools are on the first map; the second lies to the right of it, or below."""

    zones: list[tuple[float, float] | None]
    schools: dict[str, tuple[float, float]]
    width: float
    height: float
    per_km: float


@redrawn
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
    table = pd.DataFrame(
        {
            caption.word("zones zone"): list(zones),
            caption.word("longitude"): np.asarray(longitude, float),
            caption.word("latitude"): np.asarray(latitude, float),
            caption.word("zones before"): [names.get(s, caption.word("zones none")) for s in before],
            caption.word("zones after"): [names.get(s, caption.word("zones none")) for s in after],
        }
    )
    panel = caption.width if caption.narrow else (caption.width - GAP) / 2
    places = _placed(longitude, latitude, schools, panel)
    if places is None:
        return blank(caption, table)
    moved = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    styles = _styles([after[i] for i in moved], [before[i] for i in moved])
    marks: list[Mark] = []
    unnamed: dict[str, None] = {}
    below_first = HEAD + places.height + FOOT + GAP
    for second, belongs in enumerate((before, after)):
        shift = (0.0, below_first * second) if caption.narrow else ((panel + GAP) * second, 0.0)
        heading = Word(shift[0], shift[1] + 18, shorten(headings[second], panel, BODY), size=BODY, bold=True)
        marks += [heading, *frame(caption, panel, places.height, places.per_km, shift[0], HEAD + shift[1])]
        drawn = _dots(places, zones, belongs, moved, styles, names, shift)
        lines = [mark for mark in drawn if isinstance(mark, Line)]
        marks += drawn
        there = set(belongs)
        told = [school for school in styles if school in there]
        labels, left = _zone_labels(places, zones, moved if second else [], told, styles, names, shift, lines)
        marks += labels
        unnamed |= dict.fromkeys(left)
    off = [zone for zone, place in zip(zones, places.zones, strict=True) if place is None]
    below = [caption.word("zones legend")]
    below += [caption.word("list", caption.word("zones off"), listed(off, caption))] if off else []
    below += (
        [caption.word("list", caption.word("zones unnamed"), listed([names[s] for s in unnamed], caption))]
        if unnamed
        else []
    )
    base = HEAD + places.height + FOOT + (below_first if caption.narrow else 0)
    written, height = notes(below, base, caption)
    return Chart(caption, (*marks, *written), height, table)


def _placed(
    longitude: Sequence[float],
    latitude: Sequence[float],
    schools: Mapping[str, tuple[float, float]],
    width: float,
) -> _Places | None:
    """Return places on a map true to scale; None where nothing has one."""
    lon = np.array([*longitude, *(place[0] for place in schools.values())], float)
    lat = np.array([*latitude, *(place[1] for place in schools.values())], float)
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known[: len(longitude)].any():
        return None
    east, north = lon * math.cos(math.radians(lat[known].mean())) * KM, lat * KM
    left, right, low, high = east[known].min(), east[known].max(), north[known].min(), north[known].max()
    per_km = min(
        (width - 2 * ZONES_MARGIN) / max(right - left, 0.5), (TALL - 2 * ZONES_MARGIN) / max(high - low, 0.5)
    )
    height = max((high - low) * per_km + 2 * ZONES_MARGIN, 200)
    x = width / 2 + (east - (left + right) / 2) * per_km
    y = HEAD + height / 2 - (north - (low + high) / 2) * per_km
    at = [(float(a), float(b)) if there else None for a, b, there in zip(x, y, known, strict=True)]
    count = len(longitude)
    spots = {s: spot for s, spot in zip(schools, at[count:], strict=True) if spot}
    return _Places(at[:count], spots, width, float(height), float(per_km))


def _styles(gaining: Sequence[str | None], losing: Sequence[str | None]) -> dict[str, tuple[Colour, Shape]]:
    """Return a colour and a shape for each school that gains or loses zones; those that gain come first."""
    involved = [school for school in dict.fromkeys([*gaining, *losing]) if school is not None]
    return {
        school: STYLES[k] if k < len(STYLES) else (QUIET, STYLES[k % len(STYLES)][1])
        for k, school in enumerate(involved)
    }


def _dots(
    places: _Places,
    zones: Sequence[str],
    belongs: Sequence[str | None],
    moved: Sequence[int],
    styles: Mapping[str, tuple[Colour, Shape]],
    names: Mapping[str, str],
    shift: tuple[float, float],
) -> list[Mark]:
    """Return lines, schools and zones; what changes lies on top."""
    lines: list[Mark] = []
    for i, school in enumerate(belongs):
        home = places.schools.get(school) if school in styles else None
        if places.zones[i] and home:
            ends = tuple((x + shift[0], y + shift[1]) for x, y in (places.zones[i], home))
            lines.append(Line(ends, styles[school][0], 2 if i in moved else 0.8))
    squares = [
        Bar(x + shift[0] - half, y + shift[1] - half, 2 * half, 2 * half, colour)
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
            dots.append(Dot(x + shift[0], y + shift[1], radius, colour, shape, tip=tip))
    return [*lines, *squares, *dots]


def _zone_labels(
    places: _Places,
    zones: Sequence[str],
    moved: Sequence[int],
    told: Sequence[str],
    styles: Mapping[str, tuple[Colour, Shape]],
    names: Mapping[str, str],
    shift: tuple[float, float],
    lines: Sequence[Line],
) -> tuple[list[Mark], list[str]]:
    """Return the names of schools and of zones that change, where they are free of others and of lines, and schools left out."""
    things = [
        (places.schools[s], clean(names.get(s, s)), styles[s][0], True, s)
        for s in told
        if s in places.schools
    ]
    things += [
        (places.zones[i], clean(zones[i]), INK, False, "") for i in moved[:ZONES_NAMED] if places.zones[i]
    ]
    taken = [(x - 6, y - 6, x + 6, y + 6) for (x, y), *_ in things]
    panel, top, bottom = places.width, HEAD + 2, HEAD + places.height - 2
    out: list[Mark] = []
    left: list[str] = []
    for (x, y), name, colour, bold, school in things:
        text = shorten(name, panel * 0.6)
        wide = span(text) + 2
        tries = [(a, b) for b in (y + 5, y - 10, y + 20, y - 24, y + 34) for a in (x + 10, x - 10 - wide)]
        tries += [(x - wide / 2, b) for b in (y - 12, y + 22)]
        spots = ((a, b, (a, b - 12, a + wide, b + 3)) for a, b in tries)
        free = next(
            (
                (a, b, box)
                for a, b, box in spots
                if box[0] >= 4
                and box[2] <= panel - 4
                and box[1] >= top
                and box[3] <= bottom
                and all(box[2] <= c[0] or box[0] >= c[2] or box[3] <= c[1] or box[1] >= c[3] for c in taken)
                and not crossed(Word(a + shift[0], b + shift[1], text, bold=bold), lines)
            ),
            None,
        )
        if free is None:
            left += [school] if school else []
            continue
        a, b, box = free
        taken.append(box)
        out.append(Word(a + shift[0], b + shift[1], text, colour, bold=bold, halo=True))
    return out, left


# The map of a plan for new schools: who goes where.


SITE = 8  # radius of a new school


@redrawn
def map_of_sites(places: pd.DataFrame, walks: pd.DataFrame, *, caption: Caption) -> Chart:
    """Show which school each zone is assigned to, and where new ones stand.

    Parameters
    ----------
    places : DataFrame
        `id`, `name`, `kind` (``school``, ``zone``, ``new`` or ``spare``: a site that is not chosen),
        `longitude`, `latitude` and, of zones, `children`.
    walks : DataFrame
        `zone`, `to` (identifiers of places) and `moved`: whether the zone changes school.
    caption : Caption

    Notes
    -----
    A place without coordinates is counted in words, and its walks are left out.
    """
    lon, lat = (places[name].to_numpy(dtype=float) for name in ("longitude", "latitude"))
    placed = np.isfinite(lon) & np.isfinite(lat)
    if not placed.any():
        return blank(caption, walks)
    x, y, height, per_km = _project(lon, lat, placed, caption.width)
    kind, names = places["kind"].to_numpy(dtype=object), places["name"].tolist()
    radius = _sizes(places, kind, placed)
    order = np.flatnonzero(placed)
    marks: list[Mark] = []
    marks += _ways(walks, dict(zip(places["id"], range(len(places)), strict=True)), x, y, placed)
    for what in ("zone", "spare", "school", "new"):  # what is new lies on top
        here = [i for i in order if kind[i] == what]
        marks += [_mark(what, x[i], y[i], radius[i], clean(names[i])) for i in here]
    chosen = [i for i in order if kind[i] == "new"]
    schools = [i for i in order if kind[i] != "zone"]  # a name may lie over a zone, or it would find no place
    labels = _school_labels(x, y, radius, chosen, schools, names, caption.width, height)
    marks += [replace(word, halo=True) for word in labels]
    marks += frame(caption, caption.width, height, per_km)
    written, height = notes(_legend(kind, placed, walks, caption), height + FOOT, caption)
    return Chart(caption, (*marks, *written), height, walks)


def _sizes(places: pd.DataFrame, kind: np.ndarray, placed: np.ndarray) -> np.ndarray:
    """Return radii: zones by their children, the others alike."""
    zone = kind == "zone"
    radius = np.full(len(kind), 4.0)
    radius[zone] = radii(places["children"].to_numpy(dtype=float)[zone], largest(int((zone & placed).sum())))
    radius[kind == "new"] = SITE
    return radius


def _ways(
    walks: pd.DataFrame, at: dict[str, int], x: np.ndarray, y: np.ndarray, placed: np.ndarray
) -> list[Mark]:
    """Return a line from each zone to its school, those that change on top."""
    found: list[Mark] = []
    for row in walks.sort_values("moved", kind="stable").itertuples():
        i, j = at.get(row.zone), at.get(row.to)
        if i is not None and j is not None and placed[i] and placed[j]:
            ends = ((x[i], y[i]), (x[j], y[j]))
            found.append(Line(ends, ACCENT, 2) if row.moved else Line(ends, RULE))
    return found


def _mark(what: str, x: float, y: float, radius: float, tip: str) -> Dot:
    if what == "zone":
        return Dot(x, y, radius, QUIET, "ring", tip=tip)
    if what == "new":
        return Dot(x, y, radius, ALARM, "diamond", tip=tip)
    return Dot(x, y, radius, QUIET, "arrow" if what == "spare" else "circle", FADE, tip)


def _legend(kind: np.ndarray, placed: np.ndarray, walks: pd.DataFrame, caption: Caption) -> list[str]:
    stop = caption.word("stop")
    counts = {what: int(((kind == what) & placed).sum()) for what in ("school", "zone", "new", "spare")}
    shown = [caption.word(f"sites {what}", count) for what, count in counts.items() if count]
    moved = int(walks["moved"].sum())
    lines = [caption.word("sites moved", moved)] * bool(moved) + [caption.word("sites kept")]
    lost = int((~placed).sum())
    return [stop.join(shown), stop.join(lines), *([caption.word("sites lost", lost)] if lost else [])]
