"""C1–C7 held against the standard: the school rule, the coefficients, the shortfalls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qb import balance
from qb.judge.verdicts import verdict_codes, verdicts_between, words, worst_by
from qb.limits import LimitInForce
from qb.measure.census import JUNIOR, PRIMARY, STAGES, Census
from qb.measure.parts import FAIL, NO_DATA, NOT_APPLICABLE, PASS
from qb.measure.resources import Resources
from qb.standard import SEVEN, Standard
from qb.terms import COMPULSORY

COMPOSITE = "composite"  # the mean of the seven coefficients: shown, decides nothing


@dataclass(frozen=True)
class Seven:
    """C1–C7 of every judged row, held against the standard.

    Attributes
    ----------
    limit : LimitInForce
        Values of shape (rows, 7).
    verdict : ndarray of int, shape (rows, 7)
        PASS, FAIL or NO_DATA.
    met : ndarray of int, shape (rows,)
    school : ndarray of int, shape (rows,)
        The school rule's verdict on each row.
    """

    census: Census
    standard: Standard
    resources: Resources
    limit: LimitInForce
    verdict: np.ndarray
    met: np.ndarray
    school: np.ndarray

    @classmethod
    def judge(cls, census: Census, held: Resources, standard: Standard) -> Seven:
        """Hold the seven against their limits and apply the school rule.

        Where something is not reported, both are tried with the lowest and the highest it can be.
        """
        stage = census.stage[census.judged]
        limit = seven_limits(standard, stage, census.year)
        if held.range is None:
            verdict = verdict_codes(held.value, limit)
            school = school_rule(held.value, limit, verdict, standard)
        else:
            low, high = held.range.low, held.range.high
            verdict = verdicts_between(low, high, limit, limit)
            worst, best = (
                school_rule(end, limit, verdict_codes(end, limit), standard) for end in (low, high)
            )
            school = np.where(worst == PASS, PASS, np.where(best == FAIL, FAIL, NO_DATA))
        return cls(census, standard, held, limit, verdict, (verdict == PASS).sum(axis=1), school)

    def rows(self) -> pd.DataFrame:
        """Return a row per judged school and stage."""
        census = self.census
        at = census.judged
        school, stage = census.school[at], census.stage[at]
        columns = {
            "district": named(census.districts, census.district[school]),
            **school_columns(census, school, ("school_id", "name", "kind", "ownership", "location")),
            "stage": stage_words(stage),
            "pupils": census.figures["pupils"][at],
            "classes": census.figures["classes"][at],
            "full_time_teachers": census.figures["full_time_teachers"][at],
            "new": self._not_yet_full(school, stage),
        }
        for k, code in enumerate(SEVEN):
            columns[code] = self.resources.value[:, k]
            columns[f"{code}_amount"] = self.resources.amount[:, k]
            columns[f"{code}_limit"] = self.limit.value[:, k]
            columns[f"{code}_verdict"] = words(self.verdict[:, k])
        return pd.DataFrame({**columns, "met": self.met, "verdict": words(self.school)})

    def _not_yet_full(self, school: np.ndarray, stage: np.ndarray) -> np.ndarray:
        rule = self.standard.rules.new_school
        opened = self.census.schools["opened_year"].to_numpy(dtype=float)[school]
        grades = self.census.year - opened + 1  # the year it opens is the first with a grade
        return grades < np.where(stage == PRIMARY, rule.primary, rule.junior)

    def balance(self) -> pd.DataFrame:
        """Return the difference coefficients by district, stage and indicator.

        A coefficient is given only where every judged row of the stage has reported the resource:
        part of a district has no coefficient. `missing` counts the rows that have not; the verdict is
        that of every coefficient which they leave possible, if it is the same.
        """
        census = self.census
        at = census.judged
        primary_or_junior = census.stage[at]
        groups = census.district[census.school[at]] * 2 + primary_or_junior
        count = len(census.districts) * 2
        pupils = census.figures["pupils"][at]
        # Pupils that were not reported leave every coefficient of their stage open, as a missing amount does.
        counted = ~np.isnan(pupils)
        amount = self.resources.amount * self.resources.factor
        amount[~counted] = np.nan
        spreads = balance.difference_coefficients(amount, np.where(counted, pupils, 1), groups, count)
        k, row = np.nonzero(np.isnan(self.resources.value.T))
        gaps = np.bincount(groups[row] * len(SEVEN) + k, minlength=count * len(SEVEN)).reshape(count, -1)
        by_stage = [self.standard.limit_in_force("coefficient", stage=stage) for stage in STAGES[:2]]
        limit = LimitInForce.each(by_stage, np.tile([[PRIMARY], [JUNIOR]], (len(census.districts), 1)))
        verdict = verdict_codes(spreads.coefficient, limit)
        if gaps.any():
            least = balance.least_coefficient(amount, pupils, groups, count)
            between = verdicts_between(least, np.full_like(least, np.inf), limit, limit)
            verdict = np.where(np.isnan(spreads.coefficient) & (gaps > 0), between, verdict)
        composite = spreads.coefficient.mean(axis=1)
        schools = np.bincount(groups, minlength=count)
        held = np.flatnonzero(schools)
        width = len(SEVEN) + 1

        def table(values: np.ndarray, last: object) -> np.ndarray:
            column = np.broadcast_to(np.asarray(last, dtype=float), (count,))[:, None]
            return np.hstack([values, column])[held].ravel()

        return pd.DataFrame(
            {
                "district": named(census.districts, np.repeat(held // 2, width)),
                "stage": stage_words(np.repeat(held % 2, width)),
                "code": named([*SEVEN, COMPOSITE], np.tile(np.arange(width), len(held))),
                "schools": np.repeat(schools[held], width),
                "missing": table(gaps, gaps.max(axis=1)).astype(int),
                "mean": table(spreads.mean, np.nan),
                "deviation": table(spreads.deviation, np.nan),
                "coefficient": table(spreads.coefficient, composite),
                "limit": table(np.broadcast_to(limit.value, verdict.shape), np.nan),
                "gap": table(np.where(verdict == FAIL, limit.gap(spreads.coefficient), np.nan), np.nan),
                "verdict": words(np.hstack([verdict, np.full((count, 1), NOT_APPLICABLE)])[held].ravel()),
            }
        )

    def by_district(self) -> dict[str, np.ndarray]:
        """Return each of C1–C7 at its worst row, shape (districts,)."""
        census = self.census
        district = census.district[census.school[census.judged]]
        return {
            code: worst_by(district, self.verdict[:, k], len(census.districts), NO_DATA)
            for k, code in enumerate(SEVEN)
        }

    def shortfalls(self) -> pd.DataFrame:
        """Return what each unmet figure lacks, to the standard and to its floor.

        `near`: the figure reaches the floor, as the school rule asks of the one that may be unmet.
        Persons and rooms: ``ceil(t·P/100 - r)``; m² and yuan: ``t·P - r``. `supports` is the number of
        pupils that the resource is enough for, ``floor(100·r/t)``.
        """
        census = self.census
        row, k = np.nonzero(self.verdict == FAIL)
        at = census.judged[row]
        school = census.school[at]
        factor = self.resources.factor[k]
        amount, limit = self.resources.amount[row, k], self.limit.value[row, k]
        pupils = census.figures["pupils"][at]
        floor = self.standard.rules.school.floor
        near = floor_of(self.limit, self.standard).meets(self.resources.value)[row, k]
        return pd.DataFrame(
            {
                "district": named(census.districts, census.district[school]),
                **school_columns(census, school, ("school_id", "name")),
                "stage": stage_words(census.stage[at]),
                "code": named(SEVEN, k),
                "pupils": pupils,
                "amount": amount,
                "value": self.resources.value[row, k],
                "limit": limit,
                "to_standard": shortfall(limit, pupils, amount, factor),
                "to_floor": shortfall(floor * limit, pupils, amount, factor),
                "near": near,
                "supports": np.floor(factor * amount / limit + 1e-9),
            }
        )


def school_rule(
    value: np.ndarray, limit: LimitInForce, verdict: np.ndarray, standard: Standard
) -> np.ndarray:
    """Return the school rule's verdict on each row, shape (rows,).

    At least 6 of the 7 are met and the remaining one is at 85 % of its limit (教督〔2017〕6号).
    Two unmet fail even when both are above 85 %. A missing figure leaves the row "no data" unless
    the others already fail it.

    Examples
    --------
    >>> from qb.measure.parts import VERDICTS
    >>> from qb.standard import load
    >>> standard = load()
    >>> limit = standard.hold(np.full((3, 7), 100.0))
    >>> value = np.array([[85, *[100] * 6], [84.9, *[100] * 6], [99, 99, *[100] * 5]])
    >>> verdict = verdict_codes(value, limit)
    >>> [str(VERDICTS[v]) for v in school_rule(value, limit, verdict, standard)]
    ['pass', 'fail', 'fail']
    """
    rule = standard.rules.school
    unmet = verdict == FAIL
    too_low = unmet & ~floor_of(limit, standard).meets(value)
    fails = (unmet.sum(axis=1) > rule.of - rule.met) | too_low.any(axis=1)
    unknown = (verdict == NO_DATA).any(axis=1)
    return np.where(fails, FAIL, np.where(unknown, NO_DATA, PASS))


def shortfall(limit: np.ndarray, pupils: np.ndarray, amount: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return how much must be added to reach a limit: whole persons and rooms, m² and yuan as they are.

    Examples
    --------
    850 pupils, 33 teachers, 4.2 for a hundred: 35.7 are needed, so three more.

    >>> shortfall(np.array([4.2]), np.array([850.0]), np.array([33.0]), np.array([100.0])).tolist()
    [3.0]
    """
    lacking = np.maximum(limit * pupils / factor - amount, 0)
    # A hundredth of a millionth above a whole number is noise of the division, not a person.
    return np.where(factor == 100, np.ceil(np.maximum(lacking - 1e-8, 0)), lacking)


def seven_limits(standard: Standard, stage: np.ndarray, year: int) -> LimitInForce:
    """Return what C1–C7 of rows are held against, by the rows' stage codes, shape (rows, 7)."""
    by_stage = [standard.limit_in_force(code, stage=each, year=year) for each in COMPULSORY for code in SEVEN]
    return LimitInForce.each(by_stage, stage[:, None] * len(SEVEN) + np.arange(len(SEVEN)))


def floor_of(limit: LimitInForce, standard: Standard) -> LimitInForce:
    """Return the floor of the school rule: a share of the limit, kept by a figure that is at it."""
    return replace(limit, value=standard.rules.school.floor * limit.value, side=">=")


def named(words: Iterable[str], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return the words at these places as a column of text; each is put into text once only."""
    return pd.array(words, dtype="str").take(codes)


def stage_words(codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return stage codes as their English names."""
    return named([str(stage) for stage in STAGES], codes)


def school_columns(census: Census, school: np.ndarray, names: Iterable[str]) -> dict[str, object]:
    """Return columns of the table ``schools`` for the schools at these places."""
    return {name: census.schools[name].array[school] for name in names}
