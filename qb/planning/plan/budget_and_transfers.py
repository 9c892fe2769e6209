"""The best use of a budget that is not enough, and of no money: what is bought, which teachers move."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset, with_columns
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess, judge
from qb.language import Message
from qb.planning.costs import Costs, load_costs
from qb.planning.plan.cheapest import Plan, actions, apply_purchases, purchases, staff_fields
from qb.planning.plan.integer_program import Program, add_passing, add_shortfall, shortfall, snapped
from qb.planning.plan.other_purchases import require_each
from qb.planning.plan.planning_problem import Problem, build_problem
from qb.planning.scenario import Scenario, apply
from qb.result_repr import Shown
from qb.standard import Standard, chosen_standard
from qb.terms import Verdict

# Best use of a budget: most rows passing, then the least shortfall.


@dataclass(frozen=True, repr=False)
class BudgetPlan(Shown):
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
    without: Dataset = field(repr=False)  # the data before the purchases
    before: Assessment
    problem: Problem
    x: np.ndarray

    @cached_property
    def data(self) -> Dataset:
        """The dataset with the purchases."""
        bought = self.purchases
        return (
            apply_purchases(self.without, bought, self.year, self.before.standard)
            if len(bought)
            else self.without
        )

    @cached_property
    def assessment(self) -> Assessment:
        """The year judged with the purchases, when it is first asked for."""
        return judge(self.data, self.year, self.before.standard) if len(self.purchases) else self.before


def best_use(
    data: Dataset,
    budget: float,
    year: int | None = None,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 20.0,
    plan: Plan | None = None,
) -> BudgetPlan:
    """Find what to buy for a budget that is not enough: most rows passing, then the least shortfall.

    Coefficients are not asked for; the assessment shows what becomes of them. Parameters as in
    `cheapest_plan`; of a `plan` made of the same, assessment and problem need not be made again.
    """
    if budget is None or not (np.isfinite(budget) and budget >= 0):
        raise QbError(
            "预算须为不小于 0 的数，现为 {}。", "The budget must be a number not below 0; it is {}.", budget
        )
    chosen = chosen_standard(standard)
    costs = load_costs(costs)
    require_each(chosen, Message("预算的最佳用法", "best use of a budget"))
    data = with_columns(data, chosen)
    if plan:
        before, problem = plan.before, replace(plan.problem, budget=budget)
    else:
        before = assess(data, year, chosen)
        problem = build_problem(data, before.year, chosen, costs, budget, district)
    spent = spend(problem, gap, seconds)
    x = spent.x
    bought = purchases(problem, x)
    return BudgetPlan(
        year=before.year,
        budget=budget,
        cost=float(bought["cost_yuan"].sum()),
        passing=int(problem.passing(x).sum()),
        most_passing=spent.most_passing,
        shortfall=shortfall(problem, x),
        least_shortfall=spent.least_shortfall,
        saves=1e4 * spent.price,
        purchases=bought,
        without=data,
        before=before,
        problem=problem,
        x=x,
    )


@dataclass(frozen=True)
class BudgetSolution:
    """Additions, how many rows can pass at most, a bound on the shortfall with so many, and its price."""

    x: np.ndarray
    most_passing: int
    least_shortfall: float
    price: float


def spend(problem: Problem, gap: float, seconds: float) -> BudgetSolution:
    """Spend the problem's budget."""
    found = _spend(problem, gap, seconds, problem.budget)
    if problem.cost(found.x) > problem.budget:  # by the solver's tolerance: a little less, the same bounds
        return replace(found, x=_spend(problem, gap, seconds, problem.budget * (1 - 1e-5)).x)
    return found


def _spend(problem: Problem, gap: float, seconds: float, budget: float) -> BudgetSolution:
    end = time.monotonic() + seconds
    program = Program()
    unit = np.where(problem.whole, 1.0, np.maximum(problem.by_pool(problem.needed()), 1.0))
    most = np.minimum(problem.most, problem.by_pool(problem.needed())) / unit
    y = program.variables(len(unit), 0.0, most, problem.whole)
    for bound in problem.sums:
        program.total_at_least(-bound.most, (y[bound.pools], -unit[bound.pools]))
    scale = max(budget, 1.0)
    tight = problem.tight
    hired, some = program.variables(len(tight.pool)), tight.hires >= 0
    program.sums_at_least(
        -tight.room,
        np.concatenate([np.arange(len(hired)), np.arange(len(hired)), np.flatnonzero(some)]),
        (
            np.concatenate([hired, y[tight.pool], y[tight.hires[some]]]),
            np.concatenate([np.ones(len(hired)), -unit[tight.pool], unit[tight.hires[some]]]),
        ),
    )
    money = program.total_at_least(
        -budget / scale, (y, -problem.yuan * unit / scale), (hired, -tight.extra / scale)
    )
    passing = add_passing(program, problem, y, unit)
    first = program.least((passing.row, -1.0), seconds=seconds / 2)
    rows = 0 if first.v is None else round(first.v[passing.row].sum())
    can_pass = min(len(problem.pupils), int(np.floor(-first.bound + 1e-6)))
    program.total_at_least(float(rows), (passing.row, 1.0))
    lacking = add_shortfall(program, problem, y, unit)
    second = program.least(lacking, gap=gap, seconds=end - time.monotonic())
    v = first.v if second.v is None else second.v
    return BudgetSolution(
        x=np.zeros(len(unit)) if v is None else snapped(problem, passing, v, v[y] * unit),
        most_passing=can_pass,
        least_shortfall=max(second.bound, 0.0),
        price=program.price(money, lacking) / scale,
    )


