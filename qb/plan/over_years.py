"""A plan over years: a budget each year, the standard met in the target year, what is bought stays."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.costs import Costs, load_costs
from qb.dataset import Dataset
from qb.errors import QbError
from qb.judge import Assessment, assess, choose_year
from qb.plan.ahead import Pupils, pupils_ahead
from qb.plan.cheapest import PlanStatus, legible, require_passes
from qb.plan.clash import clashes
from qb.plan.passing import Passing, add_passing
from qb.plan.pose import pose
from qb.plan.problem import Problem
from qb.plan.program import Program
from qb.plan.purchases import apply_purchases, purchases
from qb.plan.solve import EXACT, gap_of, solve
from qb.scenario import carry_forward
from qb.standard import Standard

EVEN = 1e4  # yuan


@dataclass(frozen=True)
class YearsPlan:
    """What to buy in which year.

    Attributes
    ----------
    status : PlanStatus
    cost, bound, gap
        Of all years together; yearly costs count in each year from the purchase to the target year. The
        bound is that of the cheapest plan for the target year, in which everything is paid for once.
    purchases : DataFrame
        As in `Plan`, with the year of each.
    years : DataFrame
        year, budget_yuan, cost_yuan, passing, rows.
    assessments : dict of int to Assessment
        Of every year, with what has been bought by then.
    pupils : Pupils
        Those of the years to come, and whether they are a forecast's.
    clashes : tuple of str
        Where there is no plan: why.
    """

    status: PlanStatus
    base_year: int
    target_year: int
    cost: float | None
    bound: float
    gap: float | None
    purchases: pd.DataFrame
    years: pd.DataFrame
    assessments: dict[int, Assessment]
    pupils: Pupils
    clashes: tuple[str, ...]


def plan_over_years(
    data: Dataset,
    budget: float | None,
    to: int,
    year: int | None = None,
    pupils: pd.DataFrame | None = None,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 60.0,
) -> YearsPlan:
    """Find what to buy each year so that the standard is met in the target year.

    Parameters
    ----------
    budget : float
        Yuan a year, in each year after the base year up to the target year. None: the least that is needed
        in all, the same each year in whole 10,000 yuan; or all of it in one year where that does not do.
    to : int
        The target year (school year starting), after the base year.
    year : int, optional
        The base year, whose figures are known; the last one of the data unless given.
    pupils : DataFrame, optional
        year, school_id, stage, pupils. Unless given, those of `qb.forecast`; today's where it cannot be
        made, and the plan says so. Sections that are not named keep their pupils.

    Notes
    -----
    What is bought in all is the cheapest plan for the pupils of the target year. When each part is bought is
    then decided exactly: at the least cost first (yearly costs late), then so that most rows pass early.
    """
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    base = choose_year(data, year)
    _refuse(budget, to, base)
    given = budget
    end = time.monotonic() + seconds
    span = range(base + 1, to + 1)
    now = carry_forward(data, base, chosen)
    ahead = pupils_ahead(data, base, to, pupils)
    of_year = {y: with_pupils(carry_forward(now, y, chosen), y, ahead.rows) for y in span}
    problems = {y: pose(of_year[y], y, chosen, costs, None, district) for y in span}
    target = problems[to]
    found = solve(target, gap, seconds / 2)
    if found.x is None:
        status = PlanStatus.INFEASIBLE if found.impossible else PlanStatus.UNDECIDED
        words = clashes(target, chosen) if found.impossible else ()
        return _nothing(status, base, to, found.bound, ahead, words)
    x = legible(target, found.x)
    cost = float(target.yuan @ x)
    even = EVEN * float(np.ceil(cost / len(span) / EVEN))
    for budget in [even, cost] if given is None else [given]:
        schedule = _schedule(problems, x, budget, gap, end - time.monotonic())
        if schedule is not None:
            break
    if schedule is None:
        total = budget * len(span)
        impossible = found.bound > total
        word = f"{len(span)} 年预算合计 {total:,.0f} 元，最低需要 {found.bound:,.0f} 元"
        if not impossible:
            word = f"每年 {budget:,.0f} 元的预算排不下费用最低的方案（{cost:,.0f} 元）"
        status = PlanStatus.INFEASIBLE if impossible else PlanStatus.UNDECIDED
        return _nothing(status, base, to, found.bound, ahead, (word,))
    return _told(of_year, problems, schedule, budget, found.bound, chosen, base, ahead)


def _refuse(budget: float | None, to: int, base: int) -> None:
    wrong = []
    if budget is not None and not (np.isfinite(budget) and budget >= 0):
        wrong.append(f"每年预算不能小于 0，现为 {budget:g} 元")
    if to <= base:
        wrong.append(f"目标年 {to} 应在基年 {base} 之后")
    if wrong:
        raise QbError("无法制定分年方案：" + "；".join(wrong) + "。")


def with_pupils(data: Dataset, year: int, pupils: pd.DataFrame) -> Dataset:
    """Return the dataset with the pupils of a year to come."""
    mine = pupils[(pupils["year"] == year).to_numpy()]
    given = mine.groupby(["school_id", "stage"])["pupils"].sum()
    sections = data["sections"]
    keys = pd.MultiIndex.from_frame(sections[["school_id", "stage"]].astype(object))
    known = given.reindex(keys).to_numpy(dtype=float)
    return data.replace(sections=sections.assign(pupils=np.where(np.isnan(known), sections["pupils"], known)))


def _nothing(
    status: PlanStatus, base: int, to: int, bound: float, ahead: Pupils, words: tuple[str, ...]
) -> YearsPlan:
    empty = pd.DataFrame(columns=["year"])
    return YearsPlan(status, base, to, None, bound, None, empty, empty, {}, ahead, words)


def _schedule(
    problems: dict[int, Problem], x: np.ndarray, budget: float, gap: float, seconds: float
) -> dict[int, np.ndarray] | None:
    """Return what each pool holds more in each year; None where the yearly budgets do not allow `x`."""
    end = time.monotonic() + seconds
    span, target = list(problems), problems[max(problems)]
    bought = np.flatnonzero(x > 0)
    yearly = target.pools["yearly"].to_numpy(dtype=bool)[bought]
    unit = np.where(target.whole[bought], 1.0, x[bought])
    worth, scale = target.yuan[bought] * unit, max(budget, 1.0)
    program, held = Program(), {}
    for year in span:
        last = year == span[-1]
        least = x[bought] / unit if last else 0.0
        held[year] = program.variables(len(bought), least, x[bought] / unit, target.whole[bought])
    spent: list = []
    for year, before in zip(span, [None, *span], strict=False):
        terms = [(held[year], worth)]
        if before is not None:
            program.at_least(np.zeros(len(bought)), (held[year], 1.0), (held[before], -1.0))
            terms.append((held[before], -worth * ~yearly))
        program.total_at_least(-budget / scale, *((places, -values / scale) for places, values in terms))
        spent += terms
    passing = _early(problems, program, held, bought, unit)
    cheap = program.least(
        *((places, values / scale) for places, values in spent), gap=gap / 4, seconds=seconds / 2
    )
    if cheap.v is None:
        return None
    cost = sum(values @ cheap.v[places] for places, values in spent)
    program.total_at_least(-cost / scale * (1 + 1e-7) - 1e-7, *((places, -v / scale) for places, v in spent))
    early = program.least(*((p.row, -1.0) for p in passing), gap=0.01, seconds=end - time.monotonic())
    v = cheap.v if early.v is None else early.v
    return {year: _placed(x, bought, unit, v[held[year]], target.whole) for year in span}


def _placed(
    x: np.ndarray, bought: np.ndarray, unit: np.ndarray, v: np.ndarray, whole: np.ndarray
) -> np.ndarray:
    placed = np.zeros(len(x))
    amount = np.where(whole[bought], np.round(v), np.round(v * unit, 6))
    close = np.abs(amount - x[bought]) <= 1e-6 * np.maximum(x[bought], 1.0)
    placed[bought] = np.where(close, x[bought], amount)
    return placed


def _early(
    problems: dict[int, Problem],
    program: Program,
    held: dict[int, np.ndarray],
    bought: np.ndarray,
    unit: np.ndarray,
) -> list[Passing]:
    """Let rows pass in the years before the last as well."""
    passing = []
    target = problems[max(problems)]
    keys = ["school_id", "stage", "code"]
    at_target = pd.Series(np.arange(len(target.most)), index=pd.MultiIndex.from_frame(target.pools[keys]))
    place = np.full(len(target.most), -1)
    place[bought] = np.arange(len(bought))
    nothing = program.variables(1, 0.0, 0.0)[0]
    for year in list(problems)[:-1]:
        problem = problems[year]
        at = at_target.reindex(pd.MultiIndex.from_frame(problem.pools[keys])).to_numpy()
        mine = np.where(np.isnan(at), -1, place[np.nan_to_num(at).astype(int)]).astype(int)
        y, size = np.append(held[year], nothing)[mine], np.append(unit, 1.0)[mine]  # -1: the last, nothing
        passing.append(add_passing(program, problem, y, size))
    return passing


def _told(
    of_year: dict[int, Dataset],
    problems: dict[int, Problem],
    schedule: dict[int, np.ndarray],
    budget: float,
    bound: float,
    standard: Standard,
    base: int,
    ahead: Pupils,
) -> YearsPlan:
    target = problems[max(problems)]
    yearly = target.pools["yearly"].to_numpy(dtype=bool)
    rows, bought, assessments, before = [], [], {}, np.zeros(len(target.most))
    for year, x in schedule.items():
        bought.append(purchases(target, x - before).assign(year=year))
        data = apply_purchases(of_year[year], purchases(target, x), year)
        assessments[year] = assess(data, year, standard)
        spent = float(target.yuan @ np.where(yearly, x, x - before))
        judged = assessments[year].rows
        judged = judged[judged["district"].isin(set(target.rows["district"]))]
        rows.append((year, budget, spent, int((judged["verdict"] == "pass").sum()), len(judged)))
        before = x
    require_passes(assessments[max(schedule)], set(target.rows["district"]))
    years = pd.DataFrame(rows, columns=["year", "budget_yuan", "cost_yuan", "passing", "rows"])
    cost = float(years["cost_yuan"].sum())
    gap = gap_of(cost, min(bound, cost))
    return YearsPlan(
        status=PlanStatus.OPTIMAL if gap <= EXACT else PlanStatus.FEASIBLE,
        base_year=base,
        target_year=max(schedule),
        cost=cost,
        bound=min(bound, cost),
        gap=gap,
        purchases=pd.concat(bought, ignore_index=True),
        years=years,
        assessments=assessments,
        pupils=ahead,
        clashes=(),
    )
