"""Faults and refusals of an input, said in sentences: what, where, and what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from qb.language import COLON, Message, joined, reader, told
from qb.personal_data import mask
from qb.terms import Severity


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the data.

    Attributes
    ----------
    rule : str
        Number of the rule that found it, as ``D03``.
    severity : Severity
        ``stops``: nothing can be computed; ``warning``: look again; ``note``: read for what it says.
    message, remedy : Message
        What is wrong, and what to do, without a full stop.
    table, row, column, cell, school_id
        Where. `row` counts as a spreadsheet does: the header is row 1.
    rows : tuple of int
        Every row where the same is wrong; empty where it is the one.
    sheet : str, optional
        The sheet of `cell`, where that is not the one of the table.
    mend : str, optional
        Lines for ``corrections.toml`` that mend it.
    also : tuple of dict
        Where the same is wrong in other tables: ``table``, ``column``, ``cell`` of the first row, ``rows``.
    label : str, optional
        What `column` is called in Chinese, where a standard declares it and the registry does not know it.

    No identity or mobile number stands in full in what is said, whoever said it.
    """

    rule: str
    severity: Severity
    message: Message
    remedy: Message
    table: str | None = None
    row: int | None = None
    column: str | None = None
    cell: str | None = None
    school_id: str | None = None
    rows: tuple[int, ...] = ()
    sheet: str | None = None
    mend: str | None = None
    also: tuple[dict[str, Any], ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        school = mask(self.school_id, keep=self.school_id) if self.school_id else None
        object.__setattr__(self, "school_id", school)
        if mask(self.message, keep=school) != self.message:
            object.__setattr__(self, "message", self.message.each(lambda text: mask(text, keep=school)))

    @property
    def said(self) -> Message:
        """The fault as a line: rule, place, what is wrong and what to do."""
        places = (
            Message("表 {}", "table {}", self.table) if self.table else "",
            Message("第 {} 行", "row {}", self.row) if self.row else "",
            Message("列 {}", "column {}", self.column) if self.column else "",
            Message("单元格 {}", "cell {}", self.cell) if self.cell else "",
        )
        where = joined("，", ", ", filter(None, places))
        return Message(
            "[{}] {}{}{}。{}。",
            "[{}] {}{}{}. {}.",
            self.rule,
            where,
            COLON if where else "",
            self.message,
            self.remedy,
        )

    def __str__(self) -> str:
        return str(self.said)

    def to_dict(self) -> dict[str, object]:
        """Return the fault in the shape that ``qb check --json`` prints."""
        document = {**asdict(self), "rows": list(self.rows), "also": list(self.also)}
        del document["label"]
        return document


class QbError(Exception):
    """An input that cannot be used, told as a `Message`; as a text, it is in the language of :func:`qb.language.reader`.

    Parameters
    ----------
    zh, en : str
        As for a `Message`; one that is made already stands alone.
    *arguments : object
    lines : iterable of Message
        What is wrong, one by one, each on a line below.
    """

    def __init__(self, zh: str, en: str = "", *arguments: object, lines: Iterable[str] = ()) -> None:
        self.lines = tuple(lines)
        said = Message(zh, en, *arguments) if en else zh
        below = (Message("  {}", "  {}", line) for line in self.lines)
        super().__init__(joined("\n", "\n", [said, *below]) if self.lines else said)

    @property
    def said(self) -> Message:
        """The sentence."""
        return self.args[0]

    def __str__(self) -> str:
        return str(told(self.said, reader()))

    @property
    def clause(self) -> Message:
        """The sentence without its full stop, to stand in another."""
        return self.said.each(lambda text: text.rstrip("。."))

    @property
    def zh(self) -> str:
        """The sentence in Chinese."""
        return str(told(self.said, "zh"))

    @property
    def en(self) -> str:
        """The sentence in English."""
        return str(told(self.said, "en"))


class ArgumentError(QbError, ValueError):
    """An argument with which a function cannot compute: a ValueError, told in both languages."""


class UnreadableError(QbError):
    """A file that cannot be read: why, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("{}。{}。", "{}. {}.", message, remedy)
        self.message, self.remedy = message, remedy


class DataError(QbError):
    """A dataset that cannot be used: every fault at once.

    Attributes
    ----------
    faults : tuple of Fault
        In the order of tables, rows and columns.
    """

    SHOWN = 50

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.with_lines(lambda fault: fault.said))

    def with_lines(self, line: Callable[[Fault], Message]) -> Message:
        """Return how many faults there are and the first of them, each as `line` says it."""
        head = Message(
            "数据有 {} 处必须改正：", "Faults in the data that must be mended: {}", len(self.faults)
        )
        more = len(self.faults) - self.SHOWN
        rest = [Message("…… 另有 {} 处。", "… {} more.", more)] if more > 0 else []
        return joined("\n", "\n", [head, *map(line, self.faults[: self.SHOWN]), *rest])


# What moves a terminal's cursor, changes its colours or turns round the order of letters; half a character,
# as in a file's name that is no UTF-8, is one that cannot be printed.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    r"""Return a text that a terminal can show as it is: what is no letter of it is named by its number.

    Examples
    --------
    >>> print(plain("甲\x1b[2J校"), plain("\udcb9.csv"))
    甲\u001b[2J校 \udcb9.csv
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


_REFUSALS = {
    errno.ENOSPC: Message("磁盘已满", "the disk is full"),
    errno.EDQUOT: Message("超出磁盘配额", "the disk quota is used up"),
    errno.EFBIG: Message("文件超过允许的大小", "the file is larger than allowed"),
    errno.EACCES: Message("没有权限", "no permission"),
    errno.EPERM: Message("没有权限", "no permission"),
    errno.EROFS: Message("磁盘只读", "the disk is read-only"),
    errno.ENOENT: Message("不存在", "it does not exist"),
    errno.ENOTDIR: Message("上级路径不是文件夹", "what stands above it is no folder"),
    errno.EEXIST: Message("已有同名的文件", "a file of that name exists"),
    errno.EISDIR: Message("是文件夹，不是文件", "it is a folder, not a file"),
    errno.ENAMETOOLONG: Message("名称太长", "the name is too long"),
    errno.EIO: Message("磁盘读写出错", "the disk failed"),
    errno.EMFILE: Message(
        "同时打开的文件太多，超过系统给这个程序的限额",
        "more files are open than the system allows this program",
    ),
    errno.ENFILE: Message("系统中打开的文件太多", "too many files are open on the system"),
    errno.ENOMEM: Message("内存不足", "not enough memory"),
}


def why(error: OSError) -> str:
    """Return why the system refused; for unusual reasons in its own words."""
    return _REFUSALS.get(error.errno or 0, error.strerror or str(error))
