"""Which method would have erred least: chosen on the years held back, and shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from qb.forecast.backtest import Scores, Trial
from qb.forecast.grades import Grades
from qb.forecast.methods import METHODS, Moving, code
from qb.forecast.views import Choice
from qb.terms import GRADES_OF_STAGE

CLEARLY = 0.95  # a method replaces the naive one only where its error is below this part of the naive one's
TESTS = ["district", "stage", "part", "ahead", "pupils", "naive", "method", "error", "chosen"]


def compare(trial: Trial, names: np.ndarray) -> tuple[Choice, pd.DataFrame]:
    """Choose each transition by itself, then the method of entry by what the two do together.

    A method of entry is a candidate where it foretold the entrants clearly better than the naive one. Of
    the candidates, with each school's ratios and without, the one is taken that foretold all grades best
    and at no distance worse than the naive forecast; naive is what does not help.

    Returns
    -------
    Choice
    DataFrame
        The back-test, as :class:`qb.forecast.Forecast` has it.
    """
    moving, entry = trial.moving_errors(), trial.entry_errors()
    moves = choose(moving.error[..., None], (moving.came > 0)[..., None], CLEARLY)
    total = entry.error.sum(axis=2)
    able = total < CLEARLY * total[0]
    options = [
        Choice(moves * by_model, np.where(able[n], method[0], 0), np.where(able[n], method[1], 0))
        for n, method in enumerate(METHODS)
        for by_model in (0, 1)
        if n == 0 or able[n].any()
    ]
    whole = trial.whole_errors(options)
    best = choose(whole.error, whole.came > 0, 1.0)
    each = np.arange(trial.districts)
    choice = Choice(
        np.stack([option.moving for option in options])[best, each],
        np.stack([option.total for option in options])[best, each],
        np.stack([option.share for option in options])[best, each],
    )
    both = Scores(np.stack([whole.error[0], whole.error[best, each]]), whole.came)
    rows = [
        (names[d], str(trial.grades.stage), *row)
        for d in np.unique(trial.grades.district)
        for row in (
            *_moving_rows(moving, choice, trial.grades, d),
            *_entry_rows(entry, choice, d),
            *_whole_rows(both, bool(best[d]), d),
        )
    ]
    return choice, pd.DataFrame(rows, columns=TESTS)


def choose(error: np.ndarray, counts: np.ndarray, clearly: float) -> np.ndarray:
    """Choose the method with the least error among those never worse than the first, the naive one.

    Parameters
    ----------
    error : ndarray, shape (methods, …, years ahead)
        Sums of absolute errors; the first method is the naive one.
    counts : ndarray of bool, shape (…, years ahead)
        Years ahead that were compared at all.
    clearly : float
        A method must bring the whole error below this part of the naive one's.

    Returns
    -------
    ndarray of int, shape (…)
        Place of the method; 0 where nothing was compared.

    Examples
    --------
    The second method is better one year ahead and worse two years ahead; the third never worse.

    >>> int(choose(np.array([[10.0, 20], [2, 21], [9, 15]]), np.array([True, True]), 0.95))
    2
    """
    error = np.where(counts, error, 0.0)
    total, naive = error.sum(axis=-1), error[0].sum(axis=-1)
    good = (error <= error[0] * (1 + 1e-12)).all(axis=-1) & (total < clearly * naive)
    best = np.argmin(np.where(good, total, np.inf), axis=0)
    return np.where(good.any(axis=0), best, 0)


def _moving_rows(scores: Scores, choice: Choice, grades: Grades, d: int) -> Iterator[tuple]:
    for g, part in enumerate(transitions(grades)):
        came = scores.came[d, g]
        if came > 0:
            naive, model = scores.error[:, d, g] / came
            yield part, 1, came, naive, str(Moving.MODEL), model, bool(choice.moving[d, g])


def _entry_rows(scores: Scores, choice: Choice, d: int) -> Iterator[tuple]:
    """Yield every method that could be used throughout, by years ahead."""
    for n, method in enumerate(METHODS):
        if n == 0 or not np.isfinite(scores.error[n, d]).all():
            continue
        chosen = method == (choice.total[d], choice.share[d])
        for h, came in enumerate(scores.came[d]):
            if came > 0:
                naive, error = scores.error[[0, n], d, h] / came
                yield "entry", h + 1, came, naive, code(*method), error, chosen


def _whole_rows(scores: Scores, other: bool, d: int) -> Iterator[tuple]:
    for h, came in enumerate(scores.came[d]):
        if came > 0:
            naive, error = scores.error[:, d, h] / came
            yield "all", h + 1, came, naive, "chosen", error, other


def transitions(grades: Grades) -> list[str]:
    """Return the names of a stage's transitions, ``1→2`` first."""
    return [f"{one}→{other}" for one, other in pairwise(GRADES_OF_STAGE[grades.stage])]


def chosen_methods(grades: Grades, choice: Choice, names: np.ndarray) -> pd.DataFrame:
    """Return what was chosen: ``district, stage, part, method``."""
    rows = [
        (names[d], str(grades.stage), part, method)
        for d in np.unique(grades.district)
        for part, method in [
            *((p, str(list(Moving)[m])) for p, m in zip(transitions(grades), choice.moving[d], strict=True)),
            ("entry", code(choice.total[d], choice.share[d])),
        ]
    ]
    return pd.DataFrame(rows, columns=["district", "stage", "part", "method"])
