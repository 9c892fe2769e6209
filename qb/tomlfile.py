"""TOML files with a type: read, and everything wrong with them said in words, the entry named."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from qb.errors import QbError, why
from qb.terms import LARGEST


class Entry(BaseModel):
    """A table of a TOML file: cannot be changed, and knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def read_toml(
    path: Path,
    model: type[Model],
    what: str,
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
    what: str,
    refuse: type[QbError],
    hidden: tuple[str, ...] = (),
    context: object = None,
) -> Model:
    """Return what a file says as a model.

    Parameters
    ----------
    path : Path
    model : type
        A pydantic model; its own refusals are sentences in Chinese, one a line.
    what : str
        What the file is, in Chinese, as a message begins.
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
        raise refuse(_in_words(f"{what} {path}", document, error, hidden)) from None


def read_document(path: Path, what: str, refuse: type[QbError]) -> dict[str, Any]:
    """Read a file as plain tables and lists; `refuse` is raised where it cannot be read."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        large = list(too_large(document))
    except OSError as error:
        raise refuse(f"{what} {path} 无法读取：{why(error)}。请检查文件及其权限。") from None
    except UnicodeDecodeError as error:
        raise refuse(
            f"{what} {path} 第 {error.start + 1} 个字节起不是 UTF-8 编码。请另存为 UTF-8。"
        ) from None
    except (ValueError, RecursionError) as error:
        raise refuse(f"{what} {path} 不是有效的 TOML：{error}。请按提示的行列改正。") from None
    if large:
        raise refuse(f"{what} {path} 中有大得不可能的数（{'、'.join(large[:5])}）。请核对位数。")
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
PLAIN = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识这一项，请删去或改正拼写",
    "greater_than": "须大于 {gt:g}",
    "greater_than_equal": "须不小于 {ge:g}",
    "less_than": "须小于 {lt:g}",
    "less_than_equal": "须不大于 {le:g}",
    "finite_number": "须为有限的数",
    "literal_error": "只能是 {expected}",
    "enum": "只能是 {expected}",
    "string_pattern_mismatch": "写法不对，应合于 {pattern}",
    "string_type": "须为文字",
    "string_too_short": "不能为空",
    "float_type": "须为数字",
    "int_type": "须为整数",
    "int_from_float": "须为整数",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "tuple_type": "须为列表",
    "dict_type": "须为一组“键 = 值”",
    "model_type": "须为一组“键 = 值”",
    "too_short": "至少要有 {min_length} 条",
    "value_error": "{error}",
}


def _in_words(label: str, document: dict[str, Any], error: ValidationError, hidden: tuple[str, ...]) -> str:
    found: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        place = _place(document, tuple(part for part in fault["loc"] if part not in hidden))
        plain = PLAIN.get(fault["type"])
        message = plain.format(**fault.get("ctx", {})) if plain else fault["msg"]
        found.setdefault(place + shown(fault["input"]), []).append(message.replace(" or ", ", "))
    # Several messages at one place are the branches of one choice, such as an option's types.
    lines = [
        f"{place}：{'，或'.join(messages)}" if place else messages[0] for place, messages in found.items()
    ]
    lines = "\n".join(lines).splitlines()
    return f"{label} 有 {len(lines)} 处不能用，请逐条改正：\n" + "\n".join(f"  {x}" for x in lines)


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
    return next((str(entry[k]) for k in keys if k in entry), "") if isinstance(entry, dict) else ""


def shown(given: object) -> str:
    """Return a value as a message shows it; empty for what is not written on one line."""
    if not isinstance(given, str | int | float):
        return ""
    # A whole number of thousands of digits is one that Python declines to print.
    huge = isinstance(given, int) and given.bit_length() > 64
    return "（现为过大的整数）" if huge else f"（现为 {given!r:.60}）"
