"""The kinds of columns that tables on pages have (indicator, verdict, department), each declared once; a table made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import pandas as pd

from qb.language import told
from qb.report.resource_tables import gap_text, nothing, resource_title
from qb.report.tables import Column, Row, Table
from qb.report.verdict_keys import Fact, anchor, key
from qb.report.words import (
    Lang,
    compared,
    department_names,
    part_label,
    say,
    stage_label,
    term,
    title,
    value_decimals,
)
from qb.standard import Standard
from qb.terms import Kind, Verdict

Shows = Callable[[Row, Any], str]
Words = str | tuple[str, str]  # in the language of the page, or Chinese and English


class Reader(Protocol):
    """For whom a table is made: the language, and the standard and year that it speaks of."""

    @property
    def lang(self) -> Lang:
        """Language of the page."""

    @property
    def standard(self) -> Standard:
        """The standard that judges."""

    @property
    def year(self) -> int:
        """School year starting."""


def table(
    reader: Reader,
    caption: Words,
    columns: Iterable[Column | None],
    rows: pd.DataFrame | Iterable[Mapping[str, object]],
    *,
    note: Words = "",
    empty: Words = "",
    first: bool = False,
    **how: Any,
) -> Table:
    """Return a table in a reader's language, each cell as its kind of column shows it.

    Parameters
    ----------
    reader : Reader
        A context, or a part of a page.
    caption, note, empty : str or (str, str)
    columns : iterable of Column
        None stands for a column that is not wanted here.
    rows : DataFrame or iterable of mapping
        As they were judged; the other columns of a row stay as they are.
    first : bool
        Whether rows that are marked (`failing`) come first, else in their order.
    **how
        As of :class:`~qb.report.tables.Table`.
    """
    left_out = () if reader.standard.departments else ("departments",)  # nobody is named
    lang, kinds = reader.lang, [column for column in columns if column and column.key not in left_out]
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
    if first:
        records.sort(key=lambda row: row[how["failing"]] not in (True, Verdict.FAIL))
    shown = [{**row, **_cells(kinds, row, reader)} for row in records]
    # A column that says of every row that there was nothing the year before says nothing.
    idle = {kind.key for kind in kinds if shown and all(row.get(kind.key) == nothing(lang) for row in shown)}
    kinds = [kind for kind in kinds if kind.key not in idle]
    named = tuple(
        replace(
            column,
            label=_said(column.label, lang),
            link=f"{column.key}_link" if callable(column.link) else column.link,
            fact=f"{column.key}_fact" if callable(column.fact) else column.fact,
        )
        for column in kinds
    )
    words = {name: _said(text, lang) for name, text in (("note", note), ("empty", empty))}
    return Table(_said(caption, lang), named, shown, lang=lang, **words, **how)


def _said(words: Words, lang: Lang) -> str:
    return words if isinstance(words, str) else say(lang, *words)


def _cells(columns: list[Column], row: Row, reader: Reader) -> Row:
    """Return what the columns show of a row, with the places that it leads to and the keys of what it states."""
    cells: dict[str, object] = {}
    for column in columns:
        if column.show:
            cells[column.key] = column.show(row, reader)
        if callable(column.link):
            cells[f"{column.key}_link"] = column.link(row, reader)
        if callable(column.fact):
            cells[f"{column.key}_fact"] = column.fact(row, reader)
    return cells


# The kinds.


def states(fact: Fact, *of: str, known: str = "") -> Callable[[Row, Reader], str]:
    """Return what gives the key of a statement from columns of its row; none where the `known` one is missing."""

    def fact_of(row: Row, reader: Reader) -> str:
        missing = known and (row[known] is None or row[known] != row[known])
        return "" if missing else key(fact, reader.year, *(row[name] for name in of))

    return fact_of


def indicator(*, short: bool = False, unit: bool = False, leads: bool = True) -> Column:
    """Return the column that names each row's indicator (`code`), in short or with its unit; it leads to its rule."""

    def show(row: Row, reader: Reader) -> str:
        if unit:
            return resource_title(reader.standard, row["code"], reader.lang)
        return title(reader.standard[row["code"]], reader.lang, short=short)

    link = (lambda row, _: anchor(row["code"])) if leads else None
    return Column("title", ("指标", "Indicator"), show=show, link=link)


