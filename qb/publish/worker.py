"""The hold on the worker process: starting it, giving it work, borrowing a process of it, and ending it."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import TYPE_CHECKING

from qb.files import temporary_folder
from qb.publish.jobs import Job, Outcome

if TYPE_CHECKING:
    from qb.report.context import ReportContext

# Each of these libraries starts threads unless told otherwise before it is loaded.
_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
# What ipykernel sets for the notebooks, and what keeps its debugger from talking.
_AS_A_KERNEL = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
_GRACE = 5.0  # seconds that the process has to end its children


class CannotForkError(Exception):
    """A process of several threads, or one that is gone, does not fork."""


class GoneError(CannotForkError):
    """A worker process that has ended, whoever ended it: another one may be started."""

    def __init__(self) -> None:
        super().__init__("进程意外结束")


@dataclass(frozen=True)
class Held:
    """A report's context with the arguments by which notebooks will ask for it."""

    context: ReportContext
    data: Path
    standard: str


def can_fork() -> bool:
    """Whether forking is safe here: macOS's own libraries have threads, Windows has no fork."""
    return sys.platform == "linux"


class Worker:
    """A process that forks itself for each notebook; see :mod:`qb.publish.worker_process`."""

    def __init__(self) -> None:
        self._home = temporary_folder()
        home = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"), self._home.name)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "qb.publish.worker_start", str(theirs.fileno())],
                env=os.environ | _ONE_THREAD | _AS_A_KERNEL | home,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is its parent's business
            )
        self._control = Connection(ours.detach())
        self._idle = True

    def preload(self, held: Held) -> None:
        """Hand over a report's context, which notebooks then find read and judged."""
        self._send("preload", held.context, held.data, held.standard)

    def render(
        self, jobs: Sequence[Job], indices: Sequence[int], workers: int
    ) -> Iterator[tuple[int, Outcome]]:
        """Yield each job's place and outcome as it ends, so many at once.

        Raises
        ------
        CannotForkError, GoneError
            If the process has threads or is gone; what was not yielded has not run to its end.
        """
        self._idle = False
        waiting = list(reversed(indices))
        running = 0
        while waiting or running:
            while waiting and running < workers:
                index = waiting.pop()
                self._send("job", index, jobs[index])
                running += 1
            _, index, outcome = self._answer()
            running -= 1
            yield index, outcome

    def wire(self) -> ForkedWire:
        """Fork a process, in this one's folder and environment, that runs cells as it is asked."""
        self._idle = False
        ours, theirs = socket.socketpair()
        with theirs:
            self._send("wire", str(Path.cwd()), os.environ | _AS_A_KERNEL)
            send_handle(self._control, theirs.fileno(), self._process.pid)
        _, pid = self._answer()
        return ForkedWire(Connection(ours.detach()), lambda: self._send("end", pid))

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
            raise CannotForkError(f"进程中有其他线程：{'、'.join(answer[1])}")
        return answer

    def close(self) -> None:
        """End the process with all its children."""
        self._control.close()
        if self._idle:
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


class ForkedWire:
    """A wire to a forked process."""

    def __init__(self, connection: Connection, end: Callable[[], None]) -> None:
        self._connection, self._end = connection, end
        self._info = connection.recv()[1]

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
        self._connection.close()
        with suppress(CannotForkError):
            self._end()


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
