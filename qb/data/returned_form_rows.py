"""A returned form as rows of our tables: by stage, added up, split, counted by size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qb.data.layout_file import FormItem, column_at
from qb.data.returned_forms import Filled, FilledIn, fault, target_of, values_of
from qb.data.schema import TABLES
from qb.errors import Fault
from qb.language import Message, listing
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Stage

Key = tuple[object, ...]


@dataclass
class FormRows:
    """Rows of our tables, made from one form."""

    sheet: str
    # school, district: whose form it is.
    school: str | None = None
    district: str | None = None
    year: int = 0
    # Table, key of the row, columns.
    tables: dict[str, dict[Key, dict[str, object]]] = field(default_factory=dict)
    # Where each figure stands in the form; of a sum its first part.
    cells: dict[tuple[str, Key, str], FilledIn] = field(default_factory=dict)
    # What the school adds to an item of its district; None where it did not say.
    parts: dict[str, float | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def put(self, table: str, key: Key, column: str, value: object, answer: FilledIn | None) -> None:
        """Put a value into a row, which is there from then on."""
        row = self.tables.setdefault(table, {}).setdefault(key, dict(zip(_KEYS[table], key, strict=True)))
        if value is not None:
            row[column] = value
            if answer is not None:
                self.cells.setdefault((table, key, column), answer)


_KEYS = {
    "schools": ("school_id",),
    "sections": ("year", "school_id", "stage"),
    "facilities": ("year", "school_id", "stage"),
    "funds": ("year", "school_id"),
    "classes": ("year", "school_id", "stage", "pupils_from", "pupils_to"),
    "rooms": ("year", "school_id", "stage", "kind", "area_from", "area_to"),
    "district": ("year", "district", "item"),
}


def rows_of(filled: Filled, year: int, names: Mapping[str, str] | None = None) -> FormRows:
    """Return the rows of our tables that a form becomes.

    Parameters
    ----------
    filled : Filled
    year : int
        The school year collected; a form that says its own year says so itself.
    names : dict of str to str, optional
        Codes of the schools expected, by their names: for a form without its code.
    """
    values, faults = values_of(filled)
    given = {item.to: values[place] for place, item in enumerate(filled.items) if item.to and place in values}
    rows = FormRows(filled.sheet, year=int(given.get("district.year", filled.year or year)))
    if filled.form.of == "school":
        rows.school = given.get("schools.school_id") or (names or {}).get(str(given.get("schools.name", "")))
    else:
        rows.district = given.get("district.district")
    rows.faults = [replace(one, school_id=rows.school) for one in (*filled.faults, *faults)]
    if rows.year != year:
        message = Message(
            "表上写的是 {} 学年，收集的是 {} 学年，没有计入",
            "the form says {}, and {} is collected: not counted",
            rows.year,
            year,
        )
        rows.faults.append(
            fault(
                "B09",
                message,
                Message("填报本学年的数", "Enter the numbers of this school year"),
                sheet=filled.sheet,
                school_id=rows.school,
            )
        )
    elif filled.form.of == "school" and rows.school:
        _School(filled, values, rows).fill()
    elif rows.district:
        _fill_district(filled, values, rows)
    return rows


def _fill_district(filled: Filled, values: Mapping[int, object], rows: FormRows) -> None:
    sums: dict[str, list[tuple[FormItem, object, FilledIn]]] = {}
    for place, item in enumerate(filled.items):
        name = item.to.removeprefix("district.")
        answer = filled.answers.get(place)
        if item.to and name not in ("district", "year") and place in values:
            rows.put("district", (rows.year, rows.district, name), "value", values[place], answer)
        if item.adds_to and answer is not None:
            sums.setdefault(item.adds_to, []).append((item, values.get(place), answer))
    for target, parts in sums.items():
        total = _total(parts, rows)
        key = (rows.year, rows.district, target.removeprefix("district."))
        if total is not None:
            rows.put("district", key, "value", total, parts[0][2])


def _total(parts: Sequence[tuple[FormItem, object, FilledIn]], rows: FormRows) -> float | None:
    """Return the sum of parts; where only some are filled in nobody knows it, and that is said."""
    lacking = [(item, answer) for item, value, answer in parts if value is None]
    if not lacking:
        return sum(float(value) for _, value, _ in parts)
    if len(lacking) < len(parts):
        target = parts[0][0].adds_to
        label = column_at(target).label
        names = listing(f"“{item.label}”" for item, _ in lacking)
        where = {"sheet": rows.sheet, "row": lacking[0][1].row, "cell": lacking[0][1].cell}
        message = Message(
            "{}没有填，“{}”因此缺数据", "{} is not filled in, so “{}” has no data", names, label
        )
        rows.faults.append(
            fault(
                "B05",
                message,
                Message("补填；没有的填 0", "Complete it; enter 0 for none"),
                school_id=rows.school,
                **where,
                **target_of(parts[0][0]),
            )
        )
    return None


class _School:
    """The rows of one school's form."""

    def __init__(self, filled: Filled, values: Mapping[int, object], rows: FormRows) -> None:
        self.filled, self.values, self.rows = filled, values, rows
        self.items = list(enumerate(filled.items))
        kind = next((values.get(place) for place, item in self.items if item.to == "schools.kind"), None)
        mine = STAGES_OF_KIND[Kind(kind)] if kind else ()
        self.pupils = {
            Stage(item.stage): values.get(place)
            for place, item in self.items
            if item.to == "sections.pupils" and item.stage
        }
        self.stages = [
            s for s in COMPULSORY if self.pupils.get(s) or (self.pupils.get(s) is None and s in mine)
        ]
        self.nobody = [s for s in COMPULSORY if self.pupils.get(s) == 0 and s in mine]
        self.split: list[str] = []

    def fill(self) -> None:
        """Put every answer where its item says."""
        for stage in (*self.stages, *self.nobody):
            self.rows.put("sections", self._key(stage), "pupils", None, None)
        sums: dict[tuple[str, str | None], list[tuple[FormItem, object, FilledIn]]] = {}
        for place, item in self.items:
            answer, value = self.filled.answers.get(place), self.values.get(place)
            if answer is None:
                continue
            if not item.targets and value is not None:
                self._put_school(item.label, str(value), answer)
            if item.to and not item.band and value is not None:
                self._put(item.to, item.stage, value, answer)
            if item.adds_to and (item.stage is None or item.stage in self.stages):
                sums.setdefault((item.adds_to, item.stage), []).append((item, value, answer))
        for (target, stage), parts in sums.items():
            total = _total(parts, self.rows)
            if target.startswith("district."):
                self.rows.parts[target.removeprefix("district.")] = total
            elif total is not None:
                self._put(target, stage, total, parts[0][2])
        self._bands()
        self._same()
        if self.split:
            shares = listing(
                Message("{} {:g} 人", "{} {:g} pupils", stage, self.pupils[stage]) for stage in self.stages
            )
            message = Message(
                "{}是两个学段合报的，按在校生数（{}）分到学段",
                "{} is of two stages together; split by pupils ({})",
                listing(self.split),
                shares,
            )
            where = {"sheet": self.rows.sheet, "school_id": self.rows.school, "table": "sections"}
            self.rows.faults.append(
                fault(
                    "B06",
                    message,
                    Message(
                        "如有分学段的数，请在工作簿中按学段填报",
                        "If you have it by stage, enter it by stage in the workbook",
                    ),
                    **where,
                )
            )

    def _key(self, stage: str) -> Key:
        return (self.rows.year, self.rows.school, str(stage))

    def _put_school(self, column: str, value: object, answer: FilledIn) -> None:
        self.rows.put("schools", (self.rows.school,), column, value, answer)

    def _put(self, target: str, stage: str | None, value: object, answer: FilledIn) -> None:
        table, _, column = target.partition(".")
        if table == "schools":
            self._put_school(column, value, answer)
        elif table == "funds":
            self.rows.put("funds", (self.rows.year, self.rows.school), column, value, answer)
        elif table == "facilities":
            self.rows.put("facilities", self._key(stage or self._together), column, value, answer)
        elif stage:
            if value or stage in (*self.stages, *self.nobody):
                self.rows.put("sections", self._key(stage), column, value, answer)
        else:
            for place, share in self._shares(column, float(value)).items():
                self.rows.put("sections", self._key(place), column, share, answer)

    @property
    def _together(self) -> Stage:
        """The stage of what is reported for the school as one."""
        return self.stages[0] if len(self.stages) == 1 else Stage.WHOLE

    def _shares(self, column: str, value: float) -> dict[Stage, float]:
        """Return what each stage has of a figure for the school as one: by pupils; classes stay whole.

        Persons are not rounded: half a person in 500 pupils decides verdicts.
        """
        if len(self.stages) <= 1:
            return dict.fromkeys(self.stages, value)
        total = sum(self.pupils[stage] or 0 for stage in self.stages)
        if not all(self.pupils[stage] for stage in self.stages):
            return {}
        self.split.append(Message("“{}”", "{}", TABLES["sections"][column]))
        shares = {stage: float(f"{value * self.pupils[stage] / total:.12g}") for stage in self.stages}
        if TABLES["sections"][column].unit != "人" and value == int(value):
            first, second = self.stages
            whole = float(int(shares[first] + 0.5))
            shares = {first: whole, second: value - whole}
        return shares

    def _bands(self) -> None:
        """Put how many classes and rooms there are of each size."""
        totals: dict[str, tuple[float, FormItem, FilledIn]] = {}
        counted: dict[str, float] = {}
        for place, item in self.items:
            answer, value = self.filled.answers.get(place), self.values.get(place)
            if not item.band or value is None:
                continue
            if item.rest:
                totals[item.kind] = (value, item, answer)
                continue
            counted[item.kind or item.to] = counted.get(item.kind or item.to, 0) + value
            self._put_band(item, value, answer)
        for kind, (total, item, answer) in totals.items():
            rest = total - counted.get(kind, 0)
            if rest < 0:
                message = Message(
                    "“{}”是 {:g}，而各档合计 {:g}",
                    "“{}” is {:g}, while its bands add up to {:g}",
                    item.label,
                    total,
                    counted[kind],
                )
                where = {"sheet": self.rows.sheet, "row": answer.row, "cell": answer.cell}
                self.rows.faults.append(
                    fault(
                        "B08",
                        message,
                        Message("核对总间数和各档间数", "Compare the number of rooms with its bands"),
                        school_id=self.rows.school,
                        table="rooms",
                        **where,
                    )
                )
            elif total == 0:  # none: a room of no size says so
                key = (*self._key(self._together), kind, None, None)
                self.rows.put("rooms", key, "area_m2", 0.0, answer)
            else:
                self._put_band(item, rest, answer)

    def _put_band(self, item: FormItem, count: float, answer: FilledIn) -> None:
        if not count:
            return
        low, high = (*item.band, None)[:2]
        key = (*self._key(self._together), *([item.kind] if item.kind else []), low, high)
        self.rows.put(item.to, key, "count", count, answer)

    def _same(self) -> None:
        """Ask about what should say the same as another answer, and does not."""
        for place, item in self.items:
            other = (
                next((n for n, one in self.items if one.to == item.same_as), None) if item.same_as else None
            )
            if other is None or place not in self.values or self.values.get(other) == self.values[place]:
                continue
            answer = self.filled.answers[place]
            theirs = self.values.get(other)
            said = (
                Message("没有填", " is not filled in")
                if theirs is None
                else Message("是 {:g}", " is {:g}", theirs)
            )
            label = self.filled.items[other].label
            message = Message(
                "“{}”是 {:g}，“{}”{}；计算用后者",
                "“{}” is {:g}, “{}”{}; the latter is used",
                item.label,
                self.values[place],
                label,
                said,
            )
            self._say("B07", message, Message("核对两处", "Compare the two"), answer, **target_of(item))

    def _say(self, rule: str, message: str, remedy: str, answer: FilledIn, **where: str) -> None:
        where |= {"sheet": self.rows.sheet, "cell": answer.cell}
        mine = self.rows.school
        self.rows.faults.append(fault(rule, message, remedy, row=answer.row, school_id=mine, **where))
