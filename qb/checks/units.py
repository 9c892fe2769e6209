"""U: figures typed in another unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qb.checks.levels import levels
from qb.checks.rule import Found, Rule
from qb.checks.view import STAGES, View
from qb.schema import TABLES, Column
from qb.standard import UnitSlip
from qb.terms import Severity

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


def _find(view: View) -> Iterator[Found]:
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


# Resources of the seven, held against the standard's own limit per pupil.
_RESOURCES = {
    "C1": ("sections", "teachers_above_required"),
    "C4": ("facilities", "teaching_area_m2"),
    "C5": ("facilities", "sports_ground_m2"),
    "C6": ("facilities", "equipment_yuan"),
    "C7": ("facilities", "multimedia_rooms"),
}


def implausible(view: View, code: str) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's amount per pupil as a multiple of the limit, and the limit; NaN where not known."""
    table, column = _RESOURCES[code]
    indicator = view.standard[code]
    hundred = 100 if indicator.measure == "per_hundred" else 1
    by_stage = {limit.stage: limit.value / hundred for limit in indicator.limits if limit.kind is None}
    usual = by_stage.get(None, min(by_stage.values(), default=np.nan))
    limits = np.array([*(by_stage.get(stage, usual) for stage in STAGES), np.nan])[view.stage(table)]
    heads, amount = view.pupils[view.slot(table)], view.numbers(table, column)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((heads > 0) & (amount > 0), amount / heads / limits, np.nan), limits


def _find_implausible(view: View) -> Iterator[Found]:
    """Find columns of which half the rows or more are beyond belief; rows alone are told by their peers."""
    factor = view.checks.plausible_factor
    for code, (table, name) in _RESOURCES.items():
        if code not in {indicator.code for indicator in view.standard.indicators}:
            continue
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


RULES = (
    Rule(
        "U01",
        Severity.WARNING,
        "单位像是填错",
        "A figure that seems to be in another unit",
        "C4—C6、C13、C26 以元和平方米计",
        "表头写明单位：金额填元，面积填平方米；换算后改正",
        _find,
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
