"""Processes started anew, where forking is not at hand: for pages, and for the files that go with them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.reduction import ForkingPickler

from qb.publish.jobs import SAFE_PATH, Job, environment
from qb.publish.worker import AS_A_KERNEL, ONE_THREAD, Hand, Held, settings_folder
from qb.publish.worker_start import settle, spawned

_GRACE = 5.0  # seconds that a process has to be gone


class Spawned:
    """A process of its own that makes pages."""

    def __init__(self, kernels: bool, home: str) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        own = (
            {}
            if kernels
            else ONE_THREAD | AS_A_KERNEL | dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR"), home)
        )
        # spawn: the same on every system, and safe whatever threads the caller has.
        self._process = multiprocessing.get_context("spawn").Process(
            target=spawned, args=(theirs, kernels), daemon=True
        )
        with environment(**SAFE_PATH, **own), _ignoring_interrupts():
            self._process.start()
        theirs.close()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def end(self) -> None:
        """End the process, with what it started where the system tells."""
        self.connection.close()
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join(_GRACE)


class Spawning:
    """Where processes are spawned.

    Parameters
    ----------
    kernels : bool
        Each page in a kernel of its own, instead of in the process itself.
    ahead : int
        How many to start at once, before they are asked for.
    """

    def __init__(self, *, kernels: bool = False, ahead: int = 0) -> None:
        self.idle: list[Hand] = []
        self._kernels, self._home = kernels, settings_folder()
        self._book: bytes | None = None
        self._started: list[Spawned] = []
        self._ahead = [self._launch() for _ in range(ahead)]

    def preload(self, held: Held | None) -> None:
        """Have a book ready in each process that will be asked for."""
        while self.idle:
            self.idle.pop().end()
        self._book = bytes(ForkingPickler.dumps(held))

    def start(self, _: Job) -> Spawned:
        """Return a process that makes pages; it may be loading still."""
        one = self._ahead.pop() if self._ahead else self._launch()
        if not self._kernels:
            with suppress(OSError):  # it is gone already, which is heard next
                one.connection.send_bytes(self._book or ForkingPickler.dumps(None))
        return one

    def _launch(self) -> Spawned:
        one = Spawned(self._kernels, self._home.name)
        self._started.append(one)
        return one

    def close(self) -> None:
        """End all processes."""
        for one in self._started:
            one.end()
        self._started, self._ahead, self.idle = [], [], []
        self._home.cleanup()


@contextmanager
def pool_of(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool that is gone, with its processes, however the block ends."""
    before = set(multiprocessing.active_children())
    # All that multiprocessing starts, its tracker too, starts with -c and would look for modules right here.
    with environment(**SAFE_PATH):
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), settle)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise
        finally:
            pool.shutdown()


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C; their parent handles it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
