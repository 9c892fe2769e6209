"""Every fault in a dataset, all at once, from a registry of numbered rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qb.dataset import Dataset
from qb.errors import DataError, Fault
from qb.schema import TABLES
from qb.terms import STAGES_OF_KIND, Severity, Stage

_CITY_ENDS = re.compile(r"(省|市|州|盟|地区|自治区)(?=.)")

# position in the table, column, school, what is wrong
Hit = tuple[int, str, str | None, str]


@dataclass(frozen=True)
class Rule:
    """A numbered rule: what it looks for, how grave it is, and what to do about it."""

    number: str
    severity: Severity
    title: str
    remedy: str
    find: Callable[[Dataset, str], Iterator[Hit]]
    tables: tuple[str, ...]


def check(data: Dataset) -> list[Fault]:
    """Return every fault: those found while reading, then those between rows and tables.

    Parameters
    ----------
    data : Dataset
        As it was read, faults and all.

    Returns
    -------
    list of Fault
        In the order of tables, rows and rules; empty when there is nothing to mend.
    """
    faults = list(data.faults)
    for rule in RULES:
        for table in rule.tables:
            for position, column, school, message in rule.find(data, table):
                faults.append(
                    Fault(
                        rule.number,
                        rule.severity,
                        message,
                        rule.remedy,
                        table=table,
                        row=data.line(table, position),
                        column=column,
                        cell=data.cell(table, position, column),
                        school_id=school,
                    )
                )
    order = {name: place for place, name in enumerate(TABLES)}
    return sorted(faults, key=lambda f: (order.get(f.table, -1), f.row or 0, f.rule))


def require(data: Dataset) -> None:
    """Refuse a dataset with faults that stop.

    Raises
    ------
    DataError
        Naming all of them.
    """
    stops = [fault for fault in check(data) if fault.severity is Severity.STOPS]
    if stops:
        raise DataError(stops)


def _ids(frame: pd.DataFrame, where: np.ndarray, column: str = "school_id") -> list[str | None]:
    if column not in frame:
        return [None] * len(where)
    return [None if pd.isna(value) else str(value) for value in frame[column].iloc[where]]


def _duplicates(data: Dataset, table: str) -> Iterator[Hit]:
    frame, key = data[table], list(TABLES[table].key)
    if not key or not len(frame):
        return
    twice = frame.duplicated(key, keep=False).to_numpy()
    if not twice.any():
        return
    first: dict[tuple, int] = {}
    for position in np.flatnonzero(twice):
        values = tuple(frame[name].iloc[position] for name in key)
        if values in first:
            shown = "、".join(
                f"{TABLES[table][name].label} {value}" for name, value in zip(key, values, strict=True)
            )
            school = str(values[key.index("school_id")]) if "school_id" in key else None
            yield position, key[-1], school, f"{shown} 与第 {data.line(table, first[values])} 行重复"
        else:
            first[values] = position


def _strangers(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return the positions of what is given and not among the known."""
    # Series.isin would look at each of the known in Python: a second for 200,000 schools.
    given, members = (pa.array(column.astype("str"), type=pa.large_string()) for column in (values, known))
    found = pc.is_in(given, value_set=members).to_numpy(zero_copy_only=False)
    return np.flatnonzero(values.notna().to_numpy() & ~found)


def _unknown_school(data: Dataset, table: str) -> Iterator[Hit]:
    for column in [name for name in data[table] if name.endswith("school_id")]:
        values = data[table][column]
        unknown = _strangers(values, data["schools"]["school_id"])
        for position, school in zip(unknown, _ids(data[table], unknown, column), strict=True):
            yield position, column, school, f"学校 {school} 不在 schools（学校）表中"


def _unknown_parent(data: Dataset, table: str) -> Iterator[Hit]:
    schools = data[table]
    parents = schools["parent_id"]
    for position in _strangers(parents, schools["school_id"]):
        yield (
            position,
            "parent_id",
            _ids(schools, [position])[0],
            f"所属学校 {parents.iloc[position]} 不在本表中",
        )


def _circular_parent(data: Dataset, table: str) -> Iterator[Hit]:
    schools = data[table]
    given = schools["parent_id"].notna().to_numpy()
    parent = dict(zip(schools["school_id"][given], schools["parent_id"][given], strict=True))
    for position in np.flatnonzero(given):
        start = here = schools["school_id"].iloc[position]
        for _ in range(len(parent)):
            here = parent.get(here)
            if here == start or here is None:
                break
        if here == start:
            yield position, "parent_id", str(start), "校区的所属学校绕回了自己"


def _parent_elsewhere(data: Dataset, table: str) -> Iterator[Hit]:
    schools = data[table]
    home = schools.drop_duplicates("school_id").set_index("school_id")["district"]
    of_parent = schools["parent_id"].map(home)
    given = of_parent.notna() & schools["district"].notna()
    wrong = (given & (of_parent != schools["district"])).to_numpy()
    for position in np.flatnonzero(wrong):
        message = f"校区在 {schools['district'].iloc[position]}，所属学校在 {of_parent.iloc[position]}"
        yield position, "district", _ids(schools, [position])[0], message


def _unknown_district(data: Dataset, table: str) -> Iterator[Hit]:
    values = data[table]["district"]
    for position in _strangers(values, data["schools"]["district"]):
        yield position, "district", None, f"县区“{values.iloc[position]}”不在 schools（学校）表中"


