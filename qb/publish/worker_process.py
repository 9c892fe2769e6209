"""The process that has everything loaded, with an IPython kernel inside, and forks itself for each
notebook.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import io
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import recv_handle
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn

import nbformat
import numpy as np
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session
from traitlets import Any
from traitlets.config import Config

from qb.publish.jobs import DEAD, LATE, Failure, Job, Outcome, failure_at
from qb.publish.page import Page, notebook_page
from qb.publish.render import WIRE, render, stored

if TYPE_CHECKING:
    from qb.report.context import ReportContext

# An IPython kernel inside this process: the real one, its messages going to a function, not a socket.


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

    Made once, before forking; each child then calls :meth:`settle` and has it for itself.
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
        for form in ("image/svg+xml", "image/png", "application/pdf"):
            formatter = self._kernel.shell.display_formatter.formatters[form]
            formatter.for_type_by_name("qb.charts.figure", "Chart", lambda _: None)  # known when it is loaded

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
        self._file = os.memfd_create(name)
        os.dup2(self._file, number)

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
        return os.fstat(self._file).st_size > self._read

    def deliver(self) -> None:
        text, self._held = "".join(self._held), []
        if os.getpid() != self._process:  # a process that the notebook forked
            os.write(self._number, text.encode())
            return
        if text:
            self._kernel.say(self.name, text)
        if self.behind:
            raw = os.pread(self._file, os.fstat(self._file).st_size - self._read, self._read)
            self._read += len(raw)
            self._kernel.say(self.name, raw.decode("utf-8", "replace"))


# The process that has everything loaded and forks itself for each notebook; see
# :mod:`qb.publish.worker_start`.
#
# It has one thread, or it does not fork. It ends when the process that started it does, and takes its
# children along; a child takes along what the notebook started.


_PR_SET_PDEATHSIG = 1
_PAGES = ("annual", "brief", "data", "district", "plan", "research", "scenario", "school")
_LOOK = 1.0  # seconds between two looks at children that may have died without a word


@dataclass
class _Child:
    """A forked process, and the cell it has reached; `number` and `job` are None where it serves a wire."""

    pid: int
    number: int | None
    job: Job | None
    started: float
    cell: int | None = None
    deadline: float = float("inf")


class WorkerProcess:
    """Takes jobs from its control and says what became of them."""

    def __init__(self, control: Connection) -> None:
        self._control = control
        self._children: dict[Connection, _Child] = {}
        self._kernel = Kernel()
        self._frozen = False
        asyncio.run(self._kernel.load(*(f"qb.report.{page}_report" for page in _PAGES)))
        # What the first page alone would otherwise pay for, each child anew.
        notebook_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T")]), Page("T"))

    def serve(self) -> None:
        """Work until the control is closed."""
        try:
            while True:
                for ready in wait([self._control, *self._children], self._patience()):
                    if ready is self._control:
                        self._take(*self._control.recv())
                    elif ready in self._children:
                        self._hear(ready)
                self._look_after()
        except (EOFError, ConnectionError):
            pass
        finally:
            for child in self._children.values():
                _end(child.pid)

    def _patience(self) -> float | None:
        if not self._children:
            return None
        next_deadline = min(child.deadline for child in self._children.values())
        return min(_LOOK, max(0.0, next_deadline - time.monotonic()))

    def _take(self, what: str, *given: object) -> None:
        if what == "preload":
            self._preload(*given)
        elif what == "end":
            for pipe in [pipe for pipe, child in self._children.items() if child.pid == given[0]]:
                self._finish(pipe, None)
        elif what == "job":
            number, job = given
            with suppress(Exception):  # the child will say what is wrong with it
                stored(job.notebook)
            self._fork(number, job, lambda pipe: _print(job, self._kernel, pipe))
        else:
            with Connection(recv_handle(self._control)) as wire:
                if pid := self._fork(None, None, lambda pipe: _serve_wire(self._kernel, wire, *given)):
                    self._control.send(("wired", pid))

    def _preload(self, context: ReportContext, data: Path, standard: str) -> None:
        from qb.report.context import preload  # not above: see Kernel.load
        from qb.report.school_report import prepare

        preload(context, data, standard)
        prepare(context)

    def _fork(self, number: int | None, job: Job | None, work: Callable[[Connection], None]) -> int:
        """Return the child's id; 0, and say so, where there are threads."""
        if threads := _other_threads():
            self._control.send(("unsafe", threads))
            return 0
        if not self._frozen:
            gc.collect()
            gc.freeze()  # a collection in a child would copy every page of memory it looks at
            self._frozen = True
        ours, theirs = _pipe()
        pid = os.fork()
        if not pid:
            _run_as_child([self._control, ours, *self._children], lambda: work(theirs))
        theirs.close()
        with suppress(OSError):
            os.setpgid(pid, pid)
        self._children[ours] = _Child(pid, number, job, time.monotonic())
        return pid

    def _hear(self, pipe: Connection) -> None:
        child = self._children[pipe]
        try:
            said = pipe.recv()
        except (EOFError, OSError):
            self._failed(pipe, DEAD)
            return
        if isinstance(said, Outcome):
            self._finish(pipe, said)
        else:
            child.cell, child.deadline = said, time.monotonic() + child.job.cell_seconds

    def _look_after(self) -> None:
        """Find children that ran out of time, and dead ones whose pipe a process of theirs holds open."""
        now = time.monotonic()
        for pipe, child in list(self._children.items()):
            if child.deadline < now:
                self._failed(pipe, LATE)
            elif not pipe.poll() and os.waitpid(child.pid, os.WNOHANG)[0]:
                self._failed(pipe, DEAD)

    def _failed(self, pipe: Connection, cause: tuple[str, str]) -> None:
        child = self._children[pipe]
        _end(child.pid)
        if child.job is None:
            self._finish(pipe, None)
            return
        try:
            failure = failure_at(child.job, child.cell, *cause)
        except Exception as error:
            failure = Failure(cause[0], f"{cause[1]}（{error}）")
        self._finish(pipe, Outcome(child.job, time.monotonic() - child.started, failure))

    def _finish(self, pipe: Connection, outcome: Outcome | None) -> None:
        child = self._children.pop(pipe)
        pipe.close()
        _end(child.pid)
        if outcome:
            self._control.send(("done", child.number, outcome))


