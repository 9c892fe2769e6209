"""How far schools are apart, by every measure, and how the distribution moved over the years."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.charts.small_multiples import Curve
from qb.charts.strip_plots import Strip
from qb.report.research_study import TOLERANCE, Cut, ResearchPart, Shown
from qb.report.tables import Column, Table
from qb.terms import Stage

# How far schools are apart, by every measure.


PERCENTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
CORNERS = 200  # a Lorenz curve of more schools is drawn through so many points
SHOWN = 12  # schools that a figure of contributions names

MEASURES = {
    "gini": (balance.gini, "基尼系数", "Gini"),
    "theil": (balance.theil, "泰尔指数 T", "Theil's T"),
    "mld": (balance.mld, "平均对数离差", "Mean log deviation"),
    "atkinson": (lambda r, p, g, n: balance.atkinson(r, p, 1, g, n), "阿特金森指数（e=1）", "Atkinson (e=1)"),
    "hoover": (balance.hoover, "胡佛指数", "Hoover"),
    "mcloone": (balance.mcloone, "麦克卢恩指数", "McLoone"),
    "verstegen": (balance.verstegen, "弗斯蒂根指数", "Verstegen"),
    "federal_range_ratio": (balance.federal_range_ratio, "联邦极差比", "Federal range ratio"),
}


class Spreads(ResearchPart):
    """Strips, Lorenz curves, all measures side by side, and who contributes what."""

    def strips(self) -> list[Shown]:
        """Return every school against the mean on every measure, a figure a stage."""
        return [self._strips(stage) for stage in self.study.stages]

    def _strips(self, stage: Stage) -> Shown:
        cuts = self.study.cuts(stage)
        if not any(cut.usable and len(cut.rows) > 1 for cut in cuts):
            return self.note(self.why_none(stage))
        return charts.spreads(
            [self._strip(cut) for cut in cuts],
            caption=self.caption(
                self._widest(stage),
                self.say("各校数值占均值的百分比", "Each school's value as % of the mean"),
                *cuts,
            ),
            decimals=self.study.context.standard.rules.rounding.coefficients,
        )

    def _strip(self, cut: Cut) -> Strip:
        found = percentiles(cut)
        return Strip(
            title=cut.measure.name(self.lang),
            values=cut.value,
            pupils=cut.pupils,
            names=self.study.names(cut.rows),
            quantiles=found,
            mean=cut.spread.mean,
            coefficient=cut.spread.coefficient,
            limit=cut.limit,
            cap=cut.cap,
            over=cut.over,
            low=cut.below(cut.value),
            absent=self.absent(cut),
        )

    def _widest(self, stage: Stage) -> str:
        widest = self.study.focus(stage)
        if widest is None:
            return self.why_none(stage)
        known = [cut for cut in self.study.cuts(stage) if cut.usable]
        held = [cut for cut in known if cut.held]
        over = sum(cut.over for cut in held)
        text = self.coefficient(widest.spread.coefficient)
        name, label = widest.measure.name(self.lang), self.stage(stage)
        if not held:
            return self.say(
                f"{label}：{name}校际差异最大（{text}）"
                if len(known) > 1
                else f"{label}：{name}的差异系数为 {text}",
                f"{label}: schools differ most on {name} ({text})"
                if len(known) > 1
                else f"{label}: the coefficient of {name} is {text}",
            )
        cap = self.limit(held[0].cap)
        if len(known) == 1:
            return self.say(
                f"{label}：{name}的差异系数为 {text}，{'高于' if over else '不高于'}限值 {cap}",
                f"{label}: the coefficient of {name} is {text}, {'above' if over else 'not above'} the limit of {cap}",
            )
        return self.say(
            f"{label}：{name}校际差异最大（{text}）；{self.among(len(held))} {over} 项高于限值 {cap}",
            f"{label}: schools differ most on {name} ({text}); {over} {self.among(len(held))} are above the limit of {cap}",
        )

    def lorenz(self) -> list[Shown]:
        """Return the Lorenz curves, a figure a stage."""
        return [self._lorenz(stage) for stage in self.study.stages]

    def _lorenz(self, stage: Stage) -> Shown:
        cuts = self.study.cuts(stage)
        if not any(cut.differs for cut in cuts):
            return self.note(self.why_none(stage))
        curves = {
            cut.measure.name(self.lang): _curve(cut) if cut.usable else self.absent(cut) for cut in cuts
        }
        known = {name: curve for name, curve in curves.items() if isinstance(curve, Curve)}
        name = min(known, key=lambda n: known[n].half)
        half = self.number(100 * known[name].half, 1)
        finding = self.say(
            f"{self.stage(stage)}：{name}得到最少的一半学生，分到 {half}%",
            f"{self.stage(stage)}: the half of pupils who get least have {half} % of {name}",
        )
        return charts.lorenz(
            curves,
            caption=self.caption(finding, self.say("洛伦兹曲线", "Lorenz curves"), *cuts),
        )

    def tables(self) -> list[Table]:
        """Return every measure of inequality side by side, a table a stage."""
        return [self._table(stage) for stage in self.study.stages]

    def _table(self, stage: Stage) -> Table:
        frame = self.at(self.figures, stage).set_index("name")
        rows = {
            "schools": self.say("学校数", "Schools"),
            "missing": self.say("缺数据未计入的学校数", "Schools left out: no data"),
            "coefficient": self.say("差异系数", "Difference coefficient"),
            **{key: self.say(zh, en) for key, (_, zh, en) in MEASURES.items()},
        }
        shown = frame[list(rows)].T.set_axis([f"m{k}" for k in range(len(frame))], axis=1).astype(float)
        facts = {
            f"m{k}_fact": [self.fact(stage, code) if row == "coefficient" else "" for row in rows]
            for k, code in enumerate(frame["code"])
        }
        shown = shown.assign(name=list(rows.values()), decimals=[0, 0] + [3] * (len(rows) - 2), **facts)
        columns = (
            Column("name", self.say("不均等指标", "Measure of inequality")),
            *(
                Column(f"m{k}", name, decimals="decimals", fact=f"m{k}_fact")
                for k, name in enumerate(frame.index)
            ),
        )
        return Table(
            self.say(f"{self.stage(stage)}：各种不均等指标", f"{self.stage(stage)}: measures of inequality"),
            columns,
            shown,
            note=self.say(
                "都按学生数加权。差异系数至胡佛指数、联邦极差比：0 为完全均等，越大越不均；麦克卢恩指数：1 为低的一半都达到中位数，"
                "越小越不均；弗斯蒂根指数：1 为高的一半都在中位数，越大越不均。没有定义的（如有学校为 0 时的平均对数离差）记作缺数据。",
                "All weighted by pupils. Coefficient to Hoover and federal range ratio: 0 is equal. McLoone: 1 where the lower "
                "half is at the median; Verstegen: 1 where the upper half is. What is undefined (mean log deviation where a "
                "school has nothing) is no data.",
            ),
            lang=self.lang,
        )

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return the measures unrounded, a row for each stage and measure."""
        rows = []
        for stage in self.study.stages:
            for cut in self.study.cuts(stage):
                one = np.zeros(len(cut.rows), dtype=int)
                found = {
                    key: float(measure(cut.amount, cut.pupils, one, 1)[0])
                    for key, (measure, *_) in MEASURES.items()
                }
                rows.append(
                    {
                        "code": cut.measure.key,
                        "name": cut.measure.name(self.lang),
                        "stage": self.stage(stage),
                        "schools": len(cut.rows),
                        "missing": cut.missing,
                        "mean": cut.spread.mean,
                        "deviation": cut.spread.deviation,
                        "coefficient": cut.spread.coefficient,
                        **found,
                        "limit": cut.cap,
                        "decimals": cut.measure.decimals,
                    }
                )
        return pd.DataFrame(rows)

    def contributions(self) -> list[Shown]:
        """Return which schools make the coefficient of the most uneven measure, a figure a stage."""
        return [self._contributions(stage) for stage in self.study.stages]

    def _contributions(self, stage: Stage) -> Shown:
        cut = self.study.focus(stage)
        if cut is None:
            return self.note(self.why_none(stage))
        share = 100 * balance.contributions(cut.amount, cut.pupils) / cut.spread.coefficient**2
        order = np.argsort(-share, kind="stable")
        few = int(np.searchsorted(np.cumsum(share[order]), 50 - TOLERANCE)) + 1
        pupils = 100 * cut.pupils[order[:few]].sum() / cut.pupils.sum()
        signed = np.where(cut.value < cut.spread.mean, -share, share)
        shown = order[:SHOWN]
        shown = shown[np.argsort(signed[shown], kind="stable")]
        names = np.array(self.study.names(cut.rows), dtype=object)
        rest = 100 - share[shown].sum()
        left = len(share) - len(shown)
        finding = self.say(
            f"{self.study.of(cut)}：{len(share)} 所学校中 {few} 所（占学生 {pupils:.0f}%）造成至少一半的差异",
            f"{self.study.of(cut)}: {few} of {len(share)} schools ({pupils:.0f} % of pupils) make at least half of the difference",
        )
        note = self.say(f"其余 {left} 所合计 {rest:.1f}%", f"the other {left}: {rest:.1f} % together")
        return charts.diverging(
            names[shown].tolist(),
            signed[shown],
            [f"{v:.1f} %" for v in share[shown]],
            caption=self.caption(
                finding,
                self.say(
                    "对差异系数平方的贡献，各校之和为 100%；数据表中低于均值的记作负数",
                    "Share of the squared coefficient; all schools make 100 %; negative in the table: below the mean",
                ),
                cut,
            ),
            sides=(self.say("低于均值", "below the mean"), self.say("高于均值", "above the mean")),
            notes_below=[note] if left else [],
        )


def percentiles(cut: Cut) -> np.ndarray:
    """Return the values at five percentiles of pupils; NaN where no school has the figure."""
    if not len(cut.rows):
        return np.full(len(PERCENTILES), np.nan)
    return balance.quantiles(cut.measure.factor * cut.amount, cut.pupils, PERCENTILES)


def _curve(cut: Cut) -> Curve:
    """Return a Lorenz curve, through all its corners where there are few."""
    half = balance.lorenz_ordinates(cut.amount, cut.pupils, at=0.5)
    gini = balance.gini(cut.amount, cut.pupils)
    if len(cut.rows) <= CORNERS:
        curve = balance.lorenz(cut.amount, cut.pupils)
        return Curve(curve.pupils, curve.amount, half, gini)
    at = np.linspace(0, 1, 101)
    return Curve(at, balance.lorenz_ordinates(cut.amount, cut.pupils, at=at), half, gini)


# How the distribution moved, and what moved the coefficient.


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
