"""A frame of cells becomes a table of the schema; every cell that cannot be read is named."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.cell_values import (
    IF_WRONG,
    UNREAD,
    Finding,
    coded,
    convert,
    error_cells,
    find_numbers,
    is_text,
    missing,
    plain,
    tidy_columns,
)
from qb.data.dataset import Dataset, record_codes
from qb.data.schema import ABOVE_REQUIRED, DEGREES, TABLES, ColumnKind, SchemaTable
from qb.data.table_headers import (
    about_persons,
    fault,
    is_structure,
    name_columns,
    named,
    too_wide,
    without_header,
)
from qb.data.total_rows import RowsLeftOut, is_sum, rows_not_records
from qb.errors import DataError, Fault
from qb.language import Message, joined, listing
from qb.personal_data import mask
from qb.terms import Severity, Stage

LISTED = 1000  # faults shown for one column and rule; a column of the wrong kind has millions


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
        frame = _in_order(frames[name] if name in frames else table.empty(), table)
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


def _in_order(frame: pd.DataFrame, table: SchemaTable) -> pd.DataFrame:
    """Return the rows of schools by the table's key, words in the order of their set; others as they are.

    A sum of the same figures in another order may differ in its last digit; so handed in shuffled, the
    same data would not give the same bytes.
    """
    if "school_id" not in table.key:
        return frame
    code = record_codes(frame, table.key, {c.name: [t.value for t in c.terms] for c in table.columns})
    return frame if (code[1:] >= code[:-1]).all() else frame.iloc[np.argsort(code, kind="stable")]


def frame_to_table(
    raw: pd.DataFrame, table: SchemaTable, header_row: int = 1
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a frame of cells as a table of the registry.

    Parameters
    ----------
    raw : DataFrame
        Headers as typed (English name, Chinese label, or label with unit in brackets); cells as text, or
        as numbers, booleans or dates where the file has types. The index is each row's number in the
        file. Rows without content, totals and notes are left out; see :mod:`qb.data.table_headers`.
    table : SchemaTable
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
    columns = [coded(raw.iloc[:, place]) for place in range(raw.shape[1])]
    columns, unseen_in = tidy_columns(columns)
    lost = without_header(raw.columns, columns, table, header_row)
    if lost:
        return table.empty(), lost
    cells, faults, places = name_columns(raw.columns, columns, table, header_row)
    if any(is_structure(found) for found in faults):
        return table.empty(), faults
    index, kept = raw.index, np.ones(len(raw), dtype=bool)
    if len(raw) and cells and next(iter(cells.values())).isna().any():
        kept = np.logical_or.reduce([values.notna().to_numpy(dtype=bool) for values in cells.values()])
    if not kept.all():
        index = index[kept]
        cells = {name: values[kept] for name, values in cells.items()}
    personal, cells = _personal(cells, index, table)
    asides = rows_not_records(cells, table)
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
    others = {header: plain(values) for header, values in cells.items() if header not in known}
    for header, values in others.items():
        wrong = error_cells(values)
        if wrong is not None:
            others[header] = values.mask(wrong)
            faults.append(_beside(header, values, wrong, table))
    frame = pd.DataFrame({**known, **others}, copy=False)
    findings = [finding for _, found in read.values() for finding in found]
    if table.band and frame[table.band.count].notna().any():
        frame, findings = _bands_asked(frame, findings, table, read.keys())
    for told in personal.values():  # what is taken out is not empty besides
        findings = [
            dataclasses.replace(f, where=f.where & ~frame.index.isin(told.rows))
            if f.column.name == told.column
            else f
            for f in findings
        ]
    faults += _faults(findings, frame, table)
    if table.name == "sections" and frame[list(DEGREES)].notna().any(axis=None):
        frame, added = _above_required(frame, table)
        faults += added
    faults += _like_a_sum(frame, table)
    for column in table.columns:
        if column.dtype == "int64":
            known_year = frame[column.name].notna()
            frame = frame if known_year.all() else frame[known_year]
            frame = frame.assign(**{column.name: frame[column.name].astype("int64")})
    return frame, sorted(named(faults, table), key=lambda found: found.row or 0)


def _bands_asked(
    frame: pd.DataFrame, findings: list[Finding], table: SchemaTable, read: Collection[str]
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


def _above_required(frame: pd.DataFrame, table: SchemaTable) -> tuple[pd.DataFrame, list[Fault]]:
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


def _left_out(
    aside: RowsLeftOut,
    cells: Mapping[str, pd.Series],
    index: pd.Index,
    table: SchemaTable,
    personal: dict[int, Fault],
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


_NUMBER = re.compile(r"[\d,.]+")  # in a column of numbers it is judged as one
_ALONE = re.compile(r"[\d +Xx-]+")


def _personal(
    cells: dict[str, pd.Series], index: pd.Index, table: SchemaTable
) -> tuple[dict[int, Fault], dict[str, pd.Series]]:
    """Return numbers of persons by the position of their row, once for a column, and the cells without them.

    They are not kept in full: a dataset goes from hand to hand.
    """
    faults: dict[int, Fault] = {}
    hidden = dict(cells)
    for name, values in cells.items():
        column = table.by_name.get(name)
        if column is not None and column.numeric and not is_text(values):
            continue
        found = find_numbers(values, codes=column is not None and column.kind is ColumnKind.ID)
        if column is not None and column.numeric:
            found = {at: k for at, k in found.items() if not _NUMBER.fullmatch(str(values.iloc[at]))}
        if not found:
            continue
        kept = column is None or column.kind is ColumnKind.TEXT
        shown = [_shown(values.iloc[at]) for at in found]
        left = values.astype("object")  # what stands with it may tell that the row is a note
        left.iloc[list(found)] = [
            mask(text) if kept or not _ALONE.fullmatch(text) else None for text in shown
        ]
        hidden[name] = left.astype("str" if kept or is_text(values) else values.dtype)
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
    return faults, hidden


def _unseen(name: str, marks: np.ndarray, index: pd.Index, table: SchemaTable) -> list[Fault]:
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
    return [fault("F20", message, IF_WRONG, table=table.name, row=rows[0], column=name, rows=rows)]


def _beside(header: str, values: pd.Series, wrong: np.ndarray, table: SchemaTable) -> Fault:
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


def _like_a_sum(frame: pd.DataFrame, table: SchemaTable) -> list[Fault]:
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


def _faults(findings: list[Finding], frame: pd.DataFrame, table: SchemaTable) -> list[Fault]:
    """Return a fault for each cell found, by row and then by column."""
    order = {name: place for place, name in enumerate(table.names)}
    faults = [f for finding in findings for f in _one_by_one(finding, frame, table)]
    return sorted(faults, key=lambda f: (f.row, order[f.column]))


def _one_by_one(finding: Finding, frame: pd.DataFrame, table: SchemaTable) -> Iterator[Fault]:
    """Give a fault for each thing typed: where the same stands in many cells, one with all of them."""
    positions = np.flatnonzero(finding.where)
    groups: dict[object, list[int]] = {}
    whole = 2 * len(positions) > int(finding.raw.notna().sum())  # most of a column: it has one fault
    for position, typed in zip(positions.tolist(), finding.raw.iloc[positions], strict=True):
        same = "" if whole or pd.isna(typed) or finding.rule == "F18" else typed
        groups.setdefault(same, []).append(position)
    parts = [
        part
        for group in groups.values()
        for part in ([group] if len(group) > ALIKE else [[at] for at in group])
    ]
    for count, part in enumerate(sorted(parts)[:LISTED], start=1):
        typed = finding.raw.iloc[part[0]]
        shown = finding.column if pd.isna(typed) else _shown(typed)
        kinds = len(set(finding.raw.iloc[part].dropna()))
        others = Message("等 {} 种写法", "and others ({} in all) ", kinds) if kinds > 1 else ""
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
            Message("“{}”{}{}{}", "“{}” {}{}{}", shown, others, finding.message, more),
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
