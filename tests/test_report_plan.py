"""The plan's page: sentences true of any data, figures by hand, every state named."""

import ast
import json
import re
from html import unescape
from importlib.resources import files
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from plan_cases import two_equal
from town import Town

from qb.charts import Caption
from qb.charts.marks import Dot, Line, Word
from qb.charts.plan_figures import Lane, before_after, cost_curve
from qb.data.sample import make
from qb.indicators.assessment import assess
from qb.report.context import ReportContext
from qb.report.plan_report import PlanReport
from qb.report.plan_study import of_district
from qb.terms import Verdict

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "plan.ipynb"
CHINESE = re.compile(r"[一-鿿，；：、。（）]")


def page(data, lang="zh", district="", costs=""):
    return PlanReport(ReportContext(data, assess(data), lang), district, costs)


def shown(made):
    """Return the words of a part as a reader sees them."""
    html = "".join(one._repr_html_() for one in made) if isinstance(made, list) else made._repr_html_()
    return unescape(re.sub(r"<[^>]+>", " ", html))


def asked_for():
    """Return the parts that the notebook shows, as the calls that stand in its cells."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    source = "\n".join(c.source for c in cells if c.cell_type == "code")
    return sorted(set(re.findall(r"page\.(\w+\.\w+)\(\)", source)))


def every_part(report):
    found = {}
    for name in asked_for():
        part, method = name.split(".")
        found[name] = shown(getattr(getattr(report, part), method)())
    return found


def no_backbone():
    """Return a district that lacks 2 + 4 + 3 backbone teachers of 30,000 each, and nothing else."""
    return Town().set("sections", {}, backbone_teachers=0)


def unequal():
    """Two schools with 2000 and 9000 yuan a pupil: 100,000 yuan bring 7/11 down to a half."""
    return two_equal({"equipment_yuan": (200_000, 900_000)})


def nothing_reported():
    return no_backbone().set("facilities", {}, equipment_yuan=None)


@pytest.fixture
def bounded(tmp_path):
    """A cost file that lets 小一 have no backbone teacher: without any it has 0% of the standard."""
    file = tmp_path / "费用.toml"
    shipped = (files("qb") / "standard" / "costs.toml").read_text(encoding="utf-8")
    limit = '\n[[schools]]\nschool_id = "小一"\ncode = "C2"\nmost = 0.0\nsource = "编制已满"\n'
    file.write_text(shipped + limit, encoding="utf-8")
    return str(file)


CASES = {"passing": Town, "short": no_backbone, "unequal": unequal, "unknown": nothing_reported}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("case", CASES)
def test_every_part_of_the_page_can_be_shown_of_any_data(case, lang):
    told = every_part(page(CASES[case]().data(), lang))
    assert len(told) > 15
    assert not re.search(r"\bnan\b|\binf\b|None(?! proven)", " ".join(told.values()))


def test_an_impossible_plan_is_shown_in_every_part_too(bounded):
    told = every_part(page(no_backbone().data(), costs=bounded))
    assert "没有方案" in told["verdict.cards"] and "已证明无解" in told["verdict.cards"]
    assert "小一（小学）：骨干教师上限不足，最多增 0 人" in told["verdict.reasons"]
    assert "小一（小学）：骨干教师上限不足" in told["verdict.headlines"]
    assert "编制已满" in told["assumed.bounds"]
    assert "没有方案，无从计算" in told["purchases.by_school"]


def test_headlines_are_at_most_six_and_hold_the_figures_of_the_plan():
    report = page(no_backbone().data())
    lines = report.verdict.headlines().lines
    assert 2 <= len(lines) <= 6
    # 9 teachers of 30,000: 27.0 ten thousands.
    assert "最少需要 27.0 万元" in lines[0] and "已证明费用最低" in lines[0]
    assert "增加 9 人，27.0 万元，占 100%" in lines[1]
    # A pupil more asks for a hundredth of a teacher, 300 yuan.
    assert any("300 元" in line for line in lines)


def test_a_district_that_passes_has_nothing_to_buy():
    lines = page(Town().data()).verdict.headlines().lines
    assert lines[0] == (
        "各校都判为达标，差异系数都不超过限值，不需要购置。其他各项均已达标或不适用；全部办成后，甲区总体结论为达标。"
    )
    assert "仍是 3 个" in lines[-1]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "各校都判为达标（其中 1 项低于标准，规则允许），差异系数都不超过限值，不需要购置。"),
        ("en", "Every school passes (1 below the standard, as the rule allows) and every coefficient keeps"),
    ],
)
def test_a_plan_does_not_say_that_the_seven_are_met_where_the_rule_allows_one_below(lang, said):
    town = Town().set("facilities", {"school_id": "小一"}, sports_ground_m2=5.75 * 200)  # C5: 90% of 7.5
    assert page(town.data(), lang).verdict.headlines().lines[0].startswith(said)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "此外仍有未达标 2 项（C8、C12），缺数据 1 项（社会认可度）"),
        ("en", "What is left: not met: 2 (C8, C12); no data: 1 (Public recognition)."),
    ],
)
def test_a_plan_says_what_it_does_not_mend(lang, said):
    town = no_backbone().set("evidence", {"item": "C8.1"}, status="unmet").set("classes", {}, pupils=60)
    town.drop("district", item="survey_valid")
    assert said in page(town.data(), lang).verdict.headlines().lines[0]


def test_what_is_not_reported_is_counted_and_named():
    report = page(nothing_reported().data())
    assert report.verdict.headlines().lines[0] == "不能制定方案：3 个学校（学段）的七项指标缺数据。"
    assert report.verdict.reasons().lines == ("小一 缺：C6", "小二 缺：C6", "初一 缺：C6")
    assert not report.balance.curve() and not report.balance.strips()
    assert "缺数据" in shown(report.verdict.cards())


def test_purchases_stand_by_school_and_by_department():
    report = page(no_backbone().data())
    table = report.purchases.by_school()
    assert table.frame[["name", "cost"]].values.tolist() == [["小二", 12.0], ["初一", 9.0], ["小一", 6.0]]
    assert table.frame["what"].iloc[0] == "C2 骨干教师 4 人"
    (department,) = report.purchases.by_department().frame.to_dict("records")
    assert (department["name"], department["lead"]) == ("区教体局", 27.0)


def test_teachers_who_are_hired_are_told_from_those_who_are_trained():
    # 200 pupils: one of the two short indicators may stay at 85%. C1 at 3.57 a hundred is 8 teachers,
    # C7 at 2.3 is 5 rooms; the other way about, 9 teachers and 4 rooms, costs 60,000 yuan more. All four
    # teachers who are there are trained, four are hired.
    few = {
        "full_time_teachers": 4,
        "teachers_above_required": 0,
        "certified_teachers": 4,
        "trained_teachers": 4,
    }
    town = Town(year=2025).set(
        "sections", {"school_id": "小一", "stage": "primary"}, **few, pe_arts_teachers=2
    )
    town.set("facilities", {"school_id": "小一"}, multimedia_rooms=0)
    made = page(town.data())
    (what,) = made.purchases.by_school().frame["what"]
    assert what == "C1 高学历教师 4 人；C1 高学历教师 4 人（新聘）；C7 网络多媒体教室 5 间"
    assert "新聘教师都按“C3 体艺教师”一项的费用计，每年支付" in made.assumed.prices().note


def test_the_cost_of_balance_is_told_apart_from_that_of_the_schools():
    # Both schools pass; all 100,000 yuan go into the coefficient, which 8,000 would ease by 0.01.
    report = page(unequal().data())
    assert "仍要为均衡多花 10.0 万元" in " ".join(report.verdict.headlines().lines)
    (limit,) = report.limits.binding().frame.to_dict("records")
    assert "C6" in limit["limit"] and limit["saves"] == pytest.approx(8_000, rel=1e-3)
    (chart,) = report.balance.strips()
    assert "由 0.636 变为 0.500" in chart.title


def test_the_curve_has_the_costs_by_hand():
    # x = 100 · (9000 (1 - c) / (1 + c) - 2000): 2.5 ten thousands at 0.60, 10 at 0.50, 28.5 at 0.30.
    (chart,) = page(unequal().data()).balance.curve()
    costs = chart.table.iloc[:, 0]
    assert costs[0.60] == pytest.approx(2.5, rel=6e-3)
    assert costs[0.50] == pytest.approx(10.0, rel=6e-3)
    assert costs[0.30] == pytest.approx(100 * (9000 * 0.7 / 1.3 - 2000) / 1e4, rel=6e-3)


def test_parts_of_the_cost_are_spent_on_most_schools_first():
    # A quarter of 270,000 pays for two teachers (小一), a half for four, three quarters for six (初一 too).
    frame = page(no_backbone().data()).means.budgets().frame
    assert frame["passing"].tolist() == [1, 1, 2]
    assert frame["cost"].tolist() == [6.0, 12.0, 18.0]


def test_the_plan_over_years_names_whose_pupils_it_counts_on():
    data = no_backbone().data()
    told = shown(page(data.replace(classes=data["classes"].iloc[:0])).means.years_summary())
    assert "学生数不变（班级表没有数据" in told and "27.0 万元" in told
    made = page(make(schools=6, years=range(2022, 2026)))
    assert "学生数按推算" in shown(made.means.years_summary())


def test_who_is_not_planned_for_is_named_on_the_page():
    """One school teaches last this year, one opens the next; 3% of the teachers leave each year."""
    town = no_backbone().set("schools", {"school_id": "小一"}, closed_year=2024)
    town["schools"].append({**town["schools"][1], "school_id": "新", "name": "新校", "opened_year": 2025})
    told = shown(page(town.data()).means.years_summary())
    assert "到 2025 学年停办或开办的学校没有列入方案：小一（小一）、新校（新）。" in told
    assert "教师每年离职 3%、不另补充" in told
    told = shown(page(town.data(), lang="en").means.years_summary())
    assert "Schools that close or open by 2025 are not planned for: 小一 (小一), 新校 (新)." in told


def test_a_district_of_several_is_planned_by_itself():
    data = make(schools=10, districts=2, years=[2024, 2025])
    for district in data.districts:
        own = page(of_district(data, district)).work.plan
        assert page(data, district=district).work.plan.cost == own.cost
        assert set(own.purchases["district"]) <= {district}


def test_every_price_is_marked_as_what_it_is(bounded):
    frame = page(Town().data()).assumed.prices().frame
    assert len(frame) == 7 and frame["source"].str.startswith("假设").all()
    assert (frame["low"] <= frame["yuan"]).all() and (frame["yuan"] <= frame["high"]).all()
    assert "7 项费用中 7 项是假设" in page(Town().data()).assumed.prices().note


def test_english_pages_are_english_but_for_names_and_reasons():
    told = every_part(page(no_backbone().data(), "en"))
    names = re.compile("小一|小二|初一|甲区")
    for name, text in told.items():
        assert not CHINESE.search(names.sub("", text)), (name, text)


def test_limits_that_clash_are_named_in_english_too(bounded):
    told = shown(page(no_backbone().data(), "en", costs=bounded).verdict.reasons())
    # 200 pupils, 1 for each 100: two teachers; 85% of two is 1.7, so two.
    assert "小一 (Primary): upper bound on backbone teachers too low, at most 0 teachers more" in told
    assert "2 teachers are needed to meet the standard, 2 teachers to reach 85% of it" in told
    assert not CHINESE.search(told.replace("小一", ""))


def words(chart):
    return [mark.text for mark in chart.marks if isinstance(mark, Word)]


def test_a_cap_without_a_plan_is_a_word_on_the_curve_and_no_point():
    chart = cost_curve(
        [0.3, 0.5, 0.6],
        [np.nan, 20.0, 10.0],
        caption=Caption("标题"),
        labels=("限值", "万元"),
        impossible={0.3: "无解"},
        limits={"现行限值": 0.5},
    )
    dots = [mark for mark in chart.marks if isinstance(mark, Dot)]
    assert len(dots) == 2 and "无解" in words(chart) and "现行限值" in words(chart)
    # Stricter to the right, dearer is higher.
    assert dots[0].x < dots[1].x and dots[0].y > dots[1].y


def test_the_name_of_a_limit_keeps_clear_of_the_line_of_the_next():
    caps, limits = [0.3, 0.45, 0.5, 0.6], {"limit now, primary": 0.5, "limit now, junior": 0.45}
    for width in (720, 340):
        chart = cost_curve(
            caps, [4.0, 3.0, 2.0, 1.0], caption=Caption("t", width=width), labels=("l", "y"), limits=limits
        )
        lines = [mark.points[0][0] for mark in chart.marks if isinstance(mark, Line) and mark.dashed]
        for mark in chart.marks:
            if isinstance(mark, Word) and mark.text in limits:  # 6 px a letter are less than any has
                ends = sorted((mark.x, mark.x + 6 * len(mark.text) * (-1 if mark.anchor == "end" else 1)))
                assert len(lines) == 2 and not [x for x in lines if ends[0] < x < ends[1]]


def test_schools_stand_in_both_lanes_at_their_own_percentages():
    names = ["甲", "乙"]
    was = pd.DataFrame({"C5": [50.0, 150.0]}, index=names)
    now = pd.DataFrame({"C5": [100.0, 150.0]}, index=names)
    failing = pd.DataFrame({"C5": [Verdict.FAIL, Verdict.PASS]}, index=names)
    passing = pd.DataFrame({"C5": [Verdict.PASS, Verdict.PASS]}, index=names)
    lanes = (Lane("前", was, failing, [("0.5", True)]), Lane("后", now, passing, [("0.2", False)]))
    chart = before_after(lanes, [100, 100], caption=Caption("标题"), right="差异系数")
    first, second, third, fourth = (mark for mark in chart.marks if isinstance(mark, Dot))
    assert (first.shape, third.shape) == ("diamond", "circle")
    assert first.x < third.x < fourth.x == second.x and first.y < third.y
    assert {"前", "后", "0.5", "0.2"} <= set(words(chart))
    assert chart.table.columns.tolist() == ["C5：前", "C5：后"]


def test_the_notebook_only_calls_what_the_page_has():
    tree = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in tree["cells"]:
        if cell["cell_type"] == "code":
            ast.parse("".join(cell["source"]))
    report = page(Town().data())
    assert all(hasattr(getattr(report, name.split(".")[0]), name.split(".")[1]) for name in asked_for())
