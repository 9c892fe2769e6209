"""A mixed-integer linear program, put together block by block and solved by HiGHS."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array

Terms = tuple[np.ndarray, np.ndarray | float]  # places of variables, one for each row, and what they count


@dataclass(frozen=True)
class Answer:
    """What was found in the time given.

    Attributes
    ----------
    v : ndarray or None
        The variables of the best solution.
    bound : float
        No solution costs less; minus infinity where nothing is known.
    impossible : bool
        It is proven that there is no solution.
    """

    v: np.ndarray | None
    bound: float
    impossible: bool


class Program:
    """Variables with bounds, and rows of the form ``sum of terms >= right``."""

    def __init__(self) -> None:
        self.lower, self.upper, self.whole = [], [], []
        self.rows, self.columns, self.values, self.right = [], [], [], []
        self.width = self.height = 0

    def variables(
        self,
        count: int,
        lower: np.ndarray | float = 0.0,
        upper: np.ndarray | float = np.inf,
        whole: object = False,
    ) -> np.ndarray:
        """Add variables and return their places."""
        lower, upper, whole = (np.broadcast_to(np.asarray(a, float), (count,)) for a in (lower, upper, whole))
        # HiGHS has cut off the best solution where a whole number had a bound like 1.456.
        self.lower.append(np.where(whole > 0, np.ceil(lower - 1e-9), lower))
        self.upper.append(np.where(whole > 0, np.floor(upper + 1e-9), upper))
        self.whole.append(whole)
        self.width += count
        return np.arange(self.width - count, self.width)

    def at_least(self, right: np.ndarray | float, *terms: Terms) -> None:
        """Add a row for each entry of `right`: what the terms of that row add up to is at least that."""
        right = np.atleast_1d(np.asarray(right, dtype=float))
        for places, values in terms:
            self._enter(self.height + np.arange(len(right)), places, values)
        self._close(right)

    def sums_at_least(self, right: np.ndarray, group: np.ndarray, *terms: Terms) -> None:
        """Add a row for each entry of `right`; each variable of the terms counts in the row of its group."""
        for places, values in terms:
            self._enter(self.height + group, places, values)
        self._close(np.asarray(right, dtype=float))

    def total_at_least(self, right: float, *terms: Terms) -> int:
        """Add one row in which all terms count, and return its place."""
        for places, values in terms:
            self._enter(np.full(len(places), self.height), places, values)
        self._close(np.array([right], dtype=float))
        return self.height - 1

    def _enter(self, rows: np.ndarray, places: np.ndarray, values: np.ndarray | float) -> None:
        self.rows.append(rows)
        self.columns.append(places)
        self.values.append(np.broadcast_to(np.asarray(values, dtype=float), (len(places),)))

    def _close(self, right: np.ndarray) -> None:
        self.right.append(right)
        self.height += len(right)

    def least(self, *cost: Terms, gap: float = 0.0, seconds: float = 60.0) -> Answer:
        """Look for the solution that costs least."""
        with silent():
            found = milp(
                self._weights(cost),
                integrality=np.concatenate(self.whole).astype(int),
                bounds=Bounds(np.concatenate(self.lower), np.concatenate(self.upper)),
                constraints=LinearConstraint(self._matrix(), np.concatenate(self.right), np.inf),
                options={"time_limit": max(seconds, 0.1), "mip_rel_gap": gap},
            )
        bound = found.mip_dual_bound
        known = bound is not None and np.isfinite(bound)
        return Answer(found.x, float(bound) if known else -np.inf, found.status == 2)

    def price(self, row: int, *cost: Terms) -> float:
        """Return by how much the least cost, whole numbers apart, rises with the right side of a row."""
        bounds = np.column_stack([np.concatenate(self.lower), np.concatenate(self.upper)])
        right = -np.concatenate(self.right)
        found = linprog(self._weights(cost), A_ub=-self._matrix(), b_ub=right, bounds=bounds)
        return float("nan") if found.x is None else float(-found.ineqlin.marginals[row])

    def _weights(self, cost: tuple[Terms, ...]) -> np.ndarray:
        weights = np.zeros(self.width)
        for places, values in cost:
            np.add.at(weights, places, values)
        return weights

    def _matrix(self) -> csr_array:
        entries = (np.concatenate(self.values), (np.concatenate(self.rows), np.concatenate(self.columns)))
        return coo_array(entries, shape=(self.height, self.width)).tocsr()


@contextmanager
def silent() -> Iterator[None]:
    """Keep the C library's standard output shut: HiGHS prints a line of its own there, amid our JSON."""
    sys.stdout.flush()
    libc, kept = ctypes.CDLL(None if os.name == "posix" else "msvcrt"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        libc.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
