"""Resource figures in words: verdicts as shown, percentages of the standard, gaps, what moved since last year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan

import pandas as pd

from qb.charts import Caption
from qb.indicators.assessment import Assessment
from qb.report.verdict_keys import shown_indicators, shown_resource
from qb.report.words import (
    Lang,
    Tally,
    number,
    resources_said,
    say,
    stage_label,
    title,
    unit_of,
    value_unit,
    verdict_label,
)
from qb.standard import Indicator, Standard
from qb.terms import Allowance, Verdict


def codes_in(rows: pd.DataFrame | Mapping[str, object]) -> list[str]:
    """Return the codes of the resource indicators that rows of an assessment, or one of them, are about."""
    names = rows.index if isinstance(rows, pd.Series) else rows
    return [name.removesuffix("_verdict") for name in names if str(name).endswith("_verdict")]


def percent_of_standard(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the indicators of a stage's rows as percentages of each row's own standard, shape (rows, k).

    Of one without any limit they are percentages of the mean, weighted by pupils.
    """
    codes, pupils = codes_in(rows), rows["pupils"]
    levels = {code: rows[f"{code}_limit"] for code in codes}
    for code, limit in levels.items():
        if limit.isna().all() and rows[code].notna().any():
            levels[code] = (rows[code] * pupils).sum() / pupils[rows[code].notna()].sum()
    return pd.DataFrame({code: 100 * rows[code] / levels[code] for code in codes}, index=rows.index)


def verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts of rows as readers see them (`shown_resource`), shape (rows, k)."""
    return pd.DataFrame(
        {code: shown_resource(rows, code) for code in codes_in(rows)}, index=rows.index, dtype=object
    )


def shown_in(row: Mapping[str, object], code: str) -> str:
    """Return the verdict of one row on one indicator as readers see it."""
    return str(Allowance.AT_SCHOOL if code in allowed(row) else row[f"{code}_verdict"])


def nothing_lacking(rows: Sequence[Mapping[str, object]], standard: Standard, lang: Lang) -> str:
    """Return what is said where nothing is known to be lacking: that nothing is, or how much nobody knows."""
    what = resources_said(standard, lang)
    if not len(rows):
        return say(lang, f"没有参加{what}评估的学校。", f"No school is judged on {what}.")
    open_ = sum(len(unknown(row)) for row in rows)
    if not standard.limits_schools:
        return say(
            lang,
            "标准对学校没有限值，没有缺口可算。",
            "The standard has no limits for schools, so nothing is lacking.",
        )
    if not open_:
        return say(lang, f"{what}没有缺口。", f"Nothing is lacking on {what}.")
    return say(
        lang,
        f"已报送的没有缺口；{what}中缺数据的有 {open_} 处，是否有缺口无法判断。",
        f"Nothing that was reported is lacking; {open_} figures of {what} are without data.",
    )


def unmet(row: Mapping[str, object]) -> list[str]:
    """Return the codes of the indicators that a row does not meet and its rule does not allow."""
    passes = row["verdict"] == Verdict.PASS
    return [code for code in codes_in(row) if row[f"{code}_verdict"] == Verdict.FAIL and not passes]


def allowed(row: Mapping[str, object]) -> list[str]:
    """Return the codes of the indicators on which a row that passes is below the standard."""
    passes = row["verdict"] == Verdict.PASS
    return [code for code in codes_in(row) if row[f"{code}_verdict"] == Verdict.FAIL and passes]


def unknown(row: pd.Series) -> list[str]:
    """Return the codes of the indicators that a row has no data for."""
    return [code for code in codes_in(row) if row[f"{code}_verdict"] == Verdict.NO_DATA]


def resource_title(standard: Standard, code: str, lang: Lang) -> str:
    """Return an indicator's short title with its unit."""
    unit = value_unit(standard[code])
    return (
        f"{title(standard[code], lang, short=True)}（{unit.zh}）"
        if lang == "zh"
        else (f"{title(standard[code], lang, short=True)} ({unit.en})")
    )


def caption(headline: str, measure: str, place: str, source: str, lang: Lang) -> Caption:
    """Return a figure's words: the finding, then measure, place and period."""
    return Caption(headline, f"{measure} · {place}", source, lang=lang)


def row_name(row: pd.Series, lang: Lang, *, both: bool) -> str:
    """Return a school's name, with the stage where it has two."""
    if not both:
        return str(row["name"])
    stage = stage_label(row["stage"], lang)
    return say(lang, f"{row['name']}（{stage}）", f"{row['name']} ({stage})")


def names(rows: pd.DataFrame, lang: Lang) -> list[str]:
    """Return the names of rows, told apart by stage where a school has two."""
    twice = rows["school_id"].duplicated(keep=False)
    return [row_name(row, lang, both=both) for (_, row), both in zip(rows.iterrows(), twice, strict=True)]


def gap_text(indicator: Indicator, amount: float, lang: Lang) -> str:
    """Return an amount of a resource with the unit it is bought in."""
    text, unit = number(amount, indicator.resource.decimals, lang, beside=0), unit_of(indicator, lang)
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}"


# What became of a figure and of a verdict since the year before: in words, with an arrow.


_ORDER = (Verdict.FAIL, Verdict.PASS)  # between which a verdict goes up or down


def nothing(lang: Lang) -> str:
    """Return what is said where the year before has nothing to compare with."""
    return say(lang, "去年无数据", "no data the year before")


