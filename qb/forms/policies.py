"""一校一策: what each school lacks, who answers for it, what is done and by when."""

from __future__ import annotations

from qb.forms.filing import Filing, Line, text_of
from qb.forms.ledger import day_of, problem_cells, problem_name
from qb.forms.sheet import Cell, Figure, Form, Link, Middle
from qb.report.english import detail_text
from qb.report.words import UNITS, department_names, floor_label, gap_decimals, stage_label, term
from qb.standard import SEVEN
from qb.terms import COMPULSORY, Progress, Verdict

SECTIONS = "各校措施"
INDEX_WIDTHS = (6, 34, 16, 12, 12, 12, 12, 14, 14)
WIDTHS = (5, 22, 6, 8, 8, 11, 11, 9, 13, 17, 13, 10.5, 8)


def policies(index: Form, sections: Form, filing: Filing) -> None:
    """Write a section for every judged school, on a page of its own, and the list that leads to them."""
    places: dict[str, int] = {}
    for school_id in filing.rows:
        places[school_id] = sections.row
        _section(sections, filing, school_id)
    sections.break_before(list(places.values()))
    _index(index, filing, places)


def _section(form: Form, filing: Filing, school_id: str) -> None:
    rows, mine = filing.rows[school_id], filing.problems.get(school_id, [])
    form.opening(f"{rows[0]['name']}：一校一策", filing.place, filing.invented)
    form.span(filing.facts(school_id))
    for row in rows:
        form.span(filing.conclusion(row))
    form.span("缺口与措施", "section", 24)
    if not mine:
        form.span("没有需要整改的问题。")
    else:
        floor = floor_label(filing.standard)
        heads = (
            "序号", "问题", "学段", "实际", "标准", "补到标准需增加", f"补到 {floor} 需增加",
            "现有资源可供学生（人）", "原因", "整改措施", "责任部门", "完成时限", "整改状态",
        )  # fmt: skip
        form.head([(text,) for text in heads], repeat=False)
        for place, row in enumerate(mine, start=1):
            form.line([Middle(place), *_problem(filing, row)])
    for warning in filing.warnings.get(school_id, []):
        form.span(f"提示：{warning['message']}")


def _problem(filing: Filing, row: Line) -> list[Cell]:
    code = str(row["code"])
    stage = stage_label(row["stage"], "zh") if isinstance(row["stage"], str) else ""
    detail = detail_text(row, filing.standard, "zh")
    return [
        f"{code} {problem_name(filing, code, str(row['part']))}" + (f"（{detail}）" if detail else ""),
        Middle(stage),
        *problem_cells(filing, row),
        *_gaps(filing, row),
        text_of(row["cause"]),
        text_of(row["measure"]),
        department_names(row["departments"], filing.standard, "zh"),
        day_of(row["deadline"]),
        Middle(term(row["status"], "zh", (Progress,))),
    ]


def _gaps(filing: Filing, row: Line) -> list[Cell]:
    """Return what is to be added, to the standard and to its floor, and the pupils the resource is for."""
    code = str(row["code"])
    lacking = filing.lacking.get((row["school_id"], row["stage"], code))
    if code not in SEVEN or lacking is None:
        return ["", "", ""]
    digits, unit = gap_decimals(code), UNITS[code][0]
    added = [Figure(lacking[name], digits, unit=unit) for name in ("to_standard", "to_floor")]
    return [*added, Figure(lacking["supports"])]


def _index(form: Form, filing: Filing, places: dict[str, int]) -> None:
    form.opening("一校一策目录", filing.place, filing.invented)
    form.head(
        [
            *((text, None) for text in ("序号", "学校", "学校标识码")),
            *((stage.zh, text) for stage in COMPULSORY for text in ("达标项数", "结论")),
            *((text, None) for text in ("七项缺口（项）", "其他未达标（项）")),
        ]
    )
    for number, (school_id, rows) in enumerate(filing.rows.items(), start=1):
        by_stage = {row["stage"]: row for row in rows}
        stages: list[Cell] = []
        for stage in COMPULSORY:
            row = by_stage.get(stage)
            stages += [Figure(row["met"]), Verdict(str(row["verdict"]))] if row else ["", ""]
        mine = filing.problems.get(school_id, [])
        seven = sum(problem["code"] in SEVEN for problem in mine)
        link = Link(str(rows[0]["name"]), SECTIONS, places[school_id])
        form.line([Middle(number), link, school_id, *stages, Figure(seven), Figure(len(mine) - seven)])
    form.span(
        "注：列出参加七项指标评估的学校，点学校名称转到该校。“其他未达标”指 C8—C31 中落到本校的未达标项。"
    )
