"""The constraints of the cheapest plan, which branch and bound keeps too; without whole numbers: dual bound, worth of limits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import clarabel
import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csc_array, eye_array, vstack

from qb.planning.plan.planning_problem import Cone, Problem

# The relaxation: the problem without whole numbers, as a cone program solved by Clarabel.
#
# With pupils P fixed, a cap c on a coefficient is a second-order cone in the amounts r. From :math:`CV^2
# = \sum P\,\sum r_i^2 / P_i \,/\, (\sum r_i)^2 - 1` follows
#
# .. math:: CV \le c \iff \lVert r_i / \sqrt{P_i} \rVert \le \sqrt{(1 + c^2) / \sum P}\; \sum r_i ,
#
# exactly, not by approximation. Amounts and additions are scaled so that all numbers are near 1: without
# it a solver called a plan optimal that broke its cap.


@dataclass(frozen=True)
class LinearModel:
    """The rules of the schools: least ``cost @ v`` where ``matrix @ v >= right``, ``lower <= v <= upper``."""

    problem: Problem
    # (pools,): ``v[:pools] * unit`` are the additions; after them come the choices (1: this indicator of this
    # row stays at the floor), between 0 and 1, and last the teachers hired beyond those of the section
    # (`Problem.tight`).
    unit: np.ndarray
    choice: tuple[np.ndarray, np.ndarray]  # row and indicator of each choice
    yuan: float  # what a cost of 1 stands for
    cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    matrix: csc_array
    right: np.ndarray

    def highest(self, ceiling: float) -> np.ndarray:
        """Return the most of each variable in a plan that costs no more than `ceiling` yuan."""
        dear = ceiling / (self.problem.yuan * self.unit)
        return np.concatenate([dear, np.ones(len(self.choice[0])), ceiling / self.problem.tight.extra])

    def variables(self, x: np.ndarray) -> np.ndarray:
        """Return a plan as values of the variables: low is what does not reach the standard."""
        row, k = self.choice
        low = x[self.problem.pool[row, k]] < self.problem.needed()[row, k] - 1e-9
        return np.concatenate([x / self.unit, low.astype(float), self.problem.tight.hired(x)])

    def additions(self, v: np.ndarray) -> np.ndarray:
        """Return the additions of a solution in persons, m², yuan, rooms."""
        return np.clip(v[: len(self.unit)], 0, None) * self.unit


@dataclass(frozen=True)
class Scaled:
    """A cone in the variables of a `LinearModel`: ``weight * value == base + gain * v[pool]``, values near 1."""

    cone: Cone
    pool: np.ndarray
    gain: np.ndarray
    base: np.ndarray
    weight: np.ndarray
    each: float  # the amount that counts as 1


@dataclass(frozen=True)
class Relaxed:
    """The relaxation solved."""

    model: LinearModel
    scaled: tuple[Scaled, ...]
    # The model's variables; None where there is no solution (`impossible`), or none was found.
    v: np.ndarray | None
    impossible: bool
    rows: np.ndarray  # prices (duals) of the rows of ``model.matrix``
    cones: list[np.ndarray]  # prices of the cones, the first number of each that of its right side
    upper: np.ndarray  # prices of the upper bounds. For an impossible problem the prices are its certificate.

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


def constraints(problem: Problem) -> LinearModel:
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
    tight = problem.tight
    width, beyond = pools + n + len(tight.pool), np.arange(len(tight.pool))
    school.resize(n + rows, width)
    sums, most = _sums(problem, unit, width)
    some = tight.hires >= 0  # hired + those hired in any case >= added − room
    staff = coo_array(
        (
            np.concatenate([np.ones(len(beyond)), -unit[tight.pool], unit[tight.hires[some]]]),
            (
                np.concatenate([beyond, beyond, beyond[some]]),
                np.concatenate([pools + n + beyond, tight.pool, tight.hires[some]]),
            ),
        ),
        shape=(len(beyond), width),
    )
    lower = np.concatenate([problem.by_pool(floor) / unit, np.zeros(n + len(beyond))])
    upper = np.concatenate([problem.most / unit, np.ones(n), np.full(len(beyond), np.inf)])
    worth = problem.yuan * unit
    yuan = float(problem.yuan @ problem.by_pool(full)) or float(worth.mean())  # so that costs are near 1
    return LinearModel(
        problem=problem,
        unit=unit,
        choice=(row, k),
        yuan=yuan,
        cost=np.concatenate([worth, np.zeros(n), tight.extra]) / yuan,
        lower=lower,
        upper=upper,
        matrix=vstack([school, sums, staff], format="csc"),
        right=np.concatenate(
            [full[row, k] / unit[pool], np.full(rows, -float(problem.spare)), most, -tight.room]
        ),
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


def scaled(model: LinearModel, cone: Cone) -> Scaled:
    """Return a cone in the model's variables, scaled so that values are near 1."""
    problem, rows, k = model.problem, cone.rows, cone.k
    pupils, pool = problem.pupils[rows], problem.pool[rows, k]
    mean = max(problem.limit[rows[0], k] / problem.factor[k], problem.have[rows, k].sum() / pupils.sum())
    each = mean * pupils.mean()
    gain = problem.share[rows, k] * model.unit[pool] / each
    return Scaled(cone, pool, gain, problem.have[rows, k] / each, pupils / pupils.mean(), each)


