"""Words for actions: what fields, columns and purchases are called; the names of schools and zones in their sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qb.data.schema import DISTRICT_ITEMS, TABLES
from qb.language import Both, Message, listing
from qb.rounding import round_half_up
from qb.standard import Standard
from qb.terms import Stage

SITE = "site"  # land, and what a new school needs beside the resources
BUILDING = "building"  # a new school by its estimate
# What fields, columns and other things that money buys are called, where the tables have no label in the language.
CALLED = {
    SITE: Both("征地和开办", "land and setting up"),
    BUILDING: Both("建校（按概算）", "the new school (as estimated)"),
    "rooms": Both("音美教室", "music and art rooms"),
    "music": Both("音乐教室面积（平方米）", "music room (m²)"),
    "art": Both("美术教室面积（平方米）", "art room (m²)"),
    "school": Both("学校", "school"),
    "from": Both("从", "from"),
    "to": Both("到", "to"),
    "into": Both("并入", "into"),
    "stage": Both("学段", "stage"),
    "name": Both("校名", "name"),
    "location": Both("城乡", "location"),
    "capacity": Both("学位", "places"),
    "like": Both("比照", "like"),
    "given": Both("写明", "given"),
    "sites": Both("原址", "sites"),
    "teachers": Both("人数", "teachers"),
    "pupils": Both("人数", "pupils"),
    "share": Both("或比例", "or a share"),
    "zone": Both("小区", "zone"),
    "zones": Both("小区", "zones"),
    "grades": Both("年级", "grades"),
    "moves": Both("谁转", "who moves"),
    "households": Both("户数", "homes"),
    "primary_per_thousand": Both("每千户小学生数", "primary pupils per thousand homes"),
    "junior_per_thousand": Both("每千户初中生数", "junior pupils per thousand homes"),
    "rotation": Both("计入交流轮岗", "counted as rotation"),
    "limit": Both("班额上限", "class limit"),
    "item": Both("项目", "item"),
    "value": Both("改为", "becomes"),
    "cost_yuan": Both("建校概算", "estimated cost"),
    "low_yuan": Both("概算的低值", "lowest estimate"),
    "high_yuan": Both("概算的高值", "highest estimate"),
    "source": Both("概算来源", "source of the estimate"),
}
_ENGLISH = {
    "full_time_teachers": "teachers",
    "teachers_above_required": "with more than the required degree",
    "pe_arts_teachers": "PE and arts teachers",
    "certified_teachers": "certified",
    "trained_teachers": "with 360 hours of training",
    "teaching_area_m2": "teaching floor",
    "indoor_sports_area_m2": "indoor sports floor",
    "sports_ground_m2": "sports ground",
    "allocation_yuan": "public funds allotted",
    "training_budget_yuan": "training in the budget",
    "training_final_yuan": "training in the final account",
    "special_allocation_yuan": "public funds of special education",
    "regular_classrooms_multimedia": "regular classrooms with multimedia",
}
UNITS = {
    "_m2": Both("平方米", "m²"),
    "_yuan": Both("元", "yuan"),
    "_rooms": Both("间", ""),
    "_teachers": Both("人", ""),
    "_required": Both("人", ""),
}
# What words mean of which there is a choice in an action.
CHOSEN = {
    "standard": Message("按标准配足", "with what the standard demands"),
    "keep": Message("原址保留", "sites stay in use"),
    "close": Message("原址关闭", "sites are closed"),
    "entrants": Message("从新生起逐年", "entrants first, one more grade each year"),
    "all": Message("在校生一并转来", "those at school move as well"),
}


def item_words(item: str, standard: Standard | None = None) -> Both:
    """Return what an item of the costs, a field of an action or a column is called.

    >>> item_words("site").zh, item_words("sports_ground_m2").zh, item_words("multimedia_rooms").en
    ('征地和开办', '体育运动场地面积', 'multimedia rooms')
    """
    if item in CALLED:
        return CALLED[item]
    for declared in standard.columns if standard else ():
        if declared.name == item:
            return Both(declared.label.zh, declared.label.en)
    columns = (TABLES[table].by_name.get(item) for table in ("sections", "facilities", "funds", "schools"))
    column = next(filter(None, columns), None)
    zh = column.label if column else DISTRICT_ITEMS[item].zh if item in DISTRICT_ITEMS else item
    return Both(zh, _ENGLISH.get(item, item.removesuffix("_yuan").removesuffix("_m2").replace("_", " ")))


def unit_of_item(item: str, standard: Standard | None = None) -> Both:
    """Return the unit of a column as it follows a number; nothing where it has none.

    The unit of a column that the standard declares stands there.

    >>> unit_of_item("sports_ground_m2").zh, unit_of_item("pupils").zh
    ('平方米', '')
    """
    for declared in standard.columns if standard else ():
        if declared.name == item:
            return Both(declared.unit.zh, declared.unit.en)
    return next((unit for end, unit in UNITS.items() if item.endswith(end)), Both("", ""))


@dataclass(frozen=True)
class Names:
    """What the sentences of actions call schools, zones and columns; what is not known is called by its code."""

    schools: Mapping[str, str]
    zones: Mapping[str, str]
    standard: Standard | None = None

    def school(self, school: str, stage: Stage | None = None) -> Message:
        """Return a school, and its stage where that is named."""
        name = self.schools.get(school, school)
        return Message("{}{}", "{} {}", name, stage) if stage else Message("{}", "{}", name)

    def listed(self, schools: Iterable[str]) -> Message:
        """Return schools as a list."""
        return listing(map(self.school, schools))

    def zone(self, zone: str) -> str:
        """Return a zone."""
        return self.zones.get(zone, zone)

    def thing(self, column: str) -> Both:
        """Return what a column counts, for a number to follow: 骨干教师 2 人, not 骨干教师数 2 人."""
        words, unit = item_words(column, self.standard), unit_of_item(column, self.standard).zh
        return Both(*(text.removesuffix("数").removesuffix(unit) for text in (words.zh, words.en)))

    def unit(self, column: str) -> Both:
        """Return the unit that follows the number of a column."""
        unit = unit_of_item(column, self.standard)
        return Both(*(f" {text}" if text else "" for text in (unit.zh, unit.en)))

    def amounts(self, amounts: Mapping[str, float]) -> Message:
        """Return columns with their amounts as a list."""
        return listing(
            Message("{} {}{}", "{} {}{}", self.thing(column), in_print(amount), self.unit(column))
            for column, amount in amounts.items()
        )


def in_print(amount: float) -> str:
    """Return an amount with thousands set apart, and one decimal where it is not whole.

    >>> in_print(12000.0), in_print(0.25)
    ('12,000', '0.3')
    """
    decimals = 0 if float(amount).is_integer() else 1
    return f"{float(round_half_up(float(amount), decimals)):,.{decimals}f}"
