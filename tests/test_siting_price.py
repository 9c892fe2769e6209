"""Sites at a price: plans closest to the standard, the document, and the view with table and maps."""

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_scenario import STANDARD, town
from test_siting import CANDIDATE, candidates, question, sited

from qb.charts import Caption
from qb.charts.maps import map_of_sites
from qb.charts.marks import ACCENT, Dot, Line
from qb.errors import QbError
from qb.indicators.assessment import assess
from qb.planning.costs import load_costs
from qb.planning.scenario import apply, load, whatif
from qb.planning.scenario.action_base import Price
from qb.planning.scenario.comparison import total, unpriced
from qb.planning.siting.candidate_sites import SitingError, load_sites
from qb.planning.siting.pareto_front import (
    edge,
    front,
    swayed,
    trade_off,
    undominated,
)
from qb.planning.siting.site_choice import (
    json_document,
    lacking,
    prices,
    site,
)
from qb.planning.siting.siting_summary import front_lines, run, summary, trade_off_lines
from qb.report.explore_sites import open_siting

# What a site costs, which plan is closest to the standard, and the siting as a document and as a map


ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "notebooks" / "sites" / "old_town.toml"
WRITTEN = {"cost_yuan": 5e6, "low_yuan": 4e6, "high_yuan": 9e6, "source": "假设：含征地"}


def changed_costs(**yuan):
    """Return the assumed costs with some prices changed, low and high like them."""
    costs = load_costs()
    given = [
        c.model_copy(update=dict.fromkeys(("yuan", "low", "high"), yuan[c.code])) if c.code in yuan else c
        for c in costs.costs
    ]
    return costs.model_copy(update={"costs": tuple(given)})


def test_a_school_costs_what_the_standard_demands_for_its_places():
    best = sited().options.set_index("sites").loc["S1"]
    # 90 places of 4.5 m² of rooms, 7.5 m² of sports area, 2000 yuan of equipment; three rooms (2.3 for 100);
    # at 3000, 500, 1 and 40000 yuan; a year's pay of 4 teachers (4.2 for 100 are 3.8) at 100,000.
    expected = 90 * 4.5 * 3000 + 90 * 7.5 * 500 + 90 * 2000 + 3 * 40000 + 4 * 100_000
    assert best["cost_yuan"] == pytest.approx(expected)
    low = 90 * 4.5 * 2200 + 90 * 7.5 * 250 + 90 * 2000 + 3 * 25000 + 4 * 70_000
    high = 90 * 4.5 * 4500 + 90 * 7.5 * 1200 + 90 * 2000 * 1.1 + 3 * 70000 + 4 * 140_000
    assert (best["low_yuan"], best["high_yuan"]) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("written", [{}, WRITTEN])
def test_a_plan_costs_what_whatif_says_of_its_scenario(written):
    data, costs = town(), changed_costs(C3=120_000.0)
    found = site(data, candidates(written), standard=STANDARD, costs=costs)
    (outcome,) = whatif(data, [found.scenario(1)], standard=STANDARD, costs=costs).outcomes
    sums = total(outcome.costs)
    assert found.options[["cost_yuan", "low_yuan", "high_yuan"]].iloc[1].tolist() == list(sums.values())
    assert unpriced(outcome.costs)[0][2] == ("rezone" if written else "site")


def test_the_prices_are_those_of_the_cost_file():
    one, other = (
        site(town(), candidates(), standard=STANDARD, costs=costs).options["cost_yuan"][1]
        for costs in (None, changed_costs(C4=4000.0))
    )
    assert other - one == pytest.approx(90 * 4.5 * 1000)


def test_what_the_candidate_says_goes_first():
    best = sited(WRITTEN).options.set_index("sites").loc["S1"]
    assert tuple(best[["cost_yuan", "low_yuan", "high_yuan"]]) == (5.4e6, 4.28e6, 9.56e6)  # and the pay
    alone = sited({"cost_yuan": 5e6, "source": "概算"}).options.set_index("sites").loc["S1"]
    assert tuple(alone[["cost_yuan", "low_yuan", "high_yuan"]]) == (5.4e6, 5.28e6, 5.56e6)


