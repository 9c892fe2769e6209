"""The layout of forms as a file: which figure goes into which cell, under which head."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from xlsxwriter import Workbook

from qb.errors import QbError
from qb.report.form_figures import Count, Figures, Judged, Scope
from qb.report.form_sheets import BELOW, INCOMPLETE, Cell, Figure, Form, Lacking, Middle
from qb.report.words import number
from qb.terms import Verdict
from qb.tomlfile import Entry, read_toml

NATIONAL = "national"
NONE = "—"  # there is nothing of the kind
_PLACE = re.compile(r"\{([A-Za-z_][\w.]*)(?:/(\d+))?(?::(\d))?\}")
_IN_A_NAME = re.compile(r"[\[\]:*?/\\]")

Text = Annotated[str, Field(strict=True)]
Template = Text | tuple[Text, ...]


class Column(Entry):
    """A column: its head from the top down, its number in the form, its width, its cell.

    An empty part of a head is the cell above going on.
    """

    head: tuple[Text, ...]
    width: Annotated[float, Field(gt=0, le=255)]
    number: Text = ""
    cell: Template = ""


class Sheet(Entry):
    """A sheet: a table with fixed `lines`, or with a line (or a page) for `each` of something.

    ``each = "section"`` is a line for every school and stage that is judged, ``"excluded"`` one for every
    one that is not, ``"school"`` a page with all `lines` for every judged school.
    """

    name: Annotated[Text, Field(min_length=1, max_length=31)]
    title: Text
    paper: Literal["A4", "A3"] = "A4"
    portrait: Annotated[bool, Field(strict=True)] = False
    each: Literal["", "section", "excluded", "school"] = ""
    intro: tuple[Template, ...] = ()
    columns: tuple[Column, ...]
    lines: tuple[tuple[Template, ...], ...] = ()
    notes: tuple[Template, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Sheet:
        wrong = []
        if _IN_A_NAME.search(self.name):
            wrong.append(f"工作表“{self.name}”的名称不能含 [ ] : * ? / \\")
        if len({len(column.head) for column in self.columns}) > 1:
            wrong.append(f"工作表“{self.name}”各列的 head 层数须相同，向下延续的写空文字")
        if not self.columns or any(not (column.head and column.head[0]) for column in self.columns):
            wrong.append(f"工作表“{self.name}”要有列，各列的 head 第一层不能为空")
        if bool(self.lines) == any(column.cell for column in self.columns):
            wrong.append(f"工作表“{self.name}”须写 lines，或在各列写 cell，二者居其一")
        wrong += [
            f"工作表“{self.name}”第 {place} 行有 {len(line)} 格，应有 {len(self.columns)} 格"
            for place, line in enumerate(self.lines, start=1)
            if len(line) != len(self.columns)
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def rows(self) -> tuple[tuple[Template, ...], ...]:
        """The cells of its lines: as given, or one line of the columns' own."""
        return self.lines or (tuple(column.cell for column in self.columns),)

    def templates(self) -> Iterator[str]:
        """Every text of the sheet in which a figure may stand."""
        heads = (text for column in self.columns for text in column.head)
        cells = (cell for line in self.rows for cell in line)
        for template in (self.title, *self.intro, *heads, *cells, *self.notes):
            yield from _pieces(template)


class Layout(Entry):
    """How a set of forms is laid out.

    `title` names it and `source` says whose forms it follows; both stand on the first sheet.
    """

    title: Annotated[Text, Field(min_length=1)]
    source: Annotated[Text, Field(min_length=1)]
    sheets: tuple[Sheet, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Layout:
        if not self.sheets:
            raise ValueError("至少要有一个工作表")
        names = [sheet.name.casefold() for sheet in self.sheets]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"工作表重名：{'、'.join(twice)}")
        return self


def load_layout(name: str | Path = NATIONAL) -> Layout:
    """Return a layout: the one that comes with the package, or that of a file.

    Raises
    ------
    QbError
        If the file cannot be read or does not hang together; every such place is named.
    """
    given = files("qb") / "data" / "layouts" / f"{name}.toml"
    path = Path(str(given)) if name == NATIONAL else Path(name)
    return read_toml(path, Layout, "表册版式", QbError)


def draw(workbook: Workbook, layout: Layout, figures: Figures) -> None:
    """Write every sheet of a layout.

    Raises
    ------
    QbError
        If the layout asks for figures that there are not; all are named.
    """
    _require(layout, figures)
    for sheet in layout.sheets:
        widths = [column.width for column in sheet.columns]
        form = Form(workbook, sheet.name, widths, paper=sheet.paper, portrait=sheet.portrait)
        if (
            sheet.each == "school"
        ):  # not fitted: spreadsheets forget where a page is to end on a sheet that is
            breaks = []
            for scope in figures.each("school"):
                breaks.append(form.row)
                _page(form, sheet, figures, scope, [scope])
            form.break_before(breaks)
            continue
        form.fit()
        every = list(figures.each(sheet.each)) if sheet.each else [figures.district]
        _page(form, sheet, figures, figures.district, every)


