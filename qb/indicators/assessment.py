"""The assessment of a year: every verdict and the figures behind it; as JSON; and the ledger of what is not
met.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset, with_columns
from qb.data.reading import read
from qb.errors import QbError
from qb.indicators import declared_figures, indicator_functions, notes
from qb.indicators import district_figures as district_measures
from qb.indicators import verdicts as indicators
from qb.indicators.indicator_figures import NO_DATA, gather
from qb.indicators.population import Population, take_population
from qb.indicators.resources import resources
from qb.indicators.verdicts import JudgedResources, deciding, words, worst_by
from qb.language import listing
from qb.result_repr import Shown, described
from qb.standard import BESIDE, Standard, Transition, chosen_standard, load_transition
from qb.terms import Stage, Verdict

# The assessment of a year: every verdict, and every figure behind it.


@dataclass(frozen=True, repr=False)
class Assessment(Shown):
    """Every verdict of a year, and every figure behind it. Figures are unrounded.

    Attributes
    ----------
    rows : DataFrame
        A row per judged school and stage: value, amount and verdict of each resource, `met`, `verdict`.
    excluded : DataFrame
        Schools and stages that a rule leaves out, and schools that are not there, with the reason.
    silent : DataFrame
        Stages that a school or campus should have reported and did not: they are "no data".
    balance : DataFrame
        Difference coefficient by district, stage and indicator, and their mean as ``composite``.
    shortfalls : DataFrame
        What each row lacks to the standard and to its floor, and the pupils its resource supports.
    findings : DataFrame
        Every figure and checklist item of the other indicators, recognition and veto, with limit and verdict.
    indicators, areas, districts : DataFrame
        Verdicts, each made of those before.
    warnings : DataFrame
        What a reader should know and no rule decides.
    transition : Assessment or None
        The same with the transition clauses, where they were asked for.
    """

    year: int
    standard: Standard
    invented: bool
    rows: pd.DataFrame
    excluded: pd.DataFrame
    silent: pd.DataFrame
    balance: pd.DataFrame
    shortfalls: pd.DataFrame
    findings: pd.DataFrame
    indicators: pd.DataFrame
    areas: pd.DataFrame
    districts: pd.DataFrame
    warnings: pd.DataFrame
    transition: Assessment | None = None

    FRAMES = (
        "rows",
        "excluded",
        "silent",
        "balance",
        "shortfalls",
        "findings",
        "indicators",
        "areas",
        "districts",
        "warnings",
    )

    def told(self) -> list[tuple[str, str]]:
        """Return year, standard, verdicts and the size of each table."""
        shown = [("year", str(self.year)), ("standard", self.standard.name)]
        shown += [("invented", "yes 模拟数据")] if self.invented else []
        counts = self.districts["verdict"].astype(str).value_counts(sort=False)
        verdicts = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
        if len(self.districts) == 1:
            verdicts = f"{self.districts['district'].iloc[0]}: {self.districts['verdict'].iloc[0]}"
            shown.append(("district", verdicts))
            shown += [(f"  {area}", str(v)) for area, v in self.areas[["area", "verdict"]].to_numpy()]
        else:
            shown.append((f"{len(self.districts)} districts", verdicts or "none"))
        shown += [(f".{name}", described(getattr(self, name))) for name in self.FRAMES]
        return [*shown, (".transition", "Assessment")] if self.transition else shown

    def of(self, district: str) -> Assessment:
        """Return one district's part."""
        frames = {
            name: (frame if mine.all() else frame[mine]).reset_index(drop=True)
            for name in self.FRAMES
            for frame in (getattr(self, name),)
            for mine in ((frame["district"] == district).to_numpy(),)
        }
        relieved = self.transition.of(district) if self.transition else None
        return replace(self, **frames, transition=relieved)


