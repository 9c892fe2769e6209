"""The plan page: purchases, limits that bind, prices, budgets, transfers, years, what balance costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.plan_figures import Lane, before_after, cost_curve
from qb.language import told
from qb.planning.costs import other_prices
from qb.planning.plan.plan_summary import means_met
from qb.report.columns import SCHOOL, STAGE, Words, gap
from qb.report.context import DistrictPart
from qb.report.plan_study import (
    PlanAnswers,
    PlanAssumed,
    PlanPart,
    PlanVerdict,
    cost_columns,
    money_column,
    plan_answers,
)
from qb.report.resource_tables import gap_text, names, percent_of_standard, verdicts
from qb.report.scenario_report import item_label
from qb.report.tables import Column, Row, Sentences, Table
from qb.report.words import (
    WAN,
    coefficients_met,
    department_names,
    level_said,
    listed,
    number,
    school_year,
    stage_label,
    title,
    unit_of,
)
from qb.terms import Stage

NONE = ("没有需要购置的。", "There is nothing to buy.")
WITHOUT = ("没有方案，无从计算。", "There is no plan to compute it from.")


def _sums(bought: pd.DataFrame) -> dict[str, float]:
    return bought[["cost_yuan", "low_yuan", "high_yuan"]].sum().to_dict()


class PlanPurchases(PlanPart):
    """What to buy: by school, by indicator, by department."""

    @property
    def _bought(self) -> pd.DataFrame:
        return (
            self.work.plan.purchases
            if self.work.made
            else pd.DataFrame(columns=["school_id", "code", "stage"])
        )

    @property
    def _empty(self) -> Words:
        return NONE if self.work.made else WITHOUT

    def by_school(self) -> Table:
        """Return what each school gets, the dearest first."""
        rows = [
            {
                "name": mine["name"].iloc[0],
                "school_id": school,
                "what": self.say("；", "; ").join(self._at_school(mine)),
                **_sums(mine),
            }
            for school, mine in self._bought.groupby("school_id")
        ]
        return self.table_of(
            ("购置清单：按学校", "What to buy, by school"),
            (SCHOOL, Column("what", ("增加", "To add")), *cost_columns(self.lang)),
            sorted(rows, key=lambda row: -row["cost_yuan"]),
            note=self.say(
                "规则允许个别指标低于标准的，哪一项低于标准也由方案选定，使总费用最低。",
                "Where the rule lets a school stay below on some indicators, which ones is part of the decision, so that the total is least. ",
            )
            * self.standard.lets_below
            + self.say(
                "教师、教室取整数；按全校填报的学校按全校购置。没有列出的学校不需要购置。",
                "Teachers and rooms are whole numbers; a school that reports as a whole buys as a whole. Schools not listed need nothing.",
            ),
            empty=self._empty,
        )

    def _at_school(self, mine: pd.DataFrame) -> list[str]:
        whole = len(set(mine["stage"])) > 1
        return [
            f"{self.short(row.code)}"
            + (f"（{stage_label(row.stage, self.lang)}）" if whole else "")
            + f" {gap_text(self.standard[row.code], row.amount, self.lang)}"
            + self.say("（新聘）", " (hired)") * bool(row.hired)
            for row in mine.itertuples()
        ]

    def by_indicator(self) -> Table:
        """Return what is bought of each resource at each stage."""
        codes, stages = self.standard.resource_codes, list(map(str, Stage))
        rows = [
            {
                "title": title(self.standard[code], self.lang),
                "stage": stage,
                "schools": mine["school_id"].nunique(),
                "amount": gap_text(self.standard[code], mine["amount"].sum(), self.lang)
                + self._hired(code, mine),
                **_sums(mine),
                "order": (codes.index(code), stages.index(stage)),
            }
            for (code, stage), mine in self._bought.groupby(["code", "stage"])
        ]
        return self.table_of(
            ("购置清单：按指标", "What to buy, by indicator"),
            (
                Column("title", ("指标", "Indicator")),
                STAGE,
                Column("schools", ("学校数", "Schools"), decimals=0),
                Column("amount", ("共增加", "In all")),
                *cost_columns(self.lang),
            ),
            sorted(rows, key=lambda row: row["order"]),
            empty=self._empty,
        )

    def _hired(self, code: str, mine: pd.DataFrame) -> str:
        """Say how many of the teachers are hired; nothing where none is."""
        hired = mine.loc[mine["hired"].to_numpy(dtype=bool), "amount"].sum()
        text = gap_text(self.standard[code], hired, self.lang)
        return self.say(f"（其中新聘 {text}）", f" ({text} hired)") * bool(hired)

    def by_department(self) -> Table | None:
        """Return what each department answers for; None where the standard names none."""
        if not self.standard.departments:
            return None

        def name(row: Row, _: object) -> str:
            return department_names((row["department"],), self.standard, self.lang)

        return self.table_of(
            ("购置清单：按责任部门", "What to buy, by department"),
            (
                Column("name", ("责任部门", "Department"), show=name),
                Column(
                    "codes",
                    ("涉及指标", "Indicators"),
                    show=lambda row, _: row["codes"].replace("、", self.say("、", ", ")),
                ),
                money_column(self.lang, "lead", "牵头", "First in charge", "lead_yuan"),
                money_column(self.lang, "shared", "牵头或参与", "Has a part", "shared_yuan"),
            ),
            self.work.why.departments if self.work.made else (),
            note=(
                "牵头指标准文件中列在第一位的部门，各部门牵头之和等于总费用；参与的费用由几个部门共同负责，不能相加。",
                "First in charge is the department that the standard names first: those sums add up to the total. What several share does not.",
            ),
            empty=self._empty,
        )

    def mending(self) -> Table:
        """Return what money mends beside the resources, by indicator; what has no price is said."""
        items = self.work.plan.mended.items if self.work.made else pd.DataFrame(columns=["code", "item"])
        rows = [
            {
                "title": self.short(code),
                "what": item_label(item, self.lang, self.standard),
                "places": mine["school_id"].nunique(),
                "amount": self._other(item, mine["amount"].sum()),
                "yearly": self.yearly(mine["yearly"].any()),
                "priced": self.say("没有单价", "no price")
                if mine["cost_yuan"].isna().all()
                else self.say(
                    number(mine["cost_yuan"].sum() / WAN, 2), number(mine["cost_yuan"].sum() / 1e6, 3)
                ),
            }
            for (code, item), mine in items.groupby(["code", "item"], sort=False)
        ]
        what = self.context.items
        none = (
            f"{what}以外没有判为未达标、可按费用文件补的。",
            f"Nothing beside {what} is both not met and in the cost file.",
        )
        return self.table_of(
            (f"{what}以外可用经费解决的", "What else money mends"),
            (
                Column("title", ("指标", "Indicator")),
                Column("what", ("内容", "What")),
                Column("places", ("涉及学校（县区）", "Schools, or the district"), decimals=0),
                Column("amount", ("共增加", "In all")),
                Column("yearly", ("计费", "Paid")),
                Column("priced", ("费用（万元）", "Cost (million yuan)")),
            ),
            rows,
            note=(
                "不在最低费用之内。学校规模、班额和核查事项花钱不能直接解决，不在此列。",
                "Not part of the least cost. School size, class size and checklist items are not mended by money alone.",
            ),
            empty=none if self.work.made else self._empty,
        )

    def _other(self, item: str, amount: float) -> str:
        other = other_prices(self.standard, self.work.costs).get(item)
        unit = told(other.unit, self.lang) if other else ""
        counted = unit.isascii() and unit.isalpha() and unit != "yuan" and float(amount) != 1
        return f"{number(amount, 0)} {unit}{'s' * counted}".strip()

    def yardsticks(self) -> Table | None:
        """Return the plan's cost beside that of simpler ways to the standard; None where there are none."""
        if self.work.by_mean:
            return None
        every = self.context.resources.removeprefix("the ")
        ways = {
            "plan": ("本方案", "This plan"),
            "seven of seven": (f"各校{self.context.items}全部达标", f"Every school meets {every} of {every}"),
            "greatest shortfall first": (
                "从缺口最大处补起，补到各校通过为止",
                "The greatest shortfall first, until every school passes",
            ),
        }

        def cost(row: Row, _: object) -> str:
            if row["yuan"] == row["yuan"]:
                return self.money(row["yuan"])
            return self.say("在上限之内做不到", "not within the upper bounds")

        def more(row: Row, _: object) -> str:
            known = row["yuan"] == row["yuan"] and row["name"] != "plan"
            return self.money(row["yuan"] - self.work.plan.cost) if known else ""

        return self.table_of(
            ("对照：其他做法的费用", "What other ways would cost"),
            (
                Column("name", ("做法", "Way"), show=lambda row, _: self.say(*ways[row["name"]])),
                Column("cost", ("费用", "Cost"), show=cost),
                Column("more", ("比本方案多", "More than this plan"), show=more),
            ),
            self.work.why.yardsticks if self.work.made else (),
            empty=self._empty,
        )


