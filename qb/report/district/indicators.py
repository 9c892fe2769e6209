"""All 31 indicators of a district, and the items that are not met."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qb.judge import Assessment
from qb.report.counts import Tally
from qb.report.district.part import DistrictPart
from qb.report.english import detail_text
from qb.report.facts import Fact, anchor, finding_keys, key, shown_indicators, shown_seven
from qb.report.rules import limits_text
from qb.report.seven import (
    verdict_column,
)
from qb.report.table import Column, Table
from qb.report.words import (
    Lang,
    compared,
    department_names,
    number,
    part_label,
    say,
    school_year,
    stage_label,
    subject_label,
    title,
)
from qb.standard import SEVEN
from qb.terms import Verdict

AT_SCHOOLS = ("C11", "C12", "C13", "C16", "C19")  # indicators with one figure for a school or stage
# Indicators of which the figure that decides is shown, with its place; the largest or least of all may be
# allowed where it is, and another one not.
DECIDED = {
    "C11": ("", ""),
    "C12": ("最大的班", "largest class"),
    "C20": ("", ""),
    "C26": ("", ""),
    "C31": ("", ""),
}


class DistrictIndicators(DistrictPart):
    """The indicators one by one."""

    def table(self) -> Table:
        """Return all 31 indicators: verdict, value, standard, and who answers."""
        lang, standard = self.book.lang, self.book.standard
        frame = self.own.indicators
        place = (frame["code"], frame["district"])
        seen = shown_indicators(self.own)
        values = [value_of(self.own, str(code), lang) for code in frame["code"]]
        shown = pd.DataFrame(
            {
                "title": [title(standard[code], lang) for code in frame["code"]],
                "verdict": seen,
                "value": [text for text, _ in values],
                "limit": [
                    limits_text(standard[code], standard, self.book.year, lang) for code in frame["code"]
                ],
                "detail": [self._detail(code) for code in frame["code"]],
                "departments": [
                    department_names(standard[code].departments, standard, lang) for code in frame["code"]
                ],
                "failing": seen == str(Verdict.FAIL),
                "rule": [anchor(code) for code in frame["code"]],
                "verdict_fact": self.keys(Fact.INDICATOR, *place),
                "value_fact": [fact for _, fact in values],
            }
        )
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            verdict_column(lang, "verdict_fact"),
            Column("value", say(lang, "区域值（C1—C7 为平均值）", "Value (C1–C7: mean)"), fact="value_fact"),
            Column("limit", say(lang, "标准", "Standard")),
            Column("detail", say(lang, "说明", "Detail")),
            Column("departments", say(lang, "责任部门", "Departments")),
        )
        return Table(
            say(lang, f"{len(frame)} 项指标一览", f"All {len(frame)} indicators"),
            columns,
            shown,
            failing="failing",
            note=say(
                lang,
                "“缺数据”指没有报送或不完整，不等于未达标；“不适用”指本区没有这类学校或学生；“个别学校低于标准，规则允许”"
                "指低于标准的学校按学校结论的规则都达标。",
                "“No data”: not reported or not complete, which is not failure. “Not applicable”: there are none here. "
                "“Some schools below, the rule allows”: every school below the standard is met by the rule on schools.",
            ),
            lang=lang,
        )

    def _part(self, row: Mapping[str, object]) -> str:
        """Return what an item asks: its text, the name of its limit, or the indicator's own title."""
        lang, standard = self.book.lang, self.book.standard
        text, indicator = part_label(str(row["part"]), standard, lang), standard[str(row["code"])]
        if isinstance(row["detail"], str) and indicator in standard.monitored:
            known = row["value"] == row["value"]
            subject = (
                detail_text(row, standard, lang) if known else subject_label(row["detail"], standard, lang)
            )
            return say(lang, f"{subject}：{text}", f"{subject}: {text}")
        return text or title(indicator, lang)

    def _detail(self, code: str) -> str:
        lang = self.book.lang
        if code in SEVEN:
            tally = Tally.of(shown_seven(self.own.rows, code))
        else:
            tally = Tally.of(self.own.findings.loc[(self.own.findings["code"] == code).to_numpy(), "verdict"])
        unit, what = ("个", "学校（学段）") if code in SEVEN or code in AT_SCHOOLS else ("项", "")
        counts = (
            (tally.failed, "未达标", "not met"),
            (tally.allowed, "低于标准，规则允许", "below, the rule allows"),
            (tally.unknown, "缺数据", "without data"),
        )
        parts = [
            say(lang, f"{tally.held} {unit}{what}中 {n} {unit}{zh}", f"{n} of {tally.held} {en}")
            for n, zh, en in counts
            if n
        ]
        if code in [indicator.code for indicator in self.book.standard.monitored]:
            parts += self._monitored(self.own.findings[(self.own.findings["code"] == code).to_numpy()])
        return say(lang, "，", ", ").join(parts)

    def _monitored(self, found: pd.DataFrame) -> list[str]:
        """Return from which year each subject's result is, and which decide nothing."""
        lang, comma = self.book.lang, say(self.book.lang, "、", ", ")
        levels = found[(found["part"] == "level").to_numpy()]
        levels = levels.assign(detail=[subject_label(d, self.book.standard, lang) for d in levels["detail"]])
        beside = (levels["verdict"] == Verdict.NOT_APPLICABLE).to_numpy()
        told = [
            f"{comma.join(here['detail'])}{say(lang, '取', ': ')}{school_year(int(year), lang)}"
            for year, here in levels[~beside].groupby("year", sort=False)
        ]
        others = comma.join(levels.loc[beside, "detail"])
        return told + ([say(lang, f"{others}不参与判定", f"{others}: decides nothing")] if others else [])

    def unmet(self) -> Table:
        """Return the checklist items, figures and vetoes of C8–C31 that are not met or lack data."""
        lang, standard = self.book.lang, self.book.standard
        frame = self.own.findings
        frame = frame[(frame["verdict"] == Verdict.FAIL) | (frame["verdict"] == Verdict.NO_DATA)]
        frame = frame[
            frame["school_id"].isna().to_numpy() & frame["code"].isin([i.code for i in standard.indicators])
        ]
        frame = frame.iloc[np.argsort(frame["verdict"].cat.codes.to_numpy(), kind="stable")]
        shown = pd.DataFrame(
            {
                "title": [title(standard[str(code)], lang, short=True) for code in frame["code"]],
                "part": [
                    self._part(row)
                    for row in frame[["code", "part", "detail", "year", "value"]].to_dict("records")
                ],
                "verdict": frame["verdict"].astype(str),
                "failing": frame["verdict"] == Verdict.FAIL,
                "rule": [anchor(str(code)) for code in frame["code"]],
                "fact": finding_keys(Fact.FINDING, self.own, frame),
            }
        )
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("part", say(lang, "要点", "Item")),
            verdict_column(lang, "fact"),
        )
        return Table(
            say(lang, "区级要点：未达标与缺数据", "District items not met or without data"),
            columns,
            shown,
            failing="failing",
            empty=say(lang, "区级要点没有未达标或缺数据的。", "No item is unmet or without data."),
            lang=lang,
        )


