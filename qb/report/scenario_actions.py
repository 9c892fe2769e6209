"""Scenario page: zones on maps, schools whose verdict changes, actions one by one, costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from qb import charts
from qb.charts.maps import rezoned
from qb.language import told
from qb.planning.costs import price_code
from qb.planning.scenario.action_words import in_print, item_words
from qb.planning.scenario.comparison import COEFFICIENT, PASSING
from qb.planning.scenario.scenario_file import ACTIONS
from qb.report.columns import SCHOOL, STAGE
from qb.report.resource_tables import gap_text
from qb.report.scenario_comparison import ScenarioPart
from qb.report.tables import Column, Row, Sentences, Table
from qb.report.words import Lang, money_range, signed, verdict_label
from qb.standard import Standard
from qb.terms import COMPULSORY, Stage

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
        found = [
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

    def _amount(self, code: str, amount: float, priced_by: Mapping[str, object]) -> str:
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
