"""SCIP, where it is asked for: it takes the cones as they are and looks for a cheaper plan.

Only the plan is taken from it, and that is repaired and rechecked like any other. The bound stays the one
that is proven without it.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from qb.errors import QbError
from qb.plan.problem import Cone, Problem
from qb.plan.relax import Model, build, scaled

SOLVERS = ("highs", "scip")
MEMORY = 1000  # MB that SCIP may use


def require_solver(name: str) -> None:
    """Refuse a solver that is unknown or not installed.

    Examples
    --------
    >>> require_solver("highs")
    """
    if name not in SOLVERS:
        raise QbError(f"没有“{name}”这种求解器，可用：{'、'.join(SOLVERS)}。")
    if name == "scip" and find_spec("pyscipopt") is None:
        raise QbError(
            '没有安装 SCIP 求解器。请先安装：pip install "qb[scip]"；'
            "或不指定求解器，默认的 HiGHS 随 qb 安装。"
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

    model = build(problem)
    scip = Scip()
    scip.hideOutput(True)
    scip.setParam("limits/time", max(seconds, 0.1))
    scip.setParam("limits/memory", MEMORY)
    scip.setParam("limits/gap", gap)
    known = _variables(model, best)
    ceiling = float(model.cost @ known)
    dear = np.append(problem.yuan @ best / (problem.yuan * model.unit), np.ones(len(known) - len(model.unit)))
    whole = np.append(problem.whole, np.ones(len(known) - len(model.unit)))
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


def _variables(model: Model, x: np.ndarray) -> np.ndarray:
    """Return a plan as values of the model's variables: low is what does not reach the standard."""
    full = model.problem.needed()
    row, k = model.choice
    low = x[model.problem.pool[row, k]] < full[row, k] - 1e-9
    return np.append(x / model.unit, low.astype(float))


def _add_rules(scip: object, v: list, model: Model) -> None:
    from pyscipopt import quicksum

    matrix = model.matrix.tocsr()
    for i in range(len(model.right)):
        at = slice(matrix.indptr[i], matrix.indptr[i + 1])
        terms = zip(matrix.indices[at], matrix.data[at], strict=True)
        scip.addCons(quicksum(float(a) * v[j] for j, a in terms) >= float(model.right[i]))


def _add_cone(scip: object, v: list, model: Model, cone: Cone, known: np.ndarray) -> tuple[object, float]:
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
