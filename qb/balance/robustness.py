"""How sure a comparison with a limit is. Schools are a population: no sampling error, but errors of reporting
and convention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qb.balance.decomposition import contributions
from qb.balance.difference import difference_coefficient
from qb.balance.grouped import Floats, grouped


@dataclass(frozen=True)
class Flip:
    """The errors that would turn a verdict.

    Attributes
    ----------
    change : ndarray, shape (schools,)
        Relative change of the school's amount (0.1: a tenth more) that alone brings the coefficient to
        the limit; the nearer of two; infinite where no change of this school can.
    smallest : float
        The least of them in size, without sign; infinite where no single school can.
    school : int or None
        Position of that school.
    """

    change: Floats
    smallest: float
    school: int | None


@dataclass(frozen=True)
class ErrorInterval:
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


def flip(amount: ArrayLike, pupils: ArrayLike, limit: float) -> Flip:
    r"""Find the smallest error in one school's amount that moves the coefficient across `limit`.

    Parameters
    ----------
    amount, pupils : array_like, shape (schools,)
        As in `difference_coefficient`.
    limit : float
        Above 0, as 0.5; the coefficient may lie on either side of it.

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
        raise ValueError(f"限值应大于 0，而不是 {limit}")
    excess = float(contributions(amount, pupils).sum()) - limit**2
    amount, pupils = np.asarray(amount, dtype=float), np.asarray(pupils, dtype=float)
    held, share = amount / amount.sum(), pupils / pupils.sum()
    square = held**2 * (1 / share - 1 - limit**2)
    half = held**2 / share - (1 + limit**2) * held
    change = _nearest_root(square, half, excess)
    change[amount == amount.sum()] = np.inf
    school = int(np.argmin(np.abs(change)))
    smallest = float(np.abs(change[school]))
    return Flip(change, smallest, school if np.isfinite(smallest) else None)


def error_interval(
    amount: ArrayLike,
    pupils: ArrayLike,
    error: float,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
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
    All schools equal, so that the coefficient is 0; errors up to 10 % alone make one near
    0.1 / √3 = 0.0577, not a symmetric band about 0:

    >>> interval = error_interval([100] * 40, [10] * 40, error=0.1)
    >>> 0.04 < interval.low < 0.0577 < interval.high < 0.07
    True
    """
    if not (0 <= error < 1 and draws >= 1 and 0 < level < 1):
        raise ValueError(f"误差应在 [0, 1)，次数不少于 1，水平在 (0, 1)，而不是 {error}、{draws}、{level}")
    held = np.asarray(amount, dtype=float)
    columns = held[:, None] if held.ndim == 1 else held
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
    amount, pupils = np.asarray(amount, dtype=float), np.asarray(pupils, dtype=float)
    marked = _mark(small, pupils, "小规模")
    private_ = _mark(private, pupils, "民办")
    grouped(amount, pupils)
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
            _coefficient(half_up(per * x, 2) * p, p),
            len(r),
        ),
        ("coefficient rounded to 3 decimals", "差异系数取三位小数", half_up(standard, 3), len(r)),
        ("coefficient rounded to 2 decimals", "差异系数取两位小数", half_up(standard, 2), len(r)),
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


def half_up(value: float | Floats, decimals: int) -> float | Floats:
    """Round as taught in school, a half upwards; 0.125 to 2 decimals is 0.13, where `round` says 0.12."""
    scale = 10.0**decimals
    return np.floor(np.asarray(value) * scale + 0.5 + 1e-9) / scale


def _coefficient(amount: Floats, pupils: Floats) -> float:
    """Compute the coefficient; NaN where nobody is left to hold anything."""
    return difference_coefficient(amount, pupils).coefficient if amount.any() else np.nan


def _mark(schools: ArrayLike | None, pupils: Floats, name: str) -> np.ndarray:
    """Check the mark of some schools; no mark marks none."""
    marked = np.zeros(pupils.shape, dtype=bool) if schools is None else np.asarray(schools)
    if marked.shape != pupils.shape or marked.dtype != bool:
        raise ValueError(f"{name}标记应为布尔数组，形状 {pupils.shape}，而不是 {marked.dtype} {marked.shape}")
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
    table.per_school(table.amount, "差异系数")
    weight = table.pupils[:, 0] / table.pupils.sum()
    factor = np.random.default_rng(seed).uniform(1 - error, 1 + error, (draws, len(weight)))
    value = table.value[:, 0] * factor
    mean = value @ weight
    return np.sqrt((value - mean[:, None]) ** 2 @ weight) / mean
