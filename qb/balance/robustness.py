"""How sure a comparison with a limit is: errors that turn a verdict, intervals, conventions, permutation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from qb.balance.decomposition import contributions
from qb.balance.difference import difference_coefficient
from qb.balance.grouped import NAMES, Floats, common_index, grouped
from qb.errors import ArgumentError
from qb.result_repr import Shown
from qb.rounding import round_half_up

SAME = 1e-12  # differences nearer than this are the same


@dataclass(frozen=True, repr=False)
class Flip(Shown):
    """The errors that would turn a verdict.

    Attributes
    ----------
    change : ndarray, or Series with the index of the arguments, shape (schools,)
        Relative change of the school's amount (0.1: a tenth more) that alone brings the coefficient to
        the limit; the nearer of two; infinite where no change of this school can.
    smallest : float
        The least of them in size, without sign; infinite where no single school can.
    school : int or None
        Position of that school, counted from 0.
    """

    change: Floats | pd.Series
    smallest: float
    school: int | None


@dataclass(frozen=True, repr=False)
class ErrorInterval(Shown):
    """Where the coefficient may lie if every reported amount may be off.

    Attributes
    ----------
    low, high : float, or ndarray of shape (k,)
        The central share `level` of the draws.
    level : float
        0.95: from the 2.5th to the 97.5th percentile.
    draws : ndarray, shape (draws,) or (draws, k)
        The simulated coefficients.
    """

    low: float | Floats
    high: float | Floats
    level: float
    draws: Floats


@dataclass(frozen=True)
class Convention:
    """The difference coefficient under one convention.

    Attributes
    ----------
    name, zh : str
        In English and Chinese.
    coefficient : float
        NaN where the convention leaves it undefined.
    schools : int
        Schools counted.
    """

    name: str
    zh: str
    coefficient: float
    schools: int


def flip(amount: ArrayLike, pupils: ArrayLike, limit: float, *, per_pupil: bool = False) -> Flip:
    r"""Find the smallest error in one school's amount that moves the coefficient across `limit`.

    Parameters
    ----------
    amount, pupils : array_like, shape (schools,)
        As in `difference_coefficient`.
    limit : float
        Above 0, as 0.5; the coefficient may lie on either side of it.
    per_pupil : bool
        Whether `amount` is what each school holds per pupil, not in all.

    Returns
    -------
    Flip
        Relative changes, from -1 (nothing left) upwards.

    Raises
    ------
    ValueError
        If the arrays cannot be used, no school holds anything, or the limit is not above 0.

    Notes
    -----
    With :math:`p` and :math:`s` the school's shares of pupils and resource and :math:`K = 1 + L^2`, a change
    by :math:`t` reaches the limit :math:`L` where

    .. math:: \left(\frac{s^2}{p} - K s^2\right) t^2 + 2 \left(\frac{s^2}{p} - K s\right) t + CV^2 - L^2 = 0 .

    A school that holds nothing, or everything, cannot flip anything by a relative change.

    Examples
    --------
    One pupil each at 1 and 3, coefficient ½. The limit 0.6 is reached at 4 to 1: a third more at the richer
    school, or a quarter less at the poorer.

    >>> turn = flip([1, 3], [1, 1], limit=0.6)
    >>> turn.change.round(6).tolist(), turn.school
    ([-0.25, 0.333333], 0)

    Straight-line reasoning from the derivative would say -0.27 and +0.27.
    """
    if not (np.isfinite(limit) and limit > 0):
        raise ArgumentError("限值应大于 0，而不是 {}", "The limit must be above 0, not {}", limit)
    table = grouped(amount, pupils, per_pupil=per_pupil)
    amount, pupils = table.amount[:, 0], table.pupils[:, 0]
    excess = float(contributions(amount, pupils).sum()) - limit**2
    held, share = amount / amount.sum(), pupils / pupils.sum()
    square = held**2 * (1 / share - 1 - limit**2)
    half = held**2 / share - (1 + limit**2) * held
    change = _nearest_root(square, half, excess)
    change[amount == amount.sum()] = np.inf
    school = int(np.argmin(np.abs(change)))
    smallest = float(np.abs(change[school]))
    named = change if table.index is None else pd.Series(change, index=table.index, name="flip")
    return Flip(named, smallest, school if np.isfinite(smallest) else None)


def error_interval(
    amount: ArrayLike,
    pupils: ArrayLike,
    error: float,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    *,
    per_pupil: bool = False,
) -> ErrorInterval:
    """Simulate the coefficient when every reported amount may be off by a share up to `error`.

    Parameters
    ----------
    amount : array_like, shape (schools,) or (schools, k)
        As in `difference_coefficient`, one column for each resource.
    pupils : array_like, shape (schools,)
        Taken as exact.
    error : float
        0 to 1: each amount is multiplied by its own factor, uniform on 1 - error … 1 + error.
    draws : int
        Simulated reports.
    seed : int
        The same seed gives the same draws, to each column whatever columns stand beside it.
    level : float
        Above 0, below 1.
    per_pupil : bool
        Whether `amount` is what each school holds per pupil, not in all.

    Returns
    -------
    ErrorInterval
        It need not contain the coefficient as reported: independent errors spread schools apart.

    Raises
    ------
    ValueError
        If the arrays cannot be used, a column holds nothing, or an argument is outside its range.

    Examples
    --------
    All schools equal, so that the coefficient is 0; errors up to 10% alone make one near
    0.1 / √3 = 0.0577, not a symmetric band about 0:

    >>> interval = error_interval([100] * 40, [10] * 40, error=0.1)
    >>> 0.04 < interval.low < 0.0577 < interval.high < 0.07
    True
    """
    if not (0 <= error < 1 and draws >= 1 and 0 < level < 1):
        raise ArgumentError(
            "误差应在 [0, 1)，次数不少于 1，水平在 (0, 1)，而不是 {}、{}、{}",
            "The error must lie in [0, 1), draws be 1 or more, the level lie in (0, 1), not {}, {}, {}",
            error,
            draws,
            level,
        )
    common_index(amount=amount, pupils=pupils)
    held = np.asarray(amount, dtype=float)
    columns = held[:, None] if held.ndim == 1 else held
    columns = columns * np.asarray(pupils, dtype=float)[:, None] if per_pupil else columns
    found = np.column_stack(
        [_simulate(column, pupils, error, draws, [seed, j]) for j, column in enumerate(columns.T)]
    )
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    if held.ndim == 1:
        return ErrorInterval(float(low[0]), float(high[0]), level, found[:, 0])
    return ErrorInterval(low, high, level, found)


def conventions(
    amount: ArrayLike,
    pupils: ArrayLike,
    small: ArrayLike | None = None,
    private: ArrayLike | None = None,
    per: float = 1,
    *,
    per_pupil: bool = False,
) -> list[Convention]:
    """Set the coefficient side by side with what other conventions would make of the same schools.

    Parameters
    ----------
    amount, pupils : array_like, shape (schools,)
        As in `difference_coefficient`, the schools marked `small` among them.
    small : array_like of bool, shape (schools,), optional
        Schools that the rule leaves out (教学点 under 50 pupils): counted in one row, as a comparison.
    private : array_like of bool, shape (schools,), optional
        民办: left out in one row, as a comparison.
    per : float
        100 where the value of a school is stated per 100 pupils, as rounding acts on the stated value.
    per_pupil : bool
        Whether `amount` is what each school holds per pupil, not in all.

    Returns
    -------
    list of Convention
        The standard first; a row that needs `small` or `private` only where given.

    Raises
    ------
    ValueError
        If the arrays cannot be used, or no school that the rule counts holds anything.

    Examples
    --------
    The published five schools; the standard is 0.515, the others are what it is mistaken for:

    >>> for row in conventions([279, 137, 935, 160, 402], [45, 37, 89, 76, 55])[:4]:
    ...     print(f"{row.name}: {row.coefficient:.5f}")
    standard: 0.51526
    unweighted: 0.48877
    unweighted, sample form: 0.54646
    about the unweighted mean: 0.55071
    """
    common_index(amount=amount, pupils=pupils, small=small, private=private)
    table = grouped(amount, pupils, per_pupil=per_pupil)
    amount, pupils = table.amount[:, 0], table.pupils[:, 0]
    marked = _mark(small, pupils, "small")
    private_ = _mark(private, pupils, "private")
    r, p = amount[~marked], pupils[~marked]
    x = r / p
    standard = difference_coefficient(r, p).coefficient
    sample = np.std(x, ddof=1) / x.mean() if len(x) > 1 else np.nan
    centred = np.sqrt(np.average((x - x.mean()) ** 2, weights=p)) / x.mean()
    rows = [
        ("standard", "标准：按学生数加权", standard, len(r)),
        ("unweighted", "各校不加权", np.std(x) / x.mean(), len(r)),
        ("unweighted, sample form", "各校不加权，除以校数减一", sample, len(r)),
        ("about the unweighted mean", "按学生数加权，以各校简单平均为中心", centred, len(r)),
        (
            "values rounded to 2 decimals",
            "各校数值先取两位小数",
            _coefficient(round_half_up(per * x, 2) * p, p),
            len(r),
        ),
        ("coefficient rounded to 3 decimals", "差异系数取三位小数", round_half_up(standard, 3), len(r)),
        ("coefficient rounded to 2 decimals", "差异系数取两位小数", round_half_up(standard, 2), len(r)),
    ]
    if small is not None:
        rows.append(
            ("with small schools", "计入规则不计的小规模学校", _coefficient(amount, pupils), len(pupils))
        )
    if private is not None:
        public = ~marked & ~private_
        left = _coefficient(amount[public], pupils[public])
        rows.append(("without private schools", "不计民办学校", left, int(public.sum())))
    return [Convention(name, zh, float(value), schools) for name, zh, value, schools in rows]


@dataclass(frozen=True)
class Permutation:
    """Two groups of schools compared with what chance would make of them.

    Attributes
    ----------
    first, second : float
        The measure of each group.
    difference : float
        Second less first, of the values over the mean of their group.
    p : float
        Share of the relabellings whose difference is at least as large, to either side.
    relabellings : int
        How many were looked at.
    exact : bool
        Whether these are all there are.
    """

    first: float
    second: float
    difference: float
    p: float
    relabellings: int
    exact: bool


def permutation(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike,
    ids: ArrayLike | None = None,
    measure: Callable[[Floats, Floats], float] | None = None,
    draws: int = 9999,
    seed: int = 0,
    *,
    per_pupil: bool = False,
) -> Permutation:
    r"""Compare the inequality of two places or years with that of random relabellings of their schools.

    Parameters
    ----------
    amount, pupils, per_pupil
        As in `difference_coefficient`.
    groups : array_like, shape (schools,)
        Two labels, as in `difference_coefficients`: the places, or the years.
    ids : array_like, shape (schools,), optional
        Identifiers of schools, for two years: a school of both years changes them with itself alone; one of
        a single year stays where it is. Without them any school may stand in either group.
    measure : callable, optional
        Of (amount, pupils), as `gini`; the difference coefficient unless given.
    draws : int
        Random relabellings, where there are more than so many.
    seed : int

    Returns
    -------
    Permutation

    Raises
    ------
    ValueError
        If the arrays cannot be used, the labels are not two, an identifier occurs twice in a group, or a
        group holds nothing.

    Notes
    -----
    Schools are the units. Each value is first divided by the mean of its group, so that another level is not
    taken for another spread. Schools here are a census: there is no sampling error, and both coefficients
    are exact. `p` says how often a split of the same schools that means nothing would set the two groups
    as far apart: whether the label tells more than chance, not whether an unseen population differs. Of
    random draws the observed one counts as one. References: Edgington and Onghena (2007), Randomization
    Tests; Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9.

    Examples
    --------
    One pupil each: 1 and 3 in one place (½), 2 and 2 in the other (0). Of the six ways to divide the four
    schools, two set the places ½ apart, four 1/3 - 1/5.

    >>> found = permutation([1, 3, 2, 2], [1, 1, 1, 1], ["a", "a", "b", "b"])
    >>> found.difference, round(found.p, 6), found.exact
    (-0.5, 0.333333, True)
    """
    common_index(amount=amount, pupils=pupils, groups=groups, ids=ids)
    table = grouped(amount, pupils, groups, per_pupil=per_pupil)
    if table.labels is None or len(table.labels) != 2 or not table.schools.all():
        raise ArgumentError(
            "置换比较恰好需要两组学校", "A comparison by permutation takes exactly two groups of schools"
        )
    if not table.mean.all():
        raise table.undefined("coefficient")
    count = measure or (lambda r, p: difference_coefficient(r, p).coefficient)
    weights = table.pupils[:, 0]
    held, side = table.relative[:, 0] * weights, table.codes.astype(bool)

    def apart(second: NDArray[np.bool_]) -> float:
        return count(held[second], weights[second]) - count(held[~second], weights[~second])

    ways, made = _relabelled(side, ids, draws, seed)
    observed = apart(side)
    as_far = sum(abs(apart(way)) >= abs(observed) - SAME for way in made)
    exact = ways <= draws
    p = as_far / ways if exact else (as_far + 1) / (draws + 1)
    first, second = (count(table.amount[s, 0], weights[s]) for s in (~side, side))
    return Permutation(first, second, observed, p, ways if exact else draws, exact)


def _relabelled(
    side: NDArray[np.bool_], ids: ArrayLike | None, draws: int, seed: int
) -> tuple[int, Iterator[NDArray[np.bool_]]]:
    """Return how many relabellings there are, and all of them or as many as are drawn."""
    chance = np.random.default_rng(seed)
    if ids is None:
        ways, count, schools = comb(len(side), int(side.sum())), int(side.sum()), range(len(side))
        if ways > draws:
            return ways, (chance.permutation(side) for _ in range(draws))
        return ways, (np.isin(schools, chosen) for chosen in combinations(schools, count))
    pairs = _pairs(side, ids)
    swaps: Iterable[ArrayLike] = product((False, True), repeat=len(pairs))
    ways = 2 ** len(pairs)
    if ways > draws:
        swaps = (chance.random(len(pairs)) < 0.5 for _ in range(draws))
    return ways, (_swapped(side, pairs, swap) for swap in swaps)


def _pairs(side: NDArray[np.bool_], ids: ArrayLike) -> NDArray[np.intp]:
    """Return the two places of each school that is in both groups: (pairs, 2)."""
    names = np.asarray(ids, dtype=object)
    if names.shape != side.shape:
        raise ArgumentError(
            "学校标识的形状 {} 应为 {}，逐校对应",
            "The ids have shape {}; it must be {}, school by school",
            names.shape,
            side.shape,
        )
    places = [{name: i for i, name in enumerate(names) if side[i] == which} for which in (False, True)]
    if sum(map(len, places)) < len(names):
        raise ArgumentError("学校标识在同一组内重复", "An id stands twice in one group")
    both = [(place, places[1][name]) for name, place in places[0].items() if name in places[1]]
    if not both:
        raise ArgumentError(
            "两组之间没有同一所学校：比较两地时不要给出 ids",
            "No school is in both groups: give no ids where two places are compared",
        )
    return np.array(both)


def _swapped(side: NDArray[np.bool_], pairs: NDArray[np.intp], swap: ArrayLike) -> NDArray[np.bool_]:
    """Return the labels with those of some pairs exchanged."""
    made = side.copy()
    chosen = pairs[np.asarray(swap, dtype=bool)]
    made[chosen] = ~side[chosen]
    return made


def _coefficient(amount: Floats, pupils: Floats) -> float:
    """Compute the coefficient; NaN where nobody is left to hold anything."""
    return difference_coefficient(amount, pupils).coefficient if amount.any() else np.nan


def _mark(schools: ArrayLike | None, pupils: Floats, name: str) -> np.ndarray:
    """Check the mark of some schools; no mark marks none."""
    marked = np.zeros(pupils.shape, dtype=bool) if schools is None else np.asarray(schools)
    if marked.shape != pupils.shape or marked.dtype != bool:
        raise ArgumentError(
            "{}标记应为布尔数组，形状 {}，而不是 {} {}",
            "The mark {} must be a boolean array of shape {}, not {} {}",
            NAMES[name],
            pupils.shape,
            marked.dtype,
            marked.shape,
        )
    return marked


def _nearest_root(square: Floats, half: Floats, constant: float) -> Floats:
    """Solve ``square t² + 2 half t + constant = 0`` for the root from -1 up that is nearest to 0, or inf."""
    inside = half**2 - square * constant
    outer = -(half + np.copysign(np.sqrt(np.where(inside >= 0, inside, np.nan)), half))
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.stack([outer / square, constant / outer])
    roots[~(roots >= -1)] = np.inf
    return np.take_along_axis(roots, np.argmin(np.abs(roots), axis=0)[None], axis=0)[0]


def _simulate(amount: Floats, pupils: ArrayLike, error: float, draws: int, seed: list[int]) -> Floats:
    """Draw reports of one resource and compute their coefficients: (draws,)."""
    table = grouped(amount, pupils)
    table.per_school(table.amount, "coefficient")
    weight = table.pupils[:, 0] / table.pupils.sum()
    factor = np.random.default_rng(seed).uniform(1 - error, 1 + error, (draws, len(weight)))
    value = table.value[:, 0] * factor
    mean = value @ weight
    return np.sqrt((value - mean[:, None]) ** 2 @ weight) / mean
