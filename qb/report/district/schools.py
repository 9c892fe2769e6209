"""The schools of a district: who passes, on what they fail, who is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.report.counts import Tally, schools_said
from qb.report.district.part import DistrictPart
from qb.report.english import translate
from qb.report.facts import Fact, anchor, finding_keys
from qb.report.seven import (
    allowed,
    names,
    percent_of_standard,
    seven_title,
    unmet,
    verdict_column,
    verdicts,
)
from qb.report.table import Column, Table
from qb.report.words import (
    compared,
    part_label,
    say,
    stage_label,
    term,
    title,
)
from qb.standard import SEVEN
from qb.terms import Allowance, Kind, Stage, Verdict

_ALLOWED = (Allowance.AT_SCHOOL.zh, Allowance.AT_SCHOOL.en)
MOST_ROWS = 70  # schools in a heat table; the table below it has all of them


class DistrictSchools(DistrictPart):
    """School by school."""

    def heats(self) -> list[charts.Chart]:
        """Return schools × indicators for each stage, those that fail first."""
        return [self._heat(stage) for stage in self.stages]

    def _heat(self, stage: Stage) -> charts.Chart:
        lang, standard = self.book.lang, self.book.standard
        rows = self.own.rows[(self.own.rows["stage"] == stage).to_numpy()]
        label = stage_label(stage, lang)
        finding = say(lang, f"{label}七项指标：", f"{label}, the seven: ") + self._standing(rows)
        order = np.lexsort((rows["name"], rows["met"], rows["verdict"].cat.codes))
        rows = rows.iloc[order[:MOST_ROWS]]
        labels = [title(standard[code], lang, short=True) for code in SEVEN]
        cut = len(order) > MOST_ROWS
        measure = say(lang, "占标准的百分比", "% of the standard")
        if cut:
            measure += say(
                lang, f"，列出 {len(order)} 所中的前 {MOST_ROWS} 所", f", {MOST_ROWS} of {len(order)} schools"
            )
        return charts.heat(
            percent_of_standard(rows).set_axis(labels, axis=1).set_axis(names(rows, lang), axis=0),
            verdicts(rows).set_axis(labels, axis=1),
            self._deep(rows),
            caption=self.caption(finding, measure),
            floor=100 * standard.rules.school.floor,
        )

    def _deep(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return which of the seven are below the floor of the school rule, too, shape (rows, 7)."""
        short = self.own.shortfalls
        short = short[(short["to_floor"] > 0).to_numpy()]
        deep = set(zip(short["school_id"], short["stage"], short["code"], strict=True))
        at = list(zip(rows["school_id"], rows["stage"], strict=True))
        return pd.DataFrame({code: [(*place, code) in deep for place in at] for code in SEVEN})

    def _standing(self, rows: pd.DataFrame) -> str:
        """Return how many of a stage's schools fail, on what most of them, or what the rule allows."""
        lang, standard = self.book.lang, self.book.standard
        seen = verdicts(rows)
        text = schools_said(Tally.of(rows["verdict"]), lang)
        worst = seen.eq(str(Verdict.FAIL)).sum()
        if worst.max():
            lacking = (100 - percent_of_standard(rows)).clip(lower=0).sum()  # decides between equal counts
            name = standard[max(SEVEN, key=lambda code: (worst[code], lacking[code]))].short
            return text + say(lang, f"，{name.zh}最弱", f"; weakest on {name.en.lower()}")
        below = int(seen.eq(str(Allowance.AT_SCHOOL)).any(axis=1).sum())
        more = say(
            lang,
            f"，其中 {below} 所有一项低于标准，规则允许",
            f"; {below} below the standard on one, as the rule allows",
        )
        return text + more * bool(below)

    def table(self) -> Table:
        """Return every judged school and stage: the seven, how many are met, the verdict."""
        lang = self.book.lang
        rows = self.own.rows
        rows = rows.iloc[np.lexsort((rows["name"], rows["met"], rows["verdict"].cat.codes))]
        place = (rows["stage"], rows["school_id"])
        values = {f"{code}_fact": self.keys(Fact.RESOURCE, [code] * len(rows), *place) for code in SEVEN}
        shown = rows[["name", "pupils", *SEVEN, "met"]].assign(
            **values,
            verdict_fact=self.keys(Fact.SCHOOL, *place),
            met_fact=self.keys(Fact.MET, *place),
            stage=[stage_label(stage, lang) for stage in rows["stage"]],
            kind=[term(kind, lang, (Kind,)) for kind in rows["kind"]],
            verdict=rows["verdict"].astype(str),
            unmet=[say(lang, "、", ", ").join(unmet(row)) for _, row in rows.iterrows()],
            allowed=[say(lang, "、", ", ").join(allowed(row)) for _, row in rows.iterrows()],
            failing=rows["verdict"] == Verdict.FAIL,
        )
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            verdict_column(lang, "verdict_fact"),
            Column("met", say(lang, "达标项数", "Met of 7"), decimals=0, fact="met_fact"),
            Column("unmet", say(lang, "未达标指标", "Not met")),
            *([Column("allowed", say(lang, *_ALLOWED))] if (shown["allowed"] != "").any() else []),
            Column("pupils", say(lang, "在校生（人）", "Pupils"), decimals=0),
            *(
                Column(code, seven_title(self.book.standard, code, lang), decimals=2, fact=f"{code}_fact")
                for code in SEVEN
            ),
        )
        return Table(
            say(lang, "各校七项指标（未达标的在前）", "The seven by school (not met first)"),
            columns,
            shown,
            failing="failing",
            empty=say(lang, "没有参加七项指标评估的学校。", "No school is judged on the seven."),
            lang=lang,
        )

    def findings(self) -> Table:
        """Return schools that do not meet C10–C13, C16, C19 or C26."""
        lang, standard = self.book.lang, self.book.standard
        frame = self.own.findings
        frame = frame[frame["school_id"].notna().to_numpy()]
        tally = Tally.of(frame["verdict"])
        frame = frame[(frame["verdict"] == Verdict.FAIL).to_numpy()]
        measured = [
            compared(standard[str(code)], str(part), lang)
            for code, part in zip(frame["code"], frame["part"], strict=True)
        ]
        shown = pd.DataFrame(
            {
                "name": frame["name"],
                "title": [title(standard[str(code)], lang) for code in frame["code"]],
                "part": [part_label(str(part), standard, lang) for part in frame["part"]],
                "stage": [stage_label(s, lang) if isinstance(s, str) else "" for s in frame["stage"]],
                "value": frame["value"],
                "limit": frame["limit"],
                "decimals": [decimals for decimals, _ in measured],
                "unit": [unit for _, unit in measured],
                "detail": [translate(d, lang) if isinstance(d, str) else "" for d in frame["detail"]],
                "rule": [anchor(str(code)) for code in frame["code"]],
                "fact": finding_keys(Fact.ITEM, self.own, frame),
            }
        )
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("part", say(lang, "项目", "Item")),
            Column("value", say(lang, "实际", "Actual"), decimals="decimals", beside="limit", fact="fact"),
            Column("limit", say(lang, "标准", "Standard"), decimals="decimals", beside="value"),
            Column("unit", say(lang, "单位", "Unit")),
            Column("detail", say(lang, "说明", "Detail")),
        )
        return Table(
            say(lang, "学校层面的其他未达标项", "Other figures that schools do not meet"),
            columns,
            shown,
            empty=say(
                lang,
                f"没有学校在这些指标上判为未达标；{tally.unknown} 处缺数据，无法判断。"
                if tally.unknown
                else "没有学校在这些指标上未达标。"
                if tally.known
                else "没有学校报送这些指标的数据。",
                f"Nothing that schools reported is below the standard; {tally.unknown} figures are without data."
                if tally.unknown
                else "Every school meets these."
                if tally.known
                else "No school reported on these.",
            ),
            lang=lang,
        )

    def excluded(self) -> Table:
        """Return the schools and stages that a rule leaves out, and schools not there in the year."""
        lang = self.book.lang
        frame = self.own.excluded
        shown = frame.assign(
            reason=[translate(reason, lang) for reason in frame["reason"]],
            stage=[stage_label(s, lang) if isinstance(s, str) else "" for s in frame["stage"]],
            pupils=frame["pupils"].astype(object).where(frame["pupils"].notna(), None),
        )
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("pupils", say(lang, "在校生（人）", "Pupils"), decimals=0),
            Column("reason", say(lang, "原因", "Reason")),
        )
        return Table(
            say(lang, "按规则不参加七项指标评估的学校和学段", "Left out of the seven by rule"),
            columns,
            shown,
            empty=say(lang, "没有按规则排除的学校。", "None is left out."),
            lang=lang,
        )

    def warnings(self) -> Table:
        """Return what a reader should know beside the verdicts."""
        lang = self.book.lang
        schools = self.book.data["schools"]
        name = dict(zip(schools["school_id"], schools["name"], strict=True))
        frame = self.own.warnings
        shown = frame.assign(
            name=[name.get(s, "") if isinstance(s, str) else "" for s in frame["school_id"]],
            message=[translate(message, lang) for message in frame["message"]],
        )
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("code", say(lang, "指标", "Indicator")),
            Column("message", say(lang, "提示", "Note")),
        )
        return Table(
            say(lang, "提示", "Notes"),
            columns,
            shown,
            empty=say(lang, "没有其他提示。", "No further notes."),
            lang=lang,
        )
