"""A page to make and what became of it (`Job`, `JobOutcome`): a notebook's parameters refused or taken, failures in words."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from qb.errors import QbError
from qb.language import STOP, Both, Lang, Message, joined, listing, told
from qb.publish.page import WORDS, Page

if TYPE_CHECKING:
    import nbformat

# Loading libraries without what they would load in vain.


# jsonschema loads them, where they are installed, to check kinds of field that no notebook has (web addresses in
# scripts other than Latin: seconds spent on compiling a grammar); ipykernel its debugger, which nobody attaches.
_IN_VAIN = ("rfc3987_syntax", "isoduration", "rfc3986_validator", "debugpy")


@contextmanager
def quick_import() -> Iterator[None]:
    """Block slow optional imports that no page needs, while libraries are loaded."""
    blocked = [name for name in _IN_VAIN if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]


# A Python that looks for modules where they are installed, not in the folder in which it happens to start:
# a folder of data may hold a file called like a module.
SAFE_PATH = MappingProxyType({"PYTHONSAFEPATH": "1"})


@contextmanager
def environment(**names: str) -> Iterator[None]:
    """Set variables for the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


# The parameters of a notebook: what it declares, and the refusal of all else before anything runs.


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
        each = (Message("{}（{}）", "{} ({})", n, _in_words(types)) for n, types in declared.items())
        known = listing(each) if declared else Both("无", "none")
        return Message(
            "笔记本 {} 没有参数 {}。可用的参数：{}。",
            "Notebook {} has no parameter {}. It has: {}.",
            notebook,
            name,
            known,
        )
    types = declared[name]
    if type(value) in types or (type(value) is int and float in types):
        return ""
    return Message(
        "笔记本 {} 的参数 {} 应为 {}，现为 {}（{!r}）。",
        "Parameter {1} of notebook {0} must be {2}; it is {3} ({4!r}).",
        notebook,
        name,
        _in_words(types),
        type(value).__name__,
        value,
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
        raise QbError(
            "笔记本 {} 的参数单元无法解析：第 {} 行，{}。",
            "The cell of parameters of notebook {} cannot be read: line {}, {}.",
            notebook,
            error.lineno,
            error.msg,
        ) from None
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
        raise QbError(
            "笔记本 {} 无法读取：{}。", "Notebook {} cannot be read: {}.", notebook, error
        ) from None


# What is asked for and what becomes of it: a job, its outcome, and a failure in words.


CELL_SECONDS = 600


@dataclass(frozen=True)
class Job:
    """A notebook to run, and the page to make of it."""

    notebook: Path
    parameters: Mapping[str, Parameter]
    target: Path  # where the page will stand
    page: Page  # what stands on it around the content
    cell_seconds: float = CELL_SECONDS  # the time that one cell may take
    ours: bool = False  # whether the notebook comes with qb: a process may make one such page after another


@dataclass(frozen=True)
class Failure:
    """Why there is no page."""

    # name, message: of the error.
    name: str
    message: str
    # Which cell of the notebook, as a reader counts from the top; None if it was none of them.
    cell: int | None = None
    line: str = ""  # that cell's first line

    def said(self, lang: Lang) -> str:
        """Return the failure as a sentence of the page's language; the error speaks its own."""
        words = WORDS[lang]
        where = words["at_cell"].format(cell=self.cell, line=self.line) if self.cell else ""
        name, message = told(self.name, lang), told(self.message, lang)
        return where + words["error"].format(name=name, message=message)

    def __str__(self) -> str:
        return self.said("zh")

    @property
    def en(self) -> str:
        """The failure in English."""
        return self.said("en")


@dataclass(frozen=True)
class JobOutcome:
    """What became of a job."""

    job: Job
    seconds: float  # wall-clock time it took
    # None if the page stands at ``job.target``; otherwise nothing stands there.
    failure: Failure | None = None
    notes: tuple[str, ...] = ()  # what the notebook said on stderr: warnings, which the page does not show
    kept: bool = False  # whether the page is one of an earlier run, still right
    # What the notebook changed in a process that makes others after it: kinds of
    # :mod:`qb.publish.process_state`.
    changed: tuple[str, ...] = ()


DEAD = (
    "DeadKernelError",
    Message(
        "执行这个单元的进程意外结束（可能内存不足）",
        "The process that ran this cell ended, perhaps for lack of memory",
    ),
)
LATE = ("CellTimeoutError", Message("这个单元超过了时间限制", "This cell ran out of time"))
VANISHED = Failure(
    Message("页面不在了", "The page is gone"),
    Message(
        "写成以后又从网站文件夹中消失，或被别的程序改动。请再运行一次",
        "It vanished from the folder after it was made, or another program changed it. Run again",
    ),
)
LOST = Failure(
    Message("进程意外结束", "The process ended"),
    Message(
        "运行这个页面的进程在第一个单元以前就结束了：被系统终止（可能内存不足），或自身出错",
        "The process that ran this page ended before its first cell: the system ended it, perhaps for lack of memory, or it failed",
    ),
)


def failure_at(job: Job, index: int | None, name: str, message: str, source: str | None = None) -> Failure:
    """Return a failure at a cell of the run, named as a reader of the stored notebook counts.

    Parameters
    ----------
    index : int or None
        Place of the cell among those that ran: papermill adds one that holds the parameters.
    source : str, optional
        The cell's text; taken from the stored notebook unless given.
    """
    if index is None:
        return Failure(name, message)
    notebook = open_notebook(job.notebook)
    place = index - (bool(job.parameters) and index > parameters_at(notebook))
    text = notebook.cells[place].source if source is None else source
    return Failure(name, message, place + 1, _first_line(text))


def _first_line(source: str) -> str:
    return next((line.strip() for line in source.splitlines() if line.strip()), "")


# What was published.


CHANGED = Message(
    "生成期间，数据（或所用的标准、情景、费用文件）被改动或移走，各页可能出自不同的数据。请再运行一次，这些页面会重新生成。",
    "While pages were made, the data (or the standard, scenarios or costs) were changed or taken away, so pages may be of different data. Run again: these pages will be made anew.",
)


@dataclass(frozen=True)
class Site:
    """What was published."""

    index: Path  # the page that leads to all others
    outcomes: tuple[JobOutcome, ...]  # one for each page that was made or failed, index pages apart
    kept: int = 0  # how many of the pages asked for stand from an earlier run and are still right
    # What goes with the pages and was asked to be made, with what went wrong, "" where it was made.
    files: Mapping[Path, str] = field(default_factory=dict)
    # Whether a file of which the pages are made was edited or removed while they were made.
    changed: bool = False
    # Why the folder's record of what it holds was not used, in a sentence; empty where it was.
    refused: str = ""

    @property
    def failed(self) -> tuple[JobOutcome, ...]:
        """The pages that were not made."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure)

    @property
    def summary(self) -> Message:
        """What came out, in sentences: pages made, each that failed and why, and what to look at."""
        made = len(self.outcomes) - len(self.failed)
        noted = [outcome for outcome in self.outcomes if outcome.notes]
        said = [
            Message("已生成 {} 页", "{} pages made", made)
            if made or not self.kept
            else Message("没有需要重新生成的页面", "No page needs to be made again")
        ]
        said += [Message("{} 页内容未变，沿用", "{} unchanged and kept", self.kept)] * bool(self.kept)
        said += [Message("{} 页未生成", "{} not made", len(self.failed))] * bool(self.failed)
        lines: list[str] = [joined("，", ", ", said) + (Message("：", ":") if self.failed else STOP)]
        lines += [Message("  {}：{}", "  {}: {}", o.job.page.title, o.failure) for o in self.failed]
        lines += self._said_of_files()
        lines += [CHANGED] * self.changed
        lines += [self.refused] * bool(self.refused)
        if noted:
            lines.append(
                Message(
                    "{} 页运行时有提示，例如 {}：",
                    "{} pages had something to note, for instance {}:",
                    len(noted),
                    noted[0].job.page.title,
                )
            )
            lines.append("  " + noted[0].notes[0].replace("\n", "\n  "))
        return joined("\n", "\n", lines)

    def _said_of_files(self) -> Iterator[str]:
        made = [path for path, wrong in self.files.items() if not wrong]
        if made:
            yield Message(
                "已生成附件 {} 个，例如 {}。", "{} files made, for instance {}.", len(made), made[0]
            )
        yield from (
            Message("  附件 {} 未生成：{}", "  File {} was not made: {}", path.name, wrong)
            for path, wrong in self.files.items()
            if wrong
        )

    @property
    def exit_code(self) -> int:
        """0 if all that was asked for was made of files that stayed as they were, otherwise 1."""
        return int(bool(self.failed) or any(self.files.values()) or self.changed)