def _pipe() -> tuple[Connection, Connection]:
    read, write = os.pipe()
    return Connection(read, writable=False), Connection(write, readable=False)


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


def _run_as_child(not_ours: list[Connection], work: Callable) -> NoReturn:
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for connection in not_ours:
            connection.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        random.seed()
        np.random.seed()  # noqa: NPY002  what a notebook that uses the old generator would otherwise share
        work()
        os._exit(0)
    finally:
        os._exit(1)


def _import_from(folder: str) -> None:
    """Let what is beside the notebook be imported, as a kernel does; never what is in another folder."""
    libraries = (i for i, path in enumerate(sys.path) if path.endswith("-packages"))
    sys.path.insert(next(libraries, 0), folder)


def _print(job: Job, kernel: Kernel, pipe: Connection) -> None:
    _import_from(str(job.notebook.parent.resolve()))
    pipe.send(render(job, WIRE, wire=_Here(kernel), tell=pipe.send))


class _Here:
    """A wire within this process: a cell runs here, and its messages are returned."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._messages: list[tuple[str, dict]] = []
        self._loop = asyncio.new_event_loop()  # one for all cells: a task may outlive the cell that began it
        kernel.settle(lambda channel, message: self._messages.append((channel, message)))
        kernel.leave_pictures_out()

    def run(self, content: dict, msg_id: str, seconds: float | None) -> list[tuple[str, dict]]:
        """Run a cell; return channels and messages. The worker process looks at the clock."""
        self._messages.clear()
        self._loop.run_until_complete(self._kernel.execute(content, msg_id))
        if self._kernel.left:
            os._exit(0)  # the cell called exit
        return list(self._messages)

    def info(self) -> dict:
        return self._kernel.info()


def _serve_wire(kernel: Kernel, wire: Connection, folder: str, environment: dict[str, str]) -> None:
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
