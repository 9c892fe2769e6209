"""Without money: teachers and equipment moved between schools, as little as possible."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.costs import load_costs
from qb.dataset import Dataset
from qb.judge import Assessment, assess
from qb.plan.moves import MOVABLE, Cells, cells_of, groups, moved, moves_of, with_kinds
from qb.plan.passing import add_passing, snapped
from qb.plan.pose import pose
from qb.plan.problem import Problem
from qb.plan.program import Program
from qb.plan.purchases import STAFF
from qb.standard import Standard
from qb.terms import Verdict


@dataclass(frozen=True)
class Transfers:
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
        also how many of them are of each kind (C1, C2, C3). `qb.plan.moves_scenario` makes a scenario of it.
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
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    before = assess(data, year, chosen)
    problem = pose(data, before.year, chosen, load_costs(), None, district)
    cells = cells_of(problem, data, before.year)
    given, taken, most, least = least_movement(problem, cells, gap, seconds)
    moves = with_kinds(moves_of(problem, given, taken, spare(problem, cells)), problem, cells)
    after = moved(data, moves, before.year) if len(moves) else data
    assessment = assess(after, before.year, chosen) if len(moves) else before
    passing = _passing(assessment, problem)
    staff = moves["code"] != "C6"
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
    movable = problem.pools["code"].isin(MOVABLE).to_numpy()
    unknown = problem.pools["code"].isin(STAFF).to_numpy() & np.isnan(cells.staff)
    need = np.where(movable & ~unknown, problem.by_pool(problem.needed()), 0.0)
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
    return given, np.where(movable, taken, 0.0), most, least


def _add_companions(
    program: Program, problem: Problem, cells: Cells, give: np.ndarray, above: np.ndarray
) -> None:
    """Let all who leave a section be so few that those of each kind among them can be spared.

    Of n who leave, at least n less the teachers who are not of the kind are of it.
    """
    staff = problem.pools["code"].isin(STAFF)
    sections = problem.pools[staff].groupby(["school_id", "stage"]).indices
    at = np.flatnonzero(staff)
    for places in sections.values():
        pools = at[places]
        for j in pools:
            others = max(np.nan_to_num(cells.staff[j]) - cells.held[j], 0.0)
            program.total_at_least(-(above[j] + others), (give[pools], -1.0))