# Which limits bind, what easing them saves, and what one more pupil costs.


MOST = 10


class PlanLimits(PlanPart):
    """Prices (duals) of the relaxation."""

    def binding(self) -> Table | None:
        """Return the coefficients' limits and the upper bounds that bind; None where their mean decides."""
        if self.work.by_mean:
            return None
        rows = [*self._caps(), *self._bounds()] if self.work.made else []
        return self.table_of(
            ("起约束作用的限制", "Limits that bind"),
            (
                Column("limit", ("限制", "Limit")),
                Column("step", ("放宽多少", "Eased by")),
                Column("saves", ("可省（元）", "Saves (yuan)"), decimals=0),
            ),
            rows,
            note=(
                "按不取整的方案计算，只适用于小幅变动。",
                "Prices of the plan without whole numbers; they hold for small changes.",
            ),
            empty=(
                "差异系数限值和上限都不起约束作用，费用全部用于各校达标。"
                if self.standard.rules.coefficient
                else "上限不起约束作用，费用全部用于各校达标。",
                "No coefficient and no upper bound binds: all is spent on the schools themselves."
                if self.standard.rules.coefficient
                else "No upper bound binds: all is spent on the schools themselves.",
            )
            if self.work.made
            else WITHOUT,
        )

    def _caps(self) -> list[Row]:
        rows: list[Row] = []
        for row in self.work.why.caps.itertuples():
            stage, what = stage_label(row.stage, self.lang), self.short(row.code)
            limit = self.say(
                f"{stage}{what}差异系数不超过 {row.limit:g}",
                f"{stage} {what}: coefficient at most {row.limit:g}",
            )
            rows.append({"limit": limit, "step": self.say("放宽 0.01", "0.01 more"), "saves": row.saves_yuan})
        return rows

    def _bounds(self) -> list[Row]:
        rows: list[Row] = []
        for row in self.work.why.bounds.itertuples(index=False):
            what, unit = f"{row.name} {self.short(row.code)}", unit_of(self.standard[row.code], self.lang)
            limit = self.say(
                f"{what}：最多增 {number(row.limit, 1)}", f"{what}: at most {number(row.limit, 1)} more"
            )
            step = self.say(f"多 1 {unit}", f"1 more ({unit})")
            rows.append({"limit": limit, "step": step, "saves": row.saves_yuan})
        return rows

    def pupils(self) -> Table | None:
        """Return where one more pupil costs most; None where the mean of the coefficients decides."""
        if self.work.by_mean:
            return None
        shown = self.work.why.pupils if self.work.made else pd.DataFrame(columns=["yuan"])
        shown = shown[(shown["yuan"] >= 1).to_numpy(dtype=bool)]
        return self.table_of(
            (f"多一名学生要多花多少（最多的 {MOST} 处）", f"What one more pupil costs (the {MOST} highest)"),
            (SCHOOL, STAGE, Column("yuan", ("增加费用（元）", "More (yuan)"), decimals=0)),
            shown.sort_values("yuan", ascending=False, kind="stable").head(MOST),
            note=(
                "资源低于标准的学校，每多一名学生就要多补一份；按不取整的方案计算。",
                "A school below the standard must add for every pupil more; prices of the plan without whole numbers.",
            ),
            empty=("各校多一名学生都不增加费用。", "One more pupil costs nothing anywhere.")
            if self.work.made
            else WITHOUT,
        )


