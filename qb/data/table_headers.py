"""Which table a name means and which column a header; which rows are no records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import pandas as pd

from qb.data.cell_values import matches
from qb.data.schema import TABLES, Column, ColumnKind, Table, tidy_header, tidy_unit
from qb.language import Message, listing

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


def table_named(text: str) -> Table | None:
    """Return the table with this English name or Chinese label, or None."""
    tidied = tidy_header(text)
    return next((t for t in TABLES.values() if tidied in (t.name, tidy_header(t.label))), None)


def table_like(text: str) -> tuple[Table | None, bool]:
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


def find_column(header: str, table: Table) -> tuple[Column | None, bool]:
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


def column_like(header: str, table: Table, taken: Iterable[str]) -> Column | None:
    """Return the column that a header looks like without naming it, of those not there yet.

    >>> from qb.data.schema import TABLES
    >>> column_like("专任教师人数", TABLES["sections"], taken=()).name
    'full_time_teachers'
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
    """Return the share of letters in common, or 0 where there are too few: headers are many."""
    letters = len(one) + len(other)
    if 2 * sum(letter in other for letter in one) < _ALIKE * letters:
        return 0.0
    return SequenceMatcher(None, one, other).ratio()


@dataclass(frozen=True)
class Head:
    """Where the header of a table stands.

    Attributes
    ----------
    first, last : int
        Positions of its rows: one row, or two with heads of groups.
    names : list of str
        One for each column, empty where there is none.
    """

    first: int
    last: int
    names: list[str]


def find_head(rows: pd.DataFrame, table: Table) -> Head:
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


# Rows of a table that are no records: totals, notes and signatures, and keys dragged too far.


_PARTS = r"合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总\s*和|汇\s*总|平\s*均(?:值|数)?|均\s*值"
TOTAL = rf"^(?:\S{{0,12}}?(?:{_PARTS})\s*(?:数|行)?\s*[:：]?|全[县区市]|计)$"
_LEADS = (
    r"注|备\s*注|附\s*注|说\s*明|填[表报]说明|填\s*[表报]\s*[人日单]\S{0,2}|制\s*表\S{0,3}|审\s*[核签]\S{0,2}"
    r"|复\s*核\S{0,2}|负\s*责\s*人|单位负责人|学校负责人|校\s*长|经\s*办\s*人|联\s*系\s*人|联系电话|电\s*话"
    r"|日\s*期|单\s*位|盖\s*章|公\s*章|签\s*[字章名]|数据来源|资料来源"
)
NOTE = re.compile(
    rf"^[（(【*※＊]?\s*(?:{_LEADS})\s*(?:[（(][^（()）]{{0,12}}[)）])?\s*(?:[:：】).、\d]|签|日期|意见|$)"
)
_DAY = re.compile(r"^\d{4}\s*[年.\-/]\s*\d{1,2}\s*[月.\-/]\s*(?:\d{1,2}\s*日?)?$")
_LOOKED_AT = 5000  # rows looked at one by one; where more lack their key, the table has another fault


@dataclass(frozen=True)
class Aside:
    """Rows left out for one reason.

    Attributes
    ----------
    kind : str
        ``total``, ``sum`` (a total that does not say so), ``note``, ``header`` (once more) or ``dragged``.
    rows : list of int
        Their positions.
    column : object
        The column whose cell tells it.
    text : str
        What stands there; of dragged rows what is filled in.
    """

    kind: str
    rows: list[int]
    column: object
    text: str


