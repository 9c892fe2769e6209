"""The few things that python-docx leaves to its caller: fields, fonts, rules of a table."""

from __future__ import annotations

import re

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph
from lxml.etree import _Element as Element

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def tag(name: str, *inside: Element, **attributes: object) -> Element:
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


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Add a field that Word computes, with what stands there until it does."""
    for inside in field_start(instruction):
        paragraph._p.append(tag("r", inside))
    paragraph._p.append(tag("r", words(shown)))
    paragraph._p.append(tag("r", tag("fldChar", fldCharType="end")))


def field_start(instruction: str, **attributes: object) -> tuple[Element, ...]:
    """Return what stands before a field's result."""
    asked = OxmlElement("w:instrText")
    asked.set(qn("xml:space"), "preserve")
    asked.text = f" {instruction} "
    begin = tag("fldChar", fldCharType="begin", **attributes)
    return begin, asked, tag("fldChar", fldCharType="separate")


def set_fonts(style: ParagraphStyle, latin: str, chinese: str) -> None:
    """Give a style its fonts, those of the template's theme taken off."""
    style.font.name = latin
    fonts = style.element.get_or_add_rPr().rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", chinese)):
        fonts.set(qn(f"w:{script}"), font)