@dataclass(frozen=True, repr=False)
class Assessments(Shown, Mapping):
    """The assessments of several years: a mapping from year to `Assessment`, in the order asked for.

    Examples
    --------
    >>> Assessments({}).years
    ()
    """

    by_year: Mapping[int, Assessment]

    @property
    def years(self) -> tuple[int, ...]:
        """The years judged."""
        return tuple(self.by_year)

    def __getitem__(self, year: int) -> Assessment:
        return self.by_year[year]

    def __iter__(self) -> Iterator[int]:
        return iter(self.by_year)

    def __len__(self) -> int:
        return len(self.by_year)

    def told(self) -> list[tuple[str, str]]:
        """Return each year with its districts' verdicts."""
        return [
            (
                str(year),
                ", ".join(
                    f"{number} {verdict}"
                    for verdict, number in one.districts["verdict"].astype(str).value_counts().items()
                ),
            )
            for year, one in self.by_year.items()
        ]

    def table(self, name: str) -> pd.DataFrame:
        """Return one table of all years below each other, `assessed_year` first.

        Parameters
        ----------
        name : str
            One of `Assessment.FRAMES`, as ``"balance"``.
        """
        if name not in Assessment.FRAMES:
            raise QbError(
                "评估结果没有名为 {} 的表，可用：{}。",
                "The assessment has no table {}; there are: {}.",
                name,
                listing(Assessment.FRAMES),
            )
        frames = [getattr(one, name).assign(assessed_year=year) for year, one in self.by_year.items()]
        whole = pd.concat(frames, ignore_index=True)
        return whole[["assessed_year", *(c for c in whole if c != "assessed_year")]]


@overload
def assess(
    data: Dataset | str | Path,
    year: int | None = None,
    standard: Standard | str | None = None,
    transition: Transition | bool = False,
) -> Assessment: ...


@overload
def assess(
    data: Dataset | str | Path,
    year: Iterable[int],
    standard: Standard | str | None = None,
    transition: Transition | bool = False,
) -> Assessments: ...


def assess(
    data: Dataset | str | Path,
    year: int | Iterable[int] | None = None,
    standard: Standard | str | None = None,
    transition: Transition | bool = False,
) -> Assessment | Assessments:
    """Judge every district of a dataset in one year, or in several.

    Parameters
    ----------
    data : Dataset or path
        Of any number of districts and years; the folder or workbook of one is read first.
    year : int or iterable of int, optional
        School year starting; the last one with sections unless given. Several years, as ``data.years``
        or ``[2023, 2024]``, give `Assessments`.
    standard : Standard or str, optional
        A standard, its name, or a file; the district's 2023 standard unless given.
    transition : Transition or bool
        Also judge with the transition clauses; the result stands in `Assessment.transition`, and the
        verdicts without them stay as they are.

    Raises
    ------
    DataError
        If the data hold faults that stop; all of them are named.
    QbError
        If the year is not in the data, or the standard cannot be used.
    """
    chosen = chosen_standard(standard)
    data = with_columns(data if isinstance(data, Dataset) else read(data, chosen), chosen)
    require(data, chosen)
    if isinstance(year, Iterable):
        years = [choose_year(data, each) for each in year]
        return Assessments({each: judge(data, each, chosen, transition) for each in years})
    return judge(data, choose_year(data, year), chosen, transition)


def judge(data: Dataset, year: int, chosen: Standard, transition: Transition | bool = False) -> Assessment:
    """Judge one year of data that were checked (`qb.data.checks.require`) and have the standard's columns."""
    indicator_functions.require_functions(chosen, year)
    result = _assess(data, year, chosen, None)
    if not transition:
        return result
    profile = transition if isinstance(transition, Transition) else load_transition()
    return replace(result, transition=_assess(data, year, chosen, profile))


