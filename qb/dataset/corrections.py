"""Known errors of a source, listed beside it with the wrong value expected, and put right on reading.

The source stays as it came. When it no longer holds the wrong value, the correction itself is a fault:
somebody has mended the source, or the correction means another record.
"""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, field_validator, model_validator

from qb.dataset.cells import convert
from qb.errors import QbError
from qb.schema import TABLES, Column
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
    """One cell put right.

    Attributes
    ----------
    table, column : str
        English names of the registry.
    key : dict of str to value
        Columns and values that one record alone has, as the source has them.
    wrong, right : value
        As a person would type them; an empty text is "no data". `wrong` may be what cannot be read.
    why : str
    confirmed_by : str
        The office that confirmed it; no person's name.
    on : date
    applied : bool
        The source holds the right value already: written so that the record of it is kept.
    """

    table: Words
    key: Annotated[dict[Words, Value], Field(min_length=1)]
    column: Words
    wrong: Value
    right: Value
    why: Words
    confirmed_by: Words
    on: date
    applied: bool = False

    @field_validator("confirmed_by")
    @classmethod
    def _is_an_office(cls, given: str) -> str:
        if not _OFFICE.search(given):
            raise ValueError("须写单位名称（如区教体局、某某小学），不写个人姓名")
        return given

    @model_validator(mode="after")
    def _fits_the_registry(self) -> Correction:
        table = TABLES.get(self.table)
        if table is None:
            raise ValueError(f"没有名为 {self.table} 的表，可用：{'、'.join(TABLES)}")
        unknown = [name for name in (*self.key, self.column) if name not in table.by_name]
        if unknown:
            raise ValueError(f"表 {self.table} 没有列 {'、'.join(unknown)}，可用：{'、'.join(table.names)}")
        wrong = []
        for name, value in (*self.key.items(), (self.column, self.right)):
            _, found = typed(value, table[name])
            wrong += [f"{name}：“{value}”{text}" for text in found]
        if typed(self.wrong, table[self.column]) == typed(self.right, table[self.column]):
            wrong.append("wrong 与 right 相同")
        if table[self.column].required and typed(self.right, table[self.column])[0] is None:
            wrong.append(f"关键列 {self.column} 不能改为没有数据")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self


class _File(Entry):
    corrections: tuple[Correction, ...] = ()


def typed(value: Value, column: Column) -> tuple[object, list[str]]:
    """Return a value as its column holds it, None where missing, and why it cannot be read."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    cell = pd.Series([text or None], dtype="str")
    values, found = convert(cell, dataclasses.replace(column, required=False))
    read = values.iloc[0]
    return None if pd.isna(read) else read, [f.message for f in found if f.rule != "F20"]


def load_corrections(file: Path) -> tuple[Correction, ...]:
    """Read a file of corrections.

    Raises
    ------
    CorrectionError
        If it cannot be read or an entry makes no sense; every such entry is named.
    """
    return read_toml(file, _File, "更正文件", CorrectionError).corrections


def to_toml(corrections: tuple[Correction, ...]) -> str:
    """Return corrections as a file for a dataset written with them: the right values stand there already.

    Examples
    --------
    >>> entry = Correction(table="funds", key={"year": 2024, "school_id": "007"}, column="allocation_yuan",
    ...     wrong=12, right=120000, why="单位误作万元", confirmed_by="区财政局", on="2025-03-01")
    >>> print(to_toml((entry,)).splitlines()[3])
    key = { year = 2024, school_id = "007" }
    """
    lines = ["# 已经改好的单元格：表中是 right，applied = true 表示无须再改。"]
    for entry in corrections:
        key = ", ".join(f"{name} = {_toml(value)}" for name, value in entry.key.items())
        lines += ["", "[[corrections]]"] if len(lines) > 1 else ["[[corrections]]"]
        lines += [f"table = {_toml(entry.table)}", f"key = {{ {key} }}"]
        for name in ("column", "wrong", "right", "why", "confirmed_by"):
            lines.append(f"{name} = {_toml(getattr(entry, name))}")
        lines += [f"on = {entry.on.isoformat()}", "applied = true"]
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    """Return a value as TOML has it; its texts are those of JSON."""
    return json.dumps(value, ensure_ascii=False)
