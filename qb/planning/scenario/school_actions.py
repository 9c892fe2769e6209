"""Actions that open or end a school: `open_school`, `close_school`, `merge_schools`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from qb.data.distances import walks
from qb.data.schema import TABLES
from qb.language import Both, FieldName, Message, listing
from qb.planning.forecast.projection import OF_TEACHERS, STAFF
from qb.planning.scenario.action_base import (
    BUILDING,
    CHOSEN,
    HIRED,
    SITE,
    BaseAction,
    Case,
    Estimate,
    Ids,
    Item,
    Names,
    Several,
    one_of,
    repeated,
    said_if,
    unless,
)
from qb.planning.scenario.pupils_actions import may_receive
from qb.planning.scenario.resource_actions import district_of
from qb.planning.scenario.year_records import (
    FUNDS,
    MEANS,
    OF_STAFF,
    YearRecords,
    apportion,
    by_stage,
    class_limit,
    empty_section,
    missing,
    move,
    move_staff,
    refuse,
    unusable,
    with_facilities,
    with_staff,
)
from qb.standard import Count, Number, Standard, Words
from qb.standard.limits import LimitInForce
from qb.terms import COMPULSORY, GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Location, Ownership, RoomKind, Stage
from qb.tomlfile import Entry

# The action `open_school`: a school that was not there, with what it is given.


WHOLE_NUMBERS = (*STAFF, "multimedia_rooms")
STANDARD = "standard"  # what `like` says for "as the standard demands"
Degrees = Annotated[float, Field(strict=True)]
Sizes = Annotated[dict[Stage, Several], Field(min_length=1)]


class Holdings(Entry):
    """What a new school is given for one stage; the names are those of the tables."""

    full_time_teachers: Count | None = None
    teachers_above_required: Count | None = None
    backbone_teachers: Count | None = None
    pe_arts_teachers: Count | None = None
    certified_teachers: Count | None = None
    trained_teachers: Count | None = None
    teaching_area_m2: Number | None = None
    indoor_sports_area_m2: Number | None = None
    sports_ground_m2: Number | None = None
    equipment_yuan: Number | None = None
    multimedia_rooms: Count | None = None


class OpenSchool(BaseAction, Estimate):
    """A new school without pupils; `move_pupils` or `rezone` brings them.

    It is sized for `capacity` pupils by stage, or for `classes` of the largest size allowed. `like` is
    ``"standard"`` (the least that the standard demands) or a school of the same kind (as much per
    pupil); `given` replaces single figures, or gives them all. A cost that is written stands for floor, ground
    and equipment at the prices of the cost file.
    """

    called: ClassVar[Message] = Message("开办学校", "Open school")
    do: Literal["open_school"]
    school_id: Words
    name: Words
    kind: Kind
    location: Location
    district: Words | None = None
    ownership: Ownership = Ownership.PUBLIC
    boarding: Annotated[bool, Field(strict=True)] = False
    group: Words | None = None
    longitude: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    latitude: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    capacity: Sizes | None = None
    classes: Sizes | None = None
    like: Words | None = None
    given: dict[Stage, Holdings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> OpenSchool:
        wrong = one_of(self, "capacity", "classes")
        stages = {*(self.capacity or {}), *(self.classes or {}), *self.given}
        wrong += [
            Message(
                "办学类型为“{}”的学校没有“{}”学段",
                "a school of the kind “{}” has no stage “{}”",
                self.kind,
                stage,
            )
            for stage in sorted(stages)
            if stage not in STAGES_OF_KIND[self.kind]
        ]
        sized = {*(self.capacity or {}), *(self.classes or {})}
        wrong += [
            Message(
                "{1} 中的{0}没有写进 {2} 或 {3}",
                "{0} in {1} is not in {2} or {3}",
                stage,
                FieldName("given"),
                FieldName("capacity"),
                FieldName("classes"),
            )
            for stage in sorted({*self.given} - sized)
        ]
        if (self.longitude is None) != (self.latitude is None):
            wrong.append(
                Message(
                    "{0} 与 {1} 须同时写", "{0} goes with {1}", FieldName("longitude"), FieldName("latitude")
                )
            )
        return unless([*wrong, *self.price_faults()], self)

    @property
    def opens(self) -> str:
        """The school that this action opens."""
        return self.school_id

    @property
    def schools(self) -> frozenset[str]:
        """The model school, if there is one; the new one is named by `opens`."""
        return frozenset({self.like} if self.like and self.like != STANDARD else ())

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        one = Message("{} {} 人", "{} {} pupils") if self.capacity else Message("{} {} 个班", "{} {} classes")
        parts = [
            Message(one.zh, one.en, stage, n) for stage, n in (self.capacity or self.classes or {}).items()
        ]
        other = Both(names.school(self.like or "").zh, self.like or "")
        like = CHOSEN.get(self.like) or Message("比照{}", "like {}", other)
        model = Message("，{}", ", {}", like) if self.like else ""
        zh, en = "开办{}（{}）：{}{}", "Open {} ({}): {}{}"
        return Message(zh, en, self.name, self.kind, listing(parts), model)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Add a school with its staff, floor and equipment, and with no pupils, classes or funds: they come.

        Rooms for music and art are as many as the standard asks for the classes it is planned for.
        """
        wrong = (
            [
                Message(
                    "学校标识码 {} 已经有了",
                    "there is a school with the identifier {} already",
                    self.school_id,
                )
            ]
            if self.school_id in register["schools"]
            else []
        )
        refuse([*wrong, *_model_faults(register, self)])
        capacity = _capacity(standard, self, register.year)
        pupils = sum(n for stage, n in capacity.items() if stage in COMPULSORY)
        beyond = beyond_largest(standard, self.kind, pupils, register.year)
        fields = map(FieldName, ("capacity", "classes"))
        refuse([Message("{}，请核对 {} 或 {}", "{}; check {} or {}", beyond, *fields)] if beyond else [])
        planned = {stage: _planned(register, standard, self, stage, n) for stage, n in capacity.items()}
        refuse(reason for stage, held in planned.items() for reason in _incomplete(stage, held))
        row = register.row(
            "schools",
            **self.model_dump(
                include={"school_id", "name", "ownership", "boarding", "group", "location", "kind"}
            ),
            district=district_of(register, self.district),
            longitude=self.longitude,
            latitude=self.latitude,
            opened_year=float(self.year or register.year),
            built_year=float(self.year or register.year),
        )
        register = register.put("schools", {self.school_id: {**row, "kind": str(self.kind)}})
        for stage, held in planned.items():
            key = (self.school_id, str(stage))
            cells = {"school_id": self.school_id, "stage": str(stage)}
            section = {**empty_section(register, key), **{name: held[name] for name in STAFF}}
            means = register.row("facilities", **cells, **{name: held[name] for name in MEANS})
            register = register.put("sections", {key: section}).put("facilities", {key: means})
        # A stage of its kind that it is not planned for has nobody: that is said, not left open.
        other = [s for s in STAGES_OF_KIND[self.kind] if s not in planned and self.kind is not Kind.SPECIAL]
        nobody = {(self.school_id, str(s)): empty_section(register, (self.school_id, s)) for s in other}
        register = register.put("sections", nobody)
        return _with_rooms(register, standard, self.school_id, capacity)

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield all that the school holds, teachers among it, and the land that has no price."""
        written = self.estimate
        yield from (i for i in case.held_by(self.school_id) if written is None or i.what == HIRED)
        yield Item(SITE, "", None, None) if written is None else Item(BUILDING, "", 1.0, written)


def _model_faults(register: YearRecords, action: OpenSchool) -> list[Message]:
    model = action.like
    if model in (None, STANDARD):
        return []
    if model not in register["schools"]:
        return [
            Message(
                '样板学校 {0} 不存在，请核对学校标识码，或写 {1} = "standard"',
                'the model school {0} is not there; check the identifier, or write {1} = "standard"',
                model,
                FieldName("like"),
            )
        ]
    kind = register["schools"][model]["kind"]
    if kind != action.kind:
        label = (
            Message("没有填报办学类型", " has no kind reported")
            if missing(kind)
            else Message("是{}", " is a {}", Kind(kind))
        )
        return [
            Message(
                "样板学校{}{}，与要开办的{}不同",
                "the model school {}{}, and a {} is to be opened",
                register.name(model),
                label,
                action.kind,
            )
        ]
    return [
        Message(
            "样板学校{}没有{}在校生，不能比照",
            "the model school {} has no {} pupils to follow",
            register.name(model),
            stage,
        )
        for stage in action.capacity or action.classes
        if not register["sections"].get((model, stage), {"pupils": 0})["pupils"] > 0
    ]


def beyond_largest(standard: Standard, kind: Kind, pupils: int, year: int) -> Message | None:
    """Return a sentence if a school is planned for more compulsory pupils than the standard's largest."""
    indicator = standard.computed_by("school_size")
    if indicator is None:
        return None
    limit = standard.limit_in_force(indicator.code, kind=kind, year=year)
    if limit.meets(np.asarray(float(pupils))):
        return None
    return Message(
        "义务教育阶段按 {} 人开办，超过{}规模的限值 {:.0f} 人",
        "opened for {} pupils of compulsory schooling, above the size limit of a {}, {:.0f}",
        pupils,
        kind,
        limit.value,
    )


