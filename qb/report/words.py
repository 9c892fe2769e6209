"""Figures and terms as a reader sees them, in Chinese or English."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from qb.rounding import decimals_beside, round_half_up
from qb.standard import SEVEN, Indicator, Standard
from qb.terms import Allowance, Stage, Term, Verdict

Lang = Literal["zh", "en"]

PARTS = {
    "music": ("音乐教室", "Music rooms"),
    "art": ("美术教室", "Art rooms"),
    "budget": ("预算", "Budget"),
    "final": ("决算", "Final account"),
    "rotated": ("交流教师比例", "Rotated"),
    "backbone": ("其中骨干教师比例", "Backbone among them"),
    "level": ("学业水平等级", "Level"),
    "rate": ("校际差异率", "Between-school rate"),
    "broadband": ("宽带接入", "Broadband"),
    "multimedia": ("多媒体配置", "Multimedia"),
    "allocation": ("公用经费拨款（元）", "Allocation (yuan)"),
    "primary": ("小学基准定额（元）", "Primary base amount (yuan)"),
    "junior": ("初中基准定额（元）", "Junior base amount (yuan)"),
    "coefficient": ("差异系数", "Difference coefficient"),
}
UNITS = {
    "C1": ("人", "teachers"),
    "C2": ("人", "teachers"),
    "C3": ("人", "teachers"),
    "C4": ("㎡", "m²"),
    "C5": ("㎡", "m²"),
    "C6": ("元", "yuan"),
    "C7": ("间", "rooms"),
}
AREAS = {
    "resources": ("资源配置", "Resources"),
    "guarantee": ("政府保障程度", "Government guarantee"),
    "quality": ("教育质量", "Quality of education"),
    "recognition": ("社会认可度", "Public recognition"),
    "veto": ("一票否决事项", "Veto list"),
}


def label(member: Term, lang: Lang) -> str:
    """Return a word of a closed set as the reader sees it."""
    return member.zh if lang == "zh" else member.en


def say(lang: Lang, zh: str, en: str) -> str:
    """Return the wording in the page's language."""
    return zh if lang == "zh" else en


def term(value: object, lang: Lang, kinds: tuple[type, ...]) -> str:
    """Return the label of a word of one of the closed sets; the word itself if it is none of theirs."""
    for kind in kinds:
        member = kind.find(str(value))
        if member is not None:
            return label(member, lang)
    return "" if value is None or value != value else str(value)


def verdict_label(value: str, lang: Lang) -> str:
    """Return a verdict, or what stands in its place where the school rule allows a figure, as readers see it."""
    return term(value, lang, (Verdict, Allowance))


def stage_label(value: object, lang: Lang) -> str:
    """Return a stage as the reader sees it."""
    return term(value, lang, (Stage,))


def number(value: float | None, decimals: int, lang: Lang = "zh", *, beside: float | None = None) -> str:
    """Return a figure for print: rounded half up, thousands set apart, "no data" in words; None is no figure.

    What stands `beside` a limit (or is one, beside its figure) has as many more digits as tell the two apart.

    >>> number(1234.565, 2), number(float("nan"), 1), number(None, 1), number(99.96, 1, beside=100)
    ('1,234.57', '缺数据', '', '99.96')
    """
    if value is None:
        return ""
    if isinstance(value, float) and math.isnan(value):
        return say(lang, Verdict.NO_DATA.zh, label(Verdict.NO_DATA, "en"))
    if beside is not None:
        decimals = decimals_beside(float(value), beside, decimals)
    rounded = float(round_half_up(float(value), decimals))
    return f"{rounded + 0.0:,.{decimals}f}"


def title(indicator: Indicator, lang: Lang, *, short: bool = False) -> str:
    """Return an indicator's code with its title."""
    text = indicator.short if short else indicator.title
    return f"{indicator.code} {text.zh if lang == 'zh' else text.en}"


def part_label(part: str, standard: Standard, lang: Lang) -> str:
    """Return what a part of an indicator is: the name of a limit, or a checklist item's text."""
    if part in PARTS:
        return say(lang, *PARTS[part])
    for item in standard.checklist:
        if item.item == part:
            return f"{part} {say(lang, item.text.zh, item.text.en)}"
    for veto in standard.vetoes:
        if veto.item == part:
            return f"{part} {say(lang, veto.text.zh, veto.text.en)}"
    return part


