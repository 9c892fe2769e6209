"""Which schools are there in a year, and which stages each of them must report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Stage

KINDS = tuple(Kind)
TAUGHT = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR)


def is_open(schools: pd.DataFrame, year: int) -> np.ndarray:
    """Return which schools are there in a year, shape (schools,); one without such years is taken to be.

    >>> years = pd.DataFrame({"opened_year": [2024, 2025, np.nan], "closed_year": [np.nan, np.nan, 2023]})
    >>> is_open(years, 2024).tolist()
    [True, False, False]
    """
    opened, closed = (schools[name].to_numpy(dtype=float) for name in ("opened_year", "closed_year"))
    return ~(opened > year) & ~(closed < year)


def silent_stages(kind: np.ndarray, root: np.ndarray, reported: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return the stages that should have been reported and were not.

    A school that is there and reported nothing owes each stage of its kind; of an unknown kind, both
    compulsory stages. One that reported some owes the rest as well, but for what its campuses have, and
    unless its kind says only which stages it may have (special schools). The kind of a campus counts
    where it says something: not if it repeats that of its school, or contradicts it or what the campus
    reported.

    Parameters
    ----------
    kind : ndarray of int, shape (schools,)
        Place in `KINDS`, -1 where not reported.
    root : ndarray of int, shape (schools,)
        Place of the school that each one is counted with: itself, or for a campus its school.
    reported : ndarray of bool, shape (schools, 3)
        Whether there is a row for the stage.
    there : ndarray of bool, shape (schools,)
        Whether the school is open.

    Returns
    -------
    ndarray of bool, shape (schools, 3)

    Examples
    --------
    A nine-year school that reported its primary stage owes the junior one; with a campus that reported
    junior pupils it owes nothing.

    >>> nine = np.array([KINDS.index(Kind.NINE_YEAR)] * 2)
    >>> primary, junior = [True, False, False], [False, True, False]
    >>> there = np.array([True, True])
    >>> silent_stages(nine[:1], np.array([0]), np.array([primary]), there[:1]).tolist()
    [[False, True, False]]
    >>> silent_stages(nine, np.array([0, 0]), np.array([primary, junior]), there).any()
    np.False_
    """
    has = np.zeros((len(KINDS) + 1, len(TAUGHT)), dtype=bool)
    for k, of_kind in enumerate(KINDS):
        has[k] = [stage in STAGES_OF_KIND[of_kind] for stage in TAUGHT]
    has[-1] = [stage in COMPULSORY for stage in TAUGHT]
    campus = root != np.arange(len(root))
    implied = has[kind] & has[kind[root]]
    implied = np.where(implied.any(axis=1, keepdims=True), implied, has[kind[root]])
    telling = (kind >= 0) & (kind != KINDS.index(Kind.SPECIAL))
    telling &= ~campus | ((kind != kind[root]) & ~(reported & ~implied).any(axis=1))
    answered = reported.any(axis=1)
    silent = implied & ~reported & np.where(answered, telling, there)[:, None]
    of_campuses = np.zeros_like(reported)
    np.logical_or.at(of_campuses, root[campus], (reported | silent)[campus])
    return silent & ~(of_campuses & (answered & ~campus)[:, None])
