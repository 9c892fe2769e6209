"""Who is in an invented district: schools, pupils, residential zones, from platform-independent random
numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from qb.terms import GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Location, Ownership, Stage

# Chance that does not depend on the platform, on the order of calls, or on what else is drawn.


@dataclass(frozen=True)
class Rng:
    """Named draws from one seed.

    Every draw has a name (and numbers, such as a year) and a stream of its own. So the figures of a
    year do not change when other years are asked for, nor those of one table when another is altered,
    and the first district is the same however many follow.

    Examples
    --------
    >>> Rng(1).uniform("size", 2).tolist() == Rng(1).uniform("size", 5)[:2].tolist()
    True
    """

    seed: int  # from 0

    def uniform(self, name: str, shape: int | tuple[int, ...], *numbers: int) -> np.ndarray:
        """Return doubles from 0 up to 1, without 1."""
        stream = np.random.PCG64([self.seed, crc32(name.encode()), *numbers])
        return np.random.Generator(stream).random(shape)

    def bell(self, name: str, shape: int | tuple[int, ...], *numbers: int) -> np.ndarray:
        """Return bell-shaped doubles of mean 0 and deviation 1, never beyond 3.47.

        The sum of four uniform draws: it needs no logarithm, whose last bit differs between machines,
        and it brings no school that could not exist.
        """
        shape = (shape,) if isinstance(shape, int) else shape
        return (self.uniform(name, (*shape, 4), *numbers).sum(axis=-1) - 2) * np.sqrt(3)


# Who is there: the schools of an invented district, with names, places, and pupils per grade.


_SPONSOR = {Ownership.PUBLIC: 7, Ownership.PRIVATE: 10}  # the county's education department; private

STAGES = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR)
CENTRE = (114.05, 34.05)  # of the first invented district; no claim about a real place
SPACING = 0.2  # degrees between the centres of districts
REACH = 0.045  # degrees from a centre to the edge


@dataclass(frozen=True)
class Role:
    """One school of the cast."""

    name: str
    kind: Kind
    grade: tuple[float, float, float]  # pupils per grade in an ordinary year: primary, junior, senior
    crowd: float = 0  # how much fuller and narrower than usual: 0 ordinary, 1 crowded, below 0 roomy
    opened: int = 1958  # a school opened in a year of the data fills up from its first grade
    ownership: Ownership = Ownership.PUBLIC
    location: Location = Location.URBAN
    boarding: bool = False
    group: str | None = None
    campus_of: str | None = None  # name of the school whose campus this is


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
    """The schools, and their parts: a part is one stage of one school."""

    # The contract's table, district after district, the same number in each, with `source` still to be added.
    schools: pd.DataFrame
    # ``school`` (row in `schools`), ``home`` (the same, or the row of the school that a campus belongs to),
    # ``stage`` (0 primary, 1 junior, 2 senior), ``base`` (pupils per grade), ``grades``, ``opened``,
    # ``crowd``; booleans ``special``, ``whole`` (facilities are reported for the school as one), ``public``,
    # ``zoned`` (takes pupils by zone), ``rural``, ``campus``.
    parts: pd.DataFrame
    per_district: int  # schools in each district
    districts: np.ndarray  # (districts,) of str

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


def _places(named: list[tuple[Role, str, int]], districts: int, dice: Rng) -> tuple[np.ndarray, np.ndarray]:
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


def create(schools: int, districts: int, dice: Rng) -> World:
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


def _schools_frame(named: list[tuple[Role, str, int]], districts: int, dice: Rng) -> pd.DataFrame:
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


def _built(opened: np.ndarray, dice: Rng) -> np.ndarray:
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


# How many pupils: cohorts that enter, move up, and are divided into classes.


OLDEST = 6  # years that a cohort may stay in a stage

# Entrants by year of entry, an ordinary year being 1: births rose until 2016–2017 and have fallen
# since, so primary schools shrink while junior schools still grow.
ENTRY_YEARS = (2012, 2016, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2028, 2031)
PRIMARY_ENTRY = (0.97, 1.00, 1.05, 1.06, 1.05, 1.03, 1.02, 0.99, 0.94, 0.88, 0.76, 0.70)
JUNIOR_ENTRY = (0.90, 0.92, 0.93, 0.94, 0.96, 0.98, 1.00, 1.02, 1.04, 1.05, 1.04, 0.93)

# The most pupils per class when a cohort enters: large classes were wound down.
CAP_YEARS = (2015, 2018, 2019, 2020, 2021, 2022, 2025)
PRIMARY_CAP = (51, 47, 44, 43.5, 43.5, 43, 43)
JUNIOR_CAP = (57, 54, 52, 51, 49.5, 48.5, 48)


def _trend(year: int, stage: np.ndarray) -> np.ndarray:
    by_stage = [np.interp(year, ENTRY_YEARS, PRIMARY_ENTRY), np.interp(year, ENTRY_YEARS, JUNIOR_ENTRY), 1.0]
    return np.array(by_stage)[stage]


def _cap(year: int, parts: pd.DataFrame) -> np.ndarray:
    stage, crowd = parts["stage"].to_numpy(), parts["crowd"].to_numpy()
    by_stage = [np.interp(year, CAP_YEARS, PRIMARY_CAP), np.interp(year, CAP_YEARS, JUNIOR_CAP), 52.0]
    full = np.array(by_stage)[stage] + 4.2 * np.maximum(crowd, 0)
    return np.where(parts["special"], 10.0, np.where(parts["public"], full, 40.0))


def cohort(parts: pd.DataFrame, entry: int, dice: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Return the pupils of the cohort that entered in a year, and its number of classes.

    Returns
    -------
    pupils : ndarray of int, shape (parts, 6)
        In the first to the sixth year after entry; 0 where the school had not opened.
    classes : ndarray of int, shape (parts,)
        Kept from the first year to the last.
    """
    n = len(parts)
    size = parts["base"].to_numpy() * _trend(entry, parts["stage"].to_numpy())
    size = size * (1 + 0.05 * dice.bell("entrants", n, entry))
    there = parts["opened"].to_numpy() <= entry
    size = np.where(there, np.maximum(np.rint(size), 1), 0)
    classes = np.ceil(size / _cap(entry, parts)).astype(np.int64)
    moves = 0.011 * dice.bell("moves", (n, OLDEST - 1), entry)
    pupils = [size]
    for k in range(OLDEST - 1):
        pupils.append(np.where(there, np.maximum(np.rint(pupils[-1] * (1 + moves[:, k])), 1), 0))
    return np.stack(pupils, axis=1).astype(np.int64), classes


