"""The cells of one sheet or file as typed, before any meaning is given to them, and how they become a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from qb.data.cell_values import IF_WRONG, find_numbers, tidy_cells
from qb.data.schema import ColumnKind, SchemaColumn, SchemaTable
from qb.data.table_headers import HEADER_WITHIN, Head, about_persons, fault, find_column, find_head, too_wide
from qb.data.table_intake import frame_to_table, spans
from qb.data.xlsx_package import column_letters
from qb.errors import Fault
from qb.language import Message, joined, listing

GUIDE = "※"  # begins the header of a column that helps people fill in, and is not read
_FILLED_DOWN = (ColumnKind.TEXT, ColumnKind.ID, ColumnKind.TERM, ColumnKind.BOOL, ColumnKind.YEAR)


@dataclass(frozen=True)
class Grid:
    """Every cell of a sheet or file that holds something, as typed."""

    rows: np.ndarray  # of int: numbers of the rows with content, from 1
    places: list[int]  # numbers of the columns with content, from 1
    # The cells of each, row by row: text, numbers, booleans, dates; an empty cell is an empty text.
    columns: list[Sequence[object]]
    # Merged cells: first row, first column, last row, last column.
    merged: tuple[tuple[int, int, int, int], ...] = ()
    said: tuple[str, ...] = ()  # what a reader must know of how the cells were read, in Chinese
    lettered: bool = False  # whether columns are known by letters, as in a workbook

    @classmethod
    def of(cls, rows: Sequence[Sequence[object]], **known: object) -> Grid:
        """Return rows of cells, counted from 1, as a grid; a stray cell far away costs nothing."""
        filled = [number for number, row in enumerate(rows, start=1) if row.count("") < len(row)]
        columns = list(zip(*(rows[number - 1] for number in filled), strict=True))
        used = [place for place, cells in enumerate(columns, start=1) if cells.count("") < len(cells)]
        return cls(np.array(filled, dtype=int), used, [columns[place - 1] for place in used], **known)

    def head(self, rows: int = HEADER_WITHIN + 1) -> pd.DataFrame:
        """Return the first rows as tidied text."""
        rows = min(rows, len(self.rows))
        first = pd.concat([_texts(cells[:rows]) for cells in self.columns], ignore_index=True)
        tidied = tidy_cells(first).array  # all at once: a call costs more than the few cells of a column
        parts = (tidied[start : start + rows] for start in range(0, len(first), max(1, rows)))
        return pd.DataFrame(dict(zip(self.places, parts, strict=True)), copy=False)

    def below(self, position: int) -> pd.DataFrame:
        """Return the rows after a position as columns of numbers, of booleans or of text, by their places."""
        cells = {place: as_column(cells[position + 1 :]) for place, cells in self._by_place()}
        frame = pd.DataFrame(cells, copy=False)
        frame.index = pd.Index(self.rows[position + 1 :], dtype="int64")
        return frame

    def cell(self, row: int, place: int) -> str:
        """Return what a cell is called."""
        return (
            f"{column_letters(place)}{row}"
            if self.lettered
            else Message("第 {} 行第 {} 列", "row {}, column {}", row, place)
        )

    def _by_place(self) -> Iterator[tuple[int, Sequence[object]]]:
        return zip(self.places, self.columns, strict=True)


def cell_text(cell: object) -> str:
    """Return a cell's value as it would be typed.

    A whole number of more than sixteen digits has lost some of them, and stays as a spreadsheet shows it.

    >>> cell_text(2024.0), cell_text(0.5), cell_text(True), cell_text(date(2024, 9, 1))
    ('2024', '0.5', 'true', '2024-09-01')
    >>> cell_text(41020300000000001.0)
    '4.10203e+16'
    """
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)) if abs(cell) < 1e16 else str(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _texts(cells: Sequence[object]) -> pd.Series:
    if isinstance(cells, pd.Series):
        return cells.reset_index(drop=True)
    return pd.Series([cell if type(cell) is str else cell_text(cell) for cell in cells], dtype="str")


def as_column(cells: Sequence[object]) -> pd.Series:
    """Return cells as a column of numbers or of booleans where all are, else as the text they show."""
    if isinstance(cells, pd.Series):
        return cells.reset_index(drop=True)
    kinds = set(map(type, cells))
    typed = kinds - {str}
    if typed and typed <= {float, int, bool} and not any(type(cell) is str and cell for cell in cells):
        if bool not in typed:
            return pd.Series([np.nan if cell == "" else cell for cell in cells], dtype="float64")
        if typed == {bool}:
            return pd.Series([None if cell == "" else cell for cell in cells], dtype="boolean")
    return _texts(cells)


def grid_to_table(
    grid: Grid, table: SchemaTable, name: str = ""
) -> tuple[pd.DataFrame, list[Fault], dict[str, str]]:
    """Read cells, their header among them, as a table of the registry.

    Parameters
    ----------
    grid : Grid
        Title rows may stand above the header; the header may take two rows.
    table : SchemaTable
        What it should be.
    name : str
        What it was read from, as it is called.

    Returns
    -------
    frame, faults
        As :func:`qb.data.table_intake.frame_to_table` gives them, each fault with its cell in a workbook.
    letters : dict of str to str
        The letter of each column in its sheet; empty where columns have none.
    """
    if not len(grid.rows):
        return table.empty(), [], {}
    wide = too_wide(len(grid.places), table)
    if wide:
        return table.empty(), wide, {}
    first = grid.head()
    head = find_head(first, table)
    longer = _longer(grid, head)
    if longer:
        return table.empty(), [fault("F04", f"{name} {longer}", _COMMAS, table=table.name)], {}
    raw = grid.below(head.last)
    columns = [None if text.startswith(GUIDE) else find_column(text, table)[0] for text in head.names]
    raw, faults = _fill_down(grid, raw, columns, table)
    headers = [
        text or (Message("第{}列", "column {}", place) if tidy_cells(raw[place]).notna().any() else "")
        for place, text in zip(grid.places, head.names, strict=True)
    ]
    raw.columns = headers
    letters = {}
    if grid.lettered:
        for place, header, column in zip(grid.places, headers, columns, strict=True):
            if header and not header.startswith(GUIDE):
                letters[column.name if column else header] = column_letters(place)
    top = int(grid.rows[head.first])
    if head.last > head.first:
        message = Message(
            "表头占两行（第 {} 行），合起来读",
            "the header takes two rows ({}), read as one",
            spans((top, int(grid.rows[head.last]))),
        )
        remedy = Message("如不符，请只留一行表头", "If that is wrong, keep one row of headers")
        faults.append(fault("F28", message, remedy, table=table.name, row=top))
    faults += [fault("F28", said, IF_WRONG, table=table.name) for said in grid.said]
    faults += _persons_above(grid, first.head(head.last + 1), table)
    frame, found = frame_to_table(_own_rows(raw, table), table, int(grid.rows[head.last]))
    faults = sorted([*faults, *found], key=lambda one: one.row or 0)
    return frame, [_with_cell(one, letters) for one in faults], letters


_COMMAS = Message(
    "检查该行是否多了分隔符；含分隔符的内容要加引号",
    "Look for one separator too many; put content with separators in quotes",
)


def _longer(grid: Grid, head: Head) -> str:
    """Say which row of a text file has more cells than its header: every cell of it may stand wrong."""
    if grid.lettered:
        return ""
    width = max((place for place, text in zip(grid.places, head.names, strict=True) if text), default=0)
    beyond = [cells for place, cells in zip(grid.places, grid.columns, strict=True) if place > width]
    for position in range(head.last + 1, len(grid.rows)) if beyond else ():
        if any(cells.iloc[position] for cells in beyond):
            return Message(
                "第 {} 行的内容比表头多，表头只有 {} 格",
                "row {} has more cells than the header, which has {}",
                grid.rows[position],
                width,
            )
    return ""


def _fill_down(
    grid: Grid, raw: pd.DataFrame, columns: Sequence[SchemaColumn | None], table: SchemaTable
) -> tuple[pd.DataFrame, list[Fault]]:
    """Fill what merged cells say of several rows down to each, where it is no number; name the others."""
    if not len(raw) or not grid.merged:
        return raw, []
    known = dict(zip(grid.places, columns, strict=True))
    filled: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, _ in grid.merged:
        if top < bottom and top >= raw.index[0] and known.get(left) is not None:
            filled.setdefault(left, []).append((top, bottom))
    faults = []
    across = [
        (top, left)
        for top, left, _, right in grid.merged
        if top >= raw.index[0] and sum(known.get(place) is not None for place in range(left, right + 1)) > 1
    ]
    if across:
        top, left = across[0]
        column = next(known[place] for place in range(left, left + 99) if known.get(place) is not None)
        message = Message(
            "有 {} 处单元格跨列合并（{}），只算最左一列，右边的列为缺数据",
            "{} cells are merged over columns ({}); only the leftmost counts, those to its right are no data",
            len(across),
            listing(f"{column_letters(place)}{row}" for row, place in across[:5]),
        )
        where = {"table": table.name, "row": top, "column": column.name}
        remedy = Message("取消合并，各列各填各的", "Undo the merge and fill in each column")
        faults.append(fault("F29", message, remedy, **where))
    for place, areas in filled.items():
        column, letter = known[place], column_letters(place)
        shown = listing(f"{letter}{top}:{letter}{bottom}" for top, bottom in areas[:5])
        more = Message(" 等 {} 处", " and more, {} places", len(areas)) if len(areas) > 5 else ""
        where = {"table": table.name, "row": areas[0][0], "column": column.name}
        if column.kind not in _FILLED_DOWN:
            message = Message(
                "“{}”有合并单元格 {}{}，数值只算在最上面一行",
                "{} has merged cells {}{}; the value counts for the top row alone",
                column,
                shown,
                more,
            )
            remedy = Message("取消合并，每行各填各的数", "Unmerge them and fill in each row")
            faults.append(fault("F29", message, remedy, **where))
            continue
        values = raw[place].copy()
        for top, bottom in areas:
            rows = values.index[(values.index >= top) & (values.index <= bottom)]
            values.loc[rows] = values.loc[rows[0]]
        raw = raw.copy(deep=False)
        raw[place] = values
        message = Message(
            "“{}”有合并单元格 {}{}，同一内容填到各行",
            "{} has merged cells {}{}; each row gets the content",
            column,
            shown,
            more,
        )
        faults.append(
            fault(
                "F28",
                message,
                Message(
                    "如不符，请取消合并，每行各填各的", "If that is wrong, unmerge them and fill in each row"
                ),
                **where,
            )
        )
    return raw, faults


def _own_rows(raw: pd.DataFrame, table: SchemaTable) -> pd.DataFrame:
    """Leave out guiding columns, and rows of the template that nobody filled in."""
    guide = np.array([header.startswith(GUIDE) for header in raw.columns], dtype=bool)
    if not guide.any():
        return raw
    own = raw.loc[:, ~guide]
    here = own.apply(tidy_cells).notna()
    listed = raw.loc[:, guide].apply(tidy_cells).notna().any(axis=1)
    columns = [find_column(header, table)[0] for header in own.columns]
    key = np.array([column is not None and column.required for column in columns], dtype=bool)
    answered = here.loc[:, ~key].any(axis=1) | here.loc[:, key].all(axis=1)
    return own[here.any(axis=1) & (answered | ~listed)]


def _persons_above(grid: Grid, head: pd.DataFrame, table: SchemaTable) -> list[Fault]:
    """Name numbers of persons in the header and above it."""
    cells = pd.concat([head[place] for place in head], ignore_index=True)
    found = []
    for position, kinds in find_numbers(cells).items():
        column, at = divmod(position, len(head))
        row = int(grid.rows[at])
        cell = grid.cell(row, grid.places[column]) if grid.lettered else None
        message = Message(
            "表头或标题行中有像{}的内容",
            "what looks like {} stands in the headers or the title",
            joined("或", " or ", kinds),
        )
        found.append(about_persons(message, table=table.name, row=row, cell=cell))
    return found


def _with_cell(found: Fault, letters: dict[str, str]) -> Fault:
    letter = letters.get(found.column)
    return dataclasses.replace(found, cell=f"{letter}{found.row}") if letter and found.row else found
