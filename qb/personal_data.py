"""What is about persons: recognised in text, and never shown in full."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from qb.language import Message

# Headers of columns beyond the registry: these words anywhere, or these as the whole.
_ANYWHERE = re.compile(
    r"姓名|身份证|证件号|学籍号|电话|手机|联系方式|微信|住址|出生(日期|年月)|idcard|identity|phone|mobile|birth"
)
_WHOLLY = re.compile(r"(学生|教师|老师|校长|班主任|负责人|填报人|填表人|联系人|家长|监护人)(名字?)?")

# Digits may stand in groups, with spaces or hyphens between them.
# What follows a decimal point is the rest of an amount.
_IDENTITY = re.compile(r"(?<![0-9])(?<![0-9]\.)[1-9](?:[ -]?[0-9]){16}[ -]?[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9])(?<![0-9]\.)(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9])")
SHORTEST = 11  # characters of the shorter of the two
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY = Message("身份证号", "an identity number")
MOBILE = Message("手机号码", "a mobile number")


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are the number of an identity card: a day of birth, and the check digit.

    Social credit codes of schools have 18 characters too, and codes may have as many digits.

    Examples
    --------
    The example of GB 11643-1999, and the same with another check digit.

    >>> is_identity_number("11010519491231002X"), is_identity_number("110105194912310021")
    (True, False)
    """
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True)) % 11
    return born.year >= 1900 and "10X98765432"[rest] == text[17].upper()


def names_persons(header: str) -> bool:
    """Whether a header says that a column is about persons.

    >>> names_persons("联系 电话"), names_persons("教师"), names_persons("教师数")
    (True, True, False)
    """
    text = re.sub(r"[\s_\-()]", "", unicodedata.normalize("NFKC", header)).casefold()
    return bool(_ANYWHERE.search(text) or _WHOLLY.fullmatch(text))


def kinds_of(text: str, *, codes: bool = False) -> list[Message]:
    """Return which numbers of persons a text holds; in columns of codes only those with a check digit.

    >>> kinds_of("电话 13800001111"), kinds_of("13800001111", codes=True)
    (['手机号码'], [])
    """
    plain = unicodedata.normalize("NFKC", text)
    found = [IDENTITY] if any(_is_identity(match[0]) for match in _IDENTITY.finditer(plain)) else []
    return found + ([MOBILE] if not codes and _MOBILE.search(plain) else [])


def _is_identity(typed: str) -> bool:
    return is_identity_number(re.sub("[ -]", "", typed))


def mask(text: str, keep: str | None = None) -> str:
    """Return a text in which no identity or mobile number stands in full.

    Parameters
    ----------
    text : str
    keep : str, optional
        What is known to be a code, and stays.

    Examples
    --------
    >>> mask("电话 138 0000 1111，证号 11010519491231002X，标识码 3302012345")
    '电话 138****1111，证号 110***********002X，标识码 3302012345'
    """
    if sum(letter.isdigit() for letter in text) < SHORTEST:
        return text

    def identity(found: re.Match[str]) -> str:
        plain = re.sub("[ -]", "", found[0])
        return f"{plain[:3]}***********{plain[-4:]}" if is_identity_number(_narrow(plain)) else found[0]

    def mobile(found: re.Match[str]) -> str:
        plain = re.sub(r"[ \-]", "", found[0])
        return found[0] if found[0] == keep else f"{plain[:-8]}****{plain[-4:]}"

    narrow = _narrow(text)  # digit by digit, so that places stay
    masked = _MOBILE.sub(mobile, _IDENTITY.sub(identity, narrow))
    return text if masked == narrow else masked


def _narrow(text: str) -> str:
    return text.translate(_DIGITS)


_DIGITS = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF38: "X", 0xFF58: "x"}