def choose_year(data: Dataset, year: int | None) -> int:
    """Return the year asked for, or the last one in the data; refuse one that is not there.

    Where no table holds a year (schools are listed and nothing is reported yet), any year may be asked for.
    """
    if not data.years and year is not None:
        return year
    if not data.years:
        raise QbError(
            "各表都没有任何年度的数据，不知道评估哪一年。请用 --year 指明学年（起始年），或先填报数据。",
            "No table has data of any year, so it is not known which year to assess. Name the school year (the year it starts in) with --year, or enter data first.",
        )
    if year is None:
        return data.years[-1]
    if year not in data.years:
        raise QbError(
            "数据中没有 {} 年度。已有年度：{}（学年起始年）。请改用其中之一。",
            "The data have no year {}. There are: {} (the years in which school years start). Choose one of them.",
            year,
            listing(map(str, data.years)),
        )
    return year


def _assess(data: Dataset, year: int, standard: Standard, transition: Transition | None) -> Assessment:
    population = take_population(data, standard, year)
    held = JudgedResources.judge(population, resources(population, standard, transition), standard)
    inputs = gather(population, standard, transition)
    measures = indicator_functions.compute_figures(inputs)
    if standard.recognition:
        measures["recognition"] = district_measures.recognition(inputs)
    if standard.vetoes:
        measures["veto"] = district_measures.vetoes(inputs)
    judged = {code: indicators.judge_parts(inputs, code, measure) for code, measure in measures.items()}
    rows = held.rows()
    coefficients = held.balance()
    by_code = held.by_district() | {
        code: indicators.worst(population, measures[code].parts, verdicts)
        for code, verdicts in judged.items()
    }
    for indicator in (i for i in standard.indicators if i.measure == indicator_functions.SCORE):
        code = indicator.code
        measures[code] = declared_figures.score(inputs, indicator, by_code)
        judged[code] = indicators.judge_parts(inputs, code, measures[code])
        by_code[code] = indicators.worst(population, measures[code].parts, judged[code])
    areas = _areas(population, standard, held, coefficients, by_code)
    overall = np.min([areas[area] for area in standard.asked_areas], axis=0)
    return Assessment(
        year=year,
        standard=standard,
        invented=data.invented,
        rows=rows,
        excluded=notes.excluded(population),
        silent=notes.silent(population),
        balance=coefficients,
        shortfalls=held.shortfalls(),
        findings=indicators.findings(inputs, measures, judged),
        indicators=indicators.table(inputs, measures, by_code),
        areas=pd.DataFrame(
            {
                "district": np.repeat(population.districts, len(standard.area_names)),
                "area": np.tile(standard.area_names, len(population.districts)),
                "verdict": words(np.column_stack([areas[area] for area in standard.area_names]).ravel()),
            }
        ),
        districts=pd.DataFrame({"district": population.districts, "verdict": words(overall)}),
        warnings=notes.notes(inputs, held, coefficients, measures),
    )


