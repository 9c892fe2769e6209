"""Pages where forking is not at hand: by kernels in spawned processes."""

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

from qb.publish.jobs import LOST, SAFE_PATH, Job, Outcome, environment
from qb.publish.render import render


def kernels(jobs: Sequence[Job], indices: Sequence[int], workers: int) -> Iterator[tuple[int, Outcome]]:
    """Yield each job's place and outcome as it ends, so many at once.

    A worker that is killed breaks its pool: the jobs it took along run again, each in a pool alone,
    so that only the one which kills its worker fails.
    """
    lost = []
    for index, outcome in _spread(jobs, indices, workers):
        if outcome:
            yield index, outcome
        else:
            lost.append(index)
    for index in sorted(lost):
        for _, outcome in _spread(jobs, [index], 1):
            yield index, outcome or Outcome(jobs[index], 0.0, LOST)


def _spread(
    jobs: Sequence[Job], indices: Sequence[int], workers: int
) -> Iterator[tuple[int, Outcome | None]]:
    if not indices:
        return
    with pool_of(workers) as pool:
        with _ignoring_interrupts():
            places = {pool.submit(render, jobs[index]): index for index in indices}
        for future in as_completed(places):
            try:
                yield places[future], future.result()
            except BrokenProcessPool:
                yield places[future], None


@contextmanager
def pool_of(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool that is gone, with its processes, however the block ends."""
    before = set(multiprocessing.active_children())
    # All that multiprocessing starts, its tracker too, starts with -c and would look for modules right here.
    with environment(**SAFE_PATH):
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


def _settle() -> None:
    """Make a process a worker, which does not outlive its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows does not hand this on
    # Several kernels share the processors; threads of linear algebra would only be in each other's way.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # an outcome says it all, in our words
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
