"""A dataset as a folder of CSV or parquet files, one per table."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from qb.dataset.cells import tidy_cells
from qb.dataset.data import Dataset
from qb.dataset.files import (
    UnreadableError,
    read_csv,
    read_parquet,
    write_csv,
    write_folder,
    write_parquet,
)
from qb.dataset.intake import fault, frame_to_table, grid_to_table, is_structure
from qb.errors import DataError, Fault, QbError
from qb.schema import TABLES, Table, tidy_header
from qb.terms import Severity


def read(path: str | Path) -> Dataset:
    """Read a folder of CSV files or of parquet files, one per table.

    A file is named for its table in English or Chinese (``sections.csv``, ``学段.csv``). A table or
    column that is not there is "no data". Cells that cannot be read become missing, each with a
    fault; see :data:`qb.dataset.FORM_RULES`.

    Raises
    ------
    DataError
        If the folder, a file or a table cannot be read at all; every such fault is named.
    """
    folder = Path(path)
    files, faults = _files(folder)
    frames, lines = {}, {}
    for name, file in files.items():
        frame, found = _read_table(file, TABLES[name])
        faults += found
        rows = frame.index.to_numpy()
        if not np.array_equal(rows, np.arange(2, len(rows) + 2)):
            lines[name] = rows
        frames[name] = frame.reset_index(drop=True)
    if any(is_structure(found) for found in faults):
        raise DataError(found for found in faults if found.severity is Severity.STOPS)
    tables = {name: frames[name] if name in frames else table.empty() for name, table in TABLES.items()}
    return Dataset(tables, tuple(faults), str(folder), lines)


READERS = {".csv": read_csv, ".parquet": read_parquet}
_LIKE_DATA = (".csv", ".parquet", ".xlsx", ".xls", ".et", ".ods", ".tsv", ".txt")


def table_named(text: str) -> Table | None:
    """Return the table with this English name or Chinese label, or None."""
    tidied = tidy_header(text)
    return next((t for t in TABLES.values() if tidied in (t.name, tidy_header(t.label))), None)


def _files(folder: Path) -> tuple[dict[str, Path], list[Fault]]:
    """Return the file of each table, in the order of the registry, and what is wrong with the folder."""
    if not folder.is_dir():
        what = "不是文件夹" if folder.exists() else "不存在"
        return {}, [fault("F01", f"数据文件夹 {folder} {what}", "检查路径")]
    found: dict[str, Path] = {}
    faults = []
    for file in sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in _LIKE_DATA):
        table = table_named(file.stem) if file.suffix.lower() in READERS else None
        if table is None:
            faults.append(fault("F22", f"文件 {file.name} 没有读入", "如系数据表，文件名应为规定的表名"))
        elif table.name in found:
            message = f"文件 {found[table.name].name} 与 {file.name} 是同一张表"
            faults.append(fault("F03", message, "只保留一个", table=table.name))
        else:
            found[table.name] = file
    if not found:
        names = "、".join(f"{name}.csv" for name in list(TABLES)[:3])
        faults.append(fault("F02", f"文件夹 {folder} 中没有数据表", f"放入 {names} 等文件"))
    return {name: found[name] for name in TABLES if name in found}, faults


def _read_table(file: Path, table: Table) -> tuple[pd.DataFrame, list[Fault]]:
    typed = file.suffix.lower() == ".csv"
    try:
        raw = READERS[file.suffix.lower()](file)
    except UnreadableError as error:
        message = f"文件 {file.name} {error.message}"
        return table.empty(), [fault("F04", message, error.remedy, table=table.name)]
    return grid_to_table(raw, table) if typed else frame_to_table(raw.apply(tidy_cells), table)


def write(data: Dataset, path: str | Path, format: str = "csv", *, replace: bool = False) -> None:
    """Write a dataset as a folder, whole or not at all.

    Parameters
    ----------
    data : Dataset
        Tables without rows are not written, but for `schools`; nor are optional columns without data.
    path : str or Path
        The folder to make.
    format : str
        ``"csv"`` or ``"parquet"``.
    replace : bool
        Whether a dataset that stands there may be replaced. Its other files are kept.

    Raises
    ------
    QbError
        If the folder holds something else, or may not be replaced, or the disk refuses.
    """
    suffix, save = WRITERS[format]
    folder = Path(path).resolve()
    kept = _kept(folder, replace)

    def fill(made: Path) -> None:
        for name, frame in data.tables.items():
            if len(frame) or name == "schools":
                save(_worth_writing(frame, TABLES[name]), made / f"{name}{suffix}")
        for file in kept:
            shutil.copy2(file, made / file.name)

    write_folder(folder, fill)


WRITERS = {"csv": (".csv", write_csv), "parquet": (".parquet", write_parquet)}


def _worth_writing(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    unused = [c.name for c in table.columns if c.optional and frame[c.name].isna().all()]
    return frame.drop(columns=unused)


def _kept(folder: Path, replace: bool) -> list[Path]:
    """Return the files that stay when the folder is replaced; refuse what is not a dataset of ours."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise QbError(f"{folder} 是一个文件，不能写成文件夹。请换一个名字。")
    inside = list(folder.iterdir())
    tables = [p for p in inside if p.suffix.lower() in READERS and table_named(p.stem)]
    if inside and not (tables and all(p.is_file() for p in inside)):
        raise QbError(f"文件夹 {folder} 中有数据集以外的内容，不能覆盖。请换一个名字。")
    if inside and not replace:
        raise QbError(f"文件夹 {folder} 已有一个数据集。请换一个名字，或指明要覆盖。")
    return [p for p in inside if p not in tables]
