"""How far children walk from a zone to a school or site: what the table `distances` has, else estimated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

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


class Walks(NamedTuple):
    """Walks in kilometres, NaN where not known, and which of them the table `distances` has."""

    km: np.ndarray
    measured: np.ndarray


def walks(
    distances: pd.DataFrame, zones: pd.DataFrame, places: pd.DataFrame, detour: float, crossed: bool = False
) -> Walks:
    """Return the walk from each zone to the place in the same row; `crossed`: to every place.

    Parameters
    ----------
    distances : DataFrame
        The table of that name.
    zones, places : DataFrame
        With `longitude` and `latitude`, and `zone_id` or `school_id` (of a site: its own).
    detour : float
        What is not in the table is that many times the straight line.

    Returns
    -------
    Walks
        Of shape (rows,); crossed (zones, places).

    Examples
    --------
    A degree on the equator is 111.2 km as the crow flies, and 150 by the only bridge.

    >>> there = {"longitude": [1.0, 1.0], "latitude": [0.0, 0.0]}
    >>> found = walks(
    ...     pd.DataFrame({"zone_id": ["Z"], "place_id": ["A"], "walk_km": [150.0]}),
    ...     pd.DataFrame({"zone_id": ["Z", "Z"], "longitude": [0.0, 0.0], "latitude": [0.0, 0.0]}),
    ...     pd.DataFrame({"school_id": ["A", "B"], **there}), detour=1.3,
    ... )
    >>> found.km.round(1).tolist(), found.measured.tolist()
    ([150.0, 144.6], [True, False])
    """
    home, spot = (frame[["longitude", "latitude"]].to_numpy(dtype=float) for frame in (zones, places))
    zone, place = (frame.to_numpy(dtype=object) for frame in (zones["zone_id"], places["school_id"]))
    if crossed:
        home, zone = home[:, None], zone[:, None]
    km = detour * great_circle_km(home[..., 0], home[..., 1], spot[..., 0], spot[..., 1])
    told = _told(distances, zone, place)
    return Walks(np.where(np.isnan(told), km, told), ~np.isnan(told))


def _told(distances: pd.DataFrame, zone: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return what the table has of each pair, NaN where nothing."""
    known = distances.dropna(subset=["zone_id", "place_id", "walk_km"])
    if not len(known):
        return np.full(np.broadcast_shapes(zone.shape, place.shape), np.nan)
    zones, places = (pd.Index(known[name].unique()) for name in ("zone_id", "place_id"))
    pair = zones.get_indexer(known["zone_id"]) * len(places) + places.get_indexer(known["place_id"])
    order = np.argsort(pair, kind="stable")
    at, to = (
        index.get_indexer(ids.ravel()).reshape(ids.shape) for index, ids in ((zones, zone), (places, place))
    )
    wanted = np.where((at >= 0) & (to >= 0), at * len(places) + to, -1)
    found = order[np.minimum(np.searchsorted(pair[order], wanted), len(pair) - 1)]
    return np.where(pair[found] == wanted, known["walk_km"].to_numpy()[found], np.nan)
