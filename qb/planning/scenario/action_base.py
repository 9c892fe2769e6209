"""What every action of a scenario has: its fields, words, the names in its sentences; what it buys, at which prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple, cast

from pydantic import Field

from qb.data.dataset import Dataset
from qb.data.schema import DISTRICT_ITEMS, TABLES
from qb.language import Both, FieldName, Message, listing
from qb.planning.costs import Cost, Costs, Other, other_prices, price_code
from qb.planning.scenario.year_records import Key, YearRecords, missing
from qb.rounding import round_half_up
from qb.standard import Positive, Standard, Words, Year
from qb.terms import Stage
from qb.tomlfile import Entry

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


# What every action declares.


MOST = 1e13  # yuan or m²: no district has as much
Amount = Annotated[float, Field(gt=0, le=MOST, strict=True)]
Several = Annotated[int, Field(ge=1, strict=True)]
Ids = Annotated[tuple[Words, ...], Field(min_length=1)]


class BaseAction(Entry):
    """An action holds from its school year on; without one, from the scenario's base year."""

    called: ClassVar[Message]
    do: str
    year: Year | None = None

    def in_words(self, names: Names) -> Message:
        """Return the action as a sentence without a full stop."""
        raise NotImplementedError

    def done(self, register: YearRecords, standard: Standard) -> YearRecords:
        """Return the records of a year after the action."""
        raise NotImplementedError

    def bought(self, case: Case) -> Iterator[Item]:
        """Yield what it buys, in the units of the cost file; unless declared, something without a price."""
        yield Item(self.do, "", None, None)

    @property
    def opens(self) -> str | None:
        """The school that this action opens, if it opens one."""
        return None

    @property
    def schools(self) -> frozenset[str]:
        """Every school that this action names."""
        named = {getattr(self, name, None) for name in ("school", "from_", "to", "into")}
        listed = {name for entry in named if isinstance(entry, tuple) for name in entry}
        return frozenset(listed | {name for name in named if isinstance(name, str)})


def unless(wrong: list[Message], model: Entry) -> Entry:
    """Return the model, or refuse it with everything that is wrong."""
    if wrong:
        raise ValueError(*wrong)
    return model


def said_if(condition: object, zh: str, en: str, *arguments: object) -> list[Message]:
    """Return a sentence where the condition holds, else none."""
    return [Message(zh, en, *arguments)] if condition else []


def one_of(model: Entry, *names: str) -> list[Message]:
    """Return a sentence unless exactly one of the fields is written."""
    written = [name for name in names if getattr(model, name) is not None]
    fields = listing(map(FieldName, names))
    return said_if(len(written) != 1, "{} 须写一个，且只写一个", "write exactly one of {}", fields)


def some_of(given: object, *names: str) -> list[Message]:
    """Return a sentence unless something is given of the fields."""
    fields = listing(map(FieldName, names))
    return said_if(not given, "须写 {} 中的至少一项", "write at least one of {}", fields)


def written(model: Entry, *names: str) -> dict[str, float]:
    """Return those of the fields that are written."""
    return {name: getattr(model, name) for name in names if getattr(model, name) is not None}


def repeated(name: str, values: tuple) -> list[Message]:
    """Return a sentence for each value that stands twice."""
    return [
        Message("{} 中 {} 重复", "{} has {} twice", FieldName(name), value)
        for value, times in Counter(values).items()
        if times > 1
    ]


class Estimate(Entry):
    """What building a school costs by an estimate or approval, with low, high and where that is from."""

    cost_yuan: Positive | None = None
    low_yuan: Positive | None = None
    high_yuan: Positive | None = None
    source: Words | None = None

    @property
    def estimate(self) -> Price | None:
        """The cost that is written; None where none is."""
        if self.cost_yuan is None:
            return None
        return Price(self.cost_yuan, self.low_yuan or self.cost_yuan, self.high_yuan or self.cost_yuan)

    def price_faults(self) -> list[Message]:
        """Return what is wrong with it, in sentences."""
        written = self.estimate
        if written is None:
            around = any(value is not None for value in (self.low_yuan, self.high_yuan, self.source))
            zh = "没有写 cost_yuan，不能写 low_yuan、high_yuan、source"
            en = "without cost_yuan there can be no low_yuan, high_yuan or source"
            return [Message(zh, en)] if around else []
        wrong = []
        if not self.source:
            zh = "写了费用 cost_yuan，须用 source 写明依据（估算、批复或假设）"
            wrong.append(Message(zh, "with cost_yuan, write its source (estimate, approval or assumption)"))
        if not written.low <= written.yuan <= written.high:
            zh = "cost_yuan（{:g}）应在 low_yuan 与 high_yuan 之间，现为 {:g}—{:g}"
            en = "cost_yuan ({:g}) must lie between low_yuan and high_yuan; they are {:g}–{:g}"
            wrong.append(Message(zh, en, written.yuan, written.low, written.high))
        return wrong


