"""TOML files with a type: read, and everything wrong with them said in words, the entry named."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from qb.errors import QbError, why
from qb.language import Both, Message, joined, listing
from qb.terms import LARGEST


class Entry(BaseModel):
    """A table of a TOML file: cannot be changed, and knows no key but its own.

    A key that Python keeps for itself (``from``) may also be given by the field's name (``from_``).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        allow_inf_nan=False,
        populate_by_name=True,
    )


Model = TypeVar("Model", bound=BaseModel)
UNUSABLE = (
    "{}有 {} 处不能用，请逐条改正：",
    "{} cannot be used in {} places; put them right one by one:",
)


def read_toml(
    path: Path,
    model: type[Model],
    what: Message,
    refuse: type[QbError],
    hidden: tuple[str, ...] = (),
    context: object = None,
) -> Model:
    """Read a file as a model; see `read_document` and `as_model`."""
    return as_model(read_document(path, what, refuse), path, model, what, refuse, hidden, context)


def as_model(
    document: dict[str, Any],
    path: Path,
    model: type[Model],
    what: Message,
    refuse: type[QbError],
    hidden: tuple[str, ...] = (),
    context: object = None,
) -> Model:
    """Return what a file says as a model.

    Parameters
    ----------
    path : Path
    model : type
        A pydantic model; its own refusals are a ``ValueError`` of messages, one for each thing wrong.
    what : Message
        What the file is, as a message begins.
    refuse : type of QbError
        What is raised where the file cannot be read or an entry makes no sense; every such entry is
        named.
    hidden : tuple of str
        Fields under which the model gathers what the file writes without them.
    context : object
        What the model's own checks may look at.
    """
    try:
        return model.model_validate(document, context=context)
    except ValidationError as error:
        lines = _lines(document, error, hidden)
        raise refuse(*UNUSABLE, Message("{} {} ", "{} {}", what, path), len(lines), lines=lines) from None


def read_document(path: Path, what: Message, refuse: type[QbError]) -> dict[str, Any]:
    """Read a file as plain tables and lists; `refuse` is raised where it cannot be read."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        large = list(too_large(document))
    except OSError as error:
        raise refuse(
            "{} {} 无法读取：{}。请检查文件及其权限。",
            "{} {} cannot be read: {}. Check the file and its permissions.",
            what,
            path,
            why(error),
        ) from None
    except UnicodeDecodeError as error:
        raise refuse(
            "{} {} 第 {} 个字节起不是 UTF-8 编码。请另存为 UTF-8。",
            "{} {} is not UTF-8 from byte {} on. Save it as UTF-8.",
            what,
            path,
            error.start + 1,
        ) from None
    except (ValueError, RecursionError) as error:
        raise refuse(
            "{} {} 不是有效的 TOML：{}。请按提示的行列改正。",
            "{} {} is no valid TOML: {}. Put the line and column right that it names.",
            what,
            path,
            error,
        ) from None
    if large:
        raise refuse(
            "{} {} 中有大得不可能的数（{}）。请核对位数。",
            "{} {} has impossibly large numbers ({}). Check their digits.",
            what,
            path,
            listing(large[:5]),
        )
    return document


def too_large(node: object, name: str = "") -> Iterator[str]:
    """Yield the names of numbers with which no sum can be made."""
    if isinstance(node, dict | list):
        parts = node.items() if isinstance(node, dict) else ((name, part) for part in node)
        for key, part in parts:
            yield from too_large(part, key)
    elif isinstance(node, int | float) and LARGEST < abs(node) < math.inf:
        yield name


# What pydantic finds, said plainly; its own words stand for what is not listed.
_TABLE = ("须为一组“键 = 值”", "must be a group of “key = value”")
_ONE_OF = ("只能是 {expected}", "can only be {expected}")
_WHOLE = ("须为整数", "must be a whole number")
_BOOLEAN = ("须为 true 或 false", "must be true or false")
PLAIN = {
    "missing": ("缺少这一项", "is missing"),
    "extra_forbidden": (
        "不认识这一项，请删去或改正拼写",
        "is not known: delete it or put the spelling right",
    ),
    "greater_than": ("须大于 {gt:g}", "must be above {gt:g}"),
    "greater_than_equal": ("须不小于 {ge:g}", "must not be below {ge:g}"),
    "less_than": ("须小于 {lt:g}", "must be below {lt:g}"),
    "less_than_equal": ("须不大于 {le:g}", "must not be above {le:g}"),
    "finite_number": ("须为有限的数", "must be a finite number"),
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "string_pattern_mismatch": ("写法不对，应合于 {pattern}", "is not written as {pattern}"),
    "string_type": ("须为文字", "must be a text"),
    "string_too_short": ("不能为空", "cannot be empty"),
    "float_type": ("须为数字", "must be a number"),
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "tuple_type": ("须为列表", "must be a list"),
    "list_type": ("须为列表", "must be a list"),
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "too_short": ("至少要有 {min_length} 条", "must have {min_length} entries or more"),
    "union_tag_invalid": (
        "没有“{tag}”这种操作，可用：{expected_tags}",
        "there is no action “{tag}”; there are: {expected_tags}",
    ),
    "union_tag_not_found": ("缺少 do（做什么）", "do (what is done) is missing"),
}


def plainly(fault: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong where pydantic found a fault: a message for each thing.

    A model's own refusal is a ``ValueError`` of messages.
    """
    given = fault.get("ctx", {})
    if fault["type"] == "value_error":
        return given["error"].args
    if fault["type"] not in PLAIN:
        return (fault["msg"],)
    if "expected" in given:
        given = {"expected": given["expected"].replace(" or ", ", ")}
    zh, en = PLAIN[fault["type"]]
    return (Message("{}", "{}", Both(zh.format(**given), en.format(**given))),)


