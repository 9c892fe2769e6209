"""The assessment of a year: every verdict, and every figure behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.checks import require
from qb.dataset import Dataset
from qb.errors import QbError
from qb.judge import indicators, remarks
from qb.judge.seven import COMPOSITE, Seven
from qb.judge.verdicts import words, worst_by
from qb.measure import districts as district_measures
from qb.measure import registry
from qb.measure.census import Census, take_census
from qb.measure.parts import NO_DATA, gather
from qb.measure.resources import resources
from qb.standard import Standard, Transition

AREAS = ("resources", "guarantee", "quality", "recognition", "veto")


@dataclass(frozen=True)
class Assessment:
    """Every verdict of a year, and every figure behind it. Figures are unrounded.

    Attributes
    ----------
    rows : DataFrame
        A row per judged school and stage: values, amounts and verdicts of C1–C7, `met`, `verdict`.
    excluded : DataFrame
        Schools and stages that a rule leaves out, and schools that are not there, with the reason.
    silent : DataFrame
        Stages that a school or campus should have reported and did not: they are "no data".
    balance : DataFrame
        Difference coefficient by district, stage and indicator, and their mean as ``composite``.
    shortfalls : DataFrame
        What each row lacks to the standard and to its floor, and the pupils its resource supports.
    findings : DataFrame
        Every figure and checklist item of C8–C31, recognition and veto, with limit and verdict.
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

    def of(self, district: str) -> Assessment:
        """Return one district's part."""
        frames = {
            name: frame[(frame["district"] == district).to_numpy()].reset_index(drop=True)
            for name in self.FRAMES
            for frame in (getattr(self, name),)
        }
        relieved = self.transition.of(district) if self.transition else None
        return replace(self, **frames, transition=relieved)


def assess(
    data: Dataset,
    year: int | None = None,
    standard: Standard | str | None = None,
    transition: Transition | bool = False,
) -> Assessment:
    """Judge every district of a dataset in one year.

    Parameters
    ----------
    data : Dataset
        Of any number of districts and years.
    year : int, optional
        School year starting; the last one with sections unless given.
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
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    require(data, chosen)
    year = choose_year(data, year)
    registry.require_functions(chosen, year)
    result = _assess(data, year, chosen, None)
    if not transition:
        return result
    profile = transition if isinstance(transition, Transition) else standards.load_transition()
    return replace(result, transition=_assess(data, year, chosen, profile))


def choose_year(data: Dataset, year: int | None) -> int:
    """Return the year asked for, or the last one in the data; refuse one that is not there."""
    if not data.years:
        raise QbError("表 sections（学段）没有任何年度的数据，无法评估。请填写各校各学段的在校生等数据。")
    if year is None:
        return data.years[-1]
    if year not in data.years:
        raise QbError(
            f"数据中没有 {year} 年度。已有年度：{'、'.join(map(str, data.years))}（学年起始年）。"
            "请改用其中之一。"
        )
    return year


def _assess(data: Dataset, year: int, standard: Standard, transition: Transition | None) -> Assessment:
    census = take_census(data, standard, year)
    seven = Seven.judge(census, resources(data, census, standard, transition), standard)
    inputs = gather(data, census, standard, transition)
    measures = registry.measures(inputs)
    measures["recognition"] = district_measures.recognition(inputs)
    measures["veto"] = district_measures.vetoes(inputs)
    judged = {code: indicators.judge_parts(inputs, code, measure) for code, measure in measures.items()}
    rows = seven.rows()
    coefficients = seven.balance()
    by_code = seven.by_district() | {
        code: indicators.worst(census, measures[code].parts, verdicts) for code, verdicts in judged.items()
    }
    areas = _areas(census, standard, seven, coefficients, by_code)
    overall = np.min([areas[area] for area in AREAS], axis=0)
    return Assessment(
        year=year,
        standard=standard,
        invented=data.invented,
        rows=rows,
        excluded=remarks.excluded(census),
        silent=remarks.silent(census),
        balance=coefficients,
        shortfalls=seven.shortfalls(),
        findings=indicators.findings(inputs, measures, judged),
        indicators=indicators.table(inputs, measures, by_code),
        areas=pd.DataFrame(
            {
                "district": np.repeat(census.districts, len(AREAS)),
                "area": np.tile(AREAS, len(census.districts)),
                "verdict": words(np.column_stack([areas[area] for area in AREAS]).ravel()),
            }
        ),
        districts=pd.DataFrame({"district": census.districts, "verdict": words(overall)}),
        warnings=remarks.warnings(inputs, seven, coefficients, measures),
    )


def _areas(
    census: Census,
    standard: Standard,
    seven: Seven,
    coefficients: pd.DataFrame,
    by_code: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return each area's verdict by district.

    Resources: every school row passes and every coefficient is within its limit; the other areas:
    all of their indicators. The composite coefficient decides nothing.
    """
    count = len(census.districts)
    schools = worst_by(census.district[census.school[census.judged]], seven.school, count, NO_DATA)
    deciding = coefficients[(coefficients["code"] != COMPOSITE).to_numpy()]
    place = np.searchsorted(census.districts, deciding["district"].to_numpy(dtype=str))
    spread = worst_by(place, deciding["verdict"].cat.codes.to_numpy(), count, NO_DATA)
    areas = {"resources": np.minimum(schools, spread)}
    for area in ("guarantee", "quality"):
        codes = [i.code for i in standard.indicators if i.area == area]
        areas[area] = np.min([by_code[code] for code in codes], axis=0)
    return {**areas, "recognition": by_code["recognition"], "veto": by_code["veto"]}
