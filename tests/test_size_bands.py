"""Classes and rooms counted by size: what follows where a limit is a band's edge, and what does not.

The limits are those of the standard: classes of 45 (primary) and 50 (junior), rooms of 96 m² (music) and
90 m² (art), one for every 12 classes begun. Every expected verdict is worked out by hand from them.
"""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from town import DISTRICT, YEAR, Town

from qb.data.checks import check
from qb.data.sample import make
from qb.data.schema import TABLES
from qb.data.table_intake import frame_to_table
from qb.errors import DataError
from qb.planning.forecast.projection import forecast
from qb.planning.scenario.coming_years import apply
from qb.report.annual_report import AnnualClassesAndRooms
from qb.report.context import ReportContext
from qb.report.printed_form_canvas import Filing
from qb.report.printed_form_figures import Count, FormFigures
from qb.terms import Severity


def judged(town: Town, code: str) -> str:
    frame = town.assess().indicators
    return str(frame.loc[(frame["code"] == code).to_numpy(), "verdict"].iloc[0])


def bands(town: Town, school_id: str, stage: str | None, *sizes: tuple) -> Town:
    """Replace the classes of a school by bands: (from, to, number)."""
    town.drop("classes", school_id=school_id)
    for low, high, count in sizes:
        key = {"year": YEAR, "school_id": school_id, "stage": stage}
        town["classes"].append({**key, "pupils_from": low, "pupils_to": high, "count": count})
    return town


def rooms(town: Town, school_id: str, stage: str | None, kind: str, *sizes: tuple) -> Town:
    town.drop("rooms", school_id=school_id, kind=kind)
    for low, high, count in sizes:
        key = {"year": YEAR, "school_id": school_id, "stage": stage, "kind": kind}
        town["rooms"].append({**key, "area_from": low, "area_to": high, "count": count})
    return town


# C12: 小二 has 400 pupils in ten classes.


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(36, 40, 4), (41, 45, 6)], "pass"),
        ([(36, 40, 9), (46, 50, 1)], "fail"),
        ([(36, 40, 9), (41, 50, 1)], "no data"),  # it has 41 to 50, and 45 is the limit
        ([(36, 40, 9), (66, None, 1)], "fail"),
        ([(None, 25, 1), (41, 45, 9)], "pass"),
        ([(36, 40, 9), (46, 50, 0), (41, 45, 1)], "pass"),  # an empty band says nothing
        ([(36, 40, 9)], "no data"),  # ten were reported
        ([(36, 40, 9), (41, 45, None)], "no data"),
        ([(36, 40, 9), (46, 50, None)], "no data"),  # the tenth may be of 46, or of another size
        ([(36, 40, 10), (46, 50, None)], "pass"),  # all ten are told: none is left for this band
    ],
)
def test_a_band_decides_where_the_limit_is_its_edge(sizes, expected):
    assert judged(bands(Town(), "小二", "primary", *sizes), "C12") == expected


def test_bands_and_single_classes_are_counted_together():
    town = bands(Town(), "小二", "primary", (36, 40, 9))
    town["classes"].append(
        {"year": YEAR, "school_id": "小二", "stage": "primary", "grade": 1, "class_no": 1, "pupils": 46}
    )
    assert judged(town, "C12") == "fail"
    assert judged(town.set("classes", {"class_no": 1, "school_id": "小二"}, pupils=45), "C12") == "pass"


def test_the_pupils_decide_of_a_band_that_straddles_the_limit():
    """Ten classes of 41–50 with 460 pupils: one has 46 at least, the mean."""
    town = bands(Town(), "小二", "primary", (41, 50, 10)).set("sections", {"school_id": "小二"}, pupils=460)
    assert judged(town, "C12") == "fail"
    assert judged(town.set("sections", {"school_id": "小二"}, pupils=450), "C12") == "no data"


