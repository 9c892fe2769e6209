"""A first draft of a recipe: the columns of a table guessed, what cannot be read left out and said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from qb.data.recipe import convert, load_recipe
from qb.data.recipe_source import two_levels
from qb.data.schema import AMOUNTS, TABLES, SchemaColumn, SchemaTable, tidy_unit
from qb.data.table_files import read_csv, read_parquet, spoken
from qb.data.table_headers import HEADER_WITHIN, column_like, find_column, plain_header
from qb.data.workbook import read_excel
from qb.errors import DataError, QbError, UnreadableError
from qb.files import temporary_folder
from qb.language import NOTHING, Lang, Message, listing, say, told
from qb.standard import load
from qb.terms import WORKBOOKS, Kind, Severity, Stage

DRAFTED = ("schools", "sections", "facilities", "funds")
_STAGES = {"小学": Stage.PRIMARY, "初中": Stage.JUNIOR}
_TRIES, _REPUBLIC = 40, 1911
# Letters of headers in traditional script, so that these are known too.
_SIMPLE = str.maketrans(
    "學縣區稱級數師碼經費緯類別設備積場間專職學", "学县区称级数师码经费纬类别设备积场间专职学"
)
_KINDS = {  # words in a school's name that tell its kind, the longest first
    "教学点": Kind.TEACHING_POINT, "九年一贯": Kind.NINE_YEAR, "十二年一贯": Kind.TWELVE_YEAR,
    "特殊教育": Kind.SPECIAL, "完全中学": Kind.COMPLETE_SECONDARY, "小学": Kind.PRIMARY, "国小": Kind.PRIMARY,
    "國小": Kind.PRIMARY, "初级中学": Kind.JUNIOR, "初中": Kind.JUNIOR, "中学": Kind.JUNIOR,
}  # fmt: skip


@dataclass
class _Block:
    """One group of a table: its columns as TOML, each with a remark or none."""

    table: str
    cells: dict[str, tuple[str, Message]] = field(default_factory=dict)
    skip: str = ""


@dataclass(frozen=True)
class _Source:
    names: list[str]
    rows: pd.DataFrame
    header: int | list[int]
    title: str
    sheet: str = ""


def draft(path: str | Path, lang: Lang = "zh") -> str:
    """Return a recipe for a table as a person may go on with it: it runs, and says what was guessed.

    Columns whose cells cannot be read as what their header seems to mean are left out, with the reason.

    Raises
    ------
    QbError
        If the table cannot be read, or nothing in it says which school a row is of.
    """
    path = Path(path)
    source = _read(path)
    blocks, unused = _guess(source)
    left: list[Message] = []
    for _ in range(_TRIES):
        text = _written(path, source, blocks, unused, left, lang)
        faults = _stopping(path, text)
        bad = {(fault.table, fault.column): fault for fault in faults}
        gone = False
        for block in blocks:
            for column in [c for c in block.cells if (block.table, c) in bad]:
                if column in TABLES[block.table].required:
                    continue
                fault = bad[block.table, column]
                place = f"[{block.table}] {column} = {block.cells.pop(column)[0]}"
                left.append(Message("{}：{}", "{}: {}", place, fault.message))
                gone = True
        blocks = [b for b in blocks if b.table == "schools" or set(b.cells) - set(TABLES[b.table].required)]
        if not gone:
            break
    if faults:
        shown = "\n".join(f"#   {told(fault.said, lang)}" for fault in faults[:10])
        head = say(lang, "这份初稿还不能用，先改正：", "The draft cannot be used yet; put right first:")
        text += f"\n# {head}\n{shown}\n"
    return text


def _stopping(path: Path, text: str) -> list:
    with temporary_folder() as folder:
        file = Path(folder) / "recipe.toml"
        file.write_text(text, encoding="utf-8")
        try:
            convert(path, load_recipe(file))
        except DataError as error:
            return [fault for fault in error.faults if fault.severity is Severity.STOPS]
    return []


def _read(path: Path) -> _Source:
    """Return the table below the header that names most columns of ours, in one row or two."""
    try:
        if path.suffix.lower() == ".parquet":
            frame = read_parquet(path)
            return _Source(list(map(str, frame.columns)), frame, 1, "")
        grid = read_excel(path) if path.suffix.lower() in WORKBOOKS else read_csv(path)
    except UnreadableError as error:
        raise QbError("{} {}。{}。", "{} {}. {}.", spoken(path), error.message, error.remedy) from None
    head = grid.head(HEADER_WITHIN + 1).fillna("")
    lines = [list(map(str, row)) for row in head.itertuples(index=False)]
    candidates = [(_known(line), (at,), line) for at, line in enumerate(lines[:HEADER_WITHIN])]
    for at in range(len(lines) - 1):
        if "" in lines[at][1:]:
            names = two_levels(lines[at : at + 2])
            candidates.append((_known(names), (at, at + 1), names))
    best = max(candidates, key=lambda found: (found[0], -len(found[1]), -found[1][0]))
    _, at, names = best
    rows = grid.below(at[-1])
    number = [int(grid.rows[place]) for place in at]
    above = "".join("".join(line) for line in lines[: at[0]])
    return _Source(names, rows, number[0] if len(number) == 1 else number, above)


def _known(names: list[str]) -> int:
    return len({found[1].name for name in names if (found := _column(name)) is not None})


def _column(header: str) -> tuple[str, SchemaColumn, Stage | None, float] | None:
    """Return the table and column that a header means, the stage it names, and a factor for its unit."""
    plain, unit = plain_header(header.translate(_SIMPLE))
    stage = next((stage for word, stage in _STAGES.items() if word in plain), None)
    bare = plain
    for word in _STAGES:
        bare = bare.replace(word, "")
    for text in dict.fromkeys((plain, bare.strip("-_· 部段其中：:"))):
        for name in DRAFTED:
            column, _ = find_column(text, TABLES[name])
            if column is not None:
                return name, column, stage if text != plain else None, _factor(column, unit)
    for name in DRAFTED:
        text = bare.strip("-_· 部段")
        column = column_like(text, TABLES[name], ()) if len(text) > 2 else None
        if column is not None:
            return name, column, stage, _factor(column, unit)
    return None


def _factor(column: SchemaColumn, unit: str | None) -> float:
    """Return how many of the column's unit one of the source's is; 1 where nothing says otherwise."""
    if not unit or column.kind not in AMOUNTS or tidy_unit(unit) == tidy_unit(column.unit):
        return 1.0
    slips = load().checks.slips
    return next((s.factor for s in slips if s.unit == column.unit and s.typed == unit), 1.0)


def _guess(source: _Source) -> tuple[list[_Block], list[str]]:
    """Return the blocks of the recipe, and the headers that are not used."""
    found: dict[tuple[str, str, Stage | None], tuple[str, float]] = {}
    unused = []
    for header in source.names:
        meant = _column(header) if header else None
        if meant is None or (meant[0], meant[1].name, meant[2]) in found:
            unused += [header] * bool(header)
            continue
        table, column, stage, factor = meant
        found[table, column.name, stage] = header, factor
    places = {column: header for (_, column, _), (header, _) in found.items()}
    code = places.get("school_id") or places.get("name")
    if code is None:
        raise QbError(
            "没有认出学校标识码或校名的列，不知道一行是哪所学校。现有列：{}。",
            "No column of identifiers or names of schools was recognised, so the school of a row is not known. Columns: {}.",
            listing(filter(None, source.names)),
        )
    by_name = Message(
        "没有标识码的列，暂用校名；请核对是否唯一",
        "no column of identifiers; names for now, check that they are unique",
    )
    remark = NOTHING if "school_id" in places else by_name
    blocks = [_schools(source, found, places, code, remark)]
    for table in DRAFTED[1:]:
        blocks += _yearly(TABLES[table], source, found, places, code)
    return blocks, unused


def _schools(source: _Source, found: dict, places: dict[str, str], code: str, remark: Message) -> _Block:
    block = _Block("schools", {"school_id": (_text(code), remark)})
    for (table, name, _), (header, _) in found.items():
        if table == "schools" and name != "school_id":
            block.cells[name] = _words(source, header, TABLES["schools"][name])
    if "kind" not in block.cells and "name" in places:
        words = ", ".join(f"{_text(word)} = {_text(str(kind))}" for word, kind in _KINDS.items())
        entry = f'{{ from = {_text(places["name"])}, contains = {{ {words} }}, default = "" }}'
        block.cells["kind"] = entry, Message("按校名猜的，请核对", "guessed from the names; check it")
    return block


def _words(source: _Source, header: str, column: SchemaColumn) -> tuple[str, Message]:
    """Return a column as it is, or with a table of words where its own are not all understood."""
    if not column.terms:
        return _text(header), NOTHING
    values = source.rows.iloc[:, source.names.index(header)].dropna().astype("str").str.strip()
    values = [value for value in values.unique() if value][:60]
    known = {word: str(term) for term in column.terms for word in (term.value, term.zh)}
    entries, lacking = {}, []
    for value in values:
        like = known.get(value) or next(
            (known[w] for w in sorted(known, key=len, reverse=True) if w in value), None
        )
        if like is None:
            like = (
                next((str(k) for w, k in _KINDS.items() if w in value), None)
                if column.name == "kind"
                else None
            )
        entries[value] = like or ""
        lacking += [value] * (like is None)
    if all(known.get(value) == like for value, like in entries.items()):
        return _text(header), NOTHING
    words = ", ".join(f"{_text(value)} = {_text(like)}" for value, like in entries.items())
    remark = (
        Message("不认识 {}，暂作没有数据", "{}: not known, no data for now", listing(lacking[:5]))
        if lacking
        else Message("请核对", "check it")
    )
    return f'{{ from = {_text(header)}, map = {{ {words} }}, default = "" }}', remark


def _yearly(
    table: SchemaTable, source: _Source, found: dict, places: dict[str, str], code: str
) -> Iterator[_Block]:
    """Give the blocks of a table by year: one, or one for each stage that headers name."""
    mine = {(name, stage): where for (of, name, stage), where in found.items() if of == table.name}
    own = {
        (name, stage): where
        for (name, stage), where in mine.items()
        if name not in ("school_id", "year", "stage")
    }
    if not own:
        return
    stages = dict.fromkeys(stage for _, stage in own if stage is not None) if "stage" in table.by_name else {}
    for stage in [*stages] or [None]:
        block = _Block(table.name)
        block.cells["year"] = _year(source, places)
        block.cells["school_id"] = _text(code), NOTHING
        if "stage" in table.by_name:
            block.cells["stage"] = _stage(table, stage, places)
        for (name, of), (header, factor) in own.items():
            if of not in (stage, None) or (of is None and len(stages) > 1):
                continue
            unit = f"{{ from = {_text(header)}, scale = {factor:g} }}"
            converted = Message("换算单位，请核对", "another unit, converted; check it")
            block.cells[name] = (unit, converted) if factor != 1 else (_text(header), NOTHING)
        first = next((header for (_, of), (header, _) in own.items() if of == stage), "")
        block.skip = first if stage is not None else ""
        yield block
    if len(stages) > 1 and table.name == "facilities" and any(of is None for _, of in own):
        whole = {key: where for key, where in found.items() if key[0] == table.name and key[2] is None}
        yield from _yearly(table, source, whole, places, code)


def _year(source: _Source, places: dict[str, str]) -> tuple[str, Message]:
    if "year" in places:
        values = source.rows.iloc[:, source.names.index(places["year"])].dropna().astype("str").unique()
        values = [value.strip().removesuffix(".0") for value in values]
        if values and all(re.fullmatch(r"\d{2,3}", value) for value in values):
            words = ", ".join(f"{_text(value)} = {int(value) + _REPUBLIC}" for value in values)
            remark = Message("民国纪年，请核对", "years of the Republic; check them")
            return f"{{ from = {_text(places['year'])}, map = {{ {words} }} }}", remark
        return _text(places["year"]), NOTHING
    named = re.search(r"(20\d\d)", source.title)
    year = int(named[1]) if named else date.today().year
    remark = (
        Message(
            "学年开始的公历年份，取自标题，请核对",
            "the year in which the school year starts, from the title; check it",
        )
        if named
        else Message(
            "学年开始的公历年份，是猜的，请改正",
            "the year in which the school year starts: a guess, put it right",
        )
    )
    return f"{{ value = {year} }}", remark


def _stage(table: SchemaTable, stage: Stage | None, places: dict[str, str]) -> tuple[str, Message]:
    if stage is not None:
        return f'{{ value = "{stage}" }}', NOTHING
    if "stage" in places:
        return _text(places["stage"]), NOTHING
    if table.name == "facilities":
        return '{ value = "whole" }', Message("不分学段的填全校", "not by stage: the whole school")
    if "name" in places:
        words = '"初中" = "junior", "初级中学" = "junior", "中学" = "junior"'
        entry = f'{{ from = {_text(places["name"])}, contains = {{ {words} }}, default = "primary" }}'
        remark = Message(
            "按校名猜的，一贯制学校要分两组写，请核对",
            "guessed from the names; schools of several stages need two groups; check it",
        )
        return entry, remark
    return '{ value = "primary" }', Message("是猜的，请改正", "a guess: put it right")


def _written(
    path: Path, source: _Source, blocks: list[_Block], unused: list[str], left: list[Message], lang: Lang
) -> str:
    head = Message(
        "初稿：列是按表头猜的，逐条核对后再用；写法见 data/README.md 的“配方”。",
        "A draft: columns are guessed from their headers, check each before use; data/README.md says how recipes are written.",
    )
    lines = [
        f"# {told(head, lang)}",
        f"title = {_text(spoken(path.stem))}",
        f"source = {_text(spoken(path.name))}",
    ]
    if source.header != 1:
        lines.append(f"header_row = {source.header}")
    for block in blocks:
        lines += ["", f"[[{block.table}]]"]
        if block.skip:
            lines.append(f"skip_if_empty = [{_text(block.skip)}]")
        for column, (entry, remark) in block.cells.items():
            said = [TABLES[block.table][column].label] if lang == "zh" else []
            said += [told(remark, lang)] if remark else []
            lines.append(f"{column} = {entry}" + (f"  # {say(lang, '；', '; ').join(said)}" if said else ""))
    if left:
        head = say(lang, "读不了而没有写入的列：", "Columns that could not be read and were left out:")
        lines += ["", f"# {head}", *(f"#   {_line(told(one, lang))}" for one in left)]
    if unused:
        lines += [
            "",
            f"# {say(lang, '没有用到的列：', 'Columns not used: ')}{_line(told(listing(unused), lang))}",
        ]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
