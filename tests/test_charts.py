"""Figures: what is drawn, what is said in words, and that every Chinese character can be printed."""

import re
import subprocess
import sys
import warnings
from dataclasses import replace
from io import BytesIO
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

import qb
from qb import charts
from qb.charts import Caption, fonts, style
from qb.charts.figure_geometry import spaced, swarm, ticks
from qb.charts.marks import (
    ALARM,
    FAMILY,
    FOLDER,
    NARROW,
    RULE,
    SMALL,
    Bar,
    Dot,
    Line,
    Word,
    plain,
    shorten,
    span,
    wrap,
)
from qb.terms import Allowance

SVG = "{http://www.w3.org/2000/svg}"
HERE = Path(__file__).parent
# 模拟数据 throughout: no school of these names is meant.
HOSTILE = [
    "<script>alert(1)</script>",
    "$x^2$ & $\\alpha$",
    "甲\n乙\t丙",
    "长" * 60,
    "‮倒写\x00",
    '" onload="x',
    "",
]


def caption(lang="zh", **words):
    return Caption(
        words.pop("title", "三所学校未达标"), "生均面积 · 模拟区 · 2024 学年", "模拟数据", lang=lang, **words
    )


def school_names(count):
    return [f"模拟第{k}小学" for k in range(1, count + 1)]


def percentages(count, columns=7):
    """Percentages of the standard, from 60 to 239, with two missing."""
    values = 60 + (np.arange(count * columns).reshape(count, columns) * 37) % 180.0
    values[1, 2] = values[-1, 0] = np.nan
    titles = [f"C{k} 模拟指标名称{k}" for k in range(1, columns + 1)]
    return pd.DataFrame(values, index=school_names(count), columns=titles)


def judged(percent):
    return percent.map(lambda v: "no data" if np.isnan(v) else "pass" if v >= 100 else "fail")


def figures(count=30, names=None, lang="zh"):
    """One figure of each kind from the same invented schools."""
    percent = percentages(count)
    percent.index = names or percent.index
    stage_names = ["甲段", "乙段"]
    if lang == "en":
        percent.index = [f"School {k}" for k in range(count)]
        percent.columns = [f"C{k} Floor area" for k in range(1, 8)]
        stage_names = ["Primary", "Junior"]
    verdicts = judged(percent)
    verdicts.iloc[[3, 5], 4] = Allowance.AT_SCHOOL  # of a row in which a school lies off the scale
    percent.iloc[4, 4] = 260
    pupils = 200.0 + (np.arange(count) * 531) % 1900
    words = caption(lang)
    first = percent.iloc[:, 0].to_numpy()
    table = percent.iloc[:7, :2] / 300
    table.columns = stage_names
    stages = table.map(lambda v: "no data" if np.isnan(v) else "pass" if v <= 0.5 else "fail")
    unit = "平方米" if lang == "zh" else "m²"
    years = [2021, 2022, 2023, 2024, 2025]
    lines = {name: percent.iloc[:5, k] / 300 for k, name in enumerate(percent.index[:6])}
    east, north = 119.3 + (np.arange(count) * 7 % 30) / 400, 26.1 + (np.arange(count) * 11 % 29) / 500
    east[2] = np.nan
    texts = ["—" if np.isnan(v) else f"{v:.2f} / 4.2" for v in percent.iloc[1]]
    return {
        "strips": charts.strips(percent, pupils, verdicts, caption=words),
        "strips of one school": charts.strips(percent, pupils, verdicts, caption=words, highlight=1),
        "map": charts.map_of_schools(east, north, pupils, percent.index, verdicts.iloc[:, 0], caption=words),
        "profile": charts.profile(percent.columns, percent.iloc[1], texts, verdicts.iloc[1], caption=words),
        "coefficients": charts.coefficients(
            table, stages, dict(zip(stage_names, (0.5, 0.45), strict=True)), caption=words
        ),
        "heat": charts.heat(percent, verdicts, percent < 85, caption=words),
        "shortfall": charts.shortfall_bars(percent.index, [*first[:-2], 0, np.nan], unit, caption=words),
        "classes": charts.classes([*np.arange(300) % 17 + 34, np.nan], 45, over=[False] * 301, caption=words),
        "completeness": charts.completeness(
            pd.DataFrame([[1, 0.999], [0, np.nan]], index=percent.index[:2], columns=[2023, 2024]),
            caption=words,
        ),
        "trend": charts.trend(
            years, lines, limits={"0.50": 0.5}, emphasise=percent.index[1], decimals=3, caption=words
        ),
    }


