"""What people type into the cells of one column, read for what it says.

Each reader works on whole columns; only the cells that a plain reading leaves over are looked at one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from qb.schema import WHOLE, Column, ColumnKind, tidy_header, tidy_unit

# What no page, workbook or document can show; tabs and line ends are not among them.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
BLANKS = ("", "-", "–", "—", "——", "－", "/", "／", "无数据")


def tidy_cells(values: pd.Series) -> pd.Series:
    """Return text without surrounding spaces and control characters; what stands for "no data" is missing.

    What is not text stays as it is.
    """
    if not (pd.api.types.is_string_dtype(values) or values.dtype == object):
        return values
    text = values.astype("str")
    if text.str.contains(CONTROL.pattern, na=False).any():
        text = text.str.replace(CONTROL.pattern, "", regex=True)
    text = text.str.strip()
    return text.mask(text.isin(BLANKS))


def missing(dtype: str, index: pd.Index) -> pd.Series:
    """Return a column of which nothing is known."""
    if dtype == "str":  # many times faster than from a list
        return pd.Series(pd.array(pa.nulls(len(index), pa.large_string()), dtype="str"), index=index)
    return pd.Series(np.nan if dtype == "float64" else None, index=index, dtype=dtype)


@dataclass(frozen=True)
class Finding:
    """Cells of one column that break one rule: which, as typed, and what to say of them."""

    rule: str
    column: Column
    where: np.ndarray
    raw: pd.Series
    message: str
    remedy: str


def convert(raw: pd.Series, column: Column) -> tuple[pd.Series, list[Finding]]:
    """Return a column's cells in its dtype, missing where unreadable, and what was found.

    A key year comes back as float64, for it may be missing here.
    """
    if column.numeric:
        values, found = _numbers(raw, column)
    elif column.kind is ColumnKind.TERM:
        values, found = _words(raw, column, _term_of(column), "F15", _term_remedy(column))
    elif column.kind is ColumnKind.BOOL:
        values, found = _words(raw, column, _boolean, "F16", "填“是”或“否”，没有数据就留空")
    elif column.kind is ColumnKind.DATE:
        values, found = _words(raw, column, _date, "F17", "写成 2024-09-01 的样子，没有数据就留空")
    else:
        values, found = _text(raw, column)
    if column.required:
        found.append(Finding("F10", column, _isna(raw), raw, "是空的", "补填；多余的行请整行删除"))
    return values, [finding for finding in found if finding.where.any()]


def _isna(values: pd.Series) -> np.ndarray:
    return values.isna().to_numpy(dtype=bool)


def _as_text(raw: pd.Series) -> pd.Series:
    """Return typed cells as text: whole numbers without a decimal point."""
    if raw.dtype == "str":
        return raw
    if pd.api.types.is_float_dtype(raw):
        text = raw.astype("str")
        return text.str.removesuffix(".0")
    if pd.api.types.is_datetime64_any_dtype(raw):
        return raw.dt.strftime("%Y-%m-%d").astype("str")
    return raw.astype("str")


def _text(raw: pd.Series, column: Column) -> tuple[pd.Series, list[Finding]]:
    text = _as_text(raw)
    if column.kind is not ColumnKind.ID:
        return text, []
    lost = text.str.fullmatch(r"\d(?:\.\d+)?[Ee]\+\d+").fillna(False).to_numpy(dtype=bool)
    found = [
        Finding("F18", column, lost, raw, "是科学计数，编号的末几位已丢失", "把这一列设为文本格式后重新填写")
    ]
    text = text.mask(lost) if lost.any() else text
    if text.str.isascii().fillna(True).all():
        return text, found
    narrow = text.str.normalize("NFKC")
    changed = (narrow != text).to_numpy(dtype=bool) & ~_isna(text)
    return narrow, [*found, _note(column, changed, raw, narrow)]


def _note(column: Column, where: np.ndarray, raw: pd.Series, values: pd.Series) -> Finding:
    """Say once for a column what its odd spellings were read as."""
    if not where.any():
        return Finding("F20", column, where, raw, "", "")
    first = int(np.argmax(where))
    value = values.iloc[first]
    shown = f"{value:.12g}" if isinstance(value, float) else str(value)
    more = int(where.sum())
    message = f"读作 {shown}" + (f"（本列这样的写法共 {more} 处）" if more > 1 else "")
    once = np.zeros_like(where)
    once[first] = True
    return Finding("F20", column, once, raw, message, "如不符，请改正")


# Numbers


def _numbers(raw: pd.Series, column: Column) -> tuple[pd.Series, list[Finding]]:
    if pd.api.types.is_numeric_dtype(raw) and not pd.api.types.is_bool_dtype(raw):
        numbers, found = raw.astype("float64"), []
    else:
        numbers, found = _typed_numbers(_as_text(raw), column)
    for rule, message, remedy, bad in _out_of_bounds(numbers, column):
        found.append(Finding(rule, column, bad, raw, message, remedy))
        numbers = numbers.mask(bad) if bad.any() else numbers
    return numbers, found


def _typed_numbers(text: pd.Series, column: Column) -> tuple[pd.Series, list[Finding]]:
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")  # whole numbers come as int64
    odd = _isna(numbers) & ~_isna(text)
    if not odd.any():
        return numbers, []
    spelt = {typed: read_number(typed, column) for typed in text[odd].unique()}
    numbers = numbers.where(~odd, text.map(spelt).astype("float64"))
    unread = odd & _isna(numbers)
    unit = f"（单位：{column.unit}）" if column.unit else ""
    return numbers, [
        Finding("F11", column, unread, text, "不是数字", f"只填数字{unit}，没有数据就留空"),
        _note(column, odd & ~unread, text, numbers),
    ]


def _out_of_bounds(numbers: pd.Series, column: Column) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Give each bound with the cells that break it and no bound before it."""
    array = numbers.to_numpy()
    infinite = np.isinf(array)
    yield "F12", "不是有限的数", "填实际数值，没有数据就留空", infinite
    broken = np.zeros_like(infinite)
    if column.kind in WHOLE:
        with np.errstate(invalid="ignore"):
            broken = ~infinite & ~np.isnan(array) & (array % 1 != 0)
        yield "F14", "不是整数", "改为整数，没有数据就留空", broken
    outside = ~infinite & ~broken & ((array < column.low) | (array > column.high))
    remedy = "填公历年份，如 2024" if column.kind is ColumnKind.YEAR else "核对后改正，没有数据就留空"
    yield "F13", f"超出范围：{range_text(column)}", remedy, outside


