"""The workbook as it was handed in, with every faulty cell coloured and explained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from lxml.etree import XMLSyntaxError

from qb.data.cell_values import CONTROL
from qb.data.table_headers import A_SHEET, tables_among
from qb.data.workbook import LONGEST, RESULT, open_book, write_xlsx
from qb.data.xlsx_copy import Package, Styles, add_text_sheet, text_sheet
from qb.data.xlsx_marks import Notes, Place, SheetXml, place_of
from qb.data.xlsx_package import column_letters
from qb.errors import Fault, QbError
from qb.language import Lang, Message, told
from qb.personal import kinds_of, mask
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
        Of :func:`qb.checks.check`, or of the :class:`qb.errors.DataError` where it cannot be read.
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
    formats: dict[Place, object] = {}
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
    standing, texts = notes.texts(), {}
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
