"""Research page: what its parts stand on: measures, schools, stages, years, captions."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb import balance
from qb.charts import Caption, Chart
from qb.data.schema import AMOUNTS, TABLES
from qb.data.schema import SchemaColumn as SchemaColumn
from qb.errors import QbError
from qb.indicators.population import Population, take_population
from qb.indicators.resources import resources, share_facilities
from qb.indicators.verdicts import fails
from qb.language import Message, joined, listing
from qb.report.context import ReportContext, Speaker
from qb.report.tables import Sentences
from qb.report.verdict_keys import Fact, key
from qb.report.words import (
    Lang,
    number,
    say,
    stage_label,
    term,
    title,
    value_unit,
    verdict_label,
    years_said,
)
from qb.standard import Standard
from qb.terms import COMPULSORY, Kind, Location, Ownership, Stage, Verdict

# What a researcher may compare: the seven, or any other column that schools report by stage.


T = TypeVar("T")
UNIT_NAMES = {"m²": "m²", "元": "yuan"}  # what is no count of persons, classes or rooms


def other_columns() -> dict[str, SchemaColumn]:
    """Return the columns that schools report by stage and that add up, pupils apart."""
    return {
        column.name: column
        for table in ("sections", "facilities")
        for column in TABLES[table].columns
        if column.kind in AMOUNTS and column.name != "pupils"
    }


@dataclass(frozen=True)
class StatedResource:
    """A resource and how it is stated."""

    key: str  # C1–C7, or a column of ``sections`` or ``facilities``
    # zh, en: its name.
    zh: str
    en: str
    # unit_zh, unit_en: of the value of a school.
    unit_zh: str
    unit_en: str
    factor: float  # ``value = factor * amount / pupils``: 100 or 1
    step: float  # how much of it comes at once: a person, a room, 100 m², 10,000 yuan
    # step_zh, step_en: that in words.
    step_zh: str
    step_en: str

    def name(self, lang: Lang) -> str:
        """Return its name."""
        return say(lang, self.zh, self.en)

    def unit(self, lang: Lang) -> str:
        """Return the unit of a school's value."""
        return say(lang, self.unit_zh, self.unit_en)

    def in_steps(self, lang: Lang) -> str:
        """Return how much of it comes at once."""
        return say(lang, self.step_zh, self.step_en)

    @property
    def decimals(self) -> int:
        """Decimals of a value in print."""
        return 0 if self.unit_en.startswith("yuan") else 2


def choose(codes: str, standard: Standard, held: Container[str]) -> tuple[StatedResource, ...]:
    """Return the measures that a parameter names, in its order; none of them unknown.

    Parameters
    ----------
    codes : str
        C1–C7 and columns, with commas between them. Empty: the seven; where none of them has data, the
        columns that have.
    standard : Standard
        For titles and units.
    held : container of str
        Keys that have data in the year.
    """
    wanted = names_in(codes)
    if not wanted:
        wanted = list(per_pupil(standard))
        if not any(key in held for key in wanted):
            wanted = [name for name in other_columns() if name in held] or wanted
    return tuple(measure_of(key, standard) for key in dict.fromkeys(wanted))


def per_pupil(standard: Standard) -> tuple[str, ...]:
    """Return the resource indicators that are stated per pupil: what the page compares is shared among pupils."""
    return tuple(i.code for i in standard.resources if i.resource.divisor == "pupils")


def unknown_in(codes: str, standard: Standard) -> list[str]:
    """Return the names in a parameter that are neither a resource indicator nor a column."""
    known = {*per_pupil(standard), *other_columns()}
    return [key for key in names_in(codes) if key not in known]


def names_in(text: str) -> list[str]:
    """Return the names in a list, whatever comma stands between them."""
    return [name for name in re.split(r"[,，、;；\s]+", text) if name]


