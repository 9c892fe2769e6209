"""What a scenario is: a title, a base year, and actions in the order in which they are done.

Each action is a frozen model that stands beside the function which does it (`opening`, `closing`, `pupils`,
`teachers`, `means`); its fields are those of the TOML file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field, PrivateAttr, model_validator

from qb.errors import QbError
from qb.scenario import closing, means, opening, pupils, teachers
from qb.scenario.entry import Entry, unless
from qb.scenario.register import Register
from qb.standard import Standard, Words, Year


class ScenarioError(QbError):
    """A scenario that cannot be done; the message names the file and number of every action at fault."""


Action = Annotated[
    opening.OpenSchool
    | closing.CloseSchool
    | closing.MergeSchools
    | pupils.MovePupils
    | pupils.Rezone
    | teachers.TransferTeachers
    | teachers.Hire
    | teachers.Train
    | means.Build
    | means.Buy
    | means.TransferEquipment
    | pupils.SplitClasses
    | pupils.PlaceOverflow
    | means.Set,
    Field(discriminator="do"),
]
DOES: Mapping[str, Callable[[Register, Standard, Action], Register]] = {
    "open_school": opening.open_school,
    "close_school": closing.close_school,
    "merge_schools": closing.merge_schools,
    "move_pupils": pupils.move_pupils,
    "rezone": pupils.rezone,
    "transfer_teachers": teachers.transfer_teachers,
    "hire": teachers.hire,
    "train": teachers.train,
    "build": means.build,
    "buy": means.buy,
    "transfer_equipment": means.transfer_equipment,
    "split_classes": pupils.split_classes,
    "place_overflow": pupils.place_overflow,
    "set": means.set_item,
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
