"""What people type into the cells of one column, read for what it says: numbers, dates, words, identifiers, blanks.

Each reader works on whole columns; only the cells that a plain reading leaves over are looked at one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qb.data.schema import INVISIBLE, WHOLE, ColumnKind, SchemaColumn, tidy_header, tidy_unit
from qb.language import Message, listing
from qb.personal_data import SHORTEST, kinds_of
from qb.terms import LARGEST

# What to do of what is read for what it says.
IF_WRONG = Message("如不符，请改正", "If that is wrong, put it right")
# What no page, workbook or document can show; tabs and line ends are not among them.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSEEN = re.compile(f"{CONTROL.pattern}|{INVISIBLE.pattern}")
_GUARDED = r'^="([^"]*)"$'  # a formula around a text, written so that a spreadsheet keeps its zeros
BLANKS = ("", "-", "–", "—", "——", "－", "/", "／", "无数据")
UNREAD = "\ufdd0"  # begins what stands for a cell without a value: its error, or its formula without a result


def coded(values: pd.Series) -> pd.Series:
    """Return a column that says the same texts again and again as categories: each is then looked at once."""
    if not is_text(values):
        return values
    text = _strings(values)
    if len(text) <= _LOOKED_AT:
        return text
    cells = as_arrow(text)
    said, run = runs(cells)  # a table in order says the same in many rows that follow one another
    if 4 * len(said) < len(cells):
        encoded = said.dictionary_encode()
        code = encoded.indices.fill_null(-1).to_numpy()[run]
    elif pc.count_distinct(cells[:_LOOKED_AT]).as_py() < _LOOKED_AT // 4:
        encoded = cells.dictionary_encode()
        code = encoded.indices.fill_null(-1).to_numpy()
    else:
        return text
    each = pd.Index(pd.array(encoded.dictionary, dtype="str"))
    return pd.Series(pd.Categorical.from_codes(code, each, validate=False), text.index, name=text.name)


_LOOKED_AT = 4096  # cells by which is judged whether a column says the same few things again and again


def _is_coded(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype)


def plain(values: pd.Series) -> pd.Series:
    """Return a column of categories as the texts they stand for; others as they are."""
    return _of_each(values, lambda text: text)


def _of_each(values: pd.Series, become: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Return what a column's texts become, each category once."""
    if not _is_coded(values):
        return become(values)
    each = become(pd.Series(values.cat.categories)).array
    return pd.Series(each.take(values.array.codes, allow_fill=True), values.index, name=values.name)


def tidy_cells(values: pd.Series) -> pd.Series:
    """Return text without surrounding spaces and what no eye sees; what stands for "no data" is missing.

    A text written as ``="007"`` is that text. What is not text stays as it is.
    """
    if not is_text(values):
        return values
    if not _is_coded(values):
        return _tidied(_strings(values))
    each = pd.Series(values.cat.categories)
    tidied = _tidied(each)
    if tidied.equals(each):
        return values
    place, each = pd.factorize(tidied)
    code = np.append(place, -1)[values.array.codes]
    return pd.Series(pd.Categorical.from_codes(code, each, validate=False), values.index, name=values.name)


def tidy_columns(columns: Sequence[pd.Series]) -> tuple[list[pd.Series], list[np.ndarray | None]]:
    """Return what `tidy_cells` makes of each column of a table, and what is `unseen` in it.

    Short columns of text are looked at together: a call costs more than their cells.
    """
    text = [place for place, values in enumerate(columns) if isinstance(values.dtype, pd.StringDtype)]
    rows = len(columns[0]) if columns else 0
    if len(text) < 2 or rows > _LOOKED_AT:
        return [tidy_cells(values) for values in columns], [unseen(values) for values in columns]
    whole = pd.Series(pd.array(pa.concat_arrays([as_arrow(columns[place]) for place in text]), dtype="str"))
    cells, odd, tidied, marks = _tidied(whole).array, unseen(whole), [], []
    for place, values in enumerate(columns):
        if place not in text:
            tidied.append(tidy_cells(values))
            marks.append(unseen(values))
            continue
        mine = slice(text.index(place) * rows, (text.index(place) + 1) * rows)
        tidied.append(pd.Series(cells[mine], values.index, name=values.name))
        marks.append(odd[mine] if odd is not None and odd[mine].any() else None)
    return tidied, marks


