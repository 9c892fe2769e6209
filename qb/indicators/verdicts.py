"""Verdicts: figures held against limits; school rule, coefficients, shortfalls, new schools not yet full, what rounding would decide otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb import balance
from qb.data.schema import TABLES
from qb.indicators.indicator_figures import (
    FAIL,
    NO_DATA,
    NOT_APPLICABLE,
    OPEN,
    PASS,
    VERDICTS,
    Figure,
    IndicatorFigures,
    Inputs,
    Range,
)
from qb.indicators.population import JUNIOR, PRIMARY, STAGES, Population
from qb.indicators.resources import Resources
from qb.language import Message, joined
from qb.standard import SIDES, Indicator, LimitInForce, Standard, decided
from qb.terms import COMPULSORY, Stage, Verdict

# Comparing a figure with its limit.


def verdict_codes(value: np.ndarray, limit: LimitInForce) -> np.ndarray:
    """Return PASS, FAIL or NO_DATA for each value."""
    codes = np.where(limit.meets(value), PASS, FAIL)
    if _missing(value) or _missing(limit.value):
        codes[np.isnan(value) | np.isnan(limit.value)] = NO_DATA
    return codes


def _missing(values: float | np.ndarray) -> bool:
    """Return whether any value is NaN: the least of all then is, which costs less than a mask of them."""
    return bool(np.isnan(np.min(values, initial=0)))


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


_WORDS = pd.CategoricalDtype([str(verdict) for verdict in VERDICTS])  # each new one is looked through


def words(codes: np.ndarray) -> pd.Categorical:
    """Return verdict codes as the words of `Verdict`."""
    return pd.Categorical.from_codes(np.asarray(codes), dtype=_WORDS)


def worst_by(group: np.ndarray, codes: np.ndarray, count: int, nothing: int) -> np.ndarray:
    """Return the worst verdict of each group, `nothing` where a group has none, shape (count,)."""
    least = np.full(count, NOT_APPLICABLE + 1)
    np.minimum.at(least, group, codes)
    return np.where(least > NOT_APPLICABLE, nothing, least)


def overall(verdicts: Iterable[str]) -> Verdict:
    """Return the worst of several verdicts: fail, no data, pass, not applicable."""
    return VERDICTS[min((VERDICTS.index(Verdict(v)) for v in verdicts), default=NO_DATA)]


# The resource indicators held against the standard: the school rule, the coefficients, the shortfalls.


COMPOSITE = "composite"  # the mean of all coefficients of a stage


@dataclass(frozen=True)
class JudgedResources:
    """The resource indicators of every judged row, held against the standard; k of them."""

    population: Population
    standard: Standard
    resources: Resources
    limit: LimitInForce  # values of shape (rows, k); NaN where the standard sets schools no limit
    verdict: np.ndarray  # (rows, k) of int: PASS, FAIL or NO_DATA; NOT_APPLICABLE where there is no limit
    met: np.ndarray  # (rows,) of int
    # (rows,) of int: the school rule's verdict on each row; NOT_APPLICABLE where the standard has no such
    # rule.
    school: np.ndarray

    @classmethod
    def judge(cls, population: Population, held: Resources, standard: Standard) -> JudgedResources:
        """Hold the resources against their limits and apply the school rule.

        Where something is not reported, both are tried with the lowest and the highest it can be.
        """
        stage = population.stage[population.judged]
        limit = resource_limits(standard, stage, population.year)
        if held.range is None:
            verdict = verdict_codes(held.value, limit)
            school = school_rule(held.value, limit, verdict, standard)
        else:
            low, high = held.range.low, held.range.high
            verdict = verdicts_between(low, high, limit, limit)
            less = np.array([indicator.at_most for indicator in standard.resources])  # the lowest is the best
            worst, best = (
                school_rule(end, limit, verdict_codes(end, limit), standard)
                for end in (np.where(less, high, low), np.where(less, low, high))
            )
            school = np.where(worst == PASS, PASS, np.where(best == FAIL, FAIL, NO_DATA))
        if standard.rules.school is None:
            school = np.full(len(stage), NOT_APPLICABLE)
        if _missing(limit.value):
            verdict[np.isnan(limit.value)] = NOT_APPLICABLE
        return cls(population, standard, held, limit, verdict, _count(verdict == PASS), school)

    def rows(self) -> pd.DataFrame:
        """Return a row per judged school and stage."""
        population = self.population
        at = population.judged
        school, stage = population.school[at], population.stage[at]
        columns = {
            "district": named(population.districts, population.district[school]),
            **school_columns(population, school, ("school_id", "name", "kind", "ownership", "location")),
            "stage": stage_words(stage),
            "pupils": population.figures["pupils"][at],
            "classes": population.figures["classes"][at],
            "full_time_teachers": population.figures["full_time_teachers"][at],
            "new": self._not_yet_full(school, stage),
        }
        for k, code in enumerate(self.standard.resource_codes):
            columns[code] = self.resources.value[:, k]
            columns[f"{code}_amount"] = self.resources.amount[:, k]
            columns[f"{code}_limit"] = self.limit.value[:, k]
            columns[f"{code}_verdict"] = words(self.verdict[:, k])
        return pd.DataFrame({**columns, "met": self.met, "verdict": words(self.school)})

    def _not_yet_full(self, school: np.ndarray, stage: np.ndarray) -> np.ndarray:
        rule = self.standard.rules.new_school
        opened = self.population.schools["opened_year"].to_numpy(dtype=float)[school]
        grades = self.population.year - opened + 1  # the year it opens is the first with a grade
        return grades < np.where(stage == PRIMARY, rule.primary, rule.junior)

    def balance(self) -> pd.DataFrame:
        """Return the difference coefficients by district, stage and indicator.

        A coefficient is given only where every judged row of the stage has reported the resource:
        part of a district has no coefficient. `missing` counts the rows that have not; the verdict is
        that of every coefficient which they leave possible, if it is the same. Each is judged, or the mean of
        all (``composite``), as the standard says; what decides nothing is "not applicable".
        """
        population, codes = self.population, self.standard.resource_codes
        at = population.judged
        groups = population.district[population.school[at]] * 2 + population.stage[at]
        count = len(population.districts) * 2
        gaps = np.zeros((count, len(codes)), dtype=np.int64)
        if _missing(self.resources.value):
            row, k = np.divmod(np.flatnonzero(np.isnan(self.resources.value)), max(1, len(codes)))
            gaps = np.bincount(groups[row] * len(codes) + k, minlength=gaps.size).reshape(gaps.shape)
        mean, deviation, coefficient, least = self._spreads(groups, count, gaps.any())
        by_stage = [self.standard.limit_in_force("coefficient", stage=stage) for stage in STAGES[:2]]
        limit = LimitInForce.each(by_stage, np.tile([[PRIMARY], [JUNIOR]], (len(population.districts), 1)))
        # The mean of all, and the least it can be: beside them in the last column.
        coefficient, least = (
            np.column_stack([each, each.mean(axis=1)]) if codes else np.full((count, 1), np.nan)
            for each in (coefficient, least)
        )
        gaps = np.column_stack([gaps, gaps.max(axis=1, initial=0)])
        verdict = verdict_codes(coefficient, limit)
        if gaps.any():
            between = verdicts_between(least, np.full_like(least, np.inf), limit, limit)
            verdict = np.where(np.isnan(coefficient) & (gaps > 0), between, verdict)
        decides = np.isin([*codes, COMPOSITE], deciding(self.standard))
        verdict = np.where(decides, verdict, NOT_APPLICABLE)
        schools = np.bincount(groups, minlength=count)
        held = np.flatnonzero(schools)
        width = len(codes) + 1
        nothing = np.full((count, 1), np.nan)

        def table(values: np.ndarray) -> np.ndarray:
            return values[held].ravel()

        return pd.DataFrame(
            {
                "district": named(population.districts, np.repeat(held // 2, width)),
                "stage": stage_words(np.repeat(held % 2, width)),
                "code": named([*codes, COMPOSITE], np.tile(np.arange(width), len(held))),
                "schools": np.repeat(schools[held], width),
                "missing": table(gaps),
                "mean": table(np.hstack([mean, nothing])),
                "deviation": table(np.hstack([deviation, nothing])),
                "coefficient": table(coefficient),
                "limit": table(np.where(decides, limit.value, np.nan)),
                "gap": table(np.where(verdict == FAIL, limit.gap(coefficient), np.nan)),
                "verdict": words(table(verdict)),
            }
        )

    def _spreads(
        self, groups: np.ndarray, count: int, gaps: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return mean, deviation, coefficient and the least it can be, each of shape (groups, k).

        Resources divided by the same are taken together.
        """
        divisors = [indicator.resource.divisor for indicator in self.standard.resources]
        ends = np.full((4, count, len(divisors)), np.nan)
        for name in dict.fromkeys(divisors):
            mine = np.flatnonzero([name == other for other in divisors])
            weight = np.ascontiguousarray(self.resources.divisor[:, mine[0]])
            amount = (self.resources.amount.T[mine] * self.resources.factor[mine, None]).T
            # Pupils that were not reported leave every coefficient of their stage open.
            counted = weight > 0
            if not counted.all():
                amount[~counted] = np.nan
            found = balance.difference_coefficients(amount, np.where(counted, weight, 1), groups, count)
            ends[:3, :, mine] = found.mean, found.deviation, found.coefficient
            ends[3, :, mine] = found.coefficient.T
            if gaps:
                least = balance.least_coefficient(amount, weight, groups, count)
                ends[3, :, mine] = np.where(np.isnan(found.coefficient), least, found.coefficient).T
        return tuple(ends)

    def by_district(self) -> dict[str, np.ndarray]:
        """Return each resource indicator at its worst row, shape (districts,)."""
        population = self.population
        district = population.district[population.school[population.judged]]
        return {
            code: worst_by(district, self.verdict[:, k], len(population.districts), NO_DATA)
            for k, code in enumerate(self.standard.resource_codes)
        }

    def shortfalls(self) -> pd.DataFrame:
        """Return what each unmet figure lacks, to the standard and to its floor.

        `near`: the figure reaches the floor, as the school rule asks of those that may be unmet.
        Persons and rooms: ``ceil(t·P/100 - r)``; m² and yuan: ``t·P - r``. `supports` is the number of
        pupils that the resource is enough for, ``floor(100·r/t)``. Where less is better, it is the divisor
        that lacks: teachers for so many pupils.
        """
        population = self.population
        row, k = np.nonzero(self.verdict == FAIL)
        at = population.judged[row]
        school = population.school[at]
        amount, limit = self.resources.amount[row, k], self.limit.value[row, k]
        divisor = self.resources.divisor[row, k]
        floor = floor_of(self.limit, self.standard)
        resources = self.standard.resources
        less, whole, per_pupil, of_pupils = (
            np.array(each, dtype=bool)[k]
            for each in (
                [i.at_most for i in resources],
                [i.resource.whole for i in resources],
                [i.resource.divisor == "pupils" for i in resources],
                [i.resource.added == (("pupils",),) for i in resources],
            )
        )
        # Divided the other way round, what is at most so much becomes what is at least so much.
        factor = np.where(less, 1 / self.resources.factor[k], self.resources.factor[k])
        has, over = np.where(less, divisor, amount), np.where(less, amount, divisor)
        held = np.where(less, limit, 1 / limit)  # pupils for each of what there is

        def lacking(limit: np.ndarray) -> np.ndarray:
            with np.errstate(divide="ignore"):  # a floor of 0 asks for nothing
                return shortfall(np.where(less, 1 / limit, limit), over, has, factor, whole | less)

        return pd.DataFrame(
            {
                "district": named(population.districts, population.district[school]),
                **school_columns(population, school, ("school_id", "name")),
                "stage": stage_words(population.stage[at]),
                "code": named(self.standard.resource_codes, k),
                "pupils": population.figures["pupils"][at],
                "amount": amount,
                "value": self.resources.value[row, k],
                "limit": limit,
                "to_standard": lacking(limit),
                "to_floor": lacking(floor.value[row, k]),
                "near": floor.meets(self.resources.value)[row, k],
                "supports": np.where(
                    np.where(less, of_pupils, per_pupil), np.floor(factor * has * held + 1e-9), np.nan
                ),
            }
        )


