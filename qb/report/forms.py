"""`qb forms`: the workbooks handed in: national forms, issue ledger (问题台账), a plan per school (一校一策)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook

from qb.data.layout_file import NATIONAL, Layout, load_layout
from qb.data.workbook import new_book, write_xlsx
from qb.indicators.verdicts import COMPOSITE
from qb.language import Message, listing
from qb.planning.costs import load_costs
from qb.report.context import ReportContext, open_context
from qb.report.issue_ledger import ledger_day, nothing_to_mend
from qb.report.plan_study import Alone, alone
from qb.report.printed_form_canvas import (
    BELOW,
    INCOMPLETE,
    Cell,
    Filing,
    Form,
    FormNumber,
    Line,
    Link,
    Middle,
    text_of,
)
from qb.report.printed_form_figures import FormFigures
from qb.report.printed_form_layout import NONE, draw, lacking, plain_layout
from qb.report.resource_tables import allowed, unknown
from qb.report.sealed_documents import refuse_filled_in, seal
from qb.report.words import (
    WAN,
    Tally,
    department_names,
    detail_text,
    floor_label,
    measured,
    part_label,
    resources_said,
    short_title,
    stage_label,
    term,
    unit_of,
)
from qb.rounding import decimals_beside
from qb.terms import COMPULSORY, Progress, Stage, Verdict

FORMS, LEDGER, POLICIES = "评估表册.xlsx", "问题台账.xlsx", "一校一策.xlsx"


def write_forms(
    context: ReportContext,
    district: str,
    path: str | Path,
    *,
    layout: Layout | str | Path = NATIONAL,
    replace: bool = False,
) -> None:
    """Write 表I to 表VI and the school self-assessment form (学校自评表) of a district as one workbook.

    Parameters
    ----------
    context : ReportContext
    district : str
        One of the context's; may be empty where there is only one.
    path : str or Path
        The .xlsx file, made whole or not at all.
    layout : Layout, str or Path
        How the sheets are laid out: the national forms, or a file of one's own. Where the national ones ask
        for indicators that the standard does not have, the forms are made of the standard.
    replace : bool
        Whether a file that stands there may be replaced: never one in which somebody has written.

    Raises
    ------
    QbError
        If the district is not in the context, the layout cannot be used, or the file cannot be made.
    """
    chosen = layout if isinstance(layout, Layout) else load_layout(layout)
    fill = partial(_forms, filing=Filing.of(context, district), layout=chosen, fixed=layout != NATIONAL)
    _write(path, fill, replace)


def write_ledger(context: ReportContext, district: str, path: str | Path, *, replace: bool = False) -> None:
    """Write the issue ledger (问题台账) of a district; parameters as of :func:`write_forms`."""
    _write(path, partial(_ledger, filing=Filing.of(context, district)), replace)


def write_policies(
    context: ReportContext, district: str, path: str | Path, *, costs: str = "", replace: bool = False
) -> None:
    """Write what every school lacks and does about it (一校一策); parameters as of :func:`write_forms`.

    `costs` is a cost file, of which the money comes; empty for the assumed costs shipped with qb.
    """
    filing = Filing.of(context, district)
    money = alone(filing.context, filing.district, costs), load_costs(costs or None).title.zh
    _write(path, partial(_policies, filing=filing, money=money), replace)


def write_all(
    context: ReportContext,
    district: str,
    folder: str | Path,
    *,
    layout: str | Path = NATIONAL,
    replace: bool = False,
) -> list[Path]:
    """Write the three workbooks of a district into a folder and return their paths."""
    makers = {FORMS: partial(write_forms, layout=layout), LEDGER: write_ledger, POLICIES: write_policies}
    paths = [Path(folder) / name for name in makers]
    for path, make in zip(paths, makers.values(), strict=True):
        make(context, district, path, replace=replace)
    return paths


def run(
    data: Path, out: Path, year: int | None, standard: str, district: str, layout: str = NATIONAL
) -> Message:
    """Write a district's workbooks into a folder and return the sentence to print.

    Nothing that stands there is replaced: a ledger may have been filled in.

    Raises
    ------
    DataError, QbError
        If the data cannot be judged, the district is not named and there are several, the layout cannot
        be used, or a file is there.
    """
    paths = write_all(open_context(data, year, standard), district, out, layout=layout)
    return Message("已写入 {}：{}。", "Written to {}: {}.", out, listing(path.name for path in paths))


def _write(path: str | Path, fill: partial, replace: bool) -> None:
    def make(made: Path) -> None:
        with new_book(made, by_row=False) as workbook:
            fill(workbook)
        seal(made)

    if replace:
        refuse_filled_in(Path(path))
    write_xlsx(Path(path), make, replace=replace)


def _forms(workbook: Workbook, filing: Filing, layout: Layout, fixed: bool) -> None:
    figures = FormFigures(filing, layout.subjects)
    if not fixed and lacking(layout, figures):  # the nation's forms ask for the nation's indicators
        layout = plain_layout(filing.standard)
    guide = Form(workbook, "填表说明", (110,))
    guide.fit()
    _guide(guide, filing, layout)
    draw(workbook, layout, figures)


def _guide(form: Form, filing: Filing, layout: Layout) -> None:
    standard = filing.standard
    form.opening("填表说明", filing.place, filing.invented, filing.doubts)
    compared = "四舍五入前" if standard.rules.rounding.compare == "raw" else "四舍五入后"
    lines = (
        f"标准：{standard.title.zh}（{standard.source}）",
        *(["模拟数据：表中学校和数值均为虚构。"] if filing.invented else []),
        f"版式：{layout.title}。{layout.source}",
        "各表的栏目、栏号、单位和小数位数由版式文件规定；上级下发的表样与此不同的，"
        "照样另写一个版式文件，用 qb forms --layout 指定。",
        f"数值四舍五入后填写，达标与否按{compared}的数判定。",
        "“缺数据”指没有报送或不完整，不等于 0，也不等于未达标；有底色，请核实后补填。"
        f"“{NONE}”和“不适用”指没有这类学校、学生或数值。",
        f"{BELOW} 未达标（格有底色）；{INCOMPLETE} 另有缺数据的，未计入。",
    )
    for line in lines:
        form.span(line)
    if len(filing.own.warnings):
        form.span("核对提示", "section", 24)
    for row in filing.own.warnings.to_dict("records"):
        where = filing.school_names.get(row["school_id"], "全区")
        form.span("：".join(str(part) for part in (where, row["code"], row["message"]) if part))


def _ledger(workbook: Workbook, filing: Filing) -> None:
    for name, widths, write in (
        ("问题台账", LEDGER_WIDTHS, problems),
        ("历年整改登记", OLD_WIDTHS, earlier),
    ):
        form = Form(workbook, name, widths)
        form.fit()
        write(form, filing)


def _policies(workbook: Workbook, filing: Filing, money: Money) -> None:
    index = Form(workbook, "目录", INDEX_WIDTHS)
    index.fit()
    policies(index, Form(workbook, SECTIONS, POLICIES_WIDTHS), filing, money)


# 问题台账: every problem with who answers for it and what is being done, to be kept on.


_COLUMNS = (
    ("编号", 5), ("指标", 6), ("问题", 20), ("学校", 12), ("学校标识码", 9.5), ("学段", 5.5), ("实际", 8),
    ("标准", 8), ("缺口", 9), ("原因", 12), ("整改措施", 14), ("责任部门", 11), ("登记部门", 8.5),
    ("完成时限", 10.5), ("整改状态", 8), ("佐证材料", 9), ("销号日期", 10.5),
)  # fmt: skip
LEDGER_WIDTHS = tuple(width for _, width in _COLUMNS)
_NAMES = tuple(name for name, _ in _COLUMNS)
_DEADLINE, _STATUS = _NAMES.index("完成时限"), _NAMES.index("整改状态")
_SHORT = {"recognition": "认可度", "veto": "否决", COMPOSITE: "平均"}
_OLD = (
    ("编号", 6), ("学年", 8), ("指标", 7), ("学校标识码", 14), ("原因", 28), ("整改措施", 34),
    ("登记部门", 16), ("完成时限", 12), ("整改状态", 10), ("佐证材料", 20), ("销号日期", 12),
)  # fmt: skip
OLD_WIDTHS = tuple(width for _, width in _OLD)


def problems(form: Form, filing: Filing) -> None:
    """Write a line for every figure and item that fails, ready to be filtered and filled in."""
    day = date.fromisoformat(ledger_day(filing.context, filing.district))
    form.opening("问题台账", filing.place, filing.invented, filing.doubts)
    form.span(
        "原因、措施、时限和状态取自整改台账数据，空白表示尚未登记，可在表中续填；"
        f"截至 {day} 过了时限而未完成的，时限以红色粗体显示，与网页报告同一日期。“全区”指县区一级的问题。"
    )
    form.head([(name,) for name in _NAMES])
    top = form.row
    for place, row in enumerate(filing.context.ledger.to_dict("records"), start=1):
        form.line([Middle(place), *_ledger_problem(filing, row)])
    if form.row == top:
        form.span(nothing_to_mend(Tally.of(filing.own.indicators["verdict"]).unknown, "zh"))
        return
    last = form.row - 1
    form.filtered(top)
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
            "format": form.workbook.add_format({"font_color": "#C00000", "bold": True}),
        },
    )


def _ledger_problem(filing: Filing, row: Line) -> Iterator[Cell]:
    code, part = str(row["code"]), str(row["part"])
    yield Middle(_SHORT.get(code, code))
    yield problem_name(filing, code, part) + _beside(filing, row)
    yield text_of(row["name"]) or "全区"
    yield text_of(row["school_id"])
    yield Middle(stage_label(row["stage"], "zh") if isinstance(row["stage"], str) else "")
    yield from problem_cells(filing, row)
    yield _gap(filing, row, code, part)
    yield text_of(row["cause"])
    yield text_of(row["measure"])
    yield department_names(row["departments"], filing.standard, "zh")
    yield text_of(row["department"])
    yield date_cell(row["deadline"])
    yield Middle(term(row["status"], "zh", (Progress,)))
    yield text_of(row["evidence"])
    yield date_cell(row["closed_on"])


def _beside(filing: Filing, row: Line) -> str:
    """Return what goes with a problem in brackets: its detail, and that the school rule allows it."""
    words = [detail] if (detail := detail_text(row, filing.standard, "zh")) else []
    below = [code for one in filing.rows.get(text_of(row["school_id"]), []) if one["stage"] == row["stage"]
             for code in allowed(one)]  # fmt: skip
    words += ["规则允许，学校仍达标"] if row["code"] in below else []
    return f"（{'；'.join(words)}）" if words else ""


def _gap(filing: Filing, row: Line, code: str, part: str) -> Cell:
    """Return how far a figure is from its limit, in its unit; nothing for what has no figure."""
    if pd.isna(row["gap"]):
        return ""
    digits, unit = measured(filing.standard, code, part, "zh")
    digits = decimals_beside(row["value"], row["limit"], digits)
    if code in filing.standard.resource_codes and part != "coefficient":
        digits, unit = filing.standard[code].resource.decimals, unit_of(filing.standard[code], "zh")
    return FormNumber(float(row["gap"]), digits, unit="个百分点" if unit == "%" else unit, beside=0.0)


def problem_name(filing: Filing, code: str, part: str) -> str:
    """Return what a problem is: the indicator's title, and the part of it that fails."""
    words = part_label(part, filing.standard, "zh")
    if code == "recognition":
        return filing.standard.recognition.title.zh
    if code == "veto":
        return words
    if code == COMPOSITE:
        return f"差异系数：{short_title(code, filing.standard, 'zh')}"
    name = filing.standard[code].title.zh
    return f"{name}：{words}" if words else name


