"""One year of a dataset as plain records, so that an action may change a few of them and share the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset
from qb.data.schema import INVENTED, TABLES
from qb.language import FieldName, Message, joined, listing
from qb.terms import STAGES_OF_KIND, Kind, Stage

Row = dict[str, object]
Key = tuple[str, str]  # school and stage

# The key of each table that an action may change, its year apart; rooms have none and go by position.
KEYS: dict[str, tuple[str, ...]] = {
    "schools": ("school_id",),
    "sections": ("school_id", "stage"),
    "facilities": ("school_id", "stage"),
    "classes": ("school_id", "stage", "grade", "class_no"),
    "rooms": (),
    "funds": ("school_id",),
    "district": ("district", "item"),
    "zones": ("zone_id",),
    "distances": ("zone_id", "place_id"),
}


class Refused(Exception):  # noqa: N818 - not a fault of the program: the action cannot be done
    """An action that cannot be done, with every reason as a sentence."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(joined("；", "; ", reasons))


def refuse(reasons: Iterable[str]) -> None:
    """Refuse an action if there is a reason to."""
    found = list(dict.fromkeys(reasons))
    if found:
        raise Refused(found)


def missing(value: object) -> bool:
    """Return whether a cell holds nothing."""
    return value is None or value is pd.NA or value != value


@dataclass(frozen=True)
class Move:
    """Pupils who changed school."""

    source: str
    target: str
    stage: str
    pupils: int


@dataclass(frozen=True)
class Stay:
    """Children of a zone who still go to the school that it was assigned to before."""

    zone: str
    stage: str
    school: str
    children: float


@dataclass(frozen=True)
class Register:
    """The records of one year. No record is changed in place; `put` returns another register.

    Attributes
    ----------
    year : int
    tables : dict
        For each table of `KEYS`, its records of the year by key (`schools`: all of them).
    source : str
        What new records say of where they come from.
    moves : tuple of Move
        Who has changed school so far.
    stays : tuple of Stay
        Who has not, though the zone is assigned to another one.
    closed : dict
        By school, the last record of each that an action has ended, with the last year it taught in.
    """

    year: int
    tables: Mapping[str, Mapping[object, Row]]
    source: str
    moves: tuple[Move, ...] = ()
    stays: tuple[Stay, ...] = ()
    closed: Mapping[str, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Dataset, year: int) -> Register:
        """Return a year of a dataset; one with two records under a key is refused, as `qb.data` does."""
        rows = {name: _records(rows_of(data[name], year)) for name in KEYS}
        tables = {name: _keyed(name, records) for name, records in rows.items()}
        if any(len(tables[name]) != len(rows[name]) for name in KEYS):
            require(data)
        return cls(year, tables, INVENTED if data.invented else "情景推演")

    def __getitem__(self, table: str) -> Mapping[object, Row]:
        return self.tables[table]

    def put(self, table: str, rows: Mapping[object, Row | None]) -> Register:
        """Return the register with these records instead; None takes a record out."""
        changed = {**self.tables[table], **rows}
        kept = {key: row for key, row in changed.items() if row is not None}
        return replace(self, tables={**self.tables, table: kept})

    def without(self, school: str, last: int) -> Register:
        """Return the register without any record of a school, `last` being the last year it taught in.

        Its classes have left with its pupils.
        """
        ended = {**self.tables["schools"][school], "closed_year": float(last)}
        register = replace(self, closed={**self.closed, school: ended})
        for table in ("sections", "facilities", "rooms", "funds", "schools"):
            gone = {key: None for key, row in register[table].items() if row["school_id"] == school}
            register = register.put(table, gone)
        return register

    def row(self, table: str, **cells: object) -> Row:
        """Return a new record of this year; what is not given is missing."""
        blank = dict.fromkeys(TABLES[table].names, math.nan)
        year = {} if table == "schools" else {"year": self.year}
        return {**blank, **year, **cells, "source": self.source}

    @cached_property
    def classes(self) -> dict[Key, dict[int, list[Row]]]:
        """The classes of each school and stage, by grade."""
        found: dict[Key, dict[int, list[Row]]] = {}
        for (school, stage, grade, _), row in self.tables["classes"].items():
            found.setdefault((school, stage), {}).setdefault(int(grade), []).append(row)
        return found

    def grades(self, key: Key) -> dict[int, float]:
        """Return the pupils of each grade as the classes have them; empty where no class is reported."""
        by_grade = self.classes.get(key, {})
        return {grade: sum(row["pupils"] for row in rows) for grade, rows in sorted(by_grade.items())}

    def name(self, school: str) -> str:
        """Return how a sentence names a school."""
        name = self.tables["schools"].get(school, {}).get("name")
        return str(school) if missing(name) else Message("{}（{}）", "{} ({})", name, school)

    def stages(self, school: str) -> list[Stage]:
        """Return the stages at which the school has a section, in the order of the grades."""
        return [stage for stage in Stage if (school, stage) in self.tables["sections"]]

    def takes(self, school: str, stage: str) -> bool:
        """Return whether the school has the stage, or is of a kind that may; a campus as its school does."""
        row = self.tables["schools"][school]
        parent = self.tables["schools"].get(row.get("parent_id"), {})
        kinds = {kind for kind in (row["kind"], parent.get("kind")) if not missing(kind)}
        allowed = {stage for kind in kinds for stage in STAGES_OF_KIND[Kind(kind)]}
        return (school, stage) in self.tables["sections"] or stage in allowed

    def unknown(self, *schools: str) -> list[Message]:
        """Return a sentence for each school that is not there."""
        known = self.tables["schools"]
        wrong = [
            Message("没有学校 {}，请核对学校标识码", "there is no school {}; check its identifier", school)
            for school in schools
            if school not in known
        ]
        for school in schools:
            opened, closed = (known.get(school, {}).get(name) for name in ("opened_year", "closed_year"))
            if not missing(opened) and opened > self.year:
                wrong.append(
                    Message(
                        "{}{:.0f} 年才开办，{} 学年还没有这所学校",
                        "{} opens in {:.0f} and is not there in {}",
                        self.name(school),
                        opened,
                        self.year,
                    )
                )
            if not missing(closed) and closed < self.year:
                wrong.append(
                    Message(
                        "{}办到 {:.0f} 学年为止，{} 学年已没有这所学校",
                        "{} taught until {:.0f} and is not there in {}",
                        self.name(school),
                        closed,
                        self.year,
                    )
                )
        return wrong

    def stage_of(self, school: str, stage: str | None) -> Stage:
        """Return the stage that is written, or the only one of the school.

        Raises
        ------
        Refused
            If the school is not there, has not that stage, or has several and none is written.
        """
        refuse(self.unknown(school))
        stages = self.stages(school)
        if stage is None and len(stages) != 1:
            several = Message(
                "有几个学段（{}），须写 {}",
                " has several stages ({}): write {}",
                listing(map(str, stages)),
                FieldName("stage"),
            )
            refuse([self.name(school) + (several if stages else Message("没有学段数据", " has no sections"))])
        if stage is not None and stage not in stages:
            refuse([Message("{}没有“{}”学段", "{} has no stage “{}”", self.name(school), Stage(stage))])
        return stages[0] if stage is None else Stage(stage)


