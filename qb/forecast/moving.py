"""From grade to grade: progression ratios by school, and a stage's pupils in the years to come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qb.forecast.entry import RATIO_YEARS
from qb.forecast.ratios import pooled_ratio

BREAK = 0.25  # a school whose pupils change by more than this as they all move up was merged or divided


class Progressions(NamedTuple):
    """Ratios from each grade to the next.

    `naive` and `model` by school, shape (schools, grades − 1); `district` as the model has it for a
    school without history, shape (districts, grades − 1).
    """

    naive: np.ndarray
    model: np.ndarray
    district: np.ndarray


def progressions(pupils: np.ndarray, known: np.ndarray, district: np.ndarray, districts: int) -> Progressions:
    """Return how pupils move up, from what is known of the years before.

    Parameters
    ----------
    pupils : ndarray, shape (schools, years, grades)
    known : ndarray of bool, shape (schools, years)
        Years that count.
    district : ndarray of int, shape (schools,)
    districts : int

    Notes
    -----
    A grade that a school never had, though it had pupils in the grade below who could have reached it, is
    not its own: both ratios are 0 there (a teaching point that ends at grade 4). A school too young to
    have had the grade takes its district's ratio and grows. A school's year in which all its moving
    grades together gained or lost more than a quarter (a merger, a closure) says nothing about moving up
    and is left out.

    Examples
    --------
    One old school, and one that opened with grade 1 and now has grade 2.

    >>> pupils = np.array([[[50, 50, 49], [50, 49, 49]], [[0, 0, 0], [30, 0, 0]]], float)
    >>> grown = np.concatenate([pupils, [[[50, 50, 48]], [[30, 30, 0]]]], axis=1)
    >>> progressions(grown, np.ones((2, 3), bool), np.zeros(2, int), 1).model.round(2).tolist()
    [[0.99, 0.98], [0.99, 0.98]]
    """
    lower, upper = pupils[:, :-1, :-1], pupils[:, 1:, 1:]
    usable = (known[:, :-1] & known[:, 1:])[..., None] & (lower > 0) & np.isfinite(upper)
    had = ((pupils[:, :, 1:] > 0) & known[..., None]).any(axis=1)
    ended = usable.any(axis=1) & ~had
    usable &= ~ended[:, None]
    before, after = (np.where(usable, side, 0).sum(axis=2) for side in (lower, upper))
    usable &= (np.abs(after - before) <= BREAK * before)[..., None]
    lower, upper = (np.where(usable, side, np.nan)[:, -RATIO_YEARS:] for side in (lower, upper))
    found = [pooled_ratio(lower[..., g], upper[..., g], district, districts) for g in range(lower.shape[2])]
    model = np.stack([f.school for f in found], axis=1)
    whole = np.stack([f.district for f in found], axis=1)
    return Progressions(np.where(ended, 0.0, 1.0), np.where(ended, 0.0, model), whole)


def project(start: np.ndarray, ratio: np.ndarray, entry: np.ndarray) -> np.ndarray:
    """Return the pupils of each year ahead.

    Parameters
    ----------
    start : ndarray, shape (schools, grades)
    ratio : ndarray, shape (schools, grades − 1)
    entry : ndarray, shape (schools, years)
        Pupils of the lowest grade in each year ahead.

    Returns
    -------
    ndarray, shape (schools, years, grades)

    Examples
    --------
    >>> project(np.array([[100.0, 90, 80]]), np.array([[0.9, 1.0]]), np.array([[70.0, 60]])).tolist()
    [[[70.0, 90.0, 90.0], [60.0, 63.0, 90.0]]]
    """
    years = []
    for entrants in entry.T:
        start = np.concatenate([entrants[:, None], start[:, :-1] * ratio], axis=1)
        years.append(start)
    return np.stack(years, axis=1)
