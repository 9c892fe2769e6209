"""表I: the district as it is, and what each school holds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.forms.filing import KINDS, Filing, Line
from qb.forms.sheet import Cell, Column, Figure, Form, Middle
from qb.report.words import term
from qb.standard import SEVEN
from qb.terms import COMPULSORY, Kind, Ownership, Stage

# L1–L22 as the published form of 基本均衡 numbers them.
_NATURE = ("人口总数（万人）", "农业人口数（万人）", "乡镇数（个）", "行政村数（个）")
_ECONOMY = (
    "年人均国内生产总值（元）",
    "年人均地方财政收入（元）",
    "农民年人均纯收入（元）",
    "城镇居民年人均可支配收入（元）",
)
_UNITS_OF_SCHOOLS = {
    "小学": (Kind.PRIMARY,),
    "一贯制学校": (Kind.NINE_YEAR, Kind.TWELVE_YEAR),
    "初中": (Kind.JUNIOR,),
    "完中": (Kind.COMPLETE_SECONDARY,),
}
# What the seven count, as an amount; decimals in print.
AMOUNTS = {
    "C1": ("高于规定学历教师（人）", 0),
    "C2": ("县级以上骨干教师（人）", 0),
    "C3": ("体育、艺术专任教师（人）", 0),
    "C4": ("教学及辅助用房面积（㎡）", 2),
    "C5": ("体育运动场馆面积（㎡）", 2),
    "C6": ("教学仪器设备值（元）", 2),
    "C7": ("网络多媒体教室（间）", 2),
}
GROUPS = (("B1", ("C1", "C2", "C3")), ("B2", ("C4", "C5", "C6", "C7")))


def overview(form: Form, filing: Filing) -> None:
    """Write 表I-1: places, schools, classes, pupils and teachers of the district."""
    form.opening("表I-1  县域义务教育基本情况", filing.place, filing.invented)
    columns = [
        (None, "县（市、区）", None, None),
        *(("自然情况", text, None) for text in _NATURE),
        *(("经济情况", text, None) for text in _ECONOMY),
        *(("普通中小学校数（所）", text, None) for text in _UNITS_OF_SCHOOLS),
        ("特殊教育学校数（所）", None, None),
        ("小学教学点数（个）", None, None),
        *(("教学班数（个）", stage.zh, None) for stage in COMPULSORY),
        *(("在校学生数（人）", stage.zh, None) for stage in COMPULSORY),
        *(("教职工数（人）", stage.zh, text) for stage in COMPULSORY for text in ("合计", "其中专任教师")),
    ]
    numbered: list[Column] = [("县（市、区）", None, None, "")]
    numbered += [(*column, f"L{place}") for place, column in enumerate(columns[1:], start=1)]
    form.head(numbered)
    form.line([filing.district, *_overview_figures(filing)], height=30)
    for note in (
        "注：1. L1—L8、L19、L21 不在填报的数据表中，写“缺数据”，请按统计部门正式公布的数补填。",
        "2. 教学班、在校生和专任教师含一贯制学校相应学段、完全中学初中部和教学点，不含特殊教育学校；"
        "校区并入所属学校。",
        f"3. {_private(filing)}",
    ):
        form.span(note)


def _overview_figures(filing: Filing) -> list[Cell]:
    kinds = _schools(filing)["kind"]
    counts = [kinds.isin(list(of)).sum() for of in (*_UNITS_OF_SCHOOLS.values(), (Kind.SPECIAL,))]
    points = (kinds == Kind.TEACHING_POINT).sum()
    sections = filing.of_year("sections").merge(filing.schools[["school_id", "kind"]], on="school_id")
    ordinary = sections[(sections["kind"] != Kind.SPECIAL).to_numpy()]

    def total(name: str, stage: Stage) -> float:
        # A section that has not reported leaves the sum open.
        return ordinary.loc[(ordinary["stage"] == stage).to_numpy(), name].sum(skipna=False)

    known = [*counts, points]
    known += [total(name, stage) for name in ("classes", "pupils") for stage in COMPULSORY]
    for stage in COMPULSORY:
        known += [np.nan, total("full_time_teachers", stage)]
    blank = [np.nan] * (len(_NATURE) + len(_ECONOMY))
    return [Figure(float(value)) for value in (*blank, *known)]


def _schools(filing: Filing) -> pd.DataFrame:
    """Return the schools with a compulsory stage in the year, campuses left to their parents."""
    out = filing.own.excluded
    here = {*filing.own.rows["school_id"], *out.loc[out["stage"].isin(COMPULSORY), "school_id"]}
    return filing.schools[filing.schools["school_id"].isin(here).to_numpy()]


def _private(filing: Filing) -> str:
    schools = _schools(filing)
    private = schools[(schools["ownership"] == Ownership.PRIVATE).to_numpy()]["kind"]
    counts = [f"{text} {private.isin(list(of)).sum()} 所" for text, of in _UNITS_OF_SCHOOLS.items()]
    return f"其中民办：{'、'.join(counts)}。"


def holdings(form: Form, filing: Filing, stage: Stage) -> None:
    """Write 表I-2 or 表I-3: pupils and what each school holds of C1–C7, shared facilities split."""
    number = 2 + COMPULSORY.index(stage)
    form.opening(f"表I-{number}  {stage.zh}资源配置基础数据", filing.place, filing.invented)
    columns: list[Column] = [(text, None) for text in (*SCHOOL_HEAD, "在校生（人）", "班级（个）")]
    columns += [("教师队伍", "专任教师（人）")]
    for group, codes in GROUPS:
        columns += [(group_title(filing, group), AMOUNTS[code][0]) for code in codes]
    form.head(columns)
    rows = stage_rows(filing, stage)
    names = ["pupils", "classes", "full_time_teachers", *(f"{code}_amount" for code in SEVEN)]
    decimals = [0, 0, 0, *(AMOUNTS[code][1] for code in SEVEN)]
    for place, row in enumerate(rows.to_dict("records"), start=1):
        figures = [Figure(row[name], digits) for name, digits in zip(names, decimals, strict=True)]
        form.line([*school_cells(place, row), *figures])
    totals = [Figure(rows[name].sum(skipna=False), n) for name, n in zip(names, decimals, strict=True)]
    form.line(["", "合计", *[""] * (len(SCHOOL_HEAD) - 2), *totals])
    weights = filing.standard.rules.split
    form.span("注：1. 教学及辅助用房面积已扣除室内体育用房；体育运动场馆面积含室内体育用房。")
    form.span(
        f"2. 一贯制学校、完全中学共用的校舍、场地、设备按学段学生数加权分摊（{_ratio(weights.nine_year)}；"
        f"十二年一贯制 {_ratio(weights.twelve_year)}；完全中学 {_ratio(weights.complete_secondary)}），"
        "教师按学段据实统计；已分学段报送的照报送数。"
    )


def _ratio(weights: dict[Stage, float]) -> str:
    return f"{':'.join(stage.zh for stage in weights)} = {':'.join(f'{w:g}' for w in weights.values())}"


SCHOOL_HEAD = ("序号", "学校名称", "学校标识码", "办学类型", "办学性质", "城乡类别")
SCHOOL_WIDTHS = (5, 20, 12, 12, 6, 6)


def school_cells(place: int, row: Line) -> list[Cell]:
    """Return the cells that say which school a row is."""
    kinds = (term(row[key], "zh", (of,)) for key, of in KINDS.items())
    return [Middle(place), str(row["name"]), str(row["school_id"]), *map(Middle, kinds)]


def stage_rows(filing: Filing, stage: Stage) -> pd.DataFrame:
    """Return the judged schools of a stage."""
    rows = filing.own.rows
    return rows[(rows["stage"] == stage).to_numpy()]


def group_title(filing: Filing, code: str) -> str:
    """Return a heading above indicators: 教师队伍."""
    return next(group.title.zh for group in filing.standard.groups if group.code == code)
