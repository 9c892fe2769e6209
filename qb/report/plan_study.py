"""The plan of a district, made once for all parts of its page; money and statuses in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.errors import QbError
from qb.indicators.verdicts import COMPOSITE, fails
from qb.language import told
from qb.planning.costs import Costs, load_costs
from qb.planning.plan.budgets import Spending, best_use
from qb.planning.plan.cheapest import Plan, cheapest_plan, legible, price_of_balance, purchases
from qb.planning.plan.explanation import Explanation, explain
from qb.planning.plan.planning_problem import build_problem
from qb.planning.plan.school_by_school import cheapest_by_school
from qb.planning.plan.transfers import Transfers, transfers
from qb.planning.plan.years_plan import YearsPlan, plan_over_years
from qb.report.context import DistrictPart, ReportContext, Row
from qb.report.words import Lang, number, say
from qb.terms import COMPULSORY

# Money and statuses as a reader of a plan sees them.


def money(yuan: float, lang: Lang) -> str:
    """Return an amount of money in the unit that readers count in.

    >>> money(11_744_811.5, "zh"), money(11_744_811.5, "en"), money(float("nan"), "zh")
    ('1,174.5 万元', '11.745 million yuan', '缺数据')
    """
    if yuan != yuan:
        return number(yuan, 1, lang)
    return say(lang, f"{number(yuan / 1e4, 1)} 万元", f"{number(yuan / 1e6, 3)} million yuan")


def money_range(low: float, high: float, lang: Lang) -> str:
    """Return a range of money, its unit once.

    >>> money_range(5_956_000, 27_828_000, "zh")
    '595.6—2,782.8 万元'
    """
    unit, decimals = (1e4, 1) if lang == "zh" else (1e6, 3)
    ends = number(low / unit, decimals), number(high / unit, decimals)
    return say(lang, "—".join(ends) + " 万元", "–".join(ends) + " million yuan")


# The plan of a district, made once for all parts of its page.


SECONDS = 5.0  # of improving, for each question of the page
STEPS = (0.25, 0.5, 0.75)  # of the cost, as budgets
AHEAD = 3  # school years, where the standard's own target year is not further ahead
FARTHEST = 5


class Work:
    """Every answer that the page shows, computed when it is first asked for.

    Where C1–C7 are not all reported there is no plan; `refused` says why.

    Parameters
    ----------
    costs : str
        A cost file; empty for the assumed costs shipped with qb.
    """

    def __init__(self, context: ReportContext, district: str, costs: str) -> None:
        self.context, self.district = context, district
        self.costs = _of_district(load_costs(costs or None), context.data, district)
        self.data = of_district(context.data, district)
        self.refused = ""
        self._planned = self._plan()

    def _plan(self) -> Plan | None:
        try:
            return cheapest_plan(**self._asked, seconds=2 * SECONDS)
        except QbError as error:
            self.refused = told(error, self.context.lang)
            return None

    @property
    def _asked(self) -> dict[str, object]:
        return {
            "data": self.data,
            "year": self.context.year,
            "costs": self.costs,
            "standard": self.context.standard,
        }

    @property
    def plan(self) -> Plan | None:
        """The cheapest plan; it may say that there is none. None where data are missing."""
        return self._planned

    @property
    def made(self) -> bool:
        """Whether there is a plan, be it to buy nothing."""
        return self.plan is not None and self.plan.cost is not None

    @cached_property
    def why(self) -> Explanation:
        """What stands behind the plan; only where one is made."""
        return explain(self.plan)

    @cached_property
    def for_balance(self) -> float:
        """What of the cost is spent on coefficients alone: the plan's less that of each school by itself."""
        alone = self.plan.problem.cost(cheapest_by_school(self.plan.problem).x)
        return max(self.plan.cost - alone, 0.0)

    @property
    def by_mean(self) -> bool:
        """Whether the mean of the coefficients decides: there is the cheapest plan, and no other question."""
        rule = self.context.standard.rules.coefficient
        return rule is not None and rule.decides == "mean"

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The price of balance."""
        if self.by_mean:
            return pd.DataFrame(columns=["cap", "yuan", "bound_yuan", "gap", "possible"])
        return price_of_balance(**self._asked, seconds=SECONDS)

    @cached_property
    def steps(self) -> list[Spending]:
        """What parts of the cost buy at best; none where there is nothing to buy."""
        return [step for step in map(self.step, STEPS) if step]

    def step(self, part: float) -> Spending | None:
        """Return what a part of the cost buys at best; None where nothing is to buy or the mean decides."""
        if not self.made or not self.plan.cost or self.by_mean:
            return None
        budget = float(np.round(part * self.plan.cost))
        return best_use(budget=budget, **self._asked, seconds=SECONDS)

    @cached_property
    def moves(self) -> Transfers | None:
        """What moving alone can reach; None where data are missing."""
        asked = {name: value for name, value in self._asked.items() if name != "costs"}
        return None if self.plan is None or self.by_mean else transfers(**asked, seconds=SECONDS)

    @cached_property
    def years(self) -> YearsPlan | None:
        """The plan in even yearly budgets, or why there is none; None where data are missing."""
        if self.plan is None or self.by_mean:
            return None
        year, target = self.context.year, self.context.standard.target_year
        to = target if year < target <= year + FARTHEST else year + AHEAD
        return plan_over_years(budget=None, to=to, **self._asked, seconds=SECONDS)

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Each coefficient without and with the purchases: district, stage, code, limit, before, after."""
        return self.why.coefficients[self.why.coefficients["code"] != COMPOSITE]


