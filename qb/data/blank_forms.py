"""Forms as issued, blank: one to fill in, or one for each school with last year's figures in grey; what `qb template` does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from qb.data.checks import check, line
from qb.data.dataset import Dataset, is_open
from qb.data.layout_file import SCHOOL_FORM, FormItem, Layout, Sheet, column_at, load_layout
from qb.data.schema import TABLES, WHOLE, ColumnKind
from qb.data.template import REPORTED_BY_SCHOOLS, write_template
from qb.data.workbook import HEADER, new_book, write_xlsx
from qb.errors import QbError
from qb.language import Both, Message, joined
from qb.standard import Standard
from qb.terms import COMPULSORY, Severity, Stage

_GREY = "#808080"  # of last year's figures
_WHOLE_COUNTS = ("人", "个", "间", "所", "份")
Value = float | str


def write_form(
    path: str | Path,
    layout: Layout,
    year: int,
    title: str = "",
    before: Mapping[str, Mapping[int, Value]] | None = None,
) -> None:
    """Write a form to fill in as a workbook.

    Parameters
    ----------
    path : str or Path
        The .xlsx file to make; nothing that stands there is replaced.
    layout : Layout
    year : int
        The school year it is for; its title says it.
    title : str
        Whose form it is.
    before : dict of str to dict of int to float or str, optional
        What is filled in already, in grey: by sheet, by the place of the item.

    Raises
    ------
    QbError
        If no sheet of the layout is one to fill in, or the file cannot be made.
    """
    sheets = [sheet for sheet in layout.sheets if sheet.items or sheet.read_back()]
    if not sheets:
        raise QbError(
            "表样“{}”没有可以填报的工作表。请用有 items 的版式。",
            "The layout “{}” has no sheet to fill in. Use one with items.",
            layout.title,
        )

    def fill(made: Path) -> None:
        with new_book(made, by_row=False) as book:
            for sheet in sheets:
                _draw(book, sheet, year, title, (before or {}).get(sheet.name, {}))

    write_xlsx(Path(path), fill)


def _draw(book: Workbook, form: Sheet, year: int, title: str, before: Mapping[int, Value]) -> None:
    sheet = book.add_worksheet(form.name)
    looks = {
        "title": book.add_format({"bold": True, "font_size": 15, "align": "center"}),
        "head": book.add_format({**HEADER, "align": "center"}),
        "text": book.add_format({"border": 1, "text_wrap": True, "valign": "vcenter"}),
        "value": book.add_format({"border": 1, "bg_color": "#FFFFF0"}),
        "code": book.add_format({"border": 1, "bg_color": "#FFFFF0", "num_format": "@"}),
        "before": book.add_format({"border": 1, "bg_color": "#FFFFF0", "font_color": _GREY}),
        "code before": book.add_format(
            {"border": 1, "bg_color": "#FFFFF0", "font_color": _GREY, "num_format": "@"}
        ),
    }
    last = len(form.columns) - 1
    for place, column in enumerate(form.columns):
        sheet.set_column(place, place, column.width)
    sheet.merge_range(0, 0, 0, last, f"{form.title}（{year}—{year + 1}学年）", looks["title"])
    sheet.write_string(1, 0, title)
    levels = len(form.columns[0].head)
    for place, column in enumerate(form.columns):
        for level, text in enumerate(column.head):
            sheet.write_string(2 + level, place, text, looks["head"])
    top = 2 + levels
    sheet.freeze_panes(top, 0)
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    for number, item in enumerate(form.items, start=1):
        texts = {
            "number": str(number), "group": item.group, "label": item.label, "unit": item.unit,
            "required": "必填" if item.required else "", "note": item.note,
        }  # fmt: skip
        for place, column in enumerate(form.columns):
            role = column.cell.strip("{}")
            if role == "value":
                _value(sheet, top + number - 1, place, item, before.get(number - 1), looks)
            else:
                sheet.write_string(top + number - 1, place, texts[role], looks["text"])
    for place, note in enumerate(form.notes, start=top + max(len(form.items), 1)):
        sheet.write_string(place, 0, note if isinstance(note, str) else "\n".join(note))


def _value(
    sheet: Worksheet, row: int, place: int, item: FormItem, before: Value | None, looks: Mapping
) -> None:
    column = item.column
    look = ("code " if column.kind is ColumnKind.ID else "") + "before"
    if before is None:
        sheet.write_blank(row, place, None, looks[look.removesuffix("before").strip() or "value"])
    elif isinstance(before, str):
        sheet.write_string(row, place, before, looks[look])
    else:
        sheet.write_number(row, place, before, looks[look])
    if column.terms:
        sheet.data_validation(
            row, place, row, place, {"validate": "list", "source": [t.zh for t in column.terms]}
        )
    elif item.label.startswith("是否"):
        sheet.data_validation(row, place, row, place, {"validate": "list", "source": ["是", "否"]})
    elif column.numeric:
        whole = column.kind in WHOLE or column.unit in _WHOLE_COUNTS
        rule = {"validate": "integer" if whole else "decimal", "criteria": ">=", "value": column.low}
        told = f"请填{'整数' if whole else '数字'}，单位：{item.unit or '无'}；没有数据就留空。"
        sheet.data_validation(
            row, place, row, place, {**rule, "error_title": "不能这样填", "error_message": told}
        )


def write_per_school(
    data: Dataset,
    folder: str | Path,
    layout: Layout | None = None,
    year: int | None = None,
    standard: Standard | None = None,
) -> tuple[int, int]:
    """Write one form for each school into a folder, named after it and with last year's figures in grey.

    Parameters
    ----------
    data : Dataset
        Last year's. Schools that are closed by then get none.
    folder : str or Path
        Where the forms go; none that stands there is replaced.
    layout : Layout, optional
        The form as issued; our own workbook with the school's rows unless given.
    year : int, optional
        The school year; by default the one after the last in the data.
    standard : Standard, optional
        Whose columns and clauses our own workbook shows; the default one.

    Returns
    -------
    int, int
        How many forms, and the year.

    Raises
    ------
    QbError
        If there are no schools, the layout is none for schools, or a form cannot be made.
    """
    year = year or (data.years[-1] + 1 if data.years else 0)
    schools = data["schools"][is_open(data["schools"], year)]
    if not len(schools) or not year:
        raise QbError(
            "{} 中没有 {} 学年开办的学校。请检查数据和学年。",
            "{} has no school that is open in {}. Check the data and the year.",
            data.source or Both("数据", "The dataset"),
            year or "",
        )
    if layout is not None and not any(sheet.of == "school" for sheet in layout.sheets):
        raise QbError(
            '表样“{}”不是学校填的。请用 {} 或 of = "school" 的版式。',
            'Schools do not fill in the layout “{}”. Use {} or one with of = "school".',
            layout.title,
            SCHOOL_FORM,
        )
    paths = {
        school: Path(folder) / f"{file_name(school, name)}.xlsx"
        for school, name in zip(schools["school_id"], schools["name"], strict=True)
    }
    if there := next((path for path in paths.values() if path.exists()), None):
        raise QbError(
            "{} 已经存在，可能已有人填写，不覆盖。请换一个文件夹。",
            "{} exists already and may have been filled in, so it is not replaced. Choose another folder.",
            there,
        )
    records = _Records(data, year)
    for school, path in paths.items():
        if layout is None:
            write_template(path, year, records.only(school), standard, schools_only=True)
            continue
        before = {form.name: records.values(form, school) for form in layout.sheets if form.items}
        write_form(path, layout, year, f"学校：{path.stem}{'（模拟数据）' if data.invented else ''}", before)
    return len(paths), year


def file_name(school: str, name: object) -> str:
    """Return what a school's file is called: code and name, without what no file may be called.

    >>> file_name("0101", "一/小")
    '0101 一_小'
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", f"{school} {name if isinstance(name, str) else ''}".strip())


