"""The tables of a dataset: each column's name, Chinese label, unit, range, and which indicators rest on it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from math import inf
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from qb.language import Both, Message
from qb.standard import Indicator, Standard
from qb.terms import Kind, Location, Ownership, Progress, RoomKind, Stage, Status, Term

# What a column and a table are, and how their headers are compared.


class ColumnKind(Term):
    """What a column holds."""

    TEXT = "text", "文字"
    ID = "id", "编号（文字）"
    TERM = "term", "选项"
    BOOL = "bool", "是否"
    DATE = "date", "日期"
    YEAR = "year", "年份"
    COUNT = "count", "个数"
    ORDINAL = "ordinal", "序号"
    NUMBER = "number", "数值"
    SHARE = "share", "比率"


RANGES: dict[ColumnKind, tuple[float, float]] = {
    ColumnKind.YEAR: (1900, 2200),
    ColumnKind.COUNT: (0, inf),
    ColumnKind.ORDINAL: (1, inf),
    ColumnKind.NUMBER: (0, inf),
    ColumnKind.SHARE: (0, 1),
}
WHOLE = (ColumnKind.YEAR, ColumnKind.ORDINAL)  # kinds of which a fraction makes no sense
AMOUNTS = (ColumnKind.COUNT, ColumnKind.NUMBER)  # kinds that add up
UNITS = {"个": "in number", "人": "persons", "间": "rooms", "元": "yuan"}  # in English, where they differ


_ALL_SEVEN = "、".join(f"C{i}" for i in range(1, 8))


class Named:
    """What sentences call a column or a table: in Chinese by its label, in English by its name."""

    zh, en = property(lambda self: self.label), property(lambda self: self.name)


@dataclass(frozen=True)
class SchemaColumn(Named):
    """One column of a table."""

    # name, label: English name and Chinese label, the label without its unit.
    name: str
    label: str
    kind: ColumnKind
    unit: str = ""  # as printed, ``m²``; empty where there is none
    terms: tuple[Term, ...] = ()  # the closed set of a column of kind ``term``; empty otherwise
    codes: tuple[str, ...] = ()  # the indicators that rest on it (C1–C31, ``recognition``, ``veto``)
    # low, high: bounds, both allowed; taken from the kind unless given. Infinite where there is none.
    low: float | None = None
    high: float | None = None
    note: str = ""  # what a person filling it in must know, in Chinese
    required: bool = False  # the table cannot be used without this column, nor a row without its value
    # Beyond the contract: used by the transition clauses, or to say where a row comes from.
    optional: bool = False
    blank: bool = False  # a row may rightly leave it empty: it is asked of some rows only, or decides nothing
    aliases: tuple[str, ...] = ()  # other headers that plainly mean the column
    unit_en: str = ""  # the unit in English, of a column that a standard declares

    def __post_init__(self) -> None:
        low, high = RANGES.get(self.kind, (-inf, inf))
        object.__setattr__(self, "low", low if self.low is None else self.low)
        object.__setattr__(self, "high", high if self.high is None else self.high)

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in RANGES

    @property
    def dtype(self) -> str:
        """The pandas dtype. A required year is never missing, so it alone is an integer."""
        if self.numeric:
            return "int64" if self.required and self.kind is ColumnKind.YEAR else "float64"
        return "boolean" if self.kind is ColumnKind.BOOL else "str"

    @property
    def measure(self) -> Both:
        """The unit as sentences have it."""
        return Both(self.unit, self.unit_en or UNITS.get(self.unit, self.unit))

    @property
    def clause(self) -> str:
        """The indicators that rest on the column, as a reader sees them."""
        words = {"recognition": "社会认可度", "veto": "一票否决"}
        return "、".join(words.get(code, code) for code in self.codes).replace(_ALL_SEVEN, "C1—C7")

    @property
    def header(self) -> str:
        """The Chinese label with its unit, as a table's head shows it."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label


@dataclass(frozen=True)
class Band:
    """The columns of a row that stands for all records of a size: so many from here to there."""

    # low, high, count: where the band begins and ends, blank where it is open; how many records it has.
    low: str
    high: str
    count: str
    size: str  # the column that a single record has instead
    # Required columns that a band leaves blank; of a blank stage, it is of the whole school.
    blank: tuple[str, ...]
    closed: bool  # whether the upper end belongs to the band: of whole numbers it does, of areas it does not

    @property
    def columns(self) -> tuple[str, str, str]:
        """The three columns of a band."""
        return self.low, self.high, self.count


