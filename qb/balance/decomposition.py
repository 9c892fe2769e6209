"""What explains a difference coefficient: schools, groups of schools, each one's next teacher or pupil."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb.balance.entropy import theil
from qb.balance.grouped import Floats, at, grouped, ratio

NOTHING = 1e-12  # a difference below this is rounding


@dataclass(frozen=True)
class Split:
    """A measure of inequality split between and within groups: ``total = between + within``.

    Attributes
    ----------
    total, between, within : float
        Without unit.
    parts : ndarray, shape (groups,)
        What each group adds to `within`, in which the parts sum up.
    """

    total: float
    between: float
    within: float
    parts: Floats


@dataclass(frozen=True)
class Decomposition:
    """Groups of schools, and what they explain.

    Attributes
    ----------
    groups : ndarray, shape (groups,)
        The labels, sorted.
    schools : ndarray of int, shape (groups,)
    share : ndarray, shape (groups,)
        Of the pupils.
    mean, coefficient : ndarray, shape (groups,)
        Of each group by itself; the coefficient is NaN where the group holds nothing.
    squared, theil : Split
        Of the squared difference coefficient (twice GE(2)), and of Theil's T.
    """

    groups: np.ndarray
    schools: np.ndarray
    share: Floats
    mean: Floats
    coefficient: Floats
    squared: Split
    theil: Split


@dataclass(frozen=True)
class Gradient:
    """How fast the difference coefficient moves with each school's figures.

    Attributes
    ----------
    amount : ndarray, shape of the amounts given
        For one more unit of the resource at this school. Negative: helping this school evens out.
    pupils : ndarray, same shape
        For one more pupil at this school, its resource unchanged.
    """

    amount: Floats
    pupils: Floats


def contributions(
    amount: ArrayLike, pupils: ArrayLike, groups: ArrayLike | None = None, n_groups: int | None = None
) -> Floats:
    r"""Split the squared difference coefficient exactly among the schools.

    Parameters
    ----------
    amount, pupils, groups, n_groups
        As in `difference_coefficients`.

    Returns
    -------
    ndarray, shape of `amount`
        0 or more, without unit; they sum to CV² (of the school's group). NaN where that is undefined.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) no school holds anything.

    Notes
    -----
    :math:`P_i (x_i - \bar X)^2 / (P_N \bar X^2)`. A sum over schools is exact for the square alone, not for
    the coefficient. Reference: Shorrocks (1982), Econometrica 50.

    Examples
    --------
    The coefficient is 0.25, its square 0.0625. The small school, 4 off, outweighs the large one, 1 off:

    >>> contributions([12, 28], [100, 400]).round(6).tolist()
    [0.05, 0.0125]

    Unweighted squares would stand 16 to 1 instead of 4 to 1.
    """
    table = grouped(amount, pupils, groups, n_groups)
    share = table.pupils / table.at_school(table.sum(table.pupils))
    return table.per_school(share * (table.relative - 1) ** 2, "差异系数的分解")


def decompose(amount: ArrayLike, pupils: ArrayLike, groups: ArrayLike) -> Decomposition:
    r"""Split inequality exactly into differences between groups and differences within them.

    Parameters
    ----------
    amount, pupils : array_like, shape (schools,)
        As in `difference_coefficient`.
    groups : array_like, shape (schools,)
        Label of each school's group, of any kind that sorts (城乡, 公办/民办, 集团, street, district);
        none missing.

    Returns
    -------
    Decomposition
        With a row for each label.

    Raises
    ------
    ValueError
        If the arrays cannot be used, no school holds anything, or a label is missing.

    Notes
    -----
    With each group's share of pupils :math:`p_g`, mean :math:`\bar X_g` and coefficient :math:`CV_g`,

    .. math:: CV^2 = \sum_g p_g \left(\frac{\bar X_g}{\bar X} - 1\right)^2
                   + \sum_g p_g \frac{\bar X_g^2}{\bar X^2} CV_g^2, \quad
              T = \sum_g p_g \frac{\bar X_g}{\bar X} \ln\frac{\bar X_g}{\bar X}
                   + \sum_g p_g \frac{\bar X_g}{\bar X} T_g .

    Coefficients, unlike their squares, do not add up. References: Shorrocks (1980), Econometrica 48;
    Theil (1967).

    Examples
    --------
    Three pupils with nothing in the country, three with 10 in town: all of it lies between, Theil ln 2.

    >>> split = decompose([0, 0, 0, 10, 10, 10], [1] * 6, ["rural"] * 3 + ["town"] * 3)
    >>> split.squared.between, split.squared.within
    (1.0, 0.0)
    >>> round(split.theil.between, 6), split.theil.within
    (0.693147, 0.0)

    Two groups weighted by their pupils, 3 and 1; weighted alike, between would be 0.25:

    >>> round(decompose([3, 3], [3, 1], ["rural", "town"]).squared.between, 6)
    0.333333
    """
    whole = grouped(amount, pupils)
    codes, labels = pd.factorize(pd.Series(groups), sort=True)
    if (codes < 0).any():
        raise ValueError(f"{at(codes < 0)}的学校没有分组")
    table = grouped(amount, pupils, codes, len(labels))
    share = table.sum(table.pupils)[:, 0] / table.pupils.sum()
    away = whole.per_school((whole.relative - 1) ** 2, "差异系数的分解")
    own = np.sqrt(table.average_of(lambda value, mean: (value - mean) ** 2)[:, 0])
    mean, level = table.mean[:, 0], table.mean[:, 0] / whole.mean[0, 0]
    inside = np.nan_to_num(theil(amount, pupils, codes, len(labels)))  # a group with nothing adds nothing
    logs = np.log(np.where(level > 0, level, 1))
    return Decomposition(
        groups=np.asarray(labels),
        schools=table.schools,
        share=share,
        mean=mean,
        coefficient=ratio(own, mean),
        squared=_split(
            float(whole.average(away[:, None])[0, 0]),
            share * (level - 1) ** 2,
            share * (own / whole.mean[0, 0]) ** 2,
        ),
        theil=_split(
            float(theil(amount, pupils)), share * (level * logs - level + 1), share * level * inside
        ),
    )


def influence(
    amount: ArrayLike, pupils: ArrayLike, groups: ArrayLike | None = None, n_groups: int | None = None
) -> Floats:
    r"""Compute the difference coefficient that would remain without each school in turn.

    Parameters
    ----------
    amount, pupils, groups, n_groups
        As in `difference_coefficients`.

    Returns
    -------
    ndarray, shape of `amount`
        The coefficient of all other schools (of the group). NaN where no other school is left, or none
        that holds anything.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) no school holds anything.

    Notes
    -----
    Closed form, no loop: with :math:`d_i = x_i - \bar X` and :math:`P' = P_N - P_i`, leaving out a school
    moves the mean by :math:`-P_i d_i / P'` and takes :math:`P_i d_i^2 P_N / P'` from the sum of squares.
    What remains of the sum of squares below 1e-12 of it is rounding, and counts as 0.

    Examples
    --------
    Without the first school the pupils stand at 1 and 3, one of each: ½. Taking its contribution from CV²
    would give ⅓.

    >>> influence(amount=[8, 1, 3], pupils=[2, 1, 1]).round(6).tolist()
    [0.5, 0.128565, 0.471405]
    """
    table = grouped(amount, pupils, groups, n_groups)
    total = table.at_school(table.sum(table.pupils))
    rest = total - table.pupils
    squares = table.at_school(table.average_of(lambda value, mean: (value - mean) ** 2)) * total
    away = table.value - table.at_school(table.mean)
    mean = ratio(table.at_school(table.sum(table.amount)) - table.amount, rest)
    left = squares - table.pupils * away**2 * ratio(total, rest)
    left[left < NOTHING * squares] = 0
    return table.per_school(ratio(np.sqrt(ratio(left, rest)), mean), "差异系数")


def gradient(
    amount: ArrayLike, pupils: ArrayLike, groups: ArrayLike | None = None, n_groups: int | None = None
) -> Gradient:
    r"""Find which school to help first so that the difference coefficient falls.

    Parameters
    ----------
    amount, pupils, groups, n_groups
        As in `difference_coefficients`.

    Returns
    -------
    Gradient
        Derivatives of the coefficient, per unit of `amount` and per pupil. NaN where it is 0 or undefined.

    Raises
    ------
    ValueError
        If the arrays cannot be used or, without groups, no school holds anything or all schools are equal:
        from a coefficient of 0 every change leads upwards, and there is no derivative.

    Notes
    -----
    .. math:: \frac{\partial CV}{\partial r_i} = \frac{x_i - \bar X (1 + CV^2)}{P_N \bar X^2 \, CV}, \quad
              \frac{\partial CV}{\partial P_i} = \frac{\bar X^2 (1 + CV^2) - x_i^2}{2 P_N \bar X^2 \, CV} .

    So help lowers the coefficient up to :math:`\bar X (1 + CV^2)`: somewhat above the mean, not up to it.

    Examples
    --------
    Two schools of one pupil at 1 and 3: mean 2, coefficient ½, and the turning point at 2 · 1.25 = 2.5.
    A unit for the poorer school lowers the coefficient by (1 - 2.5) / (2 · 4 · ½), three times as fast as
    one for the richer raises it:

    >>> gradient([1, 3], [1, 1]).amount.tolist()
    [-0.375, 0.125]
    >>> gradient([1, 3], [1, 1]).pupils.tolist()
    [0.5, -0.5]
    """
    table = grouped(amount, pupils, groups, n_groups)
    squared = table.average_of(lambda value, mean: (ratio(value, mean) - 1) ** 2)
    squared[squared <= NOTHING**2] = np.nan
    if not table.grouped and table.mean.all() and np.isnan(squared).any():
        raise ValueError("差异系数的导数无定义：各校相等，差异系数为 0，任何变动都使其上升")
    scale = table.at_school(table.sum(table.pupils) * np.sqrt(squared))
    turning = table.at_school(1 + squared)
    by_amount = ratio(table.relative - turning, scale * table.at_school(table.mean))
    by_pupils = ratio(turning - table.relative**2, 2 * scale)
    return Gradient(
        table.per_school(by_amount, "差异系数的导数"), table.per_school(by_pupils, "差异系数的导数")
    )


def _split(total: float, between: Floats, parts: Floats) -> Split:
    """Sum up what the groups add."""
    return Split(total, float(between.sum()), float(parts.sum()), parts)
