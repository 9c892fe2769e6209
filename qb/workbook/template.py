"""A workbook to fill in for a year, empty or with what is known already."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pandas as pd

from qb.dataset import Dataset
from qb.dataset.sheets import new_book, write_xlsx
from qb.errors import QbError
from qb.schema import TABLES, DistrictItem
from qb.standard import Standard, load
from qb.workbook.entry import Listed, add_sheet
from qb.workbook.guide import add_instructions, add_items, clauses


def write_template(
    path: str | Path, year: int | None = None, data: Dataset | None = None, standard: Standard | None = None
) -> int:
    """Write a workbook to fill in: a sheet for each table, with instructions.

    Items of the district, checklist items, tasks, vetoes and monitored subjects are listed, for each
    district of `data`. From `data` come also all schools as they are, and the rows of `sections`,
    `facilities` and `funds` without figures: those of the latest year up to the one asked for.

    Parameters
    ----------
    path : str or Path
        The .xlsx file to make. What stands there is never replaced: it may be filled in.
    year : int, optional
        The school year (the year it starts); by default the one after the last in `data`, or the
        standard's target year.
    data : Dataset, optional
        Last year's, say.
    standard : Standard, optional
        Whose items and clauses to show; the default standard unless given.

    Returns
    -------
    int
        The year.

    Raises
    ------
    QbError
        If the year is none, or the file cannot be made.
    """
    standard = standard or load()
    year = _year(year, data, standard)
    listed = {**_known(data, year), **_items(data, year, standard)}

    def fill(made: Path) -> None:
        with new_book(made) as book:
            add_instructions(book, standard, year, data is not None and data.invented)
            for name, table in TABLES.items():
                add_sheet(book, table, listed.get(name, Listed(pd.DataFrame())))
            add_items(book, standard)

    write_xlsx(Path(path), fill)
    return year


def _year(year: int | None, data: Dataset | None, standard: Standard) -> int:
    column = TABLES["sections"]["year"]
    if year is None:
        return data.years[-1] + 1 if data and data.years else standard.target_year
    if not column.low <= year < column.high:
        raise QbError(f"学年应为公历年份，如 {standard.target_year}，现为 {year}。")
    return year


def _known(data: Dataset | None, year: int) -> dict[str, Listed]:
    """Return what the data say of the year beforehand: the schools, and who will report."""
    if data is None:
        return {}
    schools = data["schools"]
    names = schools.drop_duplicates("school_id").set_index("school_id")["name"]
    known = {"schools": Listed(schools)}
    for name in ("sections", "facilities", "funds"):
        before = data[name][data[name]["year"] <= year]
        latest = before[before["year"] == before["year"].max()]
        rows = latest[list(TABLES[name].key)].assign(year=year).reset_index(drop=True)
        shown = rows["school_id"].map(names).fillna("").tolist()
        known[name] = Listed(rows, {"school_id": {"学校名称": shown}})
    return known


def _items(data: Dataset | None, year: int, standard: Standard) -> dict[str, Listed]:
    """Return the rows of the tables that ask for one row an item."""
    districts = (data.districts if data else []) or [None]
    district = [(item.value, item.unit, clauses(item.codes, standard) or None) for item in DistrictItem]
    checklist = [(item.item, item.text.zh) for item in standard.checklist]
    tasks = [(task.item, f"{task.title}：{task.text}") for task in standard.tasks]
    vetoes = [(veto.item, veto.text.zh) for veto in standard.vetoes]
    subjects = [
        (subject, clauses(["C31"], standard)) for subject in standard["C31"].options.get("subjects", ())
    ]
    return {
        "district": _listed(districts, year, "item", district, "单位", "据此计算的指标与依据"),
        "evidence": _listed(districts, year, "item", checklist + tasks, "条目内容"),
        "vetoes": _listed(districts, year, "item", vetoes, "条目内容"),
        "monitoring": _listed(districts, year, "subject", subjects, "指标与依据"),
    }


def _listed(
    districts: Iterable[str | None], year: int, column: str, items: list[tuple[str, ...]], *headers: str
) -> Listed:
    """Return a row for each district and item, the item's texts beside it."""
    pairs = list(product(districts, items))
    rows = pd.DataFrame(
        {
            "year": [year] * len(pairs),
            "district": pd.Series([district for district, _ in pairs], dtype="str"),
            column: pd.Series([item for _, (item, *_) in pairs], dtype="str"),
        }
    )
    guides = {header: [texts[place] for _, texts in pairs] for place, header in enumerate(headers, start=1)}
    return Listed(rows, {column: guides}, fixed=(column,))
