"""A site is made: its pages and indexes, but those that are still right (`PageTask.is_current`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qb.errors import QbError
from qb.files import WriteError, write_whole
from qb.indicators.assessment import Assessment
from qb.publish.attachments import Bundle, make_files
from qb.publish.jobs import VANISHED, Job, JobOutcome, Site
from qb.publish.manifest import Record, locked
from qb.publish.own_notebooks import OwnNotebook
from qb.publish.page import WORDS
from qb.publish.page_processes import run
from qb.publish.site_index import district_index, districts_index
from qb.publish.site_plan import Part, Request, SitePlan, folder_for, known_kinds, known_schools
from qb.publish.site_settings import load_settings
from qb.publish.worker_client import PreloadedContext
from qb.report.context import open_context
from qb.report.tables import linked
from qb.report.words import Lang


def make(
    data: Path,
    standard: str,
    *,
    of: str,
    unchanged: Callable[[], bool],
    year: int | None,
    out: str | Path | None,
    only: Collection[str],
    schools: Collection[str],
    scenarios: tuple[str, ...],
    costs: str,
    settings: str,
    files: bool,
    lang: Lang,
    cell_seconds: float,
    own: tuple[OwnNotebook, ...],
    **how: Any,
) -> Site:
    """Publish what :func:`qb.publish.api.publish` was asked for; `of` is the digest of it all.

    A kernel reads the files anew for each page: pages made while they changed are not trusted later.
    """
    context = open_context(data, year, standard, lang)
    kinds, ids = known_kinds(only, scenarios, own), known_schools(schools, context.assessment)
    request = Request(data, standard, lang, kinds, ids, scenarios, costs, cell_seconds, files, own, settings)
    load_settings(settings)  # a fault in it ends the run before anything is written
    folder = folder_for(out, data, context.assessment)
    with locked(folder):
        plan = SitePlan(folder, context, request, Record(folder))
        held = PreloadedContext(context, data, standard)
        outcomes = _make(plan, held, **how)
        made_files = _make_files(plan, held, how["force"], how["workers"])
        outcomes = {path: _as_it_ended(plan.record, outcome) for path, outcome in outcomes.items()}
        asked = [outcomes[task.job.target] for task in plan.tasks if task.asked]
        made = tuple(outcome for outcome in asked if not outcome.kept)
        changed = not unchanged()
        if changed:
            right = (path for path, wrong in made_files.items() if not wrong)
            plan.record.drop(*(outcome.job.target for outcome in made), *right)
        site = Site(plan.site / "index.html", made, len(asked) - len(made), made_files, changed,
                    plan.record.refused)  # fmt: skip
        try:
            written = []
            for target, html in indexes(plan, outcomes):
                write_whole(target, html)
                written.append(target)
            if site.exit_code:
                plan.record.save()
            else:
                plan.record.close(of, len(asked), written)
        except WriteError as error:
            raise QbError(f"{error}\n{site.summary}") from error
    return site


def _make(plan: SitePlan, held: PreloadedContext, *, force: bool, **how: Any) -> dict[Path, JobOutcome]:
    """Make what is asked for and not there, and return the outcome of every page by its place."""
    record = plan.record
    right = {t.job.target for t in plan.tasks if not t.asked or (not force and t.is_current(record))}
    todo = {task.job.target: task for task in plan.tasks if task.job.target not in right}
    files = {path for one in plan.bundles for path in one.paths if _file_is_current(plan, one, path)}
    record.clear_but(right | set(todo) | files)
    if todo:
        (plan.site / "index.html").unlink(missing_ok=True)  # an interrupted run leaves no index to half of it
        _judge_beforehand(plan)

    for task in todo.values():
        task.content  # noqa: B018  found before there are pages, so that a run that is killed has noted those it made

    def note(outcome: JobOutcome) -> None:
        task = todo[outcome.job.target]
        if outcome.failure:
            record.drop(task.job.target)
        else:
            record.put(task.job.target, task.content, task.frame)

    outcomes = run(_in_turn([task.job for task in todo.values()]), held=held, told=note, **how)
    kept = {task.job.target: JobOutcome(task.job, 0.0, kept=True) for task in plan.tasks}
    return kept | {outcome.job.target: outcome for outcome in outcomes}


_LONGEST = {kind: place for place, kind in enumerate(("scenario", "plan", "annual", "research"))}


def _in_turn(jobs: list[Job]) -> list[Job]:
    """Return jobs in the order in which they begin: a quick page, then those that take longest.

    No process shall end alone with one of them.
    """
    first = [job for job in jobs if job.notebook.stem == "school"][:1] or jobs[:1]
    rest = (job for job in jobs if job is not first[0])
    return first + sorted(rest, key=lambda job: _LONGEST.get(job.notebook.stem, len(_LONGEST)))


def _make_files(plan: SitePlan, held: PreloadedContext, force: bool, workers: int | None) -> dict[Path, str]:
    """Make what goes with the pages and is not there, and return what became of each."""
    record, asked = plan.record, plan.bundles if plan.request.files else ()
    todo = [one for one in asked if force or not all(_file_is_current(plan, one, p) for p in one.paths)]
    made = dict(make_files(todo, held, workers or os.cpu_count() or 1)) if todo else {}
    for one in todo:
        for path in one.paths:
            if not made[path]:
                record.put(path, plan.content_of(one), "")
                made[path] = "" if record.stands(path) else VANISHED.message
    return made


def _as_it_ended(record: Record, outcome: JobOutcome) -> JobOutcome:
    """Return an outcome as a reader will find it: a page that is gone by the end of the run was not made."""
    if outcome.failure or record.stands(outcome.job.target):
        return outcome
    record.drop(outcome.job.target)
    return replace(outcome, failure=VANISHED, kept=False)


def _file_is_current(plan: SitePlan, bundle: Bundle, path: Path) -> bool:
    return plan.record.is_current(path, partial(plan.content_of, bundle))


def _judge_beforehand(plan: SitePlan) -> None:
    """Do once what pages would each do anew."""
    plan.context.ledger  # noqa: B018  kept in the context
    plan.context.years  # noqa: B018


def _earlier(plan: SitePlan, part: Part) -> list[Assessment]:
    """Return a district's assessments of the years before in which it had schools, the latest first."""
    before = [
        judged
        for year, judged in sorted(plan.context.years.items(), reverse=True)
        if year < plan.context.year
    ]
    return [one for one in (judged.of(part.district) for judged in before) if len(one.rows)]


