"""Two papermill engines with the same results: cells in a forked process, or in a kernel of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Protocol
from uuid import uuid4

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NBClientEngine
from traitlets import default

from qb.publish.job import DEAD, LATE

_POLL = 0.002, 0.05  # seconds between two looks for a message, at first and at most


class Wire(Protocol):
    """Where a request for execution goes and where messages come from."""

    def request(self, content: dict, msg_id: str) -> object:
        """Ask for a cell to be run; may have to be awaited."""

    def message(self) -> tuple[str, dict] | None:
        """Return the next channel and message, if there is one."""

    def info(self) -> dict:
        """Return what the kernel says about itself."""

    def is_alive(self) -> bool:
        """Whether there is anyone to answer."""


class _Channel:
    def __init__(self, client: _WireClient) -> None:
        self.waiting: deque[dict] = deque()
        self._client = client

    async def get_msg(self, timeout: float | None = None) -> dict:
        pause, longest = _POLL
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.waiting:
            self._client.sort()
            if self.waiting:
                break
            if deadline is not None and time.monotonic() > deadline:
                raise Empty
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
        return self.waiting.popleft()


class _WireClient:
    """What nbclient expects of a kernel's client, over a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.iopub_channel, self.shell_channel = _Channel(self), _Channel(self)

    def sort(self) -> None:
        while found := self._wire.message():
            channel, message = found
            (self.iopub_channel if channel == "iopub" else self.shell_channel).waiting.append(message)

    async def execute(self, code: str, store_history: bool = True, stop_on_error: bool = True) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,  # there is no queue to be dropped: cells are sent one by one
        }
        msg_id = uuid4().hex
        if awaited := self._wire.request(content, msg_id):
            await awaited
        return msg_id

    def kernel_info(self) -> str:
        reply = {"parent_header": {"msg_id": "info"}, "content": self._wire.info()}
        self.shell_channel.waiting.append(reply)
        return "info"

    def is_alive(self) -> bool:
        return self._wire.is_alive()


class _Client(PapermillNotebookClient):
    """papermill's client, whose kernel runs already."""

    @contextmanager
    def setup_kernel(self, **_) -> Iterator[None]:
        yield


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
        client = _Client(nb_man, kernel_name=kernel_name, timeout=execution_timeout, **known)
        client.kc = _WireClient(wire)
        if tell:
            client.on_cell_execute = lambda cell, cell_index: tell(cell_index)
        with failing_in_its_cell(nb_man):
            client.execute()


class ForkEngine(Engine):
    """papermill's engine ``qb``: a process for each notebook, forked from one that has it all loaded."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
        """Run the cells in a forked process where that is safe, otherwise in a kernel."""
        from qb.publish.fork import borrowed_wire

        with borrowed_wire() as wire:
            if wire:
                WireEngine.execute_managed_notebook(nb_man, kernel_name, wire=wire, **kwargs)
            else:
                KernelEngine.execute_managed_notebook(nb_man, kernel_name, **kwargs)


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
        with nobodys_home(), failing_in_its_cell(nb_man):
            super().execute_managed_notebook(nb_man, kernel_name, **options, **kwargs)


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


@contextmanager
def nobodys_home() -> Iterator[None]:
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
