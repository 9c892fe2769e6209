"""A plan over years: a budget each year, the standard met in the target year, what is bought stays.

The years come from `qb.planning.scenario.coming_years`, the purchases go through the actions of a scenario:
what the plan says of a year is what `qb whatif` says of its scenario file.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset, with_columns
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess, choose_year, judge
from qb.language import STOP, Message, joined
from qb.planning.costs import Costs, load_costs
from qb.planning.forecast.grades import changing, opening, some
from qb.planning.plan.cheapest import (
    LEAST,
    PlanStatus,
    actions,
    bought_of,
    legible,
    require_passes,
    staff_fields,
    teachers_hired,
)
from qb.planning.plan.integer_program import Passing, Program, add_passing
from qb.planning.plan.other_purchases import OtherPurchases, mending
from qb.planning.plan.plan_solver import EXACT, gap_of, infeasible_limits, solve
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.planning.scenario import BaseYears, Scenario, years_of_scenario
from qb.planning.scenario.coming_years import Later
from qb.result_repr import Shown
from qb.rounding import round_half_up
from qb.standard import Standard, chosen_standard
from qb.terms import Term

EVEN = 1e4  # yuan


class PupilPath(Term):
    """Whose pupils the years to come have."""

    FORECAST = "forecast", "学生数按推算", "pupils as forecast"
    GIVEN = "given", "学生数按给定的数字", "pupils as given"
    CONSTANT = "constant", "学生数不变", "pupils as they are now (these data allow no forecast)"


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
        As in `Plan`, with the year of each. Of teachers who are trained or hired some leave before the
        target year: so many are bought that enough are left.
    years : DataFrame
        year, budget_yuan, cost_yuan, passing, rows.
    assessments : dict of int to Assessment
        Of every year, with what has been bought by then.
    pupils : PupilPath
        Whose pupils the years to come have.
    before : Assessment
        Of the target year without the purchases.
    asis : BaseYears
        The years without the purchases, and how they came about.
    scenario : Scenario or None
        The purchases, for `qb.scenario.whatif`.
    mended : OtherPurchases
        What money mends beside the resources, in the target year; `cost` and the budgets do not hold it.
    clashes : tuple of str
        Where there is no plan: why.
    standard : Standard
        That is to be met.
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
    pupils: PupilPath
    before: Assessment
    asis: BaseYears
    scenario: Scenario | None
    mended: OtherPurchases
    clashes: tuple[str, ...]
    standard: Standard

    @property
    def notes(self) -> tuple[Message, ...]:
        """How the years came about and who is not planned for, but for what `path` says."""
        why = self.asis.unknown
        return tuple(note for note in self.asis.notes if not (why and why in note))

    @property
    def path(self) -> Message:
        """Whose pupils and teachers the plan counts on, for a reader."""
        why = Message("（{}）", ": {}", self.asis.unknown) if self.asis.unknown else ""
        return Message("{}{}", "{}{}", self.pupils, why)


def plan_over_years(
    data: Dataset,
    budget: float | None,
    to: int,
    year: int | None = None,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 60.0,
    later: Later | None = None,
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
        The base year; the last one of the data unless given.
    later : callable, optional
        ``later(data, year)`` gives the dataset of a year after the last of the data, as in
        `qb.scenario.whatif`; unless given, that year is forecast.

    Notes
    -----
    What is bought in all is the cheapest plan for the target year, its pupils and the teachers left by
    then. When each part is bought is then decided exactly: at the least cost first (yearly costs late), then
    so that most rows pass early. Of n teachers bought, `stay` of whom are there in the target year, n · stay
    (half up) count: the least n is bought for which these are enough.
    """
    chosen = chosen_standard(standard)
    costs = load_costs(costs)
    base = choose_year(data, year)
    _refuse(budget, to, base)
    end = time.monotonic() + seconds
    data = with_columns(data, chosen)
    asis = _asis(data, base, to, chosen, later)
    path = PupilPath.GIVEN if later else PupilPath.CONSTANT if asis.unknown else PupilPath.FORECAST
    problems = {
        y: build_problem(asis.data[y], y, chosen, costs, None, district) for y in range(base + 1, to + 1)
    }
    target, before = problems[to], assess(asis.data[to], to, chosen)
    found = solve(target, gap, seconds / 2)
    nothing = pd.DataFrame(columns=["year"])

    def none(status: PlanStatus, words: tuple[str, ...]) -> YearsPlan:
        told = (status, base, to, None, found.bound, None, nothing, nothing, {}, path, before)
        return YearsPlan(*told, asis, None, OtherPurchases.none(), words, chosen)

    if found.x is None:
        words = infeasible_limits(target, chosen) if found.impossible else ()
        return none(PlanStatus.INFEASIBLE if found.impossible else PlanStatus.UNDECIDED, words)
    x = legible(target, found.x)
    cost = target.cost(x)
    goods = _goods(target, x, {y: asis.stay(y, to) for y in problems})
    even = EVEN * float(np.ceil(cost / len(problems) / EVEN))
    for yearly in [even, cost] if budget is None else [budget]:
        schedule = _schedule(problems, goods, yearly, gap, end - time.monotonic())
        if schedule is not None:
            return _told(asis, problems, goods, schedule, yearly, found.bound, path, costs, before)
    total = yearly * len(problems)
    if found.bound > total:
        word = Message(
            "{} 年预算合计 {:,.0f} 元，最低需要 {:,.0f} 元",
            "{} years' budgets add up to {:,.0f} yuan, at least {:,.0f} yuan are needed",
            len(problems),
            total,
            found.bound,
        )
        return none(PlanStatus.INFEASIBLE, (word,))
    word = Message(
        "每年 {:,.0f} 元的预算排不下费用最低的方案（{:,.0f} 元）",
        "{:,.0f} yuan a year leave no room for the cheapest plan ({:,.0f} yuan)",
        yearly,
        cost,
    )
    return none(PlanStatus.UNDECIDED, (word,))


