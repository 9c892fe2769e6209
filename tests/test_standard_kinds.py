"""Other standards than the district's: each judges from its file alone, with figures worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from messages import arguments_of
from town import Town, area, verdict

import qb
from qb.cli import main
from qb.data.dataset import Dataset
from qb.indicators.assessment import assess
from qb.indicators.indicator_functions import FUNCTIONS, SCORE
from qb.report.standard_report import differences, faults_of, show
from qb.standard import StandardError, load

YEAR = 2024


def schools(*ids, **columns):
    given = {
        "school_id": list(ids),
        "name": list(ids),
        "district": "甲区",
        "kind": "primary",
        "ownership": "public",
    }
    return pd.DataFrame(given | columns)


def of_year(ids, stage, **columns):
    return pd.DataFrame({"year": YEAR, "school_id": list(ids), "stage": stage, **columns})


def coefficient(assessment, code, stage="primary"):
    frame = assessment.balance.set_index(["stage", "code"])
    return frame.loc[(stage, code)]


# 基本均衡 of 2012


def test_books_of_five_schools_have_the_published_coefficient():
    """县域义务教育校际均衡指标计算方法 (handout): X̄ = 6.33, S = 3.26, CV = 0.52; unweighted 0.489."""
    ids = list("ABCDE")
    data = Dataset.of(
        schools=schools(*ids),
        sections=of_year(ids, "primary", pupils=[45.0, 37, 89, 76, 55]),
        facilities=of_year(ids, "primary", books=["279", "137", "935", "160", "402"]),
    )
    found = coefficient(assess(data, YEAR, "basic-2012"), "J5")
    assert found["coefficient"] == pytest.approx(0.5152566298844764, abs=1e-12)
    assert (round(found["mean"], 2), round(found["deviation"], 2)) == (6.33, 3.26)


PUBLISHED = {
    # Coefficients of a county in the order of J1–J8, their mean, and the limit (教督〔2012〕3号).
    "primary": ([0.393, 0.578, 0.372, 0.246, 0.208, 0.311, 0.311, 0.455], 0.35925, 0.65),
    "junior": ([0.433, 0.464, 0.334, 0.318, 0.433, 0.362, 0.368, 0.335], 0.380875, 0.55),
}


def two_schools(stage, coefficients):
    """Return two schools of 5,000 pupils: with 1 + c and 1 − c of a mean the coefficient is c."""
    amounts = [[1000 * (1 + c), 1000 * (1 - c)] for c in coefficients]
    kind = "primary" if stage == "primary" else "junior"
    return Dataset.of(
        schools=schools("A", "B", kind=kind),
        sections=of_year(
            "AB",
            stage,
            pupils=[5000.0, 5000.0],
            full_time_teachers=np.round(amounts[5]),
            teachers_above_required=np.round(amounts[6]) / 2,
            senior_title_teachers=np.round(amounts[7]) / 5,
        ),
        facilities=of_year(
            "AB",
            stage,
            teaching_area_m2=amounts[0],
            indoor_sports_area_m2=[0.0, 0.0],
            sports_ground_m2=amounts[1],
            equipment_yuan=amounts[2],
            computers=np.round(amounts[3]),
            books=np.round(amounts[4]),
        ),
    )


@pytest.mark.parametrize("stage", PUBLISHED)
def test_the_mean_of_the_eight_is_the_published_one_and_decides(stage):
    coefficients, mean, limit = PUBLISHED[stage]
    assessment = assess(two_schools(stage, coefficients), YEAR, "basic-2012")
    found = [coefficient(assessment, f"J{k}", stage)["coefficient"] for k in range(1, 9)]
    assert found == pytest.approx(coefficients, abs=1e-12)
    whole = coefficient(assessment, "composite", stage)
    assert (whole["coefficient"], whole["limit"], whole["verdict"]) == (
        pytest.approx(mean, abs=1e-12),
        limit,
        "pass",
    )
    # The government's work is judged beside it, by evidence that is not handed in here.
    assert area(assessment, "resources") == "pass"
    assert set(assessment.balance["verdict"]) == {"pass", "not applicable"}  # none of the eight by itself


def test_one_coefficient_may_be_above_the_limit_and_the_mean_may_not():
    """0.9 and seven of 0.6 make 0.6375; seven of 0.62 make 0.655."""
    for others, wanted in ((0.6, "pass"), (0.62, "fail")):
        assessment = assess(two_schools("primary", [0.9, *[others] * 7]), YEAR, "basic-2012")
        assert area(assessment, "resources") == wanted
        assert coefficient(assessment, "composite")["verdict"] == wanted


def test_a_missing_resource_leaves_the_mean_open_unless_the_others_decide_it():
    """Seven of 0.7 are 0.6125 in the mean of eight: open. Seven of 0.75 are 0.65625: too much."""
    for others, wanted in ((0.7, "no data"), (0.75, "fail")):
        data = two_schools("primary", [*[others] * 4, 0.1, *[others] * 3])
        data = data.replace(facilities=data["facilities"].drop(columns="books"))
        assert coefficient(assess(data, YEAR, "basic-2012"), "composite")["verdict"] == wanted


def test_private_schools_and_those_of_province_and_city_are_left_out():
    data = Dataset.of(
        schools=schools(
            "A", "B", "C", "D", ownership=["public", "private", "public", None], sponsor=[7.0, 10, 5, None]
        ),
        sections=of_year("ABCD", "primary", pupils=[100.0] * 4),
    )
    assessment = assess(data, YEAR, "basic-2012")
    assert assessment.rows["school_id"].tolist() == ["A", "D"]  # who runs D was not said
    reasons = dict(zip(assessment.excluded["school_id"], assessment.excluded["reason"], strict=True))
    assert reasons == {"B": "民办学校不参加八项指标", "C": "举办者为地级教育部门，不参加八项指标"}


def test_a_declared_column_may_be_headed_by_its_label_and_must_hold_numbers(tmp_path):
    data = Dataset.of(
        schools=schools("A"),
        sections=of_year("A", "primary", pupils=[100.0]),
        facilities=of_year("A", "primary", 图书册数=["2500"]),
    )
    assert assess(data, YEAR, "basic-2012").rows["J5"].tolist() == [25]
    wrong = data.replace(facilities=data["facilities"].assign(图书册数="很多"))
    with pytest.raises(qb.data.dataset.QbError, match="图书册数"):
        assess(wrong, YEAR, "basic-2012")


def test_a_declared_column_is_read_with_the_standard_and_split_like_any_facility(tmp_path):
    """1,100 books for 100 primary and 100 junior pupils at weights 1 : 1.1: 523.81 and 576.19."""
    from qb.data.reading import read, write

    sections = pd.concat([of_year("A", stage, pupils=[100.0]) for stage in ("primary", "junior")])
    data = Dataset.of(
        schools=schools("A", kind="nine_year"),
        sections=sections,
        facilities=of_year("A", "whole", books=[1100.0]),
    )
    write(data, tmp_path / "data")
    again = read(tmp_path / "data", "basic-2012")
    assert not again.faults and again["facilities"]["books"].tolist() == [1100]
    rows = assess(again, YEAR, "basic-2012").rows.set_index("stage")
    assert rows.loc["primary", "J5"] == pytest.approx(1100 / 210)
    assert rows.loc["junior", "J5_amount"] == pytest.approx(1100 * 110 / 210)


# The nation's own standard, and a city's on top of it


def test_the_citys_amounts_are_limits_of_its_file():
    """7,999 yuan are enough for the nation, not for the city; its base amounts are 1,150 and 1,350."""
    for name, special, base, wanted in (
        ("national-2017", 7999, 1149, ("pass", "pass")),
        ("city-variant", 7999, 1149, ("fail", "fail")),
        ("city-variant", 8000, 1150, ("pass", "pass")),
    ):
        town = Town()
        town.item(special_pupils=10, special_allocation_yuan=10 * special)
        town.item(base_amount_primary_yuan=base, base_amount_junior_yuan=1350)
        town.item(province_base_amount_primary_yuan=720, province_base_amount_junior_yuan=940)
        town.set("evidence", {}, status="met")
        town.set("funds", {}, allocation_yuan=1e7)
        assessment = town.assess(load(name))
        assert (verdict(assessment, "C14"), verdict(assessment, "C9")) == wanted, name


def test_the_districts_standard_is_the_nations_with_differences():
    nation, district = load("national-2017"), load("gulou-2023")
    assert nation.codes == district.codes and nation.rules == district.rules
    same = [c for c in nation.codes if nation[c].limits and c not in ("C14", "C25")]
    for code in same:
        ours, theirs = (
            [(m.stage, m.kind, m.name, m.side, m.value) for m in s[code].limits] for s in (nation, district)
        )
        assert ours == theirs, code
    assert nation["C1"].limits[0].source == "教督〔2017〕6号"
    assert district["C1"].limits[0].source == "鼓政〔2023〕19号 附件3 C1；教督〔2017〕6号"


# What a file may say, and what is wrong with one


def file(tmp_path, text, name="own.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


WRONG = """
extends = "national-2017"
name = "own"
without = ["C99"]

