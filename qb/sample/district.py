"""What the district itself reports: its items, the evidence, the monitoring, the vetoes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.sample.cast import World
from qb.sample.dice import Dice
from qb.sample.pupils import cohort
from qb.sample.resources import DISTRICT_AMOUNT, PROVINCE_AMOUNT, SPECIAL_AMOUNT, WIRED, amount, moved
from qb.standard import Standard
from qb.terms import Status

# Subject, and the between-school rate it comes down to.
SUBJECTS = {"语文": 0.104, "数学": 0.118, "科学": 0.136, "德育": 0.071, "体育与健康": 0.093, "艺术": 0.109}


def item_rows(
    world: World, year: int, sections: pd.DataFrame, pupils: np.ndarray, dice: Dice
) -> pd.DataFrame:
    """Return the table `district` of a year, one row per district and item."""
    count = len(world.districts)
    place = world.district_of_part
    special = world.parts["special"].to_numpy()

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(place, values, count)

    def share(name: str, first: float, last: float) -> np.ndarray:
        return moved(year, (first,), (last,)) * (1 + 0.006 * dice.bell(name, count, year))

    head = pupils.sum(axis=1)
    compulsory = (world.parts["stage"] < 2).to_numpy()
    in_special = total(head * special)
    beside = np.ceil(total(head * compulsory) * 0.0033)  # learning in ordinary classes
    items = {
        **_amounts(year, count),
        **_special(in_special + beside, year, dice),
        **_pay(year, count, dice),
        **_rotation(world, sections, share),
        **_quota(total(pupils[:, 2] * (world.parts["stage"] == 1) * ~special), share),
        **_migrants(world, sections),
        **_retention(world, year, total, dice),
    }
    of_age = np.ceil((in_special + beside) * 1.22)
    items["disabled_of_age"] = of_age
    items["disabled_enrolled"] = np.ceil(of_age * share("disabled", 0.953, 0.969))
    items |= _wiring(world, year, total, head, sections)
    items |= _survey(year, count, share, dice)
    items["disabled_special"] = np.minimum(in_special, items["disabled_enrolled"])
    items |= _yearbook(year, total(head * compulsory), dice) | _staff(world, sections)
    return _long(world, year, items)


def _long(world: World, year: int, items: dict[str, np.ndarray]) -> pd.DataFrame:
    values = np.stack([np.asarray(v, dtype=float) for v in items.values()], axis=1)
    return pd.DataFrame(by_district(world, year, "item", list(items)) | {"value": values.ravel()})


def by_district(world: World, year: int, name: str, items: list[str]) -> dict[str, object]:
    """Return the key columns of a table with one row per district and item."""
    n, m = len(world.districts), len(items)
    return {
        "year": np.full(n * m, year, dtype=np.int64),
        "district": pd.Series(world.districts, dtype="str").take(np.repeat(np.arange(n), m)).array,
        name: pd.Series(items, dtype="str").take(np.tile(np.arange(m), n)).array,
    }


def _amounts(year: int, count: int) -> dict[str, np.ndarray]:
    own, province = amount(DISTRICT_AMOUNT, year), amount(PROVINCE_AMOUNT, year)
    names = ("primary", "junior")
    return {f"base_amount_{s}_yuan": np.full(count, own[i]) for i, s in enumerate(names)} | {
        f"province_base_amount_{s}_yuan": np.full(count, province[i]) for i, s in enumerate(names)
    }


def _special(pupils: np.ndarray, year: int, dice: Dice) -> dict[str, np.ndarray]:
    per_pupil = amount(SPECIAL_AMOUNT, year) * (1 + 0.01 * dice.uniform("special", len(pupils), year))
    return {"special_pupils": pupils, "special_allocation_yuan": (pupils * per_pupil).round(2)}


def _pay(year: int, count: int, dice: Dice) -> dict[str, np.ndarray]:
    """Teachers' pay passes that of civil servants in 2023."""
    late = year - 2021
    return {
        "teacher_mean_pay_yuan": (
            84_310 + 3_420 * late + 90 * dice.uniform("teachers' pay", count, year)
        ).round(2),
        "civil_servant_mean_pay_yuan": (
            84_920 + 2_880 * late + 90 * dice.uniform("civil pay", count, year)
        ).round(2),
    }


