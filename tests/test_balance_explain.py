"""What explains a coefficient: shares that add up, derivatives that hold, causes that sum."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qb import balance as b

laws = settings(max_examples=60, deadline=None)


def schools(least=0, fewest=1):
    school = st.tuples(st.integers(least, 300), st.integers(1, 25), st.sampled_from(["城区", "镇区", "乡村"]))
    return st.lists(school, min_size=fewest, max_size=8).filter(lambda rows: any(r for r, *_ in rows))


def coefficient(amount, pupils):
    """One entry per pupil, plain std over mean."""
    values = np.repeat(np.divide(amount, pupils), pupils)
    return values.std() / values.mean()


@laws
@given(schools())
def test_contributions_sum_to_the_squared_coefficient(rows):
    amount, pupils, _ = zip(*rows, strict=True)
    shares = b.contributions(amount, pupils)
    assert shares.sum() == pytest.approx(coefficient(amount, pupils) ** 2, abs=1e-9)
    assert (shares >= 0).all()


def test_contributions_of_groups_sum_to_each_groups_square():
    # by hand: group 0 is the example of coefficient 0.25; group 1 holds nothing
    shares = b.contributions([12, 28, 0, 0], [100, 400, 5, 5], [0, 0, 1, 1])
    assert shares[:2] == pytest.approx([0.05, 0.0125])
    assert np.isnan(shares[2:]).all()


@laws
@given(schools())
def test_between_and_within_add_up_for_any_grouping(rows):
    amount, pupils, place = zip(*rows, strict=True)
    split = b.decompose(amount, pupils, place)
    for part, total in (
        (split.squared, coefficient(amount, pupils) ** 2),
        (split.theil, b.theil(amount, pupils)),
    ):
        assert part.total == pytest.approx(total, abs=1e-9)
        assert part.between + part.within == pytest.approx(total, abs=1e-9)
        assert part.within == pytest.approx(part.parts.sum(), abs=1e-12)
        assert part.between >= 0


@laws
@given(schools())
def test_between_is_what_is_left_when_every_school_has_the_mean_of_its_group(rows):
    amount, pupils, place = (np.array(column) for column in zip(*rows, strict=True))
    level = np.empty(len(amount))
    for label in set(place):
        here = place == label
        level[here] = pupils[here] * amount[here].sum() / pupils[here].sum()
    split = b.decompose(amount, pupils, place)
    assert split.squared.between == pytest.approx(coefficient(level, pupils) ** 2, abs=1e-9)
    assert split.theil.between == pytest.approx(b.theil(level, pupils), abs=1e-9)


def test_two_groups_of_three_are_all_between_as_pysal_prints():
    # PySAL inequality: Theil of 0,0,0,10,10,10 in two groups of three is ln 2, all of it between
    split = b.decompose([0, 0, 0, 10, 10, 10], [1] * 6, [1, 1, 1, 2, 2, 2])
    assert split.theil.between == pytest.approx(np.log(2), abs=1e-9)
    assert split.theil.within == 0
    assert split.squared.within == 0


def test_decompose_describes_each_group_under_its_sorted_label():
    split = b.decompose([12, 28, 7], [100, 400, 10], pd.Series(["b", "b", "a"]))
    assert split.groups.tolist() == ["a", "b"]
    assert split.schools.tolist() == [1, 2]
    assert split.share == pytest.approx([10 / 510, 500 / 510])
    assert split.mean == pytest.approx([0.7, 0.08])
    assert split.coefficient == pytest.approx([0, 0.25])


def test_a_group_that_holds_nothing_adds_nothing_within():
    split = b.decompose([0, 0, 3, 9], [1, 1, 1, 1], ["a", "a", "b", "b"])
    assert np.isnan(split.coefficient[0])
    assert split.theil.parts[0] == split.squared.parts[0] == 0


def test_a_school_without_label_is_refused():
    with pytest.raises(ValueError, match="位置 1（从 0 数起）的学校没有分组"):
        b.decompose([1, 2], [1, 1], ["a", None])


def test_labels_for_other_schools_are_refused():
    with pytest.raises(ValueError, match="分组的形状"):
        b.decompose([1, 2], [1, 1], ["a"])


@laws
@given(schools(fewest=2))
def test_influence_is_the_coefficient_after_really_leaving_the_school_out(rows):
    amount, pupils, _ = (np.array(column) for column in zip(*rows, strict=True))
    found = b.influence(amount, pupils)
    for i, without in enumerate(found):
        rest = np.arange(len(amount)) != i
        if amount[rest].any():
            assert without == pytest.approx(coefficient(amount[rest], pupils[rest]), abs=1e-6)
        else:
            assert np.isnan(without)


def test_without_the_only_school_nothing_is_left():
    assert np.isnan(b.influence([5], [2])).all()


def test_influence_stays_within_the_group():
    amount, pupils = [8, 1, 3, 70, 2], [2, 1, 1, 9, 1]
    found = b.influence(amount, pupils, [0, 0, 0, 1, 1])
    assert found[:3] == pytest.approx(b.influence(amount[:3], pupils[:3]))
    assert found[3:] == pytest.approx([0, 0], abs=1e-8)


@laws
@given(schools(least=1, fewest=2))
def test_the_gradient_is_what_a_small_change_does(rows):
    amount, pupils, _ = (
        np.array(column, dtype=float) for column in zip(*((r, p, 0) for r, p, _ in rows), strict=True)
    )
    here = b.difference_coefficient(amount, pupils).coefficient
    if here < 0.01:
        return  # too near the kink at 0 for a finite difference
    slopes = b.gradient(amount, pupils)
    for i in range(len(amount)):
        for slope, which in ((slopes.amount[i], 0), (slopes.pupils[i], 1)):
            step = np.zeros((2, len(amount)))
            step[which, i] = 1e-5 * (amount, pupils)[which][i]
            up = b.difference_coefficient(amount + step[0], pupils + step[1]).coefficient
            down = b.difference_coefficient(amount - step[0], pupils - step[1]).coefficient
            assert slope == pytest.approx((up - down) / (2 * step[which, i]), rel=1e-4, abs=1e-6)


def test_help_evens_out_up_to_a_point_above_the_mean():
    # values 1, 2.4, 3.6 of one pupil each: mean 7/3, turning point 7/3·(1 + CV²) = 2.82 (by hand)
    assert np.sign(b.gradient([1, 2.4, 3.6], [1, 1, 1]).amount).tolist() == [-1, -1, 1]


def test_from_equality_there_is_no_derivative():
    with pytest.raises(ValueError, match="各校相等"):
        b.gradient([1, 2], [1, 2])
    with pytest.raises(ValueError, match="无定义：位置 0, 1"):
        b.gradient([0, 0], [1, 2])
    among_many = b.gradient([1, 2, 1, 3], [1, 2, 1, 1], [0, 0, 1, 1]).amount
    assert np.isnan(among_many[:2]).all()
    assert among_many[2:].tolist() == [-0.375, 0.125]


# --- two years


def brute_force(before, after):
    """Let the four causes in, in each of the 24 orders, and average what each adds."""
    both = [s for s in before if s in after]

    def worth(let_in):
        year = {"pupils": before, "amount": before} | dict.fromkeys(let_in, after)
        rows = [(year["amount"][s][0], year["pupils"][s][1]) for s in both]
        rows += [after[s] for s in after if s not in before and "opened" in let_in]
        rows += [before[s] for s in before if s not in after and "closed" not in let_in]
        return coefficient(*zip(*rows, strict=True))

    causes = ("pupils", "amount", "opened", "closed")
    effects = dict.fromkeys(causes, 0.0)
    for order in itertools.permutations(causes):
        for i, cause in enumerate(order):
            effects[cause] += (worth(order[: i + 1]) - worth(order[:i])) / 24
    return effects


def years():
    return st.dictionaries(
        st.sampled_from("abcdef"), st.tuples(st.integers(1, 99), st.integers(1, 20)), min_size=1
    )


@settings(max_examples=25, deadline=None)
@given(years(), years())
def test_causes_of_change_are_the_average_over_all_orders(before, after):
    before, after = before | {"x": (3, 2)}, {"x": (5, 4)} | after
    told = b.change(*columns(before), *columns(after))
    for cause, effect in brute_force(before, after).items():
        assert getattr(told, cause) == pytest.approx(effect, abs=1e-12), cause
    assert told.before == pytest.approx(coefficient(*columns(before)[:2]))
    assert told.after == pytest.approx(coefficient(*columns(after)[:2]))
    total = told.pupils + told.amount + told.opened + told.closed
    assert total == pytest.approx(told.after - told.before, abs=1e-12)


def columns(year):
    amount, pupils = zip(*year.values(), strict=True)
    return list(amount), list(pupils), list(year)


def test_what_did_not_happen_explains_nothing():
    told = b.change([1, 3], [1, 1], ["a", "b"], [3, 2], [1, 1], ["b", "a"])  # the same schools, reordered
    assert told.pupils == told.opened == told.closed == 0
    assert told.amount == pytest.approx(told.after - told.before)


def test_years_without_a_common_school_are_refused():
    with pytest.raises(ValueError, match="没有同一所学校"):
        b.change([1], [1], ["a"], [1], [1], ["b"])


def test_a_school_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"重复：\['a'\]"):
        b.change([1, 2], [1, 1], ["a", "a"], [1], [1], ["a"])


def test_identifiers_for_other_schools_are_refused():
    with pytest.raises(ValueError, match="学校标识的形状"):
        b.change([1, 2], [1, 1], ["a"], [1], [1], ["a"])
