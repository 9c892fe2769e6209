"""The key of each verdict and figure on a page and the rule it leads to; allowed verdicts; `qb assess` as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from qb.data.checks import Doubt
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import deciding
from qb.language import COLON, Lang, Message, joined, say, told
from qb.report.words import (
    Tally,
    coefficient_text,
    coefficients_said,
    listed,
    school_year,
    short_title,
    silent_schools,
    stage_label,
    verdict_label,
)
from qb.standard import Standard
from qb.terms import Allowance, Stage, Term, Verdict

# What pages state, each verdict and figure under a key: so that it leads to its rule and can be computed
# again.
#
# A key says what kind of statement it is, of which year and of what: ``coefficient/2025/primary/C5/甲区``
# is the difference coefficient of C5 in the district's primary schools. Pages mark what they print with
# it, `qb verify` names by it what differs.


class Fact(Term):
    """Kinds of statement, with what follows kind and year in a key."""

    DISTRICT = "district", "区域总体结论", "verdict on the district"  # /district
    AREA = "area", "方面结论", "verdict on the area"  # /area/district
    INDICATOR = "indicator", "指标结论", "verdict on the indicator"  # /code/district
    FIGURE = "figure", "指标数值", "value of the indicator"  # /code/district
    FINDING = "finding", "要点结论", "verdict on the part"  # /code/part/subject/stage/school or district
    ITEM = "item", "要点数值", "value of the part"  # as of a finding
    SEVEN = "seven", "资源指标结论", "verdict on the resource"  # /code/stage/school
    RESOURCE = "resource", "资源指标数值", "value of the resource"  # /code/stage/school
    SCHOOL = "school", "学校结论", "verdict on the school"  # /stage/school
    MET = "met", "达标项数", "number met"  # /stage/school
    BALANCE = "balance", "差异系数结论", "verdict on the coefficient"  # /stage/code/district
    COEFFICIENT = "coefficient", "差异系数", "difference coefficient"  # /stage/code/district
    # /stage/code/district
    REPORTED = "reported", "已报送学校的差异系数", "difference coefficient of the schools that reported"
    MEAN = "mean", "平均值", "mean"  # /stage/code/district
    DEVIATION = "deviation", "标准差", "standard deviation"  # /stage/code/district


# The rule of each kind; those not here are one indicator's, which the key names next.
_RULES = MappingProxyType(
    {
        Fact.DISTRICT: "district",
        Fact.SCHOOL: "school",
        Fact.MET: "school",
        Fact.BALANCE: "coefficient",
        Fact.COEFFICIENT: "coefficient",
        Fact.REPORTED: "coefficient",
        Fact.MEAN: "coefficient",
        Fact.DEVIATION: "coefficient",
    }
)
# Figures that are no verdict and no coefficient: the verdict beside them leads to their rule.
_PLAIN = frozenset((Fact.FIGURE, Fact.ITEM, Fact.RESOURCE, Fact.MET, Fact.MEAN, Fact.DEVIATION))


def key(fact: Fact, year: int, *of: object) -> str:
    """Return the key of a statement; what is missing (a stage, a school) is empty.

    >>> key(Fact.COEFFICIENT, 2025, "primary", "C5", "甲区"), key(Fact.FINDING, 2025, "C8", "C8.1", "", None, "甲区")
    ('coefficient/2025/primary/C5/甲区', 'finding/2025/C8/C8.1///甲区')
    """
    return "/".join([fact, str(year), *("" if x is None or x != x else str(x) for x in of)])


def rule_of(fact: str) -> str:
    """Return the rule from which a statement follows: an indicator's code or a key of `qb.report.verdict_rules`.

    >>> [rule_of(k) for k in ("seven/2025/C3/primary/1", "balance/2025/primary/C3/甲区", "area/2025/veto/甲区")]
    ['C3', 'coefficient', 'veto']
    """
    kind, _, subject, *_ = fact.split("/")
    if kind == Fact.AREA:
        return subject if subject in ("recognition", "veto") else "district"
    return _RULES.get(kind, subject)


def anchor(rule: str) -> str:
    """Return the address of a rule's entry on the same page."""
    return f"#rule-{rule}"


def department_anchor(name: str, standard: Standard) -> str:
    """Return the name of a department's place on the brief, the same in every language."""
    names = [department.name for department in standard.departments]
    return f"department-{names.index(name) if name in names else len(names)}"


