"""Actions turn one dataset into another; nobody appears from nowhere, and nothing else changes."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import Town

import qb
from qb import standard
from qb.data.checks import check
from qb.data.dataset import Dataset
from qb.data.sample import make
from qb.planning import scenario
from qb.planning.scenario import ScenarioError, apply
from qb.planning.scenario.year_records import (
    OF_TEACHERS,
    YearRecords,
    apportion,
    carried,
    class_sizes,
    write_back,
)

STANDARD = standard.load()
TEACHERS = ("full_time_teachers", *OF_TEACHERS)


def section(school, stage, pupils, classes, staff, year=2025, **more):
    figures = {
        "full_time_teachers": staff,
        "teachers_above_required": staff - 1,
        "backbone_teachers": 2,
        "pe_arts_teachers": 2,
        "certified_teachers": staff,
        "trained_teachers": staff,
        "in_zone_pupils": pupils,
        "visiting_pe_arts_teachers": 0,
        "migrant_pupils": 0,
    }
    key = {"year": year, "school_id": school, "stage": stage}
    return {**key, "pupils": pupils, "classes": classes, **figures, **more}


def classes(school, stage, sizes, year=2025):
    """Return a class list: sizes by grade, as {1: [20, 20]}."""
    return [
        {"year": year, "school_id": school, "stage": stage, "grade": g, "class_no": n + 1, "pupils": size}
        for g, row in sizes.items()
        for n, size in enumerate(row)
    ]


def facility(school, stage, floor, indoor, ground, equipment, rooms, year=2025):
    values = {
        "teaching_area_m2": floor,
        "indoor_sports_area_m2": indoor,
        "sports_ground_m2": ground,
        "equipment_yuan": equipment,
        "multimedia_rooms": rooms,
    }
    return {"year": year, "school_id": school, "stage": stage, **values}


def funds(school, amount, year=2025):
    names = ("public_funds_budget_yuan", "public_funds_final_yuan", "allocation_yuan")
    training = {"training_budget_yuan": amount / 10, "training_final_yuan": amount / 10}
    return {"year": year, "school_id": school, **dict.fromkeys(names, amount), **training}


def school(school_id, kind, lon, group=None):
    return {
        "school_id": school_id,
        "name": f"模拟{school_id}",
        "district": "模拟区",
        "kind": kind,
        "ownership": "public",
        "location": "urban",
        "boarding": False,
        "group": group,
        "longitude": lon,
        "latitude": 34.0,
    }


def town(**changes):
    """Return an invented district: two primary schools of a group, a small one, and a nine-year school."""
    frames = {
        "schools": [
            school("A", "primary", 114.00, "模拟集团"),
            school("B", "primary", 114.01, "模拟集团"),
            school("C", "primary", 114.05),
            school("N", "nine_year", 114.02),
        ],
        "sections": [
            section("A", "primary", 300, 6, 20, in_zone_pupils=297, migrant_pupils=30),
            section("B", "primary", 180, 6, 12),
            section("C", "primary", 30, 6, 5),
            section("N", "primary", 120, 6, 10),
            section("N", "junior", 90, 3, 9),
        ],
        "classes": [
            *classes("A", "primary", {1: [50], 2: [50], 3: [50], 4: [50], 5: [50], 6: [50]}),
            *classes("B", "primary", {1: [30], 2: [30], 3: [30], 4: [30], 5: [30], 6: [30]}),
            *classes("C", "primary", {1: [5], 2: [5], 3: [5], 4: [5], 5: [5], 6: [5]}),
            *classes("N", "primary", {1: [20], 2: [20], 3: [20], 4: [20], 5: [20], 6: [20]}),
            *classes("N", "junior", {7: [30], 8: [30], 9: [30]}),
        ],
        "facilities": [
            facility("A", "primary", 1500, 100, 1800, 600000, 8),
            facility("B", "primary", 900, 0, 1500, 400000, 6),
            facility("C", "primary", 200, 0, 400, 60000, 2),
            facility("N", "whole", 1100, 0, 2000, 500000, 7),
        ],
        "rooms": [
            {"year": 2025, "school_id": s, "stage": "primary", "kind": k, "area_m2": 100}
            for s in "ABCN"
            for k in ("music", "art")
        ],
        "funds": [funds("A", 300000), funds("B", 180000), funds("C", 100000), funds("N", 231000)],
        "zones": [
            {
                "year": 2025,
                "zone_id": f"Z{i}",
                "name": f"模拟小区{i}",
                "district": "模拟区",
                "longitude": lon,
                "latitude": 34.0,
                "primary_children": children,
                "junior_children": 12,
                "primary_school_id": goes,
                "junior_school_id": "N",
            }
            for i, (lon, children, goes) in enumerate(
                [(114.0, 60, "A"), (114.002, 61, "A"), (114.011, 90, "B"), (114.05, 30, "C")]
            )
        ],
        "district": [
            {"year": 2025, "district": "模拟区", "item": f"rotation_{item}", "value": value}
            for item, value in (("eligible", 20), ("rotated", 2), ("backbone", 1))
        ],
        **changes,
    }
    data = Dataset.of(**{name: pd.DataFrame(rows) for name, rows in frames.items() if rows})
    assert check(data) == []
    return data


def do(data, **action):
    """Return the dataset after one action; `from_` is the file's `from`."""
    after = apply(data, [{name.removesuffix("_"): value for name, value in action.items()}], None, STANDARD)
    assert [fault for fault in check(after) if fault.severity == "stops"] == []
    return after


