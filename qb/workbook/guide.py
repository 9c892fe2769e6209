"""The two sheets to read: how to fill in each column and why, and the text of every item."""

from __future__ import annotations

from collections.abc import Iterable

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from qb.dataset.cells import range_text
from qb.dataset.grid import GUIDE
from qb.dataset.sheets import HEADER
from qb.dataset.workbook import INSTRUCTIONS, ITEMS
from qb.schema import TABLES, Column, ColumnKind, DistrictItem
from qb.standard import SEVEN, Standard
from qb.workbook.entry import DISTRICT_LIST

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
    _lay_out(sheet, [width for _, width in _COLUMNS])
    title = book.add_format({"bold": True, "font_size": 16})
    sheet.write_string(0, 0, "义务教育优质均衡发展数据填报工作簿", title)
    lines = [
        f"标准：{standard.title}（{standard.source}）",
        f"学年：{year}—{year + 1}学年（“学年”列填 {year}）",
        *(["预填的学校为模拟数据，不是真实的学校。"] if invented else []),
        *(f"{number}．{text}" for number, text in enumerate(_HOW, start=1)),
    ]
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line)
    rows = [
        (
            table.label, table.row, column.label, column.name, column.unit, _how(column),
            "必填" if column.required else "", clauses(column.codes, standard), column.note,
        )
        for table in TABLES.values()
        for column in table.columns
    ]  # fmt: skip
    _table(book, sheet, len(lines) + 2, [header for header, _ in _COLUMNS], rows)


def add_items(book: Workbook, standard: Standard) -> None:
    """Add the sheet with the text of the district items, vetoes, checklist items and tasks."""
    sheet = book.add_worksheet(ITEMS)
    _lay_out(sheet, [34, 90, 8, 30, 44])
    headers = ("条目", "内容", "单位", "责任部门", "指标与依据")
    district = [
        (item.zh, f"县区数据：{item.value}", item.unit, "", clauses(item.codes, standard))
        for item in DistrictItem
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


def _lay_out(sheet: Worksheet, widths: Iterable[float]) -> None:
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


def _how(column: Column) -> str:
    if column.name == "item" and column.terms:
        return f"见“{ITEMS}”"
    if column.terms:
        return "、".join(term.zh for term in column.terms)
    if column.kind is ColumnKind.BOOL:
        return "是、否"
    return "，".join(part for part in (column.kind.zh, range_text(column)) if part)


def clauses(codes: Iterable[str], standard: Standard) -> str:
    """Return the title and the source of each indicator, one a line; C1 to C7 together where all are meant.

    >>> from qb.standard import load
    >>> clauses(("recognition",), load())
    '社会认可度：教督〔2017〕6号；表VI'
    """
    codes = tuple(codes)
    lines = []
    if set(SEVEN) <= set(codes):
        group = next(group for group in standard.groups if group.code == "A1")
        lines.append(f"C1—C7 {group.title}：{group.source}")
        codes = tuple(code for code in codes if code not in SEVEN)
    for code in codes:
        if code == "veto":
            sources = dict.fromkeys(veto.source for veto in standard.vetoes)
            lines.append(f"一票否决：{'；'.join(sources)}")
        elif code == "recognition":
            lines.append(f"{standard.recognition.title}：{standard.recognition.source}")
        else:
            lines.append(f"{code} {standard[code].title}：{standard[code].source}")
    return "\n".join(lines)
