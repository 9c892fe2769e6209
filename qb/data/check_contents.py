"""Rules S, P and L: a whole and its parts, what is about persons, where schools and zones lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data.cell_values import find_numbers
from qb.data.check_base import STAGES, WHOLE, Found, Rule, View
from qb.data.check_limits import trusted
from qb.data.dataset import index_of
from qb.data.schema import ABOVE_REQUIRED, DEGREES, DISTRICT_ITEMS, TABLES, ColumnKind
from qb.data.walks import great_circle_km
from qb.personal import names_persons
from qb.terms import Severity

# S: a whole and its parts.


_TEACHERS = (
    "teachers_above_required",
    "backbone_teachers",
    "pe_arts_teachers",
    "certified_teachers",
    "trained_teachers",
)
# Of each chain, every item is part of the next one.
CHAINS = (
    ("rotation_backbone", "rotation_rotated", "rotation_eligible"),
    ("quota_allocated_rural", "quota_allocated", "quota_planned"),
    ("migrant_placed", "migrant_eligible"),
    ("disabled_enrolled", "disabled_of_age"),
    ("schools_with_broadband", "schools_checked"),
    ("regular_classrooms_multimedia", "regular_classrooms"),
    ("survey_satisfied", "survey_valid", "survey_issued"),
    ("parents_satisfied", "parents_valid", "parents_issued"),
    ("visits_satisfied", "visits"),
    ("parent_visits_satisfied", "parent_visits", "visits"),
    ("migrant_public", "migrant_placed"),
    ("migrant_bought", "migrant_placed"),
    ("disabled_special", "disabled_enrolled"),
    ("rural_population", "population"),
)


@dataclass(frozen=True)
class _Listed:
    """What ``classes`` lists for each row of ``sections``, and what is reported for the same.

    A school that lists classes of several stages as one is compared as a whole, at its first row.

    Attributes
    ----------
    count, low, high : ndarray, shape (rows,)
        Classes listed; their pupils at least and at most, NaN where not known.
    classes, pupils : ndarray, shape (rows,)
        As reported; NaN in the other rows of a school that is compared as a whole.
    """

    count: np.ndarray
    low: np.ndarray
    high: np.ndarray
    classes: np.ndarray
    pupils: np.ndarray


def _listed(view: View) -> _Listed:
    def make() -> _Listed:
        frame, slot = view.data["classes"], view.slot("classes")
        bands, pupils = TABLES["classes"].bands(frame), view.numbers("classes", "pupils")
        number, low, high = np.ones(len(frame)), pupils, pupils
        if bands.any():
            number = np.where(bands, frame["count"], 1.0)
            low = np.where(bands, number * frame["pupils_from"].fillna(1.0), pupils)
            high = np.where(bands, number * frame["pupils_to"].fillna(np.inf), pupils)
        there, mine = slot >= 0, view.slot("sections")
        sums = [np.bincount(slot[there], of[there], view.slots + 1) for of in (number, low, high)]
        reported = [trusted(view, "sections", name) for name in ("classes", "pupils")]
        whole = mine // len(STAGES) * len(STAGES) + WHOLE
        shared = (mine >= 0) & (sums[0][whole] != 0)
        listed = [each[mine] for each in sums]
        if shared.any():
            unit, size = mine // len(STAGES), view.slots // len(STAGES) + 1
            rows = np.flatnonzero(shared)
            in_all = [each[:-1].reshape(-1, len(STAGES)).sum(axis=1) for each in sums]
            listed = [np.where(shared, each[unit], own) for each, own in zip(in_all, listed, strict=True)]
            first = np.zeros(len(mine), dtype=bool)
            first[rows[np.unique(unit[rows], return_index=True)[1]]] = True
            totals = [np.bincount(unit[rows], of[rows], size)[unit] for of in reported]
            reported = [
                np.where(shared, np.where(first, total, np.nan), of)
                for total, of in zip(totals, reported, strict=True)
            ]
        return _Listed(*listed, *reported)

    return view.once("classes listed", make)


def _pupils_of_classes(view: View) -> Iterator[Found]:
    """Compare only where all classes are listed: where some are not, that is what is wrong."""
    listed = _listed(view)
    complete = (listed.count > 0) & (np.isnan(listed.classes) | (listed.classes == listed.count))
    wrong = complete & ((listed.pupils < listed.low) | (listed.pupils > listed.high))

    def say(p: int) -> str:
        low, high = listed.low[p], listed.high[p]
        most = "以上" if np.isinf(high) else f"至 {high:.15g}"
        span = f"{low:.15g}" if low == high else f"应为 {low:.15g} {most}"
        return f"在校生 {listed.pupils[p]:.15g} 人，班级表中各班合计{' ' if low == high else ''}{span} 人"

    yield Found("sections", np.flatnonzero(wrong), "pupils", say)


def _number_of_classes(view: View) -> Iterator[Found]:
    listed = _listed(view)
    wrong = (listed.count > 0) & (np.abs(listed.count - listed.classes) > 0)
    yield Found(
        "sections",
        np.flatnonzero(wrong),
        "classes",
        lambda p: f"班级数为 {listed.classes[p]:.15g}，班级表中列有 {listed.count[p]:.15g} 个班",
    )


def _bands_without_number(view: View) -> Iterator[Found]:
    for name, table in view.tables.items():
        if table.band is not None:
            unknown = table.bands(view.data[name]) & np.isnan(view.numbers(name, table.band.count))
            label = table[table.band.count].label
            yield Found(
                name, np.flatnonzero(unknown), table.band.count, lambda p, label=label: f"“{label}”是空的"
            )


def _part_of(view: View, table: str, parts: tuple[str, ...], whole: str) -> Iterator[Found]:
    most = trusted(view, table, whole)
    for name in parts:
        part, label = trusted(view, table, name), TABLES[table][name].label

        def say(p: int, part=part, label=label) -> str:
            return f"“{label}”{part[p]:.15g} 大于“{TABLES[table][whole].label}”{most[p]:.15g}"

        yield Found(table, np.flatnonzero(part > most), name, say)


def _teachers(view: View) -> Iterator[Found]:
    return _part_of(view, "sections", _TEACHERS, "full_time_teachers")


def _degrees(view: View) -> Iterator[Found]:
    """Compare teachers by degree with all full-time ones, and with those above the required degree."""
    frame = view.data["sections"]
    if not frame[list(DEGREES)].notna().any(axis=None):
        return
    staff, above = (
        view.numbers("sections", name) for name in ("full_time_teachers", "teachers_above_required")
    )
    given = frame[list(DEGREES)].fillna(0.0).to_numpy().sum(axis=1)
    yield Found(
        "sections",
        np.flatnonzero(given > staff),
        "full_time_teachers",
        lambda p: f"各层学历的教师合计 {given[p]:.15g} 人，多于专任教师 {staff[p]:.15g} 人",
    )
    for stage, degrees in ABOVE_REQUIRED.items():
        total = frame[list(degrees)].to_numpy(dtype=float).sum(axis=1)
        wrong = (
            (view.stage("sections") == STAGES.index(stage)) & (np.abs(total - above) > 0) & ~(given > staff)
        )
        words = "、".join(DEGREES[name] for name in degrees)
        yield Found(
            "sections",
            np.flatnonzero(wrong),
            "teachers_above_required",
            lambda p, total=total, words=words: (
                f"高于规定学历教师填了 {above[p]:.15g} 人，{words}合计却是 {total[p]:.15g} 人"
            ),
        )


def _pupils(view: View) -> Iterator[Found]:
    return _part_of(view, "sections", ("in_zone_pupils", "migrant_pupils"), "pupils")


def _indoor(view: View) -> Iterator[Found]:
    return _part_of(view, "facilities", ("indoor_sports_area_m2",), "teaching_area_m2")


def _rooms(view: View) -> Iterator[Found]:
    """Compare the music and art rooms of a school with the floor they are part of."""
    schools = view.slots // len(STAGES) + 1
    slot, room = view.slot("facilities"), view.slot("rooms")
    floor = trusted(view, "facilities", "teaching_area_m2")
    indoor = np.nan_to_num(view.numbers("facilities", "indoor_sports_area_m2"))
    floor = np.where(indoor > floor, np.nan, floor - indoor)  # that is a fault of its own
    held = np.bincount(slot[slot >= 0] // len(STAGES), floor[slot >= 0], schools)
    least, count = (view.numbers("rooms", name) for name in ("area_from", "count"))
    area = np.nan_to_num(view.numbers("rooms", "area_m2")) + np.nan_to_num(least * count)
    taken = np.bincount(room[room >= 0] // len(STAGES), area[room >= 0], schools)
    mine = slot // len(STAGES)
    rows = np.flatnonzero((slot >= 0) & (taken[mine] > held[mine]))
    _, first = np.unique(mine[rows], return_index=True)
    yield Found(
        "facilities",
        rows[np.sort(first)],
        "teaching_area_m2",
        lambda p: (
            f"教学及辅助用房（不含室内体育用房）共 {held[mine[p]]:.15g}㎡，"
            f"音乐、美术教室却有 {taken[mine[p]]:.15g}㎡"
        ),
    )


def _items(view: View) -> Iterator[Found]:
    frame = view.data["district"]
    if not len(frame):
        return
    value = view.numbers("district", "value")
    place = frame.groupby(["year", "district"], sort=False, dropna=False).ngroup().to_numpy()
    row_of = {}
    for item in {name for chain in CHAINS for name in chain}:
        rows = np.flatnonzero((frame["item"] == item).to_numpy() & ~np.isnan(value))
        row_of[item] = np.full(place.max() + 1, -1)
        row_of[item][place[rows]] = rows
    for chain in CHAINS:
        for at, part in enumerate(chain[:-1]):
            yield from _item_above(row_of, value, part, chain[at + 1 :])


def _item_above(
    row_of: dict[str, np.ndarray], value: np.ndarray, part: str, wholes: tuple[str, ...]
) -> Iterator[Found]:
    """Compare an item with the next one of its chain that was reported."""
    mine, open_still = row_of[part], row_of[part] >= 0
    for whole in wholes:
        other = row_of[whole]
        both = open_still & (other >= 0)
        wrong = both & (value[mine] > value[other])
        against = dict(zip(mine[wrong].tolist(), other[wrong].tolist(), strict=True))

        def say(p: int, whole=whole, against=against) -> str:
            names = (DISTRICT_ITEMS[part].zh, DISTRICT_ITEMS[whole].zh)
            return f"“{names[0]}”{value[p]:.15g} 大于“{names[1]}”{value[against[p]]:.15g}"

        yield Found("district", np.sort(mine[wrong]), "value", say, None)
        open_still = open_still & ~both


def _nothing_for_pupils(view: View) -> Iterator[Found]:
    pupils = view.numbers("sections", "pupils")
    for name in ("classes", "full_time_teachers"):
        wrong = (pupils > 0) & (view.numbers("sections", name) == 0)
        label = TABLES["sections"][name].label
        yield Found(
            "sections",
            np.flatnonzero(wrong),
            name,
            lambda p, label=label: f"有 {pupils[p]:.15g} 名学生，“{label}”却是 0",
        )


_W = Severity.WARNING
_CHECK = "核对两处，改正填错的一处"

SUM_RULES: tuple[Rule, ...] = (
    Rule(
        "S01",
        _W,
        "班额合计与在校生数不符",
        "Classes do not add up to the pupils",
        "班额按班判定，资源指标以在校生数为分母",
        _CHECK,
        _pupils_of_classes,
    ),
    Rule(
        "S02",
        _W,
        "班级表与班级数不符",
        "Classes listed and reported differ",
        "C8、C10、C12",
        "补全或删去班级表中的班，或改正班级数",
        _number_of_classes,
    ),
    Rule(
        "S03",
        _W,
        "各类教师多于专任教师",
        "More teachers of a kind than teachers",
        "C1—C3、C16、C19 只数专任教师",
        _CHECK,
        _teachers,
    ),
    Rule(
        "S04",
        _W,
        "部分学生多于在校生",
        "More pupils of a kind than pupils",
        "C20；过渡条款的随迁子女比例",
        _CHECK,
        _pupils,
    ),
    Rule(
        "S05",
        _W,
        "室内体育用房大于教学及辅助用房",
        "Indoor sports area above the floor it is part of",
        "C4 从教学及辅助用房面积中扣除室内体育用房",
        "教学及辅助用房面积须含室内体育用房；核对两处",
        _indoor,
    ),
    Rule(
        "S06",
        _W,
        "音乐美术教室大于校舍所能容纳",
        "Music and art rooms above what the floor can hold",
        "C4、C10",
        "核对教室面积与教学及辅助用房面积，注意单位",
        _rooms,
    ),
    Rule(
        "S07",
        _W,
        "县区数据中部分大于整体",
        "An item above the one it is part of",
        "C18、C21、C22、C24、C25 和社会认可度是部分与整体之比",
        _CHECK,
        _items,
    ),
    Rule(
        "S08",
        _W,
        "有学生而没有班级或教师",
        "Pupils without a class or teacher",
        "0 就是 0；没有数据应留空",
        "改正数值；没有数据就留空，不要填 0",
        _nothing_for_pupils,
    ),
    Rule(
        "S09",
        _W,
        "各层学历的教师数有矛盾",
        "Teachers by degree do not add up",
        "C1 按专任教师的最高学历计算",
        "核对各层学历的教师数、专任教师数和高于规定学历教师数",
        _degrees,
    ),
    Rule(
        "S10",
        _W,
        "分档没有数量",
        "A band of sizes without a number",
        "C10、C12 按各档的班数、间数判定",
        "这一档没有班、没有教室的填 0",
        _bands_without_number,
    ),
)


# P: what is about persons has no place in a dataset.


def _headers(view: View) -> Iterator[Found]:
    for name, table in view.tables.items():
        for column in view.data[name]:
            if column not in table.by_name and names_persons(column):
                yield Found(name, None, column, lambda _, column=column: f"“{column}”像是个人信息")


def _numbers(view: View) -> Iterator[Found]:
    """Find numbers of persons where none was found on reading, when every cell is looked at."""
    named = {(found.table, found.column) for found in view.data.faults if found.rule == "P02"}
    for name, table in view.tables.items():
        for column, values in view.data[name].items():
            known = table.by_name.get(column)
            if (name, column) in named or (known is None and names_persons(column)):
                continue
            if known is not None and known.kind not in (ColumnKind.TEXT, ColumnKind.ID):
                continue
            found = find_numbers(values, codes=known is not None and known.kind is ColumnKind.ID)
            if found:
                what = "或".join(dict.fromkeys(kind for kinds in found.values() for kind in kinds))
                message = f"有 {len(found)} 个单元格像是{what}（首个在本行）"
                yield Found(name, np.array([*found][:1]), column, lambda _, message=message: message)


_WHY = "个人信息不得写入数据集和报告（个人信息保护法第六条：限于最小范围）"

PEOPLE_RULES: tuple[Rule, ...] = (
    Rule(
        "P01",
        Severity.STOPS,
        "个人信息的列",
        "A column about persons",
        _WHY,
        "评估用不到个人信息，删去这一列后重新报送",
        _headers,
    ),
    Rule(
        "P02",
        Severity.STOPS,
        "身份证号或手机号码",
        "An identity or mobile number",
        _WHY,
        "删去这些内容；若只是编码，请改写得不像手机号码或身份证号",
        _numbers,
    ),
)


# L: where schools and residential zones lie.


_KM = 111.2  # of a degree of latitude
_ROUNDED = 0.005  # of a walk, and of a kilometre: what rounding may take from it


def _find(view: View) -> Iterator[Found]:
    """Compare each place with the middle of its district's schools: the median of each coordinate."""
    rule, schools = view.checks.place, view.schools
    names = view.data.districts
    mine = index_of(schools["district"], names)
    placed = (mine >= 0) & schools[["longitude", "latitude"]].notna().all(axis=1).to_numpy()
    group = pd.Series(mine[placed])
    middle = schools.loc[placed, ["longitude", "latitude"]].groupby(group.to_numpy()).median()
    middle = middle.reindex(range(len(names) + 1)).to_numpy()  # the last: of an unknown district
    away = np.hypot(*_kilometres(schools, middle[mine]))
    usual = pd.Series(away[placed]).groupby(group).median().reindex(range(len(names) + 1)).to_numpy()
    few = np.bincount(mine[placed], minlength=len(names) + 1) < rule.schools
    most = np.where(few, np.inf, np.maximum(rule.ratio * usual, rule.kilometres))
    for table in ("schools", "zones"):
        district = index_of(view.data[table]["district"], names)
        east, north = _kilometres(view.data[table], middle[district])
        distance = np.hypot(east, north)
        far, by_east = distance > most[district], np.abs(east) > np.abs(north)

        def say(p: int, distance=distance, district=district) -> str:
            return (
                f"坐标距本县区学校的中心 {distance[p]:,.0f} 千米，"
                f"而各校距中心的中位数是 {usual[district[p]]:,.1f} 千米"
            )

        for column, where in (("longitude", far & by_east), ("latitude", far & ~by_east)):
            yield Found(table, np.flatnonzero(where), column, say)