def _capacity(standard: Standard, action: OpenSchool, year: int) -> dict[Stage, int]:
    if action.capacity:
        return dict(action.capacity)
    return {stage: n * class_limit(standard, stage, year) for stage, n in action.classes.items()}


def _planned(
    register: YearRecords, standard: Standard, action: OpenSchool, stage: Stage, pupils: int
) -> dict[str, float]:
    """Return what the school has for a stage; NaN where nothing says how much."""
    held = dict.fromkeys((*STAFF, *MEANS), math.nan) | {"indoor_sports_area_m2": 0.0}
    if action.like == STANDARD and stage in COMPULSORY:
        held |= _demanded(standard, stage, pupils, register.year)
    elif action.like not in (None, STANDARD):
        held |= _as_model(register, standard, action.like, stage, pupils)
    given = action.given.get(stage)
    held |= {name: float(value) for name, value in given if value is not None} if given else {}
    for name in ("certified_teachers", "trained_teachers"):  # C16 and C19 ask for all of them
        if missing(held[name]):
            held[name] = held["full_time_teachers"]
    return held


def _demanded(standard: Standard, stage: Stage, pupils: int, year: int) -> dict[str, float]:
    """Return the least of each that the resource indicators demand for so many pupils.

    What is taken off an amount (indoor sports area) there is none of. Where the standard does not say how
    many teachers in all, those of the most numerous kind that is a part of them are the least.
    """
    held, staff = {}, [0.0]
    for indicator in (i for i in standard.resources if i.limits):
        limit, resource = standard.limit_in_force(indicator.code, stage=stage, year=year), indicator.resource
        amount = _least(limit, pupils, resource.per, resource.whole, indicator.at_most)
        held[indicator.adds_to[1]] = amount
        staff += [amount] if resource.at_most == "full_time_teachers" else []
    return {"full_time_teachers": max(staff)} | held


