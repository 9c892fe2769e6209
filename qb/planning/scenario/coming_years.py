"""The coming years, forecast where data end, one model for all who look ahead; a scenario's actions done in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset, in_open_schools, single_classes
from qb.errors import QbError
from qb.indicators.assessment import choose_year
from qb.indicators.district_figures import latest_results
from qb.language import Message, listing
from qb.planning.forecast.grades import changing, of_missing
from qb.planning.forecast.progression_ratios import LONGEST
from qb.planning.forecast.projection import STAFF, Forecast, forecast, forecast_dataset, frozen
from qb.planning.scenario.pupils_actions import MovePupils
from qb.planning.scenario.scenario_file import (
    Action,
    Draft,
    Reason,
    Scenario,
    ScenarioError,
    draft_of,
    draft_of_document,
)
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.scenario.teacher_actions import Hire, Train, TransferTeachers, remaining
from qb.planning.scenario.year_records import Move, Refused, Stay, YearRecords, rows_of, write_back
from qb.rounding import round_half_up
from qb.standard import Standard, chosen_standard
from qb.terms import COMPULSORY, GRADES_OF_STAGE, Stage

Later = Callable[[Dataset, int], Dataset]  # the dataset and a year -> the dataset of that year alone

# The years that the data lack: pupils by the forecast, and what is left of an action's numbers by then.


@dataclass(frozen=True)
class Outlook:
    """How a dataset goes on after its last year."""

    forecast: Forecast  # of the dataset as it is, without any scenario
    standard: Standard  # for class limits, and for how many of its teachers a school loses each year

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
        found = forecast_dataset(data, self.forecast, told, self.standard)
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

    def done(self, before: YearRecords, action: Action, after: YearRecords) -> YearRecords:
        """Return the register after an action some years on: of a new school's teachers some have left."""
        if not isinstance(action, OpenSchool) or (stay := self.stay(action.year, after.year)) == 1:
            return after
        keys = [key for key in after["sections"] if key not in before["sections"]]
        rows = {key: dict(after["sections"][key]) for key in keys}
        for row in rows.values():
            row |= {name: float(round_half_up(row[name] * stay, 0)) for name in STAFF}
        return after.put("sections", rows)

    def grown(self, register: YearRecords, action: Action) -> Action | None:
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

    def _moved_up(self, register: YearRecords, action: MovePupils) -> MovePupils | None:
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
class BaseYears:
    """The years as they are without a scenario."""

    data: dict[int, Dataset]  # each year alone
    outlook: dict[int, Outlook]  # for the years that were forecast
    notes: tuple[str, ...]  # how the years came about that the data lack, in sentences
    # Why there is no forecast where one is needed; empty where there is one, or all years are given.
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
    ) -> BaseYears:
        """Return the data's own years from `start` on, then those that `later` or a forecast gives.

        Beyond the forecast nothing changes; of these years there are only `end` and those of `wanted`.
        """
        last = data.years[-1] if data.years else start
        data, banded = single_classes(data)
        outlook, notes, unknown = None, (), ""
        if later is None and end > last:
            outlook, notes, unknown = _outlook(data, end, standard)
        reach = end if later else outlook.forecast.to if outlook else last
        later = later or (outlook.later if outlook else partial(carry_forward, standard=standard))
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
        frames = {y: later(data, y) if y > last else carry_forward(data, y, standard) for y in own}
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


# Doing the actions of a scenario: a dataset in, another one out, or every reason why not.


