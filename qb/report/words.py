"""Words for readers, in Chinese or English: numbers, money, units, labels of terms, counts, school years."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from qb.data.dataset import Dataset
from qb.data.schema import INVENTED, TABLES
from qb.files import PACKAGE
from qb.indicators.assessment import Assessment
from qb.indicators.population import counted, goal
from qb.indicators.verdicts import COMPOSITE
from qb.language import Lang, say, told
from qb.rounding import decimals_beside, round_half_up
from qb.standard import Indicator, Standard, Text
from qb.terms import Allowance, Stage, Term, Verdict

# Figures and terms as a reader sees them, in Chinese or English.


WAN = 1e4  # yuan, in which Chinese readers count money
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


@cache
def terms() -> Mapping[str, tuple[str, str]]:
    """Return the Chinese and the English term of every name in code, as the glossary has them."""
    text = (PACKAGE / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (`.+?`) \|", text, re.MULTILINE)
    return {name: (zh, en) for zh, en, names in rows for name in re.findall(r"`([^`]+)`", names)}


# Words of the glossary that are a standard's own.
OF_STANDARD = (
    *("优质均衡", "社会认可度", "一票否决", "高学历教师", "骨干教师", "体艺教师", "班额"),
    *("公用经费", "交流轮岗", "巩固率"),
)


@cache
def _explained() -> tuple[tuple[str, ...], ...]:
    """Return the glossary's rows of words that pages explain: in Chinese, in English, and each in plain words."""
    text = (PACKAGE / "docs" / "glossary.md").read_text(encoding="utf-8")
    table = text.partition("In plain words |")[2].partition("\n\n")[0]
    return tuple(tuple(line.strip("| ").split(" | ")) for line in table.splitlines()[2:])


def plain_words(lang: Lang, standard: Standard | None = None) -> tuple[tuple[str, str, str], ...]:
    """Return the words of the pages that the glossary explains: anchor, word, and what it means in plain words.

    With a standard, its own number of resource indicators is said, and what it does not ask for is not explained.

    >>> from qb.standard import load
    >>> words = plain_words("en", load("basic-2012"))
    >>> [meaning for _, word, meaning in words if word in ("the seven", "the rule allows", "least cost")]
    ['The least money that meets the limit of the mean of the coefficients']
    """
    seven = say(lang, "七项指标", "the seven")
    asked = seven if standard is None else resources_said(standard, lang)
    foreign = {"七项指标"} if asked != seven else set()
    changed: dict[str, str] = {}
    if standard is not None:
        least = say(lang, "各校七项指标和差异系数", "the seven and the limits of their coefficients")
        apart = say(lang, "本区没有这类学校或学生", "There is nothing of the kind here")
        alone = say(lang, "，或标准不单独判定它", ", or the standard does not judge it by itself")
        changed = {
            least: told(goal(standard), lang),
            apart: apart + alone * (not standard.limits_schools),
            **({} if standard.departments else {"、责任部门": "", "who answers, ": ""}),
            seven: asked,
        }
        foreign |= {"规则允许", "底线"} if not standard.lets_below else set()
        foreign |= {"牵头"} if not standard.departments else set()
        foreign |= {"重点任务"} if not standard.tasks else set()
        foreign |= {"余位", "学位"} if standard.computed_by("class_size") is None else set()
        own = [
            standard.title.zh,
            *(text.zh for one in standard.indicators for text in (one.title, one.short)),
        ]
        own += ["社会认可度"] * bool(standard.recognition) + ["一票否决"] * bool(standard.vetoes)
        foreign |= {word for word in OF_STANDARD if word not in " ".join(own)}
    found = []
    for place, (zh, en, zh_words, en_words) in enumerate(_explained(), 1):
        meaning = say(lang, zh_words, en_words)
        for words, own_words in changed.items():
            meaning = meaning.replace(words, own_words)
        if zh not in foreign:
            found.append((f"term-{place}", say(lang, zh, en), meaning))
    return tuple(found)


def table_label(table: str, lang: Lang) -> str:
    """Return what a table of the data is called.

    >>> table_label("facilities", "zh"), table_label("sections", "en")
    ('办学条件', 'school stages')
    """
    return say(lang, TABLES[table].label, terms()[f"table {table}"][1])


def column_label(table: str, column: str, zh: str, lang: Lang) -> str:
    """Return what a column of a table, or an item of the district, is called; `zh` is its Chinese label.

    One that a standard of one's own declares has no English but its name.

    >>> column_label("sections", "pupils", "在校生数", "en"), column_label("facilities", "books", "图书册数", "en")
    ('pupils enrolled', 'books')
    """
    known = terms().get(f"{table}.{column}") or terms().get(column)
    return say(lang, zh, known[1] if known else column.replace("_", " "))


