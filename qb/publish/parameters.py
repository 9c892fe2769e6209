"""The parameters of a notebook: what it declares, and the refusal of all else before anything runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from qb.errors import QbError
from qb.publish.quick import quick_import

if TYPE_CHECKING:
    import nbformat

Parameter = str | int | float | bool | None | list[str]

_TYPES = MappingProxyType({"str": str, "int": int, "float": float, "bool": bool, "None": type(None)})


def refuse(asked: Iterable[tuple[Path, Mapping[str, Parameter]]]) -> None:
    """Refuse parameters that a notebook does not declare, or declares with another type.

    A parameter is declared in the cell tagged ``parameters``; its type is its annotation
    (``year: int = 2024``, ``stage: str | None = None``) or else that of its default.

    Parameters
    ----------
    asked : iterable of (path, dict)
        Notebooks, each with the parameters it is to be given.

    Raises
    ------
    QbError
        One sentence for each parameter of each notebook, all together. Nothing has run.
    """
    declared: dict[Path, dict[str, tuple[type, ...]]] = {}
    wrong: dict[str, None] = {}
    for notebook, parameters in asked:
        if notebook not in declared:
            declared[notebook] = parameters_of(notebook)
        for name, value in parameters.items():
            if sentence := _refusal(notebook.name, name, value, declared[notebook]):
                wrong[sentence] = None
    if wrong:
        raise QbError("\n".join(wrong))


def _refusal(notebook: str, name: str, value: Parameter, declared: Mapping[str, tuple[type, ...]]) -> str:
    if name not in declared:
        known = "、".join(f"{n}（{_in_words(types)}）" for n, types in declared.items()) or "无"
        return f"笔记本 {notebook} 没有参数 {name}。可用的参数：{known}。"
    types = declared[name]
    if type(value) in types or (type(value) is int and float in types):
        return ""
    return (
        f"笔记本 {notebook} 的参数 {name} 应为 {_in_words(types)}，现为 {type(value).__name__}（{value!r}）。"
    )


def _in_words(types: tuple[type, ...]) -> str:
    return " | ".join("None" if t is type(None) else t.__name__ for t in types)


def parameters_of(notebook: Path) -> dict[str, tuple[type, ...]]:
    """Return the parameters that a notebook declares, each with the types it may have.

    papermill's own inspection drops a line with a second ``=`` in it; this one reads the syntax.
    """
    nb = open_notebook(notebook)
    if (at := parameters_at(nb)) < 0:
        return {}
    try:
        statements = ast.parse(nb.cells[at].source).body
    except SyntaxError as error:
        raise QbError(f"笔记本 {notebook} 的参数单元无法解析：第 {error.lineno} 行，{error.msg}。") from None
    declared: dict[str, tuple[type, ...]] = {}
    for statement in statements:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            declared[statement.target.id] = _types(statement.annotation, statement.value)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            declared[statement.targets[0].id] = _types(None, statement.value)
    return declared


def _types(annotation: ast.expr | None, value: ast.expr | None) -> tuple[type, ...]:
    words = ast.unparse(annotation).strip("'\"").split("|") if annotation else []
    if words and all(word.strip() in _TYPES for word in words):
        return tuple(_TYPES[word.strip()] for word in words)
    try:
        return (type(ast.literal_eval(value)),)
    except ValueError:
        return ()


def parameters_at(notebook: nbformat.NotebookNode) -> int:
    """Return the place of the cell tagged ``parameters``; -1 if there is none."""
    tagged = (i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", ()))
    return next(tagged, -1)


def open_notebook(notebook: Path) -> nbformat.NotebookNode:
    """Read a notebook. One that cannot be read is a QbError."""
    with quick_import():  # not above: who finds nothing to make has no need of it
        import nbformat

    try:
        return nbformat.read(notebook, as_version=4)
    except (OSError, UnicodeDecodeError, nbformat.reader.NotJSONError) as error:
        raise QbError(f"笔记本 {notebook} 无法读取：{error}。") from None
