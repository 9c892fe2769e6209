"""Making a site: what is still right stays, the rest is made, and an index leads to it all."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from qb.judge import Assessment
from qb.publish.fork import Held
from qb.publish.front import Site
from qb.publish.index import district_index, districts_index
from qb.publish.job import Outcome
from qb.publish.page import Page
from qb.publish.plan import Part, Plan, Request, Task, folder_for, known_kinds, known_schools
from qb.publish.record import Record, locked
from qb.publish.run import run
from qb.publish.words import WORDS, Lang
from qb.report.book import open_book
from qb.report.words import school_year


def make(
    data: Path,
    standard: str,
    *,
    of: str,
    year: int | None,
    out: str | Path | None,
    only: Collection[str],
    schools: Collection[str],
    scenarios: tuple[str, ...],
    costs: str,
    lang: Lang,
    cell_seconds: float,
    **how: object,
) -> Site:
    """Publish what :func:`qb.publish.front.publish` was asked for; `of` is the digest of it all."""
    book = open_book(data, year, standard, lang)
    kinds, ids = known_kinds(only, scenarios), known_schools(schools, book.assessment)
    request = Request(data, standard, lang, kinds, ids, scenarios, costs, cell_seconds)
    folder = folder_for(out, data, book.assessment)
    with locked(folder):
        plan = Plan(folder, book, request, Record(folder))
        outcomes = _make(plan, Held(book, data, standard), **how)
        indexes = _write_indexes(plan, outcomes)
        asked = [outcomes[task.job.target] for task in plan.tasks if task.asked]
        made = tuple(outcome for outcome in asked if not outcome.kept)
        site = Site(indexes[-1], made, len(asked) - len(made))
        if not site.failed:
            plan.record.close(of, len(asked), indexes)
    return site


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
    """Do once what pages would each do anew."""
    plan.book.ledger  # noqa: B018  kept in the book
    plan.book.years  # noqa: B018


def _earlier(plan: Plan, part: Part) -> list[Assessment]:
    """Return a district's assessments of the years before in which it had schools, the latest first."""
    before = [
        judged for year, judged in sorted(plan.book.years.items(), reverse=True) if year < plan.book.year
    ]
    return [one for one in (judged.of(part.district) for judged in before) if len(one.rows)]


def _write_indexes(plan: Plan, outcomes: dict[Path, Outcome]) -> list[Path]:
    """Write the indexes, the site's own last; all after the pages, so that none promises what is not."""
    words, parts = WORDS[plan.request.lang], plan.parts
    written = []
    for part in parts:
        target = part.folder / "index.html"
        title = words["title_of"].format(district=part.district)
        district_index(part, _earlier(plan, part), outcomes, target, plan.page(part, title, target))
        written.append(target)
    if len(parts) > 1:
        target = plan.site / "index.html"
        page = Page(
            title=words["title"],
            lang=plan.request.lang,
            place=school_year(plan.book.year, plan.request.lang),
            invented=plan.book.assessment.invented,
            provenance=plan.provenance,
        )
        districts_index(parts, target, page)
        written.append(target)
    return written
