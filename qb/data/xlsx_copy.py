"""An .xlsx package copied with some parts changed or added: what is not touched stays byte for byte."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from qb.data.xlsx_package import column_letters

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"


TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml."


_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def link_kind(kind: str) -> str:
    """Return the last word of a relationship's kind, which is the same in both dialects of the format."""
    return kind.rsplit("/", 1)[-1]


class Package:
    """An .xlsx package to be copied with some parts changed.

    Attributes
    ----------
    archive : ZipFile
    sheets : dict of str to str
        The part of each sheet, by its name.
    changed : dict of str to bytes
        Parts that are changed or new.
    """

    def __init__(self, archive: zipfile.ZipFile, sheets: Mapping[str, str]) -> None:
        self.archive, self.sheets = archive, dict(sheets)
        self.changed: dict[str, bytes] = {}
        self._names = {name.lower(): name for name in archive.namelist()}
        self.book = self.named("xl/workbook.xml") or ""

    def named(self, part: str) -> str | None:
        """Return a part's name as the package spells it, None where there is none."""
        return self._names.get(part.lower())

    def read(self, part: str) -> bytes:
        """Return a part as it stands now."""
        return self.changed[part] if part in self.changed else self.archive.read(part)

    def links(self, part: str) -> dict[str, list[tuple[str, str]]]:
        """Return what a part leads to: identifier and part of each relationship, by kind."""
        found: dict[str, list[tuple[str, str]]] = {}
        file = self.named(_links_of(part)) or _links_of(part)
        if file not in self.changed and file not in self.archive.namelist():
            return found
        for link in etree.fromstring(self.read(file), PARSER):
            target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), link.get("Target", "")))
            place = self.named(target[1:]) or target[1:]
            found.setdefault(link_kind(link.get("Type", "")), []).append((link.get("Id", ""), place))
        return found

    def link(self, part: str, kind: str, target: str) -> str:
        """Let a part lead to another one, and return the identifier."""
        file = self.named(_links_of(part)) or _links_of(part)
        if file in self.changed or file in self.archive.namelist():
            root = etree.fromstring(self.read(file), PARSER)
        else:
            root = etree.Element(
                f"{{{_PACKAGE}relationships}}Relationships", nsmap={None: f"{_PACKAGE}relationships"}
            )
        taken = {link.get("Id") for link in root}
        name = next(f"rId{n}" for n in range(1, len(taken) + 2) if f"rId{n}" not in taken)
        relative = posixpath.relpath("/" + target, "/" + posixpath.dirname(part))
        etree.SubElement(
            root, f"{{{_PACKAGE}relationships}}Relationship", Id=name, Type=f"{LINKS}/{kind}", Target=relative
        )
        self.changed[file] = to_xml(root)
        return name

    def add(self, part: str, content: bytes, kind: str, *, suffix: str = "") -> None:
        """Add a part of a kind of content, named in the list of kinds by itself or by its suffix."""
        self.changed[part] = content
        file = self.named("[Content_Types].xml") or "[Content_Types].xml"
        root = etree.fromstring(self.read(file), PARSER)
        space = f"{{{_PACKAGE}content-types}}"
        if suffix:
            if not any(
                entry.get("Extension", "").lower() == suffix for entry in root.iter(f"{space}Default")
            ):
                root.insert(0, root.makeelement(f"{space}Default", Extension=suffix, ContentType=kind))
        else:
            etree.SubElement(root, f"{space}Override", PartName="/" + part, ContentType=kind)
        self.changed[file] = to_xml(root)

    def free(self, pattern: str) -> str:
        """Return the first name of a pattern with a number that no part has."""
        taken = {*self._names, *(name.lower() for name in self.changed)}
        return next(
            name for n in range(1, len(taken) + 2) if (name := pattern.format(n)).lower() not in taken
        )

    def write(self, made: Path) -> None:
        """Write the copy: the parts in their order, then those that are new."""
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
            for part in self.archive.infolist():
                content = self.changed.get(part.filename)
                copy.writestr(part, self.archive.read(part) if content is None else content)
            for name, content in self.changed.items():
                if name not in self.archive.NameToInfo:
                    copy.writestr(name, content)


