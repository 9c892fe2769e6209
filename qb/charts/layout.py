"""Where things go: scales, ticks, and dots and labels that do not cover each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qb.charts.figure import Caption
from qb.charts.primitives import Dot, Mark, Word
from qb.charts.style import ALARM, ALLOW, FADE, QUIET, WIDTH, clean, label, shorten, wrap
from qb.terms import Allowance, Verdict

# Where things go: scales, ticks, dots that do not cover each other, labels that do not either.


Lean = Literal["left", "right"]

LINE = 18  # from one line of small text to the next


@dataclass(frozen=True)
class Scale:
    """A straight scale from values to places on the page."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value; values beyond the ends go to the ends."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round values from the last at or below `low` to the first at or above `high`.

    >>> ticks(0, 9)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    rough = (high - low) / about or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 10) for k in range(first, max(last, first + 1) + 1)]


State = Verdict | Allowance


def states(values: np.ndarray, verdicts: Iterable[object]) -> list[State]:
    """Return the verdicts as words of the closed sets; a value that is missing never passes or fails."""
    known: dict[object, State] = {str(state): state for state in (*Verdict, *Allowance)}
    given = [known.get(v, Verdict.NO_DATA) if isinstance(v, str) else Verdict.NO_DATA for v in verdicts]
    judged = (Verdict.PASS, Verdict.FAIL, Allowance.AT_SCHOOL)
    return [
        Verdict.NO_DATA if state in judged and not finite else state
        for state, finite in zip(given, np.isfinite(values), strict=True)
    ]


def spaced(y: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places as near to `y` as they can be while they keep `gap` apart, in the same order.

    >>> spaced([10, 12, 50], gap=10, low=0, high=100)
    [6.0, 16.0, 50.0]
    """
    groups: list[list[float]] = []  # [middle, how many]: neighbours too close share one block
    order = sorted(range(len(y)), key=lambda i: (y[i], i))
    for i in order:
        groups.append([float(y[i]), 1])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (middle, many), (before, earlier) = groups.pop(), groups.pop()
            groups.append([(middle * many + before * earlier) / (many + earlier), many + earlier])
    places = [middle + gap * (k - (many - 1) / 2) for middle, many in groups for k in range(int(many))]
    for k in range(len(places)):
        places[k] = max(places[k], low if k == 0 else places[k - 1] + gap)
    for k in reversed(range(len(places))):
        places[k] = min(places[k], high if k == len(places) - 1 else places[k + 1] - gap)
    result = [0.0] * len(places)
    for i, place in zip(order, places, strict=True):
        result[i] = place
    return result


def listed(names: Sequence[object], caption: Caption, most: int = 5) -> str:
    """Return names in a row, the first few where there are many."""
    comma = caption.word("comma")
    shown = comma.join(shorten(name, 180) for name in names[:most])
    return shown if len(names) <= most else caption.word("and more", shown, len(names))


def missing(names: Sequence[object], state: Sequence[State], caption: Caption) -> list[str]:
    """Return a sentence for each kind of absence, naming who is absent."""
    out = []
    for kind in (Verdict.NO_DATA, Verdict.NOT_APPLICABLE):
        absent = [clean(name) for name, given in zip(names, state, strict=True) if given is kind]
        if absent:
            out.append(caption.word("list", label(kind, caption.lang), listed(absent, caption)))
    return out


def row_label(text: object, middle: float, room: float) -> list[Mark]:
    """Return the label at the left of a row, on one line or two."""
    lines = wrap(text, room)
    first = middle + 5 - (len(lines) - 1) * LINE / 2
    return [Word(0, first + LINE * k, line) for k, line in enumerate(lines)]


def notes(texts: Iterable[str], y: float) -> tuple[list[Mark], float]:
    """Return notes set beneath a figure, and the height with them."""
    marks: list[Mark] = []
    for text in texts:
        for line in wrap(text, WIDTH - 10):
            marks.append(Word(0, y + LINE - 4, line, QUIET))
            y += LINE
    return marks, y + 4


# How schools become dots: their shape, their size, and that they do not cover each other.


EDGE = 14  # room for half a dot at each end of a scale


def dot(
    x: float, y: float, radius: float, state: Verdict | Allowance, tip: str, *, beyond: bool = False
) -> Dot:
    """Return a school: a grey circle, where it fails a coloured diamond; off the scale it is an arrow.

    Where it is below the standard and the rule allows it, it is a triangle.
    """
    if state is Verdict.FAIL:
        return Dot(x, y, max(radius, 4), ALARM, "diamond", tip=tip)
    if state is Allowance.AT_SCHOOL:
        return Dot(x, y, max(radius, 4), ALLOW, "triangle", tip=tip)
    if beyond:
        return Dot(x, y, 5, QUIET, "arrow", FADE, tip)
    return Dot(x, y, radius, QUIET, "circle", FADE, tip)


def largest(count: int) -> float:
    """Return the radius of the largest dot: many schools, small dots."""
    return 10 if count <= 40 else 7 if count <= 120 else 4.5


def radii(pupils: Sequence[float], largest: float) -> np.ndarray:
    """Return radii so that areas are in proportion to pupils; unknown numbers get the smallest dot."""
    pupils = np.nan_to_num(np.asarray(pupils, float), nan=0.0, posinf=0.0, neginf=0.0).clip(min=0)
    top = pupils.max(initial=0.0)
    return np.maximum(largest * np.sqrt(pupils / top), 2.5) if top > 0 else np.full(len(pupils), largest / 2)


def swarm(x: np.ndarray, radius: np.ndarray, room: float) -> np.ndarray:
    """Return how far each dot moves up or down so that dots do not cover each other.

    From left to right, each takes the free place nearest to the middle line. Dots that find none
    within `room` stay at its edge.
    """
    y = np.zeros(len(x))
    order = np.argsort(x, kind="stable")
    for place, i in enumerate(order):
        near = order[:place][np.abs(x[order[:place]] - x[i]) < radius[order[:place]] + radius[i] + 1]
        if not len(near):
            continue
        reach = (radius[near] + radius[i] + 1) ** 2
        lift = np.sqrt(np.maximum(reach - (x[near] - x[i]) ** 2, 0))
        tries = np.concatenate(([0.0], y[near] - lift, y[near] + lift))
        gaps = (x[near] - x[i]) ** 2 + (tries[:, None] - y[near]) ** 2
        free = (gaps >= reach - 1e-6).all(axis=1)
        y[i] = min(tries[free], key=abs, default=room)
    return y.clip(-room, room)
