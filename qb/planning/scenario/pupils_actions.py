"""Actions on pupils and classes: `move_pupils`, `rezone`, `new_estate`, `split_classes`, `place_overflow`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from qb.data.distances import great_circle_km
from qb.language import FieldName, Message, listing
from qb.planning.scenario.action_base import (
    CHOSEN,
    BaseAction,
    Ids,
    Names,
    Several,
    one_of,
    repeated,
    said_if,
    unless,
)
from qb.planning.scenario.year_records import (
    Key,
    Stay,
    YearRecords,
    arrive,
    class_limit,
    first_grades,
    in_grades,
    missing,
    move,
    refuse,
    resize,
    unusable,
    with_classes,
)
from qb.standard import Standard, Words
from qb.terms import GRADES_OF_STAGE, Kind, Stage

Fraction = Annotated[float, Field(gt=0, le=1, strict=True)]


class MovePupils(BaseAction):
    """A number of pupils, a share of a stage, or a zone's children go to another school.

    `grades` keeps a number or a share to some grades. A zone's children are those of the table
    ``zones``; they leave the school that the zone is assigned to, and the zone goes with them.
    """

    called: ClassVar[Message] = Message("转学", "Move pupils")
    do: Literal["move_pupils"]
    to: Words
    from_: Words | None = Field(None, alias="from")
    stage: Stage | None = None
    pupils: Several | None = None
    share: Fraction | None = None
    zone: Words | None = None
    grades: Annotated[tuple[Several, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> MovePupils:
        wrong = one_of(self, "pupils", "share", "zone")
        nobody, of_zone = self.zone is None and self.from_ is None, self.zone is not None
        zh, en = "缺少 {0}（从哪所学校转出）", "{0} is missing (the school they leave)"
        wrong += said_if(nobody, zh, en, FieldName("from"))
        zh, en = "按小区转学须写 {0}", "to move the children of a zone, write {0}"
        wrong += said_if(of_zone and self.stage is None, zh, en, FieldName("stage"))
        zh, en = "按小区转学不能写 {0}", "to move the children of a zone, do not write {0}"
        wrong += said_if(of_zone and self.grades, zh, en, FieldName("grades"))
        if self.from_ == self.to:
            wrong.append(
                Message(
                    "{0} 与 {1} 是同一所学校",
                    "{0} and {1} are the same school",
                    FieldName("from"),
                    FieldName("to"),
                )
            )
        grades = GRADES_OF_STAGE.get(self.stage, range(1, 13))
        strange = [str(grade) for grade in self.grades or () if grade not in grades]
        if strange:
            place = self.stage.zh if self.stage else Message("各学段", "all stages")
            wrong.append(
                Message(
                    "{}没有 {} 年级（年级按 1—12 写）",
                    "{} has no grades {} (write grades as 1 to 12)",
                    place,
                    listing(strange),
                )
            )
        return unless(wrong + repeated("grades", self.grades or ()), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        to = names.school(self.to)
        if self.zone is not None:
            zh, en = "{0}的{1}学生转到{2}", "{1} pupils of {0} move to {2}"
            return Message(zh, en, names.zone(self.zone), self.stage, to)
        grades = Message("（{} 年级）", " (grades {})", listing(self.grades)) if self.grades else ""
        share, source = self.share, names.school(self.from_, self.stage)
        many = (
            Message("{}", "{} of the", f"{100 * share:g}%") if share else Message("{} 人", "{}", self.pupils)
        )
        return Message("从{1}{2}转 {0}到{3}", "Move {0} pupils from {1}{2} to {3}", many, source, grades, to)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Move a number, a share (half up) or a zone's children; see `qb.planning.scenario.year_records` for
        the rules.
        """
        if self.zone is not None:
            return _move_zone(register, standard, self)
        refuse([*register.unknown(self.from_), *register.unknown(self.to)])
        stage = register.stage_of(self.from_, self.stage)
        key = (self.from_, stage)
        wrong = [*unusable(register, key), *may_receive(register, self.to, stage)]
        if self.grades and not register.grades(key):
            wrong.append(
                Message(
                    "{}没有班级表，不能按年级转学",
                    "{} has no classes listed, so pupils cannot be moved by grade",
                    register.name(self.from_),
                )
            )
        refuse(wrong)
        there = in_grades(register, key, self.grades)
        pupils = self.pupils or math.floor(self.share * there + 0.5)
        refuse(_too_many(register, key, pupils, there, self.grades))
        return move(register, standard, self.from_, self.to, stage, pupils, self.grades)


