"""File names made of identifiers: readable where they can be, safe on every system, never the same twice."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

LONGEST = 40  # characters: 40 Chinese ones take 120 of the 255 bytes that a name may have

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_OTHER = re.compile(r"[^\w（）·-]+")


def file_names(identifiers: Iterable[str]) -> dict[str, str]:
    """Return a file name, without its ending, for each identifier.

    An identifier of letters, digits and ``_-·（）`` is its own name. Any other, one that Windows
    reserves, one that is too long, and those that differ only in case or in width, get what is left of
    them and a digest: the same for the same identifier among the same ones.

    Examples
    --------
    >>> file_names(["001", "西门小学", "../etc"])
    {'001': '001', '西门小学': '西门小学', '../etc': '_etc~f7f9121f'}
    >>> file_names(["a1", "A1"])["a1"] == "a1"
    False
    """
    wanted = {text: _legible(text) for text in identifiers}
    taken = Counter(map(_folded, wanted.values()))
    own = {t for t, n in wanted.items() if t == n and taken[_folded(n)] == 1 and not _RESERVED.fullmatch(n)}
    return {text: name if text in own else f"{name}~{_digest(text)}" for text, name in wanted.items()}


def _legible(text: str) -> str:
    # A leading hyphen would make the name an option of the next command.
    return _OTHER.sub("_", unicodedata.normalize("NFC", text))[:LONGEST].lstrip("-") or "_"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
