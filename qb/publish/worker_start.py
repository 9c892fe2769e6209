"""Where processes that make pages begin: ``python -m qb.publish.worker_start NUMBER`` with the number of an
inherited socket, or spawned.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from qb.errors import why
from qb.language import Message
from qb.publish.jobs import quick_import


def main(number: int) -> None:
    """Fork for whoever holds the other end of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says it all, in our words
    with quick_import():
        from qb.publish.worker_process import WorkerProcess

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


def spawned(wire: Connection, kernels: bool) -> None:
    """Make pages for whoever holds the other end: in this process, or each in a kernel of its own."""
    settle()
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # what a page started ends with it
    with quick_import():
        if kernels:
            from qb.publish.render import render
        else:
            from qb.publish.worker_process import freeze, have_ready, loaded, make_pages

            kernel = loaded()
    with suppress(EOFError, ConnectionError):
        if kernels:
            while True:
                wire.send((render(wire.recv()[0]), (), ()))
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
