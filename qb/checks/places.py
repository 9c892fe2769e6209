"""L: where schools and residential zones lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from qb.checks.rule import Found, Rule
from qb.checks.view import View
from qb.dataset import places
from qb.terms import Severity

_KM = 111.2  # of a degree of latitude


def _find(view: View) -> Iterator[Found]:
    """Compare each place with the middle of its district's schools: the median of each coordinate."""
    rule, schools = view.checks.place, view.schools
    names = view.data.districts
    mine = places(schools["district"], names)
    placed = (mine >= 0) & schools[["longitude", "latitude"]].notna().all(axis=1).to_numpy()
    group = pd.Series(mine[placed])
    middle = schools.loc[placed, ["longitude", "latitude"]].groupby(group.to_numpy()).median()
    middle = middle.reindex(range(len(names) + 1)).to_numpy()  # the last: of an unknown district
    away = np.hypot(*_kilometres(schools, middle[mine]))
    usual = pd.Series(away[placed]).groupby(group).median().reindex(range(len(names) + 1)).to_numpy()
    few = np.bincount(mine[placed], minlength=len(names) + 1) < rule.schools
    most = np.where(few, np.inf, np.maximum(rule.ratio * usual, rule.kilometres))
    for table in ("schools", "zones"):
        district = places(view.data[table]["district"], names)
        east, north = _kilometres(view.data[table], middle[district])
        distance = np.hypot(east, north)
        far, by_east = distance > most[district], np.abs(east) > np.abs(north)

        def say(p: int, distance=distance, district=district) -> str:
            return (
                f"坐标距本县区学校的中心 {distance[p]:,.0f} 千米，"
                f"而各校距中心的中位数是 {usual[district[p]]:,.1f} 千米"
            )

        for column, where in (("longitude", far & by_east), ("latitude", far & ~by_east)):
            yield Found(table, np.flatnonzero(where), column, say)


def _kilometres(frame: pd.DataFrame, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far east and north of a place (longitude, latitude) each row is; NaN where not known."""
    east, north = (frame[["longitude", "latitude"]].to_numpy(dtype=float) - middle).T
    return _KM * east * np.cos(np.radians(middle[:, 1])), _KM * north


RULES = (
    Rule(
        "L01",
        Severity.WARNING,
        "坐标远离本县区其他学校",
        "Coordinates far from the district's schools",
        "就近入学、调整学区和地图按坐标计算",
        "核对经度和纬度：是否颠倒、缺位，或属于别处",
        _find,
    ),
)
