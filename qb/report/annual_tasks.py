"""Annual report: the plan's tasks, the evidence, the veto self-check, problems and measures."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import pandas as pd

from qb import charts
from qb.data.schema import bearing, tables_of
from qb.report import columns
from qb.report.context import AnnualPart
from qb.report.issue_ledger import (
    State,
    ledger_day,
    ledger_table,
    nothing_to_mend,
    pressing,
    state_on,
    state_words,
    with_states,
)
from qb.report.tables import Column, Row, Sentences, Table
from qb.report.words import Tally, department_names, label, listed
from qb.standard import BESIDE
from qb.terms import Status, Verdict

# Problems and what is done about them, overdue ones first, as of a day that is said.


MOST_BARS = 15


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" + "s" * (count != 1)


class AnnualLedger(AnnualPart):
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

    def table(self) -> Table:
        """Return the issue ledger of the year: what fails, who answers, by when; overdue ones first."""
        return ledger_table(self.context, self.problems, self.district)

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


# The plan's tasks, the evidence by indicator, and the veto self-check.


STATES = (*Status, Verdict.NO_DATA)
FOUND = {
    Verdict.FAIL: ("存在", "Found"),
    Verdict.PASS: ("未发现", "Not found"),
    Verdict.NO_DATA: ("未自查", "Not checked"),
}


EVIDENCE = (
    Column("document", ("佐证材料", "Document")),
    Column("note", ("说明", "Note")),
    Column("checked_on", ("核查日期", "Checked on")),
)


class AnnualTasks(AnnualPart):
    """What the district says it has done, with the documents that show it."""

    @cached_property
    def _evidence(self) -> pd.DataFrame:
        """The year's evidence by item: ``status, document, note, checked_on``."""
        return self._of(self.year)

    def _of(self, year: int) -> pd.DataFrame:
        return self.rows_of("evidence", year).drop_duplicates("item", keep="last").set_index("item")

    def _entry(self, item: str) -> dict[str, object]:
        """Return what was handed in on an item; its state is "no data" where nothing was."""
        row = self._evidence.loc[item] if item in self._evidence.index else {}
        found = {key: row.get(key) for key in ("status", "document", "note", "checked_on")}
        known = {key: value if isinstance(value, str) else "" for key, value in found.items()}
        state = Status.called(known["status"]) or Verdict.NO_DATA
        return known | {
            "state": state,
            "words": label(state, self.lang),
            "fails": state in (Status.UNMET, Status.PARTLY),
        }

    def sentences(self) -> Sentences | None:
        """Return how many of the tasks are in each state, and which are not met; None where there are none."""
        lang, tasks = self.lang, self.standard.tasks
        if not tasks:
            return None
        states = {task: self._entry(task.item)["state"] for task in tasks}
        counts = [(state, [t for t, s in states.items() if s is state]) for state in STATES]
        shown = [f"{label(state, lang)} {len(own)}" for state, own in counts if own]
        lines = [
            self.say(
                f"方案的 {len(tasks)} 项重点任务：{'，'.join(shown)}。",
                f"The plan's {len(tasks)} tasks: {', '.join(shown).lower()}.",
            )
        ]
        for state, own in counts:
            if own and state is not Status.MET and len(own) < len(tasks):
                named = listed([f"{t.item} {self.say(t.title.zh, t.title.en)}" for t in own], lang, 16)
                lines.append(
                    self.say(f"{label(state, lang)}的：{named}。", f"{label(state, lang)}: {named}.")
                )
        return Sentences(tuple(lines))

    def table(self) -> Table | None:
        """Return every task with its state this year and last, and the evidence."""
        if not self.standard.tasks:
            return None
        before = self._of(self.before.year) if self.before is not None else self._evidence.head(0)
        lines = [
            {
                "title": f"{task.item} {self.say(task.title.zh, task.title.en)}",
                "before": label(
                    Status.called(str(before["status"].get(task.item))) or Verdict.NO_DATA, self.lang
                ),
                **self._entry(task.item),
            }
            for task in self.standard.tasks
        ]
        return self.table_of(
            ("重点任务进展与佐证", "Tasks of the plan: state and evidence"),
            (
                Column("title", ("任务", "Task")),
                None if self.before is None else Column("before", str(self.before.year)),
                Column("words", str(self.year)),
                *EVIDENCE,
            ),
            lines,
        )

    def missing(self) -> Sentences:
        """Return how many items have a document, and name those that have none."""
        lang, items = self.lang, [item.item for item in self.standard.checklist]
        bare = [item for item in items if not self._entry(item)["document"]]
        text = self.say(
            f"需要佐证的要点 {len(items)} 条，已登记材料 {len(items) - len(bare)} 条",
            f"{len(items)} items ask for evidence; documents are entered for {len(items) - len(bare)}",
        )
        if not items:
            text = self.say("标准没有需要佐证的要点", "No item of the standard asks for evidence")
        named = listed(bare, lang, len(items))
        if bare and len(bare) < len(items):
            text += self.say(f"，尚缺：{named}", f"; missing: {named}")
        return Sentences((text + self.say("。", "."),))

    def index(self) -> Table:
        """Return the evidence by C-number: documents of the checklist, and the tables that hold figures."""
        empty = {"text": "", "words": "", "note": "", "checked_on": "", "fails": False}
        lines = []
        for indicator in self.standard.indicators:
            code = {"code": indicator.code}
            if figures := self._tables(indicator.code):
                said = self.say(f"数据表：{figures}", f"Tables of data: {figures}")
                lines.append({**code, "item": indicator.code, **empty, "document": said})
            lines += [
                {
                    **code,
                    "item": item.item,
                    "text": self.say(item.text.zh, item.text.en),
                    **self._shown(item.item),
                }
                for item in self.standard.items(indicator.code)
            ]
        return self.table_of(
            ("佐证材料索引", "Index of evidence"),
            (
                Column("item", ("编号", "No.")),
                columns.indicator(short=True, leads=False),
                Column("text", ("要点", "Item")),
                Column("words", ("达到情况", "State")),
                *EVIDENCE,
            ),
            lines,
            failing="fails",
            note=(
                "以数字判定的指标，佐证是报送的数据表；按要点判定的，是登记的材料。",
                "Indicators judged by figures rest on the tables handed in, items of the checklist on documents.",
            ),
        )

    def _shown(self, item: str) -> dict[str, object]:
        entry = self._entry(item)
        return entry | {"document": entry["document"] or self.say("未登记材料", "No document")}

    def _tables(self, code: str) -> str:
        """Return the tables on which an indicator's figures rest, those of evidence left out."""
        names = [
            self.say(table.label, name)
            for name, table in tables_of(self.standard).items()
            if name != "evidence"
            and any(code in bearing(self.standard)[name, c.name] and not c.optional for c in table.columns)
        ]
        return self.say("、", ", ").join(names)

    def vetoes(self) -> Table | None:
        """Return the veto self-check, what was found first; None where the standard has no veto list."""
        if not self.standard.vetoes:
            return None
        frame = self.own.findings
        frame = frame[(frame["code"] == "veto").to_numpy()]
        verdicts = dict(zip(frame["part"], frame["verdict"].astype(str), strict=True))
        return self.table_of(
            ("一票否决事项自查", "Veto self-check"),
            (
                Column("item", ("编号", "No.")),
                Column("text", ("一票否决事项", "Veto item")),
                Column(
                    "found", ("自查结果", "Self-check"), show=lambda row, _: self.say(*FOUND[row["verdict"]])
                ),
            ),
            [
                {
                    "item": veto.item,
                    "text": self.say(veto.text.zh, veto.text.en),
                    "verdict": verdicts.get(veto.item, Verdict.NO_DATA),
                }
                for veto in self.standard.vetoes
            ],
            failing="verdict",
            first=True,
            note=(
                "存在任何一项，即不能申报；未自查的不算没有。",
                "Any one found stops the application; not checked is not “none”.",
            ),
        )
