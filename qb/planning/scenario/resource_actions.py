"""Actions on teachers, buildings, equipment and inputs of the district, from `hire` to `set`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qb.data.schema import AMOUNTS, TABLES, Column, DistrictItem, tables_of
from qb.language import FieldName, Message, listing
from qb.planning.forecast.projection import OF_TEACHERS
from qb.planning.scenario.action_fields import Amount, BaseAction, Entry, Several, unless, written
from qb.planning.scenario.apportionment import carried, move_staff, with_staff
from qb.planning.scenario.year_records import Register, missing, refuse
from qb.rounding import round_half_up
from qb.standard import Count, Number, Positive, Standard, Words
from qb.terms import RoomKind, Stage

# Actions on means: `build`, `buy`, `transfer_equipment`, and `set` for an input of the district.


# What `build` adds to; `buy` adds to all else that a school holds.
BUILT = ("teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2")


FUNDED = ("allocation_yuan", "training_budget_yuan", "training_final_yuan")


class Room(Entry):
    """A music or art room."""

    kind: RoomKind
    area_m2: Positive


class Build(BaseAction):
    """Floor, sports ground and rooms; teaching area has indoor sports area in it, as in the table."""

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
        return written(self, "teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2")

    @model_validator(mode="after")
    def _fits(self) -> Build:
        nothing = not self.amounts and not self.rooms
        names = listing(
            map(FieldName, ("teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2", "rooms"))
        )
        return unless(
            [Message("须写 {} 中的至少一项", "write at least one of {}", names)] if nothing else [], self
        )


class Buy(BaseAction):
    """Teaching equipment, networked multimedia rooms, and `columns` that the standard declares."""

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
        return unless(
            []
            if self.amounts
            else [
                Message(
                    "须写 {}、{}、{} 中的至少一项",
                    "write at least one of {}, {}, {}",
                    *map(FieldName, ("equipment_yuan", "multimedia_rooms", "columns")),
                )
            ],
            self,
        )


class TransferEquipment(BaseAction):
    """Teaching equipment goes from one school to another; without a stage, of the only one that has some."""

    do: Literal["transfer_equipment"]
    from_: Words = Field(alias="from")
    from_stage: Stage | None = None
    to: Words
    to_stage: Stage | None = None
    equipment_yuan: Amount

    @model_validator(mode="after")
    def _fits(self) -> TransferEquipment:
        same = self.from_ == self.to and self.from_stage == self.to_stage
        return unless(
            [
                Message(
                    "{0} 与 {1} 是同一所学校的同一学段",
                    "{0} and {1} are the same stage of the same school",
                    FieldName("from"),
                    FieldName("to"),
                )
            ]
            if same
            else [],
            self,
        )


class Fund(BaseAction):
    """More money of a school's budget: its allocation, or what of its public funds goes into training."""

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
        return unless(
            []
            if self.amounts
            else [
                Message("须写 {} 中的至少一项", "write at least one of {}", listing(map(FieldName, FUNDED)))
            ],
            self,
        )


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
    register = _with_facilities(register, action, standard)
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
    return _with_facilities(register, action, standard)


def transfer_equipment(register: Register, standard: Standard, action: TransferEquipment) -> Register:
    """Move equipment between two schools' facilities; none is added or lost."""
    refuse([*register.unknown(action.from_), *register.unknown(action.to)])
    rows = register["facilities"]
    source = (action.from_, str(_row_of(register, action.from_, action.from_stage)))
    target = (action.to, str(_row_of(register, action.to, action.to_stage)))
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
    if action.equipment_yuan > held[source]:
        given = Message("{:,.0f} 元", "{:,.0f} yuan", action.equipment_yuan)
        refuse(
            [
                Message(
                    "要从{}调出 {}，而那里只有 {:,.0f} 元",
                    "{1} are to leave {0}, where there are {2:,.0f} yuan",
                    register.name(action.from_),
                    given,
                    held[source],
                )
            ]
        )
    changed = {
        key: {**rows[key], "equipment_yuan": held[key] + sign * action.equipment_yuan}
        for key, sign in ((source, -1), (target, 1))
    }
    return register.put("facilities", changed)


