"""The annual report says what is true of any district: one that passes, fails, lacks data, has one year."""

import re
from functools import cache
from html import unescape

import numpy as np
import pandas as pd
import pytest
from statements import facts
from town import DISTRICT, Town

import qb
from qb.charts import Caption
from qb.charts.bars import rooms
from qb.data.dataset import Dataset
from qb.data.sample import make
from qb.indicators.verdicts import COMPOSITE
from qb.report.annual_report import AnnualReport
from qb.report.context import ReportContext
from qb.report.issue_ledger import State, state_on
from qb.standard import load
from qb.terms import Verdict

CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def text(shown) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown._repr_html_())))


CONTEXTS = {}  # with the dataset itself, so that no other one takes its place


def report(data, lang="zh", year=None, district=""):
    if (key := (id(data), lang, year)) not in CONTEXTS:
        CONTEXTS[key] = data, ReportContext(data, qb.assess(data, year), lang)
    return AnnualReport(CONTEXTS[key][1], district)


def several(*towns) -> Dataset:
    """Return towns of several years as one dataset."""
    data = [town.data() for town in towns]
    tables = {name: pd.concat([d[name] for d in data], ignore_index=True) for name in data[0].tables}
    return Dataset.of(**tables | {"schools": tables["schools"].drop_duplicates("school_id", keep="last")})


def everything(page) -> str:
    """Show every part of the page; return all that a reader reads."""
    shown = [
        page.opening.title(), page.opening.cards(), page.opening.headlines(),
        page.years.table(), page.years.sentences(), *page.years.trends(), page.years.coefficients(),
        page.years.moved(), *page.years.causes(),
        page.changes.sentences(), page.changes.schools(), page.changes.indicators(), page.changes.moves(),
        page.goal.sentences(), *page.goal.trend(), page.goal.remaining(),
        page.tasks.sentences(), page.tasks.table(), page.tasks.vetoes(), page.tasks.missing(),
        page.tasks.index(),
        page.ledger.sentences(), *page.ledger.by_department(), page.ledger.table(), page.ledger.register(),
        *page.conditions.class_sizes(), page.conditions.rooms(), page.conditions.lacking(),
        page.pupils.sentences(), *page.pupils.outlooks(), page.pupils.table(), page.pupils.backtest(),
        page.method.conventions(), page.method.rules(), page.method.corrections(),
    ]  # fmt: skip
    return " ".join(text(part) for part in shown)


@cache
def passing():
    """A district of one year in which everything is met, without measures and without tasks entered."""
    return Town().data()


@cache
def failing():
    return make(years=[2024, 2025])


@cache
def bare():
    """A district that reported its schools and pupils and nothing else."""
    data = make(years=[2024, 2025])
    sections = data["sections"][["year", "school_id", "stage", "pupils"]]
    return Dataset.of(schools=data["schools"], sections=sections)


@cache
def nobody():
    """A district whose only school is a special one: nobody is judged on the seven."""
    return Town(schools=False).add("特一", "special", primary=30).data()


ANY = {"passing": passing, "failing": failing, "bare": bare, "nobody": nobody}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("data", ANY.values(), ids=ANY)
def test_every_part_can_be_made_of_any_data(data, lang):
    said = everything(report(data(), lang))
    assert "nan" not in said.replace("Finance", "") and "None" not in said


class TestHeadlines:
    @pytest.mark.parametrize("data", ANY.values(), ids=ANY)
    def test_there_are_never_more_than_six(self, data):
        assert 3 <= len(report(data()).opening.headlines().lines) <= 6

    def test_a_district_that_passes_in_its_only_year(self):
        lines = report(passing()).opening.headlines().lines
        assert lines[0] == "2024—2025学年，区域总体结论：达标；没有以前年度的数据可比。"
        assert lines[1] == "3 个学校（学段）中 3 个七项指标达标。"
        assert lines[2] == "14 个差异系数都在限值以内。"
        assert lines[4] == "没有需要整改的问题；整改台账没有登记。"

    def test_a_district_without_data_is_neither(self):
        lines = report(bare()).opening.headlines().lines
        assert "资源配置、教育质量、社会认可度、一票否决事项缺数据" in lines[0]
        assert lines[1] == "31 个学校（学段）都缺数据，无法判断；2024 年缺数据。"
        assert lines[2] == "14 个差异系数都无法计算（缺数据，或各校都没有这项资源）；2024 年都无法计算。"
        assert "达标 0 项" in lines[3]

    def test_the_sample_stands_beside_its_year_before(self, committed):
        lines = report(committed, year=2025).opening.headlines().lines
        # Counted in `qb assess data/sample --year 2025` and `--year 2024`.
        assert "未达标" in lines[0] and "2024 年的结论：未达标" in lines[0]
        assert lines[1] == "31 个学校（学段）中 18 个七项指标达标；2024 年为 31 个中 16 个。"

    def test_a_district_in_which_nobody_is_judged_says_so(self):
        assert report(nobody()).opening.headlines().lines[1] == "本年度没有参加七项指标评估的学校。"


