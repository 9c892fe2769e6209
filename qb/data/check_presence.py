"""Rules T of the check: records that are missing, and records that should not be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from qb.data.check_base import KINDS, STAGES, WHOLE, YEARLY, Found, Rule, View, one_away
from qb.data.check_column_units import trusted
from qb.data.check_keys import lone_districts, misplaced, plain_name
from qb.data.dataset import is_open, silent_stages
from qb.data.schema import TABLES, TABLES_OF_DISTRICTS
from qb.language import Both, Message, joined, listing
from qb.terms import GRADES_OF_STAGE, STAGES_OF_KIND, Kind, Severity, Stage


def _grades(view: View) -> Iterator[Found]:
    grade, stage = view.numbers("classes", "grade"), view.stage("classes")
    low = np.array([*(GRADES_OF_STAGE[s].start for s in STAGES[:WHOLE]), 0, 0])
    high = np.array([*(GRADES_OF_STAGE[s].stop - 1 for s in STAGES[:WHOLE]), 99, 99])
    wrong = np.flatnonzero((grade < low[stage]) | (grade > high[stage]))
    yield Found(
        "classes",
        wrong,
        "grade",
        lambda p: Message(
            "{:.15g} 年级不属于“{}”学段", "grade {:.15g} is not of the stage “{}”", grade[p], STAGES[stage[p]]
        ),
    )


def _whole_of_one_stage(view: View) -> Iterator[Found]:
    single = np.array([*(len(STAGES_OF_KIND[kind]) == 1 for kind in KINDS), False])
    school = view.school("facilities")
    alone = single[view.kind] & (view.root == np.arange(len(view.root)))
    beyond = misplaced(view)[:-1].reshape(view.shape).any(axis=(0, 2))  # its kind, or a stage, is mistaken
    alone &= ~beyond
    wrong = (view.stage("facilities") == WHOLE) & (school >= 0) & ~view.adrift("facilities")
    wrong[wrong] = alone[school[wrong]]
    yield Found(
        "facilities",
        np.flatnonzero(wrong),
        "stage",
        lambda p: Message(
            "{}只有一个学段，却填了“全校”",
            "a {} has one stage, and “whole” is entered",
            KINDS[view.kind[school[p]]],
        ),
    )


def _without_section(view: View) -> Iterator[Found]:
    """Find the first record of each slot that has no section, in years in which sections were reported.

    Of a slot that stands in several tables it is said once, and not where the section is owed (T04) or the
    stage is one that the school cannot have (K08).
    """
    reported = view.has_section[:-1].reshape(view.shape).any(axis=(1, 2))
    told = np.append(owed(view).reshape(-1), False)
    told[np.flatnonzero(misplaced(view))] = True
    first: dict[int, tuple[str, int]] = {}
    also: dict[int, list[Message]] = {}
    for table in ("facilities", "classes", "rooms", "funds"):
        slot = view.slot(table)
        rows = np.flatnonzero(slot >= 0)
        lacking = ~view.has_section[slot[rows]] & reported[view.year(table)[rows]] & ~told[slot[rows]]
        slots, at = np.unique(slot[rows[lacking]], return_index=True)
        for place, row in zip(slots.tolist(), rows[lacking][at].tolist(), strict=True):
            first.setdefault(place, (table, row))
            also.setdefault(place, []).append(Message("“{}”表", "{}", TABLES[table]))
    for table in ("facilities", "classes", "rooms", "funds"):
        rows = {row: place for place, (of, row) in first.items() if of == table}
        stage = view.stage(table)

        def say(p: int, stage=stage, rows=rows) -> Message:
            what = (
                Message("任何学段", "stage at all")
                if stage[p] == WHOLE
                else Message("“{}”学段", "stage “{}”", STAGES[stage[p]])
            )
            others = listing(also[rows[p]][1:])
            more = (
                Message("，{}却也有它的数据", ", though there are data of it in {}", others) if others else ""
            )
            return Message(
                "学段表中没有这所学校本年度的{}{}", "sections has no {} of this school and year{}", what, more
            )

        column = "stage" if "stage" in view.data[table] else "school_id"
        yield Found(table, np.array(sorted(rows), dtype=int), column, say)
    known = np.flatnonzero(reported)
    beyond = ~far_years(view) & bool(len(known))
    if len(known):
        beyond[known[0] : known[-1] + 1] = False  # a year between others is missed itself (T05)
    beyond[view.year("sections")[view.adrift("sections")]] = False
    for table in ("facilities", "classes", "rooms"):  # funds may be of the year before
        year = view.year(table)
        for place in np.flatnonzero(beyond):
            where = np.flatnonzero(year == place)
            message = Message(
                "有 {} 行是 {} 学年，而学段表没有这一学年的数据",
                "{} rows are of {}, of which sections has nothing",
                len(where),
                view.years[place],
            )
            if len(where):
                yield Found(table, where, "year", lambda _, message=message: message, together=True)


def owed(view: View) -> np.ndarray:
    """Return the slots whose section is owed, as the assessment has it, shape (years, schools, stages).

    In the years in which their district reported; the slot of the whole where the school owes any.
    """

    def make() -> np.ndarray:
        found = np.zeros(view.shape, dtype=bool)
        reported = view.has_section[:-1].reshape(view.shape)
        district = pd.factorize(view.schools["district"].iloc[view.root])[0]
        adrift = np.zeros(len(view.years), dtype=bool)
        adrift[view.year("sections")[view.adrift("sections")]] = True
        for place, (there, year, far) in enumerate(zip(reported, view.years, far_years(view), strict=True)):
            if far or adrift[place]:
                continue
            silent = silent_stages(view.kind, view.root, there[:, :WHOLE], is_open(view.schools, year))
            silent[:, STAGES.index(Stage.SENIOR)] = False
            silent[~np.isin(district, district[there[:, WHOLE]])] = False
            found[place, :, :WHOLE] = silent
            found[place, :, WHOLE] = silent.any(axis=1)
        return found

    return view.once("owed", make)


def _silent(view: View) -> Iterator[Found]:
    """Find who owes a stage, unless a row under a stage that its school cannot have (K08) is this one."""
    if not view.slots:
        return
    silent = owed(view)[:, :, :WHOLE].copy()
    wrong = misplaced(view)[:-1].reshape(view.shape)[:, :, :WHOLE]
    silent[wrong.any(axis=2)] = False  # the school's own row, its stage or kind mistaken
    elsewhere = wrong.sum(axis=1) == silent.sum(axis=1)  # as many rows too many as there are too few
    silent &= ~(elsewhere & wrong.any(axis=1))[:, None, :]
    school, year, stage = view.school("sections"), view.year("sections"), view.stage("sections")
    unread = (school >= 0) & (stage < 0)  # the row is there, its stage was not read
    silent[year[unread], school[unread]] = False
    for place in range(len(view.years)):  # codes of no school may be those of the silent
        strange = view.data["sections"]["school_id"].to_numpy()[(school < 0) & (year == place)]
        if silent[place].any(axis=1).sum() <= len(set(strange)):
            silent[place] = False
    years: dict[int, dict[str, list[str]]] = {}
    for there, year, of_year in zip(
        view.has_section[:-1].reshape(view.shape)[:, :, WHOLE], view.years, silent, strict=True
    ):
        for school in np.flatnonzero(of_year.any(axis=1)):
            stages = tuple(STAGES[stage] for stage in np.flatnonzero(of_year[school]))
            years.setdefault(school, {}).setdefault(stages * bool(there[school]), []).append(year)
    yield Found(
        "schools",
        np.array(sorted(years), dtype=int),
        "school_id",
        lambda p: joined(
            "；",
            "; ",
            (
                Message(
                    "{} 学年没有报送{}学段数据",
                    "{1} not reported for {0}",
                    listing(of),
                    listing(stages) if stages else Both("", "sections"),
                )
                for stages, of in years[p].items()
            ),
        ),
    )


def _gaps(view: View) -> Iterator[Found]:
    """Find the years between others in which nobody in a district reported a section."""
    school = view.school("sections")
    known = (school >= 0) & ~far_years(view)[view.year("sections")]
    district = view.schools["district"].iloc[school[known]].to_numpy()
    pairs = pd.DataFrame({"district": district, "year": view.data["sections"]["year"][known].to_numpy()})
    for name, years in pairs.drop_duplicates().groupby("district", sort=False)["year"]:
        lacking = sorted(set(range(years.min(), years.max())) - set(years))
        if lacking:
            message = Message(
                "{}缺少 {} 学年的学段数据", "{} lacks the sections of {}", name, listing(map(str, lacking))
            )
            yield Found("sections", None, "year", lambda _, message=message: message, None)


def far_years(view: View) -> np.ndarray:
    """Return which of the years cannot be, or stand far from those that most rows have, shape (years,)."""

    def make() -> np.ndarray:
        rule, years = view.checks.school_years, view.years
        rows = sum(np.bincount(view.year(name), minlength=len(years)) for name in YEARLY)
        group = np.cumsum(np.diff(years, prepend=years[:1]) > rule.apart)
        share = np.bincount(group, rows) / max(rows.sum(), 1)
        few = share[group] * _FEW < share.max(initial=0)
        return few | (years < rule.first) | (years > rule.last)

    return view.once("far years", make)


_FEW = 10  # times as many rows have the years that are taken for right


def _odd_years(view: View) -> Iterator[Found]:
    """Find school years dragged down or far from all others, and years of opening far ahead of all data."""
    for name in YEARLY:
        for rows in view.dragged(name):
            given = view.data[name]["year"].to_numpy()[rows[[0, -1]]]
            message = Message(
                "有 {} 行的学年逐行加 1，从 {} 到 {}，像是向下拖动填充的",
                "the years of {} rows count up by 1 from {} to {}, as when a cell is dragged down",
                len(rows),
                *given,
            )
            yield Found(name, rows, "year", lambda _, message=message: message, together=True)
    years = view.years[far_years(view)]
    usual = view.years[~far_years(view)]
    ends = dict.fromkeys(map(str, usual[[0, -1]])) if len(usual) else ()
    span = (
        Message("，其余的数据是 {} 学年", ", the other data are of {}", joined("—", "–", ends))
        if ends
        else ""
    )
    for name in YEARLY if len(years) else ():
        given = view.meant_years(name)
        for year in years:
            rows = np.flatnonzero(given == year)
            message = Message("有 {} 行的学年是 {}{}", "{} rows are of the year {}{}", len(rows), year, span)
            yield Found(name, rows, "year", lambda _, message=message: message, together=True)
    last = (usual[-1] if len(usual) else view.checks.school_years.last) + 2 * view.checks.school_years.apart
    for column in ("opened_year", "closed_year", "built_year"):
        values = view.numbers("schools", column)

        def say(p: int, column=column, values=values) -> Message:
            return Message(
                "“{}”是 {:.15g} 年，比数据的年份晚得多",
                "{} is {:.15g}, long after the years of the data",
                TABLES["schools"][column],
                values[p],
            )

        yield Found("schools", np.flatnonzero(values > last), column, say)


def _nobody(view: View) -> Iterator[Found]:
    """Find schools that are open, reported their sections, and have no pupils in any, year by year."""
    pupils, school = view.numbers("sections", "pupils"), view.school("sections")
    zero, slot = pupils == 0, view.slot("sections") // len(STAGES)
    if not zero.any():
        return
    some = np.bincount(slot[(slot >= 0) & ~zero], minlength=view.slots // len(STAGES) + 1) > 0
    opened, closed = (
        np.append(view.numbers("schools", name), np.nan)[school] for name in ("opened_year", "closed_year")
    )
    year = view.data["sections"]["year"].to_numpy()
    rows = np.flatnonzero(zero & (slot >= 0) & ~some[slot] & ~(opened > year) & ~(closed < year))
    _, first = np.unique(slot[rows], return_index=True)
    yield Found(
        "sections",
        rows[np.sort(first)],
        "pupils",
        lambda p: Message(
            "{} 学年没有停办，各学段的在校生数却都是 0",
            "not closed in {}, and there are 0 pupils at every stage",
            year[p],
        ),
    )


def _before_opening(view: View) -> Iterator[Found]:
    opened = view.numbers("schools", "opened_year")
    yield _pupils_where(
        view,
        lambda school, year: year < opened[school],
        lambda p: Message("开办年份是 {:.15g} 年", "it opened in {:.15g}", opened[p]),
    )


def _after_closing(view: View) -> Iterator[Found]:
    closed = view.numbers("schools", "closed_year")
    yield _pupils_where(
        view,
        lambda school, year: year > closed[school],
        lambda p: Message("停办年份填的是 {:.15g} 学年", "it closed in {:.15g}", closed[p]),
    )


def _pupils_where(view: View, wrong: Callable, what: Callable[[int], str]) -> Found:
    """Return the first record with pupils of each school in a year in which it should have none."""
    school = view.school("sections")
    year = view.data["sections"]["year"].to_numpy()
    rows = np.flatnonzero((view.slot("sections") >= 0) & (view.numbers("sections", "pupils") > 0))
    rows = rows[wrong(school[rows], year[rows])]
    _, first = np.unique(school[rows], return_index=True)
    return Found(
        "sections",
        rows[np.sort(first)],
        "year",
        lambda p: Message("{} 学年有学生，而{}", "there are pupils in {}, but {}", year[p], what(school[p])),
    )


def _closed_first(view: View) -> Iterator[Found]:
    opened, closed = (view.numbers("schools", name) for name in ("opened_year", "closed_year"))
    yield Found(
        "schools",
        np.flatnonzero(closed < opened),
        "closed_year",
        lambda p: Message(
            "停办年份 {:.15g} 早于开办年份 {:.15g}",
            "closed in {:.15g}, before it opened in {:.15g}",
            closed[p],
            opened[p],
        ),
    )


def _unknown_items(view: View) -> Iterator[Found]:
    standard = view.standard
    tasks, vetoes = ({entry.item for entry in entries} for entries in (standard.tasks, standard.vetoes))
    checklist = {entry.item for entry in standard.checklist}
    codes = {entry.code for entry in standard.indicators}
    known = {
        ("evidence", "item"): checklist | tasks,
        ("vetoes", "item"): vetoes,
        ("monitoring", "subject"): set(standard.subjects()),
        ("measures", "code"): codes | checklist | tasks | vetoes | {"recognition"},
    }
    for (table, column), items in known.items():
        values = view.data[table][column]
        wrong = values.notna() & ~values.isin(items)

        def say(p: int, values=values) -> Message:
            return Message("本标准没有条目“{}”", "the standard has no item “{}”", values.iloc[p])

        yield Found(table, np.flatnonzero(wrong.to_numpy()), column, say, None)


_TELLING = ("district", "kind")  # of a school, what its verdicts go by


def _untold(view: View) -> Iterator[Found]:
    """Find schools that do not say what the others do, each once; a column that nobody filled in is no slip."""
    blank = view.schools[[name for name in _TELLING if view.schools[name].notna().any()]].isna()
    told = np.zeros(len(blank), dtype=bool)
    unread = {(f.row, f.column) for f in view.data.faults if f.table == "schools"}
    labels = [view.tables["schools"][name] for name in blank]

    def say(p: int) -> Message:
        lacking = (
            Message("“{}”", "{}", label) for label, gone in zip(labels, blank.iloc[p], strict=True) if gone
        )
        return Message("没有填{}", "there is no {}", listing(lacking))

    for name in blank:
        # What was filled in and could not be read is told as what it is.
        for p in np.flatnonzero(blank[name].to_numpy()) if unread else ():
            told[p] |= (view.data.line("schools", int(p)), name) in unread
        yield Found("schools", np.flatnonzero(blank[name].to_numpy() & ~told), name, say)
        told |= blank[name].to_numpy()


def _large_point(view: View) -> Iterator[Found]:
    most, pupils = view.checks.teaching_point_pupils, trusted(view, "sections", "pupils")
    school = view.school("sections")
    point = np.append(view.kind == KINDS.index(Kind.TEACHING_POINT), False)[school]
    point &= ~view.adrift("sections")
    yield Found(
        "sections",
        np.flatnonzero(point & (pupils >= most)),
        "pupils",
        lambda p: Message(
            "教学点有 {:.15g} 名学生，达到或超过 {} 人",
            "a teaching point of {:.15g} pupils, {} or more",
            pupils[p],
            most,
        ),
    )


def _large_class(view: View) -> Iterator[Found]:
    most, pupils = view.checks.class_pupils, view.numbers("classes", "pupils")
    wrong = np.flatnonzero(pupils >= most)
    yield Found(
        "classes",
        wrong,
        "pupils",
        lambda p: Message(
            "一个班有 {:.15g} 人，达到或超过 {} 人", "a class of {:.15g} pupils, {} or more", pupils[p], most
        ),
    )


_MANY = 3  # schools from which on a district's name is taken for right


def _one_letter_away(view: View) -> Iterator[Found]:
    """Find districts of one school whose name is one letter from that of a district of several.

    A space more or less is no letter: that is one name in two spellings, a fault of its own (K04).
    """
    values = view.schools["district"]
    counts = values.value_counts()
    usual = [name for name, count in counts.items() if count >= _MANY]
    for lone in counts.index[counts == 1]:
        spelling = plain_name(str(lone))
        like = [name for name in usual if one_away(spelling, plain_name(str(name)))]
        if like:
            where = np.flatnonzero((values == lone).to_numpy())
            message = Message(
                "县区“{}”只有这一所学校，与有 {} 所学校的“{}”只差一个字",
                "district “{0}” has this one school, and is one letter from “{2}” with {1} schools",
                lone,
                counts[like[0]],
                like[0],
            )
            yield Found("schools", where, "district", lambda _, message=message: message)


def _without_schools(view: View) -> Iterator[Found]:
    """Find districts that reported items and have no school, each once."""
    for name in lone_districts(view):
        table = next(t for t in TABLES_OF_DISTRICTS if (view.data[t]["district"] == name).any())
        where = np.flatnonzero((view.data[table]["district"] == name).to_numpy())[:1]
        message = Message(
            "县区“{}”在 schools（学校）表中没有学校，凡依据学校的结论均为缺数据",
            "district “{}” has no school in the table schools: whatever rests on schools is “no data”",
            name,
        )
        yield Found(table, where, "district", lambda _, message=message: message, None)


_W, _N = Severity.WARNING, Severity.NOTE

# fmt: off
PRESENCE_RULES: tuple[Rule, ...] = (
    Rule("T01", _W, Message("年级与学段不符", "A grade that the stage does not have"),
         Message("班额的限值按学段确定", "Limits of class sizes go by stage"),
         Message("小学 1—6、初中 7—9、高中 10—12 年级；改正年级或学段", "Primary has grades 1–6, junior 7–9, senior 10–12; put the grade or the stage right"), _grades),
    Rule("T02", _N, Message("单一学段的学校填了全校", "The whole of a school with one stage"),
         Message("按唯一的学段计算，结果不变", "It is taken for the only stage; the result is the same"),
         Message("改填该学段", "Enter that stage"), _whole_of_one_stage),
    Rule("T03", _W, Message("没有对应的学段", "Records without a section"),
         Message("没有学生数就算不出生均值，这些数据不会进入计算", "Without pupils there is no figure per pupil: these data are not counted"),
         Message("在学段表补报该学校该学年，或删去多余的行", "Report the school and year in sections, or delete the row"), _without_section),
    Rule("T04", _W, Message("学校缺少学段数据", "A school without a section"),
         Message("没有报送的学段按缺数据处理，区域结论因此不完整", "Stages not reported are “no data”, so the district's verdict is incomplete"),
         Message("补报；尚未开办的填写开办年份，已停办的填写停办年份，没有学生的学段填 0", "Report it; a school not open yet has its opening year, a closed one its closing year, a stage without pupils 0"), _silent),
    Rule("T05", _N, Message("学年不连续", "Years are missing in between"),
         Message("趋势和年度变化按相邻学年比较", "Trends and changes compare years next to each other"),
         Message("能补就补；不影响本年度的评估", "Add them if you can; this year's assessment does not need them"), _gaps),
    Rule("T06", _W, Message("开办之前已有学生", "Pupils before the school opened"),
         Message("新建学校在满员之前另作标注", "New schools are marked until they are full"),
         Message("核对开办年份和学年", "Check the opening year and the school year"), _before_opening),
    Rule("T07", _W, Message("标准中没有的条目", "Items that the standard does not have"),
         Message("对不上的条目不会进入评估", "What matches no item is not assessed"),
         Message("按条目说明改正编号", "Put the number of the item right"), _unknown_items),
    Rule("T08", _W, Message("教学点规模过大", "A large teaching point"),
         Message("教学点不参加资源指标，完全小学误填为教学点会被排除在外", "Teaching points are not judged on resources; a full primary school entered as one would be left out"),
         Message("核对办学类型和在校生数", "Check the kind and the pupils"), _large_point),
    Rule("T09", _W, Message("班额过大", "A class beyond belief"),
         Message("班额逐班判定", "Each class is judged"),
         Message("核对班额；合班填报的应分班填报", "Check the class; enter classes taught together one by one"), _large_class),
    Rule("T10", _W, Message("停办之后仍有学生", "Pupils after the school closed"),
         Message("停办的学校此后各学年不再要求报送；报送了的照常计算", "A closed school owes nothing from then on; what it reports is counted"),
         Message("核对停办年份（最后办学的学年）和学年", "Check the closing year (the last it taught in) and the school year"), _after_closing),
    Rule("T11", _W, Message("停办早于开办", "Closed before it opened"),
         Message("按开办和停办年份判断哪些学年应当报送", "Opening and closing years decide for which years a school must report"),
         Message("核对开办年份和停办年份", "Check the opening and the closing year"), _closed_first),
    Rule("T12", _W, Message("县区名只差一个字", "A district's name one letter from another"),
         Message("写错县区名的学校会被当作另一个县区来评估", "A school with its district misspelt would be assessed as another district"),
         Message("核对县区名；写错的改正，确是两个县区的保留", "Check the district; put a misspelt one right, keep two that are two"), _one_letter_away),
    Rule("T13", _W, Message("县区没有学校", "A district without schools"),
         Message("学校没有报送，凡依据学校的指标均为缺数据", "Without schools, every indicator that rests on them is “no data”"),
         Message("在 schools 表中补上该县区的学校；县区名写错的改正", "Add the district's schools to the table schools; put a misspelt district right"), _without_schools),
    Rule("T14", _W, Message("在办的学校没有学生", "A school that is open and has no pupils"),
         Message("没有学生的学校不参加资源指标的评估；0 就是 0，没有数据应留空", "Schools without pupils are not judged on resources; 0 means 0, leave blank what is not known"),
         Message("补填在校生数；没有数据就留空，已停办的填写停办年份", "Complete the pupils; leave blank what is not known; enter the closing year of a closed school"), _nobody),
    Rule("T15", _W, Message("年份不可能", "A year that cannot be"),
         Message("各学年分别评估，趋势按学年比较", "Each year is assessed by itself, and trends compare years"),
         Message("核对学年或年份", "Check the year"), _odd_years),
    Rule("T16", _W, Message("学校缺少县区或办学类型", "A school without district or kind"),
         Message("没有县区的学校不进入任何县区的结论；没有类型就不知道应报哪些学段", "Without its district a school is part of no district's verdict; without its kind nobody knows which stages it owes"),
         Message("补填；不是学校的行请删去", "Fill it in; delete a row that is no school"), _untold),
)
# fmt: on
