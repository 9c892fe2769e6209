"""Verdicts: the school rule, the coefficients, the areas, the transition clauses, and the JSON document."""

import json
import re
from itertools import product

import numpy as np
import pytest
from oracle import ALL as CODES
from oracle import CODES as SEVEN
from town import (
    DISTRICT,
    STANDARD,
    YEAR,
    Town,
    area,
    changed,
    coefficient,
    findings,
    indicator,
    others,
    school_row,
    together,
    verdict,
)

import qb
from qb.errors import DataError, QbError
from qb.indicators.assessment import COLUMNS, MENDING, departments, json_document, ledger
from qb.indicators.indicator_figures import FAIL, NO_DATA, NOT_APPLICABLE, PASS, VERDICTS
from qb.indicators.verdicts import COMPOSITE, overall, school_rule, verdict_codes
from qb.report.words import lacking_text
from qb.standard import load_transition

# The school rule: 6 of 7 met, the remaining one at 85% of its limit or above


@pytest.mark.parametrize(
    ("percent_of_limit", "expected"),
    [
        pytest.param([100] * 7, "pass", id="all met"),
        pytest.param([85, *[100] * 6], "pass", id="one at exactly 85%"),
        pytest.param([84.999, *[100] * 6], "fail", id="one at 84.999%"),
        pytest.param([99.999, *[300] * 6], "pass", id="one just below its limit"),
        pytest.param([0, *[300] * 6], "fail", id="one with nothing"),
        pytest.param([99, 99, *[300] * 5], "fail", id="two at 99% fail, though both are above 85%"),
        pytest.param([85, 85, *[100] * 5], "fail", id="two at 85%"),
        pytest.param([None, *[100] * 6], "no data", id="one missing, the others met"),
        pytest.param([None, 90, *[100] * 5], "no data", id="one missing and one at 90%"),
        pytest.param([None, 84, *[100] * 5], "fail", id="one missing and one below 85%"),
        pytest.param([None, 99, 99, *[100] * 4], "fail", id="one missing and two unmet"),
        pytest.param([None] * 7, "no data", id="all missing"),
        pytest.param([None] * 5 + [99, 99], "fail", id="five missing and two unmet"),
    ],
)
def test_the_school_rule(percent_of_limit, expected):
    """Each order of the seven, since none of them counts for more."""
    limit = np.array([4.2, 1, 0.9, 4.5, 7.5, 2000, 2.3])
    shares = np.array([np.nan if p is None else p / 100 for p in percent_of_limit])
    turned = np.array([np.roll(shares, k) for k in range(7)])
    value = turned * limit
    held = STANDARD.hold(np.broadcast_to(limit, value.shape))
    found = school_rule(value, held, verdict_codes(value, held), STANDARD)
    assert [str(VERDICTS[code]) for code in found] == [expected] * 7


def test_the_school_rule_in_a_district():
    """Backbone 0.9 of 1 for a hundred is above the floor; equipment 1999 of 2000 is a second one unmet."""
    town = Town(schools=False).add("小", "primary", primary=1000)
    town.set("sections", {}, backbone_teachers=9)
    row = school_row(town.assess(), "小")
    assert (row["met"], row["C2_verdict"], row["verdict"]) == (6, "fail", "pass")
    town.set("facilities", {}, equipment_yuan=1_999_000)
    row = school_row(town.assess(), "小")
    assert (row["met"], row["verdict"]) == (5, "fail")


def test_each_stage_has_its_own_limits():
    """5 teachers above the required degree for a hundred: enough at primary (4.2), not at junior (5.3)."""
    town = Town(schools=False).add("九", "nine_year", primary=200, junior=200)
    town.set("sections", {}, teachers_above_required=10)
    assessment = town.assess()
    found = [school_row(assessment, "九", stage)["C1_verdict"] for stage in ("primary", "junior")]
    assert found == ["pass", "fail"]


# Coefficients


def test_the_coefficient_weighs_schools_by_their_pupils():
    """12 teachers for 100 pupils and 28 for 400: (100·16 + 400·1)/500 = 4, its root over 8 is a quarter."""
    town = Town(schools=False).add("小一", "primary", primary=100).add("小二", "primary", primary=400)
    town.set("sections", {"school_id": "小一"}, backbone_teachers=12)
    town.set("sections", {"school_id": "小二"}, backbone_teachers=28)
    row = coefficient(town.assess(), "primary", "C2")
    assert (row["mean"], row["deviation"], row["coefficient"]) == pytest.approx((8, 2, 0.25))


def test_one_school_has_no_difference():
    row = coefficient(Town().assess(), "junior", "C6")
    assert (row["schools"], row["coefficient"], row["verdict"]) == (1, 0, "pass")


def test_a_resource_that_nobody_has_leaves_the_coefficient_open_and_fails_the_schools():
    """0 / 0 is undefined; the district fails all the same, as every school does."""
    assessment = Town().set("sections", {}, backbone_teachers=0).assess()
    row = coefficient(assessment, "primary", "C2")
    assert (row["mean"], row["missing"], row["verdict"]) == (0, 0, "no data")
    assert np.isnan(row["coefficient"])
    assert area(assessment, "resources") == "fail"


def test_a_missing_figure_leaves_its_coefficient_open_and_no_other():
    assessment = Town().set("sections", {"school_id": "小一"}, backbone_teachers=None).assess()
    primary = [coefficient(assessment, "primary", code) for code in ("C1", "C2", "C3", COMPOSITE)]
    assert [row["verdict"] for row in primary] == ["pass", "no data", "pass", "not applicable"]
    assert [row["missing"] for row in primary] == [0, 1, 0, 1]
    assert coefficient(assessment, "junior", "C2")["verdict"] == "pass"


def test_stages_and_districts_are_never_mixed():
    """Each district's primary schools are alike; together they would differ."""
    poor, rich = Town(district="贫"), Town(district="富")
    rich.set("facilities", {}, equipment_yuan=900_000)
    rich.set("facilities", {"school_id": "小二"}, equipment_yuan=1_800_000)
    assessment = together([poor, rich])
    found = [coefficient(assessment.of(name), "primary", "C6") for name in ("贫", "富")]
    assert [row["coefficient"] for row in found] == pytest.approx([0, 0], abs=1e-12)
    assert [row["mean"] for row in found] == [3000, 4500]


def test_the_composite_is_the_mean_of_the_seven_and_decides_nothing():
    assessment = Town().set("facilities", {"school_id": "小一"}, equipment_yuan=9_000_000).assess()
    seven = [coefficient(assessment, "primary", code)["coefficient"] for code in SEVEN]
    composite = coefficient(assessment, "primary", COMPOSITE)
    assert composite["coefficient"] == pytest.approx(sum(seven) / 7)
    assert (composite["verdict"], max(seven) > 0.5) == ("not applicable", True)
    # Six small ones do not make up for one that is too large.
    assert (composite["coefficient"] < 0.5, area(assessment, "resources")) == (True, "fail")


# Shortfalls