def enrolment(parts: pd.DataFrame, year: int, dice: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Return pupils and classes of a year, both of shape (parts, 6): one column per grade of the stage."""
    pupils, classes = np.zeros((2, len(parts), OLDEST), dtype=np.int64)
    for k in range(OLDEST):
        size, count = cohort(parts, year - k, dice)
        here = parts["grades"].to_numpy() > k
        pupils[:, k] = np.where(here, size[:, k], 0)
        classes[:, k] = np.where(here, count, 0)
    return pupils, classes


def class_rows(world: World, year: int, pupils: np.ndarray, classes: np.ndarray, dice: Rng) -> pd.DataFrame:
    """Return the table `classes` of a year; the classes of a grade add up to its pupils."""
    counts = classes.ravel()
    group = np.repeat(np.arange(counts.size), counts)
    number = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    mean, rest = np.divmod(pupils.ravel(), np.maximum(counts, 1))
    size = mean[group] + (number < rest[group])
    size = size + _swaps(number, counts[group], mean[group], dice, year)
    part, grade = np.divmod(group, OLDEST)
    return pd.DataFrame(
        {
            "year": np.full(len(group), year, dtype=np.int64),
            "school_id": world.schools["school_id"].take(world.parts["school"].to_numpy()[part]).array,
            "stage": stage_names(world.parts["stage"].to_numpy()[part]),
            "grade": (grade + np.array([1, 7, 10])[world.parts["stage"].to_numpy()[part]]).astype(float),
            "class_no": (number + 1).astype(float),
            "pupils": size.astype(float),
        }
    )


def _swaps(number: np.ndarray, count: np.ndarray, mean: np.ndarray, dice: Rng, year: int) -> np.ndarray:
    """Return what neighbouring classes exchange: one gains what the next one loses.

    Full classes exchange nothing; they were divided with care.
    """
    moved = np.floor(dice.uniform("swaps", len(number), year) * 5) - 2
    moved[(mean >= 41) | (mean < 12)] = 0
    first = number % 2 == 0
    gain = np.where(first & (number + 1 < count), moved, 0)
    gain[1:] -= np.where(first[1:], 0, gain[:-1])
    return gain


def stage_names(codes: np.ndarray) -> pd.array:
    """Return the English names of stages given by number."""
    return pd.Series([str(s) for s in STAGES], dtype="str").take(codes).array


# Where the children live: residential zones, each assigned to the nearest school of the stage.


PER_SCHOOL = 2
WORDS = (
    "槐荫里", "柳岸", "石桥", "菊园", "北仓", "古井", "梧桐里", "南河沿", "月台", "杏花里",
    "书坊街", "旧城根", "东湖湾", "青砖里", "云亭", "望河", "西园", "松风里", "染坊街", "新渠",
)  # fmt: skip
ENDS = ("小区", "家园", "社区")
EAST_PER_NORTH = 0.83  # a degree of longitude against one of latitude, at 34° north
BLOCK = 128  # districts at once: bounds the memory of the distances


def zone_rows(world: World, year: int, sections: pd.DataFrame, dice: Rng) -> pd.DataFrame:
    """Return the table `zones` of a year: about as many children as the schools' in-zone pupils."""
    n, count = world.per_district, len(world.districts)
    z = n * PER_SCHOOL
    spot = _spots(world, dice)
    columns = {}
    for stage, name in enumerate(("primary", "junior")):
        columns |= _assigned(world, year, spot, sections, stage, name, dice)
    wide, deep = max(3, len(str(z))), max(4, len(str(count)))
    ids = [f"Z{d:0{deep}d}{i:0{wide}d}" for d in range(1, count + 1) for i in range(1, z + 1)]
    return pd.DataFrame(
        {
            "year": np.full(count * z, year, dtype=np.int64),
            "zone_id": pd.Series(ids, dtype="str"),
            "name": pd.Series([_name(i) for i in range(z)] * count, dtype="str"),
            "district": pd.Series(world.districts, dtype="str").take(np.repeat(np.arange(count), z)).array,
            "longitude": spot[..., 0].ravel(),
            "latitude": spot[..., 1].ravel(),
            **columns,
        }
    )


def _name(i: int) -> str:
    lap, word = divmod(i, len(WORDS))
    deep, end = divmod(lap, len(ENDS))
    return WORDS[word] + ENDS[end] + (f"{deep + 1}期" if deep else "")


def _spots(world: World, dice: Rng) -> np.ndarray:
    """Return longitude and latitude, shape (districts, zones, 2): more of them where schools are large.

    The first zones lie beside one school each, so every school has one; the others around schools in
    proportion to their places.
    """
    n, count = world.per_district, len(world.districts)
    parts = world.parts[world.parts["school"] < n]
    places = np.bincount(parts["school"], parts["base"] * parts["grades"] * parts["zoned"], n)
    step = (np.arange(n * (PER_SCHOOL - 1)) + 0.5) / (n * (PER_SCHOOL - 1)) * places.sum()
    near = np.concatenate([np.arange(n), np.searchsorted(places.cumsum(), step)])
    far = np.where(np.arange(n * PER_SCHOOL) < n, 0.002, 0.006)
    away = (dice.uniform("zones", (count, n * PER_SCHOOL, 2)) - 0.5) * 2 * far[:, None]
    school = world.schools[["longitude", "latitude"]].to_numpy().reshape(count, n, 2)
    return (school[:, near] + away).round(5)


def _assigned(
    world: World, year: int, spot: np.ndarray, sections: pd.DataFrame, stage: int, name: str, dice: Rng
) -> dict[str, object]:
    """Return the school and the children of each zone at a stage; a campus counts with its school."""
    count, z = spot.shape[:2]
    goes = _in_zone(world, sections, stage)
    school, pupils = _takers(world, year, stage, goes)
    if not len(school):
        return {
            f"{name}_children": np.zeros(count * z),
            f"{name}_school_id": pd.Series([None] * (count * z), dtype="str"),
        }
    nearest = _nearest(world, spot, school)
    weight = 0.6 + dice.uniform(f"weight {name}", (count, z))
    slot = (np.arange(count)[:, None] * len(school) + nearest).ravel()
    share = weight.ravel() / np.bincount(slot, weight.ravel(), count * len(school))[slot]
    children = pupils.ravel()[slot] * share * (1 + 0.012 * dice.bell(f"children {name}", count * z, year))
    row = (np.arange(count)[:, None] * world.per_district + school[nearest]).ravel()
    return {
        f"{name}_children": np.rint(children),
        f"{name}_school_id": world.schools["school_id"].take(row).array,
    }


def _in_zone(world: World, sections: pd.DataFrame, stage: int) -> np.ndarray:
    """Return in-zone pupils, shape (districts, schools), those of a campus with its school."""
    parts = world.parts.iloc[sections["part"]]
    here = ((parts["stage"] == stage) & parts["zoned"]).to_numpy()
    home = parts["home"].to_numpy()[here]
    total = np.bincount(home, sections["in_zone_pupils"].to_numpy()[here], len(world.schools))
    return total.reshape(len(world.districts), world.per_district)


def _takers(world: World, year: int, stage: int, goes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the schools that take pupils by zone, the same in every district, and their pupils."""
    parts = world.parts[world.parts["school"] < world.per_district]
    takes = (parts["stage"] == stage) & parts["zoned"] & ~parts["campus"] & (parts["opened"] <= year)
    school = parts["school"].to_numpy()[takes]
    return school, goes[:, school]


def _nearest(world: World, spot: np.ndarray, school: np.ndarray) -> np.ndarray:
    """Return, for each district and zone, the place in `school` of the nearest one."""
    count = len(spot)
    place = world.schools[["longitude", "latitude"]].to_numpy().reshape(count, world.per_district, 2)
    found = []
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        apart = spot[block, :, None, :] - place[block][:, None, school, :]
        found.append(((apart * [EAST_PER_NORTH, 1]) ** 2).sum(axis=-1).argmin(axis=-1))
    return np.concatenate(found)
