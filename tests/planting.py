"""One fault for each rule, planted in the sample: what is changed, and what the check must say of it.

A plant is made of a dataset; its changes can be made in memory and, cell by cell, in a workbook.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset

YEAR = 2025


@dataclass
class Plant:
    """Changes of a dataset, and where the check must find something: (table, position, column)."""

    data: Dataset
    cells: list[tuple[str, int, str, object]] = field(default_factory=list)
    rows: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    columns: list[tuple[str, str, str]] = field(default_factory=list)
    without: dict[str, int] = field(default_factory=dict)
    expected: set[tuple[str, int | None, str]] = field(default_factory=set)

    def at(self, table: str, **where: object) -> list[int]:
        """Return the positions of the records with these values; there must be some."""
        frame = self.data[table]
        same = np.ones(len(frame), dtype=bool)
        for name, value in where.items():
            same &= (frame[name] == value).fillna(False).to_numpy(dtype=bool)
        assert same.any(), (table, where)
        return np.flatnonzero(same).tolist()

    def value(self, table: str, position: int, column: str) -> object:
        return self.data[table][column].iloc[position]

    def put(self, table: str, column: str, value: object, found: bool = True, **where: object) -> None:
        """Set a column of the records with these values; `value` may be made of the old one."""
        for position in self.at(table, **where):
            old = self.value(table, position, column)
            self.cells.append((table, position, column, value(old) if callable(value) else value))
            if found:
                self.expected.add((table, position, column))

    def add(self, table: str, column: str, **row: object) -> None:
        """Add a record at the end, to be found in a column."""
        position = len(self.data[table]) + sum(name == table for name, _ in self.rows)
        self.rows.append((table, row))
        self.expected.add((table, position, column))

    def made(self) -> Dataset:
        """Return the dataset with its fault."""
        frames = {}
        for table, position, column, value in self.cells:
            frame = frames.setdefault(table, self.data[table].copy())
            frame.loc[position, column] = value
        for table, row in self.rows:
            frame = frames.get(table, self.data[table])
            frames[table] = pd.concat([frame, pd.DataFrame([row])], ignore_index=True)
        for table, column, value in self.columns:
            frames[table] = frames.get(table, self.data[table]).assign(**{column: value})
        for table, year in self.without.items():
            frame = frames.get(table, self.data[table])
            frames[table] = frame[frame["year"] != year]
        return self.data.replace(**frames)


def section(school: str, **more: object) -> dict[str, object]:
    return {"school_id": school, "year": YEAR, **more}


def k01(p):
    first = p.data["vetoes"].iloc[p.at("vetoes", year=YEAR)[0]]
    p.add("vetoes", "item", year=YEAR, district=first["district"], item=first["item"], found=first["found"])


def k02(p):
    p.cells.append(("rooms", p.at("rooms", year=YEAR)[0], "school_id", "9999999"))
    p.expected.add(("rooms", p.at("rooms", year=YEAR)[0], "school_id"))


def k03(p):
    p.put("monitoring", "district", lambda name: f"{name}教育局", year=YEAR, subject="数学")


def k04(p):
    p.put("schools", "district", lambda name: name.replace("市", "市 "), school_id="0001030")


def k05(p):
    p.put("schools", "parent_id", "8888888", school_id="0001028")


def k06(p):
    p.put("schools", "parent_id", "0001027", school_id="0001027")


def k07(p):
    p.put("schools", "district", "乙区", school_id="0001008")  # a campus of 0001001


def k08(p):
    p.add("sections", "stage", **section("0001003", stage="junior", pupils=10))


def k09(p):
    p.add("sections", "stage", **section("0001005", stage="whole", pupils=600))


def k10(p):
    rows = p.at("facilities", **section("0001011"))
    assert len(rows) == 2  # the special school reports by stage
    both = sum(p.value("facilities", row, "equipment_yuan") for row in rows)
    p.add("facilities", "equipment_yuan", **section("0001011", stage="whole", equipment_yuan=both))


def k11(p):
    p.add("monitoring", "subject", year=YEAR, district=p.value("district", 0, "district"), subject="体育")


def k12(p):
    """The school's accounts cover its campus, which hands in its own all the same."""
    (row,) = p.at("funds", **section("0001001"))
    p.cells.append(("funds", row, "covers_campuses", True))
    p.expected.add(("funds", *p.at("funds", **section("0001008")), "school_id"))


def p01(p):
    p.columns.append(("sections", "班主任姓名", "某某"))
    p.expected.add(("sections", None, "班主任姓名"))


