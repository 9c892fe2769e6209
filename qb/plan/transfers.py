"""Without money: teachers and equipment moved between schools, as little as possible."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.dataset import Dataset
from qb.judge import Assessment, assess
from qb.plan.costs import load_costs
from qb.plan.passing import add_passing, snapped
from qb.plan.pose import COLUMNS, pose
from qb.plan.problem import Problem
from qb.plan.program import Program
from qb.standard import Standard

MOVABLE = ("C1", "C2", "C3", "C6")
PERSONS = ("full_time_teachers", "certified_teachers", "trained_teachers")


@dataclass(frozen=True)
class Transfers:
    """What can be reached by moving alone.

    Attributes
    ----------
    passing, most_passing : int
        Rows (school and stage) that pass afterwards, and how many can pass at most by moving alone.
    teachers, equipment_yuan : float
        What is moved: teachers of each kind counted by themselves.
    least_teachers : float
        No transfers with so many rows passing move fewer.
    moves : DataFrame
        district, code, from_id, from_name, from_stage, to_id, to_name, to_stage, amount, unit.
    data, before, assessment
        As in `Plan`.
    """

    year: int
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
) -> Transfers:
    """Find the least movement of teachers and equipment with which most rows pass.

    Only what a school holds above the standard may go, so nobody who was at the standard falls below it, and
    nobody below gives. Teachers stay in their stage and district; equipment stays in its district. Fewest
    teachers first, then least equipment. Floor, ground and rooms cannot be moved.
    """
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    before = assess(data, year, chosen)
    problem = pose(data, before.year, chosen, load_costs(), None, district)
    given, taken, most, least = least_movement(problem, gap, seconds)
    moves = _moves(problem, given, taken, spare(problem))
    after = apply_moves(data, moves, before.year)
    staff = moves["code"] != "C6"
    return Transfers(
        year=before.year,
        passing=int(problem.passing(taken - given).sum()),
        most_passing=most,
        teachers=float(moves.loc[staff, "amount"].sum()),
        equipment_yuan=float(moves.loc[~staff, "amount"].sum()),
        least_teachers=least,
        moves=moves,
        data=after,
        before=before,
        assessment=assess(after, before.year, chosen),
    )


def spare(problem: Problem) -> np.ndarray:
    """Return what each pool holds above the standard of every row that it supplies, shape (pools,)."""
    asked = problem.limit * problem.pupils[:, None] / problem.factor
    above = (problem.have - asked) / problem.share
    above = np.where(problem.whole[problem.pool], np.floor(above + 1e-7), above)
    least = np.full(len(problem.most), np.inf)
    np.minimum.at(least, problem.pool.ravel(), above.ravel())
    movable = problem.pools["code"].isin(MOVABLE).to_numpy()
    return np.where(movable, np.maximum(least, 0.0), 0.0)


def least_movement(problem: Problem, gap: float, seconds: float) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Return what each pool gives and takes, how many rows can pass, and a bound on the teachers moved."""
    end = time.monotonic() + seconds
    program = Program()
    movable = problem.pools["code"].isin(MOVABLE).to_numpy()
    need = np.where(movable, problem.by_pool(problem.needed()), 0.0)
    above = spare(problem)
    unit = np.where(problem.whole, 1.0, np.maximum(np.maximum(need, above), 1.0))
    give = program.variables(len(unit), 0.0, above / unit, problem.whole)
    take = program.variables(len(unit), 0.0, need / unit, problem.whole)
    for pools in groups(problem):
        size = unit[pools].max()
        for sign in (1.0, -1.0):
            program.total_at_least(
                0.0, (give[pools], sign * unit[pools] / size), (take[pools], -sign * unit[pools] / size)
            )
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
    return given, np.where(movable, taken, 0.0), most, max(float(np.ceil(second.bound - 0.5 - 1e-6)), 0.0)


def groups(problem: Problem) -> list[np.ndarray]:
    """Return the pools that exchange: teachers by district and stage, equipment by district."""
    pools = problem.pools
    stage = np.where(pools["code"] == "C6", "", pools["stage"])
    movable = pools["code"].isin(MOVABLE)
    found = pools.assign(group=stage)[movable].groupby(["district", "code", "group"]).indices
    at = np.flatnonzero(movable)
    return [at[places] for places in found.values()]


def _moves(problem: Problem, given: np.ndarray, taken: np.ndarray, above: np.ndarray) -> pd.DataFrame:
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


def apply_moves(data: Dataset, moves: pd.DataFrame, year: int) -> Dataset:
    """Return the dataset after the moves. Teachers who move are certified, trained full-time teachers."""
    tables = {name: data[name].copy() for name in ("sections", "facilities")}
    for name, frame in tables.items():
        index = pd.MultiIndex.from_frame(frame[["year", "school_id", "stage"]].astype(object))
        for code in MOVABLE:
            table, column = COLUMNS[code]
            mine = moves[moves["code"] == code]
            if table != name or not len(mine):
                continue
            columns = [column, *(PERSONS if name == "sections" else ())]
            for side, sign in (("from", -1.0), ("to", 1.0)):
                keys = [(year, *key) for key in zip(mine[f"{side}_id"], mine[f"{side}_stage"], strict=True)]
                for at, amount in zip(index.get_indexer(keys), mine["amount"], strict=True):
                    frame.loc[at, columns] += sign * amount
    return data.replace(**tables)