class _Records:
    """What a dataset says of each school in its latest year before the one to come, as forms ask it."""

    def __init__(self, data: Dataset, year: int) -> None:
        self._data = data
        before = [known for known in data.years if known < year]
        self.year = before[-1] if before else None
        self._rows: dict[str, dict[str, list[dict[str, object]]]] = {}
        for table in REPORTED_BY_SCHOOLS:
            frame = data[table]
            if "year" in frame:
                frame = frame[frame["year"] == self.year]
            groups: dict[str, list[dict[str, object]]] = {}
            for row in frame.to_dict("records"):
                groups.setdefault(row["school_id"], []).append(row)
            self._rows[table] = groups

    def only(self, school: str) -> Dataset:
        """Return the dataset of one school."""
        tables = {
            name: frame[frame["school_id"] == school]
            for name, frame in self._data.tables.items()
            if "school_id" in frame
        }
        return Dataset.of(**tables)

    def values(self, form: Sheet, school: str) -> dict[int, Value]:
        """Return last year's figures by the place of each item, in the form's units."""
        found = {}
        for place, item in enumerate(form.items):
            value = self._value(item, school)
            if value is None or value != value or value is pd.NA:
                continue
            found[place] = float(f"{value / item.factor:.12g}") if isinstance(value, float) else str(value)
        return found

    def _value(self, item: FormItem, school: str) -> object:
        table, _, column = item.to.partition(".")
        if not item.targets:
            return next((row.get(item.label) for row in self._of("schools", school)), None)
        if not item.to or table not in self._rows:
            return None
        if item.band:
            return self._count(item, self._of(table, school))
        rows = self._of(table, school)
        stage = item.stage
        rows = [row for row in rows if stage is None or row.get("stage") == stage]
        if table == "schools":
            value = next((row[column] for row in rows), None)
            terms = {term.value: term.zh for term in column_at(item.to).terms}
            return terms.get(value, value)
        if table in ("sections", "facilities"):
            rows = [row for row in rows if row["stage"] in (*COMPULSORY, Stage.WHOLE)]
        numbers = [row[column] for row in rows]
        return float(sum(numbers)) if numbers and not any(n != n for n in numbers) else None

    def _of(self, table: str, school: str) -> list[dict[str, object]]:
        return self._rows[table].get(school, [])

    @staticmethod
    def _count(item: FormItem, rows: list[dict[str, object]]) -> float | None:
        """Return how many classes or rooms lie in a band; None where any has no size, or there are none."""
        band = TABLES[item.to].band
        low, high = (*item.band, float("inf"))[:2]
        counts: list[float] = []
        rows = [row for row in rows if row["stage"] != Stage.SENIOR and item.kind in (None, row.get("kind"))]
        for row in rows:
            size, count = row[band.size], row[band.count]
            if count == count:  # listed by size, as the form asks, or otherwise
                ends = (
                    max(row[band.low], 0),
                    row[band.high] if row[band.high] == row[band.high] else float("inf"),
                )
                if not item.rest and low <= ends[0] and ends[1] <= high:
                    counts.append(count)
                elif item.rest or ends[1] <= low or high <= ends[0]:
                    counts.append(count if item.rest else 0)
                else:
                    return None
            elif size != size:
                return None
            else:
                inside = low <= size < high or (band.closed and size == high)
                counts.append(float(size > 0 if item.rest else inside))
        return float(sum(counts)) if counts else None


