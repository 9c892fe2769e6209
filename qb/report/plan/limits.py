"""Which limits bind, what easing them saves, and what one more pupil costs."""

from __future__ import annotations

import pandas as pd

from qb.report.plan.work import PlanPart
from qb.report.table import Column, Table
from qb.report.words import UNITS, number, say, stage_label, title

MOST = 10


class PlanLimits(PlanPart):
    """Prices (duals) of the relaxation."""

    def binding(self) -> Table:
        """Return the coefficients' limits and the upper bounds that bind."""
        lang, standard = self.book.lang, self.book.standard
        rows = []
        if self.work.made:
            rows += [
                {
                    "limit": say(
                        lang,
                        f"{stage_label(row.stage, lang)}{title(standard[row.code], lang, short=True)}差异系数不超过 {row.limit:g}",
                        f"{stage_label(row.stage, lang)} {title(standard[row.code], lang, short=True)}: coefficient at most {row.limit:g}",
                    ),
                    "step": say(lang, "放宽 0.01", "0.01 more"),
                    "saves": row.saves_yuan,
                }
                for row in self.work.why.caps.itertuples()
            ]
            rows += [
                {
                    "limit": say(
                        lang,
                        f"{row.name} {title(standard[row.code], lang, short=True)}：最多增 {number(row.limit, 1)}",
                        f"{row.name} {title(standard[row.code], lang, short=True)}: at most {number(row.limit, 1)} more",
                    ),
                    "step": say(lang, f"多 1 {UNITS[row.code][0]}", f"1 more ({UNITS[row.code][1]})"),
                    "saves": row.saves_yuan,
                }
                for row in self.work.why.bounds.itertuples(index=False)
            ]
        empty = (
            (
                "差异系数限值和上限都不起约束作用，费用全部用于各校达标。",
                "No coefficient and no upper bound binds: all is spent on the schools themselves.",
            )
            if self.work.made
            else ("没有方案，因而没有起约束作用的限制。", "There is no plan, hence no limit that binds.")
        )
        return Table(
            say(lang, "起约束作用的限制", "Limits that bind"),
            (
                Column("limit", say(lang, "限制", "Limit")),
                Column("step", say(lang, "放宽多少", "Eased by")),
                Column("saves", say(lang, "可省（元）", "Saves (yuan)"), decimals=0),
            ),
            pd.DataFrame(rows),
            note=say(
                lang,
                "按不取整的方案计算，只适用于小幅变动。",
                "Prices of the plan without whole numbers; they hold for small changes.",
            ),
            empty=say(lang, *empty),
            lang=lang,
        )

    def pupils(self) -> Table:
        """Return where one more pupil costs most."""
        lang = self.book.lang
        frame = self.work.why.pupils if self.work.made else pd.DataFrame(columns=["name", "stage", "yuan"])
        frame = frame[(frame["yuan"] >= 1).to_numpy(dtype=bool)]
        shown = frame.sort_values("yuan", ascending=False, kind="stable").head(MOST)
        shown = shown.assign(stage=[stage_label(stage, lang) for stage in shown["stage"]])
        return Table(
            say(
                lang,
                f"多一名学生要多花多少（最多的 {MOST} 处）",
                f"What one more pupil costs (the {MOST} highest)",
            ),
            (
                Column("name", say(lang, "学校", "School")),
                Column("stage", say(lang, "学段", "Stage")),
                Column("yuan", say(lang, "增加费用（元）", "More (yuan)"), decimals=0),
            ),
            shown,
            note=say(
                lang,
                "资源低于标准的学校，每多一名学生就要多补一份；按不取整的方案计算。",
                "A school below the standard must add for every pupil more; prices of the plan without whole numbers.",
            ),
            empty=say(
                lang,
                "各校多一名学生都不增加费用。" if self.work.made else "没有方案，不能计算。",
                "One more pupil costs nothing anywhere."
                if self.work.made
                else "There is no plan to compute it from.",
            ),
            lang=lang,
        )
