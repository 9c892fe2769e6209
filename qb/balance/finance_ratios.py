"""Measures of school finance, on quantiles of the pupils: McLoone, Verstegen, the three ranges.

They take ``(amount, pupils)`` and, for many groups at once, `groups` and `n_groups` as
`difference_coefficients` does; the answer is then an array of shape (groups,) or (groups, k), NaN where
the measure is undefined, instead of a number or a refusal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qb.balance.grouped import Floats, Grouped, Measured, grouped, ratio
from qb.balance.rank_measures import ordinates_of, quantiles_of


def mcloone(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Compare what the worse-off half of the pupils has with what it would have at the median.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; the median must be above 0.

    Returns
    -------
    float, ndarray or Measured
        0 to 1 (the worse-off half is all at the median).

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) the median pupil has nothing.

    Notes
    -----
    Exactly half the pupils are taken: the school in which the half is reached counts with the pupils that
    complete it. Reference: Odden and Picus (2014), School Finance: A Policy Perspective.

    Examples
    --------
    Of 38 pupils the worse-off 19 are 12 at 24 and 7 of those at 45, the median: 603 of 855.

    >>> round(mcloone([2000, 800, 600, 360, 360, 288], [2, 4, 6, 6, 8, 12]), 4)
    0.7053

    Schools counted alike would give 0.5375.
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    below, _ = _halves(table)
    return table.answer(below, "mcloone")


def verstegen(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Compare what the better-off half of the pupils has with what it would have at the median.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; the median must be above 0.

    Returns
    -------
    float, ndarray or Measured
        1 (the better-off half is all at the median) upwards.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) the median pupil has nothing.

    Notes
    -----
    The mirror of `mcloone`. Reference: Verstegen and Driscoll (2008), Journal of Education Finance 33; Odden
    and Picus (2014).

    Examples
    --------
    The better-off 19 pupils of `mcloone` hold 4408 - 603 = 3805, at the median they would hold 855.

    >>> round(verstegen([2000, 800, 600, 360, 360, 288], [2, 4, 6, 6, 8, 12]), 4)
    4.4503
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    _, above = _halves(table)
    return table.answer(above, "verstegen")


def value_range(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Measure the distance between the best-off and the worst-off school.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; nothing held at all is legal and answers 0.

    Returns
    -------
    float, ndarray or Measured
        Greatest less least value per pupil, in the unit of `amount` per pupil.

    Raises
    ------
    ValueError
        If the arrays cannot be used.

    Examples
    --------
    12 and 7 teachers per 100 pupils; the amounts alone would differ by 16.

    >>> round(100 * value_range([12, 28], [100, 400]), 6)
    5.0
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    low, high = _between(table, 0, 1)
    return table.answer(high - low, "value_range")


def restricted_range(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Measure the distance between the 5th and the 95th percentile of the pupils.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; nothing held at all is legal and answers 0.

    Returns
    -------
    float, ndarray or Measured
        In the unit of `amount` per pupil; percentiles as `quantiles` defines them.

    Raises
    ------
    ValueError
        If the arrays cannot be used.

    Notes
    -----
    Reference: Odden and Picus (2014).

    Examples
    --------
    The school at 50 teaches 4 of 100 pupils, fewer than the 5 that are set aside: its distance does not
    count, which unweighted it would (40).

    >>> restricted_range(amount=[200, 960, 480], pupils=[4, 48, 48])
    10.0
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    low, high = _between(table, 0.05, 0.95)
    return table.answer(high - low, "restricted_range")


def federal_range_ratio(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Measure the restricted range in multiples of the 5th percentile.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; the 5th percentile must be above 0.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) upwards.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) the 5th percentile is 0.

    Notes
    -----
    Reference: Odden and Picus (2014).

    Examples
    --------
    Percentiles 10 and 20, as in `restricted_range`: (20 - 10) / 10, not 20 / 10.

    >>> federal_range_ratio(amount=[200, 960, 480], pupils=[4, 48, 48])
    1.0
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    low, high = _between(table, 0.05, 0.95)
    return table.answer(ratio(high - low, low), "federal_range_ratio")


def ratio_90_10(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure how many times the 10th percentile of the pupils the 90th has.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; the 10th percentile must be above 0.

    Returns
    -------
    float, ndarray or Measured
        1 (equal) upwards.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) the 10th percentile is 0.

    Notes
    -----
    :math:`Q(0.9) / Q(0.1)`, percentiles as `quantiles` defines them. Reference: Atkinson, Rainwater and
    Smeeding (1995), Income Distribution in OECD Countries, OECD.

    Examples
    --------
    Four of 100 pupils are at 50, 48 at 20 and 48 at 10: the 90th percentile is at 20. Schools counted alike
    would give 50 / 10.

    >>> ratio_90_10(amount=[200, 960, 480], pupils=[4, 48, 48])
    2.0
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    low, high = _between(table, 0.1, 0.9)
    return table.answer(ratio(high, low), "ratio_90_10")


def _between(table: Grouped, low: float, high: float) -> tuple[Floats, Floats]:
    """Compute two quantiles of every cell: (groups, k) each."""
    both = quantiles_of(table, np.array([low, high]))
    return both[..., 0], both[..., 1]


def _halves(table: Grouped) -> tuple[Floats, Floats]:
    """Compare the lower and the upper half of the pupils with the median: (groups, k) each."""
    lower = ordinates_of(table, np.array(0.5))
    median = ratio(quantiles_of(table, np.array(0.5)), table.mean) / 2
    return ratio(lower, median), ratio(1 - lower, median)