FIGURES = figures()
every_figure = pytest.mark.parametrize("chart", FIGURES.values(), ids=FIGURES)


def words_of(chart):
    return " ".join(mark.text for mark in chart.marks if isinstance(mark, Word))


def dots(chart, *shapes):
    return [
        m for m in chart.marks if isinstance(m, Dot) and m.shape in (shapes or ("circle", "diamond", "arrow"))
    ]


def box(word):
    """Left, top, right, bottom of text; the width is our own careful estimate."""
    wide = span(word.text, word.size)
    left = word.x - {"start": 0, "middle": wide / 2, "end": wide}[word.anchor]
    return left, word.y - word.size * 0.8, left + wide, word.y + word.size * 0.1


# --- The font ---------------------------------------------------------------------------------------------


def tongyong():
    lines = (HERE / "data" / "tongyong_8105.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_the_list_of_characters_is_whole():
    # 国发〔2013〕23号: 3,500 + 3,000 + 1,605 = 8,105; level 1 ends with 矗,
    # level 2 begins with 乂, level 3 with 亍
    levels = tongyong()
    assert [len(level) for level in levels] == [3500, 3000, 1605]
    assert len(set("".join(levels))) == 8105
    assert (levels[0][0], levels[0][-1], levels[1][0], levels[2][0]) == ("一", "矗", "乂", "亍")


@pytest.mark.parametrize("weight", [0, 1], ids=["regular", "bold"])
def test_every_character_of_the_national_list_has_a_glyph(weight):
    face = FT2Font(str(fonts()[weight]))
    assert [c for c in "".join(tongyong()) if not face.get_char_index(ord(c))] == []
    others = "〇（）《》“”——……、；：？！％＋－＝／·≥≤±×÷²³‰℃㎡①⑳ⅠⅫ←↑→↓●○■□▲△▼▽◆◇★☆✓▶√Σ∑∞≈≠αΩ〓鼓樓區臺灣"
    assert [c for c in others if not face.get_char_index(ord(c))] == []


def test_matplotlib_resolves_the_two_files_of_the_package():
    regular, bold = fonts()
    assert Path(qb.__file__).parent / "charts" / "fonts" == FOLDER
    assert regular.parent.samefile(FOLDER) and bold.parent.samefile(FOLDER)
    assert (regular.name, bold.name) == ("qbSansSC-Regular.otf", "qbSansSC-Bold.otf")
    assert FT2Font(str(bold)).family_name == FAMILY
    assert (FOLDER / "OFL.txt").read_text(encoding="utf-8").startswith("Copyright 2014-2021 Adobe")


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_matplotlib_draws_the_whole_list_without_an_empty_box(weight):
    text = "".join(tongyong())
    with style():
        figure = Figure(figsize=(6, 6), dpi=72)
        for k in range(0, len(text), 150):
            figure.text(0, k / len(text), text[k : k + 150], fontsize=4, fontweight=weight)
        figure.savefig(BytesIO())  # warnings are errors


def test_an_empty_box_would_have_been_noticed():
    with style(), pytest.warns(UserWarning, match="Glyph .* missing"):
        figure = Figure(figsize=(1, 1))
        figure.text(0, 0, "\U0002a6a5")  # 𪚥 is in none of the lists
        figure.savefig(BytesIO())


def test_a_character_the_font_lacks_stays_in_svg_and_is_marked_in_a_picture():
    chart = charts.shortfall_bars(
        ["\U0002a6a5村小学"], [3], "间", caption=caption(title="\U0002a6a5村小学缺 3 间")
    )
    assert "\U0002a6a5村小学" in chart.svg
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chart.png(dpi=40)


def test_style_leaves_matplotlib_as_it_was():
    before = dict(matplotlib.rcParams)
    with style():
        assert matplotlib.rcParams["font.family"] == [FAMILY]
        assert matplotlib.rcParams["text.parse_math"] is False  # "$" in a name is no formula
    assert dict(matplotlib.rcParams) == before


def test_importing_does_not_touch_matplotlib():
    code = "import sys, qb.charts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- Every figure -----------------------------------------------------------------------------------------


@every_figure
def test_svg_is_one_element_that_says_what_it_shows(chart):
    root = ElementTree.fromstring(chart.svg)
    assert chart.svg.startswith("<svg ")  # neither XML header nor document type
    assert (
        root.get("role") == "img"
        and root.get("aria-label") == "三所学校未达标。生均面积 · 模拟区 · 2024 学年"
    )
    assert root.get("viewBox") == f"0 0 720 {chart.height:.0f}"
    assert root.get("width") == "100%" and root.get("height") is None
    assert not re.search(r"#111827|nan|inf", chart.svg)  # ink follows the page; no number was lost


@every_figure
def test_two_figures_on_a_page_cannot_clash(chart):
    assert " id=" not in chart.svg and "url(" not in chart.svg and "<style" not in chart.svg


@every_figure
def test_text_lies_on_the_page_and_on_no_other_text(chart):
    boxes = [(word.text, *box(word)) for word in chart.marks if isinstance(word, Word)]
    wide = chart.caption.width
    for text, left, top, right, bottom in boxes:
        assert left >= -1 and right <= wide + 1 and top >= -1 and bottom <= chart.height + 1, text
    for (one, *a), (two, *b) in combinations(boxes, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one} lies on {two}"
    for line in (m for m in chart.marks if isinstance(m, Line) and m.colour != RULE):
        for (x, y), (u, v) in pairwise(line.points):
            on_line = [(x + (u - x) * k / 200, y + (v - y) * k / 200) for k in range(201)]
            for text, left, top, right, bottom in boxes:
                assert not any(left < a < right and top < b < bottom for a, b in on_line), (
                    f"a line crosses {text}"
                )
    for dot in dots(chart, "circle", "diamond", "arrow", "triangle"):
        for text, left, top, right, bottom in boxes:
            inside = left < dot.x + dot.radius and dot.x - dot.radius < right
            assert not (inside and top < dot.y < bottom), f"{text} lies on a dot"


@every_figure
def test_figures_of_a_phone_fit_it(chart):
    narrow = chart.redraw(replace(chart.caption, width=NARROW))
    test_text_lies_on_the_page_and_on_no_other_text(narrow)
    assert f'viewBox="0 0 340 {narrow.height:.0f}"' in chart.narrow and "<title>" not in chart.narrow


@every_figure
def test_text_is_large_enough(chart):
    assert SMALL >= 12 and all(m.size >= 12 for m in chart.marks if isinstance(m, Word))


@every_figure
def test_what_fails_differs_in_shape_or_words_too(chart):
    coloured = [m for m in chart.marks if m.colour == ALARM]
    alone = [m for m in coloured if isinstance(m, Dot) and m.shape not in ("diamond",)]
    assert alone == []
    if coloured and not any(isinstance(m, Dot) for m in coloured):
        assert any(isinstance(m, Word) and m.bold for m in chart.marks)


@every_figure
def test_picture_is_drawn(chart):
    picture = chart.png(dpi=60)
    assert picture.startswith(b"\x89PNG") and len(picture) > 5000


def test_the_same_input_gives_the_same_bytes():
    for one, two in zip(FIGURES.values(), figures().values(), strict=True):
        assert one.svg == two.svg
    assert FIGURES["strips"].png(dpi=60) == figures()["strips"].png(dpi=60)


def test_hostile_names_stay_names():
    names = (HOSTILE * 5)[:30]
    names = [f"{name}{k}" for k, name in enumerate(names)]  # a trend's lines need names of their own
    for kind, chart in figures(names=names).items():
        root = ElementTree.fromstring(chart.svg)
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "g", "path", "rect", "circle", "text", "title"}, kind
        assert not any(key.startswith("on") for element in root.iter() for key in element.attrib)
        test_text_lies_on_the_page_and_on_no_other_text(chart)
    drawn = figures(names=names)["heat"]
    assert "$x^2$ & $\\alpha$1" in words_of(drawn)  # as typed, no formula
    assert "甲 乙 丙2" in words_of(drawn)
    assert drawn.png(dpi=40)