[[indicators]]
code = "C4"
resource = { add = ["teaching_floor_m2"] }

[[indicators]]
code = "C5"
limits = [{ side = ">=", stage = "primary", value = 7, unit = { zh = "平方米/生", en = "m²" } }]

[[indicators]]
code = "C6"
resource = { divisor = "classes" }

[[indicators]]
code = "C7"
resource = { divisor = "classes" }

[[indicators]]
code = "C7"

[[indicators]]
code = "C9"
measure = "no_such"
"""


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    *told, columns, functions = faults_of(file(tmp_path, WRONG), YEAR)
    assert told == [
        "C7：重复登记",
        "without 列出了 national-2017 中没有的 C99",
        "C5：缺少初中的限值（不限 kind、from_year 的一条）",
        "C6 resource：除数 classes 可能为 0，须用 if_zero 写明此时的结论（fail 或 no data）",
        # What is wrong with the first of two entries of one code is told beside its being there twice.
        "C7 resource：除数 classes 可能为 0，须用 if_zero 写明此时的结论（fail 或 no data）",
    ]
    # What only data and functions know is told though the entries do not fit together.
    assert arguments_of(columns)[:3] == ("C4", "facilities", "teaching_floor_m2")
    assert arguments_of(functions) == ("C9", "no_such", *FUNCTIONS, SCORE)


def test_an_entry_is_known_by_a_text_alone(tmp_path):
    text = 'extends = "gulou-2023"\nname = "own"\n[[indicators]]\ncode = []\n'
    with pytest.raises(StandardError, match="code：须为文字"):
        load(file(tmp_path, text))


# A name longer than a file's may be; prices and transition clauses lie beside the standards and are none.
_SHIPPED = r"extends：没有名为 学{300} 的标准，.*：basic-2012、city-variant、gulou-2023、national-2017。"


def test_files_that_extend_each_other_are_refused(tmp_path):
    one = file(tmp_path, 'extends = "two.toml"\nname = "one"\n', "one.toml")
    file(tmp_path, 'extends = "one.toml"\nname = "two"\n', "two.toml")
    with pytest.raises(StandardError, match=_SHIPPED):
        load(file(tmp_path, f'extends = "{"学" * 300}"\nname = "long"\n', "long.toml"))
    with pytest.raises(StandardError, match="extends 成环：one → two → one"):
        load(one)


def test_an_indicator_may_be_left_out_with_what_belongs_to_it(tmp_path):
    """Six of six: the rule must say so, and C8 goes with its checklist."""
    text = 'extends = "gulou-2023"\nname = "own"\nwithout = ["C7", "C8", "recognition"]\n'
    with pytest.raises(StandardError, match=r"rules.school.of = 7，而资源指标有 6 项"):
        load(file(tmp_path, text))
    own = load(file(tmp_path, text + "[rules.school]\nmet = 5\nof = 6\n"))
    assert (
        "C8" not in own.codes
        and not own.items("C8")
        and own.area_names == ("resources", "guarantee", "quality", "veto")
    )
    town = Town()
    town.set("facilities", {}, multimedia_rooms=0)
    assessment = town.assess(own)
    assert set(assessment.rows["verdict"]) == {"pass"} and "C7" not in assessment.rows
    assert set(assessment.areas["area"]) == set(own.area_names)


def test_a_school_rule_may_have_no_floor_and_there_may_be_none(tmp_path):
    """小一 has no multimedia room at all: at 85 % of nothing it fails, without a floor one may be missing."""
    town = Town()
    town.set("facilities", {"school_id": "小一"}, multimedia_rooms=0)
    text = 'extends = "gulou-2023"\nname = "own"\nwithout = [{}]\n'
    kept, free, none = (
        load(file(tmp_path, text.format(left_out), f"own{n}.toml"))
        for n, left_out in enumerate(("", '"rules.school.floor"', '"rules.school"'))
    )
    verdicts = [town.assess(own).rows.set_index("school_id")["verdict"]["小一"] for own in (kept, free, none)]
    assert verdicts == ["fail", "pass", "not applicable"]


def test_another_sum_for_a_stage(tmp_path):
    """Junior stages of this standard count backbone teachers where primary ones count those with a degree."""
    text = 'extends = "gulou-2023"\nname = "own"\n[[indicators]]\ncode = "C1"\n'
    text += '[indicators.resource]\nadd_at.junior = ["backbone_teachers"]\n'
    rows = Town().assess(load(file(tmp_path, text))).rows
    junior = rows["stage"] == "junior"
    assert (rows.loc[junior, "C1_amount"] == rows.loc[junior, "C2_amount"]).all()
    assert (rows.loc[~junior, "C1_amount"] != rows.loc[~junior, "C2_amount"]).all()


# Where less is better

FEWER = """
extends = "gulou-2023"
name = "own"

