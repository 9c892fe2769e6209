"""Each school by itself: the least additions with which its rows pass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qb.planning.plan.planning_problem import Problem


@dataclass(frozen=True)
class Separate:
    """The cheapest additions when neither coefficients nor budget are looked at.

    Attributes
    ----------
    x : ndarray, shape (pools,)
        Additions; 0 for schools that cannot pass.
    stuck : ndarray of bool, shape (rows,)
        Rows of schools that cannot pass within their upper bounds.
    """

    x: np.ndarray
    stuck: np.ndarray


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
