"""Many pages at once: a pool of processes, a progress bar, and no half page after any ending."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from tqdm import tqdm

from qb.publish.engine import Failure, Job, Outcome, render
from qb.publish.page import part_of
from qb.publish.parameters import refuse

_LOST = Failure("进程意外结束", "运行这个页面的进程被系统终止（可能内存不足）")


def run(jobs: Sequence[Job], *, workers: int | None = None, progress: bool = True) -> list[Outcome]:
    """Make all pages, several at once, each in a kernel of its own.

    Parameters
    ----------
    jobs : sequence of Job
        What to make; no two of the same target.
    workers : int, optional
        How many at once; by default one for each processor.
    progress : bool
        Show a bar on stderr where that is a terminal.

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
    outcomes: dict[int, Outcome] = {}
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    with _bar(len(jobs), progress) as bar:
        try:
            for index, outcome in _outcomes(jobs, workers):
                outcomes[index] = outcome
                failed = sum(o.failure is not None for o in outcomes.values())
                bar.set_postfix_str(f"失败 {failed}" if failed else "", refresh=False)
                bar.update()
        finally:
            for job in jobs:
                part_of(job.target).unlink(missing_ok=True)
    return [outcomes[index] for index in range(len(jobs))]


def _bar(total: int, progress: bool) -> tqdm:
    return tqdm(
        total=total,
        desc="生成页面",
        bar_format="{desc} {n_fmt}/{total_fmt} |{bar:24}| 用时 {elapsed} 剩余 {remaining}{postfix}",
        disable=None if progress else True,  # None: shown on a terminal, quiet in a log
    )


def _outcomes(jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, Outcome]]:
    """Yield each job's place and outcome as it ends.

    A worker that is killed breaks its pool: the jobs it took along run again, each in a pool alone,
    so that only the one which kills its worker fails.
    """
    lost = []
    for index, outcome in _spread(jobs, range(len(jobs)), workers):
        if outcome:
            yield index, outcome
        else:
            lost.append(index)
    for index in sorted(lost):
        for _, outcome in _spread(jobs, [index], 1):
            yield index, outcome or Outcome(jobs[index], 0.0, _LOST)


def _spread(
    jobs: Sequence[Job], indices: Sequence[int], workers: int
) -> Iterator[tuple[int, Outcome | None]]:
    if not indices:
        return
    with _pool(workers) as pool:
        with _deaf_to_interrupts():
            places = {pool.submit(render, jobs[index]): index for index in indices}
        for future in as_completed(places):
            try:
                yield places[future], future.result()
            except BrokenProcessPool:
                yield places[future], None


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool that is gone, with its processes, however the block ends."""
    before = set(multiprocessing.active_children())
    # spawn: the same on every system, and safe whatever threads the caller has.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _settle)
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
def _deaf_to_interrupts() -> Iterator[None]:
    """Let processes begin deaf to Ctrl-C, which is their parent's business."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _settle() -> None:
    """Make a process a worker, which does not outlive its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows inherits no deafness
    # Several kernels share the processors; threads of linear algebra would only be in each other's way.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says it all, in our words
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
