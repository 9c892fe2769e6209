"""What a rule of the check is (number, severity, reason, remedy), what it finds, and the dataset as the rules look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from math import prod
from typing import TypeVar

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset, index_of, record_codes, with_columns
from qb.data.schema import TABLES, SchemaTable, tables_of
from qb.language import NOTHING, Message
from qb.standard import Checks, Standard, StandardError, load
from qb.terms import GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Severity, Stage

# A dataset as the rules look at it: words turned into small numbers once, and what several rules ask for.


STAGES = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR, Stage.WHOLE)
WHOLE = STAGES.index(Stage.WHOLE)
KINDS = tuple(Kind)
YEARLY = ("sections", "facilities", "classes", "rooms", "funds")
SCHOOL_TABLES = (*YEARLY, "measures", "zones")
_T = TypeVar("_T")


class View:
    """A dataset with a standard to hold it against.

    A *slot* is a school year, a school and a stage (or the whole school) as one number:
    ``(year * schools + school) * 4 + stage``; so the tables are joined by indexing arrays. Arrays by slot
    have one place more, at -1, for records whose school or stage is not known.
    """

    def __init__(self, data: Dataset, standard: Standard | None = None) -> None:
        self.data = data if standard is None else with_columns(data, standard)
        self._standard = standard
        self._kept: dict[object, object] = {}

    @cached_property
    def standard(self) -> Standard:
        """The standard given, or the default one."""
        return self._standard or load()

    @cached_property
    def tables(self) -> dict[str, SchemaTable]:
        """The tables with the columns of the standard given."""
        return tables_of(self._standard)

    @cached_property
    def checks(self) -> Checks:
        """The thresholds of the rules.

        Raises
        ------
        StandardError
            If they name columns that there are not: the standard's file knows nothing of tables.
        """
        checks = self.standard.checks
        named = [(jump.table, jump.column) for jump in checks.jumps]
        named += [(table, column) for table, columns in checks.peers.columns.items() for column in columns]
        for table, column in named:
            known = self.tables[table].by_name.get(column) if table in YEARLY else None
            if known is None or not known.numeric or column in TABLES[table].key:
                raise StandardError(
                    "标准文件 checks 中的 {}.{} 不是可以比较的数字列。",
                    "checks in the standard's file names {}.{}, which is no column of numbers to compare.",
                    table,
                    column,
                )
        return checks

    def once(self, name: object, make: Callable[[], _T]) -> _T:
        """Return what `make` gives, made only once under this name."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    @property
    def schools(self) -> pd.DataFrame:
        """The table of schools."""
        return self.data["schools"]

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table, its columns that changed places (S11) put back."""

        def make() -> pd.DataFrame:
            frame = self.data[table]
            for exchange in self.exchanges(table):
                columns, rows = [exchange.one, exchange.other], exchange.rows
                values = frame[columns].to_numpy(dtype=float, copy=True)
                values[rows] = values[rows, ::-1]
                frame = frame.assign(**dict(zip(columns, values.T, strict=True)))
            return frame

        return self.once(("frame", table), make)

    def numbers(self, table: str, column: str) -> np.ndarray:
        """Return a column of numbers as they are meant, NaN where missing."""
        return self.frame(table)[column].to_numpy(dtype=float)

    def exchanges(self, table: str) -> list[Exchange]:
        """Return the columns that changed places: in a year much contradicts itself, and so hardly anything."""
        laws = _LAWS.get(table, ())
        return self.once(("exchanges", table), lambda: list(_exchanged(self.data[table], laws)))

    @cached_property
    def years(self) -> np.ndarray:
        """School years of the schools' tables, in order."""
        years = np.concatenate([self.meant_years(table) for table in YEARLY])
        return np.unique(years[np.diff(years, prepend=years[:1] - 1) != 0])  # tables are in order of years

    def dragged(self, table: str) -> list[np.ndarray]:
        """Return rows, in the order of the sheet, whose years count up from one school to the next.

        So a cell with a year is continued when it is dragged down over several rows.
        """

        def make() -> list[np.ndarray]:
            frame = self.data[table]
            given = frame["year"].to_numpy()
            if not len(given) or given.min() == given.max():
                return []
            order = self.order(table)
            up = np.diff(given[order], prepend=given[order[:1]]) == 1
            at = np.flatnonzero(up)
            if len(at) < _STEPS:
                return []
            here, above = (frame["school_id"].iloc[order[rows]].to_numpy() for rows in (at, at - 1))
            run = np.cumsum(~up) - 1
            steps = np.bincount(run[at], here != above)
            return [order[run == number] for number in np.flatnonzero(steps >= _STEPS)]

        return self.once(("dragged", table), make)

    def meant_years(self, table: str) -> np.ndarray:
        """Return the year of each row; of rows dragged down, the first one's."""
        if not self.dragged(table):
            return self.data[table]["year"].to_numpy()
        years = self.data[table]["year"].to_numpy().copy()
        for rows in self.dragged(table):
            years[rows] = years[rows[0]]
        return years

    @property
    def shape(self) -> tuple[int, int, int]:
        """Years, schools and stages."""
        return len(self.years), len(self.schools), len(STAGES)

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return prod(self.shape)

    def year(self, table: str) -> np.ndarray:
        """Return the place in `years` of each row."""
        return self.once(("year", table), lambda: np.searchsorted(self.years, self.meant_years(table)))

    def school(self, table: str, column: str = "school_id") -> np.ndarray:
        """Return the place in `schools` of each row's school, -1 where it is not known.

        A code that has lost the zeros in front (K13), or that is a slip for one school (K02), still means
        its school, so that nothing else is said of it.
        """

        def make() -> np.ndarray:
            found = self.spelt(table, column)
            for code in self.slips if table != "schools" else ():
                rows = self.strangers[code].get((table, column))
                if rows is not None:
                    found = found.copy()
                    found[rows] = self.slips[code]
            return found

        return self.once(("school", table, column), make)

    def spelt(self, table: str, column: str) -> np.ndarray:
        """Return the place in `schools` of each row's school as its code is written, zeros in front apart."""

        def make() -> np.ndarray:
            values, codes = self.data[table][column], self.schools["school_id"]
            found = self.data.places(table, column)
            unknown = np.flatnonzero((found < 0) & values.notna().to_numpy())
            if len(unknown):
                found, bare = found.copy(), codes.str.lstrip("0")
                bare = bare.mask(bare.duplicated(keep=False))  # which of two it means is not known
                found[unknown] = index_of(values.iloc[unknown].str.lstrip("0"), bare)
            self.once(("by zeros", table, column), lambda: unknown[found[unknown] >= 0])
            return found

        return self.once(("spelt", table, column), make)

    @cached_property
    def strangers(self) -> dict[str, dict[tuple[str, str], np.ndarray]]:
        """Codes of no school, each with its rows by table and column."""
        at: dict[str, dict[tuple[str, str], np.ndarray]] = {}
        for table in SCHOOL_TABLES:
            frame = self.data[table]
            for column in [name for name in frame if name.endswith("school_id")]:
                unknown = frame[column].notna().to_numpy() & (self.spelt(table, column) < 0)
                if column == "school_id" and unknown.any() and table in _STAGED:
                    for run in self.dragged_codes(table):
                        unknown[run] = False
                unknown = np.flatnonzero(unknown)
                if len(unknown):
                    codes = frame[column].iloc[unknown].to_numpy()
                    for code, rows in pd.Series(unknown).groupby(codes, sort=False):
                        at.setdefault(str(code), {})[table, column] = rows.to_numpy()
        return at

    @cached_property
    def slips(self) -> dict[str, int]:
        """Codes of no school that are a slip for one, with its place in `schools`.

        A school's name; one slip of a finger from a code whose own records leave room for these; or the only
        unknown code of sections, where one school alone has no records.
        """
        if not self.strangers:
            return {}
        codes, names = self.schools["school_id"].tolist(), self.schools["name"]
        given = list(self.strangers)
        named = index_of(given, names.mask(names.duplicated(keep=False)))
        meant = {code: int(school) for code, school in zip(given, named, strict=True) if school >= 0}
        others = [code for code in given if code not in meant]
        if not 0 < len(others) <= _SLIPS or len(codes) > _FEW:
            return meant
        for code in others:
            like = [
                i
                for i, known in enumerate(codes)
                if isinstance(known, str) and one_slip(code, known) and self._leaves_room(i, code)
            ]
            idle = [i for i in like if self._is_idle(i, code)]
            alone: list[int] = []
            if len(others) == 1 and ("sections", "school_id") in self.strangers[code]:
                every = range(len(codes))
                alone = [i for i in every if self._is_idle(i, code) and self._leaves_room(i, code)]
            one = next((among for among in (like, idle, alone) if len(among) == 1), None)
            if one:
                meant[code] = one[0]
        return meant

    def _leaves_room(self, school: int, code: str) -> bool:
        """Whether a school may have the stages of a code's records, and has none where these would stand."""
        kind = self.kind[school]
        stages = STAGES_OF_KIND[KINDS[kind]] if kind >= 0 else tuple(Stage)
        for (table, column), rows in self.strangers[code].items():
            frame, key = self.data[table], [name for name in TABLES[table].key if name != column]
            if table in ("sections", "facilities", "classes"):
                theirs = set(frame["stage"].iloc[rows].dropna()) - {str(Stage.WHOLE)}
                if not theirs <= {str(stage) for stage in stages}:
                    return False
            if column in TABLES[table].key:
                own = frame.loc[self.spelt(table, column) == school, key].itertuples(index=False, name=None)
                if set(own) & set(frame.iloc[rows][key].itertuples(index=False, name=None)):
                    return False
        return True

    def _is_idle(self, school: int, code: str) -> bool:
        """Whether a school has no record at all in the tables and years of a code."""
        for (table, column), rows in self.strangers[code].items():
            own = self.spelt(table, column) == school
            if own.any() and set(self.year(table)[own]) & set(self.year(table)[rows]):
                return False
        return True

    def by_zeros(self, table: str, column: str) -> np.ndarray:
        """Return the positions of the rows whose code means a school only without the zeros in front."""
        self.spelt(table, column)
        return self.once(("by zeros", table, column), lambda: np.empty(0, dtype=int))

    def stage(self, table: str) -> np.ndarray:
        """Return the place in `STAGES` of each row's stage, -1 where missing; the whole in tables without.

        Where primary and junior changed places (K08), the stage that is meant.
        """

        def make() -> np.ndarray:
            stage = self._typed_stage(table)
            turned = self.stages_turned.get(table)
            return stage if turned is None else np.where(turned, _OTHER_STAGE[stage], stage)

        return self.once(("stage", table), make)

    def _typed_stage(self, table: str) -> np.ndarray:
        frame = self.data[table]
        if "stage" not in frame:
            return np.full(len(frame), WHOLE)
        return self.once(("typed", table), lambda: index_of(frame["stage"], [str(stage) for stage in STAGES]))

    @cached_property
    def stages_turned(self) -> dict[str, np.ndarray]:
        """Tables in which primary and junior changed places in most rows of a year, and these rows."""
        return {} if self.kinds_turned else {name: rows for name, rows in self._turned.items() if rows.any()}

    @cached_property
    def kinds_turned(self) -> bool:
        """Whether primary and junior changed places among the kinds of schools: so all tables but grades say."""
        by_kind = [rows.any() for name, rows in self._turned.items() if name != "classes"]
        return len(by_kind) > 1 and all(by_kind) and not self._turned.get("classes", np.zeros(1)).any()

    @cached_property
    def _turned(self) -> dict[str, np.ndarray]:
        """For each table with rows that tell: the rows of years in which the stages are the wrong way round."""
        found = {}
        for table in ("sections", "facilities", "rooms", "classes"):
            stage = self._typed_stage(table)
            if table == "classes":
                grade = np.nan_to_num(self.numbers(table, "grade"))
                meant = np.select([(grade > 0) & (grade < 7), (grade > 6) & (grade < 10)], [0, 1], -1)
            else:
                meant = self._only_stage[self.spelt(table, "school_id")]
            either = (stage < 2) & (stage >= 0)
            known = either & (meant >= 0)
            if known.any():
                of, wrong = (
                    np.bincount(self.year(table)[rows], minlength=len(self.years))
                    for rows in (known, known & (meant != stage))
                )
                found[table] = either & ((wrong >= _STEPS) & (4 * wrong >= 3 * of))[self.year(table)]
        return found

    @cached_property
    def _only_stage(self) -> np.ndarray:
        """The place of the stage that each school has alone, of primary and junior; -1 for others."""
        stages = (STAGES_OF_KIND[kind] for kind in KINDS)
        alone = np.array([*(STAGES.index(of[0]) if len(of) == 1 else -1 for of in stages), -1])
        return np.append(alone[self._typed_kind], -1)

    @cached_property
    def kind_with_parent(self) -> np.ndarray:
        """The kind of each school, -1 where not known; a campus counts as the school it belongs to."""
        lost = (self.school("schools", "parent_id") < 0) & self.schools["parent_id"].notna().to_numpy()
        return np.where(lost[self.root], -1, self.kind[self.root])

    def misfits(self, table: str) -> np.ndarray:
        """Return which rows are of a stage that the kind of their school does not have, boolean."""

        def make() -> np.ndarray:
            return self._misfit(self.school(table), self.stage(table))

        return self.once(("misfits", table), make)

    def _misfit(self, school: np.ndarray, stage: np.ndarray) -> np.ndarray:
        has = np.ones((len(KINDS) + 1, len(STAGES) + 1), dtype=bool)  # the last: what is not known may be
        for kind, stages in STAGES_OF_KIND.items():
            has[KINDS.index(kind), :WHOLE] = [stage in stages for stage in STAGES[:WHOLE]]
        return ~has[np.append(self.kind_with_parent, -1)[school], stage]

    def repeated(self, table: str) -> np.ndarray:
        """Return which rows have the key of a row above, boolean; a key that was not read is no key."""

        def make() -> np.ndarray:
            code = self.keys(table)
            if (code[1:] > code[:-1]).all():  # as it is in a table in order
                return np.zeros(len(code), dtype=bool)
            known = self.frame(table)[list(self.tables[table].key)].notna().all(axis=1).to_numpy()
            return pd.Series(code).duplicated().to_numpy() & known

        return self.once(("repeated", table), make)

    def keys(self, table: str) -> np.ndarray:
        """Return one number for each record, the same where all of the key is the same."""

        def make() -> np.ndarray:
            frame, key = self.frame(table), self.tables[table].key
            looked_up = {"school_id": self.data.places, "stage": self._typed_stage}
            codes = {name: find(table) for name, find in looked_up.items() if name in key}
            return record_codes(
                frame.assign(**{n: code for n, code in codes.items() if (code >= 0).all()}), key
            )

        return self.once(("keys", table), make)

    def dragged_codes(self, table: str) -> list[np.ndarray]:
        """Return rows, in the order of the sheet, whose codes count up to one of no school: a cell was dragged.

        Among them is one that its school contradicts; else the schools may be new.
        """

        def make() -> list[np.ndarray]:
            if table not in _STAGED:
                return []
            values = self.data[table]["school_id"]
            unknown = (self.spelt(table, "school_id") < 0) & values.notna().to_numpy()
            if not unknown.any():
                return []
            number = pd.to_numeric(values.str.extract(r"(\d{1,15})$")[0], errors="coerce").to_numpy(
                dtype=float
            )
            wrong = self._misfit(self.spelt(table, "school_id"), self._typed_stage(table))
            runs = counting_up(number[order := self.order(table)], _DRAGGED)
            runs = [order[run] for run in runs]
            return [run for run in runs if unknown[run].any() and wrong[run].any()]

        return self.once(("dragged codes", table), make)

    def order(self, table: str) -> np.ndarray:
        """Return the rows in the order of the sheet."""
        lines = self.data.lines.get(table)
        return np.arange(len(self.data[table])) if lines is None else np.argsort(lines, kind="stable")

    def adrift(self, table: str) -> np.ndarray:
        """Return the rows of years in which codes or stages slipped as a column: no other rule asks about them.

        Their codes were dragged down, or do not fit the schools, or come again, in many rows.
        """

        def make() -> np.ndarray:
            rows, year = np.zeros(len(self.data[table]), dtype=bool), self.year(table)
            if table not in _STAGED:
                return rows
            wrong = self.misfits(table) | self.repeated(table)
            for run in self.dragged_codes(table):
                rows[run] = True
            if not (rows.any() or wrong.any()):
                return rows
            all_rows, off = (np.bincount(year, these, len(self.years)) for these in (None, wrong))
            bad = (off >= _MANY) & (_MANY * off >= all_rows)
            bad[year[rows]] = True
            return bad[year]

        return self.once(("adrift", table), make)

    def slot(self, table: str) -> np.ndarray:
        """Return the slot of each row, -1 where school or stage is not known."""

        def make() -> np.ndarray:
            school, stage = self.school(table), self.stage(table)
            slot = (self.year(table) * len(self.schools) + school) * len(STAGES) + stage
            lost = (school < 0) | (stage < 0)
            return np.where(lost | self.adrift(table) if table in _STAGED else lost, -1, slot)

        return self.once(("slot", table), make)

    @cached_property
    def has_section(self) -> np.ndarray:
        """Whether a section was reported, shape (slots + 1,); the slot of the whole: whether any was."""
        slot = self.slot("sections")
        there = np.zeros(self.slots + 1, dtype=bool)
        there[slot[slot >= 0]] = True
        by_school = there[:-1].reshape(-1, len(STAGES))
        by_school[:, WHOLE] = by_school.any(axis=1)
        return there

    @cached_property
    def pupils(self) -> np.ndarray:
        """Pupils reported, shape (slots + 1,), NaN where none are; the slot of the whole has the sum."""
        slot, given = self.slot("sections"), self.numbers("sections", "pupils")
        pupils = np.full(self.slots + 1, np.nan)
        pupils[slot[slot >= 0]] = given[slot >= 0]
        by_school = pupils[:-1].reshape(-1, len(STAGES))
        part = by_school[:, :WHOLE]
        by_school[:, WHOLE] = np.where(np.isnan(part).all(axis=1), np.nan, np.nansum(part, axis=1))
        return pupils

    def filling(self, table: str) -> np.ndarray:
        """Return whether each row is of a school that has not had the years to get all its grades yet."""
        grades = [len(GRADES_OF_STAGE[stage]) for stage in STAGES[:WHOLE]]
        until = np.append(self.numbers("schools", "opened_year"), np.nan)[self.school(table)]
        until = until + np.array([*grades, max(grades), 0])[self.stage(table)]
        return self.data[table]["year"].to_numpy() < until

    @cached_property
    def _typed_kind(self) -> np.ndarray:
        return index_of(self.schools["kind"], [str(kind) for kind in KINDS])

    @cached_property
    def kind(self) -> np.ndarray:
        """Place in `KINDS` of each school's own kind as it is meant, -1 where missing."""
        if not self.kinds_turned:
            return self._typed_kind
        other = {Kind.PRIMARY: Kind.JUNIOR, Kind.JUNIOR: Kind.PRIMARY}
        return np.array([*(KINDS.index(other.get(kind, kind)) for kind in KINDS), -1])[self._typed_kind]

    @cached_property
    def names_turned(self) -> bool:
        """Whether names and identifiers of schools changed places: the identifiers are in Chinese letters."""
        codes, names = (
            self.schools[name].str.contains("[一-鿿]", na=False) for name in ("school_id", "name")
        )
        return len(codes) > 1 and codes.mean() > 0.5 and names.mean() < 0.5

    @cached_property
    def root(self) -> np.ndarray:
        """The school that each counts with: itself, or for a campus the school it belongs to.

        Where campuses go in a circle, which is a fault of its own, it is one of them.
        """
        parent = self.school("schools", "parent_id")
        root = np.where(parent >= 0, parent, np.arange(len(parent)))
        for _ in range(len(parent).bit_length() + 1):  # each step looks twice as far up
            above = root[root]
            if (above == root).all():
                break
            root = above
        return root

    def by_year(self, table: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give for each year, in order, its rows, and their slots less the year.

        Rows of unknown schools are left out.
        """
        slot, year = self.slot(table), self.year(table)
        per_year = len(self.schools) * len(STAGES)
        for place in range(len(self.years)):
            rows = np.flatnonzero((year == place) & (slot >= 0))
            yield rows, slot[rows] - place * per_year


@dataclass(frozen=True)
class Exchange:
    """Two columns that changed places, and in which rows."""

    one: str
    other: str
    rows: np.ndarray


# Of each pair of columns the first is never, or hardly ever, more than the second.
PARTS = {
    ("sections", "full_time_teachers"): (
        "teachers_above_required",
        "backbone_teachers",
        "pe_arts_teachers",
        "certified_teachers",
        "trained_teachers",
    ),
    ("sections", "pupils"): ("in_zone_pupils", "migrant_pupils"),
    ("facilities", "teaching_area_m2"): ("indoor_sports_area_m2",),
}
_LAWS = {
    "sections": (  # of columns that explain a year as well as others, those named first
        ("classes", "full_time_teachers"),
        ("classes", "pupils"),
        ("full_time_teachers", "pupils"),
        *((part, whole) for (table, whole), parts in PARTS.items() if table == "sections" for part in parts),
    ),
    "classes": (("grade", "pupils"), ("class_no", "pupils")),
}
_SURE = 3  # laws, those named first, of which a breach alone tells that columns changed places
_UNITS_APART = 200  # times from which on two counts are apart by a unit, and did not change places


def _exchanged(frame: pd.DataFrame, laws: tuple[tuple[str, str], ...]) -> Iterator[Exchange]:
    """Give the pairs of columns that heal nine tenths of what contradicts itself in a year, put back."""
    numbers = {name: frame[name].to_numpy(dtype=float) for law in laws for name in law}

    def broken(values: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.array([values[part] > values[whole] for part, whole in laws])

    odd = broken(numbers) if laws else np.zeros((0, len(frame)), dtype=bool)
    if np.count_nonzero(odd.any(axis=0)) < _STEPS:
        return
    healed: dict[tuple[str, str], list[np.ndarray]] = {}
    years = frame["year"].to_numpy()
    for year in np.unique(years[odd.any(axis=0)]):
        rows = np.flatnonzero(years == year)
        before = odd[:, rows]
        if (count := before.any(axis=0).sum()) < _STEPS or _MANY * count < len(rows):
            continue
        here = {name: values[rows] for name, values in numbers.items()}
        blamed = {name: 0 for law, wrong in zip(laws, before, strict=True) if wrong.any() for name in law}

        def left(pair: tuple[str, str], here=here, most=before.size) -> int:
            one, other = pair
            with np.errstate(divide="ignore", invalid="ignore"):
                apart = np.nanmedian(np.abs(np.log(here[one] / here[other])))
            if not apart < np.log(_UNITS_APART):
                return most
            return int(broken({**here, one: here[other], other: here[one]}).sum())

        best = min(combinations(blamed, 2), key=left)
        alone = np.count_nonzero(_MANY * before.sum(axis=1) >= len(rows)) < 2 and best not in laws[:_SURE]
        if 10 * left(best) <= before.sum() and not alone:  # one part too large may be a slip of its own
            healed.setdefault(best, []).append(rows)
    for (one, other), parts in healed.items():
        yield Exchange(one, other, np.sort(np.concatenate(parts)))


def counting_up(values: np.ndarray, fewest: int) -> list[np.ndarray]:
    """Return the places, at least so many next to each other, at which whole numbers count up by one.

    >>> [run.tolist() for run in counting_up(np.array([7, 1, 2, 3, 9.0]), 3)]
    [[1, 2, 3]]
    """
    up = np.diff(values, prepend=np.nan) == 1
    if np.count_nonzero(up) < fewest - 1:
        return []
    run = np.cumsum(~up)
    sizes = np.bincount(run)
    return [np.flatnonzero(run == number) for number in np.flatnonzero(sizes >= fewest)]


_STAGED = ("sections", "facilities", "classes")  # tables whose rows a school's kind can contradict
_OTHER_STAGE = np.array([1, 0, 2, 3, -1])  # with primary and junior in each other's place
_DRAGGED = 5  # rows from which on codes that count up were dragged
_MANY = 4  # rows, and the share of a year's rows, from which on a column has one fault
_FEW = 5000  # schools among which a code one slip away is sought
_STEPS = 3  # schools one after the other, each a year later, from which on a year was dragged down
_SLIPS = 50  # codes beyond which a column is no column of slips


def one_slip(text: str, other: str) -> bool:
    """Whether two texts differ by one slip of a finger: `one_away`, or two neighbours that changed places.

    >>> one_slip("0234010", "0234001"), one_slip("0234009", "0234001"), one_slip("0234110", "0234001")
    (True, True, False)
    """
    if one_away(text, other):
        return True
    if len(text) != len(other):
        return False
    apart = [i for i, (a, b) in enumerate(zip(text, other, strict=True)) if a != b]
    first, last = apart[0], apart[-1]
    return len(apart) == 2 and last == first + 1 and text[first : last + 1] == other[first : last + 1][::-1]


def one_away(text: str, other: str) -> bool:
    """Whether two texts differ in exactly one character: another one, one more or one less.

    >>> one_away("河弯区", "河湾区"), one_away("鼓楼区", "鼓楼"), one_away("甲区", "甲区")
    (True, True, False)
    """
    if abs(len(text) - len(other)) > 1 or text == other:
        return False
    short, long = sorted((text, other), key=len)
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]


# What a rule is, and what it finds.


@dataclass(frozen=True)
class Found:
    """Records of one table that break a rule in the same column."""

    table: str
    where: np.ndarray | None  # of int: positions in the table; None for the column as a whole, or the table
    column: str | None  # where to look, or what to mend
    say: Callable[[int], Message]  # gives what is wrong with the record at a position, without a full stop
    # Column that names the school to mend it; None where that is the district's.
    school: str | None = "school_id"
    together: bool = False  # whether all these records are one finding, said of the first
    mend: str | None = None  # lines of a file of corrections that mend it
    # of int: rows of other tables, by table and column, that are the same finding.
    also: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A numbered rule."""

    number: str
    # ``stops``: nothing can be computed of it, or nobody may hold it. ``warning``: it can be computed, and
    # looks wrong. ``note``: it is read for what it says.
    severity: Severity
    title: Message  # what is wrong; of rules for the form, what is asked
    # The indicator or clause that suffers, or why it is asked; empty where the title says it.
    reason: Message = NOTHING
    remedy: Message = NOTHING  # what to do; empty where each fault says its own
    find: Callable[[View], Iterator[Found]] | None = None
    structure: bool = False  # with such a fault the table cannot be read at all
