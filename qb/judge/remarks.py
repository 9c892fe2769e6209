"""Who is left out, and what a reader should know though no rule decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.judge.indicators import rounding_flags
from qb.judge.seven import COMPOSITE, Seven, floor_of, named, school_columns, stage_words
from qb.limits import LimitInForce
from qb.measure.census import SENIOR, STAGES, Census
from qb.measure.districts import class_norm_warnings
from qb.measure.parts import Inputs, Measure
from qb.standard import SEVEN, Standard
from qb.terms import COMPULSORY, Stage


def excluded(census: Census) -> pd.DataFrame:
    """Return the sections that a rule leaves out, who is not there, and who is counted with its parent."""
    at = np.flatnonzero(pd.notna(census.excluded))
    school = census.school[at]
    left_out = pd.DataFrame(
        {
            "district": named(census.districts, census.district[school]),
            **school_columns(census, school, ("school_id", "name")),
            "stage": stage_words(census.stage[at]),
            "pupils": census.figures["pupils"][at],
            "reason": census.excluded[at],
        }
    )
    return pd.concat([left_out, _without_rows(census)], ignore_index=True)


def _without_rows(census: Census) -> pd.DataFrame:
    """Return the schools and campuses that have no row of their own, with the reason."""
    campus = census.root != np.arange(len(census.root))
    away = pd.notna(census.away)
    school = np.flatnonzero(campus | away)
    names = census.schools["name"].fillna(census.schools["school_id"])
    parents = names.to_numpy(dtype=object)[census.root[school]]
    return pd.DataFrame(
        {
            "district": named(census.districts, census.district[school]),
            **school_columns(census, school, ("school_id", "name")),
            "stage": np.full(len(school), None, dtype=object),
            "pupils": np.full(len(school), np.nan),
            "reason": [
                reason if gone else f"校区并入“{parent}”计算"
                for reason, gone, parent in zip(census.away[school], away[school], parents, strict=True)
            ],
        }
    )


def warnings(
    inputs: Inputs, seven: Seven, coefficients: pd.DataFrame, measures: dict[str, Measure]
) -> pd.DataFrame:
    """Return what a reader should know and no rule decides."""
    census, standard = inputs.census, inputs.standard
    norms = class_norm_warnings(inputs, standard["C8"])
    floor = standard.rules.school.floor
    frames = [
        norms,
        _silent_schools(census),
        _small_schools(census, standard),
        _rounding_flags(seven, "标准", seven.limit),
        _rounding_flags(seven, f"标准的 {floor:.0%}", floor_of(seven.limit, standard)),
        _coefficient_flags(seven, coefficients),
        rounding_flags(inputs, measures),
    ]
    columns = ["district", "school_id", "code", "message"]
    return pd.concat([frame.astype(object) for frame in frames], ignore_index=True)[columns]


def silent(census: Census) -> pd.DataFrame:
    """Return the stages that schools and campuses should have reported and did not.

    A senior stage that nobody reported is missed only by what would be split with it: it is not listed.
    """
    sites = census.sites
    at = np.flatnonzero(sites.silent & (sites.stage != SENIOR))
    school = sites.school[at]
    return pd.DataFrame(
        {
            "district": named(census.districts, census.district[school]),
            **school_columns(census, school, ("school_id", "name")),
            "stage": stage_words(sites.stage[at]),
        }
    )


def _silent_schools(census: Census) -> pd.DataFrame:
    """Say of each school and campus in `silent` which stages those are."""
    found = silent(census)
    stages = found.groupby(["district", "school_id"], sort=False)["stage"].agg(
        lambda of_school: "、".join(Stage(stage).zh for stage in of_school)
    )
    message = [f"没有报送 {census.year} 学年{of_school}学段的数据，按缺数据处理" for of_school in stages]
    return stages.index.to_frame(index=False).assign(code="", message=message)


def _small_schools(census: Census, standard: Standard) -> pd.DataFrame:
    """Return judged rows as small as the teaching points that are left out: they count, being schools."""
    few = standard.rules.exclusion.small_point_pupils
    at = census.judged[census.figures["pupils"][census.judged] < few]
    school = census.school[at]
    return pd.DataFrame(
        {
            "district": named(census.districts, census.district[school]),
            **school_columns(census, school, ("school_id",)),
            "code": "",
            "message": [
                f"{STAGES[stage].zh}在校生 {pupils:.0f} 人，不足 {few} 人；不是教学点，照常参加评估"
                for stage, pupils in zip(census.stage[at], census.figures["pupils"][at], strict=True)
            ],
        }
    )


def _rounding_flags(seven: Seven, name: str, limit: LimitInForce) -> pd.DataFrame:
    """Return figures that reach a limit only after rounding, or only before."""
    value = seven.resources.value
    row, k = np.nonzero(limit.flips(value))
    census = seven.census
    at = census.judged[row]
    school = census.school[at]
    return pd.DataFrame(
        {
            "district": named(census.districts, census.district[school]),
            **school_columns(census, school, ("school_id",)),
            "code": named(SEVEN, k),
            "message": [
                f"{STAGES[stage].zh} {SEVEN[c]} 原始值 {value[r, c]:.6g} 与{name} "
                f"{limit.value[r, c]:g} 之比，四舍五入前后结论不同"
                for r, c, stage in zip(row, k, census.stage[at], strict=True)
            ],
        }
    )


def _coefficient_flags(seven: Seven, coefficients: pd.DataFrame) -> pd.DataFrame:
    by_stage = [seven.standard.limit_in_force("coefficient", stage=stage) for stage in COMPULSORY]
    limit = LimitInForce.each(by_stage, (coefficients["stage"] == Stage.JUNIOR).to_numpy().astype(int))
    value = coefficients["coefficient"].to_numpy(dtype=float)
    # The composite decides nothing: it has no limit to reach by rounding.
    flagged = coefficients[limit.flips(value) & (coefficients["code"] != COMPOSITE).to_numpy()]
    return pd.DataFrame(
        {
            "district": flagged["district"],
            "school_id": None,
            "code": flagged["code"],
            "message": [
                f"{Stage(stage).zh} {code} 差异系数 {coefficient:.6f} 四舍五入前后结论不同"
                for stage, code, coefficient in zip(
                    flagged["stage"], flagged["code"], flagged["coefficient"], strict=True
                )
            ],
        }
    )
