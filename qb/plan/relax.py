r"""The relaxation: the problem without whole numbers, as a cone program solved by Clarabel.

With pupils P fixed, a cap c on a coefficient is a second-order cone in the amounts r. From
:math:`CV^2 = \sum P\,\sum r_i^2 / P_i \,/\, (\sum r_i)^2 - 1` follows

.. math:: CV \le c \iff \lVert r_i / \sqrt{P_i} \rVert \le \sqrt{(1 + c^2) / \sum P}\; \sum r_i ,

exactly, not by approximation. Amounts and additions are scaled so that all numbers are near 1: without it
a solver called a plan optimal that broke its cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import clarabel
import numpy as np
from scipy.sparse import coo_array, csc_array, eye_array, vstack

from qb.plan.problem import Cone, Problem


@dataclass(frozen=True)
class Model:
    """The rules of the schools: least ``cost @ v`` where ``matrix @ v >= right``, ``lower <= v <= upper``.

    Attributes
    ----------
    unit : ndarray, shape (pools,)
        ``v[:pools] * unit`` are the additions; after them come the choices (1: this indicator of this row
        stays at the floor), between 0 and 1.
    choice : tuple of ndarray
        Row and indicator of each choice.
    yuan : float
        What a cost of 1 stands for.
    """

    problem: Problem
    unit: np.ndarray
    choice: tuple[np.ndarray, np.ndarray]
    yuan: float
    cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    matrix: csc_array
    right: np.ndarray

    def additions(self, v: np.ndarray) -> np.ndarray:
        """Return the additions of a solution in persons, m², yuan, rooms."""
        return np.clip(v[: len(self.unit)], 0, None) * self.unit


@dataclass(frozen=True)
class Scaled:
    """A cone in the variables of a `Model`: ``weight * value == base + gain * v[pool]``, values near 1."""

    cone: Cone
    pool: np.ndarray
    gain: np.ndarray
    base: np.ndarray
    weight: np.ndarray
    each: float  # the amount that counts as 1


@dataclass(frozen=True)
class Relaxed:
    """The relaxation solved.

    Attributes
    ----------
    v : ndarray, or None
        The model's variables; None where there is no solution (`impossible`), or none was found.
    rows : ndarray
        Prices (duals) of the rows of ``model.matrix``.
    cones : list of ndarray
        Prices of the cones, the first number of each that of its right side.
    upper : ndarray
        Prices of the upper bounds. For an impossible problem the prices are its certificate.
    """

    model: Model
    scaled: tuple[Scaled, ...]
    v: np.ndarray | None
    impossible: bool
    rows: np.ndarray
    cones: list[np.ndarray]
    upper: np.ndarray

    @property
    def x(self) -> np.ndarray | None:
        """The additions, shape (pools,): they pass but for whole numbers."""
        return None if self.v is None else self.model.additions(self.v)

    def earned(self) -> np.ndarray:
        """Return what a unit of each variable earns at the prices of rows and cones."""
        earned = self.model.matrix.T @ np.maximum(self.rows, 0)
        for c, price in zip(self.scaled, self.cones, strict=True):
            earned = earned - _cone_rows(c, len(earned)).T @ _inside(price)
        return earned


def build(problem: Problem) -> Model:
    """Set up the rules of the schools: ``x + (full - floor)·z >= full``, at most `spare` choices z a row."""
    full, floor = problem.needed(), problem.needed(problem.floor)
    unit = _units(problem)
    pools, rows = len(unit), len(full)
    row, k = np.nonzero(full > floor)
    pool, n = problem.pool[row, k], len(row)
    z = pools + np.arange(n)
    each = np.arange(n)
    school = coo_array(
        (
            np.concatenate([np.ones(n), (full - floor)[row, k] / unit[pool], -np.ones(n)]),
            (np.concatenate([each, each, n + row]), np.concatenate([pool, z, z])),
        ),
        shape=(n + rows, pools + n),
    )
    sums, most = _sums(problem, unit, pools + n)
    lower = np.append(problem.by_pool(floor) / unit, np.zeros(n))
    upper = np.append(problem.most / unit, np.ones(n))
    worth = problem.yuan * unit
    yuan = float(problem.yuan @ problem.by_pool(full)) or float(worth.mean())  # so that costs are near 1
    return Model(
        problem=problem,
        unit=unit,
        choice=(row, k),
        yuan=yuan,
        cost=np.append(worth / yuan, np.zeros(n)),
        lower=lower,
        upper=upper,
        matrix=vstack([school, sums], format="csc"),
        right=np.concatenate([full[row, k] / unit[pool], np.full(rows, -float(problem.spare)), most]),
    )


def _units(problem: Problem) -> np.ndarray:
    """Return what an addition of 1 stands for: a person or room, or what the standard asks for in all."""
    unit = problem.by_pool(problem.limit * problem.pupils[:, None] / problem.factor / problem.share)
    return np.where(problem.whole | (unit <= 0), 1.0, unit)


def _sums(problem: Problem, unit: np.ndarray, width: int) -> tuple[coo_array, np.ndarray]:
    row = np.repeat(np.arange(len(problem.sums)), [len(s.pools) for s in problem.sums])
    pool = np.concatenate([s.pools for s in problem.sums]) if problem.sums else np.zeros(0, dtype=int)
    most = np.array([s.most for s in problem.sums])
    size = np.maximum(most, 1.0)
    shape = (len(problem.sums), width)
    return coo_array((-unit[pool] / size[row], (row, pool)), shape=shape), -most / size


def scaled(model: Model, cone: Cone) -> Scaled:
    """Return a cone in the model's variables, scaled so that values are near 1."""
    problem, rows, k = model.problem, cone.rows, cone.k
    pupils, pool = problem.pupils[rows], problem.pool[rows, k]
    mean = max(problem.limit[rows[0], k] / problem.factor[k], problem.have[rows, k].sum() / pupils.sum())
    each = mean * pupils.mean()
    gain = problem.share[rows, k] * model.unit[pool] / each
    return Scaled(cone, pool, gain, problem.have[rows, k] / each, pupils / pupils.mean(), each)


