"""Research page: differences between groups of schools and between districts, which school to help first."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.charts.figure_geometry import ticks
from qb.report.research_study import GROUPINGS, Cut, ResearchPart, Shown, each_stage
from qb.report.tables import Column, Sentences, Table
from qb.report.words import signed
from qb.terms import Stage

# Differences between groups of schools, and within them.


class Groups(ResearchPart):
    """The squared coefficient split by a column of the schools."""

    @property
    def by(self) -> str:
        """What the schools are told apart by."""
        return self.say(*GROUPINGS[self.study.grouping])

    @each_stage
    def splits(self, stage: Stage) -> Shown:
        """Return between and within over the years on every measure, a figure a stage."""
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
            panels,
            caption=self.caption(
                self._finding(stage), measure, *self.study.cuts(stage), years=self.study.years
            ),
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
                f"{label} · {name}: {text}% of the difference lies between groups by {self.by}, the rest within",
            )
        most = sum(v > 0.5 for v in share.values())
        return self.say(
            f"{label}：各校有差异的 {len(share)} 项中{self.some(most)}的差异主要在{self.by}之间；占比最大的是 {name}（{text}%）",
            f"{label}: groups by {self.by} make most of the difference on {self.some(most)} of {len(share)}; the largest share is {text}% ({name})",
        )

    def table(self) -> Table:
        """Return each group by each measure: its level, its own coefficient, what it adds."""
        columns = (
            Column("name", ("指标", "Indicator")),
            Column("stage", ("学段", "Stage")),
            Column("group", self.by[:1].upper() + self.by[1:]),
            Column("schools", ("学校数", "Schools"), decimals=0),
            Column("share", ("占学生（%）", "Pupils (%)"), decimals=1),
            Column("mean", ("均值", "Mean"), decimals="decimals"),
            Column("coefficient", ("组内系数", "Own coefficient"), decimals=3),
            Column("between", ("组间（%）", "Between (%)"), decimals=1),
            Column("within", ("组内（%）", "Within (%)"), decimals=1),
        )
        return self.table_of(
            (f"按{self.by}分组", f"By {self.by}"),
            columns,
            self.figures,
            note=(
                "组间、组内：占差异系数平方的百分比，各组之和为 100%。组内系数：组内各校的差异系数。",
                "Between and within: % of the squared coefficient; all groups together make 100%.",
            ),
            empty=self.nothing(),
        )

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return the split unrounded, a row for each stage, measure and group."""
        return pd.DataFrame([row for cut in self.study.all_cuts if cut.differs for row in self._rows(cut)])

    def _rows(self, cut: Cut) -> list[dict[str, object]]:
        split = self.decompose(cut)
        total = split.squared.total
        factor, mean = cut.measure.factor, cut.spread.mean
        between = split.share * (factor * split.mean / mean - 1) ** 2
        return [
            self.record(
                cut,
                group=str(split.groups[k]),
                schools=int(split.schools[k]),
                share=100 * split.share[k],
                mean=factor * split.mean[k],
                coefficient=split.coefficient[k],
                between=100 * between[k] / total,
                within=100 * split.squared.parts[k] / total,
                decimals=cut.measure.decimals,
            )
            for k in range(len(split.groups))
        ]


# Which school to help first so that schools come closer together.


SHOWN = 6  # schools named on each side