@dataclass(frozen=True)
class SchemaTable(Named):
    """One table: its name, the Chinese name of its sheet, what a row is, its key, its columns, its bands.

    An `optional` one is not missed where it was not handed in.
    """

    name: str
    label: str
    row: str
    key: tuple[str, ...]
    columns: tuple[SchemaColumn, ...]
    band: Band | None = None
    optional: bool = False
    by_name: dict[str, SchemaColumn] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> SchemaColumn:
        return self.by_name[name]

    @property
    def names(self) -> list[str]:
        """English names of all columns, in order."""
        return list(self.by_name)

    @property
    def required(self) -> list[str]:
        """Columns without which the table cannot be used."""
        return [column.name for column in self.columns if column.required]

    def required_among(self, names: Collection[str]) -> list[str]:
        """Return the required columns that a table with these columns must have: bands do without some."""
        blank = self.band.blank if self.band and self.band.count in names else ()
        return [name for name in self.required if name not in blank]

    def bands(self, frame: Mapping[str, pd.Series]) -> np.ndarray:
        """Return which rows are bands of sizes and no single record, shape (rows,)."""
        return np.logical_or.reduce([frame[name].notna().to_numpy() for name in self.band.columns])

    @cached_property
    def headers(self) -> dict[str, SchemaColumn]:
        """Every tidied header that names a column, without units."""
        named = {tidy_header(h): column for column in self.columns for h in (column.name, column.label)}
        return {tidy_header(h): column for column in self.columns for h in column.aliases} | named

    def empty(self) -> pd.DataFrame:
        """Return the table without rows."""
        return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in self.columns})


def tidy_header(text: str) -> str:
    """Return a header as it is compared: full-width made half-width, small letters, nothing unseen.

    >>> tidy_header(" Ｐupils　")
    'pupils'
    """
    plain = INVISIBLE.sub("", str(text))
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", plain)).casefold()


# What no eye sees: marks of width nothing and of direction, as pasted from chats and pages.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


_UNIT_NAMES = {"平方米": "m2", "人民币元": "元"}


def tidy_unit(text: str) -> str:
    """Return a unit as it is compared: ``m²``, ``㎡`` and 平方米 are one.

    >>> tidy_unit("㎡") == tidy_unit("平方米") == tidy_unit("m²")
    True
    """
    unit = tidy_header(text)
    return _UNIT_NAMES.get(unit, unit)


# The registry: every table, column and district item, described once.


INVENTED = "模拟数据"  # what the column `source` says in every invented row


