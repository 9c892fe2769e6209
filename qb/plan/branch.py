r"""Branch and bound with whole persons and rooms: the cones as tangents, for HiGHS.

With the mean m as a variable of its own, the weights w and the values v (near 1), a cone reads

.. math:: q_i \ge w_i (v_i - m)^2 / (c\,m), \qquad \sum q_i \le c\,m \sum w_i ,

and each :math:`q_i` is bounded from below by tangents, one for every number t, of three variables each:

.. math:: q_i \ge 2 w_i t (v_i - m) - w_i t^2 c\,m .

Every tangent is valid, so the bound is; the tangent at :math:`t = (v_i - m) / (c\,m)` touches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.plan.problem import Cone, Problem
from qb.plan.program import Program
from qb.plan.relax import Model, Scaled, build, scaled


@dataclass(frozen=True)
class Branched:
    """What branch and bound found in its time.

    Attributes
    ----------
    x : ndarray, shape (pools,), or None
        Additions that keep the tangents, not necessarily the cones.
    bound : float
        No plan costs less (yuan).
    impossible : bool
        No plan keeps even the tangents.
    """

    x: np.ndarray | None
    bound: float
    impossible: bool


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
    model, program = build(problem), Program()
    pools = len(model.unit)
    dear = np.append(ceiling / (problem.yuan * model.unit), np.ones(len(model.cost) - pools))
    whole = np.append(problem.whole, np.ones(len(model.cost) - pools))
    v = program.variables(len(model.cost), model.lower, np.clip(dear, model.lower, model.upper), whole)
    rules = model.matrix.tocoo()
    program.sums_at_least(model.right, rules.row, (v[rules.col], rules.data))
    for cone in cones:
        _add(program, v, model, scaled(model, cone), points)
    # HiGHS stops at an absolute gap of 1e-6 as well: costs near 1000 make that too small to matter.
    found = program.least((v, 1000 * model.cost), gap=gap, seconds=seconds)
    x = None if found.v is None else model.additions(found.v)
    return Branched(x, max(found.bound / 1000 * model.yuan, 0.0), found.impossible)


def _add(program: Program, v: np.ndarray, model: Model, c: Scaled, points: list[np.ndarray]) -> None:
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


def _slopes(model: Model, c: Scaled, x: np.ndarray) -> np.ndarray:
    """Return the t of the tangents that touch at additions `x`, shape (rows of the cone,)."""
    value = (c.base + c.gain * (x / model.unit)[c.pool]) / c.weight
    mean = (c.weight * value).sum() / c.weight.sum()
    return (value - mean) / (c.cone.cap * mean)
