"""Pages by a real cluster on this machine: a scheduler and two workers, one of them killed on the way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from qb.data.reading import write
from qb.data.sample import make
from qb.errors import QbError
from qb.files import PACKAGE
from qb.publish.api import publish
from qb.publish.cluster import Cluster
from qb.publish.jobs import Job
from qb.publish.page import Page
from qb.publish.page_processes import run
from qb.publish.worker_client import can_fork

CLUSTER = "qb.publish.cluster"
REPOSITORY = Path(__file__).parents[1]

pytestmark = pytest.mark.usefixtures("one_worker")  # how one begins here is not what is tested


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


KEYS = "openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=qb -keyout key.pem -out cert.pem"
TLS = ["--tls-ca-file", "cert.pem", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]


@contextmanager
def cluster_of(folder: Path, *workers: Path, tls: bool = False, threads: int = 1):
    """Yield the address of a scheduler and the workers, each started in its folder."""
    pytest.importorskip("distributed", reason="distributed is an extra: pip install distributed")
    if not can_fork():
        pytest.skip("the workers of this test fork")
    keys = ["--protocol", "tls", *TLS] if tls else []
    here = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
    scheduler, log = start(folder, "scheduler", "dask_scheduler", *here, *keys)
    started = []
    try:
        address = said(log, r"(tcp|tls)://127\.0\.0\.1:\d+")
        for number, home in enumerate(workers):
            options = [
                "--nthreads",
                str(threads),
                "--no-nanny",
                "--no-dashboard",
                "--local-directory",
                str(folder),
            ]
            if tls:
                home.joinpath("cert.pem").write_bytes((folder / "cert.pem").read_bytes())
                home.joinpath("key.pem").write_bytes((folder / "key.pem").read_bytes())
            options += ["--name", f"machine-{number}"]
            started.append(start(home, f"w{number}", "dask_worker", address, *options, *keys))
        for _, log in started:
            said(log, r"Registered to")
        yield address, [process for process, _ in started]
    finally:
        for process in (*(process for process, _ in started), scheduler):
            process.kill()
            process.wait()


def test_the_pages_of_a_worker_that_is_lost_are_made_by_the_other(tmp_path):
    with cluster_of(tmp_path, tmp_path, tmp_path) as (address, workers):
        lose_one_of(address, workers, tmp_path)


def lose_one_of(address: str, workers: list[subprocess.Popen], tmp_path: Path) -> None:
    notebook = tmp_path / "who.ipynb"
    declared = "n: int = 0\ncosts: str = ''"
    parameters = nbformat.v4.new_code_cell(declared, metadata={"tags": ["parameters"]})
    cells = ["import time\ntime.sleep(0.3)", "n", "1 / (n - 3)", "print(open(costs).read(), costs)"]
    nodes = [parameters, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), notebook)
    (tmp_path / "costs.toml").write_text("twelve")
    given = {"costs": str(tmp_path / "costs.toml")}
    jobs = [
        Job(notebook, {"n": n, **given}, tmp_path / "site" / f"{n}.html", Page(f"T{n}")) for n in range(24)
    ]
    told = threading.Event()

    def lose_one() -> None:
        told.wait(60)
        os.kill(workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=lose_one)
    killer.start()
    with Cluster(address) as source:
        outcomes = run(jobs, progress=False, cluster=source, told=lambda outcome: told.set())
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
    page = (tmp_path / "site" / "7.html").read_text("utf-8")
    assert "<title>T7" in page
    assert re.search(r"twelve .+costs\.toml", page) and str(tmp_path) not in page, "the file travelled"


def test_a_worker_with_other_code_gets_no_page_and_is_named_once_behind_certificates(
    tmp_path, monkeypatch, capsys
):
    """Certificates as in the README; the other worker's qb has one line more."""
    monkeypatch.setattr(f"{CLUSTER}._SECONDS", 3)
    other = tmp_path / "other"
    shutil.copytree(PACKAGE, other / "qb", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "qb" / "rounding.py").open("a") as file:
        file.write("# another line\n")
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(KEYS.split(), cwd=tmp_path, check=True, capture_output=True)
    readmes = [(REPOSITORY / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")]
    assert all(KEYS in text and " ".join(TLS) in text for text in readmes)
    files = {
        f"tls_{name}": tmp_path / f"{of}.pem"
        for name, of in (("ca", "cert"), ("cert", "cert"), ("key", "key"))
    }
    sample = make(schools=4, years=[2025])
    write(sample, tmp_path / "data")
    ids = sample["schools"]["school_id"][:2].tolist()
    asked = {"only": ("school",), "schools": ids, "progress": False}
    with cluster_of(tmp_path, home, other, tls=True) as (address, workers):
        with pytest.raises(QbError, match="连不上 Dask 调度器 tls://"):
            publish(tmp_path / "data", out=tmp_path / "none", scheduler=address, **asked)
        made = publish(tmp_path / "data", out=tmp_path / "far", scheduler=address, **files, **asked)
        refusals = capsys.readouterr().err.splitlines()
        workers[0].kill()
        with pytest.raises(QbError, match="没有能用的工作进程。集群的工作进程 machine-1 运行的程序"):
            publish(tmp_path / "data", out=tmp_path / "far", scheduler=address, force=True, **files, **asked)
    assert len(made.outcomes) == len(ids) and not made.failed
    (refusal,) = refusals
    assert (
        "machine-1" in refusal
        and "machine-0" not in refusal
        and "qb 为" in refusal
        and "pandas" not in refusal
    )
    publish(tmp_path / "data", out=tmp_path / "near", **asked)
    for school in ids:
        far, near = (
            (tmp_path / place / "schools" / f"{school}.html").read_bytes() for place in ("far", "near")
        )
        assert far == near


def test_certificates_go_together_and_must_be_there(tmp_path):
    for files, match in (
        ({"tls_ca": "a.pem"}, "须同时给出"),
        ({"tls_ca": "a.pem", "tls_cert": "b.pem", "tls_key": "c.pem"}, "不存在"),
    ):
        with pytest.raises(QbError, match=match):
            publish(REPOSITORY / "data" / "sample", out=tmp_path, scheduler="tls://127.0.0.1:9", **files)


def test_an_address_where_nobody_answers_is_said_in_words(monkeypatch):
    pytest.importorskip("distributed", reason="distributed is an extra: pip install distributed")
    monkeypatch.setattr(f"{CLUSTER}._SECONDS", 1)
    with pytest.raises(QbError, match="连不上 Dask 调度器 tcp://127"), Cluster("tcp://127.0.0.1:9"):
        pass


def test_without_dask_the_way_to_get_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(QbError, match="pip install"), Cluster("tcp://127.0.0.1:9"):
        pass
