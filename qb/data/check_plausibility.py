"""Rules U, Y and Z: figures in another unit, from one year to the next, among schools of a stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qb.data.check_base import KINDS, STAGES, WHOLE, Found, Rule, View
from qb.data.schema import TABLES, Column
from qb.standard import Jump, UnitSlip
from qb.terms import GRADES_OF_STAGE, Severity

# Figures per pupil, and what is usual among schools of one stage and year.


_NORMAL = 1.4826  # the median absolute deviation of a bell curve is its deviation divided by this


@dataclass(frozen=True)
class Levels:
    """One column per pupil, row by row, with the peers it is compared with.

    Attributes
    ----------
    value : ndarray, shape (rows,)
        Per pupil; NaN where the figure or the pupils are not known or 0, where the school is of a kind
        that the seven leave out, still filling up, or too small to compare.
    usual : ndarray, shape (rows,)
        Median of the peers; NaN where there are too few of them.
    spread : ndarray, shape (rows,)
        Their robust deviation on the logarithmic scale.
    """

    value: np.ndarray
    usual: np.ndarray
    spread: np.ndarray


def levels(view: View, table: str, column: str) -> Levels:
    """Return a column per pupil.

    Peers are the rows of the same year and stage in the whole dataset; where these are fewer than the
    standard asks (schools that report facilities as one, say) all rows of the year.
    """
    return view.once(("levels", table, column), lambda: _levels(view, table, column))


def _levels(view: View, table: str, column: str) -> Levels:
    rule = view.checks.peers
    amount, heads = view.numbers(table, column), view.pupils[view.slot(table)]
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
    return Levels(value, usual, spread)


def _ordinary(view: View) -> np.ndarray:
    """Return whether each school is one to compare with others, and False for an unknown one at -1."""
    special = [KINDS.index(kind) for kind in view.standard.rules.exclusion.kinds]
    return np.append(~np.isin(view.kind, special), False)


# U: figures typed in another unit.


_TABLES = ("facilities", "funds")


@dataclass(frozen=True)
class Slips:
    """The rows of one column that seem to be in another unit.

    Attributes
    ----------
    slip : ndarray of int, shape (rows,)
        Which of the units that people type, -1 for none.
    ratio : ndarray, shape (rows,)
        The figure as a multiple of what it was compared with.
    past : ndarray of bool, shape (rows,)
        Whether that was the school's own past; else the median of its peers.
    """

    slip: np.ndarray
    ratio: np.ndarray
    past: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Which rows are meant, boolean."""
        return self.slip >= 0


def slips(view: View, table: str, column: Column) -> Slips:
    """Return the rows of a column that are too small, or too large, by the factor of another unit.

    A figure is compared with the last one of the same school that was in order and, where that says
    nothing, with its peers per pupil.
    """
    return view.once(("slips", table, column.name), lambda: _slips(view, table, column))


def units_of(view: View, column: Column) -> list[UnitSlip]:
    """Return the units that people type where this column's is asked."""
    return [slip for slip in view.checks.slips if slip.unit == column.unit]


def _slips(view: View, table: str, column: Column) -> Slips:
    factors = np.array([unit.factor for unit in units_of(view, column)])
    amount = view.numbers(table, column.name)
    if not len(factors):
        return Slips(np.full(len(amount), -1), amount, np.zeros(len(amount), dtype=bool))
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
        for column in TABLES[table].columns:
            if column.optional or not units_of(view, column):
                continue
            found = slips(view, table, column)
            amount = view.numbers(table, column.name)

            def say(p: int, column=column, found=found, amount=amount) -> str:
                unit = units_of(view, column)[found.slip[p]]
                ratio = found.ratio[p]
                whose = "本校以往填报数" if found.past[p] else "同学段学校人均水平"
                if ratio < 1:
                    what = f"约为{whose}的 1/{1 / ratio:,.0f}，像是按“{unit.typed}”填的"
                else:
                    what = f"约为{whose}的 {ratio:,.0f} 倍，像是多乘了 {unit.factor:,.0f}"
                return f"“{column.label}”{amount[p]:,.12g}{column.unit}，{what}"

            yield Found(table, np.flatnonzero(found.found), column.name, say)


