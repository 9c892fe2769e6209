"""Rules F of reading; which table a sheet's name means, which column a header means, where the header stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import PurePath
from typing import Any

import pandas as pd

from qb.data.check_base import Rule
from qb.data.schema import TABLES, SchemaColumn, SchemaTable, tidy_header, tidy_unit
from qb.errors import Fault
from qb.language import Both, Message, listing
from qb.personal_data import mask, names_persons
from qb.terms import Severity

# fmt: off
FORM_RULES: dict[str, Rule] = {
    rule.number: rule
    for rule in (
        Rule("F01", Severity.STOPS, Message("数据文件夹或工作簿必须存在", "A folder or workbook of data must exist"), structure=True),
        Rule("F02", Severity.STOPS, Message("文件夹或工作簿中至少有一张数据表", "A folder or workbook has at least one table"), structure=True),
        Rule("F03", Severity.STOPS, Message("一张表只能有一个文件或工作表", "A table has one file or sheet"), structure=True),
        Rule("F04", Severity.STOPS, Message("文件必须能够读取", "A file must be readable"), structure=True),
        Rule("F05", Severity.STOPS, Message("表中必须有关键列", "A table must have its key columns"), structure=True),
        Rule("F06", Severity.STOPS, Message("同一列只能出现一次", "A column stands once"), structure=True),
        Rule("F07", Severity.STOPS, Message("表头的单位必须与规定一致", "The unit in a header must be the one laid down"), structure=True),
        Rule("F10", Severity.STOPS, Message("关键列不能为空", "An empty key")),
        Rule("F11", Severity.STOPS, Message("数字列只能填数字", "Not a number")),
        Rule("F12", Severity.STOPS, Message("数字必须是有限的", "Not a finite number")),
        Rule("F13", Severity.STOPS, Message("数字必须在允许的范围内", "Out of range")),
        Rule("F14", Severity.STOPS, Message("年份和序号必须是整数", "Not a whole number")),
        Rule("F15", Severity.STOPS, Message("选项列只能填规定的词", "Not a word of the list")),
        Rule("F16", Severity.STOPS, Message("是否列只能填是或否", "Neither yes nor no")),
        Rule("F17", Severity.STOPS, Message("日期必须是实有的日期", "Not a date")),
        Rule("F18", Severity.STOPS, Message("编号不能是电子表格改成的科学计数", "An identifier cut short by a spreadsheet")),
        Rule("F19", Severity.STOPS, Message("公式必须算出结果", "A formula without a result")),
        Rule("F20", Severity.NOTE, Message("写法不规范但意思明确的单元格", "Read for what it says")),
        Rule("F21", Severity.NOTE, Message("规定之外的列", "A column beyond the registry")),
        Rule("F22", Severity.NOTE, Message("规定之外的文件或工作表", "A file or sheet beyond the registry")),
        Rule("F23", Severity.STOPS, Message("一条更正恰好指一条记录的一个单元格", "A correction of no record, or of several")),
        Rule("F24", Severity.STOPS, Message("更正以为错的值必须还在来源中", "A correction that does not fit its source")),
        Rule("F25", Severity.NOTE, Message("合计、小计和表外的说明不是数据，不读入", "A total or a note, left out")),
        Rule("F26", Severity.WARNING, Message("只填了关键列的行，不读入", "A row with nothing but its key, left out")),
        Rule("F27", Severity.WARNING, Message("表头或名称像规定的列、表，但不相同", "A header or name that looks like another")),
        Rule("F28", Severity.NOTE, Message("与规定的样子不同但意思明确的文件、工作表或表头", "An unusual file, sheet or header, read for what it says")),
        Rule("F29", Severity.WARNING, Message("合并的数据格只有一格有内容", "Merged cells over several rows")),
        Rule("F30", Severity.WARNING, Message("与以上各行之和相等的行", "A row equal to the sum of those above")),
        Rule("F32", Severity.NOTE, Message("没有填而由别的列得出的数", "A number not filled in that follows from other columns")),
        Rule("F31", Severity.WARNING, Message("读不全的工作簿格式", "A kind of workbook that cannot be read in full")),
    )
}
# fmt: on


def fault(rule: str, message: Message, remedy: Message, **where: Any) -> Fault:
    """Return a fault of a numbered form rule."""
    return Fault(rule, FORM_RULES[rule].severity, message, remedy, **where)


def named(faults: Iterable[Fault], table: SchemaTable) -> Iterator[Fault]:
    """Give faults of a table; those of a column that a standard declares with what it is called."""
    for found in faults:
        column = table.by_name.get(found.column or "")
        declared = column and column.name not in TABLES[table.name].by_name
        yield replace(found, label=column.label) if column and declared else found


def is_structure(found: Fault) -> bool:
    """Whether a fault keeps its table from being read at all."""
    return found.rule in FORM_RULES and FORM_RULES[found.rule].structure


# Which table a name means, and which column a header: by meaning, with marks, numbers and units aside.


HEADER_WITHIN = 10  # rows among which the header is sought
_MARKS = "*※★☆·:;,。.、-_~'\"`"
_NUMBERED = re.compile(r"^\(?\d{1,2}[).、:]?(?=[一-鿿])")
_BRACKETED = re.compile(r"(.+?)[(\[【〔{〈<](?:单位)?:?(.*?)[)\]】〕}〉>]")
_AFTER = re.compile(r"(.+?)(?:/|,?单位:)([^/]+)")
_REMARKS = {"必填", "选填", "可选", "必选", "填数字", "数字", "文本", "文字", "下拉选择", "请选择", "单选"}
_INCLUDING = re.compile("(?<!不)(?<!未)(?:含|包括|计入)")  # of a remark: pupils with those of a kindergarten
_WITHOUT = re.compile("不含|不包括|不计|未含")
_ALIKE = 0.75  # share of letters in common from which a header looks like another
_SHORT = 4  # letters from which on a header may be another one cut short


def table_named(text: str) -> SchemaTable | None:
    """Return the table with this English name or Chinese label, or None."""
    tidied = tidy_header(text)
    return next((t for t in TABLES.values() if tidied in (t.name, tidy_header(t.label))), None)


def table_like(text: str) -> tuple[SchemaTable | None, bool]:
    """Return the table that a decorated name means, and whether that is certain; None for no table of ours.

    >>> table_like("1 学校（2025）")[0].name, table_like("1 学校（2025）")[1]
    ('schools', True)
    >>> table_like("学段统计")[0].name, table_like("学段统计")[1]
    ('sections', False)
    >>> table_like("食堂")
    (None, False)
    """
    core = re.sub(r"[(\[【〔].*?[)\]】〕]", "", tidy_header(text))
    core = re.sub(r"^(?:附件|附表|表)?\d*(?:年度?|学年度?)?[.、_\-:]*", "", core)
    core = re.sub(r"[._\-]*(?:\d+(?:年度?|学年度?)?|副本|终稿|最终版?|修改版?)$", "", core).strip("._- ")
    for name in (core, core.removesuffix("表")):
        if (table := table_named(name)) is not None:
            return table, True
    for table in sorted(TABLES.values(), key=lambda table: -len(table.label)):
        if core.startswith((tidy_header(table.label), table.name)):
            return table, False
    return None, False


def plain_header(text: str) -> tuple[str, str | None]:
    r"""Return a header as it is compared, and the unit or remark that stands with it, None for none.

    >>> plain_header("①专任教师\n数（人）*"), plain_header("骨干教师数/人"), plain_header("备注：")
    (('专任教师数', '人'), ('骨干教师数', '人'), ('备注', None))
    """
    plain = _NUMBERED.sub("", tidy_header(text).strip(_MARKS)).strip(_MARKS)
    found = _BRACKETED.fullmatch(plain) or _AFTER.fullmatch(plain)
    return (found[1].strip(_MARKS), found[2].strip(_MARKS)) if found else (plain, None)


def find_column(header: str, table: SchemaTable) -> tuple[SchemaColumn | None, bool]:
    """Return the column a header names, or None, and whether the unit in its brackets fits.

    >>> from qb.data.schema import TABLES
    >>> find_column("体育运动场地面积 (㎡)", TABLES["facilities"])[0].name
    'sports_ground_m2'
    """
    text = tidy_header(header)
    if text in table.headers:
        return table.headers[text], True
    plain, unit = plain_header(header)
    column = table.headers.get(plain)
    if column is None or not unit or unit in _REMARKS or tidy_unit(unit) == tidy_unit(column.unit):
        return column, True
    if unit.startswith(("含", "不含")) and tidy_header(unit) in tidy_header(column.note):  # as it is meant
        return column, True
    if _INCLUDING.search(unit):  # what it counts is something else
        return None, True
    return column, bool(_WITHOUT.match(unit))


def column_like(header: str, table: SchemaTable, taken: Iterable[str]) -> SchemaColumn | None:
    """Return the column that a header looks like without naming it, of those not there yet.

    >>> from qb.data.schema import TABLES
    >>> [column_like(text, TABLES["sections"], taken=()).name for text in ("专任教师人数", "骨干教师")]
    ['full_time_teachers', 'backbone_teachers']
    """
    plain, _ = plain_header(header)
    likeness = {
        column: max(_likeness(plain, name) for name in (column.label, column.name))
        for column in table.columns
        if column.name not in taken
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= _ALIKE else None


def _likeness(one: str, other: str) -> float:
    """Return the share of letters in common, or of a short name in the other; 0 where there are too few."""
    letters = len(one) + len(other)
    shared = sum(letter in other for letter in one)
    if 2 * shared < _ALIKE * letters and not (len(one) >= _SHORT and shared >= _ALIKE * len(one)):
        return 0.0
    matcher = SequenceMatcher(None, one, other)
    in_order = sum(block.size for block in matcher.get_matching_blocks()) / max(len(one), _SHORT)
    return max(matcher.ratio(), in_order if len(one) >= _SHORT else 0.0)


@dataclass(frozen=True)
class Head:
    """Where the header of a table stands."""

    # first, last: positions of its rows: one row, or two with heads of groups.
    first: int
    last: int
    names: list[str]  # one for each column, empty where there is none


def find_head(rows: pd.DataFrame, table: SchemaTable) -> Head:
    """Return the header among the first rows: the row, or the two rows, that name most columns.

    Of those that tie the first; two rows only where they name more than either alone.
    """
    rows = rows.head(HEADER_WITHIN + 1).fillna("")
    texts = [list(map(str, row)) for row in rows.itertuples(index=False)]
    known: dict[str, str | None] = {}

    def name(text: str) -> str | None:
        if text and text not in known:
            column, _ = find_column(text, table)
            known[text] = column.name if column else None
        return known.get(text)

    def count(names: Iterable[str]) -> int:
        return len({found for text in names if (found := name(text))})

    single = [count(row) for row in texts[:HEADER_WITHIN]]
    best = single.index(max(single))
    head = Head(best, best, texts[best])
    for upper in (best - 1, best):
        lower = upper + 1
        if upper < 0 or lower >= len(texts):
            continue
        joined = [
            low if name(low) or not name(high) else high
            for high, low in zip(texts[upper], texts[lower], strict=True)
        ]
        joined = [low or high for low, high in zip(joined, texts[upper], strict=True)]
        if count(joined) > count(head.names):
            head = Head(upper, lower, joined)
    return head


# Which file or sheet is which table, and what of it is unusual.

A_FILE, A_SHEET = Message("文件", "file"), Message("工作表", "sheet")


def tables_among(names: Iterable[str], what: Message) -> tuple[dict[str, str], list[Fault]]:
    """Return the file or sheet of each table, in the order of the registry, and what is to be said of names.

    Parameters
    ----------
    names : iterable of str
        Of files, with what they end in, or of sheets.
    what : str
        What they are: `A_FILE` or `A_SHEET`.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    decorated: list[tuple[str, SchemaTable]] = []
    for name in names:
        stem = PurePath(name).stem if what == A_FILE else name
        table = table_named(stem)
        like, certain = table_like(stem) if table is None else (None, False)
        if like is not None and certain:
            decorated.append((name, like))
        elif like is not None:
            message = Message(
                "{}“{}”像是“{}”表，没有读入",
                "{} “{}” looks like the table {} and was not read",
                what,
                name,
                like,
            )
            faults.append(
                fault("F27", message, Message("如是，请改名为“{}”", "If it is, rename it to “{}”", like))
            )
        elif table is None:
            message = Message("{}“{}”没有读入", "{} “{}” was not read", what, name)
            faults.append(
                fault(
                    "F22",
                    message,
                    Message(
                        "如系数据表，{}名应为规定的表名",
                        "If it is a table of data, the {} must have the name of a table",
                        what,
                    ),
                )
            )
        elif table.name in found:
            message = Message(
                "{}“{}”与“{}”是同一张表", "{} “{}” and “{}” are the same table", what, found[table.name], name
            )
            faults.append(fault("F03", message, Message("只保留一个", "Keep one"), table=table.name))
        else:
            found[table.name] = name
    for name, table in decorated:
        if table.name in found:
            message = Message(
                "{}“{}”像是“{}”表，没有读入：“{}”是这张表",
                "{} “{}” looks like the table {} and was not read: “{}” is that table",
                what,
                name,
                table,
                found[table.name],
            )
            faults.append(
                fault(
                    "F27", message, Message("只保留一个，或改用别的名字", "Keep one, or give it another name")
                )
            )
        else:
            found[table.name] = name
            message = Message("{}“{}”当作“{}”表读入", "{} “{}” is read as the table {}", what, name, table)
            faults.append(
                fault("F28", message, Message("如不符，请改名", "If it is not, rename it"), table=table.name)
            )
    return {name: found[name] for name in TABLES if name in found}, faults


