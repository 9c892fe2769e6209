"""Every fault in a dataset, all at once, from a registry of numbered rules."""

from qb.checks.registry import LISTED, RULES, check, doubts, require
from qb.checks.rule import Rule

__all__ = ["LISTED", "RULES", "Rule", "check", "doubts", "require"]
