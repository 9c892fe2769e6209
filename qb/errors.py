"""What can be wrong with an input, said in sentences: what, where, and what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from qb.personal import mask
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
    message, remedy : str
        What is wrong, and what to do, in Chinese.
    table, row, column, cell, school_id
        Where. `row` counts as a spreadsheet does: the header is row 1.
    rows : tuple of int
        Every row where the same is wrong; empty where it is the one.
    sheet : str, optional
        The sheet of `cell`, where that is not the one of the table.
    mend : str, optional
        Lines for ``corrections.toml`` that mend it.

    No identity or mobile number stands in full in what is said, whoever said it.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str
    table: str | None = None
    row: int | None = None
    column: str | None = None
    cell: str | None = None
    school_id: str | None = None
    rows: tuple[int, ...] = ()
    sheet: str | None = None
    mend: str | None = None

    def __post_init__(self) -> None:
        school = mask(self.school_id, keep=self.school_id) if self.school_id else None
        object.__setattr__(self, "school_id", school)
        object.__setattr__(self, "message", mask(self.message, keep=school))

    def __str__(self) -> str:
        where = "，".join(
            part
            for part in (
                f"表 {self.table}" if self.table else "",
                f"第 {self.row} 行" if self.row else "",
                f"列 {self.column}" if self.column else "",
                f"单元格 {self.cell}" if self.cell else "",
            )
            if part
        )
        return f"[{self.rule}] {where}{'：' if where else ''}{self.message}。{self.remedy}。"

    def to_dict(self) -> dict[str, object]:
        """Return the fault in the shape that ``qb check --json`` prints."""
        return {**asdict(self), "rows": list(self.rows)}


class QbError(Exception):
    """An input that cannot be used. The message is a sentence for the user."""


class UnreadableError(QbError):
    """A file that cannot be read: why, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}。{remedy}。")
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
        lines = [str(fault) for fault in self.faults[: self.SHOWN]]
        if len(self.faults) > self.SHOWN:
            lines.append(f"…… 另有 {len(self.faults) - self.SHOWN} 处。")
        super().__init__(f"数据有 {len(self.faults)} 处必须改正：\n" + "\n".join(lines))


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
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出磁盘配额",
    errno.EFBIG: "文件超过允许的大小",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘只读",
    errno.ENOENT: "不存在",
    errno.ENOTDIR: "上级路径不是文件夹",
    errno.EEXIST: "已有同名的文件",
    errno.EISDIR: "是文件夹，不是文件",
    errno.ENAMETOOLONG: "名称太长",
    errno.EIO: "磁盘读写出错",
    errno.EMFILE: "同时打开的文件太多，超过系统给这个程序的限额",
    errno.ENFILE: "系统中打开的文件太多",
    errno.ENOMEM: "内存不足",
}


def why(error: OSError) -> str:
    """Return why the system refused, in Chinese for the usual reasons and in its own words for others."""
    return _REFUSALS.get(error.errno or 0, error.strerror or str(error))
