"""Amounts and pupils of schools, sorted into groups and checked once for every measure; what a measure returns, and tidy rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, DTypeLike, NDArray

from qb.errors import ArgumentError
from qb.language import Both, Message, joined, listing
from qb.result_repr import Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
MEASURES = {  # as a refusal names them
    "atkinson": "阿特金森指数",
    "coefficient": "差异系数",
    "concentration": "集中指数",
    "contributions": "差异系数的分解",
    "federal_range_ratio": "联邦极差比",
    "generalized_entropy": "广义熵指数 GE",
    "gini": "基尼系数",
    "gradient": "差异系数的导数",
    "hoover": "胡佛指数",
    "influence": "差异系数",
    "lorenz": "洛伦兹曲线",
    "lorenz_ordinates": "洛伦兹曲线",
    "mcloone": "麦克卢恩指数",
    "mld": "平均对数离差",
    "quantiles": "分位数",
    "ratio_90_10": "90/10 比",
    "restricted_range": "限制极差",
    "theil": "泰尔指数",
    "value_range": "极差",
    "verstegen": "维斯特根指数",
}
SHOWN = 10  # positions that a refusal names

# What refusals call the arguments of the measures.
NAMES = {
    "amount": Both("数量", "amount"),
    "pupils": Both("学生数", "pupils"),
    "groups": Both("分组", "groups"),
    "levels": Both("层级", "levels"),
    "ids": Both("学校标识", "ids"),
    "by": Both("排序", "by"),
    "small": Both("小规模", "small"),
    "private": Both("民办", "private"),
}
BLOCK = 16_384  # schools at a time, so that what one step passes to the next stays in the cache


@dataclass(frozen=True)
class Grouped:
    """A table of cells, groups down and resources across, and the schools in each.

    Attributes
    ----------
    amount : ndarray, shape (schools, k)
        What each school holds in all, column by column in memory. A missing amount (NaN) makes its cell,
        and no other, NaN.
    pupils : ndarray, shape (schools, 1)
        Pupils enrolled, above 0: the weights.
    codes : ndarray of intp, shape (schools,)
        The group of each school, from 0.
    n_groups : int
    grouped, table : bool
        Whether the caller named groups, and whether `amount` came with two dimensions.
    labels : Index or None
        Of the groups, where the caller gave labels; None for codes and for one group.
    index, resources : Index or None
        Of the schools and of the columns, where they came with names.
    """

    amount: Floats
    pupils: Floats
    codes: NDArray[np.intp]
    n_groups: int
    grouped: bool
    table: bool
    labels: pd.Index | None = None
    index: pd.Index | None = None
    resources: pd.Index | None = None

    def sum(self, values: Floats) -> Floats:
        """Sum `values` (schools, k) over each group: (groups, k)."""
        sums = np.empty((self.n_groups, values.shape[1]))
        for k, column in enumerate(values.T):
            sums[:, k] = np.bincount(self.codes, weights=column, minlength=self.n_groups)
        return sums

    def average(self, values: Floats) -> Floats:
        """Average `values` (schools, k) over the pupils of each group: (groups, k); an empty group: NaN."""
        return ratio(self.sum(self.pupils * values), self.sum(self.pupils))

    def average_of(self, term: Callable[[Floats, Floats], Floats]) -> Floats:
        """Average ``term(value, mean)`` over the pupils: a school's value and the mean of its group."""
        terms = np.empty_like(self.amount)
        for (k, mean), start in product(enumerate(self.mean.T.copy()), range(0, len(terms), BLOCK)):
            rows = slice(start, start + BLOCK)
            pupils = self.pupils[rows, 0]
            terms[rows, k] = pupils * term(self.amount[rows, k] / pupils, mean[self.codes[rows]])
        return ratio(self.sum(terms), self.sum(self.pupils))

    def at_school(self, per_group: Floats) -> Floats:
        """Give each school the figure of its group: (groups, k) to (schools, k)."""
        return np.take(per_group.T.copy(), self.codes, axis=1).T

    @property
    def schools(self) -> NDArray[np.intp]:
        """Count the schools of each group: (groups,)."""
        return np.bincount(self.codes, minlength=self.n_groups)

    @property
    def value(self) -> Floats:
        """What each school holds per pupil: (schools, k)."""
        return self.amount / self.pupils

    @cached_property
    def mean(self) -> Floats:
        """Total over total, not the mean of the schools' values: (groups, k)."""
        return ratio(self.sum(self.amount), self.sum(self.pupils))

    @property
    def relative(self) -> Floats:
        """Each school's value as a multiple of its group's mean: (schools, k); NaN where that is 0."""
        return ratio(self.value, self.at_school(self.mean))

    def answer(self, result: Floats, stat: str, shares: Floats | None = None) -> float | Floats | Measured:
        """Shape `result` (groups, k, …) as the caller asked; without groups, refuse what is undefined."""
        if self.grouped:
            values = result if self.table else result[:, 0]
            if self.labels is None:
                return values
            return Measured(stat, self.labels, values, self.resources, shares)
        return self.single(result, stat) if result.ndim == 2 else self.defined(result, stat)[0, 0]

    def single(self, result: Floats, stat: str) -> float:
        """Return the one figure of all schools; refuse one that is undefined."""
        return float(self.defined(result, stat)[0, 0])

    def defined(self, result: Floats, stat: str) -> Floats:
        """Return what is defined, refuse what is not."""
        if np.isnan(result).any():
            raise self.undefined(stat)
        return result

    def per_school(self, result: Floats, stat: str) -> Floats | pd.Series | pd.DataFrame:
        """Shape `result` (schools, k) as `amount` was; without groups, refuse a mean of 0."""
        if not (self.grouped or self.mean.all()):
            raise self.undefined(stat)
        if self.index is None:
            return result if self.table else result[:, 0]
        if self.table:
            return pd.DataFrame(result, index=self.index, columns=self.resources)
        return pd.Series(result[:, 0], index=self.index, name=stat)

    def undefined(self, stat: str) -> ValueError:
        """Refuse a measure by name, with the schools that leave it undefined."""
        name, bracket, parameter = stat.partition("(")
        where = at(self.amount[:, 0] == 0)
        return ValueError(f"{MEASURES[name]}{bracket}{parameter}无定义：{where}的数量为 0")


