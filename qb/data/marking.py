"""`qb check --marked`: the workbook as it was handed in, every faulty cell coloured and explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape

from lxml import etree
from lxml.etree import XMLSyntaxError

from qb.data.cell_values import CONTROL
from qb.data.table_headers import A_SHEET, tables_among
from qb.data.workbook import LONGEST, RESULT, open_book, write_xlsx
from qb.data.xlsx_copy import LINKS, MAIN, PARSER, TYPES, Package, Styles, add_text_sheet, text_sheet, to_xml
from qb.data.xlsx_package import column_letters, column_number
from qb.errors import Fault, QbError
from qb.language import Lang, Message, told
from qb.personal_data import kinds_of, mask
from qb.terms import WORKBOOK, Severity

COLOURS = {Severity.STOPS: "FFFFC7CE", Severity.WARNING: "FFFFEB9C", Severity.NOTE: "FFE2EFDA"}
_AUTHOR, _MARK = "qb", Message("【核查结果】", "[qb check]")
_HEADERS = (
    (Message("程度", "Severity"), 10),
    (Message("规则", "Rule"), 8),
    (Message("工作表", "Sheet"), 14),
    (Message("单元格", "Cell"), 9),
    (Message("学校标识码", "School"), 16),
    (Message("问题", "What is wrong"), 60),
    (Message("怎么改", "What to do"), 50),
)


def mark(path: str | Path, faults: Iterable[Fault], out: str | Path, lang: Lang = "zh") -> None:
    """Write a copy of a workbook in which each faulty cell is coloured and says what is wrong with it.

    All faults, also those that belong to no cell, are listed on the sheet 核查结果. Marks of an earlier
    check are taken off first. Nothing else changes: but for the marked cells, their formats, the notes and
    that sheet, every part of the file is copied byte for byte. Numbers of persons stand nowhere in full.

    Parameters
    ----------
    path : str or Path
        The .xlsx workbook, as it was read.
    faults : iterable of Fault
        Of :func:`qb.data.checks.check`, or of the :class:`qb.errors.DataError` where it cannot be read.
    out : str or Path
        The copy to make, whole or not at all. Nothing that stands there is replaced.
    lang : {"zh", "en"}
        Of the notes and the list; the sheet is called 核查结果 in both, so that marks are known again.

    Raises
    ------
    QbError
        If the workbook cannot be opened, or the copy cannot be made.
    """
    source, faults = Path(path), list(faults)
    if source.suffix.lower() != WORKBOOK or not source.is_file():
        raise QbError(
            "只有 {} 工作簿可以标注，{} 不是。请用不带 --marked 的核查。",
            "Only workbooks ({}) can be marked, and {} is none. Check without --marked.",
            WORKBOOK,
            source,
        )
    with open_book(source) as book:
        if not book.is_xlsx:
            raise QbError(
                "{} 不是有效的工作簿。用电子表格软件打开后另存为 .xlsx。",
                "{} is no valid workbook. Open it in a spreadsheet program and save it as .xlsx.",
                source,
            )
        package = Package(book.archive, book.parts)
        try:
            _mark(package, faults, lang)
        except (XMLSyntaxError, KeyError, ValueError, AttributeError) as error:
            raise QbError(
                "{} 无法标注（{}）。用电子表格软件打开后另存为 .xlsx。",
                "{} cannot be marked ({}). Open it in a spreadsheet program and save it as .xlsx.",
                source,
                error,
            ) from None
        write_xlsx(Path(out), package.write)


def _mark(package: Package, faults: list[Fault], lang: Lang) -> None:
    tables, _ = tables_among((name for name in package.sheets if name != RESULT), A_SHEET)
    by_sheet: dict[str, dict[str, list[Fault]]] = {}
    for fault in faults:
        for sheet, cell in _cells_of(fault, tables):
            if sheet in package.sheets:
                by_sheet.setdefault(sheet, {}).setdefault(cell, []).append(fault)
    styles = Styles(package)
    earlier = styles.with_colours(COLOURS.values()) if RESULT in package.sheets else set()
    for sheet, part in list(package.sheets.items()):
        if sheet != RESULT and (earlier or sheet in by_sheet):
            _mark_sheet(package, part, styles, by_sheet.get(sheet, {}), earlier, lang)
    _list(package, styles, faults, tables, lang)
    styles.save()
    for part in [*package.archive.namelist(), *package.changed]:
        if _WITH_TEXT.search(part):
            _hide_numbers(package, part)


def _sheet_of(fault: Fault, tables: dict[str, str]) -> str:
    return fault.sheet or tables.get(fault.table or "", "")


def _cells_of(fault: Fault, tables: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Give the sheet and the name of every cell of a fault."""
    places = [(_sheet_of(fault, tables), fault.cell, fault.rows)]
    places += [(tables.get(place["table"], ""), place["cell"], place["rows"]) for place in fault.also]
    for sheet, cell, rows in places:
        if cell:
            letters = cell.rstrip("0123456789")
            yield from ((sheet, name) for name in ([f"{letters}{row}" for row in rows] or [cell]))


