"""The difference coefficient 差异系数, the least that it can be with figures missing, and what moved it between two years."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb.balance.grouped import Floats, Grouped, Measured, common_index, grouped, ratio, tidy
from qb.errors import ArgumentError
from qb.result_repr import Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The difference coefficient 差异系数: how far schools stand from the mean, pupil by pupil.


@dataclass(frozen=True)
class Spread:
    """How evenly a resource is shared: unrounded.

    Attributes
    ----------
    mean : float
        X̄, resource per pupil: the total over all pupils.
    deviation : float
        S, in the unit of the mean.
    coefficient : float
        CV = S / X̄, without unit.
    """

    mean: float
    deviation: float
    coefficient: float


@dataclass(frozen=True, repr=False)
class Spreads(Shown):
    """The spreads of many groups: arrays of shape (groups,), or (groups, k) for k resources.

    Attributes
    ----------
    mean, deviation, coefficient : ndarray
        As in `Spread`. NaN where a school's amount is missing or the group is empty; the coefficient
        also where nothing is held at all.
    schools : ndarray of int
        Schools in the group.
    groups, resources : Index or None
        Labels of the groups where such were given, names of the columns where a DataFrame was.
    """

    mean: Floats
    deviation: Floats
    coefficient: Floats
    schools: np.ndarray
    groups: pd.Index | None = None
    resources: pd.Index | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each figure: stat, group, (resource,) value."""
        names = ("mean", "deviation", "coefficient", "schools")
        groups = range(len(self.mean)) if self.groups is None else self.groups
        return tidy({name: getattr(self, name) for name in names}, groups, self.resources)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw the coefficient of each group as a dot; return the axes, open to change."""
        groups = pd.RangeIndex(len(self.mean)) if self.groups is None else self.groups
        return Measured("coefficient", groups, self.coefficient, self.resources).plot(ax, **kwargs)


def difference_coefficient(amount: ArrayLike, pupils: ArrayLike, *, per_pupil: bool = False) -> Spread:
    r"""Summarise how evenly `amount` is shared over `pupils`.

    Parameters
    ----------
    amount : array_like, shape (schools,)
        What each school holds in all, not per pupil (teachers, m², yuan, rooms); 0 or more.
    pupils : array_like, shape (schools,)
        Pupils of the stage at each school, in the same order; all above 0.
    per_pupil : bool
        Whether `amount` is what each school holds per pupil (a rate), not in all.

    Returns
    -------
    Spread
        Unrounded mean (unit of `amount` per pupil), deviation (same unit) and coefficient. One school: 0.

    Raises
    ------
    ValueError
        If the shapes differ, a value is missing, negative or infinite, a school has no pupils, or no
        school holds anything: with a mean of 0 the coefficient is undefined.

    Notes
    -----
    With :math:`x_i = r_i / P_i`,

    .. math:: \bar X = \frac{\sum r_i}{P_N}, \quad
              S = \sqrt{\sum \frac{P_i}{P_N} (x_i - \bar X)^2}, \quad CV = S / \bar X .

    Squared deviations are averaged over pupils, not over schools, and divided by the number of
    pupils, not by one less. References: 教督〔2017〕6号; the handout 县域义务教育校际均衡指标计算方法.

    Examples
    --------
    Twelve teachers for 100 pupils in one school, 28 for 400 in the other: 8 per 100 in all. The
    schools stand 4 above and 1 below; (100·16 + 400·1) / 500 = 4, and its root over 8 is 0.25.

    >>> round(difference_coefficient(amount=[12, 28], pupils=[100, 400]).coefficient, 6)
    0.25

    Forgetting the weights would have given 0.263. The handout's own example prints 6.33, 3.26 and 0.52:

    >>> books = difference_coefficient([279, 137, 935, 160, 402], [45, 37, 89, 76, 55])
    >>> round(books.mean, 2), round(books.deviation, 2), round(books.coefficient, 2)
    (6.33, 3.26, 0.52)
    """
    table = grouped(amount, pupils, per_pupil=per_pupil)
    spreads = _spreads(table)
    return Spread(
        mean=float(spreads.mean[0, 0]),
        deviation=float(spreads.deviation[0, 0]),
        coefficient=table.single(spreads.coefficient, "coefficient"),
    )


def difference_coefficients(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> Spreads:
    """Summarise every group (district, stage, year …) and every resource at once.

    Parameters
    ----------
    amount : array_like, shape (schools,) or (schools, k)
        What each school holds in all, one column for each of k resources; NaN: not reported.
    pupils : array_like, shape (schools,)
        As in `difference_coefficient`.
    groups : array_like, shape (schools,)
        The label of each school's group: texts, years, tuples, a Categorical (its order is kept, with groups
        that have no school), or the columns of a DataFrame taken together. None missing.
    n_groups : int, optional
        Where given, `groups` are codes 0 … g-1, and g is this.
    per_pupil : bool
        Whether `amount` is what each school holds per pupil, not in all.

    A Series or DataFrame brings its index: unequal ones are refused, for rows are matched by position.

    Returns
    -------
    Spreads
        Arrays of shape (g,) or (g, k). A missing amount makes its own cell NaN and no other.

    Raises
    ------
    ValueError
        If shapes or indexes differ, an amount is negative or infinite, a school has no pupils, a label is
        missing, or a code is outside 0 … g-1.

    Notes
    -----
    The deviation is taken about the mean in a second pass: the short cut E[x²] - X̄² loses all its
    digits where schools differ little.

    Examples
    --------
    Two groups; the second has not reported its second resource.

    >>> many = difference_coefficients(
    ...     [[12, 3], [28, 12], [5, 1], [5, float("nan")]], [100, 400, 10, 10], [0, 0, 1, 1])
    >>> many.coefficient.round(6)
    array([[0.25, 0.  ],
           [0.  ,  nan]])
    >>> many.schools[:, 0]
    array([2, 2])

    By label, with rates instead of amounts: 0.12 and 0.07 teachers per pupil in town, one school outside.

    >>> found = difference_coefficients(
    ...     [0.12, 0.07, 0.05], [100, 400, 10], ["town", "town", "rural"], per_pupil=True)
    >>> found.to_frame().query("stat == 'coefficient'")
              stat  group  value
    4  coefficient  rural   0.00
    5  coefficient   town   0.25
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    spreads = _spreads(table)
    mean, deviation, coefficient, schools = (
        array if table.table else array[:, 0]
        for array in (spreads.mean, spreads.deviation, spreads.coefficient, spreads.schools)
    )
    return Spreads(mean, deviation, coefficient, schools, table.labels, table.resources)


