"""English for the sentences that `measure` and `judge` write into their results.

They write in Chinese, the language of the rules and of the JSON; a page in English looks its sentences up
here, as a catalogue of messages does. `{}` stands for what a sentence is filled in with.
"""

from __future__ import annotations

import re
from functools import cache

from qb.report.words import Lang, label
from qb.terms import Kind, Stage

CATALOGUE = {
    "{} 学年起：各校各年级学生数由 {} 学年推算，教师每年离职 {}、不另补充，校舍、设备、经费和其他数据沿用 {} 学年": (
        "From {}: pupils by school and grade are forecast from {}; {} of teachers leave each year and none is hired; "
        "rooms, equipment, funds and all else as in {}"
    ),
    "{} 学年起沿用 {} 学年的数字，因为{}": "From {}: figures as in {}, because {}",
    "在校生为 0": "No pupils",
    "教学点在校生不足 {} 人，不参加七项指标": "Teaching point under {} pupils: not judged on the seven",
    "高中学段不属于义务教育": "Senior stage: not compulsory schooling",
    "{}不参加七项指标": "{}: not judged on the seven",
    "校区并入“{}”计算": "Campus, counted with {}",
    "{} 班，低于“原则上不低于 {} 班”的布局要求（仅提示）": (
        "{} classes, below the norm of {} “in principle” (a note only)"
    ),
    "{} 年度没有报送学段数据，未参加评估": "No sections reported for {}: not judged",
    "{}在校生 {} 人，不足 {} 人；不是教学点，照常参加评估": (
        "{}: {} pupils, fewer than {}; not a teaching point, so it is judged"
    ),
    "{} {} 原始值 {} 与标准 {} 之比，四舍五入前后结论不同": (
        "{} {}: the verdict on {} against {} depends on rounding"
    ),
    "{} {} 差异系数 {} 四舍五入前后结论不同": "{} {}: the verdict on the coefficient {} depends on rounding",
    "{} 个班超过 {} 人": "{} classes above {} pupils",
    "另一口径 {}%": "the other form gives {} %",
}


def translate(sentence: str, lang: Lang) -> str:
    """Return a sentence of a result in the page's language; what is not in the catalogue stays as it is.

    Examples
    --------
    >>> translate("教学点在校生不足 50 人，不参加七项指标", "en")
    'Teaching point under 50 pupils: not judged on the seven'
    """
    if lang == "zh":
        return sentence
    for pattern, english in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return english.format(*(_TERMS.get(part, part) for part in found.groups()))
    return sentence


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile("(.+?)".join(re.escape(part) for part in chinese.split("{}")), re.DOTALL), english)
        for chinese, english in CATALOGUE.items()
    )


_TERMS = {term.zh: label(term, "en") for term in (*Kind, *Stage)}