def range_text(column: Column) -> str:
    """Return a column's bounds in words; empty where it has none.

    >>> from qb.schema import TABLES
    >>> range_text(TABLES["classes"]["grade"]), range_text(TABLES["classes"]["pupils"])
    ('应在 1 至 12 之间', '不能小于 0')
    """
    if np.isfinite(column.high):
        return f"应在 {column.low:g} 至 {column.high:g} 之间"
    return f"不能小于 {column.low:g}" if np.isfinite(column.low) else ""


_ROMAN = {"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0, "V": 5.0}


def read_number(text: str, column: Column) -> float | None:
    """Return the number that an oddly typed cell plainly means, or None.

    Full-width digits, thousands separators, the column's own unit, per cent in a column of shares,
    Roman levels, and a school year in words. Another unit is not converted: 3 万元 is no number here.

    >>> from qb.schema import TABLES
    >>> area = TABLES["facilities"]["sports_ground_m2"]
    >>> [read_number(t, area) for t in ("１，２３４．５㎡", "1,234", "12,34", "20亩")]
    [1234.5, 1234.0, None, None]
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if column.kind is ColumnKind.YEAR:
        return _read_year(plain)
    if column.kind is ColumnKind.ORDINAL and plain in _ROMAN:
        return _ROMAN[plain]
    match = re.fullmatch(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(\D*|m2)", plain)
    if not match:
        return None
    number, unit = float(match[1].replace(",", "")), match[2]
    if unit == "%" and column.kind is ColumnKind.SHARE:
        return float(f"{number / 100:.12g}")
    return number if not unit or (column.unit and tidy_unit(unit) == tidy_unit(column.unit)) else None


def _read_year(plain: str) -> float | None:
    match = re.fullmatch(r"(\d{4})(?:[-–—~/至](\d{4}))?(?:学年度?|年)?", plain)
    if not match or (match[2] and int(match[2]) != int(match[1]) + 1):
        return None
    return float(match[1])


# Words of a closed set, booleans, dates: few different cells, so each spelling is read once

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "是", "yes"), True),
    **dict.fromkeys(("false", "0", "否", "no"), False),
}


def _words(
    raw: pd.Series, column: Column, read: Callable[[str], object], rule: str, remedy: str
) -> tuple[pd.Series, list[Finding]]:
    """Read each different spelling once; what `read` gives None for breaks the rule."""
    text = _as_text(raw)
    spelt = {typed: read(typed) for typed in text.dropna().unique()}
    if column.dtype == "str" and all(typed == value for typed, value in spelt.items()):
        return text, []
    values = text.map(spelt).astype(column.dtype)
    unread = _isna(values) & ~_isna(text)
    return values, [Finding(rule, column, unread, raw, f"不是“{column.label}”认识的写法", remedy)]


def _boolean(typed: str) -> bool | None:
    return _BOOLEANS.get(tidy_header(typed))


def _term_of(column: Column) -> Callable[[str], str | None]:
    words = {tidy_header(word): term.value for term in column.terms for word in (term.value, term.zh)}
    return lambda typed: words.get(tidy_header(typed))


def _term_remedy(column: Column) -> str:
    if len(column.terms) > 10:
        return f"可填的“{column.label}”见 data/README.md"
    return "可填：" + "、".join(term.zh for term in column.terms)


def _date(typed: str) -> str | None:
    plain = unicodedata.normalize("NFKC", typed)
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00(?:\.0+)?)?)?", plain)
    if not match:
        return None
    try:
        return date(*(int(part) for part in match.groups())).isoformat()
    except ValueError:
        return None
