"""What other conventions would make of the same schools."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from qb import balance, charts
from qb.judge import fails
from qb.report.research.part import ResearchPart, Shown
from qb.report.research.study import Cut
from qb.report.table import Column, Table
from qb.terms import Ownership, Stage

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
            over=fails(frame["coefficient"], self.study.book.standard, "coefficient", stage=stage)
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
