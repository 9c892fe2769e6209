"""The district's own figures: checklists, C9, C14, C15, C18, C21–C25, C31, recognition, the veto list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from qb.data.dataset import index_of
from qb.indicators.indicator_figures import (
    FAIL,
    NO_DATA,
    NOT_APPLICABLE,
    OPEN,
    PASS,
    Figure,
    IndicatorFigures,
    Inputs,
    Range,
    percent,
    unless_empty,
)
from qb.indicators.population import JUNIOR, KINDS, PRIMARY
from qb.indicators.school_figures import asked, rural_schools
from qb.language import Message
from qb.standard import Indicator, Standard
from qb.terms import Kind, Location


def _every(inputs: Inputs) -> np.ndarray:
    return np.arange(len(inputs.population.districts))


def _ratio(
    inputs: Inputs, part: str, whole: str, name: str = "", within: str | None = None, above: str | None = None
) -> Figure:
    """Return the share of an item in another; `within` is part of the first, the second is part of `above`.

    What is not reported lies between those that it holds and those that hold it.
    """
    top, bottom = inputs.figure(part), inputs.figure(whole)
    nothing, all_of_it = np.zeros(len(top)), np.full(len(top), np.inf)
    inner = np.nan_to_num(inputs.figure(within)) if within else nothing
    outer = np.nan_to_num(inputs.figure(above), nan=np.inf) if above else all_of_it
    tops = Range.of(top, inner, np.minimum(np.nan_to_num(bottom, nan=np.inf), outer))
    bottoms = Range.of(bottom, tops.low, outer)
    return Figure(
        name, _every(inputs), percent(top, bottom), verdict=unless_empty(bottom), range=tops.over(bottoms)
    )


def checklist(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """Every item of Annex 3's second table must be met (C8, C17, C27–C30)."""
    return IndicatorFigures(indicator.code, inputs.nothing, inputs.checklist(indicator))


