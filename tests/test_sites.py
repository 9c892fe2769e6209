"""Sites apart: each whole is split by its own pupils; what should have been reported and was not is open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from messages import arguments_of
from oracle import ALL as CODES
from town import YEAR, Town, area, coefficient, findings, indicator, others, school_row, together, verdict

from qb.data.checks import check
from qb.data.dataset import Dataset
from qb.errors import DataError
from qb.indicators.assessment import assess, json_document
from qb.report.verdict_sentences import summary
from qb.terms import Kind

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
    for row in json_document(assessment)["districts"][0]["schools"][-len(stages) :]:
        assert (row["school_id"], row["pupils"], row["verdict"]) == ("默", None, "no data")
        assert set(row["verdicts"].values()) == {"no data"}


def test_a_special_school_that_reported_nothing_stays_out_of_the_seven_and_leaves_its_teachers_open():
    assessment = Town().add("特", "special").assess()
    assert "特" not in set(assessment.rows["school_id"])
    assert [*map(arguments_of, assessment.excluded["reason"])] == [(Kind.SPECIAL,)] * 2
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
        (entry,) = json_document(assessment)["districts"][0]["excluded"]
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


# A district with much that is odd, each figure worked out by hand from the rules.


def staff(school, stage, pupils, classes, teachers, degree, backbone, arts, zoned=None):
    return {
        "year": 2024,
        "school_id": school,
        "stage": stage,
        "pupils": pupils,
        "classes": classes,
        **dict.fromkeys(("full_time_teachers", "certified_teachers", "trained_teachers"), teachers),
        "teachers_above_required": degree,
        "backbone_teachers": backbone,
        "pe_arts_teachers": arts,
        "in_zone_pupils": pupils if zoned is None else zoned,
    }


def holds(school, stage, area, indoor, ground, yuan, rooms):
    names = (
        "teaching_area_m2",
        "indoor_sports_area_m2",
        "sports_ground_m2",
        "equipment_yuan",
        "multimedia_rooms",
    )
    found = dict(zip(names, (area, indoor, ground, yuan, rooms), strict=True))
    return {"year": 2024, "school_id": school, "stage": stage, **found}


def odd():
    """Return campuses, shared sites, exact limits, small rural schools, silence, and schools not there."""
    town = Town(district="甲县", schools=False)
    town["schools"] = [
        {"school_id": "A", "kind": "nine_year", "location": "rural"},
        {"school_id": "A2", "kind": "nine_year", "location": "rural", "parent_id": "A"},
        {"school_id": "B", "kind": "complete_secondary", "location": "urban"},
        {"school_id": "C", "kind": "primary", "location": "urban"},
        {"school_id": "P48", "kind": "teaching_point", "location": "rural"},
        {"school_id": "P50", "kind": "teaching_point", "location": "rural"},
        {"school_id": "静", "kind": "primary", "location": "urban"},
        {"school_id": "旧", "kind": "primary", "location": "urban", "closed_year": 2023},
        {"school_id": "新", "kind": "primary", "location": "urban", "opened_year": 2025},
        {"school_id": "特", "kind": "special", "location": "urban"},
        {"school_id": "私", "kind": "primary", "location": "urban", "ownership": "private"},
        {"school_id": "小", "kind": "primary", "location": "town"},
    ]
    plain = {"district": "甲县", "ownership": "public", "boarding": False}
    town["schools"] = [{**plain, "name": row["school_id"], **row} for row in town["schools"]]
    town["sections"] = [
        staff("A", "primary", 120, 6, 10, 8, 2, 2),
        staff("A", "junior", 90, 3, 8, 6, 1, 1),
        staff("A2", "primary", 40, 2, 4, 2, 1, 1),
        staff("B", "junior", 900, 18, 80, 60, 10, 9, zoned=855),
        staff("B", "senior", 300, 6, 30, 28, 5, 3),
        staff("C", "primary", 1000, 24, 60, 42, 10, 9),
        staff("P48", "primary", 48, 1, 3, 3, 1, 1),
        staff("P50", "primary", 50, 2, 4, 3, 1, 1),
        staff("特", "primary", 30, 3, 10, 9, 1, 1),
        staff("私", "primary", 200, 6, 15, 12, 4, 3, zoned=100),
        staff("小", "primary", 99, 6, 8, 6, 1, 1),
    ]
    town["facilities"] = [
        holds("A", "whole", 1100, 50, 2000, 400_000, 6),
        holds("A2", "primary", 200, 0, 300, 80_000, 1),
        holds("B", "whole", 7200, 0, 12_600, 3_250_000, 30),
        holds("C", "primary", 4600, 100, 7400, 2_000_000, 23),
        holds("P50", "primary", 250, 0, 400, 110_000, 2),
        holds("私", "primary", 900, 0, 1275, 400_000, 5),
        holds("小", "primary", 500, 0, 800, 200_000, 3),
    ]
    sizes = {
        ("A", "primary"): [20] * 6,
        ("A", "junior"): [30] * 3,
        ("A2", "primary"): [20] * 2,
        ("B", "junior"): [50] * 18,
        ("B", "senior"): [50] * 6,
        ("C", "primary"): [42] * 16 + [41] * 8,
        ("P48", "primary"): [48],
        ("P50", "primary"): [25] * 2,
        ("特", "primary"): [10] * 3,
        ("私", "primary"): [33] * 4 + [34] * 2,
        ("小", "primary"): [17] * 3 + [16] * 3,
    }
    town["classes"] = [
        {
            "year": 2024,
            "school_id": s,
            "stage": stage,
            "grade": 1 if stage == "primary" else 7 if stage == "junior" else 10,
        }
        | {"class_no": k + 1, "pupils": size}
        for (s, stage), listed in sizes.items()
        for k, size in enumerate(listed)
    ]
    areas = {"B": ([100, 96], [90, 89.99]), "C": ([96, 97], [90, 95])}
    town["rooms"] = [
        {
            "year": 2024,
            "school_id": s,
            "stage": "junior" if s == "B" else "primary",
            "kind": kind,
            "area_m2": area,
        }
        for s in ("A", "B", "C", "P48", "P50", "私", "小")
        for kind, found in zip(("music", "art"), areas.get(s, ([96], [90])), strict=True)
        for area in found
    ]
    money = {"A": (200_000, 10_000, 10_000), "A2": (40_000, 2000, 2000), "B": (1e6, 50_000, 50_001)}
    money |= {"C": (8e5, 40_000, 40_000), "私": (150_000, 7500, 7499)}
    town["funds"] = [
        {"year": 2024, "school_id": s, "public_funds_budget_yuan": whole, "public_funds_final_yuan": whole}
        | {"training_budget_yuan": budget, "training_final_yuan": final}
        | {"allocation_yuan": 71_999 if s == "P50" else whole}
        for s in ("A", "A2", "B", "C", "P48", "P50", "私", "小")
        for whole, budget, final in [money.get(s, (72_000, 3600, 3600))]
    ]
    town.item(special_pupils=50, special_allocation_yuan=300_000, civil_servant_mean_pay_yuan=100_000)
    town.item(
        rotation_rotated=10, rotation_backbone=2, quota_allocated=500, migrant_eligible=0, migrant_placed=0
    )
    town.item(graduates=96, transferred_in=5, transferred_out=4, deaths=1, disabled_enrolled=19)
    town.item(regular_classrooms=80, regular_classrooms_multimedia=79, survey_valid=800, survey_satisfied=680)
    town.drop("evidence", item="C28.1").set("evidence", {"item": "C30.2"}, status="partly")
    results = [
        (2022, "语文", 3, 0.149),
        (2022, "艺术", 3, 0.1),
        (2023, "德育", 3, 0.1),
        (2023, "科学", 4, 0.15),
    ]
    results += [
        (2024, "数学", 3, 0.1),
        (2024, "体育", 3, 0.1),
        (2021, "数学", 1, 0.5),
        (2024, "英语", 1, 0.9),
    ]
    town["monitoring"] = [
        {"year": year, "district": "甲县", "subject": subject, "level": level, "between_school_rate": rate}
        for year, subject, level, rate in results
    ]
    return town


def test_the_school_rows_of_an_odd_district_are_those_worked_out_by_hand():
    (entry,) = json_document(assess(odd().data(), 2024))["districts"]
    rows = {(row["school_id"], row["stage"]): row for row in entry["schools"]}
    # A shares 1050 m² (50 indoors off), 2050 m², 400,000 yuan, 6 rooms by 120 : 90 × 1.1; its campus of one
    # stage adds to the primary row of 160. B's junior row has 900 of 900 + 300 × 1.2 parts.
    expected = {
        ("A", "primary"): (6.25, 1.875, 1.875, 4.8459, 8.8955, 1869.86, 2.6798, 6, "pass"),
        ("A", "junior"): (6.6667, 1.1111, 1.1111, 5.2740, 10.2968, 2009.13, 3.0137, 5, "fail"),
        ("B", "junior"): (6.6667, 1.1111, 1, 5.7143, 10, 2579.37, 2.3810, 4, "fail"),
        ("C", "primary"): (4.2, 1, 0.9, 4.5, 7.5, 2000, 2.3, 7, "pass"),
        ("P50", "primary"): (6, 2, 2, 5, 8, 2200, 4, 7, "pass"),
        ("私", "primary"): (6, 2, 1.5, 4.5, 6.375, 2000, 2.5, 6, "pass"),  # C5 at 85% exactly
        ("小", "primary"): (6.0606, 1.0101, 1.0101, 5.0505, 8.0808, 2020.20, 3.0303, 7, "pass"),
        ("静", "primary"): (*[None] * 7, 0, "no data"),
    }
    assert rows.keys() == expected.keys()
    for key, (*values, met, told) in expected.items():
        assert (rows[key]["met"], rows[key]["verdict"]) == (met, told)
        for found, value in zip(rows[key]["values"].values(), values, strict=True):
            assert found is None if value is None else found == pytest.approx(value, rel=2e-5)
    left = {(row["school_id"], row["stage"]) for row in entry["excluded"]}
    assert left == {
        ("B", "senior"),
        ("P48", "primary"),
        ("特", "primary"),
        ("A2", None),
        ("旧", None),
        ("新", None),
    }


def test_the_indicators_of_an_odd_district_are_those_worked_out_by_hand():
    (entry,) = json_document(assess(odd().data(), 2024))["districts"]
    verdicts = {row["code"]: row["verdict"] for row in entry["indicators"]}
    silent = dict.fromkeys(("C1", "C2", "C3", "C11", "C16", "C19", "C20", "C28"), "no data")
    # C10: B needs two art rooms for 18 junior classes; one has 89.99 m². C12: a class of 48. C13: 71,999 of
    # 72,000 yuan. C25: 79 of 80. C26: 7,499 of 150,000 is 4.999%. C31: 0.15 is not below 0.15.
    failing = ("C4", "C5", "C6", "C7", "C10", "C12", "C13", "C25", "C26", "C30", "C31")
    assert verdicts == dict.fromkeys(CODES, "pass") | silent | dict.fromkeys(failing, "fail")
    values = {row["code"]: row["value"] for row in entry["indicators"]}
    told = {"C13": 200 / 3, "C14": 6000, "C15": 100, "C18": 10, "C21": 50, "C23": 96, "C24": 95, "C31": 0.15}
    assert {code: values[code] for code in told} == pytest.approx(told)
    assert entry["areas"] == {
        **dict.fromkeys(("resources", "guarantee", "quality"), "fail"),
        **dict.fromkeys(("recognition", "veto"), "pass"),
    }
    spreads = {(row["stage"], row["code"]): row for row in entry["balance"]}
    assert (
        spreads["primary", "C1"]["coefficient"] is None and spreads["primary", "C1"]["verdict"] == "no data"
    )
    # Junior C3: 10 teachers for 90 + 900 pupils, X = 1.010101, off by 0.101010 and -0.010101, S = 0.031943.
    assert spreads["junior", "C3"]["coefficient"] == pytest.approx(0.0316228, abs=1e-6)
    assert spreads["junior", "C3"]["gap"] is None  # only a coefficient that fails has a gap


def test_a_coefficient_that_fails_has_its_gap_and_one_that_may_not_be_known_none():
    # 200 and 400 pupils with 2 and 76 rooms: X = 13 rooms for 100, x = 1 and 19, S = 8.4853.
    town = Town().set("facilities", {"school_id": "小一"}, multimedia_rooms=2)
    town.set("facilities", {"school_id": "小二"}, multimedia_rooms=76)
    found = assess(town.data(), 2024).balance.set_index(["stage", "code"]).loc[("primary", "C7")]
    assert found["coefficient"] == pytest.approx(8.485281374 / 13) and found["verdict"] == "fail"
    assert found["gap"] == pytest.approx(8.485281374 / 13 - 0.5)
