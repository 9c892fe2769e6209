"""An IPython kernel inside this process: the real one, its messages going to a function, not a socket."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session
from traitlets import Any
from traitlets.config import Config

if TYPE_CHECKING:
    from ipykernel.zmqshell import ZMQInteractiveShell

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


class Here:
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