def test_neither_new_zones_alone_nor_doing_nothing_costs_anything_to_build():
    found = sited().options
    assert found.loc[found["sites"] == "", "cost_yuan"].tolist() == [0.0, 0.0] and found["moved"][0] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cost_yuan": 5e6}, "须用 source 写明依据"),
        ({"low_yuan": 4e6}, "没有写 cost_yuan"),
        ({**WRITTEN, "low_yuan": 6e6}, "应在 low_yuan 与 high_yuan 之间"),
        ({**WRITTEN, "high_yuan": 4.5e6}, "应在 low_yuan 与 high_yuan 之间"),
        ({**WRITTEN, "cost_yuan": -1.0}, "cost_yuan（现为 -1.0）"),
    ],
)
def test_a_cost_that_makes_no_sense_is_refused(change, said):
    with pytest.raises(SitingError) as refused:
        load_sites(pd.DataFrame([{**CANDIDATE, **change}]))
    assert said in str(refused.value)


def test_what_is_lacking_is_priced_figure_by_figure():
    # A's 300 pupils have 2 of 3 backbone teachers, 2 of 2.7 of PE and arts (one more), and 1900 of 2250 m² of
    # sports area; N's 90 juniors lack rooms (90 × 5.8 m²) and sports area (90 × 10.2 m²).
    found = lacking(assess(town(), 2025, STANDARD), load_costs())
    rows = assess(town(), 2025, STANDARD).rows.set_index(["school_id", "stage"])
    held = rows.loc[("N", "junior")]
    rooms, ground = 90 * 5.8 - 90 * held["C4"], 90 * 10.2 - 90 * held["C5"]
    expected = rooms * 3000 + ground * 500 + 30000 + 100000 + 350 * 500
    assert found.yuan == pytest.approx(expected)
    assert found.low < found.yuan < found.high and isinstance(found, Price)


def test_the_closest_plan_is_the_one_with_fewest_schools_that_fail_not_the_nearest(committed):
    found = site(committed, EXAMPLE)
    table = found.options.set_index("option")
    failing = table["rows"] - table["passing"]
    assert failing[found.closest] == failing[1:].min() < failing[1]
    assert table.loc[found.closest, "within"] < table.loc[1, "within"]
    # What is said of a plan is what its scenario gives.
    after = apply(committed, found.scenario(found.closest), 2025)
    rows = assess(after, 2025).rows
    assert failing[found.closest] == (rows["verdict"] != "pass").sum()


def test_the_summary_tells_cost_and_the_closest_plan():
    text = summary(sited())
    assert "建校和第一年工资约 225 万元（" in text and "最接近达标的是方案" in text and "费用是假设" in text


def test_a_document_has_every_option_with_its_sites_and_zones():
    found = sited(WRITTEN)
    made = json.loads(json.dumps(json_document(found), allow_nan=False))
    now, best = made["options"][0], made["options"][1]
    assert (now["option"], now["sites"], now["bound"], now["assignments"]) == (0, [], None, [])
    assert best["sites"] == [
        {
            "site": "S1",
            "name": "模拟新校",
            "kind": "primary",
            "longitude": 114.003,
            "latitude": 34.0,
            "capacity": {"primary": 90},
            "cost_yuan": 5e6,
            "source": "假设：含征地",
        }
    ]
    primary = {a["zone_id"]: a["school_id"] for a in best["assignments"] if a["stage"] == "primary"}
    assert primary == {"Z0": "A", "Z1": "S1", "Z2": "B", "Z3": "C"}
    stage = next(s for s in best["stages"] if s["stage"] == "primary")
    assert (stage["children"], stage["within"]) == (241, 241)
    assert best["bound"] == pytest.approx(best["child_km"]) and best["gap"] <= 1e-6
    # 241 children of primary age within 500 m; of juniors nobody is within 1 km of a junior school.
    assert (best["within"], best["within_bound"], best["within_gap"]) == (241, 241, 0)
    assert made["closest"] in (1, 2) and made["status"] == "optimal"


def test_a_plan_without_places_for_all_has_no_verdicts_in_the_document():
    given = pd.DataFrame({"school_id": list("ABCN"), "stage": "primary", "capacity": [0, 0, 30, 0]})
    made = json_document(sited({"primary_capacity": 10}, capacities=given))
    best = made["options"][1]
    assert best["status"] == "infeasible" and best["passing"] is None and made["closest"] is None
    json.dumps(made, allow_nan=False)


def test_the_command_prints_a_document_and_writes_the_best_plan(tmp_path):
    out = tmp_path / "best.toml"
    text = run(ROOT / "data" / "sample", EXAMPLE, out=out, as_json=True)
    made = json.loads(text)
    opened = [a.school_id for a in load(out).actions if a.do == "open_school"]
    assert opened == [one["site"] for one in made["options"][1]["sites"]]


