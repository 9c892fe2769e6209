"""The figures behind the page, to be taken away."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qb.dataset.files import write_csv, write_parquet
from qb.errors import QbError
from qb.files import write_folder


def save(tables: dict[str, pd.DataFrame], folder: str | Path) -> Path:
    """Write each table as CSV and as parquet into a new folder, whole or not at all.

    Raises
    ------
    QbError
        If something stands there already, or the disk refuses.
    """
    path = Path(folder).resolve()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise QbError(f"{path} 已有内容，不能覆盖。请换一个文件夹。")

    def fill(made: Path) -> None:
        for name, frame in tables.items():
            write_csv(frame, made / f"{name}.csv")
            write_parquet(frame, made / f"{name}.parquet")

    write_folder(path, fill)
    return path
