"""What a page brings along: the table under a figure, a script, and the words that it needs."""

import re

import numpy as np
import pandas as pd
import pytest

from qb import charts
from qb.charts import Caption, Chart
from qb.charts.figure import MOST_ROWS
from qb.errors import QbError
from qb.publish.page import CONTROLS, SCRIPTS, THEME, WORDS, Page, index_page
from qb.publish.site_settings import load_settings, settings_file

SOURCES = {name: (THEME / "qb" / f"{name}.js").read_text("utf-8") for name in SCRIPTS}


def html_of(table, lang="zh", **words):
    return Chart(Caption("发现", "量度 · 模拟区", lang=lang, **words), (), 10, table)._repr_html_()


def grid(html):
    """Return the rows of a figure's table as text, the header first."""
    return [
        [re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in re.findall(r"<tr>.*?</tr>", html)
    ]


# The table under a figure


def test_a_figure_has_its_table_folded_below_its_source_with_the_measure_as_caption():
    html = html_of(pd.DataFrame({"学校": ["甲校"], "数值": [1.5]}), source="模拟数据")
    assert html.index('class="source"') < html.index("<details") < html.index("</figure>")
    assert "<details open" not in html
    assert "<caption>量度 · 模拟区</caption>" in html
    assert grid(html) == [["学校", "数值"], ["甲校", "1.5"]]


def test_a_figure_without_a_table_has_nothing_to_unfold():
    assert "<details" not in html_of(None)
    assert "<details" not in html_of(pd.DataFrame({"数值": []}))


def test_a_cell_shows_a_rounded_number_and_sorts_by_the_whole_one():
    # 137.201 and 137.249 both print as 137.2: only the whole numbers tell which is larger
    html = html_of(pd.DataFrame({"学校": ["甲", "乙", "丙"], "数值": [137.249, 137.201, 150.0]}))
    assert [row[1] for row in grid(html)[1:]] == ["137.2", "137.2", "150.0"]
    assert re.findall(r"data-value=([\d.]+)", html) == ["137.249", "137.201"]  # 150.0 is what it shows


def test_missing_numbers_are_named_and_not_zero():
    assert grid(html_of(pd.DataFrame({"学校": ["甲", "乙"], "数值": [np.nan, 2]})))[1:] == [
        ["甲", "缺数据"],
        ["乙", "2"],
    ]
    english = html_of(pd.DataFrame({"school": ["A"], "value": [np.nan]}), lang="en")
    assert grid(english) == [["School", "Value"], ["A", "No data"]]


def test_whole_numbers_have_no_decimals_years_no_thousands_and_places_enough_to_find_them():
    table = pd.DataFrame({"年份": [2024], "学生数": [1234.0], "经度": [114.067370], "纬度": [34.0]})
    assert grid(html_of(table.assign(行="x")[["行", *table]]))[1] == [
        "x",
        "2024",
        "1,234",
        "114.06737",
        "34.00000",
    ]


def test_an_index_that_names_rows_is_shown_and_one_that_counts_them_is_not():
    named = pd.DataFrame({"数值": [1]}, index=["甲校"])
    years = pd.concat({"C1": pd.DataFrame({"之间": [0.25]}, index=[2024])}, names=["", "年份"])
    assert grid(html_of(named)) == [["项目", "数值"], ["甲校", "1"]]
    assert grid(html_of(years)) == [["项目", "年份", "之间"], ["C1", "2024", "0.25"]]
    assert grid(html_of(named.reset_index(drop=True).assign(甲="乙"))) == [["数值", "甲"], ["1", "乙"]]


def test_columns_and_schools_of_one_name_are_all_shown():
    table = pd.DataFrame([[1, 2], [3, 4]], index=["甲校", "甲校"], columns=["数值", "数值"])
    assert grid(html_of(table))[1:] == [["甲校", "1", "2"], ["甲校", "3", "4"]]


def test_a_very_long_table_is_cut_and_says_so():
    html = html_of(pd.DataFrame({"学校": [str(k) for k in range(MOST_ROWS + 7)]}))
    assert len(grid(html)) == 1 + MOST_ROWS
    assert f"列出前 {MOST_ROWS} 行，共 {MOST_ROWS + 7} 行。" in html


def test_names_in_a_table_are_escaped():
    html = html_of(pd.DataFrame({"<i>": ["<script>alert(1)</script>"]}))
    assert "<script" not in html and "<i>" not in html


def test_no_figure_heads_a_column_with_the_name_it_has_inside():
    forecast = pd.DataFrame(
        {"pupils": [900.0, 950, 990], "low": [np.nan, np.nan, 960], "high": [np.nan, np.nan, 1020]},
        index=[2024, 2025, 2026],
    )
    curve = charts.LorenzCurve([0, 1], [0, 1], 0.4, 0.2)
    figures = [
        charts.lorenz({"C1": curve}, caption=Caption("题")),
        charts.intervals(
            ["C1"],
            [0.4],
            [0.3],
            [0.5],
            ["0.4"],
            limits=[0.5],
            over=[False],
            crosses=[False],
            caption=Caption("题"),
        ),
        charts.outlook(forecast, 2025, caption=Caption("题")),
    ]
    for figure in figures:
        heads = grid(figure._repr_html_())[0]
        assert not re.search("[a-z]", "".join(heads)), heads


# The script and its words


def test_the_script_says_nothing_but_what_the_words_of_the_page_say():
    program = "\n".join(SOURCES.values())
    assert set(re.findall(r"\bsay\.(\w+)", program)) == set(CONTROLS)
    assert all(set(CONTROLS) <= WORDS[lang].keys() for lang in WORDS)
    without_regex = re.sub(r"/\^'\*\[.*?\]/", "", program)  # full-width signs begin formulas too
    assert not re.search("[一-鿿＀-￯]", without_regex)


@pytest.mark.parametrize("lang", WORDS)
def test_places_to_fill_in_are_the_same_in_every_language(lang):
    for name in CONTROLS:
        assert WORDS[lang][name].count("{}") == WORDS["zh"][name].count("{}"), name


def test_the_script_keeps_nothing_asks_for_nothing_and_writes_no_html():
    program = "\n".join(SOURCES.values())
    for forbidden in (
        "fetch(",
        "XMLHttpRequest",
        "localStorage",
        "cookie",
        "innerHTML",
        "eval(",
        "document.write",
    ):
        assert forbidden not in program
    addresses = set(re.findall(r"https?://[\w./-]+", program))
    assert all(re.search("openxmlformats.org|www.w3.org/2000/svg", address) for address in addresses)  # names


# Who publishes


def test_a_page_says_who_publishes_it(tmp_path):
    (tmp_path / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")
    file = tmp_path / "site.toml"
    file.write_text(
        'office = "甲区<局>"\nlogo = "mark.svg"\ncontact = "督导室"\ncolour = "#7a1f3d"\nfooter = "内部资料"',
        "utf-8",
    )
    assert settings_file(tmp_path) == str(file)
    html = index_page("districts.html.j2", Page("甲区", settings=load_settings(str(file))), everywhere=[])
    for said in ("甲区&lt;局&gt;", "data:image/svg+xml;base64,", "督导室", "--accent: #7a1f3d", "内部资料"):
        assert said in html


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('colour = "#cccccc"', "看不清"),  # 1.6 : 1
        ('logo = "none.svg"', "无法读取"),
        ('logo = "mark.gif"', "logo"),
        ('ofice = "甲"', "ofice"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(tmp_path, text, said):
    file = tmp_path / "site.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(QbError, match=said):
        load_settings(str(file))