def test_persons_and_rooms_are_missing_as_whole_ones_and_area_and_money_as_they_are():
    """850 pupils: 35.7 teachers needed, 33 there: 3 more; to 85% 30.345: none. 33 are enough for 785."""
    town = Town(schools=False).add("小", "primary", primary=850)
    town.set("sections", {}, teachers_above_required=33)
    town.set("facilities", {}, equipment_yuan=1_400_000, multimedia_rooms=10)
    frame = town.assess().shortfalls.set_index("code")[["to_standard", "to_floor", "supports"]]
    assert frame.loc["C1"].tolist() == [3, 0, 785]
    # 2000 × 850 - 1400000, and 85% of it; 1400000 / 2000 pupils
    assert frame.loc["C6"].tolist() == pytest.approx([300_000, 45_000, 700])
    # 2.3 × 8.5 = 19.55; 85% of it 16.6175; 10 rooms / 2.3 × 100
    assert frame.loc["C7"].tolist() == [10, 7, 434]
    assert sorted(frame.index) == ["C1", "C6", "C7"]


def test_a_shortfall_made_good_makes_the_figure_met():
    town = Town(schools=False).add("小", "primary", primary=850)
    town.set("sections", {}, teachers_above_required=33)
    lacking = town.assess().shortfalls["to_standard"].item()
    town.set("sections", {}, teachers_above_required=33 + lacking)
    assert school_row(town.assess(), "小")["C1_verdict"] == "pass"
    town.set("sections", {}, teachers_above_required=33 + lacking - 1)
    assert school_row(town.assess(), "小")["C1_verdict"] == "fail"


def test_what_is_not_reported_has_no_shortfall():
    assert Town().set("facilities", {}, equipment_yuan=None).assess().shortfalls.empty


# Areas and the district

SPOIL = {
    "resources": lambda t: t.set("sections", {"school_id": "小一"}, teachers_above_required=0),
    "guarantee": lambda t: t.item(teacher_mean_pay_yuan=1),
    "quality": lambda t: t.item(disabled_enrolled=1),
    "recognition": lambda t: t.item(survey_satisfied=700),
    "veto": lambda t: t.set("vetoes", {"item": "V4"}, found=True),
}
SILENCE = {
    "resources": lambda t: t.set("sections", {"school_id": "小一"}, teachers_above_required=None),
    "guarantee": lambda t: t.item(teacher_mean_pay_yuan=None),
    "quality": lambda t: t.item(disabled_enrolled=None),
    "recognition": lambda t: t.item(survey_satisfied=None),
    "veto": lambda t: t.drop("vetoes", item="V4"),
}


def test_a_district_in_which_everything_is_met_passes():
    assessment = Town().assess()
    assert {name: area(assessment, name) for name in (*SPOIL, "district")} == {
        **dict.fromkeys(SPOIL, "pass"),
        "district": "pass",
    }


def test_one_area_that_fails_fails_the_district_and_one_without_data_leaves_it_open():
    """Every area alone, and every pair of one that fails and one that is open."""
    towns, wanted = [], {}
    for failed, silent in product((None, *SPOIL), (None, *SILENCE)):
        if failed == silent:
            continue
        name = f"{failed}-{silent}"
        towns.append(Town(district=name))
        if failed:
            SPOIL[failed](towns[-1])
        if silent:
            SILENCE[silent](towns[-1])
        areas = {x: "fail" if x == failed else "no data" if x == silent else "pass" for x in SPOIL}
        wanted[name] = {**areas, "district": "fail" if failed else "no data"}
    assessment = together(towns)
    found = {name: {x: area(assessment, x, name) for x in (*SPOIL, "district")} for name in wanted}
    assert found == wanted


def test_every_indicator_counts_in_its_area():
    """A missing checklist item, or a missing figure, of each: nothing else is open, the area is."""
    silence = {
        "C10": lambda t: t.set("sections", {"school_id": "小一"}, classes=None),
        "C11": lambda t: t.set("sections", {"school_id": "小一"}, pupils=None),
        "C12": lambda t: t.drop("classes", school_id="小一"),
        "C13": lambda t: t.add("村", "primary", location="rural", primary=90).set(
            "funds", {"school_id": "村"}, allocation_yuan=None
        ),
        "C14": lambda t: t.item(special_pupils=None),
        "C16": lambda t: t.set("sections", {"school_id": "小一"}, trained_teachers=None),
        "C18": lambda t: t.item(rotation_backbone=None),
        "C19": lambda t: t.set("sections", {"school_id": "小一"}, certified_teachers=None),
        "C20": lambda t: t.set("sections", {"school_id": "小一"}, in_zone_pupils=None),
        "C21": lambda t: t.item(quota_planned=None),
        "C23": lambda t: t.item(graduates=None),
        "C24": lambda t: t.item(disabled_of_age=None),
        "C26": lambda t: t.set("funds", {"school_id": "小一"}, training_final_yuan=None),
        "C31": lambda t: t.drop("monitoring", subject="语文"),
    }
    codes = [code for code in CODES if code not in SEVEN]
    towns = [Town(district=code) for code in codes]
    for town in towns:
        silence.get(town.name, lambda t: t.drop("evidence", item=f"{t.name}.1"))(town)
    assessment = together(towns)
    # Unknown pupils leave open what is counted by pupils. C20 is settled: each that is known is in its zone,
    # unless 小一 has pupils that are not. Unknown classes do not matter to C12: all pupils are listed.
    also = {"C11": {*SEVEN, "C20"}}
    for code in codes:
        assert verdict(assessment, code, code) == "no data", code
        assert set(others(assessment, code, district=code)) == also.get(code, set())
        assert area(assessment, "guarantee" if int(code[1:]) <= 22 else "quality", code) == "no data"
        assert area(assessment, "district", code) == "no data"


@pytest.mark.parametrize("item", [f"V{i}" for i in range(1, 7)])
def test_any_one_veto_stops_the_application_and_silence_clears_nobody(item):
    towns = [Town(district=str(value)) for value in (True, False, None)]
    for town, value in zip(towns, (True, False, None), strict=True):
        town.set("vetoes", {"item": item}, found=value)
    assessment = together(towns)
    assert [area(assessment, "veto", town.name) for town in towns] == ["fail", "pass", "no data"]


def test_recognition_is_the_share_of_valid_questionnaires():
    """765 of 900 valid ones are 85%; of the 1000 issued they would be 76.5%."""
    assert area(Town().item(survey_satisfied=765).assess(), "recognition") == "pass"
    assert area(Town().item(survey_satisfied=764).assess(), "recognition") == "fail"
    assert area(Town().item(survey_valid=0, survey_satisfied=0).assess(), "recognition") == "no data"


def test_a_district_that_reported_no_section_is_no_data_and_not_forgotten():
    silent = Town(district="乙区", schools=False).add("无", "primary").drop("funds")
    assessment = together([Town(), silent])
    assert area(assessment, "district") == "pass"
    areas = {name: area(assessment, name, "乙区") for name in (*SPOIL, "district")}
    open_ = ("resources", "guarantee", "quality", "district")
    assert areas == {**dict.fromkeys(SPOIL, "pass"), **dict.fromkeys(open_, "no data")}
    # What rests on schools is open, even where no school would make it "not applicable".
    by_schools = {*SEVEN, "C10", "C11", "C12", "C13", "C16", "C19", "C20", "C26"}
    assert others(assessment, district="乙区") == dict.fromkeys(
        sorted(by_schools, key=CODES.index), "no data"
    )


def test_a_school_that_reported_nothing_is_named():
    town = Town().add("默", "primary").add("未开", "primary", opened_year=YEAR + 1)
    warned = town.assess().warnings.set_index("school_id")["message"]
    assert warned["默"] == f"没有报送 {YEAR} 学年小学学段的数据，按缺数据处理"
    assert "未开" not in warned.index