# What an action buys, at the prices of the cost file; what has no price there is named, never zero.


HIRED = "full_time_teachers"
ROOMS = "rooms"  # music and art rooms


class Price(NamedTuple):
    """A cost in yuan, how low and how high it may be, and the entry of the cost file that it is from."""

    yuan: float
    low: float
    high: float
    code: str = ""
    yearly: bool = False


class Item(NamedTuple):
    """What an action buys: a column that grows, or another thing; its stage or ""; how much; its price."""

    what: str
    stage: str
    amount: float | None
    price: Cost | Other | Price | None

    def cost(self, years: int = 1) -> Price | None:
        """Return what it costs over so many years, of which what is yearly is due in each; None: no price."""
        price = self.price
        if price is None or price.yuan is None:
            return None
        amount = self.amount * (years if price.yearly else 1)
        yuan, low, high = (amount * each for each in (price.yuan, price.low, price.high))
        return Price(yuan, low, high, price.code, price.yearly)


@dataclass(frozen=True)
class Prices:
    """Under which entry of the cost file one more in a column is bought, and what else money mends."""

    costs: Costs
    bought: dict[str, str]
    others: dict[str, Other]

    @classmethod
    def of(cls, standard: Standard, costs: Costs) -> Prices:
        """Return the prices of a standard; any teacher who is hired has the pay that the file states."""
        priced = {cost.code for cost in costs.costs}
        named = {i.adds_to[1]: price_code(i) for i in standard.resources}
        bought = {c: code for c, code in (named | {HIRED: costs.hired}).items() if code in priced}
        return cls(costs, bought, other_prices(standard, costs))

    def item(self, column: str, stage: str, amount: float, school: str) -> Item:
        """Return what one more in a column of a school costs; without a price where the file has none."""
        code = self.bought.get(column)
        if code is None:
            return Item(column, stage, amount, self.others.get(column))
        return Item(column, stage, amount, self.costs.price(code, stage, school))


@dataclass(frozen=True)
class Case:
    """What an action's purchases rest on."""

    prices: Prices
    data: Dataset  # the year as it is without the scenario
    year: int
    after: Callable[[], YearRecords]  # returns the records with this action, and those before it, done

    def stage(self, school: str, written: Stage | None) -> str:
        """Return the stage of an action that names none: the school's only one, else the school as a whole."""
        if written:
            return str(written)
        stages = YearRecords.of(self.data, self.year).stages(school)
        return str(stages[0]) if len(stages) == 1 else "whole"

    def means(self, school: str, written: Stage | None, amounts: Mapping[str, float]) -> Iterator[Item]:
        """Yield what is added to facilities; indoor sports area costs nothing beside the floor it is part of."""
        stage, indoor = self.stage(school, written), "indoor_sports_area_m2"
        yield from (self.prices.item(c, stage, n, school) for c, n in amounts.items() if c != indoor)
        if indoor in amounts and "teaching_area_m2" not in amounts:
            yield Item(indoor, stage, amounts[indoor], None)

    def held_by(self, school: str) -> Iterator[Item]:
        """Yield all that a school holds after the action."""
        register, facilities = self.after(), [name for name in self.prices.bought if name != HIRED]
        for table, columns in (("sections", [HIRED]), ("facilities", facilities)):
            for key, row in register[table].items():
                owner, stage = cast("Key", key)
                held = {c: cast("float", row[c]) for c in columns if c in row and not missing(row[c])}
                if owner == school:
                    yield from (self.prices.item(c, stage, n, school) for c, n in held.items() if n > 0)
