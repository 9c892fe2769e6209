"""A second reading of pages: what a text claims, against the assessment's JSON and the tables themselves.

Nothing here comes from `qb.report`. A text is cut into clauses; each is either a claim, whose numbers and
words are computed again below, or one of the patterns in ``known_texts.txt``, which were read by a person
and claim nothing that could be computed. A clause that is neither is named, so that it must be taught.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from math import sqrt
from pathlib import Path

from pages import Page, Text

CARD = re.compile(r"项指标中达标|indicators (?:that apply )?met|^七项中达标 \d 项|^\d of 7 met")
# What a card says of the year before, below the figure of the year, and which way it went.
THEN = re.compile(
    r"""^(?P<none>去年无数据|no[ ]data[ ]the[ ]year[ ]before)$
    |^(?:去年[ ]?|the[ ]year[ ]before:[ ])(?:
    (?:(?:达标[ ])?(?P<met>\d)[ ](?:项，|met,[ ]))?(?P<verdict>[^\d，,]+?)(?:[，,]?[ ]?(?P<way>[↑↓→]).*)?
    |(?P<passed>\d+)[ ]/[ ](?P<held>\d+)(?:[，,][ ]?(?P<step>[↑↓→])(?:[ ]增加|[ ]减少)?(?:[ ](?P<by>\d+))?.*)?
    |(?P<pupils>[\d,]+)[ ](?P<pupils_step>[↑↓→])[ ]?(?:[升降][ ])?(?P<pupils_by>[\d,]+)?.*
    )$""",
    re.VERBOSE,
)
FAILING = re.compile(r"\bfail(s|ed|ing)?\b", re.IGNORECASE)
KNOWN = Path(__file__).with_name("known_texts.txt")
SEVEN = tuple(f"C{n}" for n in range(1, 8))
STAGES = {"小学": "primary", "初中": "junior", "primary": "primary", "junior": "junior"}
AREAS = {
    "资源配置": "resources",
    "政府保障程度": "guarantee",
    "教育质量": "quality",
    "社会认可度": "recognition",
    "一票否决事项": "veto",
    "Resources": "resources",
    "Government guarantee": "guarantee",
    "Quality of education": "quality",
    "Public recognition": "recognition",
    "Veto list": "veto",
}
WORDS = {
    "zh": {"达标": "pass", "未达标": "fail", "缺数据": "no data", "不适用": "not applicable"},
    "en": {"Met": "pass", "Not met": "fail", "No data": "no data", "Not applicable": "not applicable"},
}
ALLOWED = {
    "zh": ("低于标准，规则允许", "个别学校低于标准，规则允许"),
    "en": ("Below, the rule allows", "Some schools below, the rule allows"),
}
STATES = {
    "逾期未完成": "fail",
    "未填状态": "nodata",
    "整改中": "open",
    "已完成，待销号": "pass",
    "已销号": "pass",
    "未登记措施": "nodata",
    "Overdue": "fail",
    "State not entered": "nodata",
    "Open": "open",
    "Done, to be closed": "pass",
    "Closed": "pass",
    "No measure": "nodata",
}
COLOURS = {"pass": "pass", "fail": "fail", "no data": "nodata", "not applicable": "na"}
CLASS_LIMIT = {"primary": 45, "junior": 50}
ROOM_LIMIT = {"music": 96, "art": 90}
OF_SCHOOLS = ("C10", "C11", "C12", "C13", "C16", "C19", "C26")
GUARANTEE = {f"C{n}" for n in range(8, 23)}
V = "(未达标|达标|缺数据|不适用)"
E_V = "(not met|met|no data|not applicable)"
S = "(小学|初中)"
E_S = "([Pp]rimary|[Jj]unior)"
A = "(?:资源配置|政府保障程度|教育质量|社会认可度|一票否决事项)"
E_A = "(?:Resources|Government guarantee|Quality of education|Public recognition|Veto list)"


def meaning(word: str) -> str:
    """Return the verdict that a word of either language stands for."""
    return (WORDS["zh"] | {w.lower(): v for w, v in WORDS["en"].items()})[word.lower()]


class Facts:
    """What a district's part of ``qb assess --json`` and its tables say, counted in plain Python."""

    def __init__(self, entry: dict, tables: dict[str, list[dict]], year: int, before: dict | None) -> None:
        self.entry, self.tables, self.year = entry, tables, year
        self.before = Facts(before, tables, year - 1, None) if before else None
        self.area = entry["areas"]
        self.verdict = entry["verdict"]
        self.indicators = {row["code"]: row["verdict"] for row in entry["indicators"]}
        self.rows = entry["schools"]
        self.balance = [row for row in entry["balance"] if row["code"] != "composite"]

    def schools(self, verdict: str, stage: str = "") -> int:
        """Count school rows with a verdict."""
        return sum(r["verdict"] == verdict and r["stage"] == (stage or r["stage"]) for r in self.rows)

    def count(self, stage: str = "") -> int:
        """Count school rows."""
        return sum(r["stage"] == (stage or r["stage"]) for r in self.rows)

    def coefficients(self, *verdicts: str) -> int:
        """Count coefficients with one of these verdicts."""
        return sum(row["verdict"] in verdicts for row in self.balance)

    @property
    def known(self) -> int:
        """How many coefficients there are."""
        return self.coefficients("pass", "fail")

    @cached_property
    def seen(self) -> dict[str, str]:
        """Each indicator's verdict, "allowed" where only schools that pass are below it."""
        found = dict(self.indicators)
        for code in SEVEN:
            over = any(row["code"] == code and row["verdict"] == "fail" for row in self.balance)
            low = [r for r in self.rows if r["verdicts"][code] == "fail"]
            if found.get(code) == "fail" and not over and low and all(r["verdict"] == "pass" for r in low):
                found[code] = "allowed"
        return found

    def told(self, verdict: str, codes: set[str] | None = None) -> int:
        """Count indicators, of these codes, as readers see them."""
        return sum(v == verdict for c, v in self.seen.items() if codes is None or c in codes)

    @property
    def nothing_known(self) -> bool:
        """Whether no school and no coefficient has a verdict."""
        return not self.known and not self.schools("pass") and not self.schools("fail")

    def unknown_figures(self) -> int:
        """Count figures of C1–C7 that schools have not reported."""
        return sum(v == "no data" for r in self.rows for v in r["verdicts"].values())

    def below(self, code: str) -> int:
        """Count school rows below the standard of a code."""
        return sum(r["verdicts"][code] == "fail" for r in self.rows)

    def spread(self, stage: str, code: str) -> float | None:
        """Return the coefficient of those that have reported, by its formula."""
        held = [
            (r["values"][code], r["pupils"])
            for r in self.rows
            if r["stage"] == stage and r["values"][code] is not None and r["pupils"]
        ]
        whole = sum(p for _, p in held)
        mean = sum(x * p for x, p in held) / whole if whole else 0
        if not mean:
            return None
        return sqrt(sum(p * (x - mean) ** 2 for x, p in held) / whole) / mean

    def spreads(self, stage: str) -> dict[str, float]:
        """Return the coefficients of a stage that can be computed."""
        found = {code: self.spread(stage, code) for code in SEVEN}
        return {code: value for code, value in found.items() if value is not None}

    def most_reported(self, stage: str) -> int:
        """Return of how many schools the figure is known that most have reported."""
        mine = [r["values"] for r in self.rows if r["stage"] == stage]
        return max(sum(values[code] is not None for values in mine) for code in SEVEN)

    def over(self, stage: str) -> int:
        """Count the coefficients of those that have reported that are above the limit."""
        cap = {"primary": 0.5, "junior": 0.45}[stage]
        return sum(value > cap + 1e-9 for value in self.spreads(stage).values())

    def silent(self) -> int:
        """Count judged schools and stages that have no row of their own."""
        there = {(r["school_id"], r["stage"]) for r in self.own("sections")}
        return sum((r["school_id"], r["stage"]) not in there for r in self.rows)

    def failing_on_map(self) -> int:
        """Count schools with coordinates of which a stage is not met."""
        placed = {s["school_id"] for s in self.tables["schools"] if s.get("longitude") is not None}
        return len({r["school_id"] for r in self.rows if r["verdict"] == "fail"} & placed)

    def satisfied(self) -> float:
        """Return how many of the valid questionnaires are satisfied, in percent."""
        mine = {
            r["item"]: r["value"]
            for r in self.tables["district"]
            if r["district"] == self.entry["district"] and r["year"] == self.year
        }
        return 100 * mine["survey_satisfied"] / mine["survey_valid"]

    def own(self, table: str) -> Iterator[dict]:
        """Yield the year's rows of a table that belong to the district's schools."""
        ids = {s["school_id"] for s in self.tables["schools"] if s["district"] == self.entry["district"]}
        yield from (r for r in self.tables[table] if r["year"] == self.year and r["school_id"] in ids)

    def classes(self, stage: str) -> tuple[int, int]:
        """Return how many classes of a stage were reported, and how many are too large."""
        sizes = [r["pupils"] for r in self.own("classes") if r["stage"] == stage and r["pupils"] is not None]
        return len(sizes), sum(size > CLASS_LIMIT[stage] for size in sizes)

    def rooms(self, kind: str) -> tuple[int, int]:
        """Return how many rooms of a kind were reported, and how many are too small."""
        sizes = [r["area_m2"] for r in self.own("rooms") if r["kind"] == kind and r["area_m2"] is not None]
        return len(sizes), sum(size < ROOM_LIMIT[kind] for size in sizes)

    def of(self, school_id: str) -> list[dict]:
        """Return a school's rows."""
        return [r for r in self.rows if r["school_id"] == school_id]

    def school(self, stage: str, school_id: str) -> dict:
        """Return a school's row."""
        return next(r for r in self.rows if r["stage"] == stage and r["school_id"] == school_id)


