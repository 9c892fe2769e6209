"""One figure, said in many places, is one figure: pages, commands and workbooks of the sample agree.

Nothing here says that a figure is right (the other modules do); what is read on one page as text is held
against what a command prints as JSON and against the cells of the workbooks, each at its own rounding.
"""

import json
from contextlib import redirect_stdout
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from io import StringIO

import pytest
from conftest import SAMPLE, SCENARIOS
from openpyxl import load_workbook

from qb.cli import main
from qb.report.context import open_context
from qb.report.forms import write_all

KINDS = ("district", "annual", "ledger", "research", "scenario", "plan")
SCHOOL = "0001023"
WORDS = {"pass": "达标", "fail": "未达标", "no data": "缺数据"}
STAGES = {"primary": "小学", "junior": "初中"}


class Page(HTMLParser):
    """What a reader sees of a page: its text, and its tables by caption as lists of rows by header."""

    def __init__(self, html):
        super().__init__()
        self.text, self.tables = "", {}
        self._lines, self._cell, self._caption = [], None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self._lines, self._caption = [], ""
        elif tag == "caption":
            self._cell = []
        elif tag == "tr":
            self._lines.append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag):
        if tag == "caption":
            self._caption, self._cell = "".join(self._cell), None
        elif tag in ("td", "th"):
            self._lines[-1].append("".join(self._cell))
            self._cell = None
        elif tag == "table":
            head, *rows = self._lines
            rows = [dict(zip(head, row, strict=True)) for row in rows]
            self.tables.setdefault(self._caption, rows)

    def handle_data(self, data):
        self.text += data
        if self._cell is not None:
            self._cell.append(data)

    def table(self, start):
        """Return the only table whose caption begins so."""
        (found,) = [rows for caption, rows in self.tables.items() if caption.startswith(start)]
        return found


@pytest.fixture(scope="module")
def pages(published):
    names = {"index": "index", "school": f"schools/{SCHOOL}", **{kind: kind for kind in KINDS}}
    return {kind: Page((published("zh") / f"{name}.html").read_text("utf-8")) for kind, name in names.items()}


@pytest.fixture(scope="module")
def told():
    """What each command prints with --json."""

    def run(*words):
        printed = StringIO()
        with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
            main([words[0], str(SAMPLE), *map(str, words[1:]), "--json"])
        assert not ended.value.code
        return json.loads(printed.getvalue())

    return {
        "assess": run("assess"),
        "whatif": run("whatif", *SCENARIOS),
        "plan": run("plan"),
        "forecast": run("forecast"),
    }


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    context = open_context(SAMPLE)
    write_all(context, context.assessment.districts["district"].iloc[0], folder)
    return {path.stem: load_workbook(path, data_only=True) for path in folder.glob("*.xlsx")}


def shown(value, decimals):
    """A figure as it is to be printed: half up, by decimal arithmetic of its own."""
    return f"{Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}"


def balance(document):
    (district,) = document["districts"]
    return {(row["stage"], row["code"]): row for row in district["balance"] if row["code"] != "composite"}


def test_the_verdict_on_the_district_and_its_areas_is_one(pages, told):
    (district,) = told["assess"]["districts"]
    verdict = WORDS[district["verdict"]]
    for kind in ("index", "district", "annual"):
        for area, name in (("resources", "资源配置"), ("guarantee", "政府保障程度"), ("quality", "教育质量")):
            assert f"{name}{WORDS[district['areas'][area]]}" in pages[kind].text
    assert f"总体结论：{verdict}" in pages["district"].text
    assert f"区域总体结论：{verdict}" in pages["annual"].text
    (later,) = told["whatif"]["base"]["districts"]
    assert pages["scenario"].table("结论与差异系数")[0]["区域结论"] == WORDS[later["verdict"]]


