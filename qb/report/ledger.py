"""The issue ledger (问题台账) as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.report.book import Book
from qb.report.english import translate
from qb.report.seven import gap_text
from qb.report.table import Column, Table
from qb.report.words import (
    UNITS,
    department_names,
    number,
    part_label,
    say,
    stage_label,
    term,
    title,
    verdict_label,
)
from qb.standard import SEVEN
from qb.terms import Progress, Verdict


def ledger_table(book: Book, frame: pd.DataFrame) -> Table:
    """Return entries of the issue ledger (问题台账)."""
    lang, standard = book.lang, book.standard
    shown = pd.DataFrame(
        {
            "number": [str(place) for place in range(1, len(frame) + 1)],
            "title": [
                _problem(code, part, book) for code, part in zip(frame["code"], frame["part"], strict=True)
            ],
            "where": [
                _where(name, stage, district, book)
                for name, stage, district in zip(
                    frame["name"], frame["stage"], frame["district"], strict=True
                )
            ],
            "state": [_state(row, book) for row in frame.to_dict("records")],
            "departments": [department_names(d, standard, lang) for d in frame["departments"]],
            "measure": frame["measure"].to_numpy(),
            "deadline": frame["deadline"].to_numpy(),
            "status": [term(value, lang, (Progress,)) for value in frame["status"]],
        }
    )
    columns = (
        Column("number", say(lang, "序号", "No.")),
        Column("title", say(lang, "问题", "Problem")),
        Column("where", say(lang, "学校", "School")),
        Column("state", say(lang, "实际、标准与缺口", "Actual, standard, gap")),
        Column("departments", say(lang, "责任部门", "Departments")),
        Column("measure", say(lang, "整改措施", "Measure")),
        Column("deadline", say(lang, "时限", "Deadline")),
        Column("status", say(lang, "状态", "Status")),
    )
    return Table(
        say(lang, "问题台账", "Issue ledger"),
        columns,
        shown,
        note=say(
            lang,
            "措施、时限和状态取自 measures（整改台账）表；空白表示尚未登记。",
            "Measures come from the table measures; blank: not entered yet.",
        ),
        empty=say(lang, "没有需要整改的问题。", "Nothing to mend."),
        lang=lang,
    )


def _problem(code: str, part: str, book: Book) -> str:
    lang = book.lang
    if code in ("recognition", "veto"):
        return part_label(part, book.standard, lang) or say(lang, "社会认可度", "Public recognition")
    name = title(book.standard[code], lang, short=True)
    words = part_label(part, book.standard, lang)
    return say(lang, f"{name}：{words}", f"{name}: {words}") if words else name


def _where(name: object, stage: object, district: str, book: Book) -> str:
    where = str(name) if isinstance(name, str) else say(book.lang, "全区", "District")
    if not isinstance(stage, str):
        return where
    shown = stage_label(stage, book.lang)
    return say(book.lang, f"{where}（{shown}）", f"{where} ({shown})")


def _state(row: dict[str, object], book: Book) -> str:
    """Return actual / standard / gap in words, as far as there are figures."""
    lang = book.lang
    if isinstance(row["value"], float) and np.isnan(row["value"]):
        return verdict_label(Verdict.FAIL, lang)
    code = str(row["code"])
    decimals = 3 if row["part"] == "coefficient" else 2 if code in SEVEN else 1
    text = f"{number(row['value'], decimals)} / {number(row['limit'], decimals)}"
    if code in UNITS and row["part"] != "coefficient":
        gap = gap_text(code, row["gap"], lang)
        text += say(lang, f"，缺 {gap}", f", lacking {gap}")
    if not isinstance(row["detail"], str):
        return text
    return say(lang, f"{text}（{row['detail']}）", f"{text} ({translate(row['detail'], lang)})")
