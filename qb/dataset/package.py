"""What lies in an .xlsx file, looked at before anything lays its sheets out in memory."""

from __future__ import annotations

import lzma
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree

from qb.dataset.files import UnreadableError

# A sheet of twelve columns filled to Excel's last row unpacks to about 0.4 GiB.
UNPACKED_LIMIT = 2**30
# The reader lays a sheet out to its farthest filled cell, 32 bytes a cell, and ends the whole program where
# memory does not suffice. Up to column Z Excel's last row is within the limit, so a stray cell does no harm.
AREA_LIMIT = 26 * 1_048_576

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of old workbooks, and of new ones with a password
_LOCKED = "EncryptedPackage".encode("utf-16-le")
BROKEN = ("不是有效的工作簿", "用电子表格软件打开后另存为 .xlsx")


def is_locked(data: bytes) -> bool:
    """Whether a file is an .xlsx that asks for a password."""
    return data.startswith(_OLE) and _LOCKED in data


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
            f"解开后有 {unpacked / 2**30:.1f} GiB，超过 {UNPACKED_LIMIT / 2**30:g} GiB 的上限，没有打开",
            "确认文件来源；确有这么多数据的，请分成几个文件或改用 parquet",
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
_FILLED = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)(\d+)["'][^<>]*(?<!/)>""")


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
            f"工作表“{sheet}”的内容一直排到第 {column_letters(width)} 列、第 {height} 行，范围过大",
            "删去远离数据的内容",
        )


_SIGNS = (b"<f", b":f", b'="e"', b"='e'")  # a sheet without any of these has no formulas and no errors
_CELL = re.compile(rb"<(?:\w+:)?c\s([^<>]*)(?<!/)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
CELL_NAME = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?>([^<]*)<")


@dataclass(frozen=True)
class Calculated:
    """A cell with a formula or an error: its stored value and what kind that is, as the file has them."""

    cell: str
    kind: str
    value: str

    @property
    def unread(self) -> bool:
        """Whether the reader takes it for empty though it is not: an error, or never computed."""
        return self.kind == "e" or (not self.value and self.kind != "str")


def calculated_cells(xml: bytes) -> list[Calculated]:
    """Return the cells of a sheet that hold a formula or an error.

    Examples
    --------
    A formula may have an empty text for a result; that is a result.

    >>> cells = calculated_cells(
    ...     b'<c r="A1"><v>2</v></c><c r="B1"><f>1+1</f></c><c r="C1" t="str"><f>D1</f><v></v></c>'
    ... )
    >>> [(found.cell, found.unread) for found in cells]
    [('B1', True), ('C1', False)]
    """
    if not any(sign in xml for sign in _SIGNS):
        return []
    found = []
    for attributes, body in _CELL.findall(xml):
        name, kind = _attribute(attributes, "r"), _attribute(attributes, "t")
        if CELL_NAME.fullmatch(name) and (kind == "e" or _FORMULA.search(body)):
            value = _VALUE.search(body)
            text = value[1].decode("utf-8", "replace") if value else ""
            found.append(Calculated(name, kind, text))
    return found


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
