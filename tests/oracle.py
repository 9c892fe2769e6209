"""C1–C7 and C31 once more, slowly: dictionaries, loops and fractions, written from the rules alone.

Nothing here comes from the package. Limits, weights and formulas are typed in again from 教督〔2017〕6号 and
the plan's Annex 3; arithmetic is exact (fractions), so agreement to 1e-9 is no accident of the same rounding.

A dataset is a dictionary of tables; a table is a list of rows; a row is a dictionary; None is "not reported".
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import ceil, floor, sqrt

CODES = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")
ALL = tuple(f"C{i}" for i in range(1, 32))
LIMITS = {
    "primary": dict(zip(CODES, ("4.2", "1", "0.9", "4.5", "7.5", "2000", "2.3"), strict=True)),
    "junior": dict(zip(CODES, ("5.3", "1", "0.9", "5.8", "10.2", "2500", "2.4"), strict=True)),
}
COEFFICIENT = {"primary": Fraction("0.50"), "junior": Fraction("0.45")}
PER_HUNDRED = ("C1", "C2", "C3", "C7")
FLOOR = Fraction("0.85")
WEIGHTS = {
    "nine_year": {"primary": 1, "junior": Fraction("1.1")},
    "twelve_year": {"primary": 1, "junior": Fraction("1.1"), "senior": Fraction("1.32")},
    "complete_secondary": {"junior": 1, "senior": Fraction("1.2")},
    "primary": {"primary": 1},
    "teaching_point": {"primary": 1},
    "junior": {"junior": 1},
    "special": {"primary": 1},
    None: {},
}
STAGES = {
    "primary": {"primary"},
    "teaching_point": {"primary"},
    "junior": {"junior"},
    "nine_year": {"primary", "junior"},
    "twelve_year": {"primary", "junior", "senior"},
    "complete_secondary": {"junior", "senior"},
    "special": {"primary", "junior", "senior"},
    None: {"primary", "junior"},
}
TEACHERS = ("teachers_above_required", "backbone_teachers", "pe_arts_teachers")
SHARED = (
    "teaching_area_m2",
    "indoor_sports_area_m2",
    "sports_ground_m2",
    "equipment_yuan",
    "multimedia_rooms",
)


def exact(number):
    """Return the number as it was typed: 4.2 is 42/10."""
    return None if number is None else Fraction(str(number))


def plus(numbers):
    """Add up; what is not reported makes the sum not reported."""
    numbers = list(numbers)
    return None if any(number is None for number in numbers) else sum(numbers, Fraction(0))


def limit(stage, code):
    """Return the limit of one of the seven."""
    return Fraction(LIMITS[stage][code])


def assess(tables, year):
    """Return {district: its rows, exclusions, coefficients and shortfalls}."""
    schools = {row["school_id"]: row for row in tables["schools"]}
    root = {}
    for school_id in schools:
        top = school_id
        while schools[top].get("parent_id") is not None:
            top = schools[top]["parent_id"]
        root[school_id] = top
    sections = [row for row in tables["sections"] if row["year"] == year]
    sections += expected(schools, root, sections, year)
    rows = [row for row in tables["facilities"] if row["year"] == year]
    merged = merge(sections, root)
    result = {}
    for district in {schools[root[school_id]]["district"] for school_id in schools}:
        mine = {key: s for key, s in merged.items() if schools[key[0]]["district"] == district}
        result[district] = judge(mine, schools, root, sections, rows)
    return result


def expected(schools, root, sections, year):
    """Return an empty row for each stage that a school or campus should have reported and did not.

    One that reported nothing, though it is open, owes every stage that its kind has. One that reported
    something owes the rest, but for what its campuses have. A campus's own kind is believed only where it
    fits its school's and what the campus reported, and is another one than its school's.
    """
    owed = {}
    reported = defaultdict(set)
    for row in sections:
        reported[row["school_id"]].add(row["stage"])
    for school_id, school in schools.items():
        kind, above = school["kind"], schools[root[school_id]]["kind"]
        stages = STAGES[kind] & STAGES[above] or STAGES[above]
        has = reported[school_id]
        if not has:
            opened, closed = school.get("opened_year"), school.get("closed_year")
            is_open = (opened is None or opened <= year) and (closed is None or closed >= year)
            owed[school_id] = set(stages) if is_open else set()
        elif kind in (None, "special") or (root[school_id] != school_id and (kind == above or has - stages)):
            owed[school_id] = set()
        else:
            owed[school_id] = stages - has
    for school_id, has in reported.items():
        if has and root[school_id] == school_id:
            for campus in schools:
                if root[campus] == school_id != campus:
                    owed[school_id] -= reported.get(campus, set()) | owed[campus]
    return [
        {"year": year, "school_id": school_id, "stage": stage, "pupils": None, "owed": True}
        for school_id, stages in owed.items()
        for stage in stages
    ]


def merge(sections, root):
    """Add campuses to their parents: {(school, stage): figures}."""
    together = defaultdict(list)
    for row in sections:
        if row.get("owed") and row["stage"] == "senior":
            continue  # asked for only where it shares a whole
        together[root[row["school_id"]], row["stage"]].append(row)
    return {
        key: {name: plus(exact(row.get(name)) for row in rows) for name in ("pupils", *TEACHERS)}
        for key, rows in together.items()
    }


def reasons(school, stage, pupils):
    """Return every reason for which a section is left out of the seven."""
    found = []
    if stage == "senior":
        found.append("高中")
    if school["kind"] == "special":
        found.append("特殊教育")
    if school["kind"] == "teaching_point" and pupils is not None and pupils < 50:
        found.append("教学点")
    if pupils == 0:
        found.append("在校生为 0")
    return found


def judge(mine, schools, root, sections, facilities):
    """Judge one district."""
    rows, excluded = {}, {}
    for (school_id, stage), figures in mine.items():
        out = reasons(schools[school_id], stage, figures["pupils"])
        if out:
            excluded[school_id, stage] = out
            continue
        held = [figures[name] for name in TEACHERS]
        shared = {name: share(name, school_id, stage, schools, root, sections, facilities) for name in SHARED}
        teaching, indoor, ground = (shared[name] for name in SHARED[:3])
        held.append(None if teaching is None or indoor is None else max(teaching - indoor, Fraction(0)))
        held.append(plus([ground, indoor]))
        held += [shared["equipment_yuan"], shared["multimedia_rooms"]]
        rows[school_id, stage] = judge_row(stage, figures["pupils"], dict(zip(CODES, held, strict=True)))
    return {
        "rows": rows,
        "excluded": excluded,
        "balance": {
            (stage, code): spread(stage, code, rows)
            for stage in ("primary", "junior")
            for code in CODES
            if any(key[1] == stage for key in rows)
        },
    }


def share(column, school_id, stage, schools, root, sections, facilities):
    """Return what a stage of a school holds of one column, its campuses together."""
    return plus(
        held_by(column, member, stage, schools, root, sections, facilities)
        for member in root
        if root[member] == school_id
    )


def held_by(column, member, stage, schools, root, sections, facilities):
    """Return what a stage of one school or campus holds: as it reported by stage, or its part of the whole.

    Each must have reported the stages it has pupils in, and what it handed in a row for. The whole of one
    with a single stage is that stage's; another whole is split by the member's own pupils.
    """
    pupils = {s["stage"]: exact(s["pupils"]) for s in sections if s["school_id"] == member}
    reported = {f["stage"]: exact(f.get(column)) for f in facilities if f["school_id"] == member}
    if not pupils:
        return Fraction(0)  # not there in the year
    populated = {name for name, number in pupils.items() if number != 0}
    own, whole = reported.get(stage), reported.get("whole")
    if own is None and whole is None:
        nothing_said = "whole" in reported and all(figure is None for figure in reported.values())
        owes = stage in populated or stage in reported or (nothing_said and stage in pupils)
        return None if owes else Fraction(0)
    if not whole or stage not in pupils:
        return own or Fraction(0)
    sharing = populated or set(pupils)
    known = schools[member]["kind"] is not None or root[member] != member
    if known and len(sharing) == 1:
        part = Fraction(stage in sharing)
    elif populated and stage not in populated:
        part = Fraction(0)
    else:
        weights = WEIGHTS[schools[member]["kind"]]
        if not set(pupils) <= set(weights):
            weights = WEIGHTS[schools[root[member]]["kind"]]
        weighted = {
            name: None if name not in weights or pupils[name] is None else weights[name] * pupils[name]
            for name in sharing
        }
        total = plus(weighted.values())
        if not total:
            return None
        part = weighted[stage] / total
    return (own or Fraction(0)) + whole * part


def judge_row(stage, pupils, held):
    """Apply the limits and the school rule to one row."""
    values, verdicts, shortfalls = {}, {}, {}
    for code in CODES:
        factor = 100 if code in PER_HUNDRED else 1
        t, r = limit(stage, code), held[code]
        if r is None or pupils is None:
            values[code], verdicts[code] = None, "no data"
            continue
        values[code] = factor * r / pupils
        verdicts[code] = "pass" if values[code] >= t else "fail"
        if verdicts[code] == "fail":
            lacking = [max(goal * pupils / factor - r, 0) for goal in (t, FLOOR * t)]
            if factor == 100:
                lacking = [ceil(x) for x in lacking]
            shortfalls[code] = (*lacking, floor(factor * r / t))
    unmet = [code for code in CODES if verdicts[code] == "fail"]
    low = [code for code in unmet if values[code] < FLOOR * limit(stage, code)]
    open_or_passed = "no data" if "no data" in verdicts.values() else "pass"
    overall = "fail" if len(unmet) > 1 or low else open_or_passed
    return {
        "pupils": pupils,
        "amounts": held,
        "values": values,
        "verdicts": verdicts,
        "met": sum(v == "pass" for v in verdicts.values()),
        "verdict": overall,
        "shortfalls": shortfalls,
    }


def spread(stage, code, rows):
    """Return schools, mean, deviation, coefficient and verdict of one indicator at one stage."""
    here = [row for key, row in rows.items() if key[1] == stage]
    if any(row["values"][code] is None for row in here):
        return len(here), None, None, None, "no data"
    pupils = sum(row["pupils"] for row in here)
    factor = 100 if code in PER_HUNDRED else 1
    mean = factor * sum(row["amounts"][code] for row in here) / pupils
    variance = sum(row["pupils"] / pupils * (row["values"][code] - mean) ** 2 for row in here)
    if mean == 0:
        return len(here), mean, Fraction(0), None, "no data"
    # CV <= limit, squared, so that no root is taken before the comparison.
    within = variance <= (COEFFICIENT[stage] * mean) ** 2
    return len(here), mean, sqrt(variance), sqrt(variance) / float(mean), "pass" if within else "fail"


SUBJECTS = ("语文", "数学", "科学", "体育与健康", "艺术", "德育")
SYNONYMS = {"体育": "体育与健康"}
CYCLE = 3  # years in which every subject is monitored once


def monitoring(rows, year):
    """Return C31 of a district: its verdict, and {subject: (year of the result, verdict)}.

    A result is a row with a level or a rate. The latest of a subject that is not older than the cycle
    counts; a level below Ⅲ or a rate of 0.15 or more fails, whatever else is missing. Other subjects
    decide nothing.
    """
    found = {}
    for subject in SUBJECTS:
        results = [
            row
            for row in rows
            if SYNONYMS.get(row["subject"], row["subject"]) == subject
            and year - CYCLE < row["year"] <= year
            and (row["level"] is not None or row["between_school_rate"] is not None)
        ]
        if not results:
            found[subject] = (None, "no data")
            continue
        latest = max(results, key=lambda row: row["year"])
        level, rate = latest["level"], exact(latest["between_school_rate"])
        if (level is not None and level < 3) or (rate is not None and rate >= Fraction("0.15")):
            verdict = "fail"
        else:
            verdict = "no data" if level is None or rate is None else "pass"
        found[subject] = (latest["year"], verdict)
    verdicts = {verdict for _, verdict in found.values()}
    return next(v for v in ("fail", "no data", "pass") if v in verdicts), found