def measure_of(key: str, standard: Standard) -> StatedResource:
    """Return the measure of an indicator or a column."""
    if key in standard.resource_codes:
        indicator = standard[key]
        resource, unit = indicator.resource, value_unit(indicator)
        names = title(indicator, "zh", short=True), title(indicator, "en", short=True)
        step = _step(resource.unit.zh, resource.unit.en, resource.whole)
        return StatedResource(key, *names, unit.zh, unit.en, float(resource.per), *step)
    column = other_columns()[key]
    plain = key.removesuffix("_m2").removesuffix("_yuan").replace("_", " ")
    if column.unit in UNIT_NAMES:
        names = f"生均{column.label}", f"{plain.capitalize()} per pupil"
        unit_en = UNIT_NAMES[column.unit]
        step = _step(column.unit, unit_en, False)
        return StatedResource(key, *names, f"{column.unit}/生", f"{unit_en} per pupil", 1.0, *step)
    names = f"每百名学生{column.label}", f"{plain.capitalize()} per 100 pupils"
    step = _step(f"{column.unit}{column.label.removesuffix('数')}", plain, True)
    return StatedResource(key, *names, f"{column.unit}/百名学生", "per 100 pupils", 100.0, *step)


def _step(zh: str, en: str, whole: bool) -> tuple[float, str, str]:
    """Return how much comes at once, and that in words."""
    if whole:
        return 1.0, f"1 {zh}", f"1 {en.removesuffix('es' if en.endswith('sses') else 's')}"
    return (1e4, f"1 万{zh}", f"10,000 {en}") if en == "yuan" else (100.0, f"100 {zh}", f"100 {en}")


# What all parts of the research page stand on: schools, stages, measures, years, cut as a figure needs.


GROUPINGS = {
    "location": ("城乡类别", "location"),
    "ownership": ("办学性质", "ownership"),
    "kind": ("办学类型", "kind of school"),
    "group": ("教育集团", "school group"),
    "district": ("县区", "district"),
}
CAUSES = {
    "pupils": ("学生增减与流动", "pupils coming, leaving, moving"),
    "amount": ("资源增减", "resources changing"),
    "opened": ("新开学校", "schools opened"),
    "closed": ("停办学校", "schools closed"),
}
TOLERANCE = 1e-9  # coefficients nearer to each other are the same


@dataclass(frozen=True)
class Cut:
    """The schools of one stage and year by one measure: those that have the figure."""

    stage: Stage
    measure: StatedResource
    year: int
    # A row per school: the columns of `panel`, with `amount` and `value` (in the measure's unit).
    rows: pd.DataFrame = field(repr=False, compare=False)
    missing: int  # schools of the stage that have not reported the figure, and are left out
    limit: float  # the standard for a school; NaN where there is none for this measure
    # The limit of the difference coefficient of the stage; NaN where the standard has none for this measure.
    cap: float
    standard: Standard = field(repr=False, compare=False)

    def above(self, coefficients: ArrayLike) -> np.ndarray:
        """Return which coefficients are above the stage's limit; none where the standard has none."""
        found = fails(coefficients, self.standard, "coefficient", stage=self.stage)
        return found & np.isfinite(self.cap)

    def below(self, values: ArrayLike) -> np.ndarray:
        """Return which values are below the standard for a school; none where there is none."""
        if not np.isfinite(self.limit):
            return np.zeros(np.shape(values), dtype=bool)
        return fails(values, self.standard, self.measure.key, stage=self.stage, year=self.year)

    @property
    def amount(self) -> np.ndarray:
        """What each school holds in all, shape (schools,)."""
        return self.rows["amount"].to_numpy()

    @property
    def pupils(self) -> np.ndarray:
        """Pupils of the stage, shape (schools,)."""
        return self.rows["pupils"].to_numpy()

    @property
    def value(self) -> np.ndarray:
        """What each school holds for a pupil or a hundred, shape (schools,)."""
        return self.rows["value"].to_numpy()

    @cached_property
    def spread(self) -> balance.Spread:
        """Mean and deviation in the measure's unit, and the coefficient; NaN where undefined."""
        one = np.zeros(len(self.rows), dtype=int)
        found = balance.difference_coefficients(self.measure.factor * self.amount, self.pupils, one, 1)
        return balance.Spread(*(float(x[0]) for x in (found.mean, found.deviation, found.coefficient)))

    @property
    def usable(self) -> bool:
        """Whether there is a coefficient: some school holds something."""
        return bool(np.isfinite(self.spread.coefficient))

    @property
    def differs(self) -> bool:
        """Whether schools differ at all."""
        return self.usable and len(self.rows) > 1 and self.spread.coefficient > TOLERANCE

    @property
    def held(self) -> bool:
        """Whether there is a coefficient and a limit to hold it against."""
        return self.usable and bool(np.isfinite(self.cap))

    @property
    def over(self) -> bool:
        """Whether the coefficient is above its limit."""
        return self.held and bool(self.above(self.spread.coefficient))


