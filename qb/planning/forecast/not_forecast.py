"""Sections that a forecast leaves out: those that nobody reported, of schools that close, and that open."""

from __future__ import annotations

import pandas as pd

from qb.data.dataset import Dataset
from qb.indicators.population import UNNAMED
from qb.language import Message, listing
from qb.terms import COMPULSORY, GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Stage

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
