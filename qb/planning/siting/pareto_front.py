"""The front of cost, reach and walk; what one more school buys; `qb siting`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.errors import QbError
from qb.files import write_whole
from qb.language import Both, Lang, Message, column, joined, json_text, listing, told
from qb.planning.costs import Costs, load_costs
from qb.planning.scenario import to_toml
from qb.planning.siting.candidate_sites import Aim
from qb.planning.siting.site_choice import (
    COST,
    effect,
    in_words,
    json_document,
    prices,
    site,
    summary,
    tens_of_thousands,
)
from qb.planning.siting.siting_problem import SitingProblem
from qb.planning.siting.siting_solver import (
    OutOfTimeError,
    Siting,
    SitingSolution,
    SitingStatus,
    solve,
    walked,
)
from qb.standard import Standard, chosen_standard

# What each number of new schools reaches at best.


QUICK, PATIENT = 60.0, 300.0  # seconds for a curve or a front, and where so many sums of money are asked for
SHARE = 3  # one search may take this part of the time left


def trade_off(
    found: Siting, data: Dataset, standard: Standard, costs: Costs, most: int | None = None,
    seconds: float = QUICK,
) -> pd.DataFrame:  # fmt: skip
    """Return what each number of new schools reaches at best, up to `most` of them, and what one more buys.

    Returns
    -------
    DataFrame
        From no new school, with zones assigned anew, up to the number beyond which one more is not opened:
        `new`, `sites`, `status`, `unplaced`, `within`, `child_km`, `mean_km`, `farthest_km`, `cost_yuan`,
        `low_yuan`, `high_yuan`, `reason` (why it has no cost); against the row before `more_within`,
        `less_km`, `more_yuan`, and `yuan_per_child` more within distance (NaN where there are none more).
        Its `attrs` say whether it ends because the time was up (`late`) or a school more brought nothing
        (`stops`).
    """
    end, problem = time.monotonic() + seconds, found.problem
    plans: list[SitingSolution] = []
    late, stops = False, False
    try:
        for new in range((problem.sites if most is None else min(most, problem.sites)) + 1):
            plan = solve(problem, new, _left(end) / SHARE)
            if stops := plan.status is not SitingStatus.INFEASIBLE and len(plan.opened) < new:
                break
            plans.append(plan)
    except OutOfTimeError:
        late = True
    made, rows = replace(found, solutions=tuple(plans)), []
    for new, plan in enumerate(plans):
        opened, row = made.opened(new + 1), {"new": new, "status": plan.status, "unplaced": plan.unplaced}
        row["sites"] = listing(one.site for one in opened)
        if plan.status is not SitingStatus.INFEASIBLE:
            way = walked(problem, plan.seat)
            row |= {"within": plan.within.value, "child_km": plan.walk.value, "farthest_km": way.max()}
            row["mean_km"] = plan.walk.value / problem.children.sum()
        rows.append(row | effect(made, new + 1, data, standard, costs))
    names = ["new", "sites", "status", "unplaced", "within", "child_km", "mean_km", "farthest_km", *COST]
    table = in_words(rows, [*names, "reason"])
    table["more_within"], table["less_km"] = table["within"].diff(), -table["child_km"].diff()
    table["more_yuan"] = table["cost_yuan"].diff()
    table["yuan_per_child"] = table["more_yuan"] / table["more_within"].where(table["more_within"] > 0)
    table.attrs |= {"late": late, "stops": stops}
    return table


# The front: plans of which none is cheaper, reaches more and walks less than another, all at once.


LEAST_KM = 1e-6  # walks that differ by less are one
STEP = 1e-4  # costs that differ by a smaller share are one
LEVELS = 3  # plans sought at one cost between the most within distance and the least walk
SPREAD = 5  # sums of money looked at first, so that a search that ends early knows all of the front roughly


class Edge(NamedTuple):
    """The plans of which a front is made, what is proven of all plans, and whether all asked for is proven.

    `bounds` has a row for each budget that was solved: `budget_yuan` (infinite: any), and of plans that cost
    no more `within_at_most` (pupils within distance) and `child_km_at_least` (walks of all), NaN where that
    was not solved.
    """

    plans: list[SitingSolution]
    bounds: pd.DataFrame
    proven: bool


def front(
    found: Siting, data: Dataset, standard: Standard, costs: Costs, most: int | None = None,
    seconds: float = QUICK, points: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return the plans that no other one outdoes in cost, pupils within distance and kilometres walked.

    Parameters
    ----------
    found : Siting
    most : int, optional
        Sites that may be opened; all of them unless given.
    seconds : float
        For all of the search.
    points : int, optional
        Look at so many sums of money only, 2 or more, evenly from none to that of the dearest plan.

    Returns
    -------
    DataFrame
        By cost: `cost_yuan`, `sites` (each with its places), `options` (numbers of the candidates),
        `within`, `child_km`, `mean_km`, `farthest_km`, `status` (whether proven to be the best of its
        kind), `best` (whether none as cheap has more within distance); of these, against the one before,
        `more_within` and `yuan_per_child`. Its `attrs` hold `points`, whether all that was asked for was
        found and is `proven`, whether the front is `complete`, and the `bounds` of `Edge`.

    Notes
    -----
    For every cost at which more becomes possible: the plan with most pupils within distance and of these
    the least walk, the one with the least walk of all, and up to `LEVELS` between the two (the least walk
    with so many within distance at least). More plans may lie between those. Complete means that all of these
    were found and each is proven. With `points` there are for each sum of money the first two alone: for a
    county with tens of sites, where each cost may be one at which more becomes possible. The bounds hold in any
    case, also of plans that cost less than their budget.
    """
    if points is not None and points < 2:
        raise QbError(
            "前沿至少取 2 档费用（--points），现为 {}。",
            "A front has at least 2 sums of money (--points); it is {}.",
            points,
        )
    yuan = prices(found.candidates, data, found.year, costs, standard)
    problem = replace(found.problem, option_yuan=yuan)
    found_edge = edge(problem, problem.sites if most is None else most, seconds, points)
    table = undominated(problem, found_edge.plans)
    names = [f"{one.site} ({one.places})" for one in found.candidates]
    sites = column(listing(names[option] for option in options) for options in table["options"])
    table.insert(1, "sites", sites)
    complete = found_edge.proven and points is None
    told = {"complete": complete, "proven": found_edge.proven, "points": points, "bounds": found_edge.bounds}
    table.attrs |= told
    return table


