"""Annual report: the plan's tasks, the evidence, the veto self-check."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from qb.data.schema import bearing, tables_of
from qb.report import columns
from qb.report.context import AnnualPart
from qb.report.tables import Column, Sentences, Table
from qb.report.words import label, listed
from qb.terms import Status, Verdict

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
