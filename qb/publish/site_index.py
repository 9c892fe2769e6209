"""The indexes of a site: a district's, its verdict first, then reports and schools; and that of all districts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from qb.charts import Caption, Chart, map_of_schools, sparkline
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import deciding
from qb.publish.jobs import JobOutcome
from qb.publish.manifest import OF_DISTRICT
from qb.publish.page import Page, index_page
from qb.publish.site_plan import Part
from qb.report import columns
from qb.report.columns import states
from qb.report.context import FIVE, Speaker
from qb.report.district_schools import left_out
from qb.report.resource_tables import allowed, areas_over_years, areas_turned, counted, unknown, unmet
from qb.report.tables import Cards, Column, Sentences, Table, badge
from qb.report.verdict_keys import Fact, anchor, department_anchor, key, shown_indicators, shown_resource
from qb.report.verdict_rules import WHOLE, PageRules
from qb.report.verdict_sentences import plain_verdict, verdict_sentence
from qb.report.words import (
    Lang,
    Tally,
    area_label,
    coefficients_met,
    department_names,
    plain_words,
    resource_span,
    say,
    school_year,
    stage_label,
    title,
    verdict_label,
)
from qb.standard import Standard
from qb.terms import COMPULSORY, Verdict

if TYPE_CHECKING:
    from qb.indicators.assessment import Assessment
    from qb.publish.site_plan import Part

# The index of a site: the verdict first, then the reports, then every school, the failing ones first.


# What needs action comes first.
_ORDER = {
    v.value: i for i, v in enumerate((Verdict.FAIL, Verdict.NO_DATA, Verdict.PASS, Verdict.NOT_APPLICABLE))
}
# What the small line of an area's card counts, year by year.
_DRAWN = {
    "": ("小线为近年个数", "line: the count, year by year"),
    "recognition": ("小线为近年比例", "line: the share, year by year"),
}


@dataclass(frozen=True)
class IndexYear(Speaker):
    """What the index says of one year of a district."""

    assessment: Assessment  # the district's slice
    page: Page
    last: Assessment | None = None  # the district in the year before, where that is told
    current: bool = True  # whether it is the year that the site is about; of those before, less is said
    years: Sequence[Assessment] = ()  # those whose counts are drawn beside this one's, in rising order

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.page.lang

    @property
    def standard(self) -> Standard:
        """The standard that judged."""
        return self.assessment.standard

    @property
    def year(self) -> int:
        """School year starting."""
        return self.assessment.year

    def shown(self, schools: Table) -> SimpleNamespace:
        """Return all that a template shows of the year."""
        district, verdict = self.assessment.districts[["district", "verdict"]].iloc[0]
        fact = key(Fact.DISTRICT, self.year, district)
        return SimpleNamespace(
            year=self.year,
            name=school_year(self.year, self.lang),
            # A year before is opened by its verdict, which then cannot lead anywhere else.
            verdict=Markup(badge(verdict, self.lang, fact, leads=self.current)),
            sentence=verdict_sentence(self.assessment, self.lang),
            plain=plain_verdict(self.assessment, self.lang),
            cards=[_shown(Cards(tuple(made), self.lang)) for made in (self._areas(), self._counts())],
            coefficients=_shown(self.coefficients()),
            schools=_shown(schools),
        )

    def _of_year(self, name: str) -> str:
        """Return what a table is called, with the year."""
        year, what = school_year(self.year, self.lang), self.page.words[name]
        return self.say(f"{year} {what}", f"{what}, {year.lower()}")

    def _areas(self) -> Iterator[tuple[str, ...]]:
        then = areas_turned(self.assessment, self.last, self.lang) if self.current else {}
        course = areas_over_years(self.years)
        vetoes = {Verdict.PASS: ("未发现", "Nothing found"), Verdict.FAIL: ("有发现", "Something found")}
        for district, area, verdict in self.assessment.areas[["district", "area", "verdict"]].itertuples(
            index=False
        ):
            found = self.say(*vetoes[verdict]) if area == "veto" and verdict in vetoes else ""
            fact = key(Fact.AREA, self.year, area, district)
            years = course.get(area, ())
            drawn = self.say(*_DRAWN.get(area, _DRAWN[""])) * bool(sparkline(years))
            beneath = self.say("；", "; ").join(filter(None, (found, drawn)))
            yield (
                area_label(area, self.standard, self.lang),
                verdict,
                beneath,
                fact,
                then.get(area, ""),
                years,
            )

    def _counts(self) -> Iterator[tuple[Any, ...]]:
        """Yield how many schools, indicators and coefficients pass, of how many that could be judged or not."""
        years = {one.year: replace(self, assessment=one)._tallies() for one in self.years}
        before = years.get(self.year - 1, {})
        for name, (tally, counter) in (years.get(self.year) or self._tallies()).items():
            then = (
                counted(tally, before[name][0] if name in before else None, self.lang, counter)
                if self.current
                else ""
            )
            course = [(year, told[name][0].drawn if name in told else nan) for year, told in years.items()]
            yield name, *self._passed(tally, counter), "", then, course

    def _tallies(self) -> dict[str, tuple[Tally, str]]:
        """Return what is counted, how many of it pass, and the word by which it is counted."""
        own, found = self.assessment, {}
        for stage in COMPULSORY:
            if self.standard.limits_schools and (own.rows["stage"] == stage).any():
                label = stage_label(stage, self.lang)
                name = self.say(f"{label}达标学校", f"{label}: schools that meet the rule")
                found[name] = Tally.of(own.rows["verdict"][own.rows["stage"] == stage]), "所"
        found[self.say("达标指标", "Indicators met")] = Tally.of(shown_indicators(own)), "项"
        single = own.balance["verdict"][own.balance["code"].isin(deciding(self.standard))]
        if len(single):
            found[coefficients_met(self.standard, self.lang)] = Tally.of(single), "个"
        return found

    def _passed(self, tally: Tally, counter: str) -> tuple[str, str]:
        allowed_, unknown_ = tally.allowed, tally.unknown
        beneath = [
            self.say(
                f"另 {allowed_} 项个别学校低于标准，规则允许",
                f"{allowed_} more: some schools below, the rule allows",
            )
        ] * bool(allowed_)
        beneath += [self.say(f"其中 {unknown_} 个缺数据", f"{unknown_} of them without data")] * bool(
            unknown_
        )
        if not tally.known:
            return verdict_label(Verdict.NO_DATA if tally.held else Verdict.NOT_APPLICABLE, self.lang), ""
        text = f"{tally.passed} / {tally.held}"
        return self.say(f"{text} {counter}", text), self.say("；", "; ").join(beneath)

    def coefficients(self) -> Table:
        """Return a row for each resource and stage, worst first."""
        standard, decisive = self.standard, deciding(self.standard)
        held = self.assessment.balance[
            self.assessment.balance["code"].isin((*standard.resource_codes, *decisive))
        ]
        held = held.assign(
            limit=held["limit"].astype(object).where(held["code"].isin(decisive).to_numpy(), None),
            title=[self.short(code) for code in held["code"]],
        )
        place, rule = ("stage", "code", "district"), standard.rules.coefficient
        return self.table_of(
            self._of_year("coefficients"),
            (
                Column("title", ("指标", "Indicator")),
                columns.STAGE,
                Column("coefficient", ("差异系数", "Coefficient"), decimals=3, beside="limit",
                       fact=states(Fact.COEFFICIENT, *place)),
                Column("limit", ("限值", "Limit"), decimals=2) if rule else None,
                columns.verdict(states(Fact.BALANCE, *place)) if rule else None,
            ),
            _worst_first(held),
            failing="failing",
            note=("差异系数越小越均衡。", "The smaller the coefficient, the more even."),
            empty=_NOBODY,
        )  # fmt: skip

    def schools(self, address: Mapping[str, str], not_made: Collection[str]) -> Table:
        """Return a row for each school and stage, worst first; `address` of those that have a page."""
        rows, mark = self.assessment.rows, self.page.words["not_made"]
        rows = _worst_first(rows).to_dict("records")
        short = {code: self.short(code) for code in self.standard.resource_codes}
        lists = {"unmet": unmet, "allowed": allowed, "unknown": unknown}
        rows = [
            row
            | {
                "name": f"{row['name']}{mark * (row['school_id'] in not_made)}",
                "address": address.get(row["school_id"]),
            }
            | {name: [short[code] for code in which(row)] for name, which in lists.items()}
            for row in rows
        ]
        limited = self.standard.limits_schools
        some = {name for name in ("allowed", "unknown") if any(row[name] for row in rows)}
        return self.table_of(
            self._of_year("schools"),
            (
                replace(columns.SCHOOL, school=None, link="address"),
                columns.KIND,
                columns.STAGE,
                columns.PUPILS,
                columns.met(self.standard) if limited else None,
                columns.verdict(states(Fact.SCHOOL, "stage", "school_id")) if limited else None,
                columns.listing("unmet", ("未达标指标", "Not met")) if limited else None,
                columns.listing("allowed", _ALLOWED) if "allowed" in some else None,
                columns.listing("unknown", ("缺数据指标", "No data")) if "unknown" in some else None,
            ),
            rows,
            failing="failing",
            note=(
                "每所学校按学段分别列出"
                + "；有未达标的，排在前面" * limited
                + "。点击学校名称查看该校报告。",
                "A row for each stage of a school"
                + "; those not met, if any, first" * limited
                + ". Names lead to reports.",
            ),
            empty=_NOBODY,
        )

    def rules(self) -> PageRules:
        """Return the rules of what holds for the whole."""
        return PageRules(self.standard, self.year, self.lang, WHOLE)


_ALLOWED = ("低于标准，规则允许", "Below, the rule allows")
_NOBODY = ("没有参加评估的学校。", "No school is judged.")


def _worst_first(frame: pd.DataFrame) -> pd.DataFrame:
    order = frame["verdict"].astype(object).map(_ORDER)
    by = [frame["met"], order] if "met" in frame else [order]  # the last one first
    return frame.assign(failing=frame["verdict"] == Verdict.FAIL).iloc[np.lexsort(by)]


def _shown(block: Cards | Sentences | Table | PageRules | Chart) -> Markup:
    return Markup(block._repr_html_())


def _address(part: Part, key: tuple[str, str], outcomes: Mapping[Path, JobOutcome]) -> str:
    """Return the address of a page that was made; empty for one that was not."""
    path = part.pages.get(key)
    made = path is not None and outcomes[path].failure is None
    return path.relative_to(part.folder).as_posix() if made else ""


def district_index(
    part: Part,
    earlier: Sequence[Assessment],
    outcomes: Mapping[Path, JobOutcome],
    files: Sequence[Path],
    page: Page,
    own: Mapping[str, str] | None = None,
    departments: Collection[str] = (),
) -> str:
    """Return a district's index. Pages that failed are listed as not made, with the reason.

    `earlier` are the district's assessments of the years before, the latest first; `files` what goes with
    the pages, listed where it was made; `own` the titles of notebooks of one's own; `departments` those that have a
    sheet on the brief.
    """
    assessment, words = part.assessment, page.words
    last = next((one for one in earlier if one.year == assessment.year - 1), None)
    now = IndexYear(assessment, page, last, years=[*earlier[::-1], assessment][-FIVE:])
    before = [IndexYear(one, page, current=False) for one in earlier]
    address = {
        school: _address(part, ("school", school), outcomes) for school in assessment.rows["school_id"]
    }
    not_made = {school for school in address if ("school", school) in part.pages and not address[school]}
    titles = {kind: (words[kind], words[f"{kind}_note"]) for kind in OF_DISTRICT}
    titles |= {kind: (title, "") for kind, title in (own or {}).items()}
    return index_page(
        "district.html.j2",
        page,
        now=now.shown(now.schools(address, not_made)),
        earlier=[one.shown(one.schools({}, ())) for one in before],
        reports=[
            (title, _asked(note, assessment.standard), _address(part, (kind, ""), outcomes))
            for kind, (title, note) in titles.items()
            if (kind, "") in part.pages
        ],
        listing=_search_entries(part, outcomes, page.lang, departments),
        files=[(path.name, path.relative_to(part.folder).as_posix()) for path in files if path.exists()],
        excluded=_shown(left_out(now, assessment.excluded, f"{page.place} {words['excluded']}"))
        if len(assessment.excluded)
        else "",
        rules=_shown(now.rules()),
        terms=plain_words(page.lang, assessment.standard),
        failed=[
            (outcomes[path].job.page.title, outcomes[path].failure.said(page.lang))
            for path in part.pages.values()
            if outcomes[path].failure
        ],
    )


def _search_entries(
    part: Part, outcomes: Mapping[Path, JobOutcome], lang: Lang, departments: Collection[str]
) -> list[tuple[str, str]]:
    """Return what a reader may look for besides schools, with its address: indicators and departments."""
    standard = part.assessment.standard
    rules = _address(part, ("district", ""), outcomes)
    sheets = _address(part, ("brief", ""), outcomes)
    indicators = [(title(i, lang), f"{rules}{anchor(i.code)}") for i in standard.indicators if rules]
    names = [one.name for one in standard.departments if sheets and one.name in departments]
    return indicators + [
        (department_names((name,), standard, lang), f"{sheets}#{department_anchor(name, standard)}")
        for name in names
    ]


# The index of all districts.


def districts_index(
    parts: Sequence[Part],
    page: Page,
    whole: Assessment,
    schools: pd.DataFrame,
    years: Mapping[int, Assessment] = MappingProxyType({}),
) -> str:
    """Return the index of all districts of a dataset: how many meet the standard, and each, the worst first.

    `whole` is the assessment of all of them, `schools` the table with their places, `years` the assessments of the
    years before.
    """
    lang, reader, span = page.lang, IndexYear(whole, page), resource_span(whole.standard, page.lang)
    areas = {area: area_label(area, whole.standard, lang) for area in whole.standard.area_names}
    rows = pd.DataFrame(
        {
            "district": part.district,
            "address": f"{part.folder.name}/index.html",
            "verdict": part.assessment.districts["verdict"].iloc[0],
            **dict(zip(part.assessment.areas["area"], part.assessment.areas["verdict"], strict=True)),
            "judged": len(part.assessment.rows),
            "shares": _met_by_resource(part.assessment),
            **_counted(part.assessment),
        }
        for part in parts
    )
    rows["share"] = 100 * rows["passed"] / rows["judged"].where(rows["judged"] > 0)
    rows["met"] = rows["share"].fillna(-1.0)  # among those of one verdict the lowest share comes first

    def of_area(area: str) -> Callable[[Mapping[str, Any], object], str]:
        return lambda row, _: key(Fact.AREA, whole.year, area, row["district"])

    waiting = {
        "waiting": ("缺数据的学校（学段）", "School stages without data"),
        "open": ("不能计算的差异系数（个）", "Coefficients that cannot be computed"),
    }
    table = reader.table_of(
        f"{page.place} {page.words['districts']}",
        (
            Column("district", ("地区", "District"), link="address"),
            columns.verdict(states(Fact.DISTRICT, "district")),
            *(columns.verdict(of_area(area), area, name) for area, name in areas.items()),
            Column("passed", ("达标的学校（学段）", "School stages met"), decimals=0),
            Column("judged", ("参评的学校（学段）", "School stages judged"), decimals=0),
            Column("share", ("达标比例（%）", "Share met (%)"), decimals=1, shares="shares"),
            Column("over", ("超限的差异系数（个）", "Coefficients over the limit"), decimals=0),
            *(Column(name, label, decimals=0) for name, label in waiting.items() if (rows[name] > 0).any()),
        ),
        _worst_first(rows),
        failing="failing",
        note=(
            f"小图：{span} 各项达标（含规则允许）的学校（学段）所占比例，满格为全部达标。",
            f"Small bars: the share of school stages that meet each of {span}, or are allowed below; full height is all.",
        ),
    )
    return index_page(
        "districts.html.j2",
        page,
        cards=_shown(Cards(tuple(_of_all({**years, whole.year: whole}, page)), lang)),
        said=_shown(_said(whole, page)),
        maps=[_shown(chart) for chart in _map(parts, schools, page)],
        districts=_shown(table),
        everywhere={part.folder.name: _schools_of(part) for part in parts},
        rules=_shown(reader.rules()),
    )


def _schools_of(part: Part) -> dict[str, object]:
    """Return a district and its schools that have a page, each by its file's name, for the search over all."""
    names = dict(zip(part.assessment.rows["school_id"], part.assessment.rows["name"], strict=True))
    listed = [
        (path.stem, names[school])
        for (kind, school), path in part.pages.items()
        if kind == "school" and path.exists()
    ]
    return {"district": part.district, "schools": listed}