def test_captions_are_escaped():
    chart = charts.classes([40], 45, over=[False], caption=Caption('<b>&"', "<i>", "<u>"))
    page = chart._repr_html_()
    assert "<b>&" not in page and "<i>" not in page and "<u>" not in page
    assert '<b class="finding">&lt;b&gt;&amp;&quot;</b>' in page
    assert '<p class="source">来源：&lt;u&gt;</p>' in page
    assert 'aria-label="&lt;b&gt;&amp;&quot;。&lt;i&gt;"' in page


def test_arguments_are_left_as_they_were():
    percent = percentages(9)
    verdicts, before = judged(percent), percent.copy()
    charts.heat(percent, verdicts, percent < 85, caption=caption())
    charts.strips(percent, [100.0] * 9, verdicts, caption=caption())
    pd.testing.assert_frame_equal(percent, before)


@pytest.mark.parametrize(
    "chart",
    [
        charts.strips(pd.DataFrame(), [], pd.DataFrame(), caption=caption()),
        charts.map_of_schools([np.nan], [26.0], [9], ["甲"], ["pass"], caption=caption()),
        charts.profile(["C1"], [np.nan], [""], ["no data"], caption=caption()),
        charts.coefficients(
            pd.DataFrame({"小学": [np.nan]}),
            pd.DataFrame({"小学": ["no data"]}),
            {"小学": 0.5},
            caption=caption(),
        ),
        charts.heat(
            pd.DataFrame({"C1": [np.nan]}),
            pd.DataFrame({"C1": ["no data"]}),
            pd.DataFrame({"C1": [False]}),
            caption=caption(),
        ),
        charts.shortfall_bars([], [], "间", caption=caption()),
        charts.classes([np.nan], 45, over=[False], caption=caption()),
        charts.completeness(pd.DataFrame(), caption=caption()),
        charts.trend([2024], {"甲": [np.nan]}, caption=caption()),
        charts.trend([], {}, caption=caption()),
    ],
)
def test_nothing_to_show_is_said_in_words(chart):
    assert [type(mark) for mark in chart.marks] == [Word]
    assert words_of(chart) == "缺数据"
    assert chart.png(dpi=40)


