"""The siting problem solved with proof: which sites to open, which seat each group of children has."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp

from qb.errors import QbError
from qb.language import Message, listing
from qb.planning.scenario import Scenario
from qb.planning.scenario.action_base import Estimate
from qb.planning.scenario.school_actions import OpenSchool
from qb.planning.siting.candidate_sites import Aim, Candidate, SitesFile, SitingError
from qb.planning.siting.siting_problem import NONE, Labels, SitingProblem
from qb.terms import COMPULSORY, Stage, Term

# The constraints as sparse rows, for `scipy.optimize.milp`.


def _largest(problem: SitingProblem) -> np.ndarray:
    """Return the options that no other one of the site outdoes at every stage, at no higher price."""
    site, brought = problem.option_site, problem.option_capacity
    yuan = np.zeros(len(site)) if problem.option_yuan is None else problem.option_yuan
    at_least = (brought[None] >= brought[:, None]).all(axis=2) & (site[None] == site[:, None])
    at_least &= yuan[None] <= yuan[:, None]
    equal = at_least & at_least.T
    earlier = np.tri(len(site), k=-1, dtype=bool)
    return np.flatnonzero(~((at_least & ~equal) | (equal & earlier)).any(axis=1))


class SitingModel:
    """The constraints; its unknowns are the arcs (group to seat), the options, and who has no seat.

    With `only` there are no other arcs than those that it marks, shape (groups, seats); an open site then
    need not have pupils, as they may come by an arc that is left out.
    """

    def __init__(
        self,
        problem: SitingProblem,
        most: int,
        least: int,
        without: tuple[frozenset[int], ...],
        only: np.ndarray | None = None,
        budget: float = np.inf,
    ) -> None:
        self.kept = _largest(problem)
        self.option_site, self.brought = problem.option_site[self.kept], problem.option_capacity[self.kept]
        largest = problem.capacity + self.brought.max(axis=0, initial=0.0)
        fits = problem.children[:, None] <= largest + 1e-9
        allowed = ~np.isnan(problem.km) & fits
        self.group, self.seat = np.nonzero(allowed if only is None else allowed & only)
        self.whole = only is None
        self.problem, self.least = problem, least
        self.sizes = (len(self.group), len(self.kept), len(problem.children))
        self.rows: list[LinearConstraint] = [*self._seating(), *self._opening(most, least, without)]
        if np.isfinite(budget) and len(self.kept):
            yuan = problem.option_yuan[None, self.kept] / max(budget, 1.0)  # as large as the rest
            self.rows.append(LinearConstraint(self._part(None, yuan), -np.inf, budget / max(budget, 1.0)))

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
        if self.whole:
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
        alone: np.ndarray | None = None,
        opening: float = 0.0,
        among: np.ndarray | None = None,
    ) -> OptimizeResult:
        """Minimise the cost of the arcs, of who has no seat (nobody may be, where `alone` is not given), and
        of the sites opened; with `among` there are no other arcs and options than those that it marks.
        """
        arcs, options, groups = self.sizes
        seatless = float(alone is not None)
        alone = np.zeros(groups) if alone is None else alone
        extra = [LinearConstraint(self._part(row[None, :]), low, high) for row, low, high in rows]
        open_ = np.ones(arcs + options) if among is None else among.astype(float)
        return milp(
            np.concatenate([cost, np.full(options, opening), alone]),
            integrality=np.ones(sum(self.sizes)),
            bounds=Bounds(0, np.concatenate([open_, np.full(groups, seatless)])),
            constraints=[*self.rows, *extra],
            options={"time_limit": max(end - time.monotonic(), 0.5), "mip_rel_gap": gap},
        )

    def minimise(
        self, cost: np.ndarray, rows: list[tuple[np.ndarray, float, float]], end: float
    ) -> OptimizeResult:
        """Minimise the cost of the arcs with everyone seated, as `run` does, in a part of the time.

        Without whole numbers an arc has a reduced cost: a plan that takes it costs so much more than the
        least at least. A plan is found roughly among the arcs within `NEARLY` of that; then exactly among
        those that could still better it.
        """
        relaxed = self._relaxed(cost, rows, end)
        if relaxed.status != 0:
            return self.run(cost, rows, end, GAP)
        reduced, room = relaxed.lower.marginals[: sum(self.sizes[:2])], NEARLY * abs(relaxed.fun)
        rough = self.run(cost, rows, end, NEARLY, among=reduced <= room)
        room = np.inf if rough.x is None else rough.fun - relaxed.fun + GAP * abs(relaxed.fun)
        found = self.run(cost, rows, end, GAP, among=reduced <= room)
        if found.x is None and rough.x is not None:
            found.x, found.fun = rough.x, rough.fun
        bound = relaxed.fun if found.mip_dual_bound is None else found.mip_dual_bound
        found.mip_dual_bound = min(bound, relaxed.fun + room)
        return found

    def _relaxed(
        self, cost: np.ndarray, rows: list[tuple[np.ndarray, float, float]], end: float
    ) -> OptimizeResult:
        """Return what is best without whole numbers, with everyone seated."""
        arcs, options, groups = self.sizes
        extra = [LinearConstraint(self._part(row[None, :]), low, high) for row, low, high in rows]
        parts: dict[str, list[tuple[sparse.csr_array, np.ndarray]]] = {"eq": [], "ub": []}
        for one in (*self.rows, *extra):
            matrix = sparse.csr_array(one.A)
            low, high = (np.broadcast_to(side, matrix.shape[0]) for side in (one.lb, one.ub))
            equal = low == high
            parts["eq"].append((matrix[equal], high[equal]))
            for sign, side in ((1, high), (-1, low)):
                some = np.isfinite(side) & ~equal
                parts["ub"].append((sign * matrix[some], sign * side[some]))
        sides = {}
        for name, blocks in parts.items():
            sides[f"A_{name}"] = sparse.vstack([matrix for matrix, _ in blocks], format="csr")
            sides[f"b_{name}"] = np.concatenate([side for _, side in blocks])
        most = np.concatenate([np.ones(arcs + options), np.zeros(groups)])
        return linprog(
            np.concatenate([cost, np.zeros(options + groups)]), **sides,
            bounds=np.column_stack([np.zeros(len(most)), most]), method="highs",
            options={"time_limit": max(end - time.monotonic(), 0.5)},
        )  # fmt: skip

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


# The decision with proof: which sites to open and which seat each group of children has.


NEARLY = 0.005  # of the least walk without whole numbers: arcs that cost more are left out at first
GAP = 1e-7  # a walk proven to be within this share of the least is the least
INFEASIBLE = 2  # as `milp` says it


class SitingStatus(Term):
    """What is known of a plan."""

    OPTIMAL = "optimal", "已证最优", "proven best"
    TIME_LIMIT = "time limit", "到时，未证最优", "out of time, not proven best"
    INFEASIBLE = "infeasible", "学位不够", "too few places"


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
class SitingSolution:
    """One plan."""

    status: SitingStatus
    seat: np.ndarray  # (groups,) of int: `NONE` for a group that has no place (only where infeasible)
    # Options, in their order; of those of one site the smallest with which the plan can be done.
    opened: tuple[int, ...]
    within: Proof  # children whose walk is within the limit; proven where that counts first
    walk: Proof  # kilometres walked by all children together, given as much of what counts first
    farthest: Proof  # the longest walk of a child, in kilometres; proven where that counts first
    unplaced: float = 0.0  # children for whom there is no place; no plan has fewer


def solve(
    problem: SitingProblem,
    most: int,
    seconds: float = 25.0,
    without: Iterable[frozenset[int]] = (),
    least: int = 0,
    budget: float = np.inf,
    reach: float = 0.0,
) -> SitingSolution:
    """Seat every group of children; first as many within distance as can be, then with the least walk.

    Where the problem counts the farthest walk first, that is made as short as can be in place of the
    number within distance; where it counts the walk of all, nothing goes before it.

    Parameters
    ----------
    most, least : int
        How many sites may, and must, be opened.
    seconds : float
        Stop improving then, and say what is proven.
    without : iterable of frozenset of int
        Sets of sites that are not to be opened.
    budget : float
        The most that opening the sites may cost (the problem's `option_yuan`).
    reach : float
        Where the walk of all counts first: how many must be within distance at least.

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

    >>> from qb.standard.limits import LimitInForce
    >>> problem = SitingProblem(
    ...     children=np.array([60.0, 61.0]),
    ...     km=np.array([[0.0, 1.2], [0.24, 0.96]]),
    ...     limit=LimitInForce(np.array([0.5, 0.5]), "<=", 2, False, 1e-9),
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
    without = tuple(without)
    model = SitingModel(problem, most, least, without, budget=budget)
    near = problem.near[model.group, model.seat]
    counted = np.where(near, problem.children[model.group], 0.0)
    walk = problem.children[model.group] * problem.km[model.group, model.seat]
    if problem.counts is Aim.WALK:
        rows = [(counted, reach - 0.5, np.inf)] if reach else []
        return _shortest(problem, model, walk, None, end, seconds, rows)
    if problem.counts is Aim.FARTHEST:
        far = _farthest(problem, model, end - seconds / 2)
        return _shortest(problem, model, walk, far, end, seconds)
    bound = _most_within(problem, most, least, without, seconds / 4, budget)
    rows = [(counted, bound - 0.5, np.inf)] if bound else []
    found = model.minimise(walk, rows, end - seconds / 4)
    first = None
    if found.x is None and rows:  # the bound is not reached, as far as is known: what can be reached?
        # Whole children: what differs by less than one is equal.
        reached = model.run(-counted, [(counted, -np.inf, bound + 0.5)], end, 0.9 / problem.children.sum())
        if reached.status == INFEASIBLE:
            return _crowded(problem, model, end)
        first = _needed(reached.x, seconds)
        bound = min(bound, float(np.floor(-reached.mip_dual_bound + 1e-6)))
        rows = [(counted, float(counted @ model.arcs(first)) - 0.5, np.inf)]
        found = model.minimise(walk, rows, end)
    if found.status == INFEASIBLE:
        return _crowded(problem, model, end)
    x = _needed(first if found.x is None else found.x, seconds)
    arcs = model.arcs(x)
    seat = model.seats(arcs)
    within = float(counted @ arcs)
    # Where the walk was minimised with fewer within distance than there are, its bound is no bound here.
    least_walk = 0.0 if found.mip_dual_bound is None else min(found.mip_dual_bound, float(walk @ arcs))
    status = SitingStatus.OPTIMAL if found.success and bound - within < 0.5 else SitingStatus.TIME_LIMIT
    return SitingSolution(
        status, seat, _smallest(problem, model.options(x), seat),
        Proof.of(within, max(bound, within)), Proof.of(float(walk @ arcs), least_walk),
        _open(walked(problem, seat).max()),
    )  # fmt: skip


def _open(value: float) -> Proof:
    """Return a value of which nothing is claimed."""
    return Proof(float(value), np.nan, np.nan)


def _shortest(
    problem: SitingProblem,
    model: SitingModel,
    walk: np.ndarray,
    far: tuple[float, float] | None,
    end: float,
    seconds: float,
    rows: Iterable[tuple[np.ndarray, float, float]] = (),
) -> SitingSolution:
    """Return the plan of the least walk; with `far` (kilometres, and their bound) nobody walks farther."""
    km = problem.km[model.group, model.seat]
    long = (km > far[0]).astype(float) if far else np.zeros(len(km))
    found = model.minimise(walk, [*rows, *([(long, -np.inf, 0.5)] if long.any() else [])], end)
    if found.status == INFEASIBLE:
        return _crowded(problem, model, end)
    x = _needed(found.x, seconds)
    arcs = model.arcs(x)
    seat = model.seats(arcs)
    least_walk = 0.0 if found.mip_dual_bound is None else min(found.mip_dual_bound, float(walk @ arcs))
    ways = walked(problem, seat)
    farthest = _open(ways.max()) if far is None else Proof.of(ways.max(), far[1])
    proven = found.success and (far is None or farthest.gap == 0)
    return SitingSolution(
        SitingStatus.OPTIMAL if proven else SitingStatus.TIME_LIMIT, seat, _smallest(problem, model.options(x), seat),
        _open(problem.children[problem.limit.meets(ways)].sum()),
        Proof.of(float(walk @ arcs), least_walk), farthest,
    )  # fmt: skip


def _farthest(problem: SitingProblem, model: SitingModel, end: float) -> tuple[float, float]:
    """Return the least distance known within which all children have a seat, and its bound, by halving.

    Where not everyone can have a seat at all it is the longest there is.
    """
    km = problem.km[model.group, model.seat]
    steps = np.unique(km)
    if not len(steps):
        return 0.0, 0.0
    low, high = 0, len(steps) - 1
    nothing = np.zeros(len(km))
    while low < high and time.monotonic() < end:
        middle = (low + high) // 2
        long = (km > steps[middle]).astype(float)
        found = model.run(nothing, [(long, -np.inf, 0.5)], end, 0.0)
        if found.x is not None:
            high = int(np.searchsorted(steps, km[model.arcs(found.x)].max()))
        elif found.status == INFEASIBLE:
            low = middle + 1
        else:
            break
    return float(steps[high]), float(steps[low])


def _most_within(
    problem: SitingProblem,
    most: int,
    least: int,
    without: tuple[frozenset[int], ...],
    seconds: float,
    budget: float,
) -> float:
    """Return a number of children that no plan exceeds within distance, found from the short ways alone.

    Whoever has a longer way may be seated or not: every plan remains, so what is best here bounds them all.
    There are few short ways, and this takes a small part of the time that all of them would.
    """
    model = SitingModel(problem, most, least, without, problem.near, budget)
    if not len(model.group):
        return 0.0
    children, total = problem.children, float(problem.children.sum())
    end = time.monotonic() + seconds
    found = model.run(-children[model.group], [], end, 0.9 / total, alone=np.zeros(len(children)))
    return total if found.mip_dual_bound is None else min(total, float(np.floor(1e-6 - found.mip_dual_bound)))


def fewest(problem: SitingProblem, seconds: float = 10.0) -> int | None:
    """Return the least number of sites with which everyone has a place; None where none is found."""
    model = SitingModel(problem, problem.sites, 0, ())
    found = model.run(np.zeros(len(model.group)), [], time.monotonic() + seconds, 0.0, opening=1.0)
    return None if found.x is None else len(model.options(found.x))


def _needed(x: np.ndarray | None, seconds: float) -> np.ndarray:
    if x is None:
        raise OutOfTimeError(
            "在 {:.0f} 秒内没有找到方案。请把时限 seconds 放宽，或减少候选校址。",
            "No plan was found in {:.0f} seconds. Allow more seconds, or fewer candidates.",
            seconds,
        )
    return x


def _crowded(problem: SitingProblem, model: SitingModel, end: float) -> SitingSolution:
    """Place as many children as possible; nobody where sites must be opened, for there may be no plan."""
    nothing = Proof(np.nan, np.nan, np.nan)
    if model.least:
        seat = np.full(len(problem.children), NONE)
        return SitingSolution(
            SitingStatus.INFEASIBLE, seat, (), nothing, nothing, nothing, float(problem.children.sum())
        )
    left = max(end, time.monotonic() + 2.0)
    found = model.run(
        np.zeros(len(model.group)), [], left, 0.9 / problem.children.sum(), alone=problem.children
    )
    x = _needed(found.x, 2.0)
    seat = model.seats(model.arcs(x))
    opened = _smallest(problem, model.options(x), seat)
    return SitingSolution(
        SitingStatus.INFEASIBLE, seat, opened, nothing, nothing, nothing,
        float(problem.children[seat == NONE].sum()),
    )  # fmt: skip


def _smallest(problem: SitingProblem, opened: Iterable[int], seat: np.ndarray) -> tuple[int, ...]:
    """Return for each open site the option that holds those seated there: the cheapest, or the smallest."""
    size = problem.option_capacity.sum(axis=1) if problem.option_yuan is None else problem.option_yuan
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
        chosen.append(int(min(fits, key=lambda option: size[option])))
    return tuple(sorted(chosen))


# The best plans as tables, each with the assignment of the zones, and as a scenario.


NOW = 0  # the option in which nothing is done


@dataclass(frozen=True)
class Siting:
    """The best plans, ranked. Option 1 is the best; option 0 is the district as it is."""

    year: int
    asked: SitesFile  # the candidates, and what was asked of them
    problem: SitingProblem
    labels: Labels
    # By rank; one of them opens no site and only assigns the zones anew.
    solutions: tuple[SitingSolution, ...]
    # `option`, `sites`, `status`; `children` with a way, `within` (those within distance), `within_bound`
    # (the most that any plan reaches) and `within_gap`; `mean_km`, `farthest_km`, its `farthest_bound` and
    # `farthest_gap`, `child_km`, its `bound` and `gap` (among plans with no fewer within distance, or nobody
    # farther; NaN are bounds of what does not count first); `unplaced`; `moved`, the children whose zone
    # changes school; `cost_yuan`, `low_yuan` and `high_yuan` of opening its schools; of the district under it
    # `rows`, `passing` and `no_data` (school and stage), `over` (C1–C7 coefficients above their limit, NaN
    # where none can be computed), `lacking` (figures of C1–C7 below the standard), `lacking_yuan` (what it
    # would cost to mend them), and `reason`, why it cannot be done on these data.
    options: pd.DataFrame
    # By option and stage: `children`, `within`, `mean_km`, `farthest_km`, `unknown` (without a way).
    distances: pd.DataFrame
    # What was left out; where not everyone has a place, how many have none and what would help.
    notes: tuple[str, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The schools that could be opened."""
        return self.asked.candidates

    @property
    def best(self) -> SitingSolution:
        """The plan of option 1."""
        return self.solutions[0]

    @property
    def status(self) -> SitingStatus:
        """What is known of the best plan."""
        return self.best.status

    @property
    def within(self) -> Proof:
        """Children within distance under the best plan, and the most that any plan can reach."""
        return self.best.within

    @property
    def bound(self) -> float:
        """No plan with as many within distance makes the children walk fewer kilometres together."""
        return self.best.walk.bound

    @property
    def gap(self) -> float:
        """By what share the walk of the best plan lies above `bound`."""
        return self.best.walk.gap

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """The candidates that the best plan opens."""
        return self.opened(1)

    @property
    def closest(self) -> int | None:
        """The option that brings the district closest to the standard; None where none can be done.

        The one with fewest school rows that do not pass, then fewest coefficients above their limit, then
        the cheapest to mend what is lacking; of equals the higher ranked.
        """
        judged = self.options[self.options["passing"].notna() & (self.options["option"] != NOW)]
        if judged.empty:
            return None
        failing = judged.assign(failing=judged["rows"] - judged["passing"])
        order = failing.sort_values(["failing", "over", "lacking_yuan", "option"])
        return int(order["option"].iloc[0])

    def opened(self, option: int) -> tuple[Candidate, ...]:
        """Return the candidates that an option opens."""
        return tuple(self.candidates[number] for number in self._solution(option).opened)

    def assigned(self, option: int) -> pd.DataFrame:
        """Return a row for each zone and stage: `before` and `school_id` (None: no place), `km`, `within`."""
        seat, problem = self._solution(option).seat, self.problem
        way, group = walked(problem, seat), self.labels.groups
        return pd.DataFrame(
            {
                "zone_id": group["zone_id"],
                "stage": group["stage"],
                "children": group["children"],
                "before": group["assigned"],
                "school_id": _names(self.labels, seat),
                "km_before": walked(problem, problem.now),
                "km": way,
                "within": problem.limit.meets(way),
            }
        )

    def walks(self, option: int, stage: Stage) -> pd.DataFrame:
        """Return the walks of a stage as a map draws them: `zone`, `to`, `moved`; none without a place."""
        table = self.assigned(option)
        table = table[((table["stage"] == stage) & table["school_id"].notna()).to_numpy()]
        moved = (table["before"] != table["school_id"]).to_numpy()
        ends = {"zone": table["zone_id"].to_numpy(), "to": table["school_id"].to_numpy(), "moved": moved}
        return pd.DataFrame(ends)

    def scenario(self, option: int = 1) -> Scenario:
        """Return an option as a scenario: the schools opened as the standard demands, all grades moving.

        Raises
        ------
        SitingError
            If there is no such option, or not every child has a place under it.
        """
        solution = self._solution(option)
        if solution.status is SitingStatus.INFEASIBLE:
            raise SitingError(
                "方案 {} 放不下全部学生，不能写成情景。",
                "Plan {} cannot seat all pupils and is no scenario.",
                option,
            )
        opened = self.opened(option)
        title = (
            Message("新建{}", "New: {}", listing(one.name for one in opened))
            if opened
            else Message("只调整划片，不建新校", "Zones alone, no new school")
        )
        actions: list[OpenSchool | dict[str, object]] = [school_opened(one) for one in opened]
        moved = self.assigned(option)
        moved = moved[(moved["before"] != moved["school_id"]).to_numpy()]
        for (to, stage), part in moved.groupby(["school_id", "stage"], sort=False):
            zones = part["zone_id"].tolist()
            actions.append({"do": "rezone", "zones": zones, "stage": stage, "to": to, "moves": "all"})
        return Scenario.model_validate({"title": title, "base_year": self.year, "actions": actions})

    def _solution(self, option: int) -> SitingSolution:
        if not 1 <= option <= len(self.solutions):
            raise SitingError(
                "没有方案 {}，可选 1—{}。",
                "There is no plan {}; there are 1–{}.",
                option,
                len(self.solutions),
            )
        return self.solutions[option - 1]


def walked(problem: SitingProblem, seat: np.ndarray) -> np.ndarray:
    """Return the way of each group to its seat, NaN without one."""
    way = problem.km[np.arange(len(seat)), seat]
    return np.where(seat == NONE, np.nan, way)


def _names(labels: Labels, seat: np.ndarray) -> np.ndarray:
    names = np.append(labels.seats["school_id"].to_numpy(dtype=object), None)
    return names[seat]  # the last one stands for "no seat"


def school_opened(one: Candidate) -> OpenSchool:
    """Return the action of a scenario that opens a candidate."""
    place = {} if one.longitude is None else {"longitude": one.longitude, "latitude": one.latitude}
    fields = {"school_id": one.site, "name": one.name, "kind": one.kind, "location": one.location, **place}
    if one.district is not None:
        fields["district"] = one.district
    capacity = {stage: one.capacity(stage) for stage in COMPULSORY if one.capacity(stage)}
    written = {name: getattr(one, name) for name in Estimate.model_fields if getattr(one, name) is not None}
    return OpenSchool.model_validate(
        {"do": "open_school", **fields, **written, "capacity": capacity, "like": "standard"}
    )
