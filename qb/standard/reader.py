"""A standard's file read, typed and checked: indicators, limits, departments, checks, each with its clause.

A standard is one TOML file, or the differences of one from another. This module gives it a type and refuses
nonsense with the entry named; it holds no limit and no formula. Another province's standard is another file.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
from pydantic import Field, ValidationError, ValidationInfo, model_validator

from qb.language import Message, listing
from qb.standard.indicator_entries import (
    Area,
    ChecklistItem,
    DeclaredColumn,
    Department,
    Group,
    Indicator,
    PlanTask,
    Recognition,
    Text,
    Transition,
    Veto,
    Words,
    Year,
)
from qb.standard.inheritance import WHAT, StandardError, entered_twice, locate, read_with_base
from qb.standard.limits import LimitInForce
from qb.standard.rule_entries import Checks, Rules
from qb.terms import COMPULSORY, Kind, Stage
from qb.tomlfile import UNUSABLE, Entry, as_model, read_toml

DEFAULT = "gulou-2023"
TRANSITION = "transition"
BESIDE = ("recognition", "veto")  # areas that are not made of indicators; each may be absent


ALONE = "entries alone"  # the context in which entries are read without being held against each other
OTHER_COUNT = (
    "rules.school.of = {}，而资源指标有 {} 项：须相同",
    "rules.school.of = {}, and there are {} resource indicators: they must be the same",
)


class Standard(Entry):
    """Everything the rules say. See the module's docstring."""

    extends: Words | None = None
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Text
    subject: Text
    edition: Words
    source: Words
    note: Text | None = None
    target_year: Year | None = None
    rules: Rules
    areas: tuple[Area, ...]
    groups: tuple[Group, ...]
    departments: tuple[Department, ...] = ()
    columns: tuple[DeclaredColumn, ...] = ()
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]
    checklist: tuple[ChecklistItem, ...] = ()
    checks: Checks
    recognition: Recognition | None = None
    vetoes: tuple[Veto, ...] = ()
    tasks: tuple[PlanTask, ...] = ()

    def __getitem__(self, code: str) -> Indicator:
        return self._by_code[code]

    @cached_property
    def _by_code(self) -> dict[str, Indicator]:
        return {indicator.code: indicator for indicator in self.indicators}

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes of all indicators, in order."""
        return tuple(self._by_code)

    @cached_property
    def resources(self) -> tuple[Indicator, ...]:
        """The resource indicators, in order: what school rule, coefficients and plans are about."""
        return tuple(indicator for indicator in self.indicators if indicator.resource)

    @cached_property
    def resource_codes(self) -> tuple[str, ...]:
        """Their codes, each once."""
        return tuple(dict.fromkeys(indicator.code for indicator in self.resources))

    @property
    def floor(self) -> float:
        """The share of its standard that a figure may not fall below; 0 where the standard states none."""
        rule = self.rules.school
        return rule.floor if rule and rule.floor is not None else 0.0

    @property
    def limits_schools(self) -> bool:
        """Whether a resource has a limit that schools must reach."""
        return any(indicator.limits for indicator in self.resources)

    @property
    def lets_below(self) -> bool:
        """Whether a school may pass that does not reach the limit of every resource."""
        rule = self.rules.school
        return rule is not None and rule.met < rule.of

    @property
    def mean_decides(self) -> bool:
        """Whether the mean of a stage's coefficients is limited, and none of them by itself."""
        rule = self.rules.coefficient
        return rule is not None and rule.decides == "mean"

    @cached_property
    def area_names(self) -> tuple[str, ...]:
        """The areas that the standard judges, in order."""
        held: set[str] = {indicator.area for indicator in self.indicators}
        held |= {"recognition"} if self.recognition else set()
        held |= {"veto"} if self.vetoes else set()
        return tuple(area.name for area in self.areas if area.name in held)

    @cached_property
    def asked_areas(self) -> tuple[str, ...]:
        """The areas that the district's verdict asks for."""
        return tuple(a.name for a in self.areas if a.name in self.area_names and a.asks == "every")

    @cached_property
    def resource_area(self) -> str:
        """The area of the resource indicators, which asks for the rules of schools and coefficients too."""
        return self.resources[0].area if self.resources else ""

    def of_area(self, area: str) -> tuple[Indicator, ...]:
        """Return the indicators of an area, in order."""
        return tuple(indicator for indicator in self.indicators if indicator.area == area)

    def area_title(self, area: str) -> Text:
        """Return what an area is called; its name where the standard does not know it."""
        return next((a.title for a in self.areas if a.name == area), Text(zh=area, en=area))

    def computed_by(self, measure: str) -> Indicator | None:
        """Return the indicator that a function computes, the first of several; None where there is none."""
        return next((i for i in self.indicators if i.measure == measure), None)

    def items(self, code: str) -> tuple[ChecklistItem, ...]:
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
            names |= {
                name: name
                for key in ("subjects", "others")
                for name in cast(tuple[str, ...], options.get(key, ()))
            }
            names |= cast(dict[str, str], options.get("synonyms", {}))
        return names

    def coefficient_limit(self, stage: Stage) -> float:
        """Return the limit of the difference coefficient at a stage; NaN where the standard gives none."""
        return getattr(self.rules.coefficient, stage.value, np.nan)

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
        if code == "coefficient" and stage is not None:
            side = self.rules.coefficient.side if self.rules.coefficient else "<="
            return self.hold(self.coefficient_limit(stage), side, rounding.coefficients)
        if code == "recognition" and self.recognition:
            limit, decimals = self.recognition.limit, rounding.ratios
        elif year is None:
            raise LookupError(f"{code}: a limit is in force in a year, and none is named")
        else:
            limit = self[code].limit(name=name, stage=stage, kind=kind, year=year)
            decimals = rounding.values if self[code].resource else self[code].decimals
        return self.hold(limit.value, limit.side, decimals if limit.decimals is None else limit.decimals)

    def hold(
        self, value: float | np.ndarray, side: str | np.ndarray = ">=", decimals: int = 0
    ) -> LimitInForce:
        """Return a limit that is itself a figure of the data, under the standard's rule on rounding."""
        rounding = self.rules.rounding
        return LimitInForce(value, side, decimals, rounding.compare == "rounded", rounding.tolerance)

    @model_validator(mode="after")
    def _hangs_together(self, info: ValidationInfo) -> Standard:
        if info.context != ALONE and (wrong := self.apart()):
            raise ValueError(*wrong)
        return self

    def apart(self) -> list[Message]:
        """Say in what the entries do not fit together."""
        return [*self._doubled(), *self._unknown(), *self._missing(), *self._turned()]

    def _doubled(self) -> list[Message]:
        wrong = entered_twice(
            [
                *(i.code for i in self.indicators),
                *(g.code for g in self.groups),
                *(a.name for a in self.areas),
                *(c.name for c in self.columns),
                *(i.item for i in self.checklist),
                *(i.item for i in self.vetoes),
                *(i.item for i in self.tasks),
                *(name for d in self.departments for name in (d.name, *d.aliases)),
            ]
        )
        for indicator in self.indicators:
            limits = Counter((m.name, m.stage, m.kind, m.from_year) for m in indicator.limits)
            wrong += [
                Message("{}：同一限值重复登记", "{}: the same limit is entered twice", indicator.code)
                for times in limits.values()
                if times > 1
            ]
        return wrong

    def _unknown(self) -> list[Message]:
        departments = {d.name for d in self.departments}
        groups = {g.code for g in self.groups}
        codes = {i.code for i in self.indicators}
        areas = {a.name for a in self.areas}
        wrong = [
            Message("{}：没有登记指标 {}", "{}: there is no indicator {}", i.item, i.code)
            for i in self.checklist
            if i.code not in codes
        ]
        for i in self.indicators:
            if i.group not in groups:
                wrong.append(Message("{}：没有登记分组 {}", "{}: there is no group {}", i.code, i.group))
            if i.area not in areas:
                wrong.append(Message("{}：没有登记方面 {}", "{}: there is no area {}", i.code, i.area))
            if i.area in BESIDE:
                zh, en = "{}：方面 {} 不由指标组成", "{}: area {} is not made of indicators"
                wrong.append(Message(zh, en, i.code, i.area))
        beside = dict(zip(BESIDE, (self.recognition, self.vetoes), strict=True))
        wrong += [
            Message("没有登记方面 {}", "there is no area {}", area)
            for area, held in beside.items()
            if held and area not in areas
        ]
        items = {i.item for i in self.checklist}
        wrong += [
            Message(
                "{}：限值 {} 的清单条目 {} 没有登记",
                "{0}: the checklist item {2} of limit {1} is not entered",
                i.code,
                m.name,
                m.item,
            )
            for i in self.indicators
            for m in i.limits
            if m.item and m.item not in items
        ]
        responsible = [(i.code, i.departments) for i in self.indicators]
        wrong += [
            Message("{}：没有责任部门", "{}: no department answers for it", code)
            for code, answering in responsible
            if departments and not answering
        ]
        responsible += [(i.item, i.departments) for i in self.checklist]
        return wrong + [
            Message(
                "{}：没有登记责任部门“{}”（须用 departments 中的规范名称）",
                "{}: there is no department “{}” (use the names of departments)",
                name,
                department,
            )
            for name, answering in responsible
            for department in answering
            if department not in departments
        ]

    def _turned(self) -> list[Message]:
        """Say what is on a side, or of a number, with which the rules of schools mean nothing."""
        wrong = [
            Message("{} {}：{}", "{} {}: {}", i.code, part, fault)
            for i in self.indicators
            for part, held in (("resource", i.resource), ("ratio", i.ratio))
            for fault in (held.faults() if held else ())
        ]
        wrong += [
            Message(
                "{} ratio：限值按学段或不分学段，不能按 kind 或 name",
                "{} ratio: limits go by stage or hold for all, not by kind or name",
                i.code,
            )
            for i in self.indicators
            if i.ratio and any(m.kind or m.name for m in i.limits)
        ]
        for area in self.areas:
            points = [i.code for i in self.of_area(area.name) if i.points]
            scores = [i.code for i in self.of_area(area.name) if i.measure == "score"]
            if bool(points) != bool(scores) or len(scores) > 1:
                wrong.append(
                    Message(
                        '方面 {}：有分值 points 的，须有且只有一项 measure = "score" 合计得分',
                        'area {}: with points there must be one measure = "score" that adds them up, and only one',
                        area.name,
                    )
                )
            wrong += [
                Message("{}：合计得分的一项自身不给分值", "{}: what adds up the points has none itself", code)
                for code in scores
                if code in points
            ]
        if len({i.area for i in self.resources}) > 1:
            of = (Message("{} 在 {}", "{} is in {}", i.code, i.area) for i in self.resources)
            wrong.append(
                Message(
                    "资源指标（resource）须归入同一方面 area：{}",
                    "resource indicators must be of one area: {}",
                    listing(of),
                )
            )
        wrong += [
            Message(
                "{}：资源指标的限值须在同一侧（全用“>=”“>”，或全用“<=”“<”）",
                "{}: limits of a resource must be on one side (all “>=” “>”, or all “<=” “<”)",
                i.code,
            )
            for i in self.resources
            if len({m.side in (">=", ">") for m in i.limits}) > 1
        ]
        rule, count = self.rules.school, len(self.resource_codes)
        if rule and rule.of != count:
            wrong.append(Message(*OTHER_COUNT, rule.of, count))
        if rule and rule.met > rule.of:
            wrong.append(
                Message(
                    "rules.school.met = {} 大于 of = {}",
                    "rules.school.met = {} is more than of = {}",
                    rule.met,
                    rule.of,
                )
            )
        return wrong

    def _missing(self) -> list[Message]:
        wrong = []
        for indicator in self.resources:
            stages = {m.stage for m in indicator.limits if not (m.name or m.kind or m.from_year)}
            wrong += [
                Message(
                    "{}：缺少{}的限值（不限 kind、from_year 的一条）",
                    "{}: no limit for {} (one without kind and from_year)",
                    indicator.code,
                    stage,
                )
                for stage in COMPULSORY
                if (self.rules.school or indicator.limits) and not stages & {stage, None}
            ]
        for indicator in (i for i in self.indicators if i.ratio and i.limits):
            named = {m.stage for m in indicator.limits if not m.from_year}
            wrong += [
                Message("{}：缺少{}的限值", "{}: no limit for {}", indicator.code, stage)
                for stage in COMPULSORY
                if None not in named and stage not in named
            ]
        if self.rules.coefficient and not self.resources:
            wrong.append(
                Message(
                    "rules.coefficient：没有资源指标，差异系数无从计算",
                    "rules.coefficient: there is no resource indicator to compute a coefficient of",
                )
            )
        return wrong + [
            Message(
                "{}：按清单判定，但没有清单条目",
                "{}: judged by its checklist, which has no item",
                indicator.code,
            )
            for indicator in self.indicators
            if indicator.measure == "checklist" and not self.items(indicator.code)
        ]


