"""How a notebook runs: papermill with an IPython kernel of this process or a forked one; from a job to its page.

Also papermill's engine ``qb``, which has cells run in a process forked for the notebook.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, contextmanager, suppress
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import nbformat
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NBClientEngine
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from traitlets import Any
from traitlets.config import Config

from qb.errors import why
from qb.files import WriteError, write_whole
from qb.publish.jobs import DEAD, LATE, Failure, Job, JobOutcome, failure_at, open_notebook
from qb.publish.page import ASIDE, notebook_page, undescribed
from qb.publish.worker_client import borrowed_wire

if TYPE_CHECKING:
    from ipykernel.zmqshell import ZMQInteractiveShell

# A kernel inside this process: the real one, its messages going to a function, not a socket.


Deliver = Callable[[str, dict], None]

_QUIET = logging.getLogger("qb.kernel")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


class _Outlet(Session):
    """A session that hands each message over as it would come off a wire."""

    deliver = Any()

    def send(
        self, stream, msg_or_type, content=None, parent=None, ident=None, buffers=None, track=False,
        header=None, metadata=None,
    ):  # fmt: skip
        msg = (
            msg_or_type
            if isinstance(msg_or_type, dict)
            else self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        )
        sent = self.unpack(self.pack(msg))
        sent["buffers"] = [bytes(buffer) for buffer in buffers or ()]
        self.deliver(stream, sent)
        return msg


class Kernel:
    """A kernel that runs cells in this process, one after another.

    Made once, before any forking; a process that runs cells calls :meth:`settle` and has it for itself.
    """

    def __init__(self) -> None:
        self._session = _Outlet()
        self._kernel = IPythonKernel.instance(
            session=self._session,
            iopub_socket="iopub",
            user_ns={},
            log=_QUIET,
            shell_channel_thread=SimpleNamespace(parent_thread=None),
            config=Config({"HistoryManager": {"enabled": False}}),
        )
        self._kernel._execute_sleep = 0  # a pause for a wire that there is not
        self._streams: tuple[_Stream, ...] = ()

    def leave_pictures_out(self) -> None:
        """Let our figures give their HTML alone: a page shows that, and a picture costs more than it."""
        from qb.charts.figure import Chart  # not above: see load

        for form in ("image/svg+xml", "image/png", "application/pdf"):
            self.shell.display_formatter.formatters[form].for_type(Chart, lambda _: None)

    async def load(self, *modules: str) -> None:
        """Import modules in a cell that leaves no trace.

        pandas asks when it is first imported whether it is in a notebook, and prints accordingly.
        """
        self._session.deliver = lambda channel, message: None
        code = "\n".join(f"__import__({module!r})" for module in modules)
        await self.execute({"code": code, "silent": True, "store_history": False}, "")

    @property
    def left(self) -> bool:
        """Whether a cell has called ``exit``."""
        return self._kernel.shell.exit_now

    def settle(self, deliver: Deliver) -> None:
        """Take over this process: what it prints, by whatever way, is delivered as messages."""
        lock = threading.RLock()

        def one_at_a_time(channel: str, message: dict) -> None:
            with lock:
                if message["msg_type"] != "stream":
                    self.flush()
                deliver(channel, message)

        self._session.deliver = one_at_a_time
        self._streams = (_Stream("stdout", 1, self), _Stream("stderr", 2, self))
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115  for as long as the process
        os.dup2(sys.stdin.fileno(), 0)
        sys.stdout, sys.stderr = self._streams

    def flush(self) -> None:
        """Deliver what is still held back."""
        for stream in self._streams:
            stream.deliver()

    @property
    def behind(self) -> bool:
        """Whether a descriptor was written to since the last delivery."""
        return any(stream.behind for stream in self._streams)

    def say(self, name: str, text: str) -> None:
        """Deliver what was written to a stream."""
        content = {"name": name, "text": text}
        self._session.send("iopub", "stream", content, self._kernel.get_parent("shell"))

    def info(self) -> dict:
        """Return what a kernel says about itself."""
        return self._kernel.kernel_info

    @property
    def shell(self) -> ZMQInteractiveShell:
        """What runs the cells."""
        return self._kernel.shell

    async def execute(self, content: dict, msg_id: str) -> None:
        """Run a cell; its outputs, the reply and the end of them all are delivered."""
        parent = self._session.msg("execute_request", content)
        parent["header"]["msg_id"] = parent["msg_id"] = msg_id
        self._kernel.set_parent([], parent, channel="shell")
        self._status("busy", parent)
        await self._kernel.execute_request("shell", [], parent)
        self.flush()
        self._status("idle", parent)

    def _status(self, state: str, parent: dict) -> None:
        self._session.send("iopub", "status", {"execution_state": state}, parent)


class _Stream(io.TextIOBase):
    """stdout or stderr of a notebook; what programs write to the descriptor comes in its place."""

    encoding, errors = "UTF-8", "backslashreplace"

    def __init__(self, name: str, number: int, kernel: Kernel) -> None:
        self.name, self._number, self._kernel = name, number, kernel
        self._process = os.getpid()
        self._held: list[str] = []
        self._read = 0
        self._file = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115  as long as the process
        os.dup2(self._file.fileno(), number)

    def fileno(self) -> int:
        return self._number

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if not self._held or self._kernel.behind:
            self._kernel.flush()  # what was written before, to the other stream too, comes first
        self._held.append(text)
        return len(text)

    def flush(self) -> None:
        self._kernel.flush()

    @property
    def behind(self) -> bool:
        return os.fstat(self._file.fileno()).st_size > self._read

    def _unread(self) -> bytes:
        if hasattr(os, "pread"):  # which leaves the place alone where a process of the notebook writes
            return os.pread(self._file.fileno(), 2**30, self._read)
        self._file.seek(self._read)
        return self._file.read()

    def deliver(self) -> None:
        text, self._held = "".join(self._held), []
        if os.getpid() != self._process:  # a process that the notebook forked
            os.write(self._number, text.encode())
            return
        if text:
            self._kernel.say(self.name, text)
        if self.behind:
            raw = self._unread()
            self._read += len(raw)
            self._kernel.say(self.name, raw.decode("utf-8", "replace"))


class InProcessWire:
    """A wire within this process: a cell runs here, and its messages are returned."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._messages: list[tuple[str, dict]] = []
        self.loop = asyncio.new_event_loop()  # one for all cells: a task may outlive the cell that began it
        kernel.settle(lambda channel, message: self._messages.append((channel, message)))
        kernel.leave_pictures_out()

    def run(self, content: dict, msg_id: str, seconds: float | None) -> list[tuple[str, dict]]:
        """Run a cell; return channels and messages. Whoever gave the job looks at the clock."""
        self._messages.clear()
        self.loop.run_until_complete(self._kernel.execute(content, msg_id))
        if self._kernel.left:
            os._exit(0)  # the cell called exit
        return list(self._messages)

    def info(self) -> dict:
        """Return what the kernel says about itself."""
        return self._kernel.info()


