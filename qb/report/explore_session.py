"""Actions tried out on a year: what can be picked, the choices made, what they do, the scenario they amount
to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from qb.data.dataset import Dataset
from qb.errors import QbError
from qb.files import write_whole
from qb.indicators.assessment import Assessment, assess
from qb.planning.scenario import Scenario, apply, carry_forward, to_toml
from qb.standard import Standard
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Location, Term

# What can be tried: the actions on offer, and the controls that fill in their fields.


Words = tuple[str, str]  # zh, en
Place = tuple[str, str]  # school_id and stage


@dataclass(frozen=True)
class Amount:
    """A slider from nothing to `most`; at nothing the field is not written."""

    name: str
    label: Words
    most: int
    step: int = 1


@dataclass(frozen=True)
class Where:
    """A school; with its stage where rows of `table` are offered, by itself where none is named."""

    name: str
    label: Words
    table: str = ""


@dataclass(frozen=True)
class Word:
    """One of a closed set."""

    name: str
    label: Words
    words: tuple[Term, ...]


@dataclass(frozen=True)
class District:
    """One of the districts of the data."""

    name: str = "district"
    label: Words = ("县区", "District")


@dataclass(frozen=True)
class Free:
    """A text."""

    name: str
    label: Words
    text: Words


Control = Amount | Where | Word | District | Free


@dataclass(frozen=True)
class Form:
    """An action on offer.

    Attributes
    ----------
    do : str
        As a scenario file says it.
    label : tuple of str
        In Chinese and English.
    controls : tuple of Control
    fixed : dict
        Fields that are always written so.
    """

    do: str
    label: Words
    controls: tuple[Control, ...]
    fixed: Mapping[str, object] = field(default_factory=dict)


_STAFFED = Where("school", ("学校", "School"), "sections")
_EQUIPPED = Where("school", ("学校", "School"), "facilities")
_FROM = Where("from", ("从", "From"), "sections")
_TO = Where("to", ("到", "To"))
_SCHOOLS = (Kind.PRIMARY, Kind.JUNIOR, Kind.NINE_YEAR)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.do: form
        for form in (
            Form(
                "hire",
                ("新进教师", "Hire teachers"),
                (
                    _STAFFED,
                    Amount("teachers", ("人数", "Teachers"), 40),
                    Amount("pe_arts", ("其中体育、艺术", "of PE and arts"), 20),
                    Amount("backbone", ("其中骨干", "backbone"), 20),
                ),
            ),
            Form(
                "train",
                ("培训教师", "Train teachers"),
                (
                    _STAFFED,
                    Amount("above_required", ("提升学历（人）", "Higher degree"), 40),
                    Amount("backbone", ("培养骨干（人）", "Backbone"), 20),
                    Amount("pe_arts", ("转教体育、艺术（人）", "To PE and arts"), 20),
                ),
            ),
            Form(
                "transfer_teachers",
                ("教师交流", "Transfer teachers"),
                (_FROM, _TO, Amount("teachers", ("人数", "Teachers"), 40)),
            ),
            Form(
                "move_pupils",
                ("转移学生", "Move pupils"),
                (_FROM, _TO, Amount("pupils", ("人数", "Pupils"), 600, 5)),
            ),
            Form(
                "build",
                ("增建校舍场地", "Build"),
                (
                    _EQUIPPED,
                    Amount(
                        "teaching_area_m2", ("教学及辅助用房（平方米）", "Teaching floor (m²)"), 10000, 50
                    ),
                    Amount(
                        "indoor_sports_area_m2", ("室内体育用房（平方米）", "Indoor sports (m²)"), 4000, 50
                    ),
                    Amount("sports_ground_m2", ("体育运动场地（平方米）", "Sports ground (m²)"), 20000, 100),
                ),
            ),
            Form(
                "buy",
                ("添置设备", "Buy equipment"),
                (
                    _EQUIPPED,
                    Amount("equipment_yuan", ("教学仪器设备（元）", "Equipment (yuan)"), 3000000, 10000),
                    Amount("multimedia_rooms", ("网络多媒体教室（间）", "Multimedia rooms"), 60),
                ),
            ),
            Form(
                "open_school",
                ("开办学校", "Open a school"),
                (
                    Free("name", ("校名", "Name"), ("新建学校", "New school")),
                    Word("kind", ("办学类型", "Kind"), _SCHOOLS),
                    Word("location", ("城乡", "Location"), tuple(Location)),
                    District(),
                    Amount("capacity.primary", ("小学学位", "Primary places"), 1620, 45),
                    Amount("capacity.junior", ("初中学位", "Junior places"), 1500, 50),
                ),
                {"like": "standard"},
            ),
        )
    }
)


@dataclass(frozen=True)
class Choice:
    """An action with what its controls say: a number, a word, a text, or a school (with its stage).

    `values` may also hold fields that no control shows, such as the identifier of a school to be opened.
    """

    do: str
    values: Mapping[str, object]

    def having(self, **values: object) -> Choice:
        """Return the choice with some values changed."""
        return Choice(self.do, {**self.values, **values})

    @property
    def action(self) -> dict[str, object] | None:
        """The action as a scenario file has it; None as long as no slider was moved.

        >>> choice = Choice("hire", {"school": ("0001001", "primary"), "teachers": 3, "pe_arts": 0})
        >>> choice.action
        {'do': 'hire', 'school': '0001001', 'stage': 'primary', 'teachers': 3}
        >>> choice.having(teachers=0).action is None
        True
        """
        form = FORMS[self.do]
        amounts = {c.name: self.values.get(c.name) for c in form.controls if isinstance(c, Amount)}
        if not any(amounts.values()):
            return None
        made: dict[str, object] = {"do": self.do}
        for name, value in self.values.items():
            if name in amounts and not value:
                continue
            group, _, member = name.partition(".")
            if member:
                made.setdefault(group, {})[member] = value
            elif isinstance(value, tuple):
                made |= {name: value[0], "stage": value[1]}
            else:
                made[name] = value
        return made | dict(form.fixed)


# A year of a dataset and the choices made about it: what they do, and the scenario they amount to.


_SECTIONS = Where("", ("", ""), "sections")
NEW = "NEW"  # what the identifiers of schools to be opened begin with


@dataclass(frozen=True)
class Session:
    """Choices, in the order in which they are done, about one year of a dataset.

    Attributes
    ----------
    data : Dataset
        Of that year alone.
    base : Assessment
        Where nothing is done.
    choices : tuple of Choice
        One whose sliders all stand at nothing does nothing.
    """

    data: Dataset
    base: Assessment
    choices: tuple[Choice, ...] = ()

    @classmethod
    def of(cls, data: Dataset, year: int, standard: Standard) -> Session:
        """Return a session about a year, with nothing chosen yet."""
        alone = carry_forward(data, year, standard)
        return cls(alone, assess(alone, year, standard))

    def adding(self, do: str, lang: str = "zh") -> Session:
        """Return the session with one more action, its controls as they stand at first."""
        values: dict[str, object] = {"school_id": self._new_id()} if do == "open_school" else {}
        for control in FORMS[do].controls:
            values[control.name] = _first(control, self._sensible(control, values), lang)
        return replace(self, choices=(*self.choices, Choice(do, values)))

    def changing(self, number: int, **values: object) -> Session:
        """Return the session with the choice of that place, counted from 0, changed."""
        choices = list(self.choices)
        choices[number] = choices[number].having(**values)
        return replace(self, choices=tuple(choices))

    def without(self, number: int) -> Session:
        """Return the session without the choice of that place, counted from 0."""
        return replace(self, choices=self.choices[:number] + self.choices[number + 1 :])

    def options(self, control: Control) -> list[object]:
        """Return what a control offers: places, schools, words or districts; nothing for a slider or text."""
        if isinstance(control, Where):
            if control.table:
                frame = self.data[control.table]
                there = list(zip(frame["school_id"], frame["stage"], strict=True))
                return there + [place for one in self._opened for place in _places(one)]
            there = dict.fromkeys(self.data["sections"]["school_id"])
            return [*there, *(one.values["school_id"] for one in self._opened)]
        if isinstance(control, Word):
            return list(control.words)
        return list(self.data.districts) if isinstance(control, District) else []

    def name(self, school: str) -> str:
        """Return a school's name; its identifier where there is none."""
        named = {str(one.values["school_id"]): str(one.values["name"]) for one in self._opened}
        return named.get(school) or self._names.get(school, school)

    @property
    def numbers(self) -> list[int | None]:
        """The number of each choice in the scenario; None for one that does nothing."""
        found, count = [], 0
        for choice in self.choices:
            acts = choice.action is not None
            count += acts
            found.append(count if acts else None)
        return found

    @property
    def actions(self) -> list[dict[str, object]]:
        """The actions that the choices amount to, as a scenario file has them."""
        return [choice.action for choice in self.choices if choice.action is not None]

    @cached_property
    def after(self) -> Assessment:
        """The assessment once the actions are done.

        Raises
        ------
        ScenarioError
            If one of them cannot be done; every reason is named.
        """
        if not self.actions:
            return self.base
        done = apply(self.data, self.actions, self.base.year, self.base.standard)
        return assess(done, self.base.year, self.base.standard)

    def scenario(self, title: str) -> Scenario:
        """Return the choices as a scenario.

        Raises
        ------
        ScenarioError
            If an action cannot be done; every reason is named.
        """
        _ = self.after  # a scenario that cannot be done is none
        document = {"title": title, "base_year": self.base.year, "actions": self.actions}
        return Scenario.model_validate(document)

    def _sensible(self, control: Control, values: dict[str, object]) -> list[object]:
        """Return the options; of schools that are to receive, first the others that have the stage."""
        options = self.options(control)
        if control.name != "to":
            return options
        giver, stage = values["from"]
        alike = [school for school, there in self.options(_SECTIONS) if there == stage and school != giver]
        return alike or options

    @property
    def _opened(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.do == "open_school"]

    @cached_property
    def _names(self) -> dict[str, str]:
        schools = self.data["schools"].dropna(subset=["name"])
        return dict(zip(schools["school_id"], schools["name"], strict=True))

    def _new_id(self) -> str:
        taken = {*self.data["schools"]["school_id"], *(one.values["school_id"] for one in self._opened)}
        return next(name for n in range(1, len(taken) + 2) if (name := f"{NEW}{n}") not in taken)


