"""`qb whatif`: base and scenarios side by side: what changes year by year, costs, how far children walk, findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.data.distances import walks
from qb.errors import QbError
from qb.indicators.assessment import Assessment, assess
from qb.indicators.assessment import json_document as assessment_document
from qb.indicators.population import take_population
from qb.indicators.resources import resources
from qb.indicators.verdicts import JudgedResources
from qb.language import Message, listing, records
from qb.planning.costs import Costs, load_costs
from qb.planning.scenario.action_base import Case, Prices
from qb.planning.scenario.coming_years import BaseYears, Later, ScenarioYears, run, scenario_years
from qb.planning.scenario.pupils_actions import MovePupils, Rezone
from qb.planning.scenario.scenario_file import Action, Draft, Scenario, draft_of
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.scenario.year_records import Stay, YearRecords, class_limit, missing, rows_of, write_back
from qb.result_repr import Shown
from qb.standard import Standard, chosen_standard
from qb.terms import COMPULSORY, Ownership, Stage, Verdict

UNKNOWN = (  # why the way of a zone's children is not known
    Message("没有划片", "no school assigned"),
    Message("小区没有坐标", "the zone has no place"),
    Message("学校没有坐标", "the school has no place"),
)


def walkers(data: Dataset, year: int, detour: float, stays: Iterable[Stay] = ()) -> pd.DataFrame:
    """Return who walks where: a row for each zone and stage, and for those who still go to another school.

    Returns
    -------
    DataFrame
        The zone's columns, with `stage`, `school` (where they go), `walking` (how many), `km` (how far,
        estimated or as the table `distances` has it: `measured`) and `why` (why the way is not known; ""
        where it is).
    """
    zones, schools = rows_of(data["zones"], year), data["schools"]
    parts = []
    for stage in COMPULSORY:
        named = zones[f"{stage}_school_id"].to_numpy(dtype=object)
        children = zones[f"{stage}_children"].to_numpy(dtype=float)
        parts.append(zones.assign(stage=str(stage), school=named, walking=np.nan_to_num(children)))
    found = pd.concat(parts, ignore_index=True)
    for stay in stays:
        mine = ((found["zone_id"] == stay.zone) & (found["stage"] == stay.stage)).to_numpy()
        if mine.any():
            there = found[mine].head(1).assign(school=stay.school, walking=stay.children)
            found.loc[np.flatnonzero(mine)[:1], "walking"] -= stay.children
            found = pd.concat([found, there], ignore_index=True)
    spot = schools.drop_duplicates("school_id").set_index("school_id")[["longitude", "latitude"]]
    there = spot.reindex(found["school"]).rename_axis("school_id").reset_index()
    km, measured = walks(data["distances"], found, there, detour)
    why = np.select(
        [found["school"].isna(), ~np.isnan(km), found[["longitude", "latitude"]].isna().any(axis=1)],
        [str(UNKNOWN[0]), "", str(UNKNOWN[1])],
        str(UNKNOWN[2]),
    )
    return found.assign(km=km, measured=measured, why=why)


def walking(data: Dataset, year: int, detour: float, stays: Iterable[Stay] = ()) -> pd.DataFrame:
    """Return how far the children of the zones have to the school that they go to.

    `stays` are those who do not go yet where their zone is assigned to.

    Returns
    -------
    DataFrame
        A row per district and stage: `children` with a known way, `mean_km` (each child counts once),
        `farthest_km` (of a zone with children), `unknown`, the children of zones without a school or a
        place, and of the known `ways` those `measured`, that the table `distances` has.
    """
    who = walkers(data, year, detour, stays)
    children, km = who["walking"].to_numpy(), who["km"].to_numpy()
    known = ~np.isnan(km) & (children > 0)
    frame = pd.DataFrame(
        {
            "district": who["district"].to_numpy(dtype=object),
            "stage": who["stage"],
            "children": np.where(known, children, 0),
            "way": np.where(known, children * km, 0),
            "farthest_km": np.where(known, km, np.nan),
            "unknown": np.where(known, 0, children),
            "ways": known.astype(float),
            "measured": (known & who["measured"].to_numpy()).astype(float),
        }
    )
    by = frame.groupby(["district", "stage"], sort=False, dropna=False)
    table = by.agg(
        children=("children", "sum"),
        way=("way", "sum"),
        farthest_km=("farthest_km", "max"),
        unknown=("unknown", "sum"),
        ways=("ways", "sum"),
        measured=("measured", "sum"),
    ).reset_index()
    table.insert(3, "mean_km", table["way"] / table["children"].where(table["children"] > 0))
    return table.drop(columns="way")


def how_measured(walked: pd.DataFrame, detour: float) -> Message:
    """Return in a sentence without a full stop where walks, as `walking` has them, come from."""
    ways, measured = (int(walked[name].sum()) for name in ("ways", "measured"))
    if not measured:
        return Message(
            "步行距离为估计值：直线距离的 {:g} 倍",
            "Walking is estimated: {:g} times the straight line",
            detour,
        )
    return Message(
        "{} 条上学路中 {} 条取自到校距离表，其余按直线距离的 {:g} 倍估计",
        "Of {} ways to school {} are from the table of walking distances, the rest estimated: {:g} times the straight line",
        ways,
        measured,
        detour,
    )


MOST = 10  # zones in one sentence


def findings(course: ScenarioYears, year: int, base: Assessment, after: Assessment) -> tuple[str, ...]:
    """Return the findings of a scenario in the year compared, in sentences without a full stop."""
    data = course.data[year]
    schools = data["schools"].drop_duplicates("school_id").set_index("school_id")
    return (
        *_places(course, year, data, after.standard),
        *_own(base, after),
        *_private(course, year, schools),
        *_unlocated(data, year, course, after.standard),
    )


def _places(course: ScenarioYears, year: int, data: Dataset, standard: Standard) -> Iterator[str]:
    """Yield the new schools with more pupils than they are planned for."""
    sections = rows_of(data["sections"], year).set_index(["school_id", "stage"])["pupils"]
    for _, action in course.draft.steps:
        if not isinstance(action, OpenSchool) or (action.year or 0) > year:
            continue
        limits = {s: class_limit(standard, s, year) for s in action.classes or ()}
        sized = action.capacity or {s: n * limits[s] for s, n in (action.classes or {}).items()}
        for stage, places in sized.items():
            pupils = sections.get((action.school_id, str(stage)), 0)
            if pupils > places:
                yield (
                    Message(
                        "{}{}按 {} 个学位开办，将有学生 {:.0f} 人，缺 {:.0f} 个学位",
                        "{}, {}: opened for {} places, {:.0f} pupils to come, {:.0f} places short",
                        action.name,
                        stage,
                        places,
                        pupils,
                        pupils - places,
                    )
                )


def _own(base: Assessment, after: Assessment) -> Iterator[str]:
    """Say how many of the rows that pass are those of new schools."""
    keys = ["school_id", "stage"]
    known = set(map(tuple, base.rows[keys].to_numpy()))
    rows = after.rows[(after.rows["verdict"] == Verdict.PASS).to_numpy()]
    new = [key for key in map(tuple, rows[keys].to_numpy()) if key not in known]
    if new:
        before = int((base.rows["verdict"] == Verdict.PASS).sum())
        yield (
            Message(
                "达标的学校（学段）{}→{}，其中 {} 个是新开办学校自己的，原有学校 {}→{}",
                "School stages that pass {}→{}: {} of them are the new schools' own; of those there before {}→{}",
                before,
                len(rows),
                len(new),
                before,
                len(rows) - len(new),
            )
        )


def _private(course: ScenarioYears, year: int, schools: pd.DataFrame) -> Iterator[str]:
    """Question zones that are given to private schools."""
    for number, action in course.draft.steps:
        if not isinstance(action, Rezone | MovePupils) or (
            isinstance(action, MovePupils) and not action.zone
        ):
            continue
        if (action.year or 0) > year or action.to not in schools.index:
            continue
        if schools.loc[action.to, "ownership"] == Ownership.PRIVATE:
            own = schools.loc[action.to, "name"]
            name = action.to if missing(own) else own
            yield Message(
                "第 {} 项把小区划给民办学校{}，民办学校不划片，请核实",
                "Action {} gives zones to the private school {}; private schools have none: please check",
                number,
                name,
            )


def _unlocated(data: Dataset, year: int, course: ScenarioYears, standard: Standard) -> Iterator[str]:
    """Name the zones whose way to school is not known."""
    who = walkers(data, year, standard.rules.distance.detour, course.stays.get(year, ()))
    lost = who[((who["walking"] > 0) & (who["why"] != "")).to_numpy()]
    for (stage, why), mine in lost.groupby(["stage", "why"], sort=False):
        zones = list(dict.fromkeys(mine["zone_id"]))
        more = Message("等 {} 个小区", " and more, {} zones", len(zones)) if len(zones) > MOST else ""
        yield (
            Message(
                "{}有 {:.0f} 名孩子的步行距离不明，没有计入：小区 {}{}（{}）",
                "{}: the way of {:.0f} children is not known and not counted: zones {}{} ({})",
                Stage(stage),
                mine["walking"].sum(),
                listing(map(str, zones[:MOST])),
                more,
                UNKNOWN[UNKNOWN.index(why)],
            )
        )


# What the actions of a scenario cost by the cost file; what has no price there is named, never zero.


COLUMNS = ["number", "do", "item", "stage", "code", "amount", "years", "cost_yuan", "low", "high"]


def costing(draft: Draft, base: BaseYears, costs: Costs, standard: Standard, year: int) -> pd.DataFrame:
    """Return the costs of each action up to a year.

    Returns
    -------
    DataFrame
        `number` and `do` of the action; `item` (the column that grows, ``site``, ``rooms``, or the action
        itself where it buys nothing that has a price); `stage`, `code`, `amount`; `years` that the cost is
        due in (pay comes back every year, from the action's to the one asked for); `cost_yuan`, `low` and
        `high` over these years, missing where the cost file has no price.
    """
    prices, rows = Prices.of(standard, costs), []
    for place, (number, action) in enumerate(draft.steps):
        if action.year > year:
            continue

        def after(place: int = place, year: int = action.year) -> YearRecords:
            start = YearRecords.of(base.data[year], year)
            return run(start, draft.steps[: place + 1], standard, outlook=base.outlook.get(year))[0]

        for item in action.bought(Case(prices, base.data[action.year], action.year, after)):
            years = year - action.year + 1
            cost = item.cost(years)
            if cost is None:
                rows.append((number, action.do, *item[:2], None, item.amount, *[None] * 4))
                continue
            due = years if cost.yearly else 1
            rows.append((number, action.do, *item[:2], cost.code, item.amount, due, *cost[:3]))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype(dict.fromkeys(COLUMNS[5:], float))


def total(table: pd.DataFrame) -> dict[str, float | None]:
    """Return the sums of what has a price, by column; None where nothing has one.

    >>> total(pd.DataFrame([[5.0, 4.0, 6.0], [float("nan")] * 3], columns=["cost_yuan", "low", "high"]))
    {'cost_yuan': 5.0, 'low': 4.0, 'high': 6.0}
    """
    sums = table[["cost_yuan", "low", "high"]].sum(min_count=1)
    return {name: None if pd.isna(value) else float(value) for name, value in sums.items()}


def unpriced(table: pd.DataFrame) -> list[tuple[int, str, str]]:
    """Return number, action and item of all that has no price in the cost file."""
    rows = table[table["cost_yuan"].isna().to_numpy()]
    return list(rows[["number", "do", "item"]].drop_duplicates().itertuples(index=False, name=None))


# The base and scenarios side by side: what changes, year by year, and which action does it.


BASE = 0  # the number of "nothing is done" among the scenarios, which count from 1
PASSING, COEFFICIENT = "schools passing", "coefficient"


class FigureKey(NamedTuple):
    """What a figure of an assessment is about; None where it is not of a stage, a code or a school."""

    what: str
    district: str
    stage: str | None = None
    code: str | None = None
    school_id: str | None = None


@dataclass(frozen=True, repr=False)
class Outcome(Shown):
    """What becomes of a dataset under one scenario.

    Attributes
    ----------
    scenario : Scenario
    data : dict of int to Dataset
        Each year alone, with the scenario's actions done.
    assessments : dict of int to Assessment
    changes : DataFrame
        In the year compared: `what`, `district`, `stage`, `code`, `school_id`, `before`, `after`; None
        where there is no such figure (a school opened or closed, no data).
    moved : DataFrame
        Who changes school in that year: `from`, `to`, `stage`, `pupils`.
    costs : DataFrame
        What the actions cost from their years to the year compared, see `qb.planning.scenario.comparison`.
    contributions : DataFrame
        What each action does to school rows passing and to coefficients: `number`, `do`, `what`,
        `district`, `stage`, `code`, `before` and `after` (in order), `added` (their difference),
        `left_out` (all actions against all but this one) and `reason` (why it cannot be left out).
        `added` sums to the change of the whole scenario; `left_out` need not.
    findings : tuple of str
        What a reader must know of it, see `qb.planning.scenario.comparison`.
    """

    scenario: Scenario
    data: dict[int, Dataset]
    assessments: dict[int, Assessment]
    changes: pd.DataFrame
    moved: pd.DataFrame
    costs: pd.DataFrame
    contributions: pd.DataFrame
    findings: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """The base and scenarios side by side.

    Attributes
    ----------
    year : int
        The year compared.
    base_data, base : dict
        Each year as it is without a scenario, and its assessment.
    outcomes : tuple of Outcome
    by_year : DataFrame
        `year`, `scenario` (0: base), `what` (``schools passing``, ``coefficient``, ``mean``, ``mean
        walk km``, ``farthest walk km``), `district`, `stage`, `code`, `value`.
    walking : DataFrame
        In the year compared, as `qb.scenario.walking` has it, with `scenario` before it.
    costs : Costs
        The prices.
    notes : tuple of str
        How the years came about that the data lack.
    """

    year: int
    base_data: dict[int, Dataset]
    base: dict[int, Assessment]
    outcomes: tuple[Outcome, ...]
    by_year: pd.DataFrame
    walking: pd.DataFrame
    costs: Costs
    notes: tuple[str, ...]


def whatif(
    data: Dataset,
    scenarios: Iterable[Scenario | str | Path],
    year: int | None = None,
    standard: Standard | str | None = None,
    later: Later | None = None,
    costs: Costs | str | Path | None = None,
) -> Comparison:
    """Compare the base with scenarios, year by year and in one year closely.

    Parameters
    ----------
    data : Dataset
    scenarios : iterable of Scenario or path
    year : int, optional
        The year compared; the last one that the scenarios speak of unless given.
    standard : Standard or str, optional
    later : callable, optional
        ``later(data, year)`` gives the dataset of a year after the last of the data. Unless given, that
        year is forecast, and the scenarios' pupils and teachers go on from what the actions made of them;
        data that cannot be forecast stay as in their last year, and `notes` says why.
    costs : Costs or path, optional
        The assumed costs shipped with qb unless given.

    Raises
    ------
    ScenarioError
        Before anything is assessed, naming file and action of everything that cannot be done.
    QbError
        If there is no scenario, or the year lies before all of them.
    """
    drafts = [draft_of(scenario) for scenario in scenarios]
    if not drafts:
        raise QbError(
            "没有给出情景。请至少给出一个情景文件。",
            "No scenario is given. Name at least one scenario file.",
        )
    chosen = chosen_standard(standard)
    costs = load_costs(costs)
    asis, made = scenario_years(data, drafts, year, chosen, later)
    base_data = asis.data
    year = max(base_data) if year is None else year
    base = {y: assess(one, y, chosen) for y, one in base_data.items()}
    outcomes = tuple(_outcome(course, asis, base, costs, year) for course in made)
    everything = [(base_data, base), *((outcome.data, outcome.assessments) for outcome in outcomes)]
    walks = [
        walking(frames[y], y, chosen.rules.distance.detour, stays.get(y, ())).assign(scenario=number, year=y)
        for number, ((frames, _), stays) in enumerate(
            zip(everything, [{}, *(course.stays for course in made)], strict=True)
        )
        for y in base
    ]
    walks = pd.concat(walks, ignore_index=True)
    judged = [(number, assessed) for number, (_, assessed) in enumerate(everything)]
    closely = walks[(walks["year"] == year).to_numpy()].drop(columns="year")
    closely.insert(0, "scenario", closely.pop("scenario"))
    return Comparison(
        year,
        base_data,
        base,
        outcomes,
        _by_year(judged, walks),
        closely.reset_index(drop=True),
        costs,
        asis.notes,
    )


def _outcome(
    course: ScenarioYears, asis: BaseYears, base: dict[int, Assessment], costs: Costs, year: int
) -> Outcome:
    standard = base[year].standard
    assessed = {
        y: base[y] if data is asis.data[y] else assess(data, y, standard) for y, data in course.data.items()
    }
    moved = pd.DataFrame(course.moves[year], columns=["source", "target", "stage", "pupils"])
    moved = moved.groupby(["source", "target", "stage"], sort=False, as_index=False)["pupils"].sum()
    return Outcome(
        course.draft.scenario,
        course.data,
        assessed,
        changes(base[year], assessed[year]),
        moved.rename(columns={"source": "from", "target": "to"}),
        costing(course.draft, asis, costs, standard, year),
        _contributions(course, asis, base[year], assessed[year]),
        findings(course, year, base[year], assessed[year]),
    )


def figures(assessment: Assessment) -> dict[FigureKey, object]:
    """Return verdicts, coefficients with their means, met counts, shortfalls and pupils; None for no data."""
    rows, balance = assessment.rows, assessment.balance
    found = chain(
        _column("district verdict", assessment.districts, "verdict"),
        _column("area verdict", assessment.areas, "verdict", code="area"),
        _column("indicator verdict", assessment.indicators, "verdict", code="code"),
        _column("indicator value", assessment.indicators, "value", code="code"),
        _scores(rows, balance),
        _column("coefficient verdict", balance, "verdict", stage="stage", code="code"),
        _column("mean", balance, "mean", stage="stage", code="code"),
        _column("school verdict", rows, "verdict", stage="stage", school_id="school_id"),
        _column("met", rows, "met", stage="stage", school_id="school_id"),
        _column("pupils", rows, "pupils", stage="stage", school_id="school_id"),
        _column("shortfall", assessment.shortfalls, "to_standard", **_SHORTFALL),
    )
    return dict(found)


_SHORTFALL = {"stage": "stage", "code": "code", "school_id": "school_id"}


def _column(what: str, frame: pd.DataFrame, value: str, **keys: str) -> Iterator[tuple[FigureKey, object]]:
    names = list(keys)
    columns = [frame[keys[name]].tolist() for name in names]
    for district, cell, *parts in zip(frame["district"], frame[value].tolist(), *columns, strict=True):
        yield FigureKey(what, str(district), **dict(zip(names, parts, strict=True))), _plain(cell)


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def changes(before: Assessment, after: Assessment) -> pd.DataFrame:
    """Return every figure that differs; a difference below a thousand-millionth is the arithmetic's."""
    old, new = figures(before), figures(after)
    rows = [
        (*figure, old.get(figure), new.get(figure))
        for figure in dict.fromkeys([*old, *new])
        if _differs(old.get(figure), new.get(figure))
    ]
    table = pd.DataFrame(rows, columns=[*FigureKey._fields, "before", "after"], dtype=object)
    return table.where(table.notna(), None)


def _differs(one: object, other: object) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) > 1e-9
    return one != other