def _rotation(world: World, sections: pd.DataFrame, share) -> dict[str, np.ndarray]:
    public = world.parts["public"].to_numpy()[sections["part"]] & (sections["stage"] != "senior").to_numpy()
    place = world.district_of_part[sections["part"]]
    teachers = np.bincount(place, sections["full_time_teachers"] * public, len(world.districts))
    eligible = np.floor(teachers * share("eligible", 0.51, 0.54))
    rotated = np.ceil(eligible * share("rotated", 0.091, 0.124))
    return {
        "rotation_eligible": eligible,
        "rotation_rotated": rotated,
        "rotation_backbone": np.ceil(rotated * share("rotated backbone", 0.214, 0.246)),
    }


def _quota(leavers: np.ndarray, share) -> dict[str, np.ndarray]:
    planned = np.rint(leavers * share("planned", 0.41, 0.43))
    allocated = np.ceil(planned * share("allocated", 0.516, 0.572))
    return {
        "quota_planned": planned,
        "quota_allocated": allocated,
        "quota_allocated_rural": np.rint(allocated * share("to villages", 0.062, 0.087)),
    }


def _migrants(world: World, sections: pd.DataFrame) -> dict[str, np.ndarray]:
    """All in public schools count as placed, and six in ten of those in private schools."""
    stage = (sections["stage"] != "senior").to_numpy()
    weight = np.where(world.parts["public"].to_numpy()[sections["part"]], 1.0, 0.6) * stage
    place, n = world.district_of_part[sections["part"]], len(world.districts)
    children = sections["migrant_pupils"].to_numpy()
    placed = np.floor(np.bincount(place, children * weight, n))
    public = np.bincount(place, children * (weight == 1), n)
    return {
        "migrant_eligible": np.bincount(place, children * stage, n),
        "migrant_placed": placed,
        "migrant_public": public,
        "migrant_bought": placed - public,
    }


def _yearbook(year: int, children: np.ndarray, dice: Dice) -> dict[str, np.ndarray]:
    """Return what the statistics of a district say: people, places, incomes."""
    count, late = len(children), year - 2021
    people = np.rint(children * (9.4 + 0.6 * dice.uniform("people", count)))
    first = 1 + 0.05 * dice.uniform("incomes", count)
    yuan = {
        "gdp_per_person_yuan": 48_300 + 2_460 * late,
        "revenue_per_person_yuan": 3_870 + 145 * late,
        "farmer_income_yuan": 18_640 + 1_120 * late,
        "urban_income_yuan": 33_150 + 1_480 * late,
    }
    return {
        "population": people,
        "rural_population": np.floor(people * (0.31 - 0.01 * late)),
        "townships": 3 + np.floor(5 * dice.uniform("townships", count)),
        "villages": 28 + np.floor(40 * dice.uniform("villages", count)),
        **{name: (amount * first).round(0) for name, amount in yuan.items()},
    }


