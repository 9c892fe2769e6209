"""Columns in another unit, or with wrong pupils: most rows beyond anything plausible by the standard's own limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from qb.data.check_base import STAGES, WHOLE, View, counting_up
from qb.data.corrections import Correction, to_toml
from qb.data.schema import AMOUNTS, SchemaColumn
from qb.language import LANGUAGES, Both, Lang, Message, listing, told
from qb.standard import Limit, UnitSlip

PUPILS = ("sections", "pupils")
_FEWEST = 3  # rows of a year from which on they are told by themselves
LIKELY = 20  # times the limit that a resource may well be


@dataclass(frozen=True)
class Yardstick:
    """A column held against what is asked for each pupil; of pupils, against what a class may have."""

    table: str
    column: str
    ratio: np.ndarray  # (rows,): the figure as a multiple of what is asked; NaN where not known
    limit: np.ndarray  # (rows,): what is asked, per pupil; of pupils, per class
    what: str  # what it was compared with, in Chinese
    named: SchemaColumn  # the column as the registry or the standard describes it


@dataclass(frozen=True)
class DoubtedColumn:
    """Rows of a column that cannot be, most of those of their year."""

    yard: Yardstick
    rows: np.ndarray  # of int: positions in the table
    given: int  # rows with a figure in the years of these
    factor: float = np.nan  # what would make them plausible; NaN where no unit that people type would
    unit: UnitSlip | None = None  # the unit they seem to be in, or were multiplied for


def units_of(view: View, column: SchemaColumn) -> list[UnitSlip]:
    """Return the units that people type where this column's is asked."""
    return [slip for slip in view.checks.slips if slip.unit == column.unit]


def yards(view: View) -> list[Yardstick]:
    """Return every column that the standard says enough of, pupils first."""
    return view.once("yards", lambda: [_of_pupils(view), *_of_resources(view), *_of_funds(view)])


def _of_resources(view: View) -> Iterator[Yardstick]:
    seen = set()
    for indicator in view.standard.resources:
        table, column = place = indicator.adds_to
        if not indicator.limits or indicator.at_most or place in seen:
            continue
        if indicator.resource.divisor != "pupils":
            continue
        seen.add(place)
        limit = _by_stage(view, table, indicator.limits) / indicator.resource.per
        yield _per_pupil(view, table, column, limit, Message("{} 的限值", "the limit of {}", indicator.code))


def _of_funds(view: View) -> Iterator[Yardstick]:
    for asked in view.checks.funds:
        for column in asked.columns:
            limit = np.full(len(view.data["funds"]), asked.per_pupil)
            yield _per_pupil(view, "funds", column, limit, asked.what)


def _per_pupil(view: View, table: str, column: str, limit: np.ndarray, what: str) -> Yardstick:
    heads, amount = _believed(view)[view.slot(table)], view.numbers(table, column)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((heads > 0) & (amount > 0), amount / heads / limit, np.nan)
    return Yardstick(table, column, ratio, limit, what, view.tables[table][column])


def _believed(view: View) -> np.ndarray:
    """Return pupils by slot as `view.pupils`, without those beyond belief: what is told of these is told once."""

    def make() -> np.ndarray:
        odd = view.slot("sections")[np.logical_or(*beyond(view, _of_pupils(view)))]
        pupils = view.pupils.copy()
        pupils[odd] = pupils[odd - odd % len(STAGES) + WHOLE] = np.nan
        return pupils

    return view.once("believed", make)


def _of_pupils(view: View) -> Yardstick:
    table, column = PUPILS
    heads, classes = view.numbers(table, column), view.numbers(table, "classes")
    sizes = [view.standard.computed_by(measure) for measure in ("class_size", "school_size")]
    of_class, of_school = (_by_stage(view, table, size.limits) if size else np.nan for size in sizes)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((heads > 0) & (classes > 0), heads / classes / of_class, np.nan)
        ratio = np.where(heads / of_school > view.checks.plausible_factor, heads / of_school, ratio)
    limit, what = np.broadcast_to(of_class, heads.shape), Message("一个班的限值", "the limit of a class")
    return Yardstick(table, column, ratio, limit, what, view.tables[table][column])


