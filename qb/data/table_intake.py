"""A frame of cells becomes a table of the schema; what is wrong with it is named, cell by cell."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from qb.data.cell_values import (
    UNREAD,
    Finding,
    convert,
    error_cells,
    find_numbers,
    is_text,
    missing,
    tidy_cells,
    unseen,
)
from qb.data.check_base import Rule
from qb.data.dataset import Dataset, record_codes
from qb.data.schema import ABOVE_REQUIRED, DEGREES, TABLES, ColumnKind, Table, tidy_header
from qb.data.table_headers import (
    Aside,
    column_like,
    find_column,
    is_sum,
    plain_header,
    set_aside,
    table_like,
    table_named,
)
from qb.errors import DataError, Fault
from qb.language import Both, Message, joined, listing
from qb.personal import names_persons
from qb.terms import Severity, Stage

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

A_FILE, A_SHEET = Message("文件", "file"), Message("工作表", "sheet")
LISTED = 1000  # faults shown for one column and rule; a column of the wrong kind has millions


def fault(rule: str, message: Message, remedy: Message, **where: object) -> Fault:
    """Return a fault of a numbered form rule."""
    return Fault(rule, FORM_RULES[rule].severity, message, remedy, **where)


def is_structure(found: Fault) -> bool:
    """Whether a fault keeps its table from being read at all."""
    return found.rule in FORM_RULES and FORM_RULES[found.rule].structure


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
    decorated: list[tuple[str, Table]] = []
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


def to_dataset(
    frames: Mapping[str, pd.DataFrame],
    faults: list[Fault],
    source: Path,
    letters: Mapping[str, Mapping[str, str]] | None = None,
) -> Dataset:
    """Return tables as read, each indexed by its rows in the file, as a dataset.

    Raises
    ------
    DataError
        If a fault keeps a table from being read; every fault that stops is named.
    """
    if any(is_structure(found) for found in faults):
        raise DataError(found for found in faults if found.severity is Severity.STOPS)
    tables, lines = {}, {}
    for name, table in TABLES.items():
        frame = _in_order(frames.get(name, table.empty()), table)
        rows = frame.index.to_numpy()
        if not np.array_equal(rows, np.arange(2, len(rows) + 2)):
            lines[name] = rows
        tables[name] = frame.reset_index(drop=True)
    return Dataset(tables, tuple(_once(faults)), str(source), lines, letters or {})


def _once(faults: Sequence[Fault]) -> Iterator[Fault]:
    """Say once what is to be said alike of several files: a folder saved in one encoding, one separator."""
    alike = Counter(found.message for found in faults if found.rule == "F28" and found.row is None)
    told = set()
    for found in faults:
        count = alike[found.message] if found.rule == "F28" and found.row is None else 1
        if count == 1:
            yield found
        elif found.message not in told:
            told.add(found.message)
            yield dataclasses.replace(
                found, message=Message("{}（共 {} 个表如此）", "{} (so in {} tables)", found.message, count)
            )


def _in_order(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the rows of schools by the table's key, words in the order of their set; others as they are.

    A sum of the same figures in another order may differ in its last digit; so handed in shuffled, the
    same data would not give the same bytes.
    """
    if "school_id" not in table.key:
        return frame
    code = record_codes(frame, table.key, {c.name: [t.value for t in c.terms] for c in table.columns})
    return frame if (code[1:] >= code[:-1]).all() else frame.iloc[np.argsort(code, kind="stable")]


WIDEST = 1_000  # columns that a table may have, our own and others


def too_wide(count: int, table: Table) -> list[Fault]:
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


