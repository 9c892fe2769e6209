"""Rules S, P and L of the check: a whole and its parts, what is about persons, where schools and zones lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qb.data.cell_values import find_numbers
from qb.data.check_base import PARTS, STAGES, WHOLE, Found, Rule, View
from qb.data.check_column_units import DRAGGED_TABLES, dragged_figures, trusted
from qb.data.dataset import index_of
from qb.data.distances import great_circle_km
from qb.data.schema import ABOVE_REQUIRED, DEGREES, DISTRICT_ITEMS, TABLES, ColumnKind
from qb.data.table_headers import person_column
from qb.language import Both, Message, joined, listing
from qb.personal_data import names_persons
from qb.terms import Severity

# S: a whole and its parts.


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
    """

    # count, low, high: (rows,): classes listed; their pupils at least and at most, NaN where not known.
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray
    # classes, pupils: (rows,): as reported; NaN in the other rows of a school that is compared as a whole.
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

    def say(p: int) -> Message:
        low, high = listed.low[p], listed.high[p]
        if low == high:
            span = Message(" {:.15g} 人", " {:.15g}", low)
        elif np.isinf(high):
            span = Message("应为 {:.15g} 以上 人", " {:.15g} or more", low)
        else:
            span = Message("应为 {:.15g} 至 {:.15g} 人", " {:.15g} to {:.15g}", low, high)
        return Message(
            "在校生 {:.15g} 人，班级表中各班合计{}",
            "{:.15g} pupils; the classes listed add up to{}",
            listed.pupils[p],
            span,
        )

    yield Found("sections", np.flatnonzero(wrong), "pupils", say)


def _number_of_classes(view: View) -> Iterator[Found]:
    listed = _listed(view)
    wrong = (listed.count > 0) & (np.abs(listed.count - listed.classes) > 0)
    yield Found(
        "sections",
        np.flatnonzero(wrong),
        "classes",
        lambda p: Message(
            "班级数为 {:.15g}，班级表中列有 {:.15g} 个班",
            "{:.15g} classes; {:.15g} are listed",
            listed.classes[p],
            listed.count[p],
        ),
    )


def _bands_without_number(view: View) -> Iterator[Found]:
    for name, table in view.tables.items():
        if table.band is not None:
            unknown = table.bands(view.data[name]) & np.isnan(view.numbers(name, table.band.count))
            label = table[table.band.count]
            yield Found(
                name,
                np.flatnonzero(unknown),
                table.band.count,
                lambda p, label=label: Message("“{}”是空的", "{} is empty", label),
            )


def _parts(*wholes: tuple[str, str]) -> Callable[[View], Iterator[Found]]:
    """Return what finds parts that are more than the whole they are of."""

    def find(view: View) -> Iterator[Found]:
        for table, whole in wholes:
            most = trusted(view, table, whole)
            declared = (r for i in view.standard.resources if (r := i.resource) and r.at_most == whole)
            named = [*PARTS[table, whole], *(name for r in declared for name in r.add)]
            for name in dict.fromkeys(name for name in named if name in view.data[table]):
                part = trusted(view, table, name)
                labels = (view.tables[table][name], view.tables[table][whole])

                def say(p: int, part=part, most=most, labels=labels) -> Message:
                    zh, en = "“{}”{:.15g} 大于“{}”{:.15g}", "{} {:.15g} is more than {} {:.15g}"
                    return Message(zh, en, labels[0], part[p], labels[1], most[p])

                yield Found(table, np.flatnonzero(part > most), name, say)

    return find


def _changed_places(view: View) -> Iterator[Found]:
    """Say once which two columns changed places, in which rows."""
    for table in ("sections", "classes"):
        for exchange in view.exchanges(table):
            pair = {exchange.one, exchange.other}
            rows, (one, other) = exchange.rows, [c for c in TABLES[table].columns if c.name in pair]
            values = [view.data[table][column.name].iloc[rows[0]] for column in (one, other)]
            message = Message(
                "“{}”与“{}”有 {} 行像是填反了，如本行 {:g} 与 {:g}；以下核查按对调后的数",
                "{} and {} seem to have changed places in {} rows, here {:g} and {:g}; what follows is checked with them put back",
                one,
                other,
                len(rows),
                *values,
            )
            yield Found(
                table, rows, one.name, lambda _, m=message: m, together=True, also={(table, other.name): rows}
            )


