"""What ``qb plan`` does: read, plan, print."""

from __future__ import annotations

import json
from pathlib import Path

from qb.dataset import read
from qb.errors import QbError
from qb.plan.cheapest import PlanStatus, cheapest_plan
from qb.plan.document import document
from qb.plan.explain import explain
from qb.plan.purchases import scenario
from qb.plan.spending import best_use
from qb.plan.summary import summary
from qb.scenario import to_toml


def run(
    data: Path,
    year: int | None = None,
    costs: Path | None = None,
    budget: float | None = None,
    standard: str | None = None,
    district: str | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> str:
    """Return what the command prints; write the plan as a scenario file where `out` is given.

    Where the budget is not enough, what it buys at best is added.
    """
    tables = read(data)
    plan = cheapest_plan(tables, year, costs, budget, standard, district)
    short = budget is not None and plan.status is PlanStatus.INFEASIBLE
    spending = (
        best_use(tables, budget, plan.year, plan.costs, plan.before.standard, district) if short else None
    )
    if out is not None:
        if plan.cost is None:
            raise QbError(f"没有方案可以写成情景文件：{plan.status.zh}。{'；'.join(plan.clashes)}")
        made = scenario(plan.problem, tables, plan.purchases, plan.year, "费用最低的达标方案")
        out.write_text(to_toml(made), encoding="utf-8")
    if as_json:
        return json.dumps(document(plan, spending), ensure_ascii=False, allow_nan=False)
    return summary(plan, explain(plan) if plan.cost else None, spending)