def _stage(row: Row, reader: Reader) -> str:
    return stage_label(row["stage"], reader.lang)


def _part(row: Row, reader: Reader) -> str:
    return part_label(str(row["part"]), reader.standard, reader.lang)


def _departments(row: Row, reader: Reader) -> str:
    return department_names(reader.standard[row["code"]].departments, reader.standard, reader.lang)


SCHOOL = Column("name", ("学校", "School"), school="school_id")
STAGE = Column("stage", ("学段", "Stage"), show=_stage)
KIND = Column("kind", ("办学类型", "Kind"), show=lambda row, reader: term(row["kind"], reader.lang, (Kind,)))
PUPILS = Column("pupils", ("在校生（人）", "Pupils"), decimals=0)
DEPARTMENTS = Column("departments", ("责任部门", "Departments"), show=_departments)
PART = Column("part", ("项目", "Item"), show=_part)
UNIT = Column("unit", ("单位", "Unit"))
CHANGE = Column("before", ("去年与变化（五年）", "Last year, change (five years)"), course="course")


def verdict(
    fact: str | Shows | None = None, key: str = "verdict", label: Words = ("结论", "Verdict")
) -> Column:
    """Return a column of verdicts; `fact` is what they state: a column of keys, or what gives them."""
    return Column(key, label, verdict=True, fact=fact, show=lambda row, _: str(row[key]))


def met(standard: Standard, fact: Shows | None = None) -> Column:
    """Return the column that says how many of the resource indicators each row meets."""
    return Column("met", ("达标项数", f"Met of {len(standard.resources)}"), decimals=0, fact=fact)


def sentence(key: str, label: Words) -> Column:
    """Return a column of messages, each told in the language of the page."""
    return Column(key, label, show=lambda row, reader: told(row[key], reader.lang) or "")


def listing(key: str, label: Words) -> Column:
    """Return a column of codes or names, a list in each row."""
    return Column(key, label, show=lambda row, reader: say(reader.lang, "、", ", ").join(row[key]))


def gap(key: str, label: Words) -> Column:
    """Return a column of what each row lacks of its resource (`code`), with its unit."""

    def show(row: Row, reader: Reader) -> str:
        return gap_text(reader.standard[row["code"]], row[key], reader.lang)

    return Column(key, label, whole=True, show=show)


def actual(decimals: int | str = "decimals", fact: str | Shows | None = None) -> tuple[Column, Column]:
    """Return the columns of figures and of the limits that they are held against."""
    return (
        Column("value", ("实际", "Actual"), decimals=decimals, beside="limit", fact=fact),
        Column("limit", ("标准", "Standard"), decimals=decimals, beside="value"),
    )


def resource(reader: Reader, code: str) -> Column:
    """Return the column of each school's figure on a resource, held against its limit."""

    def fact(row: Row, _: Reader) -> str:
        return key(Fact.RESOURCE, reader.year, code, row["stage"], row["school_id"])

    label = resource_title(reader.standard, code, reader.lang)
    return Column(
        code,
        label,
        decimals=value_decimals(reader.standard[code], reader.standard),
        beside=f"{code}_limit",
        fact=fact,
    )


def with_units(reader: Reader, found: Iterable[Row] | pd.DataFrame) -> list[Row]:
    """Return findings with the decimals and the unit of what each holds against its limit."""
    records = found.to_dict("records") if isinstance(found, pd.DataFrame) else found
    said = ((row, compared(reader.standard[row["code"]], str(row["part"]), reader.lang)) for row in records)
    return [{**row, "decimals": decimals, "unit": unit} for row, (decimals, unit) in said]
