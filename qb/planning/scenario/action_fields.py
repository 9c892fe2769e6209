"""What every action of a scenario declares: its fields, what it is called, what it does, and what it buys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple, cast

from pydantic import ConfigDict, Field

from qb import tomlfile
from qb.data.dataset import Dataset
from qb.language import FieldName, Message, listing
from qb.planning.costs import Cost, Costs, Other, other_prices, price_code
from qb.planning.scenario.year_records import Key, Register, missing
from qb.standard import Positive, Standard, Words, Year
from qb.terms import Stage

MOST = 1e13  # yuan or m²: no district has as much
Amount = Annotated[float, Field(gt=0, le=MOST, strict=True)]
Several = Annotated[int, Field(ge=1, strict=True)]
Ids = Annotated[tuple[Words, ...], Field(min_length=1)]


class Entry(tomlfile.Entry):
    """A table of the file, whose keys may be words that Python keeps for itself (``from``)."""

    model_config = ConfigDict(populate_by_name=True)


class BaseAction(Entry):
    """An action holds from its school year on; without one, from the scenario's base year."""

    called: ClassVar[Message]
    do: str
    year: Year | None = None

    def done(self, register: Register, standard: Standard) -> Register:
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


def one_of(model: Entry, *names: str) -> list[Message]:
    """Return a sentence unless exactly one of the fields is written."""
    written = [name for name in names if getattr(model, name) is not None]
    return (
        []
        if len(written) == 1
        else [Message("{} 须写一个，且只写一个", "write exactly one of {}", listing(map(FieldName, names)))]
    )


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
SITE = "site"  # land, and what a new school needs beside the resources
BUILDING = "building"  # a new school by its estimate


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
        amount = cast("float", self.amount) * (years if price.yearly else 1)
        yuan, low, high = (amount * cast("float", each) for each in (price.yuan, price.low, price.high))
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
    """What an action's purchases rest on.

    Attributes
    ----------
    prices : Prices
    data : Dataset
        The year as it is without the scenario.
    year : int
    after : callable
        Returns the records with this action, and those before it, done.
    """

    prices: Prices
    data: Dataset
    year: int
    after: Callable[[], Register]

    def stage(self, school: str, written: Stage | None) -> str:
        """Return the stage of an action that names none: the school's only one, else the school as a whole."""
        if written:
            return str(written)
        stages = Register.of(self.data, self.year).stages(school)
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