class DistrictItem(Term):
    """Items of the table `district`: name, Chinese label, unit, and the indicators that use it."""

    unit: str
    codes: tuple[str, ...]

    def __new__(cls, value: str, zh: str, unit: str, *codes: str) -> DistrictItem:
        """Make the member of a line below."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh, member.en, member.unit, member.codes = zh, value, unit, codes
        return member

    BASE_AMOUNT_PRIMARY_YUAN = "base_amount_primary_yuan", "小学生均公用经费基准定额", "元", "C9", "C13"
    BASE_AMOUNT_JUNIOR_YUAN = "base_amount_junior_yuan", "初中生均公用经费基准定额", "元", "C9", "C13"
    PROVINCE_BASE_AMOUNT_PRIMARY_YUAN = (
        "province_base_amount_primary_yuan", "全省小学生均公用经费基准定额", "元", "C9", "C13",
    )  # fmt: skip
    PROVINCE_BASE_AMOUNT_JUNIOR_YUAN = (
        "province_base_amount_junior_yuan", "全省初中生均公用经费基准定额", "元", "C9", "C13",
    )  # fmt: skip
    SPECIAL_PUPILS = "special_pupils", "特殊教育学校及随班就读学生数", "人", "C14"
    SPECIAL_ALLOCATION_YUAN = "special_allocation_yuan", "特殊教育公用经费拨款", "元", "C14"
    TEACHER_MEAN_PAY_YUAN = "teacher_mean_pay_yuan", "义务教育教师年平均工资收入", "元", "C15"
    CIVIL_SERVANT_MEAN_PAY_YUAN = "civil_servant_mean_pay_yuan", "当地公务员年平均工资收入", "元", "C15"
    ROTATION_ELIGIBLE = "rotation_eligible", "符合交流条件教师数", "人", "C18"
    ROTATION_ROTATED = "rotation_rotated", "实际交流教师数", "人", "C18"
    ROTATION_BACKBONE = "rotation_backbone", "交流教师中骨干教师数", "人", "C18"
    QUOTA_PLANNED = "quota_planned", "优质高中招生计划数", "人", "C21"
    QUOTA_ALLOCATED = "quota_allocated", "优质高中分配到校名额数", "人", "C21"
    QUOTA_ALLOCATED_RURAL = "quota_allocated_rural", "优质高中分配到农村初中名额数", "人", "C21"
    MIGRANT_ELIGIBLE = "migrant_eligible", "符合条件的随迁子女数", "人", "C22"
    MIGRANT_PLACED = "migrant_placed", "在公办和政府购买学位就读的随迁子女数", "人", "C22"
    GRADUATES = "graduates", "初中毕业生数", "人", "C23"
    ENTRANTS_THREE_YEARS_BEFORE = "entrants_three_years_before", "三年前初中入学人数", "人", "C23"
    TRANSFERRED_IN = "transferred_in", "三年内转入人数", "人", "C23"
    TRANSFERRED_OUT = "transferred_out", "三年内转出人数", "人", "C23"
    DEATHS = "deaths", "三年内死亡人数", "人", "C23"
    DISABLED_OF_AGE = "disabled_of_age", "适龄残疾儿童少年数", "人", "C24"
    DISABLED_ENROLLED = "disabled_enrolled", "已入学适龄残疾儿童少年数", "人", "C24"
    SCHOOLS_CHECKED = "schools_checked", "核查信息化条件的学校数", "所", "C25"
    SCHOOLS_WITH_BROADBAND = "schools_with_broadband", "接入宽带的学校数", "所", "C25"
    REGULAR_CLASSROOMS = "regular_classrooms", "普通教室数", "间", "C25"
    REGULAR_CLASSROOMS_MULTIMEDIA = "regular_classrooms_multimedia", "配有多媒体的普通教室数", "间", "C25"
    SURVEY_ISSUED = "survey_issued", "发放问卷数", "份", "recognition"
    SURVEY_VALID = "survey_valid", "有效问卷数", "份", "recognition"
    SURVEY_SATISFIED = "survey_satisfied", "满意问卷数", "份", "recognition"
    PARENTS_ISSUED = "parents_issued", "发放家长问卷数", "份", "recognition"
    PARENTS_VALID = "parents_valid", "有效家长问卷数", "份", "recognition"
    PARENTS_SATISFIED = "parents_satisfied", "满意家长问卷数", "份", "recognition"
    VISITS = "visits", "实地走访人数", "人", "recognition"
    VISITS_SATISFIED = "visits_satisfied", "实地走访满意人数", "人", "recognition"
    BIRTHS = "births", "出生人数（上年9月至当年8月）", "人"
    # Beyond what decides: the national forms ask for them.
    POPULATION = "population", "人口总数", "人"
    RURAL_POPULATION = "rural_population", "农业人口数", "人"
    TOWNSHIPS = "townships", "乡镇数", "个"
    VILLAGES = "villages", "行政村数", "个"
    GDP_PER_PERSON_YUAN = "gdp_per_person_yuan", "年人均国内生产总值", "元"
    REVENUE_PER_PERSON_YUAN = "revenue_per_person_yuan", "年人均地方财政收入", "元"
    FARMER_INCOME_YUAN = "farmer_income_yuan", "农民年人均纯收入", "元"
    URBAN_INCOME_YUAN = "urban_income_yuan", "城镇居民年人均可支配收入", "元"
    STAFF_PRIMARY = "staff_primary", "小学教职工数", "人"
    STAFF_JUNIOR = "staff_junior", "初中教职工数", "人"
    MIGRANT_PUBLIC = "migrant_public", "在公办学校就读的随迁子女数", "人"
    MIGRANT_BOUGHT = "migrant_bought", "在政府购买学位的民办学校就读的随迁子女数", "人"
    DISABLED_SPECIAL = "disabled_special", "在特殊教育学校就读的残疾儿童少年数", "人"
    PARENT_VISITS = "parent_visits", "实地走访家长人数", "人"
    PARENT_VISITS_SATISFIED = "parent_visits_satisfied", "实地走访满意家长人数", "人"


# Codes of who runs a school, as the national forms number them.
SPONSORS = {
    1: Message("中央教育部门", "central education authority"), 2: Message("中央其他部门", "other central authority"),
    3: Message("省级教育部门", "provincial education authority"), 4: Message("省级其他部门", "other provincial authority"),
    5: Message("地级教育部门", "city education authority"), 6: Message("地级其他部门", "other city authority"),
    7: Message("县级教育部门", "county education authority"), 8: Message("县级其他部门", "other county authority"),
    9: Message("地方企业", "local enterprise"), 10: Message("民办", "private"),
}  # fmt: skip

# Full-time teachers by their highest degree, as school forms ask for them, and which of them are above the
# required one: 小学大专及以上、初中本科及以上 (national forms, 表II-2, note on L7).
DEGREES = {
    "college_teachers": "专科",
    "bachelor_teachers": "本科",
    "master_teachers": "硕士",
    "doctor_teachers": "博士",
}
ABOVE_REQUIRED = {Stage.PRIMARY: tuple(DEGREES), Stage.JUNIOR: tuple(DEGREES)[1:]}

DISTRICT_ITEMS: dict[str, DistrictItem] = {item.value: item for item in DistrictItem}

_TEXT, _ID, _TERM = ColumnKind.TEXT, ColumnKind.ID, ColumnKind.TERM
_COUNT, _NUMBER, _ORDINAL = ColumnKind.COUNT, ColumnKind.NUMBER, ColumnKind.ORDINAL

_SEVEN = tuple(f"C{i}" for i in range(1, 8))
_BY_STAGE = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR)

_SOURCE = SchemaColumn("source", "数据来源", _TEXT, note=f"虚构的数据逐行写明“{INVENTED}”", optional=True)
_YEAR = SchemaColumn(
    "year",
    "学年",
    ColumnKind.YEAR,
    required=True,
    note="学年开始的公历年份：2024 表示 2024—2025 学年",
    aliases=("年度", "学年度", "填报年度"),
)
_SCHOOL_CODE = ("学校代码", "学校编码", "学校编号", "学校标识", "标识码")
_SCHOOL = SchemaColumn(
    "school_id", "学校标识码", _ID, required=True, note="按文字保存，前导零不丢", aliases=_SCHOOL_CODE
)
_STAGE = SchemaColumn("stage", "学段", _TERM, terms=_BY_STAGE, required=True)
_STAGE_OR_WHOLE = SchemaColumn(
    "stage", "学段", _TERM, terms=tuple(Stage), required=True, note="分档填报而不分学段的填“全校”或留空"
)
_COUNTY = ("区县", "县市区", "县(市、区)", "所属县区", "所属区县", "行政区")


def _count(name: str, label: str, unit: str, *codes: str, **more: Any) -> SchemaColumn:
    return SchemaColumn(name, label, _COUNT, unit, codes=codes, **more)


def _number(name: str, label: str, unit: str, *codes: str, **more: Any) -> SchemaColumn:
    return SchemaColumn(name, label, _NUMBER, unit, codes=codes, **more)


def _text(name: str, label: str, *codes: str, **more: Any) -> SchemaColumn:
    return SchemaColumn(name, label, _TEXT, codes=codes, **more)


_DISTRICT = _text("district", "县区", required=True, note="同一县区只用一种写法", aliases=_COUNTY)
_LONGITUDE = _number("longitude", "经度", "°", low=-180, high=180, note="十进制度数", blank=True)
_LATITUDE = _number("latitude", "纬度", "°", low=-90, high=90, note="十进制度数", blank=True)


def _table(
    name: str,
    label: str,
    row: str,
    key: tuple[str, ...],
    *columns: SchemaColumn,
    band: Band | None = None,
    optional: bool = False,
) -> SchemaTable:
    return SchemaTable(name, label, row, key, (*columns, _SOURCE), band, optional)


_ALL_TABLES = (  # a column added later stands behind those that were there: what is pasted in old order fits
    _table(
        "schools", "学校", "一所学校或一个校区", ("school_id",),
        _SCHOOL,
        SchemaColumn("name", "学校名称", _TEXT, aliases=("校名", "学校全称")),
        SchemaColumn("district", "县区", _TEXT, codes=_SEVEN, note="同一县区只用一种写法", aliases=_COUNTY),
        SchemaColumn("kind", "办学类型", _TERM, terms=tuple(Kind), codes=(*_SEVEN, "C10", "C11"),
               aliases=("学校类型", "学校类别")),
        SchemaColumn("ownership", "办学性质", _TERM, terms=tuple(Ownership), codes=("C20",)),
        SchemaColumn("location", "城乡类别", _TERM, terms=tuple(Location), codes=("C20",),
               note="按国家统计的城乡分类"),
        SchemaColumn("boarding", "寄宿制", ColumnKind.BOOL, codes=("C20",)),
        _text("group", "教育集团", blank=True),
        _LONGITUDE,
        _LATITUDE,
        SchemaColumn("opened_year", "开办年份", ColumnKind.YEAR, codes=_SEVEN, low=1000,
               note="此前各学年不要求报送；未满员的新建学校据此标注"),
        SchemaColumn("parent_id", "所属学校标识码", _ID, codes=_SEVEN, note="不单独计为学校的校区填其所属学校",
               blank=True),
        SchemaColumn("built_year", "校舍建成年份", ColumnKind.YEAR, codes=("C10", "C11"), optional=True, low=1000,
               note="过渡条款用"),
        SchemaColumn("closed_year", "停办年份", ColumnKind.YEAR, codes=_SEVEN, optional=True,
               note="最后办学的学年，如办到 2024—2025 学年填 2024；此后各学年不再要求报送"),
        _number("land_available_m2", "可建设用地面积", "m²", "C5", optional=True,
                note="校内还能新建运动场地的用地；方案新增的场地不超过它"),
        SchemaColumn("sponsor", "举办者类型", _ORDINAL, high=10, optional=True,
               note="国家表册的代码：" + "、".join(f"{code} {name}" for code, name in SPONSORS.items())),
    ),
    _table(
        "sections", "学段", "一所学校一个学段一学年", ("year", "school_id", "stage"),
        _YEAR, _SCHOOL, _STAGE,
        _count("pupils", "在校生数", "人", *_SEVEN, "C11", "C13", "C20",
               aliases=("学生数", "学生人数", "在校学生数", "在校人数")),
        _count("classes", "班级数", "个", "C8", "C10", aliases=("班数", "教学班数")),
        _count("full_time_teachers", "专任教师数", "人", "C16", "C19", aliases=("专任教师", "专任教师总数")),
        _count("teachers_above_required", "高于规定学历教师数", "人", "C1",
               note="专任教师中小学大专及以上、初中本科及以上；兼职、代课不计"),
        _count("backbone_teachers", "县级以上骨干教师数", "人", "C2", note="一人只计一次"),
        _count("pe_arts_teachers", "体育艺术专任教师数", "人", "C3", note="体育、音乐、美术，按任教学科计"),
        _count("certified_teachers", "持证专任教师数", "人", "C19", note="持有教师资格证书"),
        _count("trained_teachers", "培训满360学时专任教师数", "人", "C16", note="五年累计"),
        _count("in_zone_pupils", "划片就近入学学生数", "人", "C20", blank=True),
        _count("visiting_pe_arts_teachers", "交流走教体育艺术教师数", "人", "C3", note="过渡条款用",
               optional=True),
        _count("migrant_pupils", "随迁子女学生数", "人", "C11", note="过渡条款用", optional=True),
        *(
            _count(name, f"{word}学历专任教师数", "人", "C1", optional=True,
                   note="按最高学历计；“高于规定学历教师数”未填时，按本学段的规定由各层学历相加")
            for name, word in DEGREES.items()
        ),
    ),
    _table(
        "facilities", "办学条件", "一所学校一个学段（或全校）一学年", ("year", "school_id", "stage"),
        _YEAR, _SCHOOL,
        SchemaColumn("stage", "学段", _TERM, terms=tuple(Stage), required=True,
               note="各学段共用而不分开统计的填“全校”"),
        _number("teaching_area_m2", "教学及辅助用房面积", "m²", "C4", note="含室内体育用房面积"),
        _number("indoor_sports_area_m2", "室内体育用房面积", "m²", "C4", "C5"),
        _number("sports_ground_m2", "体育运动场地面积", "m²", "C5", note="不含室内体育用房"),
        _number("equipment_yuan", "教学仪器设备值", "元", "C6", note="单位是元，不是万元"),
        _count("multimedia_rooms", "网络多媒体教室数", "间", "C7"),
        _number("supplementary_sports_m2", "屋顶、地下及租用运动场地面积", "m²", "C5", note="过渡条款用",
                optional=True),
    ),
    _table(
        "classes", "班级", "一个班一学年", ("year", "school_id", "stage", "grade", "class_no"),
        _YEAR, _SCHOOL, _STAGE_OR_WHOLE,
        SchemaColumn("grade", "年级", _ORDINAL, high=12, required=True, note="1—12：初中七至九，高中十至十二"),
        SchemaColumn("class_no", "班号", _ORDINAL, required=True),
        _count("pupils", "班额", "人", "C12"),
        _count("pupils_from", "班额下限", "人", "C12", optional=True,
               note="按班额分档填报时用，不填年级、班号、班额；两端都含；“25人及以下”不填下限"),
        _count("pupils_to", "班额上限", "人", "C12", optional=True, note="“66人及以上”不填上限"),
        _count("count", "本档班数", "个", "C10", "C12", optional=True,
               note="这一档有几个班；班级数未填时以各档和单列的班合计为准"),
        band=Band("pupils_from", "pupils_to", "count", "pupils", ("stage", "grade", "class_no"), closed=True),
    ),
    _table(
        "rooms", "音乐美术教室", "一间专用教室一学年", (),
        _YEAR, _SCHOOL, _STAGE_OR_WHOLE,
        SchemaColumn("kind", "教室类别", _TERM, terms=tuple(RoomKind), codes=("C10",), required=True),
        _number("area_m2", "教室面积", "m²", "C10"),
        _number("area_from", "面积下限", "m²", "C10", optional=True,
                note="按面积分档填报时用，不填教室面积；含下限"),
        _number("area_to", "面积上限", "m²", "C10", optional=True,
                note="不含上限：73—96㎡的一档不含96㎡；“96㎡及以上”不填上限"),
        _count("count", "本档间数", "间", "C10", optional=True, note="这一档有几间"),
        band=Band("area_from", "area_to", "count", "area_m2", ("stage",), closed=False),
    ),
    _table(
        "funds", "经费", "一所学校一学年", ("year", "school_id"),
        _YEAR, _SCHOOL,
        _number("public_funds_budget_yuan", "公用经费预算", "元", "C26"),
        _number("public_funds_final_yuan", "公用经费决算", "元", "C26"),
        _number("training_budget_yuan", "教师培训经费预算", "元", "C26"),
        _number("training_final_yuan", "教师培训经费决算", "元", "C26"),
        _number("allocation_yuan", "公用经费拨款", "元", "C13", blank=True),
        SchemaColumn("covers_campuses", "经费含各校区", ColumnKind.BOOL, codes=("C13", "C26"), optional=True,
               note="法人学校的账已含全部校区的填“是”，校区不再填报；否则各校区分别填报"),
    ),
    _table(
        "district", "县区数据", "一个县区一学年一个项目", ("year", "district", "item"),
        _YEAR, _DISTRICT,
        SchemaColumn("item", "项目", _TERM, terms=tuple(DistrictItem), required=True),
        SchemaColumn("value", "数值", _NUMBER, note="单位见项目表",
               codes=tuple(dict.fromkeys(c for item in DistrictItem for c in item.codes))),
    ),
    _table(
        "evidence", "佐证材料", "一个县区一学年一个条目", ("year", "district", "item"),
        _YEAR, _DISTRICT,
        SchemaColumn("item", "条目", _ID, required=True, note="如 C8.1；方案的任务为 T1—T16"),
        SchemaColumn("status", "达到情况", _TERM, terms=tuple(Status),
               codes=("C8", "C9", "C15", "C17", "C21", "C22", "C25", "C27", "C28", "C29", "C30")),
        _text("document", "材料名称"),
        _text("note", "说明", blank=True),
        SchemaColumn("checked_on", "核查日期", ColumnKind.DATE),
    ),
    _table(
        "monitoring", "质量监测", "一个县区一学年一个学科", ("year", "district", "subject"),
        _YEAR, _DISTRICT,
        SchemaColumn("subject", "学科", _TEXT, codes=("C31",), required=True),
        SchemaColumn("level", "水平等级", _ORDINAL, codes=("C31",), high=5, note="1—5 即 Ⅰ—Ⅴ 级"),
        SchemaColumn("between_school_rate", "校际差异率", ColumnKind.SHARE, codes=("C31",),
               note="0.12 即 12%；由国家监测发布"),
    ),
    _table(
        "vetoes", "一票否决", "一个县区一学年一个条目", ("year", "district", "item"),
        _YEAR, _DISTRICT,
        SchemaColumn("item", "条目", _ID, required=True, note="V1—V6"),
        SchemaColumn("found", "是否发生", ColumnKind.BOOL, codes=("veto",)),
    ),
    _table(
        "measures", "整改台账", "一个正在整改的问题", ("number",),
        SchemaColumn("number", "序号", _ORDINAL, required=True),
        SchemaColumn("year", "学年", ColumnKind.YEAR, note=_YEAR.note),
        SchemaColumn("district", "县区", _TEXT),
        SchemaColumn("code", "指标", _ID, note="指标代码，如 C12"),
        SchemaColumn("school_id", "学校标识码", _ID, note="全县区的问题不填", blank=True),
        _text("cause", "原因"),
        _text("measure", "整改措施"),
        _text("department", "责任部门"),
        SchemaColumn("deadline", "完成时限", ColumnKind.DATE),
        SchemaColumn("status", "整改状态", _TERM, terms=tuple(Progress)),
        SchemaColumn("closed_on", "销号日期", ColumnKind.DATE, blank=True),
        _text("evidence", "佐证材料", blank=True),
    ),
    _table(
        "zones", "居住小区", "一个居住小区一学年", ("year", "zone_id"),
        _YEAR,
        SchemaColumn("zone_id", "小区编号", _ID, required=True),
        _text("name", "小区名称"),
        SchemaColumn("district", "县区", _TEXT), _LONGITUDE, _LATITUDE,
        _count("primary_children", "小学适龄儿童数", "人"),
        _count("junior_children", "初中适龄少年数", "人"),
        SchemaColumn("primary_school_id", "现划片小学标识码", _ID, blank=True),
        SchemaColumn("junior_school_id", "现划片初中标识码", _ID, blank=True),
        _count("births", "出生人数", "人", optional=True, note="上年9月至当年8月；往年的只填学年、小区编号和本列"),
    ),
    _table(
        "distances", "到校距离", "一个居住小区到一所学校（或校址）", ("zone_id", "place_id"),
        SchemaColumn("zone_id", "小区编号", _ID, required=True),
        SchemaColumn("place_id", "学校标识码或校址编号", _ID, required=True,
               note="学校的标识码，或选址文件中校址的编号"),
        _number("walk_km", "步行距离", "km", note="由导航软件或实地测得；没有这一行的按直线距离估算"),
        optional=True,
    ),
)  # fmt: skip

TABLES: dict[str, SchemaTable] = {table.name: table for table in _ALL_TABLES}
TABLES_OF_DISTRICTS = tuple(name for name, table in TABLES.items() if "district" in table.key)


@dataclass(frozen=True)
class ItemLabels:
    """An item of the table ``district`` as readers see it: one of qb's own, or a standard's."""

    value: str
    zh: str
    en: str
    unit: str
    codes: tuple[str, ...]


T = TypeVar("T")


def _kept_with_standard(found: Callable[[Any], T]) -> Callable[[Any], T]:
    """Let what a function finds of a standard be found once, and stay with it."""

    @wraps(found)
    def of(standard: Standard | None) -> T:
        if standard is None:
            return found(None)
        kept = vars(standard)  # as its own cached properties do
        if found.__name__ not in kept:
            kept[found.__name__] = found(standard)
        return kept[found.__name__]

    return of


@_kept_with_standard
def items_of(standard: Standard | None) -> Mapping[str, ItemLabels]:
    """Return the items of the table ``district``: qb's own, then those that a standard declares.

    >>> "special_pupils" in items_of(None)
    True
    """
    items = {i.value: ItemLabels(i.value, i.zh, i.value, i.unit, i.codes) for i in DistrictItem}
    for column in (c for c in standard.columns if c.table == "district") if standard else ():
        codes = tuple(i.code for i in standard.indicators if column.name in rests_on(i))
        label = column.label
        items.setdefault(column.name, ItemLabels(column.name, label.zh, label.en, column.unit.zh, codes))
    return items


# Which function computes what the registry's codes name; others are declared or checklists.
_COMPUTED = {
    "C9": "uniform_standards",
    "C10": "special_rooms",
    "C11": "school_size",
    "C12": "class_size",
    "C13": "small_school_funds",
    "C14": "special_funds",
    "C15": "pay",
    "C16": "trained",
    "C18": "rotation",
    "C19": "certified",
    "C20": "in_zone",
    "C21": "quota",
    "C22": "migrants",
    "C23": "retention",
    "C24": "disabled_enrolment",
    "C25": "charter_and_it",
    "C26": "training_funds",
    "C31": "monitoring",
}


@_kept_with_standard
def bearing(standard: Standard) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the indicators of a standard that rest on each column, by table and column; items by their name.

    Those of the registry are of the nation's standard: here each stands for what its function computes, and
    what is declared rests on what it names.

    >>> from qb.standard import load
    >>> bearing(load())["sections", "full_time_teachers"], bearing(load("basic-2012"))["facilities", "books"]
    (('C16', 'C19'), ('J5',))
    """
    of_measure: dict[str, list[str]] = {}
    declared: dict[str, list[str]] = {}
    for indicator in standard.indicators:
        of_measure.setdefault(indicator.measure, []).append(indicator.code)
        divisor = (indicator.resource.divisor,) if indicator.resource else ()
        for name in dict.fromkeys((*rests_on(indicator), *divisor)):
            declared.setdefault(name, []).append(indicator.code)
    every = set(standard.resource_codes)
    beside = {"recognition": bool(standard.recognition), "veto": bool(standard.vetoes)}
    with_items = {item.code for item in standard.checklist}
    order = {code: place for place, code in enumerate((*standard.codes, *beside))}

    def codes(own: tuple[str, ...], name: str, table: str) -> tuple[str, ...]:
        found = set(declared.get(name, ())) if table in ("sections", "facilities", "district") else set()
        for code in own:
            found |= set(of_measure.get(_COMPUTED.get(code, "-"), ()))
            found |= {code} if beside.get(code) else set()
        if table == "schools" and set(_SEVEN) <= set(own):
            found |= every
        if "C8" in own and table == "sections":  # the norm of classes "in principle"
            found |= {i.code for i in standard.indicators if "primary_classes_urban" in i.options}
        if table == "evidence" and own:
            found = with_items
        if own and set(own) <= set(_SEVEN) and not found:  # the transition's columns, and the degrees
            found = set(own) & every
        return tuple(sorted(found, key=order.__getitem__))

    columns = {
        (table.name, column.name): codes(column.codes, column.name, table.name)
        for table in tables_of(standard).values()
        for column in table.columns
    }
    items = {
        ("district", item.value): codes(item.codes, item.value, "district")
        for item in items_of(standard).values()
    }
    whole = {code for found in items.values() for code in found}
    return columns | items | {("district", "value"): tuple(sorted(whole, key=order.__getitem__))}


