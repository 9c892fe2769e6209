"""Progression ratios from grade to grade, pooled by how many pupils there are; the methods for entrants that `fit` puts together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qb.language import Message, joined, listing
from qb.terms import Term

# The words of a forecast: how a school's grades became known, and how entrants are forecast.


LONGEST = 10  # years that a forecast may reach ahead
USUAL = 5  # years it reaches unless told


class Basis(Term):
    """Where the pupils by grade of a school's last year come from."""

    CLASSES = "classes", "班级表", "classes"
    SCALED = "scaled", "班级表，按学段在校生数折算", "classes, scaled to the pupils of the stage"
    SHARES = "shares", "没有班级表，按县区各年级比例分摊", "no classes; shared as the district's grades"


class Moving(Term):
    """How a grade becomes the next one: everyone moves up, or by progression ratios."""

    NAIVE = "naive", "全部升级", "everyone moves up"
    MODEL = "model", "按升级率升级", "progression ratios"


class Total(Term):
    """What the entrants of a district follow. The first is the naive forecast."""

    LAST = "last", "人数同上年", "as many as last year"
    SMOOTHED = "smoothed", "人数按各年平滑（越近越重）", "past years, the later the more"
    BIRTHS = "births", "人数按出生人数", "births"
    LEAVERS = "leavers", "人数按上一学段毕业人数", "leavers of the stage before"


class Share(Term):
    """How the entrants of a district are shared among its schools. The first is the naive forecast."""

    LAST = "last", "各校份额同上年", "shared as last year"
    SMOOTHED = "smoothed", "各校份额按各年平滑", "shared as in past years, the later the more"
    ZONES = "zones", "各校份额按学区适龄儿童", "shared by children of the zones"
    BIRTHS = "births", "各校份额按学区出生人数", "shared by births in the zones"


# Every method of entry, as places in Total and Share; the first is naive. Births, leavers and zones can be
# used where they are given.
METHODS = tuple(
    (list(Total).index(total), list(Share).index(share))
    for total, share in (
        (Total.LAST, Share.LAST),
        (Total.SMOOTHED, Share.SMOOTHED),
        (Total.BIRTHS, Share.SMOOTHED),
        (Total.LEAVERS, Share.SMOOTHED),
        (Total.LAST, Share.ZONES),
        (Total.BIRTHS, Share.BIRTHS),
    )
)


def code(total: int, share: int) -> str:
    """Return the name of a method of entry.

    >>> code(0, 0), code(1, 1)
    ('naive', 'smoothed+smoothed')
    """
    return str(Moving.NAIVE) if not (total or share) else f"{list(Total)[total]}+{list(Share)[share]}"


def words(method: str, part: str) -> Message:
    """Return how a part is forecast (``entry``, or a transition as ``1→2``), as a reader sees it.

    >>> words("model", "1→2").en, words("smoothed+smoothed", "entry"), words("naive", "entry").en
    ('progression ratios', '人数按各年平滑（越近越重），各校份额按各年平滑', 'as many as last year, shared as last year')
    """
    if part != "entry":
        return listing([Moving(method)])
    total, _, share = method.partition("+") if method != Moving.NAIVE else (Total.LAST, "", Share.LAST)
    return joined("，", ", ", (Total(total), Share(share)))


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


# Settled on the 1,500 schools of a city in forecasts from 2006 and 2007; the errors from 2008 and 2009 were
# looked at afterwards (tests/bench/bench_forecast.py prints both).
DECAY = 0.3  # weight of a year's experience against that of the year after it
PRIOR = 200.0  # pupils of the district's experience that are added to a school's own
DOUBT = (
    6.0  # pupils of a district moving up: 2.4 standard errors from 1 count half; what is nearer may be chance
)


class Pooled(NamedTuple):
    """The ratio of each school (schools,) and of each district (districts,)."""

    school: np.ndarray
    district: np.ndarray


