"""The national forms 表I–表VI, or a province's, drawn by a layout file; the layout of a standard that they do not fit."""

from __future__ import annotations

from collections.abc import Mapping

from xlsxwriter import Workbook

from qb.data.layout_file import PLACE, FormColumn, Layout, Sheet, Template, pieces
from qb.errors import QbError
from qb.indicators.verdicts import COMPOSITE
from qb.language import Message
from qb.report.printed_form_canvas import BELOW, INCOMPLETE, Cell, Form, FormNumber, Lacking, Middle
from qb.report.printed_form_figures import Count, FormFigures, Judged, Scope
from qb.report.words import number, resources_said, title
from qb.standard import Indicator, Standard
from qb.terms import COMPULSORY, Verdict

NONE = "—"  # there is nothing of the kind


def draw(workbook: Workbook, layout: Layout, figures: FormFigures) -> None:
    """Write every sheet of a layout.

    Raises
    ------
    QbError
        If the layout asks for figures that there are not; all are named.
    """
    _require(layout, figures)
    for sheet in layout.sheets:
        widths = [column.width for column in sheet.columns]
        form = Form(workbook, sheet.name, widths, paper=sheet.paper, portrait=sheet.portrait)
        if (
            sheet.each == "school"
        ):  # not fitted: spreadsheets forget where a page is to end on a sheet that is
            breaks = []
            for scope in figures.each("school"):
                breaks.append(form.row)
                _page(form, sheet, figures, scope, [scope])
            form.break_before(breaks)
            continue
        form.fit()
        every = list(figures.each(sheet.each)) if sheet.each else [figures.district]
        _page(form, sheet, figures, figures.district, every)


def _page(form: Form, sheet: Sheet, figures: FormFigures, scope: Scope, every: list[Scope]) -> None:
    """Write a title, what stands under it, and a table with its lines for every scope."""
    form.opening(_text(sheet.title, scope), figures.place, figures.invented)
    for template in sheet.intro:
        form.span(_text(template, scope))
    form.head(_heads(sheet, scope), repeat=sheet.each != "school")
    top = form.row
    incomplete = False
    names = {
        place[1]: column.number
        for column in sheet.columns
        if isinstance(column.cell, str) and (place := PLACE.fullmatch(column.cell)) and column.number
    }
    for here in every:
        for line in sheet.rows:
            cells = [_cell(template, here, names) for template in line]
            form.line(cells)
            incomplete |= any(isinstance(cell, FormNumber) and cell.mark == INCOMPLETE for cell in cells)
    if sheet.each in ("section", "excluded"):
        form.filtered(top)
    if not every:
        form.span("没有。")
    if sheet.lines:
        _join_equal(form, top, [_text(line[0], scope) for line in sheet.lines])
    for template in sheet.notes:
        if text := _text(template, scope, names, nothing=""):
            form.span(text)
    if incomplete:
        form.span(f"{INCOMPLETE} 另有缺数据的，未计入。")


def _heads(sheet: Sheet, scope: Scope) -> list[tuple[str | None, ...]]:
    numbered = any(column.number for column in sheet.columns)
    return [
        (
            *(_text(text, scope) or None for text in column.head),
            *([column.number or None] if numbered else []),
        )
        for column in sheet.columns
    ]


def _join_equal(form: Form, top: int, texts: list[str]) -> None:
    """Make the cells of the first column that say the same, one after the other, into one."""
    first = 0
    for place in range(1, len(texts) + 1):
        if place < len(texts) and texts[place] == texts[first]:
            continue
        if place - first > 1 and texts[first]:
            form.join(top + first, top + place - 1, 0, texts[first])
        first = place


def lacking(layout: Layout, figures: FormFigures) -> list[Message]:
    """Return the figures that a layout asks for and there are not, each with its sheet."""
    return [
        Message("工作表“{}”：{}", "sheet “{}”: {}", sheet.name, key)
        for sheet in layout.sheets
        for key in dict.fromkeys(
            place[1] for template in sheet.templates() for place in PLACE.finditer(template)
        )
        if key not in figures.names(sheet.each)
    ]


def _require(layout: Layout, figures: FormFigures) -> None:
    if wrong := lacking(layout, figures):
        raise QbError(
            "表册版式“{}”用到 {} 个没有的数，请改正（可用的见 data/README.md）：",
            "The layout “{}” uses {} figures that do not exist; put it right (those that do are in data/README.md):",
            layout.title,
            len(wrong),
            lines=wrong,
        )


def _cell(template: Template, scope: Scope, names: Mapping[str, str]) -> Cell:
    """Return a cell: a number where the template is one figure and nothing else, text otherwise."""
    alone = PLACE.fullmatch(template) if isinstance(template, str) else None
    if not alone:
        text = _text(template, scope, names)
        return Lacking(text) if Verdict.NO_DATA.zh in text else text
    key, per, decimals = alone[1], float(alone[2] or 1), int(alone[3] or 0)
    value = scope[key]
    if isinstance(value, Verdict):
        return value
    if value is None:
        return Middle(NONE)
    if isinstance(value, Judged):
        beside = None if value.limit is None else value.limit / per
        mark = BELOW if value.verdict is Verdict.FAIL else ""
        return FormNumber(value.value / per, decimals, mark, beside=beside)
    if isinstance(value, Count):
        return FormNumber(value.known / per, decimals, INCOMPLETE if value.unknown else "")
    if isinstance(value, str | tuple):
        return _said(value, 1, 0, names)
    return FormNumber(value / per, decimals)


