"""问题台账: every problem with who answers for it and what is being done, to be kept on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd

from qb.forms.filing import Filing, Line, text_of
from qb.forms.sheet import Cell, Figure, Form, Middle
from qb.report.english import detail_text
from qb.report.ledger import day_of as told_by
from qb.report.words import UNITS, department_names, gap_decimals, measured, part_label, stage_label, term
from qb.rounding import decimals_beside
from qb.standard import SEVEN
from qb.terms import Progress, Verdict

_COLUMNS = (
    ("编号", 5), ("指标", 6), ("问题", 24), ("学校", 13), ("学校标识码", 10), ("学段", 6), ("实际", 9),
    ("标准", 9), ("缺口", 10), ("原因", 14), ("整改措施", 17), ("责任部门", 12), ("登记部门", 10),
    ("完成时限", 10.5), ("整改状态", 8), ("佐证材料", 11), ("销号日期", 10.5),
)  # fmt: skip
WIDTHS = tuple(width for _, width in _COLUMNS)
_NAMES = tuple(name for name, _ in _COLUMNS)
_DEADLINE, _STATUS = _NAMES.index("完成时限"), _NAMES.index("整改状态")
_SHORT = {"recognition": "认可度", "veto": "否决"}
_OLD = (
    ("编号", 6), ("学年", 8), ("指标", 7), ("学校标识码", 14), ("原因", 28), ("整改措施", 34),
    ("登记部门", 16), ("完成时限", 12), ("整改状态", 10), ("佐证材料", 20), ("销号日期", 12),
)  # fmt: skip
OLD_WIDTHS = tuple(width for _, width in _OLD)


def problems(form: Form, filing: Filing) -> None:
    """Write a line for every figure and item that fails, ready to be filtered and filled in."""
    day = date.fromisoformat(told_by(filing.book, filing.district))
    form.opening("问题台账", filing.place, filing.invented)
    form.span(
        "原因、措施、时限和状态取自整改台账数据，空白表示尚未登记，可在表中续填；"
        f"截至 {day} 过了时限而未完成的，时限以红色粗体显示，与网页报告同一日期。“全区”指县区一级的问题。"
    )
    form.head([(name,) for name in _NAMES])
    top = form.row
    for place, row in enumerate(filing.book.ledger.to_dict("records"), start=1):
        form.line([Middle(place), *_problem(filing, row)])
    if form.row == top:
        form.span("没有需要整改的问题。")
        return
    last = form.row - 1
    form.sheet.autofilter(top - 1, 0, last, len(_NAMES) - 1)
    labels = [progress.zh for progress in Progress]
    form.sheet.data_validation(top, _STATUS, last, _STATUS, {"validate": "list", "source": labels})
    due, state = (f"${chr(ord('A') + column)}{top + 1}" for column in (_DEADLINE, _STATUS))
    form.sheet.conditional_format(
        top,
        _DEADLINE,
        last,
        _DEADLINE,
        {
            "type": "formula",
            "criteria": f"=AND(ISNUMBER({due}),{due}<DATE({day.year},{day.month},{day.day}),"
            f'{state}<>"{Progress.DONE.zh}",'
            f'{state}<>"{Progress.CLOSED.zh}")',
            "format": form.book.add_format({"font_color": "#C00000", "bold": True}),
        },
    )


def _problem(filing: Filing, row: Line) -> Iterator[Cell]:
    code, part = str(row["code"]), str(row["part"])
    yield Middle(_SHORT.get(code, code))
    detail = detail_text(row, filing.standard, "zh")
    yield problem_name(filing, code, part) + (f"（{detail}）" if detail else "")
    yield text_of(row["name"]) or "全区"
    yield text_of(row["school_id"])
    yield Middle(stage_label(row["stage"], "zh") if isinstance(row["stage"], str) else "")
    yield from problem_cells(filing, row)
    yield _gap(filing, row, code, part)
    yield text_of(row["cause"])
    yield text_of(row["measure"])
    yield department_names(row["departments"], filing.standard, "zh")
    yield text_of(row["department"])
    yield day_of(row["deadline"])
    yield Middle(term(row["status"], "zh", (Progress,)))
    yield text_of(row["evidence"])
    yield day_of(row["closed_on"])


def _gap(filing: Filing, row: Line, code: str, part: str) -> Cell:
    """Return how far a figure is from its limit, in its unit; nothing for what has no figure."""
    if pd.isna(row["gap"]):
        return ""
    digits, unit = measured(filing.standard, code, part, "zh")
    digits = decimals_beside(row["value"], row["limit"], digits)
    if code in SEVEN and part != "coefficient":
        digits, unit = gap_decimals(code), UNITS[code][0]
    return Figure(float(row["gap"]), digits, unit="个百分点" if unit == "%" else unit, beside=0.0)


def problem_name(filing: Filing, code: str, part: str) -> str:
    """Return what a problem is: the indicator's title, and the part of it that fails."""
    words = part_label(part, filing.standard, "zh")
    if code == "recognition":
        return filing.standard.recognition.title.zh
    if code == "veto":
        return words
    name = filing.standard[code].title.zh
    return f"{name}：{words}" if words else name


def problem_cells(filing: Filing, row: Line) -> list[Cell]:
    """Return the figure that fails and its limit; an item of a checklist has neither."""
    if pd.isna(row["value"]):
        return [Verdict.FAIL, ""]
    digits, _ = measured(filing.standard, str(row["code"]), str(row["part"]), "zh")
    value, limit = float(row["value"]), float(row["limit"])
    return [Figure(value, digits, beside=limit), Figure(limit, digits, beside=value)]


def earlier(form: Form, filing: Filing) -> None:
    """Write what was entered and the ledger does not show: mended, or followed by a later entry."""
    form.opening("历年整改登记", filing.place, filing.invented)
    form.span("已登记而问题台账没有采用的整改事项：问题现已达标的，或同一问题后来另有登记的。")
    form.head([(name,) for name, _ in _OLD])
    measures = filing.book.data["measures"]
    mine = measures[(measures["district"] == filing.district).to_numpy()]
    mine = mine[(mine["year"] <= filing.book.year).to_numpy()]
    shown = mine["number"].isin(filing.book.ledger["number"].dropna())
    for row in mine[~shown.to_numpy()].to_dict("records"):
        form.line(
            [
                Middle(f"{row['number']:.0f}"),
                Middle(f"{row['year']:.0f}"),
                Middle(text_of(row["code"])),
                text_of(row["school_id"]) or "全区",
                *(text_of(row[name]) for name in ("cause", "measure", "department")),
                day_of(row["deadline"]),
                Middle(term(row["status"], "zh", (Progress,))),
                text_of(row["evidence"]),
                day_of(row["closed_on"]),
            ]
        )


def day_of(value: object) -> Cell:
    """Return a day as a spreadsheet knows it, so that it sorts; the text as it is where it is none."""
    text = text_of(value)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return day if day.year >= 1901 else text  # spreadsheets know no days before