PARSER = etree.XMLParser(resolve_entities=False, huge_tree=True)


def _links_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def to_xml(root: etree._Element) -> bytes:
    """Return an element as a part of a package."""
    return _DECLARATION + etree.tostring(root, encoding="UTF-8")


class Styles:
    """The cell formats of a workbook; new ones are appended, none there is touched."""

    def __init__(self, package: Package) -> None:
        self._package = package
        found = package.links(package.book).get("styles", [])
        if found:
            self.part = found[0][1]
        else:
            self.part = package.free("xl/styles{}.xml")
            package.add(self.part, _STYLES, TYPES + "styles+xml")
            package.link(package.book, "styles", self.part)
        self._root = etree.fromstring(package.read(self.part), PARSER)
        self._made: dict[tuple[object, ...], int] = {}
        self._fills: dict[str, int] = {}

    def coloured(self, base: int, colour: str | None) -> int:
        """Return the format of another one with this colour, or with none."""
        key = (base, colour)
        if key not in self._made:
            xf = self._copy(base)
            xf.set("fillId", str(self._fill(colour) if colour else 0))
            xf.set("applyFill", "1" if colour else "0")
            self._made[key] = self._append("cellXfs", xf)
        return self._made[key]

    def text(self, colour: str | None = None, *, bold: bool = False) -> int:
        """Return a format of wrapped text at the top of its cell."""
        key = ("text", colour, bold)
        if key not in self._made:
            xf = self._copy(-1)
            if bold:
                font = self._element("font")
                etree.SubElement(font, self._tag("b"))
                etree.SubElement(font, self._tag("sz"), val="11")
                xf.set("fontId", str(self._append("fonts", font)))
                xf.set("applyFont", "1")
            if colour:
                xf.set("fillId", str(self._fill(colour)))
                xf.set("applyFill", "1")
            xf.set("applyAlignment", "1")
            etree.SubElement(xf, self._tag("alignment"), vertical="top", wrapText="1")
            self._made[key] = self._append("cellXfs", xf)
        return self._made[key]

    def with_colours(self, colours: Iterable[str]) -> set[int]:
        """Return the formats filled with one of these colours and nothing else."""
        wanted = set(colours)
        fills = {
            place
            for place, fill in enumerate(self._group("fills"))
            if (front := fill.find(".//{*}fgColor")) is not None and front.get("rgb") in wanted
        }
        return {n for n, xf in enumerate(self._group("cellXfs")) if int(xf.get("fillId", 0)) in fills}

    def save(self) -> None:
        """Put the formats back into the package, where any were added."""
        if self._made:
            self._package.changed[self.part] = to_xml(self._root)

    def _copy(self, base: int) -> etree._Element:
        given = self._group("cellXfs")
        if 0 <= base < len(given):
            return deepcopy(given[base])
        return self._element("xf", numFmtId="0", fontId="0", fillId="0", borderId="0", xfId="0")

    def _fill(self, colour: str) -> int:
        if colour not in self._fills:
            fill = self._element("fill")
            pattern = etree.SubElement(fill, self._tag("patternFill"), patternType="solid")
            etree.SubElement(pattern, self._tag("fgColor"), rgb=colour)
            etree.SubElement(pattern, self._tag("bgColor"), indexed="64")
            self._fills[colour] = self._append("fills", fill)
        return self._fills[colour]

    def _append(self, group: str, element: etree._Element) -> int:
        parent = self._group(group)
        parent.append(element)
        parent.set("count", str(len(parent)))
        return len(parent) - 1

    def _group(self, name: str) -> etree._Element:
        found = self._root.find(self._tag(name))
        if (
            found is None
        ):  # in their order: fonts, fills, borders and the rest stand where the format wants them
            order = [self._tag(n) for n in _GROUPS]
            found = self._element(name)
            before = [e for e in self._root if e.tag in order[: order.index(found.tag)]]
            self._root.insert(self._root.index(before[-1]) + 1 if before else 0, found)
            for content in _LEAST.get(name, ()):
                found.append(etree.fromstring(content.format(self._space), PARSER))
        return found

    @property
    def _space(self) -> str:
        return etree.QName(self._root).namespace or MAIN

    def _tag(self, name: str) -> str:
        return f"{{{self._space}}}{name}"

    def _element(self, name: str, **attributes: str) -> etree._Element:
        return self._root.makeelement(self._tag(name), attributes)


