"""How far children walk: great-circle distance times a detour factor."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb.data.dataset import Dataset, index_of
from qb.language import Message
from qb.planning.scenario.year_records import Stay, rows_of
from qb.terms import COMPULSORY

EARTH_KM = 6371.0088  # mean radius


UNKNOWN = (  # why the way of a zone's children is not known
    Message("没有划片", "no school assigned"),
    Message("小区没有坐标", "the zone has no place"),
    Message("学校没有坐标", "the school has no place"),
)


def great_circle_km(
    longitude: ArrayLike, latitude: ArrayLike, other_longitude: ArrayLike, other_latitude: ArrayLike
) -> np.ndarray:
    """Return the distance between places given in decimal degrees, in kilometres; NaN where one is missing.

    Examples
    --------
    A degree of longitude is 111.195 km at the equator and half of that at 60° north; treating degrees
    as a plane would give the first for both.

    >>> great_circle_km([0, 0], [0, 60], [1, 1], [0, 60]).round(1).tolist()
    [111.2, 55.6]
    """
    lon, lat, lon2, lat2 = (
        np.radians(np.asarray(x, dtype=float)) for x in (longitude, latitude, other_longitude, other_latitude)
    )
    half = np.sin((lat2 - lat) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))


def walkers(data: Dataset, year: int, stays: Iterable[Stay] = ()) -> pd.DataFrame:
    """Return who walks where: a row for each zone and stage, and for those who still go to another school.

    Returns
    -------
    DataFrame
        The zone's columns, with `stage`, `school` (where they go), `walking` (how many) and `why` (why the
        way is not known; "" where it is).
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
    place = spot.reindex(found["school"]).isna().any(axis=1).to_numpy()
    why = np.select(
        [found["school"].isna(), found[["longitude", "latitude"]].isna().any(axis=1), place],
        [str(reason) for reason in UNKNOWN],
        "",
    )
    return found.assign(why=why)


def walking(data: Dataset, year: int, detour: float, stays: Iterable[Stay] = ()) -> pd.DataFrame:
    """Return how far the children of the zones have to the school that they go to.

    `stays` are those who do not go yet where their zone is assigned to.

    Returns
    -------
    DataFrame
        A row per district and stage: `children` with a known way, `mean_km` (each child counts once),
        `farthest_km` (of a zone with children), and `unknown`, the children of zones without a school
        or a place.
    """
    who, schools = walkers(data, year, stays), data["schools"]
    at = index_of(who["school"], schools["school_id"])
    spot = schools[["longitude", "latitude"]].to_numpy(dtype=float)
    spot = np.vstack([spot, [np.nan, np.nan]])[at]  # the last place stands for "no school"
    children, own = who["walking"].to_numpy(), who[["longitude", "latitude"]].to_numpy(dtype=float)
    km = detour * great_circle_km(own[:, 0], own[:, 1], spot[:, 0], spot[:, 1])
    known = ~np.isnan(km) & (children > 0)
    frame = pd.DataFrame(
        {
            "district": who["district"].to_numpy(dtype=object),
            "stage": who["stage"],
            "children": np.where(known, children, 0),
            "way": np.where(known, children * km, 0),
            "farthest_km": np.where(known, km, np.nan),
            "unknown": np.where(known, 0, children),
        }
    )
    by = frame.groupby(["district", "stage"], sort=False, dropna=False)
    table = by.agg(
        children=("children", "sum"),
        way=("way", "sum"),
        farthest_km=("farthest_km", "max"),
        unknown=("unknown", "sum"),
    ).reset_index()
    table.insert(3, "mean_km", table["way"] / table["children"].where(table["children"] > 0))
    return table.drop(columns="way")
