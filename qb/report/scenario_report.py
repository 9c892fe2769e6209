"""Scenario page: what was compared, what came of it, what each action does; maps, schools affected, costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from qb import charts
from qb.charts.maps import rezoned
from qb.errors import QbError
from qb.files import beside_notebooks
from qb.indicators.assessment import Assessment
from qb.language import listing, told
from qb.planning.costs import price_code
from qb.planning.scenario import whatif
from qb.planning.scenario.action_base import Names, in_print, item_words
from qb.planning.scenario.comparison import BASE, COEFFICIENT, PASSING, total
from qb.planning.scenario.scenario_file import ACTIONS
from qb.report.columns import SCHOOL, STAGE
from qb.report.context import ReportContext
from qb.report.resource_tables import gap_text
from qb.report.scenario_comparison import ScenarioPart, ScenarioStudy, ScenarioTables
from qb.report.tables import Cards, Column, Heading, Row, Sentences, Table
from qb.report.words import (
    Lang,
    listed,
    money_range,
    number,
    school_year,
    signed,
    verdict_label,
    without_rule,
)
from qb.standard import Indicator, Standard
from qb.terms import COMPULSORY, Stage, Verdict

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
                f"{study.district}: what if, {school_year(study.year, 'en').lower()}",
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


# What an action does, in words.


def does(do: str, lang: Lang) -> str:
    """Return what kind of action it is."""
    return told(ACTIONS[do].called, lang)


def item_label(item: str, lang: Lang, standard: Standard | None = None) -> str:
    """Return what an item of the costs is called, one that the standard declares among them.

    >>> item_label("site", "en"), item_label("sports_ground_m2", "zh")
    ('land and setting up', '体育运动场地面积')
    """
    if item in ACTIONS:
        return does(item, lang)
    return told(item_words(item, standard), lang)


# Which schools and which actions are behind it.


FELT = 0.0005  # a coefficient that moves by less shows the same three decimals
NOTHING = ("没有操作。", "Nothing is done.")
SCENARIO = Column("scenario", ("情景", "Scenario"))
NUMBER = Column("number", ("第几项", "No."), decimals=0)
DO = Column("do", ("操作", "Action"), show=lambda row, reader: does(row["do"], reader.lang))


class ScenarioDetails(ScenarioPart):
    """Maps, schools whose verdict changes, actions one by one, costs."""

    def maps(self) -> list[charts.Chart | Sentences]:
        """Return for each scenario and stage the zones before and after, where any belongs elsewhere."""
        found: list[charts.Chart | Sentences] = [
            self._map(place, stage)
            for place in range(1, len(self.study.labels))
            for stage in COMPULSORY
            if self._zones(place, stage)["moved"].any()
        ]
        none = self.say("各情景都没有改变小区的划片。", "No zone changes its school in any scenario.")
        return found or [Sentences((none,))]

    def _zones(self, number: int, stage: Stage) -> pd.DataFrame:
        """Return the district's zones with the school of each before and after, and whether it is another."""
        year, column = self.study.year, f"{stage}_school_id"
        before = self.study.own(self.study.comparison.base_data[year]["zones"])
        after = self.study.outcomes[number - 1].data[year]["zones"].set_index("zone_id")[column]
        found = before.assign(before=before[column], after=before["zone_id"].map(after))
        return found.assign(moved=found["before"].fillna("") != found["after"].fillna(""))

    def _map(self, number: int, stage: Stage) -> charts.Chart:
        study, zones = self.study, self._zones(number, stage)
        datasets = (study.comparison.base_data[study.year], study.outcomes[number - 1].data[study.year])
        places = {
            school: (longitude, latitude)
            for data in datasets
            for school, longitude, latitude in data["schools"][
                ["school_id", "longitude", "latitude"]
            ].itertuples(index=False)
            if school in study.home
        }
        count, children = int(zones["moved"].sum()), zones.loc[zones["moved"], f"{stage}_children"].sum()
        label = study.stage(stage)
        finding = self.say(
            f"“{study.labels[number]}”：{label} {count} 个小区、适龄儿童 {children:,.0f} 人改划",
            f"{study.labels[number]}: {count} {'zone' if count == 1 else 'zones'} with {children:,.0f} children "
            f"{'changes' if count == 1 else 'change'} {label.lower()} school",
        )
        return rezoned(
            zones["longitude"].tolist(),
            zones["latitude"].tolist(),
            [study.zones[zone] for zone in zones["zone_id"]],
            _ids(zones["before"]),
            _ids(zones["after"]),
            places,
            study.names,
            headings=(study.labels[0], study.labels[number]),
            caption=study.caption(
                finding, self.say("小区与所划学校", "Zones and the schools they belong to")
            ),
        )

    def schools(self) -> Table:
        """Return the schools whose verdict changes, or which open or close."""
        study, rows = self.study, []
        for place in range(1, len(study.labels)):
            met, pupils = (
                study.changes(place, what).set_index(["school_id", "stage"])[["before", "after"]]
                for what in ("met", "pupils")
            )
            rows += [
                {
                    **row,
                    "scenario": study.labels[place],
                    "name": study.names.get(row["school_id"], row["school_id"]),
                    "met": self._pair(place, row, "met", met),
                    "pupils": self._pair(place, row, "pupils", pupils),
                }
                for row in study.changes(place, "school verdict").to_dict("records")
            ]
        return self.table_of(
            (
                f"结论改变的学校（学段），{study.year} 学年",
                f"School stages whose verdict changes, {study.year}",
            ),
            (
                SCENARIO,
                SCHOOL,
                STAGE,
                Column("before", ("现状结论", "Verdict as it is"), show=self._verdict("before")),
                Column("after", ("情景结论", "In the scenario"), show=self._verdict("after")),
                Column("met", ("达标项数", "Indicators met")),
                Column("pupils", ("学生数", "Pupils")),
            ),
            rows,
            note=("“无”：没有这所学校，或不参加评估。", "“None”: no such school, or not judged."),
            empty=("没有学校的结论改变。", "No school's verdict changes."),
        )

    def _pair(self, number: int, row: Row, what: str, changed: pd.DataFrame) -> str:
        """Return a figure before and after; once where it stays."""
        key = (row["school_id"], row["stage"])
        if key in changed.index:
            before, after = changed.loc[key, ["before", "after"]]
            return f"{self._count(before)} → {self._count(after)}"
        rows = self.study.sides[number].rows.set_index(["school_id", "stage"])
        return self._count(rows.loc[key, what])

    def _count(self, value: float | None) -> str:
        return self.say("无", "none") if value is None else f"{value:,.0f}"

    def _verdict(self, side: str) -> Callable[[Row, object], str]:
        none = self.say("无", "None")
        return lambda row, _: none if row[side] is None else verdict_label(str(row[side]), self.lang)

    def contributions(self) -> Table:
        """Return what each action adds: schools passing, and the coefficients it moves most."""
        study, rows = self.study, []
        for side in range(1, len(study.labels)):
            for (place, do), part in study.contributions(side).groupby(["number", "do"], sort=False):
                passing = part[(part["what"] == PASSING).to_numpy()]
                spread = part[(part["what"] == COEFFICIENT).to_numpy()].dropna(subset="added")
                needed = part["reason"].notna().any()
                left = signed(passing["left_out"].sum(), 0)
                rows.append(
                    {
                        "scenario": study.labels[side],
                        "number": place,
                        "do": do,
                        "added": passing["added"].sum(),
                        "left": self.say("后面的操作离不开它", "others need it") if needed else left,
                        "up": self._most(spread, up=True),
                        "down": self._most(spread, up=False),
                    }
                )
        return self.table_of(
            (f"各项操作的作用，{study.year} 学年", f"What each action contributes, {study.year}"),
            (
                SCENARIO,
                NUMBER,
                DO,
                Column("added", ("按顺序做：达标学校增减", "In order: school stages passing"), decimals=0),
                Column("left", ("比缺这一项多达标", "More met than without it")),
                Column("up", ("上升最多的差异系数", "Coefficient it raises most")),
                Column("down", ("下降最多的差异系数", "Coefficient it lowers most")),
            ),
            rows,
            note=(
                "按顺序各项作用相加，等于整个情景的变化；“比缺这一项多达标”是全部操作与缺这一项之差，各项相加不一定等于合计。"
                "给已明显高于均值的学校增配，差异系数反而上升。",
                "In order, the actions add up to the whole scenario; the difference that leaving one out makes need not. "
                "Helping a school well above the mean raises the coefficient.",
            ),
            empty=NOTHING,
        )

    def _most(self, spread: pd.DataFrame, *, up: bool) -> str:
        moved = spread["added"] if up else -spread["added"]
        if not len(spread) or moved.max() < FELT:
            return "—"
        row = spread.loc[moved.idxmax()]
        return f"{self.study.stage(row['stage'])} {row['code']} {signed(row['added'], self.study.decimals)}"

    def _item(self, item: str, stage: object) -> str:
        text = item_label(item, self.lang, self.standard)
        if not (isinstance(stage, str) and stage):
            return text
        return self.say(f"{text}（{self.study.stage(stage)}）", f"{text} ({self.study.stage(stage).lower()})")

    def _amount(self, code: str, amount: float, priced_by: Mapping[str, Indicator]) -> str:
        if not code:  # an estimate as a whole
            return ""
        if code in priced_by:
            return gap_text(priced_by[code], amount, self.lang)
        unit = self.study.comparison.costs.other(code).unit
        return f"{in_print(amount)} {self.say(unit.zh, unit.en)}"

    def costs(self) -> Table:
        """Return what each action costs, item by item; what has no price is named."""
        study, title = self.study, self.study.comparison.costs.title
        named = zip(study.labels[1:], study.outcomes, strict=True)
        rows = [
            {**row, "scenario": name} for name, outcome in named for row in outcome.costs.to_dict("records")
        ]
        priced_by = {price_code(i): i for i in self.standard.resources}

        def where_priced(show: Callable[[Row], str]) -> Callable[[Row, object], str]:
            return lambda row, _: show(row) if isinstance(row["code"], str) else ""

        def item(row: Row, _: object) -> str:
            return "" if row["item"] == row["do"] else self._item(row["item"], row["stage"])

        def cost(row: Row, _: object) -> str:
            return self.yuan(row["cost_yuan"] if isinstance(row["code"], str) else None)

        amount = where_priced(lambda row: self._amount(row["code"], row["amount"], priced_by))
        span = where_priced(lambda row: money_range(row["low"], row["high"], self.lang))
        return self.table_of(
            (f"费用明细（{title.zh}）", f"Costs ({title.en})"),
            (
                SCENARIO,
                NUMBER,
                DO,
                Column("item", ("内容", "Item"), show=item),
                Column("amount", ("数量", "Amount"), show=amount),
                Column("years", ("计几年", "Years"), show=where_priced(lambda row: f"{row['years']:.0f}")),
                Column("cost", ("费用", "Cost"), show=cost),
                Column("range", ("低—高", "Low to high"), show=span),
            ),
            rows,
            note=(
                "工资每年都要支出，从操作的学年计到所比较的学年；其余只计一次。新进和新校教师按一名专任教师一年的工资计。",
                "Pay comes back every year, from the action's to the year compared; all else counts once. Any teacher is "
                "priced at a year's pay.",
            ),
            empty=NOTHING,
        )


def _ids(schools: pd.Series) -> list[str | None]:
    return [school if isinstance(school, str) else None for school in schools]


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
