"""Making a site: what is still right stays, the rest is made, and an index leads to it all."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from qb.charts import Caption, Chart, map_of_schools
from qb.errors import QbError
from qb.files import WriteError, write_whole
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import deciding
from qb.language import told
from qb.publish.attachments import make_files
from qb.publish.jobs import VANISHED, Job, JobOutcome, Site
from qb.publish.manifest import OF_DISTRICT, Record, locked
from qb.publish.own_notebooks import OwnNotebook
from qb.publish.page import WORDS, Page, index_page
from qb.publish.scheduler import run
from qb.publish.site_plan import PageTask, Part, Request, SitePlan, folder_for, known_kinds, known_schools
from qb.publish.site_settings import load_settings
from qb.publish.worker import PreloadedContext
from qb.report.context import open_context
from qb.report.facts import Fact, anchor, department_anchor, key, shown_indicators, shown_resource
from qb.report.resource_tables import allowed, areas_turned, counted, unknown, unmet
from qb.report.rules import WHOLE, PageRules
from qb.report.tables import Cards, Column, Sentences, Table, badge
from qb.report.words import (
    Lang,
    Tally,
    area_label,
    coefficient_title,
    department_names,
    plain_words,
    resource_span,
    say,
    school_year,
    stage_label,
    term,
    title,
    verdict_label,
)
from qb.terms import COMPULSORY, Kind, Verdict

if TYPE_CHECKING:
    from qb.indicators.assessment import Assessment
    from qb.publish.site_plan import Part

# The index of a site: the verdict first, then the reports, then every school, the failing ones first.


# What needs action comes first.
_ORDER = {
    v.value: i for i, v in enumerate((Verdict.FAIL, Verdict.NO_DATA, Verdict.PASS, Verdict.NOT_APPLICABLE))
}


def district_index(
    part: Part,
    earlier: Sequence[Assessment],
    outcomes: Mapping[Path, JobOutcome],
    files: Sequence[Path],
    page: Page,
    own: Mapping[str, str] | None = None,
) -> str:
    """Return a district's index. Pages that failed are listed as not made, with the reason.

    `earlier` are the district's assessments of the years before, the latest first; `files` what goes with
    the pages, listed where it was made; `own` the titles of notebooks of one's own.
    """
    assessment, words = part.assessment, page.words
    return index_page(
        "district.html.j2",
        page,
        now=_year(
            assessment,
            page,
            _schools(assessment, page, part, outcomes),
            assessment.year,
            next((one for one in earlier if one.year == assessment.year - 1), None),
        ),
        earlier=[_year(before, page, _schools(before, page), assessment.year) for before in earlier],
        reports=[
            (
                words[kind],
                words[f"{kind}_note"].format(n=len(assessment.standard.indicators)),
                _address(part, (kind, ""), outcomes),
            )
            for kind in OF_DISTRICT
            if (kind, "") in part.pages
        ]
        + [
            (title, "", _address(part, (kind, ""), outcomes))
            for kind, title in (own or {}).items()
            if (kind, "") in part.pages
        ],
        listing=_listing(part, outcomes, page.lang),
        files=[(path.name, path.relative_to(part.folder).as_posix()) for path in files if path.exists()],
        excluded=_shown(_excluded(assessment, page)) if len(assessment.excluded) else "",
        rules=_shown(_rules(assessment, page)),
        terms=plain_words(page.lang, assessment.standard),
        failed=[
            (outcomes[path].job.page.title, outcomes[path].failure.said(page.lang))
            for path in part.pages.values()
            if outcomes[path].failure
        ],
    )


def _listing(part: Part, outcomes: Mapping[Path, JobOutcome], lang: Lang) -> list[tuple[str, str]]:
    """Return what a reader may look for besides schools, with its address: indicators and departments."""
    standard = part.assessment.standard
    rules = _address(part, ("district", ""), outcomes)
    sheets = _address(part, ("brief", ""), outcomes)
    indicators = [(title(i, lang), f"{rules}{anchor(i.code)}") for i in standard.indicators if rules]
    names = [department.name for department in standard.departments if sheets]
    return indicators + [
        (department_names((name,), standard, lang), f"{sheets}#{department_anchor(name, standard)}")
        for name in names
    ]


def districts_index(
    parts: Sequence[Part],
    page: Page,
    whole: Assessment,
    schools: pd.DataFrame,
    last: Assessment | None = None,
) -> str:
    """Return the index of all districts of a dataset: how many meet the standard, and each, the worst first.

    `whole` is the assessment of all of them, `schools` the table with their places, `last` the assessment of the
    year before.
    """
    words, lang = page.words, page.lang
    standard = parts[0].assessment.standard
    areas = {area: area_label(area, standard, lang) for area in standard.area_names}
    rows = pd.DataFrame(
        {
            "district": part.district,
            "address": f"{part.folder.name}/index.html",
            "verdict": part.assessment.districts["verdict"].iloc[0],
            **dict(zip(part.assessment.areas["area"], part.assessment.areas["verdict"], strict=True)),
            "fact": key(Fact.DISTRICT, part.assessment.year, part.district),
            **{f"{area}_fact": key(Fact.AREA, part.assessment.year, area, part.district) for area in areas},
            "judged": len(part.assessment.rows),
            "shares": _met_by_resource(part.assessment),
            **_counted(part.assessment),
        }
        for part in parts
    )
    rows["share"] = 100 * rows["passed"] / rows["judged"].where(rows["judged"] > 0)
    rows["met"] = rows["share"].fillna(-1.0)  # among those of one verdict the lowest share comes first
    columns = (
        Column("district", words["area"], link="address"),
        Column("verdict", words["verdict"], verdict=True, fact="fact"),
        *(Column(area, name, verdict=True, fact=f"{area}_fact") for area, name in areas.items()),
        Column("passed", words["passed"], decimals=0),
        Column("judged", words["judged"], decimals=0),
        Column("share", words["share"], decimals=1, shares="shares"),
        Column("over", words["over"], decimals=0),
        *(
            Column(name, words[f"{name}_count"], decimals=0)
            for name in ("waiting", "open")
            if (rows[name] > 0).any()
        ),
    )
    span = resource_span(standard)
    note = say(
        lang,
        f"小图：{span} 各项达标（含规则允许）的学校（学段）所占比例，满格为全部达标。",
        f"Small bars: the share of school stages that meet each of {span}, or are allowed below; full height is all.",
    )
    caption = f"{page.place} {words['districts']}"
    table = Table(caption, columns, _worst_first(rows), "failing", note, lang=lang)
    return index_page(
        "districts.html.j2",
        page,
        cards=_shown(Cards(tuple(_of_all(whole, last, page)), lang)),
        said=_shown(_said(whole, page)),
        maps=[_shown(chart) for chart in _map(parts, schools, page)],
        districts=_shown(table),
        rules=_shown(_rules(parts[0].assessment, page)),
    )


def _of_all(whole: Assessment, last: Assessment | None, page: Page) -> Iterator[tuple[str, ...]]:
    """Yield how many districts, school stages and coefficients meet the standard, and how many did last year."""
    lang = page.lang
    labels = (
        say(lang, "达标的地区", "Districts that meet the standard"),
        say(lang, "达标的学校（学段）", "School stages met"),
        say(lang, "达标的差异系数", "Coefficients within the limit"),
    )
    for place, label in enumerate(labels):
        now = _tallies(whole)[place]
        then = None if last is None else _tallies(last)[place]
        yield label, now.of_all(lang), "", "", counted(now, then, lang)


def _tallies(whole: Assessment) -> tuple[Tally, ...]:
    spread = whole.balance["verdict"][whole.balance["code"].isin(deciding(whole.standard))]
    return tuple(Tally.of(of) for of in (whole.districts["verdict"], whole.rows["verdict"], spread))


def _said(whole: Assessment, page: Page) -> Sentences:
    """Return the sentence on how many districts meet the standard, and where most school stages fail."""
    lang, tally = page.lang, _tallies(whole)[0]
    line = say(
        lang,
        f"{tally.held} 个地区中 {tally.passed} 个达标",
        f"{tally.passed} of {tally.held} districts meet the standard",
    )
    counts = whole.rows.loc[(whole.rows["verdict"] == Verdict.FAIL).to_numpy(), "district"].value_counts()
    if len(counts):
        line += say(
            lang,
            f"；未达标的学校（学段）共 {counts.sum()} 个，{counts.index[0]}最多，有 {counts.iloc[0]} 个",
            f"; school stages not met: {counts.sum()}, most of them in {counts.index[0]} ({counts.iloc[0]})",
        )
    return Sentences((line + say(lang, "。", "."),))


def _map(parts: Sequence[Part], schools: pd.DataFrame, page: Page) -> list[Chart]:
    """Return where the districts are, each in the middle of its schools; nothing without coordinates of two."""
    lang = page.lang
    middle = schools.groupby("district")[["longitude", "latitude"]].mean()
    middle = middle.reindex([part.district for part in parts])
    if middle.dropna().shape[0] < 2:
        return []
    verdicts = [Verdict(part.assessment.districts["verdict"].iloc[0]) for part in parts]
    words = Caption(
        say(lang, "各地区的位置和结论", "Where the districts are, and their verdicts"),
        f"{say(lang, '点在各校坐标的平均处', 'Dots at the mean of the schools’ coordinates')} · {page.place}",
        dict(page.provenance).get(page.words["source"], ""),
        lang=lang,
    )
    pupils = [float(part.assessment.rows["pupils"].sum()) for part in parts]
    places = (middle[name].tolist() for name in ("longitude", "latitude"))
    return [map_of_schools(*places, pupils, list(middle.index), verdicts, caption=words, of="district")]


def _met_by_resource(assessment: Assessment) -> list[tuple[str, float]]:
    """Return the share of school stages that meet each resource, of those with a figure; NaN where none has."""
    found = []
    for code in assessment.standard.resource_codes:
        tally = Tally.of(shown_resource(assessment.rows, code))
        found.append((code, (tally.passed + tally.allowed) / tally.known if tally.known else nan))
    return found


def _year(
    assessment: Assessment, page: Page, schools: Table, year: int, last: Assessment | None = None
) -> SimpleNamespace:
    """Return what the index says of one year; of the latest one what the year before was, too."""
    district, verdict = assessment.districts[["district", "verdict"]].iloc[0]
    fact = key(Fact.DISTRICT, assessment.year, district)
    current = assessment.year == year
    return SimpleNamespace(
        year=assessment.year,
        name=school_year(assessment.year, page.lang),
        # A year before is opened by its verdict, which then cannot lead anywhere else.
        verdict=Markup(badge(verdict, page.lang, fact, leads=current)),
        sentence=_sentence(assessment, verdict, page),
        cards=[
            _shown(Cards(tuple(made(assessment, page, last, current)), page.lang))
            for made in (_areas, _counts)
        ],
        coefficients=_shown(_coefficients(assessment, page)),
        schools=_shown(schools),
    )


def _counted(assessment: Assessment) -> dict[str, float]:
    """Return how many schools pass and coefficients are over, NaN where nobody knows, and how many wait."""
    balance = assessment.balance
    schools = Tally.of(assessment.rows["verdict"])
    spread = Tally.of(balance["verdict"][balance["code"].isin(assessment.standard.resource_codes)])
    return {
        "passed": float(schools.passed) if schools.known else nan,
        "over": float(spread.failed) if spread.known else nan,
        "waiting": schools.unknown,
        "open": spread.unknown,
    }


def _rules(assessment: Assessment, page: Page) -> PageRules:
    return PageRules(assessment.standard, assessment.year, page.lang, WHOLE)


def _shown(block: Cards | Sentences | Table | PageRules | Chart) -> Markup:
    return Markup(block._repr_html_())


def _address(part: Part, key: tuple[str, str], outcomes: Mapping[Path, JobOutcome]) -> str:
    """Return the address of a page that was made; empty for one that was not."""
    path = part.pages.get(key)
    made = path is not None and outcomes[path].failure is None
    return path.relative_to(part.folder).as_posix() if made else ""


def _sentence(assessment: Assessment, verdict: str, page: Page) -> str:
    """Say the verdict, and name the areas behind it."""
    words, lang, areas = page.words, page.lang, assessment.areas
    district = assessment.districts["district"].iloc[0]
    said = [
        words[verdict].format(
            district=district,
            year=school_year(assessment.year, lang),
            subject=say(lang, assessment.standard.subject.zh, assessment.standard.subject.en),
        )
    ]
    for state in (Verdict.FAIL, Verdict.NO_DATA):
        names = [
            area_label(area, assessment.standard, lang) for area in areas["area"][areas["verdict"] == state]
        ]
        if names:
            said.append(
                words["listing"].format(verdict=verdict_label(state, lang), names=words["comma"].join(names))
            )
    return words["space"].join(said)


def _areas(
    assessment: Assessment, page: Page, last: Assessment | None, current: bool
) -> Iterator[tuple[str, ...]]:
    then = areas_turned(assessment, last, page.lang) if current else {}
    for district, area, verdict in assessment.areas[["district", "area", "verdict"]].itertuples(index=False):
        found = page.words.get(f"veto_{verdict}", "") if area == "veto" else ""
        fact = key(Fact.AREA, assessment.year, area, district)
        label = area_label(area, assessment.standard, page.lang)
        yield label, verdict, found, fact, then.get(area, "")


def _counts(
    assessment: Assessment, page: Page, last: Assessment | None, current: bool
) -> Iterator[tuple[str, ...]]:
    """Yield how many schools, indicators and coefficients pass, of how many that could be judged or not."""
    words = page.words
    before = {} if last is None else {name: verdicts for name, verdicts, _ in _verdicts(last, page)}
    for name, verdicts, of in _verdicts(assessment, page):
        then = ""
        if current:
            past = Tally.of(before[name]) if name in before else None
            then = counted(Tally.of(verdicts), past, page.lang)
        yield name, *_passed(verdicts, words, of), "", then


def _verdicts(assessment: Assessment, page: Page) -> Iterator[tuple[str, Sequence[object], str]]:
    """Yield what is counted, its verdicts, and the word by which it is."""
    words, rows, balance = page.words, assessment.rows, assessment.balance
    for stage in COMPULSORY:
        if assessment.standard.limits_schools and (rows["stage"] == stage).any():
            name = words["passed_schools"].format(stage=stage_label(stage, page.lang))
            yield name, rows["verdict"][rows["stage"] == stage].tolist(), "of_schools"
    yield words["passed_indicators"], shown_indicators(assessment).tolist(), "of_indicators"
    single = balance["verdict"][balance["code"].isin(deciding(assessment.standard))]
    if len(single):
        yield words["passed_coefficients"], single.tolist(), "of_coefficients"


def _passed(verdicts: Iterable[object], words: Mapping[str, str], of: str) -> tuple[str, str]:
    tally = Tally.of(verdicts)
    beneath = [words["allowed_count"].format(n=tally.allowed)] * bool(tally.allowed)
    beneath += [words["unknown_count"].format(n=tally.unknown)] * bool(tally.unknown)
    if not tally.known:
        return words["nobody_knows"] if tally.held else words["none_held"], ""
    return words[of].format(passed=tally.passed, held=tally.held), words["comma_clause"].join(beneath)


def _coefficients(assessment: Assessment, page: Page) -> Table:
    """Return a row for each resource and stage, worst first."""
    words, lang = page.words, page.lang
    rule = assessment.standard.rules.coefficient
    shown = (*assessment.standard.resource_codes, *deciding(assessment.standard))
    held = assessment.balance[assessment.balance["code"].isin(shown)]
    places = list(held[["stage", "code", "district"]].itertuples(index=False))
    decides = held["code"].isin(deciding(assessment.standard)).to_numpy()
    frame = held.assign(
        limit=held["limit"].astype(object).where(decides, None),
        title=[coefficient_title(code, assessment.standard, lang) for code in held["code"]],
        stage=[stage_label(stage, lang) for stage in held["stage"]],
        **{
            f"{fact}_fact": [key(fact, assessment.year, *place) for place in places]
            for fact in (Fact.COEFFICIENT, Fact.BALANCE)
        },
    )
    columns = [
        Column("title", words["indicator"]),
        Column("stage", words["stage"]),
        Column("coefficient", words["coefficient"], decimals=3, beside="limit", fact="coefficient_fact"),
    ]
    if rule:
        columns += [
            Column("limit", words["limit"], decimals=2),
            Column("verdict", words["verdict"], verdict=True, fact="balance_fact"),
        ]
    caption = f"{school_year(assessment.year, lang)} {words['coefficients']}"
    return Table(
        caption,
        tuple(columns),
        _worst_first(frame),
        "failing",
        words["coefficients_note"],
        _nobody(lang),
        lang,
    )


def _schools(
    assessment: Assessment,
    page: Page,
    part: Part | None = None,
    outcomes: Mapping[Path, JobOutcome] | None = None,
) -> Table:
    """Return a row for each school and stage, worst first; without a part no row leads to a page."""
    words, lang, rows = page.words, page.lang, assessment.rows
    short = {
        code: title(assessment.standard[code], lang, short=True)
        for code in assessment.standard.resource_codes
    }
    ids = rows["school_id"].unique() if part else ()
    address = {school: _address(part, ("school", school), outcomes) for school in ids}
    not_made = {school for school in address if ("school", school) in part.pages and not address[school]}

    def having(row: Mapping[str, object], which: Callable[[Mapping[str, object]], list[str]]) -> str:
        return words["comma"].join(short[code] for code in which(row))

    records = rows.to_dict("records")

    frame = pd.DataFrame(
        {
            "name": [
                f"{name}{words['not_made']}" if school in not_made else name
                for name, school in zip(rows["name"], rows["school_id"], strict=True)
            ],
            "address": rows["school_id"].map(address),
            "kind": [term(kind, lang, (Kind,)) for kind in rows["kind"]],
            "stage": [stage_label(stage, lang) for stage in rows["stage"]],
            "pupils": rows["pupils"],
            "met": rows["met"],
            "verdict": rows["verdict"].astype(str),
            "verdict_fact": [
                key(Fact.SCHOOL, assessment.year, *place)
                for place in rows[["stage", "school_id"]].itertuples(index=False)
            ],
            "unmet": [having(row, unmet) for row in records],
            "allowed": [having(row, allowed) for row in records],
            "unknown": [having(row, unknown) for row in records],
        }
    )
    columns = [
        Column("name", words["name"], link="address"),
        Column("kind", words["kind"]),
        Column("stage", words["stage"]),
        Column("pupils", words["pupils"], decimals=0),
    ]
    if assessment.standard.limits_schools:
        columns += [
            Column("met", words["met"].format(n=len(assessment.standard.resources)), decimals=0),
            Column("verdict", words["verdict"], verdict=True, fact="verdict_fact"),
            Column("unmet", words["unmet"]),
        ]
    columns += [Column(name, words[name]) for name in ("allowed", "unknown") if (frame[name] != "").any()]
    caption = f"{school_year(assessment.year, lang)} {words['schools']}"
    return Table(
        caption, tuple(columns), _worst_first(frame), "failing", words["schools_note"], _nobody(lang), lang
    )


def _nobody(lang: Lang) -> str:
    return say(lang, "没有参加评估的学校。", "No school is judged.")


def _worst_first(frame: pd.DataFrame) -> pd.DataFrame:
    order = frame["verdict"].map(_ORDER)
    by = [order, frame["met"]] if "met" in frame else [order]
    ranked = frame.assign(failing=frame["verdict"] == Verdict.FAIL)
    return ranked.iloc[pd.concat(by, axis=1).apply(tuple, axis=1).argsort(kind="stable")]


def _excluded(assessment: Assessment, page: Page) -> Table:
    words = page.words
    stages = [stage_label(stage, page.lang) for stage in assessment.excluded["stage"]]
    reasons = [told(reason, page.lang) for reason in assessment.excluded["reason"]]
    columns = (
        Column("name", words["name"]),
        Column("stage", words["stage"]),
        Column("pupils", words["pupils"], decimals=0),
        Column("reason", words["reason"]),
    )
    return Table(
        f"{page.place} {words['excluded']}",
        columns,
        assessment.excluded.assign(stage=stages, reason=reasons),
        lang=page.lang,
    )


# Making a site.


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


def _make(plan: SitePlan, held: PreloadedContext, *, force: bool, **how: Any) -> dict[Path, JobOutcome]:
    """Make what is asked for and not there, and return the outcome of every page by its place."""
    record = plan.record
    right = {t.job.target for t in plan.tasks if not t.asked or (not force and _stands(record, t))}
    todo = {task.job.target: task for task in plan.tasks if task.job.target not in right}
    files = {path for one in plan.bundles for path in one.paths if record.holds(path, one.content)}
    record.clear_but(right | set(todo) | files)
    if todo:
        (plan.site / "index.html").unlink(missing_ok=True)  # an interrupted run leaves no index to half of it
        _judge_beforehand(plan)

    def note(outcome: JobOutcome) -> None:
        task = todo[outcome.job.target]
        if outcome.failure:
            record.drop(task.job.target)
        else:
            record.put(task.job.target, task.content, task.frame)

    outcomes = run(_in_turn([task.job for task in todo.values()]), held=held, told=note, **how)
    kept = {task.job.target: JobOutcome(task.job, 0.0, kept=True) for task in plan.tasks}
    return kept | {outcome.job.target: outcome for outcome in outcomes}


_LONGEST = {kind: place for place, kind in enumerate(("scenario", "plan", "annual", "brief"))}


def _in_turn(jobs: list[Job]) -> list[Job]:
    """Return jobs in the order in which they begin: a quick page, then those that take longest.

    No process shall end alone with one of them.
    """
    first, rest = jobs[:1], jobs[1:]
    return first + sorted(rest, key=lambda job: _LONGEST.get(job.notebook.stem, len(_LONGEST)))


def _make_files(plan: SitePlan, held: PreloadedContext, force: bool, workers: int | None) -> dict[Path, str]:
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


def _as_it_ended(record: Record, outcome: JobOutcome) -> JobOutcome:
    """Return an outcome as a reader will find it: a page that is gone by the end of the run was not made."""
    if outcome.failure or record.stands(outcome.job.target):
        return outcome
    record.drop(outcome.job.target)
    return replace(outcome, failure=VANISHED, kept=False)


def _stands(record: Record, task: PageTask) -> bool:
    return record.holds(task.job.target, task.content, task.frame)


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
        own = {one.kind: one.title(plan.request.lang) for one in plan.request.own}
        yield target, district_index(part, _earlier(plan, part), outcomes, files, page, own)
    if len(parts) > 1:
        target = plan.site / "index.html"
        page = replace(
            plan.top_page(words["title"].format(subject=subject)), here=target.name if plan.whole else ""
        )
        whole, last = plan.context.assessment, plan.context.years.get(plan.context.year - 1)
        yield target, districts_index(parts, page, whole, plan.context.data["schools"], last)
