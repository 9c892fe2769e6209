"""What the plan takes for granted: the prices, and the upper bounds at schools."""

from __future__ import annotations

import pandas as pd

from qb.report.plan.work import PlanPart
from qb.report.table import Column, Table
from qb.report.words import UNITS, number, say, stage_label, title
from qb.terms import COMPULSORY

ASSUMED = "假设"  # how a price's source says that it is one


class PlanAssumed(PlanPart):
    """The cost file."""

    def prices(self) -> Table:
        """Return every price with its range, and whether it is assumed."""
        lang = self.book.lang
        both = say(lang, "、", ", ").join(stage_label(stage, lang) for stage in COMPULSORY)
        costs = self.work.costs.costs
        shown = pd.DataFrame(
            [
                {
                    "title": title(self.book.standard[cost.code], lang, short=True),
                    "stage": stage_label(cost.stage, lang) if cost.stage else both,
                    "what": say(lang, cost.what.zh, cost.what.en),
                    "yuan": cost.yuan,
                    "low": cost.low,
                    "high": cost.high,
                    "decimals": 0 if float(cost.high).is_integer() and float(cost.low).is_integer() else 1,
                    "yearly": say(
                        lang, "每年" if cost.yearly else "一次", "every year" if cost.yearly else "once"
                    ),
                    "source": self._source(cost.source),
                }
                for cost in costs
            ]
        )
        assumed = sum(cost.source.startswith(ASSUMED) for cost in costs)
        return Table(
            say(lang, f"费用：{self.work.costs.title.zh}", f"Prices: {self.work.costs.title.en}"),
            (
                Column("title", say(lang, "指标", "Indicator")),
                Column("stage", say(lang, "学段", "Stage")),
                Column("what", say(lang, "内容", "What")),
                Column("yuan", say(lang, "费用（元）", "Price (yuan)"), decimals="decimals"),
                Column("low", say(lang, "低值（元）", "Low (yuan)"), decimals="decimals"),
                Column("high", say(lang, "高值（元）", "High (yuan)"), decimals="decimals"),
                Column("yearly", say(lang, "计费", "Paid")),
                Column("source", say(lang, "依据", "Basis")),
            ),
            shown,
            note=say(
                lang,
                f"{len(costs)} 项费用中 {assumed} 项是假设，不是报价；使用方案前请换成本地价格（费用文件）。",
                f"{assumed} of {len(costs)} prices are assumptions, not quotations: put the district's own into a cost file before using the plan.",
            ),
            lang=lang,
        )

    def _source(self, source: str) -> str:
        assumed = source.startswith(ASSUMED)
        return say(self.book.lang, source, "assumption" if assumed else source)

    def bounds(self) -> Table:
        """Return what the cost file says of single schools."""
        lang = self.book.lang
        schools = self.book.data["schools"]
        name = dict(zip(schools["school_id"], schools["name"], strict=True))
        shown = pd.DataFrame(
            [
                {
                    "name": name.get(entry.school_id, entry.school_id),
                    "stage": stage_label(entry.stage, lang) if entry.stage else "",
                    "title": title(self.book.standard[entry.code], lang, short=True),
                    "most": ""
                    if entry.most is None
                    else f"{number(entry.most, 1)} {say(lang, *UNITS[entry.code])}",
                    "yuan": "" if entry.yuan is None else number(entry.yuan, 1),
                    "source": entry.source,
                }
                for entry in self.work.costs.schools
            ]
        )
        return Table(
            say(lang, "各校的上限和费用", "Upper bounds and prices at schools"),
            (
                Column("name", say(lang, "学校", "School")),
                Column("stage", say(lang, "学段", "Stage")),
                Column("title", say(lang, "指标", "Indicator")),
                Column("most", say(lang, "最多增加", "At most")),
                Column("yuan", say(lang, "费用（元）", "Price (yuan)")),
                Column("source", say(lang, "依据", "Basis")),
            ),
            shown,
            empty=say(
                lang,
                "费用文件没有给出各校的上限：方案假定各校都有地、有房可以增加。",
                "The cost file names no upper bounds: the plan assumes that every school has the land and space.",
            ),
            lang=lang,
        )
