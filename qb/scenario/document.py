"""A comparison as one JSON document, in the shape that others rely on (see the README)."""

from __future__ import annotations

import pandas as pd

from qb.judge.document import document as assessment_document
from qb.scenario.compare import BASE, Comparison, Outcome
from qb.scenario.costing import total


def document(comparison: Comparison) -> dict[str, object]:
    """Return the comparison as plain lists and dicts; figures unrounded, "no data" as null."""
    year = comparison.year
    return {
        "year": year,
        "notes": list(comparison.notes),
        "costs": comparison.costs.name,
        "base": assessment_document(comparison.base[year]),
        "walking": _of(comparison.walking, BASE),
        "years": _of(comparison.by_year, BASE),
        "scenarios": [
            _scenario(comparison, number, outcome)
            for number, outcome in enumerate(comparison.outcomes, start=1)
        ],
    }


def _scenario(comparison: Comparison, number: int, outcome: Outcome) -> dict[str, object]:
    return {
        "title": outcome.scenario.title,
        "file": outcome.scenario.file,
        "assessment": assessment_document(outcome.assessments[comparison.year]),
        "changes": _records(outcome.changes),
        "moved": _records(outcome.moved),
        **total(outcome.costs),
        "costs": _records(outcome.costs),
        "walking": _of(comparison.walking, number),
        "contributions": _records(outcome.contributions),
        "years": _of(comparison.by_year, number),
    }


def _of(frame: pd.DataFrame, scenario: int) -> list[dict[str, object]]:
    mine = frame[(frame["scenario"] == scenario).to_numpy()]
    return _records(mine.drop(columns="scenario"))


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")
