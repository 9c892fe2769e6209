"""What an invented district reports: teachers, floor, equipment, money, its items, evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.data.sample_schools import Rng, World, cohort, stage_names
from qb.standard import Standard
from qb.terms import Status

# What the schools have: teachers, floors, equipment, special rooms, money.


PERIOD = (2021, 2025)  # the two years between which the figures below move

# Each pair: primary, junior, senior in 2021 and in 2025.
PUPILS_PER_TEACHER = ((18.2, 13.9, 12.9), (17.4, 13.4, 12.6))
BELOW_QUALIFIED = ((0.050, 0.175, 0.91), (0.021, 0.128, 0.86))  # share without the higher degree
BACKBONE = ((0.178, 0.151, 0.18), (0.208, 0.172, 0.20))
PE_ARTS = ((0.172, 0.134, 0.10), (0.198, 0.156, 0.11))
UNTRAINED = ((0.070, 0.060, 0.05), (0.013, 0.011, 0.01))
EQUIPMENT = ((2080, 2560, 3000), (2640, 3260, 3800))  # yuan per place
WIRED = ((0.89, 0.91, 0.95), (1.0, 1.0, 1.0))  # share of classrooms with networked multimedia

# Square metres per place.
FLOOR = (4.7, 6.0, 7.0)
SPORTS = (6.75, 9.9, 10.4)
SPORTS_SPREAD = ((0.36, 0.20, 0.20), (0.40, 0.22, 0.22))  # by chance, and by how crowded


def moved(year: int, first: tuple[float, ...], last: tuple[float, ...]) -> np.ndarray:
    """Return where figures stand in a year that move from 2021 to 2025, before and after which they rest."""
    share = np.clip((year - PERIOD[0]) / (PERIOD[1] - PERIOD[0]), 0, 1)
    return np.array(first) + share * (np.array(last) - np.array(first))


def section_rows(world: World, year: int, pupils: np.ndarray, classes: np.ndarray, dice: Rng) -> pd.DataFrame:
    """Return the table `sections` of a year, with the row of `world.parts` beside it as ``part``.

    A school that has not opened has no row. In-zone pupils are reported for the compulsory stages
    alone, and not by the special school.
    """
    parts = world.parts
    n, stage = len(parts), parts["stage"].to_numpy()
    special = parts["special"].to_numpy()
    head = pupils.sum(axis=1)
    staff = _resources_staff(parts, year, head, dice)

    def part_of_staff(
        name: str, pair: tuple[tuple[float, ...], tuple[float, ...]], spread: float
    ) -> np.ndarray:
        share = moved(year, *pair)[stage] * np.maximum(1 + spread * dice.bell(name, n), 0)
        return np.rint(staff * np.minimum(share, 1))

    without = np.interp(year, [PERIOD[0], PERIOD[0] + 2], [0.006, 0])
    frame = pd.DataFrame(
        {
            "part": np.arange(n),
            "year": np.full(n, year, dtype=np.int64),
            "school_id": world.schools["school_id"].take(parts["school"]).array,
            "stage": stage_names(stage),
            "pupils": head.astype(float),
            "classes": classes.sum(axis=1).astype(float),
            "full_time_teachers": staff,
            "teachers_above_required": staff - part_of_staff("below qualified", BELOW_QUALIFIED, 0.5),
            "backbone_teachers": part_of_staff("backbone", BACKBONE, 0.2),
            "pe_arts_teachers": part_of_staff("pe arts", PE_ARTS, 0.13),
            "certified_teachers": staff - np.rint(staff * without * 2 * dice.uniform("certified", n)),
            "trained_teachers": staff - part_of_staff("untrained", UNTRAINED, 1.0),
            "in_zone_pupils": _in_zone(parts, year, head, special, dice),
            "visiting_pe_arts_teachers": np.where(parts["rural"], np.minimum(2.0, head // 30), 0.0),
            "migrant_pupils": np.rint(head * (0.03 + 0.18 * dice.uniform("migrants", n)) * ~special),
        }
    )
    return frame[head > 0].reset_index(drop=True)


def _resources_staff(parts: pd.DataFrame, year: int, head: np.ndarray, dice: Rng) -> np.ndarray:
    n = len(parts)
    ratio = moved(year, *PUPILS_PER_TEACHER)[parts["stage"].to_numpy()]
    ratio = ratio * (1 + 0.05 * dice.bell("ratio", n) + 0.01 * dice.bell("ratio", n, year))
    ratio = ratio * (1 + 0.09 * parts["crowd"].to_numpy())
    ratio = np.where(parts["special"], 3.7, ratio)
    return np.where(head > 0, np.ceil(head / ratio + 1.2), 0)


def _in_zone(parts: pd.DataFrame, year: int, head: np.ndarray, special: np.ndarray, dice: Rng) -> np.ndarray:
    stage = parts["stage"].to_numpy()
    outside = np.array(
        [np.interp(year, [2021, 2024], [0.017, 0]), np.interp(year, [2021, 2025], [0.047, 0.026]), 0]
    )
    chance = dice.uniform("zone", len(parts))
    share = np.where(parts["public"], outside[stage] * 2 * chance, 0.45 + 0.2 * chance)
    return np.where((stage == 2) | special, np.nan, head - np.rint(head * share))


def facility_rows(
    world: World, year: int, pupils: np.ndarray, classes: np.ndarray, dice: Rng
) -> pd.DataFrame:
    """Return the table `facilities` of a year: one row per stage, or one for a school that shares."""
    parts = world.parts
    open_now = pupils.sum(axis=1) > 0
    amounts = _school_amounts(parts, year, pupils.sum(axis=1), classes.sum(axis=1), dice)
    row = np.where(parts["whole"], 3, parts["stage"]) + 4 * parts["school"].to_numpy()
    keys, place = np.unique(row[open_now], return_inverse=True)
    school, stage = np.divmod(keys, 4)
    names = pd.Series(["primary", "junior", "senior", "whole"], dtype="str")
    frame = {
        "year": np.full(len(keys), year, dtype=np.int64),
        "school_id": world.schools["school_id"].take(school).array,
        "stage": names.take(stage).array,
    }
    for name, (values, decimals) in amounts.items():
        frame[name] = np.bincount(place, values[open_now], len(keys)).round(decimals)
    return pd.DataFrame(frame)


def _school_amounts(
    parts: pd.DataFrame, year: int, head: np.ndarray, count: np.ndarray, dice: Rng
) -> dict[str, tuple[np.ndarray, int]]:
    """Return each resource of each part with its decimals; what does not grow is the same every year."""
    n, stage, crowd = len(parts), parts["stage"].to_numpy(), parts["crowd"].to_numpy()
    places = parts["base"].to_numpy() * parts["grades"].to_numpy() * np.where(parts["special"], 3.0, 1.0)
    floor = places * np.array(FLOOR)[stage] * np.exp(0.15 * dice.bell("floor", n) - 0.17 * crowd)
    floor = _holding_rooms(parts, floor * _built_by(year, n, dice), *_rooms(parts, year, count, dice))
    hall = places * (0.35 + 0.5 * dice.uniform("hall", n)) * (dice.uniform("has hall", n) < 0.45)
    unlike, pull = np.array(SPORTS_SPREAD)[:, stage]
    ground = places * np.array(SPORTS)[stage] * np.exp(unlike * dice.bell("ground", n) - pull * crowd)
    bare = np.maximum(ground - hall, 0.3 * ground)
    worth = places * moved(year, *EQUIPMENT)[stage] * np.exp(0.23 * dice.bell("worth", n) - 0.08 * crowd)
    wired = np.rint(count * moved(year, *WIRED)[stage]) + np.rint(
        0.8 + count * 0.16 * dice.uniform("labs", n)
    )
    extra = np.where((stage < 2) & (ground / places < 6), 0.7 * dice.uniform("roof", n) * places, 0)
    return {
        "teaching_area_m2": (floor + hall, 1),
        "indoor_sports_area_m2": (hall, 1),
        "sports_ground_m2": (bare, 1),
        "equipment_yuan": (worth * (1 + 0.004 * dice.bell("worth", n, year)), 0),
        "multimedia_rooms": (wired, 0),
        "supplementary_sports_m2": (extra, 1),
    }


def _built_by(year: int, n: int, dice: Rng) -> np.ndarray:
    """Return the share of today's floor that stood in a year: some of the schools were extended."""
    added = 0.06 + 0.14 * dice.uniform("extension", n)
    when = 2020 + np.floor(18 * dice.uniform("extension year", n))
    return np.where((when > year) & (when <= PERIOD[1]), 1 / (1 + added), 1.0)