def run_template(
    path: Path | None,
    year: int | None,
    data: Dataset | None,
    layout: str | None,
    folder: Path | None,
    standard: Standard | None = None,
) -> Message:
    """Do what ``qb template`` asks and return the sentence to print.

    Raises
    ------
    QbError
        If neither a file nor a folder is named, or both, or what is asked cannot be made.
    """
    if (path is None) == (folder is None):
        raise QbError(
            "请写明要生成的工作簿，或用 --per-school 数据 文件夹 每校一份；二者居其一。",
            "Name the workbook to make, or with --per-school a dataset and a folder for one each; one of the two.",
        )
    chosen = load_layout(layout) if layout else None
    if folder is not None:
        count, made = write_per_school(data, folder, chosen, year, standard)
        said = Message(
            "已写入 {}：{} 份，{}—{}学年。上一学年的数为灰色，请改填。",
            "Written to {}: {} forms, {}–{}. Last year's numbers are grey, to be written over.",
            folder,
            count,
            made,
            made + 1,
        )
        return joined("\n", "\n", [said, *_faulty(data, standard)])
    if chosen is None:
        made = write_template(path, year, data, standard)
        said = Message(
            "已写入 {}：{}—{}学年。怎样填写见第一个工作表。",
            "Written to {}: {}–{}. The first sheet says how to fill it in.",
            path,
            made,
            made + 1,
        )
        return joined("\n", "\n", [said, *_faulty(data, standard)])
    made = year or (data.years[-1] + 1 if data and data.years else None)
    if made is None:
        raise QbError("请用 --year 指明学年，如 2025。", "Name the school year with --year, as 2025.")
    write_form(path, chosen, made)
    return Message(
        "已写入 {}：{}，{}—{}学年。", "Written to {}: {}, {}–{}.", path, chosen.title, made, made + 1
    )


_NAMED = 20  # faults of last year's data that are said one by one


def _faulty(data: Dataset | None, standard: Standard | None) -> list[str]:
    """Say what was faulty in the data from which forms were filled in before they went out."""
    found = [fault for fault in check(data, standard) if fault.severity is not Severity.NOTE] if data else []
    if not found:
        return []
    more = (
        Message("另有 {} 处，用 qb check 查看。", "{} more: run qb check.", len(found) - _NAMED)
        if len(found) > _NAMED
        else ""
    )
    lines = [line(fault) for fault in found[:_NAMED]]
    return [
        Message(
            "上一学年的数据有 {} 处问题，预填的内容以改正后的为准：",
            "Last year's data have {} faults; what is pre-filled holds once they are put right:",
            len(found),
        ),
        *lines,
        *[more] * bool(more),
    ]
