"""Corrections: known errors of a source, with the wrong value expected, put right on reading.

The source stays as it came. When it no longer holds the wrong value, the correction itself is a fault:
somebody has mended the source, or the correction means another record.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator, model_validator

from qb.data.cell_values import convert
from qb.data.schema import AMOUNTS, TABLES, SchemaColumn, SchemaTable
from qb.errors import QbError
from qb.language import Message, listing
from qb.tomlfile import Entry, read_toml

FILE = "corrections.toml"  # in the folder of tables, or beside a workbook
Words = Annotated[str, Field(min_length=1)]
Value = bool | int | float | str  # a text may be empty: no data

# A person may have confirmed it; what is written down is the office that answers for it.
_OFFICE = re.compile(
    r"(局|委|办|办公室|政府|校|学|园|中心|处|科|股|室|所|部|院|会|厅|站|组|队)$"
    r"|\b(office|bureau|school|department|commission|committee|government|centre|center|authority)\b",
    re.IGNORECASE,
)


class CorrectionError(QbError):
    """A file of corrections that cannot be used; the message names every entry at fault."""


class Correction(Entry):
    """One cell put right, or a column in another unit."""

    # table, column: English names of the registry.
    table: Words
    # Columns and values that one record alone has, as the source has them; of a column, those that the
    # records in question have, or none.
    key: dict[Words, Value] = Field(default_factory=dict)
    column: Words
    # wrong, right: as a person would type them; an empty text is "no data". `wrong` may be what cannot be
    # read.
    wrong: Value | None = None
    right: Value | None = None
    # Of a column: what its amounts from `least` to `most`, in so many `rows`, are to be multiplied by.
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    least: Annotated[float, Field(ge=0)] | None = None
    most: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    why: Words
    confirmed_by: Words  # the office that confirmed it; no person's name
    on: date
    # The source holds the right value already: written so that the record of it is kept.
    applied: bool = False

    @field_validator("confirmed_by")
    @classmethod
    def _is_an_office(cls, given: str) -> str:
        if not _OFFICE.search(given):
            raise ValueError(
                Message(
                    "须写单位名称（如区教体局、某某小学），不写个人姓名",
                    "must name an office (such as an education bureau or a school), not a person",
                )
            )
        return given

    @model_validator(mode="after")
    def _fits_the_registry(self, info: ValidationInfo) -> Correction:
        tables = info.context or TABLES
        table = tables.get(self.table)
        if table is None:
            raise ValueError(
                Message(
                    "没有名为 {} 的表，可用：{}",
                    "there is no table {}; there are: {}",
                    self.table,
                    listing(tables),
                )
            )
        unknown = [name for name in (*self.key, self.column) if name not in table.by_name]
        if unknown:
            raise ValueError(
                Message(
                    "表 {} 没有列 {}，可用：{}",
                    "table {} has no column {}; there are: {}",
                    self.table,
                    listing(unknown),
                    listing(table.names),
                )
            )
        wrong, one, many = [], (self.wrong, self.right), (self.factor, self.least, self.most, self.rows)
        whole = None not in one and set(many) == {None} and self.key
        if not whole and (None in many or set(one) != {None}):
            raise ValueError(
                Message(
                    "一格的更正写 key、wrong 和 right；一列的更正写 factor（乘以几）、least 和 most（现在最小、最大的值）、rows（几行）",
                    "a correction of a cell has key, wrong and right; one of a column has factor (times how much), least and most (its least and most values now) and rows (how many)",
                )
            )
        put = [(self.column, self.right)] if whole else []
        for name, value in (*self.key.items(), *put):
            _, found = typed(value, table[name])
            wrong += [Message("{}：“{}”{}", "{}: “{}” {}", name, value, text) for text in found]
        if not whole:
            if table[self.column].kind not in AMOUNTS:
                wrong.append(
                    Message(
                        "{} 不是数量，不能乘以 factor",
                        "{} is no amount and cannot be multiplied by factor",
                        self.column,
                    )
                )
            if self.factor == 1 or self.least > self.most:
                wrong.append(
                    Message(
                        "factor 不能是 1，least 不能大于 most",
                        "factor cannot be 1, and least cannot be above most",
                    )
                )
        elif typed(self.wrong, table[self.column]) == typed(self.right, table[self.column]):
            wrong.append(Message("wrong 与 right 相同", "wrong and right are the same"))
        elif table[self.column].required and typed(self.right, table[self.column])[0] is None:
            wrong.append(
                Message(
                    "关键列 {} 不能改为没有数据", "the key column {} cannot be put to “no data”", self.column
                )
            )
        if wrong:
            raise ValueError(*wrong)
        return self

    @property
    def said(self) -> tuple[Value, Value]:
        """What the source has, and what it was put right to, as a reader sees them."""
        if self.factor is None:
            return self.wrong, self.right
        return Message(
            "{:.12g}—{:.12g}（{} 行）", "{:.12g}–{:.12g} ({} rows)", self.least, self.most, self.rows
        ), f"× {self.factor:.12g}"


class _File(Entry):
    corrections: tuple[Correction, ...] = ()


def typed(value: Value, column: SchemaColumn) -> tuple[object, list[str]]:
    """Return a value as its column holds it, None where missing, and why it cannot be read."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    cell = pd.Series([text or None], dtype="str")
    values, found = convert(cell, dataclasses.replace(column, required=False))
    read = values.iloc[0]
    return None if pd.isna(read) else read, [f.message for f in found if f.rule != "F20"]


def load_corrections(file: Path, tables: Mapping[str, SchemaTable] = TABLES) -> tuple[Correction, ...]:
    """Read a file of corrections of these tables.

    Raises
    ------
    CorrectionError
        If it cannot be read or an entry makes no sense; every such entry is named.
    """
    what = Message("更正文件", "Corrections")
    return read_toml(file, _File, what, CorrectionError, context=tables).corrections


_ENTERED = ("column", "wrong", "right", "factor", "least", "most", "rows", "why", "confirmed_by")


def to_toml(corrections: tuple[Correction, ...], *, applied: bool = True) -> str:
    """Return corrections as a file for a dataset written with them: the right values stand there already.

    `applied`: whether they do; else the lines are for the source as it is.

    Examples
    --------
    >>> entry = Correction(table="funds", key={"year": 2024, "school_id": "007"}, column="allocation_yuan",
    ...     wrong=12, right=120000, why="单位误作万元", confirmed_by="区财政局", on="2025-03-01")
    >>> print(to_toml((entry,)).splitlines()[3])
    key = { year = 2024, school_id = "007" }
    """
    lines = ["# 已经改好的单元格：表中是改好的值，applied = true 表示无须再改。"] if applied else []
    for entry in corrections:
        key = ", ".join(f"{name} = {_toml(value)}" for name, value in entry.key.items())
        lines += ["", "[[corrections]]"] if len(lines) > 1 else ["[[corrections]]"]
        lines.append(f"table = {_toml(entry.table)}")
        lines += [f"key = {{ {key} }}"] if key else []
        for name in _ENTERED:
            if getattr(entry, name) is not None:
                lines.append(f"{name} = {_toml(getattr(entry, name))}")
        lines += [f"on = {entry.on.isoformat()}", *["applied = true"] * applied]
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    """Return a value as TOML has it; its texts are those of JSON."""
    return json.dumps(value, ensure_ascii=False)
