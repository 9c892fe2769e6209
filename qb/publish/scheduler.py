"""Many pages at once: by processes here or a cluster, with progress and without half pages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from tqdm import tqdm

from qb.files import clear_parts
from qb.language import Lang, say
from qb.publish.crew import Press, made_here
from qb.publish.jobs import Isolation, Job, Outcome, refuse
from qb.publish.worker import Held


def run(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    progress: bool = True,
    isolation: Isolation | None = None,
    scheduler: str | None = None,
    held: Held | None = None,
    press: Press | None = None,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Make all pages, several at once.

    Parameters
    ----------
    jobs : sequence of Job
        What to make; no two of the same target.
    workers : int, optional
        How many at once; by default one for each processor.
    progress : bool
        Show a bar on stderr where that is a terminal.
    isolation : {"warm", "fork", "kernel"}, optional
        The same pages in each way. Warm: a process makes one page of ours after another, and puts back
        what a page changed. Fork: a process for each page, forked from one that has everything loaded;
        so are pages of others' notebooks where that is safe. Kernel: a kernel started for each page, many
        times slower. Warm by default.
    scheduler : str, optional
        Address of a Dask cluster that does the work.
    held : Held, optional
        A context that need not be read and judged again; kernels do it all the same.
    press : Press, optional
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
    outcomes: dict[int, Outcome] = {}
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    lang = jobs[0].page.lang
    with _bar(len(jobs), progress, lang) as bar:
        try:
            for index, outcome in _outcomes(jobs, workers, isolation, scheduler, held, press, bar):
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
    isolation: Isolation | None,
    scheduler: str | None,
    held: Held | None,
    press: Press | None,
    bar: tqdm,
) -> Iterator[tuple[int, Outcome]]:
    if scheduler:
        from qb.publish.cluster import scattered

        yield from scattered(jobs, scheduler, held)
        return
    with press or Press(isolation, workers) as press:
        yield from made_here(jobs, workers, held, press, isolation, partial(bar.write, file=sys.stderr))


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


def _advance(bar: tqdm, outcomes: dict[int, Outcome], lang: Lang) -> None:
    failed = sum(outcome.failure is not None for outcome in outcomes.values())
    left = bar.total - len(outcomes)
    text = say(lang, f"剩 {left} 页", f"{left} left")
    text += say(lang, f" 失败 {failed} 页", f", {failed} failed") if failed else ""
    bar.set_postfix_str(text, refresh=False)
    bar.update()
