"""CSV and parquet files: read as they are (UTF-8 or GB18030), written whole or not at all, formulas guarded."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qb.data.cell_values import CONTROL, as_arrow
from qb.data.grid import Grid
from qb.data.table_headers import table_named
from qb.errors import QbError, UnreadableError, why
from qb.files import write_whole
from qb.language import Message, listing

FORMULA = "=+-@\t\r\n＝＋－＠"  # what makes a spreadsheet take a cell for a formula, full-width included
_ESCAPED = rf"^'+[{re.escape(FORMULA)}]"
_TO_ESCAPE = rf"^'*[{re.escape(FORMULA)}]"


# Reading


SEPARATORS = {
    ",": Message("逗号", "commas"),
    "\t": Message("制表符", "tabs"),
    ";": Message("分号", "semicolons"),
    "，": Message("全角逗号", "full-width commas"),
    "|": Message("竖线", "bars"),
}
WIDEST = 16_384  # columns, as in a spreadsheet
_LONGEST_LINE = 2**24  # bytes
_FIRST = 30  # lines by which the separator is told


def read_csv(path: Path, separator: str | None = None, encoding: str | None = None) -> Grid:
    """Return every cell of a CSV file as text, the header too.

    UTF-8 with or without a byte order mark, UTF-16, GB18030 or Big5; separated by what separates the
    first lines most evenly, or by what ``sep=`` in the first line says. Lines above the header may be
    shorter. The apostrophe that :func:`write_csv` puts before a formula is taken off.

    Raises
    ------
    UnreadableError
        If it is not text, or not a regular table.
    """
    require_lines(path)
    data = read_bytes(path)
    encoding = encoding or _encoding(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError):
        raise UnreadableError(
            Message("不是 {} 编码的文本", "is no text in {}", encoding),
            Message(
                "改正编码，或另存为“CSV UTF-8（逗号分隔）”",
                "Put the encoding right, or save as “CSV UTF-8 (comma delimited)”",
            ),
        ) from None
    said = (
        []
        if encoding in ("utf-8-sig", "gb18030")
        else [Message("按 {} 编码读入", "read as {}", encoding.upper())]
    )
    stated = re.match(r"(?i)\"?sep=(.)\"?\r?\n", text)
    if stated:
        # The line stays as an empty one, so that rows keep their numbers.
        text = "\n" + text[stated.end() :]
    separator = separator or (stated[1] if stated else _separator(text))
    if separator != ",":
        said.append(Message("按{}分隔读入", "read as separated by {}", SEPARATORS.get(separator, separator)))
    try:
        grid = _parsed(text, separator, _width(text.split("\n", _FIRST)[:_FIRST], separator))
    except pd.errors.ParserError:  # a later line is wider
        try:
            grid = _parsed(text, separator, _width(text.split("\n"), separator))
        except pd.errors.ParserError as error:
            raise UnreadableError(*_csv_trouble(str(error))) from None
    if "'" in text:
        grid = grid.apply(_unescape)
    columns = {place + 1: cells for place, cells in grid.items() if _filled(cells).any()}
    empty = ~_filled(grid[0])
    if empty.any():
        for cells in columns.values():
            empty = empty & ~_filled(cells)
    rows = np.flatnonzero(~empty) + 1
    if empty.any():
        columns = {place: cells[~empty] for place, cells in columns.items()}
    return Grid(rows, [*columns], [*columns.values()], said=tuple(said))


def _filled(cells: pd.Series) -> np.ndarray:
    return pc.not_equal(as_arrow(cells), "").to_numpy(zero_copy_only=False)


def _parsed(text: str, separator: str, width: int) -> pd.DataFrame:
    data = BytesIO(text.encode("utf-8", "surrogatepass"))
    return pd.read_csv(
        data, sep=separator, header=None, dtype=str, na_filter=False,
        names=range(width), skip_blank_lines=False, index_col=False,
        **({"low_memory": False} if separator.isascii() else {"engine": "python"}),
    ).fillna("")  # fmt: skip


def _separator(text: str) -> str:
    """Return what separates most of the first lines, and these most evenly."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:100_000].splitlines()[:_FIRST] if line.strip()]

    def evenly(separator: str) -> int:
        counts = Counter(line.count(separator) for line in lines)
        return max((count * lines for count, lines in counts.items()), default=0)

    return max(SEPARATORS, key=evenly)