WIDEST = 1_000  # columns that a table may have, our own and others


def too_wide(count: int, table: SchemaTable) -> list[Fault]:
    """Refuse a table of more columns than any has, before each of them is looked at."""
    if count <= WIDEST:
        return []
    message = Message(
        "“{}”表有 {:,} 列，超过 {:,} 列", "table {} has {:,} columns, more than {:,}", table, count, WIDEST
    )
    remedy = Message(
        "确认是否选错了文件或行列颠倒；自加的列请移到别处",
        "Check whether it is another file, or rows and columns changed places; put columns of your own elsewhere",
    )
    return [fault("F04", message, remedy, table=table.name)]


def name_columns(
    headers: Sequence[object], columns: list[pd.Series], table: SchemaTable, row: int
) -> tuple[dict[str, pd.Series], list[Fault], dict[str, int]]:
    """Return the columns by their English names (others by their own), what is wrong, and their places."""
    cells: dict[str, pd.Series] = {}
    typed: dict[str, str] = {}
    places: dict[str, int] = {}
    faults: list[Fault] = []
    beyond: list[str] = []
    for position, (header, values) in enumerate(zip(headers, columns, strict=True)):
        shown = mask(str(header).strip()) or Message("第{}列", "column {}", position + 1)
        if not str(header).strip() and values.isna().all():
            continue
        column, unit_fits = find_column(shown, table)
        name = column.name if column else shown
        if column is None and names_persons(shown):
            faults.append(person_column(table.name, row, shown))
            continue
        if name in cells:
            message = Message("“{}”与“{}”是同一列", "“{}” and “{}” are the same column", typed[name], shown)
            remedy = Message("只保留一列", "Keep one column")
            faults.append(fault("F06", message, remedy, table=table.name, row=row, column=name))
            continue
        cells[name], typed[name], places[name] = values, shown, position
        where = {"table": table.name, "row": row, "column": name}
        if column and not unit_fits:
            message = Message(
                "表头“{}”的单位应为“{}”",
                "the unit of header “{}” should be “{}”",
                shown,
                column.measure if column.unit else Both("（无单位）", "(none)"),
            )
            remedy = Message(
                "换算数值并改正表头；括号里只写单位",
                "Convert the figures and put the header right; only the unit stands in the brackets",
            )
            faults.append(fault("F07", message, remedy, **where))
        elif column and plain_header(shown)[0] in map(tidy_header, column.aliases):
            faults.append(
                fault(
                    "F28",
                    Message("表头“{}”读作“{}”", "header “{}” is read as {}", shown, column),
                    Message("如不符，请改正表头", "If it is not, put the header right"),
                    **where,
                )
            )
        if not column:
            beyond.append(shown)
    others = (column for column in table.columns if not column.optional and column.name not in cells)
    lacking = listing(list(others)[:5])
    for shown in beyond:
        where = {"table": table.name, "row": row, "column": shown}
        like = column_like(shown, table, cells)
        if like is None and _no_header(shown) and lacking:
            message = Message(
                "表头“{}”不是列名，像是被改写或漏填；没有当作规定的列读，缺少的列有：{}",
                "header “{}” names no column, as if typed over or left out; it was not read as one, and these are missing: {}",
                shown,
                lacking,
            )
            remedy = Message("如是其中一列，请补上表头", "If it is one of them, enter its header")
            faults.append(fault("F27", message, remedy, **where))
        elif like is not None:
            message = Message(
                "“{}”像是“{}”列，没有当作这一列读",
                "“{}” looks like the column {} and was not read as it",
                shown,
                like,
            )
            remedy = Message("如是，请把表头改为“{}”", "If it is, make the header “{}”", like.header)
            faults.append(fault("F27", message, remedy, **where))
        else:
            message = Message(
                "“{}”不在规定的列中，原样保留", "“{}” is none of the columns; kept as it is", shown
            )
            remedy = Message("如系规定的列，请改正表头", "If it is one, put the header right")
            faults.append(fault("F21", message, remedy, **where))
    for name in table.required_among(cells):
        if name not in cells:
            message = Message("缺少关键列“{}”（{}）", "the key column {} ({}) is missing", table[name], name)
            remedy = Message("补上这一列，或改正表头", "Add the column, or put the header right")
            faults.append(fault("F05", message, remedy, table=table.name, column=name))
    return cells, faults, places