def _areas(
    population: Population,
    standard: Standard,
    held: JudgedResources,
    coefficients: pd.DataFrame,
    by_code: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return each area's verdict by district.

    That of the resources: every school row passes and every coefficient that decides is within its limit,
    where the standard has such rules; each resource where it has none. All: their other indicators, but for
    those that give points, for which the score stands.
    """
    count = len(population.districts)
    asked = []
    if standard.rules.school:
        district = population.district[population.school[population.judged]]
        asked.append(worst_by(district, held.school, count, NO_DATA))
    if standard.rules.coefficient:
        spread = coefficients[coefficients["code"].isin(deciding(standard)).to_numpy()]
        place = np.searchsorted(population.districts, spread["district"].to_numpy(dtype=str))
        asked.append(worst_by(place, spread["verdict"].cat.codes.to_numpy(), count, NO_DATA))
    areas = {}
    for area in standard.area_names:
        rules = asked if area == standard.resource_area else []
        of_area = [i.code for i in standard.of_area(area) if not (i.points or (i.resource and rules))]
        if area in BESIDE:
            of_area = [area]
        areas[area] = np.min([*(by_code[code] for code in of_area), *rules], axis=0)
    return areas


# An assessment as one JSON document, in the shape that others rely on (see the README).


FRAMES = ("areas", "balance", "rows", "excluded", "indicators", "warnings")


def json_document(assessment: Assessment) -> dict[str, object]:
    """Return the assessment as plain lists and dicts; figures unrounded, "no data" as null."""
    return {
        "year": assessment.year,
        "standard": assessment.standard.name,
        "invented": assessment.invented,
        "districts": _districts(assessment),
    }


def _districts(assessment: Assessment) -> list[dict[str, object]]:
    grouped = {name: _by_district(getattr(assessment, name)) for name in FRAMES}
    relieved = {d["district"]: d for d in _districts(assessment.transition)} if assessment.transition else {}
    shortfalls = _shortfalls(assessment.shortfalls)
    monitored = _monitored(assessment)
    result = []
    for district, verdict in assessment.districts[["district", "verdict"]].itertuples(index=False):
        mine = {name: frames.get(district, []) for name, frames in grouped.items()}
        entry = {
            "district": district,
            "verdict": verdict,
            "areas": {row["area"]: row["verdict"] for row in mine["areas"]},
            "balance": [_without(row, "district") for row in mine["balance"]],
            "schools": [_school(row, assessment.standard.resource_codes, shortfalls) for row in mine["rows"]],
            "excluded": [_only(row, "school_id", "name", "stage", "reason") for row in mine["excluded"]],
            "indicators": [_without(row, "district") for row in mine["indicators"]],
            "monitoring": monitored.get(district, []),
            "warnings": [_without(row, "district") for row in mine["warnings"]],
        }
        if relieved:
            entry["transition"] = relieved[district]
        result.append(entry)
    return result


def _monitored(assessment: Assessment) -> dict[str, list[dict[str, object]]]:
    """Return each subject's level and rate, with the school year that they are from."""
    codes = [indicator.code for indicator in assessment.standard.monitored]
    found = assessment.findings[assessment.findings["code"].isin(codes).to_numpy()]
    kept = found.rename(columns={"detail": "subject"})
    return {
        district: [_without(row, "district") for row in rows]
        for district, rows in _by_district(
            kept[["district", "subject", "part", "year", "value", "limit", "verdict"]]
        ).items()
    }


def _by_district(frame: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    rows: dict[str, list[dict[str, object]]] = {}
    for record in frame.to_dict("records"):
        plain = {name: _plain(value) for name, value in record.items()}
        rows.setdefault(str(plain["district"]), []).append(plain)
    return rows


def _shortfalls(frame: pd.DataFrame) -> dict[tuple, dict[str, dict[str, object]]]:
    found: dict[tuple, dict[str, dict[str, object]]] = {}
    named = ["school_id", "stage", "code", "to_standard", "to_floor", "supports"]
    for record in frame[named].to_dict("records"):
        row = found.setdefault((record["school_id"], record["stage"]), {})
        row[record["code"]] = {name: _plain(record[name]) for name in named[3:]}
    return found


def _school(
    row: dict[str, object], codes: tuple[str, ...], shortfalls: dict[tuple, dict]
) -> dict[str, object]:
    return {
        **_only(row, "school_id", "name", "stage", "pupils", "new"),
        "values": {code: row[code] for code in codes},
        "verdicts": {code: row[f"{code}_verdict"] for code in codes},
        "met": row["met"],
        "verdict": row["verdict"],
        "shortfall": shortfalls.get((row["school_id"], row["stage"]), {}),
    }


def _only(row: dict[str, object], *names: str) -> dict[str, object]:
    return {name: row[name] for name in names}


def _without(row: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in names}


def _plain(value: object) -> object:
    """Return a number JSON can hold: whole numbers as such, "no data" as None."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return None if value is None or value is pd.NA else value


# The issue ledger (问题台账): everything that is not met, who answers for it, and what is being done.


COLUMNS = (
    "district",
    "code",
    "part",
    "school_id",
    "name",
    "stage",
    "value",
    "limit",
    "side",
    "gap",
    "detail",
    "year",
)
MENDING = ("number", "cause", "measure", "department", "deadline", "status", "closed_on", "evidence")


def ledger(assessment: Assessment, data: Dataset) -> pd.DataFrame:
    """List every figure and item that fails, with the departments that answer for it.

    Parameters
    ----------
    assessment : Assessment
        All problems of its districts are listed.
    data : Dataset
        Its table ``measures`` says what is being done; a measure belongs to the problem with its
        district, indicator and school. Of several, entered in this year or before, the last counts.

    Returns
    -------
    DataFrame
        `district`, `code`, `part` (checklist item or name of the limit; ``coefficient`` for a
        difference coefficient), `school_id`, `name`, `stage`, `value`, `limit`, `side`, `gap` (to the
        limit, in its own unit; for C1–C7 in persons, rooms, m² or yuan), `detail`, `year` (school year
        that the figure is from), `departments` (a tuple), and the columns of ``measures``.
    """
    problems = pd.concat(
        [_resources_lacking(assessment), _coefficients(assessment), _others(assessment)], ignore_index=True
    ).reindex(columns=list(COLUMNS))
    problems["year"] = problems["year"].fillna(assessment.year).astype(int)
    problems["departments"] = [
        departments(assessment.standard, code, part)
        for code, part in zip(problems["code"], problems["part"], strict=True)
    ]
    return _with_measures(problems, data, assessment.year, assessment.standard.codes)


def departments(standard: Standard, code: str, part: str = "") -> tuple[str, ...]:
    """Return who answers for an indicator or one of its parts (plan, Annex 3).

    A figure that has a checklist item of its own is answered for by that item's departments.
    """
    named = {m.name: m.item for i in standard.indicators if i.code == code for m in i.limits if m.item}
    for item in standard.checklist:
        if item.item == named.get(part, part):
            return item.departments
    return standard[code].departments if code in standard.codes else ()


def _resources_lacking(assessment: Assessment) -> pd.DataFrame:
    return assessment.shortfalls.rename(columns={"to_standard": "gap"}).assign(
        part="",
        detail=None,
        side=[assessment.standard[code].limits[0].side for code in assessment.shortfalls["code"]],
    )


def _coefficients(assessment: Assessment) -> pd.DataFrame:
    frame = assessment.balance
    failing = frame[(frame["verdict"] == Verdict.FAIL).to_numpy()]
    return failing.rename(columns={"coefficient": "value"}).assign(
        part="coefficient", side=assessment.standard.limit_in_force("coefficient", stage=Stage.PRIMARY).side
    )[["district", "code", "part", "stage", "value", "limit", "side", "gap"]]


def _others(assessment: Assessment) -> pd.DataFrame:
    frame = assessment.findings
    failing = frame[(frame["verdict"] == Verdict.FAIL).to_numpy()]
    plain = {
        name: failing[name].astype(object)
        for name in ("district", "code", "part", "school_id", "name", "stage", "side", "detail")
    }
    return failing.assign(**plain)


def _with_measures(problems: pd.DataFrame, data: Dataset, year: int, codes: tuple[str, ...]) -> pd.DataFrame:
    measures = data["measures"]
    measures = measures[(measures["year"] <= year).to_numpy()].sort_values(["year", "number"], kind="stable")
    keys = ["district", "code", "school_id"]
    last = measures.drop_duplicates(keys, keep="last")[[*keys, *MENDING]]
    # A problem of the whole district has no school; NaN would match nothing.
    left = problems.assign(school_id=problems["school_id"].astype(object).fillna(""))
    right = last.assign(school_id=last["school_id"].astype(object).fillna(""))
    joined = left.merge(right.astype(object), on=keys, how="left", sort=False)
    joined["school_id"] = joined["school_id"].replace("", np.nan)
    order = {code: place for place, code in enumerate(codes)}  # recognition has none: it comes last
    return (
        joined.assign(_place=joined["code"].map(order))
        .sort_values(["district", "_place"], kind="stable")
        .drop(columns="_place")
        .reset_index(drop=True)
    )