def frame_to_table(raw: pd.DataFrame, table: Table, header_row: int = 1) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a frame of cells as a table of the registry.

    Parameters
    ----------
    raw : DataFrame
        Headers as typed (English name, Chinese label, or label with unit in brackets); cells as text, or
        as numbers, booleans or dates where the file has types. The index is each row's number in the
        file. Rows without content, totals and notes are left out; see :mod:`qb.data.table_headers`.
    table : Table
        What it should be.
    header_row : int
        Row of the header in the file.

    Returns
    -------
    frame : DataFrame
        Every column of the registry in order and in its dtype, then the others as they are, under
        the index of `raw`. Unreadable cells are missing; rows without a readable key year, which
        belong nowhere, are left out.
    faults : list of Fault
        By row and column. If one :func:`is_structure`, the frame is empty.

    Examples
    --------
    >>> from qb.data.schema import TABLES
    >>> headers = ["学年", "school_id", "学段", "在校生数（人）"]
    >>> raw = pd.DataFrame([["2024", "007", "小学", "1，234"]], columns=headers)
    >>> frame, faults = frame_to_table(raw, TABLES["sections"])
    >>> frame[["school_id", "stage", "pupils"]].values.tolist()
    [['007', 'primary', 1234.0]]
    """
    wide = too_wide(raw.shape[1], table)
    if wide:
        return table.empty(), wide
    unseen_in = {place: unseen(raw.iloc[:, place]) for place in range(raw.shape[1])}
    columns = [tidy_cells(raw.iloc[:, place]) for place in range(raw.shape[1])]
    cells, faults, places = _name_columns(raw.columns, columns, table, header_row)
    if any(is_structure(found) for found in faults):
        return table.empty(), faults
    index, kept = raw.index, np.ones(len(raw), dtype=bool)
    if len(raw) and cells and next(iter(cells.values())).isna().any():
        kept = np.logical_or.reduce([values.notna().to_numpy(dtype=bool) for values in cells.values()])
    if not kept.all():
        index = index[kept]
        cells = {name: values[kept] for name, values in cells.items()}
    personal = _personal(cells, index, table)
    asides = set_aside(cells, table)
    left = sorted(row for aside in asides for row in aside.rows)
    faults += [_left_out(aside, cells, index, table, personal) for aside in asides]
    faults += personal.values()
    if left:
        records = np.delete(np.arange(len(index)), left)
        index = index[records]
        cells = {name: values.iloc[records] for name, values in cells.items()}
    seen = {name: unseen_in[places[name]] for name in cells if unseen_in[places[name]] is not None}
    if seen:
        at = raw.index.get_indexer(index)
        faults += [f for name, marks in seen.items() for f in _unseen(name, marks[at], index, table)]
    read = {c.name: convert(cells[c.name], c) for c in table.columns if c.name in cells}
    known = {c.name: read[c.name][0] if c.name in read else missing(c.dtype, index) for c in table.columns}
    others = {header: values for header, values in cells.items() if header not in known}
    for header, values in others.items():
        wrong = error_cells(values)
        if wrong is not None:
            others[header] = values.mask(wrong)
            faults.append(_beside(header, values, wrong, table))
    frame = pd.DataFrame({**known, **others}, copy=False)
    findings = [finding for _, found in read.values() for finding in found]
    if table.band and frame[table.band.count].notna().any():
        frame, findings = _bands_asked(frame, findings, table, read.keys())
    faults += _faults(findings, frame, table)
    if table.name == "sections" and frame[list(DEGREES)].notna().any(axis=None):
        frame, added = _above_required(frame, table)
        faults += added
    faults += _like_a_sum(frame, table)
    for column in table.columns:
        if column.dtype == "int64":
            known_year = frame[column.name].notna()
            frame = frame if known_year.all() else frame[known_year]
            frame = frame.astype({column.name: "int64"})
    return frame, sorted(faults, key=lambda found: found.row or 0)


def _bands_asked(
    frame: pd.DataFrame, findings: list[Finding], table: Table, read: Collection[str]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Ask of a band of sizes nothing that only a single record has; without a stage it is of the whole."""
    bands, blank = table.bands(frame), table.band.blank
    unread = [f.where for f in findings if f.rule != "F10" and f.column.name == "stage"]
    whole = bands & frame["stage"].isna().to_numpy() & ~np.logical_or.reduce([bands & False, *unread])
    frame = frame.assign(stage=frame["stage"].mask(whole, str(Stage.WHOLE)))
    asked = [
        dataclasses.replace(f, where=f.where & ~bands) if f.rule == "F10" and f.column.name in blank else f
        for f in findings
    ]
    for name in blank:
        if name not in read:
            nothing = missing("str", frame.index)
            asked.append(
                Finding(
                    "F10",
                    table[name],
                    ~bands,
                    nothing,
                    Message("是空的", "is empty"),
                    Message("补上这一列", "Add this column"),
                )
            )
    return frame, [finding for finding in asked if finding.where.any()]


