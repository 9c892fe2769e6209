"""`qb forecast`: pupils by school, stage and grade to come, in whole numbers that add up; the dataset of such a year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset, in_open_schools
from qb.data.schema import TABLES
from qb.errors import QbError
from qb.indicators.district_figures import latest_results
from qb.language import STOP, Message, joined, listing, records
from qb.planning.forecast.fit import FittedStage, Learned, below, fit
from qb.planning.forecast.grades import Grades, Past, changing, last_years, of_missing, past, some
from qb.planning.forecast.progression_ratios import LONGEST, USUAL, Basis, words
from qb.rounding import round_half_up
from qb.standard import Standard, chosen_standard
from qb.terms import GRADES_OF_STAGE, Stage

# A forecast: what it says, and everything a reader needs to judge it.


KEYS = ["year", "school_id", "stage", "grade"]


@dataclass(frozen=True)
class Forecast:
    """Pupils in the years to come, in whole numbers (`whole`)."""

    # base, to: last year of the data, and last year of the forecast.
    base: int
    to: int
    # A row per year, school, stage and grade that the school has or comes to have: ``year, district,
    # school_id, stage, grade, pupils, low, high, basis``. Of ten years one should lie below `low` and one
    # above `high`; both are missing where there are too few years to compare (see `notes`). ``basis`` says
    # where the pupils by grade of the base year came from: ``classes``, ``scaled`` (to the section's pupils,
    # which the classes do not add up to) or ``shares`` (no classes: spread as in the district). ``spread``
    # and ``common`` are half the band in logarithms, and that part of it which the schools of a district and
    # stage have in common.
    rows: pd.DataFrame
    # The same of the years before, without a band, of the schools that reported in each; missing where not
    # known.
    years: pd.DataFrame
    # Forecasts made at the end of past years against what came: ``district, stage, part`` (``1→2`` moving up,
    # ``entry``, or ``all`` grades), ``ahead`` (years), ``pupils`` that came, error of the ``naive`` forecast,
    # of the other ``method``, and whether that one was ``chosen``. Errors are sums of absolute differences by
    # school and grade over the pupils that came.
    backtest: pd.DataFrame
    methods: pd.DataFrame  # what was chosen: ``district, stage, part, method``
    # Sections without a forecast: ``district, school_id, stage, reason``; those of schools that close with
    # the last year they teach in (``closed_year``), after which they have none, those of schools that open
    # with the first (``opened_year``).
    missing: pd.DataFrame
    notes: tuple[str, ...]  # what a reader must know, in sentences
    invented: bool  # whether the data say that they are made up
    districts: np.ndarray = field(repr=False)
    learned: Mapping[Stage, Learned] = field(repr=False)
    learned_year: int = field(repr=False)

    def total(self, *by: str) -> pd.DataFrame:
        """Return pupils by year and these columns, with the band of the sum.

        Parameters
        ----------
        *by : str
            Columns of `rows`: ``"district"``, ``"stage"``, ``"school_id"``, …

        Returns
        -------
        DataFrame
            ``year``, the columns, ``pupils, low, high``.

        Notes
        -----
        What befalls a grade in a whole district adds up; what befalls single schools and grades partly
        cancels: with n pupils, spread s and common part c of each row, the half-width of the sum is
        √(ρ (Σ n c)² + (1 − ρ) Σ_g (Σ n c)² + Σ n² (s² − c²)) / Σ n, the second sum taken by grade, all
        within a district and stage, and ρ how alike the grades' errors are.
        Adding up the lows would make the band of a district far too wide.
        """
        rows, pupils = self.rows, self.rows["pupils"]
        parts = rows[["year", *by]].assign(
            d=rows["district"],
            s=rows["stage"],
            g=rows["grade"],
            pupils=pupils,
            shared=pupils * rows["common"],
            alone=pupils**2 * (rows["spread"] ** 2 - rows["common"] ** 2),
        )
        keys = ["year", *by]
        within = dict.fromkeys([*keys, "d", "s"])
        inner = parts.groupby([*within, "g"], sort=False, as_index=False).sum(min_count=1, skipna=False)
        inner["alone"] += (1 - ALIKE) * inner["shared"] ** 2
        inner = inner.groupby(list(within), sort=False, as_index=False).sum(min_count=1, skipna=False)
        inner["alone"] += ALIKE * inner["shared"] ** 2
        inner = inner.drop(columns=[c for c in ("d", "s", "g", "shared") if c not in keys])
        summed = inner.groupby(keys, as_index=False).sum(min_count=1, skipna=False)
        half = np.sqrt(summed["alone"]) / summed["pupils"].where(summed["pupils"] > 0)
        half = half.where(summed["pupils"] > 0, 0.0)
        return summed.drop(columns="alone").assign(
            low=summed["pupils"] * np.exp(-half), high=summed["pupils"] * np.exp(half)
        )

    def course(self, **where: object) -> pd.DataFrame:
        """Return the years before and those to come of what the conditions select, for a figure.

        Parameters
        ----------
        **where
            Values of columns: ``stage="primary"``, ``school_id="001"``, …

        Returns
        -------
        DataFrame
            ``pupils, low, high`` by year; `low` and `high` missing in the years before.
        """
        chosen = replace(self, rows=_where(self.rows, where))
        past = _where(self.years, where).groupby("year")[["pupils"]].sum(skipna=False)
        table = pd.concat([past, chosen.total().set_index("year")])
        return table.reindex(columns=["pupils", "low", "high"])

    def entrants(self, stage: Stage, year: int) -> np.ndarray:
        """Return the pupils of a stage's lowest grade in a year by district, shape (districts,)."""
        frame = self.years if year <= self.base else self.rows
        first = _where(frame, {"stage": stage, "year": year, "grade": GRADES_OF_STAGE[stage].start})
        return first.groupby("district")["pupils"].sum().reindex(self.districts, fill_value=0).to_numpy()

    def to_records(self) -> list[dict[str, object]]:
        """Return the rows in the shape that ``qb forecast --json`` prints; a missing band is None."""
        return records(self.rows[[*KEYS, "pupils", "low", "high"]])


