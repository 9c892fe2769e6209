"""学校自评表: one sheet of paper for each school, to check, sign and seal."""

from __future__ import annotations

from qb.forms.basics import AMOUNTS
from qb.forms.filing import Filing, Line
from qb.forms.seven import BELOW, FAR_BELOW, SIDES, mark
from qb.forms.sheet import Cell, Figure, Form, Middle
from qb.report.seven import gap_text
from qb.report.words import floor_label, part_label, school_rule, stage_label
from qb.standard import SEVEN
from qb.terms import Verdict

WIDTHS = (6, 34, 14, 9, 9, 14, 11, 9, 16)


def self_assessment(form: Form, filing: Filing) -> None:
    """Write every judged school's form, each on a page of its own."""
    breaks = []
    for school_id, rows in filing.rows.items():
        breaks.append(form.row)
        form.opening("义务教育优质均衡发展学校自评表", filing.place, filing.invented)
        form.span(f"学校：{rows[0]['name']}", "section", 24)
        form.span(filing.facts(school_id))
        for row in rows:
            _seven(form, filing, row)
        _others(form, filing, filing.findings.get(school_id, []))
        form.span("学校意见：" + " " * 60 + "校长（签字）：" + " " * 24 + "（学校盖章）", height=40)
        form.span(" " * 90 + "年    月    日")
    form.break_before(breaks)


def _seven(form: Form, filing: Filing, row: Line) -> None:
    standard, stage = filing.standard, stage_label(row["stage"], "zh")
    floor = standard.rules.school.floor
    pupils = "缺数据" if row["pupils"] != row["pupils"] else f"{row['pupils']:,.0f}"
    form.span(f"{stage}七项指标（在校生 {pupils} 人）")
    least = f"{floor_label(standard)}值"
    heads = ("指标", "名称", "单位", "标准", least, "资源总量", "实际", "结论", "补到标准需增加")
    form.head([(text,) for text in heads], repeat=False)
    digits = standard.rules.rounding.values
    for code in SEVEN:
        limit = row[f"{code}_limit"]
        lacking = filing.lacking.get((row["school_id"], row["stage"], code))
        form.line(
            [
                Middle(code),
                standard[code].title.zh,
                Middle(standard[code].limits[0].unit.zh),
                Middle(f"{SIDES[standard[code].limits[0].side]}{limit:g}"),
                Figure(floor * limit, 3 if limit < 100 else 0),
                Figure(row[f"{code}_amount"], AMOUNTS[code][1]),
                Figure(row[code], digits, mark(filing, row, code)),
                Verdict(str(row[f"{code}_verdict"])),
                gap_text(code, lacking["to_standard"], "zh") if lacking else "",
            ]
        )
    form.span(
        f"{filing.conclusion(row)}（{school_rule(standard, 'zh')}；{BELOW} 低于标准，"
        f"{FAR_BELOW} 低于标准的 {floor_label(standard)}）"
    )


def _others(form: Form, filing: Filing, found: list[Line]) -> None:
    if not found:
        return
    form.span("专用教室、规模、班额、教师与经费")
    heads = ("指标", "名称", "项目", "标准", "", "", "实际", "结论", "说明")
    form.head([(text,) for text in heads], repeat=False)
    for row in found:
        form.line(_finding(filing, row))


def _finding(filing: Filing, row: Line) -> list[Cell]:
    indicator = filing.standard[str(row["code"])]
    stage = stage_label(row["stage"], "zh") if isinstance(row["stage"], str) else ""
    verdict = Verdict(str(row["verdict"]))
    part = f"{stage}{part_label(str(row['part']), filing.standard, 'zh')}"
    value: Cell = "" if verdict is Verdict.NOT_APPLICABLE else Figure(row["value"], indicator.decimals)
    limit: Cell = Figure(row["limit"], indicator.decimals) if row["limit"] == row["limit"] else ""
    detail = row["detail"] if isinstance(row["detail"], str) else ""
    return [Middle(indicator.code), indicator.short.zh, part, limit, "", "", value, verdict, detail]
