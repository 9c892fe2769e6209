"""Where the children live: residential zones, each assigned to the nearest school of the stage."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.sample.cast import World
from qb.sample.dice import Dice

PER_SCHOOL = 2
WORDS = (
    "槐荫里", "柳岸", "石桥", "菊园", "北仓", "古井", "梧桐里", "南河沿", "月台", "杏花里",
    "书坊街", "旧城根", "东湖湾", "青砖里", "云亭", "望河", "西园", "松风里", "染坊街", "新渠",
)  # fmt: skip
ENDS = ("小区", "家园", "社区")
EAST_PER_NORTH = 0.83  # a degree of longitude against one of latitude, at 34° north
BLOCK = 128  # districts at once: bounds the memory of the distances


def zone_rows(world: World, year: int, sections: pd.DataFrame, dice: Dice) -> pd.DataFrame:
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


def _spots(world: World, dice: Dice) -> np.ndarray:
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
    world: World, year: int, spot: np.ndarray, sections: pd.DataFrame, stage: int, name: str, dice: Dice
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
