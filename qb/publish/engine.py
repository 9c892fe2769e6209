"""How a notebook becomes a page: parameters refused or taken, cells run by papermill, a page or nothing."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from qb.publish.page import Page, notebook_page, write_whole
from qb.publish.parameters import Scalar, open_notebook, parameters_at
from qb.publish.words import WORDS, Lang

KERNEL_ENGINE = "qb-kernel"
CELL_SECONDS = 600


@dataclass(frozen=True)
class Job:
    """A notebook to run, and the page to make of it."""

    notebook: Path
    parameters: Mapping[str, Scalar]
    target: Path
    page: Page


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
    """

    job: Job
    seconds: float
    failure: Failure | None = None
    notes: tuple[str, ...] = ()


def render(job: Job) -> Outcome:
    """Run a job. Never raises for what the notebook does; a page from earlier goes before it starts.

    Parameters are taken as they are: call :func:`qb.publish.parameters.refuse` first.
    """
    start = time.perf_counter()
    failure, notes = None, ()
    try:
        job.target.unlink(missing_ok=True)
        notebook = execute(job)
        write_whole(job.target, notebook_page(notebook, job.page))
        notes = _said_on_stderr(notebook)
    except PapermillExecutionError as error:
        failure = Failure(
            error.ename, error.evalue, _number(job, error.cell_index), _first_line(error.source)
        )
    except Exception as error:  # whatever befalls one page, the others go on
        failure = Failure(type(error).__name__, str(error))
    return Outcome(job, time.perf_counter() - start, failure, notes)


def execute(job: Job) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of all its cells.

    Raises
    ------
    PapermillExecutionError
        If a cell ends in an error, kills its kernel, takes too long or leaves before the end.
    """
    papermill_engines.register(KERNEL_ENGINE, KernelEngine)
    with _nobodys_home():
        # In memory: papermill takes braces in a path for places to fill in, and writes half-run notebooks.
        notebook = papermill.execute_notebook(
            open_notebook(job.notebook),
            None,
            parameters=dict(job.parameters),
            engine_name=KERNEL_ENGINE,
            kernel_name="python3",
            language="python",
            cwd=job.notebook.parent,
            progress_bar=False,
            autosave_cell_every=0,
            execution_timeout=CELL_SECONDS,
        )
    _ran_to_the_end(notebook)
    return notebook


def _ran_to_the_end(notebook: nbformat.NotebookNode) -> None:
    """Raise for a cell that left with ``sys.exit(0)``: papermill takes that for success."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise PapermillExecutionError(
                    index, cell.execution_count, cell.source, output.ename, output.evalue, output.traceback
                )


class _Kernel(AsyncKernelManager):
    """A kernel of this environment's Python, whatever the machine has registered under that name."""

    @default("kernel_spec_manager")
    def _own_specs(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[], parent=self)


class KernelEngine(NBClientEngine):
    """papermill's own engine, with a kernel of this environment; it names the cell in which one died."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
        """Run the cells. A dead kernel and a cell out of time become that cell's error output."""
        options = {
            "kernel_manager_class": _Kernel,
            "shutdown_kernel": "immediate",
            # A report is made on one machine; the kernel's warning of eavesdroppers would fill the terminal.
            "extra_arguments": ["--HistoryManager.enabled=False", "--Application.log_level=ERROR"],
        }
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options, **kwargs)
        except DeadKernelError:
            _mark_failed(nb_man, "DeadKernelError", "执行这个单元的进程意外结束（可能内存不足）")
        except CellTimeoutError:
            _mark_failed(nb_man, "CellTimeoutError", "这个单元超过了时间限制")


def _mark_failed(nb_man, name: str, message: str) -> None:
    started = [i for i, c in enumerate(nb_man.nb.cells) if c.metadata.papermill["start_time"]]
    cell = nb_man.nb.cells[started[-1]]
    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[]))
    nb_man.cell_exception(cell, cell_index=started[-1])


@contextmanager
def _nobodys_home() -> Iterator[None]:
    """Keep a user's start-up files and settings out of the kernels, and their files out of the home."""
    with tempfile.TemporaryDirectory(prefix="qb-", ignore_cleanup_errors=True) as folder:
        names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(dict.fromkeys(names, folder))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _said_on_stderr(notebook: nbformat.NotebookNode) -> tuple[str, ...]:
    return tuple(
        output.text.strip()
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stderr" and output.text.strip()
    )


def _number(job: Job, index: int) -> int:
    """Return which cell of the stored notebook stands at `index` of the run, where papermill added one."""
    added = bool(job.parameters) and index > parameters_at(open_notebook(job.notebook))
    return index + 1 - added


def _first_line(source: str) -> str:
    return next((line.strip() for line in source.splitlines() if line.strip()), "")