def _width(lines: list[str], separator: str) -> int:
    """Return how many columns the widest line may have; refuse more than a sheet takes."""
    width = max((line.count(separator) for line in lines), default=0) + 1
    if width > WIDEST:
        raise UnreadableError(
            Message("有 {:,} 列，超过 {:,} 列", "has {:,} columns, more than {:,}", width, WIDEST),
            Message("确认是否选错了文件或行列颠倒", "Is it the right file, or are rows and columns swapped"),
        )
    return width


def require_lines(path: Path) -> None:
    """Refuse a file with a line that no table has, before it is read whole."""
    try:
        with path.open("rb") as file:
            length = 0
            while piece := file.read(2**20):
                last = piece.rfind(b"\n")
                length = length + len(piece) if last < 0 else len(piece) - last
                if length > _LONGEST_LINE:
                    size = path.stat().st_size / 2**20
                    raise UnreadableError(
                        Message(
                            "有一行超过 {} MiB（文件共 {:,.0f} MiB），没有读入",
                            "has a line of more than {} MiB (the file has {:,.0f} MiB); not read",
                            _LONGEST_LINE // 2**20,
                            size,
                        ),
                        Message(
                            "确认是不是表格；每条记录应各占一行",
                            "Is it a table? Each record should have a line of its own",
                        ),
                    )
    except OSError as error:
        raise UnreadableError(
            Message("打不开（{}）", "cannot be opened ({})", why(error)),
            Message("检查文件是否存在、是否有权限", "Is the file there, and may it be read"),
        ) from None


