"""A Word document written element by element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from math import sqrt
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_COLOR_INDEX, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph
from lxml import html
from lxml.etree import _Element as Element
from lxml.html import HtmlElement

from qb.charts import Caption, Chart
from qb.data.table_files import write_file
from qb.report.sealed_documents import refuse_filled_in, seal

# The few things that python-docx leaves to its caller: fields, fonts, rules of a table.


_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def tag(name: str, /, *inside: Element, **attributes: object) -> Element:
    """Return an element of WordprocessingML: ``tag("jc", val="center")``."""
    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), str(value))
    made.extend(inside)
    return made


def clean(text: str) -> str:
    """Return a text without the characters that no document may hold: a bell, a null."""
    return _NOT_XML.sub("", text)


def words(text: str) -> Element:
    """Return a text, its spaces kept."""
    made = OxmlElement("w:t")
    made.set(qn("xml:space"), "preserve")
    made.text = clean(text)
    return made


def add_field(paragraph: Paragraph, instruction: str, shown: str, **attributes: object) -> None:
    """Add a field that Word computes, with what stands there until it does."""
    asked = OxmlElement("w:instrText")
    asked.set(qn("xml:space"), "preserve")
    asked.text = f" {instruction} "
    begin = tag("fldChar", fldCharType="begin", **attributes)
    for inside in (begin, asked, tag("fldChar", fldCharType="separate")):
        paragraph._p.append(tag("r", inside))
    paragraph._p.append(tag("r", words(shown)))
    paragraph._p.append(tag("r", tag("fldChar", fldCharType="end")))


def set_fonts(style: ParagraphStyle, latin: str, chinese: str) -> None:
    """Give a style its fonts, those of the template's theme taken off."""
    style.font.name = latin
    fonts = style.element.get_or_add_rPr().rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", chinese)):
        fonts.set(qn(f"w:{script}"), font)


# The document before anything is written: A4, margins, fonts and sizes as official documents have them
# (GB/T 9704—2012, 5.2 and 7.3), header and footer.


SONG, HEI, LATIN = "宋体", "黑体", "Times New Roman"
TITLE, FANG, KAI = "方正小标宋简体", "仿宋_GB2312", "楷体_GB2312"
# Under which names a suite that lacks them has the same letters: read by Word and LibreOffice.
FALLBACKS = ((TITLE, "华文中宋"), (FANG, "仿宋"), (KAI, "楷体"))
TOP, BOTTOM, LEFT, RIGHT = Mm(37), Mm(35), Mm(28), Mm(26)
TEXT_WIDTH = Mm(210 - 28 - 26)
TEXT_HEIGHT = Mm(297 - 37 - 35 - 8)  # a picture and its caption stand on one page
BODY_SIZE, LEADING = Pt(16), Pt(28)  # 三号; 22 lines a page
SHORT_SIZE, SHORT_LEADING = Pt(12), Pt(19)  # 小四
_BLACK = RGBColor(0, 0, 0)
_LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}

# Style, font, size in points, bold, space before and after in points.
_STYLES_HEADINGS = (
    ("Title", TITLE, 22, False, 0, 6),
    ("Heading 1", HEI, 16, False, 14, 6),
    ("Heading 2", KAI, 16, False, 10, 4),
    ("Heading 3", FANG, 16, True, 8, 4),
)
NOTE, CELL, LEAD, CONTENTS = "qb Note", "qb Cell", "qb Lead", "toc 1"
_OWN = ((NOTE, 9, 6), (CELL, 9, 0), (LEAD, 11, 6), (CONTENTS, 11, 2))


def open_document(title: str, running: str, mark: str, lang: str, short: bool = False) -> Document:
    """Return an empty document.

    Parameters
    ----------
    title : str
        Of the document's properties.
    running : str
        Stands on top of every page, on the left: district and year.
    mark : str
        On the right: that the data are invented, where they are.
    short : bool
        Whether letters are smaller, so that a brief stays one.
    """
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = LEFT, RIGHT
    section.top_margin, section.bottom_margin = TOP, BOTTOM
    section.header_distance, section.footer_distance = Mm(22), Mm(28)
    _set_styles(document, lang)
    if short:
        normal = document.styles["Normal"]
        normal.font.size, normal.paragraph_format.line_spacing = SHORT_SIZE, SHORT_LEADING
        document.styles["Title"].font.size = Pt(18)
    _head_and_foot(document, running, mark)
    about = document.core_properties
    about.title, about.author, about.comments = clean(title), "qb", ""
    about.language = _LANGUAGES[lang]
    about.created = about.modified = datetime.now(UTC).replace(tzinfo=None)
    return document


