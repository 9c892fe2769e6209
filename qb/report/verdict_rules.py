"""依据: for every verdict on a page its rule: clause, limit, formula in words, the tables and rows it rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType

from qb.data.schema import SPONSORS, TABLES, bearing, items_of, tables_of
from qb.data.table_intake import spans
from qb.language import told
from qb.report import columns
from qb.report.context import ReportContext
from qb.report.tables import Column, Table
from qb.report.verdict_keys import anchor
from qb.report.words import (
    Lang,
    area_label,
    column_label,
    floor_label,
    part_label,
    resources_said,
    say,
    school_rule,
    stage_label,
    table_label,
    term,
    title,
)
from qb.standard import SIDES, Indicator, Limit, Ratio, Standard, Text
from qb.terms import COMPULSORY, Kind, Ownership

# What `measure` computes, in words: a sentence for each of its functions.


_FORMULAS = MappingProxyType(
    {
        "checklist": ("所列要点全部达到", "All items listed are met"),
        "uniform_standards": (
            "所列要点全部达到，且小学、初中的生均公用经费基准定额都不低于全省定额",
            "All items listed are met, and the base amount a pupil of either stage is not below the province's",
        ),
        "special_rooms": (
            "每 {classes_per_room:g} 个班（不足的按一组计）至少一间音乐教室、一间美术教室；面积不足的教室不计；"
            "区域值为两类都够的学校所占比例",
            "One music room and one art room for every {classes_per_room:g} classes begun; rooms below the area do not "
            "count; the district's value is the share of schools with enough of both",
        ),
        "school_size": (
            "义务教育各学段在校生之和，按办学类型与限额比较；列出的是未达标中超出最多的，没有未达标的则为最接近限额的一所",
            "Pupils of the compulsory stages together against the limit of the kind; shown is the school furthest above its limit, or nearest to it where none is above",
        ),
        "class_size": (
            "每一个班的人数都不超过本学段限额；列出的是未达标中超出最多的，没有未达标的则为最接近限额的一个班",
            "No class above the limit of its stage; shown is the class furthest above its limit, or nearest to it where none is above",
        ),
        "small_school_funds": (
            "小规模学校的公用经费拨款 ≥ {counted_pupils:g} × 生均公用经费基准定额；两个学段的，定额按学生数加权",
            "A small school's allocation ≥ {counted_pupils:g} × the base amount a pupil, weighted by pupils where it has both stages",
        ),
        "special_funds": (
            "特殊教育公用经费拨款 ÷ 特殊教育学校及随班就读学生数",
            "Allocation ÷ pupils of special schools and in regular classes",
        ),
        "pay": (
            "教师年平均工资收入 ÷ 当地公务员年平均工资收入，且所列要点全部达到",
            "Teachers' mean pay ÷ civil servants' mean pay, and all items listed are met",
        ),
        "trained": (
            "五年内培训满 360 学时的专任教师 ÷ 专任教师",
            "Full-time teachers with 360 hours of training in five years ÷ full-time teachers",
        ),
        "rotation": (
            "交流教师 ÷ 符合交流条件的教师；其中骨干教师 ÷ 交流教师；两项都要达到",
            "Rotated ÷ eligible teachers, and backbone ÷ rotated teachers; both must hold",
        ),
        "certified": ("持证专任教师 ÷ 专任教师", "Certified ÷ full-time teachers"),
        "in_zone": (
            "片区内就读的学生 ÷ 在校生，按学段；限公办、非寄宿、城区和镇区学校；列出的是未达标的学段，没有未达标的则为最接近标准的",
            "Pupils living in their school's zone ÷ pupils, by stage, at public non-boarding city and town schools; "
            "shown is the stage that is not met, or nearest to its standard where both are",
        ),
        "quota": (
            "分配到校名额 ÷ 优质高中招生计划，且所列要点全部达到",
            "Places allocated ÷ places planned, and all items listed are met",
        ),
        "migrants": (
            "在公办和政府购买学位就读的随迁子女 ÷ 符合条件的随迁子女，且所列要点全部达到",
            "Migrant children in public or bought places ÷ eligible ones, and all items listed are met",
        ),
        "disabled_enrolment": (
            "已入学适龄残疾儿童少年 ÷ 适龄残疾儿童少年",
            "Children with disabilities enrolled ÷ those of school age",
        ),
        "charter_and_it": (
            "所列要点全部达到；接入宽带的学校 ÷ 核查的学校、多媒体教室 ÷ 普通教室（报送了的）都达到",
            "All items listed are met, and where reported the shares of schools with broadband and of classrooms with multimedia",
        ),
        "training_funds": (
            "各校教师培训经费 ÷ 公用经费，预算、决算分别计算；列出的是最低的一所",
            "Training money ÷ public funds at every school, budget and final account by themselves; shown is the lowest",
        ),
        "score": (
            "本方面达标指标的分值之和 ÷ 适用指标的分值之和 × {out_of:g}",
            "Points of the area's indicators that are met ÷ points of those that apply × {out_of:g}",
        ),
        "monitoring": (
            "各学科学业水平等级和校际差异率分别与标准比较，取近 {cycle_years:g} 个学年中最近一次监测的结果；列出的是离标准最远的未达标项，没有未达标的则为最接近标准的",
            "Level and between-school rate of each subject by its latest result of {cycle_years:g} school years; shown is the one furthest from its standard, or nearest to it where all are met",
        ),
    }
)
_RETENTION = {
    "standard": (
        "毕业生 ÷（三年前入学 + 转入 − 转出 − 死亡），最高计 {cap:g}%",
        "Graduates ÷ (entrants three years before + in − out − deaths), at most {cap:g}%",
    ),
    "variant": (
        "（毕业生 − 转入 + 转出）÷（三年前入学 − 死亡），最高计 {cap:g}%",
        "(Graduates − in + out) ÷ (entrants three years before − deaths), at most {cap:g}%",
    ),
}
_DIVISORS = MappingProxyType(
    {
        "pupils": ("本学段在校生数", "pupils of the stage"),
        "full_time_teachers": ("本学段专任教师数", "full-time teachers of the stage"),
        "classes": ("本学段班级数", "classes of the stage"),
    }
)


def formula(indicator: Indicator, lang: Lang) -> str:
    """Return how any other indicator is computed, with the options of the standard's file.

    >>> from qb.standard import load
    >>> formula(load()["C19"], "zh")
    '持证专任教师 ÷ 专任教师'
    """
    options = indicator.options
    if indicator.ratio:
        return ratio_formula(indicator.ratio, lang)
    if indicator.measure == "retention":
        return say(lang, *_RETENTION[options["formula"]]).format(**options)
    return say(lang, *_FORMULAS[indicator.measure]).format(**options)


def ratio_formula(ratio: Ratio, lang: Lang) -> str:
    """Return how a declared ratio or count is computed."""
    top = say(lang, ratio.what.zh, ratio.what.en)
    hundred = " × 100" if ratio.per == 100 else ""
    words = top if ratio.of is None else f"{top} ÷ {say(lang, ratio.of.zh, ratio.of.en)}{hundred}"
    if ratio.level == "schools":
        words += say(
            lang,
            "，各校分别计算；列出的是离标准最远的一校",
            ", of each school; shown is the one furthest from its limit",
        )
    return words


def resource_formula(standard: Standard, code: str, lang: Lang) -> str:
    """Return how a resource indicator is computed.

    >>> from qb.standard import load
    >>> resource_formula(load(), "C2", "zh")
    '县级以上骨干教师数 ÷ 本学段在校生数 × 100'
    """
    resource = standard[code].resource
    hundred = " × 100" if resource.per == 100 else ""
    words = f"{say(lang, resource.what.zh, resource.what.en)} ÷ {say(lang, *_DIVISORS[resource.divisor])}{hundred}"
    if resource.table != "facilities":
        return words
    weights = {
        kind: " : ".join(f"{w:g}" for w in standard.rules.split.weights(kind).values())
        for kind in (Kind.NINE_YEAR, Kind.TWELVE_YEAR, Kind.COMPLETE_SECONDARY)
    }
    nine, twelve, complete = weights.values()
    return words + say(
        lang,
        f"；全校合报的按加权学生数分到各学段（九年一贯制 {nine}，十二年一贯制 {twelve}，完全中学 {complete}）",
        f"; what a school reports as one is split by weighted pupils (nine-year {nine}, twelve-year {twelve}, complete secondary {complete})",
    )


# 依据: for every verdict on a page its rule, the formula in words, and the tables and rows it rests on.


WHOLE = ("district", "school", "coefficient", "recognition", "veto")  # rules that are not one indicator's
MOST_SPANS = 6


@dataclass(frozen=True)
class PageRules:
    """The rules that verdicts on a page lead to, each under its own anchor."""

    standard: Standard = field(repr=False)
    year: int  # school year: limits may change by year
    lang: Lang = "zh"
    # Codes of indicators and those of `WHOLE`, in the order of the page; all of the standard unless given.
    # One that the standard does not have is left out.
    rules: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        wanted = self.rules or (*WHOLE, *self.standard.codes)
        given = {
            "school": self.standard.rules.school,
            "coefficient": self.standard.rules.coefficient,
            "recognition": self.standard.recognition,
            "veto": self.standard.vetoes,
        }
        entries = [self._entry(rule) for rule in wanted if given.get(rule, True)]
        # The clauses are in Chinese; in English their document is named, once.
        title = self._say("", f"Clauses: {self.standard.title.en}")
        said = f'<p class="note">{escape(title)}</p>' if title else ""
        return f'{said}<div class="rules">{"".join(entries)}</div>'

    def _entry(self, rule: str) -> str:
        name, lines = self._whole(rule) if rule in WHOLE else self._indicator(self.standard[rule])
        shown = "".join(
            f"<div{_ROWS * (label in _DATA)}><dt>{escape(label)}</dt><dd>{text}</dd></div>"
            for label, text in lines
            if text
        )
        return f'<h3 id="{anchor(rule)[1:]}">{escape(name)}</h3><dl>{shown}</dl>'

    def _say(self, zh: str, en: str) -> str:
        return say(self.lang, zh, en)

    def _indicator(self, indicator: Indicator) -> tuple[str, list[tuple[str, str]]]:
        lang, standard, code = self.lang, self.standard, indicator.code
        words = resource_formula(standard, code, lang) if indicator.resource else formula(indicator, lang)
        items = self._items((item.item, item.text) for item in standard.items(code))
        return title(indicator, lang), [
            self._clause(indicator.wording, indicator.source),
            self._limit(limits_text(indicator, standard, self.year, lang)),
            self._formula(words),
            items,
            self._data(code),
        ]

    def _whole(self, rule: str) -> tuple[str, list[tuple[str, str]]]:
        return getattr(self, f"_{rule}")()

    def _district(self) -> tuple[str, list[tuple[str, str]]]:
        asked = [self._asked(area) for area in self.standard.asked_areas]
        words = self._say(
            f"{'；'.join(asked)}。以上都达标的为达标；任何一方面缺数据而其余都达标的，结论为缺数据",
            f"{'; '.join(asked)}. Met where all of these are; where one lacks data and the others are met, the "
            "verdict is no data",
        )
        return self._say("区域与各方面的结论", "Verdicts on the district and its areas"), [
            self._clause("", self.standard.source),
            self._formula(words),
        ]

    def _asked(self, area: str) -> str:
        """Say what the district's verdict asks of an area."""
        standard, name = self.standard, area_label(area, self.standard, self.lang)
        rules = standard.rules if area == standard.resource_area else None
        asked = []
        if rules and rules.school:
            asked.append(self._say("各校各学段都达标", "every school stage is met"))
        if rules and rules.coefficient:
            each = rules.coefficient.decides == "each"
            asked.append(
                self._say("各差异系数都不超过限值", "no coefficient is above its limit")
                if each
                else self._say(
                    "各项差异系数的平均值不超过限值", "the mean of the coefficients is not above its limit"
                )
            )
        if area == "veto":
            asked.append(self._say("没有发现任何一项", "none of it was found"))
        elif any(i.measure == "score" for i in standard.of_area(area)):
            asked.append(self._say("得分达到标准", "the score reaches its limit"))
        elif not asked:
            asked.append(
                self._say("达标", "met")
                if area == "recognition"
                else self._say("各项指标都达标", "all indicators are met")
            )
        return self._say(f"{name}（{'，'.join(asked)}）", f"{name} ({', '.join(asked)})")

    def _school(self) -> tuple[str, list[tuple[str, str]]]:
        rule, floor = self.standard.rules.school, floor_label(self.standard)
        lower, may = rule.floor is not None, rule.of - rule.met
        words = self._say(
            f"{resources_said(self.standard, 'zh')}按学段分别与标准比较；{school_rule(self.standard, 'zh')}。"
            f"{f'超过 {may} 项' if may else '有'}未达标{f'或有一项低于 {floor} ' if lower and may else ''}的，未达标；否则有缺数据的，为缺数据",
            f"Each of {resources_said(self.standard, 'en')} against its standard, by stage; {school_rule(self.standard, 'en')}. "
            f"{f'More than {may}' if may else 'Any'} unmet{f', or one below {floor}' if lower and may else ''}: not met; otherwise no data where one is missing",
        )
        if rule.of == rule.met == 1:
            words = self._say(
                "按学段与标准比较；未达标的，学校未达标；缺数据的，为缺数据",
                "The one indicator against its standard, by stage. Unmet: not met; no data where it is missing",
            )
        return self._say("学校结论", "Verdict on a school"), [
            self._clause("", rule.source),
            self._formula(words),
        ]

    def _coefficient(self) -> tuple[str, list[tuple[str, str]]]:
        rule = self.standard.rules.coefficient
        limits = self._say("；", "; ").join(
            f"{stage_label(s, self.lang)} {SIDES[rule.side]} {self.standard.coefficient_limit(s):g}"
            for s in COMPULSORY
        )
        words = self._say(
            "差异系数 = 标准差 ÷ 平均值。平均值 = 各校资源总量之和 ÷ 学生数之和；标准差 = 各校数值与平均值之差的平方"
            "按学生数加权平均后开方（除以学生总数，不减一）。同学段各校都报送了这项资源才计算；注明“已报送学校”的只算已报送的",
            "Coefficient = deviation ÷ mean. Mean = total resource ÷ total pupils; deviation = root of the squared "
            "distances from the mean, weighted by pupils (divided by all pupils, not one less). Given only where every "
            "school of the stage has reported; research takes those that have",
        )
        return self._say("差异系数", "Difference coefficient"), [
            self._clause("", rule.source),
            self._limit(limits),
            self._formula(words),
            (self._say("数据", "Data"), self._say("同该项指标", "As of the indicator")),
        ]

    def _recognition(self) -> tuple[str, list[tuple[str, str]]]:
        rule = self.standard.recognition
        words = self._say("满意问卷数 ÷ 有效问卷数", "Satisfied of valid questionnaires")
        return str(rule.title if self.lang == "zh" else rule.title.en), [
            self._clause("", rule.source),
            self._limit(_limit_text(rule.limit, self.standard, self.lang)),
            self._formula(words),
            self._data("recognition"),
        ]

    def _veto(self) -> tuple[str, list[tuple[str, str]]]:
        vetoes = self.standard.vetoes
        return self._say("一票否决事项", "Veto list"), [
            self._clause("", "；".join(dict.fromkeys(veto.source for veto in vetoes))),
            self._formula(self._say("发现任何一项即不通过", "Any one that is found stops the application")),
            self._items((veto.item, veto.text) for veto in vetoes),
            self._data("veto"),
        ]

    def _clause(self, wording: str, source: str) -> tuple[str, str]:
        """Return wording and place of a clause; those are in Chinese."""
        quoted = f"{wording}（{source}）" if wording else source
        return "条文", escape(self._say(quoted, ""))

    def _items(self, items: Iterable[tuple[str, Text]]) -> tuple[str, str]:
        shown = (f"{item} {text.zh if self.lang == 'zh' else text.en}".rstrip("。.") for item, text in items)
        return self._say("要点", "Items"), escape(self._say("；", "; ").join(shown))

    def _limit(self, text: str) -> tuple[str, str]:
        return self._say("标准", "Standard"), escape(text)

    def _formula(self, text: str) -> tuple[str, str]:
        return self._say("算法", "Formula"), escape(text)

    def _data(self, code: str) -> tuple[str, str]:
        tables = (
            f"{table_label(name, self.lang)}{columns}"
            for name, columns in columns_of(code, self.standard, self.lang)
        )
        return self._say(*_DATA), escape(self._say("；", "; ").join(tables))


