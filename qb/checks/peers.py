"""Z: among schools of the same stage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qb.checks.change import jumps
from qb.checks.levels import Levels, levels
from qb.checks.rule import Found, Rule
from qb.checks.units import slips
from qb.checks.view import STAGES, WHOLE, View
from qb.schema import TABLES
from qb.terms import Severity


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


def _find(view: View) -> Iterator[Found]:
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


RULES = (
    Rule(
        "Z01",
        Severity.WARNING,
        "远离同类学校",
        "Far from the schools of its stage",
        "多一位或少一位数字，差异系数就会变样（C1—C7）",
        "核对数值、位数与在校生数；属实的保留",
        _find,
    ),
)
