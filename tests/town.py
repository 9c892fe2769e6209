"""A small district in which every indicator is met, so that a test changes one thing at a time.

Rows are plain dictionaries; None is "not reported". The figures are chosen, not computed by the project:
every school holds, for 100 pupils, 8 teachers (7 above the required degree, 2 backbone, 2 of PE and arts), 4
multimedia rooms, 800 m² of rooms (100 of them for sports), 1200 m² of grounds and 300000 yuan of equipment.
So each has C1 7, C2 2, C3 2, C4 7 m², C5 13 m², C6 3000 yuan and C7 4, above the limits of both stages.
"""

from __future__ import annotations

from importlib.resources import files
from math import ceil

import pandas as pd
from oracle import ALL as CODES

from qb.data.dataset import Dataset
from qb.data.schema import TABLES
from qb.indicators.assessment import Assessment, assess
from qb.standard import Standard, load

YEAR = 2024
DISTRICT = "甲区"
STANDARD = load()
FIRST_GRADE = {"primary": 1, "junior": 7, "senior": 10}
GRADES = {"primary": 6, "junior": 3, "senior": 3}

MET = {
    "base_amount_primary_yuan": 720,
    "base_amount_junior_yuan": 940,
    "province_base_amount_primary_yuan": 720,
    "province_base_amount_junior_yuan": 940,
    "special_pupils": 10,
    "special_allocation_yuan": 80000,
    "teacher_mean_pay_yuan": 100000,
    "civil_servant_mean_pay_yuan": 95000,
    "rotation_eligible": 100,
    "rotation_rotated": 20,
    "rotation_backbone": 5,
    "quota_planned": 1000,
    "quota_allocated": 600,
    "quota_allocated_rural": 60,
    "migrant_eligible": 100,
    "migrant_placed": 95,
    "graduates": 98,
    "entrants_three_years_before": 100,
    "transferred_in": 3,
    "transferred_out": 3,
    "deaths": 0,
    "disabled_of_age": 20,
    "disabled_enrolled": 20,
    "schools_checked": 3,
    "schools_with_broadband": 3,
    "regular_classrooms": 30,
    "regular_classrooms_multimedia": 30,
    "survey_issued": 1000,
    "survey_valid": 900,
    "survey_satisfied": 810,
}
SUBJECTS = ("德育", "语文", "数学", "科学", "体育与健康", "艺术")


class Town(dict):
    """Tables of plain rows."""

    def __init__(self, year: int = YEAR, district: str = DISTRICT, schools: bool = True) -> None:
        super().__init__({name: [] for name in TABLES})
        self.year, self.name = year, district
        here = {"year": year, "district": district}
        self["district"] = [{**here, "item": item, "value": value} for item, value in MET.items()]
        self["evidence"] = [{**here, "item": i.item, "status": "met"} for i in STANDARD.checklist]
        self["monitoring"] = [
            {**here, "subject": subject, "level": 4, "between_school_rate": 0.1} for subject in SUBJECTS
        ]
        self["vetoes"] = [{**here, "item": f"V{i}", "found": False} for i in range(1, 7)]
        if schools:
            self.add("小一", "primary", primary=200)
            self.add("小二", "primary", primary=400)
            self.add("初一", "junior", junior=300)

    def add(self, school_id: str, kind: str, whole: bool = False, **given: object) -> Town:
        """Add a school of which every figure is met; `given` are pupils by stage and columns of schools."""
        pupils = {stage: given.pop(stage) for stage in FIRST_GRADE if stage in given}
        row = {
            "school_id": school_id,
            "name": school_id,
            "district": self.name,
            "kind": kind,
            "ownership": "public",
            "location": "urban",
            "boarding": False,
            "opened_year": 1980,
        }
        self["schools"].append({**row, **given})
        for stage, count in pupils.items():
            self._add_stage(school_id, stage, count)
        total = sum(count or 0 for count in pupils.values())
        for stage, count in [("whole", total)] if whole else pupils.items():
            self["facilities"].append({**self._key(school_id, stage), **facilities(count or 0)})
        self["funds"].append(
            {
                "year": self.year,
                "school_id": school_id,
                "public_funds_budget_yuan": 200000,
                "public_funds_final_yuan": 200000,
                "training_budget_yuan": 12000,
                "training_final_yuan": 12000,
                "allocation_yuan": 200000,
            }
        )
        return self

    def _key(self, school_id: str, stage: str) -> dict[str, object]:
        return {"year": self.year, "school_id": school_id, "stage": stage}

    def _add_stage(self, school_id: str, stage: str, pupils: int | None) -> None:
        key, count = self._key(school_id, stage), pupils or 0
        classes = ceil(count / 40)
        self["sections"].append({**key, "pupils": pupils, "classes": classes, **staff(count)})
        for i in range(classes):
            number, grade = divmod(i, GRADES[stage])
            size = 40 if i < classes - 1 else count - 40 * i
            first = FIRST_GRADE[stage]
            self["classes"].append({**key, "grade": first + grade, "class_no": number + 1, "pupils": size})
        for kind, area in (("music", 100), ("art", 95)):
            for _ in range(ceil(classes / 12)):
                self["rooms"].append({**key, "kind": kind, "area_m2": area})

    def rows(self, table: str, **where: object) -> list[dict[str, object]]:
        """Return the rows with these values."""
        return [row for row in self[table] if all(row.get(name) == value for name, value in where.items())]

    def set(self, table: str, where: dict[str, object], **values: object) -> Town:
        """Change the rows that have the values `where`; there must be some."""
        found = self.rows(table, **where)
        assert found, (table, where)
        for row in found:
            row.update(values)
        return self

    def item(self, **values: object) -> Town:
        """Change items of the table ``district``."""
        for item, value in values.items():
            self.drop("district", item=item)
            self["district"].append({"year": self.year, "district": self.name, "item": item, "value": value})
        return self

    def drop(self, table: str, **where: object) -> Town:
        """Take rows out."""
        gone = [id(row) for row in self.rows(table, **where)]
        self[table] = [row for row in self[table] if id(row) not in gone]
        return self

    def data(self) -> Dataset:
        """Return the tables as a dataset."""
        return Dataset.of(**{name: pd.DataFrame(rows) for name, rows in self.items() if rows})

    def assess(self, standard: Standard = STANDARD, **options: object) -> Assessment:
        """Judge the district in its year."""
        return assess(self.data(), year=self.year, standard=standard, **options)