def _contributions(
    course: ScenarioYears, asis: BaseYears, base: Assessment, full: Assessment
) -> pd.DataFrame:
    """Do the actions one by one, and all but one, and note what each does to what decides."""
    year, standard = base.year, base.standard
    data, outlook = asis.data[year], asis.outlook.get(year)
    steps = [step for step in course.draft.steps if step[1].year <= year]
    start = YearRecords.of(data, year)
    before, whole = (dict(_scores(a.rows, a.balance)) for a in (base, full))
    nothing = before

    def scored(some: Sequence[tuple[int, Action]]) -> tuple[dict[FigureKey, object], str | None]:
        if len(some) in (0, len(steps)):
            return (whole if some else nothing), None
        register, reasons = run(start, some, standard, outlook=outlook)
        if reasons:
            number, text = reasons[0]
            return {}, Message(
                "缺了这一项，第 {} 项做不成：{}", "without it, action {} cannot be done: {}", number, text
            )
        after = write_back(data, start, register)
        population = take_population(after, standard, year)
        held = JudgedResources.judge(population, resources(population, standard), standard)
        return dict(_scores(held.rows(), held.balance())), None

    rows = []
    for place, (number, action) in enumerate(steps):
        after, _ = scored(steps[: place + 1])
        last = place == len(steps) - 1
        rest, reason = (before, None) if last else scored(steps[:place] + steps[place + 1 :])
        for figure in dict.fromkeys([*before, *after]):
            old, new = before.get(figure), after.get(figure)
            left = None if reason else _minus(whole.get(figure), rest.get(figure))
            rows.append((number, action.do, *figure[:4], old, new, _minus(new, old), left, reason))
        before = after
    names = ["number", "do", *FigureKey._fields[:4], "before", "after", "added", "left_out", "reason"]
    table = pd.DataFrame(rows, columns=names)
    numeric = ["before", "after", "added", "left_out"]
    return table.astype(dict.fromkeys(numeric, float))