# Resources, held against the standard's own limit per pupil.


def implausible(view: View, code: str) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's amount per pupil as a multiple of the limit, and the limit; NaN where not known."""
    indicator = view.standard[code]
    table, column = indicator.adds_to
    by_stage = {
        limit.stage: limit.value / indicator.resource.per for limit in indicator.limits if limit.kind is None
    }
    usual = by_stage.get(None, min(by_stage.values(), default=np.nan))
    limits = np.array([*(by_stage.get(stage, usual) for stage in STAGES), np.nan])[view.stage(table)]
    heads, amount = view.pupils[view.slot(table)], view.numbers(table, column)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((heads > 0) & (amount > 0), amount / heads / limits, np.nan), limits


def _find_implausible(view: View) -> Iterator[Found]:
    """Find columns of which half the rows or more are beyond belief; rows alone are told by their peers."""
    factor = view.checks.plausible_factor
    for indicator in view.standard.resources:
        if not indicator.limits or indicator.at_most or indicator.resource.divisor != "pupils":
            continue
        code, (table, name) = indicator.code, indicator.adds_to
        ratio, limits = implausible(view, code)
        given = ~np.isnan(ratio)
        for low in (True, False):
            with np.errstate(invalid="ignore"):
                odd = given & ((ratio < 1 / factor) if low else (ratio > factor))
            if not odd.any() or odd.sum() * 2 < given.sum():
                continue
            column, rows = TABLES[table][name], np.flatnonzero(odd)
            middle = float(np.median(ratio[rows]))
            first = int(rows[0])
            each = f"{ratio[first] * limits[first]:.3g}{column.unit}"
            beyond = f"不到限值的 1/{factor:g}" if low else f"超过限值的 {factor:g} 倍"
            message = (
                f"“{column.label}”有 {len(rows)} 行（共 {given.sum()} 行有数据）每名学生的数不可能："
                f"如本行 {each}，{code} 的限值是 {limits[first]:,.6g}{column.unit}，{beyond}"
                f"{_guess(view, column, middle)}"
            )
            yield Found(table, rows[:1], name, lambda _, message=message: message, None)


def _guess(view: View, column: Column, ratio: float) -> str:
    """Say which unit would make a column plausible."""
    likely = [unit for unit in units_of(view, column) if ratio < 1 and 0.2 < ratio * unit.factor < _LIKELY]
    if likely:
        unit = min(likely, key=lambda unit: abs(np.log(ratio * unit.factor)))
        return f"；像是按“{unit.typed}”填的，应乘 {unit.factor:,.6g}"
    times = [unit for unit in units_of(view, column) if ratio > 1 and 0.2 < ratio / unit.factor < _LIKELY]
    if times:
        unit = min(times, key=lambda unit: abs(np.log(ratio / unit.factor)))
        return f"；像是多乘了 {unit.factor:,.6g}"
    return "；或是在校生数填成了千人、万人" if ratio > 1 else ""


_LIKELY = 20  # times the limit that a resource may well be


UNIT_RULES = (
    Rule(
        "U01",
        Severity.WARNING,
        "单位像是填错",
        "A figure that seems to be in another unit",
        "C4—C6、C13、C26 以元和平方米计",
        "表头写明单位：金额填元，面积填平方米；换算后改正",
        _units_find,
    ),
    Rule(
        "U02",
        Severity.WARNING,
        "整列的数大得或小得不可能",
        "A column beyond anything plausible",
        "与本标准的限值相差五十倍以上的生均数，多是单位填错，结论因此不可信（C1、C4—C7）",
        "核对这一列的单位和在校生数；金额填元，面积填平方米，换算后改正",
        _find_implausible,
    ),
)


# Y: from one year to the next.


_GRADES = 13  # grades 1 to 12, and 0 for none


