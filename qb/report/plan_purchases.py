"""What to buy, by school, indicator and department; prices taken for granted; which limits bind."""

from __future__ import annotations

import pandas as pd

from qb.planning.costs import other_prices, price_code
from qb.report.plan_study import PlanPart, money
from qb.report.resource_tables import gap_text
from qb.report.scenario_actions import item_label
from qb.report.tables import Column, Table
from qb.report.words import Lang, department_names, number, say, stage_label, title, unit_of
from qb.terms import COMPULSORY, Stage

# What to buy: by school, by indicator, by department.


NONE = ("没有需要购置的。", "There is nothing to buy.")
WITHOUT = ("没有方案，因而没有清单。", "There is no plan, hence no list.")
WAN = 1e4


def cost_columns(lang: Lang) -> tuple[Column, ...]:
    """Return the columns of what something costs, with the low and the high value."""
    return (
        Column("cost", say(lang, "费用（万元）", "Cost (10,000 yuan)"), decimals=2),
        Column("low", say(lang, "低值（万元）", "Low (10,000 yuan)"), decimals=2),
        Column("high", say(lang, "高值（万元）", "High (10,000 yuan)"), decimals=2),
    )


class PlanPurchases(PlanPart):
    """The purchase list."""

    @property
    def _bought(self) -> pd.DataFrame:
        return self.work.plan.purchases if self.work.made else pd.DataFrame()

    @property
    def _empty(self) -> str:
        return say(self.context.lang, *(NONE if self.work.made else WITHOUT))

    def by_school(self) -> Table:
        """Return what each school gets, the dearest first."""
        lang = self.context.lang
        rows = []
        for school, mine in self._bought.groupby("school_id") if len(self._bought) else ():
            whole = len(set(mine["stage"])) > 1
            what = [
                f"{title(self.context.standard[row.code], lang, short=True)}"
                + (f"（{stage_label(row.stage, lang)}）" if whole else "")
                + f" {gap_text(self.context.standard[row.code], row.amount, lang)}"
                + say(lang, "（新聘）", " (hired)") * bool(row.hired)
                for row in mine.itertuples()
            ]
            rows.append(
                {
                    "name": mine["name"].iloc[0],
                    "school_id": school,
                    "what": say(lang, "；", "; ").join(what),
                    **_sums(mine),
                }
            )
        frame = pd.DataFrame(rows, columns=["name", "school_id", "what", "cost", "low", "high"])
        return Table(
            say(lang, "购置清单：按学校", "What to buy, by school"),
            (
                Column("name", say(lang, "学校", "School"), school="school_id"),
                Column("what", say(lang, "增加", "To add")),
                *cost_columns(self.context.lang),
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

    def _hired(self, code: str, mine: pd.DataFrame) -> str:
        """Say how many of the teachers are hired; nothing where none is."""
        hired, lang = mine.loc[mine["hired"].to_numpy(dtype=bool), "amount"].sum(), self.context.lang
        if not hired:
            return ""
        text = gap_text(self.context.standard[code], hired, lang)
        return say(lang, f"（其中新聘 {text}）", f" ({text} hired)")

    def by_indicator(self) -> Table:
        """Return what is bought of each resource at each stage."""
        lang = self.context.lang
        groups = self._bought.groupby(["code", "stage"]) if len(self._bought) else ()
        codes = self.context.standard.resource_codes
        order = {str(stage): place for place, stage in enumerate(Stage)}
        rows = [
            {
                "title": title(self.context.standard[code], lang),
                "stage": stage_label(stage, lang),
                "schools": mine["school_id"].nunique(),
                "amount": gap_text(self.context.standard[code], mine["amount"].sum(), lang)
                + self._hired(code, mine),
                **_sums(mine),
            }
            for (code, stage), mine in sorted(
                groups, key=lambda group: (codes.index(group[0][0]), order[group[0][1]])
            )
        ]
        return Table(
            say(lang, "购置清单：按指标", "What to buy, by indicator"),
            (
                Column("title", say(lang, "指标", "Indicator")),
                Column("stage", say(lang, "学段", "Stage")),
                Column("schools", say(lang, "学校数", "Schools"), decimals=0),
                Column("amount", say(lang, "共增加", "In all")),
                *cost_columns(self.context.lang),
            ),
            pd.DataFrame(rows),
            empty=self._empty,
            lang=lang,
        )

    def mending(self) -> Table:
        """Return what money mends beside the resources, by indicator; what has no price is said."""
        lang, standard = self.context.lang, self.context.standard
        items = self.work.plan.mended.items if self.work.made else pd.DataFrame()
        rows = [
            {
                "title": title(standard[code], lang, short=True),
                "what": item_label(item, lang),
                "places": mine["school_id"].nunique(),
                "amount": self._other(code, item, mine["amount"].sum()),
                "yearly": say(lang, *(("每年", "every year") if mine["yearly"].any() else ("一次", "once"))),
                "priced": say(lang, "没有单价", "no price")
                if mine["cost_yuan"].isna().all()
                else number(mine["cost_yuan"].sum() / WAN, 2),
            }
            for (code, item), mine in (items.groupby(["code", "item"], sort=False) if len(items) else ())
        ]
        return Table(
            say(lang, f"{self.context.items}以外用钱能补的", "What else money mends"),
            (
                Column("title", say(lang, "指标", "Indicator")),
                Column("what", say(lang, "内容", "What")),
                Column("places", say(lang, "涉及学校（县区）", "Schools, or the district"), decimals=0),
                Column("amount", say(lang, "共增加", "In all")),
                Column("yearly", say(lang, "计费", "Paid")),
                Column("priced", say(lang, "费用（万元）", "Cost (10,000 yuan)")),
            ),
            pd.DataFrame(rows),
            note=say(
                lang,
                "不在最低费用之内。学校规模、班额和核查事项花钱不能直接解决，不在此列。",
                "Not part of the least cost. School size, class size and checklist items are not mended by money alone.",
            ),
            empty=say(
                lang,
                f"{self.context.items}以外没有判为未达标、可按费用文件补的。",
                f"Nothing beside {self.context.items} is both not met and in the cost file.",
            )
            if self.work.made
            else self._empty,
            lang=lang,
        )

    def _other(self, code: str, item: str, amount: float) -> str:
        other = other_prices(self.context.standard, self.work.costs).get(item)
        unit = say(self.context.lang, other.unit.zh, other.unit.en) if other else ""
        return f"{number(amount, 0)} {unit}".strip()

    def by_department(self) -> Table:
        """Return what each department answers for."""
        lang, standard = self.context.lang, self.context.standard
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
        lang, every = self.context.lang, self.context.resources.removeprefix("the ")
        words = {
            "plan": ("本方案", "This plan"),
            "seven of seven": (
                f"各校{self.context.items}全部达标",
                f"Every school {every} of {every}",
            ),
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


# Which limits bind, what easing them saves, and what one more pupil costs.


MOST = 10


class PlanLimits(PlanPart):
    """Prices (duals) of the relaxation."""

    def binding(self) -> Table:
        """Return the coefficients' limits and the upper bounds that bind."""
        lang, standard = self.context.lang, self.context.standard
        rows = []
        if self.work.made:
            rows += [
                {
                    "limit": say(
                        lang,
                        f"{stage_label(row.stage, lang)}{title(standard[row.code], lang, short=True)}差异系数不超过 {row.limit:g}",
                        f"{stage_label(row.stage, lang)} {title(standard[row.code], lang, short=True)}: coefficient at most {row.limit:g}",
                    ),
                    "step": say(lang, "放宽 0.01", "0.01 more"),
                    "saves": row.saves_yuan,
                }
                for row in self.work.why.caps.itertuples()
            ]
            rows += [
                {
                    "limit": say(
                        lang,
                        f"{row.name} {title(standard[row.code], lang, short=True)}：最多增 {number(row.limit, 1)}",
                        f"{row.name} {title(standard[row.code], lang, short=True)}: at most {number(row.limit, 1)} more",
                    ),
                    "step": say(
                        lang,
                        f"多 1 {unit_of(standard[row.code], 'zh')}",
                        f"1 more ({unit_of(standard[row.code], 'en')})",
                    ),
                    "saves": row.saves_yuan,
                }
                for row in self.work.why.bounds.itertuples(index=False)
            ]
        empty = (
            (
                "差异系数限值和上限都不起约束作用，费用全部用于各校达标。",
                "No coefficient and no upper bound binds: all is spent on the schools themselves.",
            )
            if self.work.made
            else ("没有方案，因而没有起约束作用的限制。", "There is no plan, hence no limit that binds.")
        )
        return Table(
            say(lang, "起约束作用的限制", "Limits that bind"),
            (
                Column("limit", say(lang, "限制", "Limit")),
                Column("step", say(lang, "放宽多少", "Eased by")),
                Column("saves", say(lang, "可省（元）", "Saves (yuan)"), decimals=0),
            ),
            pd.DataFrame(rows),
            note=say(
                lang,
                "按不取整的方案计算，只适用于小幅变动。",
                "Prices of the plan without whole numbers; they hold for small changes.",
            ),
            empty=say(lang, *empty),
            lang=lang,
        )

    def pupils(self) -> Table:
        """Return where one more pupil costs most."""
        lang = self.context.lang
        frame = (
            self.work.why.pupils
            if self.work.made
            else pd.DataFrame(columns=["name", "school_id", "stage", "yuan"])
        )
        frame = frame[(frame["yuan"] >= 1).to_numpy(dtype=bool)]
        shown = frame.sort_values("yuan", ascending=False, kind="stable").head(MOST)
        shown = shown.assign(stage=[stage_label(stage, lang) for stage in shown["stage"]])
        return Table(
            say(
                lang,
                f"多一名学生要多花多少（最多的 {MOST} 处）",
                f"What one more pupil costs (the {MOST} highest)",
            ),
            (
                Column("name", say(lang, "学校", "School"), school="school_id"),
                Column("stage", say(lang, "学段", "Stage")),
                Column("yuan", say(lang, "增加费用（元）", "More (yuan)"), decimals=0),
            ),
            shown,
            note=say(
                lang,
                "资源低于标准的学校，每多一名学生就要多补一份；按不取整的方案计算。",
                "A school below the standard must add for every pupil more; prices of the plan without whole numbers.",
            ),
            empty=say(
                lang,
                "各校多一名学生都不增加费用。" if self.work.made else "没有方案，不能计算。",
                "One more pupil costs nothing anywhere."
                if self.work.made
                else "There is no plan to compute it from.",
            ),
            lang=lang,
        )


# What the plan takes for granted: the prices, and the upper bounds at schools.


ASSUMED = "假设"  # how a price's source says that it is one


class PlanAssumed(PlanPart):
    """The cost file."""

    def prices(self) -> Table:
        """Return every price with its range, and whether it is assumed."""
        lang = self.context.lang
        both = say(lang, "、", ", ").join(stage_label(stage, lang) for stage in COMPULSORY)
        named = {price_code(i): i for i in reversed(self.context.standard.resources)}
        costs = [cost for cost in self.work.costs.costs if cost.code in named]
        shown = pd.DataFrame(
            [
                {
                    "title": title(named[cost.code], lang, short=True),
                    "stage": stage_label(cost.stage, lang) if cost.stage else both,
                    "what": say(lang, cost.what.zh, cost.what.en),
                    "yuan": cost.yuan,
                    "low": cost.low,
                    "high": cost.high,
                    "decimals": 0 if float(cost.high).is_integer() and float(cost.low).is_integer() else 1,
                    "yearly": say(
                        lang, "每年" if cost.yearly else "一次", "every year" if cost.yearly else "once"
                    ),
                    "source": self._source(cost.source),
                }
                for cost in costs
            ]
        )
        assumed = sum(cost.source.startswith(ASSUMED) for cost in costs)
        return Table(
            say(lang, f"费用：{self.work.costs.title.zh}", f"Prices: {self.work.costs.title.en}"),
            (
                Column("title", say(lang, "指标", "Indicator")),
                Column("stage", say(lang, "学段", "Stage")),
                Column("what", say(lang, "内容", "What")),
                Column("yuan", say(lang, "费用（元）", "Price (yuan)"), decimals="decimals"),
                Column("low", say(lang, "低值（元）", "Low (yuan)"), decimals="decimals"),
                Column("high", say(lang, "高值（元）", "High (yuan)"), decimals="decimals"),
                Column("yearly", say(lang, "计费", "Paid")),
                Column("source", say(lang, "依据", "Basis")),
            ),
            shown,
            note=say(
                lang,
                f"{len(costs)} 项费用中 {assumed} 项是假设，不是报价；使用方案前请换成本地价格（费用文件）。",
                f"{assumed} of {len(costs)} prices are assumptions, not quotations: put the district's own into a cost file before using the plan.",
            )
            + self._pay(),
            lang=lang,
        )

    def _pay(self) -> str:
        """Say by which price teachers are hired, where the plan hires any."""
        bought = self.work.plan.purchases if self.work.made else pd.DataFrame()
        lang, code = self.context.lang, self.work.costs.hired
        if not len(bought) or not bought["hired"].any():
            return ""
        named = title(self.context.standard[code], lang, short=True)
        return say(
            lang,
            f"新聘教师都按“{named}”一项的费用计，每年支付。",
            f" Teachers who are hired are priced as under “{named}”, every year.",
        )

    def _source(self, source: str) -> str:
        assumed = source.startswith(ASSUMED)
        return say(self.context.lang, source, "assumption" if assumed else source)

    def bounds(self) -> Table:
        """Return what the cost file says of single schools."""
        lang = self.context.lang
        schools = self.context.data["schools"]
        name = dict(zip(schools["school_id"], schools["name"], strict=True))
        shown = pd.DataFrame(
            [
                {
                    "name": name.get(entry.school_id, entry.school_id),
                    "school_id": entry.school_id,
                    "stage": stage_label(entry.stage, lang) if entry.stage else "",
                    "title": title(self.context.standard[entry.code], lang, short=True),
                    "most": ""
                    if entry.most is None
                    else f"{number(entry.most, 1)} {unit_of(self.context.standard[entry.code], lang)}",
                    "yuan": "" if entry.yuan is None else number(entry.yuan, 1),
                    "source": entry.source,
                }
                for entry in self.work.costs.schools
            ]
        )
        return Table(
            say(lang, "各校的上限和费用", "Upper bounds and prices at schools"),
            (
                Column("name", say(lang, "学校", "School"), school="school_id"),
                Column("stage", say(lang, "学段", "Stage")),
                Column("title", say(lang, "指标", "Indicator")),
                Column("most", say(lang, "最多增加", "At most")),
                Column("yuan", say(lang, "费用（元）", "Price (yuan)")),
                Column("source", say(lang, "依据", "Basis")),
            ),
            shown,
            empty=say(
                lang,
                "费用文件没有给出各校的上限：方案假定各校都有地、有房可以增加。",
                "The cost file names no upper bounds: the plan assumes that every school has the land and space.",
            ),
            lang=lang,
        )
