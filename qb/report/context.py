"""What pages share: the dataset judged, the years before, all tables and peers by school, the base of a page's parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from qb import charts
from qb.data.checks import Doubt, doubts
from qb.data.dataset import Dataset, district_of, with_columns
from qb.data.reading import read
from qb.data.schema import TABLES
from qb.errors import QbError
from qb.files import beside_notebooks
from qb.indicators.assessment import Assessment, assess, choose_year, judge, ledger
from qb.indicators.verdicts import deciding
from qb.language import listing
from qb.report.columns import table
from qb.report.issue_ledger import ledger_day, with_states
from qb.report.resource_tables import caption, percent_of_standard, verdicts
from qb.report.tables import Table
from qb.report.verdict_keys import Fact, finding_keys, key
from qb.report.words import (
    Lang,
    resources_said,
    say,
    school_year,
    short_title,
    sources_said,
    title,
    years_said,
)
from qb.standard import DEFAULT, Standard
from qb.standard import load as load_standard
from qb.terms import COMPULSORY, Stage, Verdict

FIVE = 5  # years that pages look back on

# What the pages of schools look up: every table of a context by school, sorted out once for all of them.


ALIKE, NEAR = 3, 2  # schools that a school's page names beside it
DEGREE_KM = 111.32  # a degree of latitude
Row = dict[str, Any]
_NONE = np.empty(0, dtype=int)


@dataclass(frozen=True)
class Peers:
    """The schools of one stage of one district.

    Attributes
    ----------
    places : dict of str to int
        Where each school stands among them.
    percent : DataFrame, shape (schools, k)
        The resource indicators as percentages of the standard.
    means : dict of str to float
        The district's mean of each resource indicator.
    ranks : dict of str to list of str
        Of each of them: the place of every school from the highest, and how many have data; empty
        for a school that has none.
    strips : Strips
        All of them on all indicators.
    """

    places: Mapping[str, int]
    means: Mapping[str, float]
    ranks: Mapping[str, Sequence[str]]
    strips: charts.Strips


@dataclass(frozen=True)
class SchoolIndex:
    """The tables of a context by school. Each is sorted out when it is first asked for."""

    context: ReportContext

    @cached_property
    def names(self) -> dict[str, str]:
        """What each school is called, its id where no name was given."""
        schools = self.context.data["schools"]
        return {
            school: name if isinstance(name, str) else school
            for school, name in zip(schools["school_id"], schools["name"], strict=True)
        }

    @cached_property
    def rows(self) -> dict[str, list[Row]]:
        """The stages of each school that is judged."""
        return _by_school(self.context.assessment.rows)

    @cached_property
    def shortfalls(self) -> dict[str, list[Row]]:
        """What each school lacks on the seven."""
        return _by_school(self.context.assessment.shortfalls)

    @cached_property
    def findings(self) -> dict[str, list[Row]]:
        """Each school's figures beyond the seven, what is not met first, with the keys of what they state."""
        found = self.context.assessment.findings
        found = found[found["school_id"].notna().to_numpy()]
        found = found.iloc[np.argsort(found["verdict"].cat.codes.to_numpy(), kind="stable")]
        keys = {
            f"{column}_fact": finding_keys(fact, self.context.assessment, found)
            for column, fact in (("value", Fact.ITEM), ("verdict", Fact.FINDING))
        }
        return _by_school(found.assign(**keys))

    @cached_property
    def codes(self) -> dict[str, list[str]]:
        """The indicators beyond the seven by which each school is judged, in the order of the assessment."""
        found = self.context.assessment.findings[["school_id", "code"]].dropna().drop_duplicates()
        return _lists(found["school_id"], found["code"].astype(str))

    @cached_property
    def problems(self) -> dict[str, list[Row]]:
        """Each school's entries in the ledger, with their states, the most pressing first."""
        mine = with_states(self.context, self.context.ledger)
        return _by_school(mine[mine["school_id"].notna().to_numpy()])

    @cached_property
    def courses(self) -> dict[tuple[str, str], dict[int, Row]]:
        """The rows of each school stage in this year and those before, at most five, by year."""
        found: dict[tuple[str, str], dict[int, Row]] = defaultdict(dict)
        for year in range(self.context.year - FIVE + 1, self.context.year + 1):
            if year in self.context.years:
                for row in self.context.years[year].rows.to_dict("records"):
                    found[row["school_id"], str(row["stage"])][year] = row
        return dict(found)

    def course(self, row: Row, column: str) -> list[tuple[int, float]]:
        """Return a column of a school stage's row over five years, NaN where a year has none."""
        course = self.courses.get((row["school_id"], str(row["stage"])), {})
        years = range(self.context.year - FIVE + 1, self.context.year + 1)
        return [(year, float(course[year][column]) if year in course else np.nan) for year in years]

    def before(self, row: Row) -> Row | None:
        """Return a school stage's row of the year before; None where there is none."""
        return self.courses.get((row["school_id"], str(row["stage"])), {}).get(self.context.year - 1)

    @cached_property
    def _fellows(self) -> dict[tuple[str, str], tuple[list[Row], np.ndarray]]:
        """The rows of each district and stage, and longitude, latitude and pupils of each, shape (rows, 3)."""
        schools = self.context.data["schools"].drop_duplicates("school_id").set_index("school_id")
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for rows in self.rows.values():
            for row in rows:
                found[row["district"], str(row["stage"])].append(row)
        figures = {}
        for place, rows in found.items():
            sites = schools[["longitude", "latitude"]].reindex([row["school_id"] for row in rows])
            pupils = np.array([row["pupils"] for row in rows], dtype=float)
            figures[place] = rows, np.column_stack([sites.to_numpy(float, na_value=np.nan), pupils])
        return figures

    def alike(self, row: Row) -> list[Row]:
        """Return the three schools of a school's kind, stage and district that are nearest to it in pupils."""
        rows, figures = self._fellows[row["district"], str(row["stage"])]
        apart = np.abs(figures[:, 2] - row["pupils"])
        other = [r["school_id"] != row["school_id"] and r["kind"] == row["kind"] for r in rows]
        return [rows[k] for k in _least(np.where(other, apart, np.nan), ALIKE)]

    def near(self, row: Row) -> list[tuple[float, Row]]:
        """Return the two nearest schools of a school's stage and district, with the kilometres to them."""
        rows, figures = self._fellows[row["district"], str(row["stage"])]
        ids = [r["school_id"] for r in rows]
        km = _kilometres(figures[ids.index(row["school_id"]), :2], figures[:, :2])
        km[[i == row["school_id"] for i in ids]] = np.nan
        return [(float(km[k]), rows[k]) for k in _least(km, NEAR)]

    def rules_of(self, school: str) -> tuple[str, ...]:
        """Return the rules from which the verdicts on a school's page follow."""
        return ("school", *self.context.standard.resource_codes, *self.codes.get(school, ()))

    def named_by(self, school: str) -> list[str]:
        """Return the other schools that a school's page names."""
        rows = self.rows.get(school, [])
        named = [other["school_id"] for row in rows for other in self.alike(row)]
        named += [other["school_id"] for row in rows for _, other in self.near(row)]
        return list(dict.fromkeys(named))

    @cached_property
    def days(self) -> dict[str, str]:
        """The day by which "overdue" is told, in each district."""
        return {
            district: ledger_day(self.context, district)
            for district in self.context.assessment.rows["district"].unique()
        }

    @cached_property
    def remarks(self) -> dict[str, list[str]]:
        """What no rule decides and a reader should know of each school."""
        found = self.context.assessment.warnings
        return _lists(found["school_id"], found["message"])

    @cached_property
    def peers(self) -> dict[tuple[str, str], Peers]:
        """The schools of each district and stage."""
        means = _means(self.context.assessment.balance)
        by_place = self.context.assessment.rows.groupby(["district", "stage"], observed=True, sort=False)
        return {place: self._peers(rows, means[place]) for place, rows in by_place}

    def _peers(self, rows: pd.DataFrame, means: Mapping[str, float]) -> Peers:
        standard, names = self.context.standard, rows["name"].tolist()
        labels = [title(standard[code], self.context.lang, short=True) for code in standard.resource_codes]
        return Peers(
            {school: place for place, school in enumerate(rows["school_id"])},
            means,
            {code: _ranks(rows[code].to_numpy(float)) for code in standard.resource_codes},
            charts.Strips(
                percent_of_standard(rows).set_axis(labels, axis=1).set_axis(names, axis=0),
                rows["pupils"].tolist(),
                verdicts(rows).set_axis(labels, axis=1),
                100 * standard.floor,
            ),
        )

    @cached_property
    def campuses(self) -> dict[str, list[str]]:
        """The schools of which each is the main one."""
        schools = self.context.data["schools"][["parent_id", "school_id"]].dropna()
        return _lists(schools["parent_id"], schools["school_id"])

    @cached_property
    def places(self) -> dict[str, dict[str, np.ndarray]]:
        """Of every table the rows of this year: by school, or by district where they are of none."""
        return {name: self._places(name) for name in TABLES}

    def _places(self, name: str) -> dict[str, np.ndarray]:
        frame = self.context.data[name]
        here = np.arange(len(frame))
        if "year" in frame:
            here = np.flatnonzero((frame["year"] == self.context.year).to_numpy())
        owner = frame["school_id"] if "school_id" in frame else district_of(self.context.data, name)
        groups = owner.iloc[here].reset_index(drop=True).groupby(owner.iloc[here].to_numpy()).indices
        return {str(name): here[places] for name, places in groups.items()}

    def at(self, table: str, owners: Sequence[str]) -> np.ndarray:
        """Return where in a table the rows of these schools or districts are, in its order."""
        places = self.places[table]
        return np.sort(np.concatenate([_NONE, *(places.get(owner, _NONE) for owner in owners)]))