def test_one_more_school_buys_what_it_adds():
    """Without one Z0 goes to B: 61 + 90 + 30 near. S1 brings Z0 and Z1 near; S2, 80 km away, nobody.

    In steps of 0.001° the children walk 60 × 10 + 61 × 2 + 90 without it, and 61 + 90 with it.
    """
    data, costs = town(), load_costs()
    found = sited({}, {"site": "S2", "longitude": 114.9}, data=data)
    curve = trade_off(found, data, STANDARD, costs)
    assert curve["sites"].tolist() == ["", "S1"] and curve["within"].tolist() == [181, 241]
    cost = 90 * 4.5 * 3000 + 90 * 7.5 * 500 + 90 * 2000 + 3 * 40000 + 4 * 100_000
    more = curve.iloc[1]
    assert (more["more_within"], more["more_yuan"]) == (60, pytest.approx(cost))
    assert more["yuan_per_child"] == pytest.approx(cost / 60)
    assert more["less_km"] == pytest.approx((600 + 122 + 90 - 151) * 0.001 * 92.19 * 1.3, rel=1e-3)
    text = trade_off_lines(curve)
    assert "1 所　S1：步行距离以内 241 名（增 60 名）" in text and "每增一名约 3.8 万元" in text
    assert text.splitlines()[-1] == "    第 2 所未见所得，不再增加"
    made = json.loads(json.dumps(json_document(found, curve), allow_nan=False))["curve"]
    assert [(row["new"], row["within"], row["status"]) for row in made] == [
        (0, 181, "optimal"),
        (1, 241, "optimal"),
    ]
    assert made[0]["more_within"] is None and "curve" not in json_document(found)


# The front of cost, reach and walk


def every_plan(problem, most):
    """Return (cost, within, walk) of every plan there is that places everyone."""
    groups, seats = problem.km.shape
    every = np.array(list(itertools.product(range(seats), repeat=groups)))
    ways = problem.km[np.arange(groups), every]
    every, ways = every[~np.isnan(ways).any(axis=1)], ways[~np.isnan(ways).any(axis=1)]
    load, gone = (
        np.stack([(problem.children * at).sum(axis=1) for at in found], axis=1)
        for found in (
            [every == seat for seat in range(seats)],
            [(problem.now == seat) & (every != seat) for seat in range(seats)],
        )
    )
    near = (problem.children * (ways <= problem.limit.value)).sum(axis=1)
    walk = (problem.children * ways).sum(axis=1)
    found = set()
    for count in range(most + 1):
        for opened in map(list, itertools.combinations(range(len(problem.option_site)), count)):
            if len(set(problem.option_site[opened])) < count:
                continue
            room = problem.capacity + problem.option_capacity[opened].sum(axis=0)
            fits = (gone <= problem.leaving).all(axis=1) & (load <= room).all(axis=1)
            cost = problem.option_yuan[opened].sum()
            found |= {(cost, n, w.round(6)) for n, w in zip(near[fits], walk[fits], strict=True)}
    return found


@pytest.mark.parametrize("seed", [1, 2, 4, 6, 9, 16])
def test_no_plan_outdoes_one_of_the_front_and_its_ends_are_there(seed):
    problem = question(seed)
    yuan = np.random.default_rng(seed).integers(1, 9, len(problem.option_site)) * 1e6
    problem = replace(problem, option_yuan=yuan)
    there = every_plan(problem, 2)
    found = edge(problem, 2, 60)
    table = undominated(problem, found.plans)
    made = list(table[["cost_yuan", "within", "child_km"]].itertuples(index=False, name=None))
    assert found.proven and bool(made) == bool(there)
    for budget, near, walk in found.bounds.itertuples(index=False):  # no plan of that budget is better
        assert all(p[1] <= near or np.isnan(near) for p in there if p[0] <= budget)
        assert all(p[2] >= walk - 1e-5 or np.isnan(walk) for p in there if p[0] <= budget)
    for cost, near, walk in made:
        assert (cost, near, round(walk, 6)) in there
        better = [p for p in there if p[0] <= cost and p[1] >= near and p[2] <= walk + 1e-6]
        assert all(p[:2] == (cost, near) and p[2] > walk - 1e-6 for p in better)
    for cost in {p[0] for p in there}:  # what is most, and least, for each sum of money
        able, shown = ([p for p in several if p[0] <= cost] for several in (there, made))
        assert max(p[1] for p in able) == max(p[1] for p in shown)
        assert min(p[2] for p in able) == pytest.approx(min(p[2] for p in shown), abs=1e-5)
    few = edge(problem, 2, 60, points=3)  # any cost, half of the dearest, nothing: the best of both kinds
    bounds = few.bounds
    assert few.proven and (len(bounds) > 1 or all(p[0] == 0 for p in made))
    for budget, near, walk in bounds.itertuples(index=False):
        able = [p for p in there if p[0] <= budget]
        assert near == max(p[1] for p in able)
        assert walk == pytest.approx(min(p[2] for p in able), abs=1e-5)
        shown = undominated(problem, few.plans).query("cost_yuan <= @budget")
        assert (shown["within"].max(), shown["child_km"].min()) == (near, pytest.approx(walk, abs=1e-5))