def _asis(data: Dataset, base: int, to: int, standard: Standard, later: Later | None) -> BaseYears:
    """Return the years without purchases and without the schools that only open then: they have no data yet."""
    last, end = data.years[-1], range(base, to + 1)
    if later is not None or to <= last:
        return BaseYears.of(data, base, to, standard, later, end)
    new = opening(data, last, to)["school_id"]
    mine = {name: frame for name, frame in data.tables.items() if "school_id" in frame}
    kept = data.replace(**{name: frame[~frame["school_id"].isin(new)] for name, frame in mine.items()})
    asis = BaseYears.of(kept, base, to, standard, later, end)
    left = changing(data, last, to)
    if not len(left):
        return asis
    note = Message(
        "到 {} 学年停办或开办的学校没有列入方案：{}",
        "Schools that close or open by {} are not planned for: {}",
        to,
        some(data, left),
    )
    return replace(asis, notes=(*asis.notes, note))


def _refuse(budget: float | None, to: int, base: int) -> None:
    wrong = []
    if budget is not None and not (np.isfinite(budget) and budget >= 0):
        wrong.append(
            Message(
                "每年预算不能小于 0，现为 {:g} 元",
                "a year's budget cannot be below 0; it is {:g} yuan",
                budget,
            )
        )
    if to <= base:
        wrong.append(
            Message(
                "目标年 {} 应在基年 {} 之后", "the target year {} must come after the base year {}", to, base
            )
        )
    if wrong:
        raise QbError(
            Message("无法制定分年方案：", "No plan over years can be made: ")
            + joined("；", "; ", wrong)
            + STOP
        )


# What has to be there in the target year, and when it is bought.


@dataclass(frozen=True)
class Goods:
    """What the plan of the target year is made of, one entry for each pool and way to get it."""

    pool: np.ndarray  # of int
    hired: np.ndarray  # of bool: whether these are teachers hired beyond the pool's own way
    amount: np.ndarray  # what must be there in the target year
    yuan: np.ndarray  # the price of one
    yearly: np.ndarray  # of bool: whether it comes back every year
    leaves: np.ndarray  # of bool: whether these are teachers, of whom some leave
    # of bool: whether it can be bought in the target year alone: nearly all teachers of the section are of
    # the kind, and in an earlier year rounding might leave one too few.
    last: np.ndarray
    stay: Mapping[int, float]  # the part of the teachers bought in each year who are there in the target year

    def bought(self, held: np.ndarray, year: int) -> np.ndarray:
        """Return how many are bought in a year so that so many more are there in the target year."""
        part = np.where(self.leaves, self.stay[year], 1.0)
        count = np.where(self.leaves, np.ceil(np.maximum(held - 0.5, 0.0) / part - 1e-9), held)
        count = np.where(self.leaves & (held > 0), np.maximum(count, 1.0), count)
        short = self.leaves & (round_half_up(count * part, 0) < held)
        return count + short


