"""How large rooms of one kind are, against the area that each must have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.layout import Scale, notes, ticks
from qb.charts.marks import Bar, Line, Mark, Word
from qb.charts.style import ALARM, FADE, INK, QUIET, RULE, WIDTH, label, plain, span
from qb.terms import Verdict

STEP, MOST = 5.0, 36  # m² of a bar, and the most bars that a panel has room for
TOP, HIGH, FOOT, LEFT = 46, 96, 44, 40
# The few words that the figure adds by itself.
WORDS = {
    "zh": {
        "limit": "标准 {} ㎡",
        "below": "低于标准 {} 间",
        "all": "{}（共 {} 间）",
        "area": "面积（㎡）",
        "from": "面积自（㎡，每档 {:g}）",
        "rooms": "间数",
    },
    "en": {
        "limit": "standard {} m²",
        "below": "{} below",
        "all": "{} ({})",
        "area": "area (m²)",
        "from": "area from (m², steps of {:g})",
        "rooms": "rooms",
    },
}


def rooms(panels: Mapping[str, tuple[Sequence[float], float, Sequence[bool]]], *, caption: Caption) -> Chart:
    """Show the areas of rooms, a panel for each kind; bars below the standard stand out.

    Parameters
    ----------
    panels : mapping of kind to (areas in m², the least area that counts, which areas are below it)
        Missing areas are counted in words. A bar begins at the standard, so none is cut by it.
    caption : Caption
    """
    words = WORDS[caption.lang]
    given = {
        kind: (np.asarray(areas, float), limit, np.asarray(below, bool))
        for kind, (areas, limit, below) in panels.items()
    }
    shown = {
        kind: (areas[np.isfinite(areas)], limit, below[np.isfinite(areas)])
        for kind, (areas, limit, below) in given.items()
    }
    shown = {kind: panel for kind, panel in shown.items() if len(panel[0])}
    if not shown:
        return blank(caption)
    low = min(min(areas.min(), limit) for areas, limit, _ in shown.values())
    high = max(max(areas.max(), limit) for areas, limit, _ in shown.values())
    step = STEP * math.ceil((high - low) / STEP / MOST)
    across = Scale(low - step, high + step, LEFT, WIDTH)
    marks: list[Mark] = []
    for place, (kind, (areas, limit, below)) in enumerate(shown.items()):
        marks += _panel(kind, areas, limit, below, step, across, place * (TOP + HIGH + FOOT), words)
    counts = [
        (kind, limit + place * step, count)
        for kind, (areas, limit, _) in shown.items()
        for place, count in zip(*np.unique(_bins(areas, limit, step), return_counts=True), strict=True)
    ]
    table = pd.DataFrame(counts, columns=[caption.word("where"), words["from"].format(step), words["rooms"]])
    absent = {kind: int((~np.isfinite(areas)).sum()) for kind, (areas, _, _) in given.items()}
    gone = [f"{kind} {count}" for kind, count in absent.items() if count]
    text = caption.word("list", label(Verdict.NO_DATA, caption.lang), caption.word("comma").join(gone))
    written, height = notes([text] if gone else [], len(shown) * (TOP + HIGH + FOOT) - 12)
    return Chart(caption, (*marks, *written), height, table)


def _panel(
    kind: str,
    areas: np.ndarray,
    limit: float,
    small: np.ndarray,
    step: float,
    across: Scale,
    top: float,
    words: Mapping[str, str],
) -> list[Mark]:
    """One kind of room: its bars, its standard, and how many are below it."""
    bins, counts = np.unique(_bins(areas, limit, step), return_counts=True)
    base = top + TOP + HIGH
    grid = [v for v in ticks(0, counts.max(), 3) if v == int(v)]
    rise = Scale(0, grid[-1], base, top + TOP)
    marks: list[Mark] = [Line(((LEFT, rise(v)), (WIDTH, rise(v))), RULE, 0.8) for v in grid]
    marks += [Word(LEFT - 8, rise(v) + 5, plain(v), QUIET, anchor="end") for v in grid]
    for place, count in zip(bins, counts, strict=True):
        left, right = across(limit + place * step), across(limit + (place + 1) * step)
        colour, opacity = (ALARM, 1.0) if place < 0 else (QUIET, FADE)
        marks.append(Bar(left + 1, rise(count), right - left - 2, base - rise(count), colour, opacity))
    at, below = across(limit), int(small.sum())
    text = words["limit"].format(plain(limit))
    after = at + 6 + span(text) <= WIDTH
    marks += [
        Word(0, top + 16, words["all"].format(kind, len(areas)), bold=True),
        Line(((at, top + 26), (at, base)), INK, 1.2),
        Word(
            at + 6 if after else at - 6,
            top + 38,
            text,
            bold=True,
            anchor="start" if after else "end",
            halo=True,
        ),
    ]
    if below:
        text = words["below"].format(below)
        marks.append(Word(WIDTH, top + 16, text, ALARM, bold=True, anchor="end"))
    foot = [v for v in ticks(across.low, across.high, 8) if across.low < v < across.high]
    room = span(words["area"]) + 8
    marks += [
        Word(across(v), base + 18, plain(v), QUIET, anchor="middle") for v in foot if across(v) > room + 10
    ]
    return [*marks, Word(0, base + 18, words["area"], QUIET)]


def _bins(areas: np.ndarray, limit: float, step: float) -> np.ndarray:
    """Return the place of each area's bar: 0 for the first at the standard, below 0 for those too small.

    >>> _bins(np.array([95.9, 96.0, 101.0]), 96, 5).tolist()
    [-1.0, 0.0, 1.0]
    """
    return np.floor((areas - limit) / step + 1e-9)
