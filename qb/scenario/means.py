"""Actions on means: `build`, `buy`, `transfer_equipment`, and `set` for an input of the district."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from qb.scenario.entry import BaseAction, Entry, Several, unless, written
from qb.scenario.register import Register, missing, refuse
from qb.schema import TABLES, DistrictItem
from qb.standard import Number, Positive, Standard, Words
from qb.terms import RoomKind, Stage


class Room(Entry):
    """A music or art room."""

    kind: RoomKind
    area_m2: Positive


class Build(BaseAction):
    """Floor, sports ground and rooms; teaching area has indoor sports area in it, as in the table."""

    do: Literal["build"]
    school: Words
    stage: Stage | None = None
    teaching_area_m2: Positive | None = None
    indoor_sports_area_m2: Positive | None = None
    sports_ground_m2: Positive | None = None
    rooms: tuple[Room, ...] = ()

    @property
    def amounts(self) -> dict[str, float]:
        """What is added to the columns of ``facilities``."""
        return written(self, "teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2")

    @model_validator(mode="after")
    def _fits(self) -> Build:
        nothing = not self.amounts and not self.rooms
        names = "teaching_area_m2、indoor_sports_area_m2、sports_ground_m2、rooms"
        return unless([f"须写 {names} 中的至少一项"] if nothing else [], self)


class Buy(BaseAction):
    """Teaching equipment and networked multimedia rooms."""

    do: Literal["buy"]
    school: Words
    stage: Stage | None = None
    equipment_yuan: Positive | None = None
    multimedia_rooms: Several | None = None

    @property
    def amounts(self) -> dict[str, float]:
        """What is added to the columns of ``facilities``."""
        return written(self, "equipment_yuan", "multimedia_rooms")

    @model_validator(mode="after")
    def _fits(self) -> Buy:
        return unless([] if self.amounts else ["须写 equipment_yuan、multimedia_rooms 中的至少一项"], self)


class TransferEquipment(BaseAction):
    """Teaching equipment goes from one school to another; without a stage, of the only one that has some."""

    do: Literal["transfer_equipment"]
    from_: Words = Field(alias="from")
    from_stage: Stage | None = None
    to: Words
    to_stage: Stage | None = None
    equipment_yuan: Positive

    @model_validator(mode="after")
    def _fits(self) -> TransferEquipment:
        same = self.from_ == self.to and self.from_stage == self.to_stage
        return unless(["from 与 to 是同一所学校的同一学段"] if same else [], self)


class Set(BaseAction):
    """An input of the district."""

    do: Literal["set"]
    item: DistrictItem
    value: Number
    district: Words | None = None


def build(register: Register, standard: Standard, action: Build) -> Register:
    """Add floor, ground and rooms. Rooms are of a stage; for a school as one, of its first."""
    refuse(register.unknown(action.school))
    if action.stage not in (None, Stage.WHOLE) or not register.stages(action.school):
        register.stage_of(action.school, action.stage)
    register = _with_facilities(register, action)
    if not action.rooms:
        return register
    stages = register.stages(action.school)
    stage = action.stage if action.stage in stages else stages[0]
    last = max(register["rooms"], default=-1)
    rows = {
        last + 1 + i: register.row(
            "rooms", school_id=action.school, stage=str(stage), kind=str(room.kind), area_m2=room.area_m2
        )
        for i, room in enumerate(action.rooms)
    }
    return register.put("rooms", rows)


def buy(register: Register, standard: Standard, action: Buy) -> Register:
    """Add equipment and multimedia rooms."""
    return _with_facilities(register, action)


def transfer_equipment(register: Register, standard: Standard, action: TransferEquipment) -> Register:
    """Move equipment between two schools' facilities; none is added or lost."""
    refuse([*register.unknown(action.from_), *register.unknown(action.to)])
    rows = register["facilities"]
    source = (action.from_, str(_row_of(register, action.from_, action.from_stage)))
    target = (action.to, str(_row_of(register, action.to, action.to_stage)))
    held = {key: rows.get(key, {}).get("equipment_yuan") for key in (source, target)}
    refuse(
        f"{register.name(key[0])}（{Stage(key[1]).zh}）没有填报{_label('equipment_yuan')}，请先补填"
        for key, value in held.items()
        if missing(value)
    )
    if action.equipment_yuan > held[source]:
        given = f"{action.equipment_yuan:,.0f} 元"
        refuse([f"要从{register.name(action.from_)}调出 {given}，而那里只有 {held[source]:,.0f} 元"])
    changed = {
        key: {**rows[key], "equipment_yuan": held[key] + sign * action.equipment_yuan}
        for key, sign in ((source, -1), (target, 1))
    }
    return register.put("facilities", changed)


def _with_facilities(register: Register, action: Build | Buy) -> Register:
    school = action.school
    refuse(register.unknown(school))
    if not action.amounts:
        return register
    stage = _row_of(register, school, action.stage)
    row = register["facilities"].get((school, stage), {})
    place = f"{register.name(school)}（{stage.zh}）"
    wrong = [
        f"{place}没有填报{_label(column)}，不能在其上增加，请先补填"
        for column in action.amounts
        if missing(row.get(column))
    ]
    refuse(wrong)
    changed = {**row, **{column: row[column] + amount for column, amount in action.amounts.items()}}
    if changed["indoor_sports_area_m2"] > changed["teaching_area_m2"]:
        refuse([f"{place}的室内体育用房面积将大于教学及辅助用房面积（后者含前者），请一并增加"])
    return register.put("facilities", {(school, str(stage)): changed})


def _row_of(register: Register, school: str, stage: Stage | None) -> Stage:
    """Return the row of ``facilities`` to add to: the stage's, or the whole school's if it reports as one."""
    whole = (school, Stage.WHOLE) in register["facilities"]
    if stage == Stage.WHOLE and not whole:
        refuse([f"{register.name(school)}的办学条件按学段填报，请写 stage 为其中一个学段"])
    if whole and stage not in (None, Stage.WHOLE) and (school, stage) not in register["facilities"]:
        refuse([f'{register.name(school)}的办学条件按全校填报，请写 stage = "whole" 或不写'])
    return Stage.WHOLE if whole and stage in (None, Stage.WHOLE) else register.stage_of(school, stage)


def set_item(register: Register, standard: Standard, action: Set) -> Register:
    """Give a district's input another value; no other input follows."""
    district = district_of(register, action.district)
    key = (district, str(action.item))
    row = register["district"].get(key) or register.row("district", district=district, item=str(action.item))
    return register.put("district", {key: {**row, "value": float(action.value)}})


def district_of(register: Register, written: str | None) -> str:
    """Return the district that is written, or the only one."""
    districts = {row["district"] for row in register["schools"].values() if not missing(row["district"])}
    if written is None and len(districts) != 1:
        refuse([f"数据中有 {len(districts)} 个县区，须写 district"])
    if written is not None and written not in districts:
        refuse([f"没有县区“{written}”，现有：{'、'.join(sorted(districts))}"])
    return written or districts.pop()


def _label(column: str) -> str:
    return TABLES["facilities"][column].label
