"""A scenario: title, base year and actions in order; its file read with every fault in words, and written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from qb.errors import QbError, why
from qb.planning.scenario import pupils_actions, resource_actions, school_actions
from qb.planning.scenario.action_fields import Entry, unless
from qb.planning.scenario.year_records import Register
from qb.standard import Standard, Words, Year
from qb.tomlfile import PLAIN, shown, too_large

# What a scenario is: a title, a base year, and actions in the order in which they are done.
#
# Each action is a frozen model that stands beside the function which does it (`opening`, `closing`,
# `pupils`, `teachers`, `means`); its fields are those of the TOML file.


class ScenarioError(QbError):
    """A scenario that cannot be done; the message names the file and number of every action at fault."""


Action = Annotated[
    school_actions.OpenSchool
    | school_actions.CloseSchool
    | school_actions.MergeSchools
    | pupils_actions.MovePupils
    | pupils_actions.Rezone
    | pupils_actions.NewEstate
    | resource_actions.TransferTeachers
    | resource_actions.Hire
    | resource_actions.Train
    | resource_actions.Build
    | resource_actions.Buy
    | resource_actions.TransferEquipment
    | pupils_actions.SplitClasses
    | pupils_actions.PlaceOverflow
    | resource_actions.Fund
    | resource_actions.Set,
    Field(discriminator="do"),
]
DOES: Mapping[str, Callable[[Register, Standard, Action], Register]] = {
    "open_school": school_actions.open_school,
    "close_school": school_actions.close_school,
    "merge_schools": school_actions.merge_schools,
    "move_pupils": pupils_actions.move_pupils,
    "rezone": pupils_actions.rezone,
    "new_estate": pupils_actions.new_estate,
    "transfer_teachers": resource_actions.transfer_teachers,
    "hire": resource_actions.hire,
    "train": resource_actions.train,
    "build": resource_actions.build,
    "buy": resource_actions.buy,
    "transfer_equipment": resource_actions.transfer_equipment,
    "split_classes": pupils_actions.split_classes,
    "place_overflow": pupils_actions.place_overflow,
    "fund": resource_actions.fund,
    "set": resource_actions.set_item,
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
        wrong = [f"until（{self.until}）早于 base_year（{self.base_year}）"] if early else []
        return unless(wrong, self)


# Scenario files: read with every fault in words, and written.


Reason = tuple[int, str]  # number of the action, 0 for the file itself; the sentence


@dataclass(frozen=True)
class Draft:
    """A scenario before it is known to be sound.

    Attributes
    ----------
    label : str
        How a message names it.
    scenario : Scenario or None
        What of it can be read; None where nothing can.
    numbers : tuple of int
        The number in the file of each action of `scenario`.
    names : dict of int to str
        What each action of the file says it does.
    reasons : tuple of (int, str)
        What cannot be read.
    doubtful : frozenset of str
        Schools that the actions left out would have opened.
    """

    label: str
    scenario: Scenario | None
    numbers: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    doubtful: frozenset[str] = frozenset()

    @property
    def steps(self) -> list[tuple[int, Action]]:
        """The actions, each with its number and year."""
        return list(zip(self.numbers, self.scenario.dated, strict=True)) if self.scenario else []

    def words(self, reasons: Iterable[Reason]) -> str:
        """Return all that is wrong with the scenario, in the order of its actions."""
        lines = [
            f"  {f'第 {number} 项 {self.names[number - 1]}'.rstrip()}：{text}" if number else f"  {text}"
            for number, text in sorted(reasons, key=lambda reason: reason[0])
        ]
        return f"{self.label}有 {len(lines)} 处不能用，请逐条改正：\n" + "\n".join(lines)


def load(path: str | Path) -> Scenario:
    """Read a scenario file. Whether a dataset allows its actions is checked when they are done.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or has a field or value that makes no sense; all of them are named.
    """
    draft = read_draft(path)
    if draft.reasons:
        raise ScenarioError(draft.words(draft.reasons))
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
    label = f"情景文件 {scenario.file} " if scenario.file else f"情景“{scenario.title}”"
    return _without_early(label, scenario, tuple(range(1, len(scenario.actions) + 1)), scenario.actions)


def read_draft(path: str | Path) -> Draft:
    """Read a scenario file as far as it can be read."""
    path = Path(path)
    label = f"情景文件 {path} "
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        large = "、".join(too_large(document))
    except OSError as error:
        return Draft(label, None, reasons=((0, f"无法读取：{why(error)}，请检查路径及其权限"),))
    except UnicodeDecodeError:
        return Draft(label, None, reasons=((0, "不是 UTF-8 编码，请另存为 UTF-8"),))
    except (ValueError, RecursionError) as error:
        return Draft(label, None, reasons=((0, f"不是有效的 TOML：{error}，请按提示的行列改正"),))
    if large:
        return Draft(label, None, reasons=((0, f"有大得不可能的数（{large:.90}），请核对位数"),))
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
        (numbers[i], f"year（{scenario.actions[i].year}）早于基年 {scenario.base_year}")
        for i in sorted(early)
    )
    opened = frozenset(scenario.actions[i].opens for i in early) - {None}
    if not early:
        return Draft(label, scenario, numbers, names)
    kept = [i for i in range(len(scenario.actions)) if i not in early]
    sound = scenario.model_copy(update={"actions": tuple(scenario.actions[i] for i in kept)})
    return Draft(label, sound, tuple(numbers[i] for i in kept), names, reasons, opened)


_KINDS = {
    "union_tag_invalid": "没有“{tag}”这种操作，可用：{expected_tags}",
    "union_tag_not_found": "缺少 do（做什么）",
    "model_attributes_type": "须为一组“键 = 值”",
    "list_type": "须为列表",
}


def _in_words(fault: dict) -> list[Reason]:
    """Say one fault that pydantic found: one line for each thing wrong."""
    loc = list(fault["loc"])
    number = 0
    if len(loc) > 1 and loc[0] == "actions":
        number = loc[1] + 1
        loc = loc[3:]  # the third part repeats what the action does
    place = "".join(f" 第 {part + 1} 个" if isinstance(part, int) else f".{part}" for part in loc)
    place = place.removeprefix(".").replace(".[key]", "")
    if fault["type"] == "missing":
        return [(number, f"缺少 {place}")]
    plain = {**PLAIN, **_KINDS}.get(fault["type"])
    text = plain.format(**fault.get("ctx", {})) if plain else fault["msg"]
    given = shown(fault["input"]) if place else ""
    if fault["type"] in ("enum", "literal_error"):
        text = text.replace(" or ", ", ")
    return [(number, f"{place}{given}{line}") for line in text.splitlines()]


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