_DATA, _ROWS = ("数据", "Data"), ' class="rows"'  # the tables on which a rule rests


def limits_text(indicator: Indicator, standard: Standard, year: int, lang: Lang) -> str:
    """Return the limits in force as one line, by stage, kind or part."""
    if indicator.measure == "small_school_funds":
        counted = indicator.options["counted_pupils"]
        return say(lang, f"按 {counted:g} 人核定", f"Funded for {counted:g}")
    entries = indicator.in_force(year)
    units = {entry.unit.zh for entry in entries}
    rooms = ""
    if indicator.measure == "special_rooms":
        classes = indicator.options["classes_per_room"]
        rooms = say(lang, f"每 {classes:g} 个班各 1 间；", f"one of each per {classes:g} classes; ")
    once = units - {"%"} and len(units) == 1 and len(entries) != 1  # their one unit is said after the last
    texts = [_limit_text(entry, standard, lang, unit=not once or entry is entries[-1]) for entry in entries]
    return rooms + (say(lang, "，", ", ") if once else say(lang, "；", "; ")).join(texts)


def limit_cells(limit: Limit, standard: Standard, lang: Lang) -> tuple[str, str, str]:
    """Return for whom or what a limit is, the limit with its side, and its unit."""
    of = (
        stage_label(limit.stage, lang) if limit.stage else "",
        term(limit.kind, lang, (Kind,)) if limit.kind else "",
        part_label(limit.name, standard, lang) if limit.name else "",
    )
    value = f"{SIDES[limit.side]} {limit.value:,g}"
    return " ".join(word for word in of if word), value, say(lang, limit.unit.zh, limit.unit.en)


