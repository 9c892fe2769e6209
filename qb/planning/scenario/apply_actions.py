"""The actions of a scenario done, year by year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset, single_classes
from qb.errors import QbError
from qb.indicators.assessment import choose_year
from qb.language import Message
from qb.planning.scenario.coming_years import Later, Outlook, Years, carry_forward, chosen_standard, listed
from qb.planning.scenario.scenario_file import (
    DOES,
    Action,
    Draft,
    Reason,
    Scenario,
    ScenarioError,
    draft_of,
    draft_of_document,
)
from qb.planning.scenario.year_records import Move, Refused, Register, Stay, write_back
from qb.standard import Standard

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
    before = Register.of(data, year)
    after, reasons = run(before, draft.steps, standard, draft.doubtful)
    if draft.reasons or reasons:
        raise ScenarioError([draft.refused([*draft.reasons, *reasons])])
    return write_back(data, before, after)


def run(
    register: Register,
    steps: Sequence[tuple[int, Action]],
    standard: Standard,
    doubtful: frozenset[str] = frozenset(),
    outlook: Outlook | None = None,
) -> tuple[Register, list[Reason]]:
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


def _do(register: Register, standard: Standard, action: Action, outlook: Outlook | None) -> Register:
    if outlook is None:
        return DOES[action.do](register, standard, action)
    left = outlook.grown(register, action)
    return register if left is None else outlook.done(register, left, DOES[left.do](register, standard, left))


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
class Course:
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
    (course,) = courses(data, [draft], None, chosen_standard(standard), later)[1]
    return course.data


def courses(
    data: Dataset,
    drafts: Sequence[Draft],
    last: int | None,
    standard: Standard,
    later: Later | None = None,
) -> tuple[Years, list[Course]]:
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
    base = Years({}, {}, ())
    made: list[Course] = []
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
        base = Years.of(data, start, end, standard, later, wanted)
        for draft in able:
            course, reasons = _course(draft, base, standard)
            made.append(course)
            found[id(draft)] += reasons
    if any(found.values()):
        raise ScenarioError([d.refused(found[id(d)]) for d in drafts if found[id(d)]])
    return base, made


def _course(draft: Draft, base: Years, standard: Standard) -> tuple[Course, list[Reason]]:
    course, reasons = Course(draft, {}, {}, {}), []
    for year, data in base.data.items():
        before = Register.of(data, year)
        steps = [step for step in draft.steps if step[1].year <= year]
        after, found = run(before, steps, standard, draft.doubtful, base.outlook.get(year))
        course.data[year] = write_back(data, before, after)
        course.moves[year] = after.moves
        course.stays[year] = after.stays
        known = {number for number, _ in reasons}  # the first year says it
        when = "" if year == draft.scenario.base_year else Message("（{} 学年）", " ({})", year)
        reasons += [(number, text + when) for number, text in found if number not in known]
    return course, reasons


def course_of(scenario: Scenario, base: Years, standard: Standard) -> Course:
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
