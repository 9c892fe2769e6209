"""What a standard's file says of one indicator: limits, resource table, ratio, transition clauses, checklist items."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qb.language import Message, listing
from qb.standard.limits import Side
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Location, Stage
from qb.tomlfile import Entry

# Strict, so that `true` is no number and `"85"` no limit.
Number = Annotated[float, Field(ge=0, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Decimals = Annotated[int, Field(ge=0, le=6, strict=True)]
Year = Annotated[int, Field(ge=1900, le=2100, strict=True)]
Words = Annotated[str, Field(min_length=1)]
# What tables, keys and addresses call by these names is no indicator.
RESERVED = frozenset(
    {
        "district",
        "school",
        "name",
        "kind",
        "ownership",
        "location",
        "stage",
        "pupils",
        "classes",
        "new",
        "met",
    }
    | {"verdict", "composite", "coefficient", "recognition", "veto"}
)
_CODE = r"[A-Za-z][A-Za-z0-9]{0,15}"
Code = Annotated[str, Field(pattern=f"^{_CODE}$")]
ItemCode = Annotated[str, Field(pattern=rf"^{_CODE}\.\d+$")]
AreaName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Departments = Annotated[tuple[Words, ...], Field(min_length=1)]


class Text(Entry):
    """A wording in Chinese and in English."""

    zh: Words
    en: Words

    def __str__(self) -> str:
        return self.zh


class Limit(Entry):
    """One limit of an indicator.

    `name` tells the limits of one indicator apart (C18 ``rotated`` and ``backbone``, C10 ``music``
    and ``art``); it is empty where there is only one. A limit holds for one stage or kind, or for
    all where none is named, and from its year until a later entry for the same thing. `decimals` is
    given where its figures are printed with another number of digits than the indicator's, `item` where
    a checklist item asks for the same: its departments answer for the figure.
    """

    name: str = ""
    stage: Stage | None = None
    kind: Kind | None = None
    from_year: Year | None = None
    side: Side
    value: Number
    unit: Text
    decimals: Decimals | None = None
    item: ItemCode | None = None
    source: Words

    @model_validator(mode="after")
    def _fits(self) -> Limit:
        stages = COMPULSORY if self.kind is None else STAGES_OF_KIND[self.kind]
        if self.stage and (self.stage not in COMPULSORY or self.stage not in stages):
            raise ValueError(
                Message(
                    "{}义务教育阶段没有“{}”",
                    "{} of compulsory schooling has no “{}”",
                    self.kind or "",
                    self.stage,
                )
            )
        return self


class DeclaredColumn(Entry):
    """A column that the tables do not have and the standard asks for; it adds up over campuses.

    In ``facilities`` it is split where a school reports as one, in ``sections`` it is by stage, in
    ``district`` it is an item.
    """

    table: Literal["sections", "facilities", "district"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    unit: Text
    kind: Literal["count", "number"]
    note: str = ""
    source: Words


class Resource(Entry):
    """What a resource indicator counts, and over whom: all that is known of it, read here by everyone.

    Its amount is the sum of the columns `add` of `table` (`add_at` where a stage counts others), less those
    of `subtract`, at least 0. ``value = per * amount / divisor``. Facilities are shared by the stages of a
    school and split; what sections report is by stage.
    """

    table: Literal["sections", "facilities"]
    add: Annotated[tuple[Words, ...], Field(min_length=1)]
    add_at: dict[Stage, Annotated[tuple[Words, ...], Field(min_length=1)]] = Field(default_factory=dict)
    subtract: tuple[Words, ...] = ()
    # A column of ``sections``: the pupils of the stage unless given.
    divisor: Literal["pupils", "full_time_teachers", "classes"] = "pupils"
    per: Literal[1, 100]  # for one pupil or for a hundred
    whole: Annotated[bool, Field(strict=True)]  # whether it is bought in whole numbers: persons, rooms
    decimals: Decimals = 0  # of amounts in print
    # In which it is counted and bought: that of the amount, or of the divisor where less is better.
    unit: Text
    what: Text  # the amount in words
    # The column of ``sections`` that a figure is part of; empty where there is none.
    at_most: Words | None = None
    # What a row with a divisor of 0 is; a row without pupils is never judged, so that pupils need none.
    if_zero: Literal["fail", "no data"] | None = None
    price: Code | None = None  # the entry of the cost file that gives its price; its own code unless given

    def faults(self) -> list[Message]:
        """Say what makes no sense: a divisor that may be 0 and nothing said of it, a column counted twice."""
        wrong = []
        if self.if_zero is None and self.divisor != "pupils":
            wrong.append(
                Message(
                    "除数 {} 可能为 0，须用 if_zero 写明此时的结论（fail 或 no data）",
                    "the divisor {} may be 0: say with if_zero what the verdict is then (fail or no data)",
                    self.divisor,
                )
            )
        if self.if_zero is not None and self.divisor == "pupils":
            wrong.append(
                Message(
                    "除数 pupils 不会为 0（在校生为 0 的学段不参加评估），不写 if_zero",
                    "the divisor pupils is never 0 (a stage without pupils is not judged): do not write if_zero",
                )
            )
        twice = [name for name in self.subtract if any(name in added for added in self.added)]
        return wrong + [
            Message("{} 同时写在 add 与 subtract 中", "{} stands in both add and subtract", name)
            for name in twice
        ]

    @property
    def added(self) -> tuple[tuple[str, ...], ...]:
        """The sums that make the amount: that of all stages, then those of single ones."""
        return (self.add, *self.add_at.values())

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of its table that it rests on, each once."""
        return tuple(dict.fromkeys([name for added in self.added for name in added] + list(self.subtract)))