def test_the_worst_of_several_verdicts():
    assert overall(["pass", "not applicable"]) == "pass"
    assert overall(["pass", "no data", "not applicable"]) == "no data"
    assert overall(["pass", "no data", "fail"]) == "fail"
    assert overall(["not applicable"]) == "not applicable"
    assert overall([]) == "no data"
    assert FAIL < NO_DATA < PASS < NOT_APPLICABLE


def test_one_of_the_seven_is_unmet_where_one_school_does_not_meet_it():
    assessment = Town().set("sections", {"school_id": "小一"}, backbone_teachers=0).assess()
    assert [verdict(assessment, code) for code in ("C1", "C2")] == ["pass", "fail"]


def test_the_limit_of_an_indicator_is_given_where_there_is_one_for_all():
    assessment = Town(year=2025).assess()
    shown = {code: indicator(assessment, code)["limit"] for code in ("C14", "C16", "C23")}
    assert shown == {"C14": 7000, "C16": 100, "C23": 95}
    assert all(np.isnan(indicator(assessment, code)["limit"]) for code in ("C1", "C11", "C18", "C20"))


# Comparing


@pytest.mark.parametrize(
    ("side", "below", "at", "above"),
    [
        (">=", False, True, True),
        ("<=", True, True, False),
        ("<", True, False, False),
        (">", False, False, True),
    ],
)
def test_the_sides_of_a_limit(side, below, at, above):
    """A difference of 1e-10 is noise of the division, one of 1e-8 is not."""
    values = np.array([1 - 1e-8, 1 - 1e-10, 1, 1 + 1e-10, 1 + 1e-8, np.nan])
    assert STANDARD.hold(1.0, side).meets(values).tolist() == [below, at, at, at, above, False]


def test_a_third_of_a_third_is_compared_without_noise():
    """4.2 × 3 / 100 teachers for 3 pupils: 4.2 exactly, though binary numbers say 4.199999999999999."""
    town = Town(schools=False).add("小", "primary", primary=3)
    town.set("sections", {}, teachers_above_required=0.126)
    assert 100 * 0.126 / 3 != 4.2 or 0.9 * 3 / 100 != 0.027
    assert school_row(town.assess(), "小")["C1_verdict"] == "pass"


def test_raw_figures_are_compared_unless_the_standard_says_rounded(with_change):
    """4.195 for a hundred prints as 4.20; a coefficient of 0.5004 as 0.500; 9.96% as 10.0%."""
    town = Town(schools=False)
    # Equal pupils with 1 + cv and 1 - cv of the mean have the coefficient cv.
    town.add("少", "primary", primary=1000).add("多", "primary", primary=1000)
    town.set("sections", {"school_id": "少"}, teachers_above_required=41.95)
    town.set("facilities", {"school_id": "少"}, equipment_yuan=9_000_000 * (1 - 0.5004))
    town.set("facilities", {"school_id": "多"}, equipment_yuan=9_000_000 * (1 + 0.5004))
    town.item(rotation_eligible=1000, rotation_rotated=99.6, rotation_backbone=50)
    rounded = with_change(('compare = "raw"', 'compare = "rounded"'))
    raw, office = town.assess(), town.assess(standard=rounded)

    def said(assessment):
        return (
            school_row(assessment, "少")["C1_verdict"],
            coefficient(assessment, "primary", "C6")["verdict"],
            verdict(assessment, "C18"),
        )

    assert (said(raw), said(office)) == (("fail",) * 3, ("pass",) * 3)
    # Both readings are told of.
    for assessment in (raw, office):
        messages = assessment.warnings.set_index("code")["message"]
        assert all("按四舍五入后的值判定，结论不同" in messages[code] for code in ("C1", "C6", "C18"))


def test_rounding_can_also_undo_a_strict_limit(with_change):
    """0.1494 is 0.149 with three decimals, 0.1495 is 0.150, which is not below 0.15."""
    rounded = with_change(('compare = "raw"', 'compare = "rounded"'))
    towns = [Town(district=name) for name in ("0.1494", "0.1495")]
    for town in towns:
        town.set("monitoring", {"subject": "语文"}, between_school_rate=float(town.name))
    for standard, expected in ((STANDARD, ["pass", "pass"]), (rounded, ["pass", "fail"])):
        assessment = together(towns, standard)
        assert [verdict(assessment, "C31", town.name) for town in towns] == expected


def test_the_floor_of_the_school_rule_is_rounded_like_the_limits(with_change):
    """85% of 4.2 is 3.57; 3.5695 prints as 3.57."""
    town = Town(schools=False).add("小", "primary", primary=10_000)
    town.set("sections", {}, teachers_above_required=356.95)
    rounded = with_change(('compare = "raw"', 'compare = "rounded"'))
    assert school_row(town.assess(), "小")["verdict"] == "fail"
    assert school_row(town.assess(standard=rounded), "小")["verdict"] == "pass"
    messages = town.assess().warnings.set_index("code")["message"]
    assert "标准的 85%" in messages["C1"]


def test_nothing_is_flagged_that_rounding_does_not_change():
    frame = Town().assess().warnings
    assert set(frame["code"]) <= {"C8", ""}


# A changed standard changes verdicts, with no change in code


def test_other_limits(with_change):
    """7 teachers above the required degree for a hundred: enough for 4.2, not for 7.6."""
    stricter = with_change(
        ('stage = "primary", side = ">=", value = 4.2', 'stage = "primary", side = ">=", value = 7.6')
    )
    assessment = Town().assess(standard=stricter)
    assert (verdict(assessment, "C1"), school_row(assessment, "小一")["C1_limit"]) == ("fail", 7.6)
    assert school_row(assessment, "初一", "junior")["C1_verdict"] == "pass"


def test_other_weights_of_the_split(with_change):
    """1 : 1.1 and then 1 : 2 of 300 yuan for 100 and 100 pupils."""
    town = Town(schools=False).add("九", "nine_year", whole=True, primary=100, junior=100)
    town.set("facilities", {}, equipment_yuan=300)
    other = with_change(
        ("nine_year = { primary = 1, junior = 1.1 }", "nine_year = { primary = 1, junior = 2 }")
    )
    before, after = town.assess(), town.assess(standard=other)
    assert school_row(before, "九")["C6_amount"] == pytest.approx(300 / 2.1)
    assert school_row(after, "九")["C6_amount"] == pytest.approx(100)


def test_five_of_seven(with_change):
    town = Town(schools=False).add("小", "primary", primary=1000)
    town.set("sections", {}, backbone_teachers=9, teachers_above_required=41)
    other = with_change(("[rules.school]", "[rules.school]"), ("met = 6", "met = 5"))
    assert school_row(town.assess(), "小")["verdict"] == "fail"
    assert school_row(town.assess(standard=other), "小")["verdict"] == "pass"


def test_a_floor_of_eighty_per_cent(with_change):
    """8.2 backbone teachers of 10 needed; to 80% none is missing, to 85% one."""
    town = Town(schools=False).add("小", "primary", primary=1000).set("sections", {}, backbone_teachers=8.2)
    other = with_change(("floor = 0.85", "floor = 0.8"))
    before, after = town.assess(), town.assess(standard=other)
    assert [school_row(a, "小")["verdict"] for a in (before, after)] == ["fail", "pass"]
    assert [a.shortfalls["to_floor"].item() for a in (before, after)] == [1, 0]


