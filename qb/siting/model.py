"""The constraints as sparse rows, for `scipy.optimize.milp`."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from qb.siting.problem import NONE, Problem


def _largest(problem: Problem) -> np.ndarray:
    """Return the options that no other one of the site outdoes at every stage: size costs nothing here."""
    site, brought = problem.option_site, problem.option_capacity
    at_least = (brought[None] >= brought[:, None]).all(axis=2) & (site[None] == site[:, None])
    equal = at_least & at_least.T
    earlier = np.tri(len(site), k=-1, dtype=bool)
    return np.flatnonzero(~((at_least & ~equal) | (equal & earlier)).any(axis=1))


class Model:
    """The constraints; its unknowns are the arcs (group to seat), the options, and who has no seat."""

    def __init__(self, problem: Problem, most: int, least: int, without: tuple[frozenset[int], ...]) -> None:
        self.kept = _largest(problem)
        self.option_site, self.brought = problem.option_site[self.kept], problem.option_capacity[self.kept]
        largest = problem.capacity + self.brought.max(axis=0, initial=0.0)
        fits = problem.children[:, None] <= largest + 1e-9
        self.group, self.seat = np.nonzero(~np.isnan(problem.km) & fits)
        self.problem, self.least = problem, least
        self.sizes = (len(self.group), len(self.kept), len(problem.children))
        self.rows: list[LinearConstraint] = [*self._seating(), *self._opening(most, least, without)]

    def _part(self, arcs=None, options=None, alone=None, rows: int = 1) -> sparse.csr_array:
        """Return rows of coefficients; what is not given is 0."""
        parts = zip((arcs, options, alone), self.sizes, strict=True)
        blocks = [sparse.csr_array((rows, n)) if p is None else sparse.csr_array(p) for p, n in parts]
        return sparse.hstack(blocks, format="csr")

    def _marks(self, row: np.ndarray, values: np.ndarray, rows: int, kept=slice(None)) -> sparse.csr_array:
        """Return a row for each place with the value of each arc in the row that it belongs to."""
        arc = np.arange(len(self.group))[kept]
        return sparse.csr_array((values[kept], (row[kept], arc)), shape=(rows, len(self.group)))

    def _seating(self) -> Iterable[LinearConstraint]:
        problem, ones = self.problem, np.ones(len(self.group))
        groups, seats = problem.km.shape
        children = problem.children[self.group]
        yield LinearConstraint(
            self._part(self._marks(self.group, ones, groups), None, sparse.eye_array(groups), groups), 1, 1
        )
        load = self._marks(self.seat, children, seats)
        yield LinearConstraint(self._part(load, -self.brought.T, None, seats), -np.inf, problem.capacity)
        # Who has no seat has not left.
        had = problem.now != NONE
        before = np.bincount(problem.now[had], problem.children[had], seats)
        stays = self._marks(self.seat, children, seats, problem.now[self.group] == self.seat)
        alone = sparse.csr_array(
            (problem.children[had], (problem.now[had], np.flatnonzero(had))), shape=(seats, groups)
        )
        yield LinearConstraint(self._part(stays, None, alone, seats), before - problem.leaving, np.inf)

    def _opening(
        self, most: int, least: int, without: tuple[frozenset[int], ...]
    ) -> Iterable[LinearConstraint]:
        problem, ones = self.problem, np.ones(len(self.group))
        options, sites = self.sizes[1], problem.sites
        if not sites:
            return
        of_site = sparse.csr_array(
            (np.ones(options), (self.option_site, np.arange(options))), shape=(sites, options)
        )
        yield LinearConstraint(self._part(None, of_site, None, sites), -np.inf, 1)
        yield LinearConstraint(self._part(None, np.ones((1, options))), least, most)
        # Nobody goes to a site that does not offer the stage: arc by arc, which keeps the relaxation close.
        new = np.flatnonzero(problem.site[self.seat] != NONE)
        offers = (self.brought > 0)[:, self.seat[new]].T.astype(float)
        each = self._marks(np.searchsorted(new, np.arange(len(self.group))), ones, len(new), new)
        yield LinearConstraint(self._part(each, -offers, None, len(new)), -np.inf, 0)
        visits = self._marks(problem.site[self.seat], ones, sites, new)
        yield LinearConstraint(self._part(-visits, of_site, None, sites), -np.inf, 0)
        for chosen in without:
            sign = np.where(np.isin(self.option_site, list(chosen)), -1.0, 1.0)
            yield LinearConstraint(self._part(None, sign[None, :]), 1 - len(chosen), np.inf)

    def run(
        self,
        cost: np.ndarray,
        rows: list[tuple[np.ndarray, float, float]],
        end: float,
        gap: float,
        unseated: bool = False,
        opening: float = 0.0,
    ) -> OptimizeResult:
        """Minimise the cost of the arcs; or of who has no seat; or the number of sites."""
        arcs, options, groups = self.sizes
        alone = self.problem.children if unseated else np.zeros(groups)
        extra = [LinearConstraint(self._part(row[None, :]), low, high) for row, low, high in rows]
        return milp(
            np.concatenate([cost, np.full(options, opening), alone]),
            integrality=np.ones(sum(self.sizes)),
            bounds=Bounds(0, np.concatenate([np.ones(arcs + options), np.full(groups, float(unseated))])),
            constraints=[*self.rows, *extra],
            options={"time_limit": max(end - time.monotonic(), 0.5), "mip_rel_gap": gap},
        )

    def arcs(self, x: np.ndarray) -> np.ndarray:
        """Return which arcs are taken."""
        return x[: self.sizes[0]] > 0.5

    def seats(self, arcs: np.ndarray) -> np.ndarray:
        """Return the seat of each group."""
        seat = np.full(self.sizes[2], NONE)
        seat[self.group[arcs]] = self.seat[arcs]
        return seat

    def options(self, x: np.ndarray) -> list[int]:
        """Return the options that are opened."""
        return self.kept[x[self.sizes[0] : sum(self.sizes[:2])] > 0.5].tolist()
