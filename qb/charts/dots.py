"""How schools become dots: their shape, their size, and that they do not cover each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qb.charts.marks import Dot
from qb.charts.style import ALARM, ALLOW, FADE, QUIET
from qb.terms import Allowance, Verdict

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