def label(member: Term, lang: Lang) -> str:
    """Return a word of a closed set as the reader sees it."""
    return member.zh if lang == "zh" else member.en


def term(value: object, lang: Lang, kinds: tuple[type, ...]) -> str:
    """Return the label of a word of one of the closed sets; the word itself if it is none of theirs."""
    for kind in kinds:
        member = kind.called(str(value))
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
    return f"{rounded + 0.0:,.{decimals}f}".replace("-", "−")


def signed(value: float, decimals: int, unit: str = "") -> str:
    """Return a change for print, its sign always written; 0 has none.

    >>> signed(-0.0884, 3), signed(7.25, 1, "%"), signed(0.0, 4)
    ('−0.088', '+7.3%', '0')
    """
    return f"{'+' if value > 0 else ''}{number(value, decimals)}{unit}" if value else "0"


def money(yuan: float, lang: Lang) -> str:
    """Return an amount of money in the unit that readers count in.

    >>> money(11_744_811.5, "zh"), money(11_744_811.5, "en"), money(float("nan"), "zh")
    ('1,174.5 万元', '11.745 million yuan', '缺数据')
    >>> money(90_000, "en"), money(6_657, "en")
    ('0.090 million yuan', '6,657 yuan')
    """
    if yuan != yuan:
        return number(yuan, 1, lang)
    small = abs(yuan) < WAN
    english = f"{number(yuan, 0)} yuan" if small else f"{number(yuan / 1e6, 3)} million yuan"
    return say(lang, f"{number(yuan / WAN, 1)} 万元", english)


def money_range(low: float, high: float, lang: Lang) -> str:
    """Return a range of money, its unit once.

    >>> money_range(5_956_000, 27_828_000, "zh")
    '595.6—2,782.8 万元'
    """
    unit, decimals = (1e4, 1) if lang == "zh" else (1e6, 3)
    ends = number(low / unit, decimals), number(high / unit, decimals)
    return say(lang, "—".join(ends) + " 万元", "–".join(ends) + " million yuan")


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
    """Return decimals and unit of a figure of the ledger; what resources lack has its unit with the gap."""
    rounding = standard.rules.rounding
    if part == "coefficient":
        return rounding.coefficients, ""
    if code in standard.resource_codes:
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
    if code in standard.resource_codes and part != "coefficient":
        decimals, unit = standard[code].resource.decimals, unit_of(standard[code], lang)
    unit = say(lang, "个百分点", "points") if unit == "%" else unit
    text = number(gap, decimals, lang, beside=0)
    amount = f"{text} {unit.removesuffix('s') if text == '1' and lang == 'en' else unit}".strip()
    if row["side"] in ("<=", "<") and code not in standard.resource_codes:  # what lacks is the divisor
        return say(lang, f"超出 {amount}", f"{amount} too many" if unit else f"{amount} too high")
    return say(lang, f"缺 {amount}", f"lacking {amount}")


def value_unit(indicator: Indicator) -> Text:
    """Return the unit of a resource's value: that of its limit, or made of its parts where it has none."""
    if indicator.limits:
        return indicator.limits[0].unit
    resource = indicator.resource
    of = {"pupils": ("生", "pupil"), "full_time_teachers": ("教师", "teacher"), "classes": ("班", "class")}
    zh, en = of[resource.divisor]
    if resource.per == 100:
        return Text(zh=f"{resource.unit.zh}/百{zh}", en=f"{resource.unit.en} per 100 {en}s")
    return Text(zh=f"{resource.unit.zh}/{zh}", en=f"{resource.unit.en} per {en}")


def below_standard(indicator: Indicator, lang: Lang) -> str:
    """Return how schools that do not meet an indicator stand to its standard: below, or above where less is better."""
    if indicator.at_most:
        return say(lang, "高于标准", "above the standard")
    return say(lang, "低于标准", "below the standard")


def sides_of(indicators: Iterable[Indicator], lang: Lang) -> str:
    """Return how schools that do not meet any of several indicators stand to their standards."""
    sides = {below_standard(indicator, lang) for indicator in indicators}
    return sides.pop() if len(sides) == 1 else say(lang, "未达到标准", "off the standard")


def value_decimals(indicator: Indicator, standard: Standard) -> int:
    """Return the digits of a resource's value in print: the indicator's own where its entry states them.

    >>> from qb.standard import load
    >>> held = load("basic-2012")
    >>> value_decimals(held["J1"], held), value_decimals(held["J6"], held)
    (2, 4)
    """
    own = "decimals" in indicator.model_fields_set
    return indicator.decimals if own else standard.rules.rounding.values


