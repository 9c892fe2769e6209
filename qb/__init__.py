"""qb: is schooling in this district balanced, and what would it take? 义务教育优质均衡分析.

The public names, loaded when they are first used:

- ``load(path)`` reads a folder or workbook; ``Dataset.of(schools=…, sections=…)`` takes frames;
- ``check(data)`` names every fault; ``assess(data, year=…)`` judges, from a `Dataset` or a path;
- ``scenario`` does actions on data; ``cheapest_plan(data)`` finds what it costs to meet the standard;
- ``balance`` has the measures of inequality; ``charts`` the figures, and ``charts.style()`` for your own.

Examples
--------
>>> import qb
>>> round(qb.balance.difference_coefficient(amount=[12, 28], pupils=[100, 400]).coefficient, 6)
0.25
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "qb.data.dataset",
    "assess": "qb.indicators.assessment",
    "balance": "qb.balance",
    "charts": "qb.charts",
    "cheapest_plan": "qb.planning.plan.cheapest",
    "check": "qb.data.checks",
    "load": "qb.data.reading",
    "scenario": "qb.planning.scenario",
}
_ROOMS = ("balance", "charts", "scenario")
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'qb' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if name in _ROOMS else getattr(module, name)


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__version__"]