def _limit_text(limit: Limit, standard: Standard, lang: Lang, *, unit: bool = True) -> str:
    words = limit_cells(limit, standard, lang)[: 3 if unit else 2]
    return " ".join(word for word in words if word).replace(" %", "%").replace(" （", "（")


def stays_out(standard: Standard, lang: Lang) -> str:
    """Return which schools and stages do not take part in the resource indicators.

    >>> from qb.standard import load
    >>> stays_out(load(), "en")
    'Special school; teaching points under 50 pupils; senior stages; stages without pupils'
    """
    rule = standard.rules.exclusion
    between, few = say(lang, "、", ", "), rule.small_point_pupils
    sponsors = between.join(told(SPONSORS[code], lang) for code in rule.sponsors)
    owners = between.join(term(owner, lang, (Ownership,)) for owner in rule.ownership)
    parts = (
        between.join(term(kind, lang, (Kind,)) for kind in rule.kinds),
        say(lang, f"{owners}学校", f"{owners.lower()} schools") if owners else "",
        say(lang, f"举办者为{sponsors}的学校", f"schools run by {sponsors}") if sponsors else "",
        say(lang, f"在校生不足 {few} 人的教学点", f"teaching points under {few} pupils") if few else "",
        say(lang, "高中学段", "senior stages"),
        say(lang, "在校生为 0 的学段", "stages without pupils"),
    )
    return say(lang, "；", "; ").join(part for part in parts if part)


