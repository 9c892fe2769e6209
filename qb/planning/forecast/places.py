"""Places against pupils: by school and year, to the class limit, what is to spare and what is short."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.planning.forecast.projection import Forecast
from qb.standard import Standard, load
from qb.terms import COMPULSORY, Stage

COLUMNS = ["year", "district", "school_id", "name", "stage", "classes", "places", "pupils", "low", "high"]


def places(data: Dataset, forecast: Forecast, standard: Standard) -> pd.DataFrame:
    """Return the places and pupils of each school and compulsory stage, the last year's and those to come.

    Places are the classes of the last year of the data times the class limit of each year.

    Returns
    -------
    DataFrame
        year, district, school_id, name, stage, classes, places, pupils, low, high (missing where the forecast
        has no band, and in the year of the data), spare (places − pupils: below 0 they are short), spare_low
        (at the high path). NaN where the number of classes is not reported.

    Examples
    --------
    A school of 6 classes has 6 × 45 = 270 places; with 280 pupils 10 are short.
    """
    base = forecast.base
    sections = data["sections"]
    classes = sections[(sections["year"] == base).to_numpy()].set_index(["school_id", "stage"])["classes"]
    names = data["schools"].drop_duplicates("school_id").set_index("school_id")["name"]
    now = forecast.years[(forecast.years["year"] == base).to_numpy()]
    keys = ["year", "district", "school_id", "stage"]
    past = now.groupby(keys, as_index=False, dropna=False)["pupils"].sum(min_count=1)
    ahead = forecast.total("district", "school_id", "stage")
    table = pd.concat([past, ahead], ignore_index=True)
    table = table[table["stage"].isin([str(stage) for stage in COMPULSORY])]
    indicator = standard.computed_by("class_size")
    limit = [
        np.nan if indicator is None else indicator.limit(stage=Stage(stage), year=int(year)).value
        for stage, year in zip(table["stage"], table["year"], strict=True)
    ]
    held = classes.reindex(pd.MultiIndex.from_frame(table[["school_id", "stage"]])).to_numpy(dtype=float)
    table = table.assign(
        name=names.reindex(table["school_id"]).to_numpy(dtype=object), classes=held, places=held * limit
    )
    table = table.reindex(columns=COLUMNS).sort_values(["school_id", "stage", "year"], ignore_index=True)
    return table.assign(spare=table["places"] - table["pupils"], spare_low=table["places"] - table["high"])


def summary(table: pd.DataFrame) -> str:
    """Return places against pupils in a few lines: each year's sum, and the schools that are short."""
    lines = ["学位与学生（学位＝最后学年的班数×班额限值）："]
    for (district, stage), own in table.groupby(["district", "stage"], sort=False):
        lines.append(f"{district}　{Stage(stage).zh}")
        for year, mine in own.groupby("year"):
            short = mine[(mine["spare"] < 0).to_numpy()]
            unknown = int(mine["spare"].isna().sum())
            worst = short.sort_values("spare").head(3)
            named = "、".join(f"{row.name_} {-row.spare:,.0f}" for row in _named(worst))
            more = " 等" if len(short) > len(worst) else ""
            lack = f"{len(short)} 所缺学位，共缺 {-short['spare'].sum():,.0f}（{named}{more}）"
            lines.append(
                f"  {year} 学年：学位 {mine['places'].sum():,.0f}，学生 {mine['pupils'].sum():,.0f}；"
                + (lack if len(short) else "已知的学校都够")
                + (f"；{unknown} 所班数缺数据" if unknown else "")
            )
    return "\n".join(lines)


def _named(rows: pd.DataFrame) -> list:
    shown = rows.assign(name_=rows["name"].fillna(rows["school_id"]))
    return list(shown.itertuples(index=False))


def run(data: Dataset, forecast: Forecast, standard: str, as_json: bool) -> str:
    """Return what the command prints: a few lines, or a JSON list of the rows."""
    table = places(data, forecast, load(standard))
    if not as_json:
        return summary(table)
    plain = table.astype(object)
    return json.dumps(plain.where(plain.notna(), None).to_dict("records"), ensure_ascii=False)