def test_english_figures_add_no_chinese():
    for kind, chart in figures(lang="en").items():
        assert not re.search(r"[一-鿿，；：、]", words_of(chart)), kind
        test_text_lies_on_the_page_and_on_no_other_text(chart)
    assert "No data" in words_of(figures(lang="en")["heat"])


# --- One by one -------------------------------------------------------------------------------------------


def test_strips_draw_verdicts_and_not_their_own_opinion():
    # 71% is below the standard, yet a transition clause may let it pass; then nothing is coloured
    percent = pd.DataFrame({"C1": [71.0, 119.0, np.nan]}, index=["甲小学", "乙小学", "丙小学"])

    def drawn(*verdicts):
        told = pd.DataFrame({"C1": verdicts}, index=percent.index)
        return charts.strips(percent, [100, 400, 50], told, caption=caption())

    passed, failed = drawn("pass", "pass", "no data"), drawn("fail", "pass", "no data")
    assert [d.shape for d in dots(passed)] == ["circle", "circle"]
    assert [d.shape for d in dots(failed)] == ["diamond", "circle"]
    assert "1 所缺数据" in words_of(drawn("fail", "pass", "fail"))  # a verdict without a value is no verdict
    small, large = dots(passed)
    assert large.radius == pytest.approx(2 * small.radius)  # 400 pupils against 100


