"""Pupils by school, stage and grade in the years to come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.checks import require
from qb.dataset import Dataset
from qb.errors import QbError
from qb.forecast.grades import Grades, Past, past
from qb.forecast.learn import below, learn
from qb.forecast.methods import LONGEST, USUAL, Basis
from qb.forecast.outcome import KEYS, Forecast
from qb.forecast.run import Run
from qb.terms import GRADES_OF_STAGE, Stage

NAMED = 10  # schools that a note names


def forecast(data: Dataset, to: int | None = None, before: Forecast | None = None) -> Forecast:
    """Forecast pupils by school, stage and grade.

    Pupils move up by grade progression ratios, pooled toward the district's by the school's size.
    Entrants follow last year's number, a fading trend, births, or the leavers of the stage before, and
    are shared as last year, as in the last years, or by the children of the zones. Each part is compared
    with the naive forecast (everyone moves up, entrants as last year) on past years held back; the naive
    one stays unless the other was clearly better on the whole and worse at no distance.

    Parameters
    ----------
    data : Dataset
        With `classes` of at least two years; the forecast starts from the last year of `sections`.
    to : int, optional
        Last year to forecast, at most ten years ahead. Unless given, five years ahead, or as far as `before`.
    before : Forecast, optional
        A forecast of the data as they were before something was changed in their last year: schools
        opened or closed, pupils moved. Its ratios, methods and spread are kept, so that the change is
        not taken for a habit; one year of data is enough then.

    Returns
    -------
    Forecast

    Raises
    ------
    DataError
        If the data hold faults that stop.
    QbError
        If the years do not suffice, or the last year asked for makes no sense.

    Examples
    --------
    >>> from qb.sample import make
    >>> ahead = forecast(make(schools=3, years=range(2021, 2026)), to=2027)
    >>> ahead.total("stage")[["year", "stage", "pupils"]].round(0)
       year    stage  pupils
    0  2026   junior  1052.0
    1  2026  primary  2327.0
    2  2027   junior  1083.0
    3  2027  primary  2288.0
    """
    require(data)
    seen = _seen(data, before)
    base = int(seen.years[-1])
    learned_year = before.learned_year if before else base
    to = _last_year(to, base, learned_year, before)
    learned = before.learned if before else learn(seen)
    names = before.districts if before else seen.districts
    place = pd.Index(names).get_indexer(seen.districts)
    frames: list[pd.DataFrame] = []
    leavers: dict[Stage | None, np.ndarray | None] = {None: None}
    for stage, grades in seen.stages.items():
        run = Run(grades, learned[stage], place[grades.district[grades.here]], base - learned_year)
        entrants = before.entrants(stage, base) if before else learned[stage].whole
        pupils = run.pupils(to - base, leavers[below(stage, leavers)], entrants)
        leavers[stage] = run.leavers(pupils)
        frames.append(run.rows(pupils, base, names))
    rows = pd.concat(frames, ignore_index=True)
    return Forecast(
        base=base,
        to=to,
        rows=rows.sort_values(KEYS, kind="stable", ignore_index=True),
        years=pd.concat([_years(seen, g) for g in seen.stages.values()], ignore_index=True),
        backtest=_joined([learned[stage].tests for stage in learned]),
        methods=_joined([learned[stage].chosen for stage in learned]),
        missing=seen.missing,
        notes=tuple(_notes(seen, rows)),
        invented=data.invented,
        districts=names,
        learned=learned,
        learned_year=learned_year,
    )


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else frames[0]


def _seen(data: Dataset, before: Forecast | None) -> Past:
    """Read the past out of the data, or say everything that is wanting."""
    if not data.years:
        raise QbError("表 sections（学段）没有数据，无法推算学生数。请填报各校各学段的在校生数。")
    if not len(data["classes"]):
        raise QbError("表 classes（班级）没有数据，不知道各年级有多少学生，无法推算。请填报各班的班额。")
    seen = past(data)
    wrong = []
    if before is None and seen.listed < 2:
        wrong.append(f"班级表只有 {seen.listed} 个学年的数据，看不出学生怎样升级，请至少补上前一学年的班级表")
    if not any(len(grades.here) for grades in seen.stages.values()):
        wrong.append(f"{data.years[-1]} 学年没有一所学校知道各年级人数，请填报该学年的班级表")
    if before is not None:
        wrong += _not_before(seen, before)
    if wrong:
        raise QbError("无法推算学生数：" + "；".join(wrong) + "。")
    return seen


def _not_before(seen: Past, before: Forecast) -> list[str]:
    base = int(seen.years[-1])
    wrong = []
    if not before.base <= base < before.to:
        wrong.append(f"数据的最后学年 {base} 应在原推算的 {before.base}—{before.to - 1} 学年之间")
    strange = sorted(set(seen.districts) - set(before.districts))
    if strange:
        wrong.append(f"原推算中没有县区{'、'.join(strange)}")
    new = [stage.zh for stage in seen.stages if stage not in before.learned]
    if new:
        wrong.append(f"原推算中没有{'、'.join(new)}学段")
    return wrong


def _last_year(to: int | None, base: int, learned_year: int, before: Forecast | None) -> int:
    if to is None:
        return before.to if before else base + USUAL
    if not base < to <= learned_year + LONGEST:
        raise QbError(
            f"推算到 {to} 学年不行：数据的最后学年是 {base}，最多推算 {LONGEST} 年。"
            f"请给出 {base + 1} 至 {learned_year + LONGEST} 之间的学年。"
        )
    return to


def _years(seen: Past, grades: Grades) -> pd.DataFrame:
    """Return the years before as rows, without grades that a school never had and years it did not report."""
    some = np.nan_to_num(grades.pupils, nan=1.0) > 0
    ever = (some & grades.there[..., None]).any(axis=1)
    opened = np.maximum.accumulate(some.any(axis=2), axis=1)
    school, year, grade = np.nonzero(ever[:, None] & (opened & grades.there)[..., None])
    spread = np.where(grades.known, str(Basis.CLASSES), str(Basis.SHARES))
    spread[:, -1] = np.where(grades.basis == "", spread[:, -1], grades.basis)
    return pd.DataFrame(
        {
            "year": seen.years[year],
            "district": seen.districts[grades.district[school]],
            "school_id": grades.school[school],
            "stage": str(grades.stage),
            "grade": GRADES_OF_STAGE[grades.stage].start + grade,
            "pupils": grades.pupils[school, year, grade],
            "basis": spread[school, year],
        }
    )


def _notes(seen: Past, rows: pd.DataFrame) -> list[str]:
    """Say in sentences what a reader must know."""
    notes = []
    bare = rows.loc[rows["low"].isna(), ["district", "stage"]].drop_duplicates()
    for district, own in bare.groupby("district", sort=True):
        stages = "、".join(Stage(stage).zh for stage in own["stage"])
        notes.append(
            f"{district}{stages}：学年太少，不能用往年检验，一律按“全部升级，入学人数同上年”推算，不给高低区间"
        )
    for basis in (Basis.SHARES, Basis.SCALED):
        notes += _named(rows, basis)
    if len(seen.missing):
        schools = seen.missing["school_id"].unique()
        notes.append(f"{_some(schools)}没有填报在校生数，班级表也不全，没有推算")
    if seen.odd:
        notes.append(f"班级表中有 {seen.odd} 行的年级与学段不符，没有计入")
    return notes


def _named(rows: pd.DataFrame, basis: Basis) -> list[str]:
    schools = rows.loc[(rows["basis"] == basis).to_numpy(), "school_id"].unique()
    return [f"{_some(schools)}各年级人数的来源：{basis.zh}"] if len(schools) else []


def _some(schools: np.ndarray) -> str:
    shown = "、".join(schools[:NAMED])
    return shown + (f"等 {len(schools)} 所学校" if len(schools) > NAMED else "")
