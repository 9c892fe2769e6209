"""Documents of Word and Excel that tell whether somebody has written in them since they were made."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

from qb.errors import QbError
from qb.files import FILLED_IN

_CORE = "docProps/core.xml"
_WRITTEN = ("word/document.xml", "xl/sharedStrings.xml", "xl/worksheets/")  # the parts in which people write
_SEAL = re.compile(r"<dc:identifier>(.*?)</dc:identifier>")


def seal(path: Path) -> None:
    """Put into a document, as its identifier, the digest of what is written in it."""
    with zipfile.ZipFile(path) as made:
        parts = [(entry, made.read(entry)) for entry in made.infolist()]
        digest = _digest(made)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as sealed:
        for entry, raw in parts:
            if entry.filename == _CORE:
                text = _SEAL.sub("", raw.decode())
                end = text.rindex("</")
                raw = f"{text[:end]}<dc:identifier>{digest}</dc:identifier>{text[end:]}".encode()
            sealed.writestr(entry, raw)


def refuse_filled_in(path: Path) -> None:
    """Refuse to replace a document in which somebody has written, or that is none of ours.

    Nothing but the document itself is asked: a site's record may be lost.

    Raises
    ------
    QbError
        If one stands there.
    """
    if path.is_file() and not _as_made(path):
        raise QbError(*FILLED_IN, path.name)


def _as_made(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as found:
            seals = _SEAL.findall(found.read(_CORE).decode())
            return seals == [_digest(found)]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def _digest(document: zipfile.ZipFile) -> str:
    found = hashlib.sha256()
    for name in sorted(name for name in document.namelist() if name.startswith(_WRITTEN)):
        found.update(name.encode() + document.read(name))
    return found.hexdigest()