def uniform_standards(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C9: four uniform standards, and a base amount not below the province's for either stage.

    The province's amounts are the limits of the standard where it states them, else items of the data.
    """
    every = _every(inputs)
    stated = {limit.name for limit in indicator.limits}
    amounts = tuple(
        Figure(
            stage,
            every,
            inputs.figure(f"base_amount_{stage}_yuan"),
            limit=None if stage in stated else inputs.figure(f"province_base_amount_{stage}_yuan"),
        )
        for stage in ("primary", "junior")
    )
    return IndicatorFigures(indicator.code, inputs.nothing, inputs.checklist(indicator) + amounts)


def special_funds(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C14: yuan a pupil for pupils of special schools and for 随班就读."""
    pupils = inputs.figure("special_pupils")
    value = percent(inputs.figure("special_allocation_yuan"), pupils) / 100
    return IndicatorFigures(
        indicator.code, value, (Figure("", _every(inputs), value, verdict=unless_empty(pupils)),)
    )


def pay(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C15: teachers' mean pay as a percentage of civil servants', and the performance pay in full."""
    value = percent(inputs.figure("teacher_mean_pay_yuan"), inputs.figure("civil_servant_mean_pay_yuan"))
    part = Figure("", _every(inputs), value)
    return IndicatorFigures(indicator.code, value, (part, *inputs.checklist(indicator)))


def rotation(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C18: rotated of those eligible, and backbone teachers of those rotated; both must hold."""
    backbone, eligible = "rotation_backbone", "rotation_eligible"
    rotated = _ratio(inputs, "rotation_rotated", eligible, "rotated", within=backbone)
    backbone = _ratio(inputs, backbone, "rotation_rotated", "backbone", above=eligible)
    nobody = inputs.figure(eligible) == 0
    # Nobody rotated though some could: 10% fails already, and a share of nobody says nothing.
    backbone = replace(backbone, verdict=np.where(nobody, NOT_APPLICABLE, backbone.verdict))
    return IndicatorFigures(indicator.code, rotated.value, (rotated, backbone))


def quota(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C21: places of good senior schools allocated, and tilted to rural junior schools if there are any.

    The rural share of what was allocated has no limit: it goes into the note.
    """
    part = _ratio(inputs, "quota_allocated", "quota_planned", within="quota_allocated_rural")
    share = percent(inputs.figure("quota_allocated_rural"), inputs.figure("quota_allocated"))
    note = np.array(
        [
            None if np.isnan(x) else Message("其中农村初中 {:.1f}%", "{:.1f}% at rural junior schools", x)
            for x in share
        ],
        dtype=object,
    )
    part = replace(part, note=note)
    rural, perhaps = _has_rural_junior(inputs, indicator)
    items = {item.item: item for item in inputs.standard.items(indicator.code)}
    tilted = tuple(
        Figure(
            p.name,
            p.district,
            p.value,
            verdict=_tilt_verdict(p.verdict, rural, perhaps)
            if items[p.name].needs_rural_junior
            else p.verdict,
        )
        for p in inputs.checklist(indicator)
    )
    return IndicatorFigures(indicator.code, part.value, (part, *tilted))


def _tilt_verdict(verdict: np.ndarray, rural: np.ndarray, perhaps: np.ndarray) -> np.ndarray:
    """Return the verdict on an item that is asked only of districts with rural junior schools.

    Where there is perhaps one, evidence that would fail leaves it open.
    """
    doubted = np.where(verdict == FAIL, NO_DATA, verdict)
    return np.where(rural, verdict, np.where(perhaps, doubted, NOT_APPLICABLE))


def _has_rural_junior(inputs: Inputs, indicator: Indicator) -> tuple[np.ndarray, np.ndarray]:
    """Return whether a district has a rural junior section, and whether it perhaps has one.

    Perhaps: of a school whose location, or of a section whose pupils, are not reported; where no school
    is listed at all.
    """
    population = inputs.population
    rows = asked(inputs, indicator)
    rows = rows[population.stage[rows] == JUNIOR]
    school = population.school[rows]
    rural, unknown = (which[school] for which in rural_schools(inputs))
    populated = population.at_least("pupils")[rows] > 0
    count = len(population.districts)
    sure, perhaps = (
        np.bincount(population.district[school[mine]], minlength=count) > 0
        for mine in (rural & populated, rural | unknown)
    )
    unlisted = np.bincount(population.district, minlength=count) == 0
    return sure, perhaps | unlisted


def migrants(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C22: eligible migrant children in public or bought private places, and the care system."""
    part = _ratio(inputs, "migrant_placed", "migrant_eligible")
    return IndicatorFigures(indicator.code, part.value, (part, *inputs.checklist(indicator)))


def retention(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C23: three-year retention, ``G / (E + I - O - D)``; `variant`: ``(G - I + O) / (E - D)``.

    G graduates, E entrants three years before, I moved in, O moved out, D deaths. Capped at the
    option `cap`; the form that does not decide goes into the note.
    """
    figures = {
        key: inputs.figure(item)
        for key, item in {
            "G": "graduates",
            "E": "entrants_three_years_before",
            "I": "transferred_in",
            "O": "transferred_out",
            "D": "deaths",
        }.items()
    }
    forms = retention_rates(**figures)
    cap, chosen = indicator.options["cap"], indicator.options["formula"]
    other = next(name for name in forms if name != chosen)
    ends = _retention_range(figures, chosen)
    ends = Range(np.minimum(ends.low, cap), np.minimum(ends.high, cap))
    value = np.minimum(forms[chosen], cap)
    shown = np.minimum(forms[other], cap)
    note = np.array(
        [
            None if np.isnan(x) else Message("另一口径 {:.1f}%", "the other form gives {:.1f}%", x)
            for x in shown
        ],
        dtype=object,
    )
    return IndicatorFigures(
        indicator.code, value, (Figure("", _every(inputs), value, note=note, range=ends),)
    )


def _retention_range(figures: dict[str, np.ndarray], form: str) -> Range:
    """Return what the rate can be where one of its figures is not reported: none of them is below 0."""
    G, E, I, O, D = (Range.of(figures[key]) for key in "GEIOD")  # noqa: E741, N806 - as in the rule
    if form == "standard":
        part, low, high = G, E.low + I.low - O.high - D.high, E.high + I.high - O.low - D.low
    else:
        part = Range(G.low - I.high + O.low, G.high - I.low + O.high)
        low, high = E.low - D.high, E.high - D.low
    return part.over(Range(low, high))


def retention_rates(G, E, I, O, D) -> dict[str, np.ndarray]:  # noqa: E741, N803 - as in the rule
    """Return both forms of the three-year retention rate in percent, not capped.

    Examples
    --------
    Of 100 entrants 4 moved away, 6 moved in, 1 died; 99 graduated.

    >>> rates = retention_rates(*(np.array([x]) for x in (99.0, 100.0, 6.0, 4.0, 1.0)))
    >>> round(float(rates["standard"][0]), 2), round(float(rates["variant"][0]), 2)
    (98.02, 97.98)

    Graduates over entrants alone would have given 99.
    """
    return {"standard": percent(G, E + I - O - D), "variant": percent(G - I + O, E - D)}


def disabled_enrolment(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C24: enrolled of the district's list of children with disabilities of school age."""
    part = _ratio(inputs, "disabled_enrolled", "disabled_of_age")
    return IndicatorFigures(indicator.code, part.value, (part,))


def charter_and_it(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C25: checklist; broadband and multimedia shares, where reported, must be full.

    Both shares also stand in the checklist, so that a district that reports no counts is judged by
    its evidence alone; one that reports half of a count is "no data".
    """
    shares = []
    for name, top, bottom in (
        ("broadband", "schools_with_broadband", "schools_checked"),
        ("multimedia", "regular_classrooms_multimedia", "regular_classrooms"),
    ):
        part = _ratio(inputs, top, bottom, name)
        silent = np.isnan(inputs.figure(top)) & np.isnan(inputs.figure(bottom))
        verdict = np.where(silent, NOT_APPLICABLE, part.verdict)
        shares.append(replace(part, verdict=verdict))
    return IndicatorFigures(indicator.code, inputs.nothing, (*inputs.checklist(indicator), *shares))


def monitoring(inputs: Inputs, indicator: Indicator) -> IndicatorFigures:
    """C31: level and between-school rate of every subject of the standard, each by its latest result.

    The monitoring takes `cycle_years` years to come round: the latest result of a subject counts if it
    is not older. A row with neither figure is no result; one with one of them leaves the other open. A
    subject without a result is "no data"; one that the standard does not name is shown and decides
    nothing. `value` is the greatest rate of those that decide.
    """
    population, options = inputs.population, indicator.options
    table = latest_results(population.records.data["monitoring"], inputs.standard, population.year)
    wanted = options["subjects"]
    order = {subject: place for place, subject in enumerate(wanted)}
    table = table.iloc[np.argsort(table["subject"].map(order).fillna(len(order)), kind="stable")]
    district = index_of(table["district"], population.districts)
    subject, of_year = table["subject"].to_numpy(dtype=object), table["year"].to_numpy(dtype=int)
    decides = np.isin(subject.astype(str), wanted)
    verdict = np.where(decides, OPEN, NOT_APPLICABLE)
    figures = {"level": table["level"], "rate": table["between_school_rate"]}
    parts = [
        Figure(name, district, column.to_numpy(dtype=float), verdict=verdict, note=subject, year=of_year)
        for name, column in figures.items()
    ]
    for name in wanted:
        unseen = np.flatnonzero(~np.isin(_every(inputs), district[subject == name]))
        note = np.full(len(unseen), name, dtype=object)
        parts.append(Figure("rate", unseen, np.full(len(unseen), np.nan), note=note))
    value = np.full(len(population.districts), -np.inf)
    rate = parts[1].value
    known = decides & ~np.isnan(rate)
    np.maximum.at(value, district[known], rate[known])
    return IndicatorFigures(indicator.code, np.where(np.isinf(value), np.nan, value), tuple(parts))


def latest_results(table: pd.DataFrame, standard: Standard, year: int) -> pd.DataFrame:
    """Return of the table ``monitoring`` the latest result of each subject, by the subject's own name.

    Results older than the standard's cycle are none in this year.
    """
    cycle = max((i.options["cycle_years"] for i in standard.monitored), default=1)
    accepted = standard.subjects()
    table = table[table["year"].between(year - int(cycle) + 1, year).to_numpy()]
    table = table[table[["level", "between_school_rate"]].notna().any(axis=1).to_numpy()]
    table = table.sort_values("year", kind="stable")
    table = table.assign(subject=table["subject"].map(lambda name: accepted.get(name, name)))
    return table.drop_duplicates(["district", "subject"], keep="last")


def recognition(inputs: Inputs) -> IndicatorFigures:
    """社会认可度 (表VI): satisfied of valid questionnaires, in percent."""
    part = _ratio(inputs, "survey_satisfied", "survey_valid", above="survey_issued")
    return IndicatorFigures("recognition", part.value, (replace(part, verdict=None),))


def vetoes(inputs: Inputs) -> IndicatorFigures:
    """Return a part for each item of the veto list: any one found stops the application."""
    population = inputs.population
    table = population.records.rows("vetoes")
    district = index_of(table["district"], population.districts)
    item = table["item"].to_numpy(dtype=object)
    found = table["found"].map({True: FAIL, False: PASS}).astype("float64").fillna(NO_DATA).to_numpy(int)
    parts = []
    for veto in inputs.standard.vetoes:
        verdict = np.full(len(population.districts), NO_DATA)
        mine = item == veto.item
        verdict[district[mine]] = found[mine]
        parts.append(Figure(veto.item, _every(inputs), inputs.nothing, verdict=verdict))
    return IndicatorFigures("veto", inputs.nothing, tuple(parts))


def class_norm_warnings(inputs: Inputs, indicator: Indicator) -> pd.DataFrame:
    """C8: sections with fewer classes than the norm "in principle"; a warning, never a failure.

    Complete primary schools in the city and junior schools; parts of other kinds have no norm.
    """
    population = inputs.population
    rows = population.judged
    school, stage = population.school[rows], population.stage[rows]
    classes = population.figures["classes"][rows]
    place = population.schools["location"].to_numpy(dtype=object)[school].astype(str)
    kind = population.kind[school]
    norm = np.full(len(rows), np.nan)
    for location in Location:
        for code, name in ((PRIMARY, "primary"), (JUNIOR, "junior")):
            value = indicator.options.get(f"{name}_classes_{location}")
            if value is not None:
                norm[(place == str(location)) & (stage == code)] = float(value)
    norm[~np.isin(kind, [KINDS.index(Kind.PRIMARY), KINDS.index(Kind.JUNIOR)])] = np.nan
    small = np.flatnonzero(classes < norm)
    # Many schools share a sentence: each is written once.
    sizes, sentence = np.unique(np.stack((classes[small], norm[small])), axis=1, return_inverse=True)
    sentences = np.array(
        [
            Message(
                "{:.0f} 班，低于“原则上不低于 {:.0f} 班”的布局要求（仅提示）",
                "{:.0f} classes, below the norm of {:.0f} “in principle” (a note only)",
                *size,
            )
            for size in sizes.T
        ],
        dtype=object,
    )
    return pd.DataFrame(
        {
            "district": population.districts[population.district[school[small]]],
            "school_id": population.schools["school_id"].to_numpy(dtype=object)[school[small]],
            "code": indicator.code,
            "message": pd.Series(sentences[sentence], dtype=object),
        }
    )