def _listed(text: str) -> set[str]:
    return set(re.findall(f"{A}|{E_A}", text))


def _areas_are(facts: Facts, names: str, word: str) -> bool:
    verdict = meaning(word)
    named = {AREAS[name] for name in _listed(names)}
    return named == {area for area, v in facts.area.items() if v == verdict}


def _n(match: re.Match, *places: int) -> tuple[int, ...]:
    return tuple(int(match[k].replace(",", "")) for k in places)


def _stage(match: re.Match, place: int = 1) -> str:
    return STAGES[match[place].lower()]


def _equal(stage: str, facts: Facts) -> bool:
    return bool(facts.spreads(stage)) and all(v < 1e-9 for v in facts.spreads(stage).values())


def _codes_are(facts: Facts, verdict: str, text: str, count: int) -> bool:
    """Whether so many indicators have a verdict, and those named do."""
    named = set(re.findall(r"C\d+", text))
    return facts.told(verdict) == count and all(facts.seen.get(code) == verdict for code in named)


Check = Callable[[Facts, re.Match, Page], bool]
# Each claim in Chinese and English with how it is computed again. Patterns are looked for in a clause.
CLAIMS: tuple[tuple[str, Check], ...] = (
    (
        f"(?:总体结论|的结论)(?:：| is )?{V}$|^The district: (No data|Not met|Met)",
        lambda f, m, p: f.verdict == meaning(m[1] or m[2]) or "年的结论" in m.string,
    ),
    (
        f"the district as a whole: {E_V}|verdict on the district: {E_V}",
        lambda f, m, p: f.verdict == meaning(m[1] or m[2]),
    ),
    (
        "^(未达标|达标|缺数据|Not met|Met|No data) (?=.*(?:标准|standard))",
        lambda f, m, p: p.kind != "index" or f.verdict == meaning(m[1]),
    ),
    (
        r"没有报送学段数据的 (\d+) 所",
        lambda f, m, p: int(m[1]) == f.silent(),
    ),
    (
        "^Verdict: (met|not met|no data)$",
        lambda f, m, p: meaning(m[1]) in {r["verdict"] for r in f.rows if r["school_id"] == p.school},
    ),
    ("^the district meets the standard$", lambda f, m, p: f.verdict == "pass"),
    (f"^(未达标|缺数据)：((?:{A}、?)+)$", lambda f, m, p: _areas_are(f, m[2], m[1])),
    (
        f"^(?:其中)?((?:{A}、?)+)(未达标|缺数据)(?:，((?:{A}、?)+)(未达标|缺数据))?$",
        lambda f, m, p: _areas_are(f, m[1], m[2]) and (not m[3] or _areas_are(f, m[3], m[4])),
    ),
    (f"^(not met|no data|Not met|No data): ((?:{E_A}(?:, )?)+)$", lambda f, m, p: _areas_are(f, m[2], m[1])),
    (f"((?:{E_A}(?:, )?)+) – (Not met|No data)", lambda f, m, p: _areas_are(f, m[1], m[2])),
    (
        "五个方面全部达标|All five areas are met",
        lambda f, m, p: f.verdict == "pass" and all(v in ("pass", "not applicable") for v in f.area.values()),
    ),
    (
        r"(\d+) 个学校（学段）中 (\d+) 个(?:七项指标)?达标",
        lambda f, m, p: _n(m, 1, 2) == (f.count(), f.schools("pass")),
    ),
    (
        r"^(\d+) of (\d+) school stages",
        lambda f, m, p: _n(m, 1, 2) == (f.schools("pass"), f.count()),
    ),
    (
        r"(\d+) 个学校（学段）都?缺数据|no data on any of (\d+) school stages",
        lambda f, m, p: int(m[1] or m[2]) == f.count() == f.schools("no data") > 0,
    ),
    (
        rf"{S} (\d+) 所中 (\d+) 所达标(?:、(\d+) 所缺数据)?",
        lambda f, m, p: (
            (int(m[2]), int(m[3]), int(m[4] or 0))
            == (f.count(_stage(m)), f.schools("pass", _stage(m)), f.schools("no data", _stage(m)))
        ),
    ),
    (
        rf"(\d+) of (\d+) {E_S} schools(?: \((\d+) without data\))?",
        lambda f, m, p: (
            (int(m[1]), int(m[2]), int(m[4] or 0))
            == (f.schools("pass", _stage(m, 3)), f.count(_stage(m, 3)), f.schools("no data", _stage(m, 3)))
        ),
    ),
    (
        rf"{S} (\d+) 所都?缺数据",
        lambda f, m, p: int(m[2]) == f.count(_stage(m)) == f.schools("no data", _stage(m)),
    ),
    (
        rf"no data on the (\d+) {E_S} schools",
        lambda f, m, p: int(m[1]) == f.count(_stage(m, 2)) == f.schools("no data", _stage(m, 2)),
    ),
    (
        r"(\d+) 个差异系数都在限值以内|All (\d+) coefficients (?:that can be computed )?are within",
        lambda f, m, p: int(m[1] or m[2]) == f.known == f.coefficients("pass") > 0,
    ),
    (
        r"(\d+) 个差异系数中 (\d+) 个超过限值",
        lambda f, m, p: _n(m, 1, 2) == (f.known, f.coefficients("fail")),
    ),
    (
        r"(\d+) of the (\d+) coefficients (?:that can be computed )?(?:exceed their|exceeds its) limit",
        lambda f, m, p: _n(m, 1, 2) == (f.coefficients("fail"), f.known),
    ),
    (
        r"另有 (\d+) 个无法计算|(\d+) more cannot be computed",
        lambda f, m, p: int(m[1] or m[2]) == f.coefficients("no data"),
    ),
    (
        r"(\d+) 个差异系数都无法计算|The (\d+) coefficients cannot be computed",
        lambda f, m, p: int(m[1] or m[2]) == f.coefficients("no data") and not f.known,
    ),
    (
        r"^缺数据的指标 (\d+) 项：(.*)|^No data for (\d+) indicators: (.*)",
        lambda f, m, p: _codes_are(f, "no data", m[2] or m[4], int(m[1] or m[3])),
    ),
    (
        r"其他方面未达标 (\d+) 项|Other areas: (\d+) not met",
        lambda f, m, p: int(m[1] or m[2]) == f.told("fail", set(f.seen) - set(SEVEN)),
    ),
    (
        r"^(31) 项指标中达标 (\d+) 项(?:，未达标 (\d+) 项（([^）]*)）)?",
        lambda f, m, p: int(m[2]) == f.told("pass") and int(m[3] or 0) == f.told("fail"),
    ),
    (
        r"(?:^|，|; )(?:缺数据|no data)[ :]+(\d+)(?: 项)? ?[（(]([^）)]*)",
        lambda f, m, p: _codes_are(f, "no data", m[2], int(m[1])) or p.kind == "plan",
    ),
    (
        r"(?:^|，|; )(?:不适用|not applicable)[ :]+(\d+)(?: 项)? ?[（(]([^）)]*)",
        lambda f, m, p: _codes_are(f, "not applicable", m[2], int(m[1])),
    ),
    (
        r"(?:^|，|; )(?:个别学校低于标准，规则允许|some schools below, the rule allows)"
        r"[ :]+(\d+)(?: 项)? ?[（(]([^）)]*)",
        lambda f, m, p: _codes_are(f, "allowed", m[2], int(m[1])),
    ),
    (
        r"^(\d+) of (\d+) indicators are met",
        lambda f, m, p: _n(m, 1, 2) == (f.told("pass"), len(f.seen)),
    ),
    (
        r"^not met: (\d+) \(([^)]*)\)",
        lambda f, m, p: _codes_are(f, "fail", m[2], int(m[1])) or p.kind == "plan",
    ),
    (
        r"(?:短板最集中的是 |The commonest gap is )(C\d)[^：:]*[：:] ?"
        r"(?:school stages below the standard: )?(\d+)",
        lambda f, m, p: int(m[2]) == f.below(m[1]) == max(f.below(code) for code in SEVEN),
    ),
    (
        rf"^{S}：报送班额的 (\d+) 个班都不超过",
        lambda f, m, p: f.classes(_stage(m)) == (int(m[2]), 0),
    ),
    (
        rf"^{S}：报送班额的 (\d+) 个班中 (\d+) 个超过",
        lambda f, m, p: f.classes(_stage(m)) == _n(m, 2, 3),
    ),
    (
        rf"^{E_S}: none of the (\d+) classes reported",
        lambda f, m, p: f.classes(_stage(m)) == (int(m[2]), 0),
    ),
    (
        rf"^{E_S}: (\d+) of the (\d+) classes reported",
        lambda f, m, p: f.classes(_stage(m)) == _n(m, 3, 2),
    ),
    (
        rf"^{S}：班额缺数据|^{E_S}: no data on class sizes",
        lambda f, m, p: f.classes(STAGES[(m[1] or m[2]).lower()])[0] == 0,
    ),
    (
        r"音乐教室 (\d+) 间，(\d+) 间不足",
        lambda f, m, p: f.rooms("music") == _n(m, 1, 2),
    ),
    (r"美术教室 (\d+) 间，(\d+) 间不足", lambda f, m, p: f.rooms("art") == _n(m, 1, 2)),
    (r"(\d+) of (\d+) music rooms", lambda f, m, p: f.rooms("music") == _n(m, 2, 1)),
    (r"(\d+) of (\d+) art rooms", lambda f, m, p: f.rooms("art") == _n(m, 2, 1)),
    (
        "音乐、美术教室缺数据|No data on music and art rooms",
        lambda f, m, p: f.rooms("music")[0] == f.rooms("art")[0] == 0 and f.indicators["C10"] == "no data",
    ),
    # research: of those that have reported, by the formula
    (
        rf"^{S}：(?:有数据的 \d+ 项)?各校完全均等|^{E_S}: schools are all equal",
        lambda f, m, p: _equal(STAGES[(m[1] or m[2]).lower()], f),
    ),
    (
        rf"^{S}：所选指标都缺数据|^{E_S}: no data on what was chosen",
        lambda f, m, p: not f.spreads(STAGES[(m[1] or m[2]).lower()]) or f.nothing_known,
    ),
    (
        rf"^{S}：有数据的学校只有 1 所|^{E_S}: only one school has data",
        lambda f, m, p: f.most_reported(STAGES[(m[1] or m[2]).lower()]) == 1,
    ),
    (
        rf"^{S}：(?:能计算的 )?(\d+) 项中(?: (\d+) 项|没有一项)均值低于标准，"
        r"(?:(\d+) 项|没有一项)差异高于限值",
        lambda f, m, p: (int(m[2]), int(m[4] or 0)) == (len(f.spreads(_stage(m))), f.over(_stage(m))),
    ),
    (
        rf"^{E_S}: of (\d+)(?: that can be computed)?, (\d+|none) ha(?:s|ve) a mean below "
        r"the standard, (?:(\d+)|none) a co",
        lambda f, m, p: (int(m[2]), int(m[4] or 0)) == (len(f.spreads(_stage(m))), f.over(_stage(m))),
    ),
    (
        rf"^{S}：(C\d) .*校际差异最大（([\d.]+)）$|^{E_S}: schools differ most on (C\d) .* \(([\d.]+)\)$",
        lambda f, m, p: _largest(f, STAGES[(m[1] or m[4]).lower()], m[2] or m[5], m[3] or m[6]),
    ),
    (
        r"^(?:能计算的 )?(\d+) 项中(?: (\d+) 项|没有一项)高于限值 (0\.\d+)"
        r"|^(?:(\d+)|none) of (\d+)(?: that can be computed)? (?:is|are) above the limit of (0\.\d+)",
        lambda f, m, p: (
            int(m[2] or m[4] or 0) == f.over("primary" if float(m[3] or m[6]) == 0.5 else "junior")
            and int(m[1] or m[5]) == len(f.spreads("primary" if float(m[3] or m[6]) == 0.5 else "junior"))
        ),
    ),
    # plan
    (
        r"各校都判为达标(?:（其中 (\d+) 项低于标准，规则允许）)?，差异系数都不超过限值，不需要购置"
        r"|Every school passes(?: \((\d+) below the standard, as the rule allows\))? and every coeffic",
        lambda f, m, p: (
            f.area["resources"] == "pass"
            and int(m[1] or m[2] or 0) == sum(len(r["values"]) - r["met"] for r in f.rows)
        ),
    ),
    (
        "各校七项指标和差异系数达标(?:最少需要|，找到的方案需要)|Meeting the seven and the limits",
        lambda f, m, p: f.area["resources"] == "fail",
    ),
    (
        r"七项以外可用经费解决的（(.*?)）另需|^What else money mends \((.*?)\) takes",
        lambda f, m, p: all(f.indicators[c] == "fail" for c in re.findall(r"C\d+", m[1] or m[2])),
    ),
    (
        "其他各项均已达标或不适用|^All else is met or not applicable",
        lambda f, m, p: _left(f, "fail") == _mended(f) and not _left(f, "no data"),
    ),
    (
        r"此外仍有.*未达标 (\d+) 项（|What is left: not met: (\d+) \(",
        lambda f, m, p: _left(f, "fail") - _mended(f) <= int(m[1] or m[2]) <= _left(f, "fail"),
    ),
    (
        r"(?:仍有|），)缺数据 (\d+) 项（|(?:^|What is left: )no data: (\d+) \(.*",
        lambda f, m, p: int(m[1] or m[2]) == _left(f, "no data") or p.kind != "plan",
    ),
    (
        f"总体结论为{V}$|^With all of it done, .*: {E_V}$",
        lambda f, m, p: (
            meaning(m[1] or m[2]) != "pass" or (_left(f, "fail") == _mended(f) and not _left(f, "no data"))
        ),
    ),
    (
        r"不能制定方案：(\d+) 个学校|No plan can be made: (\d+) school",
        lambda f, m, p: (
            int(m[1] or m[2]) == sum(None in r["values"].values() or r["pupils"] is None for r in f.rows)
        ),
    ),
    # brief
    ("没有以前年度可比|no earlier year to compare with", lambda f, m, p: f.before is None),
    (
        rf"^(\d{{4}}) 年：{V}$|^(\d{{4}}): {E_V}$",
        lambda f, m, p: f.before is not None and f.before.verdict == meaning(m[2] or m[4]),
    ),
    (
        r"可由 (\d+) 个增至 (\d+) 个，共 (\d+) 个|school stages that pass from (\d+) to (\d+) of (\d+)",
        lambda f, m, p: (
            int(m[1] or m[4]) == f.schools("pass")
            and int(m[3] or m[6]) == f.count()
            and int(m[2] or m[5]) >= f.schools("pass")
        ),
    ),
    (
        "低于标准的各处都在规则允许之内|All that is below the standard is what the rule allows",
        lambda f, m, p: f.schools("fail") == f.coefficients("fail") == 0 and f.told("fail") == 0,
    ),
    # scenario
    (
        rf"年?不采取措施时区域{V}，学校（学段）达标 (\d+) 个",
        lambda f, m, p: (f.verdict, f.schools("pass")) == (meaning(m[1]), int(m[2])),
    ),
    (
        rf"as it is, the district in \d+: {E_V}, (\d+) school stages",
        lambda f, m, p: (f.verdict, f.schools("pass")) == (meaning(m[1]), int(m[2])),
    ),
    (
        r"(?:(\d+) 个情景中 (\d+) 个|没有一个情景)使区域达标"
        r"|Under (?:(\d+)|none) of (\d+) scenarios? the district",
        lambda f, m, p: int(m[2] or m[3] or 0) == (f.verdict == "pass"),
    ),
    (
        r"差异系数(?:：)?(超限|缺数据)(?: (\d+) 个)?(?:，缺数据 (\d+) 个)?$",
        lambda f, m, p: (
            (not f.known)
            if m[1] == "缺数据"
            else (int(m[2]), int(m[3] or 0)) == (f.coefficients("fail"), f.coefficients("no data"))
        ),
    ),
    (
        r"coefficients: (no data|(\d+) over the limit)(?:, (\d+) without data)?",
        lambda f, m, p: (
            (not f.known)
            if m[1] == "no data"
            else (int(m[2]), int(m[3] or 0)) == (f.coefficients("fail"), f.coefficients("no data"))
        ),
    ),
    (
        "差异系数缺数据，不能计算|The coefficients cannot be computed for want",
        lambda f, m, p: not f.known,
    ),
    (
        "各情景都没有缺口|Nothing is lacking on any side|^七项指标没有缺口|Nothing is lacking on the seven",
        lambda f, m, p: (
            all(v == "pass" for r in f.of(p.school) for v in r["verdicts"].values())
            if p.kind == "school"
            else not f.unknown_figures() and bool(f.rows) and not any(map(f.below, SEVEN))
        ),
    ),
    # the verdict in plain words
    (
        r"^通俗地说：全区 (\d+) 个学校（学段）中，还有 (\d+) 个的办学条件不够标准$",
        lambda f, m, p: _n(m, 1, 2) == (f.count(), f.schools("fail")),
    ),
    (
        r"^In plain words: (\d+) of (\d+) school stages still lack some of what they need$",
        lambda f, m, p: _n(m, 1, 2) == (f.schools("fail"), f.count()),
    ),
    (
        "^通俗地说：(?:各校的办学条件够标准|各校之间的差别不大|各项工作达到要求|有的数据还没有报送|各校的办学条件没有判为不够的)"
        "|^In plain words: (?:schools have what|they are much|the work is|some data|no school is known)",
        lambda f, m, p: (
            f.verdict
            == (
                "pass"
                if re.search("(?<!不)够标准|不大|达到要求|have what|much|work", m[0])
                else "no data"
                if re.search("数据|data", m[0])
                else "fail"
            )
        ),
    ),
    (
        "^通俗地说：(小学|初中)的 7 项办学条件中，(\\d) 项够标准"
        "(?:，还不够的是[^，]+)?(?:，(\\d) 项没有上报)?$",
        lambda f, m, p: _counts(f, m, p) == (int(m[2]), int(m[3] or 0)),
    ),
    (
        "^In plain words: of 7 things that a (primary|junior) school needs, (\\d) are enough$",
        lambda f, m, p: _counts(f, m, p)[0] == int(m[2]),
    ),
    (
        r"^not reported: (\d)$",
        lambda f, m, p: (
            int(m[1]) in [sum(v == "no data" for v in r["verdicts"].values()) for r in f.of(p.school)]
        ),
    ),
    (
        "^not enough: [a-z]",
        lambda f, m, p: any(v == "fail" for r in f.of(p.school) for v in r["verdicts"].values()),
    ),
    # school: what its cheapest way costs, who answers by when
    (
        "本校不需要购置|By the rule on schools there is nothing to buy",
        lambda f, m, p: all(r["verdict"] == "pass" for r in f.of(p.school)),
    ),
    (
        "^本校达标最省的做法：增加|^The cheapest way for this school: ",
        lambda f, m, p: any(r["verdict"] == "fail" for r in f.of(p.school)),
    ),
    (
        "达标的做法和费用无法计算|What would be needed cannot be computed",
        lambda f, m, p: any(None in r["values"].values() or r["pupils"] is None for r in f.rows),
    ),
    (
        r"^问题 (\d+) 个，责任部门：|^(\d+) problems?, answered for by ",
        lambda f, m, p: (
            int(m[1] or m[2]) >= sum(v == "fail" for r in f.of(p.school) for v in r["verdicts"].values())
        ),
    ),
    (
        "没有学校在这些指标上未达标|Every school meets these",
        lambda f, m, p: all(f.indicators[c] in ("pass", "not applicable") for c in OF_SCHOOLS),
    ),
    (
        "没有须配音乐、美术教室的学校|No school is asked for music and art rooms",
        lambda f, m, p: f.indicators["C10"] == "not applicable" or not f.rows,
    ),
    (
        "Every school has the music and art rooms|各校音乐、美术教室都达标",
        lambda f, m, p: f.indicators["C10"] == "pass",
    ),
    # a district's figures
    (
        rf"^{S}七项指标：(\d+) 所(?:都)?缺数据，无法判断|^{E_S}, the seven: no data on (\d+) of \d+",
        lambda f, m, p: int(m[2] or m[4]) == f.schools("no data", STAGES[(m[1] or m[3]).lower()]) > 0,
    ),
    (
        rf"^{S}七项指标：(\d+) 所(都)?达标(?:，其中 \d+ 所有一项低于标准，规则允许)?(?:，(\d+) 所缺数据)?$",
        lambda f, m, p: _all_met(f, _stage(m), m[2], m[4]),
    ),
    (
        rf"^{E_S}, the seven: (\d+) of \d+ met(?:, (\d+) of \d+ without data)?",
        lambda f, m, p: _all_met(f, _stage(m), m[2], m[3]),
    ),
    (
        rf"^{S}七项指标：(\d+) 所未达标|^{E_S}, the seven: (\d+) of \d+ not met",
        lambda f, m, p: int(m[2] or m[4]) == f.schools("fail", STAGES[(m[1] or m[3]).lower()]) > 0,
    ),
    (
        rf"^{S}：各校之间没有差距|^{E_S}: schools do not differ",
        lambda f, m, p: _equal(STAGES[(m[1] or m[2]).lower()], f),
    ),
    (
        rf"^{S}：.*差距最大，最高的学校是最低的 ([\d.]+) 倍"
        rf"|^{E_S}: schools differ most on .* the highest has ([\d.]+) times",
        lambda f, m, p: float(m[2] or m[4]) > 1 and _fold(f, STAGES[(m[1] or m[3]).lower()], m[2] or m[4]),
    ),
    (
        r"^(C\d) [^：:]*[：:] ?(\d+) (?:个学校（学段）低于标准|school stages (?:are )?below)",
        lambda f, m, p: int(m[2]) == f.below(m[1]),
    ),
    (r"^(C\d) [^：:]*(?:：只有.*低于标准|: .* alone is below)", lambda f, m, p: f.below(m[1]) == 1),
    (
        r"^有坐标的学校：(\d+) 所未达标|^Schools on the map: (\d+) of \d+ not met",
        lambda f, m, p: int(m[1] or m[2]) == f.failing_on_map(),
    ),
    (
        "^没有判为未达标的项目|^Nothing is known to be below",
        lambda f, m, p: "fail" not in {*f.indicators.values(), *f.area.values()},
    ),
    (
        "^没有需要整改的问题|^Nothing to mend",
        lambda f, m, p: not {"fail", "no data"} & {*f.indicators.values(), *f.area.values()},
    ),
    (
        r"^本年度未达标的问题 (\d+) 个|^(\d+) problems? this year",
        lambda f, m, p: "fail" in {*f.indicators.values(), *f.area.values()} and int(m[1] or m[2]) > 0,
    ),
    (
        r"历年总体结论.*?(\d{4}) (达标|未达标|缺数据)$|over the years: .*?(\d{4}) (Met|Not met|No data)$",
        lambda f, m, p: int(m[1] or m[3]) == f.year and f.verdict == meaning(m[2] or m[4]),
    ),
    ("本年度总体已达标|^the district passes$", lambda f, m, p: f.verdict == "pass"),
    (
        r"满意率 ([\d.]+)%|^([\d.]+)%, standard",
        lambda f, m, p: abs(float(m[1] or m[2]) - f.satisfied()) <= 0.05 + 1e-9,
    ),
    (
        r"^\d{4} 年为 (\d+) 个中 (\d+) 个",
        lambda f, m, p: _n(m, 1, 2) == (f.before.count(), f.before.schools("pass")),
    ),
    (
        r"^\d{4} 年 (\d+) 个中超过限值的 (\d+) 个",
        lambda f, m, p: _n(m, 1, 2) == (f.before.known, f.before.coefficients("fail")),
    ),
    (
        r"^in \d{4}, (\d+) of (\d+)$",
        lambda f, m, p: (
            _n(m, 1, 2)
            in ((f.before.schools("pass"), f.before.count()), (f.before.coefficients("fail"), f.before.known))
        ),
    ),
    # a school's page
    (
        rf"^{S}：七项指标(?:全部达标|都达到标准)|^{E_S}: all seven are",
        lambda f, m, p: set(_told(f, m, p)) == {"pass"},
    ),
    (
        rf"^{S}：已报送的指标均达标，(\d+) 项缺数据",
        lambda f, m, p: _told(f, m, p).count("no data") == int(m[2]) and "fail" not in _told(f, m, p),
    ),
    (rf"^{E_S}: what was reported is met", lambda f, m, p: "fail" not in _told(f, m, p)),
    (
        rf"^{S}：七项达标 (\d) 项|^{E_S}: (\d) of 7 met",
        lambda f, m, p: int(m[2] or m[4]) == _told(f, m, p).count("pass"),
    ),
    (
        rf"^{S}：七项指标都缺数据|^{E_S}: no data on any of the seven",
        lambda f, m, p: set(_told(f, m, p)) == {"no data"},
    ),
    (
        rf"^{S}：.* 缺数据，暂不能得出结论|^{E_S}: no verdict yet",
        lambda f, m, p: _row(f, m, p)["verdict"] == "no data",
    ),
    (
        rf"^{S}：.*低于标准，规则允许$|^{E_S}: below the standard on .*, as the rule allows$",
        lambda f, m, p: _row(f, m, p)["verdict"] == "pass" and "fail" in _told(f, m, p),
    ),
    (
        rf"^{S}：(?:各项都不低于|能比较的 \d+ 项中没有低于)全区平均",
        lambda f, m, p: _below_mean(f, m, p)[0] == 0,
    ),
    (
        rf"^{S}：(?:能比较的 \d+ 项中 )?(\d+) 项低于全区平均",
        lambda f, m, p: _below_mean(f, m, p)[0] == int(m[2]),
    ),
    (
        rf"^{E_S}: below the district mean on (none|\d+) of the (\d+)",
        lambda f, m, p: _below_mean(f, m, p) == (int(m[2].replace("none", "0")), int(m[3])),
    ),
    (
        rf"{S}(已能计算的)?最大值现状 ([\d.]+)，各情景 ([\d.]+)",
        lambda f, m, p: m[3] == m[4] and _is_largest(f, _stage(m), m[3], bool(m[2])),
    ),
    (
        rf"{E_S}(, of those that can be computed,)? largest ([\d.]+) as it is, ([\d.]+) in",
        lambda f, m, p: m[3] == m[4] and _is_largest(f, _stage(m), m[3], bool(m[2])),
    ),
    (
        "31 项指标都有结论|All 31 indicators have a verdict",
        lambda f, m, p: "no data" not in f.indicators.values(),
    ),
    ("各校都有结论|Every school has a verdict", lambda f, m, p: not f.schools("no data") and bool(f.rows)),
    (
        "区级要点全部达标|Every item of the district is met",
        lambda f, m, p: all(f.indicators[c] in ("pass", "not applicable") for c in ("C8", "C9", "C17")),
    ),
    (
        "没有参加(?:七项指标)?评估的学校|No school (?:of these stages )?is judged",
        lambda f, m, p: not f.rows,
    ),
)


