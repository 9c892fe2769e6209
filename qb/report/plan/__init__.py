"""The plan's page: the least cost of the standard, with proof, and what else could be done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from qb.report.district.part import DistrictPart
from qb.report.plan.assumed import PlanAssumed
from qb.report.plan.balance import PlanBalance
from qb.report.plan.limits import PlanLimits
from qb.report.plan.means import PlanMeans
from qb.report.plan.purchases import PlanPurchases
from qb.report.plan.verdict import PlanVerdict
from qb.report.plan.work import PlanPart, Work


@dataclass(frozen=True)
class PlanReport(DistrictPart):
    """Everything a plan's page shows, part by part.

    Attributes
    ----------
    book : Book
    district : str
        Empty for the only one of the data.
    costs : str
        A cost file; empty for the assumed costs shipped with qb.
    """

    costs: str = ""

    @cached_property
    def work(self) -> Work:
        """The plan and all answers around it."""
        return Work(self.book, self.district, self.costs)

    def _part(self, kind: type[PlanPart]) -> PlanPart:
        return kind(self.book, self.district, work=self.work)

    @property
    def verdict(self) -> PlanVerdict:
        """What the standard costs, and how sure that is."""
        return self._part(PlanVerdict)

    @property
    def purchases(self) -> PlanPurchases:
        """What to buy, and who answers for it."""
        return self._part(PlanPurchases)

    @property
    def balance(self) -> PlanBalance:
        """What balance costs, and what the plan does to it."""
        return self._part(PlanBalance)

    @property
    def limits(self) -> PlanLimits:
        """Which limits bind, and what they are worth."""
        return self._part(PlanLimits)

    @property
    def means(self) -> PlanMeans:
        """Less money, no money, money over years."""
        return self._part(PlanMeans)

    @property
    def assumed(self) -> PlanAssumed:
        """What is taken for granted."""
        return self._part(PlanAssumed)


__all__ = ["PlanReport"]