# What less money buys, what no money can do, and how to spread it over years.


class PlanAlternatives(PlanPart):
    """Budgets, transfers, years."""

    def budgets(self) -> Table | None:
        """Return what parts of the cost buy at best: most rows passing, then the least shortfall.

        None where the standard has no limits for schools.
        """
        if not self.standard.limits_schools:
            return None
        rows = []
        for step in self.work.steps:
            share, yuan = number(100 * step.budget / self.work.plan.cost, 0), self.money(step.budget)
            budget = self.say(f"{share}%，{yuan}", f"{share}%, {yuan}")
            saves = 10 * step.saves * step.problem.pupils.sum()
            rows.append({**vars(step), "budget": budget, "saves": saves})
        return self.table_of(
            ("预算不够时的最佳用法", "The best use of less"),
            (
                Column("budget", ("预算（占最低费用）", "Budget (of the least cost)")),
                money_column(self.lang, "cost", "花费", "Spent", "cost"),
                Column("passing", ("达标学校（学段）", "School stages that pass"), decimals=0),
                Column("most_passing", ("至多可达标", "At most"), decimals=0),
                Column(
                    "shortfall", ("每名学生平均尚缺（项）", "Standards the average pupil lacks"), decimals=3
                ),
                Column(
                    "saves",
                    ("再加 10 万元，少缺一项的学生（人）", "Pupils who lack one less with 100,000 yuan more"),
                    decimals=0,
                ),
            ),
            rows,
            note=self.say(
                "先让最多的学校（学段）达标，再让全体学生的缺口最小",
                "First as many school stages as possible pass, then the shortfall of all pupils is least",
            )
            + self.say("；不要求差异系数达标", "; coefficients are not asked for")
            * bool(self.standard.rules.coefficient)
            + self.say("。", "."),
            empty=NONE if self.work.made else WITHOUT,
        )

    def transfers(self) -> Table | None:
        """Return who should move where, without money; None where the standard has no limits for schools."""
        if not self.standard.limits_schools:
            return None
        moved = self.work.moves

        def place(side: str) -> Callable[[Row, object], str]:
            return lambda row, _: self._at(row[f"{side}_name"], stage_label(row[f"{side}_stage"], self.lang))

        return self.table_of(
            ("不花钱的调配", "Transfers without money"),
            (
                Column("from", ("调出", "From"), school="from_id", show=place("from")),
                Column("to", ("调入", "To"), school="to_id", show=place("to")),
                Column("what", ("指标", "Indicator"), show=lambda row, _: self.short(row["code"])),
                gap("amount", ("数量", "Amount")),
            ),
            () if moved is None else moved.moves,
            note=(
                "只从高于标准的学校调出，调出后仍不低于标准；教师在本学段内调配。在能达标的学校最多的前提下，调动最少。",
                "Only what is above the standard goes, and nobody falls below it; teachers stay in their stage. As many schools as possible pass, with the least movement.",
            ),
            empty=("缺数据，不能计算。", "Data are missing.")
            if moved is None
            else ("没有能让更多学校达标的调配。", "No transfer lets another school pass."),
        )

    def _at(self, name: str, stage: str) -> str:
        return self.say(f"{name}（{stage}）", f"{name} ({stage.lower()})")

    def years_summary(self) -> Sentences:
        """Return whether the standard can be kept in the years ahead, and whose pupils are counted on."""
        plan = self.work.years
        if plan is None:
            return Sentences(())
        target = self.say(school_year(plan.target_year, "zh"), f"{plan.target_year}–{plan.target_year + 1}")
        pupils, status = told(plan.path, self.lang), told(plan.status, self.lang)
        if plan.cost is None:
            clashes = [told(words, self.lang) for words in plan.clashes]
            why = self.say("：", ": ") + listed(clashes, self.lang) if clashes else ""
            line = self.say(
                f"到 {target}{self.goal()}达标（{pupils}）：{status}{why}。",
                f"Meeting {self.goal()} by {target} ({pupils}): {status}{why}.",
            )
        elif not plan.cost:
            line = self.say(
                f"{pupils}，到 {target}{self.met().replace('各校', '各校仍')}，不需要购置。",
                f"With {pupils}, in {target} {self.met()[0].lower()}{self.met()[1:]}: nothing to buy.",
            )
        else:
            cost, bound = self.money(plan.cost), self.money(plan.bound)
            line = self.say(
                f"{pupils}，到 {target}{self.goal()}达标共需 {cost}（各年相加，每年的费用按年计入），不少于 {bound}。",
                f"With {pupils}, meeting {self.goal()} by {target} takes {cost} in all years together, and no less than {bound}.",
            )
        notes = (told(note, self.lang) + self.say("。", ".") for note in plan.notes)
        return Sentences((line, *notes), kind="notes")

    def years(self) -> Table:
        """Return what to spend in which year, and how many pass by then."""
        plan = self.work.years

        limited = self.standard.limits_schools

        def passing(row: Row, _: object) -> str:
            met, of = (row["passing"], row["rows"]) if limited else self._means_met(row["year"])
            return f"{met}{self.say(' / ', ' of ')}{of}"

        return self.table_of(
            ("分年安排", "Year by year"),
            (
                Column(
                    "year", ("学年", "School year"), show=lambda row, _: school_year(row["year"], self.lang)
                ),
                money_column(self.lang, "budget", "预算", "Budget", "budget_yuan"),
                money_column(self.lang, "cost", "花费", "Spent", "cost_yuan"),
                Column("bought", ("当年购置", "Bought that year"), show=lambda row, _: self._in(row["year"])),
                Column(
                    "passing",
                    ("达标学校（学段）", "School stages that pass")
                    if limited
                    else coefficients_met(self.standard, self.lang),
                    show=passing,
                ),
            ),
            () if plan is None or plan.cost is None else plan.years,
            note=(
                "预算按最低费用各年平均、取整到万元；已购置的以后各年继续有效。"
                + "目标学年各校都达标，此前各年尽早让更多学校达标。" * limited,
                "The budget is the least cost spread evenly; what is bought stays."
                + " All pass in the target year, and as many as possible before." * limited,
            ),
            empty=("没有分年方案。", "There is no plan over years."),
        )

    def _means_met(self, year: int) -> tuple[int, int]:
        return means_met(self.work.years.assessments[year], [self.district])

    def _in(self, year: int) -> str:
        """Return what is bought in a year."""
        bought = self.work.years.purchases
        mine = bought[(bought["year"] == year).to_numpy()].groupby("code")["amount"].sum()
        return self.say("；", "; ").join(
            f"{code} {gap_text(self.standard[code], amount, self.lang)}" for code, amount in mine.items()
        )


