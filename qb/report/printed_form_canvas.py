"""What printed forms are drawn on: a sheet, cell by cell (`Form`); whose they are: one district's year (`Filing`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from math import ceil

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from qb.data.table_files import FORMULA
from qb.data.workbook import LONGEST
from qb.errors import QbError
from qb.indicators.assessment import Assessment
from qb.indicators.population import UNNAMED
from qb.language import listing
from qb.report.context import ReportContext
from qb.report.resource_tables import unknown
from qb.report.verdict_sentences import doubts_said
from qb.report.words import resources_said, school_year, stage_label, term
from qb.rounding import decimals_beside, round_half_up
from qb.standard import Standard
from qb.terms import Kind, Location, Ownership, Verdict

# A sheet to print and sign: title, heads that span, ruled cells.


BELOW, INCOMPLETE = "▼", "＊"  # not met; a count that leaves out what was not reported
_BODY = {"font_name": "宋体", "valign": "vcenter", "text_wrap": True}
_RULED = {**_BODY, "border": 1}
_HEAD = {**_RULED, "bold": True, "align": "center", "bg_color": "#DDEBF7"}
_LOOKS = {
    "title": {**_BODY, "font_name": "黑体", "font_size": 16, "align": "center"},
    "section": {**_BODY, "font_name": "黑体", "font_size": 14},
    "line": _BODY,
    "head": _HEAD,
    "text": _RULED,
    "middle": {**_RULED, "align": "center"},
    "missing": {**_RULED, "align": "center", "italic": True, "bg_color": "#FFF2CC"},
    "lacking": {**_RULED, "bg_color": "#FFF2CC"},
    "link": {**_RULED, "font_color": "#0B57D0", "underline": 1},
    "unmet": {**_RULED, "align": "center", "bold": True, "bg_color": "#D9D9D9"},
}
_AS_FORMULA = tuple(FORMULA)
_LINE = 14.0  # points a line of text takes
_BODY_SIZE, _LEAST = 10.0, 8.0  # points of a letter in a cell, and the least in print
_WIDE = 95.0  # characters that fit on A4 landscape, also where another font stands in
_UPRIGHT, _A3 = 0.68, 1.41  # as wide as that is a sheet upright, and one of A3
_HIGHEST = 400.0  # a row is no higher than 409 points


@dataclass(frozen=True)
class FormNumber:
    """A number as it is printed: rounded half up, in the cell as on paper; "no data" where it is none."""

    value: float
    decimals: int = 0
    # `BELOW` or `INCOMPLETE`: stands behind the number and colours its cell, which holds the number alone.
    mark: str = ""
    unit: str = ""  # stands behind the number, where those of a column differ
    # What the number is held against: as many digits more are printed as tell the two apart.
    beside: float | None = None

    @property
    def digits(self) -> int:
        """Digits after the point in print."""
        if self.beside is None:
            return self.decimals
        return decimals_beside(self.value, self.beside, self.decimals)


class Middle(str):
    """Text that stands in the middle of its cell: numbers of lines, codes, limits."""


class Lacking(str):
    """Text in which a figure is "no data"."""


@dataclass(frozen=True)
class Link:
    """Words that lead to a cell of the workbook."""

    text: str
    sheet: str
    row: int


Cell = str | FormNumber | Link | Verdict | date | None
Column = tuple[str | None, ...]  # a column's head from the top down; None: the cell above goes on


_UNSCALED = {"scale_with_doc": False}  # what stands above and below a sheet is as large on every one


@dataclass
class Form:
    """One sheet, written from the top down."""

    workbook: Workbook
    name: str
    widths: Sequence[float]  # of its columns, in characters of Latin text
    # A3 is also taken where letters on A4 would be much smaller than eight points; where they still are, or
    # the sheet is upright, they are larger in their cells.
    paper: str = "A4"
    portrait: bool = False  # upright; landscape otherwise
    sheet: Worksheet = field(init=False)
    row: int = field(default=0, init=False)  # where the next line goes
    _formats: dict[tuple, Format] = field(default_factory=dict, init=False)
    _size: float = field(default=_BODY_SIZE, init=False)

    def __post_init__(self) -> None:
        if not self.portrait and _BODY_SIZE * self._scale < 0.9 * _LEAST:
            self.paper = "A3"
        self._size = max(_BODY_SIZE, ceil(2 * _LEAST / self._scale) / 2)
        self.sheet = self.workbook.add_worksheet(self.name)
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, width)
        if not self.portrait:
            self.sheet.set_landscape()
        self.sheet.set_paper({"A4": 9, "A3": 8}[self.paper])  # as spreadsheets number them
        self.sheet.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.7)
        self.sheet.set_footer("&C第 &P 页，共 &N 页", _UNSCALED)
        self.sheet.center_horizontally()
        self.sheet.hide_gridlines(2)

    def opening(self, title: str, place: str, invented: bool, doubts: Sequence[str] = ()) -> None:
        """Write the title, and under it whose form this is and what is in doubt; every printed sheet says whose."""
        mark = "模拟数据" if invented else ""
        self.span(title, "title", 30)
        self.span("    ".join(part for part in (place, mark) if part), "line")
        for doubt in doubts:
            self.span(doubt)
        plain = place.replace("&", "&&")  # an & begins an instruction
        self.sheet.set_header(f"&L{plain[:100]}&R{mark}", _UNSCALED)

    @property
    def _scale(self) -> float:
        """By how much a sheet is made smaller, to be printed as wide as the paper."""
        room = _WIDE * (_UPRIGHT if self.portrait else 1) * (_A3 if self.paper == "A3" else 1)
        return min(room / sum(self.widths), 1.0)

    def fit(self) -> None:
        """Print as wide as a sheet of paper is, as many sheets as it takes."""
        self.sheet.fit_to_pages(1, 0)

    def break_before(self, rows: Sequence[int]) -> None:
        """Begin a new sheet of paper at these rows.

        The width is scaled by hand: spreadsheets forget such breaks where they are to fit the width.
        """
        self.sheet.set_print_scale(int(100 * self._scale))
        self.sheet.set_h_pagebreaks([row for row in rows if row])

    def span(self, text: str, look: str = "line", height: float | None = None) -> None:
        """Write a line across all columns."""
        last = len(self.widths) - 1
        if last:
            self.sheet.merge_range(self.row, 0, self.row, last, "", self._format(look))
        self._put(self.row, 0, text, look)
        height = height or self._height(_lines(text, self._room(sum(self.widths))), 4)
        self.sheet.set_row(self.row, height)
        self.row += 1

    def head(self, columns: Sequence[Column], *, repeat: bool = True) -> None:
        """Write the head of a table; a text over several columns or rows fills one cell.

        Examples
        --------
        ``("在校生", "小学"), ("在校生", "初中")`` puts 在校生 over both; ``("学校", None)`` goes down.
        """
        top, levels = self.row, len(columns[0])
        for level in range(levels):
            for place, column in enumerate(columns):
                path = column[: level + 1]
                if column[level] is None or (place and columns[place - 1][: level + 1] == path):
                    continue
                right = place
                while right + 1 < len(columns) and columns[right + 1][: level + 1] == path:
                    right += 1
                down = level
                while down + 1 < levels and column[down + 1] is None:
                    down += 1
                self._fill(top + level, place, top + down, right, column[level] or "", "head")
            self.sheet.set_row(top + level, self._head_height(columns, level))
        self.row += levels
        if repeat:
            self.sheet.repeat_rows(top, self.row - 1)
            self.sheet.freeze_panes(self.row, 0)

    def _head_height(self, columns: Sequence[Column], level: int) -> float:
        """Return the height of one row of a head: of the texts that stand over one column, at its foot."""
        alone = [
            _lines(column[level] or "", self._room(width))
            for column, width in zip(columns, self.widths, strict=True)
            if level + 1 == len(column) or column[level + 1] is not None
        ]
        foot = level + 1 == len(columns[0]) or level
        return self._height(min(max(alone, default=1), 5), 6) if foot else 22

    def _height(self, lines: int, more: float) -> float:
        """Return the height of a row of so many lines of text."""
        return min(lines * _LINE * self._size / _BODY_SIZE + more, _HIGHEST)

    def _room(self, width: float) -> float:
        """Return how many letters of the sheet a column takes."""
        return width * _BODY_SIZE / self._size

    def line(self, cells: Iterable[Cell], *, height: float = 0) -> None:
        """Write one row of a table."""
        tallest = 1
        for column, cell in enumerate(cells):
            self._put(self.row, column, cell, "text")
            if isinstance(cell, str):
                tallest = max(tallest, _lines(cell, self._room(self.widths[column])))
        self.sheet.set_row(self.row, max(self._height(tallest, 6), height))
        self.row += 1

    def filtered(self, top: int) -> None:
        """Let the lines from a row on, where there are any, be filtered and sorted by the head above them."""
        if self.row > top:
            self.sheet.autofilter(top - 1, 0, self.row - 1, len(self.widths) - 1)

    def join(self, first: int, last: int, column: int, text: str) -> None:
        """Make the cells of a column from one row to another into one."""
        self._fill(first, column, last, column, text, "middle")

    def _fill(self, top: int, left: int, bottom: int, right: int, cell: Cell, look: str) -> None:
        if (top, left) != (bottom, right):
            self.sheet.merge_range(top, left, bottom, right, "", self._format(look))
        self._put(top, left, cell, look)

    def _put(self, row: int, column: int, cell: Cell, look: str) -> None:
        if isinstance(cell, FormNumber):
            self._put_figure(row, column, cell)
        elif isinstance(cell, Verdict):
            looks = {Verdict.FAIL: "unmet", Verdict.NO_DATA: "missing"}
            self.sheet.write_string(row, column, cell.zh, self._format(looks.get(cell, "middle")))
        elif isinstance(cell, Link):
            place = f"internal:'{cell.sheet}'!A{cell.row + 1}"
            self.sheet.write_url(row, column, place, self._format("link"), string=cell.text[:LONGEST])
        elif isinstance(cell, date):
            self.sheet.write_datetime(row, column, cell, self._format("middle", num_format="yyyy-mm-dd"))
        elif cell:
            # What begins as a formula does stays a text also when a person edits it.
            quoted = {"quote_prefix": True} if cell.startswith(_AS_FORMULA) else {}
            look = "middle" if isinstance(cell, Middle) else "lacking" if isinstance(cell, Lacking) else look
            self.sheet.write_string(row, column, cell[:LONGEST], self._format(look, **quoted))
        else:
            self.sheet.write_blank(row, column, None, self._format(look))

    def _put_figure(self, row: int, column: int, figure: FormNumber) -> None:
        if figure.value is None or figure.value != figure.value:
            self.sheet.write_string(row, column, Verdict.NO_DATA.zh, self._format("missing"))
            return
        shown = "#,##0" + ("." + "0" * figure.digits if figure.digits else "")
        if behind := figure.mark or (figure.unit and f" {figure.unit}"):
            shown = f'{shown}"{behind}"'
        look = "unmet" if figure.mark == BELOW else "missing" if figure.mark else "text"
        look = self._format(look, num_format=shown, align="right")
        self.sheet.write_number(row, column, float(round_half_up(figure.value, figure.digits)), look)

    def _format(self, look: str, **more: object) -> Format:
        key = (look, *sorted(more.items()))
        if key not in self._formats:
            size = {"font_size": self._size}
            self._formats[key] = self.workbook.add_format({**size, **_LOOKS[look], **more})
        return self._formats[key]


def _lines(text: str, width: float) -> int:
    """Return about how many lines a text takes in a column."""
    room = max(width - 1, 2)
    ems = (sum(2 if ord(letter) > 0x2E7F else 1.1 for letter in part) for part in text.split("\n"))
    return sum(max(ceil(em / room), 1) for em in ems)


# One district's year as it is handed in.


Line = dict[str, object]  # one row of a frame
KINDS = {"kind": Kind, "ownership": Ownership, "location": Location}


@dataclass(frozen=True)
class Filing:
    """One district of a context. Forms are for offices: Chinese, whatever language the pages have."""

    context: ReportContext  # of this district alone
    district: str

    @classmethod
    def of(cls, context: ReportContext, district: str = "") -> Filing:
        """Take a district out of a context; it need not be named where there is only one.

        Raises
        ------
        QbError
            If the context has no such district, or several and none is named.
        """
        known = context.assessment.districts["district"].tolist()
        if not district and len(known) == 1:
            district = known[0]
        if district not in known:
            raise QbError(
                "请指明县区，可选：{}；现为“{}”。",
                "Name the district: {}; it is “{}”.",
                listing(known),
                district,
            )
        return cls(replace(context, assessment=context.assessment.of(district), lang="zh"), district)

    @property
    def own(self) -> Assessment:
        """The district's assessment."""
        return self.context.assessment

    @property
    def standard(self) -> Standard:
        """The standard that judges."""
        return self.context.standard

    @property
    def place(self) -> str:
        """District and school year, for the line under a title."""
        return f"{self.district}    {school_year(self.context.year, 'zh')}"

    @property
    def doubts(self) -> list[str]:
        """Which verdicts of the district cannot be trusted."""
        return doubts_said([d for d in self.context.doubts if self.district in d.districts], "zh")

    @property
    def invented(self) -> bool:
        """Whether the data are invented."""
        return self.own.invented

    def of_year(self, name: str) -> pd.DataFrame:
        """Return the district's rows of a table in the year."""
        frame = self.context.data[name]
        frame = frame[(frame["year"] == self.context.year).to_numpy()]
        if "district" in frame:
            return frame[(frame["district"] == self.district).to_numpy()]
        return frame[frame["school_id"].isin(self.schools["school_id"]).to_numpy()]

    @cached_property
    def schools(self) -> pd.DataFrame:
        """The district's schools and campuses."""
        frame = self.context.data["schools"]
        mine = frame["district"].fillna(UNNAMED) == self.district
        return frame[mine.to_numpy()].drop_duplicates("school_id")

    @cached_property
    def school(self) -> dict[str, Line]:
        """The row of each school."""
        return {str(row["school_id"]): row for row in self.schools.to_dict("records")}

    @cached_property
    def school_names(self) -> dict[str, str]:
        """The name of each school, its identifier where it has none."""
        return {key: text_of(row["name"]) or key for key, row in self.school.items()}

    @cached_property
    def kinds(self) -> dict[str, object]:
        """The kind of each school."""
        return {key: row["kind"] for key, row in self.school.items()}

    @cached_property
    def roots(self) -> dict[str, str]:
        """The school that each one is counted with: itself, or its parent."""
        parents = {key: row["parent_id"] for key, row in self.school.items() if text_of(row["parent_id"])}

        def root(school_id: str) -> str:
            while school_id in parents:
                school_id = str(parents[school_id])
            return school_id

        return {key: root(key) for key in self.school}

    @cached_property
    def items(self) -> dict[str, float]:
        """The district's own figures by item."""
        frame = self.of_year("district")
        return dict(zip(frame["item"], frame["value"], strict=True))

    @cached_property
    def rows(self) -> dict[str, list[Line]]:
        """The judged stages of each school."""
        return by_school(self.own.rows)

    @cached_property
    def findings(self) -> dict[str, list[Line]]:
        """What was found at each school beyond the seven."""
        return by_school(self.own.findings)

    @cached_property
    def problems(self) -> dict[str, list[Line]]:
        """What each school has to mend."""
        return by_school(self.context.ledger)

    @cached_property
    def warnings(self) -> dict[str, list[Line]]:
        """What a reader should know of each school."""
        return by_school(self.own.warnings)

    def facts(self, school_id: str) -> str:
        """Return what kind of school it is, in one line."""
        row = self.rows[school_id][0]
        words = (term(row[key], "zh", (of,)) for key, of in KINDS.items())
        return "    ".join(word for word in (f"学校标识码：{school_id}", *words) if word)

    def conclusion(self, row: Line) -> str:
        """Return how many of the seven a stage meets, and the school rule's verdict."""
        verdict = Verdict(str(row["verdict"])).zh
        lacking = f"，缺数据 {len(unknown(row))} 项" if unknown(row) else ""
        what = resources_said(self.standard, "zh", bare=True)
        stage = stage_label(row["stage"], "zh")
        return f"{stage}：{what}中达标 {row['met']} 项{lacking}，综合结论：{verdict}。"

    @cached_property
    def lacking(self) -> dict[tuple[str, str, str], dict[str, float]]:
        """What is lacking on the seven, by school, stage and indicator."""
        frame = self.own.shortfalls
        keys = zip(frame["school_id"], frame["stage"], frame["code"], strict=True)
        return dict(zip(keys, frame.to_dict("records"), strict=True))


def by_school(frame: pd.DataFrame) -> dict[str, list[Line]]:
    """Return the rows of each school, in their order; those of no school are left out."""
    found: dict[str, list[Line]] = {}
    for row in frame[frame["school_id"].notna().to_numpy()].to_dict("records"):
        found.setdefault(str(row["school_id"]), []).append(row)
    return found


def text_of(value: object) -> str:
    """Return a text of the data, nothing where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)
