"""Processes that make pages, watched from here: each is given a page at a time, and costs that page alone if it
dies or takes too long.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Protocol, TypeVar

from qb.language import Message, told
from qb.publish.jobs import DEAD, LATE, LOST, Failure, Isolation, Job, Outcome, failure_at
from qb.publish.pool import Spawning
from qb.publish.worker import CannotForkError, GoneError, Hand, Held, Worker, can_fork

AGAIN = 25  # pages for which a process that forks is started again when it dies
_LOOK = 1.0  # seconds between two looks at processes that may have died without a word


class Source(Protocol):
    """Where processes come from, forked or spawned."""

    idle: list[Hand]

    def start(self, job: Job) -> Hand:
        """Start a process that makes pages, this one first."""

    def close(self) -> None:
        """End all of them."""


T = TypeVar("T", Worker, Spawning)


class Press:
    """The processes that pages will come from, under way while the data are read.

    Parameters
    ----------
    isolation : {"warm", "fork", "kernel"}, optional
    workers : int, optional
        How many will be asked for at once.
    """

    def __init__(self, isolation: Isolation | None = None, workers: int | None = None) -> None:
        self.forking = Worker() if can_fork() and isolation != "kernel" else None
        self.spawning = None
        if not can_fork() and isolation in (None, "warm"):
            self.spawning = Spawning(ahead=workers or os.cpu_count() or 1)
        self._given: tuple[Source | None, Held | None] = None, None

    def fork(self, held: Held | None, *, anew: bool) -> Worker:
        """Return the process that forks and holds a book; another one in place of one that is gone."""
        if anew and self.forking:
            self.forking.close()
            self.forking = None
        self.forking = self.forking or Worker()
        return self._with_book(self.forking, held)

    def spawn(self, held: Held | None) -> Spawning:
        """Return where processes are spawned that hold a book."""
        self.spawning = self.spawning or Spawning()
        return self._with_book(self.spawning, held)

    def _with_book(self, source: T, held: Held | None) -> T:
        if held and (source is not self._given[0] or held is not self._given[1]):
            source.preload(held)
        self._given = source, held
        return source

    def close(self) -> None:
        """End all processes."""
        for source in (self.forking, self.spawning):
            if source:
                source.close()

    def __enter__(self) -> Press:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def made_here(
    jobs: Sequence[Job],
    workers: int,
    held: Held | None,
    press: Press,
    isolation: Isolation | None = None,
    say: Callable[[str], object] = lambda said: None,
) -> Iterator[tuple[int, Outcome]]:
    """Yield each job's place and outcome as it ends; where forking fails, by processes started anew."""
    left = dict.fromkeys(range(len(jobs)))
    warm = {index: None for index in left if isolation in (None, "warm") and jobs[index].ours}
    if isolation == "fork" or (isolation != "kernel" and can_fork()):
        try:
            for index, outcome in forked(jobs, workers, held, press, warm):
                del left[index]
                yield index, outcome
        except CannotForkError as error:
            said = Message(
                "不能用 fork 方式（{}），其余页面改由新启动的进程生成，结果相同，较慢。",
                "Pages cannot be forked ({}); the others are made by processes started anew: the same result, slower.",
                error.args[0],
            )
            say(told(said, jobs[0].page.lang))
    if ours := [index for index in left if index in warm]:
        yield from pages(press.spawn(held), jobs, ours, workers, keep=True)
    if others := [index for index in left if index not in warm]:
        kernels = Spawning(kernels=True)
        try:
            yield from pages(kernels, jobs, others, workers, keep=True)
        finally:
            kernels.close()


def forked(
    jobs: Sequence[Job], workers: int, held: Held | None, press: Press, warm: Collection[int]
) -> Iterator[tuple[int, Outcome]]:
    """Yield each job's place and outcome as it ends, from forked processes.

    The process that forks is started again if it dies: once, and once more for every so many pages that
    were made.

    Parameters
    ----------
    warm : collection of int
        The jobs of which a process makes one after another; each other has a process of its own.

    Raises
    ------
    CannotForkError
        If it has threads, or dies more often.
    """
    left, ended = dict.fromkeys(range(len(jobs))), 0
    while left:
        try:
            worker = press.fork(held, anew=ended > 0)
            for keep in (True, False):
                mine = [index for index in left if (index in warm) == keep]
                for index, outcome in pages(worker, jobs, mine, workers, keep=keep):
                    del left[index]
                    yield index, outcome
        except GoneError:
            if ended > (len(jobs) - len(left)) // AGAIN:
                raise
            ended += 1


@dataclass
class _Page:
    """A page that is being made, and the cell it has reached."""

    hand: Hand
    index: int
    job: Job
    started: float
    cell: int | None = None
    deadline: float = float("inf")


def pages(
    source: Source, jobs: Sequence[Job], indices: Sequence[int], workers: int, *, keep: bool
) -> Iterator[tuple[int, Outcome]]:
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
    waiting, busy, look = list(reversed(indices)), {}, time.monotonic() + _LOOK
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                page = _begin(source, jobs, waiting.pop(), keep)
                busy[page.hand.connection] = page
            soonest = min(look, *(page.deadline for page in busy.values()))
            ended = list(_heard(busy, max(0.0, soonest - time.monotonic())))
            if time.monotonic() >= soonest:
                ended += _overdue(busy, look <= time.monotonic())
                look = time.monotonic() + _LOOK
            for page, outcome, fit in ended:
                del busy[page.hand.connection]
                if keep and fit:
                    source.idle.append(page.hand)
                else:
                    page.hand.end()
                yield page.index, outcome
    finally:
        if busy:
            source.close()


def _begin(source: Source, jobs: Sequence[Job], index: int, keep: bool) -> _Page:
    job = jobs[index]
    while source.idle and keep:
        hand = source.idle.pop()
        try:
            hand.connection.send((job, False))
        except OSError:  # it was killed while it waited
            hand.end()
            continue
        return _Page(hand, index, job, time.monotonic())
    hand = source.start(job)
    with suppress(OSError):  # it is gone already, which is heard next
        hand.connection.send((job, not keep))
    return _Page(hand, index, job, time.monotonic())


def _heard(busy: dict[Connection, _Page], seconds: float) -> Iterator[tuple[_Page, Outcome, bool]]:
    """Yield the pages that have ended, with whether the process is fit for another one."""
    for ready in wait(list(busy), seconds):
        page = busy[ready]
        try:
            said = ready.recv()
        except (EOFError, OSError):
            yield page, _failed(page, DEAD), False
            continue
        if isinstance(said, int):
            page.cell, page.deadline = said, time.monotonic() + page.job.cell_seconds
        else:
            outcome, changed, left = said
            yield page, replace(outcome, changed=changed), not left


def _overdue(busy: dict[Connection, _Page], look: bool) -> list[tuple[_Page, Outcome, bool]]:
    """Return pages out of time, and of dead processes whose wire a process of theirs holds open."""
    now, found = time.monotonic(), []
    for wire, page in busy.items():
        if wire.poll():
            continue
        if page.deadline <= now:
            found.append((page, _failed(page, LATE), False))
        elif look and not page.hand.alive() and not wire.poll():
            found.append((page, _failed(page, DEAD), False))
    return found


def _failed(page: _Page, cause: tuple[str, str]) -> Outcome:
    seconds = time.monotonic() - page.started
    if page.cell is None:
        return Outcome(page.job, seconds, LOST)
    try:
        failure = failure_at(page.job, page.cell, *cause)
    except Exception as error:
        failure = Failure(cause[0], f"{cause[1]}（{error}）")
    return Outcome(page.job, seconds, failure)