def _above_required(frame: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, list[Fault]]:
    """Fill in the teachers above the required degree where those of each degree are given, and say so."""
    column = table["teachers_above_required"]
    total = frame[column.name]
    for stage, degrees in ABOVE_REQUIRED.items():
        mine = (frame["stage"] == stage) & total.isna()
        total = total.mask(mine, frame[list(degrees)].sum(axis=1, skipna=False))
    rows = tuple(int(row) for row in frame.index[frame[column.name].isna() & total.notna()])
    if not rows:
        return frame, []
    message = Message(
        "“{}”有 {} 格未填，由各层学历的教师数相加得出（小学专科及以上，初中本科及以上）",
        "{} has {} blanks filled with the sum of teachers by degree (primary: college and above; junior: bachelor and above)",
        column,
        len(rows),
    )
    told = fault(
        "F32",
        message,
        Message("如不符，请填写", "If that is wrong, enter the number"),
        table=table.name,
        row=rows[0],
        column=column.name,
        rows=rows,
    )
    return frame.assign(**{column.name: total}), [told]


def _name_columns(
    headers: Sequence[object], columns: list[pd.Series], table: Table, row: int
) -> tuple[dict[str, pd.Series], list[Fault], dict[str, int]]:
    """Return the columns by their English names (others by their own), what is wrong, and their places."""
    cells: dict[str, pd.Series] = {}
    typed: dict[str, str] = {}
    places: dict[str, int] = {}
    faults: list[Fault] = []
    beyond: list[str] = []
    for position, (header, values) in enumerate(zip(headers, columns, strict=True)):
        shown = str(header).strip() or Message("第{}列", "column {}", position + 1)
        if not str(header).strip() and values.isna().all():
            continue
        column, unit_fits = find_column(shown, table)
        name = column.name if column else shown
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


def _no_header(shown: str) -> bool:
    """Whether what stands above a column is a number, or nothing."""
    return bool(re.fullmatch(r"第\d+列|[\d,.]+", shown))


def _left_out(
    aside: Aside, cells: Mapping[str, pd.Series], index: pd.Index, table: Table, personal: dict[int, Fault]
) -> Fault:
    """Say what was left out; of a note with a number of a person in it that is said too, and once."""
    row = int(index[aside.rows[0]])
    where = {"table": table.name, "row": row, "column": aside.column}
    if aside.kind == "dragged":
        rows = tuple(int(index[position]) for position in aside.rows)
        message = Message(
            "第 {} 行只填了{}，其余是空的，没有读入",
            "rows {} have nothing but {}; not read",
            spans(rows),
            aside.text,
        )
        remedy = Message(
            "多拖的行请删去；漏填的请补填", "Delete rows dragged too far; complete what is missing"
        )
        return fault("F26", message, remedy, rows=rows, **where)
    text = f"“{aside.text[:12]}{'…' if len(aside.text) > 12 else ''}”"
    if aside.kind == "note":
        text = f"“{re.split('[:：]', aside.text)[0][:12]}…”"
    if aside.kind == "total":
        message, remedy = (
            Message("{}像是合计行，没有读入", "{} looks like a row of totals; not read", text),
            Message("如确是一条记录，请改正这一格", "If it is a record, put this cell right"),
        )
    elif aside.kind == "header":
        message, remedy = (
            Message("本行又是表头，没有读入", "the row is the header again; not read"),
            Message("表中只留一个表头；下面的行照样读入", "Keep one header; the rows below it are read"),
        )
    elif aside.kind == "sum":
        message, remedy = (
            Message(
                "本行没有编号，数值等于以上各行之和（{}），像是合计行，没有读入",
                "the row has no identifier and equals the sum of those above ({}): it looks like a row of totals; not read",
                aside.text,
            ),
            Message("如确是一条记录，请补填编号", "If it is a record, enter its identifier"),
        )
    else:
        message, remedy = (
            Message("{}像是表外的说明，没有读入", "{} looks like a note outside the table; not read", text),
            Message("说明请写在数据表以外的工作表", "Write notes on a sheet of their own"),
        )
    about = [personal.pop(position) for position in aside.rows if position in personal]
    if about:
        return dataclasses.replace(
            about[0], message=Message("{}；其中{}", "{}; in it, {}", message, about[0].message)
        )
    return fault("F25", message, remedy, **where)


