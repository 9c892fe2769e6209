"""Pages by a real cluster on this machine: a scheduler and two workers, one of them killed on the way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest

from qb.errors import QbError
from qb.publish.cluster import Cluster
from qb.publish.jobs import Job
from qb.publish.page import Page
from qb.publish.scheduler import run
from qb.publish.worker import can_fork

CLUSTER = "qb.publish.cluster"


def start(folder: Path, name: str, *command: str) -> tuple[subprocess.Popen, Path]:
    log = folder / f"{name}.log"
    with log.open("wb") as file:
        dask = [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]]
        return subprocess.Popen(dask, stdout=file, stderr=file, cwd=folder), log


def said(log: Path, pattern: str, seconds: float = 60) -> str:
    end = time.monotonic() + seconds
    while not (found := re.search(pattern, log.read_text("utf-8", "replace"))):
        assert time.monotonic() < end, log.read_text("utf-8", "replace")
        time.sleep(0.1)
    return found[0]


@pytest.fixture
def cluster(tmp_path):
    """Yield the scheduler's address and the two workers."""
    pytest.importorskip("distributed", reason="distributed is an extra: pip install distributed")
    if not can_fork():
        pytest.skip("the workers of this test fork")
    scheduler, log = start(tmp_path, "scheduler", "dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                           "--dashboard-address", "127.0.0.1:0")  # fmt: skip
    workers = []
    try:
        address = said(log, r"tcp://127\.0\.0\.1:\d+")
        for name in ("one", "other"):
            options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
            workers.append(start(tmp_path, name, "dask_worker", address, *options))
        for _, log in workers:
            said(log, r"Registered to")
        yield address, [process for process, _ in workers]
    finally:
        for process in (*(process for process, _ in workers), scheduler):
            process.kill()
            process.wait()


def test_the_pages_of_a_worker_that_is_lost_are_made_by_the_other(cluster, tmp_path):
    address, workers = cluster
    notebook = tmp_path / "who.ipynb"
    parameters = nbformat.v4.new_code_cell("n: int = 0", metadata={"tags": ["parameters"]})
    cells = ["import time\ntime.sleep(0.3)", "n", "1 / (n - 3)"]
    nodes = [parameters, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), notebook)
    jobs = [Job(notebook, {"n": n}, tmp_path / "site" / f"{n}.html", Page(f"T{n}")) for n in range(24)]
    told = threading.Event()

    def lose_one() -> None:
        told.wait(60)
        os.kill(workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=lose_one)
    killer.start()
    outcomes = run(jobs, progress=False, cluster=Cluster(address), told=lambda outcome: told.set())
    killer.join()
    assert workers[0].wait(10) == -signal.SIGKILL
    assert [outcome.job for outcome in outcomes] == jobs
    failed = [outcome for outcome in outcomes if outcome.failure]
    assert [(outcome.job.parameters["n"], outcome.failure.name) for outcome in failed] == [
        (3, "ZeroDivisionError")
    ]
    assert sorted(int(path.stem) for path in (tmp_path / "site").iterdir()) == [
        n for n in range(24) if n != 3
    ]
    assert "<title>T7" in (tmp_path / "site" / "7.html").read_text("utf-8")


def test_an_address_where_nobody_answers_is_said_in_words(tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="distributed is an extra: pip install distributed")
    monkeypatch.setattr(f"{CLUSTER}._SECONDS", 1)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "n.ipynb")
    job = Job(tmp_path / "n.ipynb", {}, tmp_path / "n.html", Page("T"))
    with pytest.raises(QbError, match="连不上 Dask 调度器 tcp://127"):
        run([job], progress=False, cluster=Cluster("tcp://127.0.0.1:9"))


def test_without_dask_the_way_to_get_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "n.ipynb")
    job = Job(tmp_path / "n.ipynb", {}, tmp_path / "n.html", Page("T"))
    with pytest.raises(QbError, match="pip install"):
        run([job], progress=False, cluster=Cluster("tcp://127.0.0.1:9"))
