"""The cheapest plan that meets the standard, with its bound, rechecked by the assessment; the price of
balance.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.data.dataset import Dataset, with_columns
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess, choose_year
from qb.planning.costs import Costs, load_costs
from qb.planning.plan.infeasibility import infeasible_limits
from qb.planning.plan.plan_solver import EXACT, gap_of, require_solver, solve
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.planning.scenario import Scenario
from qb.planning.scenario.resource_actions import BUILT, STAFF_COLUMNS
from qb.showing import Shown
from qb.standard import Standard
from qb.terms import Term, Verdict

# Purchases as a table, written into a dataset, and as the actions of a scenario file.


LEAST = 1e-9  # of an m² or yuan: what is less is noise, not a purchase


def purchases(problem: Problem, x: np.ndarray) -> pd.DataFrame:
    """Return a row for each purchase, school by school.

    Columns: district, school_id, name, stage (as the dataset reports it; ``whole`` for a school that reports
    as one), code, amount, unit, cost_yuan, low_yuan, high_yuan, yearly.
    """
    bought = problem.pools.assign(amount=x)[x > LEAST]
    frame = pd.DataFrame(
        {
            **{
                name: bought[name]
                for name in ("district", "school_id", "name", "stage", "code", "amount", "unit")
            },
            "cost_yuan": bought["amount"] * bought["yuan"],
            "low_yuan": bought["amount"] * np.minimum(bought["low"], bought["yuan"]),
            "high_yuan": bought["amount"] * np.maximum(bought["high"], bought["yuan"]),
            "yearly": bought["yearly"],
        }
    )
    return frame.sort_values(["district", "school_id", "stage", "code"], ignore_index=True)


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
        school_id, stage, code, amount; others are not looked at.
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
    A purchase adds to one column. Only where a section would then have more backbone, say, than full-time
    teachers does the number of full-time teachers rise as well, and with it those certified and trained: the
    difference is hired.
    """
    standard = standard or standards.load()
    tables = {name: data[name].copy() for name in ("sections", "facilities")}
    for code, mine in bought.groupby("code"):
        table, column = standard[code].adds_to
        frame = tables[table]
        wanted = pd.MultiIndex.from_frame(mine[["school_id", "stage"]].astype(object))
        here = frame[(frame["year"] == year).to_numpy()]
        found = pd.MultiIndex.from_frame(here[["school_id", "stage"]].astype(object)).get_indexer(wanted)
        if (found < 0).any():
            raise QbError(f"数据中没有方案要增加的记录：{'、'.join(map(str, wanted[found < 0][:10]))}。")
        frame.loc[here.index[found], column] += mine["amount"].to_numpy(dtype=float)
    sections = tables["sections"]
    kinds = [standard[code].adds_to[1] for code in staff_fields(standard)]
    short = hired(data["sections"], sections, kinds)
    for column in ("full_time_teachers", "certified_teachers", "trained_teachers"):
        sections[column] += short
    return data.replace(**tables)


def hired(before: pd.DataFrame, after: pd.DataFrame, kinds: Sequence[str]) -> np.ndarray:
    """Return how many teachers each section must hire so that no kind outnumbers the full-time teachers.

    Only what the purchases bring about: a section that reports it so already is left as it is.
    """
    most, was = (frame[list(kinds)].max(axis=1).to_numpy(dtype=float) for frame in (after, before))
    staff = after["full_time_teachers"].to_numpy(dtype=float)
    return np.nan_to_num(np.where(most > was, np.maximum(most - np.fmax(staff, was), 0), 0))


