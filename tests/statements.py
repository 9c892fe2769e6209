"""Every statement that pages may make of an assessment, computed from its frames."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

import pandas as pd

from qb import balance
from qb.indicators.assessment import Assessment
from qb.report.verdict_keys import Fact, _owners, _subjects, key, shown_indicators, shown_resource


def facts(assessment: Assessment) -> dict[str, str | float]:
    """Return every statement that pages make of an assessment: verdicts as words, figures unrounded."""
    found = assessment.findings
    found = found.assign(subject=_subjects(assessment, found), owner=_owners(found))
    rows, spread = assessment.rows, assessment.balance
    by_place, by_row = ("stage", "code", "district"), ("stage", "school_id")
    by_item = ("code", "part", "subject", "stage", "owner")
    stated: dict[str, str | float] = {}
    for fact, frame, column, of in (
        (Fact.DISTRICT, assessment.districts, "verdict", ("district",)),
        (Fact.AREA, assessment.areas, "verdict", ("area", "district")),
        (Fact.INDICATOR, _shown(assessment), "verdict", ("code", "district")),
        (Fact.FIGURE, assessment.indicators, "value", ("code", "district")),
        (Fact.FINDING, found, "verdict", by_item),
        (Fact.ITEM, found, "value", by_item),
        (Fact.SCHOOL, rows, "verdict", by_row),
        (Fact.MET, rows, "met", by_row),
        (Fact.BALANCE, spread, "verdict", by_place),
        (Fact.COEFFICIENT, spread, "coefficient", by_place),
        (Fact.MEAN, spread, "mean", by_place),
        (Fact.DEVIATION, spread, "deviation", by_place),
    ):
        stated.update(_of((fact, assessment.year), frame, column, of))
    for code in assessment.standard.resource_codes:
        shown = pd.Categorical(shown_resource(rows, code))
        one = rows[["stage", "school_id", code]].assign(code=code, verdict=shown)
        stated.update(_of((Fact.SEVEN, assessment.year), one, "verdict", ("code", *by_row)))
        stated.update(_of((Fact.RESOURCE, assessment.year), one, code, ("code", *by_row)))
    stated.update(_reported(assessment))
    return stated


def _shown(assessment: Assessment) -> pd.DataFrame:
    return assessment.indicators.assign(verdict=pd.Categorical(shown_indicators(assessment)))


def _of(
    fact: tuple[Fact, int], frame: pd.DataFrame, column: str, of: tuple[str, ...]
) -> Iterator[tuple[str, object]]:
    values = frame[column]
    values = values.astype(str) if isinstance(values.dtype, pd.CategoricalDtype) else values.astype(float)
    places = zip(*(frame[name].astype(object) for name in of), strict=True)
    return ((key(*fact, *place), value) for place, value in zip(places, values, strict=True))


def _reported(assessment: Assessment) -> Iterator[tuple[str, float]]:
    """Yield the coefficients of the schools that have reported, each district's, and of all together."""
    rows, year = assessment.rows, assessment.year
    for stage, here in rows.groupby("stage"):
        for district, part in (("", here), *here.groupby("district", observed=True)):
            for code in assessment.standard.resource_codes:
                amount, pupils = part[f"{code}_amount"], part["pupils"]
                there = (amount.notna() & (pupils > 0)).to_numpy()
                held = amount[there].sum() > 0
                spread = balance.difference_coefficient(amount[there], pupils[there]) if held else None
                yield key(Fact.REPORTED, year, stage, code, district), spread.coefficient if spread else nan
