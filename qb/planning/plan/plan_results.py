"""What `qb plan` does: the plan made as asked, printed and written; a plan as JSON."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.errors import QbError
from qb.files import write_whole
from qb.indicators.assessment import Assessment
from qb.indicators.assessment import json_document as assessment_document
from qb.language import Lang, Message, joined, json_text, listing, records, told
from qb.planning.costs import load_costs
from qb.planning.plan.budget_and_transfers import (
    BudgetPlan,
    Transfers,
    best_use,
    moves_scenario,
    spending_scenario,
    transfers,
)
from qb.planning.plan.cheapest import Plan, PlanStatus, cheapest_plan, scenario, staff_fields
from qb.planning.plan.explanation import explain, sensitivity
from qb.planning.plan.other_purchases import OtherPurchases
from qb.planning.plan.plan_summary import outside, summary, transfers_summary, unknown_land, years_summary
from qb.planning.plan.years_plan import YearsPlan, plan_over_years
from qb.planning.scenario import Scenario, to_toml
from qb.standard import Standard

# A plan as one JSON document, in the shape that others rely on (see the README).


PURCHASE = (
    "district",
    "school_id",
    "name",
    "stage",
    "code",
    "amount",
    "unit",
    "hired",
    "cost_yuan",
    "low_yuan",
    "high_yuan",
)


SWING = ("school_id", "stage", "code", "before", "after")


def json_document(
    plan: Plan, spending: BudgetPlan | None = None, swings: pd.DataFrame | None = None
) -> dict[str, object]:
    """Return a plan as plain lists and dicts; figures unrounded.

    Parameters
    ----------
    spending : Spending, optional
        Where the budget is not enough: what it buys at best, as ``best_use``.
    swings : DataFrame, optional
        What changes with the prices, see `qb.planning.plan.explanation.sensitivity`, as ``sensitivity``.
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
        "notes": unknown_land(plan),
        "purchases": _purchases(plan.purchases, plan.before.standard),
        **_mended(plan.mended, plan.before, plan.assessment),
        "assessment": assessment_document(plan.assessment),
    }
    if swings is not None:
        result["sensitivity"] = [
            {
                "code": row.code,
                "factor": row.factor,
                "cost_yuan": None if math.isnan(row.cost_yuan) else row.cost_yuan,
                "changed": [dict(zip(SWING, change, strict=True)) for change in row.changed],
            }
            for row in swings.itertuples(index=False)
        ]
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
        "pupils": str(plan.pupils),
        "pupils_note": plan.asis.unknown,
        "notes": list(plan.asis.notes),
        "cost_yuan": plan.cost,
        "lower_bound_yuan": plan.bound,
        "gap": plan.gap,
        "clashes": list(plan.clashes),
        **(_mended(plan.mended, plan.before, plan.assessments[plan.target_year]) if plan.assessments else {}),
        "years": years,
        "purchases": [
            {"year": year, **record}
            for year, mine in bought
            for record in _purchases(mine, plan.assessments[year].standard)
        ],
    }


def _mended(mended: OtherPurchases, before: Assessment, after: Assessment) -> dict[str, object]:
    """Return what money mends beside the resources, what remains, and the districts' verdicts."""
    verdicts = before.districts.merge(after.districts, on="district", suffixes=("", "_after"))
    return {
        "mending": records(mended.items),
        "mending_cost_yuan": mended.cost,
        "mending_without_price": mended.unpriced,
        "remains": {str(verdict): names for verdict, names in outside(after).items()},
        "districts": [
            {"district": r.district, "before": str(r.verdict), "after": str(r.verdict_after)}
            for r in verdicts.itertuples()
        ],
    }


def transfers_document(found: Transfers) -> dict[str, object]:
    """Return transfers: each move, and the assessment after them."""
    moves = found.moves.rename(columns=staff_fields(found.before.standard)).to_dict("records")
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


def _spending(spending: BudgetPlan) -> dict[str, object]:
    return {
        "budget_yuan": spending.budget,
        "cost_yuan": spending.cost,
        "passing": spending.passing,
        "most_passing": spending.most_passing,
        "shortfall": spending.shortfall,
        "least_shortfall": spending.least_shortfall,
        "saves_per_10000_yuan": None if math.isnan(spending.saves) else spending.saves,
        "purchases": _purchases(spending.purchases, spending.before.standard),
        "assessment": assessment_document(spending.assessment),
    }


