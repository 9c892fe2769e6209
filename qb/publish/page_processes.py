"""Many pages at once: processes here or a cluster, dead ones started again, progress, no half pages.

Each process is given a page at a time, is watched, and costs that page alone if it dies or takes too long.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Protocol, TypeVar, cast

from tqdm import tqdm

from qb import language
from qb.files import clear_parts
from qb.language import Lang, Message, say
from qb.publish.jobs import (
    DEAD,
    LATE,
    LOST,
    SAFE_PATH,
    Failure,
    Job,
    JobOutcome,
    environment,
    failure_at,
    refuse,
)
from qb.publish.worker_client import (
    AS_A_KERNEL,
    ONE_THREAD,
    CannotForkError,
    GoneError,
    PageProcess,
    PreloadedContext,
    Worker,
    can_fork,
    packed,
    settings_folder,
)
from qb.publish.worker_process import settle, spawned

AGAIN = 25  # pages for which a process that forks is started again when it dies
_GRACE = 5.0  # seconds that a process has to be gone
_LOOK = 1.0  # seconds between two looks at processes that may have died without a word


class OtherMachines(Protocol):
    """Other machines that make pages."""

    def made(
        self, jobs: Sequence[Job], held: PreloadedContext | None, warn: Callable[[str], object]
    ) -> Iterator[tuple[int, JobOutcome]]:
        """Yield each job's place and outcome as it comes."""


def run(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    progress: bool = True,
    cluster: OtherMachines | None = None,
    held: PreloadedContext | None = None,
    processes: PageProcesses | None = None,
    told: Callable[[JobOutcome], object] = lambda outcome: None,
) -> list[JobOutcome]:
    """Make all pages, several at once.

    Parameters
    ----------
    jobs : sequence of Job
        What to make; no two of the same target.
    workers : int, optional
        How many at once; by default one for each processor.
    progress : bool
        Show a bar on stderr where that is a terminal.
    cluster : OtherMachines, optional
        A cluster that does the work.
    held : PreloadedContext, optional
        A context that need not be read and judged again.
    processes : PageProcesses, optional
        Processes that were started already.
    told : callable, optional
        Is given each outcome as it comes.

    Returns
    -------
    list of Outcome
        In the order of the jobs. A job that failed has left no page; the others went on.

    Raises
    ------
    QbError
        If a notebook cannot be read, or a parameter is unknown or of the wrong type. Nothing has run.
    KeyboardInterrupt
        After Ctrl-C, when the workers have been stopped. Pages finished before stay.
    """
    refuse((job.notebook, job.parameters) for job in jobs)
    if not jobs:
        return []
    outcomes: dict[int, JobOutcome] = {}
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    lang = jobs[0].page.lang
    with _bar(len(jobs), progress, lang) as bar:
        try:
            for index, outcome in _outcomes(jobs, workers, cluster, held, processes, bar):
                # A worker has a copy of the job, on a cluster one of other places; none is kept.
                outcomes[index] = outcome = replace(outcome, job=jobs[index])
                if outcome.failure:  # an earlier page would be taken for what was asked for
                    with suppress(OSError):
                        outcome.job.target.unlink()
                told(outcome)
                _advance(bar, outcomes, lang)
        finally:
            for folder in {job.target.parent for job in jobs}:
                with suppress(OSError):
                    clear_parts(folder)
    return [outcomes[index] for index in range(len(jobs))]


def _outcomes(
    jobs: Sequence[Job],
    workers: int,
    cluster: OtherMachines | None,
    held: PreloadedContext | None,
    processes: PageProcesses | None,
    bar: tqdm,
) -> Iterator[tuple[int, JobOutcome]]:
    warn = partial(bar.write, file=sys.stderr)
    if cluster:
        yield from cluster.made(jobs, held, warn)
        return
    with processes or PageProcesses(workers) as processes:
        yield from made_here(jobs, workers, held, processes, warn)


def _bar(total: int, progress: bool, lang: Lang) -> tqdm:
    spent = say(lang, "已用{elapsed} 还需{remaining}", "{elapsed}, {remaining} to go")
    return tqdm(
        total=total,
        desc=say(lang, "生成页面", "Pages"),
        unit=say(lang, "页", " pages"),
        bar_format="{desc} {n_fmt}/{total_fmt} |{bar:20}| {rate_fmt} " + spent + "{postfix}",
        disable=None if progress else True,  # None: shown on a terminal, quiet in a log
        file=getattr(sys.stderr, "terminal", sys.stderr),  # a bar moves the cursor on purpose
    )


def _advance(bar: tqdm, outcomes: dict[int, JobOutcome], lang: Lang) -> None:
    failed = sum(outcome.failure is not None for outcome in outcomes.values())
    left = bar.total - len(outcomes)
    text = say(lang, f"剩 {left} 页", f"{left} left")
    text += say(lang, f" 失败 {failed} 页", f", {failed} failed") if failed else ""
    bar.set_postfix_str(text, refresh=False)
    bar.update()


# Processes spawned, where forking is not safe, and for the files that go with the pages.


