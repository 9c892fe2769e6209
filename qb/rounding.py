"""Rounding as an office rounds: half up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


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