class WhomToHelp(ResearchPart):
    """Which schools to help first: by how much a little more at each lowers the coefficient."""

    @each_stage
    def bars(self, stage: Stage) -> Shown:
        """Return whose next teacher or room helps most on the most uneven measure, a figure a stage."""
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
            [signed(1e4 * v, 2) for v in effect[shown]],
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
        for cut in self.study.all_cuts:
            if not cut.differs:
                continue
            effect, names, ids = self._effect(cut), self.study.names(cut.rows), cut.rows["school_id"]
            first, last = int(np.argmin(effect)), int(np.argmax(effect))
            rows.append(
                self.record(
                    cut,
                    step=cut.measure.in_steps(self.lang),
                    first=names[first],
                    first_id=ids[first],
                    falls=1e4 * effect[first],
                    last=names[last],
                    last_id=ids[last],
                    rises=1e4 * effect[last],
                    turning=cut.spread.mean * (1 + cut.spread.coefficient**2),
                    decimals=cut.measure.decimals,
                )
            )
        columns = (
            Column("name", ("指标", "Indicator")),
            Column("stage", ("学段", "Stage")),
            Column("step", ("每增加", "For")),
            Column("first", ("先帮", "Help first"), school="first_id"),
            Column("falls", ("变化（万分之一）", "Change (1/10,000)"), decimals=2),
            Column("last", ("增加后差异扩大最多", "Widens most"), school="last_id"),
            Column("rises", ("变化（万分之一）", "Change (1/10,000)"), decimals=2),
            Column("turning", ("转折点", "Turning point"), decimals="decimals"),
        )
        return self.table_of(
            ("先帮哪所学校", "Whom to help first"),
            columns,
            pd.DataFrame(rows),
            note=(
                "变化：差异系数的变化，按导数估计。转折点：数值低于它的学校再增加，差异缩小；高于它的，差异扩大。它略高于均值。",
                "Change: of the coefficient, by its derivative. Turning point: more at a school below it evens out, above it widens. It lies somewhat above the mean.",
            ),
            empty=self.nothing(),
        )

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return every school by every measure, unrounded: value, contribution, influence, derivatives."""
        frames = [self._school_figures(cut) for cut in self.study.all_cuts if len(cut.rows)]
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


# Many districts side by side: who is even, how sure the order is, what lies between them.


DRAWS = 500
ROWS = 40  # districts that one ranking figure can hold
PANELS = 24
BINS = 14


class Districts(ResearchPart):
    """Ranking, distributions, and the split between and within districts; nothing where there is one."""

    @property
    def many(self) -> bool:
        """Whether there are districts to compare."""
        return len(self.study.districts) > 1

    def intro(self) -> Sentences:
        """Say how many districts there are to compare."""
        n = len(self.study.districts)
        text = self.say(
            f"数据含 {n} 个县区。" if self.many else "本页只含一个县区，没有县区之间的比较。",
            f"There are {n} districts." if self.many else "There is one district, so none are compared.",
        )
        return Sentences((text,))

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages at which districts are compared."""
        return tuple(stage for stage in self.study.stages if self.many and self.study.focus(stage))

    @each_stage
    def rankings(self, stage: Stage) -> charts.Chart:
        """Return the districts in the order of their coefficients, a figure a stage."""
        cut = self.study.focus(stage)
        frame = self.ranking(cut)
        steady = int((frame["rank_low"] == frame["rank_high"]).sum())
        ties = int(frame["rank"].duplicated(keep=False).sum())
        first, last = frame.iloc[0], frame.iloc[-1]
        error = f"±{100 * self.study.error:g}%"
        finding = self.say(
            f"{self.study.of(cut)}：{len(frame)} 个县区中{first['district']}最均衡（{self.coefficient(first['coefficient'])}），"
            f"{last['district']}差异最大（{self.coefficient(last['coefficient'])}）；误差 {error} 时名次不变的有 {steady} 个",
            f"{self.study.of(cut)}: of {len(frame)} districts {first['district']} is most even ({self.coefficient(first['coefficient'])}), "
            f"{last['district']} least ({self.coefficient(last['coefficient'])}); {steady} keep their rank under errors of {error}",
        )
        if len(frame) == 1 or first["rank"] == last["rank"]:
            finding = self.say(
                f"{self.study.of(cut)}：有数据的 {len(frame)} 个县区差异系数相同",
                f"{self.study.of(cut)}: the {len(frame)} districts with data have the same coefficient",
            )
        shown = (
            frame if len(frame) <= ROWS else pd.concat([frame.iloc[: ROWS // 2], frame.iloc[-ROWS // 2 :]])
        )
        hidden = len(frame) - len(shown)
        legend = [
            self.say(
                f"● 差异系数{'（◆ 高于限值）' if cut.held else ''}，横线为误差区间；右侧：名次，括号内为误差下名次的范围",
                f"● coefficient{' (◆ above the limit)' if cut.held else ''}, line: range of error; right: rank, in brackets its range under error",
            )
        ]
        legend += [self.say(f"{ties} 个县区并列", f"{ties} districts share a rank")] if ties else []
        legend += (
            [self.say(f"中间 {hidden} 个县区未画出，见下表", f"{hidden} in between are in the table")]
            if hidden
            else []
        )
        return charts.intervals(
            shown["district"].tolist(),
            shown["coefficient"],
            shown["low"],
            shown["high"],
            [
                f"{a}（{b}—{c}）" if self.lang == "zh" else f"{a} ({b}–{c})"
                for a, b, c in shown[["rank", "rank_low", "rank_high"]].itertuples(index=False)
            ],
            caption=self.caption(
                finding,
                self.say("县区内校际差异系数与名次", "Coefficient within each district, and rank"),
                cut,
            ),
            limits=[cut.cap] * len(shown),
            over=cut.above(shown["coefficient"]),
            crosses=cut.above(shown["high"]) & ~cut.above(shown["low"]),
            notes_below=legend,
        )

    def ranking(self, cut: Cut) -> pd.DataFrame:
        """Return the districts' ranks by one measure at one stage, the most even first."""
        frame = self.at(self.figures, cut.stage)
        return frame[(frame["code"] == cut.measure.key).to_numpy()].reset_index(drop=True)

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Every ranking unrounded, a row for each stage, measure and district."""
        frames = [self._ranked(cut) for cut in self.study.all_cuts if self.many and cut.usable]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def _ranked(self, cut: Cut) -> pd.DataFrame:
        """Rank districts by their coefficients, with ties and the range of each rank.

        Every reported figure is off by its own share within the error, all districts are ranked anew in
        each simulation, and the middle 95% of a district's ranks is its range.
        """
        parts = [rows for _, rows in cut.rows.groupby("district", sort=True) if rows["amount"].sum() > 0]
        frame = pd.DataFrame([self._district(rows, cut, k) for k, rows in enumerate(parts)])
        draws = np.array(frame.pop("draws").tolist())
        ranks = pd.DataFrame(draws.round(9)).rank(method="min").to_numpy()
        low, high = np.quantile(ranks, [0.025, 0.975], axis=1)
        frame = frame.assign(
            code=cut.measure.key,
            stage=self.stage(cut.stage),
            rank=frame["coefficient"].round(9).rank(method="min").astype(int),
            rank_low=np.floor(low).astype(int),
            rank_high=np.ceil(high).astype(int),
        )
        return frame.sort_values(["rank", "district"], kind="stable", ignore_index=True)

    def _district(self, rows: pd.DataFrame, cut: Cut, k: int) -> dict[str, object]:
        amount, pupils = rows["amount"].to_numpy(), rows["pupils"].to_numpy()
        spread = balance.difference_coefficient(amount, pupils)
        found = balance.error_interval(amount, pupils, self.study.error, DRAWS, seed=k)
        return {
            "district": rows["district"].iloc[0],
            "schools": len(rows),
            "pupils": pupils.sum(),
            "mean": cut.measure.factor * spread.mean,
            "coefficient": spread.coefficient,
            "low": found.low,
            "high": found.high,
            "draws": found.draws,
        }

    @each_stage
    def tables(self, stage: Stage) -> Table:
        """Return the rankings as tables, a table a stage."""
        cut = self.study.focus(stage)
        frame = self.ranking(cut)
        columns = (
            Column("district", ("县区", "District")),
            Column("rank", ("名次", "Rank"), decimals=0),
            Column("rank_low", ("误差下最前", "Best rank"), decimals=0),
            Column("rank_high", ("误差下最后", "Worst rank"), decimals=0),
            Column("coefficient", ("差异系数", "Coefficient"), decimals=3, fact="fact"),
            Column("mean", ("均值", "Mean"), decimals=cut.measure.decimals),
            Column("schools", ("学校数", "Schools"), decimals=0),
            Column("pupils", ("学生数", "Pupils"), decimals=0),
        )
        return self.table_of(
            (
                f"{self.study.of(cut)}：县区排序（差异由小到大）",
                f"{self.study.of(cut)}: districts, most even first",
            ),
            columns,
            frame.assign(
                over=cut.above(frame["coefficient"]),
                fact=[self.fact(stage, cut.measure.key, district) for district in frame["district"]],
            ),
            failing="over",
        )

    @each_stage
    def distributions(self, stage: Stage) -> charts.Chart:
        """Return how pupils are spread over the values, a panel a district, a figure a stage."""
        cut = self.study.focus(stage)
        means = (
            cut.rows.groupby("district")["amount"].sum() / cut.rows.groupby("district")["pupils"].sum()
        ) * cut.measure.factor
        order = means.sort_values(kind="stable").index.tolist()
        shown = order if len(order) <= PANELS else [*order[: PANELS // 2], *order[-PANELS // 2 :]]
        low, high = balance.quantiles(cut.measure.factor * cut.amount, cut.pupils, [0.02, 0.98])
        edges = np.array(ticks(0 if low < high / 2 else low, high, BINS))
        panels = {
            name: self._shares(cut.rows[(cut.rows["district"] == name).to_numpy()], edges) for name in shown
        }
        finding = self.say(
            f"{self.study.of(cut)}：县区均值最低的是{order[0]}（{self.value(cut, means[order[0]])}），最高的是{order[-1]}（{self.value(cut, means[order[-1]])}）",
            f"{self.study.of(cut)}: the mean is lowest in {order[0]} ({self.value(cut, means[order[0]])}) and highest in {order[-1]} ({self.value(cut, means[order[-1]])})",
        )
        below = [
            self.say(
                "柱：学生在各数值上的分布，首尾两格含更低和更高的；虚线：全体均值；下方短线：本县区均值",
                "bars: pupils by value, the end bins with all beyond; dashed: mean of all; tick below: the district's mean",
            )
        ]
        hidden = len(order) - len(shown)
        below += (
            [self.say(f"中间 {hidden} 个县区未画出", f"{hidden} districts in between are not drawn")]
            if hidden
            else []
        )
        return charts.histograms(
            panels,
            edges.tolist(),
            {name: float(means[name]) for name in shown},
            caption=self.caption(
                finding,
                self.say(
                    f"学生所在学校的数值（{cut.measure.unit('zh')}），县区按均值排列",
                    f"Value of the pupils' schools ({cut.measure.unit('en')}), districts by mean",
                ),
                cut,
            ),
            overall=cut.spread.mean,
            notes_below=below,
        )

    def _shares(self, rows: pd.DataFrame, edges: np.ndarray) -> list[float]:
        """Return the share of a district's pupils in each bin; what lies beyond is in the end bins."""
        inside = rows["value"].clip(edges[0], edges[-1])
        counts, _ = np.histogram(inside, bins=edges, weights=rows["pupils"])
        return (counts / rows["pupils"].sum()).tolist()

    def splits(self) -> list[Shown]:
        """Return how much of the difference lies between districts, a figure a stage."""
        if not self.many:
            return []
        return Groups(replace(self.study, grouping="district")).splits()
