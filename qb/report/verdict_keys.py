"""The key of each verdict and figure on a page and the rule it leads to; allowed verdicts, and those in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import numpy as np
import pandas as pd

from qb.data.checks import Doubt
from qb.indicators.assessment import Assessment
from qb.language import Message, joined
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
