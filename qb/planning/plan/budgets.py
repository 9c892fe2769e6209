"""The best use of a budget that is not enough."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.data.dataset import Dataset, with_columns
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess
from qb.language import Message
from qb.planning.costs import Costs, load_costs
from qb.planning.plan.cheapest import apply_purchases, purchases
from qb.planning.plan.integer_program import Program, add_passing, add_shortfall, shortfall, snapped
from qb.planning.plan.plan_refusals import require_each
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.showing import Shown
from qb.standard import Standard

# Best use of a budget: most rows passing, then the least shortfall.


@dataclass(frozen=True, repr=False)
class Spending(Shown):
    """What a budget buys.

    Attributes
    ----------
    budget, cost : float
        What may be spent, and what is.
    passing, most_passing : int
        Rows (school and stage) that pass, and how many can pass at most.
    shortfall, least_shortfall : float
        How many of the seven standards the average pupil lacks (see
        `qb.planning.plan.integer_program.shortfall`), and the
        least that can be reached with so many rows passing.
    saves : float
        What 10,000 yuan more would take off the shortfall (a dual of the relaxation).
    purchases, data, before, assessment
        As in `Plan`.
    """

    year: int
    budget: float
    cost: float
    passing: int
    most_passing: int
    shortfall: float
    least_shortfall: float
    saves: float
    purchases: pd.DataFrame
    data: Dataset
    before: Assessment
    assessment: Assessment
    problem: Problem
    x: np.ndarray


def best_use(
    data: Dataset,
    budget: float,
    year: int | None = None,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 20.0,
) -> Spending:
    """Find what to buy for a budget that is not enough: most rows passing, then the least shortfall.

    Coefficients are not asked for; the assessment shows what becomes of them. Parameters as in
    `cheapest_plan`.
    """
    if budget is None or not (np.isfinite(budget) and budget >= 0):
        raise QbError(
            "预算须为不小于 0 的数，现为 {}。", "The budget must be a number not below 0; it is {}.", budget
        )
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    require_each(chosen, Message("预算的最佳用法", "best use of a budget"))
    data = with_columns(data, chosen)
    before = assess(data, year, chosen)
    problem = build_problem(data, before.year, chosen, costs, budget, district)
    spent = spend(problem, gap, seconds)
    x = spent.x
    bought = purchases(problem, x)
    after = apply_purchases(data, bought, before.year, before.standard) if len(bought) else data
    return Spending(
        year=before.year,
        budget=budget,
        cost=problem.cost(x),
        passing=int(problem.passing(x).sum()),
        most_passing=spent.most_passing,
        shortfall=shortfall(problem, x),
        least_shortfall=spent.least_shortfall,
        saves=1e4 * spent.price,
        purchases=bought,
        data=after,
        before=before,
        assessment=assess(after, before.year, chosen),
        problem=problem,
        x=x,
    )


@dataclass(frozen=True)
class Spent:
    """Additions, how many rows can pass at most, a bound on the shortfall with so many, and its price."""

    x: np.ndarray
    most_passing: int
    least_shortfall: float
    price: float


def spend(problem: Problem, gap: float, seconds: float) -> Spent:
    """Spend the problem's budget."""
    found = _spend(problem, gap, seconds, problem.budget)
    if problem.cost(found.x) > problem.budget:  # by the solver's tolerance: a little less, the same bounds
        return replace(found, x=_spend(problem, gap, seconds, problem.budget * (1 - 1e-5)).x)
    return found


def _spend(problem: Problem, gap: float, seconds: float, budget: float) -> Spent:
    end = time.monotonic() + seconds
    program = Program()
    unit = np.where(problem.whole, 1.0, np.maximum(problem.by_pool(problem.needed()), 1.0))
    most = np.minimum(problem.most, problem.by_pool(problem.needed())) / unit
    y = program.variables(len(unit), 0.0, most, problem.whole)
    for bound in problem.sums:
        program.total_at_least(-bound.most, (y[bound.pools], -unit[bound.pools]))
    scale = max(budget, 1.0)
    tight = problem.tight
    hired, some = program.variables(len(tight.pool)), tight.hires >= 0
    program.sums_at_least(
        -tight.room,
        np.concatenate([np.arange(len(hired)), np.arange(len(hired)), np.flatnonzero(some)]),
        (
            np.concatenate([hired, y[tight.pool], y[tight.hires[some]]]),
            np.concatenate([np.ones(len(hired)), -unit[tight.pool], unit[tight.hires[some]]]),
        ),
    )
    money = program.total_at_least(
        -budget / scale, (y, -problem.yuan * unit / scale), (hired, -tight.extra / scale)
    )
    passing = add_passing(program, problem, y, unit)
    first = program.least((passing.row, -1.0), seconds=seconds / 2)
    rows = 0 if first.v is None else round(first.v[passing.row].sum())
    can_pass = min(len(problem.pupils), int(np.floor(-first.bound + 1e-6)))
    program.total_at_least(float(rows), (passing.row, 1.0))
    lacking = add_shortfall(program, problem, y, unit)
    second = program.least(lacking, gap=gap, seconds=end - time.monotonic())
    v = first.v if second.v is None else second.v
    return Spent(
        x=np.zeros(len(unit)) if v is None else snapped(problem, passing, v, v[y] * unit),
        most_passing=can_pass,
        least_shortfall=max(second.bound, 0.0),
        price=program.price(money, lacking) / scale,
    )
