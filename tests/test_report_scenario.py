"""The scenario page says what `qb whatif` says."""

import json
import math
import re
from html import unescape
from pathlib import Path

import pytest
from odd_districts import odd_district
from oracle import CODES as SEVEN
from test_scenario import town

import qb
from qb.charts import Caption
from qb.charts.maps import rezoned
from qb.cli import main
from qb.errors import QbError
from qb.indicators.assessment import assess
from qb.planning.scenario import Scenario, ScenarioError, load, scenario_file
from qb.planning.scenario.action_base import Names
from qb.report.context import ReportContext, open_context
from qb.report.scenario_report import ScenarioReport
from qb.report.words import number
from qb.standard import load as load_standard

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
EXAMPLES = sorted((ROOT / "notebooks" / "scenarios").glob("*.toml"))
STAGES = {"primary": "小学", "junior": "初中"}
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request):
    return ScenarioReport(open_context(SAMPLE, 2025, lang=request.param), "", EXAMPLES)


@pytest.fixture(scope="module")
def chinese():
    return ScenarioReport(open_context(SAMPLE, 2025), "", EXAMPLES)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the command prints: the document of all four examples."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as end:
        main(["whatif", str(SAMPLE), *map(str, EXAMPLES), "--json"])
    assert not end.value.code
    return json.loads(out.getvalue())


def text(shown):
    return unescape(re.sub(r"<[^>]+>", "", shown))


