"""The research page: how resources are shared, what explains it, how sure we are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from qb.report.book import Book
from qb.report.research.conventions import Conventions
from qb.report.research.districts import Districts
from qb.report.research.first import Help
from qb.report.research.groups import Groups
from qb.report.research.level import Levels
from qb.report.research.methods import Methods
from qb.report.research.robust import Robustness
from qb.report.research.spread import Spreads
from qb.report.research.study import Study
from qb.report.research.take import save
from qb.report.research.years import Years
from qb.report.rules import Rules, source_rows
from qb.report.table import Column, Heading, Table
from qb.report.words import say
from qb.standard import SEVEN

__all__ = ["ResearchReport"]

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
    book : Book
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

    book: Book
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
        return Study.ask(self.book, self.district, self.stages, self.codes, self.grouping, self.error)

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

    def title(self) -> Heading:
        """Return the page's title and what it compares."""
        lang, study = self.book.lang, self.study
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
        lang = self.book.lang
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
        book, measures = self.book, self.study.measures
        codes = (measure.key for measure in measures if measure.key in SEVEN)
        return Rules(book.standard, book.year, book.lang, ("coefficient", *codes))

    def sources(self) -> Table:
        """Return the rows of the data that the page's coefficients rest on."""
        panel = self.study.panel
        schools = set(panel.loc[(panel["year"] == self.book.year).to_numpy(), "school_id"])
        return source_rows(self.book, self.rules().rules, district=self.district, schools=schools)

    def save(self, folder: str | Path) -> Path:
        """Write those tables as CSV and parquet into a new folder, whole or not at all."""
        return save(self.tables(), folder)