def edge(problem: SitingProblem, most: int, seconds: float, points: int | None = None) -> Edge:
    """Return the plans of which the front is made, see `front`, and what is proven of all plans."""
    end = time.monotonic() + seconds
    both = {aim: replace(problem, counts=aim) for aim in (Aim.WITHIN, Aim.WALK)}
    found: dict[Aim, list[Found]] = {aim: [] for aim in both}
    plans: list[SitingSolution] = []
    near, done = both[Aim.WALK], True
    try:
        for aim, known in _spread(both, most, points or SPREAD, end):
            found[aim].append(known)
        for aim, one in both.items() if points is None else ():
            found[aim].extend(_between(one, most, list(found[aim]), end))
        plans += _able(found)
        for cost in sorted({_cost(problem, plan) for plan in plans if points is None}):
            able = [plan for plan in plans if _cost(problem, plan) <= cost]
            high = max(plan.within.value for plan in able)
            low = min(able, key=lambda plan: plan.walk.value).within.value
            steps = np.ceil(low + (high - low) * np.arange(1, LEVELS + 1) / (LEVELS + 1))
            plans.extend(
                solve(near, most, _left(end), budget=cost, reach=reach)
                for reach in sorted({step for step in steps.tolist() if low < step < high})
            )
    except OutOfTimeError:
        plans, done = plans or _able(found), False
    solved = {aim: {budget: plan for budget, plan in known if _placed(plan)} for aim, known in found.items()}
    near_most = {budget: plan.within.bound for budget, plan in solved[Aim.WITHIN].items()}
    walk_least = {budget: plan.walk.bound for budget, plan in solved[Aim.WALK].items()}
    bounds = pd.DataFrame({"within_at_most": near_most, "child_km_at_least": walk_least}, dtype=float)
    bounds = bounds.sort_index(ascending=False).rename_axis("budget_yuan").reset_index()
    return Edge(plans, bounds, done and all(plan.status is SitingStatus.OPTIMAL for plan in plans))


