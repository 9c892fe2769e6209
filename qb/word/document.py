"""What a notebook shows, written one after the other: headings, text, tables, figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Emu
from docx.text.paragraph import Paragraph
from lxml import html
from lxml.html import HtmlElement

from qb.charts import Caption, Chart
from qb.dataset.files import write_file
from qb.word.styles import CONTENTS, LEAD, NOTE, TEXT_HEIGHT, TEXT_WIDTH, open_document
from qb.word.tables import Cell, Row, add_table, read_table, text_of
from qb.word.xml import add_field, clean, field_start, tag, words

_WORDS = {
    "zh": {"contents": "目录", "table": "表", "figure": "图", "source": "资料来源：", "invented": "模拟数据",
           "about": "数据与方法"},
    "en": {"contents": "Contents", "table": "Table", "figure": "Figure", "source": "Source: ",
           "invented": "Invented data", "about": "Data and methods"},
}  # fmt: skip
_DPI = 160  # a figure as wide as the text then prints at some 250 dots an inch
_SILENT = ("script", "style", "svg", "button", "template")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True)
class Cover:
    """What stands around the content of a document.

    Attributes
    ----------
    title : str
        Where the content brings no title of its own.
    place : str
        District and school year, on every page.
    lang : {"zh", "en"}
    invented : bool
        Whether the data are invented; every page then says so.
    provenance : tuple of (name, value)
        What the figures rest on.
    """

    title: str
    place: str = ""
    lang: str = "zh"
    invented: bool = False
    provenance: tuple[tuple[str, str], ...] = ()


def write_document(shown: Iterable[object], path: str | Path, cover: Cover) -> None:
    """Write what was shown as a .docx: real headings, tables and captions, figures as pictures.

    A figure (:class:`qb.charts.Chart`) becomes a picture with its words; whatever else shows itself as
    HTML is read off that, so that Word says what the page says; anything else is its text. What is
    folded away on a page (the data under a figure) is left out.

    Parameters
    ----------
    shown : iterable of object
        In their order; lists are taken apart.
    path : str or Path
        The .docx file, made whole or not at all; one that stands there is replaced.
    cover : Cover

    Raises
    ------
    QbError
        If the disk refuses.
    """
    words_of = _WORDS[cover.lang]
    mark = words_of["invented"] if cover.invented else ""
    writer = Writer(open_document(cover.title, cover.place, mark, cover.lang), cover)
    for thing in shown:
        writer.show(thing)
    writer.close()
    write_file(Path(path), lambda made: writer.document.save(str(made)), replace=True)


@dataclass
class Writer:
    """A document under way."""

    document: Document
    cover: Cover
    _headings: list[str] = field(default_factory=list)
    _level: int = 0  # of the last heading; 0 before the title
    _counts: dict[str, int] = field(default_factory=dict)
    _contents: Paragraph | None = None
    _spare: Paragraph | None = None  # the empty line after a table, for its note

    def show(self, thing: object) -> None:
        """Write one thing that was shown."""
        if isinstance(thing, list | tuple):
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
            self._heading(_WORDS[self.cover.lang]["about"], 2)
            add_table(
                self.document, [Row((Cell(name), Cell(value))) for name, value in self.cover.provenance]
            )
        self._fill_contents()

    def _begin(self) -> None:
        """Write the title where the content brings none."""
        self._spare = None
        if not self._level:
            self._heading(clean(self.cover.title), 1)

    def _part(self, part: HtmlElement | str) -> None:
        """Write an element of a page, or text that stands between elements."""
        if isinstance(part, str):
            if part.strip():
                self._paragraph(part.strip())
        elif not isinstance(part.tag, str) or part.tag in _SILENT or part.tag == "details":
            return
        elif part.tag in _HEADINGS:
            self._heading(text_of(part), int(part.tag[1]))
        elif part.tag == "table":
            self._table(part)
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
            self.document.add_paragraph(text, "Title")
            self._contents = self.document.add_paragraph()
            return
        style = f"Heading {min(self._level - 1, 3)}"
        self.document.add_paragraph(text, style)
        if self._level == 2:
            self._headings.append(text)

    def _paragraph(self, text: str, style: str = "Normal") -> None:
        spare = self._spare
        self._begin()
        if not text:
            return
        if style == NOTE and spare is not None:
            spare.add_run(text)
        elif style != LEAD or self._contents is None or self._headings:
            self.document.add_paragraph(text, style)
        else:  # the line under the title stands before the contents list
            self._contents.insert_paragraph_before(text, style)

    def _list(self, part: HtmlElement) -> None:
        self._begin()
        items = list(part.iterchildren("li"))
        if "cards" in part.get("class", "").split():
            add_table(self.document, [Row(tuple(Cell(text_of(e)) for e in item)) for item in items])
            self.document.add_paragraph()
            return
        style = "List Number" if part.tag == "ol" else "List Bullet"
        for item in items:
            self.document.add_paragraph(text_of(item), style)

    def _table(self, part: HtmlElement) -> None:
        self._begin()
        rows = read_table(part)
        caption = part.find("caption")
        if caption is not None:
            self._caption("table", text_of(caption))
        if rows:
            add_table(self.document, rows)
            # Two tables without a paragraph between them would be one.
            self._spare = self.document.add_paragraph(style=NOTE)

    def _chart(self, chart: Chart) -> None:
        picture = self.document.add_paragraph()
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

    def _caption(self, kind: str, text: str) -> None:
        """Write a caption with a number of its own, from which Word makes lists of tables and figures."""
        name = _WORDS[self.cover.lang][kind]
        self._counts[kind] = self._counts.get(kind, 0) + 1
        line = self.document.add_paragraph(f"{name} ", "Caption")
        add_field(line, f"SEQ {name} \\* ARABIC", str(self._counts[kind]))
        line.add_run(f"  {text}")

    def _fill_contents(self) -> None:
        """Put the contents list under the title: a field, with the headings until Word counts pages."""
        first = line = self._contents
        if not self._headings:
            return
        first.add_run(_WORDS[self.cover.lang]["contents"]).bold = True
        for place, text in enumerate(self._headings):
            made = tag("p", tag("pPr", tag("pStyle", val=self.document.styles[CONTENTS].style_id)))
            line._p.addnext(made)
            line = Paragraph(made, first._parent)
            if place == 0:
                for inside in field_start('TOC \\o "1-2" \\h \\z \\u', dirty="true"):
                    made.append(tag("r", inside))
            made.append(tag("r", words(text)))
            if place == len(self._headings) - 1:
                made.append(tag("r", tag("fldChar", fldCharType="end")))


def _bare(chart: Chart) -> Chart:
    """Return a figure without its words: they stand beneath it, where they can be edited."""
    return replace(chart, caption=Caption("", lang=chart.caption.lang))


def _style(part: HtmlElement) -> str:
    names = part.get("class", "").split()
    return LEAD if "lead" in names else NOTE if "note" in names or "source" in names else "Normal"


def _pairs(part: HtmlElement) -> Iterable[Row]:
    """Return the lines of a list of names and what they are."""
    for name in part.iter("dt"):
        about = name.getnext()
        yield Row((Cell(text_of(name)), Cell(text_of(about) if about is not None else "")))