def test_a_coefficient_of_forty_per_cent(with_change):
    """(0.7, 1.3) of the mean: below .45 and .40; (0.57, 1.43): between them."""
    town = Town(schools=False).add("少", "junior", junior=100).add("多", "junior", junior=100)
    town.set("facilities", {"school_id": "少"}, equipment_yuan=570_000)
    town.set("facilities", {"school_id": "多"}, equipment_yuan=1_430_000)
    other = with_change(("junior = 0.45", "junior = 0.40"))
    assert coefficient(town.assess(), "junior", "C6")["coefficient"] == pytest.approx(0.43)
    assert [area(town.assess(s), "resources") for s in (STANDARD, other)] == ["pass", "fail"]


def test_other_settings_of_an_indicator(with_change):
    """Rooms for every 6 classes; 农村 without the towns; teaching points from 60 pupils."""
    rooms = with_change(("classes_per_room = 12", "classes_per_room = 6"))
    assert [verdict(Town().assess(s), "C10") for s in (STANDARD, rooms)] == ["pass", "fail"]
    town = Town().add("镇", "primary", location="town", primary=80)
    town.set("funds", {"school_id": "镇"}, allocation_yuan=1)
    villages = with_change(('locations = ["town", "rural"]', 'locations = ["rural"]'))
    assert [verdict(town.assess(s), "C13") for s in (STANDARD, villages)] == ["fail", "not applicable"]
    sixty = with_change(("small_point_pupils = 50", "small_point_pupils = 60"))
    town = Town().add("点", "teaching_point", primary=55)
    assert [len(town.assess(s).rows) for s in (STANDARD, sixty)] == [4, 3]


NONSENSE = {
    "an unknown measure": (('measure = "retention"', 'measure = "retained"'), "C23 的 measure = 'retained'"),
    "a measure of the seven elsewhere": (
        ('measure = "uniform_standards"', 'measure = "per_pupil"'),
        "C9 的 measure = 'per_pupil'",
    ),
    "a column that no table has": (
        ('add = ["equipment_yuan"]', 'add = ["equipment"]'),
        "C6 的 resource：表 facilities 没有可以相加的列 equipment",
    ),
    "a formula that does not exist": (
        ('formula = "standard"', 'formula = "mean"'),
        "C23 的 options.formula = 'mean' 不可用",
    ),
    "rooms for no classes": (
        ("classes_per_room = 12", "classes_per_room = 0"),
        "C10 的 options.classes_per_room = 0.0 不可用",
    ),
    "a setting that is missing": (
        ("counted_pupils = 100", "counted = 100"),
        "C13 的 options.counted_pupils 缺少",
    ),
    "a location that does not exist": (
        ('locations = ["urban", "town"]', 'locations = ["village"]'),
        "C20 的 options.locations",
    ),
    "one of two locations that does not exist": (
        ('locations = ["urban", "town"]', 'locations = ["town", "village"]'),
        "C20 的 options.locations",
    ),
    "no location": (('locations = ["urban", "town"]', "locations = []"), "C20 的 options.locations"),
    "an exclusion that does not exist": (
        ('exclusions = ["kinds"]', 'exclusions = ["small"]'),
        "C10 的 options.exclusions",
    ),
    "a budget without a limit": (
        ('name = "budget"', 'name = "planned"'),
        "C26 缺少 2024 学年的限值（name = 'budget'）",
    ),
    "a final account without a limit": (
        ('name = "final"', 'name = "spent"'),
        "C26 缺少 2024 学年的限值（name = 'final'）",
    ),
    "boarding that is neither": (("boarding = false", 'boarding = "no"'), "C20 的 options.boarding"),
    "no subjects": (("subjects = [", "themes = ["), "C31 的 options.subjects 缺少"),
    "a limit that has not begun": (
        ('{ side = ">=", value = 6000', '{ from_year = 2030, side = ">=", value = 6000'),
        "C14 缺少 2024 学年的限值",
    ),
    "a stage without a limit": (
        ('{ stage = "junior", side = "<=", value = 50', '{ kind = "junior", side = "<=", value = 50'),
        "C12 缺少 2024 学年初中的限值",
    ),
    "a limit by another name": (
        ('name = "broadband"', 'name = "wires"'),
        "C25 缺少 2024 学年的限值（name = 'broadband'）",
    ),
}


@pytest.mark.parametrize(("change", "said"), NONSENSE.values(), ids=NONSENSE.keys())
def test_a_standard_that_cannot_be_computed_is_refused_with_the_entry_named(with_change, change, said):
    with pytest.raises(QbError, match=re.escape(said)):
        Town().assess(standard=with_change(change))


def test_a_setting_of_one_is_one(with_change):
    """Ten classes need a room for each."""
    town = Town().assess(standard=with_change(("classes_per_room = 12", "classes_per_room = 1")))
    assert verdict(town, "C10") == "fail"


def test_all_that_is_wrong_with_a_standard_is_told_at_once(with_change):
    wrong = with_change(*(change for change, _ in list(NONSENSE.values())[3:7]))
    with pytest.raises(QbError, match="有 4 处不能用"):
        Town().assess(standard=wrong)


# Transition clauses


def transition_case(**changes):
    """A district of one rural school of 80 pupils, built in 2015."""
    town = Town(schools=False)
    row = {"location": "rural", "built_year": 2015, "primary": 80, **changes}
    return town.add("村", "primary", **row)


def both(town, read):
    """Return what `read` finds without and with the clauses."""
    assessment = town.assess(transition=True)
    return read(assessment), read(assessment.transition)


def test_without_being_asked_for_the_clauses_change_nothing():
    town = transition_case().set("sections", {}, pe_arts_teachers=0, visiting_pe_arts_teachers=5)
    plain, asked = town.assess(), town.assess(transition=True)
    assert plain.transition is None
    for name in plain.FRAMES:
        assert getattr(plain, name).equals(getattr(asked, name)), name
    assert not plain.rows.equals(asked.transition.rows)


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"primary": 50}, True),
        ({"primary": 99}, True),
        ({"primary": 49}, False),
        ({"primary": 100}, False),
        ({"location": "town"}, False),
        ({"location": None}, False),
    ],
)
def test_visiting_teachers_count_in_rural_schools_of_50_to_99(changes, counted):
    town = transition_case(**changes).set("sections", {}, pe_arts_teachers=0, visiting_pe_arts_teachers=3)
    amounts = both(town, lambda a: school_row(a, "村")["C3_amount"])
    assert amounts == (0, 3 if counted else 0)


def test_visiting_teachers_that_are_not_reported_add_nothing():
    town = transition_case().set("sections", {}, pe_arts_teachers=1)
    assert both(town, lambda a: school_row(a, "村")["C3_amount"]) == (1, 1)


@pytest.mark.parametrize(("location", "counted"), [("urban", True), ("town", False), ("rural", False)])
def test_roofs_and_leased_grounds_count_in_the_city(location, counted):
    """1200 m² of grounds, 100 indoors, 500 more on the roof."""
    town = Town(schools=False).add("小", "primary", primary=100, location=location)
    town.set("facilities", {}, supplementary_sports_m2=500)
    assert both(town, lambda a: school_row(a, "小")["C5_amount"]) == (1300, 1800 if counted else 1300)


