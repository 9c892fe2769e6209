"""Rules U, Y and Z of the check: another unit, jumps from one year to the next, outliers among schools of a stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qb.data.check_base import KINDS, STAGES, WHOLE, Found, Rule, View
from qb.data.check_column_units import (
    PUPILS,
    beyond,
    correction,
    doubted,
    doubts_of,
    plain,
    sentence,
    trusted,
    typed_unit,
    units_of,
    yards,
)
from qb.data.schema import ColumnKind, SchemaColumn
from qb.language import Message
from qb.standard import Jump
from qb.terms import GRADES_OF_STAGE, Severity

# Figures per pupil, and what is usual among schools of one stage and year.


_NORMAL = 1.4826  # the median absolute deviation of a bell curve is its deviation divided by this


@dataclass(frozen=True)
class PerPupil:
    """One column per pupil, row by row, with the peers it is compared with."""

    # (rows,): per pupil; NaN where the figure or the pupils are not known or 0, where the school is of a kind
    # that the seven leave out, still filling up, or too small to compare.
    value: np.ndarray
    usual: np.ndarray  # (rows,): median of the peers; NaN where there are too few of them
    spread: np.ndarray  # (rows,): their robust deviation on the logarithmic scale


def levels(view: View, table: str, column: str) -> PerPupil:
    """Return a column per pupil.

    Peers are the rows of the same year and stage in the whole dataset; where these are fewer than the
    standard asks (schools that report facilities as one, say) all rows of the year.
    """
    return view.once(("levels", table, column), lambda: _levels(view, table, column))


def _levels(view: View, table: str, column: str) -> PerPupil:
    rule = view.checks.peers
    amount, heads = trusted(view, table, column), view.pupils[view.slot(table)]
    ordinary = _ordinary(view)[view.school(table)] & ~view.filling(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(ordinary & (amount > 0) & (heads >= max(rule.pupils, 1)), amount / heads, np.nan)
        log = np.log(value)
    usual, spread = np.full((2, len(value)), np.nan)
    year, stage = view.year(table), view.stage(table)
    for whom in (np.zeros_like(year), 1 + stage):  # the finer groups, where they are large enough
        group = np.where(np.isnan(log), -1, year * (len(STAGES) + 1) + whom)
        for number in np.unique(group[group >= 0]):
            rows = group == number
            if rows.sum() >= rule.schools:
                middle = np.median(log[rows])
                usual[rows] = np.exp(middle)
                spread[rows] = _NORMAL * np.median(np.abs(log[rows] - middle))
    return PerPupil(value, usual, spread)


def _ordinary(view: View) -> np.ndarray:
    """Return whether each school is one to compare with others, and False for an unknown one at -1."""
    special = [KINDS.index(kind) for kind in view.standard.rules.exclusion.kinds]
    return np.append(~np.isin(view.kind, special), False)


# U: figures typed in another unit.


_TABLES = ("sections", "facilities", "funds")


@dataclass(frozen=True)
class Slips:
    """The rows of one column that seem to be in another unit."""

    slip: np.ndarray  # (rows,) of int: which of the units that people type, -1 for none
    ratio: np.ndarray  # (rows,): the figure as a multiple of what it was compared with
    past: np.ndarray  # (rows,) of bool: whether that was the school's own past; else the median of its peers

    @property
    def found(self) -> np.ndarray:
        """Which rows are meant, boolean."""
        return self.slip >= 0


def slips(view: View, table: str, column: SchemaColumn) -> Slips:
    """Return the rows of a column that are too small, or too large, by the factor of another unit.

    A figure is compared with the last one of the same school that was in order and, where that says
    nothing, with its peers per pupil.
    """
    return view.once(("slips", table, column.name), lambda: _slips(view, table, column))


def _slips(view: View, table: str, column: SchemaColumn) -> Slips:
    factors = np.array([unit.factor for unit in units_of(view, column)])
    amount = view.numbers(table, column.name)
    if not len(factors):
        return Slips(np.full(len(amount), -1), amount, np.zeros(len(amount), dtype=bool))
    amount = trusted(view, table, column.name)
    per_pupil = levels(view, table, column.name)
    with np.errstate(invalid="ignore"):
        ratio = per_pupil.value / per_pupil.usual
    slip = _nearest(ratio, factors, view.checks.slip_tolerance)
    past = np.zeros(len(amount), dtype=bool)
    last = np.full(len(view.schools) * len(STAGES), np.nan)
    for rows, slot in view.by_year(table):
        with np.errstate(invalid="ignore", divide="ignore"):
            before = amount[rows] / last[slot]
        like = _nearest(before, factors, view.checks.slip_tolerance)
        new = like >= 0
        slip[rows[new]], ratio[rows[new]], past[rows[new]] = like[new], before[new], True
        good = (slip[rows] < 0) & (amount[rows] > 0)
        last[slot[good]] = amount[rows[good]]
    return Slips(slip, ratio, past)


def _nearest(ratio: np.ndarray, factors: np.ndarray, tolerance: float) -> np.ndarray:
    """Return which factor each ratio, or its inverse, is nearest to; -1 where none is within tolerance."""
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.abs(np.abs(np.log(ratio))[:, None] - np.log(factors))
    away = np.where(np.isnan(away), np.inf, away)
    nearest = away.argmin(axis=1)
    return np.where(away[np.arange(len(ratio)), nearest] <= np.log(tolerance), nearest, -1)


def _units_find(view: View) -> Iterator[Found]:
    for table in _TABLES:
        for column in view.tables[table].columns:
            if column.optional or not units_of(view, column):
                continue
            found = slips(view, table, column)
            amount = view.numbers(table, column.name)

            def say(p: int, column=column, found=found, amount=amount) -> Message:
                unit = units_of(view, column)[found.slip[p]]
                ratio = found.ratio[p]
                whose = (
                    Message("本校以往填报数", "what the school reported before")
                    if found.past[p]
                    else Message("同学段学校人均水平", "the mean per pupil of schools of the stage")
                )
                if ratio < 1:
                    what = Message(
                        "约为{}的 1/{:,.0f}，像是按“{}”填的",
                        "about 1/{1:,.0f} of {0}, as if entered in {2}",
                        whose,
                        1 / ratio,
                        typed_unit(unit),
                    )
                else:
                    what = Message(
                        "约为{}的 {:,.0f} 倍，像是多乘了 {:,.0f}",
                        "about {1:,.0f} times {0}, as if multiplied by {2:,.0f}",
                        whose,
                        ratio,
                        unit.factor,
                    )
                return Message(
                    "“{}”{:,.15g}{}，{}", "{} {:,.15g} {}: {}", column, amount[p], column.measure, what
                )

            yield Found(table, np.flatnonzero(found.found), column.name, say)


# Figures beyond anything plausible, held against the standard's own limits.


def _find_implausible(view: View) -> Iterator[Found]:
    """Find columns in another unit, each said once, and single figures that no peer and no past tells."""
    for doubt in doubts_of(view):
        yard, message, mend = doubt.yard, sentence(view, doubt), correction(view, doubt)
        yield Found(
            yard.table, doubt.rows, yard.column, lambda _, m=message: m, together=True, mend=mend or None
        )
    for yard in yards(view):
        told = doubted(view, yard.table, yard.column)
        told = told | slips(view, yard.table, yard.named).found
        peers = yard.column in view.checks.peers.columns.get(yard.table, ())
        low, high = beyond(view, yard)
        heads = view.pupils[view.slot(yard.table)]
        few = heads < view.checks.peers.pupils  # of a school of ten pupils a small amount says nothing
        whole = yard.named.kind is ColumnKind.COUNT  # nor does one teacher, or one room
        with np.errstate(invalid="ignore"):
            high = (
                high
                & (yard.ratio * np.where(few, heads / view.checks.peers.pupils, 1) > 1)
                & ~(few & (yard.ratio * heads / view.checks.peers.pupils <= view.checks.plausible_factor))
            )
        odd = ((low & ~few & ~whole) | high) & ~told
        if peers and odd.any():
            odd &= ~outliers(view, yard.table, yard.column)

        def say(p: int, yard=yard) -> Message:
            amount = view.numbers(yard.table, yard.column)[p]
            times = yard.ratio[p]
            shown = Message("{} 倍", "{} times", plain(times)) if times > 1 else f"1/{plain(1 / times)}"
            return (
                Message(
                    "“{}”{:,.15g}{}，平均每名学生是{}的 {}",
                    "{0} {1:,.15g} {2}, per pupil {4} of {3}",
                    yard.named,
                    amount,
                    yard.named.measure,
                    yard.what,
                    shown,
                )
                if (yard.table, yard.column) != PUPILS
                else Message(
                    "“{}”{:,.15g}{}，与班级数相比是限值的 {}",
                    "{} {:,.15g} {}: against the classes {} of the limit",
                    yard.named,
                    amount,
                    yard.named.measure,
                    shown,
                )
            )

        yield Found(yard.table, np.flatnonzero(odd), yard.column, say)


def _not_whole(view: View) -> Iterator[Found]:
    """Find counts that are not whole, each column once; parts of a school's count by stage are none."""
    for name, table in view.tables.items():
        for column in table.columns:
            if column.kind is not ColumnKind.COUNT:
                continue
            values = trusted(view, name, column.name)
            odd = np.floor(values) != values
            odd &= ~np.isnan(values)
            if not odd.any():
                continue
            if name == "sections":
                odd &= ~_shared(view, values)
            rows = np.flatnonzero(odd)
            first = f"{values[rows[0]]:.12g}" if len(rows) else ""
            message = Message(
                "“{}”有 {} 行不是整数，如本行 {}{}",
                "{} has {} rows that are not whole, here {} {}",
                column,
                len(rows),
                first,
                column.measure,
            )
            yield Found(name, rows, column.name, lambda _, message=message: message, together=True)