def test_columns_of_a_filtered_frame_keep_their_names():
    frame = pd.DataFrame(
        {"name": ["甲小学", "乙小学", "丙小学"], "v": [1.0, 2.0, 9.0], "k": ["pass", "fail", "pass"]}
    )
    frame = frame[frame["name"] != "甲小学"]  # its index now starts at 1
    drawn = charts.map_of_schools(
        frame["v"], frame["v"], frame["v"], frame["name"], frame["k"], caption=caption()
    )
    assert "乙小学" in words_of(drawn)


def test_two_thousand_schools_fit():
    count = 2000
    percent = pd.DataFrame({"C1": 60 + (np.arange(count) * 37 % 500) / 5}, index=school_names(count))
    chart = charts.strips(percent, [300] * count, judged(percent), caption=caption())
    assert len(dots(chart)) == count and chart.height < 500


def test_strips_count_what_fails_and_what_is_missing():
    percent = pd.DataFrame({"C1 甲": [90, 120, 130], "C2 乙": [120, np.nan, 180.0]}, index=["甲", "乙", "丙"])
    words = words_of(charts.strips(percent, [1, 1, 1], judged(percent), caption=caption()))
    assert "1 所未达标" in words and "1 所缺数据" in words
    own = words_of(charts.strips(percent, [1, 1, 1], judged(percent), caption=caption(), highlight=0))
    assert "90.0% 未达标" in own and "120.0%" in own


def test_strips_say_what_lies_beyond_their_scale():
    percent = pd.DataFrame({"C1": [*[120.0] * 19, 900.0]}, index=school_names(20))
    chart = charts.strips(percent, [1] * 20, judged(percent), caption=caption())
    assert "超出 200%，画在右端（1 所）" in words_of(chart)
    assert [d.shape for d in dots(chart)].count("arrow") == 1


def test_profile_speaks_of_missing_and_failing():
    chart = charts.profile(
        ["C1", "C2", "C3"],
        [99.6, np.nan, 260],
        ["4.18／标准 4.2", "标准 1", "2.34／标准 0.9"],
        ["fail", "no data", "pass"],
        caption=caption(),
    )
    assert "99.6% 未达标" in words_of(chart)  # the digits that tables and sentences show
    assert "缺数据" in words_of(chart) and "260.0%" in words_of(chart)
    assert [d.shape for d in dots(chart)] == ["diamond", "arrow"]


def test_coefficients_stand_against_the_limit_of_their_stage():
    values = pd.DataFrame({"小学": [0.47], "初中": [0.47]}, index=["C5"])
    verdicts = pd.DataFrame({"小学": ["pass"], "初中": ["fail"]}, index=["C5"])
    chart = charts.coefficients(values, verdicts, {"小学": 0.5, "初中": 0.45}, caption=caption())
    assert [d.shape for d in dots(chart)] == ["circle", "diamond"]
    assert "上限 0.50" in words_of(chart) and "上限 0.45" in words_of(chart)
    assert words_of(chart).count("超限") == 1


