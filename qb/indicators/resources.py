"""The resource indicators C1–C7 of each school row; what a site shares split among its stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qb.indicators.indicator_figures import Range
from qb.indicators.population import KINDS, SENIOR, STAGES, WHOLE, Population, summed_columns
from qb.indicators.transition_clauses import additions
from qb.standard import Resource, Standard, Transition
from qb.terms import STAGES_OF_KIND, Kind


@dataclass(frozen=True)
class Resources:
    """The resource indicators of every judged row; k of them, in the order of the standard."""

    amount: np.ndarray  # (rows, k): what the row holds in all: persons, m², yuan, rooms
    # (rows, k): per pupil or per hundred pupils (or what else it is divided by), in the indicator's unit.
    value: np.ndarray
    divisor: np.ndarray  # (rows, k): the pupils of the row, or its teachers, or classes
    factor: np.ndarray  # (k,): 100 or 1: ``value = factor * amount / divisor``
    # (rows, k): what each value can be, given what is not reported; None: nothing is missing.
    range: Range | None = None


def resources(population: Population, standard: Standard, transition: Transition | None = None) -> Resources:
    """Compute the resource indicators of every judged row (教督〔2017〕6号; plan, Annex 3, C1–C7).

    Each is what the standard declares (`qb.standard.Resource`). The pupils divided by are those of that
    stage, never of the whole school.
    """
    rows = population.judged
    shared = shared_ranges(population, standard)
    held = {name: column.at(rows) for name, column in {**_staff(population, standard), **shared}.items()}
    stage = population.stage[rows]
    low = _amounts(standard, held, stage, "low", "high")
    partly = any(column.low is not column.high for column in held.values())
    high = _amounts(standard, held, stage, "high", "low") if partly else low

    def column(name: str) -> np.ndarray:
        return shared[name].known if name in shared else population.figures[name]

    for code, extra in additions(transition, standard, population, rows, column):
        for end in (low, high) if partly else (low,):
            end[:, standard.resource_codes.index(code)] += extra
    factor = np.array([float(indicator.resource.per) for indicator in standard.resources])
    amount, divisor = Range(low, high).known, _divisors(standard, population)[rows]
    for k, indicator in enumerate(standard.resources if partly else ()):
        # Where a part is missing it is not known, though it may be nothing at most.
        if indicator.resource.subtract:
            parts = [held[name].known for name in indicator.resource.columns]
            amount[np.isnan(sum(parts)), k] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(divisor == 0, np.nan, factor * amount / divisor)
    if not np.isnan(value).any():
        return Resources(amount, value, divisor, factor)
    least = {name: population.at_least(name) for name in _names(standard)}
    heads = Range.of(divisor, low=_divisors(standard, population, least)[rows])
    ends = Range(low, high).over(heads, factor)
    # A teaching point whose pupils are not all reported may be one that is left out.
    pupils = population.figures["pupils"][rows]
    point = population.kind[population.school[rows]] == KINDS.index(Kind.TEACHING_POINT)
    few = np.nan_to_num(population.at_least("pupils")[rows])
    perhaps_out = point & np.isnan(pupils) & (few < standard.rules.exclusion.small_point_pupils)
    ends = _at_zero(standard, divisor, ends.maybe_not_asked(perhaps_out[:, None]))
    return Resources(amount, value, divisor, factor, ends)


def _at_zero(standard: Standard, divisor: np.ndarray, ends: Range) -> Range:
    """Return the ranges, beyond any limit where a divisor of 0 is to fail."""
    for k, indicator in enumerate(standard.resources):
        if indicator.resource.if_zero == "fail" and (none := divisor[:, k] == 0).any():
            worst = np.inf if indicator.at_most else -np.inf
            low, high = ends.low.copy(), ends.high.copy()
            low[none, k] = high[none, k] = worst
            ends = Range(low, high)
    return ends


def _names(standard: Standard) -> dict[str, None]:
    """Return the divisors of a standard, each once."""
    return dict.fromkeys(indicator.resource.divisor for indicator in standard.resources)


def _divisors(
    standard: Standard, population: Population, figures: dict[str, np.ndarray] | None = None
) -> np.ndarray:
    """Return what each indicator is divided by, shape (sections, k); in memory once where it is the same."""
    figures = population.figures if figures is None else figures
    each = [figures[indicator.resource.divisor] for indicator in standard.resources]
    if len(_names(standard)) == 1:
        return np.broadcast_to(each[0][:, None], (len(each[0]), len(each)))
    return np.column_stack(each) if each else np.empty((len(population.school), 0))


def _staff(population: Population, standard: Standard) -> dict[str, Range]:
    """Return what the columns of ``sections`` can be by section; a part is at most its whole."""
    most = {}
    for resource in (i.resource for i in standard.resources if i.resource.table == "sections"):
        part_of = resource.at_most and np.nan_to_num(population.figures[resource.at_most], nan=np.inf)
        most |= dict.fromkeys(resource.columns, np.inf if part_of is None else part_of)
    return {
        name: Range.of(population.figures[name], population.at_least(name), whole)
        for name, whole in most.items()
    }


def _amounts(
    standard: Standard, held: dict[str, Range], stage: np.ndarray, end: str, other: str
) -> np.ndarray:
    """Return the amounts at their lowest or highest ends, shape (rows, k)."""
    return (
        np.array(
            # Row by row in memory, so that each of the indicators lies together.
            [
                np.maximum(
                    amount - sum(getattr(held[name], other) for name in indicator.resource.subtract), 0
                )
                if indicator.resource.subtract
                else amount
                for indicator in standard.resources
                for amount in (_added(indicator.resource, held, stage, end),)
            ]
        )
        .reshape(len(standard.resources), len(stage))
        .T
    )


def _added(resource: Resource, held: dict[str, Range], stage: np.ndarray, end: str) -> np.ndarray:
    """Return the sum of the columns that a resource adds up at each row's stage, shape (rows,)."""

    def total(names: tuple[str, ...]) -> np.ndarray:
        first, *others = (getattr(held[name], end) for name in names)
        return sum(others, first)

    amount = total(resource.add)
    for at, names in resource.add_at.items():
        amount = np.where(stage == STAGES.index(at), total(names), amount)
    return amount