_GROUPS = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs")


_LEAST = {
    "fonts": ('<font xmlns="{}"><sz val="11"/></font>',),
    "fills": (
        '<fill xmlns="{}"><patternFill patternType="none"/></fill>',
        '<fill xmlns="{}"><patternFill patternType="gray125"/></fill>',
    ),
    "borders": ('<border xmlns="{}"/>',),
    "cellStyleXfs": ('<xf xmlns="{}" numFmtId="0" fontId="0" fillId="0" borderId="0"/>',),
    "cellXfs": ('<xf xmlns="{}" numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>',),
}


_STYLES = (
    _DECLARATION
    + (
        f'<styleSheet xmlns="{MAIN}">'
        + "".join(
            f"<{name}>{''.join(e.format(MAIN) for e in _LEAST[name])}</{name}>"
            for name in _GROUPS
            if name in _LEAST
        )
        + "</styleSheet>"
    ).encode()
)


def text_sheet(
    rows: Iterable[Iterable[tuple[str, int]]], widths: Iterable[float], links: Mapping[str, str], frozen: int
) -> bytes:
    """Return the XML of a sheet that holds texts only.

    Parameters
    ----------
    rows : iterable of iterables of (str, int)
        Each text with its format.
    widths : iterable of float
        Of the columns.
    links : dict of str to str
        Where cells lead to within the workbook.
    frozen : int
        Rows that stay on the screen.
    """
    pieces = [f'<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">']
    pieces.append(
        f'<pane ySplit="{frozen}" topLeftCell="A{frozen + 1}" activePane="bottomLeft" state="frozen"/>'
    )
    pieces.append("</sheetView></sheetViews><cols>")
    for place, width in enumerate(widths, start=1):
        pieces.append(f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>')
    pieces.append("</cols><sheetData>")
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f'<c r="{column_letters(place)}{number}" s="{look}" t="inlineStr"><is>'
            f'<t xml:space="preserve">{escape(text)}</t></is></c>'
            for place, (text, look) in enumerate(row, start=1)
            if text
        )
        pieces.append(f'<row r="{number}">{cells}</row>')
    pieces.append("</sheetData>")
    if links:
        pieces.append("<hyperlinks>")
        pieces += [f'<hyperlink ref="{cell}" location={quoteattr(place)}/>' for cell, place in links.items()]
        pieces.append("</hyperlinks>")
    pieces.append("</worksheet>")
    return _DECLARATION + "".join(pieces).encode()


def add_text_sheet(package: Package, name: str, xml: bytes) -> None:
    """Put a sheet of texts into a workbook: in place of the one of that name, or as the last."""
    if name in package.sheets:
        package.changed[package.sheets[name]] = xml
        return
    part = package.free("xl/worksheets/sheet{}.xml")
    package.add(part, xml, TYPES + "worksheet+xml")
    link = package.link(package.book, "worksheet", part)
    book = package.read(package.book)
    numbers = [int(n) for n in re.findall(rb"sheetId=[\"'](\d+)", book)]
    before, tag, after = re.split(rb"(</(?:\w+:)?sheets>)", book, maxsplit=1)
    prefix = tag[2 : -len(b"sheets>")].decode()
    number = max(numbers, default=0) + 1
    named = f'name={quoteattr(name)} sheetId="{number}" r:id="{link}"'
    entry = f'<{prefix}sheet xmlns:r="{LINKS}" {named}/>'
    package.changed[package.book] = before + entry.encode() + tag + after
    package.sheets[name] = part
