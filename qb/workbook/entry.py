"""One sheet to fill in: headers with notes, cells that refuse what the registry does not allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from qb.dataset.cells import range_text
from qb.dataset.grid import GUIDE
from qb.dataset.sheets import HEADER, ROWS, cell_formats, sheet_cells, width_of, write_row
from qb.schema import WHOLE, Column, ColumnKind, Table

DISTRICT_LIST = "县区数据项目"  # the defined name of the list of district items
_LONGEST_LIST = 255  # characters of a list that stands in the rule itself
_FIRST_DAY = pd.Timestamp("1900-03-01").date()

# The structure is protected; people may still sort, filter, insert rows and choose widths.
_ALLOWED = (
    "objects", "format_cells", "format_columns", "format_rows",
    "insert_rows", "delete_rows", "sort", "autofilter",
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """What a sheet holds before people fill it in.

    Attributes
    ----------
    rows : DataFrame
        Columns of the registry, those that are filled in already; the other columns are empty.
    guides : dict of str to dict of str to list of str
        Text beside a column, for reading only: column, header, one text for each row.
    fixed : tuple of str
        Columns whose filled cells people do not change.
    """

    rows: pd.DataFrame
    guides: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Place:
    """One column of the sheet: of the registry, or a guide under its header."""

    header: str
    cells: list[object]
    column: Column | None
    locked: bool


def add_sheet(book: Workbook, table: Table, listed: Listed) -> None:
    """Add the sheet of a table to a workbook."""
    places = _places(table, listed)
    sheet = book.add_worksheet(table.label)
    _lay_out(book, sheet, places)
    for position, place in enumerate(places):
        if place.column:
            sheet.write_comment(0, position, _note(place.column), {"author": "qb"})
            rule = _rule(place.column)
            if rule or place.column.note:
                sheet.data_validation(1, position, ROWS - 1, position, _with_help(rule, place.column))
    head, required = (book.add_format({**HEADER, "bg_color": colour}) for colour in ("#DDEBF7", "#FFE699"))
    guide = book.add_format({**HEADER, "bg_color": "#EDEDED", "italic": True})
    looks = [guide if not p.column else required if p.column.required else head for p in places]
    write_row(sheet, 0, [place.header for place in places], [(look, look) for look in looks])
    formats = [_formats(book, place) for place in places]
    for row, values in enumerate(zip(*(place.cells for place in places), strict=True), start=1):
        write_row(sheet, row, values, formats)


def _places(table: Table, listed: Listed) -> list[_Place]:
    filled = sheet_cells(listed.rows, table)
    empty = [None] * len(listed.rows)
    places = []
    for column in table.columns:
        cells = filled.get(column.name, empty)
        # Where rows come from is not asked; it is kept where it is known, for invented rows say so.
        if column.name != "source" or any(cell is not None for cell in cells):
            places.append(_Place(column.header, cells, column, column.name in listed.fixed))
        for header, texts in listed.guides.get(column.name, {}).items():
            places.append(_Place(GUIDE + header, texts, None, True))
    beyond = [name for name in filled if name not in table.by_name]
    return places + [_Place(name, filled[name], None, False) for name in beyond]


def _lay_out(book: Workbook, sheet: Worksheet, places: list[_Place]) -> None:
    unlocked = book.add_format({"locked": False})
    sheet.set_column(0, 25, None, unlocked)  # room for columns of their own
    for position, place in enumerate(places):
        wide = place.column is None and place.locked
        width = max(width_of(place.header, place.cells), 24 if _is_long(place.column) else 0)
        look = cell_formats(book, place.column, locked=False)[0]
        sheet.set_column(position, position, min(width * 2, 60) if wide else width, look)
    keys = [position for position, place in enumerate(places) if place.column and place.column.required]
    sheet.freeze_panes(1, max(keys) + 1)
    sheet.set_row(0, 36)
    sheet.protect("", dict.fromkeys(_ALLOWED, True))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R第 &P 页，共 &N 页")


def _is_long(column: Column | None) -> bool:
    return column is not None and column.kind is ColumnKind.TEXT and column.name not in ("district", "source")


def _formats(book: Workbook, place: _Place) -> tuple:
    if place.column is None and place.locked:
        look = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#595959"})
        return look, look
    return cell_formats(book, place.column, locked=place.locked, valign="top")


def _note(column: Column) -> str:
    asked = "必填" if column.required else "可选" if column.optional else ""
    return "\n".join(part for part in (column.name, column.kind.zh, asked) if part)


def _rule(column: Column) -> dict[str, object]:
    """Return what a cell of the column takes, as data validation."""
    if column.terms:
        labels = [term.zh for term in column.terms]
        inline = len(",".join(labels)) <= _LONGEST_LIST
        return {"validate": "list", "source": labels if inline else f"={DISTRICT_LIST}"}
    if column.kind is ColumnKind.BOOL:
        return {"validate": "list", "source": ["是", "否"]}
    if column.kind is ColumnKind.DATE:
        return {"validate": "date", "criteria": ">=", "value": _FIRST_DAY}
    if not column.numeric:
        return {}
    kind = {"validate": "integer" if column.kind in WHOLE else "decimal"}
    if column.high == float("inf"):
        return {**kind, "criteria": ">=", "value": column.low}
    return {**kind, "criteria": "between", "minimum": column.low, "maximum": column.high}


def _with_help(rule: dict[str, object], column: Column) -> dict[str, object]:
    """Add what a person sees on entering a cell, and on filling in what it does not take."""
    asked = {
        "list": "请从下拉列表中选择。",
        "date": "请填日期，如 2024-09-01。",
        "integer": f"请填整数，{range_text(column)}。",
        "decimal": f"请填数字，{range_text(column)}。" + (f"单位：{column.unit}。" if column.unit else ""),
    }
    validate = rule.get("validate", "any")
    told = (
        {"error_title": "不能这样填", "error_message": asked[validate] + "没有数据就留空。"} if rule else {}
    )
    prompt = {"input_title": column.label, "input_message": column.note} if column.note else {}
    return {"validate": validate, **rule, **told, **prompt}
