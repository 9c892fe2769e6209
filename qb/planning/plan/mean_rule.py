"""The cheapest plan where the mean of the coefficients decides, not each of them: which one comes down.

Without limits for schools the indicators have nothing to do with each other but that their coefficients
are added up. So for each of them the cost f(c) of bringing its coefficient to c is found by itself, with a
proven bound, at a few values of c; f does not fall as c does. A choice of one value each whose sum is
within the limit is a plan. Between two values f is at least that of the greater one: the cheapest choice of
intervals whose lower ends are within the limit bounds every plan from below. The intervals of that choice
are cut, until both meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qb.planning.plan.integer_program import Program
from qb.planning.plan.planning_problem import Beyond, Cone, Mean, Problem

NEAR = 1e-4  # below a value by so much, the next whole number is needed
FINEST = 1e-7  # intervals that are not cut
LEAST = 0.005  # no value below is tried: a coefficient of 0 asks for exactly equal schools
SECONDS = 2.0  # for one value
ROUNDS = 60  # of cutting intervals
Solver = Callable[[Problem, float, float], tuple[np.ndarray | None, float, bool]]


@dataclass(frozen=True)
class Point:
    """What bringing one coefficient to `cap` costs: a plan that reaches `reached`, and a bound."""

    cap: float
    reached: float
    cost: float
    bound: float
    x: np.ndarray | None


@dataclass
class Curve:
    """One indicator's cost of a lower coefficient, at the values tried; the greatest value first."""

    problem: Problem
    pools: np.ndarray
    least: float
    solver: Solver
    points: list[Point]

    def try_at(self, cap: float, seconds: float) -> None:
        """Find the cost at one more value, unless it was tried."""
        if any(np.isclose(cap, point.cap, rtol=0, atol=FINEST) for point in self.points):
            return
        problem = replace(self.problem, cones=tuple(replace(c, cap=cap) for c in self.problem.cones))
        x, bound, impossible = self.solver(problem, 0.0, seconds)
        bound = np.inf if impossible else bound
        reached = np.inf if x is None else problem.coefficient(problem.cones[0], x)
        cost = np.inf if x is None else problem.cost(x)
        self.points.append(Point(cap, reached, cost, bound, x))
        self.points.sort(key=lambda point: -point.cap)

    def intervals(self) -> list[tuple[float, float, float]]:
        """Return lower end, upper end and least cost of the intervals between the values tried."""
        ends = [*(point.cap for point in self.points[1:]), self.least]
        bounds = np.maximum.accumulate([point.bound for point in self.points])
        return [(end, p.cap, float(b)) for end, p, b in zip(ends, self.points, bounds, strict=True)]


def solve_means(problem: Problem, gap: float, seconds: float, solver: Solver) -> tuple:
    """Return additions that keep every mean, a bound on all plans, and whether it is proven that none does.

    `solver` finds the cheapest additions for single coefficients: additions or None, bound, impossible.
    Districts and stages that share no pool are independent; of those that do, the dearer one is the bound.
    """
    end, x, bound = time.monotonic() + seconds, np.zeros(len(problem.most)), 0.0
    group = _linked(problem)
    left = len(problem.means)
    for members in (np.flatnonzero(group == g) for g in np.unique(group)):
        bounds = []
        for place in members:
            share = (end - time.monotonic()) / max(left, 1)
            added, least, impossible = _solve_mean(problem, problem.means[place], gap, share, solver)
            left -= 1
            if impossible:
                return None, least, True
            if added is None:
                return None, bound, False
            bounds.append(least)
            if len(members) == 1:
                x += added
        bound += max(bounds)
        if len(members) > 1:
            for _ in range(4):  # what one stage is given may move the other
                for place in members:
                    added, _, _ = _solve_mean(_given(problem, x), problem.means[place], gap, 5.0, solver)
                    if added is None:
                        return None, bound, False
                    x += added
                if not problem.means_over(x):
                    break
    return (None if problem.means_over(x) else x), bound, False


def _given(problem: Problem, x: np.ndarray) -> Problem:
    """Return the problem after purchases."""
    sums = tuple(replace(s, most=s.most - x[s.pools].sum()) for s in problem.sums)
    return replace(problem, have=problem.amounts(x), most=problem.most - x, sums=sums)


def _linked(problem: Problem) -> np.ndarray:
    """Return a number for each mean; those with the same one share a pool."""
    n, pools = len(problem.means), len(problem.most)
    left = np.concatenate([np.full(problem.pool[m.rows].size, i) for i, m in enumerate(problem.means)])
    right = n + np.concatenate([problem.pool[m.rows].ravel() for m in problem.means])
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(n + pools, n + pools))
    return connected_components(graph, directed=False)[1][:n]


