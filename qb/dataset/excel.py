"""The sheets of a workbook as cells: values as they are stored, formulas by their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from qb.dataset.cells import UNREAD
from qb.dataset.files import read_bytes
from qb.dataset.grid import Grid
from qb.dataset.package import (
    BROKEN,
    CELL_NAME,
    calculated_cells,
    column_number,
    hidden,
    is_locked,
    open_package,
    read_part,
    require_area,
    sheet_parts,
    shown_codes,
    texts,
)
from qb.errors import UnreadableError
from qb.personal import kinds_of

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et")
_LOCKED = ("工作簿有密码", "取消密码后再用")


class Book:
    """An open workbook.

    Attributes
    ----------
    names : list of str
        Of its sheets, in order.
    is_xlsx : bool
        Whether it is an .xlsx inside, whatever the file is called.
    hidden : set of str
        Names of hidden sheets.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = open_package(data)
        self._parts = sheet_parts(self._archive) if self._archive else {}
        self._book = CalamineWorkbook.from_filelike(BytesIO(data))
        self.names: list[str] = self._book.sheet_names
        self.is_xlsx = bool(self._parts)
        shown = (SheetVisibleEnum.Visible,)
        self.hidden = {page.name for page in self._book.sheets_metadata if page.visible not in shown}

    def grid(self, sheet: str) -> Grid:
        """Return a sheet's cells.

        What could not be read stands as ``UNREAD`` and the error, or the formula that has no stored
        result. A number that a format shows with zeros in front, as codes are, is read as shown.
        """
        said = [f"工作表“{sheet}”是隐藏的，照样读入"] if sheet in self.hidden else []
        if sheet not in self._parts:
            page = self._book.get_sheet_by_name(sheet)
            return Grid.of(page.to_python(skip_empty_area=False), said=tuple(said), lettered=True)
        xml = read_part(self._archive, self._parts[sheet])
        require_area(xml, sheet)
        page = self._book.get_sheet_by_name(sheet)  # lays it out
        rows = page.to_python(skip_empty_area=False)
        for found in calculated_cells(xml):
            if found.unread:
                _put(rows, found.cell, UNREAD + (found.value or f"={found.formula}"))
        for cell, digits in shown_codes(self._archive, xml).items():
            _pad(rows, cell, digits)
        for count, what in zip(hidden(xml), ("行", "列"), strict=True):
            said += [f"有 {count} {what}是隐藏的，照样读入"] * bool(count)
        areas = (page.merged_cell_ranges or []) if b"<mergeCell" in xml or b":mergeCell" in xml else []
        merged = tuple((top + 1, left + 1, bottom + 1, right + 1) for (top, left), (bottom, right) in areas)
        return Grid.of(rows, merged=merged, said=tuple(said), lettered=True)

    def persons(self) -> list[tuple[str, list[str]]]:
        """Return the comments and boxes that hold numbers of persons, and the kinds of these."""
        if not self.is_xlsx:
            return []
        found = ((name, kinds_of(text)) for name, text in texts(self._archive))
        return [(name, kinds) for name, kinds in found if kinds]


def _put(rows: list[list[object]], cell: str, value: object) -> None:
    """Put a value into a cell, which may lie beyond what the reader laid out."""
    letters, number = CELL_NAME.fullmatch(cell).groups()
    row, place = int(number), column_number(letters)
    width = max(place, len(rows[0]) if rows else 0)
    if not rows or width > len(rows[0]):
        rows[:] = [cells + [""] * (width - len(cells)) for cells in rows]
    while len(rows) < row:
        rows.append([""] * width)
    rows[row - 1][place - 1] = value


def _pad(rows: list[list[object]], cell: str, digits: int) -> None:
    letters, number = CELL_NAME.fullmatch(cell).groups()
    row, place = int(number) - 1, column_number(letters) - 1
    value = rows[row][place] if row < len(rows) and place < len(rows[row]) else None
    if type(value) in (int, float) and value >= 0 and value == int(value):
        rows[row][place] = str(int(value)).zfill(digits)


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


def read_excel(path: Path, sheet: str | None = None) -> Grid:
    """Return the cells of a sheet, the first unless named.

    Raises
    ------
    UnreadableError
        If it is no workbook, is locked, or has no such sheet.
    """
    with open_book(path) as book:
        wanted = sheet or next(iter(book.names), "")
        if wanted not in book.names:
            raise UnreadableError(f"没有工作表“{wanted}”", f"现有：{'、'.join(book.names)}")
        grid = book.grid(wanted)
    if not len(grid.rows):
        raise UnreadableError(f"工作表“{wanted}”是空的", "填入数据")
    return grid
