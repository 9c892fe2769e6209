"""The map of a plan for new schools: who goes where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.dots import largest, radii
from qb.charts.layout import notes
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.places import _labels, _project
from qb.charts.style import ACCENT, ALARM, BODY, FADE, INK, QUIET, RULE, WIDTH, clean, plain

SITE = 8  # radius of a new school
OWN = {
    "zh": {
        "school": "● 学校（{} 所）",
        "zone": "○ 小区，面积与适龄儿童数成正比（{} 个）",
        "new": "◆ 新建学校（{} 所）",
        "spare": "▶ 未采用的候选校址（{} 处）",
        "moved": "彩线：改划的小区（{} 个）",
        "kept": "灰线：不变",
        "lost": "缺坐标：{} 处",
    },
    "en": {
        "school": "● schools ({})",
        "zone": "○ zones, area in proportion to children ({})",
        "new": "◆ new schools ({})",
        "spare": "▶ candidate sites not chosen ({})",
        "moved": "coloured lines: zones that change school ({})",
        "kept": "grey lines: unchanged",
        "lost": "without coordinates: {}",
    },
}


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
    x, y, height, per_km = _project(lon, lat, placed)
    kind, names = places["kind"].to_numpy(dtype=object), places["name"].tolist()
    radius = _sizes(places, kind, placed)
    order = np.flatnonzero(placed)
    marks: list[Mark] = [Line(((0, 0), (WIDTH, 0), (WIDTH, height), (0, height), (0, 0)), RULE)]
    marks += _ways(walks, dict(zip(places["id"], range(len(places)), strict=True)), x, y, placed)
    for what in ("zone", "spare", "school", "new"):  # what is new lies on top
        here = [i for i in order if kind[i] == what]
        marks += [_mark(what, x[i], y[i], radius[i], clean(names[i])) for i in here]
    chosen = [i for i in order if kind[i] == "new"]
    schools = [i for i in order if kind[i] != "zone"]  # a name may lie over a zone, or it would find no place
    length = next(k for k in (50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05) if k * per_km < WIDTH / 4)
    marks += [
        *(replace(word, halo=True) for word in _labels(x, y, radius, chosen, schools, names, height)),
        Line(((12, height - 14), (12 + length * per_km, height - 14)), INK, 2),
        Word(12, height - 20, caption.word("km", plain(length))),
        Word(WIDTH - 12, 20, caption.word("north"), QUIET, BODY, anchor="end"),
    ]
    written, height = notes(_legend(kind, placed, walks, caption), height + 6)
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
    words, stop = OWN[caption.lang], caption.word("stop")
    counts = {what: int(((kind == what) & placed).sum()) for what in ("school", "zone", "new", "spare")}
    shown = [words[what].format(count) for what, count in counts.items() if count]
    moved = int(walks["moved"].sum())
    lines = [words["moved"].format(moved), words["kept"]] if moved else [words["kept"]]
    lost = int((~placed).sum())
    return [stop.join(shown), stop.join(lines), *([words["lost"].format(lost)] if lost else [])]
