"""A dataset in one workbook: a sheet for each table, written in full, read with the cell of every fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum
from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from qb.data.cell_values import UNREAD, find_numbers
from qb.data.dataset import Dataset
from qb.data.grid import Grid, grid_to_table
from qb.data.schema import TABLES, ColumnKind, SchemaColumn, SchemaTable
from qb.data.table_files import FORMULA, read_bytes, spoken, write_file
from qb.data.table_headers import A_SHEET, about_persons, fault, tables_among
from qb.data.table_intake import to_dataset
from qb.data.xlsx_package import (
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
    with_slashes,
)
from qb.errors import DataError, Fault, QbError, UnreadableError
from qb.files import temporary_folder
from qb.language import Message, joined, listing
from qb.personal_data import kinds_of
from qb.terms import WORKBOOK

# The sheets of a workbook as cells: values as they are stored, formulas by their results.


_LOCKED = (Message("工作簿有密码", "has a password"), Message("取消密码后再用", "Take the password off"))


class Book:
    """An open workbook.

    Attributes
    ----------
    names : list of str
        Of its sheets, in order.
    archive : ZipFile, optional
        Its parts; None where it is not zipped.
    parts : dict of str to str
        The part of each sheet of an .xlsx.
    is_xlsx : bool
        Whether it is an .xlsx inside, whatever the file is called.
    hidden : set of str
        Names of hidden sheets.
    """

    def __init__(self, data: bytes) -> None:
        data = with_slashes(data)
        self.archive = open_package(data)
        self.parts = sheet_parts(self.archive) if self.archive else {}
        self._book = CalamineWorkbook.from_filelike(BytesIO(data))
        self.names: list[str] = self._book.sheet_names
        self.is_xlsx = bool(self.parts)
        shown = (SheetVisibleEnum.Visible,)
        self.hidden = {page.name for page in self._book.sheets_metadata if page.visible not in shown}

    def grid(self, sheet: str) -> Grid:
        """Return a sheet's cells.

        What could not be read stands as ``UNREAD`` and the error, or the formula that has no stored
        result. A number that a format shows with zeros in front, as codes are, is read as shown.
        """
        said = (
            [Message("工作表“{}”是隐藏的，照样读入", "sheet “{}” is hidden and read all the same", sheet)]
            if sheet in self.hidden
            else []
        )
        if sheet not in self.parts:
            page = self._book.get_sheet_by_name(sheet)
            return Grid.of(page.to_python(skip_empty_area=False), said=tuple(said), lettered=True)
        xml = read_part(self.archive, self.parts[sheet])
        require_area(xml, sheet)
        page = self._book.get_sheet_by_name(sheet)  # lays it out
        rows = page.to_python(skip_empty_area=False)
        for found in calculated_cells(xml):
            if found.unread:
                _put(rows, found.cell, UNREAD + (found.value or f"={found.formula}"))
        for cell, digits in shown_codes(self.archive, xml).items():
            _pad(rows, cell, digits)
        for count, what in zip(hidden(xml), (Message("行", "rows"), Message("列", "columns")), strict=True):
            said += [
                Message("有 {} {}是隐藏的，照样读入", "{} {} are hidden and read all the same", count, what)
            ] * bool(count)
        areas = (page.merged_cell_ranges or []) if b"<mergeCell" in xml or b":mergeCell" in xml else []
        merged = tuple((top + 1, left + 1, bottom + 1, right + 1) for (top, left), (bottom, right) in areas)
        return Grid.of(rows, merged=merged, said=tuple(said), lettered=True)

    def persons(self) -> list[tuple[str, list[str]]]:
        """Return the comments and boxes that hold numbers of persons, and the kinds of these."""
        if not self.is_xlsx:
            return []
        found = ((name, kinds_of(text)) for name, text in texts(self.archive))
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
            raise UnreadableError(
                Message("没有工作表“{}”", "has no sheet “{}”", wanted),
                Message("现有：{}", "There are: {}", listing(book.names)),
            )
        grid = book.grid(wanted)
    if not len(grid.rows):
        raise UnreadableError(
            Message("工作表“{}”是空的", "has an empty sheet “{}”", wanted), Message("填入数据", "Fill it in")
        )
    return grid


# Tables written to a workbook: numbers in full, text never as a formula, words of closed sets in Chinese.


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
    """Make a workbook whole or not at all, as :func:`qb.data.table_files.write_file` does.

    Raises
    ------
    QbError
        Also if the name does not end in .xlsx, by which spreadsheets and we know a workbook.
    """
    if path.suffix.lower() != WORKBOOK:
        raise QbError(
            "工作簿的文件名应以 {} 结尾，现为“{}”。",
            "A workbook's name should end in {}; it is “{}”.",
            WORKBOOK,
            path.name,
        )
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
    with temporary_folder() as beside:  # what it keeps beside would outlive a killed process
        how = {"constant_memory": by_row, "tmpdir": beside, **dict.fromkeys(options, False)}
        book = Workbook(str(path), how)
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


def header_of(name: str, table: SchemaTable) -> str:
    """Return what stands above a column: its label and unit, or the name of a column beyond the registry."""
    return table[name].header if name in table.by_name else str(name)


def cell_formats(book: Workbook, column: SchemaColumn | None, **look: object) -> tuple[Format, Format]:
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


def sheet_cells(frame: pd.DataFrame, table: SchemaTable) -> dict[str, list[object]]:
    """Return each column's cells as a sheet holds them: text, numbers, dates, and None where missing.

    Words of closed sets come by their Chinese labels, booleans as 是 and 否.

    Raises
    ------
    QbError
        As :func:`write_book` says.
    """
    if len(frame) >= ROWS:
        raise QbError(
            "表“{}”有 {:,} 行，超过工作表的 {:,} 行。请写成 CSV 或 parquet 文件夹。",
            "Table {} has {:,} rows, more than the {:,} of a sheet. Write a folder of CSV or parquet.",
            table,
            len(frame),
            ROWS,
        )
    cells = {name: _cells(frame[name], table.by_name.get(name)) for name in frame.columns}
    for name, values in cells.items():
        for row, value in enumerate(values, start=2):
            if isinstance(value, str) and len(value) > LONGEST:
                raise QbError(
                    "表“{}”第 {} 行“{}”有 {:,} 字，超过单元格的 {:,} 字。请缩短，或写成 CSV 或 parquet 文件夹。",
                    "Table {}, row {}, {} has {:,} characters, more than the {:,} of a cell. Shorten it, or write a folder of CSV or parquet.",
                    table,
                    row,
                    header_of(name, table),
                    len(value),
                    LONGEST,
                )
    return cells


def _cells(values: pd.Series, column: SchemaColumn | None) -> list[object]:
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


def _reader(column: SchemaColumn | None) -> Callable[[str], object]:
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


# A dataset read from one workbook: a sheet for each table, every fault with its cell.


INSTRUCTIONS, ITEMS, RESULT = "填报说明", "条目说明", "核查结果"  # our sheets that hold no data


def read_workbook(path: Path, tables: Mapping[str, SchemaTable] = TABLES) -> Dataset:
    """Read a workbook; see :func:`qb.data.reading.read`.

    Sheets are named for their tables in Chinese or English and stand in any order. Formulas are read by
    their stored results. Columns whose header begins with ※ are passed over, and so are rows that the
    template lists (something stands under ※) where nobody filled in the key or anything beyond it.
    """
    frames, letters = {}, {}
    name = spoken(path.name)
    try:
        with open_book(path) as book:
            faults = kept_back(book, path)
            own = [sheet for sheet in book.names if sheet in (INSTRUCTIONS, ITEMS, RESULT)]
            sheets, found = tables_among((sheet for sheet in book.names if sheet not in own), A_SHEET)
            faults += found
            if not sheets:
                labels = listing(list(TABLES.values())[:3])
                faults.append(
                    fault(
                        "F02",
                        Message("工作簿 {} 中没有数据表", "workbook {} has no table of data", name),
                        Message("工作表以“{}”等表名命名", "Name sheets as tables: {}", labels),
                    )
                )
            for table, sheet in sheets.items():
                read = grid_to_table(
                    book.grid(sheet), tables[table], Message("工作表“{}”", "sheet “{}”", sheet)
                )
                frames[table], found, letters[table] = read
                faults += found
            others = [sheet for sheet in book.names if sheet not in sheets.values()]
            faults += persons_in({sheet: book.grid(sheet) for sheet in others}, book)
    except UnreadableError as error:
        raise DataError(
            [fault("F04", Message("工作簿 {} {}", "workbook {} {}", name, error.message), error.remedy)]
        ) from None
    return to_dataset(frames, faults, path, letters)


def kept_back(book: Book, path: Path) -> list[Fault]:
    """Say what cannot be seen in a workbook that is not of the usual kind."""
    kind = path.suffix.lower()
    if book.is_xlsx:
        return []
    if kind == ".xlsx":
        raise UnreadableError(*BROKEN)
    message = Message(
        "{} 工作簿中的错误值（如 #DIV/0!）和没有结果的公式分辨不出，读作空格；编号按数值读；隐藏的行列照样读入，但认不出",
        "errors (such as #DIV/0!) and formulas without a result cannot be told apart in {} workbooks and are read as blanks; identifiers are read as numbers; hidden rows and columns are read, but not seen to be hidden",
        kind,
    )
    return [fault("F31", message, Message("另存为 .xlsx 后再核查一次", "Save it as .xlsx and check again"))]


def persons_in(grids: Mapping[str, Grid], book: Book | None = None) -> list[Fault]:
    """Name numbers of persons on sheets that hold no table of ours, and in the comments and boxes of a book."""
    faults = []
    for sheet, grid in grids.items():
        for place, values in grid.below(-1).items():
            for position, kinds in find_numbers(values).items():
                row = int(grid.rows[position])
                cell = grid.cell(row, place)
                where = Message("工作表“{}”的 {}", "sheet “{}”, {}:", sheet, cell) if sheet else cell
                what = joined("或", " or ", kinds)
                message = Message("{} 有像{}的内容", "{} what looks like {}", where, what)
                faults.append(about_persons(message, sheet=sheet or None, row=row, cell=cell))
    for part, kinds in book.persons() if book else ():
        what = (
            Message("批注", "A note")
            if "comment" in part.lower()
            else Message("图形或文本框", "A drawing or text box")
        )
        faults.append(
            about_persons(
                Message(
                    "{}（{}）中有像{}的内容",
                    "{} ({}) holds what looks like {}",
                    what,
                    part,
                    joined("或", " or ", kinds),
                )
            )
        )
    return faults
