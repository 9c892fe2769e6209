"""Values against limits: verdicts, coefficients, shortfalls, and the district's verdict."""

from qb.judge.assessment import AREAS, Assessment, assess, choose_year
from qb.judge.seven import COMPOSITE
from qb.judge.verdicts import fails, overall

__all__ = ["AREAS", "COMPOSITE", "Assessment", "assess", "choose_year", "fails", "overall"]
