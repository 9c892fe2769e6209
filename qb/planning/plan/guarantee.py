"""What money mends beside the resources, so that the plan reaches the district's verdict; and what remains.

After the purchases of a plan every finding that fails and that money alone mends gets what it lacks: rooms
(C10), training and certificates (C16, C19), funds (C13, C14, C26), broadband and multimedia (C25). Which
indicator asks for which stands in the standard (`measure`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.indicators.assessment import Assessment
from qb.planning.costs import Costs, Other, other_prices
from qb.planning.scenario.resource_actions import funded
from qb.standard import Indicator
from qb.terms import COMPULSORY, Verdict

COLUMNS = ["district", "school_id", "name", "stage", "code", "item", "amount", "unit"]
COST = ["cost_yuan", "low_yuan", "high_yuan"]


@dataclass(frozen=True)
class Mending:
    """What money mends beside the resources.

    Attributes
    ----------
    items : DataFrame
        district, school_id and name ("" for the district's own), stage, code, item (what grows), amount,
        unit, cost_yuan, low_yuan, high_yuan (missing where the cost file has no price), yearly.
    actions : tuple of dict
        The same as actions of a scenario, to be done after the purchases.
    """

    items: pd.DataFrame
    actions: tuple[dict[str, object], ...]

    @classmethod
    def none(cls) -> Mending:
        """Return that there is nothing to mend."""
        return cls(pd.DataFrame(columns=[*COLUMNS, *COST, "yearly"]), ())

    @property
    def cost(self) -> float:
        """What has a price, in yuan."""
        return float(self.items["cost_yuan"].sum())

    @property
    def unpriced(self) -> list[str]:
        """The indicators of what has no price in the cost file."""
        return list(dict.fromkeys(self.items.loc[self.items["cost_yuan"].isna(), "code"]))


@dataclass(frozen=True)
class _Need:
    """What one school or district lacks, and the action that gives it."""

    place: dict[str, object]
    item: str
    amount: float
    action: dict[str, object]


@dataclass(frozen=True)
class _Case:
    """An indicator's findings that fail, and the data of the year."""

    data: Dataset
    year: int
    indicator: Indicator
    failing: pd.DataFrame

    def table(self, name: str) -> pd.DataFrame:
        frame = self.data[name]
        return frame[(frame["year"] == self.year).to_numpy()]

    def place(self, row: object, **more: object) -> dict[str, object]:
        return {"district": row.district, "school_id": row.school_id, "name": row.name_, "stage": "", **more}

    @property
    def rows(self) -> Iterator[object]:
        return self.failing.rename(columns={"name": "name_"}).itertuples(index=False)


def mending(data: Dataset, before: Assessment, costs: Costs, districts: set[str]) -> Mending:
    """Return what money still mends in a year.

    Parameters
    ----------
    data : Dataset
        With the purchases of the plan.
    before : Assessment
        Of that year without them: they add nothing that would let another finding fail.
    costs : Costs
    districts : set of str
        For which the plan is.
    """
    standard, found = before.standard, before.findings
    failing = found[((found["verdict"] == Verdict.FAIL) & found["district"].isin(districts)).to_numpy()]
    prices, rows, actions = other_prices(standard, costs), [], []
    for measure, needs in MEANS.items():
        indicator = standard.computed_by(measure)
        if indicator is None:
            continue
        mine = failing[(failing["code"] == indicator.code).to_numpy()]
        for need in needs(_Case(data, before.year, indicator, mine)):
            actions.append(need.action)
            rows.append(_row(need, indicator, prices.get(need.item)))
    return Mending(pd.DataFrame(rows, columns=[*COLUMNS, *COST, "yearly"]), tuple(actions))


def _row(need: _Need, indicator: Indicator, price: Other | None) -> tuple:
    sums = [np.nan] * 3
    if price is not None and price.yuan is not None:
        sums = [need.amount * each for each in (price.yuan, price.low, price.high)]
    unit, yearly = (price.unit.zh, price.yearly) if price else ("", False)
    return (*need.place.values(), indicator.code, need.item, need.amount, unit, *sums, yearly)


def _rooms(case: _Case) -> Iterator[_Need]:
    """Give each school the music and art rooms that it lacks, each of the least area that counts."""
    for row in case.rows:
        count = round(row.limit - row.value) if row.limit - row.value > 0 else 0
        if not count:
            continue
        area = float(case.indicator.limit(name=row.part, year=case.year).value)
        rooms = [{"kind": str(row.part), "area_m2": area}] * count
        yield _Need(
            case.place(row), "rooms", float(count), {"do": "build", "school": row.school_id, "rooms": rooms}
        )


def _teachers(column: str, field: str) -> Callable[[_Case], Iterator[_Need]]:
    """Return what gives all teachers of the schools that fail hours of training, or a certificate."""

    def needs(case: _Case) -> Iterator[_Need]:
        schools = case.data["schools"].set_index("school_id")
        sections = case.table("sections")
        known = {row.school_id: row for row in case.rows}
        root = schools["parent_id"].reindex(sections["school_id"]).to_numpy()
        asked = sections["stage"].isin([str(s) for s in COMPULSORY]).to_numpy()
        for section, parent in zip(sections[asked].to_dict("records"), root[asked], strict=True):
            row = known.get(section["school_id"], known.get(parent))
            lacking = section["full_time_teachers"] - section[column]
            if row is None or not lacking > 0:
                continue
            place = case.place(row, stage=section["stage"]) | {"school_id": section["school_id"]}
            action = {"do": "train", "school": section["school_id"], "stage": section["stage"]}
            yield _Need(place, column, float(lacking), {**action, field: round(lacking)})

    return needs


def _small_schools(case: _Case) -> Iterator[_Need]:
    """Give each small rural school the allocation for 100 pupils."""
    for row in case.rows:
        yield from _funds(case, row, {"allocation_yuan": row.limit - row.value})


def _training(case: _Case) -> Iterator[_Need]:
    """Set aside more of each school's public funds for training, in budget and final account."""
    totals = case.table("funds").set_index("school_id")
    for school, mine in case.failing.groupby("school_id", sort=False):
        lacks = {}
        for row in mine.itertuples(index=False):
            funds = totals.loc[school] if school in totals.index else {}
            public = funds.get(f"public_funds_{row.part}_yuan", math.nan)
            lacks[f"training_{row.part}_yuan"] = row.limit / 100 * public - funds.get(
                f"training_{row.part}_yuan", math.nan
            )
        first = next(mine.rename(columns={"name": "name_"}).itertuples(index=False))
        yield from _funds(case, first, lacks)


def _funds(case: _Case, row: object, lacks: dict[str, float]) -> Iterator[_Need]:
    reported = case.table("funds").set_index("school_id")
    held = reported.loc[row.school_id] if row.school_id in reported.index else {}
    amounts = {c: _fen(n) for c, n in lacks.items() if n > 0 and held.get(c, math.nan) == held.get(c)}
    if amounts:
        ((item, amount),) = funded(amounts)
        yield _Need(case.place(row), item, amount, {"do": "fund", "school": row.school_id, **amounts})


def _special(case: _Case) -> Iterator[_Need]:
    """Raise the money for special education to the least a pupil."""
    for row in case.rows:
        pupils, money = (
            _item(case, row.district, f"special_{name}") for name in ("pupils", "allocation_yuan")
        )
        more = _fen(row.limit * pupils - money)
        if more > 0:
            action = {"do": "set", "item": "special_allocation_yuan", "value": money + more}
            place = case.place(row) | {"school_id": "", "name": ""}
            yield _Need(place, "special_allocation_yuan", more, {**action, "district": row.district})


def _networks(case: _Case) -> Iterator[_Need]:
    """Connect every school, and equip every regular classroom, where counts are reported."""
    counts = {
        "broadband": ("schools_with_broadband", "schools_checked"),
        "multimedia": ("regular_classrooms_multimedia", "regular_classrooms"),
    }
    for row in case.rows:
        if row.part not in counts:
            continue
        item, whole = counts[row.part]
        has, all_of_them = (_item(case, row.district, name) for name in (item, whole))
        if all_of_them - has > 0:
            action = {"do": "set", "item": item, "value": all_of_them, "district": row.district}
            place = case.place(row) | {"school_id": "", "name": ""}
            yield _Need(place, item, all_of_them - has, action)


def _item(case: _Case, district: str, item: str) -> float:
    items = case.table("district")
    mine = items[((items["district"] == district) & (items["item"] == item)).to_numpy()]["value"]
    return float(mine.iloc[0]) if len(mine) else math.nan


def _fen(yuan: float) -> float:
    """Round up to a fen.

    >>> _fen(10.001), _fen(7.0)
    (10.01, 7.0)
    """
    return math.ceil(round(100 * yuan, 6)) / 100 if yuan == yuan else math.nan


MEANS = {
    "special_rooms": _rooms,
    "trained": _teachers("trained_teachers", "trained"),
    "certified": _teachers("certified_teachers", "certified"),
    "small_school_funds": _small_schools,
    "special_funds": _special,
    "charter_and_it": _networks,
    "training_funds": _training,
}
