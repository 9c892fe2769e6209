"""The measures: published numbers, laws, an oracle for each, and what they refuse."""

import doctest
import importlib
import math
import pkgutil
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qb import balance as b

BOOKS = [279, 137, 935, 160, 402]
PUPILS = [45, 37, 89, 76, 55]


# --- published: each printed where the comment says, recomputed by hand before it was written here


def test_the_handouts_five_schools_have_coefficient_0_515():
    # handout on 县域义务教育校际均衡指标计算方法: mean 6.33, S 3.26, CV 0.52; more digits by hand
    spread = b.difference_coefficient(BOOKS, PUPILS)
    assert spread.mean == pytest.approx(6.33, abs=0.005)
    assert spread.deviation == pytest.approx(3.26, abs=0.005)
    assert spread.coefficient == pytest.approx(0.5152566298844764, abs=1e-9)
    for wrong in (0.48877, 0.54646, 0.55071):  # unweighted, sample form, about the unweighted mean
        assert abs(spread.coefficient - wrong) > 0.02


NINE = np.array([8, 5, 1, 3, 5, 6, 7, 6, 3])
TENTHS = np.arange(1, 10) / 10


@pytest.mark.parametrize(
    ("measure", "published"),
    [
        (b.gini, 0.2065239551478077),
        (b.theil, 0.08120013911680612),
        (b.mld, 0.10375545537468207),
        (lambda r, p: b.generalized_entropy(r, p, 2), 0.0709746654322026),
        (lambda r, p: b.difference_coefficient(r, p).coefficient, 0.3767616366675425),
    ],
    ids=["gini", "theil", "mld", "ge2", "coefficient"],
)
def test_nine_weighted_values_give_what_the_inequality_jl_suite_prints(measure, published):
    assert measure(NINE * TENTHS, TENTHS) == pytest.approx(published, abs=1e-9)


@pytest.mark.parametrize(
    ("e", "published", "tolerance"),
    [(0.8, 0.14249378376024, 1e-13), (1, 0.183083677559, 1e-12), (1.2, 0.2248733447899, 1e-12)],
)
def test_atkinson_of_five_values_is_what_the_inequality_jl_suite_prints(e, published, tolerance):
    assert b.atkinson([8, 5, 1, 3, 5], [1] * 5, e) == pytest.approx(published, abs=tolerance)


def test_weighted_gini_is_what_the_r_package_reat_prints():
    value = np.array([500, 1500, 2500, 4000, 7500, 15000])
    weight = np.array([1000, 1200, 1600, 400, 200, 600])
    assert b.gini(value * weight, weight) == pytest.approx(0.5278, abs=5e-5)


INCOMES = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]


def test_gini_is_the_uncorrected_one_of_the_r_package_ineq():
    assert b.gini(INCOMES, [1] * 10) == pytest.approx(0.4620911, abs=5e-8)  # corrected: .5134346


def test_atkinson_one_half_is_what_the_r_package_ineq_prints():
    assert b.atkinson(INCOMES, [1] * 10, 0.5) == pytest.approx(0.1796591, abs=5e-8)


def test_theil_with_half_the_pupils_at_nothing_is_ln_2():
    # PySAL inequality, user guide
    assert b.theil([0, 0, 0, 10, 10, 10], [1] * 6) == pytest.approx(math.log(2), abs=1e-9)


def test_theil_and_mean_log_deviation_do_not_swap_names():
    # Störmann prints .2326302 as "Theil"; it is the MLD of these values, Theil's T is .2502012
    values = [10, 10, 10, 20, 50]
    assert b.theil(values, [1] * 5) == pytest.approx(0.2502012, abs=5e-8)
    assert b.mld(values, [1] * 5) == pytest.approx(0.2326302, abs=5e-8)


MCLOONE = np.array([1000, 200, 100, 60, 45, 24]), np.array([2, 4, 6, 6, 8, 12])


