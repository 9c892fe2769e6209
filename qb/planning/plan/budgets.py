"""The best use of a budget, and a plan over years with a budget each year."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.data.dataset import Dataset, with_columns
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess, choose_year
from qb.planning.costs import Costs, load_costs
from qb.planning.forecast.projection import forecast
from qb.planning.plan.cheapest import PlanStatus, apply_purchases, legible, purchases, require_passes
from qb.planning.plan.infeasibility import infeasible_limits
from qb.planning.plan.integer_program import Passing, Program, add_passing, add_shortfall, shortfall, snapped
from qb.planning.plan.plan_solver import EXACT, gap_of, solve
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.planning.scenario import carry_forward
from qb.rounding import round_half_up
from qb.showing import Shown
from qb.standard import Standard
from qb.terms import Term

# The pupils that a plan over years is made for: a forecast's where one can be made, else today's.


class PupilPath(Term):
    """Whose pupils the years to come have."""

    FORECAST = "forecast", "学生数按推算"
    GIVEN = "given", "学生数按给定的数字"
    CONSTANT = "constant", "学生数不变"


@dataclass(frozen=True)
class Pupils:
    """Pupils of years to come: year, school_id, stage, pupils; and where they come from.

    Attributes
    ----------
    rows : DataFrame
        A section that is not named keeps its pupils.
    why : str
        Why there is no forecast; empty where there is one.
    """

    path: PupilPath
    rows: pd.DataFrame
    why: str = ""

    @property
    def words(self) -> str:
        """In words, for a reader."""
        return self.path.zh + (f"（{self.why}）" if self.why else "")


def pupils_ahead(data: Dataset, base: int, to: int, given: pd.DataFrame | None = None) -> Pupils:
    """Return the pupils given, or those of a forecast made of the years up to `base`, in whole numbers.

    Examples
    --------
    >>> from qb.data.sample import make
    >>> pupils_ahead(make(schools=3, years=range(2021, 2026)), 2025, 2026).words
    '学生数按推算'
    >>> pupils_ahead(make(schools=3, years=[2025]), 2025, 2026).path
    <PupilPath.CONSTANT: 'constant'>
    """
    if given is not None:
        return Pupils(PupilPath.GIVEN, given)
    keys = ["year", "school_id", "stage"]
    known = data.replace(
        **{name: frame[frame["year"] <= base] for name, frame in data.tables.items() if "year" in frame}
    )
    try:
        rows = forecast(known, to).rows
    except QbError as error:
        return Pupils(PupilPath.CONSTANT, pd.DataFrame(columns=[*keys, "pupils"]), str(error).rstrip("。"))
    summed = rows.groupby(keys, as_index=False)["pupils"].sum()
    return Pupils(PupilPath.FORECAST, summed.assign(pupils=round_half_up(summed["pupils"].to_numpy(), 0)))


# Best use of a budget: most rows passing, then the least shortfall.


@dataclass(frozen=True, repr=False)
class Spending(Shown):
    """What a budget buys.

    Attributes
    ----------
    budget, cost : float
        What may be spent, and what is.
    passing, most_passing : int
        Rows (school and stage) that pass, and how many can pass at most.
    shortfall, least_shortfall : float
        How many of the seven standards the average pupil lacks (see
        `qb.planning.plan.integer_program.shortfall`), and the
        least that can be reached with so many rows passing.
    saves : float
        What 10,000 yuan more would take off the shortfall (a dual of the relaxation).
    purchases, data, before, assessment
        As in `Plan`.
    """

    year: int
    budget: float
    cost: float
    passing: int
    most_passing: int
    shortfall: float
    least_shortfall: float
    saves: float
    purchases: pd.DataFrame
    data: Dataset
    before: Assessment
    assessment: Assessment
    problem: Problem
    x: np.ndarray


def best_use(
    data: Dataset,
    budget: float,
    year: int | None = None,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 20.0,
) -> Spending:
    """Find what to buy for a budget that is not enough: most rows passing, then the least shortfall.

    Coefficients are not asked for; the assessment shows what becomes of them. Parameters as in
    `cheapest_plan`.
    """
    if budget is None or not (np.isfinite(budget) and budget >= 0):
        raise QbError(f"预算须为不小于 0 的数，现为 {budget}。")
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    data = with_columns(data, chosen)
    before = assess(data, year, chosen)
    problem = build_problem(data, before.year, chosen, costs, budget, district)
    spent = spend(problem, gap, seconds)
    x = spent.x
    bought = purchases(problem, x)
    after = apply_purchases(data, bought, before.year, before.standard) if len(bought) else data
    return Spending(
        year=before.year,
        budget=budget,
        cost=float(problem.yuan @ x),
        passing=int(problem.passing(x).sum()),
        most_passing=spent.most_passing,
        shortfall=shortfall(problem, x),
        least_shortfall=spent.least_shortfall,
        saves=1e4 * spent.price,
        purchases=bought,
        data=after,
        before=before,
        assessment=assess(after, before.year, chosen),
        problem=problem,
        x=x,
    )


@dataclass(frozen=True)
class Spent:
    """Additions, how many rows can pass at most, a bound on the shortfall with so many, and its price."""

    x: np.ndarray
    most_passing: int
    least_shortfall: float
    price: float


def spend(problem: Problem, gap: float, seconds: float) -> Spent:
    """Spend the problem's budget."""
    found = _spend(problem, gap, seconds, problem.budget)
    if problem.yuan @ found.x > problem.budget:  # by the solver's tolerance: a little less, the same bounds
        return replace(found, x=_spend(problem, gap, seconds, problem.budget * (1 - 1e-5)).x)
    return found


