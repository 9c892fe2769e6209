# ruff: noqa: E501  a list of odd things is easier to read unfolded
"""Inputs that nobody meant: valid ones damaged, and what the readers of files make of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shutil import copy
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd

from qb.data.blank_forms import write_per_school
from qb.data.collect import collect
from qb.data.layout_file import load_layout
from qb.data.reading import read, write
from qb.data.recipe import convert, load_recipe
from qb.data.sample import make
from qb.errors import QbError
from qb.planning.costs import load_costs
from qb.planning.scenario import load as load_scenario
from qb.planning.siting.candidate_sites import load_sites
from qb.standard import load, load_transition

HOME = Path(__file__).parents[2]
STRANGE = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"'", b",", b"\t", b"=1+1", b"-1",
    b"1e999", b"nan", b"inf", b"9" * 400, b"<script>", b"../", "学校".encode(), "１，２".encode(), "\u202e".encode(),
    "👩‍👩‍👧".encode(), b"true", b"[", b"]", b"{", b"}", b"[[", b"= ", b"0x", b"1979-05-27", b"2025-02-30", b"'''", b'"""',
    b"\\u0000", b"#", b".", b"[a]\n", b"x" * 10_000,
)  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """A parser of files: valid ones to start from, with their names, and how one is read from a path."""

    seeds: tuple[tuple[str, bytes], ...]
    read: Callable[[Path], object]


def damaged(seed: bytes, dice: random.Random) -> bytes:
    """Return a file with a few places cut, doubled, exchanged, or written over."""
    data = bytearray(seed)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at, length = dice.randrange(len(data) + 1), dice.choice((1, 1, 2, 5, 40, 400))
        kind = dice.randrange(6)
        if kind == 0:
            del data[at : at + length]
        elif kind == 1:
            data[at:at] = data[at : at + length]
        elif kind == 2:
            data[at : at + length] = dice.choice(STRANGE)
        elif kind == 3:
            data[at:at] = dice.choice(STRANGE)
        elif kind == 4 and data:
            data[at % len(data)] ^= 1 << dice.randrange(8)
        else:
            other = dice.randrange(len(data) + 1)
            data[at : at + length] = data[other : other + length]
    return bytes(data)


def retyped(seed: bytes, dice: random.Random) -> bytes:
    """Return a text of lines with values of other types, keys of other names, lines gone or twice."""
    lines = seed.split(b"\n")
    for _ in range(dice.choice((1, 1, 2, 5))):
        at = dice.randrange(len(lines))
        key, equals, _ = lines[at].partition(b" = ")
        kind = dice.randrange(4)
        if kind == 0 and equals:
            lines[at] = key + equals + dice.choice(VALUES)
        elif kind == 1:
            lines[at] = b""
        elif kind == 2:
            lines.insert(at, lines[dice.randrange(len(lines))])
        elif equals:
            lines[at] = dice.choice((b"a", b'"' + key + b'"', b'""', b"\xff")) + b" = 1"
    return b"\n".join(lines)


