"""Base and scenarios side by side, in the year compared and year by year."""

from __future__ import annotations

import math

import pandas as pd

from qb import charts
from qb.indicators.verdicts import COMPOSITE, fails
from qb.planning.scenario.comparison import BASE, total, unpriced
from qb.planning.scenario.distances import how_measured
from qb.report.facts import shown_indicators
from qb.report.scenario_study import ScenarioPart
from qb.report.tables import Column, Table
from qb.report.words import Tally, resource_span, school_rule, title, told, unit_of
from qb.terms import Stage, Verdict


class ScenarioSides(ScenarioPart):
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
                    **{stage: _nan(self.largest(side, stage)) for stage in study.stages},
                    "over": self.over(side),
                    "open": self.unknown(side),
                }
            )
        columns = (
            self._side(),
            Column("verdict", self.say("区域结论", "The district"), verdict=True),
            Column(
                "indicators",
                self.say("达标指标（含规则允许，项）", "Indicators met (or allowed)"),
                decimals=0,
            ),
            Column("schools", self.say("学校（学段）", "School stages"), decimals=0),
            Column("passing", self.say("其中达标", "Passing"), decimals=0),
            Column("unknown", self.say("其中缺数据", "Without data"), decimals=0),
            Column("met", self.say("各校达标项数合计", "Indicators met, all schools"), decimals=0),
            *(
                Column(
                    stage,
                    self.say(
                        f"{study.stage(stage)}最大差异系数（限值 {self._limit(stage)}）",
                        f"Largest coefficient, {study.stage(stage).lower()} (limit {self._limit(stage)})",
                    ),
                    decimals=study.decimals,
                )
                for stage in study.stages
            ),
            Column("over", self.say("超限差异系数", "Coefficients over"), decimals=0),
            Column("open", self.say("缺数据的差异系数", "Coefficients without data"), decimals=0),
        )
        return Table(
            self.say(f"结论与差异系数，{study.year} 学年", f"Verdicts and coefficients, {study.year}"),
            columns,
            pd.DataFrame(rows),
            note=self.say(
                f"学校按“{school_rule(study.context.standard, 'zh')}”判定。达标指标不含“不适用”的：由达标变为不适用的，这个数也会减少。",
                f"A school passes with {school_rule(study.context.standard, 'en')}. Indicators met do not include those not "
                "applicable: one that is met and then no longer applies leaves fewer.",
            ),
            lang=self.lang,
        )

    def effects(self) -> Table:
        """Return pupils who change school, ways to school and costs."""
        study, rows = self.study, []
        walking = study.comparison.walking
        now = walking[(walking["scenario"] == BASE).to_numpy()]
        how = told(how_measured(now, study.context.standard.rules.distance.detour), self.lang)
        for number, name in enumerate(study.labels):
            moved = study.moved(number)
            row = {"side": name, "moved": int(moved["pupils"].sum())}
            for stage in study.stages:
                walk = study.walks(number, stage)
                for key in ("mean_km", "farthest_km"):
                    row[f"{stage} {key}"] = math.nan if walk is None else walk[key]
            costs = None if number == BASE else study.outcomes[number - 1].costs
            row |= self._costs(costs)
            row["unpriced"] = 0 if costs is None else len({n for n, _, _ in unpriced(costs)})
            rows.append(row)
        ways = [
            Column(
                f"{stage} {key}",
                self.say(f"{study.stage(stage)}步行{zh}（公里）", f"{study.stage(stage)}: {en} (km)"),
                decimals=2,
            )
            for stage in study.stages
            for key, zh, en in (("mean_km", "平均", "mean walk"), ("farthest_km", "最远", "farthest"))
        ]
        columns = (
            self._side(),
            Column("moved", self.say("换学校的学生（人）", "Pupils who change school"), decimals=0),
            *ways,
            Column("cost_yuan", self.say("费用", "Cost")),
            Column("range", self.say("低—高", "Low to high")),
            Column(
                "unpriced",
                self.say("有未计价内容的操作（项）", "Actions with parts without a price"),
                decimals=0,
            ),
        )
        return Table(
            self.say(f"学生、步行距离与费用，{study.year} 学年", f"Pupils, walking and costs, {study.year}"),
            columns,
            pd.DataFrame(rows),
            note=self.say(
                f"{how}。费用自各项操作的学年计至 {study.year} 学年，单价见“{study.comparison.costs.title.zh}”；没有单价的不计入，也不当作 0。",
                f"{how}. Costs run from each action's year to {study.year}, at “{study.comparison.costs.title.en}”; what has "
                "no price is left out and is not taken for 0.",
            ),
            lang=self.lang,
        )

    def _costs(self, costs: pd.DataFrame | None) -> dict[str, str]:
        """Return a side's costs in words; a dash where nothing is done."""
        if costs is None or not len(costs):
            return {"cost_yuan": "—", "range": "—"}
        sums = total(costs)
        span = "—" if sums["low"] is None else f"{self.yuan(sums['low'])} – {self.yuan(sums['high'])}"
        return {"cost_yuan": self.yuan(sums["cost_yuan"]), "range": span}

    def shortfalls(self) -> Table:
        """Return what all schools lack of C1–C7, side by side."""
        study, standard = self.study, self.study.context.standard
        sums = [side.shortfalls.groupby("code")["to_standard"].sum() for side in study.sides]
        rows = [
            {
                "title": self.say("{}（{}）", "{} ({})").format(
                    title(standard[code], self.lang, short=True), unit_of(standard[code], self.lang)
                ),
                **{str(n): float(by.get(code, 0.0)) for n, by in enumerate(sums)},
            }
            for code in study.context.standard.resource_codes
            if any(code in by.index for by in sums)
        ]
        columns = (
            Column("title", self.say("指标", "Indicator")),
            *(Column(str(n), name, decimals=0) for n, name in enumerate(study.labels)),
        )
        return Table(
            self.say(
                f"全部补到标准需增加的数量，{study.year} 学年",
                f"What is lacking to the standard, {study.year}",
            ),
            columns,
            pd.DataFrame(rows, columns=[c.key for c in columns]),
            empty=self._nothing_lacking(),
            lang=self.lang,
        )

    def _nothing_lacking(self) -> str:
        """Say that no shortfall is known, and of how many rows a figure of C1–C7 is not."""
        open_ = max(
            int(side.rows[list(self.study.context.standard.resource_codes)].isna().any(axis=1).sum())
            for side in self.study.sides
        )
        if not any(len(side.rows) for side in self.study.sides):
            return self.say("没有参加评估的学校。", "No school is judged.")
        if open_:
            return self.say(
                f"已报送的数据中没有缺口；{open_} 个学校（学段）的{self.study.context.resources}缺数据。",
                f"Nothing is lacking in what was reported; {open_} school stages lack data for {resource_span(self.study.context.standard).replace('—', '–')}.",
            )
        return self.say("各情景都没有缺口。", "Nothing is lacking on any side.")

    def coefficients(self) -> Table:
        """Return all coefficients, side by side, with their limits."""
        study, standard = self.study, self.study.context.standard
        found = [
            side.balance[(side.balance["code"] != COMPOSITE).to_numpy()].set_index(["stage", "code"])
            for side in study.sides
        ]
        rows = []
        for stage in study.stages:
            for code in study.context.standard.resource_codes:
                held = [frame["coefficient"].get((stage, code), math.nan) for frame in found]
                verdicts = [frame["verdict"].get((stage, code)) for frame in found]
                rows.append(
                    {
                        "title": title(standard[code], self.lang, short=True),
                        "stage": study.stage(stage),
                        "limit": standard.coefficient_limit(stage),
                        **{str(n): value for n, value in enumerate(held)},
                        "failing": any(verdict == Verdict.FAIL for verdict in verdicts),
                    }
                )
        columns = (
            Column("title", self.say("指标", "Indicator")),
            Column("stage", self.say("学段", "Stage")),
            Column("limit", self.say("限值", "Limit"), decimals=2),
            *(
                Column(str(n), name, decimals=study.decimals, beside="limit")
                for n, name in enumerate(study.labels)
            ),
        )
        return Table(
            self.say(f"校际差异系数，{study.year} 学年", f"Difference coefficients, {study.year}"),
            columns,
            pd.DataFrame(rows),
            failing="failing",
            note=self.say("标出的行有一列超过限值。", "Marked rows exceed the limit in one of the columns."),
            empty=self.say("没有参加评估的学校。", "No school is judged."),
            lang=self.lang,
        )

    def trends(self) -> list[charts.Chart]:
        """Return the largest coefficient of each stage over the years; none where one year is compared."""
        return [self._trend(stage) for stage in self.study.stages] if len(self.study.years) > 1 else []

    def _trend(self, stage: Stage) -> charts.Chart:
        study = self.study
        by_year = [[self.largest(side, stage) for side in study.at(year)] for year in study.years]
        series = {name: [_nan(values[n]) for values in by_year] for n, name in enumerate(self._told_apart())}
        limit = study.context.standard.coefficient_limit(stage)
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
        if not any(value == value for values in series.values() for value in values):
            finding = self.say(f"{label}：差异系数缺数据", f"{label}: no data")
        return charts.trend(
            study.years,
            series,
            caption=study.caption(
                finding,
                self.say(
                    f"{self.study.context.items}差异系数中最大的，按学年",
                    f"Largest of {self.study.context.resources} coefficients by school year",
                ),
            ),
            limits={self.say(f"限值 {limit:g}", f"Limit {limit:g}"): limit},
            emphasise=farthest,
            decimals=study.decimals,
        )

    def _over_in(self, series: dict[str, list[float]], stage: Stage) -> str:
        """Return which sides exceed the limit in which years; nothing where none does."""
        parts = []
        for place, year in enumerate(self.study.years):
            over = fails(
                [values[place] for values in series.values()],
                self.study.context.standard,
                "coefficient",
                stage=stage,
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
                for key, zh, en in (("pass", "达标", "Passing"), ("over", "超限", "Over"))
                for year in study.years
            ),
        )
        return Table(
            self.say(
                "逐年：达标的学校（学段）与超限的差异系数",
                "By year: school stages passing, coefficients over",
            ),
            columns,
            pd.DataFrame(rows),
            lang=self.lang,
        )

    def _side(self) -> Column:
        return Column("side", self.say("现状与情景", "Side"))

    def _limit(self, stage: Stage) -> str:
        return f"{self.study.context.standard.coefficient_limit(stage):g}"


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
