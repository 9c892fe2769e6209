"""A standard as the differences from another one: found by name, and put together as one document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from qb.errors import QbError
from qb.files import PACKAGE
from qb.language import Message, listing
from qb.tomlfile import read_document


class StandardError(QbError):
    """A standard file that cannot be used; the message names every entry at fault."""


WHAT = Message("标准文件", "Standard file")
# By which key the entries of a list are the same entry; lists of others are replaced as a whole.
KEYS = ("code", "item", "name")


def read_with_base(path: Path, wrong: list[Message], above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return what a standard's file says, together with what it extends.

    ``extends`` names another standard (shipped, or a path beside the file) of which the file states the
    differences: a table is merged key by key, a list of entries with ``code``, ``item`` or ``name`` entry by
    entry, anything else is replaced. ``without`` lists what is left out: indicators, checklist items
    or vetoes by their code, and whole parts such as ``recognition`` or ``rules.school``.

    `wrong` is filled with what cannot be put together: entries doubled, a file that extends itself, a part
    left out that is not there.

    Raises
    ------
    StandardError
        If a file cannot be read.

    Examples
    --------
    >>> own = {"met": 5, "groups": [{"code": "A1", "source": "b"}, {"code": "A4"}]}
    >>> merged({"met": 6, "floor": 0.85, "groups": [{"code": "A1", "source": "a"}]}, own)
    {'met': 5, 'floor': 0.85, 'groups': [{'code': 'A1', 'source': 'b'}, {'code': 'A4'}]}
    """
    own = read_document(path, WHAT, StandardError)
    for entries in own.values():
        if isinstance(entries, list) and (key := _key_of(entries)):
            wrong += entered_twice(str(entry[key]) for entry in entries)
    base, left_out = own.get("extends"), own.pop("without", [])
    if base is None:
        return own
    if not isinstance(base, str) or not isinstance(left_out, list):
        wrong.append(
            Message(
                "extends 须为一个标准的名称或文件，without 须为列表",
                "extends must be a standard's name or file, and without a list",
            )
        )
        return own
    try:
        found = _base(path, base)
    except StandardError as error:
        wrong.append(Message("extends：{}", "extends: {}", error))
        return own
    chain = (*above, path.resolve())
    if found.resolve() in chain:
        names = " → ".join(each.stem for each in (*chain, found))
        wrong.append(
            Message(
                "extends 成环：{}，请改为不依赖自身的标准",
                "extends goes in a circle: {}; use a standard that does not rest on itself",
                names,
            )
        )
        return own
    whole = read_with_base(found, wrong, chain)
    wrong += [
        Message("without 列出了 {} 中没有的 {}", "without names {1}, which {0} does not have", base, name)
        for name in left_out
        if not _leave_out(whole, str(name))
    ]
    return cast(dict[str, Any], merged(whole, own))


def entered_twice(names: Iterable[str]) -> list[Message]:
    """Return what is said of each name that stands there more than once."""
    times = Counter(names)
    return [Message("{}：重复登记", "{}: entered twice", name) for name in times if times[name] > 1]


def files_of(name: str | Path) -> tuple[Path, ...]:
    """Return the files that a standard is made of: its own, then those that it extends."""
    path: Path | None = locate(name)
    made: list[Path] = []
    while path is not None and path not in made:
        made.append(path)
        base = read_document(path, WHAT, StandardError).get("extends")
        path = _base(path, base) if isinstance(base, str) else None
    return tuple(made)


def _base(path: Path, base: str) -> Path:
    """Return the file that another one extends: beside it, or shipped."""
    beside = path.parent / base
    return beside if _is_file(beside) else locate(base)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # of a name that no system takes
        return False


def _key_of(entries: list[Any]) -> str | None:
    """Return the key by which the entries of a list are told apart; None where they are not."""
    named = [key for key in KEYS if all(isinstance(e, dict) and isinstance(e.get(key), str) for e in entries)]
    return named[0] if entries and named else None


def _leave_out(whole: dict[str, Any], name: str) -> bool:
    """Take a part, or an entry and what belongs to it, out of a document; say whether it was there."""
    *above, last = name.split(".")
    node = whole
    for part in above:
        node = node.get(part, {}) if isinstance(node, dict) else {}
    if isinstance(node, dict) and last in node:
        del node[last]
        if name == "indicators":
            whole.pop("checklist", None)
        return True
    lists = [key for key, value in whole.items() if isinstance(value, list)]
    before = sum(len(whole[key]) for key in lists)
    for key in lists:
        whole[key] = [
            entry
            for entry in whole[key]
            if not any(entry.get(k) == name or str(entry.get(k)).startswith(f"{name}.") for k in KEYS)
        ]
    return sum(len(whole[key]) for key in lists) < before


def merged(base: object, own: object) -> object:
    """Return one value with the differences of another; see `document`."""
    if isinstance(base, dict) and isinstance(own, dict):
        return base | {key: merged(base.get(key), value) for key, value in own.items()}
    if not (isinstance(base, list) and isinstance(own, list)):
        return own
    key = _key_of(own)
    if key is None or key != _key_of(base):
        return own
    mine: dict[str, list[Any]] = {}  # one entered twice is a fault, and each of the two may have its own
    for entry in own:
        mine.setdefault(entry[key], []).append(entry)
    kept = [merged(entry, each) for entry in base for each in mine.pop(entry[key], [entry])]
    return [*kept, *(entry for entries in mine.values() for entry in entries)]


def shipped_files() -> dict[str, Path]:
    """Return the files that come with qb, by the names under which they are asked for."""
    return {path.stem: path for path in (PACKAGE / "standard").glob("*.toml")}


def whole_name(name: str | Path) -> str:
    """Return a standard's name as every folder understands it: one shipped, or a file's whole path."""
    return str(name) if str(name) in shipped_files() else str(Path(name).resolve())


def locate(name: str | Path) -> Path:
    """Return the file of a standard: one shipped with qb under this name, or that of this path."""
    shipped = shipped_files()
    path = shipped.get(str(name), Path(name))
    if not _is_file(path):
        known = listing(sorted(shipped.keys() - {"costs", "transition"}))  # which are no standards
        raise StandardError(
            "没有名为 {} 的标准，也没有这个文件。随附的有：{}。",
            "There is no standard named {}, and no such file. Those that come with qb: {}.",
            name,
            known,
        )
    return path
