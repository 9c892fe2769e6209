"""Rounding as an office rounds, half up; decimals that tell a figure from its limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

NOISE = 1e-9  # figures nearer than this are the same: what is left is of the division


def round_half_up(value: ArrayLike, decimals: int) -> np.ndarray:
    """Round half away from zero, as school arithmetic and the national forms do.

    Parameters
    ----------
    value : array_like
        Finite numbers or NaN, which stays NaN.
    decimals : int
        Digits kept after the point.

    Examples
    --------
    Python's `round` takes halves to even and would give 0.12 and 4.18.

    >>> round_half_up([0.125, 4.185], 2).tolist()
    [0.13, 4.19]
    """
    scaled = np.abs(np.asarray(value, dtype=float)) * 10.0**decimals
    # 4.185 * 100 is 418.49999999999994, and millions miss their half by more: a few of the last binary digits
    # and nine more decimals restore the half that was typed.
    return np.sign(value) * np.floor(np.round(scaled * (1 + 2.0**-51), 9) + 0.5) / 10.0**decimals


def decimals_beside(value: float, limit: float, decimals: int) -> int:
    """Return the digits with which a figure is printed beside its limit: enough to tell the two apart.

    Parameters
    ----------
    value, limit : float
        NaN tells nothing: `decimals` it is.
    decimals : int
        The fewest.

    Examples
    --------
    99.999 % of 100 % is not 100.0 %, and 99.96 % is neither.

    >>> [decimals_beside(value, 100, 1) for value in (99.9, 99.96, 99.999, 100.0, 100.04)]
    [1, 2, 3, 1, 2]
    """
    if not abs(value - limit) > NOISE:
        return decimals
    most = max(decimals, 9)
    return next(
        (
            digits
            for digits in range(decimals, most)
            if (float(round_half_up(value, digits)) < float(round_half_up(limit, digits))) == (value < limit)
            and round_half_up(value, digits) != round_half_up(limit, digits)
        ),
        most,
    )
