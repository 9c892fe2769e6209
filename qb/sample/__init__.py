"""An invented dataset of any size that looks like real life, and says in every row that it is invented.

The default is a district the size of an old city centre: about thirty schools and 20,000 pupils in the
compulsory stages, five school years. Its levels follow published means of China and of Henan for
2017–2023: pupils per teacher, teachers' degrees, floor, equipment, class size, the fall in entrants.
Floor and sports ground are below those means, as in an old city centre. Nothing is about a real school.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.errors import QbError
from qb.sample import district, ledger, pupils, resources, zones
from qb.sample.cast import World, settle
from qb.sample.dice import Dice
from qb.schema import INVENTED
from qb.standard import Standard, load

FIRST_YEAR = 2000  # before it the cohorts below mean nothing


def make(
    schools: int = 30, districts: int = 1, years: Iterable[int] = range(2021, 2026), seed: int = 2025
) -> Dataset:
    """Make an invented dataset.

    Parameters
    ----------
    schools : int
        Schools in each district, campuses counted.
    districts : int
        The first is the same however many there are.
    years : iterable of int
        School years, by the year they start. A year is the same whichever others are asked for.
    seed : int
        Of all chance in it, from 0. The same seed gives the same data, on any machine.

    Returns
    -------
    Dataset
        Every table of the contract, each row with 模拟数据 under `source`.

    Raises
    ------
    QbError
        If there is no school, district or year to make, or the seed is negative.

    Examples
    --------
    >>> data = make(schools=8, years=[2025])
    >>> data["schools"]["name"][7], data["schools"]["parent_id"][7] == data["schools"]["school_id"][0]
    ('曲院街小学北校区', True)
    """
    years = sorted(set(years))
    _refuse(schools, districts, years, seed)
    dice, standard = Dice(seed), load()
    world = settle(schools, districts, dice)
    made = {year: _year(world, year, standard, dice) for year in years}
    tables = {name: _joined([made[year][name] for year in years]) for name in made[years[0]]}
    tables["schools"] = world.schools
    tables["measures"] = ledger.measure_rows(world, made)
    return Dataset.of(**{name: _marked(frame) for name, frame in tables.items()})


def _refuse(schools: int, districts: int, years: list[int], seed: int) -> None:
    wrong = [
        f"{what}应为正整数，现为 {n}" for what, n in (("学校数", schools), ("县区数", districts)) if n < 1
    ]
    if not years:
        wrong.append("没有给出学年")
    wrong += [f"学年 {year} 早于 {FIRST_YEAR} 年" for year in years if year < FIRST_YEAR]
    if seed < 0:
        wrong.append(f"随机种子不能为负，现为 {seed}")
    if wrong:
        raise QbError("无法生成模拟数据：" + "；".join(wrong) + "。")


def _year(world: World, year: int, standard: Standard, dice: Dice) -> dict[str, pd.DataFrame]:
    """Return the tables of a year."""
    head, count = pupils.enrolment(world.parts, year, dice)
    sections = resources.section_rows(world, year, head, count, dice)
    return {
        "sections": sections,
        "facilities": resources.facility_rows(world, year, head, count, dice),
        "classes": pupils.class_rows(world, year, head, count, dice),
        "rooms": resources.room_rows(world, year, head, count, dice),
        "funds": resources.fund_rows(world, year, head, dice),
        "district": district.item_rows(world, year, sections, head, dice),
        "evidence": district.evidence_rows(world, year, standard, dice),
        "monitoring": district.monitoring_rows(world, year, dice),
        "vetoes": district.veto_rows(world, year, standard),
        "zones": zones.zone_rows(world, year, sections, dice),
    }


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return frame.drop(columns="part", errors="ignore")


def _marked(frame: pd.DataFrame) -> pd.DataFrame:
    marks = pd.Series([INVENTED], dtype="str").take(np.zeros(len(frame), dtype=np.int64))
    return frame.assign(source=marks.array)
