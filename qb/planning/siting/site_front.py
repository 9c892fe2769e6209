"""What one more school and what more money buy: best plans by number of sites, the front of cost, reach and
walk, and what a price decides; `qb siting`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.files import write_whole
from qb.planning.costs import Costs, load_costs
from qb.planning.scenario import to_toml
from qb.planning.scenario.coming_years import chosen_standard
from qb.planning.siting.site_choice import COST, document, effect, prices, site, summary, wan
from qb.planning.siting.siting_problem import Aim, Problem
from qb.planning.siting.siting_solver import OutOfTimeError, Siting, Solution, Status, solve, walked
from qb.standard import Standard

# What each number of new schools reaches at best.


def trade_off(
    found: Siting, data: Dataset, standard: Standard, costs: Costs, seconds: float = 60.0
) -> pd.DataFrame:
    """Return what each number of new schools reaches at best, and what one more buys.

    Returns
    -------
    DataFrame
        From no new school, with zones assigned anew, up to the number beyond which one more is not opened:
        `new`, `sites`, `status`, `unplaced`, `within`, `child_km`, `mean_km`, `farthest_km`, `cost_yuan`,
        `low_yuan`, `high_yuan`, `reason` (why it has no cost); against the row before `more_within`,
        `less_km`, `more_yuan`, and `yuan_per_child` more within distance (NaN where there are none more).
    """
    end, problem = time.monotonic() + seconds, found.problem
    plans: list[Solution] = []
    for most in range(problem.sites + 1):
        plan = solve(problem, most, (end - time.monotonic()) / (problem.sites + 1 - most))
        if plan.status is not Status.INFEASIBLE and len(plan.opened) < most:
            break
        plans.append(plan)
    made, rows = replace(found, solutions=tuple(plans)), []
    for new, plan in enumerate(plans):
        opened, row = made.opened(new + 1), {"new": new, "status": plan.status, "unplaced": plan.unplaced}
        row["sites"] = "、".join(one.site for one in opened)
        if plan.status is not Status.INFEASIBLE:
            way = walked(problem, plan.seat)
            row |= {"within": plan.within.value, "child_km": plan.walk.value, "farthest_km": way.max()}
            row["mean_km"] = plan.walk.value / problem.children.sum()
        rows.append(row | effect(made, new + 1, data, standard, costs))
    names = ["new", "sites", "status", "unplaced", "within", "child_km", "mean_km", "farthest_km", *COST]
    table = pd.DataFrame(rows, columns=[*names, "reason"])
    table["more_within"], table["less_km"] = table["within"].diff(), -table["child_km"].diff()
    table["more_yuan"] = table["cost_yuan"].diff()
    table["yuan_per_child"] = table["more_yuan"] / table["more_within"].where(table["more_within"] > 0)
    return table


# The front: plans of which none is cheaper, reaches more and walks less than another, all at once.


STEP = 1e-4  # costs that differ by a smaller share are one
LEVELS = 3  # plans sought at one cost between the most within distance and the least walk


def front(
    found: Siting, data: Dataset, standard: Standard, costs: Costs, most: int | None = None,
    seconds: float = 60.0,
) -> pd.DataFrame:  # fmt: skip
    """Return the plans that no other one outdoes in cost, pupils within distance and kilometres walked.

    Parameters
    ----------
    found : Siting
    most : int, optional
        Sites that may be opened; all of them unless given.
    seconds : float
        For all of the search.

    Returns
    -------
    DataFrame
        By cost: `cost_yuan`, `sites` (each with its places), `options` (numbers of the candidates),
        `within`, `child_km`, `mean_km`, `farthest_km`, `status` (whether proven to be the best of its
        kind), `best` (whether none as cheap has more within distance); of these, against the one before,
        `more_within` and `yuan_per_child`. Its `attrs` say whether the search was `complete`.

    Notes
    -----
    For every cost at which more becomes possible: the plan with most pupils within distance and of these
    the least walk, the one with the least walk of all, and up to `LEVELS` between the two (the least walk
    with so many within distance at least). More plans may lie between those.
    """
    yuan = prices(found.candidates, data, found.year, costs, standard)
    problem = replace(found.problem, option_yuan=yuan)
    plans, complete = edge(problem, problem.sites if most is None else most, seconds)
    table = undominated(problem, plans)
    names = [f"{one.site} ({one.places})" for one in found.candidates]
    table.insert(1, "sites", ["、".join(names[option] for option in options) for options in table["options"]])
    table.attrs["complete"] = complete
    return table


def edge(problem: Problem, most: int, seconds: float) -> tuple[list[Solution], bool]:
    """Return the plans of which the front is made, see `front`, and whether none was left for want of time."""
    end = time.monotonic() + seconds
    plans: list[Solution] = []
    near = replace(problem, counts=Aim.WALK)
    try:
        for one in (replace(problem, counts=Aim.WITHIN), near):
            plans.extend(_by_budget(one, most, end))
        for cost in sorted({_cost(problem, plan) for plan in plans}):
            able = [plan for plan in plans if _cost(problem, plan) <= cost]
            high = max(plan.within.value for plan in able)
            low = min(able, key=lambda plan: plan.walk.value).within.value
            steps = np.ceil(low + (high - low) * np.arange(1, LEVELS + 1) / (LEVELS + 1))
            plans.extend(
                solve(near, most, _left(end), budget=cost, reach=reach)
                for reach in sorted({step for step in steps.tolist() if low < step < high})
            )
    except OutOfTimeError:
        return plans, False
    return plans, time.monotonic() < end


def _left(end: float) -> float:
    if time.monotonic() > end:
        raise OutOfTimeError("时间已到")
    return max(end - time.monotonic(), 1.0)


def _by_budget(problem: Problem, most: int, end: float) -> Iterator[Solution]:
    """Yield the best plan for each budget at which it changes, the dearest first."""
    budget = np.inf
    while True:
        plan = solve(problem, most, _left(end) / 2, budget=budget)
        if plan.status is Status.INFEASIBLE:
            break
        yield plan
        cost = _cost(problem, plan)
        if cost <= 0:
            break
        budget = cost * (1 - STEP)


def _cost(problem: Problem, plan: Solution) -> float:
    return float(problem.option_yuan[list(plan.opened)].sum())


def undominated(problem: Problem, plans: list[Solution]) -> pd.DataFrame:
    """Return the plans that no other one outdoes, as `front` has them; without the names of the sites."""
    rows = [
        {
            "cost_yuan": _cost(problem, plan),
            "options": plan.opened,
            "within": plan.within.value,
            "child_km": plan.walk.value,
            "mean_km": plan.walk.value / problem.children.sum(),
            "farthest_km": float(walked(problem, plan.seat).max()),
            "status": plan.status,
        }
        for plan in plans
        if plan.status is not Status.INFEASIBLE
    ]
    names = ["cost_yuan", "options", "within", "child_km", "mean_km", "farthest_km", "status"]
    table = pd.DataFrame(rows, columns=names)
    # What differs by the solver's tolerance is equal.
    goals = table[["cost_yuan", "within", "child_km"]].astype(float)
    goals = goals.round({"cost_yuan": 0, "within": 0, "child_km": 3}).to_numpy() * [1, -1, 1]
    _, first = np.unique(goals, axis=0, return_index=True)
    goals, table = goals[first], table.iloc[first]
    worse = [((goals <= own).all(axis=1) & (goals < own).any(axis=1)).any() for own in goals]
    table = table[~np.array(worse, dtype=bool)].sort_values(["cost_yuan", "within"], ignore_index=True)
    # In the order of costs: whoever has more within distance than all before is the most for the cost.
    most = table.groupby("cost_yuan")["within"].transform("max")
    before = table["within"].where(table["within"] == most).cummax().shift().fillna(-1.0)
    table["best"] = (table["within"] == most) & (table["within"] > before)
    best = table[table["best"]]
    table["more_within"] = best["within"].diff().reindex(table.index)
    table["yuan_per_child"] = (best["cost_yuan"].diff() / best["within"].diff()).reindex(table.index)
    return table


# Which sites would be chosen if one of them cost more or less.


SWING = 0.2  # by how much a price is tried up and down


def swayed(table: pd.DataFrame, found: Siting, yuan: np.ndarray) -> pd.DataFrame:
    """Return which plan of a front buys each further pupil within distance for least, as a site's cost moves.

    Parameters
    ----------
    table : DataFrame
        As `front` gives it.
    found : Siting
    yuan : ndarray, shape (candidates,)
        See `qb.planning.siting.site_choice.prices`.

    Returns
    -------
    DataFrame
        For each site of the front's plans `site`, and the sites chosen at its cost (`now`), at `SWING` less
        and at `SWING` more (`cheaper`, `dearer`); none where no plan reaches more than the cheapest. Only
        plans of the front are looked at.

    Examples
    --------
    For 10 million yuan 100 more, for 18 million 150 more: the first, at 0.10 against 0.12 million each. A
    fifth dearer the first costs 0.12 too: it stays, for it is the cheaper one.
    """
    best = table[table["best"]]
    sites = np.array([one.site for one in found.candidates], dtype=object)

    def chosen(dear: str | None = None, factor: float = 1.0) -> str:
        moved = np.where(sites == dear, factor, 1.0) * yuan
        cost = np.array([moved[list(options)].sum() for options in best["options"]])
        more = best["within"].to_numpy() - best["within"].iloc[0]
        each = np.divide(cost - cost[0], more, out=np.full(len(best), np.inf), where=more > 0)
        # What differs by noise is equal, and of equals the cheaper one is chosen.
        place = np.lexsort((cost, each.round(6)))[0] if (more > 0).any() else 0
        return str(best["sites"].iloc[place]) if (more > 0).any() else ""

    named = dict.fromkeys(sites[option] for options in best["options"] for option in options)
    rows = [(name, chosen(), chosen(name, 1 - SWING), chosen(name, 1 + SWING)) for name in named]
    return pd.DataFrame(rows, columns=["site", "now", "cheaper", "dearer"])


# Both in lines for a terminal.


def trade_off_lines(curve: pd.DataFrame, sites: int) -> str:
    """Return in plain text what each number of new schools, of so many sites, reaches, and one more buys."""
    lines = ["  逐所增加（每行是该建校数下的最优方案，括号内与上一行比）："]
    for row in curve.itertuples():
        name = f"    {row.new} 所　{row.sites or '只调整划片'}"
        if row.unplaced > 0:
            lines.append(f"{name}：{row.unplaced:.0f} 名学生没有学位")
            continue
        known = row.more_within == row.more_within
        more = f"（增 {row.more_within:.0f} 名）" if known else ""
        less = f"（减 {row.less_km:.1f} 千米）" if known else ""
        text = (
            f"{name}：步行距离以内 {row.within:.0f} 名{more}，步行总里程 {row.child_km:.1f} 千米{less}，"
            f"最远 {row.farthest_km:.2f} 千米"
        )
        if isinstance(row.reason, str):
            text += f"；{row.reason}"
        elif row.new:
            text += f"；建校约 {wan(row.cost_yuan)} 万元"
            if row.yuan_per_child == row.yuan_per_child:
                text += f"，每增一名约 {row.yuan_per_child / 10000:.1f} 万元"
        lines.append(f"{text}；{Status(row.status).zh}")
    if len(curve) <= sites:
        lines.append(f"    第 {len(curve)} 所未见所得，不再增加")
    return "\n".join(lines)


def front_lines(table: pd.DataFrame, swings: pd.DataFrame) -> str:
    """Return the front in plain text, what each further pupil costs, and which price would change the choice."""
    lines = ["  费用、步行距离以内的学生与步行总里程互不占优的方案（前沿）："]
    for row in table.itertuples():
        more = ""
        if row.yuan_per_child == row.yuan_per_child:
            each = row.yuan_per_child / 10000
            more = f"；比省钱一档多 {row.more_within:.0f} 名，每增一名约 {each:.1f} 万元"
        lines.append(
            f"    约 {wan(row.cost_yuan)} 万元　{row.sites or '只调整划片'}：步行距离以内 {row.within:.0f} 名，"
            f"步行总里程 {row.child_km:.1f} 千米，最远 {row.farthest_km:.2f} 千米{more}；{Status(row.status).zh}"
        )
    if not table.attrs["complete"]:
        lines.append("    到时为止，前沿可能还有别的方案")
    lines += [f"  {line}" for line in swing_lines(swings)]
    return "\n".join(lines)


def swing_lines(swings: pd.DataFrame) -> list[str]:
    """Say which plan buys each further pupil for least, and which site's cost would change that."""
    if not len(swings) or not swings["now"].iloc[0]:
        return ["没有一个方案比最省钱的让更多学生就近入学"]
    now = swings["now"].iloc[0]
    lines = [f"每增一名就近入学的学生花费最少的：{now}"]
    for row in swings.itertuples():
        for word, other in (("降", row.cheaper), ("升", row.dearer)):
            if other != now:
                lines.append(f"{row.site} 的费用{word} {SWING:.0%}，改为 {other}")
    same = [f"任一校址的费用升降 {SWING:.0%}，选择不变"]
    return lines if len(lines) > 1 else lines + same


# What ``qb siting`` does: read, choose, print.


def run(
    data: Path,
    candidates: Path,
    year: int | None = None,
    standard: str | None = None,
    most: int = 1,
    costs: Path | None = None,
    out: Path | None = None,
    curve: bool = False,
    as_json: bool = False,
) -> str:
    """Return what the command prints; write the best plan as a scenario file where `out` is given."""
    given, priced, chosen = read(data, standard), load_costs(costs), chosen_standard(standard)
    found = site(given, candidates, year, standard, most, costs=priced)
    if out is not None:
        write_whole(out, to_toml(found.scenario(1)))
    more = trade_off(found, given, chosen, priced) if curve else None
    edge = front(found, given, chosen, priced) if curve else None
    if as_json:
        return json.dumps(document(found, more, edge), ensure_ascii=False, allow_nan=False)
    text = summary(found)
    if more is None or edge is None:
        return text
    swings = swayed(edge, found, prices(found.candidates, given, found.year, priced, chosen))
    return "\n".join([text, trade_off_lines(more, found.problem.sites), front_lines(edge, swings)])
