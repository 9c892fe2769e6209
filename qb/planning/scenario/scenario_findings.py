"""How far children walk to school, and what else a reader must know of a scenario beside its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.data.walks import walks
from qb.indicators.assessment import Assessment
from qb.language import Message, listing
from qb.planning.scenario.apply_actions import Course
from qb.planning.scenario.apportionment import class_limit
from qb.planning.scenario.pupils_actions import MovePupils, Rezone
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.scenario.year_records import Stay, missing, rows_of
from qb.standard import Standard
from qb.terms import COMPULSORY, Ownership, Stage, Verdict

UNKNOWN = (  # why the way of a zone's children is not known
    Message("没有划片", "no school assigned"),
    Message("小区没有坐标", "the zone has no place"),
    Message("学校没有坐标", "the school has no place"),
)


def walkers(data: Dataset, year: int, detour: float, stays: Iterable[Stay] = ()) -> pd.DataFrame:
    """Return who walks where: a row for each zone and stage, and for those who still go to another school.

    Returns
    -------
    DataFrame
        The zone's columns, with `stage`, `school` (where they go), `walking` (how many), `km` (how far,
        estimated or as the table `distances` has it: `measured`) and `why` (why the way is not known; ""
        where it is).
    """
    zones, schools = rows_of(data["zones"], year), data["schools"]
    parts = []
    for stage in COMPULSORY:
        named = zones[f"{stage}_school_id"].to_numpy(dtype=object)
        children = zones[f"{stage}_children"].to_numpy(dtype=float)
        parts.append(zones.assign(stage=str(stage), school=named, walking=np.nan_to_num(children)))
    found = pd.concat(parts, ignore_index=True)
    for stay in stays:
        mine = ((found["zone_id"] == stay.zone) & (found["stage"] == stay.stage)).to_numpy()
        if mine.any():
            there = found[mine].head(1).assign(school=stay.school, walking=stay.children)
            found.loc[np.flatnonzero(mine)[:1], "walking"] -= stay.children
            found = pd.concat([found, there], ignore_index=True)
    spot = schools.drop_duplicates("school_id").set_index("school_id")[["longitude", "latitude"]]
    there = spot.reindex(found["school"]).rename_axis("school_id").reset_index()
    km, measured = walks(data["distances"], found, there, detour)
    why = np.select(
        [found["school"].isna(), ~np.isnan(km), found[["longitude", "latitude"]].isna().any(axis=1)],
        [str(UNKNOWN[0]), "", str(UNKNOWN[1])],
        str(UNKNOWN[2]),
    )
    return found.assign(km=km, measured=measured, why=why)


def walking(data: Dataset, year: int, detour: float, stays: Iterable[Stay] = ()) -> pd.DataFrame:
    """Return how far the children of the zones have to the school that they go to.

    `stays` are those who do not go yet where their zone is assigned to.

    Returns
    -------
    DataFrame
        A row per district and stage: `children` with a known way, `mean_km` (each child counts once),
        `farthest_km` (of a zone with children), `unknown`, the children of zones without a school or a
        place, and of the known `ways` those `measured`, that the table `distances` has.
    """
    who = walkers(data, year, detour, stays)
    children, km = who["walking"].to_numpy(), who["km"].to_numpy()
    known = ~np.isnan(km) & (children > 0)
    frame = pd.DataFrame(
        {
            "district": who["district"].to_numpy(dtype=object),
            "stage": who["stage"],
            "children": np.where(known, children, 0),
            "way": np.where(known, children * km, 0),
            "farthest_km": np.where(known, km, np.nan),
            "unknown": np.where(known, 0, children),
            "ways": known.astype(float),
            "measured": (known & who["measured"].to_numpy()).astype(float),
        }
    )
    by = frame.groupby(["district", "stage"], sort=False, dropna=False)
    table = by.agg(
        children=("children", "sum"),
        way=("way", "sum"),
        farthest_km=("farthest_km", "max"),
        unknown=("unknown", "sum"),
        ways=("ways", "sum"),
        measured=("measured", "sum"),
    ).reset_index()
    table.insert(3, "mean_km", table["way"] / table["children"].where(table["children"] > 0))
    return table.drop(columns="way")


def how_measured(walked: pd.DataFrame, detour: float) -> Message:
    """Return in a sentence without a full stop where walks, as `walking` has them, come from."""
    ways, measured = (int(walked[name].sum()) for name in ("ways", "measured"))
    if not measured:
        return Message(
            "步行距离为估计值：直线距离的 {:g} 倍",
            "Walking is estimated: {:g} times the straight line",
            detour,
        )
    return Message(
        "{} 条上学路中 {} 条取自到校距离表，其余按直线距离的 {:g} 倍估计",
        "Of {} ways to school {} are from the table of walking distances, the rest estimated: {:g} times the straight line",
        ways,
        measured,
        detour,
    )


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
        if not isinstance(action, OpenSchool) or (action.year or 0) > year:
            continue
        limits = {s: class_limit(standard, s, year) for s in action.classes or ()}
        sized = action.capacity or {s: n * limits[s] for s, n in (action.classes or {}).items()}
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
        if not isinstance(action, Rezone | MovePupils) or (
            isinstance(action, MovePupils) and not action.zone
        ):
            continue
        if (action.year or 0) > year or action.to not in schools.index:
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
