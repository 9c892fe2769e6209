"""Base and scenarios side by side: what changes, year by year, and which action does it."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import arguments_of
from test_scenario import STANDARD, town

import qb
from qb.errors import QbError
from qb.indicators.assessment import json_document as assessment_document
from qb.planning.scenario import (
    Scenario,
    apply,
    combined,
    great_circle_km,
    json_document,
    summary,
    to_toml,
    walking,
    whatif,
)
from qb.planning.scenario.comparison import how_measured
from qb.terms import Stage

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "notebooks" / "scenarios").glob("*.toml"))


def make(*actions, **fields):
    return Scenario(**{"title": "模拟情景", "base_year": 2025, **fields}, actions=actions)


def compare(*actions, **fields):
    return whatif(town(), [make(*actions, **fields)], standard=STANDARD)


def changed(comparison, what, **key):
    """Return before and after of the one change of that kind."""
    frame = comparison.outcomes[0].changes
    for name, value in {"what": what, **key}.items():
        frame = frame[(frame[name] == value).to_numpy()]
    assert len(frame) == 1, (what, key)
    return tuple(frame[["before", "after"]].iloc[0])


OPEN = {
    "do": "open_school",
    "school_id": "D",
    "name": "模拟D",
    "kind": "primary",
    "location": "urban",
    "longitude": 114.001,
    "latitude": 34.0,
    "capacity": {"primary": 130},
    "like": "standard",
}
REZONE = {"do": "rezone", "zones": ["Z0", "Z1"], "stage": "primary", "to": "D", "moves": "all"}
TRAIN = {"do": "train", "school": "B", "backbone": 2}


def test_both_sides_are_what_assess_says_of_the_datasets():
    data = town()
    found = whatif(data, [make(TRAIN)], standard=STANDARD)
    after = qb.assess(apply(data, [TRAIN]), 2025, STANDARD)
    assert assessment_document(found.base[2025]) == assessment_document(qb.assess(data, 2025, STANDARD))
    assert assessment_document(found.outcomes[0].assessments[2025]) == assessment_document(after)


def test_an_empty_scenario_changes_nothing():
    outcome = compare().outcomes[0]
    assert outcome.changes.empty and outcome.moved.empty and outcome.contributions.empty


def test_changes_say_compliance_and_coefficient_of_what_was_done_and_of_nothing_else():
    found = compare(TRAIN)
    changes = found.outcomes[0].changes
    # B has 2 backbone teachers for 180 pupils, 1.11 a hundred, above the limit of 1; then 4, 2.22.
    # In all 300, 180, 30 and 120 pupils have 2 each: mean 8/630; by hand S² = Σ P/N·(2/P − 8/630)²
    pupils, before = np.array([300, 180, 30, 120]), np.array([2, 2, 2, 2])
    after = np.array([2, 4, 2, 2])

    def coefficient(amount):
        mean = amount.sum() / pupils.sum()
        return math.sqrt((pupils / pupils.sum() * (amount / pupils - mean) ** 2).sum()) / mean

    told = changed(found, "coefficient", stage="primary", code="C2")
    assert told == pytest.approx((coefficient(before), coefficient(after)))
    assert changed(found, "mean", stage="primary", code="C2") == pytest.approx((800 / 630, 1000 / 630))
    assert set(changes["code"].dropna()) == {"C2", "composite"}
    assert "pupils" not in set(changes["what"])


def test_helping_a_school_above_the_mean_raises_the_coefficient_and_no_verdict():
    found = compare({"do": "buy", "school": "C", "equipment_yuan": 60000})
    # C has 2,000 yuan a pupil already, the mean of the other three is lower or about that
    before, after = changed(found, "coefficient", stage="primary", code="C6")
    assert after > before
    assert not (found.outcomes[0].changes["what"] == "school verdict").any()


def test_a_school_that_opens_has_no_figure_before():
    found = compare(OPEN, REZONE)
    assert changed(found, "pupils", school_id="D") == (None, 121)
    assert changed(found, "pupils", school_id="A") == (300, 179)
    assert changed(found, "school verdict", school_id="D") == (None, "pass")


def test_who_changes_school_is_counted_by_schools_and_stage():
    outcome = compare(OPEN, REZONE).outcomes[0]
    assert outcome.moved.to_dict("records") == [{"from": "A", "to": "D", "stage": "primary", "pupils": 121}]


def test_contributions_in_order_add_up_to_the_whole():
    found = compare(
        OPEN, REZONE, TRAIN, {"do": "split_classes"}, {"do": "hire", "school": "C", "teachers": 2}
    )
    table = found.outcomes[0].contributions
    total = table.groupby(["what", "stage", "code"], dropna=False)["added"].sum()
    base, after = found.base[2025], found.outcomes[0].assessments[2025]
    for row, old in zip(after.balance.itertuples(), base.balance["coefficient"], strict=True):
        assert total["coefficient", row.stage, row.code] == pytest.approx(row.coefficient - old)
    passing = [int((a.rows.query("stage == 'primary'")["verdict"] == "pass").sum()) for a in (base, after)]
    summed = table[(table["what"] == "schools passing") & (table["stage"] == "primary")]["added"].sum()
    assert summed == passing[1] - passing[0] == 2  # the new school, and A, which it relieves


def test_an_action_is_also_weighed_by_leaving_it_out():
    two = [{"do": "train", "school": s, "backbone": 1} for s in ("A", "A")]
    table = compare(*two).outcomes[0].contributions
    passing = table[(table["what"] == "schools passing") & (table["stage"] == "primary")]
    assert passing["added"].tolist() == [0, 0] and passing["left_out"].tolist() == [0, 0]
    spread = table[(table["code"] == "C2") & (table["stage"] == "primary")].set_index("number")
    # alike, so leaving out either is the same, and it is what the second adds after the first
    assert spread["left_out"].tolist() == pytest.approx([spread.loc[2, "added"]] * 2)
    assert spread.loc[1, "added"] != pytest.approx(spread.loc[2, "added"])


def test_an_action_that_others_need_cannot_be_left_out_and_it_is_said_why():
    table = compare(OPEN, REZONE).outcomes[0].contributions
    first = table[table["number"] == 1]
    assert first["left_out"].isna().all()
    assert set(first["reason"]) == {"缺了这一项，第 2 项做不成：没有学校 D，请核对学校标识码"}
    assert table[table["number"] == 2]["reason"].isna().all()


def test_years_stand_side_by_side_and_an_action_shows_from_its_year_on():
    found = compare({**TRAIN, "year": 2026}, until=2027)
    assert found.year == 2027 and list(found.base) == [2025, 2026, 2027]
    spread = found.by_year.query("what == 'coefficient' and stage == 'primary' and code == 'C2'")
    by = spread.set_index(["scenario", "year"])["value"]
    assert by[1, 2025] == by[0, 2025] == by[0, 2027]
    assert by[1, 2026] == by[1, 2027] != by[0, 2026]


def test_scenarios_of_different_spans_are_compared_over_the_same_years():
    one, other = make(TRAIN), make({**TRAIN, "year": 2027}, title="另一情景")
    found = whatif(town(), [one, other], standard=STANDARD)
    assert [list(outcome.data) for outcome in found.outcomes] == [[2025, 2026, 2027]] * 2
    assert whatif(town(), [one, other], 2026, STANDARD).outcomes[1].changes.empty


def test_a_year_before_the_scenarios_and_no_scenario_are_refused():
    with pytest.raises(QbError, match="2024 学年早于情景的基年 2025"):
        whatif(town(), [make(TRAIN)], 2024)
    with pytest.raises(QbError, match="没有给出情景"):
        whatif(town(), [])


# Distance


@given(st.floats(-179, 179), st.floats(-85, 85), st.floats(-179, 179), st.floats(-85, 85))
def test_the_distance_is_that_of_the_law_of_cosines(lon, lat, lon2, lat2):
    # another formula for the same arc; it is inaccurate for short ones
    a, b, difference = map(math.radians, (lat, lat2, lon2 - lon))
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(difference)
    arc = 6371.0088 * math.acos(max(-1, min(1, cosine)))
    assert float(great_circle_km(lon, lat, lon2, lat2)) == pytest.approx(arc, abs=0.5)


def test_each_child_counts_once_in_the_mean_way():
    zones = pd.DataFrame(
        {
            "year": 2025,
            "zone_id": ["P", "Q", "R"],
            "district": "模拟区",
            "longitude": [114.0, 114.0, None],
            "latitude": [34.0, 34.02, 34.0],
            "primary_children": [30, 10, 7],
            "primary_school_id": ["A", "A", "A"],
        }
    )
    (row,) = walking(town().replace(zones=zones), 2025, detour=1.5).query("stage == 'primary'").itertuples()
    # P lies at the school, Q 0.02° north of it: 2.2239 km, 3.3358 on foot, for 10 of 40 children
    assert (row.children, row.unknown) == (40, 7)
    assert row.mean_km == pytest.approx(0.83396, abs=1e-4)
    assert row.farthest_km == pytest.approx(3.33585, abs=1e-4)

    # The table goes before the straight line, and tells the way of R, which has no place: 25 + 7 km in all.
    table = pd.DataFrame({"zone_id": ["Q", "R"], "place_id": ["A", "A"], "walk_km": [2.5, 1.0]})
    told = walking(town().replace(zones=zones, distances=table), 2025, detour=1.5)
    (row,) = told.query("stage == 'primary'").itertuples()
    assert (row.children, row.unknown, row.ways, row.measured) == (47, 0, 3, 2)
    assert (row.mean_km, row.farthest_km) == (pytest.approx(32 / 47), 2.5)
    assert arguments_of(how_measured(told, 1.5)) == (3, 2, 1.5)


def test_a_closed_schools_zones_go_where_the_walk_is_shortest_as_the_table_has_it():
    table = pd.DataFrame({"zone_id": ["Z0"], "place_id": ["N"], "walk_km": [0.4]})  # B is 1.2 km away
    close = {"do": "close_school", "school": "A", "to": ["B", "N"]}
    zones = apply(town().replace(distances=table), [close], standard=STANDARD)["zones"]
    goes = zones.set_index("zone_id")["primary_school_id"]
    assert (goes["Z0"], goes["Z1"]) == ("N", "B")


def test_a_new_school_shortens_the_way():
    table = compare(OPEN, REZONE).walking.query("stage == 'primary'").set_index("scenario")
    # Z0 and Z1 lie 0.001° west and east of D, 0 and 0.002° from A; Z2 is 0.001° from B, Z3 at C.
    # 0.001° are 0.0922 km at 34° north, 0.1198 on foot.
    assert table["farthest_km"].tolist() == pytest.approx([0.2397, 0.1198], abs=1e-4)
    assert table["mean_km"].tolist() == pytest.approx(
        [0.1198 * (61 * 2 + 90) / 241, 0.1198 * (121 + 90) / 241], abs=1e-4
    )


def test_of_a_zone_rezoned_from_the_entrants_on_only_they_walk_to_the_new_school():
    # Grade 1 is a sixth of A's pupils: 10 of Z0's 60 and 10 of Z1's 61 go to D, 0.001° away. Of those who
    # stay at A, 50 live there and 51 have 0.002°; 90 of Z2 have 0.001° to B, 30 of Z3 none.
    table = compare(OPEN, {**REZONE, "moves": "entrants"}).walking.query(
        "stage == 'primary' and scenario == 1"
    )
    assert table["children"].tolist() == [241]
    assert table["mean_km"].tolist() == pytest.approx([0.1198 * (20 + 51 * 2 + 90) / 241], abs=1e-4)
    assert table["farthest_km"].tolist() == pytest.approx([0.2397], abs=1e-4)


def test_zones_without_a_way_are_named_and_places_that_lack_are_found():
    # D is planned for 100 pupils, 121 come; its place is not known.
    nowhere = {name: value for name, value in OPEN.items() if name not in ("longitude", "latitude")}
    found = compare({**nowhere, "capacity": {"primary": 100}}, REZONE)
    said = found.outcomes[0].findings
    assert [arguments_of(one) for one in said] == [
        ("模拟D", Stage.PRIMARY, 100, 121, 21),
        (Stage.PRIMARY, 121, "Z0", "Z1"),
    ]
    assert json_document(found)["scenarios"][0]["findings"] == list(said)
    assert f"注意：{said[0]}。" in summary(found)


def test_rows_that_pass_are_told_apart_from_those_of_new_schools():
    # A and B, the base's passing rows, stay as they are; D is given what the standard demands of its 121.
    found = compare(OPEN, REZONE)
    rows = found.outcomes[0].assessments[2025].rows
    now, before = ((r["verdict"] == "pass").sum() for r in (rows, found.base[2025].rows))
    assert (rows.set_index("school_id")["verdict"]["D"]) == "pass"
    (said,) = (line for line in found.outcomes[0].findings if "原有学校" in line)
    assert arguments_of(said) == (before, now, 1, before, now - 1)


def test_a_zone_given_to_a_private_school_is_questioned():
    found = compare({**OPEN, "ownership": "private"}, REZONE)
    assert (2, "模拟D") in map(arguments_of, found.outcomes[0].findings)


def test_two_files_can_be_done_as_one_scenario(tmp_path):
    files = [tmp_path / "甲.toml", tmp_path / "乙.toml"]
    for file, action in zip(files, (TRAIN, {"do": "hire", "school": "A", "teachers": 1}), strict=True):
        file.write_text(to_toml(make(action, title=file.stem)), encoding="utf-8")
    made = combined(files)
    assert (made.title, [a.do for a in made.actions]) == ("甲＋乙", ["train", "hire"])
    (together,) = whatif(town(), [made], standard=STANDARD).outcomes
    both = compare(TRAIN, {"do": "hire", "school": "A", "teachers": 1}).outcomes[0]
    assert together.assessments[2025].rows.equals(both.assessments[2025].rows)


def test_beyond_the_forecast_years_stand_still_and_are_not_computed_one_by_one(committed):
    far = Scenario(title="模拟", base_year=2025, until=2090)
    found = whatif(committed, [far], standard=STANDARD)
    assert list(found.base_data) == [*range(2025, 2036), 2090]
    assert (2036, 2090, 10, 2035) in map(arguments_of, found.notes)
    one, other = (found.base_data[y]["sections"].drop(columns="year") for y in (2035, 2090))
    assert one.equals(other)


# What is printed


def test_the_document_has_the_shape_that_others_rely_on():
    found = json_document(compare(OPEN, REZONE))
    text = json.loads(json.dumps(found, ensure_ascii=False, allow_nan=False))
    assert set(text) >= {"base", "scenarios"}
    (one,) = text["scenarios"]
    assert set(one) >= {"title", "assessment", "changes"}
    assert set(text["base"]) == set(one["assessment"]) >= {"year", "standard", "districts"}
    assert all(set(c) >= {"what", "stage", "code", "school_id", "before", "after"} for c in one["changes"])
    assert {c["what"] for c in one["changes"]} >= {
        "coefficient",
        "pupils",
        "school verdict",
        "met",
        "shortfall",
    }


def test_the_summary_says_compliance_and_coefficient_side_by_side():
    text = summary(compare(OPEN, REZONE))
    assert "学校（学段）5 个，达标 " in text and "学校（学段）6 个，达标 " in text
    assert "模拟D小学 无→达标" in text
    data = town()
    schools = data["schools"].assign(name=data["schools"]["name"].replace("模拟A", "甲校"))
    close = make({"do": "close_school", "school": "A", "to": ["B"]})
    closed = summary(whatif(data.replace(schools=schools), [close], standard=STANDARD))
    assert "甲校小学 达标→无" in closed or "甲校小学 未达标→无" in closed  # what has closed keeps its name
    assert "换学校的学生：小学 121 人" in text
    assert "第 1 项 开办学校：达标 +0（后面的操作离不开它）" in text
    assert "差异系数：小学 C1 " in text


def test_the_examples_give_what_their_titles_promise():
    found = whatif(qb.load(ROOT / "data" / "sample"), EXAMPLES, standard=STANDARD)
    outcome = {file.stem: o for file, o in zip(EXAMPLES, found.outcomes, strict=True)}
    verdicts = {
        name: o.changes[(o.changes["what"] == "school verdict").to_numpy()][["school_id", "stage", "after"]]
        for name, o in outcome.items()
    }
    assert verdicts["new_school"].to_numpy().tolist() == [
        ["0001021", "junior", "pass"],
        ["0009001", "primary", "pass"],
        ["0009001", "junior", "pass"],
    ]
    # two of the three schools that get backbone teachers meet one indicator more, and C2 is more even
    rotation = outcome["rotation"].changes
    met = rotation[(rotation["what"] == "met").to_numpy()]
    assert set(met["school_id"]) == {"0001021", "0001023"} and (met["after"] - met["before"] == 1).all()
    spread = rotation.query("what == 'coefficient' and code == 'C2'")
    assert len(spread) == 2 and (spread["after"] < spread["before"]).all()
    rows = outcome["merger"].assessments[found.year].rows
    own = found.base_data[found.year]["sections"].set_index("school_id")["pupils"]
    assert rows.set_index("school_id").loc["0001010", "pupils"] == own["0001010"] + own["0001017"]
    added = outcome["equipment"].contributions.query("code == 'C6' and stage == 'primary'")["added"]
    assert added.iloc[0] < 0 < added.iloc[2]  # below the mean, above the mean