def _least(limit: LimitInForce, pupils: int, per: float, whole: bool, at_most: bool) -> float:
    """Return the least amount with which the figure of so many pupils keeps its limit.

    Examples
    --------
    4.2 teachers for 100 pupils are 42 for 1,000 and 43 for 1,001; more than 4.2 are 43 for 1,000.

    >>> at, above = (LimitInForce(4.2, side, 2, False, 1e-9) for side in (">=", ">"))
    >>> _least(at, 1000, 100, True, False), _least(at, 1001, 100, True, False)
    (42.0, 43.0)
    >>> _least(above, 1000, 100, True, False)
    43.0
    """
    amount = per * pupils / limit.value if at_most else limit.value * pupils / per
    down = float(math.floor(amount))
    enough = down if whole or at_most else amount
    figure = np.divide(per * pupils, enough) if at_most and enough else np.asarray(enough * per / pupils)
    return enough if enough and limit.meets(figure) else down + 1


def _as_model(
    register: YearRecords, standard: Standard, model: str, stage: Stage, pupils: int
) -> dict[str, float]:
    """Return as much per pupil as another school has, persons and rooms rounded up."""
    section = register["sections"][model, stage]
    means = by_stage(register, standard, model)[stage]
    scaled = {name: value * pupils / section["pupils"] for name, value in {**section, **means}.items()
              if name in STAFF or name in MEANS}  # fmt: skip
    return {
        name: float(math.ceil(value - 1e-8)) if name in WHOLE_NUMBERS and not missing(value) else value
        for name, value in scaled.items()
    }