@dataclass(frozen=True)
class Alone:
    """What each school of a district buys where it is looked at by itself, coefficients left aside.

    Attributes
    ----------
    bought : dict of str to list of dict
        The purchases of each school that buys something, as of `Plan.purchases`.
    stuck : frozenset of str
        Schools that cannot pass within the upper bounds of the cost file.
    refused : bool
        Whether nothing can be computed, for want of data.
    """

    bought: dict[str, list[Row]]
    stuck: frozenset[str]
    refused: bool


def alone(context: ReportContext, district: str, costs: str) -> Alone:
    """Return the cheapest way of each school by itself: the plan's own problem without coefficients, kept."""
    asked = ("alone", district, costs)
    if asked not in context.kept:
        context.kept[asked] = _alone(context, district, costs)
    return context.kept[asked]


def _alone(context: ReportContext, district: str, costs: str) -> Alone:
    data = of_district(context.data, district)
    try:
        prices = _of_district(load_costs(costs or None), context.data, district)
        problem = build_problem(data, context.year, context.standard, prices)
    except QbError:
        return Alone({}, frozenset(), refused=True)
    found = cheapest_by_school(problem)
    bought: dict[str, list[Row]] = {}
    for row in purchases(problem, legible(problem, found.x)).to_dict("records"):
        bought.setdefault(row["school_id"], []).append(row)
    return Alone(bought, frozenset(problem.rows["school_id"][found.stuck]), refused=False)


@dataclass(frozen=True)
class PlanPart(DistrictPart):
    """One district of a context, and what is computed once for all parts of its page."""

    work: Work = field(kw_only=True, repr=False)

    def over(self, frame: pd.DataFrame) -> np.ndarray:
        """Return which of `Work.coefficients` are above their limit without the purchases."""
        found = np.zeros(len(frame), dtype=bool)
        for stage in COMPULSORY:
            mine = (frame["stage"] == stage).to_numpy()
            found[mine] = fails(frame.loc[mine, "before"], self.context.standard, "coefficient", stage=stage)
        return found


def _of_district(costs: Costs, data: Dataset, district: str) -> Costs:
    """Return a cost file without what it says of schools of other districts."""
    schools = data["schools"]
    elsewhere = set(schools.loc[(schools["district"] != district).to_numpy(), "school_id"])
    own = tuple(entry for entry in costs.schools if entry.school_id not in elsewhere)
    return costs.model_copy(update={"schools": own})


def of_district(data: Dataset, district: str) -> Dataset:
    """Return a district's part of a dataset: its own rows, and those of its schools."""
    if data.districts == [district]:
        return data
    schools, zones, kept = data["schools"], data["zones"], {}
    own = {
        name: set(frame.loc[(frame["district"] == district).to_numpy(), name])
        for name, frame in (("school_id", schools), ("zone_id", zones))
    }
    for table, frame in data.tables.items():
        if "district" in frame:
            mine = frame["district"] == district
        else:
            name = "school_id" if "school_id" in frame else "zone_id"  # walks are those of zones
            mine = frame[name].isin(own[name])
        kept[table] = frame[mine.to_numpy(dtype=bool)]
    return data.replace(**kept)
