"""Rows that are no records: totals like 合计, notes and signatures, headers again, keys dragged too far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data.cell_values import is_text, matches
from qb.data.schema import ColumnKind, SchemaTable, tidy_unit
from qb.data.table_headers import find_column
from qb.language import Message, listing

_PARTS = r"合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总\s*和|汇\s*总|平\s*均(?:值|数)?|均\s*值"
TOTAL = rf"^(?:\S{{0,12}}?(?:{_PARTS})\s*(?:数|行)?\s*[:：]?|全[县区市]|计)$"
_LEADS = (
    r"注|备\s*注|附\s*注|说\s*明|填[表报]说明|填\s*[表报]\s*[人日单]\S{0,2}|制\s*表\S{0,3}|审\s*[核签]\S{0,2}"
    r"|复\s*核\S{0,2}|负\s*责\s*人|单位负责人|学校负责人|校\s*长|经\s*办\s*人|联\s*系\s*人|联系电话|电\s*话"
    r"|日\s*期|单\s*位|盖\s*章|公\s*章|签\s*[字章名]|数据来源|资料来源"
)
NOTE = re.compile(
    rf"^[（(【*※＊]?\s*(?:{_LEADS})\s*(?:[（(][^（()）]{{0,12}}[)）])?\s*(?:[:：】).、\d]|签|日期|意见|$)"
)
_DAY = re.compile(r"^\d{4}\s*[年.\-/]\s*\d{1,2}\s*[月.\-/]\s*(?:\d{1,2}\s*日?)?$")
_FEW = 2  # cells to which a note may go on
_WORDS = rf"{NOTE.pattern}|{_DAY.pattern}|[，。；：]"  # what no code has
_LOOKED_AT = 5000  # rows looked at one by one; where more lack their key, the table has another fault


@dataclass(frozen=True)
class RowsLeftOut:
    """Rows left out for one reason."""

    # ``total``, ``sum`` (a total that does not say so), ``note``, ``header`` (once more) or ``dragged``.
    kind: str
    rows: list[int]  # their positions
    column: object  # the column whose cell tells it
    text: str  # what stands there; of dragged rows what is filled in


def rows_not_records(cells: Mapping[str, pd.Series], table: SchemaTable) -> list[RowsLeftOut]:
    """Return the rows of a table, under its English names and tidied, that are no records.

    Examples
    --------
    >>> from qb.data.schema import TABLES
    >>> cells = {"year": ["2025", "合计"], "school_id": ["01", None], "stage": ["小学", None]}
    >>> found = rows_not_records({name: pd.Series(c, dtype="str") for name, c in cells.items()}, TABLES["sections"])
    >>> [(aside.kind, aside.rows, aside.text) for aside in found]
    [('total', [1], '合计')]
    """
    frame = dict(cells)
    if not frame or not len(next(iter(frame.values()))):
        return []
    key = [name for name in table.required_among(frame) if name in frame]
    wordy = [name for name in frame if name in key or name == "name" or name not in table.by_name]
    ids = [name for name in key if table[name].kind is ColumnKind.ID]
    suspect = _said(frame, wordy, TOTAL) | np.logical_or.reduce(
        [_gone(frame[name], table[name].kind) for name in key]
    )
    suspect |= _said(frame, [*ids, *list(frame)[:1]], _WORDS)
    found: list[RowsLeftOut] = []
    for position in np.flatnonzero(suspect)[:_LOOKED_AT].tolist():
        row = {
            name: _shown(values.iloc[position])
            for name, values in frame.items()
            if pd.notna(values.iloc[position])
        }
        aside = _of_row(row, position, key, ids, table)
        if aside is None and not any(name in row for name in ids):
            aside = _by_sum(frame, row, position, found, table)
        if aside is None:
            continue
        last = found[-1] if found else None
        if aside.kind == "dragged" and last and last.kind == "dragged" and last.rows[-1] == position - 1:
            last.rows.append(position)
        else:
            found.append(aside)
    return found


def _shown(cell: object) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _said(frame: dict[str, pd.Series], names: list[str], pattern: str) -> np.ndarray:
    """Return where a cell of these columns has such words."""
    found = np.zeros(len(next(iter(frame.values()))), dtype=bool)
    for name in names:
        if not is_text(frame[name]):
            continue
        found |= matches(frame[name], pattern, ascii=False)
    return found


def _gone(values: pd.Series, kind: ColumnKind) -> np.ndarray:
    """Return where a cell of the key is missing, or where a year stands no year."""
    gone = values.isna().to_numpy(dtype=bool)
    if kind is ColumnKind.YEAR and is_text(values):
        gone = gone | ~matches(values, r"^\d{4}") | matches(values, r"^\d{4}\D*\d{1,2}月", ascii=False)
    elif kind is ColumnKind.YEAR:
        gone = gone | (values == 0).to_numpy(dtype=bool)  # what a formula dragged too far gives
    return gone


def _of_row(
    row: dict[str, str], position: int, key: list[str], ids: list[str], table: SchemaTable
) -> RowsLeftOut | None:
    """Return what a row is by its words."""
    if not row:
        return None
    first, text = next(iter(row.items()))
    named = [name for name in row if name in table.by_name]
    if len(named) > 1 and all(find_column(row[name], table)[0] is table[name] for name in named):
        return RowsLeftOut("header", [position], first, text)
    units = [name for name in named if (unit := table[name].unit) and tidy_unit(row[name]) == tidy_unit(unit)]
    if units and all(name in units or (len(cell) < 3 and not cell.isdigit()) for name, cell in row.items()):
        return RowsLeftOut("header", [position], first, text)
    if len(row) > 1 and set(row.values()) == {"0"}:
        return RowsLeftOut("dragged", [position], first, "0")
    for name, cell in row.items():
        wordy = name in key or name in (first, "name")
        if wordy and re.search(TOTAL, cell):
            return RowsLeftOut("total", [position], name, cell)
    if NOTE.search(text) and (first in ids or len(row) <= _FEW or not all(name in row for name in key)):
        return RowsLeftOut("note", [position], first, text)
    letters = len(text) > 3 and re.search("[，。；：]" if first in ids else "[一-鿿]", text)
    if len(row) == 1 and (_DAY.search(text) or letters):
        return RowsLeftOut("note", [position], first, text)
    if set(row) < set(key) and not set(row) & set(ids) and len(key) > 1:
        filled = listing(Message("{} {}", "{} {}", table[name], cell) for name, cell in row.items())
        return RowsLeftOut("dragged", [position], first, filled)
    return None


def _by_sum(
    frame: dict[str, pd.Series],
    row: dict[str, str],
    position: int,
    found: list[RowsLeftOut],
    table: SchemaTable,
) -> RowsLeftOut | None:
    """Return a row without a code whose numbers are each the sum of those above, or since the last total."""
    names = [
        name for name in row
        if name in table.by_name and table[name].numeric and name not in table.required and table[name].unit
    ]  # fmt: skip
    starts = {0, *(aside.rows[-1] + 1 for aside in found if aside.kind in ("total", "sum"))}
    skipped = [row for aside in found for row in aside.rows]
    for start in starts:
        above = np.setdiff1d(np.arange(start, position), skipped)
        if len(above) < 2 or not names:
            continue
        if all(is_sum(frame[name].iloc[above], row[name]) for name in names):
            return RowsLeftOut("sum", [position], names[0], row[names[0]])
    return None


def is_sum(above: pd.Series, typed: object) -> bool:
    """Whether a number is the sum of others and not zero."""
    total = pd.to_numeric(above, errors="coerce").sum()
    number = pd.to_numeric(pd.Series([typed]), errors="coerce").iloc[0]
    return bool(total > 0 and abs(total - number) <= 1e-9 * total)
