"""Schools sorted into groups: checked once here, trusted by every measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array

Floats = NDArray[np.float64]
SHOWN = 10  # positions that a refusal names
BLOCK = 16_384  # schools at a time, so that what one step passes to the next stays in the cache


@dataclass(frozen=True)
class Grouped:
    """A table of cells, groups down and resources across, and the schools in each.

    Attributes
    ----------
    amount : ndarray, shape (schools, k)
        What each school holds in all. A missing amount (NaN) makes its cell, and no other, NaN.
    pupils : ndarray, shape (schools, 1)
        Pupils enrolled, above 0: the weights.
    codes : ndarray of intp, shape (schools,)
        The group of each school, from 0.
    members, weights : sparse array, shape (groups, schools)
        1, or the school's pupils, where the school belongs to the group. A product with it sums over
        all groups at once, in one pass over the schools and faster than a ``numpy.bincount`` for
        each resource.
    grouped, table : bool
        Whether the caller named groups, and whether `amount` came with two dimensions.
    """

    amount: Floats
    pupils: Floats
    codes: NDArray[np.intp]
    members: csc_array
    weights: csc_array
    grouped: bool
    table: bool

    def sum(self, values: Floats) -> Floats:
        """Sum `values` (schools, k) over each group: (groups, k)."""
        return self.members @ values

    def average(self, values: Floats) -> Floats:
        """Average `values` (schools, k) over the pupils of each group: (groups, k); an empty group: NaN."""
        return ratio(self.weights @ values, self.sum(self.pupils))

    def average_of(self, term: Callable[[Floats, Floats], Floats]) -> Floats:
        """Average ``term(value, mean)`` over the pupils: a school's value and the mean of its group."""
        mean = self.mean
        terms = np.empty_like(self.amount)
        for start in range(0, len(terms), BLOCK):
            rows = slice(start, start + BLOCK)
            value = self.amount[rows] / self.pupils[rows]
            terms[rows] = term(value, np.take(mean, self.codes[rows], axis=0))
        return self.average(terms)

    def at_school(self, per_group: Floats) -> Floats:
        """Give each school the figure of its group: (groups, k) to (schools, k)."""
        return np.take(per_group, self.codes, axis=0)

    @property
    def schools(self) -> NDArray[np.intp]:
        """Count the schools of each group: (groups,)."""
        return np.bincount(self.codes, minlength=self.members.shape[0])

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

    def answer(self, result: Floats, name: str) -> float | Floats:
        """Shape `result` (groups, k, …) as the caller asked; without groups, refuse what is undefined."""
        if self.grouped:
            return result if self.table else result[:, 0]
        if np.isnan(result).any():
            raise self.undefined(name)
        single = result[0, 0]
        return single if np.ndim(single) else float(single)

    def per_school(self, result: Floats, name: str) -> Floats:
        """Shape `result` (schools, k) as `amount` was; without groups, refuse a mean of 0."""
        if not (self.grouped or self.mean.all()):
            raise self.undefined(name)
        return result if self.table else result[:, 0]

    def undefined(self, name: str) -> ValueError:
        """Refuse a measure by name, with the schools that leave it undefined."""
        return ValueError(f"{name}无定义：{at(self.amount[:, 0] == 0)}的数量为 0")


def grouped(
    amount: ArrayLike, pupils: ArrayLike, groups: ArrayLike | None = None, n_groups: int | None = None
) -> Grouped:
    """Check the arrays of a measure and sort the schools into groups.

    Parameters
    ----------
    amount : array_like, shape (schools,), or (schools, k) with `groups`
        What each school holds in all: 0 or more, finite. NaN only with `groups`.
    pupils : array_like, shape (schools,)
        All above 0 and finite.
    groups : array_like of int, shape (schools,), optional
        Codes 0 … g-1. Without them all schools are one group.
    n_groups : int, optional
        g; the largest code plus one when not given. A group without schools is legal and answers NaN.

    Raises
    ------
    ValueError
        Naming everything that is wrong, and at which positions (counted from 0).
    """
    held, pupils = np.asarray(amount, dtype=float), np.asarray(pupils, dtype=float)
    grouped = groups is not None
    check_shapes(held, pupils, grouped)
    codes = np.zeros(len(pupils), dtype=np.intp) if groups is None else np.asarray(groups)
    n_groups = check_codes(codes, len(pupils), n_groups) if grouped else 1
    check_values(held, pupils, grouped)
    return Grouped(
        amount=np.ascontiguousarray(held if held.ndim == 2 else held[:, None]),
        pupils=pupils[:, None],
        codes=codes.astype(np.intp, copy=False),
        members=membership(codes, np.ones(len(pupils)), n_groups),
        weights=membership(codes, pupils, n_groups),
        grouped=grouped,
        table=held.ndim == 2,
    )