# What balance costs, and what the plan does to the differences between schools.


NEAR = 0.98  # a coefficient above this part of its limit after the purchases decides about the plan
SMALL = 0.001  # what moves a coefficient by less has not changed it


class PriceOfBalance(PlanPart):
    """The price of balance; schools before and after."""

    def curve(self) -> list[charts.Chart]:
        """Return the least cost under one cap on all coefficients after another.

        None where data are missing, or where no coefficient has a limit of its own.
        """
        if self.work.plan is None or self.standard.rules.coefficient is None or self.work.by_mean:
            return []
        frame = self.work.curve
        limits = {}
        for stage in self.stages:
            label = stage_label(stage, self.lang)
            name = self.say(f"现行{label}限值", f"limit now, {label.lower()}")
            limits[name] = self.standard.coefficient_limit(stage)
        none = self.say("无解", "none")
        unknown = self.say("未解出", "not solved")
        return [
            cost_curve(
                frame["cap"].tolist(),
                (frame["yuan"] / (WAN if self.lang == "zh" else 1e6)).tolist(),
                caption=self.caption(
                    self._curve_finding(frame),
                    self.say(
                        "各项差异系数限值统一收紧时的最低费用",
                        "Least cost as one limit on all coefficients tightens",
                    ),
                ),
                labels=(
                    self.say(
                        "差异系数限值（越往右越严）", "Limit on every coefficient (stricter to the right)"
                    ),
                    self.say("最低费用（万元）", "Least cost (million yuan)"),
                ),
                impossible={
                    row.cap: unknown if row.possible else none
                    for row in frame.itertuples()
                    if row.yuan != row.yuan
                },
                limits=limits,
                decimals=1 if self.lang == "zh" else 3,
            )
        ]

    def _curve_finding(self, frame: pd.DataFrame) -> str:
        known = frame.dropna(subset=["yuan"]).sort_values("cap")
        if not len(known):
            return self.say("哪一档限值都没有方案", "No limit can be met")
        strict, loose = known.iloc[0], known.iloc[-1]
        more = strict["yuan"] - loose["yuan"]
        if more < 1:
            return self.say(
                f"限值从 {loose['cap']:.2f} 收紧到 {strict['cap']:.2f}，费用不变",
                f"Tightening the limit from {loose['cap']:.2f} to {strict['cap']:.2f} costs no more",
            )
        return self.say(
            f"限值从 {loose['cap']:.2f} 收紧到 {strict['cap']:.2f}，要多花 {self.money(more)}",
            f"Tightening the limit from {loose['cap']:.2f} to {strict['cap']:.2f} costs {self.money(more)} more",
        )

    def strips(self) -> list[charts.Chart]:
        """Return schools without and with the purchases, on each coefficient that matters, a figure a stage."""
        if not self.work.made or not self.work.plan.cost:
            return []
        return [chart for stage in self.stages if (chart := self._strips(stage)) is not None]

    @staticmethod
    def _near(frame: pd.DataFrame) -> np.ndarray:
        """Return which coefficients come near their limits with the purchases; these are drawn too."""
        return (frame["after"] > NEAR * frame["limit"]).to_numpy()

    def _strips(self, stage: Stage) -> charts.Chart | None:
        standard = self.standard
        frame = self.work.coefficients
        frame = frame[(frame["stage"] == stage).to_numpy()].set_index("code")
        matters = self.over(frame) | self._near(frame) | ((frame["after"] - frame["before"]).abs() > SMALL)
        frame = frame[matters]
        if not len(frame):
            return None
        codes = frame.index.tolist()
        labels = [title(standard[code], self.lang, short=True) for code in codes]
        over = pd.Series(self.over(frame), index=frame.index)
        label = stage_label(stage, self.lang)
        worst = (frame["before"] - frame["after"]).idxmax()
        name = standard[worst].short
        was, now = (number(frame.loc[worst, at], 3) for at in ("before", "after"))
        finding = self.say(
            f"{label}：购置后{name.zh}的差异系数由 {was} 变为 {now}",
            f"{label}: with the purchases {name.en.lower()} goes from {was} to {now}",
        )
        rows = {"before": self.work.plan.before.rows, "after": self.work.plan.assessment.rows}
        mine = {at: r[(r["stage"] == stage).to_numpy()] for at, r in rows.items()}
        lanes = tuple(
            Lane(
                self.say(*words),
                percent_of_standard(mine[at])[codes]
                .set_axis(labels, axis=1)
                .set_axis(names(mine[at], self.lang), axis=0),
                verdicts(mine[at])[codes].set_axis(labels, axis=1),
                [
                    (number(value, 3), bool(over[code]) and at == "before")
                    for code, value in frame[at].items()
                ],
            )
            for at, words in (("before", ("购置前", "before")), ("after", ("购置后", "after")))
        )
        limit = f"{frame['limit'].iloc[0]:g}"
        return before_after(
            lanes,
            mine["before"]["pupils"].tolist(),
            caption=self.caption(
                finding,
                self.say(
                    f"{level_said(self.standard, 'zh')}；只列购置前超限、购置后接近限值或有变化的指标",
                    f"{level_said(self.standard, 'en')}; indicators whose coefficient was over, is near its limit, or changed",
                ),
            ),
            right=self.say("差异系数", "coefficient")
            + (self.say(f"（限值 {limit}）", f" (limit {limit})") if limit != "nan" else ""),
            floor=100 * standard.floor,
        )


# The plan's page: the least cost of the standard, with proof, and what else could be done.


@dataclass(frozen=True)
class PlanReport(DistrictPart):
    """Everything a plan's page shows, part by part.

    Attributes
    ----------
    context : Book
    district : str
        Empty for the only one of the data.
    costs : str
        A cost file; empty for the assumed costs shipped with qb.
    """

    costs: str = ""

    @cached_property
    def work(self) -> PlanAnswers:
        """The plan and all answers around it."""
        return plan_answers(self.context, self.district, self.costs)

    verdict = cached_property(lambda self: PlanVerdict(self.context, self.district, work=self.work))
    purchases = cached_property(lambda self: PlanPurchases(self.context, self.district, work=self.work))
    balance = cached_property(lambda self: PriceOfBalance(self.context, self.district, work=self.work))
    limits = cached_property(lambda self: PlanLimits(self.context, self.district, work=self.work))
    means = cached_property(lambda self: PlanAlternatives(self.context, self.district, work=self.work))
    assumed = cached_property(lambda self: PlanAssumed(self.context, self.district, work=self.work))
