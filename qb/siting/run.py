"""Candidate sites ranked: the best plans, their walks, and the district under each of them."""

from __future__ import annotations

import time
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from qb.checks import require
from qb.costs import Costs, load_costs
from qb.dataset import Dataset
from qb.judge import COMPOSITE, Assessment, assess, choose_year
from qb.scenario import ScenarioError, apply
from qb.scenario.apply import chosen_standard
from qb.siting.candidates import SitingError, load_candidates, refuse
from qb.siting.plans import NOW, Siting, walked
from qb.siting.price import lacking, opening
from qb.siting.problem import NONE, Labels, Problem, build
from qb.siting.solve import OutOfTimeError, Solution, Status, fewest, solve
from qb.standard import Standard
from qb.terms import COMPULSORY, Verdict

COST = ("cost_yuan", "low_yuan", "high_yuan")


def site(
    data: Dataset,
    candidates: pd.DataFrame | str | Path,
    year: int | None = None,
    standard: Standard | str | None = None,
    most: int = 1,
    capacities: pd.DataFrame | None = None,
    best: int = 3,
    seconds: float = 30.0,
    costs: Costs | str | Path | None = None,
) -> Siting:
    """Choose at most so many sites, and the school of every zone, and judge the district under the best.

    Parameters
    ----------
    data : Dataset
        With `zones`: children, place, and the school assigned today.
    candidates : DataFrame or path
        See `load_candidates`.
    year : int, optional
        The last one of the data unless given.
    standard : Standard or str, optional
        For the walking limits, the detour factor, the class limits and the verdicts.
    most : int
        Sites that may be opened.
    capacities : DataFrame, optional
        `school_id`, `stage`, `capacity` of schools that are there, where not classes × class limit.
    best : int
        How many sets of sites are ranked.
    seconds : float
        For all of the search; what is not proven by then says so.
    costs : Costs or path, optional
        The assumed costs shipped with qb unless given.

    Returns
    -------
    Siting
        Where not everyone can have a place its status says so, and its notes say what would help.

    Raises
    ------
    SitingError
        If candidates or data make no sense; all of it is named.

    Notes
    -----
    First as many children within the walking limit as can be, then the least walk of all children
    together. A zone is kept whole for each stage. Ranked are sets of sites; of the kinds and sizes of a
    site the smallest with which that is reached. A set that does no better than assigning the zones anew
    is not listed.
    """
    require(data)
    chosen, year = chosen_standard(standard), choose_year(data, year)
    wrong = [f"most（至多开办几所）须为不小于 1 的整数，现为 {most}"] if most < 1 else []
    try:
        found = load_candidates(candidates)
    except SitingError as error:
        lines = str(error).splitlines()
        wrong += [line.strip() for line in lines[1:] or lines]
        found = ()
    try:
        problem, labels = build(data, found, year, chosen, capacities)
    except SitingError as error:
        wrong += [line.strip() for line in str(error).splitlines()[1:]]
    refuse(wrong)
    solutions = _ranked(problem, most, best, seconds)
    walks = [_distances(problem, labels, NOW, problem.now)]
    walks += [_distances(problem, labels, n, s.seat) for n, s in enumerate(solutions, start=1)]
    made = Siting(
        year, found, problem, labels, solutions, pd.DataFrame(), pd.concat(walks, ignore_index=True),
        (*labels.notes, *_help(problem, labels, solutions[0], most)),
    )  # fmt: skip
    prices = costs if isinstance(costs, Costs) else load_costs(costs)
    return replace(made, options=_options(made, data, chosen, prices))


def _ranked(problem: Problem, most: int, best: int, seconds: float) -> tuple[Solution, ...]:
    """Return the best plans; where none places everyone, the one with fewest children left over is first."""
    end = time.monotonic() + seconds
    first = solve(problem, most, seconds / 2)
    found, without = [first], [_sites(problem, first)] if first.opened else []
    try:
        if first.opened:
            found.append(solve(problem, 0, (end - time.monotonic()) / best))
        others = best - 1 if first.opened and first.status is not Status.INFEASIBLE else 0
        for left in range(others, 0, -1):
            plan = solve(problem, most, (end - time.monotonic()) / left, without, least=1)
            if plan.status is Status.INFEASIBLE or _rank(plan) >= _rank(found[1]):
                break  # it does no better than new zones without a new school
            found.append(plan)
            without.append(_sites(problem, plan))
    except OutOfTimeError:
        pass  # the best stands; it is only that fewer others are ranked
    return tuple(sorted(found, key=_rank))


def _sites(problem: Problem, plan: Solution) -> frozenset[int]:
    return frozenset(problem.option_site[list(plan.opened)].tolist())


def _rank(solution: Solution) -> tuple[float, float, float, int]:
    few = len(solution.opened)
    if solution.status is Status.INFEASIBLE:
        return solution.unplaced, 0.0, 0.0, few
    # The same sum taken in another order may differ by noise; of equals the one with fewer schools leads.
    return 0.0, -solution.within.value, round(solution.walk.value, 6), few