def cell(data, table, column, year=2025, **key):
    frame = data[table]
    for name, value in {"year": year, **key}.items():
        frame = frame[(frame[name] == value).to_numpy()] if name in frame else frame
    assert len(frame) == 1, (table, column, key)
    return frame[column].iloc[0]


def sizes(data, school_id, stage="primary", year=2025):
    frame = data["classes"].query("school_id == @school_id and stage == @stage and year == @year")
    return {int(grade): part["pupils"].tolist() for grade, part in frame.groupby("grade")}


# Pupils


def test_pupils_leave_every_grade_in_proportion_and_join_the_same_grade():
    after = do(town(), do="move_pupils", from_="A", to="B", pupils=62)
    # 62 of six grades of 50: 10 each, and the two left over from the lowest grades
    assert sizes(after, "A") == {1: [39], 2: [39], 3: [40], 4: [40], 5: [40], 6: [40]}
    # at 45 a class grade 1 of B takes 30 + 11 in the class that it has
    assert sizes(after, "B") == {1: [41], 2: [41], 3: [40], 4: [40], 5: [40], 6: [40]}
    assert cell(after, "sections", "pupils", school_id="A") == 238
    assert cell(after, "sections", "pupils", school_id="B") == 242


def test_what_is_counted_of_the_pupils_goes_with_them_in_proportion():
    after = do(town(), do="move_pupils", from_="A", to="B", pupils=60)
    # 60 of 300 are a fifth: 59.4 of the 297 in their zone, so 59; 6 of the 30 migrants
    assert cell(after, "sections", "in_zone_pupils", school_id="A") == 238
    assert cell(after, "sections", "in_zone_pupils", school_id="B") == 239
    assert cell(after, "sections", "migrant_pupils", school_id="B") == 6


def test_public_funds_go_with_pupils_and_add_up():
    after = do(town(), do="move_pupils", from_="N", to="A", stage="primary", pupils=42)
    # N has 231,000 for 210 pupils of both stages, 1,100 a head: 46,200. By stage it would be 80,850.
    assert cell(after, "funds", "public_funds_final_yuan", school_id="N") == pytest.approx(184800)
    assert cell(after, "funds", "training_budget_yuan", school_id="A") == pytest.approx(34620)


def test_teachers_floor_and_equipment_stay_when_pupils_move():
    before = town()
    after = do(before, do="move_pupils", from_="A", to="B", share=0.5)
    columns = ["school_id", "stage", *TEACHERS]
    pd.testing.assert_frame_equal(after["sections"][columns], before["sections"][columns])
    assert after["facilities"] is before["facilities"]


def test_a_grade_gets_another_class_only_where_the_limit_demands_it():
    after = do(town(), do="move_pupils", from_="A", to="B", pupils=40, grades=[1])
    assert sizes(after, "B")[1] == [35, 35]  # 70 at 45 a class; two, evenly
    assert sizes(after, "A")[1] == [10]
    assert cell(after, "sections", "classes", school_id="B") == 7
    assert cell(after, "sections", "classes", school_id="A") == 6


def test_a_grade_that_is_left_by_all_has_no_class():
    after = do(town(), do="move_pupils", from_="C", to="B", pupils=5, grades=[6])
    assert 6 not in sizes(after, "C")
    assert cell(after, "sections", "classes", school_id="C") == 5


