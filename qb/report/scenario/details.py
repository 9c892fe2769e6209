"""Which schools and which actions are behind it."""

from __future__ import annotations

import pandas as pd

from qb import charts
from qb.charts.zones import rezoned
from qb.report.scenario.actions import does, item_label
from qb.report.scenario.part import ScenarioPart
from qb.report.seven import gap_text
from qb.report.table import Column, Sentences, Table
from qb.report.words import verdict_label
from qb.scenario.compare import COEFFICIENT, PASSING
from qb.terms import COMPULSORY, Stage

FELT = 0.0005  # a coefficient that moves by less shows the same three decimals


class ScenarioDetails(ScenarioPart):
    """Maps, schools whose verdict changes, actions one by one, costs."""

    def maps(self) -> list[charts.Chart | Sentences]:
        """Return for each scenario and stage the zones before and after, where any belongs elsewhere."""
        found = [
            self._map(number, stage)
            for number in range(1, len(self.study.labels))
            for stage in COMPULSORY
            if self._rezoned(number, stage)
        ]
        none = self.say("各情景都没有改变小区的划片。", "No zone changes its school in any scenario.")
        return found or [Sentences((none,))]

    def _zones(self, number: int, stage: Stage) -> pd.DataFrame:
        """Return the district's zones with the school of each, before and after."""
        year, column = self.study.year, f"{stage}_school_id"
        before = self.study.own(self.study.comparison.base_data[year]["zones"])
        after = self.study.outcomes[number - 1].data[year]["zones"].set_index("zone_id")[column]
        return before.assign(before=before[column], after=before["zone_id"].map(after))

    def _rezoned(self, number: int, stage: Stage) -> int:
        zones = self._zones(number, stage)
        return int((zones["before"].fillna("") != zones["after"].fillna("")).sum())

    def _map(self, number: int, stage: Stage) -> charts.Chart:
        study, zones = self.study, self._zones(number, stage)
        year = study.year
        places = {
            school: (longitude, latitude)
            for data in (study.comparison.base_data[year], study.outcomes[number - 1].data[year])
            for school, longitude, latitude in data["schools"][
                ["school_id", "longitude", "latitude"]
            ].itertuples(index=False)
            if school in study.home
        }
        count, children = self._rezoned(number, stage), zones.loc[_differ(zones), f"{stage}_children"].sum()
        label = study.stage(stage)
        finding = self.say(
            f"“{study.labels[number]}”：{label} {count} 个小区、适龄儿童 {children:,.0f} 人改划",
            f"{study.labels[number]}: {count} zones with {children:,.0f} children change their {label.lower()} school",
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
        for number in range(1, len(study.labels)):
            met, pupils = (
                study.changes(number, what).set_index(["school_id", "stage"])[["before", "after"]]
                for what in ("met", "pupils")
            )
            for row in study.changes(number, "school verdict").itertuples():
                key = (row.school_id, row.stage)
                rows.append(
                    {
                        "scenario": study.labels[number],
                        "name": study.names.get(row.school_id, row.school_id),
                        "stage": study.stage(row.stage),
                        "before": self._verdict(row.before),
                        "after": self._verdict(row.after),
                        "met": self._pair(number, key, "met", met),
                        "pupils": self._pair(number, key, "pupils", pupils),
                    }
                )
        columns = (
            Column("scenario", self.say("情景", "Scenario")),
            Column("name", self.say("学校", "School")),
            Column("stage", self.say("学段", "Stage")),
            Column("before", self.say("现状结论", "Verdict as it is")),
            Column("after", self.say("情景结论", "In the scenario")),
            Column("met", self.say("达标项数", "Indicators met")),
            Column("pupils", self.say("学生数", "Pupils")),
        )
        return Table(
            self.say(
                f"结论改变的学校（学段），{study.year} 学年",
                f"School stages whose verdict changes, {study.year}",
            ),
            columns,
            pd.DataFrame(rows, columns=[c.key for c in columns]),
            note=self.say("“无”：没有这所学校，或不参加评估。", "“None”: no such school, or not judged."),
            empty=self.say("没有学校的结论改变。", "No school's verdict changes."),
            lang=self.lang,
        )

    def _pair(self, number: int, key: tuple[str, str], what: str, changed: pd.DataFrame) -> str:
        """Return a figure before and after; once where it stays."""
        if key in changed.index:
            before, after = changed.loc[key, ["before", "after"]]
            return f"{self._count(before)} → {self._count(after)}"
        rows = self.study.sides[number].rows.set_index(["school_id", "stage"])
        return self._count(rows.loc[key, what])

    def _count(self, value: float | None) -> str:
        return self.say("无", "none") if value is None else f"{value:,.0f}"

    def _verdict(self, value: object) -> str:
        return self.say("无", "None") if value is None else verdict_label(str(value), self.lang)

    def contributions(self) -> Table:
        """Return what each action adds: schools passing, and the coefficients it moves most."""
        study, rows = self.study, []
        for side in range(1, len(study.labels)):
            for (number, do), part in study.contributions(side).groupby(["number", "do"], sort=False):
                passing = part[(part["what"] == PASSING).to_numpy()]
                spread = part[(part["what"] == COEFFICIENT).to_numpy()].dropna(subset="added")
                needed = part["reason"].notna().any()
                rows.append(
                    {
                        "scenario": study.labels[side],
                        "number": number,
                        "do": does(do, self.lang),
                        "added": passing["added"].sum(),
                        "left": self.say("后面的操作离不开它", "others need it")
                        if needed
                        else _signed(passing["left_out"].sum()),
                        "up": self._most(spread, up=True),
                        "down": self._most(spread, up=False),
                    }
                )
        columns = (
            Column("scenario", self.say("情景", "Scenario")),
            Column("number", self.say("第几项", "No."), decimals=0),
            Column("do", self.say("操作", "Action")),
            Column(
                "added", self.say("按顺序做：达标学校增减", "In order: school stages passing"), decimals=0
            ),
            Column("left", self.say("与唯独不做它相比", "Against leaving it out")),
            Column("up", self.say("上升最多的差异系数", "Coefficient it raises most")),
            Column("down", self.say("下降最多的差异系数", "Coefficient it lowers most")),
        )
        return Table(
            self.say(f"各项操作的作用，{study.year} 学年", f"What each action contributes, {study.year}"),
            columns,
            pd.DataFrame(rows, columns=[c.key for c in columns]),
            note=self.say(
                "按顺序各项作用相加，等于整个情景的变化；“唯独不做它”是全部操作与缺这一项之差，相加不必相等。"
                "给已明显高于均值的学校增配，差异系数反而上升。",
                "In order, the actions add up to the whole scenario; the difference that leaving one out makes need not. "
                "Helping a school well above the mean raises the coefficient.",
            ),
            empty=self.say("没有操作。", "Nothing is done."),
            lang=self.lang,
        )

    def _most(self, spread: pd.DataFrame, *, up: bool) -> str:
        signed = spread["added"] if up else -spread["added"]
        if not len(spread) or signed.max() < FELT:
            return "—"
        row = spread.loc[signed.idxmax()]
        return f"{self.study.stage(row['stage'])} {row['code']} {row['added']:+.{self.study.decimals}f}"

    def _item(self, item: str, stage: object) -> str:
        text = item_label(item, self.lang)
        if not (isinstance(stage, str) and stage):
            return text
        return self.say(f"{text}（{self.study.stage(stage)}）", f"{text} ({self.study.stage(stage).lower()})")

    def costs(self) -> Table:
        """Return what each action costs, item by item; what has no price is named."""
        study, rows = self.study, []
        for name, outcome in zip(study.labels[1:], study.outcomes, strict=True):
            for row in outcome.costs.itertuples():
                priced = isinstance(row.code, str)
                rows.append(
                    {
                        "scenario": name,
                        "number": row.number,
                        "do": does(row.do, self.lang),
                        "item": "" if row.item == row.do else self._item(row.item, row.stage),
                        "amount": gap_text(row.code, row.amount, self.lang) if priced else "",
                        "years": f"{row.years:.0f}" if priced else "",
                        "cost": self.yuan(row.cost_yuan if priced else None),
                        "range": f"{self.yuan(row.low)} – {self.yuan(row.high)}" if priced else "",
                    }
                )
        columns = (
            Column("scenario", self.say("情景", "Scenario")),
            Column("number", self.say("第几项", "No."), decimals=0),
            Column("do", self.say("操作", "Action")),
            Column("item", self.say("内容", "Item")),
            Column("amount", self.say("数量", "Amount")),
            Column("years", self.say("计几年", "Years")),
            Column("cost", self.say("费用", "Cost")),
            Column("range", self.say("低—高", "Low to high")),
        )
        title = study.comparison.costs.title
        return Table(
            self.say(f"费用明细（{title.zh}）", f"Costs ({title.en})"),
            columns,
            pd.DataFrame(rows, columns=[c.key for c in columns]),
            note=self.say(
                "工资每年都要支出，从操作的学年计到所比较的学年；其余只计一次。新进和新校教师按一名专任教师一年的工资计。",
                "Pay comes back every year, from the action's to the year compared; all else counts once. Any teacher is "
                "priced at a year's pay.",
            ),
            empty=self.say("没有操作。", "Nothing is done."),
            lang=self.lang,
        )


def _signed(number: float) -> str:
    return f"{number:+.0f}" if number else "0"


def _ids(schools: pd.Series) -> list[str | None]:
    return [school if isinstance(school, str) else None for school in schools]


def _differ(zones: pd.DataFrame) -> pd.Series:
    return zones["before"].fillna("") != zones["after"].fillna("")
