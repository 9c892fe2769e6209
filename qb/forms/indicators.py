"""表IV to 表VI: what the district answers for, its quality, its recognition; and the veto list."""

from __future__ import annotations

import pandas as pd

from qb.forms.filing import Filing, Line
from qb.forms.seven import SIDES
from qb.forms.sheet import Cell, Figure, Form, Middle
from qb.report.english import detail_text
from qb.report.words import department_names, part_label, stage_label
from qb.standard import Indicator
from qb.terms import Verdict

# Indicators counted school by school: what the district's one figure is, and its unit.
_AT_SCHOOLS = {
    "special_rooms": ("音乐、美术专用教室均达标的学校比例", "%"),
    "school_size": ("规模最大学校的义务教育阶段学生数", "人"),
    "class_size": ("最大班额", "人"),
    "small_school_funds": ("按要求核定公用经费的小规模学校比例", "%"),
    "trained": ("完成培训的专任教师比例", "%"),
    "certified": ("持证专任教师比例", "%"),
    "training_funds": ("比例最低的学校（预算、决算）", "%"),
}
_RATIO_OF_SCHOOLS = ("special_rooms", "small_school_funds")
_HEAD = (
    "序号", "指标与评估要点", "评估项目", "单位", "标准", "实际", "核查（所、项）",
    "未达标（所、项）", "缺数据（所、项）", "结论", "指标结论", "责任部门", "佐证材料",
)  # fmt: skip
WIDTHS = (6, 30, 34, 8, 12, 10, 8, 8, 8, 9, 9, 16, 18)


def area(form: Form, filing: Filing, name: str, title: str) -> None:
    """Write 表IV (``guarantee``) or 表V (``quality``): every indicator of the area with its parts."""
    form.opening(title, filing.place, filing.invented)
    form.head([(text,) for text in _HEAD])
    verdicts = dict(zip(filing.own.indicators["code"], filing.own.indicators["verdict"], strict=True))
    for indicator in filing.standard.indicators:
        if indicator.area != name:
            continue
        first = form.row
        lines = _lines(filing, indicator)
        # The head of an indicator stands beside its lines: high enough for the longest text.
        for cells in lines:
            form.line(["", "", *cells, "", "", ""], height=max(90 / len(lines), 20))
        form.join(first, 0, Middle(indicator.code))
        form.join(first, 1, indicator.wording)
        form.join(first, 10, Verdict(str(verdicts[indicator.code])))
        form.join(first, 11, department_names(indicator.departments, filing.standard, "zh"))
        form.join(first, 12, _documents(filing, indicator.code))
    for note in (
        "注：1. 按学校核查的指标写全县（市、区）的一个数，"
        "右侧写核查、未达标和缺数据的学校（学段、类别）数；逐项核查的写每一项的结论。",
        f"2. 比例四舍五入保留 {filing.standard.rules.rounding.ratios} 位小数，是否达标按四舍五入前的数判定。",
    ):
        form.span(note)


def _lines(filing: Filing, indicator: Indicator) -> list[list[Cell]]:
    frame = filing.own.findings
    frame = frame[(frame["code"] == indicator.code).to_numpy()]
    if indicator.measure in _AT_SCHOOLS:
        return [_at_schools(filing, indicator, frame)]
    return [_at_district(filing, indicator, row) for row in frame.to_dict("records")]


def _at_schools(filing: Filing, indicator: Indicator, frame: pd.DataFrame) -> list[Cell]:
    what, unit = _AT_SCHOOLS[indicator.measure]
    own = filing.own.indicators
    row = own[(own["code"] == indicator.code).to_numpy()].iloc[0]
    digits = filing.standard.rules.rounding.ratios if unit == "%" else 0
    counts = [Figure(float((frame["verdict"] == v).sum())) for v in (Verdict.FAIL, Verdict.NO_DATA)]
    verdict = Verdict(str(row["verdict"]))
    value: Cell = "" if verdict is Verdict.NOT_APPLICABLE else Figure(row["value"], digits)
    asked = _every(filing, indicator)
    return [what, Middle(unit), Middle(asked), value, Figure(float(len(frame))), *counts, verdict]


def _every(filing: Filing, indicator: Indicator) -> str:
    """Return what is asked of every school, limits that differ by stage or kind one after the other."""
    if indicator.measure in _RATIO_OF_SCHOOLS:
        return "全部学校"
    texts: dict[str, str] = {}
    for limit in indicator.limits:
        if limit.from_year is None or limit.from_year <= filing.book.year:
            place = limit.stage.zh if limit.stage else limit.kind.zh if limit.kind else ""
            texts[place] = f"{place}{SIDES[limit.side]}{limit.value:g}"
    return "\n".join(dict.fromkeys(texts.values()))