def _unknown_zone(view: View) -> Iterator[Found]:
    given = view.data["distances"]["zone_id"]
    unknown = given.notna().to_numpy() & (index_of(given, view.data["zones"]["zone_id"]) < 0)
    yield Found(
        "distances",
        np.flatnonzero(unknown),
        "zone_id",
        lambda p: f"小区 {given.iloc[p]} 不在 zones（居住小区）表中",
        None,
    )


def _no_school(view: View) -> Iterator[Found]:
    given = view.data["distances"]["place_id"]
    where = np.flatnonzero(given.notna().to_numpy() & (index_of(given, view.schools["school_id"]) < 0))
    first = where[~given.iloc[where].duplicated().to_numpy()]
    yield Found("distances", first, "place_id", lambda p: f"{given.iloc[p]} 不是学校，按校址读取", None)


def _too_short(view: View) -> Iterator[Found]:
    """Find walks shorter than the straight line; half a percent is left for the rounding of a file."""
    table, zones = view.data["distances"], view.data["zones"]
    zones = zones.drop_duplicates("zone_id", keep="last").set_index("zone_id")
    schools = view.schools.drop_duplicates("school_id").set_index("school_id")
    home, spot = (
        places[["longitude", "latitude"]].reindex(table[key]).to_numpy(dtype=float).T
        for places, key in ((zones, "zone_id"), (schools, "place_id"))
    )
    straight, walked = great_circle_km(*home, *spot), view.numbers("distances", "walk_km")

    def say(p: int) -> str:
        return f"步行距离 {walked[p]:g} 千米短于直线距离 {straight[p]:.2f} 千米"

    short = walked < straight * (1 - _ROUNDED) - _ROUNDED
    yield Found("distances", np.flatnonzero(short), "walk_km", say, None)


