"""The cheapest plan with proof: branch and bound on the relaxation, repair to whole numbers; a smallest set of limits that clash."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
import pandas as pd

from qb.errors import QbError
from qb.language import Both, Message, joined, listing
from qb.planning.plan.integer_program import Program, cheapest_by_school, fits, linked
from qb.planning.plan.mean_coefficient import FARTHEST, solve_means
from qb.planning.plan.planning_problem import Cone, Problem
from qb.planning.plan.relaxation import LinearModel, Scaled, constraints, dual_bound, relax, scaled, stricter
from qb.standard import Standard
from qb.terms import Stage

# From a plan that nearly keeps the coefficients to one that keeps them: where one more yuan helps most.


MANY = 2000  # units; so many are not added one by one
ROUNDS = 12  # one coefficient's purchases may disturb another's at schools that report as one


def filled(problem: Problem, start: np.ndarray) -> np.ndarray | None:
    """Return a plan that passes in every respect but the budget, holding at least (nearly) `start`.

    Persons and rooms of `start` are rounded down; then every row gets the cheapest additions with which it
    passes; then each coefficient above its cap is brought under it, always where a yuan brings it down most;
    last, what has become superfluous is taken back. None where the upper bounds do not allow it.
    """
    most = np.where(problem.whole, np.floor(problem.most + 1e-9), problem.most)
    x = np.minimum(np.where(problem.whole, np.floor(start + 1e-6), start), most)
    separate = cheapest_by_school(problem, np.maximum(x, 0.0))
    if separate.stuck.any():
        return None
    x = separate.x
    for _ in range(ROUNDS):
        over = problem.over(x)
        if not over:
            return trimmed(problem, x)
        for cone in over:
            x = lowered(problem, cone, x)
            if x is None:
                return None
    return None


def lowered(problem: Problem, cone: Cone, x: np.ndarray) -> np.ndarray | None:
    """Return more purchases that bring one coefficient under its cap; None where none do."""
    pool = problem.pool[cone.rows, cone.k]
    work = _by_units if problem.whole[pool[0]] else _by_level
    added = work(problem, cone, x, room(problem, x, pool))
    if added is None:
        return None
    x = x.copy()
    x[pool] += added
    return x


def room(problem: Problem, x: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Return how much more each of some pools can take, shape (len(pool),)."""
    left = problem.most[pool] - x[pool]
    for bound in problem.sums:
        mine = np.isin(pool, bound.pools)
        left[mine] = np.minimum(left[mine], bound.most - x[bound.pools].sum())
    return np.maximum(left, 0.0)