def runs(cells: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Return what cells that follow one another say alike, once for each run of them, and each cell's run.

    >>> said, run = runs(pa.array(["甲", "甲", None, "甲"]))
    >>> said.to_pylist(), run.tolist()
    (['甲', None, '甲'], [0, 0, 1, 2])
    """
    found = pc.run_end_encode(cells)
    sizes = np.diff(found.run_ends.to_numpy(), prepend=0)
    return found.values, np.repeat(np.arange(len(sizes)), sizes)


def as_arrow(text: pd.Series) -> pa.Array:
    """Return a column of text as Arrow's, whose calls take less long than pandas' on a short column."""
    cells = text.array
    # pa.array would first ask what kind of column it is, which takes longer than a short one.
    own = hasattr(cells, "__arrow_array__")
    cells = cells.__arrow_array__(pa.large_string()) if own else pa.array(text, type=pa.large_string())
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _tidied(text: pd.Series) -> pd.Series:
    if matches(text, CONTROL.pattern).any() or matches(text, INVISIBLE.pattern, ascii=False).any():
        text = text.str.replace(_UNSEEN.pattern, "", regex=True)
    if _begins(text, '="').any():
        text = text.str.strip().str.replace(_GUARDED, r"\1", regex=True)
    cells = pc.utf8_trim_whitespace(as_arrow(text))  # pandas takes ten times as long for a short column
    cells = pc.if_else(pc.is_in(cells, value_set=_BLANKS), None, cells)
    return pd.Series(pd.array(cells, dtype="str"), index=text.index, name=text.name)


_BLANKS = pa.array(BLANKS, type=pa.large_string())


def matches(text: pd.Series, pattern: str, *, ascii: bool = True) -> np.ndarray:
    """Return where a pattern is found in a column of text; `ascii`: whether it could be in plain ASCII."""

    def found(cells: pa.Array) -> pa.Array:
        if not ascii and pc.all(pc.string_is_ascii(cells), min_count=0).as_py():
            return pa.array(np.zeros(len(cells), dtype=bool))
        return pc.match_substring_regex(cells, pattern)  # pandas would look at each cell in Python

    return _where(text, found)


def _begins(text: pd.Series, start: str) -> np.ndarray:
    return _where(text, lambda cells: pc.starts_with(cells, start))


def _where(text: pd.Series, found: Callable[[pa.Array], pa.Array]) -> np.ndarray:
    """Return which cells of a column of text are found, each category looked at once."""
    if _is_coded(text):
        each = _where(pd.Series(text.cat.categories), found)
        return np.append(each, False)[text.array.codes] if each.any() else np.zeros(len(text), dtype=bool)
    return pc.fill_null(found(as_arrow(text)), False).to_numpy(zero_copy_only=False)


def _strings(values: pd.Series) -> pd.Series:
    """Return a column as text; what is text already, or categories, as it is: to be told so takes pandas long."""
    return values if isinstance(values.dtype, pd.StringDtype | pd.CategoricalDtype) else values.astype("str")


def is_text(values: pd.Series) -> bool:
    """Whether a column holds text as typed."""
    return pd.api.types.is_string_dtype(values) or values.dtype == object or _is_coded(values)


def unseen(values: pd.Series) -> np.ndarray | None:
    """Return which cells of a column hold what no eye sees, or a guard around their text; None for none."""
    if not is_text(values):
        return None
    text = _strings(values)
    found = matches(text, INVISIBLE.pattern, ascii=False) | _begins(text, '="')
    return found if found.any() else None


def missing(dtype: str, index: pd.Index) -> pd.Series:
    """Return a column of which nothing is known."""
    if dtype == "str":  # many times faster than from a list
        return pd.Series(pd.array(pa.nulls(len(index), pa.large_string()), dtype="str"), index=index)
    if dtype == "float64":  # one NaN seen from every row: it takes no memory, and nobody can write to it
        return pd.Series(np.broadcast_to(np.nan, len(index)), index=index, copy=False)
    return pd.Series(None, index=index, dtype=dtype)


@dataclass(frozen=True)
class Finding:
    """Cells of one column that break one rule: which, as typed, and what to say of them."""

    rule: str
    column: SchemaColumn
    where: np.ndarray
    raw: pd.Series
    message: Message
    remedy: Message


def convert(raw: pd.Series, column: SchemaColumn) -> tuple[pd.Series, list[Finding]]:
    """Return a column's cells in its dtype, missing where unreadable, and what was found.

    A key year comes back as float64, for it may be missing here.
    """
    raw, errors = _without_errors(raw, column)
    if column.numeric:
        values, found = _numbers(raw, column)
    elif column.kind is ColumnKind.TERM:
        values, found = _words(raw, column, _term_of(column), "F15", _term_remedy(column))
    elif column.kind is ColumnKind.BOOL:
        values, found = _words(
            raw,
            column,
            _boolean,
            "F16",
            Message("填“是”或“否”，没有数据就留空", "Enter “yes” or “no”; leave blank what is not known"),
        )
    elif column.kind is ColumnKind.DATE:
        values, found = _dates(raw, column)
    else:
        values, found = _text(raw, column)
    found += errors
    if column.required:
        empty = _isna(raw)
        for error in errors:
            empty = empty & ~error.where
        found.append(
            Finding(
                "F10",
                column,
                empty,
                raw,
                Message("是空的", "is empty"),
                Message("补填；多余的行请整行删除", "Complete it; delete rows too many as a whole"),
            )
        )
    return values, [finding for finding in found if finding.where.any()]


_ERRORS_BEGIN = pa.array([UNREAD, "#"], type=pa.large_string())
_ERROR = rf"^{UNREAD}|^#(?:DIV/0!|N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|BLOCKED!)$"


def error_cells(values: pd.Series) -> np.ndarray | None:
    """Return which cells of a column hold an error, or a formula without a result; None where none does."""
    if not is_text(values):
        return None
    text = _strings(values)
    if not _where(text, lambda cells: pc.is_in(pc.utf8_slice_codeunits(cells, 0, 1), _ERRORS_BEGIN)).any():
        return None
    found = matches(text, _ERROR)
    return found if found.any() else None


def _without_errors(raw: pd.Series, column: SchemaColumn) -> tuple[pd.Series, list[Finding]]:
    """Take out of a column the errors of a spreadsheet: they are no text, and never "no data"."""
    wrong = error_cells(raw)
    formulas = None
    if is_text(raw) and column.kind not in (ColumnKind.TEXT, ColumnKind.ID):
        formulas = _begins(_strings(raw), "=")
        wrong = formulas if wrong is None else wrong | formulas
    if wrong is None or not wrong.any():
        return raw, []
    text = _strings(raw)
    shown = text.str.removeprefix(UNREAD)
    never = wrong & ~shown.str.startswith("#", na=False).to_numpy(dtype=bool)
    return text.mask(wrong), [
        Finding("F19", column, wrong & ~never, shown, Message("是“{}”列的错误值", "is an error in the column {}", column), Message("改正公式或直接填数值", "Put the formula right, or enter the value")),
        Finding(
            "F19", column, never, shown, Message("是“{}”列的公式，没有存储的结果", "is a formula of the column {} without a stored result", column),
            Message("用电子表格软件打开、重新计算后保存，或直接填数值", "Open it in a spreadsheet program, recalculate and save, or enter the value"),
        ),
    ]  # fmt: skip


def _isna(values: pd.Series) -> np.ndarray:
    return values.isna().to_numpy(dtype=bool)


def _as_text(raw: pd.Series) -> pd.Series:
    """Return typed cells as text: whole numbers without a decimal point."""
    if raw.dtype == "str" or _is_coded(raw):
        return plain(raw)
    if pd.api.types.is_float_dtype(raw):
        text = raw.astype("str")
        return text.str.removesuffix(".0")
    if pd.api.types.is_datetime64_any_dtype(raw):
        return raw.dt.strftime("%Y-%m-%d").astype("str")
    return raw.astype("str")


def _text(raw: pd.Series, column: SchemaColumn) -> tuple[pd.Series, list[Finding]]:
    given = raw if _is_coded(raw) else _as_text(raw)
    text = plain(given)
    # before what costs more is asked of each cell
    if column.kind is not ColumnKind.ID or not matches(given, rf"{_ODD}|^\d[Ee]\d+$").any():
        return text, []
    lost = matches(given, r"^\d(?:\.\d+)?[Ee]\+?\d+$")
    marked = matches(given, _MARKED, ascii=False)
    narrow, text = _of_each(given, _narrow).mask(lost | marked), text.mask(lost | marked)
    changed = (narrow != text).to_numpy(dtype=bool) & ~_isna(text)
    return narrow, [
        Finding("F18", column, lost, raw, _DIGITS_LOST, _AS_TEXT),
        Finding("F11", column, marked, raw, _MARK_BESIDE, _WITHOUT_MARK),
        _note(column, changed, raw, narrow),
    ]


_ODD = "[^A-Za-z0-9_-]"


def _narrow(text: pd.Series) -> pd.Series:
    """Return identifiers without what people and spreadsheets add to them."""
    odd = matches(text, _ODD)
    some = text[odd].str.normalize("NFKC").str.strip("'`‘’").str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    some = some.str.replace(r"^\d+(?:\s+\d+)+$", lambda code: re.sub(r"\s", "", code[0]), regex=True)
    narrow = text.copy()
    narrow[odd] = some.array
    return narrow


_DIGITS_LOST, _AS_TEXT = (
    Message(
        "是科学计数，编号的末几位已丢失",
        "is in scientific notation; the last digits of the identifier are lost",
    ),
    Message("把这一列设为文本格式后重新填写", "Make the column text and enter it again"),
)
# Numbers that are marks: raised, in a circle, in brackets, fractions; and ``*`` beside a number.
_MARKED = (
    "[\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    "\u3220-\u3229\u3251-\u325f\u3280-\u3289\u32b1-\u32bf]"
)
_MARK_BESIDE, _WITHOUT_MARK = (
    Message("旁有注号，不能当作数字", "has a mark beside it and cannot be taken for a number"),
    Message(
        "删去注号，只填数字或编号；注释写在表外",
        "Delete the mark and enter the number or identifier alone; write notes outside the table",
    ),
)


def _note(column: SchemaColumn, where: np.ndarray, raw: pd.Series, values: pd.Series) -> Finding:
    """Say once for a column what its odd spellings were read as."""
    if not where.any():
        return Finding("F20", column, where, raw, "", "")
    first = int(np.argmax(where))
    value = values.iloc[first]
    shown = f"{value:.12g}" if isinstance(value, float) else str(value)
    more = int(where.sum())
    message = Message("读作 {}", "is read as {}", shown) + (
        Message("（本列这样的写法共 {} 处）", " ({} such cells in this column)", more) if more > 1 else ""
    )
    once = np.zeros_like(where)
    once[first] = True
    return Finding("F20", column, once, raw, message, IF_WRONG)


# Numbers


def _numbers(raw: pd.Series, column: SchemaColumn) -> tuple[pd.Series, list[Finding]]:
    if pd.api.types.is_numeric_dtype(raw) and not pd.api.types.is_bool_dtype(raw):
        numbers, found = raw.astype("float64"), []
    else:
        numbers, found = _typed_numbers(_as_text(raw), column)
    for rule, message, remedy, bad in _out_of_bounds(numbers, column):
        found.append(Finding(rule, column, bad, raw, message, remedy))
        numbers = numbers.mask(bad) if bad.any() else numbers
    return numbers, found


def _typed_numbers(text: pd.Series, column: SchemaColumn) -> tuple[pd.Series, list[Finding]]:
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")  # whole numbers come as int64
    odd = _isna(numbers) & ~_isna(text)
    if not odd.any():
        return numbers, []
    spelt = {typed: read_number(typed, column) for typed in text[odd].unique()}
    numbers = numbers.where(~odd, text.map(spelt).astype("float64"))
    unread = odd & _isna(numbers)
    unit = Message("（单位：{}）", " ({})", column.measure) if column.unit else ""
    marked = unread.copy()
    if unread.any():
        bare = text[unread].str.replace(r"(?i:m|米)²", "", regex=True)
        noted = bare.str.contains(_MARKED, na=False) | bare.str.fullmatch(r"[\d,.]+\s*[*＊†‡※]+")
        marked[unread] = noted.to_numpy(dtype=bool)
    return numbers, [
        Finding("F11", column, marked, text, _MARK_BESIDE, _WITHOUT_MARK),
        Finding(
            "F11",
            column,
            unread & ~marked,
            text,
            Message("不是数字", "is not a number"),
            Message(
                "只填数字{}，没有数据就留空", "Enter a number only{}; leave blank what is not known", unit
            ),
        ),
        _note(column, odd & ~unread, text, numbers),
    ]


def _out_of_bounds(
    numbers: pd.Series, column: SchemaColumn
) -> Iterator[tuple[str, Message, Message, np.ndarray]]:
    """Give each bound with the cells that break it and no bound before it."""
    array = numbers.to_numpy()
    broken = np.zeros(len(array), dtype=bool)
    if column.kind in WHOLE:
        with np.errstate(invalid="ignore"):
            broken = np.isfinite(array) & (np.floor(array) != array)
        yield (
            "F14",
            Message("不是整数", "is not a whole number"),
            Message("改为整数，没有数据就留空", "Make it whole; leave blank what is not known"),
            broken,
        )
    low, high = np.fmin.reduce(array, initial=np.inf), np.fmax.reduce(array, initial=-np.inf)
    if max(column.low, -LARGEST) <= low and high <= min(column.high, LARGEST):
        return
    infinite = np.isinf(array)
    yield (
        "F12",
        Message("不是有限的数", "is not a finite number"),
        Message("填实际数值，没有数据就留空", "Enter the value; leave blank what is not known"),
        infinite,
    )
    absurd = np.abs(array) > LARGEST
    yield (
        "F13",
        Message("大得不可能", "is impossibly large"),
        Message("核对位数，没有数据就留空", "Check the digits; leave blank what is not known"),
        absurd & ~infinite,
    )
    outside = ~infinite & ~broken & ~absurd & ((array < column.low) | (array > column.high))
    remedy = (
        Message("填公历年份，如 2024", "Enter a year such as 2024")
        if column.kind is ColumnKind.YEAR
        else Message("核对后改正，没有数据就留空", "Check it and put it right; leave blank what is not known")
    )
    yield "F13", Message("超出范围：{}", "is out of range: {}", range_text(column)), remedy, outside


def range_text(column: SchemaColumn) -> Message | str:
    """Return a column's bounds in words; empty where it has none.

    >>> from qb.data.schema import TABLES
    >>> range_text(TABLES["classes"]["grade"]), range_text(TABLES["classes"]["pupils"])
    ('应在 1 至 12 之间', '不能小于 0')
    """
    if np.isfinite(column.high):
        return Message("应在 {:g} 至 {:g} 之间", "between {:g} and {:g}", column.low, column.high)
    return Message("不能小于 {:g}", "not below {:g}", column.low) if np.isfinite(column.low) else ""


_ROMAN = {"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0, "V": 5.0}
_CHINESE = {word: float(n) for n, word in enumerate("一二三四五六七八九十", 1)} | {"十一": 11.0, "十二": 12.0}
_GRADES = {"初": 6.0, "高": 9.0}  # 初一 is grade 7, 高一 grade 10


def _read_place(plain: str, column: SchemaColumn) -> float | None:
    """Read a level, a grade or the number of a class, written as such.

    >>> from qb.data.schema import TABLES
    >>> grade, number, level = (TABLES[t][c] for t, c in (
    ...     ("classes", "grade"), ("classes", "class_no"), ("monitoring", "level")))
    >>> _read_place("初二年级", grade), _read_place("一(3)班", number), _read_place("III级", level)
    (8.0, 3.0, 3.0)
    """
    text = re.sub(r"[\s()]", "", plain)
    if column.name == "grade" and (named := re.fullmatch(r"([初高])([一二三])(?:年级)?", text)):
        return _GRADES[named[1]] + _CHINESE[named[2]]
    if column.name == "class_no":
        within = re.fullmatch(
            r"(?:[初高小]?[一二三四五六七八九](?:年级)?|\d{1,2}年级)?(\d+|[一二三四五六七八九十]+)班", text
        )
        text = within[1] if within else text
    text = re.sub(r"^第|(?:年级|级|等|班)$", "", text)
    if text.isascii() and text.isdigit():
        return float(text)
    return _ROMAN.get(text, _CHINESE.get(text))


def read_number(text: str, column: SchemaColumn) -> float | None:
    """Return the number that an oddly typed cell plainly means, or None.

    Full-width digits, thousands separators, the column's own unit, per cent in a column of shares,
    Roman levels, and a school year in words. Another unit is not converted: 3 万元 is no number here.

    >>> from qb.data.schema import TABLES
    >>> area = TABLES["facilities"]["sports_ground_m2"]
    >>> [read_number(t, area) for t in ("１，２３４．５㎡", "1,234", "12,34", "20亩")]
    [1234.5, 1234.0, None, None]

    A mark beside a number is no digit of it:

    >>> [read_number(t, area) for t in ("10²", "10①", "10*", "10 m²")]
    [None, None, None, 10.0]
    """
    if re.search(_MARKED, re.sub(r"(?i:m|米)²", "m2", text)):
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    if column.kind is ColumnKind.YEAR:
        return _read_year(plain)
    if column.kind is ColumnKind.ORDINAL and (place := _read_place(plain, column)) is not None:
        return place
    match = re.fullmatch(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(\D*|m2)", plain)
    if not match:
        return None
    number, unit = float(match[1].replace(",", "")), match[2]
    if unit == "%" and column.kind is ColumnKind.SHARE:
        return float(f"{number / 100:.12g}")
    return number if not unit or (column.unit and tidy_unit(unit) == tidy_unit(column.unit)) else None


def _read_year(plain: str) -> float | None:
    term = r"(?:第?[一二12]学期|[上下]学期)"  # of a school year; which one a spring is of is not plain
    match = re.fullmatch(rf"(\d{{4}})(?:[-–—~/至](\d{{4}}))?(?:学年度?{term}?|年(?:秋季?(?:学期)?)?)?", plain)
    if not match or (match[2] and int(match[2]) != int(match[1]) + 1):
        return None
    return float(match[1])


# Words of a closed set, booleans, dates: few different cells, so each spelling is read once

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "是", "yes"), True),
    **dict.fromkeys(("false", "0", "否", "no"), False),
}


def _words(
    raw: pd.Series, column: SchemaColumn, read: Callable[[str], object], rule: str, remedy: Message
) -> tuple[pd.Series, list[Finding]]:
    """Read each different spelling once; what `read` gives None for breaks the rule."""
    text = raw if _is_coded(raw) else _as_text(raw)
    spelt = {typed: read(typed) for typed in text.dropna().unique()}
    if column.dtype == "str" and all(typed == value for typed, value in spelt.items()):
        return plain(text), []
    values = _of_each(text, lambda each: each.map(spelt).astype(column.dtype))
    unread = _isna(values) & ~_isna(text)
    return values, [
        Finding(
            rule,
            column,
            unread,
            raw,
            Message("不是“{}”认识的写法", "is none of the words of {}", column),
            remedy,
        )
    ]


def _boolean(typed: str) -> bool | None:
    return _BOOLEANS.get(tidy_header(typed))


def _term_of(column: SchemaColumn) -> Callable[[str], str | None]:
    words = {tidy_header(word): term.value for term in column.terms for word in (term.value, term.zh)}
    return lambda typed: words.get(tidy_header(typed))


def _term_remedy(column: SchemaColumn) -> Message:
    if len(column.terms) > 10:
        return Message("可填的“{}”见 data/README.md", "For the words of {} see data/README.md", column)
    return Message("可填：", "One of: ") + listing(column.terms)


def _dates(raw: pd.Series, column: SchemaColumn) -> tuple[pd.Series, list[Finding]]:
    text = _as_text(raw)
    spelt = {typed: read_date(typed) for typed in text.dropna().unique()}
    values = text.map({typed: day for typed, (day, _) in spelt.items()}).astype("str")
    unread = _isna(values) & ~_isna(text)
    remedy = Message(
        "写成 2024-09-01 的样子，没有数据就留空", "Write it as 2024-09-01; leave blank what is not known"
    )
    plain = text.str.fullmatch(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]00:00(?::00(?:\.0+)?)?)?")
    odd = ~unread & ~_isna(text) & ~plain.fillna(True).to_numpy(dtype=bool)
    return values, [
        *(
            Finding(
                "F17",
                column,
                unread
                & text.isin([typed for typed, read in spelt.items() if read == (None, why)]).to_numpy(),
                raw,
                why,
                remedy,
            )
            for why in dict.fromkeys(why for day, why in spelt.values() if day is None)
        ),
        _note(column, odd, raw, values),
    ]


_DAY_ONE = date(1899, 12, 30)  # from which spreadsheets count days, for dates after February 1900
_SERIALS = range(32874, 73051)  # 1990 to 2099


def read_date(typed: str) -> tuple[str | None, Message | str]:
    """Return the day that a cell plainly means, or None and why it does not.

    A day's number as spreadsheets count, eight digits, and a time of day are plain; a year of two
    digits, a month without a day, and a day without a year are not.

    >>> [read_date(t)[0] for t in ("45901", "20250901", "2025.9.1", "2025-09-01T14:30:00")]
    ['2025-09-01', '2025-09-01', '2025-09-01', '2025-09-01']
    >>> read_date("25-9-1")
    (None, '只有两位数的年份，分不清是哪一年')
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", typed)).strip()
    if re.fullmatch(r"\d{5}(?:\.\d+)?", plain) and int(plain[:5]) in _SERIALS:
        return (_DAY_ONE + timedelta(days=int(plain[:5]))).isoformat(), ""
    match = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", plain) or re.fullmatch(
        r"(\d{4}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})[日号]?"
        r"(?:[ T]?\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?秒?)?)?",
        plain,
    )
    if match:
        try:
            return date(*(int(part) for part in match.groups())).isoformat(), ""
        except ValueError:
            return None, Message("不是实有的日期", "is no day there is")
    for pattern, reason in _UNDECIDED.items():
        if re.fullmatch(pattern, plain):
            return None, reason
    return None, Message("不是日期", "is no date")