def pooled_ratio(lower: np.ndarray, upper: np.ndarray, district: np.ndarray, districts: int) -> Pooled:
    """Return the progression ratio of each school, shrunk to its district's: the more, the smaller it is.

    Parameters
    ----------
    lower, upper : ndarray, shape (schools, transitions)
        Pupils before and after each transition, the oldest first; NaN in both where it does not count.
    district : ndarray of int, shape (schools,)
    districts : int

    Returns
    -------
    Pooled
        A district without any transition has 1: everyone moves up.

    Notes
    -----
    Each year counts `DECAY` times the year after it. The district's ratio R is Σ upper / Σ lower of its
    schools, drawn to 1 as far as its schools and years do not agree: 1 + (R − 1)·t² / (t² + `DOUBT`), t
    being R − 1 over its standard error (that of a ratio of sums; of a single transition not known, and
    R is 1). A school's is (Σ upper + `PRIOR` · district) / (Σ lower + `PRIOR`).

    Examples
    --------
    At two schools 900 of 1,000 pupils moved up: they agree, and nothing is drawn to 1. Where 850 did at one
    and 950 at the other, the ratio is 0.9 too, its standard error 0.05 and t 2: it counts 4 / (4 + 6).

    >>> lower, alike, unlike = (np.array([[x], [y]]) for x, y in ((1000.0, 1000), (900.0, 900), (850.0, 950)))
    >>> [pooled_ratio(lower, upper, np.zeros(2, int), 1).district.round(6).tolist() for upper in (alike, unlike)]
    [[0.9], [0.96]]

    Of 200 pupils 180 moved up at one school; at another 2,720 came of 2,700: the district's ratio is 1, and
    the first school's lies halfway between 0.9 and 1. Its own alone would be 0.9.

    >>> lower, upper = np.array([[200.0], [2700.0]]), np.array([[180.0], [2720.0]])
    >>> float(pooled_ratio(lower, upper, np.zeros(2, int), 1).school[0])
    0.95
    """
    weight = DECAY ** np.arange(lower.shape[1] - 1, -1, -1)
    counts = np.isfinite(lower) & np.isfinite(upper)
    lower, upper = (np.where(counts, side, 0.0) * weight for side in (lower, upper))
    before, after = lower.sum(axis=1), upper.sum(axis=1)
    base = sum_by(district, before, districts)
    whole = divide(sum_by(district, after, districts), base)
    whole = np.where(np.isfinite(whole), whole, 1.0)
    number = sum_by(district, counts.sum(axis=1), districts)
    off = sum_by(district, ((upper - whole[district, None] * lower) ** 2).sum(axis=1), districts)
    chance = DOUBT * off * divide(number, number - 1)  # NaN: a single transition, or none
    apart = ((whole - 1) * base) ** 2
    whole = 1 + (whole - 1) * np.nan_to_num(divide(apart, apart + chance))
    return Pooled((after + PRIOR * whole[district]) / (before + PRIOR), whole)


# Entrants in the years to come: what a district's total follows, and how schools share it.
#
# Arrays only. `entry` holds the pupils of the lowest grade by school and year, up to the year in which
# the forecast is made; the years ahead are counted from 1.


SMOOTHING = 0.7  # weight of the last year in a smoothed figure; the years before share the rest alike
RATIO_YEARS = 5  # yearly ratios that a progression is the mean of
BIRTH_TO_ENTRY = 6  # years from birth to grade 1


