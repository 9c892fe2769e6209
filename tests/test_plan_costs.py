"""The cost file: every figure an assumption that says so; nonsense refused in sentences."""

from importlib.resources import files

import pytest
from oracle import CODES as SEVEN
from town import Town

from qb.errors import QbError
from qb.planning.costs import CostError, load_costs
from qb.planning.plan.cheapest import cheapest_plan

SHIPPED = (files("qb") / "standard" / "costs.toml").read_text(encoding="utf-8")


def test_every_shipped_cost_says_that_it_is_assumed_and_between_which_values():
    for cost in load_costs().costs:
        assert cost.source.startswith("假设")
        assert cost.low <= cost.yuan <= cost.high
    # J4, J5 and J8: the computers, books and teachers of middle rank that the standard of 2012 asks for.
    assert {cost.code for cost in load_costs().costs} == {*SEVEN, "J4", "J5", "J8"}


def refused(tmp_path, *changes, more=""):
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "costs.toml"
    path.write_text(text + more, encoding="utf-8")
    with pytest.raises(CostError) as error:
        load_costs(path)
    return str(error.value)


def test_negative_and_missing_costs_are_refused_all_together(tmp_path):
    said = refused(tmp_path, ("yuan = 20000", "yuan = -20000"), ("yuan = 3000\n", ""))
    assert "C1" in said and "须大于 0" in said and "-20000" in said
    assert "C4" in said and "缺少这一项" in said


def test_an_indicator_without_any_cost_is_refused(tmp_path):
    """By whoever needs it: which indicators there are, the standard says, and not the cost file."""
    start, end = SHIPPED.index('[[costs]]\ncode = "C7"'), len(SHIPPED)
    path = tmp_path / "costs.toml"
    path.write_text(SHIPPED[:start] + SHIPPED[end:], encoding="utf-8")
    with pytest.raises(QbError, match="code = 'C7'"):
        cheapest_plan(Town().data(), costs=path)


def test_a_cost_for_one_stage_alone_leaves_the_other_without(tmp_path):
    said = refused(tmp_path, ('code = "C5"', 'code = "C5"\nstage = "primary"'))
    assert "C5（初中）：没有给出费用" in said and "小学" not in said


def test_a_cost_outside_its_own_range_is_refused(tmp_path):
    assert "应在低值 low 与高值 high 之间" in refused(tmp_path, ("yuan = 500\n", "yuan = 5000\n"))


def test_a_cost_given_twice_is_refused(tmp_path):
    start = SHIPPED.index('[[costs]]\ncode = "C7"')
    block = SHIPPED[start : SHIPPED.index("\n[[", start)]
    assert "C7：费用重复给出" in refused(tmp_path, more=block)


def test_a_school_with_neither_upper_bound_nor_cost_is_refused(tmp_path):
    said = refused(tmp_path, more='\n[[schools]]\nschool_id = "001"\ncode = "C5"\n')
    assert "既没有上限 most，也没有费用 yuan" in said


def test_limits_that_contradict_are_refused(tmp_path):
    entry = '\n[[schools]]\nschool_id = "001"\ncode = "C5"\nmost = {}\n'
    said = refused(tmp_path, more=entry.format(100) + entry.format(200))
    assert "学校 001 C5：重复给出" in said


def test_a_negative_upper_bound_and_an_unknown_word_are_refused(tmp_path):
    said = refused(tmp_path, more='\n[[schools]]\nschool_id = "001"\ncode = "C5"\nmost = -1\nmaximum = 3\n')
    assert "须不小于 0" in said and "maximum" in said


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(CostError, match="无法读取"):
        load_costs(tmp_path / "none.toml")


def test_an_entry_for_a_stage_goes_before_one_for_both(tmp_path):
    start = SHIPPED.index('[[costs]]\ncode = "C7"')
    block = SHIPPED[start : SHIPPED.index("\n[[", start)]
    path = tmp_path / "costs.toml"
    junior = block.replace('code = "C7"', 'code = "C7"\nstage = "junior"').replace("40000", "50000")
    path.write_text(SHIPPED + junior, encoding="utf-8")
    costs = load_costs(path)
    assert costs.cost("C7", "junior").yuan == 50000
    assert costs.cost("C7", "primary").yuan == 40000
    assert costs.cost("C7", "whole").yuan == 40000
