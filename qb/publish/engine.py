"""Two papermill engines with the same results: cells in a forked process, or in a kernel of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol
from uuid import uuid4

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NBClientEngine
from traitlets import default

from qb.files import temporary_folder
from qb.publish.jobs import DEAD, LATE, SAFE_PATH, environment

_OUTPUTS = {  # what a notebook keeps of a message, by its type
    "stream": ("name", "text"),
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
}


class Wire(Protocol):
    """Where cells go and where messages come from."""

    def run(self, content: dict, msg_id: str, seconds: float | None) -> Iterator[tuple[str, dict]]:
        """Run a cell; yield channel and message until the kernel is idle again.

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
        """Run the cells in a forked process where that is safe, otherwise in a kernel."""
        from qb.publish.worker import borrowed_wire

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
        with in_temporary_folders(), failing_in_its_cell(nb_man):
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
def in_temporary_folders() -> Iterator[None]:
    """Keep a user's start-up files and settings out of the kernels, their files out of the home, and code
    that lies where a kernel starts out of its path.
    """
    with temporary_folder() as folder:
        names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
        with environment(**dict.fromkeys(names, folder), **SAFE_PATH):
            yield
