"""Pupils by school, year and grade, from the classes, else from the sections; and sections that are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset, index_of, is_open, silent_stages, single_classes
from qb.indicators.population import UNNAMED, roots
from qb.language import Message, listing
from qb.planning.forecast.progression_ratios import Basis, divide, sum_by
from qb.terms import COMPULSORY, GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Stage


@dataclass(frozen=True)
class Grades:
    """Pupils by school, year and grade, of one stage."""

    stage: Stage
    school: np.ndarray  # (schools,) of str
    district: np.ndarray  # (schools,) of int: place in :attr:`Past.districts`
    # (schools, years, grades): NaN where not known; 0 before a school has opened. The last year is the last
    # of the data.
    pupils: np.ndarray
    # (schools, years) of bool: whether the school reported the stage; a school that has closed does not.
    there: np.ndarray
    # (schools, years) of bool: whether the pupils by grade were reported, and not spread by the district's
    # shares.
    known: np.ndarray
    # (schools,) of str: where the last year's pupils by grade come from; empty for a school without them.
    basis: np.ndarray
    # (schools, years): children of the stage in the school's zones; NaN in a year without zones.
    children: np.ndarray
    # (schools,) of int: place of the school whose zones count: a campus looks at those of its parent.
    root: np.ndarray
    # (zones, years of birth): births of the zones that report any; without rows at stages that are not
    # entered by birth.
    born: pd.DataFrame
    # (zones, years) of int: place of the school that each zone of `born` belonged to, −1 for none: in a year
    # without an assignment as in the year before, else as in the first year after.
    zoned: np.ndarray
    # Place of the school that each zone of the last year belongs to, by zone, where `born` may matter.
    assigned: pd.Series

    @property
    def here(self) -> np.ndarray:
        """Places of the schools that have pupils by grade in the last year."""
        return np.flatnonzero(np.isfinite(self.pupils[:, -1]).all(axis=1) & (self.basis != ""))


@dataclass(frozen=True)
class Past:
    """What a dataset says of the past."""

    years: np.ndarray  # (years,) of int: without gaps, though some may have no data
    districts: np.ndarray  # (districts,) of str
    stages: dict[Stage, Grades]  # in the order of the grades; a stage that nobody has is left out
    # (districts, years): the district item ``births`` (from September of the year before to August), where it
    # is given; else those of its zones, in a year in which all of them report theirs.
    births: pd.DataFrame
    # Sections of the last year that cannot be forecast, those of schools that should have reported and did
    # not among them: ``district, school_id, stage, reason``.
    missing: pd.DataFrame
    odd: int  # classes whose grade does not belong to their stage; they are not counted
    banded: int  # rows of classes listed by size, without a grade; they are not counted either
    listed: int  # years with any class listed


def past(data: Dataset) -> Past:
    """Read pupils by school, year and grade out of a dataset without faults that stop."""
    data, banded = single_classes(data)
    years = np.arange(data.years[0], data.years[-1] + 1)
    schools = data["schools"].drop_duplicates("school_id").reset_index(drop=True)
    named = schools["district"].fillna(UNNAMED)
    districts, place = np.unique(named.to_numpy(dtype=str), return_inverse=True)
    schools = schools.assign(place=place)
    stages: dict[Stage, Grades] = {}
    for stage in GRADES_OF_STAGE:
        found = _stage(data, schools, stage, years)
        if found is not None:
            stages[stage] = found
    classes = data["classes"]
    fits = np.zeros(len(classes), dtype=bool)
    for stage, grades in GRADES_OF_STAGE.items():
        fits |= (classes["stage"] == stage).to_numpy() & classes["grade"].isin(grades).to_numpy()
    gone = [_missing(found, districts) for found in stages.values()]
    gone.append(_silent(data, schools, stages, districts))
    return Past(
        years,
        districts,
        stages,
        _births(data, districts),
        pd.concat(gone, ignore_index=True),
        int((~fits).sum()),
        banded,
        int(classes.loc[fits & classes["year"].isin(years).to_numpy(), "year"].nunique()),
    )


def _births(data: Dataset, districts: np.ndarray) -> pd.DataFrame:
    """Return births by district (rows) and year (columns)."""
    items = data["district"]
    items = items[(items["item"] == "births").to_numpy() & items["value"].notna().to_numpy()]
    table = items.pivot_table(index="district", columns="year", values="value").reindex(districts)
    zones = data["zones"]
    if not zones["births"].notna().any():
        return table
    born = zones.pivot_table(index=["district", "zone_id"], columns="year", values="births")
    every = pd.MultiIndex.from_frame(zones[["district", "zone_id"]].dropna().drop_duplicates())
    whole = born.reindex(every).groupby(level="district").agg(lambda each: each.sum(skipna=False))
    return table.combine_first(whole.reindex(districts))


def _zone_births(
    zones: pd.DataFrame, index: pd.Index, stage: Stage, years: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray, pd.Series]:
    """Return `born`, `zoned` and `assigned` of `Grades`; `index` holds the schools."""
    last = zones[(zones["year"] == years[-1]).to_numpy()] if stage is Stage.PRIMARY else zones.iloc[:0]
    now = pd.Series(index.get_indexer(last["primary_school_id"]), last["zone_id"].to_numpy())
    if stage is not Stage.PRIMARY or not zones["births"].notna().any():
        return pd.DataFrame(), np.zeros((0, len(years)), dtype=np.int64), now
    born = zones.pivot_table(index="zone_id", columns="year", values="births")
    assigned = zones[zones["year"].isin(years).to_numpy() & zones["primary_school_id"].notna().to_numpy()]
    table = assigned.pivot_table(index="zone_id", columns="year", values="primary_school_id", aggfunc="first")
    table = table.reindex(index=born.index, columns=years).ffill(axis=1).bfill(axis=1)
    return born, index.get_indexer(table.to_numpy(dtype=object).ravel()).reshape(table.shape), now


def _of(table: pd.DataFrame, stage: Stage, years: np.ndarray) -> pd.DataFrame:
    here = (table["stage"] == stage).to_numpy() & table["year"].isin(years).to_numpy()
    return table[here]


def _stage(data: Dataset, schools: pd.DataFrame, stage: Stage, years: np.ndarray) -> Grades | None:
    sections, classes = _of(data["sections"], stage, years), _of(data["classes"], stage, years)
    classes = classes[classes["grade"].isin(GRADES_OF_STAGE[stage]).to_numpy()]
    ids = pd.Index(schools["school_id"])
    taking = np.zeros(len(ids), dtype=bool)
    for table in (sections, classes):
        taking[ids.get_indexer(table["school_id"])] = True
    units = schools[taking].reset_index(drop=True)
    if not len(units):
        return None
    index = pd.Index(units["school_id"])
    reported, total = _totals(sections, index, years)
    listed = _listed(classes, index, years, stage)
    district = units["place"].to_numpy()
    opened = units["opened_year"].to_numpy()
    there = reported | np.isfinite(listed).any(axis=2)
    pupils, known, scaled = _by_grade(there, total, listed, district, opened, years)
    basis = np.where(known[:, -1], np.where(scaled[:, -1], Basis.SCALED, Basis.CLASSES), Basis.SHARES)
    return Grades(
        stage,
        index.to_numpy(dtype=str),
        district,
        pupils,
        there,
        known,
        np.where(there[:, -1], basis.astype(str), ""),
        _children(data["zones"], units, stage, years),
        roots(index.get_indexer(units["parent_id"])),
        *_zone_births(data["zones"], index, stage, years),
    )


def _totals(sections: pd.DataFrame, index: pd.Index, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where a section was reported, and its pupils, both of shape (schools, years)."""
    reported = np.zeros((len(index), len(years)), dtype=bool)
    total = np.full(reported.shape, np.nan)
    row, year = index.get_indexer(sections["school_id"]), sections["year"].to_numpy() - years[0]
    reported[row, year] = True
    total[row, year] = sections["pupils"].to_numpy()
    return reported, total


