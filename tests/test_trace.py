"""Every verdict and coefficient leads to its rule, and the rule to clause, formula and rows of the data."""

import ast
import csv
import re
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest
from oracle import ALL as CODES
from oracle import CODES as SEVEN
from statements import facts

from qb.data.sample import make
from qb.indicators.assessment import assess
from qb.indicators.indicator_functions import FUNCTIONS
from qb.report.context import ReportContext, open_context
from qb.report.district_report import DistrictReport
from qb.report.school_report import SchoolReport
from qb.report.tables import Cards, Column, Table, badge
from qb.report.verdict_keys import Fact, key
from qb.report.verdict_rules import PageRules, formula, resource_formula, source_rows
from qb.standard import load
from qb.terms import Verdict

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"


@pytest.fixture(scope="module")
def context():
    return open_context(SAMPLE, 2025)


@cache
def blocks(name):
    """Return what a notebook shows, as HTML: the value of each cell's last line."""
    shown = []
    space = {"display": lambda *blocks: shown.extend(blocks)}
    for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells:
        if cell.cell_type != "code" or {"work", "document"} & set(cell.metadata.get("tags", ())):
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), space)
        if "parameters" in cell.metadata.get("tags", ()):
            space |= {"data": str(SAMPLE), "year": 2025}
        if last:
            shown.append(eval(compile(ast.Expression(last.value), name, "eval"), space))
    return "".join(block._repr_html_() for block in shown if hasattr(block, "_repr_html_"))


@pytest.fixture(scope="module", params=["district", "school", "research"])
def page(request):
    return request.param, blocks(request.param)


def test_every_link_to_a_rule_finds_its_entry_on_the_same_page(page):
    _, html = page
    wanted = set(re.findall(r'href="#(rule-[^"]+)"', html))
    entries = re.findall(r'<h3 id="(rule-[^"]+)"', html)
    assert wanted and wanted <= set(entries)
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_link_of_the_site_leads_to_what_is_not_there(published, lang):
    """Pages, and places on them: rules, departments' sheets, rows of the ledger, words explained."""
    site = published(lang)
    text = {page: page.read_text("utf-8") for page in site.rglob("*.html")}
    marks = {page: set(re.findall(r"""\sid=["']?([^"'\s>]+)""", html)) for page, html in text.items()}
    lost, ledger = [], 0
    for page, html in text.items():
        for to in map(unescape, re.findall(r'<a [^>]*?href="([^"]*)"', html)):
            file, _, at = to.partition("#")
            if file.startswith("http") or "=" in at:  # a question to the page, answered by its script
                continue
            led = (page.parent / unquote(file)).resolve() if file else page
            ledger += led.stem == "ledger" and at.startswith("ledger-")
            if not led.exists() or (at and led in text and unquote(at) not in marks[led]):
                lost.append((page.name, to))
    assert not lost
    assert ledger > 20  # the rows that district, annual report and schools quote


def test_every_verdict_is_a_link_and_says_what_it_states(page):
    name, html = page
    badges = re.findall(r'<(\w+) class="verdict [^>]*>', html)
    marked = re.findall(
        r'<a class="verdict \w+" href="#rule-\w+" data-fact="[^"]+" data-value="[^"]+">', html
    )
    assert len(badges) == len(marked)
    assert (len(marked) > 0) == (name != "research")


def test_every_coefficient_of_the_assessment_leads_to_the_rule_of_coefficients(context):
    html = DistrictReport(context).balance.table()._repr_html_()
    cells = re.findall(r'data-fact="coefficient/[^"]+"><a href="(#\S+?)">', html)
    assert cells == ["#rule-coefficient"] * 16  # the seven and their mean, of two stages


def test_the_coefficients_of_the_research_page_are_marked():
    html = blocks("research")
    # Three tables (measures, errors, conventions) of seven indicators at two stages.
    assert len(re.findall(r'data-fact="reported/2025/(?:primary|junior)/C[1-7]/', html)) == 3 * 7 * 2


def test_each_statement_has_a_key_of_its_own(context):
    found = context.assessment
    rows, places = len(found.rows), len(found.balance)
    stages = len(found.rows["stage"].unique())
    expected = (
        1 + 5 + 2 * 31  # the district, its areas, its indicators with their values
        + 2 * len(found.findings)
        + rows * (2 + 2 * 7)  # verdict and number met; value and verdict of each of the seven
        + 4 * places
        + 2 * stages * 7  # of those that reported: of the one district, and of all
    )  # fmt: skip
    assert len(facts(found)) == expected


