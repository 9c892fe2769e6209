"""What the actions of a scenario cost. Prices are those of the shipped cost file, sums by hand."""

import math

import pytest
from test_scenario import STANDARD, town

from qb.planning.scenario import Scenario, json_document, summary, whatif

REZONE = {"do": "rezone", "zones": ["Z0"], "stage": "primary", "to": "B"}


def compare(*actions, until=2025, costs=None):
    made = Scenario(title="模拟", base_year=2025, until=until, actions=actions)
    return whatif(town(), [made], standard=STANDARD, costs=costs)


def items(*actions, **options):
    table = compare(*actions, **options).outcomes[0].costs
    return {row.item: row for row in table.itertuples()}


def test_what_is_bought_and_built_costs_its_amount_at_the_files_price():
    buy = {"do": "buy", "school": "A", "equipment_yuan": 80000, "multimedia_rooms": 3}
    build = {"do": "build", "school": "A", "teaching_area_m2": 100, "sports_ground_m2": 10}
    found = items(buy, build)
    # 1 yuan a yuan (high 1.1), 40,000 a room, 3,000 a m² of floor, 500 a m² of ground
    assert {name: row.cost_yuan for name, row in found.items()} == {
        "equipment_yuan": 80000,
        "multimedia_rooms": 120000,
        "teaching_area_m2": 300000,
        "sports_ground_m2": 5000,
    }
    assert found["equipment_yuan"].high == pytest.approx(88000)
    assert found["sports_ground_m2"].low == 2500


def test_pay_comes_back_every_year_and_a_purchase_does_not():
    hire = {"do": "hire", "school": "A", "teachers": 2, "year": 2026}
    buy = {"do": "buy", "school": "A", "equipment_yuan": 7, "year": 2026}
    found = items(hire, buy, until=2028)
    # two teachers in 2026, 2027 and 2028 at 100,000 (70,000 to 140,000)
    row = found["full_time_teachers"]
    assert (row.years, row.cost_yuan, row.low, row.high) == (3, 600000, 420000, 840000)
    assert (found["equipment_yuan"].years, found["equipment_yuan"].cost_yuan) == (1, 7)


def test_training_costs_by_what_is_reached_and_what_has_no_price_is_named():
    hire = {"do": "hire", "school": "A", "teachers": 3, "above_required": 0}  # to be trained
    found = items(hire, {"do": "train", "school": "A", "above_required": 2, "backbone": 1, "trained": 3})
    assert found["teachers_above_required"].cost_yuan == 40000
    assert found["backbone_teachers"].cost_yuan == 30000
    assert math.isnan(found["trained_teachers"].cost_yuan)


def test_an_action_without_a_price_is_no_zero():
    found = compare(REZONE)
    told = json_document(found)["scenarios"][0]
    assert (told["cost_yuan"], told["low"], told["high"]) == (None, None, None)
    assert told["costs"][0]["item"] == "rezone" and told["costs"][0]["cost_yuan"] is None
    assert "没有可按单价计算的；费用文件中没有单价、未计入：第 1 项 改划小区" in summary(found)


def test_what_has_a_price_is_summed_beside_what_has_none():
    rooms = [{"kind": "music", "area_m2": 90}]  # 300,000 a room (220,000 to 450,000), as 100 m² of floor
    hire = {"do": "hire", "school": "A", "teachers": 1, "trained": 0}
    train = {"do": "train", "school": "A", "trained": 1}
    build = {"do": "build", "school": "A", "teaching_area_m2": 100, "rooms": rooms}
    found = compare(REZONE, build, hire, train)
    told = json_document(found)["scenarios"][0]
    assert (told["cost_yuan"], told["low"], told["high"]) == (700000, 510000, 1040000)
    unpriced = "费用文件中没有单价、未计入：第 1 项 改划小区；第 4 项 教师培养（培训满360学时专任教师数）"
    assert f"70.0 万元（低 51.0，高 104.0）；{unpriced}" in summary(found)


def test_indoor_sports_floor_is_priced_within_the_teaching_floor_and_alone_not_at_all():
    both = items({"do": "build", "school": "A", "teaching_area_m2": 100, "indoor_sports_area_m2": 60})
    assert set(both) == {"teaching_area_m2"} and both["teaching_area_m2"].cost_yuan == 300000
    alone = items({"do": "build", "school": "A", "indoor_sports_area_m2": 60})
    assert math.isnan(alone["indoor_sports_area_m2"].cost_yuan)


def test_a_new_school_costs_what_it_is_given_and_its_site_has_no_price():
    given = {
        "full_time_teachers": 10, "teachers_above_required": 5, "backbone_teachers": 1, "pe_arts_teachers": 1,
        "teaching_area_m2": 600.0, "sports_ground_m2": 1000.0, "equipment_yuan": 50000.0,
        "multimedia_rooms": 6,
    }  # fmt: skip
    opened = {
        "do": "open_school", "school_id": "D", "name": "模拟D", "kind": "primary", "location": "urban",
        "capacity": {"primary": 130}, "given": {"primary": given},
    }  # fmt: skip
    found = items(opened, {"do": "buy", "school": "D", "equipment_yuan": 9000, "year": 2025})
    assert found["full_time_teachers"].cost_yuan == 1000000
    assert found["teaching_area_m2"].cost_yuan == 1800000
    assert found["sports_ground_m2"].cost_yuan == 500000
    assert found["multimedia_rooms"].cost_yuan == 240000
    assert math.isnan(found["site"].cost_yuan)
    table = compare(opened, {"do": "buy", "school": "D", "equipment_yuan": 9000}).outcomes[0].costs
    assert table[table["item"] == "equipment_yuan"]["cost_yuan"].tolist() == [50000, 9000]


def test_a_school_with_a_price_of_its_own_is_priced_as_the_plan_prices_it(tmp_path):
    from importlib.resources import files

    text = (files("qb") / "standard" / "costs.toml").read_text(encoding="utf-8")
    path = tmp_path / "prices.toml"
    own = '[[schools]]\nschool_id = "A"\ncode = "C5"\nyuan = 900.0\n'
    path.write_text(f"{text}\n{own}", encoding="utf-8")
    found = items({"do": "build", "school": "A", "sports_ground_m2": 10}, costs=path)
    assert found["sports_ground_m2"].cost_yuan == 9000


def test_money_of_a_school_and_of_special_education_costs_itself():
    fund = {"do": "fund", "school": "A", "training_budget_yuan": 300, "training_final_yuan": 500}
    found = items(fund)
    assert found["training_final_yuan"].cost_yuan == 500 and len(found) == 1  # the same money, once


def test_a_district_may_have_its_own_prices(tmp_path):
    from importlib.resources import files

    text = (files("qb") / "standard" / "costs.toml").read_text(encoding="utf-8")
    path = tmp_path / "prices.toml"
    path.write_text(text.replace("yuan = 500\nlow = 250", "yuan = 700\nlow = 250"), encoding="utf-8")
    found = items({"do": "build", "school": "A", "sports_ground_m2": 10}, costs=path)
    assert found["sports_ground_m2"].cost_yuan == 7000


def test_what_has_not_begun_by_the_year_compared_costs_nothing_yet():
    buy = {"do": "buy", "school": "A", "equipment_yuan": 7, "year": 2027}
    made = Scenario(title="模拟", base_year=2025, actions=[buy])
    assert whatif(town(), [made], 2026, STANDARD).outcomes[0].costs.empty