def _incomplete(stage: Stage, held: dict[str, float]) -> list[Message]:
    labels = {c.name: c for name in ("sections", "facilities") for c in TABLES[name].columns}
    lacking = [name for name in (*STAFF[:4], *MEANS) if missing(held[name])]
    if lacking:
        return [
            Message(
                "{0}没有写明 {1}，请写在 {2} 中，或写 {3}",
                "{0} does not say {1}; write it in {2}, or write {3}",
                stage,
                listing(lacking),
                FieldName("given"),
                FieldName("like"),
            )
        ]
    wrong = [
        Message(
            "{}的{}（{:.0f}）多于专任教师（{:.0f}）",
            "{}: {} ({:.0f}) are more than full-time teachers ({:.0f})",
            stage,
            labels[name],
            held[name],
            held["full_time_teachers"],
        )
        for name in OF_TEACHERS
        if held[name] > held["full_time_teachers"]
    ]
    if held["indoor_sports_area_m2"] > held["teaching_area_m2"]:
        wrong.append(
            Message(
                "{}的室内体育用房面积大于教学及辅助用房面积（后者含前者）",
                "{}: the indoor sports area is larger than the teaching area, which contains it",
                stage,
            )
        )
    return wrong


def _with_rooms(
    register: YearRecords, standard: Standard, school: str, capacity: dict[Stage, int]
) -> YearRecords:
    """Return the register with the rooms that the standard asks for, each of the least area that counts."""
    classes = 0
    for stage, pupils in capacity.items():
        grades = len(GRADES_OF_STAGE[stage])
        limit = class_limit(standard, stage, register.year)
        classes += grades * math.ceil(pupils / grades / limit) if stage in COMPULSORY else 0
    indicator = standard.computed_by("special_rooms")
    if indicator is None:
        return register
    count = math.ceil(classes / float(indicator.options["classes_per_room"]))
    last = max(register["rooms"], default=-1)
    kinds = [kind for kind in RoomKind for _ in range(count)]
    rows = {
        last + 1 + i: register.row(
            "rooms",
            school_id=school,
            stage=str(next(iter(capacity))),
            kind=str(kind),
            area_m2=standard.limit_in_force(indicator.code, name=kind.value, year=register.year).keeping(),
        )
        for i, kind in enumerate(kinds)
    }
    return register.put("rooms", rows)


# Actions that end a school: `close_school`, `merge_schools`.


