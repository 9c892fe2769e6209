"""The file of a layout of forms: what stands in which cell, to be written there or read from it.

One file serves both ways. A sheet of `columns` is a table: what its cells name is written into them, and
where one cell names one item of the district and nothing else, it is read back. A sheet of `items` is a list
downwards, as bureaus hand it out to schools: each item says which table and column it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, model_validator

from qb.data.cell_values import convert
from qb.data.schema import DISTRICT_ITEMS, TABLES, ColumnKind, SchemaColumn, tidy_header, tidy_unit
from qb.errors import QbError
from qb.files import PACKAGE
from qb.language import Message, listing
from qb.tomlfile import Entry, read_toml

NATIONAL, SCHOOL_FORM = "national", "school-form"
PLACE = re.compile(r"\{([A-Za-z_][\w.]*)(?:/(\d+))?(?::(\d))?\}")
_IN_A_NAME = re.compile(r"[\[\]:*?/\\]")

Text = Annotated[str, Field(strict=True)]
Template = Text | tuple[Text, ...]
Said = Annotated[str, Field(min_length=1, strict=True)]
ROLES = ("number", "group", "label", "unit", "value", "required", "note")  # what a list has columns for


class FormColumn(Entry):
    """A column: its head from the top down, its number in the form, its width, its cell.

    An empty part of a head is the cell above going on. In a list of items the cell is one of `ROLES`.
    """

    head: tuple[Text, ...]
    width: Annotated[float, Field(gt=0, le=255)]
    number: Text = ""
    cell: Template = ""


class FormItem(Entry):
    """One thing that a form asks for, and where the answer belongs."""

    # label, labels: what stands before it, and other wordings of the same.
    label: Said
    labels: tuple[Said, ...] = ()
    # group, unit, note: as the form has them.
    group: Text = ""
    unit: Text = ""
    note: Text = ""
    # Table and column, as ``sections.pupils``; item of the district, as ``district.graduates``; or
    # ``classes`` and ``rooms`` for how many there are in a band of sizes.
    to: Text = ""
    adds_to: Text = ""  # table and column that this is a part of: all its parts are added up
    same_as: Text = ""  # table and column that should say the same; it is compared, not kept
    # Of the row; what is asked for the school as one goes to its only stage, is reported as a whole where the
    # table takes that, or is split by pupils.
    stage: Literal["primary", "junior", "senior"] | None = None
    factor: Annotated[float, Field(gt=0)] = 1  # what one unit of the form is in ours: 10000 for 万元
    # From and up to; one number has no upper end.
    band: Annotated[tuple[float, ...], Field(min_length=1, max_length=2)] | None = None
    kind: Literal["music", "art"] | None = None  # of rooms
    # The number of all rooms of the kind; what the other bands leave over is in this one.
    rest: Annotated[bool, Field(strict=True)] = False
    words: dict[Said, Said] = Field(default_factory=dict)  # words of the form for words of ours
    required: Annotated[bool, Field(strict=True)] = False  # whether the form says that it must be filled in

    @property
    def targets(self) -> tuple[str, ...]:
        """Every table and column that the item is for."""
        return tuple(place for place in (self.to, self.adds_to, self.same_as) if place)

    @property
    def column(self) -> SchemaColumn:
        """The column that reads what is typed, in the unit of the form."""
        own = SchemaColumn(self.label, self.label, ColumnKind.TEXT)
        column = next((found for place in self.targets if (found := column_at(place))), own)
        unit = self.unit or column.unit
        return SchemaColumn(
            column.name, self.label, column.kind, unit, column.terms, low=column.low, high=column.high
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> FormItem:
        wrong = [Message("“{}”{}", "“{}”: {}", self.label, fault) for fault in self._faults()]
        if wrong:
            raise ValueError(*wrong)
        return self

    def _faults(self) -> Iterator[Message]:
        for place in self.targets:
            column = column_at(place)
            if column is None:
                yield Message(
                    "没有 {} 这样的去处，应写成 表.列、district.项目、classes 或 rooms",
                    "there is no place {}; write table.column, district.item, classes or rooms",
                    place,
                )
                continue
            money = tidy_unit(self.unit) == f"万{column.unit}"
            if self.factor == 1 and money:
                yield Message(
                    "单位是{}，{} 的单位是{}，要写 factor = 10000",
                    "the unit is {}, that of {} is {}: write factor = 10000",
                    self.unit,
                    place,
                    column.measure,
                )
            elif column.unit and self.unit and not money and tidy_unit(self.unit) != tidy_unit(column.unit):
                if self.factor == 1:
                    yield Message(
                        "单位是{}，{} 的单位是{}，要写 factor",
                        "the unit is {}, that of {} is {}: write factor",
                        self.unit,
                        place,
                        column.measure,
                    )
            elif self.factor != 1 and not money:
                yield Message(
                    "单位与 {} 相同，不能写 factor", "the unit is that of {}: do not write factor", place
                )
            yield from _words_amiss(self.words, column)
        banded = self.to in ("classes", "rooms")
        if banded != (self.band is not None):
            yield Message(
                "band 只用于 classes 和 rooms，二者也必须写 band",
                "band goes with classes and rooms only, which must have it",
            )
        elif self.band and (self.band[0] < 0 or list(self.band) != sorted(set(self.band))):
            yield Message("band 的两端须由小到大，不小于 0", "the ends of band must go up from 0")
        if (self.to == "rooms") != (self.kind is not None):
            yield Message(
                "kind 只用于 rooms，rooms 也必须写 kind", "kind goes with rooms only, which must have it"
            )
        if self.rest and self.to != "rooms":
            yield Message("rest 只用于 rooms", "rest goes with rooms only")
        if self.adds_to and not (found := column_at(self.adds_to)):
            return
        if self.adds_to and not found.numeric:
            yield Message("{} 不是数，不能相加", "{} is no number and cannot be added up", self.adds_to)
        by_stage = any(place.split(".")[0] in _BY_STAGE for place in self.targets)
        if self.stage and self.targets and not by_stage and not self.adds_to.startswith("district."):
            yield Message("这一去处没有学段，不能写 stage", "this place has no stage: do not write stage")


_BY_STAGE = ("sections", "facilities", "classes", "rooms")
_COLUMNS = ("schools", "sections", "facilities", "funds")
_COUNT = SchemaColumn("count", "个数", ColumnKind.COUNT)


def column_at(place: str) -> SchemaColumn | None:
    """Return the column of a place, an item of the district as one of its own; None for none."""
    if place in ("classes", "rooms"):
        return _COUNT
    table, _, name = place.partition(".")
    if table == "district" and name in DISTRICT_ITEMS:
        item = DISTRICT_ITEMS[name]
        return SchemaColumn(name, item.zh, ColumnKind.NUMBER, item.unit)
    if table == "district":
        return TABLES["district"].by_name.get(name) if name in ("year", "district") else None
    return (
        TABLES[table].by_name.get(name) if table in ("schools", "sections", "facilities", "funds") else None
    )


def _words_amiss(words: dict[str, str], column: SchemaColumn) -> Iterator[str]:
    for word, ours in words.items():
        _, found = convert(pd.Series([ours], dtype="str"), column)
        if found:
            yield Message(
                " words 中“{}”对应的“{}”不能填入 {}：{}",
                " words: “{}” means “{}”, which cannot go into {}: {}",
                word,
                ours,
                column.name,
                found[0].remedy,
            )


class Sheet(Entry):
    """A sheet: a table with fixed `lines`, one with a line (or a page) for `each` of something, or a list.

    ``each = "section"`` is a line for every school and stage that is judged, ``"excluded"`` one for every
    one that is not, ``"school"`` a page with all `lines` for every judged school. A list of `items` is filled
    in ``of`` a school or a district.
    """

    name: Annotated[Text, Field(min_length=1, max_length=31)]
    title: Text
    paper: Literal["A4", "A3"] = "A4"
    portrait: Annotated[bool, Field(strict=True)] = False
    each: Literal["", "section", "excluded", "school"] = ""
    intro: tuple[Template, ...] = ()
    columns: tuple[FormColumn, ...]
    lines: tuple[tuple[Template, ...], ...] = ()
    notes: tuple[Template, ...] = ()
    of: Literal["", "school", "district"] = ""
    items: tuple[FormItem, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Sheet:
        wrong = []
        if _IN_A_NAME.search(self.name):
            wrong.append(
                Message(
                    "工作表“{}”的名称不能含 [ ] : * ? / \\",
                    "the name of sheet “{}” cannot have [ ] : * ? / \\\\",
                    self.name,
                )
            )
        if len({len(column.head) for column in self.columns}) > 1:
            wrong.append(
                Message(
                    "工作表“{}”各列的 head 层数须相同，向下延续的写空文字",
                    "all columns of sheet “{}” must have as many levels of head; write an empty text for one that goes on below",
                    self.name,
                )
            )
        if not self.columns or any(not (column.head and column.head[0]) for column in self.columns):
            wrong.append(
                Message(
                    "工作表“{}”要有列，各列的 head 第一层不能为空",
                    "sheet “{}” must have columns, and the first level of head cannot be empty",
                    self.name,
                )
            )
        if bool(self.items) != bool(self.of):
            wrong.append(
                Message(
                    "工作表“{}”的 items 和 of（school 或 district）必须同写",
                    "sheet “{}”: items goes with of (school or district)",
                    self.name,
                )
            )
        if self.items:
            wrong += self._list_amiss()
        elif bool(self.lines) == any(column.cell for column in self.columns):
            wrong.append(
                Message(
                    "工作表“{}”须写 lines，或在各列写 cell，二者居其一",
                    "sheet “{}” must have lines, or a cell in each column, one of the two",
                    self.name,
                )
            )
        wrong += [
            Message(
                "工作表“{}”第 {} 行有 {} 格，应有 {} 格",
                "sheet “{}”, row {}: {} cells, and should have {}",
                self.name,
                place,
                len(line),
                len(self.columns),
            )
            for place, line in enumerate(self.lines, start=1)
            if len(line) != len(self.columns)
        ]
        if wrong:
            raise ValueError(*wrong)
        return self

    def _list_amiss(self) -> Iterator[str]:
        where = Message("工作表“{}”", "sheet “{}”", self.name)
        cells = [column.cell for column in self.columns]
        for role in ("label", "value"):
            if cells.count(f"{{{role}}}") != 1:
                yield Message(
                    "{}的列中，cell = “{{{}}}”的须有且只有一列",
                    "{}: exactly one column must have cell = “{{{}}}”",
                    where,
                    role,
                )
        for cell in cells:
            if cell and (not isinstance(cell, str) or cell.strip("{}") not in ROLES):
                yield Message(
                    "{}的列中，cell 只能是 {}",
                    "{}: cell in columns can only be {}",
                    where,
                    listing(f"{{{role}}}" for role in ROLES),
                )
        seen: dict[object, str] = {}
        for place, item in enumerate(self.items, start=1):
            here = Message("{}第 {} 项“{}”", "{}, item {} “{}”", where, place, item.label)
            keys: list[object] = [label_key(item.group + label) for label in (item.label, *item.labels)]
            keys += [(item.to, item.stage, item.kind, item.band)] if item.to else []
            for key in dict.fromkeys(keys):
                if key in seen:
                    what = Message("去处", "place") if isinstance(key, tuple) else Message("名称", "name")
                    yield Message(
                        "{}：与“{}”的{}相同，相加的用 adds_to",
                        "{0}: the same {2} as “{1}”; to add up, use adds_to",
                        here,
                        seen[key],
                        what,
                    )
                seen[key] = item.label
        places = {place for item in self.items for place in item.targets}
        needed = ("schools.school_id",) if self.of == "school" else ("district.district",)
        yield from (
            Message("{}：缺少去处为 {} 的项目", "{}: no item goes to {}", where, place)
            for place in needed
            if place not in places
        )

    @property
    def rows(self) -> tuple[tuple[Template, ...], ...]:
        """The cells of its lines: as given, or one line of the columns' own."""
        return self.lines or (tuple(column.cell for column in self.columns),)

    def templates(self) -> Iterator[str]:
        """Every text of the sheet in which a figure may stand."""
        heads = (text for column in self.columns for text in column.head)
        cells = (cell for line in self.rows for cell in line)
        for template in (self.title, *self.intro, *heads, *cells, *self.notes):
            yield from pieces(template)

    def read_back(self) -> tuple[FormItem, ...]:
        """Return what a table of columns says of the district, one item for each column that names one."""
        found = []
        for column in self.columns if not (self.items or self.lines or self.each) else ():
            alone = PLACE.fullmatch(column.cell) if isinstance(column.cell, str) else None
            name = alone[1] if alone else ""
            if name in DISTRICT_ITEMS or name == "district":
                item = DISTRICT_ITEMS.get(name)
                factor = float(alone[2] or 1)
                unit = f"万{item.unit}" if item and factor == 10000 else item.unit if item else ""
                texts = [text for text in column.head if text]
                labels = {"label": "".join(texts), "labels": (texts[-1],) if len(texts) > 1 else ()}
                found.append(FormItem(**labels, unit=unit, to=f"district.{name}", factor=factor))
        return tuple(found) if len(found) > 1 else ()


