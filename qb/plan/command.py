"""What ``qb plan`` does: read, plan, print."""

from __future__ import annotations

import json
from pathlib import Path

from qb.costs import load_costs
from qb.dataset import Dataset, read
from qb.errors import QbError
from qb.files import write_whole
from qb.plan.cheapest import PlanStatus, cheapest_plan
from qb.plan.document import document, transfers_document, years_document
from qb.plan.explain import explain
from qb.plan.moves import moves_scenario
from qb.plan.over_years import plan_over_years
from qb.plan.purchases import scenario
from qb.plan.spending import best_use
from qb.plan.summary import summary, transfers_summary, years_summary
from qb.plan.transfers import transfers
from qb.scenario import Scenario, to_toml


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
) -> str:
    """Return what the command prints; write the plan as a scenario file where `out` is given.

    Parameters
    ----------
    to : int, optional
        A plan over years up to this one; `budget` is then that of each year;
        without one, what is needed is spread evenly.
    moves : Path, optional
        No money: transfers alone, written as a scenario file to this path.
    """
    chosen = None if solver == "highs" else solver
    if moves is not None:
        _refuse("不花钱的调配（--transfers）", budget=budget, costs=costs, to=to, scenario=out, solver=chosen)
    elif to is not None:
        _refuse("分年方案（--to）", scenario=out, solver=chosen)
    tables = read(data)
    if moves is not None:
        return _transfers(tables, year, standard, district, moves, as_json)
    if to is not None:
        planned = plan_over_years(tables, budget, to, year, None, costs, standard, district)
        return _printed(years_document(planned)) if as_json else years_summary(planned, load_costs(costs))
    plan = cheapest_plan(tables, year, costs, budget, standard, district, solver=solver)
    short = budget is not None and plan.status is PlanStatus.INFEASIBLE
    spending = (
        best_use(tables, budget, plan.year, plan.costs, plan.before.standard, district) if short else None
    )
    if out is not None:
        if plan.cost is None:
            raise QbError(f"没有方案可以写成情景文件：{plan.status.zh}。{'；'.join(plan.clashes)}")
        _write(out, scenario(plan.problem, tables, plan.purchases, plan.year, "费用最低的达标方案"))
    if as_json:
        return _printed(document(plan, spending))
    return summary(plan, explain(plan) if plan.cost else None, spending, out)


def _transfers(
    tables: Dataset, year: int | None, standard: str | None, district: str | None, file: Path, as_json: bool
) -> str:
    found = transfers(tables, year, standard, district)
    _write(file, moves_scenario(found.moves, found.year, "不花钱的调配方案"))
    return _printed(transfers_document(found)) if as_json else transfers_summary(found, file)


def _refuse(asked: str, **others: object) -> None:
    given = [f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise QbError(f"{asked}不能与 {'、'.join(given)} 同用，请分别使用。")


def _write(file: Path, made: Scenario) -> None:
    write_whole(file, to_toml(made))


def _printed(told: dict[str, object]) -> str:
    return json.dumps(told, ensure_ascii=False, allow_nan=False)
