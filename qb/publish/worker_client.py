"""The publisher's side of a process that makes pages: starting it, giving it work, and ending it."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler, send_handle
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qb.files import temporary_folder
from qb.language import Message, listing
from qb.publish.jobs import Job

if TYPE_CHECKING:
    from qb.report.context import ReportContext

# Each of these libraries starts threads unless told otherwise before it is loaded.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
# What ipykernel sets for the notebooks, and what keeps its debugger from talking.
AS_A_KERNEL = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
_GRACE = 5.0  # seconds that the process has to end its children


class CannotForkError(Exception):
    """A process of several threads, or one that is gone, does not fork."""


class GoneError(CannotForkError):
    """A worker process that has ended, whoever ended it: another one may be started."""

    def __init__(self) -> None:
        super().__init__(Message("进程意外结束", "the process ended"))


@dataclass(frozen=True)
class PreloadedContext:
    """A report's context with the arguments by which notebooks will ask for it."""

    context: ReportContext
    data: Path
    standard: str


def packed(held: PreloadedContext | None) -> bytes:
    """Return a context, or none, as it travels to a process."""
    return bytes(ForkingPickler.dumps(held))


def can_fork() -> bool:
    """Whether forking is safe here: macOS's own libraries have threads, Windows has no fork."""
    return sys.platform == "linux"


class PageProcess(Protocol):
    """A process that makes pages."""

    connection: Connection

    def alive(self) -> bool:
        """Whether it runs."""

    def end(self) -> None:
        """End it, whatever it is doing, with all that it started."""


def settings_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for the settings of IPython and Jupyter, without any.

    The note that IPython copies into such a folder stands in it already, empty: where a disk is full, it is
    the page that cannot be written that is to say so.
    """
    folder = temporary_folder()
    startup = Path(folder.name) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "README").touch()
    return folder


class Worker:
    """A process that forks itself as it is asked; see :mod:`qb.publish.worker_process`."""

    def __init__(self) -> None:
        self.idle: list[PageProcess] = []
        self._home = settings_folder()
        home = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"), self._home.name)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "qb.publish.worker_process", str(theirs.fileno())],
                env=os.environ | ONE_THREAD | AS_A_KERNEL | home,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is its parent's business
            )
        self._control = Connection(ours.detach())
        self._talking = threading.Lock()  # threads may share it; an answer belongs to its question
        self._used = False

    def preload(self, context: bytes) -> None:
        """Hand over a packed context, which notebooks then find read and judged."""
        while self.idle:
            self.idle.pop().end()
        with self._talking:
            self._send("preload", context)

    def start(self, job: Job) -> Forked:
        """Fork a process that makes pages."""
        return self._fork("pages", job.notebook)

    def wire(self) -> ForkedWire:
        """Fork a process, in this one's folder and environment, that runs cells as it is asked."""
        return ForkedWire(self._fork("cells", str(Path.cwd()), os.environ | AS_A_KERNEL))

    def _fork(self, *what: object) -> Forked:
        self._used = True
        ours, theirs = socket.socketpair()
        with ours, theirs, self._talking:
            self._send(*what)
            try:
                send_handle(self._control, theirs.fileno(), self._process.pid)
            except OSError:
                raise GoneError from None
            _, pid = self._answer()
            return Forked(Connection(ours.detach()), self, pid)

    def ask(self, what: str, pid: int) -> object:
        """Return what the process answers about a child."""
        with self._talking:
            self._send(what, pid)
            return self._answer()[1]

    def _send(self, *message: object) -> None:
        try:
            self._control.send(message)
        except OSError:
            raise GoneError from None

    def _answer(self) -> tuple:
        try:
            answer = self._control.recv()
        except (EOFError, OSError):
            raise GoneError from None
        if answer[0] == "unsafe":
            raise CannotForkError(
                Message("进程中有其他线程：{}", "other threads run in the process: {}", listing(answer[1]))
            )
        return answer

    def close(self) -> None:
        """End the process with all its children."""
        self._control.close()
        if not self._used:
            self._process.kill()  # it has no children, and may be loading still
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._home.cleanup()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Forked:
    """A forked process."""

    def __init__(self, connection: Connection, worker: Worker, pid: int) -> None:
        self.connection, self._worker, self._pid = connection, worker, pid

    def alive(self) -> bool:
        """Whether it runs."""
        return bool(self._worker.ask("alive", self._pid))

    def end(self) -> None:
        """End it, whatever it is doing, with all that it started."""
        self.connection.close()
        self._worker.ask("end", self._pid)


class ForkedWire:
    """A wire to a forked process."""

    def __init__(self, process: Forked) -> None:
        self._process, self._connection = process, process.connection
        self._info = self._connection.recv()[1]

    def run(self, content: dict, msg_id: str, seconds: float | None) -> Iterator[tuple[str, dict]]:
        """Run a cell; yield channel and message until the kernel is idle again."""
        deadline = time.monotonic() + seconds if seconds else None
        self._connection.send((content, msg_id))
        idle = False
        while not idle:
            if deadline and not self._connection.poll(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            channel, message = self._connection.recv()
            yield channel, message
            idle = (
                message["msg_type"] == "status"
                and message["content"]["execution_state"] == "idle"
                and message["parent_header"]["msg_id"] == msg_id
            )

    def info(self) -> dict:
        """Return what the kernel says about itself."""
        return self._info

    def close(self) -> None:
        """End the process, whatever it is doing."""
        with suppress(CannotForkError):
            self._process.end()


@cache
def _kept() -> Worker:
    worker = Worker()
    atexit.register(worker.close)
    return worker


def _kept_wire() -> ForkedWire:
    try:
        return _kept().wire()
    except GoneError:
        atexit.unregister(_kept().close)
        _kept().close()
        _kept.cache_clear()
        return _kept().wire()


@contextmanager
def borrowed_wire() -> Iterator[ForkedWire | None]:
    """Give a process forked for one notebook, or None where that is not safe.

    The worker is started once and kept for the next notebook.
    """
    try:
        wire = _kept_wire() if can_fork() else None
    except CannotForkError:
        wire = None
    try:
        yield wire
    finally:
        if wire:
            wire.close()