def test_a_share_is_rounded_half_up():
    after = do(town(), do="move_pupils", from_="N", to="A", stage="primary", share=0.3375)
    # 0.3375 of 120 is 40.5, and Python's round would make it 40
    assert cell(after, "sections", "pupils", school_id="N", stage="primary") == 79


def test_the_children_of_a_zone_move_and_the_zone_with_them():
    after = do(town(), do="move_pupils", zone="Z0", stage="primary", to="N")
    assert cell(after, "sections", "pupils", school_id="A") == 240
    assert cell(after, "sections", "pupils", school_id="N", stage="primary") == 180
    assert cell(after, "zones", "primary_school_id", zone_id="Z0") == "N"
    assert cell(after, "zones", "junior_school_id", zone_id="Z0") == "N"


def test_classes_that_are_not_listed_are_counted_by_the_section():
    after = do(town(classes=[]), do="move_pupils", from_="A", to="C", pupils=250)
    assert after["classes"].empty
    assert cell(after, "sections", "classes", school_id="A") == 2  # 50 left, at 45
    assert cell(after, "sections", "classes", school_id="C") == 7  # 280 at 45, no longer 6


def test_pupils_of_unknown_grades_spread_over_those_of_the_new_school():
    rows = classes("B", "primary", {g: [30] for g in range(1, 7)})
    after = do(town(classes=rows), do="move_pupils", from_="A", to="B", pupils=60)
    assert sizes(after, "B") == {g: [40] for g in range(1, 7)}


def test_unreported_counts_stay_unreported_and_do_not_become_zero():
    data = town()
    rows = data["sections"].copy()
    rows.loc[rows["school_id"] == "A", "in_zone_pupils"] = float("nan")
    after = do(data.replace(sections=rows), do="move_pupils", from_="A", to="B", pupils=10)
    assert math.isnan(cell(after, "sections", "in_zone_pupils", school_id="B"))


@pytest.mark.parametrize(
    ("before", "pupils", "after"),
    [
        ([20, 20], 45, [23, 22]),  # would fit in one class of 45, and stays two
        ([20, 20], 39, [20, 19]),  # loses one, and is not put together
        ([43] * 6, 158, [40, 40, 39, 39]),  # four classes are enough at 43
        ([15, 15, 15], 20, [10, 10]),  # two at 15, though one would be allowed
        ([50, 50], 95, [48, 47]),  # still above the limit, and no class is added where pupils leave
        ([], 91, [31, 30, 30]),
    ],
)
def test_classes_are_as_few_and_as_even_as_the_rule_says(before, pupils, after):
    assert class_sizes(before, pupils, 45) == after


# Zones


def test_entrants_follow_a_zone_one_more_grade_each_year():
    made = scenario.Scenario(
        title="模拟",
        base_year=2025,
        until=2027,
        actions=[{"do": "rezone", "zones": ["Z0"], "stage": "primary", "to": "B"}],
    )
    years = scenario.years(town(), made, STANDARD)
    # 60 children over six grades: 10 of grade 1, then 20 of grades 1 and 2, then 30 of three grades
    assert [cell(d, "sections", "pupils", y, school_id="A") for y, d in years.items()] == [290, 280, 270]
    # the forecast has two classes of 25 in each grade of 50; a grade that loses ten is not put together
    even = {1: [20, 20], 2: [20, 20], **{grade: [25, 25] for grade in (3, 4, 5, 6)}}
    assert sizes(years[2026], "A", year=2026) == even
    assert cell(years[2025], "zones", "primary_school_id", 2025, zone_id="Z0") == "B"


def test_a_zone_without_a_school_brings_nobody():
    data = town()
    zones = data["zones"].assign(primary_school_id=[None, "A", "B", "C"])
    after = do(data.replace(zones=zones), do="rezone", zones=["Z0"], stage="primary", to="B", moves="all")
    assert after["sections"] is not None and cell(after, "sections", "pupils", school_id="B") == 180
    assert cell(after, "zones", "primary_school_id", zone_id="Z0") == "B"


# Classes


def test_split_classes_divides_each_crowded_grade_evenly_and_leaves_the_others():
    after = do(town(), do="split_classes")
    assert sizes(after, "A") == {g: [25, 25] for g in range(1, 7)}
    assert sizes(after, "B") == {g: [30] for g in range(1, 7)}
    assert cell(after, "sections", "classes", school_id="A") == 12
    assert cell(after, "sections", "pupils", school_id="A") == 300


def test_split_classes_takes_another_limit_and_only_the_schools_written():
    after = do(town(), do="split_classes", school="N", stage="junior", limit=25)
    assert sizes(after, "N", "junior") == {g: [15, 15] for g in (7, 8, 9)}
    assert sizes(after, "A")[1] == [50]