def deciding(standard: Standard) -> tuple[str, ...]:
    """Return the codes of the coefficients that decide: each resource's, ``composite``, or none."""
    rule = standard.rules.coefficient
    if rule is None:
        return ()
    return standard.resource_codes if rule.decides == "each" else (COMPOSITE,)


def school_rule(
    value: np.ndarray, limit: LimitInForce, verdict: np.ndarray, standard: Standard
) -> np.ndarray:
    """Return the school rule's verdict on each row, shape (rows,).

    So many of the resource indicators are met as the standard says, and the others are at their floor: 6 of 7
    and 85% (教督〔2017〕6号), where two unmet fail even if both are above 85%. A missing figure leaves the
    row "no data" unless the others already fail it.

    Examples
    --------
    >>> from qb.indicators.indicator_figures import VERDICTS
    >>> from qb.standard import load
    >>> standard = load()
    >>> limit = standard.hold(np.full((3, 7), 100.0))
    >>> value = np.array([[85, *[100] * 6], [84.9, *[100] * 6], [99, 99, *[100] * 5]])
    >>> verdict = verdict_codes(value, limit)
    >>> [str(VERDICTS[v]) for v in school_rule(value, limit, verdict, standard)]
    ['pass', 'fail', 'fail']
    """
    rule = standard.rules.school
    if rule is None:
        return np.full(len(value), NOT_APPLICABLE)
    unmet = verdict == FAIL
    count = _count(unmet)
    fails = count > rule.of - rule.met
    # Only what a row may leave unmet is asked how far below it is.
    asked = np.flatnonzero(unmet.T & ~fails)
    too_low = ~floor_of(limit.some(asked), standard).meets(value.T.ravel()[asked])
    fails[asked[too_low] % max(1, len(fails))] = True
    unknown = _count(verdict == NO_DATA) > 0
    return np.where(fails, FAIL, np.where(unknown, NO_DATA, PASS))


