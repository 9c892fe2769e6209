"""A dataset read from disk and written to it: a folder of CSV or parquet, or a workbook; corrections applied."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.corrections import FILE, Correction, Value, load_corrections, to_toml, typed
from qb.data.dataset import Dataset
from qb.data.grid import Grid, grid_to_table
from qb.data.schema import TABLES, SchemaTable, tables_of
from qb.data.table_files import read_csv, read_parquet, spoken, write_csv, write_parquet
from qb.data.table_headers import A_FILE, fault, table_named, tables_among
from qb.data.table_intake import frame_to_table, to_dataset
from qb.data.withheld import without_persons
from qb.errors import Fault, QbError, UnreadableError
from qb.files import beside_notebooks, write_folder, write_whole
from qb.language import Message, listing
from qb.standard import Standard
from qb.standard import load as load_standard
from qb.terms import DATA_SUFFIXES, WORKBOOK, WORKBOOKS

# Corrections applied to a dataset as it was read.


def file_for(path: Path) -> Path:
    """Return where corrections belong: in the folder of tables; beside ``a.xlsx`` ``a.corrections.toml``."""
    return path.with_name(f"{path.stem}.{FILE}") if path.suffix.lower() == WORKBOOK else path / FILE


def correct(data: Dataset, path: Path, tables: Mapping[str, SchemaTable] = TABLES) -> Dataset:
    """Return a dataset of these tables as read with the corrections that lie beside it.

    A workbook without corrections of its own takes ``corrections.toml`` in its folder.

    Raises
    ------
    CorrectionError
        If the file cannot be read or an entry makes no sense.
    """
    own = file_for(path)
    file = next((file for file in (own, own.with_name(FILE)) if file.is_file()), None)
    if file is None:
        return data
    given = load_corrections(file, tables)
    faults, changes, applied = list(data.faults), {}, []
    for number, correction in enumerate(given, start=1):
        positions, wrong = (_place if correction.factor is None else _places)(
            data, correction, number, tables
        )
        places = [(correction.table, position, correction.column) for position in positions]
        if not wrong and any(place in changes for place in places):
            wrong = _fault(
                "F23",
                correction,
                Message(
                    "第 {} 条更正与前面一条改的是同一个单元格",
                    "correction {} changes the same cell as one before it",
                    number,
                ),
            )
        if wrong:
            faults.append(wrong)
            continue
        if correction.factor is None:
            column = tables[correction.table][correction.column]
            right = typed(correction.right, column)[0]
            changes[places[0]] = np.nan if right is None and column.numeric else right
            faults = [f for f in faults if not _is_about(f, data, correction, positions[0])]
        elif not correction.applied:
            held = data[correction.table][correction.column].to_numpy()[positions]
            changes |= zip(places, (float(f"{v:.12g}") for v in held * correction.factor), strict=True)
        applied.append(correction)
    return dataclasses.replace(
        data,
        tables={name: _changed(name, frame, changes) for name, frame in data.tables.items()},
        faults=tuple(faults),
        corrections=tuple(applied),
    )


def _of_key(data: Dataset, correction: Correction, tables: Mapping[str, SchemaTable]) -> np.ndarray:
    """Return which records have the values of a correction's key."""
    table, frame = tables[correction.table], data[correction.table]
    same = np.ones(len(frame), dtype=bool)
    for name, value in correction.key.items():
        meant, _ = typed(value, table[name])
        column = frame[name]
        same &= (column.isna() if meant is None else (column == meant).fillna(False)).to_numpy(dtype=bool)
    return same


def _places(
    data: Dataset, correction: Correction, number: int, tables: Mapping[str, SchemaTable]
) -> tuple[list[int], Fault | None]:
    """Return the positions of a column's figures in another unit, and what is wrong with the correction."""
    amount = data[correction.table][correction.column].to_numpy()
    times = correction.factor if correction.applied else 1.0
    near = 1e-9 * times * correction.most
    meant = _of_key(data, correction, tables) & (amount >= times * correction.least - near)
    meant &= amount <= times * correction.most + near
    rows = np.flatnonzero(meant).tolist()
    if len(rows) == correction.rows or (correction.applied and len(rows) > correction.rows):
        return rows, None
    message = Message(
        "第 {} 条更正以为有 {} 行的值在 {:.12g} 与 {:.12g} 之间，来源现有 {} 行",
        "correction {} takes {} rows to be between {:.12g} and {:.12g}; the source now has {}",
        number,
        correction.rows,
        times * correction.least,
        times * correction.most,
        len(rows),
    )
    return [], _fault("F24", correction, message)


