"""What all pages of a publication share: the dataset, its assessment, and the years before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from qb.dataset import Dataset, read
from qb.errors import QbError
from qb.judge import Assessment, assess, choose_year
from qb.judge.ledger import ledger
from qb.report.words import Lang, say, school_year
from qb.standard import DEFAULT, Standard
from qb.standard import load as load_standard

if TYPE_CHECKING:
    from qb.report.roll import Roll


@dataclass(frozen=True)
class Book:
    """A dataset judged in one year, and in every year up to it.

    Attributes
    ----------
    data : Dataset
    assessment : Assessment
        Of the year that the pages are about.
    lang : {"zh", "en"}
    """

    data: Dataset
    assessment: Assessment
    lang: Lang = "zh"

    @property
    def year(self) -> int:
        """School year starting."""
        return self.assessment.year

    @property
    def standard(self) -> Standard:
        """The standard that judges."""
        return self.assessment.standard

    @cached_property
    def years(self) -> dict[int, Assessment]:
        """The assessments of every year in the data up to this one."""
        before = [year for year in self.data.years if year < self.year]
        return {year: assess(self.data, year, self.standard) for year in before} | {
            self.year: self.assessment
        }

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Every problem of every district, with who answers for it."""
        return ledger(self.assessment, self.data)

    @cached_property
    def roll(self) -> Roll:
        """The tables by school."""
        from qb.report.roll import Roll  # not above: it is made of a book

        return Roll(self)

    def place(self, district: str) -> str:
        """Return district and school year, for subtitles."""
        return f"{district} · {school_year(self.year, self.lang)}"

    @property
    def first_school(self) -> str:
        """The first judged school: what a school's notebook shows when none is named."""
        rows = self.assessment.rows
        if not len(rows):
            raise QbError(f"{self.year} 年度没有参加评估的学校。")
        return str(rows["school_id"].iloc[0])

    @property
    def source(self) -> str:
        """Where the figures come from, for the foot of figures."""
        name = Path(self.data.source).name or say(self.lang, "内存中的数据", "data in memory")
        made_up = say(self.lang, "（模拟数据）", " (invented data)") if self.data.invented else ""
        return f"{name}{made_up}"


_preloaded: dict[tuple[str, int | None, str, Lang], Book] = {}


def preload(book: Book, data: str | Path, standard: str | Path = DEFAULT) -> None:
    """Let :func:`open_book` return this book when it is asked for the same: judged once, shown often."""
    _preloaded[_asked(data, book.year, standard, book.lang)] = book


def _asked(
    data: str | Path, year: int | None, standard: str | Path, lang: Lang
) -> tuple[str, int | None, str, Lang]:
    return str(Path(data).resolve()), year, str(standard), lang


def open_book(
    data: str | Path, year: int | None = None, standard: str | Path = DEFAULT, lang: Lang = "zh"
) -> Book:
    """Read a dataset and judge it: the one call with which a notebook begins.

    Raises
    ------
    DataError, QbError
        See `qb.load` and `qb.assess`.
    """
    if ready := _preloaded.get(_asked(data, year, standard, lang)):
        return ready
    dataset = read(data)
    chosen = load_standard(standard)
    return Book(dataset, assess(dataset, choose_year(dataset, year), chosen), lang)
