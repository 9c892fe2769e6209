"""The issue ledger (问题台账) as a table: overdue ones first, as of a day that is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from qb.report.book import Book
from qb.report.counts import Tally
from qb.report.english import detail_text
from qb.report.facts import anchor
from qb.report.table import Column, Table
from qb.report.words import (
    Lang,
    department_names,
    lacking_text,
    measured,
    number,
    part_label,
    say,
    stage_label,
    title,
    verdict_label,
)
from qb.standard import SEVEN
from qb.terms import Progress, Term, Verdict


class State(Term):
    """State of a measure on a day, the most pressing first."""

    OVERDUE = "overdue", "逾期未完成"
    UNKNOWN = "unknown", "未填状态"
    OPEN = "open", "整改中"
    DONE = "done", "已完成，待销号"
    CLOSED = "closed", "已销号"


ENGLISH = {
    State.OVERDUE: "Overdue",
    State.UNKNOWN: "State not entered",
    State.OPEN: "Open",
    State.DONE: "Done, to be closed",
    State.CLOSED: "Closed",
}


def state_on(day: str, deadline: object, status: object, closed_on: object) -> State:
    """Return a measure's state on a day; what was closed later was still open then.

    Examples
    --------
    Due in June and closed in September: in July it was overdue, in October it is closed.

    >>> [str(state_on(day, "2025-06-30", "closed", "2025-09-01")) for day in ("2025-07-01", "2025-10-01")]
    ['overdue', 'closed']
    """
    dated = isinstance(closed_on, str)
    if (status == Progress.CLOSED and not dated) or (dated and closed_on <= day):
        return State.CLOSED
    if status == Progress.DONE:
        return State.DONE
    if isinstance(deadline, str) and deadline < day:
        return State.OVERDUE
    return State.OPEN if isinstance(status, str) else State.UNKNOWN


def state_words(state: object, lang: Lang) -> str:
    """Return a state as the reader sees it; nothing where no measure was entered."""
    return say(lang, State(state).zh, ENGLISH[State(state)]) if isinstance(state, str) else ""


def day_of(book: Book, district: str) -> str:
    """Return the day by which "overdue" is told.

    The latest day within the school year on which the data say that evidence was checked or a measure
    closed: what was reported is known as of then. The year's last day, 31 August, where there is none.
    """
    start, end = f"{book.year}-09-01", f"{book.year + 1}-08-31"
    dates = pd.concat(
        [
            frame.loc[(frame["district"] == district).to_numpy(dtype=bool), name].dropna()
            for frame, name in ((book.data["evidence"], "checked_on"), (book.data["measures"], "closed_on"))
        ]
    )
    return max((day for day in dates if start <= day <= end), default=end)


def with_states(book: Book, problems: pd.DataFrame) -> pd.DataFrame:
    """Return problems of the book's ledger with their measures' `state`, the most pressing first.

    The state is missing where no measure was entered; `allowed` says of figures of C1–C7 that the school
    passes all the same.
    """
    days = {district: day_of(book, district) for district in problems["district"].unique()}
    states = [
        str(state_on(days[district], *end))
        if any(isinstance(part, str) for part in (measure, *end))
        else None
        for district, measure, *end in zip(
            *(problems[name] for name in ("district", "measure", "deadline", "status", "closed_on")),
            strict=True,
        )
    ]
    found = problems.assign(
        state=pd.Series(states, index=problems.index, dtype=object), allowed=_allowed(book, problems)
    )
    return found.iloc[pressing(found["state"], found["deadline"])].reset_index(drop=True)


def _allowed(book: Book, problems: pd.DataFrame) -> list[bool]:
    passing = {
        (row["school_id"], str(row["stage"]))
        for rows in book.roll.rows.values()
        for row in rows
        if row["verdict"] == Verdict.PASS
    }
    places = zip(*(problems[name] for name in ("code", "part", "school_id", "stage")), strict=True)
    return [
        code in SEVEN and part != "coefficient" and (school, str(stage)) in passing
        for code, part, school, stage in places
    ]


def pressing(states: pd.Series, deadlines: pd.Series) -> np.ndarray:
    """Return the order of rows by state and then deadline; those without a state come last."""
    order = {str(state): place for place, state in enumerate(State)}
    return np.lexsort((deadlines.fillna("9999").astype(str), states.map(order).fillna(len(order))))


def ledger_table(book: Book, frame: pd.DataFrame, district: str) -> Table:
    """Return entries of the issue ledger (问题台账), each with what has become of it; overdue ones first."""
    days = sorted({day_of(book, district) for district in frame["district"]})
    unknown = Tally.of(book.assessment.of(district).indicators["verdict"]).unknown
    return table_of(book, with_states(book, frame).to_dict("records"), days, unknown)


def table_of(
    book: Book, problems: Sequence[Mapping[str, object]], days: Sequence[str], unknown: int
) -> Table:
    """Return problems with their states, in this order, as a table.

    `days` are those of their districts; `unknown` is how many figures have no verdict.
    """
    lang, standard = book.lang, book.standard
    shown = [
        {
            "rule": anchor("coefficient" if row["part"] == "coefficient" else row["code"]),
            "title": _problem(row["code"], row["part"], book),
            "where": _where(row["name"], row["stage"], row["district"], book),
            "state": _state(row, book),
            "departments": department_names(row["departments"], standard, lang),
            "measure": row["measure"],
            "deadline": row["deadline"],
            "status": _still(row["state"], lang),
        }
        for row in problems
    ]
    columns = (
        Column("title", say(lang, "问题", "Problem"), link="rule"),
        Column("where", say(lang, "学校", "School")),
        Column("state", say(lang, "实际、标准与缺口", "Actual, standard, gap")),
        Column("departments", say(lang, "责任部门", "Departments")),
        Column("measure", say(lang, "整改措施", "Measure")),
        Column("deadline", say(lang, "时限", "Deadline")),
        Column("status", say(lang, "状态", "Status")),
    )
    return Table(
        say(lang, f"问题台账（截至 {'、'.join(days)}）", f"Issue ledger as of {', '.join(days)}"),
        columns,
        shown,
        note=say(
            lang,
            "措施、时限和状态取自整改台账中同一指标、同一学校最近一次登记；空白表示尚未登记。逾期的排在最前。"
            "按原始数值判定；取整后会与标准相同的，多写几位小数。",
            "Measures: the last entered for the same indicator and school, in any year; blank: none. Overdue first. "
            "Unrounded figures decide; what would equal the standard in print has more digits.",
        ),
        empty=nothing_to_mend(unknown, lang),
        lang=lang,
    )


def nothing_to_mend(unknown: int, lang: Lang) -> str:
    """Return what is said where no problem is known: that there is none, or how much nobody knows."""
    if not unknown:
        return say(lang, "没有需要整改的问题。", "Nothing to mend.")
    return say(
        lang,
        f"没有判为未达标的项目；{unknown} 项缺数据，是否需要整改无法判断。",
        f"Nothing is known to be below the standard; {unknown} figures or items are without data.",
    )


def _still(state: object, lang: Lang) -> str:
    """Return the state of a problem's measure; one that was ended is said not to have mended it."""
    text = state_words(state, lang)
    ended = state in (State.DONE, State.CLOSED)
    return text + say(lang, "，本年度仍未达标", "; still not met") if ended else text


