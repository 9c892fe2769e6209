"""How the distribution moved, and what moved the coefficient."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.report.research.part import ResearchPart, Shown
from qb.report.research.spread import percentiles
from qb.report.research.study import TOLERANCE, Cut
from qb.terms import Stage

CAUSES = {
    "pupils": ("学生增减与流动", "pupils coming, leaving, moving"),
    "amount": ("资源增减", "resources changing"),
    "opened": ("新开学校", "schools opened"),
    "closed": ("停办学校", "schools closed"),
}


class Years(ResearchPart):
    """Percentiles year by year, and the change of the coefficient told by its causes."""

    def fans(self) -> list[Shown]:
        """Return percentiles of the most uneven measure, a figure a stage; none where there is one year."""
        if len(self.study.years) < 2:
            return []
        return [self._fan(stage) for stage in self.study.stages]

    def _fan(self, stage: Stage) -> Shown:
        focus = self.study.focus(stage)
        if focus is None:
            return self.note(self.why_none(stage))
        measure = focus.measure
        cuts = [self.study.cut(stage, measure, year) for year in self.study.years]
        found = np.array([percentiles(cut) for cut in cuts])
        return charts.fan(
            self.study.years,
            found,
            [cut.spread.mean for cut in cuts],
            caption=self.caption(
                self._moved(cuts, found),
                self.say(
                    f"各百分位学生所在学校的数值（{measure.unit('zh')}）",
                    f"Value at each percentile of pupils ({measure.unit('en')})",
                ),
                focus,
            ),
            limit=focus.limit,
            decimals=measure.decimals,
        )

    def _moved(self, cuts: list[Cut], found: np.ndarray) -> str:
        name = self.study.of(cuts[-1])
        known = [k for k in range(len(cuts)) if len(cuts[k].rows)]
        if len(known) < 2:
            return self.say(f"{name}：有数据的年份不足两年", f"{name}: fewer than two years have data")
        ends, decimals = [known[0], known[-1]], cuts[-1].measure.decimals
        first, last = (cuts[k].year for k in ends)
        before, after = (self.number(found[k][2], decimals) for k in ends)
        low, high = (self.number(found[k][4] - found[k][0], decimals) for k in ends)
        moved_zh, moved_en = _verb(low, high)
        return self.say(
            f"{name}：{first}—{last} 年中位数由 {before} 变为 {after}，九成学生之间的差距{moved_zh}（{low} → {high}）",
            f"{name}: from {first} to {last} the median went from {before} to {after}, "
            f"the distance between nine in ten pupils {moved_en} ({low} → {high})",
        )

    def changes(self) -> list[charts.Chart]:
        """Return what moved the coefficient of the most uneven measure, a figure a stage."""
        return [chart for stage in self.study.stages for chart in self._change(stage)]

    def _change(self, stage: Stage) -> list[charts.Chart]:
        focus = self.study.focus(stage)
        change = focus and self.change(focus)
        if not change:
            return []
        first, found = change
        effects = {key: getattr(found, key) for key in CAUSES}
        labels = [self.say(*CAUSES[key]) for key in CAUSES]
        shown = [round(effect, 4) for effect in effects.values()]
        main = max(effects, key=lambda key: abs(effects[key]))
        before, after = self.coefficient(found.before), self.coefficient(found.after)
        moved_zh, moved_en = _verb(before, after)
        name = self.study.of(focus)
        finding = self.say(
            f"{name}：{first}—{focus.year} 年差异系数{moved_zh}（{before} → {after}）",
            f"{name}: from {first} to {focus.year} the coefficient {moved_en} ({before} → {after})",
        )
        if abs(effects[main]) > TOLERANCE:
            share = f"{effects[main]:+.3f}".replace("-", "−")
            finding += self.say(
                f"，作用最大的是{self.say(*CAUSES[main])}（{share}）",
                f"; most through {CAUSES[main][1]} ({share})",
            )
        measure = self.say(
            "差异系数变动的分解（夏普利值），四项之和等于变动",
            "Change of the coefficient by cause (Shapley); the four add up to it",
        )
        return [
            charts.diverging(
                labels,
                shown,
                [f"{v:+.4f}".replace("-", "−") if v else "0" for v in shown],
                caption=self.caption(finding, measure, focus),
                sides=(self.say("使差异缩小", "evens out"), self.say("使差异扩大", "widens")),
            )
        ]

    def change(self, cut: Cut) -> tuple[int, balance.Change] | None:
        """Return the first year to compare with and the decomposition; None where there is none.

        The earliest year in which the coefficient is defined and some school of this year has the figure.
        """
        for year in self.study.years[:-1]:
            before = self.study.cut(cut.stage, cut.measure, year)
            both = set(before.rows["school_id"]) & set(cut.rows["school_id"])
            held = [
                rows.loc[rows["school_id"].isin(both), "amount"].sum() for rows in (before.rows, cut.rows)
            ]
            if both and min(held) > 0:
                return year, balance.change(
                    before.amount,
                    before.pupils,
                    before.rows["school_id"],
                    cut.amount,
                    cut.pupils,
                    cut.rows["school_id"],
                )
        return None

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return the change of every coefficient unrounded, a row for each stage and measure."""
        rows = []
        for stage in self.study.stages:
            for cut in self.study.cuts(stage):
                found = self.change(cut) if cut.usable else None
                if found:
                    first, change = found
                    rows.append(
                        {
                            "code": cut.measure.key,
                            "name": cut.measure.name(self.lang),
                            "stage": self.stage(stage),
                            "from": first,
                            "to": cut.year,
                            "before": change.before,
                            "after": change.after,
                            **{key: getattr(change, key) for key in CAUSES},
                        }
                    )
        return pd.DataFrame(rows)

    @cached_property
    def quantiles(self) -> pd.DataFrame:
        """Return the percentiles unrounded, a row for each stage, measure and year."""
        rows = []
        for stage in self.study.stages:
            for measure in self.study.measures:
                for year in self.study.years:
                    cut = self.study.cut(stage, measure, year)
                    found = percentiles(cut)
                    rows.append(
                        {
                            "code": measure.key,
                            "name": measure.name(self.lang),
                            "stage": self.stage(stage),
                            "year": year,
                            **dict(zip(("p5", "p25", "p50", "p75", "p95"), found, strict=True)),
                            "mean": cut.spread.mean,
                            "coefficient": cut.spread.coefficient,
                        }
                    )
        return pd.DataFrame(rows)


def _verb(before: str, after: str) -> tuple[str, str]:
    """Say which way a spread went, as far as the figures in print show it."""
    if before == after:
        return "基本不变", "hardly changed"
    fell = float(after.replace(",", "")) < float(before.replace(",", ""))
    return ("缩小", "shrank") if fell else ("扩大", "grew")
