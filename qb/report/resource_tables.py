"""Figures and tables of the resource indicators that school and district pages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from qb.charts import Caption
from qb.report.facts import shown_resource
from qb.report.tables import Column
from qb.report.words import Lang, number, resources_said, say, stage_label, title, unit_of, value_unit
from qb.standard import Indicator, Standard
from qb.terms import Allowance, Verdict


def codes_in(rows: pd.DataFrame | Mapping[str, object]) -> list[str]:
    """Return the codes of the resource indicators that rows of an assessment, or one of them, are about."""
    names = rows.index if isinstance(rows, pd.Series) else rows
    return [name.removesuffix("_verdict") for name in names if str(name).endswith("_verdict")]


def percent_of_standard(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the indicators of rows as percentages of each row's own standard, shape (rows, k)."""
    codes = codes_in(rows)
    return pd.DataFrame({code: 100 * rows[code] / rows[f"{code}_limit"] for code in codes}, index=rows.index)


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


VERDICT = {"zh": "结论", "en": "Verdict"}


def verdict_column(lang: Lang, fact: str | None = None) -> Column:
    """Return the column of verdicts; `fact` is the column that holds their keys."""
    return Column("verdict", VERDICT[lang], verdict=True, fact=fact)
