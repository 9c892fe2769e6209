"""Which table a name means, and which column a header: by meaning, with marks, numbers and units aside."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

import pandas as pd

from qb.schema import TABLES, Column, Table, tidy_header, tidy_unit

HEADER_WITHIN = 10  # rows among which the header is sought
_MARKS = "*※★☆·:;,。.、-_~'\"`"
_NUMBERED = re.compile(r"^\(?\d{1,2}[).、:]?(?=[一-鿿])")
_BRACKETED = re.compile(r"(.+?)[(\[【〔{〈<](?:单位)?:?(.*?)[)\]】〕}〉>]")
_AFTER = re.compile(r"(.+?)(?:/|,?单位:)([^/]+)")
_REMARKS = {"必填", "选填", "可选", "必选", "填数字", "数字", "文本", "文字", "下拉选择", "请选择", "单选"}
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

    >>> from qb.schema import TABLES
    >>> find_column("体育运动场地面积 (㎡)", TABLES["facilities"])[0].name
    'sports_ground_m2'
    """
    text = tidy_header(header)
    if text in table.headers:
        return table.headers[text], True
    plain, unit = plain_header(header)
    column = table.headers.get(plain)
    if column is None or not unit or unit in _REMARKS:
        return column, True
    return column, tidy_unit(unit) == tidy_unit(column.unit)


def column_like(header: str, table: Table, taken: Iterable[str]) -> Column | None:
    """Return the column that a header looks like without naming it, of those not there yet.

    >>> from qb.schema import TABLES
    >>> column_like("专任教师人数", TABLES["sections"], taken=()).name
    'full_time_teachers'
    """
    plain, _ = plain_header(header)
    likeness = {
        column: max(SequenceMatcher(None, plain, name).ratio() for name in (column.label, column.name))
        for column in table.columns
        if column.name not in taken
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= _ALIKE else None


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
