"""What if: actions on a dataset, and what becomes of the verdicts.

A scenario is a TOML file (its fields: ``README.md`` beside this file). Each action turns one register of a
year into another; `apply` does them on a dataset, `years` year by year, `whatif` compares.
"""

from __future__ import annotations

from qb.data.dataset import great_circle_km
from qb.planning.scenario.coming_years import Years, apply, carry_forward, course_of, years
from qb.planning.scenario.comparison import Comparison, Outcome, document, walking, whatif
from qb.planning.scenario.comparison import total as scenario_cost
from qb.planning.scenario.scenario_file import Action, Scenario, ScenarioError, combined, load, to_toml
from qb.planning.scenario.scenario_summary import summary

__all__ = [
    "Action",
    "Comparison",
    "Outcome",
    "Scenario",
    "ScenarioError",
    "Years",
    "apply",
    "carry_forward",
    "combined",
    "course_of",
    "document",
    "great_circle_km",
    "load",
    "scenario_cost",
    "summary",
    "to_toml",
    "walking",
    "whatif",
    "years",
]
