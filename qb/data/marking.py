"""The workbook as it was handed in, with every faulty cell coloured and explained."""

from __future__ import annotations

import errno
import gc
import os
import re
import sys
import warnings
import zipfile
from collections.abc import Iterable
from copy import copy
from io import BytesIO
from math import ceil
from pathlib import Path

from lxml.etree import SerialisationError
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from qb.data.cell_values import CONTROL
from qb.data.table_headers import table_named
from qb.data.workbook import LONGEST, RESULT, WORKBOOK, open_book, write_xlsx
from qb.data.xlsx_package import Calculated, calculated_cells, sheet_parts
from qb.errors import Fault, QbError
from qb.personal import kinds_of, mask
from qb.terms import Severity

COLOURS = {Severity.STOPS: "FFFFC7CE", Severity.WARNING: "FFFFEB9C", Severity.NOTE: "FFE2EFDA"}
_AUTHOR, _MARK = "qb", "【核查结果】"
_HEADERS = (
    ("程度", 10),
    ("规则", 8),
    ("工作表", 14),
    ("单元格", 9),
    ("学校标识码", 16),
    ("问题", 60),
    ("怎么改", 50),
)


def mark(path: str | Path, faults: Iterable[Fault], out: str | Path) -> None:
    """Write a copy of a workbook in which each faulty cell is coloured and says what is wrong with it.

    All faults, also those that belong to no cell, are listed on the sheet 核查结果. Marks of an earlier
    check are taken off first. Nothing else changes: values (numbers to sixteen digits), formulas with
    their results, formats, widths, rules. What the library says it cannot keep is named on that sheet.

    Parameters
    ----------
    path : str or Path
        The .xlsx workbook, as it was read.
    faults : iterable of Fault
        Of :func:`qb.data.checks.check`, or of the :class:`qb.errors.DataError` where it cannot be read.
    out : str or Path
        The copy to make, whole or not at all. Nothing that stands there is replaced.

    Raises
    ------
    QbError
        If the workbook cannot be opened, or the copy cannot be made.
    """
    source, faults = Path(path), list(faults)
    if source.suffix.lower() != WORKBOOK or not source.is_file():
        raise QbError(f"只有 {WORKBOOK} 工作簿可以标注，{source} 不是。请用不带 --marked 的核查。")
    book, lost = _open(source)
    sheets = {table.name: sheet for sheet in book if (table := table_named(sheet.title))}
    if RESULT in book.sheetnames:
        del book[RESULT]
        for sheet in sheets.values():
            _take_off(sheet)
    for sheet in book:
        _hide_numbers(sheet)
    by_cell: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        for cell in _cells_of(fault) if fault.table in sheets else ():
            by_cell.setdefault((fault.table, cell), []).append(fault)
    for (table, name), found in by_cell.items():
        _put_on(_cell(sheets[table], name), found)
    _list(book.create_sheet(RESULT), faults, {name: sheet.title for name, sheet in sheets.items()}, lost)

    def fill(made: Path) -> None:
        saved = BytesIO()
        _save(book, saved)
        _copy_with_results(saved, source, made)

    write_xlsx(Path(out), fill)


def _save(book: Workbook, saved: BytesIO) -> None:
    """Save a workbook; where the disk has no place for the sheets on their way, raise what the system said.

    lxml has an error of its own for that, and what openpyxl leaves open fails once more when it is cleared.
    """
    refused = ""
    heard, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        book.save(saved)
    except SerialisationError as error:
        refused = str(error)  # as IO_ENOSPC
    finally:
        if refused:
            gc.collect()
        sys.unraisablehook = heard
    if refused:
        number = getattr(errno, refused.removeprefix("IO_"), errno.EIO)
        raise OSError(number, os.strerror(number))


def _open(source: Path) -> tuple[Workbook, list[str]]:
    """Return the workbook, and what the library says that it leaves out."""
    with open_book(source) as checked:  # before anything is unpacked
        if not checked.is_xlsx:
            raise QbError(f"{source} 不是有效的工作簿。用电子表格软件打开后另存为 .xlsx。")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            book = load_workbook(source, rich_text=True)
        except Exception as error:  # whatever the library finds strange in a file that opens elsewhere
            raise QbError(f"{source} 无法标注（{error}）。用电子表格软件打开后另存为 .xlsx。") from None
    return book, sorted({str(warning.message) for warning in said})


def _take_off(sheet: Worksheet) -> None:
    """Take off what an earlier check put on. A colour that stood there before is not known any more."""
    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment and _MARK in cell.comment.text:
                before = cell.comment.text.partition(_MARK)[0].rstrip()
                cell.comment = Comment(before, cell.comment.author) if before else None
                if cell.fill.fgColor.rgb in COLOURS.values():
                    cell.fill = PatternFill()