def _filled_down(view: View) -> Iterator[Found]:
    """Say once of a column which figures were copied or continued down over the schools of a year."""
    for table in DRAGGED_TABLES:
        for column in view.tables[table].columns:
            for rows in dragged_figures(view, table, column):
                first, second, last = view.data[table][column.name].iloc[rows[[0, 1, -1]]]
                message = (
                    Message(
                        "“{0}”有 {1} 行都是 {2:,.15g}，像是向下拖动填充的",
                        "{0}: {1} rows are all {2:,.15g}, as when a cell is dragged down",
                        column,
                        len(rows),
                        first,
                    )
                    if first == second
                    else Message(
                        "“{}”有 {} 行逐行加 1，从 {:,.15g} 到 {:,.15g}，像是向下拖动填充的",
                        "{}: {} rows count up by 1, from {:,.15g} to {:,.15g}, as when a cell is dragged down",
                        column,
                        len(rows),
                        first,
                        last,
                    )
                )
                yield Found(table, rows, column.name, lambda _, m=message: m, together=True)


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
        lambda p: Message(
            "各层学历的教师合计 {:.15g} 人，多于专任教师 {:.15g} 人",
            "teachers by degree add up to {:.15g}, more than the {:.15g} full-time teachers",
            given[p],
            staff[p],
        ),
    )
    for stage, degrees in ABOVE_REQUIRED.items():
        total = frame[list(degrees)].to_numpy(dtype=float).sum(axis=1)
        wrong = (
            (view.stage("sections") == STAGES.index(stage)) & (np.abs(total - above) > 0) & ~(given > staff)
        )
        words = listing(Both(DEGREES[name], name) for name in degrees)
        yield Found(
            "sections",
            np.flatnonzero(wrong),
            "teachers_above_required",
            lambda p, total=total, words=words: Message(
                "高于规定学历教师填了 {:.15g} 人，{}合计却是 {:.15g} 人",
                "{:.15g} teachers above the required degree, while {} add up to {:.15g}",
                above[p],
                words,
                total[p],
            ),
        )


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
        lambda p: Message(
            "教学及辅助用房（不含室内体育用房）共 {:.15g} 平方米，音乐、美术教室却有 {:.15g} 平方米",
            "teaching rooms (without the indoor sports area) are {:.15g} m², music and art rooms {:.15g} m²",
            held[mine[p]],
            taken[mine[p]],
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

        def say(p: int, whole=whole, against=against) -> Message:
            names = (DISTRICT_ITEMS[part], DISTRICT_ITEMS[whole])
            return Message(
                "“{}”{:.15g} 大于“{}”{:.15g}",
                "{} {:.15g} is more than {} {:.15g}",
                names[0],
                value[p],
                names[1],
                value[against[p]],
            )

        yield Found("district", np.sort(mine[wrong]), "value", say, None)
        open_still = open_still & ~both


def _nothing_for_pupils(view: View) -> Iterator[Found]:
    pupils = view.numbers("sections", "pupils")
    for name in ("classes", "full_time_teachers"):
        wrong = (pupils > 0) & (view.numbers("sections", name) == 0)
        label = TABLES["sections"][name]
        yield Found(
            "sections",
            np.flatnonzero(wrong),
            name,
            lambda p, label=label: Message(
                "有 {:.15g} 名学生，“{}”却是 0", "{:.15g} pupils, while {} is 0", pupils[p], label
            ),
        )


_W = Severity.WARNING
_CHECK = Message("核对两处，改正填错的一处", "Compare the two and put the wrong one right")

# fmt: off
SUM_RULES: tuple[Rule, ...] = (
    Rule("S01", _W, Message("班额合计与在校生数不符", "Classes do not add up to the pupils"),
         Message("班额按班判定，资源指标以在校生数为分母", "Each class is judged; pupils are the divisor of resources"),
         _CHECK, _pupils_of_classes),
    Rule("S02", _W, Message("班级表与班级数不符", "Classes listed and reported differ"),
         Message("专用教室按班级数配备，班额逐班判定", "Special rooms go by the number of classes, and each class is judged"),
         Message("补全或删去班级表中的班，或改正班级数", "Complete or shorten the list of classes, or put the number of classes right"), _number_of_classes),
    Rule("S03", _W, Message("各类教师多于专任教师", "More teachers of a kind than teachers"),
         Message("各类教师是专任教师中的一部分", "Teachers of a kind are some of the full-time teachers"),
         _CHECK, _parts(("sections", "full_time_teachers"))),
    Rule("S04", _W, Message("部分学生多于在校生", "More pupils of a kind than pupils"),
         Message("部分不会多于整体", "A part is never more than the whole"),
         _CHECK, _parts(("sections", "pupils"))),
    Rule("S05", _W, Message("室内体育用房大于教学及辅助用房", "Indoor sports area above the floor it is part of"),
         Message("教学及辅助用房的生均值扣除室内体育用房", "The indoor sports area is taken out of the teaching area"),
         Message("教学及辅助用房面积须含室内体育用房；核对两处", "The teaching area contains the indoor sports area; compare the two"), _parts(("facilities", "teaching_area_m2"))),
    Rule("S06", _W, Message("音乐美术教室大于校舍所能容纳", "Music and art rooms above what the floor can hold"),
         Message("音乐、美术教室是教学及辅助用房的一部分", "Music and art rooms are part of the teaching area"),
         Message("核对教室面积与教学及辅助用房面积，注意单位", "Compare the areas of the rooms with the teaching area; mind the units"), _rooms),
    Rule("S07", _W, Message("县区数据中部分大于整体", "An item above the one it is part of"),
         Message("这些比例是部分与整体之比", "These are shares of a whole"),
         _CHECK, _items),
    Rule("S08", _W, Message("有学生而没有班级或教师", "Pupils without a class or teacher"),
         Message("0 就是 0；没有数据应留空", "0 means 0; leave blank what is not known"),
         Message("改正数值；没有数据就留空，不要填 0", "Put the number right; leave blank what is not known, do not enter 0"), _nothing_for_pupils),
    Rule("S09", _W, Message("各层学历的教师数有矛盾", "Teachers by degree do not add up"),
         Message("高于规定学历按专任教师的最高学历计算", "Teachers above the required degree are counted by the highest degree of full-time teachers"),
         Message("核对各层学历的教师数、专任教师数和高于规定学历教师数", "Compare the teachers by degree, the full-time teachers and those above the required degree"), _degrees),
    Rule("S10", _W, Message("分档没有数量", "A band of sizes without a number"),
         Message("按各档的班数、间数判定", "The number of classes or rooms of each band is judged"),
         Message("这一档没有班、没有教室的填 0", "Enter 0 for a band without classes or rooms"), _bands_without_number),
    Rule("S11", _W, Message("两列像是填反了", "Two columns that seem to have changed places"),
         Message("在校生、班级、教师是生均值、班额和师生比的依据，对调后结论就不可信", "Pupils, classes and teachers are what figures per pupil and class sizes rest on: exchanged, no verdict can be trusted"),
         Message("核对两列的表头和内容，填反的对调过来", "Compare the headers with what stands below and change the two back"), _changed_places),
    Rule("S12", _W, Message("像是向下拖动填充的数", "Figures that seem to be dragged down"),
         Message("各校的数很少完全相同，也不会逐行加 1；差异系数因此不可信", "Schools rarely have the same figure, nor one more from row to row: no coefficient can be trusted"),
         Message("核对这一列，逐校填写；确实相同的保留", "Check the column and fill in each school; keep what is the same in truth"), _filled_down),
)
# fmt: on


# P: what is about persons has no place in a dataset.


def _headers(view: View) -> Iterator[Found]:
    for name, table in view.tables.items():
        for column in view.data[name]:
            if column not in table.by_name and names_persons(column):
                message = person_column(name, None, column).message
                yield Found(name, None, column, lambda _, message=message: message)


def _numbers(view: View) -> Iterator[Found]:
    """Find numbers of persons where none was found on reading, when every cell is looked at."""
    named = {(found.table, found.column) for found in view.data.faults if found.rule == "P02"}
    for name, table in view.tables.items():
        if view.data[name].empty:
            continue
        for column, values in view.data[name].items():
            known = table.by_name.get(column)
            if (name, column) in named or (known is None and names_persons(column)):
                continue
            if known is not None and known.kind not in (ColumnKind.TEXT, ColumnKind.ID):
                continue
            found = find_numbers(values, codes=known is not None and known.kind is ColumnKind.ID)
            if found:
                what = joined("或", " or ", dict.fromkeys(kind for kinds in found.values() for kind in kinds))
                message = Message(
                    "有 {} 个单元格像是{}（首个在本行）",
                    "{} cells look like {} (the first is in this row)",
                    len(found),
                    what,
                )
                yield Found(name, np.array([*found][:1]), column, lambda _, message=message: message)


_WHY = Message(
    "个人信息不得写入数据集和报告（个人信息保护法第六条：限于最小范围）",
    "Data about persons may not stand in datasets and reports (Personal Information Protection Law, Article 6: no more than needed)",
)

# fmt: off
PEOPLE_RULES: tuple[Rule, ...] = (
    Rule("P01", Severity.STOPS, Message("个人信息的列", "A column about persons"),
         _WHY,
         Message("评估用不到个人信息，删去这一列后重新报送", "The assessment needs no data about persons: delete the column and hand in again"), _headers),
    Rule("P02", Severity.STOPS, Message("身份证号或手机号码", "An identity or mobile number"),
         _WHY,
         Message("删去这些内容；若只是编码，请改写得不像手机号码或身份证号", "Delete it; if it is a mere code, write it so that it looks like no mobile or identity number"), _numbers),
)
# fmt: on


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

        def say(p: int, distance=distance, district=district) -> Message:
            return Message(
                "坐标距本县区学校的中心 {:,.0f} 千米，而各校距中心的中位数是 {:,.1f} 千米",
                "the place is {:,.0f} km from the middle of the district's schools; the median distance of schools is {:,.1f} km",
                distance[p],
                usual[district[p]],
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
        lambda p: Message(
            "小区 {} 不在 zones（居住小区）表中", "zone {} is not in the table zones", given.iloc[p]
        ),
        None,
    )


def _no_school(view: View) -> Iterator[Found]:
    given = view.data["distances"]["place_id"]
    where = np.flatnonzero(given.notna().to_numpy() & (index_of(given, view.schools["school_id"]) < 0))
    first = where[~given.iloc[where].duplicated().to_numpy()]

    def say(p: int) -> Message:
        return Message("{} 不是学校，按校址读取", "{} is no school; read as a site", given.iloc[p])

    yield Found("distances", first, "place_id", say, None)


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

    def say(p: int) -> Message:
        return Message(
            "步行距离 {:g} 千米短于直线距离 {:.2f} 千米",
            "the walk of {:g} km is shorter than the straight line of {:.2f} km",
            walked[p],
            straight[p],
        )

    short = walked < straight * (1 - _ROUNDED) - _ROUNDED
    yield Found("distances", np.flatnonzero(short), "walk_km", say, None)


def _kilometres(frame: pd.DataFrame, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far east and north of a place (longitude, latitude) each row is; NaN where not known."""
    east, north = (frame[["longitude", "latitude"]].to_numpy(dtype=float) - middle).T
    return _KM * east * np.cos(np.radians(middle[:, 1])), _KM * north


# fmt: off
PLACE_RULES = (
    Rule("L01", Severity.WARNING, Message("坐标远离本县区其他学校", "Coordinates far from the district's schools"),
         Message("就近入学、调整学区和地图按坐标计算", "Nearby enrolment, zones and maps are computed from coordinates"),
         Message("核对经度和纬度：是否颠倒、缺位，或属于别处", "Check longitude and latitude: swapped, a digit lost, or of another place"), _find),
    Rule("L02", Severity.WARNING, Message("到校距离表中的小区不在小区表中", "A walk from a zone that is not in the table of zones"),
         Message("这一行的步行距离用不上，仍按直线距离估算", "The walk of this row is of no use: the straight line is still taken"),
         Message("小区编号与小区表写法一致", "Write the number of the zone as in the table zones"), _unknown_zone),
    Rule("L03", Severity.NOTE, Message("到校距离表中的编号不是学校", "A walk to what is no school"),
         Message("只有选址文件中校址的编号可以不在学校表中", "Only sites of a file of candidates need not be in the table schools"),
         Message("核对学校标识码；若是校址，不必改", "Check the identifier; leave it if it is a site"), _no_school),
    Rule("L04", Severity.WARNING, Message("步行距离短于直线距离", "A walk shorter than the straight line"),
         Message("步行距离先于直线距离的估算，选址和情景照此计算", "Walks go before straight lines in siting and scenarios"),
         Message("核对这一行的距离（单位是千米），以及小区和学校的经纬度", "Check the distance of the row (in km), and the coordinates of zone and school"), _too_short),
)
# fmt: on
