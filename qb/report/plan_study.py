"""A district's plan, made once for all parts of its page; its cards and sentences; assumed costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.errors import QbError
from qb.indicators.assessment import judge
from qb.indicators.population import goal
from qb.indicators.verdicts import COMPOSITE, fails
from qb.language import told
from qb.planning.costs import Costs, load_costs, price_code
from qb.planning.plan.budget_and_transfers import BudgetPlan, Transfers, best_use, transfers
from qb.planning.plan.cheapest import Plan, PlanStatus, cheapest_plan, legible, price_of_balance, purchases
from qb.planning.plan.explanation import Explanation, explain
from qb.planning.plan.integer_program import cheapest_by_school
from qb.planning.plan.plan_summary import outside
from qb.planning.plan.planning_problem import build_problem
from qb.planning.plan.years_plan import YearsPlan, plan_over_years
from qb.report.columns import SCHOOL
from qb.report.context import DistrictPart, ReportContext
from qb.report.resource_tables import gap_text, names
from qb.report.tables import Cards, Column, Heading, Row, Sentences, Table
from qb.report.verdict_keys import shown_resource
from qb.report.words import (
    WAN,
    Lang,
    area_label,
    listed,
    money,
    money_range,
    number,
    resource_span,
    school_rule,
    school_year,
    stage_label,
    title,
    unit_of,
    verdict_label,
)
from qb.terms import COMPULSORY, Allowance, Verdict

# Money and statuses as a reader of a plan sees them.


def money_column(lang: Lang, key: str, zh: str, en: str, of: str) -> Column:
    """Return a column of money in the unit that readers count in; `of` is where the yuan stand."""
    unit, decimals = (WAN, 2) if lang == "zh" else (1e6, 3)
    label = f"{zh}（万元）", f"{en} (million yuan)"
    return Column(key, label, decimals=decimals, show=lambda row, _: row[of] / unit)


def cost_columns(lang: Lang) -> tuple[Column, ...]:
    """Return the columns of what something costs, with the low and the high value."""
    kinds = (("cost", "费用", "Cost"), ("low", "低值", "Low"), ("high", "高值", "High"))
    return tuple(money_column(lang, key, zh, en, f"{key}_yuan") for key, zh, en in kinds)


# The plan of a district, made once for all parts of its page.


SECONDS = 5.0  # of improving, for each question of the page
STEPS = (0.25, 0.5, 0.75)  # of the cost, as budgets
AHEAD = 3  # school years, where the standard's own target year is not further ahead
FARTHEST = 5


class PlanAnswers:
    """Every answer that the page shows, computed when it is first asked for.

    Where C1–C7 are not all reported there is no plan; `refused` says why.

    Parameters
    ----------
    costs : str
        A cost file; empty for the assumed costs shipped with qb.
    """

    def __init__(self, context: ReportContext, district: str, costs: str) -> None:
        self.context, self.district = context, district
        self.costs = _of_district(load_costs(costs or None), context.data, district)
        self.data = of_district(context.data, district)
        self.refused = ""
        self._planned = self._plan()

    def _plan(self) -> Plan | None:
        try:
            return cheapest_plan(**self._asked, **self._before, seconds=2 * SECONDS)
        except QbError as error:
            self.refused = told(error, self.context.lang)
            return None

    @property
    def _asked(self) -> dict[str, object]:
        return {
            "data": self.data,
            "year": self.context.year,
            "costs": self.costs,
            "standard": self.context.standard,
        }

    @cached_property
    def _before(self) -> dict[str, object]:
        """The assessment that plans begin with; the context's data were checked."""
        whole = self.data is self.context.data
        now = self.context.assessment if whole else judge(self.data, self.context.year, self.context.standard)
        return {"before": now}

    @property
    def plan(self) -> Plan | None:
        """The cheapest plan; it may say that there is none. None where data are missing."""
        return self._planned

    @property
    def made(self) -> bool:
        """Whether there is a plan, be it to buy nothing."""
        return self.plan is not None and self.plan.cost is not None

    @cached_property
    def why(self) -> Explanation:
        """What stands behind the plan; only where one is made."""
        return explain(self.plan)

    @cached_property
    def for_balance(self) -> float:
        """What of the cost is spent on coefficients alone: the plan's less that of each school by itself."""
        alone = self.plan.problem.cost(cheapest_by_school(self.plan.problem).x)
        return max(self.plan.cost - alone, 0.0)

    @property
    def by_mean(self) -> bool:
        """Whether the mean of the coefficients decides: there is the cheapest plan, and no other question."""
        return self.context.standard.mean_decides

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The price of balance."""
        if self.by_mean:
            return pd.DataFrame(columns=["cap", "yuan", "bound_yuan", "gap", "possible"])
        return price_of_balance(**self._asked, seconds=SECONDS, plan=self.plan)

    @cached_property
    def steps(self) -> list[BudgetPlan]:
        """What parts of the cost buy at best; none where there is nothing to buy."""
        return [step for step in map(self.step, STEPS) if step]

    def step(self, part: float) -> BudgetPlan | None:
        """Return what a part of the cost buys at best; None where nothing is to buy or the mean decides."""
        if not self.made or not self.plan.cost or self.by_mean:
            return None
        budget = float(np.round(part * self.plan.cost))
        return best_use(budget=budget, **self._asked, seconds=SECONDS, plan=self.plan)

    @cached_property
    def moves(self) -> Transfers | None:
        """What moving alone can reach; None where data are missing."""
        asked = {name: value for name, value in self._asked.items() if name != "costs"} | self._before
        return None if self.plan is None or self.by_mean else transfers(**asked, seconds=SECONDS)

    @cached_property
    def years(self) -> YearsPlan | None:
        """The plan in even yearly budgets, or why there is none; None where data are missing."""
        if self.plan is None:
            return None
        year, target = self.context.year, self.context.standard.target_year
        to = target if target and year < target <= year + FARTHEST else year + AHEAD
        return plan_over_years(budget=None, to=to, **self._asked, seconds=SECONDS)

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Each coefficient without and with the purchases: district, stage, code, limit, before, after."""
        return self.why.coefficients[self.why.coefficients["code"] != COMPOSITE]


