"""Tables and sentences for readers: what `judge` found, in words. No figure is computed anew."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

_HOMES = MappingProxyType(
    {
        "AnnualReport": "annual",
        "Book": "book",
        "Column": "table",
        "DataReport": "data",
        "DistrictReport": "district",
        "ForecastReport": "forecast",
        "PlanReport": "plan",
        "ScenarioReport": "scenario",
        "SchoolReport": "school",
        "Table": "table",
        "open_book": "book",
    }
)
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    # On first use: who writes an index has no need of what plans and forecasts rest on.
    if name not in _HOMES:
        raise AttributeError(f"module 'qb.report' has no attribute {name!r}")
    return getattr(import_module(f"qb.report.{_HOMES[name]}"), name)
