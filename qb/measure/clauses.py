"""For which school rows a transition clause holds."""

from __future__ import annotations

import numpy as np

from qb.dataset import Dataset
from qb.measure.census import Census
from qb.standard import Clause


def holds(clause: Clause, data: Dataset, census: Census) -> np.ndarray:
    """Return for each judged row whether every condition of the clause is met, shape (rows,).

    A condition on something that was not reported does not hold: a relief is never presumed.
    """
    rows = census.judged
    school = census.school[rows]
    if not clause.from_year <= census.year <= clause.to_year:
        return np.zeros(len(rows), dtype=bool)
    schools = census.schools
    pupils = _by_school(census, "pupils")[school]
    mask = np.ones(len(rows), dtype=bool)
    if clause.locations:
        mask &= schools["location"].isin([str(place) for place in clause.locations]).to_numpy()[school]
    if clause.pupils_from is not None:
        mask &= pupils >= clause.pupils_from
    if clause.pupils_to is not None:
        mask &= pupils <= clause.pupils_to
    if clause.built_by is not None:
        mask &= schools["built_year"].to_numpy(dtype=float)[school] <= clause.built_by
    if clause.migrant_share_above is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            share = _by_school(census, "migrant_pupils")[school] / pupils
        mask &= share > clause.migrant_share_above
    if clause.largest_class_below is not None:
        mask &= _largest_class(data, census)[school] < clause.largest_class_below
    return mask


def _by_school(census: Census, figure: str) -> np.ndarray:
    """Return a figure of the compulsory stages together, shape (schools,)."""
    rows = census.compulsory
    return np.bincount(
        census.school[rows], weights=census.figures[figure][rows], minlength=len(census.schools)
    )


def _largest_class(data: Dataset, census: Census) -> np.ndarray:
    """Return the pupils in each school's largest class; infinite where none, or not each, is reported."""
    table = census.of_year(data["classes"])
    size = table["pupils"].to_numpy(dtype=float)
    largest = np.full(len(census.schools), -np.inf)
    np.maximum.at(largest, census.roots(table["school_id"]), np.where(np.isnan(size), np.inf, size))
    return np.where(largest > 0, largest, np.inf)
