"""What ``qb forms`` does."""

from __future__ import annotations

from pathlib import Path

from qb.forms.entry import write_all
from qb.report import open_book


def run(data: Path, out: Path, year: int | None, standard: str, district: str) -> str:
    """Write a district's workbooks into a folder and return the sentence to print.

    Nothing that stands there is replaced: a ledger may have been filled in.

    Raises
    ------
    DataError, QbError
        If the data cannot be judged, the district is not named and there are several, or a file is there.
    """
    paths = write_all(open_book(data, year, standard), district, out)
    return f"已写入 {out}：{'、'.join(path.name for path in paths)}。"
