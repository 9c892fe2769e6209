"""Rules K of the check: records that are there once, and belong to something that is there; identifiers, leading zeros."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from qb.data.check_base import KINDS, SCHOOL_TABLES, STAGES, WHOLE, Found, Rule, View, one_away, one_slip
from qb.data.dataset import index_of
from qb.data.schema import TABLES, TABLES_OF_DISTRICTS, SchemaColumn
from qb.language import Message, listing
from qb.terms import Kind, Severity

_CITY_ENDS = re.compile(r"(省|市|州|盟|地区|自治区)(?=.)")
_DISTRICT_TABLES = (*TABLES_OF_DISTRICTS, "measures", "zones")


def _duplicates(view: View) -> Iterator[Found]:
    for name, table in view.tables.items():
        frame = view.frame(name)
        if not table.key or not len(frame):
            continue
        code, again = view.keys(name), view.repeated(name)
        if name in ("sections", "facilities", "classes"):  # a column that slipped is told as such (K08)
            again = again & ~(view.adrift(name) & view.misfits(name).any())
        again = np.flatnonzero(again)
        if not len(again):
            continue
        alike = np.flatnonzero(np.isin(code, code[again]))
        first = dict(zip(code[alike[::-1]], alike[::-1], strict=True))

        def say(position: int, table=table, frame=frame, code=code, first=first) -> Message:
            shown = listing(
                Message("{} {}", "{} {}", table[key], _word(frame[key].iloc[position], table[key]))
                for key in table.key
            )
            return Message(
                "{} 与第 {} 行重复",
                "{} is the same as row {}",
                shown,
                view.data.line(table.name, int(first[code[position]])),
            )

        school = "school_id" if "school_id" in table.key else None
        yield Found(name, again, table.key[-1], say, school)


def _subject_twice(view: View) -> Iterator[Found]:
    """Find a subject of the monitoring under a second name in the same year and district."""
    frame, names = view.data["monitoring"], view.standard.subjects()
    said = frame["subject"].dropna().unique()
    if len({names.get(name, name) for name in said}) == len(said):
        return
    key = frame[["year", "district"]].assign(
        subject=frame["subject"].map(lambda name: names.get(name, name)).astype(object)
    )
    again = key.duplicated() & ~frame[["year", "district", "subject"]].duplicated()
    again &= key.notna().all(axis=1)

    def say(position: int) -> Message:
        name = frame["subject"].iloc[position]
        other = next(
            frame["subject"].iloc[p]
            for p in np.flatnonzero((key == key.iloc[position]).all(axis=1).to_numpy())
            if p < position
        )
        return Message(
            "“{}”与“{}”是同一学科，本学年填报了两次",
            "“{}” and “{}” are one subject, entered twice in this year",
            name,
            other,
        )

    yield Found("monitoring", np.flatnonzero(again.to_numpy()), "subject", say, None)


def _word(value: object, column: SchemaColumn) -> str:
    """Return a value of a key as people write it."""
    labels = {term.value: term.zh for term in column.terms}
    return labels.get(value, f"{value:g}" if isinstance(value, float) else str(value))


def _unknown_school(view: View) -> Iterator[Found]:
    """Find codes of no school, each once, with where it stands and what it may have been meant to be.

    Names of schools are one finding, and a column of which most codes are of no school.
    """
    for table in SCHOOL_TABLES:
        for rows in view.dragged_codes(table):
            ends = view.data[table]["school_id"].iloc[rows[[0, -1]]]
            said = Message(
                "有 {} 行的标识码逐行加 1，从 {} 到 {}，像是向下拖动填充的",
                "the identifiers of {} rows count up by 1 from {} to {}, as when a cell is dragged down",
                len(rows),
                *ends,
            )
            yield Found(table, rows, "school_id", lambda _, said=said: said, "school_id", together=True)
    codes, rest = view.schools["school_id"], dict(view.strangers)
    names = [
        code for code in rest if code in view.slips and view.schools["name"].iloc[view.slips[code]] == code
    ]
    if len(names) > 1:
        at = _together([rest.pop(name) for name in names])
        said = view.names_turned and Message(
            "“学校”表的标识码与学校名称像是填反了（如 {}，名称填的是 {}）",
            "identifiers and names of the table schools seem to have changed places (as {}, named {})",
            codes.iloc[view.slips[names[0]]],
            names[0],
        )
        said = said or Message(
            "有 {} 个填的是校名（如 {}，标识码是 {}）",
            "{} are names of schools (as {}, whose identifier is {})",
            len(names),
            names[0],
            codes.iloc[view.slips[names[0]]],
        )
        yield _strangers(said, at)
    for table in SCHOOL_TABLES:
        for column in [name for name in view.data[table] if name.endswith("school_id")]:
            these = [code for code, at in rest.items() if (table, column) in at]
            if len(these) >= _MANY and 2 * len(these) >= view.data[table][column].nunique():
                at = _together([rest.pop(code) for code in these])
                said = Message(
                    "有 {} 个学校不在 schools（学校）表中（如 {}）",
                    "{} schools are not in the table schools (as {})",
                    len(these),
                    these[0],
                )
                yield _strangers(said, at)
    for code, at in rest.items():
        hint = ""
        if code in view.slips:
            known = codes.iloc[view.slips[code]]
            if code in names:
                hint = Message(
                    "；这是校名，其标识码是 {}", "; this is a school's name, its identifier is {}", known
                )
            elif one_slip(code, known):
                hint = Message("；与 {} 只差一处", "; {} differs by one slip", known)
            else:
                hint = Message(
                    "；只有 {} 没有填报，像是它的", "; {} alone has not reported, so it may be meant", known
                )
        said = Message(
            "学校 {} 不在 schools（学校）表中{}", "school {} is not in the table schools{}", code, hint
        )
        yield _strangers(said, at)


def _together(places: list[dict[tuple[str, str], np.ndarray]]) -> dict[tuple[str, str], np.ndarray]:
    at: dict[tuple[str, str], list[np.ndarray]] = {}
    for one in places:
        for place, rows in one.items():
            at.setdefault(place, []).append(rows)
    return {place: np.sort(np.concatenate(rows)) for place, rows in at.items()}


def _strangers(
    said: Message, at: dict[tuple[str, str], np.ndarray], school: str | None = "school_id"
) -> Found:
    """Return a finding that stands in several tables, at the first of them."""
    (table, column), rows = next(iter(at.items()))
    where = listing(
        Message("“{}”表 {} 行", "{}: {} rows", TABLES[name], len(rows)) for (name, _), rows in at.items()
    )
    many = Message("（{}）", " ({})", where) if len(at) > 1 or len(rows) > 1 else ""
    also = dict(list(at.items())[1:])
    school = school and (column if column.endswith("school_id") else school)
    return Found(table, rows, column, lambda _: said + many, school, together=True, also=also)


_MANY = 5  # from so many codes of no school on, and half of a column, the column has one cause


def _lost_zeros(view: View) -> Iterator[Found]:
    """Say once which tables have codes that differ from those of `schools` by zeros in front alone."""
    codes = view.schools["school_id"]
    short: dict[str, tuple[str, str, int]] = {}  # by table: a code, the one it means, how many
    longer: dict[str, tuple[str, str, int]] = {}
    at: dict[str, tuple[str, int]] = {}
    for table in SCHOOL_TABLES:
        frame = view.data[table]
        for column in [name for name in frame if name.endswith("school_id")]:
            meant, values = view.spelt(table, column), frame[column]
            rows = view.by_zeros(table, column)
            if not len(rows):
                continue
            typed, school = str(values.iloc[rows[0]]), str(codes.iloc[meant[rows[0]]])
            kind = short if len(typed) < len(school) else longer
            kind[table] = (typed, school, values.iloc[rows].nunique())
            at[table] = (column, int(rows[0]))
    if longer:
        labels = listing(Message("“{}”", "{}", TABLES[table]) for table in longer)
        typed, school, many = max(longer.values(), key=lambda found: found[2])
        message = Message(
            "“学校”表有 {} 个标识码与{}表的只差前导零（如 {} 与 {}）",
            "{} identifiers in schools differ from {} by zeros in front alone (as {} and {})",
            many,
            labels,
            school,
            typed,
        )
        first = int(np.flatnonzero((codes == school).to_numpy())[0])
        yield Found("schools", np.array([first]), "school_id", lambda _: message, None)
    if short:
        labels = listing(Message("“{}”", "{}", TABLES[table]) for table in short)
        typed, school, many = max(short.values(), key=lambda found: found[2])
        table = next(iter(short))
        column, row = at[table]
        told = Message(
            "{}表有 {} 个标识码丢了前导零（如 {}，应为 {}）",
            "{} has {} identifiers that lost zeros in front (as {}, should be {})",
            labels,
            many,
            typed,
            school,
        )
        yield Found(table, np.array([row]), column, lambda _: told, None)


def _unknown_parent(view: View) -> Iterator[Found]:
    parents = view.schools["parent_id"]
    unknown = parents.notna().to_numpy() & (view.school("schools", "parent_id") < 0) & (not view.names_turned)
    yield Found(
        "schools",
        np.flatnonzero(unknown),
        "parent_id",
        lambda position: Message(
            "所属学校 {} 不在本表中", "the parent school {} is not in this table", parents.iloc[position]
        ),
    )


def _circular_parent(view: View) -> Iterator[Found]:
    """Find schools that are above themselves: after enough steps upwards only they are still met."""
    parent = view.school("schools", "parent_id")
    above = np.flatnonzero(parent >= 0)
    circle = set()
    for school in set(parent[view.root][parent[view.root] >= 0].tolist()):
        here = school
        while here not in circle:
            circle.add(here)
            here = int(parent[here])
    where = above[np.isin(above, list(circle))]
    yield Found(
        "schools",
        where,
        "parent_id",
        lambda position: Message("校区的所属学校绕回了自己", "the parent of the campus leads back to itself"),
    )


def _parent_elsewhere(view: View) -> Iterator[Found]:
    districts, parent = view.schools["district"], view.school("schools", "parent_id")
    of_parent = districts.iloc[parent].reset_index(drop=True)
    given = (parent >= 0) & of_parent.notna().to_numpy() & districts.notna().to_numpy()
    wrong = np.flatnonzero(given & (of_parent != districts).to_numpy())

    def say(position: int) -> Message:
        return Message(
            "校区在 {}，所属学校在 {}",
            "the campus is in {}, its parent school in {}",
            districts.iloc[position],
            of_parent.iloc[position],
        )

    yield Found("schools", wrong, "district", say)


def _unknown_district(view: View) -> Iterator[Found]:
    """Find districts that are neither of a school nor by themselves, and those that look misspelt, each once."""
    alone = lone_districts(view)
    found: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    for table in _DISTRICT_TABLES:
        values = view.data[table]["district"]
        unknown = values.notna() & ~values.isin(alone)
        unknown = np.flatnonzero(unknown.to_numpy() & (index_of(values, view.schools["district"]) < 0))
        for name, rows in pd.Series(unknown).groupby(values.iloc[unknown].to_numpy(), sort=False):
            found.setdefault(str(name), {})[table, "district"] = rows.to_numpy()
    for name, at in found.items():
        said = Message("县区“{}”不在 schools（学校）表中", "district “{}” is not in the table schools", name)
        yield _strangers(said, at, school=None)


def lone_districts(view: View) -> list[str]:
    """Return the districts that reported items and have no school, in order.

    Not one whose name is like that of a district with schools, or that can only be meant for it: the
    schools are of one district, and no item is reported under its name.
    """

    def make() -> list[str]:
        given = [view.data[table]["district"].dropna().unique() for table in TABLES_OF_DISTRICTS]
        reporting = {str(name) for names in given for name in names}
        known = {str(name) for name in view.schools["district"].dropna().unique()}
        if len(known) == 1 and not known & reporting:
            return []
        return sorted(name for name in reporting - known if not any(_alike(name, other) for other in known))

    return view.once("lone districts", make)


def _alike(name: str, other: str) -> bool:
    name, other = plain_name(name), plain_name(other)
    return name in other or other in name or one_away(name, other)


def _two_spellings(view: View) -> Iterator[Found]:
    """Find districts that differ only in spaces, width or case, or by the city's name before them."""
    values = view.schools["district"]
    names = [str(name) for name in values.dropna().unique()]
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(plain_name(name), name)
    longer = _with_city(first)
    for name in names:
        plain = plain_name(name)
        same = first[plain] if first[plain] != name else first[longer.get(plain, plain)]
        if same != name:
            where = np.flatnonzero((values == name).to_numpy())[:1]
            message = Message(
                "县区“{}”与“{}”像是同一个县区的两种写法",
                "district “{}” and “{}” look like two spellings of one",
                name,
                same,
            )
            yield Found("schools", where, "district", lambda position, message=message: message, None)