def _where(frame: pd.DataFrame, conditions: Mapping[str, object]) -> pd.DataFrame:
    keep = np.ones(len(frame), dtype=bool)
    for name, value in conditions.items():
        keep &= (frame[name] == value).to_numpy()
    return frame[keep]


# Pupils by school, stage and grade in the years to come.


ALIKE = 0.1  # correlation of what befalls two grades of a district, set by eye on a city, 2007–2009
FURTHEST = 50  # years that may be asked for; after LONGEST figures stay where they are


def forecast(data: Dataset, to: int | None = None, before: Forecast | None = None) -> Forecast:
    """Forecast pupils by school, stage and grade.

    Pupils move up by grade progression ratios, those of a school shrunk to its district's. Entrants are
    smoothed over the years; where births or zones are given, or a stage before leads to this one, they may
    follow these. Each part is compared with the naive forecast (everyone moves up, entrants as last year)
    on past years held back; the naive one stays unless the other was better on the whole and worse at no
    distance. With one year of classes only the naive one is left, and a note says so.

    Parameters
    ----------
    data : Dataset
        With `classes`; the forecast starts from the last year of `sections`.
    to : int, optional
        Last year to forecast; figures more than ten years ahead are those of the tenth. Unless given, five
        years ahead, or as far as `before`.
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
    >>> from qb.data.sample import make
    >>> ahead = forecast(make(schools=3, years=range(2021, 2026)), to=2027)
    >>> ahead.total("stage")[["year", "stage", "pupils"]].round(0)
       year    stage  pupils
    0  2026   junior  1047.0
    1  2026  primary  2327.0
    2  2027   junior  1073.0
    3  2027  primary  2288.0
    """
    require(data)
    seen = _seen(data, before)
    base = int(seen.years[-1])
    learned_year = before.learned_year if before else base
    to = _last_year(to, base, learned_year, before)
    reach = max(min(to, learned_year + LONGEST), base + 1)
    learned = before.learned if before else fit(seen)
    names = before.districts if before else seen.districts
    place = pd.Index(names).get_indexer(seen.districts)
    frames: list[pd.DataFrame] = []
    leavers: dict[Stage | None, np.ndarray | None] = {None: None}
    for stage, grades in seen.stages.items():
        run = FittedStage(grades, learned[stage], place[grades.district[grades.here]], base - learned_year)
        entrants = before.entrants(stage, base) if before else learned[stage].whole
        pupils = run.pupils(base, reach - base, leavers[below(stage, leavers)], entrants)
        leavers[stage] = run.leavers(pupils)
        frames.append(run.rows(pupils, base, names))
    last = [frame[(frame["year"] == reach).to_numpy()] for frame in frames]
    frames += [frame.assign(year=year) for year in range(reach + 1, to + 1) for frame in last]
    rows = pd.concat(frames, ignore_index=True)
    ends = rows["school_id"].map(last_years(data))
    rows = _counted(rows[~(rows["year"] > ends).to_numpy(dtype=bool)].reset_index(drop=True))
    missing = pd.concat([seen.missing, changing(data, base, to)], ignore_index=True)
    return Forecast(
        base=base,
        to=to,
        rows=rows.sort_values(KEYS, kind="stable", ignore_index=True),
        years=pd.concat([_years(seen, g) for g in seen.stages.values()], ignore_index=True),
        backtest=_joined([learned[stage].tests for stage in learned]),
        methods=_joined([learned[stage].chosen for stage in learned]),
        missing=missing,
        notes=(*_notes(data, seen, rows, missing), *frozen(reach, to)),
        invented=data.invented,
        districts=names,
        learned=learned,
        learned_year=learned_year,
    )


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the forecast in whole pupils, the band around them."""
    group = rows.groupby(["year", "district", "stage", "grade"], sort=False).ngroup().to_numpy()
    pupils = whole(rows["pupils"].to_numpy(dtype=float), group)
    return rows.assign(
        pupils=pupils,
        low=np.minimum(rows["low"], pupils),
        high=np.maximum(rows["high"], pupils),
    )


def whole(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return whole numbers that add up, in each group, to its sum (half up): the largest remainders go up.

    Parameters
    ----------
    values : ndarray, shape (n,)
    group : ndarray of int, shape (n,)

    Examples
    --------
    Three classes of a third of 100 pupils: rounded one by one they would be 99. A school of half a pupil
    and one of 9.5 are 10 together, not 11.

    >>> whole(np.array([100 / 3, 100 / 3, 100 / 3, 0.5, 9.5]), np.array([0, 0, 0, 1, 1])).tolist()
    [34.0, 33.0, 33.0, 1.0, 9.0]
    """
    values = values.round(9)  # 3 that was computed as 2.9999999999 is 3
    down = np.floor(values)
    count = np.bincount(group)
    more = round_half_up(np.bincount(group, values), 0) - np.bincount(group, down)
    order = np.lexsort((down - values, group))
    rank = np.empty(len(values))
    rank[order] = np.arange(len(values)) - np.repeat(np.cumsum(count) - count, count)
    return down + (rank < more[group])


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else frames[0]