class Spawned:
    """A process of its own that makes pages, of our notebooks or of another's."""

    def __init__(self, home: str, ours: bool) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        # spawn: the same on every system, and safe whatever threads the caller has.
        self._process = multiprocessing.get_context("spawn").Process(
            target=spawned, args=(theirs, ours), daemon=True
        )
        settings = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR"), home)
        with environment(**SAFE_PATH, **ONE_THREAD, **AS_A_KERNEL, **settings), _ignoring_interrupts():
            self._process.start()
        theirs.close()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def end(self) -> None:
        """End the process, with what it started where the system tells."""
        self.connection.close()
        if hasattr(os, "killpg") and self._process.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join(_GRACE)


_NO_CONTEXT = packed(None)
_starting = threading.Lock()  # the environment belongs to all threads


class Spawning:
    """Where processes are spawned, some of them before they are asked for."""

    def __init__(self, ahead: int = 0) -> None:
        self.idle: list[PageProcess] = []
        self._home = settings_folder()
        self._context = _NO_CONTEXT
        self._started: list[Spawned] = []
        self._ahead = [self._launch(ours=True) for _ in range(ahead)]

    def preload(self, context: bytes) -> None:
        """Have a packed context ready in each process that will be asked for pages of ours."""
        while self.idle:
            self.idle.pop().end()
        self._context = context

    def start(self, job: Job) -> Spawned:
        """Return a process that makes pages; it may be loading still."""
        with _starting:
            one = self._ahead.pop() if self._ahead and job.ours else self._launch(job.ours)
        with suppress(OSError):  # it is gone already, which is heard next
            one.connection.send_bytes(self._context if job.ours else _NO_CONTEXT)
        return one

    def _launch(self, ours: bool) -> Spawned:
        self._started = [one for one in self._started if one.alive()]
        self._started.append(one := Spawned(self._home.name, ours))
        return one

    def close(self) -> None:
        """End all processes."""
        for one in self._started:
            one.end()
        self._started, self._ahead, self.idle = [], [], []
        self._home.cleanup()