def test_mcloone_takes_exactly_half_the_pupils_as_published():
    value, pupils = MCLOONE
    assert b.mcloone(value * pupils, pupils) == pytest.approx(603 / 855, abs=1e-12)  # printed .7053


def test_verstegen_takes_the_other_half():
    # by hand: all hold 4408, the lower half 603, and 19 pupils at the median 45 would hold 855
    value, pupils = MCLOONE
    assert b.verstegen(value * pupils, pupils) == pytest.approx((4408 - 603) / 855, abs=1e-12)


# --- by hand


def test_restricted_range_leaves_out_a_school_of_four_pupils_in_a_hundred():
    assert b.value_range([200, 960, 480], [4, 48, 48]) == 40
    assert b.restricted_range([200, 960, 480], [4, 48, 48]) == 10
    assert b.federal_range_ratio([200, 960, 480], [4, 48, 48]) == 1


def test_restricted_range_leaves_out_the_worst_off_school_as_well():
    # by hand: 4 of 100 pupils at 5, then 48 at 10 and 48 at 20: the 5th is at 10, the first at 5
    assert b.restricted_range([20, 480, 960], [4, 48, 48]) == 10
    assert b.federal_range_ratio([20, 480, 960], [4, 48, 48]) == 1


def test_a_percentile_on_the_edge_of_a_school_averages_both_sides():
    # exactly 5 of 100 pupils sit at 1, the others at 3: the 5th percentile lies between them
    assert b.quantiles([5, 285], [5, 95], 0.05) == 2
    assert b.quantiles([4, 288], [4, 96], 0.05) == 3


def test_a_percentile_that_misses_the_edge_by_rounding_lies_on_it():
    # 0.1 + 0.2 is a little above 0.3, 1 - 0.9 a little below 0.1
    assert b.quantiles([3, 21], [3, 7], 0.1 + 0.2) == 2
    assert b.quantiles([1, 27], [1, 9], 1 - 0.9) == 2


def test_the_lorenz_curve_starts_with_the_school_of_least_value_not_of_least_amount():
    curve = b.lorenz([12, 28], [100, 400])
    assert curve.pupils == pytest.approx([0, 0.8, 1])
    assert curve.amount == pytest.approx([0, 0.7, 1])


@pytest.mark.parametrize("e", [1, 1.5, 3])
def test_atkinson_from_one_on_is_one_where_a_school_has_nothing(e):
    assert b.atkinson([0, 12], [1, 3], e) == 1  # the limit as the school's value goes to 0
    assert b.atkinson([1e-99, 12], [1, 3], e) == pytest.approx(1)


def test_entropy_of_degree_nought_and_one_are_mld_and_theil():
    assert b.generalized_entropy(BOOKS, PUPILS, 0) == b.mld(BOOKS, PUPILS)
    assert b.generalized_entropy(BOOKS, PUPILS, 1) == b.theil(BOOKS, PUPILS)
    assert b.generalized_entropy(BOOKS, PUPILS, 1e-5) == pytest.approx(b.mld(BOOKS, PUPILS), abs=1e-5)
    assert b.generalized_entropy(BOOKS, PUPILS, 1 + 1e-5) == pytest.approx(b.theil(BOOKS, PUPILS), abs=1e-5)


def test_small_differences_on_a_large_mean_keep_their_digits():
    # two equal schools at 1e9 and 1e9 + 1: deviation 0.5; E[x²] - X̄² would give 0 or 8
    spread = b.difference_coefficient([1e9, 1e9 + 1], [1, 1])
    assert spread.deviation == 0.5


# --- the oracle: one entry per pupil, then the textbook formula


def per_pupil(amount, pupils):
    return np.sort(np.repeat(np.divide(amount, pupils), pupils))


def gini_of_all_pairs(v):
    return np.abs(v[:, None] - v).mean() / (2 * v.mean())


def theil_by_sum(v):
    shares = [x / math.fsum(v) for x in v]
    return math.fsum(s * math.log(s * len(v)) for s in shares if s)


