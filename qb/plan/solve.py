"""The least cost, with proof: school by school where no coefficient binds, by cones where one does."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from qb.plan.branch import branch
from qb.plan.fill import filled
from qb.plan.problem import Problem
from qb.plan.relax import proven, relax
from qb.plan.schools import cheapest_by_school
from qb.plan.scip import by_scip

EXACT = 1e-6  # a gap below it is noise of floating point: the plan is proven to be the cheapest
NEAR = 0.98  # a coefficient above this part of its cap takes part in branch and bound from the beginning


@dataclass(frozen=True)
class Solution:
    """The cheapest additions found, and what is proven of them.

    Attributes
    ----------
    x : ndarray, shape (pools,), or None
        None where no plan was found.
    bound : float
        No plan costs less (yuan).
    impossible : bool
        It is proven that there is no plan.
    """

    x: np.ndarray | None
    bound: float
    impossible: bool = False


def solve(problem: Problem, gap: float = 1e-3, seconds: float = 60.0, solver: str = "highs") -> Solution:
    """Find the cheapest additions with which every row and every coefficient passes.

    Parameters
    ----------
    gap : float
        Enough when the plan is proven to cost at most this share more than the cheapest; 0: the cheapest.
    seconds : float
        Stop improving then. The relaxation and a plan from it come first (a second or two for a thousand
        schools).
    solver : {"highs", "scip"}
        With ``scip``, SCIP then works for as long again on a plan that is not proven to be the cheapest.

    Notes
    -----
    A coefficient couples the schools of its district and stage. Where the cheapest plan school by school
    keeps every cap, it is the cheapest of all; a district where it does not is solved as one. The budget
    is not looked at: it decides whether the cheapest plan can be paid for, not which one it is.
    """
    separate = cheapest_by_school(problem)
    if separate.stuck.any():
        return Solution(None, 0.0, impossible=True)
    turns = 2 if solver == "scip" else 1  # SCIP works for as long again
    x, end = separate.x, time.monotonic() + turns * seconds
    binding = {c.district for c in problem.over(x)}
    bound = 0.0
    for district, rows in problem.rows.groupby("district").indices.items():
        part, pools = problem.part(rows)
        if district not in binding:
            bound += float(part.yuan @ x[pools])
            continue
        left = max(end - time.monotonic(), 0.0) / (turns * len(binding))
        found = _solve_district(part, gap, left, solver)
        binding.remove(district)
        bound += found.bound
        if found.x is None:
            return Solution(None, bound, found.impossible)
        x[pools] = found.x
    return Solution(x, min(bound, float(problem.yuan @ x)))


def _solve_district(problem: Problem, gap: float, seconds: float, solver: str) -> Solution:
    """Solve a district whose coefficients bind."""
    end = time.monotonic() + seconds
    alone = cheapest_by_school(problem).x
    bound = float(problem.yuan @ alone)
    relaxed = relax(problem)
    near = alone if relaxed.x is None else relaxed.x
    best = _cheapest(problem, filled(problem, near), filled(problem, np.zeros(len(alone))))
    if best is None and relaxed.impossible:
        return Solution(None, bound, impossible=True)
    if best is not None:
        best = _cheapest(problem, best, _rebalanced(problem, best))
    bound = max(bound, proven(relaxed, _cost(problem, best)))
    points = [near, np.floor(near), np.ceil(near), alone, *([] if best is None else [best])]
    cones = tuple(c for c in problem.cones if problem.coefficient(c, near) > NEAR * c.cap)
    while gap_of(_cost(problem, best), bound) > max(gap, EXACT) and (left := end - time.monotonic()) > 0:
        found = branch(problem, cones, points, _cost(problem, best), max(gap / 4, EXACT / 4), left)
        if found.impossible:
            return Solution(best, bound, impossible=best is None)
        bound = max(bound, found.bound)
        if found.x is None or _cost(problem, found.x) > _cost(problem, best):
            break
        best = _cheapest(problem, best, filled(problem, found.x))
        over = problem.over(found.x)
        if not over:
            break
        cones += tuple(c for c in over if c not in cones)
        points.append(found.x)
    if solver == "scip" and best is not None and gap_of(_cost(problem, best), bound) > EXACT:
        better = by_scip(problem, cones, best, EXACT, seconds)
        best = best if better is None else _cheapest(problem, best, filled(problem, better))
    return Solution(best, min(bound, _cost(problem, best)))


def _rebalanced(problem: Problem, x: np.ndarray) -> np.ndarray | None:
    """Return a plan made anew with the choices of another: what it leaves at the floor may stay there."""
    low = problem.values(x) < problem.limit - problem.tolerance
    limit = np.where(low, problem.floor * problem.limit, problem.limit)
    again = relax(replace(problem, limit=limit, spare=0))
    return None if again.x is None else filled(problem, again.x)


def gap_of(cost: float, bound: float) -> float:
    """Return by what share of its cost a plan may be dearer than the cheapest."""
    if cost == 0:
        return 0.0
    return (cost - bound) / cost if np.isfinite(cost) else np.inf


def _cost(problem: Problem, x: np.ndarray | None) -> float:
    return np.inf if x is None else float(problem.yuan @ x)


def _cheapest(problem: Problem, *plans: np.ndarray | None) -> np.ndarray | None:
    return min(plans, key=lambda x: _cost(problem, x))
