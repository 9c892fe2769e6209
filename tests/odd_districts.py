"""Districts at the edge of what the rules speak of, built by code: nobody judged, nothing reported, all met.

Every one is a dataset of one to three districts of schools that would meet everything (:mod:`town`), with
the one thing changed that its name says.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
from town import Town

from qb.data.dataset import Dataset
from qb.data.schema import TABLES

AREAS = ("teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2")
COLUMNS = (*AREAS, "equipment_yuan", "multimedia_rooms")
REPORTED = ("facilities", "classes", "rooms", "funds", "district", "evidence", "monitoring", "vetoes")
RURAL = {"location": "rural"}
PLACES = {"小一": (118.10, 26.10), "小二": (118.12, 26.11), "初一": (118.11, 26.12)}


def together(*towns: Town) -> Town:
    """Return several districts as one set of tables; identifiers begin with the district's name."""
    whole = Town(schools=False)
    for name in TABLES:
        whole[name] = []
    for town in towns:
        for name, rows in town.items():
            for row in rows:
                own = {
                    key: f"{town.name}{row[key]}"
                    for key in ("school_id", "parent_id", "name")
                    if row.get(key)
                }
                whole[name].append({**row, **own})
    return whole


def bare(*kept: str, town: Town | None = None) -> Town:
    """Return a district with these tables alone."""
    town = town or Town()
    for name in set(TABLES) - set(kept):
        town[name] = []
    return town


def failing() -> Town:
    """Return a district in which nothing is met: a tenth of the resources, every item, every veto."""
    town = Town()
    for table in ("sections", "facilities"):
        for k, row in enumerate(town[table]):
            for column, value in row.items():
                if column not in ("year", "school_id", "stage", "pupils", "classes"):
                    row[column] = value // (10 - 3 * k)
    for row in town["classes"]:
        row["pupils"] += 20
    for row in town["sections"]:
        row["pupils"] = sum(c["pupils"] for c in town.rows("classes", school_id=row["school_id"]))
    for row in town["rooms"]:
        row["area_m2"] = 40
    for row in town["funds"]:
        row["training_budget_yuan"] = row["training_final_yuan"] = 1000
    for row in town["evidence"]:
        row["status"] = "unmet"
    for row in town["monitoring"]:
        row.update(level=2, between_school_rate=0.2)
    for row in town["vetoes"]:
        row["found"] = True
    return town.item(
        special_allocation_yuan=1000,
        teacher_mean_pay_yuan=80000,
        rotation_rotated=5,
        rotation_backbone=0,
        quota_allocated=100,
        quota_allocated_rural=0,
        migrant_placed=50,
        graduates=80,
        disabled_enrolled=10,
        survey_satisfied=500,
        schools_with_broadband=1,
    )


def six_of_seven() -> Town:
    """Return a district that passes by the 6-of-7 rule: one school stands at 90 % of the primary C5."""
    return Town().set("facilities", {"school_id": "小一"}, sports_ground_m2=5.75 * 200)


def silent_school() -> Town:
    """Return a district with a school that stands in `schools` and has not reported a thing."""
    town = Town()
    town["schools"].append({**town["schools"][0], "school_id": "静校", "name": "静校"})
    return town


def no_pupils() -> Town:
    """Return a district with a school that stands and has no pupils."""
    town = Town().set("sections", {"school_id": "小一"}, pupils=0, classes=0)
    return town.drop("classes", school_id="小一").drop("rooms", school_id="小一")


def full_point() -> Town:
    """Return a district with a teaching point, left out of the seven, whose 48 pupils are one class."""
    town = Town().add("山村教学点", "teaching_point", primary=48, **RURAL)
    town.drop("classes", school_id="山村教学点", class_no=1, grade=2)
    town.set("classes", {"school_id": "山村教学点"}, pupils=48)
    return town.set("sections", {"school_id": "山村教学点"}, classes=1)


def two_years() -> Town:
    """Return a district with a year before, in which one school had half its rooms."""
    town, before = Town(), Town(year=2023).set("facilities", {"school_id": "小一"}, multimedia_rooms=4)
    for name in set(TABLES) - {"schools"}:
        town[name] = before[name] + town[name]
    return town


def placed() -> Town:
    """Return a district with coordinates, a zone and a walk that was measured, and schools that differ."""
    town = Town().set("facilities", {"school_id": "小二"}, teaching_area_m2=1500, equipment_yuan=500000)
    for row in town["schools"]:
        row["longitude"], row["latitude"] = PLACES[row["school_id"]]
    home = {"zone_id": "东里", "district": town.name, "longitude": 118.11, "latitude": 26.10}
    goes = {"primary_children": 60, "primary_school_id": "小一", "junior_school_id": "初一"}
    town["zones"] = [{"year": town.year, **home, **goes}]
    town["distances"] = [{"zone_id": "东里", "place_id": "小一", "walk_km": 1.6}]
    return town


def province() -> Town:
    """Return three districts: one meets everything, one nothing, one by the 6-of-7 rule."""
    towns = []
    for name, made in (("甲县", Town()), ("乙县", failing()), ("丙县", six_of_seven())):
        for rows in made.values():
            for row in rows:
                if "district" in row:
                    row["district"] = name
        made.name = name
        towns.append(made)
    return together(*towns)


def two_one_empty() -> Town:
    """Return two districts, of which one has schools and not a figure."""
    full, empty = Town(district="满县"), bare("schools", town=Town(district="空县"))
    return together(full, empty)


def two_one_without_schools() -> Town:
    """Return two districts, of which one reported its items and not which schools it has."""
    return together(Town(district="满县"), Town(district="无校区", schools=False))


MADE = {
    "nothing but schools": lambda: bare("schools"),
    "sections alone": lambda: bare("schools", "sections"),
    "everything met": Town,
    "met by six of seven": six_of_seven,
    "one school": lambda: Town(schools=False).add("独校", "primary", primary=200),
    "a silent school": silent_school,
    "one stage": lambda: (
        Town(schools=False).add("初一", "junior", junior=300).add("初二", "junior", junior=200)
    ),
    "no pupils": no_pupils,
    "no pupils reported": lambda: Town().set("sections", {}, pupils=None),
    "coordinates": placed,
    "one of two empty": two_one_empty,
    "one of two without schools": two_one_without_schools,
    "two years": two_years,
    "everything failing": failing,
    "a province of three": province,
    "small teaching points alone": lambda: Town(schools=False).add(
        "山村教学点", "teaching_point", primary=30, **RURAL
    ),
    "a full teaching point": full_point,
    "senior pupils alone": lambda: Town(schools=False).add(
        "完中", "complete_secondary", senior=300, junior=0
    ),
    "no facilities reported": lambda: Town().set("facilities", {}, **dict.fromkeys(COLUMNS)),
    "no facilities at all": lambda: Town().set("facilities", {}, **dict.fromkeys(COLUMNS, 0)),
}


@cache
def odd_district(name: str) -> Dataset:
    """Return the dataset of that name."""
    return Dataset.of(**{table: pd.DataFrame(rows) for table, rows in MADE[name]().items() if rows})
