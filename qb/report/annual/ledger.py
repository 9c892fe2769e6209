"""Problems and what is done about them, overdue ones first, as of a day that is said."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import pandas as pd

from qb import charts
from qb.report.annual.part import AnnualPart
from qb.report.counts import Tally
from qb.report.ledger import (
    State,
    day_of,
    ledger_table,
    nothing_to_mend,
    pressing,
    state_on,
    state_words,
    with_states,
)
from qb.report.table import Column, Sentences, Table
from qb.report.words import department_names, say, title
from qb.standard import CODES

MOST_BARS = 15


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" + "s" * (count != 1)


class AnnualLedger(AnnualPart):
    """The issue ledger (问题台账) and the ledger of measures (整改台账)."""

    @cached_property
    def day(self) -> str:
        """The day by which "overdue" is told."""
        return day_of(self.book, self.district)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """The district's measures entered up to the year, with their state on the day; pressing ones first."""
        frame = self.book.data["measures"]
        mine = (frame["district"] == self.district) & (frame["year"] <= self.book.year)
        frame = frame[mine.to_numpy(dtype=bool)]
        states = [
            str(state_on(self.day, *values))
            for values in zip(frame["deadline"], frame["status"], frame["closed_on"], strict=True)
        ]
        frame = frame.assign(state=pd.Series(states, index=frame.index, dtype="str"))
        return frame.iloc[pressing(frame["state"], frame["deadline"])].reset_index(drop=True)

    @cached_property
    def problems(self) -> pd.DataFrame:
        """Everything that fails this year, the pressing first; `state` is missing where there is no measure."""
        whole = self.book.ledger
        return with_states(self.book, whole[(whole["district"] == self.district).to_numpy()])

    def _state(self, state: object) -> str:
        return state_words(state, self.book.lang)

    def table(self) -> Table:
        """Return the issue ledger of the year: what fails, who answers, by when; overdue ones first."""
        return ledger_table(self.book, self.problems, self.district)

    def register(self) -> Table:
        """Return the ledger of measures of all years so far, overdue ones first."""
        lang, frame = self.book.lang, self.measures
        failing = set(zip(self.problems["code"], self.problems["school_id"].fillna(""), strict=True))
        names = self.book.data["schools"].drop_duplicates("school_id").set_index("school_id")["name"]
        still = [key in failing for key in zip(frame["code"], frame["school_id"].fillna(""), strict=True)]
        shown = pd.DataFrame(
            {
                "number": [f"{number:g}" for number in frame["number"]],
                "title": [self._title(code) for code in frame["code"]],
                "where": [
                    names.get(s, s) if isinstance(s, str) else say(lang, "全区", "District")
                    for s in frame["school_id"]
                ],
                "measure": frame["measure"],
                "department": [self._department(name) for name in frame["department"]],
                "deadline": frame["deadline"],
                "state": [self._state(state) for state in frame["state"]],
                "closed_on": frame["closed_on"],
                "evidence": frame["evidence"],
                "still": [say(lang, "是", "yes") if yes else say(lang, "否", "no") for yes in still],
            }
        )
        columns = (
            Column("title", say(lang, "指标", "Indicator")),
            Column("number", say(lang, "登记序号", "No.")),
            Column("where", say(lang, "学校", "School")),
            Column("measure", say(lang, "整改措施", "Measure")),
            Column("department", say(lang, "责任部门", "Department")),
            Column("deadline", say(lang, "时限", "Deadline")),
            Column("state", say(lang, "状态", "State")),
            Column("closed_on", say(lang, "销号日期", "Closed on")),
            Column("evidence", say(lang, "佐证材料", "Evidence")),
            Column("still", say(lang, "本年度仍有未达标", "Still not met this year")),
        )
        return Table(
            say(lang, f"整改台账（截至 {self.day}）", f"Measures as of {self.day}"),
            columns,
            shown,
            empty=say(lang, "整改台账没有登记。", "No measures were entered."),
            lang=lang,
        )

    def _title(self, code: object) -> str:
        return title(self.book.standard[code], self.book.lang, short=True) if code in CODES else str(code)

    def _department(self, name: object) -> str:
        return department_names((name,), self.book.standard, self.book.lang) if isinstance(name, str) else ""

    def sentences(self) -> Sentences:
        """Return the day of the count, the measures by state, and the problems without one."""
        lang, states = self.book.lang, self.measures["state"]
        basis = say(
            lang,
            f"时限以 {self.day} 为准：数据在本学年内最后一次核查或销号的日期；没有这类日期时取学年末。",
            f"Deadlines are held against {self.day}: the last day in the school year on which the data record a check "
            "or a closing, or the end of the school year where there is none.",
        )
        counts = [
            say(lang, f"{self._state(s)} {n} 项", f"{self._state(s).lower()}: {n}")
            for s in State
            if (n := int((states == s).sum()))
        ]
        named = "；".join(counts) if lang == "zh" else "; ".join(counts)
        measured = (
            say(lang, f"整改台账共 {len(states)} 项：{named}。", f"{len(states)} measures; {named}.")
            if counts
            else say(lang, "整改台账没有登记。", "No measures were entered.")
        )
        if not len(self.problems):
            return Sentences((basis, measured, self.nothing()))
        ended = self.problems["state"].isin([State.DONE, State.CLOSED])
        text = self.counted()
        if ended.any():
            text += say(
                lang,
                f"，{int(ended.sum())} 个的措施已完成或销号而本年度仍未达标",
                f"; {int(ended.sum())} whose measure was ended are still not met",
            )
        return Sentences((basis, measured, text + say(lang, "。", ".")))

    def nothing(self) -> str:
        """Return what is said in a year of which no problem is known."""
        unknown = Tally.of(self.own.indicators["verdict"]).unknown
        return nothing_to_mend(unknown, self.book.lang)

    def counted(self) -> str:
        """Return how many problems the year has, how many the school rule allows, how many have no measure."""
        lang, count = self.book.lang, len(self.problems)
        bare, allowed = int(self.problems["state"].isna().sum()), int(self.problems["allowed"].sum())
        some = say(lang, f"（其中规则允许的 {allowed} 个）", f" ({allowed} of them as the rule allows)")
        problems = say(lang, f"本年度未达标的问题 {count} 个", _plural(count, "problem") + " this year")
        return (
            problems
            + some * bool(allowed)
            + say(lang, f"，{bare} 个尚未登记整改措施", f", {bare} without a measure")
        )

    def by_department(self) -> list[charts.Chart]:
        """Return how many of the year's problems each department answers for; none where nothing fails."""
        lang, standard = self.book.lang, self.book.standard
        counts = self.problems["departments"].explode().value_counts(sort=True)
        if not len(counts):
            return []
        shown = counts.head(MOST_BARS)
        most, bare = shown.iloc[0], int(self.problems["state"].isna().sum())
        finding = say(
            lang,
            f"{len(self.problems)} 个问题由 {len(counts)} 个部门负责，一个部门最多 {most} 个；{bare} 个尚未登记措施",
            f"{_plural(len(self.problems), 'problem')}, {_plural(len(counts), 'department')}, at most {most} each; "
            f"{bare} without a measure",
        )
        measure = say(
            lang,
            "各部门牵头或参与的问题数；几个部门共同负责的各记一次",
            "Problems by department; shared ones count for each",
        )
        names = [department_names((name,), standard, lang) for name in shown.index]
        chart = charts.shortfall_bars(
            names,
            shown.astype(float).tolist(),
            say(lang, "个", "problems"),
            caption=self.caption(finding, measure),
            decimals=0,
        )
        words = say(lang, "责任部门", "Department"), say(lang, "问题数", "Problems")
        return [replace(chart, table=pd.DataFrame(dict(zip(words, (names, shown.tolist()), strict=True))))]
