"""How far past forecasts were from what came, and the low and the high path that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from qb.forecast.ratios import divide

TAIL = 0.1  # one year in ten may lie below the low path, one in ten above the high one
COHORT, ENTRY = 0, 1  # pupils already at school when the forecast was made; those who entered after


class Errors(NamedTuple):
    """Errors of past forecasts, one entry per school, grade and year; arrays of one length.

    `kind` is `COHORT` or `ENTRY`, `steps` the years since the pupils were last seen (or since the last
    entry that was), `made` when and of which grade: errors alike in it share what befell the district.
    """

    district: np.ndarray
    kind: np.ndarray
    steps: np.ndarray
    made: np.ndarray
    actual: np.ndarray
    forecast: np.ndarray


@dataclass(frozen=True)
class Spread:
    """Variance of the logarithm of actual over forecast pupils.

    A grade of n pupils has variance ``fixed + sized / n``, of which ``common`` is shared by all schools
    of the district. Shape (2, districts, steps) each, the first axis `COHORT` or `ENTRY`; the last one
    from no step on. NaN in a district without past forecasts. `width`, shape (districts,), is how many
    standard deviations the paths keep from the middle: more, the fewer years there are to judge by.
    """

    fixed: np.ndarray
    sized: np.ndarray
    common: np.ndarray
    width: np.ndarray

    def of(self, pupils: np.ndarray, district: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the paths lie from the middle, in logarithms.

        Parameters
        ----------
        pupils : ndarray, shape (schools, years, grades)
            As forecast, from `first` years after the last known year on.
        district : ndarray of int, shape (schools,)
        first : int

        Returns
        -------
        spread, common : ndarray, shape (schools, years, grades)
            Half the width of the band; and that part of it which is common to the district.
        """
        year = np.arange(first, first + pupils.shape[1])[:, None]
        grade = np.arange(pupils.shape[2])
        moves, waits = np.minimum(year, grade), np.maximum(year - grade, 0)
        size = np.maximum(pupils, 1.0)
        variance = common = np.zeros(pupils.shape)
        for kind, steps in ((COHORT, moves), (ENTRY, waits)):
            own = self.fixed[kind, district][:, steps] + self.sized[kind, district][:, steps] / size
            variance = variance + own
            common = common + np.minimum(self.common[kind, district][:, steps], own)
        width = self.width[district][:, None, None]
        return width * np.sqrt(variance), width * np.sqrt(common)


def two_parts(
    square: np.ndarray, size: np.ndarray, group: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split squared errors into a part that is the same for all sizes and one that falls with size.

    Parameters
    ----------
    square, size : ndarray, shape (errors,)
    group : ndarray of int, shape (errors,)
    groups : int

    Returns
    -------
    fixed, sized : ndarray, shape (groups,)
        ``fixed + sized / size`` fits the mean of the squares and the mean of square × size, and neither
        part is negative. NaN for a group without errors.

    Examples
    --------
    Two grades of 10 pupils with a squared error of 0.06 and two of 100 with 0.015: 0.01 + 0.5 / n.

    >>> fixed, sized = two_parts(np.array([0.06, 0.06, 0.015, 0.015]), np.array([10, 10, 100, 100.0]),
    ...                          np.zeros(4, int), 1)
    >>> fixed.round(6).tolist(), sized.round(6).tolist()
    ([0.01], [0.5])
    """
    count = np.bincount(group, minlength=groups)

    def mean(values: np.ndarray) -> np.ndarray:
        return divide(np.bincount(group, values, groups), count)

    plain, by_size, large, small = mean(square), mean(square * size), mean(size), mean(1 / size)
    unlike = large * small - 1
    fixed = np.where(unlike > 1e-9, divide(by_size * small - plain, np.maximum(unlike, 1e-9)), plain)
    fixed = np.clip(fixed, 0, plain)
    sized = np.where(fixed > 0, (plain - fixed) / small, by_size)
    return fixed, np.where(fixed >= plain, 0.0, np.maximum(sized, 0))


def measure(errors: Errors, origins: np.ndarray, districts: int, longest: int) -> Spread:
    """Return the spread of past errors by kind and steps; beyond the steps seen it grows in proportion.

    Parameters
    ----------
    errors : Errors
    origins : ndarray, shape (districts,)
        Years in which forecasts were made to be compared.
    districts, longest : int
        `longest`: steps wanted.
    """
    steps = longest + 1
    shape = (2, districts, steps)
    group = np.ravel_multi_index((errors.kind, errors.district, np.minimum(errors.steps, longest)), shape)
    size = np.maximum(errors.forecast, 1.0)
    square = np.log((errors.actual + 0.5) / (errors.forecast + 0.5)) ** 2
    fixed, sized = two_parts(square, size, group, int(np.prod(shape)))

    party = np.stack([group, errors.made])
    parties, place = np.unique(party, axis=1, return_inverse=True)
    place = place.ravel()
    actual, forecast = (np.bincount(place, v, parties.shape[1]) for v in (errors.actual, errors.forecast))
    whole = np.log((actual + 0.5) / (forecast + 0.5)) ** 2
    count = np.bincount(parties[0], minlength=int(np.prod(shape)))
    common = divide(np.bincount(parties[0], whole, int(np.prod(shape))), count)
    grown = [_grown(part.reshape(shape)) for part in (fixed, sized, common)]
    width = np.where(origins > 0, stdtrit(np.maximum(origins, 1), 1 - TAIL), np.nan)
    return Spread(*grown, width)


def _grown(part: np.ndarray) -> np.ndarray:
    """Return a part of the variance that never falls with the steps, and grows in proportion unseen."""
    known = np.isfinite(part)
    known[..., 0] = True
    risen = np.maximum.accumulate(np.where(np.isfinite(part), part, 0), axis=2)
    step = np.arange(part.shape[2])
    last = np.maximum.accumulate(np.where(known, step, 0), axis=2)
    rate = np.where(last > 0, step / np.maximum(last, 1), np.nan)
    grown = np.take_along_axis(risen, last, axis=2) * rate
    grown[..., 0] = 0.0
    # A stage of one grade's movement may be all there is: without errors of a kind, it is not known.
    return grown