def _by_stage(view: View, table: str, limits: tuple[Limit, ...]) -> np.ndarray:
    """Return the limit of each row's stage; for the whole school the lowest."""
    by_stage = {limit.stage: limit.value for limit in limits if limit.kind is None}
    usual = by_stage.get(None, min(by_stage.values(), default=np.nan))
    return np.array([*(by_stage.get(stage, usual) for stage in STAGES), np.nan])[view.stage(table)]


def beyond(view: View, yard: Yardstick) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are too low and which too high by the factor of the standard's checks."""
    factor = view.checks.plausible_factor
    with np.errstate(invalid="ignore"):
        return yard.ratio < 1 / factor, yard.ratio > factor


def doubts_of(view: View) -> list[DoubtedColumn]:
    """Return the columns of which most rows of a year are beyond belief, one for each direction.

    Where pupils are too few, or too many, for their classes, the amounts for each of them are not blamed
    too; nor where no class was reported and every amount of two units or more is too high.
    """
    return view.once("doubts", lambda: _doubts(view))


def _doubts(view: View) -> list[DoubtedColumn]:
    by_year = {yard.column: _by_year(view, yard) for yard in yards(view)}
    pupils, *others = yards(view)
    for place in {year for found in by_year.values() for year, _ in found}:
        for low in (True, False):
            if (place, low) in by_year[pupils.column]:
                for yard in others:
                    by_year[yard.column].pop((place, not low), None)
        if _pupils_to_blame(view, by_year, place):
            heads = view.numbers(*PUPILS)
            rows = np.flatnonzero((view.year("sections") == place) & (heads > 0))
            by_year[pupils.column][place, True] = rows, len(rows)
            shares = [by_year[yard.column].pop((place, False), None) and yard for yard in others]
            high = [np.nanmedian(yard.ratio) for yard in shares if yard]
            ratio = np.where(np.isnan(pupils.ratio), 1 / np.median(high), pupils.ratio)
            pupils = replace(pupils, ratio=ratio)
    found = []
    for yard in (pupils, *others):
        for low in (True, False):
            parts = [rows for (_, down), rows in by_year[yard.column].items() if down == low]
            if parts:
                rows = np.sort(np.concatenate([part for part, _ in parts]))
                found.append(_guessed(view, DoubtedColumn(yard, rows, sum(given for _, given in parts))))
    return found


def _by_year(view: View, yard: Yardstick) -> dict[tuple[int, bool], tuple[np.ndarray, int]]:
    """Return the rows in doubt by year and direction, where they are most of those given in it, or in all."""
    found = {}
    for low, odd in zip((True, False), beyond(view, yard), strict=True):
        if not odd.any():
            continue
        given = np.bincount(view.year(yard.table)[~np.isnan(yard.ratio)], minlength=len(view.years))
        of_year = np.bincount(view.year(yard.table)[odd], minlength=len(view.years))
        most = (of_year * 2 > given) & (given >= _FEWEST)
        if of_year.sum() * 2 > given.sum():
            most = of_year > 0
        for place in np.flatnonzero(most):
            rows = np.flatnonzero(odd & (view.year(yard.table) == place))
            found[int(place), low] = rows, int(given[place])
    return found


def _pupils_to_blame(view: View, by_year: dict[str, dict], place: int) -> bool:
    pupils, *others = yards(view)
    if (
        by_year[pupils.column].get((place, True))
        or not np.isnan(pupils.ratio[view.year("sections") == place]).all()
    ):
        return False
    there = [y for y in others if (~np.isnan(y.ratio) & (view.year(y.table) == place)).any()]
    high = [y for y in there if (place, False) in by_year[y.column]]
    return len(high) == len(there) and len({y.named.unit for y in high}) > 1


