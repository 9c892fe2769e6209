"""The standard's file, typed: indicators, limits, departments, checks, each with its clause.

A standard is one TOML file. This module gives it a type and refuses nonsense with the entry named;
it holds no limit and no formula. Another province's standard is another file.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from qb.errors import QbError
from qb.standard.limits import LimitInForce, Side
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Location, Stage
from qb.tomlfile import Entry, read_toml

# Strict, so that `true` is no number and `"85"` no limit.
Number = Annotated[float, Field(ge=0, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Decimals = Annotated[int, Field(ge=0, le=6, strict=True)]
Year = Annotated[int, Field(ge=1900, le=2100, strict=True)]
Words = Annotated[str, Field(min_length=1)]
Code = Annotated[str, Field(pattern=r"^C([1-9]|[12]\d|3[01])$")]
Departments = Annotated[tuple[Words, ...], Field(min_length=1)]

DEFAULT = "gulou-2023"
TRANSITION = "transition"
SEVEN = tuple(f"C{i}" for i in range(1, 8))
CODES = tuple(f"C{i}" for i in range(1, 32))


class StandardError(QbError):
    """A standard file that cannot be used; the message names every entry at fault."""


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
    item: Annotated[str, Field(pattern=r"^C\d+\.\d+$")] | None = None
    source: Words

    @model_validator(mode="after")
    def _fits(self) -> Limit:
        stages = COMPULSORY if self.kind is None else STAGES_OF_KIND[self.kind]
        if self.stage and (self.stage not in COMPULSORY or self.stage not in stages):
            raise ValueError(f"{self.kind.zh if self.kind else ''}义务教育阶段没有“{self.stage.zh}”")
        return self


class Indicator(Entry):
    """One of C1–C31.

    `measure` names the function that computes it, `options` are that function's settings
    (``classes_per_room`` of C10, say), and `decimals` is for print only.
    """

    code: Code
    area: Literal["resources", "guarantee", "quality"]
    group: Annotated[str, Field(pattern=r"^B[1-9]$")]
    title: Text
    short: Text
    wording: Words
    measure: Words
    decimals: Decimals = 1
    limits: tuple[Limit, ...] = ()
    options: dict[str, Number | str | bool | tuple[str, ...] | dict[str, str]] = Field(default_factory=dict)
    departments: Departments
    source: Words

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
        >>> [limit.value for limit in load()["C14"].in_force(2025)]
        [7000.0]
        """
        begun = (m for m in self.limits if m.from_year is None or m.from_year <= year)
        latest = {(m.name, m.stage, m.kind): m for m in sorted(begun, key=lambda m: m.from_year or 0)}
        return tuple(latest.values())


class Group(Entry):
    """A heading above the indicators: A1–A3 or B1–B9."""

    code: Annotated[str, Field(pattern=r"^[AB][1-9]$")]
    title: Text
    source: Words


class Department(Entry):
    """A department under its one name, with the other spellings found in the text."""

    name: Words
    en: Words
    aliases: tuple[Words, ...] = ()


class Item(Entry):
    """A checklist item: what evidence must show.

    `needs_rural_junior`: the item asks something of rural junior schools alone, and does not apply
    where there are none.
    """

    item: Annotated[str, Field(pattern=r"^C\d+\.\d+$")]
    text: Text
    departments: Departments
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


class Task(Entry):
    """One of the tasks of the plan."""

    item: Annotated[str, Field(pattern=r"^T\d+$")]
    heading: Text
    title: Text
    text: Words
    source: Words


class SchoolRule(Entry):
    """How many of the seven a school must meet, and how low the remaining one may be."""

    met: Annotated[int, Field(ge=0, le=7, strict=True)]
    of: Literal[7]
    floor: Share
    source: Words


class CoefficientRule(Entry):
    """Limit of the difference coefficient by stage."""

    side: Side
    primary: Positive
    junior: Positive
    source: Words


