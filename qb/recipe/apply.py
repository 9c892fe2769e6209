"""What a recipe makes of a table: the dataset, or every fault that stands in its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qb.dataset import Dataset, UnreadableError, frame_to_table, read_csv, read_excel, read_parquet
from qb.dataset.cells import convert as convert_cells
from qb.dataset.cells import missing, tidy_cells
from qb.dataset.excel import WORKBOOKS
from qb.dataset.intake import Rule
from qb.errors import DataError, Fault
from qb.recipe.model import Cell, Recipe, Rows, as_typed
from qb.schema import TABLES, Column, ColumnKind, tidy_header
from qb.terms import Severity

RECIPE_RULES: dict[str, Rule] = {
    rule.number: rule
    for rule in (
        Rule("R01", Severity.STOPS, "来源表必须能够读取", True),
        Rule("R02", Severity.STOPS, "配方用到的列在来源表中有且只有一个", True),
        Rule("R03", Severity.STOPS, "对照表必须认识来源表中的每个值"),
        Rule("R04", Severity.STOPS, "相加的列只能是数字"),
        Rule("R05", Severity.STOPS, "转换后关键列不能重复"),
        Rule("R06", Severity.NOTE, "按配方跳过的行"),
    )
}


def convert(path: str | Path, recipe: Recipe) -> Dataset:
    """Return the dataset that a recipe makes of a table (CSV, Excel or parquet).

    Rows that come out alike in every column are kept once, so a school that the source names every
    year is one school. A sum is missing where one of its parts is.

    Raises
    ------
    DataError
        If the source lacks a column, holds a value that a map does not know, or a cell that its
        column does not take, or if two different rows come out under one key. All at once; rows are
        those of the source.
    """
    source = _read_source(Path(path), recipe)
    frames, faults = {}, []
    for name, blocks in recipe.tables.items():
        pieces = [_make_rows(name, rows, source) for rows in blocks]
        faults += [found for _, piece_faults in pieces for found in piece_faults]
        if any(found.rule == "R02" for _, piece_faults in pieces for found in piece_faults):
            continue
        frame, found = frame_to_table(pd.concat([piece for piece, _ in pieces]), TABLES[name])
        frames[name], doubled = _without_repeats(name, frame)
        faults += found + doubled
    if any(found.severity is Severity.STOPS for found in faults):
        raise DataError(found for found in faults if found.severity is Severity.STOPS)
    made = Dataset.of(**frames)
    return Dataset(made.tables, tuple(faults), str(path))


def _fault(rule: str, message: str, remedy: str, **where: Any) -> Fault:
    return Fault(rule, RECIPE_RULES[rule].severity, message, remedy, **where)


def _read_source(path: Path, recipe: Recipe) -> pd.DataFrame:
    """Return the source under its tidied headers, indexed by its rows."""
    try:
        if path.suffix.lower() == ".parquet":
            raw = read_parquet(path)
            return raw.set_axis([tidy_header(header) for header in raw.columns], axis=1).apply(tidy_cells)
        excel = path.suffix.lower() in WORKBOOKS
        grid = read_excel(path, recipe.sheet) if excel else read_csv(path, recipe.separator, recipe.encoding)
    except UnreadableError as error:
        raise DataError([_fault("R01", f"{path}：{error.message}", error.remedy)]) from None
    at = np.flatnonzero(grid.rows == recipe.header_row)
    if not len(at):
        raise DataError([_fault("R01", f"{path}：第 {recipe.header_row} 行没有内容", "检查 header_row")])
    headers = grid.head(int(at[0]) + 1).iloc[-1].fillna("")
    rows = grid.below(int(at[0])).apply(tidy_cells)
    if recipe.missing:
        rows = rows.mask(rows.isin(recipe.missing))
    rows = rows[rows.notna().any(axis=1)]
    rows = rows.iloc[: len(rows) - recipe.skip_last]
    return rows.set_axis([tidy_header(header) for header in headers], axis=1)


def _make_rows(name: str, rows: Rows, source: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the rows of one block, as text under our names, and what is wrong with the source."""
    needed = dict.fromkeys((*rows.skip_if_empty, *rows.where), f"[{name}]")
    needed |= {header: f"[{name}] {column}" for column, cell in rows.cells.items() for header in cell.sources}
    there = "、".join(header for header in source.columns if header)[:300]
    faults = [
        _fault(
            "R02",
            f"来源表{'没有' if count == 0 else '有多个'}列“{header}”（配方的 {place}）；现有列：{there}",
            "改正配方或来源表",
            table=name,
        )
        for header, place in needed.items()
        if (count := int((source.columns == tidy_header(header)).sum())) != 1
    ]
    if faults:
        return pd.DataFrame(), faults
    for header in rows.skip_if_empty:
        empty = source[tidy_header(header)].isna()
        if empty.any():
            message = f"{int(empty.sum())} 行因“{header}”为空未转入"
            faults.append(_fault("R06", message, "如不应跳过，请补填", table=name))
        source = source[~empty]
    for header, wanted in rows.where.items():
        kept = [as_typed(value) for value in (wanted if isinstance(wanted, tuple) else (wanted,))]
        text = source[tidy_header(header)]
        text = text.astype("str").str.removesuffix(".0")
        other = ~text.isin(kept)
        if other.any():
            message = f"{int(other.sum())} 行因“{header}”不是 {'、'.join(kept)} 未转入"
            faults.append(_fault("R06", message, "如不应跳过，请改 where", table=name))
        source = source[~other]
    made = {}
    for column, cell in rows.cells.items():
        made[column], found = _make_cells(cell, source)
        faults += [
            _fault(rule, message, remedy, table=name, row=row, column=column)
            for rule, row, message, remedy in found
        ]
    return pd.DataFrame(made, index=source.index), faults