def plan_answers(context: ReportContext, district: str, costs: str) -> PlanAnswers:
    """Return the answers of a district; the last that were asked for are kept, for another of its pages."""
    last = context.kept("plan answers", dict[tuple[str, str], PlanAnswers])
    if (district, costs) not in last:
        answers = PlanAnswers(context, district, costs)
        last.clear()  # those of many districts would fill the memory
        last[district, costs] = answers
    return last[district, costs]


@dataclass(frozen=True)
class Alone:
    """What each school of a district buys where it is looked at by itself, coefficients left aside."""

    bought: dict[str, list[Row]]  # the purchases of each school that buys something, as of `Plan.purchases`
    stuck: frozenset[str]  # schools that cannot pass within the upper bounds of the cost file
    refused: bool  # whether nothing can be computed, for want of data


def alone(context: ReportContext, district: str, costs: str) -> Alone:
    """Return the cheapest way of each school by itself: the plan's own problem without coefficients, kept."""
    return context.kept(f"alone {district} {costs}", lambda: _alone(context, district, costs))


def _alone(context: ReportContext, district: str, costs: str) -> Alone:
    data = of_district(context.data, district)
    try:
        prices = _of_district(load_costs(costs or None), context.data, district)
        problem = build_problem(data, context.year, context.standard, prices)
    except QbError:
        return Alone({}, frozenset(), refused=True)
    found = cheapest_by_school(problem)
    bought: dict[str, list[Row]] = {}
    for row in purchases(problem, legible(problem, found.x)).to_dict("records"):
        bought.setdefault(row["school_id"], []).append(row)
    return Alone(bought, frozenset(problem.rows["school_id"][found.stuck]), refused=False)


