"""The brief (领导一页纸): the verdict, what moved, the problems that matter most with who, when and how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE
from qb.planning.plan.budget_and_transfers import BudgetPlan
from qb.report.context import AnnualPart, decided
from qb.report.issue_ledger import State, state_words
from qb.report.ledger_report import LedgerReport
from qb.report.plan_study import STEPS, PlanAnswers, PlanVerdict, money, plan_answers
from qb.report.resource_tables import areas_over_years, direction, turned
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.verdict_keys import Fact, department_anchor, key, shown_indicators
from qb.report.verdict_rules import PageRules
from qb.report.verdict_sentences import plain_verdict
from qb.report.words import (
    Tally,
    area_label,
    coefficients_met,
    department_names,
    listed,
    part_label,
    school_year,
    verdict_label,
)
from qb.terms import Stage, Verdict

MOST = 5  # problems on the first sheet
ALSO = 12  # names in a sentence
WRITTEN_OUT = 2  # items of a checklist whose texts stand in a cell
# The badge of a problem's state: red where it presses, green where it was ended.
BADGES = {
    State.OVERDUE: "fail",
    State.UNKNOWN: "nodata",
    State.OPEN: "open",
    State.DONE: "pass",
    State.CLOSED: "pass",
}


@dataclass(frozen=True)
class UnmetIndicator:
    """What is not met of one indicator, all schools together."""

    code: str
    rows: pd.DataFrame  # its entries of the ledger, with their states
    departments: tuple[str, ...]  # who answers, the first in charge first
    state: State | None  # the most pressing state of its measures; None where none was entered
    deadline: str  # the first date by which a measure that is not ended is due; empty where none has one
    bare: int  # how many entries have no measure

    @property
    def deciding(self) -> int:
        """How many entries stand between the district and the standard: all but those the rule allows."""
        return int((~self.rows["allowed"]).sum())


def problems_of(ledger: pd.DataFrame) -> list[UnmetIndicator]:
    """Return a district's ledger by indicator, those with the most entries that the rule does not allow first.

    Entries have their states (:func:`qb.report.issue_ledger.with_states`), the most pressing first.
    """
    found = []
    for code, rows in ledger.groupby("code", sort=False):
        states = [State(state) for state in rows["state"] if isinstance(state, str)]
        open_ = rows.loc[~rows["state"].isin([State.DONE, State.CLOSED]).to_numpy(), "deadline"].dropna()
        departments = tuple(dict.fromkeys(name for names in rows["departments"] for name in names))
        found.append(
            UnmetIndicator(
                str(code),
                rows,
                departments,
                min(states, key=list(State).index, default=None),
                min(open_, default=""),
                int(rows["state"].isna().sum()),
            )
        )
    return sorted(found, key=lambda problem: -problem.deciding)


@dataclass(frozen=True)
class BriefReport(AnnualPart):
    """Everything the brief shows, part by part.

    Attributes
    ----------
    context : ReportContext
    district : str
        Empty for the only one of the data.
    costs : str
        A cost file; empty for the assumed costs shipped with qb.
    """

    costs: str = ""

    @cached_property
    def work(self) -> PlanAnswers:
        """The cheapest plan, of which the money comes."""
        return plan_answers(self.context, self.district, self.costs)

    @cached_property
    def ledger(self) -> LedgerReport:
        """The issue ledger."""
        return LedgerReport(self.context, self.district)

    @cached_property
    def problems(self) -> list[UnmetIndicator]:
        """What is not met, by indicator."""
        return problems_of(self.ledger.problems)

    def title(self) -> Heading:
        """Return the page's title and what it is by."""
        standard, target = self.standard, self.standard.target_year
        year = school_year(self.year, self.lang)
        return Heading(
            self.say(
                f"{self.district}{self.context.standard.subject.zh}：一页纸（{year}）",
                f"{self.district}: the brief, {year[0].lower()}{year[1:]}",
            ),
            self.say(
                f"依据{standard.title.zh}{f'；目标年份 {target} 年' if target else ''}；问题状态截至 {self.ledger.day}。",
                f"By {standard.title.en}{f'; target year {target}' if target else ''}; states of problems as of {self.ledger.day}.",
            ),
        )

    # What moved since last year.

    def cards(self) -> Cards:
        """Return the verdict and the three counts behind it, each with last year's and the direction."""
        year = self.year
        overall = str(self.own.districts["verdict"].iloc[0])
        known = self.before is not None
        last = str(self.before.districts["verdict"].iloc[0]) if known else ""
        told, then = "", turned(overall, last or None, self.lang)
        if known and self.before.year < year - 1:  # the latest year that there is
            label = verdict_label(last, self.lang)
            told, then = (
                self.say(f"{self.before.year} 年：{label}", f"{self.before.year}: {label.lower()}"),
                "",
            )
        whole = key(Fact.DISTRICT, year, self.district)
        course = areas_over_years(self.slices.values())[""]
        cards: list[tuple[Any, ...]] = [
            (self.say("区域总体", "The district"), overall, told, whole, then, course)
        ]
        names = (
            (self.say("达标的学校（学段）", "School stages met"), "rows"),
            (coefficients_met(self.standard, self.lang), "coefficients"),
            (self.say("达标指标", "Indicators met"), "indicators"),
        )
        for label, what in names:
            now = self._tally(self.own, what)
            if not now.held and what != "indicators":  # the standard does not ask for it, or nobody is judged
                continue
            shown = (
                f"{now.passed} / {now.held}" if now.known else verdict_label(self._nothing(now), self.lang)
            )
            cards.append((label, shown, self._moved(now, what), "", "", self._course(what)))
        return Cards(tuple(cards), self.lang)

    @staticmethod
    def _nothing(tally: Tally) -> Verdict:
        return Verdict.NO_DATA if tally.held else Verdict.NOT_APPLICABLE

    @staticmethod
    def _tally(own: Assessment, what: str) -> Tally:
        if what == "indicators":
            return Tally.of(shown_indicators(own))
        return Tally.of(own.rows["verdict"] if what == "rows" else decided(own)["verdict"])

    def _course(self, what: str) -> list[tuple[int, float]]:
        """Return how many there were in each of the last five years, NaN where nobody knows."""
        return [(year, self._tally(own, what).drawn) for year, own in self.slices.items()]

    def _moved(self, now: Tally, what: str) -> str:
        """Return last year's count and in which direction it went, in words and as an arrow."""
        last = ""
        if self.before is None:
            last = self.say("没有以前年度可比", "no earlier year to compare with")
        else:
            then, year = self._tally(self.before, what), self.before.year
            if not then.held:
                last = self.say(f"{year} 年不适用", f"{year}: not applicable")
            elif not then.known:
                last = self.say(f"{year} 年缺数据", f"{year}: no data")
            else:
                last = self.say(
                    f"{year} 年 {then.passed} / {then.held}", f"{year}: {then.passed} / {then.held}"
                )
                if now.known:
                    last += self.say("，", ", ") + direction(
                        now.passed - then.passed, self.lang, "项" if what == "indicators" else "个"
                    )
        more = (
            self.say(f"另 {now.allowed} 个规则允许", f"{now.allowed} more: the rule allows")
            * bool(now.allowed),
            self.say(f"其中 {now.unknown} 个缺数据", f"{now.unknown} of them without data")
            * bool(now.unknown),
        )
        return self.say("；", "; ").join(filter(None, (last, *more)))

    # What stands between the district and the standard.

    def verdict(self) -> Sentences:
        """Return what decides, what the money brings, and what is left, a sentence each."""
        plan = PlanVerdict(self.context, self.district, work=self.work)
        beyond = plan.beyond() if self.work.made else ""
        found = (
            plain_verdict(self.own, self.lang),
            self._problems_said(),
            plan.result(),
            self._first_step(),
            beyond,
        )
        return Sentences(tuple(line for line in found if line))

    def _problems_said(self) -> str:
        ledger = self.ledger
        if not len(ledger.problems):
            return ledger.nothing()
        dated = int(ledger.problems["deadline"].notna().sum())
        return ledger.counted() + self.say(
            f"，有时限的 {dated} 个。", f"; {dated} {'has' if dated == 1 else 'have'} a deadline."
        )

    def _first_step(self) -> str:
        step = self.first_step
        if step is None:
            return ""
        now, held = self._tally(self.own, "rows").passed, len(self.own.rows)
        share = f"{100 * STEPS[0]:g}"
        return self.say(
            f"先做哪一步：花其中的 {share}%（{money(step.cost, self.lang)}），达标的学校（学段）可由 {now} 个增至 {step.passing} 个，共 {held} 个。",
            f"The first step: {share}% of it ({money(step.cost, self.lang)}) takes the school stages that pass from {now} to {step.passing} of {held}.",
        )

    @cached_property
    def first_step(self) -> BudgetPlan | None:
        """What the first part of the cost buys at best; None where there is nothing to buy or no plan."""
        return self.work.step(STEPS[0])

    def _name(self, code: str) -> str:
        if code in self.standard.area_names and code not in self.standard.codes:
            return area_label(code, self.standard, self.lang)
        return self.short(code)

    def first(self) -> Table | Sentences:
        """Return the problems that decide most: what, who, by when, for how much, what it brings."""
        if not self.problems:
            return Sentences(())
        deciding = [problem for problem in self.problems if problem.deciding]
        shown = [
            {
                "title": self._problem(problem),
                "departments": department_names(problem.departments, self.standard, self.lang),
                "deadline": self._deadline(problem),
                "money": self._money(problem.code),
                "brings": self._brings(problem),
            }
            for problem in deciding[:MOST]
        ]
        columns = (
            Column("title", ("问题", "Problem")),
            Column("departments", ("责任部门", "Departments")),
            Column("deadline", ("时限", "Deadline")),
            Column("money", ("费用", "Money")),
            Column("brings", ("办成之后", "What it brings")),
        )
        more = len(deciding) - len(shown)
        rest = listed([self._name(problem.code) for problem in deciding[MOST:]], self.lang, ALSO)
        return self.table_of(
            ("最要紧的几件事", "What matters most"),
            columns,
            shown,
            note=(
                "按同一指标下规则不允许的问题个数排列；费用和效果取自达标方案。"
                + f"其余 {more} 项：{rest}。" * bool(more),
                "By the number of problems that the rule does not allow; money and effect are the cheapest plan's."
                + f" {more} more: {rest}." * bool(more),
            ),
            empty=(
                "低于标准的各处都在规则允许之内。",
                "All that is below the standard is what the rule allows.",
            ),
        )

    def _problem(self, problem: UnmetIndicator) -> str:
        name = self._name(problem.code)
        spread = int((problem.rows["part"] == "coefficient").sum())
        at_schools = problem.rows["school_id"].notna() & ~problem.rows["allowed"]
        schools = int(at_schools.sum())
        allowed = int(problem.rows["allowed"].sum())
        others = len(problem.rows) - spread - schools - allowed
        parts = [
            self.say(f"学校 {schools} 处未达标", f"not met at schools: {schools}") * bool(schools),
            self.say(f"规则允许 {allowed} 处", f"below as the rule allows: {allowed}") * bool(allowed),
            self.say(f"差异系数超限 {spread} 个", f"coefficients above the limit: {spread}") * bool(spread),
            self.say(f"区级 {others} 项未达标", f"not met in the district: {others}") * bool(others),
        ]
        return f"{name}{self.say('：', ': ')}{self.say('，', ', ').join(filter(None, parts))}"

    def _deadline(self, problem: UnmetIndicator) -> str:
        held = len(problem.rows)
        if not problem.deadline:
            return self.say("未定", "none set")
        without = int(problem.rows["deadline"].isna().sum())
        words = f"{problem.deadline} {self._state(problem.state)}".strip()
        if not without:
            return words
        return words + self.say(f"；{held} 处中 {without} 处未定", f"; {without} of {held} without one")

    def _state(self, state: State | None) -> str:
        return self.say("未登记措施", "No measure") if state is None else state_words(str(state), self.lang)

    def _money(self, code: str) -> str:
        """Return what the plan spends on an indicator, or why that is not known."""
        work = self.work
        if work.plan is None:
            return verdict_label(Verdict.NO_DATA, self.lang)
        if not work.made:
            return self.say("没有方案", "no plan")
        for spent in (work.plan.purchases, work.plan.mended.items):
            mine = spent.loc[(spent["code"] == code).to_numpy(), "cost_yuan"] if len(spent) else spent
            if len(mine) and mine.notna().all():
                return money(float(mine.sum()), self.lang)
            if len(mine):
                return self.say("费用文件没有单价", "no price in the cost file")
        if code == COMPOSITE:  # all that is bought is bought for it
            return money(work.plan.cost, self.lang)
        if code in self.standard.resource_codes:
            return self.say("不必为此花钱", "none needed")
        return self.say("费用文件没有列入", "not in the cost file")

    def _brings(self, problem: UnmetIndicator) -> str:
        """Return what changes with the plan: a verdict, school stages, coefficients."""
        code = problem.code
        if not self.work.made:
            return self.say("没有方案，无从计算", "no plan to compute it from")
        if code in self.standard.resource_codes:
            return self._passes(code)
        if code == COMPOSITE:
            return self.say("平均值回到限值以内", "the mean comes within its limit")
        after = self.work.plan.assessment.indicators.set_index("code")["verdict"]
        if code in after.index and after[code] == Verdict.PASS:
            return self.say("该项指标达标", "the indicator is met")
        return self.say("方案之外，须另行解决", "beyond the plan, to be settled otherwise")

    def _passes(self, code: str) -> str:
        """Return what the plan's purchases of a resource are part of: rows that pass, coefficients within."""
        plan = self.work.plan
        bought = plan.purchases[(plan.purchases["code"] == code).to_numpy()]
        wholes = set(bought.loc[(bought["stage"] == Stage.WHOLE).to_numpy(), "school_id"])
        stages = set(zip(bought["school_id"], bought["stage"].astype(str), strict=True))
        before = self.own.rows.set_index(["school_id", "stage"])["verdict"].astype(str)
        after = plan.assessment.rows.set_index(["school_id", "stage"])["verdict"].astype(str)
        newly = [
            place
            for place, verdict in before.items()
            if verdict == Verdict.FAIL
            and after.get(place) == Verdict.PASS
            and (place[0] in wholes or (place[0], str(place[1])) in stages)
        ]
        spreads = [
            decided(one).set_index(["stage", "code"])["verdict"] for one in (self.own, plan.assessment)
        ]
        within = [
            place
            for place, verdict in spreads[0].items()
            if place[1] == code and verdict == Verdict.FAIL and spreads[1].get(place) == Verdict.PASS
        ]
        parts = [
            self.say(
                f"与同校其他购置一起使 {len(newly)} 个学校（学段）达标",
                f"with the rest bought there, {len(newly)} school stages pass",
            )
            * bool(newly),
            self.say(
                f"{len(within)} 个差异系数回到限值以内",
                f"coefficients that come within the limit: {len(within)}",
            )
            * bool(within),
        ]
        return self.say("；", "; ").join(filter(None, parts)) or self.say(
            "规则允许这几处仍低于标准", "the rule lets these stay below"
        )

    def rules(self) -> PageRules:
        """Return the rule of the verdict on the district."""
        return PageRules(self.standard, self.year, self.lang, ("district",))

    # The wall chart and the timetable.

    def wall(self) -> Table:
        """Return the wall chart (作战图): problems by deadline against the departments that answer for them."""
        standard = self.standard
        ordered = sorted(self.problems, key=lambda problem: (problem.deadline or "9999", -problem.deciding))
        departments = list(dict.fromkeys(name for problem in ordered for name in problem.departments))
        nobody = any(not problem.departments for problem in ordered)
        shown = []
        for problem in ordered:
            state = self._state(problem.state)
            cells = {name: state if name in problem.departments else "" for name in departments}
            shown.append(
                {
                    "title": self._name(problem.code),
                    "count": len(problem.rows),
                    "deadline": problem.deadline or self.say("未定", "none set"),
                    "badge": BADGES[problem.state] if problem.state else "nodata",
                    **cells,
                    "nobody": "" if problem.departments else state,
                }
            )
        columns = (
            Column("title", ("问题", "Problem")),
            Column("deadline", ("最早时限", "First deadline")),
            Column("count", ("处数", "Places"), decimals=0),
            *(
                Column(name, department_names((name,), standard, self.lang), badge="badge")
                for name in departments
            ),
            Column(
                "nobody",
                ("未定责任部门", "No department") if departments else ("状态", "State"),
                badge="badge",
            )
            if nobody
            else None,
        )
        return self.table_of(
            (f"作战图（截至 {self.ledger.day}）", f"Wall chart as of {self.ledger.day}"),
            columns,
            shown,
            note=(
                "每格是该部门负责的问题中最紧迫的状态；" * bool(departments)
                + "按最早时限排列，没有时限的在后。",
                "A cell is the most pressing state of what the department answers for. " * bool(departments)
                + "By the first deadline, those without one last.",
            ),
            empty=self.ledger.nothing(),
        )

    def timetable(self) -> Table | Sentences:
        """Return the timetable (时间表): what is due when, and what only after the target year; what has no date is last."""
        frame = self.ledger.problems
        if not len(frame):
            return Sentences(())
        due = frame.assign(
            due=[
                day if isinstance(day, str) and state not in (State.DONE, State.CLOSED) else ""
                for day, state in zip(frame["deadline"], frame["state"], strict=True)
            ]
        )
        shown = [
            {
                "due": self._due(day),
                "what": listed(
                    [f"{self._name(code)} {len(rows)}" for code, rows in mine.groupby("code", sort=False)],
                    self.lang,
                    ALSO,
                ),
                "count": len(mine),
                "departments": department_names(
                    tuple(dict.fromkeys(name for names in mine["departments"] for name in names)),
                    self.standard,
                    self.lang,
                ),
                "state": self.say("、", ", ").join(
                    dict.fromkeys(
                        self._state(State(s) if isinstance(s, str) else None) for s in mine["state"]
                    )
                ),
            }
            for day, mine in sorted(due.groupby("due"), key=lambda one: one[0] or "9999")
        ]
        target = self.standard.target_year
        columns = (
            Column("due", ("时限", "Deadline")),
            Column("what", ("要解决的问题（处数）", "Problems (places)")),
            Column("count", ("合计", "In all"), decimals=0),
            Column("departments", ("责任部门", "Departments")),
            Column("state", ("状态", "State")),
        )
        caption = (f"时间表（目标 {target} 年）", f"Timetable (target {target})")
        return self.table_of(caption if target else ("时间表", "Timetable"), columns, shown)

    def _due(self, day: str) -> str:
        """Return a deadline, with what it says of the target year."""
        if not day:
            return self.say("未定时限", "No date")
        target = self.standard.target_year
        if target is None or int(day[:4]) <= target:
            return day
        return self.say(f"{day}（晚于目标年份）", f"{day} (after the target year)")

    # A sheet for each department.

    def sheets(self) -> list[Table]:
        """Return a table for each department: its problems, dates, money, and with whom it shares them."""
        standard = self.standard
        names = dict.fromkeys(name for problem in self.problems for name in problem.departments)
        found = []
        for place, name in enumerate(names):
            mine = [problem for problem in self.problems if name in problem.departments]
            shown = [
                {
                    "title": self._problem(problem) if problem.deciding else self._name(problem.code),
                    "places": self._places(problem),
                    "role": self._role(problem, name),
                    "deadline": self._deadline(problem),
                    "money": self._money(problem.code),
                }
                for problem in mine
            ]
            columns = (
                Column("title", ("问题", "Problem")),
                Column("places", ("在哪里", "Where")),
                Column("role", ("职责", "Part")),
                Column("deadline", ("时限", "Deadline")),
                Column("money", ("费用", "Money")),
            )
            label = department_names((name,), standard, self.lang)
            found.append(
                self.table_of(
                    label, columns, shown, sheet=place > 0, anchor=department_anchor(name, standard)
                )
            )
        return found

    def _places(self, problem: UnmetIndicator) -> str:
        """Return the schools of a problem, or what of the district it is."""
        named = problem.rows
        schools = list(dict.fromkeys(name for name in named["name"] if isinstance(name, str)))
        parts = [
            str(part)
            for part, school in zip(named["part"], named["name"], strict=True)
            if not isinstance(school, str) and part
        ]
        told = {part: part_label(part, self.standard, self.lang) for part in parts}
        if len(told) > WRITTEN_OUT:  # the texts of items stand in the ledger
            told = {part: part if text.startswith(f"{part} ") else text for part, text in told.items()}
        return listed(schools + list(told.values()), self.lang) or self.say("全区", "District")

    def _role(self, problem: UnmetIndicator, name: str) -> str:
        others = [other for other in problem.departments if other != name]
        if not others:
            return self.say("单独负责", "alone")
        told = department_names(tuple(others), self.standard, self.lang)
        if problem.departments[0] == name:
            return self.say(f"牵头，与{told}", f"first in charge, with {told}")
        return self.say(f"参与，与{told}", f"takes part, with {told}")
