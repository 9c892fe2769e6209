"""The entry of the worker process: ``python -m qb.publish.worker_start NUMBER``, the number that of an
inherited socket.
"""

from __future__ import annotations

import logging
import signal
import sys
from multiprocessing.connection import Connection

from qb.errors import why
from qb.publish.jobs import quick_import


def main(number: int) -> None:
    """Work for whoever holds the other end of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says it all, in our words
    with quick_import():
        from qb.publish.worker_process import WorkerProcess

        try:
            worker = WorkerProcess(Connection(number))
        except OSError as error:  # IPython keeps a folder for what is temporary
            sys.exit(f"不能写入临时文件 {error.filename2 or error.filename}（{why(error)}）。")
    worker.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
