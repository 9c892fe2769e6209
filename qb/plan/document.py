"""A plan as one JSON document, in the shape that others rely on (see the README)."""

from __future__ import annotations

import math

import pandas as pd

from qb.judge.document import document as assessment_document
from qb.plan.cheapest import Plan
from qb.plan.over_years import YearsPlan
from qb.plan.purchases import STAFF
from qb.plan.spending import Spending
from qb.plan.transfers import Transfers

PURCHASE = (
    "district",
    "school_id",
    "name",
    "stage",
    "code",
    "amount",
    "unit",
    "cost_yuan",
    "low_yuan",
    "high_yuan",
)


def document(plan: Plan, spending: Spending | None = None) -> dict[str, object]:
    """Return a plan as plain lists and dicts; figures unrounded.

    Parameters
    ----------
    spending : Spending, optional
        Where the budget is not enough: what it buys at best, as ``best_use``.
    """
    result = {
        "status": str(plan.status),
        "year": plan.year,
        "cost_yuan": plan.cost,
        "lower_bound_yuan": plan.bound,
        "gap": plan.gap,
        "budget_yuan": plan.problem.budget,
        "costs": plan.costs.name,
        "clashes": list(plan.clashes),
        "purchases": _purchases(plan.purchases),
        "assessment": assessment_document(plan.assessment),
    }
    return result if spending is None else {**result, "best_use": _spending(spending)}


def years_document(plan: YearsPlan) -> dict[str, object]:
    """Return a plan over years: each purchase with its year, each year's assessment."""
    years = [
        {**record, "assessment": assessment_document(plan.assessments[record["year"]])}
        for record in plan.years.to_dict("records")
    ]
    bought = plan.purchases.groupby("year") if len(plan.purchases) else ()
    return {
        "status": str(plan.status),
        "base_year": plan.base_year,
        "target_year": plan.target_year,
        "pupils": str(plan.pupils.path),
        "pupils_note": plan.pupils.why,
        "cost_yuan": plan.cost,
        "lower_bound_yuan": plan.bound,
        "gap": plan.gap,
        "clashes": list(plan.clashes),
        "years": years,
        "purchases": [{"year": year, **record} for year, mine in bought for record in _purchases(mine)],
    }


def transfers_document(found: Transfers) -> dict[str, object]:
    """Return transfers: each move, and the assessment after them."""
    moves = found.moves.rename(columns=STAFF).to_dict("records")
    return {
        "year": found.year,
        "passing_before": found.passing_before,
        "passing": found.passing,
        "most_passing": found.most_passing,
        "teachers": found.teachers,
        "least_teachers": found.least_teachers,
        "equipment_yuan": found.equipment_yuan,
        "moves": moves,
        "assessment": assessment_document(found.assessment),
    }


def _spending(spending: Spending) -> dict[str, object]:
    return {
        "budget_yuan": spending.budget,
        "cost_yuan": spending.cost,
        "passing": spending.passing,
        "most_passing": spending.most_passing,
        "shortfall": spending.shortfall,
        "least_shortfall": spending.least_shortfall,
        "saves_per_10000_yuan": None if math.isnan(spending.saves) else spending.saves,
        "purchases": _purchases(spending.purchases),
        "assessment": assessment_document(spending.assessment),
    }


def _purchases(bought: pd.DataFrame) -> list[dict[str, object]]:
    """Return a record for each purchase; whole persons and rooms as whole numbers."""
    return [
        {**record, "amount": int(record["amount"]) if record["amount"].is_integer() else record["amount"]}
        for record in bought[list(PURCHASE)].to_dict("records")
    ]