def _goods(target: Problem, x: np.ndarray, stay: Mapping[int, float]) -> Goods:
    hired = teachers_hired(target, x)
    ways = [np.flatnonzero(x - hired > LEAST), np.flatnonzero(hired > 0)]
    pool = np.concatenate(ways)
    way = np.repeat([False, True], list(map(len, ways)))
    extra, room = np.zeros(len(x)), np.full(len(x), np.inf)
    extra[target.beyond.pool] = target.beyond.extra
    also = np.where(target.beyond.hires >= 0, x[target.beyond.hires], 0.0)
    room[target.beyond.pool] = target.beyond.room + also
    amount = np.where(way, hired[pool], (x - hired)[pool])
    leaves = target.pools["code"].isin(staff_fields(target.standard)).to_numpy()[pool]
    return Goods(
        pool=pool,
        hired=way,
        amount=amount,
        yuan=target.yuan[pool] + np.where(way, extra[pool], 0.0),
        yearly=target.pools["yearly"].to_numpy(dtype=bool)[pool] | way,
        leaves=leaves & (min(stay.values()) < 1),
        last=~way & leaves & (min(stay.values()) < 1) & (amount > room[pool] - len(stay) / 2 - 1),
        stay=stay,
    )


def _schedule(
    problems: dict[int, Problem], goods: Goods, budget: float, gap: float, seconds: float
) -> dict[int, np.ndarray] | None:
    """Return what is bought of the goods in each year; None where the yearly budgets do not allow it."""
    end = time.monotonic() + seconds
    span, target = list(problems), problems[max(problems)]
    whole, count = target.whole[goods.pool], len(goods.pool)
    unit = np.where(whole, 1.0, goods.amount)
    worth, scale = goods.yuan * unit, max(budget, 1.0)
    leaving = np.flatnonzero(goods.leaves)
    once, again = np.flatnonzero(~goods.leaves & ~goods.yearly), np.flatnonzero(~goods.leaves & goods.yearly)
    program, held, new = Program(), {}, {}
    for year in span:
        least = goods.amount / unit if year == span[-1] else 0.0
        there = _places(target, problems[year])[goods.pool] >= 0
        most = np.where(year == span[-1], True, there & ~goods.last) * goods.amount / unit
        held[year] = program.variables(count, least, most, whole)
        new[year] = program.variables(len(leaving), 0.0, np.inf, True)
    spent: list = []
    for year, before in zip(span, [None, *span], strict=False):
        earlier = [] if before is None else [(held[before], -1.0)]
        if earlier:
            program.at_least(np.zeros(count), (held[year], 1.0), *earlier)
        # Of those bought half a person more counts as one.
        part = [(new[year], goods.stay[year]), (held[year][leaving], -1.0)]
        part += [] if before is None else [(held[before][leaving], 1.0)]
        program.at_least(np.full(len(leaving), -0.5), *part)
        terms = [(held[year][once], worth[once]), (held[year][again], worth[again])]
        terms += [] if before is None else [(held[before][once], -worth[once])]
        for y in span[: span.index(year) + 1]:
            due = goods.yearly[leaving] | (y == year)
            terms.append((new[y], worth[leaving] * due))
        program.total_at_least(-budget / scale, *((places, -values / scale) for places, values in terms))
        spent += terms
    passing = _early(problems, program, held, goods, unit)
    cheap = program.least(
        *((places, values / scale) for places, values in spent), gap=gap / 4, seconds=seconds / 2
    )
    if cheap.v is None:
        return None
    cost = sum(values @ cheap.v[places] for places, values in spent)
    program.total_at_least(-cost / scale * (1 + 1e-7) - 1e-7, *((places, -v / scale) for places, v in spent))
    early = program.least(*((p.row, -1.0) for p in passing), gap=0.01, seconds=end - time.monotonic())
    v = cheap.v if early.v is None else early.v
    placed = [_placed(goods.amount, unit, v[held[year]], whole) for year in span]
    more = np.diff(np.array([np.zeros(count), *placed]), axis=0)
    return {year: goods.bought(part, year) for year, part in zip(span, more, strict=True)}


