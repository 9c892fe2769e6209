"""P: what is about persons has no place in a dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qb.checks.rule import Found, Rule
from qb.checks.view import View
from qb.schema import TABLES, ColumnKind, tidy_header
from qb.terms import Severity

# Headers of columns beyond the registry: these words anywhere, or these as the whole.
_ANYWHERE = re.compile(
    r"姓名|身份证|证件号|学籍号|电话|手机|联系方式|微信|住址|出生(日期|年月)|idcard|identity|phone|mobile|birth"
)
_WHOLLY = re.compile(r"(学生|教师|老师|校长|班主任|负责人|填报人|填表人|联系人|家长|监护人)(名字?)?")

_IDENTITY = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9])")
_SHORTEST = 11  # characters of the shorter of the two
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are the number of an identity card: a day of birth, and the check digit.

    Social credit codes of schools have 18 characters too, and codes may have as many digits.

    Examples
    --------
    The example of GB 11643-1999, and the same with another check digit.

    >>> is_identity_number("11010519491231002X"), is_identity_number("110105194912310021")
    (True, False)
    """
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True)) % 11
    return born.year >= 1900 and "10X98765432"[rest] == text[17].upper()


def _names_persons(header: str) -> bool:
    text = re.sub(r"[_\-()（）]", "", tidy_header(header))
    return bool(_ANYWHERE.search(text) or _WHOLLY.fullmatch(text))


def _headers(view: View) -> Iterator[Found]:
    for name, table in TABLES.items():
        for column in view.data[name]:
            if column not in table.by_name and _names_persons(column):
                yield Found(name, None, column, lambda _, column=column: f"“{column}”像是个人信息")


def _numbers(view: View) -> Iterator[Found]:
    for name, table in TABLES.items():
        for column, values in view.data[name].items():
            known = table.by_name.get(column)
            if known is None and _names_persons(column):
                continue  # refused already
            if known is not None and known.kind not in (ColumnKind.TEXT, ColumnKind.ID):
                continue
            codes = known is not None and known.kind is ColumnKind.ID
            where, what = _personal(values, codes=codes)
            if len(where):
                message = f"有 {len(where)} 个单元格像是{what}（首个在本行）"
                yield Found(name, where[:1], column, lambda _, message=message: message)


def _personal(values: pd.Series, *, codes: bool) -> tuple[np.ndarray, str]:
    """Return the positions of cells that hold an identity number or, but for codes, a mobile number."""
    text = _long_texts(values)
    found = {
        position: "身份证号" if identity else "手机号码"
        for position, cell in text.items()
        if (identity := any(is_identity_number(m[0]) for m in _IDENTITY.finditer(cell)))
        or (not codes and _MOBILE.search(cell))
    }
    return np.array(sorted(found), dtype=int), "或".join(dict.fromkeys(found.values()))


def _long_texts(values: pd.Series) -> dict[int, str]:
    """Return the cells with as many digits as these numbers have, by position."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return {}
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            long = np.flatnonzero((numbers >= 1e10) & (numbers < 1e18) & (numbers % 1 == 0))
        return {int(position): f"{numbers[position]:.0f}" for position in long}
    text = pa.array(values.astype("str"), type=pa.large_string())
    length = pc.fill_null(pc.utf8_length(text), 0).to_numpy(zero_copy_only=False)
    long = np.flatnonzero(length >= _SHORTEST)
    if not len(long):
        return {}
    kept = text.take(pa.array(long))
    digits = pc.match_substring_regex(kept, "[0-9][0-9 -]{9,}[0-9Xx]").to_numpy(zero_copy_only=False)
    return {
        int(position): str(cell)
        for position, cell in zip(long[digits], kept.filter(pa.array(digits)).to_pylist(), strict=True)
    }


_WHY = "个人信息不得写入数据集和报告（个人信息保护法第六条：限于最小范围）"

RULES: tuple[Rule, ...] = (
    Rule(
        "P01",
        Severity.STOPS,
        "个人信息的列",
        "A column about persons",
        _WHY,
        "评估用不到个人信息，删去这一列后重新报送",
        _headers,
    ),
    Rule(
        "P02",
        Severity.STOPS,
        "身份证号或手机号码",
        "An identity or mobile number",
        _WHY,
        "删去这些内容；若只是编码，请改写得不像手机号码或身份证号",
        _numbers,
    ),
)
