"""Publishing: what is still right stays, the rest is made, and an index leads to it all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from qb.publish.fork import Held
from qb.publish.index import district_index, districts_index
from qb.publish.job import CELL_SECONDS, Outcome
from qb.publish.page import Page
from qb.publish.plan import Plan, Request, Task, folder_for, known_kinds, known_schools
from qb.publish.record import Record, locked
from qb.publish.run import Isolation, run
from qb.publish.words import WORDS, Lang
from qb.report.book import open_book
from qb.report.words import school_year


@dataclass(frozen=True)
class Site:
    """What was published.

    Attributes
    ----------
    index : Path
        The page that leads to all others.
    outcomes : tuple of Outcome
        One for each page asked for, index pages apart.
    """

    index: Path
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The pages that were not made."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure)

    @property
    def summary(self) -> str:
        """What came out, in sentences: pages made, each that failed and why, and what to look at."""
        kept = sum(outcome.kept for outcome in self.outcomes)
        made = len(self.outcomes) - len(self.failed) - kept
        noted = [outcome for outcome in self.outcomes if outcome.notes]
        said = [f"已生成 {made} 页" if made or not kept else "没有需要重新生成的页面"]
        said += [f"{kept} 页内容未变，沿用"] * bool(kept)
        said += [f"{len(self.failed)} 页未生成"] * bool(self.failed)
        lines = ["，".join(said) + ("：" if self.failed else "。")]
        lines += [f"  {o.job.page.title}：{o.failure}" for o in self.failed]
        if noted:
            lines.append(f"{len(noted)} 页运行时有提示，例如 {noted[0].job.page.title}：")
            lines.append("  " + noted[0].notes[0].replace("\n", "\n  "))
        return "\n".join(lines)

    @property
    def exit_code(self) -> int:
        """0 if every page was made, otherwise 1."""
        return int(bool(self.failed))


def publish(
    data_path: str | Path,
    *,
    year: int | None = None,
    out: str | Path | None = None,
    only: Collection[str] = (),
    schools: Collection[str] = (),
    jobs: int | None = None,
    lang: Lang = "zh",
    standard: str | Path = "gulou-2023",
    force: bool = False,
    isolation: Isolation | None = None,
    scheduler: str | None = None,
    cell_seconds: float = CELL_SECONDS,
    progress: bool = True,
) -> Site:
    """Publish a dataset's year as web pages. A page that would come out the same is not made again.

    Parameters
    ----------
    data_path : path
        The dataset.
    year : int, optional
        School year (the year it starts); the latest of the data by default.
    out : path, optional
        Folder of the site; ``outputs/<district>/<year>`` by default, and for a dataset of many
        districts ``outputs/<name of its folder>/<year>`` with a folder for each.
    only, schools : collections of str
        Kinds of page (:data:`qb.publish.plan.KINDS`) and schools' ids to confine the run to; empty for
        all. Pages of earlier runs stay where they are still right, and go where they are not.
    jobs : int, optional
        Pages made at once.
    lang : {"zh", "en"}
        Language of the pages.
    standard : name or path
        One of the standards shipped with qb, or a file.
    force : bool
        Make all pages anew.
    isolation : {"fork", "kernel"}, optional
        See :func:`qb.publish.run.run`.
    scheduler : str, optional
        Address of a Dask cluster that does the work.
    cell_seconds : float
        The time that one cell of a notebook may take.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Raises
    ------
    QbError
        If the data cannot be used (DataError), or a kind, a school or the year is unknown, or a
        notebook is missing, or another publication is at work in the folder. Nothing has been written.
    """
    data = Path(data_path).resolve()
    name = str(Path(standard).resolve()) if Path(standard).is_file() else str(standard)
    book = open_book(data, year, name, lang)
    kinds, ids = known_kinds(only), known_schools(schools, book.assessment)
    request = Request(data, name, lang, kinds, ids, cell_seconds)
    site = folder_for(out, data, book.assessment)
    with locked(site):
        plan = Plan(site, book, request, Record(site))
        held = Held(book, data, name)
        made = _make(plan, held, force=force, workers=jobs, isolation=isolation, scheduler=scheduler,
                     progress=progress)  # fmt: skip
        index = _write_indexes(plan, made)
    return Site(index, tuple(made[task.job.target] for task in plan.tasks if task.asked))


def _make(plan: Plan, held: Held, *, force: bool, **how: object) -> dict[Path, Outcome]:
    """Make what is asked for and not there, and return the outcome of every page by its place."""
    record = plan.record
    right = {t.job.target for t in plan.tasks if not t.asked or (not force and _stands(record, t))}
    todo = {task.job.target: task for task in plan.tasks if task.job.target not in right}
    record.clear_but(right | set(todo))
    if todo:
        (plan.site / "index.html").unlink(missing_ok=True)  # an interrupted run leaves no index to half of it
        _judge_beforehand(plan)

    def note(outcome: Outcome) -> None:
        task = todo[outcome.job.target]
        if outcome.failure:
            record.drop(task.job.target)
        else:
            record.put(task.job.target, task.content, task.frame)

    try:
        outcomes = run([task.job for task in todo.values()], held=held, told=note, **how)
    finally:
        record.save()
    kept = {task.job.target: Outcome(task.job, 0.0, kept=True) for task in plan.tasks}
    return kept | {outcome.job.target: outcome for outcome in outcomes}


def _stands(record: Record, task: Task) -> bool:
    return record.holds(task.job.target, task.content, task.frame)


def _judge_beforehand(plan: Plan) -> None:
    """Do once what pages would each do anew; a district that is alone judges its years before by itself."""
    plan.book.ledger  # noqa: B018  kept in the book
    if len(plan.parts) > 1:
        plan.book.years  # noqa: B018


def _write_indexes(plan: Plan, outcomes: dict[Path, Outcome]) -> Path:
    """Write the indexes, last of all pages, so that an index never promises what is not there."""
    words, parts = WORDS[plan.request.lang], plan.parts
    for part in parts:
        target = part.folder / "index.html"
        title = words["title_of"].format(district=part.district)
        district_index(part, outcomes, target, plan.page(part, title, target))
    target = plan.site / "index.html"
    if len(parts) > 1:
        page = Page(
            title=words["title"],
            lang=plan.request.lang,
            place=school_year(plan.book.year, plan.request.lang),
            invented=plan.book.assessment.invented,
            provenance=plan.provenance,
        )
        districts_index(parts, target, page)
    return target
