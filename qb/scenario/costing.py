"""What the actions of a scenario cost by the cost file; what has no price there is named, never zero."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qb.costs import Costs
from qb.scenario.apply import Years, run
from qb.scenario.files import Draft
from qb.scenario.means import Build, Buy
from qb.scenario.model import Action
from qb.scenario.opening import OpenSchool
from qb.scenario.register import Register, missing
from qb.scenario.teachers import Hire, Train
from qb.standard import Standard

# What a column of the tables is bought as. Any teacher who is hired has the pay that the file states for C3.
BOUGHT = {
    "full_time_teachers": "C3",
    "teaching_area_m2": "C4",
    "sports_ground_m2": "C5",
    "equipment_yuan": "C6",
    "multimedia_rooms": "C7",
}
TRAINED = {"teachers_above_required": "C1", "backbone_teachers": "C2"}
SITE = "site"  # land, and what a new school needs beside C1–C7
COLUMNS = ["number", "do", "item", "stage", "code", "amount", "years", "cost_yuan", "low", "high"]

Item = tuple[str, str, str | None, float | None]  # item, stage or "", code or None without a price, amount


def costing(draft: Draft, base: Years, costs: Costs, standard: Standard, year: int) -> pd.DataFrame:
    """Return the costs of each action up to a year.

    Returns
    -------
    DataFrame
        `number` and `do` of the action; `item` (the column that grows, ``site``, ``rooms``, or the action
        itself where it buys nothing that has a price); `stage`, `code`, `amount`; `years` that the cost is
        due in (pay comes back every year, from the action's to the one asked for); `cost_yuan`, `low` and
        `high` over these years, missing where the cost file has no price.
    """
    rows = []
    for place, (number, action) in enumerate(draft.steps):
        if action.year > year:
            continue
        for item, stage, code, amount in _items(draft, place, action, base, standard):
            if code is None:
                rows.append((number, action.do, item, stage, None, amount, None, None, None, None))
                continue
            price = costs.cost(code, stage)
            years = year - action.year + 1 if price.yearly else 1
            sums = [amount * years * each for each in (price.yuan, price.low, price.high)]
            rows.append((number, action.do, item, stage, code, amount, years, *sums))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype(dict.fromkeys(COLUMNS[5:], float))


def _items(draft: Draft, place: int, action: Action, base: Years, standard: Standard) -> Iterator[Item]:
    """Yield what an action buys, in the units of the cost file."""
    if isinstance(action, OpenSchool):
        start = Register.of(base.data[action.year], action.year)
        after, _ = run(start, draft.steps[: place + 1], standard, outlook=base.outlook.get(action.year))
        yield from _opened(after, action.school_id)
    elif isinstance(action, Build | Buy):
        stage = str(action.stage or _stage(base, action))
        amounts = dict(action.amounts)
        indoor = amounts.pop("indoor_sports_area_m2", None)
        yield from ((column, stage, BOUGHT[column], amount) for column, amount in amounts.items())
        if indoor and "teaching_area_m2" not in amounts:  # else it is a part of that floor
            yield "indoor_sports_area_m2", stage, None, indoor
        if isinstance(action, Build) and action.rooms:
            yield "rooms", stage, None, float(len(action.rooms))
    elif isinstance(action, Hire):
        yield "full_time_teachers", _stage(base, action), "C3", action.teachers
    elif isinstance(action, Train):
        yield from (
            (column, _stage(base, action), TRAINED.get(column), number)
            for column, number in action.given.items()
            if number
        )
    else:
        yield action.do, "", None, None


def _stage(base: Years, action: Hire | Train | Build | Buy) -> str:
    """Return the stage of an action that names none: the school's only one, else the school as a whole."""
    if action.stage:
        return str(action.stage)
    stages = Register.of(base.data[action.year], action.year).stages(action.school)
    return str(stages[0]) if len(stages) == 1 else "whole"


def _opened(register: Register, school: str) -> Iterator[Item]:
    for table, columns in (("sections", ["full_time_teachers"]), ("facilities", list(BOUGHT)[1:])):
        for (owner, stage), row in register[table].items():
            if owner == school:
                yield from (
                    (column, str(stage), BOUGHT[column], row[column])
                    for column in columns
                    if not missing(row[column]) and row[column] > 0
                )
    yield SITE, "", None, None


def total(table: pd.DataFrame) -> dict[str, float | None]:
    """Return the sums of what has a price, by column; None where nothing has one.

    >>> total(pd.DataFrame([[5.0, 4.0, 6.0], [float("nan")] * 3], columns=["cost_yuan", "low", "high"]))
    {'cost_yuan': 5.0, 'low': 4.0, 'high': 6.0}
    """
    sums = table[["cost_yuan", "low", "high"]].sum(min_count=1)
    return {name: None if pd.isna(value) else float(value) for name, value in sums.items()}


def unpriced(table: pd.DataFrame) -> list[tuple[int, str, str]]:
    """Return number, action and item of all that has no price in the cost file."""
    rows = table[table["cost_yuan"].isna().to_numpy()]
    return list(rows[["number", "do", "item"]].drop_duplicates().itertuples(index=False, name=None))
