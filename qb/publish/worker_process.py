"""A process that has everything loaded, and makes pages or runs cells; on Linux it forks itself for them.

It begins with ``python -m qb.publish.worker_process NUMBER``, the number of an inherited socket, or is spawned.
Where it forks it has one thread, or it does not fork. It ends when the process that started it does, and takes
its children along; a child takes along what the notebook started.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import multiprocessing
import os
import pickle
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from qb.errors import why
from qb.language import Message
from qb.publish.jobs import quick_import

if TYPE_CHECKING:  # all that takes long is imported where it is known how: quickly, and in a cell
    from qb.publish.engine import Kernel
    from qb.publish.worker_client import PreloadedContext

_PR_SET_PDEATHSIG = 1
_PAGES = ("annual", "brief", "data", "district", "plan", "research", "scenario", "school")


def loaded(pages: Iterable[str] = _PAGES) -> Kernel:
    """Return a kernel in a process that has everything loaded that these kinds of page need."""
    with quick_import():
        import nbformat
        import papermill  # noqa: F401  before ours, which it may look for by its name

        from qb.publish.engine import Kernel
        from qb.publish.page import Page, notebook_page

        kernel = Kernel()
    asyncio.run(kernel.load(*(f"qb.report.{page}_report" for page in pages)))
    # What the first page alone would otherwise pay for, each process anew.
    notebook_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T")]), Page("T"))
    return kernel


def have_ready(held: PreloadedContext) -> None:
    """Keep a loaded report context for the notebooks that ask for it."""
    from qb.report.context import preload  # not above: see Kernel.load
    from qb.report.school_report import prepare

    preload(held.context, held.data, held.standard)
    with suppress(Exception):  # what it fails at, each page that needs it says of itself
        prepare(held.context)


def freeze() -> None:
    """Spare what is loaded from every later collection: it would look at all of it, and copy what it forked."""
    gc.collect()
    gc.freeze()


def make_pages(wire: Connection, kernel: Kernel, held: PreloadedContext | None) -> None:
    """Make a page for each job that comes, and say what it left behind, until none comes any more.

    Each cell's place is sent when it begins; then the outcome, and what could not be put back.
    """
    from qb.publish.engine import InProcessWire, render
    from qb.publish.process_state import ProcessState

    here, state = InProcessWire(kernel), None
    with suppress(EOFError):
        while True:
            job, last = wire.recv()
            if not last and state is None:
                state = ProcessState(kernel.shell, here.loop, held and held.context)
            folder = str(job.notebook.parent.resolve())
            _import_from(folder)
            outcome = render(job, here, wire.send)
            with suppress(ValueError):
                sys.path.remove(folder)
            wire.send((outcome, *(state.put_back() if state else ((), ()))))


def _import_from(folder: str) -> None:
    """Let what is beside the notebook be imported, as a kernel does; never what is in another folder."""
    libraries = (i for i, path in enumerate(sys.path) if path.endswith("-packages"))
    sys.path.insert(next(libraries, 0), folder)


def _serve_cells(wire: Connection, kernel: Kernel, folder: str, environment: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.update(environment)
    _import_from(folder)
    kernel.settle(lambda channel, message: wire.send((channel, message)))
    wire.send(("info", kernel.info()))

    async def answer() -> None:
        with suppress(EOFError):
            while not kernel.left:
                await kernel.execute(*wire.recv())

    asyncio.run(answer())


class WorkerProcess:
    """Forks itself as its control asks, and ends what it forked."""

    def __init__(self, control: Connection) -> None:
        self._control = control
        self._children: set[int] = set()
        self._held: PreloadedContext | None = None
        self._frozen = False
        self._kernel = loaded()

    def serve(self) -> None:
        """Work until the control is closed."""
        try:
            while True:
                what, *given = self._control.recv()
                getattr(self, f"_{what}")(*given)
        except (EOFError, ConnectionError):
            pass
        finally:
            for pid in self._children:
                _end(pid)

    def _preload(self, context: bytes) -> None:
        self._held = pickle.loads(context)
        have_ready(self._held)

    def _pages(self, notebook: Path) -> None:
        from qb.publish.engine import stored

        with suppress(Exception):  # the child will say what is wrong with it
            stored(notebook)
        self._fork(lambda wire: make_pages(wire, self._kernel, self._held))

    def _cells(self, folder: str, environment: dict[str, str]) -> None:
        self._fork(lambda wire: _serve_cells(wire, self._kernel, folder, environment))

    def _fork(self, work: Callable[[Connection], None]) -> None:
        """Fork a process that works with the other end of the wire that comes; say its id, or the threads."""
        with Connection(recv_handle(self._control)) as wire:
            if threads := _other_threads():
                self._control.send(("unsafe", threads))
                return
            if not self._frozen:
                freeze()
                self._frozen = True
            pid = os.fork()
            if not pid:
                _run_as_child(self._control, lambda: work(wire))
            with suppress(OSError):
                os.setpgid(pid, pid)
            self._children.add(pid)
            self._control.send(("forked", pid))

    def _alive(self, pid: int) -> None:
        """Say whether a child lives; one that is dead stays to be waited for."""
        self._control.send(("alive", os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None))

    def _end(self, pid: int) -> None:
        _end(pid)
        self._children.discard(pid)
        self._control.send(("ended", pid))


def _other_threads() -> list[str]:
    tasks = Path("/proc/self/task")
    names = [(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != str(os.getpid())]
    return sorted(names)


def _end(pid: int) -> None:
    """Kill a child and all that it started, and wait for it."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _run_as_child(not_ours: Connection, work: Callable[[], None]) -> NoReturn:
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        not_ours.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        import numpy as np

        random.seed()
        np.random.seed()  # noqa: NPY002  what a notebook that uses the old generator would otherwise share
        work()
        os._exit(0)
    finally:
        os._exit(1)


# How these processes begin.


def main(number: int) -> None:
    """Fork for whoever holds the other end of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says it all, in our words
    try:
        worker = WorkerProcess(Connection(number))
    except OSError as error:  # IPython keeps a folder for what is temporary
        sys.exit(
            Message(
                "不能写入临时文件 {}（{}）。",
                "The temporary file {} cannot be written ({}).",
                error.filename2 or error.filename,
                why(error),
            )
        )
    worker.serve()


def spawned(wire: Connection, ours: bool) -> None:
    """Make pages, of our notebooks or of another's, for whoever holds the other end, who first sends a context or None."""
    settle()
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # what a page started ends with it
    kernel = loaded(_PAGES if ours else ())
    with suppress(EOFError, ConnectionError):
        if held := wire.recv():
            have_ready(held)
        freeze()
        make_pages(wire, kernel, held)


def settle() -> None:
    """Make a spawned process one that does not outlive its parent, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows does not hand this on
    # Several share the processors; threads of linear algebra would only be in each other's way.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says it all, in our words
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