def _staff(world: World, sections: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return teachers and others at ordinary schools: one in eleven does not teach."""
    ordinary = ~world.parts["special"].to_numpy()[sections["part"]]
    place, n = world.district_of_part[sections["part"]], len(world.districts)
    teachers = sections["full_time_teachers"].to_numpy()
    return {
        f"staff_{stage}": np.ceil(
            np.bincount(place, teachers * ordinary * (sections["stage"] == stage).to_numpy(), n) * 1.1
        )
        for stage in ("primary", "junior")
    }


def _retention(world: World, year: int, total, dice: Dice) -> dict[str, np.ndarray]:
    """Those who leave the junior stage in a year, and how many had entered: about one in fifty is lost."""
    entered, _ = cohort(world.parts, year - 2, dice)
    junior = (world.parts["stage"] == 1).to_numpy() & ~world.parts["special"].to_numpy()
    entrants, graduates = total(entered[:, 0] * junior), total(entered[:, 2] * junior)
    n = len(entrants)
    deaths = (dice.uniform("deaths", n, year) < 0.4).astype(float)
    lost = np.ceil(entrants * (0.014 + 0.012 * dice.uniform("lost", n, year)))
    net = graduates + lost - entrants + deaths
    out = np.maximum(np.ceil(entrants * (0.016 + 0.01 * dice.uniform("out", n, year))), -net)
    return {
        "graduates": graduates,
        "entrants_three_years_before": entrants,
        "transferred_in": out + net,
        "transferred_out": out,
        "deaths": deaths,
    }


def _wiring(
    world: World, year: int, total, head: np.ndarray, sections: pd.DataFrame
) -> dict[str, np.ndarray]:
    place, n = world.district_of_part, len(world.districts)
    parts = world.parts
    first = ~parts["school"].duplicated().to_numpy() & ~parts["campus"].to_numpy() & (head > 0)
    schools = total(first)
    stage = (sections["stage"] != "senior").to_numpy()
    rooms = np.bincount(place[sections["part"]], sections["classes"] * stage, n)
    wired = np.rint(rooms * moved(year, WIRED[0], WIRED[1])[0])
    return {
        "schools_checked": schools,
        "schools_with_broadband": schools - (year < 2022) * (schools > 1),
        "regular_classrooms": rooms,
        "regular_classrooms_multimedia": wired,
    }


def _survey(year: int, count: int, share, dice: Dice) -> dict[str, np.ndarray]:
    items = {}
    for name, size, low, high in (
        ("survey", 1_130, 0.871, 0.912),
        ("parents", 745, 0.862, 0.904),
        ("visits", 108, 0.880, 0.916),
    ):
        issued = np.floor(size * (1 + 0.09 * dice.uniform(name, count, year)))
        if name == "visits":
            parents = np.floor(0.6 * issued)
            items |= {
                "visits": issued,
                "visits_satisfied": np.rint(issued * share(name, low, high)),
                "parent_visits": parents,
                "parent_visits_satisfied": np.floor(parents * share(name, low, high)),
            }
            continue
        valid = np.floor(issued * share(f"valid {name}", 0.948, 0.967))
        satisfied = np.rint(valid * share(f"satisfied {name}", low, high))
        items |= {f"{name}_issued": issued, f"{name}_valid": valid, f"{name}_satisfied": satisfied}
    return items


def evidence_rows(world: World, year: int, standard: Standard, dice: Dice) -> pd.DataFrame:
    """Return the table `evidence` of a year: more items are met from year to year."""
    items = [entry.item for entry in (*standard.checklist, *standard.tasks)]
    n, m = len(world.districts), len(items)
    ready = dice.uniform("ready", (n, m)).ravel()
    met = ready < np.interp(year, [2021, 2022, 2023, 2024, 2025], [0.74, 0.81, 0.90, 0.95, 0.978])
    unmet = ready > np.interp(year, [2021, 2025], [0.93, 1.0])
    status = np.where(met, 0, np.where(unmet, 2, 1))
    names = pd.Series([str(s) for s in (Status.MET, Status.PARTLY, Status.UNMET)], dtype="str")
    notes = pd.Series([None, "部分学校尚未落实，已列入整改", "尚未落实，已列入整改"], dtype="str")
    papers = pd.Series([f"模拟文件{year}—{i:02d}号" for i in range(1, m + 1)], dtype="str")
    days = np.datetime_as_string(np.datetime64(f"{year}-10-09") + np.arange(72))
    checked = np.floor(dice.uniform("checked", n * m, year) * len(days)).astype(np.int64)
    return pd.DataFrame(
        by_district(world, year, "item", items)
        | {
            "status": names.take(status).array,
            "document": papers.take(np.tile(np.arange(m), n)).array,
            "note": notes.take(status).array,
            "checked_on": pd.Series(days.tolist(), dtype="str").take(checked).array,
        }
    )


def monitoring_rows(world: World, year: int, dice: Dice) -> pd.DataFrame:
    """Return the table `monitoring` of a year: the rates come down, one of them from above the limit."""
    n, m = len(world.districts), len(SUBJECTS)
    above = 0.0045 * np.clip(2025 - year, 0, 6)
    rate = np.array(list(SUBJECTS.values())) + above + 0.002 * dice.bell("rate", (n, m), year)
    level = 3 + (dice.uniform("level", (n, m)) < 0.4)
    return pd.DataFrame(
        by_district(world, year, "subject", list(SUBJECTS))
        | {"level": level.ravel().astype(float), "between_school_rate": rate.ravel().round(3)}
    )


def veto_rows(world: World, year: int, standard: Standard) -> pd.DataFrame:
    """Return the table `vetoes` of a year; nothing was found."""
    keys = by_district(world, year, "item", [veto.item for veto in standard.vetoes])
    return pd.DataFrame(keys | {"found": pd.array([False] * len(keys["year"]), dtype="boolean")})
