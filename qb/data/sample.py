"""An invented dataset of any size that looks like real life, and says in every row that it is invented.

The default is a district the size of an old city centre: about thirty schools and 20,000 pupils in the
compulsory stages, five school years. Its levels follow published means of China and of Henan for
2017–2023: pupils per teacher, teachers' degrees, floor, equipment, class size, the fall in entrants.
Floor and sports ground are below those means, as in an old city centre. Nothing is about a real school.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data import sample_figures, sample_schools
from qb.data.dataset import Dataset
from qb.data.sample_schools import Rng, World, create
from qb.data.schema import INVENTED
from qb.errors import QbError
from qb.language import STOP, Message, joined
from qb.standard import Standard, load
from qb.terms import Progress

# The ledger of problems being mended (整改台账).


@dataclass(frozen=True)
class SampleProblem:
    """A problem that a district may have; `worst` names the figure by which its school is found.

    `year` is when it was found. Dates are ISO; a problem still open past its deadline is overdue.
    """

    code: str
    worst: str
    year: int
    department: str
    cause: str
    measure: str
    deadline: str
    status: Progress = Progress.OPEN
    closed_on: str | None = None


ENTRIES = (
    SampleProblem("C15", "", 2021, "区人社局", "教师平均工资收入低于公务员", "建立工资长效联动机制，逐年补足差额",
          "2023-12-31", Progress.CLOSED, "2023-12-19"),
    SampleProblem("C18", "", 2021, "区编办", "交流轮岗教师比例不足", "制定三年交流轮岗计划，纳入职称评聘条件",
          "2023-08-31", Progress.CLOSED, "2023-09-06"),
    SampleProblem("C26", "training", 2021, "区财政局", "教师培训经费未足额安排", "单列培训经费，按季度核对支出",
          "2023-06-30", Progress.CLOSED, "2023-06-21"),
    SampleProblem("C31", "", 2021, "区教体局", "科学学科校际差异率偏高", "开展学科教研帮扶，配齐实验教师",
          "2023-12-31", Progress.CLOSED, "2023-11-28"),
    SampleProblem("C25", "", 2022, "区财政局", "部分普通教室未配多媒体设备", "分两年配齐，统一采购与运维",
          "2025-08-31", Progress.DONE),
    SampleProblem("C2", "backbone", 2023, "区教体局", "骨干教师占比偏低", "集团内选派骨干教师，定向培养",
          "2026-08-31"),
    SampleProblem("C12", "pupils", 2023, "区教体局", "个别班级超过规定班额", "随毕业年级调整，新生严格按班额编班",
          "2025-08-31"),
    SampleProblem("C16", "untrained", 2024, "区教体局", "部分教师五年培训学时不足", "安排补学课程，逐人销账",
          "2025-12-31"),
    SampleProblem("C11", "pupils", 2024, "区教体局", "在校生超过规定规模", "调整招生片区，向新建学校分流",
          "2027-08-31"),
    SampleProblem("C4", "floor", 2024, "区发改委", "教学及辅助用房面积不足", "列入改扩建计划，增建教学辅助用房",
          "2026-12-31"),
    SampleProblem("C5", "ground", 2024, "区资源规划分局", "校园位于老城，运动场地不足", "腾挪用地，共享邻近运动场",
          "2025-06-30"),
    SampleProblem("C10", "room", 2025, "区教体局", "专用教室面积不达标", "合并相邻教室改造",
          "2026-08-31"),
    SampleProblem("C25", "", 2025, "区教体局", "部分学校安全岗位责任未逐岗落实", "修订安全责任清单，每学期检查",
          "2026-06-30"),
)  # fmt: skip


def measure_rows(world: World, made: dict[int, dict[str, pd.DataFrame]]) -> pd.DataFrame:
    """Return the table `measures`; `made` holds the tables of each year."""
    entries = [entry for entry in ENTRIES if entry.year in made]
    count, n = len(world.districts), len(entries)
    ids = world.schools["school_id"]
    school = np.full((count, n), -1)
    for i, entry in enumerate(entries):
        if entry.worst:
            school[:, i] = _worst(world, made[entry.year], entry.worst)
    school = school.ravel()

    def column(name: str) -> pd.Series:
        return pd.Series([getattr(entry, name) for entry in entries] * count, dtype="str")

    number = np.arange(1, count * n + 1)
    proof = np.where(column("status") == "open", None, [f"模拟文件Z{i}号" for i in number])
    return pd.DataFrame(
        {
            "number": number.astype(float),
            "year": np.tile([float(entry.year) for entry in entries], count),
            "district": pd.Series(np.repeat(world.districts, n), dtype="str"),
            "code": column("code"),
            "school_id": ids.take(np.maximum(school, 0)).reset_index(drop=True).where(school >= 0),
            **{name: column(name) for name in ("cause", "measure", "department", "deadline")},
            "status": column("status"),
            "closed_on": column("closed_on"),
            "evidence": pd.Series(proof, dtype="str"),
        }
    )


def _worst(world: World, tables: dict[str, pd.DataFrame], name: str) -> np.ndarray:
    """Return the row of the school in each district that stands lowest, shape (districts,)."""
    n = len(world.schools)
    row = pd.Series(np.arange(n), index=world.schools["school_id"])

    def total(table: str, *columns: str) -> np.ndarray:
        frame = tables[table]
        values = frame[list(columns)].sum(axis=1)
        return np.bincount(row.loc[frame["school_id"]], values, n)

    with np.errstate(divide="ignore", invalid="ignore"):
        figure = {
            "pupils": lambda: -total("sections", "pupils"),
            "backbone": lambda: total("sections", "backbone_teachers") / total("sections", "pupils"),
            "untrained": lambda: (
                total("sections", "trained_teachers") / total("sections", "full_time_teachers")
            ),
            "floor": lambda: total("facilities", "teaching_area_m2") / total("sections", "pupils"),
            "ground": lambda: (
                total("facilities", "sports_ground_m2", "indoor_sports_area_m2") / total("sections", "pupils")
            ),
            "room": lambda: _smallest_room(tables["rooms"], row),
            "training": lambda: (
                total("funds", "training_final_yuan") / total("funds", "public_funds_final_yuan")
            ),
        }[name]()
    judged = (
        ~world.schools["kind"].isin(["special", "complete_secondary"]) & world.schools["parent_id"].isna()
    )
    figure = np.where(judged & ~np.isnan(figure), figure, np.inf)
    return (
        figure.reshape(len(world.districts), -1).argmin(axis=1)
        + np.arange(len(world.districts)) * world.per_district
    )


def _smallest_room(rooms: pd.DataFrame, row: pd.Series) -> np.ndarray:
    needed = np.where(rooms["kind"] == "music", 96, 90)
    smallest = np.full(len(row), np.inf)
    np.minimum.at(smallest, row.loc[rooms["school_id"]].to_numpy(), rooms["area_m2"].to_numpy() / needed)
    return smallest


FIRST_YEAR = 2000  # before it the cohorts below mean nothing
MOST = 2_000_000  # schools times years: some ten times the country's in one year


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
    dice, standard = Rng(seed), load()
    world = create(schools, districts, dice)
    made = {year: _year(world, year, standard, dice) for year in years}
    tables = {name: _joined([made[year][name] for year in years]) for name in made[years[0]]}
    tables["schools"] = world.schools
    tables["measures"] = measure_rows(world, made)
    return Dataset.of(**{name: _marked(frame) for name, frame in tables.items()})


def _refuse(schools: int, districts: int, years: list[int], seed: int) -> None:
    wrong = [
        Message("{}应为正整数，现为 {}", "{} must be a whole number above 0; it is {}", what, n)
        for what, n in ((Message("学校数", "schools"), schools), (Message("县区数", "districts"), districts))
        if n < 1
    ]
    if schools * districts * len(years) > MOST:
        count = schools * districts * len(years)
        wrong.append(
            Message(
                "最多 {:,} 所（校·学年），现为 {:,}",
                "{:,} schools and years at most; it is {:,}",
                MOST,
                count,
            )
        )
    if not years:
        wrong.append(Message("没有给出学年", "no school year is given"))
    wrong += [
        Message("学年 {} 早于 {} 年", "the year {} is before {}", year, FIRST_YEAR)
        for year in years
        if year < FIRST_YEAR
    ]
    if seed < 0:
        wrong.append(Message("随机种子不能为负，现为 {}", "the seed cannot be below 0; it is {}", seed))
    if wrong:
        raise QbError(
            Message("无法生成模拟数据：", "The data cannot be made: ") + joined("；", "; ", wrong) + STOP
        )


def _year(world: World, year: int, standard: Standard, dice: Rng) -> dict[str, pd.DataFrame]:
    """Return the tables of a year."""
    head, count = sample_schools.enrolment(world.parts, year, dice)
    sections = sample_figures.section_rows(world, year, head, count, dice)
    return {
        "sections": sections,
        "facilities": sample_figures.facility_rows(world, year, head, count, dice),
        "classes": sample_schools.class_rows(world, year, head, count, dice),
        "rooms": sample_figures.room_rows(world, year, head, count, dice),
        "funds": sample_figures.fund_rows(world, year, head, dice),
        "district": sample_figures.item_rows(world, year, sections, head, dice),
        "evidence": sample_figures.evidence_rows(world, year, standard, dice),
        "monitoring": sample_figures.monitoring_rows(world, year, dice),
        "vetoes": sample_figures.veto_rows(world, year, standard),
        "zones": sample_schools.zone_rows(world, year, sections, dice),
    }


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return frame.drop(columns="part", errors="ignore")


def _marked(frame: pd.DataFrame) -> pd.DataFrame:
    marks = pd.Series([INVENTED], dtype="str").take(np.zeros(len(frame), dtype=np.int64))
    return frame.assign(source=marks.array)