def apply(
    data: Dataset,
    actions: Scenario | Iterable[Action | dict],
    year: int | None = None,
    standard: Standard | str | None = None,
) -> Dataset:
    """Return the dataset after the actions, in the order given.

    Parameters
    ----------
    data : Dataset
        Not changed.
    actions : Scenario, or iterable of actions
        An action may be a dict with the fields of the file: ``{"do": "buy", "school": "001", …}``.
    year : int, optional
        The school year whose records are changed; other years stay as they are. The last one of the
        data and the actions unless given. Where the data lack it, those of the latest year before
        are carried forward. An action that begins later is left out.
    standard : Standard or str, optional
        For class limits and what a new school is given.

    Raises
    ------
    ScenarioError
        If an action cannot be done after those before it; every reason is named, and nothing is done.

    Notes
    -----
    Faults in the data that no action meets are left to `qb.check` and `qb.assess`. Classes listed by size
    are left out: which grade gains or loses a pupil is not known of them.

    Examples
    --------
    >>> from qb.data.sample import make
    >>> data = make(schools=8, years=[2025])
    >>> after = apply(data, [{"do": "hire", "school": "0001003", "teachers": 3, "backbone": 1}])
    >>> names = ["full_time_teachers", "backbone_teachers"]
    >>> (after["sections"][names] - data["sections"][names]).sum().tolist()
    [3.0, 1.0]
    """
    if not isinstance(actions, Scenario):
        actions = [
            a if isinstance(a, dict) else a.model_dump(by_alias=True, exclude_unset=True) for a in actions
        ]
    year = _last_year(data, actions) if year is None else year
    draft = draft_of(actions) if isinstance(actions, Scenario) else _draft(actions, year)
    chosen = chosen_standard(standard)
    return _apply(_with_year(single_classes(data)[0], year, chosen), draft, year, chosen)


def _last_year(data: Dataset, actions: Scenario | list[dict]) -> int:
    written = (
        [actions.last_year] if isinstance(actions, Scenario) else [action.get("year") for action in actions]
    )
    return max([choose_year(data, None), *(year for year in written if isinstance(year, int))])


def _draft(actions: list[dict], year: int) -> Draft:
    """Return the draft of actions without a base year: one without a year is done in the year asked for."""
    dated = [{"year": year, **action} for action in actions]
    first = min([year, *(action["year"] for action in dated if isinstance(action["year"], int))])
    return draft_of_document({"title": "-", "base_year": first, "actions": dated}, "操作")


def _apply(data: Dataset, draft: Draft, year: int, standard: Standard) -> Dataset:
    before = YearRecords.of(data, year)
    after, reasons = run(before, draft.steps, standard, draft.doubtful)
    if draft.reasons or reasons:
        raise ScenarioError([draft.refused([*draft.reasons, *reasons])])
    return write_back(data, before, after)


def run(
    register: YearRecords,
    steps: Sequence[tuple[int, Action]],
    standard: Standard,
    doubtful: frozenset[str] = frozenset(),
    outlook: Outlook | None = None,
) -> tuple[YearRecords, list[Reason]]:
    """Do the actions that have begun, in their order, and collect why some cannot be done.

    An action that cannot be done is left out and the next one is tried, so that all reasons are found
    at once; but not one that needs a school which such an action would have opened. In a year that was
    forecast, `outlook` says what is left of each.
    """
    reasons: list[Reason] = []
    for number, action in steps:
        if action.year and action.year > register.year:
            continue
        if not action.schools & doubtful:
            try:
                register = _do(register, standard, action, outlook)
                continue
            except Refused as refused:
                reasons += [(number, reason) for reason in refused.reasons]
        if action.opens not in register["schools"]:
            doubtful = doubtful | ({action.opens} - {None})
    return register, reasons


def _do(register: YearRecords, standard: Standard, action: Action, outlook: Outlook | None) -> YearRecords:
    if outlook is None:
        return action.done(register, standard)
    left = outlook.grown(register, action)
    return register if left is None else outlook.done(register, left, left.done(register, standard))


def _with_year(data: Dataset, year: int, standard: Standard) -> Dataset:
    if year in (data.years or [year]):
        return data
    added = carry_forward(data, year, standard)
    return data.replace(
        **{
            name: pd.concat([frame, added[name]], ignore_index=True)
            for name, frame in data.tables.items()
            if "year" in frame and len(added[name])
        }
    )


@dataclass(frozen=True)
class ScenarioYears:
    """What becomes of a dataset under a scenario: each year alone, and who has changed school by then."""

    draft: Draft
    data: dict[int, Dataset]
    moves: dict[int, tuple[Move, ...]]
    stays: dict[int, tuple[Stay, ...]]