def _place(
    data: Dataset, correction: Correction, number: int, tables: Mapping[str, SchemaTable]
) -> tuple[list[int], Fault | None]:
    """Return the position of the record meant, and what is wrong with the correction."""
    table, frame = tables[correction.table], data[correction.table]
    rows = np.flatnonzero(_of_key(data, correction, tables))
    if len(rows) != 1:
        key = listing(f"{name}={value}" for name, value in correction.key.items())
        message = Message(
            "第 {} 条更正指的记录（{}）在表中有 {} 条，应恰有 1 条",
            "the record of correction {} ({}) is found {} times in the table, and should be once",
            number,
            key,
            len(rows),
        )
        return [], _fault("F23", correction, message)
    position = int(rows[0])
    expected = correction.right if correction.applied else correction.wrong
    if _holds(data, correction, position, expected, tables):
        return [position], None
    held = frame[correction.column].iloc[position]
    shown = (
        Message("没有数据", "no data")
        if pd.isna(held)
        else f"{held:.12g}"
        if isinstance(held, float)
        else str(held)
    )
    message = Message(
        "第 {} 条更正以为这里是“{}”，来源现为“{}”",
        "correction {} takes this to be “{}”, the source now has “{}”",
        number,
        expected,
        shown,
    )
    where = {"row": data.line(table.name, position)}
    where["cell"] = data.cell(table.name, position, correction.column)
    return [], _fault("F24", correction, message, **where)


def _fault(rule: str, correction: Correction, message: str, **where: object) -> Fault:
    school = correction.key.get("school_id")
    remedy = (
        Message(
            "改正这条更正；来源已改好的，删去这条更正",
            "Put the correction right; delete it where the source has been mended",
        )
        if rule == "F24"
        else Message("改正 key，使它只指一条记录", "Change key so that it means one record")
    )
    return fault(
        rule,
        message,
        remedy,
        table=correction.table,
        column=correction.column,
        school_id=None if school is None else str(school),
        **where,
    )


def _holds(
    data: Dataset, correction: Correction, position: int, expected: Value, tables: Mapping[str, SchemaTable]
) -> bool:
    """Whether the source holds a value; one that cannot be read has left a fault that quotes it."""
    meant, unread = typed(expected, tables[correction.table][correction.column])
    held = data[correction.table][correction.column].iloc[position]
    if unread:
        return any(
            _is_about(found, data, correction, position) and found.message.startswith(f"“{expected}”")
            for found in data.faults
        )
    return bool(pd.isna(held)) if meant is None else bool(not pd.isna(held) and held == meant)


def _is_about(found: Fault, data: Dataset, correction: Correction, position: int) -> bool:
    """Whether a fault of reading is about the cell of a correction."""
    row = data.line(correction.table, position)
    return (found.table, found.row, found.column) == (correction.table, row, correction.column)


def _changed(name: str, frame: pd.DataFrame, changes: dict[tuple[str, int, str], object]) -> pd.DataFrame:
    cells: dict[str, dict[int, object]] = {}
    for (table, position, column), right in changes.items():
        if table == name:
            cells.setdefault(column, {})[position] = right
    columns = {column: frame[column].copy() for column in cells}
    for column, put in cells.items():
        whole = columns[column].dtype == "int64"
        columns[column].iloc[list(put)] = [int(value) if whole else value for value in put.values()]
    return frame.assign(**columns) if columns else frame


# A dataset on disk: a folder of CSV or parquet files, one per table, or one workbook.


def read(path: str | Path, standard: Standard | str | Path | None = None) -> Dataset:
    """Read a folder of CSV files or of parquet files, one per table, or a workbook of sheets.

    A file or sheet is named for its table in English or Chinese (``sections.csv``, ``学段.csv``). A table or
    column that is not there is "no data". Columns that a standard declares are read with the `standard`.
    Cells that cannot be read become missing, each with a fault; see :data:`qb.data.table_headers.FORM_RULES`.
    Corrections that lie beside the dataset are applied; see :mod:`qb.data.corrections`.

    Raises
    ------
    DataError
        If the folder, a file or a table cannot be read at all; every such fault is named.
    CorrectionError
        If the corrections cannot be used.
    """
    folder = Path(path)
    chosen = standard if isinstance(standard, Standard | None) else load_standard(standard)
    tables = tables_of(chosen)
    if folder.is_file() and folder.suffix.lower() in WORKBOOKS:
        from qb.data.workbook import read_workbook

        return correct(read_workbook(folder, tables), folder, tables)
    files, faults = _files(folder)
    frames = {}
    for name, file in files.items():
        frames[name], found = _read_table(file, tables[name])
        faults += found
    return correct(to_dataset(frames, faults, folder), folder, tables)


