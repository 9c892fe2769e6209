"""The brief says what a head of the district asks: what, who, by when, for how much, what it brings."""

import re
from html import unescape

import pandas as pd
import pytest
from odd_districts import six_of_seven
from town import Town

from qb.data.sample import make
from qb.indicators.assessment import assess
from qb.planning.plan.budget_and_transfers import best_use
from qb.planning.plan.cheapest import cheapest_plan
from qb.report.brief_report import BriefReport, problems_of
from qb.report.context import ReportContext
from qb.report.district_report import DistrictReport
from qb.report.issue_ledger import State
from qb.report.plan_study import PlanAnswers


def brief(data, lang="zh"):
    return BriefReport(ReportContext(data, assess(data), lang))


def cells(table):
    """Return a table's rows as a reader sees them."""
    html = table._repr_html_()
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html)[1:]
    return [
        [unescape(re.sub(r"<[^>]+>", "", c)) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", r)]
        for r in rows
    ]


def text(part):
    return unescape(re.sub(r"<[^>]+>", " ", part._repr_html_()))


def entry(code, state=None, deadline=None, allowed=False, departments=("甲局",), school="001"):
    return {
        "code": code,
        "part": "",
        "school_id": school,
        "name": school,
        "departments": departments,
        "state": state,
        "deadline": deadline,
        "allowed": allowed,
    }


LEDGER = pd.DataFrame(
    [
        entry("C16", "overdue", "2025-06-30", departments=("甲局", "乙局")),
        entry("C4", "open", "2026-12-31", allowed=True),
        entry("C4", "open", "2026-01-31", allowed=True),
        entry("C4", allowed=True),
        entry("C16", "closed", "2024-01-01", departments=("乙局", "丙局")),
        entry("C16"),
    ]
)


def test_problems_are_put_together_by_indicator_those_that_decide_first():
    c16, c4 = problems_of(LEDGER)
    # Three entries each; those of C4 are what the rule allows, so C16 stands first although C4 is as long.
    assert (c16.code, c16.deciding, c4.code, c4.deciding) == ("C16", 3, "C4", 0)
    assert c16.departments == ("甲局", "乙局", "丙局")
    # The measure that was closed is no deadline any more; the earliest that is still due counts.
    assert (c16.state, c16.deadline, c16.bare) == (State.OVERDUE, "2025-06-30", 1)
    assert (c4.state, c4.deadline, c4.bare) == (State.OPEN, "2026-01-31", 1)


def test_what_the_rule_allows_is_counted_with_the_problems_and_said():
    # 6.75 m² of 7.5 are 90%, which the rule allows beside six that are met; 5 m² are 67%
    town = six_of_seven().set("facilities", {"school_id": "小二"}, sports_ground_m2=4 * 400)
    ((problem, *_),) = cells(brief(town.data()).first())
    assert problem == "C5 体育运动场馆：学校 1 处未达标，规则允许 1 处"


@pytest.fixture(scope="module")
def sample():
    data = make()
    return data, brief(data)


def test_each_problem_says_who_by_when_for_how_much_and_what_it_brings(sample):
    data, made = sample
    ledger, plan = made.context.ledger, cheapest_plan(data, made.context.year)
    both = pd.concat([plan.purchases, plan.mended.items])
    spent = both.groupby("code")["cost_yuan"].sum(min_count=1)
    shown = cells(made.first())
    assert len(shown) == 5
    for problem, departments, deadline, money, brings in shown:
        code = problem.split(" ")[0]
        mine = ledger[(ledger["code"] == code).to_numpy()]
        assert set(departments.split("、")) == {name for names in mine["departments"] for name in names}
        dates = mine["deadline"].dropna()
        assert deadline.startswith(min(dates) if len(dates) else "未定")
        known = code in spent and spent[code] == spent[code]
        unknown = "费用文件没有单价" if code in spent else "费用文件没有列入"
        assert money == (f"{spent[code] / 1e4:,.1f} 万元" if known else unknown)
        assert brings


def test_the_first_step_is_what_a_quarter_of_the_least_cost_buys_at_best(sample):
    data, made = sample
    plan = cheapest_plan(data, made.context.year)
    step = best_use(data, round(plan.cost / 4), made.context.year)
    passing = int((made.own.rows["verdict"] == "pass").sum())
    assert f"可由 {passing} 个增至 {step.passing} 个，共 {len(made.own.rows)} 个" in text(made.verdict())


def test_what_money_does_not_mend_is_told_as_the_plan_tells_it(sample):
    _, made = sample
    frame = made.work.plan.assessment.indicators
    failing = frame.loc[(frame["verdict"] == "fail").to_numpy(), "code"]
    left = [code for code in failing if int(code[1:]) > 7]  # of C1–C7 the school rule allows some
    assert left
    assert f"未达标 {len(left)} 项（{'、'.join(left)}）" in text(made.verdict())
    for problem in made.problems:
        if problem.code in set(left):
            assert made._brings(problem) == "方案之外，须另行解决"


def test_a_department_answers_on_the_wall_chart_where_the_ledger_names_it(sample):
    _, made = sample
    table = made.wall()
    names = [column.label for column in table.columns[3:]]
    for row in cells(table):
        mine = made.context.ledger
        mine = mine[(mine["code"] == row[0].split(" ")[0]).to_numpy()]
        answering = {name for told in mine["departments"] for name in told}
        assert {name for name, cell in zip(names, row[3:], strict=True) if cell} == answering
        assert int(row[2]) == len(mine)


def test_the_timetable_holds_every_problem_once_and_ends_with_those_without_a_date(sample):
    _, made = sample
    shown = cells(made.timetable())
    assert sum(int(row[2]) for row in shown) == len(made.context.ledger)
    assert shown[-1][0] == "未定时限"
    assert [row[0] for row in shown[:-1]] == sorted(row[0] for row in shown[:-1])
    # The plan's target year is 2025.
    assert [("晚于目标年份" in row[0]) == (row[0][:4] in ("2026", "2027")) for row in shown] == [True] * len(
        shown
    )
    assert {row[0][:4] for row in shown[:-1]} == {"2025", "2026", "2027"}
    assert shown[-1][2] == str(int(made.context.ledger["deadline"].isna().sum()))


def test_every_department_has_a_sheet_with_all_its_problems(sample):
    _, made = sample
    ledger = made.context.ledger
    for sheet in made.sheets():
        mine = [sheet.caption in names for names in ledger["departments"]]
        assert {row[0].split(" ")[0] for row in cells(sheet)} == set(ledger.loc[mine, "code"])


def test_the_district_page_leads_from_each_department_to_what_it_must_do_by_when_for_how_much(sample):
    _, made = sample
    sheets = {f"brief#{sheet.anchor}": sheet for sheet in made.sheets()}
    table = DistrictReport(made.context).gaps.by_department()
    for row in table.frame.to_dict("records"):
        sheet = sheets[row["sheet"]]
        assert {"title", "deadline", "money"} <= {column.key for column in sheet.columns}
        assert {line[0].split(" ")[0] for line in cells(sheet)} == set(row["codes"].split("、"))
    assert table._repr_html_().count('data-page="brief#department-') == len(table.rows) > 0


def test_a_district_that_needs_nothing_says_so_once():
    made = brief(Town().data())
    assert not made.first().lines and not made.timetable().lines
    assert "不需要购置" in text(made.verdict())
    assert "先做哪一步" not in text(made.verdict())


def test_where_the_mean_of_the_coefficients_decides_no_first_step_is_asked_for(monkeypatch):
    made = brief(make())  # a district that has something to buy
    monkeypatch.setattr(PlanAnswers, "by_mean", True)
    assert made.work.plan.cost and made.first_step is None and made.work.steps == []
    assert "先做哪一步" not in text(made.verdict())