def _of_all(years: Mapping[int, Assessment], page: Page) -> Iterator[tuple[Any, ...]]:
    """Yield how many districts, school stages and coefficients meet the standard, and how many did in years before."""
    lang, year = page.lang, max(years)
    whole, last = years[year], years.get(year - 1)
    shown = sorted(years)[-FIVE:]
    labels = (
        say(lang, "达标的地区", "Districts that meet the standard"),
        say(lang, "达标的学校（学段）", "School stages met"),
        coefficients_met(whole.standard, lang),
    )
    for place, label in enumerate(labels):
        now = _tallies(whole)[place]
        then = None if last is None else _tallies(last)[place]
        course = [(one, _tallies(years[one])[place].drawn) for one in shown]
        yield label, now.of_all(lang), "", "", counted(now, then, lang), course


def _tallies(whole: Assessment) -> tuple[Tally, ...]:
    spread = whole.balance["verdict"][whole.balance["code"].isin(deciding(whole.standard))]
    return tuple(Tally.of(of) for of in (whole.districts["verdict"], whole.rows["verdict"], spread))


def _said(whole: Assessment, page: Page) -> Sentences:
    """Return the sentence on how many districts meet the standard, and where most school stages fail."""
    lang, tally = page.lang, _tallies(whole)[0]
    line = _counted_districts(tally, lang)
    counts = whole.rows.loc[(whole.rows["verdict"] == Verdict.FAIL).to_numpy(), "district"].value_counts()
    if len(counts):
        line += say(
            lang,
            f"；未达标的学校（学段）共 {counts.sum()} 个，{counts.index[0]}最多，有 {counts.iloc[0]} 个",
            f"; school stages not met: {counts.sum()}, most of them in {counts.index[0]} ({counts.iloc[0]})",
        )
    return Sentences((line + say(lang, "。", "."),))


