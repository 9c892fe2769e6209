# ruff: noqa: E501  the table is easier to read unfolded
"""Pages by the stock way, by our engine and by plain functions; a whole publication; thousands of schools."""

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
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import papermill
from nbconvert import HTMLExporter

from qb.data.reading import write
from qb.data.sample import make
from qb.publish.jobs import Job
from qb.publish.manifest import notebook_of
from qb.publish.page import Page, notebook_page
from qb.publish.scheduler import Press, made_here
from qb.publish.worker import Held
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


SPAWNING = (
    "from qb.publish import scheduler; scheduler.can_fork = lambda: False; from qb.cli import main; main()"
)


def publish(folder, out, *options, forks=True):
    """Run a whole command; return its seconds, those before the first page, the peak MiB of all processes and the
    seconds of processors. Without forks it does what Windows and macOS do.
    """
    shutil.rmtree(out, ignore_errors=True)
    mark = f"{MARK}={os.getpid()}-{time.monotonic_ns()}"
    name, value = mark.split("=")
    begun = ["-m", "qb.cli"] if forks else ["-c", SPAWNING]
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
    return seconds, seen["first"], seen["peak"], processors() - before


def processors():
    """Return the seconds that processes which have ended took of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory(mark):
    """Return the MiB of all processes with a mark; what they share counts once."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                rollup = (folder / "smaps_rollup").read_text()
                total += int(rollup.split("Pss:")[1].split()[0])
        except (OSError, IndexError):
            continue
    return total / 2**10


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
    held = Held(context, folder, STANDARD)
    with Press() as press, ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
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
    start = time.perf_counter()
    publish_again = [
        sys.executable,
        "-m",
        "qb.cli",
        "publish",
        str(sample),
        "--out",
        str(tmp_path / "sample-site"),
    ]
    subprocess.run(publish_again, check=True, capture_output=True)
    again = time.perf_counter() - start
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
        line("      again, with nothing changed", f"{again:.1f}", "", "", "< 2 s"),
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
