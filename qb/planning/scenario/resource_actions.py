"""Actions on buildings, equipment and money: `build`, `buy`, `transfer_equipment`, `fund`, `set`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from qb.data.schema import AMOUNTS, TABLES, DistrictItem, SchemaColumn, items_of, tables_of
from qb.language import Both, FieldName, Message, listing
from qb.planning.scenario.action_base import (
    ROOMS,
    Amount,
    BaseAction,
    Case,
    Item,
    Names,
    Several,
    in_print,
    said_if,
    some_of,
    unless,
    written,
)
from qb.planning.scenario.year_records import YearRecords, missing, refuse
from qb.standard import Number, Positive, Standard, Words
from qb.terms import RoomKind, Stage
from qb.tomlfile import Entry

# Actions on buildings, equipment, money and inputs of the district.


# What `build` adds to; `buy` adds to all else that a school holds.
BUILT = ("teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2")


FUNDED = ("allocation_yuan", "training_budget_yuan", "training_final_yuan")


class Room(Entry):
    """A music or art room."""

    kind: RoomKind
    area_m2: Positive


class Build(BaseAction):
    """Floor, sports ground and rooms; teaching area has indoor sports area in it, as in the table."""

    called: ClassVar[Message] = Message("建设", "Build")
    do: Literal["build"]
    school: Words
    stage: Stage | None = None
    teaching_area_m2: Amount | None = None
    indoor_sports_area_m2: Amount | None = None
    sports_ground_m2: Amount | None = None
    rooms: tuple[Room, ...] = ()

    @property
    def amounts(self) -> dict[str, float]:
        """What is added to the columns of ``facilities``."""
        return written(self, *BUILT)

    @model_validator(mode="after")
    def _fits(self) -> Build:
        return unless(some_of(self.amounts or self.rooms, *BUILT, "rooms"), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        amounts = [names.amounts(self.amounts)] if self.amounts else []
        room = {RoomKind.MUSIC: Both("音乐教室", "music room"), RoomKind.ART: Both("美术教室", "art room")}
        unit = names.unit("area_m2")
        rooms = [Message("{} {:g}{}", "{} {:g}{}", room[one.kind], one.area_m2, unit) for one in self.rooms]
        what = listing([*amounts, *rooms])
        return Message("{}建设：{}", "{}: build {}", names.school(self.school, self.stage), what)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Add floor, ground and rooms. Rooms are of a stage; for a school as one, of its first."""
        refuse(register.unknown(self.school))
        if self.stage not in (None, Stage.WHOLE) or not register.stages(self.school):
            register.stage_of(self.school, self.stage)
        register = _with_facilities(register, self, standard)
        if not self.rooms:
            return register
        stages = register.stages(self.school)
        stage = self.stage if self.stage in stages else stages[0]
        last = max(register["rooms"], default=-1)
        rows = {
            last + 1 + i: register.row(
                "rooms", school_id=self.school, stage=str(stage), kind=str(room.kind), area_m2=room.area_m2
            )
            for i, room in enumerate(self.rooms)
        }
        return register.put("rooms", rows)

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield floor and ground; indoor sports area is bought with the floor that it is a part of."""
        yield from case.means(self.school, self.stage, self.amounts)
        if self.rooms:
            stage = case.stage(self.school, self.stage)
            yield Item(ROOMS, stage, float(len(self.rooms)), case.prices.others.get(ROOMS))


class Buy(BaseAction):
    """Teaching equipment, networked multimedia rooms, and `columns` that the standard declares."""

    called: ClassVar[Message] = Message("添置", "Buy")
    do: Literal["buy"]
    school: Words
    stage: Stage | None = None
    equipment_yuan: Amount | None = None
    multimedia_rooms: Several | None = None
    columns: dict[Words, Positive] = Field(default_factory=dict)

    @property
    def amounts(self) -> dict[str, float]:
        """What is added to the columns of ``facilities``."""
        return written(self, "equipment_yuan", "multimedia_rooms") | self.columns

    @model_validator(mode="after")
    def _fits(self) -> Buy:
        return unless(some_of(self.amounts, "equipment_yuan", "multimedia_rooms", "columns"), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        school, what = names.school(self.school, self.stage), names.amounts(self.amounts)
        return Message("{}添置：{}", "{}: buy {}", school, what)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Add equipment and multimedia rooms."""
        return _with_facilities(register, self, standard)

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield equipment, rooms and what the standard declares."""
        return case.means(self.school, self.stage, self.amounts)


class TransferEquipment(BaseAction):
    """Teaching equipment goes from one school to another; without a stage, of the only one that has some."""

    called: ClassVar[Message] = Message("调配设备", "Transfer equipment")
    do: Literal["transfer_equipment"]
    from_: Words = Field(alias="from")
    from_stage: Stage | None = None
    to: Words
    to_stage: Stage | None = None
    equipment_yuan: Amount

    @model_validator(mode="after")
    def _fits(self) -> TransferEquipment:
        same = self.from_ == self.to and self.from_stage == self.to_stage
        zh, en = "{0} 与 {1} 是同一所学校的同一学段", "{0} and {1} are the same stage of the same school"
        return unless(said_if(same, zh, en, FieldName("from"), FieldName("to")), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        source, to = names.school(self.from_, self.from_stage), names.school(self.to, self.to_stage)
        zh, en = "从{1}调配价值 {0} 元的设备到{2}", "Equipment worth {0} yuan goes from {1} to {2}"
        return Message(zh, en, in_print(self.equipment_yuan), source, to)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Move equipment between two schools' facilities; none is added or lost."""
        refuse([*register.unknown(self.from_), *register.unknown(self.to)])
        rows = register["facilities"]
        source = (self.from_, str(_row_of(register, self.from_, self.from_stage)))
        target = (self.to, str(_row_of(register, self.to, self.to_stage)))
        held = {key: rows.get(key, {}).get("equipment_yuan") for key in (source, target)}
        refuse(
            Message(
                "{}（{}）没有填报{}，请先补填",
                "{} ({}) has no {} reported; add it first",
                register.name(key[0]),
                Stage(key[1]),
                _item_column("equipment_yuan"),
            )
            for key, value in held.items()
            if missing(value)
        )
        if self.equipment_yuan > held[source]:
            given = Message("{:,.0f} 元", "{:,.0f} yuan", self.equipment_yuan)
            refuse(
                [
                    Message(
                        "要从{}调出 {}，而那里只有 {:,.0f} 元",
                        "{1} are to leave {0}, where there are {2:,.0f} yuan",
                        register.name(self.from_),
                        given,
                        held[source],
                    )
                ]
            )
        changed = {
            key: {**rows[key], "equipment_yuan": held[key] + sign * self.equipment_yuan}
            for key, sign in ((source, -1), (target, 1))
        }
        return register.put("facilities", changed)


