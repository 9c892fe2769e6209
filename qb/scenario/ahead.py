"""The years that the data lack: pupils by the forecast, and what is left of an action's numbers by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.forecast import Forecast, carry_forward, forecast
from qb.rounding import round_half_up
from qb.scenario.model import Action
from qb.scenario.moving import STAFF
from qb.scenario.opening import OpenSchool
from qb.scenario.pupils import MovePupils
from qb.scenario.register import Register
from qb.scenario.teachers import Hire, Train, TransferTeachers, remaining
from qb.standard import Standard
from qb.terms import COMPULSORY, GRADES_OF_STAGE, Stage


@dataclass(frozen=True)
class Outlook:
    """How a dataset goes on after its last year.

    Attributes
    ----------
    forecast : Forecast
        Of the dataset as it is, without any scenario.
    standard : Standard
        For class limits, and for how many of its teachers a school loses each year.
    """

    forecast: Forecast
    standard: Standard

    @classmethod
    def of(cls, data: Dataset, to: int, standard: Standard) -> Outlook:
        """Forecast the dataset.

        Raises
        ------
        QbError
            If it cannot be forecast so far; the reason is named.
        """
        return cls(forecast(data, to), standard)

    def later(self, data: Dataset, year: int) -> Dataset:
        """Return the dataset of a year to come; a zone's children keep their part of its school's pupils."""
        found = carry_forward(data, self.forecast, year, self.standard)
        return found.replace(zones=self._zones(found["zones"], year))

    def _zones(self, zones: pd.DataFrame, year: int) -> pd.DataFrame:
        now, then = (self._by_school(y) for y in (self.forecast.base, year))
        growth = (then / now.where(now > 0)).dropna().to_dict()
        return zones.assign(
            **{
                f"{stage}_children": round_half_up(
                    zones[f"{stage}_children"]
                    * [growth.get((school, str(stage)), 1.0) for school in zones[f"{stage}_school_id"]],
                    0,
                )
                for stage in COMPULSORY
            }
        )

    def _by_school(self, year: int) -> pd.Series:
        return self._rows(year).groupby(["school_id", "stage"])["pupils"].sum()

    def _rows(self, year: int) -> pd.DataFrame:
        frame = self.forecast.years if year <= self.forecast.base else self.forecast.rows
        return frame[(frame["year"] == year).to_numpy()]

    def done(self, before: Register, action: Action, after: Register) -> Register:
        """Return the register after an action some years on: of a new school's teachers some have left."""
        if not isinstance(action, OpenSchool) or (stay := self._stay(action, after.year)) == 1:
            return after
        keys = [key for key in after["sections"] if key not in before["sections"]]
        rows = {key: dict(after["sections"][key]) for key in keys}
        for row in rows.values():
            row |= {name: float(round_half_up(row[name] * stay, 0)) for name in STAFF}
        return after.put("sections", rows)

    def grown(self, register: Register, action: Action) -> Action | None:
        """Return what an action comes to some years after it began; None where nothing is left of it.

        Teachers leave like all others. Pupils who changed school move up; where the entry grade changed,
        so do those who enter after them. A number of pupils is from then on the share that it was.
        """
        if isinstance(action, Hire | Train | TransferTeachers):
            stay = self._stay(action, register.year)
            return action if stay == 1 else remaining(register, action, stay)
        if isinstance(action, MovePupils) and action.zone is None:
            return self._moved_up(register, action)
        return action

    def _since(self, action: Action, year: int) -> int:
        return year - max(action.year, self.forecast.base)

    def _stay(self, action: Action, year: int) -> float:
        leaving = self.standard.rules.forecast.teachers_leaving_per_year
        return (1 - leaving) ** self._since(action, year)

    def _moved_up(self, register: Register, action: MovePupils) -> MovePupils | None:
        years = self._since(action, register.year)
        stage = register.stage_of(action.from_, action.stage)
        if not years or stage not in GRADES_OF_STAGE:
            return action
        share = action.share or self._share(action, stage, register.year - years)
        grades = None if action.grades is None else _older(action.grades, stage, years)
        if share is None or grades == ():
            return None if grades == () else action
        return action.model_copy(update={"pupils": None, "share": share, "grades": grades})

    def _share(self, action: MovePupils, stage: Stage, year: int) -> float | None:
        """Return which part a number of pupils was; None for a school that the forecast does not hold."""
        rows = self._rows(year)
        mine = ((rows["school_id"] == action.from_) & (rows["stage"] == stage)).to_numpy()
        if action.grades is not None:
            mine = mine & rows["grade"].isin(action.grades).to_numpy()
        there = rows.loc[mine, "pupils"].sum()
        return float(np.minimum(action.pupils / there, 1)) if there > 0 else None


def _older(grades: tuple[int, ...], stage: Stage, years: int) -> tuple[int, ...]:
    """Return the grades in which pupils are some years on, and those who entered after them.

    >>> _older((1,), Stage.PRIMARY, 2), _older((5,), Stage.PRIMARY, 1), _older((5,), Stage.PRIMARY, 2)
    ((1, 2, 3), (6,), ())
    """
    all_of = GRADES_OF_STAGE[stage]
    older = {grade + years for grade in grades if grade + years in all_of}
    if all_of.start in grades:
        older |= set(range(all_of.start, min(all_of.start + years, all_of.stop)))
    return tuple(sorted(older))