def relax(problem: Problem) -> Relaxed:
    """Solve the problem without whole numbers, all coefficients kept."""
    model = build(problem)
    cones = tuple(scaled(model, cone) for cone in problem.cones)
    width, bounded = len(model.cost), np.flatnonzero(np.isfinite(model.upper))
    one = eye_array(width, format="csr")
    matrix = [-model.matrix, one[bounded], -one, *(_cone_rows(c, width) for c in cones)]
    right = [-model.right, model.upper[bounded], -model.lower, *(_cone_right(c) for c in cones)]
    linear = len(model.right) + len(bounded) + width
    kinds = [clarabel.NonnegativeConeT(linear)]
    kinds += [clarabel.SecondOrderConeT(len(c.pool) + 1) for c in cones]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    found = clarabel.DefaultSolver(
        csc_array((width, width)),
        model.cost,
        vstack(matrix, format="csc"),
        np.concatenate(right),
        kinds,
        settings,
    ).solve()
    prices = np.array(found.z)
    ends = linear + np.cumsum([0, *(len(c.pool) + 1 for c in cones)])
    upper = np.zeros(width)
    upper[bounded] = prices[len(model.right) :][: len(bounded)]
    status = str(found.status)
    return Relaxed(
        model=model,
        scaled=cones,
        v=np.array(found.x) if status in ("Solved", "AlmostSolved") else None,
        impossible=status == "PrimalInfeasible",
        rows=prices[: len(model.right)],
        cones=[prices[a:b] for a, b in pairwise(ends)],
        upper=upper,
    )


def _cone_rows(c: Scaled, width: int) -> coo_array:
    """Return minus what the purchases add to (√((1 + c²) / Σw)·Σ weight·value, √weight·value)."""
    n, steep = len(c.pool), np.sqrt((1 + c.cone.cap**2) / c.weight.sum())
    entries = np.concatenate([-steep * c.gain, -c.gain / np.sqrt(c.weight)])
    place = (np.append(np.zeros(n, dtype=int), np.arange(1, n + 1)), np.tile(c.pool, 2))
    return coo_array((entries, place), shape=(n + 1, width))


def _cone_right(c: Scaled) -> np.ndarray:
    steep = np.sqrt((1 + c.cone.cap**2) / c.weight.sum())
    return np.append(steep * c.base.sum(), c.base / np.sqrt(c.weight))


SHRINK = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)


def proven(relaxed: Relaxed, ceiling: float) -> float:
    """Return the bound (yuan) that the prices prove, whatever the solver's tolerances were.

    For prices within their own cones, every plan costs at least what the prices say of the right sides plus,
    for each variable, the lesser of its reduced cost at its two bounds. A plan of cost `ceiling` is known, so
    no addition need exceed ``ceiling / price``. That holds for any prices, so also for the same ones a little
    smaller, which loses little and takes the solver's noise off the reduced costs: the best of several is
    returned. Minus infinity where the prices prove nothing.
    """
    model, earned = relaxed.model, relaxed.earned()
    total = np.maximum(relaxed.rows, 0) @ model.right
    for c, price in zip(relaxed.scaled, relaxed.cones, strict=True):
        total -= _cone_right(c) @ _inside(price)
    most = np.append(ceiling / (model.problem.yuan * model.unit), np.ones(len(model.choice[0])))
    upper = np.maximum(np.minimum(model.upper, most), model.lower)
    found = []
    for less in SHRINK:
        reduced = model.cost - (1 - less) * earned
        with np.errstate(invalid="ignore"):
            least = np.where(reduced >= 0, reduced * model.lower, reduced * upper)
        found.append((1 - less) * total + least.sum())
    return float(np.nan_to_num(found, nan=-np.inf, neginf=-np.inf).max() * model.yuan)


def _inside(price: np.ndarray) -> np.ndarray:
    """Return a cone's prices, moved into the cone where the solver's tolerance left them outside."""
    return np.append(max(price[0], np.linalg.norm(price[1:])), price[1:])