def test_each_coefficient_is_one_on_every_page_and_in_the_form(pages, told, books):
    sheet = books["评估表册"]["表III 校际均衡"]
    means, coefficients = (
        [row for row in sheet.iter_rows() if row[1].value == what] for what in ("全县平均值", "差异系数")
    )
    district, annual, index = (
        {(row["学段"], row["指标"].split()[0]): row for row in pages[kind].table(caption)}
        for kind, caption in (
            ("district", "平均值、标准差与差异系数"),
            ("annual", "历年差异系数"),
            ("index", "2025—2026学年 差异系数"),
        )
    )
    research = {stage: pages["research"].table(f"{name}：各种不均等指标") for stage, name in STAGES.items()}
    for (stage, code), row in balance(told["assess"]).items():
        place, coefficient = (STAGES[stage], code), shown(row["coefficient"], 3)
        assert district[place]["差异系数"] == annual[place]["2025"] == index[place]["差异系数"] == coefficient
        assert (
            district[place]["结论"] == annual[place]["结论"] == index[place]["结论"] == WORDS[row["verdict"]]
        )
        assert (
            district[place]["限值"] == annual[place]["限值"] == index[place]["限值"] == shown(row["limit"], 2)
        )
        (line,) = [r for r in research[stage] if r["不均等指标"] == "差异系数"]
        (by_code,) = [text for name, text in line.items() if name.startswith(f"{code} ")]
        assert by_code == coefficient
        line, column = stage == "junior", 1 + int(code[1])
        printed = coefficients[line][column]
        assert f"{printed.value:.3f}" == coefficient
        assert ("▼" in printed.number_format) == (row["verdict"] == "fail")
        assert shown(row["mean"], 2) == district[place]["平均值"] == f"{means[line][column].value:,.2f}"
        assert shown(row["deviation"], 2) == district[place]["标准差"]


def test_what_each_school_meets_is_one(pages, told, books):
    (district,) = told["assess"]["districts"]
    listed = {(r["学校"], r["学段"]): r for r in pages["district"].table("各校七项指标")}
    front = {(r["学校"], r["学段"]): r for r in pages["index"].table("2025—2026学年 学校")}
    context = books["评估表册"]
    rows = [r for r in context["表II-2 资源配置分学校"].iter_rows(values_only=True) if isinstance(r[0], int)]
    many = sum(school["stage"] == "primary" for school in district["schools"])  # primary rows stand first
    form = {(row[1], STAGES["primary" if place < many else "junior"]): row for place, row in enumerate(rows)}
    assert len(form) == len(rows) == len(district["schools"])
    for school in district["schools"]:
        place, verdict = (school["name"], STAGES[school["stage"]]), WORDS[school["verdict"]]
        assert listed[place]["结论"] == front[place]["结论"] == form[place][13] == verdict
        assert (
            listed[place]["达标项数"]
            == front[place]["达标项数"]
            == str(_met(form[place][14]))
            == str(school["met"])
        )
        for code, value in school["values"].items():
            (by_code,) = [text for name, text in listed[place].items() if name.startswith(f"{code} ")]
            assert f"{form[place][5 + int(code[1])]:,.2f}" == shown(value, 2)
            # More digits where two would put a figure on the other side of its limit: 4.496 of 4.5.
            digits = len(by_code.partition(".")[2])
            assert digits >= 2 and by_code == shown(value, digits)
    passing = sum(school["verdict"] == "pass" for school in district["schools"])
    assert f"{len(district['schools'])} 个学校（学段）中 {passing} 个达标" in pages["district"].text
    assert f"{len(district['schools'])} 个学校（学段）中 {passing} 个七项指标达标" in pages["annual"].text
    assert (
        pages["annual"].table("历年结论")[-1]["达标学校（学段）"] == f"{passing} / {len(district['schools'])}"
    )
    (mine,) = [school for school in district["schools"] if school["school_id"] == SCHOOL]
    assert f"七项中达标 {mine['met']} 项" in pages["school"].text


def _met(remark: str) -> int:
    """Return how many items a remark of 表II-2 says are met: 达标：L7、L8."""
    told = [text for text in remark.splitlines() if text.startswith("达标：")]
    return sum(text.count("L") for text in told)


def test_the_number_of_indicators_met_is_one(pages, told):
    (district,) = told["assess"]["districts"]
    met = sum(indicator["verdict"] == "pass" for indicator in district["indicators"])
    assert f"{met} / 31 项" in pages["index"].text
    assert f"31 项指标中达标 {met} 项" in pages["district"].text
    assert f"31 项指标中达标 {met} 项" in pages["annual"].text
    assert sum(row["结论"] == "达标" for row in pages["district"].table("31 项指标一览")) == met