def _counted_districts(tally: Tally, lang: Lang) -> str:
    return say(
        lang,
        f"{tally.held} 个地区中 {tally.passed} 个达标",
        f"{tally.passed} of {tally.held} districts meet the standard",
    )


def _map(parts: Sequence[Part], schools: pd.DataFrame, page: Page) -> list[Chart]:
    """Return where the districts are, each in the middle of its schools; nothing without coordinates of two."""
    lang = page.lang
    middle = schools.groupby("district")[["longitude", "latitude"]].mean()
    middle = middle.reindex([part.district for part in parts])
    if middle.dropna().shape[0] < 2:
        return []
    verdicts = [Verdict(part.assessment.districts["verdict"].iloc[0]) for part in parts]
    tally = Tally.of(verdicts)
    words = Caption(
        _counted_districts(tally, lang),
        f"{say(lang, '点在各校坐标的平均处', 'Dots at the mean of the schools’ coordinates')} · {page.place}",
        dict(page.provenance).get(page.words["source"], ""),
        lang=lang,
    )
    pupils = [float(part.assessment.rows["pupils"].sum()) for part in parts]
    places = (middle[name].tolist() for name in ("longitude", "latitude"))
    leads = [f"{part.folder.name}/index.html" for part in parts]
    return [
        map_of_schools(
            *places, pupils, list(middle.index), verdicts, caption=words, of="district", leads=leads
        )
    ]