def columns_of(code: str, standard: Standard, lang: Lang) -> tuple[tuple[str, str], ...]:
    """Return the tables that an indicator rests on, each with its columns as one text."""
    found, rests = [], bearing(standard)
    for name, table in tables_of(standard).items():
        columns = {c.name: c.label for c in table.columns if code in rests[name, c.name]}
        if name == "district" and columns:
            columns = {i.value: i.zh for i in items_of(standard).values() if code in rests[name, i.value]}
        names = [column_label(name, column, zh, lang) for column, zh in columns.items()]
        if names:
            found.append((name, say(lang, f"：{'、'.join(names)}", f": {', '.join(names)}")))
    return tuple(found)


def source_lines(
    context: ReportContext, rules: Collection[str], *, district: str, schools: Collection[str] | None = None
) -> dict[str, list[int]]:
    """Return on which lines of each table stand the rows that the verdicts of a page rest on.

    Parameters
    ----------
    rules : collection of str
        The page's rules; tables on which none of them rests are left out.
    district : str
    schools : collection of str, optional
        Ids; all of the district unless given. Their campuses are found here.
    """
    rests = bearing(context.standard)
    used = {table for (table, _), codes in rests.items() if not set(rules).isdisjoint(codes)}
    ids = _with_campuses(context, district, schools)
    return {
        name: [context.data.line(name, at) for at in _mine(context, name, district, ids, rules, rests)]
        for name in TABLES
        if name in used
    }


