"""Years that the data lack: pupils and teachers go on from what the actions made of them."""

from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from test_scenario import SMALL, STANDARD, actions, cell, sizes, town

from qb.data.checks import check
from qb.planning.forecast.projection import forecast, forecast_dataset
from qb.planning.scenario import Scenario, ScenarioError, whatif, years


def steady():
    """The town as it was the year before as well: everyone moves up, as many enter as leave."""
    now = town()
    frames = {
        name: pd.concat([frame.assign(year=2024), frame], ignore_index=True)
        for name, frame in now.tables.items()
        if "year" in frame and len(frame)
    }
    return now.replace(**frames)


def run(*chosen, until=2027, data=None):
    made = Scenario(title="模拟", base_year=2025, until=until, actions=chosen)
    return years(steady() if data is None else data, made, STANDARD)


def grades(data, school, year):
    return {grade: sum(held) for grade, held in sizes(data, school, year=year).items()}


def pupils(data, school, year):
    return cell(data, "sections", "pupils", year, school_id=school)


def test_a_year_beyond_the_data_is_that_of_the_forecast(committed):
    empty = Scenario(title="模拟", base_year=2025, until=2027)
    found = whatif(committed, [empty], standard=STANDARD).base_data
    made = forecast(committed, 2027)
    for year in (2026, 2027):
        expected = forecast_dataset(committed, made, year, STANDARD)["sections"]
        pd.testing.assert_frame_equal(found[year]["sections"], expected)
    assert found[2027]["sections"]["pupils"].sum() != found[2025]["sections"]["pupils"].sum()


def test_pupils_who_changed_school_move_up_and_leave_with_their_year():
    found = run({"do": "move_pupils", "from": "A", "to": "B", "pupils": 10, "grades": [5]})
    assert grades(found[2025], "A", 2025) == {1: 50, 2: 50, 3: 50, 4: 50, 5: 40, 6: 50}
    assert grades(found[2026], "A", 2026) == {1: 50, 2: 50, 3: 50, 4: 50, 5: 50, 6: 40}
    assert grades(found[2026], "B", 2026) == {1: 30, 2: 30, 3: 30, 4: 30, 5: 30, 6: 40}
    assert grades(found[2027], "A", 2027) == dict.fromkeys(range(1, 7), 50)


def test_those_who_enter_after_a_changed_entry_grade_follow():
    found = run({"do": "move_pupils", "from": "A", "to": "B", "pupils": 10, "grades": [1]})
    assert grades(found[2027], "A", 2027) == {1: 40, 2: 40, 3: 40, 4: 50, 5: 50, 6: 50}
    assert grades(found[2027], "B", 2027) == {1: 40, 2: 40, 3: 40, 4: 30, 5: 30, 6: 30}


def test_a_number_of_pupils_is_later_the_share_that_it_was():
    before, after = 0.5, 150  # of 300, of whom in the second year 200 enter fewer: by hand below
    data = steady()
    rows = data["classes"]
    fewer = (rows["year"] == 2025) & (rows["school_id"] == "A") & (rows["grade"] == 1)
    sections = data["sections"]
    mine = (sections["year"] == 2025) & (sections["school_id"] == "A")
    data = data.replace(
        classes=rows.assign(pupils=rows["pupils"].mask(fewer, 20)),
        sections=sections.assign(
            pupils=sections["pupils"].mask(mine, 270),
            in_zone_pupils=sections["in_zone_pupils"].mask(mine, 260),
        ),
    )
    found = run({"do": "move_pupils", "from": "A", "to": "B", "pupils": 135}, data=data, until=2026)
    # 2025: 135 of 270, one half. 2026: twenty enter again and twenty move up, 240 in all; half of them.
    base = run(until=2026, data=data)[2026]
    assert pupils(base, "A", 2026) == 240 and before * 300 == after
    assert pupils(found[2025], "A", 2025) == 135
    assert pupils(found[2026], "A", 2026) == 120


def test_a_rezoned_entry_fills_the_new_school_grade_by_grade():
    found = run({"do": "rezone", "zones": ["Z0"], "stage": "primary", "to": "B"})
    # 60 children in six grades of the same size: ten of each grade that has followed
    assert [pupils(found[y], "A", y) for y in (2025, 2026, 2027)] == [290, 280, 270]
    assert grades(found[2027], "A", 2027) == {1: 40, 2: 40, 3: 40, 4: 50, 5: 50, 6: 50}


def test_the_children_of_a_zone_keep_their_part_of_its_school(committed):
    empty = Scenario(title="模拟", base_year=2025, until=2028)
    found = years(committed, empty, STANDARD)
    parts = {}
    for year in (2025, 2028):
        zones, sections = found[year]["zones"], found[year]["sections"].set_index(["school_id", "stage"])
        held = [sections["pupils"].get((school, "primary")) for school in zones["primary_school_id"]]
        parts[year] = (zones["primary_children"] / pd.Series(held, dtype=float)).to_numpy()
    assert found[2028]["zones"]["primary_children"].sum() < found[2025]["zones"]["primary_children"].sum()
    # children and pupils are whole numbers: a school of 37 is off by one or two of a hundred
    assert parts[2028] == pytest.approx(parts[2025], abs=0.03)


