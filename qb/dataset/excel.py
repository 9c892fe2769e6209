"""The sheets of a workbook as cells: values as they are stored, formulas by their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from qb.dataset.files import UnreadableError, read_bytes
from qb.dataset.package import (
    BROKEN,
    calculated_cells,
    is_locked,
    open_package,
    read_part,
    require_area,
    sheet_parts,
)

_LOCKED = ("工作簿有密码", "取消密码后再用")


class Book:
    """An open workbook.

    Attributes
    ----------
    names : list of str
        Of its sheets, in order.
    is_xlsx : bool
        Whether it is an .xlsx inside, whatever the file is called.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = open_package(data)
        self._parts = sheet_parts(self._archive) if self._archive else {}
        self._book = CalamineWorkbook.from_filelike(BytesIO(data))
        self.names: list[str] = self._book.sheet_names
        self.is_xlsx = bool(self._parts)

    def rows(self, sheet: str) -> tuple[list[list[object]], dict[str, str]]:
        """Return a sheet's rows from the first on, and its cells that could not be read.

        An empty cell is an empty text. What could not be read comes as empty too; it is named by its
        cell, with the error that stands there, or nothing for a formula without a stored result.
        """
        unread: dict[str, str] = {}
        if sheet in self._parts:
            xml = read_part(self._archive, self._parts[sheet])
            require_area(xml, sheet)
            unread = {found.cell: found.value for found in calculated_cells(xml) if found.unread}
        return self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False), unread


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """Open a workbook, and say in a sentence what keeps it from being read, then or later.

    Raises
    ------
    UnreadableError
        If it is none, is damaged, is locked, or would take too much memory.
    """
    data = read_bytes(path)
    if is_locked(data):
        raise UnreadableError(*_LOCKED)
    try:
        yield Book(data)
    except PasswordError:
        raise UnreadableError(*_LOCKED) from None
    except CalamineError:
        raise UnreadableError(*BROKEN) from None


def read_excel(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Return every cell of a sheet (the first unless named) as text, the rows counted from 1.

    Formulas are read by their stored value; whole numbers come without a decimal point.

    Raises
    ------
    UnreadableError
        If it is no workbook, is locked, or has no such sheet.
    """
    with open_book(path) as book:
        wanted = sheet or next(iter(book.names), "")
        if wanted not in book.names:
            raise UnreadableError(f"没有工作表“{wanted}”", f"现有：{'、'.join(book.names)}")
        rows, _ = book.rows(wanted)
    if not rows:
        raise UnreadableError(f"工作表“{wanted}”是空的", "填入数据")
    grid = pd.DataFrame([[excel_text(cell) for cell in row] for row in rows], dtype="str")
    grid.index += 1
    return grid


def excel_text(cell: object) -> str:
    """Return a cell's value as it would be typed.

    A whole number of more than sixteen digits has lost some of them, and stays as a spreadsheet shows it.

    >>> excel_text(2024.0), excel_text(0.5), excel_text(True), excel_text(date(2024, 9, 1))
    ('2024', '0.5', 'true', '2024-09-01')
    >>> excel_text(41020300000000001.0)
    '4.10203e+16'
    """
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)) if abs(cell) < 1e16 else str(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)