class Rezone(BaseAction):
    """Zones are assigned to another school of a stage.

    With `moves` ``"entrants"`` the children follow from the entry grade on, one more grade each year;
    with ``"all"`` those already at school change too.
    """

    called: ClassVar[Message] = Message("改划小区", "Rezone")
    do: Literal["rezone"]
    zones: Ids
    stage: Literal[Stage.PRIMARY, Stage.JUNIOR]
    to: Words
    moves: Literal["entrants", "all"] = "entrants"

    @model_validator(mode="after")
    def _fits(self) -> Rezone:
        return unless(repeated("zones", self.zones), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        zones, to = listing(map(names.zone, self.zones)), names.school(self.to)
        zh, en = "{0}的{1}改划到{2}（{3}）", "{1}: {0} now belong to {2} ({3})"
        return Message(zh, en, zones, self.stage, to, CHOSEN[self.moves])

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Assign zones to a school, and let the children follow.

        Entrants: in the k-th year the children of the k lowest grades, as large a part of the zone's children
        of the stage (half up) as these grades are of the school's pupils; where the classes are not listed,
        ``k / grades`` of them, from all grades. A zone that was assigned to no school brings nobody.
        """
        stage = self.stage
        wrong = may_receive(register, self.to, stage)
        wrong += [
            Message("没有小区 {}，请核对小区编号", "there is no zone {}; check its number", zone)
            for zone in self.zones
            if zone not in register["zones"]
        ]
        refuse(wrong)
        grades = None
        if self.moves == "entrants":
            count = min(register.year - (self.year or register.year) + 1, len(GRADES_OF_STAGE[stage]))
            grades = first_grades(stage, count)
        parties, stays, wrong = [], [], []
        for zone in self.zones:
            school, children, reasons = _zone(register, zone, stage, self.to)
            wrong += reasons
            if school is not None and not reasons:
                share = _share_of_grades(register, (school, stage), grades)
                pupils = math.floor(children * share + 0.5)
                parties.append((school, pupils))
                if children > pupils:
                    stays.append(Stay(zone, str(stage), school, children - pupils))
        refuse(wrong)
        register = replace(register, stays=(*register.stays, *stays))
        for school, pupils in parties:
            key = (school, stage)
            held = grades if register.grades(key) else None
            refuse(_too_many(register, key, pupils, in_grades(register, key, held), held))
            register = move(register, standard, school, self.to, stage, pupils, held)
        return register.put(
            "zones", {z: {**register["zones"][z], f"{stage}_school_id": self.to} for z in self.zones}
        )


class NewEstate(BaseAction):
    """New homes in a zone bring children who were not there: households times pupils per thousand of them.

    They go to the schools that the zone is assigned to, evenly over the grades.
    """

    called: ClassVar[Message] = Message("新建住宅", "New homes")
    do: Literal["new_estate"]
    zone: Words
    households: Several
    primary_per_thousand: Annotated[float, Field(ge=0, le=3000, strict=True)] = 0.0
    junior_per_thousand: Annotated[float, Field(ge=0, le=3000, strict=True)] = 0.0

    @model_validator(mode="after")
    def _fits(self) -> NewEstate:
        nobody = not (self.primary_per_thousand or self.junior_per_thousand)
        fields = listing(map(FieldName, ("primary_per_thousand", "junior_per_thousand")))
        zh = "须写 {} 中的至少一项（每千户的学生数）"
        return unless(
            said_if(nobody, zh, "write at least one of {} (pupils from a thousand homes)", fields), self
        )

    @property
    def children(self) -> dict[Stage, int]:
        """Children by stage, half up."""
        rates = {Stage.PRIMARY: self.primary_per_thousand, Stage.JUNIOR: self.junior_per_thousand}
        return {
            stage: math.floor(self.households * rate / 1000 + 0.5) for stage, rate in rates.items() if rate
        }

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        parts = listing(Message("{} {} 人", "{} {} pupils", stage, n) for stage, n in self.children.items())
        zh, en = "{0}新建住宅 {1} 户：{2}", "{1} new homes in {0}: {2}"
        return Message(zh, en, names.zone(self.zone), self.households, parts)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Add the children of new homes to a zone and to the schools that it is assigned to; no money comes."""
        zone = register["zones"].get(self.zone)
        if zone is None:
            refuse(
                [Message("没有小区 {}，请核对小区编号", "there is no zone {}; check its number", self.zone)]
            )
        wrong, changed = [], dict(zone)
        for stage, children in self.children.items():
            school, had = zone[f"{stage}_school_id"], zone[f"{stage}_children"]
            if missing(school):
                wrong.append(
                    Message(
                        "小区 {} 的{}没有划片，不知到哪所学校上学，请先划片",
                        "zone {} has no school assigned for {}, so it is not known where its children go; assign one first",
                        self.zone,
                        stage,
                    )
                )
            else:
                wrong += may_receive(register, school, stage)
            changed[f"{stage}_children"] = (0.0 if missing(had) else had) + children
        refuse(wrong)
        for stage, children in self.children.items():
            register = arrive(register, standard, zone[f"{stage}_school_id"], stage, children)
        return register.put("zones", {self.zone: changed})


class _BySchool(BaseAction):
    school: tuple[Words, ...] = ()
    stage: Stage | None = None
    limit: Several | None = None

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        one = isinstance(given, dict) and isinstance(given.get("school"), str)
        return {**given, "school": [given["school"]]} if one else given

    def _where(self, names: Names) -> Message:
        """Return where classes are above which limit."""
        schools = names.listed(self.school) if self.school else Message("各校", "all schools")
        stage = Message("{}", " {}", self.stage) if self.stage else ""
        limit = self.limit or Message("为标准的班额", "the standard's")
        zh = "{}{}（上限 {}）" if self.limit else "{}{}（上限{}）"
        return Message(zh, "{}{} (limit: {})", schools, stage, limit)


class SplitClasses(_BySchool):
    """Grades with a class above the limit (the standard's, unless written) are divided into more classes."""

    called: ClassVar[Message] = Message("分班", "Split classes")
    do: Literal["split_classes"]

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        return Message("大班分开：{}", "Split large classes: {}", self._where(names))

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Divide every grade with a class above the limit into as few classes as the limit allows, evenly."""
        for key, grade, limit in list(_crowded(register, standard, self)):
            register = resize(register, key, grade, int(register.grades(key)[grade]), limit)
        return register


class PlaceOverflow(_BySchool):
    """Pupils above the class limit go to the nearest school of the same 集团 that has room in its classes."""

    called: ClassVar[Message] = Message("集团内统筹", "Place overflow")
    do: Literal["place_overflow"]

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        zh, en = (
            "超出班额的学生统筹到集团内学校：{}",
            "Pupils above the class limit go to schools of the group: {}",
        )
        return Message(zh, en, self._where(names))

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Send the pupils above the class limit to the nearest school of the 集团 with room in that grade.

        A grade has room up to its classes times the limit; no class is added anywhere. Who finds no room
        stays. What stays is divided evenly (「统筹到集团内学校」).
        """
        refuse(
            Message("{}不在任何集团中", "{} is in no group", register.name(school))
            for school in self.school
            if missing(register["schools"].get(school, {"group": ""})["group"])
        )
        for key, grade, limit in list(_crowded(register, standard, self)):
            school, stage = key
            count = len(register.classes[key][grade])
            over = int(register.grades(key)[grade]) - count * limit
            for other in _group(register, school):
                room = _room(register, (other, stage), grade, limit)
                going = min(over, room)
                if going > 0:
                    register = move(register, standard, school, other, stage, going, [grade])
                    over -= going
            size, rest = divmod(int(register.grades(key)[grade]), count)
            register = with_classes(register, key, grade, [size + 1] * rest + [size] * (count - rest))
        return register


def may_receive(register: YearRecords, school: str, stage: str) -> list[Message]:
    """Return why a school cannot take pupils of a stage."""
    wrong = register.unknown(school)
    if wrong:
        return wrong
    if not register.takes(school, stage):
        kind = register["schools"][school]["kind"]
        what = (
            Message("没有填报办学类型", " has no kind reported")
            if missing(kind)
            else Message("办学类型不设“{}”学段", " is of a kind without the stage “{}”", Stage(stage))
        )
        return [
            Message(
                "{}{}，不能接收{}学生",
                "{0}{1}, so it cannot take in {2} pupils",
                register.name(school),
                what,
                Stage(stage),
            )
        ]
    if register["schools"][school]["kind"] == Kind.SPECIAL:
        return [
            Message(
                "{}是特殊教育学校，入学须经评估安置，不能整批转入或划片",
                "{} is a special school: pupils are placed there by assessment, not moved in groups or by zone",
                register.name(school),
            )
        ]
    return unusable(register, (school, stage)) if (school, stage) in register["sections"] else []


def _too_many(register: YearRecords, key: Key, pupils: int, there: float, grades) -> list[Message]:
    of = Message("{} 年级", "grades {}", listing(map(str, grades))) if grades else ""
    place = Message("{}{}{}", "{}, {} {}", register.name(key[0]), Stage(key[1]), of)
    return (
        [
            Message(
                "要从{}转出 {} 人，而那里只有 {:.0f} 人",
                "{1} pupils are to leave {0}, where there are {2:.0f}",
                place,
                pupils,
                there,
            )
        ]
        if pupils > there
        else []
    )


def _move_zone(register: YearRecords, standard: Standard, action: MovePupils) -> YearRecords:
    zone = register["zones"].get(action.zone)
    assigned = zone and zone.get(f"{action.stage}_school_id")
    if zone and action.from_ is not None and assigned != action.from_:
        now = (
            Message("没有划片", "is assigned to no school")
            if missing(assigned)
            else Message("划片在{}", "is assigned to {}", register.name(assigned))
        )
        refuse(
            [
                Message(
                    "小区 {0} 的{1}{2}，不在 {4} 所写的 {3}",
                    "zone {0}, {1}: {2}, not to the school in {4}, {3}",
                    action.zone,
                    action.stage,
                    now,
                    action.from_,
                    FieldName("from"),
                )
            ]
        )
    if action.stage == Stage.SENIOR:
        refuse(
            [
                Message(
                    "小区只有小学、初中的划片，不能按小区转高中学生",
                    "zones are assigned for primary and junior only: no senior pupils can be moved by zone",
                )
            ]
        )
    if zone and missing(assigned):
        refuse(
            [
                Message(
                    "小区 {} 的{}没有划片，不知从哪所学校转出",
                    "zone {}, {}: assigned to no school, so it is not known which they leave",
                    action.zone,
                    action.stage,
                )
            ]
        )
    whole = Rezone(do="rezone", zones=(action.zone,), stage=action.stage, to=action.to, moves="all")
    return whole.model_copy(update={"year": action.year}).done(register, standard)


def _share_of_grades(register: YearRecords, key: Key, grades: list[int] | None) -> float:
    """Return the part of a section's pupils in these grades; that of the grades if no class is listed."""
    if grades is None:
        return 1.0
    by_grade = register.grades(key)
    pupils = sum(by_grade.values())
    return in_grades(register, key, grades) / pupils if pupils else len(grades) / len(GRADES_OF_STAGE[key[1]])


def _zone(register: YearRecords, zone: str, stage: Stage, to: str) -> tuple[str | None, float, list[str]]:
    """Return the school of a zone, its children, and why they cannot be moved."""
    row = register["zones"][zone]
    school, children = row[f"{stage}_school_id"], row[f"{stage}_children"]
    if missing(school):
        return None, 0, []
    if school == to:
        return (
            school,
            0,
            [
                Message(
                    "小区 {} 的{}已经划片在{}",
                    "zone {}, {}: already assigned to {}",
                    zone,
                    stage,
                    register.name(to),
                )
            ],
        )
    wrong = (
        [
            Message(
                "小区 {} 没有填报{}适龄人数，请先补填",
                "zone {} has no {} children reported; add them first",
                zone,
                stage,
            )
        ]
        if missing(children)
        else []
    )
    wrong += register.unknown(school)
    if not wrong and (school, stage) not in register["sections"]:
        wrong.append(
            Message(
                "小区 {} 划片所在的{}没有{}学段数据",
                "zone {} is assigned to {}, which has no sections of the stage {}",
                zone,
                register.name(school),
                stage,
            )
        )
    return school, children, wrong or unusable(register, (school, stage))


def _crowded(
    register: YearRecords, standard: Standard, action: SplitClasses | PlaceOverflow
) -> Iterator[tuple[Key, int, int]]:
    """Yield each grade with a class above the limit, among the schools and the stage that are written."""
    refuse(register.unknown(*action.school))
    for school in action.school:
        stages = [register.stage_of(school, action.stage)] if action.stage else register.stages(school)
        if not any((school, stage) in register.classes for stage in stages):
            refuse(
                [
                    Message(
                        "{}没有班级表，不知班额",
                        "{} has no classes listed, so their size is not known",
                        register.name(school),
                    )
                ]
            )
    wanted = set(action.school or register["schools"])
    for key in [k for k in register.classes if k[0] in wanted and action.stage in (None, k[1])]:
        limit = action.limit or class_limit(standard, key[1], register.year)
        above = standard.hold(limit, "<=").gap
        classes = register.classes[key].items()
        grades = [g for g, rows in classes if (above(np.array([r["pupils"] for r in rows])) > 0).any()]
        refuse(unusable(register, key) if grades else [])
        for grade in grades:
            yield key, grade, limit


def _group(register: YearRecords, school: str) -> list[Message]:
    """Return the other schools of the 集团, the nearest first; those without a place last."""
    own = register["schools"][school]
    if missing(own["group"]):
        return []
    others = [s for s, row in register["schools"].items() if row["group"] == own["group"] and s != school]

    def away(other: str) -> float:
        row = register["schools"][other]
        far = great_circle_km(own["longitude"], own["latitude"], row["longitude"], row["latitude"])
        return math.inf if missing(float(far)) else float(far)

    return sorted(others, key=away)


def _room(register: YearRecords, key: Key, grade: int, limit: int) -> int:
    if key not in register["sections"] or unusable(register, key):
        return 0
    rows = register.classes.get(key, {}).get(grade, [])
    return int(len(rows) * limit - sum(row["pupils"] for row in rows))
