"""The document before anything is written: A4, fonts of Chinese offices, header and footer."""

from __future__ import annotations

from datetime import UTC, datetime

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from qb.word.xml import add_field, clean, set_fonts, tag

# Every office suite knows these two names, or takes its own song and hei for them.
SONG, HEI, LATIN = "宋体", "黑体", "Times New Roman"
TEXT_WIDTH = Mm(160)
TEXT_HEIGHT = Mm(240)
_BLACK = RGBColor(0, 0, 0)
_LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}

# Style, size in points, bold, space before and after in points.
_HEADINGS = (
    ("Title", 22, False, 0, 6),
    ("Heading 1", 16, False, 18, 6),
    ("Heading 2", 14, False, 12, 4),
    ("Heading 3", 12, True, 10, 4),
)
NOTE, CELL, LEAD, CONTENTS = "qb Note", "qb Cell", "qb Lead", "toc 1"
_OWN = ((NOTE, 9, 6), (CELL, 9, 0), (LEAD, 11, 6), (CONTENTS, 11, 2))


def open_document(title: str, running: str, mark: str, lang: str) -> Document:
    """Return an empty document.

    Parameters
    ----------
    title : str
        Of the document's properties.
    running : str
        Stands on top of every page, on the left: district and year.
    mark : str
        On the right: that the data are invented, where they are.
    """
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin = Mm(30), Mm(27)
    _set_styles(document, lang)
    _head_and_foot(document, running, mark)
    about = document.core_properties
    about.title, about.author, about.comments = clean(title), "qb", ""
    about.language = _LANGUAGES[lang]
    about.created = about.modified = datetime.now(UTC).replace(tzinfo=None)
    return document


def _set_styles(document: Document, lang: str) -> None:
    styles = document.styles
    normal = styles["Normal"]
    set_fonts(normal, LATIN, SONG)
    normal.font.size = Pt(11)
    normal.paragraph_format.line_spacing = 1.4
    normal.paragraph_format.space_after = Pt(6)
    language = _LANGUAGES[lang]
    normal.element.rPr.append(tag("lang", val=language, eastAsia=language))
    for name, size, bold, before, after in _HEADINGS:
        style = styles[name]
        set_fonts(style, LATIN, HEI)
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
    caption.paragraph_format.space_before, caption.paragraph_format.space_after = Pt(10), Pt(4)
    for name, size, after in _OWN:
        own = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        own.base_style = normal
        own.font.size = Pt(size)
        own.paragraph_format.space_after = Pt(after)
    styles[CELL].paragraph_format.line_spacing = 1.1
    styles[LEAD].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    styles[CONTENTS].paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)


def _head_and_foot(document: Document, running: str, mark: str) -> None:
    section = document.sections[0]
    top = section.header.paragraphs[0]
    top.style = document.styles[CELL]  # the template's own has stops for letter paper
    top.paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    top.add_run(clean(f"{running}\t{mark}" if mark else running))
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_field(foot, "PAGE", "1")
    foot.add_run(" / ")
    add_field(foot, "NUMPAGES", "1")