def relax(problem: Problem) -> Relaxed:
    """Solve the problem without whole numbers, all coefficients kept."""
    model = constraints(problem)
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


def dual_bound(relaxed: Relaxed, ceiling: float) -> float:
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
    upper = np.maximum(np.minimum(model.upper, model.highest(ceiling)), model.lower)
    found = []
    for less in SHRINK:
        reduced = model.cost - (1 - less) * earned
        with np.errstate(invalid="ignore"):
            least = np.where(reduced >= 0, reduced * model.lower, reduced * upper)
        found.append((1 - less) * total + least.sum())
    return float(np.nan_to_num(found, nan=-np.inf, neginf=-np.inf).max() * model.yuan)


def stricter(relaxed: Relaxed, ceiling: float) -> tuple[float, float]:
    """Return what the prices prove (yuan) of stricter caps on the one coefficient: the bound, and its slope.

    A cap c stands in the right side alone, as √(1 + c²) times what is held after the purchases. With the same
    prices the bound of a stricter cap is higher by the price, times what is held now, times by how much
    √(1 + c²) is smaller: what the purchases would earn by it falls, too, and no reduced cost with it. It holds
    for plans that cost no more than `ceiling`.
    """
    (c,), (price,) = relaxed.scaled, relaxed.cones
    slope = (1 - SHRINK[-1]) * _inside(price)[0] * c.base.sum() / np.sqrt(c.weight.sum())
    return max(dual_bound(relaxed, ceiling), 0.0), float(slope * relaxed.model.yuan)


def _inside(price: np.ndarray) -> np.ndarray:
    """Return a cone's prices, moved into the cone where the solver's tolerance left them outside."""
    return np.append(max(price[0], np.linalg.norm(price[1:])), price[1:])


# What limits and pupils are worth: the prices (duals) of the relaxation, without whole numbers.


NOISE = 1e-6  # a price below this is the solver's noise; all that is short, filled up, costs 1
STEP = 0.01  # of a coefficient's cap


def by_cap(relaxed: Relaxed) -> pd.DataFrame:
    """Return what raising each binding coefficient's cap by 0.01 saves.

    Columns: district, stage, code, limit, saves_yuan.
    """
    model, rows = relaxed.model, []
    for c, price in zip(relaxed.scaled, relaxed.cones, strict=True):
        if relaxed.x is not None and price[0] > NOISE:
            pupils, amount, scale = _raw(model.problem, relaxed.x, c)
            # The cone is ``norm - side <= 0``; only the side depends on the cap.
            slope = scale * c.cone.cap / np.sqrt(1 + c.cone.cap**2) * amount.sum() / np.sqrt(pupils.sum())
            saves = STEP * price[0] * slope * model.yuan
            rows.append((c.cone.district, c.cone.stage, c.cone.code, c.cone.cap, saves))
    return pd.DataFrame(rows, columns=["district", "stage", "code", "limit", "saves_yuan"])


def by_upper_bound(relaxed: Relaxed) -> pd.DataFrame:
    """Return what one unit more at each binding upper bound saves.

    Columns: district, school_id, name, stage, code, limit, saves_yuan.
    """
    problem, pools = relaxed.model.problem, len(relaxed.model.unit)
    at = np.flatnonzero(relaxed.upper[:pools] > NOISE) if relaxed.x is not None else []
    price = relaxed.upper[at] * relaxed.model.yuan / relaxed.model.unit[at]
    cells = problem.pools.iloc[at][["district", "school_id", "name", "stage", "code"]]
    return cells.assign(limit=problem.most[at], saves_yuan=price).reset_index(drop=True)


