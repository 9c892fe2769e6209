"""The source of a recipe as one table: its files and header, items downwards, other tables beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from qb.data.cell_values import IF_WRONG, tidy_cells
from qb.data.grid import Grid
from qb.data.schema import tidy_header
from qb.data.table_files import read_csv, read_parquet, spoken
from qb.data.workbook import read_excel
from qb.data.xlsx_package import column_letters
from qb.errors import DataError, Fault, UnreadableError
from qb.language import Both, Message, listing
from qb.terms import WORKBOOKS, Severity
from qb.tomlfile import Entry

FILE_NAME = "文件名"  # the column that says which of several files a row is of
LETTERED = 0  # the header row of a source that has none: columns are called A, B, C


Words = Annotated[str, Field(min_length=1)]


class SourceLayout(Entry):
    """How a source is laid out.

    `header_row` may be two rows, with heads of groups above; 0 where there is none: columns are called
    A, B, C. `missing` are marks that stand for "no data"; `skip_first` rows below the header and `skip_last`
    at the end are passed over. `separator` and `encoding` of a CSV are told by the file unless named.
    """

    sheet: Words | None = None
    header_row: Annotated[int, Field(ge=0)] | tuple[Annotated[int, Field(ge=1)], ...] = 1
    skip_first: Annotated[int, Field(ge=0)] = 0
    skip_last: Annotated[int, Field(ge=0)] = 0
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Words | None = None
    missing: tuple[Words, ...] = ()

    @field_validator("header_row")
    @classmethod
    def _follows(cls, given: int | tuple[int, ...]) -> int | tuple[int, ...]:
        if isinstance(given, tuple) and (not given or list(given) != sorted(set(given))):
            raise ValueError(
                Message(
                    "header_row 写一行，或自上而下的两行，如 [2, 3]",
                    "header_row is one row, or two from top to bottom, as [2, 3]",
                )
            )
        return given


class Join(SourceLayout):
    """Another table, in the folder of the source, whose columns stand beside those of the same key."""

    file: Words
    by: Words | Annotated[dict[Words, Words], Field(min_length=1, max_length=1)]


class Pivot(Entry):
    """A source with its items downwards: columns that tell rows apart, names of items, and their values.

    `fill`: a key stands only in the first of its rows, as merged cells have it.
    """

    rows: Annotated[tuple[Words, ...], Field(min_length=1)]
    items: Words
    values: Words
    fill: bool = False


class Source(SourceLayout):
    """Where rows come from.

    With `files` it is a folder: its files of such names stand below each other, or beside each other by
    the key `by`. `join` puts other tables beside it; `pivot` makes columns of items downwards.
    """

    files: Words | None = None
    by: Words | None = None
    join: tuple[Join, ...] = ()
    pivot: Pivot | None = None

    @model_validator(mode="after")
    def _of_files(self) -> Source:
        if self.by and not self.files:
            raise ValueError(
                Message(
                    "by 只能与 files 同用；另一个文件的列用 [[join]]",
                    "by goes with files only; columns of another file come with [[join]]",
                )
            )
        return self


def refused(rule: str, message: Message, remedy: Message, **where: object) -> DataError:
    """Return a fault of a source with which nothing can be converted."""
    return DataError([Fault(rule, Severity.STOPS, message, remedy, **where)])


Note = tuple[str, Message, Message]  # rule, what is said, what to do


def read_sources(path: Path, recipe: Source) -> tuple[list[tuple[str, pd.DataFrame]], list[Note]]:
    """Return each source by its name, under tidied headers, indexed by its rows; several with one key as one.

    And what is to be said: how a file was read, and where two of them do not fit together.

    Raises
    ------
    DataError
        If a file cannot be read, or lacks what the recipe joins or turns it by.
    """
    files, notes = _files(path, recipe), []
    frames = [(spoken(file.name), read_source(file, recipe, notes)) for file in files]
    if recipe.files and not recipe.by:
        frames = [
            (name, frame.assign(**{FILE_NAME: spoken(file.stem)}))
            for (name, frame), file in zip(frames, files, strict=True)
        ]
    if recipe.by and len(frames) > 1:
        (first, whole), *others = frames
        for name, frame in others:
            whole = _beside(whole, frame, (recipe.by, recipe.by), name, "by", notes)
        frames = [(first, whole)]
    if recipe.pivot:
        frames = [(name, _turned(frame, recipe)) for name, frame in frames]
    folder = path if path.is_dir() else path.parent
    for number, join in enumerate(recipe.join):
        other = read_source(folder / join.file, join, notes)
        place = Message("[[join]] 第 {} 组", "[[join]] group {}", number + 1)
        by = (join.by, join.by) if isinstance(join.by, str) else next(iter(join.by.items()))
        frames = [(name, _beside(frame, other, by, join.file, place, notes)) for name, frame in frames]
    return frames, notes


def _files(path: Path, recipe: Source) -> list[Path]:
    if not recipe.files:
        return [path]
    if not path.is_dir():
        raise refused(
            "R01",
            Message(
                "配方写了 files，{} 应是放这些文件的文件夹",
                "the recipe has files, so {} must be the folder with these files",
                spoken(path),
            ),
            Message("改正路径", "Put the path right"),
        )
    found = sorted(file for file in path.glob(recipe.files) if file.is_file())
    if not found:
        there = listing(sorted(spoken(file.name) for file in path.iterdir())[:10])
        raise refused(
            "R01",
            Message(
                "{} 中没有合于 {} 的文件；现有：{}",
                "{} has no file like {}; there are: {}",
                spoken(path),
                recipe.files,
                there,
            ),
            Message("改正 files", "Put files right"),
        )
    return found


def read_source(path: Path, layout: SourceLayout, notes: list[Note]) -> pd.DataFrame:
    """Return one table under its tidied headers, indexed by its rows; of a workbook with their letters."""
    try:
        if path.suffix.lower() == ".parquet":
            raw = read_parquet(path)
            rows = raw.set_axis([tidy_header(header) for header in raw.columns], axis=1).apply(tidy_cells)
            return rows.mask(rows.isin(layout.missing)) if layout.missing else rows
        excel = path.suffix.lower() in WORKBOOKS
        grid = read_excel(path, layout.sheet) if excel else read_csv(path, layout.separator, layout.encoding)
    except UnreadableError as error:
        raise refused("R01", Message("{}：{}", "{}: {}", spoken(path), error.message), error.remedy) from None
    about = (Message("{}：{}", "{}: {}", spoken(path.name), said) for said in grid.said)
    notes += [("F28", said, IF_WRONG) for said in about]
    last, headers = _header(grid, layout, path)
    rows = grid.below(last).apply(tidy_cells)
    if layout.skip_first:
        rows = rows.iloc[layout.skip_first :]
    if layout.missing:
        rows = rows.mask(rows.isin(layout.missing))
    rows = rows[rows.notna().any(axis=1)]
    rows = rows.iloc[: len(rows) - layout.skip_last]
    rows = rows.set_axis([tidy_header(header) for header in headers], axis=1)
    if grid.lettered:
        rows.attrs["letters"] = dict(zip(rows.columns, map(column_letters, grid.places), strict=True))
    return rows


def _header(grid: Grid, layout: SourceLayout, path: Path) -> tuple[int, list[str]]:
    """Return the position of the header's last row, and the names of the columns."""
    wanted = layout.header_row if isinstance(layout.header_row, tuple) else (layout.header_row,)
    if wanted == (LETTERED,):
        return -1, [column_letters(place) for place in grid.places]
    at = [np.flatnonzero(grid.rows == row) for row in wanted]
    if any(not len(found) for found in at):
        row = next(row for row, found in zip(wanted, at, strict=True) if not len(found))
        raise refused(
            "R01",
            Message("{}：第 {} 行没有内容", "{}: row {} is empty", spoken(path), row),
            Message("检查 header_row", "Check header_row"),
        )
    places = [int(found[0]) for found in at]
    head = grid.head(max(places) + 1).fillna("")
    return places[-1], two_levels([list(map(str, head.iloc[place])) for place in places])