@pytest.mark.parametrize(
    ("changes", "music", "art", "expected"),
    [
        pytest.param({"built_year": 2016, "location": "urban"}, 73, 67, "pass", id="built in 2016"),
        pytest.param({"built_year": 2016, "location": "urban"}, 72.9, 67, "fail", id="music too small"),
        pytest.param({"built_year": 2016, "location": "urban"}, 73, 66.9, "fail", id="art too small"),
        pytest.param({"built_year": 2017, "location": "urban"}, 73, 67, "fail", id="built in 2017"),
        pytest.param({"built_year": None, "location": "urban"}, 73, 67, "fail", id="year unknown"),
        pytest.param({"built_year": 2017}, 54, 54, "pass", id="rural and small classes"),
        pytest.param({"built_year": 2017}, 53.9, 54, "fail", id="rural, too small"),
        pytest.param({"built_year": 2017, "location": "town"}, 54, 54, "fail", id="a town is not rural"),
    ],
)
def test_older_and_small_rural_schools_may_have_smaller_rooms(changes, music, art, expected):
    town = transition_case(**changes)
    town.set("classes", {}, pupils=27).set("sections", {}, classes=2)
    town.set("rooms", {"kind": "music"}, area_m2=music).set("rooms", {"kind": "art"}, area_m2=art)
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", expected)


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (29, "pass"),
        (30, "fail"),
        (None, "fail"),
        ("none listed", "fail"),
        ("all of nobody", "fail"),
        ("all of one", "pass"),
    ],
)
def test_small_classes_are_below_thirty_and_known(largest, expected):
    town = transition_case(built_year=2020).set("classes", {}, pupils=20).set("rooms", {}, area_m2=60)
    if largest == "none listed":
        town.drop("classes")
    elif largest in ("all of nobody", "all of one"):
        town.set("classes", {}, pupils=int(largest == "all of one"))
    else:
        town.set("classes", {"grade": 1}, pupils=largest)
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", expected)


@pytest.mark.parametrize(("number", "expected"), [(2, "pass"), (3, "fail"), (1, "fail"), (None, "fail")])
def test_the_largest_class_is_known_where_as_many_are_listed_as_reported(number, expected):
    """Two classes of 20 are listed: of three, one is not known; of one, the list or the number is wrong."""
    town = transition_case(built_year=2020).set("classes", {}, pupils=20).set("rooms", {}, area_m2=60)
    town.set("sections", {}, classes=number)
    assert both(town, lambda a: verdict(a, "C10"))[1] == expected


def test_classes_of_the_senior_stage_do_not_count():
    """60 junior pupils in classes of 20, senior classes of 50: the relief of 61 m² holds."""
    town = Town(schools=False).add("完", "complete_secondary", location="rural", junior=60, senior=100)
    town.drop("classes", stage="junior").set("classes", {"stage": "senior"}, pupils=50)
    for i in range(3):
        place = {"year": YEAR, "school_id": "完", "stage": "junior", "grade": 7 + i, "class_no": 1}
        town["classes"].append({**place, "pupils": 20})
    town.set("sections", {"stage": "junior"}, classes=3).set("rooms", {"stage": "junior"}, area_m2=61)
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", "pass")


@pytest.mark.parametrize(("pupils", "expected"), [(99, "pass"), (100, "fail"), (None, "fail")])
def test_a_small_rural_school_has_fewer_than_a_hundred_pupils(pupils, expected):
    """99 pupils in four classes of 25 at most; with 100 the school is not small, whatever its classes are."""
    town = transition_case(built_year=2020, primary=100).set("rooms", {}, area_m2=60)
    town.drop("classes").set("sections", {}, pupils=pupils, classes=4)
    for i in range(4):
        place = {"year": YEAR, "school_id": "村", "stage": "primary", "grade": 1 + i, "class_no": 1}
        town["classes"].append({**place, "pupils": 25 - (pupils == 99 and i == 0)})
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", expected)


def test_which_kinds_may_have_3000_pupils_is_an_option(tmp_path):
    """Without their entries twelve-year schools keep 2500: 2400 would be stricter than no relief."""
    entry = next(line for line in changed(name="transition").splitlines() if 'kind = "twelve_year"' in line)
    path = tmp_path / "transition.toml"
    path.write_text(changed(name="transition").replace(entry, ""), encoding="utf-8")
    profile = load_transition(path)
    for pupils, expected in ((2500, "pass"), (2501, "fail")):
        town = Town(schools=False)
        town.add("十二", "twelve_year", primary=1500, junior=pupils - 1500, senior=9, built_year=2010)
        relieved = town.assess(transition=profile).transition
        assert verdict(relieved, "C11") == expected
    town.set("schools", {}, kind="nine_year").drop("sections", stage="senior").drop(
        "facilities", stage="senior"
    )
    assert verdict(town.assess(transition=profile).transition, "C11") == "pass"


def test_a_junior_room_is_not_relieved_by_the_primary_stage_of_the_school():
    """54 m² will do for a primary room, 61 for a junior one."""
    town = Town(schools=False).add("九", "nine_year", location="rural", primary=40, junior=20)
    town.set("classes", {}, pupils=20).set("rooms", {"stage": "primary"}, area_m2=10)
    town.set("rooms", {"stage": "junior"}, area_m2=60)
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", "fail")
    town.set("rooms", {"stage": "junior"}, area_m2=61)
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", "pass")


@pytest.mark.parametrize(("area", "expected"), [(53, "fail"), (54, "no data"), (60, "no data"), (61, "pass")])
def test_a_room_that_a_school_lists_as_a_whole_may_be_of_either_stage(area, expected):
    """54 m² will do for a primary room, 61 for a junior one: from 54 on it depends on whose the room is."""
    town = Town(schools=False).add("九", "nine_year", location="rural", primary=40, junior=20)
    town.set("classes", {}, pupils=20).drop("rooms", stage="junior").set(
        "rooms", {}, stage="whole", area_m2=area
    )
    assert both(town, lambda a: verdict(a, "C10")) == ("fail", expected)


@pytest.mark.parametrize(
    ("kind", "pupils", "changes", "migrants", "expected"),
    [
        ("primary", {"primary": 2400}, {"built_year": 2010}, 0, "pass"),
        ("primary", {"primary": 2401}, {"built_year": 2010}, 0, "fail"),
        ("primary", {"primary": 2400}, {"built_year": 2011}, 0, "fail"),
        ("nine_year", {"primary": 2000, "junior": 1000}, {"built_year": 2010}, 0, "pass"),
        ("nine_year", {"primary": 2000, "junior": 1001}, {"built_year": 2010}, 0, "fail"),
        ("twelve_year", {"primary": 2000, "junior": 1000, "senior": 9}, {"built_year": 2010}, 0, "pass"),
        ("complete_secondary", {"junior": 2400, "senior": 9}, {"built_year": 2010}, 0, "pass"),
        # More than half, not half: 1201 of 2400
        ("primary", {"primary": 2400}, {"built_year": 2020}, 1201, "pass"),
        ("primary", {"primary": 2400}, {"built_year": 2020}, 1200, "fail"),
        ("primary", {"primary": 2400}, {"built_year": 2020}, None, "fail"),
    ],
)
def test_older_schools_and_those_of_migrant_children_may_be_larger(kind, pupils, changes, migrants, expected):
    town = Town(schools=False).add("大", kind, **changes, **pupils)
    town.set("sections", {}, migrant_pupils=0).set(
        "sections", {"stage": next(iter(pupils))}, migrant_pupils=migrants
    )
    assert both(town, lambda a: verdict(a, "C11")) == ("fail", expected)