def mld_by_means(v):
    return math.log(math.fsum(v) / len(v)) - math.fsum(map(math.log, v)) / len(v)


def entropy_by_sum(v, a):
    mean = math.fsum(v) / len(v)
    return (math.fsum((x / mean) ** a for x in v) / len(v) - 1) / (a * (a - 1))


def atkinson_by_power_mean(v, e):
    if e == 1:
        return 1 - math.exp(math.fsum(map(math.log, v)) / len(v)) / (math.fsum(v) / len(v))
    return 1 - (math.fsum(x ** (1 - e) for x in v) / len(v)) ** (1 / (1 - e)) / (math.fsum(v) / len(v))


def hoover_by_lorenz_gap(v):
    return max(i / len(v) - v[:i].sum() / v.sum() for i in range(len(v) + 1))


def ordinate_by_interpolation(v, at):
    return np.interp(at, np.arange(len(v) + 1) / len(v), np.concatenate([[0], np.cumsum(v)]) / v.sum())


def quantile_by_counting(v, percent):
    rank = Fraction(percent, 100) * len(v)
    low, high = math.ceil(rank) - 1, math.floor(rank)
    return (v[max(low, 0)] + v[min(high, len(v) - 1)]) / 2


def lower_and_upper_half(v):
    twice = np.repeat(v, 2)  # so that half of the pupils is a whole number
    lower, upper = np.split(twice, 2)
    return lower.sum() / (np.median(v) * len(v)), upper.sum() / (np.median(v) * len(v))


ORACLES = {
    "coefficient": (lambda r, p: b.difference_coefficient(r, p).coefficient, lambda v: v.std() / v.mean()),
    "mean": (lambda r, p: b.difference_coefficient(r, p).mean, np.mean),
    "deviation": (lambda r, p: b.difference_coefficient(r, p).deviation, np.std),
    "gini": (b.gini, gini_of_all_pairs),
    "theil": (b.theil, theil_by_sum),
    "hoover": (b.hoover, hoover_by_lorenz_gap),
    "ge 2": (lambda r, p: b.generalized_entropy(r, p, 2), lambda v: entropy_by_sum(v, 2)),
    "ge 0.5": (lambda r, p: b.generalized_entropy(r, p, 0.5), lambda v: entropy_by_sum(v, 0.5)),
    "atkinson 0.5": (lambda r, p: b.atkinson(r, p, 0.5), lambda v: atkinson_by_power_mean(v, 0.5)),
    "lorenz": (
        lambda r, p: b.lorenz_ordinates(r, p, [0, 0.1, 0.5, 0.77, 1]),
        lambda v: ordinate_by_interpolation(v, [0, 0.1, 0.5, 0.77, 1]),
    ),
    "quantiles": (
        lambda r, p: b.quantiles(r, p, [0, 0.05, 0.25, 0.5, 0.9, 0.95, 1]),
        lambda v: [quantile_by_counting(v, q) for q in (0, 5, 25, 50, 90, 95, 100)],
    ),
    "median": (lambda r, p: b.quantiles(r, p, 0.5), np.median),
    "range": (b.value_range, lambda v: max(v) - min(v)),
    "restricted range": (
        b.restricted_range,
        lambda v: quantile_by_counting(v, 95) - quantile_by_counting(v, 5),
    ),
}
ABOVE_ZERO = {
    "mld": (b.mld, mld_by_means),
    "ge 0": (lambda r, p: b.generalized_entropy(r, p, 0), mld_by_means),
    "ge -1": (lambda r, p: b.generalized_entropy(r, p, -1), lambda v: entropy_by_sum(v, -1)),
    "atkinson 1": (lambda r, p: b.atkinson(r, p, 1), lambda v: atkinson_by_power_mean(v, 1)),
    "atkinson 2": (lambda r, p: b.atkinson(r, p, 2), lambda v: atkinson_by_power_mean(v, 2)),
    "mcloone": (b.mcloone, lambda v: lower_and_upper_half(v)[0]),
    "verstegen": (b.verstegen, lambda v: lower_and_upper_half(v)[1]),
    "federal range ratio": (
        b.federal_range_ratio,
        lambda v: quantile_by_counting(v, 95) / quantile_by_counting(v, 5) - 1,
    ),
}


