"""The cheapest plan that meets the standard, with its bound, rechecked by the assessment; the price of
balance.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset, with_columns
from qb.data.schema import TABLES
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess, choose_year, judge
from qb.language import Both, Message, listing
from qb.planning.costs import Costs, load_costs
from qb.planning.plan.other_purchases import OtherPurchases, mending, require_each
from qb.planning.plan.plan_solver import EXACT, gap_of, infeasible_limits, require_solver, solve
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.planning.scenario import Scenario, apply
from qb.planning.scenario.resource_actions import BUILT
from qb.planning.scenario.teacher_actions import STAFF_COLUMNS
from qb.result_repr import Shown
from qb.standard import Standard, chosen_standard
from qb.terms import Term, Verdict

# Purchases as a table, written into a dataset, and as the actions of a scenario file.


LEAST = 1e-9  # of an m² or yuan: what is less is noise, not a purchase
COST_COLUMNS = {"yuan": "cost", "low": "low", "high": "high"}


def purchases(problem: Problem, x: np.ndarray) -> pd.DataFrame:
    """Return a row for each purchase, school by school.

    Columns: district, school_id, name, stage (as the dataset reports it; ``whole`` for a school that reports
    as one), code, amount, unit, hired (whether the teachers are hired, at a year's pay, and not trained),
    cost_yuan, low_yuan, high_yuan, yearly.
    """
    hired = teachers_hired(problem, x)
    return bought_of(problem, x - hired, hired)


def teachers_hired(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Return how many of the additions are teachers hired beyond those of the section, shape (pools,)."""
    hired = np.zeros(len(x))
    hired[problem.beyond.pool] = np.round(problem.beyond.hired(x))
    return hired


def bought_of(problem: Problem, x: np.ndarray, hired: np.ndarray) -> pd.DataFrame:
    """Return the purchases of what is added in each pool's own way, and of teachers hired beside it."""
    beyond = problem.beyond
    paid = problem.pools["code"].isin(problem.paid).to_numpy()
    extra = {name: np.zeros(len(x)) for name in ("yuan", "low", "high")}
    for name, more in (("yuan", beyond.extra), ("low", beyond.low), ("high", beyond.high)):
        extra[name][beyond.pool] = more
    own = _rows(problem, x, paid)
    frame = (
        pd.concat([own, _rows(problem, hired, np.ones(len(x), dtype=bool), extra)]) if hired.any() else own
    )
    return frame.sort_values(["district", "school_id", "stage", "code", "hired"], ignore_index=True)


def _rows(
    problem: Problem, x: np.ndarray, hired: np.ndarray, extra: dict[str, np.ndarray] | None = None
) -> pd.DataFrame:
    """Return what is bought of each pool; `extra` is what a unit costs beside the pool's price."""
    price = problem.pools.assign(low=np.minimum(problem.pools["low"], problem.pools["yuan"]))
    price = price.assign(high=np.maximum(price["high"], price["yuan"]), amount=x, hired=hired)
    if extra:
        price = price.assign(yearly=True, **{name: price[name] + more for name, more in extra.items()})
    bought = price[x > LEAST]
    names = ("district", "school_id", "name", "stage", "code", "amount", "unit", "hired")
    costs = {f"{to}_yuan": bought["amount"] * bought[of] for of, to in COST_COLUMNS.items()}
    return bought[list(names)].assign(**costs, yearly=bought["yearly"])


def staff_fields(standard: Standard) -> dict[str, str]:
    """Return what teachers of a kind are called in a scenario file, by indicator: ``above_required``, …"""
    names = {column: name for name, column in STAFF_COLUMNS.items()}
    bought = ((i.code, *i.adds_to) for i in standard.resources)
    return {code: names[column] for code, table, column in bought if table == "sections" and column in names}


def apply_purchases(
    data: Dataset, bought: pd.DataFrame, year: int, standard: Standard | None = None
) -> Dataset:
    """Return the dataset with the purchases in it.

    Parameters
    ----------
    bought : DataFrame
        school_id, stage, code, amount, hired; others are not looked at.
    year : int
        The school year whose records change.
    standard : Standard, optional
        Of which the purchases are; the district's 2023 standard unless given.

    Raises
    ------
    QbError
        If a purchase names a record that is not there.

    Notes
    -----
    A purchase adds to one column. Teachers who are hired add to the full-time teachers as well, and to those
    certified and trained; so does whatever a section would have of a kind, backbone say, beyond its teachers.
    """
    standard = chosen_standard(standard)
    tables = {name: data[name].copy() for name in ("sections", "facilities")}
    keys = ["school_id", "stage"]
    for code, mine in bought.groupby(["code", *keys], as_index=False)["amount"].sum().groupby("code"):
        table, column = standard[code].adds_to
        frame = tables[table]
        wanted = pd.MultiIndex.from_frame(mine[["school_id", "stage"]].astype(object))
        here = frame[(frame["year"] == year).to_numpy()]
        found = pd.MultiIndex.from_frame(here[["school_id", "stage"]].astype(object)).get_indexer(wanted)
        if (found < 0).any():
            raise QbError(
                "数据中没有方案要增加的记录：{}。",
                "The data lack the records that the plan adds to: {}.",
                listing(map(str, wanted[found < 0][:10])),
            )
        frame.loc[here.index[found], column] += mine["amount"].to_numpy(dtype=float)
    sections = tables["sections"]
    here = (sections["year"] == year).to_numpy()
    place = pd.MultiIndex.from_frame(sections[keys].astype(object))
    # What is bought may be the teachers themselves: those are there already.
    counted = {code for code in set(bought["code"]) if standard[code].adds_to[1] == "full_time_teachers"}
    own = bought["code"].isin(counted).to_numpy()
    came = bought["hired"].to_numpy(dtype=bool) | own
    new, more = (
        np.where(here, bought[which].groupby(keys)["amount"].sum().reindex(place).fillna(0.0), 0.0)
        if which.any()
        else 0.0
        for which in (came, came & ~own)
    )
    sections["full_time_teachers"] += more
    kinds = [standard[code].adds_to[1] for code in staff_fields(standard)]
    short = hired(data["sections"], sections, kinds)
    sections["full_time_teachers"] += short
    for column in ("certified_teachers", "trained_teachers"):
        sections[column] += new + short
    return data.replace(**tables)


def hired(before: pd.DataFrame, after: pd.DataFrame, kinds: Sequence[str]) -> np.ndarray:
    """Return how many teachers each section must hire so that no kind outnumbers the full-time teachers.

    Only what the purchases bring about: a section that reports it so already is left as it is.
    """
    most, was = (frame[list(kinds)].max(axis=1).to_numpy(dtype=float) for frame in (after, before))
    staff = after["full_time_teachers"].to_numpy(dtype=float)
    return np.nan_to_num(np.where(most > was, np.maximum(most - np.fmax(staff, was), 0), 0))


def actions(standard: Standard, data: Dataset, bought: pd.DataFrame, year: int) -> list[dict[str, object]]:
    """Return the purchases of a year as actions; see `scenario`."""
    fields = staff_fields(standard)
    after = apply_purchases(data, bought, year, standard)
    staffed = [d["sections"]["full_time_teachers"] for d in (data, after)]
    short = pd.Series(np.nan_to_num(staffed[1] - staffed[0]), index=_keys(data["sections"]))
    reported = data["sections"][["certified_teachers", "trained_teachers"]].notna()
    known = {name: pd.Series(column.to_numpy(), index=short.index) for name, column in reported.items()}
    made = []
    for (school, stage), mine in bought.groupby(["school_id", "stage"], sort=False):
        ways = [mine[(mine["hired"] == way).to_numpy(dtype=bool)] for way in (True, False)]
        hired, others = (dict(zip(w["code"], w["amount"], strict=True)) for w in ways)
        new = {name: round(hired.get(code, 0)) for code, name in fields.items()}
        staff = {name: round(others[code]) for code, name in fields.items() if code in others}
        place = {"school": school, "stage": stage}
        if hired or round(short.get((year, school, stage), 0)):
            count = round(short[year, school, stage])
            theirs = {name: min(number, count - sum(new.values())) for name, number in staff.items()}
            staff = {name: staff[name] - theirs[name] for name in staff}
            new = {name: number + theirs.get(name, 0) for name, number in new.items()}
            # What a school has not reported cannot be added to.
            told = {
                name: count
                for name in ("certified", "trained")
                if known[STAFF_COLUMNS[name]].get((year, school, stage), False)
            }
            everything = {"teachers": count, **new, **told}
            made.append({"do": "hire", **place, **everything})
        staff = {name: number for name, number in staff.items() if number}
        more = {
            i.adds_to[1]: round(others[i.code])
            for i in standard.resources
            if i.code in set(others) - set(fields)
            and i.adds_to[0] == "sections"
            and i.adds_to[1] not in ("full_time_teachers", "classes")
        }
        if staff or more:
            made.append({"do": "train", **place, **staff, **({"columns": more} if more else {})})
        for do in ("build", "buy"):
            means = {
                i.adds_to[1]: others[i.code]
                for i in standard.resources
                if i.code in set(others) - set(fields)
                and i.adds_to[0] == "facilities"
                and (i.adds_to[1] in BUILT) == (do == "build")
            }
            own = {name: means.pop(name) for name in list(means) if name not in TABLES["facilities"].by_name}
            if means or own:
                made.append({"do": do, **place, **_whole(means), **({"columns": own} if own else {})})
    return made


def _keys(sections: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(sections[["year", "school_id", "stage"]].astype(object))


def _whole(means: dict[str, float]) -> dict[str, float]:
    return {name: round(v) if name == "multimedia_rooms" else float(v) for name, v in means.items()}


# The cheapest plan that meets the standard, with its bound, and rechecked by the assessment itself.


class PlanStatus(Term):
    """What is known of a plan."""

    OPTIMAL = "optimal", "已证明费用最低", "proven to be the cheapest"
    FEASIBLE = (
        "feasible",
        "达标，费用与最低值的差距已给出上限",
        "meets the standard; how far it may be from the cheapest is known",
    )
    INFEASIBLE = "infeasible", "已证明无解", "proven to be impossible"
    UNDECIDED = (
        "undecided",
        "限时内未找到方案，也未证明无解",
        "no plan found in the time, nor proven impossible",
    )


@dataclass(frozen=True, repr=False)
class Plan(Shown):
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
        See `purchases`.
    data : Dataset
        The dataset with the purchases, and with what else money mends.
    before, assessment : Assessment
        Without and with them; the latter is computed from `data` by `qb.assess`.
    clashes : tuple of str
        Where there is no plan: which limits cannot be kept together, or what the cheapest one found costs.
    problem, x
        The problem as arrays, and the additions to its pools.
    mended : OtherPurchases
        What money mends beside the resources; none where there is no plan. `cost` does not hold it.
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
    mended: OtherPurchases


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
    before: Assessment | None = None,
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
        pyscipopt (``pip install pyscipopt``). The bound is the one that is proven without it.
    before : Assessment, optional
        Of these data by this standard in this year, where it is at hand: it need not be made again.

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
    Which indicators a row leaves at the floor is part of the decision. Pupils stay as they are. Persons and
    rooms are whole numbers. Costs are those of the first year. See `qb.planning.plan.plan_solver` for the
    method.
    """
    require_solver(solver)
    chosen = chosen_standard(standard)
    costs = load_costs(costs)
    data = with_columns(data, chosen)
    before = before or assess(data, year, chosen)
    problem = build_problem(data, before.year, chosen, costs, budget, district)
    found = solve(problem, gap, seconds, solver)
    cost = None if found.x is None else problem.cost(found.x)
    if budget is not None and cost is not None and cost > budget >= found.bound:
        again = solve(problem, 0.0, seconds, solver)
        if again.x is not None and problem.cost(again.x) < cost:
            found, cost = again, problem.cost(again.x)
    affordable = cost is not None and (budget is None or cost <= budget * (1 + 1e-12))
    if affordable:
        reached = gap_of(cost, found.bound)
        status = PlanStatus.OPTIMAL if reached <= EXACT else PlanStatus.FEASIBLE
        return make_plan(status, data, before, costs, problem, found.x, cost, found.bound, reached, ())
    impossible = found.impossible or (budget is not None and found.bound > budget)
    status = PlanStatus.INFEASIBLE if impossible else PlanStatus.UNDECIDED
    words = infeasible_limits(problem, chosen) if impossible else _dearer(cost, found.bound, budget)
    nothing = np.zeros(len(problem.most))
    return make_plan(status, data, before, costs, problem, nothing, None, found.bound, None, words)


def _dearer(cost: float | None, bound: float, budget: float | None) -> tuple[Message, ...]:
    """Say of a plan that a budget does not allow that it was found, and how much cheaper there may be one."""
    if cost is None or budget is None:
        return ()
    zh = "找到的方案最少需 {:,.0f} 元，高于预算 {:,.0f} 元；只证明了任何方案不少于 {:,.0f} 元"
    en = "the cheapest plan found costs {:,.0f} yuan, above the budget of {:,.0f}; proven is only that none costs less than {:,.0f}"
    return (Message(zh, en, cost, budget, bound),)


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
    if cost is not None:
        cost = float(bought["cost_yuan"].sum())
        if cost < bound <= cost * (1 + 1e-9):  # the order in which amounts are added
            bound = cost
        gap = gap_of(cost, bound)
    after = apply_purchases(data, bought, before.year, before.standard) if len(bought) else data
    mended = OtherPurchases.none()
    if status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE):
        mended = mending(after, before, costs, set(problem.rows["district"]))
        after = apply(after, mended.actions, before.year, before.standard) if mended.actions else after
    assessment = before if after is data else judge(after, before.year, before.standard)
    if cost is not None:
        require_passes(assessment, set(problem.rows["district"]))
    told = (before, assessment, words, costs, problem, x, mended)
    return Plan(status, before.year, cost, bound, gap, bought, after, *told)


def legible(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Round m² and yuan up in the sixth decimal where that changes nothing: 30.8, not 30.800000000000182."""
    y = np.where(problem.whole, np.round(x), np.ceil(np.round(x * 1e6, 3)) / 1e6)
    same = problem.passing(y) == problem.passing(x)
    if problem.budget is not None and problem.cost(y) > problem.budget:
        return x
    kept = set(problem.over(y)) <= set(problem.over(x))
    return y if same.all() and kept and len(problem.means_over(y)) <= len(problem.means_over(x)) else x


def require_passes(assessment: Assessment, districts: set[str]) -> None:
    """Refuse a plan with which a row or coefficient of these districts does not pass."""
    rows, spread = assessment.rows, assessment.balance
    held = (Verdict.PASS, Verdict.NOT_APPLICABLE)
    failing = rows[rows["district"].isin(districts) & ~rows["verdict"].isin(held)]
    over = spread[spread["district"].isin(districts) & ~spread["verdict"].isin(held)]
    if len(failing) or len(over):
        raise QbError(
            "方案经复核未达标（{} 个学校学段、{} 项差异系数），不予采用。这是程序的错误，请报告。",
            "The plan was checked again and does not meet the standard ({} schools' stages, {} coefficients), so it is not used. This is a fault of the program; please report it.",
            len(failing),
            len(over),
        )


def scenario(plan: Plan, data: Dataset, title: str) -> Scenario:
    """Return the purchases, and what else is mended, as a scenario.

    Done by `qb.scenario.apply` on the dataset that was planned for, it gives that of the plan. Write it to a
    file with `qb.scenario.to_toml`.
    """
    made = [*actions(plan.before.standard, data, plan.purchases, plan.year), *plan.mended.actions]
    return Scenario.model_validate({"title": title, "base_year": plan.year, "actions": made})


# The price of balance: what the standard costs under one cap on all coefficients after another.


CAPS = (0.60, 0.55, 0.50, 0.45, 0.40, 0.35, 0.30)


def price_of_balance(
    data: Dataset,
    year: int | None = None,
    caps: Sequence[float] = CAPS,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.005,
    seconds: float = 60.0,
    plan: Plan | None = None,
) -> pd.DataFrame:
    """Return the least cost under each cap; the school rule holds throughout.

    Parameters
    ----------
    caps : sequence of float
        Each is the cap on every coefficient, at both stages.
    seconds : float
        For the whole curve.
    plan : Plan, optional
        Made of the same, of which the problem need not be made again.

    Returns
    -------
    DataFrame
        cap, yuan, bound_yuan, gap, possible: `yuan` is NaN where no plan was found, `possible` False where
        it is proven that there is none.
    """
    wrong = [cap for cap in caps if not (np.isfinite(cap) and cap > 0)]
    if wrong or not len(caps):
        raise QbError(
            "差异系数限值须大于 0，现为 {}。",
            "Limits on the coefficient must be above 0; they are {}.",
            wrong or Both("空", "empty"),
        )
    chosen = chosen_standard(standard)
    costs = load_costs(costs)
    require_each(chosen, Message("差异系数限值与费用的曲线", "curve of limits on the coefficient and costs"))
    if plan:
        problem = replace(plan.problem, budget=None)
    else:
        problem = build_problem(data, choose_year(data, year), chosen, costs, None, district)
    rows, end = [], time.monotonic() + seconds
    for done, cap in enumerate(caps):
        found = solve(problem.capped(float(cap)), gap, (end - time.monotonic()) / (len(caps) - done))
        cost = np.nan if found.x is None else problem.cost(found.x)
        reached = np.nan if found.x is None else gap_of(cost, found.bound)
        rows.append((float(cap), cost, found.bound, reached, not found.impossible))
    return pd.DataFrame(rows, columns=["cap", "yuan", "bound_yuan", "gap", "possible"])