# papermill's client and engines over it.


_OUTPUTS = {  # what a notebook keeps of a message, by its type
    "stream": ("name", "text"),
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
}


class Wire(Protocol):
    """Where cells go and where messages come from."""

    def run(self, content: dict, msg_id: str, seconds: float | None) -> Iterable[tuple[str, dict]]:
        """Run a cell; give channel and message until the kernel is idle again.

        Raises
        ------
        EOFError, ConnectionError, TimeoutError
            If nothing answers any more, or not in time.
        """

    def info(self) -> dict:
        """Return what the kernel says about itself."""


class _Client(PapermillNotebookClient):
    """papermill's client with a wire for a kernel: one message after another, no tasks that wait for them."""

    def __init__(self, nb_man, wire: Wire, tell: Callable | None, **options) -> None:
        super().__init__(nb_man, **options)
        self._wire, self._tell = wire, tell

    def execute(self, **_) -> nbformat.NotebookNode:
        """Run all cells, up to an error."""
        self.reset_execution_trackers()
        self.papermill_execute_cells()
        self.nb.metadata["language_info"] = self._wire.info()["language_info"]
        self.set_widgets_metadata()
        return self.nb

    def execute_cell(self, cell, cell_index, **_) -> nbformat.NotebookNode:
        """Run a cell; its outputs are those that nbclient makes of the messages."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if self._tell:
            self._tell(cell_index)
        self.code_cells_executed += 1
        self.clear_before_next_output = False
        cell.outputs, cell.metadata["execution"] = [], {}
        reply = self._reply(cell, cell_index)
        if reply["status"] == "error" and "raises-exception" not in cell.metadata.get("tags", ()):
            raise CellExecutionError.from_cell_and_msg(cell, reply)
        return cell

    def _reply(self, cell: nbformat.NotebookNode, cell_index: int) -> dict:
        content = {
            "code": cell.source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,  # there is no queue to be dropped: cells are sent one by one
        }
        msg_id, reply = uuid4().hex, {}
        try:
            for channel, message in self._wire.run(content, msg_id, self._get_timeout(cell)):
                if message["parent_header"].get("msg_id") != msg_id:
                    continue  # of a thread that an earlier cell left running
                if channel == "iopub":
                    with suppress(CellExecutionComplete):
                        self.process_message(message, cell, cell_index)
                else:
                    cell.metadata["execution"]["shell.execute_reply"] = timestamp(message)
                    reply = message["content"]
        except TimeoutError:
            raise CellTimeoutError from None
        except (EOFError, ConnectionError):
            raise DeadKernelError from None
        return reply

    def output(self, outs, msg, display_id, cell_index) -> nbformat.NotebookNode | None:
        """Append an output. A plain one needs no check: a kernel of ours sends what a notebook can hold."""
        kept = _OUTPUTS.get(msg["msg_type"])
        if not kept or display_id or self.clear_before_next_output or any(self.output_hook_stack.values()):
            return super().output(outs, msg, display_id, cell_index)
        made = {"output_type": msg["msg_type"]} | {name: msg["content"][name] for name in kept}
        outs.append(nbformat.from_dict(made))
        return outs[-1]


class WireEngine(Engine):
    """Runs cells over a wire, and turns what comes back into outputs as the stock engine does."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man,
        kernel_name,
        *,
        wire: Wire,
        execution_timeout=None,
        tell: Callable | None = None,
        **kwargs,
    ):
        """Run the cells. A dead process and a cell out of time become that cell's error output."""
        known = {
            name: kwargs[name] for name in ("log_output", "stdout_file", "stderr_file") if name in kwargs
        }
        client = _Client(nb_man, wire, tell, kernel_name=kernel_name, timeout=execution_timeout, **known)
        with failing_in_its_cell(nb_man):
            client.execute()