def schools(least):
    school = st.tuples(st.integers(least, 300), st.integers(1, 25))
    return st.lists(school, min_size=1, max_size=7).filter(lambda rows: any(r for r, _ in rows))


laws = settings(max_examples=60, deadline=None)


@laws
@given(schools(least=0))
def test_every_measure_agrees_with_one_entry_per_pupil(rows):
    amount, pupils = zip(*rows, strict=True)
    for name, (measure, oracle) in ORACLES.items():
        expected = pytest.approx(oracle(per_pupil(amount, pupils)), abs=1e-9)
        assert measure(amount, pupils) == expected, name


@laws
@given(schools(least=1))
def test_every_measure_that_needs_more_than_nothing_agrees_with_one_entry_per_pupil(rows):
    amount, pupils = zip(*rows, strict=True)
    for name, (measure, oracle) in ABOVE_ZERO.items():
        expected = pytest.approx(oracle(per_pupil(amount, pupils)), abs=1e-9)
        assert measure(amount, pupils) == expected, name


@laws
@given(schools(least=1), st.integers(0, 6), st.floats(0.001, 1000))
def test_splitting_a_school_evenly_the_order_and_the_unit_change_nothing(rows, which, unit):
    amount, pupils = np.array(rows, dtype=float).T
    which %= len(amount)
    split = np.append(amount, amount[which] / 2), np.append(pupils, pupils[which] / 2)
    split[0][which] /= 2
    split[1][which] /= 2
    for name, (measure, _) in (ORACLES | ABOVE_ZERO).items():
        whole = pytest.approx(measure(amount, pupils), abs=1e-9, rel=1e-9)
        assert measure(*split) == whole, name
        assert measure(amount[::-1], pupils[::-1]) == whole, name
        if name not in ("mean", "deviation", "quantiles", "median", "range", "restricted range"):
            assert measure(amount * unit, pupils) == whole, name


@laws
@given(schools(least=0))
def test_the_squared_coefficient_is_twice_the_entropy_of_degree_two(rows):
    amount, pupils = zip(*rows, strict=True)
    squared = b.difference_coefficient(amount, pupils).coefficient ** 2
    assert squared == pytest.approx(2 * b.generalized_entropy(amount, pupils, 2), abs=1e-9)


@laws
@given(schools(least=0))
def test_twice_the_area_above_the_lorenz_curve_is_gini(rows):
    amount, pupils = zip(*rows, strict=True)
    curve = b.lorenz(amount, pupils)
    assert 1 - 2 * np.trapezoid(curve.amount, curve.pupils) == pytest.approx(b.gini(amount, pupils), abs=1e-9)


# --- extremes


@pytest.mark.parametrize("name", [*ORACLES, *ABOVE_ZERO])
def test_one_school_is_equal_to_itself(name):
    measure, _ = (ORACLES | ABOVE_ZERO)[name]
    equal = {
        "mean": 0.7,
        "lorenz": [0, 0.1, 0.5, 0.77, 1],
        "quantiles": [0.7] * 7,
        "median": 0.7,
        "mcloone": 1,
        "verstegen": 1,
    }
    assert measure([21], [30]) == pytest.approx(equal.get(name, 0), abs=1e-12)


def test_the_coefficient_of_one_school_is_0_to_the_last_digit():
    assert b.difference_coefficient([0.1], [3]).coefficient == 0


# --- groups: the same numbers, all at once