@cache
def mended():
    """Two years: in 2023 小一 had no backbone and no PE teachers; in 2024 all is met, and 小三 has opened."""
    before = Town(year=2023)
    before.set("sections", {"school_id": "小一"}, backbone_teachers=0, pe_arts_teachers=0)
    return several(before, Town(year=2024).add("小三", "primary", primary=300, opened_year=2024))


class TestChanges:
    def test_schools_and_indicators_whose_verdict_changed_are_named(self):
        page = report(mended())
        schools = page.changes.schools().frame.set_index("name")
        assert schools.loc["小一", ["before", "now", "gained"]].tolist() == ["fail", "pass", "C2、C3"]
        assert schools.loc["小三", ["before", "now"]].tolist() == ["—", "pass"]
        assert len(schools) == 2
        changed = page.changes.indicators().frame
        assert changed["code"].tolist() == ["C2", "C3"] and set(changed["now"]) == {"pass"}
        assert page.changes.sentences().lines[0] == (
            "与 2023 年相比，由未达标转为达标的学校（学段）1 个，由达标转为未达标的 0 个；"
            "新参加评估 1 个，不再参加 0 个。"
        )

    def test_the_largest_moves_are_in_points_of_the_standard(self):
        moves = report(mended()).changes.moves().frame
        # 0 to 2 per 100: of the standard of 0.9, 222.2 points; of the standard of 1, 200. Nothing else moved.
        assert moves["points"].round(1).tolist() == [222.2, 200.0]
        assert moves["title"].str[:2].tolist() == ["C3", "C2"]

    def test_with_one_year_it_says_that_there_is_nothing_to_compare(self):
        page = report(passing())
        assert "不能与上年比较" in page.changes.sentences().lines[0]
        assert "结论有变化的学校（学段）：没有以前年度可比" in text(
            page.changes.schools()
        ) and "无法说明变动" in text(page.years.moved())
        assert page.years.trends() == page.years.causes() == page.goal.trend() == []

    def test_the_year_before_is_the_latest_that_there_is(self):
        """A gap of a year is no reason to compare with nothing, nor to call it last year."""
        page = report(several(Town(year=2021), Town(year=2024)))
        assert page.before.year == 2021 and "与 2021 年相比" in page.changes.sentences().lines[0]