class CloseSchool(BaseAction):
    """Pupils, their public funds and the teachers go to the schools of `to`; the site is given up."""

    called: ClassVar[Message] = Message("关闭学校", "Close school")
    do: Literal["close_school"]
    school: Words
    to: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> CloseSchool:
        return unless(repeated("to", self.to), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        to = names.listed(self.to)
        goes = Message("，学生和教师到{}", "; pupils and teachers go to {}", to) if self.to else ""
        return Message("关闭{}{}", "Close {}{}", names.school(self.school), goes)

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Send pupils and teachers in equal parts to the schools of `to` that have the stage; close the site.

        Its zones go to the nearest of them. Floor, ground, rooms and equipment are given up.
        """
        school = self.school
        refuse([*_leaving(register, school), *register.unknown(*self.to)])
        refuse(
            [
                Message(
                    "{1} 中不能有要关闭的{0}",
                    "{1} cannot hold {0}, which is {1} be closed",
                    register.name(school),
                    FieldName("to"),
                )
            ]
            if school in self.to
            else []
        )
        stages = register.stages(school)
        receivers = {stage: [s for s in self.to if register.takes(s, stage)] for stage in stages}
        useful = {s for found in receivers.values() for s in found}
        wrong = [
            Message(
                "{}没有要关闭的学校的学段，不能接收",
                "{} has none of the stages of the school to be closed, so it cannot take in",
                register.name(s),
            )
            for s in self.to
            if s not in useful
        ]
        for stage, found in receivers.items():
            wrong += _nowhere(register, school, stage, found)
            wrong += [reason for s in found for reason in _may_join(register, s, stage)]
        refuse(wrong)
        for stage, found in receivers.items():
            register = _send(register, standard, school, stage, found)
        return register.without(school, _last_year(register, self))


class MergeSchools(BaseAction):
    """The schools of `from` become part of `into`.

    With `sites` ``"keep"`` they go on at their sites as campuses of it, with all they hold, and nobody moves.
    With ``"close"`` pupils, teachers, equipment, funds and zones go to `into`; floor, ground and rooms are
    given up.
    """

    called: ClassVar[Message] = Message("合并学校", "Merge schools")
    do: Literal["merge_schools"]
    from_: Ids = Field(alias="from")
    into: Words
    sites: Literal["keep", "close"] = "keep"

    @model_validator(mode="after")
    def _fits(self) -> MergeSchools:
        zh, en = "{0} 中不能有 {1} 的学校", "{0} cannot hold the school in {1}"
        itself = said_if(self.into in self.from_, zh, en, FieldName("from"), FieldName("into"))
        return unless(itself + repeated("from", self.from_), self)

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        gone, into = names.listed(self.from_), names.school(self.into)
        return Message("{}并入{}，{}", "Merge {} into {}; {}", gone, into, CHOSEN[self.sites])

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Make schools campuses of another one, or move all of them but floor, ground and rooms to its site.

        Where they move, classes of a grade are taken together: pupils join those of `into`, which gets another
        class only where the limit demands it. What `into` reports as one stays so.
        """
        wrong = [reason for school in self.from_ for reason in _leaving(register, school)]
        refuse([*wrong, *register.unknown(self.into)])
        home = register["schools"][self.into]["district"]
        if not missing(register["schools"][self.into]["parent_id"]):
            wrong.append(
                Message(
                    "{0}是校区，请把 {1} 写成它所属的学校",
                    "{0} is a campus: write the school it belongs to as {1}",
                    register.name(self.into),
                    FieldName("into"),
                )
            )
        for school in self.from_:
            if register["schools"][school]["district"] != home:
                wrong.append(
                    Message(
                        "{}与{}不在同一县区，不能合并",
                        "{} and {} are in different districts and cannot be merged",
                        register.name(school),
                        register.name(self.into),
                    )
                )
            wrong += [reason for s in register.stages(school) for reason in _may_join(register, self.into, s)]
        refuse(wrong)
        if self.sites == "keep":
            campuses = {s: {**register["schools"][s], "parent_id": self.into} for s in self.from_}
            return register.put("schools", campuses)
        for school in self.from_:
            register = _join(register, standard, school, self.into)
            register = register.without(school, _last_year(register, self))
        return register


def _last_year(register: YearRecords, action: CloseSchool | MergeSchools) -> int:
    """Return the last year in which a school teaches that an action ends: the one before it begins."""
    return (action.year or register.year) - 1


def _leaving(register: YearRecords, school: str) -> list[Message]:
    """Return why a school cannot cease to be."""
    wrong = register.unknown(school)
    campuses = [s for s, row in register["schools"].items() if row["parent_id"] == school]
    if campuses:
        names = listing(register.name(campus) for campus in campuses)
        wrong.append(
            Message(
                "{}还有校区{}，请先处理校区",
                "{} has the campuses {}; deal with them first",
                register.name(school),
                names,
            )
        )
    for stage in [] if wrong else register.stages(school):
        wrong += [*unusable(register, (school, stage)), *_no_staff(register, school, stage)]
    return wrong


def _no_staff(register: YearRecords, school: str, stage: Stage) -> list[Message]:
    section = register["sections"].get((school, stage), {"full_time_teachers": 0})
    silent = missing(section["full_time_teachers"])
    return (
        [
            Message(
                "{}{}没有填报专任教师数，请先补填",
                "{}, {}: no full-time teachers reported; add them first",
                register.name(school),
                stage,
            )
        ]
        if silent
        else []
    )


def _may_join(register: YearRecords, school: str, stage: Stage) -> list[Message]:
    return [*may_receive(register, school, stage), *_no_staff(register, school, stage)]


def _nowhere(register: YearRecords, school: str, stage: Stage, receivers: list[str]) -> list[Message]:
    section = register["sections"][school, stage]
    pupils, staff = section["pupils"], section["full_time_teachers"]
    zones = _zones(register, school, stage)
    if receivers or not (pupils or staff or zones):
        return []
    left = [Message("{:.0f} 名学生", "{:.0f} pupils", pupils)] if pupils else []
    left += [Message("{:.0f} 名专任教师", "{:.0f} full-time teachers", staff)] if staff else []
    left += [Message("{} 个划片小区", "{} zones", len(zones))] if zones else []
    what = Message(
        "{}关闭后，{}的{}没有去处",
        "when {0} is closed, there is no place for {2} of the stage {1}",
        register.name(school),
        stage,
        listing(left),
    )
    return [
        Message(
            "{0}，请在 {2} 中写明设{1}的接收学校",
            "{0}; name a school with the stage {1} in {2}",
            what,
            stage,
            FieldName("to"),
        )
    ]


def _zones(register: YearRecords, school: str, stage: Stage) -> list[Message]:
    column = f"{stage}_school_id"
    return [z for z, row in register["zones"].items() if stage in COMPULSORY and row[column] == school]


def _send(
    register: YearRecords, standard: Standard, school: str, stage: Stage, receivers: list[str]
) -> YearRecords:
    """Send a stage's pupils and teachers in equal parts, and its zones to the nearest."""
    if not receivers:
        return register
    section = register["sections"][school, stage]
    equal = [1] * len(receivers)
    heads, staff = (apportion(int(section[name]), equal) for name in ("pupils", "full_time_teachers"))
    for receiver, pupils, teachers in zip(receivers, heads, staff, strict=True):
        register = move(register, standard, school, receiver, stage, pupils)
        register = move_staff(register, school, receiver, stage, teachers, {})
    zones = _zones(register, school, stage)
    nearest = _nearest(register, standard, zones, receivers)
    moved = {
        zone: {**register["zones"][zone], f"{stage}_school_id": to}
        for zone, to in zip(zones, nearest, strict=True)
    }
    return register.put("zones", moved)


def _nearest(register: YearRecords, standard: Standard, zones: list[str], schools: list[str]) -> list[str]:
    """Return for each zone the school with the shortest walk; the first one where none is known."""
    table = pd.DataFrame(register["distances"].values(), columns=TABLES["distances"].names)
    homes, there = (
        pd.DataFrame([register[name][key] for key in keys], columns=TABLES[name].names)
        for name, keys in (("zones", zones), ("schools", schools))
    )
    km = walks(table, homes, there, standard.rules.distance.detour, crossed=True).km
    return [schools[place] for place in np.where(np.isnan(km), np.inf, km).argmin(axis=1)]


def _join(register: YearRecords, standard: Standard, school: str, into: str) -> YearRecords:
    """Return the register with what one school has become part of another."""
    had = {stage: register["sections"].get((into, stage), {"pupils": 0})["pupils"] for stage in Stage}
    for stage, amounts in by_stage(register, standard, school).items():
        moved = {"equipment_yuan": amounts["equipment_yuan"]}
        register = with_facilities(register, into, stage, moved, new=not had[Stage(stage)])
    for stage in register.stages(school):
        section = register["sections"][school, stage]
        register = move(register, standard, school, into, stage, int(section["pupils"]))
        register = with_staff(register, (into, str(stage)), {name: section[name] for name in OF_STAFF})
        zones = _zones(register, school, stage)
        there = {zone: {**register["zones"][zone], f"{stage}_school_id": into} for zone in zones}
        register = register.put("zones", there)
    return _with_remaining_funds(register, school, into)


def _with_remaining_funds(register: YearRecords, school: str, into: str) -> YearRecords:
    """Give over the funds that no pupils took along: those of a school without pupils."""
    left, funds = (register["funds"].get(s) for s in (school, into))
    if left is None or funds is None or not any(left[name] for name in FUNDS):
        return register
    return register.put("funds", {into: {**funds, **{name: funds[name] + left[name] for name in FUNDS}}})
