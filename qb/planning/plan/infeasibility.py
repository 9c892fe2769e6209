"""Why there is no plan: a smallest set of limits that cannot be kept together, in words.

Smallest means that none of them can be left out: without any one of them the others can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qb.language import Both, Message, joined
from qb.planning.plan.integer_program import cheapest_by_school, linked
from qb.planning.plan.plan_solver import solve
from qb.planning.plan.planning_problem import Problem
from qb.standard import Standard
from qb.terms import Stage

MOST = 20  # limits named in one sentence


@dataclass(frozen=True)
class Limits:
    """Some of a problem's limits: places of pools with an upper bound, of sums, of cones; the budget."""

    pools: tuple[int, ...] = ()
    sums: tuple[int, ...] = ()
    cones: tuple[int, ...] = ()
    budget: bool = False

    def kept(self, problem: Problem) -> Problem:
        """Return the problem with these limits alone."""
        most = np.full(len(problem.most), np.inf)
        most[list(self.pools)] = problem.most[list(self.pools)]
        return replace(
            problem,
            most=most,
            sums=tuple(problem.sums[i] for i in self.sums),
            cones=tuple(problem.cones[i] for i in self.cones),
            budget=problem.budget if self.budget else None,
        )


Item = tuple[str, int]


def _limits(items: Sequence[Item]) -> Limits:
    of = {kind: tuple(place for k, place in items if k == kind) for kind in ("pools", "sums", "cones")}
    return Limits(**of, budget=("budget", 0) in items)


def fails(problem: Problem) -> bool:
    """Return whether it is proven that the limits cannot be kept together."""
    found = solve(problem, gap=1.0, seconds=10.0)
    dear = problem.budget is not None and found.bound > problem.budget * (1 + 1e-9)
    return found.impossible or dear


def smallest(items: list[Item], failing: Callable[[list[Item]], bool]) -> list[Item]:
    """Leave out blocks of items, ever smaller, as long as the rest still fails."""
    size = len(items)
    while size > 1:
        size = -(-size // 2)
        at = 0
        while at < len(items):
            rest = items[:at] + items[at + size :]
            if failing(rest):
                items = rest
            else:
                at += size
    return items


def infeasible_limits(problem: Problem, standard: Standard) -> tuple[Message, ...]:
    """Say which limits clash.

    Every school that cannot pass within its own upper bounds is named, with those bounds. If there is none,
    the clash lies between coefficients, upper bounds and budget, and one smallest set of them is named.

    Examples
    --------
    Two limits where each alone could be kept:

    >>> smallest([("pools", i) for i in range(9)], lambda rest: {("pools", 2), ("pools", 7)} <= set(rest))
    [('pools', 2), ('pools', 7)]
    """
    stuck = cheapest_by_school(problem).stuck
    if stuck.any():
        group = linked(problem)
        alone = replace(problem, cones=(), budget=None)
        return tuple(_school(alone, np.flatnonzero(group == g), standard) for g in np.unique(group[stuck]))
    if problem.means:  # of these limits only the budget and all means together are known to clash
        bound = solve(problem, gap=1.0, seconds=10.0).bound
        if problem.budget:
            return (
                Message(
                    "预算 {:,.0f} 元不足，至少需要 {:,.0f} 元",
                    "a budget of {:,.0f} yuan is not enough, at least {:,.0f} yuan are needed",
                    problem.budget,
                    np.ceil(bound),
                ),
            )
        return (joined("；", "; ", (mean.label for mean in problem.means)),)
    items = [("budget", 0)] if problem.budget is not None else []
    items += [("cones", i) for i in range(len(problem.cones))]
    items += [("pools", j) for j in np.flatnonzero(np.isfinite(problem.most))]
    items += [("sums", i) for i in range(len(problem.sums))]
    if not fails(problem):
        return ()
    least = smallest(items, lambda rest: fails(_limits(rest).kept(problem)))
    return (_sentence(problem, least, standard),)


def _school(problem: Problem, rows: np.ndarray, standard: Standard) -> Message:
    part, _ = problem.part(rows)
    items = [("pools", j) for j in np.flatnonzero(np.isfinite(part.most))]
    items += [("sums", i) for i in range(len(part.sums))]
    stuck = lambda rest: bool(cheapest_by_school(_limits(rest).kept(part)).stuck.any())  # noqa: E731
    least = smallest(items, stuck)
    full, floor = part.needed(), part.needed(part.floor)
    words = []
    for kind, place in least:
        if kind == "sums":
            words.append(
                _bound(part, part.sums[place].pools[0], part.sums[place].most, standard)
                + Message("（各学段合计）", " at all stages together")
            )
            continue
        row, k = np.argwhere(part.pool == place)[0]
        unit = _unit(part.pools.iloc[place], standard)
        percent = f"{100 * part.floor:g}%"
        words.append(
            Message(
                "{}，达标须增 {} {}，达到标准的 {} 须增 {} {}",
                "{0}; {1} {2} are needed to meet the standard, {4} {5} to reach {3} of it",
                _bound(part, place, part.most[place], standard),
                _amount(full[row, k]),
                unit,
                percent,
                _amount(floor[row, k]),
                unit,
            )
        )
    several = (
        Message("（最多 {} 项可低于标准）", " (at most {} may stay below the standard)", part.spare)
        if len(least) > 1
        else ""
    )
    return joined("；", "; ", words) + several


def _bound(problem: Problem, pool: int, most: float, standard: Standard) -> Message:
    cell = problem.pools.iloc[pool]
    indicator = standard[cell["code"]]
    title = Message(indicator.short.zh, indicator.short.en.lower())
    return Message(
        "{}（{}）：{}上限不足，最多增 {} {}",
        "{} ({}): upper bound on {} too low, at most {} {} more",
        cell["name"],
        Stage(cell["stage"]),
        title,
        _amount(most),
        _unit(cell, standard),
    )


def _unit(cell: pd.Series, standard: Standard) -> Both:
    """Return the unit as the cost file has it, in English as the standard has it."""
    return Both(cell["unit"], standard[cell["code"]].resource.unit.en)


def _amount(number: float) -> str:
    return f"{number:,.1f}".rstrip("0").rstrip(".")


def _sentence(problem: Problem, items: list[Item], standard: Standard) -> Message:
    words = []
    if ("budget", 0) in items:
        rest = [item for item in items if item != ("budget", 0)]
        least = solve(_limits(rest).kept(problem), gap=1.0).bound
        words.append(
            Message(
                "预算 {:,.0f} 元不足，至少需要 {:,.0f} 元",
                "a budget of {:,.0f} yuan is not enough, at least {:,.0f} yuan are needed",
                problem.budget,
                np.ceil(least),
            )
        )
    words += [problem.cones[place].label for kind, place in items if kind == "cones"]
    bounds = [
        _bound(problem, place, problem.most[place], standard)
        if kind == "pools"
        else _bound(problem, problem.sums[place].pools[0], problem.sums[place].most, standard)
        for kind, place in items
        if kind in ("pools", "sums")
    ]
    more = (
        Message("等 {} 处上限", " and more: {} upper bounds in all", len(bounds))
        if len(bounds) > MOST
        else ""
    )
    return joined("；", "; ", [*words, *bounds[:MOST]]) + more
