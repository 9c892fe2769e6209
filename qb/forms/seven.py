"""表II and 表III: the seven school by school, and how evenly they are shared."""

from __future__ import annotations

from qb.forms.basics import GROUPS, SCHOOL_HEAD, group_title, school_cells, stage_rows
from qb.forms.filing import Filing, Line
from qb.forms.sheet import Cell, Column, Figure, Form, Middle
from qb.judge import COMPOSITE
from qb.report.words import floor_label, school_rule, title
from qb.standard import SEVEN
from qb.terms import COMPULSORY, Stage, Verdict

SIDES = {">=": "≥", "<=": "≤", "<": "<", ">": ">"}
BELOW, FAR_BELOW = "▼", "▼▼"  # below the standard; below its floor


def attainment(form: Form, filing: Filing, stage: Stage) -> None:
    """Write 表II-1 or 表II-2: C1–C7 of each school, how many are met, and the school rule's verdict."""
    number = 1 + COMPULSORY.index(stage)
    form.opening(f"表II-{number}  {stage.zh}资源配置达标情况", filing.place, filing.invented)
    columns: list[Column] = [(text, None, None) for text in (*SCHOOL_HEAD, "在校生（人）")]
    for group, codes in GROUPS:
        columns += [(group_title(filing, group), *_head(filing, code, stage)) for code in codes]
    form.head([*columns, *((text, None, None) for text in ("达标项数", "综合结论", "备注"))])
    rows = stage_rows(filing, stage)
    digits = filing.standard.rules.rounding.values
    for place, row in enumerate(rows.to_dict("records"), start=1):
        values = [Figure(row[code], digits, mark(filing, row, code)) for code in SEVEN]
        verdict = Verdict(str(row["verdict"]))
        note = "新建未满员" if row["new"] else ""
        cells = [*school_cells(place, row), Figure(row["pupils"]), *values, Figure(row["met"]), verdict]
        form.line([*cells, note])
    passed = [(rows[name] == Verdict.PASS).sum() for name in (*(f"{c}_verdict" for c in SEVEN), "verdict")]
    lead: list[Cell] = [""] * (len(SCHOOL_HEAD) - 1)
    count = [Figure(float(p)) for p in passed]
    form.line(["", "达标学校数（所）", *lead, *count[:-1], "", count[-1], ""])
    share = [Figure(100 * p / len(rows) if len(rows) else float("nan"), 1) for p in passed]
    form.line(["", "达标学校比例（%）", *lead, *share[:-1], "", share[-1], ""])
    floor = floor_label(filing.standard)
    form.span(
        f"注：1. {BELOW} 低于标准，{FAR_BELOW} 低于标准的 {floor}，未达标的格并加底色。"
        f"综合达标：{school_rule(filing.standard, 'zh')}。"
    )
    form.span(
        f"2. 数值四舍五入保留 {digits} 位小数，是否达标按四舍五入前的数判定。"
        "“缺数据”指没有报送，不计为达标，也不计为未达标。"
    )


def _head(filing: Filing, code: str, stage: Stage) -> tuple[str, str]:
    indicator = filing.standard[code]
    limit = indicator.limit(stage=stage, year=filing.book.year)
    return f"{title(indicator, 'zh')}（{limit.unit.zh}）", f"{SIDES[limit.side]}{limit.value:g}"


def mark(filing: Filing, row: Line, code: str) -> str:
    """Return the sign behind a figure of the seven that is not met."""
    lacking = filing.lacking.get((row["school_id"], row["stage"], code))
    return "" if lacking is None else FAR_BELOW if lacking["to_floor"] > 0 else BELOW


def balance(form: Form, filing: Filing) -> None:
    """Write 表III: mean, deviation and difference coefficient of each indicator by stage."""
    form.opening("表III  县域义务教育校际均衡情况", filing.place, filing.invented)
    heads = ("平均值", "标准差", "差异系数", "限值", "结论")
    groups = [f"{stage.zh}（{len(stage_rows(filing, stage))} 所）" for stage in COMPULSORY]
    form.head([("指标", None), *((group, text) for group in groups for text in heads)])
    frame = filing.own.balance
    found = {(row["stage"], row["code"]): row for row in frame.to_dict("records")}
    for code in SEVEN:
        unit = filing.standard[code].limits[0].unit.zh
        cells: list[Cell] = [f"{title(filing.standard[code], 'zh')}（{unit}）"]
        for stage in COMPULSORY:
            cells += _spread(filing, found.get((stage, code)))
        form.line(cells)
    last: list[Cell] = ["综合差异系数（七项平均，只供参考）"]
    digits = filing.standard.rules.rounding.coefficients
    for stage in COMPULSORY:
        row = found.get((stage, COMPOSITE))
        last += ["", "", Figure(row["coefficient"], digits) if row else "", "", ""]
    form.line(last)
    for note in (
        "注：1. 平均值为资源总量与学生总数之比；标准差按学生数加权，除以学生总数；"
        "差异系数 = 标准差 ÷ 平均值。",
        "2. 同一学段有学校没有报送该项资源时，不计算差异系数，写“缺数据”。没有学校的学段留空。",
    ):
        form.span(note)


def _spread(filing: Filing, row: Line | None) -> list[Cell]:
    if row is None:
        return [""] * 5
    rounding, rule = filing.standard.rules.rounding, filing.standard.rules.coefficient
    return [
        Figure(row["mean"], rounding.values),
        Figure(row["deviation"], rounding.values),
        Figure(row["coefficient"], rounding.coefficients),
        Middle(f"{SIDES[rule.side]}{row['limit']:.2f}"),
        Verdict(str(row["verdict"])),
    ]
