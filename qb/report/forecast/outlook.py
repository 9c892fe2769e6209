"""Pupils in the years to come, and whether there are places for them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.forecast.methods import Basis
from qb.report.forecast.trial import ForecastTrial
from qb.report.table import Column, Sentences, Table
from qb.report.words import listed, number, say, stage_label
from qb.terms import COMPULSORY, GRADES_OF_STAGE, Stage

ODD = {
    Basis.SHARES: (
        "没有班级数据，各年级人数按全区比例分摊",
        "no classes; pupils by grade are spread as in the district",
    ),
    Basis.SCALED: (
        "各班人数之和与在校生数不符，按在校生数折算",
        "classes do not add up to the pupils; scaled to them",
    ),
}


class ForecastReport(ForecastTrial):
    """One district's pupils in the years to come: figures, tables and sentences for any page."""

    def places(self, stage: Stage) -> float:
        """Return how many pupils the present classes may hold by the limit of class size; NaN if unknown.

        Classes of special schools are much smaller by their nature, and are not counted.
        """
        standard, kind = self.book.standard, self.known["schools"].drop_duplicates("school_id")
        kind = kind.set_index("school_id")["kind"]
        frame = self.known["sections"]
        frame = frame[(frame["stage"] == stage).to_numpy() & (frame["year"] == self.book.year).to_numpy()]
        frame = frame[~frame["school_id"].map(kind).isin(standard.rules.exclusion.kinds).to_numpy()]
        frame = frame[(frame["pupils"] != 0).to_numpy()]
        if not len(frame) or not any(limit.stage in (None, stage) for limit in standard["C12"].limits):
            return np.nan
        limit = standard["C12"].limit(stage=stage, year=self.book.year)
        return float(frame["classes"].sum(skipna=False)) * limit.value

    def outlooks(self) -> list[charts.Chart]:
        """Return pupils of past and coming years with their places, a figure a stage; none without a forecast."""
        return [self._outlook(stage) for stage in self.forecast_stages]

    def _outlook(self, stage: Stage) -> charts.Chart:
        lang, places = self.book.lang, self.places(stage)
        finding, limits = self.moves(stage), {}
        if places == places:
            finding += self._against_places(stage)
            limits = {say(lang, f"班额上限可容 {places:,.0f}", f"Room for {places:,.0f}"): places}
        measure = say(lang, "在校生（人），按学年", "Pupils by school year")
        return charts.outlook(
            self.course(stage),
            self.made.base,
            caption=self.caption(finding, measure),
            limits=limits,
        )

    def moves(self, stage: Stage) -> str:
        """Return in words, without a stop, how many pupils a stage has and how many are forecast."""
        lang, made = self.book.lang, self.made
        course, label = self.course(stage), stage_label(stage, lang)
        last = number(course["pupils"][made.to], 0, lang)
        if not np.isfinite(course["pupils"].get(made.base, np.nan)):
            return say(
                lang,
                f"{label}在校生推算 {made.to} 年 {last} 人（{made.base} 年有学校的人数不明）",
                f"{label} pupils: {last} forecast for {made.to} (not all are known in {made.base})",
            )
        first = number(course["pupils"][made.base], 0, lang)
        return say(
            lang,
            f"{label}在校生 {made.base} 年 {first} 人，推算 {made.to} 年 {last} 人",
            f"{label} pupils: {first} in {made.base}, {last} forecast for {made.to}",
        )

    def _against_places(self, stage: Stage) -> str:
        """Say in which of the years to come pupils outnumber the places."""
        lang, ahead = self.book.lang, self.course(stage)["pupils"].loc[self.made.base + 1 :]
        over = listed([str(year) for year in ahead.index[ahead > self.places(stage)]], lang, most=10)
        if not over:
            return say(lang, "，各年都不超过现有班级的容量", "; the present classes hold them in every year")
        return say(
            lang, f"，{over} 年超过现有班级的容量", f"; more than the present classes may hold in {over}"
        )

    def table(self) -> Table:
        """Return pupils by stage and year: the band, the entrants, and the places left."""
        lang = self.book.lang
        columns = (
            Column("stage", say(lang, "学段", "Stage")),
            Column("year", say(lang, "学年（起始年）", "School year starting")),
            Column("pupils", say(lang, "在校生（人）", "Pupils"), decimals=0),
            Column("band", say(lang, "低—高（人）", "Low–high")),
            Column("entrants", say(lang, "其中最低年级（人）", "In the lowest grade"), decimals=0),
            Column("left", say(lang, "班额上限内的余位（人）", "Places left")),
        )
        lines = [line for stage in self.forecast_stages for line in self._years(stage)]
        return Table(
            say(lang, "在校生：往年与推算", "Pupils: past years and forecast"),
            columns,
            pd.DataFrame(lines, columns=[column.key for column in columns]),
            note=say(
                lang,
                "低—高：按往年误差，十年里约八年落在其中；“—”为已有实际数，或学年太少、没有区间。"
                "余位 = 现有班级数 × 班额上限 − 在校生，负数为不足；特殊教育学校的班级不计。",
                "Low–high: about eight years in ten lie within, judging by past errors; “—”: the year has been, or "
                "there are too few years for a band. Places left = present classes × limit of class size − pupils; "
                "classes of special schools are not counted.",
            ),
            empty=self.why,
            lang=lang,
        )

    def _years(self, stage: Stage) -> list[dict[str, object]]:
        lang, base, places = self.book.lang, self.made.base, self.places(stage)
        entrants, lines = self._entrants(stage), []
        ahead = say(lang, "（推算）", " (forecast)")
        for year, row in self.course(stage).iterrows():
            left = places - row["pupils"]
            lines.append(
                {
                    "stage": stage_label(stage, lang),
                    "year": f"{year}{ahead}" if year > base else str(year),
                    "pupils": row["pupils"],
                    "band": self._band(row, "{}—{}") or "—",
                    "entrants": entrants.get(year, np.nan),
                    "left": number(left, 0, lang) if year >= base else "—",
                }
            )
        return lines

    def _band(self, row: pd.Series, form: str) -> str:
        """Return the low and the high path of a year; empty where there is no band."""
        if row["low"] != row["low"]:
            return ""
        return form.format(*(number(row[side], 0, self.book.lang) for side in ("low", "high")))

    def _entrants(self, stage: Stage) -> pd.Series:
        frame = pd.concat([self.made.years, self.made.rows])
        first = (frame["stage"] == stage) & (frame["grade"] == GRADES_OF_STAGE[stage].start)
        return frame[first.to_numpy()].groupby("year")["pupils"].sum(skipna=False)

    def sentences(self) -> Sentences:
        """Return what is expected, whether there are places, how the forecast did, and what it lacks."""
        if self.made is None:
            return Sentences((self.why,))
        stages = self.forecast_stages
        untried = [stage for stage in stages if not len(self.tests_of(stage))]
        lines = [
            *(self.expected(stage) for stage in stages),
            *(self.tried_on(stage) for stage in stages),
            self.too_few(untried) if untried else "",
            *self._wanting(),
        ]
        return Sentences(tuple(line for line in lines if line))

    def expected(self, stage: Stage) -> str:
        """Return in a sentence how many pupils a stage will have, and whether the classes hold them."""
        lang, places = self.book.lang, self.places(stage)
        last = self.course(stage).loc[self.made.to]
        text = self.moves(stage) + self._band(last, say(lang, "（低 {}，高 {}）", " (low {}, high {})"))
        if places == places:
            held = number(places, 0, lang)
            text += say(
                lang, f"；现有班级按班额上限可容 {held} 人", f"; by class size there is room for {held}"
            )
            text += self._against_places(stage)
        return text + say(lang, "。", ".")

    def _wanting(self) -> list[str]:
        """Return sentences on schools whose grades were shared out, scaled, or are not known."""
        rows, missing = self.made.rows, self.made.missing
        found = {words: rows.loc[(rows["basis"] == basis).to_numpy()] for basis, words in ODD.items()}
        found["各年级人数不明，没有计入推算", "pupils by grade not known; not in the forecast"] = missing
        lines = []
        for (zh, en), frame in found.items():
            schools = frame.loc[frame["stage"].isin(COMPULSORY).to_numpy(), "school_id"].unique()
            if len(schools):
                lines.append(
                    say(self.book.lang, f"{self._named(schools)}：{zh}。", f"{self._named(schools)}: {en}.")
                )
        return lines

    def _named(self, schools: np.ndarray) -> str:
        table = self.known["schools"].drop_duplicates("school_id").set_index("school_id")["name"].dropna()
        return listed([str(table.get(school, school)) for school in schools], self.book.lang)
