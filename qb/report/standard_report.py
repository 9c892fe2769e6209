"""A standard in words: what is in force in a year, in what two differ, and everything wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeVar
from unicodedata import east_asian_width

from pydantic import BaseModel

from qb.data.schema import bearing, items_of, tables_of
from qb.errors import QbError
from qb.indicators.indicator_functions import faults
from qb.language import Message, listing
from qb.report.verdict_rules import limit_cells, limits_text, stays_out
from qb.report.words import (
    Lang,
    area_label,
    resource_span,
    resources_said,
    say,
    school_rule,
    school_year,
    stage_label,
    value_unit,
)
from qb.standard import SIDES, Indicator, Standard, read_whole
from qb.standard.reader import OTHER_COUNT, readable
from qb.terms import COMPULSORY
from qb.tomlfile import PLAIN

_Model = TypeVar("_Model", bound=BaseModel)


class Row(NamedTuple):
    """One thing that a standard asks for in a year; `area` is empty where it is a rule, `code` too."""

    area: str
    code: str
    title: str
    part: str  # stage, kind of school or part of the indicator
    limit: str
    unit: str
    points: str
    source: str


def show(standard: Standard, year: int, lang: Lang = "zh") -> str:
    """Return what a standard asks for in a year: a table of its rules and one for each area, with the sources.

    Examples
    --------
    >>> from qb.standard import load
    >>> lines = show(load("basic-2012"), 2024).splitlines()
    >>> next(line for line in lines if "差异系数" in line)
    '差异系数（各项的平均值）  小学        ≤ 0.65  教督〔2012〕3号'
    """
    title = say(lang, standard.title.zh, standard.title.en)
    lines = [f"{standard.name}　{title}", *about(standard, year, lang)]
    for area, cells in tables(standard, year, lang, short=True):
        widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
        lines += ["", *([area] if area else [])]
        for row in cells:
            padded = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def about(standard: Standard, year: int, lang: Lang) -> list[str]:
    """Return what a standard says of itself and of whom it leaves out, a line each."""
    left = say(
        lang, f"不参加{resources_said(standard, lang)}的学校", f"Left out of {resources_said(standard, lang)}"
    )
    note, rule = standard.note, standard.rules.exclusion
    lines = [
        say(lang, f"{school_year(year, lang)}有效", f"In force in the {school_year(year, lang).lower()}"),
        standard.source,
        say(lang, f"说明：{note.zh}", f"Note: {note.en}") if note else "",
        say(lang, f"在 {standard.extends} 之上", f"Extends {standard.extends}") if standard.extends else "",
        f"{left}{say(lang, '：', ': ')}{stays_out(standard, lang)}{say(lang, f'　〔{rule.source}〕', f'  [{rule.source}]')}",
    ]
    return [line for line in lines if line]


def tables(
    standard: Standard, year: int, lang: Lang, *, short: bool = False
) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Yield a table of what is in force for the rules and for each area: its title, head and rows of cells.

    Columns of which a table has nothing are left out.
    """
    head = (
        say(lang, "代码", "Code"),
        say(lang, "规则或指标", "Rule or indicator"),
        say(lang, "学段或要点", "Stage or part"),
        say(lang, "标准", "Limit"),
        say(lang, "单位", "Unit"),
        say(lang, "分值", "Points"),
        say(lang, "出处", "Source"),
    )
    for area, rows in groupby(_in_force(standard, year, lang, short), key=itemgetter(0)):
        cells = list(zip(head, *(row[1:] for row in rows), strict=True))
        kept = [column for column in cells if any(column[1:])]
        yield area and area_label(area, standard, lang), list(zip(*kept, strict=True))


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a Chinese character."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _in_force(standard: Standard, year: int, lang: Lang, short: bool) -> Iterator[Row]:
    """Yield what a standard asks for in a year, an entry each, with the indicators' short titles or whole ones."""
    school, coefficient = standard.rules.school, standard.rules.coefficient
    if school:
        span = f"{resource_span(standard, lang)} " if len(standard.resource_codes) > 1 else ""
        name, words = say(lang, "学校规则", "School rule"), span + school_rule(standard, lang)
        yield Row("", "", name, "", words, "", "", school.source)
    if coefficient:
        mean = standard.mean_decides
        name = say(lang, "差异系数", "Coefficients")
        name += say(lang, "（各项的平均值）", " (mean of all)") if mean else say(lang, "（各项）", " (each)")
        for stage in COMPULSORY:
            limit = f"{SIDES[coefficient.side]} {standard.coefficient_limit(stage):g}"
            yield Row("", "", name, stage_label(stage, lang), limit, "", "", coefficient.source)
    for area in standard.area_names:
        for indicator in standard.of_area(area):
            title, points = indicator.short if short else indicator.title, f"{indicator.points or 0:g}"
            who = (area, indicator.code, say(lang, title.zh, title.en))
            rows = _limits(indicator, standard, year, lang)
            for at, (part, limit, unit, source) in enumerate(rows):
                given = points if indicator.points and not at else ""
                yield Row(*who, part, limit, unit, given, source)
        if area == "recognition":
            held = standard.recognition
            yield Row(
                area,
                "",
                area_label(area, standard, lang),
                *limit_cells(held.limit, standard, lang),
                "",
                held.source,
            )
        if area == "veto":
            for veto in standard.vetoes:
                yield Row(area, veto.item, say(lang, veto.text.zh, veto.text.en), "", "", "", "", veto.source)