def load(path: str | Path, standard: Standard | str | Path | None = None) -> Dataset:
    """Read a dataset: a folder of CSV or parquet files, one a table, or a workbook.

    Parameters
    ----------
    path : str or Path
        The folder, the workbook or the parquet file. One that is not there is also sought beside the notebooks of qb.
    standard : Standard, str or Path, optional
        Whose own columns are read too.

    Returns
    -------
    Dataset
        With the faults found while reading; `qb.check` names them and those between rows and tables.

    Raises
    ------
    DataError
        If there is nothing that can be read.

    Examples
    --------
    >>> from qb.files import shipped
    >>> load(shipped("data", "sample")).invented
    True
    """
    return read(beside_notebooks(path), standard)


READERS = {".csv": read_csv, ".parquet": read_parquet}


def _files(folder: Path) -> tuple[dict[str, Path], list[Fault]]:
    """Return the file of each table, in the order of the registry, and what is wrong with the folder."""
    if not folder.is_dir():
        what = (
            Message("不是数据文件夹，也不是工作簿", "is neither a folder of data nor a workbook")
            if folder.exists()
            else Message("不存在", "does not exist")
        )
        return {}, [
            fault(
                "F01",
                Message("{} {}", "{} {}", spoken(folder), what),
                Message(
                    "检查路径；工作簿可用 .xlsx、.xlsm、.xls、.ods",
                    "Check the path; workbooks may be .xlsx, .xlsm, .xls or .ods",
                ),
            )
        ]
    inside = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in DATA_SUFFIXES)
    files = {spoken(file.name): file for file in inside}
    readable = [name for name in files if Path(name).suffix.lower() in READERS]
    found, faults = tables_among(readable, A_FILE)
    for name in files.keys() - set(readable):
        faults.append(
            fault(
                "F22",
                Message("文件 {} 没有读入", "file {} was not read", name),
                Message(
                    "如系数据表，请存为 CSV，文件名用规定的表名",
                    "If it is a table of data, save it as CSV under the table's name",
                ),
            )
        )
    if not found:
        names = listing(f"{name}.csv" for name in list(TABLES)[:3])
        faults.append(
            fault(
                "F02",
                Message("文件夹 {} 中没有数据表", "folder {} has no table of data", spoken(folder)),
                Message("放入 {} 等文件", "Put {} or the like into it", names),
            )
        )
    return {name: files[file] for name, file in found.items()}, faults


def _read_table(file: Path, table: SchemaTable) -> tuple[pd.DataFrame, list[Fault]]:
    name = Message("文件 {}", "file {}", spoken(file.name))
    try:
        raw = READERS[file.suffix.lower()](file)
    except UnreadableError as error:
        return table.empty(), [
            fault("F04", Message("{} {}", "{} {}", name, error.message), error.remedy, table=table.name)
        ]
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
        from qb.data.workbook import write_book, write_xlsx

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


def _worth_writing(frame: pd.DataFrame, table: SchemaTable) -> pd.DataFrame:
    unused = [c.name for c in table.columns if c.optional and frame[c.name].isna().all()]
    return without_persons(frame.drop(columns=unused), table)


def _kept(folder: Path, replace: bool) -> list[Path]:
    """Return the files that stay when the folder is replaced; refuse what is not a dataset of ours."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise QbError(
            "{} 是一个文件，不能写成文件夹。请换一个名字。",
            "{} is a file and cannot be written as a folder. Choose another name.",
            folder,
        )
    inside = list(folder.iterdir())
    tables = [p for p in inside if p.suffix.lower() in READERS and table_named(p.stem)]
    if inside and not (tables and all(p.is_file() for p in inside)):
        raise QbError(
            "文件夹 {} 中有数据集以外的内容，不能覆盖。请换一个名字。",
            "Folder {} holds more than a dataset and is not replaced. Choose another name.",
            folder,
        )
    if inside and not replace:
        raise QbError(
            "文件夹 {} 已有一个数据集。请换一个名字，或指明要覆盖。",
            "Folder {} holds a dataset already. Choose another name, or say that it is to be replaced.",
            folder,
        )
    return [p for p in inside if p not in tables]
