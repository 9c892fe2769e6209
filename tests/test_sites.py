"""Sites apart: each whole is split by its own pupils; what should have been reported and was not is open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from town import YEAR, Town, area, coefficient, findings, indicator, others, school_row, together, verdict

from qb.data.checks import check
from qb.data.dataset import Dataset
from qb.errors import DataError
from qb.indicators.assessment import assess, document
from qb.report.facts import summary

SEVEN = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")
SHARED = ("C4", "C5", "C6", "C7")


def shares(town, school_id, **figures):
    """Set what a site shares; it has no indoor sports area."""
    return town.set("facilities", {"school_id": school_id}, indoor_sports_area_m2=0, **figures)


def amounts(assessment, school_id, code, *stages):
    return [float(school_row(assessment, school_id, stage)[f"{code}_amount"]) for stage in stages]


# Split first, then add up. Every expectation is worked out in the test's own words.


def test_a_junior_campus_of_a_complete_secondary_school_does_not_draw_the_schools_whole():
    """300 junior and 600 senior pupils: 300 / (300 + 1.2 · 600) = 5/17 of the whole are the junior stage's.

    5/17 of 5100 m², 9180 m², 2,040,000 yuan and 21 rooms are 1500, 2700, 600,000 and 6.176; with the
    campus 4500, 8100, 1,800,000 and 18.176 for 900 pupils. Splitting by 900 and 600 gives 6.48, 11.67,
    2593 and 2.63, each above its limit.
    """
    town = Town(schools=False).add("001", "complete_secondary", whole=True, junior=300, senior=600)
    town.add("002", "complete_secondary", whole=True, junior=600, parent_id="001")
    given = ("teaching_area_m2", "sports_ground_m2", "equipment_yuan", "multimedia_rooms")
    shares(town, "001", **dict(zip(given, (5100, 9180, 2_040_000, 21), strict=True)))
    shares(town, "002", **dict(zip(given, (3000, 5400, 1_200_000, 12), strict=True)))
    row = school_row(town.assess(), "001", "junior")
    assert row["pupils"] == 900
    assert [row[code] for code in SHARED] == pytest.approx([5.0, 9.0, 2000.0, (21 * 5 / 17 + 12) / 9])
    assert [row[f"{code}_verdict"] for code in SHARED] == ["fail"] * 4
    assert row["verdict"] == "fail"


def test_a_primary_campus_of_a_nine_year_school_takes_nothing_from_the_junior_stage():
    """600 and 300 pupils share 5.3 · (600 + 330) = 4929 m²: 3180 and 1749, which is 5.83 for a junior pupil.

    Splitting by 1200 and 300 gives the junior stage 5.3 · 930 · 330 / 1530 / 300 = 3.54.
    """
    town = Town(schools=False).add("九", "nine_year", whole=True, primary=600, junior=300)
    town.add("分", "primary", whole=True, primary=600, parent_id="九")
    shares(town, "九", teaching_area_m2=4929)
    shares(town, "分", teaching_area_m2=2700)
    assessment = town.assess()
    assert school_row(assessment, "九", "junior")["C4"] == pytest.approx(5.83)
    assert school_row(assessment, "九")["C4"] == pytest.approx((3180 + 2700) / 1200)
    assert school_row(assessment, "九", "junior")["C4_verdict"] == "pass"


def test_a_twelve_year_school_with_a_primary_campus_is_split_in_three_by_its_own_pupils():
    """3420 yuan over 100, 110 and 132 weighted pupils are 1000, 1100 and 1320; the campus adds 500."""
    town = Town(schools=False).add("十二", "twelve_year", whole=True, primary=100, junior=100, senior=100)
    town.add("分", "primary", whole=True, primary=100, parent_id="十二")
    shares(town, "十二", equipment_yuan=3420)
    shares(town, "分", equipment_yuan=500)
    assert amounts(town.assess(), "十二", "C6", "primary", "junior") == pytest.approx([1500, 1100])


@pytest.mark.parametrize("kind", ["nine_year", None, "primary"])
def test_a_campus_with_both_stages_is_split_by_its_own_pupils(kind):
    """2100 over 100 and 110, 6200 over 200 and 110: 1000 + 4000 and 1100 + 2200 (added first: 4788, 3512).

    Where the campus's kind is not known, or does not have its stages, the weights are its school's.
    """
    town = Town(schools=False).add("九", "nine_year", whole=True, primary=100, junior=100)
    town.add("分", kind, whole=True, primary=200, junior=100, parent_id="九")
    shares(town, "九", equipment_yuan=2100)
    shares(town, "分", equipment_yuan=6200)
    assert amounts(town.assess(), "九", "C6", "primary", "junior") == pytest.approx([5000, 3300])


@pytest.mark.parametrize("kind", ["junior", "nine_year", None])
def test_the_stage_that_only_a_campus_has_is_not_asked_of_the_school(kind):
    """The primary pupils are at the school, the junior ones at its campus: neither whole is split."""
    town = Town(schools=False).add("九", "nine_year", whole=True, primary=100)
    town.add("分", kind, whole=True, junior=50, parent_id="九")
    shares(town, "九", equipment_yuan=2100)
    shares(town, "分", equipment_yuan=700)
    assessment = town.assess()
    assert amounts(assessment, "九", "C6", "primary", "junior") == [2100, 700]
    assert not len(assessment.silent)


def test_a_whole_that_one_site_cannot_split_leaves_only_its_own_school_open():
    town = Town(schools=False).add("九", "nine_year", whole=True, primary=100, junior=None)
    town.add("另", "nine_year", whole=True, primary=100, junior=100)
    town.add("分", "primary", whole=True, primary=50, parent_id="九")
    assessment = town.assess()
    assert [school_row(assessment, "九")[f"{code}_verdict"] for code in SHARED] == ["no data"] * 4
    assert [school_row(assessment, "另")[f"{code}_verdict"] for code in SHARED] == ["pass"] * 4


def test_nothing_is_nothing_however_it_would_be_split():
    """A site without pupils at either stage adds its grounds by stage only; of no room it adds none."""
    town = Town(schools=False).add("九", "nine_year", primary=100, junior=100)
    town.add("场", "nine_year", whole=True, primary=0, junior=0, parent_id="九")
    assert amounts(town.assess(), "九", "C7", "primary", "junior") == [4, 4]
    shares(town, "场", sports_ground_m2=600)
    row = school_row(town.assess(), "九")
    # How much of the grounds is each stage's is open; what each has of its own is enough without them.
    assert np.isnan(row["C5"]) and not np.isnan(row["C4"])
    assert [row[f"{code}_verdict"] for code in SHARED] == ["pass"] * 4


# Silence


@pytest.mark.parametrize(
    ("kind", "stages"),
    [
        ("primary", ["primary"]),
        ("junior", ["junior"]),
        ("nine_year", ["primary", "junior"]),
        ("twelve_year", ["primary", "junior"]),
        ("complete_secondary", ["junior"]),
        ("teaching_point", ["primary"]),
        (None, ["primary", "junior"]),
    ],
)
def test_a_school_that_reported_nothing_is_no_data_at_each_stage_of_its_kind(kind, stages):
    assessment = Town().add("默", kind).assess()
    rows = assessment.rows[assessment.rows["school_id"] == "默"]
    assert rows["stage"].tolist() == stages
    assert rows["verdict"].tolist() == ["no data"] * len(stages)
    assert rows["pupils"].isna().all()
    assert [area(assessment, name) for name in ("resources", "guarantee", "district")] == ["no data"] * 3
    # A coefficient of a stage is open, and says how many are missing; the other stage is as it was.
    for stage in ("primary", "junior"):
        open_ = stage in stages
        found = coefficient(assessment, stage, "C4")
        assert (found["missing"], found["verdict"]) == ((1, "no data") if open_ else (0, "pass"))
    assert assessment.silent[["school_id", "stage"]].to_numpy().tolist() == [["默", s] for s in stages]
    for row in document(assessment)["districts"][0]["schools"][-len(stages) :]:
        assert (row["school_id"], row["pupils"], row["verdict"]) == ("默", None, "no data")
        assert set(row["verdicts"].values()) == {"no data"}


def test_a_special_school_that_reported_nothing_stays_out_of_the_seven_and_leaves_its_teachers_open():
    assessment = Town().add("特", "special").assess()
    assert "特" not in set(assessment.rows["school_id"])
    assert assessment.excluded["reason"].tolist() == ["特殊教育学校不参加七项指标"] * 2
    assert assessment.silent["school_id"].tolist() == ["特"] * 2
    assert others(assessment) == {"C16": "no data", "C19": "no data"}
    # One that reported a stage need not have the other.
    assert others(Town().add("特", "special", primary=30).assess()) == {}


def test_a_stage_that_the_kind_must_have_is_no_data_where_it_has_no_row():
    town = Town().add("九", "nine_year", primary=100)
    assessment = town.assess()
    assert school_row(assessment, "九")["verdict"] == "pass"
    assert school_row(assessment, "九", "junior")["verdict"] == "no data"
    assert coefficient(assessment, "primary", "C1")["verdict"] == "pass"
    assert coefficient(assessment, "junior", "C1")["verdict"] == "no data"
    assert area(assessment, "district") == "no data"
    # Nobody is there: then it is said.
    town["sections"].append({**town.rows("sections", school_id="九")[0], "stage": "junior", "pupils": 0})
    assert area(town.assess(), "resources") == "pass"


def test_silence_does_not_undo_what_fails():
    town = Town().add("默", "primary").set("sections", {"school_id": "小一"}, backbone_teachers=0)
    assessment = town.assess()
    assert [area(assessment, name) for name in ("resources", "district")] == ["fail", "fail"]
    assert verdict(assessment, "C2") == "fail"
    assert verdict(assessment, "C1") == "no data"


@pytest.mark.parametrize(
    ("kind", "open_stages"),
    [
        ("primary", {"primary"}),
        ("junior", {"junior"}),
        ("nine_year", {"primary", "junior"}),
        (None, {"primary", "junior"}),
    ],
)
def test_a_campus_without_a_row_leaves_the_stages_of_its_kind_open(kind, open_stages):
    town = Town().add("九", "nine_year", primary=100, junior=100).add("分", kind, parent_id="九")
    assessment = town.assess()
    for stage in ("primary", "junior"):
        row = school_row(assessment, "九", stage)
        expected = ("no data", True) if stage in open_stages else ("pass", False)
        assert (row["verdict"], bool(np.isnan(row["pupils"]))) == expected
    assert set(assessment.silent["stage"]) == open_stages
    assert set(assessment.silent["school_id"]) == {"分"}
    assert area(assessment, "district") == "no data"


def test_a_school_without_a_row_of_its_own_is_missed_though_its_campus_reported():
    town = Town().add("校", "primary").add("分", "primary", primary=100, parent_id="校")
    assessment = town.assess()
    assert school_row(assessment, "校")["verdict"] == "no data"
    assert assessment.silent["school_id"].tolist() == ["校"]


def test_the_senior_stage_is_missed_only_by_what_is_split_with_it():
    town = Town(schools=False).add("完", "complete_secondary", whole=True, junior=100)
    row = school_row(town.assess(), "完", "junior")
    assert [row[f"{code}_verdict"] for code in SEVEN] == ["pass"] * 3 + ["no data"] * 4
    by_stage = Town(schools=False).add("完", "complete_secondary", junior=100).assess()
    assert area(by_stage, "resources") == "pass"
    assert not len(by_stage.silent)


@pytest.mark.parametrize(
    ("years", "reason"),
    [
        ({"opened_year": YEAR + 1}, f"尚未开办，开办年份为 {YEAR + 1} 年"),
        ({"opened_year": 1980, "closed_year": YEAR - 1}, f"已停办，最后办学学年为 {YEAR - 1} 学年"),
        ({"opened_year": YEAR}, None),
        ({"closed_year": YEAR}, None),
        ({"opened_year": None}, None),
    ],
)
def test_a_school_is_expected_from_the_year_it_opened_to_the_last_it_taught_in(years, reason):
    assessment = Town().add("校", "primary", **years).assess()
    listed = assessment.excluded[assessment.excluded["school_id"] == "校"]
    if reason:
        assert listed["reason"].tolist() == [reason]
        assert area(assessment, "district") == "pass"
        (entry,) = document(assessment)["districts"][0]["excluded"]
        assert (entry["school_id"], entry["stage"], entry["reason"]) == ("校", None, reason)
    else:
        assert not len(listed)
        assert school_row(assessment, "校")["verdict"] == "no data"


def test_a_campus_that_has_closed_leaves_nothing_open_and_is_listed_once():
    town = Town().add("分", "primary", parent_id="小一", closed_year=YEAR - 1)
    assessment = town.drop("funds", school_id="分").assess()
    assert area(assessment, "district") == "pass"
    assert assessment.excluded["reason"].tolist() == [f"已停办，最后办学学年为 {YEAR - 1} 学年"]


def test_a_closed_school_that_reports_pupils_counts_and_the_check_says_so():
    town = Town().add("停", "primary", primary=100, closed_year=YEAR - 2)
    assert school_row(town.assess(), "停")["verdict"] == "pass"
    assert [fault.rule for fault in check(town.data())] == ["T10"]


def test_who_is_silent_stands_on_the_first_screen():
    town = Town().add("默", "nine_year", name="新城学校").add("分", "primary", parent_id="小一")
    lines = summary(town.assess()).splitlines()
    assert "  没有报送学段数据（按缺数据处理）：新城学校（小学、初中）、分（小学）" in lines[:6]
    assert not any("没有报送" in line for line in summary(Town().assess()).splitlines())


def test_a_district_that_stands_only_in_the_list_of_schools_is_no_data():
    silent = Town(district="乙区", schools=False).add("村", "primary", location="rural").drop("funds")
    assessment = together([Town(), silent])
    assert area(assessment, "district", "甲区") == "pass"
    for code in ("C1", "C10", "C11", "C12", "C13", "C16", "C19"):
        assert verdict(assessment, code, "乙区") == "no data"
    assert area(assessment, "resources", "乙区") == "no data"


# Funds


def campus(**given):
    town = Town().add("村", "primary", location="rural", primary=30)
    return town.add("分", "primary", location="rural", primary=30, parent_id="村", **given)


@pytest.mark.parametrize("silent", ["村", "分"])
def test_a_site_with_pupils_and_no_funds_leaves_the_sum_open(silent):
    # 72,000 yuan are asked for, as for 100 pupils: what one site has is not enough by itself.
    town = campus().set("funds", {"school_id": "村"}, allocation_yuan=40_000)
    town = town.set("funds", {"school_id": "分"}, allocation_yuan=40_000)
    assessment = town.drop("funds", school_id=silent).assess()
    assert [verdict(assessment, code) for code in ("C13", "C26")] == ["no data", "no data"]
    assert others(assessment, "C13", "C26") == {}


def test_accounts_that_cover_the_campuses_say_so_and_are_enough():
    town = campus().drop("funds", school_id="分").set("funds", {"school_id": "村"}, covers_campuses=True)
    town.set("funds", {"school_id": "村"}, allocation_yuan=72_000)
    assessment = town.assess()
    assert [verdict(assessment, code) for code in ("C13", "C26")] == ["pass", "pass"]
    assert findings(assessment, "C13", school_id="村")["value"].tolist() == [72_000]
    town.set("funds", {"school_id": "村"}, covers_campuses=False, allocation_yuan=40_000)
    assert verdict(town.assess(), "C13") == "no data"


def test_the_funds_of_a_campus_beside_accounts_that_cover_it_are_refused():
    town = campus().set("funds", {"school_id": "村"}, covers_campuses=True)
    found = check(town.data())
    assert [(fault.rule, fault.school_id) for fault in found] == [("K12", "分")]
    with pytest.raises(DataError):
        town.assess()
    # The campus's own cover nobody else's.
    assert check(campus().set("funds", {"school_id": "分"}, covers_campuses=True).data()) == []


def test_a_campus_without_compulsory_pupils_owes_no_funds():
    town = Town().add("完", "complete_secondary", junior=100, senior=0)
    town.add("高", "complete_secondary", senior=100, parent_id="完").drop("funds", school_id="高")
    assert indicator(town.assess(), "C26")["verdict"] == "pass"


def test_what_was_expected_is_read_from_a_dataset_without_years_and_kinds():
    """Nothing but two names and one section: the other school owes both compulsory stages."""
    data = Dataset.of(
        schools=pd.DataFrame({"school_id": ["1", "2"], "district": "甲区"}),
        sections=pd.DataFrame({"year": [YEAR], "school_id": ["1"], "stage": ["primary"], "pupils": [9.0]}),
    )
    assert assess(data).silent[["school_id", "stage"]].to_numpy().tolist() == [
        ["2", "primary"],
        ["2", "junior"],
    ]
