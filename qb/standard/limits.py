"""The one comparison: a figure held against the limit in force; what a range decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from qb.rounding import round_half_up

Side = Literal[">=", "<=", "<", ">"]
SIDES: dict[str, str] = {">=": "≥", "<=": "≤", "<": "<", ">": ">"}  # as they are printed


@dataclass(frozen=True)
class LimitInForce:
    """A limit as the figures of a year are held against it, with the rule of the standard on rounding."""

    value: float | np.ndarray  # the limit, or one for each figure; NaN where there is none
    side: str | np.ndarray  # of str: on which side a figure keeps it
    decimals: int  # digits after the point in print, and in the comparison if `rounded`
    rounded: bool  # whether figures are rounded before they are compared
    tolerance: float  # a figure nearer to the limit than this is at the limit

    @classmethod
    def each(cls, limits: Sequence[LimitInForce], place: np.ndarray) -> LimitInForce:
        """Return for each figure the limit at its place among several."""
        return replace(
            limits[0],
            value=np.array([limit.value for limit in limits])[place],
            side=by_place([str(limit.side) for limit in limits], place),
        )

    def rows(self, place: np.ndarray) -> LimitInForce:
        """Return limits of shape (places, k) for rows of figures, each at its place."""
        side = self.side if isinstance(self.side, str) else self.side[place]
        # Column by column in memory, as the figures lie.
        return replace(self, value=np.take(np.asarray(self.value).T.copy(), place, axis=1).T, side=side)

    def some(self, place: np.ndarray) -> LimitInForce:
        """Return the limits of single figures of a table, each at its place, counted column by column."""
        side = self.side if isinstance(self.side, str) else self.side.T.ravel()[place]
        return replace(self, value=np.asarray(self.value).T.ravel()[place], side=side)

    def at(self, value: float | np.ndarray) -> LimitInForce:
        """Return the same with another value: the floor of the school rule, a relief."""
        return replace(self, value=value)

    def compared(self, figures: np.ndarray) -> np.ndarray:
        """Return the figures that are held against the limit: raw or rounded, as the standard says."""
        return round_half_up(figures, self.decimals) if self.rounded else figures

    def meets(self, figures: np.ndarray) -> np.ndarray:
        """Return whether figures keep the limit; NaN never does.

        Examples
        --------
        A rate must be below 0.15; 0.15 itself is not, and 0.1499 is though it would round to 0.15.

        >>> LimitInForce(0.15, "<", 2, False, 1e-9).meets(np.array([0.1499, 0.15])).tolist()
        [True, False]
        """
        return self._holds(self.compared(figures))

    def keeping(self) -> float:
        """Return the limit itself where a figure may reach it, else the next whole number that keeps it.

        >>> [LimitInForce(45, side, 0, False, 1e-9).keeping() for side in ("<=", "<", ">=", ">")]
        [45.0, 44.0, 45.0, 46.0]
        """
        if self.meets(np.asarray(self.value)):
            return float(self.value)
        return float(np.floor(self.value) + 1 if self.side == ">" else np.ceil(self.value) - 1)

    def flips(self, figures: np.ndarray) -> np.ndarray:
        """Return whether figures keep the limit only rounded, or only as they are.

        >>> LimitInForce(100, ">=", 1, False, 1e-9).flips(np.array([99.96, 99.9])).tolist()
        [True, False]
        """
        return self._holds(figures) != self._holds(round_half_up(figures, self.decimals))

    def gap(self, figures: np.ndarray) -> np.ndarray:
        """Return how far figures are from keeping the limit; 0 where they do, NaN where one is missing.

        What is counted in whole numbers must pass a limit that it may not reach by a whole one.

        Examples
        --------
        2,000 pupils where fewer than 2,000 are allowed are one too many.

        >>> LimitInForce(2000, "<", 0, False, 1e-9).gap(np.array([2000.0, 2003.0, 1999.0])).tolist()
        [1.0, 4.0, 0.0]
        """
        away = np.abs(self.value - np.asarray(figures, dtype=float))
        strict = self.side in (">", "<") if isinstance(self.side, str) else np.isin(self.side, (">", "<"))
        away = away + (strict & (self.decimals == 0) & (away % 1 == 0))
        return np.where(self.meets(figures), 0.0, away)

    def _holds(self, figures: np.ndarray) -> np.ndarray:
        if isinstance(self.side, str):
            return _kept(figures, self.value, self.side, self.tolerance)
        sides = np.unique(self.side).tolist()
        return np.select(
            [self.side == side for side in sides],
            [_kept(figures, self.value, side, self.tolerance) for side in sides],
        ).astype(bool)


def decided(
    low: np.ndarray, high: np.ndarray, lowest: LimitInForce, highest: LimitInForce
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether every figure from `low` to `high` keeps its limit, and whether none does.

    The limit itself may be known only to lie from `lowest` to `highest`.

    Examples
    --------
    At most 2,000 pupils are allowed: 2,700 and more fail, 1,900 and more may or may not, and 1,500 to
    1,900 keep the limit.

    >>> limit = LimitInForce(2000, "<=", 0, False, 1e-9)
    >>> low, high = np.array([2700.0, 1900.0, 1500.0]), np.array([np.inf, np.inf, 1900.0])
    >>> [ends.tolist() for ends in decided(low, high, limit, limit)]
    [[False, False, True], [True, False, False]]
    """
    # Whichever the side, one of these is the worst case and the other the best.
    one, other = highest.meets(low), lowest.meets(high)
    return one & other, ~(one | other)


def by_place(sides: Sequence[str], place: np.ndarray) -> str | np.ndarray:
    """Return the side at each place; the one there is where all are the same."""
    return sides[0] if len(set(sides)) == 1 else np.array(sides)[place]


def _kept(figures: np.ndarray, limit: float | np.ndarray, side: str, tolerance: float) -> np.ndarray:
    if side == ">=":
        return figures >= limit - tolerance
    if side == "<=":
        return figures <= limit + tolerance
    if side == "<":
        return figures < limit - tolerance
    return figures > limit + tolerance