def spending_scenario(spent: BudgetPlan, data: Dataset, title: str) -> Scenario:
    """Return what a budget buys as a scenario of the dataset that it was planned for."""
    made = actions(spent.before.standard, data, spent.purchases, spent.year)
    return Scenario.model_validate({"title": title, "base_year": spent.year, "actions": made})


# Who moves where: teachers as persons, equipment in yuan; and as the actions of a scenario file.


EQUIPMENT = ("facilities", "equipment_yuan")


def movable(problem: Problem) -> tuple[list[str], list[str]]:
    """Return the codes of teachers of a kind, and of equipment: what can be moved between schools."""
    equipment = [i.code for i in problem.standard.resources if i.adds_to == EQUIPMENT]
    return list(staff_fields(problem.standard)), equipment


_PLACE = ["school_id", "stage"]


@dataclass(frozen=True)
class Cells:
    """What the cells of the dataset hold that pools stand for, shape (pools,)."""

    held: np.ndarray  # teachers of the kind, or yuan of equipment; 0 where it cannot be moved
    staff: np.ndarray  # full-time teachers of the section; NaN where not reported, and for equipment


def cells_of(problem: Problem, data: Dataset, year: int) -> Cells:
    """Read the cells out of the dataset."""
    held, staff = np.zeros(len(problem.most)), np.full(len(problem.most), np.nan)
    staff_codes, equipment = movable(problem)
    for code in (*staff_codes, *equipment):
        table, column = problem.standard[code].adds_to
        frame = data[table]
        frame = frame[(frame["year"] == year).to_numpy()].set_index(_PLACE)
        at = np.flatnonzero(problem.pools["code"] == code)
        mine = frame.reindex(pd.MultiIndex.from_frame(problem.pools.iloc[at][_PLACE]))
        held[at] = mine[column].to_numpy(dtype=float)
        if table == "sections":
            staff[at] = mine["full_time_teachers"].to_numpy(dtype=float)
    return Cells(np.nan_to_num(held), staff)


def moves_of(problem: Problem, given: np.ndarray, taken: np.ndarray, above: np.ndarray) -> pd.DataFrame:
    """Pair givers and takers, the greatest with the greatest."""
    cells, rows = problem.pools, []
    for pools in groups(problem):
        left = given[pools].copy()
        # The solver's tolerance may leave a taker short by a hair: what else could be given makes it up.
        order = np.argsort(-left, kind="stable")
        extra = above[pools] - left
        for taker in pools[np.argsort(-taken[pools], kind="stable")]:
            wanted = taken[taker]
            for stock in (left, extra):
                for giver in order:
                    moved = min(wanted, stock[giver])
                    if moved <= 1e-9:
                        continue
                    stock[giver] -= moved
                    wanted -= moved
                    a, b = cells.iloc[pools[giver]], cells.iloc[taker]
                    names = (a["school_id"], a["name"], a["stage"], b["school_id"], b["name"], b["stage"])
                    rows.append((a["district"], a["code"], *names, moved, a["unit"]))
    columns = ["district", "code", "from_id", "from_name", "from_stage", "to_id", "to_name", "to_stage"]
    return pd.DataFrame(rows, columns=[*columns, "amount", "unit"])


def groups(problem: Problem) -> list[np.ndarray]:
    """Return the pools that exchange: teachers by district and stage, equipment by district."""
    pools, (staff, equipment) = problem.pools, movable(problem)
    stage = np.where(pools["code"].isin(equipment), "", pools["stage"])
    moving = pools["code"].isin([*staff, *equipment])
    found = pools.assign(group=stage)[moving].groupby(["district", "code", "group"]).indices
    at = np.flatnonzero(moving)
    return [at[places] for places in found.values()]


