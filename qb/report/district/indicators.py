"""All 31 indicators of a district, and the items that are not met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.report.district.part import DistrictPart
from qb.report.facts import Fact, anchor, finding_keys
from qb.report.rules import limits_text
from qb.report.seven import (
    verdict_column,
)
from qb.report.table import Column, Table
from qb.report.words import (
    department_names,
    number,
    part_label,
    say,
    stage_label,
    title,
)
from qb.standard import SEVEN
from qb.terms import Verdict

AT_SCHOOLS = ("C11", "C12", "C13", "C16", "C19")  # indicators with one figure for a school or stage
# What the district's figure is where the worst decides.
EXTREMES = {
    "C11": ("最大的学校 ", "largest school: "),
    "C12": ("最大的班 ", "largest class: "),
    "C20": ("较低的学段 ", "lower stage: "),
    "C26": ("最低的学校 ", "lowest school: "),
    "C31": ("最大的校际差异率 ", "largest between-school rate: "),
}


class DistrictIndicators(DistrictPart):
    """The indicators one by one."""

    def table(self) -> Table:
        """Return all 31 indicators: verdict, value, standard, and who answers."""
        lang, standard = self.book.lang, self.book.standard
        frame = self.own.indicators
        place = (frame["code"], frame["district"])
        shown = pd.DataFrame(
            {
                "title": [title(standard[code], lang) for code in frame["code"]],
                "verdict": frame["verdict"].astype(str),
                "value": [
                    self._value(code, value)
                    for code, value in zip(frame["code"], frame["value"], strict=True)
                ],
                "limit": [
                    limits_text(standard[code], standard, self.book.year, lang) for code in frame["code"]
                ],
                "detail": [self._detail(code) for code in frame["code"]],
                "departments": [
                    department_names(standard[code].departments, standard, lang) for code in frame["code"]
                ],
                "failing": frame["verdict"] == Verdict.FAIL,
                "rule": [anchor(code) for code in frame["code"]],
                "verdict_fact": self.keys(Fact.INDICATOR, *place),
                "value_fact": [
                    "" if code in SEVEN else fact
                    for code, fact in zip(frame["code"], self.keys(Fact.FIGURE, *place), strict=True)
                ],
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
            say(lang, "31 项指标一览", "All 31 indicators"),
            columns,
            shown,
            failing="failing",
            note=say(
                lang,
                "“缺数据”指没有报送或不完整，不等于未达标；“不适用”指本区没有这类学校或学生。",
                "“No data”: not reported or not complete, which is not failure. “Not applicable”: there are none here.",
            ),
            lang=lang,
        )

    def _part(self, code: str, part: str, detail: object) -> str:
        """Return what an item asks: its text, the name of its limit, or the indicator's own title."""
        text = part_label(part, self.book.standard, self.book.lang)
        if isinstance(detail, str) and self.book.standard[code].measure == "monitoring":
            return say(self.book.lang, f"{detail}：{text}", f"{detail}: {text}")
        return text or title(self.book.standard[code], self.book.lang)

    def _value(self, code: str, value: float) -> str:
        if code in SEVEN:
            return self._means(code)
        if np.isnan(value):
            return ""
        indicator = self.book.standard[code]
        unit = indicator.limits[0].unit if indicator.limits and indicator.measure != "monitoring" else None
        if code == "C10":
            return say(self.book.lang, f"{number(value, 1)}% 的学校达标", f"{number(value, 1)} % of schools")
        if code == "C13":
            return say(
                self.book.lang,
                f"{number(value, 1)}% 的小规模学校达标",
                f"{number(value, 1)} % of small schools",
            )
        name = "" if unit is None else unit.zh if self.book.lang == "zh" else unit.en
        extreme = say(self.book.lang, *EXTREMES.get(code, ("", "")))
        return f"{extreme}{number(value, indicator.decimals)} {name}".replace(" %", "%").strip()

    def _means(self, code: str) -> str:
        """Return the district's mean at each stage, total over total."""
        lang = self.book.lang
        frame = self.own.balance[(self.own.balance["code"] == code) & self.own.balance["mean"].notna()]
        means = [
            f"{stage_label(stage, lang)} {number(mean, 2)}"
            for stage, mean in zip(frame["stage"], frame["mean"], strict=True)
        ]
        return say(lang, "；", "; ").join(means)

    def _detail(self, code: str) -> str:
        lang = self.book.lang
        if code in SEVEN:
            verdict = self.own.rows[f"{code}_verdict"]
            low, unknown = int((verdict == Verdict.FAIL).sum()), int((verdict == Verdict.NO_DATA).sum())
            total = len(verdict)
        else:
            mine = self.own.findings[self.own.findings["code"] == code]
            low = int((mine["verdict"] == Verdict.FAIL).sum())
            unknown = int((mine["verdict"] == Verdict.NO_DATA).sum())
            total = len(mine)
        unit, what = ("个", "学校（学段）") if code in SEVEN or code in AT_SCHOOLS else ("项", "")
        parts = []
        if low:
            parts.append(say(lang, f"{total} {unit}{what}中 {low} {unit}未达标", f"{low} of {total} not met"))
        if unknown:
            parts.append(say(lang, f"{unknown} {unit}{what}缺数据", f"{unknown} without data"))
        return say(lang, "，", ", ").join(parts)

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
                    self._part(str(code), str(part), detail)
                    for code, part, detail in zip(frame["code"], frame["part"], frame["detail"], strict=True)
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
            empty=say(lang, "区级要点全部达标。", "All items are met."),
            lang=lang,
        )
