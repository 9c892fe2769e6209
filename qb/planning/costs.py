"""The cost file: the price of one more of each resource, and the most that can be added at a school."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from qb.errors import QbError
from qb.files import PACKAGE
from qb.language import Message
from qb.standard import Code, Indicator, Standard, Text
from qb.terms import COMPULSORY, Stage
from qb.tomlfile import Entry, read_toml

Yuan = Annotated[float, Field(gt=0, strict=True)]
Words = Annotated[str, Field(min_length=1)]


class CostError(QbError):
    """A cost file that cannot be used; the message names every entry at fault."""


class Cost(Entry):
    """The price of one teacher, m², yuan of equipment or room.

    It holds for one stage, or for both where none is named; an entry for the stage goes first.
    `yearly` costs come back every year. `low` and `high` say how wide the guess is.
    """

    code: Code
    stage: Literal[Stage.PRIMARY, Stage.JUNIOR] | None = None
    yuan: Yuan
    low: Yuan
    high: Yuan
    yearly: bool = False
    unit: Text
    what: Text
    source: Words

    @model_validator(mode="after")
    def _in_order(self) -> Cost:
        return _ordered(self)


class Other(Entry):
    """The price of what money mends in another indicator than those of resources; it may have none.

    `part` tells several figures of one indicator apart, as the findings do.
    """

    code: Code
    part: str = ""
    yuan: Yuan | None = None
    low: Yuan | None = None
    high: Yuan | None = None
    yearly: bool = False
    unit: Text
    what: Text
    source: Words

    @model_validator(mode="after")
    def _in_order(self) -> Other:
        given = [self.low, self.yuan, self.high]
        if None in given and given != [None] * 3:
            raise ValueError(
                Message(
                    "费用 yuan 与低值 low、高值 high 须都写，或都不写（没有单价）",
                    "yuan goes with low and high: write all, or none (no price)",
                )
            )
        return self if None in given else _ordered(self)


OnePrice = TypeVar("OnePrice", Cost, Other)


def _ordered(price: OnePrice) -> OnePrice:
    """Return a price, or refuse one that does not lie between its low and its high."""
    low, yuan, high = price.low, price.yuan, price.high
    if [low, yuan, high] != sorted([low, yuan, high]):
        zh = "费用 {:g} 应在低值 low 与高值 high 之间，现为 {:g}—{:g}"
        en = "the cost {:g} must lie between low and high, which are {:g}–{:g}"
        raise ValueError(Message(zh, en, yuan, low, high))
    return price


class SchoolLimit(Entry):
    """What is special at one school: the most that can be added (`most`), its own price (`yuan`), or both.

    Without a stage, `most` holds for what all stages of the school are given together.
    """

    school_id: Words
    stage: Literal[Stage.PRIMARY, Stage.JUNIOR, Stage.WHOLE] | None = None
    code: Code
    most: Annotated[float, Field(ge=0, strict=True)] | None = None
    yuan: Yuan | None = None
    source: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> SchoolLimit:
        if self.most is None and self.yuan is None:
            raise ValueError(
                Message(
                    "既没有上限 most，也没有费用 yuan，两者至少写一个",
                    "there is neither an upper bound most nor a cost yuan; write at least one",
                )
            )
        return self


class Costs(Entry):
    """A cost file. Every figure in the shipped one is an assumption, and says so.

    `costs` are the prices of the resources, `others` those of what else money mends.
    `hired` is the entry with the pay of any teacher who is hired.
    """

    name: Words
    title: Text
    costs: tuple[Cost, ...]
    schools: tuple[SchoolLimit, ...] = ()
    others: tuple[Other, ...] = ()
    hired: Code = "C3"

    def cost(self, code: str, stage: str) -> Cost:
        """Return the price of an indicator's unit at a stage; that of both stages for a school as one."""
        held = [c for c in self.costs if c.code == code and c.stage in (None, stage)]
        if not held:  # a school that reports as one, and a price for each stage: the dearer, to be safe
            held = [max((c for c in self.costs if c.code == code), key=lambda c: c.yuan)]
        return max(held, key=lambda c: c.stage is not None)

    def price(self, code: str, stage: str, school: str) -> Cost:
        """Return the price of an indicator's unit at a school, its own where the file states one."""
        shared = self.cost(code, stage)
        own = [s for s in self.schools if (s.school_id, s.code) == (school, code) and s.yuan is not None]
        own = [s for s in own if s.stage in (None, stage)]
        if not own:
            return shared
        yuan = max(own, key=lambda s: s.stage is not None).yuan
        ends = {"low": min(shared.low, yuan), "high": max(shared.high, yuan)}
        return shared.model_copy(update={"yuan": yuan, **ends})

    def other(self, code: str, part: str = "") -> Other | None:
        """Return what the file says of another indicator, or a figure of it; None where it says nothing."""
        held = [other for other in self.others if other.code == code and other.part in ("", part)]
        return max(held, key=lambda other: other.part == part, default=None)

    @model_validator(mode="after")
    def _complete(self) -> Costs:
        given = Counter((c.code, c.stage) for c in self.costs)
        wrong = [
            Message("{}{}：费用重复给出", "{}{}: the cost is given twice", code, _of(stage))
            for (code, stage), times in given.items()
            if times > 1
        ]
        wrong += [
            Message("{}{}：没有给出费用", "{}{}: no cost is given", code, _of(stage))
            for code in dict.fromkeys(c.code for c in self.costs)
            for stage in COMPULSORY
            if not {(code, None), (code, stage)} & set(given)
        ]
        named = Counter((o.code, o.part) for o in self.others)
        wrong += [
            Message("{} {}：费用重复给出", "{} {}: the cost is given twice", code, part)
            for (code, part), times in named.items()
            if times > 1
        ]
        entries = Counter((s.school_id, s.stage, s.code) for s in self.schools)
        wrong += [
            Message(
                "学校 {}{} {}：重复给出，互相矛盾时无从取舍",
                "school {}{} {}: given twice, and one contradicts the other",
                school,
                _of(stage),
                code,
            )
            for (school, stage, code), times in entries.items()
            if times > 1
        ]
        if wrong:
            raise ValueError(*wrong)
        return self