def problem_cells(filing: Filing, row: Line) -> list[Cell]:
    """Return the figure that fails and its limit; an item of a checklist has neither."""
    if pd.isna(row["value"]):
        return [Verdict.FAIL, ""]
    digits, _ = measured(filing.standard, str(row["code"]), str(row["part"]), "zh")
    value, limit = float(row["value"]), float(row["limit"])
    return [FormNumber(value, digits, beside=limit), FormNumber(limit, digits, beside=value)]


def earlier(form: Form, filing: Filing) -> None:
    """Write what was entered and the ledger does not show: mended, or followed by a later entry."""
    form.opening("历年整改登记", filing.place, filing.invented)
    form.span(
        "已登记而问题台账没有采用的整改事项：问题现已达标的、同一问题后来另有登记的，或指标不在本标准之内的。"
    )
    form.head([(name,) for name, _ in _OLD])
    top = form.row
    measures = filing.context.data["measures"]
    mine = measures[(measures["district"] == filing.district).to_numpy()]
    mine = mine[(mine["year"] <= filing.context.year).to_numpy()]
    shown = mine["number"].isin(filing.context.ledger["number"].dropna())
    for row in mine[~shown.to_numpy()].to_dict("records"):
        form.line(
            [
                Middle(f"{row['number']:.0f}"),
                Middle(f"{row['year']:.0f}"),
                Middle(text_of(row["code"])),
                text_of(row["school_id"]) or "全区",
                *(text_of(row[name]) for name in ("cause", "measure", "department")),
                date_cell(row["deadline"]),
                Middle(term(row["status"], "zh", (Progress,))),
                text_of(row["evidence"]),
                date_cell(row["closed_on"]),
            ]
        )
    form.filtered(top)


