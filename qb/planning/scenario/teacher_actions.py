"""Actions on teachers: `transfer_teachers`, `hire`, `train`; what is left of them some years on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from qb.data.schema import SchemaColumn, tables_of
from qb.language import FieldName, Message, listing
from qb.planning.forecast.projection import OF_TEACHERS
from qb.planning.scenario.action_base import (
    HIRED,
    BaseAction,
    Case,
    Item,
    Names,
    Several,
    said_if,
    some_of,
    unless,
)
from qb.planning.scenario.resource_actions import strange_columns
from qb.planning.scenario.year_records import YearRecords, carried, missing, move_staff, refuse, with_staff
from qb.rounding import round_half_up
from qb.standard import Count, Standard, Words
from qb.terms import Stage
from qb.tomlfile import Entry


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

    def of_whom(self, names: Names) -> Message | str:
        """Return the numbers that are written, in brackets; nothing where none is."""
        parts = [Message("{} {} 人", "{} {}", names.thing(column), n) for column, n in self.given.items()]
        return Message("（其中{}）", " (of whom {})", listing(parts)) if parts else ""


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

    called: ClassVar[Message] = Message("教师交流", "Transfer teachers")
    do: Literal["transfer_teachers"]
    from_: Words = Field(alias="from")
    to: Words
    stage: Stage | None = None
    teachers: Several
    rotation: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _fits(self) -> TransferTeachers:
        zh, en = "{0} 与 {1} 是同一所学校", "{0} and {1} are the same school"
        same = said_if(self.from_ == self.to, zh, en, FieldName("from"), FieldName("to"))
        return unless(same + _more_than_teachers(self), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        source, to = names.school(self.from_, self.stage), names.school(self.to)
        counted = Message("，计入交流轮岗", ", counted as rotation") if self.rotation else ""
        zh, en = "从{2}到{3}交流教师 {0} 人{1}{4}", "{0} teachers{1} go from {2} to {3}{4}"
        return Message(zh, en, self.teachers, self.of_whom(names), source, to, counted)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Move teachers between two schools' sections of a stage; nobody is added or lost.

        With `rotation` those of the action's own year count for C18: among the rotated, and among the
        backbone teachers rotated.
        """
        refuse([*register.unknown(self.from_), *register.unknown(self.to)])
        stage = register.stage_of(self.from_, self.stage)
        section = register["sections"][self.from_, stage]
        target = register["sections"].get((self.to, stage))
        place = Message("{}{}", "{}, {}", register.name(self.from_), stage)
        if target is None:
            refuse([Message("{}没有“{}”学段", "{} has no stage “{}”", register.name(self.to), stage)])
        staff = section["full_time_teachers"]
        if missing(staff) or missing(target["full_time_teachers"]):
            refuse(
                [
                    Message(
                        "{}或{}没有填报专任教师数，请先补填",
                        "{} or {} has no full-time teachers reported; add them first",
                        place,
                        register.name(self.to),
                    )
                ]
            )
        if self.teachers > staff:
            refuse(
                [
                    Message(
                        "要从{}调出 {} 人，而那里只有 {:.0f} 名专任教师",
                        "{1} teachers are to leave {0}, which has {2:.0f} full-time teachers",
                        place,
                        self.teachers,
                        staff,
                    )
                ]
            )
        refuse(strange_columns(standard, "sections", self.given))
        wrong = []
        for column, number in self.given.items():
            has = section[column]
            least = self.teachers - (staff - has)
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
                        self.teachers,
                        _staff_column(column, standard),
                        least,
                    )
                )
        refuse(wrong)
        moved = move_staff(register, self.from_, self.to, stage, self.teachers, self.given)
        if not self.rotation or self.year not in (None, register.year):
            return moved
        backbone = self.given.get(
            "backbone_teachers", carried(self.teachers, section["backbone_teachers"], staff)
        )
        return _count_rotation(moved, self.from_, self.teachers, backbone)


class Hire(BaseAction, Staff):
    """New teachers. Unless written: all certified and above the required degree, the rest none."""

    called: ClassVar[Message] = Message("新进教师", "Hire")
    do: Literal["hire"]
    school: Words
    stage: Stage | None = None
    teachers: Several

    @model_validator(mode="after")
    def _fits(self) -> Hire:
        return unless(_more_than_teachers(self), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        school, staff = names.school(self.school, self.stage), self.of_whom(names)
        return Message("{}新进教师 {} 人{}", "{} hires {} teachers{}", school, self.teachers, staff)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Add new teachers to a section; unless written, all are certified and above the required degree."""
        stage = register.stage_of(self.school, self.stage)
        usual = dict.fromkeys(OF_TEACHERS, 0)
        usual |= dict.fromkeys(("teachers_above_required", "certified_teachers"), self.teachers)
        numbers = {"full_time_teachers": self.teachers, **usual, **self.given}
        section = register["sections"][self.school, stage]
        place = Message("{}{}", "{}, {}", register.name(self.school), stage)
        refuse(
            Message(
                "{}没有填报{}，请先补填", "{} has no {} reported; add it first", place, _staff_column(column)
            )
            for column in ("full_time_teachers", *self.given)
            if missing(section[column])
        )
        return with_staff(register, (self.school, stage), numbers)

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield the teachers, at a year's pay."""
        yield case.prices.item(HIRED, case.stage(self.school, self.stage), self.teachers, self.school)


TRAINED = ("teachers_above_required", "backbone_teachers")  # that a teacher in service can become


class Train(BaseAction, Staff):
    """Teachers who are there gain a degree, the rank of backbone teacher, a certificate, hours, a subject."""

    called: ClassVar[Message] = Message("教师培养", "Train")
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
        return unless(some_of(self.given, *STAFF_COLUMNS, "columns"), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        school, amounts = names.school(self.school, self.stage), names.amounts(self.given)
        return Message("{}培养：{}", "{}: train {}", school, amounts)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Raise what teachers who are there have; no figure rises above the number of teachers."""
        stage = register.stage_of(self.school, self.stage)
        section = register["sections"][self.school, stage]
        place, staff = (
            Message("{}{}", "{}, {}", register.name(self.school), stage),
            section["full_time_teachers"],
        )
        refuse(strange_columns(standard, "sections", self.given))
        wrong = []
        for column, number in self.given.items():
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
        return with_staff(register, (self.school, stage), self.given)

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield the teachers of each kind that one who is there can become."""
        for column, number in self.given.items():
            if number:
                item = case.prices.item(column, case.stage(self.school, self.stage), number, self.school)
                known = column in (*TRAINED, *case.prices.others)
                yield item if known else item._replace(price=None)


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


def _count_rotation(register: YearRecords, school: str, teachers: int, backbone: float) -> YearRecords:
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


def remaining(
    register: YearRecords, action: TransferTeachers | Hire | Train, stay: float
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


def _staff_column(column: str, standard: Standard | None = None) -> SchemaColumn:
    return tables_of(standard)["sections"][column]
