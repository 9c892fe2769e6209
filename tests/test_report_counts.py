"""What pages say of how many: what nobody knows, what the school rule allows, which figure decides."""

import re
from html import unescape

import pandas as pd
import pytest
from odd_districts import silent_school
from statements import facts
from town import Town

import qb
from qb.charts.marks import share
from qb.publish.site_index import _counted
from qb.report.annual_report import AnnualReport
from qb.report.context import ReportContext
from qb.report.data_report import DataReport
from qb.report.district_report import DistrictReport
from qb.report.school_report import SchoolReport
from qb.report.verdict_keys import shown_indicators
from qb.report.verdict_sentences import summary

HELD = ("teaching_area_m2", "indoor_sports_area_m2", "sports_ground_m2", "equipment_yuan", "multimedia_rooms")
STAFF = ("teachers_above_required", "backbone_teachers", "pe_arts_teachers")


def by_rule() -> Town:
    """小一 has 7.4 m² of sports ground a pupil where 7.5 are asked (98.7%): six of seven and above 85%."""
    return Town().set("facilities", {"school_id": "小一"}, sports_ground_m2=1280, indoor_sports_area_m2=200)


def unknown() -> Town:
    """Nobody reported what schools hold."""
    town = Town().set("facilities", {}, **dict.fromkeys(HELD))
    return town.set("sections", {}, **dict.fromkeys(STAFF))


def nothing() -> Town:
    """Schools hold nothing at all."""
    town = Town().set("facilities", {}, **dict.fromkeys(HELD, 0))
    return town.set("sections", {}, **dict.fromkeys(STAFF, 0))


def page(town: Town, lang: str = "zh") -> DistrictReport:
    data = town.data()
    return DistrictReport(ReportContext(data, qb.assess(data), lang))


def words(part) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", part._repr_html_())))


class TestWhatTheRuleAllows:
    def test_the_verdict_stays_and_pages_show_a_mark_of_its_own(self):
        report = page(by_rule())
        own = report.own
        assert own.districts["verdict"].tolist() == ["pass"]
        assert own.indicators.set_index("code")["verdict"]["C5"] == "fail"
        shown = dict(zip(own.indicators["code"], shown_indicators(own), strict=True))
        assert {code for code, seen in shown.items() if seen == "allowed at schools"} == {"C5"}
        table = report.indicators.table()
        row = table.frame[table.frame["title"].str.startswith("C5")].iloc[0]
        assert row["verdict"] == "allowed at schools"
        assert (
            'class="verdict allowed"' in table._repr_html_()
            and '<tr class="fail">' not in table._repr_html_()
        )
        assert "个别学校低于标准，规则允许" in words(table)

    def test_a_school_that_fails_on_it_takes_the_mark_away(self):
        town = by_rule().set("facilities", {"school_id": "初一"}, sports_ground_m2=0, indoor_sports_area_m2=0)
        shown = dict(zip(page(town).own.indicators["code"], shown_indicators(page(town).own), strict=True))
        assert shown["C5"] == "fail"

    def test_so_does_one_of_which_nobody_knows(self):
        town = by_rule().set("facilities", {"school_id": "初一"}, sports_ground_m2=None)
        shown = dict(zip(page(town).own.indicators["code"], shown_indicators(page(town).own), strict=True))
        assert shown["C5"] == "fail"

    @pytest.mark.parametrize(
        ("lang", "said"), [("zh", "低于标准，规则允许"), ("en", "Below, the rule allows")]
    )
    def test_figures_tables_and_sentences_of_the_school_say_it(self, lang, said):
        data = by_rule().data()
        school = SchoolReport(ReportContext(data, qb.assess(data), lang), "小一")
        (profile,) = school.profiles()
        assert said in words(profile) and said in words(school.seven_tables()[0])
        assert "98.7" in profile.svg and "98.7" in words(school.headlines())  # 100 · 7.4 / 7.5
        assert "triangle" in {getattr(mark, "shape", "") for mark in profile.marks}

    def test_what_pages_state_says_so(self):
        stated = facts(qb.assess(by_rule().data()))
        assert stated["seven/2024/C5/primary/小一"] == "allowed"
        assert stated["indicator/2024/C5/甲区"] == "allowed at schools"
        assert stated["school/2024/primary/小一"] == "pass"

    def test_it_is_neither_met_nor_unmet_in_counts(self):
        report = page(by_rule())
        # 31 indicators, C13 does not apply, C5 is allowed
        assert "适用的 30 项指标中达标 29 项，规则允许 1" in words(report.verdict.cards())
        assert "指标未达标" not in summary(report.own)
        assert "指标个别学校低于标准，规则允许：C5" in summary(report.own)
        (heat, _) = report.schools.heats()
        assert heat.title == "小学七项指标：2 所都达标，其中 1 所有一项低于标准，规则允许"
        assert "△ 98.7" in heat.svg and "×" not in heat.svg.replace("“×”", "")


