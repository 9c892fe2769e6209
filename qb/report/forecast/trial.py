"""What a forecast of one district rests on, and how it did on years past."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.errors import QbError
from qb.forecast import Forecast, forecast
from qb.forecast.methods import Moving, Share, Total, words
from qb.measure.census import UNNAMED
from qb.report.district.part import DistrictPart
from qb.report.table import Column, Table
from qb.report.words import Lang, listed, number, say, stage_label
from qb.terms import COMPULSORY, Stage

TABLES = ("sections", "classes", "zones", "district")  # what a forecast rests on, besides the schools
MOVING = {Moving.NAIVE: "everyone moves up", Moving.MODEL: "progression ratios"}
TOTAL = {
    Total.LAST: "as many as last year",
    Total.TREND: "the recent trend, fading",
    Total.BIRTHS: "births",
    Total.LEAVERS: "leavers of the stage before",
}
SHARE = {
    Share.LAST: "shared as last year",
    Share.MEAN: "shared as in the last three years",
    Share.ZONES: "shared by children of the zones",
}


class ForecastTrial(DistrictPart):
    """A forecast from what was known in the year of the book, and its back-test."""

    @property
    def made(self) -> Forecast | None:
        """The forecast; None where the data do not allow one, and `why` says why."""
        return self._tried[0]

    @property
    def why(self) -> str:
        """Why there is no forecast; empty where there is one."""
        return self._tried[1]

    @cached_property
    def _tried(self) -> tuple[Forecast | None, str]:
        try:
            return forecast(self.known), ""
        except QbError as error:
            english = (
                "Pupils cannot be forecast: their numbers by grade are not known. The classes of at least two "
                "school years are needed, the last one among them."
            )
            return None, say(self.book.lang, str(error), english)

    @cached_property
    def known(self) -> Dataset:
        """The district's own tables up to the year of the book: a report of one year knows nothing of the next."""
        data = self.book.data
        schools = data["schools"]
        schools = schools[(schools["district"].fillna(UNNAMED) == self.district).to_numpy()]
        tables = {name: self._own(data[name], schools) for name in TABLES}
        return Dataset.of(schools=schools, **tables)

    def _own(self, frame: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
        if "school_id" in frame:
            own = frame["school_id"].isin(schools["school_id"])
        else:
            own = frame["district"].fillna(UNNAMED) == self.district
        return frame[own.to_numpy() & (frame["year"] <= self.book.year).to_numpy(dtype=bool)]

    @property
    def forecast_stages(self) -> list[Stage]:
        """The compulsory stages that are forecast."""
        return [s for s in COMPULSORY if self.made is not None and (self.made.rows["stage"] == s).any()]

    def course(self, stage: Stage) -> pd.DataFrame:
        """Return ``pupils, low, high`` of a stage by year."""
        return self._courses[stage]

    @cached_property
    def _courses(self) -> dict[Stage, pd.DataFrame]:
        return {stage: self.made.course(stage=stage) for stage in self.forecast_stages}

    def backtest(self) -> Table:
        """Return how forecasts made in past years did: the method taken against the naive one."""
        lang = self.book.lang
        columns = (
            Column("stage", say(lang, "学段", "Stage")),
            Column("part", say(lang, "推算内容", "What is forecast")),
            Column("ahead", say(lang, "提前（年）", "Years ahead"), decimals=0),
            Column("years", say(lang, "检验的学年", "Years held back")),
            Column("pupils", say(lang, "实际人数合计（人）", "Pupils that came"), decimals=0),
            Column("naive", say(lang, "简单推算的误差（%）", "Error of the naive forecast (%)"), decimals=1),
            Column("error", say(lang, "所用方法的误差（%）", "Error of the method taken (%)"), decimals=1),
            Column("method", say(lang, "所用方法", "Method taken")),
        )
        return Table(
            say(lang, "推算方法在往年的检验", "The forecast tried on past years"),
            columns,
            pd.DataFrame(self._lines(), columns=[c.key for c in columns]),
            note=say(
                lang,
                "每次只用当年及以前的数据推算以后的学年，再与实际比较；误差为各校各年级差额的绝对值之和占实际人数的比例。"
                "简单推算：全部升级，入学人数和各校份额同上年；只有明显好于它的方法才采用。",
                "Each forecast uses nothing later than the year it is made in. Error: absolute differences by school "
                "and grade, summed, over the pupils that came. Naive: everyone moves up, entry as last year; another "
                "method is taken only where it was clearly better.",
            ),
            empty=self.why or self.too_few(self.forecast_stages),
            lang=lang,
        )

    def _lines(self) -> list[dict[str, object]]:
        """Return the back-test as rows: all grades first, then the entrants, then each transition."""
        lines = []
        for stage in self.forecast_stages:
            methods = self.made.methods[(self.made.methods["stage"] == stage).to_numpy()]
            taken = dict(zip(methods["part"], methods["method"], strict=True))
            for part in ("all", "entry", *(part for part in taken if part != "entry")):
                lines += self._part(stage, part, taken.get(part))
        return lines

    def _part(self, stage: Stage, part: str, method: str | None) -> list[dict[str, object]]:
        lang, own = self.book.lang, self.tests_of(stage, part)
        # Where no other method was taken, what is used is the naive one, at its own error.
        used = own[own["chosen"].to_numpy(dtype=bool)]
        rows = used if len(used) else own.drop_duplicates("ahead").assign(error=lambda rows: rows["naive"])
        name = method_words(method, part, lang) if method else say(lang, "以下各项合用", "all those below")
        return [
            {
                "stage": stage_label(stage, lang),
                "part": part_words(part, lang),
                "ahead": row.ahead,
                "years": self.held_back(stage, row.ahead),
                "pupils": row.pupils,
                "naive": 100 * row.naive,
                "error": 100 * row.error,
                "method": name,
            }
            for row in rows.itertuples()
        ]

    def tests_of(self, stage: Stage, part: str = "all") -> pd.DataFrame:
        """Return the rows of the back-test of a stage and part."""
        tests = self.made.backtest
        return tests[((tests["stage"] == stage) & (tests["part"] == part)).to_numpy()]

    def held_back(self, stage: Stage, ahead: int) -> str:
        """Return the years that forecasts so far ahead were compared with, first and last."""
        learned = self.made.learned[stage].grades
        pupils, known = learned.pupils, learned.known
        first = self.made.learned_year - pupils.shape[1] + 1
        there = known & (np.nan_to_num(pupils).sum(axis=2) > 0)
        compared = [
            first + year + ahead
            for year in range(1, pupils.shape[1] - ahead)
            if (there[:, year] & known[:, year + ahead]).any()
        ]
        return f"{compared[0]}—{compared[-1]}" if len(compared) > 1 else str(*compared)

    def tried_on(self, stage: Stage) -> str:
        """Return in a sentence how far off forecasts of a stage were; empty where none could be tried."""
        lang, zh, en = self.book.lang, [], []
        for row in self.tests_of(stage).itertuples():
            error, naive = (number(100 * x, 1, lang) for x in (row.error, row.naive))
            zh.append(f"提前 {row.ahead} 年 {error}%（{naive}%）")
            en.append(f"{row.ahead} ahead {error} % ({naive} %)")
        if not zh:
            return ""
        label = stage_label(stage, lang)
        return say(
            lang,
            f"{label}在往年检验中的误差（括号内为“全部升级、入学同上年”）：{'，'.join(zh)}。",
            f"{label}, error on years held back by years ahead, the naive forecast's in brackets: {', '.join(en)}.",
        )

    def too_few(self, stages: list[Stage]) -> str:
        """Return the sentence on stages with too few years to try a forecast on."""
        lang = self.book.lang
        named = listed([stage_label(stage, lang) for stage in stages], lang)
        return say(
            lang,
            f"{named}：有班级数据的学年太少，不能用往年检验，按“全部升级、入学同上年”推算，不给高低区间。",
            f"{named}: too few years to try the forecast on; everyone moves up, entry as last year, without a band.",
        )


def method_words(method: str, part: str, lang: Lang) -> str:
    """Return how a part is forecast, as the reader sees it.

    >>> method_words("model", "1→2", "en"), method_words("naive", "entry", "en")
    ('progression ratios', 'as many as last year, shared as last year')
    """
    if lang == "zh":
        return words(method, part)
    if part != "entry":
        return MOVING[Moving(method)]
    total, _, share = method.partition("+") if method != Moving.NAIVE else (Total.LAST, "", Share.LAST)
    return f"{TOTAL[Total(total)]}, {SHARE[Share(share)]}"


def part_words(part: str, lang: Lang) -> str:
    """Return what of a stage is forecast: all grades, those who enter, or a grade moving up.

    >>> part_words("all", "en"), part_words("1→2", "zh")
    ('all grades', '1→2 年级升级')
    """
    if part == "all":
        return say(lang, "全部年级", "all grades")
    return (
        say(lang, "入学", "entrants") if part == "entry" else say(lang, f"{part} 年级升级", f"grade {part}")
    )