def test_teachers_who_were_hired_leave_like_all_others():
    found = run({"do": "hire", "school": "A", "teachers": 40, "backbone": 20}, until=2028)
    base = run(until=2028)
    more = {
        column: cell(found[2028], "sections", column, 2028, school_id="A")
        - cell(base[2028], "sections", column, 2028, school_id="A")
        for column in ("full_time_teachers", "backbone_teachers")
    }
    # 3% a year: 40 · 0.97³ = 36.5 and 20 · 0.97³ = 18.3
    assert more == {"full_time_teachers": 37, "backbone_teachers": 18}


def test_teachers_of_a_new_school_leave_too():
    given = {"full_time_teachers": 100, "teachers_above_required": 50, "backbone_teachers": 0}
    more = {"pe_arts_teachers": 0, "teaching_area_m2": 9.0, "sports_ground_m2": 9.0}
    opened = {
        "do": "open_school", "school_id": "D", "name": "模拟D", "kind": "primary", "location": "urban",
        "capacity": {"primary": 130}, "year": 2026,
        "given": {"primary": {**given, **more, "equipment_yuan": 9.0, "multimedia_rooms": 1}},
    }  # fmt: skip
    found = run(opened)
    staff = [cell(found[y], "sections", "full_time_teachers", y, school_id="D") for y in (2026, 2027)]
    assert staff == [100, 97]
    assert cell(found[2027], "facilities", "sports_ground_m2", 2027, school_id="D") == 9


def test_an_action_possible_in_its_year_stays_possible_when_teachers_have_left():
    transfer = {"do": "transfer_teachers", "from": "A", "to": "B", "teachers": 20}
    train = {"do": "train", "school": "N", "stage": "junior", "backbone": 7}  # now all nine of them
    found = run(transfer, train, until=2030)
    assert cell(found[2030], "sections", "full_time_teachers", 2030, school_id="A") == 0
    section = found[2030]["sections"].query("school_id == 'N' and stage == 'junior'").iloc[0]
    assert section["backbone_teachers"] <= section["full_time_teachers"]


def test_teachers_on_rotation_count_in_their_own_year_alone():
    moved = {"do": "transfer_teachers", "from": "A", "to": "B", "teachers": 3, "rotation": True, "year": 2026}
    found = run(moved)
    rotated = [cell(found[y], "district", "value", y, item="rotation_rotated") for y in (2025, 2026, 2027)]
    assert rotated == [2, 5, 2]


@cache
def as_it_is():
    return years(SMALL, Scenario(title="模拟", base_year=2025, until=2027), STANDARD)


@settings(max_examples=5, deadline=None)
@given(st.lists(actions, min_size=1, max_size=4))
def test_in_years_to_come_nobody_appears_or_vanishes_either(chosen):
    try:
        made = Scenario(title="模拟", base_year=2025, until=2027, actions=chosen)
        found = years(SMALL, made, STANDARD)
    except (ScenarioError, ValidationError):
        return
    base = as_it_is()
    for year, data in found.items():
        assert [fault for fault in check(data) if fault.severity == "stops"] == []
        by = ["stage"]
        counted = [frame["sections"].groupby(by)["pupils"].sum() for frame in (data, base[year])]
        pd.testing.assert_series_equal(*counted)
        staff = (
            data["sections"]["full_time_teachers"].sum() - base[year]["sections"]["full_time_teachers"].sum()
        )
        hired = sum(a["teachers"] for a in chosen if a["do"] == "hire")
        assert abs(staff - hired * 0.97 ** (year - 2025)) <= 0.5 * len(chosen)


def test_what_was_assumed_of_the_years_to_come_is_said(committed):
    empty = Scenario(title="模拟", base_year=2025, until=2026)
    (note,) = whatif(committed, [empty], standard=STANDARD).notes
    assert "2026 学年起" in note and "教师每年离职 3%" in note
    assert whatif(committed, [empty], 2025, STANDARD).notes == ()


def test_data_that_cannot_be_forecast_stay_as_they_are_and_it_is_said_why():
    empty = Scenario(title="模拟", base_year=2025, until=2026)
    found = whatif(town(classes=[]), [empty], standard=STANDARD)
    assert found.base_data[2026]["sections"]["pupils"].sum() == 720  # 300 + 180 + 30 + 120 + 90
    assert "沿用 2025 学年的数字" in found.notes[0] and "班级表没有数据" in found.notes[0]


def test_data_of_one_year_go_on_by_the_naive_forecast_and_it_is_said():
    empty = Scenario(title="模拟", base_year=2025, until=2026)
    found = whatif(town(), [empty], standard=STANDARD)
    # Everyone moves up and as many enter as before: A's 300, and C's 30.
    assert [pupils(found.base_data[2026], school, 2026) for school in ("A", "C")] == [300, 30]
    assert any("学年太少" in note and "入学人数同上年" in note for note in found.notes)


@pytest.mark.parametrize("years_known", [1, 2])
def test_a_school_that_closes_has_no_rows_in_years_to_come_and_is_named(years_known):
    data = steady() if years_known == 2 else town()
    data = data.replace(
        schools=data["schools"].assign(closed_year=data["schools"]["school_id"].map({"A": 2025.0}))
    )
    found = whatif(data, [Scenario(title="模拟", base_year=2025, until=2027)], standard=STANDARD)
    for table in ("sections", "facilities", "classes"):
        assert "A" in set(found.base_data[2025][table]["school_id"])
        assert "A" not in set(found.base_data[2027][table]["school_id"])
    assert "A" not in set(found.base[2027].rows["school_id"])
    assert any("（A）" in note and "办学到 2025 学年为止" in note for note in found.notes)
