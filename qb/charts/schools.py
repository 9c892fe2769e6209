"""All schools on one indicator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, blank
from qb.charts.dots import EDGE, dot, largest, radii, swarm
from qb.charts.layout import (
    LINE,
    Scale,
    missing,
    notes,
    stacked,
    states,
    tick_words,
    ticks,
)
from qb.charts.marks import Dot, Line, Mark, Word
from qb.charts.style import (
    ACCENT,
    ALARM,
    INK,
    QUIET,
    RULE,
    WIDTH,
    Colour,
    clean,
    label,
    plain,
    shorten,
    span,
)
from qb.terms import Verdict

NAMED = 6  # more names than these would hide the dots


def _top(values: np.ndarray, limit: float) -> float:
    """Where a scale ends, so that a few tiny schools do not press all others into a corner."""
    return float(min(max(values.max(), limit), max(2 * limit, 1.15 * np.quantile(values, 0.9))))


def strip(
    values: Sequence[float],
    pupils: Sequence[float],
    names: Sequence[str],
    verdicts: Sequence[Verdict],
    *,
    limit: float,
    caption: Caption,
    floor: float | None = None,
    mean: float | None = None,
    unit: str = "",
    highlight: int | None = None,
) -> Chart:
    """Show where every school stands on one indicator.

    Parameters
    ----------
    values, pupils, names, verdicts : sequences of the same length
        One entry per school; a missing value is NaN and is listed in words.
    limit, floor : float
        The standard and the lowest value allowed for one indicator; lines in the figure.
    caption : Caption
        The sentences around the figure.
    mean : float, optional
        Mean of the district, a dashed line.
    unit : str
        Written after the standard.
    highlight : int, optional
        Position of the school that the page is about.
    """
    values, names = np.asarray(values, float), list(names)  # a Series may count its rows otherwise
    state = states(values, verdicts)
    word = caption.word
    table = pd.DataFrame(
        {
            word("school"): names,
            word("value"): values,
            word("pupils"): list(pupils),
            word("verdict"): [label(s, caption.lang) for s in state],
        }
    )
    shown = np.flatnonzero(np.isfinite(values))
    if not len(shown):
        return blank(caption, table)
    top = _top(values[shown], limit)
    low = min(values[shown].min(), limit if floor is None else floor)
    grid = ticks(0 if low < top / 2 else low, top, 6)
    scale = Scale(grid[0], grid[-1], EDGE, WIDTH - EDGE)
    x = np.array([scale(v) for v in values])
    radius, lift = np.zeros(len(values)), np.zeros(len(values))
    radius[shown] = radii(np.asarray(pupils, float)[shown], largest(len(shown)))
    lift[shown] = swarm(x[shown], radius[shown], room=70)
    half = max(24.0, float((np.abs(lift) + radius).max()) + 4)

    labels = _labels(values, x, names, state, limit, highlight)
    rules = _rules(scale, limit, floor, mean, unit, caption)
    rows = rules[-1].row + 1 + max((row + 1 for row, _, _ in labels.values()), default=0)
    middle = LINE * rows + 2 + half
    base = middle + half

    marks: list[Mark] = [Line(((0, base), (WIDTH, base)), RULE)]
    marks += tick_words(scale, {v: plain(v) for v in grid}, base + 16)
    marks += [mark for rule in rules for mark in rule.marks(base)]
    dots: list[Mark] = []
    words: list[Mark] = []
    for i in shown:
        y, beyond = middle + lift[i], bool(values[i] > grid[-1])
        dots.append(dot(x[i], y, radius[i], state[i], f"{clean(names[i])} {plain(values[i])}", beyond=beyond))
        if i == highlight:
            words.append(Dot(x[i], y, radius[i] + 4, ACCENT, "ring"))
        if i in labels:
            row, center, text = labels[i]
            low, colour = middle - half - row * LINE - 4, ALARM if state[i] is Verdict.FAIL else ACCENT
            marks.append(Line(((x[i], low + 3), (x[i], y)), colour, 0.8))
            words.append(Word(center, low, text, colour, bold=True, anchor="middle", halo=True))

    below = [word("legend") + word("dots")]
    off = int((values[shown] > grid[-1]).sum())
    below += [word("off scale", plain(grid[-1]), off)] if off else []
    unnamed = sum(state[i] is Verdict.FAIL and i not in labels for i in shown)
    below += [word("n more", unnamed)] if unnamed else []
    written, height = notes(below + missing(names, state, caption), base + 22)
    return Chart(caption, (*marks, *dots, *words, *written), height, table)


def _labels(
    values: np.ndarray,
    x: np.ndarray,
    names: Sequence[str],
    state: list[Verdict],
    limit: float,
    highlight: int | None,
) -> dict[int, tuple[int, float, str]]:
    """Return row, middle and text for each school that is named: the one chosen, then the worst."""
    finite = np.isfinite(values)
    failing = [i for i, given in enumerate(state) if given is Verdict.FAIL and i != highlight]
    chosen = [] if highlight is None or not finite[highlight] else [highlight]
    order = chosen + sorted(failing, key=lambda i: (-abs(values[i] - limit), i))
    texts = [f"{shorten(names[i], 150)} {plain(values[i])}" for i in order]
    leans = ["right" if i == highlight or values[i] > limit else "left" for i in order]
    places = stacked([x[i] for i in order], texts, leans, rows=NAMED, most=NAMED)
    return {order[k]: (row, middle, texts[k]) for k, (row, middle) in places.items()}


class _Rule(NamedTuple):
    """An upright line through a strip, with words beside its upper end."""

    at: float
    row: int
    text: str
    right: bool
    colour: Colour
    dashed: bool

    def marks(self, base: float) -> list[Mark]:
        place, anchor = (self.at + 5, "start") if self.right else (self.at - 5, "end")
        top, bold = LINE * self.row, not self.dashed
        return [
            Line(((self.at, top + 2), (self.at, base)), self.colour, 1.3, self.dashed),
            Word(place, top + 13, self.text, self.colour, bold=bold, anchor=anchor, halo=True),
        ]


def _rules(
    scale: Scale, limit: float, floor: float | None, mean: float | None, unit: str, caption: Caption
) -> list[_Rule]:
    """The standard, the floor and the mean; words that find no room beside others move a row down."""

    def fits(at: float, text: str) -> bool:
        return at + 6 + span(text) <= WIDTH

    at, text = scale(limit), f"{caption.word('standard')} {plain(limit)} {unit}".strip()
    rules = [_Rule(at, 0, text, fits(at, text), INK, dashed=False)]
    if floor is not None:
        at, text = scale(floor), f"{floor / limit * 100:.0f} % {plain(floor)}"
        left = rules[0].right and at - 6 - span(text) >= 0
        rules.append(_Rule(at, 0 if left else 1, text, not left and fits(at, text), QUIET, dashed=True))
    if mean is not None and math.isfinite(mean):
        at, text = scale(mean), f"{caption.word('mean')} {plain(mean)}"
        rules.append(_Rule(at, rules[-1].row + 1, text, fits(at, text), ACCENT, dashed=True))
    return rules