def _seen(data: Dataset, before: Forecast | None) -> Past:
    """Read the past out of the data, or say everything that is wanting."""
    if not len(data["sections"]):
        raise QbError(
            "表 sections（学段）没有数据，无法推算学生数。请填报各校各学段的在校生数。",
            "Table sections has no data, so pupils cannot be forecast. Enter the pupils of each school and stage.",
        )
    if not len(data["classes"]):
        raise QbError(
            "班级表没有数据，不知道各年级有多少学生，无法推算。请填报各班的班额。",
            "Table classes has no data, so the pupils by grade are not known and cannot be forecast. Enter the size of each class.",
        )
    seen = past(data)
    wrong = []
    if not any(len(grades.here) for grades in seen.stages.values()):
        wrong.append(
            Message(
                "{} 学年没有一所学校知道各年级人数，请填报该学年的班级表",
                "the pupils by grade of {} are not known of any school; enter the classes of that year",
                data.years[-1],
            )
        )
    if before is not None:
        wrong += _not_before(seen, before)
    if wrong:
        raise QbError(
            Message("无法推算学生数：", "Pupils cannot be forecast: ") + joined("；", "; ", wrong) + STOP
        )
    return seen


def _not_before(seen: Past, before: Forecast) -> list[Message]:
    base = int(seen.years[-1])
    wrong = []
    if not before.base <= base < before.to:
        wrong.append(
            Message(
                "数据的最后学年 {} 应在原推算的 {}—{} 学年之间",
                "the last year of the data, {}, must lie between {} and {} of the forecast",
                base,
                before.base,
                before.to - 1,
            )
        )
    strange = sorted(set(seen.districts) - set(before.districts))
    if strange:
        wrong.append(Message("原推算中没有县区{}", "the forecast has no district {}", listing(strange)))
    new = [stage for stage in seen.stages if stage not in before.learned]
    if new:
        wrong.append(Message("原推算中没有{}学段", "the forecast has no stage {}", listing(new)))
    return wrong


