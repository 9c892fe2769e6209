"""What a reader must know of a scenario beside its figures: places missing, whose rows pass, zones."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qb.data.dataset import Dataset
from qb.indicators.assessment import Assessment
from qb.language import Message, listing
from qb.planning.scenario.apply_actions import Course
from qb.planning.scenario.apportionment import class_limit
from qb.planning.scenario.distances import UNKNOWN, walkers
from qb.planning.scenario.pupils_actions import MovePupils, Rezone
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.scenario.year_records import missing, rows_of
from qb.standard import Standard
from qb.terms import Ownership, Stage, Verdict

MOST = 10  # zones in one sentence


def findings(course: Course, year: int, base: Assessment, after: Assessment) -> tuple[str, ...]:
    """Return the findings of a scenario in the year compared, in sentences without a full stop."""
    data = course.data[year]
    schools = data["schools"].drop_duplicates("school_id").set_index("school_id")
    return (
        *_places(course, year, data, after.standard),
        *_own(base, after),
        *_private(course, year, schools),
        *_unlocated(data, year, course, after.standard),
    )


def _places(course: Course, year: int, data: Dataset, standard: Standard) -> Iterator[str]:
    """Yield the new schools with more pupils than they are planned for."""
    sections = rows_of(data["sections"], year).set_index(["school_id", "stage"])["pupils"]
    for _, action in course.draft.steps:
        if not isinstance(action, OpenSchool) or action.year > year:
            continue
        limits = {s: class_limit(standard, s, year) for s in action.classes or ()}
        sized = action.capacity or {s: n * limits[s] for s, n in action.classes.items()}
        for stage, places in sized.items():
            pupils = sections.get((action.school_id, str(stage)), 0)
            if pupils > places:
                yield (
                    Message(
                        "{}{}按 {} 个学位开办，将有学生 {:.0f} 人，缺 {:.0f} 个学位",
                        "{}, {}: opened for {} places, {:.0f} pupils to come, {:.0f} places short",
                        action.name,
                        stage,
                        places,
                        pupils,
                        pupils - places,
                    )
                )


def _own(base: Assessment, after: Assessment) -> Iterator[str]:
    """Say how many of the rows that pass are those of new schools."""
    keys = ["school_id", "stage"]
    known = set(map(tuple, base.rows[keys].to_numpy()))
    rows = after.rows[(after.rows["verdict"] == Verdict.PASS).to_numpy()]
    new = [key for key in map(tuple, rows[keys].to_numpy()) if key not in known]
    if new:
        before = int((base.rows["verdict"] == Verdict.PASS).sum())
        yield (
            Message(
                "达标的学校（学段）{}→{}，其中 {} 个是新开办学校自己的，原有学校 {}→{}",
                "School stages that pass {}→{}: {} of them are the new schools' own; of those there before {}→{}",
                before,
                len(rows),
                len(new),
                before,
                len(rows) - len(new),
            )
        )


def _private(course: Course, year: int, schools: pd.DataFrame) -> Iterator[str]:
    """Question zones that are given to private schools."""
    for number, action in course.draft.steps:
        by_zone = isinstance(action, Rezone) or (isinstance(action, MovePupils) and action.zone is not None)
        if not by_zone or action.year > year or action.to not in schools.index:
            continue
        if schools.loc[action.to, "ownership"] == Ownership.PRIVATE:
            own = schools.loc[action.to, "name"]
            name = action.to if missing(own) else own
            yield Message(
                "第 {} 项把小区划给民办学校{}，民办学校不划片，请核实",
                "Action {} gives zones to the private school {}; private schools have none: please check",
                number,
                name,
            )


def _unlocated(data: Dataset, year: int, course: Course, standard: Standard) -> Iterator[str]:
    """Name the zones whose way to school is not known."""
    who = walkers(data, year, standard.rules.distance.detour, course.stays.get(year, ()))
    lost = who[((who["walking"] > 0) & (who["why"] != "")).to_numpy()]
    for (stage, why), mine in lost.groupby(["stage", "why"], sort=False):
        zones = list(dict.fromkeys(mine["zone_id"]))
        more = Message("等 {} 个小区", " and more, {} zones", len(zones)) if len(zones) > MOST else ""
        yield (
            Message(
                "{}有 {:.0f} 名孩子的步行距离不明，没有计入：小区 {}{}（{}）",
                "{}: the way of {:.0f} children is not known and not counted: zones {}{} ({})",
                Stage(stage),
                mine["walking"].sum(),
                listing(map(str, zones[:MOST])),
                more,
                UNKNOWN[UNKNOWN.index(why)],
            )
        )