def _scores(rows: pd.DataFrame, balance: pd.DataFrame) -> Iterator[tuple[FigureKey, object]]:
    """Yield what decides the area of resources: school rows passing, and the coefficients."""
    passes = rows["verdict"] == Verdict.PASS
    counts = passes.groupby([rows["district"], rows["stage"]]).sum()
    for (district, stage), count in counts.items():
        yield FigureKey(PASSING, district, stage), int(count)
    yield from _column(COEFFICIENT, balance, "coefficient", stage="stage", code="code")


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _by_year(judged: Iterable[tuple[int, dict[int, Assessment]]], walks: pd.DataFrame) -> pd.DataFrame:
    kept = (PASSING, COEFFICIENT, "mean")
    rows = [
        (year, number, *figure[:4], value)
        for number, assessed in judged
        for year, assessment in assessed.items()
        for figure, value in figures(assessment).items()
        if figure.what in kept
    ]
    table = pd.DataFrame(rows, columns=["year", "scenario", *FigureKey._fields[:4], "value"])
    ways = walks.melt(
        ["year", "scenario", "district", "stage"], ["mean_km", "farthest_km"], "what", "value"
    ).replace({"what": {"mean_km": "mean walk km", "farthest_km": "farthest walk km"}})
    ways = ways[ways["stage"].isin([str(stage) for stage in COMPULSORY])]
    return pd.concat(
        [table.astype({"value": float}), ways.assign(code=None)[table.columns]], ignore_index=True
    )