def _cell(sheet: Worksheet, name: str) -> Cell:
    """Return a cell; of merged ones the first, and one that was not there in the look of its column."""
    merged = next((area for area in sheet.merged_cells.ranges if name in area), None)
    if merged:
        return sheet.cell(merged.min_row, merged.min_col)
    cell = sheet[name]
    if cell.value is None and not cell.has_style:
        column = next(
            (c for c in sheet.column_dimensions.values() if c.min and c.min <= cell.column <= c.max), None
        )
        if column is not None:
            cell._style = copy(column._style)
    return cell


def _cells_of(fault: Fault) -> list[str]:
    """Return every cell of a fault, by their names."""
    if not fault.cell:
        return []
    letters = fault.cell.rstrip("0123456789")
    return [f"{letters}{row}" for row in fault.rows] or [fault.cell]


def _hide_numbers(sheet: Worksheet) -> None:
    """Leave no identity or mobile number in full, in cells and notes: the copy goes from hand to hand."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and kinds_of(cell.value):
                cell.value = mask(cell.value)
            if cell.comment and kinds_of(cell.comment.text):
                cell.comment = Comment(mask(cell.comment.text), cell.comment.author)


def _put_on(cell: Cell, faults: list[Fault]) -> None:
    """Colour a cell for the gravest of its faults, and say below what stood there what they are."""
    gravest = min(faults, key=lambda fault: list(Severity).index(fault.severity))
    cell.fill = PatternFill("solid", fgColor=COLOURS[gravest.severity])
    lines = [f"{fault.severity.zh}（{fault.rule}）：{fault.message}。{fault.remedy}。" for fault in faults]
    before = [cell.comment.text.rstrip(), ""] if cell.comment else []
    text = _plain("\n".join([*before, _MARK, *lines]))
    height = 18 * sum(ceil((len(line) + 1) / 22) for line in text.split("\n")) + 12
    cell.comment = Comment(text, cell.comment.author if before else _AUTHOR, height=height, width=320)


def _plain(text: str) -> str:
    return CONTROL.sub("", text)[:LONGEST]


def _list(sheet: Worksheet, faults: list[Fault], titles: dict[str, str], lost: list[str]) -> None:
    """Fill the sheet of results: what is lost, then a row for each fault, leading to its cell."""
    sheet.append([f"共 {len(faults)} 处" if faults else "没有发现问题"])
    for warning in lost:
        sheet.append([_plain(f"本副本未能保留原工作簿的部分内容：{warning}")])
    sheet.append([header for header, _ in _HEADERS])
    top = sheet.max_row
    for cell, (_, width) in zip(sheet[top], _HEADERS, strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = f"A{top + 1}"
    for row, fault in enumerate(faults, start=top + 1):
        title = titles.get(fault.table, fault.table or "")
        where = (title, fault.cell or "", fault.school_id or "")
        texts = (fault.severity.zh, fault.rule, *where, fault.message, fault.remedy)
        for column, text in enumerate(texts, start=1):
            cell = sheet.cell(row, column)
            cell.value = _plain(text)
            cell.data_type = "s"  # a text, whatever it begins with
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(row, 1).fill = PatternFill("solid", fgColor=COLOURS[fault.severity])
        if fault.cell and fault.table in titles:
            place = sheet.cell(row, 4)
            location = "'{}'!{}".format(title.replace("'", "''"), fault.cell)
            place.hyperlink = Hyperlink(ref=place.coordinate, location=location)


# The library writes formulas without their results, and a formula without one is a fault.
_WITHOUT_RESULT = re.compile(
    rb'<c r="([A-Z]+\d+)"([^<>]*)>(<f(?:[^<>]*/>|[^<>]*>[^<]*</f>))<v\s*(?:/>|></v>)</c>'
)


def _copy_with_results(saved: BytesIO, source: Path, made: Path) -> None:
    """Copy a workbook, giving the formulas the results that are stored in the source."""
    with zipfile.ZipFile(source) as original:
        results = {
            name: {found.cell: found for found in calculated_cells(original.read(part))}
            for name, part in sheet_parts(original).items()
        }
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        names = {part: name for name, part in sheet_parts(old).items()}
        for part in old.infolist():
            content = old.read(part)
            stored = results.get(names.get(part.filename, ""), {})
            new.writestr(part, _with_results(content, stored) if stored else content)


def _with_results(xml: bytes, stored: dict[str, Calculated]) -> bytes:
    def give(cell: re.Match[bytes]) -> bytes:
        name, attributes, formula = cell.groups()
        found = stored.get(name.decode())
        if found is None or (found.unread and found.kind != "e"):
            return cell[0]
        kind = b' t="%s"' % found.kind.encode() if found.kind else b""
        value = found.value.encode()
        return b'<c r="%s"%s%s>%s<v>%s</v></c>' % (name, attributes, kind, formula, value)

    return _WITHOUT_RESULT.sub(give, xml)