def p02(p):
    p.put("schools", "group", "第二集团 138-0013-8000", school_id="0001021")


def s01(p):
    p.put("sections", "pupils", lambda pupils: pupils + 2, **section("0001014"))


def s02(p):
    p.put("sections", "classes", lambda classes: classes + 1, **section("0001015"))


def s03(p):
    (row,) = p.at("sections", **section("0001016"))
    teachers = p.value("sections", row, "full_time_teachers")
    p.put("sections", "backbone_teachers", teachers + 1, **section("0001016"))


def s04(p):
    (row,) = p.at("sections", **section("0001018"))
    p.put("sections", "in_zone_pupils", p.value("sections", row, "pupils") + 1, **section("0001018"))


def s05(p):
    (row,) = p.at("facilities", **section("0001022"))
    floor = p.value("facilities", row, "teaching_area_m2")
    p.put("facilities", "indoor_sports_area_m2", floor + 1, **section("0001022"))


def s06(p):
    room = p.at("rooms", **section("0001023"))[0]
    p.cells.append(("rooms", room, "area_m2", 20000.0))
    p.expected.add(("facilities", p.at("facilities", **section("0001023"))[0], "teaching_area_m2"))


def s07(p):
    (rotated,) = p.at("district", year=YEAR, item="rotation_rotated")
    more = p.value("district", rotated, "value") + 1
    p.put("district", "value", more, year=YEAR, item="rotation_backbone")


def s08(p):
    kinds = ("teachers_above_required", "backbone_teachers", "pe_arts_teachers")
    for column in (*kinds, "certified_teachers", "trained_teachers"):
        p.put("sections", column, 0.0, found=False, **section("0001010"))
    p.put("sections", "full_time_teachers", 0.0, **section("0001010"))


def t01(p):
    last = p.at("classes", **section("0001026", grade=9))[-1]
    p.cells.append(("classes", last, "grade", 6.0))
    p.expected.add(("classes", last, "grade"))


def t02(p):
    p.put("facilities", "stage", "whole", **section("0001025"))


def t03(p):
    p.add("rooms", "stage", **section("0001006", stage="primary", kind="music", area_m2=97.0))


def t04(p):
    district = p.data.districts[0]
    p.add(
        "schools",
        "school_id",
        name="新建小学（模拟）",
        school_id="0001031",
        district=district,
        kind="primary",
        opened_year=2000,
    )


def t05(p):
    """The other tables still have the year: nothing is said of records without a section in it."""
    p.without["sections"] = YEAR - 2
    p.expected.add(("sections", None, "year"))


def t06(p):
    first = p.data.years[0]
    p.put("schools", "opened_year", first + 2.0, found=False, school_id="0001007")
    p.expected.add(("sections", p.at("sections", school_id="0001007", year=first)[0], "year"))


def t07(p):
    p.put("evidence", "item", "C8.10", year=YEAR, item="C8.1")


def t08(p):
    p.put("schools", "kind", "teaching_point", found=False, school_id="0001005")
    p.expected |= {("sections", row, "pupils") for row in p.at("sections", school_id="0001005")}


def t09(p):
    """The school has so many pupils that a class of 150 makes no jump and no cohort from nothing."""
    row = p.at("classes", **section("0001007", grade=5))[0]
    more = 150 - p.value("classes", row, "pupils")
    p.cells.append(("classes", row, "pupils", 150.0))
    p.expected.add(("classes", row, "pupils"))
    p.put("sections", "pupils", lambda pupils: pupils + more, found=False, **section("0001007"))


def t10(p):
    p.put("schools", "closed_year", YEAR - 2.0, found=False, school_id="0001012")
    rows = [
        row for row in p.at("sections", school_id="0001012") if p.value("sections", row, "year") == YEAR - 1
    ]
    p.expected.add(("sections", rows[0], "year"))


def t11(p):
    district = p.data.districts[0]
    row = {"school_id": "0001032", "district": district, "kind": "primary", "opened_year": 2000}
    p.add("schools", "closed_year", **row, closed_year=1990)


def y01(p):
    p.put("facilities", "sports_ground_m2", lambda area: area * 2.2, **section("0001029"))