class Condition(Entry):
    """What a school, or its stage, must be for its numerator to count: so many pupils, say."""

    column: Words
    side: Side
    value: Number


class Ratio(Entry):
    """A ratio or a count that the standard declares: ``value = per * numerator / divisor``.

    Numerator and divisor are sums of columns of ``sections`` or ``facilities``, or of the district's items;
    ``schools`` counts one for each school. It is a figure of the district, or one of each school.
    """

    # Whose figure it is. Limits by stage make it one for each stage.
    level: Literal["district", "schools"] = "district"
    # add, subtract: columns or items of the numerator, at least 0.
    add: Annotated[tuple[Words, ...], Field(min_length=1)]
    subtract: tuple[Words, ...] = ()
    divide: tuple[Words, ...] = ()  # those of the divisor; none: the numerator itself is the figure, a count
    # The numerator counts only schools (stages, where limits are by stage) of which this holds.
    where: Condition | None = None
    per: Literal[1, 100] = 1  # 100 for a percentage
    # What a divisor of 0 is; ``pupils`` and ``schools`` are never 0 where anyone is asked.
    if_zero: Literal["fail", "no data", "not applicable"] | None = None
    # Which schools are not asked: the kinds of rules.exclusion, its small teaching points.
    exclusions: tuple[Literal["kinds", "small_points"], ...] = ("kinds",)
    # what, of: numerator and divisor in words.
    what: Text
    of: Text | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column and item that it rests on, each once."""
        condition = (self.where.column,) if self.where else ()
        return tuple(dict.fromkeys((*self.add, *self.subtract, *self.divide, *condition)))

    def faults(self) -> list[Message]:
        """Say what makes no sense: a divisor that may be 0 and nothing said of it, words that are missing."""
        wrong = []
        may_be_0 = bool(self.divide) and not {"pupils", "schools"} & set(self.divide)
        if may_be_0 and self.if_zero is None:
            wrong.append(
                Message(
                    "除数 {} 可能为 0，须用 if_zero 写明此时的结论（fail、no data 或 not applicable）",
                    "the divisor {} may be 0; say with if_zero what the verdict is then (fail, no data or not applicable)",
                    listing(self.divide),
                )
            )
        if self.if_zero is not None and not may_be_0:
            wrong.append(Message("除数不会为 0，不写 if_zero", "the divisor is never 0; leave out if_zero"))
        if bool(self.divide) != bool(self.of):
            wrong.append(
                Message(
                    "有除数 divide 时写 of（除数的名称），没有时不写",
                    "write of (what the divisor is called) with divide, and only then",
                )
            )
        return wrong + [
            Message("{} 同时写在 add 与 subtract 中", "{} stands in both add and subtract", name)
            for name in self.subtract
            if name in self.add
        ]


class Indicator(Entry):
    """One indicator of the standard: a resource of schools, a declared ratio, or what a function computes.

    `resource` says what a resource indicator counts, `ratio` what a declared ratio or count is; `measure`
    names the function that computes any other, `options` are that function's settings (``classes_per_room``
    of C10, say), and `decimals` is for print only. A limit without a source of its own has the indicator's.
    One with `points` gives them where it is met: its area asks for the score, not for the indicator itself.
    """

    code: Code
    area: AreaName
    group: Words
    title: Text
    short: Text
    wording: Words
    measure: str = ""
    resource: Resource | None = None
    ratio: Ratio | None = None
    points: Positive | None = None
    decimals: Decimals = 1
    limits: tuple[Limit, ...] = ()
    options: dict[str, Number | str | bool | tuple[str, ...] | dict[str, str]] = Field(default_factory=dict)
    departments: tuple[Words, ...] = ()
    source: Words

    @model_validator(mode="before")
    @classmethod
    def _sourced(cls, given: object) -> object:
        if not (isinstance(given, dict) and isinstance(given.get("limits"), list | tuple)):
            return given
        source = {"source": given["source"]} if "source" in given else {}
        limits = [source | limit if isinstance(limit, dict) else limit for limit in given["limits"]]
        return given | {"limits": limits}

    @model_validator(mode="after")
    def _one_way(self) -> Indicator:
        if bool(self.measure) + (self.resource is not None) + (self.ratio is not None) != 1:
            raise ValueError(
                Message(
                    "须写 resource（资源指标）、ratio（比率或计数）或 measure（其他指标的计算函数），且只写其一",
                    "write one of resource (a resource indicator), ratio (a ratio or count) and measure (the function of others)",
                )
            )
        if self.code in RESERVED:
            raise ValueError(Message("代码不能用 {}", "the code cannot be {}", self.code))
        return self

    @property
    def at_most(self) -> bool:
        """Whether less is better: its limits are upper ones."""
        return any(limit.side in ("<=", "<") for limit in self.limits)

    @property
    def adds_to(self) -> tuple[str, str]:
        """Table and column to which one more of the resource adds; the divisor, where less is better."""
        held = self.resource
        assert held is not None, f"{self.code} has no resource"
        return ("sections", held.divisor) if self.at_most else (held.table, held.add[0])

    def limit(
        self,
        *,
        name: str = "",
        stage: Stage | None = None,
        kind: Kind | None = None,
        year: int,
    ) -> Limit:
        """Return the limit in force for a stage or kind in a year (school year starting).

        An entry for the stage goes before one for the kind, that before one for all, and of those the
        latest that has begun.

        Raises
        ------
        LookupError
            If the standard gives no such limit.

        Examples
        --------
        C14 rises in 2025; the year before the lower amount still holds.

        >>> from qb.standard import load
        >>> [load()["C14"].limit(year=year).value for year in (2024, 2025)]
        [6000.0, 7000.0]
        """
        held = [
            limit
            for limit in self.limits
            if limit.name == name
            and limit.stage in (None, stage)
            and limit.kind in (None, kind)
            and (limit.from_year is None or limit.from_year <= year)
        ]
        if not held:
            raise LookupError(f"{self.code}: no limit {name!r} for {stage or kind} in {year}")
        return max(held, key=lambda m: (m.stage is not None, m.kind is not None, m.from_year or 0))

    def in_force(self, year: int) -> tuple[Limit, ...]:
        """Return of the limits for each name, stage and kind the latest that has begun in a year.

        Examples
        --------
        >>> from qb.standard import load
        >>> [limit.value for limit in load()["C14"].in_force(2025)]
        [7000.0]
        """
        begun = (m for m in self.limits if m.from_year is None or m.from_year <= year)
        latest = {(m.name, m.stage, m.kind): m for m in sorted(begun, key=lambda m: m.from_year or 0)}
        return tuple(latest.values())


class Area(Entry):
    """One of the areas of the standard's indicators, and what the district's verdict asks of it.

    ``asks = "every"``: each of its indicators that gives no points passes, and so do the rules of schools
    and coefficients in the area of the resources; ``"nothing"``: it is shown and decides nothing.
    """

    name: AreaName
    title: Text
    asks: Literal["every", "nothing"] = "every"


class Group(Entry):
    """A heading above the indicators, such as A1–A3 and B1–B9."""

    code: Words
    title: Text
    source: Words


class Department(Entry):
    """A department under its one name, with the other spellings found in the text."""

    name: Words
    en: Words
    aliases: tuple[Words, ...] = ()


class ChecklistItem(Entry):
    """A checklist item: what evidence must show.

    `needs_rural_junior`: the item asks something of rural junior schools alone, and does not apply
    where there are none.
    """

    item: ItemCode
    text: Text
    departments: tuple[Words, ...] = ()
    source: Words
    needs_rural_junior: bool = False

    @property
    def code(self) -> str:
        """The indicator that the item belongs to: C8 of C8.1."""
        return self.item.partition(".")[0]


class Veto(Entry):
    """Something that stops the application when it is found."""

    item: Annotated[str, Field(pattern=r"^V\d+$")]
    text: Text
    source: Words


class PlanTask(Entry):
    """One of the tasks of the plan."""

    item: Annotated[str, Field(pattern=r"^T\d+$")]
    heading: Text
    title: Text
    text: Words
    source: Words


class Recognition(Entry):
    """社会认可度."""

    title: Text
    limit: Limit
    source: Words


class Clause(Entry):
    """One transition clause: an indicator judged by another limit, or with more counted.

    A clause holds for schools that meet every condition it names. `limits` replace the limits of the
    same name, stage or kind; `adds` is an optional column whose figures are added to the numerator.
    """

    code: Code
    text: Text
    from_year: Year
    to_year: Year
    source: Words
    locations: tuple[Location, ...] = ()
    pupils_from: Count | None = None
    pupils_to: Count | None = None
    built_by: Year | None = None
    migrant_share_above: Share | None = None
    largest_class_below: Count | None = None
    adds: Words | None = None
    limits: tuple[Limit, ...] = ()

    @model_validator(mode="after")
    def _does_something(self) -> Clause:
        if self.from_year > self.to_year:
            raise ValueError(
                Message(
                    "起始学年 {} 晚于终止学年 {}",
                    "the first year {} is after the last, {}",
                    self.from_year,
                    self.to_year,
                )
            )
        if bool(self.adds) == bool(self.limits):
            raise ValueError(
                Message(
                    "adds（计入的列）与 limits（替代的限值）须给出其一，且只给其一",
                    "write one of adds (columns counted in) and limits (limits instead)",
                )
            )
        return self


class Transition(Entry):
    """A profile of transition clauses, off unless asked for."""

    name: Words
    title: Text
    source: Words
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