def _first(control: Control, options: list[object], lang: str) -> object:
    if isinstance(control, Amount):
        return 0
    if isinstance(control, Free):
        return control.text[lang != "zh"]
    if not options:
        raise QbError("数据中没有可供选择的{}。", "The data have no {} to choose from.", control.label[0])
    return options[0]


def _places(opened: Choice) -> list[Place]:
    stages = STAGES_OF_KIND[opened.values["kind"]]
    return [(str(opened.values["school_id"]), str(stage)) for stage in COMPULSORY if stage in stages]


def save(session: Session, path: str | Path, title: str) -> Path:
    """Write the choices as a scenario file, whole or not at all; what stands there is never replaced.

    Raises
    ------
    QbError
        If nothing was chosen, an action cannot be done, the title is empty, or the file cannot be written.
    """
    path = Path(path).expanduser()
    if not title.strip():
        raise QbError("没有标题。请给情景写一个标题。", "There is no title. Give the scenario one.")
    if not session.actions:
        raise QbError(
            "还没有选任何操作，或数量都是零，没有可保存的。",
            "No action is chosen, or all amounts are zero: there is nothing to save.",
        )
    scenario = session.scenario(title.strip())
    if path.suffix != ".toml":
        raise QbError(
            "文件名应以 .toml 结尾，现为“{}”。", "The file's name must end in .toml; it is “{}”.", path
        )
    if path.exists():
        raise QbError(
            "已经有 {}，没有覆盖。请换一个文件名，或先把原来的移走。",
            "{} is there already and is not replaced. Choose another name, or move it away first.",
            path,
        )
    write_whole(path, to_toml(scenario))
    return path
