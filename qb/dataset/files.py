"""CSV and parquet on disk: read as they are, written whole or not at all."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from qb.dataset.cells import CONTROL
from qb.errors import QbError, why
from qb.files import write_whole

FORMULA = "=+-@\t\r\n＝＋－＠"  # what makes a spreadsheet take a cell for a formula, full-width included
_ESCAPED = rf"^'+[{re.escape(FORMULA)}]"
_TO_ESCAPE = rf"^'*[{re.escape(FORMULA)}]"


class UnreadableError(QbError):
    """A file that cannot be read: why, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}。{remedy}。")
        self.message, self.remedy = message, remedy


# Reading


def read_csv(path: Path) -> pd.DataFrame:
    """Return every cell of a CSV file as text, the header too, the rows counted from 1.

    UTF-8 with or without a byte order mark, or GB18030; separated by commas, or by tabs where the
    first line has no comma. The apostrophe that :func:`write_csv` puts before a formula is taken off.

    Raises
    ------
    UnreadableError
        If it is not text, or not a regular table.
    """
    data = read_bytes(path)
    encoding = _encoding(data)
    first = data.split(b"\n", 1)[0]
    separator = "\t" if b"\t" in first and b"," not in first else ","
    try:
        grid = pd.read_csv(
            BytesIO(data), encoding=encoding, sep=separator, header=None, dtype=str, na_filter=False,
            skip_blank_lines=False, low_memory=False,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UnreadableError(*_csv_trouble(str(error))) from None
    grid.index += 1
    return grid.apply(_unescape) if b"'" in data else grid


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; say in a sentence why it cannot be read, or that it is empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"打不开（{why(error)}）", "检查文件是否存在、是否有权限") from None
    if not data.strip():
        raise UnreadableError("文件是空的", "填入数据，或删去这个文件")
    return data


def _encoding(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding
    raise UnreadableError("不是文本文件，或编码无法识别", "另存为“CSV UTF-8（逗号分隔）”")


def _csv_trouble(error: str) -> tuple[str, str]:
    if longer := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", error):
        expected, line, saw = longer.groups()
        return (
            f"第 {line} 行有 {saw} 格，首行只有 {expected} 格",
            "检查该行是否多了逗号；含逗号的内容要加引号",
        )
    if quote := re.search(r"EOF inside string starting at row (\d+)", error):
        return f"从第 {int(quote[1]) + 1} 行起引号没有成对", "补上引号，或另存为 CSV"
    return "不是规整的 CSV", "用电子表格软件打开后另存为“CSV UTF-8（逗号分隔）”"


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
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
        table.validate(full=True)  # text may be no UTF-8
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        reason = f"不是有效的 parquet 文件（{str(error).splitlines()[0][:80]}）"
        raise UnreadableError(reason, "重新导出这个文件") from None
    nested = [f.name for f in table.schema if pa.types.is_nested(f.type) or pa.types.is_binary(f.type)]
    if nested:
        raise UnreadableError(f"列 {'、'.join(nested)} 不是单个的值", "每格只放一个数或一段文字")
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
        raise QbError(f"{path} 已经存在。请换一个名字。")
    write_whole(path, fill)
