"""The check whole: the registry of rules, every fault at once, refusal of faults that stop, verdicts in doubt, the list as text."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data import check_contents, check_keys, check_plausibility, check_presence
from qb.data.check_base import Found, Rule, View
from qb.data.corrections import FILE
from qb.data.dataset import Dataset
from qb.data.reading import file_for
from qb.data.schema import TABLES, SchemaColumn
from qb.data.table_headers import FORM_RULES, named
from qb.errors import DataError, Fault
from qb.language import COLON, Both, Message, joined
from qb.standard import Standard
from qb.terms import Severity

# All rules, and what they find in a dataset.


RULES: tuple[Rule, ...] = (
    *check_keys.KEY_RULES,
    *check_contents.PEOPLE_RULES,
    *check_contents.SUM_RULES,
    *check_presence.PRESENCE_RULES,
    *check_plausibility.CHANGE_RULES,
    *check_plausibility.UNIT_RULES,
    *check_plausibility.PEER_RULES,
    *check_contents.PLACE_RULES,
)
LISTED = 1000  # faults shown for one rule and column; a table of the wrong schools has millions


def check(data: Dataset, standard: Standard | None = None) -> list[Fault]:
    """Return every fault: those found while reading, then those between rows and tables.

    Parameters
    ----------
    data : Dataset
        As it was read, faults and all.
    standard : Standard, optional
        Whose items are known and whose thresholds hold (its section ``checks``); the default one.

    Returns
    -------
    list of Fault
        In the order of tables, rows and rules; empty when there is nothing to mend. Of one rule and
        column the first 1,000, and the last of them says how many more there are.
    """
    return _in_order([*data.faults, *_faults(View(data, standard), RULES)])


def require(data: Dataset, standard: Standard | None = None) -> None:
    """Refuse a dataset with faults that stop; only their rules are run, with the names of this standard.

    Raises
    ------
    DataError
        Naming all of them.
    """
    stopping = [rule for rule in RULES if rule.severity is Severity.STOPS]
    stops = [*data.stops, *_faults(View(data, standard), stopping)]
    if stops:
        raise DataError(_in_order(stops))


@dataclass(frozen=True)
class Doubt:
    """A finding for which verdicts cannot be trusted, with what rests on its column, and where."""

    fault: Fault
    column: SchemaColumn
    codes: tuple[str, ...]  # of the indicators
    districts: frozenset[str]  # whose schools have such figures

    def to_dict(self) -> dict[str, object]:
        """Return it as ``qb assess --json`` has it."""
        return {**self.fault.to_dict(), "codes": list(self.codes), "districts": sorted(self.districts)}


def doubts(data: Dataset, standard: Standard | None = None, year: int | None = None) -> list[Doubt]:
    """Return the findings for which no verdict of a year can be trusted.

    Figures beyond belief (U02), columns that changed places (S11), figures dragged down (S12).
    """
    view = View(data, standard)
    known = {indicator.code for indicator in view.standard.indicators}
    homes = np.append(view.schools["district"].fillna("").to_numpy(dtype=object), "")
    doubting = [rule for rule in RULES if rule.number in ("U02", "S11", "S12")]
    told = []
    for rule, found in [(one, found) for one in doubting for found in one.find(view)]:
        rows = found.where
        if year is not None:
            rows = rows[data[found.table]["year"].to_numpy()[rows] == year]
        if not len(rows):
            continue
        column = view.tables[found.table][found.column]
        codes = tuple(code for code in column.codes if code in known)
        districts = frozenset(homes[view.school(found.table)[rows]]) - {""}
        told += [
            Doubt(fault, column, codes, districts)
            for fault in _of_rows(rule, dataclasses.replace(found, where=rows), data)
        ]
    return sorted(told, key=lambda doubt: _rank(doubt.fault))


def _in_order(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=_rank)


def _rank(fault: Fault) -> tuple[int, int, str]:
    return _PLACES.get(fault.table, -1), fault.row or 0, fault.rule


_PLACES = {name: place for place, name in enumerate(TABLES)}


def _faults(view: View, rules: Iterable[Rule]) -> Iterator[Fault]:
    for rule in rules:
        for found in rule.find(view):
            if found.where is None:
                faults = iter([_of_column(rule, found, view.data)])
            else:
                parts = _one_cause(rule, found, view.data)
                faults = (fault for one in parts for fault in _of_rows(rule, one, view.data))
            yield from named(faults, view.tables[found.table])


_MANY = 4  # rows from which on a column that breaks a rule in most of them has one cause
# Rules that so large a part of a year's rows break only where a column slipped: a half, or a quarter.
_OF_COLUMNS = {"K": 2, "S": 2, "T01": 4, "T03": 2}


def _one_cause(rule: Rule, found: Found, data: Dataset) -> list[Found]:
    """Make one finding of the rows of each year in which most rows break a rule: a column slipped."""
    rows = found.where
    part = _OF_COLUMNS.get(rule.number, _OF_COLUMNS.get(rule.number[0]))
    if found.together or part is None or len(rows) < _MANY:
        return [found]
    frame = data[found.table]
    years = frame["year"] if "year" in frame else np.zeros(len(frame))
    year = pd.factorize(years, use_na_sentinel=False)[0]
    size = np.bincount(year)
    many = np.bincount(year[rows], minlength=len(size))
    slipped = ((many >= _MANY) & (part * many >= size))[year[rows]]
    if not slipped.any():
        return [found]
    of, rest = rows[slipped], dataclasses.replace(found, where=rows[~slipped])
    lines = [data.line(found.table, int(position)) for position in of[[0, -1]]]
    also = Message(
        "；第 {}—{} 行中有 {} 行如此，像是同一个原因",
        "; so in {2} rows among {0}–{1}, as of one cause",
        *lines,
        len(of),
    )
    one = dataclasses.replace(found, where=of, say=lambda p: found.say(p) + also, together=True)
    return [one, rest] if len(rest.where) else [one]


def _of_column(rule: Rule, found: Found, data: Dataset) -> Fault:
    """Return a fault at the header, where reading has noted which cell that is."""
    noted = next((f for f in data.faults if (f.table, f.column) == (found.table, found.column)), None)
    head = noted if noted is not None and noted.rule == "F21" else None
    return Fault(
        rule.number,
        rule.severity,
        found.say(-1),
        rule.remedy,
        table=found.table,
        row=head.row if head else None,
        column=found.column,
        cell=head.cell if head else None,
    )


def _of_rows(rule: Rule, found: Found, data: Dataset) -> Iterator[Fault]:
    frame, rest = data[found.table], len(found.where) - LISTED
    together = found.together and len(found.where) > 1
    lines = (
        tuple(data.line(found.table, position) for position in found.where[:LISTED].tolist())
        if together
        else ()
    )
    named = found.school is not None and found.school in frame
    if named and together:  # of one school it is still that school's
        named = len(frame[found.school].iloc[found.where].unique()) == 1
    where = found.where[:1] if together else found.where[:LISTED]
    for count, position in enumerate(where.tolist(), start=1):
        school = frame[found.school].iloc[position] if named else None
        last = count == LISTED and rest > 0
        yield Fault(
            rule.number,
            rule.severity,
            found.say(position)
            + (
                Message(
                    "（本列还有 {} 处同样的问题，不再列出）",
                    " ({} more of this kind in this column, not listed)",
                    rest,
                )
                if last
                else ""
            ),
            rule.remedy,
            table=found.table,
            row=data.line(found.table, position),
            column=found.column,
            cell=data.cell(found.table, position, found.column),
            school_id=None if pd.isna(school) else str(school),
            rows=lines,
            mend=found.mend,
            also=tuple(_place_of(table, column, rows, data) for (table, column), rows in found.also.items()),
        )


def _place_of(table: str, column: str, rows: np.ndarray, data: Dataset) -> dict[str, object]:
    """Return where the same is wrong in another table, as a fault has it."""
    lines = [data.line(table, position) for position in rows[:LISTED].tolist()]
    return {"table": table, "column": column, "cell": data.cell(table, int(rows[0]), column), "rows": lines}


# The list of faults that people read: school by school, so that each can be sent its own.


def listing(faults: Sequence[Fault], data: Dataset | None = None) -> Message:
    """Return faults as text.

    Parameters
    ----------
    faults : sequence of Fault
    data : Dataset, optional
        Gives schools their names; None where it could not be read.

    Returns
    -------
    Message
        How many there are; each school with its own faults, in the order of `schools`; what belongs to no
        school; and why the rules that found them are asked.
    """
    parts: list[str] = [_summary(faults)]
    for school, mine in _by_school(faults, data).items():
        heading = Message("【{}】", "[{}]", school or Both("县区及全部数据", "District and all data"))
        parts.append(joined("\n", "\n", [heading, *(Message("  {}", "  {}", line(fault)) for fault in mine)]))
    mending = list(dict.fromkeys(fault.mend for fault in faults if fault.mend))
    if mending:
        file = file_for(Path(data.source)) if data is not None and data.source else FILE
        how = Message(
            "整列的单位可以这样改：核实后把下面几行写进 {}，填上确认的单位，再核查一次",
            "A column's unit can be mended like this: once it is checked, write these lines into {}, with the office that confirmed it, and check again",
            file,
        )
        parts.append(joined("\n", "\n", [how, *mending]).each(str.rstrip))
    if faults:
        parts.append(joined("\n", "\n", [Message("规则与依据", "Rules and reasons"), *_reasons(faults)]))
    if data is not None:
        parts.append(looked_at(faults, data))
    return joined("\n\n", "\n\n", parts)


def _summary(faults: Sequence[Fault]) -> Message:
    if not faults:
        return Message("没有发现问题。", "Nothing was found.")
    counts = Counter(fault.severity for fault in faults)
    each = [Message("{} {} 处", "{}: {}", s, counts[s]) for s in Severity if counts[s]]
    return Message("发现 {} 处：{}。", "Found {}. {}.", len(faults), joined("，", ", ", each))


def looked_at(faults: Iterable[Fault], data: Dataset) -> Message:
    """Say what was looked at, so that silence means something: rules, schools, rows, cells."""
    numbers = {rule.number for rule in RULES}
    silent = len(numbers - {fault.rule for fault in faults})
    cells = sum(int(frame.count().sum()) for frame in data.tables.values())
    rows = sum(len(frame) for frame in data.tables.values())
    return Message(
        "核对了 {} 条规则（其中 {} 条没有发现问题）、{:,} 所学校、{:,} 行、{:,} 个有内容的单元格。",
        "Looked at with {} rules ({} found nothing): {:,} schools, {:,} rows, {:,} cells with content.",
        len(numbers),
        silent,
        len(data["schools"]),
        rows,
        cells,
    )


def _by_school(faults: Iterable[Fault], data: Dataset | None) -> dict[str, list[Fault]]:
    """Return faults under the school's name and identifier, those of no school last under an empty text."""
    schools = data["schools"] if data is not None else None
    names = dict(zip(schools["school_id"], schools["name"], strict=True)) if schools is not None else {}
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.school_id or "", []).append(fault)
    place = {school: number for number, school in enumerate(names)}
    order = sorted(found, key=lambda school: (school == "", place.get(school, len(place))))
    return {title(school, names): found[school] for school in order}


