"""Grade progression ratios: of a district, of a school, and pooled by how many pupils a school has.

Arrays only. A transition leads from the pupils of a grade in one year (`lower`) to those of the next
grade a year later (`upper`); what is not known is NaN, and drops out of both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


def divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the ratio, NaN where nothing is below."""
    above, below = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def mean_known(values: np.ndarray) -> np.ndarray:
    """Return the mean of what is known along the last axis, NaN where nothing is."""
    known = np.isfinite(values)
    return divide(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def sum_by(district: np.ndarray, values: np.ndarray, districts: int) -> np.ndarray:
    """Return the sums of what is known over the schools of each district, shape (districts, …)."""
    total = np.zeros((districts, *values.shape[1:]))
    np.add.at(total, district, np.where(np.isnan(values), 0.0, values))
    return total


def progression_ratio(grade: np.ndarray, next_grade: np.ndarray) -> np.ndarray:
    """Return the mean of the yearly progression ratios from one grade to the next.

    Parameters
    ----------
    grade, next_grade : array_like, shape (…, years)
        Pupils of the two grades in the same years, in order.

    Returns
    -------
    ndarray, shape (…)
        NaN where no pair of years is known.

    Notes
    -----
    Cohort survival: pupils of the next grade divided by those of the grade a year before, averaged over
    the years. Every year counts alike, however many pupils it had.

    Examples
    --------
    Of 100 pupils 90 were in the next grade a year later, of 200 then 190: 0.90 and 0.95.

    >>> progression_ratio([100, 200, 150], [80, 90, 190]).round(6)
    np.float64(0.925)

    Dividing within a year would have given 0.839; all years' pupils together, 0.933.
    """
    grade, next_grade = np.asarray(grade, float), np.asarray(next_grade, float)
    return mean_known(divide(next_grade[..., 1:], grade[..., :-1]))


class Heterogeneity(NamedTuple):
    """How ratios vary by chance within a school, and between schools; shape (districts,) each."""

    within: np.ndarray
    between: np.ndarray


def heterogeneity(
    ratio: np.ndarray, weight: np.ndarray, district: np.ndarray, districts: int
) -> Heterogeneity:
    """Estimate the two variances of the Bühlmann–Straub model.

    Parameters
    ----------
    ratio, weight : ndarray, shape (schools, years)
        Ratios and what they rest on; NaN in both where not known.
    district : ndarray of int, shape (schools,)
    districts : int

    Returns
    -------
    Heterogeneity
        `within` is the variance of the ratio of a single pupil, `between` that of the schools' true
        ratios, 0 where chance alone explains what is seen.

    Notes
    -----
    With weights w, school means r_s, the district's mean r and S schools:
    within = Σ w (r_st − r_s)² / Σ (years_s − 1),
    between = (Σ w_s (r_s − r)² − (S − 1) within) / (w − Σ w_s² / w), not below 0.
    """
    known = np.isfinite(ratio) & (weight > 0)
    w, r = np.where(known, weight, 0), np.where(known, ratio, 0)
    of_school = w.sum(axis=1)
    mean = divide((w * r).sum(axis=1), of_school)
    inside = sum_by(district, (w * (r - np.nan_to_num(mean)[:, None]) ** 2).sum(axis=1), districts)
    free = sum_by(district, np.maximum(known.sum(axis=1) - 1, 0), districts)
    within = np.nan_to_num(divide(inside, free))

    of_district = sum_by(district, of_school, districts)
    centre = divide(sum_by(district, of_school * np.nan_to_num(mean), districts), of_district)
    apart = sum_by(district, of_school * (mean - centre[district]) ** 2, districts)
    schools = sum_by(district, (of_school > 0).astype(float), districts)
    room = of_district - np.nan_to_num(divide(sum_by(district, of_school**2, districts), of_district))
    between = divide(apart - (schools - 1) * within, np.where(schools > 1, room, 0))
    return Heterogeneity(within, np.maximum(np.nan_to_num(between), 0))


def pool(own: np.ndarray, weight: np.ndarray, district: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Pull each school's own ratio toward the district's, the more the fewer pupils it rests on.

    Parameters
    ----------
    own, weight : ndarray, shape (schools,)
        Own ratio and the pupils it rests on; NaN and 0 for a school without history.
    district : ndarray, shape (schools,)
        The district's ratio, for each school.
    prior : ndarray, shape (schools,)
        So many pupils of the district's experience are added to the school's own: the variance within
        schools divided by that between them; infinite where schools do not differ.

    Returns
    -------
    ndarray, shape (schools,)
        (weight · own + prior · district) / (weight + prior).

    Examples
    --------
    A school with 300 pupils has 0.90, the district 1.00, and 100 pupils are added.

    >>> pool(np.array([0.9]), np.array([300.0]), np.array([1.0]), np.array([100.0])).tolist()
    [0.925]

    A new school has no ratio of its own and takes the district's.

    >>> pool(np.array([np.nan]), np.array([0.0]), np.array([0.98]), np.array([100.0])).tolist()
    [0.98]
    """
    share = np.where(np.isinf(prior), 0, np.nan_to_num(divide(weight, weight + prior)))
    return share * np.nan_to_num(own) + (1 - share) * district


class Pooled(NamedTuple):
    """The ratio of each school (schools,) and of each district (districts,)."""

    school: np.ndarray
    district: np.ndarray


def pooled_ratio(lower: np.ndarray, upper: np.ndarray, district: np.ndarray, districts: int) -> Pooled:
    """Return the progression ratio of each school, pooled toward its district's by size.

    Parameters
    ----------
    lower, upper : ndarray, shape (schools, transitions)
        Pupils before and after each transition; NaN in both where it does not count.
    district : ndarray of int, shape (schools,)
    districts : int

    Returns
    -------
    Pooled
        A district without any transition has 1: everyone moves up.

    Notes
    -----
    The district's ratio is the mean over the years of all its pupils together, as in
    :func:`progression_ratio`; a school's own is Σ upper / Σ lower.
    """
    yearly = divide(sum_by(district, upper, districts), sum_by(district, lower, districts))
    whole = mean_known(yearly)
    whole = np.where(np.isfinite(whole), whole, 1.0)
    within, between = heterogeneity(divide(upper, lower), lower, district, districts)
    prior = np.divide(within, between, out=np.full(districts, np.inf), where=between > 0)
    weight = np.nan_to_num(lower).sum(axis=1)
    own = divide(np.nan_to_num(upper).sum(axis=1), weight)
    return Pooled(pool(own, weight, whole[district], prior[district]), whole)
