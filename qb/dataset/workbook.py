"""A dataset read from one workbook: a sheet for each table, every fault with its cell."""

from __future__ import annotations

import dataclasses
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd

from qb.dataset.cells import tidy_cells
from qb.dataset.data import Dataset
from qb.dataset.excel import Book, excel_text, open_book
from qb.dataset.files import UnreadableError
from qb.dataset.intake import (
    HEADER_WITHIN,
    fault,
    find_column,
    frame_to_table,
    header_position,
    table_named,
    to_dataset,
)
from qb.dataset.package import BROKEN, CELL_NAME, column_letters
from qb.errors import DataError, Fault
from qb.schema import TABLES, Table

GUIDE = "※"  # begins the header of a column that helps people fill in, and is not read
INSTRUCTIONS, ITEMS, RESULT = "填报说明", "条目说明", "核查结果"  # our sheets that hold no data


Rows = list[tuple[int, list[object]]]  # each with its number, counted from 1


def read_workbook(path: Path) -> Dataset:
    """Read an .xlsx workbook; see :func:`qb.dataset.read`.

    Sheets are named for their tables in Chinese or English and stand in any order. Formulas are read by
    their stored results. Columns whose header begins with ※ are passed over, and so are rows that the
    template lists (something stands under ※) where nobody filled in the key or anything beyond it.
    """
    frames, letters = {}, {}
    try:
        with open_book(path) as book:
            if not book.is_xlsx:
                raise UnreadableError(*BROKEN)
            sheets, faults = _sheets(book.names, path)
            for name, sheet in sheets.items():
                frames[name], found, letters[name] = _read_sheet(book, sheet, TABLES[name])
                faults += found
    except UnreadableError as error:
        raise DataError([fault("F04", f"工作簿 {path.name} {error.message}", error.remedy)]) from None
    return to_dataset(frames, faults, path, letters)


def _sheets(names: list[str], path: Path) -> tuple[dict[str, str], list[Fault]]:
    """Return the sheet of each table, in the order of the registry, and what is wrong with the book."""
    found: dict[str, str] = {}
    faults = []
    for sheet in names:
        table = table_named(sheet)
        if table is None:
            if sheet not in (INSTRUCTIONS, ITEMS, RESULT):
                faults.append(
                    fault("F22", f"工作表“{sheet}”没有读入", "如系数据表，工作表应以规定的表名命名")
                )
        elif table.name in found:
            message = f"工作表“{found[table.name]}”与“{sheet}”是同一张表"
            faults.append(fault("F03", message, "只保留一个", table=table.name))
        else:
            found[table.name] = sheet
    if not found:
        labels = "、".join(table.label for table in list(TABLES.values())[:3])
        faults.append(fault("F02", f"工作簿 {path.name} 中没有数据表", f"工作表以“{labels}”等表名命名"))
    return {name: found[name] for name in TABLES if name in found}, faults


def _read_sheet(book: Book, sheet: str, table: Table) -> tuple[pd.DataFrame, list[Fault], dict[str, str]]:
    """Return the table, what is wrong with it, and the letter of each of its columns."""
    rows, unread = book.rows(sheet)
    filled = [(number, row) for number, row in enumerate(rows, start=1) if row.count("") < len(row)]
    if not filled:
        return table.empty(), [], {}
    used, filled = _used(filled)
    head = pd.DataFrame(
        [[excel_text(cell) for cell in row] for _, row in filled[:HEADER_WITHIN]], dtype="str"
    )
    head = head.apply(tidy_cells)
    position = header_position(head, table)
    raw = _frame(filled[position + 1 :], head.iloc[position], used)
    letters = _letters(raw, table, used)
    header_row = filled[position][0]
    frame, faults = frame_to_table(_own_rows(raw, table), table, header_row)
    faults = [_with_cell(found, letters) for found in faults]
    # An uncomputed cell came as empty: what is said of empty cells is not what is wrong with it.
    faults = [found for found in faults if found.cell not in unread]
    faults += _uncomputed(unread, frame, table, letters, header_row)
    return frame, sorted(faults, key=lambda found: found.row or 0), letters