class TestYears:
    def test_the_causes_add_up_to_the_change_that_the_assessments_show(self, committed):
        page = report(committed, year=2025)
        found = page.years.changes
        assert set(found["since"]) == {2021, 2024} and len(found) == 28
        for since, frame in found.groupby("since"):
            spread = [
                qb.assess(committed, year).balance.query("code != @COMPOSITE").set_index(["stage", "code"])
                for year in (since, 2025)
            ]
            own = frame.set_index(["stage", "code"])
            expected = spread[1]["coefficient"] - spread[0]["coefficient"]
            causes = own[["pupils", "amount", "opened", "closed"]].sum(axis=1)
            assert np.allclose(causes, expected.loc[own.index], atol=1e-12)
        assert COMPOSITE not in set(found["code"])

    def test_where_only_a_resource_changed_the_resource_is_the_cause(self):
        later = Town(year=2024)
        later.set("facilities", {"school_id": "小一"}, equipment_yuan=900000)  # 4500 instead of 3000 a pupil
        page = report(several(Town(year=2023), later))
        row = page.years.changes.query("stage == 'primary' and code == 'C6'").iloc[0]
        # 200 pupils at 4500 and 400 at 3000: mean 3500, deviation √(1/3·1000² + 2/3·500²) = 707.1.
        assert row["after"] == pytest.approx(np.sqrt(1e6 / 3 + 2 * 25e4 / 3) / 3500)
        assert row["amount"] == pytest.approx(row["after"]) and row["before"] == pytest.approx(0, abs=1e-12)
        assert row[["pupils", "opened", "closed"]].abs().max() == pytest.approx(0, abs=1e-12)
        (chart,) = page.years.causes()
        assert "小学 C6 教学仪器设备，0.000 → 0.202" in chart.title

    def test_a_school_that_opened_is_the_cause_where_nothing_else_changed(self):
        later = Town(year=2024).add("小三", "primary", primary=300, opened_year=2024)
        later.set("facilities", {"school_id": "小三"}, equipment_yuan=1800000)
        row = report(several(Town(year=2023), later)).years.changes.query(
            "stage == 'primary' and code == 'C6'"
        )
        assert row["opened"].iloc[0] == pytest.approx(row["after"].iloc[0]) and row["after"].iloc[0] > 0.2

    def test_the_table_counts_what_is_met_in_each_year(self):
        shown = report(mended()).years.table().frame.set_index("year")
        assert shown.loc["2023", ["schools", "coefficients", "district"]].tolist() == [
            "2 / 3",
            "12 / 14",
            "fail",
        ]
        assert shown.loc["2024", ["schools", "coefficients", "indicators"]].tolist() == [
            "4 / 4",
            "14 / 14",
            "30 / 30",  # C13 does not apply: there is no small school
        ]

    def test_it_looks_back_on_five_years_at_most(self):
        page = report(several(*(Town(year=year) for year in range(2018, 2025))))
        assert list(page.slices) == [2020, 2021, 2022, 2023, 2024]
        assert page.years.table().frame["year"].tolist() == ["2020", "2021", "2022", "2023", "2024"]

    def test_every_statement_marked_on_it_is_one_of_the_assessments(self, committed):
        """Keys of this year and of those before."""
        page = report(committed, year=2025)
        known = {key for own in page.context.years.values() for key in facts(own)}
        changes = page.changes.schools(), page.changes.indicators(), page.changes.moves()
        tables = [page.years.table(), page.years.coefficients(), page.goal.remaining(), *changes]
        marked = {key for table in tables for key in re.findall(r'data-fact="([^"]+)"', table._repr_html_())}
        assert len(marked) > 100 and marked <= known
        anchors = set(re.findall(r'href="#([^"]+)"', " ".join(table._repr_html_() for table in tables)))
        assert anchors <= set(re.findall(r'id="([^"]+)"', page.method.rules()._repr_html_()))


class TestGoal:
    @pytest.mark.parametrize(
        ("target", "said"),
        [(2026, "距目标年份还有 2 年"), (2024, "本年即目标年份"), (2023, "目标年份已过 1 年")],
    )
    def test_the_year_is_placed_against_the_target_year_of_the_standard(self, with_change, target, said):
        standard = with_change(("target_year = 2025", f"target_year = {target}"))
        data = passing()
        page = AnnualReport(ReportContext(data, qb.assess(data, standard=standard)))
        assert f"目标年份为 {target} 年，{said}；本年度总体已达标。" in page.goal.sentences().lines

    def test_no_data_is_no_pass(self):
        assert "本年度总体结论：未达标" in report(bare()).goal.sentences().lines[0]

    def test_what_is_left_is_named_by_area(self):
        town = Town().item(teacher_mean_pay_yuan=90000)
        town.drop("monitoring")
        town.set("vetoes", {"item": "V3"}, found=True)
        left = report(town.data()).goal.remaining().frame.set_index("name")
        assert left.loc["政府保障程度", "failing"] == "C15 教师工资"
        assert left.loc["教育质量", ["failing", "unknown"]].tolist() == ["", "C31 质量监测"]
        assert left.loc["一票否决事项", "failing"] == "存在重点学校或重点班"
        assert left.loc["社会认可度", ["failing", "unknown"]].tolist() == ["", ""]

    def test_shares_leave_out_what_does_not_apply(self):
        page = report(several(Town(year=2023), Town(year=2024)))
        # C13 does not apply (no small school): 30 of 30 are met, not 30 of 31.
        shown = page.goal.trend()[0].table
        assert shown["达标指标（含规则允许）"].tolist() == [100.0, 100.0]

    def test_shares_are_unknown_where_nothing_was_reported(self):
        shown = report(bare()).goal.trend()[0].table
        assert shown["达标学校（学段）"].isna().all()