def _lines(document: dict[str, Any], error: ValidationError, hidden: tuple[str, ...]) -> list[str]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for fault in error.errors(include_url=False):
        place = _place(document, tuple(part for part in fault["loc"] if part not in hidden))
        found.setdefault(place + shown(fault["input"]), []).append(plainly(fault))
    lines: list[str] = []
    for place, branches in found.items():
        if not place:
            lines += branches[0]
            continue
        # Several at one place are the branches of one choice, such as an option's types.
        first = joined("，或", ", or ", dict.fromkeys(branch[0] for branch in branches))
        lines += [Message("{}：{}", "{}: {}", place, first), *(m for branch in branches for m in branch[1:])]
    return lines


def _place(document: object, loc: tuple[int | str, ...]) -> str:
    """Write a place as ``C5 limits[0].value``: the entry by its code, the rest as in the file."""
    place, node = "", document
    for depth, part in enumerate(loc):
        if not isinstance(node, list if isinstance(part, int) else dict):
            break  # the rest names a branch that pydantic tried, not a place in the file
        node = node[part] if isinstance(part, int) else node.get(part)  # type: ignore[union-attr]
        if isinstance(part, str):
            place += part if not place or place.endswith(" ") else f".{part}"
        elif depth == 1 and (name := _name(node)):
            place = f"{name} "
        else:
            place += f"[{part}]"
    return place.rstrip()


def _name(entry: object) -> str:
    keys = ("code", "item", "name")
    known = (entry.get(key) for key in keys) if isinstance(entry, dict) else ()
    return next((name for name in known if isinstance(name, str)), "")


def shown(given: object) -> str:
    """Return a value as a message shows it; empty for what is not written on one line."""
    if not isinstance(given, str | int | float):
        return ""
    # A whole number of thousands of digits is one that Python declines to print.
    huge = isinstance(given, int) and given.bit_length() > 64
    if huge:
        return Message("（现为过大的整数）", " (it is a whole number too large)")
    return Message("（现为 {!r:.60}）", " (it is {!r:.60})", given)
