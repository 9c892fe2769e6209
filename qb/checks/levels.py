"""Figures per pupil, and what is usual among schools of one stage and year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.checks.view import KINDS, STAGES, View

_NORMAL = 1.4826  # the median absolute deviation of a bell curve is its deviation divided by this


@dataclass(frozen=True)
class Levels:
    """One column per pupil, row by row, with the peers it is compared with.

    Attributes
    ----------
    value : ndarray, shape (rows,)
        Per pupil; NaN where the figure or the pupils are not known or 0, where the school is of a kind
        that the seven leave out, still filling up, or too small to compare.
    usual : ndarray, shape (rows,)
        Median of the peers; NaN where there are too few of them.
    spread : ndarray, shape (rows,)
        Their robust deviation on the logarithmic scale.
    """

    value: np.ndarray
    usual: np.ndarray
    spread: np.ndarray


def levels(view: View, table: str, column: str) -> Levels:
    """Return a column per pupil.

    Peers are the rows of the same year and stage in the whole dataset; where these are fewer than the
    standard asks (schools that report facilities as one, say) all rows of the year.
    """
    return view.once(("levels", table, column), lambda: _levels(view, table, column))


def _levels(view: View, table: str, column: str) -> Levels:
    rule = view.checks.peers
    amount, heads = view.numbers(table, column), view.pupils[view.slot(table)]
    ordinary = _ordinary(view)[view.school(table)] & ~view.filling(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(ordinary & (amount > 0) & (heads >= max(rule.pupils, 1)), amount / heads, np.nan)
        log = np.log(value)
    usual, spread = np.full((2, len(value)), np.nan)
    year, stage = view.year(table), view.stage(table)
    for whom in (np.zeros_like(year), 1 + stage):  # the finer groups, where they are large enough
        group = np.where(np.isnan(log), -1, year * (len(STAGES) + 1) + whom)
        for number in np.unique(group[group >= 0]):
            rows = group == number
            if rows.sum() >= rule.schools:
                middle = np.median(log[rows])
                usual[rows] = np.exp(middle)
                spread[rows] = _NORMAL * np.median(np.abs(log[rows] - middle))
    return Levels(value, usual, spread)


def _ordinary(view: View) -> np.ndarray:
    """Return whether each school is one to compare with others, and False for an unknown one at -1."""
    special = [KINDS.index(kind) for kind in view.standard.rules.exclusion.kinds]
    return np.append(~np.isin(view.kind, special), False)
