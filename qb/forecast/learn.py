"""What the past teaches: for each district and stage the method that would have erred least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.forecast.backtest import Trial
from qb.forecast.choosing import chosen_methods, compare
from qb.forecast.grades import Grades, Past
from qb.forecast.methods import LONGEST, Share, Total
from qb.forecast.ratios import divide, sum_by
from qb.forecast.spread import Spread, measure
from qb.forecast.views import Choice, Leavers, View, look
from qb.terms import GRADES_OF_STAGE, Stage


@dataclass(frozen=True)
class Learned:
    """How a stage is forecast.

    Attributes
    ----------
    grades : Grades
        The past it was learned from.
    ratio : ndarray, shape (schools, grades − 1)
        By which each school's pupils move up.
    newcomer : ndarray, shape (districts, grades − 1)
        The same for a school without a past.
    choice : Choice
    whole : ndarray, shape (districts,)
        Entrants of the last year.
    path : ndarray, shape (districts, 1 + ahead)
        Entrants against those of the last year, from that year on; NaN where they follow the leavers.
    rate : ndarray, shape (districts,)
        Entrants a leaver of the stage before; NaN where they do not follow them.
    lasting : ndarray, shape (schools,)
        Mean share of the last years against the last year's.
    spread : Spread
    tests, chosen : DataFrame
        See :class:`qb.forecast.Forecast`.
    """

    grades: Grades
    ratio: np.ndarray
    newcomer: np.ndarray
    choice: Choice
    whole: np.ndarray
    path: np.ndarray
    rate: np.ndarray
    lasting: np.ndarray
    spread: Spread
    tests: pd.DataFrame
    chosen: pd.DataFrame


def learn(past: Past) -> dict[Stage, Learned]:
    """Learn how each stage is to be forecast, lower stages first: their leavers are the entrants above."""
    found: dict[Stage, Learned] = {}
    leaving: dict[Stage | None, Leavers] = {None: Leavers.none(past)}
    for stage, grades in past.stages.items():
        found[stage], leaving[stage] = _learn(past, grades, leaving[below(stage, leaving)])
    return found


def below(stage: Stage, stages: Iterable[Stage | None]) -> Stage | None:
    """Return the stage that leads to this one, if it is among those given.

    >>> below(Stage.JUNIOR, [Stage.PRIMARY]), below(Stage.JUNIOR, [Stage.SENIOR])
    (<Stage.PRIMARY: 'primary'>, None)
    """
    first = GRADES_OF_STAGE[stage].start
    return next((s for s in stages if s and GRADES_OF_STAGE[s].stop == first), None)


def _learn(past: Past, grades: Grades, leavers: Leavers) -> tuple[Learned, Leavers]:
    districts, last = len(past.districts), len(past.years) - 1
    views = {year: look(past, grades, leavers, year) for year in range(1, last + 1)}
    trial = Trial(grades, {year: view for year, view in views.items() if year < last}, districts)
    choice, tests = compare(trial, past.districts)
    view = views[last]
    path = view.path[choice.total, np.arange(districts)]
    path = np.concatenate([np.ones((districts, 1)), np.where(np.isfinite(path), path, 1.0)], axis=1)
    follows = choice.total == list(Total).index(Total.LEAVERS)
    rate = divide(path[:, 1] * view.whole, leavers.ahead[last][:, 0])
    lasting = divide(view.share[list(Share).index(Share.MEAN)], view.share[list(Share).index(Share.LAST)])
    learned = Learned(
        grades,
        view.ratio(choice),
        np.where(choice.moving == 1, view.moving.district, 1.0),
        choice,
        view.whole,
        np.where(follows[:, None], np.nan, path),
        np.where(follows, rate, np.nan),
        np.where(np.isfinite(lasting), lasting, 1.0),
        measure(trial.errors(choice), trial.origins(), districts, LONGEST),
        tests,
        chosen_methods(grades, choice, past.districts),
    )
    return learned, _leavers(past, grades, views, choice)


def _leavers(past: Past, grades: Grades, views: dict[int, View], choice: Choice) -> Leavers:
    """Return the last grade, as it was and as it would have been expected at the end of each year."""
    none = Leavers.none(past)
    for year, view in views.items():
        last = np.concatenate([view.start[:, None], view.ahead(choice)[:, :-1]], axis=1)[..., -1]
        none.ahead[year] = sum_by(grades.district, last, len(past.districts))
    return Leavers(sum_by(grades.district, grades.pupils[..., -1], len(past.districts)), none.ahead)
