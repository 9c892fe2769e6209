"""A frame of cells becomes a table of the registry; what is wrong with it is named, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qb.dataset.cells import Finding, convert, missing, tidy_cells
from qb.dataset.data import Dataset
from qb.errors import DataError, Fault
from qb.schema import TABLES, Column, Table, tidy_header, tidy_unit
from qb.terms import Severity


@dataclass(frozen=True)
class Rule:
    """A numbered rule: how much its faults matter, and what it asks, in Chinese.

    `structure`: with such a fault the table cannot be read at all.
    """

    number: str
    severity: Severity
    title: str
    structure: bool = False


FORM_RULES: dict[str, Rule] = {
    rule.number: rule
    for rule in (
        Rule("F01", Severity.STOPS, "数据文件夹或工作簿必须存在", True),
        Rule("F02", Severity.STOPS, "文件夹或工作簿中至少有一张数据表", True),
        Rule("F03", Severity.STOPS, "一张表只能有一个文件或工作表", True),
        Rule("F04", Severity.STOPS, "文件必须能够读取", True),
        Rule("F05", Severity.STOPS, "表中必须有关键列", True),
        Rule("F06", Severity.STOPS, "同一列只能出现一次", True),
        Rule("F07", Severity.STOPS, "表头的单位必须与规定一致", True),
        Rule("F10", Severity.STOPS, "关键列不能为空"),
        Rule("F11", Severity.STOPS, "数字列只能填数字"),
        Rule("F12", Severity.STOPS, "数字必须是有限的"),
        Rule("F13", Severity.STOPS, "数字必须在允许的范围内"),
        Rule("F14", Severity.STOPS, "年份和序号必须是整数"),
        Rule("F15", Severity.STOPS, "选项列只能填规定的词"),
        Rule("F16", Severity.STOPS, "是否列只能填是或否"),
        Rule("F17", Severity.STOPS, "日期必须是实有的日期"),
        Rule("F18", Severity.STOPS, "编号不能是电子表格改成的科学计数"),
        Rule("F19", Severity.STOPS, "公式必须算出结果"),
        Rule("F20", Severity.NOTE, "写法不规范但意思明确的单元格"),
        Rule("F21", Severity.NOTE, "规定之外的列"),
        Rule("F22", Severity.NOTE, "规定之外的文件或工作表"),
        Rule("F23", Severity.STOPS, "一条更正恰好指一条记录的一个单元格"),
        Rule("F24", Severity.STOPS, "更正以为错的值必须还在来源中"),
    )
}

LISTED = 1000  # faults shown for one column and rule; a column of the wrong kind has millions
HEADER_WITHIN = 10  # rows among which the header is sought


def fault(rule: str, message: str, remedy: str, **where: object) -> Fault:
    """Return a fault of a numbered form rule."""
    return Fault(rule, FORM_RULES[rule].severity, message, remedy, **where)


def is_structure(found: Fault) -> bool:
    """Whether a fault keeps its table from being read at all."""
    return found.rule in FORM_RULES and FORM_RULES[found.rule].structure


def table_named(text: str) -> Table | None:
    """Return the table with this English name or Chinese label, or None."""
    tidied = tidy_header(text)
    return next((t for t in TABLES.values() if tidied in (t.name, tidy_header(t.label))), None)


def to_dataset(
    frames: Mapping[str, pd.DataFrame],
    faults: list[Fault],
    source: Path,
    letters: Mapping[str, Mapping[str, str]] | None = None,
) -> Dataset:
    """Return tables as read, each indexed by its rows in the file, as a dataset.

    Raises
    ------
    DataError
        If a fault keeps a table from being read; every fault that stops is named.
    """
    if any(is_structure(found) for found in faults):
        raise DataError(found for found in faults if found.severity is Severity.STOPS)
    tables, lines = {}, {}
    for name, table in TABLES.items():
        frame = _in_order(frames.get(name, table.empty()), table)
        rows = frame.index.to_numpy()
        if not np.array_equal(rows, np.arange(2, len(rows) + 2)):
            lines[name] = rows
        tables[name] = frame.reset_index(drop=True)
    return Dataset(tables, tuple(faults), str(source), lines, letters or {})


def _in_order(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the rows of schools by the table's key, words in the order of their set; others as they are.

    A sum of the same figures in another order may differ in its last digit; so handed in shuffled, the
    same data would not give the same bytes.
    """
    if "school_id" not in table.key:
        return frame
    key = pd.DataFrame({name: _ranked(frame[name], table[name]) for name in table.key})
    order = key.reset_index(drop=True).sort_values(list(key.columns), kind="stable").index.to_numpy()
    return frame if np.array_equal(order, np.arange(len(frame))) else frame.iloc[order]


def _ranked(values: pd.Series, column: Column) -> pd.Series:
    ranks = {term.value: rank for rank, term in enumerate(column.terms)}
    return values.map(ranks) if ranks else values