def _solve_mean(
    problem: Problem, mean: Mean, gap: float, seconds: float, solver: Solver
) -> tuple[np.ndarray | None, float, bool]:
    """Return the additions of one district and stage, a bound, and whether there are proven to be none."""
    nothing, end = np.zeros(len(problem.most)), time.monotonic() + seconds
    width = problem.pool.shape[1]
    total = width * mean.cap - width * problem.standard.rules.rounding.tolerance / 2
    now = [_coefficient(problem, mean, k) for k in range(width)]
    if sum(now) <= total:
        return nothing, 0.0, False
    # Nobody raises a coefficient: each has a share of the excess to lose, at most all of it.
    least = [max(0.0, total - (sum(now) - own)) if np.isfinite(sum(now)) else 0.0 for own in now]
    curves = [_curve(problem, mean, k, now[k], least[k], solver) for k in range(width)]
    left = lambda: max(end - time.monotonic(), 0.2)  # noqa: E731
    for curve in curves:
        for cap in (curve.points[0].cap - NEAR, curve.least):
            curve.try_at(max(cap, curve.least, LEAST), min(left(), SECONDS))
    best, bound = None, 0.0
    for _ in range(ROUNDS):
        best = _cheapest(curves, total)
        chosen, bound = _lowest(curves, total)
        cost = np.inf if best is None else sum(point.cost for point in best)
        if not np.isfinite(bound):
            return None, bound, True
        if cost - bound <= max(gap, 1e-6) * cost or time.monotonic() > end:
            break
        for curve, (low, high, _) in zip(curves, chosen, strict=True):
            if high - low > FINEST and high > LEAST:
                curve.try_at(max((low + high) / 2, LEAST), min(left(), SECONDS))
                curve.try_at(max(high - NEAR, low, LEAST), min(left(), SECONDS))
    if best is None:
        return None, bound, False
    x = nothing
    for curve, point in zip(curves, best, strict=True):
        if point.x is not None:
            x[curve.pools] += point.x
    return x, min(bound, problem.cost(x)), False


def _coefficient(problem: Problem, mean: Mean, k: int) -> float:
    cone = Cone(mean.district, mean.stage, k, mean.rows, np.inf, "")
    return problem.coefficient(cone, np.zeros(len(problem.most)))


def _curve(problem: Problem, mean: Mean, k: int, now: float, least: float, solver: Solver) -> Curve:
    """Return the problem of one indicator alone, with the coefficient as it is."""
    part, places = problem.part(mean.rows)
    pools = np.unique(part.pool[:, k])
    sums = [s for s in part.sums if s.pools[0] in pools]
    alone = replace(
        part,
        have=part.have[:, [k]],
        limit=np.zeros((len(mean.rows), 1)),
        factor=part.factor[[k]],
        pool=np.searchsorted(pools, part.pool[:, [k]]),
        share=part.share[:, [k]],
        pools=part.pools.iloc[pools].reset_index(drop=True),
        most=part.most[pools],
        whole=part.whole[pools],
        sums=tuple(replace(s, pools=np.searchsorted(pools, s.pools)) for s in sums),
        cones=(Cone(mean.district, mean.stage, 0, np.arange(len(mean.rows)), np.inf, ""),),
        means=(),
        beyond=Beyond.none(),  # whoever must be hired costs more: without that the bound is one all the same
    )
    curve = Curve(alone, places[pools], least, solver, [])
    if np.isfinite(now):
        curve.points.append(Point(now, now, 0.0, 0.0, None))
    else:  # nobody holds anything: whoever gets the first, no coefficient is above this
        weight = alone.pupils / alone.pupils.sum()
        curve.try_at(float(np.sqrt(1 / weight.min() - 1)) + 1.0, 5.0)
    return curve


def _cheapest(curves: list[Curve], total: float) -> list[Point] | None:
    """Return the values tried that cost least and add up to no more than `total`."""
    reached = [[(p.reached, p.cost) for p in curve.points] for curve in curves]
    at = _choice(reached, total)
    return None if at is None else [curve.points[i] for curve, i in zip(curves, at, strict=True)]


def _lowest(curves: list[Curve], total: float) -> tuple[list[tuple[float, float, float]], float]:
    """Return the intervals that cost least and may add up to no more than `total`, and what they cost."""
    found = [curve.intervals() for curve in curves]
    at = _choice([[(low, cost) for low, _, cost in intervals] for intervals in found], total)
    if at is None:
        return [], np.inf
    chosen = [intervals[i] for intervals, i in zip(found, at, strict=True)]
    return chosen, float(sum(cost for _, _, cost in chosen))


def _choice(options: list[list[tuple[float, float]]], total: float) -> list[int] | None:
    """Return which of each list's options (weight, cost) is taken: the cheapest within the total weight."""
    program, taken = Program(), []
    for of in options:
        able = np.array([np.isfinite(weight) and np.isfinite(cost) for weight, cost in of])
        z = program.variables(len(of), 0.0, able.astype(float), whole=True)
        program.total_at_least(1.0, (z, 1.0))
        taken.append(z)
    weights, costs = (np.array([pair[i] for of in options for pair in of]) for i in (0, 1))
    weights, costs = (np.where(np.isfinite(each), each, 0.0) for each in (weights, costs))
    places = np.concatenate(taken)
    program.total_at_least(-total, (places, -weights))
    scale = max(costs.max(initial=0.0), 1.0)
    found = program.least((places, 1000 * costs / scale), seconds=5.0)
    if found.v is None:
        return None
    return [int(found.v[z].argmax()) for z in taken]
