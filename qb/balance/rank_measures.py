"""Measures of rank: Gini, Lorenz, quantiles.

All stand the schools of a group in a row from the least value per pupil to the greatest, every school
as wide as its pupils. They take ``(amount, pupils)`` and, for many groups at once, `groups` and
`n_groups` as `difference_coefficients` does; the answer is then an array of shape (groups,) or
(groups, k), NaN where the measure is undefined, instead of a number or a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from qb.balance.grouped import Floats, Grouped, Measured, common_index, grouped, new_axes
from qb.balance.grouped import at as positions
from qb.errors import ArgumentError
from qb.result_repr import Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EDGE = 1e-9  # of a group's pupils: a quantile this near the edge of a school lies on it


@dataclass(frozen=True, repr=False)
class Lorenz(Shown):
    """A Lorenz curve: its corners, from (0, 0) to (1, 1).

    Attributes
    ----------
    pupils, amount : ndarray, shape (schools + 1,)
        Cumulated shares, schools from the least value per pupil to the greatest.
    order : str
        In which order the schools stand, in words.
    """

    pupils: Floats
    amount: Floats
    order: str = "least first"

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each corner: pupils, amount."""
        return pd.DataFrame({"pupils": self.pupils, "amount": self.amount})

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw the curve and the line of equal shares; return the axes, open to change."""
        ax = ax if ax is not None else new_axes()
        ax.plot([0, 1], [0, 1], color="0.6", linewidth=1)
        ax.plot(self.pupils, self.amount, **kwargs)
        ax.set(xlabel=f"share of pupils, {self.order}", ylabel="share of the resource", aspect="equal")
        return ax


@dataclass(frozen=True)
class RankedRow:
    """The schools of all groups in a row, group by group, by one resource.

    Attributes
    ----------
    order, codes : ndarray of intp, shape (schools,)
        Which school stands where, and the group of that place.
    first, last : ndarray of intp, shape (groups,)
        First and last place of each group; an empty group has its last before its first.
    share, end : ndarray, shape (schools,)
        The school's share of its group's pupils, and the cumulated share where it ends (the last at 1).
    """

    order: NDArray[np.intp]
    codes: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    share: Floats
    end: Floats


def gini(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure inequality by Gini: half the mean difference between two pupils, over the mean.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`.

    Returns
    -------
    float, ndarray or Measured
        0 (equal) to 1 (all of it at a vanishing school). Not "corrected" by n / (n - 1): schools are all
        there are, not a sample.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or (without groups) no school holds anything.

    Notes
    -----
    :math:`G = \frac{1}{2 \bar X} \sum_i \sum_j \frac{P_i P_j}{P_N^2} |x_i - x_j|`, computed from one
    sort as twice the covariance of value and rank, over the mean. References: Lerman and Yitzhaki
    (1984), Economics Letters 15; Cowell (2011), Measuring Inequality.

    Examples
    --------
    Two pupils drawn from a fifth at 0.12 and four fifths at 0.07 differ by 0.05 in 2 · 0.2 · 0.8 of
    all draws: 0.016 / (2 · 0.08).

    >>> round(gini(amount=[12, 28], pupils=[100, 400]), 6)
    0.1

    The two schools counted alike would have 0.131579.
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    rank = np.empty_like(table.amount)
    for j, row in enumerate(_rows(table)):
        rank[row.order, j] = 2 * row.end - row.share - 1
    return table.answer(table.average((table.relative - 1) * rank), "gini")


def lorenz(amount: ArrayLike, pupils: ArrayLike, *, per_pupil: bool = False) -> Lorenz:
    """Trace the Lorenz curve of one group of schools.

    Parameters
    ----------
    amount, pupils, per_pupil
        As in `difference_coefficient`.

    Returns
    -------
    Lorenz
        The corners, straight lines between them.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or no school holds anything.

    Notes
    -----
    Reference: Lorenz (1905), Publications of the American Statistical Association 9.

    Examples
    --------
    The larger school is the poorer one and comes first: 80% of the pupils share 70% of the teachers.

    >>> curve = lorenz(amount=[12, 28], pupils=[100, 400])
    >>> curve.pupils.tolist(), curve.amount.round(6).tolist()
    ([0.0, 0.8, 1.0], [0.0, 0.7, 1.0])

    Sorted by amount instead of by value, it would begin with (0.2, 0.3), above the diagonal.
    """
    table = grouped(amount, pupils, per_pupil=per_pupil)
    (row,) = _rows(table)
    held = np.cumsum(table.amount[row.order, 0])
    if not held[-1]:
        raise table.undefined("lorenz")
    return Lorenz(np.concatenate([[0.0], row.end]), np.concatenate([[0.0], held / held[-1]]))


def concentration(
    amount: ArrayLike,
    pupils: ArrayLike,
    by: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    r"""Measure whether a resource goes to the schools at one end of another ranking, as deprivation.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`.
    by : array_like, shape (schools,)
        What the schools are ranked by, from low to high (income of the quarter; less the share of pupils
        in need). Any finite number; schools with the same share one rank.

    Returns
    -------
    float, ndarray or Measured
        -1 (all of it at the lowest) to 1 (at the highest); 0 where rank makes no difference. Ranked by the
        resource itself it is `gini`.

    Raises
    ------
    ValueError
        If the arrays cannot be used, a rank is missing or infinite, or (without groups) no school holds
        anything.

    Notes
    -----
    :math:`C = rac{2}{ar X} \sum rac{P_i}{P_N} (x_i - ar X)(R_i - rac12)`, with :math:`R_i` the share
    of pupils below the school in the ranking and half of those beside it. References: Kakwani, Wagstaff
    and van Doorslaer (1997), Journal of Econometrics 77; O'Donnell and others (2008), Analyzing Health
    Equity Using Household Survey Data, World Bank, ch. 8.

    Examples
    --------
    The small school is in the poorer quarter and has more teachers per pupil: ranks 0.1 and 0.6, values
    1.5 and 0.875 of the mean, 2 · (0.2 · 0.5 · -0.4 + 0.8 · -0.125 · 0.1).

    >>> round(concentration(amount=[12, 28], pupils=[100, 400], by=[1, 2]), 6)
    -0.1

    The Gini coefficient, ranked by the teachers themselves, is 0.1.
    """
    common_index(amount=amount, pupils=pupils, by=by)
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    _, rank = _ranked(table, by)
    return table.answer(table.average((table.relative - 1) * (2 * rank[:, None] - 1)), "concentration")


def concentration_curve(
    amount: ArrayLike, pupils: ArrayLike, by: ArrayLike, *, per_pupil: bool = False
) -> Lorenz:
    """Trace the concentration curve: what share of the resource the pupils lowest in a ranking have.

    Parameters
    ----------
    amount, pupils, by, per_pupil
        As in `concentration`, one group.

    Returns
    -------
    Lorenz
        The corners; above the diagonal where the lowest have more than their share. Schools of one rank
        make one piece.

    Raises
    ------
    ValueError
        As `concentration`.

    Notes
    -----
    Twice the area between diagonal and curve is the index. Reference: as `concentration`.

    Examples
    --------
    A fifth of the pupils, in the poorer quarter, have 30% of the teachers; a Lorenz curve would begin with
    the larger school.

    >>> curve = concentration_curve([12, 28], [100, 400], by=[1, 2])
    >>> curve.pupils.round(6).tolist(), curve.amount.round(6).tolist()
    ([0.0, 0.2, 1.0], [0.0, 0.3, 1.0])
    """
    common_index(amount=amount, pupils=pupils, by=by)
    table = grouped(amount, pupils, per_pupil=per_pupil)
    block, _ = _ranked(table, by)
    there, held = (np.bincount(block, weights=column[:, 0]) for column in (table.pupils, table.amount))
    if not held.any():
        raise table.undefined("concentration")
    first, second = (np.concatenate([[0.0], np.cumsum(x) / x.sum()]) for x in (there, held))
    return Lorenz(first, second, "lowest rank first")


def _ranked(table: Grouped, by: ArrayLike) -> tuple[NDArray[np.intp], Floats]:
    """Return which place in the ranking each school has, group by group, and its rank among the pupils."""
    rank = np.asarray(by, dtype=float)
    if rank.shape != table.codes.shape:
        raise ArgumentError(
            "排序依据的形状 {} 应为 {}，逐校对应",
            "by has shape {}; it must be {}, school by school",
            rank.shape,
            table.codes.shape,
        )
    if not np.isfinite(rank).all():
        raise ArgumentError(
            "{}的排序依据缺失或为无穷大", "by is missing or infinite at {}", positions(~np.isfinite(rank))
        )
    order = np.lexsort([rank, table.codes])
    codes, ranks, pupils = table.codes[order], rank[order], table.pupils[order, 0]
    first = np.r_[True, (np.diff(codes) != 0) | (np.diff(ranks) != 0)][: len(order)]
    block = np.cumsum(first) - 1
    together = np.bincount(block, weights=pupils)
    group = codes[first]
    upto = np.cumsum(together)
    before = (upto - together)[np.searchsorted(group, group)]  # of the pupils of earlier groups
    middle = (upto - together / 2 - before) / table.sum(table.pupils)[group, 0]
    places, ranked = np.empty(len(order), dtype=np.intp), np.empty(len(order))
    places[order], ranked[order] = block, middle[block]
    return places, ranked


def lorenz_ordinates(
    amount: ArrayLike,
    pupils: ArrayLike,
    at: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Tell what share of the resource goes to the worst-off share `at` of the pupils.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`.
    at : array_like
        Shares of the pupils, 0 to 1.

    Returns
    -------
    float, ndarray or Measured; shape of `at`, after (groups,) or (groups, k)
        Shares of the resource, 0 to 1.

    Raises
    ------
    ValueError
        If the arrays cannot be used, a share is outside 0 … 1, or (without groups) no school holds anything.

    Examples
    --------
    The worst-off half of the pupils sits in the large school, which has 70% of the teachers for 80%
    of the pupils: 50 · 70 / 80.

    >>> round(lorenz_ordinates([12, 28], [100, 400], at=0.5), 6)
    0.4375
    """
    at = _shares(at)
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    return table.answer(ordinates_of(table, at), "lorenz_ordinates", at)


def quantiles(
    amount: ArrayLike,
    pupils: ArrayLike,
    q: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> float | Floats | Measured:
    """Find the value per pupil below which the share `q` of the pupils is taught.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`; nothing held at all is legal, its quantiles are 0.
    q : array_like
        Shares of the pupils, 0 to 1; 0 is the least value and 1 the greatest.

    Returns
    -------
    float, ndarray or Measured; shape of `q`, after (groups,) or (groups, k)
        Values per pupil, in the unit of `amount` per pupil.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or a share is outside 0 … 1.

    Notes
    -----
    Each pupil has the value of the school. Where `q` falls between two pupils of different schools,
    the two values are averaged, as the median of an even number is. Nothing is interpolated, so that
    splitting a school or counting every pupil twice changes nothing. Reference: Hyndman and Fan (1996),
    The American Statistician 50, definition 2.

    Examples
    --------
    The median pupil is in the large school, at 7 per 100; the median school would be at 9.5.

    >>> round(100 * quantiles([12, 28], [100, 400], q=0.5), 6)
    7.0
    """
    q = _shares(q)
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    return table.answer(quantiles_of(table, q), "quantiles", q)


def _shares(at: ArrayLike) -> Floats:
    """Refuse what is no share."""
    shares = np.asarray(at, dtype=float)
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ArgumentError(
            "所求份额应在 0 与 1 之间，而不是 {}", "The shares asked for must lie between 0 and 1, not {}", at
        )
    return shares


def _rows(table: Grouped) -> Iterator[RankedRow]:
    """Stand the schools in a row, once for each resource."""
    schools = table.schools
    last = np.cumsum(schools) - 1
    first = np.minimum(last - schools + 1, last)
    codes = np.repeat(np.arange(len(schools)), schools)
    short = table.codes.astype(np.min_scalar_type(len(schools)))  # integers of 16 bits sort in linear time
    for column in table.value.T if len(codes) else ():
        order = np.argsort(column)
        order = order[np.argsort(short[order], kind="stable")]
        pupils = table.pupils[order, 0]
        upto = np.cumsum(pupils)
        before = (upto - pupils)[first]
        total = upto[last] - before
        yield RankedRow(
            order, codes, first, last, pupils / total[codes], (upto - before[codes]) / total[codes]
        )


def _places(row: RankedRow, targets: Floats, side: Literal["left", "right"]) -> NDArray[np.intp]:
    """Find the place in each group where the cumulated share reaches, or passes, the targets (groups, q)."""
    codes = np.arange(len(row.first))[:, None]
    places = np.searchsorted(row.codes + row.end, codes + targets, side)
    return np.clip(places, row.first[:, None], row.last[:, None])


def quantiles_of(table: Grouped, q: Floats) -> Floats:
    """Compute the quantiles of every cell: (groups, k) and the shape of `q`."""
    found = np.full((*table.mean.shape, q.size), np.nan)
    value = table.value
    for j, row in enumerate(_rows(table)):
        ranked = value[row.order, j]
        low = ranked[_places(row, q.ravel() - EDGE, "left")]
        high = ranked[_places(row, q.ravel() + EDGE, "right")]
        found[:, j] = low + (high - low) / 2
    found[np.isnan(table.mean)] = np.nan
    return found.reshape(*table.mean.shape, *q.shape)


def ordinates_of(table: Grouped, at: Floats) -> Floats:
    """Compute the Lorenz ordinates of every cell: (groups, k) and the shape of `at`."""
    found = np.full((*table.mean.shape, at.size), np.nan)
    relative = table.relative
    for j, row in enumerate(_rows(table)):
        slope = relative[row.order, j]
        held = np.nan_to_num(slope) * row.share
        upto = np.cumsum(held)
        upto -= (upto - held)[row.first][row.codes]
        place = _places(row, at.ravel(), "left")
        found[:, j] = upto[place] - slope[place] * (row.end[place] - at.ravel())
    found[np.isnan(table.mean)] = np.nan
    return found.reshape(*table.mean.shape, *at.shape)
