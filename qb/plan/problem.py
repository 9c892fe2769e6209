"""The planning problem as arrays: what each school row has, what can be added where, and the limits.

A *row* is a judged school and stage. A *pool* is one cell of the dataset to which a purchase adds: the
teachers of a stage, or the facilities of a stage; for a school that reports its facilities as one, those
of the whole school, of which each stage gets its share by the split rule. `x` is always what is added to
the pools, shape (pools,), in persons, m², yuan and rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qb.standard import SEVEN
from qb.terms import Stage

NOISE = 1e-7  # of a person or room: below it a fraction is noise of the division


@dataclass(frozen=True, eq=False)
class Cone:
    """One coefficient and its cap.

    Attributes
    ----------
    district, stage : str
    k : int
        Place of the indicator in C1–C7.
    rows : ndarray of int
        The judged rows of the stage.
    cap : float
        The coefficient may not exceed it.
    """

    district: str
    stage: str
    k: int
    rows: np.ndarray
    cap: float

    @property
    def label(self) -> str:
        """Words for a reader."""
        return f"{self.district} {Stage(self.stage).zh} {SEVEN[self.k]} 差异系数限值 {self.cap:g}"


@dataclass(frozen=True)
class Sum:
    """The most that the pools of one school and indicator may be given together."""

    pools: np.ndarray
    most: float


@dataclass(frozen=True)
class Problem:
    """Everything that decides a plan.

    Attributes
    ----------
    rows : DataFrame, shape (rows, …)
        district, school_id, name, stage of each judged row.
    pupils : ndarray, shape (rows,)
    have, limit : ndarray, shape (rows, 7)
        What each row holds now, in all; the standard per pupil or per hundred.
    factor : ndarray, shape (7,)
        100 or 1: ``value = factor * amount / pupils``.
    pool : ndarray of int, shape (rows, 7)
        The pool from which a row and indicator is supplied.
    share : ndarray, shape (rows, 7)
        How much of what the pool is given counts for the row; 1 except for schools that report as one.
    pools : DataFrame, shape (pools, …)
        district, school_id, name, stage and code of each pool (the dataset's row), k, unit, yuan, low, high,
        yearly.
    most : ndarray, shape (pools,)
        Upper bound, infinite where none is given.
    whole : ndarray of bool, shape (pools,)
        Whether only whole numbers can be added.
    sums : tuple of Sum
        Upper bounds on several pools of a school together.
    cones : tuple of Cone
    spare : int
        How many of the seven may stay below the standard; `floor` is how low.
    tolerance : float
        That of the standard's comparisons.
    budget : float or None
    """

    rows: pd.DataFrame
    pupils: np.ndarray
    have: np.ndarray
    limit: np.ndarray
    factor: np.ndarray
    pool: np.ndarray
    share: np.ndarray
    pools: pd.DataFrame
    most: np.ndarray
    whole: np.ndarray
    sums: tuple[Sum, ...]
    cones: tuple[Cone, ...]
    spare: int
    floor: float
    tolerance: float
    budget: float | None = None

    @property
    def yuan(self) -> np.ndarray:
        """Price of a unit of each pool, shape (pools,)."""
        return self.pools["yuan"].to_numpy(dtype=float)

    def amounts(self, x: np.ndarray) -> np.ndarray:
        """Return what each row holds after the purchases `x`, shape (rows, 7)."""
        return self.have + self.share * x[self.pool]

    def values(self, x: np.ndarray) -> np.ndarray:
        """Return C1–C7 of each row after the purchases, in the indicators' units."""
        return self.factor * self.amounts(x) / self.pupils[:, None]

    def needed(self, part: float = 1.0) -> np.ndarray:
        """Return the least addition with which each row reaches `part` of the standard, shape (rows, 7).

        In the pool's units: persons and rooms whole, judged with the tolerance of the standard.
        """
        target = part * self.limit
        share = self.share
        lacking = (target * self.pupils[:, None] / self.factor - self.have) / share
        count = np.maximum(np.ceil(lacking - NOISE), 0)
        short = self.factor * (self.have + share * count) / self.pupils[:, None] < target - self.tolerance
        met = self.factor * self.have / self.pupils[:, None] >= target - self.tolerance
        return np.where(met, 0.0, np.where(self.whole[self.pool], count + short, np.maximum(lacking, 0)))

    def by_pool(self, asked: np.ndarray) -> np.ndarray:
        """Return the most that the rows ask of each pool; `asked` has shape (rows, 7)."""
        most = np.zeros(len(self.most))
        np.maximum.at(most, self.pool.ravel(), asked.ravel())
        return most

    def coefficient(self, cone: Cone, x: np.ndarray) -> float:
        """Return a difference coefficient after the purchases; infinite where nothing is held at all."""
        amount = (
            self.have[cone.rows, cone.k] + self.share[cone.rows, cone.k] * x[self.pool[cone.rows, cone.k]]
        )
        weight = self.pupils[cone.rows] / self.pupils[cone.rows].sum()
        value = amount / self.pupils[cone.rows]
        mean = weight @ value
        return float(np.sqrt(weight @ (value - mean) ** 2) / mean) if mean > 0 else np.inf

    def over(self, x: np.ndarray, cones: Sequence[Cone] | None = None) -> tuple[Cone, ...]:
        """Return the cones (of all, unless given) that the purchases leave above their caps."""
        cones = self.cones if cones is None else cones
        return tuple(c for c in cones if self.coefficient(c, x) > c.cap + self.tolerance / 2)

    def passing(self, x: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return which rows pass the school rule after the purchases."""
        amount = self.have[rows] + self.share[rows] * x[self.pool[rows]]
        value = self.factor * amount / self.pupils[rows, None]
        limit = self.limit[rows]
        unmet = (value < limit - self.tolerance).sum(axis=1)
        return (unmet <= self.spare) & (value >= self.floor * limit - self.tolerance).all(axis=1)

    def part(self, rows: np.ndarray) -> tuple[Problem, np.ndarray]:
        """Return the problem of some rows, and the places of its pools in this one.

        No pool, upper bound or coefficient may reach outside these rows.
        """
        pools = np.unique(self.pool[rows])
        row_at = np.full(len(self.pupils), -1)
        row_at[rows] = np.arange(len(rows))
        inside = set(rows.tolist())
        return replace(
            self,
            rows=self.rows.iloc[rows].reset_index(drop=True),
            pupils=self.pupils[rows],
            have=self.have[rows],
            limit=self.limit[rows],
            pool=np.searchsorted(pools, self.pool[rows]),
            share=self.share[rows],
            pools=self.pools.iloc[pools].reset_index(drop=True),
            most=self.most[pools],
            whole=self.whole[pools],
            sums=tuple(
                replace(s, pools=np.searchsorted(pools, s.pools)) for s in self.sums if s.pools[0] in pools
            ),
            cones=tuple(replace(c, rows=row_at[c.rows]) for c in self.cones if c.rows[0] in inside),
            budget=None,
        ), pools

    def capped(self, caps: dict[tuple[str, str, int], float] | float) -> Problem:
        """Return the same with other caps: one for all, or by district, stage and place of the indicator."""
        return replace(
            self,
            cones=tuple(
                replace(c, cap=caps if isinstance(caps, float) else caps[c.district, c.stage, c.k])
                for c in self.cones
            ),
        )
