"""A forecast in a few lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qb.forecast.methods import words
from qb.forecast.outcome import Forecast
from qb.terms import Stage

MOST_DISTRICTS = 50


def summary(forecast: Forecast) -> str:
    """Return pupils by district, stage and year, how they were forecast, and how that did in past years."""
    made_up = "（模拟数据）" if forecast.invented else ""
    lines = [f"学生数推算：{forecast.base + 1}—{forecast.to} 学年，从 {forecast.base} 学年推起{made_up}"]
    districts = list(forecast.rows["district"].unique())
    totals = forecast.total("district", "stage")
    for district in districts[:MOST_DISTRICTS]:
        lines += ["", f"{district}：", *_district(forecast, totals, district)]
    if len(districts) > MOST_DISTRICTS:
        lines.append(f"\n另有 {len(districts) - MOST_DISTRICTS} 个县区；全部结果请用 --json。")
    lines += [f"\n说明：{note}。" for note in forecast.notes]
    lines.append("\n各校各年级的人数：加 --json。")
    if totals["low"].notna().any():
        lines[-1] += "括号内为低—高：按往年误差，十年里约八年落在其中。"
    return "\n".join(lines)


def _district(forecast: Forecast, totals: pd.DataFrame, district: str) -> Iterator[str]:
    own = totals[totals["district"] == district]
    for stage in Stage:
        rows = own[own["stage"] == stage]
        if not len(rows):
            continue
        years = "　".join(f"{r.year} {r.pupils:,.0f}{_band(r.low, r.high)}" for r in rows.itertuples())
        yield f"  {stage.zh}　{years}"
        yield from (f"    {text}" for text in _reasons(forecast, district, stage))


def _band(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"（{low:,.0f}—{high:,.0f}）"


def _reasons(forecast: Forecast, district: str, stage: Stage) -> Iterator[str]:
    chosen = _of(forecast.methods, district, stage)
    moving = chosen[chosen["part"] != "entry"]
    for method, own in moving.groupby("method", sort=False):
        yield f"升级 {'、'.join(own['part'])}：{words(method, own['part'].iloc[0])}"
    entry = chosen.loc[chosen["part"] == "entry", "method"].iloc[0]
    yield f"入学：{words(entry, 'entry')}"
    tests = _of(forecast.backtest, district, stage)
    errors = [
        f"{row.ahead} 年后 {100 * row.error:.1f} %（{100 * row.naive:.1f} %）"
        for row in tests[tests["part"] == "all"].itertuples()
    ]
    if errors:
        yield f"往年检验的误差（括号内为全部升级、入学同上年）：{'，'.join(errors)}"


def _of(frame: pd.DataFrame, district: str, stage: Stage) -> pd.DataFrame:
    return frame[((frame["district"] == district) & (frame["stage"] == stage)).to_numpy()]