def smoothed(entry: np.ndarray) -> np.ndarray:
    """Return entrants smoothed exponentially over the years; 0 for a school that has none now.

    Parameters
    ----------
    entry : ndarray, shape (schools, years)
        NaN where not known, 0 before a school has entrants: both are passed over.

    Returns
    -------
    ndarray, shape (schools,)

    Examples
    --------
    100 and then 50: 0.7 × 50 + 0.3 × 100. The mean would have been 75.

    >>> smoothed(np.array([[100.0, 50.0]])).tolist()
    [65.0]
    """
    level = np.zeros(len(entry))
    for year in np.nan_to_num(entry).T:
        level = np.where(
            year > 0, np.where(level > 0, SMOOTHING * year + (1 - SMOOTHING) * level, year), level
        )
    return np.where(np.nan_to_num(entry[:, -1]) > 0, level, 0.0)


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
    Smoothed: `smoothed` at each school, added up. Births: their ratio to those of the year of the
    forecast; where not yet known, the last known ones. Leavers: the mean yearly ratio of entrants to
    the leavers of the year before, times the leavers expected.
    """
    districts = len(leavers)
    here = sum_by(district, entry, districts)
    paths = np.full((len(Total), districts, ahead), np.nan)
    order = list(Total)
    paths[order.index(Total.LAST)] = 1.0
    level = divide(sum_by(district, smoothed(entry), districts), here[:, -1])
    paths[order.index(Total.SMOOTHED)] = np.where(np.isfinite(level), level, 1.0)[:, None]
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
    # Those by births are these, moved on by `births_growth`.
    found[[order.index(Share.SMOOTHED), order.index(Share.BIRTHS)]] = smoothed(entry)
    zoned = (np.nan_to_num(children) > 0).any(axis=1)
    found[order.index(Share.ZONES)] = by_zones(now, district, districts, children[:, -1], zoned, root)
    return found / np.maximum(sum_by(district, found.T, districts)[district].T, 1e-300)


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


def births_growth(
    born: np.ndarray, zoned: np.ndarray, root: np.ndarray, district: np.ndarray, districts: int
) -> np.ndarray:
    """Return the births in each school's zones behind its entrants ahead, against those behind its last ones.

    Parameters
    ----------
    born : ndarray, shape (zones, 1 + ahead)
        Births of those who enter in the year of the forecast and in those after it; NaN where not known.
    zoned : ndarray of int, shape (zones,)
        Place of the school that the zone belongs to, −1 for none.
    root, district : ndarray of int, shape (schools,)
        `root`: the school whose zones count for it.
    districts : int

    Returns
    -------
    ndarray, shape (schools, ahead)
        For a school without births in its zones that of its district; NaN where that has none either.

    Notes
    -----
    A zone counts if its births behind the last entrants are known; where later ones are not yet known they
    are as the last known ones. A school keeps the part of its zones' births that has entered so far.

    Examples
    --------
    The first school's zones had 100 and 60 births, and then 120 and 40: as many, whatever the mean of the
    two growths says. The second school's zone had 50 and then 75, which is held.

    >>> born = np.array([[100.0, 120, np.nan], [60, 40, np.nan], [50, 75, np.nan]])
    >>> births_growth(born, np.array([0, 0, 1]), np.arange(2), np.zeros(2, int), 1).tolist()
    [[1.0, 1.0], [1.5, 1.5]]
    """
    counts = np.isfinite(born[:, 0]) & (zoned >= 0)
    held, school = _held(born)[counts], zoned[counts]
    own, whole = sum_by(root[school], held, len(root)), sum_by(district[school], held, districts)
    found, common = (divide(each[:, 1:], each[:, :1]) for each in (own, whole))
    return np.where(np.isfinite(found[root]), found[root], common[district])


def growing(share: np.ndarray, growth: np.ndarray, district: np.ndarray, districts: int) -> np.ndarray:
    """Return the schools' shares in the years ahead, shape (schools, ahead); NaN where nothing is known."""
    found = share[:, None] * growth
    return divide(found, sum_by(district, found, districts)[district])


# From grade to grade: progression ratios by school, and a stage's pupils in the years to come.


BREAK = 1.0  # a school whose pupils double or vanish as they all move up was merged or divided


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
    grades together doubled or vanished (a merger, a closure) says nothing about moving up
    and is left out.

    Examples
    --------
    One old school, and one that opened with grade 1 and now has grade 2. Of all who moved on from grade 1
    one was lost, which may be chance.

    >>> pupils = np.array([[[50, 50, 49], [50, 49, 49]], [[0, 0, 0], [30, 0, 0]]], float)
    >>> grown = np.concatenate([pupils, [[[50, 50, 48]], [[30, 30, 0]]]], axis=1)
    >>> progressions(grown, np.ones((2, 3), bool), np.zeros(2, int), 1).model.round(2).tolist()
    [[1.0, 0.98], [1.0, 0.98]]
    """
    lower, upper = pupils[:, :-1, :-1], pupils[:, 1:, 1:]
    usable = (known[:, :-1] & known[:, 1:])[..., None] & (lower > 0) & np.isfinite(upper)
    had = ((pupils[:, :, 1:] > 0) & known[..., None]).any(axis=1)
    ended = usable.any(axis=1) & ~had
    usable &= ~ended[:, None]
    before, after = (np.where(usable, side, 0).sum(axis=2) for side in (lower, upper))
    usable &= (np.abs(after - before) < BREAK * before)[..., None]
    lower, upper = (np.where(usable, side, np.nan) for side in (lower, upper))
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
