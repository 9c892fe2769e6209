"""The cheapest plan that meets the standard, with its bound, and rechecked by the assessment itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.costs import Costs, load_costs
from qb.dataset import Dataset
from qb.errors import QbError
from qb.judge import COMPOSITE, Assessment, assess
from qb.plan.clash import clashes
from qb.plan.pose import pose
from qb.plan.problem import Problem
from qb.plan.purchases import apply_purchases, purchases
from qb.plan.scip import require_solver
from qb.plan.solve import EXACT, gap_of, solve
from qb.standard import Standard
from qb.terms import Term, Verdict


class PlanStatus(Term):
    """What is known of a plan."""

    OPTIMAL = "optimal", "已证明费用最低"
    FEASIBLE = "feasible", "达标，费用与最低值的差距已给出上限"
    INFEASIBLE = "infeasible", "已证明无解"
    UNDECIDED = "undecided", "限时内未找到方案，也未证明无解"


@dataclass(frozen=True)
class Plan:
    """A plan, what is proven of it, and the assessment with it.

    Attributes
    ----------
    status : PlanStatus
    year : int
    cost : float or None
        Yuan; None where there is no plan.
    bound : float
        No plan costs less.
    gap : float or None
        ``(cost - bound) / cost``: by what share of its cost the plan may be dearer than the cheapest.
    purchases : DataFrame
        See `qb.plan.purchases.purchases`.
    data : Dataset
        The dataset with the purchases.
    before, assessment : Assessment
        Without and with them; the latter is computed from `data` by `qb.assess`.
    clashes : tuple of str
        Where there is no plan: which limits cannot be kept together.
    problem, x
        The problem as arrays, and the additions to its pools.
    """

    status: PlanStatus
    year: int
    cost: float | None
    bound: float
    gap: float | None
    purchases: pd.DataFrame
    data: Dataset
    before: Assessment
    assessment: Assessment
    clashes: tuple[str, ...]
    costs: Costs
    problem: Problem
    x: np.ndarray


def cheapest_plan(
    data: Dataset,
    year: int | None = None,
    costs: Costs | str | Path | None = None,
    budget: float | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 20.0,
    solver: str = "highs",
) -> Plan:
    """Find the cheapest purchases with which every school row and every coefficient meets the standard.

    Parameters
    ----------
    data : Dataset
        Of any number of districts; every figure of C1–C7 must be reported.
    year : int, optional
        School year starting; the last one unless given.
    costs : Costs or path, optional
        The assumed costs shipped with qb unless given.
    budget : float, optional
        Yuan that may be spent in all.
    standard : Standard or str, optional
    district : str, optional
        Plan for this district alone.
    gap : float
        Good enough when proven to be within this share of the cheapest.
    seconds : float
        Time for improving a plan beyond the first one.
    solver : {"highs", "scip"}
        ``scip`` works for as long again on a plan that is not proven to be the cheapest; it needs
        pyscipopt (``pip install "qb[scip]"``). The bound is the one that is proven without it.

    Returns
    -------
    Plan
        Its assessment passes in every row and coefficient, or its status says why there is none.

    Raises
    ------
    QbError
        If data, costs, budget or standard cannot be used, or the solver is not installed.

    Notes
    -----
    Which of the seven a row leaves at 85 % is part of the decision. Pupils stay as they are. Persons and
    rooms are whole numbers. Costs are those of the first year. See `qb.plan.solve` for the method.
    """
    require_solver(solver)
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    before = assess(data, year, chosen)
    problem = pose(data, before.year, chosen, costs, budget, district)
    found = solve(problem, gap, seconds, solver)
    cost = None if found.x is None else float(problem.yuan @ found.x)
    if budget is not None and cost is not None and cost > budget >= found.bound:
        found = solve(problem, 0.0, seconds, solver)
        cost = float(problem.yuan @ found.x)
    affordable = cost is not None and (budget is None or cost <= budget * (1 + 1e-12))
    if affordable:
        reached = gap_of(cost, found.bound)
        status = PlanStatus.OPTIMAL if reached <= EXACT else PlanStatus.FEASIBLE
        return make_plan(status, data, before, costs, problem, found.x, cost, found.bound, reached, ())
    impossible = found.impossible or (budget is not None and found.bound > budget)
    status = PlanStatus.INFEASIBLE if impossible else PlanStatus.UNDECIDED
    words = clashes(problem, chosen) if impossible else ()
    nothing = np.zeros(len(problem.most))
    return make_plan(status, data, before, costs, problem, nothing, None, found.bound, None, words)


def make_plan(
    status: PlanStatus,
    data: Dataset,
    before: Assessment,
    costs: Costs,
    problem: Problem,
    x: np.ndarray,
    cost: float | None,
    bound: float,
    gap: float | None,
    words: tuple[str, ...],
) -> Plan:
    """Write the purchases into the dataset, assess it, and refuse a plan that breaks its promise."""
    x = legible(problem, x)
    bought = purchases(problem, x)
    after = apply_purchases(data, bought, before.year) if len(bought) else data
    assessment = assess(after, before.year, before.standard) if len(bought) else before
    if status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE):
        require_passes(assessment, set(problem.rows["district"]))
    return Plan(
        status, before.year, cost, bound, gap, bought, after, before, assessment, words, costs, problem, x
    )


def legible(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Round m² and yuan up in the sixth decimal where that changes nothing: 30.8, not 30.800000000000182."""
    y = np.where(problem.whole, np.round(x), np.ceil(np.round(x * 1e6, 3)) / 1e6)
    same = problem.passing(y) == problem.passing(x)
    return y if same.all() and set(problem.over(y)) <= set(problem.over(x)) else x


def require_passes(assessment: Assessment, districts: set[str]) -> None:
    """Refuse a plan with which a row or coefficient of these districts does not pass."""
    rows, spread = assessment.rows, assessment.balance
    failing = rows[rows["district"].isin(districts) & (rows["verdict"] != Verdict.PASS)]
    deciding = spread["district"].isin(districts) & (spread["code"] != COMPOSITE)
    over = spread[deciding & (spread["verdict"] != Verdict.PASS)]
    if len(failing) or len(over):
        raise QbError(
            f"方案经复核未达标（{len(failing)} 个学校学段、{len(over)} 项差异系数），不予采用。"
            "这是程序的错误，请报告。"
        )
