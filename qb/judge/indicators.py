"""C8–C31, recognition and veto: every figure held against its limit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.judge.verdicts import verdict_codes, verdicts_between, words, worst_by
from qb.limits import SIDES, LimitInForce
from qb.measure.census import JUNIOR, STAGES, Census
from qb.measure.parts import FAIL, NO_DATA, NOT_APPLICABLE, OPEN, PASS, VERDICTS, Inputs, Measure, Part, Range
from qb.standard import Indicator, Standard
from qb.terms import COMPULSORY, Verdict


def _limit_of(inputs: Inputs, code: str, part: Part) -> LimitInForce:
    """Return what a part's rows are held against, a value for each; NaN where it has no limit."""
    standard, year, n = inputs.standard, inputs.census.year, len(part.value)
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


def judge_parts(inputs: Inputs, code: str, measure: Measure) -> list[np.ndarray]:
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


def _ranges(part: Part, limit: LimitInForce) -> tuple[Range, Range]:
    """Return what a part's figures and their limits can be."""
    fixed = Range(limit.value, limit.value)
    return part.range or Range.of(part.value), part.limit_range or fixed


def _notes(part: Part, limit: LimitInForce, verdict: np.ndarray) -> np.ndarray:
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
        told = []
        if np.isnan(part.value[i]):
            told.append(f"至少为 {figure.low[i]:.10g}" if lowest else f"至多为 {figure.high[i]:.10g}")
        if np.isnan(limit.value[i]):
            told.append(f"要求至多为 {held.high[i]:.10g}" if lowest else f"要求至少为 {held.low[i]:.10g}")
        note[i] = "未报齐，已可判定：" + "，".join(told)
    return note


def rounding_flags(inputs: Inputs, measures: dict[str, Measure]) -> pd.DataFrame:
    """Return figures of C8–C31 and recognition that reach their limit only after rounding, or only before."""
    census = inputs.census
    ids = census.schools["school_id"].to_numpy(dtype=object)
    found = []
    for code, measure in measures.items():
        for part in measure.parts:
            limit = _limit_of(inputs, code, part)
            found += [
                {
                    "district": census.districts[part.district[i]],
                    "school_id": None if part.school is None else ids[part.school[i]],
                    "code": code,
                    "message": f"原始值 {part.value[i]:.6g} 与标准 {limit.value[i]:g} 之比，"
                    "四舍五入前后结论不同",
                }
                for i in np.flatnonzero(limit.flips(part.value))
            ]
    return pd.DataFrame(found, columns=["district", "school_id", "code", "message"])


def worst(census: Census, parts: tuple[Part, ...], verdicts: list[np.ndarray]) -> np.ndarray:
    """Return an indicator's verdict by district: its worst part.

    What would not apply is "no data" in a district that reported no section: nobody knows.
    """
    count = len(census.districts)
    district = np.concatenate([part.district for part in parts])
    worst = worst_by(district, np.concatenate(verdicts), count, NOT_APPLICABLE)
    reporting = np.bincount(census.district[census.school[~census.silent]], minlength=count) > 0
    return np.where(reporting | (worst != NOT_APPLICABLE), worst, NO_DATA)


def findings(
    inputs: Inputs, measures: dict[str, Measure], judged: dict[str, list[np.ndarray]]
) -> pd.DataFrame:
    """Return every figure of C8–C31 in one table; repeated words are kept once (categories).

    `side` is the side of the limit, `gap` what a failing figure lacks to it or has too much, in its unit, and
    `year` the school year that the figure is from.
    """
    census = inputs.census
    pieces: list[tuple] = []
    for code, measure in measures.items():
        for part, verdict in zip(measure.parts, judged[code], strict=True):
            limit = _limit_of(inputs, code, part)
            n = len(part.value)
            none = np.full(n, -1)
            pieces.append(
                (
                    part.district,
                    none if part.school is None else part.school,
                    none if part.stage is None else part.stage,
                    code,
                    part.name,
                    part.value,
                    limit.value,
                    verdict,
                    limit.gap(part.value),
                    _side_codes(limit),
                    _notes(part, limit, verdict),
                    np.full(n, census.year) if part.year is None else part.year,
                )
            )
    lengths = [len(piece[5]) for piece in pieces]

    def joined(place: int) -> np.ndarray:
        return np.concatenate([piece[place] for piece in pieces])

    def repeated(place: int) -> pd.Categorical:
        names = list(dict.fromkeys(piece[place] for piece in pieces))
        return pd.Categorical.from_codes(
            np.repeat([names.index(piece[place]) for piece in pieces], lengths), names
        )

    ids = census.schools["school_id"].to_numpy(dtype=object)
    school = joined(1)
    return pd.DataFrame(
        {
            "district": pd.Categorical.from_codes(joined(0), census.districts),
            "school_id": pd.Categorical.from_codes(school, ids),
            "name": census.schools["name"].array.take(school, allow_fill=True),
            "stage": pd.Categorical.from_codes(joined(2), [str(stage) for stage in STAGES]),
            "code": repeated(3),
            "part": repeated(4),
            "value": joined(5),
            "limit": joined(6),
            "side": pd.Categorical.from_codes(joined(9), SIDES),
            "gap": np.where(joined(7) == FAIL, joined(8), np.nan),
            "verdict": words(joined(7)),
            "detail": joined(10),
            "year": joined(11),
        }
    )


def _side_codes(limit: LimitInForce) -> np.ndarray:
    """Return the side of each limit as its place in `SIDES`, -1 where there is no limit."""
    codes = np.select([np.asarray(limit.side) == side for side in SIDES], range(len(SIDES)))
    return np.where(np.isnan(limit.value), -1, codes)


def table(inputs: Inputs, measures: dict[str, Measure], by_code: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the 31 indicators of every district: verdict, value and limit."""
    census, standard = inputs.census, inputs.standard
    codes = [indicator.code for indicator in standard.indicators]
    count = len(census.districts)
    values = [measures[code].value if code in measures else inputs.nothing for code in codes]
    limits = [_one_limit(indicator, census.year) for indicator in standard.indicators]
    return pd.DataFrame(
        {
            "district": np.repeat(census.districts, len(codes)),
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
    """Return the verdict on each class of compulsory stages: rows of the table ``classes``."""
    size = classes["pupils"].to_numpy(dtype=float)
    verdict = np.full(len(classes), NO_DATA)
    for indicator in (i for i in standard.indicators if i.measure == "class_size"):
        for stage in COMPULSORY:
            limit = standard.limit_in_force(indicator.code, stage=stage, year=year)
            mine = (classes["stage"] == stage).to_numpy()
            verdict[mine] = verdict_codes(size[mine], limit)
    return [VERDICTS[code] for code in verdict]