def test_the_front_tells_what_each_further_pupil_costs_and_what_a_price_decides():
    """S1 brings 60 more near than new zones alone , for 5 million and 0.4 of pay; S3 stands beside it."""
    data, costs = town(), load_costs()
    beside = {"site": "S3", "longitude": 114.0031, **WRITTEN, "cost_yuan": 5.5e6}
    found = sited(WRITTEN, beside, data=data)
    table = front(found, data, STANDARD, costs)
    assert table.loc[table["best"], "within"].tolist() == [181, 241]
    assert table.loc[table["best"], "yuan_per_child"].tolist()[1] == pytest.approx(5.4e6 / 60)
    # S3 is a little farther from Z1: it is on no front, and no choice, though S1 cost a fifth more.
    assert set(table["sites"]) == {"", "S1 (90)"}
    swings = swayed(table, found, prices(found.candidates, data, 2025, costs, STANDARD))
    assert swings.to_dict("records") == [
        {"site": "S1", "now": "S1 (90)", "cheaper": "S1 (90)", "dearer": "S1 (90)"}
    ]
    text = front_lines(table, swings)
    assert "约 540 万元　S1 (90)：步行距离以内 241 名" in text and "每增一名约 9.0 万元" in text
    assert "任一校址的费用升降 20%，选择不变" in text and "前沿可能" not in text
    told = json.loads(json.dumps(json_document(found, front=table), allow_nan=False))
    assert told["front_complete"] is True and "前沿已查完" in text
    first = told["front_bounds"][0]
    assert (first["budget_yuan"], first["within_at_most"]) == (None, 241)
    late = table.copy()
    late.attrs |= {"complete": False, "proven": False}
    said = front_lines(late, swings)
    assert "到时为止" in said and "已证：不限费用的任何方案，步行距离以内至多 241 名，步行总里程至少" in said
    few = front(found, data, STANDARD, costs, points=2)
    said = front_lines(few, swings)
    assert "取 2 档费用，每档列就近最多和里程最少的方案，均已证最优" in said
    assert "费用不超过 0 万元的任何方案，步行距离以内至多 181 名" in said  # new zones alone, as in the curve
    assert few.loc[few["best"], "within"].tolist() == [181, 241] and few.attrs["complete"] is False
    with pytest.raises(QbError, match="至少取 2 档费用（--points），现为 1"):
        front(found, data, STANDARD, costs, points=1)
    made = told["front"]
    assert [row["within"] for row in made if row["best"]] == [181, 241]


def test_a_price_a_fifth_up_or_down_may_change_the_choice():
    found = sited({}, {"site": "S2", "longitude": 114.9})
    rows = [(0, "", (), 10), (9e6, "S1 (90)", (0,), 110), (19e6, "S2 (90)", (1,), 210)]
    table = pd.DataFrame(rows, columns=["cost_yuan", "sites", "options", "within"]).assign(best=True)
    # 9 / 100 against 19 / 200; a fifth dearer 10.8 / 100, or the other a fifth cheaper 15.2 / 200.
    swings = swayed(table, found, np.array([9e6, 19e6])).set_index("site")
    assert swings["now"].tolist() == ["S1 (90)", "S1 (90)"]
    assert swings.loc["S1", ["cheaper", "dearer"]].tolist() == ["S1 (90)", "S2 (90)"]
    assert swings.loc["S2", ["cheaper", "dearer"]].tolist() == ["S2 (90)", "S1 (90)"]


# The map


def places(*rows):
    return pd.DataFrame(rows, columns=["id", "name", "kind", "longitude", "latitude", "children"])


