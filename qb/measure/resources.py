"""C1–C7: what each school row holds, and how much of it there is for a pupil."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.dataset import Dataset
from qb.measure.census import KINDS, STAGES, WHOLE, Census, codes
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
    # Row by row in memory, so that each of the seven lies together.
    amount = np.array(
        [
            held["teachers_above_required"],
            held["backbone_teachers"],
            held["pe_arts_teachers"],
            np.maximum(held["teaching_area_m2"] - held["indoor_sports_area_m2"], 0),
            held["sports_ground_m2"] + held["indoor_sports_area_m2"],
            held["equipment_yuan"],
            held["multimedia_rooms"],
        ]
    ).T
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
    ``R·A / (A + 1.1·B + 1.32·C)``. What is reported by stage is taken as reported; a school may report
    one column as a whole and another by stage. The whole of a campus with one stage is that stage's.
    Where a school and its campuses are counted together, each of them must have reported: a missing
    figure of one makes the sum "no data".

    Returns
    -------
    dict of ndarray, shape (sections,)
        NaN where a figure, or the pupils needed to split it, is not reported.
    """
    table = census.of_year(data["facilities"])
    school = census.places(table["school_id"])
    stage = codes(table["stage"], STAGES)
    having = _sections_with_pupils(data, census)
    reports = Reports(census, school, _stages_meant(census, having, school, stage))
    share = split_shares(census, standard)
    expected = reports.expected(having)
    return {
        name: reports.by_section(table[name].to_numpy(dtype=float), share, expected)
        for name in FACILITY_FIGURES
    }


@dataclass(frozen=True)
class Reports:
    """The rows of ``facilities``: whose they are, and the stage each of them is about.

    Attributes
    ----------
    census : Census
    school, stage : ndarray of int, shape (rows,)
        Place of the school that reports, campuses apart from their parents, and of the stage.
    """

    census: Census
    school: np.ndarray
    stage: np.ndarray

    def expected(self, having: np.ndarray) -> np.ndarray:
        """Return the keys of what must be reported: every section with pupils, and every row handed in.

        A row for the whole school is about its stages; it stands for itself where none is named.
        """
        rows = self.school * len(STAGES) + self.stage
        stages = np.concatenate([having, rows[self.stage != WHOLE]])
        alone = (self.stage == WHOLE) & ~np.isin(self.school, stages // len(STAGES))
        return np.unique(np.concatenate([stages, rows[alone]]))

    def by_section(self, figure: np.ndarray, share: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Add up one column by section, with each stage's share of what is reported as a whole."""
        census, stages = self.census, len(STAGES)
        size = len(census.schools)
        known = ~np.isnan(figure)
        school, stage, root = self.school[known], self.stage[known], census.root[self.school[known]]
        given = np.bincount(school * stages + stage, minlength=size * stages) > 0
        lacking = expected[~(given[expected] | given[expected // stages * stages + WHOLE])]
        lacking_root, lacking_stage = census.root[lacking // stages], lacking % stages

        held = np.bincount(root * stages + stage, weights=figure[known], minlength=size * stages)
        shared = np.bincount(root, weights=stage == WHOLE, minlength=size) > 0
        # What is not known of a whole concerns every stage, and so does any gap where a whole is shared.
        gaps = np.bincount(lacking_root, minlength=size) > 0
        of_whole = np.bincount(lacking_root, weights=lacking_stage == WHOLE, minlength=size) > 0
        open_school = of_whole | (shared & gaps)
        open_stage = np.bincount(lacking_root * stages + lacking_stage, minlength=size * stages) > 0
        own, whole = census.school * stages + census.stage, census.school * stages + WHOLE
        part = held[own] + np.where(shared[census.school], held[whole] * share, 0)
        return np.where(open_stage[own] | open_school[census.school], np.nan, part)


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


def _sections_with_pupils(data: Dataset, census: Census) -> np.ndarray:
    """Return the key of each reported section that has pupils, campuses apart from their parents."""
    sections = census.of_year(data["sections"])
    sections = sections[(sections["pupils"] != 0).to_numpy()]
    return census.places(sections["school_id"]) * len(STAGES) + codes(sections["stage"], STAGES)


def _stages_meant(census: Census, having: np.ndarray, school: np.ndarray, stage: np.ndarray) -> np.ndarray:
    """Return the stage that each row is about: the whole of a campus with one stage is that stage's."""
    having_school, having_stage = np.divmod(having, len(STAGES))
    size = len(census.schools)
    single = np.bincount(having_school, minlength=size) == 1
    only = np.bincount(having_school, weights=having_stage, minlength=size).astype(int)
    campus = census.root != np.arange(size)
    return np.where((stage == WHOLE) & (campus & single)[school], only[school], stage)
