"""The issue ledger (问题台账): everything that is not met, who answers for it, and what is being done."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.judge.assessment import Assessment
from qb.judge.seven import COMPOSITE
from qb.standard import CODES, Standard
from qb.terms import Verdict

COLUMNS = (
    "district",
    "code",
    "part",
    "school_id",
    "name",
    "stage",
    "value",
    "limit",
    "side",
    "gap",
    "detail",
    "year",
)
MENDING = ("number", "cause", "measure", "department", "deadline", "status", "closed_on", "evidence")


def ledger(assessment: Assessment, data: Dataset) -> pd.DataFrame:
    """List every figure and item that fails, with the departments that answer for it.

    Parameters
    ----------
    assessment : Assessment
        All problems of its districts are listed.
    data : Dataset
        Its table ``measures`` says what is being done; a measure belongs to the problem with its
        district, indicator and school. Of several, entered in this year or before, the last counts.

    Returns
    -------
    DataFrame
        `district`, `code`, `part` (checklist item or name of the limit; ``coefficient`` for a
        difference coefficient), `school_id`, `name`, `stage`, `value`, `limit`, `side`, `gap` (to the
        limit, in its own unit; for C1–C7 in persons, rooms, m² or yuan), `detail`, `year` (school year
        that the figure is from), `departments` (a tuple), and the columns of ``measures``.
    """
    problems = pd.concat(
        [_seven(assessment), _coefficients(assessment), _others(assessment)], ignore_index=True
    ).reindex(columns=list(COLUMNS))
    problems["year"] = problems["year"].fillna(assessment.year).astype(int)
    problems["departments"] = [
        departments(assessment.standard, code, part)
        for code, part in zip(problems["code"], problems["part"], strict=True)
    ]
    return _with_measures(problems, data, assessment.year)


def departments(standard: Standard, code: str, part: str = "") -> tuple[str, ...]:
    """Return who answers for an indicator or one of its parts (plan, Annex 3).

    A figure that has a checklist item of its own is answered for by that item's departments.
    """
    named = {m.name: m.item for i in standard.indicators if i.code == code for m in i.limits if m.item}
    for item in standard.checklist:
        if item.item == named.get(part, part):
            return item.departments
    return standard[code].departments if code in {i.code for i in standard.indicators} else ()


def _seven(assessment: Assessment) -> pd.DataFrame:
    return assessment.shortfalls.rename(columns={"to_standard": "gap"}).assign(
        part="", detail=None, side=">="
    )


def _coefficients(assessment: Assessment) -> pd.DataFrame:
    frame = assessment.balance
    failing = frame[(frame["verdict"] == Verdict.FAIL).to_numpy() & (frame["code"] != COMPOSITE).to_numpy()]
    return failing.rename(columns={"coefficient": "value"}).assign(
        part="coefficient", side=assessment.standard.rules.coefficient.side
    )[["district", "code", "part", "stage", "value", "limit", "side", "gap"]]


def _others(assessment: Assessment) -> pd.DataFrame:
    frame = assessment.findings
    failing = frame[(frame["verdict"] == Verdict.FAIL).to_numpy()]
    plain = {
        name: failing[name].astype(object)
        for name in ("district", "code", "part", "school_id", "name", "stage", "side", "detail")
    }
    return failing.assign(**plain)


def _with_measures(problems: pd.DataFrame, data: Dataset, year: int) -> pd.DataFrame:
    measures = data["measures"]
    measures = measures[(measures["year"] <= year).to_numpy()].sort_values(["year", "number"], kind="stable")
    keys = ["district", "code", "school_id"]
    last = measures.drop_duplicates(keys, keep="last")[[*keys, *MENDING]]
    # A problem of the whole district has no school; NaN would match nothing.
    left = problems.assign(school_id=problems["school_id"].astype(object).fillna(""))
    right = last.assign(school_id=last["school_id"].astype(object).fillna(""))
    joined = left.merge(right.astype(object), on=keys, how="left", sort=False)
    joined["school_id"] = joined["school_id"].replace("", np.nan)
    order = {code: place for place, code in enumerate(CODES)}  # recognition has none: it comes last
    return (
        joined.assign(_place=joined["code"].map(order))
        .sort_values(["district", "_place"], kind="stable")
        .drop(columns="_place")
        .reset_index(drop=True)
    )
