"""The research page: sentences true of any data, whole figures, tables to take away."""

import ast
import doctest
import html
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pandas as pd
import pytest
from oracle import CODES

import qb
from qb import balance, charts, report
from qb.charts.marks import WIDTH, Word, span
from qb.data.dataset import Dataset
from qb.data.sample import make
from qb.errors import QbError
from qb.indicators.assessment import assess
from qb.report.research_report import ResearchReport
from qb.report.research_study import GROUPINGS

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "research.ipynb"
BALANCE = ROOT / "qb" / "balance" / "README.md"
CHINESE = re.compile(r"[一-鿿，；：、。（）]")


# --- three districts: invented (模拟数据), and made so that every way of having no answer occurs


def even():
    """Six schools of 100 to 600 pupils in two years, everything in proportion to pupils."""
    ids = [f"{k:04}" for k in range(6)]
    schools = pd.DataFrame(
        {"school_id": ids, "name": ids, "district": "均等区", "kind": "primary", "ownership": "public"}
    ).assign(longitude=[114 + k / 100 for k in range(6)], latitude=34.0)
    pupils = np.tile(np.arange(1, 7) * 100.0, 2)
    keys = pd.DataFrame({"year": [2024] * 6 + [2025] * 6, "school_id": ids * 2, "stage": "primary"})
    each = {"teachers_above_required": 0.05, "backbone_teachers": 0.02, "pe_arts_teachers": 0.01}
    room = {
        "teaching_area_m2": 6.0,
        "indoor_sports_area_m2": 1.0,
        "sports_ground_m2": 7.0,
        "equipment_yuan": 2500.0,
        "multimedia_rooms": 0.03,
    }
    sections = keys.assign(pupils=pupils, **{name: share * pupils for name, share in each.items()})
    facilities = keys.assign(**{name: share * pupils for name, share in room.items()})
    return Dataset.of(schools=schools, sections=sections, facilities=facilities)


def ragged():
    """Holes everywhere, an indicator that nobody reports, one that nobody holds, a single junior school."""
    ids, gone = [f"{k:04}" for k in range(7)], np.nan
    schools = pd.DataFrame(
        {
            "school_id": ids,
            "name": ["<b>乙</b>&校", "乙2校", None, "乙4校", "乙5校", "乙6点", "唯一初中"],
            "district": "残缺区",
            "kind": ["primary"] * 5 + ["teaching_point", "junior"],
            "ownership": [None, "public", "private", "public", "public", "public", "public"],
            "longitude": [114.0] + [gone] * 6,
            "latitude": [34.0] + [gone] * 6,
        }
    )
    sections = pd.DataFrame(
        {
            "year": 2025,
            "school_id": ids,
            "stage": ["primary"] * 6 + ["junior"],
            "pupils": [100, 200, 50, 300, gone, 20, 400],
            "classes": [4, gone, 2, 8, 3, 1, 10],
            "teachers_above_required": [5, gone, 4, 18, 2, 2, 28],
            "backbone_teachers": [0, 0, 0, 0, 0, 0, 3.0],
        }
    )
    facilities = pd.DataFrame(
        {
            "year": 2025,
            "school_id": ids[:4],
            "stage": "primary",
            "teaching_area_m2": [500, 1500, 300, 1200],
            "indoor_sports_area_m2": 0.0,
            "sports_ground_m2": [100, gone, 900, 2000],
            "multimedia_rooms": [4, 4, 1, 9],
        }
    )
    return Dataset.of(schools=schools, sections=sections, facilities=facilities)


DISTRICTS = {"sample": None, "even": even, "ragged": ragged}


def page_of(data, lang="zh", **asked):
    return ResearchReport(report.ReportContext(data, assess(data), lang), **asked)


@pytest.fixture(scope="module")
def invented():
    return qb.load(ROOT / "data" / "sample")