def test_overflow_goes_to_the_group_and_adds_no_class():
    after = do(town(), do="place_overflow")
    # 50 in a class, 45 allowed: 5 from each grade of A to B, the other school of its group, which has room
    assert sizes(after, "A") == {g: [45] for g in range(1, 7)}
    assert sizes(after, "B") == {g: [35] for g in range(1, 7)}
    assert cell(after, "sections", "pupils", school_id="C") == 30


def test_overflow_that_finds_no_room_stays():
    data = town()
    rows = data["classes"].copy()
    rows.loc[(rows["school_id"] == "B") & (rows["grade"] == 1), "pupils"] = 43
    sections = data["sections"].copy()
    sections.loc[sections["school_id"] == "B", ["pupils", "in_zone_pupils"]] = 193
    after = do(data.replace(classes=rows, sections=sections), do="place_overflow", school="A")
    assert sizes(after, "A")[1] == [48] and sizes(after, "B")[1] == [45]


# Schools


def test_a_new_school_has_what_the_standard_demands_and_no_pupils():
    after = do(
        town(),
        do="open_school",
        school_id="D",
        name="模拟D",
        kind="nine_year",
        location="urban",
        capacity={"primary": 270, "junior": 110},
        like="standard",
    )
    # Annex 3: 4.2 and 5.3 teachers a hundred, so 11.34 and 5.83, whole persons; 7.5 and 10.2 m² a pupil
    assert cell(after, "sections", "teachers_above_required", school_id="D", stage="primary") == 12
    assert cell(after, "sections", "teachers_above_required", school_id="D", stage="junior") == 6
    assert cell(after, "facilities", "sports_ground_m2", school_id="D", stage="primary") == 2025
    assert cell(after, "facilities", "sports_ground_m2", school_id="D", stage="junior") == pytest.approx(1122)
    assert cell(after, "sections", "pupils", school_id="D", stage="primary") == 0
    assert cell(after, "schools", "opened_year", school_id="D") == 2025
    # six grades of one class and three of one: 9 classes, so one music and one art room
    assert sorted(after["rooms"].query("school_id == 'D'")["area_m2"]) == [90, 96]


def test_a_new_school_meets_the_standard_when_it_is_full():
    opened = {
        "do": "open_school",
        "school_id": "D",
        "name": "模拟D",
        "kind": "primary",
        "location": "urban",
        "capacity": {"primary": 150},
        "like": "standard",
    }
    after = apply(town(), [opened, {"do": "move_pupils", "from": "A", "to": "D", "pupils": 150}])
    rows = qb.assess(after, standard=STANDARD).rows.set_index("school_id")
    assert rows.loc["D", "met"] == 7 and rows.loc["D", "verdict"] == "pass"
    assert bool(rows.loc["D", "new"])
    more = apply(after, [{"do": "move_pupils", "from": "A", "to": "D", "pupils": 1}])
    assert qb.assess(more, standard=STANDARD).rows.set_index("school_id").loc["D", "met"] < 7


def test_a_new_school_like_another_has_as_much_per_pupil():
    after = do(
        town(),
        do="open_school",
        school_id="D",
        name="模拟D",
        kind="nine_year",
        location="urban",
        capacity={"primary": 60, "junior": 45},
        like="N",
        given={"junior": {"multimedia_rooms": 9}},
    )
    # N reports 2,000 m² for both stages: 120 and 90·1.1 = 99 weighted pupils, so 2000·120/219 and the rest;
    # half of that for half the pupils. Without the weights it would be 571.43.
    ground = cell(after, "facilities", "sports_ground_m2", school_id="D", stage="primary")
    assert ground == pytest.approx(547.945, abs=0.001)
    assert cell(after, "sections", "full_time_teachers", school_id="D", stage="junior") == 5  # 4.5
    assert cell(after, "facilities", "multimedia_rooms", school_id="D", stage="junior") == 9


def test_closing_sends_pupils_teachers_zones_and_funds_on_and_gives_up_the_site():
    after = do(town(), do="close_school", school="C", to=["A", "B"])
    assert cell(after, "sections", "pupils", school_id="A") == 315
    assert cell(after, "sections", "pupils", school_id="B") == 195
    # 5 teachers for two schools: 3 and 2
    assert cell(after, "sections", "full_time_teachers", school_id="A") == 23
    assert cell(after, "sections", "full_time_teachers", school_id="B") == 14
    assert cell(after, "zones", "primary_school_id", zone_id="Z3") == "B"  # the nearer of the two
    assert after["funds"]["allocation_yuan"].sum() == pytest.approx(811000)
    for table in ("schools", "sections", "facilities", "classes", "rooms", "funds"):
        assert "C" not in set(after[table]["school_id"])