def _purchases(bought: pd.DataFrame, standard: Standard) -> list[dict[str, object]]:
    """Return a record for each purchase; whole persons and rooms as whole numbers."""
    return [
        {
            **record,
            "amount": int(record["amount"]) if record["amount"].is_integer() else record["amount"],
            "unit": Message(record["unit"], standard[record["code"]].resource.unit.en),
        }
        for record in bought[list(PURCHASE)].to_dict("records")
    ]


# What ``qb plan`` does: read, plan, print.


def run(
    data: Path,
    year: int | None = None,
    costs: Path | None = None,
    budget: float | None = None,
    standard: str | None = None,
    district: str | None = None,
    out: Path | None = None,
    as_json: bool = False,
    solver: str = "highs",
    to: int | None = None,
    moves: Path | None = None,
    prices: bool = False,
    lang: Lang = "zh",
) -> str:
    """Return what the command prints; write the plan as a scenario file where `out` is given.

    Parameters
    ----------
    to : int, optional
        A plan over years up to this one; `budget` is then that of each year;
        without one, what is needed is spread evenly.
    moves : Path, optional
        No money: transfers alone, written as a scenario file to this path.
    prices : bool
        Also say what else would be bought if one price were a fifth lower or higher.
    lang : {"zh", "en"}
    """
    chosen = None if solver == "highs" else solver
    if moves is not None:
        _refuse(
            Message("不花钱的调配（--transfers）", "Moves without money (--transfers)"),
            budget=budget,
            costs=costs,
            to=to,
            scenario=out,
            solver=chosen,
        )
    elif to is not None:
        _refuse(Message("分年方案（--to）", "A plan over years (--to)"), solver=chosen)
    tables = read(data, standard)
    if moves is not None:
        return _transfers(tables, year, standard, district, moves, as_json, lang)
    if to is not None:
        planned = plan_over_years(tables, budget, to, year, costs, standard, district)
        if out is not None:
            _write(out, planned.scenario, planned.status, planned.clashes)
        if as_json:
            return json_text(years_document(planned), lang)
        return told(years_summary(planned, load_costs(costs), out), lang)
    plan = cheapest_plan(tables, year, costs, budget, standard, district, solver=solver)
    short = budget is not None and plan.status is PlanStatus.INFEASIBLE
    spending = (
        best_use(tables, budget, plan.year, plan.costs, plan.before.standard, district, plan=plan)
        if short and not plan.before.standard.mean_decides
        else None
    )
    if out is not None:
        made = None if plan.cost is None else scenario(plan, tables, "费用最低的达标方案")
        if spending is not None:
            made = spending_scenario(spending, tables, f"预算 {budget:,.0f} 元的最佳用法")
        _write(out, made, plan.status, plan.clashes)
    swings = sensitivity(plan, tables, district) if prices and plan.cost else None
    if as_json:
        return json_text(json_document(plan, spending, swings), lang)
    return told(summary(plan, explain(plan) if plan.cost else None, spending, out, swings), lang)


def _transfers(
    tables: Dataset,
    year: int | None,
    standard: str | None,
    district: str | None,
    file: Path,
    as_json: bool,
    lang: Lang,
) -> str:
    found = transfers(tables, year, standard, district)
    write_whole(
        file,
        to_toml(
            moves_scenario(
                found.moves,
                found.year,
                "不花钱的调配方案",
                found.before.standard,
            )
        ),
    )
    return (
        json_text(transfers_document(found), lang) if as_json else told(transfers_summary(found, file), lang)
    )


def _refuse(asked: str, **others: object) -> None:
    given = [f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise QbError(
            "{}不能与 {} 同用，请分别使用。",
            "{} cannot go with {}: use them one at a time.",
            asked,
            listing(given),
        )


def _write(file: Path, made: Scenario | None, status: PlanStatus, clashes: tuple[str, ...]) -> None:
    if made is None:
        raise QbError(
            "没有方案可以写成情景文件：{}。{}",
            "There is no plan to write as a scenario: {}. {}",
            status,
            joined("；", "; ", clashes),
        )
    write_whole(file, to_toml(made))
