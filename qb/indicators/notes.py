"""Notes of an assessment: sentences on who is left out or silent, and what a reader should know though no rule decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.indicators.district_figures import class_norm_warnings
from qb.indicators.indicator_figures import IndicatorFigures, Inputs
from qb.indicators.population import SENIOR, STAGES, Population
from qb.indicators.verdicts import (
    JudgedResources,
    deciding,
    floor_of,
    named,
    rounding_flags,
    school_columns,
    stage_words,
)
from qb.language import Both, Message, column, joined
from qb.standard import LimitInForce, Standard
from qb.terms import COMPULSORY, Stage


def excluded(population: Population) -> pd.DataFrame:
    """Return the sections that a rule leaves out, who is not there, and who is counted with its parent."""
    at = np.flatnonzero(pd.notna(population.excluded))
    school = population.school[at]
    left_out = pd.DataFrame(
        {
            "district": named(population.districts, population.district[school]),
            **school_columns(population, school, ("school_id", "name")),
            "stage": stage_words(population.stage[at]),
            "pupils": population.figures["pupils"][at],
            "reason": column(population.excluded[at]),
        }
    )
    return pd.concat([left_out, _without_rows(population)], ignore_index=True)


def _without_rows(population: Population) -> pd.DataFrame:
    """Return the schools and campuses that have no row of their own, with the reason."""
    campus = population.root != np.arange(len(population.root))
    away = pd.notna(population.away)
    school = np.flatnonzero(campus | away)
    names = population.schools["name"].fillna(population.schools["school_id"])
    parents = names.to_numpy(dtype=object)[population.root[school]]
    return pd.DataFrame(
        {
            "district": named(population.districts, population.district[school]),
            **school_columns(population, school, ("school_id", "name")),
            "stage": np.full(len(school), None, dtype=object),
            "pupils": np.full(len(school), np.nan),
            "reason": column(
                reason if gone else Message("校区并入“{}”计算", "Campus, counted with {}", parent)
                for reason, gone, parent in zip(population.away[school], away[school], parents, strict=True)
            ),
        }
    )


def notes(
    inputs: Inputs, held: JudgedResources, coefficients: pd.DataFrame, measures: dict[str, IndicatorFigures]
) -> pd.DataFrame:
    """Return what a reader should know and no rule decides."""
    population, standard = inputs.population, inputs.standard
    norms = [i for i in standard.indicators if "primary_classes_urban" in i.options]
    rule = standard.rules.school
    frames = [
        *(class_norm_warnings(inputs, indicator) for indicator in norms),
        _without_schools(population),
        *([_silent_schools(population)] if population.sites.silent.any() else []),
        _small_schools(population, standard),
        _rounding_flags(held, Message("标准", ""), held.limit),
        *(
            [
                _rounding_flags(
                    held,
                    Message("标准的 {:.0%}", "{:.0%} of the standard, ", rule.floor),
                    floor_of(held.limit, standard),
                )
            ]
            if rule and rule.floor
            else []
        ),
        _coefficient_flags(held, coefficients),
        rounding_flags(inputs, measures),
    ]
    columns = ["district", "school_id", "code", "message"]
    told = [frame for frame in frames if len(frame)] or frames[-1:]
    return pd.concat([frame.astype(object) for frame in told], ignore_index=True)[columns]


def silent(population: Population) -> pd.DataFrame:
    """Return the stages that schools and campuses should have reported and did not.

    A senior stage that nobody reported is missed only by what would be split with it: it is not listed.
    """
    sites = population.sites
    at = np.flatnonzero(sites.silent & (sites.stage != SENIOR))
    school = sites.school[at]
    return pd.DataFrame(
        {
            "district": named(population.districts, population.district[school]),
            **school_columns(population, school, ("school_id", "name")),
            "stage": stage_words(sites.stage[at]),
        }
    )


def _without_schools(population: Population) -> pd.DataFrame:
    """Say of each district without a school that nothing is known of them."""
    unlisted = np.bincount(population.district, minlength=len(population.districts)) == 0
    message = Message(
        "schools（学校）表中没有本县区的学校，凡依据学校的结论按缺数据处理",
        "No school of the district is listed: whatever rests on schools is “no data”",
    )
    return pd.DataFrame({"district": population.districts[unlisted]}).assign(
        school_id=None, code="", message=column([message] * int(unlisted.sum()))
    )


def _silent_schools(population: Population) -> pd.DataFrame:
    """Say of each school and campus in `silent` which stages those are."""
    frame = silent(population).groupby(["district", "school_id"], sort=False)["stage"].agg(list).reset_index()
    message = [
        Message(
            "没有报送 {1} 学年{0}学段的数据，按缺数据处理",
            "{} stage not reported for {}: counted as “no data”",
            joined("、", " and ", [Stage(first), *(Both(Stage(s).zh, Stage(s).en.lower()) for s in rest)]),
            population.year,
        )
        for first, *rest in frame["stage"]
    ]
    return frame[["district", "school_id"]].assign(code="", message=column(message))


def _small_schools(population: Population, standard: Standard) -> pd.DataFrame:
    """Return judged rows as small as the teaching points that are left out: they count, being schools."""
    few = standard.rules.exclusion.small_point_pupils
    at = population.judged[population.figures["pupils"][population.judged] < few]
    school = population.school[at]
    return pd.DataFrame(
        {
            "district": named(population.districts, population.district[school]),
            **school_columns(population, school, ("school_id",)),
            "code": "",
            "message": column(
                Message(
                    "{}在校生 {:.0f} 人，不足 {} 人；不是教学点，照常参加评估",
                    "{}: {:.0f} pupils, fewer than {}; not a teaching point, so it is judged",
                    STAGES[stage],
                    pupils,
                    few,
                )
                for stage, pupils in zip(population.stage[at], population.figures["pupils"][at], strict=True)
            ),
        }
    )


def _rounding_flags(held: JudgedResources, name: Message, limit: LimitInForce) -> pd.DataFrame:
    """Return figures that reach a limit only after rounding, or only before."""
    value = held.resources.value
    row, k = np.nonzero(limit.flips(value))
    population = held.population
    at = population.judged[row]
    school = population.school[at]
    return pd.DataFrame(
        {
            "district": named(population.districts, population.district[school]),
            **school_columns(population, school, ("school_id",)),
            "code": named(held.standard.resource_codes, k),
            "message": column(
                Message(
                    "{} {} 的数值 {:.6g} 与{} {:g} 相近：按原始值和按四舍五入后的值判定，结论不同",
                    "{} {}: the verdict on {:.6g} against {}{:g} depends on rounding",
                    STAGES[stage],
                    held.standard.resource_codes[c],
                    value[r, c],
                    name,
                    limit.value[r, c],
                )
                for r, c, stage in zip(row, k, population.stage[at], strict=True)
            ),
        }
    )


def _coefficient_flags(held: JudgedResources, coefficients: pd.DataFrame) -> pd.DataFrame:
    by_stage = [held.standard.limit_in_force("coefficient", stage=stage) for stage in COMPULSORY]
    limit = LimitInForce.each(by_stage, (coefficients["stage"] == Stage.JUNIOR).to_numpy().astype(int))
    value = coefficients["coefficient"].to_numpy(dtype=float)
    # What decides nothing has no limit to reach by rounding.
    decides = coefficients["code"].isin(deciding(held.standard)).to_numpy()
    flagged = coefficients[limit.flips(value) & decides].reset_index(drop=True)
    return pd.DataFrame(
        {
            "district": flagged["district"],
            "school_id": None,
            "code": flagged["code"],
            "message": column(
                Message(
                    "{} {} 的差异系数 {:.6f} 与限值相近：按原始值和按四舍五入后的值判定，结论不同",
                    "{} {}: the verdict on the coefficient {:.6f} depends on rounding",
                    Stage(stage),
                    code,
                    coefficient,
                )
                for stage, code, coefficient in zip(
                    flagged["stage"], flagged["code"], flagged["coefficient"], strict=True
                )
            ),
        }
    )