class TestWhatNobodyKnows:
    @pytest.mark.parametrize("town", [unknown, nothing])
    def test_no_coefficient_is_said_to_keep_its_limit(self, town):
        report = page(town())
        assert "14 个差异系数都无法计算" in report.balance.coefficients().title
        assert "14 个差异系数都无法计算" in words(report.verdict.headlines())
        assert "14 个差异系数都无法计算" in summary(report.own)
        counted = _counted(report.own)
        assert pd.isna(counted["over"]) and counted["open"] == 14

    def test_no_school_is_said_to_pass_or_to_lack_nothing(self):
        report = page(unknown())
        assert [chart.title for chart in report.schools.heats()] == [
            "小学七项指标：2 所都缺数据，无法判断",
            "初中七项指标：1 所缺数据，无法判断",
        ]
        # Seven figures of each of three school stages
        assert "缺数据的有 21 处" in words(report.gaps.table())
        assert "没有缺口。" not in words(report.gaps.table())
        assert "没有需要整改的问题" not in words(report.gaps.by_department())
        assert pd.isna(_counted(report.own)["passed"])

    def test_some_known_and_some_not(self):
        town = Town().set("sections", {"school_id": "小一"}, backbone_teachers=None)
        report = page(town)
        assert "能计算的 13 个差异系数都在限值以内，另有 1 个无法计算" in report.balance.coefficients().title
        assert report.schools.heats()[0].title == "小学七项指标：1 所达标，1 所缺数据"

    def test_years_are_counted_with_what_is_missing(self):
        data = unknown().data()
        row = AnnualReport(ReportContext(data, qb.assess(data))).years.table().frame.iloc[0]
        # 30 apply; of C1–C7 nobody knows
        assert (row["schools"], row["coefficients"], row["indicators"]) == (
            "缺数据",
            "缺数据",
            "23 / 30（缺数据 7）",
        )


class TestWhichFigureDecides:
    def test_a_primary_class_of_47_fails_and_a_junior_one_of_48_does_not(self):
        # C12: at most 45 and 50
        town = Town()
        town.set("classes", {"school_id": "小一", "grade": 1}, pupils=47)
        town.set("classes", {"school_id": "初一", "grade": 7, "class_no": 1}, pupils=48)
        assert value(town, "C12") == "47 人（小一，小学，最大的班）"

    def test_the_stage_that_fails_is_shown_though_the_other_is_lower(self):
        # C20: 100% and 95%; 596 of 600 are 99.3%, 288 of 300 are 96%
        town = Town().set("sections", {"school_id": "小一"}, in_zone_pupils=196)
        town.set("sections", {"school_id": "初一"}, in_zone_pupils=288)
        assert value(town, "C20") == "99.3%（小学）"

    def test_the_greatest_of_what_is_reported_is_not_said_to_be_the_greatest(self):
        # a silent school may have a larger class, and a primary stage that nobody knows be lower
        assert value(silent_school(), "C12") == "40 人（小一，小学，最大的班，只计已报送的）"
        assert value(silent_school(), "C20") == "100.0%（初中，只计已报送的）"
        assert value(Town(), "C12") == "40 人（小一，小学，最大的班）"

    def test_an_unmet_figure_of_two_stages_is_told_apart_by_its_stage(self):
        town = Town().set("sections", {}, in_zone_pupils=0)
        frame = page(town).indicators.unmet().frame
        assert frame[["title", "part"]].to_numpy().tolist() == [
            ["C20 就近入学", "小学"],
            ["C20 就近入学", "初中"],
        ]


def test_a_figure_just_below_its_standard_has_the_digits_that_show_it():
    """899.2 m² for 200 pupils are 4.496 where 4.5 are asked."""
    data = (
        Town()
        .set("facilities", {"school_id": "小一"}, teaching_area_m2=899.2, indoor_sports_area_m2=0)
        .data()
    )
    context = ReportContext(data, qb.assess(data))
    assert " 4.496 " in words(DistrictReport(context).schools.table())
    school = SchoolReport(context, "小一")
    (profile,) = school.profiles()
    assert "4.496 / 4.5" in profile.svg and " 4.496 4.500 " in words(school.seven_tables()[0])


def test_figures_of_a_school_beside_their_standard_have_units():
    frame = SchoolReport(ReportContext(data := Town().data(), qb.assess(data)), "小一").findings().frame
    units = dict(zip(frame["title"].str.split(" ").str[0], frame["unit"], strict=True))
    assert units == {"C10": "间", "C11": "人", "C12": "人", "C16": "%", "C19": "%", "C26": "%"}


