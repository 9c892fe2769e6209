"""How many pupils: cohorts that enter, move up, and are divided into classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.sample.cast import STAGES, World
from qb.sample.dice import Dice

OLDEST = 6  # years that a cohort may stay in a stage

# Entrants by year of entry, an ordinary year being 1: births rose until 2016–2017 and have fallen
# since, so primary schools shrink while junior schools still grow.
ENTRY_YEARS = (2012, 2016, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2028, 2031)
PRIMARY_ENTRY = (0.97, 1.00, 1.05, 1.06, 1.05, 1.03, 1.02, 0.99, 0.94, 0.88, 0.76, 0.70)
JUNIOR_ENTRY = (0.90, 0.92, 0.93, 0.94, 0.96, 0.98, 1.00, 1.02, 1.04, 1.05, 1.04, 0.93)

# The most pupils per class when a cohort enters: large classes were wound down.
CAP_YEARS = (2015, 2018, 2019, 2020, 2021, 2022, 2025)
PRIMARY_CAP = (51, 47, 44, 43.5, 43.5, 43, 43)
JUNIOR_CAP = (57, 54, 52, 51, 49.5, 48.5, 48)


def _trend(year: int, stage: np.ndarray) -> np.ndarray:
    by_stage = [np.interp(year, ENTRY_YEARS, PRIMARY_ENTRY), np.interp(year, ENTRY_YEARS, JUNIOR_ENTRY), 1.0]
    return np.array(by_stage)[stage]


def _cap(year: int, parts: pd.DataFrame) -> np.ndarray:
    stage, crowd = parts["stage"].to_numpy(), parts["crowd"].to_numpy()
    by_stage = [np.interp(year, CAP_YEARS, PRIMARY_CAP), np.interp(year, CAP_YEARS, JUNIOR_CAP), 52.0]
    full = np.array(by_stage)[stage] + 4.2 * np.maximum(crowd, 0)
    return np.where(parts["special"], 10.0, np.where(parts["public"], full, 40.0))


def cohort(parts: pd.DataFrame, entry: int, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    """Return the pupils of the cohort that entered in a year, and its number of classes.

    Returns
    -------
    pupils : ndarray of int, shape (parts, 6)
        In the first to the sixth year after entry; 0 where the school had not opened.
    classes : ndarray of int, shape (parts,)
        Kept from the first year to the last.
    """
    n = len(parts)
    size = parts["base"].to_numpy() * _trend(entry, parts["stage"].to_numpy())
    size = size * (1 + 0.05 * dice.bell("entrants", n, entry))
    there = parts["opened"].to_numpy() <= entry
    size = np.where(there, np.maximum(np.rint(size), 1), 0)
    classes = np.ceil(size / _cap(entry, parts)).astype(np.int64)
    moves = 0.011 * dice.bell("moves", (n, OLDEST - 1), entry)
    pupils = [size]
    for k in range(OLDEST - 1):
        pupils.append(np.where(there, np.maximum(np.rint(pupils[-1] * (1 + moves[:, k])), 1), 0))
    return np.stack(pupils, axis=1).astype(np.int64), classes


def enrolment(parts: pd.DataFrame, year: int, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    """Return pupils and classes of a year, both of shape (parts, 6): one column per grade of the stage."""
    pupils, classes = np.zeros((2, len(parts), OLDEST), dtype=np.int64)
    for k in range(OLDEST):
        size, count = cohort(parts, year - k, dice)
        here = parts["grades"].to_numpy() > k
        pupils[:, k] = np.where(here, size[:, k], 0)
        classes[:, k] = np.where(here, count, 0)
    return pupils, classes


def class_rows(world: World, year: int, pupils: np.ndarray, classes: np.ndarray, dice: Dice) -> pd.DataFrame:
    """Return the table `classes` of a year; the classes of a grade add up to its pupils."""
    counts = classes.ravel()
    group = np.repeat(np.arange(counts.size), counts)
    number = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    mean, rest = np.divmod(pupils.ravel(), np.maximum(counts, 1))
    size = mean[group] + (number < rest[group])
    size = size + _swaps(number, counts[group], mean[group], dice, year)
    part, grade = np.divmod(group, OLDEST)
    return pd.DataFrame(
        {
            "year": np.full(len(group), year, dtype=np.int64),
            "school_id": world.schools["school_id"].take(world.parts["school"].to_numpy()[part]).array,
            "stage": stage_names(world.parts["stage"].to_numpy()[part]),
            "grade": (grade + np.array([1, 7, 10])[world.parts["stage"].to_numpy()[part]]).astype(float),
            "class_no": (number + 1).astype(float),
            "pupils": size.astype(float),
        }
    )


def _swaps(number: np.ndarray, count: np.ndarray, mean: np.ndarray, dice: Dice, year: int) -> np.ndarray:
    """Return what neighbouring classes exchange: one gains what the next one loses.

    Full classes exchange nothing; they were divided with care.
    """
    moved = np.floor(dice.uniform("swaps", len(number), year) * 5) - 2
    moved[(mean >= 41) | (mean < 12)] = 0
    first = number % 2 == 0
    gain = np.where(first & (number + 1 < count), moved, 0)
    gain[1:] -= np.where(first[1:], 0, gain[:-1])
    return gain


def stage_names(codes: np.ndarray) -> pd.array:
    """Return the English names of stages given by number."""
    return pd.Series([str(s) for s in STAGES], dtype="str").take(codes).array