def _kilometres(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return the distance of places in degrees of longitude and latitude, within a district, shape (places,).

    >>> _kilometres(np.array([118.0, 34.0]), np.array([[118.1, 34.0]])).round(2).tolist()
    [9.23]
    """
    east = (there[:, 0] - here[0]) * np.cos(np.radians((here[1] + there[:, 1]) / 2))
    return DEGREE_KM * np.hypot(east, there[:, 1] - here[1])


def _least(values: np.ndarray, most: int) -> list[int]:
    """Return where the least values are, the least first; those that are missing are none."""
    order = np.argsort(values, kind="stable")[:most]
    return [int(k) for k in order if values[k] == values[k]]


def _by_school(frame: pd.DataFrame) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in frame.to_dict("records"):
        found[row["school_id"]].append(row)
    return dict(found)


def _lists(keys: pd.Series, values: pd.Series) -> dict[str, list[str]]:
    found = defaultdict(list)
    for school, value in zip(keys, values, strict=True):
        found[school].append(value)
    return dict(found)


def _means(balance: pd.DataFrame) -> dict[tuple[str, str], dict[str, float]]:
    found = defaultdict(dict)
    columns = (balance[name] for name in ("district", "stage", "code", "mean"))
    for district, stage, code, mean in zip(*columns, strict=True):
        found[district, stage][code] = mean
    return found


def _ranks(values: np.ndarray) -> list[str]:
    """Return the place of each value from the highest, out of those there are.

    Equal values share the better place.

    >>> _ranks(np.array([2.0, 5.0, np.nan, 5.0]))
    ['3 / 3', '1 / 3', '', '1 / 3']
    """
    known = np.sort(values[~np.isnan(values)])
    above = len(known) - np.searchsorted(known, values + 1e-12, side="right")
    return [
        "" if np.isnan(value) else f"{place + 1} / {len(known)}"
        for value, place in zip(values, above, strict=True)
    ]


# What all pages of a publication share: the dataset, its assessment, and the years before.


@dataclass(frozen=True)
class ReportContext:
    """A dataset judged in one year, and in every year up to it."""

    data: Dataset
    assessment: Assessment  # of the year that the pages are about
    lang: Lang = "zh"

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", with_columns(self.data, self.assessment.standard))

    @property
    def year(self) -> int:
        """School year starting."""
        return self.assessment.year

    @property
    def standard(self) -> Standard:
        """The standard that judges."""
        return self.assessment.standard

    @property
    def resources(self) -> str:
        """The resource indicators as a sentence counts them: 七项指标, the seven."""
        return resources_said(self.standard, self.lang)

    @property
    def items(self) -> str:
        """The same where a sentence has said already that they are indicators: 七项, the seven."""
        return resources_said(self.standard, self.lang, bare=True)

    @cached_property
    def years(self) -> dict[int, Assessment]:
        """The assessments of every year in the data up to this one."""
        before = [year for year in self.data.years if year < self.year]
        return {year: judge(self.data, year, self.standard) for year in before} | {self.year: self.assessment}

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Every problem of every district, with who answers for it."""
        return ledger(self.assessment, self.data)

    @cached_property
    def doubts(self) -> list[Doubt]:
        """The figures of this year beyond belief, with the verdicts that rest on them."""
        return doubts(self.data, self.standard, self.year)

    def kept(self, name: str, make: Callable[[], P]) -> P:
        """Return what one page finds out and others ask for too; it stays, as what a cached property finds out."""
        found = vars(self)
        if name not in found:
            found[name] = make()
        return found[name]

    @cached_property
    def school_index(self) -> SchoolIndex:
        """The tables by school."""
        return SchoolIndex(self)

    def place(self, district: str) -> str:
        """Return district and school year, for subtitles."""
        return f"{district} · {school_year(self.year, self.lang)}"

    @property
    def first_school(self) -> str:
        """The first judged school: what a school's notebook shows when none is named."""
        rows = self.assessment.rows
        if not len(rows):
            raise QbError("{} 年度没有参加评估的学校。", "No school is judged in {}.", self.year)
        return str(rows["school_id"].iloc[0])

    @property
    def source(self) -> str:
        """Where the figures come from, for the foot of figures."""
        return sources_said(self.data, self.lang)


_preloaded: dict[tuple[str, int | None, str, Lang], ReportContext] = {}


def preload(context: ReportContext, data: str | Path, standard: str | Path = DEFAULT) -> None:
    """Let :func:`open_context` return this context when it is asked for the same: judged once, shown often."""
    _preloaded[_asked(data, context.year, standard, context.lang)] = context


def _asked(
    data: str | Path, year: int | None, standard: str | Path, lang: Lang
) -> tuple[str, int | None, str, Lang]:
    return str(Path(data).resolve()), year, str(standard), lang


def open_context(
    data: str | Path, year: int | None = None, standard: str | Path = DEFAULT, lang: Lang = "zh"
) -> ReportContext:
    """Read a dataset and judge it: the one call with which a notebook begins.

    Raises
    ------
    DataError, QbError
        See `qb.load` and `qb.assess`.
    """
    data = beside_notebooks(data)
    if ready := _preloaded.get(_asked(data, year, standard, lang)):
        return ready
    chosen = load_standard(standard)
    dataset = with_columns(read(data, chosen), chosen)
    return ReportContext(dataset, assess(dataset, choose_year(dataset, year), chosen), lang)


# What every part of a page stands on.


P = TypeVar("P")


class Speaker:
    """What says something of a context, in its language, by its standard and for its year."""

    context: ReportContext

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.context.lang

    @property
    def standard(self) -> Standard:
        """The standard that judges."""
        return self.context.standard

    @property
    def year(self) -> int:
        """School year starting."""
        return self.context.year

    def say(self, zh: str, en: str) -> str:
        """Return the wording in the page's language."""
        return say(self.lang, zh, en)

    def short(self, code: str) -> str:
        """Return an indicator's code and short title, or that it is the mean of all coefficients."""
        return short_title(code, self.standard, self.lang)

    def table_of(self, *what: Any, **how: Any) -> Table:
        """Return a table in the page's language (:func:`qb.report.columns.table`)."""
        return table(self, *what, **how)


def part(kind: Callable[[ReportContext, str], P]) -> cached_property[P]:
    """Return a part of a district's page, made when it is first asked for.

    >>> class Whole(DistrictPart):
    ...     schools = part(DistrictPart)
    """
    return cached_property(lambda page: kind(page.context, page.district))


@dataclass(frozen=True)
class DistrictPart(Speaker):
    """One district of a context.

    Raises
    ------
    QbError
        If the data hold no such district, or several and none is named.
    """

    context: ReportContext
    district: str = ""  # empty for the only one of the data

    def __post_init__(self) -> None:
        known = self.context.assessment.districts["district"].tolist()
        if not self.district and len(known) == 1:
            object.__setattr__(self, "district", known[0])
        if self.district not in known:
            raise QbError(
                "数据中没有县区“{}”。已有：{}。",
                "The data have no district “{}”. There are: {}.",
                self.district,
                listing(known),
            )

    @cached_property
    def own(self) -> Assessment:
        """The district's slice of the assessment."""
        return self.context.assessment.of(self.district)

    @cached_property
    def last(self) -> Assessment | None:
        """The district in the year before; None where the data have nothing of it."""
        every = self.context.years.get(self.context.year - 1)
        if every is None or self.district not in set(every.districts["district"]):
            return None
        return every.of(self.district)

    def keys(self, fact: Fact, *of: Iterable[object]) -> list[str]:
        """Return the keys of what a page states of this year, a key for each row of these columns."""
        return [key(fact, self.context.year, *one) for one in zip(*of, strict=True)]

    @property
    def place(self) -> str:
        """District and school year."""
        return self.context.place(self.district)

    @property
    def stages(self) -> list[Stage]:
        """The compulsory stages that the district has."""
        return [stage for stage in COMPULSORY if (self.own.rows["stage"] == stage).any()]

    def caption(self, finding: str, measure: str, years: Sequence[int] = ()) -> charts.Caption:
        """Return a figure's words; it shows the year of the page, or these years."""
        place = f"{self.district} · {years_said(years, self.lang)}" if years else self.place
        return caption(finding, measure, place, self.context.source, self.context.lang)


# What every part of the annual report stands on: the district in each year, and the year before.


class AnnualPart(DistrictPart):
    """One district over the years."""

    @cached_property
    def slices(self) -> dict[int, Assessment]:
        """The district's part of each year's assessment, up to the year of the report and at most five."""
        every = {
            year: assessment.of(self.district)
            for year, assessment in sorted(self.context.years.items())
            if (assessment.districts["district"] == self.district).any()
        }
        return dict(list(every.items())[-FIVE:])

    @property
    def before(self) -> Assessment | None:
        """The latest year before that the data hold; None where there is none."""
        earlier = [slice_ for year, slice_ in self.slices.items() if year < self.context.year]
        return earlier[-1] if earlier else None

    def rows_of(self, name: str, year: int) -> pd.DataFrame:
        """Return the district's rows of a table of districts in a year."""
        frame = self.context.data[name]
        mine = (frame["district"] == self.district) & (frame["year"] == year)
        return frame[mine.to_numpy(dtype=bool)]


def counted(verdicts: pd.Series, wanted: Verdict) -> int:
    """Return how many verdicts are the wanted one."""
    return int((verdicts == wanted).sum())


def decided(own: Assessment) -> pd.DataFrame:
    """Return the coefficients that decide: each resource's, or the mean of all; none where none does."""
    return own.balance[own.balance["code"].isin(deciding(own.standard)).to_numpy()]


def known(verdicts: pd.Series) -> int:
    """Return how many verdicts are met or not met."""
    return counted(verdicts, Verdict.PASS) + counted(verdicts, Verdict.FAIL)