def _row(facts: Facts, match: re.Match, page: Page) -> dict:
    """Return the row that a clause of a school's page is about."""
    stage = next(STAGES[word.lower()] for word in match.groups() if word and word.lower() in STAGES)
    return facts.school(stage, page.school)


def _counts(facts: Facts, match: re.Match, page: Page) -> tuple[int, int]:
    row = facts.school(STAGES[match[1]], page.school)
    return row["met"], sum(v == "no data" for v in row["verdicts"].values())


def _told(facts: Facts, match: re.Match, page: Page) -> list[str]:
    return list(_row(facts, match, page)["verdicts"].values())


def _all_met(facts: Facts, stage: str, met: str, unknown: str | None) -> bool:
    known = (facts.schools("pass", stage), facts.schools("no data", stage), facts.schools("fail", stage))
    return known == (int(met), int(unknown or 0), 0)


def _below_mean(facts: Facts, match: re.Match, page: Page) -> tuple[int, int]:
    """Return on how many codes a school is below the mean of those that reported, of how many."""
    row, below, told = _row(facts, match, page), 0, 0
    for code in SEVEN:
        held = [r for r in facts.rows if r["stage"] == row["stage"] and r["values"][code] is not None]
        held = [r for r in held if r["pupils"]]
        if row["values"][code] is None:
            continue
        told += 1
        mean = sum(r["values"][code] * r["pupils"] for r in held) / sum(r["pupils"] for r in held)
        below += row["values"][code] < mean - 1e-9
    return below, told


