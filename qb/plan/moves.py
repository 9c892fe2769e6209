"""Who moves where: teachers as persons, equipment in yuan; and as the actions of a scenario file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.plan.pose import COLUMNS
from qb.plan.problem import Problem
from qb.plan.purchases import STAFF
from qb.scenario import Scenario, apply

MOVABLE = (*STAFF, "C6")
_PLACE = ["school_id", "stage"]


@dataclass(frozen=True)
class Cells:
    """What the cells of the dataset hold that pools stand for, shape (pools,).

    Attributes
    ----------
    held : ndarray
        Teachers of the kind, or yuan of equipment; 0 where it cannot be moved.
    staff : ndarray
        Full-time teachers of the section; NaN where not reported, and for equipment.
    """

    held: np.ndarray
    staff: np.ndarray


def cells_of(problem: Problem, data: Dataset, year: int) -> Cells:
    """Read the cells out of the dataset."""
    held, staff = np.zeros(len(problem.most)), np.full(len(problem.most), np.nan)
    for table, column, codes in (
        *(("sections", COLUMNS[code][1], (code,)) for code in STAFF),
        ("facilities", COLUMNS["C6"][1], ("C6",)),
    ):
        frame = data[table]
        frame = frame[(frame["year"] == year).to_numpy()].set_index(_PLACE)
        at = np.flatnonzero(problem.pools["code"].isin(codes))
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
    pools = problem.pools
    stage = np.where(pools["code"] == "C6", "", pools["stage"])
    movable = pools["code"].isin(MOVABLE)
    found = pools.assign(group=stage)[movable].groupby(["district", "code", "group"]).indices
    at = np.flatnonzero(movable)
    return [at[places] for places in found.values()]


def with_kinds(moves: pd.DataFrame, problem: Problem, cells: Cells) -> pd.DataFrame:
    """Add how many of the teachers that move are of each kind: columns C1, C2, C3.

    A teacher moves for one kind, and is of another as well only where the school has not enough others.
    """
    own = {code: np.where(moves["code"] == code, moves["amount"], 0.0) for code in STAFF}
    moves = moves.assign(**own)
    staff = moves[moves["code"].isin(STAFF)]
    for j in np.flatnonzero(problem.pools["code"].isin(STAFF)):
        pool = problem.pools.iloc[j]
        mine = staff[(staff["from_id"] == pool["school_id"]) & (staff["from_stage"] == pool["stage"])]
        others = mine[mine["code"] != pool["code"]]
        left = others["amount"].sum() - max(cells.staff[j] - cells.held[j], 0.0)
        for place, amount in others["amount"].items():
            if left > 0:
                moves.loc[place, pool["code"]] = min(left, amount)
                left -= amount
    return moves


def moved(data: Dataset, moves: pd.DataFrame, year: int) -> Dataset:
    """Return the dataset after the moves."""
    staff = moves["code"].isin(STAFF)
    if staff.any():
        data = apply(data, moves_scenario(moves[staff], year, "-"), year)
    frame = data["facilities"]
    held = frame["equipment_yuan"].to_numpy(dtype=float, copy=True)
    index = pd.MultiIndex.from_frame(frame[["year", *_PLACE]].astype(object))
    for move in moves[~staff].itertuples():  # one by one, as a scenario does, to the last digit
        held[index.get_loc((year, move.from_id, move.from_stage))] -= move.amount
        held[index.get_loc((year, move.to_id, move.to_stage))] += move.amount
    return data.replace(facilities=frame.assign(equipment_yuan=held))


def moves_scenario(moves: pd.DataFrame, year: int, title: str) -> Scenario:
    """Return the moves as a scenario: ``transfer_teachers`` and ``transfer_equipment``.

    Done on the dataset by `qb.scenario.apply` it gives the dataset of the transfers. Certificates and hours
    of training go with the teachers in proportion.
    """
    actions = []
    for move in moves.to_dict("records"):
        pair = {"from": move["from_id"], "to": move["to_id"]}
        if move["code"] == "C6":
            stages = {"from_stage": move["from_stage"], "to_stage": move["to_stage"]}
            action = {"do": "transfer_equipment", **pair, **stages, "equipment_yuan": float(move["amount"])}
        else:
            kinds = {name: round(move[code]) for code, name in STAFF.items()}
            stage = {"stage": move["to_stage"], "teachers": round(move["amount"])}
            action = {"do": "transfer_teachers", **pair, **stage, **kinds}
        actions.append(action)
    return Scenario.model_validate({"title": title, "base_year": year, "actions": actions})
