"""The decision with proof: which sites to open and which seat each group of children has."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qb.errors import QbError
from qb.siting.model import Model
from qb.siting.problem import NONE, Problem
from qb.terms import Term

GAP = 1e-7  # a walk proven to be within this share of the least is the least
INFEASIBLE = 2  # as `milp` says it


class Status(Term):
    """What is known of a plan."""

    OPTIMAL = "optimal", "已证最优"
    TIME_LIMIT = "time limit", "到时，未证最优"
    INFEASIBLE = "infeasible", "学位不够"


class OutOfTimeError(QbError):
    """No plan was found in the time; the message says what to do."""


class Proof(NamedTuple):
    """A value, what no plan can better, and by what share of the value they differ."""

    value: float
    bound: float
    gap: float

    @classmethod
    def of(cls, value: float, bound: float) -> Proof:
        """Return a value with its bound and gap."""
        value, bound = float(value), float(bound)
        apart = abs(value - bound)
        return cls(value, bound, apart / abs(value) if value else float(apart > 0))


@dataclass(frozen=True)
class Solution:
    """One plan.

    Attributes
    ----------
    status : Status
    seat : ndarray of int, shape (groups,)
        `NONE` for a group that has no place (only where infeasible).
    opened : tuple of int
        Options, in their order; of those of one site the smallest with which the plan can be done.
    within : Proof
        Children whose walk is within the limit.
    walk : Proof
        Kilometres walked by all children together, given as many within the limit.
    unplaced : float
        Children for whom there is no place; no plan has fewer.
    """

    status: Status
    seat: np.ndarray
    opened: tuple[int, ...]
    within: Proof
    walk: Proof
    unplaced: float = 0.0


def solve(
    problem: Problem,
    most: int,
    seconds: float = 25.0,
    without: Iterable[frozenset[int]] = (),
    least: int = 0,
) -> Solution:
    """Seat every group of children; first as many within distance as can be, then with the least walk.

    Parameters
    ----------
    most, least : int
        How many sites may, and must, be opened.
    seconds : float
        Stop improving then, and say what is proven.
    without : iterable of frozenset of int
        Sets of sites that are not to be opened.

    Raises
    ------
    OutOfTimeError
        If no plan was found.

    Notes
    -----
    An open site has pupils. Where not everyone can have a place, as many as possible are placed, and the
    walk is not looked at; with `least` nobody is.

    Examples
    --------
    Two zones, and a school for 91 children in the first of them. Both cannot go there. Together they
    would walk less if the second one went elsewhere; but it has one child more within 500 m of the school.

    >>> problem = Problem(
    ...     children=np.array([60.0, 61.0]),
    ...     km=np.array([[0.0, 1.2], [0.24, 0.96]]),
    ...     limit=np.array([0.5, 0.5]),
    ...     now=np.array([0, 0]),
    ...     capacity=np.array([91.0, 300.0]),
    ...     leaving=np.array([100.0, 100.0]),
    ...     site=np.array([NONE, NONE]),
    ...     option_site=np.array([], dtype=int),
    ...     option_capacity=np.zeros((0, 2)),
    ... )
    >>> plan = solve(problem, most=0)
    >>> plan.seat.tolist(), plan.within.value, round(plan.walk.value, 2)
    ([1, 0], 61.0, 86.64)
    """
    end = time.monotonic() + seconds
    model = Model(problem, most, least, tuple(without))
    near = problem.near[model.group, model.seat]
    counted = np.where(near, problem.children[model.group], 0.0)
    total = float(problem.children.sum())
    if near.all() or not near.any():  # nothing to choose: only whether all can be seated
        first, bound, rows = None, total if near.all() else 0.0, []
    else:
        # Whole children: what differs by less than one is equal.
        found = model.run(-counted, [], end - seconds / 2, 0.9 / total)
        if found.status == INFEASIBLE:
            return _crowded(problem, model, end)
        first = _needed(found.x, seconds)
        bound = np.floor(-found.mip_dual_bound + 1e-6)
        rows = [(counted, float(counted @ model.arcs(first)) - 0.5, np.inf)]
    walk = problem.children[model.group] * problem.km[model.group, model.seat]
    found = model.run(walk, rows, end, GAP)
    if found.status == INFEASIBLE:
        return _crowded(problem, model, end)
    found_of = [x for x in (first, found.x) if x is not None]  # the second may have run out of time
    x = min(found_of, key=lambda x: walk @ model.arcs(x)) if found_of else _needed(None, seconds)
    arcs = model.arcs(x)
    seat = model.seats(arcs)
    proven_walk = 0.0 if found.mip_dual_bound is None else found.mip_dual_bound
    least_walk = min(proven_walk, float(walk @ arcs))
    within = Proof.of(float(counted @ arcs), max(bound, float(counted @ arcs)))
    proven = found.success and within.gap * total < 1
    status = Status.OPTIMAL if proven else Status.TIME_LIMIT
    return Solution(
        status, seat, _smallest(problem, model.options(x), seat), within,
        Proof.of(float(walk @ arcs), least_walk),
    )  # fmt: skip


def fewest(problem: Problem, seconds: float = 10.0) -> int | None:
    """Return the least number of sites with which everyone has a place; None where none is found."""
    model = Model(problem, problem.sites, 0, ())
    found = model.run(np.zeros(len(model.group)), [], time.monotonic() + seconds, 0.0, opening=1.0)
    return None if found.x is None else len(model.options(found.x))


def _needed(x: np.ndarray | None, seconds: float) -> np.ndarray:
    if x is None:
        raise OutOfTimeError(f"在 {seconds:.0f} 秒内没有找到方案。请把时限 seconds 放宽，或减少候选校址。")
    return x


def _crowded(problem: Problem, model: Model, end: float) -> Solution:
    """Place as many children as possible; nobody where sites must be opened, for there may be no plan."""
    nothing = Proof(np.nan, np.nan, np.nan)
    if model.least:
        seat = np.full(len(problem.children), NONE)
        return Solution(Status.INFEASIBLE, seat, (), nothing, nothing, float(problem.children.sum()))
    left = max(end, time.monotonic() + 2.0)
    found = model.run(np.zeros(len(model.group)), [], left, 0.9 / problem.children.sum(), unseated=True)
    x = _needed(found.x, 2.0)
    seat = model.seats(model.arcs(x))
    opened = _smallest(problem, model.options(x), seat)
    return Solution(
        Status.INFEASIBLE, seat, opened, nothing, nothing, float(problem.children[seat == NONE].sum())
    )


def _smallest(problem: Problem, opened: Iterable[int], seat: np.ndarray) -> tuple[int, ...]:
    """Return for each open site the smallest option that holds those who are seated there."""
    placed = seat != NONE
    load = np.bincount(seat[placed], problem.children[placed], problem.km.shape[1])
    chosen = []
    for site in problem.option_site[list(opened)]:
        here = problem.site == site
        fits = [
            option
            for option in np.flatnonzero(problem.option_site == site)
            if (problem.option_capacity[option, here] >= load[here] - 1e-6).all()
        ]
        chosen.append(int(min(fits, key=lambda option: problem.option_capacity[option].sum())))
    return tuple(sorted(chosen))