def _spend(problem: Problem, gap: float, seconds: float, budget: float) -> Spent:
    end = time.monotonic() + seconds
    program = Program()
    unit = np.where(problem.whole, 1.0, np.maximum(problem.by_pool(problem.needed()), 1.0))
    most = np.minimum(problem.most, problem.by_pool(problem.needed())) / unit
    y = program.variables(len(unit), 0.0, most, problem.whole)
    for bound in problem.sums:
        program.total_at_least(-bound.most, (y[bound.pools], -unit[bound.pools]))
    scale = max(budget, 1.0)
    money = program.total_at_least(-budget / scale, (y, -problem.yuan * unit / scale))
    passing = add_passing(program, problem, y, unit)
    first = program.least((passing.row, -1.0), seconds=seconds / 2)
    rows = 0 if first.v is None else round(first.v[passing.row].sum())
    can_pass = min(len(problem.pupils), int(np.floor(-first.bound + 1e-6)))
    program.total_at_least(float(rows), (passing.row, 1.0))
    lacking = add_shortfall(program, problem, y, unit)
    second = program.least(lacking, gap=gap, seconds=end - time.monotonic())
    v = first.v if second.v is None else second.v
    return Spent(
        x=np.zeros(len(unit)) if v is None else snapped(problem, passing, v, v[y] * unit),
        most_passing=can_pass,
        least_shortfall=max(second.bound, 0.0),
        price=program.price(money, lacking) / scale,
    )


# A plan over years: a budget each year, the standard met in the target year, what is bought stays.


EVEN = 1e4  # yuan


@dataclass(frozen=True, repr=False)
class YearsPlan(Shown):
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
        year, school_id, stage, pupils. Unless given, those of `qb.planning.forecast`; today's where it
        cannot be made, and the plan says so. Sections that are not named keep their pupils.

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
    problems = {y: build_problem(of_year[y], y, chosen, costs, None, district) for y in span}
    target = problems[to]
    found = solve(target, gap, seconds / 2)
    if found.x is None:
        status = PlanStatus.INFEASIBLE if found.impossible else PlanStatus.UNDECIDED
        words = infeasible_limits(target, chosen) if found.impossible else ()
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
        data = apply_purchases(of_year[year], purchases(target, x), year, target.standard)
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