def _kilometres(frame: pd.DataFrame, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far east and north of a place (longitude, latitude) each row is; NaN where not known."""
    east, north = (frame[["longitude", "latitude"]].to_numpy(dtype=float) - middle).T
    return _KM * east * np.cos(np.radians(middle[:, 1])), _KM * north


PLACE_RULES = (
    Rule(
        "L01",
        Severity.WARNING,
        "坐标远离本县区其他学校",
        "Coordinates far from the district's schools",
        "就近入学、调整学区和地图按坐标计算",
        "核对经度和纬度：是否颠倒、缺位，或属于别处",
        _find,
    ),
    Rule(
        "L02",
        Severity.WARNING,
        "到校距离表中的小区不在小区表中",
        "A walk from a zone that is not in the table of zones",
        "这一行的步行距离用不上，仍按直线距离估算",
        "小区编号与小区表写法一致",
        _unknown_zone,
    ),
    Rule(
        "L03",
        Severity.NOTE,
        "到校距离表中的编号不是学校",
        "A walk to what is no school",
        "只有选址文件中校址的编号可以不在学校表中",
        "核对学校标识码；若是校址，不必改",
        _no_school,
    ),
    Rule(
        "L04",
        Severity.WARNING,
        "步行距离短于直线距离",
        "A walk shorter than the straight line",
        "步行距离先于直线距离的估算，选址和情景照此计算",
        "核对这一行的距离（单位是千米），以及小区和学校的经纬度",
        _too_short,
    ),
)