def _listed(classes: pd.DataFrame, index: pd.Index, years: np.ndarray, stage: Stage) -> np.ndarray:
    """Return the pupils of the classes, shape (schools, years, grades); NaN where none is listed."""
    grades = GRADES_OF_STAGE[stage]
    shape = (len(index), len(years), len(grades))
    row, year = index.get_indexer(classes["school_id"]), classes["year"].to_numpy() - years[0]
    cell = np.ravel_multi_index((row, year, classes["grade"].to_numpy(dtype=np.int64) - grades.start), shape)
    size = int(np.prod(shape))
    # A class without its pupils leaves the school's year unknown.
    pupils = np.bincount(cell, classes["pupils"].to_numpy(), size).reshape(shape)
    some = (np.bincount(cell, minlength=size).reshape(shape) > 0).any(axis=2, keepdims=True)
    return np.where(some & np.isfinite(pupils).all(axis=2, keepdims=True), pupils, np.nan)


def _by_grade(
    there: np.ndarray,
    total: np.ndarray,
    listed: np.ndarray,
    district: np.ndarray,
    opened: np.ndarray,
    years: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pupils by grade, whether they are known, and whether they were scaled to the section's."""
    counted = listed.sum(axis=2)
    factor = np.where(np.isfinite(total), divide(total, counted), 1.0)
    empty = total == 0
    pupils = np.where(empty[..., None], 0.0, listed * factor[..., None])
    known = np.isfinite(pupils).all(axis=2)
    scaled = known & (np.abs(total - counted) > 0.5)

    spread = total[..., None] * _shares(np.where(known[..., None], pupils, 0), district, opened, years)
    pupils = np.where(known[..., None], pupils, spread)
    unopened = (np.cumsum(there, axis=1) == 0) & ~(opened[:, None] <= years)
    return np.where(unopened[..., None], 0.0, pupils), known | unopened, scaled


def _shares(pupils: np.ndarray, district: np.ndarray, opened: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Return each grade's share of a section, as in its district that year, shape (schools, years, grades).

    Where the district lists none that year, as in all the data. A school that opened a few years ago has
    only the grades that its first pupils can have reached.
    """
    whole = sum_by(district, pupils, int(district.max()) + 1)[district]
    everyone = np.broadcast_to(pupils.sum(axis=(0, 1)), pupils.shape)
    weight = np.where(whole.sum(axis=2, keepdims=True) > 0, whole, everyone)
    age = (years - opened[:, None])[..., None]
    reached = weight * ~(np.arange(pupils.shape[2]) > np.maximum(age, 0))
    return divide(reached, reached.sum(axis=2, keepdims=True))


def _children(zones: pd.DataFrame, units: pd.DataFrame, stage: Stage, years: np.ndarray) -> np.ndarray:
    children = np.full((len(units), len(years)), np.nan)
    if stage not in COMPULSORY:
        return children
    zones = zones[zones["year"].isin(years).to_numpy() & zones[f"{stage}_children"].notna().to_numpy()]
    row = pd.Index(units["school_id"]).get_indexer(zones[f"{stage}_school_id"])
    year = zones["year"].to_numpy() - years[0]
    children[:, np.unique(year)] = 0.0
    found = row >= 0
    np.add.at(children, (row[found], year[found]), zones[f"{stage}_children"].to_numpy()[found])
    return children


def _missing(grades: Grades, districts: np.ndarray) -> pd.DataFrame:
    gone = np.setdiff1d(np.flatnonzero(grades.basis != ""), grades.here)
    return _without_pupils(districts[grades.district[gone]], grades.school[gone], str(grades.stage))


def _silent(
    data: Dataset, schools: pd.DataFrame, stages: dict[Stage, Grades], districts: np.ndarray
) -> pd.DataFrame:
    """Return the compulsory stages of schools that should have reported in the last year and did not."""
    ids = pd.Index(schools["school_id"])
    reported = np.zeros((len(ids), len(GRADES_OF_STAGE)), dtype=bool)
    for place, stage in enumerate(GRADES_OF_STAGE):
        if stage in stages:
            reported[ids.get_indexer(stages[stage].school[stages[stage].there[:, -1]]), place] = True
    kind = index_of(schools["kind"], [str(kind) for kind in Kind])
    silent = silent_stages(
        kind, roots(ids.get_indexer(schools["parent_id"])), reported, is_open(schools, data.years[-1])
    )
    school, place = np.nonzero(silent[:, : len(COMPULSORY)])
    district = districts[schools["place"].to_numpy()[school]]
    return _without_pupils(district, ids.to_numpy()[school], np.array(COMPULSORY, dtype=object)[place])


def _without_pupils(district: np.ndarray, school: np.ndarray, stage: np.ndarray | str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "district": district,
            "school_id": school,
            "stage": stage,
            "reason": Message(
                "没有填报在校生数，班级表也不全，缺数据", "Neither pupils nor all classes reported: no data"
            ),
        }
    )


NAMED = 10  # schools that a note names


def last_years(data: Dataset) -> pd.Series:
    """Return the last year that each school teaches in, by school; NaN where none is given."""
    return data["schools"].drop_duplicates("school_id").set_index("school_id")["closed_year"]


def changing(data: Dataset, base: int, to: int) -> pd.DataFrame:
    """Return the sections of schools that close or open between two years, as in `Forecast.missing`."""
    return pd.concat([closing(data, base, to), opening(data, base, to)], ignore_index=True)


def closing(data: Dataset, base: int, to: int) -> pd.DataFrame:
    """Return the sections of a year whose school closes before another one, as in `Forecast.missing`."""
    sections = _reported(data, base)
    sections = sections[sections["stage"].isin(list(GRADES_OF_STAGE)).to_numpy()]
    schools = data["schools"].drop_duplicates("school_id").set_index("school_id")
    ends = sections["school_id"].map(schools["closed_year"])
    gone = sections.assign(closed_year=ends)[(ends < to).to_numpy(dtype=bool)]
    district = gone["school_id"].map(schools["district"]).fillna(UNNAMED)
    found = gone[["school_id", "stage", "closed_year"]].assign(district=district, reason="办学到这一学年为止")
    return found[["district", "school_id", "stage", "reason", "closed_year"]].reset_index(drop=True)


def opening(data: Dataset, base: int, to: int) -> pd.DataFrame:
    """Return the stages of the schools that open after a year and by another one, as in `Forecast.missing`.

    A school that has a section in the first year already is there.
    """
    schools = data["schools"].drop_duplicates("school_id")
    coming = ((schools["opened_year"] > base) & (schools["opened_year"] <= to)).to_numpy(dtype=bool)
    schools = schools[coming & ~schools["school_id"].isin(_reported(data, base)["school_id"]).to_numpy()]
    stages = [COMPULSORY if pd.isna(kind) else STAGES_OF_KIND[Kind(kind)] for kind in schools["kind"]]
    found = schools.assign(
        stage=pd.Series(stages, index=schools.index, dtype=object),
        district=schools["district"].fillna(UNNAMED),
        reason="在这一学年之后开办",
    )
    columns = ["district", "school_id", "stage", "reason", "opened_year"]
    return found[columns].explode("stage").reset_index(drop=True)


def _reported(data: Dataset, year: int) -> pd.DataFrame:
    """Return the sections of a year, be it that their classes alone are listed."""
    keys = ["school_id", "stage"]
    there = [
        data[name].loc[(data[name]["year"] == year).to_numpy(), keys] for name in ("sections", "classes")
    ]
    return pd.concat(there).drop_duplicates()


def of_missing(data: Dataset, missing: pd.DataFrame) -> list[Message]:
    """Say in sentences which sections are not forecast; the pupils of a closed one go to nobody."""
    notes = []
    for stage in Stage:
        own = missing[(missing["stage"] == stage).to_numpy()]
        silent = own[own[["closed_year", "opened_year"]].isna().all(axis=1).to_numpy()]
        if len(silent):
            notes.append(
                Message(
                    "{}：{}没有填报在校生数，班级表也不全，缺数据，没有推算",
                    "{}: {}: no data, for pupils are not reported nor all classes; not forecast",
                    stage,
                    some(data, silent),
                )
            )
        notes += [
            Message(
                "{}：{}办学到 {} 学年为止，此后没有推算，其学生转往何校不明，没有计入别的学校",
                "{}: {}: taught last in {}, not forecast after it; where the pupils go is not known, and no "
                "other school is given them",
                stage,
                some(data, gone),
                int(year),
            )
            for year, gone in own.groupby("closed_year")
        ]
        notes += [
            Message(
                "{}：{}{} 学年开办，还没有数据，没有推算；转入的学生原在何校不明，没有从别的学校减去",
                "{}: {}: opens in {}, no data yet, not forecast; where its pupils come from is not known, and no "
                "other school loses them",
                stage,
                some(data, new),
                int(year),
            )
            for year, new in own.groupby("opened_year")
        ]
    return notes


def some(data: Dataset, sections: pd.DataFrame) -> Message:
    """Name the schools of sections."""
    names = data["schools"].drop_duplicates("school_id").set_index("school_id")["name"]
    schools = sections["school_id"].unique()
    shown = listing(
        [s if pd.isna(names.get(s)) else Message("{}（{}）", "{} ({})", names[s], s) for s in schools[:NAMED]]
    )
    more = (
        Message("等 {} 所学校", " and more, {} schools in all", len(schools)) if len(schools) > NAMED else ""
    )
    return shown + more
