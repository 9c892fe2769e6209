"""Rounding half up, against decimal arithmetic on the number as it was typed."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qb.rounding import round_half_up

thousandths = st.integers(-10_000_000_000, 10_000_000_000)


def by_decimal(literal: str, decimals: int) -> float:
    return float(Decimal(literal).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@given(st.lists(thousandths, min_size=1, max_size=50), st.integers(0, 2))
def test_a_typed_number_of_three_decimals_rounds_as_on_paper(whole, decimals):
    literals = [str(Decimal(number).scaleb(-3)) for number in whole]
    rounded = round_half_up([float(literal) for literal in literals], decimals)
    assert rounded.tolist() == [by_decimal(literal, decimals) for literal in literals]


@given(st.integers(0, 9_999_999), st.integers(0, 3))
def test_a_coefficient_of_four_decimals_rounds_as_on_paper(whole, decimals):
    literal = str(Decimal(whole).scaleb(-4))
    assert float(round_half_up(float(literal), decimals)) == by_decimal(literal, decimals)


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        # Halves that binary numbers miss from below: Python's round gives 4.18, 1.0, 2.67.
        (4.185, 2, 4.19),
        (1.005, 2, 1.01),
        (2.675, 2, 2.68),
        # The greater the number, the more: 429712364.49999994 hundredths.
        (4_297_123.645, 2, 4_297_123.65),
        (9_999_999.995, 2, 10_000_000.0),
        # Halves that go to even in Python: 0.12, 0, 2.
        (0.125, 2, 0.13),
        (0.5, 0, 1),
        (2.5, 0, 3),
        (-0.125, 2, -0.13),
        # Just below a half is below.
        (4.1849999, 2, 4.18),
        (0.4995, 3, 0.5),
        (0.49949, 3, 0.499),
        (0, 2, 0),
    ],
)
def test_halves_go_away_from_zero(value, decimals, rounded):
    assert float(round_half_up(value, decimals)) == rounded


def test_what_is_missing_stays_missing_and_shapes_stay():
    given_ = np.array([[1.005, np.nan], [2.675, 0]])
    assert np.array_equal(round_half_up(given_, 2), [[1.01, np.nan], [2.68, 0]], equal_nan=True)


def test_a_rounded_number_is_not_rounded_again():
    once = round_half_up(np.linspace(0, 10, 1001), 2)
    assert np.array_equal(round_half_up(once, 2), once)
