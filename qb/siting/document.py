"""A siting as one JSON document, in the shape that others rely on (see the README)."""

from __future__ import annotations

import pandas as pd

from qb.siting.candidates import Candidate
from qb.siting.plans import NOW, Siting
from qb.siting.solve import Status
from qb.terms import COMPULSORY

FIGURES = (
    "children",
    "within",
    "mean_km",
    "farthest_km",
    "child_km",
    "bound",
    "gap",
    "unplaced",
    "moved",
    "cost_yuan",
    "low_yuan",
    "high_yuan",
    "rows",
    "passing",
    "no_data",
    "over",
    "lacking",
    "lacking_yuan",
)


def document(siting: Siting) -> dict[str, object]:
    """Return a siting as plain lists and dicts; figures unrounded, what is not known as null."""
    return {
        "year": siting.year,
        "status": str(siting.status),
        "closest": siting.closest,
        "options": [_option(siting, record) for record in _records(siting.options)],
        "notes": list(siting.notes),
    }


def _option(siting: Siting, record: dict[str, object]) -> dict[str, object]:
    option = record["option"]
    ways = siting.distances[(siting.distances["option"] == option).to_numpy()]
    done = option == NOW
    return {
        "option": option,
        "status": None if done else str(Status(record["status"])),
        "sites": [] if done else [_site(one) for one in siting.opened(option)],
        **{name: record[name] for name in FIGURES},
        "reason": record["reason"],
        "stages": _records(ways.drop(columns="option")),
        "assignments": [] if done else _records(siting.assigned(option)),
    }


def _site(one: Candidate) -> dict[str, object]:
    return {
        "site": one.site,
        "name": one.name,
        "kind": str(one.kind),
        "longitude": one.longitude,
        "latitude": one.latitude,
        "capacity": {str(stage): one.capacity(stage) for stage in COMPULSORY if one.capacity(stage)},
        "cost_yuan": one.cost_yuan,
        "source": one.source,
    }


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")