def nine(*sizes: tuple, **more: object) -> Town:
    """A nine-year school of 10 primary and 5 junior classes that lists both stages as one."""
    return bands(Town().add("九", "nine_year", primary=400, junior=200, **more), "九", None, *sizes)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(36, 40, 15)], "pass"),
        ([(36, 40, 14), (46, 50, 1)], "no data"),  # of a primary stage too large, of a junior one not
        ([(36, 40, 14), (51, 55, 1)], "fail"),  # too large for either
        ([(36, 40, 14)], "no data"),  # fifteen were reported
    ],
)
def test_a_list_for_both_stages_decides_what_holds_for_either(sizes, expected):
    town = nine(*sizes)
    assert judged(town, "C12") == expected
    town.set("classes", {"school_id": "九"}, stage="whole")
    assert judged(town, "C12") == expected


def test_the_junior_stage_keeps_its_limit_where_no_class_is_above_it():
    found = nine((36, 40, 14), (46, 50, 1)).assess().findings
    mine = found[((found["code"] == "C12") & (found["school_id"] == "九")).to_numpy()]
    verdicts = dict(zip(mine["stage"].astype(str), mine["verdict"].astype(str), strict=True))
    assert verdicts == {"primary": "no data", "junior": "pass", "whole": "no data"}


def test_a_list_with_a_senior_stage_in_it_fails_nothing_by_itself():
    """A class of 56 may be a senior one, which C12 does not ask; of 45 none is too large."""
    town = Town().add("完", "complete_secondary", junior=200, senior=200)
    assert judged(bands(town, "完", None, (36, 40, 9), (56, 60, 1)), "C12") == "no data"
    assert judged(bands(town, "完", None, (36, 40, 10)), "C12") == "pass"


def test_a_school_of_one_stage_needs_no_stage():
    assert judged(bands(Town(), "小二", None, (36, 40, 9), (46, 50, 1)), "C12") == "fail"
    assert judged(bands(Town(), "小二", None, (36, 45, 10)), "C12") == "pass"


# C10


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(96, None, 1)], "pass"),
        ([(73, 96, 1)], "fail"),  # 96 itself is of the band above
        ([(61, 73, 2)], "fail"),
        ([(90, 100, 1)], "no data"),
        ([(96, None, 0), (73, 96, 3)], "fail"),
        ([(96, None, None)], "no data"),
        ([(90, 100, 1), (100, None, 1)], "pass"),
    ],
)
def test_a_band_of_areas_counts_where_all_of_it_is_large_enough(sizes, expected):
    assert judged(rooms(Town(), "小二", "primary", "music", *sizes), "C10") == expected
    assert judged(rooms(Town(), "小二", None, "music", *sizes), "C10") == expected


def test_rooms_are_asked_for_the_classes_that_bands_count():
    """Thirteen classes ask for two rooms of each kind; 小二 has one."""
    town = bands(Town(), "小二", "primary", (26, 30, 12)).set("sections", {"school_id": "小二"}, classes=None)
    assert judged(town, "C10") == "pass"
    assert judged(town.set("classes", {"school_id": "小二"}, count=13), "C10") == "fail"


def test_rooms_are_asked_for_the_classes_of_a_list_for_both_stages():
    town = nine((36, 40, 12)).set("sections", {"school_id": "九"}, classes=None)
    assert judged(town, "C10") == "pass"
    # Two music and two art rooms, one for each stage, are enough for 24 classes and no more.
    assert judged(town.set("classes", {"school_id": "九"}, count=25), "C10") == "fail"


def test_rooms_are_asked_for_the_classes_reported_where_a_list_for_both_stages_has_fewer():
    """Fifteen classes ask for two rooms of each kind; the twelve that are listed would ask for one."""
    town = nine((36, 40, 12)).drop("rooms", school_id="九", stage="junior")
    assert judged(town, "C10") == "fail"


def test_rooms_of_a_school_with_a_senior_stage_may_be_its():
    town = Town().add("完", "complete_secondary", junior=200, senior=200)
    for kind in ("music", "art"):
        rooms(town, "完", "whole", kind, (96, None, 2))
    assert judged(town, "C10") == "no data"


