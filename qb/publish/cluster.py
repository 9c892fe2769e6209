"""Pages on a Dask cluster: workers that run the same code are handed batches of jobs; pages return.

A worker is one Dask process of a machine, with as many threads as pages at once. It keeps one process of ours,
which has everything loaded and forks itself for each thread. The context reaches that process as it was packed;
no other unpacks it.
"""

from __future__ import annotations

import logging
import multiprocessing
import platform
import threading
import time
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import uuid4

from qb.errors import QbError
from qb.files import MAKING, WriteError, temporary_folder, versions, write_whole
from qb.language import Message, joined, listing, told
from qb.publish.jobs import LOST, Failure, Job, JobOutcome
from qb.publish.manifest import code_version
from qb.publish.page_processes import PageProcesses, made_here
from qb.publish.worker_client import PreloadedContext, can_fork, packed

if TYPE_CHECKING:
    from distributed import Future

BATCH = 16  # pages of schools: a second or two of work, so that a lost worker costs little
AHEAD = 2  # batches at a worker for each of its threads: one is made, one waits
TRAVEL = ("costs", "scenarios")  # parameters that name files
_SECONDS = 20  # that a scheduler may take to answer, and a worker to come
_LOOK = 1.0  # seconds between two looks at which workers there are


@dataclass(frozen=True)
class Tls:
    """Files (PEM) by which the machines of a cluster know each other: the authority's certificate, one's own, its key."""

    ca: str
    cert: str
    key: str


