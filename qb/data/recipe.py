"""Recipes (`qb convert`): how a table made by others becomes tables of a dataset."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from pydantic import Field, ValidationInfo, model_validator

from qb.data.cell_values import UNREAD, error_cells, missing, tidy_cells
from qb.data.cell_values import convert as convert_cells
from qb.data.check_base import Rule
from qb.data.dataset import Dataset
from qb.data.recipe_source import Source, Words, lacking, read_sources
from qb.data.schema import TABLES, ColumnKind, SchemaColumn, SchemaTable, tables_of, tidy_header
from qb.data.table_headers import FORM_RULES
from qb.data.table_intake import frame_to_table
from qb.errors import DataError, Fault, QbError
from qb.language import Message, listing
from qb.standard import Standard
from qb.terms import Severity
from qb.tomlfile import Entry, read_toml

# What a recipe is, and how one is read: nonsense in it is refused with the entry named.


Scalar = bool | int | float | str


def as_typed(value: Scalar) -> str:
    """Return a value of the recipe as a person would type it into a cell."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class RecipeError(QbError):
    """A recipe that cannot be used; the message names every entry at fault."""


class Cell(Entry):
    """Where the cells of one column come from: one source column, a constant, or a sum.

    `extract` takes what the first group of a regular expression finds (the whole, where it has none).
    `map` translates whole values, `contains` takes the first entry whose text is found in the value;
    a value that none knows becomes `default` (missing, where that is ``""``), or is a fault where
    there is none. `scale` multiplies numbers: 10000 for a source in 万元.
    """

    from_: Words | None = Field(None, alias="from")
    value: Scalar | None = None
    sum: Annotated[tuple[Words, ...], Field(min_length=1)] | None = None
    map: dict[str, Scalar] | None = None
    contains: dict[Words, Scalar] | None = None
    extract: Words | None = None
    default: Scalar | None = None
    scale: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _is_one_thing(self) -> Cell:
        if sum(part is not None for part in (self.from_, self.value, self.sum)) != 1:
            raise ValueError(
                Message("from、value、sum 必须且只能写一个", "write exactly one of from, value and sum")
            )
        if (self.map or self.contains or self.extract) and not self.from_:
            raise ValueError(
                Message(
                    "map、contains 和 extract 只能与 from 同用", "map, contains and extract go with from only"
                )
            )
        if self.map and self.contains:
            raise ValueError(Message("map 和 contains 只能写一个", "write one of map and contains"))
        if self.scale and (self.value is not None or self.map or self.contains):
            raise ValueError(
                Message(
                    "scale 只能与 from 或 sum 同用，且不与 map、contains 同用",
                    "scale goes with from or sum, and not with map or contains",
                )
            )
        if self.default is not None and not (self.map or self.contains or self.extract):
            raise ValueError(
                Message(
                    "default 只能与 map、contains 或 extract 同用",
                    "default goes with map, contains or extract",
                )
            )
        if self.extract:
            try:
                re.compile(self.extract)
            except re.error as error:
                raise ValueError(
                    Message("extract 不是正则表达式（{}）", "extract is no regular expression ({})", error)
                ) from None
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


class RecipeRows(Entry):
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


class Recipe(Source):
    """A source (its title, where it is from, how it is laid out) and our tables made of it."""

    title: Words
    source: Words
    tables: dict[str, tuple[RecipeRows, ...]]

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
    def _fits_the_registry(self, info: ValidationInfo) -> Recipe:
        known = info.context or TABLES
        wrong = [
            sentence
            for name, blocks in self.tables.items()
            for place, rows in _placed(name, blocks)
            for sentence in _misfits(name, place, rows, known)
        ]
        if not self.tables:
            wrong = [Message("没有写任何表，如 [[schools]]", "no table is written, such as [[schools]]")]
        if wrong:
            raise ValueError(*wrong)
        return self


def _placed(name: str, blocks: tuple[RecipeRows, ...]) -> list[tuple[str, RecipeRows]]:
    """Return blocks with their places in the recipe, as a message names them."""
    if len(blocks) == 1:
        return [(f"[{name}]", blocks[0])]
    return [
        (Message("[{}]（第 {} 组）", "[{}] (group {})", name, number), rows)
        for number, rows in enumerate(blocks, start=1)
    ]