def with_kinds(moves: pd.DataFrame, problem: Problem, cells: Cells) -> pd.DataFrame:
    """Add how many of the teachers that move are of each kind: a column for each code.

    A teacher moves for one kind, and is of another as well only where the school has not enough others.
    """
    kinds, _ = movable(problem)
    own = {code: np.where(moves["code"] == code, moves["amount"], 0.0) for code in kinds}
    moves = moves.assign(**own)
    staff = moves[moves["code"].isin(kinds)]
    leaving = staff.groupby(["from_id", "from_stage"]).indices
    for j in np.flatnonzero(problem.pools["code"].isin(kinds)):
        pool = problem.pools.iloc[j]
        mine = staff.iloc[leaving.get((pool["school_id"], pool["stage"]), [])]
        others = mine[mine["code"] != pool["code"]]
        left = others["amount"].sum() - max(cells.staff[j] - cells.held[j], 0.0)
        for place, amount in others["amount"].items():
            if left > 0:
                moves.loc[place, pool["code"]] = min(left, amount)
                left -= amount
    return moves


def moved(data: Dataset, moves: pd.DataFrame, year: int, standard: Standard) -> Dataset:
    """Return the dataset after the moves."""
    staff = moves["code"].isin(staff_fields(standard))
    if staff.any():
        data = apply(data, moves_scenario(moves[staff], year, "-", standard), year, standard)
    frame = data["facilities"]
    held = frame["equipment_yuan"].to_numpy(dtype=float, copy=True)
    index = pd.MultiIndex.from_frame(frame[["year", *_PLACE]].astype(object))
    for move in moves[~staff].itertuples():  # one by one, as a scenario does, to the last digit
        held[index.get_loc((year, move.from_id, move.from_stage))] -= move.amount
        held[index.get_loc((year, move.to_id, move.to_stage))] += move.amount
    return data.replace(facilities=frame.assign(equipment_yuan=held))


def moves_scenario(moves: pd.DataFrame, year: int, title: str, standard: Standard) -> Scenario:
    """Return the moves as a scenario: ``transfer_teachers`` and ``transfer_equipment``.

    Done on the dataset by `qb.scenario.apply` it gives the dataset of the transfers. Certificates and hours
    of training go with the teachers in proportion.
    """
    made, fields = [], staff_fields(standard)
    for move in moves.to_dict("records"):
        pair = {"from": move["from_id"], "to": move["to_id"]}
        if move["code"] not in fields:
            stages = {"from_stage": move["from_stage"], "to_stage": move["to_stage"]}
            action = {"do": "transfer_equipment", **pair, **stages, "equipment_yuan": float(move["amount"])}
        else:
            kinds = {name: round(move[code]) for code, name in fields.items()}
            stage = {"stage": move["to_stage"], "teachers": round(move["amount"])}
            action = {"do": "transfer_teachers", **pair, **stage, **kinds}
        made.append(action)
    return Scenario.model_validate({"title": title, "base_year": year, "actions": made})


# Without money: teachers and equipment moved between schools, as little as possible.


@dataclass(frozen=True, repr=False)
class Transfers(Shown):
    """What can be reached by moving alone.

    Attributes
    ----------
    passing_before, passing, most_passing : int
        Rows (school and stage) that pass now and afterwards, and that can pass at most by moving alone.
    teachers, equipment_yuan : float
        What is moved: teachers of each kind counted by themselves.
    least_teachers : float
        No transfers with so many rows passing move fewer.
    moves : DataFrame
        district, code, from_id, from_name, from_stage, to_id, to_name, to_stage, amount, unit; of teachers
        also how many of them are of each kind, a column for each code.
        `moves_scenario` makes a scenario of it.
    data, before, assessment
        As in `Plan`.
    """

    year: int
    passing_before: int
    passing: int
    most_passing: int
    teachers: float
    equipment_yuan: float
    least_teachers: float
    moves: pd.DataFrame
    data: Dataset
    before: Assessment
    assessment: Assessment


