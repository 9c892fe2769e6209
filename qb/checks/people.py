"""P: what is about persons has no place in a dataset."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qb.checks.rule import Found, Rule
from qb.checks.view import View
from qb.dataset.cells import find_numbers
from qb.personal import names_persons
from qb.schema import TABLES, ColumnKind
from qb.terms import Severity


def _headers(view: View) -> Iterator[Found]:
    for name, table in TABLES.items():
        for column in view.data[name]:
            if column not in table.by_name and names_persons(column):
                yield Found(name, None, column, lambda _, column=column: f"“{column}”像是个人信息")


def _numbers(view: View) -> Iterator[Found]:
    """Find numbers of persons where none was found on reading, when every cell is looked at."""
    named = {(found.table, found.column) for found in view.data.faults if found.rule == "P02"}
    for name, table in TABLES.items():
        for column, values in view.data[name].items():
            known = table.by_name.get(column)
            if (name, column) in named or (known is None and names_persons(column)):
                continue
            if known is not None and known.kind not in (ColumnKind.TEXT, ColumnKind.ID):
                continue
            found = find_numbers(values, codes=known is not None and known.kind is ColumnKind.ID)
            if found:
                what = "或".join(dict.fromkeys(kind for kinds in found.values() for kind in kinds))
                message = f"有 {len(found)} 个单元格像是{what}（首个在本行）"
                yield Found(name, np.array([*found][:1]), column, lambda _, message=message: message)


_WHY = "个人信息不得写入数据集和报告（个人信息保护法第六条：限于最小范围）"

RULES: tuple[Rule, ...] = (
    Rule(
        "P01",
        Severity.STOPS,
        "个人信息的列",
        "A column about persons",
        _WHY,
        "评估用不到个人信息，删去这一列后重新报送",
        _headers,
    ),
    Rule(
        "P02",
        Severity.STOPS,
        "身份证号或手机号码",
        "An identity or mobile number",
        _WHY,
        "删去这些内容；若只是编码，请改写得不像手机号码或身份证号",
        _numbers,
    ),
)