def _with_facilities(register: Register, action: Build | Buy, standard: Standard) -> Register:
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
    refuse([*_strange(standard, "facilities", action.amounts), *wrong])
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


def _row_of(register: Register, school: str, stage: Stage | None) -> Stage:
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


def fund(register: Register, standard: Standard, action: Fund) -> Register:
    """Add money to a school's row of ``funds``; money for training stays within its public funds."""
    refuse(register.unknown(action.school))
    row, labels = register["funds"].get(action.school, {}), TABLES["funds"]
    name = register.name(action.school)
    refuse(
        Message(
            "{}没有填报{}，不能在其上增加，请先补填",
            "{} has no {} reported, so nothing can be added to it; add it first",
            name,
            labels[column],
        )
        for column in action.amounts
        if missing(row.get(column))
    )
    changed = {**row, **{column: row[column] + amount for column, amount in action.amounts.items()}}
    refuse(
        Message(
            "{}的{}将多于{}",
            "{}: {} would be more than {}",
            name,
            labels[f"training_{account}_yuan"],
            labels[f"public_funds_{account}_yuan"],
        )
        for account in ("budget", "final")
        if f"training_{account}_yuan" in action.amounts
        and changed[f"training_{account}_yuan"] > changed[f"public_funds_{account}_yuan"]
    )
    return register.put("funds", {action.school: changed})


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


def _item_column(column: str, standard: Standard | None = None) -> Column | str:
    return tables_of(standard)["facilities"].by_name.get(column) or column


def _strange(standard: Standard, table: str, columns: Iterable[str]) -> list[Message]:
    """Say which columns neither the tables nor the standard have."""
    known = [c.name for c in tables_of(standard)[table].columns if c.kind in AMOUNTS]
    return [
        Message("表 {} 没有可以增加的列 {}", "table {} has no column {} to add to", table, name)
        for name in columns
        if name not in known
    ]


# Actions on teachers: `transfer_teachers`, `hire`, `train`.


class Staff(Entry):
    """How many of some teachers have a higher degree than required, are backbone teachers, and so on."""

    above_required: Count | None = None
    backbone: Count | None = None
    pe_arts: Count | None = None
    certified: Count | None = None
    trained: Count | None = None

    @property
    def given(self) -> dict[str, int]:
        """The numbers that are written, by column of ``sections``."""
        numbers = {column: getattr(self, name) for name, column in STAFF_COLUMNS.items()}
        return {column: number for column, number in numbers.items() if number is not None}


STAFF_COLUMNS = {
    "above_required": "teachers_above_required",
    "backbone": "backbone_teachers",
    "pe_arts": "pe_arts_teachers",
    "certified": "certified_teachers",
    "trained": "trained_teachers",
}


class TransferTeachers(BaseAction, Staff):
    """Teachers go from one school to another (交流轮岗); `rotation` counts them for C18 in their year.

    How many of them are backbone teachers and so on may be written; what is not, is in proportion.
    """

    do: Literal["transfer_teachers"]
    from_: Words = Field(alias="from")
    to: Words
    stage: Stage | None = None
    teachers: Several
    rotation: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _fits(self) -> TransferTeachers:
        same = (
            [
                Message(
                    "{0} 与 {1} 是同一所学校",
                    "{0} and {1} are the same school",
                    FieldName("from"),
                    FieldName("to"),
                )
            ]
            if self.from_ == self.to
            else []
        )
        return unless(same + _more_than_teachers(self), self)


class Hire(BaseAction, Staff):
    """New teachers. Unless written: all certified and above the required degree, the rest none."""

    do: Literal["hire"]
    school: Words
    stage: Stage | None = None
    teachers: Several

    @model_validator(mode="after")
    def _fits(self) -> Hire:
        return unless(_more_than_teachers(self), self)


class Train(BaseAction, Staff):
    """Teachers who are there gain a degree, the rank of backbone teacher, a certificate, hours, a subject."""

    do: Literal["train"]
    school: Words
    stage: Stage | None = None
    columns: dict[Words, Count] = Field(default_factory=dict)

    @property
    def given(self) -> dict[str, int]:
        """The numbers that are written, by column of ``sections``, those that the standard declares too."""
        return super().given | self.columns

    @model_validator(mode="after")
    def _fits(self) -> Train:
        return unless(
            []
            if self.given
            else [
                Message(
                    "须写 {} 中的至少一项",
                    "write at least one of {}",
                    listing(map(FieldName, (*STAFF_COLUMNS, "columns"))),
                )
            ],
            self,
        )


