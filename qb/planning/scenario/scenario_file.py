"""A scenario: title, base year and actions in order; its file read with every fault in words, and written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from qb.errors import QbError, why
from qb.language import FieldName, Message, joined, listing
from qb.planning.scenario import pupils_actions, resource_actions, school_actions, teacher_actions
from qb.planning.scenario.action_base import BaseAction, said_if, unless
from qb.standard import Words, Year
from qb.tomlfile import UNUSABLE, Entry, plainly, shown, too_large

# What a scenario is: a title, a base year, and actions in the order in which they are done.
#
# Each action is a frozen model: its fields are those of the TOML file, and it declares what it is called, what
# it does and what it buys.


@dataclass(frozen=True)
class Refusal:
    """One thing wrong in a scenario: the number of the action (0: the file itself), what it does, and why."""

    number: int
    do: str
    reason: Message

    @property
    def said(self) -> Message:
        """The refusal as a line."""
        if not self.number:
            return self.reason
        return Message(
            "第 {} 项{}{}：{}", "Action {}{}{}: {}", self.number, " " if self.do else "", self.do, self.reason
        )


class ScenarioError(QbError):
    """Scenarios that cannot be done: of each, how it is called and what is wrong."""

    def __init__(self, found: Sequence[tuple[Message, list[Refusal]]]) -> None:
        self.found = [(Message(*UNUSABLE, label, len(refusals)), refusals) for label, refusals in found]
        lines = (line for head, refusals in self.found for line in (head, *("  " + r.said for r in refusals)))
        super().__init__(joined("\n", "\n", lines))


Action = Annotated[
    school_actions.OpenSchool
    | school_actions.CloseSchool
    | school_actions.MergeSchools
    | pupils_actions.MovePupils
    | pupils_actions.Rezone
    | pupils_actions.NewEstate
    | teacher_actions.TransferTeachers
    | teacher_actions.Hire
    | teacher_actions.Train
    | resource_actions.Build
    | resource_actions.Buy
    | resource_actions.TransferEquipment
    | pupils_actions.SplitClasses
    | pupils_actions.PlaceOverflow
    | resource_actions.Fund
    | resource_actions.Set,
    Field(discriminator="do"),
]
ACTIONS: dict[str, type[BaseAction]] = {
    get_args(model.model_fields["do"].annotation)[0]: model for model in get_args(get_args(Action)[0])
}


class Scenario(Entry):
    """A title, the school year it starts from, and actions in their order.

    `until` is the last year that the scenario is about; it is that of the last action unless written.
    """

    title: Words
    base_year: Year
    until: Year | None = None
    actions: tuple[Action, ...] = ()
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        """The file it was read from; empty for one made in memory."""
        return self._file

    @property
    def last_year(self) -> int:
        """The last year that the scenario speaks of."""
        return max(self.base_year, self.until or 0, *(a.year or 0 for a in self.actions), 0)

    @property
    def dated(self) -> tuple[Action, ...]:
        """The actions, each with its year."""
        return tuple(a.model_copy(update={"year": a.year or self.base_year}) for a in self.actions)

    @model_validator(mode="after")
    def _fits(self) -> Scenario:
        early = self.until is not None and self.until < self.base_year
        years = self.until, self.base_year, FieldName("until"), FieldName("base_year")
        return unless(
            said_if(early, "{2}（{0}）早于 {3}（{1}）", "{2} ({0}) is before {3} ({1})", *years), self
        )


# Scenario files: read with every fault in words, and written.


Reason = tuple[int, Message]  # number of the action, 0 for the file itself; what is wrong


@dataclass(frozen=True)
class Draft:
    """A scenario before it is known to be sound."""

    label: Message  # how a message names it
    scenario: Scenario | None  # what of it can be read; None where nothing can
    numbers: tuple[int, ...] = ()  # the number in the file of each action of `scenario`
    names: tuple[str, ...] = ()  # what each action of the file says it does
    reasons: tuple[Reason, ...] = ()  # what cannot be read
    doubtful: frozenset[str] = frozenset()  # schools that the actions left out would have opened

    @property
    def steps(self) -> list[tuple[int, Action]]:
        """The actions, each with its number and year."""
        return list(zip(self.numbers, self.scenario.dated, strict=True)) if self.scenario else []

    def refused(self, reasons: Iterable[Reason]) -> tuple[Message, list[Refusal]]:
        """Return how it is called with all that is wrong, in the order of its actions."""
        ordered = sorted(reasons, key=lambda reason: reason[0])
        return self.label, [Refusal(n, self.names[n - 1] if n else "", text) for n, text in ordered]


def load(path: str | Path) -> Scenario:
    """Read a scenario file. Whether a dataset allows its actions is checked when they are done.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or has a field or value that makes no sense; all of them are named.
    """
    draft = read_draft(path)
    if draft.reasons:
        raise ScenarioError([draft.refused(draft.reasons)])
    return draft.scenario


def combined(paths: Iterable[str | Path]) -> Scenario:
    """Return several scenario files as one: the actions of all, in the order given, each in its year.

    Raises
    ------
    ScenarioError
        If one of them cannot be used.
    """
    parts = [load(path) for path in paths]
    made = Scenario(
        title="＋".join(part.title for part in parts),
        base_year=min(part.base_year for part in parts),
        until=max(part.last_year for part in parts),
        actions=tuple(action for part in parts for action in part.dated),
    )
    made._file = "＋".join(part.file for part in parts)
    return made


def draft_of(scenario: Scenario | str | Path) -> Draft:
    """Return the draft of a scenario, or of a file."""
    if not isinstance(scenario, Scenario):
        return read_draft(scenario)
    label = (
        Message("情景文件 {} ", "Scenario file {}", scenario.file)
        if scenario.file
        else Message("情景“{}”", "Scenario “{}”", scenario.title)
    )
    return _without_early(label, scenario, tuple(range(1, len(scenario.actions) + 1)), scenario.actions)


def read_draft(path: str | Path) -> Draft:
    """Read a scenario file as far as it can be read."""
    path = Path(path)
    label = Message("情景文件 {} ", "Scenario file {}", path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        large = listing(too_large(document))
    except OSError as error:
        return Draft(
            label,
            None,
            reasons=(
                (
                    0,
                    Message(
                        "无法读取：{}，请检查路径及其权限",
                        "cannot be read: {}; check the path and its permissions",
                        why(error),
                    ),
                ),
            ),
        )
    except UnicodeDecodeError:
        return Draft(
            label,
            None,
            reasons=((0, Message("不是 UTF-8 编码，请另存为 UTF-8", "is not UTF-8; save it as UTF-8")),),
        )
    except (ValueError, RecursionError) as error:
        wrong = Message(
            "不是有效的 TOML：{}，请按提示的行列改正",
            "is no valid TOML: {}; put the line and column right that it names",
            error,
        )
        return Draft(label, None, reasons=((0, wrong),))
    if large:
        wrong = Message(
            "有大得不可能的数（{:.90}），请核对位数",
            "has impossibly large numbers ({:.90}); check their digits",
            large,
        )
        return Draft(label, None, reasons=((0, wrong),))
    return draft_of_document(document, label, str(path))


def draft_of_document(document: dict, label: str, file: str = "") -> Draft:
    """Return the draft of a document; actions at fault are left out of its scenario."""
    given = document.get("actions", [])
    given = given if isinstance(given, list) else []
    names = tuple(str(a.get("do", "")) if isinstance(a, dict) else "" for a in given)
    try:
        scenario = Scenario.model_validate(document)
        bad, reasons = set(), ()
    except ValidationError as error:
        found = error.errors(include_url=False)
        bad = {fault["loc"][1] for fault in found if len(fault["loc"]) > 1 and fault["loc"][0] == "actions"}
        reasons = tuple(reason for fault in found for reason in _in_words(fault))
        scenario = _sound_part(document, given, bad)
    if scenario is None:
        return Draft(label, None, names=names, reasons=reasons)
    scenario._file = file
    numbers = tuple(i + 1 for i in range(len(given)) if i not in bad)
    opened = {str(given[i].get("school_id")) for i in bad if isinstance(given[i], dict)}
    draft = _without_early(label, scenario, numbers, names)
    return Draft(
        label, draft.scenario, draft.numbers, names, reasons + draft.reasons, draft.doubtful | opened
    )


def _sound_part(document: dict, given: list, bad: set[int]) -> Scenario | None:
    sound = [entry for i, entry in enumerate(given) if i not in bad]
    try:
        return Scenario.model_validate({**document, "actions": sound})
    except ValidationError:
        return None


def _without_early(label: str, scenario: Scenario, numbers: tuple[int, ...], actions: Iterable) -> Draft:
    """Return a draft without the actions that begin before the base year, each with the reason."""
    names = tuple(a if isinstance(a, str) else a.do for a in actions)
    early = {i for i, a in enumerate(scenario.actions) if (a.year or scenario.base_year) < scenario.base_year}
    reasons = tuple(
        (
            numbers[i],
            Message(
                "{2}（{0}）早于基年 {1}",
                "{2} ({0}) is before the base {2} {1}",
                scenario.actions[i].year,
                scenario.base_year,
                FieldName("year"),
            ),
        )
        for i in sorted(early)
    )
    opened = frozenset(scenario.actions[i].opens for i in early) - {None}
    if not early:
        return Draft(label, scenario, numbers, names)
    kept = [i for i in range(len(scenario.actions)) if i not in early]
    sound = scenario.model_copy(update={"actions": tuple(scenario.actions[i] for i in kept)})
    return Draft(label, sound, tuple(numbers[i] for i in kept), names, reasons, opened)


def _in_words(fault: dict) -> list[Reason]:
    """Say one fault that pydantic found: one line for each thing wrong."""
    loc = list(fault["loc"])
    number = 0
    if len(loc) > 1 and loc[0] == "actions":
        number = loc[1] + 1
        loc = [part for part in loc[3:] if part != "[key]"]  # the third part repeats what the action does
    place = joined("", "", (_part(part, first=not at) for at, part in enumerate(loc)))
    if fault["type"] == "missing":
        return [(number, Message("缺少 {}", "{} is missing", place))]
    given = shown(fault["input"]) if place else ""
    return [
        (number, Message("{}{}{}", "{}{} {}" if place else "{}{}{}", place, given, line))
        for line in plainly(fault)
    ]


def _part(part: int | str, first: bool) -> Message:
    if isinstance(part, int):
        return Message(" 第 {} 个", " {}", part + 1)
    return Message("{}{}", "{}{}", "" if first else ".", FieldName(part))


def to_toml(scenario: Scenario) -> str:
    """Return the text of a scenario's file; `load` reads the same scenario from it."""
    plain = scenario.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    actions = plain.pop("actions", [])
    lines = [f"{name} = {_value(value)}" for name, value in plain.items()]
    for action in actions:
        ordered = {"do": action.pop("do"), **action}
        lines += ["", "[[actions]]", *(f"{name} = {_value(value)}" for name, value in ordered.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(entry)}" for name, entry in value.items()) + " }"
    # A string of JSON is one of TOML, but for the one character that TOML wants escaped as well.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
