"""Returned forms, found and read by their layout: what was filled in, in our units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd

from qb.data.cell_values import UNREAD, convert, tidy_cells
from qb.data.check_base import Rule
from qb.data.grid import Grid, as_column, cell_text
from qb.data.layout_file import FormItem, Layout, Sheet, label_key
from qb.data.schema import TABLES, WHOLE, SchemaColumn, tidy_unit
from qb.data.table_headers import FORM_RULES
from qb.errors import Fault
from qb.language import Message, listing
from qb.personal_data import kinds_of
from qb.terms import Severity

# fmt: off
FORM_SHEET_RULES: dict[str, Rule] = {
    rule.number: rule
    for rule in (
        Rule("B01", Severity.STOPS, Message("必填的项目要填", "What must be filled in is")),
        Rule("B02", Severity.WARNING, Message("表样规定的项目都在", "The items of the form are all there")),
        Rule("B03", Severity.WARNING, Message("表样之外的项目不读入", "Items beyond the form are not read")),
        Rule("B04", Severity.STOPS, Message("单位与表样一致", "Units are those of the form")),
        Rule("B05", Severity.WARNING, Message("相加的各项都要填", "All that is added up is filled in")),
        Rule("B06", Severity.NOTE, Message("两个学段合报的数按在校生数分到学段", "A number of two stages together is split by pupils")),
        Rule("B07", Severity.WARNING, Message("同一件事两处所填相同", "What stands in two places is the same")),
        Rule("B08", Severity.STOPS, Message("各档之和不能多于总数", "Bands add up to no more than the whole")),
        Rule("B09", Severity.STOPS, Message("表上的学年是收集的学年", "The school year of the form is the one collected")),
        Rule("B10", Severity.WARNING, Message("学校属于哪个县区要有来源", "The district of a school has a source")),
        Rule("B11", Severity.WARNING, Message("各校相加的项目每校都要填", "Items added up over schools are filled in by each")),
    )
}
# fmt: on
_ENOUGH = 0.5  # share of a form's labels from which a sheet is that form
_ALIKE = 0.6


@dataclass(frozen=True)
class FilledIn:
    """What is filled in for an item: as typed, and in which cell."""

    raw: object
    row: int
    cell: str
    sheet: str = ""


@dataclass
class Filled:
    """One form as it was filled in: a sheet, or a line of one."""

    sheet: str  # name of the sheet; empty in a text file
    form: Sheet  # its layout
    items: tuple[FormItem, ...]
    answers: dict[int, FilledIn]  # by the place of the item in the layout; an empty cell too
    # Of the form itself: what it lacks, what it has beyond the layout.
    faults: list[Fault] = field(default_factory=list)
    year: int | None = None  # the school year that its title says
    # Items whose unit is another one: what stands there is not taken.
    refused: set[int] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was filled in beyond whose form it is."""
        asked = [place for place, item in enumerate(self.items) if item.column.numeric and not _of_form(item)]
        return not any(_said(self.answers[place].raw) for place in asked if place in self.answers)


def _of_form(item: FormItem) -> bool:
    return item.to.startswith("schools.") or item.to in ("district.year", "district.district")


def fault(rule: str, message: str, remedy: str, **where: object) -> Fault:
    """Return a fault of a numbered rule of forms."""
    return Fault(rule, FORM_SHEET_RULES[rule].severity, message, remedy, **where)


# Which form a sheet is, and what is filled in


def find_forms(grids: Mapping[str, Grid], layouts: Iterable[Layout]) -> list[Filled]:
    """Return the forms on the sheets of a workbook; of several that a sheet could be, the one it is most.

    Parameters
    ----------
    grids : dict of str to Grid
        The cells of each sheet, by its name.
    layouts : iterable of Layout
    """
    forms = [form for layout in layouts for form in layout.sheets if form.items or form.read_back()]
    found: list[Filled] = []
    for name, grid in grids.items():
        read = [(_down if form.items else _across)(name, grid, form) for form in forms]
        taken: set[str] = set()
        for filled in sorted(filter(None, read), key=_score, reverse=True):
            cells = {answer.cell for one in filled for answer in one.answers.values()}
            if _score(filled) >= _ENOUGH and not cells & taken:  # several forms may share a sheet
                taken |= cells
                found += filled
    return found