def measure(number, year, code, school=None, deadline=None, status="open", closed_on=None):
    return {
        "number": number, "year": year, "district": DISTRICT, "code": code, "school_id": school,
        "cause": "因", "measure": f"措施{number}", "department": "区教体局", "deadline": deadline,
        "status": status, "closed_on": closed_on, "evidence": None,
    }  # fmt: skip


class TestLedger:
    @pytest.mark.parametrize(
        ("deadline", "status", "closed_on", "expected"),
        [
            ("2025-03-01", "open", None, State.OPEN),  # due on the day: not yet overdue
            ("2025-02-28", "open", None, State.OVERDUE),
            ("2025-02-28", "done", None, State.DONE),
            ("2025-02-28", "closed", "2025-02-27", State.CLOSED),
            ("2025-02-28", "closed", "2025-03-01", State.CLOSED),
            ("2025-02-28", "closed", "2025-03-02", State.OVERDUE),  # closed since; on the day it was not
            ("2025-12-31", "closed", "2025-03-02", State.OPEN),
            ("2025-02-28", "closed", None, State.CLOSED),
            (None, "open", None, State.OPEN),
            (None, None, None, State.UNKNOWN),
            ("2025-02-28", None, None, State.OVERDUE),
        ],
    )
    def test_the_state_of_a_measure_on_a_day(self, deadline, status, closed_on, expected):
        assert state_on("2025-03-01", deadline, status, closed_on) is expected

    @staticmethod
    def town(*measures, checked_on=None):
        town = Town(year=2024)
        town["measures"] = list(measures)
        town.set("sections", {"school_id": "小一"}, backbone_teachers=0)
        for row in town["evidence"]:
            row["checked_on"] = checked_on
        return town.data()

    def test_the_day_is_the_last_one_that_the_data_know_of_in_the_school_year(self):
        assert report(self.town(checked_on="2024-12-20")).ledger.day == "2024-12-20"
        closed = measure(1, 2024, "C15", status="closed", closed_on="2025-05-06")
        assert report(self.town(closed, checked_on="2024-12-20")).ledger.day == "2025-05-06"

    @pytest.mark.parametrize("checked_on", [None, "2023-12-01", "2025-11-11"])
    def test_the_day_is_the_end_of_the_school_year_where_the_data_know_of_none(self, checked_on):
        page = report(self.town(checked_on=checked_on))
        assert page.ledger.day == "2025-08-31" and "2025-08-31" in page.ledger.sentences().lines[0]

    def test_a_problem_keeps_the_measure_of_the_year_in_which_it_was_found(self):
        page = report(self.town(measure(1, 2022, "C2", "小一", "2025-01-01"), checked_on="2025-02-01"))
        shown = page.ledger.table().frame
        assert shown["measure"].iloc[0] == "措施1" and shown["status"].iloc[0] == "逾期未完成"
        assert page.ledger.sentences().lines[2].startswith("本年度未达标的问题 2 个，1 个尚未登记整改措施")

    def test_a_measure_of_a_later_year_is_not_known_yet(self):
        page = report(self.town(measure(1, 2025, "C2", "小一", "2025-01-01")))
        assert not len(page.ledger.register().frame) and page.ledger.table().frame["measure"].isna().all()

    def test_overdue_ones_come_first_then_by_deadline(self):
        data = self.town(
            measure(1, 2024, "C7", "小二", "2026-01-01"),
            measure(2, 2023, "C4", None, "2024-10-01"),
            measure(3, 2023, "C5", None, "2024-09-15"),
            measure(4, 2023, "C6", None, "2024-01-01", "closed", "2024-01-02"),
            measure(5, 2024, "C8", None, "2025-01-01"),
            checked_on="2024-12-01",
        )
        assert report(data).ledger.register().frame["number"].tolist() == ["3", "2", "5", "1", "4"]

    def test_a_closed_measure_whose_problem_is_still_there_is_said_to_be_so(self):
        page = report(self.town(measure(1, 2023, "C2", "小一", "2024-01-01", "closed", "2023-12-31")))
        assert page.ledger.table().frame["status"].iloc[0] == "已销号，本年度仍未达标"
        assert page.ledger.register().frame["still"].tolist() == ["是"]
        assert "1 个的措施已完成或销号而本年度仍未达标" in page.ledger.sentences().lines[2]

    def test_every_problem_of_the_book_stands_in_it_once(self, committed):
        page = report(committed, year=2025)
        assert len(page.ledger.table().frame) == len(page.context.ledger)
        # By hand of data/sample/measures.csv: 7 was due on 2025-08-31, 11 on 2025-06-30; both are open.
        assert page.ledger.register().frame["number"].tolist()[:2] == ["11", "7"]
        assert page.ledger.sentences().lines[1].startswith("整改台账共 13 项：逾期未完成 2 项；")