def _more_than_teachers(action: TransferTeachers | Hire) -> list[Message]:
    return [
        Message(
            "{0}（{1}）多于 {3}（{2}）",
            "{0} ({1}) is more than {3} ({2})",
            FieldName(name),
            number,
            action.teachers,
            FieldName("teachers"),
        )
        for name in STAFF_COLUMNS
        if (number := getattr(action, name)) is not None and number > action.teachers
    ]


def transfer_teachers(register: Register, standard: Standard, action: TransferTeachers) -> Register:
    """Move teachers between two schools' sections of a stage; nobody is added or lost.

    With `rotation` those of the action's own year count for C18: among the rotated, and among the
    backbone teachers rotated.
    """
    refuse([*register.unknown(action.from_), *register.unknown(action.to)])
    stage = register.stage_of(action.from_, action.stage)
    section = register["sections"][action.from_, stage]
    target = register["sections"].get((action.to, stage))
    place = Message("{}{}", "{}, {}", register.name(action.from_), stage)
    if target is None:
        refuse([Message("{}没有“{}”学段", "{} has no stage “{}”", register.name(action.to), stage)])
    staff = section["full_time_teachers"]
    if missing(staff) or missing(target["full_time_teachers"]):
        refuse(
            [
                Message(
                    "{}或{}没有填报专任教师数，请先补填",
                    "{} or {} has no full-time teachers reported; add them first",
                    place,
                    register.name(action.to),
                )
            ]
        )
    if action.teachers > staff:
        refuse(
            [
                Message(
                    "要从{}调出 {} 人，而那里只有 {:.0f} 名专任教师",
                    "{1} teachers are to leave {0}, which has {2:.0f} full-time teachers",
                    place,
                    action.teachers,
                    staff,
                )
            ]
        )
    refuse(_strange(standard, "sections", action.given))
    wrong = []
    for column, number in action.given.items():
        has = section[column]
        least = action.teachers - (staff - has)
        if missing(has):
            wrong.append(
                Message(
                    "{}没有填报{}，请先补填",
                    "{} has no {} reported; add it first",
                    place,
                    _staff_column(column, standard),
                )
            )
        elif number > has:
            wrong.append(
                Message(
                    "要从{}调出{} {} 人，而那里只有 {:.0f} 人",
                    "{2} {1} are to leave {0}, where there are {3:.0f}",
                    place,
                    _staff_column(column, standard),
                    number,
                    has,
                )
            )
        elif number < least:
            wrong.append(
                Message(
                    "从{}调出的 {} 人中，{}至少有 {:.0f} 人",
                    "of the {1} teachers leaving {0}, {2} are {3:.0f} or more",
                    place,
                    action.teachers,
                    _staff_column(column, standard),
                    least,
                )
            )
    refuse(wrong)
    moved = move_staff(register, action.from_, action.to, stage, action.teachers, action.given)
    if not action.rotation or action.year not in (None, register.year):
        return moved
    backbone = action.given.get(
        "backbone_teachers", carried(action.teachers, section["backbone_teachers"], staff)
    )
    return _count_rotation(moved, action.from_, action.teachers, backbone)


def _count_rotation(register: Register, school: str, teachers: int, backbone: float) -> Register:
    """Add to the district's rotated teachers; an item that is not reported stays "no data"."""
    district = register["schools"][school]["district"]
    rows = {
        item: register["district"].get((district, f"rotation_{item}"))
        for item in ("eligible", "rotated", "backbone")
    }
    values = {item: row["value"] if row else math.nan for item, row in rows.items()}
    rotated = values["rotated"] + teachers
    if rotated > values["eligible"]:
        refuse(
            [
                Message(
                    "计入后交流教师 {0:.0f} 人，多于符合交流条件的 {1:.0f} 人（{2}）",
                    "with these, {0:.0f} teachers rotate, more than the {1:.0f} who may ({2})",
                    rotated,
                    values["eligible"],
                    FieldName("rotation"),
                )
            ]
        )
    added = {"rotated": teachers, "backbone": backbone}
    changed = {
        (district, f"rotation_{item}"): {**rows[item], "value": values[item] + number}
        for item, number in added.items()
        if rows[item] is not None
    }
    return register.put("district", changed)


