"""Purchases as a table, written into a dataset, and as the actions of a scenario file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.errors import QbError
from qb.plan.pose import COLUMNS
from qb.plan.problem import Problem
from qb.scenario import Scenario
from qb.standard import SEVEN

# What teachers of a kind are called in a scenario file.
STAFF = {"C1": "above_required", "C2": "backbone", "C3": "pe_arts"}
MEANS = {"C4": "build", "C5": "build", "C6": "buy", "C7": "buy"}
LEAST = 1e-9  # of an m² or yuan: what is less is noise, not a purchase


def purchases(problem: Problem, x: np.ndarray) -> pd.DataFrame:
    """Return a row for each purchase, school by school.

    Columns: district, school_id, name, stage (as the dataset reports it; ``whole`` for a school that reports
    as one), code, amount, unit, cost_yuan, low_yuan, high_yuan, yearly.
    """
    bought = problem.pools.assign(amount=x)[x > LEAST]
    frame = pd.DataFrame(
        {
            **{
                name: bought[name]
                for name in ("district", "school_id", "name", "stage", "code", "amount", "unit")
            },
            "cost_yuan": bought["amount"] * bought["yuan"],
            "low_yuan": bought["amount"] * np.minimum(bought["low"], bought["yuan"]),
            "high_yuan": bought["amount"] * np.maximum(bought["high"], bought["yuan"]),
            "yearly": bought["yearly"],
        }
    )
    return frame.sort_values(["district", "school_id", "stage", "code"], ignore_index=True)


def apply_purchases(data: Dataset, bought: pd.DataFrame, year: int) -> Dataset:
    """Return the dataset with the purchases in it.

    Parameters
    ----------
    bought : DataFrame
        school_id, stage, code, amount; others are not looked at.
    year : int
        The school year whose records change.

    Raises
    ------
    QbError
        If a purchase names a record that is not there.

    Notes
    -----
    A purchase adds to one column. Only where a section would then have more backbone, say, than full-time
    teachers does the number of full-time teachers rise as well, and with it those certified and trained: the
    difference is hired.
    """
    tables = {name: data[name].copy() for name in ("sections", "facilities")}
    for code, mine in bought.groupby("code"):
        table, column = COLUMNS[code]
        frame = tables[table]
        wanted = pd.MultiIndex.from_frame(mine[["school_id", "stage"]].astype(object))
        here = frame[(frame["year"] == year).to_numpy()]
        found = pd.MultiIndex.from_frame(here[["school_id", "stage"]].astype(object)).get_indexer(wanted)
        if (found < 0).any():
            raise QbError(f"数据中没有方案要增加的记录：{'、'.join(map(str, wanted[found < 0][:10]))}。")
        frame.loc[here.index[found], column] += mine["amount"].to_numpy(dtype=float)
    sections = tables["sections"]
    short = hired(data["sections"], sections)
    for column in ("full_time_teachers", "certified_teachers", "trained_teachers"):
        sections[column] += short
    return data.replace(**tables)


def hired(before: pd.DataFrame, after: pd.DataFrame) -> np.ndarray:
    """Return how many teachers each section must hire so that no kind outnumbers the full-time teachers.

    Only what the purchases bring about: a section that reports it so already is left as it is.
    """
    columns = [COLUMNS[code][1] for code in STAFF]
    most, was = (frame[columns].max(axis=1).to_numpy(dtype=float) for frame in (after, before))
    staff = after["full_time_teachers"].to_numpy(dtype=float)
    return np.nan_to_num(np.where(most > was, np.maximum(most - np.fmax(staff, was), 0), 0))


def scenario(problem: Problem, data: Dataset, bought: pd.DataFrame, year: int, title: str) -> Scenario:
    """Return the purchases as a scenario: ``train``, ``hire``, ``build`` and ``buy``.

    Done on the dataset by `qb.scenario.apply` it gives what `apply_purchases` gives. Write it to a file with
    `qb.scenario.to_toml`.
    """
    staffed = [d["sections"]["full_time_teachers"] for d in (data, apply_purchases(data, bought, year))]
    short = pd.Series(np.nan_to_num(staffed[1] - staffed[0]), index=_keys(data["sections"]))
    actions = []
    for (school, stage), mine in bought.groupby(["school_id", "stage"], sort=False):
        amounts = dict(zip(mine["code"], mine["amount"], strict=True))
        staff = {STAFF[code]: round(amounts[code]) for code in STAFF if code in amounts}
        place = {"school": school, "stage": stage}
        if staff and (new := round(short[year, school, stage])):
            theirs = {name: min(number, new) for name, number in staff.items()}
            staff = {name: staff[name] - theirs[name] for name in staff}
            everything = dict.fromkeys(STAFF.values(), 0) | theirs | {"certified": new, "trained": new}
            actions.append({"do": "hire", **place, "teachers": new, **everything})
        if staff := {name: number for name, number in staff.items() if number}:
            actions.append({"do": "train", **place, **staff})
        for do in ("build", "buy"):
            means = {COLUMNS[c][1]: amounts[c] for c in SEVEN if MEANS.get(c) == do and c in amounts}
            if means:
                actions.append({"do": do, **place, **_whole(means)})
    return Scenario.model_validate({"title": title, "base_year": year, "actions": actions})


def _keys(sections: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(sections[["year", "school_id", "stage"]].astype(object))


def _whole(means: dict[str, float]) -> dict[str, float]:
    return {name: round(v) if name == "multimedia_rooms" else float(v) for name, v in means.items()}