def date_cell(value: object) -> Cell:
    """Return a day as a spreadsheet knows it, so that it sorts; the text as it is where it is none."""
    text = text_of(value)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return day if day.year >= 1901 else text  # spreadsheets know no days before


# 一校一策: what each school lacks, who answers for it, what is done and by when.


SECTIONS = "各校措施"
INDEX_WIDTHS = (6, 34, 16, 12, 12, 12, 12, 14, 14)
POLICIES_WIDTHS = (5, 22, 6, 8, 8, 11, 11, 9, 13, 17, 10, 13, 10.5, 8, 14)


Money = tuple[Alone, str]  # the cheapest way of each school by itself, and whose prices it is by


def policies(index: Form, sections: Form, filing: Filing, money: Money) -> None:
    """Write a section for every judged school, on a page of its own, and the list that leads to them."""
    places: dict[str, int] = {}
    for school_id in filing.rows:
        places[school_id] = sections.row
        _section(sections, filing, school_id, money)
    sections.break_before(list(places.values()))
    _index(index, filing, places)


def _section(form: Form, filing: Filing, school_id: str, money: Money) -> None:
    rows, mine = filing.rows[school_id], filing.problems.get(school_id, [])
    form.opening(f"{rows[0]['name']}：一校一策", filing.place, filing.invented, filing.doubts)
    form.span(filing.facts(school_id))
    for row in rows:
        form.span(filing.conclusion(row))
    form.span("缺口与措施", "section", 24)
    if not mine:
        found = Tally.of(row["verdict"] for row in filing.findings.get(school_id, []))
        form.span(nothing_to_mend(found.unknown + sum(len(unknown(row)) for row in rows), "zh"))
    else:
        floor = floor_label(filing.standard)
        heads = (
            "序号", "问题", "学段", "实际", "目标（标准）", "补到标准需增加", f"补到 {floor} 需增加",
            "现有资源可供学生（人）", "原因", "整改措施", "费用（万元）", "责任部门", "完成时限", "整改状态",
            "验收意见、验收人和日期",
        )  # fmt: skip
        form.head([(text,) for text in heads], repeat=False)
        for place, row in enumerate(mine, start=1):
            form.line([Middle(place), *_policies_problem(filing, row, money[0])])
        form.span(
            f"注：费用是本校单独达标最省的做法的估算，单价见“{money[1]}”，全区一并考虑的见达标方案；"
            f"“{NONE}”指规则允许、不必为此购置，空白的由学校填写。验收一栏由验收部门填写。"
        )
    for warning in filing.warnings.get(school_id, []):
        form.span(f"提示：{warning['message']}")