def test_a_closed_school_stays_in_the_list_while_another_year_names_it():
    data = make(schools=8, years=[2024, 2025])
    after = do(data, do="close_school", school="0001003", to=["0001005"])
    assert "0001003" in set(after["schools"]["school_id"])
    assert "0001003" not in set(after["sections"].query("year == 2025")["school_id"])
    assert "0001003" in set(after["sections"].query("year == 2024")["school_id"])


def test_a_merger_that_keeps_its_sites_moves_nobody_and_is_judged_as_one():
    before = town()
    after = do(before, do="merge_schools", from_=["C"], into="N")
    # Only whose campus C is has changed: pupils, teachers, classes, zones, rooms and money stay at its site.
    for table in ("sections", "classes", "facilities", "rooms", "funds", "zones"):
        assert after[table] is before[table]
    assert cell(after, "schools", "parent_id", None, school_id="C") == "N"
    rows = qb.assess(after, 2025, STANDARD).rows.set_index(["school_id", "stage"])
    assert rows.loc[("N", "primary"), "pupils"] == 150 and ("C", "primary") not in rows.index


def test_a_merger_that_closes_its_sites_gives_up_floor_ground_and_rooms_and_nothing_else():
    before = town()
    after = do(before, do="merge_schools", from_=["C"], into="N", sites="close")
    assert cell(after, "sections", "pupils", school_id="N", stage="primary") == 150
    assert cell(after, "sections", "full_time_teachers", school_id="N", stage="primary") == 15
    # N reports as one, and goes on doing so: 500,000 and 60,000 yuan; C's 400 m² of ground are gone
    assert cell(after, "facilities", "equipment_yuan", school_id="N") == 560_000
    assert cell(after, "facilities", "sports_ground_m2", school_id="N") == 2000
    assert sizes(after, "N") == {g: [25] for g in range(1, 7)}
    assert cell(after, "zones", "primary_school_id", zone_id="Z3") == "N"
    assert after["funds"]["allocation_yuan"].sum() == before["funds"]["allocation_yuan"].sum()
    assert set(after["rooms"]["school_id"]) == {"A", "B", "N"}


def test_a_school_that_reports_as_one_is_split_when_it_joins_one_that_does_not():
    data = town()
    more = pd.concat([data["schools"], pd.DataFrame([school("M", "nine_year", 114.03)])])
    sections = pd.concat([data["sections"], pd.DataFrame([section("M", "primary", 6, 6, 3)])])
    rows = pd.concat([data["classes"], pd.DataFrame(classes("M", "primary", {g: [1] for g in range(1, 7)}))])
    means = pd.concat([data["facilities"], pd.DataFrame([facility("M", "primary", 100, 0, 100, 1000, 1)])])
    data = data.replace(schools=more, sections=sections, classes=rows, facilities=means)
    after = do(data, do="merge_schools", from_=["N"], into="M", sites="close")
    # 500,000 yuan over 120 and 99 weighted pupils; M had 1,000 and no junior pupils
    yuan = "equipment_yuan"
    primary, junior = (cell(after, "facilities", yuan, school_id="M", stage=s) for s in ("primary", "junior"))
    assert (primary, junior) == (pytest.approx(274_972.60, abs=0.01), pytest.approx(226_027.40, abs=0.01))


# Means


def test_teachers_move_in_proportion_unless_it_is_written_who_goes():
    after = do(town(), do="transfer_teachers", from_="A", to="B", teachers=10, backbone=0)
    # 10 of 20, of whom 19 have the degree: 9.5, so 10
    assert cell(after, "sections", "full_time_teachers", school_id="B") == 22
    assert cell(after, "sections", "teachers_above_required", school_id="A") == 9
    assert cell(after, "sections", "backbone_teachers", school_id="A") == 2
    assert cell(after, "sections", "pe_arts_teachers", school_id="B") == 3