def without_header(
    headers: Sequence[object], columns: list[pd.Series], table: SchemaTable, row: int
) -> list[Fault]:
    """Refuse a table in which no header is one of ours, or whose headers stand one below the other."""
    named = {column.name for header in headers if (column := find_column(str(header), table)[0])}
    first = columns[0].dropna().head(WIDEST).astype("str").unique() if columns else ()
    below = {column.name for text in first if (column := find_column(text, table)[0])} - named
    if len(below) > len(named):
        message = Message(
            "列名在第一列自上而下，像是行列颠倒",
            "the names of columns stand in the first one: rows and columns changed places",
        )
        remedy = Message("行列对调（转置）后再报", "Turn the table round (transpose it)")
    elif not named and len(headers):
        message = Message(
            "没有一个表头是规定的列名，像是没有表头行",
            "no header names a column, as if the row of headers were missing",
        )
        remedy = Message(
            "在数据上面补上表头，可从模板复制", "Put the headers above the data, as the template has them"
        )
    else:
        return []
    return [fault("F05", message, remedy, table=table.name, row=row)]


def _no_header(shown: str) -> bool:
    """Whether what stands above a column is a number, or nothing."""
    return bool(re.fullmatch(r"第\d+列|[\d,.]+", shown))


def person_column(table: str, row: int | None, header: str) -> Fault:
    """Return the fault of a column about persons, which is not read; the check finds it in tables as rule P01."""
    remedy = Message(
        "评估用不到个人信息，删去这一列后重新报送",
        "The assessment needs no data about persons: delete the column and hand in again",
    )
    message = Message("“{}”像是个人信息", "“{}” looks like data about persons", header)
    return Fault("P01", Severity.STOPS, message, remedy, table=table, row=row, column=header)


def about_persons(message: Message, **where: Any) -> Fault:
    """Return the fault of a number of a person, which the check finds in tables as rule P02."""
    remedy = Message(
        "删去这些内容；若只是编码，请改写得不像手机号码或身份证号",
        "Delete it; if it is a mere code, write it so that it looks like no mobile or identity number",
    )
    return Fault("P02", Severity.STOPS, message, remedy, **where)