@dataclass(frozen=True)
class PlanPart(DistrictPart):
    """One district of a context, and what is computed once for all parts of its page."""

    work: PlanAnswers = field(kw_only=True, repr=False)

    def goal(self) -> str:
        """Return what a plan meets."""
        return told(goal(self.standard), self.lang)

    def target(self) -> str:
        """Return the rules that a plan keeps."""
        standard, rule = self.standard, school_rule(self.standard, self.lang)
        zh = [f"每所学校 {rule}" if standard.limits_schools else rule]
        en = [f"Every school: {rule}" if standard.limits_schools else rule.capitalize()]
        if standard.mean_decides:
            zh, en = (
                [*zh, "各项差异系数的平均值不超过限值"],
                [*en, "the mean of the coefficients within its limit"],
            )
        elif standard.rules.coefficient:
            zh, en = [*zh, "每个差异系数不超过限值"], [*en, "every coefficient within its limit"]
        return self.say("，".join(zh), "; ".join(en))

    def met(self, allowed: str = "") -> str:
        """Return that schools and coefficients keep what the standard asks; `allowed` says what its rule allows."""
        standard = self.standard
        zh = [f"各校都判为达标{allowed}"] * standard.limits_schools
        en = [f"every school passes{allowed}"] * standard.limits_schools
        if standard.mean_decides:
            zh, en = [*zh, "差异系数平均值不超过限值"], [*en, "the mean of the coefficients keeps its limit"]
        elif standard.rules.coefficient:
            zh, en = [*zh, "差异系数都不超过限值"], [*en, "every coefficient keeps its limit"]
        text = " and ".join(en)
        return self.say("，".join(zh), text[:1].upper() + text[1:])

    def money(self, yuan: float) -> str:
        """Return an amount of money in the unit that readers count in."""
        return money(yuan, self.lang)

    def yearly(self, every_year: bool) -> str:
        """Return how often a price is paid."""
        return self.say("每年", "every year") if every_year else self.say("一次", "once")

    def over(self, frame: pd.DataFrame) -> np.ndarray:
        """Return which of `Work.coefficients` are above their limit without the purchases."""
        found = np.zeros(len(frame), dtype=bool)
        for stage in COMPULSORY:
            mine = (frame["stage"] == stage).to_numpy()
            found[mine] = fails(frame.loc[mine, "before"], self.standard, "coefficient", stage=stage)
        return found


def _of_district(costs: Costs, data: Dataset, district: str) -> Costs:
    """Return a cost file without what it says of schools of other districts."""
    schools = data["schools"]
    elsewhere = set(schools.loc[(schools["district"] != district).to_numpy(), "school_id"])
    own = tuple(entry for entry in costs.schools if entry.school_id not in elsewhere)
    return costs.model_copy(update={"schools": own})


def of_district(data: Dataset, district: str) -> Dataset:
    """Return a district's part of a dataset: its own rows, and those of its schools."""
    if data.districts == [district]:
        return data
    schools, zones, kept = data["schools"], data["zones"], {}
    own = {
        name: set(frame.loc[(frame["district"] == district).to_numpy(), name])
        for name, frame in (("school_id", schools), ("zone_id", zones))
    }
    for table, frame in data.tables.items():
        if "district" in frame:
            mine = frame["district"] == district
        else:
            name = "school_id" if "school_id" in frame else "zone_id"  # walks are those of zones
            mine = frame[name].isin(own[name])
        kept[table] = frame[mine.to_numpy(dtype=bool)]
    return data.replace(**kept)


# What the standard costs, in cards and sentences.


