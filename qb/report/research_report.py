"""Research page: levels, years, methods, and the page of all its parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.charts.marks import share
from qb.report.context import ReportContext, Speaker
from qb.report.research_groups import Districts, Groups, WhomToHelp
from qb.report.research_spread import PERCENTILES, Conventions, Robustness, SpreadsView, percentiles
from qb.report.research_study import (
    CAUSES,
    TOLERANCE,
    Cut,
    ResearchPart,
    Shown,
    Study,
    each_stage,
    per_pupil,
)
from qb.report.tables import Column, Heading, Sentences, Table
from qb.report.verdict_rules import PageRules, source_rows
from qb.report.words import listed, number, signed
from qb.terms import Stage

# Is there enough, is it even, what is low together, and where.


FEWEST = 5  # schools below which a correlation says nothing


class LevelsView(ResearchPart):
    """Level against balance, values that go together, and the map."""

    @each_stage
    def quadrants(self, stage: Stage) -> Shown:
        """Return each indicator by level and by balance, a figure a stage."""
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
        both = ("，{0} 项两者兼有", ", {0} both") if low & over else ("", "")
        both = tuple(words.format(len(low & over)) for words in both)
        finding = self.say(
            f"{label}：{self.among(len(known))}{self.some(len(low))}均值低于标准，{self.some(len(over)).lstrip()}差异高于限值{both[0]}",
            f"{label}: {self.among(len(known))}, {self.some(len(low))} {'has' if len(low) == 1 else 'have'} a mean below the standard, {self.some(len(over))} a coefficient above the limit{both[1]}",
        )
        level = [100 * cut.spread.mean / cut.limit for cut in cuts]
        return charts.quadrants(
            [cut.measure.key for cut in cuts],
            [cut.measure.name(self.lang) for cut in cuts],
            level,
            [cut.spread.coefficient for cut in cuts],
            [
                f"{share(at)}% · {self.coefficient(cut.spread.coefficient)}"
                if cut.usable
                else self.absent(cut)
                for at, cut in zip(level, cuts, strict=True)
            ],
            cap=cuts[0].cap,
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

    @each_stage
    def correlations(self, stage: Stage) -> Shown:
        """Return which values go together, a figure a stage."""
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
        text = number(r, 2)
        if r <= 0:
            return self.say(
                f"{label}：没有两项的数值在各校同高同低（相关系数最高 {text}）",
                f"{label}: no two values are high and low at the same schools (highest correlation {text})",
            )
        return self.say(
            f"{label}：{other} 与 {one} 在各校的数值高低最一致（相关系数 {text}）",
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


# How the distribution moved, and what moved the coefficient.


class YearsView(ResearchPart):
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
                years=self.study.years,
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
            share = signed(effects[main], 3)
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
                [signed(v, 4) for v in shown],
                caption=self.caption(finding, measure, focus, years=(first, focus.year)),
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
        for cut in self.study.all_cuts:
            if cut.usable and (found := self.change(cut)):
                first, change = found
                years = {"from": first, "to": cut.year}
                causes = {key: getattr(change, key) for key in CAUSES}
                rows.append(self.record(cut, **years, before=change.before, after=change.after, **causes))
        return pd.DataFrame(rows)

    @cached_property
    def quantiles(self) -> pd.DataFrame:
        """Return the percentiles unrounded, a row for each stage, measure and year."""
        cuts = (
            self.study.cut(now.stage, now.measure, year)
            for now in self.study.all_cuts
            for year in self.study.years
        )
        return pd.DataFrame(
            [
                self.record(
                    cut,
                    year=cut.year,
                    **{
                        f"p{100 * at:g}": value
                        for at, value in zip(PERCENTILES, percentiles(cut), strict=True)
                    },
                    mean=cut.spread.mean,
                    coefficient=cut.spread.coefficient,
                )
                for cut in cuts
            ]
        )


def _verb(before: str, after: str) -> tuple[str, str]:
    """Say which way a spread went, as far as the figures in print show it."""
    if before == after:
        return "基本不变", "hardly changed"
    fell = float(after.replace(",", "")) < float(before.replace(",", ""))
    return ("缩小", "shrank") if fell else ("扩大", "grew")


# The formulas behind the page and where they come from.


class Methods(ResearchPart):
    """How things were computed, and who first did so."""

    def formulas(self) -> Sentences:
        """Return the methods, a sentence each."""
        n = f"{100 * self.study.error:g}"
        lines = (
            (
                "差异系数：CV = S ÷ M，M 为资源总量与学生总数之比，S² 为各校数值离差平方按学生数加权的平均（除以学生总数，不减一）。学校是全数，不是样本，不给抽样误差。",
                "Coefficient: CV = S ÷ M; M is total over total, S² the mean squared deviation weighted by pupils (divided by all pupils). Schools are a census: there is no sampling error.",
            ),
            (
                "缺数据：只算报送了该项的学校，未计入的校数写在图下方的说明中；评估报告则要求全部学校报送才给出差异系数。",
                "Missing data: schools without a figure are left out and counted beside each figure; the assessment itself gives a coefficient only where all have reported.",
            ),
            (
                "洛伦兹曲线与基尼系数：学校按人均数值由低到高排列，以学生累计比例对资源累计比例。",
                "Lorenz curve and Gini: schools from the least value per pupil to the greatest, cumulated pupils against cumulated resource.",
            ),
            (
                "贡献：Pᵢ(xᵢ − M)² ÷ (P M²)，各校之和恰为 CV²。",
                "Contribution: Pᵢ(xᵢ − M)² ÷ (P M²); they add up to CV² exactly.",
            ),
            (
                "组间与组内：CV² = Σ p(m ÷ M − 1)² + Σ p(m ÷ M)² c²，p、m、c 为各组的学生份额、均值、差异系数；两部分相加恰为总数。",
                "Between and within: CV² = Σ p(m ÷ M − 1)² + Σ p(m ÷ M)² c², with each group's share of pupils p, mean m, coefficient c; the parts add up exactly.",
            ),
            (
                "先帮谁：资源每增加一个单位，CV 变化 (xᵢ − M(1 + CV²)) ÷ (P M² CV)。数值低于 M(1 + CV²) 的学校增加资源，差异缩小。",
                "Whom to help: one more unit moves CV by (xᵢ − M(1 + CV²)) ÷ (P M² CV). More at a school below M(1 + CV²) evens out.",
            ),
            (
                "变动的分解：学生、资源、新开、停办四个原因按全部先后次序引入，取平均（夏普利值），四项之和恰为变动。",
                "Change: pupils, resources, openings and closures are let in in every order and averaged (Shapley); the four add up to the change.",
            ),
            (
                f"翻转与误差：翻转是一校数量的最小相对变化，使 CV 恰到限值；误差区间假定每个报送数各自在 ±{n}% 内均匀偏离，固定随机种子。",
                f"Flip and error: a flip is the smallest relative change of one school's figure that brings CV to its limit; intervals let every reported figure be off uniformly within ±{n}%, with a fixed seed.",
            ),
        )
        return Sentences(tuple(self.say(*line) for line in lines), kind="methods")

    def references(self) -> Sentences:
        """Return the references."""
        rules = (
            "教督〔2017〕6号，县域义务教育优质均衡发展督导评估办法"
            if self.lang == "zh"
            else "National supervision rules for high-quality balanced compulsory education, No. 6 of 2017"
        )
        return Sentences(
            (
                rules,
                "Lorenz (1905), Publications of the American Statistical Association 9",
                "Shapley (1953), Contributions to the Theory of Games II",
                "Theil (1967), Economics and Information Theory",
                "Atkinson (1970), Journal of Economic Theory 2",
                "Shorrocks (1980), Econometrica 48; (1982), Econometrica 50; (2013), Journal of Economic Inequality 11",
                "Lerman and Yitzhaki (1984), Economics Letters 15",
                "Hyndman and Fan (1996), The American Statistician 50",
                "Cowell (2011), Measuring Inequality",
                "Odden and Picus (2014), School Finance: A Policy Perspective",
            ),
            kind="references",
        )


# The research page: how resources are shared, what explains it, how sure we are.


SCHOOLS = ["district", "school_id", "name", "kind", "ownership", "location", "group", "stage"]
SCHOOLS += ["code", "pupils", "amount", "value"]
CONTENTS = {
    "inequality": ("各种不均等指标", "measures of inequality"),
    "schools": ("逐校：数值、贡献、影响、导数", "each school: value, contribution, influence, derivatives"),
    "groups": ("分组：组间与组内", "groups: between and within"),
    "quantiles": ("历年百分位", "percentiles by year"),
    "changes": ("变动的分解", "changes by cause"),
    "flips": ("使结论翻转的误差", "errors that turn a comparison"),
    "errors": ("误差区间", "intervals of error"),
    "conventions": ("不同算法", "other conventions"),
    "districts": ("县区排序", "districts ranked"),
}


@dataclass(frozen=True)
class ResearchReport(Speaker):
    """Everything the research page shows, part by part.

    Parameters
    ----------
    context : ReportContext
    district : str
        Empty: all districts of the data together.
    stages : str
        ``primary,junior``; stages without schools are passed over.
    codes : str
        C1–C7, or columns of ``sections`` and ``facilities``, with commas between them; empty: the seven, or
        the columns that have data where none of the seven has.
    grouping : str
        ``location``, ``ownership``, ``kind``, ``group`` or ``district``.
    error : float
        Error of reporting that is thought possible, in percent.

    Raises
    ------
    QbError
        Naming every parameter that cannot be used.
    """

    context: ReportContext
    district: str = ""
    stages: str = "primary,junior"
    codes: str = ""
    grouping: str = "location"
    error: float = 5.0

    def __post_init__(self) -> None:
        self.study  # noqa: B018  what cannot be asked is refused here, not at the first figure

    @cached_property
    def study(self) -> Study:
        """The question, checked, with the schools it is about."""
        return Study.ask(self.context, self.district, self.stages, self.codes, self.grouping, self.error)

    spread = cached_property(lambda self: SpreadsView(self.study))
    groups = cached_property(lambda self: Groups(self.study))
    levels = cached_property(lambda self: LevelsView(self.study))
    years = cached_property(lambda self: YearsView(self.study))
    robustness = cached_property(lambda self: Robustness(self.study))
    conventions = cached_property(lambda self: Conventions(self.study))
    help = cached_property(lambda self: WhomToHelp(self.study))
    districts = cached_property(lambda self: Districts(self.study))
    methods = cached_property(lambda self: Methods(self.study))

    @property
    def schools(self) -> pd.DataFrame:
        """A row for each school and measure that it has reported: who it is, `pupils`, `amount` in all, `value`."""
        return self.help.figures.reindex(columns=SCHOOLS)

    def title(self) -> Heading:
        """Return the page's title and what it compares."""
        lang, study = self.lang, self.study
        names = self.say("、", ", ").join(measure.name(lang) for measure in study.measures)
        return Heading(
            self.say(f"校际差异研究：{study.place}", f"Differences between schools: {study.place}"),
            self.say(f"比较：{names}。", f"Compared: {names}.") + self._apart()
            if study.stages
            else self.say("所选学段没有参加评估的学校。", "No school of these stages is judged."),
        )

    def _apart(self) -> str:
        """Return which resource indicators are not stated per pupil, and so not compared here."""
        own = per_pupil(self.standard)
        codes = [self.short(code) for code in self.standard.resource_codes if code not in own]
        names = listed(codes, self.lang)
        return self.say(
            f"{names}不是按学生计算的资源，不在本页比较，差异系数见区域报告。",
            f" {names}: not stated per pupil, so not compared here; for the coefficient see the district report.",
        ) * bool(codes)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the figures behind the page, unrounded, by name."""
        found = {
            "inequality": self.spread.figures,
            "schools": self.help.figures,
            "groups": self.groups.figures,
            "quantiles": self.years.quantiles,
            "changes": self.years.figures,
            "flips": self.robustness.flips,
            "errors": self.robustness.errors,
            "conventions": self.conventions.figures,
            "districts": self.districts.figures,
        }
        return {
            name: frame.drop(columns="decimals", errors="ignore")
            for name, frame in found.items()
            if len(frame)
        }

    def contents(self) -> Table:
        """Return which tables there are to take away."""
        rows = [
            {
                "name": name,
                "about": self.say(*CONTENTS[name]),
                "rows": len(frame),
                "columns": ", ".join(frame),
            }
            for name, frame in self.tables().items()
        ]
        return self.table_of(
            ("可以带走的表", "Tables to take away"),
            (
                Column("name", ("表", "Table")),
                Column("about", ("内容", "About")),
                Column("rows", ("行数", "Rows"), decimals=0),
                Column("columns", ("列", "Columns")),
            ),
            rows,
            empty=("没有可以带走的表。", "There is no table to take away."),
        )

    def rules(self) -> PageRules:
        """Return the rules that the page's coefficients follow from."""
        codes = (m.key for m in self.study.measures if m.key in self.standard.resource_codes)
        return PageRules(self.standard, self.year, self.lang, ("coefficient", *codes))

    def sources(self) -> Table:
        """Return the rows of the data that the page's coefficients rest on."""
        panel = self.study.panel
        schools = set(panel.loc[(panel["year"] == self.year).to_numpy(), "school_id"])
        return source_rows(self.context, self.rules().rules, district=self.district, schools=schools)