@pytest.mark.parametrize(("year", "counted"), [(2022, False), (2023, True), (2027, True), (2028, False)])
def test_a_clause_holds_in_its_years(year, counted):
    assert {(c.from_year, c.to_year) for c in load_transition().clauses} == {(2023, 2027)}
    town = Town(year=year, schools=False).add("村", "primary", location="rural", primary=80)
    town.set("sections", {}, pe_arts_teachers=0, visiting_pe_arts_teachers=3)
    assert both(town, lambda a: school_row(a, "村")["C3_amount"])[1] == (3 if counted else 0)


@pytest.mark.parametrize(
    ("year", "special", "relieved"),
    [(2022, "pass", False), (2023, "pass", True), (2024, "pass", True), (2025, "fail", True),
     (2027, "fail", True), (2028, "fail", False)],
)  # fmt: skip
def test_a_district_over_the_years_in_which_limits_change(year, special, relieved):
    """Three schools that only the clauses of 2023 to 2027 let pass, and C14, which becomes stricter in 2025.

    老校, built in 2010: 2,400 pupils are above 2,000 and not above 2,400; for 60 classes 60 / 12 = 5 rooms
    of each kind are asked, and it has 5 of 73 m² (of 96; 73 where built by 2016) and 5 of 67 m² (of 90; 67).
    九年, built in 2010: 2,000 + 1,000 = 3,000 are above 2,500 and not above 3,000.
    村小, rural, built in 2020: 4 classes of 20 are 80 pupils, below 100, the largest class below 30, so that
    54 m² will do for each room.
    Special schools: 65,000 yuan for 10 pupils are 6,500 each, enough for 6,000; 7,000 are asked from the
    school year 2025 on, the first that begins in the budget year 2025.
    """
    town = Town(year=year, schools=False)
    town.add("老校", "primary", primary=2400, built_year=2010)
    town.add("九年", "nine_year", primary=2000, junior=1000, built_year=2010)
    town.add("村小", "primary", primary=80, location="rural", built_year=2020)
    town.drop("classes", school_id="村小").set("sections", {"school_id": "村小"}, classes=4)
    key = {"year": year, "school_id": "村小", "stage": "primary", "class_no": 1}
    town["classes"] += [{**key, "grade": grade, "pupils": 20} for grade in range(1, 5)]
    for school, music, art in (("老校", 73, 67), ("村小", 54, 54)):
        town.set("rooms", {"school_id": school, "kind": "music"}, area_m2=music)
        town.set("rooms", {"school_id": school, "kind": "art"}, area_m2=art)
    town.item(special_pupils=10, special_allocation_yuan=65_000)
    plain, other = both(town, lambda a: [verdict(a, code) for code in ("C10", "C11", "C14")])
    assert plain == ["fail", "fail", special]
    assert other == (["pass", "pass", special] if relieved else plain)
    if not relieved:
        return
    # One pupil more, a tenth of a square metre less: each is one too many or too little.
    for table, where, change, code in (
        ("sections", {"school_id": "老校"}, {"pupils": 2401}, "C11"),
        ("sections", {"school_id": "九年", "stage": "junior"}, {"pupils": 1001}, "C11"),
        ("rooms", {"school_id": "老校", "kind": "art"}, {"area_m2": 66.9}, "C10"),
        ("rooms", {"school_id": "村小", "kind": "music"}, {"area_m2": 53.9}, "C10"),
    ):
        held = [dict(row) for row in town[table]]
        assert verdict(town.set(table, where, **change).assess(transition=True).transition, code) == "fail"
        town[table] = held


def test_both_verdicts_stand_side_by_side():
    """Without the visiting teachers the one school fails, and so does the district."""
    town = transition_case().set("sections", {}, pe_arts_teachers=0, visiting_pe_arts_teachers=3)
    (entry,) = json_document(town.assess(transition=True))["districts"]
    assert (entry["areas"]["resources"], entry["transition"]["areas"]["resources"]) == ("fail", "pass")
    assert entry["schools"][0]["values"]["C3"] == 0
    assert entry["transition"]["schools"][0]["values"]["C3"] == 3.75
    assert set(entry["transition"]) == set(entry) - {"transition"}
    (plain,) = json_document(town.assess())["districts"]
    assert "transition" not in plain


# The document

VERDICT_WORDS = {"pass", "fail", "no data", "not applicable"}
NUMBER = (int, float)


@pytest.fixture(scope="module")
def worst():
    """A district with something of everything: failures, gaps, exclusions, campuses, warnings."""
    town = Town().add("分", "primary", primary=30, parent_id="小一").add("特", "special", primary=80)
    town.add("九", "nine_year", whole=True, primary=90, junior=80, name=None)
    town.set("facilities", {"school_id": "九"}, equipment_yuan=None, teaching_area_m2=1)
    town.set("sections", {"school_id": "小二"}, backbone_teachers=0, pupils=None)
    town.item(survey_satisfied=None).drop("monitoring", subject="数学")
    return json_document(town.assess(transition=True))


def test_the_document_has_the_shape_that_others_rely_on(worst):
    assert (worst["year"], worst["standard"]) == (YEAR, "gulou-2023")
    (district,) = worst["districts"]
    assert district["district"] == DISTRICT
    assert district["verdict"] in VERDICT_WORDS
    assert list(district["areas"]) == ["resources", "guarantee", "quality", "recognition", "veto"]
    assert set(district["areas"].values()) <= VERDICT_WORDS
    kinds = {
        "balance": {
            "stage": str,
            "code": str,
            "schools": int,
            "mean": (*NUMBER, None),
            "deviation": (*NUMBER, None),
            "coefficient": (*NUMBER, None),
            "limit": (*NUMBER, None),
            "verdict": str,
        },
        "schools": {
            "school_id": str,
            "stage": str,
            "pupils": (int, None),
            "values": dict,
            "met": int,
            "verdict": str,
            "shortfall": dict,
        },
        "indicators": {"code": str, "verdict": str, "value": (*NUMBER, None), "limit": (*NUMBER, None)},
        "excluded": {"school_id": str, "stage": (str, None), "reason": str},
    }
    for name, columns in kinds.items():
        assert district[name], name
        for row in district[name]:
            for column, kind in columns.items():
                allowed = kind if isinstance(kind, tuple) else (kind,)
                types = tuple(type(None) if k is None else k for k in allowed)
                assert isinstance(row[column], types), (name, column, row[column])
                assert not isinstance(row[column], bool), (name, column)
            assert row.get("verdict", "pass") in VERDICT_WORDS


def test_the_document_lists_every_stage_and_indicator_once(worst):
    (district,) = worst["districts"]
    balance = [(row["stage"], row["code"]) for row in district["balance"]]
    assert balance == [(s, c) for s in ("primary", "junior") for c in (*SEVEN, "composite")]
    assert [row["code"] for row in district["indicators"]] == list(CODES)
    schools = {(row["school_id"], row["stage"]): row for row in district["schools"]}
    assert set(schools) == {
        ("小一", "primary"),
        ("小二", "primary"),
        ("初一", "junior"),
        ("九", "primary"),
        ("九", "junior"),
    }
    assert all(list(row["values"]) == list(SEVEN) for row in schools.values())
    assert schools["小二", "primary"]["values"]["C2"] is None
    # 1 m² split 90 : 88, less the indoor area, floored: nothing
    assert schools["九", "primary"]["values"]["C4"] == 0
    assert schools["九", "primary"]["shortfall"]["C4"] == {
        "to_standard": 405,
        "to_floor": pytest.approx(344.25),
        "supports": 0,
    }
    assert {(row["school_id"], row["stage"]) for row in district["excluded"]} == {
        ("特", "primary"),
        ("分", None),
    }


