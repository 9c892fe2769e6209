"""qb: is schooling in this district balanced, and what would it take? 义务教育优质均衡分析.

The public names are those of the README; they are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "load": "qb.data.reading",
    "check": "qb.data.checks",
    "assess": "qb.indicators.assessment",
    "balance": "qb.balance",
    "cheapest_plan": "qb.planning.plan.cheapest",
    "scenario": "qb.planning.scenario",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'qb' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if name in ("balance", "scenario") else getattr(module, "read" if name == "load" else name)