def test_rotation_counts_for_c18_in_its_own_year_alone():
    made = scenario.Scenario(
        title="模拟",
        base_year=2025,
        until=2026,
        actions=[
            {
                "do": "transfer_teachers",
                "from": "A",
                "to": "B",
                "teachers": 3,
                "backbone": 1,
                "rotation": True,
            }
        ],
    )
    years = scenario.years(town(), made, STANDARD)
    assert cell(years[2025], "district", "value", 2025, item="rotation_rotated") == 5
    assert cell(years[2025], "district", "value", 2025, item="rotation_backbone") == 2
    assert cell(years[2026], "district", "value", 2026, item="rotation_rotated") == 2
    assert cell(years[2026], "sections", "full_time_teachers", 2026, school_id="B") == 15


def test_new_teachers_are_certified_and_qualified_and_nothing_more_unless_written():
    after = do(town(), do="hire", school="A", teachers=4, pe_arts=3)
    more = {name: cell(after, "sections", name, school_id="A") for name in TEACHERS}
    assert list(more.values()) == [24, 23, 2, 5, 24, 20]


def test_training_adds_to_what_teachers_have_and_no_teacher():
    after = do(town(), do="train", school="A", backbone=3, above_required=1)
    assert [cell(after, "sections", name, school_id="A") for name in TEACHERS] == [20, 20, 5, 2, 20, 20]


def test_building_and_buying_add_to_the_row_in_which_a_school_reports():
    after = do(
        town(),
        do="build",
        school="N",
        stage="whole",
        sports_ground_m2=500,
        rooms=[{"kind": "music", "area_m2": 98.5}],
    )
    assert cell(after, "facilities", "sports_ground_m2", school_id="N") == 2500
    assert after["rooms"]["area_m2"].sum() == 898.5
    after = do(town(), do="buy", school="A", equipment_yuan=1000, multimedia_rooms=2)
    assert cell(after, "facilities", "equipment_yuan", school_id="A") == 601000
    assert cell(after, "facilities", "multimedia_rooms", school_id="A") == 10


def test_an_input_of_the_district_is_set_or_added():
    after = do(town(), do="set", item="rotation_rotated", value=7)
    assert cell(after, "district", "value", item="rotation_rotated") == 7
    after = do(town(), do="set", item="special_pupils", value=0)
    assert cell(after, "district", "value", item="special_pupils") == 0
    assert len(after["district"]) == 4


# Years


def test_a_year_that_is_there_keeps_its_own_figures_and_one_that_is_not_takes_the_latest():
    data = make(schools=8, years=[2024, 2025])
    made = scenario.Scenario(
        title="模拟",
        base_year=2024,
        until=2026,
        actions=[{"do": "hire", "school": "0001003", "teachers": 2, "year": 2025}],
    )
    years = scenario.years(data, made, STANDARD)
    staff = {
        y: d["sections"].query("school_id == '0001003'")["full_time_teachers"].tolist()
        for y, d in years.items()
    }
    own = data["sections"].query("school_id == '0001003'").set_index("year")["full_time_teachers"]
    # own[2025] is 64; of these 3% leave by 2026 and 62 stay; of the two new ones nobody
    assert own[2025] == 64
    assert staff == {2024: [own[2024]], 2025: [66], 2026: [62 + 2]}
    assert all(d.years == [y] for y, d in years.items())


def test_a_forecast_may_supply_the_years_to_come():
    data = town()

    def shrinking(data, year):
        later = scenario.carry_forward(data, year)
        return later.replace(sections=later["sections"].assign(migrant_pupils=0))

    made = scenario.Scenario(title="模拟", base_year=2025, until=2026)
    years = scenario.years(data, made, STANDARD, later=shrinking)
    assert years[2025]["sections"]["migrant_pupils"].sum() == 30
    assert years[2026]["sections"]["migrant_pupils"].sum() == 0


def test_a_year_begins_with_the_results_that_count_by_its_own_standard(with_change):
    """The mathematics of 2021 count in 2024 where the monitoring comes round in four years, not in three."""
    data = Town(year=2024)
    data.set("monitoring", {"subject": "数学"}, year=2021)
    made = scenario.Scenario(title="模拟", base_year=2024, until=2024)
    for rules, counts in ((STANDARD, False), (with_change(("cycle_years = 3", "cycle_years = 4")), True)):
        begun = scenario.years(data.data(), made, rules)[2024]["monitoring"]
        assert ("数学" in set(begun["subject"])) == counts


