"""Why a plan is what it is: prices against differences, costs that add up, yardsticks never cheaper."""

from dataclasses import replace

import numpy as np
import pytest
from plan_cases import costs, random_problem, two_equal
from test_plan_exact import continuous
from town import STANDARD, Town, together

from qb.planning.plan.cheapest import cheapest_plan
from qb.planning.plan.explanation import before_and_after, explain, greatest_first, sensitivity
from qb.planning.plan.plan_solver import solve
from qb.planning.plan.planning_problem import build_problem
from qb.planning.plan.relaxation import by_cap, by_pupils, by_upper_bound, relax


def cost(problem):
    return float(problem.yuan @ relax(problem).x)


@pytest.mark.parametrize("seed", range(3))
def test_what_one_more_pupil_costs_is_what_the_relaxation_costs_more_with_one_more(seed):
    problem = continuous(seed)
    told = by_pupils(relax(problem))["yuan"].to_numpy()
    for row in range(len(told)):
        more = problem.pupils + 0.01 * np.eye(len(told))[row]
        difference = (cost(replace(problem, pupils=more)) - cost(problem)) / 0.01
        assert told[row] == pytest.approx(difference, rel=0.01, abs=20)


def test_a_pupil_more_at_a_school_that_shares_changes_the_split_as_well():
    # Two stages share 900 m² of floor by weights 1 and 1.1, each asks for 4.5 m² a pupil, and the lighter one
    # binds: R = 4.5 · (A + 1.1 B). One more in A asks for 4.5 m², one more in B for 4.95 m², though B has
    # enough.
    problem = continuous(0, n=2)
    have = problem.have.copy()
    pupils = np.array([200.0, 300.0])
    weights = np.array([1, 1.1]) * pupils
    share = problem.share.copy()
    share[:, 3] = weights / weights.sum()
    pool = problem.pool.copy()
    pool[1, 3] = pool[0, 3]
    have = np.tile(np.array([99, 99, 99, 0, 9000, 9e6, 99.0]), (2, 1))
    have[:, 3] = 900 * share[:, 3]
    cones = tuple(replace(c, cap=9.0) for c in problem.cones)
    problem = replace(problem, pupils=pupils, have=have, share=share, pool=pool, cones=cones, spare=0)
    told = by_pupils(relax(problem))["yuan"].to_numpy()
    assert told == pytest.approx([4.5 * 3000, 4.95 * 3000], rel=1e-4)


def sharing(problem, k, pupils):
    """Return the problem with the first two rows stages of one school that share by weights 1 and 1.1."""
    held = np.array([1, 1.1]) * pupils[:2]
    share, pool, have = problem.share.copy(), problem.pool.copy(), problem.have.copy()
    share[:2, k], pool[1, k] = held / held.sum(), pool[0, k]
    have[:2, k] = problem.have[:2, k].sum() * share[:2, k]
    return replace(problem, pupils=pupils, share=share, pool=pool, have=have)


@pytest.mark.parametrize(("seed", "k"), [(0, 3), (1, 4), (2, 3)])
def test_a_pupil_more_where_stages_share_what_must_be_levelled_costs_what_the_relaxation_does(seed, k):
    alone = continuous(seed)
    problem = sharing(alone, k, alone.pupils)
    told = by_pupils(relax(problem))["yuan"].to_numpy()
    for row in range(len(told)):
        more = sharing(alone, k, alone.pupils + 0.01 * np.eye(len(told))[row])
        assert told[row] == pytest.approx((cost(more) - cost(problem)) / 0.01, rel=0.01, abs=20)