@pytest.fixture(scope="module")
def pages(invented):
    """The page of each district, in both languages."""
    made = {name: make() if make else invented for name, make in DISTRICTS.items()}
    return {(name, lang): page_of(data, lang) for name, data in made.items() for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def province():
    """Twenty districts of 66 schools in two years."""
    return page_of(make(66, 20, [2024, 2025]))


def shown(page):
    """Run the cells of the notebook after the first and return what they show."""
    found = []
    names = {"page": page, "display": lambda *blocks: found.extend(blocks)}
    cells = [
        c.source
        for c in nbformat.read(NOTEBOOK, as_version=4).cells
        if c.cell_type == "code" and "work" not in c.metadata.get("tags", ())
    ]
    for source in (cell for cell in cells[1:] if "open_context" not in cell):
        *most, last = ast.parse(source).body
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(most, []), "cell", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            found += [value] if value is not None else []
        else:
            exec(compile(ast.Module([*most, last], []), "cell", "exec"), names)
    return [page.title(), *found]


@pytest.fixture(scope="module")
def everything(pages, province):
    return {**{key: shown(page) for key, page in pages.items()}, ("province", "zh"): shown(province)}


def figures(blocks):
    return [block for block in blocks if isinstance(block, charts.Chart)]


# --- what is shown


def test_there_is_a_figure_or_a_sentence_for_every_idea_at_every_stage(everything):
    # strips, Lorenz, contributions, groups, quadrants, correlations,
    # maps, fan, change, errors, conventions, help
    assert len(figures(everything["sample", "zh"])) == 2 * 12
    assert len(figures(everything["even", "zh"])) == 4  # what is even has no contributions, no groups …
    assert len(figures(everything["province", "zh"])) == 2 * 15  # … and three more between districts


@pytest.mark.parametrize("name", [*DISTRICTS, "province"])
def test_every_figure_is_whole_and_nothing_leaves_the_page(everything, name):
    for (district, _), blocks in everything.items():
        for chart in figures(blocks) if district == name else ():
            ElementTree.fromstring(chart.svg)  # well-formed, whatever the schools are called
            assert 'id="' not in chart.svg, chart.title  # figures on one page share no names
            for mark in chart.marks:
                if isinstance(mark, Word):
                    wide = span(mark.text, mark.size)
                    left = mark.x - wide * {"start": 0, "middle": 0.5, "end": 1}[mark.anchor]
                    assert left >= -3 and left + wide <= WIDTH + 8, (chart.title, mark.text)
                    assert mark.y <= chart.height, (chart.title, mark.text)


def test_nothing_from_the_data_becomes_markup(everything):
    for lang in ("zh", "en"):
        text = "".join(block._repr_html_() for block in everything["ragged", lang])
        assert "<b>乙" not in text and "&lt;b&gt;乙" in text


def test_english_pages_hold_no_chinese_but_names(everything):
    names = re.compile(
        r"示例市古城区（模拟）|[一-鿿0-9<>/&b]*(?:小学|学校|中学|教学点|校|点|集团|均等区|残缺区|初中)"
    )
    for name in DISTRICTS:
        for block in everything[name, "en"]:
            text = html.unescape(re.sub(r"<[^>]*>", " ", block._repr_html_()))
            left = names.sub("", text)
            assert not CHINESE.search(left), CHINESE.search(left) and left[:300]


def test_missing_is_counted_in_words_and_never_drawn_as_zero(pages):
    strips = pages["ragged", "zh"].spread.strips()[0]
    assert "缺数据未计入的学校数：C1 2，C2 1，C3 5，C4 1，C5 2，C6 5，C7 1" in strips.subtitle
    words = [mark.text for mark in strips.marks if isinstance(mark, Word)]
    assert words.count("缺数据") == 2 and words.count("各校均为 0") == 1  # C3 and C6; C2
    (lorenz, _) = pages["ragged", "zh"].spread.lorenz()
    assert "各校均为 0" in lorenz.svg


def test_what_has_no_answer_is_said_instead_of_drawn(pages):
    said = {
        name: [block.lines[0] for block in pages[name, "zh"].spread.contributions() if not figures([block])]
        for name in DISTRICTS
    }
    assert said == {
        "sample": [],
        "even": ["小学：各校完全均等，差异系数为 0。"],
        "ragged": ["初中：有数据的学校只有 1 所，没有校际差异可言。"],
    }


def test_a_stage_without_schools_is_said_to_be_empty():
    blocks = shown(page_of(even(), stages="junior"))
    assert blocks[0].beneath == "所选学段没有参加评估的学校。" and not figures(blocks)
    assert all(isinstance(block._repr_html_(), str) for block in blocks)


# --- the sentences, against figures computed here from the tables


def table_of(page, stage, code):
    """Values and pupils of the judged rows that have the figure, from the assessment."""
    rows = page.context.assessment.rows
    rows = rows[(rows["stage"] == stage).to_numpy() & rows[code].notna().to_numpy()]
    rows = rows[(rows["pupils"] > 0).to_numpy()]
    return rows[code].to_numpy(float), rows["pupils"].to_numpy(float), rows


def coefficient(value, weight):
    """An oracle: one entry for each pupil."""
    each = np.repeat(value, weight.astype(int))
    return each.std() / each.mean() if len(each) and each.mean() else np.nan


def coefficients(page, stage):
    found = {code: coefficient(*table_of(page, stage, code)[:2]) for code in CODES}
    return {code: value for code, value in found.items() if np.isfinite(value)}


@pytest.mark.parametrize("name", DISTRICTS)
@pytest.mark.parametrize(("stage", "label", "limit"), [("primary", "小学", 0.5), ("junior", "初中", 0.45)])
def test_the_strips_name_the_widest_and_count_those_above_the_limit(pages, name, stage, label, limit):
    page = pages[name, "zh"]
    found = [c for c in page.spread.strips() if isinstance(c, charts.Chart) and c.title.startswith(label)]
    for chart in found:
        known = coefficients(page, stage)
        over = sum(value > limit for value in known.values())
        widest = max(known, key=known.get)
        if known[widest] < 1e-9:
            assert chart.title == f"{label}：各校完全均等，差异系数为 0"
        else:
            among = f"{len(known)} 项中" if len(known) == 7 else f"能计算的 {len(known)} 项中"
            assert re.match(rf"{label}：{widest} \S+校际差异最大（{known[widest]:.3f}）；", chart.title)
            some = f" {over} 项" if over else "没有一项"
            assert chart.title.endswith(f"；{among}{some}高于限值 {limit:.2f}")
    assert len(found) == (
        1
        if (name, stage)
        in {("sample", "primary"), ("sample", "junior"), ("even", "primary"), ("ragged", "primary")}
        else 0
    )


@pytest.mark.parametrize(
    ("name", "stage"), [("sample", "primary"), ("sample", "junior"), ("ragged", "primary")]
)
def test_the_lorenz_title_is_the_share_of_the_lower_half_of_pupils(pages, name, stage):
    page = pages[name, "zh"]
    chart = page.spread.lorenz()[stage == "junior"]
    code, share = re.search(r"：(C\d).*分到 ([\d.]+)%", chart.title).groups()
    halves = {}
    for other in coefficients(page, stage):
        value, weight, _ = table_of(page, stage, other)
        each = np.sort(np.repeat(value, (2 * weight).astype(int)))  # twice, so that half is a whole number
        halves[other] = 100 * each[: len(each) // 2].sum() / each.sum()
    assert code == min(halves, key=halves.get)
    assert float(share) == pytest.approx(halves[code], abs=0.051)


@pytest.mark.parametrize(
    ("name", "stage"), [("sample", "primary"), ("sample", "junior"), ("ragged", "primary")]
)
def test_so_many_schools_make_half_of_the_difference_and_no_fewer_do(pages, name, stage):
    page = pages[name, "zh"]
    chart = page.spread.contributions()[stage == "junior"]
    code, all_, few, share = re.search(
        r"(C\d) .*：(\d+) 所学校中 (\d+) 所（占学生 (\d+)%）", chart.title
    ).groups()
    value, weight, _ = table_of(page, stage, code)
    mean = np.average(value, weights=weight)
    part = weight * (value - mean) ** 2
    order = np.argsort(-part)
    upto = np.cumsum(part[order]) / part.sum()
    few = int(few)
    assert int(all_) == len(value)
    assert upto[few - 1] >= 0.5 - 1e-9 and (few == 1 or upto[few - 2] < 0.5)
    assert int(share) == round(100 * weight[order[:few]].sum() / weight.sum())


@pytest.mark.parametrize("name", DISTRICTS)
def test_level_and_balance_are_counted(pages, name):
    page = pages[name, "zh"]
    for chart in figures(page.levels.quadrants()):
        stage = {"小学": "primary", "初中": "junior"}[chart.title[:2]]
        limit = {"primary": 0.5, "junior": 0.45}[stage]
        known = coefficients(page, stage)
        low = set()
        for code in known:
            value, weight, rows = table_of(page, stage, code)
            if np.average(value, weights=weight) < rows[f"{code}_limit"].iloc[0] - 1e-9:
                low.add(code)
        over = {code for code, v in known.items() if v > limit}
        counts = [int(n) for n in re.findall(r"(\d+) 项", chart.title.replace("没有一项", "0 项"))]
        both = [len(low & over)] if low & over else []  # none of both is not said beside none of either
        assert counts == [len(known), len(low), len(over), *both]


def test_the_correlation_names_the_pair_that_goes_together_most(pages):
    page = pages["sample", "zh"]
    chart = page.levels.correlations()[0]
    one, other, r = re.search(r"(C\d) \S+ 与 (C\d) .*相关系数 ([\d.]+)", chart.title).groups()
    rows = page.context.assessment.rows
    values = rows.loc[(rows["stage"] == "primary").to_numpy(), list(CODES)]
    gaps = (1 - values / rows.loc[values.index, [f"{c}_limit" for c in values]].to_numpy()).round(9)
    pairs = {(a, b): gaps[a].rank().corr(gaps[b].rank()) for a in gaps for b in gaps if a < b}
    assert max(pairs, key=pairs.get) == tuple(sorted((one, other)))
    assert float(r) == pytest.approx(max(pairs.values()), abs=0.0051)
    assert chart.table.shape == (7, 7)


def test_the_map_counts_schools_far_from_the_mean(pages):
    page = pages["sample", "zh"]
    for chart, stage in zip(page.levels.maps(), ("primary", "junior"), strict=True):
        code, n, low, high = re.search(
            r"(C\d) .* (\d+) 所中，(\d+) 所明显偏低，(\d+) 所明显偏高", chart.title
        ).groups()
        value, weight, _ = table_of(page, stage, code)
        each = np.repeat(value, weight.astype(int))
        z = (value - each.mean()) / each.std()
        assert (int(n), int(low), int(high)) == (len(value), (z < -1).sum(), (z > 1).sum())


def test_the_change_over_the_years_is_that_of_the_two_assessments(pages):
    page = pages["sample", "zh"]
    for chart, stage in zip(page.years.changes(), ("primary", "junior"), strict=True):
        code, before, after = re.search(r"(C\d) .*（([\d.]+) → ([\d.]+)）", chart.title).groups()
        for year, printed in ((2021, before), (2025, after)):
            frame = page.context.years[year].balance
            mine = (frame["stage"] == stage) & (frame["code"] == code)
            assert float(printed) == pytest.approx(frame.loc[mine, "coefficient"].iloc[0], abs=0.00051)
        effects = chart.table.iloc[:, 1]
        assert effects.sum() == pytest.approx(float(after) - float(before), abs=0.0013)


def test_the_school_to_help_first_is_the_one_whose_help_lowers_the_coefficient_most(pages):
    page = pages["sample", "zh"]
    chart = page.help.bars()[0]
    code, school = re.search(r"(C\d) .*先帮(\S+?)；", chart.title).groups()
    value, weight, rows = table_of(page, "primary", code)
    held = value * weight
    after = [coefficient((held + np.eye(len(held))[k]) / weight, weight) for k in range(len(held))]
    assert rows["name"].iloc[int(np.argmin(after))] == school
    raised = sum(a > coefficient(value, weight) for a in after)
    assert f"{len(held)} 所中给 {raised} 所" in chart.title


def test_the_error_named_in_the_sentence_brings_the_coefficient_to_its_limit(pages):
    page = pages["sample", "zh"]
    code, school, percent = re.search(
        r"翻转的是 (C\d) .*：(\S+)一校.*相差 (\S+)%", page.robustness.weakest().lines[0]
    ).groups()
    value, weight, rows = table_of(page, "primary", code)
    factor = np.where(rows["name"] == school, 1 + float(percent.replace("−", "-")) / 100, 1)
    assert factor.min() < 1 and coefficient(value * factor, weight) == pytest.approx(0.5, abs=0.001)


def test_without_missing_figures_the_coefficients_are_those_of_the_assessment(pages):
    page = pages["sample", "zh"]
    own = page.spread.figures.merge(
        page.context.assessment.balance.assign(
            stage=lambda f: f["stage"].map({"primary": "小学", "junior": "初中"})
        ),
        on=["code", "stage"],
    )
    assert len(own) == 14
    np.testing.assert_allclose(own["coefficient_x"], own["coefficient_y"], rtol=0, atol=1e-12)


def test_without_error_the_interval_is_a_point_and_rounding_alone_turns_nothing(invented):
    page = page_of(invented, error=0.0)
    errors = page.robustness.errors
    np.testing.assert_allclose(errors["low"], errors["coefficient"], atol=1e-12)
    assert "7 项中没有一项的区间跨过限值" in page.robustness.intervals()[0].title


def test_small_schools_and_private_ones_are_conventions_of_their_own(pages):
    page = pages["ragged", "zh"]
    frame = page.conventions.figures
    c1 = frame[(frame["code"] == "C1") & (frame["stage"] == "小学")].set_index("convention")
    # C1: 5/100, 4/50, 18/300; the point of 20 pupils has 2; the private one is the school of 50
    value, weight = np.array([0.05, 0.08, 0.06, 0.1]), np.array([100, 50, 300, 20.0])
    assert c1.loc["标准：按学生数加权", "coefficient"] == pytest.approx(coefficient(value[:3], weight[:3]))
    assert c1.loc["计入规则不计的小规模学校", "coefficient"] == pytest.approx(coefficient(value, weight))
    assert c1.loc["不计民办学校", "coefficient"] == pytest.approx(coefficient(value[[0, 2]], weight[[0, 2]]))


def test_rounding_acts_on_the_value_as_it_is_stated_per_hundred(pages):
    page = pages["sample", "zh"]
    value, weight, _ = table_of(page, "primary", "C2")
    frame = page.conventions.figures.set_index(["code", "stage", "convention"])["coefficient"]
    expected = coefficient(np.floor(100 * value + 0.5) / 100, weight)  # C2 is stated per hundred pupils
    assert frame["C2", "小学", "各校数值先取两位小数"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_between_and_within_make_the_whole_by_any_grouping(invented, grouping):
    frame = page_of(invented, grouping=grouping).groups.figures
    sums = frame.groupby(["stage", "code"])[["between", "within"]].sum().sum(axis=1)
    np.testing.assert_allclose(sums, 100, atol=1e-9)
    assert (frame.groupby(["stage", "code"])["share"].sum() - 100).abs().max() < 1e-9


# --- many districts


def test_districts_are_ranked_by_their_own_assessments(province):
    rows = province.context.assessment.balance
    rows = rows[(rows["stage"] == "primary").to_numpy() & (rows["code"] == "C5").to_numpy()]
    expected = rows.sort_values("coefficient")["district"].tolist()
    frame = province.districts.figures
    frame = frame[(frame["stage"] == "小学").to_numpy() & (frame["code"] == "C5").to_numpy()]
    assert frame["district"].tolist() == expected
    assert ((frame["rank_low"] <= frame["rank"]) & (frame["rank"] <= frame["rank_high"])).all()
    chart = province.districts.rankings()[0]
    assert f"20 个县区中{expected[0]}最均衡" in chart.title and f"{expected[-1]}差异最大" in chart.title


def test_equal_districts_share_a_rank():
    data = even()
    schools = pd.concat(
        [data["schools"], data["schools"].assign(district="另一区", school_id=lambda f: "9" + f["school_id"])]
    )
    twice = {
        name: pd.concat(
            [data[name], data[name].assign(school_id=lambda f: "9" + f["school_id"])], ignore_index=True
        )
        for name in ("sections", "facilities")
    }
    uneven = twice["sections"].assign(
        backbone_teachers=lambda f: f["backbone_teachers"] + (f["pupils"] == 100)
    )
    page = page_of(Dataset.of(schools=schools, sections=uneven, facilities=twice["facilities"]))
    frame = page.districts.figures
    assert (frame["rank"] == 1).all()
    assert "有数据的 2 个县区差异系数相同" in page.districts.rankings()[0].title


def test_what_lies_between_districts_and_within_them_is_the_whole(province):
    chart = province.districts.splits()[0]
    whole = chart.table.sum(axis=1).to_numpy().reshape(7, 2)[:, 1]
    np.testing.assert_allclose(np.sqrt(whole), province.spread.figures["coefficient"][:7], rtol=1e-9)


def test_one_district_of_a_province_is_the_district_alone(province):
    data = province.context.data
    first = province.study.districts[0]
    alone = page_of(data, district=first)
    assert alone.study.districts == [first] and not alone.districts.rankings()
    rows = province.context.assessment.of(first).balance
    rows = rows[(rows["stage"] == "primary").to_numpy()].set_index("code")["coefficient"]
    mine = alone.spread.figures.iloc[:7].set_index("code")["coefficient"]
    np.testing.assert_allclose(mine, rows[mine.index], atol=1e-12)


def test_where_none_of_the_seven_has_data_the_columns_that_have_are_compared():
    data = ragged()
    data = data.replace(
        facilities=data["facilities"].iloc[:0],
        sections=data["sections"].assign(teachers_above_required=np.nan, backbone_teachers=np.nan),
    )
    page = page_of(data)
    assert [measure.key for measure in page.study.measures] == ["classes"]
    chart = page.spread.strips()[0]
    # 4 classes for 100 pupils, 2 for 50, 8 for 300: 4, 4 and 2.67 per 100; by hand 0.1750 … from 14/450
    each = np.repeat([0.04, 0.04, 8 / 300], [100, 50, 300])
    assert (
        # of classes the standard has neither a level nor a limit: no verdict
        chart.title == f"小学：每百名学生班级数的差异系数为 {each.std() / each.mean():.3f}"
    )
    assert not figures(page.levels.quadrants())  # no standard to hold a level against


def test_columns_and_indicators_may_stand_side_by_side(invented):
    page = page_of(invented, codes="C5，equipment_yuan、classes", stages="junior")
    assert [m.key for m in page.study.measures] == ["C5", "equipment_yuan", "classes"]
    frame = page.spread.figures.set_index("code")
    rows = page.context.assessment.rows
    rows = rows[(rows["stage"] == "junior").to_numpy()]
    assert frame.loc["equipment_yuan", "mean"] == pytest.approx(
        rows["C6_amount"].sum() / rows["pupils"].sum()
    )
    assert frame.loc["classes", "mean"] == pytest.approx(100 * rows["classes"].sum() / rows["pupils"].sum())
    assert set(frame["stage"]) == {"初中"}
    # the standard has a limit for one of the three: nothing is said of the others
    assert np.isfinite(frame["limit"]).tolist() == [True, False, False]
    assert "有限值可比的 1 项中" in page.spread.strips()[0].title
    assert set(page.robustness.flips["code"]) == {"C5"}
    assert "有限值可比的 1 项中" in page.robustness.intervals()[0].title
    assert "有限值可比的 1 项中" in page.conventions.charts()[0].title


def test_columns_without_a_limit_have_no_verdict(invented):
    page = page_of(invented, codes="equipment_yuan、classes", stages="junior", lang="en")
    for shown in (*page.spread.strips(), *page.robustness.intervals(), *page.conventions.charts()):
        words = shown._repr_html_()
        assert "above" not in words and "◆" not in words and "↑" not in words
    assert "has no limit" in page.robustness.weakest().lines[0] and not len(page.robustness.flips)


def test_values_that_go_together_are_not_called_short():
    page = page_of(ragged())
    for shown in page.levels.correlations():
        assert "短缺" not in shown._repr_html_()


# --- parameters and tables


def test_parameters_that_cannot_be_used_are_refused_together(invented):
    with pytest.raises(QbError) as refused:
        page_of(
            invented, district="无此区", stages="senior", codes="C1,C8,pupils", grouping="colour", error=100
        )
    for word in ("无此区", "senior", "C8、pupils", "colour", "100", "primary、junior", "classes", "location"):
        assert word in str(refused.value)


def test_the_school_table_adds_up_to_the_squared_coefficient(pages):
    tables = pages["sample", "zh"].tables()
    sums = tables["schools"].groupby(["stage", "code"])["contribution"].sum()
    whole = tables["inequality"].assign(stage=lambda f: f["stage"].map({"小学": "primary", "初中": "junior"}))
    whole = whole.set_index(["stage", "code"])["coefficient"] ** 2
    np.testing.assert_allclose(sums, whole[sums.index], rtol=1e-9)


def test_the_notebook_declares_what_the_page_takes():
    cell = nbformat.read(NOTEBOOK, as_version=4).cells[0]
    declared = [node.target.id for node in ast.parse(cell.source).body]
    taken = list(ResearchReport.__dataclass_fields__)
    assert declared == ["data", "year", "standard", "lang", *taken[1:]]


def test_who_works_in_the_notebook_gets_the_numbers_of_the_page(pages):
    """Its own cells, with `qb.balance` on one table, run on the sample and agree with the report's."""
    import matplotlib.pyplot as plt

    page = pages["sample", "zh"]
    names = {"page": page, "display": lambda *_: None, "context": page.study.context}
    cells = [c for c in nbformat.read(NOTEBOOK, as_version=4).cells if c.cell_type == "code"]
    exec(cells[0].source.replace("../data/sample", str(ROOT / "data" / "sample")), names)
    for cell in (cell for cell in cells[1:] if "work" in cell.metadata.get("tags", ())):
        exec(cell.source, names)
        plt.close("all")
    theirs = page.tables()["inequality"].assign(
        stage=lambda f: f["stage"].map({"小学": "primary", "初中": "junior"})
    )
    theirs = theirs.set_index(["stage", "code"])["coefficient"]
    ours = pd.Series(names["spreads"].coefficient, index=pd.Index(names["spreads"].groups))
    assert len(ours) == 14
    for key, value in ours.items():
        assert value == pytest.approx(theirs[key], rel=1e-12)
    assert names["code"] == "C5" and names["interval"].low < theirs["primary", "C5"] < names["interval"].high


def test_the_notebook_is_stored_as_others_are():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(not c.get("outputs") for c in notebook["cells"])


# --- the heat map


def test_the_heat_map_is_the_same_each_time_and_keeps_its_words(pages):
    page = pages["sample", "zh"]
    one, again = (page.levels.correlations()[0] for _ in range(2))
    assert one.svg == again.svg and one is not again
    assert "<text" in one.svg and "C4 教学辅助用房" in one.svg and "currentColor" in one.svg
    assert "<style" not in one.svg and "<!--" not in one.svg and "metadata" not in one.svg
    assert one.png(dpi=40)[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_heat_map_puts_side_by_side_what_goes_together():
    names = ["甲", "乙", "丙", "丁"]
    table = pd.DataFrame(np.eye(4), index=names, columns=names)
    for a, b in ((0, 2), (1, 3)):
        table.iloc[a, b] = table.iloc[b, a] = 0.9
    ordered = charts.correlations(table, caption=charts.Caption("模拟")).table
    assert {frozenset(ordered.index[:2]), frozenset(ordered.index[2:])} == {
        frozenset("甲丙"),
        frozenset("乙丁"),
    }


# --- the page of qb.balance


def test_the_balance_page_has_every_public_name_and_its_examples_hold():
    text = BALANCE.read_text(encoding="utf-8")
    sections = dict(zip(*[iter(re.split(r"^### (\w+)\n", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    functions = {name for name in balance.__all__ if name[0].islower()}
    assert set(sections) == functions
    for name, words in sections.items():
        assert ">>>" in words, name
    for name in balance.__all__:
        assert f"`{name}`" in text or name in sections, name
    ran = doctest.testfile(str(BALANCE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert ran.attempted > len(functions) and not ran.failed