def address(fact: str) -> str:
    """Return where a verdict or a coefficient leads to; empty for any other figure, and for no fact."""
    return anchor(rule_of(fact)) if fact and fact.partition("/")[0] not in _PLAIN else ""


def in_words(fact: str, standard: Standard) -> Message:
    """Return a key as a reader of messages sees it.

    >>> from qb.standard import load
    >>> in_words("coefficient/2025/primary/C5/甲区", load())
    '2025 年差异系数（小学，C5，甲区）'
    """
    kind, year, *of = fact.split("/")
    known = {stage.value: stage for stage in Stage} | {a.name: a.title for a in standard.areas}
    where = joined("，", ", ", (known.get(part, part) for part in of if part))
    return Message("{} 年{}（{}）", "{}, {} ({})", year, Fact.called(kind) or kind, where)


def shown_resource(rows: pd.DataFrame, code: str) -> np.ndarray:
    """Return the verdicts of rows on one of C1–C7 as readers see them.

    A figure that is not met in a row that passes is what the school rule allows: the row's verdict says so.
    """
    verdict = rows[f"{code}_verdict"].astype(str).to_numpy(dtype=object)
    allowed = (verdict == Verdict.FAIL) & (rows["verdict"] == Verdict.PASS).to_numpy()
    return np.where(allowed, str(Allowance.AT_SCHOOL), verdict)


def shown_indicators(assessment: Assessment) -> np.ndarray:
    """Return the verdicts of an assessment's indicators as readers see them, in its order.

    One of C1–C7 on which only schools are below the standard that pass all the same, and of which every
    school has reported, is allowed. The indicator's own verdict stays what it is.
    """
    frame, rows = assessment.indicators, assessment.rows
    shown = frame["verdict"].astype(str).to_numpy(dtype=object)
    district = rows["district"].astype(object).to_numpy()
    for code in assessment.standard.resource_codes:
        seen = shown_resource(rows, code)
        there = set(district[seen == Allowance.AT_SCHOOL])
        there -= set(district[(seen == Verdict.FAIL) | (seen == Verdict.NO_DATA)])
        if not there:
            continue
        mine = (frame["code"] == code).to_numpy() & frame["district"].isin(there).to_numpy()
        shown[mine & (shown == Verdict.FAIL)] = str(Allowance.IN_DISTRICT)
    return shown


def finding_keys(fact: Fact, assessment: Assessment, found: pd.DataFrame) -> list[str]:
    """Return the keys of rows of an assessment's findings."""
    columns = (found["code"], found["part"], _subjects(assessment, found), found["stage"], _owners(found))
    return [key(fact, assessment.year, *of) for of in zip(*columns, strict=True)]


def _subjects(assessment: Assessment, found: pd.DataFrame) -> pd.Series:
    """Return the subject of each finding of the monitoring, which code and part do not tell apart."""
    monitored = [indicator.code for indicator in assessment.standard.monitored]
    return found["detail"].where(found["code"].isin(monitored), "")


def _owners(found: pd.DataFrame) -> pd.Series:
    schools = found["school_id"].astype(object)
    return schools.where(schools.notna(), found["district"].astype(object))


# An assessment in a few lines, for a terminal.


MOST_DISTRICTS = 50
MOST_SCHOOLS = 10


def summary(assessment: Assessment, doubts: Sequence[Doubt] = (), lang: Lang = "zh") -> str:
    """Return the verdicts of every district in plain text, with the doubts beside them."""
    made_up = say(lang, "（模拟数据）", " (invented data)") if assessment.invented else ""
    year, title = school_year(assessment.year, lang), told(assessment.standard.title, lang)
    lines = [f"{year}{say(lang, '　', '  ')}{title}{made_up}"]
    names = assessment.districts["district"].tolist()
    for district in names[:MOST_DISTRICTS]:
        lines += ["", *_district(assessment.of(district), district, lang)]
        mine = [doubt for doubt in doubts if district in doubt.districts]
        lines += [
            f"  {doubts_said([d], lang)[0]}{told(COLON, lang)}{told(d.fault.message, lang)}" for d in mine
        ]
    if more := len(names[MOST_DISTRICTS:]):
        zh, en = f"另有 {more} 个县区；全部结果请用 --json。", f"{more} more districts; for all add --json."
        lines.append("\n" + say(lang, zh, en))
    zh, en = (
        "各校数值与缺口：加 --json；网页报告：qb publish。",
        "Schools' figures and gaps: add --json; pages: qb publish.",
    )
    lines.append("\n" + say(lang, zh, en))
    return "\n".join(lines)