[[indicators]]
code = "C6"
title = { zh = "每名教师的学生数", en = "Pupils per teacher" }
limits = [{ side = "<=", value = 16, unit = { zh = "人/教师", en = "pupils per teacher" } }]
[indicators.resource]
table = "sections"
add = ["pupils"]
divisor = "full_time_teachers"
if_zero = "fail"
whole = true
unit = { zh = "人", en = "teachers" }
"""


def test_pupils_per_teacher_are_held_from_above_and_what_lacks_are_teachers(tmp_path):
    """400 pupils: 25 teachers are enough for 16 each, 24 are one short; 85 % of it is 18.82 a teacher: 22."""
    own = load(file(tmp_path, FEWER))
    for teachers, wanted, short in ((25, "pass", None), (24, "fail", (1, 0)), (20, "fail", (5, 2))):
        town = Town()
        town.set(
            "sections", {"school_id": "小一", "stage": "primary"}, full_time_teachers=teachers, pupils=400
        )
        assessment = town.assess(own)
        row = assessment.rows.set_index("school_id").loc["小一"]
        assert (row["C6"], row["C6_verdict"]) == (400 / teachers, wanted)
        lacking = assessment.shortfalls.query("school_id == '小一' and code == 'C6'")
        found = [tuple(each) for each in lacking[["to_standard", "to_floor"]].to_numpy().tolist()]
        assert found == ([] if short is None else [short])


def test_a_stage_without_a_teacher_is_what_the_file_says(tmp_path):
    for said, wanted in (("fail", "fail"), ("no data", "no data")):
        own = load(file(tmp_path, FEWER.replace('if_zero = "fail"', f'if_zero = "{said}"')))
        town = Town()
        town.set(
            "sections",
            {"school_id": "小一"},
            full_time_teachers=0,
            teachers_above_required=0,
            pe_arts_teachers=0,
        )
        town.set(
            "sections", {"school_id": "小一"}, backbone_teachers=0, certified_teachers=0, trained_teachers=0
        )
        row = town.assess(own).rows.set_index("school_id").loc["小一"]
        assert row["C6_verdict"] == wanted and np.isnan(row["C6"])


# The commands


def test_the_commands_show_compare_and_check(capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["standard", "show", "gulou-2023", "--year", "2024"])
    shown = capsys.readouterr().out
    rows = [line.split() for line in shown.splitlines()]
    assert ended.value.code == 0 and "2024—2025学年有效" in shown
    # Limits of C14 and C12 as annex 3 has them; C8 has five items there, C15 a limit and an item.
    assert ["C14", "特教公用经费", "≥", "6,000", "元/生", "鼓政〔2023〕19号", "附件3", "C14"] in rows
    assert [row[2:6] for row in rows if row[:1] == ["C12"]] == [
        ["小学", "≤", "45", "人"],
        ["初中", "≤", "50", "人"],
    ]
    assert [row[2:5] for row in rows if row[:1] in (["C8"], ["C15"])] == [
        ["清单", "5", "项"],
        ["≥", "100", "%"],
        ["清单", "1", "项"],
    ]
    shown = show(load("basic-2012"), YEAR, "en")  # its resources have no limit; private schools stay out
    assert "no limit" not in shown and "private schools; schools run by provincial" in shown
    starts = {line.index("教督") for line in shown.splitlines() if line.startswith("J")}
    assert len(starts) == 1  # a table: every source begins in one column
    with pytest.raises(SystemExit):
        main(["standard", "diff", "national-2017", "city-variant"])
    assert "indicators C14 limits[0] value：6000 → 8000" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["standard", "check", str(file(tmp_path, WRONG))])
    assert ended.value.code == 1 and "有 7 处不能用" in capsys.readouterr().out
    assert differences(load(), load()) == []


def test_pages_show_the_indicators_of_the_standard_at_hand():
    """The sample has no books and no computers: its pages say so of the eight, and know no C1."""
    from qb.report.context import open_context
    from qb.report.district_report import DistrictReport
    from qb.report.school_report import SchoolReport

    context = open_context("data/sample", 2025, "basic-2012")
    district = DistrictReport(context, context.assessment.districts["district"].iloc[0])
    school = SchoolReport(context, context.assessment.rows["school_id"].iloc[0])
    pages = [district.balance.table(), *school.seven_tables()]
    html = "".join(block._repr_html_() for block in pages)
    assert "计算机" in html and "中级以上职务教师" in html and "C1" not in html