def _placed(amount: np.ndarray, unit: np.ndarray, v: np.ndarray, whole: np.ndarray) -> np.ndarray:
    found = np.where(whole, np.round(v), np.round(v * unit, 6))
    return np.where(np.abs(found - amount) <= 1e-6 * np.maximum(amount, 1.0), amount, found)


def _places(target: Problem, other: Problem) -> np.ndarray:
    """Return the places of the target's pools among those of another year; −1 for one that is not there."""
    keys = ["school_id", "stage", "code"]
    there = pd.MultiIndex.from_frame(other.pools[keys])
    return there.get_indexer(pd.MultiIndex.from_frame(target.pools[keys]))


def _early(
    problems: dict[int, Problem],
    program: Program,
    held: dict[int, np.ndarray],
    goods: Goods,
    unit: np.ndarray,
) -> list[Passing]:
    """Let rows pass in the years before the last as well; of teachers, as many as will be left."""
    target, passing = problems[max(problems)], []
    place = np.full(len(target.most) + 1, -1)  # the last stands for a pool that the target year has not
    own = np.flatnonzero(~goods.hired)
    place[goods.pool[own]] = own
    nothing = program.variables(1, 0.0, 0.0)[0]
    for year in list(problems)[:-1]:
        problem = problems[year]
        mine = place[_places(problem, target)]
        y, size = np.append(held[year], nothing)[mine], np.append(unit, 1.0)[mine]  # -1: the last, nothing
        passing.append(add_passing(program, problem, y, size))
    return passing


def _told(
    asis: BaseYears,
    problems: dict[int, Problem],
    goods: Goods,
    schedule: dict[int, np.ndarray],
    budget: float,
    bound: float,
    path: PupilPath,
    costs: Costs,
    before: Assessment,
) -> YearsPlan:
    """Do the purchases as a scenario, judge every year, and refuse a plan that breaks its promise."""
    to, base = max(problems), min(problems) - 1
    target = problems[to]
    standard, districts = target.standard, set(target.rows["district"])
    bought, made, yearly = [], [], 0.0
    rows = []
    for year, amount in schedule.items():
        x = {way: np.zeros(len(target.most)) for way in (False, True)}
        for way, added in x.items():
            mine = goods.hired == way
            added[goods.pool[mine]] = amount[mine]
        frame = bought_of(target, x[False], x[True])
        if len(frame):
            made += [{**a, "year": year} for a in actions(standard, asis.data[year], frame, year)]
        bought.append(frame.assign(year=year))
        again = frame["yearly"].to_numpy(dtype=bool)
        yearly += float(frame.loc[again, "cost_yuan"].sum())
        rows.append((year, budget, yearly + float(frame.loc[~again, "cost_yuan"].sum())))
    head = {
        "title": f"分年达标方案（{base + 1}—{to} 学年）",
        "base_year": base,
        "until": to,
    }
    scenario = Scenario.model_validate({**head, "actions": made})
    last = replace(asis, data={to: asis.data[to]})
    mended = mending(years_of_scenario(scenario, last, standard).data[to], before, costs, districts)
    if mended.actions:
        made += [{**action, "year": to} for action in mended.actions]
        scenario = Scenario.model_validate({**head, "actions": made})
    data = years_of_scenario(scenario, asis, standard).data
    assessments = {year: judge(data[year], year, standard) for year in problems}
    require_passes(assessments[to], districts)
    judged = {y: a.rows[a.rows["district"].isin(districts)] for y, a in assessments.items()}
    years = pd.DataFrame(
        [(*row, int((judged[row[0]]["verdict"] == "pass").sum()), len(judged[row[0]])) for row in rows],
        columns=["year", "budget_yuan", "cost_yuan", "passing", "rows"],
    )
    cost = float(years["cost_yuan"].sum())
    gap = gap_of(cost, min(bound, cost))
    return YearsPlan(
        status=PlanStatus.OPTIMAL if gap <= EXACT else PlanStatus.FEASIBLE,
        base_year=base,
        target_year=to,
        cost=cost,
        bound=min(bound, cost),
        gap=gap,
        purchases=pd.concat(bought, ignore_index=True),
        years=years,
        assessments=assessments,
        pupils=path,
        before=before,
        asis=asis,
        scenario=scenario,
        mended=mended,
        clashes=(),
        standard=before.standard,
    )
