"""Corrections applied to a dataset as it was read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from qb.dataset.corrections import FILE, Correction, Value, load_corrections, typed
from qb.dataset.data import Dataset
from qb.dataset.intake import fault
from qb.dataset.sheets import WORKBOOK
from qb.errors import Fault
from qb.schema import TABLES


def file_for(path: Path) -> Path:
    """Return where corrections belong: in the folder of tables; beside ``a.xlsx`` ``a.corrections.toml``."""
    return path.with_name(f"{path.stem}.{FILE}") if path.suffix.lower() == WORKBOOK else path / FILE


def correct(data: Dataset, path: Path) -> Dataset:
    """Return a dataset as read with the corrections that lie beside it.

    A workbook without corrections of its own takes ``corrections.toml`` in its folder.

    Raises
    ------
    CorrectionError
        If the file cannot be read or an entry makes no sense.
    """
    own = file_for(path)
    file = next((file for file in (own, own.with_name(FILE)) if file.is_file()), None)
    if file is None:
        return data
    given = load_corrections(file)
    faults, changes, applied = list(data.faults), {}, []
    for number, correction in enumerate(given, start=1):
        position, wrong = _place(data, correction, number)
        if (correction.table, position, correction.column) in changes:
            wrong = _fault("F23", correction, f"第 {number} 条更正与前面一条改的是同一个单元格")
        if wrong:
            faults.append(wrong)
            continue
        changes[correction.table, position, correction.column] = correction.right
        faults = [f for f in faults if not _is_about(f, data, correction, position)]
        applied.append(correction)
    return dataclasses.replace(
        data,
        tables={name: _changed(name, frame, changes) for name, frame in data.tables.items()},
        faults=tuple(faults),
        corrections=tuple(applied),
    )


def _place(data: Dataset, correction: Correction, number: int) -> tuple[int, Fault | None]:
    """Return the position of the record meant, and what is wrong with the correction."""
    table, frame = TABLES[correction.table], data[correction.table]
    same = np.ones(len(frame), dtype=bool)
    for name, value in correction.key.items():
        meant, _ = typed(value, table[name])
        column = frame[name]
        same &= (column.isna() if meant is None else (column == meant).fillna(False)).to_numpy(dtype=bool)
    rows = np.flatnonzero(same)
    if len(rows) != 1:
        key = "、".join(f"{name}={value}" for name, value in correction.key.items())
        message = f"第 {number} 条更正指的记录（{key}）在表中有 {len(rows)} 条，应恰有 1 条"
        return -1, _fault("F23", correction, message)
    position = int(rows[0])
    expected = correction.right if correction.applied else correction.wrong
    if _holds(data, correction, position, expected):
        return position, None
    held = frame[correction.column].iloc[position]
    shown = "没有数据" if pd.isna(held) else f"{held:.12g}" if isinstance(held, float) else str(held)
    message = f"第 {number} 条更正以为这里是“{expected}”，来源现为“{shown}”"
    where = {"row": data.line(table.name, position)}
    where["cell"] = data.cell(table.name, position, correction.column)
    return position, _fault("F24", correction, message, **where)


def _fault(rule: str, correction: Correction, message: str, **where: object) -> Fault:
    school = correction.key.get("school_id")
    remedy = "改正这条更正；来源已改好的，删去这条更正" if rule == "F24" else "改正 key，使它只指一条记录"
    return fault(
        rule,
        message,
        remedy,
        table=correction.table,
        column=correction.column,
        school_id=None if school is None else str(school),
        **where,
    )


def _holds(data: Dataset, correction: Correction, position: int, expected: Value) -> bool:
    """Whether the source holds a value; one that cannot be read has left a fault that quotes it."""
    meant, unread = typed(expected, TABLES[correction.table][correction.column])
    held = data[correction.table][correction.column].iloc[position]
    if unread:
        return any(
            _is_about(found, data, correction, position) and found.message.startswith(f"“{expected}”")
            for found in data.faults
        )
    return bool(pd.isna(held)) if meant is None else bool(not pd.isna(held) and held == meant)


def _is_about(found: Fault, data: Dataset, correction: Correction, position: int) -> bool:
    """Whether a fault of reading is about the cell of a correction."""
    row = data.line(correction.table, position)
    return (found.table, found.row, found.column) == (correction.table, row, correction.column)


def _changed(name: str, frame: pd.DataFrame, changes: dict[tuple[str, int, str], Value]) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for (table, position, column), right in changes.items():
        if table == name:
            values = columns.setdefault(column, frame[column].copy())
            meant, _ = typed(right, TABLES[name][column])
            values.iloc[position] = int(meant) if values.dtype == "int64" else meant
    return frame.assign(**columns) if columns else frame
