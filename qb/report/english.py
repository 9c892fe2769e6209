"""English for the sentences that `measure` and `judge` write into their results.

They write in Chinese, the language of the rules and of the JSON; a page in English looks its sentences up
here, as a catalogue of messages does. `{}` stands for what a sentence is filled in with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from qb.report.words import UNITS, Lang, label, say, school_year, subject_label
from qb.standard import Standard
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
    "没有报送 {} 学年小学、初中学段的数据，按缺数据处理": (
        "Primary and junior stage not reported for {}: counted as “no data”"
    ),
    "没有报送 {} 学年{}学段的数据，按缺数据处理": "{1} stage not reported for {0}: counted as “no data”",
    "已停办，最后办学学年为 {} 学年": "Closed; the last school year it taught in was {}",
    "尚未开办，开办年份为 {} 年": "Not open yet; it opens in {}",
    "{}在校生 {} 人，不足 {} 人；不是教学点，照常参加评估": (
        "{}: {} pupils, fewer than {}; not a teaching point, so it is judged"
    ),
    "{} {} 原始值 {} 与标准 {} 之比，四舍五入前后结论不同": (
        "{} {}: the verdict on {} against {} depends on rounding"
    ),
    "{} {} 差异系数 {} 四舍五入前后结论不同": "{} {}: the verdict on the coefficient {} depends on rounding",
    "{} 个班超过 {} 人": "{} classes above {} pupils",
    "{} 个班达到或超过 {} 人": "{} classes of {} pupils or more",
    "另一口径 {}%": "the other form gives {} %",
    "未报齐，已可判定：至少为 {}": "not all is reported; settled all the same: at least {}",
    "未报齐，已可判定：至多为 {}": "not all is reported; settled all the same: at most {}",
    "未报齐，已可判定：要求至少为 {}": "not all is reported; settled all the same: at least {} are asked",
    "未报齐，已可判定：要求至多为 {}": "not all is reported; settled all the same: at most {} are asked",
    "未报齐，已可判定：至少为 {}，要求至多为 {}": (
        "not all is reported; settled all the same: at least {}, at most {} are asked"
    ),
    "未报齐，已可判定：至多为 {}，要求至少为 {}": (
        "not all is reported; settled all the same: at most {}, at least {} are asked"
    ),
    "已报部分至少差 {} 人": "at least {} persons short in what is reported",
    "在校生未报齐，是否为小规模学校不明": "Pupils not all reported: it may or may not be a small school",
    "所在地类型未填，是否为农村学校不明": "Location not reported: it may or may not be rural",
}


# Why there is no plan: clauses that a sentence of `qb.plan.clash` is put together from.
CLASHES = {
    "{}（{}）：{}上限不足，最多增 {} {}，达标须增 {} {}，达到标准的 {} 须增 {} {}": (
        "{0} ({1}): upper bound on {2} too low, at most {3} {4} more; {5} {6} are needed to meet the standard, "
        "{8} {9} to reach {7} of it"
    ),
    "{}（{}）：{}上限不足，最多增 {} {}（各学段合计）": (
        "{} ({}): upper bound on {} too low, at most {} {} more at all stages together"
    ),
    "{}（{}）：{}上限不足，最多增 {} {}": "{} ({}): upper bound on {} too low, at most {} {} more",
    "{} {} {} 差异系数限值 {}": "{}, {}, {}: limit {} on the coefficient",
    "预算 {} 元不足，至少需要 {} 元": "a budget of {} yuan is not enough, at least {} yuan are needed",
    "{} 年预算合计 {} 元，最低需要 {} 元": "{} years' budgets add up to {} yuan, at least {} yuan are needed",
    "每年 {} 元的预算排不下费用最低的方案（{} 元）": (
        "{} yuan a year leave no room for the cheapest plan ({} yuan)"
    ),
}
TAILS = {
    "（最多 {} 项可低于标准）": " (at most {} may stay below the standard)",
    "等 {} 处上限": " and more: {} upper bounds in all",
}


def translate(sentence: str, lang: Lang) -> str:
    """Return a sentence of a result in the page's language; what is not in the catalogue stays as it is.

    Examples
    --------
    >>> translate("教学点在校生不足 50 人，不参加七项指标", "en")
    'Teaching point under 50 pupils: not judged on the seven'
    """
    return sentence if lang == "zh" else _looked_up(sentence, CATALOGUE, _TERMS)


def detail_text(row: Mapping[str, object], standard: Standard, lang: Lang) -> str:
    """Return the words that go with a finding: a subject of the monitoring, with the year of its result."""
    detail = row["detail"]
    if not isinstance(detail, str):
        return ""
    if str(row["code"]) not in [indicator.code for indicator in standard.monitored]:
        return translate(detail, lang)
    subject, told = subject_label(detail, standard, lang), school_year(int(row["year"]), lang)
    return say(lang, f"{subject}，{told}", f"{subject}, {told.lower()}")


def translate_clash(sentence: str, standard: Standard, lang: Lang) -> str:
    """Return in the page's language which limits of a plan clash.

    Examples
    --------
    >>> from qb.standard import load
    >>> translate_clash("甲校（小学）：骨干教师上限不足，最多增 1 人；甲区 小学 C6 差异系数限值 0.5", load(), "en")
    '甲校 (Primary): upper bound on backbone teachers too low, at most 1 teachers more; 甲区, Primary, C6: limit 0.5 on the coefficient'
    """
    if lang == "zh":
        return sentence
    terms = {
        **_TERMS,
        **dict(UNITS.values()),
        "平方米": "m²",
        **{indicator.short.zh: indicator.short.en.lower() for indicator in standard.indicators},
    }
    tail = ""
    for chinese, english in TAILS.items():
        if found := re.search(f"{_pattern(chinese).pattern}$", sentence):
            sentence, tail = sentence[: found.start()], english.format(*found.groups())
    return "; ".join(_looked_up(part, CLASHES, terms) for part in sentence.split("；")) + tail


def _looked_up(sentence: str, catalogue: Mapping[str, str], terms: Mapping[str, str]) -> str:
    for chinese, english in catalogue.items():
        if found := _pattern(chinese).fullmatch(sentence):
            return english.format(*(terms.get(part, part) for part in found.groups()))
    return sentence


@cache
def _pattern(chinese: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(re.escape(part) for part in chinese.split("{}")), re.DOTALL)


_TERMS = {term.zh: label(term, "en") for term in (*Kind, *Stage)}
