"""A dataset on disk: a folder of CSV or parquet files, one per table, or one workbook."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from qb.dataset.corrections import FILE, to_toml
from qb.dataset.data import Dataset
from qb.dataset.excel import WORKBOOKS
from qb.dataset.files import (
    read_csv,
    read_parquet,
    spoken,
    write_csv,
    write_parquet,
)
from qb.dataset.grid import Grid, grid_to_table
from qb.dataset.headers import table_named
from qb.dataset.intake import fault, frame_to_table, tables_among, to_dataset
from qb.dataset.mending import correct, file_for
from qb.dataset.sheets import write_book, write_xlsx
from qb.dataset.workbook import read_workbook
from qb.errors import Fault, QbError, UnreadableError
from qb.files import write_folder, write_whole
from qb.schema import TABLES, Table
from qb.terms import DATA_SUFFIXES


def read(path: str | Path) -> Dataset:
    """Read a folder of CSV files or of parquet files, one per table, or a workbook of sheets.

    A file or sheet is named for its table in English or Chinese (``sections.csv``, ``学段.csv``). A table or
    column that is not there is "no data". Cells that cannot be read become missing, each with a
    fault; see :data:`qb.dataset.FORM_RULES`. Corrections that lie beside the dataset are applied; see
    :mod:`qb.dataset.corrections`.

    Raises
    ------
    DataError
        If the folder, a file or a table cannot be read at all; every such fault is named.
    CorrectionError
        If the corrections cannot be used.
    """
    folder = Path(path)
    if folder.is_file() and folder.suffix.lower() in WORKBOOKS:
        return correct(read_workbook(folder), folder)
    files, faults = _files(folder)
    frames = {}
    for name, file in files.items():
        frames[name], found = _read_table(file, TABLES[name])
        faults += found
    return correct(to_dataset(frames, faults, folder), folder)


READERS = {".csv": read_csv, ".parquet": read_parquet}


def _files(folder: Path) -> tuple[dict[str, Path], list[Fault]]:
    """Return the file of each table, in the order of the registry, and what is wrong with the folder."""
    if not folder.is_dir():
        what = "不是数据文件夹，也不是工作簿" if folder.exists() else "不存在"
        return {}, [fault("F01", f"{spoken(folder)} {what}", "检查路径；工作簿可用 .xlsx、.xlsm、.xls、.ods")]
    inside = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in DATA_SUFFIXES)
    files = {spoken(file.name): file for file in inside}
    readable = [name for name in files if Path(name).suffix.lower() in READERS]
    found, faults = tables_among(readable, "文件")
    for name in files.keys() - set(readable):
        faults.append(fault("F22", f"文件 {name} 没有读入", "如系数据表，请存为 CSV，文件名用规定的表名"))
    if not found:
        names = "、".join(f"{name}.csv" for name in list(TABLES)[:3])
        faults.append(fault("F02", f"文件夹 {spoken(folder)} 中没有数据表", f"放入 {names} 等文件"))
    return {name: files[file] for name, file in found.items()}, faults


def _read_table(file: Path, table: Table) -> tuple[pd.DataFrame, list[Fault]]:
    name = f"文件 {spoken(file.name)}"
    try:
        raw = READERS[file.suffix.lower()](file)
    except UnreadableError as error:
        return table.empty(), [fault("F04", f"{name} {error.message}", error.remedy, table=table.name)]
    return grid_to_table(raw, table, name)[:2] if isinstance(raw, Grid) else frame_to_table(raw, table)


def write(data: Dataset, path: str | Path, format: str = "csv", *, replace: bool = False) -> None:
    """Write a dataset as a folder or a workbook, whole or not at all.

    Parameters
    ----------
    data : Dataset
        Tables without rows are not written, but for `schools`; nor are optional columns without data.
        Corrected cells are written as corrected; the record of them goes along, marked as applied.
    path : str or Path
        The folder or file to make.
    format : str
        ``"csv"``, ``"parquet"`` or ``"xlsx"``.
    replace : bool
        Whether a dataset that stands there may be replaced. Its other files are kept, its corrections
        unless the data bring their own.

    Raises
    ------
    QbError
        If the folder holds something else, or may not be replaced, or the disk refuses, or the data
        are more than a workbook takes.
    """
    frames = {
        name: _worth_writing(frame, TABLES[name])
        for name, frame in data.tables.items()
        if len(frame) or name == "schools"
    }

    record = to_toml(data.corrections)
    if format == "xlsx":
        write_xlsx(Path(path), lambda made: write_book(frames, made), replace=replace)
        if data.corrections:
            write_whole(file_for(Path(path)).resolve(), record)
        return
    suffix, save = WRITERS[format]
    folder = Path(path).resolve()
    kept = _kept(folder, replace)

    def fill(made: Path) -> None:
        for name, frame in frames.items():
            save(frame, made / f"{name}{suffix}")
        for file in kept:
            shutil.copy2(file, made / file.name)
        if data.corrections:
            (made / FILE).write_text(record, encoding="utf-8")

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