def grid_to_table(grid: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a sheet of typed cells, its header among them, as a table of the registry.

    Parameters
    ----------
    grid : DataFrame of text
        Every row of the file, indexed as a spreadsheet counts, from 1. Title rows may stand above the
        header; rows without any content are passed over.
    table : Table
        What it should be.

    Returns
    -------
    frame, faults
        As :func:`frame_to_table` gives them.
    """
    clean = pd.concat([tidy_cells(grid.iloc[:, i]) for i in range(grid.shape[1])], axis=1)
    header = header_position(clean, table)
    raw = clean.iloc[header + 1 :]
    raw = raw[raw.notna().any(axis=1)]
    raw.columns = clean.iloc[header].fillna("")
    return frame_to_table(raw, table, header_row=int(grid.index[header]))


def header_position(grid: pd.DataFrame, table: Table) -> int:
    """Return which of the first rows names most columns; the first of those that tie."""
    named = [
        sum(find_column(str(cell), table)[0] is not None for cell in row)
        for row in grid.head(HEADER_WITHIN).itertuples(index=False)
    ]
    return named.index(max(named))


def frame_to_table(raw: pd.DataFrame, table: Table, header_row: int = 1) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a frame of cells as a table of the registry.

    Parameters
    ----------
    raw : DataFrame
        Headers as typed (English name, Chinese label, or label with unit in brackets); cells as tidied
        text, or as numbers, booleans or dates where the file has types. The index is each row's
        number in the file.
    table : Table
        What it should be.
    header_row : int
        Row of the header in the file.

    Returns
    -------
    frame : DataFrame
        Every column of the registry in order and in its dtype, then the others as they are, under
        the index of `raw`. Unreadable cells are missing; rows without a readable key year, which
        belong nowhere, are left out.
    faults : list of Fault
        By row and column. If one :func:`is_structure`, the frame is empty.

    Examples
    --------
    >>> from qb.schema import TABLES
    >>> headers = ["学年", "school_id", "学段", "在校生数（人）"]
    >>> raw = pd.DataFrame([["2024", "007", "小学", "1，234"]], columns=headers)
    >>> frame, faults = frame_to_table(raw, TABLES["sections"])
    >>> frame[["school_id", "stage", "pupils"]].values.tolist()
    [['007', 'primary', 1234.0]]
    """
    cells, faults = _name_columns(raw, table, header_row)
    if any(is_structure(found) for found in faults):
        return table.empty(), faults
    read = {c.name: convert(cells[c.name], c) for c in table.columns if c.name in cells}
    known = {
        c.name: read[c.name][0] if c.name in read else missing(c.dtype, raw.index) for c in table.columns
    }
    others = {header: values for header, values in cells.items() if header not in known}
    frame = pd.DataFrame({**known, **others}, copy=False)
    findings = [finding for _, found in read.values() for finding in found]
    faults += _faults(findings, frame, table)
    for column in table.columns:
        if column.dtype == "int64":
            known_year = frame[column.name].notna()
            frame = frame if known_year.all() else frame[known_year]
            frame = frame.astype({column.name: "int64"})
    return frame, faults


def _name_columns(raw: pd.DataFrame, table: Table, row: int) -> tuple[dict[str, pd.Series], list[Fault]]:
    """Return the columns under their English names (others under their own), and what is wrong."""
    cells: dict[str, pd.Series] = {}
    typed: dict[str, str] = {}
    faults: list[Fault] = []
    for position, header in enumerate(raw.columns):
        values = raw.iloc[:, position]
        shown = str(header).strip() or f"第{position + 1}列"
        if not str(header).strip() and values.isna().all():
            continue
        column, unit_fits = find_column(shown, table)
        name = column.name if column else shown
        if name in cells:
            message = f"“{typed[name]}”与“{shown}”是同一列"
            faults.append(fault("F06", message, "只保留一列", table=table.name, row=row, column=name))
            continue
        cells[name], typed[name] = values, shown
        if column and not unit_fits:
            message = f"表头“{shown}”的单位应为“{column.unit or '（无单位）'}”"
            faults.append(fault("F07", message, "换算数值并改正表头", table=table.name, row=row, column=name))
        if not column:
            faults.append(
                fault("F21", f"“{shown}”不在规定的列中，原样保留", "如系规定的列，请改正表头",
                      table=table.name, row=row, column=shown)
            )  # fmt: skip
    for name in table.required:
        if name not in cells:
            message = f"缺少关键列“{table[name].label}”（{name}）"
            faults.append(fault("F05", message, "补上这一列，或改正表头", table=table.name, column=name))
    return cells, faults


def find_column(header: str, table: Table) -> tuple[Column | None, bool]:
    """Return the column a header names, or None, and whether the unit in its brackets fits.

    >>> from qb.schema import TABLES
    >>> find_column("体育运动场地面积 (㎡)", TABLES["facilities"])[0].name
    'sports_ground_m2'
    """
    text = tidy_header(header)
    if text in table.headers:
        return table.headers[text], True
    bracketed = re.fullmatch(r"(.+?)[(\[](.+?)[)\]]", text)
    column = table.headers.get(bracketed[1]) if bracketed else None
    return column, column is None or tidy_unit(bracketed[2]) == tidy_unit(column.unit)


def _faults(findings: list[Finding], frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Return a fault for each cell found, by row and then by column."""
    order = {name: place for place, name in enumerate(table.names)}
    faults = [f for finding in findings for f in _one_by_one(finding, frame, table)]
    return sorted(faults, key=lambda f: (f.row, order[f.column]))


def _one_by_one(finding: Finding, frame: pd.DataFrame, table: Table) -> Iterator[Fault]:
    positions = np.flatnonzero(finding.where)
    for count, position in enumerate(positions[:LISTED], start=1):
        typed = finding.raw.iloc[position]
        shown = f"“{table[finding.column.name].label if pd.isna(typed) else _shown(typed)}”"
        rest = len(positions) - LISTED
        more = f"（本列还有 {rest} 处同样的问题，不再列出）" if count == LISTED and rest > 0 else ""
        yield fault(
            finding.rule,
            shown + finding.message + more,
            finding.remedy,
            table=table.name,
            row=int(frame.index[position]),
            column=finding.column.name,
            school_id=_school(frame, position),
        )


def _shown(typed: object) -> str:
    return f"{typed:.15g}" if isinstance(typed, float) else str(typed)[:40]


def _school(frame: pd.DataFrame, position: int) -> str | None:
    if "school_id" not in frame:
        return None
    school = frame["school_id"].iloc[position]
    return None if pd.isna(school) else str(school)
