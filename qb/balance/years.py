"""What moved a difference coefficient from one year to the next."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from qb.balance.cells import Floats
from qb.balance.spread import difference_coefficient

FACTORS = 4


@dataclass(frozen=True)
class Change:
    """A change of the coefficient, told by its four causes: they add up to ``after - before``.

    Attributes
    ----------
    before, after : float
        The difference coefficients.
    pupils : float
        Through pupils, at schools of both years, moving, arriving and leaving.
    amount : float
        Through resources changing at schools of both years.
    opened, closed : float
        Through schools of the later year alone, and of the earlier year alone.
    """

    before: float
    after: float
    pupils: float
    amount: float
    opened: float
    closed: float


def change(
    before_amount: ArrayLike,
    before_pupils: ArrayLike,
    before_ids: ArrayLike,
    after_amount: ArrayLike,
    after_pupils: ArrayLike,
    after_ids: ArrayLike,
) -> Change:
    """Attribute the change of the difference coefficient between two years to its causes.

    Parameters
    ----------
    before_amount, before_pupils, after_amount, after_pupils : array_like, shape (schools of that year,)
        As in `difference_coefficient`.
    before_ids, after_ids : array_like, same shapes
        Identifiers; the same identifier is the same school.

    Returns
    -------
    Change
        Both coefficients and four effects that sum to their difference exactly.

    Raises
    ------
    ValueError
        If an array cannot be used, an identifier occurs twice in a year, no school is in both years, or
        the schools of both years hold nothing in one of them.

    Notes
    -----
    The order in which causes are let in changes what each seems to do; the Shapley value averages over
    all 24 orders. References: Shapley (1953); Shorrocks (2013), Journal of Economic Inequality 11.

    Examples
    --------
    One pupil each at 1 and 3 (coefficient ½). A year later the poorer school has 3 as well, and a school at 6
    for two pupils has opened: 3, 3, 6, 6, mean 4.5, coefficient ⅓.

    >>> moved = change([1, 3], [1, 1], ["a", "b"], [3, 3, 12], [1, 1, 2], ["a", "b", "c"])
    >>> round(moved.amount, 6), round(moved.opened, 6)
    (-0.348498, 0.181832)

    Letting in the resource first would blame it for -0.5, the opening for +⅓.
    """
    before = _by_school(before_amount, before_pupils, before_ids)
    after = _by_school(after_amount, after_pupils, after_ids)
    both = [school for school in before if school in after]
    if not both:
        raise ValueError("两年之间没有同一所学校，无法分解变动")
    years = [np.array([year[school] for school in both]) for year in (before, after)]
    closed = np.array([before[school] for school in before if school not in after]).reshape(-1, 2)
    opened = np.array([after[school] for school in after if school not in before]).reshape(-1, 2)

    def coefficient(state: tuple[int, ...]) -> float:
        pupils, amount, opening, closing = state
        kept = np.column_stack([years[amount][:, 0], years[pupils][:, 1]])
        schools = np.concatenate([kept, opened[: opening * len(opened)], closed[closing * len(closed) :]])
        return difference_coefficient(schools[:, 0], schools[:, 1]).coefficient

    worth = {state: coefficient(state) for state in product((0, 1), repeat=FACTORS)}
    return Change(worth[(0,) * FACTORS], worth[(1,) * FACTORS], *map(float, _shapley(worth)))


def _by_school(amount: ArrayLike, pupils: ArrayLike, ids: ArrayLike) -> dict[object, tuple[float, float]]:
    """Check one year and key it by school: amount and pupils."""
    difference_coefficient(amount, pupils)
    ids = np.asarray(ids, dtype=object)
    if ids.shape != np.shape(pupils):
        raise ValueError(f"学校标识的形状 {ids.shape} 应为 {np.shape(pupils)}，逐校对应")
    schools = dict(zip(ids, zip(amount, pupils, strict=True), strict=True))
    if len(schools) < len(ids):
        seen = list(ids)
        raise ValueError(f"学校标识重复：{sorted({str(i) for i in seen if seen.count(i) > 1})}")
    return schools


def _shapley(worth: dict[tuple[int, ...], float]) -> Floats:
    """Average, over all orders of letting the factors in, what each adds: (factors,)."""
    effects = np.zeros(FACTORS)
    for without, factor in product(worth, range(FACTORS)):
        if not without[factor]:
            joined = sum(without)  # factors let in before this one
            weight = factorial(joined) * factorial(FACTORS - 1 - joined) / factorial(FACTORS)
            within = (*without[:factor], 1, *without[factor + 1 :])
            effects[factor] += weight * (worth[within] - worth[without])
    return effects