class Layout(Entry):
    """How a set of forms is laid out.

    `title` names it and `source` says whose forms it follows; both stand on the first sheet. `subjects` are
    those of the monitoring in the order and by the names that the forms print. A layout may be `like`
    another one, with `only` these sheets of it.
    """

    title: Said
    source: Said
    subjects: tuple[Text, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    like: Text = ""
    only: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Layout:
        if bool(self.sheets) == bool(self.like):
            raise ValueError(
                Message(
                    "至少要有一个工作表，或用 like 指明像哪个版式，二者居其一",
                    "write at least one sheet, or name a layout with like, one of the two",
                )
            )
        if self.like and not self.only:
            raise ValueError(
                Message(
                    "用了 like，就须在 only 中写明取其中哪些工作表",
                    "with like, name in only the sheets that are taken",
                )
            )
        names = [sheet.name.casefold() for sheet in self.sheets]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(Message("工作表重名：{}", "sheets of one name: {}", listing(twice)))
        return self


def layout_names() -> list[str]:
    """Return the names of the layouts that come with the package."""
    return sorted(file.name.removesuffix(".toml") for file in _shipped().iterdir())


def _shipped() -> Path:
    return PACKAGE / "data" / "layouts"


def load_layout(name: str | Path = NATIONAL) -> Layout:
    """Return a layout: one that comes with the package, by its name, or that of a file.

    Raises
    ------
    QbError
        If the file cannot be read or does not hang together; every such place is named.
    """
    path = _shipped() / f"{name}.toml" if str(name) in layout_names() else Path(name)
    layout = read_toml(path, Layout, Message("表样的版式", "Layout"), QbError)
    if not layout.like:
        return layout
    model = load_layout(layout.like)
    missing = [name for name in layout.only if name not in {sheet.name for sheet in model.sheets}]
    if missing:
        raise QbError(
            "表样的版式 {}：only 中的“{}”不是 {} 的工作表。请改正。",
            "Layout {}: “{}” in only is no sheet of {}. Put it right.",
            path,
            missing[0],
            layout.like,
        )
    return Layout(
        title=layout.title,
        source=layout.source,
        subjects=layout.subjects or model.subjects,
        sheets=tuple(s for s in model.sheets if s.name in layout.only),
    )


def pieces(template: Template) -> tuple[str, ...]:
    """Return the pieces of a template, a line each."""
    return (template,) if isinstance(template, str) else template


_COUNTED = re.compile(r"^(?:\(?(?:\d{1,3}|[一二三四五六七八九十]{1,3})(?:[)、:]|\.(?!\d))|[①-⑳])")
_DASHES = str.maketrans(dict.fromkeys("–—―－~～至", "-"))


@lru_cache(1 << 14)  # the same few labels stand on every form of a folder
def label_key(text: str) -> str:
    """Return a label as it is compared: spaces, widths, brackets, dashes, marks and numbering aside.

    >>> label_key("1．专科 （小学）："), label_key("（一）专科(小学)"), label_key("25人以下")
    ('专科小学', '专科小学', '25人以下')
    """
    plain = (
        _COUNTED.sub("", tidy_header(text)).translate(_DASHES).replace("m²", "平方米").replace("m2", "平方米")
    )
    return re.sub(r"[()\[\]【】〔〕{}《》“”\"':;,。、.·*※☆_/?]|-(?=-)", "", plain)