def _set_styles(document: Document, lang: str) -> None:
    styles = document.styles
    normal = styles["Normal"]
    set_fonts(normal, LATIN, FANG)
    normal.font.size = BODY_SIZE
    normal.paragraph_format.line_spacing = LEADING
    normal.paragraph_format.space_after = 0
    _name_fallbacks(document)
    language = _LANGUAGES[lang]
    normal.element.rPr.append(tag("lang", val=language, eastAsia=language))
    for name, font, size, bold, before, after in _STYLES_HEADINGS:
        style = styles[name]
        set_fonts(style, LATIN, font)
        style.font.size, style.font.bold, style.font.color.rgb = Pt(size), bold, _BLACK
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.keep_with_next = True
    title = styles["Title"]
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for border in title.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)
    caption = styles["Caption"]
    set_fonts(caption, LATIN, HEI)
    caption.font.size, caption.font.bold, caption.font.color.rgb = Pt(10), False, _BLACK
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.line_spacing = 1.2
    caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(10), Pt(4)
    for name, size, after in _OWN:
        own = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        own.base_style = normal
        set_fonts(own, LATIN, SONG)
        own.font.size = Pt(size)
        own.paragraph_format.line_spacing = 1.3
        own.paragraph_format.space_after = Pt(after)
    styles[CELL].paragraph_format.line_spacing = 1.1
    styles[LEAD].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    styles[CONTENTS].paragraph_format.tab_stops.add_tab_stop(
        TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
    )


def _name_fallbacks(document: Document) -> None:
    """Name in the table of fonts what stands in for a font that a machine does not have."""
    part = next(p for p in document.part.package.iter_parts() if p.partname.endswith("/fontTable.xml"))
    entries = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in FALLBACKS
    )
    part._blob = part.blob.replace(b"</w:fonts>", f"{entries}</w:fonts>".encode())


def _head_and_foot(document: Document, running: str, mark: str) -> None:
    section = document.sections[0]
    top = section.header.paragraphs[0]
    top.style = document.styles[CELL]  # the template's own has stops for letter paper
    top.paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    top.add_run(clean(f"{running}\t{mark}" if mark else running))
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.style = document.styles[CELL]
    foot.add_run("— ")
    add_field(foot, "PAGE", "1")
    foot.add_run(" —")
    for run in foot.runs:
        run.font.size = Pt(14)


# A table of a page as a table of Word: head repeated, numbers to the right, failing rows shaded.


_HEAD, _FAILING = "DDEBF7", "F2F2F2"
_MANY = 7  # columns; with more, letters are smaller
_LARGE, _SMALL = 9.0, 7.5  # points of a letter
_WIDE = "—“”…"  # signs of Chinese that lie among those of other scripts
# Letters that shall stand on one line; those that a column has at least where they do not fit; those that it
# is reckoned with.
_WORD, _LEAST, _SENTENCE = 5.5, 4.0, 30.0
_PADDING = 1.2  # letters' worth of margin in a cell
_MARGIN = 60  # of a cell left and right, in twentieths of a point


@dataclass(frozen=True)
class WordCell:
    """What stands in a cell."""

    text: str
    right: bool = False  # whether it stands on the right, as numbers do


@dataclass(frozen=True)
class WordRow:
    """One line of a table."""

    cells: tuple[WordCell, ...]
    head: bool = False
    failing: bool = False


def read_table(table: HtmlElement) -> list[WordRow]:
    """Return the lines of a table as the page has them."""
    rows = []
    for line in table.iter("tr"):
        cells = tuple(
            WordCell(text_of(cell), "num" in cell.get("class", "").split())
            for cell in line.iterchildren("th", "td")
        )
        head = line.getparent().tag == "thead"
        rows.append(WordRow(cells, head, "fail" in line.get("class", "").split()))
    return rows


def text_of(element: HtmlElement) -> str:
    """Return the text of an element as a reader sees it."""
    return " ".join(element.text_content().split())


def add_table(document: Document, rows: Sequence[WordRow]) -> None:
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