def _at_district(filing: Filing, indicator: Indicator, row: Line) -> list[Cell]:
    part, verdict = str(row["part"]), Verdict(str(row["verdict"]))
    unit, side = _unit(filing, indicator, row)
    stage = stage_label(row["stage"], "zh") if isinstance(row["stage"], str) else ""
    detail = detail_text(row, filing.standard, "zh")
    text = part_label(part, filing.standard, "zh") or indicator.title.zh
    known = row["limit"] == row["limit"]
    digits = 0 if unit == "级" else indicator.decimals
    beside = indicator in filing.standard.monitored and verdict is Verdict.NOT_APPLICABLE
    shown = beside or (known and verdict is not Verdict.NOT_APPLICABLE)
    value: Cell = Figure(row["value"], digits) if shown else ""
    asked = "不参与判定" if beside else f"{SIDES[side]}{row['limit']:,g}" if known else ""
    words = f"{stage}{text}" + (f"（{detail}）" if detail else "")
    return [words, Middle(unit), Middle(asked), value, "", "", "", verdict]


def _unit(filing: Filing, indicator: Indicator, row: Line) -> tuple[str, str]:
    """Return the unit and the side of the limit that a part is held against."""
    mine = [limit for limit in indicator.limits if limit.name == str(row["part"])]
    if mine:
        return mine[0].unit.zh, mine[0].side
    return ("元" if row["limit"] == row["limit"] else ""), ">="


def _documents(filing: Filing, code: str) -> str:
    frame = filing.of_year("evidence")
    mine = frame[frame["item"].str.startswith(f"{code}.", na=False).to_numpy() & frame["document"].notna()]
    return "\n".join(dict.fromkeys(mine["document"]))


def recognition(form: Form, filing: Filing) -> None:
    """Write 表VI: questionnaires and visits, with their shares of satisfied."""
    form.opening("表VI  社会认可度情况", filing.place, filing.invented)
    heads = [("问卷调查", f"{text}（份）", who) for text in _SURVEY for who in ("合计", "其中家长")]
    heads += [("问卷调查", "综合满意度（%）", None), ("问卷调查", "其中家长满意度（%）", None)]
    heads += [("实地走访", text, None) for text in ("走访人数（人）", "满意人数（人）", "满意度（%）")]
    columns = [(*head, f"L{place}") for place, head in enumerate(heads, start=1)]
    form.head([("县（市、区）", None, None, ""), *columns, ("结论", None, None, "")])
    items, found = filing.items, filing.own.findings
    row = found[(found["code"] == "recognition").to_numpy()].iloc[0]
    counts = [items.get(name.format(what), float("nan")) for what in _SURVEY.values() for name in _WHO]
    visits = [items.get(name, float("nan")) for name in ("visits", "visits_satisfied")]
    digits = filing.standard.rules.rounding.ratios
    shares = [Figure(row["value"], digits), Figure(_share(counts[5], counts[3]), digits)]
    form.line(
        [
            filing.district,
            *map(Figure, counts),
            *shares,
            *map(Figure, visits),
            Figure(_share(visits[1], visits[0]), digits),
            Verdict(str(row["verdict"])),
        ],
        height=30,
    )
    limit = filing.standard.recognition.limit
    form.span(
        f"注：综合满意度 = 满意问卷 ÷ 有效问卷，标准 {SIDES[limit.side]}{limit.value:g}%；"
        "家长与实地走访单列，不参与判定。"
    )


_SURVEY = {"发放问卷": "issued", "有效问卷": "valid", "满意问卷": "satisfied"}
_WHO = ("survey_{}", "parents_{}")


def _share(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else float("nan")


def vetoes(form: Form, filing: Filing) -> None:
    """Write the veto list as a self-check."""
    form.opening("一票否决事项自查表", filing.place, filing.invented)
    form.head([(text,) for text in ("序号", "事项", "是否发生", "结论", "依据")])
    frame = filing.own.findings
    verdicts = {
        str(row["part"]): Verdict(str(row["verdict"]))
        for row in frame[(frame["code"] == "veto").to_numpy()].to_dict("records")
    }
    told = {Verdict.PASS: "否", Verdict.FAIL: "是"}
    for veto in filing.standard.vetoes:
        verdict = verdicts[veto.item]
        form.line(
            [Middle(veto.item), veto.text.zh, Middle(told.get(verdict, verdict.zh)), verdict, veto.source]
        )
    form.span("注：任何一项发生，即不得申报。")
