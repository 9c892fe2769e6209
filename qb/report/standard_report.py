"""A standard in words: what is in force in a year, in what two differ, and everything wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from qb.data.schema import AMOUNTS, DISTRICT_ITEMS, TABLES, bearing, items_of, tables_of
from qb.errors import QbError
from qb.indicators.declared_figures import SCHOOLS
from qb.indicators.indicator_functions import faults
from qb.language import Message, listing
from qb.report.rules import limits_text
from qb.report.words import Lang, area_label, resource_span, say, school_rule, stage_label, title
from qb.standard import SIDES, Standard, read_whole
from qb.terms import COMPULSORY


def show(standard: Standard, year: int, lang: Lang = "zh") -> str:
    """Return what a standard asks for in a year: its rules, then a line for each indicator, with the sources.

    Examples
    --------
    >>> from qb.standard import load
    >>> lines = show(load("basic-2012"), 2024).splitlines()
    >>> next(line for line in lines if "差异系数" in line)
    '差异系数（各项的平均值）：小学 ≤ 0.65；初中 ≤ 0.55　〔教督〔2012〕3号〕'
    """
    lines = [f"{standard.name}　{standard.title.zh if lang == 'zh' else standard.title.en}", standard.source]
    if standard.note:
        lines.append(say(lang, f"说明：{standard.note.zh}", f"Note: {standard.note.en}"))
    if standard.extends:
        lines.append(say(lang, f"在 {standard.extends} 之上", f"extends {standard.extends}"))
    for area, rows in groupby(in_force(standard, year, lang), key=itemgetter(0)):
        lines += ["", *([area_label(area, standard, lang)] if area else [])]
        lines += [_line(name, words, source, lang) for _, name, words, source in rows]
    return "\n".join(lines)


def in_force(standard: Standard, year: int, lang: Lang) -> list[tuple[str, str, str, str]]:
    """Return what a standard asks for in a year, an entry each: its area (empty: a rule), name, words, source."""
    rules, rows = standard.rules, []
    if rules.school:
        words = (
            f"{resource_span(standard)}，{school_rule(standard, lang)}"
            if lang == "zh"
            else school_rule(standard, lang)
        )
        rows.append(("", say(lang, "学校规则", "School rule"), words, rules.school.source))
    if rules.coefficient:
        each = rules.coefficient.decides == "each"
        name = say(lang, "差异系数", "Coefficients")
        name += say(lang, "（各项）", " (each)") if each else say(lang, "（各项的平均值）", " (mean of all)")
        words = say(lang, "；", "; ").join(
            f"{stage_label(stage, lang)} {SIDES[rules.coefficient.side]} {standard.coefficient_limit(stage):g}"
            for stage in COMPULSORY
        )
        rows.append(("", name, words, rules.coefficient.source))
    for area in standard.area_names:
        for indicator in (i for i in standard.indicators if i.area == area):
            words = limits_text(indicator, standard, year, lang) or say(lang, "（无限值）", "(no limit)")
            rows.append((area, title(indicator, lang), words, indicator.source))
        if area == "recognition":
            limit = standard.recognition.limit
            words = f"{SIDES[limit.side]} {limit.value:g}{limit.unit.zh if lang == 'zh' else limit.unit.en}"
            rows.append((area, area_label(area, standard, lang), words, standard.recognition.source))
        if area == "veto":
            rows += [
                (area, veto.item, veto.text.zh if lang == "zh" else veto.text.en, veto.source)
                for veto in standard.vetoes
            ]
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


def _line(name: str, words: str, source: str, lang: Lang) -> str:
    return say(lang, f"{name}：{words}　〔{source}〕", f"{name}: {words}  [{source}]")


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
        return list(dict.fromkeys([*found, *_unknown_columns(written)]))
    return [*found, *faults(standard, year)]


def _unknown_columns(written: dict) -> Iterator[Message]:
    """Yield the columns that indicators name and no table has, in a document that is no standard yet."""
    known = {
        name: {c.name for c in TABLES[name].columns if c.kind in AMOUNTS}
        for name in ("sections", "facilities")
    }
    for column in written.get("columns", []):
        known.get(column.get("table"), set()).add(column.get("name"))
    every = set().union(*known.values(), DISTRICT_ITEMS, {SCHOOLS})
    every |= {str(c.get("name")) for c in written.get("columns", []) if isinstance(c, dict)}
    for indicator in written.get("indicators", []):
        ratio = indicator.get("ratio") if isinstance(indicator, dict) else None
        if isinstance(ratio, dict):
            named = [name for key in ("add", "subtract", "divide") for name in ratio.get(key, [])]
            for name in (name for name in named if name not in every):
                yield Message(
                    "{} 的 ratio：没有学校的列或县区数据项 {}",
                    "{} ratio: there is no column of schools or item of the district {}",
                    indicator.get("code"),
                    name,
                )
        resource = indicator.get("resource") if isinstance(indicator, dict) else None
        if not isinstance(resource, dict) or resource.get("table") not in known:
            continue
        named = [*resource.get("add", []), *resource.get("subtract", [])]
        named += [name for more in resource.get("add_at", {}).values() for name in more]
        for name in named:
            if name not in known[resource["table"]]:
                yield Message(
                    "{} resource：表 {} 没有可以相加的列 {}",
                    "{} resource: table {} has no column {} that can be added up",
                    indicator.get("code"),
                    resource["table"],
                    name,
                )