def _mark_sheet(
    package: Package,
    part: str,
    styles: Styles,
    by_cell: dict[str, list[Fault]],
    earlier: set[int],
    lang: Lang,
) -> None:
    """Take earlier marks off a sheet and put new ones on."""
    notes = Notes(package, part)
    sheet = SheetXml(package.read(part))
    formats: dict[Place, Callable[[int], int]] = {}
    for cell, text in notes.texts().items() if earlier else ():
        for mark in (_MARK.zh, _MARK.en):
            if mark not in text:
                continue
            notes.cut(cell, mark)  # the colour that stood there before is not known any more
            formats[place_of(cell)] = partial(_uncoloured, styles, earlier)
    merged = sheet.merged_into() if by_cell else {}
    found: dict[Place, list[Fault]] = {}
    for cell, mine in by_cell.items():
        place = place_of(cell)
        found.setdefault(merged.get(place, place), []).extend(mine)
    standing = notes.texts()
    texts: dict[Place, str] = {}
    for place, mine in found.items():
        gravest = min(mine, key=lambda fault: list(Severity).index(fault.severity))
        formats[place] = partial(_coloured, styles, COLOURS[gravest.severity])
        cell = f"{column_letters(place[1])}{place[0]}"
        if not notes.is_thread(cell):  # it is in the list; a spreadsheet writes the note of a thread anew
            lines = (
                Message("{}（{}）：{}。{}。", "{} ({}): {}. {}.", f.severity, f.rule, f.message, f.remedy)
                for f in mine
            )
            before = "\n\n" if cell in standing else ""
            note = "\n".join(told(line, lang) for line in (_MARK, *lines))
            notes.append(cell, before + _plain(note), _AUTHOR)
        if any(one.rule == "P02" for one in mine):
            texts |= _hidden(sheet, place)
    package.changed[part] = sheet.changed(formats, texts)
    notes.save()


def _coloured(styles: Styles, colour: str, base: int) -> int:
    return styles.coloured(base, colour)


def _uncoloured(styles: Styles, earlier: set[int], base: int) -> int:
    return styles.coloured(base, None) if base in earlier else base


def _hidden(sheet: SheetXml, place: Place) -> dict[Place, str]:
    """Return what stands in a cell instead of a number of a person typed as a number, or computed."""
    value = sheet.number_at(place)
    return {place: mask(value)} if kinds_of(value) else {}


_WITH_TEXT = re.compile(r"(?i)\.(?:xml|vml|rels)$")
_TEXT = re.compile(rb"(?<=>)[^<>]{11,}(?=<)")
# In attributes, where words of people stand: names, what a rule says and asks, where a link leads.
_WORDS = re.compile(
    rb"(?<=\s)(?:name|prompt|promptTitle|error|errorTitle|location|display|tooltip|displayName|Target|descr|alt|title|ref)"
    rb"=(?:\"[^\"<>]{11,}\"|'[^'<>]{11,}')"
)
_AMOUNT = re.compile(rb"[-+\d.eE]+")
_NUMERIC = re.compile(rb"<(?:\w+:)?v>$")
_DIGITS = re.compile("[0-9０-９][0-9０-９ -]{9,}")


