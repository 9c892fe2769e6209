"""Transition clauses: for which schools one holds, what it adds to a resource, which limit it puts in place of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from qb.indicators.population import Population
from qb.standard import Clause, Limit, Standard, Transition


def additions(
    transition: Transition | None,
    standard: Standard,
    population: Population,
    rows: np.ndarray,
    column: Callable[[str], np.ndarray],
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what clauses have counted in beside a resource: its code, and how much more at each row, shape (rows,).

    `column` gives one by its name, shape (sections,).
    """
    for clause in transition.clauses if transition else ():
        if clause.adds and clause.code in standard.resource_codes:
            found = np.nan_to_num(column(clause.adds)[rows])
            yield clause.code, np.where(holds(clause, population, rows), found, 0)


def reliefs(
    transition: Transition | None, code: str, population: Population, rows: np.ndarray
) -> Iterator[tuple[tuple[Limit, ...], np.ndarray]]:
    """Yield the limits of each clause on an indicator, and the places of the schools for which it holds."""
    for clause in transition.clauses if transition else ():
        if clause.code == code and clause.limits:
            yield clause.limits, population.schools_of(rows[holds(clause, population, rows)])


def holds(clause: Clause, population: Population, rows: np.ndarray) -> np.ndarray:
    """Return for each of these sections whether every condition of the clause is met, shape (rows,).

    A condition on something that was not reported does not hold: a relief is never presumed.
    """
    school = population.school[rows]
    if not clause.from_year <= population.year <= clause.to_year:
        return np.zeros(len(rows), dtype=bool)
    schools = population.schools
    pupils = _by_school(population, "pupils")[school]
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
            share = _by_school(population, "migrant_pupils")[school] / pupils
        mask &= share > clause.migrant_share_above
    if clause.largest_class_below is not None:
        mask &= _largest_class_of_school(population)[school] < clause.largest_class_below
    return mask


def _by_school(population: Population, figure: str) -> np.ndarray:
    """Return a figure of the compulsory stages together, shape (schools,)."""
    rows = population.compulsory
    return np.bincount(
        population.school[rows], weights=population.figures[figure][rows], minlength=len(population.schools)
    )


def _largest_class_of_school(population: Population) -> np.ndarray:
    """Return the pupils in each school's largest class of the compulsory stages, shape (schools,).

    Infinite unless each stage lists as many classes, each with its pupils, as it reported.
    """
    listed, rows = population.listed_classes, population.compulsory
    top = np.maximum(listed.largest, listed.band_high)
    complete = (listed.counted + listed.banded == population.figures["classes"]) & (top > 0)
    complete &= (listed.blank == 0) & ~listed.shares(population)
    largest = np.zeros(len(population.schools))
    np.maximum.at(largest, population.school[rows], np.where(complete, top, np.inf)[rows])
    return np.where(largest > 0, largest, np.inf)
