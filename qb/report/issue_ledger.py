"""The issue ledger (问题台账): the state of each measure on a day that is said; the table, overdue ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.indicators.assessment import Assessment
from qb.report.columns import Reader, table
from qb.report.tables import Column, Row, Table
from qb.report.verdict_keys import anchor
from qb.report.words import (
    Lang,
    Tally,
    department_names,
    detail_text,
    label,
    lacking_text,
    measured,
    number,
    part_label,
    say,
    short_title,
    stage_label,
    verdict_label,
)
from qb.terms import Progress, Term, Verdict

HERE = "ledger#ledger"  # where the ledger stands whole; other pages quote it
QUOTED = 8  # problems that another page quotes


class State(Term):
    """State of a measure on a day, the most pressing first."""

    OVERDUE = "overdue", "逾期未完成"
    UNKNOWN = "unknown", "未填状态", "State not entered"
    OPEN = "open", "整改中"
    DONE = "done", "已完成，待销号", "Done, to be closed"
    CLOSED = "closed", "已销号"


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
    return label(State(state), lang) if isinstance(state, str) else ""


def ledger_day(context: JudgedTables, district: str) -> str:
    """Return the day by which "overdue" is told.

    The latest day within the school year on which the data say that evidence was checked or a measure
    closed: what was reported is known as of then. The year's last day, 31 August, where there is none.
    """
    start, end = f"{context.year}-09-01", f"{context.year + 1}-08-31"
    dates = pd.concat(
        [
            frame.loc[(frame["district"] == district).to_numpy(dtype=bool), name].dropna()
            for frame, name in (
                (context.data["evidence"], "checked_on"),
                (context.data["measures"], "closed_on"),
            )
        ]
    )
    return max((day for day in dates if start <= day <= end), default=end)


def with_states(context: JudgedTables, problems: pd.DataFrame) -> pd.DataFrame:
    """Return problems of the context's ledger with their measures' `state`, the most pressing first.

    The state is missing where no measure was entered; `allowed` says of figures of C1–C7 that the school
    passes all the same. `place` is the number of a problem in its district's ledger: all problems of a
    district are asked for together.
    """
    days = {district: ledger_day(context, district) for district in problems["district"].unique()}
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
        state=pd.Series(states, index=problems.index, dtype=object), allowed=_allowed(context, problems)
    )
    found = found.iloc[pressing(found["state"], found["deadline"])].reset_index(drop=True)
    return found.assign(place=found.groupby("district", observed=True).cumcount() + 1)


def _allowed(context: JudgedTables, problems: pd.DataFrame) -> list[bool]:
    passing = {
        (row["school_id"], str(row["stage"]))
        for rows in context.school_index.rows.values()
        for row in rows
        if row["verdict"] == Verdict.PASS
    }
    places = zip(*(problems[name] for name in ("code", "part", "school_id", "stage")), strict=True)
    return [
        code in context.standard.resource_codes and part != "coefficient" and (school, str(stage)) in passing
        for code, part, school, stage in places
    ]


def pressing(states: pd.Series, deadlines: pd.Series) -> np.ndarray:
    """Return the order of rows by state and then deadline; those without a state come last."""
    order = {str(state): place for place, state in enumerate(State)}
    return np.lexsort((deadlines.fillna("9999").astype(str), states.map(order).fillna(len(order))))


class JudgedTables(Reader, Protocol):
    """What the ledger is read from: a dataset judged in a year (:class:`qb.report.context.ReportContext`)."""

    @property
    def data(self) -> Dataset:
        """The tables, with the measures entered."""

    @property
    def assessment(self) -> Assessment:
        """The assessment of the year."""

    @property
    def school_index(self) -> Any:
        """All tables by school."""


def ledger_table(context: JudgedTables, frame: pd.DataFrame, district: str, most: int | None = None) -> Table:
    """Return the issue ledger (问题台账) of a district, each problem with what has become of it; overdue ones first.

    Whole it has an address for each row; with `most` it is a quotation of so many that leads there.
    """
    days = sorted({ledger_day(context, district) for district in frame["district"].unique()})
    unknown = Tally.of(context.assessment.of(district).indicators["verdict"]).unknown
    rows = with_states(context, frame).to_dict("records")
    made = table_of(context, rows[:most], days, unknown, quoted=most is not None)
    if most is None or len(rows) <= most:
        return made
    return replace(
        made,
        more=(
            say(
                context.lang,
                f"以上为最紧迫的 {most} 个，全部 {len(rows)} 个问题见问题台账。",
                f"These are the {most} most pressing; all {len(rows)} problems: the issue ledger.",
            ),
            HERE,
        ),
    )


def table_of(
    context: JudgedTables,
    problems: Sequence[Mapping[str, object]],
    days: Sequence[str],
    unknown: int,
    *,
    quoted: bool = True,
) -> Table:
    """Return problems with their states, in this order, as a table.

    `days` are those of their districts; `unknown` is how many figures have no verdict. Where it is `quoted`
    its numbers lead to the ledger.
    """
    lang = context.lang

    def at(row: Row, _: object) -> str:
        return f"{HERE}-{row['place']}" if quoted else f"#ledger-{row['place']}"

    # Where nothing was entered for any of them, that is said once, not by empty columns.
    entered = any(isinstance(row[name], str) for row in problems for name in ("measure", "deadline", "state"))
    entered = entered or not quoted
    number = Column("number", ("序号", "No."), show=lambda row, _: str(row["place"]))
    return table(
        context,
        (f"问题台账（截至 {'、'.join(days)}）", f"Issue ledger as of {', '.join(days)}"),
        (
            replace(number, page="at") if quoted else replace(number, link=at),
            Column(
                "title",
                ("问题", "Problem"),
                show=lambda row, _: _problem(row["code"], row["part"], context),
                link=lambda row, _: anchor("coefficient" if row["part"] == "coefficient" else row["code"]),
            ),
            Column(
                "where",
                ("学校", "School"),
                school="school_id",
                show=lambda row, _: _where(row["name"], row["stage"], row["district"], context),
            ),
            Column(
                "state",
                ("实际、标准与缺口", "Actual, standard, gap"),
                show=lambda row, _: _state(row, context),
            ),
            Column(
                "departments",
                ("责任部门", "Departments"),
                show=lambda row, _: department_names(row["departments"], context.standard, lang),
            ),
            Column("measure", ("整改措施", "Measure")) if entered else None,
            Column("deadline", ("时限", "Deadline")) if entered else None,
            Column("status", ("状态", "Status"), show=lambda row, _: _still(row["state"], lang))
            if entered
            else None,
        ),
        [{**row, "at": at(row, None) if quoted else f"ledger-{row['place']}"} for row in problems],
        note=(
            (
                "措施、时限和状态取自整改台账中同一指标、同一学校最近一次登记；空白表示尚未登记。逾期的排在最前。"
                if entered
                else "都没有登记整改措施和时限。"
            )
            + "按原始数值判定；取整后会与标准相同的，多写几位小数。",
            (
                "Measures: the last entered for the same indicator and school, in any year; blank: none. Overdue first. "
                if entered
                else "No measure and no deadline was entered for any of them. "
            )
            + "Unrounded figures decide; what would equal the standard in print has more digits.",
        ),
        empty=nothing_to_mend(unknown, lang),
        **{} if quoted else {"anchor": "ledger", "rows_at": "at"},
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


def _problem(code: str, part: str, context: JudgedTables) -> str:
    lang = context.lang
    if code in ("recognition", "veto"):
        return part_label(part, context.standard, lang) or say(lang, "社会认可度", "Public recognition")
    name = short_title(code, context.standard, lang)
    words = part_label(part, context.standard, lang)
    return say(lang, f"{name}：{words}", f"{name}: {words}") if words else name


def _where(name: object, stage: object, district: str, context: JudgedTables) -> str:
    where = str(name) if isinstance(name, str) else say(context.lang, "全区", "District")
    if not isinstance(stage, str):
        return where
    shown = stage_label(stage, context.lang)
    return say(context.lang, f"{where}（{shown}）", f"{where} ({shown})")


def _state(row: dict[str, object], context: JudgedTables) -> str:
    """Return actual / standard / gap in words, as far as there are figures."""
    lang = context.lang
    if isinstance(row["value"], float) and np.isnan(row["value"]):
        return verdict_label(Verdict.FAIL, lang)
    code = str(row["code"])
    decimals, unit = measured(context.standard, code, str(row["part"]), lang)
    value, limit = row["value"], row["limit"]
    text = f"{number(value, decimals, beside=limit)} / {number(limit, decimals, beside=value)} {unit}"
    text = text.replace(" %", "%").rstrip()
    if gap := lacking_text(row, context.standard, lang):
        text += say(lang, f"，{gap}", f", {gap}")
    if row["allowed"]:
        text += say(lang, "；规则允许，学校仍达标", "; the rule allows it, the school is met")
    detail = detail_text(row, context.standard, lang)
    return say(lang, f"{text}（{detail}）", f"{text} ({detail})") if detail else text
