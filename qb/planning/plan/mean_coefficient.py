"""The cheapest plan where the mean of the coefficients decides, not each of them: which one comes down.

Without limits for schools the indicators have nothing to do with each other but that their coefficients
are added up. So for each of them the cost f(c) of bringing its coefficient to c is found by itself, with a
proven bound, at some values of c; f does not fall as c does. A choice of one value each whose sum is
within the limit is a plan. Between two values f is at least that of the greater one: the cheapest choice of
intervals whose lower ends are within the limit bounds every plan from below. The intervals of that choice
are cut, until both meet: first with costs from the relaxation, a few milliseconds each, then, while there
is time, with costs in whole numbers.

Stages that share pools (the facilities of a nine-year school) are bounded with the price of such a pool
divided among them: a plan for all costs at least what each costs at its part of the prices, added up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qb.planning.plan.integer_program import Program
from qb.planning.plan.planning_problem import Cone, HiresBeyondStaff, Mean, Problem

NEAR = 1e-4  # below a value by so much, the next whole number is needed
FINEST = 1e-7  # intervals that are not cut
LEAST = 0.005  # no value below is tried: a coefficient of 0 asks for exactly equal schools
SECONDS = 2.0  # for one value in whole numbers
ROUNDS = 60  # of cutting intervals
FALL = 0.005  # an interval over which the cost rises by less of the whole is cut in whole numbers alone
PIECES = 8  # of an interval, each with the bound that the prices of its greatest value give
FARTHEST = 10.0  # times its cost: so far these prices are believed
# Finds the cheapest additions for single coefficients within some seconds (roughly, where there are none):
# additions or None, a bound, whether it is proven that there are none, and what bounds stricter values:
# a bound at the value itself, and by how much it rises as √(1 + c²) falls.
Solver = Callable[[Problem, float], tuple[np.ndarray | None, float, bool, tuple[float, float]]]


@dataclass(frozen=True)
class Point:
    """What bringing one coefficient to `cap` costs: a plan that reaches `reached`, and a bound.

    `tangent` bounds the cost of stricter values, see `Solver`.
    """

    cap: float
    reached: float
    cost: float
    bound: float
    x: np.ndarray | None
    whole: bool = True
    tangent: tuple[float, float] = (0.0, 0.0)

    def low(self, cap: float) -> float:
        """Return the bound at a value that is not above this one's."""
        level, slope = self.tangent
        there = level + slope * (np.sqrt(1 + self.cap**2) - np.sqrt(1 + cap**2))
        return max(self.bound, min(there, FARTHEST * self.cost)) if slope else self.bound


@dataclass
class Curve:
    """One indicator's cost of a lower coefficient, at the values tried; the greatest value first.

    `hired` says which of its pools must hire beyond a course: `problem` leaves that out, so that its bound
    is one whatever else is bought; what a plan costs has it.
    """

    problem: Problem
    hired: HiresBeyondStaff
    pools: np.ndarray
    least: float
    solver: Solver
    points: list[Point]

    def try_at(self, cap: float, seconds: float = 0.0) -> bool:
        """Find the cost at one more value, in whole numbers where there are seconds for it.

        Returns whether it was not known yet.
        """
        near = [p for p in self.points if np.isclose(cap, p.cap, rtol=0, atol=FINEST)]
        if near and (near[0].whole or not seconds):
            return False
        cap = near[0].cap if near else cap
        problem = replace(self.problem, cones=tuple(replace(c, cap=cap) for c in self.problem.cones))
        x, bound, impossible, tangent = self.solver(problem, seconds)
        bound = np.inf if impossible else bound
        cost = self.cost(x)
        if x is not None and cost > problem.cost(x):  # what courses alone can do may be cheaper
            most = problem.most.copy()
            most[self.hired.pool] = np.minimum(most[self.hired.pool], self.hired.room)
            other = self.solver(replace(problem, most=most), seconds)[0]
            x, cost = min((x, cost), (other, self.cost(other)), key=lambda found: found[1])
        reached = np.inf if x is None else problem.coefficient(problem.cones[0], x)
        made = Point(cap, reached, cost, bound, x, seconds > 0, tangent)
        for known in near:
            self.points.remove(known)
            best = min((made, known), key=lambda point: point.cost)
            made = replace(best, bound=max(bound, known.bound), whole=made.whole, tangent=known.tangent)
        self.points.append(made)
        self.points.sort(key=lambda point: -point.cap)
        return True

    def cost(self, x: np.ndarray | None) -> float:
        """Return what additions cost, with those who must be hired; infinite for none."""
        return np.inf if x is None else self.problem.cost(x) + float(self.hired.extra @ self.hired.hired(x))

    def intervals(self) -> list[tuple[float, float, float]]:
        """Return lower end, upper end and least cost of the intervals between the values tried, in pieces."""
        found, best = [], 0.0
        for point, end in zip(self.points, [*(p.cap for p in self.points[1:]), self.least], strict=True):
            edges = np.linspace(point.cap, end, PIECES + 1 if point.tangent[1] else 2)
            for high, low in pairwise(edges.tolist()):
                best = max(best, point.low(high))
                found.append((low, high, best))
        return found