def _met_by_resource(assessment: Assessment) -> list[tuple[str, float]]:
    """Return the share of school stages that meet each resource, of those with a figure; NaN where none has."""
    found = []
    for code in assessment.standard.resource_codes:
        tally = Tally.of(shown_resource(assessment.rows, code))
        found.append((code, (tally.passed + tally.allowed) / tally.known if tally.known else nan))
    return found


def _counted(assessment: Assessment) -> dict[str, float]:
    """Return how many schools pass and coefficients are over, NaN where nobody knows, and how many wait."""
    balance = assessment.balance
    schools = Tally.of(assessment.rows["verdict"])
    spread = Tally.of(balance["verdict"][balance["code"].isin(assessment.standard.resource_codes)])
    return {
        "passed": schools.drawn,
        "over": float(spread.failed) if spread.known else nan,
        "waiting": schools.unknown,
        "open": spread.unknown,
    }


def _asked(note: str, standard: Standard) -> str:
    """Return a note without its parts on what the standard does not ask for.

    >>> from qb.standard import load
    >>> _asked("{n} indicators[departments: and who answers]", load("basic-2012"))
    '26 indicators'
    """
    kept = re.sub(r"\[(\w+):(.*?)\]", lambda part: part[2] if getattr(standard, part[1]) else "", note)
    return kept.format(n=len(standard.indicators))