_Trouble = tuple[str, int, str, str]  # rule, row, message, remedy


def _make_cells(cell: Cell, source: pd.DataFrame) -> tuple[pd.Series, list[_Trouble]]:
    if cell.value is not None:
        return pd.Series(as_typed(cell.value), index=source.index, dtype="str"), []
    if cell.sum or cell.scale:
        total, troubles = _added(cell.sources, source)
        return (total * cell.scale if cell.scale else total), troubles
    values = source[tidy_header(cell.from_)]
    return _translated(cell, values.astype("str")) if cell.map or cell.contains else (values, [])


def _added(headers: tuple[str, ...], source: pd.DataFrame) -> tuple[pd.Series, list[_Trouble]]:
    """Add columns up; what lacks a part has no sum."""
    total, troubles = pd.Series(0.0, index=source.index), []
    for header in headers:
        part = Column(header, header, ColumnKind.NUMBER)
        numbers, findings = convert_cells(source[tidy_header(header)], part)
        troubles += [
            ("R04", int(source.index[at]), f"“{header}”中的“{f.raw.iloc[at]}”{f.message}", f.remedy)
            for f in findings
            if f.rule != "F20"
            for at in np.flatnonzero(f.where)
        ]
        total = total + numbers
    return total, sorted(troubles, key=lambda trouble: trouble[1])


def _translated(cell: Cell, values: pd.Series) -> tuple[pd.Series, list[_Trouble]]:
    """Look each different value up once; an empty cell stays empty."""
    known = {value: _look_up(cell, value) for value in values.dropna().unique()}
    strange = values.isin([value for value, found in known.items() if found is None])
    troubles = [
        ("R03", int(row), f"配方不认识“{cell.from_}”中的“{value}”", "在 map 或 contains 中补上，或写 default")
        for row, value in values[strange].items()
    ]
    if not known:
        return missing("str", values.index), troubles
    return tidy_cells(values.map(known).astype("str")), troubles


def _look_up(cell: Cell, value: str) -> str | None:
    if cell.map:
        found = cell.map.get(value, cell.default)
    else:
        found = next((term for text, term in cell.contains.items() if text in value), cell.default)
    return None if found is None else as_typed(found)


def _without_repeats(name: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Keep rows that are alike once, and name those that share a key but differ."""
    key = list(TABLES[name].key)
    if not key:
        return frame, []
    once = frame[~frame.duplicated().to_numpy()]
    again = once.duplicated(key).to_numpy() & once[key].notna().all(axis=1).to_numpy()
    faults = [
        _fault(
            "R05",
            f"{'、'.join(f'{k}={v}' for k, v in zip(key, values, strict=True))} 出现多次且内容不同",
            "在来源表中只保留一行",
            table=name,
            row=int(row),
            column=key[-1],
        )
        for row, values in zip(once.index[again], once.loc[again, key].to_numpy(), strict=True)
    ]
    return once, faults