def moved(now: float, then: float, decimals: int, lang: Lang) -> str:
    """Return last year's figure and how far it moved, with as many digits as tell the two apart.

    >>> moved(5.85, 5.79, 2, "zh"), moved(5.7, 5.7, 2, "zh"), moved(5.704, 5.701, 2, "zh")
    ('5.79 ↑ 升 0.06', '5.70 → 持平', '5.701 ↑ 升 0.003')
    >>> moved(5.85, float("nan"), 2, "zh"), moved(float("nan"), 5.79, 2, "zh")
    ('去年无数据', '5.79')
    """
    if then != then:
        return nothing(lang)
    text = number(then, decimals, lang, beside=now if now == now else None)
    if now != now:
        return text
    if abs(now - then) < 1e-9:
        return f"{text} → {say(lang, '持平', 'no change')}"
    size = number(abs(now - then), decimals, lang, beside=0)
    return f"{text} " + (
        say(lang, f"↑ 升 {size}", f"↑ {size} up")
        if now > then
        else say(lang, f"↓ 降 {size}", f"↓ {size} down")
    )


def turned(now: str, then: str | None, lang: Lang, *, headed: bool = False) -> str:
    """Return last year's verdict, and whether it went up, down or stayed; None where there was none.

    A column that is `headed` by it does not say the year again.

    >>> turned("pass", "fail", "zh"), turned("fail", "fail", "zh"), turned("pass", "no data", "zh")
    ('去年未达标，↑ 好转', '去年未达标，→ 没有变化', '去年缺数据')
    >>> turned("pass", "fail", "zh", headed=True)
    '未达标 ↑ 好转'
    """
    if then is None:
        return nothing(lang)
    word = verdict_label(then, lang)
    told = word if headed else say(lang, f"去年{word}", f"the year before: {word.lower()}")
    told += " " if headed else say(lang, "，", ", ")
    if now == then:
        return told + say(lang, "→ 没有变化", "→ no change")
    if now not in _ORDER or then not in _ORDER:
        return told.rstrip("， ,")
    return told + (say(lang, "↑ 好转", "↑ better") if now == Verdict.PASS else say(lang, "↓ 变差", "↓ worse"))


def areas_turned(now: Assessment, then: Assessment | None, lang: Lang) -> dict[str, str]:
    """Return of a district ("") and of each of its areas what became of the verdict since the year before."""
    if then is None:  # said once
        return dict.fromkeys(_verdicts(now), "") | {"": nothing(lang)}
    before = _verdicts(then)
    return {area: turned(verdict, before.get(area), lang) for area, verdict in _verdicts(now).items()}


def areas_over_years(years: Iterable[Assessment]) -> dict[str, list[tuple[int, float]]]:
    """Return of a district ("") and of each of its areas what its card counts, year by year; NaN where nobody knows.

    Indicators met; where schools are judged, school stages met; the share that is satisfied; vetoes found.
    """
    found: dict[str, list[tuple[int, float]]] = {}
    for own in years:
        areas = own.indicators["code"].map({i.code: i.area for i in own.standard.indicators}).to_numpy()
        seen = shown_indicators(own)
        counts = {area: Tally.of(seen[areas == area]).drawn for area in own.standard.area_names}
        counts[""] = Tally.of(seen).drawn
        if own.standard.limits_schools:
            counts[own.standard.resource_area] = Tally.of(own.rows["verdict"]).drawn
        beside = own.findings.groupby(own.findings["code"].astype(str))
        if "recognition" in beside.groups:
            counts["recognition"] = float(beside.get_group("recognition")["value"].iloc[0])
        if "veto" in beside.groups:
            vetoes = Tally.of(beside.get_group("veto")["verdict"])
            counts["veto"] = float(vetoes.failed) if vetoes.known else nan
        for area in _verdicts(own):
            found.setdefault(area, []).append((own.year, counts.get(area, nan)))
    return found


def _verdicts(own: Assessment) -> dict[str, str]:
    areas = dict(zip(own.areas["area"], own.areas["verdict"].astype(str), strict=True))
    return {"": str(own.districts["verdict"].iloc[0])} | areas


def counted(now: Tally, then: Tally | None, lang: Lang, counter: str = "个") -> str:
    """Return how many were met the year before, of how many, and how many more or fewer are now."""
    if then is None:
        return ""
    if not then.known:
        return nothing(lang)
    told = say(lang, f"去年 {then.passed} / {then.held}", f"the year before: {then.passed} / {then.held}")
    return (
        f"{told}{say(lang, '，', ', ')}{direction(now.passed - then.passed, lang, counter)}"
        if now.known
        else told
    )


def direction(step: int, lang: Lang, counter: str = "个") -> str:
    """Return by how many a count went up or down; `counter` is the Chinese word by which it is counted.

    >>> [direction(step, "zh", counter) for step, counter in ((2, "个"), (-1, "项"), (0, "所"))]
    ['↑ 增加 2 个', '↓ 减少 1 项', '→ 持平']
    """
    if not step:
        return say(lang, "→ 持平", "→ no change")
    return (
        say(lang, f"↑ 增加 {step} {counter}", f"↑ {step} more")
        if step > 0
        else say(lang, f"↓ 减少 {-step} {counter}", f"↓ {-step} fewer")
    )