def spoken(path: str | Path) -> str:
    """Return a name as it can be printed: one that is not UTF-8 is taken for GB18030.

    So is one that by chance could be both and is a table of ours in GB18030 alone.

    >>> import os
    >>> spoken(os.fsdecode("学段.csv".encode("gb18030"))), spoken("ѧУ.csv")
    ('学段.csv', '学校.csv')
    """
    name = str(path)
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return os.fsencode(name).decode("gb18030", "backslashreplace")
    if not name.isascii() and table_named(PurePath(name).stem) is None:
        other = name.encode().decode("gb18030", "replace")
        return other if table_named(PurePath(other).stem) is not None else name
    return name


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; say in a sentence why it cannot be read, or that it is empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(
            Message("打不开（{}）", "cannot be opened ({})", why(error)),
            Message("检查文件是否存在、是否有权限", "Is the file there, and may it be read"),
        ) from None
    if not data.strip():
        raise UnreadableError(
            Message("文件是空的", "is empty"),
            Message("填入数据，或删去这个文件", "Fill it in, or delete the file"),
        )
    return data


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        raise UnreadableError(
            Message("是工作簿，不是 CSV 文本", "is a workbook and no CSV"),
            Message("改回原来的扩展名，或另存为 CSV", "Give it back its own ending, or save it as CSV"),
        )
    if b"\0" in data[:1000]:
        for encoding in ("utf-16-le", "utf-16-be"):
            text = data[:4000].decode(encoding, "replace")
            if "\n" in text and "\0" not in text and "\ufffd" not in text[:-1]:
                return encoding
    for encoding in ("utf-8-sig", "gb18030", "big5"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            continue
        if encoding == "gb18030" and _is_big5(data, text):
            return "big5"
        return encoding
    raise UnreadableError(
        Message("不是文本文件，或编码无法识别", "is no text, or its encoding is not known"),
        Message("另存为“CSV UTF-8（逗号分隔）”", "Save as “CSV UTF-8 (comma delimited)”"),
    )


def _is_big5(data: bytes, as_gb: str) -> bool:
    """Whether text that could be read as GB18030 is in Big5: common letters there, rare ones here."""
    try:
        as_big5 = data[:200_000].decode("big5", "ignore")
        data.decode("big5")
    except UnicodeDecodeError:
        return False
    here, there = (
        _common(as_gb[:100_000], "gb2312", range(0xB0, 0xF8)),
        _common(as_big5, "big5", range(0xA4, 0xC7)),
    )
    return here < _COMMON < there


_COMMON = 0.85  # share of the letters of a text that are common ones in its encoding


def _common(text: str, encoding: str, leads: range) -> float:
    letters = [letter for letter in text[:20_000] if "\u3400" <= letter <= "\u9fff" or letter > "\ud7ff"]
    coded = (letter.encode(encoding, "ignore") for letter in letters)
    return sum(len(code) == 2 and code[0] in leads for code in coded) / max(len(letters), 1)


def _csv_trouble(error: str) -> tuple[Message, Message]:
    if quote := re.search(r"EOF inside string starting at row (\d+)", error):
        return Message(
            "从第 {} 行起引号没有成对", "has quotes without an end from line {}", int(quote[1]) + 1
        ), Message("补上引号，或另存为 CSV", "Add the quote, or save as CSV")
    return Message("不是规整的 CSV", "is no regular CSV"), Message(
        "用电子表格软件打开后另存为“CSV UTF-8（逗号分隔）”",
        "Open it in a spreadsheet program and save as “CSV UTF-8 (comma delimited)”",
    )


def _unescape(column: pd.Series) -> pd.Series:
    escaped = column.str.contains(_ESCAPED, na=False)
    return column.where(~escaped, column.str[1:]) if escaped.any() else column


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a parquet file with the types it has, the rows counted from 2 as below a header.

    Raises
    ------
    UnreadableError
        If it is not parquet, or a column holds lists or records.
    """
    import pyarrow.parquet as pq

    try:
        with pa.OSFile(os.fsencode(path)) as raw, pq.ParquetFile(raw) as file:  # a name need be no UTF-8
            if (width := len(file.schema_arrow)) > WIDEST:
                reason = Message(
                    "有 {:,} 列，超过 {:,} 列", "has {:,} columns, more than {:,}", width, WIDEST
                )
                raise UnreadableError(
                    reason,
                    Message(
                        "确认是否选错了文件或行列颠倒",
                        "Is it the right file, or are rows and columns swapped",
                    ),
                )
            table = file.read()
        table.validate(full=True)  # text may be no UTF-8
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        reason = Message(
            "不是有效的 parquet 文件（{}）", "is no valid parquet file ({})", str(error).splitlines()[0][:80]
        )
        raise UnreadableError(reason, Message("重新导出这个文件", "Export the file again")) from None
    nested = [f.name for f in table.schema if pa.types.is_nested(f.type) or pa.types.is_binary(f.type)]
    if nested:
        raise UnreadableError(
            Message("列 {} 不是单个的值", "has columns {} that are no single values", listing(nested)),
            Message("每格只放一个数或一段文字", "Put one number or one text into a cell"),
        )
    plain = pa.table([_plain(table[i]) for i in range(table.num_columns)], names=_safe(table.column_names))
    frame = plain.to_pandas(ignore_metadata=True, types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    frame.columns = [CONTROL.sub("", name) for name in table.column_names]
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame


def _safe(names: list[str]) -> list[str]:
    """Number the columns, for the same name may stand twice."""
    return [str(position) for position in range(len(names))]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column in a type that pandas holds as it is: text, number, boolean, or time."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind) and kind.tz:
        try:
            return pc.local_timestamp(column)
        except pa.ArrowInvalid:
            reason = Message(
                "有一列时间的时区“{}”不存在",
                "has a column of times in the zone “{}”, which does not exist",
                kind.tz,
            )
            raise UnreadableError(
                reason,
                Message("导出时不要带时区，或改正时区", "Export without time zones, or put the zone right"),
            ) from None
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    return column


# Writing


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table that a spreadsheet opens as it is: UTF-8 with a mark, no formulas, no ``.0``.

    Text that a spreadsheet would take for a formula gets an apostrophe, which :func:`read_csv` takes
    off again, so nothing is lost.
    """
    text = pd.DataFrame({name: _csv_text(frame[name]) for name in frame.columns})
    text.columns = _csv_text(pd.Series(frame.columns, dtype="str"))
    # Python's csv writer leaves a lone carriage return unquoted, and readers then see a new row
    returns = any(text.iloc[:, i].str.contains("\r", regex=False).any() for i in range(text.shape[1]))
    quoting = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        text.to_csv(file, index=False, lineterminator="\n", quoting=quoting)


def _csv_text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values):
        return values.astype("str").str.lower()
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("str").str.removesuffix(".0")
    text = values.astype("str")
    return text.where(~text.str.contains(_TO_ESCAPE, na=False), "'" + text)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with its types."""
    import pyarrow.parquet as pq

    with path.open("wb") as file:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file, compression="zstd")


def write_file(path: Path, fill: Callable[[Path], None], *, replace: bool = False) -> None:
    """Make a file whole or not at all, as :func:`qb.files.write_whole` does.

    Raises
    ------
    QbError
        If something stands there that may not be replaced, or the disk refuses.
    """
    if path.is_dir() or (path.exists() and not replace):
        raise QbError("{} 已经存在。请换一个名字。", "{} exists already. Choose another name.", path)
    write_whole(path, fill)
