"""What if: actions on a dataset, and what becomes of the verdicts.

A scenario is a TOML file (its fields: ``README.md`` beside this file). Each action turns one register of a
year into another; `apply` does them on a dataset, `years` year by year, `whatif` compares.
"""

from __future__ import annotations

from qb.data.distances import great_circle_km
from qb.planning.scenario.coming_years import BaseYears, apply, carry_forward, years, years_of_scenario
from qb.planning.scenario.comparison import Comparison, Outcome, json_document, walking, whatif
from qb.planning.scenario.comparison import total as scenario_cost
from qb.planning.scenario.scenario_file import Action, Scenario, ScenarioError, combined, load, to_toml
from qb.planning.scenario.scenario_summary import summary

__all__ = [
    "Action",
    "BaseYears",
    "Comparison",
    "Outcome",
    "Scenario",
    "ScenarioError",
    "apply",
    "carry_forward",
    "combined",
    "great_circle_km",
    "json_document",
    "load",
    "scenario_cost",
    "summary",
    "to_toml",
    "walking",
    "whatif",
    "years",
    "years_of_scenario",
]