def subject_label(subject: str, standard: Standard, lang: Lang) -> str:
    """Return a subject of the monitoring as the reader sees it; one the standard does not know as entered."""
    english = {key: word for i in standard.monitored for key, word in i.options["english"].items()}
    return say(lang, subject, english.get(subject, subject))


def compared(indicator: Indicator, part: str, lang: Lang) -> tuple[int, str]:
    """Return decimals and unit of what a part of C8–C31 holds against its limit.

    Rooms are counted, though their limit is an area; a rate between schools has no unit.

    >>> from qb.standard import load
    >>> [compared(load()[code], part, "zh") for code, part in (("C10", "music"), ("C16", ""), ("C31", "level"))]
    [(0, '间'), (1, '%'), (0, '级')]
    """
    decimals = 0 if part == "level" else indicator.decimals
    if indicator.measure == "special_rooms":
        return decimals, say(lang, "间", "rooms")
    if part in ("allocation", "primary", "junior"):
        return decimals, say(lang, "元", "yuan")
    units = [limit.unit for limit in indicator.limits if limit.name in (part, "") and part != "rate"]
    return decimals, say(lang, units[0].zh, units[0].en) if units else ""


def measured(standard: Standard, code: str, part: str, lang: Lang) -> tuple[int, str]:
    """Return decimals and unit of a figure of the ledger; what C1–C7 lack has its unit with the gap."""
    rounding = standard.rules.rounding
    if part == "coefficient":
        return rounding.coefficients, ""
    if code in SEVEN:
        return rounding.values, ""
    return (rounding.ratios, "%") if code == "recognition" else compared(standard[code], part, lang)


def lacking_text(row: Mapping[str, object], standard: Standard, lang: Lang) -> str:
    """Return what a failing figure lacks to its limit or has above it, in its unit.

    A figure that is at a limit which it may not reach has no amount to say.
    """
    code, part, gap = str(row["code"]), str(row["part"]), float(row["gap"])
    if not gap > 0:
        return ""
    decimals, unit = measured(standard, code, part, lang)
    decimals = decimals_beside(row["value"], row["limit"], decimals)
    if code in UNITS and part != "coefficient":
        decimals, unit = gap_decimals(code), say(lang, *UNITS[code])
    unit = say(lang, "个百分点", "points") if unit == "%" else unit
    text = number(gap, decimals, lang, beside=0)
    amount = f"{text} {unit.removesuffix('s') if text == '1' and lang == 'en' else unit}".strip()
    if row["side"] in ("<=", "<"):
        return say(lang, f"超出 {amount}", f"{amount} too many" if unit else f"{amount} too high")
    return say(lang, f"缺 {amount}", f"lacking {amount}")


def gap_decimals(code: str) -> int:
    """Return the decimals of what C1–C7 lack: persons, rooms and yuan whole, m² with one."""
    return 1 if code in ("C4", "C5") else 0


def department_names(names: tuple[str, ...], standard: Standard, lang: Lang) -> str:
    """Return departments as a list a reader can read."""
    english = {department.name: department.en for department in standard.departments}
    return "、".join(names) if lang == "zh" else "; ".join(english.get(name, name) for name in names)


def listed(names: list[str], lang: Lang, most: int = 6) -> str:
    """Return a list of names, cut after `most` with the number of those left out."""
    shown = say(lang, "、", ", ").join(names[:most])
    more = len(names) - most
    return shown if more <= 0 else shown + say(lang, f"等 {len(names)} 个", f" and {more} more")


def school_year(year: int, lang: Lang) -> str:
    """Return a school year: 2024—2025 学年."""
    return say(lang, f"{year}—{year + 1}学年", f"School year {year}–{year + 1}")


def school_rule(standard: Standard, lang: Lang) -> str:
    """Return the school rule as the standard's file has it."""
    rule = standard.rules.school
    floor = f"{100 * rule.floor:g}"
    return say(
        lang,
        f"{rule.of} 项中至少 {rule.met} 项达标，其余不低于标准的 {floor}%",
        f"at least {rule.met} of {rule.of} met, and {floor} % of the standard on the rest",
    )


def floor_label(standard: Standard) -> str:
    """Return the floor of the school rule as a percentage."""
    return f"{100 * standard.rules.school.floor:g}%"
