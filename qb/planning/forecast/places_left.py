"""Places against pupils in the years to come (余位), and the verdicts should all pupils come low, or high."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.indicators.assessment import judge
from qb.language import Lang, Message, joined, json_text, listing, records, told
from qb.planning.forecast.projection import Forecast, forecast_dataset, whole
from qb.standard import Standard, load
from qb.terms import COMPULSORY, Stage, Term, Verdict

COLUMNS = ["year", "district", "school_id", "name", "stage", "classes", "places", "pupils", "low", "high"]


def places(data: Dataset, forecast: Forecast, standard: Standard) -> pd.DataFrame:
    """Return the places and pupils of each school and compulsory stage, the last year's and those to come.

    Places are the classes of the last year of the data times the class limit of each year. Schools of a kind
    that the standard leaves out (special schools) are left out: their classes are smaller by their nature.

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
    schools = data["schools"].drop_duplicates("school_id").set_index("school_id")
    names, apart = schools["name"], schools["kind"].isin(list(map(str, standard.rules.exclusion.kinds)))
    now = forecast.years[(forecast.years["year"] == base).to_numpy()]
    keys = ["year", "district", "school_id", "stage"]
    past = now.groupby(keys, as_index=False, dropna=False)["pupils"].sum(min_count=1)
    ahead = forecast.total("district", "school_id", "stage")
    table = pd.concat([past, ahead], ignore_index=True)
    table = table[table["stage"].isin([str(stage) for stage in COMPULSORY])]
    table = table[~table["school_id"].isin(apart.index[apart]).to_numpy()]
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


# The district's verdicts where the pupils of each stage come as few, or as many, as the band has them.


class Path(Term):
    """How many pupils come."""

    LOW = "low", "低", "low"
    MIDDLE = "pupils", "中", "middle"
    HIGH = "high", "高", "high"


def along(forecast: Forecast, path: Path) -> Forecast:
    """Return the forecast with all pupils of a district, stage and year raised or lowered to its band's end.

    Every grade of every school changes by the same share: what befalls single schools cancels in the sum,
    and the band of a sum is that of a district, narrower than its schools'.
    """
    if path is Path.MIDDLE:
        return forecast
    keys, rows = ["year", "district", "stage"], forecast.rows
    total = forecast.total("district", "stage").set_index(keys)
    share = (total[str(path)] / total["pupils"].where(total["pupils"] > 0)).fillna(1.0)
    factor = share.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    group = rows.groupby([*keys, "grade"], sort=False).ngroup().to_numpy()
    return replace(forecast, rows=rows.assign(pupils=whole(rows["pupils"].to_numpy() * factor, group)))


def verdicts_along(data: Dataset, forecast: Forecast, year: int, standard: Standard) -> pd.DataFrame:
    """Return each district's verdicts in a year to come under the low, the middle and the high forecast.

    Parameters
    ----------
    data : Dataset
        That the forecast was made of.
    forecast : Forecast
    year : int

    Returns
    -------
    DataFrame
        district, path (see `Path`), pupils of the compulsory stages, verdict, rows (school and stage), passing, no_data, over
        (coefficients above their limit). Without low and high where the forecast has no band.

    Notes
    -----
    Teachers, rooms and classes are those of `forecast_dataset`.
    """
    known = (
        forecast.rows.loc[(forecast.rows["year"] == year).to_numpy(), ["low", "high"]].notna().all(axis=None)
    )
    found = []
    for path in Path if known else (Path.MIDDLE,):
        later = along(forecast, path)
        judged = judge(forecast_dataset(data, later, year, standard), year, standard)
        told = later.rows[(later.rows["year"] == year) & later.rows["stage"].isin(list(map(str, COMPULSORY)))]
        pupils = told.groupby("district")["pupils"].sum()
        over = (
            judged.balance[(judged.balance["verdict"] == Verdict.FAIL).to_numpy()].groupby("district").size()
        )
        rows = judged.rows.groupby("district")["verdict"]
        frame = judged.districts[["district", "verdict"]].assign(path=str(path))
        home = frame["district"]
        found.append(
            frame.assign(
                pupils=home.map(pupils),
                rows=home.map(rows.size()),
                passing=home.map(rows.agg(lambda v: int((v == Verdict.PASS).sum()))),
                no_data=home.map(rows.agg(lambda v: int((v == Verdict.NO_DATA).sum()))),
                over=home.map(over).fillna(0),
            )
        )
    return pd.concat(found, ignore_index=True)


