"""How sure a verdict is: flips that flip, intervals that cover, conventions side by side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qb import balance as b

laws = settings(max_examples=60, deadline=None)
BOOKS = [279, 137, 935, 160, 402]
PUPILS = [45, 37, 89, 76, 55]


def coefficient(amount, pupils):
    values = np.asarray(amount) / pupils
    mean = np.average(values, weights=pupils)
    return np.sqrt(np.average((values - mean) ** 2, weights=pupils)) / mean


def schools():
    school = st.tuples(st.integers(0, 300), st.integers(1, 25))
    return st.lists(school, min_size=2, max_size=7).filter(lambda rows: any(r for r, _ in rows))


@laws
@given(schools(), st.sampled_from([0.15, 0.45, 0.5, 0.9]))
def test_a_flip_reaches_the_limit_and_nothing_smaller_does(rows, limit):
    amount, pupils = np.array(rows, dtype=float).T
    turn = b.flip(amount, pupils, limit)
    over = coefficient(amount, pupils) > limit
    for i, change in enumerate(turn.change):
        reach = min(abs(change), 20) * 0.9999
        for tried in np.linspace(-min(reach, 1), reach, 41):
            changed = amount.copy()
            changed[i] *= 1 + tried
            if changed.any():
                found = coefficient(changed, pupils)
                assert (found > limit) == over or abs(found - limit) < 1e-9
        if np.isfinite(change):
            assert change >= -1
            changed = amount.copy()
            changed[i] *= 1 + change
            assert coefficient(changed, pupils) == pytest.approx(limit, abs=1e-7)
    assert turn.smallest == np.abs(turn.change).min()


def test_a_little_beyond_the_flip_the_verdict_is_another():
    turn = b.flip(BOOKS, PUPILS, 0.5)
    for beyond, fails in ((0.999, True), (1.001, False)):
        changed = np.array(BOOKS, dtype=float)
        changed[turn.school] *= 1 + beyond * turn.change[turn.school]
        assert (coefficient(changed, PUPILS) > 0.5) == fails
    assert turn.smallest == abs(turn.change[turn.school])


def test_two_schools_flip_where_hand_calculation_says():
    # values 1 and 3, coefficient ½; 0.6 needs 4 to 1, 0.2 needs 1.5 to 1
    assert b.flip([1, 3], [1, 1], 0.6).change == pytest.approx([-0.25, 1 / 3])
    assert b.flip([1, 3], [1, 1], 0.2).change == pytest.approx([1, -0.5])
    assert b.flip([1, 3], [1, 1], 0.6).school == 0


def test_on_the_limit_no_error_is_needed():
    assert b.flip([1, 3], [1, 1], 0.5).smallest == 0


def test_where_no_error_of_one_school_flips_it_is_infinite():
    # half the pupils at 0: even at its worst one of them cannot move, and two schools never exceed 1
    assert b.flip([0, 5], [1, 1], 0.5).school is None
    assert b.flip([0, 5], [1, 1], 0.5).smallest == np.inf
    assert np.isinf(b.flip([1, 3], [1, 1], 1.5).change).all()
    assert np.isinf(b.flip([4], [1], 0.5).change).all()


@pytest.mark.parametrize("limit", [0, -0.5, np.nan, np.inf])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match="限值应大于 0"):
        b.flip(BOOKS, PUPILS, limit)


# --- error of reporting


def test_without_error_the_interval_is_the_coefficient():
    found = b.error_interval(BOOKS, PUPILS, error=0, draws=5)
    expected = b.difference_coefficient(BOOKS, PUPILS).coefficient
    assert found.low == pytest.approx(expected, abs=1e-12)
    assert found.high == pytest.approx(expected, abs=1e-12)
    assert found.draws.shape == (5,)


def test_two_equal_schools_follow_the_triangle_law():
    # |u - v| of two uniforms on 0.9 … 1.1 exceeds d with chance (1 - d/0.2)², and u + v is near 2:
    # quantiles 0.2·(1 - √0.975)/2 = 0.00126 and 0.2·(1 - √0.025)/2 = 0.0842
    found = b.error_interval([1, 1], [1, 1], error=0.1, draws=40_000, seed=3)
    assert found.low == pytest.approx(0.00126, rel=0.06)
    assert found.high == pytest.approx(0.0842, rel=0.01)


def test_every_draw_lies_between_the_worst_and_the_best_report():
    draws = b.error_interval([100, 300], [1, 1], error=0.1, draws=500).draws
    assert (draws >= 50 / 410 * 0.99).all()  # far inside the best case, 270 to 110
    assert (draws <= (330 - 90) / (330 + 90)).all()
    assert (draws >= (270 - 110) / (270 + 110)).all()


def test_the_same_seed_gives_the_same_draws_whatever_stands_beside():
    table = np.column_stack([BOOKS, PUPILS, np.arange(1, 6)])
    together = b.error_interval(table, PUPILS, 0.05, draws=50, seed=9)
    alone = b.error_interval(BOOKS, PUPILS, 0.05, draws=50, seed=9)
    np.testing.assert_array_equal(together.draws[:, 0], alone.draws)
    assert together.low.shape == together.high.shape == (3,)
    assert (b.error_interval(BOOKS, PUPILS, 0.05, draws=50, seed=8).draws != alone.draws).all()


def test_two_resources_are_misreported_independently():
    draws = b.error_interval(np.column_stack([BOOKS, BOOKS]), PUPILS, 0.05, draws=50).draws
    assert (draws[:, 0] != draws[:, 1]).all()


def test_a_wider_level_gives_a_wider_interval():
    narrow, wide = (b.error_interval(BOOKS, PUPILS, 0.05, level=level) for level in (0.5, 0.95))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    "wrong", [{"error": -0.1}, {"error": 1}, {"error": np.nan}, {"draws": 0}, {"level": 1}, {"level": 0}]
)
def test_arguments_of_a_simulation_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match="误差应在"):
        b.error_interval(BOOKS, PUPILS, **({"error": 0.1} | wrong))


# --- conventions


def by_name(rows):
    return {row.name: row for row in rows}


def test_conventions_hold_the_standard_against_its_misreadings():
    # the handout's schools; the three misreadings are printed beside the published example
    rows = by_name(b.conventions(BOOKS, PUPILS))
    assert rows["standard"].coefficient == pytest.approx(0.5152566298844764, abs=1e-9)
    assert rows["unweighted"].coefficient == pytest.approx(0.48877, abs=5e-6)
    assert rows["unweighted, sample form"].coefficient == pytest.approx(0.54646, abs=5e-6)
    assert rows["about the unweighted mean"].coefficient == pytest.approx(0.55071, abs=5e-6)
    assert rows["coefficient rounded to 3 decimals"].coefficient == 0.515
    assert rows["coefficient rounded to 2 decimals"].coefficient == 0.52
    assert {row.schools for row in rows.values()} == {5}
    assert all(row.zh for row in rows.values())


def test_small_and_private_schools_change_sides_in_one_row_each():
    amount, pupils = np.array([1, 3, 9, 2.0]), np.array([1, 1, 1, 1])
    rows = by_name(
        b.conventions(amount, pupils, small=[False, False, True, False], private=np.array([0, 0, 0, 1]) == 1)
    )
    assert rows["standard"].coefficient == pytest.approx(np.std([1, 3, 2]) / 2)
    assert rows["standard"].schools == 3
    assert rows["with small schools"].coefficient == pytest.approx(np.std([1, 3, 9, 2]) / 3.75)
    assert rows["without private schools"].coefficient == pytest.approx(0.5)
    assert rows["without private schools"].schools == 2


def test_rows_that_need_a_mark_are_absent_without_it():
    names = by_name(b.conventions(BOOKS, PUPILS))
    assert "with small schools" not in names
    assert "without private schools" not in names


def test_a_convention_that_leaves_nobody_is_undefined_not_0():
    rows = by_name(b.conventions([1, 3], [1, 1], private=[True, True]))
    assert np.isnan(rows["without private schools"].coefficient)
    assert rows["without private schools"].schools == 0
    assert np.isnan(by_name(b.conventions([5], [1]))["unweighted, sample form"].coefficient)
    # 1 and 3: a mean of 2, squares of 1 + 1 over one school less.
    two = by_name(b.conventions([1, 3], [1, 1]))["unweighted, sample form"]
    assert two.coefficient == pytest.approx(2**0.5 / 2)


def test_rounding_acts_on_the_value_as_it_is_stated():
    # 1 and 1.4 per 100: stated per 100 nothing is lost, per pupil both would round to 0.01 and be equal
    amount, pupils = [1, 1.4], [100, 100]
    name = "values rounded to 2 decimals"
    assert by_name(b.conventions(amount, pupils, per=100))[name].coefficient == pytest.approx(1 / 6)
    assert by_name(b.conventions(amount, pupils))[name].coefficient == 0


def test_a_half_rounds_upwards():
    # values 0.125 and 0.375 become 0.13 and 0.38; to even they would be 0.12 and 0.38
    rows = by_name(b.conventions([0.125, 0.375], [1, 1]))
    assert rows["values rounded to 2 decimals"].coefficient == pytest.approx(0.25 / 0.51)


@pytest.mark.parametrize("mark", [[True], [0, 1, 0, 1, 0], ["a"] * 5])
def test_marks_that_are_none_are_refused(mark):
    with pytest.raises(ValueError, match="民办标记应为布尔数组"):
        b.conventions(BOOKS, PUPILS, private=mark)
