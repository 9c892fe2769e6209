"""Why a plan is what it is: limits that bind, what easing them is worth, who pays, what changes with prices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.errors import QbError
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE
from qb.language import joined
from qb.planning.costs import Cost, Costs, SchoolLimit
from qb.planning.plan.cheapest import LEAST, Plan
from qb.planning.plan.integer_program import fits
from qb.planning.plan.plan_solver import lowered, room, solve
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.planning.plan.relaxation import by_cap, by_pupils, by_upper_bound, relax
from qb.standard import Standard


@dataclass(frozen=True)
class Explanation:
    """What stands behind a plan."""

    # caps, bounds: the coefficients' caps and the upper bounds that bind, with what easing them saves
    # (`qb.planning.plan.relaxation`).
    caps: pd.DataFrame
    bounds: pd.DataFrame
    pupils: pd.DataFrame  # what one more pupil in each row would cost: district, school_id, name, stage, yuan
    # schools, departments, codes: cost by school; by department (`lead_yuan`: of the indicators where it
    # stands first, which adds up to the total; `shared_yuan`: of all in which it has a part); by stage and
    # indicator.
    schools: pd.DataFrame
    departments: pd.DataFrame
    codes: pd.DataFrame
    coefficients: pd.DataFrame  # district, stage, code, limit, before, after
    # name (``plan``, ``seven of seven``, ``greatest shortfall first``), yuan (NaN: not possible within the
    # upper bounds).
    yardsticks: pd.DataFrame


def explain(plan: Plan) -> Explanation:
    """Explain a plan. Prices (duals) are those of the relaxation, without whole numbers.

    Raises
    ------
    QbError
        If there is no plan to explain.
    """
    if plan.cost is None:
        raise QbError(
            "没有方案可以说明：{}。{}",
            "There is no plan to explain: {}. {}",
            plan.status,
            joined("；", "; ", plan.clashes),
        )
    problem, standard = plan.problem, plan.before.standard
    if problem.means:  # what a coefficient may be is the plan's choice: it has no limit with a price
        problem = replace(problem, means=())
    parts = [problem.part(rows)[0] for rows in problem.rows.groupby("district").indices.values()]
    relaxed = [relax(part) for part in parts]
    return Explanation(
        caps=pd.concat([by_cap(r) for r in relaxed], ignore_index=True),
        bounds=pd.concat([by_upper_bound(r) for r in relaxed], ignore_index=True),
        pupils=pd.concat([by_pupils(r) for r in relaxed], ignore_index=True),
        schools=_by_school(problem, plan.x),
        departments=by_department(plan.purchases, standard),
        codes=_totals(plan.purchases, ["district", "stage", "code", "unit"], amount=True),
        coefficients=before_and_after(plan.before, plan.assessment, set(problem.rows["district"])),
        yardsticks=yardsticks(problem, plan.cost),
    )


def _totals(bought: pd.DataFrame, by: list[str], amount: bool = False) -> pd.DataFrame:
    columns = [*(["amount"] if amount else []), "cost_yuan", "low_yuan", "high_yuan"]
    return bought.groupby(by, sort=True, as_index=False)[columns].sum()


def _by_school(problem: Problem, x: np.ndarray) -> pd.DataFrame:
    """Return each judged school's cost, those that need nothing among them."""
    spent = problem.pools.assign(
        cost_yuan=x * problem.yuan, low_yuan=x * problem.pools["low"], high_yuan=x * problem.pools["high"]
    )
    totals = spent.groupby("owner")[["cost_yuan", "low_yuan", "high_yuan"]].sum()
    schools = problem.rows[["district", "school_id", "name"]].drop_duplicates(ignore_index=True)
    return schools.join(totals, on="school_id")