def _misfits(name: str, where: str, rows: RecipeRows, known: Mapping[str, SchemaTable]) -> list[Message]:
    table = known.get(name)
    if table is None:
        return [
            Message(
                "没有名为 {} 的表，可用：{}", "there is no table {}; there are: {}", name, listing(TABLES)
            )
        ]
    wrong = [
        Message("{}：缺少关键列 {}", "{}: the key column {} is missing", where, column)
        for column in table.required_among(rows.cells)
        if column not in rows.cells
    ]
    for column, cell in rows.cells.items():
        if column not in table.by_name:
            wrong.append(
                Message(
                    "{}：没有名为 {} 的列，可用：{}",
                    "{}: there is no column {}; there are: {}",
                    where,
                    column,
                    listing(table.names),
                )
            )
            continue
        for text in cell.written:
            _, findings = convert_cells(pd.Series([text], dtype="str"), table[column])
            wrong += [
                Message("{} {}：“{}”{}，{}", "{} {}: “{}” {}; {}", where, column, text, f.message, f.remedy)
                for f in findings
            ]
    return wrong


def load_recipe(file: str | Path, standard: Standard | None = None) -> Recipe:
    """Read a recipe; it may name the columns that a standard declares.

    Raises
    ------
    RecipeError
        If the file cannot be read, or names tables or columns that do not exist, or writes a value
        that its column does not take; every such entry is named.
    """
    what = Message("配方文件", "Recipe")
    return read_toml(Path(file), Recipe, what, RecipeError, ("tables", "cells"), tables_of(standard))


# What a recipe makes of a table: the dataset, or every fault that stands in its way.


# fmt: off
RECIPE_RULES: dict[str, Rule] = {
    rule.number: rule
    for rule in (
        Rule("R01", Severity.STOPS, Message("来源表必须能够读取", "A source table must be readable"), structure=True),
        Rule("R02", Severity.STOPS, Message("配方用到的列在来源表中有且只有一个", "A column that the recipe uses stands in the source exactly once"), structure=True),
        Rule("R03", Severity.STOPS, Message("对照表必须认识来源表中的每个值", "The map knows every value of the source")),
        Rule("R04", Severity.STOPS, Message("相加的列只能是数字", "Columns that are added up hold numbers")),
        Rule("R05", Severity.STOPS, Message("转换后关键列不能重复", "No key stands twice after the conversion")),
        Rule("R06", Severity.NOTE, Message("按配方跳过的行", "Rows that the recipe leaves out")),
        Rule("R07", Severity.STOPS, Message("合并的来源表中一个键只有一行", "A joined source has one row for a key")),
        Rule("R08", Severity.NOTE, Message("两个来源对不上的行和列", "Rows and columns in which two sources differ")),
    )
}
# fmt: on


def convert(path: str | Path, recipe: Recipe, standard: Standard | None = None) -> Dataset:
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
    tables = tables_of(standard)
    sources, notes = read_sources(Path(path), recipe)
    frames, faults = {}, [_fault(*note) for note in notes]
    for name, blocks in recipe.tables.items():
        made = []
        for file, source in sources:
            frame, found = _make_table(tables[name], _placed(name, blocks), source)
            made.append(frame)
            if len(sources) > 1:
                found = [
                    dataclasses.replace(fault, message=Message("{}：{}", "{}: {}", file, fault.message))
                    for fault in found
                ]
            faults += found
        frames[name], doubled = _without_repeats(name, pd.concat(made) if len(made) > 1 else made[0])
        faults += doubled
    once = {(f.rule, f.row, f.message) if f.row else id(f): f for f in reversed(faults)}
    faults = list(once.values())[::-1]  # a row of the source that several tables are made of is said once
    if any(found.severity is Severity.STOPS for found in faults):
        raise DataError(found for found in faults if found.severity is Severity.STOPS)
    return Dataset(Dataset.of(**frames).tables, tuple(faults), str(path))


