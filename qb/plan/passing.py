"""Rows that pass, as part of a program: for the best use of a budget, transfers, and plans over years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.plan.problem import Problem
from qb.plan.program import Program


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