def amounts_held(population: Population, standard: Standard) -> np.ndarray:
    """Return what every section holds of each resource, shape (sections, k); not cut off at 0.

    A purchase first makes up what is missing below 0.
    """
    held = {**population.figures, **share_facilities(population, standard)}
    ends = {name: Range(column, column) for name, column in held.items()}
    return np.column_stack(
        [
            _added(resource, ends, population.stage, "low") - sum(held[name] for name in resource.subtract)
            for resource in (indicator.resource for indicator in standard.resources)
        ]
    )


def share_facilities(population: Population, standard: Standard) -> dict[str, np.ndarray]:
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
    >>> from qb.data.dataset import Dataset
    >>> from qb.indicators.population import take_population
    >>> from qb.standard import load
    >>> pupils = [(2024, "A", "junior", 300), (2024, "A", "senior", 600), (2024, "B", "junior", 600)]
    >>> area = [(2024, "A", "whole", 5100), (2024, "B", "whole", 3000)]
    >>> kinds = {"school_id": ["A", "B"], "kind": ["complete_secondary"] * 2, "parent_id": [None, "A"]}
    >>> data = Dataset.of(
    ...     schools=pd.DataFrame(kinds),
    ...     sections=pd.DataFrame(pupils, columns=["year", "school_id", "stage", "pupils"]),
    ...     facilities=pd.DataFrame(area, columns=["year", "school_id", "stage", "teaching_area_m2"]),
    ... )
    >>> population = take_population(data, load(), 2024)
    >>> float(share_facilities(population, load())["teaching_area_m2"][0])
    4500.0
    """
    return {name: column.known for name, column in shared_ranges(population, standard).items()}


def shared_ranges(population: Population, standard: Standard) -> dict[str, Range]:
    """Return what each facilities column can be by section."""
    table = population.records.rows("facilities")
    reports = Reports.of(population, split_shares(population, standard))
    columns = {}
    for name in summed_columns("facilities", standard):
        part = reports.held(table[name].to_numpy(dtype=float))
        low = population.added_up(reports.key, part.low)
        columns[name] = Range(
            low, low if part.low is part.high else population.added_up(reports.key, part.high)
        )
    return columns


@dataclass(frozen=True)
class Reports:
    """The rows of ``facilities`` of a year, and the sections of single sites they are about.

    A key is the place of a school times the number of stages, plus the place of the stage.
    """

    row: np.ndarray  # (rows,) of int: key of each row
    # (parts,) of int: key of each section of a site, then of what a site reports for a stage beyond them.
    key: np.ndarray
    share: np.ndarray  # (parts,): of what its site holds as a whole
    # (parts,) of bool: whether the figure must be there: it has pupils, or a row for it was handed in.
    must: np.ndarray
    size: int  # number of possible keys

    @classmethod
    def of(cls, population: Population, share: np.ndarray) -> Reports:
        """Read whose the rows are; those of a school that is away in the year are nobody's."""
        records, sites = population.records, population.sites
        school, stage, row = (each("facilities") for each in (records.places, records.stages, records.keys))
        key = sites.school * len(STAGES) + sites.stage
        beyond = np.setdiff1d(row[np.isin(school, sites.school) & (stage != WHOLE)], key)
        key = np.append(key, beyond)
        must = np.append(sites.having, np.ones(len(beyond), dtype=bool)) | np.isin(key, row)
        return cls(
            row, key, np.append(share, np.zeros(len(beyond))), must, len(population.schools) * len(STAGES)
        )

    def given(self, figure: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is reported of a column for each part itself and for its site as one, shape (parts,).

        NaN where nothing is; the third says where the part lacks the figure.
        """
        known = ~np.isnan(figure)
        amount = np.bincount(self.row[known], weights=figure[known], minlength=self.size)
        given = np.bincount(self.row[known], minlength=self.size) > 0
        site = self.key // len(STAGES)
        whole = site * len(STAGES) + WHOLE
        # A site that said nothing at all of the column owes it, even without pupils.
        silent = np.isin(whole, self.row) & ~given.reshape(-1, len(STAGES)).any(axis=1)[site]
        lacking = ~given[self.key] & ~given[whole] & (self.must | silent)
        amount = np.where(given, amount, np.nan)
        return amount[self.key], amount[whole], lacking

    def held(self, figure: np.ndarray) -> Range:
        """Return what each part holds of a column, shape (parts,)."""
        own, whole, lacking = self.given(figure)
        own, whole = np.nan_to_num(own), np.nan_to_num(whole)
        # Nothing is nothing, however it would be split.
        part = own + np.where(whole == 0, 0, whole * self.share)
        if not (lacking.any() or np.isnan(part).any()):
            return Range(part, part)
        # Of a whole whose split is open a stage has all at most.
        low = np.where(np.isnan(part), own, part)
        high = np.where(np.isnan(part), own + whole, part)
        return Range(np.where(lacking, 0, low), np.where(lacking, np.inf, high))


def split_shares(population: Population, standard: Standard) -> np.ndarray:
    """Return the share of its site's common facilities that falls to each section of it, shape (sites,).

    A site of one stage is not split. NaN where a stage that shares has not reported its pupils: half a
    split would be wrong.
    """
    weight, alone = split_weights(population, standard)
    sites = population.sites
    weighted = np.where(weight > 0, weight * sites.pupils, np.where(sites.having, np.nan, 0))
    total = np.bincount(sites.school, weights=weighted, minlength=len(population.schools))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = weighted / total[sites.school]
    share[population.populated[sites.school] & ~sites.having] = 0
    share[alone] = 1
    return share


def split_weights(population: Population, standard: Standard) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of a pupil of each section where its site splits, and which sections are alone there.

    Both of shape (sites,). The weights are those of the site's kind, or of its school's where it has other
    stages; 0 where a stage shares nothing. Alone is the stage of a site that has only one: all of the whole
    is its own, whatever its pupils. A school of a kind not reported may have others.
    """
    weight = np.zeros((len(KINDS) + 1, len(STAGES)))  # the last row: a kind not reported shares nothing
    for k, kind in enumerate(KINDS):
        weights = standard.rules.split.weights(kind) or {STAGES_OF_KIND[kind][0]: 1.0}
        for stage, value in weights.items():
            weight[k, STAGES.index(stage)] = value
    sites = population.sites
    site, size = sites.school, len(population.schools)
    own, above = (
        weight[kind[site], sites.stage] for kind in (population.kind, population.kind[population.root])
    )
    fits = np.bincount(site, weights=own == 0, minlength=size) == 0
    sharing = sites.having | ~population.populated[site]
    one = np.bincount(site, weights=sharing, minlength=size) == 1
    one &= (population.kind >= 0) | (population.root != np.arange(size))
    return np.where(fits[site], own, above), one[site] & sharing


def funds_by_school(population: Population, column: str) -> np.ndarray:
    """Return a column of ``funds`` by school, campuses added, shape (schools,), NaN where not reported.

    Each site with pupils of the compulsory stages must have reported; a campus need not where its
    school says that its own accounts cover the campuses (``covers_campuses``).
    """
    records, sites, size = population.records, population.sites, len(population.schools)
    table, place = records.rows("funds"), records.places("funds")
    amount = np.bincount(place, weights=table[column].to_numpy(dtype=float), minlength=size)
    rows = np.bincount(place, minlength=size) > 0
    covering = np.zeros(size, dtype=bool)
    covering[place] = table["covers_campuses"].fillna(False).to_numpy(dtype=bool)
    owed = np.zeros(size, dtype=bool)
    owed[sites.school[sites.having & (sites.stage != SENIOR)]] = True
    owed &= ~(covering[population.root] & (population.root != np.arange(size)))
    amount = np.where(owed & ~rows, np.nan, amount)
    total = np.bincount(population.root, weights=amount, minlength=size)
    reported = np.bincount(population.root, weights=rows, minlength=size) > 0
    return np.where(reported, total, np.nan)