def _hide_numbers(package: Package, part: str) -> None:
    """Leave no identity or mobile number in full in a text: the copy goes from hand to hand."""
    given = package.read(part)

    def text(found: re.Match[bytes]) -> bytes:
        value = _NUMERIC.search(given, max(0, found.start() - 20), found.start())
        return found[0] if value and _AMOUNT.fullmatch(found[0]) else _masked(found[0])

    hidden = _WORDS.sub(lambda found: _masked(found[0]), _TEXT.sub(text, given))
    if hidden != given:
        package.changed[part] = hidden


def _masked(text: bytes) -> bytes:
    plain = text.decode("utf-8", "surrogateescape")
    if not _DIGITS.search(plain) or not kinds_of(plain):
        return text
    return mask(plain).replace("*", "＊").encode("utf-8", "surrogateescape")  # a sheet's name has no *


def _plain(text: str) -> str:
    return CONTROL.sub("", text)[:LONGEST]


def _list(package: Package, styles: Styles, faults: list[Fault], tables: dict[str, str], lang: Lang) -> None:
    """Fill the sheet of results: how many, then a row for each fault, leading to its cell."""
    bold, plain = styles.text(bold=True), styles.text()
    count = (
        Message("共 {} 处", "{} in all", len(faults)) if faults else Message("没有发现问题", "Nothing found")
    )
    rows: list[list[tuple[str, int]]] = [
        [(told(count, lang), plain)],
        [(told(header, lang), bold) for header, _ in _HEADERS],
    ]
    links = {}
    for fault in faults:
        sheet = _sheet_of(fault, tables)
        where = (sheet or fault.table or "", fault.cell or "", fault.school_id or "")
        texts = (fault.severity, fault.rule, *where, fault.message, fault.remedy)
        looks = (styles.text(COLOURS[fault.severity]), *(plain,) * len(texts))
        rows.append([(_plain(told(text, lang)), look) for text, look in zip(texts, looks, strict=False)])
        if fault.cell and sheet in package.sheets:
            links[f"D{len(rows)}"] = "'{}'!{}".format(sheet.replace("'", "''"), fault.cell)
    xml = text_sheet(rows, [width for _, width in _HEADERS], links, frozen=2)
    add_text_sheet(package, RESULT, xml)


# Colours and notes put into the XML of a sheet: only the marked cells change; notes join the sheet's own.

# Cells of a sheet

Place = tuple[int, int]  # row and column, from 1
_ROW = re.compile(rb"<((?:\w+:)?)row((?:\s[^<>]*?)?)(/?)>")
_CELL = re.compile(rb"<((?:\w+:)?)c((?:\s[^<>]*?)?)(/?)>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^<>]*?ref=[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)")
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^<>]*)>")
_DATA = re.compile(rb"<((?:\w+:)?)sheetData\s*(/?)>")


