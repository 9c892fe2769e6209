"""Figures found at schools: C10–C13, C16, C19, C20 and C26, with limits relieved by a transition clause."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from qb.data.schema import TABLES
from qb.indicators.indicator_figures import (
    MOST,
    NOT_APPLICABLE,
    OPEN,
    Figure,
    IndicatorFigures,
    Inputs,
    Range,
    percent,
)
from qb.indicators.population import (
    JUNIOR,
    KINDS,
    PRIMARY,
    STAGES,
    WHOLE,
    ListedClasses,
    Population,
)
from qb.indicators.resources import funds_by_school
from qb.indicators.transition_clauses import reliefs
from qb.language import Message
from qb.standard import Indicator, LimitInForce, decided
from qb.terms import Kind, RoomKind

# What an indicator may leave out as the resources do: the kinds that are out of them, small teaching points.
EXCLUSIONS = ("kinds", "small_points")
# Functions whose every figure is a school's own.
_OF_SCHOOLS = (
    "special_rooms", "school_size", "class_size", "small_school_funds", "trained", "certified",
    "training_funds",
)  # fmt: skip


def of_schools(indicator: Indicator) -> bool:
    """Whether an indicator beyond the resources is judged school by school."""
    ratio = indicator.ratio
    return ratio.level == "schools" if ratio else indicator.measure in _OF_SCHOOLS


def asked(inputs: Inputs, indicator: Indicator) -> np.ndarray:
    """Return the places of the sections that an indicator asks: compulsory stages with pupils, shape (rows,).

    What is left out of the resources is asked here all the same, but for what ``exclusions`` names.
    """
    population, rule = inputs.population, inputs.standard.rules.exclusion
    exclusions = indicator.ratio.exclusions if indicator.ratio else indicator.options["exclusions"]
    rows = population.compulsory
    kind = population.kind[population.school[rows]]
    out = np.zeros(len(rows), dtype=bool)
    if "kinds" in exclusions:
        out |= np.isin(kind, [KINDS.index(left_out) for left_out in rule.kinds])
    if "small_points" in exclusions:
        small = population.figures["pupils"][rows] < rule.small_point_pupils
        out |= small & (kind == KINDS.index(Kind.TEACHING_POINT))
    return rows[~out]


def _sum(population: Population, rows: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Sum an amount of sections by school, shape (schools,); a missing one makes the sum missing."""
    return np.bincount(population.school[rows], weights=amount[rows], minlength=len(population.schools))


def _pupils(inputs: Inputs, rows: np.ndarray) -> tuple[np.ndarray, Range]:
    """Return the pupils of these sections by school, and what they can be; shape (schools,)."""
    population = inputs.population
    pupils = _sum(population, rows, population.figures["pupils"])
    return pupils, Range.of(pupils, low=_sum(population, rows, population.at_least("pupils")))


def _part(population: Population, name: str, school: np.ndarray, value: np.ndarray, **more) -> Figure:
    return Figure(name, population.district[school], value, school=school, **more)


def _largest(population: Population, school: np.ndarray, ends: Range) -> np.ndarray:
    """Return the greatest figure of each district; NaN where one that is missing might be greater."""
    tops = []
    for end in (ends.low, ends.high):
        top = np.full(len(population.districts), -np.inf)
        np.maximum.at(top, population.district[school], end)
        tops.append(np.where(np.isinf(top), np.nan, top))
    return np.where(tops[0] == tops[1], tops[0], np.nan)


def _met(population: Population, school: np.ndarray, always: np.ndarray, never: np.ndarray) -> np.ndarray:
    """Return the share of schools that meet something by district, NaN where one is undecided."""
    enough = np.where(always | never, always.astype(float), np.nan)
    return percent(_count(population, school, enough), _count(population, school, np.ones(len(school))))