def test_a_coefficient_beside_its_limit_has_the_digits_that_tell_the_two_apart():
    values, verdicts = (
        pd.DataFrame({"小学": [0.5004]}, index=["C5"]),
        pd.DataFrame({"小学": ["fail"]}, index=["C5"]),
    )
    chart = charts.coefficients(values, verdicts, {"小学": 0.5}, caption=caption())
    assert "0.5004" in words_of(chart)  # with three digits it would be 0.500, and above 0.50


def test_heat_marks_failing_cells_by_sign_and_weight():
    percent = pd.DataFrame({"C1": [99.9, 84.9, 100.0, np.nan]}, index=list("甲乙丙丁"))
    chart = charts.heat(percent, judged(percent), percent < 85, caption=caption())
    cells = {m.text: m.bold for m in chart.marks if isinstance(m, Word) and m.anchor == "middle"}
    assert cells == {"C1": False, "× 99.9": True, "× 84.9": True, "100.0": False, "缺数据": False}
    light, dark = (m.opacity for m in chart.marks if isinstance(m, Bar) and m.colour == ALARM)
    assert light < dark  # 84.9 is below the floor of 85, 99.9 is not


def test_heat_grows_with_its_schools():
    percent = percentages(70)
    assert charts.heat(percent, judged(percent), percent < 85, caption=caption()).height == pytest.approx(
        70 * 23, abs=90
    )


def test_shortfall_tells_none_from_unknown():
    chart = charts.shortfall_bars(["甲", "乙", "丙"], [12, 0, np.nan], "间", caption=caption())
    words = words_of(chart)
    assert "12 间" in words and "无缺口" in words and "缺数据" in words


def test_classes_at_the_limit_are_not_above_it():
    # C12: at most 45 pupils; 45 is allowed, 46 is not
    sizes, over = [44, 45, 45, 46, np.nan], [False, False, False, True, False]
    chart = charts.classes(sizes, 45, over=over, caption=caption())
    assert "超上限 1 个班" in words_of(chart) and "缺数据：1 个班" in words_of(chart)
    assert chart.table.to_numpy().tolist() == [[44, 1], [45, 2], [46, 1]]
    assert [m.colour == ALARM for m in chart.marks if isinstance(m, Bar)] == [False, False, True]
    assert "超上限" not in words_of(charts.classes([44, 45], 45, over=[False, False], caption=caption()))


def test_map_keeps_proportions():
    # one degree north is 1/cos(60°) = 2 times as long as one degree east at 60° north
    chart = charts.map_of_schools(
        [10, 11, 10], [59.5, 59.5, 60.5], [1, 1, 1], list("甲乙丙"), ["pass"] * 3, caption=caption()
    )
    by_name = {d.tip[0]: d for d in dots(chart)}
    east = by_name["乙"].x - by_name["甲"].x
    north = by_name["甲"].y - by_name["丙"].y
    assert north / east == pytest.approx(2, rel=0.02)


def test_map_names_schools_without_coordinates():
    chart = charts.map_of_schools(
        [119.3, np.nan], [26.1, 26.1], [1, 1], ["甲小学", "乙小学"], ["pass", "no data"], caption=caption()
    )
    assert "缺坐标：乙小学" in words_of(chart) and len(dots(chart)) == 1


def test_trend_breaks_its_line_at_a_missing_year_and_names_it():
    values = [0.5, np.nan, 0.4, 0.3]
    chart = charts.trend([2021, 2022, 2023, 2024], {"小学": values}, decimals=3, caption=caption())
    lines = [m for m in chart.marks if isinstance(m, Line) and m.width == 1.6]
    assert len(lines) == 1 and len(lines[0].points) == 2
    assert len(dots(chart)) == 3
    assert "缺数据：小学 2022" in words_of(chart) and "小学 0.300" in words_of(chart)


def test_trend_bridges_no_gap_of_several_years():
    chart = charts.trend(list(range(2019, 2025)), {"小学": [1, 2, np.nan, np.nan, 3, 4]}, caption=caption())
    lines = [m for m in chart.marks if isinstance(m, Line) and m.width == 1.6]
    assert [len(line.points) for line in lines] == [2, 2]
    assert "缺数据：小学 2021、2022" in words_of(chart)