class SplitRule(Entry):
    """Weights of a pupil of each stage when a school's shared facilities are split."""

    nine_year: dict[Stage, Positive]
    twelve_year: dict[Stage, Positive]
    complete_secondary: dict[Stage, Positive]
    source: Words

    @model_validator(mode="after")
    def _stages_fit(self) -> SplitRule:
        for kind in (Kind.NINE_YEAR, Kind.TWELVE_YEAR, Kind.COMPLETE_SECONDARY):
            if set(self.weights(kind)) != set(STAGES_OF_KIND[kind]):
                stages = "、".join(stage.value for stage in STAGES_OF_KIND[kind])
                raise ValueError(f"{kind.value} 须恰好给出 {stages} 的权重")
        return self

    def weights(self, kind: Kind) -> dict[Stage, float]:
        """Return the weights for a kind of school; empty where nothing is shared."""
        return getattr(self, kind.value, {})


class ExclusionRule(Entry):
    """Which schools stay out of the seven."""

    kinds: tuple[Kind, ...]
    small_point_pupils: Count
    source: Words


class RuralRule(Entry):
    """Which locations are 农村: the small schools of C13, the rural junior schools of C21."""

    locations: Annotated[tuple[Location, ...], Field(min_length=1)]
    source: Words


class NewSchoolRule(Entry):
    """Years after opening until a stage has all its grades: a school below that is flagged."""

    primary: Count
    junior: Count
    source: Words


class DistanceRule(Entry):
    """A walk along streets as a multiple of the straight line, and how far a child should walk at most."""

    detour: Annotated[float, Field(ge=1, strict=True)]
    primary_km: Positive
    junior_km: Positive
    source: Words

    def limit_km(self, stage: Stage) -> float:
        """Return the longest walk of a compulsory stage."""
        return self.primary_km if stage == Stage.PRIMARY else self.junior_km


class ForecastRule(Entry):
    """What is assumed of teachers in the years to come; space and equipment stay as they are."""

    teachers_leaving_per_year: Share
    source: Words


class PublicationRule(Entry):
    """What pages keep back: classes of fewer pupils are not shown one by one; 0 shows all."""

    smallest_class: Count
    source: Words


class RoundingRule(Entry):
    """Decimals in print, and whether raw or rounded figures are compared with the limits."""

    compare: Literal["raw", "rounded"]
    tolerance: Annotated[float, Field(ge=0, lt=0.001, strict=True)]
    values: Decimals
    coefficients: Decimals
    ratios: Decimals
    source: Words


class Rules(Entry):
    """The rules that are not one indicator's."""

    school: SchoolRule
    coefficient: CoefficientRule
    split: SplitRule
    exclusion: ExclusionRule
    rural: RuralRule
    new_school: NewSchoolRule
    rounding: RoundingRule
    distance: DistanceRule
    forecast: ForecastRule
    publication: PublicationRule


class Jump(Entry):
    """From one year to the next: beyond both the ratio and the amount, a figure is doubted."""

    table: Words
    column: Words
    ratio: Annotated[float, Field(gt=1, strict=True)]
    amount: Positive


class CohortRule(Entry):
    """A grade that has more pupils than the grade before it had last year, beyond both."""

    ratio: Annotated[float, Field(gt=1, strict=True)]
    amount: Positive


class PeerRule(Entry):
    """How far from the other schools of its stage a figure per pupil is doubted.

    It is beyond both: `deviations` robust deviations from the median on the logarithmic scale, and
    `ratio` times the median or as small a part of it. `schools` and `pupils` are the fewest with which
    schools are compared at all.
    """

    schools: Annotated[int, Field(ge=3, strict=True)]
    pupils: Count
    deviations: Positive
    ratio: Annotated[float, Field(gt=1, strict=True)]
    columns: Annotated[dict[Words, tuple[Words, ...]], Field(min_length=1)]


class UnitSlip(Entry):
    """A unit that is typed where the registry's own is asked, and how many of that it is."""

    unit: Words
    typed: Words
    factor: Annotated[float, Field(gt=1, strict=True)]


class PlaceRule(Entry):
    """How far from the middle of its district's schools a place is doubted.

    It is beyond both: `ratio` times the median distance, and `kilometres`. `schools` is the fewest
    of a district with which places are compared at all.
    """

    schools: Annotated[int, Field(ge=3, strict=True)]
    ratio: Annotated[float, Field(gt=1, strict=True)]
    kilometres: Positive