def _shared(view: View, values: np.ndarray) -> np.ndarray:
    """Return which rows are of a school whose stages add up to a whole number: a count split by pupils."""
    slot = view.slot("sections") // len(STAGES)
    known = (slot >= 0) & ~np.isnan(values)
    total = np.bincount(slot[known], values[known], view.slots // len(STAGES) + 1)
    stages = np.bincount(slot[known], minlength=len(total))
    return known & (stages[slot] > 1) & (np.abs(total - np.round(total)) < 1e-6)[slot]


# fmt: off
UNIT_RULES = (
    Rule(
        "U01",
        Severity.WARNING,
        Message("单位像是填错", "A figure that seems to be in another unit"),
        Message("金额以元计，面积以平方米计", "Money is counted in yuan, areas in m²"),
        Message("表头写明单位：金额填元，面积填平方米；换算后改正", "Say the unit in the header: money in yuan, areas in m²; convert and put right"),
        _units_find,
    ),
    Rule(
        "U02",
        Severity.WARNING,
        Message("数大得或小得不可能", "A figure, or a column, beyond anything plausible"),
        Message("与本标准的限值相差五十倍以上的生均数，多是单位填错，结论因此不可信", "Amounts per pupil more than fifty times away from the standard's limits are mostly wrong units, so the verdicts cannot be trusted"),
        Message("核对单位和在校生数；金额填元，面积填平方米，人数填人，换算后改正", "Check the unit and the pupils; money in yuan, areas in m², persons one by one: convert and put right"),
        _find_implausible,
    ),
    Rule(
        "U03",
        Severity.WARNING,
        Message("个数不是整数", "A count that is not whole"),
        Message("人数、班数、间数是整数；小数多是单位或列填错", "Persons, classes and rooms are whole; a fraction is mostly a wrong unit or column"),
        Message("核对是不是填成了千人、万人或比例；没有数据就留空", "Check whether thousands or a share were entered; leave blank what is not known"),
        _not_whole,
    ),
)
# fmt: on


# Y: from one year to the next.


_GRADES = 13  # grades 1 to 12, and 0 for none


def jumps(view: View, rule: Jump) -> np.ndarray:
    """Return the row before each row that jumps against it, -1 for rows that do not.

    A row is compared with the last one of the same school and stage; after a jump, a return to what was
    before it is none. Schools that are filling up, and figures in another unit, are not compared.
    """
    return view.once(("jumps", rule.table, rule.column), lambda: _jumps(view, rule))


def _jumps(view: View, rule: Jump) -> np.ndarray:
    slipped = slips(view, rule.table, view.tables[rule.table][rule.column]).found
    amount = np.where(slipped, np.nan, trusted(view, rule.table, rule.column))
    against = np.full(len(amount), -1)
    filling = view.filling(rule.table)
    calm, last = np.full(
        (2, len(view.schools) * len(STAGES)), -1
    )  # row of the last figure, and of the last before a jump
    for rows, slot in view.by_year(rule.table):
        given = ~np.isnan(amount[rows])
        rows, slot = rows[given], slot[given]
        jump = _beyond(amount, rows, last[slot], rule) & ~filling[rows]
        back = (against[last[slot]] >= 0) & (last[slot] >= 0) & ~_beyond(amount, rows, calm[slot], rule)
        jump &= ~back
        against[rows[jump]] = last[slot[jump]]
        calm[slot] = np.where(jump, last[slot], rows)
        last[slot] = rows
    return against


def _beyond(amount: np.ndarray, rows: np.ndarray, others: np.ndarray, rule: Jump) -> np.ndarray:
    """Return where two figures are apart beyond the ratio and the amount; never where one is not known."""
    now, then = amount[rows], np.where(others >= 0, amount[others], np.nan)
    apart, small = np.abs(now - then), np.minimum(now, then)
    return (apart >= rule.amount) & (apart > (rule.ratio - 1) * small)


def _find_jumps(view: View) -> Iterator[Found]:
    for rule in view.checks.jumps:
        against = jumps(view, rule)
        amount = view.numbers(rule.table, rule.column)
        years, column = view.data[rule.table]["year"].to_numpy(), view.tables[rule.table][rule.column]

        def say(p: int, against=against, amount=amount, years=years, column=column) -> Message:
            then = against[p]
            return Message(
                "“{}”由 {} 学年的 {:,.15g} 变为 {:,.15g}（{}）",
                "{0} went from {2:,.15g} in {1} to {3:,.15g} ({4})",
                column,
                years[then],
                amount[then],
                amount[p],
                column.measure,
            )

        yield Found(rule.table, np.flatnonzero(against >= 0), rule.column, say)


def _cohorts(view: View) -> Iterator[Found]:
    """Find grades with far more pupils than the grade below had the year before, or where it had none."""
    rule, schools = view.checks.cohort, len(view.schools)
    school, grade = view.school("classes"), np.nan_to_num(view.numbers("classes", "grade")).astype(int)
    stage = np.array([s for s, of in enumerate(GRADES_OF_STAGE.values()) for _ in of])[grade.clip(1, 12) - 1]
    fits = (grade > 0) & (grade < _GRADES) & (stage == view.stage("classes"))
    if fits.sum() < 0.9 * np.count_nonzero(grade):
        return  # the grades themselves are in doubt (T01)
    rows = np.flatnonzero((school >= 0) & fits)
    place = (view.year("classes")[rows] * schools + school[rows]) * _GRADES + grade[rows]
    pupils = view.numbers("classes", "pupils")[rows]
    total = np.bincount(place, pupils, len(view.years) * schools * _GRADES)
    total = total.reshape(len(view.years), schools, _GRADES)
    found = np.zeros(total.shape, dtype=bool)
    for grades in GRADES_OF_STAGE.values():
        below, above = slice(grades.start, grades.stop - 1), slice(grades.start + 1, grades.stop)
        for year in np.flatnonzero(np.diff(view.years) == 1):
            then, now = total[year, :, below], total[year + 1, :, above]
            had = np.nansum(total[year, :, grades.start : grades.stop], axis=1)[:, None] > 0
            found[year + 1, :, above] = had & (now - then >= rule.amount) & (now > rule.ratio * then)
    flagged = np.flatnonzero(found.ravel()[place])
    _, first = np.unique(place[flagged], return_index=True)
    at = dict(zip(rows[flagged[first]].tolist(), place[flagged[first]].tolist(), strict=True))

    def say(p: int) -> Message:
        year, which, number = np.unravel_index(at[p], total.shape)
        then, now = total[year - 1, which, number - 1], total[year, which, number]
        return Message(
            "{} 年级有 {:.15g} 人，而 {} 学年 {} 年级",
            "grade {} has {:.15g} pupils, while in {} grade {} ",
            number,
            now,
            view.years[year - 1],
            number - 1,
        ) + (
            Message("只有 {:.15g} 人", "had {:.15g} only", then) if then else Message("没有学生", "had none")
        )

    yield Found("classes", np.sort(np.array(list(at), dtype=int)), "pupils", say)


_W = Severity.WARNING

# fmt: off
CHANGE_RULES: tuple[Rule, ...] = (
    Rule("Y01", _W, Message("年度变化过大", "A jump from one year to the next"),
         Message("一年之间人数、面积、设备很少成倍变化", "Pupils, areas and equipment rarely multiply within a year"),
         Message("核对两年的数；确有其事（合并、新建、搬迁）的保留并说明", "Check the figures of both years; keep what did happen (merged, built, moved) and say so"), _find_jumps),
    Rule("Y02", _W, Message("年级人数凭空增加", "A cohort that grows from nothing"),
         Message("同一届学生逐年升级，人数大体不变", "A cohort moves up year by year and stays about as large"),
         Message("核对两年的班级表：年级是否填错，上一年是否漏报", "Check the classes of both years: a wrong grade, or something not reported in the year before"), _cohorts),
)
# fmt: on


# Z: among schools of the same stage.


def outliers(view: View, table: str, column: str) -> np.ndarray:
    """Return which rows stand far from their peers per pupil and are not in another unit, boolean."""

    def make() -> np.ndarray:
        return _far(view, levels(view, table, column)) & ~slips(view, table, view.tables[table][column]).found

    return view.once(("outliers", table, column), make)


def _far(view: View, level: PerPupil) -> np.ndarray:
    rule = view.checks.peers
    with np.errstate(invalid="ignore"):
        away = np.abs(np.log(level.value / level.usual))
        return (away > rule.deviations * level.spread) & (away > np.log(rule.ratio))


def doubtful_pupils(view: View) -> np.ndarray:
    """Return the slots whose pupils are in doubt themselves: no other figure is blamed for them."""

    def make() -> np.ndarray:
        slot = view.slot("sections")
        wrong = outliers(view, "sections", "classes")
        for rule in view.checks.jumps:
            if (rule.table, rule.column) == ("sections", "pupils"):
                wrong = wrong | (jumps(view, rule) >= 0)
        doubtful = np.zeros(view.slots + 1, dtype=bool)  # the last: of an unknown school
        doubtful[slot[wrong & (slot >= 0)]] = True
        by_school = doubtful[:-1].reshape(-1, len(STAGES))
        by_school[:, WHOLE] = by_school.any(axis=1)
        return doubtful

    return view.once("doubtful pupils", make)


def _peers_find(view: View) -> Iterator[Found]:
    for table, names in view.checks.peers.columns.items():
        for name in names:
            column, level = view.tables[table][name], levels(view, table, name)
            found = outliers(view, table, name)
            if (table, name) != ("sections", "classes"):
                found = found & ~doubtful_pupils(view)[view.slot(table)]

            def say(p: int, column=column, level=level) -> Message:
                ratio = level.value[p] / level.usual[p]
                shown = Message("{} 倍", "{} times", plain(ratio)) if ratio >= 1 else f"1/{plain(1 / ratio)}"
                return Message(
                    "“{}”平均每名学生 {}{}，是同学段学校中位数 {}{} 的 {}",
                    "{0} is {1} {2} per pupil, {5} the median of schools of the stage, {3} {4}",
                    column,
                    plain(level.value[p]),
                    column.measure,
                    plain(level.usual[p]),
                    column.measure,
                    shown,
                )

            yield Found(table, np.flatnonzero(found), name, say)


# fmt: off
PEER_RULES = (
    Rule("Z01", Severity.WARNING, Message("远离同类学校", "Far from the schools of its stage"),
         Message("多一位或少一位数字，差异系数就会变样", "One digit more or less changes the difference coefficient"),
         Message("核对数值、位数与在校生数；属实的保留", "Check the figure, its digits and the pupils; keep what is right"), _peers_find),
)
# fmt: on