def source_rows(
    context: ReportContext, rules: Collection[str], *, district: str, schools: Collection[str] | None = None
) -> Table:
    """Return which rows of the data the verdicts of a page rest on; see `source_lines`."""
    lang = context.lang
    found = source_lines(context, rules, district=district, schools=schools)
    lines = [
        {"table": table_label(name, lang), "count": len(at), "lines": told(spans(at, MOST_SPANS), lang)}
        for name, at in found.items()
    ]
    return columns.table(
        context,
        ("数据所在的行", "Rows of the data"),
        (
            Column("table", ("数据表", "Table")),
            Column("count", ("行数", "Rows"), decimals=0),
            Column("lines", ("所在行（首行为表头）", "Lines (the header is line 1)")),
        ),
        lines,
    )


def _with_campuses(context: ReportContext, district: str, wanted: Collection[str] | None) -> set[str]:
    if wanted is None:
        schools = context.data["schools"]
        return set(schools["school_id"][(schools["district"] == district).to_numpy(dtype=bool)])
    campuses = context.school_index.campuses
    return {*wanted, *(campus for school in wanted for campus in campuses.get(school, ()))}


def _mine(
    context: ReportContext,
    table: str,
    district: str,
    schools: set[str],
    rules: Collection[str],
    rests: Mapping[tuple[str, str], tuple[str, ...]],
) -> list[int]:
    """Return where a table has rows of this year and these schools, or of this district and these rules."""
    frame = context.data[table]
    if "school_id" in frame:
        return context.school_index.at(table, schools).tolist()
    places = context.school_index.at(table, [district]).tolist()
    if "item" not in frame:
        return places
    items = frame["item"].iloc[places]
    bears = {
        item: rests.get((table, item), ("veto",) if table == "vetoes" else (str(item).partition(".")[0],))
        for item in set(items)
    }
    return [
        place for place, item in zip(places, items, strict=True) if not set(bears[item]).isdisjoint(rules)
    ]
