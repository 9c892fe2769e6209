"""The planning problem of a year, read from a dataset and a cost file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.costs import Costs, SchoolLimit
from qb.dataset import Dataset
from qb.errors import QbError
from qb.judge import choose_year
from qb.measure.census import STAGES, Census, codes, take_census
from qb.measure.resources import FACTOR, share_facilities
from qb.plan.problem import Cone, Problem, Sum
from qb.standard import SEVEN, Standard
from qb.terms import Stage

# The column to which a purchase of each indicator adds, and its table.
COLUMNS = {
    "C1": ("sections", "teachers_above_required"),
    "C2": ("sections", "backbone_teachers"),
    "C3": ("sections", "pe_arts_teachers"),
    "C4": ("facilities", "teaching_area_m2"),
    "C5": ("facilities", "sports_ground_m2"),
    "C6": ("facilities", "equipment_yuan"),
    "C7": ("facilities", "multimedia_rooms"),
}
_STAGES = tuple(str(stage) for stage in STAGES)
_WHOLE = str(Stage.WHOLE)
_MORE = 2.0**30  # so large that the share which is measured with it has no noise


def pose(
    data: Dataset,
    year: int | None,
    standard: Standard,
    costs: Costs,
    budget: float | None = None,
    district: str | None = None,
) -> Problem:
    """Read the problem of a year from a dataset.

    Raises
    ------
    QbError
        If a figure of C1–C7 is missing, the budget is negative, a limit names a school that is not judged,
        or the standard compares in a way that a plan cannot promise; all of it is named.
    """
    year = choose_year(data, year)
    _refuse(standard, budget)
    census = take_census(data, standard, year)
    judged = everywhere = census.judged
    if district is not None:
        if district not in census.districts:
            raise QbError(f"数据中没有县区“{district}”。已有：{'、'.join(census.districts)}。")
        judged = judged[census.districts[census.district[census.school[judged]]] == district]
    if not len(judged):
        raise QbError(f"{year} 年度没有参加七项指标评估的学校，无法制定方案。")
    rows, have = _rows(census, judged), _have(data, census, standard)[judged]
    pupils = census.figures["pupils"][judged]
    _refuse_missing(rows, pupils, have)
    pool, share, pools = _pools(data, census, standard, judged)
    priced = _priced(pools, rows, pool, costs)
    ids = census.schools["school_id"].to_numpy(dtype=object)
    most, yuan, sums = _limits(priced, costs, set(ids[census.school[everywhere]]) - set(rows["school_id"]))
    factor = np.array([FACTOR[standard[code].measure] for code in SEVEN])
    stages = rows["stage"].to_numpy()
    limit = np.array(
        [
            [standard[code].limit(stage=Stage(stage), year=year).value for code in SEVEN]
            for stage in np.unique(stages)
        ]
    )[np.unique(stages, return_inverse=True)[1]]
    return Problem(
        rows=rows,
        pupils=pupils,
        have=have,
        limit=limit,
        factor=factor,
        pool=pool,
        share=share,
        pools=priced.assign(yuan=yuan),
        most=most,
        whole=factor[pools["k"].to_numpy()] == 100,
        sums=sums,
        cones=_cones(rows, standard),
        spare=standard.rules.school.of - standard.rules.school.met,
        floor=standard.rules.school.floor,
        tolerance=standard.rules.rounding.tolerance,
        budget=budget,
    )


def _refuse(standard: Standard, budget: float | None) -> None:
    wrong = []
    if budget is not None and not (np.isfinite(budget) and budget >= 0):
        wrong.append(f"预算不能小于 0，现为 {budget:g} 元")
    if standard.rules.rounding.compare != "raw":
        wrong.append('标准按四舍五入后的数值比较，方案只能按原始数值保证达标，请改为 compare = "raw"')
    sides = {m.side for code in SEVEN for m in standard[code].limits} | {standard.rules.coefficient.side}
    if not sides <= {">=", "<="}:
        wrong.append("七项指标或差异系数的限值须用“>=”“<=”")
    if wrong:
        raise QbError("无法制定方案：" + "；".join(wrong) + "。")


def _rows(census: Census, judged: np.ndarray) -> pd.DataFrame:
    school = census.school[judged]
    return pd.DataFrame(
        {
            "district": census.districts[census.district[school]],
            "school_id": census.schools["school_id"].to_numpy(dtype=object)[school],
            "name": census.schools["name"].to_numpy(dtype=object)[school],
            "stage": np.array([str(s) for s in STAGES], dtype=object)[census.stage[judged]],
        }
    )


def _have(data: Dataset, census: Census, standard: Standard) -> np.ndarray:
    """Return what every section holds. C4 is not cut off at 0: a purchase first makes up what is missing."""
    held = {**census.figures, **share_facilities(data, census, standard)}
    return np.column_stack(
        [
            held["teachers_above_required"],
            held["backbone_teachers"],
            held["pe_arts_teachers"],
            held["teaching_area_m2"] - held["indoor_sports_area_m2"],
            held["sports_ground_m2"] + held["indoor_sports_area_m2"],
            held["equipment_yuan"],
            held["multimedia_rooms"],
        ]
    )


def _refuse_missing(rows: pd.DataFrame, pupils: np.ndarray, have: np.ndarray) -> None:
    missing = np.isnan(have) | np.isnan(pupils)[:, None]
    at = np.flatnonzero(missing.any(axis=1))
    if not len(at):
        return
    shown = [
        f"{rows['name'].iloc[i]}（{Stage(rows['stage'].iloc[i]).zh}）缺"
        + "、".join(SEVEN[k] for k in np.flatnonzero(missing[i]))
        for i in at[:20]
    ]
    more = f"等 {len(at)} 处" if len(at) > 20 else ""
    raise QbError(f"缺少数据的学校无法规划：{'；'.join(shown)}{more}。请先补齐数据（qb check 可逐条列出）。")


def _pools(
    data: Dataset, census: Census, standard: Standard, judged: np.ndarray
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return which cell of the dataset supplies each row and indicator, its share, and the cells.

    The share is measured: with as much more in every such cell, how much more does each row hold.
    """
    keys = list(zip(census.school[judged], np.array(_STAGES)[census.stage[judged]], strict=True))
    pool = np.empty((len(judged), len(SEVEN)), dtype=int)
    cells: list[pd.DataFrame] = []
    more = {table: data[table].copy() for table in ("sections", "facilities")}
    for k, code in enumerate(SEVEN):
        table, column = COLUMNS[code]
        chosen = _positions(data, census, table, column)
        positions, place = np.unique([chosen[key] for key in keys], return_inverse=True)
        pool[:, k] = place + sum(map(len, cells))
        cells.append(data[table].loc[positions, ["school_id", "stage"]].assign(k=k, code=code))
        more[table].loc[positions, column] += _MORE
    changed = data.replace(**more)
    gained = _have(changed, take_census(changed, standard, census.year), standard) - _have(
        data, census, standard
    )
    frame = pd.concat(cells, ignore_index=True)
    at = census.places(frame["school_id"])
    named = frame.assign(
        district=census.districts[census.district[at]], name=census.schools["name"].to_numpy(dtype=object)[at]
    )
    return pool, gained[judged] / _MORE, named