def _fault(rule: str, message: Message, remedy: Message, **where: Any) -> Fault:
    rules = RECIPE_RULES if rule in RECIPE_RULES else FORM_RULES
    return Fault(rule, rules[rule].severity, message, remedy, **where)


def _make_table(
    table: SchemaTable, blocks: list[tuple[str, RecipeRows]], source: pd.DataFrame
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return what the blocks of one table make of one source."""
    pieces = [_make_rows(table.name, place, rows, source) for place, rows in blocks]
    faults = [found for _, piece_faults in pieces for found in piece_faults]
    if any(found.rule == "R02" for found in faults):
        return table.empty(), faults
    frame, found = frame_to_table(pd.concat([piece for piece, _ in pieces]), table)
    return frame, [_with_cell(fault, blocks, source) for fault in faults + found]


def _with_cell(fault: Fault, blocks: list[tuple[str, RecipeRows]], source: pd.DataFrame) -> Fault:
    """Name the cell of the source, where the column comes from one column of a sheet."""
    cells = [rows.cells[fault.column] for _, rows in blocks if fault.column in rows.cells]
    headers = {tidy_header(header) for cell in cells for header in cell.sources}
    letters = source.attrs.get("letters", {})
    if not fault.row or len(headers) != 1 or not headers <= letters.keys():
        return fault
    return dataclasses.replace(fault, cell=f"{letters[headers.pop()]}{fault.row}")


def _make_rows(
    name: str, place: str, rows: RecipeRows, source: pd.DataFrame
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the rows of one block, as text under our names, and what is wrong with the source."""
    needed = {
        header: f"{place} {entry}"
        for entry, headers in (("skip_if_empty", rows.skip_if_empty), ("where", rows.where))
        for header in headers
    }
    needed |= {header: f"{place} {column}" for column, cell in rows.cells.items() for header in cell.sources}
    faults = [
        _fault(
            "R02",
            lacking(source, header, where),
            Message("改正配方或来源表", "Put the recipe or the source right"),
            table=name,
        )
        for header, where in needed.items()
        if (source.columns == tidy_header(header)).sum() != 1
    ]
    if faults:
        return pd.DataFrame(), faults
    faults += _errors(name, place, rows, source)
    complete = Message("如不应跳过，请补填", "If they should not be, complete them")
    change = Message("如不应跳过，请改 where", "If they should not be, change where")
    asked = [*((header, None) for header in rows.skip_if_empty), *rows.where.items()]
    for header, wanted in asked:
        text = source[tidy_header(header)]
        kept = [as_typed(value) for value in (wanted if isinstance(wanted, tuple) else (wanted,))]
        other = text.isna() if wanted is None else ~text.astype("str").str.removesuffix(".0").isin(kept)
        count = int(other.sum())
        if wanted is None:
            message = Message("{} 行因“{}”为空未转入", "{} rows left out, for “{}” is empty", count, header)
        else:
            said = "{} 行因“{}”不是 {} 未转入", "{} rows left out, for “{}” is not {}"
            message = Message(*said, count, header, listing(kept))
        if count:
            faults.append(_fault("R06", message, complete if wanted is None else change, table=name))
        source = source[~other]
    made = {}
    for column, cell in rows.cells.items():
        made[column], found = _make_cells(cell, source)
        faults += [
            _fault(
                rule,
                Message("{}（配方的 {} {}）", "{} ({} {} of the recipe)", message, place, column),
                remedy,
                table=name,
                row=row,
                column=column,
            )
            for rule, row, message, remedy in found
        ]
    return pd.DataFrame(made, index=source.index), faults


def _errors(name: str, place: str, rows: RecipeRows, source: pd.DataFrame) -> list[Fault]:
    """Name the errors of a spreadsheet in the columns by which rows are kept."""
    faults = []
    for header in (*rows.skip_if_empty, *rows.where):
        values = source[tidy_header(header)]
        wrong = error_cells(values)
        for at in np.flatnonzero(wrong) if wrong is not None else ():
            shown = str(values.iloc[at]).removeprefix(UNREAD)
            message = Message(
                "“{}”中的“{}”是错误值或没有结果的公式（配方的 {}）",
                "“{1}” in “{0}” is an error or a formula without a result ({2} of the recipe)",
                header,
                shown,
                place,
            )
            faults.append(
                _fault(
                    "F19",
                    message,
                    Message("改正公式或直接填值", "Put the formula right, or enter the value"),
                    table=name,
                    row=int(source.index[at]),
                )
            )
    return faults


_Trouble = tuple[str, int, Message, Message]  # rule, row, message, remedy


def _make_cells(cell: Cell, source: pd.DataFrame) -> tuple[pd.Series, list[_Trouble]]:
    if cell.value is not None:
        return pd.Series(as_typed(cell.value), index=source.index, dtype="str"), []
    if cell.sum or cell.scale:
        total, troubles = _added(cell.sources, source)
        return (total * cell.scale if cell.scale else total), troubles
    values = source[tidy_header(cell.from_)]
    if cell.map or cell.contains or cell.extract:
        text = values.astype("str")
        return _translated(cell, text.str.removesuffix(".0") if is_numeric_dtype(values) else text)
    return values, []


def _added(headers: tuple[str, ...], source: pd.DataFrame) -> tuple[pd.Series, list[_Trouble]]:
    """Add columns up; what lacks a part has no sum."""
    total, troubles = pd.Series(0.0, index=source.index), []
    for header in headers:
        part = SchemaColumn(header, header, ColumnKind.NUMBER)
        numbers, findings = convert_cells(source[tidy_header(header)], part)
        troubles += [
            (
                f.rule if f.rule == "F19" else "R04",
                int(source.index[at]),
                Message("“{}”中的“{}”{}", "“{}”: “{}” {}", header, f.raw.iloc[at], f.message),
                f.remedy,
            )
            for f in findings
            if f.rule != "F20"
            for at in np.flatnonzero(f.where)
        ]
        total = total + numbers
    return total, sorted(troubles, key=lambda trouble: trouble[1])


def _translated(cell: Cell, values: pd.Series) -> tuple[pd.Series, list[_Trouble]]:
    """Look each different value up once; an empty cell stays empty."""
    wrong = error_cells(values)
    errors = values[wrong] if wrong is not None else values.iloc[:0]
    values = values.mask(wrong) if wrong is not None else values
    known = {value: _look_up(cell, value) for value in values.dropna().unique()}
    strange = values.isin([value for value, found in known.items() if found is None])
    remedy = (
        Message("改正 extract，或写 default", "Put extract right, or write default")
        if cell.extract
        else Message("在 map 或 contains 中补上，或写 default", "Add it to map or contains, or write default")
    )
    troubles = [
        (
            "R03",
            int(row),
            Message("配方不认识“{}”中的“{}”", "the recipe does not know “{1}” in “{0}”", cell.from_, value),
            remedy,
        )
        for row, value in values[strange].items()
    ]
    for row, value in errors.items():
        shown = value.removeprefix(UNREAD)
        troubles.append(
            (
                "F19",
                int(row),
                Message(
                    "“{}”中的“{}”是错误值或没有结果的公式",
                    "“{1}” in “{0}” is an error or a formula without a result",
                    cell.from_,
                    shown,
                ),
                Message("改正公式或直接填值", "Put the formula right, or enter the value"),
            )
        )
    if not known:
        return missing("str", values.index), troubles
    return tidy_cells(values.map(known).astype("str")), troubles


def _look_up(cell: Cell, value: str) -> str | None:
    if cell.extract:
        match = re.search(cell.extract, value)
        if match is None:
            return None if cell.default is None else as_typed(cell.default)
        value = match[1] if match.re.groups else match[0]
        if not (cell.map or cell.contains):
            return value
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
            Message(
                "{} 出现多次且内容不同",
                "{} stands several times with different content",
                listing((f"{k}={v}" for k, v in zip(key, values, strict=True))),
            ),
            Message("在来源表中只保留一行", "Keep one row of it in the source"),
            table=name,
            row=int(row),
            column=key[-1],
        )
        for row, values in zip(once.index[again], once.loc[again, key].to_numpy(), strict=True)
    ]
    return once, faults