def _page(form: Form, sheet: Sheet, figures: Figures, scope: Scope, every: list[Scope]) -> None:
    """Write a title, what stands under it, and a table with its lines for every scope."""
    form.opening(_text(sheet.title, scope), figures.place, figures.invented)
    for template in sheet.intro:
        form.span(_text(template, scope))
    form.head(_heads(sheet, scope), repeat=sheet.each != "school")
    top = form.row
    incomplete = False
    names = {
        place[1]: column.number
        for column in sheet.columns
        if isinstance(column.cell, str) and (place := _PLACE.fullmatch(column.cell)) and column.number
    }
    for here in every:
        for line in sheet.rows:
            cells = [_cell(template, here, names) for template in line]
            form.line(cells)
            incomplete |= any(isinstance(cell, Figure) and cell.mark == INCOMPLETE for cell in cells)
    if not every:
        form.span("没有。")
    if sheet.lines:
        _join_equal(form, top, [_text(line[0], scope) for line in sheet.lines])
    for template in sheet.notes:
        if text := _text(template, scope, names, nothing=""):
            form.span(text)
    if incomplete:
        form.span(f"{INCOMPLETE} 另有缺数据的，未计入。")


def _heads(sheet: Sheet, scope: Scope) -> list[tuple[str | None, ...]]:
    numbered = any(column.number for column in sheet.columns)
    return [
        (
            *(_text(text, scope) or None for text in column.head),
            *([column.number or None] if numbered else []),
        )
        for column in sheet.columns
    ]


def _join_equal(form: Form, top: int, texts: list[str]) -> None:
    """Make the cells of the first column that say the same, one after the other, into one."""
    first = 0
    for place in range(1, len(texts) + 1):
        if place < len(texts) and texts[place] == texts[first]:
            continue
        if place - first > 1 and texts[first]:
            form.join(top + first, top + place - 1, 0, texts[first])
        first = place


def _require(layout: Layout, figures: Figures) -> None:
    wrong = [
        f"工作表“{sheet.name}”：{key}"
        for sheet in layout.sheets
        for key in dict.fromkeys(
            place[1] for template in sheet.templates() for place in _PLACE.finditer(template)
        )
        if key not in figures.names(sheet.each)
    ]
    if wrong:
        raise QbError(
            f"表册版式“{layout.title}”用到 {len(wrong)} 个没有的数，请改正（可用的见 data/README.md）：\n  "
            + "\n  ".join(wrong)
        )


def _pieces(template: Template) -> tuple[str, ...]:
    return (template,) if isinstance(template, str) else template


def _cell(template: Template, scope: Scope, names: Mapping[str, str]) -> Cell:
    """Return a cell: a number where the template is one figure and nothing else, text otherwise."""
    alone = _PLACE.fullmatch(template) if isinstance(template, str) else None
    if not alone:
        text = _text(template, scope, names)
        return Lacking(text) if Verdict.NO_DATA.zh in text else text
    key, per, decimals = alone[1], float(alone[2] or 1), int(alone[3] or 0)
    value = scope[key]
    if isinstance(value, Verdict):
        return value
    if value is None:
        return Middle(NONE)
    if isinstance(value, Judged):
        beside = None if value.limit is None else value.limit / per
        mark = BELOW if value.verdict is Verdict.FAIL else ""
        return Figure(value.value / per, decimals, mark, beside=beside)
    if isinstance(value, Count):
        return Figure(value.known / per, decimals, INCOMPLETE if value.unknown else "")
    if isinstance(value, str | tuple):
        return _said(value, 1, 0, names)
    return Figure(value / per, decimals)


def _text(
    template: Template, scope: Scope, names: Mapping[str, str] | None = None, nothing: str = NONE
) -> str:
    """Return the pieces of a template that say something, a line each.

    A piece of whose figures none applies (the junior part of a primary school) is left out; texts among
    them, such as limits, do not keep it.
    """
    said = []
    for piece in _pieces(template):
        places = list(_PLACE.finditer(piece))
        told = [scope[place[1]] for place in places if not isinstance(scope[place[1]], str)]
        if told and all(value is None for value in told):
            continue
        said.append(
            _PLACE.sub(
                lambda place: _said(scope[place[1]], float(place[2] or 1), int(place[3] or 0), names or {}),
                piece,
            )
        )
    return "\n".join(said) if said or not template else nothing


def _said(value: object, per: float, decimals: int, names: Mapping[str, str]) -> str:
    """Return a figure as words."""
    if value is None:
        return Verdict.NOT_APPLICABLE.zh
    if isinstance(value, Verdict):
        return value.zh
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "、".join(names.get(code, code) for code in value)
    if isinstance(value, Count):
        more = f"（另有 {value.unknown} 个缺数据）" if value.unknown else ""
        return number(value.known / per, decimals) + ("" if value.known != value.known else more)
    return number((value.value if isinstance(value, Judged) else float(value)) / per, decimals)