def repacked(seed: bytes, dice: random.Random) -> bytes:
    """Return a workbook, sound as a package, with one of its parts damaged."""
    made = BytesIO()
    with ZipFile(BytesIO(seed)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = dice.choice([name for name in names if "sheet" in name or name.startswith("xl/")])
        for name in names:
            content = old.read(name)
            new.writestr(name, damaged(content, dice) if name == chosen else content)
    return made.getvalue()


def _harm(suffix: str, dice: random.Random) -> Callable[[bytes, random.Random], bytes]:
    deep = {".toml": retyped, ".xlsx": repacked}.get(suffix, damaged)
    return deep if dice.random() < 0.7 else damaged


VALUES = (
    b"1", b"-1", b"0", b"1.5", b"1e308", b"-0.0", b"inf", b"nan", b"true", b'""', b'"x"', b"[]", b"[1]",
    b'["x"]', b"[[]]", b"{}", b'{ a = 1 }', b"[{}]", b"1979-05-27", b"07:32:00", b"1979-05-27T07:32:00Z",
    b"9" * 30, b"9" * 5000, b'"' + "学".encode() * 5000 + b'"', b'"\\u0000"', b'"\\u202e"',
    b'{ from = "x", map = { a = [] } }',
)  # fmt: skip


def attempt(reader: Reader, seed: int, folder: Path) -> str:
    """Have the reader read the damaged file of this number, and return what came of it.

    Anything but a QbError goes on to the caller.
    """
    dice = random.Random(seed)
    name, valid = dice.choice(reader.seeds)
    path = folder / name
    path.write_bytes(_harm(path.suffix, dice)(valid, dice))
    try:
        reader.read(path)
    except QbError as error:
        assert str(error).strip()
        return "refused"
    finally:
        path.unlink()
    return "read"


def readers(home: Path) -> dict[str, Reader]:
    """Return the readers by what they read; `home` is a folder for what they need besides."""
    data = make(schools=3, districts=1, years=[2025], seed=5)
    tables = home / "tables"
    write(data, tables)
    write(data, home / "parquet", "parquet")
    write(data, home / "book.xlsx", "xlsx")
    form = load_layout("school-form")
    write_per_school(data, home / "forms", form, 2026)
    standards = HOME / "qb" / "standard"
    source = pd.DataFrame({"学校代码": ["001", "002"], "学校名称": ["甲", "乙"], "人数": ["12", ""]})
    source.to_csv(home / "source.csv", index=False)
    return {
        "CSV": Reader(_bytes(tables.glob("*.csv")), _of_folder),
        "parquet": Reader(_bytes((home / "parquet").glob("*.parquet")), _of_folder),
        "workbook": Reader(_bytes([home / "book.xlsx"]), read),
        "recipe": Reader(_bytes((HOME / "data" / "recipes").glob("*.toml")), load_recipe),
        "recipe's use": Reader(
            (("recipe.toml", RECIPE.encode()),), lambda p: convert(home / "source.csv", load_recipe(p))
        ),
        "corrections": Reader((("corrections.toml", CORRECTIONS.encode()),), _corrected(home / "funds")),
        "scenario": Reader(_bytes((HOME / "notebooks" / "scenarios").glob("*.toml")), load_scenario),
        "costs": Reader(_bytes([standards / "costs.toml"]), load_costs),
        "candidates": Reader(_bytes((HOME / "notebooks" / "sites").glob("*.toml")), load_sites),
        "standard": Reader(_bytes([standards / "gulou-2023.toml"]), load),
        "layout": Reader(_bytes((HOME / "qb" / "data" / "layouts").glob("*.toml")), load_layout),
        "form": Reader(
            _bytes(sorted((home / "forms").glob("*.xlsx"))[:1]),
            lambda p: collect(p.parent, [form], data, 2026),
        ),
        "transition": Reader(_bytes([standards / "transition.toml"]), load_transition),
    }


def _corrected(folder: Path) -> Callable[[Path], object]:
    """Return a reader of one table with the file for its corrections."""
    folder.mkdir()
    (folder / "funds.csv").write_text("year,school_id,allocation_yuan\n2025,007,12\n", "utf-8")

    def read_with(path: Path) -> object:
        copy(path, folder / path.name)
        return read(folder)

    return read_with


def _bytes(paths: Iterable[Path]) -> tuple[tuple[str, bytes], ...]:
    return tuple((path.name, path.read_bytes()) for path in sorted(paths))


def _of_folder(path: Path) -> object:
    """Read the file as the one table of a folder."""
    return read(path.parent)


RECIPE = """title = "名录"
source = "模拟数据"
header_row = 1

[[schools]]
school_id = "学校代码"
name = "学校名称"
district = { value = "甲区" }
kind = { value = "primary" }

[[sections]]
year = { value = 2025 }
school_id = "学校代码"
stage = { from = "学校名称", map = { "甲" = "primary" }, default = "junior" }
pupils = { sum = ["人数"] }
skip_if_empty = ["人数"]
"""
CORRECTIONS = """[[corrections]]
table = "funds"
key = { year = 2025, school_id = "007" }
column = "allocation_yuan"
wrong = 12
right = 120000
why = "单位误作万元"
confirmed_by = "区财政局"
on = 2025-03-01
"""