def _two_spellings(data: Dataset, table: str) -> Iterator[Hit]:
    """Find districts that differ only in spaces, width or case, or by the city's name before them."""
    values = data[table]["district"]
    names = [str(name) for name in values.dropna().unique()]
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(_plain(name), name)
    longer = _with_city(first)
    for name in names:
        plain = _plain(name)
        same = first[plain] if first[plain] != name else first[longer.get(plain, plain)]
        if same != name:
            position = int(np.flatnonzero((values == name).to_numpy())[0])
            yield position, "district", None, f"县区“{name}”与“{same}”像是同一个县区的两种写法"


def _plain(name: str) -> str:
    """Return a name without what the eye does not tell apart: width, case, spaces, invisible marks."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in text if unicodedata.category(c)[0] not in "ZC")


def _with_city(plain: Iterable[str]) -> dict[str, str]:
    """Return for each name the earliest one before it that differs by the city's name in front.

    开封市鼓楼区 and 鼓楼区 in one dataset are one district written twice.
    """
    place = {name: i for i, name in enumerate(plain)}
    same: dict[str, str] = {}
    for name in place:
        for city in _CITY_ENDS.finditer(name, 1):
            if (short := name[city.end() :]) in place:
                early, late = sorted((short, name), key=place.__getitem__)
                same[late] = min(same.get(late, early), early, key=place.__getitem__)
    return same


def _stage_of_kind(data: Dataset, table: str) -> Iterator[Hit]:
    """Find stages that the kind of school does not have; a campus counts as the school it belongs to."""
    frame, schools = data[table], data["schools"].drop_duplicates("school_id").set_index("school_id")
    parent = schools["parent_id"].dropna()
    school = frame["school_id"]
    for _ in range(len(parent)):  # campuses of campuses; circles are another rule's
        above = school.map(parent)
        if above.isna().all():
            break
        school = above.fillna(school)
    kind = school.map(schools["kind"])
    allowed = {(str(k), str(s)) for k, stages in STAGES_OF_KIND.items() for s in stages}
    allowed |= {(str(k), str(Stage.WHOLE)) for k in STAGES_OF_KIND}
    pairs = pd.MultiIndex.from_arrays([kind, frame["stage"]])
    wrong = kind.notna().to_numpy() & frame["stage"].notna().to_numpy() & ~pairs.isin(list(allowed))
    for position in np.flatnonzero(wrong):
        stage, of = Stage(frame["stage"].iloc[position]), kind.iloc[position]
        school = _ids(frame, [position])[0]
        yield position, "stage", school, f"办学类型为“{_kind_label(of)}”的学校不应有“{stage.zh}”学段"


def _kind_label(value: str) -> str:
    return next(kind.zh for kind in STAGES_OF_KIND if kind == value)


def _whole_section(data: Dataset, table: str) -> Iterator[Hit]:
    frame = data[table]
    for position in np.flatnonzero((frame["stage"] == str(Stage.WHOLE)).to_numpy()):
        yield position, "stage", _ids(frame, [position])[0], "学段表中不能填“全校”，在校生须按学段填报"


def _reported_twice(data: Dataset, table: str) -> Iterator[Hit]:
    frame = data[table]
    whole = frame[frame["stage"] == str(Stage.WHOLE)]
    if not len(whole):
        return
    columns = [c.name for c in TABLES[table].columns if c.numeric and c.name not in TABLES[table].key]
    parts = frame[frame["stage"] != str(Stage.WHOLE)].groupby(["year", "school_id"])[columns].count()
    keys = pd.MultiIndex.from_frame(whole[["year", "school_id"]])
    counts = parts.reindex(keys, fill_value=0).to_numpy()
    row, column = np.nonzero((counts > 0) & whole[columns].notna().to_numpy())
    for r, c in zip(row, column, strict=True):
        label = TABLES[table][columns[c]].label
        position = int(whole.index[r])
        yield position, columns[c], _ids(frame, [position])[0], f"“{label}”既按全校又按学段填报，会重复计算"


_SCHOOL_TABLES = ("sections", "facilities", "classes", "rooms", "funds", "measures", "zones")
_DISTRICT_TABLES = ("district", "evidence", "monitoring", "vetoes", "measures", "zones")
_STOPS = Severity.STOPS

RULES: tuple[Rule, ...] = (
    Rule("K01", _STOPS, "键重复", "同一条记录只保留一行", _duplicates, tuple(TABLES)),
    Rule(
        "K02",
        _STOPS,
        "学校不存在",
        "改正学校标识码，或在 schools 表补上这所学校",
        _unknown_school,
        _SCHOOL_TABLES,
    ),
    Rule("K03", _STOPS, "县区不存在", "改成 schools 表中的写法", _unknown_district, _DISTRICT_TABLES),
    Rule(
        "K04",
        _STOPS,
        "县区两种写法",
        "全表统一用一种写法；若确是两个县区，请写全称加以区别",
        _two_spellings,
        ("schools",),
    ),
    Rule("K05", _STOPS, "所属学校不存在", "改正 parent_id，或补上所属学校", _unknown_parent, ("schools",)),
    Rule(
        "K06", _STOPS, "校区归属成环", "校区的 parent_id 填独立设置的那所学校", _circular_parent, ("schools",)
    ),
    Rule(
        "K07",
        _STOPS,
        "校区跨县区",
        "校区与所属学校须在同一县区；不在同一县区的按独立学校填报",
        _parent_elsewhere,
        ("schools",),
    ),
    Rule(
        "K08", _STOPS, "学段与办学类型不符", "改正办学类型或学段", _stage_of_kind, ("sections", "facilities")
    ),
    Rule("K09", _STOPS, "学段填了全校", "按小学、初中、高中分行填报", _whole_section, ("sections",)),
    Rule(
        "K10", _STOPS, "设施重复填报", "同一项设施只按全校或只按学段填一处", _reported_twice, ("facilities",)
    ),
)
