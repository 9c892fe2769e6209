"""Tables written to a workbook: numbers in full, text never as a formula, words of closed sets in Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from qb.dataset.files import FORMULA, write_file
from qb.errors import QbError
from qb.schema import TABLES, Column, ColumnKind, Table

WORKBOOK = ".xlsx"
ROWS, LONGEST = 1_048_576, 32_767  # what Excel takes: rows of a sheet, characters of a cell
HEADER = {"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True, "valign": "vcenter"}
_SHOWN = {ColumnKind.ID: "@", ColumnKind.DATE: "yyyy-mm-dd", ColumnKind.SHARE: "0.00%"}
_FIRST_DATE = date(1900, 3, 1)  # before it spreadsheets disagree, for Excel takes 1900 for a leap year


class _Exact(float):
    """A number written with all its digits: the library asks for sixteen, and some need seventeen."""

    def __format__(self, asked: str) -> str:
        text = super().__format__(asked)
        return text if float(text) == self else float.__repr__(self)


def write_xlsx(path: Path, fill: Callable[[Path], None], *, replace: bool = False) -> None:
    """Make a workbook whole or not at all, as :func:`qb.dataset.files.write_file` does.

    Raises
    ------
    QbError
        Also if the name does not end in .xlsx, by which spreadsheets and we know a workbook.
    """
    if path.suffix.lower() != WORKBOOK:
        raise QbError(f"工作簿的文件名应以 {WORKBOOK} 结尾，现为“{path.name}”。")
    write_file(path.resolve(), fill, replace=replace)


@contextmanager
def new_book(path: Path, *, by_row: bool = True) -> Iterator[Workbook]:
    """Open a workbook for writing: row by row, which takes little memory, or with heads that span rows.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    options = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers")
    book = Workbook(str(path), {"constant_memory": by_row, **dict.fromkeys(options, False)})
    yield book
    try:
        book.close()
    except XlsxWriterException as error:
        refused = error.args[0]
        raise (refused if isinstance(refused, OSError) else OSError(str(error))) from None


def write_book(frames: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write a sheet for each table: Chinese headers with units, frozen, and the rows.

    Raises
    ------
    QbError
        If a table has more rows, or a cell more characters, than a sheet takes.
    """
    tables = {name: sheet_cells(frame, TABLES[name]) for name, frame in frames.items()}
    with new_book(path) as book:
        head = book.add_format(HEADER)
        for name, cells in tables.items():
            columns = [TABLES[name].by_name.get(header) for header in cells]
            headers = [header_of(header, TABLES[name]) for header in cells]
            sheet = book.add_worksheet(TABLES[name].label)
            sheet.freeze_panes(1, 0)
            for position, (header, values) in enumerate(zip(headers, cells.values(), strict=True)):
                sheet.set_column(position, position, width_of(header, values))
            write_row(sheet, 0, headers, [(head, head)] * len(headers))
            formats = [cell_formats(book, column) for column in columns]
            for row, values in enumerate(zip(*cells.values(), strict=True), start=1):
                write_row(sheet, row, values, formats)


def header_of(name: str, table: Table) -> str:
    """Return what stands above a column: its label and unit, or the name of a column beyond the registry."""
    return table[name].header if name in table.by_name else str(name)


def cell_formats(book: Workbook, column: Column | None, **look: object) -> tuple[Format, Format]:
    """Return the format of a column's cells, and the one for text that begins as a formula does.

    The second keeps the text a text when a person edits it.
    """
    look = {"num_format": _SHOWN.get(column.kind, "General") if column else "General", **look}
    return book.add_format(look), book.add_format({**look, "quote_prefix": True})


def write_row(
    sheet: Worksheet, row: int, values: Iterable[object], formats: Iterable[tuple[Format, Format]]
) -> None:
    """Write a row of cells as :func:`sheet_cells` gives them; leave out what is missing."""
    for column, (value, (plain, quoted)) in enumerate(zip(values, formats, strict=True)):
        if isinstance(value, str):
            sheet.write_string(row, column, value, quoted if value.startswith(_AS_FORMULA) else plain)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, plain)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, plain)
        elif value is not None:
            sheet.write_number(row, column, value, plain)


_AS_FORMULA = tuple(FORMULA)


def width_of(header: str, values: Iterable[object] = ()) -> float:
    """Return a width that shows the header on two lines, and the first values on one."""
    longest = max((_ems(str(value)) for value, _ in zip(values, range(200), strict=False)), default=0)
    return min(max(_ems(header) / 2 + 3, longest + 2, 9), 40)


def _ems(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text[:100])  # Chinese is twice as wide


def sheet_cells(frame: pd.DataFrame, table: Table) -> dict[str, list[object]]:
    """Return each column's cells as a sheet holds them: text, numbers, dates, and None where missing.

    Words of closed sets come by their Chinese labels, booleans as 是 and 否.

    Raises
    ------
    QbError
        As :func:`write_book` says.
    """
    if len(frame) >= ROWS:
        raise QbError(
            f"表“{table.label}”有 {len(frame):,} 行，超过工作表的 {ROWS:,} 行。请写成 CSV 或 parquet 文件夹。"
        )
    cells = {name: _cells(frame[name], table.by_name.get(name)) for name in frame.columns}
    for name, values in cells.items():
        for row, value in enumerate(values, start=2):
            if isinstance(value, str) and len(value) > LONGEST:
                raise QbError(
                    f"表“{table.label}”第 {row} 行“{header_of(name, table)}”有 {len(value):,} 字，"
                    f"超过单元格的 {LONGEST:,} 字。请缩短，或写成 CSV 或 parquet 文件夹。"
                )
    return cells


def _cells(values: pd.Series, column: Column | None) -> list[object]:
    here = values.notna()
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        read: Callable[[object], object] = _Exact
    elif pd.api.types.is_bool_dtype(values):
        read = (lambda value: "是" if value else "否") if column else bool
    else:
        values, read = values.astype("str"), _reader(column)
    cells = [None] * len(values)
    for position, value in zip(here.to_numpy().nonzero()[0].tolist(), values[here].tolist(), strict=True):
        cells[position] = read(value)
    return cells


def _reader(column: Column | None) -> Callable[[str], object]:
    if column is None:
        return str
    if column.kind is ColumnKind.DATE:
        return _as_date
    labels = {term.value: term.zh for term in column.terms}
    return lambda text: labels.get(text, text)


def _as_date(text: str) -> date | str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return day if day >= _FIRST_DATE else text
