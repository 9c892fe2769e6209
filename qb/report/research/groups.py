"""Differences between groups of schools, and within them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.report.research.part import ResearchPart, Shown
from qb.report.research.study import GROUPINGS, Cut
from qb.report.table import Column, Table
from qb.terms import Stage


class Groups(ResearchPart):
    """The squared coefficient split by a column of the schools."""

    @property
    def by(self) -> str:
        """What the schools are told apart by."""
        return self.say(*GROUPINGS[self.study.grouping])

    def splits(self) -> list[Shown]:
        """Return between and within over the years on every measure, a figure a stage."""
        return [self._splits(stage) for stage in self.study.stages]

    def _splits(self, stage: Stage) -> Shown:
        if not self.study.focus(stage):
            return self.note(self.why_none(stage))
        first = self.say(f"{self.by}之间", f"between: {self.by}")
        second = self.say(f"{self.by}之内", f"within: {self.by}")
        panels = {
            measure.name(self.lang): pd.DataFrame(
                [self._split(self.study.cut(stage, measure, year)) for year in self.study.years],
                index=self.study.years,
                columns=[first, second],
            )
            for measure in self.study.measures
        }
        measure = self.say(
            f"差异系数的平方，分为{self.by}之间与之内；数字为之间所占的百分比",
            f"Squared coefficient, between and within; the figure is the share between, by {self.by}",
        )
        return charts.parts(
            panels, caption=self.caption(self._finding(stage), measure, *self.study.cuts(stage))
        )

    def _split(self, cut: Cut) -> tuple[float, float]:
        if not cut.usable:
            return np.nan, np.nan
        squared = self.decompose(cut).squared
        return squared.between, squared.within

    def decompose(self, cut: Cut) -> balance.Decomposition:
        """Split one measure's coefficient by the groups."""
        return balance.decompose(cut.amount, cut.pupils, self.study.groups(cut.rows))

    def _finding(self, stage: Stage) -> str:
        label, cuts = self.stage(stage), [cut for cut in self.study.cuts(stage) if cut.differs]
        splits = {cut.measure: self.decompose(cut) for cut in cuts}
        if all(len(split.groups) == 1 for split in splits.values()):
            return self.say(
                f"{label}：按{self.by}只有一组，差异都在组内",
                f"{label}: there is one group by {self.by}, so all difference is within it",
            )
        share = {m: s.squared.between / s.squared.total for m, s in splits.items()}
        top = max(share, key=share.__getitem__)
        text = f"{100 * share[top]:.0f}"
        name = top.name(self.lang)
        if len(share) == 1:
            return self.say(
                f"{label} · {name}：{self.by}之间的差异占 {text}%，其余在组内",
                f"{label} · {name}: {text} % of the difference lies between groups by {self.by}, the rest within",
            )
        most = sum(v > 0.5 for v in share.values())
        return self.say(
            f"{label}：各校有差异的 {len(share)} 项中 {most} 项主要在{self.by}之间；最多的是{name}（{text}%）",
            f"{label}: groups by {self.by} make most of the difference on {most} of {len(share)}; the largest share is {text} % ({name})",
        )

    def table(self) -> Table:
        """Return each group by each measure: its level, its own coefficient, what it adds."""
        columns = (
            Column("name", self.say("指标", "Indicator")),
            Column("stage", self.say("学段", "Stage")),
            Column("group", self.by[:1].upper() + self.by[1:]),
            Column("schools", self.say("学校数", "Schools"), decimals=0),
            Column("share", self.say("占学生（%）", "Pupils (%)"), decimals=1),
            Column("mean", self.say("均值", "Mean"), decimals="decimals"),
            Column("coefficient", self.say("组内系数", "Own coefficient"), decimals=3),
            Column("between", self.say("组间（%）", "Between (%)"), decimals=1),
            Column("within", self.say("组内（%）", "Within (%)"), decimals=1),
        )
        return Table(
            self.say(f"按{self.by}分组", f"By {self.by}"),
            columns,
            self.figures,
            note=self.say(
                "组间、组内：占差异系数平方的百分比，各组之和为 100%。组内系数：组内各校的差异系数。",
                "Between and within: % of the squared coefficient; all groups together make 100 %.",
            ),
            empty=self.say("各校没有差异，无从分组。", "Schools do not differ."),
            lang=self.lang,
        )

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return the split unrounded, a row for each stage, measure and group."""
        rows = [
            row
            for stage in self.study.stages
            for cut in self.study.cuts(stage)
            if cut.differs
            for row in self._rows(cut)
        ]
        return pd.DataFrame(rows)

    def _rows(self, cut: Cut) -> list[dict[str, object]]:
        split = self.decompose(cut)
        total = split.squared.total
        factor, mean = cut.measure.factor, cut.spread.mean
        between = split.share * (factor * split.mean / mean - 1) ** 2
        return [
            {
                "code": cut.measure.key,
                "name": cut.measure.name(self.lang),
                "stage": self.stage(cut.stage),
                "group": str(split.groups[k]),
                "schools": int(split.schools[k]),
                "share": 100 * split.share[k],
                "mean": factor * split.mean[k],
                "coefficient": split.coefficient[k],
                "between": 100 * between[k] / total,
                "within": 100 * split.squared.parts[k] / total,
                "decimals": cut.measure.decimals,
            }
            for k in range(len(split.groups))
        ]