def title(school: str, names: dict[str, object]) -> str:
    """Return a school as a heading names it."""
    name = names.get(school)
    return Message("{}（{}）", "{} ({})", name, school) if isinstance(name, str) else school


def place(fault: Fault) -> Message | str:
    """Return where a fault is: sheet, row, column, and the cell where there is one."""
    table = TABLES.get(fault.table or "")
    if table is None:
        return ""
    column = table.by_name.get(
        fault.column or "", Both(fault.label, fault.column) if fault.label else fault.column
    )
    parts = (
        Message("“{}”表", "table {}", table),
        Message("第 {} 行", ", row {}", fault.row) if fault.row else "",
        Message("“{}”列", ", column {}", column) if column else "",
        Message("（{}）", " ({})", fault.cell) if fault.cell else "",
    )
    return joined("", "", parts)


def line(fault: Fault) -> Message:
    """Return a fault as a line: how grave, which rule, where, what, and what to do."""
    where = place(fault)
    return Message(
        "{} {} {}{}{}。{}。",
        "{} {} {}{}{}. {}.",
        fault.severity,
        fault.rule,
        where,
        COLON if where else "",
        fault.message,
        fault.remedy,
    )


def _reasons(faults: Iterable[Fault]) -> list[Message]:
    numbers = {fault.rule for fault in faults}
    asked = [rule for rule in (*FORM_RULES.values(), *RULES) if rule.number in numbers]
    return [
        Message("  {} {}{}{}", "  {} {}{}{}", r.number, r.title, COLON if r.reason else "", r.reason)
        for r in asked
    ]


# The command ``qb check``.
