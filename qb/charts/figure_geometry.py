"""Where things go in a figure: scales, grids, rows, frames of maps; dots and labels kept from covering each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from qb.charts.figure import Caption
from qb.charts.marks import (
    ALARM,
    ALLOW,
    BODY,
    FADE,
    INK,
    QUIET,
    RULE,
    Anchor,
    Colour,
    Dot,
    Line,
    Mark,
    Word,
    clean,
    plain,
    share,
    shorten,
    span,
    wrap,
)
from qb.terms import Allowance, Verdict

LINE = 18  # from one line of small text to the next
FOOT = 26  # of a map, for its scale bar


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


def grid(
    values: Sequence[float], rise: Scale, left: float, right: float, text: Callable[[float], str] = plain
) -> list[Mark]:
    """Return level lines and their values at the left."""
    marks: list[Mark] = [Line(((left, rise(v)), (right, rise(v))), RULE, 0.8) for v in values]
    return [*marks, *(Word(left - 6, rise(v) + 5, text(v), QUIET, anchor="end") for v in values)]


def feet(places: Sequence[float], texts: Sequence[str], y: float) -> list[Mark]:
    """Return words under an axis, centred; every second, third … where they would touch, the last one always."""
    step = min((b - a for a, b in pairwise(places)), default=math.inf)
    every = max(1, math.ceil((max(map(span, texts), default=0) + 6) / max(step, 1e-9)))
    shown = list(zip(places, texts, strict=True))[::-1][::every]
    return [Word(x, y, text, QUIET, anchor="middle") for x, text in shown]


def ends(words: Sequence[tuple[float, Word]], x: float, low: float, high: float) -> list[Mark]:
    """Return words at the right end of lines, beside them and apart from each other."""
    places = spaced([at for at, _ in words], LINE - 1, low, high)
    return [replace(word, x=x, y=y + 5) for y, (_, word) in zip(places, words, strict=True)]


def crossed(word: Word, lines: Iterable[Line]) -> bool:
    """Whether a line that is not of the grid runs through a word.

    >>> word = Word(50, 50, "0.5", anchor="middle")
    >>> crossed(word, [Line(((0, 46), (100, 46)))]), crossed(word, [Line(((0, 60), (100, 60)))])
    (True, False)
    """
    wide = span(word.text, word.size)
    left = word.x - {"start": 0, "middle": wide / 2, "end": wide}[word.anchor]
    right, top, bottom = left + wide, word.y - 0.8 * word.size, word.y + 0.2 * word.size
    for line in lines:
        for (x, y), (u, v) in pairwise(line.points) if line.colour != RULE else ():
            if u == x:
                if left < x < right and min(y, v) < bottom and max(y, v) > top:
                    return True
                continue
            start, end = max(min(x, u), left), min(max(x, u), right)
            if start < end:
                heights = [y + (v - y) * (at - x) / (u - x) for at in (start, end)]
                if min(heights) < bottom and max(heights) > top:
                    return True
    return False


@dataclass(frozen=True)
class NamedRows:
    """Rows with a name each: at the left, or for a phone on a line of its own above the row."""

    caption: Caption
    # head, pitch: where the first row begins, and how high a row is, without that line.
    head: float
    pitch: float
    start: float  # where the marks of a row begin, right of the names

    @classmethod
    def named(
        cls, caption: Caption, names: Sequence[str], most: float, head: float, pitch: float, gap: float
    ) -> NamedRows:
        """Return rows that leave the names the room they need, up to `most`, and `gap` beside it."""
        room = min(most, max((span(shorten(name, most)) for name in names), default=0))
        return cls(caption, head, pitch, 0 if caption.narrow else gap + room)

    @property
    def step(self) -> float:
        """From one row to the next."""
        return self.pitch + (LINE if self.caption.narrow else 0)

    def top(self, k: float) -> float:
        """Return where row `k` begins, its name above not counted."""
        return self.head + self.step * (k + 1) - self.pitch

    def middle(self, k: int) -> float:
        """Return the middle line of row `k`."""
        return self.top(k) + self.pitch / 2

    def base(self, count: int) -> float:
        """Return where so many rows end."""
        return self.head + self.step * count

    def upright(self, x: float, top: float, count: int, *, dashed: bool = False) -> list[Mark]:
        """Return a line through so many rows; on a phone it leaves out the names above them."""
        ends = [(self.top(k), self.top(k) + self.pitch) for k in range(count)]
        ends = ends if self.caption.narrow else [(top, self.base(count))]
        return [Line(((x, a), (x, b)), INK, 1.2, dashed=dashed) for a, b in ends]

    def name(
        self, k: int, text: object, *, gap: float = 8, anchor: Anchor = "end", beside: str = ""
    ) -> list[Mark]:
        """Return the name of row `k`: `gap` before `start`, on one line (``end``) or two (``start``).

        On a phone it leaves room for what stands `beside` it at the right end.
        """
        if self.caption.narrow:
            room = self.caption.width - (span(beside) + 10 if beside else 0)
            return [Word(0, self.top(k) - 4, shorten(text, room), halo=True)]
        if anchor == "end":
            return [Word(self.start - gap, self.middle(k) + 5, shorten(text, self.start - gap), anchor="end")]
        lines = wrap(text, self.start - gap)
        first = self.middle(k) + 5 - (len(lines) - 1) * LINE / 2
        return [Word(0, first + LINE * n, line) for n, line in enumerate(lines)]

    def end(self, k: int, text: str, colour: Colour = INK, *, bold: bool = False) -> Word:
        """Return what stands at the right end of row `k`, on a phone beside its name."""
        narrow = self.caption.narrow
        y = self.top(k) - 4 if narrow else self.middle(k) + 5
        return Word(self.caption.width, y, text, colour, bold=bold, anchor="end", halo=narrow)


def frame(
    caption: Caption, width: float, height: float, per_km: float, x: float = 0, y: float = 0
) -> list[Mark]:
    """Return the frame of a map and beneath it, :data:`FOOT` high, its scale bar and where north is."""
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y))
    lengths = (200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05)
    length = next(k for k in lengths if k * per_km < width / 4)
    foot = y + height + 18
    return [
        Line(corners, RULE),
        Line(((x, foot - 4), (x + length * per_km, foot - 4)), INK, 2),
        Word(x + length * per_km + 6, foot, caption.word("km", plain(length))),
        Word(x + width, foot, caption.word("north"), QUIET, BODY, anchor="end"),
    ]


def notes(texts: Iterable[str], y: float, caption: Caption) -> tuple[list[Mark], float]:
    """Return notes set beneath a figure, and the height with them."""
    marks: list[Mark] = []
    for text in texts:
        for line in wrap(text, caption.width - 10, lines=6 if caption.narrow else 2):
            marks.append(Word(0, y + LINE - 4, line, QUIET))
            y += LINE
    return marks, y + 4


# How schools become dots: their shape, their size, and that they do not cover each other.


EDGE = 14  # room for half a dot at each end of a scale
TOLD = 120  # dots say their names up to so many schools in a row; more would make the page heavy


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


def dots_of(
    values: np.ndarray,
    pupils: Sequence[float],
    names: Sequence[object],
    state: Sequence[State],
    scale: Scale,
    middle: float,
    *,
    room: float,
    size: float = 0.6,
) -> Iterator[tuple[int, Dot, float]]:
    """Yield position, dot and radius of each school that has the value, along a line.

    Parameters
    ----------
    values : array of float
        In per cent; what is beyond the scale is drawn at its end.
    pupils, names, state : sequences of the same length
    scale : Scale
    middle, room : float
        The line, and how far from it a dot may lie.
    size : float
        Share of the largest radius.
    """
    shown = np.flatnonzero(np.isfinite(values))
    x = np.array([scale(values[i]) for i in shown])
    radius = radii(np.asarray(pupils, float)[shown], largest(len(shown)) * size)
    lift = swarm(x, radius, room)
    for k, i in enumerate(shown):
        tip = f"{clean(names[i])} {share(values[i])}%" if len(shown) <= TOLD else ""
        beyond = bool(values[i] > scale.high)
        yield int(i), dot(x[k], middle + lift[k], radius[k], state[i], tip, beyond=beyond), float(radius[k])