def membership(codes: NDArray[np.integer], entries: Floats, n_groups: int) -> csc_array:
    """Put each school's entry into the row of its group: (groups, schools)."""
    index = np.int32 if len(codes) < 2**31 else np.int64
    ends = np.arange(len(codes) + 1, dtype=index)
    return csc_array((entries, codes.astype(index), ends), shape=(n_groups, len(codes)))


def check_shapes(amount: Floats, pupils: Floats, grouped: bool) -> None:
    """Refuse arrays that do not stand side by side, school by school."""
    if pupils.ndim != 1:
        raise ValueError(f"学生数应为一维数组，而其形状是 {pupils.shape}")
    if amount.ndim not in ((1, 2) if grouped else (1,)):
        raise ValueError(
            f"数量的形状 {amount.shape} 不可用：不分组时为一维（学校），分组时可为二维（学校 × 指标）"
        )
    if len(amount) != len(pupils):
        raise ValueError(f"数量有 {len(amount)} 所学校，学生数有 {len(pupils)} 所，应逐校对应")
    if not grouped and not len(pupils):
        raise ValueError("没有学校，无法计算")


def check_codes(codes: NDArray[np.integer], schools: int, n_groups: int | None) -> int:
    """Refuse group codes that are not integers from 0; return the number of groups."""
    if codes.shape != (schools,):
        raise ValueError(f"分组编号的形状 {codes.shape} 应为 ({schools},)，逐校对应")
    if codes.dtype.kind not in "iu" and schools:
        raise ValueError(f"分组编号应为整数，而其类型是 {codes.dtype}")
    n_groups = n_groups if n_groups is not None else int(codes.max(initial=-1)) + 1
    if schools and (codes.min() < 0 or codes.max() >= n_groups):
        raise ValueError(f"{at((codes < 0) | (codes >= n_groups))}的分组编号不在 0 与 {n_groups - 1} 之间")
    return n_groups


def check_values(amount: Floats, pupils: Floats, grouped: bool) -> None:
    """Refuse numbers that no school can have, all of them in one sentence."""
    if (
        pupils.min(initial=1) > 0
        and amount.min(initial=0) >= 0
        and max(amount.max(initial=0), pupils.max(initial=0)) < np.inf
    ):
        return  # what is missing fails every comparison, and is looked at below
    rows = amount if amount.ndim == 2 else amount[:, None]
    wrong: list[tuple[str, Any]] = [
        ("学生数缺失", np.isnan(pupils)),
        ("学生数为无穷大", np.isinf(pupils)),
        ("学生数不大于 0", pupils <= 0),
        ("数量为无穷大", np.isinf(rows).any(axis=1)),
        ("数量为负", (rows < 0).any(axis=1)),
    ]
    if not grouped:
        wrong.append(("数量缺失", np.isnan(rows).any(axis=1)))
    faults = [f"{at(where)}的{what}" for what, where in wrong if where.any()]
    if faults:
        raise ValueError("；".join(faults))


def at(where: NDArray[np.bool_]) -> str:
    """Name the positions at which `where` holds, counted from 0."""
    positions = np.flatnonzero(where)
    more = f" 等 {len(positions)} 处" if len(positions) > SHOWN else ""
    return f"位置 {', '.join(map(str, positions[:SHOWN]))}{more}（从 0 数起）"


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, with NaN and no warning where `whole` is 0."""
    if whole.all():
        return part / whole
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole != 0)
