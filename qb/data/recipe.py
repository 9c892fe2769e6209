"""Recipes: how a table made by others becomes tables of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from qb.data.cell_values import convert as convert_cells
from qb.data.cell_values import missing, tidy_cells
from qb.data.dataset import Dataset
from qb.data.schema import TABLES, Column, ColumnKind, tidy_header
from qb.data.table_files import read_csv, read_parquet
from qb.data.table_intake import Rule, frame_to_table
from qb.data.workbook import WORKBOOKS, read_excel
from qb.errors import DataError, Fault, QbError, UnreadableError
from qb.terms import Severity
from qb.tomlfile import Entry, read_toml

# What a recipe is, and how one is read: nonsense in it is refused with the entry named.


Words = Annotated[str, Field(min_length=1)]
Scalar = bool | int | float | str


def as_typed(value: Scalar) -> str:
    """Return a value of the recipe as a person would type it into a cell."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class RecipeError(QbError):
    """A recipe that cannot be used; the message names every entry at fault."""


class Cell(Entry):
    """Where the cells of one column come from: one source column, a constant, or a sum.

    `map` translates whole values, `contains` takes the first entry whose text is found in the value;
    a value that neither knows becomes `default` (missing, where that is ``""``), or is a fault where
    there is none. `scale` multiplies numbers: 10000 for a source in 万元.
    """

    from_: Words | None = Field(None, alias="from")
    value: Scalar | None = None
    sum: Annotated[tuple[Words, ...], Field(min_length=1)] | None = None
    map: dict[str, Scalar] | None = None
    contains: dict[Words, Scalar] | None = None
    default: Scalar | None = None
    scale: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _is_one_thing(self) -> Cell:
        if sum(part is not None for part in (self.from_, self.value, self.sum)) != 1:
            raise ValueError("from、value、sum 必须且只能写一个")
        if (self.map or self.contains) and not self.from_:
            raise ValueError("map 和 contains 只能与 from 同用")
        if self.map and self.contains:
            raise ValueError("map 和 contains 只能写一个")
        if self.scale and (self.value is not None or self.map or self.contains):
            raise ValueError("scale 只能与 from 或 sum 同用，且不与 map、contains 同用")
        if self.default is not None and not (self.map or self.contains):
            raise ValueError("default 只能与 map 或 contains 同用")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Headers of the source that the cell needs."""
        return self.sum or ((self.from_,) if self.from_ else ())

    @property
    def written(self) -> list[str]:
        """Every value that the recipe itself writes."""
        values = [self.value, self.default, *(self.map or {}).values(), *(self.contains or {}).values()]
        return [as_typed(value) for value in values if value not in (None, "")]


class Rows(Entry):
    """One row of our table for each row of the source.

    But for those where a column in `skip_if_empty` is empty, or one in `where` is none of its values.
    """

    cells: dict[str, Cell]
    skip_if_empty: tuple[Words, ...] = ()
    where: dict[Words, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        own = {"skip_if_empty", "where"} & set(given)
        return {
            **{name: given[name] for name in own},
            "cells": {k: v for k, v in given.items() if k not in own},
        }


class Recipe(Entry):
    """A source (its title, where it is from, how it is laid out) and our tables made of it.

    `missing` are marks that stand for "no data" there; `skip_last` rows below the table are passed over.
    `separator` and `encoding` of a CSV are told by the file unless they are named.
    """

    title: Words
    source: Words
    sheet: Words | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    skip_last: Annotated[int, Field(ge=0)] = 0
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Words | None = None
    missing: tuple[Words, ...] = ()
    tables: dict[str, tuple[Rows, ...]]

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take each array of blocks as a table, so that an unknown table is named as one."""
        blocks = {
            name: entry
            for name, entry in given.items()
            if isinstance(entry, list | dict) and name not in cls.model_fields
        }
        return {**{k: v for k, v in given.items() if k not in blocks}, "tables": blocks}

    @model_validator(mode="after")
    def _fits_the_registry(self) -> Recipe:
        wrong = [
            sentence
            for name, blocks in self.tables.items()
            for place, rows in enumerate(blocks, start=1)
            for sentence in _misfits(name, place, rows)
        ]
        if not self.tables:
            wrong = ["没有写任何表，如 [[schools]]"]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self


def _misfits(name: str, place: int, rows: Rows) -> list[str]:
    table = TABLES.get(name)
    if table is None:
        return [f"没有名为 {name} 的表，可用：{'、'.join(TABLES)}"]
    where = f"{name} 第 {place} 组"
    wrong = [
        f"{where}：缺少关键列 {column}"
        for column in table.required_among(rows.cells)
        if column not in rows.cells
    ]
    for column, cell in rows.cells.items():
        if column not in table.by_name:
            wrong.append(f"{where}：没有名为 {column} 的列，可用：{'、'.join(table.names)}")
            continue
        for text in cell.written:
            _, findings = convert_cells(pd.Series([text], dtype="str"), table[column])
            wrong += [f"{where} {column}：“{text}”{f.message}，{f.remedy}" for f in findings]
    return wrong


def load_recipe(file: str | Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    RecipeError
        If the file cannot be read, or names tables or columns that do not exist, or writes a value
        that its column does not take; every such entry is named.
    """
    return read_toml(Path(file), Recipe, "配方文件", RecipeError, hidden=("tables", "cells"))


# What a recipe makes of a table: the dataset, or every fault that stands in its way.


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
