"""Who is judged in a year: campuses merged into parents, sections as arrays, exclusions with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.dataset import Dataset, places
from qb.standard import Standard
from qb.terms import Kind, Stage

STAGES = tuple(Stage)  # the code of a stage is its place here
KINDS = tuple(Kind)
PRIMARY, JUNIOR, SENIOR, WHOLE = range(4)
UNNAMED = "（未填县区）"  # schools whose district was not reported are judged together, under this name

SECTION_FIGURES = (
    "pupils",
    "classes",
    "full_time_teachers",
    "teachers_above_required",
    "backbone_teachers",
    "pe_arts_teachers",
    "certified_teachers",
    "trained_teachers",
    "in_zone_pupils",
    "visiting_pe_arts_teachers",
    "migrant_pupils",
)


@dataclass(frozen=True)
class Census:
    """One year's schools and sections, campuses merged into their parents.

    Attributes
    ----------
    year : int
    districts : ndarray of str, shape (districts,)
        In the order of their names.
    schools : DataFrame, shape (schools, …)
        The ``schools`` table, campuses included.
    district : ndarray of int, shape (schools,)
        Place of each school's district in `districts`.
    root : ndarray of int, shape (schools,)
        Place of the school that each one is counted with: itself, or its parent.
    kind : ndarray of int, shape (schools,)
        Place of the school's kind in `KINDS`.
    school, stage : ndarray of int, shape (sections,)
        Place of the (parent) school in `schools`, of the stage in `STAGES`.
    figures : dict of ndarray, shape (sections,)
        The columns of ``sections``, summed over campuses; NaN where one of them is not reported.
    excluded : ndarray of object, shape (sections,)
        Why the section is left out of C1–C7, or None.
    """

    year: int
    districts: np.ndarray
    schools: pd.DataFrame
    district: np.ndarray
    root: np.ndarray
    kind: np.ndarray
    school: np.ndarray
    stage: np.ndarray
    figures: dict[str, np.ndarray]
    excluded: np.ndarray

    @cached_property
    def judged(self) -> np.ndarray:
        """Places of the sections that are judged, shape (rows,)."""
        return np.flatnonzero(pd.isna(self.excluded))

    @cached_property
    def compulsory(self) -> np.ndarray:
        """Places of the sections of compulsory stages that have pupils, special schools among them."""
        compulsory = (self.stage == PRIMARY) | (self.stage == JUNIOR)
        return np.flatnonzero(compulsory & (self.figures["pupils"] != 0))

    def of_year(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this year."""
        return table[table["year"].to_numpy() == self.year]

    def places(self, school_ids: pd.Series) -> np.ndarray:
        """Return the place in `schools` of each identifier, -1 where there is none."""
        return places(school_ids, self.schools["school_id"])

    def roots(self, school_ids: pd.Series) -> np.ndarray:
        """Return the place in `schools` of the school that each identifier is counted with."""
        return self.root[self.places(school_ids)]


def codes(values: pd.Series, terms: tuple) -> np.ndarray:
    """Return the place of each word in a closed set, -1 where it is missing."""
    return places(values, [str(term) for term in terms])


def sum_by(keys: np.ndarray, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Sum columns over equal keys; a missing figure makes its sum missing. Keys come out sorted."""
    unique, inverse = np.unique(keys, return_inverse=True)
    if len(unique) == len(keys):
        order = np.argsort(keys)
        return unique, {name: column[order] for name, column in columns.items()}
    return unique, {
        name: np.bincount(inverse, weights=column, minlength=len(unique)) for name, column in columns.items()
    }


def take_census(data: Dataset, standard: Standard, year: int) -> Census:
    """Count the schools of a year: merge campuses, read the sections, say who is left out and why.

    Parameters
    ----------
    data : Dataset
        Without faults that stop (see `qb.check.require`).
    standard : Standard
        For its rules of exclusion.
    year : int
        School year starting.
    """
    schools = data["schools"]
    root = _roots(schools)
    named = schools["district"].fillna(UNNAMED).to_numpy(dtype=str)
    districts, district = np.unique(named[root], return_inverse=True)
    kind = codes(schools["kind"], KINDS)

    sections = data["sections"]
    sections = sections[sections["year"].to_numpy() == year]
    school = root[places(sections["school_id"], schools["school_id"])]
    keys = school * len(STAGES) + codes(sections["stage"], STAGES)
    columns = {name: sections[name].to_numpy(dtype=float) for name in SECTION_FIGURES}
    keys, figures = sum_by(keys, columns)
    school, stage = np.divmod(keys, len(STAGES))
    return Census(
        year=year,
        districts=districts,
        schools=schools,
        district=district,
        root=root,
        kind=kind,
        school=school,
        stage=stage,
        figures=figures,
        excluded=_exclusions(standard, kind[school], stage, figures["pupils"]),
    )


def _roots(schools: pd.DataFrame) -> np.ndarray:
    """Follow `parent_id` upwards; `qb.checks` has refused circles and unknown parents."""
    parent = places(schools["parent_id"], schools["school_id"])
    root = np.arange(len(schools))
    while (parent[root] >= 0).any():
        root = np.where(parent[root] >= 0, parent[root], root)
    return root


def _exclusions(standard: Standard, kind: np.ndarray, stage: np.ndarray, pupils: np.ndarray) -> np.ndarray:
    """Say why each section is left out of C1–C7; the first reason that holds is given."""
    rule = standard.rules.exclusion
    small = f"教学点在校生不足 {rule.small_point_pupils} 人，不参加七项指标"
    reason = np.full(len(kind), None, dtype=object)
    reason[pupils == 0] = "在校生为 0"
    reason[(kind == KINDS.index(Kind.TEACHING_POINT)) & (pupils < rule.small_point_pupils)] = small
    reason[stage == SENIOR] = "高中学段不属于义务教育"
    for left_out in rule.kinds:
        reason[kind == KINDS.index(left_out)] = f"{left_out.zh}不参加七项指标"
    return reason