@dataclass
class SheetXml:
    """The XML of one sheet, of which some cells get another format or another text."""

    xml: bytes

    def number_at(self, place: Place) -> str:
        """Return what stands in a cell as a number, or as the text that its formula gave; empty for none."""
        name = f"{column_letters(place[1])}{place[0]}".encode()
        cell = re.search(
            rb"<((?:\w+:)?)c(\s[^<>]*?\br=[\"']%s[\"'][^<>]*)>(.*?)</\1c>" % name, self.xml, re.DOTALL
        )
        value = re.search(rb"<(?:\w+:)?v(?:\s[^<>]*)?>([^<]*)<", cell[3]) if cell else None
        kind = _attribute(cell[2], b"t") if cell else b""
        if value is None or kind not in (b"", b"n", b"str"):
            return ""
        text = value[1].decode()
        return text if kind == b"str" or not text else f"{float(text):.0f}"

    def merged_into(self) -> dict[Place, Place]:
        """Return for each cell of a merged area, but the first, the first."""
        found: dict[Place, Place] = {}
        for left, top, right, bottom in _MERGED.findall(self.xml):
            first = (int(top), column_number(left.decode()))
            rows = range(first[0], min(int(bottom), first[0] + 999) + 1)
            columns = range(first[1], min(column_number(right.decode()), first[1] + 999) + 1)
            found |= {(row, column): first for row in rows for column in columns if (row, column) != first}
        return found

    def changed(self, formats: Mapping[Place, Callable[[int], int]], texts: Mapping[Place, str]) -> bytes:
        """Return the XML with other formats and texts in some cells; those not there are put in.

        Parameters
        ----------
        formats : dict of (int, int) to callable
            Given the format that a cell has, its row's or its column's included, the one it shall have.
        texts : dict of (int, int) to str
            What stands in a cell instead of its value.
        """
        by_row: dict[int, set[int]] = {}
        for row, column in (*formats, *texts):
            by_row.setdefault(row, set()).add(column)
        data = _DATA.search(self.xml)
        if not by_row or data is None:
            return self.xml
        columns = self._column_formats(self.xml[: data.start()])
        prefix = data[1]
        if data[2]:  # no rows at all
            begin, end, opened = data.start(), data.end(), b"<%ssheetData>" % prefix
            rest = b"</%ssheetData>" % prefix
            body = b""
        else:
            begin = end = data.end()
            stop = self.xml.rfind(b"</%ssheetData>" % prefix)
            opened, rest, body = b"", b"", self.xml[end:stop]
            end = stop
        pieces, at, number = [opened], 0, 0
        wanted = sorted(by_row)
        for match in _ROW.finditer(body):
            given = _attribute(match[2], b"r")
            number = int(given) if given.isdigit() else number + 1
            if not wanted or number < wanted[0]:
                continue
            pieces.append(body[at : match.start()])
            at = match.start()
            while wanted and wanted[0] < number:
                row = wanted.pop(0)
                pieces.append(self._row(prefix, row, b"", b"", by_row[row], formats, texts, columns))
            if wanted and wanted[0] == number:
                wanted.pop(0)
                closing = b"</%srow>" % match[1]
                last = match.end() if match[3] else body.index(closing, match.end())
                inner = b"" if match[3] else body[match.end() : last]
                pieces.append(
                    self._row(match[1], number, match[2], inner, by_row[number], formats, texts, columns)
                )
                at = last if match[3] else last + len(closing)
        pieces.append(body[at:])
        pieces += [self._row(prefix, row, b"", b"", by_row[row], formats, texts, columns) for row in wanted]
        return self.xml[:begin] + b"".join(pieces) + rest + self.xml[end:]

    @staticmethod
    def _column_formats(head: bytes) -> list[tuple[int, int, int]]:
        found = []
        for attributes in _COLUMN.findall(head):
            style = _attribute(attributes, b"style")
            if style.isdigit():
                first, last = (int(_attribute(attributes, name) or 0) for name in (b"min", b"max"))
                found.append((first, last, int(style)))
        return found

    @staticmethod
    def _row(
        prefix: bytes,
        number: int,
        attributes: bytes,
        inner: bytes,
        places: set[int],
        formats: Mapping[Place, Callable[[int], int]],
        texts: Mapping[Place, str],
        columns: list[tuple[int, int, int]],
    ) -> bytes:
        own = (
            int(_attribute(attributes, b"s") or 0)
            if _attribute(attributes, b"customFormat") in (b"1", b"true")
            else None
        )

        def inherited(column: int) -> int:
            if own is not None:
                return own
            return next((style for first, last, style in columns if first <= column <= last), 0)

        def made(column: int, attributes: bytes, content: bytes) -> bytes:
            given = _attribute(attributes, b"s")
            style = int(given) if given.isdigit() else 0 if attributes else inherited(column)
            if (number, column) in formats:
                style = formats[number, column](style)
            kept = re.sub(rb"\s(?:r|s)=(?:\"[^\"]*\"|'[^']*')", b"", attributes)
            if (number, column) in texts:
                kept = re.sub(rb"\st=(?:\"[^\"]*\"|'[^']*')", b"", kept) + b' t="inlineStr"'
                text = escape(texts[number, column]).encode()
                content = b'<%sis><%st xml:space="preserve">%s</%st></%sis>' % (
                    (prefix,) * 2 + (text,) + (prefix,) * 2
                )
            name = f"{column_letters(column)}{number}".encode()
            start = b'<%sc r="%s" s="%d"%s' % (prefix, name, style, kept)
            return start + (b">" + content + b"</%sc>" % prefix if content else b"/>")

        pieces, at, column, wanted, inserted = [], 0, 0, sorted(places), False
        for cell in _CELL.finditer(inner):
            if cell.start() < at:
                continue
            named = re.match(rb"([A-Za-z]+)\d", _attribute(cell[2], b"r"))
            column = column_number(named[1].decode().upper()) if named else column + 1
            pieces.append(inner[at : cell.start()])
            while wanted and wanted[0] < column:
                pieces.append(made(wanted.pop(0), b"", b""))
                inserted = True
            closing = b"</%sc>" % cell[1]
            last = cell.end() if cell[3] else inner.index(closing, cell.end())
            at = last if cell[3] else last + len(closing)
            content = b"" if cell[3] else inner[cell.end() : last]
            if wanted and wanted[0] == column:
                wanted.pop(0)
                pieces.append(made(column, cell[2] or b" ", content))
            elif named:
                pieces.append(inner[cell.start() : at])
            else:  # what stands left of it may be new
                name = f"{column_letters(column)}{number}".encode()
                pieces.append(b'<%sc r="%s"' % (cell[1], name) + inner[cell.start() + len(cell[1]) + 2 : at])
        inserted = inserted or bool(wanted)
        pieces += [made(column, b"", b"") for column in wanted]
        pieces.append(inner[at:])
        if inserted:
            attributes = re.sub(rb"\sspans=(?:\"[^\"]*\"|'[^']*')", b"", attributes)
        if not _attribute(attributes, b"r"):
            attributes = b' r="%d"' % number + attributes
        return b"<%srow%s>%s</%srow>" % (prefix, attributes.rstrip(), b"".join(pieces), prefix)


