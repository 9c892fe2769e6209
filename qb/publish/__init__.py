"""From an assessment to a site: notebooks executed by papermill, pages written by nbconvert, one index."""

from __future__ import annotations

from importlib import import_module

__all__ = ["Site", "publish"]


def __getattr__(name: str) -> object:
    # On first use: a worker that renders pages has no need of what judges and reports.
    if name not in __all__:
        raise AttributeError(f"module 'qb.publish' has no attribute {name!r}")
    return getattr(import_module("qb.publish.front"), name)