class TestTasks:
    @staticmethod
    def town(**states):
        town = Town(year=2024)
        town["evidence"] += [
            {"year": 2024, "district": DISTRICT, "item": item, "status": status, "document": f"文件{item}"}
            for item, status in states.items()
        ]
        return town.data()

    def test_tasks_are_summed_up_by_state_and_those_without_entry_are_no_data(self):
        page = report(self.town(T1="met", T2="met", T9="partly", T16="unmet", T5=None))
        lines = page.tasks.sentences().lines
        assert lines[0] == "方案的 16 项重点任务：达到 2，部分达到 1，未达到 1，缺数据 12。"
        assert "部分达到的：T9 切实加强随迁子女义务教育工作。" in lines
        shown = page.tasks.table().frame
        assert len(shown) == 16 and shown["words"].value_counts()["缺数据"] == 12
        assert shown["document"].iloc[0] == "文件T1"

    def test_without_any_evidence_every_task_is_no_data(self):
        lines = report(bare()).tasks.sentences().lines
        assert lines == ("方案的 16 项重点任务：缺数据 16。",)

    def test_items_without_a_document_are_named(self):
        town = Town(year=2024)
        for row in town["evidence"]:
            row["document"] = None if row["item"] in ("C8.2", "C30.6") else "文件"
        town.drop("evidence", item="C17.1")
        page = report(town.data())
        assert page.tasks.missing().lines == (
            "需要佐证的要点 48 条，已登记材料 45 条，尚缺：C8.2、C17.1、C30.6。",
        )
        shown = page.tasks.index().frame.set_index("item")
        assert shown.loc["C8.2", ["words", "document"]].tolist() == ["达到", "未登记材料"]
        assert shown.loc["C17.1", ["words", "document"]].tolist() == ["缺数据", "未登记材料"]

    def test_the_index_has_every_indicator_and_every_item(self):
        shown = report(passing()).tasks.index().frame
        standard = load()
        assert {item.item for item in standard.checklist} <= set(shown["item"])
        assert list(dict.fromkeys(shown["item"].str.split(".").str[0])) == [f"C{i}" for i in range(1, 32)]

    def test_vetoes_found_come_first_and_unchecked_ones_are_not_none(self):
        town = Town(year=2024)
        town.set("vetoes", {"item": "V4"}, found=True).drop("vetoes", item="V1")
        shown = report(town.data()).tasks.vetoes().frame
        assert shown["item"].iloc[0] == "V4" and shown["found"].iloc[0] == "存在"
        assert shown.set_index("item")["found"]["V1"] == "未自查"
        assert (shown["found"] == "未发现").sum() == 4