def load(name: str | Path = DEFAULT) -> Standard:
    """Read a standard: a name of one shipped with qb, or the path of a file.

    Raises
    ------
    StandardError
        If the file cannot be read or an entry makes no sense; every such entry is named.
    """
    made, wrong, _ = read_whole(name)
    if made is None or wrong:
        file = Message("{} {} ", "{} {}", WHAT, locate(name))
        raise StandardError(*UNUSABLE, file, len(wrong), lines=wrong)
    return made


def chosen_standard(standard: Standard | str | Path | None) -> Standard:
    """Return the standard; one that is only named is read, the default where none is."""
    return standard if isinstance(standard, Standard) else load(standard or DEFAULT)


def read_whole(name: str | Path) -> tuple[Standard | None, list[Message], dict[str, Any]]:
    """Return a standard (none where entries make no sense), all that is wrong, and what its file says.

    Raises
    ------
    StandardError
        If the file cannot be read.
    """
    path, wrong = locate(name), list[Message]()
    written = read_with_base(path, wrong)
    try:
        return as_model(written, path, Standard, WHAT, StandardError), wrong, written
    except StandardError as error:
        return None, [*dict.fromkeys([*wrong, *cast(tuple[Message, ...], error.lines)])], written


def readable(written: dict[str, Any]) -> tuple[Standard | None, set[str]]:
    """Return a standard of what can be read entry by entry, whether or not it fits together, and the words of the rest.

    None where it is not an entry of a list that makes no sense.
    """
    try:
        return Standard.model_validate(written, context=ALONE), set()
    except ValidationError as error:
        left_out = {fault["loc"][:2] for fault in error.errors() if len(fault["loc"]) > 1}
    lists = {key: entries for key, entries in written.items() if isinstance(entries, list)}
    kept = {key: [e for at, e in enumerate(of) if (key, at) not in left_out] for key, of in lists.items()}
    rest = (lists[key][at] for key, at in left_out if key in lists and isinstance(at, int))
    words = {text for entry in rest if isinstance(entry, dict) for text in map(str, entry.values())}
    try:
        return Standard.model_validate({**written, **kept}, context=ALONE), words
    except ValidationError:
        return None, words


def load_transition(name: str | Path = TRANSITION) -> Transition:
    """Read a profile of transition clauses, shipped or from a file; off unless asked for."""
    return read_toml(locate(name), Transition, WHAT, StandardError)
