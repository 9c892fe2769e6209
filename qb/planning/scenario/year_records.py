"""One year as plain records that actions change; pupils, teachers, classes and facilities moved between schools."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from qb.data.checks import require
from qb.data.dataset import Dataset
from qb.data.schema import INVENTED, TABLES
from qb.errors import QbError
from qb.language import Both, FieldName, Message, joined, listing
from qb.planning.forecast.projection import OF_PUPILS, OF_TEACHERS, STAFF
from qb.standard import Standard
from qb.terms import GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Stage

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
class YearRecords:
    """The records of one year. No record is changed in place; `put` returns another register."""

    year: int
    # For each table of `KEYS`, its records of the year by key (`schools`: all of them).
    tables: Mapping[str, Mapping[object, Row]]
    source: str  # what new records say of where they come from
    moves: tuple[Move, ...] = ()  # who has changed school so far
    stays: tuple[Stay, ...] = ()  # who has not, though the zone is assigned to another one
    # By school, the last record of each that an action has ended, with the last year it taught in.
    closed: Mapping[str, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Dataset, year: int) -> YearRecords:
        """Return a year of a dataset; one with two records under a key is refused, as `qb.data` does."""
        rows = {name: _records(rows_of(data[name], year)) for name in KEYS}
        tables = {name: _keyed(name, records) for name, records in rows.items()}
        if any(len(tables[name]) != len(rows[name]) for name in KEYS):
            require(data)
        return cls(year, tables, INVENTED if data.invented else "情景推演")

    def __getitem__(self, table: str) -> Mapping[object, Row]:
        return self.tables[table]

    def put(self, table: str, rows: Mapping[object, Row | None]) -> YearRecords:
        """Return the register with these records instead; None takes a record out."""
        changed = {**self.tables[table], **rows}
        kept = {key: row for key, row in changed.items() if row is not None}
        return replace(self, tables={**self.tables, table: kept})

    def without(self, school: str, last: int) -> YearRecords:
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
    if "year" not in frame or (mine := (frame["year"] == year).to_numpy()).all():
        return frame
    return frame[mine]


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


def write_back(data: Dataset, before: YearRecords, after: YearRecords) -> Dataset:
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


def _frame(frame: pd.DataFrame, after: YearRecords, name: str) -> pd.DataFrame:
    rows = pd.DataFrame(list(after[name].values()), columns=None if after[name] else frame.columns)
    others = frame[(frame["year"] != after.year).to_numpy()]
    if not len(others):
        return rows
    return pd.concat(
        [others, rows.astype({c: frame[c].dtype for c in frame if c in rows})], ignore_index=True
    )


# What a school holds in floor, ground and equipment, by stage.


MEANS = (
    "teaching_area_m2",
    "indoor_sports_area_m2",
    "sports_ground_m2",
    "equipment_yuan",
    "multimedia_rooms",
)
FACILITIES = (*MEANS, "supplementary_sports_m2")


def by_stage(register: YearRecords, standard: Standard, school: str) -> dict[str, dict[str, float]]:
    """Return a school's facilities by stage; what it reports as one is split by weighted pupils.

    As `qb.indicators.resources.share_facilities` does; NaN where a figure, or the pupils, are not reported.
    """
    rows = {stage: row for (s, stage), row in register["facilities"].items() if s == school}
    whole = rows.pop(str(Stage.WHOLE), dict.fromkeys(FACILITIES, math.nan))
    kind = register["schools"][school]["kind"]
    weights = {} if missing(kind) else standard.rules.split.weights(Kind(kind))
    stages = register.stages(school)
    weighted = {str(s): weights.get(s, 1.0) * register["sections"][school, s]["pupils"] for s in stages}
    total = sum(weighted.values())
    found = {}
    for stage in dict.fromkeys([*weighted, *rows]):
        share = weighted.get(stage, 0) / total if total else 1 / max(len(stages), 1)
        own = rows.get(stage, {})
        found[stage] = {name: _total(own.get(name), whole[name] * share) for name in FACILITIES}
    return found


def _total(own: float | None, shared: float) -> float:
    """Add what is reported by stage and a share of the whole; a figure stands in one of the two rows."""
    known = [part for part in (own, shared) if not missing(part)]
    return sum(known) if known else math.nan


def with_facilities(
    register: YearRecords, school: str, stage: str, amounts: dict[str, float], *, new: bool
) -> YearRecords:
    """Return the register with so much more at a school, in the row in which it reports each figure.

    `new`: the school had nobody at the stage, so that what it does not report is nothing, not unknown.
    """
    blank = register.row(
        "facilities",
        school_id=school,
        stage=str(stage),
        **dict.fromkeys(FACILITIES, 0.0 if new else math.nan),
    )
    whole = register["facilities"].get((school, Stage.WHOLE))
    own = register["facilities"].get((school, stage), blank)
    shared = {name for name in amounts if whole is not None and not missing(whole[name])}
    changed = {name: own[name] + amount for name, amount in amounts.items() if name not in shared}
    if own is not blank or not all(map(missing, changed.values())):
        nothing = dict.fromkeys(shared, math.nan) if own is blank else {}
        register = register.put("facilities", {(school, str(stage)): {**own, **changed, **nothing}})
    if shared:
        row = {**whole, **{name: whole[name] + amounts[name] for name in shared}}
        register = register.put("facilities", {(school, str(Stage.WHOLE)): row})
    return register


# How pupils and teachers go from one school to another without anyone appearing or vanishing.
#
# The rules, where a number has to be chosen: a group is taken from the grades in proportion to their
# pupils, and a part of a group (pupils in their zone, backbone teachers) in proportion to the whole, each
# with the largest remainder; classes of a grade are divided as evenly as possible. A grade that grows
# keeps its classes and gets another only where the class limit demands it; one that shrinks keeps as many
# as its largest class (or the limit, if that is less) needs. Public funds go with the pupils, as much a
# head as the school has; teachers, floor and equipment stay.


FUNDS = (
    "public_funds_budget_yuan",
    "public_funds_final_yuan",
    "training_budget_yuan",
    "training_final_yuan",
    "allocation_yuan",
)
OF_STAFF = (*STAFF, "visiting_pe_arts_teachers")
EMPTY_SECTION = dict.fromkeys(("pupils", "classes", *OF_PUPILS, *OF_STAFF), 0.0)


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a whole number in proportion to weights, the largest remainders first, then the earlier place.

    No part exceeds its weight where `total` does not exceed their sum and the weights are whole.

    Examples
    --------
    Ten of 30 + 20 + 11 pupils. Rounding each share would give 5 + 3 + 2 too, but for 4 of them
    2 + 1 + 1; for 5 of three equal grades rounding gives 2 + 2 + 2, one too many.

    >>> apportion(10, [30, 20, 11]), apportion(5, [1, 1, 1])
    ([5, 3, 2], [2, 2, 1])
    """
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    shares = [total * weight / whole for weight in weights]
    parts = [math.floor(share) for share in shares]
    order = sorted(range(len(shares)), key=lambda i: (parts[i] - shares[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def carried(moving: float, part: float, whole: float) -> float:
    """Return how many of `part` are among the `moving` of a `whole`: in proportion, half up, and possible.

    Examples
    --------
    Of 10 teachers 9 have the degree. Two leave: 1.8 of them, so 2. Nine leave: 8.1, and 8 it must be at
    least, for one alone has not.

    >>> carried(2, 9, 10), carried(9, 9, 10), carried(1, 10, 10)
    (2, 8, 1)
    """
    if missing(part):
        return math.nan
    nearest = math.floor(moving * part / whole + 0.5) if whole else 0
    return min(max(nearest, moving - (whole - part)), part, moving)


def class_sizes(sizes: Sequence[float], total: int, limit: int) -> list[int]:
    """Return the sizes of a grade's classes when it has `total` pupils instead.

    Examples
    --------
    Two classes of 20 take in 10 more and stay two; with 60 more a third is needed at 45. Six classes of
    43 lose 100 pupils and become four. Two classes of 20 lose one pupil and do not become one of 39.

    >>> class_sizes([20, 20], 50, 45), class_sizes([20, 20], 100, 45)
    ([25, 25], [34, 33, 33])
    >>> class_sizes([43] * 6, 158, 45), class_sizes([20, 20], 39, 45)
    ([40, 40, 39, 39], [20, 19])
    """
    if not total:
        return []
    if total >= sum(sizes):
        count = max(len(sizes), math.ceil(total / limit))
    else:
        count = min(len(sizes), math.ceil(total / min(max(sizes), limit)))
    size, rest = divmod(int(total), count)
    return [size + 1] * rest + [size] * (count - rest)


def class_limit(standard: Standard, stage: str, year: int) -> int:
    """Return the most pupils of a class; senior classes have no limit and take that of junior."""
    of = Stage.PRIMARY if stage == Stage.PRIMARY else Stage.JUNIOR
    indicator = standard.computed_by("class_size")
    if indicator is None:
        raise QbError(
            "标准 {} 没有班额限值（class_size），学生变动后无法分班。",
            "The standard {} has no limit on class sizes (class_size), so classes cannot be made when pupils move.",
            standard.name,
        )
    return int(standard.limit_in_force(indicator.code, stage=of, year=year).keeping())


def unusable(register: YearRecords, key: Key) -> list[Message]:
    """Return why a section's pupils cannot be moved or joined: they are missing, or its classes disagree."""
    section = register["sections"][key]
    place = Message("{}{}", "{}, {}", register.name(key[0]), Stage(key[1]))
    pupils, classes = section["pupils"], section["classes"]
    if missing(pupils) or pupils % 1:
        amiss = (
            Both("没有填报", "not reported")
            if missing(pupils)
            else Message("不是整数（{}）", "no whole number ({})", pupils)
        )
        return [
            Message("{}的在校生数{}，请先补正", "the pupils of {} are {}; put them right first", place, amiss)
        ]
    rows = [row for grade in register.classes.get(key, {}).values() for row in grade]
    counted = sum(row["pupils"] for row in rows)
    if rows and not (counted == pupils and (missing(classes) or classes == len(rows))):
        number = Both("未填", "not known") if missing(classes) else f"{classes:.0f}"
        sizes = (
            Both("有未填班额", "some without a size")
            if missing(counted)
            else Message("{:.0f} 人", "{:.0f} pupils", counted)
        )
        return [
            Message(
                "{}的班级表（{} 个班 {}）与学段表（{} 个班 {:.0f} 人）不符，请先补正",
                "the classes of {} ({} classes, {}) are not those of sections ({} classes, {:.0f} pupils); put them right first",
                place,
                len(rows),
                sizes,
                number,
                pupils,
            )
        ]
    return []


def in_grades(register: YearRecords, key: Key, grades: Iterable[int] | None) -> float:
    """Return the pupils of a section, or of some of its grades."""
    if grades is None:
        return register["sections"][key]["pupils"]
    by_grade = register.grades(key)
    return sum(by_grade.get(grade, 0) for grade in grades)


def move(
    register: YearRecords,
    standard: Standard,
    source: str,
    target: str,
    stage: str,
    pupils: int,
    grades: Iterable[int] | None = None,
) -> YearRecords:
    """Return the register with pupils of a stage at another school.

    `grades` keeps it to some grades. Both sections are fit for it (`unusable`) and the pupils are there.
    """
    if not pupils:
        return register
    key, into = (source, str(stage)), (target, str(stage))
    by_grade = register.grades(key)
    if grades is not None:
        by_grade = {grade: by_grade.get(grade, 0) for grade in grades}
    leaving = dict(zip(by_grade, apportion(pupils, list(by_grade.values())), strict=True))
    limit = class_limit(standard, stage, register.year)
    party = _party(register, key, pupils, leaving)
    register = _with_party(register, into, party, 1, limit)
    register = _with_party(register, key, party, -1, limit)
    return replace(register, moves=(*register.moves, Move(source, target, str(stage), pupils)))


def arrive(register: YearRecords, standard: Standard, school: str, stage: str, pupils: int) -> YearRecords:
    """Return the register with pupils who were at none of its schools, evenly over the grades."""
    grades = GRADES_OF_STAGE[Stage(stage)]
    by_grade = dict(zip(grades, apportion(pupils, [1] * len(grades)), strict=True))
    counts = {name: float(pupils) if name == "in_zone_pupils" else 0.0 for name in OF_PUPILS}
    party = Party(pupils, by_grade, counts, dict.fromkeys(FUNDS, 0.0))
    key = (school, str(stage))
    listed = register.grades(key) or not register["sections"].get(key, {"pupils": 0})["pupils"]
    party = party if listed else replace(party, by_grade={})
    return _with_party(register, key, party, 1, class_limit(standard, stage, register.year))


@dataclass(frozen=True)
class Party:
    """Pupils on their way: how many, of which grades, in how many other counts, with what money."""

    pupils: int
    by_grade: dict[int, int]
    counts: dict[str, float]
    funds: dict[str, float]


def _party(register: YearRecords, key: Key, pupils: int, by_grade: dict[int, int]) -> Party:
    section = register["sections"][key]
    at_school = sum(row["pupils"] for (school, _), row in register["sections"].items() if school == key[0])
    funds = register["funds"].get(key[0], {})
    return Party(
        pupils,
        by_grade,
        {name: carried(pupils, section[name], section["pupils"]) for name in OF_PUPILS},
        {name: funds[name] * pupils / at_school for name in FUNDS if name in funds},
    )


def _with_party(register: YearRecords, key: Key, party: Party, sign: int, limit: int) -> YearRecords:
    """Return the register with a party that came (sign 1) or went (-1)."""
    section = register["sections"].get(key) or empty_section(register, key)
    changed = {**section, "pupils": section["pupils"] + sign * party.pupils}
    changed |= {name: section[name] + sign * count for name, count in party.counts.items()}
    register = _with_funds(register, key[0], party, sign)
    by_grade = register.grades(key)
    new = not section["pupils"] and sign > 0
    if by_grade or (new and party.by_grade):
        coming = party.by_grade or dict(
            zip(by_grade, apportion(party.pupils, list(by_grade.values())), strict=True)
        )
        register = register.put("sections", {key: changed})
        for grade, pupils in coming.items():
            register = resize(register, key, grade, int(by_grade.get(grade, 0) + sign * pupils), limit)
        return register
    if not missing(section["classes"]):
        # Classes are not listed: the whole section is divided as one grade would be.
        mean = (
            [section["pupils"] / section["classes"]] * int(section["classes"]) if section["classes"] else []
        )
        changed["classes"] = float(len(class_sizes(mean, int(changed["pupils"]), limit)))
    return register.put("sections", {key: changed})


def empty_section(register: YearRecords, key: Key) -> Row:
    """Return the record of a section that has nobody yet."""
    return register.row("sections", school_id=key[0], stage=str(key[1]), **EMPTY_SECTION)


def _with_funds(register: YearRecords, school: str, party: Party, sign: int) -> YearRecords:
    """Money comes with pupils. A school that has pupils and reported no funds stays without."""
    funds = register["funds"].get(school)
    if funds is None:
        had = [row["pupils"] for (s, _), row in register["sections"].items() if s == school]
        if any(had) or not party.funds or sign < 0:
            return register
        funds = register.row("funds", school_id=school, **dict.fromkeys(FUNDS, 0.0))
    amounts = {name: funds[name] + sign * party.funds.get(name, math.nan) for name in FUNDS}
    return register.put("funds", {school: {**funds, **amounts}})


def resize(register: YearRecords, key: Key, grade: int, pupils: int, limit: int) -> YearRecords:
    """Return the register with a grade of so many pupils, its classes as `class_sizes` has them."""
    rows = register.classes.get(key, {}).get(grade, [])
    return with_classes(register, key, grade, class_sizes([row["pupils"] for row in rows], pupils, limit))


def with_classes(register: YearRecords, key: Key, grade: int, sizes: Sequence[int]) -> YearRecords:
    """Return the register with these classes in a grade, and the section's number of classes to fit."""
    rows = register.classes.get(key, {}).get(grade, [])
    if [row["pupils"] for row in rows] == list(sizes):
        return register
    numbers = [row["class_no"] for row in rows]
    last = max(numbers, default=0)
    extra = range(len(sizes) - len(rows))
    blank = register.row("classes", school_id=key[0], stage=str(key[1]), grade=float(grade))
    rows = [*rows, *({**blank, "class_no": float(last + 1 + i)} for i in extra)]
    changed: dict[object, Row | None] = {(*key, grade, number): None for number in numbers[len(sizes) :]}
    for row, size in zip(rows, sizes, strict=False):
        changed[(*key, grade, row["class_no"])] = {**row, "pupils": float(size)}
    section = register["sections"][key]
    classes = section["classes"] + len(sizes) - len(numbers)
    return register.put("classes", changed).put("sections", {key: {**section, "classes": classes}})


def move_staff(
    register: YearRecords, source: str, target: str, stage: str, teachers: int, given: dict[str, int]
) -> YearRecords:
    """Return the register with teachers of a stage at another school; what is not given is in proportion."""
    key, into = (source, str(stage)), (target, str(stage))
    section = register["sections"][key]
    goes = {"full_time_teachers": float(teachers)}
    for name in OF_TEACHERS:
        share = carried(teachers, section[name], section["full_time_teachers"])
        goes[name] = given.get(name, share)
    register = with_staff(register, key, {name: -number for name, number in goes.items()})
    return with_staff(register, into, goes)


def with_staff(register: YearRecords, key: Key, numbers: dict[str, float]) -> YearRecords:
    """Return the register with so many more teachers at a section."""
    section = register["sections"].get(key) or empty_section(register, key)
    added = {name: section[name] + number for name, number in numbers.items()}
    return register.put("sections", {key: {**section, **added}})


def first_grades(stage: str, count: int) -> list[int]:
    """Return the lowest grades of a stage.

    >>> first_grades("junior", 2)
    [7, 8]
    """
    return list(GRADES_OF_STAGE[Stage(stage)])[:count]