def test_the_document_is_json_without_nan(worst):
    text = json.dumps(worst, ensure_ascii=False, allow_nan=False)
    assert json.loads(text) == worst


def test_figures_in_the_document_are_not_rounded():
    town = Town(schools=False).add("小", "primary", primary=300)
    town.set("sections", {}, teachers_above_required=13)
    (district,) = json_document(town.assess())["districts"]
    assert district["schools"][0]["values"]["C1"] == 100 * 13 / 300


def test_the_document_of_the_sample_is_json(committed):
    json.dumps(json_document(qb.assess(committed, transition=True)), allow_nan=False)


# The assessment as a whole


def test_one_districts_part_is_what_it_would_be_alone():
    first, second = Town(), Town(district="乙区").item(survey_satisfied=1)
    alone, part = first.assess(), together([first, second]).of(DISTRICT)
    assert json_document(alone)["districts"][0]["areas"] == json_document(part)["districts"][0]["areas"]
    assert {len(getattr(part, name)) - len(getattr(alone, name)) for name in part.FRAMES} == {0}
    for name in part.FRAMES:  # not a column more, and rows counted from 0
        assert list(getattr(part, name).columns) == list(getattr(alone, name).columns)
        assert list(getattr(part, name).index) == list(range(len(getattr(alone, name))))
    assert set(part.findings["district"]) == {DISTRICT}


def test_the_order_of_rows_changes_nothing(committed):
    mixed = committed.replace(
        **{name: frame.sample(frac=1, random_state=5) for name, frame in committed.tables.items()}
    )
    ours, theirs = (json.loads(json.dumps(json_document(qb.assess(data)))) for data in (committed, mixed))
    for district in (*ours["districts"], *theirs["districts"]):
        for row in district["schools"] + district["balance"]:
            for name, value in row.items():
                row[name] = round(value, 9) if isinstance(value, float) else value
            row.pop("values", None)
        for name in ("schools", "excluded", "warnings"):
            district[name].sort(key=lambda row: json.dumps(row, sort_keys=True))
        district.pop("indicators")
    assert ours == theirs


def test_assessing_leaves_the_data_as_they_were(committed):
    before = {name: frame.copy() for name, frame in committed.tables.items()}
    qb.assess(committed, transition=True)
    assert all(frame.equals(committed[name]) for name, frame in before.items())


def test_the_last_year_is_judged_unless_another_is_named(committed):
    assert (qb.assess(committed).year, qb.assess(committed, year=2022).year) == (2025, 2022)
    with pytest.raises(QbError, match=r"没有 2030 年度.*2021、2022、2023、2024、2025"):
        qb.assess(committed, year=2030)


def test_without_sections_the_year_of_the_other_tables_is_judged():
    # a missing table is no error: nothing of the schools is known, what the district reported is judged
    made = qb.assess(Town().drop("sections").data())
    verdicts = made.indicators.set_index("code")["verdict"]
    assert made.year == YEAR and made.districts["verdict"].tolist() == ["no data"]
    assert (verdicts["C1"], verdicts["C11"], verdicts["C15"]) == ("no data", "no data", "pass")


def test_where_schools_alone_are_listed_the_year_asked_for_is_judged():
    town = Town()
    for table in set(town) - {"schools"}:
        town[table] = []
    made = qb.assess(town.data(), year=2030)
    assert set(made.areas["verdict"]) == {"no data"} and len(made.silent) == 3
    with pytest.raises(QbError, match="没有任何年度的数据，不知道评估哪一年"):
        qb.assess(town.data())


def test_a_district_that_lists_no_school_is_no_data_beside_the_others():
    town, other = Town(), Town(district="无校县", schools=False)
    for table in ("district", "evidence", "monitoring", "vetoes"):
        town[table] += other[table]
    made = qb.assess(town.data())
    assert made.districts.to_dict("list") == {
        "district": ["无校县", DISTRICT],
        "verdict": ["no data", "pass"],
    }
    verdicts = made.of("无校县").indicators.set_index("code")["verdict"]
    # C11 asks the schools, of which nobody knows; C15 asks the district; C21's tilt is proven all the same
    assert (verdicts["C1"], verdicts["C11"], verdicts["C15"], verdicts["C21"]) == (
        "no data",
        "no data",
        "pass",
        "pass",
    )
    assert any("没有本县区的学校" in text for text in made.of("无校县").warnings["message"])


def test_a_district_that_lists_no_school_may_have_rural_ones():
    # C21.1 asks for a tilt to rural junior schools: without it, and without a list of schools, nobody knows
    tilt = next(i.item for i in STANDARD.items("C21") if i.needs_rural_junior)
    town, other = (
        Town(),
        Town(district="无校县", schools=False).set("evidence", {"item": tilt}, status="unmet"),
    )
    for table in ("district", "evidence", "monitoring", "vetoes"):
        town[table] += other[table]
    findings = qb.assess(town.data()).of("无校县").findings
    assert findings.set_index("part").loc[tilt, "verdict"] == "no data"


def test_data_with_faults_that_stop_are_refused_with_all_of_them():
    town = Town()
    town["sections"].append(dict(town["sections"][0]))
    town.set("funds", {"school_id": "小二"}, school_id="无")
    with pytest.raises(DataError) as refused:
        town.assess()
    assert {fault.rule for fault in refused.value.faults} == {"K01", "K02"}


def test_invented_data_say_so(committed):
    assert (qb.assess(committed).invented, Town().assess().invented) == (True, False)
    assert ("模拟数据" in repr(qb.assess(committed)), "模拟数据" in repr(Town().assess())) == (True, False)


def test_an_assessment_names_its_only_district_and_counts_several():
    town = Town()
    assert f"{town.name}: pass" in repr(town.assess())
    assert "0 districts  none" in repr(town.assess().of("别县"))
    for name, rows in Town(district="无校县", schools=False).items():
        town[name] += rows
    whole = repr(qb.assess(town.data()))
    assert "2 districts" in whole and f"{town.name}: " not in whole


# The ledger of problems


def test_the_ledger_lists_what_fails_with_who_answers_for_it():
    town = Town().set("sections", {"school_id": "小一"}, backbone_teachers=0)
    town.set("evidence", {"item": "C8.1"}, status="unmet").item(survey_satisfied=1)
    data = town.data()
    frame = ledger(qb.assess(data, standard=STANDARD), data)
    problems = list(
        zip(frame["code"], frame["part"], frame["school_id"].fillna(""), frame["gap"], strict=True)
    )
    # A coefficient: 0 and 2 backbone teachers for a hundred, weighted 1 : 2, differ by .7071 of their mean.
    assert problems[0][:3] == ("C2", "", "小一")
    assert problems[0][3] == 2
    assert problems[1][:3] == ("C2", "coefficient", "")
    assert frame.loc[1, "value"] == pytest.approx(0.5**0.5)
    assert [row[:3] for row in problems[2:]] == [("C8", "C8.1", ""), ("recognition", "", "")]
    assert problems[3][3] == pytest.approx(85 - 100 / 900)
    assert frame.loc[0, "departments"] == ("区教体局",)
    assert frame.loc[2, "departments"] == departments(STANDARD, "C8", "C8.1")
    assert departments(STANDARD, "C13") == ("区财政局",)