class PlanVerdict(PlanPart):
    """The least cost, how sure that is, and what is behind it."""

    def title(self) -> Heading:
        """Return the page's title, the rule, and whose prices are used."""
        standard = self.standard
        year = school_year(self.year, self.lang)
        costs = self.work.costs.title
        return Heading(
            self.say(
                f"{self.district}：{self.context.resources}达标的最低费用方案（{year}）",
                f"{self.district}: the cheapest plan to meet {self.context.resources}, {year.lower()}",
            ),
            self.say(
                f"{self.target()}；依据{standard.title.zh}；费用：{costs.zh}。",
                f"{self.target()}. By {standard.title.en}. Prices: {costs.en}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the cost, its range, the bound and the gap."""
        plan = self.work.plan
        if plan is None:
            return Cards((self._card("方案", "The plan", str(Verdict.NO_DATA), "", ""),), self.lang)
        if plan.cost is None:
            words = told(plan.status, self.lang)
            none = self._card("方案", "The plan", self.say("没有方案", "None"), words, words)
            least = self.money(plan.bound)
            bound = self._card("费用下界", "Bound", least, "任何方案不少于此数", "no plan costs less")
            return Cards((none, bound) if plan.bound else (none,), self.lang)
        low, high = (float(plan.purchases[name].sum()) for name in ("low_yuan", "high_yuan"))
        schools = plan.problem.rows["school_id"].nunique()
        paid = int((self.work.why.schools["cost_yuan"] > 0).sum())
        some = f"{schools} 所学校中 {paid} 所需要购置", f"{paid} of {schools} schools need something"
        same = "同一清单按费用的低值、高值计", "the same list at low and high prices"
        proven = "任何达标方案不少于此数", "no plan that meets the standard costs less"
        cards = (
            self._card("最低费用", "Least cost", self.money(plan.cost), *some),
            self._card("低值—高值", "Low to high", money_range(low, high, self.lang), *same),
            self._card("费用下界", "Bound", self.money(plan.bound), *proven),
            self._card("差距", "Gap", f"{number(100 * plan.gap, 3)}%", plan.status.zh, plan.status.en),
        )
        return Cards(cards, self.lang)

    def _card(self, zh: str, en: str, value: str, below_zh: str, below_en: str) -> tuple[str, str, str]:
        return self.say(zh, en), value, self.say(below_zh, below_en)

    def headlines(self) -> Sentences:
        """Return at most six sentences: what it costs and leaves, for what, why, what else could be done."""
        found = [self.result()]
        if self.work.made:
            found[0] += self.say("", " ") + self.beyond()
            found += [self._largest(), self._coefficients(), self._pupil(), self._yardsticks()]
        found.append(self._transfers())
        return Sentences(tuple(line for line in found if line))

    def result(self) -> str:
        """Return what the standard of the resources costs, or why that is not known."""
        plan = self.work.plan
        if plan is None:
            rows = len(self._missing())
            return self.say(
                f"不能制定方案：{rows} 个学校（学段）的{self.context.resources}缺数据。"
                if rows
                else f"不能制定方案：{self.work.refused}",
                f"No plan can be made: {rows} school stages lack data for {resource_span(self.standard, 'en')}."
                if rows
                else "No plan can be made of these data; the reason is below.",
            )
        if plan.status is PlanStatus.UNDECIDED:
            return self.say(
                "限时内没有找到达标的方案，也没有证明做不到。",
                "No plan was found in the time, nor is it proven impossible.",
            )
        if plan.cost is None:
            return self.say(
                f"在现有上限之内，{self.goal()}不能全部达标。相互冲突的限制：{listed(list(plan.clashes), self.lang)}。",
                f"The standard of {self.context.resources} cannot be met within the upper bounds. They clash in {len(plan.clashes)} places, listed below.",
            )
        if not plan.cost:
            rows = self.work.plan.assessment.of(self.district).rows
            shown = [shown_resource(rows, i.code) == Allowance.AT_SCHOOL for i in self.standard.resources]
            below = int(np.sum(shown))
            zh = f"（其中 {below} 项低于标准，规则允许）" if below else ""
            en = f" ({below} below the standard, as the rule allows)" if below else ""
            return self.say(f"{self.met(zh)}，不需要购置。", f"{self.met(en)}: there is nothing to buy.")
        cost, bound = self.money(plan.cost), self.money(plan.bound)
        if plan.status is PlanStatus.OPTIMAL and cost == bound:
            return self.say(
                f"{self.goal()}达标最少需要 {cost}，{plan.status.zh}；方案已用同一评估程序复核。",
                f"Meeting {self.goal()} takes {cost} at least, {plan.status.en}. The purchases were assessed again by the same code.",
            )
        return self.say(
            f"{self.goal()}达标，找到的方案需要 {cost}；任何方案都不少于 {bound}（{plan.status.zh}）。方案已用同一评估程序复核。",
            f"Meeting {self.goal()} takes {cost} by the plan that was found; no plan costs less than {bound} ({plan.status.en}). The purchases were assessed again by the same code.",
        )

    def beyond(self) -> str:
        """Say what else money mends, what remains after it, and the district's verdict after all."""
        plan = self.work.plan
        left, found = outside(plan.assessment), []
        mended = plan.mended
        if len(mended.items):
            codes = listed(list(dict.fromkeys(mended.items["code"])), self.lang, 12)
            without = listed(mended.unpriced, self.lang)
            found.append(
                self.say(
                    f"{self.context.items}以外可用经费解决的（{codes}）另需 {self.money(mended.cost)}"
                    + (f"，{without} 没有单价、未计入" if without else ""),
                    f"What else money mends ({codes}) takes {self.money(mended.cost)} more"
                    + (f", {without} without a price" if without else ""),
                )
            )
        standard = plan.before.standard
        named = {name: area_label(name, standard, self.lang) for name in standard.area_names}
        parts = []
        for verdict, names_ in left.items():
            which = listed([named.get(x, x) for x in names_], self.lang, 12)
            word = verdict_label(verdict, self.lang).lower()
            parts.append(
                self.say(f"{verdict.zh} {len(names_)} 项（{which}）", f"{word}: {len(names_)} ({which})")
            )
        if parts:
            found.append(self.say(f"此外仍有{'，'.join(parts)}", f"What is left: {'; '.join(parts)}"))
        else:
            found.append(self.say("其他各项均已达标或不适用", "All else is met or not applicable"))
        after = verdict_label(str(plan.assessment.of(self.district).districts["verdict"].iloc[0]), self.lang)
        found.append(
            self.say(
                f"全部办成后，{self.district}总体结论为{after}",
                f"With all of it done, {self.district}: {after.lower()}",
            )
        )
        return self.say(f"{'；'.join(found)}。", f"{'. '.join(found)}.")

    def _largest(self) -> str:
        plan = self.work.plan
        if not plan.cost:
            return ""
        codes = plan.purchases.groupby("code")[["amount", "cost_yuan"]].sum()
        code = codes["cost_yuan"].idxmax()
        name = title(self.standard[code], self.lang)
        amount = gap_text(self.standard[code], codes.loc[code, "amount"], self.lang)
        share = number(100 * codes.loc[code, "cost_yuan"] / plan.cost, 0)
        return self.say(
            f"花费最多的是 {name}：增加 {amount}，{self.money(codes.loc[code, 'cost_yuan'])}，占 {share}%。",
            f"Most of it goes to {name}: {amount} more, {self.money(codes.loc[code, 'cost_yuan'])}, {share}%.",
        )

    def _coefficients(self) -> str:
        frame, rule = self.work.coefficients, self.standard.rules.coefficient
        if not self.work.plan.cost or rule is None or rule.decides == "mean":
            return ""
        over = int(self.over(frame).sum())
        extra = self.work.for_balance
        if extra < 1:
            return self.say(
                f"现在超过限值的差异系数有 {over} 个；各校达标之后都在限值以内，不必再为均衡花钱。",
                f"Coefficients over their limit now: {over}; once the schools pass, all are within it, at no further cost.",
            )
        return self.say(
            f"现在超过限值的差异系数有 {over} 个；各校达标之后仍要为均衡多花 {self.money(extra)}。",
            f"Coefficients over their limit now: {over}; beyond what the schools need, balance costs {self.money(extra)} more.",
        )

    def _pupil(self) -> str:
        pupils = self.work.why.pupils.dropna(subset=["yuan"])
        if not len(pupils) or pupils["yuan"].max() < 1:
            return ""
        top = pupils.loc[pupils["yuan"].idxmax()]
        stage = stage_label(top["stage"], self.lang)
        return self.say(
            f"多一名学生，费用增加最多的是{top['name']}（{stage}）：{number(top['yuan'], 0)} 元。",
            f"One more pupil costs most at {top['name']} ({stage.lower()}): {number(top['yuan'], 0)} yuan.",
        )

    def _yardsticks(self) -> str:
        plan = self.work.plan
        others = self.work.why.yardsticks.set_index("name")["yuan"].drop("plan").dropna()
        if not plan.cost or not len(others):
            return ""
        zh = {
            "seven of seven": f"各校{self.context.items}全部达标",
            "greatest shortfall first": "从缺口最大处补起",
        }
        every = self.context.resources.removeprefix("the ")
        en = {
            "seven of seven": f"{every} of {every} everywhere",
            "greatest shortfall first": "filling the greatest gaps first",
        }
        parts = [
            self.say(f"{zh[name]}要 {self.money(yuan)}", f"{en[name]} {self.money(yuan)}")
            for name, yuan in others.items()
        ]
        return self.say(f"对照：{'，'.join(parts)}。", f"By comparison: {'; '.join(parts)}.")

    def _transfers(self) -> str:
        moved = self.work.moves
        if moved is None:
            return ""
        now, then = moved.passing_before, moved.passing
        if now == then:
            return self.say(
                f"只调配教师和设备、不花钱，达标的学校（学段）仍是 {now} 个。",
                f"Moving teachers and equipment alone, without money, leaves {now} school stages passing as before.",
            )
        return self.say(
            f"只调配教师和设备、不花钱，达标的学校（学段）可由 {now} 个增至 {then} 个。",
            f"Moving teachers and equipment alone, without money, takes the school stages that pass from {now} to {then}.",
        )

    def reasons(self) -> Sentences:
        """Return, where there is no plan, everything that stands in its way."""
        plan = self.work.plan
        if plan is not None:
            return Sentences(tuple(told(words, self.lang) for words in plan.clashes), kind="notes")
        missing = self._missing()
        lines = [
            self.say(f"{name} 缺：{codes}", f"{name}: no data for {codes}")
            for name, codes in zip(names(missing, self.lang), self._codes(missing), strict=True)
        ]
        return Sentences(tuple(lines) or (self.work.refused,), kind="notes")

    def _missing(self) -> pd.DataFrame:
        """Return the judged rows that lack a figure of C1–C7."""
        rows = self.own.rows
        return rows[
            (
                rows[list(self.own.standard.resource_codes)].isna().any(axis=1) | rows["pupils"].isna()
            ).to_numpy()
        ]

    def _codes(self, rows: pd.DataFrame) -> list[str]:
        return [
            self.say("、", ", ").join(
                code for code in self.own.standard.resource_codes if value[code] != value[code]
            )
            for value in rows.to_dict("records")
        ]


# What the plan takes for granted: the prices, and the upper bounds at schools.


ASSUMED = "假设"  # how a price's source says that it is one


class PlanAssumed(PlanPart):
    """The cost file."""

    def prices(self) -> Table:
        """Return every price with its range, and whether it is assumed."""
        both = self.say("、", ", ").join(stage_label(stage, self.lang) for stage in COMPULSORY)
        named = {price_code(i): i.code for i in reversed(self.standard.resources)}
        costs = [cost for cost in self.work.costs.costs if cost.code in named]
        rows = [
            {
                **{name: getattr(cost, name) for name in ("yuan", "low", "high")},
                "title": self.short(named[cost.code]),
                "stage": stage_label(cost.stage, self.lang) if cost.stage else both,
                "what": told(cost.what, self.lang),
                "decimals": 0 if float(cost.high).is_integer() and float(cost.low).is_integer() else 1,
                "yearly": self.yearly(cost.yearly),
                "source": self.say(
                    cost.source, "assumption" if cost.source.startswith(ASSUMED) else cost.source
                ),
            }
            for cost in costs
        ]
        assumed = sum(cost.source.startswith(ASSUMED) for cost in costs)
        return self.table_of(
            (f"费用：{self.work.costs.title.zh}", f"Prices: {self.work.costs.title.en}"),
            (
                Column("title", ("指标", "Indicator")),
                Column("stage", ("学段", "Stage")),
                Column("what", ("内容", "What")),
                Column("yuan", ("费用（元）", "Price (yuan)"), decimals="decimals"),
                Column("low", ("低值（元）", "Low (yuan)"), decimals="decimals"),
                Column("high", ("高值（元）", "High (yuan)"), decimals="decimals"),
                Column("yearly", ("计费", "Paid")),
                Column("source", ("依据", "Basis")),
            ),
            rows,
            note=self.say(
                f"{len(costs)} 项费用中 {assumed} 项是假设，不是报价；使用方案前请换成本地价格（费用文件）。",
                f"{assumed} of {len(costs)} prices are assumptions, not quotations: put the district's own into a cost file before using the plan.",
            )
            + self._pay(),
        )

    def _pay(self) -> str:
        """Say by which price teachers are hired, where the plan hires any."""
        bought = self.work.plan.purchases if self.work.made else pd.DataFrame()
        if not len(bought) or not bought["hired"].any():
            return ""
        named = self.short(self.work.costs.hired)
        return self.say(
            f"新聘教师都按“{named}”一项的费用计，每年支付。",
            f" Teachers who are hired are priced as under “{named}”, every year.",
        )

    def bounds(self) -> Table:
        """Return what the cost file says of single schools."""
        schools = self.context.data["schools"]
        name = dict(zip(schools["school_id"], schools["name"], strict=True))
        rows = [
            {
                "name": name.get(entry.school_id, entry.school_id),
                "school_id": entry.school_id,
                "stage": stage_label(entry.stage, self.lang) if entry.stage else "",
                "title": self.short(entry.code),
                "most": ""
                if entry.most is None
                else f"{number(entry.most, 1)} {unit_of(self.standard[entry.code], self.lang)}",
                "yuan": "" if entry.yuan is None else number(entry.yuan, 1),
                "source": entry.source,
            }
            for entry in self.work.costs.schools
        ]
        return self.table_of(
            ("各校的上限和费用", "Upper bounds and prices at schools"),
            (
                SCHOOL,
                Column("stage", ("学段", "Stage")),
                Column("title", ("指标", "Indicator")),
                Column("most", ("最多增加", "At most")),
                Column("yuan", ("费用（元）", "Price (yuan)")),
                Column("source", ("依据", "Basis")),
            ),
            rows,
            empty=(
                "费用文件没有给出各校的上限：方案假定各校都有地、有房可以增加。",
                "The cost file names no upper bounds: the plan assumes that every school has the land and space.",
            ),
        )
