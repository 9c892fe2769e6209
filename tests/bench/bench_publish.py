# ruff: noqa: E501  the table is easier to read unfolded
"""Pages by the stock way, by our engine and by plain functions; a whole publication; thousands of schools; a cluster."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import pandas as pd
import papermill
from nbconvert import HTMLExporter
from test_publish_cluster import cluster_of

from qb.data.reading import write
from qb.data.sample import make
from qb.publish.jobs import Job
from qb.publish.manifest import notebook_of
from qb.publish.page import Page, notebook_page
from qb.publish.page_processes import PageProcesses, made_here
from qb.publish.worker_client import PreloadedContext
from qb.report.context import open_context
from qb.report.school_report import SchoolReport

YEAR, STANDARD = 2025, "gulou-2023"
SCHOOLS = 40
STOCK = 4  # pages by the stock way in each turn: each takes seconds
TURNS = 3
LARGE = (200, 2000)  # schools, a hundred in a district
CORES = 2
MARK = "QB_BENCH_MARK"


# What is timed


def stock(jobs):
    """Seconds a page: papermill and nbconvert in a loop, as their documentation has it."""
    start = time.perf_counter()
    for job in jobs:
        out = job.target.with_suffix(".stock.ipynb")
        papermill.execute_notebook(
            str(job.notebook),
            str(out),
            parameters=dict(job.parameters),
            kernel_name="python3",
            progress_bar=False,
        )
        html, _ = HTMLExporter().from_filename(str(out))
        job.target.with_suffix(".stock.html").write_text(html, "utf-8")
    return (time.perf_counter() - start) / len(jobs)


def pressed(press, jobs, held, way):
    """Seconds a page, by processes that run already."""
    jobs = [replace(job, ours=way == "warm") for job in jobs]
    start = time.perf_counter()
    outcomes = [outcome for _, outcome in made_here(jobs, CORES, held, press)]
    assert not [outcome.failure for outcome in outcomes if outcome.failure]
    return (time.perf_counter() - start) / len(jobs)


def plain(pool, jobs):
    """Seconds a page: the same figures and tables by functions, into the same template."""
    start = time.perf_counter()
    list(pool.map(plain_page, jobs))
    return (time.perf_counter() - start) / len(jobs)


_book = {}


def plain_page(job):
    """Write a page without executing a notebook: only its text is taken from there."""
    import nbformat

    if not _book:
        _book[0] = open_context(job.parameters["data"], YEAR, STANDARD)
        _book[0].ledger  # noqa: B018
    page = SchoolReport(_book[0], job.parameters["school_id"])
    shown = [
        nbformat.from_dict(
            {"output_type": "display_data", "data": {"text/html": b._repr_html_()}, "metadata": {}}
        )
        for b in page.shown()
    ]
    cell = nbformat.from_dict(
        {"cell_type": "code", "source": "", "metadata": {}, "outputs": shown, "execution_count": 1, "id": "a"}
    )
    text = [c for c in nbformat.read(job.notebook, as_version=4).cells if c.cell_type == "markdown"]
    notebook = nbformat.v4.new_notebook(cells=[cell, *text])
    job.target.with_suffix(".plain.html").write_text(notebook_page(notebook, job.page), "utf-8")


SPAWNING = "from qb.publish import page_processes; page_processes.can_fork = lambda: False; from qb.cli import main; main()"


def new_mark():
    return f"{MARK}={os.getpid()}-{time.monotonic_ns()}"


def publish(folder, out, *options, forks=True, mark="", again=False):
    """Run a whole command; return its seconds, those before the first page, the peak MiB of all processes and the
    seconds of processors. Without forks it does what Windows and macOS do. Processes of a cluster bear the mark.
    """
    if not again:
        shutil.rmtree(out, ignore_errors=True)
    beside = processors_of(mark) if mark else 0.0
    mark = mark or new_mark()
    name, value = mark.split("=")
    begun = ["-m", "qb"] if forks else ["-c", SPAWNING]
    command = [sys.executable, *begun, "publish", str(folder), "--out", str(out), "--jobs", str(CORES)]
    before, start = processors(), time.perf_counter()
    process = subprocess.Popen(
        [*command, *options],
        env=os.environ | {name: value},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    seen = {"first": None, "peak": 0.0}

    def watch():
        while process.poll() is None:
            if seen["first"] is None and any(out.rglob("*.html")):
                seen["first"] = time.perf_counter() - start
            seen["peak"] = max(seen["peak"], memory(mark))
            time.sleep(0.05 if seen["first"] is None else 0.5)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, said = process.communicate()
    seconds = time.perf_counter() - start
    watcher.join()
    assert process.returncode == 0, said.decode()
    return seconds, seen["first"], seen["peak"], processors() - before + processors_of(mark) - beside


EDITS = {
    "a figure of a school that all see": ("facilities", "sports_ground_m2", 9000.0),
    "what is done about a problem": ("measures", "cause", "另有原因"),
}


def edited(folder, table, column, value):
    """Return a dataset's folder after its last row has another value."""
    frame = pd.read_csv(folder / f"{table}.csv", dtype=str, encoding="utf-8-sig")
    frame.loc[frame.index[-1], column] = str(value)
    frame.to_csv(folder / f"{table}.csv", index=False, encoding="utf-8-sig")
    return folder