def rows_of(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return a table's rows of one year; all of them where it has no year."""
    return frame[(frame["year"] == year).to_numpy()] if "year" in frame else frame


def _records(frame: pd.DataFrame) -> list[Row]:
    names = list(frame)
    columns = (frame[name].tolist() for name in names)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _keyed(table: str, rows: list[Row]) -> dict[object, Row]:
    key = KEYS[table]
    if not key:
        return dict(enumerate(rows))
    if len(key) == 1:
        return {row[key[0]]: row for row in rows}
    return {tuple(row[name] for name in key): row for row in rows}


def write_back(data: Dataset, before: Register, after: Register) -> Dataset:
    """Return the dataset with the records of `after` in its year; tables without a change stay the same.

    A school that is gone stays in ``schools``, with the last year it taught in, while another year, a
    campus or the ledger names it.
    """
    changed = {
        name: _frame(data[name], after, name)
        for name in KEYS
        if after[name] is not before[name] and name != "schools"
    }
    result = data.replace(**changed) if changed else data
    if after["schools"] is before["schools"]:
        return result
    named = {
        school
        for frame in result.tables.values()
        for column in frame
        if column == "parent_id" or (column.endswith("school_id") and frame is not result["schools"])
        for school in frame[column].dropna().unique()
    }
    gone = {s: row for s, row in after.closed.items() if s in before["schools"] and s in named}
    rows = {**gone, **after["schools"]}
    in_order = [rows[s] for s in dict.fromkeys([*before["schools"], *after["schools"]]) if s in rows]
    return result.replace(schools=pd.DataFrame(in_order))


def _frame(frame: pd.DataFrame, after: Register, name: str) -> pd.DataFrame:
    rows = pd.DataFrame(list(after[name].values()), columns=None if after[name] else frame.columns)
    others = frame[(frame["year"] != after.year).to_numpy()]
    if not len(others):
        return rows
    return pd.concat(
        [others, rows.astype({c: frame[c].dtype for c in frame if c in rows})], ignore_index=True
    )