def table(shown):
    """Return the rows of a table as lists of cells: the unrounded figure where the page has one."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", shown._repr_html_().split("<tbody>")[1], re.DOTALL)
    cells = [re.findall(r"<t[hd]([^>]*)>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    raw = re.compile(r'data-value="([^"]*)"')
    return [
        [float(raw.search(kind).group(1)) if raw.search(kind) else text(cell) for kind, cell in row]
        for row in cells
    ]


def sides(told):
    return [told["base"]["districts"][0], *(s["assessment"]["districts"][0] for s in told["scenarios"])]


def largest(district, stage):
    found = [b["coefficient"] for b in district["balance"] if b["stage"] == stage and b["code"] in SEVEN]
    return max(found)


def allowed(district, indicator):
    """Whether schools are below the standard on one of the seven, each of which passes all the same."""
    states = {
        s["verdicts"].get(indicator["code"]): s["verdict"]
        for s in district["schools"]
        if s["verdict"] != "pass"
    }
    below = any(s["verdicts"].get(indicator["code"]) == "fail" for s in district["schools"])
    return indicator["verdict"] == "fail" and below and not states.keys() & {"fail", "no data"}


def test_what_the_school_rule_allows_is_met_on_each_side(tmp_path):
    # one school is at 90% of C5 and passes by 6 of 7: C5 is allowed, and the 31 indicators are met
    data = odd_district("met by six of seven")
    path = tmp_path / "same.toml"
    path.write_text('title = "照旧"\nbase_year = 2024\n', encoding="utf-8")
    page = ScenarioReport(ReportContext(data, assess(data)), "", [path])
    applying = sum(
        i["verdict"] != "not applicable" for i in page.study.sides[0].indicators.to_dict("records")
    )
    assert [row[2] for row in table(page.sides.verdicts())] == [applying] * 2


def test_verdicts_met_counts_and_coefficients_side_by_side_are_those_of_the_document(page, told):
    rows = table(page.sides.verdicts())
    assert len(rows) == 5
    for row, district in zip(rows, sides(told), strict=True):
        schools = district["schools"]
        assert row[2] == sum(i["verdict"] == "pass" or allowed(district, i) for i in district["indicators"])
        assert row[3] == len(schools)
        assert row[4] == sum(s["verdict"] == "pass" for s in schools)
        assert row[5] == sum(s["verdict"] == "no data" for s in schools)
        assert row[6] == sum(s["met"] for s in schools)
        assert row[7:9] == pytest.approx([largest(district, stage) for stage in STAGES], abs=1e-12)
        assert row[9] == sum(b["verdict"] == "fail" for b in district["balance"] if b["code"] in SEVEN)


def test_all_coefficients_are_those_of_the_document(page, told):
    rows = table(page.sides.coefficients())
    found = [row[3:] for row in rows]
    expected = [
        [
            next(b["coefficient"] for b in d["balance"] if (b["stage"], b["code"]) == (stage, code))
            for d in sides(told)
        ]
        for stage in STAGES
        for code in SEVEN
    ]
    assert found == [pytest.approx(row) for row in expected]


def test_shortfalls_are_those_of_the_document(page, told):
    rows = {row[0][:2]: row[1:] for row in table(page.sides.shortfalls())}
    for code in SEVEN:
        sums = [
            sum(s["shortfall"].get(code, {"to_standard": 0})["to_standard"] for s in d["schools"])
            for d in sides(told)
        ]
        assert rows.get(code, [0] * 5) == pytest.approx(sums)


def test_pupils_ways_and_costs_are_those_of_the_document(chinese, told):
    rows = table(chinese.sides.effects())
    for row, one in zip(rows[1:], told["scenarios"], strict=True):
        assert row[1] == sum(m["pupils"] for m in one["moved"])
        ways = {w["stage"]: w for w in one["walking"]}
        expected = [ways[stage][key] for stage in STAGES for key in ("mean_km", "farthest_km")]
        assert row[2:6] == pytest.approx(expected)
        cost = one["cost_yuan"]
        assert row[6] == ("没有单价" if cost is None else f"{number(cost / 1e4, 1)} 万元")
        assert row[8] == len({c["number"] for c in one["costs"] if c["cost_yuan"] is None})
    assert rows[0][6] == "—"  # nothing is done, which is not the same as no price


def test_years_are_those_of_the_document(page, told):
    rows = table(page.sides.years())
    for row, entries in zip(rows, [told["years"], *(s["years"] for s in told["scenarios"])], strict=True):
        passing = [
            sum(e["value"] for e in entries if e["what"] == "schools passing" and e["year"] == year)
            for year in (2025, 2026, 2027, 2028)
        ]
        assert row[1:5] == passing


def test_the_lines_of_the_figures_are_the_largest_coefficients_of_each_year(page, told):
    for chart, stage in zip(page.sides.trends(), STAGES, strict=True):
        for column, entries in zip(
            chart.table, [told["years"], *(s["years"] for s in told["scenarios"])], strict=True
        ):
            expected = [
                max(
                    e["value"]
                    for e in entries
                    if (e["what"], e["year"], e["stage"]) == ("coefficient", year, stage)
                    and e["code"] in SEVEN
                )
                for year in chart.table.index
            ]
            assert chart.table[column].tolist() == pytest.approx(expected)


def test_schools_whose_verdict_changes_are_those_of_the_document(chinese, told):
    words = {None: "无", "pass": "达标", "fail": "未达标", "no data": "缺数据"}
    expected = [
        [one["title"].removesuffix("（模拟）"), STAGES[c["stage"]], words[c["before"]], words[c["after"]]]
        for one in told["scenarios"]
        for c in one["changes"]
        if c["what"] == "school verdict"
    ]
    rows = table(chinese.details.schools())
    assert expected and [[row[0], *row[2:5]] for row in rows] == expected


def test_what_each_action_adds_is_that_of_the_document(page, told):
    rows = iter(table(page.details.contributions()))
    for one in told["scenarios"]:
        numbers = dict.fromkeys(c["number"] for c in one["contributions"])
        for n in numbers:
            row = next(rows)
            mine = [c for c in one["contributions"] if c["number"] == n]
            assert row[1] == n
            assert row[3] == sum(c["added"] for c in mine if c["what"] == "schools passing")
            moved = [c["added"] for c in mine if c["what"] == "coefficient" and c["code"] in SEVEN]
            for cell, most in ((row[5], max(moved)), (row[6], min(moved))):
                assert (
                    cell == "—"
                    if abs(most) < 0.0005
                    else float(cell.split()[-1].replace("−", "-")) == pytest.approx(most, abs=6e-4)
                )
    assert next(rows, None) is None


def test_the_costs_of_the_table_add_up_to_the_documents(chinese, told):
    rows = table(chinese.details.costs())
    for one in told["scenarios"]:
        mine = [row for row in rows if row[0] == one["title"].removesuffix("（模拟）")]
        priced = [row[6] for row in mine if row[6] != "没有单价"]
        total = sum(float(cell.removesuffix(" 万元").replace(",", "")) for cell in priced)
        assert total == pytest.approx((one["cost_yuan"] or 0) / 1e4, abs=0.06 * max(len(priced), 1))
        assert len(mine) - len(priced) == sum(c["cost_yuan"] is None for c in one["costs"])


def test_there_are_at_most_six_headlines_and_they_hold_the_documents_figures(chinese, told):
    lines = chinese.story.headlines().lines
    assert 4 <= len(lines) <= 6
    passing = [sum(s["verdict"] == "pass" for s in d["schools"]) for d in sides(told)]
    assert f"达标 {passing[0]} 个" in lines[0]
    for one, n in zip(told["scenarios"], passing[1:], strict=True):
        assert f"“{one['title'].removesuffix('（模拟）')}”{n} 个" in lines[0]
    assert f"小学最大值现状 {largest(sides(told)[0], 'primary'):.3f}" in lines[1]
    assert "明显高于均值" in lines[2]


def test_maps_show_each_zone_that_belongs_elsewhere(chinese, told):
    maps = chinese.details.maps()
    assert len(maps) == 2  # the new school's two stages; the merger keeps its sites, so nobody's zone changes
    changed = [(m.table.iloc[:, 3] != m.table.iloc[:, 4]).sum() for m in maps]
    assert sorted(changed) == [1, 1]
    drawn = next(m for m in maps if "东门里" in m.title and "小学" in m.title)
    assert all(f">{name}</text>" in drawn.svg for name in ("柳岸社区", "东门里学校（模拟）", "东关街小学"))


def test_an_english_page_has_chinese_in_names_alone(chinese):
    english = ScenarioReport(open_context(SAMPLE, 2025, lang="en"), "", EXAMPLES)
    study = english.study
    names = {*study.names.values(), *study.zones.values(), *study.labels, study.district}
    shown = [
        english.story.title(), english.story.cards(), english.story.headlines(), english.story.actions(),
        english.sides.verdicts(), english.sides.effects(), english.sides.coefficients(),
        english.sides.shortfalls(), english.sides.years(), *english.sides.trends(), *english.details.maps(),
        english.details.schools(), english.details.contributions(), english.details.costs(),
    ]  # fmt: skip
    for one in shown:
        words = unescape(one._repr_html_())
        words = words.replace("PingFang SC", "")
        for name in sorted(names, key=len, reverse=True):
            words = words.replace(name, "")
        assert not CHINESE.findall(re.sub(r"“|”|（|）", "", words)), CHINESE.findall(words)


# Any data


def small(*chosen, lang="zh", **fields):
    context = ReportContext(town(), assess(town(), 2025, load_standard("gulou-2023")), lang)
    made = Scenario(**{"title": "<b>模拟</b>", "base_year": 2025, **fields}, actions=chosen)
    return ScenarioReport(context, "", [made])


def test_a_scenario_that_does_nothing_says_so():
    page = small()
    assert page.details.costs()._repr_html_().count("没有操作") == 1
    assert "没有小区" not in page.story.headlines()._repr_html_()
    (none,) = page.details.maps()
    assert none.lines == ("各情景都没有改变小区的划片。",)
    assert page.sides.trends() == [] and "没有学校的结论改变" in page.details.schools()._repr_html_()


def test_text_of_a_scenario_file_is_escaped():
    page = small({"do": "buy", "school": "A", "equipment_yuan": 1.0})
    for shown in (page.story.cards(), page.story.headlines(), page.sides.verdicts(), page.details.costs()):
        assert "<b>模拟" not in shown._repr_html_()


def test_a_school_without_a_figure_before_is_said_to_be_none_and_its_map_is_drawn():
    opened = {
        "do": "open_school", "school_id": "D", "name": "模拟D", "kind": "primary", "location": "urban",
        "longitude": 114.001, "latitude": 34.0, "capacity": {"primary": 130}, "like": "standard",
    }  # fmt: skip
    moves = {"do": "rezone", "zones": ["Z0", "Z1"], "stage": "primary", "to": "D", "moves": "all"}
    page = small(opened, moves)
    rows = {row[1]: row for row in table(page.details.schools())}
    assert rows["模拟D"][3:] == ["无", "达标", "无 → 7", "无 → 121"]
    (drawn,) = page.details.maps()
    assert "2 个小区、适龄儿童 121 人改划" in drawn.title


def test_a_district_that_is_not_there_and_a_bad_file_are_refused(tmp_path):
    context = open_context(SAMPLE, 2025)
    with pytest.raises(QbError, match="没有县区“别处”"):
        ScenarioReport(context, "别处", EXAMPLES).story.title()
    bad = tmp_path / "bad.toml"
    bad.write_text(
        'title = "x"\nbase_year = 2025\n[[actions]]\ndo = "buy"\nschool = "nowhere"\nequipment_yuan = 1.0\n'
    )
    with pytest.raises(ScenarioError, match="没有学校 nowhere"):
        ScenarioReport(context, "", [bad]).story.title()


TOLD = [
    (
        {"do": "close_school", "school": "A", "to": ["B"]},
        "关闭甲校，学生和教师到乙校",
        "Close 甲校; pupils and teachers go to 乙校",
    ),
    (
        {"do": "move_pupils", "from": "A", "to": "B", "share": 0.25},
        "从甲校转 25%到乙校",
        "Move 25% of the pupils from 甲校 to 乙校",
    ),
    (
        {"do": "move_pupils", "zone": "Z", "stage": "primary", "to": "B"},
        "东里的小学学生转到乙校",
        "Primary pupils of 东里 move to 乙校",
    ),
    (
        {"do": "hire", "school": "A", "teachers": 3, "backbone": 1},
        "甲校新进教师 3 人（其中县级以上骨干教师 1 人）",
        "甲校 hires 3 teachers (of whom backbone teachers 1)",
    ),
    (
        {"do": "train", "school": "A", "backbone": 2},
        "甲校培养：县级以上骨干教师 2 人",
        "甲校: train backbone teachers 2",
    ),
    (
        {"do": "build", "school": "A", "sports_ground_m2": 500, "rooms": [{"kind": "art", "area_m2": 90}]},
        "甲校建设：体育运动场地面积 500 平方米、美术教室 90 平方米",
        "甲校: build sports ground 500 m², art room 90 m²",
    ),
    (
        {"do": "split_classes", "limit": 40},
        "大班分开：各校（上限 40）",
        "Split large classes: all schools (limit: 40)",
    ),
    (
        {"do": "place_overflow", "school": "A"},
        "超出班额的学生统筹到集团内学校：甲校（上限为标准的班额）",
        "Pupils above the class limit go to schools of the group: 甲校 (limit: the standard's)",
    ),
    (
        {"do": "transfer_equipment", "from": "A", "to": "B", "equipment_yuan": 12000.0},
        "从甲校调配价值 12,000 元的设备到乙校",
        "Equipment worth 12,000 yuan goes from 甲校 to 乙校",
    ),
    (
        {"do": "set", "item": "special_pupils", "value": 9},
        "县区数据“特殊教育学校及随班就读学生数”改为 9",
        "special_pupils becomes 9",
    ),
]


@pytest.mark.parametrize(("action", "zh", "en"), TOLD, ids=[one[0]["do"] for one in TOLD])
def test_every_action_is_told_in_words(action, zh, en):
    (made,) = Scenario(title="模拟", base_year=2025, actions=[action]).dated
    said = made.in_words(Names({"A": "甲校", "B": "乙校"}, {"Z": "东里"}))
    assert (said.zh, said.en) == (zh, en)


def test_every_kind_of_action_has_words():
    for do, model in scenario_file.ACTIONS.items():
        assert model.called.zh != model.called.en and "in_words" in vars(model), do


def test_the_actions_of_the_examples_are_told_in_both_languages():
    for file in EXAMPLES:
        for action in load(file).dated:
            said = action.in_words(Names({}, {}))
            assert said.zh and said.en


# The map


def draw(longitude, before, after, schools):
    zones = [f"里{i}" for i in range(len(longitude))]
    names = {s: f"{s}校" for s in schools}
    return rezoned(
        longitude, [34.0] * len(longitude), zones, before, after, schools, names,
        headings=("前", "后"), caption=Caption("改划"),
    )  # fmt: skip


def test_zones_of_schools_that_change_share_their_shape_and_the_changed_one_is_larger():
    chart = draw(
        [114.0, 114.02, 114.04], ["A", "A", "B"], ["A", "B", "B"], {"A": (114.0, 34.01), "B": (114.05, 34.01)}
    )
    from qb.charts.marks import Dot

    dots = [m for m in chart.marks if isinstance(m, Dot)]
    left, right = dots[:3], dots[3:]
    shape = (
        {d.tip.split()[0]: (d.shape, d.radius) for d in left},
        {d.tip.split()[0]: (d.shape, d.radius) for d in right},
    )
    assert shape[0]["里1"][0] == shape[0]["里0"][0] != shape[0]["里2"][0]
    assert shape[1]["里1"][0] == shape[1]["里2"][0] != shape[1]["里0"][0]
    assert shape[0]["里1"][1] > shape[0]["里0"][1]


def test_a_zone_without_a_place_is_named_and_nothing_at_all_says_so():
    schools = {"A": (114.0, 34.01), "B": (114.05, math.nan)}
    chart = draw([114.0, math.nan], ["A", "A"], ["A", "B"], schools)
    assert "缺坐标、未画出的小区：里1" in chart.svg
    assert "缺数据" in draw([math.nan], ["A"], ["B"], schools).svg


def test_the_map_is_the_same_each_time_and_can_be_a_picture():
    made = [
        draw([114.0, 114.02], ["A", None], ["B", "B"], {"A": (114.0, 34.0), "B": (114.1, 34.0)}) for _ in "ab"
    ]
    assert made[0].svg == made[1].svg and made[0].png(60).startswith(b"\x89PNG")


def test_the_page_and_the_data_it_reads_are_the_commands(chinese, told):
    assert chinese.study.year == told["year"]
    assert qb.load(SAMPLE).years == chinese.context.data.years