def _last_year(to: int | None, base: int, learned_year: int, before: Forecast | None) -> int:
    if to is None:
        return before.to if before else base + USUAL
    if not base < to <= learned_year + FURTHEST:
        raise QbError(
            "推算到 {} 学年不行：数据的最后学年是 {}，最多推算 {} 年。请给出 {} 至 {} 之间的学年。",
            "It cannot be forecast to {}: the last year of the data is {}, and {} years ahead are the most. Name a year between {} and {}.",
            to,
            base,
            FURTHEST,
            base + 1,
            learned_year + FURTHEST,
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


def _notes(data: Dataset, seen: Past, rows: pd.DataFrame, missing: pd.DataFrame) -> list[Message]:
    """Say in sentences what a reader must know."""
    notes = []
    bare = rows.loc[rows["low"].isna(), ["district", "stage"]].drop_duplicates()
    for district, own in bare.groupby("district", sort=True):
        stages = listing(Stage(stage) for stage in own["stage"])
        notes.append(
            Message(
                "{}{}：学年太少，不能用往年检验，一律按“全部升级，入学人数同上年”推算，不给高低区间",
                "{}, {}: too few years to test on; forecast as “everyone moves up, entry as last year”, without a band",
                district,
                stages,
            )
        )
    for basis in (Basis.SHARES, Basis.SCALED):
        own = rows[(rows["basis"] == basis).to_numpy()]
        if len(own):
            named = some(data, own)
            notes.append(Message("{}各年级人数的来源：{}", "Pupils by grade of {}: {}", named, basis))
    notes += of_missing(data, missing)
    if seen.odd:
        notes.append(
            Message(
                "班级表中有 {} 行的年级与学段不符，没有计入",
                "{} rows of classes have a grade of another stage: not counted",
                seen.odd,
            )
        )
    if seen.banded:
        notes.append(
            Message(
                "班级表中有 {} 行按班额分档，不知道年级，没有计入",
                "{} rows of classes are listed by size, so their grade is not known: not counted",
                seen.banded,
            )
        )
    return notes


def frozen(reach: int, to: int) -> list[Message]:
    """Say which years are not forecast but as the last one that is."""
    zh = "{}—{} 学年超出可推算的 {} 年，各数同 {} 学年"
    en = "{}–{}: beyond the {} years that can be forecast, all as in {}"
    return [Message(zh, en, reach + 1, to, LONGEST, reach)] if to > reach else []


# The dataset of a year to come, so that the years ahead can be judged like any other.


FORECAST = "推算"  # how a row says that it was forecast
OF_TEACHERS = (
    "teachers_above_required",
    "backbone_teachers",
    "pe_arts_teachers",
    "certified_teachers",
    "trained_teachers",
)
STAFF = ("full_time_teachers", *OF_TEACHERS)
OF_PUPILS = ("in_zone_pupils", "migrant_pupils")  # columns that count some of a section's pupils


def forecast_dataset(
    data: Dataset,
    forecast: Forecast,
    year: int,
    standard: Standard | str | None = None,
) -> Dataset:
    """Return the dataset of a year to come, that year alone.

    Pupils are those of the forecast; those in their zone and migrants keep their share.
    A grade has as few classes as the class limit allows, of even size. Teachers leave at a steady rate,
    those above the required degree, backbone teachers and so on alike, and none is hired. Everything else
    is as in the last year of the data; every row says so under `source`. A school that has closed by then
    has no rows.

    Parameters
    ----------
    data : Dataset
        That the forecast was made of.
    forecast : Forecast
    year : int
        Among those of the forecast.
    standard : Standard or str, optional
        For the class limit (the senior stage has none and takes that of junior schools) and for how
        many of its teachers a school loses each year.

    Raises
    ------
    QbError
        If the forecast does not hold that year, or was made of other data.

    Examples
    --------
    >>> from qb.planning.forecast.projection import forecast
    >>> from qb.data.sample import make
    >>> data = make(schools=3, years=range(2021, 2026))
    >>> later = forecast_dataset(data, forecast(data), 2030)
    >>> later.years, int(later["classes"]["pupils"].max()) <= 50
    ([2030], True)
    """
    if not forecast.base < year <= forecast.to:
        raise QbError(
            "推算中没有 {} 学年，只有 {} 至 {} 学年。请改用其中之一，或推算得更远。",
            "The forecast has no year {}, only {} to {}. Choose one of them, or forecast further.",
            year,
            forecast.base + 1,
            forecast.to,
        )
    if not data.years or data.years[-1] != forecast.base:
        raise QbError(
            "推算从 {} 学年开始，与数据的最后学年不同。请用同一份数据推算。",
            "The forecast starts from {}, which is not the last year of the data. Forecast from the same data.",
            forecast.base,
        )
    chosen = chosen_standard(standard)
    last = {
        name: in_open_schools(
            frame[(frame["year"] == forecast.base).to_numpy()], data["schools"], year
        ).reset_index(drop=True)
        for name, frame in data.tables.items()
        if "year" in TABLES[name].names
    } | {"monitoring": latest_results(data["monitoring"], chosen, forecast.base)}
    kept = {
        name: frame.assign(year=year, source=_says(frame, f"沿用 {forecast.base} 学年"))
        for name, frame in last.items()
    }
    kept["zones"] = kept["zones"].assign(births=np.nan)  # nobody was born again
    classes = _classes(forecast, year, chosen, last["classes"])
    leaving = chosen.rules.forecast.teachers_leaving_per_year
    sections = _sections(last["sections"], classes, forecast, year, leaving)
    source = sections.set_index(["school_id", "stage"])["source"]
    at = pd.MultiIndex.from_frame(classes[["school_id", "stage"]])
    classes = classes.assign(source=source.reindex(at).fillna(FORECAST).to_numpy())
    kept |= {"sections": sections, "classes": classes, "measures": data["measures"].iloc[:0]}
    lasting = {name: data[name] for name, table in TABLES.items() if "year" not in table.names}
    return Dataset.of(**lasting, **kept)


def _says(frame: pd.DataFrame, what: str) -> pd.Series:
    source = frame["source"]
    return source.where(source.isna(), source + "；" + what).fillna(what)


def _classes(forecast: Forecast, year: int, standard: Standard, last: pd.DataFrame) -> pd.DataFrame:
    """Return the table `classes` of a year: as few as the limit allows, of even size; `last` are today's."""
    rows = forecast.rows[(forecast.rows["year"] == year).to_numpy()]
    limit_at = {
        Stage.PRIMARY: Stage.PRIMARY,
        Stage.JUNIOR: Stage.JUNIOR,
        Stage.SENIOR: Stage.JUNIOR,
    }
    size = standard.computed_by("class_size")
    if size is None:  # no limit: classes stay as large as the largest of the base year
        listed = last.loc[last["pupils"].notna().to_numpy()].groupby("stage")["pupils"].max().to_dict()
        limits = {str(s): max(float(listed.get(str(s), 0.0)), 1.0) for s in limit_at}
    else:
        limits = {str(s): size.limit(stage=at, year=year).value for s, at in limit_at.items()}
    pupils = rows["pupils"].to_numpy().astype(np.int64)
    count = np.ceil(pupils / rows["stage"].map(limits).to_numpy()).astype(np.int64)
    group = np.repeat(np.arange(len(rows)), count)
    number = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    size, rest = np.divmod(pupils, np.maximum(count, 1))
    own = rows.iloc[group]
    return pd.DataFrame(
        {
            "year": np.full(len(group), year, dtype=np.int64),
            "school_id": own["school_id"].to_numpy(),
            "stage": own["stage"].to_numpy(),
            "grade": own["grade"].to_numpy(dtype=float),
            "class_no": (number + 1).astype(float),
            "pupils": (size[group] + (number < rest[group])).astype(float),
        }
    )


def _sections(
    sections: pd.DataFrame, classes: pd.DataFrame, forecast: Forecast, year: int, leaving: float
) -> pd.DataFrame:
    """Return the table `sections` of a year; a section without a forecast has no data of pupils."""
    by = classes.groupby(["school_id", "stage"])["pupils"].agg(["sum", "size"])
    keys = pd.MultiIndex.from_frame(sections[["school_id", "stage"]])
    told = pd.MultiIndex.from_frame(forecast.rows[["school_id", "stage"]])
    empty = sections["pupils"].to_numpy() == 0
    found = keys.isin(told) | empty
    pupils = np.where(found, by["sum"].reindex(keys).fillna(0), np.nan)
    count = np.where(found, by["size"].reindex(keys).fillna(0), np.nan)
    stay = (1 - leaving) ** (year - forecast.base)
    changed = {name: round_half_up(sections[name] * stay, 0) for name in STAFF}
    for name in OF_PUPILS:
        share = _share(sections, name)
        changed[name] = np.minimum(round_half_up(pupils * share, 0), pupils)
    source = _says(sections, FORECAST)
    return sections.assign(year=year, pupils=pupils, classes=count, source=source, **changed)


def _share(sections: pd.DataFrame, name: str) -> np.ndarray:
    """Return a part of the pupils; a section that had nobody takes that of its stage as a whole."""
    own = sections[name] / sections["pupils"].where(sections["pupils"] > 0)
    whole = sections.groupby("stage")[[name, "pupils"]].transform("sum")
    of_stage = whole[name] / whole["pupils"].where(whole["pupils"] > 0)
    return own.where(sections["pupils"] != 0, of_stage).to_numpy()


# A forecast in a few lines, for a terminal.


MOST_DISTRICTS = 50


def summary(forecast: Forecast) -> Message:
    """Return pupils by district, stage and year, how they were forecast, and how that did in past years."""
    made_up = Message("（模拟数据）", " (invented data)") if forecast.invented else ""
    lines: list[str] = [
        Message(
            "学生数推算：{}—{} 学年，从 {} 学年推起{}",
            "Pupils forecast: {}–{}, from {}{}",
            forecast.base + 1,
            forecast.to,
            forecast.base,
            made_up,
        )
    ]
    districts = list(forecast.rows["district"].unique())
    totals = forecast.total("district", "stage")
    for district in districts[:MOST_DISTRICTS]:
        lines += ["", Message("{}：", "{}:", district), *_district(forecast, totals, district)]
    if len(districts) > MOST_DISTRICTS:
        lines.append(
            Message(
                "\n另有 {} 个县区；全部结果请用 --json。",
                "\n{} more districts; for all results add --json.",
                len(districts) - MOST_DISTRICTS,
            )
        )
    lines += [Message("\n说明：{}。", "\nNote: {}.", note) for note in forecast.notes]
    lines.append(Message("\n各校各年级的人数：加 --json。", "\nPupils by school and grade: add --json."))
    if totals["low"].notna().any():
        lines[-1] += Message(
            "括号内为低—高：按往年误差，十年里约八年落在其中。",
            " In brackets: low–high. By the errors of past years, about eight years in ten lie within.",
        )
    return joined("\n", "\n", lines)


def _district(forecast: Forecast, totals: pd.DataFrame, district: str) -> Iterator[str]:
    own = totals[totals["district"] == district]
    for stage in Stage:
        rows = own[own["stage"] == stage]
        if not len(rows):
            continue
        years = (
            Message("{} {:,.0f}{}", "{} {:,.0f}{}", r.year, r.pupils, _band(r.low, r.high))
            for r in rows.itertuples()
        )
        yield Message("  {}　{}", "  {}  {}", stage, joined("　", "  ", years))
        yield from ("    " + text for text in _reasons(forecast, district, stage))


def _band(low: float, high: float) -> str:
    return "" if pd.isna(low) else Message("（{:,.0f}—{:,.0f}）", " ({:,.0f}–{:,.0f})", low, high)


def _reasons(forecast: Forecast, district: str, stage: Stage) -> Iterator[str]:
    chosen = _of(forecast.methods, district, stage)
    moving = chosen[chosen["part"] != "entry"]
    for method, own in moving.groupby("method", sort=False):
        yield Message(
            "升级 {}：{}", "Moving up {}: {}", listing(own["part"]), words(method, own["part"].iloc[0])
        )
    entry = chosen.loc[chosen["part"] == "entry", "method"].iloc[0]
    yield Message("入学：{}", "Entry: {}", words(entry, "entry"))
    tests = _of(forecast.backtest, district, stage)
    errors = [
        Message(
            "{} 年后 {:.1f}%（{:.1f}%）",
            "{} years ahead {:.1f}% ({:.1f}%)",
            row.ahead,
            100 * row.error,
            100 * row.naive,
        )
        for row in tests[tests["part"] == "all"].itertuples()
    ]
    if errors:
        yield Message(
            "往年检验的误差（括号内为全部升级、入学同上年）：{}",
            "Errors in past years (in brackets: everyone moves up, entry as last year): {}",
            joined("，", ", ", errors),
        )


def _of(frame: pd.DataFrame, district: str, stage: Stage) -> pd.DataFrame:
    return frame[((frame["district"] == district) & (frame["stage"] == stage)).to_numpy()]