def test_a_rule_gives_the_clause_and_the_limit_of_the_standards_file(with_change):
    changed = with_change(("value = 7.5, unit", "value = 7.75, unit"))
    html = unescape(PageRules(changed, 2025, "zh", ("C5",))._repr_html_())
    assert "教督〔2017〕6号" in html
    assert "小学 ≥ 7.75，初中 ≥ 10.2 平方米/生" in html
    assert "（运动场地面积 + 室内体育用房面积） ÷ 本学段在校生数；" in html
    assert "办学条件：室内体育用房面积、体育运动场地面积" in html and "indoor_sports_area_m2" not in html


def test_a_limit_that_rises_is_given_as_it_stands_in_the_year():
    # C14 of the standard: 6000 yuan, 7000 from the school year 2025 on.
    limits = [unescape(PageRules(load(), year, "zh", ("C14",))._repr_html_()) for year in (2024, 2025)]
    assert ["≥ 6,000 元" in limits[0], "≥ 7,000 元" in limits[1]] == [True, True]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_function_that_measures_has_its_formula_in_words(lang):
    standard = load()
    for code in CODES:
        one = standard[code]
        words = resource_formula(standard, code, lang) if code in SEVEN else formula(one, lang)
        assert words and not re.search(r"[{}]", words), code
    assert {i.measure for i in standard.indicators if i.code not in SEVEN} == set(FUNCTIONS)


def test_every_rule_of_an_english_page_is_in_english():
    html = unescape(PageRules(load(), 2025, "en")._repr_html_())
    assert not re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", html)


def test_a_schools_rows_are_those_of_the_files_and_of_its_campuses(context):
    # Read once more from the file, line by line; 0001001 has a campus.
    with (SAMPLE / "schools.csv").open(encoding="utf-8-sig") as file:
        ids = {r["school_id"] for r in csv.DictReader(file) if "0001001" in (r["school_id"], r["parent_id"])}
    assert len(ids) == 2
    with (SAMPLE / "sections.csv").open(encoding="utf-8-sig") as file:
        lines = [
            str(n)
            for n, row in enumerate(csv.DictReader(file), start=2)
            if row["year"] == "2025" and row["school_id"] in ids
        ]
    shown = SchoolReport(context, "0001001").sources().frame.set_index("table")
    assert shown.loc["学段", "lines"] == "、".join(lines)
    assert shown.loc["学段", "count"] == len(lines)


def test_a_districts_rows_are_its_own():
    data = make(schools=4, districts=2, years=[2025])
    two = ReportContext(data, assess(data))
    first, second = data.districts
    counts = [source_rows(two, ("C14", "C8"), district=d).frame.set_index("table") for d in (first, second)]
    evidence, items = data["evidence"], data["district"]
    for district, frame in zip((first, second), counts, strict=True):
        mine = (evidence["district"] == district) & evidence["item"].str.match(r"C8\.")
        assert frame.loc["佐证材料", "count"] == mine.sum() > 0
        special = (items["district"] == district) & items["item"].str.startswith("special_")
        assert frame.loc["县区数据", "count"] == special.sum() == 2


def test_a_key_from_data_cannot_leave_its_attribute():
    fact = key(Fact.SCHOOL, 2025, "primary", '"><script>x</script>')
    assert "<script>" not in badge("fail", "zh", fact)
    cards = Cards((("甲", str(Verdict.FAIL), "", fact),))._repr_html_()
    frame = pd.DataFrame({"name": ["甲"], "value": [1.25], "fact": [fact]})
    table = Table("表", (Column("name", "名"), Column("value", "值", decimals=1, fact="fact")), frame)
    assert "<script>" not in cards + table._repr_html_()


def test_a_cell_without_a_fact_is_not_marked_and_leads_nowhere():
    frame = pd.DataFrame(
        {"name": ["甲", "乙"], "value": [1.0, 2.0], "fact": ["", key(Fact.COEFFICIENT, 2025, "x")]}
    )
    html = Table(
        "表", (Column("name", "名"), Column("value", "值", decimals=1, fact="fact")), frame
    )._repr_html_()
    assert (html.count("data-fact"), html.count("<a ")) == (1, 1)