# The number of classes


def test_the_norm_of_classes_follows_from_bands():
    """C8: a city school "in principle" has 24 classes or more; a warning names the ten of the bands."""
    town = bands(Town(), "小二", "primary", (36, 40, 10)).set("sections", {"school_id": "小二"}, classes=None)
    warnings = town.assess().warnings
    mine = warnings[((warnings["code"] == "C8") & (warnings["school_id"] == "小二")).to_numpy()]
    assert "10 班" in mine["message"].iloc[0]


# Reading and checking

CSV = """year,school_id,stage,grade,class_no,pupils,pupils_from,pupils_to,count
2024,01,小学,1,1,40,,,
2024,01,小学,,,,26,30,3
2024,02,,,,,46,50,1
2024,03,,1,2,40,,,
"""


def read(text: str, table: str = "classes"):
    return frame_to_table(pd.read_csv(io.StringIO(text), dtype="str"), TABLES[table])


def test_a_band_needs_no_grade_and_without_a_stage_it_is_of_the_whole_school():
    frame, faults = read(CSV)
    assert frame["stage"].fillna("").tolist() == ["primary", "primary", "whole", ""]
    assert frame["count"].fillna(0).tolist() == [0, 3, 1, 0]
    assert [(f.rule, f.row, f.column) for f in faults] == [("F10", 3, "stage")]  # a single class has a stage


def test_a_table_of_bands_alone_needs_no_columns_of_single_records():
    frame, faults = read("year,school_id,班额下限,班额上限,本档班数（个）\n2024,01,26,30,3\n")
    assert (faults, frame["stage"].tolist(), len(frame)) == ([], ["whole"], 1)
    frame, faults = read("year,school_id,kind,area_from,area_to,count\n2024,01,音乐教室,96,,3\n", "rooms")
    assert (faults, frame["stage"].tolist()) == ([], ["whole"])


def rules_found(town: Town, *numbers: str) -> list[tuple[str, str]]:
    return [(f.rule, f.column) for f in check(town.data()) if f.rule in numbers]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(36, 40, 4), (41, 45, 6)], []),
        ([(36, 41, 4), (41, 45, 6)], [("K15", "pupils_from")]),
        ([(None, 45, 4), (30, 35, 5), (41, 45, 1)], [("K15", "pupils_from")] * 2),
        ([(45, 41, 10)], [("K14", "pupils_from")]),
        ([(None, None, 10)], [("K14", "pupils_from")]),
        ([(40, 40, 10)], []),  # ten classes of 40
        ([(36, 45, None)], [("S10", "count")]),
    ],
)
def test_bands_that_cannot_be_are_found(sizes, expected):
    town = bands(Town(), "小二", "primary", *sizes)
    assert rules_found(town, "K14", "K15", "S10") == expected


def test_bands_of_areas_may_share_an_edge():
    town = rooms(Town(), "小二", "primary", "music", (73, 96, 1), (96, None, 1))
    rooms(town, "小二", "primary", "art", (73, 96, 1))
    assert rules_found(town, "K14", "K15") == []
    assert rules_found(rooms(town, "小二", "primary", "music", (96, 96, 1)), "K14") == [("K14", "area_from")]


def test_a_band_that_is_a_class_as_well_is_refused():
    town = bands(Town(), "小二", "primary", (36, 40, 10)).set("classes", {"school_id": "小二"}, pupils=38)
    assert rules_found(town, "K14") == [("K14", "pupils")]
    with pytest.raises(DataError):
        town.assess()


def test_bands_are_compared_with_classes_and_pupils_reported():
    """Ten classes of 36 to 40 have 360 to 400 pupils; 小二 reported 400 in ten."""
    town = bands(Town(), "小二", "primary", (36, 40, 10))
    assert rules_found(town, "S01", "S02") == []
    assert rules_found(town.set("sections", {"school_id": "小二"}, pupils=401), "S01") == [("S01", "pupils")]
    assert rules_found(town.set("classes", {"school_id": "小二"}, count=9), "S02") == [("S02", "classes")]
    assert rules_found(nine((36, 40, 15)), "S01", "S02") == []
    assert rules_found(nine((36, 40, 16)), "S01", "S02") == [("S02", "classes")]  # said once for the school
    assert rules_found(nine((41, 45, 15)), "S01", "S02") == [("S01", "pupils")]  # 600 reported, 615 at least


