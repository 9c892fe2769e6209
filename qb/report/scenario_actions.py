"""Scenario page: what actions do, in words; which schools and actions are behind a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from qb import charts
from qb.charts.maps import rezoned
from qb.data.schema import items_of
from qb.language import told
from qb.planning.costs import price_code
from qb.planning.scenario import Action
from qb.planning.scenario.comparison import COEFFICIENT, PASSING
from qb.planning.scenario.pupils_actions import MovePupils, NewEstate, PlaceOverflow, Rezone, SplitClasses
from qb.planning.scenario.resource_actions import Build, Buy, Fund, Set, TransferEquipment
from qb.planning.scenario.scenario_file import ACTIONS
from qb.planning.scenario.scenario_summary import item_words, unit_of_item
from qb.planning.scenario.school_actions import CloseSchool, MergeSchools, OpenSchool
from qb.planning.scenario.teacher_actions import Hire, Train, TransferTeachers
from qb.report.columns import SCHOOL, STAGE
from qb.report.resource_tables import gap_text
from qb.report.scenario_comparison import ScenarioPart
from qb.report.tables import Column, Row, Sentences, Table
from qb.report.words import Lang, label, money_range, number, say, signed, stage_label, verdict_label
from qb.standard import Standard
from qb.terms import COMPULSORY, RoomKind, Stage

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


# What words mean of which there is a choice in an action.
CHOSEN = {
    "standard": ("按标准配足", "with what the standard demands"),
    "keep": ("原址保留", "sites stay in use"),
    "close": ("原址关闭", "sites are closed"),
    "entrants": ("从新生起逐年", "entrants first, one more grade each year"),
    "all": ("在校生一并转来", "those at school move as well"),
}


class Telling:
    """Says what actions do, with the names of schools and zones."""

    def __init__(
        self,
        schools: Mapping[str, str],
        zones: Mapping[str, str],
        lang: Lang,
        standard: Standard | None = None,
    ) -> None:
        self._schools, self._zones, self._lang, self._standard = schools, zones, lang, standard

    def of(self, action: Action) -> str:
        """Return an action as a sentence without a full stop."""
        return getattr(self, f"_{action.do}")(action)

    def _say(self, zh: str, en: str) -> str:
        return say(self._lang, zh, en)

    def _school(self, school: str, stage: object = None) -> str:
        name = self._schools.get(school, school)
        return name + (self._say("", " ") + stage_label(stage, self._lang) if stage else "")

    def _list(self, parts: object, name: Callable[[object], str] = str) -> str:
        return self._say("、", ", ").join(name(part) for part in parts)

    def _amounts(self, amounts: Mapping[str, float]) -> str:
        return self._list(
            [f"{self._thing(name)} {_plain(value)}{self._unit(name)}" for name, value in amounts.items()]
        )

    def _thing(self, column: str) -> str:
        """Return what a column counts, for a number to follow: 骨干教师 2 人, not 骨干教师数 2 人."""
        unit = unit_of_item(column, self._standard).zh
        return item_label(column, self._lang, self._standard).removesuffix("数").removesuffix(unit)

    def _unit(self, column: str) -> str:
        unit = told(unit_of_item(column, self._standard), self._lang)
        return f" {unit}" if unit else ""

    def _open_school(self, action: OpenSchool) -> str:
        sizes = action.capacity or action.classes
        unit = self._say(" 人", " pupils") if action.capacity else self._say(" 个班", " classes")
        parts = self._list([f"{stage_label(stage, self._lang)} {n}{unit}" for stage, n in sizes.items()])
        other = (f"比照{self._school(action.like or '')}", f"like {action.like}")
        model = self._say("，{0}", ", {1}").format(*CHOSEN.get(action.like, other)) if action.like else ""
        kind = label(action.kind, self._lang)
        return self._say(
            f"开办{action.name}（{kind}）：{parts}{model}", f"Open {action.name} ({kind}): {parts}{model}"
        )

    def _close_school(self, action: CloseSchool) -> str:
        to = self._list(action.to, self._school)
        goes = self._say(f"，学生和教师到{to}", f"; pupils and teachers go to {to}") if to else ""
        return self._say("关闭", "Close ") + self._school(action.school) + goes

    def _merge_schools(self, action: MergeSchools) -> str:
        gone, into = self._list(action.from_, self._school), self._school(action.into)
        zh, en = CHOSEN[action.sites]
        return self._say(f"{gone}并入{into}，{zh}", f"Merge {gone} into {into}; {en}")

    def _move_pupils(self, action: MovePupils) -> str:
        to = self._school(action.to)
        if action.zone is not None:
            zone, stage = self._zones.get(action.zone, action.zone), stage_label(action.stage, self._lang)
            return self._say(f"{zone}的{stage}学生转到{to}", f"{stage} pupils of {zone} move to {to}")
        grades = f"（{self._list(action.grades)} 年级）" if action.grades else ""
        english = f" (grades {self._list(action.grades)})" if action.grades else ""
        share = None if action.share is None else f"{100 * action.share:g}%"
        source = self._school(action.from_, action.stage)
        return self._say(
            f"从{source}{grades}转 {share or f'{action.pupils} 人'}到{to}",
            f"Move {share or action.pupils} {'of the ' if share else ''}pupils from {source}{english} to {to}",
        )

    def _rezone(self, action: Rezone) -> str:
        zones, stage = (
            self._list(action.zones, lambda z: self._zones.get(z, z)),
            stage_label(action.stage, self._lang),
        )
        zh, en = CHOSEN[action.moves]
        to = self._school(action.to)
        return self._say(f"{zones}的{stage}改划到{to}（{zh}）", f"{stage}: {zones} now belong to {to} ({en})")

    def _new_estate(self, action: NewEstate) -> str:
        zone = self._zones.get(action.zone, action.zone)
        parts = [
            f"{stage_label(stage, self._lang)} {n}{self._say(' 人', ' pupils')}"
            for stage, n in action.children.items()
        ]
        return self._say(
            f"{zone}新建住宅 {action.households} 户：{self._list(parts)}",
            f"{action.households} new homes in {zone}: {self._list(parts)}",
        )

    def _staff(self, action: TransferTeachers | Hire) -> str:
        parts = [f"{self._thing(c)} {n}{self._say(' 人', '')}" for c, n in action.given.items()]
        if not parts:
            return ""
        return self._say(f"（其中{self._list(parts)}）", f" (of whom {self._list(parts)})")

    def _transfer_teachers(self, action: TransferTeachers) -> str:
        source, to = self._school(action.from_, action.stage), self._school(action.to)
        staff = self._staff(action)
        counted = self._say("，计入交流轮岗", ", counted as rotation") if action.rotation else ""
        return self._say(
            f"从{source}到{to}交流教师 {action.teachers} 人{staff}{counted}",
            f"{action.teachers} teachers{staff} go from {source} to {to}{counted}",
        )

    def _transfer_equipment(self, action: TransferEquipment) -> str:
        source, to = self._school(action.from_, action.from_stage), self._school(action.to, action.to_stage)
        amount = _plain(action.equipment_yuan)
        return self._say(
            f"从{source}调配价值 {amount} 元的设备到{to}",
            f"Equipment worth {amount} yuan goes from {source} to {to}",
        )

    def _hire(self, action: Hire) -> str:
        school = self._school(action.school, action.stage)
        return self._say(
            f"{school}新进教师 {action.teachers} 人{self._staff(action)}",
            f"{school} hires {action.teachers} teachers{self._staff(action)}",
        )

    def _train(self, action: Train) -> str:
        school, amounts = self._school(action.school, action.stage), self._amounts(action.given)
        return self._say(f"{school}培养：{amounts}", f"{school}: train {amounts}")

    def _build(self, action: Build) -> str:
        amounts = self._amounts(action.amounts) if action.amounts else ""
        unit = self._unit("area_m2")
        rooms = self._list(
            [f"{_room(room.kind, self._lang)} {room.area_m2:g}{unit}" for room in action.rooms]
        )
        what = self._list([part for part in (amounts, rooms) if part])
        return self._say(
            f"{self._school(action.school, action.stage)}建设：{what}",
            f"{self._school(action.school, action.stage)}: build {what}",
        )

    def _buy(self, action: Buy) -> str:
        school, what = self._school(action.school, action.stage), self._amounts(action.amounts)
        return self._say(f"{school}添置：{what}", f"{school}: buy {what}")

    def _by_school(self, action: SplitClasses | PlaceOverflow) -> str:
        schools = self._list(action.school, self._school) or self._say("各校", "all schools")
        stage = stage_label(action.stage, self._lang) if action.stage else ""
        limit = f" {action.limit}" if action.limit else self._say("为标准的班额", " the standard's")
        return f"{schools}{self._say('', ' ')}{stage}".strip() + self._say(
            f"（上限{limit}）", f" (limit:{limit})"
        )

    def _split_classes(self, action: SplitClasses) -> str:
        return self._say("大班分开：", "Split large classes: ") + self._by_school(action)

    def _place_overflow(self, action: PlaceOverflow) -> str:
        zh, en = (
            "超出班额的学生统筹到集团内学校：",
            "Pupils above the class limit go to schools of the group: ",
        )
        return self._say(zh, en) + self._by_school(action)

    def _fund(self, action: Fund) -> str:
        school, what = self._school(action.school), self._amounts(action.amounts)
        return self._say(f"{school}增加经费：{what}", f"{school}: more money: {what}")

    def _set(self, action: Set) -> str:
        where = f"{action.district} " if action.district else ""
        return self._say(
            f"{where}县区数据“{items_of(self._standard)[action.item].zh}”改为 {action.value:g}",
            f"{where}{action.item} becomes {action.value:g}",
        )


def _room(kind: RoomKind, lang: Lang) -> str:
    return say(
        lang, *{RoomKind.MUSIC: ("音乐教室", "music room"), RoomKind.ART: ("美术教室", "art room")}[kind]
    )


def _plain(value: float) -> str:
    return number(value, 0 if float(value).is_integer() else 1)


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
        return f"{_plain(amount)} {self.say(unit.zh, unit.en)}"

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
