"""C1–C7: what each school row holds, and how much of it there is for a pupil."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.dataset import Dataset
from qb.measure.census import KINDS, STAGES, WHOLE, Census, codes, sum_by
from qb.measure.clauses import holds
from qb.standard import SEVEN, Standard, Transition
from qb.terms import STAGES_OF_KIND

FACILITY_FIGURES = (
    "teaching_area_m2",
    "indoor_sports_area_m2",
    "sports_ground_m2",
    "equipment_yuan",
    "multimedia_rooms",
    "supplementary_sports_m2",
)
# In hundreds of pupils or per pupil: the factor that turns amount / pupils into the indicator's unit.
FACTOR = {"per_hundred": 100.0, "per_pupil": 1.0}


@dataclass(frozen=True)
class Resources:
    """The seven of every judged row.

    Attributes
    ----------
    amount : ndarray, shape (rows, 7)
        What the row holds in all: persons, m², yuan, rooms.
    value : ndarray, shape (rows, 7)
        Per pupil or per hundred pupils, in the indicator's unit.
    factor : ndarray, shape (7,)
        100 or 1: ``value = factor * amount / pupils``.
    """

    amount: np.ndarray
    value: np.ndarray
    factor: np.ndarray


def resources(
    data: Dataset, census: Census, standard: Standard, transition: Transition | None = None
) -> Resources:
    """Compute C1–C7 of every judged row (教督〔2017〕6号; plan, Annex 3, C1–C7).

    The denominator is the pupils of that stage, never of the whole school. C4 leaves indoor sports
    area out of teaching area; C5 counts it in.
    """
    rows = census.judged
    shared = share_facilities(data, census, standard)
    held = {name: column[rows] for name, column in {**census.figures, **shared}.items()}
    amount = np.column_stack(
        [
            held["teachers_above_required"],
            held["backbone_teachers"],
            held["pe_arts_teachers"],
            np.maximum(held["teaching_area_m2"] - held["indoor_sports_area_m2"], 0),
            held["sports_ground_m2"] + held["indoor_sports_area_m2"],
            held["equipment_yuan"],
            held["multimedia_rooms"],
        ]
    )
    for clause in transition.clauses if transition else ():
        if clause.adds:
            extra = np.where(holds(clause, data, census), np.nan_to_num(held[clause.adds]), 0)
            amount[:, SEVEN.index(clause.code)] += extra
    factor = np.array([FACTOR[standard[code].measure] for code in SEVEN])
    return Resources(amount, factor * amount / held["pupils"][:, None], factor)


def share_facilities(data: Dataset, census: Census, standard: Standard) -> dict[str, np.ndarray]:
    """Return each facilities column by section: reported by stage, or the stage's share of the whole.

    A school that reports as one is split by weighted pupils (national form 表I, note): of R held by A
    primary, B junior and C senior pupils of a twelve-year school the primary part is
    ``R·A / (A + 1.1·B + 1.32·C)``. What is reported by stage is taken as reported. A campus whose
    pupils are reported but not its facilities makes its parent's facilities "no data".

    Returns
    -------
    dict of ndarray, shape (sections,)
        NaN where a figure, or the pupils needed to split it, is not reported.
    """
    table = census.of_year(data["facilities"])
    columns = {name: table[name].to_numpy(dtype=float) for name in FACILITY_FIGURES}
    keys = census.roots(table["school_id"]) * len(STAGES) + codes(table["stage"], STAGES)
    keys, summed = sum_by(keys, columns)
    own, has_own = _find(census.school * len(STAGES) + census.stage, keys)
    whole, has_whole = _find(census.school * len(STAGES) + WHOLE, keys)
    share = split_shares(census, standard)
    silent = np.isin(census.school, _silent_campuses(data, census, table["school_id"]))
    missing = silent | ~(has_own | has_whole)

    def by_section(column: np.ndarray) -> np.ndarray:
        padded = np.append(column, 0.0)  # the last place stands for "no such row"
        part = padded[np.where(has_own, own, -1)] + np.where(
            has_whole, padded[np.where(has_whole, whole, -1)] * share, 0
        )
        return np.where(missing, np.nan, part)

    return {name: by_section(column) for name, column in summed.items()}


def split_shares(census: Census, standard: Standard) -> np.ndarray:
    """Return the share of its school's common facilities that falls to each section, shape (sections,).

    NaN where a stage that shares has not reported its pupils: half a split would be wrong.
    """
    weight = np.zeros((len(KINDS) + 1, len(STAGES)))  # the last row: a kind not reported shares nothing
    for k, kind in enumerate(KINDS):
        weights = standard.rules.split.weights(kind) or {STAGES_OF_KIND[kind][0]: 1.0}
        for stage, value in weights.items():
            weight[k, STAGES.index(stage)] = value
    kind = census.kind[census.school]
    weighted = weight[kind, census.stage] * census.figures["pupils"]
    total = np.bincount(census.school, weights=weighted, minlength=len(census.schools))
    reported = np.bincount(
        census.school, weights=weight[kind, census.stage] > 0, minlength=len(census.schools)
    )
    needed = (weight > 0).sum(axis=1)[census.kind]
    total[reported < needed] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        return weighted / total[census.school]


def _find(wanted: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each wanted key among sorted keys, and whether it is there."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=int), np.zeros(len(wanted), dtype=bool)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


def _silent_campuses(data: Dataset, census: Census, reporting: object) -> np.ndarray:
    """Return the parents of campuses that have pupils but reported no facilities."""
    campus = np.flatnonzero(census.root != np.arange(len(census.root)))
    if not len(campus):
        return campus
    sections = census.of_year(data["sections"])
    with_pupils = census.places(sections["school_id"][(sections["pupils"] != 0).to_numpy()])
    silent = np.intersect1d(campus, with_pupils)
    return census.root[np.setdiff1d(silent, census.places(reporting))]
