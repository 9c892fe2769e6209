"""The plan of a district, made once for all parts of its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from qb.costs import Costs, load_costs
from qb.dataset import Dataset
from qb.errors import QbError
from qb.judge import COMPOSITE, fails
from qb.plan import (
    Explanation,
    Plan,
    Spending,
    Transfers,
    YearsPlan,
    best_use,
    cheapest_plan,
    explain,
    plan_over_years,
    price_of_balance,
    transfers,
)
from qb.plan.schools import cheapest_by_school
from qb.report.book import Book
from qb.report.district.part import DistrictPart
from qb.terms import COMPULSORY

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

    def __init__(self, book: Book, district: str, costs: str) -> None:
        self.book, self.district = book, district
        self.costs = _of_district(load_costs(costs or None), book.data, district)
        self.data = of_district(book.data, district)
        self.refused = ""
        self._planned = self._plan()

    def _plan(self) -> Plan | None:
        try:
            return cheapest_plan(**self._asked, seconds=2 * SECONDS)
        except QbError as error:
            self.refused = str(error)
            return None

    @property
    def _asked(self) -> dict[str, object]:
        return {
            "data": self.data,
            "year": self.book.year,
            "costs": self.costs,
            "standard": self.book.standard,
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
        alone = self.plan.problem.yuan @ cheapest_by_school(self.plan.problem).x
        return max(self.plan.cost - float(alone), 0.0)

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The price of balance."""
        return price_of_balance(**self._asked, seconds=SECONDS)

    @cached_property
    def steps(self) -> list[Spending]:
        """What parts of the cost buy at best; none where there is nothing to buy."""
        if not self.made or not self.plan.cost:
            return []
        budgets = [float(np.round(part * self.plan.cost)) for part in STEPS]
        return [best_use(budget=budget, **self._asked, seconds=SECONDS) for budget in budgets]

    @cached_property
    def moves(self) -> Transfers | None:
        """What moving alone can reach; None where data are missing."""
        asked = {name: value for name, value in self._asked.items() if name != "costs"}
        return None if self.plan is None else transfers(**asked, seconds=SECONDS)

    @cached_property
    def years(self) -> YearsPlan | None:
        """The plan in even yearly budgets, or why there is none; None where data are missing."""
        if self.plan is None:
            return None
        year, target = self.book.year, self.book.standard.target_year
        to = target if year < target <= year + FARTHEST else year + AHEAD
        return plan_over_years(budget=None, to=to, **self._asked, seconds=SECONDS)

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Each coefficient without and with the purchases: district, stage, code, limit, before, after."""
        return self.why.coefficients[self.why.coefficients["code"] != COMPOSITE]


@dataclass(frozen=True)
class PlanPart(DistrictPart):
    """One district of a book, and what is computed once for all parts of its page."""

    work: Work = field(kw_only=True, repr=False)

    def over(self, frame: pd.DataFrame) -> np.ndarray:
        """Return which of `Work.coefficients` are above their limit without the purchases."""
        found = np.zeros(len(frame), dtype=bool)
        for stage in COMPULSORY:
            mine = (frame["stage"] == stage).to_numpy()
            found[mine] = fails(frame.loc[mine, "before"], self.book.standard, "coefficient", stage=stage)
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
    schools = data["schools"]
    own = set(schools.loc[(schools["district"] == district).to_numpy(), "school_id"])
    kept = {}
    for name, frame in data.tables.items():
        mine = frame["district"] == district if "district" in frame else frame["school_id"].isin(own)
        kept[name] = frame[mine.to_numpy(dtype=bool)]
    return data.replace(**kept)
