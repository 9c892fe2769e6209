"""What pages, forms and documents say of what was judged, in words and tables; nothing is compared with a limit."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

_HOMES = MappingProxyType(
    {
        "AnnualReport": "annual_report",
        "Column": "tables",
        "DataReport": "data_report",
        "DistrictReport": "district_report",
        "ForecastReport": "forecast_report",
        "LedgerReport": "ledger_report",
        "PlanReport": "plan_report",
        "ReportContext": "context",
        "ResearchReport": "research_report",
        "ScenarioReport": "scenario_report",
        "SchoolReport": "school_report",
        "Table": "tables",
        "open_context": "context",
        "open_panel": "explore_panel",
        "open_siting": "explore_sites",
    }
)
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    # On first use: who writes an index has no need of what plans and forecasts rest on.
    if name not in _HOMES:
        raise AttributeError(f"module 'qb.report' has no attribute {name!r}")
    return getattr(import_module(f"qb.report.{_HOMES[name]}"), name)