def staff(pupils: int) -> dict[str, object]:
    """Return the teachers of a stage of which every figure is met."""
    return {
        "full_time_teachers": ceil(8 * pupils / 100),
        "teachers_above_required": ceil(7 * pupils / 100),
        "backbone_teachers": ceil(2 * pupils / 100),
        "pe_arts_teachers": ceil(2 * pupils / 100),
        "certified_teachers": ceil(8 * pupils / 100),
        "trained_teachers": ceil(8 * pupils / 100),
        "in_zone_pupils": pupils,
    }


def facilities(pupils: int) -> dict[str, object]:
    """Return the facilities of a stage or school of which every figure is met."""
    return {
        "teaching_area_m2": 8 * pupils,
        "indoor_sports_area_m2": pupils,
        "sports_ground_m2": 12 * pupils,
        "equipment_yuan": 3000 * pupils,
        "multimedia_rooms": ceil(4 * pupils / 100),
    }


def school_row(assessment: Assessment, school_id: str, stage: str = "primary") -> pd.Series:
    """Return the one row of a school and stage."""
    rows = assessment.rows
    found = rows[(rows["school_id"] == school_id) & (rows["stage"] == stage)]
    assert len(found) == 1, (school_id, stage, len(found))
    return found.iloc[0]


def coefficient(assessment: Assessment, stage: str, code: str) -> pd.Series:
    """Return the one row of `balance`."""
    frame = assessment.balance
    found = frame[(frame["stage"] == stage) & (frame["code"] == code)]
    assert len(found) == 1, (stage, code, len(found))
    return found.iloc[0]


def indicator(assessment: Assessment, code: str, district: str = DISTRICT) -> pd.Series:
    """Return the one row of `indicators`."""
    frame = assessment.indicators
    return frame[(frame["code"] == code) & (frame["district"] == district)].iloc[0]


def verdict(assessment: Assessment, code: str, district: str = DISTRICT) -> str:
    """Return the verdict of one of C1–C31."""
    return str(indicator(assessment, code, district)["verdict"])


def area(assessment: Assessment, name: str, district: str = DISTRICT) -> str:
    """Return the verdict of an area, or of the district as ``district``."""
    if name == "district":
        frame = assessment.districts
        return str(frame.loc[frame["district"] == district, "verdict"].item())
    frame = assessment.areas
    return str(frame.loc[(frame["area"] == name) & (frame["district"] == district), "verdict"].item())


def findings(assessment: Assessment, code: str, part: str | None = None, **where: str) -> pd.DataFrame:
    """Return the findings of an indicator, of one part or school or stage where named."""
    frame = assessment.findings
    for name, value in {"code": code, **({} if part is None else {"part": part}), **where}.items():
        frame = frame[(frame[name] == value).to_numpy()]
    return frame


def others(assessment: Assessment, *codes: str, district: str = DISTRICT) -> dict[str, str]:
    """Return what is not met (or not applicable) besides `codes`: {} where nothing else changed."""
    left = {code: verdict(assessment, code, district) for code in CODES if code not in codes}
    return {code: found for code, found in left.items() if found not in ("pass", "not applicable")}


def together(towns: list[Town], standard: Standard = STANDARD, **options: object) -> Assessment:
    """Judge several districts at once; each school's identifier begins with its district."""
    tables: dict[str, list] = {name: [] for name in TABLES}
    for town in towns:
        for name, rows in town.items():
            tables[name] += [
                {
                    key: f"{town.name}{value}" if key in ("school_id", "parent_id") and value else value
                    for key, value in row.items()
                }
                for row in rows
            ]
    data = Dataset.of(**{name: pd.DataFrame(rows) for name, rows in tables.items() if rows})
    return assess(data, year=towns[0].year, standard=standard, **options)


def changed(*pairs: tuple[str, str], name: str = "gulou-2023") -> str:
    """Return the text of a standard's file with each first text replaced by the second, once.

    What the district's file inherits is changed in the nation's, which then is the standard.
    """
    for of in (name, "national-2017"):
        text = (files("qb") / "standard" / f"{of}.toml").read_text(encoding="utf-8")
        there = True
        for old, new in pairs:
            there, text = there and old in text, text.replace(old, new, 1)
        if there:
            return text
    raise AssertionError(pairs)
