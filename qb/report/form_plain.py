"""Forms for a standard that the national ones do not fit: schools, spread and indicators, made of its file."""

from __future__ import annotations

from qb.data.layout_file import FormColumn, Layout, Sheet, Template
from qb.indicators.verdicts import COMPOSITE
from qb.report.words import resources_said, title
from qb.standard import Indicator, Standard
from qb.terms import COMPULSORY


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
            f"{{{indicator.code}.value:{indicator.decimals}}}",
            f"{{{indicator.code}}}",
        )
        for indicator in indicators
    ]
    return Sheet(name="其他指标", title="其他指标", columns=tuple(columns), lines=tuple(lines))


def _excluded() -> Sheet:
    columns = (
        ("学校名称", 24, "{name}"),
        ("学段", 8, "{stage}"),
        ("原因", 60, "{reason}"),
    )
    return Sheet(
        name="未参加评估", title="未参加评估的学校和学段", each="excluded", columns=_columns(columns)
    )
