"""What a recipe is, and how one is read: nonsense in it is refused with the entry named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import Field, model_validator

from qb.dataset.cells import convert as convert_cells
from qb.errors import QbError
from qb.schema import TABLES
from qb.tomlfile import Entry, read_toml

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
    wrong = [f"{where}：缺少关键列 {column}" for column in table.required if column not in rows.cells]
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