def value_of(own: Assessment, code: str, lang: Lang) -> tuple[str, str]:
    """Return the figure of a district on an indicator in words, and the key of what it states.

    The means of C1–C7 have none; where one school, class, stage or subject decides, the figure is its own.
    """
    if code in SEVEN:
        return _means(own, code, lang), ""
    if code in DECIDED:
        return _deciding(own, code, lang)
    row = own.indicators[(own.indicators["code"] == code).to_numpy()].iloc[0]
    if np.isnan(row["value"]):
        return "", ""
    indicator = own.standard[code]
    unit = indicator.limits[0].unit if indicator.limits else None
    name = "" if unit is None else say(lang, unit.zh, unit.en)
    text = f"{number(row['value'], indicator.decimals)} {name}".replace(" %", "%").strip()
    if code == "C10":
        text = say(lang, f"{number(row['value'], 1)}% 的学校达标", f"{number(row['value'], 1)} % of schools")
    if code == "C13":
        text = say(
            lang,
            f"{number(row['value'], 1)}% 的小规模学校达标",
            f"{number(row['value'], 1)} % of small schools",
        )
    return text, key(Fact.FIGURE, own.year, code, row["district"])


def _means(own: Assessment, code: str, lang: Lang) -> str:
    """Return the district's mean at each stage, total over total."""
    frame = own.balance[(own.balance["code"] == code) & own.balance["mean"].notna()]
    means = [
        f"{stage_label(stage, lang)} {number(mean, 2)}"
        for stage, mean in zip(frame["stage"], frame["mean"], strict=True)
    ]
    return say(lang, "；", "; ").join(means)


def _deciding(own: Assessment, code: str, lang: Lang) -> tuple[str, str]:
    """Return the finding that decides an indicator: among those that fail, else all, the one furthest to that side."""
    indicator = own.standard[code]
    found = own.findings[(own.findings["code"] == code).to_numpy() & own.findings["value"].notna().to_numpy()]
    found = found[(found["verdict"] != Verdict.NOT_APPLICABLE).to_numpy()]
    failing = found[(found["verdict"] == Verdict.FAIL).to_numpy()]
    found = failing if len(failing) else found
    if not len(found):
        return "", ""
    sides = {limit.name: limit.side for limit in indicator.limits}
    upper = np.array([sides.get(part, indicator.limits[0].side) in ("<", "<=") for part in found["part"]])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (found["value"] / found["limit"]).to_numpy(float)
        place = int(np.argmax(np.nan_to_num(np.where(upper, share, 1 / share), nan=0.0)))
    row = found.iloc[place]
    decimals, unit = compared(indicator, str(row["part"]), lang)
    words = (
        detail_text(row, own.standard, lang) if indicator in own.standard.monitored else "",
        str(row["name"]) if isinstance(row["name"], str) else "",
        stage_label(row["stage"], lang) if isinstance(row["stage"], str) else "",
        part_label(str(row["part"]), own.standard, lang),
        say(lang, *DECIDED[code]),
    )
    named = say(lang, "，", ", ").join(word for word in words if word)
    figure = f"{number(row['value'], decimals, lang)} {unit}".replace(" %", "%").strip()
    text = say(lang, f"{figure}（{named}）", f"{figure} ({named})")  # names may hold numbers: they come after
    fact = finding_keys(Fact.ITEM, own, found.iloc[[place]])[0]
    return text, fact
