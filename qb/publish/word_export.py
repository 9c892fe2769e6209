"""A notebook's report as a Word document: the same cells, run here, their objects written one by one."""

from __future__ import annotations

import ast
from contextlib import chdir
from dataclasses import dataclass

from qb.errors import QbError
from qb.language import Message
from qb.publish.jobs import Job, open_notebook, refuse
from qb.publish.page import WORDS
from qb.report.word import Cover, write_document


@dataclass(frozen=True)
class Prose:
    """A paragraph of a notebook."""

    source: str

    def _repr_html_(self) -> str:
        from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

        plain = IPythonRenderer(escape=False, exclude_anchor_links=True)
        return MarkdownWithMath(renderer=plain).render(self.source)


def write_word(job: Job) -> None:
    """Run a job's notebook and write what it shows to the job's target, a .docx file.

    Raises
    ------
    QbError
        If a parameter is not the notebook's, a cell ends in an error, or the file cannot be made.
    """
    refuse([(job.notebook, job.parameters)])
    page = job.page
    provenance = (*((page.words["doubt"], doubt) for doubt in page.doubts), *page.provenance)
    cover = Cover(page.title, page.place, page.lang, page.invented, provenance)
    write_document(shown_by(job), job.target, cover)


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
    names: dict[str, object] = {"__name__": "__main__", "display": lambda *things: shown.extend(things)}
    with chdir(job.notebook.parent):  # as its own paths are meant
        for number, cell in enumerate(notebook.cells, start=1):
            tags = cell.metadata.get("tags", ())
            if cell.cell_type == "markdown" and _speaks(tags, job.page.lang):
                shown.append(Prose(cell.source))
            elif cell.cell_type == "code":
                shown.append(
                    _run(
                        cell.source,
                        names,
                        Message("{} 第 {} 个单元", "{}, cell {}", job.notebook.name, number),
                    )
                )
                if "parameters" in tags:
                    names |= job.parameters
    return shown


def _speaks(tags: list[str], lang: str) -> bool:
    return lang in tags or not any(other in tags for other in WORDS)


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