def _is_largest(facts: Facts, stage: str, printed: str, some: bool) -> bool:
    mine = [row for row in facts.balance if row["stage"] == stage]
    known = [row["coefficient"] for row in mine if row["coefficient"] is not None]
    return some == (len(known) < len(mine)) and abs(max(known) - float(printed)) <= 0.0005 + 1e-9


def _fold(facts: Facts, stage: str, printed: str) -> bool:
    values = [
        [r["values"][code] for r in facts.rows if r["stage"] == stage and r["values"][code]] for code in SEVEN
    ]
    return any(abs(max(v) / min(v) - float(printed)) <= 0.05 + 1e-9 for v in values if v)


def _largest(facts: Facts, stage: str, code: str, printed: str) -> bool:
    found = facts.spreads(stage)
    return (
        abs(max(found.values()) - found[code]) < 1e-9 and abs(found[code] - float(printed)) <= 0.0005 + 1e-9
    )


def _mended(f: Facts) -> int:
    """Count the indicators below that money mends beside the resources."""
    return sum(f.indicators[code] == "fail" for code in ("C10", "C13", "C14", "C16", "C19", "C25", "C26"))


def _left(facts: Facts, verdict: str) -> int:
    beyond = [v for code, v in facts.indicators.items() if code not in SEVEN]
    return [*beyond, facts.area["recognition"], facts.area["veto"]].count(verdict)


