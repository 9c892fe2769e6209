"""The annual report: what a district publishes each year."""

from __future__ import annotations

from functools import cached_property

from qb.report.annual.changes import AnnualChanges
from qb.report.annual.conditions import AnnualConditions
from qb.report.annual.goal import AnnualGoal
from qb.report.annual.ledger import AnnualLedger
from qb.report.annual.method import AnnualMethod
from qb.report.annual.opening import AnnualOpening
from qb.report.annual.part import AnnualPart
from qb.report.annual.tasks import AnnualTasks
from qb.report.annual.years import AnnualYears
from qb.report.forecast import ForecastReport


class AnnualReport(AnnualPart):
    """Everything an annual report shows, part by part."""

    @cached_property
    def opening(self) -> AnnualOpening:
        """Title, key figures and headlines."""
        return AnnualOpening(self.book, self.district)

    @cached_property
    def years(self) -> AnnualYears:
        """The last five years, and what moved."""
        return AnnualYears(self.book, self.district)

    @cached_property
    def goal(self) -> AnnualGoal:
        """Progress to the target year."""
        return AnnualGoal(self.book, self.district)

    @cached_property
    def changes(self) -> AnnualChanges:
        """What changed against the year before."""
        return AnnualChanges(self.book, self.district)

    @cached_property
    def conditions(self) -> AnnualConditions:
        """Class sizes and rooms."""
        return AnnualConditions(self.book, self.district)

    @cached_property
    def tasks(self) -> AnnualTasks:
        """Tasks of the plan, evidence, veto self-check."""
        return AnnualTasks(self.book, self.district)

    @cached_property
    def ledger(self) -> AnnualLedger:
        """Problems and measures."""
        return AnnualLedger(self.book, self.district)

    @cached_property
    def pupils(self) -> ForecastReport:
        """Pupils in the years to come."""
        return ForecastReport(self.book, self.district)

    @cached_property
    def method(self) -> AnnualMethod:
        """Rules, conventions, corrections."""
        return AnnualMethod(self.book, self.district)


__all__ = ["AnnualReport"]