def set_aside(cells: Mapping[str, pd.Series], table: Table) -> list[Aside]:
    """Return the rows of a table, under its English names and tidied, that are no records.

    Examples
    --------
    >>> from qb.data.schema import TABLES
    >>> cells = {"year": ["2025", "合计"], "school_id": ["01", None], "stage": ["小学", None]}
    >>> found = set_aside({name: pd.Series(c, dtype="str") for name, c in cells.items()}, TABLES["sections"])
    >>> [(aside.kind, aside.rows, aside.text) for aside in found]
    [('total', [1], '合计')]
    """
    frame = dict(cells)
    if not frame or not len(next(iter(frame.values()))):
        return []
    key = [name for name in table.required_among(frame) if name in frame]
    wordy = [name for name in frame if name in key or name == "name" or name not in table.by_name]
    suspect = _said(frame, wordy) | np.logical_or.reduce(
        [_gone(frame[name], table[name].kind) for name in key]
    )
    found: list[Aside] = []
    ids = [name for name in key if table[name].kind is ColumnKind.ID]
    for position in np.flatnonzero(suspect)[:_LOOKED_AT].tolist():
        row = {
            name: _shown(values.iloc[position])
            for name, values in frame.items()
            if pd.notna(values.iloc[position])
        }
        aside = _of_row(row, position, key, ids, table)
        if aside is None and not any(name in row for name in ids):
            aside = _by_sum(frame, row, position, found, table)
        if aside is None:
            continue
        last = found[-1] if found else None
        if aside.kind == "dragged" and last and last.kind == "dragged" and last.rows[-1] == position - 1:
            last.rows.append(position)
        else:
            found.append(aside)
    return found


def _shown(cell: object) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _said(frame: dict[str, pd.Series], names: list[str]) -> np.ndarray:
    """Return where a cell of these columns says that its row is a total."""
    found = np.zeros(len(next(iter(frame.values()))), dtype=bool)
    for name in names:
        if not pd.api.types.is_string_dtype(frame[name]):
            continue
        found |= matches(frame[name], TOTAL, ascii=False)
    return found


def _gone(values: pd.Series, kind: ColumnKind) -> np.ndarray:
    """Return where a cell of the key is missing, or where a year stands no year."""
    gone = values.isna().to_numpy(dtype=bool)
    if kind is ColumnKind.YEAR and pd.api.types.is_string_dtype(values):
        gone = gone | ~matches(values, r"^\d{4}") | matches(values, r"^\d{4}\D*\d{1,2}月", ascii=False)
    return gone


def _of_row(row: dict[str, str], position: int, key: list[str], ids: list[str], table: Table) -> Aside | None:
    """Return what a row is by its words."""
    if not row:
        return None
    first, text = next(iter(row.items()))
    named = [name for name in row if name in table.by_name]
    if len(named) > 1 and all(find_column(row[name], table)[0] is table[name] for name in named):
        return Aside("header", [position], first, text)
    for name, cell in row.items():
        wordy = name in key or name in (first, "name")
        if wordy and re.search(TOTAL, cell):
            return Aside("total", [position], name, cell)
    if NOTE.search(text) and not all(name in row for name in key):
        return Aside("note", [position], first, text)
    if len(row) == 1 and (
        _DAY.search(text) or (len(text) > 3 and re.search("[一-鿿]", text) and first not in ids)
    ):
        return Aside("note", [position], first, text)
    if set(row) < set(key) and not set(row) & set(ids) and len(key) > 1:
        filled = listing(Message("{} {}", "{} {}", table[name], cell) for name, cell in row.items())
        return Aside("dragged", [position], first, filled)
    return None


def _by_sum(
    frame: dict[str, pd.Series], row: dict[str, str], position: int, found: list[Aside], table: Table
) -> Aside | None:
    """Return a row without a code whose numbers are each the sum of those above, or since the last total."""
    names = [
        name for name in row
        if name in table.by_name and table[name].numeric and name not in table.required and table[name].unit
    ]  # fmt: skip
    starts = {0, *(aside.rows[-1] + 1 for aside in found if aside.kind in ("total", "sum"))}
    skipped = [row for aside in found for row in aside.rows]
    for start in starts:
        above = np.setdiff1d(np.arange(start, position), skipped)
        if len(above) < 2 or not names:
            continue
        if all(is_sum(frame[name].iloc[above], row[name]) for name in names):
            return Aside("sum", [position], names[0], row[names[0]])
    return None


def is_sum(above: pd.Series, typed: object) -> bool:
    """Whether a number is the sum of others and not zero."""
    total = pd.to_numeric(above, errors="coerce").sum()
    number = pd.to_numeric(pd.Series([typed]), errors="coerce").iloc[0]
    return bool(total > 0 and abs(total - number) <= 1e-9 * total)
