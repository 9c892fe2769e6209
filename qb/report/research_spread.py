"""Research page: how far schools are apart by every measure and convention, and how sure that is."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.charts.research_figures import LorenzCurve
from qb.charts.strip_plots import Strip
from qb.indicators.verdicts import fails
from qb.report.research_study import TOLERANCE, Cut, ResearchPart, Shown, each_stage
from qb.report.tables import Column, Sentences, Table
from qb.report.words import signed
from qb.terms import Ownership, Stage

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
    "verstegen": (balance.verstegen, "维斯特根指数", "Verstegen"),
    "federal_range_ratio": (balance.federal_range_ratio, "联邦极差比", "Federal range ratio"),
}


class SpreadsView(ResearchPart):
    """Strips, Lorenz curves, all measures side by side, and who contributes what."""

    @each_stage
    def strips(self, stage: Stage) -> Shown:
        """Return every school against the mean on every measure, a figure a stage."""
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
            decimals=self.standard.rules.rounding.coefficients,
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
            f"{label}：{name}校际差异最大（{text}）；{self.among(len(held))}{self.some(over)}高于限值 {cap}",
            f"{label}: schools differ most on {name} ({text}); {self.some(over)} {self.among(len(held))} {'is' if over == 1 else 'are'} above the limit of {cap}",
        )

    @each_stage
    def lorenz(self, stage: Stage) -> Shown:
        """Return the Lorenz curves, a figure a stage."""
        cuts = self.study.cuts(stage)
        if not any(cut.differs for cut in cuts):
            return self.note(self.why_none(stage))
        curves = {
            cut.measure.name(self.lang): _curve(cut) if cut.usable else self.absent(cut) for cut in cuts
        }
        known = {name: curve for name, curve in curves.items() if isinstance(curve, LorenzCurve)}
        name = min(known, key=lambda n: known[n].half)
        half = self.number(100 * known[name].half, 1)
        finding = self.say(
            f"{self.stage(stage)}：{name}得到最少的一半学生，分到 {half}%",
            f"{self.stage(stage)}: the half of pupils who get least have {half}% of {name}",
        )
        return charts.lorenz(
            curves, caption=self.caption(finding, self.say("洛伦兹曲线", "Lorenz curves"), *cuts)
        )

    @each_stage
    def tables(self, stage: Stage) -> Table:
        """Return every measure of inequality side by side, a table a stage."""
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
            Column("name", ("不均等指标", "Measure of inequality")),
            *(
                Column(f"m{k}", name, decimals="decimals", fact=f"m{k}_fact")
                for k, name in enumerate(frame.index)
            ),
        )
        return self.table_of(
            (f"{self.stage(stage)}：各种不均等指标", f"{self.stage(stage)}: measures of inequality"),
            columns,
            shown,
            note=(
                "都按学生数加权。差异系数至胡佛指数、联邦极差比：0 为完全均等，越大越不均；麦克卢恩指数：1 为低的一半都达到中位数，"
                "越小越不均；维斯特根指数：1 为高的一半都在中位数，越大越不均。没有定义的（如有学校为 0 时的平均对数离差）记作缺数据。",
                "All weighted by pupils. Coefficient to Hoover and federal range ratio: 0 is equal. McLoone: 1 where the lower "
                "half is at the median; Verstegen: 1 where the upper half is. What is undefined (mean log deviation where a "
                "school has nothing) is no data.",
            ),
        )

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return the measures unrounded, a row for each stage and measure."""
        rows = []
        for cut in self.study.all_cuts:
            one = np.zeros(len(cut.rows), dtype=int)
            found = {
                key: float(measure(cut.amount, cut.pupils, one, 1)[0])
                for key, (measure, *_) in MEASURES.items()
            }
            rows.append(
                self.record(
                    cut,
                    schools=len(cut.rows),
                    missing=cut.missing,
                    mean=cut.spread.mean,
                    deviation=cut.spread.deviation,
                    coefficient=cut.spread.coefficient,
                    **found,
                    limit=cut.cap,
                    decimals=cut.measure.decimals,
                )
            )
        return pd.DataFrame(rows)

    @each_stage
    def contributions(self, stage: Stage) -> Shown:
        """Return which schools make the coefficient of the most uneven measure, a figure a stage."""
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
            f"{self.study.of(cut)}: {few} of {len(share)} schools ({pupils:.0f}% of pupils) make at least half of the difference",
        )
        note = self.say(f"其余 {left} 所合计 {rest:.1f}%", f"the other {left}: {rest:.1f}% together")
        return charts.diverging(
            names[shown].tolist(),
            signed[shown],
            [f"{v:.1f}%" for v in share[shown]],
            caption=self.caption(
                finding,
                self.say(
                    "对差异系数平方的贡献，各校之和为 100%；数据表中低于均值的记作负数",
                    "Share of the squared coefficient; all schools make 100%; negative in the table: below the mean",
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


def _curve(cut: Cut) -> LorenzCurve:
    """Return a Lorenz curve, through all its corners where there are few."""
    half = balance.lorenz_ordinates(cut.amount, cut.pupils, at=0.5)
    gini = balance.gini(cut.amount, cut.pupils)
    if len(cut.rows) <= CORNERS:
        curve = balance.lorenz(cut.amount, cut.pupils)
        return LorenzCurve(curve.pupils, curve.amount, half, gini)
    at = np.linspace(0, 1, 101)
    return LorenzCurve(at, balance.lorenz_ordinates(cut.amount, cut.pupils, at=at), half, gini)


# How sure a comparison with the limit is: errors that turn it, and where the coefficient may lie.


DRAWS = 1000


class Robustness(ResearchPart):
    """Flips, and intervals under errors of reporting."""

    def weakest(self) -> Sentences:
        """Return which comparison the smallest error would turn, a sentence a stage."""
        return Sentences(tuple(self._weakest(stage) for stage in self.study.stages))

    def _weakest(self, stage: Stage) -> str:
        frame = self.at(self.flips, stage)
        label = self.stage(stage)
        if not len(frame):
            return self.no_limit(stage) + self.say("。", ".")
        compared = self.among(len(frame))
        frame = frame[frame["school"].notna().to_numpy()]
        if not len(frame):
            return self.say(
                f"{label}：{compared}，任何一所学校单独出错，都不会使差异系数越过限值。",
                f"{label}: no error at a single school moves a coefficient across its limit, {compared}.",
            )
        row = frame.loc[frame["change"].abs().idxmin()]
        percent = signed(100 * row["change"], 1, "%")
        return self.say(
            f"{label}：最易翻转的是 {row['name']}（{self.coefficient(row['coefficient'])}）："
            f"{row['school']}一校的实际数量若与报送相差 {percent}，差异系数就到限值 {self.limit(row['limit'])}。",
            f"{label}: most easily turned is {row['name']} ({self.coefficient(row['coefficient'])}): "
            f"if {row['school']} alone were off by {percent}, the coefficient would be at its limit of {self.limit(row['limit'])}.",
        )

    @cached_property
    def flips(self) -> pd.DataFrame:
        """Return the smallest error of one school that turns each comparison, unrounded."""
        rows = []
        for cut in self.study.all_cuts:
            if not cut.held:
                continue
            turn = balance.flip(cut.amount, cut.pupils, cut.cap)
            at = turn.school
            rows.append(
                self.record(
                    cut,
                    coefficient=cut.spread.coefficient,
                    limit=cut.cap,
                    over=cut.over,
                    change=np.nan if at is None else float(turn.change[at]),
                    school=None if at is None else self.study.names(cut.rows)[at],
                    school_id=None if at is None else cut.rows["school_id"][at],
                    reported=np.nan if at is None else float(cut.amount[at]),
                )
            )
        columns = ["coefficient", "limit", "over", "change", "school", "school_id", "reported"]
        return pd.DataFrame(rows, columns=["code", "name", "stage", *columns])

    def flip_table(self) -> Table:
        """Return the flip table: which error at which school would turn the comparison."""
        frame = self.flips
        nobody = self.say("单独一校不能使其翻转", "no single school can")
        stages = {self.stage(stage): stage for stage in self.study.stages}
        shown = frame.assign(
            side=[self._side(over) for over in frame["over"]],
            percent=[
                nobody if change != change else signed(100 * change, 1, "%") for change in frame["change"]
            ],
            school=frame["school"].fillna(""),
            limit=[self.limit(limit) for limit in frame["limit"]],
            fact=[
                self.fact(stages[label], code)
                for label, code in zip(frame["stage"], frame["code"], strict=True)
            ],
        )
        columns = (
            Column("name", ("指标", "Indicator")),
            Column("stage", ("学段", "Stage")),
            Column("coefficient", ("差异系数", "Coefficient"), decimals=3, fact="fact"),
            Column("limit", ("限值", "Limit")),
            Column("side", ("现在", "Now")),
            Column("percent", ("使其翻转的最小误差", "Smallest error that turns it")),
            Column("school", ("哪所学校", "At which school"), school="school_id"),
        )
        return self.table_of(
            ("一校多大的误差会使结论翻转", "Which error at one school turns the comparison"),
            columns,
            shown,
            failing="over",
            empty=("没有可以与限值比较的差异系数。", "There is no coefficient to hold against a limit."),
        )

    def _side(self, over: bool) -> str:
        return self.say("高于限值", "above") if over else self.say("不高于限值", "not above")

    @cached_property
    def errors(self) -> pd.DataFrame:
        """Return each coefficient with its interval, unrounded."""
        rows = []
        for cut in self.study.all_cuts:
            low = high = np.nan
            if cut.usable:
                found = balance.error_interval(cut.amount, cut.pupils, self.study.error, DRAWS)
                low, high = found.low, found.high
            rows.append(
                self.record(cut, coefficient=cut.spread.coefficient, low=low, high=high, limit=cut.cap)
            )
        return pd.DataFrame(rows)

    def _over(self, frame: pd.DataFrame, column: str, stage: Stage) -> np.ndarray:
        """Return which coefficients are above the limit that the standard has for them."""
        found = fails(frame[column], self.standard, "coefficient", stage=stage)
        return found & frame["limit"].notna().to_numpy()

    @each_stage
    def intervals(self, stage: Stage) -> Shown:
        """Return where each coefficient may lie under the error of reporting, a figure a stage."""
        frame = self.at(self.errors, stage)
        known = frame[frame["coefficient"].notna().to_numpy()]
        if not len(known):
            return self.note(self.why_none(stage))
        held = known[known["limit"].notna().to_numpy()]
        if not len(held):
            return self.note(self.no_limit(stage))
        over, low, high = (self._over(known, name, stage) for name in ("coefficient", "low", "high"))
        crosses = high & ~low
        label, error = self.stage(stage), f"±{100 * self.study.error:g}%"
        finding = self.say(
            f"{label}：报送误差 {error} 时，{self.among(len(held))}{self.some(crosses.sum())}的区间跨过限值",
            f"{label}: with errors up to {error}, the interval of {self.some(crosses.sum())} {self.among(len(held))} contains the limit",
        )
        texts = [self.between(low, high) for low, high in zip(known["low"], known["high"], strict=True)]
        measure = self.say(
            f"每个报送数各自在 {error} 内均匀偏离，模拟 {DRAWS:,} 次，取中间 95%",
            f"Each reported figure off by its own share within {error}, {DRAWS:,} simulations, middle 95%",
        )
        return charts.intervals(
            known["name"].tolist(),
            known["coefficient"],
            known["low"],
            known["high"],
            texts,
            caption=self.caption(finding, measure, *self.study.cuts(stage)),
            limits=known["limit"].tolist(),
            over=over,
            crosses=crosses,
            notes_below=[
                self.say(
                    "● 按报送数据（◆ 高于限值），横线为区间。互不相关的误差总使各校更分散，所以区间可能整个在点的右边",
                    "● as reported (◆ above the limit), line: interval. Independent errors spread schools apart, "
                    "so the interval may lie to the right of the dot",
                )
            ],
        )


# What other conventions would make of the same schools.


ENGLISH = {"standard": "standard: weighted by pupils"}


class Conventions(ResearchPart):
    """The coefficient unweighted, in the sample form, rounded, with small schools, without private ones."""

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return each coefficient under other conventions, unrounded: a row for each."""
        rows = [
            self.record(
                cut,
                convention=self.say(found.zh, ENGLISH.get(found.name, found.name)),
                schools=found.schools,
                coefficient=found.coefficient,
                limit=cut.cap,
                standard=found.name == "standard",
            )
            for cut in self.study.all_cuts
            if cut.usable
            for found in self._conventions(cut)
        ]
        columns = ["code", "name", "stage", "convention", "schools", "coefficient", "limit", "standard"]
        return pd.DataFrame(rows, columns=columns)

    def _conventions(self, cut: Cut) -> list[balance.Convention]:
        wider = self.study.with_small(cut.stage, cut.measure).rows
        private = (wider["ownership"] == Ownership.PRIVATE).to_numpy(dtype=bool)
        small = wider["small"].to_numpy(dtype=bool)
        return balance.conventions(
            wider["amount"],
            wider["pupils"],
            small=small if small.any() else None,
            private=private if private.any() else None,
            per=cut.measure.factor,
        )

    @each_stage
    def charts(self, stage: Stage) -> Shown:
        """Return the coefficients under all conventions, a figure a stage."""
        frame = self.at(self.figures, stage)
        frame = frame.assign(
            over=fails(frame["coefficient"], self.standard, "coefficient", stage=stage)
            & frame["limit"].notna().to_numpy()
        )
        kinds = [part for _, part in frame.dropna(subset="coefficient").groupby("code", sort=False)]
        held = [part for part in kinds if part["limit"].notna().all()]
        turned = [part["name"].iloc[0] for part in held if part["over"].any() and not part["over"].all()]
        if not held:
            return self.note(self.no_limit(stage))
        label = self.stage(stage)
        names = self.say("、", ", ").join(turned)
        finding = self.say(
            f"{label}：换一种算法，{self.among(len(held))}{self.some(len(turned))}会换到限值的另一边"
            + (f"（{names}）" if turned else ""),
            f"{label}: under another convention {self.some(len(turned))} {self.among(len(held))} {'changes' if len(turned) == 1 else 'change'} sides of the limit"
            + (f" ({names})" if turned else ""),
        )
        rows = [
            (
                part["name"].iloc[0],
                part.loc[part["standard"], "coefficient"].iloc[0],
                part["coefficient"].tolist(),
            )
            for part in kinds
        ]
        return charts.intervals(
            [row[0] for row in rows],
            [row[1] for row in rows],
            [min(row[2]) for row in rows],
            [max(row[2]) for row in rows],
            [self.between(min(row[2]), max(row[2])) for row in rows],
            caption=self.caption(
                finding,
                self.say("不同算法下的差异系数", "The coefficient under different conventions"),
                *self.study.cuts(stage),
            ),
            limits=[part["limit"].iloc[0] for part in kinds],
            over=[part.loc[part["standard"], "over"].iloc[0] for part in kinds],
            crosses=[part["over"].any() and not part["over"].all() for part in kinds],
            others=[row[2] for row in rows],
            notes_below=[
                self.say(
                    "● 标准算法（◆ 高于限值）；小点：其他算法，见下表",
                    "● standard (◆ above the limit); small dots: others, see the table",
                )
            ],
        )

    @each_stage
    def tables(self, stage: Stage) -> Table:
        """Return the conventions as tables, a table a stage: conventions down, indicators across."""
        frame = self.at(self.figures, stage)
        names = list(dict.fromkeys(frame["name"]))
        wide = frame.pivot(index="convention", columns="name", values="coefficient")
        wide = wide.reindex(index=list(dict.fromkeys(frame["convention"])), columns=names)
        standard = frame[frame["standard"].astype(bool)].set_index("name")
        facts = {
            f"m{k}_fact": [
                self.fact(stage, standard.loc[name, "code"])
                if convention == standard.loc[name, "convention"]
                else ""
                for convention in wide.index
            ]
            for k, name in enumerate(names)
        }
        shown = wide.set_axis([f"m{k}" for k in range(len(names))], axis=1).assign(name=wide.index, **facts)
        columns = (
            Column("name", ("算法", "Convention")),
            *(Column(f"m{k}", name, decimals=3, fact=f"m{k}_fact") for k, name in enumerate(names)),
        )
        return self.table_of(
            (
                f"{self.stage(stage)}：不同算法下的差异系数",
                f"{self.stage(stage)}: the coefficient by convention",
            ),
            columns,
            shown,
            empty=(f"{self.stage(stage)}：缺数据，无从计算。", f"{self.stage(stage)}: no data."),
        )
