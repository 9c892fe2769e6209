"""`qb template`: the workbook to fill in, a sheet for each table with notes and refusals, and two sheets to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from qb.data.cell_values import range_text
from qb.data.dataset import Dataset
from qb.data.grid import GUIDE
from qb.data.schema import TABLES, WHOLE, ColumnKind, SchemaColumn, SchemaTable, bearing, items_of, tables_of
from qb.data.withheld import without_persons
from qb.data.workbook import (
    HEADER,
    INSTRUCTIONS,
    ITEMS,
    ROWS,
    cell_formats,
    new_book,
    sheet_cells,
    width_of,
    write_row,
    write_xlsx,
)
from qb.errors import QbError
from qb.standard import Standard, load

# One sheet to fill in: headers with notes, cells that refuse what the registry does not allow.


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
    """What a sheet holds before people fill it in."""

    # Columns of the registry, those that are filled in already; the other columns are empty.
    rows: pd.DataFrame
    # Text beside a column, for reading only: column, header, one text for each row.
    guides: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()  # columns whose filled cells people do not change


@dataclass(frozen=True)
class _Place:
    """One column of the sheet: of the registry, or a guide under its header."""

    header: str
    cells: list[object]
    column: SchemaColumn | None
    locked: bool


def add_sheet(book: Workbook, table: SchemaTable, listed: Listed) -> None:
    """Add the sheet of a table to a workbook."""
    places = _places(table, listed)
    sheet = book.add_worksheet(table.label)
    _lay_out_sheet(book, sheet, places)
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


def _places(table: SchemaTable, listed: Listed) -> list[_Place]:
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


def _lay_out_sheet(book: Workbook, sheet: Worksheet, places: list[_Place]) -> None:
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


def _is_long(column: SchemaColumn | None) -> bool:
    return column is not None and column.kind is ColumnKind.TEXT and column.name not in ("district", "source")


def _formats(book: Workbook, place: _Place) -> tuple:
    if place.column is None and place.locked:
        look = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#595959"})
        return look, look
    return cell_formats(book, place.column, locked=place.locked, valign="top")


def _note(column: SchemaColumn) -> str:
    asked = "必填" if column.required else "可选" if column.optional else ""
    return "\n".join(part for part in (column.name, column.kind.zh, asked) if part)


def _rule(column: SchemaColumn) -> dict[str, object]:
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


def _with_help(rule: dict[str, object], column: SchemaColumn) -> dict[str, object]:
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


# The two sheets to read: how to fill in each column and why, and the text of every item.


_HOW = (
    "每张表一个工作表，一行是什么见下表。表头不要改动；可在右侧另加自己的列，读入时原样保留。",
    "没有数据就留空。0 就是 0，不要用 0 表示没有数据。",
    "数字按表头的单位填，不要换成万元、亩等别的单位。",
    "黄色表头的列必填，同一行的必填列合起来不得重复（音乐美术教室除外）。",
    f"表头以“{GUIDE}”开头的列只供阅读，不读入。已列出而没有填写的条目按缺数据处理。",
    "工作表加了保护，只为防止误改，没有密码；需要时可取消。",
    "交回前运行 qb check 本文件.xlsx --marked 标注.xlsx，在标注的单元格处改正。",
)
_COLUMNS = (
    ("工作表", 14), ("一行是", 18), ("列", 26), ("英文名", 26), ("单位", 7), ("怎样填", 30), ("必填", 7),
    ("据此计算的指标与依据", 60), ("说明", 36),
)  # fmt: skip


def add_instructions(book: Workbook, standard: Standard, year: int, invented: bool) -> None:
    """Add the sheet that says how to fill in every column, with the clause that asks for it."""
    sheet = book.add_worksheet(INSTRUCTIONS)
    _lay_out_guide(sheet, [width for _, width in _COLUMNS])
    title = book.add_format({"bold": True, "font_size": 16})
    sheet.write_string(0, 0, f"{standard.subject}数据填报工作簿", title)
    lines = [
        f"标准：{standard.title}（{standard.source}）",
        f"学年：{year}—{year + 1}学年（“学年”列填 {year}）",
        *(["预填的学校为模拟数据，不是真实的学校。"] if invented else []),
        *(f"{number}．{text}" for number, text in enumerate(_HOW, start=1)),
    ]
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line)
    rests = bearing(standard)
    rows = [
        (
            table.label, table.row, column.label, column.name, column.unit, _how(column),
            "必填" if column.required else "", clauses(rests[table.name, column.name], standard), column.note,
        )
        for table in tables_of(standard).values()
        for column in table.columns
    ]  # fmt: skip
    _table(book, sheet, len(lines) + 2, [header for header, _ in _COLUMNS], rows)


def add_items(book: Workbook, standard: Standard) -> None:
    """Add the sheet with the text of the district items, vetoes, checklist items and tasks."""
    sheet = book.add_worksheet(ITEMS)
    _lay_out_guide(sheet, [34, 90, 8, 30, 44])
    headers = ("条目", "内容", "单位", "责任部门", "指标与依据")
    rests = bearing(standard)
    district = [
        (item.zh, f"县区数据：{name}", item.unit, "", clauses(rests["district", name], standard))
        for name, item in items_of(standard).items()
    ]
    vetoes = [(veto.item, f"一票否决：{veto.text}", "", "", veto.source) for veto in standard.vetoes]
    checklist = [
        (
            item.item,
            f"{standard[item.code].title}：{item.text}",
            "",
            "、".join(item.departments),
            item.source,
        )
        for item in standard.checklist
    ]
    tasks = [(task.item, f"{task.title}：{task.text}", "", "", task.source) for task in standard.tasks]
    _table(book, sheet, 0, headers, [*district, *vetoes, *checklist, *tasks])
    sheet.freeze_panes(1, 1)
    book.define_name(DISTRICT_LIST, f"='{ITEMS}'!$A$2:$A${len(district) + 1}")


def _lay_out_guide(sheet: Worksheet, widths: Iterable[float]) -> None:
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width)
    sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R第 &P 页，共 &N 页")


def _table(
    book: Workbook, sheet: Worksheet, top: int, headers: Iterable[str], rows: Iterable[tuple[str, ...]]
) -> None:
    head, body = book.add_format(HEADER), book.add_format({"border": 4, "text_wrap": True, "valign": "top"})
    for row, texts in enumerate([tuple(headers), *rows], start=top):
        for position, text in enumerate(texts):
            look = body if row > top else head
            if text:
                sheet.write_string(row, position, text, look)
            else:
                sheet.write_blank(row, position, None, look)
    sheet.repeat_rows(top)


def _how(column: SchemaColumn) -> str:
    if column.name == "item" and column.terms:
        return f"见“{ITEMS}”"
    if column.terms:
        return "、".join(term.zh for term in column.terms)
    if column.kind is ColumnKind.BOOL:
        return "是、否"
    return "，".join(part for part in (column.kind.zh, range_text(column)) if part)


def clauses(codes: Iterable[str], standard: Standard) -> str:
    """Return title and source of each indicator, one a line; the resources together where all are meant.

    >>> from qb.standard import load
    >>> clauses(("recognition",), load())
    '社会认可度：教督〔2017〕6号；表VI'
    """
    codes = tuple(codes)
    lines = []
    resources = standard.resource_codes
    if len(resources) > 1 and set(resources) <= set(codes):
        heading = next(iter(standard.groups), standard.resources[0])  # the resources come first
        lines.append(f"{resources[0]}—{resources[-1]} {heading.title}：{heading.source}")
        codes = tuple(code for code in codes if code not in resources)
    for code in codes:
        if code == "veto":
            sources = dict.fromkeys(veto.source for veto in standard.vetoes)
            lines.append(f"一票否决：{'；'.join(sources)}")
        elif code == "recognition":
            lines.append(f"{standard.recognition.title}：{standard.recognition.source}")
        else:
            lines.append(f"{code} {standard[code].title}：{standard[code].source}")
    return "\n".join(lines)


# A workbook to fill in for a year, empty or with what is known already.

REPORTED_BY_SCHOOLS = ("schools", "sections", "facilities", "classes", "rooms", "funds")


def write_template(
    path: str | Path,
    year: int | None = None,
    data: Dataset | None = None,
    standard: Standard | None = None,
    *,
    schools_only: bool = False,
) -> int:
    """Write a workbook to fill in: a sheet for each table, with instructions.

    Items of the district, checklist items, tasks, vetoes and monitored subjects are listed, for each
    district of `data`. From `data` come also all schools as they are, and the rows of `sections`,
    `facilities` and `funds` without figures: those of the latest year up to the one asked for.

    Parameters
    ----------
    path : str or Path
        The .xlsx file to make. What stands there is never replaced: it may be filled in.
    year : int, optional
        The school year (the year it starts); by default the one after the last in `data`, or the
        standard's target year.
    data : Dataset, optional
        Last year's, say.
    standard : Standard, optional
        Whose items and clauses to show; the default standard unless given.
    schools_only : bool
        Whether only the tables that schools report in are asked for.

    Returns
    -------
    int
        The year.

    Raises
    ------
    QbError
        If the year is none, or the file cannot be made.
    """
    standard = standard or load()
    year = _year(year, data, standard)
    if data is not None:  # the workbook goes to schools
        data = data.replace(**{name: without_persons(data[name], TABLES[name]) for name in TABLES})
    listed = {**_known(data, year), **_items(data, year, standard)}

    def fill(made: Path) -> None:
        with new_book(made) as book:
            add_instructions(book, standard, year, data is not None and data.invented)
            for name, table in tables_of(standard).items():
                if not schools_only or name in REPORTED_BY_SCHOOLS:
                    add_sheet(book, table, listed.get(name, Listed(pd.DataFrame())))
            if not schools_only:
                add_items(book, standard)

    write_xlsx(Path(path), fill)
    return year


def _year(year: int | None, data: Dataset | None, standard: Standard) -> int:
    column = TABLES["sections"]["year"]
    if year is None:
        return data.years[-1] + 1 if data and data.years else standard.target_year or date.today().year
    if not column.low <= year < column.high:
        raise QbError(
            "学年应为公历年份，如 {}，现为 {}。",
            "The school year must be a year, as {}; it is {}.",
            standard.target_year or date.today().year,
            year,
        )
    return year


def _known(data: Dataset | None, year: int) -> dict[str, Listed]:
    """Return what the data say of the year beforehand: the schools, and who will report."""
    if data is None:
        return {}
    schools = data["schools"]
    names = schools.drop_duplicates("school_id").set_index("school_id")["name"]
    known = {"schools": Listed(schools)}
    for name in ("sections", "facilities", "funds"):
        before = data[name][data[name]["year"] <= year]
        latest = before[before["year"] == before["year"].max()]
        rows = latest[list(TABLES[name].key)].assign(year=year).reset_index(drop=True)
        shown = rows["school_id"].map(names).fillna("").tolist()
        known[name] = Listed(rows, {"school_id": {"学校名称": shown}})
    return known


def _items(data: Dataset | None, year: int, standard: Standard) -> dict[str, Listed]:
    """Return the rows of the tables that ask for one row an item."""
    districts = (data.districts if data else []) or [None]
    rests = bearing(standard)
    district = [
        (name, item.unit, clauses(rests["district", name], standard) or None)
        for name, item in items_of(standard).items()
    ]
    checklist = [(item.item, item.text.zh) for item in standard.checklist]
    tasks = [(task.item, f"{task.title}：{task.text}") for task in standard.tasks]
    vetoes = [(veto.item, veto.text.zh) for veto in standard.vetoes]
    subjects = [
        (subject, clauses([indicator.code], standard))
        for indicator in standard.monitored
        for subject in indicator.options["subjects"]
    ]
    return {
        "district": _listed(districts, year, "item", district, "单位", "据此计算的指标与依据"),
        "evidence": _listed(districts, year, "item", checklist + tasks, "条目内容"),
        "vetoes": _listed(districts, year, "item", vetoes, "条目内容"),
        "monitoring": _listed(districts, year, "subject", subjects, "指标与依据"),
    }


def _listed(
    districts: Iterable[str | None], year: int, column: str, items: list[tuple[str, ...]], *headers: str
) -> Listed:
    """Return a row for each district and item, the item's texts beside it."""
    pairs = list(product(districts, items))
    rows = pd.DataFrame(
        {
            "year": [year] * len(pairs),
            "district": pd.Series([district for district, _ in pairs], dtype="str"),
            column: pd.Series([item for _, (item, *_) in pairs], dtype="str"),
        }
    )
    guides = {header: [texts[place] for _, texts in pairs] for place, header in enumerate(headers, start=1)}
    return Listed(rows, {column: guides}, fixed=(column,))