def _score(filled: list[Filled]) -> float:
    return max(len(one.answers) for one in filled) / len(filled[0].items)


def _cells(grid: Grid) -> Iterator[tuple[int, list[tuple[int, object]]]]:
    """Give each row with its number and its cells that hold something, by their place."""
    columns = [(place, list(cells)) for place, cells in zip(grid.places, grid.columns, strict=True)]
    for position, row in enumerate(grid.rows.tolist()):
        yield row, [(place, cells[position]) for place, cells in columns if _said(cells[position])]


def _said(cell: object) -> bool:
    return cell is not None and cell != "" and cell == cell


def _down(name: str, grid: Grid, form: Sheet) -> list[Filled]:
    """Read a list of items downwards; several lists may stand beside or below each other."""
    heads = {role: _heads(form, role) for role in ("label", "value", "unit", "group")}
    by_key = _by_key(form.items)
    lists: list[dict[str, int]] = []
    filled = Filled(name, form, form.items, {}, year=_year_said(grid))
    strange: list[tuple[str, int, str]] = []
    group: dict[int, str] = {}
    for row, cells in _cells(grid):
        keys = [(place, label_key(cell_text(cell))) for place, cell in cells]
        named = [place for place, key in keys if key in heads["label"]]
        if named and any(key in heads["value"] for _, key in keys):
            lists = _lists(keys, named, heads)
            group = {}
            continue
        at = dict(cells)
        for one in lists:
            if "group" in one and one["group"] in at:
                group[one["label"]] = cell_text(at[one["group"]])
            if one["label"] not in at:
                continue
            label = cell_text(at[one["label"]])
            place, unit = _item_of(label, group.get(one["label"], ""), by_key)
            cell = grid.cell(row, one["value"])
            if place is None:
                if one["value"] in at and not kinds_of(label):
                    strange.append((label, row, grid.cell(row, one["label"])))
                continue
            if place in filled.answers:
                if _said(at.get(one["value"])) and at[one["value"]] != filled.answers[place].raw:
                    message = Message(
                        "“{}”出现两次，取 {} 的",
                        "“{}” stands twice; that of {} is taken",
                        form.items[place].label,
                        filled.answers[place].cell,
                    )
                    where = {"sheet": name, "row": row, "cell": cell}
                    filled.faults.append(fault("B03", message, Message("只保留一处", "Keep one"), **where))
                continue
            filled.answers[place] = FilledIn(at.get(one["value"], ""), row, cell, name)
            unit = unit or (cell_text(at[one["unit"]]) if one.get("unit") in at else "")
            amiss = _unit_amiss(form.items[place], unit, name, row, cell)
            if amiss:
                filled.faults += amiss
                filled.refused.add(place)
    if not filled.answers:
        return []
    filled.faults += _strange(strange, filled)
    missing = [item.label for place, item in enumerate(form.items) if place not in filled.answers]
    if missing:
        shown = listing(missing[:8]) + (
            Message(" 等 {} 项", " and more, {} items", len(missing)) if len(missing) > 8 else ""
        )
        filled.faults.append(
            fault(
                "B02",
                Message("表中没有：{}", "the sheet lacks: {}", shown),
                Message("照表样补上这些项目", "Add these items as in the form"),
                sheet=name,
            )
        )
    return [filled]


_YEAR = re.compile(r"(\d{4})\s*(?:[—–-]|至)+\s*(\d{4})\s*学年")
_TITLE_WITHIN = 5  # rows in which a title says the year


def _year_said(grid: Grid) -> int | None:
    texts = (
        cell_text(cell)
        for _, (_, cells) in zip(range(_TITLE_WITHIN), _cells(grid), strict=False)
        for _, cell in cells
    )
    found = next((match for text in texts if (match := _YEAR.search(text))), None)
    return int(found[1]) if found and int(found[2]) == int(found[1]) + 1 else None


def _heads(form: Sheet, role: str) -> set[str]:
    return {label_key(column.head[-1]) for column in form.columns if column.cell == f"{{{role}}}"}