def _problem(code: str, part: str, book: Book) -> str:
    lang = book.lang
    if code in ("recognition", "veto"):
        return part_label(part, book.standard, lang) or say(lang, "社会认可度", "Public recognition")
    name = title(book.standard[code], lang, short=True)
    words = part_label(part, book.standard, lang)
    return say(lang, f"{name}：{words}", f"{name}: {words}") if words else name


def _where(name: object, stage: object, district: str, book: Book) -> str:
    where = str(name) if isinstance(name, str) else say(book.lang, "全区", "District")
    if not isinstance(stage, str):
        return where
    shown = stage_label(stage, book.lang)
    return say(book.lang, f"{where}（{shown}）", f"{where} ({shown})")


def _state(row: dict[str, object], book: Book) -> str:
    """Return actual / standard / gap in words, as far as there are figures."""
    lang = book.lang
    if isinstance(row["value"], float) and np.isnan(row["value"]):
        return verdict_label(Verdict.FAIL, lang)
    code = str(row["code"])
    decimals, unit = measured(book.standard, code, str(row["part"]), lang)
    value, limit = row["value"], row["limit"]
    text = f"{number(value, decimals, beside=limit)} / {number(limit, decimals, beside=value)} {unit}"
    text = text.replace(" %", "%").rstrip()
    if gap := lacking_text(row, book.standard, lang):
        text += say(lang, f"，{gap}", f", {gap}")
    if row["allowed"]:
        text += say(lang, "；规则允许，学校仍达标", "; the rule allows it, the school is met")
    detail = detail_text(row, book.standard, lang)
    return say(lang, f"{text}（{detail}）", f"{text} ({detail})") if detail else text