# A comparison as one JSON document, in the shape that others rely on (see the README).


def json_document(comparison: Comparison) -> dict[str, object]:
    """Return the comparison as plain lists and dicts; figures unrounded, "no data" as null."""
    year = comparison.year
    return {
        "year": year,
        "notes": list(comparison.notes),
        "costs": comparison.costs.name,
        "base": assessment_document(comparison.base[year]),
        "walking": _of(comparison.walking, BASE),
        "years": _of(comparison.by_year, BASE),
        "scenarios": [
            _scenario(comparison, number, outcome)
            for number, outcome in enumerate(comparison.outcomes, start=1)
        ],
    }


def _scenario(comparison: Comparison, number: int, outcome: Outcome) -> dict[str, object]:
    return {
        "title": outcome.scenario.title,
        "file": outcome.scenario.file,
        "assessment": assessment_document(outcome.assessments[comparison.year]),
        "changes": records(outcome.changes),
        "moved": records(outcome.moved),
        "findings": list(outcome.findings),
        **total(outcome.costs),
        "costs": records(outcome.costs),
        "walking": _of(comparison.walking, number),
        "contributions": records(outcome.contributions),
        "years": _of(comparison.by_year, number),
    }


def _of(frame: pd.DataFrame, scenario: int) -> list[dict[str, object]]:
    mine = frame[(frame["scenario"] == scenario).to_numpy()]
    return records(mine.drop(columns="scenario"))