def _distances(problem: Problem, labels: Labels, option: int, seat: np.ndarray) -> pd.DataFrame:
    way, stage = walked(problem, seat), labels.groups["stage"].to_numpy()
    known = ~np.isnan(way)
    rows = []
    for name in map(str, COMPULSORY):
        some, all_of = known & (stage == name), problem.children[stage == name].sum()
        children = problem.children[some]
        within = children[way[some] <= problem.limit[some] + 1e-9].sum()
        mean = float(children @ way[some] / children.sum()) if len(children) else np.nan
        far = float(way[some].max()) if len(children) else np.nan
        rows.append((option, name, children.sum(), within, mean, far, all_of - children.sum()))
    names = ["option", "stage", "children", "within", "mean_km", "farthest_km", "unknown"]
    return pd.DataFrame(rows, columns=names)


def _options(made: Siting, data: Dataset, standard: Standard, costs: Costs) -> pd.DataFrame:
    now = _standing(assess(data, made.year, standard), costs)
    nothing = dict.fromkeys(("moved", *COST), 0.0)
    rows = [{"option": NOW, "sites": "", "status": None, **nothing, **now}]
    for option, solution in enumerate(made.solutions, start=1):
        moved = made.assigned(option)
        changed = (moved["before"] != moved["school_id"]) & moved["school_id"].notna()
        row = {
            "option": option,
            "sites": "、".join(one.site for one in made.opened(option)),
            "status": solution.status,
            "bound": solution.walk.bound,
            "gap": solution.walk.gap,
            "unplaced": solution.unplaced,
            "moved": moved.loc[changed, "children"].sum(),
        }
        rows.append({**row, **_effect(made, option, data, standard, costs)})
    judged = ["rows", "passing", "no_data", "over", "lacking", "lacking_yuan", "reason"]
    names = ["option", "sites", "status", "bound", "gap", "unplaced", "moved", *COST, *judged]
    table = pd.DataFrame(rows, columns=names)
    ways = made.distances.assign(child_km=made.distances["children"] * made.distances["mean_km"])
    ways = ways.groupby("option").agg(
        children=("children", "sum"),
        within=("within", "sum"),
        child_km=("child_km", "sum"),
        farthest_km=("farthest_km", "max"),
    )
    ways.insert(2, "mean_km", ways["child_km"] / ways["children"].where(ways["children"] > 0))
    return table.merge(ways.reset_index(), on="option")


def _effect(made: Siting, option: int, data: Dataset, standard: Standard, costs: Costs) -> dict[str, object]:
    try:
        after = apply(data, made.scenario(option), made.year, standard)
        standing = _standing(assess(after, made.year, standard), costs)
    except (SitingError, ScenarioError) as error:
        return {"reason": str(error)}
    price = opening(made.opened(option), after, made.year, costs)
    return {**dict(zip(COST, price, strict=True)), **standing}


def _standing(assessment: Assessment, costs: Costs) -> dict[str, object]:
    balance = assessment.balance
    balance = balance[(balance["code"] != COMPOSITE).to_numpy()]
    known = balance["coefficient"].notna().any()
    return {
        "rows": len(assessment.rows),
        "passing": int((assessment.rows["verdict"] == Verdict.PASS).sum()),
        "no_data": int((assessment.rows["verdict"] == Verdict.NO_DATA).sum()),
        "over": int((balance["verdict"] == Verdict.FAIL).sum()) if known else nan,
        "lacking": len(assessment.shortfalls),
        "lacking_yuan": lacking(assessment, costs).yuan,
    }


def _help(problem: Problem, labels: Labels, best: Solution, most: int) -> list[str]:
    """Say how many children have no place under the best plan, and what would help."""
    if best.status is not Status.INFEASIBLE:
        return []
    lines = []
    lost = best.seat == NONE
    places = problem.capacity + problem.option_capacity[list(best.opened)].sum(axis=0)
    for stage in COMPULSORY:
        here = (labels.groups["stage"] == stage).to_numpy()
        children, left = problem.children[here].sum(), problem.children[here & lost].sum()
        held = places[(labels.seats["stage"] == stage).to_numpy()].sum()
        if left:
            short = f"至少还缺 {children - held:.0f} 个" if children > held else "总数够，但小区不拆分放不下"
            lines.append(
                f"{stage.zh}有 {left:.0f} 名学生没有学位"
                f"（适龄 {children:.0f} 人，学位 {held:.0f} 个，{short}）"
            )
    needed = fewest(problem)
    if needed is not None and needed > most:
        lines.append(f"把至多开办的学校数从 {most} 所放宽到 {needed} 所，全部学生都有学位")
    else:
        lines.append("全部候选校址都开办也放不下，请扩大候选学校的规模、增加校址，或给现有学校增班")
    return lines
