"""What money mends beside the resources: rooms, training, certificates, funds, broadband; and what cannot be planned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.errors import QbError
from qb.indicators.assessment import Assessment
from qb.language import STOP, Message, joined, listing
from qb.planning.costs import Costs, Other, SchoolLimit, other_prices, price_code
from qb.planning.scenario.resource_actions import funded
from qb.standard import Indicator, Standard
from qb.terms import COMPULSORY, Stage, Verdict

COLUMNS = ["district", "school_id", "name", "stage", "code", "item", "amount", "unit"]
COST = ["cost_yuan", "low_yuan", "high_yuan"]


@dataclass(frozen=True)
class OtherPurchases:
    """What money mends beside the resources."""

    # district, school_id and name ("" for the district's own), stage, code, item (what grows), amount, unit,
    # cost_yuan, low_yuan, high_yuan (missing where the cost file has no price), yearly.
    items: pd.DataFrame
    # The same as actions of a scenario, to be done after the purchases.
    actions: tuple[dict[str, object], ...]

    @classmethod
    def none(cls) -> OtherPurchases:
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


def mending(data: Dataset, before: Assessment, costs: Costs, districts: set[str]) -> OtherPurchases:
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
    for measure, needs in NEEDS.items():
        indicator = standard.computed_by(measure)
        if indicator is None:
            continue
        mine = failing[(failing["code"] == indicator.code).to_numpy()]
        for need in needs(_Case(data, before.year, indicator, mine)):
            actions.append(need.action)
            rows.append(_row(need, indicator, prices.get(need.item)))
    return OtherPurchases(pd.DataFrame(rows, columns=[*COLUMNS, *COST, "yearly"]), tuple(actions))


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


NEEDS = {
    "special_rooms": _rooms,
    "trained": _teachers("trained_teachers", "trained"),
    "certified": _teachers("certified_teachers", "certified"),
    "small_school_funds": _small_schools,
    "special_funds": _special,
    "charter_and_it": _networks,
    "training_funds": _training,
}


# What cannot be planned, and why.


def refuse_unplannable(standard: Standard, costs: Costs | None, budget: float | None) -> None:
    """Refuse a standard, costs or a budget with which no plan can be made."""
    wrong = [
        Message(
            "{} 按 {} 计算，方案只支持按学生数计算的资源指标",
            "{} is divided by {}; plans can do with resources per pupil only",
            i.code,
            i.resource.divisor,
        )
        for i in standard.resources
        if (i.resource.columns != ("pupils",) if i.at_most else i.resource.divisor != "pupils")
    ]
    wrong += [
        Message(
            "{}（{}）没有费用，请在费用文件中补写 code = {!r} 的一条",
            "{} ({}) has no price; add an entry with code = {!r} to the cost file",
            i.code,
            i.short,
            price_code(i),
        )
        for i in standard.resources
        if costs is not None and price_code(i) not in {cost.code for cost in costs.costs}
    ]
    rule = standard.rules.coefficient
    if standard.mean_decides and standard.limits_schools:
        wrong.append(
            Message(
                "标准按各项差异系数的平均值判定，又对学校规定限值，方案不能同时满足两者",
                "the standard judges the mean of the coefficients and has limits for schools too; no plan can do both",
            )
        )
    elif rule and any(i.at_most for i in standard.resources):
        wrong.append(
            Message(
                "标准对越低越好的指标限定差异系数，方案不支持",
                "the standard limits the coefficient of an indicator that should be low; plans cannot do with it",
            )
        )
    if not standard.rules.school and not rule:
        wrong.append(
            Message(
                "标准没有学校规则，也没有差异系数限值，没有须达到的目标",
                "the standard has neither a school rule nor limits on coefficients, so there is no target",
            )
        )
    if budget is not None and not (np.isfinite(budget) and budget >= 0):
        wrong.append(
            Message("预算不能小于 0，现为 {:g} 元", "the budget cannot be below 0; it is {:g} yuan", budget)
        )
    if standard.rules.rounding.compare != "raw":
        wrong.append(
            Message(
                '标准按四舍五入后的数值比较，方案只能按原始数值保证达标，请改为 compare = "raw"',
                'the standard compares rounded figures, and a plan can only promise raw ones; change it to compare = "raw"',
            )
        )
    sides = {m.side for i in standard.resources for m in i.limits} | ({rule.side} if rule else set())
    if not sides <= {">=", "<="}:
        wrong.append(
            Message(
                "资源指标或差异系数的限值须用“>=”“<=”",
                "limits on resources and coefficients must have the side “>=” or “<=”",
            )
        )
    if wrong:
        raise QbError(Message("无法制定方案：", "No plan can be made: ") + joined("；", "; ", wrong) + STOP)


def refuse_missing(rows: pd.DataFrame, pupils: np.ndarray, have: np.ndarray, codes: tuple[str, ...]) -> None:
    """Refuse schools without data."""
    missing = np.isnan(have) | np.isnan(pupils)[:, None]
    at = np.flatnonzero(missing.any(axis=1))
    if not len(at):
        return
    shown = [
        Message(
            "{}（{}）缺{}",
            "{} ({}) lacks {}",
            rows["name"].iloc[i],
            Stage(rows["stage"].iloc[i]),
            listing(codes[k] for k in np.flatnonzero(missing[i])),
        )
        for i in at[:20]
    ]
    more = Message("等 {} 处", " and more: {} in all", len(at)) if len(at) > 20 else ""
    raise QbError(
        "缺少数据的学校无法规划：{}{}。请先补齐数据（qb check 可逐条列出）。",
        "No plan can be made for schools without data: {}{}. Complete the data first (qb check lists what is missing).",
        joined("；", "; ", shown),
        more,
    )


def stranger(entry: SchoolLimit, reported: set[str]) -> Message:
    """Say of a limit that it is of no stage that its school reports."""
    if not reported:
        return Message(
            "学校 {} 不在参加评估的学校之中", "school {} is not among those judged", entry.school_id
        )
    stages = listing(Stage(s) for s in sorted(reported))
    return Message(
        "学校 {} 的 {} 按“{}”填报，不能按“{}”限制",
        "school {} reports {} for “{}”; it cannot be limited for “{}”",
        entry.school_id,
        entry.code,
        stages,
        Stage(entry.stage),
    )


def require_each(standard: Standard, what: Message) -> None:
    """Refuse what is planned coefficient by coefficient where their mean decides."""
    if standard.mean_decides:
        raise QbError(
            "标准按各项差异系数的平均值判定，不支持{}（对学校没有限值，无从说明谁缺、谁有余）；可用 qb plan 得出费用最低的方案，或把调配写进情景文件，用 qb whatif 试算。",
            "The standard judges the mean of the coefficients, so there is no {}: without limits for schools nobody lacks or can spare anything; qb plan gives the cheapest plan, and qb whatif computes moves that a scenario file names.",
            what,
        )