def grouped(
    amount: ArrayLike,
    pupils: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int | None = None,
    per_pupil: bool = False,
) -> Grouped:
    """Check the arrays of a measure and sort the schools into groups.

    Parameters
    ----------
    amount : array_like, shape (schools,), or (schools, k) with `groups`
        What each school holds in all: 0 or more, finite. NaN only with `groups`.
    pupils : array_like, shape (schools,)
        All above 0 and finite.
    groups : array_like, shape (schools,), optional
        Labels of any hashable kind (texts, years, tuples, a Categorical, the columns of a DataFrame taken
        together), none missing; with `n_groups`, codes 0 … g-1. Without them all schools are one group.
    n_groups : int, optional
        Says that `groups` are codes, and how many: a group without schools is legal and answers NaN.
    per_pupil : bool
        Whether `amount` is what a school holds per pupil, not in all.

    Raises
    ------
    ValueError
        Naming everything that is wrong, and at which positions (counted from 0).
    """
    index = common_index(amount=amount, pupils=pupils, groups=groups)
    columns = amount.columns if isinstance(amount, pd.DataFrame) else None
    held, pupils = np.asarray(amount, dtype=float), np.asarray(pupils, dtype=float)
    grouped = groups is not None
    check_shapes(held, pupils, grouped)
    labels = None
    if groups is None:
        codes, n_groups = np.zeros(len(pupils), dtype=np.intp), 1
    elif n_groups is None:
        codes, labels = labelled(groups, len(pupils))
        n_groups = len(labels)
    else:
        codes = np.asarray(groups)
        check_codes(codes, len(pupils), n_groups)
    held = held * (pupils if held.ndim == 1 else pupils[:, None]) if per_pupil else held
    check_values(held, pupils, grouped)
    return Grouped(
        amount=np.asfortranarray(held if held.ndim == 2 else held[:, None]),
        pupils=pupils[:, None],
        codes=codes.astype(np.intp, copy=False),
        n_groups=n_groups,
        grouped=grouped,
        table=held.ndim == 2,
        labels=labels,
        index=index,
        resources=columns,
    )


def common_index(**arguments: ArrayLike | None) -> pd.Index | None:
    """Return the index that all Series and DataFrames share, None without any; refuse unequal ones.

    Rows are matched by position: of two Series sorted in different ways each school would get the pupils
    of another.
    """
    indexed = [(name, a.index) for name, a in arguments.items() if isinstance(a, pd.Series | pd.DataFrame)]
    for (name, one), (other_name, other) in pairwise(indexed):
        if one is not other and not one.equals(other):
            raise ArgumentError(
                "{}与{}的索引不同，不能逐校对应：请取自同一张表，或先用 reindex 对齐，确知次序相同的可用 to_numpy()",
                "{} and {} have different indexes, so that schools do not stand side by side: take them from one table, "
                "align them with reindex, or pass to_numpy() where their order is known to be the same",
                NAMES[name],
                NAMES[other_name],
            )
    return indexed[0][1] if indexed else None