def test_trend_of_one_known_year_that_is_not_the_last_is_drawn():
    """There is no distance between years to judge the room for figures by."""
    chart = charts.trend([2021, 2022, 2023], {"C1": [0.2, np.nan, np.nan]}, caption=caption(), emphasise="C1")
    assert len([mark for mark in chart.marks if isinstance(mark, Dot)]) == 1
    assert "缺数据：C1 2022、2023" in chart.svg


def test_trend_keeps_years_apart_as_they_are():
    chart = charts.trend([2015, 2020, 2021], {"小学": [1, 2, 3]}, caption=caption())
    one, two, three = (d.x for d in dots(chart))
    assert (two - one) / (three - two) == pytest.approx(5)


def test_completeness_does_not_round_up_and_tells_empty_from_absent():
    share = pd.DataFrame([[0.999, 0.0, np.nan]], index=["班级"], columns=[2022, 2023, 2024])
    words = words_of(charts.completeness(share, caption=caption()))
    assert "99.9%" in words and " 0.0%" in words and "无此表" in words and "100" not in words


def test_tables_carry_the_figures_unrounded():
    percent = pd.DataFrame({"C1": [100 / 3]}, index=["甲"])
    chart = charts.strips(percent, [7], judged(percent), caption=caption())
    assert chart.table["C1"].tolist() == [100 / 3]


# --- On paper ---------------------------------------------------------------------------------------------


def test_saving_goes_by_the_ending(tmp_path):
    chart = FIGURES["classes"]
    assert chart.save(tmp_path / "图.png").read_bytes().startswith(b"\x89PNG")
    assert chart.save(tmp_path / "图.pdf").read_bytes().startswith(b"%PDF")
    assert chart.save(tmp_path / "图.PDF").read_bytes() == chart.save(tmp_path / "图.pdf").read_bytes()
    with pytest.raises(ValueError, match=r"只能存为"):
        chart.save(tmp_path / "图.docx")
    with pytest.raises(ValueError, match=r"宽度应大于 0"):
        chart.save(tmp_path / "图.svg", width_cm=0)


@every_figure
def test_a_saved_drawing_stands_by_itself(chart, tmp_path):
    """Other programs know no style sheet of ours: plain colours, a size, title and source in words."""
    text = chart.save(tmp_path / "a.svg", width_cm=8.5).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert "var(" not in text and "currentColor" not in text and "Canvas" not in text
    assert root.get("width") == "8.5cm" and root.get("height").endswith("cm")
    words = "".join(element.text or "" for element in root.iter(f"{SVG}text"))
    assert "".join(chart.title.split())[:8] in "".join(words.split()) and chart.source in words
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', text)) - {"none"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)
    grey = chart.save(tmp_path / "g.svg", grey=True).read_text(encoding="utf-8")
    tones = set(re.findall(r'(?:fill|stroke)="#(\w{2})(\w{2})(\w{2})"', grey))
    assert all(red == green == blue for red, green, blue in tones)


def test_the_width_on_paper_and_the_dots_per_inch_are_kept(tmp_path):
    from PIL import Image

    with Image.open(FIGURES["strips"].save(tmp_path / "a.png", dpi=300, width_cm=8.5)) as picture:
        assert picture.width == pytest.approx(8.5 / 2.54 * 300, abs=1)
        assert picture.info["dpi"][0] == pytest.approx(300, abs=0.1)
    text = FIGURES["strips"].save(tmp_path / "a.pdf", width_cm=8.5).read_bytes()
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", text)
    assert float(box[1]) == pytest.approx(8.5 / 2.54 * 72, abs=0.1)