def _by_level(problem: Problem, cone: Cone, x: np.ndarray, room: np.ndarray) -> np.ndarray | None:
    """Raise the lowest schools to a common level, the lowest that is enough (m² and yuan)."""
    pupils, share = problem.pupils[cone.rows], problem.share[cone.rows, cone.k]
    amount = problem.amounts(x)[cone.rows, cone.k]
    value = amount / pupils

    def additions(level: float) -> np.ndarray:
        return np.clip((level - value) * pupils / share, 0.0, room)

    def enough(level: float) -> bool:
        return _coefficient(amount + share * additions(level), pupils) <= cone.cap

    levels = np.linspace(value.min(), value.max(), 200)[1:]
    high = next((level for level in levels if enough(level)), None)
    if high is None:
        return None
    low = high - (levels[1] - levels[0] if len(levels) > 1 else 0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return additions(high)


def _by_units(problem: Problem, cone: Cone, x: np.ndarray, room: np.ndarray) -> np.ndarray | None:
    """Add persons or rooms one by one where a yuan brings the coefficient down most."""
    pupils, share = problem.pupils[cone.rows], problem.share[cone.rows, cone.k]
    yuan = problem.yuan[problem.pool[cone.rows, cone.k]]
    amount = problem.amounts(x)[cone.rows, cone.k].copy()
    added = np.zeros(len(pupils))
    if (level := _by_level(problem, cone, x, room)) is not None and level.sum() > MANY:
        added = np.floor(level)  # of ten thousand books the last few are looked at one by one
        amount += share * added
    total, all_pupils, cap = amount.sum(), pupils.sum(), 1 + cone.cap**2
    while _coefficient(amount, pupils) > cone.cap:
        # The cone says: Σ amount²/pupils - (1 + c²)·(Σ amount)²/Σ pupils <= 0. What one unit changes of it:
        change = (2 * amount * share + share**2) / pupils - cap * (2 * total * share + share**2) / all_pupils
        best = np.where(fits(added + 1, room), change / yuan, np.inf).argmin()
        if change[best] >= 0 or not fits(added[best] + 1, room[best]):
            return None
        added[best] += 1
        amount[best] += share[best]
        total += share[best]
    return added


def _coefficient(amount: np.ndarray, pupils: np.ndarray) -> float:
    weight = pupils / pupils.sum()
    value = amount / pupils
    mean = weight @ value
    return float(np.sqrt(weight @ (value - mean) ** 2) / mean) if mean > 0 else np.inf


def trimmed(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Take back, dearest first, what the plan passes without: persons, rooms, amounts above a limit."""
    cones = {(row, c.k): c for c in problem.cones for row in c.rows}
    full, floor = problem.needed(), problem.needed(problem.floor)
    rows, ks = _supplied(problem)
    for j in np.argsort(-x * problem.yuan, kind="stable")[: np.count_nonzero(x)]:
        row, k = rows[j], ks[j]
        touched = [cones[at] for at in zip(row, k, strict=True) if at in cones]
        marks = np.sort(np.concatenate([full[row, k], floor[row, k], [0.0]]))
        while x[j] > 0:
            y = x.copy()
            y[j] = max(x[j] - 1, 0.0) if problem.whole[j] else marks[marks < x[j]][-1]
            if not problem.passing(y, row).all() or problem.over(y, touched):
                break
            x = y
    return x


def _supplied(problem: Problem) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the rows and indicators that each pool supplies."""
    flat = problem.pool.ravel()
    order = np.argsort(flat, kind="stable")
    parts = np.split(order, np.searchsorted(flat[order], np.arange(1, len(problem.most))))
    width = problem.pool.shape[1]
    return [at // width for at in parts], [at % width for at in parts]


# Branch and bound with whole persons and rooms: the cones as tangents, for HiGHS.
#
# With the mean m as a variable of its own, the weights w and the values v (near 1), a cone reads
#
# .. math:: q_i \ge w_i (v_i - m)^2 / (c\,m), \qquad \sum q_i \le c\,m \sum w_i ,
#
# and each :math:`q_i` is bounded from below by tangents, one for every number t, of three variables each:
#
# .. math:: q_i \ge 2 w_i t (v_i - m) - w_i t^2 c\,m .
#
# Every tangent is valid, so the bound is; the tangent at :math:`t = (v_i - m) / (c\,m)` touches.


@dataclass(frozen=True)
class Branched:
    """What branch and bound found in its time."""

    x: np.ndarray | None  # (pools,): additions that keep the tangents, not necessarily the cones
    bound: float  # no plan costs less (yuan)
    impossible: bool  # no plan keeps even the tangents


def branch(
    problem: Problem,
    cones: tuple[Cone, ...],
    points: list[np.ndarray],
    ceiling: float,
    gap: float,
    seconds: float,
) -> Branched:
    """Look for the cheapest whole plan that keeps the tangents touching at some points.

    Parameters
    ----------
    cones : tuple of Cone
        Those to keep.
    points : list of ndarray, shape (pools,)
        Additions at which the tangents touch.
    ceiling : float
        Cost of a plan that is known: nothing dearer is looked for.
    """
    model, program = constraints(problem), Program()
    whole = _whole(model)
    dear = np.clip(model.highest(ceiling), model.lower, model.upper)
    v = program.variables(len(model.cost), model.lower, dear, whole)
    rules = model.matrix.tocoo()
    program.sums_at_least(model.right, rules.row, (v[rules.col], rules.data))
    for cone in cones:
        _add(program, v, model, scaled(model, cone), points)
    # HiGHS stops at an absolute gap of 1e-6 as well: costs near 1000 make that too small to matter.
    found = program.least((v, 1000 * model.cost), gap=gap, seconds=seconds)
    x = None if found.v is None else model.additions(found.v)
    return Branched(x, max(found.bound / 1000 * model.yuan, 0.0), found.impossible)


def _whole(model: LinearModel) -> np.ndarray:
    """Return which variables are whole numbers; that of teachers hired follows from the others."""
    tight = np.zeros(len(model.problem.tight.pool))
    return np.concatenate([model.problem.whole, np.ones(len(model.choice[0])), tight])


def _add(program: Program, v: np.ndarray, model: LinearModel, c: Scaled, points: list[np.ndarray]) -> None:
    """Add a cone: the mean as an equation (two rows), the sum of the q, and the tangents at the points."""
    total, cap = c.weight.sum(), c.cone.cap
    mean, q = program.variables(1), program.variables(len(c.pool))
    base = c.base.sum() / total
    program.total_at_least(base, (mean, 1.0), (v[c.pool], -c.gain / total))
    program.total_at_least(-base, (mean, -1.0), (v[c.pool], c.gain / total))
    program.total_at_least(0.0, (mean, cap), (q, -1.0 / total))
    slopes = np.column_stack([_slopes(model, c, x) for x in points]).round(9)
    for t in slopes.T:
        program.at_least(
            2 * t * c.base,
            (q, 1.0),
            (v[c.pool], -2 * t * c.gain),
            (np.repeat(mean, len(q)), c.weight * (2 * t + t**2 * cap)),
        )


def _slopes(model: LinearModel, c: Scaled, x: np.ndarray) -> np.ndarray:
    """Return the t of the tangents that touch at additions `x`, shape (rows of the cone,)."""
    value = (c.base + c.gain * (x / model.unit)[c.pool]) / c.weight
    mean = (c.weight * value).sum() / c.weight.sum()
    return (value - mean) / (c.cone.cap * mean)


# SCIP, where it is asked for: it takes the cones as they are and looks for a cheaper plan.
#
# Only the plan is taken from it, and that is repaired and rechecked like any other. The bound stays the
# one that is proven without it.


SOLVERS = ("highs", "scip")
MEMORY = 1000  # MB that SCIP may use


def require_solver(name: str) -> None:
    """Refuse a solver that is unknown or not installed.

    Examples
    --------
    >>> require_solver("highs")
    """
    if name not in SOLVERS:
        raise QbError(
            "没有“{}”这种求解器，可用：{}。",
            "There is no solver “{}”; there are: {}.",
            name,
            listing(SOLVERS),
        )
    if name == "scip" and find_spec("pyscipopt") is None:
        raise QbError(
            "没有安装 SCIP 求解器。请先安装：pip install pyscipopt；或不指定求解器，默认的 HiGHS 随 qb 安装。",
            "The solver SCIP is not installed. Install it first: pip install pyscipopt; or name no solver: the usual one, HiGHS, comes with qb.",
        )


def by_scip(
    problem: Problem, cones: tuple[Cone, ...], best: np.ndarray, gap: float, seconds: float
) -> np.ndarray | None:
    """Return the cheapest additions that SCIP finds in its time; None where it finds none below `best`.

    Parameters
    ----------
    cones : tuple of Cone
        Those to keep. Others, and the solver's tolerance, are for the caller to repair.
    best : ndarray, shape (pools,)
        A plan that passes: SCIP starts from it, and looks for nothing dearer.
    """
    from pyscipopt import Model as Scip

    model = constraints(problem)
    scip = Scip()
    scip.hideOutput(True)
    scip.setParam("limits/time", max(seconds, 0.1))
    scip.setParam("limits/memory", MEMORY)
    scip.setParam("limits/gap", gap)
    known = model.variables(best)
    ceiling = float(model.cost @ known)
    dear, whole = model.highest(problem.cost(best)), _whole(model)
    v = [
        scip.addVar(vtype="I" if whole[j] else "C", lb=model.lower[j], ub=max(upper, model.lower[j]), obj=c)
        for j, (upper, c) in enumerate(zip(np.minimum(model.upper, dear), model.cost, strict=True))
    ]
    start = scip.createSol()
    for variable, value in zip(v, known, strict=True):
        scip.setSolVal(start, variable, value)
    _add_rules(scip, v, model)
    for cone in cones:
        side, value = _add_cone(scip, v, model, cone, known)
        scip.setSolVal(start, side, value)
    scip.addSol(start)
    scip.optimize()
    if not scip.getNSols() or scip.getObjVal() > ceiling * (1 - 1e-9):
        return None
    return model.additions(np.array([scip.getVal(variable) for variable in v]))


def _add_rules(scip: object, v: list, model: LinearModel) -> None:
    from pyscipopt import quicksum

    matrix = model.matrix.tocsr()
    for i in range(len(model.right)):
        at = slice(matrix.indptr[i], matrix.indptr[i + 1])
        terms = zip(matrix.indices[at], matrix.data[at], strict=True)
        scip.addCons(quicksum(float(a) * v[j] for j, a in terms) >= float(model.right[i]))


def _add_cone(
    scip: object, v: list, model: LinearModel, cone: Cone, known: np.ndarray
) -> tuple[object, float]:
    """Add a cone with its right side as a variable; return that, and its value in the known plan."""
    from pyscipopt import quicksum

    c = scaled(model, cone)
    steep = float(np.sqrt((1 + cone.cap**2) / c.weight.sum()))
    side = scip.addVar(lb=0.0)
    parts = [(float(g), v[j]) for g, j in zip(c.gain, c.pool, strict=True)]
    scip.addCons(side == steep * quicksum(g * u for g, u in parts) + steep * float(c.base.sum()))
    root = np.sqrt(c.weight)
    scip.addCons(
        quicksum(
            (float(b) + float(a) * u) * (float(b) + float(a) * u)
            for a, b, (_, u) in zip(c.gain / root, c.base / root, parts, strict=True)
        )
        <= side * side
    )
    return side, steep * float((c.base + c.gain * known[c.pool]).sum())


# The least cost, with proof: school by school where no coefficient binds, by cones where one does.


EXACT = 1e-6  # a gap below it is noise of floating point: the plan is proven to be the cheapest
NEAR = 0.98  # a coefficient above this part of its cap takes part in branch and bound from the beginning


@dataclass(frozen=True)
class PlanSolution:
    """The cheapest additions found, and what is proven of them."""

    x: np.ndarray | None  # (pools,): None where no plan was found
    bound: float  # no plan costs less (yuan)
    impossible: bool = False  # it is proven that there is no plan


def solve(problem: Problem, gap: float = 1e-3, seconds: float = 60.0, solver: str = "highs") -> PlanSolution:
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
    is not looked at: it decides whether the cheapest plan can be paid for, not which one it is. Where the
    mean of the coefficients decides, see `qb.planning.plan.mean_coefficient.solve_means`.
    """
    if problem.means:
        return PlanSolution(*solve_means(problem, gap, seconds, _one_coefficient))
    separate = cheapest_by_school(problem)
    if separate.stuck.any():
        return PlanSolution(None, 0.0, impossible=True)
    turns = 2 if solver == "scip" else 1  # SCIP works for as long again
    x, end = separate.x, time.monotonic() + turns * seconds
    binding = {c.district for c in problem.over(x)}
    bound = 0.0
    for district, rows in problem.rows.groupby("district").indices.items():
        part, pools = problem.part(rows)
        if district not in binding:
            bound += part.cost(x[pools])
            continue
        left = max(end - time.monotonic(), 0.0) / (turns * len(binding))
        found = _solve_district(part, gap, left, solver)
        binding.remove(district)
        bound += found.bound
        if found.x is None:
            return PlanSolution(None, bound, found.impossible)
        x[pools] = found.x
    return PlanSolution(x, min(bound, problem.cost(x)))


def _one_coefficient(
    problem: Problem, seconds: float
) -> tuple[np.ndarray | None, float, bool, tuple[float, float]]:
    """Return additions, a bound, whether there are none, and the bound for stricter caps (`mean_coefficient.Solver`).

    Without seconds by the relaxation, filled up.
    """
    if seconds:
        found = solve(problem, 0.0, seconds)
        return found.x, found.bound, found.impossible, (0.0, 0.0)
    relaxed = relax(problem)
    x = None if relaxed.x is None else filled(problem, relaxed.x)
    bound = max(dual_bound(relaxed, _cost(problem, x)), 0.0)
    if x is None:
        return None, bound, relaxed.impossible, (0.0, 0.0)
    return x, bound, False, stricter(relaxed, FARTHEST * problem.cost(x))


def _solve_district(problem: Problem, gap: float, seconds: float, solver: str) -> PlanSolution:
    """Solve a district whose coefficients bind."""
    end = time.monotonic() + seconds
    alone = cheapest_by_school(problem).x
    bound = problem.cost(alone)
    relaxed = relax(problem)
    near = alone if relaxed.x is None else relaxed.x
    best = _cheapest(problem, filled(problem, near), filled(problem, np.zeros(len(alone))))
    if best is None and relaxed.impossible:
        return PlanSolution(None, bound, impossible=True)
    if best is not None:
        best = _cheapest(problem, best, _rebalanced(problem, best))
    bound = max(bound, dual_bound(relaxed, _cost(problem, best)))
    points = [near, np.floor(near), np.ceil(near), alone, *([] if best is None else [best])]
    cones = tuple(c for c in problem.cones if problem.coefficient(c, near) > NEAR * c.cap)
    while gap_of(_cost(problem, best), bound) > max(gap, EXACT) and (left := end - time.monotonic()) > 0:
        found = branch(problem, cones, points, _cost(problem, best), max(gap / 4, EXACT / 4), left)
        if found.impossible:
            return PlanSolution(best, bound, impossible=best is None)
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
    return PlanSolution(best, min(bound, _cost(problem, best)))


def _rebalanced(problem: Problem, x: np.ndarray) -> np.ndarray | None:
    """Return a plan made anew with the choices of another: what it leaves at the floor may stay there."""
    low = ~problem.reached(problem.values(x), problem.limit)
    limit = np.where(low, problem.floor * problem.limit, problem.limit)
    again = relax(replace(problem, limit=limit, spare=0))
    return None if again.x is None else filled(problem, again.x)


def gap_of(cost: float, bound: float) -> float:
    """Return by what share of its cost a plan may be dearer than the cheapest."""
    if cost == 0:
        return 0.0
    return (cost - bound) / cost if np.isfinite(cost) else np.inf


def _cost(problem: Problem, x: np.ndarray | None) -> float:
    return np.inf if x is None else problem.cost(x)


def _cheapest(problem: Problem, *plans: np.ndarray | None) -> np.ndarray | None:
    return min(plans, key=lambda x: _cost(problem, x))


# Where there is no plan: limits of which none can be left out, or the others could be kept.


MOST = 20  # limits named in one sentence


@dataclass(frozen=True)
class Limits:
    """Some of a problem's limits: places of pools with an upper bound, of sums, of cones; the budget."""

    pools: tuple[int, ...] = ()
    sums: tuple[int, ...] = ()
    cones: tuple[int, ...] = ()
    budget: bool = False

    def kept(self, problem: Problem) -> Problem:
        """Return the problem with these limits alone."""
        most = np.full(len(problem.most), np.inf)
        most[list(self.pools)] = problem.most[list(self.pools)]
        return replace(
            problem,
            most=most,
            sums=tuple(problem.sums[i] for i in self.sums),
            cones=tuple(problem.cones[i] for i in self.cones),
            budget=problem.budget if self.budget else None,
        )


Item = tuple[str, int]


def _limits(items: Sequence[Item]) -> Limits:
    of = {kind: tuple(place for k, place in items if k == kind) for kind in ("pools", "sums", "cones")}
    return Limits(**of, budget=("budget", 0) in items)


def fails(problem: Problem) -> bool:
    """Return whether it is proven that the limits cannot be kept together."""
    found = solve(problem, gap=1.0, seconds=10.0)
    dear = problem.budget is not None and found.bound > problem.budget * (1 + 1e-9)
    return found.impossible or dear


def smallest(items: list[Item], failing: Callable[[list[Item]], bool]) -> list[Item]:
    """Leave out blocks of items, ever smaller, as long as the rest still fails."""
    size = len(items)
    while size > 1:
        size = -(-size // 2)
        at = 0
        while at < len(items):
            rest = items[:at] + items[at + size :]
            if failing(rest):
                items = rest
            else:
                at += size
    return items


def infeasible_limits(problem: Problem, standard: Standard) -> tuple[Message, ...]:
    """Say which limits clash.

    Every school that cannot pass within its own upper bounds is named, with those bounds. If there is none,
    the clash lies between coefficients, upper bounds and budget, and one smallest set of them is named.

    Examples
    --------
    Two limits where each alone could be kept:

    >>> smallest([("pools", i) for i in range(9)], lambda rest: {("pools", 2), ("pools", 7)} <= set(rest))
    [('pools', 2), ('pools', 7)]
    """
    stuck = cheapest_by_school(problem).stuck
    if stuck.any():
        group = linked(problem)
        alone = replace(problem, cones=(), budget=None)
        return tuple(_school(alone, np.flatnonzero(group == g), standard) for g in np.unique(group[stuck]))
    if problem.means:  # of these limits only the budget and all means together are known to clash
        if problem.budget:
            bound = np.ceil(solve(replace(problem, budget=None), seconds=10.0).bound)
            short = Message("预算 {:,.0f} 元不足", "a budget of {:,.0f} yuan is not enough", problem.budget)
            least = Message("，至少需要 {:,.0f} 元", ", at least {:,.0f} yuan are needed", bound)
            return (short + least if bound > problem.budget else short,)
        return (joined("；", "; ", (mean.label for mean in problem.means)),)
    items = [("budget", 0)] if problem.budget is not None else []
    items += [("cones", i) for i in range(len(problem.cones))]
    items += [("pools", j) for j in np.flatnonzero(np.isfinite(problem.most))]
    items += [("sums", i) for i in range(len(problem.sums))]
    if not fails(problem):
        return ()
    least = smallest(items, lambda rest: fails(_limits(rest).kept(problem)))
    return (_sentence(problem, least, standard),)


def _school(problem: Problem, rows: np.ndarray, standard: Standard) -> Message:
    part, _ = problem.part(rows)
    items = [("pools", j) for j in np.flatnonzero(np.isfinite(part.most))]
    items += [("sums", i) for i in range(len(part.sums))]
    stuck = lambda rest: bool(cheapest_by_school(_limits(rest).kept(part)).stuck.any())  # noqa: E731
    least = smallest(items, stuck)
    full, floor = part.needed(), part.needed(part.floor)
    words = []
    for kind, place in least:
        if kind == "sums":
            words.append(
                _bound(part, part.sums[place].pools[0], part.sums[place].most, standard)
                + Message("（各学段合计）", " at all stages together")
            )
            continue
        row, k = np.argwhere(part.pool == place)[0]
        unit = _unit(part.pools.iloc[place], standard)
        percent = f"{100 * part.floor:g}%"
        words.append(
            Message(
                "{}，达标须增 {} {}，达到标准的 {} 须增 {} {}",
                "{0}; {1} {2} are needed to meet the standard, {4} {5} to reach {3} of it",
                _bound(part, place, part.most[place], standard),
                _amount(full[row, k]),
                unit,
                percent,
                _amount(floor[row, k]),
                unit,
            )
        )
    several = (
        Message("（最多 {} 项可低于标准）", " (at most {} may stay below the standard)", part.spare)
        if len(least) > 1
        else ""
    )
    return joined("；", "; ", words) + several


def _bound(problem: Problem, pool: int, most: float, standard: Standard) -> Message:
    cell = problem.pools.iloc[pool]
    indicator = standard[cell["code"]]
    title = Message(indicator.short.zh, indicator.short.en.lower())
    return Message(
        "{}（{}）：{}上限不足，最多增 {} {}",
        "{} ({}): upper bound on {} too low, at most {} {} more",
        cell["name"],
        Stage(cell["stage"]),
        title,
        _amount(most),
        _unit(cell, standard),
    )


def _unit(cell: pd.Series, standard: Standard) -> Both:
    """Return the unit as the cost file has it, in English as the standard has it."""
    return Both(cell["unit"], standard[cell["code"]].resource.unit.en)


def _amount(number: float) -> str:
    return f"{number:,.1f}".rstrip("0").rstrip(".")


def _sentence(problem: Problem, items: list[Item], standard: Standard) -> Message:
    words = []
    if ("budget", 0) in items:
        rest = [item for item in items if item != ("budget", 0)]
        least = solve(_limits(rest).kept(problem), gap=1.0).bound
        words.append(
            Message(
                "预算 {:,.0f} 元不足，至少需要 {:,.0f} 元",
                "a budget of {:,.0f} yuan is not enough, at least {:,.0f} yuan are needed",
                problem.budget,
                np.ceil(least),
            )
        )
    words += [problem.cones[place].label for kind, place in items if kind == "cones"]
    bounds = [
        _bound(problem, place, problem.most[place], standard)
        if kind == "pools"
        else _bound(problem, problem.sums[place].pools[0], problem.sums[place].most, standard)
        for kind, place in items
        if kind in ("pools", "sums")
    ]
    more = (
        Message("等 {} 处上限", " and more: {} upper bounds in all", len(bounds))
        if len(bounds) > MOST
        else ""
    )
    return joined("；", "; ", [*words, *bounds[:MOST]]) + more