class Checks(Entry):
    """From where on the check doubts a figure that was handed in. No verdict rests on it."""

    source: Words
    teaching_point_pupils: Count
    class_pupils: Count
    slip_tolerance: Annotated[float, Field(gt=1, strict=True)]
    plausible_factor: Annotated[float, Field(gt=1)]
    slips: tuple[UnitSlip, ...]
    jumps: tuple[Jump, ...]
    cohort: CohortRule
    peers: PeerRule
    place: PlaceRule


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
            raise ValueError(f"起始学年 {self.from_year} 晚于终止学年 {self.to_year}")
        if bool(self.adds) == bool(self.limits):
            raise ValueError("adds（计入的列）与 limits（替代的限值）须给出其一，且只给其一")
        return self


class Transition(Entry):
    """A profile of transition clauses, off unless asked for."""

    name: Words
    title: Text
    source: Words
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]


class Standard(Entry):
    """Everything the rules say. See the module's docstring."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Text
    edition: Words
    source: Words
    target_year: Year
    rules: Rules
    groups: tuple[Group, ...]
    departments: tuple[Department, ...]
    indicators: tuple[Indicator, ...]
    checklist: tuple[Item, ...]
    checks: Checks
    recognition: Recognition
    vetoes: Annotated[tuple[Veto, ...], Field(min_length=1)]
    tasks: tuple[Task, ...] = ()

    def __getitem__(self, code: str) -> Indicator:
        return self._by_code[code]

    @cached_property
    def _by_code(self) -> dict[str, Indicator]:
        return {indicator.code: indicator for indicator in self.indicators}

    def items(self, code: str) -> tuple[Item, ...]:
        """Return the checklist items of an indicator, in the order of the plan."""
        return tuple(item for item in self.checklist if item.code == code)

    @cached_property
    def monitored(self) -> tuple[Indicator, ...]:
        """The indicators that rest on the monitoring, whose findings are told apart by subject."""
        return tuple(i for i in self.indicators if i.measure == "monitoring")

    def subjects(self) -> dict[str, str]:
        """Return the subject that each accepted name in the monitoring stands for."""
        names: dict[str, str] = {}
        for options in (indicator.options for indicator in self.monitored):
            names |= {name: name for key in ("subjects", "others") for name in options.get(key, ())}
            names |= options.get("synonyms", {})
        return names

    def coefficient_limit(self, stage: Stage) -> float:
        """Return the limit of the difference coefficient at a stage."""
        return getattr(self.rules.coefficient, stage.value)

    def limit_in_force(
        self,
        code: str,
        *,
        name: str = "",
        stage: Stage | None = None,
        kind: Kind | None = None,
        year: int | None = None,
    ) -> LimitInForce:
        """Return what figures are held against.

        `code` is an indicator's, ``recognition`` or ``coefficient``.

        Every comparison with a limit of the standard is made with the result of this function, or with
        that of `hold` where the limit is a figure of the data.

        Raises
        ------
        LookupError
            If the standard gives no such limit.

        Examples
        --------
        A primary class of 45 is allowed, one of 46 is not.

        >>> limit = load().limit_in_force("C12", stage=Stage.PRIMARY, year=2025)
        >>> limit.meets(np.array([45.0, 46.0])).tolist()
        [True, False]
        """
        rounding = self.rules.rounding
        if code == "coefficient":
            return self.hold(
                self.coefficient_limit(stage), self.rules.coefficient.side, rounding.coefficients
            )
        if code == "recognition":
            limit, decimals = self.recognition.limit, rounding.ratios
        else:
            limit = self[code].limit(name=name, stage=stage, kind=kind, year=year)
            decimals = rounding.values if code in SEVEN else self[code].decimals
        return self.hold(limit.value, limit.side, decimals if limit.decimals is None else limit.decimals)

    def hold(
        self, value: float | np.ndarray, side: str | np.ndarray = ">=", decimals: int = 0
    ) -> LimitInForce:
        """Return a limit that is itself a figure of the data, under the standard's rule on rounding."""
        rounding = self.rules.rounding
        return LimitInForce(value, side, decimals, rounding.compare == "rounded", rounding.tolerance)

    @model_validator(mode="after")
    def _hangs_together(self) -> Standard:
        wrong = [*self._doubled(), *self._unknown(), *self._missing(), *self._turned()]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _doubled(self) -> list[str]:
        names = Counter(
            [
                *(i.code for i in self.indicators),
                *(g.code for g in self.groups),
                *(i.item for i in (*self.checklist, *self.vetoes, *self.tasks)),
                *(name for d in self.departments for name in (d.name, *d.aliases)),
            ]
        )
        wrong = [f"{name}：重复登记" for name, times in names.items() if times > 1]
        for indicator in self.indicators:
            limits = Counter((m.name, m.stage, m.kind, m.from_year) for m in indicator.limits)
            wrong += [f"{indicator.code}：同一限值重复登记" for times in limits.values() if times > 1]
        return wrong

    def _unknown(self) -> list[str]:
        departments = {d.name for d in self.departments}
        groups = {g.code for g in self.groups}
        codes = {i.code for i in self.indicators}
        wrong = [f"{i.code}：没有登记分组 {i.group}" for i in self.indicators if i.group not in groups]
        wrong += [f"{i.item}：没有登记指标 {i.code}" for i in self.checklist if i.code not in codes]
        items = {i.item for i in self.checklist}
        wrong += [
            f"{i.code}：限值 {m.name} 的清单条目 {m.item} 没有登记"
            for i in self.indicators
            for m in i.limits
            if m.item and m.item not in items
        ]
        responsible = [(i.code, i.departments) for i in self.indicators]
        responsible += [(i.item, i.departments) for i in self.checklist]
        return wrong + [
            f"{name}：没有登记责任部门“{department}”（须用 departments 中的规范名称）"
            for name, answering in responsible
            for department in answering
            if department not in departments
        ]

    def _turned(self) -> list[str]:
        """Say what is on the side on which the school rule and the coefficients mean nothing."""
        wrong = [
            f"{code}：限值须用“>=”或“>”（学校规则按标准的 {self.rules.school.floor:.0%} 计下限）"
            for code in SEVEN
            for limit in (i.limits for i in self.indicators if i.code == code)
            if not {m.side for m in limit} <= {">=", ">"}
        ]
        if self.rules.coefficient.side not in ("<=", "<"):
            wrong.append("差异系数的限值须用“<=”或“<”")
        return wrong

    def _missing(self) -> list[str]:
        given = {i.code: i for i in self.indicators}
        wrong = [f"{code}：缺少这一指标" for code in CODES if code not in given]
        for code in SEVEN:
            limits = given[code].limits if code in given else ()
            stages = {m.stage for m in limits if not (m.name or m.kind or m.from_year)}
            wrong += [
                f"{code}：缺少{stage.zh}的限值（不限 kind、from_year 的一条）"
                for stage in COMPULSORY
                if code in given and not stages & {stage, None}
            ]
        return wrong + [
            f"{indicator.code}：按清单判定，但没有清单条目"
            for indicator in self.indicators
            if indicator.measure == "checklist" and not self.items(indicator.code)
        ]


def _locate(name: str | Path) -> Path:
    shipped = {path.stem: path for path in (Path(str(files("qb"))) / "standard").glob("*.toml")}
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        known = "、".join(sorted(shipped))
        raise StandardError(f"没有名为 {name} 的标准，也没有这个文件。随附的有：{known}。")
    return path


def load(name: str | Path = DEFAULT) -> Standard:
    """Read a standard: a name of one shipped with qb, or the path of a file.

    Raises
    ------
    StandardError
        If the file cannot be read or an entry makes no sense; every such entry is named.
    """
    return read_toml(_locate(name), Standard, "标准文件", StandardError)


def load_transition(name: str | Path = TRANSITION) -> Transition:
    """Read a profile of transition clauses, shipped or from a file; off unless asked for."""
    return read_toml(_locate(name), Transition, "标准文件", StandardError)