def _widths(rows: Sequence[WordRow], letter: float) -> list[int]:
    """Return the widths of the columns in twentieths of a point, together the width of the text.

    Every column first gets what its short words need on one line, then a share of the rest by the root of
    the text beyond them in all its cells: one that is full of sentences gets the most, and not all.
    """
    count = max(len(row.cells) for row in rows)
    least, more = [2.0] * count, [0.0] * count
    for row in rows:
        for place, cell in enumerate(row.cells):
            ems = sum(1 if ord(sign) > 0x2E7F or sign in _WIDE else 0.55 for sign in cell.text)
            ems = ems / 3 if row.head else ems  # heads may take three lines
            least[place] = max(least[place], ems if ems <= _WORD else _LEAST)
            more[place] += min(max(ems - _WORD, 0), _SENTENCE)
    roots = [sqrt(text) for text in more]
    room = TEXT_WIDTH.pt / letter - _PADDING * count
    spare = max(room - sum(least), 0)
    shares = [
        few + spare * extra / (sum(roots) or 1) + _PADDING for few, extra in zip(least, roots, strict=True)
    ]
    return [int(20 * TEXT_WIDTH.pt * share / sum(shares)) for share in shares]


def _line(row: WordRow, widths: Sequence[int], style: str, small: bool) -> Element:
    rules = [tag("cantSplit"), *([tag("tblHeader")] if row.head else [])]
    line = tag("tr", tag("trPr", *rules))
    fill = _HEAD if row.head else _FAILING if row.failing else ""
    line.extend(_cells(row, widths, style, small, fill))
    return line


def _cells(row: WordRow, widths: Sequence[int], style: str, small: bool, fill: str) -> Iterator[Element]:
    blank = [WordCell("")] * (len(widths) - len(row.cells))
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


# What a notebook shows, written one after the other: headings, text, tables, figures.


_WORDS = {
    "zh": {"contents": "目录", "table": "表", "figure": "图", "source": "资料来源：", "invented": "模拟数据",
           "about": "数据与方法",
           "handed_in": ("【填写：编制单位】", "【填写：编制日期】")},
    "en": {"contents": "Contents", "table": "Table", "figure": "Figure", "source": "Source: ",
           "invented": "Invented data", "about": "Data and methods",
           "handed_in": ("[Fill in: by whom]", "[Fill in: date]")},
}  # fmt: skip
_DPI = 160  # a figure as wide as the text then prints at some 250 dots an inch
_SILENT = ("script", "style", "svg", "button", "template")
_DOCUMENT_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True)
class DocumentFrame:
    """What stands around the content of a document."""

    title: str  # where the content brings no title of its own
    place: str = ""  # district and school year, on every page
    lang: str = "zh"
    invented: bool = False  # whether the data are invented; every page then says so
    provenance: tuple[tuple[str, str], ...] = ()  # what the figures rest on
    formal: bool = False  # whether the title has a sheet of its own, with places for who hands it in and when
    short: bool = False  # whether it is for a few sheets: smaller letters, and no list of contents


def write_document(shown: Iterable[object], path: str | Path, cover: DocumentFrame) -> None:
    """Write what was shown as a .docx: real headings, tables and captions, figures as pictures.

    A figure (:class:`qb.charts.Chart`) becomes a picture with its words; whatever else shows itself as
    HTML is read off that, so that Word says what the page says; anything else is its text. What is
    folded away on a page (the data under a figure) is left out.

    Parameters
    ----------
    shown : iterable of object
        In their order; lists are taken apart.
    path : str or Path
        The .docx file, made whole or not at all; one that stands there is replaced, unless somebody has
        written in it.
    cover : Cover

    Raises
    ------
    QbError
        If somebody has written in the document that stands there, or the disk refuses.
    """
    refuse_filled_in(Path(path))
    words_of = _WORDS[cover.lang]
    mark = words_of["invented"] if cover.invented else ""
    writer = Writer(open_document(cover.title, cover.place, mark, cover.lang, cover.short), cover)
    for thing in shown:
        writer.show(thing)
    writer.close()
    write_file(Path(path), lambda made: _save(writer.document, made), replace=True)


def _save(document: Document, path: Path) -> None:
    document.save(str(path))
    seal(path)


@dataclass(frozen=True)
class Place:
    """A place in a document for what only the office can write."""

    text: str


@dataclass(frozen=True)
class ChapterTitle:
    """The heading of a chapter; in a document of chapters all others stand one level down."""

    text: str


def chinese(number: int) -> str:
    """Return a number below a hundred in Chinese, as headings count.

    >>> [chinese(n) for n in (1, 10, 11, 20, 42)]
    ['一', '十', '十一', '二十', '四十二']
    """
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    ten = "" if not tens else "十" if tens == 1 else f"{digits[tens]}十"
    return ten + (digits[ones] if ones or not tens else "")