def clauses(text: str) -> list[str]:
    """Cut a text where a sentence or a part of one ends."""
    parts = re.split(r"[；。;|]|\. (?=[A-Z])|\.$|(?<=[)]):", text)
    return [part.strip() for part in parts if part.strip()]


def pattern_of(clause: str, names: list[str], titles: list[str]) -> str:
    """Return a clause without its numbers, names and titles, lists made one."""
    for name in names:
        clause = clause.replace(name, "@")
    for title in titles:
        clause = clause.replace(title, "I")
    clause = re.sub(r"[-−+±]?\d+(,\d{3})*(\.\d+)?", "#", clause)
    clause = re.sub(f"{A}|{E_A}", "A", clause)
    clause = re.sub(r"小学|初中", "S", clause)
    clause = re.sub(r"\b(?:[Pp]rimary|[Jj]unior)\b", "S", clause)
    clause = re.sub(r"C# ?I|C#", "I", clause)
    clause = re.sub(r"([A@IS#]|@ ?[（(]S[）)])((、|, )\1)+", r"\1", clause)
    return re.sub(r"等 # 个| and # more", "", clause)


def taught() -> set[str]:
    """Return the patterns that a person has read."""
    lines = KNOWN.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#!")}


class Reading:
    """What is wrong with a page, in words; and what was not understood."""

    def __init__(
        self, page: Page, facts: Facts, names: list[str], titles: list[str], known: set[str]
    ) -> None:
        self.page, self.facts, self.known = page, facts, known
        self.names = sorted(names, key=len, reverse=True)
        self.titles = sorted(titles, key=len, reverse=True)
        self.wrong: list[str] = []
        self.unknown: list[str] = []
        for text in page.texts:
            self._text(text)
        for badge in page.badges:
            self._badge(badge.text, badge.colour, badge.fact, badge.value)
        for value, printed in page.cells:
            self._cell(value, printed)

    def _cell(self, value: str, printed: str) -> None:
        digits = re.sub("[^0-9.]", "", printed)
        half = 0.5 * 10 ** -len(digits.partition(".")[2])
        if not digits or abs(float(printed.replace(",", "").replace("−", "-")) - float(value)) > half * (
            1 + 1e-9
        ):
            self.wrong.append(f"a cell of {value} says {printed!r}")

    def _text(self, text: Text) -> None:
        if self.page.lang == "en" and FAILING.search(text.text):
            self.wrong.append(f"{text.text!r}: the verdict is called “not met”")
        if text.role == "card":
            self._card(text)
        for clause in clauses(text.text):
            if text.role == "card" and (CARD.search(clause) or THEN.search(clause)):
                continue
            claimed = False
            for pattern, check in CLAIMS:
                match = re.search(pattern, clause)
                if match:
                    claimed = True
                    if not check(self.facts, match, self.page):
                        self.wrong.append(f"{text.text!r}: {match[0]!r}")
            shape = pattern_of(clause, self.names, self.titles)
            if not claimed and shape not in self.known and re.search(r"\w", shape.strip("@#IAS ")):
                self.unknown.append(shape)

    def _card(self, text: Text) -> None:
        label, value, beneath = [*text.text.split("|"), "", ""][:3]
        words = WORDS[self.page.lang]
        verdict = words.get(value)
        met = re.search(
            r"^七项中达标 (\d) 项(?:，缺数据 (\d) 项)?$|^(\d) of 7 met(?:, no data on (\d))?$", beneath
        )
        if met:
            stage = next(STAGES[word] for word in STAGES if label.lower().startswith(word))
            row = self.facts.school(stage, self.page.school)
            said = (int(met[1] or met[3]), int(met[2] or met[4] or 0), verdict)
            open_ = sum(told == "no data" for told in row["verdicts"].values())
            if said != (row["met"], open_, row["verdict"]):
                self.wrong.append(f"card {text.text!r}: {row['met']}, {row['verdict']}")
        colour = COLOURS[verdict] if verdict else ""
        if text.colour != colour:
            self.wrong.append(f"card {text.text!r} has colour {text.colour!r}")
        area = AREAS.get(label)
        if area and self.facts.area[area] != verdict:
            self.wrong.append(f"card {text.text!r}: the area is {self.facts.area[area]}")
        if label in ("区域总体", "The district") and self.facts.verdict != verdict:
            self.wrong.append(f"card {text.text!r}: the district is {self.facts.verdict}")
        self._counted(text, label, value, beneath)
        for clause in clauses([*text.text.split("|"), "", "", "", ""][3]):
            if not self._was(label, value, clause):
                self.wrong.append(f"card {text.text!r}: {clause!r}")
        codes = {"guarantee": GUARANTEE, "quality": set(self.facts.seen) - GUARANTEE - set(SEVEN)}.get(area)
        held = re.search(
            r"(\d+) 项指标中达标 (\d+) 项|(\d+) of (\d+) indicators (?:that apply )?met", beneath
        )
        if held:
            some = self.facts.seen if codes is None else codes
            apply = sum(self.facts.seen[code] != "not applicable" for code in some)
            passed = sum(self.facts.seen[code] == "pass" for code in some)
            told = (held[1] or held[4], held[2] or held[3])
            if told != (str(apply), str(passed)):
                self.wrong.append(f"card {text.text!r}: {passed} of {apply}")

    def _counted(self, text: Text, label: str, value: str, beneath: str) -> None:
        """Hold a card of the index, so many of so many, against the facts."""
        told = re.match(r"(\d+) / (\d+)", value)
        own = self._of_label(label, self.facts) if told else None
        if own is None:
            return
        unknown = re.search(r"其中 (\d+) [个项所]缺数据|(\d+) of them without data", beneath)
        found = int(told[1]), int(told[2]), int((unknown[1] or unknown[2]) if unknown else 0)
        if found != own:
            self.wrong.append(f"card {text.text!r}: {own}")
        then = re.search(r"(\d{4}) ?(?:年|:) (\d+) / (\d+)", beneath)
        if then and (int(then[2]), int(then[3])) != self._of_label(label, self.facts.before)[:2]:
            self.wrong.append(f"card {text.text!r}: {self._of_label(label, self.facts.before)} before")
        step = re.search(r"([↑↓→])(?: [增减][加少] (\d+) 个| 持平| (\d+) (?:more|fewer)| no change)", beneath)
        if then and step:
            way = (found[0] > int(then[2])) - (found[0] < int(then[2]))
            if ("→↑↓"[way], int(step[2] or step[3] or 0)) != (step[1], abs(found[0] - int(then[2]))):
                self.wrong.append(f"card {text.text!r}: {step[0]}")

    def _was(self, label: str, value: str, clause: str) -> bool:
        """Whether what a card says of the year before is so."""
        said, before, lang = THEN.search(clause), self.facts.before, self.page.lang
        if said is None:
            return False
        stage = next((STAGES[word] for word in STAGES if label.lower().startswith(word)), "")
        school = self.page.kind == "school"
        row = None
        if school and before is not None:
            mine = [r for r in before.rows if (r["stage"], r["school_id"]) == (stage, self.page.school)]
            row = mine[0] if mine else None
        if said["none"]:
            if school:
                return row is None or row["pupils"] is None
            own = self._of_label(label, before) if before is not None else None
            return before is None or (own is not None and own[1] == own[2]) or (bool(stage) and not own[1])
        if before is None or (school and row is None):
            return False
        if said["met"] and int(said["met"]) != row["met"]:
            return False
        if said["pupils"]:
            then = int(said["pupils"].replace(",", ""))
            step = self.facts.school(stage, self.page.school)["pupils"] - then
            by = int((said["pupils_by"] or "0").replace(",", ""))
            return (
                then == row["pupils"]
                and said["pupils_step"] == "→↑↓"[(step > 0) - (step < 0)]
                and abs(step) == by
            )
        if said["passed"]:
            own, now = self._of_label(label, before), self._of_label(label, self.facts)
            step = now[0] - int(said["passed"])
            way = "→↑↓"[(step > 0) - (step < 0)]
            return (int(said["passed"]), int(said["held"])) == own[:2] and (
                not said["step"] or (said["step"], int(said["by"] or 0)) == (way, abs(step))
            )
        words = {word.lower(): verdict for word, verdict in WORDS[lang].items()}
        then = words.get(said["verdict"].lower())
        area = AREAS.get(label)
        own = row["verdict"] if school else before.area[area] if area else before.verdict
        judged = ("fail", "pass")
        now = WORDS[lang].get(value)
        way = None
        if now == own:
            way = "→"
        elif now in judged and own in judged:
            way = "↑" if now == "pass" else "↓"
        return then == own and said["way"] == way

    @staticmethod
    def _of_label(label: str, facts: Facts) -> tuple[int, int, int] | None:
        """Return how many are met, of how many that apply, and how many lack data."""
        stage = next((STAGES[word] for word in STAGES if label.lower().startswith(word)), "")
        if stage or label in ("达标的学校（学段）", "School stages met"):
            return facts.schools("pass", stage), facts.count(stage), facts.schools("no data", stage)
        if label in ("达标指标", "Indicators met"):
            away = facts.told("not applicable")
            return facts.told("pass"), len(facts.seen) - away, facts.told("no data")
        if label in ("达标的差异系数", "Coefficients within the limit"):
            return facts.coefficients("pass"), len(facts.balance), facts.coefficients("no data")
        return None

    def _badge(self, text: str, colour: str, fact: str, value: str) -> None:
        lang = self.page.lang
        if text in ALLOWED[lang]:
            if colour != "allowed":
                self.wrong.append(f"badge {text!r} has colour {colour!r}")
            return
        if text in STATES and not fact:
            if colour != STATES[text]:
                self.wrong.append(f"badge {text!r} has colour {colour!r}")
            return
        if text not in WORDS[lang]:
            self.wrong.append(f"badge {text!r} is no word for a verdict")
            return
        verdict = WORDS[lang][text]
        if colour != COLOURS[verdict]:
            self.wrong.append(f"badge {text!r} has colour {colour!r}")
        if fact and value != verdict:
            self.wrong.append(f"badge {text!r} of {fact} states {value!r}")
        own = self._stated(fact)
        if own is not None and own != verdict:
            self.wrong.append(f"badge {text!r} of {fact}: {own!r}")

    def _stated(self, fact: str) -> str | None:
        """Return the verdict that a key is about; None for those not looked up here."""
        kind, year, *of = [*fact.split("/"), "", ""]
        if year != str(self.facts.year):
            return None
        if kind == "district":
            return self.facts.verdict
        if kind == "area":
            return self.facts.area[of[0]]
        if kind == "indicator":
            return self.facts.indicators[of[0]]
        if kind == "balance":
            held = self.facts.entry["balance"]  # with the mean of the seven, which decides nothing
            return next(b["verdict"] for b in held if (b["stage"], b["code"]) == tuple(of[:2]))
        if kind == "school":
            return self.facts.school(of[0], of[1])["verdict"]
        return None
