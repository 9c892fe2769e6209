"""What `measure` computes, in words: a sentence for each of its functions."""

from __future__ import annotations

from types import MappingProxyType

from qb.measure.resources import FACTOR
from qb.report.words import Lang, say
from qb.standard import Indicator, Standard
from qb.terms import Kind

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
        "monitoring": (
            "各学科学业水平等级和校际差异率分别与标准比较，取近 {cycle_years:g} 个学年中最近一次监测的结果；列出的是离标准最远的未达标项，没有未达标的则为最接近标准的",
            "Level and between-school rate of each subject by its latest result of {cycle_years:g} school years; shown is the one furthest from its standard, or nearest to it where all are met",
        ),
    }
)
_RETENTION = {
    "standard": (
        "毕业生 ÷（三年前入学 + 转入 − 转出 − 死亡），最高计 {cap:g}%",
        "Graduates ÷ (entrants three years before + in − out − deaths), at most {cap:g} %",
    ),
    "variant": (
        "（毕业生 − 转入 + 转出）÷（三年前入学 − 死亡），最高计 {cap:g}%",
        "(Graduates − in + out) ÷ (entrants three years before − deaths), at most {cap:g} %",
    ),
}
_HELD = MappingProxyType(
    {
        "C1": ("高于规定学历的专任教师数", "Teachers above the required degree"),
        "C2": ("县级以上骨干教师数", "Backbone teachers of county level or above"),
        "C3": ("体育、艺术专任教师数", "Full-time teachers of PE and the arts"),
        "C4": (
            "（教学及辅助用房面积 − 室内体育用房面积，不低于 0）",
            "(Teaching area − indoor sports area, not below 0)",
        ),
        "C5": ("（运动场地面积 + 室内体育用房面积）", "(Sports ground + indoor sports area)"),
        "C6": ("教学仪器设备值", "Value of teaching equipment"),
        "C7": ("网络多媒体教室数", "Networked multimedia classrooms"),
    }
)
_SHARED = ("C4", "C5", "C6", "C7")  # split where a school reports them as one


def formula(indicator: Indicator, lang: Lang) -> str:
    """Return how one of C8–C31 is computed, with the options of the standard's file.

    >>> from qb.standard import load
    >>> formula(load()["C19"], "zh")
    '持证专任教师 ÷ 专任教师'
    """
    options = indicator.options
    if indicator.measure == "retention":
        return say(lang, *_RETENTION[options["formula"]]).format(**options)
    return say(lang, *_FORMULAS[indicator.measure]).format(**options)


def seven_formula(standard: Standard, code: str, lang: Lang) -> str:
    """Return how one of C1–C7 is computed.

    >>> from qb.standard import load
    >>> seven_formula(load(), "C2", "zh")
    '县级以上骨干教师数 ÷ 本学段在校生数 × 100'
    """
    hundred = " × 100" if FACTOR[standard[code].measure] == 100 else ""
    words = f"{say(lang, *_HELD[code])} ÷ {say(lang, '本学段在校生数', 'pupils of the stage')}{hundred}"
    if code not in _SHARED:
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