def test_a_zone_that_changes_school_has_a_line_that_stands_out():
    chart = map_of_sites(
        places(
            ("A", "甲校", "school", 114.00, 34.0, None),
            ("S1", "新校", "new", 114.01, 34.0, None),
            ("S2", "别处", "spare", 114.02, 34.01, None),
            ("Z0", "一区", "zone", 114.001, 34.0, 100),
            ("Z1", "二区", "zone", 114.009, 34.0, 400),
        ),
        pd.DataFrame({"zone": ["Z0", "Z1"], "to": ["A", "S1"], "moved": [False, True]}),
        caption=Caption("改划"),
    )
    (changed,) = (mark for mark in chart.marks if isinstance(mark, Line) and mark.colour == ACCENT)
    # 0.001° of longitude west of the new school; the whole width of 0.02° takes 660 of the 720 units.
    (x0, _), (x1, _) = changed.points
    assert x1 - x0 == pytest.approx(660 / 20, abs=0.2)
    assert (
        "新校" in chart.svg
        and "彩线：改划的小区（1 个）" in chart.svg
        and "未采用的候选校址（1 处）" in chart.svg
    )
    radii = [mark.radius for mark in chart.marks if isinstance(mark, Dot) and mark.shape == "ring"]
    assert max(radii) == pytest.approx(
        2 * min(radii), rel=0.05
    )  # 400 children have four times the area of 100


def test_a_place_without_coordinates_is_counted_in_words():
    chart = map_of_sites(
        places(("A", "甲校", "school", 114.0, 34.0, None), ("Z0", "一区", "zone", None, None, 50)),
        pd.DataFrame({"zone": ["Z0"], "to": ["A"], "moved": [False]}),
        caption=Caption("改划"),
    )
    assert "缺坐标：1 处" in chart.svg


# A siting to look at: the table and the maps say what the siting found, in both languages


ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", params=["zh", "en"])
def sites(request):
    return open_siting(
        ROOT / "data" / "sample", ROOT / "notebooks" / "sites" / "old_town.toml", 2025, lang=request.param
    )


def test_the_table_has_the_district_as_it_is_and_every_plan(sites):
    frame = sites.table().frame
    assert frame["plan"].iloc[0] in ("现状", "As it is") and frame["option"].tolist() == [0, 1, 2, 3]
    assert "缺数据" not in sites.table()._repr_html_() and "No data" not in sites.table()._repr_html_()
    # The file says 60 of the second site; 35 teachers (4.2 for 100 of 810) and 24 (5.3 of 450) are paid 0.1.
    assert frame["million_yuan"].iloc[2] == pytest.approx(60 + 59 * 0.1)


def test_the_curve_has_a_row_and_a_point_for_each_number_of_schools(sites):
    table, chart = sites.curve().frame, sites.curve_chart()
    assert table["new"].tolist() == list(range(len(table))) and len(chart.table) == len(table) > 1
    # Nothing stands before the first row: that is no gap in the data.
    assert table["more_within"].iloc[0] == "" and "缺数据" not in (page := sites.curve()._repr_html_())
    assert "No data" not in page and f"{table['within'].iloc[-1]:,.0f}" in chart.title


def test_the_front_has_a_row_and_a_dot_for_each_plan(sites):
    table, chart = sites.front().frame, sites.front_chart()
    assert len(table) == len(chart.table) == len(sites.edge) > 2
    dots = re.findall(r"<circle ", chart.svg)
    assert len(dots) == len(table) and table["more"].iloc[0] == ""
    said = sites.front().note
    assert "X01 (1080)" in said and ("选择不变" in said or "changes that" in said or "改为" in said)
    if sites.lang == "en":
        assert not re.findall(r"[\u4e00-\u9fff]", sites.front()._repr_html_())


def test_a_map_shows_every_zone_with_a_school_and_the_new_school(sites):
    primary, junior = sites.maps()
    assert len(sites.data["zones"].query("year == 2025")) == 60
    for chart, stage in ((primary, "primary"), (junior, "junior")):
        table = sites.found.assigned(1)
        table = table[table["stage"] == stage]
        assert len(chart.table) == len(table)
        moved = (table["before"] != table["school_id"]).sum()
        assert chart.table["moved"].sum() == moved > 0
        # One coloured line for each zone that changes school, one quiet one for each that does not.
        coloured = [mark for mark in chart.marks if isinstance(mark, Line) and mark.colour == ACCENT]
        assert len(coloured) == moved
        assert "北门新校" in chart.svg


def test_the_title_tells_how_many_more_are_within_distance(sites):
    ways = sites.found.distances.set_index(["option", "stage"])["within"]
    chart = sites.maps()[0]
    assert f"{ways[0, 'primary']:,.0f}" in chart.title and f"{ways[1, 'primary']:,.0f}" in chart.title
    assert ways[1, "primary"] > ways[0, "primary"]


def test_an_english_view_has_no_chinese_but_names(sites):
    if sites.lang == "zh":
        assert "步行距离以内" in sites.table()._repr_html_()
        return
    text = re.sub("[东北]门新校（模拟）", "", sites.table()._repr_html_())
    assert not re.findall(r"[\u4e00-\u9fff]", text)