def doubts_said(doubts: Iterable[Doubt], lang: Lang) -> list[str]:
    """Say which verdicts cannot be trusted, and for which columns: a sentence for the same indicators."""
    by_codes: dict[tuple[str, ...], dict[str, None]] = {}
    for doubt in doubts:
        name = say(lang, f"“{doubt.column.label}”", f"{doubt.column.name} of {doubt.fault.table}")
        by_codes.setdefault(doubt.codes, {})[name] = None
    return [
        say(
            lang,
            f"结论有疑问（{listed(list(codes), lang, most=9)}），{'、'.join(names)}先核对",
            f"Verdicts in doubt ({listed(list(codes), lang, most=9)}): {', '.join(names)} "
            f"{'is' if len(names) == 1 else 'are'} beyond anything plausible",
        )
        for codes, names in by_codes.items()
    ]


def doubted(doubts: Iterable[Doubt], standard: Standard) -> tuple[str, ...]:
    """Return what rests on figures in doubt: indicators, their areas, and the kinds of verdict on any of them.

    A statement rests on them whose key (:func:`key`) has one of these for its kind or first two subjects.
    """
    codes = dict.fromkeys(code for doubt in doubts for code in doubt.codes)
    if not codes:
        return ()
    areas = dict.fromkeys(standard[code].area for code in codes)
    kinds = [str(Fact.DISTRICT), *([str(Fact.SCHOOL)] if standard.resource_area in areas else [])]
    return (*codes, *areas, *kinds)


def _district(own: Assessment, district: str, lang: Lang) -> list[str]:
    schools, out = Tally.of(own.rows["verdict"]), len(own.excluded)
    areas = (
        f"{told(own.standard.area_title(area), lang)} {verdict_label(verdict, lang)}"
        for area, verdict in own.areas[["area", "verdict"]].itertuples(index=False)
    )
    judged = say(
        lang,
        f"  学校（学段）{schools.held} 个：达标 {schools.passed}，未达标 {schools.failed}，缺数据 {schools.unknown}；按规则不参加 {out} 个",
        f"  {schools.held} schools (stages): {schools.passed} met, {schools.failed} not met, {schools.unknown} without data; {out} left out by the rules",
    )
    counted = say(
        lang,
        f"  学校（学段）{len(own.rows)} 个，标准对学校没有限值；按规则不参加 {out} 个",
        f"  {len(own.rows)} schools (stages), for which the standard has no limits; {out} left out by the rules",
    )
    lines = [
        f"{district}{told(COLON, lang)}{verdict_label(own.districts['verdict'].iloc[0], lang)}",
        "  " + say(lang, "　", "  ").join(areas),
        judged if own.standard.rules.school else counted,
    ]
    silent = silent_schools(own, lang)
    if silent:
        zh, en = "没有报送学段数据（按缺数据处理）：", "no sections reported (counted as “no data”): "
        lines.append(f"  {say(lang, zh, en)}{listed(silent, lang, MOST_SCHOOLS)}")
    spread = own.balance[own.balance["code"].isin(deciding(own.standard)).to_numpy()]
    over = spread[(spread["verdict"] == Verdict.FAIL).to_numpy()]
    lines.append(f"  {coefficients_said(Tally.of(spread['verdict']), own.standard, lang)}")
    for row in over.itertuples():
        name = f"{stage_label(row.stage, lang)} {short_title(row.code, own.standard, lang)}"
        value = coefficient_text(row.coefficient, row.limit, lang)
        zh = f"  差异系数超限：{name} {value}（限值 {row.limit:g}）"
        lines.append(say(lang, zh, f"  coefficient above its limit: {name} {value} (limit {row.limit:g})"))
    seen = shown_indicators(own)
    for verdict in (Verdict.FAIL, Allowance.IN_DISTRICT, Verdict.NO_DATA):
        codes = own.indicators.loc[seen == str(verdict), "code"].tolist()
        if codes:
            what = verdict_label(verdict, lang)
            zh = f"  指标{what}：{'、'.join(codes)}"
            lines.append(say(lang, zh, f"  indicators, {what.lower()}: {', '.join(codes)}"))
    if own.transition is not None:
        relieved = verdict_label(own.transition.districts["verdict"].iloc[0], lang)
        lines.append(say(lang, f"  按过渡条款：{relieved}", f"  by the transition clauses: {relieved}"))
    return lines