def _holding_rooms(parts: pd.DataFrame, floor: np.ndarray, there: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Return the floor of each part, enlarged where the school's music and art rooms would not fit in."""
    school = parts["school"].to_numpy()
    taken = np.bincount(school, (there * area).sum(axis=(1, 2)))
    return floor * np.maximum(1, 1.1 * taken / np.bincount(school, floor))[school]


def _rooms(parts: pd.DataFrame, year: int, count: np.ndarray, dice: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Return which music and art rooms each part has, and their areas, both of shape (parts, 2, 8)."""
    n, most = len(parts), 8
    wanted = np.where(count > 0, -(-count // 12) + (dice.uniform("spare", n) < 0.2), 0)
    slot = np.arange(most)
    there = np.broadcast_to((slot < wanted[:, None])[:, None, :], (n, 2, most))
    area = np.array([97.2, 91.3])[:, None] + 21 * dice.uniform("room", (n, 2, most))
    old = dice.uniform("old room", (n, 2)) < np.interp(year, [2021, 2025], [0.30, 0.02])
    old &= (parts["opened"] < 2000).to_numpy()[:, None]
    old |= (parts["base"] * parts["grades"] < 50).to_numpy()[:, None]
    old &= ~parts["special"].to_numpy()[:, None]
    area[..., 0] -= np.where(old, 27.0, 0)
    return there, area


def room_rows(world: World, year: int, pupils: np.ndarray, classes: np.ndarray, dice: Rng) -> pd.DataFrame:
    """Return the table `rooms` of a year: a music and an art room for each twelve classes, or nearly.

    The first room of some schools is too small until it is rebuilt; that of the smallest stays so.
    """
    parts = world.parts
    there, area = _rooms(parts, year, classes.sum(axis=1), dice)
    part, kind, _ = np.nonzero(there)
    return pd.DataFrame(
        {
            "year": np.full(len(part), year, dtype=np.int64),
            "school_id": world.schools["school_id"].take(parts["school"].to_numpy()[part]).array,
            "stage": stage_names(parts["stage"].to_numpy()[part]),
            "kind": pd.Series(["music", "art"], dtype="str").take(kind).array,
            "area_m2": area[there].round(1),
        }
    )


# Yuan of public funds per pupil: the province's amount and the district's, primary and junior.
PROVINCE_AMOUNT = {2019: (650, 850), 2023: (720, 940)}
DISTRICT_AMOUNT = {2019: (660, 865), 2023: (735, 955)}
SPECIAL_AMOUNT = {2016: 6180, 2025: 7210}


def amount(table: dict[int, tuple[float, ...] | float], year: int) -> tuple[float, ...] | float:
    """Return the entry in force in a year; before the first one, that one."""
    begun = [start for start in table if start <= year]
    return table[max(begun, default=min(table))]


def fund_rows(world: World, year: int, pupils: np.ndarray, dice: Rng) -> pd.DataFrame:
    """Return the table `funds` of a year: a school below 100 pupils is given the money for 100.

    In the first years some spent less on training than a twentieth.
    """
    parts, n = world.parts, len(world.schools)
    school = parts["school"].to_numpy()
    head = pupils.sum(axis=1)
    per_pupil = np.array([*amount(DISTRICT_AMOUNT, year), 1180.0])[parts["stage"].to_numpy()]
    per_pupil = np.where(parts["special"], amount(SPECIAL_AMOUNT, year), per_pupil)
    total = np.bincount(school, head, n)
    due = np.bincount(school, head * per_pupil, n)
    special = np.bincount(school, parts["special"], n) > 0
    small = (total < 100) & ~special
    due = np.where(small, due * 100 / np.maximum(total, 1), due)
    given = due * (1.004 + 0.03 * dice.uniform("given", n, year))
    budget = given * (1.01 + 0.05 * dice.uniform("budget", n, year))
    final = budget * (0.955 + 0.04 * dice.uniform("final", n, year))
    thrifty = dice.uniform("thrift", n) < np.interp(year, [2021, 2022, 2023], [0.04, 0.03, 0])
    planned = 0.0512 + 0.016 * dice.uniform("training", n, year)
    spent = np.where(thrifty, 0.0448, 0.0508 + 0.015 * dice.uniform("trained", n, year))
    frame = pd.DataFrame(
        {
            "year": np.full(n, year, dtype=np.int64),
            "school_id": world.schools["school_id"],
            "public_funds_budget_yuan": budget.round(2),
            "public_funds_final_yuan": final.round(2),
            "training_budget_yuan": (budget * planned).round(2),
            "training_final_yuan": (final * spent).round(2),
            "allocation_yuan": given.round(2),
        }
    )
    return frame[total > 0].reset_index(drop=True)


# What the district itself reports: its items, the evidence, the monitoring, the vetoes.


# Subject, and the between-school rate it comes down to.
SUBJECTS = {"语文": 0.104, "数学": 0.118, "科学": 0.136, "德育": 0.071, "体育与健康": 0.093, "艺术": 0.109}


def item_rows(world: World, year: int, sections: pd.DataFrame, pupils: np.ndarray, dice: Rng) -> pd.DataFrame:
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
        **_district_amounts(year, count),
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
    items |= _yearbook(year, total(head * compulsory), dice) | _district_staff(world, sections)
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


def _district_amounts(year: int, count: int) -> dict[str, np.ndarray]:
    own, province = amount(DISTRICT_AMOUNT, year), amount(PROVINCE_AMOUNT, year)
    names = ("primary", "junior")
    return {f"base_amount_{s}_yuan": np.full(count, own[i]) for i, s in enumerate(names)} | {
        f"province_base_amount_{s}_yuan": np.full(count, province[i]) for i, s in enumerate(names)
    }


def _special(pupils: np.ndarray, year: int, dice: Rng) -> dict[str, np.ndarray]:
    per_pupil = amount(SPECIAL_AMOUNT, year) * (1 + 0.01 * dice.uniform("special", len(pupils), year))
    return {"special_pupils": pupils, "special_allocation_yuan": (pupils * per_pupil).round(2)}


def _pay(year: int, count: int, dice: Rng) -> dict[str, np.ndarray]:
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


def _yearbook(year: int, children: np.ndarray, dice: Rng) -> dict[str, np.ndarray]:
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


def _district_staff(world: World, sections: pd.DataFrame) -> dict[str, np.ndarray]:
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


def _retention(world: World, year: int, total, dice: Rng) -> dict[str, np.ndarray]:
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


def _survey(year: int, count: int, share, dice: Rng) -> dict[str, np.ndarray]:
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


def evidence_rows(world: World, year: int, standard: Standard, dice: Rng) -> pd.DataFrame:
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


def monitoring_rows(world: World, year: int, dice: Rng) -> pd.DataFrame:
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
