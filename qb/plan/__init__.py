"""The cheapest dataset that passes, with proof; what a budget, or no money at all, can do; and why.

`cheapest_plan` is exact: whole persons and rooms, the choice of what stays at 85 %, every coefficient as a
cone. Every plan carries a bound that no plan can fall below, and is assessed again by `qb.assess` before it
is handed out.
"""

from qb.costs import CostError, Costs, load_costs
from qb.plan.cheapest import Plan, PlanStatus, cheapest_plan
from qb.plan.curve import price_of_balance
from qb.plan.document import document
from qb.plan.explain import Explanation, explain
from qb.plan.moves import moves_scenario
from qb.plan.over_years import YearsPlan, plan_over_years
from qb.plan.purchases import apply_purchases, scenario
from qb.plan.spending import Spending, best_use
from qb.plan.summary import summary
from qb.plan.transfers import Transfers, transfers

__all__ = [
    "CostError",
    "Costs",
    "Explanation",
    "Plan",
    "PlanStatus",
    "Spending",
    "Transfers",
    "YearsPlan",
    "apply_purchases",
    "best_use",
    "cheapest_plan",
    "document",
    "explain",
    "load_costs",
    "moves_scenario",
    "plan_over_years",
    "price_of_balance",
    "scenario",
    "summary",
    "transfers",
]
