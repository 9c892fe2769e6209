"""Is there enough, is it even, what is low together, and where."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.style import share
from qb.report.research.part import ResearchPart, Shown
from qb.terms import Stage

FEWEST = 5  # schools below which a correlation says nothing


class Levels(ResearchPart):
    """Level against balance, values that go together, and the map."""

    def quadrants(self) -> list[Shown]:
        """Return each indicator by level and by balance, a figure a stage."""
        return [self._quadrants(stage) for stage in self.study.stages]

    def _quadrants(self, stage: Stage) -> Shown:
        cuts = [cut for cut in self.study.cuts(stage) if np.isfinite(cut.limit)]
        known = [cut for cut in cuts if cut.usable]
        label = self.stage(stage)
        if not known:
            return self.note(
                self.say(
                    f"{label}：所选指标没有标准，或者缺数据，不比较水平",
                    f"{label}: no standard, or no data, to hold levels against",
                )
            )
        low = {cut.measure for cut in known if cut.below(cut.spread.mean)}
        over = {cut.measure for cut in known if cut.over}
        finding = self.say(
            f"{label}：{self.among(len(known))}均值低于标准的 {len(low)} 项，差异高于限值的 {len(over)} 项，两者兼有的 {len(low & over)} 项",
            f"{label}: {self.among(len(known))}, {len(low)} have a mean below the standard, {len(over)} a coefficient above the limit, {len(low & over)} both",
        )
        level = [100 * cut.spread.mean / cut.limit for cut in cuts]
        return charts.quadrants(
            [cut.measure.key for cut in cuts],
            [cut.measure.name(self.lang) for cut in cuts],
            level,
            [cut.spread.coefficient for cut in cuts],
            [
                f"{share(at)} % · {self.coefficient(cut.spread.coefficient)}"
                if cut.usable
                else self.absent(cut)
                for at, cut in zip(level, cuts, strict=True)
            ],
            cap=self.study.book.standard.coefficient_limit(stage),
            poor=[cut.measure in low | over for cut in cuts],
            corners=(
                self.say("低而不均", "low, uneven"),
                self.say("高而不均", "high, uneven"),
                self.say("低而均", "low, even"),
                self.say("高而均", "high, even"),
            ),
            caption=self.caption(
                finding,
                self.say("均值占标准的百分比与差异系数", "Mean as % of the standard, and coefficient"),
                *cuts,
            ),
        )

    def correlations(self) -> list[Shown]:
        """Return which values go together, a figure a stage."""
        return [self._correlations(stage) for stage in self.study.stages]

    def _correlations(self, stage: Stage) -> Shown:
        table, schools = self.correlation(stage)
        finding = self._together(stage, table, schools)
        if len(table) < 2:
            return self.note(finding)
        measure = self.say(
            f"各校数值的斯皮尔曼等级相关，{schools} 所学校；与是否低于标准无关",
            f"Spearman rank correlation of values, {schools} schools; it says nothing of the standard",
        )
        return charts.correlations(table, caption=self.caption(finding, measure))

    def correlation(self, stage: Stage) -> tuple[pd.DataFrame, int]:
        """Return the rank correlation between measures, and how many schools it rests on.

        It is of values: nobody need be short of either. Left out are schools that lack one of the figures,
        and measures that are the same at all schools.
        """
        values = pd.DataFrame(
            {
                cut.measure.name(self.lang): pd.Series(cut.value.round(9), index=cut.rows["school_id"])
                for cut in self.study.cuts(stage)
                if len(cut.rows)
            }
        ).dropna()
        values = values.loc[:, (values.max() > values.min()) & (len(values) >= FEWEST)]
        return values.rank().corr(), len(values)

    def _together(self, stage: Stage, table: pd.DataFrame, schools: int) -> str:
        label = self.stage(stage)
        if schools < FEWEST:
            return self.say(
                f"{label}：各项数据齐全的学校不足 {FEWEST} 所，无从比较",
                f"{label}: fewer than {FEWEST} schools have all figures",
            )
        if len(table) < 2:
            return self.say(
                f"{label}：各校有差异的指标不足两项，无从比较",
                f"{label}: schools differ on fewer than two indicators",
            )
        pairs = [
            (table.iloc[i, j], table.index[i], table.columns[j]) for i in range(len(table)) for j in range(i)
        ]
        r, one, other = max(pairs)
        text = f"{r:.2f}".replace("-", "−")
        if r <= 0:
            return self.say(
                f"{label}：没有两项的数值在各校同高同低（相关系数最高 {text}）",
                f"{label}: no two values are high and low at the same schools (highest correlation {text})",
            )
        return self.say(
            f"{label}：{other}与{one}在各校的数值高低最一致（相关系数 {text}）",
            f"{label}: the values of {other} and {one} go together most closely (correlation {text})",
        )

    def maps(self) -> list[charts.Chart]:
        """Return where schools have more and less than the mean, a figure a stage with coordinates."""
        return [chart for stage in self.study.stages for chart in self._map(stage)]

    def _map(self, stage: Stage) -> list[charts.Chart]:
        cut = self.study.focus(stage)
        if cut is None:
            return []
        lon, lat = (cut.rows[name].to_numpy(float) for name in ("longitude", "latitude"))
        placed = np.isfinite(lon) & np.isfinite(lat)
        if not placed.any():
            return []
        z = (cut.value - cut.spread.mean) / cut.spread.deviation
        low, high = int((z[placed] < -1).sum()), int((z[placed] > 1).sum())
        finding = self.say(
            f"{self.study.of(cut)}：有坐标的 {placed.sum()} 所中，{low} 所明显偏低，{high} 所明显偏高",
            f"{self.study.of(cut)}: of {placed.sum()} schools on the map {low} lie far below the mean, {high} far above",
        )
        measure = self.say(
            "与均值之差，以标准差计；超过一个标准差为明显",
            "Distance from the mean in deviations; far is more than one",
        )
        return [
            charts.map_of_values(
                lon,
                lat,
                cut.pupils,
                self.study.names(cut.rows),
                z,
                caption=self.caption(finding, measure, cut),
            )
        ]