def years(
    data: Dataset,
    scenario: Scenario | str | Path,
    standard: Standard | str | None = None,
    later: Later | None = None,
) -> dict[int, Dataset]:
    """Return the dataset of each year from the scenario's base year to its last, with its actions done.

    Each year starts from its own figures: the data's, where they have that year, else the forecast (or
    what `later` makes of it; the latest year's figures, unchanged, where the data cannot be forecast).
    All actions that have begun by then are done on them, in their order: an action holds from its year on.

    Raises
    ------
    ScenarioError
        If an action cannot be done in one of the years; every reason is named.
    """
    draft = draft_of(scenario)
    (course,) = scenario_years(data, [draft], None, chosen_standard(standard), later)[1]
    return course.data


def scenario_years(
    data: Dataset,
    drafts: Sequence[Draft],
    last: int | None,
    standard: Standard,
    later: Later | None = None,
) -> tuple[BaseYears, list[ScenarioYears]]:
    """Return the years as they are, and what becomes of them under each scenario.

    From the earliest base year to `last`, or to the latest year that a scenario speaks of.

    Raises
    ------
    ScenarioError
        Naming what is wrong in any of the scenarios.
    QbError
        If `last` lies before the earliest base year.
    """
    require(data)
    found = {id(draft): list(draft.reasons) for draft in drafts}
    sound = [draft for draft in drafts if draft.scenario]
    for draft in sound:
        if data.years and draft.scenario.base_year not in data.years:
            text = Message(
                "base_year（{}）不在数据中，已有学年：{}",
                "base_year ({}) is not in the data; there are: {}",
                draft.scenario.base_year,
                listed(data),
            )
            found[id(draft)].append((0, text))
    able = [
        draft for draft in sound if draft.scenario.base_year in (data.years or [draft.scenario.base_year])
    ]
    base = BaseYears({}, {}, ())
    made: list[ScenarioYears] = []
    if able:
        start = min(draft.scenario.base_year for draft in able)
        if last is not None and last < start:
            raise QbError(
                "{} 学年早于情景的基年 {}，没有可比的。请改用 {} 或以后的学年。",
                "{0} comes before the scenario's base year {1}: there is nothing to compare. Choose {2} or later.",
                last,
                start,
                start,
            )
        end = max(draft.scenario.last_year for draft in able) if last is None else last
        wanted = {step[1].year for draft in able for step in draft.steps} - {None}
        base = BaseYears.of(data, start, end, standard, later, wanted)
        for draft in able:
            course, reasons = _course(draft, base, standard)
            made.append(course)
            found[id(draft)] += reasons
    if any(found.values()):
        raise ScenarioError([d.refused(found[id(d)]) for d in drafts if found[id(d)]])
    return base, made


def _course(draft: Draft, base: BaseYears, standard: Standard) -> tuple[ScenarioYears, list[Reason]]:
    course, reasons = ScenarioYears(draft, {}, {}, {}), []
    for year, data in base.data.items():
        before = YearRecords.of(data, year)
        steps = [step for step in draft.steps if step[1].year <= year]
        after, found = run(before, steps, standard, draft.doubtful, base.outlook.get(year))
        course.data[year] = write_back(data, before, after)
        course.moves[year] = after.moves
        course.stays[year] = after.stays
        known = {number for number, _ in reasons}  # the first year says it
        when = "" if year == draft.scenario.base_year else Message("（{} 学年）", " ({})", year)
        reasons += [(number, text + when) for number, text in found if number not in known]
    return course, reasons


def years_of_scenario(scenario: Scenario, base: BaseYears, standard: Standard) -> ScenarioYears:
    """Return what becomes of the years under a scenario.

    Raises
    ------
    ScenarioError
        If an action cannot be done in one of them.
    """
    draft = draft_of(scenario)
    course, reasons = _course(draft, base, standard)
    if reasons:
        raise ScenarioError([draft.refused(reasons)])
    return course