def value(town: Town, code: str) -> str:
    frame = page(town).indicators.table().frame
    return frame.loc[frame["title"].str.startswith(code), "value"].item()


class TestHowFarApart:
    def test_equal_schools_do_not_differ_and_one_alone_is_not_compared(self):
        assert [chart.title for chart in page(Town()).balance.strips()] == [
            "小学：各校之间没有差距",
            "初中：有数据的只有一所学校，无从比较",
        ]

    def test_a_school_with_nothing_is_further_away_than_any_number_of_times(self):
        town = by_rule().set("facilities", {"school_id": "小二"}, multimedia_rooms=0)
        assert page(town).balance.strips()[0].title == "小学：网络多媒体教室差距最大，1 所学校为 0"

    def test_hardly_any_difference_is_not_one_point_nought_times(self):
        # 3,030 yuan a pupil against 3,000
        town = Town().set("facilities", {"school_id": "小一"}, equipment_yuan=606000)
        assert page(town).balance.strips()[0].title == (
            "小学：差距很小，最大的一项教学仪器设备最高的学校只比最低的高 1.00%"
        )


def test_a_school_alone_is_not_held_against_a_mean_of_its_own():
    data = Town().data()
    (strips,) = SchoolReport(ReportContext(data, qb.assess(data)), "初一").strips()
    assert strips.title == "初中：本区本学段只有本校"


def test_cells_that_may_be_blank_are_not_missing():
    """No school of the town is a campus, in a group or on the map; all else is there."""
    data = Town().data()
    shown = (
        DataReport(ReportContext(data, qb.assess(data)), "甲区").tables().frame.set_index("name")["filled"]
    )
    for table in ("学校", "学段", "班级", "经费"):
        assert shown[table] == 100


def test_a_percentage_shows_on_which_side_of_an_edge_it_lies():
    """Figures and sentences print 99.6 as 99.6; what falls short of 100 is never written as 100."""
    assert [share(x) for x in (99.6, 99.96, 99.9996, 100.0, 100.04, 1234.5)] == [
        "99.6",
        "99.96",
        "99.9996",
        "100.0",
        "100.0",
        "1,234.5",
    ]
    assert share(84.97, 85) == "84.97" and share(85.0, 85) == "85.0"


def test_one_stage_without_data_is_not_called_all():
    """都 needs more than one: worked out from the language, not from the code."""
    from types import SimpleNamespace

    import pandas as pd

    from qb.report.district_report import DistrictVerdict
    from qb.standard import load

    for n, said in ((1, "1 个学校（学段）缺数据"), (2, "2 个学校（学段）都缺数据")):
        rows = pd.DataFrame({"verdict": ["no data"] * n})
        own = SimpleNamespace(rows=rows)
        part = SimpleNamespace(lang="zh", standard=load(), own=own, say=lambda zh, _: zh)
        assert DistrictVerdict._beneath(part, "resources") == said


def unseen() -> Town:
    """One school has nothing, one 9,000 yuan a pupil, and no amount of the third's could even that out."""
    town = (
        Town().add("小三", "primary", primary=20).set("facilities", {"school_id": "小一"}, equipment_yuan=0)
    )
    town.set("facilities", {"school_id": "小二"}, equipment_yuan=400 * 9000)
    return town.set("facilities", {"school_id": "小三"}, equipment_yuan=None)


@pytest.mark.parametrize(("lang", "said"), [("zh", "超过限值"), ("en", "exceeds its limit")])
def test_a_coefficient_that_fails_and_is_not_known_says_why_in_the_language_of_the_page(lang, said):
    report = page(unseen(), lang)
    why = {"zh": "（未报齐，已可判定）", "en": "(not all is reported; settled all the same)"}[lang]
    (line,) = [line for line in report.verdict.headlines().lines if why in line]
    assert "缺数据" not in line and said in line
    assert "（未报齐，已可判定）（限值 0.5）" in summary(qb.assess(unseen().data()))


def test_a_coefficient_just_above_its_limit_is_printed_so():
    # 200 and 400 pupils with a : b of equipment per pupil: CV = (√2 / 3)(b − a) / (a / 3 + 2b / 3) = 0.5002.
    a = 1000.0
    b = a * (0.5002 / 3 + 2**0.5 / 3) / (2**0.5 / 3 - 2 * 0.5002 / 3)
    town = Town().set("facilities", {"school_id": "小一"}, equipment_yuan=200 * a)
    town.set("facilities", {"school_id": "小二"}, equipment_yuan=400 * b)
    assert any(re.search(r"0\.5002。$", line) for line in page(town).verdict.headlines().lines)