def transfers(
    data: Dataset,
    year: int | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.002,
    seconds: float = 20.0,
    before: Assessment | None = None,
) -> Transfers:
    """Find the least movement of teachers and equipment with which most rows pass.

    Only what a school holds above the standard may go, so nobody who was at the standard falls below it, and
    nobody below gives. Teachers stay in their stage and district; equipment stays in its district. Fewest
    teachers first, then least equipment. Floor, ground and rooms cannot be moved.

    Notes
    -----
    A teacher who moves fills one gap. Where all teachers of a school have the degree, whoever leaves as a
    backbone teacher takes the degree along, and the school must be able to spare that too.
    """
    chosen = chosen_standard(standard)
    require_each(chosen, Message("不花钱的调配", "plan of transfers without money"))
    data = with_columns(data, chosen)
    before = before or assess(data, year, chosen)
    problem = build_problem(data, before.year, chosen, None, None, district)
    cells = cells_of(problem, data, before.year)
    given, taken, most, least = least_movement(problem, cells, gap, seconds)
    moves = with_kinds(moves_of(problem, given, taken, spare(problem, cells)), problem, cells)
    after = moved(data, moves, before.year, chosen) if len(moves) else data
    assessment = judge(after, before.year, chosen) if len(moves) else before
    passing = _passing(assessment, problem)
    staff = moves["code"].isin(movable(problem)[0])
    return Transfers(
        year=before.year,
        passing_before=_passing(before, problem),
        passing=passing,
        most_passing=max(most, passing),
        teachers=float(moves.loc[staff, "amount"].sum()),
        equipment_yuan=float(moves.loc[~staff, "amount"].sum()),
        least_teachers=least,
        moves=moves,
        data=after,
        before=before,
        assessment=assessment,
    )


def _passing(assessment: Assessment, problem: Problem) -> int:
    rows = assessment.rows[assessment.rows["district"].isin(set(problem.rows["district"]))]
    return int((rows["verdict"] == Verdict.PASS).sum())


def spare(problem: Problem, cells: Cells) -> np.ndarray:
    """Return what each cell holds above the standard of every row that it supplies, shape (pools,)."""
    asked = problem.limit * problem.pupils[:, None] / problem.factor
    above = (problem.have - asked) / problem.share
    above = np.where(problem.whole[problem.pool], np.floor(above + 1e-7), above)
    least = np.full(len(problem.most), np.inf)
    np.minimum.at(least, problem.pool.ravel(), above.ravel())
    return np.maximum(np.minimum(least, cells.held), 0.0)


def least_movement(
    problem: Problem, cells: Cells, gap: float, seconds: float
) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Return what each pool gives and takes, how many rows can pass, and a bound on the teachers moved."""
    end = time.monotonic() + seconds
    program = Program()
    kinds, equipment = movable(problem)
    moving = problem.pools["code"].isin([*kinds, *equipment]).to_numpy()
    unknown = problem.pools["code"].isin(kinds).to_numpy() & np.isnan(cells.staff)
    need = np.where(moving & ~unknown, problem.by_pool(problem.needed()), 0.0)
    above = np.where(unknown, 0.0, spare(problem, cells))
    unit = np.where(problem.whole, 1.0, np.maximum(np.maximum(need, above), 1.0))
    give = program.variables(len(unit), 0.0, above / unit, problem.whole)
    take = program.variables(len(unit), 0.0, need / unit, problem.whole)
    for pools in groups(problem):  # what is taken is given, and no more where as little as possible is moved
        size = unit[pools] / unit[pools].max()
        program.total_at_least(0.0, (give[pools], size), (take[pools], -size))
    _add_companions(program, problem, cells, give, above)
    passing = add_passing(program, problem, take, unit)
    first = program.least((passing.row, -1.0), seconds=seconds / 2)
    most = min(len(problem.pupils), int(np.floor(-first.bound + 1e-6)))
    if first.v is None:
        return np.zeros(len(unit)), np.zeros(len(unit)), most, 0.0
    program.total_at_least(float(round(first.v[passing.row].sum())), (passing.row, 1.0))
    # All equipment together weighs less than half a teacher: teachers first.
    weight = np.where(problem.whole, 1.0, 0.5 * unit / max(above[~problem.whole].sum(), 1.0))
    second = program.least((give, weight), gap=gap, seconds=end - time.monotonic())
    v = first.v if second.v is None else second.v
    taken = snapped(problem, passing, v, v[take] * unit)
    given = np.where(problem.whole, np.round(v[give]), v[give] * unit)
    least = max(0.0, float(np.ceil(second.bound - 0.5 - 1e-6)))
    return given, np.where(moving, taken, 0.0), most, least


def _add_companions(
    program: Program, problem: Problem, cells: Cells, give: np.ndarray, above: np.ndarray
) -> None:
    """Let all who leave a section be so few that those of each kind among them can be spared.

    Of n who leave, at least n less the teachers who are not of the kind are of it.
    """
    staff = problem.pools["code"].isin(movable(problem)[0])
    sections = problem.pools[staff].groupby(["school_id", "stage"]).indices
    at = np.flatnonzero(staff)
    for places in sections.values():
        pools = at[places]
        for j in pools:
            others = max(np.nan_to_num(cells.staff[j]) - cells.held[j], 0.0)
            program.total_at_least(-(above[j] + others), (give[pools], -1.0))
