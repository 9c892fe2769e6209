"""What is asked for and what becomes of it: a job, its outcome, and a failure in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qb.publish.page import Page
from qb.publish.parameters import Parameter, open_notebook, parameters_at
from qb.publish.words import WORDS, Lang

CELL_SECONDS = 600


@dataclass(frozen=True)
class Job:
    """A notebook to run, and the page to make of it.

    Attributes
    ----------
    notebook : Path
    parameters : dict
    target : Path
        Where the page will stand.
    page : Page
        What stands on it around the content.
    cell_seconds : float
        The time that one cell may take.
    """

    notebook: Path
    parameters: Mapping[str, Parameter]
    target: Path
    page: Page
    cell_seconds: float = CELL_SECONDS


@dataclass(frozen=True)
class Failure:
    """Why there is no page.

    Attributes
    ----------
    name, message : str
        Of the error.
    cell : int or None
        Which cell of the notebook, as a reader counts from the top; None if it was none of them.
    line : str
        That cell's first line.
    """

    name: str
    message: str
    cell: int | None = None
    line: str = ""

    def said(self, lang: Lang) -> str:
        """Return the failure as a sentence of the page's language; the error speaks its own."""
        words = WORDS[lang]
        where = words["at_cell"].format(cell=self.cell, line=self.line) if self.cell else ""
        return where + words["error"].format(name=self.name, message=self.message)

    def __str__(self) -> str:
        return self.said("zh")


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes
    ----------
    job : Job
    seconds : float
        Wall-clock time it took.
    failure : Failure or None
        None if the page stands at ``job.target``; otherwise nothing stands there.
    notes : tuple of str
        What the notebook said on stderr: warnings, which the page does not show.
    kept : bool
        Whether the page is one of an earlier run, still right.
    """

    job: Job
    seconds: float
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    kept: bool = False


DEAD = ("DeadKernelError", "执行这个单元的进程意外结束（可能内存不足）")
LATE = ("CellTimeoutError", "这个单元超过了时间限制")
LOST = Failure("进程意外结束", "运行这个页面的进程被系统终止（可能内存不足）")


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