GROUPED = {
    "coefficient": (
        lambda *a: b.difference_coefficients(*a).coefficient,
        lambda r, p: b.difference_coefficient(r, p).coefficient,
    ),
    "gini": (b.gini, b.gini),
    "theil": (b.theil, b.theil),
    "mld": (b.mld, b.mld),
    "hoover": (b.hoover, b.hoover),
    "mcloone": (b.mcloone, b.mcloone),
    "verstegen": (b.verstegen, b.verstegen),
    "range": (b.value_range, b.value_range),
    "restricted range": (b.restricted_range, b.restricted_range),
    "federal range ratio": (b.federal_range_ratio, b.federal_range_ratio),
    "ge -1": (
        lambda r, p, *g: b.generalized_entropy(r, p, -1, *g),
        lambda r, p: b.generalized_entropy(r, p, -1),
    ),
    "ge 2": (
        lambda r, p, *g: b.generalized_entropy(r, p, 2, *g),
        lambda r, p: b.generalized_entropy(r, p, 2),
    ),
    "atkinson 1": (lambda r, p, *g: b.atkinson(r, p, 1, *g), lambda r, p: b.atkinson(r, p, 1)),
    "atkinson 2": (lambda r, p, *g: b.atkinson(r, p, 2, *g), lambda r, p: b.atkinson(r, p, 2)),
    "quantile": (lambda r, p, *g: b.quantiles(r, p, 0.3, *g), lambda r, p: b.quantiles(r, p, 0.3)),
    "lorenz": (
        lambda r, p, *g: b.lorenz_ordinates(r, p, 0.3, *g),
        lambda r, p: b.lorenz_ordinates(r, p, 0.3),
    ),
}


def districts():
    """Six groups: one empty, one of a single school, one with a gap, one with nothing, one with a zero."""
    rng = np.random.default_rng(4)
    codes = np.concatenate([np.repeat([0, 2, 3, 5], 8), [1]])
    rng.shuffle(codes)
    amount = rng.gamma(2, 50, (len(codes), 3))
    amount[np.flatnonzero(codes == 2)[3], 1] = np.nan
    amount[codes == 3, 2] = 0
    amount[np.flatnonzero(codes == 5)[0], 0] = 0
    return amount, rng.integers(5, 90, len(codes)).astype(float), codes


@pytest.mark.parametrize("name", GROUPED)
def test_groups_at_once_agree_with_each_group_by_itself(name):
    at_once, alone = GROUPED[name]
    amount, pupils, codes = districts()
    found = at_once(amount, pupils, codes, 7)
    assert found.shape == (7, 3)
    for group in range(7):
        for j in range(3):
            here = codes == group
            try:
                expected = alone(amount[here, j], pupils[here])
            except ValueError:  # what one group is refused for is NaN among many
                expected = np.nan
            assert found[group, j] == pytest.approx(expected, abs=1e-11, nan_ok=True), (group, j)


def test_one_resource_gives_one_dimension_and_quantiles_add_theirs():
    amount, pupils, codes = districts()
    assert b.gini(amount[:, 0], pupils, codes, 6).shape == (6,)
    assert b.difference_coefficients(amount[:, 0], pupils, codes, 6).coefficient.shape == (6,)
    assert b.quantiles(amount, pupils, [0.1, 0.5], codes, 6).shape == (6, 3, 2)
    assert b.lorenz_ordinates(amount[:, 0], pupils, [0.1, 0.5], codes, 6).shape == (6, 2)


def test_a_missing_amount_spoils_its_own_cell_alone():
    many = b.difference_coefficients(*districts(), 6)
    assert np.argwhere(np.isnan(many.mean)).tolist() == [[2, 1], [4, 0], [4, 1], [4, 2]]  # 4 is empty
    assert np.argwhere(np.isnan(many.coefficient)).tolist() == [
        [2, 1],
        [3, 2],  # nothing held: mean and deviation are 0, the coefficient is undefined
        [4, 0],
        [4, 1],
        [4, 2],
    ]
    assert many.deviation[3, 2] == 0
    assert many.schools[:, 0].tolist() == [8, 1, 8, 8, 0, 8]


