"""What if: actions on a dataset, and what becomes of the verdicts.

A scenario is a TOML file (its fields: ``README.md`` beside this file). Each action turns one register of a
year into another; `apply` does them on a dataset, `years` year by year, `whatif` compares.
"""

from qb.scenario.apply import apply, carry_forward, years
from qb.scenario.compare import Comparison, Outcome, whatif
from qb.scenario.distance import great_circle_km, walking
from qb.scenario.document import document
from qb.scenario.files import load, to_toml
from qb.scenario.model import Action, Scenario, ScenarioError
from qb.scenario.summary import summary

__all__ = [
    "Action",
    "Comparison",
    "Outcome",
    "Scenario",
    "ScenarioError",
    "apply",
    "carry_forward",
    "document",
    "great_circle_km",
    "load",
    "summary",
    "to_toml",
    "walking",
    "whatif",
    "years",
]
