"""Actions that end a school: `close_school`, `merge_schools`."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from qb.scenario.distance import great_circle_km
from qb.scenario.entry import BaseAction, Ids, repeated, unless
from qb.scenario.facilities import by_stage, with_facilities
from qb.scenario.moving import FUNDS, OF_STAFF, apportion, move, move_staff, unusable, with_staff
from qb.scenario.pupils import may_receive
from qb.scenario.register import Register, missing, refuse
from qb.standard import Standard, Words
from qb.terms import COMPULSORY, Stage


class CloseSchool(BaseAction):
    """Pupils, their public funds and the teachers go to the schools of `to`; the site is given up."""

    do: Literal["close_school"]
    school: Words
    to: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> CloseSchool:
        return unless(repeated("to", self.to), self)


class MergeSchools(BaseAction):
    """The schools of `from` become part of `into` with everything they hold; their sites stay in use."""

    do: Literal["merge_schools"]
    from_: Ids = Field(alias="from")
    into: Words

    @model_validator(mode="after")
    def _fits(self) -> MergeSchools:
        itself = ["from 中不能有 into 的学校"] if self.into in self.from_ else []
        return unless(itself + repeated("from", self.from_), self)


def close_school(register: Register, standard: Standard, action: CloseSchool) -> Register:
    """Send pupils and teachers in equal parts to the schools of `to` that have the stage; close the site.

    Its zones go to the nearest of them. Floor, ground, rooms and equipment are given up.
    """
    school = action.school
    refuse([*_leaving(register, school), *register.unknown(*action.to)])
    refuse([f"to 中不能有要关闭的{register.name(school)}"] if school in action.to else [])
    stages = register.stages(school)
    receivers = {stage: [s for s in action.to if register.takes(s, stage)] for stage in stages}
    useful = {s for found in receivers.values() for s in found}
    wrong = [f"{register.name(s)}没有要关闭的学校的学段，不能接收" for s in action.to if s not in useful]
    for stage, found in receivers.items():
        wrong += _nowhere(register, school, stage, found)
        wrong += [reason for s in found for reason in _may_join(register, s, stage)]
    refuse(wrong)
    for stage, found in receivers.items():
        register = _send(register, standard, school, stage, found)
    return register.without(school, _last_year(register, action))


def merge_schools(register: Register, standard: Standard, action: MergeSchools) -> Register:
    """Make schools part of another one with pupils, teachers, facilities, rooms, funds and zones.

    Classes of a grade are taken together: pupils join those of `into`, which gets another class only
    where the limit demands it. What `into` reports as one stays so.
    """
    wrong = [reason for school in action.from_ for reason in _leaving(register, school)]
    refuse([*wrong, *register.unknown(action.into)])
    home = register["schools"][action.into]["district"]
    for school in action.from_:
        if register["schools"][school]["district"] != home:
            wrong.append(f"{register.name(school)}与{register.name(action.into)}不在同一县区，不能合并")
        wrong += [reason for s in register.stages(school) for reason in _may_join(register, action.into, s)]
    refuse(wrong)
    for school in action.from_:
        register = _join(register, standard, school, action.into)
        register = register.without(school, _last_year(register, action))
    return register


def _last_year(register: Register, action: CloseSchool | MergeSchools) -> int:
    """Return the last year in which a school teaches that an action ends: the one before it begins."""
    return (action.year or register.year) - 1


def _leaving(register: Register, school: str) -> list[str]:
    """Return why a school cannot cease to be."""
    wrong = register.unknown(school)
    campuses = [s for s, row in register["schools"].items() if row["parent_id"] == school]
    if campuses:
        names = "、".join(register.name(campus) for campus in campuses)
        wrong.append(f"{register.name(school)}还有校区{names}，请先处理校区")
    for stage in [] if wrong else register.stages(school):
        wrong += [*unusable(register, (school, stage)), *_no_staff(register, school, stage)]
    return wrong


def _no_staff(register: Register, school: str, stage: Stage) -> list[str]:
    section = register["sections"].get((school, stage), {"full_time_teachers": 0})
    silent = missing(section["full_time_teachers"])
    return [f"{register.name(school)}{stage.zh}没有填报专任教师数，请先补填"] if silent else []


def _may_join(register: Register, school: str, stage: Stage) -> list[str]:
    return [*may_receive(register, school, stage), *_no_staff(register, school, stage)]


def _nowhere(register: Register, school: str, stage: Stage, receivers: list[str]) -> list[str]:
    section = register["sections"][school, stage]
    pupils, staff = section["pupils"], section["full_time_teachers"]
    zones = _zones(register, school, stage)
    if receivers or not (pupils or staff or zones):
        return []
    left = [f"{pupils:.0f} 名学生"] if pupils else []
    left += [f"{staff:.0f} 名专任教师"] if staff else []
    left += [f"{len(zones)} 个划片小区"] if zones else []
    what = f"{register.name(school)}关闭后，{stage.zh}的{'、'.join(left)}没有去处"
    return [f"{what}，请在 to 中写明设{stage.zh}的接收学校"]


def _zones(register: Register, school: str, stage: Stage) -> list[str]:
    column = f"{stage}_school_id"
    return [z for z, row in register["zones"].items() if stage in COMPULSORY and row[column] == school]


def _send(
    register: Register, standard: Standard, school: str, stage: Stage, receivers: list[str]
) -> Register:
    """Send a stage's pupils and teachers in equal parts, and its zones to the nearest."""
    if not receivers:
        return register
    section = register["sections"][school, stage]
    equal = [1] * len(receivers)
    heads, staff = (apportion(int(section[name]), equal) for name in ("pupils", "full_time_teachers"))
    for receiver, pupils, teachers in zip(receivers, heads, staff, strict=True):
        register = move(register, standard, school, receiver, stage, pupils)
        register = move_staff(register, school, receiver, stage, teachers, {})
    moved = {
        zone: {**register["zones"][zone], f"{stage}_school_id": _nearest(register, zone, receivers)}
        for zone in _zones(register, school, stage)
    }
    return register.put("zones", moved)


