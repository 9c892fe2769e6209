"""The plan's tasks, the evidence by indicator, and the veto self-check."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from qb.report.annual.part import AnnualPart
from qb.report.table import Column, Sentences, Table
from qb.report.words import label, listed, say, title
from qb.schema import TABLES
from qb.terms import Status, Verdict

STATES = (*Status, Verdict.NO_DATA)
FOUND = {
    Verdict.FAIL: ("存在", "Found"),
    Verdict.PASS: ("未发现", "Not found"),
    Verdict.NO_DATA: ("未自查", "Not checked"),
}


class AnnualTasks(AnnualPart):
    """What the district says it has done, with the documents that show it."""

    @cached_property
    def _evidence(self) -> pd.DataFrame:
        """The year's evidence by item: ``status, document, note, checked_on``."""
        return self._of(self.book.year)

    def _of(self, year: int) -> pd.DataFrame:
        return self.table_of("evidence", year).drop_duplicates("item", keep="last").set_index("item")

    def _entry(self, item: str) -> dict[str, object]:
        """Return what was handed in on an item; its state is "no data" where nothing was."""
        row = self._evidence.loc[item] if item in self._evidence.index else {}
        found = {key: row.get(key) for key in ("status", "document", "note", "checked_on")}
        known = {key: value if isinstance(value, str) else "" for key, value in found.items()}
        state = Status.find(known["status"]) or Verdict.NO_DATA
        return known | {
            "state": state,
            "words": label(state, self.book.lang),
            "fails": state in (Status.UNMET, Status.PARTLY),
        }

    def sentences(self) -> Sentences:
        """Return how many of the tasks are in each state, and which are not met."""
        lang, tasks = self.book.lang, self.book.standard.tasks
        if not tasks:
            return Sentences((self._no_tasks(),))
        states = {task: self._entry(task.item)["state"] for task in tasks}
        counts = [(state, [t for t, s in states.items() if s is state]) for state in STATES]
        shown = [f"{label(state, lang)} {len(own)}" for state, own in counts if own]
        lines = [
            say(
                lang,
                f"方案的 {len(tasks)} 项重点任务：{'，'.join(shown)}。",
                f"The plan's {len(tasks)} tasks: {', '.join(shown).lower()}.",
            )
        ]
        for state, own in counts:
            if own and state is not Status.MET and len(own) < len(tasks):
                named = listed([f"{t.item} {say(lang, t.title.zh, t.title.en)}" for t in own], lang, 16)
                lines.append(
                    say(lang, f"{label(state, lang)}的：{named}。", f"{label(state, lang)}: {named}.")
                )
        return Sentences(tuple(lines))

    def _no_tasks(self) -> str:
        return say(self.book.lang, "本标准没有列出任务。", "The standard lists no tasks.")

    def table(self) -> Table:
        """Return every task with its state this year and last, and the evidence."""
        lang = self.book.lang
        before = self._of(self.before.year) if self.before is not None else self._evidence.head(0)
        lines = [
            {
                "title": f"{task.item} {say(lang, task.title.zh, task.title.en)}",
                "before": label(Status.find(str(before["status"].get(task.item))) or Verdict.NO_DATA, lang),
                **self._entry(task.item),
            }
            for task in self.book.standard.tasks
        ]
        columns = (
            Column("title", say(lang, "任务", "Task")),
            *([Column("before", str(self.before.year))] if self.before is not None else []),
            Column("words", str(self.book.year)),
            *self._columns(),
        )
        return Table(
            say(lang, "重点任务进展与佐证", "Tasks of the plan: state and evidence"),
            columns,
            pd.DataFrame(lines),
            empty=self._no_tasks(),
            lang=lang,
        )

    def _columns(self) -> tuple[Column, ...]:
        lang = self.book.lang
        return (
            Column("document", say(lang, "佐证材料", "Document")),
            Column("note", say(lang, "说明", "Note")),
            Column("checked_on", say(lang, "核查日期", "Checked on")),
        )

    def missing(self) -> Sentences:
        """Return how many items have a document, and name those that have none."""
        lang, items = self.book.lang, [item.item for item in self.book.standard.checklist]
        bare = [item for item in items if not self._entry(item)["document"]]
        text = say(
            lang,
            f"需要佐证的要点 {len(items)} 条，已登记材料 {len(items) - len(bare)} 条",
            f"{len(items)} items ask for evidence; documents are entered for {len(items) - len(bare)}",
        )
        named = listed(bare, lang, len(items))
        if bare and len(bare) < len(items):
            text += say(lang, f"，尚缺：{named}", f"; missing: {named}")
        return Sentences((text + say(lang, "。", "."),))

    def index(self) -> Table:
        """Return the evidence by C-number: documents of the checklist, and the tables that hold figures."""
        lang, standard = self.book.lang, self.book.standard
        lines = []
        for indicator in standard.indicators:
            code = {"code": title(indicator, lang, short=True)}
            if figures := self._tables(indicator.code):
                said = say(lang, f"数据表：{figures}", f"Tables of data: {figures}")
                empty = {"text": "", "words": "", "note": "", "checked_on": "", "fails": False}
                lines.append({**code, "item": indicator.code, **empty, "document": said})
            lines += [
                {
                    **code,
                    "item": item.item,
                    "text": say(lang, item.text.zh, item.text.en),
                    **self._shown(item.item),
                }
                for item in standard.items(indicator.code)
            ]
        columns = (
            Column("item", say(lang, "编号", "No.")),
            Column("code", say(lang, "指标", "Indicator")),
            Column("text", say(lang, "要点", "Item")),
            Column("words", say(lang, "达到情况", "State")),
            *self._columns(),
        )
        return Table(
            say(lang, "佐证材料索引", "Index of evidence"),
            columns,
            pd.DataFrame(lines),
            failing="fails",
            note=say(
                lang,
                "以数字判定的指标，佐证是报送的数据表；按要点判定的，是登记的材料。",
                "Indicators judged by figures rest on the tables handed in, items of the checklist on documents.",
            ),
            lang=lang,
        )

    def _shown(self, item: str) -> dict[str, object]:
        entry = self._entry(item)
        return entry | {"document": entry["document"] or say(self.book.lang, "未登记材料", "No document")}

    def _tables(self, code: str) -> str:
        """Return the tables on which an indicator's figures rest, those of evidence left out."""
        lang = self.book.lang
        names = [
            say(lang, table.label, name)
            for name, table in TABLES.items()
            if name != "evidence" and any(code in c.codes and not c.optional for c in table.columns)
        ]
        return say(lang, "、", ", ").join(names)

    def vetoes(self) -> Table:
        """Return the veto self-check, what was found first."""
        lang, frame = self.book.lang, self.own.findings
        frame = frame[(frame["code"] == "veto").to_numpy()]
        verdicts = dict(zip(frame["part"], frame["verdict"].astype(str), strict=True))
        texts = [(veto.item, say(lang, veto.text.zh, veto.text.en)) for veto in self.book.standard.vetoes]
        lines = [
            {
                "item": item,
                "text": text,
                "found": say(lang, *FOUND[Verdict(verdicts.get(item, Verdict.NO_DATA))]),
                "fails": verdicts.get(item) == Verdict.FAIL,
            }
            for item, text in texts
        ]
        lines.sort(key=lambda line: not line["fails"])
        columns = (
            Column("item", say(lang, "编号", "No.")),
            Column("text", say(lang, "一票否决事项", "Veto item")),
            Column("found", say(lang, "自查结果", "Self-check")),
        )
        return Table(
            say(lang, "一票否决事项自查", "Veto self-check"),
            columns,
            pd.DataFrame(lines),
            failing="fails",
            note=say(
                lang,
                "存在任何一项，即不能申报；未自查的不算没有。",
                "Any one found stops the application; not checked is not “none”.",
            ),
            lang=lang,
        )