def resources_said(standard: Standard, lang: Lang, *, bare: bool = False) -> str:
    """Return the resource indicators as a sentence counts them.

    >>> from qb.standard import load
    >>> [resources_said(load(name), "en") for name in ("gulou-2023", "basic-2012")]
    ['the seven', 'the eight']
    >>> resources_said(load(), "zh"), resources_said(load(), "zh", bare=True)
    ('七项指标', '七项')
    """
    whole = counted(standard)
    if lang == "en":
        return whole.en + " indicator" * (len(standard.resources) == 1)
    return whole.removesuffix("指标") if bare else whole


def resource_span(standard: Standard, lang: Lang) -> str:
    """Return the codes of the resource indicators, those that count up by one as a span: C1—C7.

    >>> from qb.standard import load
    >>> resource_span(load(), "zh"), resource_span(load("basic-2012"), "en")
    ('C1—C7', 'J1–J8')
    """
    runs: list[list[str]] = []
    for code in standard.resource_codes:
        before = re.fullmatch(r"(.*?)(\d+)", runs[-1][-1]) if runs else None
        follows = before is not None and code == f"{before[1]}{int(before[2]) + 1}"
        runs = [*runs[:-1], [*runs[-1], code]] if follows else [*runs, [code]]
    to, between = (say(lang, *pair) for pair in (("—", "–"), ("、", ", ")))
    return between.join(f"{run[0]}{to}{run[-1]}" if len(run) > 2 else between.join(run) for run in runs)


def unit_of(indicator: Indicator, lang: Lang) -> str:
    """Return the unit in which a resource is counted and bought: persons, rooms, m², yuan."""
    unit = indicator.resource.unit
    return say(lang, unit.zh, unit.en)


def area_label(area: str, standard: Standard, lang: Lang) -> str:
    """Return what an area is called."""
    text = standard.area_title(area)
    return say(lang, text.zh, text.en)


def department_names(names: tuple[str, ...], standard: Standard, lang: Lang) -> str:
    """Return departments as a list a reader can read."""
    english = {department.name: department.en for department in standard.departments}
    return "、".join(names) if lang == "zh" else "; ".join(english.get(name, name) for name in names)


def listed(names: list[str], lang: Lang, most: int = 6) -> str:
    """Return a list of names, cut after `most` with the number of those left out."""
    shown = say(lang, "、", ", ").join(names[:most])
    more = len(names) - most
    gap = " " * (shown[-1:].isascii() and lang == "zh")
    return shown if more <= 0 else shown + say(lang, f"{gap}等 {len(names)} 个", f" and {more} more")


def school_year(year: int, lang: Lang) -> str:
    """Return a school year: 2024—2025 学年."""
    return say(lang, f"{year}—{year + 1}学年", f"School year {year}–{year + 1}")


def years_said(years: Sequence[int], lang: Lang) -> str:
    """Return the school years that a figure shows: 2021—2025 年, or the one school year.

    >>> years_said([2021, 2022, 2025], "zh"), years_said([2024], "en")
    ('2021—2025 年', 'School year 2024–2025')
    """
    first, last = min(years), max(years)
    return school_year(first, lang) if first == last else say(lang, f"{first}—{last} 年", f"{first}–{last}")


def coefficients_met(standard: Standard, lang: Lang) -> str:
    """Return the label of how many coefficients, or means of them, keep the limit."""
    zh, en = ("平均值", "Means of the coefficients") if standard.mean_decides else ("", "Coefficients")
    return say(lang, f"达标的差异系数{zh}", f"{en} within the limit")


def school_rule(standard: Standard, lang: Lang) -> str:
    """Return the school rule as the standard's file has it."""
    rule = standard.rules.school
    if rule is None:
        return say(lang, "标准对学校没有限值", "no limits for schools")
    if rule.floor is None:
        return say(lang, f"{rule.of} 项中至少 {rule.met} 项达标", f"at least {rule.met} of {rule.of} met")
    floor = f"{100 * rule.floor:g}"
    return say(
        lang,
        f"{rule.of} 项中至少 {rule.met} 项达标，其余不低于标准的 {floor}%",
        f"at least {rule.met} of {rule.of} met, and {floor}% of the standard on the rest",
    )


def floor_label(standard: Standard) -> str:
    """Return the floor of the school rule as a percentage."""
    return f"{100 * standard.floor:g}%"


def detail_text(row: Mapping[str, object], standard: Standard, lang: Lang) -> str:
    """Return the words that go with a finding: a subject of the monitoring, with the year of its result."""
    detail = row["detail"]
    if not isinstance(detail, str):
        return ""
    if str(row["code"]) not in [indicator.code for indicator in standard.monitored]:
        return told(detail, lang)
    subject, year = subject_label(detail, standard, lang), school_year(int(row["year"]), lang)
    return say(lang, f"{subject}，{year}", f"{subject}, {year.lower()}")