@dataclass
class Writer:
    """A document under way."""

    document: Document
    cover: DocumentFrame
    _headings: list[tuple[str, int]] = field(default_factory=list)
    _level: int = 0  # of the last heading; 0 before the title
    _counts: dict[str, int] = field(default_factory=dict)
    _contents: Paragraph | None = None
    _places: list[int] = field(default_factory=list)  # of the last heading at each level
    _spare: Paragraph | None = None  # the empty line after a table, for its note
    _headed: bool = False  # whether a heading was written last

    def show(self, thing: object) -> None:
        """Write one thing that was shown."""
        if isinstance(thing, Place):
            self._begin()
            self.place(thing.text)
        elif isinstance(thing, ChapterTitle):
            self._heading(thing.text, 2)
        elif isinstance(thing, list | tuple):
            for each in thing:
                self.show(each)
        elif isinstance(thing, Chart):
            self._begin()
            self._chart(thing)
        elif callable(getattr(thing, "_repr_html_", None)):
            source = clean(thing._repr_html_())
            for part in html.fragments_fromstring(source) if source.strip() else ():
                self._part(part)
        elif thing is not None:
            self._paragraph(clean(str(thing)))

    def close(self) -> None:
        """Write what stands at the end, and the contents list for which all headings are needed."""
        self._begin()
        if self.cover.provenance:
            self._heading(_WORDS[self.cover.lang]["about"], 3 if self.cover.formal else 2)
            add_table(
                self.document,
                [WordRow((WordCell(name), WordCell(value))) for name, value in self.cover.provenance],
            )
        self._fill_contents()

    def _begin(self) -> None:
        """Write the title where the content brings none."""
        self._spare, self._headed = None, False
        if not self._level:
            self._heading(clean(self.cover.title), 1)

    def _part(self, part: HtmlElement | str) -> None:
        """Write an element of a page, or text that stands between elements."""
        if isinstance(part, str):
            if part.strip():
                self._paragraph(part.strip())
        elif not isinstance(part.tag, str) or part.tag in _SILENT or part.tag == "details":
            return
        elif part.tag in _DOCUMENT_HEADINGS and _annexed(part):
            self._begin()
            line = self.document.add_paragraph(style=CELL)
            line.add_run(text_of(part)).bold = True
            line.paragraph_format.space_before, line.paragraph_format.keep_with_next = Pt(6), True
        elif part.tag in _DOCUMENT_HEADINGS:
            level = int(part.tag[1])
            self._heading(text_of(part), level + (self.cover.formal and level > 1))
        elif part.tag == "table":
            self._table(part, "sheet" in (part.getparent().get("class") or "").split())
        elif part.tag in ("ul", "ol"):
            self._list(part)
        elif part.tag == "dl":
            add_table(self.document, list(_pairs(part)))
        elif part.tag in ("p", "figcaption") or not any(isinstance(e.tag, str) for e in part):
            self._paragraph(text_of(part), _style(part))
        else:
            self._part(part.text or "")
            for inside in part:
                self._part(inside)
                self._part(inside.tail or "")

    def _heading(self, text: str, level: int) -> None:
        """Write a heading; the first is the title, and no level is skipped after it."""
        self._spare = None
        if not self._level and level > 1:
            self._begin()
        self._level = max(2, min(level, self._level + 1)) if self._level else 1
        if self._level == 1:
            title = self.document.add_paragraph(text, "Title")
            if self.cover.formal:
                title.paragraph_format.space_before = Pt(150)
                self._sheet()
            if not self.cover.short:
                self._contents = self.document.add_paragraph()
                self._contents.paragraph_format.page_break_before = self.cover.formal
            return
        text = self._numbered(text)
        style = f"Heading {min(self._level - 1, 3)}"
        heading, self._headed = self.document.add_paragraph(text, style), True
        if self._level < (4 if self.cover.formal else 3):
            place = len(self._headings)
            heading._p.insert(1, tag("bookmarkStart", id=place, name=f"_Toc{place}"))
            heading._p.append(tag("bookmarkEnd", id=place))
            self._headings.append((text, self._level - 2))

    def _sheet(self) -> None:
        """Write what stands under the title on its own sheet: places for who hands it in, and when."""
        for line in _WORDS[self.cover.lang]["handed_in"]:
            self.place(line).alignment = WD_ALIGN_PARAGRAPH.CENTER

    def place(self, text: str) -> Paragraph:
        """Write a marked place, for what only the office can write."""
        line = self.document.add_paragraph()
        line.add_run(clean(text)).font.highlight_color = WD_COLOR_INDEX.YELLOW
        return line

    def _numbered(self, text: str) -> str:
        """Return a heading with its number in its section, as official documents count: 一、（一）1."""
        depth = self._level - 2
        self._places = [*self._places, *[0] * (depth + 1)][: depth + 1]
        self._places[depth] += 1
        number = self._places[depth]
        if self.cover.lang != "zh" or depth > 2:
            return text
        return f"{(f'{chinese(number)}、', f'（{chinese(number)}）', f'{number}. ')[depth]}{text}"

    def _paragraph(self, text: str, style: str = "Normal") -> None:
        spare, headed = self._spare, self._headed
        self._begin()
        if not text:
            return
        if style == NOTE and spare is not None:
            spare.add_run(text)
        elif style != LEAD or self._contents is None or self._headings:
            # What says how to read a table stands on its sheet, as the heading does.
            self.document.add_paragraph(text, style).paragraph_format.keep_with_next = headed or None
        else:  # the line under the title stands before the contents list
            self._contents.insert_paragraph_before(text, style)

    def _list(self, part: HtmlElement) -> None:
        self._begin()
        items = list(part.iterchildren("li"))
        if "cards" in part.get("class", "").split():
            add_table(self.document, [WordRow(tuple(WordCell(text_of(e)) for e in item)) for item in items])
            self.document.add_paragraph(style=NOTE)
            return
        style = "List Number" if part.tag == "ol" else "List Bullet"
        for item in items:
            self.document.add_paragraph(text_of(item), style)

    def _table(self, part: HtmlElement, sheet: bool) -> None:
        """Write a table with its caption, on a sheet of its own where the page begins one."""
        self._begin()
        rows = read_table(part)
        caption = part.find("caption")
        if caption is not None:
            self._caption("table", text_of(caption)).paragraph_format.page_break_before = sheet
        if rows:
            add_table(self.document, rows)
            # Two tables without a paragraph between them would be one.
            self._spare = self.document.add_paragraph(style=NOTE)

    def _chart(self, chart: Chart) -> None:
        picture = self.document.add_paragraph(style=NOTE)  # a fixed height of lines would cut it
        picture.paragraph_format.keep_with_next = True
        picture.alignment = WD_ALIGN_PARAGRAPH.CENTER
        shape = picture.add_run().add_picture(BytesIO(_bare(chart).png(_DPI)), width=TEXT_WIDTH)
        if shape.height > TEXT_HEIGHT:
            scale = TEXT_HEIGHT / shape.height
            shape.width, shape.height = Emu(int(shape.width * scale)), TEXT_HEIGHT
        shape._inline.docPr.set("descr", clean(chart.alt))
        self._caption("figure", clean(chart.title))
        source = _WORDS[self.cover.lang]["source"] + chart.source if chart.source else ""
        for line in filter(None, (chart.subtitle, source)):
            self.document.add_paragraph(clean(line), NOTE).paragraph_format.space_after = 0

    def _caption(self, kind: str, text: str) -> Paragraph:
        """Write a caption with a number of its own, from which Word makes lists of tables and figures."""
        name = _WORDS[self.cover.lang][kind]
        self._counts[kind] = self._counts.get(kind, 0) + 1
        line = self.document.add_paragraph(f"{name} ", "Caption")
        add_field(line, f"SEQ {name} \\* ARABIC", str(self._counts[kind]))
        line.add_run(f"  {text}")
        return line

    def _fill_contents(self) -> None:
        """Put the contents list under the title: a line for each heading, its page a field."""
        first = line = self._contents
        if first is None or not self._headings:
            return
        first.add_run(_WORDS[self.cover.lang]["contents"]).bold = True
        for place, (text, deep) in enumerate(self._headings):
            made = tag("p", tag("pPr", tag("pStyle", val=self.document.styles[CONTENTS].style_id)))
            line._p.addnext(made)
            line = Paragraph(made, first._parent)
            line.paragraph_format.left_indent = Pt(22) * deep
            made.append(tag("r", words(text)))
            made.append(tag("r", tag("tab")))
            add_field(line, f"PAGEREF _Toc{place} \\h", "", dirty="true")


def _bare(chart: Chart) -> Chart:
    """Return a figure without its words: they stand beneath it, where they can be edited."""
    return replace(chart, caption=Caption("", lang=chart.caption.lang))


def _annexed(part: HtmlElement) -> bool:
    """Return whether an element is of the rules, which a document annexes in small letters without numbers."""
    parent = part.getparent()
    return parent is not None and "rules" in (parent.get("class") or "").split()


def _style(part: HtmlElement) -> str:
    names = part.get("class", "").split()
    return LEAD if "lead" in names else NOTE if "note" in names or "source" in names else "Normal"


def _pairs(part: HtmlElement) -> Iterable[WordRow]:
    """Return the lines of a list of names and what they are."""
    for name in part.iter("dt"):
        about = name.getnext()
        yield WordRow((WordCell(text_of(name)), WordCell(text_of(about) if about is not None else "")))
