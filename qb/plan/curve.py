"""The price of balance: what the standard costs under one cap on all coefficients after another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from qb import standard as standards
from qb.costs import Costs, load_costs
from qb.dataset import Dataset
from qb.errors import QbError
from qb.judge import choose_year
from qb.plan.pose import pose
from qb.plan.solve import gap_of, solve
from qb.standard import Standard

CAPS = (0.60, 0.55, 0.50, 0.45, 0.40, 0.35, 0.30)


def price_of_balance(
    data: Dataset,
    year: int | None = None,
    caps: Sequence[float] = CAPS,
    costs: Costs | str | Path | None = None,
    standard: Standard | str | None = None,
    district: str | None = None,
    gap: float = 0.005,
    seconds: float = 60.0,
) -> pd.DataFrame:
    """Return the least cost under each cap; the school rule holds throughout.

    Parameters
    ----------
    caps : sequence of float
        Each is the cap on every coefficient, at both stages.
    seconds : float
        For the whole curve.

    Returns
    -------
    DataFrame
        cap, yuan, bound_yuan, gap, possible: `yuan` is NaN where no plan was found, `possible` False where
        it is proven that there is none.
    """
    wrong = [cap for cap in caps if not (np.isfinite(cap) and cap > 0)]
    if wrong or not len(caps):
        raise QbError(f"差异系数限值须大于 0，现为 {wrong or '空'}。")
    chosen = standard if isinstance(standard, Standard) else standards.load(standard or standards.DEFAULT)
    costs = costs if isinstance(costs, Costs) else load_costs(costs)
    problem = pose(data, choose_year(data, year), chosen, costs, None, district)
    rows, end = [], time.monotonic() + seconds
    for done, cap in enumerate(caps):
        found = solve(problem.capped(float(cap)), gap, (end - time.monotonic()) / (len(caps) - done))
        cost = np.nan if found.x is None else float(problem.yuan @ found.x)
        reached = np.nan if found.x is None else gap_of(cost, found.bound)
        rows.append((float(cap), cost, found.bound, reached, not found.impossible))
    return pd.DataFrame(rows, columns=["cap", "yuan", "bound_yuan", "gap", "possible"])
