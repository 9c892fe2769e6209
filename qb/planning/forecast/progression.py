"""From grade to grade: progression ratios of districts and schools, pooled by how many pupils there are,
and the entrants.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qb.terms import Term

# The words of a forecast: how a school's grades became known, and how entrants are forecast.


LONGEST = 10  # years that a forecast may reach ahead
USUAL = 5  # years it reaches unless told


class Basis(Term):
    """Where the pupils by grade of a school's last year come from."""

    CLASSES = "classes", "班级表"
    SCALED = "scaled", "班级表，按学段在校生数折算"
    SHARES = "shares", "没有班级表，按县区各年级比例分摊"


class Moving(Term):
    """How a grade becomes the next one: everyone moves up, or by progression ratios."""

    NAIVE = "naive", "全部升级"
    MODEL = "model", "按升级率升级"


class Total(Term):
    """What the entrants of a district follow. The first is the naive forecast."""

    LAST = "last", "人数同上年"
    TREND = "trend", "人数按近年增减（逐年减弱）"
    BIRTHS = "births", "人数按出生人数"
    LEAVERS = "leavers", "人数按上一学段毕业人数"


class Share(Term):
    """How the entrants of a district are shared among its schools. The first is the naive forecast."""

    LAST = "last", "各校份额同上年"
    MEAN = "mean", "各校份额取近三年平均"
    ZONES = "zones", "各校份额按学区适龄儿童"


# Every method of entry, as places in Total and Share; the first is naive.
METHODS = tuple((total, share) for total in range(len(Total)) for share in range(len(Share)))


def code(total: int, share: int) -> str:
    """Return the name of a method of entry.

    >>> code(0, 0), code(1, 1)
    ('naive', 'trend+mean')
    """
    return str(Moving.NAIVE) if not (total or share) else f"{list(Total)[total]}+{list(Share)[share]}"


def words(method: str, part: str) -> str:
    """Return how a part is forecast (``entry``, or a transition as ``1→2``), as a reader sees it.

    >>> words("model", "1→2"), words("trend+mean", "entry")
    ('按升级率升级', '人数按近年增减（逐年减弱），各校份额取近三年平均')
    """
    if part != "entry":
        return Moving(method).zh
    total, _, share = method.partition("+") if method != Moving.NAIVE else (Total.LAST, "", Share.LAST)
    return f"{Total(total).zh}，{Share(share).zh}"


# Grade progression ratios: of a district, of a school, and pooled by how many pupils a school has.
#
# Arrays only. A transition leads from the pupils of a grade in one year (`lower`) to those of the next
# grade a year later (`upper`); what is not known is NaN, and drops out of both.


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


# Entrants in the years to come: what a district's total follows, and how schools share it.
#
# Arrays only. `entry` holds the pupils of the lowest grade by school and year, up to the year in which
# the forecast is made; the years ahead are counted from 1.


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
        In the order of :class:`~Total`; NaN where a method cannot be used.

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
        In the order of :class:`~Share`; adding up to 1 in each district where any
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


# From grade to grade: progression ratios by school, and a stage's pupils in the years to come.


BREAK = 0.25  # a school whose pupils change by more than this as they all move up was merged or divided


class Progressions(NamedTuple):
    """Ratios from each grade to the next.

    `naive` and `model` by school, shape (schools, grades − 1); `district` as the model has it for a
    school without history, shape (districts, grades − 1).
    """

    naive: np.ndarray
    model: np.ndarray
    district: np.ndarray


def progressions(pupils: np.ndarray, known: np.ndarray, district: np.ndarray, districts: int) -> Progressions:
    """Return how pupils move up, from what is known of the years before.

    Parameters
    ----------
    pupils : ndarray, shape (schools, years, grades)
    known : ndarray of bool, shape (schools, years)
        Years that count.
    district : ndarray of int, shape (schools,)
    districts : int

    Notes
    -----
    A grade that a school never had, though it had pupils in the grade below who could have reached it, is
    not its own: both ratios are 0 there (a teaching point that ends at grade 4). A school too young to
    have had the grade takes its district's ratio and grows. A school's year in which all its moving
    grades together gained or lost more than a quarter (a merger, a closure) says nothing about moving up
    and is left out.

    Examples
    --------
    One old school, and one that opened with grade 1 and now has grade 2.

    >>> pupils = np.array([[[50, 50, 49], [50, 49, 49]], [[0, 0, 0], [30, 0, 0]]], float)
    >>> grown = np.concatenate([pupils, [[[50, 50, 48]], [[30, 30, 0]]]], axis=1)
    >>> progressions(grown, np.ones((2, 3), bool), np.zeros(2, int), 1).model.round(2).tolist()
    [[0.99, 0.98], [0.99, 0.98]]
    """
    lower, upper = pupils[:, :-1, :-1], pupils[:, 1:, 1:]
    usable = (known[:, :-1] & known[:, 1:])[..., None] & (lower > 0) & np.isfinite(upper)
    had = ((pupils[:, :, 1:] > 0) & known[..., None]).any(axis=1)
    ended = usable.any(axis=1) & ~had
    usable &= ~ended[:, None]
    before, after = (np.where(usable, side, 0).sum(axis=2) for side in (lower, upper))
    usable &= (np.abs(after - before) <= BREAK * before)[..., None]
    lower, upper = (np.where(usable, side, np.nan)[:, -RATIO_YEARS:] for side in (lower, upper))
    found = [pooled_ratio(lower[..., g], upper[..., g], district, districts) for g in range(lower.shape[2])]
    model = np.stack([f.school for f in found], axis=1)
    whole = np.stack([f.district for f in found], axis=1)
    return Progressions(np.where(ended, 0.0, 1.0), np.where(ended, 0.0, model), whole)


def project(start: np.ndarray, ratio: np.ndarray, entry: np.ndarray) -> np.ndarray:
    """Return the pupils of each year ahead.

    Parameters
    ----------
    start : ndarray, shape (schools, grades)
    ratio : ndarray, shape (schools, grades − 1)
    entry : ndarray, shape (schools, years)
        Pupils of the lowest grade in each year ahead.

    Returns
    -------
    ndarray, shape (schools, years, grades)

    Examples
    --------
    >>> project(np.array([[100.0, 90, 80]]), np.array([[0.9, 1.0]]), np.array([[70.0, 60]])).tolist()
    [[[70.0, 90.0, 90.0], [60.0, 63.0, 90.0]]]
    """
    years = []
    for entrants in entry.T:
        start = np.concatenate([entrants[:, None], start[:, :-1] * ratio], axis=1)
        years.append(start)
    return np.stack(years, axis=1)
