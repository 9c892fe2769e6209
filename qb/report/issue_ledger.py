"""The issue ledger (问题台账) as a table: overdue ones first, as of a day that is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from qb.report.columns import table
from qb.report.context import ReportContext, State, day_of, state_words, with_states
from qb.report.tables import Column, Row, Table
from qb.report.verdict_keys import anchor
from qb.report.words import (
    Lang,
    Tally,
    department_names,
    detail_text,
    lacking_text,
    measured,
    number,
    part_label,
    say,
    short_title,
    stage_label,
    verdict_label,
)
from qb.terms import Verdict

HERE = "annual#ledger"  # where the ledger stands whole; other pages quote it
QUOTED = 8  # problems that a district's page quotes


def ledger_table(
    context: ReportContext, frame: pd.DataFrame, district: str, most: int | None = None
) -> Table:
    """Return the issue ledger (问题台账) of a district, each problem with what has become of it; overdue ones first.

    Whole it has an address for each row; with `most` it is a quotation of so many that leads there.
    """
    days = sorted({day_of(context, district) for district in frame["district"]})
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
                f"以上为最紧迫的 {most} 个，全部 {len(rows)} 个问题见年度报告的问题台账。",
                f"These are the {most} most pressing; all {len(rows)} problems: the ledger of the annual report.",
            ),
            HERE,
        ),
    )


def table_of(
    context: ReportContext,
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
            Column("measure", ("整改措施", "Measure")),
            Column("deadline", ("时限", "Deadline")),
            Column("status", ("状态", "Status"), show=lambda row, _: _still(row["state"], lang)),
        ),
        [{**row, "at": at(row, None) if quoted else f"ledger-{row['place']}"} for row in problems],
        note=(
            "措施、时限和状态取自整改台账中同一指标、同一学校最近一次登记；空白表示尚未登记。逾期的排在最前。"
            "按原始数值判定；取整后会与标准相同的，多写几位小数。",
            "Measures: the last entered for the same indicator and school, in any year; blank: none. Overdue first. "
            "Unrounded figures decide; what would equal the standard in print has more digits.",
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


def _problem(code: str, part: str, context: ReportContext) -> str:
    lang = context.lang
    if code in ("recognition", "veto"):
        return part_label(part, context.standard, lang) or say(lang, "社会认可度", "Public recognition")
    name = short_title(code, context.standard, lang)
    words = part_label(part, context.standard, lang)
    return say(lang, f"{name}：{words}", f"{name}: {words}") if words else name


def _where(name: object, stage: object, district: str, context: ReportContext) -> str:
    where = str(name) if isinstance(name, str) else say(context.lang, "全区", "District")
    if not isinstance(stage, str):
        return where
    shown = stage_label(stage, context.lang)
    return say(context.lang, f"{where}（{shown}）", f"{where} ({shown})")


def _state(row: dict[str, object], context: ReportContext) -> str:
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