def _used(rows: Rows) -> tuple[list[int], Rows]:
    """Return which columns hold anything, counted from 1, and the rows with those alone.

    A stray cell lays a sheet out far to the right.
    """
    columns = zip(*(row for _, row in rows), strict=True)
    used = [number for number, cells in enumerate(columns, start=1) if cells.count("") < len(cells)]
    if len(used) == len(rows[0][1]):
        return used, rows
    return used, [(number, [row[column - 1] for column in used]) for number, row in rows]


def _frame(rows: Rows, header: pd.Series, used: list[int]) -> pd.DataFrame:
    """Return the rows below the header under the headers as typed, indexed by their numbers."""
    columns = zip(*(row for _, row in rows), strict=True) if rows else repeat((), len(header))
    cells = [tidy_cells(_column(list(values))) for values in columns]
    frame = pd.DataFrame(dict(enumerate(cells)))
    frame.index = pd.Index([number for number, _ in rows], dtype="int64")
    frame.columns = [
        f"第{column}列" if pd.isna(text) and values.notna().any() else "" if pd.isna(text) else text
        for column, text, values in zip(used, header, cells, strict=True)
    ]
    return frame


def _column(cells: list[object]) -> pd.Series:
    """Return cells as a column of numbers or of booleans where all are, else as the text they show."""
    kinds = set(map(type, cells))
    typed = kinds - {str}
    if typed and typed <= {float, int, bool} and not any(type(cell) is str and cell for cell in cells):
        if bool not in typed:
            return pd.Series([np.nan if cell == "" else cell for cell in cells], dtype="float64")
        if typed == {bool}:
            return pd.Series([None if cell == "" else cell for cell in cells], dtype="boolean")
    return pd.Series([cell if type(cell) is str else excel_text(cell) for cell in cells], dtype="str")


def _letters(raw: pd.DataFrame, table: Table, used: list[int]) -> dict[str, str]:
    letters = {}
    for place, header in zip(used, raw.columns, strict=True):
        if header and not header.startswith(GUIDE):
            column, _ = find_column(header, table)
            letters[column.name if column else header] = column_letters(place)
    return letters


def _own_rows(raw: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Leave out guiding columns, rows without content, and rows of the template that nobody filled in."""
    guide = np.array([header.startswith(GUIDE) for header in raw.columns], dtype=bool)
    own, listed = raw.loc[:, ~guide], raw.loc[:, guide].notna().any(axis=1)
    columns = [find_column(header, table)[0] for header in own.columns]
    key = np.array([column is not None and column.required for column in columns], dtype=bool)
    answered = own.loc[:, ~key].notna().any(axis=1) | own.loc[:, key].notna().all(axis=1)
    return own[own.notna().any(axis=1) & (answered | ~listed)]


def _with_cell(found: Fault, letters: dict[str, str]) -> Fault:
    letter = letters.get(found.column)
    return dataclasses.replace(found, cell=f"{letter}{found.row}") if letter and found.row else found


def _uncomputed(
    unread: dict[str, str], frame: pd.DataFrame, table: Table, letters: dict[str, str], header_row: int
) -> list[Fault]:
    """Return a fault for each cell of the table that holds an error, or a formula without a result."""
    columns = {letter: name for name, letter in letters.items()}
    faults = []
    for cell, error in unread.items():
        letter, row = CELL_NAME.fullmatch(cell).groups()
        if letter not in columns or int(row) <= header_row:
            continue
        name = columns[letter]
        label = table[name].label if name in table.by_name else name
        message = f"“{label}”是错误值 {error}" if error else f"“{label}”的公式没有存储的结果"
        remedy = "改正公式或直接填数值" if error else "用电子表格软件打开、重新计算后保存，或直接填数值"
        school = None
        if "school_id" in frame and int(row) in frame.index:
            school = frame["school_id"].fillna("")[int(row)] or None
        where = {"table": table.name, "row": int(row), "column": name, "cell": cell, "school_id": school}
        faults.append(fault("F19", message, remedy, **where))
    return faults