@pytest.mark.parametrize("name", GROUPED)
def test_no_school_at_all_leaves_every_group_empty(name):
    at_once, _ = GROUPED[name]
    assert np.isnan(at_once(np.empty((0, 2)), [], np.empty(0, int), 3)).all()
    assert at_once([], [], [], 0).shape == (0,)


def test_many_schools_are_taken_in_blocks_without_a_seam():
    rng = np.random.default_rng(0)
    amount, pupils, codes = rng.random(40_000), rng.integers(1, 9, 40_000), rng.integers(0, 2, 40_000)
    both = b.difference_coefficients(amount, pupils, codes).coefficient
    for group in (0, 1):
        values = np.repeat(amount[codes == group] / pupils[codes == group], pupils[codes == group])
        assert both[group] == pytest.approx(values.std() / values.mean(), rel=1e-9)


# --- what is refused


def every_measure():
    for name, (measure, _) in (ORACLES | ABOVE_ZERO).items():
        yield pytest.param(measure, id=name)
    yield pytest.param(b.lorenz, id="lorenz curve")
    yield pytest.param(b.contributions, id="contributions")
    yield pytest.param(b.influence, id="influence")
    yield pytest.param(b.gradient, id="gradient")
    yield pytest.param(lambda r, p: b.decompose(r, p, ["a"] * len(p)), id="decompose")
    yield pytest.param(lambda r, p: b.flip(r, p, 0.5), id="flip")
    yield pytest.param(lambda r, p: b.error_interval(r, p, 0.1), id="error interval")
    yield pytest.param(b.conventions, id="conventions")
    yield pytest.param(lambda r, p: b.change(r, p, range(len(p)), r, p, range(len(p))), id="change")


BAD = [
    pytest.param([1, 2, 3], [1, 2], "数量有 3 所学校，学生数有 2 所", id="lengths"),
    pytest.param([], [], "没有学校", id="no school"),
    pytest.param([1, np.nan, 2], [1, 1, 1], "位置 1（从 0 数起）的数量缺失", id="amount missing"),
    pytest.param([1, 1, np.inf], [1, 1, 1], "位置 2（从 0 数起）的数量为无穷大", id="amount infinite"),
    pytest.param([1, -1, 1], [1, 1, 1], "位置 1（从 0 数起）的数量为负", id="amount negative"),
    pytest.param([1, 1], [np.nan, 1], "位置 0（从 0 数起）的学生数缺失", id="pupils missing"),
    pytest.param([1, 1], [np.inf, 1], "位置 0（从 0 数起）的学生数为无穷大", id="pupils infinite"),
    pytest.param([1, 1], [1, 0], "位置 1（从 0 数起）的学生数不大于 0", id="no pupils"),
    pytest.param([1, 1], [1, -3], "位置 1（从 0 数起）的学生数不大于 0", id="pupils negative"),
    pytest.param([1, 1], [[1], [1]], "学生数应为一维数组", id="pupils in two dimensions"),
]


@pytest.mark.parametrize("measure", list(every_measure()))
@pytest.mark.parametrize(("amount", "pupils", "message"), BAD)
def test_bad_arrays_are_refused_by_what_and_where(measure, amount, pupils, message):
    with pytest.raises(ValueError, match=message):
        measure(amount, pupils)


def test_two_dimensions_need_groups():
    with pytest.raises(ValueError, match="不分组时为一维"):
        b.gini([[1, 2], [3, 4]], [1, 1])


def test_in_a_table_a_bad_amount_is_named_by_its_school():
    with pytest.raises(ValueError, match="位置 2（从 0 数起）的数量为负"):
        b.difference_coefficients([[1, 2, 3], [1, 2, 3], [1, -2, 3]], [1, 1, 1], [0, 0, 0])


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(
        ValueError, match=r"位置 1（从 0 数起）的学生数不大于 0；位置 0, 2（从 0 数起）的数量为负"
    ):
        b.gini([-1, 2, -3], [1, 0, 1])


def test_a_long_list_of_positions_is_cut_and_counted():
    with pytest.raises(ValueError, match="位置 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 等 12 处"):
        b.gini([-1] * 12, [1] * 12)


