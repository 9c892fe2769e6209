"""Pages on a Dask cluster: batches of jobs go to its workers, each with processes of its own; pages return."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qb.errors import QbError
from qb.files import WriteError, temporary_folder, write_whole
from qb.publish.jobs import Failure, Job, Outcome
from qb.publish.scheduler import Press, made_here
from qb.publish.worker import Held

BATCH = 16  # pages: a second or two of work, so that a lost worker costs little and a task weighs nothing
_SECONDS = 20  # that a scheduler may take to answer

_kept = threading.local()


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster, by the address of its scheduler."""

    address: str

    def made(self, jobs: Sequence[Job], held: Held | None) -> Iterator[tuple[int, Outcome]]:
        """Yield each job's place and outcome as they come from the workers of a cluster.

        The scheduler gives what a lost worker had to another. The workers need this version of qb, and
        nothing else: book, notebooks and pages travel.

        Raises
        ------
        QbError
            If Dask is not installed, or no scheduler answers at the address.
        """
        try:
            from distributed import Client, as_completed
        except ImportError:
            raise QbError(
                "没有安装 Dask。请先运行 pip install distributed。",
                "Dask is not installed. First run pip install distributed.",
            ) from None
        try:
            client = Client(self.address, timeout=_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise QbError(
                "连不上 Dask 调度器 {}：{}。请核对地址，并确认调度器已启动。",
                "The Dask scheduler {} cannot be reached: {}. Check the address, and that it runs.",
                self.address,
                error,
            ) from None
        with client:
            texts = {job.notebook: job.notebook.read_bytes() for job in jobs}
            context, notebooks = client.scatter([held, texts], broadcast=True, hash=False)
            batches = {
                client.submit(
                    print_batch, [jobs[i] for i in indices], context, notebooks, pure=False
                ): indices
                for indices in _batches(len(jobs), client)
            }
            for future in as_completed(batches, loop=client.loop):
                yield from _received(jobs, batches.pop(future), future)


def _batches(count: int, client) -> list[list[int]]:
    """Return the jobs' places in batches, smaller ones where every worker would not get several."""
    threads = max(1, sum(client.nthreads().values()))
    size = max(1, min(BATCH, count // (4 * threads)))
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


def _received(jobs: Sequence[Job], indices: list[int], future) -> Iterator[tuple[int, Outcome]]:
    """Write a batch's pages where they belong."""
    try:
        results = future.result()
    except Exception as error:  # workers were lost with it again and again, or have another version
        failure = Failure(type(error).__name__, str(error))
        yield from ((index, Outcome(jobs[index], 0.0, failure)) for index in indices)
        return
    for index, (outcome, html) in zip(indices, results, strict=True):
        try:
            if html is not None:
                write_whole(jobs[index].target, html)
        except WriteError as error:
            outcome = replace(outcome, failure=Failure(type(error.__cause__).__name__, str(error)))
        yield index, outcome


def print_batch(
    jobs: list[Job], held: Held | None, notebooks: dict[Path, bytes]
) -> list[tuple[Outcome, str | None]]:
    """Run jobs on a worker, one at a time; return outcomes in their order, each with its page."""
    with temporary_folder() as folder:
        here = [_moved(job, index, Path(folder), notebooks) for index, job in enumerate(jobs)]
        found = dict(_printed(here, held))
        return [(found[index], _text(here[index])) for index in range(len(here))]


def _moved(job: Job, index: int, folder: Path, notebooks: dict[Path, bytes]) -> Job:
    notebook = folder / job.notebook.name
    notebook.write_bytes(notebooks[job.notebook])
    return replace(job, notebook=notebook, target=folder / f"{index}.html")


def _text(job: Job) -> str | None:
    return job.target.read_text("utf-8") if job.target.exists() else None


def _printed(jobs: list[Job], held: Held | None) -> Iterator[tuple[int, Outcome]]:
    """Yield places and outcomes from the processes that this thread of the cluster's worker keeps for the
    data.
    """
    if getattr(_kept, "held", None) is not held or not hasattr(_kept, "press"):
        _leave()
        _kept.press, _kept.held = Press(workers=1), held
    yield from made_here(jobs, 1, held, _kept.press)


def _leave() -> None:
    if press := _kept.__dict__.pop("press", None):
        press.close()