def _policies_problem(filing: Filing, row: Line, found: Alone) -> list[Cell]:
    code = str(row["code"])
    stage = stage_label(row["stage"], "zh") if isinstance(row["stage"], str) else ""
    return [
        f"{code} {problem_name(filing, code, str(row['part']))}{_beside(filing, row)}",
        Middle(stage),
        *problem_cells(filing, row),
        *_gaps(filing, row),
        text_of(row["cause"]),
        text_of(row["measure"]),
        _cost(filing, row, found),
        department_names(row["departments"], filing.standard, "zh"),
        date_cell(row["deadline"]),
        Middle(term(row["status"], "zh", (Progress,))),
        "",
    ]


def _cost(filing: Filing, row: Line, found: Alone) -> Cell:
    """Return what the school's cheapest way spends on a resource; blank for what has no such way."""
    if row["code"] not in filing.standard.resource_codes:
        return ""
    if found.refused or row["school_id"] in found.stuck:
        return Verdict.NO_DATA if found.refused else "上限以内无法达标"
    bought = [one for one in found.bought.get(str(row["school_id"]), ()) if one["code"] == row["code"]]
    own = [one for one in bought if one["stage"] in (row["stage"], Stage.WHOLE)]
    if not own:
        return Middle(NONE)
    whole = "（全校）" if any(one["stage"] == Stage.WHOLE for one in own) else ""
    return FormNumber(sum(one["cost_yuan"] for one in own) / WAN, 2, unit=whole)


