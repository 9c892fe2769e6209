"""Publications of sixty pages of a small notebook, one after another, each in a process that a test may kill.

Everything is loaded, and the data are read, once; what is killed has nothing to do but to make the site.
For each line that it reads, a folder, it publishes there, and prints the process and how it ended.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import papermill

from qb.publish import engine, manifest, site, worker_client, worker_process
from qb.publish.api import publish


class Forked:
    """A press forked from here, where the real one is a new process."""

    def __init__(self, command, *, env, pass_fds, **_):
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            (kept,) = pass_fds
            os.closerange(3, kept)
            os.closerange(kept + 1, 1024)
            os.environ.update(env)
            worker_process.main(kept)
            os._exit(0)

    def kill(self):
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout=10.0):
        end = time.monotonic() + timeout
        with suppress(ChildProcessError):  # waited for before, as `subprocess.Popen` allows
            while time.monotonic() < end and os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                time.sleep(0.002)


def main(data: Path, notebook: Path) -> None:
    assert papermill and engine  # loaded, with all that they load
    worker_client.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": Forked})
    manifest.notebook_of = lambda kind: notebook
    read = site.open_context(data, None, "gulou-2023", "zh")
    site.open_context = lambda *_: read
    of_all = manifest.of_all(data, "gulou-2023")
    manifest.of_all = lambda *_, **__: of_all
    make = partial(publish, data, only=["school"], jobs=2, progress=False)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            published = make(out=line.strip())
            os._exit(published.exit_code)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
