"""A table of a page as a table of Word: head repeated, numbers to the right, failing rows shaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docx.document import Document
from docx.oxml.ns import qn
from lxml.etree import _Element as Element
from lxml.html import HtmlElement

from qb.word.styles import CELL, TEXT_WIDTH
from qb.word.xml import tag, words

_HEAD, _FAILING = "DDEBF7", "F2F2F2"
_MANY = 7  # columns; with more, letters are smaller
_LARGE, _SMALL = 9.0, 7.5  # points of a letter
_WORD, _SENTENCE = 5.0, 30.0  # letters that shall stand on one line; those that a column is reckoned with
_PADDING = 1.2  # letters' worth of margin in a cell
_MARGIN = 60  # of a cell left and right, in twentieths of a point


@dataclass(frozen=True)
class Cell:
    """What stands in a cell.

    Attributes
    ----------
    text : str
    right : bool
        Whether it stands on the right, as numbers do.
    """

    text: str
    right: bool = False


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    cells: tuple[Cell, ...]
    head: bool = False
    failing: bool = False


def read_table(table: HtmlElement) -> list[Row]:
    """Return the lines of a table as the page has them."""
    rows = []
    for line in table.iter("tr"):
        cells = tuple(
            Cell(text_of(cell), "num" in cell.get("class", "").split())
            for cell in line.iterchildren("th", "td")
        )
        head = line.getparent().tag == "thead"
        rows.append(Row(cells, head, "fail" in line.get("class", "").split()))
    return rows


def text_of(element: HtmlElement) -> str:
    """Return the text of an element as a reader sees it."""
    return " ".join(element.text_content().split())


def add_table(document: Document, rows: Sequence[Row]) -> None:
    """Write a table as wide as the text, its columns as wide as what they hold.

    The cells are put together here: the library looks every one of them up again, which takes minutes
    for the schools of a large district.
    """
    small = max(len(row.cells) for row in rows) > _MANY
    widths = _widths(rows, _SMALL if small else _LARGE)
    style = document.styles[CELL].style_id
    table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.autofit = False
    sides = (tag(side, w=_MARGIN, type="dxa") for side in ("left", "right"))
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(tag("tblCellMar", *sides))
    for column, width in zip(table._tbl.tblGrid.findall(qn("w:gridCol")), widths, strict=True):
        column.set(qn("w:w"), str(width))
    for row in rows:
        table._tbl.append(_line(row, widths, style, small))


def _widths(rows: Sequence[Row], letter: float) -> list[int]:
    """Return the widths of the columns in twentieths of a point, together the width of the text.

    Every column first gets what its short words need on one line, then a share of the rest by what its
    longer texts would take.
    """
    count = max(len(row.cells) for row in rows)
    least, wish = [2.0] * count, [2.0] * count
    for row in rows:
        for place, cell in enumerate(row.cells):
            ems = sum(1 if ord(sign) > 0x2E7F else 0.55 for sign in cell.text)
            ems = ems / 3 if row.head else ems  # heads may take three lines
            least[place] = max(least[place], min(ems, _WORD))
            wish[place] = max(wish[place], min(ems, _SENTENCE))
    room = TEXT_WIDTH.pt / letter - _PADDING * count
    spare = max(room - sum(least), 0)
    more = [most - few for most, few in zip(wish, least, strict=True)]
    shares = [
        few + spare * extra / (sum(more) or 1) + _PADDING for few, extra in zip(least, more, strict=True)
    ]
    return [int(20 * TEXT_WIDTH.pt * share / sum(shares)) for share in shares]


def _line(row: Row, widths: Sequence[int], style: str, small: bool) -> Element:
    rules = [tag("cantSplit"), *([tag("tblHeader")] if row.head else [])]
    line = tag("tr", tag("trPr", *rules))
    fill = _HEAD if row.head else _FAILING if row.failing else ""
    line.extend(_cells(row, widths, style, small, fill))
    return line


def _cells(row: Row, widths: Sequence[int], style: str, small: bool, fill: str) -> Iterator[Element]:
    blank = [Cell("")] * (len(widths) - len(row.cells))
    for cell, width in zip([*row.cells, *blank], widths, strict=True):
        look = tag("tcPr", tag("tcW", w=width, type="dxa"))
        if fill:
            look.append(tag("shd", val="clear", color="auto", fill=fill))
        look.append(tag("vAlign", val="center"))
        place = tag("pPr", tag("pStyle", val=style))
        if row.head or cell.right:
            place.append(tag("jc", val="center" if row.head else "right"))
        letters = tag("rPr", *([tag("b")] if row.head else []))
        if small:
            letters.append(tag("sz", val=int(2 * _SMALL)))
        yield tag("tc", look, tag("p", place, tag("r", letters, words(cell.text))))
