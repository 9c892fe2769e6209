"""The front of cost, reach and walk; what one more school buys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.errors import QbError
from qb.language import Message, column, listing
from qb.planning.costs import Costs
from qb.planning.siting.candidate_sites import Aim
from qb.planning.siting.site_choice import (
    COST,
    effect,
    in_words,
    prices,
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
from qb.standard import Standard

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
