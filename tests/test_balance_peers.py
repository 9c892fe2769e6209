"""The same numbers from other people's packages, where they compute the same: the extra ``peers``.

Run with ``pip install 'qb-schools[peers]'``; without these packages there is nothing to compare with.
"""

import numpy as np
import pytest

from qb import balance

RNG = np.random.default_rng(7)
VALUE = RNG.gamma(2, 50, 80)
PUPILS = RNG.integers(5, 90, 80)
GROUP = RNG.integers(0, 4, 80)
ONE = np.ones(80)


def test_inequality_of_pysal_one_pupil_a_school():
    inequality = pytest.importorskip("inequality")
    assert balance.gini(VALUE, ONE) == pytest.approx(inequality.gini.Gini(VALUE).g, rel=1e-12)
    assert balance.theil(VALUE, ONE) == pytest.approx(inequality.theil.Theil(VALUE).T, rel=1e-12)
    split, ours = inequality.theil.TheilD(VALUE, GROUP), balance.decompose(VALUE, ONE, GROUP).theil
    assert (ours.between, ours.within) == pytest.approx((float(split.bg[0]), float(split.wg[0])), rel=1e-10)
    for e in (0.5, 1.0):
        assert balance.atkinson(VALUE, ONE, e) == pytest.approx(
            inequality.atkinson.Atkinson(VALUE, e).A, rel=1e-12
        )


def test_inequality_of_pysal_each_pupil_a_row():
    inequality = pytest.importorskip("inequality")
    each = np.repeat(VALUE / PUPILS, PUPILS)
    assert balance.gini(VALUE, PUPILS) == pytest.approx(inequality.gini.Gini(each).g, rel=1e-10)
    assert balance.theil(VALUE, PUPILS) == pytest.approx(inequality.theil.Theil(each).T, rel=1e-10)


def test_microdf_weights_rows_as_we_weight_schools_by_pupils():
    microdf = pytest.importorskip("microdf")
    series = microdf.MicroSeries(VALUE / PUPILS, weights=PUPILS)
    assert balance.difference_coefficient(VALUE, PUPILS).mean == pytest.approx(series.mean(), rel=1e-12)
    assert balance.gini(VALUE, PUPILS) == pytest.approx(series.gini(), rel=1e-10)
    held, there = series.sum(), PUPILS.sum()
    assert (VALUE.sum(), PUPILS.sum()) == pytest.approx((held, there))


def test_segregation_of_pysal_is_ours_with_one_group_as_resource_and_the_other_as_pupils():
    singlegroup = pytest.importorskip("segregation.singlegroup")
    import pandas as pd

    group = RNG.integers(1, 40, 80)
    table = pd.DataFrame({"group": group, "total": group + PUPILS})
    dissimilarity = singlegroup.Dissim(table, "group", "total").statistic
    assert balance.hoover(group, PUPILS) == pytest.approx(dissimilarity, rel=1e-10)
    assert balance.gini(group, PUPILS) == pytest.approx(
        singlegroup.Gini(table, "group", "total").statistic, rel=1e-10
    )