def _nearest(register: Register, zone: str, schools: list[str]) -> str:
    """Return the school nearest to a zone; the first one where a place is not known."""
    own = register["zones"][zone]

    def away(school: str) -> float:
        row = register["schools"][school]
        far = great_circle_km(own["longitude"], own["latitude"], row["longitude"], row["latitude"])
        return math.inf if missing(float(far)) else float(far)

    return min(schools, key=away)


def _join(register: Register, standard: Standard, school: str, into: str) -> Register:
    """Return the register with what one school has become part of another."""
    had = {stage: register["sections"].get((into, stage), {"pupils": 0})["pupils"] for stage in Stage}
    for stage, amounts in by_stage(register, standard, school).items():
        register = with_facilities(register, into, stage, amounts, new=not had[Stage(stage)])
    for stage in register.stages(school):
        section = register["sections"][school, stage]
        register = move(register, standard, school, into, stage, int(section["pupils"]))
        register = with_staff(register, (into, str(stage)), {name: section[name] for name in OF_STAFF})
        zones = _zones(register, school, stage)
        there = {zone: {**register["zones"][zone], f"{stage}_school_id": into} for zone in zones}
        register = register.put("zones", there)
    rooms = {
        k: {**row, "school_id": into} for k, row in register["rooms"].items() if row["school_id"] == school
    }
    return _with_remaining_funds(register, school, into).put("rooms", rooms)


def _with_remaining_funds(register: Register, school: str, into: str) -> Register:
    """Give over the funds that no pupils took along: those of a school without pupils."""
    left, funds = (register["funds"].get(s) for s in (school, into))
    if left is None or funds is None or not any(left[name] for name in FUNDS):
        return register
    return register.put("funds", {into: {**funds, **{name: funds[name] + left[name] for name in FUNDS}}})
