"""Scenario page: what was compared, what came of it, what each scenario does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qb.errors import QbError
from qb.files import beside_notebooks
from qb.indicators.assessment import Assessment
from qb.language import listing, told
from qb.planning.scenario import whatif
from qb.planning.scenario.action_words import Names
from qb.planning.scenario.comparison import BASE, COEFFICIENT, PASSING, total
from qb.report.context import ReportContext
from qb.report.scenario_actions import DO, FELT, NUMBER, SCENARIO, ScenarioDetails
from qb.report.scenario_comparison import ScenarioPart, ScenarioStudy, ScenarioTables
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.words import listed, number, school_year, verdict_label, without_rule
from qb.terms import Verdict

# What was compared and what came of it, in a few words.


class ScenarioSummary(ScenarioPart):
    """Title, key figures, sentences, and what each scenario does."""

    def title(self) -> Heading:
        """Return the page's title and what is compared."""
        study, standard = self.study, self.standard
        first, last = study.years[0], study.years[-1]
        return Heading(
            self.say(
                f"{study.district}情景推演（{school_year(study.year, 'zh')}）",
                f"{study.district}: what if, {school_year(study.year, 'en')}",
            ),
            self.say(
                f"现状与 {len(study.outcomes)} 个情景并列，{first} 至 {last} 学年；依据{standard.title.zh}。",
                f"As it is and {len(study.outcomes)} scenarios side by side, {first} to {last}. By {standard.title.en}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the district's verdict as it is and under each scenario."""
        cards = []
        for name, side in zip(self.study.labels, self.study.sides, strict=True):
            passing, rows = self.passing(side), len(side.rows)
            schools = self.say(
                f"{rows} 个学校（学段）中 {passing} 个达标", f"{passing} of {rows} school stages pass"
            )
            schools = without_rule(rows, self.standard, self.lang) or schools
            detail = schools + self.say(
                f"；差异系数{self._over(side)}", f"; coefficients: {self._over(side)}"
            )
            cards.append((name, self.verdict(side), detail))
        return Cards(tuple(cards), self.lang)

    def _over(self, side: Assessment) -> str:
        over, unknown = self.over(side), self.unknown(side)
        if over != over:
            return verdict_label(Verdict.NO_DATA, self.lang).lower()
        rest = self.say(f"，缺数据 {unknown} 个", f", {unknown} without data") if unknown else ""
        return self.say(f"超限 {over:.0f} 个", f"{over:.0f} over the limit") + rest

    def headlines(self) -> Sentences:
        """Return at most six sentences: compliance, coefficients, both together, pupils, ways, costs."""
        found = [
            self._compliance(),
            self._coefficients(),
            self._both(),
            self._pupils(),
            self._ways(),
            self._costs(),
        ]
        return Sentences(tuple(line for line in found if line))

    def _compliance(self) -> str:
        study = self.study
        before, *after = (self.passing(side) for side in study.sides)
        verdict = verdict_label(self.verdict(study.sides[BASE]), self.lang)
        passed = sum(self.verdict(side) == Verdict.PASS for side in study.sides[1:])
        some = self.say("、", "; ").join(
            self.say(f"“{name}”{n} 个", f"{n} with {name}")
            for name, n in zip(study.labels[1:], after, strict=True)
        )
        rule = bool(self.standard.rules.school)
        return self.say(
            f"达标：{study.year} 学年不采取措施时区域{verdict}{f'，学校（学段）达标 {before} 个；{some}' * rule}。"
            + (f"{len(after)} 个情景中 {passed} 个使区域达标。" if passed else "没有一个情景使区域达标。"),
            f"Compliance: as it is, the district in {study.year}: {verdict.lower()}{f', {before} school stages pass; {some}' * rule}. "
            f"Under {passed or 'none'} of {len(after)} scenarios the district passes.",
        )

    def _coefficients(self) -> str:
        study, parts = self.study, []
        for stage in study.stages:
            before, *after = (self.largest(side, stage) for side in study.sides)
            if before is None:
                continue
            known = [value for value in after if value is not None]
            span = self._span(known)
            limit = self.limit(stage)
            name, was = study.stage(stage), study.coefficient(before)
            if any(self.unknown(side, stage) for side in study.sides):
                name = self.say(f"{name}已能计算的", f"{name}, of those that can be computed,")
            parts.append(
                self.say(
                    f"{name}{self.most}值现状 {was}，各情景 {span}{limit}",
                    f"{name.lower()} {self.most} {was} as it is, {span} in the scenarios{limit}",
                )
            )
        if not parts:
            return self.say(
                "差异系数缺数据，不能计算。", "The coefficients cannot be computed for want of data."
            )
        return self.say(f"差异系数：{'；'.join(parts)}。", f"Coefficients: {'; '.join(parts)}.")

    def _span(self, values: list[float]) -> str:
        words = [self.study.coefficient(value) for value in sorted(values)] or [self.study.coefficient(None)]
        return words[0] if words[0] == words[-1] else self.say("—", "–").join((words[0], words[-1]))

    def _both(self) -> str:
        """Say how many actions make schools pass, and how many only move coefficients, up or down."""
        if not self.standard.rules.school:
            return ""
        helps = raises = only = count = 0
        for side in range(1, len(self.study.sides)):
            table = self.study.contributions(side)
            for _, part in table.groupby("number"):
                added = part.loc[part["what"] == PASSING, "added"].sum()
                spread = part.loc[part["what"] == COEFFICIENT, "added"].dropna()
                count, helps = count + 1, helps + (added > 0)
                up = bool((spread >= FELT).any())
                raises, only = raises + up, only + (up and added <= 0)
        if not count:
            return ""
        return self.say(
            f"两者须一并看：{count} 项操作中 {helps} 项增加了达标的学校，{raises} 项使某个差异系数上升，其中 {only} 项没有"
            "增加达标的学校。给已明显高于均值的学校增配，差异系数反而上升。",
            f"Look at both: of {count} actions {helps} make more schools pass, {raises} raise a coefficient, {only} of "
            "them without making a school pass. Helping a school well above the mean raises the coefficient.",
        )

    def _pupils(self) -> str:
        moved = [(name, int(self.study.moved(n)["pupils"].sum())) for n, name in enumerate(self.study.labels)]
        told = [self.say(f"“{name}”{n:,} 人", f"{n:,} with {name}") for name, n in moved[1:] if n]
        if not told:
            return self.say("没有学生换学校。", "No pupil changes school.")
        return self.say(
            f"换学校的学生：{listed(told, 'zh')}。", f"Pupils who change school: {listed(told, 'en')}."
        )

    def _ways(self) -> str:
        study, parts = self.study, []
        for stage in study.stages:
            walks = [study.walks(side, stage) for side in range(len(study.sides))]
            if walks[0] is None or any(walk is None for walk in walks):
                continue
            before, *after = (walk["mean_km"] for walk in walks)
            best = min(range(len(after)), key=lambda i: after[i])
            if before - after[best] < 0.005:
                continue
            name = study.stage(stage)
            old, new = (number(value, 2, self.lang) for value in (before, after[best]))
            parts.append(
                self.say(
                    f"{name}平均 {old} 降到 {new} 公里（“{study.labels[best + 1]}”）",
                    f"{name.lower()} from {old} to {new} km on average ({study.labels[best + 1]})",
                )
            )
        if not parts:
            return ""
        return self.say(
            f"上学步行距离（估计）缩短最多的：{'；'.join(parts)}。",
            f"Walking distance (estimate) shortens most: {'; '.join(parts)}.",
        )

    def _costs(self) -> str:
        if not any(len(outcome.costs) for outcome in self.study.outcomes):
            return self.say("各情景没有需要计费用的操作。", "No scenario does anything that is priced.")
        sums = [total(outcome.costs)["cost_yuan"] for outcome in self.study.outcomes]
        priced = [
            self.say(f"“{name}”{self.yuan(cost)}", f"{self.yuan(cost)} for {name}")
            for name, cost in zip(self.study.labels[1:], sums, strict=True)
            if cost is not None
        ]
        bare = [name for name, cost in zip(self.study.labels[1:], sums, strict=True) if cost is None]
        known = self.say("、".join(priced), "; ".join(priced)) or self.say("都没有单价", "no price for any")
        rest = self.say(f"；没有单价、未计费用：{listed(bare, 'zh')}", f"; no price for {listed(bare, 'en')}")
        return self.say(
            f"至 {self.study.year} 学年的费用（估计）：{known}{rest if bare and priced else ''}。",
            f"Costs up to {self.study.year} (estimate): {known}{rest if bare and priced else ''}.",
        )

    def actions(self) -> Table:
        """Return what each scenario does, action by action."""
        study = self.study
        names = Names(study.names, study.zones, self.standard)
        rows = [
            {
                "scenario": name,
                "number": place,
                "year": str(action.year),
                "do": action.do,
                "what": told(action.in_words(names), self.lang),
            }
            for name, outcome in zip(study.labels[1:], study.outcomes, strict=True)
            for place, action in enumerate(outcome.scenario.dated, start=1)
        ]
        return self.table_of(
            ("各情景做什么", "What each scenario does"),
            (
                SCENARIO,
                NUMBER,
                Column("year", ("从哪一学年起", "From year")),
                DO,
                Column("what", ("做什么", "What is done")),
            ),
            rows,
            empty=("各情景都没有操作。", "No scenario does anything."),
        )

    def notes(self) -> Sentences:
        """Return how the years came about that the data lack, and what must be known of each scenario."""
        lines = [told(note, self.lang) for note in self.study.comparison.notes]
        lines += [
            f"{name}{self.say('：', ': ')}{told(found, self.lang)}"
            for name, outcome in zip(self.study.labels[1:], self.study.outcomes, strict=True)
            for found in outcome.findings
        ]
        return Sentences(tuple(f"{line}{self.say('。', '.')}" for line in lines), "notes")


# The scenario page: base and scenarios side by side, and what each action does.


@dataclass(frozen=True)
class ScenarioReport:
    """Everything the scenario page shows, part by part."""

    context: ReportContext
    district: str  # empty for the only one of the data
    scenarios: Sequence[str | Path]  # scenario files

    @cached_property
    def study(self) -> ScenarioStudy:
        """The comparison, made once.

        Raises
        ------
        QbError
            See `qb.scenario.whatif`; or if no district is named where there are several.
        """
        known = self.context.assessment.districts["district"].tolist()
        if not self.district and len(known) != 1:
            raise QbError(
                "数据中有 {} 个县区，请写明 district。已有：{}。",
                "The data have {} districts: name one as district. There are: {}.",
                len(known),
                listing(known),
            )
        given = [beside_notebooks(one) if isinstance(one, str | Path) else one for one in self.scenarios]
        compared = whatif(self.context.data, given, standard=self.context.standard)
        return ScenarioStudy(self.context, self.district or known[0], compared)

    story = cached_property(lambda self: ScenarioSummary(self.study))
    sides = cached_property(lambda self: ScenarioTables(self.study))
    details = cached_property(lambda self: ScenarioDetails(self.study))
