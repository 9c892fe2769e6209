"""Making a site: what is still right stays, the rest is made, and an index leads to it all."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from qb.errors import QbError
from qb.files import WriteError, write_whole
from qb.indicators.assessment import Assessment
from qb.publish.attachments import make_files
from qb.publish.jobs import VANISHED, Job, Outcome, Site
from qb.publish.manifest import Record, locked
from qb.publish.own_notebooks import OwnNotebook
from qb.publish.page import WORDS, Lang
from qb.publish.scheduler import run
from qb.publish.site_index import district_index, districts_index
from qb.publish.site_plan import Part, Plan, Request, Task, folder_for, known_kinds, known_schools
from qb.publish.site_settings import load_settings
from qb.publish.worker import Held
from qb.report.context import open_context


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
    **how: object,
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
        plan = Plan(folder, context, request, Record(folder))
        held = Held(context, data, standard)
        outcomes = _make(plan, held, **how)
        made_files = _make_files(plan, held, how["force"], how["workers"])
        outcomes = {path: _as_it_ended(plan.record, outcome) for path, outcome in outcomes.items()}
        asked = [outcomes[task.job.target] for task in plan.tasks if task.asked]
        made = tuple(outcome for outcome in asked if not outcome.kept)
        changed = not unchanged()
        if changed:
            plan.record.drop(*(outcome.job.target for outcome in made), *made_files)
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


def _make(plan: Plan, held: Held, *, force: bool, **how: object) -> dict[Path, Outcome]:
    """Make what is asked for and not there, and return the outcome of every page by its place."""
    record = plan.record
    right = {t.job.target for t in plan.tasks if not t.asked or (not force and _stands(record, t))}
    todo = {task.job.target: task for task in plan.tasks if task.job.target not in right}
    files = {path for one in plan.bundles for path in one.paths if record.holds(path, one.content)}
    record.clear_but(right | set(todo) | files)
    if todo:
        (plan.site / "index.html").unlink(missing_ok=True)  # an interrupted run leaves no index to half of it
        _judge_beforehand(plan)

    def note(outcome: Outcome) -> None:
        task = todo[outcome.job.target]
        if outcome.failure:
            record.drop(task.job.target)
        else:
            record.put(task.job.target, task.content, task.frame)

    outcomes = run(_in_turn([task.job for task in todo.values()]), held=held, told=note, **how)
    kept = {task.job.target: Outcome(task.job, 0.0, kept=True) for task in plan.tasks}
    return kept | {outcome.job.target: outcome for outcome in outcomes}


_LONGEST = {kind: place for place, kind in enumerate(("scenario", "plan", "annual", "brief"))}


def _in_turn(jobs: list[Job]) -> list[Job]:
    """Return jobs in the order in which they begin: a quick page, then those that take longest.

    No process shall end alone with one of them.
    """
    first, rest = jobs[:1], jobs[1:]
    return first + sorted(rest, key=lambda job: _LONGEST.get(job.notebook.stem, len(_LONGEST)))


def _make_files(plan: Plan, held: Held, force: bool, workers: int | None) -> dict[Path, str]:
    """Make what goes with the pages and is not there, and return what became of each."""
    record, asked = plan.record, plan.bundles if plan.request.files else ()
    todo = [one for one in asked if force or not all(record.holds(p, one.content) for p in one.paths)]
    made = dict(make_files(todo, held, workers or os.cpu_count() or 1)) if todo else {}
    for one in todo:
        for path in one.paths:
            if not made[path]:
                record.put(path, one.content, "")
                made[path] = "" if record.stands(path) else VANISHED.message
    return made


def _as_it_ended(record: Record, outcome: Outcome) -> Outcome:
    """Return an outcome as a reader will find it: a page that is gone by the end of the run was not made."""
    if outcome.failure or record.stands(outcome.job.target):
        return outcome
    record.drop(outcome.job.target)
    return replace(outcome, failure=VANISHED, kept=False)


def _stands(record: Record, task: Task) -> bool:
    return record.holds(task.job.target, task.content, task.frame)


def _judge_beforehand(plan: Plan) -> None:
    """Do once what pages would each do anew."""
    plan.context.ledger  # noqa: B018  kept in the context
    plan.context.years  # noqa: B018


def _earlier(plan: Plan, part: Part) -> list[Assessment]:
    """Return a district's assessments of the years before in which it had schools, the latest first."""
    before = [
        judged
        for year, judged in sorted(plan.context.years.items(), reverse=True)
        if year < plan.context.year
    ]
    return [one for one in (judged.of(part.district) for judged in before) if len(one.rows)]


def indexes(plan: Plan, outcomes: dict[Path, Outcome]) -> Iterator[tuple[Path, str]]:
    """Yield each index with its place, the site's own last; made last, none promises what is not there."""
    words, parts = WORDS[plan.request.lang], plan.parts
    standard = plan.context.standard
    subject = standard.subject.zh if plan.request.lang == "zh" else standard.subject.en
    for part in parts:
        target = part.folder / "index.html"
        title = words["title_of"].format(district=part.district, subject=subject[:1].lower() + subject[1:])
        files = [path for bundle in plan.bundles if bundle.district == part.district for path in bundle.paths]
        page = plan.page(part, title, target)
        own = {one.kind: one.title(plan.request.lang) for one in plan.request.own}
        yield target, district_index(part, _earlier(plan, part), outcomes, files, page, own)
    if len(parts) > 1:
        target = plan.site / "index.html"
        page = replace(
            plan.top_page(words["title"].format(subject=subject)), here=target.name if plan.whole else ""
        )
        whole, last = plan.context.assessment, plan.context.years.get(plan.context.year - 1)
        yield target, districts_index(parts, page, whole, plan.context.data["schools"], last)
