"""From a plan that nearly keeps the coefficients to one that keeps them: where one more yuan helps most."""

from __future__ import annotations

import numpy as np

from qb.plan.problem import Cone, Problem
from qb.plan.schools import cheapest_by_school, fits

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
    return [at // 7 for at in parts], [at % 7 for at in parts]