# Who needs single classes


def test_forecast_and_scenario_leave_bands_out_and_say_so():
    data = make(schools=8, years=range(2021, 2026))
    last = data["classes"]["year"] == 2025
    school = data["classes"].loc[last, "school_id"].iloc[0]
    mine = (last & (data["classes"]["school_id"] == school)).to_numpy()
    row = data["classes"][mine].iloc[:1].assign(grade=np.nan, class_no=np.nan, pupils=np.nan)
    row = row.assign(pupils_from=36.0, pupils_to=40.0, count=float(mine.sum()))
    mixed = data.replace(classes=pd.concat([data["classes"][~mine], row], ignore_index=True))
    notes = forecast(mixed).notes
    assert "班级表中有 1 行按班额分档，不知道年级，没有计入" in notes
    after = apply(mixed, [])
    assert not TABLES["classes"].bands(after["classes"]).any()
    assert len(after["classes"]) == (~mine).sum()


# Teachers by degree

DEGREES = "college_teachers,bachelor_teachers,master_teachers,doctor_teachers"
SECTIONS = f"""year,school_id,stage,full_time_teachers,{DEGREES}
2024,01,小学,20,5,10,2,1
2024,01,初中,20,5,10,2,1
2024,02,小学,20,5,10,2,
"""


def test_degrees_are_added_up_by_the_rule_of_each_stage():
    """Primary: 5 + 10 + 2 + 1; junior without the 5 of 专科; one degree blank: not known."""
    frame, faults = read(SECTIONS, "sections")
    assert frame["teachers_above_required"].fillna(-1).tolist() == [18, 13, -1]
    assert [(f.rule, f.rows, f.severity) for f in faults] == [("F32", (0, 1), Severity.NOTE)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"college_teachers": 2, "bachelor_teachers": 10, "master_teachers": 2, "doctor_teachers": 0}, []),
        (
            {"college_teachers": 3, "bachelor_teachers": 12, "master_teachers": 2, "doctor_teachers": 0},
            [
                ("S09", "full_time_teachers")
            ],  # more than all teachers: the sum of those above is not blamed too
        ),
        ({"bachelor_teachers": 17}, [("S09", "full_time_teachers")]),
    ],
)
def test_degrees_that_contradict_are_found(given, expected):
    """小一 has 16 full-time teachers, 14 of them above the required degree."""
    town = Town().set("sections", {"school_id": "小一"}, **given)
    assert rules_found(town, "S09") == expected


# What pages and forms say


def test_forms_and_the_annual_report_count_the_classes_and_rooms_of_bands():
    """小二 has one class of 46–50, above 45, of ten; 小一 lists its five singly, none above."""
    town = bands(Town(), "小二", "primary", (36, 40, 9), (46, 50, 1))
    rooms(town, "小二", "primary", "music", (96, None, 1), (73, 96, 2))
    context = ReportContext(town.data(), town.assess())
    figures = FormFigures(Filing.of(context, DISTRICT))
    assert figures.district["C12.primary.above"] == Count.made(1, 0)
    school = next(found for found in figures.each("school") if found["school_id"] == "小二")
    assert school["rooms.music"] == "3 间（96 及以上的 1 间、73—96 的 2 间 平方米）"
    conditions = AnnualClassesAndRooms(context, DISTRICT)
    primary = conditions.class_sizes()[0]
    assert "15 个班中 1 个超过 45 人" in primary.title
    assert "10 个班按班额分档填报，不在图中" in primary.subtitle
    assert "3 间按面积分档填报，不在图中" in conditions.rooms().subtitle