def indexes(plan: SitePlan, outcomes: dict[Path, JobOutcome]) -> Iterator[tuple[Path, str]]:
    """Yield each index with its place, the site's own last; made last, none promises what is not there."""
    words, parts = WORDS[plan.request.lang], plan.parts
    standard = plan.context.standard
    subject = standard.subject.zh if plan.request.lang == "zh" else standard.subject.en
    for part in parts:
        target = part.folder / "index.html"
        title = words["title_of"].format(district=part.district, subject=subject[:1].lower() + subject[1:])
        files = [path for bundle in plan.bundles if bundle.district == part.district for path in bundle.paths]
        page = plan.page(part, title, target)
        gone = {
            school
            for (kind, school), path in part.pages.items()
            if kind == "school" and outcomes[path].failure
        }
        ways = ((school, "" if school in gone else way, name) for school, way, name in page.schools)
        page = replace(page, schools=tuple(ways))
        own = {one.kind: one.title(plan.request.lang) for one in plan.request.own}
        mine = plan.context.ledger["district"] == part.district
        asked = set(plan.context.ledger.loc[mine.to_numpy(), "departments"].explode())
        with linked(page.site_links):
            html = district_index(part, _earlier(plan, part), outcomes, files, page, own, asked)
        yield target, html
    if len(parts) > 1:
        target = plan.site / "index.html"
        page = replace(
            plan.top_page(words["title"].format(subject=subject)), here=target.name if plan.whole else ""
        )
        whole, years = plan.context.assessment, plan.context.years
        yield target, districts_index(parts, page, whole, plan.context.data["schools"], years)
