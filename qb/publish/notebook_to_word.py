"""A notebook's report as a Word document: the same cells, run here, their objects written one by one."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from qb.errors import QbError
from qb.language import Lang, Message
from qb.publish.jobs import Job, open_notebook, refuse
from qb.publish.page import speaks
from qb.report.tables import Heading
from qb.report.word_writer import ChapterTitle, DocumentFrame, Place, write_document
from qb.report.words import say

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Prose:
    """A paragraph of a notebook."""

    source: str

    def _repr_html_(self) -> str:
        from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

        plain = IPythonRenderer(escape=False, exclude_anchor_links=True)
        return MarkdownWithMath(renderer=plain).render(self.source)


# Chapters of a report as offices hand it in: a notebook's cells name theirs by a tag (``chapter:met``), and so do
# all that follow until another is named.


CHAPTER = "chapter:"
CHAPTERS = MappingProxyType(
    {
        "state": ("基本情况", "The district", "【填写：辖区概况、教育事业规模、组织领导】", "[Fill in: the district, its schools]"),
        "work": ("主要做法", "What was done", "【填写：主要做法和成效】", "[Fill in: what was done, and with what effect]"),
        "met": ("达标情况", "Where the district stands", "", ""),
        "problems": ("存在问题及原因", "Problems and causes", "【填写：原因分析】", "[Fill in: causes]"),
        "next": ("下一步措施", "Next steps", "【填写：下一步措施、责任人、经费来源】", "[Fill in: measures, who, money]"),
        "tables": ("附表", "Annexed tables", "", ""),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Chapter:
    """Where the cells of a chapter begin."""

    name: str

    def _repr_html_(self) -> str:
        return ""


def in_chapters(shown: Sequence[object], lang: Lang) -> list[object]:
    """Return what a notebook shows in the order of chapters, each with its heading and its place to fill in.

    The title stands before all chapters.
    """
    title = [thing for thing in shown if isinstance(thing, Heading)][:1]
    found: dict[str, list[object]] = {name: [] for name in CHAPTERS}
    here = "state"
    for thing in shown:
        if isinstance(thing, Chapter):
            here = thing.name
        elif not any(thing is one for one in title):
            found[here].append(thing)
    ordered: list[object] = [*title]
    for name, (zh, en, ask_zh, ask_en) in CHAPTERS.items():
        ask = say(lang, ask_zh, ask_en)
        ordered += [ChapterTitle(say(lang, zh, en)), *([Place(ask)] if ask else []), *found[name]]
    return ordered


def _cells(job: Job) -> list[NotebookNode]:
    return open_notebook(job.notebook).cells


def write_word(job: Job, *, short: bool = False) -> None:
    """Run a job's notebook and write what it shows to the job's target, a .docx file; `short` as of `Cover`.

    Raises
    ------
    QbError
        If a parameter is not the notebook's, a cell ends in an error, or the file cannot be made.
    """
    refuse([(job.notebook, job.parameters)])
    page = job.page
    provenance = (*((page.words["doubt"], doubt) for doubt in page.doubts), *page.provenance)
    formal = any(CHAPTER in tag for cell in _cells(job) for tag in cell.metadata.get("tags", ()))
    cover = DocumentFrame(page.title, page.place, page.lang, page.invented, provenance, formal, short)
    write_document(in_chapters(shown_by(job), page.lang) if formal else shown_by(job), job.target, cover)


def shown_by(job: Job) -> list[object]:
    """Run a notebook's cells in this process and return what they show, prose of the language between.

    Parameters are set as variables after the cell that declares them. The value of a cell's last line
    is shown, as in a notebook, and whatever is given to ``display``.

    Raises
    ------
    QbError
        If a cell ends in an error: which one, and what it says.
    """
    notebook = open_notebook(job.notebook)
    shown: list[object] = []
    heading: Prose | None = (
        None  # until something is shown under it: where code shows nothing, it is left out
    )
    names: dict[str, object] = {"__name__": "__main__", "display": lambda *things: shown.extend(things)}
    with chdir(job.notebook.parent):  # as its own paths are meant
        for number, cell in enumerate(notebook.cells, start=1):
            tags = cell.metadata.get("tags", ())
            if not speaks(cell, job.page.lang):
                continue
            shown += [Chapter(tag.removeprefix(CHAPTER)) for tag in tags if tag.startswith(CHAPTER)]
            if cell.cell_type == "markdown":
                heading = Prose(cell.source) if cell.source.startswith("#") else None
                ahead = next((c for c in notebook.cells[number:] if speaks(c, job.page.lang)), None)
                if heading is None or ahead is None or ahead.cell_type == "markdown":
                    shown.append(Prose(cell.source))
                    heading = None
            elif cell.cell_type == "code":
                place, where = (
                    len(shown),
                    Message("{} 第 {} 个单元", "{}, cell {}", job.notebook.name, number),
                )
                value = _run(cell.source, names, where)
                shown += [] if value is None else [value]
                if heading and len(shown) > place:
                    shown.insert(place, heading)
                    heading = None
                if "parameters" in tags:
                    names |= job.parameters
    return shown


def _run(source: str, names: dict[str, object], where: str) -> object:
    """Run a cell and return the value of its last line, None where that is no expression."""
    lines = ast.parse(source, where).body
    last = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    try:
        exec(compile(ast.Module(lines, []), where, "exec"), names)
        return eval(compile(ast.Expression(last.value), where, "eval"), names) if last else None
    except Exception as error:
        raise QbError(
            "笔记本 {}运行出错：{}：{}", "Notebook {} failed: {}: {}", where, type(error).__name__, error
        ) from error
