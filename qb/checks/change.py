"""Y: from one year to the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qb.checks.rule import Found, Rule
from qb.checks.units import slips
from qb.checks.view import STAGES, View
from qb.schema import TABLES
from qb.standard import Jump
from qb.terms import GRADES_OF_STAGE, Severity

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

RULES: tuple[Rule, ...] = (
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
