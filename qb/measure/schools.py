"""The figures of C10–C13, C16, C19, C20 and C26: found at schools, answered for by the district."""

from __future__ import annotations

import numpy as np

from qb.limits import LimitInForce
from qb.measure.census import JUNIOR, KINDS, PRIMARY, STAGES, WHOLE, Census, codes
from qb.measure.clauses import holds
from qb.measure.parts import NO_DATA, NOT_APPLICABLE, OPEN, Inputs, Measure, Part, percent
from qb.measure.resources import funds_by_school
from qb.standard import Indicator
from qb.terms import COMPULSORY, Kind, RoomKind, Stage


def _sum(census: Census, rows: np.ndarray, figure: str) -> np.ndarray:
    """Sum a figure over sections by school, shape (schools,); a missing one makes the sum missing."""
    return np.bincount(
        census.school[rows], weights=census.figures[figure][rows], minlength=len(census.schools)
    )


def _part(census: Census, name: str, school: np.ndarray, value: np.ndarray, **more) -> Part:
    return Part(name, census.district[school], value, school=school, **more)


def _largest(census: Census, school: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the greatest value of each district, NaN where none is known."""
    top = np.full(len(census.districts), -np.inf)
    known = ~np.isnan(value)
    np.maximum.at(top, census.district[school[known]], value[known])
    return np.where(np.isinf(top), np.nan, top)


def special_rooms(inputs: Inputs, indicator: Indicator) -> Measure:
    """C10: one music room and one art room for every 12 classes begun, each kind by itself.

    Rooms below the stated area do not count. A school that lists rooms of one kind only has none of
    the other; a school that lists no room at all is "no data".
    """
    census = inputs.census
    judged = census.judged
    school = np.unique(census.school[judged])
    classes = _sum(census, judged, "classes")[school]
    table = census.of_year(inputs.data["rooms"])
    room_school = census.roots(table["school_id"])
    stage = codes(table["stage"], STAGES)
    ours = (stage == PRIMARY) | (stage == JUNIOR) | (stage == WHOLE) | (stage < 0)
    lists_rooms = np.bincount(room_school[ours], minlength=len(census.schools)) > 0
    area = table["area_m2"].to_numpy(dtype=float)
    needed = np.ceil(classes / indicator.options["classes_per_room"])
    parts = []
    for kind in RoomKind:
        areas = _room_area(inputs, indicator, kind)
        least = areas.at(areas.value[room_school, stage])
        mine = ours & (table["kind"] == kind).to_numpy()
        rooms = np.bincount(room_school[mine & least.meets(area)], minlength=len(census.schools))
        unknown = np.bincount(room_school[mine & np.isnan(area)], minlength=len(census.schools)) > 0
        # A room without an area may be large enough: only rooms that are settle anything.
        open_question = ~lists_rooms | (unknown & (rooms < _at(needed, school, len(rooms))))
        value = np.where(open_question, np.nan, rooms)[school]
        parts.append(_part(census, kind.value, school, value, limit=needed))
    enough_of = inputs.standard.hold(needed)
    enough = np.all([enough_of.meets(part.value) for part in parts], axis=0).astype(float)
    enough[np.any([np.isnan(part.value) for part in parts], axis=0)] = np.nan
    total = _count(census, school, np.ones(len(school)))
    met = _count(census, school, enough)
    return Measure(indicator.code, percent(met, total), tuple(parts))


def _at(values: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    spread = np.zeros(size)
    spread[places] = values
    return spread


def _room_area(inputs: Inputs, indicator: Indicator, kind: RoomKind) -> LimitInForce:
    """Return the least area of a room of a kind at each school and stage, shape (schools, stages)."""
    census = inputs.census
    limit = inputs.standard.limit_in_force(indicator.code, name=kind.value, year=census.year)
    area = np.full((len(census.schools), len(STAGES)), limit.value)
    for clause in _clauses(inputs, indicator):
        school = np.unique(census.school[census.judged][holds(clause, inputs.data, census)])
        for relief in (m for m in clause.limits if m.name == kind.value):
            stages = [STAGES.index(relief.stage)] if relief.stage else [PRIMARY, JUNIOR]
            place = np.ix_(school, stages)
            area[place] = np.minimum(area[place], relief.value)
    return limit.at(area)


def _clauses(inputs: Inputs, indicator: Indicator) -> list:
    clauses = inputs.transition.clauses if inputs.transition else ()
    return [clause for clause in clauses if clause.code == indicator.code and clause.limits]


def school_size(inputs: Inputs, indicator: Indicator) -> Measure:
    """C11: pupils of the compulsory stages together; the limit goes by kind of school.

    `value` is the largest school's.
    """
    census = inputs.census
    rows = census.judged
    school = np.unique(census.school[rows])
    pupils = _sum(census, rows, "pupils")[school]
    held = _by_kind(inputs, indicator, census.kind[school])
    limit = held.value
    for clause in _clauses(inputs, indicator):
        relieved = np.unique(census.school[rows][holds(clause, inputs.data, census)])
        mine = np.isin(school, relieved)
        for k, kind in enumerate(KINDS):
            value = [m.value for m in clause.limits if m.kind == kind] or [
                m.value for m in clause.limits if m.kind is None
            ]
            if value:
                place = mine & (census.kind[school] == k)
                limit[place] = np.maximum(limit[place], value[0])
    part = _part(census, "", school, pupils, limit=limit, side=held.side)
    return Measure(indicator.code, _largest(census, school, pupils), (part,))


def _by_kind(inputs: Inputs, indicator: Indicator, kind: np.ndarray) -> LimitInForce:
    """Return the limit of each school by its kind; that of a kind not reported comes last."""
    year = inputs.census.year
    kinds = [inputs.standard.limit_in_force(indicator.code, kind=k, year=year) for k in (*KINDS, None)]
    return LimitInForce.each(kinds, kind)


def class_size(inputs: Inputs, indicator: Indicator) -> Measure:
    """C12: no class above the limit of its stage; an average proves nothing.

    A section whose classes were not all reported is "no data", unless one that was is too large.
    `value` is the largest class.
    """
    census = inputs.census
    rows = census.judged
    table = census.of_year(inputs.data["classes"])
    size = table["pupils"].to_numpy(dtype=float)
    stage = codes(table["stage"], STAGES)
    keys = census.roots(table["school_id"]) * len(STAGES) + stage
    shape = len(census.schools) * len(STAGES)
    by_stage = [_class_limit(inputs, indicator, stage) for stage in STAGES]
    limit = LimitInForce.each(by_stage, stage)
    known = ~np.isnan(size)
    largest = np.full(shape, -np.inf)
    np.maximum.at(largest, keys[known], size[known])
    counted = np.bincount(keys[known], minlength=shape)
    above = np.bincount(keys[known & ~limit.meets(size)], minlength=shape)

    place = census.school[rows] * len(STAGES) + census.stage[rows]
    value = largest[place]
    # A missing number of classes compares as False, hence "not known to be complete".
    complete = counted[place] >= census.figures["classes"][rows]
    settled = (counted[place] > 0) & (complete | (above[place] > 0))
    value = np.where(counted[place] > 0, value, np.nan)
    note = np.full(len(rows), None, dtype=object)
    over = np.flatnonzero(above[place] > 0)
    note[over] = [
        f"{count} 个班{_TOO_LARGE[by_stage[code].side]} {by_stage[code].value:.0f} 人"
        for count, code in zip(above[place[over]], census.stage[rows[over]], strict=True)
    ]
    part = _part(
        census,
        "",
        census.school[rows],
        value,
        stage=census.stage[rows],
        verdict=np.where(settled, OPEN, NO_DATA),
        note=note,
    )
    return Measure(indicator.code, _largest(census, census.school[rows], value), (part,))


_TOO_LARGE = {"<=": "超过", "<": "达到或超过"}


def _class_limit(inputs: Inputs, indicator: Indicator, stage: Stage) -> LimitInForce:
    if stage not in COMPULSORY:
        return inputs.standard.hold(np.inf, "<=")
    return inputs.standard.limit_in_force(indicator.code, stage=stage, year=inputs.census.year)


def small_school_funds(inputs: Inputs, indicator: Indicator) -> Measure:
    """C13: a small rural school is funded for 100 pupils: allocation >= 100 × base amount.

    Small is fewer pupils than the limit ``pupils``; which locations count as rural, and the pupils
    counted, are options. A school of both stages has the base amounts weighted by its pupils.
    `value` is the share of small schools that are so funded.
    """
    census = inputs.census
    rows = census.compulsory[census.kind[census.school[census.compulsory]] != KINDS.index(Kind.SPECIAL)]
    pupils = _sum(census, rows, "pupils")
    place = census.schools["location"].to_numpy(dtype=object).astype(str)
    elsewhere = {"urban", "town", "rural"} - set(indicator.options["locations"])
    few = inputs.standard.limit_in_force(indicator.code, name="pupils", year=census.year).meets(pupils)
    unknown = np.isnan(pupils)
    has_rows = np.bincount(census.school[rows], minlength=len(pupils)) > 0
    small = has_rows & (few | unknown) & (pupils != 0) & ~np.isin(place, sorted(elsewhere))
    school = np.flatnonzero(small)
    need = indicator.options["counted_pupils"] * _base_amount(inputs, rows)[school]
    allocated = _funds(inputs, "allocation_yuan")[school]
    verdict = np.where(unknown[school], NO_DATA, OPEN)
    part = _part(census, "allocation", school, allocated, limit=need, verdict=verdict)
    open_question = np.isnan(allocated) | np.isnan(need) | unknown[school]
    enough = np.where(open_question, np.nan, inputs.standard.hold(need).meets(allocated))
    met = percent(_count(census, school, enough), _count(census, school, np.ones(len(school))))
    return Measure(indicator.code, met, (part,))


def _count(census: Census, school: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.bincount(census.district[school], weights=which, minlength=len(census.districts))


def _base_amount(inputs: Inputs, rows: np.ndarray) -> np.ndarray:
    """Return each school's base amount a pupil, weighted by the pupils of its stages, shape (schools,)."""
    census = inputs.census
    amounts = np.stack([inputs.figure(f"base_amount_{stage}_yuan") for stage in ("primary", "junior")])
    amount = amounts[census.stage[rows], census.district[census.school[rows]]]
    pupils = census.figures["pupils"][rows]
    total = np.bincount(
        census.school[rows], weights=np.where(pupils > 0, amount * pupils, 0), minlength=len(census.schools)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / _sum(census, rows, "pupils")


def _funds(inputs: Inputs, column: str) -> np.ndarray:
    return funds_by_school(inputs.data, inputs.census, column)


def trained(inputs: Inputs, indicator: Indicator) -> Measure:
    """C16: full-time teachers with 360 hours of training in five years, of all full-time teachers."""
    return _share_of_teachers(inputs, indicator, "trained_teachers")


def certified(inputs: Inputs, indicator: Indicator) -> Measure:
    """C19: full-time teachers with a teaching certificate, of all full-time teachers."""
    return _share_of_teachers(inputs, indicator, "certified_teachers")


def _share_of_teachers(inputs: Inputs, indicator: Indicator, figure: str) -> Measure:
    census = inputs.census
    rows = census.compulsory
    school = census.school[rows]
    having, all_of_them = census.figures[figure][rows], census.figures["full_time_teachers"][rows]
    part = _part(
        census,
        "",
        school,
        percent(having, all_of_them),
        stage=census.stage[rows],
        verdict=np.where(all_of_them == 0, NOT_APPLICABLE, OPEN),
    )
    value = percent(_count(census, school, having), _count(census, school, all_of_them))
    return Measure(indicator.code, value, (part,))


def in_zone(inputs: Inputs, indicator: Indicator) -> Measure:
    """C20: pupils who live in their school's zone, by stage, at public, non-boarding city and town schools.

    A school whose ownership, boarding or location is not reported makes its stage "no data".
    `value` is the lower of the two stages'.
    """
    census = inputs.census
    options = indicator.options
    schools = census.schools
    wanted = np.ones(len(schools), dtype=bool)
    unknown = np.zeros(len(schools), dtype=bool)
    for column, allowed in (
        ("ownership", [options["ownership"]]),
        ("location", list(options["locations"])),
        ("boarding", [options["boarding"]]),
    ):
        missing = schools[column].isna().to_numpy()
        wanted &= missing | schools[column].isin(allowed).fillna(False).to_numpy(dtype=bool)
        unknown |= missing
    parts = []
    for code in (PRIMARY, JUNIOR):
        mine = (census.stage == code) & (census.kind[census.school] != KINDS.index(Kind.SPECIAL))
        mine &= wanted[census.school] & (census.figures["pupils"] != 0)
        rows = np.flatnonzero(mine)
        school = census.school[rows]
        near = np.where(unknown[school], np.nan, census.figures["in_zone_pupils"][rows])
        none = _count(census, school, np.ones(len(rows))) == 0
        parts.append(
            Part(
                "",
                np.arange(len(census.districts)),
                percent(_count(census, school, near), _count(census, school, census.figures["pupils"][rows])),
                stage=np.full(len(census.districts), code),
                verdict=np.where(none, NOT_APPLICABLE, OPEN),
            )
        )
    value = np.fmin(parts[0].value, parts[1].value)
    return Measure(indicator.code, value, tuple(parts))


def training_funds(inputs: Inputs, indicator: Indicator) -> Measure:
    """C26: training money of public funds, in the budget and in the final account, at every school.

    `value` is the worst school's: the worst decides.
    """
    census = inputs.census
    school = np.unique(census.school[census.compulsory])
    parts = [
        _part(
            census,
            account,
            school,
            percent(
                _funds(inputs, f"training_{account}_yuan")[school],
                _funds(inputs, f"public_funds_{account}_yuan")[school],
            ),
        )
        for account in ("budget", "final")
    ]
    worst = -_largest(census, np.tile(school, 2), -np.concatenate([part.value for part in parts]))
    return Measure(indicator.code, worst, tuple(parts))