def _positions(data: Dataset, census: Census, table: str, column: str) -> dict[tuple[int, str], int]:
    """Return for a school and stage the row of a table that takes what is bought for it.

    Where the figure is reported: by stage before as a whole, the school's own before a campus's.
    """
    frame = census.of_year(data[table])
    frame = frame[frame[column].notna().to_numpy()]
    place = census.places(frame["school_id"])
    own = census.root[place] == place
    stage = np.array(_STAGES)[codes(frame["stage"], STAGES)]
    sites = census.sites
    taught: dict[int, list[str]] = {}
    for school, name in zip(sites.school[sites.having], sites.stage[sites.having], strict=True):
        taught.setdefault(school, []).append(_STAGES[name])
    chosen: dict[tuple[int, str], int] = {}
    for i in np.lexsort((stage == _WHOLE, ~own)):
        root = census.root[place[i]]
        for name in taught.get(place[i], []) if stage[i] == _WHOLE else [stage[i]]:
            chosen.setdefault((root, name), frame.index[i])
    return chosen


def _priced(pools: pd.DataFrame, rows: pd.DataFrame, pool: np.ndarray, costs: Costs) -> pd.DataFrame:
    """Add prices, and the judged school that each pool belongs to."""
    owner = np.empty(len(pools), dtype=object)
    owner[pool.ravel()] = np.repeat(rows["school_id"].to_numpy(dtype=object), len(SEVEN))
    held = {key: costs.cost(*key) for key in set(zip(pools["code"], pools["stage"], strict=True))}
    mine = [held[key] for key in zip(pools["code"], pools["stage"], strict=True)]
    return pools.assign(
        owner=owner,
        unit=[c.unit.zh for c in mine],
        yuan=[c.yuan for c in mine],
        low=[c.low for c in mine],
        high=[c.high for c in mine],
        yearly=[c.yearly for c in mine],
    )


def _limits(
    pools: pd.DataFrame, costs: Costs, elsewhere: set[str]
) -> tuple[np.ndarray, np.ndarray, tuple[Sum, ...]]:
    """Return upper bounds and prices by pool, and the bounds on several pools together.

    What is said of schools of other districts, `elsewhere`, is not for this plan.
    """
    most, yuan = np.full(len(pools), np.inf), pools["yuan"].to_numpy(dtype=float).copy()
    sums, wrong = [], []
    owner, stage, code = (pools[name].to_numpy(dtype=object) for name in ("owner", "stage", "code"))
    for entry in costs.schools:
        if entry.school_id in elsewhere:
            continue
        mine = (owner == entry.school_id) & (code == entry.code)
        at = np.flatnonzero(mine if entry.stage is None else mine & (stage == str(entry.stage)))
        if not len(at):
            wrong.append(_stranger(entry, set(stage[mine])))
            continue
        if entry.yuan is not None:
            yuan[at] = entry.yuan
        if entry.most is not None and len(at) == 1:
            most[at] = np.minimum(most[at], entry.most)
        elif entry.most is not None:
            sums.append(Sum(at, entry.most))
    if wrong:
        raise QbError("费用文件中的学校限制用不上：" + "；".join(wrong) + "。")
    return most, yuan, tuple(sums)


def _stranger(entry: SchoolLimit, reported: set[str]) -> str:
    if not reported:
        return f"学校 {entry.school_id} 不在参加评估的学校之中"
    stages = "、".join(Stage(s).zh for s in sorted(reported))
    return f"学校 {entry.school_id} 的 {entry.code} 按“{stages}”填报，不能按“{Stage(entry.stage).zh}”限制"


def _cones(rows: pd.DataFrame, standard: Standard) -> tuple[Cone, ...]:
    cones = []
    for (district, stage), at in rows.groupby(["district", "stage"], sort=True).indices.items():
        if len(at) > 1:  # one school alone has a coefficient of 0
            cap = standard.coefficient_limit(Stage(stage))
            cones += [Cone(district, stage, k, at, cap) for k in range(len(SEVEN))]
    return tuple(cones)