def _limits(
    indicator: Indicator, standard: Standard, year: int, lang: Lang
) -> list[tuple[str, str, str, str]]:
    """Return what an indicator asks for, each as part, limit, unit and source; never nothing."""
    if indicator.measure == "small_school_funds":
        return [("", limits_text(indicator, standard, year, lang), "", indicator.source)]
    rows = [(*limit_cells(m, standard, lang), m.source) for m in indicator.in_force(year)]
    items = len(standard.items(indicator.code))
    if items:
        rows.append(("", say(lang, f"清单 {items} 项", f"checklist of {items}"), "", indicator.source))
    if not rows:
        mean = standard.mean_decides and indicator.resource
        words = say(lang, "由平均值判定", "the mean decides") if mean else say(lang, "无限值", "no limit")
        unit = value_unit(indicator) if indicator.resource else None
        rows.append(("", words, say(lang, unit.zh, unit.en) if unit else "", indicator.source))
    return rows


def dictionary(standard: Standard, lang: Lang = "zh") -> str:
    """Return the columns and district items on which a standard rests, those that it declares marked.

    Examples
    --------
    >>> from qb.standard import load
    >>> next(line for line in dictionary(load("basic-2012")).splitlines() if "books" in line)
    '  books 图书册数（册）：J5　〔本标准声明〕'
    """
    rests, declared = bearing(standard), {(c.table, c.name): c for c in standard.columns}
    items = items_of(standard)
    mark = say(lang, "　〔本标准声明〕", "  [declared by this standard]")
    lines = []
    for name, table in tables_of(standard).items():
        entries = [(c.name, c.label, c.unit) for c in table.columns if name != "district"]
        entries += [(i.value, i.zh, i.unit) for i in items.values() if name == "district"]
        found = []
        for column, label, unit in entries:
            codes, own = rests[name, column], declared.get((name, column))
            if not codes and own is None:
                continue
            if lang == "en":
                label, unit = (own.label.en, own.unit.en) if own else ("", "")
            words = f"{column} {label}".rstrip() + (say(lang, f"（{unit}）", f" ({unit})") if unit else "")
            found.append(
                f"  {words}{say(lang, '：', ': ')}{say(lang, '、', ', ').join(codes)}{mark if own else ''}"
            )
        if found:
            lines += [say(lang, f"{table.label}（{name}）", name), *found]
    return "\n".join(lines)


def differences(one: Standard, other: Standard) -> list[Message]:
    """Return every entry in which two standards differ, as ``entry：of the first → of the second``.

    Examples
    --------
    >>> from qb.standard import load
    >>> found = differences(load("national-2017"), load("city-variant"))
    >>> [line for line in found if line.startswith("indicators C14 limits") and "8000" in line]
    ['indicators C14 limits[0] value：6000 → 8000']
    """
    before, after = (dict(_flat(standard.model_dump(mode="json"))) for standard in (one, other))
    return [
        Message("{}：{} → {}", "{}: {} → {}", place, _shown(before.get(place)), _shown(after.get(place)))
        for place in dict.fromkeys([*before, *after])
        if before.get(place) != after.get(place)
    ]


def _flat(node: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value of a document under its place; entries of a list by their code, item or name."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flat(value, f"{place} {key}".strip())
    elif isinstance(node, list) and any(isinstance(entry, dict) for entry in node):
        for at, entry in enumerate(node):
            name = next((str(entry[k]) for k in ("code", "item", "name") if entry.get(k)), None)
            own = f"[{at}]" if name is None or place.endswith("limits") else f" {name}"
            yield from _flat(entry, f"{place}{own}")
    elif node not in (None, "", [], {}):
        yield place, node


def _shown(value: object) -> str:
    if value is None:
        return Message("（无）", "(none)")
    if isinstance(value, list):
        return listing(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def faults_of(name: str | Path, year: int) -> list[Message]:
    """Return everything wrong with a standard's file, in sentences; empty where it can be used.

    What its entries say by themselves, whether they fit together, the columns and functions that they name, and
    whether each function has the limits and settings that it needs in the year.
    """
    try:
        standard, found, written = read_whole(name)
    except QbError as error:
        return [error.said]
    if standard is None:
        if any(said.code.startswith("extends") for said in found):  # what its base has is not lacking
            found = [said for said in found if not said.endswith(PLAIN["missing"][0])]
        standard, unread = readable(written)
        more = [*standard.apart(), *faults(standard, year)] if standard else []
        if unread:  # what cannot be read is not missing
            known = (said for said in more if not unread & set(map(str, said.arguments)))
            more = [said for said in known if said.code != OTHER_COUNT[0]]
        return list(dict.fromkeys([*found, *more]))
    return [*found, *faults(standard, year)]