def _lists(
    keys: list[tuple[int, str]], named: list[int], heads: Mapping[str, set[str]]
) -> list[dict[str, int]]:
    """Return the columns of each list that a row of heads begins."""
    lists = []
    for number, place in enumerate(named):
        until = named[number + 1] if number + 1 < len(named) else np.inf
        since = named[number - 1] if number else 0
        one = {"label": place}
        for other, key in keys:
            for role in ("value", "unit"):
                if key in heads[role] and place < other < until:
                    one.setdefault(role, other)
            if key in heads["group"] and since < other < place:
                one["group"] = other
        if "value" in one:
            lists.append(one)
    return lists


def _by_key(items: Sequence[FormItem]) -> dict[str, int]:
    """Return the place of each item by every wording; one that several have asks for its group."""
    found: dict[str, int] = {}
    doubled: set[str] = set()
    for place, item in enumerate(items):
        for label in (item.label, *item.labels):
            for text in (label, label + item.unit):
                if found.setdefault(label_key(text), place) != place:
                    doubled.add(label_key(text))
    found = {key: place for key, place in found.items() if key not in doubled}
    grouped = {
        label_key(item.group + label): place
        for place, item in enumerate(items)
        for label in (item.label, *item.labels)
    }
    return grouped | found


_UNITS = [
    "元",
    "千元",
    "万元",
    "亿元",
    "人",
    "万人",
    "个",
    "间",
    "所",
    "年",
    "m2",
    "平方米",
    "亩",
    "公顷",
    "千人",
    "份",
    "%",
]


# 3.25人及以下 is the third item, if what follows the point is a label.
_COUNTED_BEFORE_A_NUMBER = re.compile(r"^\s*\d{1,3}\s*[.．]\s*(?=\d)")


def _item_of(label: str, group: str, by_key: Mapping[str, int]) -> tuple[int | None, str]:
    """Return the place of the item that a label means, None for none, and the unit that stands with it."""
    uncounted = _COUNTED_BEFORE_A_NUMBER.sub("", label)
    for text in (label, group + label, uncounted):
        if label_key(text) in by_key:
            return by_key[label_key(text)], ""
    plain = label_key(label)
    for unit in sorted(_UNITS, key=len, reverse=True):
        tidied = label_key(unit)
        if plain.endswith(tidied) and plain.removesuffix(tidied) in by_key:
            return by_key[plain.removesuffix(tidied)], unit
    return None, ""


def _unit_amiss(item: FormItem, unit: str, sheet: str, row: int, cell: str) -> list[Fault]:
    if not unit or not item.unit or tidy_unit(unit) == tidy_unit(item.unit):
        return []
    where = {"sheet": sheet, "row": row, "cell": cell}
    message = Message(
        "“{}”的单位应为“{}”，表中是“{}”",
        "the unit of “{}” should be “{}”; it is “{}”",
        item.label,
        item.unit,
        unit,
    )
    remedy = Message("换算成{}并改正单位", "Convert to {} and put the unit right", item.unit)
    return [fault("B04", message, remedy, **where)]


def _strange(strange: list[tuple[str, int, str]], filled: Filled) -> list[Fault]:
    """Name the items that the layout does not have; where one is like a label still missing, say so."""
    lacking = {label_key(i.label): i.label for n, i in enumerate(filled.items) if n not in filled.answers}
    faults = []
    for label, row, cell in strange:
        like = get_close_matches(label_key(label), lacking, 1, _ALIKE)
        what = (
            Message("像是“{}”，没有读入", "looks like “{}”; not read", lacking[like[0]])
            if like
            else Message("不在表样中，没有读入", "is not in the form; not read")
        )
        remedy = (
            Message("如是，请照表样改正这一项的名称", "If it is, name the item as in the form")
            if like
            else Message(
                "删去，或请下发表样的部门在版式中加上",
                "Delete it, or ask the office that sent the form to add it to the layout",
            )
        )
        where = {"sheet": filled.sheet, "row": row, "cell": cell}
        faults.append(fault("B03", Message("“{}”{}", "“{}” {}", label[:30], what), remedy, **where))
    return faults