def test_a_measure_stands_beside_its_problem():
    town = Town().set("sections", {"school_id": "小一"}, backbone_teachers=0).item(survey_satisfied=1)
    common = {"year": YEAR, "district": DISTRICT, "status": "open"}
    town["measures"] = [
        {"number": 1, **common, "code": "C2", "school_id": "小一", "cause": "缺编"},
        {"number": 2, **common, "code": "C2", "school_id": "小二", "cause": "别校"},
        {"number": 3, **common, "code": "C2", "school_id": "小一", "cause": "往年", "year": YEAR - 1},
        {"number": 4, **common, "code": "C2", "cause": "全区不均"},
    ]
    data = town.data()
    frame = ledger(qb.assess(data, standard=STANDARD), data)
    causes = frame.set_index(["code", "part"])["cause"]
    assert causes["C2", ""] == "缺编"
    assert causes["C2", "coefficient"] == "全区不均"
    assert frame["cause"].isna().sum() == 1


def test_a_measure_of_a_year_before_stands_beside_a_problem_that_lasts_and_one_of_a_year_after_does_not():
    town = Town().set("sections", {"school_id": "小一"}, backbone_teachers=0)
    common = {"district": DISTRICT, "status": "open", "code": "C2", "school_id": "小一"}
    town["measures"] = [
        {"number": 9, **common, "year": YEAR - 2, "cause": "前年"},
        {"number": 1, **common, "year": YEAR - 1, "cause": "去年"},
        {"number": 2, **common, "year": YEAR + 1, "cause": "明年"},
    ]
    data = town.data()
    frame = ledger(qb.assess(data, YEAR, standard=STANDARD), data)
    assert frame.set_index(["code", "part"])["cause"]["C2", ""] == "去年"


def test_the_ledger_stands_in_the_order_of_the_indicators_and_recognition_last():
    town = Town().set("sections", {"school_id": "小一"}, backbone_teachers=0).item(survey_satisfied=1)
    town.set("monitoring", {}, level=1).set("evidence", {"item": "C8.1"}, status="unmet")
    data = town.data()
    codes = list(dict.fromkeys(ledger(qb.assess(data, standard=STANDARD), data)["code"]))
    assert codes == ["C2", "C8", "C31", "recognition"]


def test_a_campus_whose_parent_has_no_name_is_said_to_be_counted_with_its_identifier():
    town = Town().add("北校区", "primary", primary=100, parent_id="小一")
    left_out = town.set("schools", {"school_id": "小一"}, name=None).assess().excluded
    assert left_out.set_index("school_id")["reason"]["北校区"] == "校区并入“小一”计算"


@pytest.mark.parametrize(("pupils", "said"), [(49, True), (50, False)])
def test_a_school_below_fifty_pupils_is_remarked_on(pupils, said):
    messages = Town().add("小", "primary", primary=pupils).assess().warnings["message"]
    assert any("不足 50 人" in message for message in messages) is said


def test_a_gap_is_how_far_it_is_to_the_limit_from_either_side():
    # A class of 46 is one above the limit of 45; 90 of 900 answers are satisfied, 10% of 85% asked for.
    town = Town().set("classes", {"school_id": "小二", "grade": 2, "class_no": 1}, pupils=46)
    data = town.item(survey_satisfied=90).data()
    frame = ledger(qb.assess(data, standard=STANDARD), data)
    assert frame.set_index("code")["gap"].to_dict() == {"C12": 1, "recognition": pytest.approx(75)}
    assert list(frame) == [*COLUMNS, "departments", *MENDING]
    assert list(frame.index) == [0, 1]


def test_findings_name_school_stage_and_limit():
    town = Town().set("rooms", {"school_id": "小一", "kind": "art"}, area_m2=1)
    row = findings(town.assess(), "C10", "art", school_id="小一").iloc[0]
    assert (row["name"], row["value"], row["limit"], row["verdict"]) == ("小一", 0, 1, "fail")


def test_a_finding_of_a_district_names_no_school():
    found = Town().assess().findings
    of_district = found["school_id"].isna()
    assert of_district.any() and found.loc[of_district, "name"].isna().all()


# The ledger: what is lacking, in its unit, and who answers for it


def lacked(town, code, **where):
    """Return gap and the words for it of the one problem of an indicator."""
    found = ledger(town.assess(), town.data())
    found = found[(found["code"] == code).to_numpy()]
    for name, value in where.items():
        found = found[(found[name] == value).to_numpy()]
    (row,) = found.to_dict("records")
    return row["gap"], lacking_text(row, STANDARD, "zh"), lacking_text(row, STANDARD, "en")


@pytest.mark.parametrize(
    ("code", "change", "gap", "zh", "en"),
    [
        # 小一 has one class group of 12 or fewer: one music room, here of 50 m².
        (
            "C10",
            lambda t: t.set("rooms", {"school_id": "小一", "kind": "music"}, area_m2=50),
            1, "缺 1 间", "lacking 1 room",
        ),
        ("C11", lambda t: t.add("大", "primary", primary=2001), 1, "超出 1 人", "1 pupil too many"),
        (
            "C12",
            lambda t: t.set("classes", {"school_id": "小一", "grade": 1, "class_no": 1}, pupils=46),
            1, "超出 1 人", "1 pupil too many",
        ),
        # 720 yuan for a hundred pupils.
        (
            "C13",
            lambda t: t.add("村", "primary", location="rural", primary=80).set(
                "funds", {"school_id": "村"}, allocation_yuan=71_999
            ),
            1, "缺 1.0 元", "lacking 1.0 yuan",
        ),
        ("C9", lambda t: t.item(base_amount_primary_yuan=719), 1, "缺 1.0 元", "lacking 1.0 yuan"),
        # 49.95% of 50%: 0.05 points, which one decimal would print as 0.1.
        ("C21", lambda t: t.item(quota_allocated=499.5), 0.05, "缺 0.05 个百分点", "lacking 0.05 points"),
        (
            "C22",
            lambda t: t.item(migrant_eligible=10_000, migrant_placed=8_499),
            0.01, "缺 0.01 个百分点", "lacking 0.01 points",
        ),
        ("C31", lambda t: t.set("monitoring", {"subject": "数学"}, level=2), 1, "缺 1 级", "lacking 1 level"),
        (
            "C31",
            lambda t: t.set("monitoring", {"subject": "数学"}, between_school_rate=0.2),
            0.05, "超出 0.050", "0.050 too high",
        ),
        ("recognition", lambda t: t.item(survey_satisfied=756), 1, "缺 1.0 个百分点", "lacking 1.0 points"),
    ],
)  # fmt: skip
def test_the_ledger_says_what_is_lacking_in_its_unit(code, change, gap, zh, en):
    town = Town()
    change(town)
    found = lacked(town, code)
    assert found[0] == pytest.approx(gap) and found[1:] == (zh, en)


def test_a_figure_at_a_limit_that_it_may_not_reach_has_no_amount():
    town = Town().set("monitoring", {"subject": "数学"}, between_school_rate=0.15)
    assert lacked(town, "C31") == (0, "", "")


def test_a_share_that_has_a_checklist_item_goes_to_its_departments():
    """Annex 3: broadband and multimedia of C25 are the finance bureau's and the education bureau's."""
    town = Town().item(schools_with_broadband=2, regular_classrooms_multimedia=29)
    found = ledger(town.assess(), town.data()).set_index("part")
    assert found.loc["broadband", "departments"] == ("区财政局", "区教体局")
    assert found.loc["multimedia", "departments"] == ("区财政局", "区教体局")
    assert STANDARD["C25"].departments == ("区教体局",)
