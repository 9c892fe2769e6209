"""Scenario page: base and scenarios side by side, in the year compared and year by year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan

import pandas as pd

from qb import charts
from qb.charts import Caption
from qb.errors import QbError
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE, deciding, fails
from qb.language import listing
from qb.planning.scenario import Comparison, Outcome
from qb.planning.scenario.comparison import BASE, how_measured, total, unpriced
from qb.report.context import ReportContext, Speaker
from qb.report.resource_tables import caption, nothing_lacking
from qb.report.tables import Column, Table
from qb.report.verdict_keys import shown_indicators
from qb.report.words import (
    Lang,
    Tally,
    money,
    money_range,
    number,
    resource_span,
    say,
    school_rule,
    school_year,
    stage_label,
    title,
    told,
    unit_of,
    years_said,
)
from qb.terms import COMPULSORY, Stage, Verdict

# A comparison of one district's scenarios, taken once and shared by all parts of the page.


@dataclass(frozen=True)
class ScenarioStudy:
    """The base and scenarios of one district."""

    context: ReportContext
    district: str
    comparison: Comparison  # of all districts of the data

    def __post_init__(self) -> None:
        known = self.comparison.base[self.year].districts["district"].tolist()
        if self.district not in known:
            raise QbError(
                "数据中没有县区“{}”。已有：{}。",
                "The data have no district “{}”. There are: {}.",
                self.district,
                listing(known),
            )

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.context.lang

    @property
    def year(self) -> int:
        """The year compared."""
        return self.comparison.year

    @property
    def years(self) -> list[int]:
        """All years compared."""
        return list(self.comparison.base)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What becomes of the data under each scenario."""
        return self.comparison.outcomes

    @cached_property
    def labels(self) -> list[str]:
        """How the base and each scenario are called, in their order.

        What the whole page says of invented data need not be said with every title.
        """
        base = say(self.lang, "现状", "As it is")
        mark = "（模拟）" if self.context.data.invented else ""
        return [base, *(outcome.scenario.title.removesuffix(mark) for outcome in self.outcomes)]

    @cached_property
    def sides(self) -> list[Assessment]:
        """The district in the year compared: as it is, then under each scenario."""
        return self.at(self.year)

    def at(self, year: int) -> list[Assessment]:
        """Return the district in a year: as it is, then under each scenario."""
        found = [self.comparison.base[year], *(outcome.assessments[year] for outcome in self.outcomes)]
        return [assessment.of(self.district) for assessment in found]

    @property
    def stages(self) -> list[Stage]:
        """The compulsory stages that the district has on any side."""
        held = {stage for side in self.sides for stage in side.rows["stage"]}
        return [stage for stage in COMPULSORY if stage in held]

    @cached_property
    def names(self) -> dict[str, str]:
        """How schools are called, those that a scenario opens among them."""
        frames = [self.comparison.base_data[self.year], *(o.data[self.year] for o in self.outcomes)]
        return {
            school: name if isinstance(name, str) else school
            for data in frames
            for school, name in data["schools"][["school_id", "name"]].itertuples(index=False)
        }

    @cached_property
    def zones(self) -> dict[str, str]:
        """How zones are called."""
        frame = self.comparison.base_data[self.year]["zones"]
        return {
            zone: name if isinstance(name, str) else zone
            for zone, name in frame[["zone_id", "name"]].itertuples(index=False)
        }

    @cached_property
    def home(self) -> frozenset[str]:
        """The schools of the district, on any side."""
        frames = [self.comparison.base_data[self.year], *(o.data[self.year] for o in self.outcomes)]
        schools = pd.concat([data["schools"][["school_id", "district"]] for data in frames])
        return frozenset(schools.loc[schools["district"] == self.district, "school_id"])

    def walks(self, side: int, stage: Stage) -> pd.Series | None:
        """Return the walking distances of a side and stage; None where no way is known."""
        frame = self.comparison.walking
        mine = (frame["scenario"] == side) & (frame["district"] == self.district) & (frame["stage"] == stage)
        rows = frame[(mine & (frame["children"] > 0)).to_numpy()]
        return rows.iloc[0] if len(rows) else None

    def moved(self, side: int) -> pd.DataFrame:
        """Return who changes school within, into or out of the district; empty for the base."""
        if side == BASE:
            return self.outcomes[0].moved.iloc[:0]
        moved = self.outcomes[side - 1].moved
        return moved[(moved["from"].isin(self.home) | moved["to"].isin(self.home)).to_numpy()]

    def own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the district's rows."""
        return frame[(frame["district"] == self.district).to_numpy()]

    def changes(self, side: int, what: str) -> pd.DataFrame:
        """Return what changes of one kind of figure under a scenario."""
        frame = self.own(self.outcomes[side - 1].changes)
        return frame[(frame["what"] == what).to_numpy()]

    def contributions(self, side: int) -> pd.DataFrame:
        """Return what each action of a scenario does to the district, without the mean of the seven."""
        frame = self.own(self.outcomes[side - 1].contributions)
        return frame[(frame["code"] != COMPOSITE).to_numpy()]

    @property
    def place(self) -> str:
        """District and the year compared, for subtitles."""
        return f"{self.district} · {school_year(self.year, self.lang)}"

    @property
    def decimals(self) -> int:
        """Decimals of coefficients in print."""
        return self.context.standard.rules.rounding.coefficients

    def coefficient(self, value: float | None) -> str:
        """Return a coefficient for print."""
        return number(value, self.decimals, self.lang)

    def stage(self, stage: object) -> str:
        """Return a stage as the reader sees it."""
        return stage_label(stage, self.lang)

    def caption(self, finding: str, measure: str, years: Sequence[int] = ()) -> Caption:
        """Return a figure's words; it shows the year compared, or these years."""
        place = f"{self.district} · {years_said(years, self.lang)}" if years else self.place
        return caption(finding, measure, place, self.context.source, self.lang)