def two_levels(levels: list[list[str]]) -> list[str]:
    """Return names of columns whose header has one row, or heads of groups above it: ``小学-班级数``.

    The head of a group stands over what is to its right, up to the next one.

    >>> two_levels([["代码", "小学", "", "初中"], ["", "班数", "人数", "班数"]])
    ['代码', '小学-班数', '小学-人数', '初中-班数']
    """
    *above, lowest = levels
    names = list(lowest)
    for level in reversed(above):
        head, filled = "", []
        for text, below in zip(level, lowest, strict=True):
            head = text or (head if below else "")
            filled.append(head)
        names = [
            "-".join(part for part in (head, name) if part) for head, name in zip(filled, names, strict=True)
        ]
    return names


def column_of(frame: pd.DataFrame, header: str, place: str, rule: str = "R02") -> pd.Series:
    """Return the one column of a header; refuse none, and several."""
    count = int((frame.columns == tidy_header(header)).sum())
    if count != 1:
        raise refused(
            rule,
            lacking(frame, header, place),
            Message("改正配方或来源表", "Put the recipe or the source right"),
        )
    return frame[tidy_header(header)]


def lacking(frame: pd.DataFrame, header: str, place: str) -> Message:
    """Say that a source has no such column, or several, for which place of the recipe, and what it has."""
    count = int((frame.columns == tidy_header(header)).sum())
    there = "、".join(name for name in frame.columns if name)[:300]
    found = Both("没有", "no") if count == 0 else Both("有多个", "more than one")
    return Message(
        "来源表{}列“{}”（配方的 {}）；现有列：{}",
        "the source has {} column “{}” ({} of the recipe); its columns: {}",
        found,
        header,
        place,
        there,
    )