def _attribute(attributes: bytes, name: bytes) -> bytes:
    found = re.search(rb"(?:^|\s)%s=(?:\"([^\"]*)\"|'([^']*)')" % name, attributes)
    return (found[1] if found[1] is not None else found[2]) if found else b""


# What follows the drawing of notes in a sheet's XML, in the order of the format.
_AFTER_NOTES = (
    "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts",
    "extLst", "AlternateContent",
)  # fmt: skip


def with_notes_drawing(xml: bytes, link: str) -> bytes:
    """Return a sheet's XML that leads to the shapes of its notes."""
    depth, place, found = 0, None, None
    parser = expat.ParserCreate()

    def start(name: str, _: object) -> None:
        nonlocal depth, place
        if depth == 1 and place is None and found and name.rsplit(":", 1)[-1] in _AFTER_NOTES:
            place = parser.CurrentByteIndex
        depth += 1

    def end(name: str) -> None:
        nonlocal depth, found, place
        depth -= 1
        if depth == 1 and name.rsplit(":", 1)[-1] == "sheetData":
            found = name
        if depth == 0 and place is None:
            place = parser.CurrentByteIndex

    # The rows say nothing of what comes after them, and are passed over.
    data = _DATA.search(xml)
    closing = xml.rfind(b"</%ssheetData>" % data[1]) if not data[2] else data.end()
    skipped = closing - data.end()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(xml[: data.end()] + xml[closing:], True)
    at = place + skipped
    prefix = data[1].decode()
    element = f'<{prefix}legacyDrawing xmlns:r="{LINKS}" r:id="{link}"/>'
    return xml[:at] + element.encode() + xml[at:]


# Notes


