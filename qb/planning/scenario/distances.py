"""How far the children of the zones walk to the schools that they go to."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.data.walks import walks
from qb.language import Message
from qb.planning.scenario.year_records import Stay, rows_of
from qb.terms import COMPULSORY

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
