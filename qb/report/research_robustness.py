"""How sure a comparison with the limit is, and what other conventions would make of the same schools."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.indicators.verdicts import fails
from qb.report.research_study import Cut, ResearchPart, Shown
from qb.report.tables import Column, Sentences, Table
from qb.terms import Ownership, Stage

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
        percent = f"{100 * row['change']:+.1f}%".replace("-", "−")
        return self.say(
            f"{label}：最易翻转的是{row['name']}（{self.coefficient(row['coefficient'])}）："
            f"{row['school']}一校的实际数量若与报送相差 {percent}，差异系数就到限值 {self.limit(row['limit'])}。",
            f"{label}: most easily turned is {row['name']} ({self.coefficient(row['coefficient'])}): "
            f"if {row['school']} alone were off by {percent}, the coefficient would be at its limit of {self.limit(row['limit'])}.",
        )

    @cached_property
    def flips(self) -> pd.DataFrame:
        """Return the smallest error of one school that turns each comparison, unrounded."""
        rows = []
        for stage in self.study.stages:
            for cut in self.study.cuts(stage):
                if not cut.held:
                    continue
                turn = balance.flip(cut.amount, cut.pupils, cut.cap)
                at = turn.school
                rows.append(
                    {
                        "code": cut.measure.key,
                        "name": cut.measure.name(self.lang),
                        "stage": self.stage(stage),
                        "coefficient": cut.spread.coefficient,
                        "limit": cut.cap,
                        "over": cut.over,
                        "change": np.nan if at is None else float(turn.change[at]),
                        "school": None if at is None else self.study.names(cut.rows)[at],
                        "reported": np.nan if at is None else float(cut.amount[at]),
                    }
                )
        columns = ["code", "name", "stage", "coefficient", "limit", "over", "change", "school", "reported"]
        return pd.DataFrame(rows, columns=columns)

    def flip_table(self) -> Table:
        """Return the flip table: which error at which school would turn the comparison."""
        frame = self.flips
        nobody = self.say("单独一校不能使其翻转", "no single school can")
        stages = {self.stage(stage): stage for stage in self.study.stages}
        shown = frame.assign(
            side=[self._side(over) for over in frame["over"]],
            percent=[
                nobody if change != change else f"{100 * change:+.1f} %".replace("-", "−")
                for change in frame["change"]
            ],
            school=frame["school"].fillna(""),
            limit=[self.limit(limit) for limit in frame["limit"]],
            fact=[
                self.fact(stages[label], code)
                for label, code in zip(frame["stage"], frame["code"], strict=True)
            ],
        )
        columns = (
            Column("name", self.say("指标", "Indicator")),
            Column("stage", self.say("学段", "Stage")),
            Column("coefficient", self.say("差异系数", "Coefficient"), decimals=3, fact="fact"),
            Column("limit", self.say("限值", "Limit")),
            Column("side", self.say("现在", "Now")),
            Column("percent", self.say("使其翻转的最小误差", "Smallest error that turns it")),
            Column("school", self.say("哪所学校", "At which school")),
        )
        return Table(
            self.say("一校多大的误差会使结论翻转", "Which error at one school turns the comparison"),
            columns,
            shown,
            failing="over",
            empty=self.say(
                "没有可以与限值比较的差异系数。", "There is no coefficient to hold against a limit."
            ),
            lang=self.lang,
        )

    def _side(self, over: bool) -> str:
        return self.say("高于限值", "above") if over else self.say("不高于限值", "not above")

    def intervals(self) -> list[Shown]:
        """Return where each coefficient may lie under the error of reporting, a figure a stage."""
        return [self._intervals(stage) for stage in self.study.stages]

    @cached_property
    def errors(self) -> pd.DataFrame:
        """Return each coefficient with its interval, unrounded."""
        rows = []
        for stage in self.study.stages:
            for cut in self.study.cuts(stage):
                low = high = np.nan
                if cut.usable:
                    found = balance.error_interval(cut.amount, cut.pupils, self.study.error, DRAWS)
                    low, high = found.low, found.high
                rows.append(
                    {
                        "code": cut.measure.key,
                        "name": cut.measure.name(self.lang),
                        "stage": self.stage(stage),
                        "coefficient": cut.spread.coefficient,
                        "low": low,
                        "high": high,
                        "limit": cut.cap,
                    }
                )
        return pd.DataFrame(rows)

    def _over(self, frame: pd.DataFrame, column: str, stage: Stage) -> np.ndarray:
        """Return which coefficients are above the limit that the standard has for them."""
        found = fails(frame[column], self.study.context.standard, "coefficient", stage=stage)
        return found & frame["limit"].notna().to_numpy()

    def _intervals(self, stage: Stage) -> Shown:
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
            f"{label}：报送误差 {error} 时，{self.among(len(held))} {crosses.sum()} 项的区间跨过限值",
            f"{label}: with errors up to {error}, the interval of {crosses.sum()} {self.among(len(held))} contains the limit",
        )
        texts = [
            f"{self.coefficient(low)}–{self.coefficient(high)}"
            for low, high in zip(known["low"], known["high"], strict=True)
        ]
        measure = self.say(
            f"每个报送数各自在 {error} 内均匀偏离，模拟 {DRAWS:,} 次，取中间 95%",
            f"Each reported figure off by its own share within {error}, {DRAWS:,} simulations, middle 95 %",
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
            {
                "code": cut.measure.key,
                "name": cut.measure.name(self.lang),
                "stage": self.stage(stage),
                "convention": self.say(found.zh, ENGLISH.get(found.name, found.name)),
                "schools": found.schools,
                "coefficient": found.coefficient,
                "limit": cut.cap,
                "standard": found.name == "standard",
            }
            for stage in self.study.stages
            for cut in self.study.cuts(stage)
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

    def charts(self) -> list[Shown]:
        """Return the coefficients under all conventions, a figure a stage."""
        return [self._chart(stage) for stage in self.study.stages]

    def _chart(self, stage: Stage) -> Shown:
        frame = self.at(self.figures, stage)
        frame = frame.assign(
            over=fails(frame["coefficient"], self.study.context.standard, "coefficient", stage=stage)
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
            f"{label}：换一种算法，{self.among(len(held))} {len(turned)} 项会换到限值的另一边"
            + (f"（{names}）" if turned else ""),
            f"{label}: under another convention {len(turned)} {self.among(len(held))} change sides of the limit"
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
            [f"{self.coefficient(min(row[2]))}–{self.coefficient(max(row[2]))}" for row in rows],
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

    def tables(self) -> list[Table]:
        """Return the conventions as tables, a table a stage: conventions down, indicators across."""
        return [self._table(stage) for stage in self.study.stages]

    def _table(self, stage: Stage) -> Table:
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
            Column("name", self.say("算法", "Convention")),
            *(Column(f"m{k}", name, decimals=3, fact=f"m{k}_fact") for k, name in enumerate(names)),
        )
        return Table(
            self.say(
                f"{self.stage(stage)}：不同算法下的差异系数",
                f"{self.stage(stage)}: the coefficient by convention",
            ),
            columns,
            shown,
            empty=self.say(f"{self.stage(stage)}：缺数据，无从计算。", f"{self.stage(stage)}: no data."),
            lang=self.lang,
        )
