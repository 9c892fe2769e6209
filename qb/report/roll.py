"""What the pages of schools look up: every table of a book by school, sorted out once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from qb import charts
from qb.report.facts import Fact, finding_keys
from qb.report.ledger import day_of, with_states
from qb.report.seven import percent_of_standard, verdicts
from qb.report.words import title
from qb.schema import TABLES
from qb.standard import SEVEN

if TYPE_CHECKING:
    from qb.report.book import Book

Row = dict[str, Any]
_NONE = np.empty(0, dtype=int)


@dataclass(frozen=True)
class Peers:
    """The schools of one stage of one district.

    Attributes
    ----------
    places : dict of str to int
        Where each school stands among them.
    percent : DataFrame, shape (schools, 7)
        C1–C7 as percentages of the standard.
    means : dict of str to float
        The district's mean of each of C1–C7.
    ranks : dict of str to list of str
        Of each of C1–C7: the place of every school from the highest, and how many have data; empty
        for a school that has none.
    strips : Strips
        All of them on all seven.
    """

    places: Mapping[str, int]
    means: Mapping[str, float]
    ranks: Mapping[str, Sequence[str]]
    strips: charts.Strips


@dataclass(frozen=True)
class Roll:
    """The tables of a book by school. Each is sorted out when it is first asked for."""

    book: Book

    @cached_property
    def rows(self) -> dict[str, list[Row]]:
        """The stages of each school that is judged."""
        return _by_school(self.book.assessment.rows)

    @cached_property
    def shortfalls(self) -> dict[str, list[Row]]:
        """What each school lacks on the seven."""
        return _by_school(self.book.assessment.shortfalls)

    @cached_property
    def findings(self) -> dict[str, list[Row]]:
        """Each school's figures beyond the seven, what is not met first, with the keys of what they state."""
        found = self.book.assessment.findings
        found = found[found["school_id"].notna().to_numpy()]
        found = found.iloc[np.argsort(found["verdict"].cat.codes.to_numpy(), kind="stable")]
        keys = {
            f"{column}_fact": finding_keys(fact, self.book.assessment, found)
            for column, fact in (("value", Fact.ITEM), ("verdict", Fact.FINDING))
        }
        return _by_school(found.assign(**keys))

    @cached_property
    def codes(self) -> dict[str, list[str]]:
        """The indicators beyond the seven by which each school is judged, in the order of the assessment."""
        found = self.book.assessment.findings[["school_id", "code"]].dropna().drop_duplicates()
        return _lists(found["school_id"], found["code"].astype(str))

    @cached_property
    def problems(self) -> dict[str, list[Row]]:
        """Each school's entries in the ledger, with their states, the most pressing first."""
        mine = self.book.ledger
        return _by_school(with_states(self.book, mine[mine["school_id"].notna().to_numpy()]))

    @cached_property
    def days(self) -> dict[str, str]:
        """The day by which "overdue" is told, in each district."""
        return {
            district: day_of(self.book, district)
            for district in self.book.assessment.rows["district"].unique()
        }

    @cached_property
    def remarks(self) -> dict[str, list[str]]:
        """What no rule decides and a reader should know of each school."""
        found = self.book.assessment.warnings
        return _lists(found["school_id"], found["message"])

    @cached_property
    def peers(self) -> dict[tuple[str, str], Peers]:
        """The schools of each district and stage."""
        means = _means(self.book.assessment.balance)
        by_place = self.book.assessment.rows.groupby(["district", "stage"], observed=True, sort=False)
        return {place: self._peers(rows, means[place]) for place, rows in by_place}

    def _peers(self, rows: pd.DataFrame, means: Mapping[str, float]) -> Peers:
        standard, names = self.book.standard, rows["name"].tolist()
        labels = [title(standard[code], self.book.lang, short=True) for code in SEVEN]
        return Peers(
            {school: place for place, school in enumerate(rows["school_id"])},
            means,
            {code: _ranks(rows[code].to_numpy(float)) for code in SEVEN},
            charts.Strips(
                percent_of_standard(rows).set_axis(labels, axis=1).set_axis(names, axis=0),
                rows["pupils"].tolist(),
                verdicts(rows).set_axis(labels, axis=1),
                100 * standard.rules.school.floor,
            ),
        )

    @cached_property
    def campuses(self) -> dict[str, list[str]]:
        """The schools of which each is the main one."""
        schools = self.book.data["schools"][["parent_id", "school_id"]].dropna()
        return _lists(schools["parent_id"], schools["school_id"])

    @cached_property
    def places(self) -> dict[str, dict[str, np.ndarray]]:
        """Of every table the rows of this year: by school, or by district where they are of none."""
        return {name: self._places(self.book.data[name]) for name in TABLES}

    def _places(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        here = np.arange(len(frame))
        if "year" in frame:
            here = np.flatnonzero((frame["year"] == self.book.year).to_numpy())
        owner = frame["school_id" if "school_id" in frame else "district"]
        groups = owner.iloc[here].reset_index(drop=True).groupby(owner.iloc[here].to_numpy()).indices
        return {str(name): here[places] for name, places in groups.items()}

    def at(self, table: str, owners: Sequence[str]) -> np.ndarray:
        """Return where in a table the rows of these schools or districts are, in its order."""
        places = self.places[table]
        return np.sort(np.concatenate([_NONE, *(places.get(owner, _NONE) for owner in owners)]))


def _by_school(frame: pd.DataFrame) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in frame.to_dict("records"):
        found[row["school_id"]].append(row)
    return dict(found)


def _lists(keys: pd.Series, values: pd.Series) -> dict[str, list[str]]:
    found = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        found[key].append(value)
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
