"""What limits and pupils are worth: the prices (duals) of the relaxation, without whole numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.plan.problem import Problem
from qb.plan.relax import Relaxed, Scaled
from qb.standard import SEVEN

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
            rows.append((c.cone.district, c.cone.stage, SEVEN[c.cone.k], c.cone.cap, saves))
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
    chosen = np.clip(relaxed.v[pools:], 0, 1)
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
