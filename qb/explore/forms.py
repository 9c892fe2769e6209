"""What can be tried: the actions on offer, and the controls that fill in their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from qb.terms import Kind, Location, Term

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
                    Amount("teaching_area_m2", ("教学及辅助用房（㎡）", "Teaching floor (m²)"), 10000, 50),
                    Amount("indoor_sports_area_m2", ("室内体育用房（㎡）", "Indoor sports (m²)"), 4000, 50),
                    Amount("sports_ground_m2", ("体育运动场地（㎡）", "Sports ground (m²)"), 20000, 100),
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
