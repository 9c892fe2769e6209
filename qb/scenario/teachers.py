"""Actions on teachers: `transfer_teachers`, `hire`, `train`."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qb.rounding import round_half_up
from qb.scenario.entry import BaseAction, Entry, Several, unless
from qb.scenario.moving import OF_TEACHERS, carried, move_staff, with_staff
from qb.scenario.register import Register, missing, refuse
from qb.schema import TABLES
from qb.standard import Count, Standard, Words
from qb.terms import Stage


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
        same = ["from 与 to 是同一所学校"] if self.from_ == self.to else []
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

    @model_validator(mode="after")
    def _fits(self) -> Train:
        return unless([] if self.given else [f"须写 {'、'.join(STAFF_COLUMNS)} 中的至少一项"], self)


def _more_than_teachers(action: TransferTeachers | Hire) -> list[str]:
    return [
        f"{name}（{number}）多于 teachers（{action.teachers}）"
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
    place = f"{register.name(action.from_)}{stage.zh}"
    if target is None:
        refuse([f"{register.name(action.to)}没有“{stage.zh}”学段"])
    staff = section["full_time_teachers"]
    if missing(staff) or missing(target["full_time_teachers"]):
        refuse([f"{place}或{register.name(action.to)}没有填报专任教师数，请先补填"])
    if action.teachers > staff:
        refuse([f"要从{place}调出 {action.teachers} 人，而那里只有 {staff:.0f} 名专任教师"])
    wrong = []
    for column, number in action.given.items():
        has = section[column]
        least = action.teachers - (staff - has)
        if missing(has):
            wrong.append(f"{place}没有填报{_label(column)}，请先补填")
        elif number > has:
            wrong.append(f"要从{place}调出{_label(column)} {number} 人，而那里只有 {has:.0f} 人")
        elif number < least:
            wrong.append(f"从{place}调出的 {action.teachers} 人中，{_label(column)}至少有 {least:.0f} 人")
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
            [f"计入后交流教师 {rotated:.0f} 人，多于符合交流条件的 {values['eligible']:.0f} 人（rotation）"]
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
    place = f"{register.name(action.school)}{stage.zh}"
    refuse(
        f"{place}没有填报{_label(column)}，请先补填"
        for column in ("full_time_teachers", *action.given)
        if missing(section[column])
    )
    return with_staff(register, (action.school, stage), numbers)


def train(register: Register, standard: Standard, action: Train) -> Register:
    """Raise what teachers who are there have; no figure rises above the number of teachers."""
    stage = register.stage_of(action.school, action.stage)
    section = register["sections"][action.school, stage]
    place, staff = f"{register.name(action.school)}{stage.zh}", section["full_time_teachers"]
    wrong = []
    for column, number in action.given.items():
        if missing(section[column]) or missing(staff):
            wrong.append(f"{place}没有填报{_label(column)}或专任教师数，请先补填")
        elif section[column] + number > staff:
            will = f"{section[column] + number:.0f} 人"
            wrong.append(f"{place}的{_label(column)}将为 {will}，多于专任教师 {staff:.0f} 人")
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
    if not (whole or any(parts.values())):
        return None
    return action.model_copy(update={**parts, **({"teachers": whole} if whole else {})})


def _persons(number: float) -> int:
    return int(round_half_up(number, 0))


def _label(column: str) -> str:
    return TABLES["sections"][column].label