def _guessed(view: View, doubt: DoubtedColumn) -> DoubtedColumn:
    """Return it with the unit that would make the column plausible, where one would."""
    ratio = float(np.nanmedian(doubt.yard.ratio[doubt.rows]))
    factors = {
        unit.factor if ratio < 1 else 1 / unit.factor: unit for unit in units_of(view, doubt.yard.named)
    }
    likely = [factor for factor in factors if 1 / 5 < ratio * factor < LIKELY]
    if not likely:
        return doubt
    factor = min(likely, key=lambda factor: abs(np.log(ratio * factor)))
    return replace(doubt, factor=factor, unit=factors[factor])


def doubted(view: View, table: str, column: str) -> np.ndarray:
    """Return which rows of a column are in doubt with it, boolean."""
    found = np.zeros(len(view.data[table]), dtype=bool)
    for doubt in doubts_of(view):
        if (doubt.yard.table, doubt.yard.column) == (table, column):
            found[doubt.rows] = True
    return found


def trusted(view: View, table: str, column: str) -> np.ndarray:
    """Return a column of numbers without those in doubt: what is told of these is told once."""

    def make() -> np.ndarray:
        found, values = doubted(view, table, column), view.numbers(table, column)
        for rows in dragged_figures(view, table, view.tables[table][column]):
            found[rows] = True
        return np.where(found, np.nan, values) if found.any() else values

    return view.once(("trusted", table, column), make)


DRAGGED_TABLES = ("sections", "facilities", "funds")
_DRAGGED = 8  # rows from which on figures alike, or each one more, were dragged down
_LARGE = 20  # figures of which so many alike are no chance


def dragged_figures(view: View, table: str, column: SchemaColumn) -> list[np.ndarray]:
    """Return rows, in the order of the sheet, whose figures are all the same in a year, or count up by one."""

    def make() -> list[np.ndarray]:
        order = view.order(table)
        large = np.where((values := view.numbers(table, column.name)) >= _LARGE, values, np.nan)
        found = [order[run] for run in counting_up(large[order], _DRAGGED)]
        alike = _alike(view, table).get(column.name, [])
        return [*found, np.concatenate(alike)] if alike else found

    if table not in DRAGGED_TABLES or column.kind not in AMOUNTS:
        return []
    return view.once(("dragged figures", table, column.name), make)


def _alike(view: View, table: str) -> dict[str, list[np.ndarray]]:
    """Return for each column the rows of years in which its figures are all the same, as most others' are not."""

    def make() -> dict[str, list[np.ndarray]]:
        found: dict[str, list[np.ndarray]] = {}
        if table == "funds":  # of these each school may have the same
            return found
        year = view.year(table)
        for place in range(len(view.years)):
            rows, same, filled = np.flatnonzero(year == place), {}, 0
            for column in view.tables[table].columns if len(rows) >= _DRAGGED else ():
                if column.kind not in AMOUNTS:
                    continue
                values = view.numbers(table, column.name)[rows]
                given = values > 0
                if np.count_nonzero(given) >= _DRAGGED:
                    filled += 1
                    if (low := values[given].min()) == values[given].max():
                        same[column.name] = rows[given] if low >= _LARGE else None
            if 2 * len(same) <= filled:
                for name, of in same.items():
                    if of is not None:
                        found.setdefault(name, []).append(of)
        return found

    return view.once(("alike", table), make)


def plain(number: float) -> str:
    """Return a number to three digits as people write it, without powers of ten.

    >>> plain(7.94e6), plain(0.0000123), plain(5.234)
    ('7,940,000', '0.0000123', '5.23')
    """
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else np.format_float_positional(rounded, trim="-")


