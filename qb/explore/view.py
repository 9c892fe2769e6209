"""What the choices of a session do, in words and one table."""

from __future__ import annotations

import re
from html import escape

import pandas as pd

from qb.errors import QbError
from qb.explore.forms import FORMS
from qb.explore.session import Session
from qb.judge import COMPOSITE, Assessment
from qb.report import Column, Table
from qb.report.table import badge
from qb.report.words import Lang, listed, say, stage_label, title
from qb.scenario import ScenarioError
from qb.terms import Verdict

_ITEM = re.compile(r"(\s*第 \d+ 项 )(\w+)：(.*)")
_FIELD = re.compile(r"(?<![\w.])[a-z]+(?:[._][a-z0-9]+)*(?![\w.])", re.ASCII)
KEY = ["district", "stage", "code"]


def coefficients(session: Session, lang: Lang) -> Table:
    """Return the coefficients of C1–C7 before and after, with their limit and the verdict after."""
    base, after = session.base, session.after
    before = base.balance.loc[:, [*KEY, "coefficient"]].rename(columns={"coefficient": "before"})
    shown = after.balance[(after.balance["code"] != COMPOSITE).to_numpy()]
    frame = shown[[*KEY, "coefficient", "limit", "verdict"]].merge(before, on=KEY, how="left")
    frame["indicator"] = [title(base.standard[code], lang, short=True) for code in frame["code"]]
    frame["stage"] = [stage_label(stage, lang) for stage in frame["stage"]]
    frame["failing"] = frame["verdict"] == Verdict.FAIL
    several = len(base.districts) > 1
    return Table(
        say(lang, "差异系数", "Difference coefficients"),
        (
            *((Column("district", say(lang, "县区", "District")),) if several else ()),
            Column("indicator", say(lang, "指标", "Indicator")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("before", say(lang, "现状", "Now"), 3),
            Column("coefficient", say(lang, "之后", "After"), 3),
            Column("limit", say(lang, "限值", "Limit"), 2),
            Column("verdict", say(lang, "结论", "Verdict"), verdict=True),
        ),
        frame,
        failing="failing",
        empty=say(lang, "没有参加评估的学校。", "No school is judged."),
        lang=lang,
    )


def verdicts(session: Session, lang: Lang) -> str:
    """Return each district's verdict, and how many school rows pass, before and after, as HTML."""
    old, new = _standing(session.base), _standing(session.after)
    lines = []
    for district, (now, _, passing) in old.items():
        then, rows, after = new[district]
        verdict = _arrow(badge(now, lang), badge(then, lang))
        met = _arrow(str(passing), str(after))
        count = say(lang, f"学校（学段）{rows} 个，达标 {met}", f"{rows} school stages, met: {met}")
        colon, stop = say(lang, "：", ": "), say(lang, "；", "; ")
        lines.append(f"<p><b>{escape(district)}</b>{colon}{verdict}{stop}{count}</p>")
    return "".join([*lines, _turned(session, lang)])


def _standing(assessment: Assessment) -> dict[str, tuple[str, int, int]]:
    """Return each district's verdict, its judged school rows, and how many of them pass."""
    rows, districts = assessment.rows, assessment.districts
    judged = rows["district"].value_counts()
    passing = rows.loc[rows["verdict"] == Verdict.PASS, "district"].value_counts()
    return {
        str(district): (str(verdict), int(judged.get(district, 0)), int(passing.get(district, 0)))
        for district, verdict in zip(districts["district"], districts["verdict"], strict=True)
    }


def _arrow(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


def _turned(session: Session, lang: Lang) -> str:
    """Return which school rows come to pass, and which cease to."""
    now, then = (_by_row(assessment) for assessment in (session.base, session.after))
    won = [key for key, met in then.items() if met and not now.get(key, False)]
    lost = [key for key, met in now.items() if met and not then.get(key, False)]
    parts = [
        say(lang, f"{zh}：", f"{en}: ") + escape(listed([_row(session, key, lang) for key in keys], lang))
        for keys, zh, en in ((won, "转为达标", "Now met"), (lost, "不再达标", "No longer met"))
        if keys
    ]
    return f"<p>{say(lang, '。', '. ').join(parts)}</p>" if parts else ""


def _by_row(assessment: Assessment) -> dict[tuple[str, str], bool]:
    rows = assessment.rows
    keys = zip(rows["school_id"], rows["stage"], strict=True)
    return dict(zip(keys, rows["verdict"] == Verdict.PASS, strict=True))


def _row(session: Session, key: tuple[str, str], lang: Lang) -> str:
    return f"{session.name(key[0])} {stage_label(key[1], lang)}"


def sentences(error: QbError, lang: Lang) -> list[str]:
    """Return the lines of what is wrong; actions and fields of a scenario are called as the controls are."""
    lines = str(error).splitlines()
    return [_called(line, lang) for line in lines] if isinstance(error, ScenarioError) else lines


def _called(line: str, lang: Lang) -> str:
    found = _ITEM.match(line)
    form = FORMS.get(found[2]) if found else None
    if form is None:
        return line
    names = {control.name: say(lang, *control.label) for control in form.controls}
    rest = _FIELD.sub(lambda field: names.get(field[0], field[0]), found[3])
    return f"{found[1]}{say(lang, *form.label)}：{rest}"


def place_label(session: Session, place: object, lang: Lang) -> str:
    """Return a school, or a school and its stage, as a list offers it."""
    school, stage = place if isinstance(place, tuple) else (place, None)
    name = session.name(str(school))
    shown = name if pd.isna(stage) else f"{name}　{stage_label(stage, lang)}"
    return f"{shown}（{school}）" if name != school else shown
