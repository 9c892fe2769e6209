"""A dataset read from one workbook: a sheet for each table, every fault with its cell."""

from __future__ import annotations

from pathlib import Path

from qb.dataset.cells import find_numbers
from qb.dataset.data import Dataset
from qb.dataset.excel import Book, open_book
from qb.dataset.files import spoken
from qb.dataset.grid import grid_to_table
from qb.dataset.intake import about_persons, fault, tables_among, to_dataset
from qb.dataset.package import BROKEN
from qb.errors import DataError, Fault, UnreadableError
from qb.schema import TABLES

INSTRUCTIONS, ITEMS, RESULT = "填报说明", "条目说明", "核查结果"  # our sheets that hold no data


def read_workbook(path: Path) -> Dataset:
    """Read a workbook; see :func:`qb.dataset.read`.

    Sheets are named for their tables in Chinese or English and stand in any order. Formulas are read by
    their stored results. Columns whose header begins with ※ are passed over, and so are rows that the
    template lists (something stands under ※) where nobody filled in the key or anything beyond it.
    """
    frames, letters = {}, {}
    name = spoken(path.name)
    try:
        with open_book(path) as book:
            faults = _form(book, path)
            own = [sheet for sheet in book.names if sheet in (INSTRUCTIONS, ITEMS, RESULT)]
            sheets, found = tables_among((sheet for sheet in book.names if sheet not in own), "工作表")
            faults += found
            if not sheets:
                labels = "、".join(table.label for table in list(TABLES.values())[:3])
                faults.append(fault("F02", f"工作簿 {name} 中没有数据表", f"工作表以“{labels}”等表名命名"))
            for table, sheet in sheets.items():
                read = grid_to_table(book.grid(sheet), TABLES[table], f"工作表“{sheet}”")
                frames[table], found, letters[table] = read
                faults += found
            faults += _persons_elsewhere(
                book, [sheet for sheet in book.names if sheet not in sheets.values()]
            )
    except UnreadableError as error:
        raise DataError([fault("F04", f"工作簿 {name} {error.message}", error.remedy)]) from None
    return to_dataset(frames, faults, path, letters)


def _form(book: Book, path: Path) -> list[Fault]:
    """Say what kind of workbook it is where that is not the usual one."""
    kind = path.suffix.lower()
    if book.is_xlsx:
        return []
    if kind == ".xlsx":
        raise UnreadableError(*BROKEN)
    message = f"{kind} 工作簿中的错误值（如 #DIV/0!）和没有结果的公式分辨不出，读作空格；编号按数值读"
    return [fault("F31", message, "另存为 .xlsx 后再核查一次")]


def _persons_elsewhere(book: Book, sheets: list[str]) -> list[Fault]:
    """Name numbers of persons on sheets that hold no table, in comments and in boxes."""
    faults = []
    for sheet in sheets:
        grid = book.grid(sheet)
        for place, values in grid.below(-1).items():
            for position, kinds in find_numbers(values).items():
                cell = grid.cell(int(grid.rows[position]), place)
                faults.append(about_persons(f"工作表“{sheet}”的 {cell} 有像{'或'.join(kinds)}的内容"))
    for part, kinds in book.persons():
        what = "批注" if "comment" in part.lower() else "图形或文本框"
        faults.append(about_persons(f"{what}（{part}）中有像{'或'.join(kinds)}的内容"))
    return faults