class Cluster:
    """A Dask cluster, by the address of its scheduler; entered, it is connected and its workers have proved
    themselves.

    Raises
    ------
    QbError
        On entering: if Dask is not installed, no scheduler answers at the address, or no worker runs the
        same code. Later: if scheduler or workers are gone for good; pages made before stay.
    """

    def __init__(self, address: str, tls: Tls | None = None) -> None:
        self._address, self._tls = address, tls
        self._client: Any = None
        self._names: dict[str, str] = {}  # of workers that proved themselves, by address
        self._refused: dict[str, Message] = {}
        self._said: set[Message] = set()
        self._unsaid: list[Message] = []

    def __enter__(self) -> Cluster:
        try:
            from distributed import Client
            from distributed.security import Security
        except ImportError:
            raise QbError(
                "没有安装 Dask。请先运行 pip install distributed。",
                "Dask is not installed. First run pip install distributed.",
            ) from None
        found = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
        self._levels = {one: one.level for one in found if one.name.startswith("distributed")}
        for one in self._levels:  # what goes wrong is said once, in a sentence
            one.setLevel(logging.CRITICAL)
        try:
            keys = self._tls and Security(
                tls_ca_file=self._tls.ca,
                tls_client_cert=self._tls.cert,
                tls_client_key=self._tls.key,
                require_encryption=True,
            )
            self._client = Client(self._address, timeout=_SECONDS, set_as_default=False, security=keys)
            self._awaited()
        except BaseException as error:
            self.__exit__()
            if isinstance(error, OSError | ValueError | RuntimeError | TypeError) and not isinstance(
                error, QbError
            ):
                raise QbError(
                    "连不上 Dask 调度器 {}：{}。请核对地址和证书，并确认调度器已启动。",
                    "The Dask scheduler {} cannot be reached: {}. Check address and certificates, and that it runs.",
                    self._address,
                    error,
                ) from None
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._client:
            with suppress(Exception):
                self._client.run(let_go, workers=list(self._names), on_error="ignore")
            self._client.close()
        for one, level in self._levels.items():
            one.setLevel(level)

    def made(
        self, jobs: Sequence[Job], held: PreloadedContext | None, warn: Callable[[str], object]
    ) -> Iterator[tuple[int, JobOutcome]]:
        """Yield each job's place and outcome as they come; what is to be said of workers is told once.

        No more batches are on their way than the workers have threads for. What a lost worker had goes to
        others; context, notebooks and files travel.
        """
        try:
            yield from self._made(jobs, Parcel.of(jobs, held), warn)
        except (OSError, CancelledError):
            raise QbError(
                "与 Dask 调度器 {} 的连接断了。已生成的页面保留；重新启动调度器后再运行一次，从停下的地方继续。",
                "The Dask scheduler {} is gone. Pages made stay: start it again and run once more, which goes on there.",
                self._address,
            ) from None

    def _made(
        self, jobs: Sequence[Job], parcel: Parcel, warn: Callable[[str], object]
    ) -> Iterator[tuple[int, JobOutcome]]:
        threads = self._awaited()
        waiting, look = deque(_batches(jobs, sum(threads.values()))), time.monotonic() + _LOOK
        under_way: dict[Future, list[int]] = {}
        heard: SimpleQueue[Future] = SimpleQueue()
        sent = None
        while waiting or under_way:
            if time.monotonic() >= look:
                threads, look = self._threads(), time.monotonic() + _LOOK
            if not threads:  # all were lost, and with them the parcel
                waiting.extend(under_way.values())
                self._client.cancel(list(under_way), force=True)
                under_way.clear()
                threads, sent = self._awaited(), None
            while self._unsaid:
                warn(told(self._unsaid.pop(0), jobs[0].page.lang))
            sent = sent or self._client.scatter(parcel, workers=list(threads), broadcast=True, hash=False)
            while waiting and len(under_way) < AHEAD * sum(threads.values()):
                indices = waiting.popleft()
                batch = [jobs[index] for index in indices]
                future = self._client.submit(made_at_worker, batch, sent, workers=list(threads), pure=False)
                under_way[future] = indices
                future.add_done_callback(heard.put)
            with suppress(Empty):
                indices = under_way.pop(future := heard.get(timeout=_LOOK), [])
                pages = self._pages(future, jobs, indices) if indices else []
                yield from pages
                if not pages:  # to be made again, by others, and one by one: one of them may be why
                    waiting.extend([index] for index in indices)
                    threads = {worker: n for worker, n in threads.items() if worker not in self._refused}

    def _pages(self, future: Future, jobs: Sequence[Job], indices: list[int]) -> list[tuple[int, JobOutcome]]:
        """Write a batch's pages where they belong; return what became of each, or nothing if none was made."""
        from distributed import KilledWorker

        try:
            made: Made = future.result()
        except KilledWorker:  # workers were lost with it again and again
            return [(indices[0], JobOutcome(jobs[indices[0]], 0.0, LOST))] if len(indices) == 1 else []
        except (OSError, CancelledError):
            raise
        except Exception as error:
            raise QbError(
                "集群不能生成页面：{}：{}。",
                "The cluster makes no pages: {}: {}.",
                type(error).__name__,
                error,
            ) from None
        if made.error:
            self._refuse(
                made.worker,
                Message(
                    "集群的工作进程 {} 不能生成页面（{}），它的页面交给其他进程。",
                    "Worker {} of the cluster cannot make pages ({}); others make those it had.",
                    self._names[made.worker],
                    made.error,
                ),
            )
            return []
        for one in made.said:
            self._say(
                Message(
                    "集群的工作进程 {}：{}", "Worker {} of the cluster: {}", self._names[made.worker], one
                )
            )
        return [
            (index, _written(jobs[index], *page)) for index, page in zip(indices, made.pages, strict=True)
        ]

    # Which workers there are.

    def _say(self, message: Message) -> None:
        if message not in self._said:
            self._said.add(message)
            self._unsaid.append(message)

    def _refuse(self, worker: str, why: Message) -> None:
        self._refused[worker] = why
        self._say(why)

    def _awaited(self) -> dict[str, int]:
        """Return workers that may have pages, with their threads, as soon as there is one.

        Raises
        ------
        QbError
            If none comes in time, or those that are there were refused.
        """
        end = time.monotonic() + _SECONDS
        while not (threads := self._threads()):
            if self._refused or time.monotonic() >= end:
                raise QbError(
                    "Dask 调度器 {} 没有能用的工作进程。{}",
                    "The Dask scheduler {} has no worker that can be used. {}",
                    self._address,
                    joined("\n", "\n", dict.fromkeys(self._refused.values()))
                    or Message(
                        "请先启动：dask worker {} --no-nanny。",
                        "First start one: dask worker {} --no-nanny.",
                        self._address,
                    ),
                )
            time.sleep(_LOOK / 4)
        return threads

    def _threads(self) -> dict[str, int]:
        """Return the workers that may have pages, with their threads; those not known yet are asked for proof."""
        there = self._client.nthreads()
        new = [one for one in there if one not in self._names and one not in self._refused]
        if new:
            answers = self._client.run(proof, workers=new, on_error="return")
            fit = dict(self._fit(answers))
            self._client.run(get_ready, workers=list(fit), on_error="ignore")
            self._names |= fit
        return {one: n for one, n in there.items() if one in self._names and one not in self._refused}

    def _fit(self, answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield address and name of each worker that runs what this process runs; refuse the others.

        Workers that differ in the same are refused in one sentence.
        """
        here, unlike = code(), defaultdict(list)
        for worker, answer in answers.items():
            if isinstance(answer, OSError):  # it went away; it is asked again if it is there
                continue
            name, there = (worker, {}) if isinstance(answer, Exception) else answer
            if there == here:
                yield worker, name
                continue
            differs = [
                Message(
                    "{} 为 {}，本机为 {}", "{} is {}, here {}", part, there[part] or "–", here[part] or "–"
                )
                for part in here
                if part in there and there[part] != here[part]
            ] or [Message("那里没有这一版 qb：{}", "it has not this qb: {}", answer)]
            unlike[tuple(differs)].append((worker, name))
        for parts, workers in unlike.items():
            said = Message(
                "集群的工作进程 {} 运行的程序与本机不同（{}），没有分给它页面。请在那里安装同样的版本，重新启动。",
                "Worker {} of the cluster runs another program than this machine ({}) and is given no page. Install the same there and start it again.",
                listing(name for _, name in workers),
                joined("；", "; ", parts),
            )
            for worker, _ in workers:
                self._refuse(worker, said)


def code() -> dict[str, str]:
    """Return what a page depends on beside data and notebook: system, Python, qb with its standards, libraries."""
    own = {"system": platform.system(), "Python": platform.python_version(), "qb": code_version()}
    return own | versions(MAKING)


def _batches(jobs: Sequence[Job], threads: int) -> Iterator[list[int]]:
    """Yield the jobs' places in batches in their order: schools together, any other page, which takes longer, alone."""
    schools = sum(job.page.kind == "school" for job in jobs)
    size, held = max(1, min(BATCH, schools // (4 * threads))), []
    for index, job in enumerate(jobs):
        if job.page.kind != "school":
            yield [index]
            continue
        held.append(index)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _written(job: Job, outcome: JobOutcome, html: str | None) -> JobOutcome:
    try:
        if html is not None:
            write_whole(job.target, html)
    except WriteError as error:
        return replace(outcome, failure=Failure(type(error.__cause__).__name__, str(error)))
    return outcome


# What travels.


@dataclass(frozen=True, eq=False)
class Parcel:
    """What all pages of a publication need at a worker: the packed context, and every file that is read there.

    It is unpacked once in a worker, and what was started for it ends when Dask drops it.
    """

    context: bytes | None
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, jobs: Sequence[Job], held: PreloadedContext | None) -> Parcel:
        """Return the parcel for jobs."""
        paths = {str(job.notebook) for job in jobs} | {path for job in jobs for path in _named(job)}
        return cls(packed(held) if held else None, {path: Path(path).read_bytes() for path in paths})


def _named(job: Job) -> list[str]:
    """Return the files that a job's parameters name."""
    given = (cast("str | list[str]", job.parameters.get(name, "")) for name in TRAVEL)
    return [path for one in given for path in ([one] if isinstance(one, str) else one) if path]


# What runs at a worker.


class Made(NamedTuple):
    """What became of a batch: pages in the order of its jobs, or why this worker makes none."""

    worker: str
    pages: list[tuple[JobOutcome, str | None]]
    said: list[str]
    error: str = ""


class WorkerStore:
    """What a worker keeps for a parcel: the files that came with it, and processes that hold its context."""

    def __init__(self, parcel: Parcel, processes: PageProcesses) -> None:
        self.processes, self._folder = processes, temporary_folder()
        self.places: dict[str, Path] = {}
        for number, (path, raw) in enumerate(parcel.files.items()):
            self.places[path] = Path(self._folder.name, str(number), Path(path).name)
            self.places[path].parent.mkdir()
            self.places[path].write_bytes(raw)

    def moved(self, job: Job) -> Job:
        """Return a job as it is done here."""
        here = {path: str(place) for path, place in self.places.items()}
        parameters = dict(job.parameters)
        for name in TRAVEL:
            match parameters.get(name):
                case str(path) if path:
                    parameters[name] = here[path]
                case list(paths):
                    parameters[name] = [here[path] for path in paths]
        target = Path(self._folder.name, f"{uuid4().hex}.html")
        return replace(job, notebook=self.places[str(job.notebook)], parameters=parameters, target=target)

    def close(self) -> None:
        """End the processes and remove the files."""
        self.processes.close()
        self._folder.cleanup()


_stations: weakref.WeakKeyDictionary[Parcel, WorkerStore] = weakref.WeakKeyDictionary()
_ahead: list[PageProcesses] = []
_changing = threading.Lock()


def proof(dask_worker: Any) -> tuple[str, dict[str, str]]:
    """Return this worker's name, and what it runs."""
    if not can_fork() and multiprocessing.current_process().daemon:
        raise RuntimeError("dask worker --no-nanny")
    return str(dask_worker.name), code()


def get_ready(dask_worker: Any) -> None:
    """Have processes load what pages need while the publisher reads and judges."""
    with _changing:
        if not _ahead:
            _ahead.append(PageProcesses(dask_worker.state.nthreads))


def let_go() -> None:
    """End what was started and not used."""
    with _changing:
        while _ahead:
            _ahead.pop().close()


def made_at_worker(jobs: list[Job], parcel: Parcel) -> Made:
    """Run jobs at a worker. A fault that is none of a notebook's is this worker's."""
    from distributed import get_worker

    worker = get_worker().address
    try:
        pages, said = print_batch(jobs, parcel)
    except Exception as error:
        return Made(worker, [], [], f"{type(error).__name__}: {error}")
    return Made(worker, pages, said)


def print_batch(jobs: list[Job], parcel: Parcel) -> tuple[list[tuple[JobOutcome, str | None]], list[str]]:
    """Run jobs one at a time; return outcomes in their order, each with its page, and what is to be told of it all."""
    station, said = _station(parcel), list[str]()
    here = [station.moved(job) for job in jobs]
    found = dict(made_here(here, 1, parcel.context, station.processes, said.append))
    return [(replace(found[n], job=jobs[n]), _taken(job.target)) for n, job in enumerate(here)], said


def _station(parcel: Parcel) -> WorkerStore:
    with _changing:
        if (station := _stations.get(parcel)) is None:
            station = _stations[parcel] = WorkerStore(parcel, _ahead.pop() if _ahead else PageProcesses(1))
            weakref.finalize(parcel, station.close)
    return station


def _taken(page: Path) -> str | None:
    try:
        return page.read_text("utf-8")
    except FileNotFoundError:
        return None
    finally:
        page.unlink(missing_ok=True)