def by_pupils(relaxed: Relaxed) -> pd.DataFrame:
    """Return what one more pupil in each row costs (saves, where negative).

    More of what the standard asks for each pupil, and what it does to the coefficients; where stages share
    facilities, a pupil also shifts the split. Columns: those of `Problem.rows`, yuan.
    """
    problem = relaxed.model.problem
    yuan = np.full(len(problem.pupils), np.nan)
    if relaxed.x is not None:
        yuan = (_asked(relaxed) + _spread(relaxed)) * relaxed.model.yuan
    return problem.rows.assign(yuan=yuan)


def _asked(relaxed: Relaxed) -> np.ndarray:
    """Return the price of the school rule by a pupil of each row.

    A row asks its pool for limit · pupils / share. The share is weight · pupils / all weighted pupils, so
    that one more pupil in row j moves what row i of the same pool asks for by limit_i · P_i s_j / (s_i P_j).
    """
    problem, share = relaxed.model.problem, relaxed.model.problem.share
    asked = _row_prices(relaxed) * problem.limit / problem.factor * problem.pupils[:, None] / share
    return (share * _over_pool(problem, asked)).sum(axis=1) / problem.pupils


def _row_prices(relaxed: Relaxed) -> np.ndarray:
    """Return what a unit more asked of the pool costs, times the part of the standard that is asked for."""
    model, problem = relaxed.model, relaxed.model.problem
    pools, (row, k) = len(model.unit), model.choice
    full, floor = problem.needed(), problem.needed(problem.floor)
    price = np.zeros(problem.pool.shape)
    chosen = np.clip(relaxed.v[pools : pools + len(row)], 0, 1)
    # A row that holds more than the floor already asks for nothing where it may stay there.
    at_low = np.where(floor[row, k] > 0, problem.floor, 0.0)
    price[row, k] = relaxed.rows[: len(row)] * (1 - (1 - at_low) * chosen)
    # What stands at its least has a price of its own.
    least = np.clip((model.cost - relaxed.earned())[:pools], 0, None)[problem.pool]
    at_floor = (floor > 0) & (floor >= relaxed.x[problem.pool] * (1 - 1e-6))
    price += np.where(at_floor, least * np.where(full > floor, problem.floor, 1.0), 0)
    return price / model.unit[problem.pool]


def _spread(relaxed: Relaxed) -> np.ndarray:
    """Return the price of the coefficients by a pupil of each row."""
    problem = relaxed.model.problem
    total = np.zeros(len(problem.pupils))
    by_amount = np.zeros(problem.pool.shape)  # price of each row's amount, times the amount
    for c, price in zip(relaxed.scaled, relaxed.cones, strict=True):
        pupils, amount, scale = _raw(problem, relaxed.x, c)
        norm = np.sqrt((amount**2 / pupils).sum())
        steep = np.sqrt((1 + c.cone.cap**2) / pupils.sum())
        direct = (steep * amount.sum() / pupils.sum() - (amount / pupils) ** 2 / norm) / 2
        total[c.cone.rows] += price[0] * scale * direct
        by_amount[c.cone.rows, c.cone.k] = price[0] * scale * (amount / pupils / norm - steep) * amount
    # A pupil of row j changes the amount of row i of the same pool by amount_i · ([i = j] - s_j) / P_j.
    shifted = by_amount - problem.share * _over_pool(problem, by_amount)
    shared = problem.share < 1 - 1e-9
    return total + (shifted * shared).sum(axis=1) / problem.pupils


def _over_pool(problem: Problem, values: np.ndarray) -> np.ndarray:
    """Return for each row and indicator the sum over the rows that draw on the same pool."""
    sums = np.bincount(problem.pool.ravel(), weights=values.ravel(), minlength=len(problem.most))
    return sums[problem.pool]


def _raw(problem: Problem, x: np.ndarray, c: Scaled) -> tuple[np.ndarray, np.ndarray, float]:
    """Return pupils and amounts of a cone's rows, and what its norm is multiplied by in the model."""
    pupils = problem.pupils[c.cone.rows]
    return pupils, problem.amounts(x)[c.cone.rows, c.cone.k], float(np.sqrt(pupils.mean()) / c.each)