def y02(p):
    """Without grade 3 of the year before, grade 4 comes from nowhere; sums are kept."""
    before = section("0001003") | {"year": YEAR - 1}
    rows = p.at("classes", **before, grade=3)
    gone = sum(p.value("classes", row, "pupils") for row in rows)
    p.cells += [("classes", row, "pupils", 0.0) for row in rows]
    for column in ("pupils", "in_zone_pupils"):
        p.put("sections", column, lambda pupils: pupils - gone, found=False, **before)
    p.expected.add(("classes", p.at("classes", **section("0001003", grade=4))[0], "pupils"))


def u01(p):
    p.put("facilities", "equipment_yuan", lambda yuan: round(yuan / 10000, 2), **section("0001020"))


def u02(p):
    """In every row of every year, so that no peer and no past tells it; it is said once, at the first row."""
    p.cells += [
        ("facilities", row, "equipment_yuan", yuan / 10000)
        for row, yuan in enumerate(p.data["facilities"]["equipment_yuan"])
    ]
    p.expected.add(("facilities", 0, "equipment_yuan"))


def u03(p):
    p.put(
        "zones",
        "junior_children",
        0.5,
        zone_id=p.value("zones", 3, "zone_id"),
        year=p.value("zones", 3, "year"),
    )


def t14(p):
    """A school that opened this year, so that nobody was there before: only the zeros are wrong."""
    district = p.data.districts[0]
    p.rows.append(
        ("schools", {"school_id": "0001033", "district": district, "kind": "primary", "opened_year": YEAR})
    )
    p.add("sections", "pupils", **section("0001033", stage="primary", pupils=0.0, classes=0.0))


def t15(p):
    p.put("schools", "built_year", 2106.0, school_id="0001019")


def k13(p):
    row = p.at("funds", school_id="0001003", year=YEAR)[0]
    p.put("funds", "school_id", "1003", school_id="0001003", year=YEAR)
    assert ("funds", row, "school_id") in p.expected


def k14(p):
    band = {"pupils_from": 45.0, "pupils_to": 41.0, "count": 0.0}
    p.add("classes", "pupils_from", stage="primary", **band, **section("0001003"))


def k15(p):
    same = {"kind": "music", "stage": "primary", "count": 0.0, **section("0001003")}
    p.rows.append(("rooms", {**same, "area_from": 73.0, "area_to": 97.0}))
    p.add("rooms", "area_from", **same, area_from=96.0)


def s09(p):
    p.put("sections", "bachelor_teachers", 4000.0, found=False, **section("0001003"))
    for position in p.at("sections", **section("0001003")):
        p.expected.add(("sections", position, "full_time_teachers"))


def s10(p):
    p.add("rooms", "count", kind="music", stage="primary", area_from=96.0, **section("0001003"))


def t12(p):
    p.put("schools", "district", lambda name: name.replace("古", "右"), school_id="0001015")


def s11(p):
    """In the last year pupils and teachers stand in each other's column, and nothing else is said."""
    for row in p.at("sections", year=YEAR):
        pupils, teachers = (p.value("sections", row, name) for name in ("pupils", "full_time_teachers"))
        p.cells += [("sections", row, "pupils", teachers), ("sections", row, "full_time_teachers", pupils)]
    p.expected.add(("sections", p.at("sections", year=YEAR)[0], "pupils"))


def s12(p):
    """One figure copied down over all schools of a year; no jump and no peer is told of it."""
    p.put("facilities", "sports_ground_m2", 9_000.0, found=False, year=YEAR)
    p.expected.add(("facilities", p.at("facilities", year=YEAR)[0], "sports_ground_m2"))


def t13(p):
    p.add("district", "district", year=YEAR, district="无名县", item="deaths", value=0.0)


def t16(p):
    p.put("schools", "kind", None, school_id="0001012")


def z01(p):
    """In every year, or it would be a jump."""
    p.put("facilities", "teaching_area_m2", lambda area: area * 8, school_id="0001028")


def l01(p):
    p.put("schools", "longitude", lambda east: east + 1, school_id="0001009")


def walk(zone, place, km):
    return {"zone_id": zone, "place_id": place, "walk_km": km}


def l02(p):
    p.add("distances", "zone_id", **walk("Z9999999", "0001003", 3.0))


def l03(p):
    """A site: it is told, for nobody but who chooses sites knows its code."""
    p.add("distances", "place_id", **walk("Z0001001", "新址一", 3.0))


def l04(p):
    p.add("distances", "walk_km", **walk("Z0001001", "0001003", 0.9))  # 3.3 km as the crow flies


PLANTS = {
    name.upper(): plant for name, plant in list(globals().items()) if name[1:].isdigit() and callable(plant)
}
