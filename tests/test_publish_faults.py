# ruff: noqa: E501  what a cell does is easier to read unfolded
"""Every ending of a page or a run: the page fails alone, no half page stays, no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from qb.publish import cluster, page_processes, worker_process
from qb.publish.jobs import Job, JobOutcome
from qb.publish.page import Page
from qb.publish.page_processes import run
from qb.publish.worker_client import CannotForkError, GoneError, Worker, can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="forking is not safe on this system")

ENDINGS = {
    "good": "'fine'",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "hanging": "import time\ntime.sleep(600)",
    "hanging in C": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nsignal.sigwait([10])",
    "out of memory": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\nx = bytearray(2**32)",
    "leaving a process": "import subprocess\n_ = subprocess.Popen(['sleep', '600'])",
    "leaving a child that holds on": "import os, time\nif not os.fork():\n    time.sleep(600)\nos._exit(1)",
    "exit": "exit()",
    "last": "'fine too'",
}  # fmt: skip


def save(path: Path, *cells: str) -> Path:
    nodes = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), path)
    return path


def processes(mark: str) -> set[int]:
    """The processes whose command line or environment holds a text."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                said = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
                state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if mark.encode() in said and state != "Z":
                found.add(int(folder.name))
    return found


def gone(mark: str, seconds: float = 5) -> bool:
    """Whether no process with a mark is left, soon."""
    end = time.monotonic() + seconds
    while processes(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module", params=[False, True], ids=["a process each", "one for several"])
def ended(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("ended")
    mark = f"qb-test-mark-{os.getpid()}"
    os.environ["QB_TEST_MARK"] = mark
    jobs = []
    for number, (name, cell) in enumerate(ENDINGS.items()):
        notebook = save(folder / f"{number}.ipynb", "'first'", cell)
        target = folder / "site" / f"{name}.html"
        jobs.append(Job(notebook, {}, target, Page(name), cell_seconds=4, ours=request.param))
    try:
        outcomes = run(jobs, workers=2, progress=False)
        left = not gone(mark)
    finally:
        del os.environ["QB_TEST_MARK"]
    return {o.job.target.stem: o for o in outcomes}, left, folder / "site"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("killed", "DeadKernelError"),
        ("segfault", "DeadKernelError"),
        ("hanging", "CellTimeoutError"),
        ("hanging in C", "CellTimeoutError"),
        ("out of memory", "MemoryError"),
        ("leaving a child that holds on", "DeadKernelError"),
        ("exit", "DeadKernelError"),
    ],
)
def test_a_page_fails_alone_and_names_its_cell(ended, name, error):
    failure = ended[0][name].failure
    assert (failure.name, failure.cell) == (error, 2)
    assert failure.line == ENDINGS[name].splitlines()[0]


def test_the_others_are_made_and_nothing_half_made_stays(ended):
    _, _, site = ended
    assert {path.name for path in site.iterdir()} == {"good.html", "last.html", "leaving a process.html"}


def test_no_process_outlives_the_run(ended):
    assert not ended[1]


def test_a_full_disk_fails_the_page_and_leaves_no_half_of_it(tmp_path):
    notebook = save(
        tmp_path / "full.ipynb",
        "import errno\nimport qb.files\ndef full(path):\n    raise OSError(errno.ENOSPC, 'No space left')",
        "qb.files._sync = full",
    )
    job = Job(notebook, {}, tmp_path / "site" / "full.html", Page("T"))
    (outcome,) = run([job], progress=False)
    assert "磁盘已满" in str(outcome.failure)
    assert list((tmp_path / "site").iterdir()) == []


def test_a_worker_with_threads_does_not_fork_and_spawned_processes_do_the_work(tmp_path, monkeypatch, capsys):
    # A library that starts a thread when it is loaded.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, threading, time\n"
        "if 'qb.publish.worker_process' in sys.orig_argv:\n"
        "    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    job = Job(save(tmp_path / "n.ipynb", "'made'"), {}, tmp_path / "n.html", Page("T"))
    (outcome,) = run([job], progress=False)
    assert outcome.failure is None
    assert "made" in job.target.read_text("utf-8")
    assert "其他线程" in capsys.readouterr().err


def test_the_worker_has_one_thread_with_everything_loaded():
    with Worker() as one:
        one.wire().close()  # answers once all is loaded, and only where it can fork
    assert worker_process._other_threads() is not None