def _count(holds: np.ndarray) -> np.ndarray:
    """Return in how many columns something holds, shape (rows,): columns are few and rows many, so column by column."""
    return sum(holds.T.view(np.int8), start=np.zeros(len(holds), dtype=np.int16)).astype(np.int64)


def shortfall(
    limit: np.ndarray, pupils: np.ndarray, amount: np.ndarray, factor: np.ndarray, whole: np.ndarray
) -> np.ndarray:
    """Return how much must be added to reach a limit: whole persons and rooms, m² and yuan as they are.

    Examples
    --------
    850 pupils, 33 teachers, 4.2 for a hundred: 35.7 are needed, so three more.

    >>> shortfall(np.array([4.2]), np.array([850.0]), np.array([33.0]), np.array([100.0]), np.True_).tolist()
    [3.0]
    """
    lacking = np.maximum(limit * pupils / factor - amount, 0)
    # A hundredth of a millionth above a whole number is noise of the division, not a person.
    return np.where(whole, np.ceil(np.maximum(lacking - 1e-8, 0)), lacking)


def resource_limits(standard: Standard, stage: np.ndarray, year: int) -> LimitInForce:
    """Return what the resource indicators of rows are held against, by their stage codes, shape (rows, k).

    NaN where the standard sets schools no limit.
    """
    codes, none = standard.resource_codes, standard.hold(np.nan, decimals=standard.rules.rounding.values)
    by_stage = [
        standard.limit_in_force(code, stage=each, year=year) if standard[code].limits else none
        for each in COMPULSORY
        for code in codes
    ]
    if not by_stage:
        return standard.hold(np.empty((len(stage), 0)))
    return LimitInForce.each(by_stage, np.arange(len(by_stage)).reshape(-1, len(codes))).rows(stage)