def solve_means(problem: Problem, gap: float, seconds: float, solver: Solver) -> tuple:
    """Return additions that keep every mean, a bound on all plans, and whether it is proven that none does.

    Districts and stages that share no pool are independent.
    """
    end, x, bound = time.monotonic() + seconds, np.zeros(len(problem.most)), 0.0
    group = _linked(problem)
    left = len(problem.means)
    for members in (np.flatnonzero(group == g) for g in np.unique(group)):
        bounds, parts = [], _divided(problem, members)
        for place in members:
            share = (end - time.monotonic()) / max(left, 1)
            mean = problem.means[place]
            added, least, impossible = _solve_mean(problem, mean, gap, share, solver)
            left -= 1
            if impossible:
                return None, least, True
            if added is None:
                return None, bound, False
            if len(members) == 1:
                x += added
                bound += least
            else:
                divided = _solve_mean(parts, mean, gap, share / 2, solver, rough=True)[1]
                bounds.append((least, divided))
        if len(members) > 1:
            bound += max(max(whole for whole, _ in bounds), sum(part for _, part in bounds))
            for _ in range(4):  # what one stage is given may move the other
                for place in members:
                    added, _, _ = _solve_mean(_given(problem, x), problem.means[place], gap, 5.0, solver)
                    if added is None:
                        return None, bound, False
                    x += added
                if not problem.means_over(x):
                    break
    return (None if problem.means_over(x) else x), min(bound, problem.cost(x)), False