ABSOLUTE = {"mean", "deviation", "quantiles", "median", "range", "restricted range"}


@pytest.mark.parametrize("measure", [m for m in every_measure() if m.id not in ABSOLUTE | {"gradient"}])
def test_a_resource_that_nobody_has_is_refused(measure):
    with pytest.raises(ValueError, match="无定义：位置 0, 1（从 0 数起）的数量为 0"):
        measure([0, 0], [1, 2])


def test_a_resource_that_nobody_has_still_has_quantiles_and_ranges():
    assert b.quantiles([0, 0], [1, 2], 0.5) == 0
    assert b.value_range([0, 0], [1, 2]) == b.restricted_range([0, 0], [1, 2]) == 0


@pytest.mark.parametrize("name", ["mld", "ge 0", "ge -1", "mcloone", "verstegen", "federal range ratio"])
def test_a_zero_is_refused_by_the_name_of_the_measure_that_cannot_take_it(name):
    chinese = {"mld": "平均对数离差", "ge 0": "GE(0)", "ge -1": "GE(-1)", "mcloone": "麦克卢恩指数"}
    measure, _ = ABOVE_ZERO[name]
    with pytest.raises(ValueError, match="无定义：位置 1") as refusal:
        measure([5, 0, 4], [1, 6, 2])
    assert chinese.get(name, "") in str(refusal.value)


@pytest.mark.parametrize(
    ("groups", "n_groups", "message"),
    [
        # Codes are what comes with n_groups; without it, groups are labels of any kind.
        ([0], 1, "分组编号的形状"),
        ([[0, 0]], 1, "分组编号的形状"),
        ([0.0, 1.0], 2, "分组编号应为整数"),
        (["a", "b"], 2, "分组编号应为整数"),
        ([0, -1], 1, "位置 1（从 0 数起）的分组编号不在 0 与 0 之间"),
        ([0, 5], 5, "位置 1（从 0 数起）的分组编号不在 0 与 4 之间"),
    ],
)
def test_group_codes_that_are_none_are_refused(groups, n_groups, message):
    with pytest.raises(ValueError, match=message):
        b.difference_coefficients([1, 2], [1, 1], groups, n_groups)


@pytest.mark.parametrize(
    "call",
    [
        lambda: b.atkinson(BOOKS, PUPILS, -0.1),
        lambda: b.atkinson(BOOKS, PUPILS, math.inf),
        lambda: b.generalized_entropy(BOOKS, PUPILS, math.nan),
        lambda: b.quantiles(BOOKS, PUPILS, [0.5, 1.1]),
        lambda: b.quantiles(BOOKS, PUPILS, [-0.1, 0.5]),
        lambda: b.lorenz_ordinates(BOOKS, PUPILS, math.nan),
    ],
)
def test_parameters_outside_their_range_are_refused(call):
    with pytest.raises(ValueError, match="应"):
        call()


def test_arguments_are_left_as_they_were():
    amount, pupils, codes = districts()
    before = amount.copy(), pupils.copy(), codes.copy()
    for at_once, _ in GROUPED.values():
        at_once(amount, pupils, codes)
    b.influence(amount, pupils, codes)
    b.gradient(amount, pupils, codes)
    for now, then in zip((amount, pupils, codes), before, strict=True):
        np.testing.assert_array_equal(now, then)


# --- documentation


@pytest.mark.parametrize("module", [m.name for m in pkgutil.iter_modules(b.__path__)])
def test_every_example_in_the_docstrings_holds(module):
    assert not doctest.testmod(importlib.import_module(f"qb.balance.{module}")).failed


@pytest.mark.parametrize("name", [n for n in b.__all__ if n[0].islower()])
def test_every_public_function_has_a_hand_checkable_example(name):
    doc = getattr(b, name).__doc__
    for part in ("Parameters", "Returns", "Raises", "Examples", ">>> "):
        assert part in doc