def jumps(view: View, rule: Jump) -> np.ndarray:
    """Return the row before each row that jumps against it, -1 for rows that do not.

    A row is compared with the last one of the same school and stage; after a jump, a return to what was
    before it is none. Schools that are filling up, and figures in another unit, are not compared.
    """
    return view.once(("jumps", rule.table, rule.column), lambda: _jumps(view, rule))


def _jumps(view: View, rule: Jump) -> np.ndarray:
    slipped = slips(view, rule.table, TABLES[rule.table][rule.column]).found
    amount = np.where(slipped, np.nan, view.numbers(rule.table, rule.column))
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
        years, column = view.data[rule.table]["year"].to_numpy(), TABLES[rule.table][rule.column]

        def say(p: int, against=against, amount=amount, years=years, column=column) -> str:
            then = against[p]
            return (
                f"“{column.label}”由 {years[then]} 学年的 {amount[then]:,.12g} "
                f"变为 {amount[p]:,.12g}（{column.unit}）"
            )

        yield Found(rule.table, np.flatnonzero(against >= 0), rule.column, say)


def _cohorts(view: View) -> Iterator[Found]:
    """Find grades with far more pupils than the grade below had the year before, or where it had none."""
    rule, schools = view.checks.cohort, len(view.schools)
    school, grade = view.school("classes"), np.nan_to_num(view.numbers("classes", "grade")).astype(int)
    rows = np.flatnonzero((school >= 0) & (grade > 0) & (grade < _GRADES))
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

    def say(p: int) -> str:
        year, which, number = np.unravel_index(at[p], total.shape)
        then, now = total[year - 1, which, number - 1], total[year, which, number]
        return f"{number} 年级有 {now:g} 人，而 {view.years[year - 1]} 学年 {number - 1} 年级" + (
            f"只有 {then:g} 人" if then else "没有学生"
        )

    yield Found("classes", np.sort(np.array(list(at), dtype=int)), "pupils", say)


_W = Severity.WARNING

CHANGE_RULES: tuple[Rule, ...] = (
    Rule(
        "Y01",
        _W,
        "年度变化过大",
        "A jump from one year to the next",
        "一年之间人数、面积、设备很少成倍变化",
        "核对两年的数；确有其事（合并、新建、搬迁）的保留并说明",
        _find_jumps,
    ),
    Rule(
        "Y02",
        _W,
        "年级人数凭空增加",
        "A cohort that grows from nothing",
        "同一届学生逐年升级，人数大体不变",
        "核对两年的班级表：年级是否填错，上一年是否漏报",
        _cohorts,
    ),
)


# Z: among schools of the same stage.


def outliers(view: View, table: str, column: str) -> np.ndarray:
    """Return which rows stand far from their peers per pupil and are not in another unit, boolean."""

    def make() -> np.ndarray:
        return _far(view, levels(view, table, column)) & ~slips(view, table, TABLES[table][column]).found

    return view.once(("outliers", table, column), make)


def _far(view: View, level: Levels) -> np.ndarray:
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
            column, level = TABLES[table][name], levels(view, table, name)
            found = outliers(view, table, name)
            if (table, name) != ("sections", "classes"):
                found = found & ~doubtful_pupils(view)[view.slot(table)]

            def say(p: int, column=column, level=level) -> str:
                ratio = level.value[p] / level.usual[p]
                shown = f"{ratio:.3g} 倍" if ratio >= 1 else f"1/{1 / ratio:.3g}"
                return (
                    f"“{column.label}”平均每名学生 {level.value[p]:.3g}{column.unit}，"
                    f"是同学段学校中位数 {level.usual[p]:.3g}{column.unit} 的 {shown}"
                )

            yield Found(table, np.flatnonzero(found), name, say)


PEER_RULES = (
    Rule(
        "Z01",
        Severity.WARNING,
        "远离同类学校",
        "Far from the schools of its stage",
        "多一位或少一位数字，差异系数就会变样（C1—C7）",
        "核对数值、位数与在校生数；属实的保留",
        _peers_find,
    ),
)
