"""An .xlsx package looked at before its sheets are laid out: refused where too large; formulas without a value; hidden cells."""

from __future__ import annotations

import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree

from qb.errors import UnreadableError
from qb.language import Message

# A sheet of twelve columns filled to Excel's last row unpacks to about 0.4 GiB.
UNPACKED_LIMIT = 2**30
# The reader lays a sheet out to its farthest filled cell, 32 bytes a cell, and ends the whole program where
# memory does not suffice. Up to column Z Excel's last row is within the limit, so a stray cell does no harm.
AREA_LIMIT = 26 * 1_048_576

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of old workbooks, and of new ones with a password
_LOCKED = "EncryptedPackage".encode("utf-16-le")
BROKEN = (
    Message("不是有效的工作簿", "is no valid workbook"),
    Message("用电子表格软件打开后另存为 .xlsx", "Open it in a spreadsheet program and save it as .xlsx"),
)


def is_locked(data: bytes) -> bool:
    """Whether a file is an .xlsx that asks for a password."""
    return data.startswith(_OLE) and _LOCKED in data


def with_slashes(data: bytes) -> bytes:
    """Return a zipped workbook under the names that the format asks for; some programs write backslashes.

    What is not so named, or no such file, comes back as it is.
    """
    archive = open_package(data)
    if archive is None or not any("\\" in name for name in archive.namelist()):
        return data
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name.replace("\\", "/"), read_part(archive, name))
    return made.getvalue()


def open_package(data: bytes) -> zipfile.ZipFile | None:
    """Return the parts of a zipped workbook, none of them unpacked; None for a file that is not zipped.

    Raises
    ------
    UnreadableError
        If it would unpack to more than ``UNPACKED_LIMIT`` bytes, or is damaged. (A part larger than it
        declares is refused by the reader of sheets.)
    """
    if not data.startswith(b"PK"):
        return None
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise UnreadableError(*BROKEN) from None
    unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > UNPACKED_LIMIT:
        raise UnreadableError(
            Message(
                "解开后有 {:.1f} GiB，超过 {:g} GiB 的上限，没有打开",
                "unpacks to {:.1f} GiB, above the limit of {:g} GiB; not opened",
                unpacked / 2**30,
                UNPACKED_LIMIT / 2**30,
            ),
            Message(
                "确认文件来源；确有这么多数据的，请分成几个文件或改用 parquet",
                "Is its source known? Split so many data over several files, or use parquet",
            ),
        )
    names = [name.lower() for name in archive.namelist()]
    if len(set(names)) < len(names):  # two programs may each take another one of them
        raise UnreadableError(*BROKEN)
    return archive


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part that holds each sheet, by the sheet's name; empty if it is no .xlsx."""
    try:
        book = ElementTree.fromstring(read_part(archive, "xl/workbook.xml"))
        links = ElementTree.fromstring(read_part(archive, "xl/_rels/workbook.xml.rels"))
    except (LookupError, ValueError, ElementTree.ParseError):  # no such part, encoding or markup
        return {}
    target = {link.get("Id"): link.get("Target", "") for link in links}
    given = {name.lower(): name for name in archive.namelist()}
    parts = {}
    for sheet in book.findall(".//{*}sheet"):
        link = next((value for key, value in sheet.items() if key.endswith("}id")), None)
        path = posixpath.normpath(posixpath.join("/xl", target.get(link, "")))[1:]
        if path.lower() in given:
            parts[sheet.get("name", "")] = given[path.lower()]
    return parts


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one part.

    Raises
    ------
    KeyError
        If there is no such part.
    UnreadableError
        If it is damaged, or packed in a way that workbooks are not.
    """
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError):
        raise UnreadableError(*BROKEN) from None


# As wide as letters and digits go: what is no name of a cell to a spreadsheet is one to the reader.
_FAR = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]{2,}\d+["']""")
_FILLED = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)(\d+)["'][^<>]*(?<!/)>(?!</)""")


def require_area(xml: bytes, sheet: str) -> None:
    """Refuse a sheet whose farthest filled cell would have it laid out beyond ``AREA_LIMIT``.

    Formatted cells without content do not count.
    """
    if not _FAR.search(xml):
        return  # within column Z even the last row is within the limit
    cells = _FILLED.findall(xml)
    width = max((column_number(letters.decode().upper()) for letters, _ in cells), default=0)
    height = max((int(row) for _, row in cells), default=0)
    if width * height > AREA_LIMIT:
        raise UnreadableError(
            Message(
                "工作表“{}”的内容一直排到第 {} 列、第 {} 行，范围过大",
                "has content on sheet “{}” as far as column {}, row {}: too wide",
                sheet,
                column_letters(width),
                height,
            ),
            Message("删去远离数据的内容", "Delete what stands far from the data"),
        )


_SIGNS = (b"<f", b":f", b'="e"', b"='e'")  # a sheet without any of these has no formulas and no errors
_TAG = re.compile(rb"<(?:\w+:)?(row|c)(\s[^<>]*?)?(/?)>")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>](?:[^<>]*>)?([^<]*)")
CELL_NAME = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?>([^<]*)<")


@dataclass(frozen=True)
class Calculated:
    """A cell with a formula or an error: its stored value and what kind that is, as the file has them."""

    cell: str
    kind: str
    value: str
    formula: str = ""

    @property
    def unread(self) -> bool:
        """Whether the reader takes it for empty though it is not: an error, or never computed."""
        return self.kind == "e" or (not self.value and self.kind != "str")


