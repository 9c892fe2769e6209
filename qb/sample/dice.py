"""Chance that does not depend on the platform, on the order of calls, or on what else is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True)
class Dice:
    """Named draws from one seed.

    Every draw has a name (and numbers, such as a year) and a stream of its own. So the figures of a
    year do not change when other years are asked for, nor those of one table when another is altered,
    and the first district is the same however many follow.

    Attributes
    ----------
    seed : int
        From 0.

    Examples
    --------
    >>> Dice(1).uniform("size", 2).tolist() == Dice(1).uniform("size", 5)[:2].tolist()
    True
    """

    seed: int

    def uniform(self, name: str, shape: int | tuple[int, ...], *numbers: int) -> np.ndarray:
        """Return doubles from 0 up to 1, without 1."""
        stream = np.random.PCG64([self.seed, crc32(name.encode()), *numbers])
        return np.random.Generator(stream).random(shape)

    def bell(self, name: str, shape: int | tuple[int, ...], *numbers: int) -> np.ndarray:
        """Return bell-shaped doubles of mean 0 and deviation 1, never beyond 3.47.

        The sum of four uniform draws: it needs no logarithm, whose last bit differs between machines,
        and it brings no school that could not exist.
        """
        shape = (shape,) if isinstance(shape, int) else shape
        return (self.uniform(name, (*shape, 4), *numbers).sum(axis=-1) - 2) * np.sqrt(3)
