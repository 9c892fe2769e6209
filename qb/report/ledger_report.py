"""The ledger's page: every problem of the year with who, what and by when, and the measures of all years."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import pandas as pd

from qb import charts
from qb.report import columns
from qb.report.context import AnnualPart
from qb.report.issue_ledger import (
    QUOTED,
    State,
    ledger_day,
    ledger_table,
    nothing_to_mend,
    pressing,
    state_on,
    state_words,
    with_states,
)
from qb.report.tables import Column, Heading, Row, Sentences, Table
from qb.report.verdict_rules import PageRules
from qb.report.words import Tally, department_names, listed, school_year
from qb.standard import BESIDE

MOST_BARS = 15


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" + "s" * (count != 1)


class LedgerReport(AnnualPart):
    """The issue ledger (问题台账) and the ledger of measures (整改台账)."""

    @cached_property
    def day(self) -> str:
        """The day by which "overdue" is told."""
        return ledger_day(self.context, self.district)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """The measures for what the standard judges, with their state on the day; pressing ones first."""
        frame = self._entered[self._entered["code"].isin([*self.standard.codes, *BESIDE]).to_numpy()]
        states = [
            str(state_on(self.day, *values))
            for values in zip(frame["deadline"], frame["status"], frame["closed_on"], strict=True)
        ]
        frame = frame.assign(state=pd.Series(states, index=frame.index, dtype="str"))
        return frame.iloc[pressing(frame["state"], frame["deadline"])].reset_index(drop=True)

    @cached_property
    def _entered(self) -> pd.DataFrame:
        """The district's measures entered up to the year, those for indicators of other standards too."""
        frame = self.context.data["measures"]
        mine = (frame["district"] == self.district) & (frame["year"] <= self.year)
        return frame[mine.to_numpy(dtype=bool)]

    def beside(self) -> str:
        """Return how many measures are for indicators that the standard does not have; empty for none."""
        others = self._entered[~self._entered["code"].isin([*self.standard.codes, *BESIDE]).to_numpy()]
        named = listed(list(dict.fromkeys(others["code"].astype(str))), self.lang, 10)
        return self.say(
            f"另有 {len(others)} 项整改针对本标准没有的指标（{named}），不列入。",
            f"{_plural(len(others), 'measure')} for indicators that the standard does not have ({named}): not listed.",
        ) * bool(len(others))

    @cached_property
    def problems(self) -> pd.DataFrame:
        """Everything that fails this year, the pressing first; `state` is missing where there is no measure."""
        whole = self.context.ledger
        return with_states(self.context, whole[(whole["district"] == self.district).to_numpy()])

    def _state(self, state: object) -> str:
        return state_words(state, self.lang)

    def title(self) -> Heading:
        """Return the page's title, the standard, and the day of the states."""
        standard, year = self.standard, school_year(self.year, self.lang)
        return Heading(
            self.say(f"{self.district}问题台账（{year}）", f"{self.district}: issue ledger, {year.lower()}"),
            self.say(
                f"依据{standard.title.zh}；状态截至 {self.day}。",
                f"By {standard.title.en}; states as of {self.day}.",
            ),
        )

    def table(self) -> Table:
        """Return the issue ledger of the year: what fails, who answers, by when; overdue ones first."""
        return ledger_table(self.context, self.problems, self.district)

    def quoted(self) -> Table:
        """Return the most pressing of it, with the way to the whole."""
        return ledger_table(self.context, self.problems, self.district, QUOTED)

    def rules(self) -> PageRules | None:
        """Return the rules of what is not met; None where nothing is."""
        spread = self.problems["part"] == "coefficient"
        found = dict.fromkeys(self.problems["code"].mask(spread, "coefficient"))
        return PageRules(self.standard, self.year, self.lang, tuple(found)) if found else None

    def register(self) -> Table:
        """Return the ledger of measures of all years so far, overdue ones first."""
        failing = set(zip(self.problems["code"], self.problems["school_id"].fillna(""), strict=True))
        names, district = self.context.school_index.names, self.say("全区", "District")
        yes, no = self.say("是", "yes"), self.say("否", "no")

        def still(row: Row, _: object) -> str:
            school = row["school_id"]
            return yes if (row["code"], school if isinstance(school, str) else "") in failing else no

        def where(row: Row, _: object) -> str:
            school = row["school_id"]
            return names.get(school, school) if isinstance(school, str) else district

        return self.table_of(
            (f"整改台账（截至 {self.day}）", f"Measures as of {self.day}"),
            (
                Column("title", ("指标", "Indicator"), show=lambda row, _: self._title(row["code"])),
                Column("number", ("登记序号", "No."), show=lambda row, _: f"{row['number']:g}"),
                replace(columns.SCHOOL, key="where", show=where),
                Column("measure", ("整改措施", "Measure")),
                Column(
                    "department",
                    ("责任部门", "Department"),
                    show=lambda row, _: self._department(row["department"]),
                ),
                Column("deadline", ("时限", "Deadline")),
                Column("state", ("状态", "State"), show=lambda row, _: self._state(row["state"])),
                Column("closed_on", ("销号日期", "Closed on")),
                Column("evidence", ("佐证材料", "Evidence")),
                Column("still", ("本年度仍有未达标", "Still not met this year"), show=still),
            ),
            self.measures,
            empty=("整改台账没有登记。", "No measures were entered."),
        )

    def _title(self, code: object) -> str:
        return str(code) if code in BESIDE else self.short(str(code))

    def _department(self, name: object) -> str:
        return department_names((name,), self.standard, self.lang) if isinstance(name, str) else ""

    def sentences(self) -> Sentences:
        """Return the day of the count, the measures by state, and the problems without one."""
        lang, states = self.lang, self.measures["state"]
        basis = self.say(
            f"时限以 {self.day} 为准：数据在本学年内最后一次核查或销号的日期；没有这类日期时取学年末。",
            f"Deadlines are held against {self.day}: the last day in the school year on which the data record a check "
            "or a closing, or the end of the school year where there is none.",
        )
        counts = [
            self.say(f"{self._state(s)} {n} 项", f"{self._state(s).lower()}: {n}")
            for s in State
            if (n := int((states == s).sum()))
        ]
        named = "；".join(counts) if lang == "zh" else "; ".join(counts)
        told = self.say(f"整改台账共 {len(states)} 项：{named}。", f"{len(states)} measures; {named}.")
        told = self.say("", " ").join(filter(None, (told * bool(counts), self.beside())))
        measured = told or self.say("整改台账没有登记。", "No measures were entered.")
        if not len(self.problems):
            return Sentences((basis, measured, self.nothing()))
        ended = self.problems["state"].isin([State.DONE, State.CLOSED])
        text = self.counted()
        if ended.any():
            text += self.say(
                f"，{int(ended.sum())} 个的措施已完成或销号而本年度仍未达标",
                f"; {int(ended.sum())} whose measure was ended are still not met",
            )
        return Sentences((basis, measured, text + self.say("。", ".")))

    def nothing(self) -> str:
        """Return what is said in a year of which no problem is known."""
        unknown = Tally.of(self.own.indicators["verdict"]).unknown
        return nothing_to_mend(unknown, self.lang)

    def counted(self) -> str:
        """Return how many problems the year has, how many the school rule allows, how many have no measure."""
        _lang, count = self.lang, len(self.problems)
        bare, allowed = int(self.problems["state"].isna().sum()), int(self.problems["allowed"].sum())
        some = self.say(f"（其中规则允许的 {allowed} 个）", f" ({allowed} of them as the rule allows)")
        problems = self.say(f"本年度未达标的问题 {count} 个", _plural(count, "problem") + " this year")
        return (
            problems
            + some * bool(allowed)
            + self.say(f"，{bare} 个尚未登记整改措施", f", {bare} without a measure")
        )

    def by_department(self) -> list[charts.Chart]:
        """Return how many of the year's problems each department answers for; none where nothing fails."""
        lang, standard = self.lang, self.standard
        counts = self.problems["departments"].explode().value_counts(sort=True)
        if not len(counts):
            return []
        shown = counts.head(MOST_BARS)
        most, bare = shown.iloc[0], int(self.problems["state"].isna().sum())
        finding = self.say(
            f"{len(self.problems)} 个问题由 {len(counts)} 个部门负责，一个部门最多 {most} 个；{bare} 个尚未登记措施",
            f"{_plural(len(self.problems), 'problem')}, {_plural(len(counts), 'department')}, at most {most} each; "
            f"{bare} without a measure",
        )
        measure = self.say(
            "各部门牵头或参与的问题数；几个部门共同负责的各记一次",
            "Problems by department; shared ones count for each",
        )
        names = [department_names((name,), standard, lang) for name in shown.index]
        chart = charts.shortfall_bars(
            names,
            shown.astype(float).tolist(),
            self.say("个", "problems"),
            caption=self.caption(finding, measure),
            decimals=0,
        )
        words = self.say("责任部门", "Department"), self.say("问题数", "Problems")
        return [replace(chart, table=pd.DataFrame(dict(zip(words, (names, shown.tolist()), strict=True))))]