def _gaps(filing: Filing, row: Line) -> list[Cell]:
    """Return what is to be added, to the standard and to its floor, and the pupils the resource is for."""
    code = str(row["code"])
    lacking = filing.lacking.get((row["school_id"], row["stage"], code))
    if code not in filing.standard.resource_codes or lacking is None:
        return ["", "", ""]
    digits, unit = filing.standard[code].resource.decimals, unit_of(filing.standard[code], "zh")
    added = [FormNumber(lacking[name], digits, unit=unit) for name in ("to_standard", "to_floor")]
    return [*added, FormNumber(lacking["supports"])]


def _index(form: Form, filing: Filing, places: dict[str, int]) -> None:
    standard = filing.standard
    what, bare = resources_said(standard, "zh"), resources_said(standard, "zh", bare=True)
    form.opening("一校一策目录", filing.place, filing.invented, filing.doubts)
    form.head(
        [
            *((text, None) for text in ("序号", "学校", "学校标识码")),
            *((stage.zh, text) for stage in COMPULSORY for text in ("达标项数", "结论")),
            *((text, None) for text in (f"{bare}缺口（项）", "其他未达标（项）")),
        ]
    )
    top = form.row
    for number, (school_id, rows) in enumerate(filing.rows.items(), start=1):
        by_stage = {row["stage"]: row for row in rows}
        stages: list[Cell] = []
        for stage in COMPULSORY:
            row = by_stage.get(stage)
            stages += [FormNumber(row["met"]), Verdict(str(row["verdict"]))] if row else ["", ""]
        mine = filing.problems.get(school_id, [])
        resources = sum(problem["code"] in filing.standard.resource_codes for problem in mine)
        link = Link(str(rows[0]["name"]), SECTIONS, places[school_id])
        form.line(
            [
                Middle(number),
                link,
                school_id,
                *stages,
                FormNumber(resources),
                FormNumber(len(mine) - resources),
            ]
        )
    form.filtered(top)
    form.span(
        f"注：列出参加{what}评估的学校，点学校名称转到该校。“其他未达标”指{what}以外落到本校的未达标项。"
    )
