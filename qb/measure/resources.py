"""C1–C7: what each school row holds, and how much of it there is for a pupil."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.measure.census import KINDS, SENIOR, STAGES, WHOLE, Census, codes
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

    A site (a school without its campuses, or a campus) that reports as one is split by its own weighted
    pupils (national form 表I, note): of R held by A primary, B junior and C senior pupils of a
    twelve-year school the primary part is ``R·A / (A + 1.1·B + 1.32·C)``. A site of one stage is not
    split. What is reported by stage is taken as reported; a site may report one column as a whole and
    another by stage. Then campuses are added to their schools: each site must have reported, and a
    missing figure of one makes the sum "no data".

    Returns
    -------
    dict of ndarray, shape (sections,)
        NaN where a figure, or the pupils needed to split it, is not reported.

    Examples
    --------
    A school of 300 junior and 600 senior pupils shares 5100 m²: 5100 · 300 / (300 + 1.2 · 600) = 1500
    are the junior stage's. Its campus of 600 junior pupils has 3000 m². Together 4500 m² for 900 pupils;
    adding the pupils first would give 5100 · 900 / (900 + 720) + 3000 = 5833.

    >>> import pandas as pd
    >>> from qb.measure.census import take_census
    >>> from qb.standard import load
    >>> pupils = [(2024, "A", "junior", 300), (2024, "A", "senior", 600), (2024, "B", "junior", 600)]
    >>> area = [(2024, "A", "whole", 5100), (2024, "B", "whole", 3000)]
    >>> kinds = {"school_id": ["A", "B"], "kind": ["complete_secondary"] * 2, "parent_id": [None, "A"]}
    >>> data = Dataset.of(
    ...     schools=pd.DataFrame(kinds),
    ...     sections=pd.DataFrame(pupils, columns=["year", "school_id", "stage", "pupils"]),
    ...     facilities=pd.DataFrame(area, columns=["year", "school_id", "stage", "teaching_area_m2"]),
    ... )
    >>> census = take_census(data, load(), 2024)
    >>> float(share_facilities(data, census, load())["teaching_area_m2"][0])
    4500.0
    """
    table = census.of_year(data["facilities"])
    reports = _Reports.of(census, table, split_shares(census, standard))
    return {
        name: census.added_up(reports.key, reports.held(table[name].to_numpy(dtype=float)))
        for name in FACILITY_FIGURES
    }


@dataclass(frozen=True)
class _Reports:
    """The rows of ``facilities`` of a year, and the sections of single sites they are about.

    A key is the place of a school times the number of stages, plus the place of the stage.

    Attributes
    ----------
    row : ndarray of int, shape (rows,)
        Key of each row.
    key : ndarray of int, shape (parts,)
        Key of each section of a site, then of what a site reports for a stage beyond them.
    share : ndarray, shape (parts,)
        Of what its site holds as a whole.
    must : ndarray of bool, shape (parts,)
        Whether the figure must be there: it has pupils, or a row for it was handed in.
    size : int
        Number of possible keys.
    """

    row: np.ndarray
    key: np.ndarray
    share: np.ndarray
    must: np.ndarray
    size: int

    @classmethod
    def of(cls, census: Census, table: pd.DataFrame, share: np.ndarray) -> _Reports:
        """Read whose the rows are; those of a school that is away in the year are nobody's."""
        school, stage = census.places(table["school_id"]), codes(table["stage"], STAGES)
        row, sites = school * len(STAGES) + stage, census.sites
        key = sites.school * len(STAGES) + sites.stage
        beyond = np.setdiff1d(row[np.isin(school, sites.school) & (stage != WHOLE)], key)
        key = np.append(key, beyond)
        must = np.append(sites.having, np.ones(len(beyond), dtype=bool)) | np.isin(key, row)
        return cls(row, key, np.append(share, np.zeros(len(beyond))), must, len(census.schools) * len(STAGES))

    def held(self, figure: np.ndarray) -> np.ndarray:
        """Return what each part holds of a column, shape (parts,)."""
        known = ~np.isnan(figure)
        amount = np.bincount(self.row[known], weights=figure[known], minlength=self.size)
        given = np.bincount(self.row[known], minlength=self.size) > 0
        site = self.key // len(STAGES)
        whole = site * len(STAGES) + WHOLE
        # Nothing is nothing, however it would be split.
        part = np.where(amount[whole] == 0, 0, amount[whole] * self.share)
        # A site that said nothing at all of the column owes it, even without pupils.
        silent = np.isin(whole, self.row) & ~given.reshape(-1, len(STAGES)).any(axis=1)[site]
        lacking = ~given[self.key] & ~given[whole] & (self.must | silent)
        return np.where(lacking, np.nan, amount[self.key] + part)


def split_shares(census: Census, standard: Standard) -> np.ndarray:
    """Return the share of its site's common facilities that falls to each section of it, shape (sites,).

    The weights are those of the site's kind, or of its school's where it has other stages. A site of
    one stage is not split. NaN where a stage that shares has not reported its pupils: half a split
    would be wrong.
    """
    weight = np.zeros((len(KINDS) + 1, len(STAGES)))  # the last row: a kind not reported shares nothing
    for k, kind in enumerate(KINDS):
        weights = standard.rules.split.weights(kind) or {STAGES_OF_KIND[kind][0]: 1.0}
        for stage, value in weights.items():
            weight[k, STAGES.index(stage)] = value
    sites = census.sites
    site, size = sites.school, len(census.schools)
    own, above = (weight[kind[site], sites.stage] for kind in (census.kind, census.kind[census.root]))
    fits = np.bincount(site, weights=own == 0, minlength=size) == 0
    each = np.where(fits[site], own, above)
    weighted = np.where(each > 0, each * sites.pupils, np.where(sites.having, np.nan, 0))
    total = np.bincount(site, weights=weighted, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = weighted / total[site]
    populated = np.bincount(site, weights=sites.having, minlength=size) > 0
    share[populated[site] & ~sites.having] = 0
    # The stage of a site that has only one: all of the whole is its own, whatever its pupils. A school of
    # a kind not reported may have others.
    alone = np.bincount(site, weights=sites.having | ~populated[site], minlength=size) == 1
    alone &= (census.kind >= 0) | (census.root != np.arange(size))
    share[alone[site] & (sites.having | ~populated[site])] = 1
    return share


def funds_by_school(data: Dataset, census: Census, column: str) -> np.ndarray:
    """Return a column of ``funds`` by school, campuses added, shape (schools,), NaN where not reported.

    Each site with pupils of the compulsory stages must have reported; a campus need not where its
    school says that its own accounts cover the campuses (``covers_campuses``).
    """
    table, sites, size = census.of_year(data["funds"]), census.sites, len(census.schools)
    place = census.places(table["school_id"])
    amount = np.bincount(place, weights=table[column].to_numpy(dtype=float), minlength=size)
    rows = np.bincount(place, minlength=size) > 0
    covering = np.zeros(size, dtype=bool)
    covering[place] = table["covers_campuses"].fillna(False).to_numpy(dtype=bool)
    owed = np.zeros(size, dtype=bool)
    owed[sites.school[sites.having & (sites.stage != SENIOR)]] = True
    owed &= ~(covering[census.root] & (census.root != np.arange(size)))
    amount = np.where(owed & ~rows, np.nan, amount)
    total = np.bincount(census.root, weights=amount, minlength=size)
    reported = np.bincount(census.root, weights=rows, minlength=size) > 0
    return np.where(reported, total, np.nan)