def scenario(problem: Problem, data: Dataset, bought: pd.DataFrame, year: int, title: str) -> Scenario:
    """Return the purchases as a scenario: ``train``, ``hire``, ``build`` and ``buy``.

    Done on the dataset by `qb.scenario.apply` it gives what `apply_purchases` gives. Write it to a file with
    `qb.scenario.to_toml`.
    """
    standard = problem.standard
    fields = staff_fields(standard)
    after = apply_purchases(data, bought, year, standard)
    staffed = [d["sections"]["full_time_teachers"] for d in (data, after)]
    short = pd.Series(np.nan_to_num(staffed[1] - staffed[0]), index=_keys(data["sections"]))
    actions = []
    for (school, stage), mine in bought.groupby(["school_id", "stage"], sort=False):
        amounts = dict(zip(mine["code"], mine["amount"], strict=True))
        staff = {name: round(amounts[code]) for code, name in fields.items() if code in amounts}
        place = {"school": school, "stage": stage}
        if staff and (new := round(short[year, school, stage])):
            theirs = {name: min(number, new) for name, number in staff.items()}
            staff = {name: staff[name] - theirs[name] for name in staff}
            everything = dict.fromkeys(fields.values(), 0) | theirs | {"certified": new, "trained": new}
            actions.append({"do": "hire", **place, "teachers": new, **everything})
        if staff := {name: number for name, number in staff.items() if number}:
            actions.append({"do": "train", **place, **staff})
        for do in ("build", "buy"):
            means = {
                i.adds_to[1]: amounts[i.code]
                for i in standard.resources
                if i.code in set(amounts) - set(fields) and (i.adds_to[1] in BUILT) == (do == "build")
            }
            if means:
                actions.append({"do": do, **place, **_whole(means)})
    return Scenario.model_validate({"title": title, "base_year": year, "actions": actions})


def _keys(sections: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(sections[["year", "school_id", "stage"]].astype(object))


def _whole(means: dict[str, float]) -> dict[str, float]:
    return {name: round(v) if name == "multimedia_rooms" else float(v) for name, v in means.items()}


# The cheapest plan that meets the standard, with its bound, and rechecked by the assessment itself.


class PlanStatus(Term):
    """What is known of a plan."""

    OPTIMAL = "optimal", "已证明费用最低"
    FEASIBLE = "feasible", "达标，费用与最低值的差距已给出上限"
    INFEASIBLE = "infeasible", "已证明无解"
    UNDECIDED = "undecided", "限时内未找到方案，也未证明无解"


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
        pyscipopt (``pip install pyscipopt``). The bound is the one that is proven without it.

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
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    data = with_columns(data, chosen)
    before = assess(data, year, chosen)
    problem = build_problem(data, before.year, chosen, costs, budget, district)
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
    words = infeasible_limits(problem, chosen) if impossible else ()
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
    after = apply_purchases(data, bought, before.year, before.standard) if len(bought) else data
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
    held = (Verdict.PASS, Verdict.NOT_APPLICABLE)
    failing = rows[rows["district"].isin(districts) & ~rows["verdict"].isin(held)]
    over = spread[spread["district"].isin(districts) & ~spread["verdict"].isin(held)]
    if len(failing) or len(over):
        raise QbError(
            f"方案经复核未达标（{len(failing)} 个学校学段、{len(over)} 项差异系数），不予采用。"
            "这是程序的错误，请报告。"
        )


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
) -> pd.DataFrame:
    """Return the least cost under each cap; the school rule holds throughout.

    Parameters
    ----------
    caps : sequence of float
        Each is the cap on every coefficient, at both stages.
    seconds : float
        For the whole curve.

    Returns
    -------
    DataFrame
        cap, yuan, bound_yuan, gap, possible: `yuan` is NaN where no plan was found, `possible` False where
        it is proven that there is none.
    """
    wrong = [cap for cap in caps if not (np.isfinite(cap) and cap > 0)]
    if wrong or not len(caps):
        raise QbError(f"差异系数限值须大于 0，现为 {wrong or '空'}。")
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    problem = build_problem(data, choose_year(data, year), chosen, costs, None, district)
    rows, end = [], time.monotonic() + seconds
    for done, cap in enumerate(caps):
        found = solve(problem.capped(float(cap)), gap, (end - time.monotonic()) / (len(caps) - done))
        cost = np.nan if found.x is None else float(problem.yuan @ found.x)
        reached = np.nan if found.x is None else gap_of(cost, found.bound)
        rows.append((float(cap), cost, found.bound, reached, not found.impossible))
    return pd.DataFrame(rows, columns=["cap", "yuan", "bound_yuan", "gap", "possible"])