def test_the_issue_ledger_is_the_same_list_on_the_pages_and_in_the_workbook(pages, books):
    district = pages["ledger"].table("问题台账")
    # It has a page; the district's page and the annual report quote its first rows and say of how many.
    for kind in ("district", "annual"):
        quoted = pages[kind].table("问题台账")
        assert 0 < len(quoted) < len(district) and quoted == district[: len(quoted)]
        assert f"全部 {len(district)} 个问题见问题台账" in pages[kind].text
    sheet = books["问题台账"]["问题台账"]
    rows = [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[0]]
    assert len(rows) == len(district)
    named = sorted((row["问题"].split()[0], row["学校"].partition("（")[0]) for row in district)
    assert named == sorted((row[1], row[3]) for row in rows)
    assert f"本年度未达标的问题 {len(rows)} 个" in pages["annual"].text


def test_base_and_scenarios_are_those_that_the_command_prints(pages, told):
    document = told["whatif"]
    sides = [document["base"], *(one["assessment"] for one in document["scenarios"])]
    verdicts, effects = (
        pages["scenario"].table(start) for start in ("结论与差异系数", "学生、步行距离与费用")
    )
    assert len(sides) == len(verdicts) == len(effects) == 1 + len(SCENARIOS)
    for row, side in zip(verdicts, sides, strict=True):
        (district,) = side["districts"]
        held = balance(side)
        assert row["学校（学段）"] == str(len(district["schools"]))
        assert row["其中达标"] == str(sum(school["verdict"] == "pass" for school in district["schools"]))
        assert row["各校达标项数合计"] == str(sum(school["met"] for school in district["schools"]))
        assert row["超限差异系数"] == str(sum(one["verdict"] == "fail" for one in held.values()))
        for stage, name in STAGES.items():
            largest = max(one["coefficient"] for (at, _), one in held.items() if at == stage)
            (text,) = [text for head, text in row.items() if head.startswith(f"{name}最大差异系数")]
            assert text == shown(largest, 3)
    for row, one in zip(effects[1:], document["scenarios"], strict=True):
        assert row["换学校的学生（人）"] == str(sum(moved["pupils"] for moved in one["moved"]))
        cost = one["cost_yuan"]
        assert row["费用"] == ("没有单价" if cost is None else f"{shown(cost / 1e4, 1)} 万元")


def test_the_first_year_of_the_scenarios_is_the_district_as_it_is(pages, told):
    (district,) = told["assess"]["districts"]
    now = pages["scenario"].table("逐年：")[0]
    assert now["达标 2025"] == str(sum(school["verdict"] == "pass" for school in district["schools"]))
    assert now["超限 2025"] == str(sum(row["verdict"] == "fail" for row in balance(told["assess"]).values()))


def test_the_plan_costs_the_same_everywhere(pages, told):
    plan, page = told["plan"], pages["plan"]
    assert f"最低费用{shown(plan['cost_yuan'] / 1e4, 1)} 万元" in page.text
    assert f"费用下界{shown(plan['lower_bound_yuan'] / 1e4, 1)} 万元" in page.text
    total = Decimal(shown(plan["cost_yuan"] / 1e4, 2).replace(",", ""))
    for caption in ("购置清单：按学校", "购置清单：按指标"):
        costs = [Decimal(row["费用（万元）"].replace(",", "")) for row in page.table(caption)]
        assert abs(sum(costs) - total) <= Decimal("0.005") * (len(costs) + 1)
    bought = {row["name"] for row in plan["purchases"]}
    assert {row["学校"] for row in page.table("购置清单：按学校")} == bought
    assert f"{len(bought)} 所需要购置" in page.text
    assert page.table("对照：")[0]["费用"] == f"{shown(plan['cost_yuan'] / 1e4, 1)} 万元"
    now = sum(row["verdict"] == "fail" for row in balance(told["assess"]).values())
    assert f"现在超过限值的差异系数有 {now} 个" in page.text


def test_the_forecast_is_the_sum_of_what_the_command_prints(pages, told):
    table = {(row["学段"], row["学年（起始年）"]): row for row in pages["annual"].table("在校生：往年与推算")}
    sums = {}
    for row in told["forecast"]:
        key = row["stage"], row["year"]
        sums[key] = sums.get(key, 0.0) + row["pupils"]
    for (stage, year), pupils in sums.items():
        if stage in STAGES:
            assert table[STAGES[stage], f"{year}（推算）"]["在校生（人）"] == shown(round(pupils, 6), 0)
    last = max(year for _, year in sums)
    for stage, name in STAGES.items():
        assert f"推算 {last} 年 {shown(round(sums[stage, last], 6), 0)} 人" in pages["annual"].text, name