def by_department(bought: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Return the cost of the indicators that each department answers for; see `Explanation`."""
    cost = bought.groupby("code")["cost_yuan"].sum()
    named = [(code, standard[code].departments) for code in cost.index if standard[code].departments]
    lead, shared = {}, {}
    for code, departments in named:
        lead[departments[0]] = lead.get(departments[0], 0.0) + cost[code]
        for department in departments:
            shared[department] = shared.get(department, 0.0) + cost[code]
    codes = {d: "、".join(code for code, names in named if d in names) for d in shared}
    frame = pd.DataFrame(
        [(d, codes[d], lead.get(d, 0.0), shared[d]) for d in shared],
        columns=["department", "codes", "lead_yuan", "shared_yuan"],
    )
    return frame.sort_values("shared_yuan", ascending=False, ignore_index=True)


def before_and_after(before: Assessment, after: Assessment, districts: set[str]) -> pd.DataFrame:
    """Return each coefficient without and with the purchases."""
    key = ["district", "stage", "code"]
    was = before.balance[before.balance["district"].isin(districts) & (before.balance["code"] != COMPOSITE)]
    now = after.balance.set_index(key)["coefficient"].rename("after")
    return was[[*key, "limit", "coefficient"]].rename(columns={"coefficient": "before"}).join(now, on=key)


def yardsticks(problem: Problem, cost: float | None) -> pd.DataFrame:
    """Return what the plan costs, and what two simpler ways to the standard would cost.

    ``seven of seven``: every row meets all seven, where the rule asks for fewer. ``greatest shortfall first``: the greatest relative
    shortfall is filled up to the standard, then the next, until every row passes; then the lowest schools are
    raised until the coefficients are within their caps. Neither is a way to keep a mean.
    """
    if problem.standard.mean_decides:
        return pd.DataFrame([("plan", np.nan if cost is None else cost)], columns=["name", "yuan"])
    if problem.standard.lets_below:
        every = solve(replace(problem, spare=0, budget=None), seconds=10.0).x
        ways = [("seven of seven", np.nan if every is None else problem.cost(every))]
    else:  # the plan is that way
        ways = []
    greedy = greatest_first(problem)
    rows = [
        ("plan", np.nan if cost is None else cost),
        *ways,
        ("greatest shortfall first", np.nan if greedy is None else problem.cost(greedy)),
    ]
    return pd.DataFrame(rows, columns=["name", "yuan"])


CHANGED = (0.8, 1.2)  # of a price


def sensitivity(plan: Plan, data: Dataset, district: str | None = None, seconds: float = 1.0) -> pd.DataFrame:
    """Return what else would be bought if one price were a fifth lower or higher.

    Parameters
    ----------
    data : Dataset
        That was planned for.
    seconds : float
        For each price, where coefficients bind.

    Returns
    -------
    DataFrame
        A row for each price and factor: code (of the price), factor, cost_yuan (NaN where no plan was
        found), changed: the purchases that differ, (school_id, stage, code, before, after).
    """
    rows, standard = [], plan.before.standard
    here = {tuple(key): n for *key, n in _amounts(plan.problem, plan.x)}
    for code in dict.fromkeys(cost.code for cost in plan.costs.costs):
        for factor in CHANGED:
            costs = _with_price(plan.costs, code, factor)
            problem = build_problem(data, plan.year, standard, costs, None, district)
            found = solve(problem, gap=1e-4, seconds=seconds)
            if found.x is None:
                rows.append((code, factor, np.nan, ()))
                continue
            there = {tuple(key): n for *key, n in _amounts(problem, found.x)}
            changed = tuple(
                (*key, here.get(key, 0.0), there.get(key, 0.0))
                for key in dict.fromkeys([*here, *there])
                if abs(here.get(key, 0.0) - there.get(key, 0.0)) > 1e-6 * max(here.get(key, 0.0), 1.0)
            )
            rows.append((code, factor, problem.cost(found.x), changed))
    return pd.DataFrame(rows, columns=["code", "factor", "cost_yuan", "changed"])


def _amounts(problem: Problem, x: np.ndarray) -> list[tuple]:
    bought = problem.pools[["school_id", "stage", "code"]].assign(amount=x)[x > LEAST]
    return list(bought.itertuples(index=False, name=None))


def _with_price(costs: Costs, code: str, factor: float) -> Costs:
    """Return a cost file with one price, and what is said of it at single schools, changed by a factor."""

    def scaled(entry: Cost | SchoolLimit) -> Cost | SchoolLimit:
        if entry.code != code or entry.yuan is None:
            return entry
        names = [name for name in ("yuan", "low", "high") if hasattr(entry, name)]
        return entry.model_copy(update={name: factor * getattr(entry, name) for name in names})

    return costs.model_copy(
        update={"costs": tuple(map(scaled, costs.costs)), "schools": tuple(map(scaled, costs.schools))}
    )


def greatest_first(problem: Problem) -> np.ndarray | None:
    """Return the additions of "greatest shortfall first"; None where an upper bound stops it."""
    x = np.zeros(len(problem.most))
    full = problem.needed()
    lacking = 1 - problem.values(x) / np.where(problem.limit > 0, problem.limit, 1)
    order = np.argsort(-lacking, axis=None, kind="stable")
    failing = set(np.flatnonzero(~problem.passing(x)).tolist())
    for row, k in zip(*np.unravel_index(order, lacking.shape), strict=True):
        if not failing:
            break
        pool = problem.pool[row, k]
        more = full[row, k] - x[pool]
        if more <= 0 or not fits(more, room(problem, x, np.array([pool]))[0]):
            continue
        x[pool] = full[row, k]
        failing -= {
            r
            for r in np.argwhere(problem.pool == pool)[:, 0].tolist()
            if problem.passing(x, np.array([r]))[0]
        }
    for _ in range(12):
        for cone in problem.over(x):
            x = lowered(problem, cone, x)
            if x is None:
                return None
    return None if failing or problem.over(x) else x