def labelled(groups: ArrayLike, schools: int) -> tuple[NDArray[np.intp], pd.Index]:
    """Return the code of each school's label, and the labels in order; refuse missing ones.

    Examples
    --------
    >>> codes, labels = labelled(["town", "rural", "town"], 3)
    >>> codes.tolist(), labels.tolist()
    ([1, 0, 1], ['rural', 'town'])
    """
    if isinstance(groups, pd.DataFrame):
        groups = pd.MultiIndex.from_frame(groups)
    if not isinstance(groups, Sized) or len(groups) != schools:
        raise ArgumentError(
            "分组的形状 {} 应为 ({},)，逐校对应",
            "The groups have shape {}; it must be ({},), school by school",
            np.shape(groups),
            schools,
        )
    if isinstance(groups, pd.MultiIndex):
        missing = groups.to_frame().isna().any(axis=1).to_numpy()
        codes, labels = groups.factorize(sort=True)
        codes = np.where(missing, -1, codes)
    else:
        series = groups if isinstance(groups, pd.Series) else pd.Series(groups)
        if isinstance(series.dtype, pd.CategoricalDtype):
            codes, labels = series.cat.codes.to_numpy(), series.cat.categories
        else:
            codes, labels = _factorized(series)
    if (codes < 0).any():
        raise ArgumentError("{}的学校没有分组", "The schools at {} have no group", at(codes < 0))
    return codes.astype(np.intp), labels


def _factorized(series: pd.Series) -> tuple[NDArray[np.intp], pd.Index]:
    """Sort the labels; those of kinds that cannot be compared stay in the order of their appearance."""
    try:
        return pd.factorize(series, sort=True)
    except TypeError:
        pass
    try:
        return pd.factorize(series)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in series})
        raise ArgumentError(
            "分组的标签不能是{}：应为文字、数、元组等不变的值",
            "Labels of groups cannot be {}: texts, numbers, tuples or other values that do not change",
            listing(kinds),
        ) from None


def check_shapes(amount: Floats, pupils: Floats, grouped: bool) -> None:
    """Refuse arrays that do not stand side by side, school by school."""
    if pupils.ndim != 1:
        raise ArgumentError(
            "学生数应为一维数组，而其形状是 {}",
            "pupils must have one dimension; the shape is {}",
            pupils.shape,
        )
    if amount.ndim not in ((1, 2) if grouped else (1,)):
        raise ArgumentError(
            "数量的形状 {} 不可用：不分组时为一维（学校），分组时可为二维（学校 × 指标）",
            "amount cannot have shape {}: (schools,) without groups, or (schools, indicators) with them",
            amount.shape,
        )
    if len(amount) != len(pupils):
        raise ArgumentError(
            "数量有 {} 所学校，学生数有 {} 所，应逐校对应",
            "amount has {} schools and pupils {}; they must stand school by school",
            len(amount),
            len(pupils),
        )
    if not grouped and not len(pupils):
        raise ArgumentError("没有学校，无法计算", "There are no schools to compute from")


def check_codes(codes: NDArray[np.integer], schools: int, n_groups: int) -> None:
    """Refuse group codes that are not integers from 0 to `n_groups` less one."""
    if codes.shape != (schools,):
        raise ArgumentError(
            "分组编号的形状 {} 应为 ({},)，逐校对应",
            "The codes of groups have shape {}; it must be ({},), school by school",
            codes.shape,
            schools,
        )
    if codes.dtype.kind not in "iu" and schools:
        raise ArgumentError(
            "分组编号应为整数，而其类型是 {}",
            "The codes of groups must be integers; their type is {}",
            codes.dtype,
        )
    if schools and (codes.min() < 0 or codes.max() >= n_groups):
        raise ArgumentError(
            "{}的分组编号不在 0 与 {} 之间",
            "The codes of groups at {} are not between 0 and {}",
            at((codes < 0) | (codes >= n_groups)),
            n_groups - 1,
        )


def check_values(amount: Floats, pupils: Floats, grouped: bool) -> None:
    """Refuse numbers that no school can have, all of them in one sentence."""
    if (
        pupils.min(initial=1) > 0
        and amount.min(initial=0) >= 0
        and max(amount.max(initial=0), pupils.max(initial=0)) < np.inf
    ):
        return  # what is missing fails every comparison, and is looked at below
    rows = amount if amount.ndim == 2 else amount[:, None]
    wrong: list[tuple[Both, Any]] = [
        (Both("学生数缺失", "no pupils are given"), np.isnan(pupils)),
        (Both("学生数为无穷大", "pupils are infinite"), np.isinf(pupils)),
        (Both("学生数不大于 0", "pupils are not above 0"), pupils <= 0),
        (Both("数量为无穷大", "the amount is infinite"), np.isinf(rows).any(axis=1)),
        (Both("数量为负", "the amount is negative"), (rows < 0).any(axis=1)),
    ]
    if not grouped:
        wrong.append((Both("数量缺失", "no amount is given"), np.isnan(rows).any(axis=1)))
    faults = [Message("{0}的{1}", "{1} at {0}", at(where), what) for what, where in wrong if where.any()]
    if faults:
        raise ArgumentError(joined("；", "; ", faults))


