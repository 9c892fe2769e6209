"""What to buy: by school, by indicator, by department."""

from __future__ import annotations

import pandas as pd

from qb.report.plan.words import money
from qb.report.plan.work import PlanPart
from qb.report.seven import gap_text
from qb.report.table import Column, Table
from qb.report.words import department_names, say, stage_label, title
from qb.standard import SEVEN
from qb.terms import Stage

NONE = ("没有需要购置的。", "There is nothing to buy.")
WITHOUT = ("没有方案，因而没有清单。", "There is no plan, hence no list.")
WAN = 1e4


class PlanPurchases(PlanPart):
    """The purchase list."""

    @property
    def _bought(self) -> pd.DataFrame:
        return self.work.plan.purchases if self.work.made else pd.DataFrame()

    @property
    def _empty(self) -> str:
        return say(self.book.lang, *(NONE if self.work.made else WITHOUT))

    @property
    def _cost_columns(self) -> tuple[Column, ...]:
        lang = self.book.lang
        return (
            Column("cost", say(lang, "费用（万元）", "Cost (10,000 yuan)"), decimals=2),
            Column("low", say(lang, "低值（万元）", "Low (10,000 yuan)"), decimals=2),
            Column("high", say(lang, "高值（万元）", "High (10,000 yuan)"), decimals=2),
        )

    def by_school(self) -> Table:
        """Return what each school gets, the dearest first."""
        lang = self.book.lang
        rows = []
        for _, mine in self._bought.groupby("school_id") if len(self._bought) else ():
            whole = len(set(mine["stage"])) > 1
            what = [
                f"{title(self.book.standard[row.code], lang, short=True)}"
                + (f"（{stage_label(row.stage, lang)}）" if whole else "")
                + f" {gap_text(row.code, row.amount, lang)}"
                for row in mine.itertuples()
            ]
            rows.append(
                {"name": mine["name"].iloc[0], "what": say(lang, "；", "; ").join(what), **_sums(mine)}
            )
        frame = pd.DataFrame(rows, columns=["name", "what", "cost", "low", "high"])
        return Table(
            say(lang, "购置清单：按学校", "What to buy, by school"),
            (
                Column("name", say(lang, "学校", "School")),
                Column("what", say(lang, "增加", "To add")),
                *self._cost_columns,
            ),
            frame.sort_values("cost", ascending=False, kind="stable", ignore_index=True),
            note=say(
                lang,
                "教师、骨干教师、教室取整数；按全校填报的学校按全校购置。没有列出的学校不需要购置。",
                "Teachers and rooms are whole numbers; a school that reports as a whole buys as a whole. Schools not listed need nothing.",
            ),
            empty=self._empty,
            lang=lang,
        )

    def by_indicator(self) -> Table:
        """Return what is bought of each resource at each stage."""
        lang = self.book.lang
        groups = self._bought.groupby(["code", "stage"]) if len(self._bought) else ()
        order = {str(stage): place for place, stage in enumerate(Stage)}
        rows = [
            {
                "title": title(self.book.standard[code], lang),
                "stage": stage_label(stage, lang),
                "schools": mine["school_id"].nunique(),
                "amount": gap_text(code, mine["amount"].sum(), lang),
                **_sums(mine),
            }
            for (code, stage), mine in sorted(
                groups, key=lambda group: (SEVEN.index(group[0][0]), order[group[0][1]])
            )
        ]
        return Table(
            say(lang, "购置清单：按指标", "What to buy, by indicator"),
            (
                Column("title", say(lang, "指标", "Indicator")),
                Column("stage", say(lang, "学段", "Stage")),
                Column("schools", say(lang, "学校数", "Schools"), decimals=0),
                Column("amount", say(lang, "共增加", "In all")),
                *self._cost_columns,
            ),
            pd.DataFrame(rows),
            empty=self._empty,
            lang=lang,
        )

    def by_department(self) -> Table:
        """Return what each department answers for."""
        lang, standard = self.book.lang, self.book.standard
        frame = self.work.why.departments if self.work.made else pd.DataFrame()
        shown = pd.DataFrame(
            [
                {
                    "name": department_names((row.department,), standard, lang),
                    "codes": row.codes if lang == "zh" else row.codes.replace("、", ", "),
                    "lead": row.lead_yuan / WAN,
                    "shared": row.shared_yuan / WAN,
                }
                for row in frame.itertuples()
            ]
        )
        return Table(
            say(lang, "购置清单：按责任部门", "What to buy, by department"),
            (
                Column("name", say(lang, "责任部门", "Department")),
                Column("codes", say(lang, "涉及指标", "Indicators")),
                Column("lead", say(lang, "牵头（万元）", "First in charge (10,000 yuan)"), decimals=2),
                Column("shared", say(lang, "牵头或参与（万元）", "Has a part (10,000 yuan)"), decimals=2),
            ),
            shown,
            note=say(
                lang,
                "牵头指标准文件中列在第一位的部门，各部门牵头之和等于总费用；参与的费用由几个部门共同负责，不能相加。",
                "First in charge is the department that the standard names first: those sums add up to the total. What several share does not.",
            ),
            empty=self._empty,
            lang=lang,
        )

    def yardsticks(self) -> Table:
        """Return the plan's cost beside that of simpler ways to the standard."""
        lang = self.book.lang
        words = {
            "plan": ("本方案", "This plan"),
            "seven of seven": ("各校七项全部达标", "Every school seven of seven"),
            "greatest shortfall first": (
                "从缺口最大处补起，补到各校通过为止",
                "The greatest shortfall first, until every school passes",
            ),
        }
        frame = self.work.why.yardsticks if self.work.made else pd.DataFrame(columns=["name", "yuan"])
        impossible = say(lang, "在上限之内做不到", "not within the upper bounds")
        shown = pd.DataFrame(
            [
                {
                    "name": say(lang, *words[row.name]),
                    "cost": money(row.yuan, lang) if row.yuan == row.yuan else impossible,
                    "more": money(row.yuan - self.work.plan.cost, lang)
                    if row.yuan == row.yuan and row.name != "plan"
                    else "",
                }
                for row in frame.itertuples(index=False)
            ]
        )
        return Table(
            say(lang, "对照：别的做法要花多少", "What other ways would cost"),
            (
                Column("name", say(lang, "做法", "Way")),
                Column("cost", say(lang, "费用", "Cost")),
                Column("more", say(lang, "比本方案多", "More than this plan")),
            ),
            shown,
            empty=self._empty,
            lang=lang,
        )


def _sums(bought: pd.DataFrame) -> dict[str, float]:
    names = {"cost": "cost_yuan", "low": "low_yuan", "high": "high_yuan"}
    return {short: float(bought[name].sum()) / WAN for short, name in names.items()}