SCRIPT = """
import signal
import sys
from pathlib import Path
from qb.publish import page_processes
from qb.publish.jobs import Job
from qb.publish.page import Page
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs in the background may have it ignored
    page_processes.can_fork = lambda: sys.argv[2] == "forked"
    folder = Path(sys.argv[1])
    jobs = [Job(folder / f"{i}.ipynb", {}, folder / "site" / f"{i}.html", Page("T")) for i in range(4)]
    try:
        page_processes.run(jobs, workers=2, progress=False, told=lambda o: print("told", flush=True))
    except KeyboardInterrupt:
        sys.exit("interrupted")
"""


@pytest.mark.parametrize(
    ("way", "ending"),
    [
        ("forked", signal.SIGINT),
        ("forked", signal.SIGTERM),
        ("forked", signal.SIGKILL),
        ("spawned", signal.SIGINT),
    ],
)
def test_an_interrupted_run_ends_within_a_second_and_leaves_no_process(tmp_path, way, ending):
    for number, cell in enumerate(["1", "import time\ntime.sleep(600)", "import time\ntime.sleep(600)", "1"]):
        save(tmp_path / f"{number}.ipynb", cell)
    mark = f"qb-test-mark-{os.getpid()}-{way}-{ending}"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), way],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"QB_TEST_MARK": mark},
    )  # fmt: skip
    assert process.stdout.readline() == "told\n"
    time.sleep(0.5)
    start = time.monotonic()
    process.send_signal(ending)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - start < 1.5
    assert gone(mark)
    if ending == signal.SIGINT:
        assert said == "interrupted\n"
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["0.html"]


# A worker that dies


@pytest.mark.parametrize(
    ("pages", "asked", "begun", "made"), [(40, 100, 3, 100), (5, 100, 2, 10), (0, 3, 2, 0)], ids=str
)
def test_a_worker_that_dies_is_started_again_once_and_once_more_for_every_25_pages(
    tmp_path, monkeypatch, pages, asked, begun, made
):
    def so_many(worker, jobs, indices, workers, *, keep):
        yield from ((index, JobOutcome(jobs[index], 0.0)) for index in indices[:pages])
        if len(indices) > pages:
            raise GoneError

    started = []
    processes = SimpleNamespace(fork=lambda held, gone: started.append(gone) or len(started))
    monkeypatch.setattr(page_processes, "pages", so_many)
    jobs = [Job(tmp_path / "n.ipynb", {}, tmp_path / f"{n}.html", Page("T")) for n in range(asked)]
    done = []
    try:
        for index, _ in page_processes.restarting_the_dead(jobs, 1, None, processes):
            done.append(index)
    except CannotForkError:
        assert made < asked
    assert started == [None, *range(1, begun)]
    assert done == list(range(made))


def test_25_pages_after_a_kill_are_forked_here_and_on_a_cluster(tmp_path, monkeypatch):
    notebook = save(tmp_path / "fine.ipynb", "'fine'")
    jobs = [Job(notebook, {}, tmp_path / "site" / f"{n}.html", Page(f"T{n}")) for n in range(25)]
    monkeypatch.setattr(page_processes, "Spawning", lambda **_: pytest.fail("spawned"))
    send, begun, killed = Worker._send, [], []

    def kill_at_third(worker: Worker, what: str, *of: object) -> None:
        begun.append(what)
        if begun.count("pages") == 3 and not killed:
            killed.append(os.kill(worker._process.pid, signal.SIGKILL))
            worker._process.wait()
        send(worker, what, *of)

    monkeypatch.setattr(Worker, "_send", kill_at_third)
    outcomes = run(jobs, progress=False, workers=2)
    assert killed and not [outcome for outcome in outcomes if outcome.failure]
    killed.clear(), begun.clear()
    parcel = cluster.Parcel.of(jobs, None)
    found, said = cluster.print_batch(jobs[:16], parcel)
    cluster._stations.pop(parcel).close()
    assert killed and not said and all("<title>T" in html for _, html in found)


def test_what_cannot_be_prepared_fails_with_the_pages_that_need_it(monkeypatch):
    """Loading a context is no page: a fault in what is sorted out beforehand leaves the process alive."""
    wanted = []
    monkeypatch.setattr("qb.report.school_report.prepare", lambda context: wanted.append(context) or 1 / 0)
    monkeypatch.setattr("qb.report.context.preload", lambda *held: wanted.append(held))
    worker_process.have_ready(SimpleNamespace(context="context", data="data", standard="standard"))
    assert wanted == [("context", "data", "standard"), "context"]