def _personal(cells: Mapping[str, pd.Series], index: pd.Index, table: Table) -> dict[int, Fault]:
    """Return numbers of persons by the position of their row: once for a column, in any cell as typed."""
    faults: dict[int, Fault] = {}
    for name, values in cells.items():
        column = table.by_name.get(name)
        if column is None and names_persons(name):
            continue  # refused as a column
        if column is not None and column.numeric and not is_text(values):
            continue
        found = find_numbers(values, codes=column is not None and column.kind is ColumnKind.ID)
        if column is not None and column.numeric:
            found = {at: kinds for at, kinds in found.items() if not _is_number(str(values.iloc[at]))}
        if not found:
            continue
        what = joined("或", " or ", dict.fromkeys(kind for kinds in found.values() for kind in kinds))
        more = (
            ""
            if len(found) == 1
            else Message("，本列共 {} 个单元格", ", in {} cells of this column", len(found))
        )
        at = next((position for position in found if position not in faults), None)
        if at is not None:
            where = {"table": table.name, "row": int(index[at]), "column": name}
            rows = tuple(int(index[position]) for position in found)
            faults[at] = about_persons(
                Message("有像{}的内容{}", "what looks like {}{}", what, more), rows=rows, **where
            )
    return faults


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[\d,.]+", text))


def about_persons(message: str, **where: object) -> Fault:
    """Return the fault of a number of a person, which the check finds in tables as rule P02."""
    remedy = Message(
        "删去这些内容；若只是编码，请改写得不像手机号码或身份证号",
        "Delete it; if it is a mere code, write it so that it looks like no mobile or identity number",
    )
    return Fault("P02", Severity.STOPS, message, remedy, **where)


def _unseen(name: str, marks: np.ndarray, index: pd.Index, table: Table) -> list[Fault]:
    """Say once for a column that what no eye sees was taken out of its cells."""
    rows = tuple(index[marks].tolist())
    if not rows:
        return []
    label = table.by_name.get(name, name)
    message = Message(
        '“{}”列有 {} 格带看不见的字符或“="…"”的写法，已去掉',
        '{} has {} cells with characters that no eye sees or written as ="…"; taken out',
        label,
        len(rows),
    )
    remedy = Message("如不符，请改正", "If that is wrong, put it right")
    return [fault("F20", message, remedy, table=table.name, row=rows[0], column=name, rows=rows)]


def _beside(header: str, values: pd.Series, wrong: np.ndarray, table: Table) -> Fault:
    """Say that a column of one's own holds errors, which matter to nothing."""
    rows = tuple(int(row) for row in values.index[wrong])
    shown = str(values[wrong].iloc[0]).removeprefix(UNREAD)
    message = Message(
        "规定之外的列“{}”有 {} 个错误值或没有结果的公式（如 {}），读作空格",
        "column “{}”, beyond the registry, has {} errors or formulas without a result (as {}), read as blanks",
        header,
        len(rows),
        shown,
    )
    where = {"table": table.name, "row": rows[0], "column": header, "rows": rows}
    return fault(
        "F21",
        message,
        Message(
            "不影响评估；如要保留，请改正公式",
            "The assessment does not need it; to keep it, put the formula right",
        ),
        **where,
    )


