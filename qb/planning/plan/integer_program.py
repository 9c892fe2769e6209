"""A mixed-integer linear program, put together block by block for HiGHS, and the rule of passing as part of
it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array

from qb.planning.plan.planning_problem import Problem

# A mixed-integer linear program, put together block by block and solved by HiGHS.


Terms = tuple[np.ndarray, np.ndarray | float]  # places of variables, one for each row, and what they count


@dataclass(frozen=True)
class Answer:
    """What was found in the time given.

    Attributes
    ----------
    v : ndarray or None
        The variables of the best solution.
    bound : float
        No solution costs less; minus infinity where nothing is known.
    impossible : bool
        It is proven that there is no solution.
    """

    v: np.ndarray | None
    bound: float
    impossible: bool


class Program:
    """Variables with bounds, and rows of the form ``sum of terms >= right``."""

    def __init__(self) -> None:
        self.lower, self.upper, self.whole = [], [], []
        self.rows, self.columns, self.values, self.right = [], [], [], []
        self.width = self.height = 0

    def variables(
        self,
        count: int,
        lower: np.ndarray | float = 0.0,
        upper: np.ndarray | float = np.inf,
        whole: object = False,
    ) -> np.ndarray:
        """Add variables and return their places."""
        lower, upper, whole = (np.broadcast_to(np.asarray(a, float), (count,)) for a in (lower, upper, whole))
        # HiGHS has cut off the best solution where a whole number had a bound like 1.456.
        self.lower.append(np.where(whole > 0, np.ceil(lower - 1e-9), lower))
        self.upper.append(np.where(whole > 0, np.floor(upper + 1e-9), upper))
        self.whole.append(whole)
        self.width += count
        return np.arange(self.width - count, self.width)

    def at_least(self, right: np.ndarray | float, *terms: Terms) -> None:
        """Add a row for each entry of `right`: what the terms of that row add up to is at least that."""
        right = np.atleast_1d(np.asarray(right, dtype=float))
        for places, values in terms:
            self._enter(self.height + np.arange(len(right)), places, values)
        self._close(right)

    def sums_at_least(self, right: np.ndarray, group: np.ndarray, *terms: Terms) -> None:
        """Add a row for each entry of `right`; each variable of the terms counts in the row of its group."""
        for places, values in terms:
            self._enter(self.height + group, places, values)
        self._close(np.asarray(right, dtype=float))

    def total_at_least(self, right: float, *terms: Terms) -> int:
        """Add one row in which all terms count, and return its place."""
        for places, values in terms:
            self._enter(np.full(len(places), self.height), places, values)
        self._close(np.array([right], dtype=float))
        return self.height - 1

    def _enter(self, rows: np.ndarray, places: np.ndarray, values: np.ndarray | float) -> None:
        self.rows.append(rows)
        self.columns.append(places)
        self.values.append(np.broadcast_to(np.asarray(values, dtype=float), (len(places),)))

    def _close(self, right: np.ndarray) -> None:
        self.right.append(right)
        self.height += len(right)

    def least(self, *cost: Terms, gap: float = 0.0, seconds: float = 60.0) -> Answer:
        """Look for the solution that costs least."""
        with silent():
            found = milp(
                self._weights(cost),
                integrality=np.concatenate(self.whole).astype(int),
                bounds=Bounds(np.concatenate(self.lower), np.concatenate(self.upper)),
                constraints=LinearConstraint(self._matrix(), np.concatenate(self.right), np.inf),
                options={"time_limit": max(seconds, 0.1), "mip_rel_gap": gap},
            )
        bound = found.mip_dual_bound
        known = bound is not None and np.isfinite(bound)
        return Answer(found.x, float(bound) if known else -np.inf, found.status == 2)

    def price(self, row: int, *cost: Terms) -> float:
        """Return by how much the least cost, whole numbers apart, rises with the right side of a row."""
        bounds = np.column_stack([np.concatenate(self.lower), np.concatenate(self.upper)])
        right = -np.concatenate(self.right)
        found = linprog(self._weights(cost), A_ub=-self._matrix(), b_ub=right, bounds=bounds)
        return float("nan") if found.x is None else float(-found.ineqlin.marginals[row])

    def _weights(self, cost: tuple[Terms, ...]) -> np.ndarray:
        weights = np.zeros(self.width)
        for places, values in cost:
            np.add.at(weights, places, values)
        return weights

    def _matrix(self) -> csr_array:
        entries = (np.concatenate(self.values), (np.concatenate(self.rows), np.concatenate(self.columns)))
        return coo_array(entries, shape=(self.height, self.width)).tocsr()


@contextmanager
def silent() -> Iterator[None]:
    """Keep the C library's standard output shut: HiGHS prints a line of its own there, amid our JSON."""
    sys.stdout.flush()
    libc, kept = ctypes.CDLL(None if os.name == "posix" else "msvcrt"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        libc.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


# Rows that pass, as part of a program: for the best use of a budget, transfers, and plans over years.


@dataclass(frozen=True)
class Passing:
    """Variables of a program: whether each row passes, and which indicators it leaves at the floor."""

    row: np.ndarray
    low: np.ndarray
    at: tuple[np.ndarray, np.ndarray]  # row and indicator of each `low`


def add_passing(
    program: Program, problem: Problem, y: np.ndarray, unit: np.ndarray, now: object = 0.0
) -> Passing:
    """Let a row pass only if the additions allow it: ``x >= full - (full - floor)·low`` where it passes.

    Parameters
    ----------
    y : ndarray of int, shape (pools,)
        Places of the additions in the program, in units of `unit`.
    now : float or ndarray, shape (rows,)
        1 where a row must pass.
    """
    n = len(problem.pupils)
    full, floor = problem.needed(), problem.needed(problem.floor)
    passes = program.variables(n, now, 1.0, whole=True)
    row, k = np.nonzero(full > 0)
    low = program.variables(len(row), 0.0, np.where(full > floor, 1.0, 0.0)[row, k], whole=True)
    pool = problem.pool[row, k]
    size = np.maximum(full[row, k], 1.0)
    program.at_least(
        np.zeros(len(row)),
        (y[pool], unit[pool] / size),
        (passes[row], -full[row, k] / size),
        (low, (full - floor)[row, k] / size),
    )
    program.sums_at_least(np.full(n, -float(problem.spare)), row, (low, -1.0))
    program.at_least(np.zeros(len(row)), (passes[row], 1.0), (low, -1.0))  # nothing is low in vain
    return Passing(passes, low, (row, k))


def add_shortfall(
    program: Program, problem: Problem, y: np.ndarray, unit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add what each row lacks of each standard, as a share of it; return the variables and their weights.

    The weights are the rows' shares of all pupils: the sum is how many of the seven standards the average
    pupil lacks.
    """
    lacking = 1 - problem.values(np.zeros(len(problem.most))) / np.where(
        problem.limit > 0, problem.limit, np.inf
    )
    row, k = np.nonzero((lacking > 0) & (problem.limit > 0))
    pool = problem.pool[row, k]
    short = program.variables(len(row))
    asked = problem.limit[row, k] * problem.pupils[row] / problem.factor[k]
    program.at_least(lacking[row, k], (short, 1.0), (y[pool], unit[pool] * problem.share[row, k] / asked))
    return short, problem.pupils[row] / problem.pupils.sum()


def snapped(problem: Problem, passing: Passing, v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return additions without the solver's tolerance: whole where they must be, rows that pass passing."""
    x = np.where(problem.whole, np.round(x), np.maximum(x, 0.0))
    low = np.zeros(problem.pool.shape, dtype=bool)
    low[passing.at] = v[passing.low] > 0.5
    need = np.where(low, problem.needed(problem.floor), problem.needed())
    return np.maximum(x, problem.by_pool(need * (v[passing.row] > 0.5)[:, None]))


def shortfall(problem: Problem, x: np.ndarray) -> float:
    """Return how many of the seven standards the average pupil lacks.

    Examples
    --------
    A school of 100 pupils with nine tenths of one standard and half of another, one of 300 that lacks
    nothing: (0.1 + 0.5) · 100/400 = 0.15.
    """
    reached = problem.values(x) / np.where(problem.limit > 0, problem.limit, 1)
    lacking = np.where(problem.limit > 0, np.maximum(1 - reached, 0), 0)
    return float(lacking.sum(axis=1) @ problem.pupils / problem.pupils.sum())