# Items downwards, and other tables beside this one


def _turned(frame: pd.DataFrame, recipe: Source) -> pd.DataFrame:
    """Return a row for all items of a key, each item as a column of its own."""
    pivot, place = recipe.pivot, "[pivot]"
    keys = [column_of(frame, header, f"{place} rows") for header in pivot.rows]
    items = column_of(frame, pivot.items, f"{place} items")
    values = column_of(frame, pivot.values, f"{place} values")
    key = pd.MultiIndex.from_arrays([keys_.ffill() if pivot.fill else keys_ for keys_ in keys])
    made = pd.DataFrame({"item": items.map(tidy_header, na_action="ignore"), "value": values})
    made["group"] = pd.factorize(key)[0]
    made = made[made["item"].notna()]
    once = made.drop_duplicates()
    again = once.duplicated(["group", "item"])
    if again.any():
        (group, item), row = once.loc[again, ["group", "item"]].iloc[0], int(once.index[again][0])
        message = Message(
            "同一行（{}）的“{}”有不同的值",
            "one row ({}) has several values of “{}”",
            listing(map(str, key[(made["group"] == group).argmax()])),
            item,
        )
        raise refused(
            "R07",
            message,
            Message(
                "在来源表中只保留一个，或在 [pivot] rows 中补上分开它们的列",
                "Keep one in the source, or add to [pivot] rows the columns that tell them apart",
            ),
            row=row,
        )
    wide = once.pivot(index="group", columns="item", values="value")
    first = once.groupby("group").apply(lambda part: part.index[0], include_groups=False)
    order = dict.fromkeys(once["item"])
    wide = wide.loc[first.index, list(order)].set_axis(first.to_numpy(), axis=0)
    for header, own in zip(pivot.rows, keys, strict=True):
        filled = own.ffill() if pivot.fill else own
        wide.insert(len(wide.columns), tidy_header(header), filled.loc[wide.index])
    return wide.rename_axis(columns=None).sort_index()


_COMPARE = Message("如不应如此，请核对两个文件", "If it should not be so, compare the two files")


def _beside(
    frame: pd.DataFrame, other: pd.DataFrame, by: tuple[str, str], name: str, place: str, notes: list[Note]
) -> pd.DataFrame:
    """Put the columns of another table beside those of the same key; where both have a name, the first's."""
    mine, theirs = by
    key = _plain(column_of(frame, mine, place))
    keys = _plain(column_of(other, theirs, f"{place} {name}"))
    other = other.drop(columns=tidy_header(theirs))[keys.notna()]
    keys = keys[keys.notna()]
    once = ~other.assign(_key=keys).duplicated()
    again = keys[once].duplicated()
    if again.any():
        row = int(again.index[again][0])
        message = Message(
            "{} 第 {} 行的“{}”{} 出现多次且内容不同，不知道取哪一行",
            "{0}, row {1}: “{2}” {3} stands several times with different content, so it is not known which row to take",
            name,
            row,
            theirs,
            keys[row],
        )
        raise refused("R07", message, Message("在这个文件中只保留一行", "Keep one row of it in the file"))
    lost, unused = key[~key.isin(keys)], keys[~keys.isin(key)]
    if len(lost):
        message = Message(
            "{} 中没有 {} 行的“{}”（如 {}），其各列为缺数据",
            "{0} lacks the “{2}” of {1} rows (as {3}): their columns have no data",
            name,
            len(lost),
            mine,
            lost.iloc[0],
        )
        notes.append(("R08", message, _COMPARE))
    if len(unused):
        message = Message(
            "{} 有 {} 行的“{}”（如 {}）在前一个来源中没有，没有转入",
            "{0} has {1} rows whose “{2}” (as {3}) the source before it lacks; left out",
            name,
            len(unused),
            theirs,
            unused.iloc[0],
        )
        notes.append(("R08", message, _COMPARE))
    beside = other[once].set_axis(keys[once].to_numpy(), axis=0).reindex(key.to_numpy()).set_axis(frame.index)
    both = set.intersection(
        *(set(table.columns[~table.columns.duplicated(keep=False)]) for table in (frame, beside))
    )
    differs = {h: (_plain(beside[h]) != _plain(frame[h])) & beside[h].notna() for h in beside if h in both}
    unlike = [header for header, rows in differs.items() if rows.any()]
    if unlike:
        message = Message(
            "{} 的“{}”与前一个来源的同名列内容不同，取前一个来源的",
            "“{1}” of {0} differs from the column of that name in the source before it, whose content is taken",
            name,
            listing(unlike),
        )
        notes.append(("R08", message, _COMPARE))
    return pd.concat([frame, beside.loc[:, ~beside.columns.isin(frame.columns)]], axis=1)


def _plain(key: pd.Series) -> pd.Series:
    """Return codes as they are compared: whole numbers without a decimal point."""
    return key.astype("str").str.removesuffix(".0")