def _text(
    template: Template, scope: Scope, names: Mapping[str, str] | None = None, nothing: str = NONE
) -> str:
    """Return the pieces of a template that say something, a line each.

    A piece of whose figures none applies (the junior part of a primary school) is left out; texts among
    them, such as limits, do not keep it.
    """
    said = []
    for piece in pieces(template):
        places = list(PLACE.finditer(piece))
        told = [scope[place[1]] for place in places if not isinstance(scope[place[1]], str)]
        if told and all(value is None for value in told):
            continue
        said.append(
            PLACE.sub(
                lambda place: _said(scope[place[1]], float(place[2] or 1), int(place[3] or 0), names or {}),
                piece,
            )
        )
    return "\n".join(said) if said or not template else nothing


def _said(value: object, per: float, decimals: int, names: Mapping[str, str]) -> str:
    """Return a figure as words."""
    if value is None:
        return Verdict.NOT_APPLICABLE.zh
    if isinstance(value, Verdict):
        return value.zh
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "、".join(names.get(code, code) for code in value)
    if isinstance(value, Count):
        more = f"（另有 {value.unknown} 个缺数据）" if value.unknown else ""
        return number(value.known / per, decimals) + ("" if value.known != value.known else more)
    return number((value.value if isinstance(value, Judged) else float(value)) / per, decimals)


def plain_layout(standard: Standard) -> Layout:
    """Return the forms of a standard: every school's resources, how evenly they are spread, all else.

    Examples
    --------
    >>> from qb.standard import load
    >>> [sheet.name for sheet in plain_layout(load("basic-2012")).sheets]
    ['学校资源', '校际均衡', '其他指标', '未参加评估']
    """
    sheets = [_schools(standard)]
    if standard.resources and standard.rules.coefficient:
        sheets.append(_spread(standard))
    others = [indicator for indicator in standard.indicators if not indicator.resource]
    if others:
        sheets.append(_others(others))
    sheets.append(_excluded())
    return Layout(
        title=f"{standard.subject.zh}评估表",
        source=f"按标准文件生成：{standard.source}",
        sheets=tuple(sheets),
    )


def _columns(heads: tuple[tuple[str, float, Template], ...]) -> tuple[FormColumn, ...]:
    return tuple(FormColumn(head=(head,), width=width, cell=cell) for head, width, cell in heads)


def _schools(standard: Standard) -> Sheet:
    columns = (
        ("序号", 5, "{number}"),
        ("学校名称", 24, "{name}"),
        ("学段", 8, "{stage}"),
        ("在校生数（人）", 9, "{pupils}"),
        *((title(i, "zh"), 14, f"{{{i.code}:2}}") for i in standard.resources),
        *((("综合评估", 10, "{overall}"),) if standard.rules.school else ()),
    )
    return Sheet(
        name="学校资源",
        title=f"各校{resources_said(standard, 'zh')}",
        each="section",
        columns=_columns(columns),
        notes=("{school_rule}。",),
    )


def _spread(standard: Standard) -> Sheet:
    codes = (*standard.resource_codes, COMPOSITE)
    columns = [
        FormColumn(head=(head,), width=width)
        for head, width in (
            ("学段", 8),
            ("项目", 14),
            *((title(i, "zh"), 14) for i in standard.resources),
            ("各项平均", 11),
        )
    ]
    lines = [
        (stage.zh, name, *(f"{{{stage}.{code}.{figure}}}" for code in codes))
        for stage in COMPULSORY
        for name, figure in (("全县平均值", "mean:2"), ("差异系数", "coefficient:3"))
    ]
    return Sheet(name="校际均衡", title="校际均衡情况", columns=tuple(columns), lines=tuple(lines))


def _others(indicators: list[Indicator]) -> Sheet:
    columns = [
        FormColumn(head=(head,), width=width)
        for head, width in (("指标", 34), ("要求", 44), ("情况", 44), ("数值", 12), ("是否达标", 10))
    ]
    lines = [
        (
            title(indicator, "zh"),
            f"{{{indicator.code}.wording}}",
            f"{{{indicator.code}.conclusion}}",
            "—"  # a checklist has no figure
            if indicator.measure == "checklist"
            else f"{{{indicator.code}.value:{indicator.decimals}}}",
            f"{{{indicator.code}}}",
        )
        for indicator in indicators
    ]
    return Sheet(name="其他指标", title="其他指标", columns=tuple(columns), lines=tuple(lines))


def _excluded() -> Sheet:
    columns = (("学校名称", 24, "{name}"), ("学段", 8, "{stage}"), ("原因", 60, "{reason}"))
    return Sheet(
        name="未参加评估", title="未参加评估的学校和学段", each="excluded", columns=_columns(columns)
    )