def special_rooms(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C10: one music room and one art room for every 12 classes begun, each kind by itself.

    Rooms below the stated area do not count; one without an area may, and so may those of a band of
    areas that begins below it and ends above. What is listed for a school with a senior stage as a whole
    may be the senior stage's. A school that lists rooms of one kind only has none of the other; a school
    or campus that lists no room at all may have any number.
    """
    population, records = inputs.population, inputs.population.records
    rows = asked(inputs, indicator)
    school = population.schools_of(rows)
    # Where there are pupils there is a class.
    begun = np.where(population.figures["pupils"] > 0, 1.0, 0.0)
    classes = _number_of_classes(inputs, rows)[school]
    least_classes = np.maximum(population.at_least("classes"), begun)
    ends = Range.of(classes, low=_sum(population, rows, least_classes)[school])
    needed = Range(*(np.ceil(end / indicator.options["classes_per_room"]) for end in (ends.low, ends.high)))

    table, site, stage = (each("rooms") for each in (records.rows, records.places, records.stages))
    room_school = population.root[site]
    ours = (stage == PRIMARY) | (stage == JUNIOR) | (stage == WHOLE) | (stage < 0)
    lists_none = _lists_none(population, site[ours])
    low, high, number = _room_areas(table)
    of_senior = np.isin(np.arange(len(population.schools)), population.school[population.stage > JUNIOR])
    doubtful = ((stage == WHOLE) | (stage < 0)) & of_senior[room_school]
    size = len(population.schools)
    parts, limit = [], needed.known
    always, never = np.ones(len(school), dtype=bool), np.zeros(len(school), dtype=bool)
    lowest, highest = inputs.standard.hold(needed.low), inputs.standard.hold(needed.high)
    for kind in RoomKind:
        areas = _room_area(inputs, indicator, kind, rows)
        mine = ours & (table["kind"] == kind).to_numpy()
        ends = _by_stage(areas.value, population)
        least, most = (areas.at(end[room_school, stage]) for end in ends)
        sure = most.meets(low) & ~doubtful
        perhaps = least.meets(high) | np.isnan(high)
        rooms = np.bincount(room_school[mine & sure], np.nan_to_num(number[mine & sure]), size)
        upto = np.where(np.isnan(number), np.inf, number)[mine & perhaps]
        upto = np.bincount(room_school[mine & perhaps], upto, size)
        held = Range(rooms, np.where(lists_none, np.inf, upto)).at(school)
        parts.append(
            _part(population, kind.value, school, held.known, limit=limit, range=held, limit_range=needed)
        )
        one, other = decided(held.low, held.high, lowest, highest)
        always, never = always & one, never | other
    return IndicatorFigures(indicator.code, _met(population, school, always, never), tuple(parts))


def _number_of_classes(inputs: Inputs, rows: np.ndarray) -> np.ndarray:
    """Return the classes of these sections by school; of one that lists its stages as one, those listed."""
    population = inputs.population
    classes = _sum(population, rows, population.figures["classes"])
    if not TABLES["classes"].bands(population.records.rows("classes")).any():
        return classes
    listed = population.listed_classes
    every = np.arange(len(population.school))
    in_all = _sum(population, every, listed.counted + listed.blank + listed.banded) + listed.shared
    senior = np.isin(np.arange(len(classes)), population.school[population.stage > JUNIOR])
    whole = (listed.shared_high > 0) & ~listed.shared_open & ~senior
    return np.where(np.isnan(classes) & whole, in_all, classes)


def _room_areas(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the least and the greatest area of the rooms of each row, and how many they are.

    The upper end of a band is no area that it has: the greatest is just below, by more than figures
    are told apart from a limit.
    """
    single = table["area_m2"].to_numpy(dtype=float)
    bands = TABLES["rooms"].bands(table)
    if not bands.any():
        return single, single, np.ones(len(table))
    low = np.where(bands, table["area_from"].fillna(0.0), single)
    high = np.where(bands, table["area_to"].fillna(np.inf) - 1e-6, single)
    return low, high, np.where(bands, table["count"], 1.0)


def _by_stage(area: np.ndarray, population: Population) -> tuple[np.ndarray, np.ndarray]:
    """Return the least areas asked by school and stage; of a school the lowest and highest of its own."""
    has = np.zeros(area.shape, dtype=bool)
    has[population.school, population.stage] = True
    ends = []
    for pick, beyond in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        one, other = (np.where(has[:, stage], area[:, stage], beyond) for stage in (PRIMARY, JUNIOR))
        end = area.copy()
        end[:, WHOLE] = np.where(has[:, [PRIMARY, JUNIOR]].any(axis=1), pick(one, other), end[:, WHOLE])
        ends.append(end)
    return ends[0], ends[1]


def _lists_none(population: Population, listing: np.ndarray) -> np.ndarray:
    """Return whether a school has a site with pupils that lists nothing, shape (schools,)."""
    sites = population.sites
    silent = sites.having & (sites.stage <= JUNIOR) & ~np.isin(sites.school, listing)
    return np.bincount(population.root[sites.school[silent]], minlength=len(population.schools)) > 0


def _room_area(inputs: Inputs, indicator: Indicator, kind: RoomKind, rows: np.ndarray) -> LimitInForce:
    """Return the least area of a room of a kind at each school and stage, shape (schools, stages)."""
    population = inputs.population
    limit = inputs.standard.limit_in_force(indicator.code, name=kind.value, year=population.year)
    area = np.full((len(population.schools), len(STAGES)), limit.value)
    for limits, school in reliefs(inputs.transition, indicator.code, population, rows):
        for relief in (m for m in limits if m.name == kind.value):
            stages = [STAGES.index(relief.stage)] if relief.stage else [PRIMARY, JUNIOR]
            place = np.ix_(school, stages)
            area[place] = np.minimum(area[place], relief.value)
    return limit.at(area)


def school_size(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C11: pupils of the compulsory stages together; the limit goes by kind of school.

    `value` is the largest school's.
    """
    population = inputs.population
    rows = asked(inputs, indicator)
    school = population.schools_of(rows)
    pupils, ends = _pupils(inputs, rows)
    pupils, ends = pupils[school], ends.at(school)
    held = _by_kind(inputs, indicator, population.kind[school])
    limit = held.value
    for limits, relieved in reliefs(inputs.transition, indicator.code, population, rows):
        mine = np.isin(school, relieved)
        for k, kind in enumerate(KINDS):
            value = [m.value for m in limits if m.kind == kind] or [m.value for m in limits if m.kind is None]
            if value:
                place = mine & (population.kind[school] == k)
                limit[place] = np.maximum(limit[place], value[0])
    part = _part(population, "", school, pupils, limit=limit, side=held.side, range=ends)
    return IndicatorFigures(indicator.code, _largest(population, school, ends), (part,))


def _by_kind(inputs: Inputs, indicator: Indicator, kind: np.ndarray) -> LimitInForce:
    """Return the limit of each school by its kind; that of a kind not reported comes last."""
    year = inputs.population.year
    kinds = [inputs.standard.limit_in_force(indicator.code, kind=k, year=year) for k in (*KINDS, None)]
    return LimitInForce.each(kinds, kind)


def class_size(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C12: no class above the limit of its stage; an average that keeps it proves nothing.

    `value` is the largest class, of a section and of the district. Where not every class is listed, it
    can be what `_largest_class_of_section` says.
    """
    population = inputs.population
    rows = asked(inputs, indicator)
    stage = population.stage[rows]
    listed = population.listed_classes
    every = _largest_class_of_section(listed, population)
    ends = every.at(rows)
    by_stage = [
        inputs.standard.limit_in_force(indicator.code, stage=STAGES[code], year=population.year)
        for code in (PRIMARY, JUNIOR)
    ]
    limit = LimitInForce.each(by_stage, np.minimum(population.stage[listed.row], JUNIOR))
    large = ~limit.meets(listed.size)
    above = np.bincount(listed.row[large], listed.number[large], minlength=len(population.stage))[rows]
    note = np.full(len(rows), None, dtype=object)
    over = np.flatnonzero(above)
    note[over] = [
        Message(*_TOO_LARGE[by_stage[code].side], count, by_stage[code].value)
        for count, code in zip(above[over], stage[over], strict=True)
    ]
    part = _part(population, "", population.school[rows], ends.known, stage=stage, note=note, range=ends)
    school, whole = _shared_classes(listed, population, rows, every.high)
    if not len(school):
        return IndicatorFigures(indicator.code, _largest(population, population.school[rows], ends), (part,))
    lowest, highest = (np.full(len(school), pick(held.value for held in by_stage)) for pick in (min, max))
    mixed = _part(
        population,
        "",
        school,
        whole.known,
        stage=np.full(len(school), WHOLE),
        limit=np.where(lowest == highest, lowest, np.nan),
        side=by_stage[0].side,
        note=np.full(
            len(school),
            Message("班额分档填报，不分学段", "classes listed by size, the stages as one"),
            dtype=object,
        ),
        range=whole,
        limit_range=Range(lowest, highest),
    )
    all_of_them = Range(np.append(ends.low, whole.low), np.append(ends.high, whole.high))
    value = _largest(population, np.append(population.school[rows], school), all_of_them)
    return IndicatorFigures(indicator.code, value, (part, mixed))


def _shared_classes(
    listed: ListedClasses, population: Population, rows: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, Range]:
    """Return the schools that list the classes of both compulsory stages as one, and their largest class.

    A class of such a list is of one stage or the other; where a senior stage is in it too, it may be
    none that is asked for.
    """
    count = len(population.schools)
    asked_of, all_stages = (np.bincount(population.school[at], minlength=count) for at in (rows, slice(None)))
    school = np.flatnonzero((listed.shared_high > 0) & (asked_of == 2) & (all_stages == 2))
    top = np.zeros(count)
    np.maximum.at(top, population.school[rows], high[rows])
    return school, Range(
        listed.shared_low[school], np.where(np.isinf(top), np.inf, listed.shared_high)[school]
    )


_TOO_LARGE = {
    "<=": ("{:.0f} 个班超过 {:.0f} 人", "{:.0f} classes above {:.0f} pupils"),
    "<": ("{:.0f} 个班达到或超过 {:.0f} 人", "{:.0f} classes of {:.0f} pupils or more"),
}


def _largest_class_of_section(listed: ListedClasses, population: Population) -> Range:
    """Return what the largest class of each section can be, shape (sections,).

    All classes are known where as many are listed, each with its pupils, as are reported. A list that is
    longer contradicts the number, which then says nothing, as a blank one does: there may be another
    class, unless those listed have all the pupils of the section. A class that is not listed may have
    any size; those that are known to be lacking have at least the mean of the pupils left, and so have
    those in bands of sizes. What a school lists for several stages as one may be of any of them, and is
    all there is where it has as many as the stages reported together, or the stages did not.

    Examples
    --------
    Of 130 pupils in 3 classes, 40 and 42 are listed: the third has 48 at least, by the number of pupils.
    Were the number of classes blank, there might be one more or several; were all 130 listed, none.
    """
    pupils, reported = population.figures["pupils"], population.figures["classes"]
    named = listed.counted + listed.banded
    fixed = reported >= named + listed.blank  # a missing number compares as False
    lacking = np.where(fixed, reported - named, listed.blank)
    left = pupils - listed.pupils
    others = (lacking > 0) | (~fixed & ~((left == 0) & (listed.band_high == 0)))
    not_single = lacking + listed.banded
    # Each class has a pupil: fewer pupils than classes contradict each other, and bound nothing.
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(fixed & (not_single > 0) & (left >= not_single), np.ceil(left / not_single), 0)
    high = np.maximum(listed.largest, listed.band_high)
    shared = listed.shares(population)
    if shared.any():
        of_school, size = population.school, len(population.schools)
        total = np.bincount(of_school, reported, size)
        listed_in_all = np.bincount(of_school, named, size) + listed.shared
        complete = np.where(np.isnan(total), ~listed.shared_open, total == listed_in_all)
        complete &= np.bincount(of_school, listed.blank, size) == 0
        others = np.where(shared, ~complete[of_school], others)
        high = np.maximum(high, np.where(shared, listed.shared_high[of_school], 0))
    return Range(np.maximum.reduce([listed.largest, listed.band_low, mean]), np.where(others, np.inf, high))


def small_school_funds(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C13: a small rural school is funded for 100 pupils: allocation >= 100 × base amount.

    Small is fewer pupils than the limit ``pupils``; which locations are rural is a rule of the standard,
    the pupils counted are an option. A school of both stages has the base amounts weighted by its
    pupils. One that is small or rural only perhaps fails nothing, and passes where its money is enough.
    `value` is the share of small schools that are so funded.
    """
    population = inputs.population
    rows = asked(inputs, indicator)
    pupils, ends = _pupils(inputs, rows)
    few = inputs.standard.limit_in_force(indicator.code, name="pupils", year=population.year)
    is_small, is_large = decided(ends.low, ends.high, few, few)
    rural, unknown_place = rural_schools(inputs)
    has_rows = np.bincount(population.school[rows], minlength=len(pupils)) > 0
    school = np.flatnonzero(has_rows & ~is_large & (rural | unknown_place))
    unknown_size = ~is_small[school]
    base = _base_amount(inputs, rows, pupils)
    counted = indicator.options["counted_pupils"]
    need = Range(counted * base.low, counted * base.high).at(school)
    allocated, funds = _funds(inputs, "allocation_yuan", school)
    funds = funds.maybe_not_asked(unknown_size | unknown_place[school])
    note = np.full(len(school), None, dtype=object)
    note[unknown_size] = Message(
        "在校生未报齐，是否为小规模学校不明", "Pupils not all reported: it may or may not be a small school"
    )
    note[unknown_place[school]] = Message(
        "所在地类型未填，是否为农村学校不明", "Location not reported: it may or may not be rural"
    )
    part = _part(
        population,
        "allocation",
        school,
        allocated,
        limit=need.known,
        note=note,
        range=funds,
        limit_range=need,
    )
    always, never = decided(
        funds.low, funds.high, inputs.standard.hold(need.low), inputs.standard.hold(need.high)
    )
    always &= ~(unknown_size | unknown_place[school])  # whether it is one of the small schools is not known
    return IndicatorFigures(indicator.code, _met(population, school, always, never), (part,))


def rural_schools(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Return which schools are rural (农村), and of which it is not known; shape (schools,)."""
    place = inputs.population.schools["location"]
    rural = place.isin([str(location) for location in inputs.standard.rules.rural.locations])
    return rural.fillna(False).to_numpy(dtype=bool), place.isna().to_numpy()


def _count(population: Population, school: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.bincount(population.district[school], weights=which, minlength=len(population.districts))


def _base_amount(inputs: Inputs, rows: np.ndarray, pupils: np.ndarray) -> Range:
    """Return each school's base amount a pupil, weighted by the pupils of its stages, shape (schools,).

    Where its pupils are not known it lies between the amounts of its stages.
    """
    population, size = inputs.population, len(inputs.population.schools)
    school = population.school[rows]
    amounts = np.stack([inputs.figure(f"base_amount_{stage}_yuan") for stage in ("primary", "junior")])
    each = Range.of(amounts[population.stage[rows], population.district[school]])
    mine = population.figures["pupils"][rows]
    ends = []
    for end, beyond, extreme in ((each.low, np.inf, np.minimum), (each.high, -np.inf, np.maximum)):
        between = np.full(size, beyond)
        extreme.at(between, school, end)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(school, weights=mine * end, minlength=size) / pupils
        ends.append(np.where(np.isnan(pupils), between, mean))
    return Range(*ends)


def _funds(inputs: Inputs, column: str, school: np.ndarray) -> tuple[np.ndarray, Range]:
    """Return a column of ``funds`` of these schools, campuses added, and what it can be."""
    population = inputs.population
    records, total = population.records, funds_by_school(population, column)[school]
    known = np.nan_to_num(records.rows("funds")[column].to_numpy(dtype=float))
    given = np.bincount(population.root[records.places("funds")], known, minlength=len(population.schools))
    return total, Range.of(total, low=given[school])


def trained(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C16: full-time teachers with 360 hours of training in five years, of all full-time teachers."""
    return _share_of_teachers(inputs, indicator, "trained_teachers")


def certified(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C19: full-time teachers with a teaching certificate, of all full-time teachers."""
    return _share_of_teachers(inputs, indicator, "certified_teachers")


def _share_of_teachers(inputs: Inputs, indicator: Indicator, figure: str) -> IndicatorFigures:
    population = inputs.population
    rows = asked(inputs, indicator)
    school = population.school[rows]
    having, all_of_them = population.figures[figure][rows], population.figures["full_time_teachers"][rows]
    share = percent(having, all_of_them)
    low, high = _shares(inputs, figure, "full_time_teachers")
    part = _part(
        population,
        "",
        school,
        share,
        stage=population.stage[rows],
        verdict=np.where(all_of_them == 0, NOT_APPLICABLE, OPEN),
        range=_between(low[:, rows], high[:, rows]),
        note=_short(share, (high[1] - high[0])[rows]),
    )
    value = percent(_count(population, school, having), _count(population, school, all_of_them))
    return IndicatorFigures(indicator.code, value, (part,))


def _shares(inputs: Inputs, part: str, whole: str) -> tuple[np.ndarray, np.ndarray]:
    """Return part and whole by section where their share is lowest, and where it is highest.

    Both have shape (2, sections): the part, then the whole. Site by site a part is at most its whole:
    what one site is short of, no other can make good.
    """
    population = inputs.population
    known = np.array([population.figures[part], population.figures[whole]])
    if not np.isnan(known).any():
        return known, known
    table, sites = population.records.rows("sections"), population.sites
    key = np.append(
        population.records.keys("sections"), (sites.school * len(STAGES) + sites.stage)[sites.silent]
    )
    unknown = np.full(sites.silent.sum(), np.nan)
    some, every = (np.append(table[name].to_numpy(dtype=float), unknown) for name in (part, whole))
    most = np.where(np.isnan(every), np.where(np.isnan(some), MOST, some), every)
    ends = (
        (np.nan_to_num(some), np.where(np.isnan(every), MOST, every)),
        (np.where(np.isnan(some), most, some), most),
    )
    low, high = (np.array([population.added_up(key, amount) for amount in end]) for end in ends)
    return low, high


def _between(low: tuple[np.ndarray, np.ndarray], high: tuple[np.ndarray, np.ndarray]) -> Range:
    """Return the range of a share in percent, of part and whole where it is lowest and highest."""
    return Range(
        np.nan_to_num(percent(*low), nan=0.0),
        np.nan_to_num(percent(*high), nan=np.inf, posinf=np.inf),
    )


def _short(share: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Say of shares that are not known how many persons are short at their highest."""
    note = np.full(len(share), None, dtype=object)
    for place in np.flatnonzero(np.isnan(share) & (short > 0)):
        note[place] = Message(
            "已报部分至少差 {:.0f} 人", "at least {:.0f} persons short in what is reported", short[place]
        )
    return note


def in_zone(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C20: pupils who live in their school's zone, by stage, at public, non-boarding city and town schools.

    A school whose ownership, boarding or location is not reported counts or does not: both are tried.
    `value` is the lower of the two stages'.
    """
    population = inputs.population
    options = indicator.options
    schools = population.schools
    wanted = np.ones(len(schools), dtype=bool)
    unknown = np.zeros(len(schools), dtype=bool)
    for column, allowed in (
        ("ownership", [options["ownership"]]),
        ("location", list(options["locations"])),
        ("boarding", [options["boarding"]]),
    ):
        missing = schools[column].isna().to_numpy()
        wanted &= missing | schools[column].isin(allowed).to_numpy(dtype=bool)
        unknown |= missing
    low, high = _shares(inputs, "in_zone_pupils", "pupils")
    rows, parts = asked(inputs, indicator), []
    for code in (PRIMARY, JUNIOR):
        mine = rows[(population.stage[rows] == code) & wanted[population.school[rows]]]
        school = population.school[mine]
        sure = ~unknown[school]
        near, all_of_them = (population.figures[name][mine] for name in ("in_zone_pupils", "pupils"))
        share = percent(_count(population, school, near), _count(population, school, all_of_them))
        share[np.unique(population.district[school[~sure]])] = np.nan
        lowest = _extreme(population, school, low[:, mine], sure, np.less)
        highest = _extreme(population, school, high[:, mine], sure, np.greater)
        asks = _count(population, school, sure) > 0
        ends = _between(lowest, highest).maybe_not_asked(~asks)
        none = _count(population, school, np.ones(len(mine))) == 0
        parts.append(
            Figure(
                "",
                np.arange(len(population.districts)),
                share,
                stage=np.full(len(population.districts), code),
                verdict=np.where(none, NOT_APPLICABLE, OPEN),
                range=ends,
                note=_short(share, _count(population, school, sure * (high[1] - high[0])[mine])),
            )
        )
    first, second = (part.value for part in parts)
    asks_first, asks_second = (part.verdict == OPEN for part in parts)
    lower = np.where(asks_first & asks_second, np.minimum(first, second), np.where(asks_first, first, second))
    return IndicatorFigures(indicator.code, lower, tuple(parts))


def _extreme(
    population: Population, school: np.ndarray, ends: np.ndarray, sure: np.ndarray, beyond: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Return part and whole by district with those doubtful schools whose own share lies beyond the whole's.

    The schools that lower (or raise) a share are those below (or above) what it comes to: each round
    counts them, until none is left to add or to leave out.
    """
    part, whole = ends
    district = population.district[school]

    def added(take: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _count(population, school, part * take), _count(population, school, whole * take)

    # Where no school is sure to count, all of them are the first trial.
    sums = added(sure | ~(_count(population, school, sure) > 0)[district])
    while True:
        share = percent(*sums)
        tried = added(sure | beyond(100 * part, share[district] * whole))
        found = percent(*tried)
        further = beyond(found, share) & (np.abs(found - share) > 1e-10)
        if not further.any():
            return sums
        sums = tuple(np.where(further, new, old) for new, old in zip(tried, sums, strict=True))


def training_funds(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C26: training money of public funds, in the budget and in the final account, at every school.

    `value` is the worst school's: the worst decides.
    """
    population = inputs.population
    school = population.schools_of(asked(inputs, indicator))
    parts, ends = [], []
    for account in ("budget", "final"):
        spent, some = _funds(inputs, f"training_{account}_yuan", school)
        public, all_of_it = _funds(inputs, f"public_funds_{account}_yuan", school)
        share = percent(spent, public)
        ends.append(some.over(all_of_it))
        parts.append(_part(population, account, school, share, range=ends[-1]))
    worst = Range(*(-np.concatenate([getattr(each, end) for each in ends]) for end in ("high", "low")))
    return IndicatorFigures(indicator.code, -_largest(population, np.tile(school, 2), worst), tuple(parts))
