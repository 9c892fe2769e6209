"""Mixed-integer programs for HiGHS with the school rule, for budgets, transfers and years; each school solved by itself."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from qb.planning.plan.planning_problem import Problem

# A mixed-integer linear program, put together block by block and solved by HiGHS.


Terms = tuple[np.ndarray, np.ndarray | float]  # places of variables, one for each row, and what they count


@dataclass(frozen=True)
class Answer:
    """What was found in the time given."""

    v: np.ndarray | None  # the variables of the best solution
    bound: float  # no solution costs less; minus infinity where nothing is known
    impossible: bool  # it is proven that there is no solution


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


@dataclass(frozen=True)
class Separate:
    """The cheapest additions when neither coefficients nor budget are looked at."""

    x: np.ndarray  # (pools,): additions; 0 for schools that cannot pass
    stuck: np.ndarray  # (rows,) of bool: rows of schools that cannot pass within their upper bounds


def cheapest_by_school(problem: Problem, start: np.ndarray | None = None) -> Separate:
    """Solve every school by itself, exactly, by trying every choice of what stays at the floor.

    Parameters
    ----------
    problem : Problem
    start : ndarray, shape (pools,), optional
        Additions made in any case; the cheapest *further* ones are added to them.

    Notes
    -----
    Prices are positive: once it is chosen which of them a row leaves at the floor, the least addition
    to every pool is the cheapest. With one of seven to spare there are seven choices a row, forty-nine for a
    school whose two stages share their facilities.
    """
    x = np.zeros(len(problem.most)) if start is None else start.copy()
    all_of_them = range(problem.pool.shape[1])
    choices = np.array([np.isin(all_of_them, low) for low in combinations(all_of_them, problem.spare)])
    need = np.where(choices, problem.needed(problem.floor)[:, None], problem.needed()[:, None])
    group = linked(problem)
    stuck = np.zeros(len(group), dtype=bool)
    alone = np.flatnonzero(np.bincount(group)[group] == 1)
    pools = problem.pool[alone]
    wanted = np.maximum(need[alone], x[pools][:, None])  # rows, choices, 7
    extra = _hiring(problem, wanted, pools)
    best, ok = _cheapest(wanted, problem.yuan[pools][:, None], problem.most[pools][:, None], extra)
    stuck[alone[~ok]] = True
    x[pools[ok]] = best[ok]
    for rows in _groups(group):
        stuck[rows] = not _together(problem, rows, need, x)
    return Separate(x, stuck)


def linked(problem: Problem) -> np.ndarray:
    """Return a number for each row; rows with the same one share a pool or an upper bound, shape (rows,)."""
    n, pools = len(problem.pupils), len(problem.most)
    left = [
        np.repeat(np.arange(n), problem.pool.shape[1]),
        *(np.repeat(n + s.pools[0], len(s.pools)) for s in problem.sums),
    ]
    right = [n + problem.pool.ravel(), *(n + s.pools for s in problem.sums)]
    edges = (np.concatenate(left), np.concatenate(right))
    graph = coo_array((np.ones(len(edges[0])), edges), shape=(n + pools, n + pools))
    return connected_components(graph, directed=False)[1][:n]


def _groups(group: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each number that more than one row has."""
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return [rows for rows in parts if len(rows) > 1]


def _together(problem: Problem, rows: np.ndarray, need: np.ndarray, x: np.ndarray) -> bool:
    """Solve rows that share pools or an upper bound, writing into `x`; say whether they can pass."""
    pools, place = np.unique(problem.pool[rows], return_inverse=True)
    place = place.reshape(len(rows), -1)
    plans = np.array(list(product(range(need.shape[1]), repeat=len(rows))))
    wanted = np.tile(x[pools], (len(plans), 1))
    for r, row in enumerate(rows):
        for k in range(place.shape[1]):
            at = place[r, k]
            wanted[:, at] = np.maximum(wanted[:, at], need[row, plans[:, r], k])
    within = np.ones(len(plans), dtype=bool)
    for bound in problem.sums:
        if bound.pools[0] in pools:
            within &= fits(wanted[:, np.searchsorted(pools, bound.pools)].sum(axis=1), bound.most)
    wanted = wanted[within]
    if not len(wanted):
        return False
    extra = _hiring(problem, wanted[None], pools[None])
    best, ok = _cheapest(wanted[None], problem.yuan[pools], problem.most[pools], extra)
    if ok[0]:
        x[pools] = best[0]
    return bool(ok[0])


def _hiring(problem: Problem, wanted: np.ndarray, pools: np.ndarray) -> np.ndarray:
    """Return what hiring adds to the cost of several plans, shape (rows, plans).

    Parameters
    ----------
    wanted : ndarray, shape (rows, plans, n)
        Additions to the pools of each row.
    pools : ndarray of int, shape (rows, n)
    """
    extra, beyond = np.zeros(wanted.shape[:2]), problem.beyond
    place = np.full(len(problem.most), -1)
    place[beyond.pool] = np.arange(len(beyond.pool))
    for row, column in np.argwhere(place[pools] >= 0):
        entry = place[pools[row, column]]
        more = wanted[row, :, column] - beyond.room[entry]
        if (more > 0).any():
            also = wanted[row][:, pools[row] == beyond.hires[entry]].sum(axis=1)
            extra[row] += beyond.extra[entry] * np.maximum(more - also, 0.0)
    return extra


def _cheapest(
    wanted: np.ndarray, yuan: np.ndarray, most: np.ndarray, extra: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cheapest of several plans, shape (rows, pools), and whether any fits the upper bounds."""
    cost = np.where(fits(wanted, most).all(axis=2), (wanted * yuan).sum(axis=2) + extra, np.inf)
    at = cost.argmin(axis=1)
    here = np.arange(len(wanted))
    return wanted[here, at], np.isfinite(cost[here, at])


def fits(amount: np.ndarray, most: np.ndarray | float) -> np.ndarray:
    """Return whether amounts are within their upper bounds, but for noise of the last digits."""
    return amount <= most + 1e-9 * (1 + np.abs(np.where(np.isfinite(most), most, 0)))
