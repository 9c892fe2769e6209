"""Who is left out, and what a reader should know though no rule decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.judge.seven import Seven, school_columns, stage_words
from qb.judge.verdicts import meets
from qb.measure.census import STAGES, Census
from qb.measure.districts import class_norm_warnings
from qb.measure.parts import Inputs
from qb.rounding import round_half_up
from qb.standard import SEVEN
from qb.terms import Stage


def excluded(census: Census) -> pd.DataFrame:
    """Return the sections that a rule leaves out and the campuses counted with their parents."""
    at = np.flatnonzero(pd.notna(census.excluded))
    school = census.school[at]
    left_out = pd.DataFrame(
        {
            "district": census.districts[census.district[school]],
            **school_columns(census, school, ("school_id", "name")),
            "stage": stage_words(census.stage[at]),
            "pupils": census.figures["pupils"][at],
            "reason": census.excluded[at],
        }
    )
    return pd.concat([left_out, _campuses(census)], ignore_index=True)


def _campuses(census: Census) -> pd.DataFrame:
    campus = np.flatnonzero(census.root != np.arange(len(census.root)))
    parents = census.schools["name"].to_numpy(dtype=object)[census.root[campus]]
    return pd.DataFrame(
        {
            "district": census.districts[census.district[campus]],
            **school_columns(census, campus, ("school_id", "name")),
            "stage": np.full(len(campus), None, dtype=object),
            "pupils": np.full(len(campus), np.nan),
            "reason": [f"校区并入“{parent}”计算" for parent in parents],
        }
    )


def warnings(inputs: Inputs, seven: Seven, coefficients: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader should know and no rule decides."""
    census, standard = inputs.census, inputs.standard
    norms = class_norm_warnings(inputs, standard["C8"])
    frames = [norms, _silent_schools(census), _rounding_flags(seven), _coefficient_flags(seven, coefficients)]
    columns = ["district", "school_id", "code", "message"]
    return pd.concat([frame.astype(object) for frame in frames], ignore_index=True)[columns]


def _silent_schools(census: Census) -> pd.DataFrame:
    """Return schools that exist in the year but reported no section."""
    opened = census.schools["opened_year"].to_numpy(dtype=float)
    silent = np.setdiff1d(np.arange(len(census.schools)), census.school)
    silent = silent[(census.root[silent] == silent) & ~(opened[silent] > census.year)]
    return pd.DataFrame(
        {
            "district": census.districts[census.district[silent]],
            **school_columns(census, silent, ("school_id",)),
            "code": "",
            "message": f"{census.year} 年度没有报送学段数据，未参加评估",
        }
    )


def _rounding_flags(seven: Seven) -> pd.DataFrame:
    """Return figures that pass only after rounding, or only before."""
    decimals = seven.standard.rules.rounding.values
    tolerance = seven.standard.rules.rounding.tolerance
    value = seven.resources.value
    sides = [seven.standard[code].limits[0].side for code in SEVEN]
    flips = np.column_stack(
        [
            meets(value[:, k], seven.limit[:, k], side, tolerance)
            != meets(round_half_up(value[:, k], decimals), seven.limit[:, k], side, tolerance)
            for k, side in enumerate(sides)
        ]
    )
    row, k = np.nonzero(flips)
    census = seven.census
    school = census.school[census.judged[row]]
    return pd.DataFrame(
        {
            "district": census.districts[census.district[school]],
            **school_columns(census, school, ("school_id",)),
            "code": np.array(SEVEN, dtype=object)[k],
            "message": [
                f"{STAGES[census.stage[census.judged[r]]].zh} {SEVEN[c]} 原始值 {value[r, c]:.6g} 与标准 "
                f"{seven.limit[r, c]:g} 之比，四舍五入前后结论不同"
                for r, c in zip(row, k, strict=True)
            ],
        }
    )


def _coefficient_flags(seven: Seven, coefficients: pd.DataFrame) -> pd.DataFrame:
    rounding = seven.standard.rules.rounding
    side = seven.standard.rules.coefficient.side
    value, limit = (coefficients[name].to_numpy(dtype=float) for name in ("coefficient", "limit"))
    rounded = round_half_up(value, rounding.coefficients)
    flips = meets(value, limit, side, rounding.tolerance) != meets(rounded, limit, side, rounding.tolerance)
    flagged = coefficients[flips]
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
