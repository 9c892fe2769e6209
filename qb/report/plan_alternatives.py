"""What less money buys, what no money can do, a plan over years, and what balance costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.cost_curve import Lane, before_after, cost_curve
from qb.language import told
from qb.report.plan_study import PlanPart, money
from qb.report.resource_tables import gap_text, names, percent_of_standard, verdicts
from qb.report.tables import Column, Sentences, Table
from qb.report.words import listed, number, say, school_year, stage_label, title
from qb.terms import Stage

# What less money buys, what no money can do, and how to spread it over years.


class PlanMeans(PlanPart):
    """Budgets, transfers, years."""

    def budgets(self) -> Table:
        """Return what parts of the cost buy at best: most rows passing, then the least shortfall."""
        lang = self.context.lang
        shown = pd.DataFrame(
            [
                {
                    "budget": say(
                        lang,
                        f"{number(100 * step.budget / self.work.plan.cost, 0)}%，{money(step.budget, lang)}",
                        f"{number(100 * step.budget / self.work.plan.cost, 0)} %, {money(step.budget, lang)}",
                    ),
                    "cost": step.cost / 1e4,
                    "passing": step.passing,
                    "most": step.most_passing,
                    "shortfall": step.shortfall,
                    "saves": 10 * step.saves,
                }
                for step in self.work.steps
            ]
        )
        return Table(
            say(lang, "预算不够时的最佳用法", "The best use of less"),
            (
                Column("budget", say(lang, "预算（占最低费用）", "Budget (of the least cost)")),
                Column("cost", say(lang, "花费（万元）", "Spent (10,000 yuan)"), decimals=2),
                Column("passing", say(lang, "达标学校（学段）", "School stages that pass"), decimals=0),
                Column("most", say(lang, "至多可达标", "At most"), decimals=0),
                Column(
                    "shortfall",
                    say(lang, "每名学生平均尚缺（项）", "Standards the average pupil lacks"),
                    decimals=3,
                ),
                Column(
                    "saves", say(lang, "再加 10 万元可少缺（项）", "Less with 100,000 yuan more"), decimals=4
                ),
            ),
            shown,
            note=say(
                lang,
                "先让最多的学校（学段）达标，再让全体学生的缺口最小；不要求差异系数达标。",
                "First as many school stages as possible pass, then the shortfall of all pupils is least; coefficients are not asked for.",
            ),
            empty=say(
                lang,
                *(
                    ("没有需要购置的。", "There is nothing to buy.")
                    if self.work.made
                    else ("没有方案，无从比较。", "There is no plan to compare with.")
                ),
            ),
            lang=lang,
        )

    def transfers(self) -> Table:
        """Return who should move where, without money."""
        lang, moved = self.context.lang, self.work.moves
        frame = pd.DataFrame() if moved is None else moved.moves
        shown = pd.DataFrame(
            [
                {
                    "from": _place(row.from_name, row.from_stage, lang),
                    "to": _place(row.to_name, row.to_stage, lang),
                    "what": title(self.context.standard[row.code], lang, short=True),
                    "amount": gap_text(self.context.standard[row.code], row.amount, lang),
                }
                for row in frame.itertuples()
            ]
        )
        words = ("缺数据，不能计算。", "Data are missing.")
        if moved is not None:
            words = ("没有能让更多学校达标的调配。", "No transfer lets another school pass.")
        return Table(
            say(lang, "不花钱的调配", "Transfers without money"),
            (
                Column("from", say(lang, "调出", "From")),
                Column("to", say(lang, "调入", "To")),
                Column("what", say(lang, "指标", "Indicator")),
                Column("amount", say(lang, "数量", "Amount")),
            ),
            shown,
            note=say(
                lang,
                "只从高于标准的学校调出，调出后仍不低于标准；教师在本学段内调配。在能达标的学校最多的前提下，调动最少。",
                "Only what is above the standard goes, and nobody falls below it; teachers stay in their stage. As many schools as possible pass, with the least movement.",
            ),
            empty=say(lang, *words),
            lang=lang,
        )

    def years_summary(self) -> Sentences:
        """Return whether the standard can be kept in the years ahead, and whose pupils are counted on."""
        lang, plan = self.context.lang, self.work.years
        if plan is None:
            return Sentences(())
        target = say(lang, school_year(plan.target_year, "zh"), f"{plan.target_year}–{plan.target_year + 1}")
        pupils = told(plan.path, lang)
        if plan.cost is None:
            clashes = [told(words, lang) for words in plan.clashes]
            why = say(lang, "：", ": ") + listed(clashes, lang) if clashes else ""
            line = say(
                lang,
                f"到 {target}各校{self.context.resources}和差异系数达标（{pupils}）：{told(plan.status, lang)}{why}。",
                f"The standard of {self.context.resources} by {target} ({pupils}): {told(plan.status, lang)}{why}.",
            )
        elif not plan.cost:
            line = say(
                lang,
                f"{pupils}，到 {target}各校仍都判为达标，差异系数都不超过限值，不需要购置。",
                f"With {pupils}, every school still passes and every coefficient keeps its limit in {target}: nothing to buy.",
            )
        else:
            line = say(
                lang,
                f"{pupils}，到 {target}各校{self.context.resources}和差异系数达标共需 {money(plan.cost, lang)}（各年相加，每年的费用按年计入），不少于 {money(plan.bound, lang)}。",
                f"With {pupils}, meeting the standard of {self.context.resources} by {target} takes {money(plan.cost, lang)} in all years together, and no less than {money(plan.bound, lang)}.",
            )
        notes = (say(lang, f"{told(note, lang)}。", f"{told(note, lang)}.") for note in plan.notes)
        return Sentences((line, *notes), kind="notes")

    def years(self) -> Table:
        """Return what to spend in which year, and how many pass by then."""
        lang, plan = self.context.lang, self.work.years
        frame = pd.DataFrame() if plan is None or plan.cost is None else plan.years
        shown = pd.DataFrame(
            [
                {
                    "year": school_year(row.year, lang),
                    "budget": row.budget_yuan / 1e4,
                    "cost": row.cost_yuan / 1e4,
                    "bought": self._bought_in(row.year),
                    "passing": say(lang, f"{row.passing} / {row.rows}", f"{row.passing} of {row.rows}"),
                }
                for row in frame.itertuples()
            ]
        )
        return Table(
            say(lang, "分年安排", "Year by year"),
            (
                Column("year", say(lang, "学年", "School year")),
                Column("budget", say(lang, "预算（万元）", "Budget (10,000 yuan)"), decimals=2),
                Column("cost", say(lang, "花费（万元）", "Spent (10,000 yuan)"), decimals=2),
                Column("bought", say(lang, "当年购置", "Bought that year")),
                Column("passing", say(lang, "达标学校（学段）", "School stages that pass")),
            ),
            shown,
            note=say(
                lang,
                "预算按最低费用各年平均、取整到万元；已购置的以后各年继续有效。目标学年各校都达标，此前各年尽早让更多学校达标。",
                "The budget is the least cost spread evenly; what is bought stays. All pass in the target year, and as many as possible before.",
            ),
            empty=say(lang, "没有分年方案。", "There is no plan over years."),
            lang=lang,
        )

    def _bought_in(self, year: int) -> str:
        lang, bought = self.context.lang, self.work.years.purchases
        mine = bought[(bought["year"] == year).to_numpy()].groupby("code")["amount"].sum()
        return say(lang, "；", "; ").join(
            f"{code} {gap_text(self.context.standard[code], amount, lang)}" for code, amount in mine.items()
        )


def _place(name: str, stage: str, lang: str) -> str:
    return (
        f"{name}（{stage_label(stage, lang)}）"
        if lang == "zh"
        else f"{name} ({stage_label(stage, lang).lower()})"
    )


# What balance costs, and what the plan does to the differences between schools.


NEAR = 0.98  # a coefficient above this part of its limit after the purchases decides about the plan
SMALL = 0.001  # what moves a coefficient by less has not changed it


class PlanBalance(PlanPart):
    """The price of balance; schools before and after."""

    def curve(self) -> list[charts.Chart]:
        """Return the least cost under one cap on all coefficients after another; none where data are missing."""
        if self.work.plan is None:
            return []
        lang, frame = self.context.lang, self.work.curve
        limits: dict[str, float] = {}
        for stage in self.stages:
            name = say(
                lang, f"现行{stage_label(stage, lang)}限值", f"limit now, {stage_label(stage, lang).lower()}"
            )
            limits[name] = self.context.standard.coefficient_limit(stage)
        none = say(lang, "无解", "none")
        unknown = say(lang, "未解出", "not solved")
        return [
            cost_curve(
                frame["cap"].tolist(),
                (frame["yuan"] / 1e4).tolist(),
                caption=self.caption(
                    self._curve_finding(frame),
                    say(
                        lang,
                        "各项差异系数限值统一收紧时的最低费用",
                        "Least cost as one limit on all coefficients tightens",
                    ),
                ),
                labels=(
                    say(
                        lang,
                        "差异系数限值（越往右越严）",
                        "Limit on every coefficient (stricter to the right)",
                    ),
                    say(lang, "最低费用（万元）", "Least cost (10,000 yuan)"),
                ),
                impossible={
                    row.cap: unknown if row.possible else none
                    for row in frame.itertuples()
                    if row.yuan != row.yuan
                },
                limits=limits,
                decimals=1,
            )
        ]

    def _curve_finding(self, frame: pd.DataFrame) -> str:
        lang, known = self.context.lang, frame.dropna(subset=["yuan"]).sort_values("cap")
        if not len(known):
            return say(lang, "哪一档限值都没有方案", "No limit can be met")
        strict, loose = known.iloc[0], known.iloc[-1]
        more = strict["yuan"] - loose["yuan"]
        if more < 1:
            return say(
                lang,
                f"限值从 {loose['cap']:.2f} 收紧到 {strict['cap']:.2f}，费用不变",
                f"Tightening the limit from {loose['cap']:.2f} to {strict['cap']:.2f} costs no more",
            )
        return say(
            lang,
            f"限值从 {loose['cap']:.2f} 收紧到 {strict['cap']:.2f}，要多花 {money(more, lang)}",
            f"Tightening the limit from {loose['cap']:.2f} to {strict['cap']:.2f} costs {money(more, lang)} more",
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
        lang, standard = self.context.lang, self.context.standard
        frame = self.work.coefficients
        frame = frame[(frame["stage"] == stage).to_numpy()].set_index("code")
        matters = self.over(frame) | self._near(frame) | ((frame["after"] - frame["before"]).abs() > SMALL)
        frame = frame[matters]
        if not len(frame):
            return None
        codes = frame.index.tolist()
        labels = [title(standard[code], lang, short=True) for code in codes]
        over = pd.Series(self.over(frame), index=frame.index)
        label = stage_label(stage, lang)
        worst = (frame["before"] - frame["after"]).idxmax()
        name = standard[worst].short
        was, now = (number(frame.loc[worst, at], 3) for at in ("before", "after"))
        finding = say(
            lang,
            f"{label}：购置后{name.zh}的差异系数由 {was} 变为 {now}",
            f"{label}: with the purchases {name.en.lower()} goes from {was} to {now}",
        )
        rows = {
            "before": self.work.plan.before.rows,
            "after": self.work.plan.assessment.rows,
        }
        mine = {at: r[(r["stage"] == stage).to_numpy()] for at, r in rows.items()}
        lanes = tuple(
            Lane(
                say(lang, *words),
                percent_of_standard(mine[at])[codes]
                .set_axis(labels, axis=1)
                .set_axis(names(mine[at], lang), axis=0),
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
                say(
                    lang,
                    "占标准的百分比；只列购置前超限、购置后接近限值或有变化的指标",
                    "% of the standard; indicators whose coefficient was over, is near its limit, or changed",
                ),
            ),
            right=say(lang, "差异系数", "coefficient")
            + (say(lang, f"（限值 {limit}）", f" (limit {limit})") if limit != "nan" else ""),
            floor=100 * standard.floor,
        )