# How many of many are met: counts of verdicts, and words that say also what nobody knows.


@dataclass(frozen=True)
class Tally:
    """Counts of verdicts as readers see them."""

    # passed, failed, allowed, unknown: met; not met; below the standard where the school rule allows it;
    # without data. What does not apply is not counted.
    passed: int
    failed: int
    allowed: int
    unknown: int

    @classmethod
    def of(cls, verdicts: Iterable[object]) -> Tally:
        """Count verdicts.

        >>> Tally.of(["pass", "pass", "allowed at schools", "no data", "not applicable"])
        Tally(passed=2, failed=0, allowed=1, unknown=1)
        """
        counts = Counter(map(str, verdicts))
        allowed = sum(counts[str(member)] for member in Allowance)
        return cls(counts[Verdict.PASS], counts[Verdict.FAIL], allowed, counts[Verdict.NO_DATA])

    @property
    def known(self) -> int:
        """How many have a verdict."""
        return self.passed + self.failed + self.allowed

    @property
    def drawn(self) -> float:
        """How many are met, as a figure draws it: NaN where nobody knows."""
        return float(self.passed) if self.known else math.nan

    @property
    def held(self) -> int:
        """How many a rule applies to."""
        return self.known + self.unknown

    def of_all(self, lang: Lang) -> str:
        """Return how many of all are met, and in words what is neither met nor unmet.

        >>> Tally(30, 0, 1, 0).of_all("zh"), Tally(0, 0, 0, 14).of_all("zh"), Tally(3, 1, 0, 1).of_all("zh")
        ('30 / 31（规则允许 1）', '缺数据', '3 / 5（缺数据 1）')
        """
        if not self.known:
            return verdict_label(Verdict.NO_DATA if self.held else Verdict.NOT_APPLICABLE, lang)
        text = f"{self.passed} / {self.held}"
        more = self.beside(lang)
        return say(lang, f"{text}（{more}）", f"{text} ({more})") if more else text

    def beside(self, lang: Lang) -> str:
        """Return in words how many are neither met nor unmet; empty where there are none."""
        parts = []
        if self.allowed:
            parts.append(say(lang, f"规则允许 {self.allowed}", f"{self.allowed} the rule allows"))
        if self.unknown:
            parts.append(say(lang, f"缺数据 {self.unknown}", f"{self.unknown} without data"))
        return say(lang, "，", ", ").join(parts)


def coefficient_text(value: float, limit: float, lang: Lang) -> str:
    """Return a coefficient beside its limit; of one that fails and is not known, why it fails all the same.

    >>> coefficient_text(0.5004, 0.5, "zh"), coefficient_text(float("nan"), 0.5, "en")
    ('0.5004', '(not all is reported; settled all the same)')
    """
    if value != value:
        return say(lang, "（未报齐，已可判定）", "(not all is reported; settled all the same)")
    return number(value, 3, lang, beside=limit)


def short_title(code: str, standard: Standard, lang: Lang) -> str:
    """Return an indicator's code and short title, or that it is the mean of all coefficients."""
    if code == COMPOSITE:
        return say(lang, "各项平均", "mean of all")
    return title(standard[code], lang, short=True)


def without_rule(rows: int, standard: Standard, lang: Lang) -> str:
    """Return what is said of schools where the standard has no rule for them; empty where it has one."""
    if standard.rules.school is not None or not rows:
        return ""
    return say(
        lang,
        f"标准对学校没有限值，{rows} 个学校（学段）参加计算",
        f"no limits for schools; {rows} school stages are counted",
    )


def level_said(standard: Standard, lang: Lang) -> str:
    """Return of what schools' figures are a percentage: of the standard, or of the mean where it has no limits."""
    if standard.limits_schools:
        return say(lang, "占标准的百分比", "% of the standard")
    return say(lang, "占全区平均的百分比", "% of the district mean")


def sources_said(data: Dataset, lang: Lang) -> str:
    """Return where the figures come from, as the data's own rows name it: never the folder that holds them."""
    names = [say(lang, INVENTED, "invented data") if name == INVENTED else name for name in data.sources]
    return listed(names, lang, 3) or say(
        lang, "各校和各部门报送的数据", "data reported by schools and departments"
    )


def silent_schools(own: Assessment, lang: Lang) -> list[str]:
    """Return the schools and campuses that did not report what they should have, each with its stages."""
    stages: dict[tuple[str, object], list[str]] = {}
    for row in own.silent.itertuples():
        stages.setdefault((row.school_id, row.name), []).append(stage_label(row.stage, lang))
    return [
        say(lang, f"{shown}（{'、'.join(found)}）", f"{shown} ({', '.join(found).lower()})")
        for (school_id, name), found in stages.items()
        for shown in (name if isinstance(name, str) else school_id,)
    ]