def floor_of(limit: LimitInForce, standard: Standard) -> LimitInForce:
    """Return the floor of the school rule: a share of the limit, kept by a figure that is at it.

    Where less is better it lies above the limit: 85% of what 20 pupils a teacher ask is 20 / 0.85 pupils.
    A rule without a floor has one of 0, or none above.
    """
    less = np.isin(limit.side, ("<=", "<"))
    floor = np.float64(standard.floor)
    if not less.any():
        return replace(limit, value=floor * limit.value, side=">=")
    with np.errstate(divide="ignore"):
        value = np.where(less, limit.value / floor, floor * limit.value)
    return replace(limit, value=value, side="<=" if less.all() else np.where(less, "<=", ">="))


def named(words: Iterable[str], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return the words at these places as a column of text; each is put into text once only."""
    return pd.array(words, dtype="str").take(codes)


def stage_words(codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return stage codes as their English names."""
    return named([str(stage) for stage in STAGES], codes)


def school_columns(population: Population, school: np.ndarray, names: Iterable[str]) -> dict[str, object]:
    """Return columns of the table ``schools`` for the schools at these places."""
    return {name: population.schools[name].array[school] for name in names}


# C8–C31, recognition and veto: every figure held against its limit.


def _limit_of(inputs: Inputs, code: str, part: Figure) -> LimitInForce:
    """Return what a part's rows are held against, a value for each; NaN where it has no limit."""
    standard, year, n = inputs.standard, inputs.population.year, len(part.value)
    limits = () if code in ("recognition", "veto") else standard[code].limits
    if part.limit is not None:
        return standard.hold(part.limit, part.side, standard[code].decimals)
    if code == "recognition":
        limit = standard.limit_in_force(code)
        return limit.at(np.full(n, limit.value))
    if not any(limit.name == part.name for limit in limits):
        return standard.hold(np.full(n, np.nan))
    if part.stage is None:
        limit = standard.limit_in_force(code, name=part.name, year=year)
        return limit.at(np.full(n, limit.value))
    by_stage = [standard.limit_in_force(code, name=part.name, stage=stage, year=year) for stage in STAGES[:2]]
    return LimitInForce.each(by_stage, np.minimum(part.stage, JUNIOR))


def judge_parts(inputs: Inputs, code: str, measure: IndicatorFigures) -> list[np.ndarray]:
    """Return the verdict codes of each part of an indicator.

    Where something is not reported, what was reported decides if the rest cannot change it.
    """
    judged = []
    for part in measure.parts:
        limit = _limit_of(inputs, code, part)
        if part.exact:
            verdict = verdict_codes(part.value, limit)
        else:
            figure, held = _ranges(part, limit)
            verdict = verdicts_between(figure.low, figure.high, limit.at(held.low), limit.at(held.high))
        if part.verdict is not None:
            verdict = np.where(part.verdict == OPEN, verdict, part.verdict)
        judged.append(verdict)
    return judged


def _ranges(part: Figure, limit: LimitInForce) -> tuple[Range, Range]:
    """Return what a part's figures and their limits can be."""
    fixed = Range(limit.value, limit.value)
    return part.range or Range.of(part.value), part.limit_range or fixed


def _notes(part: Figure, limit: LimitInForce, verdict: np.ndarray) -> np.ndarray:
    """Return the words that go with each figure: its own, or what decides where something is missing."""
    note = np.full(len(part.value), None, dtype=object) if part.note is None else part.note.copy()
    if part.exact:
        return note
    figure, held = _ranges(part, limit)
    side = np.broadcast_to(limit.side, len(note))
    settled = (np.isnan(part.value) | np.isnan(limit.value)) & ((verdict == PASS) | (verdict == FAIL))
    for i in (i for i in np.flatnonzero(settled) if note[i] is None):
        # The end of the range that is nearest to the other verdict decides.
        lowest = (verdict[i] == PASS) == (side[i] in (">=", ">"))
        known = []
        if np.isnan(part.value[i]):
            known.append(
                Message("至少为 {:.10g}", "at least {:.10g}", figure.low[i])
                if lowest
                else Message("至多为 {:.10g}", "at most {:.10g}", figure.high[i])
            )
        if np.isnan(limit.value[i]):
            known.append(
                Message("要求至多为 {:.10g}", "at most {:.10g} are asked", held.high[i])
                if lowest
                else Message("要求至少为 {:.10g}", "at least {:.10g} are asked", held.low[i])
            )
        note[i] = Message(
            "未报齐，已可判定：{}", "not all is reported; settled all the same: {}", joined("，", ", ", known)
        )
    return note


def rounding_flags(inputs: Inputs, measures: dict[str, IndicatorFigures]) -> pd.DataFrame:
    """Return figures of C8–C31 and recognition that reach their limit only after rounding, or only before."""
    population = inputs.population
    ids = population.schools["school_id"].to_numpy(dtype=object)
    found = []
    for code, measure in measures.items():
        for part in measure.parts:
            limit = _limit_of(inputs, code, part)
            found += [
                {
                    "district": population.districts[part.district[i]],
                    "school_id": None if part.school is None else ids[part.school[i]],
                    "code": code,
                    "message": Message(
                        "{:.6g} 与标准 {:g} 相近：按原始值和按四舍五入后的值判定，结论不同",
                        "The verdict on {:.6g} against {:g} depends on rounding",
                        part.value[i],
                        limit.value[i],
                    ),
                }
                for i in np.flatnonzero(limit.flips(part.value))
            ]
    return pd.DataFrame(found, columns=["district", "school_id", "code", "message"], dtype=object)


def worst(population: Population, parts: tuple[Figure, ...], verdicts: list[np.ndarray]) -> np.ndarray:
    """Return an indicator's verdict by district: its worst part.

    What would not apply is "no data" in a district that reported no section: nobody knows.
    """
    count = len(population.districts)
    district = np.concatenate([part.district for part in parts])
    worst = worst_by(district, np.concatenate(verdicts), count, NOT_APPLICABLE)
    reporting = np.bincount(population.district[population.school[~population.silent]], minlength=count) > 0
    return np.where(reporting | (worst != NOT_APPLICABLE), worst, NO_DATA)


def findings(
    inputs: Inputs, measures: dict[str, IndicatorFigures], judged: dict[str, list[np.ndarray]]
) -> pd.DataFrame:
    """Return every figure of C8–C31 in one table; repeated words are kept once (categories).

    `side` is the side of the limit, `gap` what a failing figure lacks to it or has too much, in its unit, and
    `year` the school year that the figure is from.
    """
    population = inputs.population
    pieces: list[tuple] = []
    for code, measure in measures.items():
        for part, verdict in zip(measure.parts, judged[code], strict=True):
            limit = _limit_of(inputs, code, part)
            n = len(part.value)
            none = np.broadcast_to(np.int8(-1), n)
            pieces.append(
                (
                    part.district.astype(np.int32),
                    none if part.school is None else part.school.astype(np.int32),
                    none if part.stage is None else part.stage.astype(np.int8),
                    code,
                    part.name,
                    part.value,
                    limit.value,
                    verdict.astype(np.int8),
                    limit.gap(part.value),
                    _side_codes(limit),
                    _notes(part, limit, verdict),
                    np.broadcast_to(population.year, n) if part.year is None else part.year,
                )
            )
    if not pieces:  # a standard of resources alone
        none, nan = np.empty(0, dtype=int), np.empty(0)
        pieces = [(none, none, none, "", "", nan, nan, none, nan, none, nan.astype(object), none)]
    lengths = [len(piece[5]) for piece in pieces]
    columns = list(zip(*pieces, strict=True))
    del pieces  # of a nation they are as large as the table made of them

    def gathered(place: int) -> np.ndarray:
        whole, columns[place] = np.concatenate(columns[place]), ()
        return whole

    def repeated(place: int) -> pd.Categorical:
        names = list(dict.fromkeys(columns[place]))
        number = np.array([names.index(name) for name in columns[place]], np.int16)
        return pd.Categorical.from_codes(np.repeat(number, lengths), names)

    ids = population.schools["school_id"].to_numpy(dtype=object)
    school, verdict = gathered(1), gathered(7)
    return pd.DataFrame(
        {
            "district": pd.Categorical.from_codes(gathered(0), population.districts),
            "school_id": pd.Categorical.from_codes(school, ids),
            "name": population.schools["name"].array.take(school, allow_fill=True),
            "stage": pd.Categorical.from_codes(gathered(2), [str(stage) for stage in STAGES]),
            "code": repeated(3),
            "part": repeated(4),
            "value": gathered(5),
            "limit": gathered(6),
            "side": pd.Categorical.from_codes(gathered(9), list(SIDES)),
            "gap": np.where(verdict == FAIL, gathered(8), np.nan),
            "verdict": words(verdict),
            "detail": pd.Series(gathered(10), dtype=object, copy=False),
            "year": gathered(11),
        },
        copy=False,
    )


def _side_codes(limit: LimitInForce) -> np.ndarray:
    """Return the side of each limit as its place in `SIDES`, -1 where there is no limit."""
    if isinstance(limit.side, str):
        codes = [*SIDES].index(limit.side)
    else:
        codes = np.select([limit.side == side for side in SIDES], range(len(SIDES)))
    return np.where(np.isnan(limit.value), -1, codes).astype(np.int8)


def table(
    inputs: Inputs, measures: dict[str, IndicatorFigures], by_code: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Return the 31 indicators of every district: verdict, value and limit."""
    population, standard = inputs.population, inputs.standard
    codes = [indicator.code for indicator in standard.indicators]
    count = len(population.districts)
    values = [measures[code].value if code in measures else inputs.nothing for code in codes]
    limits = [_one_limit(indicator, population.year) for indicator in standard.indicators]
    return pd.DataFrame(
        {
            "district": np.repeat(population.districts, len(codes)),
            "code": np.tile(codes, count),
            "verdict": words(np.column_stack([by_code[code] for code in codes]).ravel()),
            "value": np.column_stack(values).ravel(),
            "limit": np.tile(limits, count),
        }
    )


def _one_limit(indicator: Indicator, year: int) -> float:
    """Return the limit of an indicator's value where it is the same for every stage and kind, else NaN."""
    in_force = {
        indicator.limit(stage=m.stage, kind=m.kind, year=year).value
        for m in indicator.limits
        if not m.name and (m.from_year is None or m.from_year <= year)
    }
    return in_force.pop() if len(in_force) == 1 else np.nan


def class_verdicts(classes: pd.DataFrame, standard: Standard, year: int) -> list[Verdict]:
    """Return the verdict on each class of compulsory stages, or each in a band: rows of ``classes``."""
    size = classes["pupils"].to_numpy(dtype=float)
    bands = TABLES["classes"].bands(classes)
    low, high = (
        np.where(bands, classes[name].fillna(end), np.where(np.isnan(size), end, size))
        for name, end in (("pupils_from", 1), ("pupils_to", np.inf))
    )
    verdict = np.full(len(classes), NO_DATA)
    for indicator in (i for i in standard.indicators if i.measure == "class_size"):
        for stage in COMPULSORY:
            limit = standard.limit_in_force(indicator.code, stage=stage, year=year)
            mine = (classes["stage"] == stage).to_numpy()
            verdict[mine] = verdicts_between(low[mine], high[mine], limit, limit)
    return [VERDICTS[code] for code in verdict]
