"""Comparing a figure with its limit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from qb.measure.parts import FAIL, NO_DATA, NOT_APPLICABLE, PASS, VERDICTS
from qb.rounding import round_half_up
from qb.standard import Standard
from qb.terms import Verdict


def meets(value: np.ndarray, limit: np.ndarray | float, side: str, tolerance: float) -> np.ndarray:
    """Return whether values are on the right side of their limits; NaN never is.

    Examples
    --------
    A rate must be below 0.15; 0.15 itself is not.

    >>> meets(np.array([0.1499, 0.15]), 0.15, "<", 1e-9).tolist()
    [True, False]
    """
    if side == ">=":
        return value >= limit - tolerance
    if side == "<=":
        return value <= limit + tolerance
    if side == "<":
        return value < limit - tolerance
    return value > limit + tolerance


def compared(value: np.ndarray, standard: Standard, decimals: int) -> np.ndarray:
    """Return the figures that are held against limits: raw or rounded, as the standard says."""
    return round_half_up(value, decimals) if standard.rules.rounding.compare == "rounded" else value


def verdict_codes(
    value: np.ndarray, limit: np.ndarray | float, side: str, standard: Standard, decimals: int
) -> np.ndarray:
    """Return PASS, FAIL or NO_DATA for each value, as the rounding rule of the standard says."""
    met = meets(compared(value, standard, decimals), limit, side, standard.rules.rounding.tolerance)
    missing = np.isnan(value) | np.isnan(limit)
    return np.where(missing, NO_DATA, np.where(met, PASS, FAIL))


def words(codes: np.ndarray) -> pd.Categorical:
    """Return verdict codes as the words of `Verdict`."""
    return pd.Categorical.from_codes(np.asarray(codes), [str(verdict) for verdict in VERDICTS])


def worst_by(group: np.ndarray, codes: np.ndarray, count: int, nothing: int) -> np.ndarray:
    """Return the worst verdict of each group, `nothing` where a group has none, shape (count,)."""
    least = np.full(count, NOT_APPLICABLE + 1)
    np.minimum.at(least, group, codes)
    return np.where(least > NOT_APPLICABLE, nothing, least)


def overall(verdicts: Iterable[str]) -> Verdict:
    """Return the worst of several verdicts: fail, no data, pass, not applicable."""
    return VERDICTS[min((VERDICTS.index(Verdict(v)) for v in verdicts), default=NO_DATA)]
