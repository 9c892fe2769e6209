"""For which school rows a transition clause holds, and what is known of their classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.dataset import Dataset
from qb.measure.census import STAGES, Census, codes
from qb.standard import Clause


def holds(clause: Clause, data: Dataset, census: Census, rows: np.ndarray) -> np.ndarray:
    """Return for each of these sections whether every condition of the clause is met, shape (rows,).

    A condition on something that was not reported does not hold: a relief is never presumed.
    """
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


@dataclass(frozen=True)
class ListedClasses:
    """The rows of ``classes`` of a year, by section.

    Attributes
    ----------
    counted, blank : ndarray of int, shape (sections,)
        Classes listed with their pupils, and without.
    pupils, largest : ndarray, shape (sections,)
        Of those with pupils: in all, and in the largest; 0 where there is none.
    row : ndarray of int, shape (classes,)
        Place of the section of each class with pupils.
    size : ndarray, shape (classes,)
        Its pupils.
    """

    counted: np.ndarray
    blank: np.ndarray
    pupils: np.ndarray
    largest: np.ndarray
    row: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, data: Dataset, census: Census) -> ListedClasses:
        """Read the classes that are of a section of the census."""
        table = census.of_year(data["classes"])
        size = table["pupils"].to_numpy(dtype=float)
        wanted = census.roots(table["school_id"]) * len(STAGES) + codes(table["stage"], STAGES)
        section = census.school * len(STAGES) + census.stage
        place = np.full(len(census.schools) * len(STAGES), -1)
        place[section] = np.arange(len(section))
        row = place[wanted]
        size, row = size[row >= 0], row[row >= 0]
        known, count = ~np.isnan(size), len(section)
        largest = np.zeros(count)
        np.maximum.at(largest, row[known], size[known])
        return cls(
            counted=np.bincount(row[known], minlength=count),
            blank=np.bincount(row[~known], minlength=count),
            pupils=np.bincount(row[known], weights=size[known], minlength=count),
            largest=largest,
            row=row[known],
            size=size[known],
        )


def _by_school(census: Census, figure: str) -> np.ndarray:
    """Return a figure of the compulsory stages together, shape (schools,)."""
    rows = census.compulsory
    return np.bincount(
        census.school[rows], weights=census.figures[figure][rows], minlength=len(census.schools)
    )


def _largest_class(data: Dataset, census: Census) -> np.ndarray:
    """Return the pupils in each school's largest class of the compulsory stages, shape (schools,).

    Infinite unless each stage lists as many classes, each with its pupils, as it reported.
    """
    listed, rows = ListedClasses.of(data, census), census.compulsory
    complete = (listed.blank == 0) & (listed.counted == census.figures["classes"]) & (listed.largest > 0)
    largest = np.zeros(len(census.schools))
    np.maximum.at(largest, census.school[rows], np.where(complete, listed.largest, np.inf)[rows])
    return np.where(largest > 0, largest, np.inf)