def at(where: NDArray[np.bool_]) -> Message:
    """Name the positions at which `where` holds, counted from 0."""
    positions = np.flatnonzero(where)
    named = ", ".join(map(str, positions[:SHOWN]))
    if len(positions) > SHOWN:
        return Message(
            "位置 {} 等 {} 处（从 0 数起）",
            "positions {} and others, {} in all (counted from 0)",
            named,
            len(positions),
        )
    return Message("位置 {}（从 0 数起）", "positions {} (counted from 0)", named)


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, with NaN and no warning where `whole` is 0."""
    if whole.all():
        return part / whole
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole != 0)


# A measure of many groups, with their labels: tidy as a table, drawn as dots.


@dataclass(frozen=True, repr=False, eq=False)
class Measured(Shown):
    """One measure of many groups. It counts as an array of its values, and keeps their labels.

    Attributes
    ----------
    stat : str
        Name of the function, as ``"gini"``.
    groups : Index, shape (g,)
        Labels, sorted; a Categorical's in the order of its categories, those without schools included.
    values : ndarray, shape (g,), (g, k) or with the shape of `at` after it
        NaN where the measure is undefined or a school did not report.
    resources : Index or None, shape (k,)
        Names of the columns of the amounts, where there were several.
    at : ndarray or None
        The shares asked for (`quantiles`, `lorenz_ordinates`).
    """

    stat: str
    groups: pd.Index
    values: Floats
    resources: pd.Index | None = None
    at: Floats | None = None

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, label: Hashable) -> float | Floats:
        """Return the value of one group, by its label."""
        place = list(self.groups).index(label) if label in self.groups else -1
        if place < 0:
            raise KeyError(label)
        found = self.values[place]
        return found if np.ndim(found) else float(found)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return self.values.shape

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each value: stat, group, then resource and at where there are any, value."""
        return tidy({self.stat: self.values}, self.groups, self.resources, self.at)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw a dot for each group, on `ax` or a figure of its own; return the axes, open to change."""
        ax = ax if ax is not None else new_axes()
        frame = self.to_frame()
        spread = [name for name in ("resource", "at") if name in frame]
        parts = frame.groupby(spread, sort=False) if spread else [("", frame)]
        for name, part in parts:
            label = ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
            ax.plot(part["value"], part["group"].astype(str), "o", **{"label": label or None, **kwargs})
        ax.set_xlabel(self.stat)
        if spread:
            ax.legend(title=", ".join(spread))
        return ax

    def told(self) -> list[tuple[str, str]]:
        """Return the first values with their labels."""
        rows = self.to_frame().drop(columns="stat")
        shown = [(" ".join(map(str, row[:-1])), f"{row[-1]:.6g}") for row in rows.head(MOST).to_numpy()]
        return [("stat", self.stat), *shown, *[("…", f"{len(rows)} in all")] * (len(rows) > MOST)]


MOST = 12  # values that a prompt shows


def tidy(
    stats: dict[str, Floats],
    groups: Sequence[Hashable],
    resources: Sequence[Hashable] | None = None,
    at: Floats | None = None,
) -> pd.DataFrame:
    """Return several stats of the same groups as rows: stat, group, (resource, at,) value.

    Examples
    --------
    >>> tidy({"gini": np.array([0.1, 0.2])}, ["rural", "town"])
       stat  group  value
    0  gini  rural    0.1
    1  gini   town    0.2
    """
    frames = []
    for stat, values in stats.items():
        axes: list[tuple[str, list[Any]]] = [("group", list(groups))]
        if values.ndim - (0 if at is None else at.ndim) == 2:
            names = list(resources) if resources is not None else list(range(values.shape[1]))
            axes.append(("resource", names))
        if at is not None and at.ndim:
            axes.append(("at", at.ravel().tolist()))
        places = np.indices([len(labels) for _, labels in axes]).reshape(len(axes), -1)
        columns = {
            name: [labels[place] for place in row] for (name, labels), row in zip(axes, places, strict=True)
        }
        frames.append(pd.DataFrame({"stat": stat, **columns, "value": values.ravel()}))
    return pd.concat(frames, ignore_index=True)


def new_axes() -> Axes:
    """Return axes on a figure of their own, which a notebook shows and anyone may change."""
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
