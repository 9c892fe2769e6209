"""Who is there: the schools of an invented district, with names, places, and pupils per grade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.sample.dice import Dice
from qb.terms import GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Location, Ownership, Stage

_SPONSOR = {Ownership.PUBLIC: 7, Ownership.PRIVATE: 10}  # the county's education department; private

STAGES = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR)
CENTRE = (114.05, 34.05)  # of the first invented district; no claim about a real place
SPACING = 0.2  # degrees between the centres of districts
REACH = 0.045  # degrees from a centre to the edge


@dataclass(frozen=True)
class Role:
    """One school of the cast.

    Attributes
    ----------
    name : str
    kind : Kind
    grade : tuple of float
        Pupils per grade in an ordinary year: primary, junior, senior.
    crowd : float
        How much fuller and narrower than usual: 0 ordinary, 1 crowded, below 0 roomy.
    opened : int
        A school opened in a year of the data fills up from its first grade.
    campus_of : str
        Name of the school whose campus this is.
    """

    name: str
    kind: Kind
    grade: tuple[float, float, float]
    crowd: float = 0
    opened: int = 1958
    ownership: Ownership = Ownership.PUBLIC
    location: Location = Location.URBAN
    boarding: bool = False
    group: str | None = None
    campus_of: str | None = None


# The order matters: the first few are the commonest, so that a small district looks like one,
# and a campus comes after its school.
CAST = (
    Role("曲院街小学", Kind.PRIMARY, (206, 0, 0), 0.4, 1952, group="曲院街教育集团"),
    Role("第二初级中学", Kind.JUNIOR, (0, 364, 0), 0.6, 1956, group="城关教育集团"),
    Role("南门大街小学", Kind.PRIMARY, (176, 0, 0), 0.2, 1949, group="城关教育集团"),
    Role("青石路学校", Kind.NINE_YEAR, (92, 104, 0), 0.0, 1987),
    Role("书院路小学", Kind.PRIMARY, (121, 0, 0), -0.2, 1963),
    Role("第三初级中学", Kind.JUNIOR, (0, 312, 0), 0.2, 1958),
    Role("东关街小学", Kind.PRIMARY, (352, 0, 0), 1.0, 1931, group="东关街教育集团"),
    Role(
        "曲院街小学北校区",
        Kind.PRIMARY,
        (63, 0, 0),
        -0.3,
        2012,
        group="曲院街教育集团",
        campus_of="曲院街小学",
    ),
    Role("第一中学", Kind.COMPLETE_SECONDARY, (0, 264, 271), 0.3, 1941, boarding=True),
    Role("北堤教学点", Kind.TEACHING_POINT, (13, 0, 0), -1.6, 1971, location=Location.RURAL),
    Role("特殊教育学校", Kind.SPECIAL, (7.4, 6.8, 0), -1.0, 1994, boarding=True),
    Role("文汇路学校", Kind.TWELVE_YEAR, (74, 112, 93), -0.6, 2006, Ownership.PRIVATE, boarding=True),
    Role("北苑小学", Kind.PRIMARY, (118, 0, 0), -0.4, 2023, group="曲院街教育集团"),
    Role("青石巷小学", Kind.PRIMARY, (149, 0, 0), 0.4, 1954),
    Role("第五初级中学", Kind.JUNIOR, (0, 293, 0), -0.1, 1978),
    Role("西城小学", Kind.PRIMARY, (138, 0, 0), 0.1, 1983),
    Role("沙岗教学点", Kind.TEACHING_POINT, (6.4, 0, 0), -2.0, 1976, location=Location.RURAL),
    Role("钟楼小学", Kind.PRIMARY, (104, 0, 0), 0.6, 1938, group="东关街教育集团"),
    Role("东苑学校", Kind.NINE_YEAR, (61, 122, 0), -0.3, 2014),
    Role("向阳小学", Kind.PRIMARY, (57, 0, 0), -0.5, 2009, Ownership.PRIVATE),
    Role("第八初级中学", Kind.JUNIOR, (0, 224, 0), 0.0, 1981, group="城关教育集团"),
    Role("河堤路小学", Kind.PRIMARY, (91, 0, 0), 0.0, 1966),
    Role("县前街小学", Kind.PRIMARY, (83, 0, 0), 0.5, 1947),
    Role("柳园镇学校", Kind.NINE_YEAR, (47, 58, 0), -0.7, 1990, location=Location.TOWN),
    Role("北仓小学", Kind.PRIMARY, (85, 0, 0), -0.1, 1974),
    Role("第九初级中学", Kind.JUNIOR, (0, 174, 0), -0.2, 1999),
    Role("砖桥街小学", Kind.PRIMARY, (75, 0, 0), 0.2, 1969, group="东关街教育集团"),
    Role("柳园镇中心小学", Kind.PRIMARY, (59, 0, 0), -0.8, 1985, location=Location.TOWN),
    Role("第十初级中学", Kind.JUNIOR, (0, 106, 0), -0.5, 2004, location=Location.TOWN),
    Role("望湖小学", Kind.PRIMARY, (64, 0, 0), -0.2, 2001),
)
QUARTERS = ("", "城东", "城西", "城南", "城北", "新城", "河东", "河西")


@dataclass(frozen=True)
class World:
    """The schools, and their parts: a part is one stage of one school.

    Attributes
    ----------
    schools : DataFrame
        The contract's table, district after district, the same number in each, with `source` still
        to be added.
    parts : DataFrame
        ``school`` (row in `schools`), ``home`` (the same, or the row of the school
        that a campus belongs to), ``stage`` (0 primary, 1 junior, 2 senior), ``base`` (pupils
        per grade), ``grades``, ``opened``, ``crowd``; booleans ``special``, ``whole`` (facilities
        are reported for the school as one), ``public``, ``zoned`` (takes pupils by zone), ``rural``,
        ``campus``.
    per_district : int
        Schools in each district.
    districts : ndarray of str, shape (districts,)
    """

    schools: pd.DataFrame
    parts: pd.DataFrame
    per_district: int
    districts: np.ndarray

    @property
    def district_of_part(self) -> np.ndarray:
        """Number of the district of each part, from 0."""
        return self.parts["school"].to_numpy() // self.per_district


def _named(schools: int) -> list[tuple[Role, str, int]]:
    """Return role, name and round of each school of a district; a later round has other names."""
    found = []
    for i in range(schools):
        lap, place = divmod(i, len(CAST))
        deep, quarter = divmod(lap, len(QUARTERS))
        found.append(
            (CAST[place], QUARTERS[quarter] + (f"{deep + 1}区" if deep else "") + CAST[place].name, lap)
        )
    return found


def _district_names(districts: int) -> np.ndarray:
    return np.array(
        [f"示例市{'古城' if d == 0 else f'第{d + 1}'}区（模拟）" for d in range(districts)], dtype=object
    )


def _places(named: list[tuple[Role, str, int]], districts: int, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude and latitude, shape (districts, schools): dense at the centre, villages outside.

    The steps are those of a sequence that covers the square evenly, so no two schools coincide. A
    campus lies near its school.
    """
    n, parents = len(named), _parents(named)
    steps = np.outer(np.arange(1, n + 1), [0.7548776662466927, 0.5698402909980532]) % 1
    spread = steps + 0.04 * (dice.uniform("place", (districts, n, 2)) - 0.5)
    x = 2 * spread - 1
    x = x * (0.5 + 0.5 * np.abs(x))
    edge = np.array([role.location is not Location.URBAN for role, _, _ in named])[None, :, None]
    x = np.where(edge, np.sign(x) * (0.75 + 0.3 * np.abs(x)), x)
    x = np.where((parents >= 0)[None, :, None], x[:, parents] + 0.2 * (spread - 0.5), x)
    d = np.arange(districts)
    east = CENTRE[0] + SPACING * (d % 60)[:, None] + REACH * x[..., 0]
    north = CENTRE[1] + SPACING * (d // 60)[:, None] + REACH * x[..., 1]
    return east.round(5), north.round(5)


def _identifiers(schools: int, districts: int) -> np.ndarray:
    wide = max(3, len(str(schools)))
    deep = max(4, len(str(districts)))
    return np.array(
        [f"{d:0{deep}d}{i:0{wide}d}" for d in range(1, districts + 1) for i in range(1, schools + 1)],
        dtype=object,
    )


def settle(schools: int, districts: int, dice: Dice) -> World:
    """Found `districts` districts of `schools` schools each (campuses counted)."""
    named = _named(schools)
    frame = _schools_frame(named, districts, dice)
    parts = _parts_of_one(named)
    p = len(parts)
    all_parts = pd.concat([parts] * districts, ignore_index=True)
    d = np.repeat(np.arange(districts), p)
    all_parts[["school", "home"]] += (d * schools)[:, None]
    # The first district is the one that was calibrated; the others are larger and smaller ones.
    scale = np.where(np.arange(districts) == 0, 1, np.exp(0.2 * dice.bell("district size", districts)))
    own = np.exp(0.06 * dice.bell("school size", len(all_parts)))
    all_parts["base"] *= scale[d] * own
    return World(frame, all_parts, schools, _district_names(districts))


def _schools_frame(named: list[tuple[Role, str, int]], districts: int, dice: Dice) -> pd.DataFrame:
    roles = [role for role, _, _ in named]
    n = len(roles)
    ids = _identifiers(n, districts)
    parent = _parents(named)
    rows = np.arange(districts)[:, None] * n + parent
    opened = np.array([r.opened for r in roles])
    east, north = _places(named, districts, dice)

    def tiled(values: list, dtype: str = "str") -> pd.Series:
        return pd.Series(values * districts, dtype=dtype)

    return pd.DataFrame(
        {
            "school_id": pd.Series(ids, dtype="str"),
            "name": tiled([name for _, name, _ in named]),
            "district": pd.Series(np.repeat(_district_names(districts), n), dtype="str"),
            "kind": tiled([str(r.kind) for r in roles]),
            "ownership": tiled([str(r.ownership) for r in roles]),
            "location": tiled([str(r.location) for r in roles]),
            "boarding": tiled([r.boarding for r in roles], "boolean"),
            "group": tiled([r.group for r in roles]),
            "longitude": east.ravel(),
            "latitude": north.ravel(),
            "opened_year": np.tile(opened, districts).astype(float),
            "parent_id": pd.Series(np.where(parent < 0, None, ids[rows]).ravel(), dtype="str"),
            "built_year": _built(np.tile(opened, districts), dice),
            "sponsor": np.tile([_SPONSOR[r.ownership] for r in roles], districts).astype(float),
        }
    )


def _parents(named: list[tuple[Role, str, int]]) -> np.ndarray:
    """Return the place of the school that each campus belongs to; -1 for a school of its own."""
    where = {(role.name, lap): i for i, (role, _, lap) in enumerate(named)}
    return np.array([where.get((role.campus_of, lap), -1) for role, _, lap in named])


def _built(opened: np.ndarray, dice: Dice) -> np.ndarray:
    """Return the year of the main building: an old school was rebuilt between 1976 and 2018."""
    rebuilt = 1976 + np.floor(43 * dice.uniform("built", len(opened)))
    return np.where(opened >= 1999, opened - 1.0, np.maximum(rebuilt, opened))


def _parts_of_one(named: list[tuple[Role, str, int]]) -> pd.DataFrame:
    parents = _parents(named)
    return pd.DataFrame(
        _part(i, parents[i] if parents[i] >= 0 else i, s, role)
        for i, (role, _, _) in enumerate(named)
        for s in range(len(STAGES))
        if role.grade[s]
    )


def _part(school: int, home: int, s: int, role: Role) -> dict[str, object]:
    special = role.kind is Kind.SPECIAL
    public = role.ownership is Ownership.PUBLIC
    return {
        "school": school,
        "home": home,
        "stage": s,
        "base": float(role.grade[s]),
        "grades": len(GRADES_OF_STAGE[STAGES[s]]),
        "opened": role.opened,
        "crowd": role.crowd,
        "special": special,
        "whole": len(STAGES_OF_KIND[role.kind]) > 1 and not special,
        "public": public,
        "zoned": public and not special and s < 2,
        "rural": role.location is Location.RURAL,
        "campus": role.campus_of is not None,
    }
