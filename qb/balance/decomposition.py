"""What explains a difference coefficient: schools, groups of schools, each one's next teacher or pupil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb.balance.entropy import theil
from qb.balance.grouped import Floats, common_index, grouped, labelled, new_axes, ratio, tidy
from qb.errors import ArgumentError
from qb.result_repr import Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTHING = 1e-12  # a difference below this is rounding


@dataclass(frozen=True, repr=False)
class Split(Shown):
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


@dataclass(frozen=True, repr=False)
class Decomposition(Shown):
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

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each figure of a group: stat, group, value.

        ``within_squared`` and ``within_theil`` are what a group adds to the part within groups.
        """
        stats = {name: getattr(self, name) for name in ("schools", "share", "mean", "coefficient")}
        parts = {"within_squared": self.squared.parts, "within_theil": self.theil.parts}
        return tidy(stats | parts, list(self.groups))

    def told(self) -> list[tuple[str, str]]:
        """Return what lies between and within groups, and the groups."""
        shown = [
            (name, f"total {s.total:.6g} = between {s.between:.6g} + within {s.within:.6g}")
            for name, s in (("squared", self.squared), ("theil", self.theil))
        ]
        return [("groups", ", ".join(map(str, self.groups[:12]))), *shown]

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw the squared coefficient as bars, between groups and within each; return the axes."""
        ax = ax if ax is not None else new_axes()
        names = ["between", *(str(group) for group in self.groups)]
        ax.barh(names, [self.squared.between, *self.squared.parts], **kwargs)
        ax.invert_yaxis()
        ax.set_xlabel("squared difference coefficient: between groups, within each")
        return ax


@dataclass(frozen=True, repr=False)
class Gradient(Shown):
    """How fast the difference coefficient moves with each school's figures.

    Attributes
    ----------
    amount : ndarray, shape of the amounts given
        For one more unit of the resource at this school. Negative: helping this school evens out.
    pupils : ndarray, same shape
        For one more pupil at this school, its resource unchanged.

    Both are a Series or DataFrame with the index of the arguments where these have one.
    """

    amount: Floats | pd.Series | pd.DataFrame
    pupils: Floats | pd.Series | pd.DataFrame


def contributions(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> Floats:
    r"""Split the squared difference coefficient exactly among the schools.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`.

    Returns
    -------
    ndarray, or Series or DataFrame with the index of the arguments; shape of `amount`
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

    A Series keeps its schools:

    >>> named = pd.DataFrame({"teachers": [12, 28], "pupils": [100, 400]}, index=["small", "large"])
    >>> contributions(named["teachers"], named["pupils"])["small"].round(6).item()
    0.05

    Unweighted squares would stand 16 to 1 instead of 4 to 1.
    """
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    share = table.pupils / table.at_school(table.sum(table.pupils))
    return table.per_school(share * (table.relative - 1) ** 2, "contributions")


def decompose(
    amount: ArrayLike, pupils: ArrayLike, groups: ArrayLike, *, per_pupil: bool = False
) -> Decomposition:
    r"""Split inequality exactly into differences between groups and differences within them.

    Parameters
    ----------
    amount, pupils : array_like, shape (schools,)
        As in `difference_coefficient`.
    groups : array_like, shape (schools,)
        Label of each school's group (城乡, 公办/民办, 集团, street, district), as in
        `difference_coefficients`; none missing. Categories without schools are left out.
    per_pupil : bool
        Whether `amount` is what each school holds per pupil, not in all.

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
    common_index(amount=amount, pupils=pupils, groups=groups)
    whole = grouped(amount, pupils, per_pupil=per_pupil)
    amount, pupils = whole.amount[:, 0], whole.pupils[:, 0]
    codes, labels = labelled(groups, len(pupils))
    there, codes = np.unique(codes, return_inverse=True)
    labels = labels[there]
    table = grouped(amount, pupils, codes, len(labels))
    share = table.sum(table.pupils)[:, 0] / table.pupils.sum()
    if not whole.mean.all():
        raise whole.undefined("contributions")
    away = (whole.relative - 1) ** 2
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
            float(whole.average(away)[0, 0]),
            share * (level - 1) ** 2,
            share * (own / whole.mean[0, 0]) ** 2,
        ),
        theil=_split(
            float(np.asarray(theil(amount, pupils))),
            share * (level * logs - level + 1),
            share * level * inside,
        ),
    )


@dataclass(frozen=True, repr=False)
class Nested(Shown):
    """Inequality split over levels that lie within each other: the parts sum to the total.

    Attributes
    ----------
    levels : tuple of str
        Names from the outermost inwards, then ``"within"``.
    squared, theil : ndarray, shape (levels,)
        What each level adds to the squared difference coefficient and to Theil's T: differences between its
        groups, inside the groups of the level above; last what lies within the innermost groups.
    """

    levels: tuple[str, ...]
    squared: Floats
    theil: Floats

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each part: stat, group (the level), value."""
        return tidy({"squared": self.squared, "theil": self.theil}, self.levels)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw each level's share of Theil's T as a bar; return the axes, open to change."""
        ax = ax if ax is not None else new_axes()
        ax.barh(list(self.levels), self.theil, **kwargs)
        ax.invert_yaxis()
        ax.set_xlabel("Theil's T, by level")
        return ax


def nested(amount: ArrayLike, pupils: ArrayLike, levels: pd.DataFrame, *, per_pupil: bool = False) -> Nested:
    r"""Split inequality over nested levels: between provinces, counties within them, schools within these.

    Parameters
    ----------
    amount, pupils, per_pupil
        As in `difference_coefficient`.
    levels : DataFrame, shape (schools, levels)
        Labels, the outermost level first. A group is named by its labels from the outermost on: 城关 of one
        province is not 城关 of another.

    Returns
    -------
    Nested

    Raises
    ------
    ValueError
        If the arrays cannot be used, there is no level, a label is missing, or no school holds anything.

    Notes
    -----
    With :math:`B_l` what lies between the groups of level :math:`l` (see `decompose`), level :math:`l` adds
    :math:`B_l - B_{l-1}`, which is 0 or more as its groups divide those above; the last part is what is
    left within. References: Theil (1972), Statistical Decomposition Analysis; Akita (2003), Annals of
    Regional Science 37.

    Examples
    --------
    A pupil each at 1 and 3 in two counties of one province, 4 and 4 in two of another: mean 3. Between the
    provinces (2 and 4) lies 1/9; the four counties lie 1.5 / 9 apart, so 1/18 is between counties of one
    province. Counties taken without their provinces would be given the whole sixth.

    >>> places = pd.DataFrame({"province": ["A", "A", "B", "B"], "county": ["a", "b", "a", "b"]})
    >>> split = nested([1, 3, 4, 4], [1, 1, 1, 1], places)
    >>> split.levels, split.squared.round(6).tolist()
    (('province', 'county', 'within'), [0.111111, 0.055556, 0.0])
    """
    if not isinstance(levels, pd.DataFrame) or not levels.shape[1]:
        raise ArgumentError(
            "levels 应为 DataFrame，每级一列，外层在前",
            "levels must be a DataFrame with a column for each level, the outer first",
        )
    common_index(amount=amount, pupils=pupils, levels=levels)
    splits = [
        decompose(amount, pupils, levels.iloc[:, : depth + 1], per_pupil=per_pupil)
        for depth in range(levels.shape[1])
    ]
    parts = [
        np.diff([0.0, *(split.between for split in found), found[-1].between + found[-1].within])
        for found in ([split.squared for split in splits], [split.theil for split in splits])
    ]
    return Nested((*map(str, levels.columns), "within"), *parts)


def influence(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> Floats:
    r"""Compute the difference coefficient that would remain without each school in turn.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
        As in `difference_coefficients`.

    Returns
    -------
    ndarray, or Series or DataFrame with the index of the arguments; shape of `amount`
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
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    total = table.at_school(table.sum(table.pupils))
    rest = total - table.pupils
    squares = table.at_school(table.average_of(lambda value, mean: (value - mean) ** 2)) * total
    away = table.value - table.at_school(table.mean)
    mean = ratio(table.at_school(table.sum(table.amount)) - table.amount, rest)
    left = squares - table.pupils * away**2 * ratio(total, rest)
    left[left < NOTHING * squares] = 0
    return table.per_school(ratio(np.sqrt(ratio(left, rest)), mean), "influence")


def gradient(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    *,
    per_pupil: bool = False,
) -> Gradient:
    r"""Find which school to help first so that the difference coefficient falls.

    Parameters
    ----------
    amount, pupils, groups, n_groups, per_pupil
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
    table = grouped(amount, pupils, groups, n_groups, per_pupil=per_pupil)
    squared = table.average_of(lambda value, mean: (ratio(value, mean) - 1) ** 2)
    squared[squared <= NOTHING**2] = np.nan
    if not table.grouped and table.mean.all() and np.isnan(squared).any():
        raise ArgumentError(
            "差异系数的导数无定义：各校相等，差异系数为 0，任何变动都使其上升",
            "The coefficient has no derivative here: all schools are equal, it is 0, and any change raises it",
        )
    scale = table.at_school(table.sum(table.pupils) * np.sqrt(squared))
    turning = table.at_school(1 + squared)
    by_amount = ratio(table.relative - turning, scale * table.at_school(table.mean))
    by_pupils = ratio(turning - table.relative**2, 2 * scale)
    return Gradient(table.per_school(by_amount, "gradient"), table.per_school(by_pupils, "gradient"))


def _split(total: float, between: Floats, parts: Floats) -> Split:
    """Sum up what the groups add."""
    return Split(total, float(between.sum()), float(parts.sum()), parts)
