"""An assessment as one JSON document, in the shape that others rely on (see the README)."""

from __future__ import annotations

import math

import pandas as pd

from qb.judge.assessment import Assessment
from qb.standard import SEVEN

FRAMES = ("areas", "balance", "rows", "excluded", "indicators", "warnings")


def document(assessment: Assessment) -> dict[str, object]:
    """Return the assessment as plain lists and dicts; figures unrounded, "no data" as null."""
    return {
        "year": assessment.year,
        "standard": assessment.standard.name,
        "invented": assessment.invented,
        "districts": _districts(assessment),
    }


def _districts(assessment: Assessment) -> list[dict[str, object]]:
    grouped = {name: _by_district(getattr(assessment, name)) for name in FRAMES}
    relieved = {d["district"]: d for d in _districts(assessment.transition)} if assessment.transition else {}
    shortfalls = _shortfalls(assessment.shortfalls)
    monitored = _monitored(assessment)
    result = []
    for district, verdict in assessment.districts[["district", "verdict"]].itertuples(index=False):
        mine = {name: frames.get(district, []) for name, frames in grouped.items()}
        entry = {
            "district": district,
            "verdict": verdict,
            "areas": {row["area"]: row["verdict"] for row in mine["areas"]},
            "balance": [_without(row, "district") for row in mine["balance"]],
            "schools": [_school(row, shortfalls) for row in mine["rows"]],
            "excluded": [_only(row, "school_id", "name", "stage", "reason") for row in mine["excluded"]],
            "indicators": [_without(row, "district") for row in mine["indicators"]],
            "monitoring": monitored.get(district, []),
            "warnings": [_without(row, "district") for row in mine["warnings"]],
        }
        if relieved:
            entry["transition"] = relieved[district]
        result.append(entry)
    return result


def _monitored(assessment: Assessment) -> dict[str, list[dict[str, object]]]:
    """Return each subject's level and rate, with the school year that they are from."""
    codes = [indicator.code for indicator in assessment.standard.monitored]
    found = assessment.findings[assessment.findings["code"].isin(codes).to_numpy()]
    kept = found.rename(columns={"detail": "subject"})
    return {
        district: [_without(row, "district") for row in rows]
        for district, rows in _by_district(
            kept[["district", "subject", "part", "year", "value", "limit", "verdict"]]
        ).items()
    }


def _by_district(frame: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    rows: dict[str, list[dict[str, object]]] = {}
    for record in frame.to_dict("records"):
        plain = {name: _plain(value) for name, value in record.items()}
        rows.setdefault(str(plain["district"]), []).append(plain)
    return rows


def _shortfalls(frame: pd.DataFrame) -> dict[tuple, dict[str, dict[str, object]]]:
    found: dict[tuple, dict[str, dict[str, object]]] = {}
    named = ["school_id", "stage", "code", "to_standard", "to_floor", "supports"]
    for record in frame[named].to_dict("records"):
        row = found.setdefault((record["school_id"], record["stage"]), {})
        row[record["code"]] = {name: _plain(record[name]) for name in named[3:]}
    return found


def _school(row: dict[str, object], shortfalls: dict[tuple, dict]) -> dict[str, object]:
    return {
        **_only(row, "school_id", "name", "stage", "pupils", "new"),
        "values": {code: row[code] for code in SEVEN},
        "verdicts": {code: row[f"{code}_verdict"] for code in SEVEN},
        "met": row["met"],
        "verdict": row["verdict"],
        "shortfall": shortfalls.get((row["school_id"], row["stage"]), {}),
    }


def _only(row: dict[str, object], *names: str) -> dict[str, object]:
    return {name: row[name] for name in names}


def _without(row: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in names}


def _plain(value: object) -> object:
    """Return a number JSON can hold: whole numbers as such, "no data" as None."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return None if value is None or value is pd.NA else value