def _able(found: dict[Aim, list[Found]]) -> list[SitingSolution]:
    return [plan for known in found.values() for _, plan in known if _placed(plan)]


def _placed(plan: SitingSolution) -> bool:
    """Return whether everyone has a place."""
    return plan.status is not SitingStatus.INFEASIBLE


def _left(end: float) -> float:
    if time.monotonic() > end:
        raise OutOfTimeError("时间已到", "out of time")
    return max(end - time.monotonic(), 1.0)


Found = tuple[float, SitingSolution]  # a budget, and the best plan for it


def _spread(
    both: dict[Aim, SitingProblem], most: int, points: int, end: float
) -> Iterator[tuple[Aim, Found]]:
    """Yield the best plans of each kind for so many budgets spread over the costs, the dearest first."""
    best = {aim: solve(one, most, _left(end) / SHARE) for aim, one in both.items()}
    dearest = max(_cost(one, best[aim]) for aim, one in both.items())
    for part in range(points - 1, -1, -1) if dearest else [points - 1]:
        budget = np.inf if part == points - 1 else dearest * part / (points - 1)
        for aim, one in both.items():
            if _cost(one, best[aim]) > budget:  # else what is best for more money is best for this as well
                best[aim] = solve(one, most, _left(end) / SHARE, budget=budget)
            if best[aim].status is SitingStatus.INFEASIBLE:
                return
            yield aim, (budget, best[aim])


def _between(problem: SitingProblem, most: int, known: list[Found], end: float) -> Iterator[Found]:
    """Yield the best plans for the budgets between those known at which they change."""
    for (_, plan), (below, other) in pairwise(known):
        while (budget := _cost(problem, plan) * (1 - STEP)) > below and not _alike(problem, plan, other):
            plan = solve(problem, most, _left(end) / SHARE, budget=budget)
            if plan.status is SitingStatus.INFEASIBLE:
                break
            yield budget, plan


def _alike(problem: SitingProblem, plan: SitingSolution, other: SitingSolution) -> bool:
    """Return whether two plans reach as much of what counts first."""
    if other.status is SitingStatus.INFEASIBLE:
        return False
    if problem.counts is Aim.WALK:
        return abs(plan.walk.value - other.walk.value) < LEAST_KM
    return plan.within.value == other.within.value


def _cost(problem: SitingProblem, plan: SitingSolution) -> float:
    return float(problem.option_yuan[list(plan.opened)].sum())


def undominated(problem: SitingProblem, plans: list[SitingSolution]) -> pd.DataFrame:
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
        if plan.status is not SitingStatus.INFEASIBLE
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

    def chosen(dear: str | None = None, factor: float = 1.0) -> Message | str:
        moved = np.where(sites == dear, factor, 1.0) * yuan
        cost = np.array([moved[list(options)].sum() for options in best["options"]])
        more = best["within"].to_numpy() - best["within"].iloc[0]
        each = np.divide(cost - cost[0], more, out=np.full(len(best), np.inf), where=more > 0)
        # What differs by noise is equal, and of equals the cheaper one is chosen.
        place = np.lexsort((cost, each.round(6)))[0] if (more > 0).any() else 0
        return best["sites"].iloc[place] if (more > 0).any() else ""

    named = dict.fromkeys(sites[option] for options in best["options"] for option in options)
    rows = [(name, chosen(), chosen(name, 1 - SWING), chosen(name, 1 + SWING)) for name in named]
    return pd.DataFrame(rows, columns=["site", "now", "cheaper", "dearer"], dtype=object)


# Both in lines for a terminal.


