"""The coming years: the data's own, then the forecast, then as the last; one model for all who look ahead.

What-if, plans over years and their pages take each year from here: pupils by the forecast in whole numbers,
teachers leaving at a steady rate, everything else as in the last year of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.data.dataset import Dataset, in_open_schools, single_classes
from qb.errors import QbError
from qb.indicators.district_figures import latest_results
from qb.language import Message, listing
from qb.planning.forecast.not_forecast import changing, of_missing
from qb.planning.forecast.progression import LONGEST
from qb.planning.forecast.projection import Forecast, forecast, frozen
from qb.planning.forecast.projection import carry_forward as carry_dataset_forward
from qb.planning.scenario.apportionment import STAFF
from qb.planning.scenario.pupils_actions import MovePupils
from qb.planning.scenario.resource_actions import Hire, Train, TransferTeachers, remaining
from qb.planning.scenario.scenario_file import Action
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.scenario.year_records import Register, rows_of
from qb.rounding import round_half_up
from qb.standard import Standard
from qb.terms import COMPULSORY, GRADES_OF_STAGE, Stage

Later = Callable[[Dataset, int], Dataset]  # the dataset and a year -> the dataset of that year alone

# The years that the data lack: pupils by the forecast, and what is left of an action's numbers by then.


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
        """Forecast the dataset, as far as figures change.

        Raises
        ------
        QbError
            If it cannot be forecast; the reason is named.
        """
        return cls(forecast(data, min(to, data.years[-1] + LONGEST)), standard)

    def later(self, data: Dataset, year: int) -> Dataset:
        """Return the dataset of a year to come; a zone's children keep their part of its school's pupils.

        Beyond the forecast all is as in its last year.
        """
        told = min(year, self.forecast.to)
        found = carry_dataset_forward(data, self.forecast, told, self.standard)
        found = found.replace(zones=self._zones(found["zones"], told))
        return found if told == year else carry_forward(found, year, self.standard)

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
        if not isinstance(action, OpenSchool) or (stay := self.stay(action.year, after.year)) == 1:
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
            stay = self.stay(action.year, register.year)
            return action if stay == 1 else remaining(register, action, stay)
        if isinstance(action, MovePupils) and action.zone is None:
            return self._moved_up(register, action)
        return action

    def _since(self, begun: int, year: int) -> int:
        last, base = self.forecast.to, self.forecast.base
        return max(min(year, last) - max(min(begun, last), base), 0)

    def stay(self, begun: int, year: int) -> float:
        """Return the part of the teachers of one year who are still there in a later one."""
        leaving = self.standard.rules.forecast.teachers_leaving_per_year
        return (1 - leaving) ** self._since(begun, year)

    def _moved_up(self, register: Register, action: MovePupils) -> MovePupils | None:
        years = self._since(action.year, register.year)
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


def chosen_standard(standard: Standard | str | None) -> Standard:
    """Return the standard, read where only its name is given."""
    return standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)


def carry_forward(data: Dataset, year: int, standard: Standard | None = None) -> Dataset:
    """Return the dataset of one year alone: its own records, or those of the latest year before it.

    Those of schools that have closed by then are not taken over. Of the monitoring these are the latest
    results that count in that year.

    Raises
    ------
    QbError
        If the data have no year so early.
    """
    before = [y for y in data.years or [year] if y <= year]
    if not before:
        raise QbError(
            "数据中没有 {} 学年，也没有更早的学年可以沿用。已有：{}。",
            "The data have no year {}, and no earlier one to carry forward. There are: {}.",
            year,
            listed(data),
        )
    frames = {name: rows_of(frame, before[-1]) for name, frame in data.tables.items() if "year" in frame}
    frames["monitoring"] = latest_results(data["monitoring"], chosen_standard(standard), before[-1])
    if before[-1] != year:
        # The ledger says what was done in a year; that is not carried into another.
        frames = {
            name: in_open_schools(frame, data["schools"], year).assign(year=year)
            for name, frame in frames.items()
        }
        frames["measures"] = data["measures"].iloc[:0]
    return data.replace(**frames)


def listed(data: Dataset) -> Message:
    """Return the years of the data, as a sentence names them."""
    return listing(data.years)


@dataclass(frozen=True)
class Years:
    """The years as they are without a scenario.

    Attributes
    ----------
    data : dict of int to Dataset
        Each year alone.
    outlook : dict of int to Outlook
        For the years that were forecast.
    notes : tuple of str
        How the years came about that the data lack, in sentences.
    unknown : str
        Why there is no forecast where one is needed; empty where there is one, or all years are given.
    """

    data: dict[int, Dataset]
    outlook: dict[int, Outlook]
    notes: tuple[str, ...]
    unknown: str = ""

    @classmethod
    def of(
        cls,
        data: Dataset,
        start: int,
        end: int,
        standard: Standard,
        later: Later | None = None,
        wanted: Collection[int] = (),
    ) -> Years:
        """Return the data's own years from `start` on, then those that `later` or a forecast gives.

        Beyond the forecast nothing changes; of these years there are only `end` and those of `wanted`.
        """
        last = data.years[-1] if data.years else start
        data, banded = single_classes(data)
        outlook, notes, unknown = None, (), ""
        if later is None and end > last:
            outlook, notes, unknown = _outlook(data, end, standard)
        reach = end if later else outlook.forecast.to if outlook else last
        later = later or (outlook.later if outlook else carry_forward)
        own = [y for y in range(start, end + 1) if y <= max(reach, last + 1) or y == end or y in wanted]
        if banded:
            notes = (
                Message(
                    "班级表中有 {} 行按班额分档，推演要逐班的数据，这些行没有计入",
                    "{} rows of classes are listed by size; scenarios need single classes, so these are not counted",
                    banded,
                ),
                *notes,
            )
        frames = {y: (later if y > last else carry_forward)(data, y) for y in own}
        return cls(frames, {y: outlook for y in own if y > last and outlook}, notes, unknown)

    def stay(self, begun: int, year: int) -> float:
        """Return the part of the teachers who came or were trained in one year that is there in another."""
        return self.outlook[year].stay(begun, year) if year in self.outlook else 1.0


def _outlook(data: Dataset, end: int, standard: Standard) -> tuple[Outlook | None, tuple[str, ...], str]:
    """Return the forecast, or why there is none, with what a reader must know of it."""
    last = data.years[-1]
    try:
        outlook = Outlook.of(data, end, standard)
    except QbError as error:
        why = error.clause
        how = Message(
            "{} 学年起沿用 {} 学年的数字，因为{}",
            "From {}: figures as in {}, because {}",
            last + 1,
            last,
            why,
        )
        return None, (how, *of_missing(data, changing(data, last, end))), why
    leaving = f"{100 * standard.rules.forecast.teachers_leaving_per_year:g}%"
    how = Message(
        "{} 学年起：各校各年级学生数由 {} 学年推算，教师每年离职 {}、不另补充，校舍、设备、经费和其他数据沿用 {} 学年",
        "From {}: pupils by school and grade are forecast from {}; {} of teachers leave each year and none is hired; rooms, equipment, funds and all else as in {}",
        last + 1,
        last,
        leaving,
        last,
    )
    return outlook, (how, *outlook.forecast.notes, *frozen(outlook.forecast.to, end)), ""
