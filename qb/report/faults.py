"""What the check found, by rule and by school, and the corrections, as tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.checks import RULES, check
from qb.checks.listing import title as school_title
from qb.dataset import FORM_RULES
from qb.errors import Fault
from qb.report.book import Book
from qb.report.table import Column, Table
from qb.report.words import say
from qb.schema import TABLES
from qb.terms import Severity

SEVERITIES = {
    Severity.STOPS: "Must be mended",
    Severity.WARNING: "Please check",
    Severity.NOTE: "Note",
}
FORM_ENGLISH = {
    "F10": "An empty key",
    "F11": "Not a number",
    "F12": "Not a finite number",
    "F13": "Out of range",
    "F14": "Not a whole number",
    "F15": "Not a word of the list",
    "F16": "Neither yes nor no",
    "F17": "Not a date",
    "F18": "An identifier cut short by a spreadsheet",
    "F19": "A formula without a result",
    "F20": "Read for what it says",
    "F21": "A column beyond the registry",
    "F22": "A file or sheet beyond the registry",
    "F23": "A correction of no record, or of several",
    "F24": "A correction that does not fit its source",
    "F25": "A total or a note, left out",
    "F26": "A row with nothing but its key, left out",
    "F27": "A header or name that looks like another",
    "F28": "An unusual file, sheet or header, read for what it says",
    "F29": "Merged cells over several rows",
    "F30": "A row equal to the sum of those above",
    "F31": "A kind of workbook that cannot be read in full",
}
MOST_FAULTS = 300


@dataclass(frozen=True)
class FaultReport:
    """The faults and corrections of one district, or of all.

    Faults that belong to no school and no district stand on every page.
    """

    book: Book
    district: str = ""

    @cached_property
    def found(self) -> list[Fault]:
        """The faults, in the order of the check."""
        every = check(self.book.data, self.book.standard)
        return [fault for fault in every if self._own(fault)]

    def _own(self, fault: Fault) -> bool:
        if not self.district:
            return True
        if fault.school_id is not None:
            return self._home.get(fault.school_id, self.district) == self.district
        return self._district_of(fault) in (None, self.district)

    @cached_property
    def _home(self) -> dict[str, object]:
        schools = self.book.data["schools"]
        return dict(zip(schools["school_id"], schools["district"], strict=True))

    def _district_of(self, fault: Fault) -> object:
        """Return the district that the record of a fault names, or None."""
        data = self.book.data
        if fault.table is None or fault.row is None or "district" not in data[fault.table]:
            return None
        lines = data.lines.get(fault.table, np.arange(2, len(data[fault.table]) + 2))
        (position,) = np.flatnonzero(lines == fault.row)[:1] if fault.row in lines else (None,)
        return None if position is None else data[fault.table]["district"].iloc[position]

    def by_rule(self) -> Table:
        """Return how often each rule was broken, by how many schools, and why it is asked."""
        lang = self.book.lang
        lines = []
        for number, faults in _grouped(self.found, "rule").items():
            schools = {fault.school_id for fault in faults if fault.school_id}
            lines.append(
                {
                    "rule": number,
                    "title": self._title(number),
                    "severity": self._severity(faults[0]),
                    "count": len(faults),
                    "schools": len(schools),
                    "reason": _REASONS.get(number, ""),
                }
            )
        columns = (
            Column("rule", say(lang, "规则", "Rule")),
            Column("title", say(lang, "问题", "What")),
            Column("severity", say(lang, "程度", "Severity")),
            Column("count", say(lang, "处数", "Faults"), decimals=0),
            Column("schools", say(lang, "涉及学校", "Schools"), decimals=0),
            *([Column("reason", "依据")] if lang == "zh" else []),
        )
        return self._table(say(lang, "各规则发现的问题", "Faults by rule"), columns, lines)

    def by_school(self) -> Table:
        """Return how many faults each school has to mend or to look at; those with most first."""
        lang = self.book.lang
        schools = self.book.data["schools"]
        names = dict(zip(schools["school_id"], schools["name"], strict=True))
        lines = []
        for school, faults in _grouped(self.found, "school_id").items():
            if school:
                counts = Counter(fault.severity for fault in faults)
                rules = say(lang, "、", ", ").join(dict.fromkeys(fault.rule for fault in faults))
                line = {"school": school_title(school, names), "rules": rules}
                lines.append(line | {str(severity): counts[severity] for severity in Severity})
        lines.sort(key=lambda line: [-line[str(severity)] for severity in Severity])
        columns = (
            Column("school", say(lang, "学校", "School")),
            *(Column(str(s), say(lang, s.zh, SEVERITIES[s]), decimals=0) for s in Severity),
            Column("rules", say(lang, "规则", "Rules")),
        )
        return self._table(say(lang, "各校的问题", "Faults by school"), columns, lines)

    def listed(self) -> Table:
        """Return the faults one by one, the first of them; in English by the titles of their rules."""
        lang, more = self.book.lang, len(self.found) - MOST_FAULTS
        lines = [
            {
                "rule": fault.rule,
                "severity": self._severity(fault),
                "table": self._table_name(fault),
                "row": str(fault.row or ""),
                "column": self._column_name(fault),
                "message": say(lang, fault.message, self._title(fault.rule)),
                "remedy": fault.remedy,
            }
            for fault in self.found[:MOST_FAULTS]
        ]
        columns = (
            Column("rule", say(lang, "规则", "Rule")),
            Column("severity", say(lang, "程度", "Severity")),
            Column("table", say(lang, "表", "Table")),
            Column("row", say(lang, "行", "Row")),
            Column("column", say(lang, "列", "Column")),
            Column("message", say(lang, "问题", "What")),
            *([Column("remedy", "处理办法")] if lang == "zh" else []),
        )
        note = say(lang, f"另有 {more} 条，请用 qb check 查看。", f"{more} more: run qb check.")
        return self._table(
            say(lang, "核查结果", "What the check found"), columns, lines, note if more > 0 else ""
        )

    def corrections(self) -> Table:
        """Return the known errors of the source that were put right on reading."""
        lang = self.book.lang
        lines = [
            {
                "table": say(lang, TABLES[entry.table].label, entry.table),
                "key": "，".join(str(value) for value in entry.key.values()),
                "column": say(lang, TABLES[entry.table][entry.column].label, entry.column),
                "wrong": _shown(entry.wrong),
                "right": _shown(entry.right),
                "why": entry.why,
                "by": entry.confirmed_by,
                "on": entry.on.isoformat(),
            }
            for entry in self.book.data.corrections
            if self._home.get(str(entry.key.get("school_id", "")), self.district) == self.district
            or not self.district
        ]
        columns = (
            Column("table", say(lang, "表", "Table")),
            Column("key", say(lang, "记录", "Record")),
            Column("column", say(lang, "列", "Column")),
            Column("wrong", say(lang, "来源的值", "In the source")),
            Column("right", say(lang, "更正为", "Put right")),
            Column("why", say(lang, "原因", "Why")),
            Column("by", say(lang, "确认单位", "Confirmed by")),
            Column("on", say(lang, "日期", "On")),
        )
        return Table(
            say(lang, "对来源数据的更正", "Corrections of the source"),
            columns,
            pd.DataFrame(lines, columns=[column.key for column in columns]),
            empty=say(lang, "没有更正。", "There are no corrections."),
            lang=lang,
        )

    def _table(
        self, caption: str, columns: tuple[Column, ...], lines: list[dict[str, object]], note: str = ""
    ) -> Table:
        lang = self.book.lang
        frame = pd.DataFrame(lines, columns=[column.key for column in columns])
        empty = say(lang, f"{caption}：没有发现问题。", f"{caption}: nothing was found.")
        return Table(caption, columns, frame, note=note, empty=empty, lang=lang)

    def _severity(self, fault: Fault) -> str:
        return say(self.book.lang, fault.severity.zh, SEVERITIES[fault.severity])

    def _title(self, number: str) -> str:
        return say(self.book.lang, *_TITLES.get(number, (number, number)))

    def _table_name(self, fault: Fault) -> str:
        table = TABLES.get(fault.table or "")
        return "" if table is None else say(self.book.lang, table.label, table.name)

    def _column_name(self, fault: Fault) -> str:
        table = TABLES.get(fault.table or "")
        column = table.by_name.get(fault.column or "") if table else None
        return say(self.book.lang, column.label, column.name) if column else fault.column or ""


_TITLES = {rule.number: (rule.title, rule.en) for rule in RULES} | {
    number: (rule.title, FORM_ENGLISH.get(number, number)) for number, rule in FORM_RULES.items()
}
_REASONS = {rule.number: rule.reason for rule in RULES}


def _grouped(faults: list[Fault], name: str) -> dict[str | None, list[Fault]]:
    groups: dict[str | None, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(getattr(fault, name), []).append(fault)
    return groups


def _shown(value: object) -> str:
    return "—" if value == "" else str(value)