@dataclass
class Notes:
    """The notes of one sheet and the shapes that show them."""

    package: Package
    sheet: str
    part: str = field(init=False, default="")
    shapes: str = field(init=False, default="")

    def __post_init__(self) -> None:
        links = self.package.links(self.sheet)
        found = links.get("comments", [])
        self.part = found[0][1] if found else ""
        drawings = dict(links.get("vmlDrawing", []))
        used = re.search(
            rb"<(?:\w+:)?legacyDrawing\s[^<>]*?(?<![\w])\w+:id=[\"']([^\"']+)", self.package.read(self.sheet)
        )
        self.shapes = drawings.get(used[1].decode(), "") if used else ""
        text = self.package.read(self.part) if self.part else _NOTES
        self._root = etree.fromstring(text, PARSER)
        self._vml = self.package.read(self.shapes) if self.shapes else _SHAPES
        space = etree.QName(self._root).namespace
        self._tag = lambda name: f"{{{space}}}{name}" if space else name
        self._list = self._root.find(self._tag("commentList"))
        if self._list is None:
            self._list = etree.SubElement(self._root, self._tag("commentList"))
        self._notes = {note.get("ref"): note for note in self._list}
        self._authors = self._root.find(self._tag("authors"))
        if self._authors is None:
            self._authors = self._root.makeelement(self._tag("authors"))
            self._root.insert(0, self._authors)
        self._changed = False
        self._new: dict[str, str] = {}

    def texts(self) -> dict[str, str]:
        """Return the text of each note by its cell."""
        return {ref: "".join(t.text or "" for t in self._pieces(note)) for ref, note in self._notes.items()}

    def is_thread(self, cell: str) -> bool:
        """Whether what stands at a cell is a conversation, whose note a spreadsheet writes anew from it."""
        note = self._notes.get(cell)
        if note is None:
            return False
        authors = list(self._authors)
        place = int(note.get("authorId", 0))
        return place < len(authors) and (authors[place].text or "").startswith("tc=")

    def append(self, cell: str, text: str, author: str) -> None:
        """Add a text to a cell's note, or the note."""
        self._changed = True
        note = self._notes.get(cell)
        if note is None:
            names = [name.text for name in self._authors]
            if author not in names:
                etree.SubElement(self._authors, self._tag("author")).text = author
            place = names.index(author) if author in names else len(names)
            note = etree.SubElement(self._list, self._tag("comment"), ref=cell, authorId=str(place))
            self._notes[cell] = note
            self._new[cell] = text
        else:
            self._make_room(cell, "".join(t.text or "" for t in self._pieces(note)) + text)
        body = note.find(self._tag("text"))
        if body is None:
            body = etree.SubElement(note, self._tag("text"))
        bare = body.find(self._tag("t"))
        if bare is not None:  # a text without runs becomes one
            run = self._root.makeelement(self._tag("r"))
            body.replace(bare, run)
            run.append(bare)
            bare.set(_SPACE, "preserve")
        run = etree.SubElement(body, self._tag("r"))
        piece = etree.SubElement(run, self._tag("t"))
        piece.set(_SPACE, "preserve")
        piece.text = text

    def cut(self, cell: str, mark: str) -> None:
        """Take off what a note says from a mark on, and the note where nothing is left."""
        self._changed = True
        note, over = self._notes[cell], False
        for piece in self._pieces(note):
            before, found, _ = (piece.text or "").partition(mark)
            piece.text = "" if over else before
            over = over or bool(found)
        left = [piece for piece in self._pieces(note) if piece.text]
        while left and not left[-1].text.rstrip():
            left.pop().text = ""
        if left:
            left[-1].text = left[-1].text.rstrip()
            return
        self._list.remove(note)
        del self._notes[cell]
        shape = self._shape(cell)
        if shape:
            self._vml = self._vml[: shape.start()] + self._vml[shape.end() :]

    def save(self) -> None:
        """Put the notes back into the package, where any were changed."""
        if not self._changed:
            return
        if self.part:
            self.package.changed[self.part] = to_xml(self._root)
        else:
            self.part = self.package.free("xl/comments{}.xml")
            self.package.add(self.part, to_xml(self._root), TYPES + "comments+xml")
            self.package.link(self.sheet, "comments", self.part)
        shapes = self._with_new_shapes()
        if self.shapes:
            self.package.changed[self.shapes] = shapes
        else:
            self.shapes = self.package.free("xl/drawings/vmlDrawing{}.vml")
            kind = "application/vnd.openxmlformats-officedocument.vmlDrawing"
            self.package.add(self.shapes, shapes, kind, suffix="vml")
            name = self.package.link(self.sheet, "vmlDrawing", self.shapes)
            self.package.changed[self.sheet] = with_notes_drawing(self.package.read(self.sheet), name)

    def _pieces(self, note: etree._Element) -> list[etree._Element]:
        return [t for t in note.iter(self._tag("t")) if t.getparent().tag != self._tag("rPh")]

    def _shape(self, cell: str) -> re.Match[bytes] | None:
        row, column = place_of(cell)
        for shape in _SHAPE.finditer(self._vml):
            here = [re.search(rb"<x:%s>\s*(\d+)\s*<" % name, shape[0]) for name in (b"Row", b"Column")]
            if all(here) and (int(here[0][1]), int(here[1][1])) == (row - 1, column - 1):
                return shape
        return None

    def _make_room(self, cell: str, text: str) -> None:
        """Show a note that has grown in full."""
        shape = self._shape(cell)
        if shape:
            larger = re.sub(rb"<x:Anchor>[^<]*<", b"<x:Anchor>%s<" % _anchor(cell, text), shape[0], count=1)
            self._vml = self._vml[: shape.start()] + larger + self._vml[shape.end() :]

    def _with_new_shapes(self) -> bytes:
        """Return the shapes with those of new notes, numbered in blocks that no other shape uses."""
        if not self._new:
            return self._vml
        blocks = [int(n) for found in _BLOCKS.findall(self._vml) for n in found[1].split(b",") if n]
        numbers = [int(n) // 1024 for n in re.findall(rb"_x0000_s(\d+)", self._vml)]
        first = max([*blocks, *numbers], default=0) + 1
        used = b",".join(b"%d" % block for block in range(first, first + len(self._new) // 1023 + 1))
        vml = _BLOCKS.sub(rb'\g<1>\g<2>,%s"' % used, self._vml, count=1)
        pieces = [] if b'id="_x0000_t202"' in vml else [_NOTE_KIND]
        for count, (cell, text) in enumerate(self._new.items()):
            row, column = place_of(cell)
            number = (first + count // 1023) * 1024 + count % 1023 + 1
            pieces.append(_NOTE_SHAPE % (number, _anchor(cell, text), row - 1, column - 1))
        at = vml.rindex(b"</xml>")
        return vml[:at] + b"".join(pieces) + vml[at:]


_BLOCKS = re.compile(rb"(<o:idmap\s[^<>]*?data=\")([\d,]*)\"")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_NOTES = f'<comments xmlns="{MAIN}"><authors/><commentList/></comments>'.encode()
_SHAPE = re.compile(rb"<v:shape\s.*?</v:shape>\s*", re.DOTALL)
_SHAPES = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    b'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data="1"/></o:shapelayout></xml>'
)
_NOTE_KIND = (
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_NOTE_SHAPE = (
    b'<v:shape id="_x0000_s%d" type="#_x0000_t202" style="position:absolute;visibility:hidden" '
    b'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
    b'<v:shadow on="t" color="black" obscured="t"/>'
    b'<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto">'
    b'<div style="text-align:left"></div></v:textbox><x:ClientData ObjectType="Note">'
    b"<x:MoveWithCells/><x:SizeWithCells/><x:Anchor>%s</x:Anchor>"
    b"<x:AutoFill>False</x:AutoFill><x:Row>%d</x:Row><x:Column>%d</x:Column></x:ClientData></v:shape>"
)


def _anchor(cell: str, text: str) -> bytes:
    """Return where a note stands: right of its cell, as high as its text asks."""
    row, column = place_of(cell)
    lines = sum(ceil((len(line) + 1) / 22) for line in text.split("\n"))
    top = max(row - 2, 0)
    return b"%d, 15, %d, 4, %d, 15, %d, 4" % (column, top, column + 5, top + lines + 2)


def place_of(cell: str) -> Place:
    """Return row and column of a cell by its name.

    >>> place_of("AB12")
    (12, 28)
    """
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]), column_number(letters)