# What every part of the scenario page stands on.


@dataclass(frozen=True)
class ScenarioPart(Speaker):
    """What the parts of the scenario page share: the study, its district and year."""

    study: ScenarioStudy

    @property
    def context(self) -> ReportContext:  # type: ignore[override]
        """The context of the comparison."""
        return self.study.context

    def verdict(self, side: Assessment) -> str:
        """Return the district's verdict."""
        return str(side.districts["verdict"].iloc[0])

    def passing(self, side: Assessment) -> int:
        """Return how many schools (by stage) pass."""
        return int((side.rows["verdict"] == Verdict.PASS).sum())

    def over(self, side: Assessment) -> float:
        """Return how many of the coefficients exceed their limit; NaN where none can be computed."""
        known, _ = self._coefficients_known(side)
        verdicts = self._held(side)["verdict"]
        return float((verdicts == Verdict.FAIL).sum()) if known and self.limited else nan

    def unknown(self, side: Assessment, stage: Stage | None = None) -> int:
        """Return how many of the coefficients, of a stage where one is named, cannot be computed."""
        known, asked = self._coefficients_known(side, stage)
        return asked - known

    def _coefficients_known(self, side: Assessment, stage: Stage | None = None) -> tuple[int, int]:
        frame = self._held(side, stage)
        return int(frame["coefficient"].notna().sum()), len(frame)

    def largest(self, side: Assessment, stage: Stage) -> float | None:
        """Return the largest of a stage's coefficients that decide; None where none can be computed."""
        found = self._held(side, stage)["coefficient"].dropna()
        return float(found.max()) if len(found) else None

    @property
    def limited(self) -> bool:
        """Whether the standard limits coefficients, or their mean."""
        return self.standard.rules.coefficient is not None

    def limit(self, stage: Stage) -> str:
        """Return the limit of a stage's coefficients in brackets; nothing where there is none."""
        value = f"{self.standard.coefficient_limit(stage):g}"
        return self.say(f"（限值 {value}）", f" (limit {value})") * self.limited

    @property
    def most(self) -> str:
        """What of a stage's coefficients is shown: their mean where it decides, else the largest."""
        return self.say("平均", "mean") if self.standard.mean_decides else self.say("最大", "largest")

    def _held(self, side: Assessment, stage: Stage | None = None) -> pd.DataFrame:
        """Return the coefficients that decide, all of the resources where none does; of a stage, or of both."""
        codes = deciding(self.standard) or self.standard.resource_codes
        frame = side.balance[side.balance["code"].isin(codes).to_numpy()]
        return frame if stage is None else frame[(frame["stage"] == stage).to_numpy()]

    def yuan(self, amount: float | None) -> str:
        """Return a sum of money for print."""
        return self.say("没有单价", "no price") if amount is None else money(amount, self.lang)


