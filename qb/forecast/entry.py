"""Entrants in the years to come: what a district's total follows, and how schools share it.

Arrays only. `entry` holds the pupils of the lowest grade by school and year, up to the year in which
the forecast is made; the years ahead are counted from 1.
"""

from __future__ import annotations

import numpy as np

from qb.forecast.methods import Share, Total
from qb.forecast.ratios import divide, mean_known, progression_ratio, sum_by

FADE = 0.8  # each further year's step of a trend, as a share of the step before it
TREND_YEARS = 3  # yearly changes that a trend is the mean of
SHARE_YEARS = 3  # years that a mean share is taken over
RATIO_YEARS = 5  # yearly ratios that a progression is the mean of
BIRTH_TO_ENTRY = 6  # years from birth to grade 1


def fading(growth: np.ndarray, ahead: int) -> np.ndarray:
    """Return how a figure grows when each year's change is a part of the one before.

    Parameters
    ----------
    growth : array_like, shape (districts,)
        Ratio of a year to the one before it.
    ahead : int
        Years.

    Returns
    -------
    ndarray, shape (districts, ahead)

    Examples
    --------
    A tenth less, then 0.9 to the power 0.8 = 0.919 of that.

    >>> fading([0.9], 2).round(4).tolist()
    [[0.9, 0.8272]]

    Without fading the second year would be at 0.81, the tenth at 0.35; it ends above 0.59.
    """
    steps = (1 - FADE ** np.arange(1, ahead + 1)) / (1 - FADE)
    return np.asarray(growth, float)[:, None] ** steps


def totals(
    entry: np.ndarray,
    district: np.ndarray,
    leavers: np.ndarray,
    leavers_ahead: np.ndarray,
    births: np.ndarray,
    ahead: int,
) -> np.ndarray:
    """Return each method's path of a district's entrants, 1 being the year of the forecast.

    Parameters
    ----------
    entry : ndarray, shape (schools, years)
    district : ndarray of int, shape (schools,)
    leavers : ndarray, shape (districts, years)
        Pupils of the last grade of the stage before; NaN where there is no such stage.
    leavers_ahead : ndarray, shape (districts, ahead)
        The same from the year of the forecast on: those who enter in the first, second … year.
    births : ndarray, shape (districts, 1 + ahead)
        Births `BIRTH_TO_ENTRY` years before the year of the forecast and before those after it; NaN
        where not yet known.
    ahead : int

    Returns
    -------
    ndarray, shape (methods, districts, ahead)
        In the order of :class:`~qb.forecast.methods.Total`; NaN where a method cannot be used.

    Notes
    -----
    Trend: the mean of the last yearly ratios, fading. Births: their ratio to those of the year of the
    forecast; where not yet known, the last known ones. Leavers: the mean yearly ratio of entrants to
    the leavers of the year before, times the leavers expected.
    """
    districts = len(leavers)
    here = sum_by(district, entry, districts)
    known = np.isfinite(entry[:, 1:]) & np.isfinite(entry[:, :-1])
    change = divide(
        sum_by(district, np.where(known, entry[:, 1:], 0), districts),
        sum_by(district, np.where(known, entry[:, :-1], 0), districts),
    )
    paths = np.full((len(Total), districts, ahead), np.nan)
    order = list(Total)
    paths[order.index(Total.LAST)] = 1.0
    growth = mean_known(np.where(change > 0, change, np.nan)[:, -TREND_YEARS:])
    paths[order.index(Total.TREND)] = fading(growth, ahead)
    paths[order.index(Total.BIRTHS)] = divide(_held(births[:, 1:]), births[:, :1])
    rate = progression_ratio(leavers[:, -RATIO_YEARS - 1 :], here[:, -RATIO_YEARS - 1 :])
    paths[order.index(Total.LEAVERS)] = divide(rate[:, None] * leavers_ahead, here[:, -1:])
    return paths


def _held(values: np.ndarray) -> np.ndarray:
    """Return values with the last known one standing for those after it."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.shape[1]), -1), axis=1)
    found = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, found, np.nan)


def shares(
    entry: np.ndarray, district: np.ndarray, districts: int, children: np.ndarray, root: np.ndarray
) -> np.ndarray:
    """Return each method's share of a school in its district's entrants.

    Parameters
    ----------
    entry : ndarray, shape (schools, years)
    district, root : ndarray of int, shape (schools,)
        `root`: the school whose zones count for it.
    districts : int
    children : ndarray, shape (schools, years)
        In the school's zones; NaN in a year without zones.

    Returns
    -------
    ndarray, shape (methods, schools)
        In the order of :class:`~qb.forecast.methods.Share`; adding up to 1 in each district where any
        school has entrants. NaN where a method cannot be used.
    """
    now = np.nan_to_num(entry[:, -1])
    found = np.empty((len(Share), len(district)))
    order = list(Share)
    found[order.index(Share.LAST)] = now
    found[order.index(Share.MEAN)] = mean_share(entry, district, districts)
    zoned = (np.nan_to_num(children) > 0).any(axis=1)
    found[order.index(Share.ZONES)] = by_zones(now, district, districts, children[:, -1], zoned, root)
    return found / np.maximum(sum_by(district, found.T, districts)[district].T, 1e-300)


def mean_share(entry: np.ndarray, district: np.ndarray, districts: int) -> np.ndarray:
    """Return the mean share of the last years in which a school had entrants; 0 if it has none now."""
    recent = entry[:, -SHARE_YEARS:]
    share = divide(recent, sum_by(district, recent, districts)[district])
    mean = mean_known(np.where(share > 0, share, np.nan))
    return np.where(entry[:, -1] > 0, np.nan_to_num(mean), 0.0)


def by_zones(
    now: np.ndarray,
    district: np.ndarray,
    districts: int,
    children: np.ndarray,
    zoned: np.ndarray,
    root: np.ndarray,
) -> np.ndarray:
    """Divide the entrants of the schools with zones in proportion to the children of these zones.

    A school and its campuses share what their zones bring as they share their entrants now. A school
    that never had zones (`zoned` is false) keeps its own entrants; one that lost them has none. NaN in a
    district where no school with zones has entrants.

    Examples
    --------
    200 entrants in two zoned schools whose zones have 300 and 100 children; a third school has no zone.

    >>> now, children = np.array([100.0, 100, 50]), np.array([300.0, 100, 0])
    >>> by_zones(now, np.zeros(3, int), 1, children, children > 0, root=np.arange(3)).tolist()
    [150.0, 50.0, 50.0]
    """
    size = len(now)
    child = np.bincount(root, np.nan_to_num(children), size)
    zoned = np.bincount(root, zoned, size)[root] > 0
    of_root = np.bincount(root, np.where(zoned, now, 0), size)
    whole = sum_by(district, np.where(zoned, now, 0), districts)
    all_children = sum_by(district, child, districts)
    due = whole[district] * np.nan_to_num(divide(child, all_children[district]))
    factor = np.nan_to_num(divide(due, of_root))[root]
    alone = np.where((np.arange(size) == root) & (of_root == 0), due, 0.0)
    found = np.where(zoned, now * factor + alone, now)
    return np.where((whole > 0)[district] & (all_children > 0)[district], found, np.nan)
