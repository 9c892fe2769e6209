"""The annual report: what a district publishes each year; its summary and its method."""

from __future__ import annotations

import pandas as pd

from qb.report.annual_changes import AnnualChanges, AnnualYears
from qb.report.annual_target import AnnualConditions, AnnualGoal
from qb.report.annual_tasks import AnnualLedger, AnnualTasks
from qb.report.context import AnnualPart, State, decided, part
from qb.report.data_report import FaultReport
from qb.report.district_report import DistrictVerdict
from qb.report.forecast_report import ForecastReport
from qb.report.rules import PageRules, stays_out
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.verdict_keys import shown_indicators
from qb.report.words import (
    Tally,
    area_label,
    coefficients_said,
    listed,
    school_year,
    stage_label,
    term,
    verdict_label,
    without_rule,
)
from qb.terms import Allowance, Kind, Verdict

# Title, key figures and headlines of the annual report.


class AnnualOpening(AnnualPart):
    """Where the district stands this year, in one look."""

    def title(self) -> Heading:
        """Return the report's title, the standard and the source."""
        lang, standard = self.lang, self.standard
        year = school_year(self.year, lang)
        return Heading(
            self.say(
                f"{self.district}{self.standard.subject.zh}年度报告（{year}）",
                f"{self.district}: annual report on the balance of compulsory education, {year.lower()}",
            ),
            self.say(
                f"依据{standard.title.zh}；数据来源：{self.context.source}。",
                f"By {standard.title.en}; source of the data: {self.context.source}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the district's verdict and each area's."""
        return DistrictVerdict(self.context, self.district).cards()

    def headlines(self) -> Sentences:
        """Return at most six sentences: verdict, schools, coefficients, indicators, mending, pupils to come."""
        lines = (
            self._verdict(),
            self._schools(),
            self._coefficients(),
            self._indicators(),
            self._mending(),
            self._pupils(),
        )
        return Sentences(lines)

    def _verdict(self) -> str:
        lang, own = self.lang, self.own
        overall = str(own.districts["verdict"].iloc[0])
        text = self.say(
            f"{school_year(self.year, lang)}，区域总体结论：{verdict_label(overall, lang)}",
            f"{school_year(self.year, lang)}, the district as a whole: {verdict_label(overall, lang).lower()}",
        )
        for verdict in (Verdict.FAIL, Verdict.NO_DATA):
            areas = own.areas.loc[(own.areas["verdict"] == verdict).to_numpy(), "area"]
            if len(areas):
                named = listed([area_label(area, self.standard, lang) for area in areas], lang)
                label = verdict_label(verdict, lang)
                text += self.say(f"；{named}{label}", f"; {label.lower()}: {named}")
        if self.before is None:
            return text + self.say(
                "；没有以前年度的数据可比。", "; there is no earlier year to compare with."
            )
        last = verdict_label(str(self.before.districts["verdict"].iloc[0]), lang)
        year = self.before.year
        return text + self.say(f"。{year} 年的结论：{last}。", f". In {year}: {last.lower()}.")

    def _schools(self) -> str:
        lang, now = self.lang, Tally.of(self.own.rows["verdict"])
        if free := without_rule(len(self.own.rows), self.standard, lang):
            return self.say(f"{free}。", f"{free[0].upper()}{free[1:]}.")
        if not now.held:
            return self.say(
                f"本年度没有参加{self.context.resources}评估的学校。",
                f"No school is judged on {self.context.resources} this year.",
            )
        text = (
            self.say(
                f"{now.held} 个学校（学段）中 {now.passed} 个{self.context.resources}达标",
                f"{now.passed} of {now.held} school stages meet the rule on {self.context.resources}",
            )
            if now.known
            else self.say(
                f"{now.held} 个学校（学段）{'都' if now.held > 1 else ''}缺数据，无法判断",
                f"no data on any of {now.held} school stages, nobody can tell",
            )
        )
        if now.known and now.unknown:
            text += self.say(f"，{now.unknown} 个缺数据", f", {now.unknown} without data")
        if self.before is not None and (then := Tally.of(self.before.rows["verdict"])).held:
            year, nobody = self.before.year, verdict_label(Verdict.NO_DATA, lang).lower()
            text += (
                self.say(
                    f"；{year} 年为 {then.held} 个中 {then.passed} 个",
                    f"; in {year}, {then.passed} of {then.held}",
                )
                if then.known
                else self.say(f"；{year} 年{nobody}", f"; {nobody} in {year}")
            )
        return text + self.say("。", ".")

    def _coefficients(self) -> str:
        lang = self.lang
        text = coefficients_said(Tally.of(decided(self.own)["verdict"]), self.standard, lang)
        if self.before is not None and (then := Tally.of(decided(self.before)["verdict"])).held:
            year = self.before.year
            text += (
                self.say(
                    f"；{year} 年 {then.known} 个中超过限值的 {then.failed} 个",
                    f"; in {year}, {then.failed} of {then.known} exceeded theirs",
                )
                if then.known
                else self.say(f"；{year} 年都无法计算", f"; in {year}, none could be computed")
            )
        return text + self.say("。", ".")

    def _indicators(self) -> str:
        lang, frame = self.lang, self.own.indicators
        seen = shown_indicators(self.own)
        if not (tally := Tally.of(seen)).known and tally.held:
            return self.say(f"{tally.held} 项指标都缺数据。", f"No data on any of {tally.held} indicators.")
        passed = int((seen == str(Verdict.PASS)).sum())
        text = self.say(
            f"{len(frame)} 项指标中达标 {passed} 项", f"{passed} of {len(frame)} indicators are met"
        )
        for verdict in (Verdict.FAIL, Allowance.IN_DISTRICT, Verdict.NO_DATA, Verdict.NOT_APPLICABLE):
            codes = frame.loc[seen == str(verdict), "code"]
            if len(codes):
                short = verdict in (Verdict.FAIL, Allowance.IN_DISTRICT) and len(codes) <= 6
                named = [self.short(c) if short else c for c in codes]
                text += self.say(
                    f"，{verdict_label(verdict, lang)} {len(codes)} 项（{listed(named, lang, 10)}）",
                    f"; {verdict_label(verdict, lang).lower()}: {len(codes)} ({listed(named, lang, 10)})",
                )
        return text + self.say("。", ".")

    def _mending(self) -> str:
        _lang, ledger = self.lang, AnnualLedger(self.context, self.district)
        late = int((ledger.measures["state"] == State.OVERDUE).sum())
        text = ledger.counted() if len(ledger.problems) else ledger.nothing().rstrip("。.")
        if not len(ledger.measures):
            return text + self.say("；整改台账没有登记。", "; the ledger of measures is empty.")
        return text + self.say(
            f"；截至 {ledger.day}，整改台账逾期未完成 {late} 项。",
            f"; overdue by {ledger.day}: {late} of {len(ledger.measures)} measures.",
        )

    def _pupils(self) -> str:
        pupils = ForecastReport(self.context, self.district)
        if pupils.made is None:
            return pupils.why
        parts = [pupils.moves(stage) for stage in pupils.forecast_stages]
        return self.say("；", "; ").join(parts) + self.say("。", ".")


# How the report is made: rules, conventions, and the corrections of the data.


class AnnualMethod(AnnualPart):
    """What the figures rest on."""

    def rules(self) -> PageRules:
        """Return the clause, limit, formula and data of every verdict."""
        return PageRules(self.standard, self.year, self.lang)

    def conventions(self) -> Table:
        """Return the standard's settings that are not one indicator's, with the clause or "our default"."""
        lang, rules = self.lang, self.standard.rules
        raw = rules.rounding.compare == "raw"
        lines = [
            *(
                (
                    self.say("共用资源的分摊", "Shared facilities"),
                    self.say("；", "; ").join(
                        map(self._split, (Kind.NINE_YEAR, Kind.TWELVE_YEAR, Kind.COMPLETE_SECONDARY))
                    ),
                    rules.split.source,
                ),
            )
            * any(i.resource and i.resource.table == "facilities" for i in self.standard.resources),
            (
                self.say(
                    f"不参加{self.context.resources}的学校",
                    f"Schools left out of {self.context.resources}",
                ),
                stays_out(self.standard, lang),
                rules.exclusion.source,
            ),
            (
                self.say("新建学校", "New schools"),
                self.say(
                    f"照常参加评估；小学开办 {rules.new_school.primary} 年、初中 {rules.new_school.junior} 年内标注为未满员",
                    f"Judged as others; marked as not yet full for {rules.new_school.primary} years (primary) and "
                    f"{rules.new_school.junior} (junior)",
                ),
                rules.new_school.source,
            ),
            (
                self.say("比较与取整", "Comparison and rounding"),
                self.say(
                    f"以{'原始值' if raw else '取整后的值'}与标准比较；学校数值保留 {rules.rounding.values} 位小数，差异系数 "
                    f"{rules.rounding.coefficients} 位，比率 {rules.rounding.ratios} 位，四舍五入",
                    f"{'Unrounded' if raw else 'Rounded'} figures are compared; values are printed with "
                    f"{rules.rounding.values} decimals, coefficients with {rules.rounding.coefficients}, ratios with "
                    f"{rules.rounding.ratios}, half up",
                ),
                rules.rounding.source,
            ),
        ]
        return self.table_of(
            ("口径与约定", "Conventions"),
            (
                Column("what", ("事项", "What")),
                Column("text", ("规定", "Rule")),
                # Clauses are cited in Chinese, the language that they are written in.
                Column("source", "依据") if self.lang == "zh" else None,
            ),
            pd.DataFrame(lines, columns=["what", "text", "source"]),
        )

    def _split(self, kind: Kind) -> str:
        """Return the weights of a pupil of each stage in words."""
        lang, weights = self.lang, self.standard.rules.split.weights(kind)
        stages = " : ".join(stage_label(stage, lang) for stage in weights)
        return f"{term(kind, lang, (Kind,))} {stages} = {' : '.join(f'{w:g}' for w in weights.values())}"

    def corrections(self) -> Table:
        """Return the known errors of the source that were put right on reading."""
        return FaultReport(self.context, self.district).corrections()


# The annual report: what a district publishes each year.


class AnnualReport(AnnualPart):
    """Everything an annual report shows, part by part."""

    opening = part(AnnualOpening)  # Title, key figures and headlines.
    years = part(AnnualYears)  # The last five years, and what moved.
    goal = part(AnnualGoal)  # Progress to the target year.
    changes = part(AnnualChanges)  # What changed against the year before.
    conditions = part(AnnualConditions)  # Class sizes and rooms.
    tasks = part(AnnualTasks)  # Tasks of the plan, evidence, veto self-check.
    ledger = part(AnnualLedger)  # Problems and measures.
    pupils = part(ForecastReport)  # Pupils in the years to come.
    method = part(AnnualMethod)  # Rules, conventions, corrections.
