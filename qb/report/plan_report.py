"""The plan's page: the least cost of the standard, with proof, and what else could be done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.language import told
from qb.planning.plan.cheapest import PlanStatus
from qb.planning.plan.plan_results import outside
from qb.report.context import DistrictPart
from qb.report.facts import shown_resource
from qb.report.plan_alternatives import PlanBalance, PlanMeans
from qb.report.plan_purchases import PlanAssumed, PlanLimits, PlanPurchases
from qb.report.plan_study import PlanPart, Work, money, money_range
from qb.report.resource_tables import gap_text, names
from qb.report.tables import Cards, Heading, Sentences
from qb.report.words import (
    area_label,
    listed,
    number,
    resource_span,
    say,
    school_rule,
    school_year,
    stage_label,
    title,
    verdict_label,
)
from qb.terms import Allowance, Verdict

# What the standard costs, in cards and sentences.


class PlanVerdict(PlanPart):
    """The least cost, how sure that is, and what is behind it."""

    def title(self) -> Heading:
        """Return the page's title, the rule, and whose prices are used."""
        lang, standard = self.context.lang, self.context.standard
        year = school_year(self.context.year, lang)
        costs = self.work.costs.title
        return Heading(
            say(
                lang,
                f"{self.district}：{self.context.resources}达标的最低费用方案（{year}）",
                f"{self.district}: the cheapest plan to meet {self.context.resources}, {year}",
            ),
            say(
                lang,
                f"每所学校 {school_rule(standard, lang)}，每个差异系数不超过限值；依据{standard.title.zh}；费用：{costs.zh}。",
                f"Every school: {school_rule(standard, lang)}; every coefficient within its limit. By {standard.title.en}. Prices: {costs.en}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the cost, its range, the bound and the gap."""
        lang, plan = self.context.lang, self.work.plan
        if plan is None:
            return Cards((self._card("方案", "The plan", str(Verdict.NO_DATA), "", ""),), lang)
        if plan.cost is None:
            words = told(plan.status, lang)
            none = self._card("方案", "The plan", say(lang, "没有方案", "None"), words, words)
            least = money(plan.bound, lang)
            bound = self._card("费用下界", "Bound", least, "任何方案不少于此数", "no plan costs less")
            return Cards((none, bound) if plan.bound else (none,), lang)
        low, high = (float(plan.purchases[name].sum()) for name in ("low_yuan", "high_yuan"))
        schools = plan.problem.rows["school_id"].nunique()
        paid = int((self.work.why.schools["cost_yuan"] > 0).sum())
        return Cards(
            (
                self._card(
                    "最低费用",
                    "Least cost",
                    money(plan.cost, lang),
                    f"{schools} 所学校中 {paid} 所需要购置",
                    f"{paid} of {schools} schools need something",
                ),
                self._card(
                    "低值—高值",
                    "Low to high",
                    money_range(low, high, lang),
                    "同一清单按费用的低值、高值计",
                    "the same list at low and high prices",
                ),
                self._card(
                    "费用下界",
                    "Bound",
                    money(plan.bound, lang),
                    "任何达标方案不少于此数",
                    "no plan that meets the standard costs less",
                ),
                self._card(
                    "差距",
                    "Gap",
                    f"{number(100 * plan.gap, 3)}%",
                    plan.status.zh,
                    plan.status.en,
                ),
            ),
            lang,
        )

    def _card(self, zh: str, en: str, value: str, below_zh: str, below_en: str) -> tuple[str, str, str]:
        lang = self.context.lang
        return say(lang, zh, en), value, say(lang, below_zh, below_en)

    def headlines(self) -> Sentences:
        """Return at most six sentences: what it costs and leaves, for what, why, what else could be done."""
        found = [self.result()]
        if self.work.made:
            found[0] += say(self.context.lang, "", " ") + self.beyond()
            found += [self._largest(), self._coefficients(), self._pupil(), self._yardsticks()]
        found.append(self._transfers())
        return Sentences(tuple(line for line in found if line))

    def result(self) -> str:
        """Return what the standard of the resources costs, or why that is not known."""
        lang, plan = self.context.lang, self.work.plan
        if plan is None:
            rows = len(self._missing())
            return say(
                lang,
                f"不能制定方案：{rows} 个学校（学段）的{self.context.resources}缺数据。"
                if rows
                else f"不能制定方案：{self.work.refused}",
                f"No plan can be made: {rows} school stages lack data for {resource_span(self.context.standard).replace('—', '–')}."
                if rows
                else "No plan can be made of these data; the reason is below.",
            )
        if plan.status is PlanStatus.UNDECIDED:
            return say(
                lang,
                "限时内没有找到达标的方案，也没有证明做不到。",
                "No plan was found in the time, nor is it proven impossible.",
            )
        if plan.cost is None:
            return say(
                lang,
                f"在现有上限之内，各校{self.context.resources}和差异系数不能全部达标。相互冲突的限制：{listed(list(plan.clashes), lang)}。",
                f"The standard of {self.context.resources} cannot be met within the upper bounds. They clash in {len(plan.clashes)} places, listed below.",
            )
        if not plan.cost:
            rows = self.work.plan.assessment.of(self.district).rows
            shown = [
                shown_resource(rows, i.code) == Allowance.AT_SCHOOL for i in self.context.standard.resources
            ]
            below = int(np.sum(shown))
            zh = f"（其中 {below} 项低于标准，规则允许）" if below else ""
            en = f" ({below} below the standard, as the rule allows)" if below else ""
            return say(
                lang,
                f"各校都判为达标{zh}，差异系数都不超过限值，不需要购置。",
                f"Every school passes{en} and every coefficient keeps its limit: there is nothing to buy.",
            )
        return say(
            lang,
            f"各校{self.context.resources}和差异系数达标最少需要 {money(plan.cost, lang)}；任何这样的方案不少于 {money(plan.bound, lang)}，{plan.status.zh}。方案已用同一评估程序复核。",
            f"Meeting {self.context.resources} and the limits of their coefficients takes {money(plan.cost, lang)} at least; no plan costs less than {money(plan.bound, lang)} ({told(plan.status, lang)}). The purchases were assessed again by the same code.",
        )

    def beyond(self) -> str:
        """Say what else money mends, what remains after it, and the district's verdict after all."""
        lang, plan = self.context.lang, self.work.plan
        left, found = outside(plan.assessment), []
        mended = plan.mended
        if len(mended.items):
            codes = listed(list(dict.fromkeys(mended.items["code"])), lang, 12)
            without = listed(mended.unpriced, lang)
            found.append(
                say(
                    lang,
                    f"{self.context.items}以外用钱能补的（{codes}）另需 {money(mended.cost, lang)}"
                    + (f"，{without} 没有单价、未计入" if without else ""),
                    f"What else money mends ({codes}) takes {money(mended.cost, lang)} more"
                    + (f", {without} without a price" if without else ""),
                )
            )
        standard = plan.before.standard
        named = {name: area_label(name, standard, lang) for name in standard.area_names}
        parts = [
            say(
                lang,
                f"{verdict.zh} {len(names_)} 项（{listed([named.get(x, x) for x in names_], lang, 12)}）",
                f"{verdict_label(verdict, lang).lower()}: {len(names_)} ({listed([named.get(x, x) for x in names_], lang, 12)})",
            )
            for verdict, names_ in left.items()
        ]
        if parts:
            found.append(
                say(
                    lang,
                    f"此外仍有{'，'.join(parts)}",
                    f"What is left: {'; '.join(parts)}",
                )
            )
        else:
            found.append(say(lang, "其他各项均已达标或不适用", "All else is met or not applicable"))
        verdict = dict(plan.assessment.districts[["district", "verdict"]].itertuples(index=False))[
            self.district
        ]
        after = verdict_label(Verdict(verdict), lang)
        found.append(
            say(lang, f"做完之后{self.district}{after}", f"After all of it {self.district}: {after.lower()}")
        )
        return say(lang, f"{'；'.join(found)}。", f"{'. '.join(found)}.")

    def _largest(self) -> str:
        lang, plan = self.context.lang, self.work.plan
        if not plan.cost:
            return ""
        codes = plan.purchases.groupby("code")[["amount", "cost_yuan"]].sum()
        code = codes["cost_yuan"].idxmax()
        name = title(self.context.standard[code], lang)
        amount = gap_text(self.context.standard[code], codes.loc[code, "amount"], lang)
        share = number(100 * codes.loc[code, "cost_yuan"] / plan.cost, 0)
        return say(
            lang,
            f"花费最多的是{name}：增加 {amount}，{money(codes.loc[code, 'cost_yuan'], lang)}，占 {share}%。",
            f"Most of it goes to {name}: {amount} more, {money(codes.loc[code, 'cost_yuan'], lang)}, {share} %.",
        )

    def _coefficients(self) -> str:
        lang, frame = self.context.lang, self.work.coefficients
        if not self.work.plan.cost:
            return ""
        over = int(self.over(frame).sum())
        extra = self.work.for_balance
        if extra < 1:
            return say(
                lang,
                f"现在超过限值的差异系数有 {over} 个；各校达标之后都在限值以内，不必再为均衡花钱。",
                f"Coefficients over their limit now: {over}; once the schools pass, all are within it, at no further cost.",
            )
        return say(
            lang,
            f"现在超过限值的差异系数有 {over} 个；各校达标之后仍要为均衡多花 {money(extra, lang)}。",
            f"Coefficients over their limit now: {over}; beyond what the schools need, balance costs {money(extra, lang)} more.",
        )

    def _pupil(self) -> str:
        lang = self.context.lang
        pupils = self.work.why.pupils.dropna(subset=["yuan"])
        if not len(pupils) or pupils["yuan"].max() < 1:
            return ""
        top = pupils.loc[pupils["yuan"].idxmax()]
        stage = stage_label(top["stage"], lang)
        return say(
            lang,
            f"多一名学生，费用增加最多的是{top['name']}（{stage}）：{number(top['yuan'], 0)} 元。",
            f"One more pupil costs most at {top['name']} ({stage.lower()}): {number(top['yuan'], 0)} yuan.",
        )

    def _yardsticks(self) -> str:
        lang, plan = self.context.lang, self.work.plan
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
            say(lang, f"{zh[name]}要 {money(yuan, lang)}", f"{en[name]} {money(yuan, lang)}")
            for name, yuan in others.items()
        ]
        return say(lang, f"对照：{'，'.join(parts)}。", f"By comparison: {'; '.join(parts)}.")

    def _transfers(self) -> str:
        lang, moved = self.context.lang, self.work.moves
        if moved is None:
            return ""
        now, then = moved.passing_before, moved.passing
        if now == then:
            return say(
                lang,
                f"只调配教师和设备、不花钱，达标的学校（学段）仍是 {now} 个。",
                f"Moving teachers and equipment alone, without money, leaves {now} school stages passing as before.",
            )
        return say(
            lang,
            f"只调配教师和设备、不花钱，达标的学校（学段）可由 {now} 个增至 {then} 个。",
            f"Moving teachers and equipment alone, without money, takes the school stages that pass from {now} to {then}.",
        )

    def reasons(self) -> Sentences:
        """Return, where there is no plan, everything that stands in its way."""
        lang, plan = self.context.lang, self.work.plan
        if plan is not None:
            return Sentences(tuple(told(words, lang) for words in plan.clashes), kind="notes")
        missing = self._missing()
        lines = [
            say(lang, f"{name} 缺：{codes}", f"{name}: no data for {codes}")
            for name, codes in zip(names(missing, lang), self._codes(missing), strict=True)
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
        lang = self.context.lang
        return [
            say(lang, "、", ", ").join(
                code for code in self.own.standard.resource_codes if value[code] != value[code]
            )
            for value in rows.to_dict("records")
        ]


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
    def work(self) -> Work:
        """The plan and all answers around it."""
        return Work(self.context, self.district, self.costs)

    def _part(self, kind: type[PlanPart]) -> PlanPart:
        return kind(self.context, self.district, work=self.work)

    @property
    def verdict(self) -> PlanVerdict:
        """What the standard costs, and how sure that is."""
        return self._part(PlanVerdict)

    @property
    def purchases(self) -> PlanPurchases:
        """What to buy, and who answers for it."""
        return self._part(PlanPurchases)

    @property
    def balance(self) -> PlanBalance:
        """What balance costs, and what the plan does to it."""
        return self._part(PlanBalance)

    @property
    def limits(self) -> PlanLimits:
        """Which limits bind, and what they are worth."""
        return self._part(PlanLimits)

    @property
    def means(self) -> PlanMeans:
        """Less money, no money, money over years."""
        return self._part(PlanMeans)

    @property
    def assumed(self) -> PlanAssumed:
        """What is taken for granted."""
        return self._part(PlanAssumed)