def trade_off_lines(curve: pd.DataFrame) -> Message:
    """Return in plain text what each number of new schools reaches, and one more buys."""
    lines = [
        Message(
            "  逐所增加（每行是该建校数下的最优方案，括号内与上一行比）：",
            "  One more at a time (each line the best plan for that many schools, against the line before in brackets):",
        )
    ]
    for row in curve.itertuples():
        sites_said = row.sites or Both("只调整划片", "zones alone")
        name = Message("    {} 所　{}", "    {}  {}", row.new, sites_said)
        if row.unplaced > 0:
            zh, en = "{}：{:.0f} 名学生没有学位", "{}: {:.0f} pupils have no place"
            lines.append(Message(zh, en, name, row.unplaced))
            continue
        known = row.more_within == row.more_within
        text = Message(
            "{}：步行距离以内 {:.0f} 名{}，步行总里程 {:.1f} 千米{}，最远 {:.2f} 千米",
            "{}: {:.0f} within the walk{}, {:.1f} km of walks in all{}, farthest {:.2f} km",
            name,
            row.within,
            Message("（增 {:.0f} 名）", " ({:.0f} more)", row.more_within) if known else "",
            row.child_km,
            _apart(row.less_km) if known else "",
            row.farthest_km,
        )
        if isinstance(row.reason, str):
            text += Message("；{}", "; {}", row.reason)
        elif row.new:
            cost = tens_of_thousands(row.cost_yuan)
            text += Message(
                "；建校和第一年工资约 {} 万元", "; schools with a year's pay for about {} yuan", cost
            )
            if row.yuan_per_child == row.yuan_per_child:
                text += Message(
                    "，每增一名约 {} 万元",
                    ", about {} yuan for each child more",
                    Both(f"{row.yuan_per_child / 10000:.1f}", f"{row.yuan_per_child:,.0f}"),
                )
        lines.append(Message("{}；{}", "{}; {}", text, SitingStatus(row.status)))
    if curve.attrs["late"]:
        zh, en = "    到时，第 {} 所起没有算", "    Out of time: nothing is known from school {} on"
        lines.append(Message(zh, en, len(curve)))
    elif curve.attrs["stops"]:
        zh, en = "    第 {} 所未见所得，不再增加", "    No gain is seen from school {}: no more are tried"
        lines.append(Message(zh, en, len(curve)))
    return joined("\n", "\n", lines)


def _apart(less: float) -> Message:
    zh, en = (
        ("（减 {:.1f} 千米）", " ({:.1f} km less)")
        if less >= 0
        else ("（增 {:.1f} 千米）", " ({:.1f} km more)")
    )
    return Message(zh, en, abs(less))


def front_lines(table: pd.DataFrame, swings: pd.DataFrame) -> Message:
    """Return the front in plain text, what each further pupil costs, and which price would change the choice."""
    lines = [
        Message(
            "  费用、步行距离以内的学生与步行总里程互不占优的方案（前沿）：",
            "  Plans of which none is better in cost, pupils within the walk and walks in all (the front):",
        )
    ]
    for row in table.itertuples():
        more = ""
        if row.yuan_per_child == row.yuan_per_child:
            more = Message(
                "；比省钱一档多 {:.0f} 名，每增一名约 {} 万元",
                "; {:.0f} more than the cheaper one, about {} yuan for each",
                row.more_within,
                Both(f"{row.yuan_per_child / 10000:.1f}", f"{row.yuan_per_child:,.0f}"),
            )
        lines.append(
            Message(
                "    约 {} 万元　{}：步行距离以内 {:.0f} 名，步行总里程 {:.1f} 千米，最远 {:.2f} 千米{}；{}",
                "    about {} yuan  {}: {:.0f} within the walk, {:.1f} km of walks in all, farthest {:.2f} km{}; {}",
                tens_of_thousands(row.cost_yuan),
                row.sites or Both("只调整划片", "zones alone"),
                row.within,
                row.child_km,
                row.farthest_km,
                more,
                SitingStatus(row.status),
            )
        )
    lines += [Message("    {}", "    {}", line) for line in proven_lines(table)]
    if table.attrs["proven"]:  # of what was not found nothing is said
        lines += [Message("  {}", "  {}", line) for line in swing_lines(swings)]
    return joined("\n", "\n", lines)