def plain_name(name: str) -> str:
    """Return a name without what the eye does not tell apart: width, case, spaces, invisible marks."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return text if text.isalnum() else "".join(c for c in text if unicodedata.category(c)[0] not in "ZC")


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


def _stage_of_kind(view: View) -> Iterator[Found]:
    """Find stages that the kind of school does not have; of facilities, those that no section told of."""
    yield from _stages_turned(view)
    wrong = misplaced(view)
    for table in ("sections", "facilities"):
        rows, slot = view.misfits(table).copy(), view.slot(table)
        adrift = view.adrift(table)
        if (rows & adrift).any():
            off = np.flatnonzero(rows & adrift)
            again = int((view.repeated(table) & adrift).sum())
            said = Message(
                "{} 行中有 {} 行的学段是这类学校没有的{}，像是标识码或学段整列错位、拖动",
                "of {} rows {} have a stage that such a school does not have{}: as if a column of identifiers or stages had slipped or been dragged",
                int(adrift.sum()),
                len(off),
                Message("，有 {} 行重复", ", and {} come twice", again) if again else "",
            )
            dragged = [row for run in view.dragged_codes(table) for row in run]
            if not np.isin(off, dragged).all():
                yield Found(table, off, "stage", lambda _, said=said: said, together=True)
            rows &= ~adrift
        if table == "facilities":
            rows &= ~wrong[slot]
        school, stage = view.school(table), view.stage(table)

        def say(p: int, school=school, stage=stage) -> Message:
            return Message(
                "办学类型为“{}”的学校不应有“{}”学段",
                "a school of the kind “{}” should have no stage “{}”",
                KINDS[view.kind_with_parent[school[p]]],
                STAGES[stage[p]],
            )

        yield Found(table, np.flatnonzero(rows), "stage", say)


def _stages_turned(view: View) -> Iterator[Found]:
    """Say once that primary and junior changed places, in one table or in several."""
    if view.kinds_turned:
        kinds = [KINDS.index(kind) for kind in (Kind.PRIMARY, Kind.JUNIOR)]
        rows = np.flatnonzero(np.isin(view.kind, kinds))
        said = Message(
            "有 {} 所学校的办学类型与各表的学段正好相反，像是小学与初级中学填反了",
            "the kinds of {} schools are the reverse of the stages in all tables: primary and junior seem to have changed places",
            len(rows),
        )
        yield Found("schools", rows, "kind", lambda _: said, together=True)
    at = {(table, "stage"): np.flatnonzero(rows) for table, rows in view.stages_turned.items()}
    if at:
        rows = next(iter(at.values()))
        said = Message(
            "有 {} 行的小学、初中与学校的办学类型或年级正好相反，像是整列填反了",
            "in {} rows primary and junior are the reverse of the school's kind or of the grade: as if the column were filled in the wrong way round",
            len(rows),
        )
        yield _strangers(said, at)


def misplaced(view: View) -> np.ndarray:
    """Return the slots of sections whose stage the kind of school does not have, shape (slots + 1,)."""

    def make() -> np.ndarray:
        slot = view.slot("sections")
        wrong = np.zeros(view.slots + 1, dtype=bool)
        wrong[slot[(slot >= 0) & view.misfits("sections")]] = True
        return wrong

    return view.once("misplaced", make)


def _whole_section(view: View) -> Iterator[Found]:
    where = np.flatnonzero(view.stage("sections") == WHOLE)
    yield Found(
        "sections",
        where,
        "stage",
        lambda position: Message(
            "学段表中不能填“全校”，在校生须按学段填报",
            "sections cannot be of the whole school: pupils are entered by stage",
        ),
    )
    single = ~TABLES["classes"].bands(view.data["classes"])
    where = np.flatnonzero((view.stage("classes") == WHOLE) & single)
    yield Found(
        "classes",
        where,
        "stage",
        lambda position: Message(
            "逐班填报的班不能填“全校”，须填它所在的学段",
            "single classes cannot be of the whole school: enter the stage of each",
        ),
    )


def _reported_twice(view: View) -> Iterator[Found]:
    table, slot = TABLES["facilities"], view.slot("facilities")
    whole = (slot >= 0) & (view.stage("facilities") == WHOLE)
    if not whole.any():
        return
    for column in [c for c in table.columns if c.numeric and c.name not in table.key]:
        given = ~np.isnan(view.numbers(table.name, column.name))
        by_stage = np.zeros(view.slots // len(STAGES) + 1, dtype=bool)
        by_stage[slot[given & (slot >= 0) & ~whole] // len(STAGES)] = True
        twice = np.flatnonzero(whole & given & by_stage[slot // len(STAGES)])
        message = Message(
            "“{}”既按全校又按学段填报，会重复计算",
            "{} is entered both for the whole school and by stage: it would count twice",
            column,
        )
        yield Found(table.name, twice, column.name, lambda position, message=message: message)


def _funds_twice(view: View) -> Iterator[Found]:
    """Find the funds of campuses whose school says that its own accounts cover them."""
    frame, slot = view.data["funds"], view.slot("funds")
    covering = (slot >= 0) & frame["covers_campuses"].fillna(False).to_numpy(dtype=bool)
    covered = np.zeros(view.slots + 1, dtype=bool)
    covered[slot[covering]] = True
    school = view.school("funds")
    rows = np.flatnonzero((slot >= 0) & (view.root[school] != school) if len(view.root) else [])
    above = slot[rows] + (view.root[school[rows]] - school[rows]) * len(STAGES)
    rows = rows[covered[above]]
    of_school = view.schools["school_id"].to_numpy(dtype=object)
    yield Found(
        "funds",
        rows,
        "school_id",
        lambda position: Message(
            "所属学校 {} 的经费已含各校区，会重复计算",
            "the funds of the parent school {} cover its campuses already: they would count twice",
            of_school[view.root[school[position]]],
        ),
    )


def _bands(view: View) -> Iterator[Found]:
    """Find bands that cannot be: without an end, from above to below, or a single record as well."""
    for name, table in view.tables.items():
        if table.band is None or not (bands := table.bands(view.data[name])).any():
            continue
        band, frame = table.band, view.data[name]
        low, high = (view.numbers(name, column) for column in (band.low, band.high))
        label = {column: table[column] for column in (*band.columns, band.size)}
        open_both = bands & np.isnan(low) & np.isnan(high)
        upside_down = (low > high) | ((low == high) & (not band.closed))

        def say(p: int, low=low, high=high, label=label, band=band) -> Message:
            if np.isnan(low[p]):
                return Message(
                    "“{}”和“{}”都是空的", "{} and {} are both empty", label[band.low], label[band.high]
                )
            return Message(
                "“{}”{:g} 不小于“{}”{:g}",
                "{} {:g} is not below {} {:g}",
                label[band.low],
                low[p],
                label[band.high],
                high[p],
            )

        yield Found(name, np.flatnonzero(open_both | (bands & upside_down)), band.low, say)
        own = [column for column in (band.size, "grade", "class_no") if column in table.by_name]
        both = bands & frame[own].notna().any(axis=1).to_numpy()
        yield Found(
            name,
            np.flatnonzero(both),
            band.size,
            lambda p, label=label, band=band: Message(
                "一行既填了一档，又填了年级、班号或“{}”",
                "one row holds a band and a grade, a class number or {} as well",
                label[band.size],
            ),
        )


def _overlapping_bands(view: View) -> Iterator[Found]:
    for name, table in view.tables.items():
        if table.band is None:
            continue
        rows = np.flatnonzero(table.bands(view.data[name]) & (view.slot(name) >= 0))
        if not len(rows):
            continue
        low, high, _ = (view.numbers(name, column)[rows] for column in table.band.columns)
        low, high = np.nan_to_num(low), np.where(np.isnan(high), np.inf, high)
        kind = view.data[name]["kind"].iloc[rows].fillna("").to_numpy() if "kind" in table.by_name else ""
        order = pd.DataFrame({"slot": view.slot(name)[rows], "kind": kind, "low": low, "high": high})
        order = order.sort_values(["slot", "kind", "low"], kind="stable")
        group = [order["slot"], order["kind"]]
        top = order.groupby(group)["high"].cummax().groupby(group).shift()
        again = order["low"] <= top if table.band.closed else order["low"] < top
        at = order.index[again.to_numpy()].to_numpy()
        yield Found(
            name,
            np.sort(rows[at]),
            table.band.low,
            lambda p: Message(
                "这一档与同一学校、同一学段的另一档有重叠",
                "this band overlaps another of the same school and stage",
            ),
        )


_S = Severity.STOPS
_JOIN = Message(
    "各表按学校标识码和县区相互对应", "Tables belong together by identifiers of schools and by districts"
)

# fmt: off
KEY_RULES: tuple[Rule, ...] = (
    Rule("K01", _S, Message("键重复", "The same record twice"),
         Message("一条记录算两次，合计就错了", "A record that counts twice makes sums wrong"),
         Message("同一条记录只保留一行", "Keep one row for one record"), _duplicates),
    Rule("K02", _S, Message("学校不存在", "A school that is not listed"),
         _JOIN,
         Message("改正学校标识码，或在 schools 表补上这所学校", "Put the identifier right, or add the school to the table schools"), _unknown_school),
    Rule("K03", _S, Message("县区不存在", "A district that no school belongs to"),
         _JOIN,
         Message("改成 schools 表中的写法", "Write it as in the table schools"), _unknown_district),
    Rule("K04", _S, Message("县区两种写法", "One district written in two ways"),
         Message("一个县区会被当作两个来评估", "One district would be assessed as two"),
         Message("全表统一用一种写法；若确是两个县区，请写全称加以区别", "Use one spelling everywhere; if they are two districts, tell them apart by their full names"), _two_spellings),
    Rule("K05", _S, Message("所属学校不存在", "A parent school that is not listed"),
         Message("校区并入所属学校计算", "Campuses are counted with their parent school"),
         Message("改正 parent_id，或补上所属学校", "Put parent_id right, or add the parent school"), _unknown_parent),
    Rule("K06", _S, Message("校区归属成环", "Campuses that belong to each other"),
         Message("校区并入所属学校计算", "Campuses are counted with their parent school"),
         Message("校区的 parent_id 填独立设置的那所学校", "The parent_id of a campus names the school that stands by itself"), _circular_parent),
    Rule("K07", _S, Message("校区跨县区", "A campus in another district than its school"),
         Message("校区并入所属学校计算，评估以县区为单位", "Campuses are counted with their parent school, and districts are what is assessed"),
         Message("校区与所属学校须在同一县区；不在同一县区的按独立学校填报", "A campus and its parent must be in one district; enter one that is not as a school by itself"), _parent_elsewhere),
    Rule("K08", _S, Message("学段与办学类型不符", "A stage that the kind of school does not have"),
         Message("限值和分摊权重按办学类型和学段确定", "Limits and the weights of splitting go by kind and stage"),
         Message("改正办学类型或学段", "Put the kind or the stage right"), _stage_of_kind),
    Rule("K09", _S, Message("学段填了全校", "Pupils of the whole school"),
         Message("资源指标的分母是本学段学生数", "Resources are divided by the pupils of the stage"),
         Message("按小学、初中、高中分行填报", "Enter primary, junior and senior in rows of their own"), _whole_section),
    Rule("K10", _S, Message("设施重复填报", "Facilities both as a whole and by stage"),
         Message("同一项设施会算两次", "One thing would count twice"),
         Message("同一项设施只按全校或只按学段填一处", "Enter a thing once: for the whole school or by stage"), _reported_twice),
    Rule("K11", _S, Message("同一学科两个名称", "One subject under two names"),
         Message("每个学科每年只有一个结果", "A subject has one result a year"),
         Message("只保留一行，学科用标准中的名称", "Keep one row; name the subject as the standard does"), _subject_twice),
    Rule("K12", _S, Message("校区经费重复填报", "Funds of a campus that its school has reported"),
         Message("同一笔经费会算两次", "The same money would count twice"),
         Message("所属学校填“经费含各校区”的，删去校区的经费行；否则改填“否”", "Where the school's accounts cover its campuses, delete the rows of the campuses; else enter “no”"), _funds_twice),
    Rule("K13", _S, Message("标识码只差前导零", "Codes that differ by zeros in front alone"),
         _JOIN,
         Message("把标识码一列设为文本格式，补上丢失的零，各表写法一致", "Make the column of identifiers text, restore the zeros, write them alike in all tables"), _lost_zeros),
    Rule("K14", _S, Message("分档不成立", "A band of sizes that cannot be"),
         Message("按各档的班数、间数判定", "The number of classes or rooms of each band is judged"),
         Message("每一档填下限和上限，没有的一端留空；单个的班、教室另起一行", "Give each band its ends, blank where it has none; single classes and rooms stand in rows of their own"), _bands),
    Rule("K15", _S, Message("分档重叠", "Bands of sizes that overlap"),
         Message("同一个班、同一间教室会算两次", "One class or room would count twice"),
         Message("各档首尾相接，互不重叠", "Let bands follow each other without overlap"), _overlapping_bands),
)
# fmt: on