def calculated_cells(xml: bytes) -> list[Calculated]:
    """Return the cells of a sheet that hold a formula or an error.

    Examples
    --------
    A formula may have an empty text for a result; that is a result. A cell without a name stands right
    of the one before it.

    >>> cells = calculated_cells(
    ...     b'<row r="1"><c r="A1"><v>2</v></c><c><f>1+1</f></c><c r="C1" t="str"><f>D1</f><v></v></c></row>'
    ... )
    >>> [(found.cell, found.unread) for found in cells]
    [('B1', True), ('C1', False)]
    """
    if not any(sign in xml for sign in _SIGNS):
        return []
    found = []
    for name, attributes, body in _cells(xml):
        kind = _attribute(attributes, "t")
        formula = _FORMULA.search(body)
        if kind == "e" or formula:
            value = _VALUE.search(body)
            text = value[1].decode("utf-8", "replace") if value else ""
            found.append(Calculated(name, kind, text, _plain(formula[1]) if formula else ""))
    return found


def _plain(text: bytes) -> str:
    return unescape(text.decode("utf-8", "replace"))


def unescape(text: str) -> str:
    """Return text of XML as it reads; that of :mod:`xml.sax` loads what speaks HTTP, each time a command starts."""
    for written, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(written, sign)
    return text


def _cells(xml: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Give each cell that is not empty: its name (the file may leave it out), attributes and content."""
    row = column = 0
    for tag in _TAG.finditer(xml):
        kind, attributes, closed = tag.groups(default=b"")
        given = _attribute(attributes, "r") if b"r=" in attributes else ""
        if kind == b"row":
            row, column = int(given) if given.isdigit() else row + 1, 0
            continue
        if named := CELL_NAME.fullmatch(given):
            column = column_number(named[1])
        else:
            column += 1
            given = f"{column_letters(column)}{max(row, 1)}"
        if not closed:
            end = _CLOSED.search(xml, tag.end())
            yield given, attributes, xml[tag.end() : end.start() if end else len(xml)]


_CLOSED = re.compile(rb"</(?:\w+:)?c>")


def shown_codes(archive: zipfile.ZipFile, xml: bytes) -> dict[str, int]:
    """Return the cells that a format of zeros shows with zeros in front, and how many digits it shows.

    >>> import io
    >>> pack = zipfile.ZipFile(io.BytesIO(), "w")
    >>> pack.writestr("xl/styles.xml", '<s><numFmt numFmtId="164" formatCode="0000000"/>'
    ...     '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></s>')
    >>> shown_codes(pack, b'<row r="2"><c r="A2" s="1"><v>234001</v></c><c r="B2" s="0"><v>7</v></c></row>')
    {'A2': 7}
    """
    styles = _styles_of_zeros(archive)
    if not styles:
        return {}
    cells = ((name, _attribute(attributes, "s")) for name, attributes, _ in _cells(xml))
    return {name: styles[style] for name, style in cells if style in styles}


_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s([^<>]*)>")
_ZEROS = re.compile(r'(?:\[[^\]]*\])*"?(0{2,})"?(?:_.)?(?:;.*)?')


def _styles_of_zeros(archive: zipfile.ZipFile) -> dict[str, int]:
    try:
        xml = read_part(archive, "xl/styles.xml")
    except KeyError:
        return {}
    digits = {
        _attribute(found, "numFmtId"): len(zeros[1])
        for found in _FORMAT.findall(xml)
        if (zeros := _ZEROS.fullmatch(unescape(_attribute(found, "formatCode"))))
    }
    if not digits:
        return {}
    used = re.search(rb"<(?:\w+:)?cellXfs.*?</(?:\w+:)?cellXfs>", xml, re.DOTALL)
    looks = re.findall(rb"<(?:\w+:)?xf\s([^<>]*)>", used[0]) if used else []
    formats = (_attribute(look, "numFmtId") for look in looks)
    return {str(number): digits[format] for number, format in enumerate(formats) if format in digits}


def hidden(xml: bytes) -> tuple[int, int]:
    """Return how many rows and columns of a sheet are hidden.

    >>> hidden(b'<cols><col min="2" max="3" hidden="1"/></cols><row r="1" hidden="1"></row>')
    (1, 2)
    """
    if b"hidden=" not in xml:
        return 0, 0
    rows = sum(_is_hidden(tag[2] or b"") for tag in _TAG.finditer(xml) if tag[1] == b"row")
    columns = [found for found in re.findall(rb"<(?:\w+:)?col\s([^<>]*)>", xml) if _is_hidden(found)]
    widths = (int(_attribute(c, "max") or 0) - int(_attribute(c, "min") or 0) + 1 for c in columns)
    return rows, sum(width for width in widths if width < 1000)  # to the right of the data all may be


def _is_hidden(attributes: bytes) -> bool:
    return _attribute(attributes, "hidden") in ("1", "true")


def texts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Give what stands in comments and boxes: the part, and its text."""
    for name in archive.namelist():
        if re.search(r"(?i)(comment|drawing)[^/]*\.xml$", name) and "vml" not in name.lower():
            xml = read_part(archive, name)
            yield (
                name,
                _plain(re.sub(rb"<[^<>]*>", b"", re.sub(rb"</(?:\w+:)?(?:p|comment|text)>", b" ", xml))),
            )


def _attribute(attributes: bytes, name: str) -> str:
    found = re.search(rb"(?:^|\s)%s=[\"']([^\"']*)" % name.encode(), attributes)
    return found[1].decode("utf-8", "replace") if found else ""


def column_number(letters: str) -> int:
    """Return the place of a column, from 1.

    >>> column_number("A"), column_number("AA"), column_number("XFD")
    (1, 27, 16384)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """Return the name of a column by its place, from 1.

    >>> column_letters(26), column_letters(27), column_letters(16384)
    ('Z', 'AA', 'XFD')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
