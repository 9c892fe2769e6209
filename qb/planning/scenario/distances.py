"""How far children walk: great-circle distance times a detour factor."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb.data.dataset import Dataset, index_of
from qb.planning.scenario.year_records import rows_of
from qb.terms import COMPULSORY

EARTH_KM = 6371.0088  # mean radius


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


def walking(data: Dataset, year: int, detour: float) -> pd.DataFrame:
    """Return how far the children of the zones have to the school that they are assigned to.

    Returns
    -------
    DataFrame
        A row per district and stage: `children` with a known way, `mean_km` (each child counts once),
        `farthest_km` (of a zone with children), and `unknown`, the children of zones without a school
        or a place.
    """
    zones, schools = rows_of(data["zones"], year), data["schools"]
    frames = []
    for stage in COMPULSORY:
        at = index_of(zones[f"{stage}_school_id"], schools["school_id"])
        spot = schools[["longitude", "latitude"]].to_numpy(dtype=float)
        spot = np.vstack([spot, [np.nan, np.nan]])[at]  # the last place stands for "no school"
        children = np.nan_to_num(zones[f"{stage}_children"].to_numpy(dtype=float))
        own = zones[["longitude", "latitude"]].to_numpy(dtype=float)
        km = detour * great_circle_km(own[:, 0], own[:, 1], spot[:, 0], spot[:, 1])
        known = ~np.isnan(km) & (children > 0)
        frames.append(
            pd.DataFrame(
                {
                    "district": zones["district"].to_numpy(dtype=object),
                    "stage": str(stage),
                    "children": np.where(known, children, 0),
                    "way": np.where(known, children * km, 0),
                    "farthest_km": np.where(known, km, np.nan),
                    "unknown": np.where(known, 0, children),
                }
            )
        )
    by = pd.concat(frames).groupby(["district", "stage"], sort=False, dropna=False)
    table = by.agg(
        children=("children", "sum"),
        way=("way", "sum"),
        farthest_km=("farthest_km", "max"),
        unknown=("unknown", "sum"),
    ).reset_index()
    table.insert(3, "mean_km", table["way"] / table["children"].where(table["children"] > 0))
    return table.drop(columns="way")
