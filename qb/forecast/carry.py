"""The dataset of a year to come, so that the years ahead can be judged like any other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.dataset import Dataset
from qb.errors import QbError
from qb.forecast.outcome import Forecast
from qb.measure.districts import latest_results
from qb.rounding import round_half_up
from qb.schema import TABLES
from qb.standard import Standard
from qb.terms import Stage

FORECAST = "推算"  # how a row says that it was forecast
STAFF = (
    "full_time_teachers",
    "teachers_above_required",
    "backbone_teachers",
    "pe_arts_teachers",
    "certified_teachers",
    "trained_teachers",
)
OF_PUPILS = ("in_zone_pupils", "migrant_pupils")


def carry_forward(
    data: Dataset,
    forecast: Forecast,
    year: int,
    standard: Standard | str | None = None,
) -> Dataset:
    """Return the dataset of a year to come, that year alone.

    Pupils are those of the forecast, in whole numbers; those in their zone and migrants keep their share.
    A grade has as few classes as the class limit allows, of even size. Teachers leave at a steady rate,
    those above the required degree, backbone teachers and so on alike, and none is hired. Everything else
    is as in the last year of the data; every row says so under `source`.

    Parameters
    ----------
    data : Dataset
        That the forecast was made of.
    forecast : Forecast
    year : int
        Among those of the forecast.
    standard : Standard or str, optional
        For the class limit (C12; the senior stage has none and takes that of junior schools) and for
        how many of its teachers a school loses each year.

    Raises
    ------
    QbError
        If the forecast does not hold that year, or was made of other data.

    Examples
    --------
    >>> from qb.forecast import forecast
    >>> from qb.sample import make
    >>> data = make(schools=3, years=range(2021, 2026))
    >>> later = carry_forward(data, forecast(data), 2030)
    >>> later.years, int(later["classes"]["pupils"].max()) <= 50
    ([2030], True)
    """
    if not forecast.base < year <= forecast.to:
        raise QbError(
            f"推算中没有 {year} 学年，只有 {forecast.base + 1} 至 {forecast.to} 学年。"
            "请改用其中之一，或推算得更远。"
        )
    if not data.years or data.years[-1] != forecast.base:
        raise QbError(f"推算从 {forecast.base} 学年开始，与数据的最后学年不同。请用同一份数据推算。")
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    last = {
        name: frame[(frame["year"] == forecast.base).to_numpy()].reset_index(drop=True)
        for name, frame in data.tables.items()
        if "year" in TABLES[name].names
    } | {"monitoring": latest_results(data["monitoring"], chosen, forecast.base)}
    kept = {
        name: frame.assign(year=year, source=_says(frame, f"沿用 {forecast.base} 学年"))
        for name, frame in last.items()
    }
    classes = _classes(forecast, year, chosen)
    leaving = chosen.rules.forecast.teachers_leaving_per_year
    sections = _sections(last["sections"], classes, forecast, year, leaving)
    source = sections.set_index(["school_id", "stage"])["source"]
    at = pd.MultiIndex.from_frame(classes[["school_id", "stage"]])
    classes = classes.assign(source=source.reindex(at).fillna(FORECAST).to_numpy())
    kept |= {"sections": sections, "classes": classes, "measures": data["measures"].iloc[:0]}
    return Dataset.of(schools=data["schools"], **kept)


def _says(frame: pd.DataFrame, what: str) -> pd.Series:
    source = frame["source"]
    return source.where(source.isna(), source + "；" + what).fillna(what)


def _classes(forecast: Forecast, year: int, standard: Standard) -> pd.DataFrame:
    """Return the table `classes` of a year: as few as the limit allows, of even size."""
    rows = forecast.rows[(forecast.rows["year"] == year).to_numpy()]
    limit_at = {
        Stage.PRIMARY: Stage.PRIMARY,
        Stage.JUNIOR: Stage.JUNIOR,
        Stage.SENIOR: Stage.JUNIOR,
    }
    limits = {str(s): standard["C12"].limit(stage=at, year=year).value for s, at in limit_at.items()}
    pupils = round_half_up(rows["pupils"].to_numpy(), 0).astype(np.int64)
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