_FEWEST = 3  # rows above, and columns, from which on a sum in a row with a code is told


def _like_a_sum(frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Ask about a last row with a code of its own whose every number is the sum of those above."""
    names = [c.name for c in table.columns if c.unit and c.kind in (ColumnKind.COUNT, ColumnKind.NUMBER)]
    names = [name for name in names if len(frame) > _FEWEST and pd.notna(frame[name].iloc[-1])]
    if len(names) < _FEWEST or not all(is_sum(frame[name].iloc[:-1], frame[name].iloc[-1]) for name in names):
        return []
    where = {"table": table.name, "row": int(frame.index[-1]), "school_id": _school(frame, -1)}
    message = Message(
        "本行的 {} 个数都等于以上各行之和，像是合计行；已按一条记录读入",
        "each of the {} figures of the row equals the sum of those above: it looks like a row of totals; read as a record",
        len(names),
    )
    return [
        fault("F30", message, Message("如是合计，请删去这一行", "If it is a total, delete the row"), **where)
    ]


def _faults(findings: list[Finding], frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Return a fault for each cell found, by row and then by column."""
    order = {name: place for place, name in enumerate(table.names)}
    faults = [f for finding in findings for f in _one_by_one(finding, frame, table)]
    return sorted(faults, key=lambda f: (f.row, order[f.column]))


def _one_by_one(finding: Finding, frame: pd.DataFrame, table: Table) -> Iterator[Fault]:
    """Give a fault for each thing typed: where the same stands in many cells, one with all of them."""
    positions = np.flatnonzero(finding.where)
    groups: dict[object, list[int]] = {}
    for position, typed in zip(positions.tolist(), finding.raw.iloc[positions], strict=True):
        same = "" if pd.isna(typed) or finding.rule == "F18" else typed
        groups.setdefault(same, []).append(position)
    parts = [
        part
        for group in groups.values()
        for part in ([group] if len(group) > ALIKE else [[at] for at in group])
    ]
    for count, part in enumerate(sorted(parts)[:LISTED], start=1):
        typed = finding.raw.iloc[part[0]]
        shown = finding.column if pd.isna(typed) else _shown(typed)
        rows = tuple(int(row) for row in frame.index[part])
        more = (
            Message("（{} 处：第 {} 行）", " ({} places: rows {})", len(rows), spans(rows))
            if len(rows) > 1
            else ""
        )
        if count == LISTED and len(parts) > LISTED:
            more += Message(
                "（本列还有 {} 处同样的问题，不再列出）",
                " ({} more of this kind in this column, not listed)",
                len(parts) - LISTED,
            )
        yield fault(
            finding.rule,
            Message("“{}”{}{}", "“{}” {}{}", shown, finding.message, more),
            finding.remedy,
            table=table.name,
            row=rows[0],
            column=finding.column.name,
            school_id=_school(frame, part[0]) if len(rows) == 1 else None,
            rows=rows if len(rows) > 1 else (),
        )


ALIKE = 3  # where the same stands in more cells of a column than these, it is one finding


def spans(rows: Iterable[int], most: int = 8) -> Message:
    """Return rows in order in words, those that follow each other as from—to, the first few.

    >>> spans((2, 3, 4, 9)), spans((5,)).en, spans([2, 3, 5, 7], most=2)
    ('2—4、9', '5', '2—3、5 等')
    """
    rows = np.sort(np.asarray(list(rows), dtype=int))
    runs = [run for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(run)]
    shown = [
        Message("{}—{}", "{}–{}", run[0], run[-1]) if len(run) > 1 else str(run[0]) for run in runs[:most]
    ]
    return listing(shown) + (Message(" 等", " …") if len(runs) > most else "")


def _shown(typed: object) -> str:
    return f"{typed:.15g}" if isinstance(typed, float) else str(typed)[:40]


def _school(frame: pd.DataFrame, position: int) -> str | None:
    if "school_id" not in frame:
        return None
    school = frame["school_id"].iloc[position]
    return None if pd.isna(school) else str(school)