@pytest.mark.parametrize("seed", range(3))
def test_what_easing_a_cap_saves_is_what_the_relaxation_saves(seed):
    problem = continuous(seed)
    told = by_cap(relax(problem))
    assert len(told)
    for limit in told.itertuples():
        k = int(limit.code[1]) - 1
        eased = tuple(replace(c, cap=c.cap + (1e-4 if c.k == k else 0)) for c in problem.cones)
        saved = (cost(problem) - cost(replace(problem, cones=eased))) / 1e-4 * 0.01
        assert limit.saves_yuan == pytest.approx(saved, rel=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_what_one_more_unit_at_an_upper_bound_saves_is_what_the_relaxation_saves(seed):
    problem = continuous(seed)
    above = relax(problem).x - problem.by_pool(problem.needed())
    j = int(np.argmax(above * problem.yuan))  # where levelling buys most

    def bounded(most):
        return replace(problem, most=np.where(np.arange(len(above)) == j, most, problem.most))

    most = relax(problem).x[j] - 0.03 * above[j]
    (told,) = by_upper_bound(relax(bounded(most))).itertuples()
    pool = problem.pools.iloc[j]
    assert (told.school_id, told.code, told.limit) == (pool["school_id"], pool["code"], most)
    saved = cost(bounded(most - 0.5)) - cost(bounded(most + 0.5))
    assert told.saves_yuan == pytest.approx(saved, rel=0.01)


def test_an_upper_bound_that_binds_has_the_price_of_the_way_round_it():
    # Ground 100 m² short at 500 yuan, of which 40 can be built; equipment 20,000 yuan short. 7 of 7 are asked
    # for but one: ground may stay (97%), so nothing is due for it, and the bound is worth nothing.
    free = Town().set("facilities", {"school_id": "小一"}, sports_ground_m2=1200, equipment_yuan=380_000)
    limit = costs({"school_id": "小一", "code": "C5", "most": 40.0})
    plan = cheapest_plan(free.data(), costs=limit)
    assert not len(by_upper_bound(relax(plan.problem)))
    # Where the two schools must be levelled and the poor one is bounded, no price can be finite for long: a
    # yuan more at the poor school is a yuan's worth of levelling. Bound at the 100,000 that it needs: worth
    # nothing.
    data = two_equal({"equipment_yuan": (200_000, 900_000)}).data()
    bounded = cheapest_plan(data, costs=costs({"school_id": "甲", "code": "C6", "most": 150_000.0}))
    assert not len(by_upper_bound(relax(bounded.problem)))


def test_costs_by_school_department_and_indicator_add_up():
    town = Town().set("sections", {}, backbone_teachers=0)
    town.set("facilities", {"school_id": "小一"}, sports_ground_m2=1000, indoor_sports_area_m2=100)
    plan = cheapest_plan(town.data())
    why = explain(plan)
    assert why.schools["cost_yuan"].sum() == pytest.approx(plan.cost)
    assert why.codes["cost_yuan"].sum() == pytest.approx(plan.cost)
    assert list(why.codes)[:5] == ["district", "stage", "code", "unit", "amount"]
    assert why.departments["lead_yuan"].sum() == pytest.approx(plan.cost)
    # C2 is the education bureau's alone; C5 has three departments, and stands first with the planners.
    by = why.departments.set_index("department")
    assert by.loc["区教体局", "lead_yuan"] == why.codes.query("code == 'C2'")["cost_yuan"].sum()
    assert by.loc["区教体局", "shared_yuan"] == pytest.approx(plan.cost)
    assert why.schools.set_index("school_id").loc["小二", "cost_yuan"] == 4 * 30_000


def test_the_coefficients_are_those_of_the_two_assessments():
    why = explain(cheapest_plan(two_equal({"equipment_yuan": (200_000, 900_000)}).data(), gap=0.0))
    c6 = why.coefficients.query("code == 'C6'").iloc[0]
    assert (c6["before"], c6["after"]) == (pytest.approx(7 / 11), pytest.approx(0.5))
    (limit,) = why.caps.itertuples()
    # x = b (1 - c) / (1 + c) · P: by c, -2 b P / (1 + c)² = -800,000 at c = 0.5; so 8,000 for 0.01.
    assert limit.code == "C6" and not len(why.bounds)
    assert limit.saves_yuan == pytest.approx(8_000, rel=1e-3)


def test_the_coefficients_told_are_the_seven_of_each_stage_in_the_districts_planned():
    found = together([Town(), Town(district="乙区")])
    told = before_and_after(found, found, {"乙区"})
    assert set(told["district"]) == {"乙区"}
    assert sorted(told["code"]) == sorted([f"C{i}" for i in range(1, 8)] * 2)  # and not the composite


def test_seven_of_seven_and_greatest_shortfall_first_are_never_cheaper_than_the_cheapest():
    rng = np.random.default_rng(3)
    compared = 0
    for _ in range(60):
        problem, _ = random_problem(rng)
        found, every = solve(problem, gap=0.0), solve(replace(problem, spare=0), gap=0.0)
        greedy = greatest_first(problem)
        for other in (every.x, greedy):
            if other is not None:
                compared += 1
                assert problem.yuan @ other >= problem.yuan @ found.x - 1e-6
        if greedy is not None:
            assert problem.passing(greedy).all() and not problem.over(greedy)
    assert compared > 20


def test_greatest_shortfall_first_keeps_upper_bounds_and_uses_them_up():
    # Each stage of 九年 lacks a backbone teacher; both together may get two, or one.
    town = Town().add("九年", "nine_year", primary=100, junior=100)
    town.set("sections", {"school_id": "九年"}, backbone_teachers=0)
    for limit, yuan in (
        ({"most": 2.0}, 60_000),
        ({"most": 1.0, "stage": "primary"}, 60_000),
        ({"most": 1.0}, None),
        ({"most": 0.0, "stage": "primary"}, None),
    ):
        problem = build_problem(
            town.data(), None, STANDARD, costs({"school_id": "九年", "code": "C2", **limit}), None, None
        )
        x = greatest_first(replace(problem, cones=()))
        assert (None if x is None else problem.yuan @ x) == yuan


def test_greatest_shortfall_first_buys_nothing_that_is_not_asked_for():
    problem = continuous(0)
    x = greatest_first(replace(problem, limit=np.where(np.arange(7) == 3, 0.0, problem.limit), cones=()))
    bought = x[problem.pool].sum(axis=0) > 0
    assert bought[4] and not bought[3]


def test_greatest_shortfall_first_by_hand():
    # C2 has 1 of 2 (half is lacking), C5 1400 of 1500 m². The greatest goes first: one backbone teacher,
    # 30,000; then the school passes with ground at 93%. The cheapest plan does the same here; 7 of 7 pays
    # 50,000 more.
    town = Town().set("sections", {"school_id": "小一"}, backbone_teachers=1)
    town.set("facilities", {"school_id": "小一"}, sports_ground_m2=1200, indoor_sports_area_m2=200)
    why = explain(cheapest_plan(town.data()))
    assert why.yardsticks["yuan"].tolist() == [30_000, 80_000, 30_000]


def test_what_is_bought_changes_where_a_price_moves_and_another_way_becomes_cheaper():
    # 小一 lacks one degree of 9 (20,000) or 55,000 yuan of equipment: the course, whatever moves by a fifth.
    # At 50,000 a course it is 50,000 against 55,000: a fifth dearer, 60,000, and equipment is bought.
    town = Town().set("sections", {"school_id": "小一"}, teachers_above_required=8)
    town.set("facilities", {"school_id": "小一"}, equipment_yuan=345_000)
    data = town.data()
    firm = sensitivity(cheapest_plan(data), data)
    assert not any(firm["changed"]) and set(firm["factor"]) == {0.8, 1.2}
    found = sensitivity(cheapest_plan(data, costs=costs(C1=50_000.0)), data).set_index(["code", "factor"])
    turned = (("小一", "primary", "C1", 1.0, 0.0), ("小一", "primary", "C6", 0.0, 55_000.0))
    changed = sorted(found.loc[("C1", 1.2), "changed"])
    assert [c[:3] for c in changed] == [t[:3] for t in turned]
    assert [c[3:] for c in changed] == [pytest.approx(t[3:]) for t in turned]
    assert found.loc[("C1", 1.2), "cost_yuan"] == pytest.approx(55_000)
    assert not found.loc[("C2", 1.2), "changed"]