class ForkEngine(Engine):
    """papermill's engine ``qb``: a process for each notebook, forked from one that has it all loaded."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
        """Run the cells in a forked process where that is safe, otherwise as papermill's own engine does."""
        with borrowed_wire() as wire:
            if wire:
                WireEngine.execute_managed_notebook(nb_man, kernel_name, wire=wire, **kwargs)
            else:
                NBClientEngine.execute_managed_notebook(nb_man, kernel_name, **kwargs)


@contextmanager
def failing_in_its_cell(nb_man) -> Iterator[None]:
    """Write an error output into the cell in which a kernel died or ran out of time."""
    try:
        yield
    except DeadKernelError:
        _mark_failed(nb_man, *DEAD)
    except CellTimeoutError:
        _mark_failed(nb_man, *LATE)


def _mark_failed(nb_man, name: str, message: str) -> None:
    started = [i for i, c in enumerate(nb_man.nb.cells) if c.metadata.papermill["start_time"]]
    cell = nb_man.nb.cells[started[-1]]
    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[]))
    nb_man.cell_exception(cell, cell_index=started[-1])


# From a job to its page.


_PYTHON = {"kernel_name": "python3", "language": "python"}


def render(job: Job, wire: Wire, tell: Callable[[int], object] | None = None) -> JobOutcome:
    """Run a job. Never raises for what the notebook does; an earlier page stands until the new one is whole.

    Parameters are taken as they are: call :func:`qb.publish.jobs.refuse` first.

    Parameters
    ----------
    wire : Wire
    tell : callable, optional
        Is given the place of each cell that begins.
    """
    from qb.report.tables import linked  # not above: see Kernel.load

    start = time.perf_counter()
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    try:
        with linked(job.page.site_links):
            notebook = execute(job, wire, tell)
        write_whole(job.target, notebook_page(notebook, job.page, ours=job.ours))
        notes = (*_said_on_stderr(notebook), *_asked(notebook))
    except PapermillExecutionError as error:
        failure = failure_at(job, error.cell_index, error.ename, error.evalue, error.source)
    except WriteError as error:  # a full disk, a folder that became read-only
        failure = Failure(type(error.__cause__).__name__, str(error))
    except OSError as error:  # the same, in the folder for what is temporary
        failure = Failure(type(error).__name__, f"{why(error)}（{error.filename or '临时文件'}）")
    except Exception as error:  # whatever befalls one page, the others go on
        failure = Failure(type(error).__name__, str(error))
    return JobOutcome(job, time.perf_counter() - start, failure, notes)


def execute(job: Job, wire: Wire, tell: Callable[[int], object] | None = None) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of all its cells.

    Raises
    ------
    PapermillExecutionError
        If a cell ends in an error, kills its kernel, takes too long or leaves before the end.
    """
    # Not papermill.execute_notebook: it takes braces in a path for places to fill in, writes half-run
    # notebooks, and spends on its writing, even to nowhere, a fifth of the time of a page.
    notebook = deepcopy(stored(job.notebook))
    for cell in notebook.cells:  # kept in their places: a fault names a cell by its number
        if cell.cell_type == "code" and not ASIDE.isdisjoint(cell.metadata.get("tags", ())):
            cell.source = ""
    if job.parameters:
        notebook = parameterize_notebook(notebook, dict(job.parameters), **_PYTHON)
    with chdir(job.notebook.parent):
        notebook = WireEngine.execute_notebook(
            notebook,
            _PYTHON["kernel_name"],
            progress_bar=False,
            autosave_cell_every=0,
            execution_timeout=job.cell_seconds,
            wire=wire,
            tell=tell,
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
