"""Candidate sites ranked: walks, prices, the district's verdicts under each; as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset
from qb.indicators.assessment import Assessment, assess, choose_year
from qb.indicators.verdicts import COMPOSITE
from qb.language import Message, column, listing, records
from qb.planning.costs import Costs, load_costs, price_code
from qb.planning.scenario import ScenarioError, apply
from qb.planning.scenario.action_base import Case, Item, Price, Prices
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.scenario.year_records import YearRecords
from qb.planning.siting.candidate_sites import (
    Aim,
    Candidate,
    SitesFile,
    SitingError,
    load_sites,
    named,
    refuse,
)
from qb.planning.siting.siting_problem import NONE, Labels, SitingProblem, build
from qb.planning.siting.siting_solver import (
    NOW,
    OutOfTimeError,
    Siting,
    SitingSolution,
    SitingStatus,
    fewest,
    school_opened,
    solve,
    walked,
)
from qb.standard import Standard, chosen_standard
from qb.terms import COMPULSORY, Verdict

# What opening a school costs, and what the district would still lack: assumed prices, with low and high.


def total(prices: Iterable[Price]) -> Price:
    """Return the prices added up.

    >>> total([Price(3.0, 2.0, 5.0), Price(1.0, 1.0, 1.0)])[:3]
    (4.0, 3.0, 6.0)
    """
    listed = list(prices)
    return Price(*(float(sum(price[k] for price in listed)) for k in range(3)))


def opening(
    actions: Iterable[OpenSchool], after: Dataset, year: int, costs: Costs, standard: Standard
) -> list[Price]:
    """Return what opening each school costs in its first year, as `qb whatif` counts the same action.

    Parameters
    ----------
    after : Dataset
        With the schools opened: what they hold is priced, unless an action says what it costs to build, and a
        year's pay of their teachers. Land, offices and canteens are not among it.
    """
    register = YearRecords.of(after, year)
    case = Case(Prices.of(standard, costs), after, year, lambda: register)
    return [
        total(cost for item in action.bought(case) if (cost := item.cost()) is not None) for action in actions
    ]


def lacking(assessment: Assessment, costs: Costs) -> Price:
    """Return the price of everything that judged schools lack to the standard."""
    lacks = assessment.shortfalls[["code", "stage", "school_id", "to_standard"]].dropna()
    return total(
        Item(code, stage, amount, costs.price(price_code(assessment.standard[code]), stage, school)).cost()
        for code, stage, school, amount in lacks.itertuples(index=False)
    )


def prices(
    candidates: Sequence[Candidate], data: Dataset, year: int, costs: Costs, standard: Standard
) -> np.ndarray:
    """Return what opening each candidate costs, yuan: kinds and sizes of one site as if each stood alone."""
    alone = [one.model_copy(update={"site": f"{one.site}·{n}"}) for n, one in enumerate(candidates)]
    actions = [school_opened(one) for one in alone]
    after = apply(data, actions, year, standard)
    return np.array([price.yuan for price in opening(actions, after, year, costs, standard)])


# Candidate sites ranked: the best plans, their walks, and the district under each of them.


COST = ("cost_yuan", "low_yuan", "high_yuan")


def site(
    data: Dataset,
    candidates: pd.DataFrame | str | Path,
    year: int | None = None,
    standard: Standard | str | None = None,
    most: int = 1,
    capacities: pd.DataFrame | None = None,
    best: int = 3,
    seconds: float = 60.0,
    costs: Costs | str | Path | None = None,
) -> Siting:
    """Choose at most so many sites, and the school of every zone, and judge the district under the best.

    Parameters
    ----------
    data : Dataset
        With `zones`: children, place, and the school assigned today.
    candidates : DataFrame or path
        See `load_sites`.
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
    First as many children within the walking limit as can be, or what else the file of candidates counts
    first (`Aim`), then the least walk of all children together. A zone is kept whole for each stage.
    Ranked are sets of sites; of the kinds and sizes of a site the smallest with which that is reached. A
    set that does no better than assigning the zones anew
    is not listed.
    """
    require(data)
    chosen, year = chosen_standard(standard), choose_year(data, year)
    wrong = (
        [
            Message(
                "most（至多开办几所）须为不小于 1 的整数，现为 {}",
                "most (how many to open at most) must be a whole number of 1 or more; it is {}",
                most,
            )
        ]
        if most < 1
        else []
    )
    try:
        asked = load_sites(candidates)
    except SitingError as error:
        wrong += error.lines or [error.said]
        asked = SitesFile()
    try:
        problem, labels = build(data, asked, year, chosen, capacities, named(candidates))
    except SitingError as error:
        wrong += error.lines
    refuse(wrong, named(candidates))
    solutions = _ranked(problem, most, best, seconds)
    walks = [_distances(problem, labels, NOW, problem.now)]
    walks += [_distances(problem, labels, n, s.seat) for n, s in enumerate(solutions, start=1)]
    made = Siting(
        year, asked, problem, labels, solutions, pd.DataFrame(), pd.concat(walks, ignore_index=True),
        (*labels.notes, *_help(problem, labels, solutions[0], most)),
    )  # fmt: skip
    return replace(made, options=_options(made, data, chosen, load_costs(costs)))


def _ranked(problem: SitingProblem, most: int, best: int, seconds: float) -> tuple[SitingSolution, ...]:
    """Return the best plans; where none places everyone, the one with fewest children left over is first."""
    end = time.monotonic() + seconds
    first = solve(problem, most, seconds / 2)
    found, without = [first], [_sites(problem, first)] if first.opened else []
    try:
        if first.opened:
            found.append(solve(problem, 0, (end - time.monotonic()) / best))
        others = best - 1 if first.opened and first.status is not SitingStatus.INFEASIBLE else 0
        for left in range(others, 0, -1):
            plan = solve(problem, most, (end - time.monotonic()) / left, without, least=1)
            if plan.status is SitingStatus.INFEASIBLE or _rank(problem, plan) >= _rank(problem, found[1]):
                break  # it does no better than new zones without a new school
            found.append(plan)
            without.append(_sites(problem, plan))
    except OutOfTimeError:
        pass  # the best stands; it is only that fewer others are ranked
    return tuple(sorted(found, key=lambda plan: _rank(problem, plan)))


def _sites(problem: SitingProblem, plan: SitingSolution) -> frozenset[int]:
    return frozenset(problem.option_site[list(plan.opened)].tolist())


def _rank(problem: SitingProblem, solution: SitingSolution) -> tuple[float, float, float, int]:
    few = len(solution.opened)
    if solution.status is SitingStatus.INFEASIBLE:
        return solution.unplaced, 0.0, 0.0, few
    # The same sum taken in another order may differ by noise; of equals the one with fewer schools leads.
    first = {
        Aim.WITHIN: -solution.within.value,
        Aim.WALK: 0.0,
        Aim.FARTHEST: round(solution.farthest.value, 6),
    }
    return 0.0, first[problem.counts], round(solution.walk.value, 6), few


def _distances(problem: SitingProblem, labels: Labels, option: int, seat: np.ndarray) -> pd.DataFrame:
    way, stage = walked(problem, seat), labels.groups["stage"].to_numpy()
    known = ~np.isnan(way)
    rows = []
    for name in map(str, COMPULSORY):
        some, all_of = known & (stage == name), problem.children[stage == name].sum()
        children = problem.children[some]
        within = children[problem.limit.meets(way)[some]].sum()
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
            "sites": listing(one.site for one in made.opened(option)),
            "status": solution.status,
            "within_bound": solution.within.bound,
            "within_gap": solution.within.gap,
            "farthest_bound": solution.farthest.bound,
            "farthest_gap": solution.farthest.gap,
            "bound": solution.walk.bound,
            "gap": solution.walk.gap,
            "unplaced": solution.unplaced,
            "moved": moved.loc[changed, "children"].sum(),
        }
        rows.append({**row, **effect(made, option, data, standard, costs)})
    judged = ["rows", "passing", "no_data", "over", "lacking", "lacking_yuan", "reason"]
    proof = ["status", "within_bound", "within_gap", "farthest_bound", "farthest_gap", "bound", "gap"]
    names = ["option", "sites", *proof, "unplaced", "moved", *COST, *judged]
    table = in_words(rows, names)
    ways = made.distances.assign(child_km=made.distances["children"] * made.distances["mean_km"])
    ways = ways.groupby("option").agg(
        children=("children", "sum"),
        within=("within", "sum"),
        child_km=("child_km", "sum"),
        farthest_km=("farthest_km", "max"),
    )
    ways.insert(2, "mean_km", ways["child_km"] / ways["children"].where(ways["children"] > 0))
    return table.merge(ways.reset_index(), on="option")


def in_words(rows: list[dict[str, object]], names: list[str]) -> pd.DataFrame:
    """Return rows as a table whose sites and reasons stay messages."""
    messages = {name: column(row.get(name) for row in rows) for name in ("sites", "reason")}
    return pd.DataFrame(rows, columns=names).assign(**messages)


def effect(made: Siting, option: int, data: Dataset, standard: Standard, costs: Costs) -> dict[str, object]:
    """Return what a plan costs to open and the district under it, or the reason why it cannot be judged."""
    try:
        scenario = made.scenario(option)
        after = apply(data, scenario, made.year, standard)
        standing = _standing(assess(after, made.year, standard), costs)
    except (SitingError, ScenarioError) as error:
        return {"reason": error.said}
    opened = [action for action in scenario.actions if isinstance(action, OpenSchool)]
    price = total(opening(opened, after, made.year, costs, standard))
    return {**dict(zip(COST, price, strict=False)), **standing}


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


def _help(problem: SitingProblem, labels: Labels, best: SitingSolution, most: int) -> list[str]:
    """Say how many children have no place under the best plan, and what would help."""
    if best.status is not SitingStatus.INFEASIBLE:
        return []
    lines = []
    lost = best.seat == NONE
    places = problem.capacity + problem.option_capacity[list(best.opened)].sum(axis=0)
    for stage in COMPULSORY:
        here = (labels.groups["stage"] == stage).to_numpy()
        children, left = problem.children[here].sum(), problem.children[here & lost].sum()
        held = places[(labels.seats["stage"] == stage).to_numpy()].sum()
        if left:
            short = (
                Message("至少还缺 {:.0f} 个", "at least {:.0f} places too few", children - held)
                if children > held
                else Message(
                    "总数够，但小区不拆分放不下",
                    "enough places in all, but zones are kept whole and do not fit",
                )
            )
            lines.append(
                Message(
                    "{}有 {:.0f} 名学生没有学位（适龄 {:.0f} 人，学位 {:.0f} 个，{}）",
                    "{}: {:.0f} pupils have no place ({:.0f} children, {:.0f} places, {})",
                    stage,
                    left,
                    children,
                    held,
                    short,
                )
            )
    needed = fewest(problem)
    if needed is not None and needed > most:
        lines.append(
            Message(
                "把至多开办的学校数从 {} 所放宽到 {} 所，全部学生都有学位",
                "with up to {1} new schools instead of {0} all pupils have a place",
                most,
                needed,
            )
        )
    else:
        lines.append(
            Message(
                "全部候选校址都开办也放不下，请扩大候选学校的规模、增加校址，或给现有学校增班",
                "all candidates together are not enough: plan larger schools, add sites, or add classes to schools that are there",
            )
        )
    return lines


# A siting as one JSON document, in the shape that others rely on (see the README).


FIGURES = (
    "children",
    "within",
    "within_bound",
    "within_gap",
    "mean_km",
    "farthest_km",
    "farthest_bound",
    "farthest_gap",
    "child_km",
    "bound",
    "gap",
    "unplaced",
    "moved",
    "cost_yuan",
    "low_yuan",
    "high_yuan",
    "rows",
    "passing",
    "no_data",
    "over",
    "lacking",
    "lacking_yuan",
)


def json_document(
    siting: Siting, curve: pd.DataFrame | None = None, front: pd.DataFrame | None = None
) -> dict[str, object]:
    """Return a siting as plain lists and dicts; figures unrounded, what is not known as null.

    With `curve` and `front` (see `qb.planning.siting.pareto_front`) what each number of new schools, and each sum
    of money, reaches stands there too; of the front also whether it is complete (`front_complete`), of how
    many sums of money (`front_points`; null: of every cost), whether all of them are proven (`front_proven`), and
    what is proven of all plans that cost no more than a budget (`front_bounds`; null: any cost).
    """
    more = {
        name: records(frame.assign(status=frame["status"].map(str)))
        for name, frame in (("curve", curve), ("front", front))
        if frame is not None
    }
    if front is not None:
        bounds = front.attrs["bounds"].replace(np.inf, np.nan)
        asked = {"front_complete": front.attrs["complete"], "front_points": front.attrs["points"]}
        more |= asked | {"front_proven": front.attrs["proven"], "front_bounds": records(bounds)}
    return {
        "year": siting.year,
        "status": str(siting.status),
        "counts": str(siting.asked.counts),
        "limits_km": siting.labels.limits_km,
        "detour": siting.labels.detour,
        "ways": siting.labels.pairs,
        "ways_measured": siting.labels.measured,
        "closest": siting.closest,
        "options": [_option(siting, record) for record in records(siting.options)],
        "notes": list(siting.notes),
        **more,
    }


def _option(siting: Siting, record: dict[str, object]) -> dict[str, object]:
    option = record["option"]
    ways = siting.distances[(siting.distances["option"] == option).to_numpy()]
    done = option == NOW
    return {
        "option": option,
        "status": None if done else str(SitingStatus(record["status"])),
        "sites": [] if done else [_site(one) for one in siting.opened(option)],
        **{name: record[name] for name in FIGURES},
        "reason": record["reason"],
        "stages": records(ways.drop(columns="option")),
        "assignments": [] if done else records(siting.assigned(option)),
    }


def _site(one: Candidate) -> dict[str, object]:
    return {
        "site": one.site,
        "name": one.name,
        "kind": str(one.kind),
        "longitude": one.longitude,
        "latitude": one.latitude,
        "capacity": {str(stage): one.capacity(stage) for stage in COMPULSORY if one.capacity(stage)},
        "cost_yuan": one.cost_yuan,
        "source": one.source,
    }


# A siting in a few lines, for a terminal.