def test_an_action_holds_in_the_last_year_unless_it_begins_later():
    data = make(schools=8, years=[2024, 2025])
    bought = {"do": "buy", "school": "0001003", "equipment_yuan": 5, "year": 2024}
    after = apply(data, [bought])
    change = after["facilities"]["equipment_yuan"].sum() - data["facilities"]["equipment_yuan"].sum()
    assert change == pytest.approx(5)
    assert after["facilities"].query("year == 2024")["equipment_yuan"].tolist() == (
        data["facilities"].query("year == 2024")["equipment_yuan"].tolist()
    )
    assert 2026 in apply(data, [{**bought, "year": 2026}]).years
    assert apply(data, [{**bought, "year": 2026}], year=2025)["facilities"] is data["facilities"]


def test_an_action_without_a_year_begins_in_the_year_asked_for():
    teachers = {"do": "transfer_teachers", "from": "A", "to": "B", "teachers": 1, "rotation": True}
    bought = {"do": "buy", "school": "A", "equipment_yuan": 5, "year": 2024}
    after = apply(town(), [bought, teachers], 2026)
    assert cell(after, "district", "value", 2026, item="rotation_rotated") == 3
    assert cell(after, "facilities", "equipment_yuan", 2026, school_id="A") == 600005


def test_new_records_of_an_invented_dataset_say_that_they_are_invented():
    data = make(schools=8, years=[2025])
    after = apply(
        data,
        [
            {
                "do": "open_school",
                "school_id": "D",
                "name": "模拟D",
                "kind": "primary",
                "location": "urban",
                "classes": {"primary": 6},
                "like": "standard",
            },
            {"do": "move_pupils", "from": "0001003", "to": "D", "pupils": 200},
        ],
    )
    for table in ("schools", "sections", "facilities", "classes", "rooms", "funds"):
        assert (after[table]["source"] == "模拟数据").all(), table


# Laws

SMALL = make(schools=8, years=[2024, 2025])
PRIMARY = ("0001001", "0001003", "0001004", "0001005", "0001007", "0001008")
JUNIOR = ("0001002", "0001004", "0001006")
pairs = st.sampled_from(
    [(a, b, "primary") for a in PRIMARY for b in PRIMARY if a != b]
    + [(a, b, "junior") for a in JUNIOR for b in JUNIOR if a != b]
)
some = st.integers(1, 400)


ZONES = st.sampled_from(list(SMALL["zones"]["zone_id"].unique()))
school_ids = st.sampled_from(PRIMARY)


def action(do, **fields):
    return st.fixed_dictionaries({"do": st.just(do), **fields})


def between(do, **fields):
    def named(pair, rest):
        return {"do": do, "from": pair[0], "to": pair[1], "stage": pair[2], **rest}

    return st.builds(named, pairs, st.fixed_dictionaries(fields))


actions = st.one_of(
    between("move_pupils", pupils=some),
    between("move_pupils", share=st.floats(0.01, 1)),
    between("transfer_teachers", teachers=st.integers(1, 30)),
    action(
        "rezone",
        zones=st.lists(ZONES, min_size=1, max_size=2, unique=True),
        stage=st.sampled_from(["primary", "junior"]),
        to=st.sampled_from(["0001004", "0001005"]),
        moves=st.sampled_from(["all", "entrants"]),
    ),
    action("close_school", school=school_ids, to=st.lists(school_ids, min_size=1, max_size=3, unique=True)),
    st.builds(lambda a, b: {"do": "merge_schools", "from": [a], "into": b}, school_ids, school_ids),
    action("split_classes", limit=st.integers(20, 50)),
    action("place_overflow", limit=st.integers(30, 45)),
    action("hire", school=st.sampled_from(JUNIOR[:1]), teachers=st.integers(1, 9)),
    action("train", school=st.sampled_from(PRIMARY), stage=st.just("primary"), backbone=st.integers(1, 9)),
    action("buy", school=st.sampled_from(PRIMARY), equipment_yuan=st.floats(1, 1e6)),
)


def totals(data, year, columns):
    return data["sections"].query("year == @year").groupby("stage")[list(columns)].sum()


