"""Measures of relative shares: Theil, mean log deviation, generalised entropy, Atkinson, Hoover.

Each is an average over pupils of a function of y, the value of their school over the mean. Where
the function is not at its lowest at the mean already, a multiple of y - 1 (which averages 0) is added, so
that no term is negative and nothing cancels. All take ``(amount, pupils)`` and, for many groups at
once, `groups` and `n_groups` as `difference_coefficients` does; the answer is then an array of shape
(groups,) or (groups, k), NaN where the measure is undefined, instead of a number or a refusal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qb.balance.grouped import Floats, Measured, grouped, ratio
from qb.errors import ArgumentError

TINY = np.finfo(float).tiny


def theil(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure inequality by Theil's T, which looks hardest at the schools far above the mean.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`. Schools with nothing are legal: 0 · ln 0 = 0.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) to ln(all pupils / pupils of the smallest school), in nats.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) no school holds anything.

    Notes
    -----
    :math:`T = \sum \frac{P_i}{P_N} \, y_i \ln y_i` with :math:`y_i = x_i / \bar X`. Some
    software calls the mean log deviation "Theil": see `mld`. Reference: Theil (1967), Economics and
    Information Theory, ch. 4.

    Examples
    --------
    Three schools of equal size hold 0, three hold 10 per pupil: half the pupils have twice the mean,
    ½ · 2 ln 2 = ln 2.

    >>> round(theil([0, 0, 0, 10, 10, 10], [1] * 6), 6)
    0.693147

    Five values whose mean log deviation (the wrong formula) is 0.23263:

    >>> round(theil([10, 10, 10, 20, 50], [1] * 5), 7)
    0.2502012
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    return table.answer(table.average_of(lambda value, mean: _theil(ratio(value, mean))), "theil")


def mld(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure inequality by the mean log deviation (Theil's L), which looks hardest at the poorest schools.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`, each school holding more than 0.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) upwards without bound, in nats.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) a school holds nothing: ln 0.

    Notes
    -----
    :math:`L = -\sum \frac{P_i}{P_N} \ln y_i`. Reference: Theil (1967); Cowell (2011), Measuring Inequality.

    Examples
    --------
    Nine pupils at 1 and one at 11: the mean is 2, and L = 0.9 ln 2 + 0.1 ln (2/11).

    >>> round(mld(amount=[9, 11], pupils=[9, 1]), 6)
    0.453358

    Theil's T would give 0.625695, schools counted alike 0.592812.
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    return table.answer(table.average_of(lambda value, mean: _mld(ratio(value, mean))), "mld")


def generalized_entropy(
    amount: ArrayLike,
    pupils: ArrayLike,
    a: float,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure inequality by the generalised entropy of degree `a`: the larger, the more the top counts.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`. Schools with nothing are legal for a > 0 alone.
    a : float
        0 is `mld`, 1 is `theil`, 2 is half the squared difference coefficient.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) upwards.

    Raises
    ------
    ValueError
        If the arrays cannot be used, `a` is not finite, or (without groups) no school holds anything or,
        with a <= 0, some school holds nothing.

    Notes
    -----
    :math:`GE(a) = \frac{1}{a (a - 1)} \sum \frac{P_i}{P_N} (y_i^a - 1)`. Reference: Shorrocks
    (1980), Econometrica 48; Cowell (2011), Measuring Inequality.

    Examples
    --------
    The schools of `difference_coefficient`, coefficient 0.25: GE(2) is half its square, not its square.

    >>> round(generalized_entropy([12, 28], [100, 400], a=2), 6)
    0.03125
    """
    if not np.isfinite(a):
        raise ArgumentError(
            "广义熵指数的参数 a 应为有限数，而不是 {}",
            "The parameter a of a generalised entropy must be finite, not {}",
            a,
        )
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    return table.answer(
        table.average_of(lambda value, mean: _entropy(ratio(value, mean), a)), f"generalized_entropy({a:g})"
    )


def atkinson(
    amount: ArrayLike,
    pupils: ArrayLike,
    e: float,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure the share of the resource that inequality wastes, to a judge of aversion `e`.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`. Schools with nothing are legal: from e = 1 on the index is then 1,
        its limit, since a judge so averse gives no worth to anything but the poorest.
    e : float
        Aversion to inequality, 0 (none) upwards.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) to 1: the share that could go if the rest were shared equally.

    Raises
    ------
    ValueError
        If the arrays cannot be used, `e` is negative or not finite, or (without groups) no school holds
        anything.

    Notes
    -----
    :math:`A(e) = 1 - \left( \sum \frac{P_i}{P_N} y_i^{1-e} \right)^{1/(1-e)}`, and
    :math:`A(1) = 1 - e^{-L}`, one less the geometric over the arithmetic mean. Reference: Atkinson (1970),
    Journal of Economic Theory 2.

    Examples
    --------
    One pupil at 1 and three at 4 have the mean 13/4 and the geometric mean 4^(3/4); the unweighted
    schools would give 0.2.

    >>> round(atkinson(amount=[1, 12], pupils=[1, 3], e=1), 6)
    0.129715
    >>> atkinson([0, 12], [1, 3], e=1)
    1.0
    """
    if not (np.isfinite(e) and e >= 0):
        raise ArgumentError(
            "阿特金森指数的参数 e 应为不小于 0 的有限数，而不是 {}",
            "The parameter e of an Atkinson index must be finite and not below 0, not {}",
            e,
        )
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    with np.errstate(divide="ignore"):  # 0 to a negative power is infinite, and then worth nothing
        if e == 1:
            level = np.exp(table.average_of(lambda value, mean: np.log(ratio(value, mean))))
        else:
            level = table.average_of(lambda value, mean: ratio(value, mean) ** (1 - e)) ** (1 / (1 - e))
    return table.answer(1 - level, f"atkinson({e:g})")


def hoover(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure the share of the resource that would have to move to make all schools equal.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) to 1.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) no school holds anything.

    Notes
    -----
    :math:`H = \frac12 \sum \left| \frac{r_i}{R} - \frac{P_i}{P_N} \right|`, which is the
    largest gap between the Lorenz curve and the diagonal. Reference: Hoover (1936), Review of Economics
    and Statistics 18.

    Examples
    --------
    Of 40 teachers, 12 are with a fifth of the pupils, who are due 8: 4 of 40 would have to move.

    >>> round(hoover(amount=[12, 28], pupils=[100, 400]), 6)
    0.1

    Without the half, both the giving and the receiving school are counted: 0.2.
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    half = table.average_of(lambda value, mean: np.abs(ratio(value, mean) - 1) / 2)
    return table.answer(half, "hoover")


def _theil(y: Floats) -> Floats:
    return y * np.log(np.maximum(y, TINY)) - (y - 1)


def _mld(y: Floats) -> Floats:
    return y - 1 - np.log(np.where(y > 0, y, np.nan))


def _entropy(y: Floats, a: float) -> Floats:
    if a == 0:
        return _mld(y)
    if a == 1:
        return _theil(y)
    y = y if a > 0 else np.where(y > 0, y, np.nan)
    return (y**a - 1 - a * (y - 1)) / (a * (a - 1))