def _across(name: str, grid: Grid, form: Sheet) -> list[Filled]:
    """Read a table of columns whose head may take several rows: a form for each line below it."""
    items = form.read_back()
    by_key = _by_key(items)
    numbers = {label_key(column.number) for column in form.columns if column.number}
    rows = list(_cells(grid))
    best: dict[int, int] = {}
    below = 0
    above: list[dict[int, str]] = []
    for position, (_, cells) in enumerate(rows[:12]):
        texts = {place: cell_text(cell) for place, cell in cells}
        named: dict[int, int] = {}
        for place, text in texts.items():
            paths = (
                ["".join(_over(heads, place) for heads in above[-depth:]) + text for depth in (1, 2)]
                if above
                else []
            )
            for path in (*paths, text):
                item = by_key.get(label_key(path))
                if item is not None and item not in named.values():
                    named[place] = item
                    break
        if len(named) > len(best):
            best, below = named, position + 1
            first = above[-1] if above else {}
            for place, text in first.items():  # what goes down from the row above
                item = by_key.get(label_key(text))
                if place not in texts and item is not None and item not in best.values():
                    best[place] = item
        above.append(texts)
    found = []
    for row, cells in rows[below:] if best else ():
        at = dict(cells)
        if {label_key(cell_text(cell)) for cell in at.values()} <= numbers:
            continue
        answers = {
            item: FilledIn(at.get(place, ""), row, grid.cell(row, place), name)
            for place, item in best.items()
        }
        filled = Filled(name, form, items, answers)
        numeric = [
            a.raw for i, a in answers.items() if items[i].column.numeric and type(a.raw) in (int, float)
        ]
        if numeric or (not found and filled.is_empty):
            found.append(filled)
    return found


def _over(heads: Mapping[int, str], place: int) -> str:
    """Return the head of a group over a column: the nearest to its left."""
    left = [other for other in heads if other <= place]
    return heads[max(left)] if left else ""


# What was filled in, as values


def values_of(filled: Filled) -> tuple[dict[int, object], list[Fault]]:
    """Return what was filled in in our units, by item, without what could not be read; and its faults."""
    values: dict[int, object] = {}
    faults: list[Fault] = []
    for place, answer in filled.answers.items():
        item = filled.items[place]
        if place in filled.refused:
            continue
        where = {"sheet": filled.sheet, "row": answer.row, "cell": answer.cell}
        where |= target_of(item)
        value, found = _value(answer.raw, item)
        for rule, severity, message, remedy in found:
            typed = cell_text(answer.raw).removeprefix(UNREAD)[:40]
            faults.append(
                Fault(
                    rule,
                    severity,
                    Message("{}：“{}”{}", "{}: “{}” {}", item.label, typed, message),
                    remedy,
                    **where,
                )
            )
        if value is not None:
            values[place] = value
        elif item.required and not found:
            faults.append(
                fault(
                    "B01",
                    Message("“{}”没有填", "“{}” is not filled in", item.label),
                    Message("补填", "Complete it"),
                    **where,
                )
            )
    return values, faults


def target_of(item: FormItem) -> dict[str, str]:
    """Return table and column of an item, as faults name them."""
    place = next(iter(item.targets), "schools." + item.label)
    table, _, column = place.partition(".")
    if table == "district" and column not in TABLES["district"].by_name:
        column = "value"
    return {"table": table, "column": column or "count"}


def _value(raw: object, item: FormItem) -> tuple[object, list[tuple[str, Severity, str, str]]]:
    """Return one cell's value, None for nothing, and what is to be said of it."""
    column = item.column
    if column.numeric and type(raw) in (int, float) and _plain(float(raw), column):
        return _scaled(float(raw), item.factor), []
    if not _said(raw):
        return None, []
    text = tidy_cells(as_column([raw]).astype("str"))
    if text.isna().iloc[0]:
        return None, []
    typed = text.iloc[0]
    words = {label_key(word): ours for word, ours in item.words.items()}
    text = pd.Series([words.get(label_key(typed), typed)], dtype="str")
    read, found = convert(text, column)
    value = None if pd.isna(read.iloc[0]) else read.iloc[0]
    said = [(f.rule, FORM_RULES[f.rule].severity, f.message, f.remedy) for f in found]
    if value is not None and column.numeric:
        value = _scaled(float(value), item.factor)
    return value, said


def _plain(number: float, column: SchemaColumn) -> bool:
    return column.low <= number <= column.high and (column.kind not in WHOLE or number == int(number))


def _scaled(number: float, factor: float) -> float:
    return (
        number if factor == 1 else float(f"{number * factor:.12g}")
    )  # 12.34 万元 is 123400 yuan to the cent
