"""What users read, in Chinese and in English: `say`, `Message`, the language of errors, JSON as text."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import pandas as pd

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)


def say(lang: Lang, zh: str, en: str) -> str:
    """Return the wording in the language of the page."""
    return zh if lang == "zh" else en


def told(value: Any, lang: Lang) -> Any:
    """Return what has both languages (a `Message`, a term, a text) in one of them; all else as it is."""
    return getattr(value, lang, value)


def reader() -> Lang:
    """Return the language in which errors are told: English where the environment says ``QB_LANG=en``."""
    return "en" if os.environ.get("QB_LANG", "").lower().startswith("en") else "zh"


class Message(str):
    """A sentence in both languages with what fills it in, for a reader whose language is not known yet.

    As a text it is Chinese, so that frames, JSON and logs hold it like any other; `en` is the same in
    English. What fills it in may itself have two languages. `code` tells one kind of message from another.

    Parameters
    ----------
    zh, en : str
        The wording, filled in as by `str.format`; both name the same arguments.
    *arguments : object

    Examples
    --------
    >>> from qb.terms import Stage
    >>> few = Message("{}在校生不足 {} 人", "{}: fewer than {} pupils", Stage.PRIMARY, 50)
    >>> few, few.en, few.code, few.arguments[1]
    ('小学在校生不足 50 人', 'Primary: fewer than 50 pupils', '{}在校生不足 {} 人', 50)

    A frame keeps messages whole only in a column of kind ``object`` (:func:`column`).
    """

    code: str
    _english: str
    arguments: tuple[object, ...]

    def __new__(cls, zh: str, en: str, *arguments: object) -> Message:
        """Fill in the Chinese; the English waits until it is asked for."""
        made = super().__new__(cls, _filled(zh, "zh", arguments))
        made.code, made._english, made.arguments = zh, en, arguments
        return made

    @property
    def zh(self) -> str:
        """The sentence in Chinese."""
        return str(self)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return _filled(self._english, "en", self.arguments)

    def __deepcopy__(self, _: object) -> Message:
        return self

    def __reduce__(self) -> tuple[type[Message], tuple[object, ...]]:
        return Message, (self.code, self._english, *self.arguments)

    def __add__(self, more: str) -> Message:
        return Message("{}{}", "{}{}", self, more)

    def __radd__(self, before: str) -> Message:
        return Message("{}{}", "{}{}", before, self)

    def over(self, change: Callable[[object], object]) -> Message:
        """Return the message with other arguments, those of its parts too."""
        changed = (a.over(change) if isinstance(a, Message) else change(a) for a in self.arguments)
        return Message(self.code, self._english, *changed)

    def each(self, change: Callable[[str], str]) -> Message:
        """Return the message with both wordings changed."""
        return Message("{}", "{}", Both(change(self.zh), change(self.en)))


class FieldName(str):
    """The name of a field of a file, as an argument: where the file is not seen, it is called otherwise."""


class Both:
    """Two wordings that need no filling in."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en


_ZH, _EN = (
    "零一二三四五六七八九十",
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
)


def in_words(count: int) -> Both:
    """Return a small number as a word, a greater one in digits.

    >>> in_words(7).zh, in_words(5).en, in_words(31).en
    ('七', 'five', '31')
    """
    return Both(*(words[count] if count < len(words) else str(count) for words in (_ZH, _EN)))


def _filled(wording: str, lang: Lang, arguments: tuple[object, ...]) -> str:
    if not arguments:
        return wording
    # Most are plain texts and numbers: looking for another language in each takes longer than all the rest.
    plain = (str, int, float)
    return wording.format(*[a if type(a) in plain else told(a, lang) for a in arguments])


def joined(zh: str, en: str, parts: Iterable[object]) -> Message:
    """Return parts as one message, with what stands between them in Chinese and in English.

    >>> joined("；", "; ", ["甲", Message("乙", "B")]).en
    '甲; B'
    """
    parts = tuple(parts)
    return Message(zh.join(["{}"] * len(parts)), en.join(["{}"] * len(parts)), *parts)


def listing(parts: Iterable[object]) -> Message:
    """Return names or numbers as a list: 甲、乙.

    >>> listing([2024, 2025]).en
    '2024, 2025'
    """
    return joined("、", ", ", parts)


def column(messages: Iterable[object]) -> pd.Series:
    """Return messages as a column of a frame, in which they stay messages."""
    import pandas as pd  # what prints a sentence needs no frames

    return pd.Series(list(messages), dtype=object)


NOTHING = Message("", "")
STOP = Message("。", ".")
COLON = Message("：", ": ")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for a JSON document; what is not known is None."""
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def json_text(document: Any, lang: Lang = "zh") -> str:
    """Return a JSON document as text, with every message in the language; keys and words of closed sets stay.

    >>> json_text({"verdict": "fail", "why": [Message("甲", "A")]}, "en")
    '{"verdict": "fail", "why": ["A"]}'
    """
    return json.dumps(_told(document, lang), ensure_ascii=False, allow_nan=False)


def _told(document: Any, lang: Lang) -> Any:
    if isinstance(document, dict):
        return {key: _told(value, lang) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_told(value, lang) for value in document]
    return told(document, lang) if isinstance(document, Message) else document