_UNDECIDED = {
    r"\d{1,2}[-/.]\d{1,2}[-/.]\d{1,2}": Message(
        "只有两位数的年份，分不清是哪一年", "has a year of two digits: which year is not clear"
    ),
    r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}": Message(
        "年份在后，分不清月和日", "has the year at the end: month and day are not clear"
    ),
    r"\d{4}[-/.年]\d{1,2}月?": Message("没有写日", "has no day"),
    r"\d{1,2}[-/.月]\d{1,2}[日号]?": Message("没有写年份", "has no year"),
    r"\d{4}年?": Message("只有年份", "has a year alone"),
}


# Numbers of persons, in any column


def find_numbers(values: pd.Series, *, codes: bool = False) -> dict[int, list[str]]:
    """Return the positions of cells that hold numbers of persons, with the kinds of :func:`kinds_of`.

    In a column of codes a mobile number is one only where the other codes have fewer or more digits.
    """
    texts = _long_texts(values)
    if codes and texts and 2 * len(texts) > len(values.dropna()):
        texts = {position: cell for position, cell in texts.items() if kinds_of(cell, codes=True)}
    found = {position: kinds_of(cell) for position, cell in texts.items()}
    return {position: kinds for position, kinds in sorted(found.items()) if kinds}


def _long_texts(values: pd.Series) -> dict[int, str]:
    """Return the cells with as many digits as these numbers have, by position."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return {}
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            long = np.flatnonzero((numbers >= 1e10) & (numbers < 1e18) & (numbers % 1 == 0))
        return {int(position): f"{numbers[position]:.0f}" for position in long}
    if _is_coded(values):
        each = _long_texts(pd.Series(values.cat.categories))
        codes = values.array.codes
        return {int(at): each[codes[at]] for at in np.flatnonzero(np.isin(codes, [*each]))} if each else {}
    cells = as_arrow(_strings(values))
    long = pc.fill_null(pc.greater_equal(pc.binary_length(cells), SHORTEST), False)
    if not pc.any(long, min_count=0).as_py():
        return {}
    rows, some = np.flatnonzero(long.to_numpy(zero_copy_only=False)), cells.filter(long)
    digits = pc.match_substring_regex(some, "[0-9０-９][0-9０-９ -]{9,}[0-9０-９XxＸｘ]")
    found = zip(rows[digits.to_numpy(zero_copy_only=False)], some.filter(digits).to_pylist(), strict=True)
    return {int(row): text for row, text in found}