def test_a_figure_of_matplotlib_may_be_changed_and_shrinks_its_type():
    from matplotlib import pyplot

    figure = FIGURES["trend"].figure(width_cm=13)
    (axes,) = figure.axes
    title = next(text for text in axes.texts if text.get_text() == "三所学校未达标")
    # 18 points on a page 736 / 72 inches wide
    assert title.get_fontsize() == pytest.approx(18 * (13 / 2.54) / (736 / 72))
    assert title.get_fontfamily() == [FAMILY]
    title.set_text("另一个题目")
    assert "另一个题目" in {text.get_text() for text in axes.texts}
    _, (left, right) = pyplot.subplots(1, 2)
    assert FIGURES["map"].figure(ax=right) is right.figure
    assert not left.texts and right.texts
    assert "三所学校未达标" not in {text.get_text() for text in right.texts}  # the panel alone
    pyplot.close("all")


def test_the_same_figure_in_another_language_needs_a_title_in_it(tmp_path):
    chart = FIGURES["heat"]
    english = chart.worded(lang="en", title="Three schools below", source="invented data")
    assert english.title == "Three schools below" and english.subtitle == ""
    assert "No data" in words_of(english) and "缺数据" not in words_of(english)
    assert chart.worded(title="另一句").svg == chart.svg.replace("三所学校未达标", "另一句")
    with pytest.raises(ValueError, match="请一并给出那种语言的 title"):
        chart.save(tmp_path / "a.svg", lang="en")
    saved = chart.save(tmp_path / "a.svg", lang="en", title="Three schools below").read_text("utf-8")
    assert "Three schools below" in saved and "Source:" not in saved


@every_figure
def test_notebooks_hold_a_figure_in_four_forms(chart):
    assert chart._repr_html_().startswith("<figure")
    ElementTree.fromstring(chart._repr_svg_())
    assert chart._repr_png_().startswith(b"\x89PNG")
    assert chart._repr_pdf_().startswith(b"%PDF")


def test_style_is_for_anyones_matplotlib():
    before = matplotlib.rcParams["font.family"]
    own = style(math=True)
    assert matplotlib.rcParams["font.family"] == [FAMILY] and matplotlib.rcParams["text.parse_math"]
    with own:
        pass
    assert matplotlib.rcParams["font.family"] == before


# --- Layout -----------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_labels_at_line_ends_keep_apart_and_in_order(y):
    places = spaced(y, gap=5, low=0, high=100)
    order = sorted(range(len(y)), key=lambda k: (y[k], k))
    gaps = np.diff([places[k] for k in order])
    assert (gaps >= 5 - 1e-9).all() and min(places) >= -1e-9 and max(places) <= 100 + 1e-9


@given(st.lists(st.floats(0, 700), min_size=2, max_size=40))
def test_dots_do_not_cover_each_other_while_there_is_room(x):
    x, radius = np.array(x), np.full(len(x), 4.0)
    y = swarm(x, radius, room=1000)
    apart = [np.hypot(x[i] - x[j], y[i] - y[j]) for i, j in combinations(range(len(x)), 2)]
    assert min(apart) >= 8 - 1e-6


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_enclose_the_values(low, width):
    marks = ticks(low, low + width)
    slack = 1e-6 * max(abs(low), width, 1)
    assert marks[0] <= low + slack and marks[-1] >= low + width - slack and 2 <= len(marks) <= 12


def test_text_is_cut_with_a_sign_and_broken_where_it_may_be():
    assert shorten("模拟区第一中心小学", 1000) == "模拟区第一中心小学"
    assert shorten("模拟区第一中心小学", 52, 13) == "模拟区…"
    assert wrap("one two three", 60, 10) == ["one two", "three"]
    assert wrap("体育、艺术教师", 30, 10) == ["体育、", "艺术…"]
    assert wrap("教体育、艺术", 30, 10)[0] == "教体"  # 、 does not begin a line
    assert plain(-1234.5) == "-1,234.5"