def rests_on(indicator: Indicator) -> tuple[str, ...]:
    """Return the columns and items that an indicator declares; none where a function computes it."""
    declared = indicator.resource or indicator.ratio
    return declared.columns if declared else ()


@_kept_with_standard
def tables_of(standard: Standard | None) -> Mapping[str, SchemaTable]:
    """Return the tables with the columns that a standard declares behind their own; `TABLES` without any.

    >>> from qb.standard import load
    >>> ["books" in tables_of(load(name))["facilities"].names for name in ("national-2017", "basic-2012")]
    [False, True]
    """
    declared: dict[str, list[SchemaColumn]] = {}
    for column in (c for c in standard.columns if c.table != "district") if standard else ():
        codes = tuple(i.code for i in standard.indicators if column.name in rests_on(i))
        kind, unit = ColumnKind(column.kind), column.unit.zh
        made = SchemaColumn(
            column.name, column.label.zh, kind, unit, codes=codes, note=column.note, unit_en=column.unit.en
        )
        if column.name not in TABLES[column.table].by_name:
            declared.setdefault(column.table, []).append(made)
    items = items_of(standard)
    if not declared and len(items) == len(DISTRICT_ITEMS):
        return TABLES
    tables = {
        name: replace(table, columns=(*table.columns, *declared.get(name, ())))
        for name, table in TABLES.items()
    }
    known = tuple(
        replace(column, terms=tuple[Any, ...](items.values())) if column.name == "item" else column
        for column in tables["district"].columns
    )
    return tables | {"district": replace(tables["district"], columns=known)}