def proven_lines(table: pd.DataFrame) -> list[Message]:
    """Say whether a front is complete; where it is not, what is proven of every plan of each sum of money."""
    points = table.attrs["points"]
    if table.attrs["complete"]:
        zh = "前沿已查完，各方案均已证最优；同一费用下就近最多与里程最少的方案之间至多列 {} 个"
        en = "The front is complete, each plan proven best; between most within the walk and least walk at one cost {} are shown at most"
        return [Message(zh, en, LEVELS)]
    if not table.attrs["proven"]:
        zh = "到时为止，前沿可能还有别的方案；校址多时可用 --points 少取几档费用"
        en = "Out of time: the front may have more plans; where there are many sites --points asks for fewer sums of money"
    else:
        zh = "取 {} 档费用，每档列就近最多和里程最少的方案，均已证最优；两档之间可能还有别的方案"
        en = "{} sums of money, for each the plan with most within the walk and that of least walk, all proven best; there may be more plans between two sums"
    both = table.attrs["bounds"].dropna()  # only what is known of either
    return [
        Message(zh, en, points),
        *(
            Message(
                "已证：{}的任何方案，步行距离以内至多 {:.0f} 名，步行总里程至少 {:.1f} 千米",
                "Proven of all plans {}: at most {:.0f} within the walk, at least {:.1f} km of walks",
                Both("不限费用", "of any cost")
                if np.isinf(row.budget_yuan)
                else Message(
                    "费用不超过 {} 万元", "for no more than {} yuan", tens_of_thousands(row.budget_yuan)
                ),
                row.within_at_most,
                row.child_km_at_least,
            )
            for row in both.itertuples()
        ),
    ]


def swing_lines(swings: pd.DataFrame) -> list[Message]:
    """Say which plan buys each further pupil for least, and which site's cost would change that."""
    if not len(swings) or not swings["now"].iloc[0]:
        return [
            Message(
                "没有一个方案比最省钱的让更多学生就近入学",
                "No plan brings more pupils within the walk than the cheapest",
            )
        ]
    now = swings["now"].iloc[0]
    lines = [
        Message("每增一名就近入学的学生花费最少的：{}", "Least for each pupil more within the walk: {}", now)
    ]
    for row in swings.itertuples():
        for word, other in ((Both("降", "down"), row.cheaper), (Both("升", "up"), row.dearer)):
            if other != now:
                lines.append(
                    Message(
                        "{} 的费用{} {:.0%}，改为 {}",
                        "{} {} {:.0%}: {} instead",
                        row.site,
                        word,
                        SWING,
                        other,
                    )
                )
    same = Message(
        "任一校址的费用升降 {:.0%}，选择不变",
        "The cost of any site {:.0%} up or down: the same choice",
        SWING,
    )
    return lines if len(lines) > 1 else [*lines, same]


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
    points: int | None = None,
    as_json: bool = False,
    lang: Lang = "zh",
) -> str:
    """Return what the command prints; write the best plan as a scenario file where `out` is given."""
    curve = curve or points is not None
    given, priced, chosen = read(data, standard), load_costs(costs), chosen_standard(standard)
    found = site(given, candidates, year, standard, most, costs=priced)
    if out is not None:
        write_whole(out, to_toml(found.scenario(1)))
    end, seconds = (most if most > 1 else None), (QUICK if points is None else PATIENT)
    more = trade_off(found, given, chosen, priced, end, seconds) if curve else None
    edge = front(found, given, chosen, priced, end, seconds, points) if curve else None
    if as_json:
        return json_text(json_document(found, more, edge), lang)
    text = summary(found)
    if more is None or edge is None:
        return told(text, lang)
    swings = swayed(edge, found, prices(found.candidates, given, found.year, priced, chosen))
    lines = [text, trade_off_lines(more), front_lines(edge, swings)]
    return told(joined("\n", "\n", lines), lang)