def _divided(problem: Problem, members: np.ndarray) -> Problem:
    """Return the problem with the price of each pool divided by the number of these means that draw on it."""
    drawn = np.zeros(len(problem.most))
    for place in members:
        drawn[np.unique(problem.pool[problem.means[place].rows])] += 1
    part = np.maximum(drawn, 1.0)
    names = [name for name in ("yuan", "low", "high") if name in problem.pools]
    return replace(problem, pools=problem.pools.assign(**{n: problem.pools[n] / part for n in names}))


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
    problem: Problem, mean: Mean, gap: float, seconds: float, solver: Solver, *, rough: bool = False
) -> tuple[np.ndarray | None, float, bool]:
    """Return the additions of one district and stage, a bound, and whether there are proven to be none.

    With `rough` no cost is found in whole numbers: the bound alone is wanted.
    """
    nothing, end = np.zeros(len(problem.most)), time.monotonic() + seconds
    width = problem.pool.shape[1]
    total = width * mean.cap - width * problem.standard.rules.rounding.tolerance / 2
    now = [_coefficient(problem, mean, k) for k in range(width)]
    if sum(now) <= total:
        return nothing, 0.0, False
    # Nobody raises a coefficient: each has a share of the excess to lose, at most all of it.
    least = [max(0.0, total - (sum(now) - own)) if np.isfinite(sum(now)) else 0.0 for own in now]
    curves = [_curve(problem, mean, k, now[k], least[k], solver) for k in range(width)]
    for curve in curves:
        for cap in (curve.points[0].cap - NEAR, curve.least):
            curve.try_at(max(cap, curve.least, LEAST))
    _cut_roughly(curves, total, end, gap)
    best, (chosen, bound) = _cheapest(curves, total), _lowest(curves, total)
    for _ in range(0 if rough else ROUNDS):
        cost = np.inf if best is None else sum(point.cost for point in best)
        left = end - time.monotonic()
        if not np.isfinite(bound) or cost - bound <= max(gap, 1e-6) * cost or left < 0:
            break
        cut = [
            curve.try_at(point.cap, min(left, SECONDS))
            for curve, point in zip(curves, best or [], strict=False)
        ]
        for curve, (low, high, _) in zip(curves, chosen, strict=True):
            for cap in (high, (low + high) / 2, high - NEAR):
                left = min(end - time.monotonic(), SECONDS)
                if high - low > FINEST and high > LEAST and left > 0:
                    cut.append(curve.try_at(max(cap, low, LEAST), left))
        if not any(cut):
            break
        best, (chosen, bound) = _cheapest(curves, total), _lowest(curves, total)
    if not np.isfinite(bound):
        return None, bound, True
    if best is None:
        return None, bound, False
    x = nothing
    for curve, point in zip(curves, best, strict=True):
        if point.x is not None:
            x[curve.pools] += point.x
    return x, min(bound, problem.cost(x)), False


def _cut_roughly(curves: list[Curve], total: float, end: float, gap: float) -> None:
    """Cut intervals by costs of the relaxation, until over none that may be chosen the cost rises much.

    Which are chosen is told by a price on the sum of the coefficients (its Lagrangian dual): fast, and near
    enough to know where to cut.
    """
    for _ in range(ROUNDS):
        found = [curve.intervals() for curve in curves]
        sides = _at_price(found, total)
        whole = sum(intervals[i][2] for intervals, i in zip(found, sides[1], strict=True))
        cut = False
        for curve, intervals, *chosen in zip(curves, found, *sides, strict=True):
            for i in set(chosen):
                low, high, cost = intervals[i]
                after = intervals[i + 1][2] if i + 1 < len(intervals) else np.inf
                if time.monotonic() > end:
                    return
                if (
                    high - low > FINEST
                    and high > LEAST
                    and after - cost > max(gap, FALL) * whole / len(curves)
                ):
                    cut |= curve.try_at(max((low + high) / 2, LEAST))
        if not cut:
            return


def _at_price(found: list[list[tuple[float, float, float]]], total: float) -> tuple[list[int], list[int]]:
    """Return the intervals chosen just below and just above the price at which they add up to `total`."""
    weights, costs = ([np.array([each[i] for each in of]) for of in found] for i in (0, 2))

    def chosen(price: float) -> list[int]:
        return [int(np.argmin(c + price * w)) for w, c in zip(weights, costs, strict=True)]

    low, high = 0.0, 1.0
    while sum(w[i] for w, i in zip(weights, chosen(high), strict=True)) > total and high < 1e18:
        high *= 4
    for _ in range(60):
        price = (low + high) / 2
        over = sum(w[i] for w, i in zip(weights, chosen(price), strict=True)) > total
        low, high = (price, high) if over else (low, price)
    return chosen(low), chosen(high)


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
        beyond=HiresBeyondStaff.none(),
    )
    hired = part.beyond_of(pools)
    curve = Curve(alone, replace(hired, hires=np.full(len(hired.pool), -1)), places[pools], least, solver, [])
    if np.isfinite(now):
        curve.points.append(Point(now, now, 0.0, 0.0, None))
    else:  # nobody holds anything: whoever gets the first, no coefficient is above this
        weight = alone.pupils / alone.pupils.sum()
        curve.try_at(float(np.sqrt(1 / weight.min() - 1)) + 1.0)
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