def funded(amounts: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield what is funded; money for training in budget and final account is the same money once."""
    training = {name: amount for name, amount in amounts.items() if name.startswith("training")}
    if training:
        yield max(training.items(), key=lambda pair: pair[1])
    yield from ((name, amount) for name, amount in amounts.items() if name not in training)


class Fund(BaseAction):
    """More money of a school's budget: its allocation, or what of its public funds goes into training."""

    called: ClassVar[Message] = Message("增加经费", "Fund")
    do: Literal["fund"]
    school: Words
    allocation_yuan: Amount | None = None
    training_budget_yuan: Amount | None = None
    training_final_yuan: Amount | None = None

    @property
    def amounts(self) -> dict[str, float]:
        """What is added to the columns of ``funds``."""
        return written(self, *FUNDED)

    @model_validator(mode="after")
    def _fits(self) -> Fund:
        return unless(some_of(self.amounts, *FUNDED), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        school, what = names.school(self.school), names.amounts(self.amounts)
        return Message("{}增加经费：{}", "{}: more money: {}", school, what)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Add money to a school's row of ``funds``; money for training stays within its public funds."""
        refuse(register.unknown(self.school))
        row, labels = register["funds"].get(self.school, {}), TABLES["funds"]
        name = register.name(self.school)
        refuse(
            Message(
                "{}没有填报{}，不能在其上增加，请先补填",
                "{} has no {} reported, so nothing can be added to it; add it first",
                name,
                labels[column],
            )
            for column in self.amounts
            if missing(row.get(column))
        )
        changed = {**row, **{column: row[column] + amount for column, amount in self.amounts.items()}}
        refuse(
            Message(
                "{}的{}将多于{}",
                "{}: {} would be more than {}",
                name,
                labels[f"training_{account}_yuan"],
                labels[f"public_funds_{account}_yuan"],
            )
            for account in ("budget", "final")
            if f"training_{account}_yuan" in self.amounts
            and changed[f"training_{account}_yuan"] > changed[f"public_funds_{account}_yuan"]
        )
        return register.put("funds", {self.school: changed})

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield the money of each kind."""
        return (Item(what, "", n, case.prices.others.get(what)) for what, n in funded(self.amounts))


class Set(BaseAction):
    """An input of the district."""

    called: ClassVar[Message] = Message("改县区数据", "Set")
    do: Literal["set"]
    item: DistrictItem
    value: Number
    district: Words | None = None

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        where = f"{self.district} " if self.district else ""
        item = Both(items_of(names.standard)[self.item].zh, self.item)
        return Message("{}县区数据“{}”改为 {:g}", "{}{} becomes {:g}", where, item, self.value)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Give a district's input another value; no other input follows."""
        district = district_of(register, self.district)
        key = (district, str(self.item))
        row = register["district"].get(key) or register.row(
            "district", district=district, item=str(self.item)
        )
        return register.put("district", {key: {**row, "value": float(self.value)}})

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield how much more the input is, where more is what money buys."""
        price = case.prices.others.get(str(self.item))
        if price is None:
            yield from super().bought(case)
            return
        items = case.data["district"]
        mine = items["item"].eq(str(self.item)).to_numpy()
        if self.district:
            mine = mine & items["district"].eq(self.district).to_numpy()
        had = items.loc[mine, "value"]
        more = self.value - float(had.iloc[0]) if len(had) == 1 else math.nan
        yield Item(str(self.item), "", more, price if more >= 0 else None)


def _with_facilities(register: YearRecords, action: Build | Buy, standard: Standard) -> YearRecords:
    school = action.school
    refuse(register.unknown(school))
    if not action.amounts:
        return register
    stage = _row_of(register, school, action.stage)
    row = register["facilities"].get((school, stage), {})
    place = Message("{}（{}）", "{} ({})", register.name(school), stage)
    wrong = [
        Message(
            "{}没有填报{}，不能在其上增加，请先补填",
            "{} has no {} reported, so nothing can be added to it; add it first",
            place,
            _item_column(column, standard),
        )
        for column in action.amounts
        if missing(row.get(column))
    ]
    refuse([*strange_columns(standard, "facilities", action.amounts), *wrong])
    changed = {**row, **{column: row[column] + amount for column, amount in action.amounts.items()}}
    if changed["indoor_sports_area_m2"] > changed["teaching_area_m2"]:
        refuse(
            [
                Message(
                    "{}的室内体育用房面积将大于教学及辅助用房面积（后者含前者），请一并增加",
                    "the indoor sports area of {} would be larger than the teaching area, which contains it; add to both",
                    place,
                )
            ]
        )
    return register.put("facilities", {(school, str(stage)): changed})


def _row_of(register: YearRecords, school: str, stage: Stage | None) -> Stage:
    """Return the row of ``facilities`` to add to: the stage's, or the whole school's if it reports as one."""
    whole = (school, Stage.WHOLE) in register["facilities"]
    if stage == Stage.WHOLE and not whole:
        refuse(
            [
                Message(
                    "{0}的办学条件按学段填报，请写 {1} 为其中一个学段",
                    "{0} reports its facilities by {1}: write one of them as {1}",
                    register.name(school),
                    FieldName("stage"),
                )
            ]
        )
    if whole and stage not in (None, Stage.WHOLE) and (school, stage) not in register["facilities"]:
        refuse(
            [
                Message(
                    '{0}的办学条件按全校填报，请写 {1} = "whole" 或不写',
                    '{0} reports its facilities for the whole school: write {1} = "whole", or leave it out',
                    register.name(school),
                    FieldName("stage"),
                )
            ]
        )
    return Stage.WHOLE if whole and stage in (None, Stage.WHOLE) else register.stage_of(school, stage)


def district_of(register: YearRecords, written: str | None) -> str:
    """Return the district that is written, or the only one."""
    districts = {row["district"] for row in register["schools"].values() if not missing(row["district"])}
    if written is None and len(districts) != 1:
        refuse(
            [
                Message(
                    "数据中有 {0} 个县区，须写 {1}",
                    "the data have {0} districts: write {1}",
                    len(districts),
                    FieldName("district"),
                )
            ]
        )
    if written is not None and written not in districts:
        refuse(
            [
                Message(
                    "没有县区“{}”，现有：{}",
                    "there is no district “{}”; there are: {}",
                    written,
                    listing(sorted(districts)),
                )
            ]
        )
    return written or districts.pop()


def _item_column(column: str, standard: Standard | None = None) -> SchemaColumn | str:
    return tables_of(standard)["facilities"].by_name.get(column) or column


def strange_columns(standard: Standard, table: str, columns: Iterable[str]) -> list[Message]:
    """Say which columns neither the tables nor the standard have."""
    known = [c.name for c in tables_of(standard)[table].columns if c.kind in AMOUNTS]
    return [
        Message("表 {} 没有可以增加的列 {}", "table {} has no column {} to add to", table, name)
        for name in columns
        if name not in known
    ]
