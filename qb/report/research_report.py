"""The research page: how resources are shared, what explains it, how sure we are; its formulas and files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.style import share
from qb.data.table_files import write_csv, write_parquet
from qb.errors import QbError
from qb.files import write_folder
from qb.report.context import ReportContext
from qb.report.research_groups import Districts, Groups, Help
from qb.report.research_robustness import Conventions, Robustness
from qb.report.research_spread import Spreads, Years
from qb.report.research_study import ResearchPart, Shown, Study
from qb.report.rules import Rules, source_rows
from qb.report.tables import Column, Heading, Sentences, Table
from qb.report.words import say
from qb.terms import Stage

# Is there enough, is it even, what is low together, and where.


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
            cap=self.study.context.standard.coefficient_limit(stage),
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
                f"Flip and error: a flip is the smallest relative change of one school's figure that brings CV to its limit; intervals let every reported figure be off uniformly within ±{n} %, with a fixed seed.",
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


# The figures behind the page, to be taken away.


def save(tables: dict[str, pd.DataFrame], folder: str | Path) -> Path:
    """Write each table as CSV and as parquet into a new folder, whole or not at all.

    Raises
    ------
    QbError
        If something stands there already, or the disk refuses.
    """
    path = Path(folder).resolve()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise QbError(
            "{} 已有内容，不能覆盖。请换一个文件夹。",
            "{} is not empty and is not replaced. Choose another folder.",
            path,
        )

    def fill(made: Path) -> None:
        for name, frame in tables.items():
            write_csv(frame, made / f"{name}.csv")
            write_parquet(frame, made / f"{name}.parquet")

    write_folder(path, fill)
    return path


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
class ResearchReport:
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

    @cached_property
    def spread(self) -> Spreads:
        """How far schools are apart."""
        return Spreads(self.study)

    @cached_property
    def groups(self) -> Groups:
        """What lies between groups of schools."""
        return Groups(self.study)

    @cached_property
    def levels(self) -> Levels:
        """Whether there is enough, what is low together, and where."""
        return Levels(self.study)

    @cached_property
    def years(self) -> Years:
        """How it came to be."""
        return Years(self.study)

    @cached_property
    def robustness(self) -> Robustness:
        """How sure the comparisons are."""
        return Robustness(self.study)

    @cached_property
    def conventions(self) -> Conventions:
        """What other conventions would say."""
        return Conventions(self.study)

    @cached_property
    def help(self) -> Help:
        """Whom to help first."""
        return Help(self.study)

    @cached_property
    def districts(self) -> Districts:
        """Districts side by side."""
        return Districts(self.study)

    @cached_property
    def methods(self) -> Methods:
        """Formulas and references."""
        return Methods(self.study)

    @property
    def schools(self) -> pd.DataFrame:
        """A row for each school and measure that it has reported: who it is, `pupils`, `amount` in all, `value`."""
        return self.help.figures.reindex(columns=SCHOOLS)

    def title(self) -> Heading:
        """Return the page's title and what it compares."""
        lang, study = self.context.lang, self.study
        names = say(lang, "、", ", ").join(measure.name(lang) for measure in study.measures)
        return Heading(
            say(lang, f"校际差异研究：{study.place}", f"Differences between schools: {study.place}"),
            say(lang, f"比较：{names}。", f"Compared: {names}.")
            if study.stages
            else say(lang, "所选学段没有参加评估的学校。", "No school of these stages is judged."),
        )

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
        lang = self.context.lang
        rows = [
            {
                "name": name,
                "about": say(lang, *CONTENTS[name]),
                "rows": len(frame),
                "columns": ", ".join(frame),
            }
            for name, frame in self.tables().items()
        ]
        columns = (
            Column("name", say(lang, "表", "Table")),
            Column("about", say(lang, "内容", "About")),
            Column("rows", say(lang, "行数", "Rows"), decimals=0),
            Column("columns", say(lang, "列", "Columns")),
        )
        return Table(
            say(lang, "可以带走的表", "Tables to take away"),
            columns,
            pd.DataFrame(rows),
            empty=say(lang, "没有可以带走的表。", "There is no table to take away."),
            lang=lang,
        )

    def rules(self) -> Rules:
        """Return the rules that the page's coefficients follow from."""
        context, measures = self.context, self.study.measures
        codes = (
            measure.key for measure in measures if measure.key in self.study.context.standard.resource_codes
        )
        return Rules(context.standard, context.year, context.lang, ("coefficient", *codes))

    def sources(self) -> Table:
        """Return the rows of the data that the page's coefficients rest on."""
        panel = self.study.panel
        schools = set(panel.loc[(panel["year"] == self.context.year).to_numpy(), "school_id"])
        return source_rows(self.context, self.rules().rules, district=self.district, schools=schools)

    def save(self, folder: str | Path) -> Path:
        """Write those tables as CSV and parquet into a new folder, whole or not at all."""
        return save(self.tables(), folder)