# Both in a few lines, for a terminal.


def summary(table: pd.DataFrame) -> Message:
    """Return places against pupils in a few lines: each year's sum, and the schools that are short."""
    lines = [
        Message(
            "学位与学生（学位＝最后学年的班数×班额限值；不含特殊教育学校）：",
            "Places and pupils (places = classes of the last year × the class limit; without special schools):",
        )
    ]
    for (district, stage), own in table.groupby(["district", "stage"], sort=False):
        lines.append(Message("{}　{}", "{}  {}", district, Stage(stage)))
        for year, mine in own.groupby("year"):
            short = mine[(mine["spare"] < 0).to_numpy()]
            unknown = int(mine["spare"].isna().sum())
            worst = short.sort_values("spare").head(3)
            lack = Message(
                "{} 所缺学位，共缺 {:,.0f}（{}{}）",
                "{} schools are short, by {:,.0f} in all ({}{})",
                len(short),
                -short["spare"].sum(),
                listing(f"{row.name_} {-row.spare:,.0f}" for row in _named(worst)),
                Message(" 等", " …") if len(short) > len(worst) else "",
            )
            lines.append(
                Message(
                    "  {} 学年：学位 {:,.0f}，学生 {:,.0f}；{}{}",
                    "  {}: {:,.0f} places, {:,.0f} pupils; {}{}",
                    year,
                    mine["places"].sum(),
                    mine["pupils"].sum(),
                    lack if len(short) else Message("已知的学校都够", "enough at every school known"),
                    Message("；{} 所班数缺数据", "; classes of {} not reported", unknown) if unknown else "",
                )
            )
    return joined("\n", "\n", lines)


def _named(rows: pd.DataFrame) -> list:
    shown = rows.assign(name_=rows["name"].fillna(rows["school_id"]))
    return list(shown.itertuples(index=False))


def along_lines(table: pd.DataFrame, year: int) -> Message:
    """Return the verdicts under the low, middle and high forecast in a few lines."""
    head = Message(
        "{} 学年的结论（各学段学生数按推算的低、中、高；教师只减不补，其余不变）：",
        "Verdicts of {} (pupils of each stage as forecast low, middle and high; teachers leave and none is hired, all else as it is):",
        year,
    )
    lines = (
        Message(
            "  {}　{}：小学、初中学生 {:,.0f}，{}；学校（学段）{:.0f} 个，达标 {:.0f}，缺数据 {:.0f}；差异系数超限 {:.0f} 项",
            "  {}  {}: {:,.0f} primary and junior pupils, {}; {:.0f} schools (stages), {:.0f} met, {:.0f} without data; {:.0f} coefficients above their limit",
            row.district,
            Path(row.path),
            row.pupils,
            Verdict(row.verdict),
            row.rows,
            row.passing,
            row.no_data,
            row.over,
        )
        for row in table.itertuples()
    )
    return joined("\n", "\n", [head, *lines])


def run(data: Dataset, forecast: Forecast, standard: str, as_json: bool, lang: Lang = "zh") -> str:
    """Return what the command prints: a few lines, or a JSON list of the rows."""
    chosen = load(standard)
    table = places(data, forecast, chosen)
    if not as_json:
        ends = verdicts_along(data, forecast, forecast.to, chosen)
        return told(joined("\n", "\n", [summary(table), along_lines(ends, forecast.to)]), lang)
    return json_text(records(table), lang)