@dataclass(frozen=True)
class Study:
    """A question put to a context: which schools, by what, told apart how."""

    context: ReportContext
    district: str  # empty: all districts of the data together
    stages: tuple[Stage, ...]
    measures: tuple[StatedResource, ...]
    grouping: str  # a key of `GROUPINGS`
    error: float  # share by which a reported figure may be off: 0.05
    # A row per year, school and stage: who it is, `pupils`, `small` (left out by rule, for comparison only)
    # and what it holds in all of each measure.
    panel: pd.DataFrame = field(repr=False, compare=False)

    @classmethod
    def ask(
        cls, context: ReportContext, district: str, stages: str, codes: str, grouping: str, error: float
    ) -> Study:
        """Check what was asked for, all of it at once, and gather the schools.

        Raises
        ------
        QbError
            Naming every parameter that cannot be used, and what can.
        """
        wanted = names_in(stages) or list(map(str, COMPULSORY))
        faults = [
            Message(
                "没有学段“{}”，可用：{}", "there is no stage “{}”, but {}", s, listing(map(str, COMPULSORY))
            )
            for s in wanted
            if s not in COMPULSORY
        ]
        known = context.assessment.districts["district"].tolist()
        if district and district not in known:
            zh, en = "数据中没有县区“{}”，已有：{}", "the data have no district “{}”, but {}"
            faults.append(Message(zh, en, district, listing(known)))
        if unknown := unknown_in(codes, context.standard):
            faults.append(
                Message(
                    "没有可比较的指标或列：{}，可用 {} 和列 {}",
                    "there is no indicator or column to compare: {}; there are {} and the columns {}",
                    listing(unknown),
                    listing(per_pupil(context.standard)),
                    listing(other_columns()),
                )
            )
        if grouping not in GROUPINGS:
            zh, en = "不能按“{}”分组，可用：{}", "no grouping by “{}”, but by {}"
            faults.append(Message(zh, en, grouping, listing(GROUPINGS)))
        if not 0 <= error < 100:
            zh, en = (
                "报送误差应为 0 至 100 之间的百分数，现为 {:g}",
                "the error must be a percentage from 0 to 100; it is {:g}",
            )
            faults.append(Message(zh, en, error))
        if faults:
            zh, en = "研究页的参数不能使用：{}。", "The parameters of the research page cannot be used: {}."
            raise QbError(zh, en, joined("；", "; ", faults))
        panel = _panel(context, district)
        now = panel[(panel["year"] == context.year).to_numpy()]
        held = {key for key in (*context.standard.resource_codes, *other_columns()) if now[key].notna().any()}
        return cls(
            context,
            district or (known[0] if len(known) == 1 else ""),
            tuple(s for s in COMPULSORY if s in wanted and (now["stage"] == s).any()),
            choose(codes, context.standard, held),
            grouping,
            error / 100,
            panel,
        )

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.context.lang

    @property
    def years(self) -> list[int]:
        """School years of the panel, in rising order."""
        return sorted(int(year) for year in self.panel["year"].unique())

    @cached_property
    def districts(self) -> list[str]:
        """The districts whose schools are looked at."""
        return sorted(
            self.panel.loc[(self.panel["year"] == self.context.year).to_numpy(), "district"].unique()
        )

    @cached_property
    def judged(self) -> frozenset[tuple[str, str]]:
        """Stages and districts with a judged school; each stage with an empty district as well."""
        rows = self.context.assessment.rows
        stages = rows["stage"].astype(str)
        return frozenset(zip(stages, rows["district"], strict=True)) | {
            (stage, "") for stage in stages.unique()
        }

    @property
    def place(self) -> str:
        """Where and when, for subtitles."""
        count = len(self.districts)
        name = self.district or say(self.lang, f"{count} 个县区合计", f"{count} districts together")
        return self.context.place(name)

    @cached_property
    def _cuts(self) -> dict[tuple, Cut]:
        return {}

    @cached_property
    def _rows(self) -> dict[tuple, tuple[pd.DataFrame, pd.DataFrame]]:
        return {}

    def cut(self, stage: Stage, measure: StatedResource, year: int | None = None) -> Cut:
        """Return the schools of a stage by a measure, in the page's year unless another is named."""
        year = self.context.year if year is None else year
        key = (stage, measure.key, year)
        if key not in self._cuts:
            self._cuts[key] = self._take(stage, measure, year, small=False)
        return self._cuts[key]

    def with_small(self, stage: Stage, measure: StatedResource) -> Cut:
        """Return the same with the small teaching points that the rules leave out."""
        return self._take(stage, measure, self.context.year, small=True)

    def _take(self, stage: Stage, measure: StatedResource, year: int, *, small: bool) -> Cut:
        held, rows = self._held(stage, year, small)
        rows = rows.assign(amount=held[measure.key])
        there = rows["amount"].notna().to_numpy() & (rows["pupils"] > 0).to_numpy()
        missing = int((~there & ~rows["small"].to_numpy()).sum())
        rows = rows[there].reset_index(drop=True)
        rows["value"] = measure.factor * rows["amount"] / rows["pupils"]
        standard = self.context.standard
        limit = cap = np.nan  # the standard has none for other columns
        if measure.key in standard.resource_codes:
            limits = standard[measure.key].limits
            limit = standard[measure.key].limit(stage=stage, year=year).value if limits else np.nan
            cap = np.nan if standard.mean_decides else standard.coefficient_limit(stage)
        return Cut(stage, measure, year, rows, missing, limit, cap, standard)

    def _held(self, stage: Stage, year: int, small: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows of a stage in a year, whole and without the amounts."""
        key, panel = (stage, year, small), self.panel
        if key not in self._rows:
            mine = (panel["year"] == year) & (panel["stage"] == stage) & (small | ~panel["small"])
            rows = panel[mine.to_numpy()]
            amounts = [*self.context.standard.resource_codes, *other_columns()]
            self._rows[key] = rows, rows.drop(columns=amounts)
        return self._rows[key]

    def cuts(self, stage: Stage) -> list[Cut]:
        """Return a stage by every measure."""
        return [self.cut(stage, measure) for measure in self.measures]

    @property
    def all_cuts(self) -> list[Cut]:
        """Every stage by every measure."""
        return [cut for stage in self.stages for cut in self.cuts(stage)]

    def focus(self, stage: Stage) -> Cut | None:
        """Return the stage by the measure on which schools differ most; None where they do not differ."""
        cuts = [cut for cut in self.cuts(stage) if cut.differs]
        return max(cuts, key=lambda cut: cut.spread.coefficient, default=None)

    def groups(self, rows: pd.DataFrame) -> list[str]:
        """Return the group of each row in words; schools without one are a group of their own."""
        column = rows[self.grouping]
        words = {v: term(v, self.lang, (Location, Ownership, Kind)) for v in column.dropna().unique()}
        none = say(self.lang, "未填", "not stated")
        return [words.get(value, none) for value in column]

    def names(self, rows: pd.DataFrame) -> list[str]:
        """Return the schools' names, with the district where several are looked at."""
        if self.district:
            return rows["name"].tolist()
        shape = say(self.lang, "{0}（{1}）", "{0} ({1})")
        return [shape.format(*pair) for pair in zip(rows["name"], rows["district"], strict=True)]

    def of(self, cut: Cut) -> str:
        """Return stage and measure, to begin a sentence with."""
        return f"{stage_label(cut.stage, self.lang)} · {cut.measure.name(self.lang)}"


def _panel(context: ReportContext, district: str) -> pd.DataFrame:
    """Gather every year up to the context's: a row per school and stage."""
    years = [year for year in context.data.years if year <= context.year] or [context.year]
    panel = pd.concat([_of_year(context, year) for year in years], ignore_index=True)
    return panel[(panel["district"] == district).to_numpy()].reset_index(drop=True) if district else panel


def _of_year(context: ReportContext, year: int) -> pd.DataFrame:
    population = take_population(context.data, context.standard, year)
    small = _small(population, context)
    wider = replace(population, excluded=np.where(small, None, population.excluded))
    at, school = wider.judged, population.school[wider.judged]
    held_amounts = resources(wider, context.standard).amount
    held = {**population.figures, **share_facilities(population, context.standard)}
    ids = population.schools["school_id"].array[school]
    names = population.schools["name"].array[school]
    return pd.DataFrame(
        {
            "year": year,
            "district": population.districts[population.district[school]],
            "school_id": ids,
            "name": np.where(pd.isna(names), ids, names),
            **{
                name: population.schools[name].array[school]
                for name in ("kind", "ownership", "location", "group", "longitude", "latitude")
            },
            "stage": np.array([str(stage) for stage in Stage], dtype=object)[population.stage[at]],
            "pupils": population.figures["pupils"][at],
            "small": small[at],
            **dict(zip(context.standard.resource_codes, held_amounts.T, strict=True)),
            **{name: held[name][at] for name in other_columns()},
        }
    )


def _small(population: Population, context: ReportContext) -> np.ndarray:
    """Return which sections are teaching points that the rules leave out for their size alone."""
    pupils = population.figures["pupils"]
    few = (pupils > 0) & (pupils < context.standard.rules.exclusion.small_point_pupils)
    point = population.kind[population.school] == list(Kind).index(Kind.TEACHING_POINT)
    return point & few & np.isin(population.stage, [list(Stage).index(stage) for stage in COMPULSORY])


# What every part of the research page shares: captions, and why there is no figure.


Shown = Chart | Sentences


def each_stage(make: Callable[[Any, Stage], T]) -> Callable[[Any], list[T]]:
    """Let a part's method of one stage return what it makes of each stage of the part."""

    @wraps(make)
    def made(part: ResearchPart) -> list[T]:
        return [make(part, stage) for stage in part.stages]

    return made


@dataclass(frozen=True)
class ResearchPart(Speaker):
    """What the parts of the research page share: the study and its language."""

    study: Study

    @property
    def context(self) -> ReportContext:  # type: ignore[override]
        """The context of the study."""
        return self.study.context

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the part speaks of."""
        return self.study.stages

    def record(self, cut: Cut, **figures: object) -> dict[str, object]:
        """Return a row of a table of figures: which measure and stage, and the figures."""
        words = {"name": cut.measure.name(self.lang), "stage": self.stage(cut.stage)}
        return {"code": cut.measure.key, **words, **figures}

    def at(self, frame: pd.DataFrame, stage: Stage) -> pd.DataFrame:
        """Return the rows of a stage."""
        return frame[(frame["stage"] == self.stage(stage)).to_numpy()]

    def stage(self, stage: Stage) -> str:
        """Return a stage as the reader sees it."""
        return stage_label(stage, self.lang)

    def number(self, value: float, decimals: int) -> str:
        """Return a figure for print."""
        return number(value, decimals, self.lang)

    def value(self, cut: Cut, value: float) -> str:
        """Return a value of a measure with its unit."""
        return f"{self.number(value, cut.measure.decimals)} {cut.measure.unit(self.lang)}"

    def coefficient(self, value: float) -> str:
        """Return a coefficient with the decimals of the standard."""
        return self.number(value, self.standard.rules.rounding.coefficients)

    def fact(self, stage: Stage, code: str, district: str | None = None) -> str:
        """Return the key of a coefficient of C1–C7, the study's district's unless another is named.

        Empty for other columns, of which no rule speaks, and where no school is judged.
        """
        where = self.study.district if district is None else district
        stated = code in self.standard.resource_codes and (stage, where) in self.study.judged
        return key(Fact.REPORTED, self.context.year, stage, code, where) if stated else ""

    def limit(self, cap: float) -> str:
        """Return a coefficient's limit for print."""
        return self.number(cap, 2)

    def caption(self, finding: str, measure: str, *cuts: Cut, years: Sequence[int] = ()) -> Caption:
        """Return a figure's words; schools that lack the figure are counted in them."""
        place, _, year = self.study.place.rpartition(" · ")
        place = f"{place} · {years_said(years, self.lang) if years else year}"
        words = [measure, *filter(None, [self.left_out(cuts)])]
        text = self.say("；", "; ").join(words)
        return Caption(finding, f"{text} · {place}", self.context.source, lang=self.lang)

    def left_out(self, cuts: tuple[Cut, ...]) -> str:
        """Say how many schools are left out because they have not reported."""
        gaps = {cut.measure: cut.missing for cut in cuts if cut.missing}
        if not gaps:
            return ""
        if len(cuts) == 1:
            n = cuts[0].missing
            return self.say(f"{n} 所学校缺数据，未计入", f"without {n} schools that have no data")
        parts = [
            f"{m.key if m.key in self.standard.resource_codes else m.name(self.lang)} {n}"
            for m, n in gaps.items()
        ]
        return self.say("缺数据未计入的学校数：", "schools without data, left out: ") + self.say(
            "，", ", "
        ).join(parts)

    def among(self, count: int) -> str:
        """Say of how many measures a sentence speaks: those with a coefficient and a limit."""
        if count == len(self.study.measures):
            return self.say(f"{count} 项中", f"of {count}")
        if any(measure.key not in self.standard.resource_codes for measure in self.study.measures):
            return self.say(f"有限值可比的 {count} 项中", f"of {count} that have a limit and data")
        return self.say(f"能计算的 {count} 项中", f"of {count} that can be computed")

    def between(self, low: float, high: float) -> str:
        """Return two coefficients as the ends of a range."""
        return self.say("—", "–").join(map(self.coefficient, (low, high)))

    def some(self, count: int) -> str:
        """Say how many of them: none in words."""
        return self.say(f" {count} 项" if count else "没有一项", str(count) if count else "none")

    def absent(self, cut: Cut) -> str:
        """Say why a measure has no coefficient."""
        if len(cut.rows):
            return self.say("各校均为 0", "nothing held")
        return verdict_label(Verdict.NO_DATA, self.lang)

    def note(self, text: str) -> Sentences:
        """Return a sentence in the place of a figure that there is no sense in drawing."""
        return Sentences((text + self.say("。", "."),))

    def nothing(self) -> str:
        """Say of each stage why it has no measure on which schools differ, in the place of a table."""
        return self.say("；", "; ").join(map(self.why_none, self.study.stages)) + self.say("。", ".")

    def why_none(self, stage: Stage) -> str:
        """Say why a stage has no measure on which schools differ."""
        cuts, name = self.study.cuts(stage), self.stage(stage)
        if not any(len(cut.rows) for cut in cuts):
            return self.say(f"{name}：所选指标都缺数据", f"{name}: no data on what was chosen")
        usable = [cut for cut in cuts if cut.usable]
        lacking = sum(not len(cut.rows) for cut in cuts)
        if not usable:
            return self.say(
                f"{name}：有数据的指标，各校都是 0", f"{name}: no school holds any of what was chosen"
            )
        if all(len(cut.rows) == 1 for cut in usable):
            return self.say(
                f"{name}：有数据的学校只有 1 所，没有校际差异可言",
                f"{name}: only one school has data, so none differ",
            )
        some = self.say(f"有数据的 {len(usable)} 项", f" on the {len(usable)} measures with data")
        return self.say(
            f"{name}：{some if lacking else ''}各校完全均等，差异系数为 0",
            f"{name}: schools are all equal{some if lacking else ''}, the coefficient is 0",
        )

    def no_limit(self, stage: Stage) -> str:
        """Say why nothing of a stage is held against the limit of coefficients."""
        if not any(cut.usable for cut in self.study.cuts(stage)):
            return self.why_none(stage)
        name, mean = self.stage(stage), self.context.standard.mean_decides
        return self.say(
            f"{name}：标准{'只限定各项差异系数的平均值' if mean else '对所选各项没有差异系数限值'}，不作比较",
            f"{name}: the standard {'limits the mean of the coefficients alone' if mean else 'has no limit for the coefficients chosen'}, so none is compared",
        )