@settings(max_examples=12, deadline=None)
@given(st.lists(actions, min_size=1, max_size=5))
def test_nobody_appears_or_vanishes_and_the_dataset_stays_sound(chosen):
    before = {name: frame.copy() for name, frame in SMALL.tables.items()}
    try:
        after = apply(SMALL, chosen, standard=STANDARD)
    except ScenarioError:
        after = None
    for name, frame in SMALL.tables.items():
        pd.testing.assert_frame_equal(frame, before[name])
    if after is None:
        return
    assert [fault for fault in check(after) if fault.severity == "stops"] == []
    hired = sum(a["teachers"] for a in chosen if a["do"] == "hire")
    change = totals(after, 2025, TEACHERS) - totals(SMALL, 2025, TEACHERS)
    assert (change["full_time_teachers"] == [hired, 0]).all()  # junior, primary
    raised = sum(a["backbone"] for a in chosen if a["do"] == "train")
    assert change["backbone_teachers"].sum() == raised
    assert (change["pe_arts_teachers"] == 0).all()
    pd.testing.assert_frame_equal(totals(after, 2025, ["pupils"]), totals(SMALL, 2025, ["pupils"]))
    pd.testing.assert_frame_equal(
        totals(after, 2025, ["in_zone_pupils"]), totals(SMALL, 2025, ["in_zone_pupils"])
    )
    assert after["funds"]["allocation_yuan"].sum() == pytest.approx(SMALL["funds"]["allocation_yuan"].sum())
    sections = after["sections"].query("year == 2025").set_index(["school_id", "stage"])
    listed = (
        after["classes"].query("year == 2025").groupby(["school_id", "stage"])["pupils"].agg(["sum", "count"])
    )
    listed = listed.reindex(sections.index, fill_value=0)
    assert (listed["sum"] == sections["pupils"]).all() and (listed["count"] == sections["classes"]).all()
    assert (sections["in_zone_pupils"] <= sections["pupils"]).all()
    for column in TEACHERS:
        assert (sections[column] <= sections["full_time_teachers"]).all() and (sections[column] >= 0).all()
    for name in ("sections", "facilities", "classes", "rooms", "funds", "zones", "district"):
        earlier = [data[name].query("year == 2024").reset_index(drop=True) for data in (SMALL, after)]
        pd.testing.assert_frame_equal(*earlier)


def test_an_empty_scenario_changes_nothing():
    after = apply(SMALL, [])
    assert all(after[name] is frame for name, frame in SMALL.tables.items())


def test_a_register_written_back_without_a_change_is_the_same_table():
    register = YearRecords.of(SMALL, 2025)
    row = register["sections"][("0001003", "primary")]
    after = write_back(SMALL, register, register.put("sections", {("0001003", "primary"): {**row}}))
    pd.testing.assert_frame_equal(
        after["sections"].sort_values(["year", "school_id", "stage"], ignore_index=True),
        SMALL["sections"].sort_values(["year", "school_id", "stage"], ignore_index=True),
    )


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6).filter(any), st.data())
def test_parts_add_up_and_none_exceeds_what_is_there(weights, data):
    total = data.draw(st.integers(0, sum(weights)))
    parts = apportion(total, weights)
    assert sum(parts) == total
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@given(st.integers(1, 99), st.data())
def test_what_goes_along_leaves_a_possible_rest(whole, data):
    part, moving = data.draw(st.integers(0, whole)), data.draw(st.integers(0, whole))
    goes = carried(moving, part, whole)
    assert 0 <= goes <= moving and 0 <= part - goes <= whole - moving


def test_the_examples_are_marked_as_invented_and_can_be_done():
    folder = Path(__file__).parents[1]
    data = qb.load(folder / "data" / "sample")
    files = sorted((folder / "notebooks" / "scenarios").glob("*.toml"))
    assert [f.stem for f in files] == ["equipment", "merger", "new_school", "rotation"]
    for file in files:
        assert "模拟" in scenario.load(file).title
        for year, one in scenario.years(data, file, STANDARD).items():
            assert not [fault for fault in check(one) if fault.severity == "stops"], (file.name, year)


def test_new_homes_bring_children_to_the_zone_and_its_school_evenly_over_the_grades():
    # 400 homes with 305 primary pupils per thousand: 122. Six grades get 21, 21, 20 … to their 50; at 45 a
    # class the one class of each grade becomes two. 122 are all from the zone, and bring no money.
    before = town()
    after = do(before, do="new_estate", zone="Z0", households=400, primary_per_thousand=305.0)
    assert cell(after, "sections", "pupils", school_id="A", stage="primary") == 422
    assert cell(after, "sections", "in_zone_pupils", school_id="A", stage="primary") == 297 + 122
    assert [sum(held) for held in sizes(after, "A").values()] == [71, 71, 70, 70, 70, 70]
    assert cell(after, "sections", "classes", school_id="A", stage="primary") == 12
    assert cell(after, "zones", "primary_children", zone_id="Z0") == 182
    assert after["funds"]["allocation_yuan"].sum() == before["funds"]["allocation_yuan"].sum()
    assert cell(after, "sections", "pupils", school_id="N", stage="junior") == 90