class ScenarioTables(ScenarioPart):
    """Verdicts, coefficients, shortfalls, pupils, ways and costs of each side."""

    def verdicts(self) -> Table:
        """Return verdicts, met counts and the largest coefficients: compliance and balance together."""
        study, rows = self.study, []
        for name, side in zip(study.labels, study.sides, strict=True):
            verdicts, tally = side.rows["verdict"], Tally.of(shown_indicators(side))
            rows.append(
                {
                    "side": name,
                    "verdict": self.verdict(side),
                    "indicators": tally.passed + tally.allowed,
                    "schools": len(side.rows),
                    "passing": self.passing(side),
                    "unknown": int((verdicts == Verdict.NO_DATA).sum()),
                    "met": int(side.rows["met"].sum()),
                    **{str(stage): _nan(self.largest(side, stage)) for stage in study.stages},
                    "over": self.over(side),
                    "open": self.unknown(side),
                }
            )
        columns = (
            self._side(),
            Column("verdict", ("区域结论", "The district"), verdict=True),
            Column("indicators", ("达标指标（含规则允许，项）", "Indicators met (or allowed)"), decimals=0),
            Column("schools", ("学校（学段）", "School stages"), decimals=0),
            *(
                Column("passing", ("其中达标", "Passing"), decimals=0),
                Column("unknown", ("其中缺数据", "Without data"), decimals=0),
                Column("met", ("各校达标项数合计", "Indicators met, all schools"), decimals=0),
            )
            * self.standard.limits_schools,
            *(
                Column(
                    stage,
                    (
                        f"{study.stage(stage)}{self.most}差异系数{self.limit(stage)}",
                        f"{self.most.capitalize()} coefficient, {study.stage(stage).lower()}{self.limit(stage)}",
                    ),
                    decimals=study.decimals,
                )
                for stage in study.stages
            ),
            Column("over", ("超限差异系数", "Coefficients over"), decimals=0) if self.limited else None,
            Column("open", ("缺数据的差异系数", "Coefficients without data"), decimals=0),
        )
        rule = self.say(
            f"学校按“{school_rule(self.standard, 'zh')}”判定。",
            f"A school passes with {school_rule(self.standard, 'en')}. ",
        ) * bool(self.standard.rules.school)
        return self.table_of(
            (f"结论与差异系数，{study.year} 学年", f"Verdicts and coefficients, {study.year}"),
            columns,
            pd.DataFrame(rows),
            note=rule
            + self.say(
                "达标指标不含“不适用”的：由达标变为不适用的，这个数也会减少。",
                "Indicators met do not include those not applicable: one that is met and then no longer applies leaves fewer.",
            ),
        )

    def effects(self) -> Table:
        """Return pupils who change school, ways to school and costs."""
        study, rows = self.study, []
        walking = study.comparison.walking
        now = walking[(walking["scenario"] == BASE).to_numpy()]
        how = told(how_measured(now, self.standard.rules.distance.detour), self.lang)
        for side, name in enumerate(study.labels):
            moved = study.moved(side)
            row = {"side": name, "moved": int(moved["pupils"].sum())}
            for stage in study.stages:
                walk = study.walks(side, stage)
                for key in ("mean_km", "farthest_km"):
                    row[f"{stage} {key}"] = math.nan if walk is None else walk[key]
            costs = None if side == BASE else study.outcomes[side - 1].costs
            row |= self._costs(costs)
            row["unpriced"] = 0 if costs is None else len({n for n, _, _ in unpriced(costs)})
            rows.append(row)
        ways = [
            Column(
                f"{stage} {key}",
                (f"{study.stage(stage)}步行{zh}（公里）", f"{study.stage(stage)}: {en} (km)"),
                decimals=2,
            )
            for stage in study.stages
            for key, zh, en in (("mean_km", "平均", "mean walk"), ("farthest_km", "最远", "farthest"))
        ]
        columns = (
            self._side(),
            Column("moved", ("换学校的学生（人）", "Pupils who change school"), decimals=0),
            *ways,
            Column("cost_yuan", ("费用", "Cost")),
            Column("range", ("低—高", "Low to high")),
            Column(
                "unpriced", ("有未计价内容的操作（项）", "Actions with parts without a price"), decimals=0
            ),
        )
        return self.table_of(
            (f"学生、步行距离与费用，{study.year} 学年", f"Pupils, walking and costs, {study.year}"),
            columns,
            pd.DataFrame(rows),
            note=(
                f"{how}。费用自各项操作的学年计至 {study.year} 学年，单价见“{study.comparison.costs.title.zh}”；没有单价的不计入，也不当作 0。",
                f"{how}. Costs run from each action's year to {study.year}, at “{study.comparison.costs.title.en}”; what has "
                "no price is left out and is not taken for 0.",
            ),
        )

    def _costs(self, costs: pd.DataFrame | None) -> dict[str, str]:
        """Return a side's costs in words; a dash where nothing is done."""
        if costs is None or not len(costs):
            return {"cost_yuan": "—", "range": "—"}
        sums = total(costs)
        low, high = sums["low"], sums["high"]
        span = "—" if low is None or high is None else money_range(low, high, self.lang)
        return {"cost_yuan": self.yuan(sums["cost_yuan"]), "range": span}

    def shortfalls(self) -> Table:
        """Return what all schools lack of C1–C7, side by side."""
        study, standard = self.study, self.standard
        sums = [side.shortfalls.groupby("code")["to_standard"].sum() for side in study.sides]
        rows = [
            {
                "title": self.say("{}（{}）", "{} ({})").format(
                    title(standard[code], self.lang, short=True), unit_of(standard[code], self.lang)
                ),
                **{str(n): float(by.get(code, 0.0)) for n, by in enumerate(sums)},
            }
            for code in self.standard.resource_codes
            if any(code in by.index for by in sums)
        ]
        columns = (
            Column("title", ("指标", "Indicator")),
            *(Column(str(n), name, decimals=0) for n, name in enumerate(study.labels)),
        )
        return self.table_of(
            (
                f"全部补到标准需增加的数量，{study.year} 学年",
                f"What is lacking to the standard, {study.year}",
            ),
            columns,
            pd.DataFrame(rows, columns=[c.key for c in columns]),
            empty=self._nothing_lacking(),
        )

    def _nothing_lacking(self) -> str:
        """Say that no shortfall is known, and of how many rows a figure of C1–C7 is not."""
        open_ = max(
            int(side.rows[list(self.standard.resource_codes)].isna().any(axis=1).sum())
            for side in self.study.sides
        )
        if not any(len(side.rows) for side in self.study.sides):
            return self.say("没有参加评估的学校。", "No school is judged.")
        if not self.standard.limits_schools:
            return nothing_lacking(self.study.sides[0].rows.to_dict("records"), self.standard, self.lang)
        if open_:
            return self.say(
                f"已报送的数据中没有缺口；{open_} 个学校（学段）的{self.context.resources}缺数据。",
                f"Nothing is lacking in what was reported; {open_} school stages lack data for {resource_span(self.standard, 'en')}.",
            )
        return self.say("各情景都没有缺口。", "Nothing is lacking on any side.")

    def coefficients(self) -> Table:
        """Return all coefficients, side by side, with their limits."""
        study, standard = self.study, self.standard
        found = [side.balance.set_index(["stage", "code"]) for side in study.sides]
        decides = deciding(standard)
        rows = []
        for stage in study.stages:
            for code in dict.fromkeys((*standard.resource_codes, *decides)):
                held = [frame["coefficient"].get((stage, code), math.nan) for frame in found]
                verdicts = [frame["verdict"].get((stage, code)) for frame in found]
                rows.append(
                    {
                        "title": self.short(code),
                        "stage": study.stage(stage),
                        "limit": standard.coefficient_limit(stage) if code in decides else None,
                        **{str(n): value for n, value in enumerate(held)},
                        "failing": any(verdict == Verdict.FAIL for verdict in verdicts),
                    }
                )
        columns = (
            Column("title", ("指标", "Indicator")),
            Column("stage", ("学段", "Stage")),
            Column("limit", ("限值", "Limit"), decimals=2) if self.limited else None,
            *(
                Column(str(n), name, decimals=study.decimals, beside="limit")
                for n, name in enumerate(study.labels)
            ),
        )
        return self.table_of(
            (f"校际差异系数，{study.year} 学年", f"Difference coefficients, {study.year}"),
            columns,
            rows,
            failing="failing",
            note=("标出的行有一列超过限值。", "Marked rows exceed the limit in one of the columns.")
            if self.limited
            else "",
            empty=("没有参加评估的学校。", "No school is judged."),
        )

    def trends(self) -> list[charts.Chart]:
        """Return the largest coefficient of each stage over the years; none where one year is compared."""
        return [self._trend(stage) for stage in self.study.stages] if len(self.study.years) > 1 else []

    def _trend(self, stage: Stage) -> charts.Chart:
        study = self.study
        by_year = [[self.largest(side, stage) for side in study.at(year)] for year in study.years]
        series = {name: [_nan(values[n]) for values in by_year] for n, name in enumerate(self._told_apart())}
        last = pd.Series([_nan(value) for value in by_year[-1]], index=list(series))
        away = (last - last.iloc[BASE]).abs().iloc[1:].dropna()
        farthest = away.idxmax() if len(away) and away.max() >= 0.5 * 10**-study.decimals else None
        label = study.stage(stage)
        over = self._over_in(series, stage)
        open_ = any(self.unknown(side, stage) for year in study.years for side in study.at(year))
        finding = (
            self.say(f"{label}差异系数超过限值：{over}", f"{label}, coefficients over the limit: {over}")
            if over
            else self.say(
                f"{label}：各学年现状和各情景{'已能计算' if open_ else ''}的差异系数都没有超过限值",
                f"{label}: no coefficient{' that can be computed' if open_ else ''} exceeds the limit in any year, on any side",
            )
        )
        if not self.limited:
            finding = self.say(f"{label}：标准不限定差异系数", f"{label}: no limit on coefficients")
        if not any(value == value for values in series.values() for value in values):
            finding = self.say(f"{label}：差异系数缺数据", f"{label}: no data")
        elif farthest:
            finding += self.say(
                f"；{study.years[-1]} 年与现状相差最大的是“{farthest}”",
                f"; farthest from the base in {study.years[-1]}: “{farthest}”",
            )
        return charts.trend(
            study.years,
            series,
            caption=study.caption(
                finding,
                self.say(
                    f"{self.context.items}差异系数{'的平均值' if self.standard.mean_decides else '中最大的'}，按学年",
                    f"{self.most.capitalize()} of {self.context.resources} coefficients by school year",
                ),
                study.years,
            ),
            limits=self._line(stage),
            emphasise=farthest,
            decimals=study.decimals,
        )

    def _line(self, stage: Stage) -> dict[str, float]:
        limit = self.standard.coefficient_limit(stage)
        return {self.say(f"限值 {limit:g}", f"Limit {limit:g}"): limit} if self.limited else {}

    def _over_in(self, series: dict[str, list[float]], stage: Stage) -> str:
        """Return which sides exceed the limit in which years; nothing where none does."""
        parts = []
        for place, year in enumerate(self.study.years):
            over = fails(
                [values[place] for values in series.values()], self.standard, "coefficient", stage=stage
            )
            found = [name for name, above in zip(series, over, strict=True) if above]
            if len(found) == len(series):
                found = [self.say("现状和各情景", "all sides")]
            if found:
                parts.append(self.say(f"{year} 年{'、'.join(found)}", f"{', '.join(found)} in {year}"))
        return self.say("；", "; ").join(parts)

    def _told_apart(self) -> list[str]:
        """Return labels of which no two are the same."""
        labels = self.study.labels
        return [f"{n} {name}" if labels.count(name) > 1 else name for n, name in enumerate(labels)]

    def years(self) -> Table:
        """Return how many schools (by stage) pass in each year, and how many coefficients are over."""
        study = self.study
        by_year = {year: study.at(year) for year in study.years}
        rows = [
            {
                "side": name,
                **{f"pass {year}": self.passing(sides[n]) for year, sides in by_year.items()},
                **{f"over {year}": self.over(sides[n]) for year, sides in by_year.items()},
            }
            for n, name in enumerate(study.labels)
        ]
        columns = (
            self._side(),
            *(
                Column(f"{key} {year}", f"{self.say(zh, en)} {year}", decimals=0)
                for key, zh, en, asked in (
                    ("pass", "达标", "Passing", self.standard.limits_schools),
                    ("over", "超限", "Over", self.limited),
                )
                for year in study.years * bool(asked)
            ),
        )
        return self.table_of(
            ("逐年：达标的学校（学段）与超限的差异系数", "By year: school stages passing, coefficients over"),
            columns,
            pd.DataFrame(rows),
        )

    def _side(self) -> Column:
        return Column("side", ("现状与情景", "Side"))


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