def commanded(*words):
    """Return the seconds of a command, and those of processors."""
    before, start = processors(), time.perf_counter()
    ended = subprocess.run([sys.executable, "-m", "qb", *map(str, words)], stdout=subprocess.DEVNULL)
    assert ended.returncode in (0, 1)  # 1: of what is found in the data
    return time.perf_counter() - start, processors() - before


def processors():
    """Return the seconds that processes which have ended took of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def marked(mark, file):
    """Yield what the system says in a file of every process with a mark, and how it was started."""
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                yield (folder / file).read_text(), (folder / "cmdline").read_text()
        except OSError:
            continue


def memory(mark):
    """Return the MiB of all processes with a mark; what they share counts once."""
    return (
        sum(
            int(said.split("Pss:")[1].split()[0])
            for said, _ in marked(mark, "smaps_rollup")
            if "Pss:" in said
        )
        / 2**10
    )


def processors_of(mark):
    """Return the seconds that processes with a mark, and those of theirs that ended, took of the processors."""
    times = (said.rsplit(")", 1)[1].split()[11:15] for said, _ in marked(mark, "stat"))
    return sum(map(int, (one for each in times for one in each))) / os.sysconf("SC_CLK_TCK")


def resident(mark, word):
    """Return the MiB of the processes with a mark that were started with a word."""
    return sum(int(said.split()[1]) for said, how in marked(mark, "statm") if word in how) * 4 / 2**10


# The benchmark


def jobs_of(context, folder, out, count):
    ids = list(dict.fromkeys(context.assessment.rows["school_id"]))[:count]
    common = {"data": str(folder), "year": YEAR, "standard": STANDARD, "lang": "zh"}
    out.mkdir(exist_ok=True)
    return [
        Job(notebook_of("school"), common | {"school_id": i}, out / f"{i}.html", Page("一校一策"), ours=True)
        for i in ids
    ]


def line(what, figure="", ratio="", peak="", aim=""):
    return f"{what:<66}{figure:>10}{ratio:>9}{peak:>10}  {aim}".rstrip()


def test_pages_by_three_ways_and_whole_publications(tmp_path, capsys):
    folder, sample = tmp_path / "forty", tmp_path / "sample"
    write(make(schools=SCHOOLS + 6, years=[YEAR - 1, YEAR]), folder)
    write(make(), sample)
    context = open_context(folder, YEAR, STANDARD)
    context.ledger  # noqa: B018
    jobs = jobs_of(context, folder, tmp_path / "pages", SCHOOLS)
    times = {"stock": [], "fork": [], "warm": [], "plain": []}
    held = PreloadedContext(context, folder, STANDARD)
    with PageProcesses() as press, ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
        for way in ("fork", "warm"):
            pressed(press, jobs[:4], held, way)
        plain(pool, jobs[:4])
        for turn in range(TURNS):  # in turns, so that whatever else the machine does meets all of them
            times["stock"].append(stock(jobs[turn * STOCK : (turn + 1) * STOCK]))
            times["fork"].append(pressed(press, jobs, held, "fork"))
            times["warm"].append(pressed(press, jobs, held, "warm"))
            times["plain"].append(plain(pool, jobs))
    ratio = median(s / f for s, f in zip(times["stock"], times["warm"], strict=True))
    floor = {
        way: median(f / p for f, p in zip(times[way], times["plain"], strict=True))
        for way in ("fork", "warm")
    }
    forty = [publish(folder, tmp_path / "forty-site", "--only", "school") for _ in range(TURNS)]
    ways = {"warm": [], "spawned": []}
    for _ in range(TURNS):
        site = tmp_path / "sample-site"
        ways["spawned"].append(publish(sample, site, forks=False))
        ways["warm"].append(publish(sample, site))
    again = publish(sample, site, again=True)
    edits = {name: publish(edited(sample, *of), site, again=True) for name, of in EDITS.items()}
    started = {
        " ".join(words[:1]): commanded(*words)
        for words in (("--help",), ("check", sample), ("assess", sample))
    }
    large = {}
    for schools in LARGE:
        write(make(schools=100, districts=schools // 100, years=[YEAR]), tmp_path / f"{schools}.parquet")
        large[schools] = publish(
            tmp_path / f"{schools}.parquet", tmp_path / f"{schools}-site", "--only", "school"
        )
        shutil.rmtree(tmp_path / f"{schools}-site")
    sizes = [job.target.stat().st_size for job in jobs]
    stock_sizes = [path.stat().st_size for path in (tmp_path / "pages").glob("*.stock.html")]

    def middle(runs, place):
        return median(run[place] for run in runs)

    def against(way, place):
        return median(run[place] / warm[place] for run, warm in zip(ways[way], ways["warm"], strict=True))

    made = len(jobs)
    whole = median(times["stock"]) * made
    lines = [
        f"{date.today()}: {platform.machine()}, {os.cpu_count()} cores, shared; Python {platform.python_version()}",
        line(f"medians of {TURNS} turns, {made} schools, two pages at once", "s a page", "times", "peak MiB", "aim"),
        line("(a)   papermill and nbconvert in a loop", f"{median(times['stock']):.2f}", "1"),
        line("      our engine, running", f"{median(times['warm']):.3f}", f"{ratio:.1f}", "", ">= 25"),
        line("      qb publish, start-up included (stock without its start-up)", f"{middle(forty, 0) / made:.3f}",
             f"{whole / middle(forty, 0):.1f}", f"{middle(forty, 2):.0f}", ">= 15"),
        line("(b)   plain functions into the same template", f"{median(times['plain']):.3f}"),
        line("      one page after another in a process against them", f"{median(times['warm']):.3f}", f"{floor['warm']:.2f}", "", "<= 3"),
        line("      a process forked for each page against them", f"{median(times['fork']):.3f}", f"{floor['fork']:.2f}"),
        line("", "s"),
        line("(c)   qb publish of the sample, nothing there before", f"{middle(ways['warm'], 0):.1f}", "", f"{middle(ways['warm'], 2):.0f}", "< 5 s"),
        line("      until the first page", f"{middle(ways['warm'], 1):.1f}", "", "", "< 2.5 s"),
        *(
            line(f"      {said}: seconds of processors, times those forked", f"{middle(ways[way], 3):.1f}",
                 f"{against(way, 3):.2f}", f"{middle(ways[way], 2):.0f}", aim)
            for way, said, aim in (("warm", "forked", ""), ("spawned", "nothing forks", "<= 1.5"))
        ),
        line("      nothing forks: first page, times that of forked", f"{middle(ways['spawned'], 1):.1f}", f"{against('spawned', 1):.2f}", "", "<= 1.5"),
        line("      again, with nothing changed", f"{again[0]:.1f}", "", f"{again[2]:.0f}", "< 2 s"),
        *(line(f"      again, after {name}: {seconds:.1f} s; processors' time", f"{used:.1f}", f"{seconds / again[0]:.1f}", f"{peak:.0f}", "<= 1 s")
          for name, (seconds, _, peak, used) in edits.items()),
        *(line(f"      qb {name}: {seconds:.1f} s; processors' time", f"{used:.1f}", f"{seconds / again[0]:.1f}", "", "<= 1 s")
          for name, (seconds, used) in started.items()),
        *(
            line(f"(d)   {schools:,} schools: {seconds / schools * 1000:.0f} ms a school", f"{seconds:.0f}", "",
                 f"{peak:.0f}", "linear, < 1536 MiB")
            for schools, (seconds, _, peak, _) in large.items()
        ),
        line(f"(e)   bytes of a page: {median(sizes):,.0f}; the stock way: {median(stock_sizes):,.0f}"),
    ]  # fmt: skip
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert len(sizes) == SCHOOLS


# A cluster on this machine


@contextmanager
def cluster(home, monkeypatch, workers, threads):
    """Give address and mark of a cluster of so many workers."""
    monkeypatch.setenv(*(mark := new_mark()).split("="))
    home.mkdir()
    with cluster_of(home, *[home] * workers, threads=threads) as (address, _):
        monkeypatch.delenv(MARK)
        yield address, mark


def test_a_cluster_on_one_machine_against_processes_of_the_publisher(tmp_path, monkeypatch, capsys):
    write(make(schools=SCHOOLS, years=[YEAR - 1, YEAR]), tmp_path / "data")
    shapes = {"two workers of one thread": (2, 1), "one worker of two threads": (1, 2)}
    runs = {name: [] for name in ("here", *shapes)}
    for turn in range(TURNS):
        runs["here"].append(publish(tmp_path / "data", tmp_path / "site"))
        for name, shape in shapes.items():
            with cluster(tmp_path / f"{turn}-{shape[0]}", monkeypatch, *shape) as (address, mark):
                options = ("--scheduler", address)
                runs[name].append(publish(tmp_path / "data", tmp_path / "site", *options, mark=mark))
    lines = [
        f"qb publish of {SCHOOLS} schools through a Dask cluster here, times --jobs {CORES}: medians of {TURNS} turns"
    ]
    for name in shapes:
        times = [
            median(far[place] / here[place] for far, here in zip(runs[name], runs["here"], strict=True))
            for place in (0, 1, 3, 2)
        ]
        lines.append(
            f"{name:<30} wall {times[0]:.2f}  first page {times[1]:.2f}  processors {times[2]:.2f}  memory {times[3]:.2f}"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def test_a_province(tmp_path, monkeypatch, capsys):
    """A part of a province of 158 districts and 25,000 schools, a tenth unless QB_BENCH_PART says otherwise."""
    districts = round(158 * float(os.environ.get("QB_BENCH_PART", "0.1")))
    write(make(schools=158, districts=districts, years=[YEAR - 1, YEAR]), tmp_path / "part.parquet")
    seen = {"dask_scheduler": [], "qb.cli": []}
    with cluster(tmp_path / "cluster", monkeypatch, 1, CORES) as (address, mark):
        over = threading.Event()

        def watch():
            while not over.wait(1):
                for word, sizes in seen.items():
                    sizes.append(resident(mark, word))

        watcher = threading.Thread(target=watch)
        watcher.start()
        seconds, _, peak, used = publish(
            tmp_path / "part.parquet", tmp_path / "site", "--scheduler", address, mark=mark
        )
        over.set()
        watcher.join()
    pages = sum(1 for _ in (tmp_path / "site").rglob("*.html"))
    kept = (
        f"{name} {max(sizes[: len(sizes) // 2]):.0f}, {max(sizes):.0f} MiB" for name, sizes in seen.items()
    )
    with capsys.disabled():
        print(
            f"\n{districts} districts of 158 schools, {pages:,} pages on two cores: {seconds:.0f} s, {used:.0f} core-seconds, "
            f"peak {peak:.0f} MiB; a province of 158: {used * 158 / districts / 3600:.2f} core-hours\n"
            f"peak in the first half, and in all: {'; '.join(kept)}"
        )