def least_coefficient(
    amount: np.ndarray, pupils: np.ndarray, groups: np.ndarray, n_groups: int
) -> np.ndarray:
    r"""Return the least coefficient that each group can have, whatever the missing amounts are.

    There is no greatest one worth having: a school that did not report may always hold so much more
    than the others, or so much less, that the coefficient is above 1.

    Parameters
    ----------
    amount : ndarray, shape (schools, k)
        As in `difference_coefficients`; NaN: any amount from 0 on.
    pupils : ndarray, shape (schools,)
        NaN: any number, with which every coefficient of the group can be 0.
    groups : ndarray of int, shape (schools,)
    n_groups : int

    Returns
    -------
    ndarray, shape (n_groups, k)

    Raises
    ------
    ValueError
        If `pupils` or an amount has another length than `groups`.

    Notes
    -----
    With the known :math:`A = \sum r_i / P_N`, :math:`B = \sum (P_i / P_N) x_i^2` and the share
    :math:`q` of pupils whose schools did not report, the coefficient is least where these all hold
    :math:`B / A` for a pupil: :math:`CV^2 = B / (A^2 + q B) - 1`.

    Examples
    --------
    Twelve teachers for 100 pupils, 28 for 400, and a school of 500 pupils that did not report: A = 0.04,
    B = 0.0034, q = 0.5, hence the root of 0.0034 / 0.0033 - 1. Leaving the third school out would have
    given 0.25.

    >>> three = np.array([[12.0], [28.0], [np.nan]]), np.array([100.0, 400.0, 500.0])
    >>> least_coefficient(*three, np.zeros(3, dtype=int), 1).round(6)
    array([[0.174078]])
    """
    whole = np.bincount(groups, weights=pupils, minlength=n_groups)  # NaN where any is missing
    squared = np.zeros((n_groups, amount.shape[1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        for k, column in enumerate(amount.T):
            missing = np.isnan(column)
            held = np.where(missing, 0, column)
            first = np.bincount(groups, weights=held, minlength=n_groups) / whole
            second = np.bincount(groups, weights=held**2 / pupils, minlength=n_groups) / whole
            open_share = np.bincount(groups, weights=pupils * missing, minlength=n_groups) / whole
            squared[:, k] = second / (first**2 + open_share * second) - 1
    return np.sqrt(np.maximum(np.nan_to_num(squared, nan=0.0), 0))


def _spreads(table: Grouped) -> Spreads:
    """Compute mean, deviation and coefficient of every cell: (groups, k)."""
    mean = table.mean
    deviation = np.sqrt(table.average_of(lambda value, mean: (value - mean) ** 2))
    schools = np.broadcast_to(table.schools[:, None], mean.shape)
    return Spreads(mean, deviation, ratio(deviation, mean), schools)


# What moved a difference coefficient from one year to the next.


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
    *,
    per_pupil: bool = False,
) -> Change:
    """Attribute the change of the difference coefficient between two years to its causes.

    Parameters
    ----------
    before_amount, before_pupils, after_amount, after_pupils : array_like, shape (schools of that year,)
        As in `difference_coefficient`.
    before_ids, after_ids : array_like, same shapes
        Identifiers; the same identifier is the same school.
    per_pupil : bool
        Whether the amounts are what each school holds per pupil, not in all.

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
    before = _by_school(before_amount, before_pupils, before_ids, per_pupil)
    after = _by_school(after_amount, after_pupils, after_ids, per_pupil)
    both = [school for school in before if school in after]
    if not both:
        raise ArgumentError(
            "两年之间没有同一所学校，无法分解变动",
            "No school is there in both years, so the change cannot be taken apart",
        )
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


def _by_school(
    amount: ArrayLike, pupils: ArrayLike, ids: ArrayLike, per_pupil: bool
) -> dict[object, tuple[float, float]]:
    """Check one year and key it by school: amount and pupils."""
    common_index(amount=amount, pupils=pupils, ids=ids)
    table = grouped(amount, pupils, per_pupil=per_pupil)
    table.answer(_spreads(table).coefficient, "coefficient")
    amount, pupils = table.amount[:, 0], table.pupils[:, 0]
    ids = np.asarray(ids, dtype=object)
    if ids.shape != np.shape(pupils):
        raise ArgumentError(
            "学校标识的形状 {} 应为 {}，逐校对应",
            "The ids have shape {}; it must be {}, school by school",
            ids.shape,
            np.shape(pupils),
        )
    schools = dict(zip(ids, zip(np.asarray(amount), np.asarray(pupils), strict=True), strict=True))
    if len(schools) < len(ids):
        seen = list(ids)
        raise ArgumentError(
            "学校标识重复：{}", "Ids stand twice: {}", sorted({str(i) for i in seen if seen.count(i) > 1})
        )
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