class TestConditions:
    def test_class_sizes_are_those_of_the_judged_schools_and_their_campuses(self):
        town = Town(year=2024).add("小一东", "primary", primary=90, parent_id="小一")
        town.add("特一", "special", primary=8)
        chart = report(town.data()).conditions.class_sizes()[0]
        # 200 in 5 classes of 40; 400 in 10; the campus 40, 40, 10; the special school's class is not counted.
        assert chart.table.set_index("班额")["班级数"].to_dict() == {10: 1, 40: 17}
        assert "18 个班都不超过 45 人" in chart.title

    @pytest.mark.parametrize(
        ("smallest", "shown", "said"), [(10, {10: 1, 40: 17}, ""), (11, {40: 16}, "共 2 个班")]
    )
    def test_a_class_below_the_stated_size_is_kept_back_and_said_to_be(
        self, with_change, smallest, shown, said
    ):
        town = Town(year=2024).add("小一东", "primary", primary=90, parent_id="小一")
        standard = with_change(("smallest_class = 0", f"smallest_class = {smallest}"))
        data = town.data()
        page = AnnualReport(ReportContext(data, qb.assess(data, standard=standard)))
        chart = page.conditions.class_sizes()[0]
        assert chart.table.set_index("班额")["班级数"].to_dict() == shown
        assert said in chart.subtitle and ("不显示" in chart.subtitle) == bool(said)
        assert "18 个班都不超过 45 人" in chart.title  # counted all the same

    def test_one_class_above_the_limit_is_counted(self):
        town = Town(year=2024)
        town.rows("classes", school_id="小一")[0]["pupils"] = 46
        town.rows("classes", school_id="小一")[1]["pupils"] = 45
        assert "15 个班中 1 个超过 45 人" in report(town.data()).conditions.class_sizes()[0].title

    def test_rooms_below_the_area_are_counted_by_kind(self):
        town = Town(year=2024)
        town.rows("rooms", kind="music")[0]["area_m2"] = 95.9
        town.rows("rooms", kind="art")[0]["area_m2"] = 90
        page = report(town.data())
        # 3 schools of 5, 10 and 8 classes: one room of each kind at each.
        assert (
            page.conditions.rooms().title
            == "音乐教室 3 间，1 间不足 96 平方米；美术教室 3 间，0 间不足 90 平方米"
        )
        lacking = page.conditions.lacking().frame
        assert lacking[["name", "music", "art"]].to_numpy().tolist() == [["小一", "0 / 1", "1 / 1"]]

    def test_without_rooms_and_classes_it_says_so(self):
        page = report(bare())
        assert "缺数据" in page.conditions.rooms().title
        assert all("班额缺数据" in chart.title for chart in page.conditions.class_sizes())
        assert set(page.conditions.lacking().frame["verdict"]) == {Verdict.NO_DATA}

    def test_a_bar_begins_at_the_standard_and_missing_areas_are_told(self):
        chart = rooms(
            {"音乐": ([95.9, 96.0, 100.9, np.nan], 96.0, [True, False, False, False])}, caption=Caption("t")
        )
        assert chart.table.iloc[:, 1:].to_numpy().tolist() == [[91.0, 1], [96.0, 2]]
        assert "低于标准 1 间" in chart.svg and "缺数据：音乐 1" in chart.svg
        assert "缺数据" in rooms({"音乐": ([], 96.0, [])}, caption=Caption("t")).svg


class TestLanguages:
    @pytest.mark.parametrize("data", ["committed", *ANY])
    def test_in_english_no_chinese_is_left_but_names_and_what_was_entered(self, data, request):
        made = request.getfixturevalue("committed") if data == "committed" else ANY[data]()
        page = report(made, "en")
        said = everything(page)
        entered = {
            str(value)
            for name, columns in (
                ("schools", ["name", "district"]),
                ("measures", ["measure", "department", "evidence"]),
                ("evidence", ["document", "note"]),
            )
            for column in columns
            for value in made[name][column].dropna().unique()
        }
        for name in sorted({*entered, page.context.source, "内存中的数据"}, key=len, reverse=True):
            said = said.replace(name, "")
        assert not CHINESE.findall(said)


def test_of_several_districts_only_its_own_is_shown():
    data = make(schools=20, districts=2, years=[2024, 2025])
    first, second = data.districts
    page = report(data, district=second)
    assert first not in everything(page)
    mine = data["schools"].query("district == @second and kind != 'special'")["school_id"]
    classes = data["classes"].query("year == 2025 and stage == 'junior'")
    assert page.conditions.class_sizes()[1].table["班级数"].sum() == classes["school_id"].isin(mine).sum()
