"""Figures and tables of C1–C7 that school and district pages share."""

from __future__ import annotations

import pandas as pd

from qb.charts import Caption
from qb.report.table import Column
from qb.report.words import Lang, number, say, stage_label, title
from qb.standard import SEVEN, Standard
from qb.terms import Verdict


def percent_of_standard(rows: pd.DataFrame) -> pd.DataFrame:
    """Return C1–C7 of rows as percentages of each row's own standard, shape (rows, 7)."""
    return pd.DataFrame({code: 100 * rows[code] / rows[f"{code}_limit"] for code in SEVEN}, index=rows.index)


def verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts of C1–C7 as `Verdict`, shape (rows, 7)."""
    return pd.DataFrame(
        {code: [Verdict(value) for value in rows[f"{code}_verdict"]] for code in SEVEN}, index=rows.index
    )


def unmet(row: pd.Series) -> list[str]:
    """Return the codes of C1–C7 that a row does not meet."""
    return [code for code in SEVEN if row[f"{code}_verdict"] == Verdict.FAIL]


def unknown(row: pd.Series) -> list[str]:
    """Return the codes of C1–C7 that a row has no data for."""
    return [code for code in SEVEN if row[f"{code}_verdict"] == Verdict.NO_DATA]


def seven_title(standard: Standard, code: str, lang: Lang) -> str:
    """Return an indicator's short title with its unit."""
    unit = standard[code].limits[0].unit
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


def gap_text(code: str, amount: float, lang: Lang) -> str:
    """Return an amount of C1–C7 with the unit it is bought in."""
    from qb.report.words import UNITS

    decimals = 0 if code in ("C1", "C2", "C3", "C7", "C6") else 1
    text, unit = number(amount, decimals, lang), say(lang, *UNITS[code])
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}"


VERDICT = {"zh": "结论", "en": "Verdict"}


def verdict_column(lang: Lang, fact: str | None = None) -> Column:
    """Return the column of verdicts; `fact` is the column that holds their keys."""
    return Column("verdict", VERDICT[lang], verdict=True, fact=fact)