@contextmanager
def pool_of(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool that is gone, with its processes, however the block ends."""
    before = set(multiprocessing.active_children())
    # All that multiprocessing starts, its tracker too, starts with -c and would look for modules right here.
    with environment(**SAFE_PATH):
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), settle)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise
        finally:
            pool.shutdown()


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C; their parent handles it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# Pages given to processes, one at a time.


class ProcessSource(Protocol):
    """Where processes come from, forked or spawned."""

    idle: list[PageProcess]

    def start(self, job: Job) -> PageProcess:
        """Start a process that makes pages, this one first."""

    def close(self) -> None:
        """End all of them."""


T = TypeVar("T", Worker, Spawning)
Preloaded = PreloadedContext | bytes | None  # as it is, or packed


class PageProcesses:
    """The processes that pages will come from, under way while the data are read.

    Parameters
    ----------
    workers : int, optional
        How many will be asked for at once.
    """

    def __init__(self, workers: int | None = None) -> None:
        forks = can_fork()
        self.forking = Worker() if forks else None
        self.spawning = None if forks else Spawning(ahead=workers or os.cpu_count() or 1)
        self._given: tuple[ProcessSource | None, Preloaded] = None, None
        self._asking = threading.Lock()  # threads of a cluster's worker share it

    def fork(self, held: Preloaded, gone: Worker | None = None) -> Worker:
        """Return the process that forks and holds a context; another one in place of one that is gone."""
        with self._asking:
            if gone and gone is self.forking:
                gone.close()
                self.forking = None
            self.forking = self.forking or Worker()
            return self._with_context(self.forking, held)

    def spawn(self, held: Preloaded) -> Spawning:
        """Return where processes are spawned that hold a context."""
        with self._asking:
            self.spawning = self.spawning or Spawning()
            return self._with_context(self.spawning, held)

    def _with_context(self, source: T, held: Preloaded) -> T:
        if held and (source is not self._given[0] or held is not self._given[1]):
            source.preload(held if isinstance(held, bytes) else packed(held))
        self._given = source, held
        return source

    def close(self) -> None:
        """End all processes."""
        for source in (self.forking, self.spawning):
            if source:
                source.close()

    def __enter__(self) -> PageProcesses:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def made_here(
    jobs: Sequence[Job],
    workers: int,
    held: Preloaded,
    processes: PageProcesses,
    warn: Callable[[str], object] = lambda said: None,
) -> Iterator[tuple[int, JobOutcome]]:
    """Yield each job's place and outcome as it ends; where forking fails, by processes started anew.

    One process makes page after page of ours, and puts back what a page changed. A page of another's notebook
    has a process of its own.
    """
    left = dict.fromkeys(range(len(jobs)))
    if can_fork():
        try:
            for index, outcome in restarting_the_dead(jobs, workers, held, processes):
                del left[index]
                yield index, outcome
        except CannotForkError as error:
            said = Message(
                "不能用 fork 方式（{}），其余页面改由新启动的进程生成，结果相同，较慢。",
                "Pages cannot be forked ({}); the others are made by processes started anew: the same result, slower.",
                error.args[0],
            )
            warn(language.told(said, jobs[0].page.lang))
    if left:
        yield from _pages_of_both(processes.spawn(held), jobs, left, workers)


def restarting_the_dead(
    jobs: Sequence[Job], workers: int, held: Preloaded, processes: PageProcesses
) -> Iterator[tuple[int, JobOutcome]]:
    """Yield each job's place and outcome as it ends, from forked processes.

    The process that forks is started again if it dies: once, and once more for every so many pages that
    were made.

    Raises
    ------
    CannotForkError
        If it has threads, or dies more often.
    """
    left, ended, source = dict.fromkeys(range(len(jobs))), 0, None
    while left:
        source = processes.fork(held, source)
        try:
            for index, outcome in _pages_of_both(source, jobs, left, workers):
                del left[index]
                yield index, outcome
        except GoneError:
            if ended > (len(jobs) - len(left)) // AGAIN:
                raise
            ended += 1


def _pages_of_both(
    source: ProcessSource, jobs: Sequence[Job], indices: Iterable[int], workers: int
) -> Iterator[tuple[int, JobOutcome]]:
    """Yield the pages of our notebooks, then those of others'."""
    indices = list(indices)
    for ours in (True, False):
        mine = [index for index in indices if jobs[index].ours == ours]
        yield from pages(source, jobs, mine, workers, keep=ours)


@dataclass
class _Page:
    """A page that is being made, and the cell it has reached."""

    process: PageProcess
    index: int
    job: Job
    started: float
    cell: int | None = None
    deadline: float = float("inf")


def pages(
    source: ProcessSource, jobs: Sequence[Job], indices: Sequence[int], workers: int, *, keep: bool
) -> Iterator[tuple[int, JobOutcome]]:
    """Yield each job's place and outcome as it ends, so many at once.

    Parameters
    ----------
    keep : bool
        Whether a process makes more than one page. One in which a page left something that cannot be put
        back does not.

    Raises
    ------
    CannotForkError, GoneError
        If the source has threads or is gone; what was not yielded has not run to its end.
    """
    waiting, look = list(reversed(indices)), time.monotonic() + _LOOK
    busy: dict[Connection, _Page] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                page = _begin(source, jobs, waiting.pop(), keep)
                busy[page.process.connection] = page
            soonest = min(look, *(page.deadline for page in busy.values()))
            ended = list(_heard(busy, max(0.0, soonest - time.monotonic())))
            if time.monotonic() >= soonest:
                ended += _overdue(busy, look <= time.monotonic())
                look = time.monotonic() + _LOOK
            for page, outcome, fit in ended:
                del busy[page.process.connection]
                if keep and fit:
                    source.idle.append(page.process)
                else:
                    page.process.end()
                yield page.index, outcome
    finally:
        if busy:
            source.close()


def _begin(source: ProcessSource, jobs: Sequence[Job], index: int, keep: bool) -> _Page:
    job = jobs[index]
    while keep and (process := _idle(source)):
        try:
            process.connection.send((job, False))
        except OSError:  # it was killed while it waited
            process.end()
            continue
        return _Page(process, index, job, time.monotonic())
    process = source.start(job)
    with suppress(OSError):  # it is gone already, which is heard next
        process.connection.send((job, not keep))
    return _Page(process, index, job, time.monotonic())


def _idle(source: ProcessSource) -> PageProcess | None:
    try:
        return source.idle.pop()
    except IndexError:  # there is none, or another thread was first
        return None


def _heard(busy: dict[Connection, _Page], seconds: float) -> Iterator[tuple[_Page, JobOutcome, bool]]:
    """Yield the pages that have ended, with whether the process is fit for another one."""
    for ready in wait(list(busy), seconds):
        page = busy[cast("Connection", ready)]
        try:
            said = page.process.connection.recv()
        except (EOFError, OSError):
            yield page, _failed(page, DEAD), False
            continue
        if isinstance(said, int):
            page.cell, page.deadline = said, time.monotonic() + page.job.cell_seconds
        else:
            outcome, changed, left = said
            yield page, replace(outcome, changed=changed), not left


def _overdue(busy: dict[Connection, _Page], look: bool) -> list[tuple[_Page, JobOutcome, bool]]:
    """Return pages out of time, and of dead processes whose wire a process of theirs holds open."""
    now, found = time.monotonic(), []
    for wire, page in busy.items():
        if wire.poll():
            continue
        if page.deadline <= now:
            found.append((page, _failed(page, LATE), False))
        elif look and not page.process.alive() and not wire.poll():
            found.append((page, _failed(page, DEAD), False))
    return found


def _failed(page: _Page, cause: tuple[str, str]) -> JobOutcome:
    seconds = time.monotonic() - page.started
    if page.cell is None:
        return JobOutcome(page.job, seconds, LOST)
    try:
        failure = failure_at(page.job, page.cell, *cause)
    except Exception as error:
        failure = Failure(cause[0], f"{cause[1]}（{error}）")
    return JobOutcome(page.job, seconds, failure)
