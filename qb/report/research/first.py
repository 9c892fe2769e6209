"""Which school to help first so that schools come closer together."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.report.research.part import ResearchPart, Shown
from qb.report.research.study import Cut
from qb.report.table import Column, Table
from qb.terms import Stage

SHOWN = 6  # schools named on each side


class Help(ResearchPart):
    """The derivative of the coefficient, school by school."""

    def bars(self) -> list[Shown]:
        """Return whose next teacher or room helps most on the most uneven measure, a figure a stage."""
        return [self._bars(stage) for stage in self.study.stages]

    def _bars(self, stage: Stage) -> Shown:
        cut = self.study.focus(stage)
        if cut is None:
            return self.note(self.why_none(stage))
        effect = self._effect(cut)
        order = np.argsort(effect, kind="stable")
        shown = order if len(order) <= 2 * SHOWN else np.concatenate([order[:SHOWN], order[-SHOWN:]])
        names = np.array(self.study.names(cut.rows), dtype=object)
        step = cut.measure.in_steps(self.lang)
        first, raises = order[0], int((effect > 0).sum())
        finding = self.say(
            f"{self.study.of(cut)}：先帮{names[first]}；{len(effect)} 所中给 {raises} 所再增加反而使差异扩大",
            f"{self.study.of(cut)}: help {names[first]} first; at {raises} of {len(effect)} schools more would widen the gap",
        )
        measure = self.say(
            f"每增加 {step}，差异系数约变化多少（万分之一）",
            f"Change of the coefficient for {step} more (ten-thousandths)",
        )
        left = len(order) - len(shown)
        note = self.say(f"中间 {left} 所未画出", f"{left} schools in between are not drawn")
        return charts.diverging(
            names[shown].tolist(),
            1e4 * effect[shown],
            [f"{1e4 * v:+.2f}".replace("-", "−") for v in effect[shown]],
            caption=self.caption(finding, measure, cut),
            sides=(self.say("使差异缩小", "evens out"), self.say("使差异扩大", "widens")),
            notes_below=[note] if left else [],
        )

    def _effect(self, cut: Cut) -> np.ndarray:
        """Return how the coefficient moves with one step more at each school."""
        return cut.measure.step * balance.gradient(cut.amount, cut.pupils).amount

    def table(self) -> Table:
        """Return, for each measure, whom to help first and who would widen the gap most."""
        rows = []
        for stage in self.study.stages:
            for cut in self.study.cuts(stage):
                if not cut.differs:
                    continue
                effect, names = self._effect(cut), self.study.names(cut.rows)
                first, last = int(np.argmin(effect)), int(np.argmax(effect))
                rows.append(
                    {
                        "name": cut.measure.name(self.lang),
                        "stage": self.stage(stage),
                        "step": cut.measure.in_steps(self.lang),
                        "first": names[first],
                        "falls": 1e4 * effect[first],
                        "last": names[last],
                        "rises": 1e4 * effect[last],
                        "turning": cut.spread.mean * (1 + cut.spread.coefficient**2),
                        "decimals": cut.measure.decimals,
                    }
                )
        columns = (
            Column("name", self.say("指标", "Indicator")),
            Column("stage", self.say("学段", "Stage")),
            Column("step", self.say("每增加", "For")),
            Column("first", self.say("先帮", "Help first")),
            Column("falls", self.say("变化（万分之一）", "Change (1/10,000)"), decimals=2),
            Column("last", self.say("增加后差异扩大最多", "Widens most")),
            Column("rises", self.say("变化（万分之一）", "Change (1/10,000)"), decimals=2),
            Column("turning", self.say("转折点", "Turning point"), decimals="decimals"),
        )
        return Table(
            self.say("先帮哪所学校", "Whom to help first"),
            columns,
            pd.DataFrame(rows),
            note=self.say(
                "变化：差异系数的变化，按导数估计。转折点：数值低于它的学校再增加，差异缩小；高于它的，差异扩大。它略高于均值。",
                "Change: of the coefficient, by its derivative. Turning point: more at a school below it evens out, above it widens. It lies somewhat above the mean.",
            ),
            empty=self.say("各校没有差异。", "Schools do not differ."),
            lang=self.lang,
        )

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return every school by every measure, unrounded: value, contribution, influence, derivatives."""
        frames = [
            self._school_figures(cut)
            for stage in self.study.stages
            for cut in self.study.cuts(stage)
            if len(cut.rows)
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def _school_figures(self, cut: Cut) -> pd.DataFrame:
        one = np.zeros(len(cut.rows), dtype=int)
        slope = balance.gradient(cut.amount, cut.pupils, one, 1)
        kept = ["year", "district", "school_id", "name", "kind", "ownership", "location", "group", "stage"]
        return cut.rows[[*kept, "pupils", "amount", "value"]].assign(
            code=cut.measure.key,
            standardised=(cut.value - cut.spread.mean) / cut.spread.deviation if cut.differs else np.nan,
            contribution=balance.contributions(cut.amount, cut.pupils, one, 1),
            coefficient_without=balance.influence(cut.amount, cut.pupils, one, 1),
            slope_amount=slope.amount,
            slope_pupils=slope.pupils,
        )
