"""Comparing a figure with its limit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb.limits import LimitInForce, decided
from qb.measure.parts import FAIL, NO_DATA, NOT_APPLICABLE, PASS, VERDICTS
from qb.standard import Standard
from qb.terms import Stage, Verdict


def verdict_codes(value: np.ndarray, limit: LimitInForce) -> np.ndarray:
    """Return PASS, FAIL or NO_DATA for each value."""
    missing = np.isnan(value) | np.isnan(limit.value)
    return np.where(missing, NO_DATA, np.where(limit.meets(value), PASS, FAIL))


def verdicts_between(
    low: np.ndarray, high: np.ndarray, lowest: LimitInForce, highest: LimitInForce
) -> np.ndarray:
    """Return PASS or FAIL where every figure from `low` to `high` does, else NO_DATA."""
    always, never = decided(low, high, lowest, highest)
    missing = np.isnan(lowest.value) | np.isnan(highest.value)
    return np.where(missing | ~(always | never), NO_DATA, np.where(always, PASS, FAIL))


def fails(
    figures: ArrayLike,
    standard: Standard,
    code: str,
    *,
    name: str = "",
    stage: Stage | None = None,
    year: int | None = None,
) -> np.ndarray:
    """Return whether figures are known and do not keep the limit of an indicator or of the coefficient.

    Examples
    --------
    A primary class of 46 is too large; one that is not known is neither.

    >>> from qb.standard import load
    >>> fails([45, 46, np.nan], load(), "C12", stage=Stage.PRIMARY, year=2025).tolist()
    [False, True, False]
    """
    limit = standard.limit_in_force(code, name=name, stage=stage, year=year)
    return verdict_codes(np.asarray(figures, dtype=float), limit) == FAIL


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
