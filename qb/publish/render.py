"""From a job to its page: papermill runs the notebook, the theme shows it, a page or nothing is written."""

from __future__ import annotations

import time
from contextlib import chdir
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import nbformat
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from qb.errors import why
from qb.files import WriteError, write_whole
from qb.publish.engine import KernelEngine, WireEngine
from qb.publish.jobs import Failure, Job, Outcome, failure_at, open_notebook
from qb.publish.page import WORK, notebook_page, undescribed

KERNEL, WIRE = "qb-kernel", "qb-wire"
_PYTHON = {"kernel_name": "python3", "language": "python"}


def render(job: Job, engine: str = KERNEL, **options: object) -> Outcome:
    """Run a job. Never raises for what the notebook does; an earlier page stands until the new one is whole.

    Parameters are taken as they are: call :func:`qb.publish.jobs.refuse` first.

    Parameters
    ----------
    engine : {"qb-kernel", "qb-wire"}
    **options
        For the engine.
    """
    start = time.perf_counter()
    failure, notes = None, ()
    try:
        notebook = execute(job, engine, **options)
        write_whole(job.target, notebook_page(notebook, job.page))
        notes = (*_said_on_stderr(notebook), *_asked(notebook))
    except PapermillExecutionError as error:
        failure = failure_at(job, error.cell_index, error.ename, error.evalue, error.source)
    except WriteError as error:  # a full disk, a folder that became read-only
        failure = Failure(type(error.__cause__).__name__, str(error))
    except OSError as error:  # the same, in the folder for what is temporary
        failure = Failure(type(error).__name__, f"{why(error)}（{error.filename or '临时文件'}）")
    except Exception as error:  # whatever befalls one page, the others go on
        failure = Failure(type(error).__name__, str(error))
    return Outcome(job, time.perf_counter() - start, failure, notes)


def execute(job: Job, engine: str = KERNEL, **options: object) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of all its cells.

    Raises
    ------
    PapermillExecutionError
        If a cell ends in an error, kills its kernel, takes too long or leaves before the end.
    """
    papermill_engines.register(KERNEL, KernelEngine)
    papermill_engines.register(WIRE, WireEngine)
    # Not papermill.execute_notebook: it takes braces in a path for places to fill in, writes half-run
    # notebooks, and spends on its writing, even to nowhere, a fifth of the time of a page.
    notebook = deepcopy(stored(job.notebook))
    for cell in notebook.cells:  # kept in their places: a fault names a cell by its number
        if cell.cell_type == "code" and WORK in cell.metadata.get("tags", ()):
            cell.source = ""
    if job.parameters:
        notebook = parameterize_notebook(notebook, dict(job.parameters), engine_name=engine, **_PYTHON)
    with chdir(job.notebook.parent):
        notebook = papermill_engines.execute_notebook_with_engine(
            engine,
            notebook,
            _PYTHON["kernel_name"],
            progress_bar=False,
            autosave_cell_every=0,
            execution_timeout=job.cell_seconds,
            **options,
        )
    _ran_to_the_end(notebook)
    return notebook


def stored(path: Path) -> nbformat.NotebookNode:
    """Return a notebook as papermill reads it, not to be changed: it is kept as long as the file is the same.

    Raises
    ------
    QbError
        If it cannot be read.
    """
    try:
        return _read(path, path.read_bytes())
    except OSError:
        return open_notebook(path)  # which says so


@lru_cache(maxsize=16)
def _read(path: Path, raw: bytes) -> nbformat.NotebookNode:  # the bytes tell files apart
    return load_notebook_node(open_notebook(path))


def _ran_to_the_end(notebook: nbformat.NotebookNode) -> None:
    """Raise for a cell with an error; ``sys.exit(0)`` is one, though papermill takes it for success."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise PapermillExecutionError(
                    index, cell.execution_count, cell.source, output.ename, output.evalue, output.traceback
                )


def _said_on_stderr(notebook: nbformat.NotebookNode) -> tuple[str, ...]:
    return tuple(
        output.text.strip()
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stderr" and output.text.strip()
    )


def _asked(notebook: nbformat.NotebookNode) -> tuple[str, ...]:
    """Ask for what who cannot see a picture is to be told."""
    return tuple(
        f"第 {number} 个单元的图没有文字说明，看不见图的人读不到。"
        'matplotlib：display(figure, metadata={"image/png": {"alt": "图上有什么"}})。'
        for number in undescribed(notebook)
    )