def sentence(view: View, doubt: DoubtedColumn) -> Message:
    """Say what cannot be, with the guess."""
    yard, rows = doubt.yard, doubt.rows
    column, first, factor = yard.named, int(rows[0]), view.checks.plausible_factor
    low = np.nanmedian(yard.ratio[rows]) < 1
    years = view.years[np.unique(view.year(yard.table)[rows])]
    when = Message("（{} 学年）", " ({})", listing(map(str, years))) if len(view.years) > 1 else ""
    each = Message("{}{}", "{} {}", plain(yard.ratio[first] * yard.limit[first]), column.measure)
    if (yard.table, yard.column) == PUPILS:
        classes = view.numbers("sections", "classes")[first]
        beside = Both("各项资源的生均数都太大", "every resource per pupil is too large")
        message = Message(
            "“{}”{}有 {} 行（共 {} 行有数据）不可能：如本行 {:,.15g}{}，{}",
            "{}{} has {} rows (of {} with data) that cannot be: here {:,.15g} {}, {}",
            column,
            when,
            len(rows),
            doubt.given,
            view.numbers(*PUPILS)[first],
            column.measure,
            Message("{:g} 个班", "{:g} classes", classes) if classes > 0 else beside,
        )
    else:
        times = Message("不到它的 1/{:g}", "less than 1/{:g} of it", factor)
        message = Message(
            "“{}”{}有 {} 行（共 {} 行有数据）每名学生的数不可能：如本行 {}，{}是 {:,.6g}{}，{}",
            "{}{} has {} rows (of {} with data) with an impossible figure per pupil: here {}, {} is {:,.6g} {}, {}",
            column,
            when,
            len(rows),
            doubt.given,
            each,
            yard.what,
            yard.limit[first],
            column.measure,
            times if low else Message("超过它的 {:g} 倍", "more than {:g} times it", factor),
        )
    return message + guess(doubt)


def typed_unit(unit: UnitSlip) -> Both:
    """Return a unit that people type, as a reader of each language knows it."""
    return Both(unit.typed, f"units of {unit.factor:,.6g}")


def guess(doubt: DoubtedColumn) -> Message | str:
    """Say which unit would make a column plausible; nothing where none would."""
    if doubt.unit is None:
        return ""
    if doubt.factor > 1:
        return Message(
            "；像是按“{}”填的，应乘 {:,.6g}",
            "; it looks entered in {}: multiply by {:,.6g}",
            typed_unit(doubt.unit),
            doubt.unit.factor,
        )
    return Message("；像是多乘了 {:,.6g}", "; it looks multiplied by {:,.6g}", doubt.unit.factor)


def correction(view: View, doubt: DoubtedColumn) -> str:
    """Return the lines of ``corrections.toml`` that mend a column; empty where no unit would.

    Nor are there any where figures in order lie among those in doubt: these are to be mended one by one.
    """
    if doubt.unit is None:
        return ""
    yard, amount = doubt.yard, view.numbers(doubt.yard.table, doubt.yard.column)
    year, odd = view.year(yard.table), np.zeros(len(amount), dtype=bool)
    odd[doubt.rows] = True
    places = np.unique(year[odd])
    every = len(places) == len(np.unique(year[amount > 0]))
    entries: dict[Lang, list[Correction]] = {lang: [] for lang in LANGUAGES}
    for place in [None] if every else places:
        mine = odd if place is None else odd & (year == place)
        least, most = amount[mine].min(), amount[mine].max()
        meant = (amount >= least) & (amount <= most) & (True if place is None else year == place)
        if (meant & ~odd & ~np.isnan(yard.ratio)).any():
            return ""
        unit = doubt.unit
        why = (
            Message("按“{}”填报", "reported in {}", typed_unit(unit))
            if doubt.factor > 1
            else Message("多乘了 {:g}", "multiplied by {:g} once too often", unit.factor)
        )
        by = Message("（写确认的单位，如某某局）", "(the office that confirms it)")
        for lang, listed in entries.items():
            listed.append(
                Correction.model_construct(
                    table=yard.table,
                    key={} if place is None else {"year": int(view.years[place])},
                    column=yard.column,
                    factor=float(f"{doubt.factor:.12g}"),
                    least=float(least),
                    most=float(most),
                    rows=int(meant.sum()),
                    why=told(why, lang),
                    confirmed_by=told(by, lang),
                    on=date.today(),
                )
            )
    written = {lang: to_toml(tuple(listed), applied=False) for lang, listed in entries.items()}
    return Message("{}", "{}", Both(**written))