def _of(stage: Stage | None) -> Message | str:
    return Message("（{}）", " ({})", Stage(stage)) if stage else ""


# What money mends beside the resources: the column, item or rooms that grow, the measure whose indicator asks
# for them, and which of its figures.
MENDED = {
    "rooms": ("special_rooms", ""),
    "allocation_yuan": ("small_school_funds", ""),
    "special_allocation_yuan": ("special_funds", ""),
    "trained_teachers": ("trained", ""),
    "certified_teachers": ("certified", ""),
    "schools_with_broadband": ("charter_and_it", "broadband"),
    "regular_classrooms_multimedia": ("charter_and_it", "multimedia"),
    "training_budget_yuan": ("training_funds", ""),
    "training_final_yuan": ("training_funds", ""),
}


def other_prices(standard: Standard, costs: Costs) -> dict[str, Other]:
    """Return what the cost file says of each thing of `MENDED` that the standard asks for."""
    asked = ((what, standard.computed_by(measure), part) for what, (measure, part) in MENDED.items())
    found = {what: costs.other(i.code, part) for what, i, part in asked if i is not None}
    return {what: other for what, other in found.items() if other is not None}


def price_code(indicator: Indicator) -> str:
    """Return the entry of the cost file with a resource's price: its own code unless one is named."""
    return indicator.resource.price or indicator.code


def load_costs(file: Costs | str | Path | None = None) -> Costs:
    """Read a cost file; without one, the assumed costs shipped with qb. Costs that were read stay as they are.

    Raises
    ------
    CostError
        If the file cannot be read, or a price is missing, negative, zero or out of order; every such
        entry is named.

    Examples
    --------
    >>> costs = load_costs()
    >>> costs.cost("C5", "primary").yuan, costs.cost("C5", "primary").source[:2]
    (500.0, '假设')
    """
    if isinstance(file, Costs):
        return file
    path = Path(file) if file else PACKAGE / "standard" / "costs.toml"
    return read_toml(path, Costs, Message("费用文件", "Cost file"), CostError)