def hire(register: Register, standard: Standard, action: Hire) -> Register:
    """Add new teachers to a section; unless written, all are certified and above the required degree."""
    stage = register.stage_of(action.school, action.stage)
    usual = dict.fromkeys(OF_TEACHERS, 0)
    usual |= dict.fromkeys(("teachers_above_required", "certified_teachers"), action.teachers)
    numbers = {"full_time_teachers": action.teachers, **usual, **action.given}
    section = register["sections"][action.school, stage]
    place = Message("{}{}", "{}, {}", register.name(action.school), stage)
    refuse(
        Message("{}没有填报{}，请先补填", "{} has no {} reported; add it first", place, _staff_column(column))
        for column in ("full_time_teachers", *action.given)
        if missing(section[column])
    )
    return with_staff(register, (action.school, stage), numbers)


def train(register: Register, standard: Standard, action: Train) -> Register:
    """Raise what teachers who are there have; no figure rises above the number of teachers."""
    stage = register.stage_of(action.school, action.stage)
    section = register["sections"][action.school, stage]
    place, staff = (
        Message("{}{}", "{}, {}", register.name(action.school), stage),
        section["full_time_teachers"],
    )
    refuse(_strange(standard, "sections", action.given))
    wrong = []
    for column, number in action.given.items():
        if missing(section[column]) or missing(staff):
            wrong.append(
                Message(
                    "{}没有填报{}或专任教师数，请先补填",
                    "{} has no {} or no full-time teachers reported; add them first",
                    place,
                    _staff_column(column, standard),
                )
            )
        elif section[column] + number > staff:
            will = Message("{:.0f} 人", "{:.0f}", section[column] + number)
            wrong.append(
                Message(
                    "{}的{}将为 {}，多于专任教师 {:.0f} 人",
                    "{}: {} would be {}, more than the {:.0f} full-time teachers",
                    place,
                    _staff_column(column, standard),
                    will,
                    staff,
                )
            )
    refuse(wrong)
    return with_staff(register, (action.school, stage), action.given)


def remaining(
    register: Register, action: TransferTeachers | Hire | Train, stay: float
) -> TransferTeachers | Hire | Train | None:
    """Return what is left of an action when so many of all teachers have stayed; None where it is nothing.

    All and each part shrink alike, to whole persons, and within what the school has by then.
    """
    school = action.from_ if isinstance(action, TransferTeachers) else action.school
    section = register["sections"][school, register.stage_of(school, action.stage)]
    staff, whole = section["full_time_teachers"], 0
    if not isinstance(action, Train):
        whole = _persons(action.teachers * stay)
        whole = whole if isinstance(action, Hire) or missing(staff) else min(whole, int(staff))
    parts = {}
    for name, column in STAFF_COLUMNS.items():
        number, has = getattr(action, name), section[column]
        if number is None:
            continue
        least, most = 0, whole
        if isinstance(action, Train):
            most = math.inf if missing(has) or missing(staff) else int(staff - has)
        elif isinstance(action, TransferTeachers) and not missing(has):
            least, most = max(0, int(whole - (staff - has))), min(whole, int(has))
        parts[name] = max(least, min(_persons(number * stay), most))
    more = {}
    if isinstance(action, Train) and action.columns:
        for column, number in action.columns.items():
            most = math.inf if missing(section[column]) or missing(staff) else int(staff - section[column])
            more[column] = max(0, min(_persons(number * stay), most))
        parts["columns"] = more
    if not (whole or any(parts.values())):
        return None
    return action.model_copy(update={**parts, **({"teachers": whole} if whole else {})})


def _persons(number: float) -> int:
    return int(round_half_up(number, 0))


def _staff_column(column: str, standard: Standard | None = None) -> Column:
    return tables_of(standard)["sections"][column]
