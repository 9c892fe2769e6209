"""The forecast's part of a page: pupils to come, places for them, how past forecasts did."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from qb import charts
from qb.data.dataset import Dataset, district_of
from qb.errors import QbError
from qb.indicators.population import UNNAMED
from qb.language import told
from qb.planning.forecast.grades import of_missing
from qb.planning.forecast.places_left import Path, verdicts_along
from qb.planning.forecast.places_left import places as places_of
from qb.planning.forecast.progression_ratios import Basis, words
from qb.planning.forecast.projection import Forecast, forecast
from qb.report.context import DistrictPart
from qb.report.tables import Column, Sentences, Table
from qb.report.words import Lang, listed, number, say, stage_label, term, verdict_label
from qb.terms import COMPULSORY, GRADES_OF_STAGE, Stage

# What a forecast of one district rests on, and how it did on years past.


TABLES = ("sections", "classes", "zones", "district")  # what a forecast rests on, besides the schools


class ForecastTrial(DistrictPart):
    """A forecast from what was known in the year of the context, and its back-test."""

    @property
    def made(self) -> Forecast | None:
        """The forecast; None where the data do not allow one, and `why` says why."""
        return self._tried[0]

    @property
    def why(self) -> str:
        """Why there is no forecast; empty where there is one."""
        return self._tried[1]

    @property
    def _tried(self) -> tuple[Forecast | None, str]:
        return self.context.kept(f"forecast {self.district}", self._try)

    def _try(self) -> tuple[Forecast | None, str]:
        try:
            made = forecast(self.known)
            if made.rows["stage"].isin(COMPULSORY).any():
                return made, ""
            nobody = "没有可以推算的小学、初中在校生。", "There are no primary or junior pupils to forecast."
            return None, self.say(*nobody)
        except QbError as error:
            return None, told(error, self.lang)

    @cached_property
    def known(self) -> Dataset:
        """The district's own tables up to the year of the context: a report of one year knows nothing of the next."""
        return Dataset.of(**{name: self.handed_in[name] for name in ("schools", *TABLES)})

    @cached_property
    def handed_in(self) -> Dataset:
        """All of the district's own tables up to the year of the context."""
        return Dataset.of(**{name: self._own(name) for name in self.context.data.tables})

    def _own(self, name: str) -> pd.DataFrame:
        frame = self.context.data[name]
        own = (district_of(self.context.data, name).fillna(UNNAMED) == self.district).to_numpy()
        return frame[own & (frame["year"] <= self.year).to_numpy()] if "year" in frame else frame[own]

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
        columns = (
            Column("stage", ("学段", "Stage")),
            Column("part", ("推算内容", "What is forecast")),
            Column("ahead", ("提前（年）", "Years ahead"), decimals=0),
            Column("years", ("检验的学年", "Years held back")),
            Column("pupils", ("实际人数合计（人）", "Pupils that came"), decimals=0),
            Column("naive", ("简单推算的误差（%）", "Error of the naive forecast (%)"), decimals=1),
            Column("error", ("所用方法的误差（%）", "Error of the method taken (%)"), decimals=1),
            Column("method", ("所用方法", "Method taken")),
        )
        return self.table_of(
            ("推算方法在往年的检验", "The forecast tried on past years"),
            columns,
            pd.DataFrame(self._lines(), columns=[c.key for c in columns]),
            note=(
                "每次只用当年及以前的数据推算以后的学年，再与实际比较；误差为各校各年级差额的绝对值之和占实际人数的比例。"
                "简单推算：全部升级，入学人数和各校份额同上年；只有总体好于它、且各提前年数都不差于它的方法才采用。",
                "Each forecast uses nothing later than the year it is made in. Error: absolute differences by school "
                "and grade, summed, over the pupils that came. Naive: everyone moves up, entry as last year; another "
                "method is taken only where it was better on the whole and worse at no distance.",
            ),
            empty=self.why or self.too_few(self.forecast_stages),
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
        own = self.tests_of(stage, part)
        # Where no other method was taken, what is used is the naive one, at its own error.
        used = own[own["chosen"].to_numpy(dtype=bool)]
        rows = used if len(used) else own.drop_duplicates("ahead").assign(error=lambda rows: rows["naive"])
        name = told(words(method, part), self.lang) if method else self.say("以下各项合用", "all those below")
        return [
            {
                "stage": stage_label(stage, self.lang),
                "part": part_words(part, self.lang),
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
        zh, en = [], []
        for row in self.tests_of(stage).itertuples():
            error, naive = (number(100 * x, 1, self.lang) for x in (row.error, row.naive))
            zh.append(f"提前 {row.ahead} 年 {error}%（{naive}%）")
            en.append(f"{row.ahead} {'year' if row.ahead == 1 else 'years'} ahead {error}% ({naive}%)")
        if not zh:
            return ""
        label = stage_label(stage, self.lang)
        return self.say(
            f"{label}在往年检验中的误差（括号内为“全部升级、入学同上年”）：{'，'.join(zh)}。",
            f"{label}: error of forecasts made in past years, in brackets that of “everyone moves up, entry as last year”: {', '.join(en)}.",
        )

    def too_few(self, stages: list[Stage]) -> str:
        """Return the sentence on stages with too few years to try a forecast on."""
        named = listed([stage_label(stage, self.lang) for stage in stages], self.lang)
        return self.say(
            f"{named}：有班级数据的学年太少，不能用往年检验，按“全部升级、入学同上年”推算，不给高低区间。",
            f"{named}: too few years to try the forecast on; everyone moves up, entry as last year, without a band.",
        )


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


# Pupils in the years to come, and whether there are places for them.


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
        standard, kind = self.standard, self.known["schools"].drop_duplicates("school_id")
        kind = kind.set_index("school_id")["kind"]
        frame = self.known["sections"]
        frame = frame[(frame["stage"] == stage).to_numpy() & (frame["year"] == self.year).to_numpy()]
        frame = frame[~frame["school_id"].map(kind).isin(standard.rules.exclusion.kinds).to_numpy()]
        frame = frame[(frame["pupils"] != 0).to_numpy()]
        size = standard.computed_by("class_size")
        if size is None or not len(frame) or not any(limit.stage in (None, stage) for limit in size.limits):
            return np.nan
        limit = size.limit(stage=stage, year=self.year)
        return float(frame["classes"].sum(skipna=False)) * limit.value

    def outlooks(self) -> list[charts.Chart]:
        """Return pupils of past and coming years with their places, a figure a stage; none without a forecast."""
        return [self._outlook(stage) for stage in self.forecast_stages]

    def _outlook(self, stage: Stage) -> charts.Chart:
        places = self.places(stage)
        finding, limits = self.moves(stage), {}
        if places == places:
            finding += self._against_places(stage)
            limits = {self.say(f"班额上限可容 {places:,.0f}", f"Room for {places:,.0f}"): places}
        measure = self.say("在校生（人），按学年", "Pupils by school year")
        return charts.outlook(
            self.course(stage),
            self.made.base,
            caption=self.caption(finding, measure, list(self.course(stage).index)),
            limits=limits,
        )

    def moves(self, stage: Stage) -> str:
        """Return in words, without a stop, how many pupils a stage has and how many are forecast."""
        made = self.made
        course, label = self.course(stage), stage_label(stage, self.lang)
        last = number(course["pupils"][made.to], 0, self.lang)
        if not np.isfinite(course["pupils"].get(made.base, np.nan)):
            return self.say(
                f"{label}在校生推算 {made.to} 年 {last} 人（{made.base} 年有学校的人数不明）",
                f"{label} pupils: {last} forecast for {made.to} (not all are known in {made.base})",
            )
        first = number(course["pupils"][made.base], 0, self.lang)
        return self.say(
            f"{label}在校生 {made.base} 年 {first} 人，推算 {made.to} 年 {last} 人",
            f"{label} pupils: {first} in {made.base}, {last} forecast for {made.to}",
        )

    def _against_places(self, stage: Stage) -> str:
        """Say in which of the years to come pupils outnumber the places."""
        ahead = self.course(stage)["pupils"].loc[self.made.base + 1 :]
        over = listed([str(year) for year in ahead.index[ahead > self.places(stage)]], self.lang, most=10)
        if not over:
            return self.say("，各年都不超过现有班级的容量", "; the present classes hold them in every year")
        return self.say(
            f"，{over} 年超过现有班级的容量", f"; more than the present classes may hold in {over}"
        )

    def table(self) -> Table:
        """Return pupils by stage and year: the band, the entrants, and the places left."""
        columns = (
            Column("stage", ("学段", "Stage")),
            Column("year", ("学年（起始年）", "School year starting")),
            Column("pupils", ("在校生（人）", "Pupils"), decimals=0),
            Column("band", ("低—高（人）", "Low–high")),
            Column("entrants", ("其中最低年级（人）", "In the lowest grade"), decimals=0),
            Column("left", ("班额上限内的余位（人）", "Places left")),
        )
        limited = self.standard.computed_by("class_size") is not None
        lines = [line for stage in self.forecast_stages for line in self._years(stage)]
        return self.table_of(
            ("在校生：往年与推算", "Pupils: past years and forecast"),
            columns if limited else columns[:-1],
            pd.DataFrame(lines, columns=[column.key for column in columns]),
            note=(
                "低—高：按往年误差，十年里约八年落在其中；“—”为已有实际数，或学年太少、没有区间。"
                + "余位 = 现有班级数 × 班额上限 − 在校生，负数为不足；特殊教育学校的班级不计。" * limited,
                "Low–high: about eight years in ten lie within, judging by past errors; “—”: the year has been, or "
                "there are too few years for a band."
                + " Places left = present classes × limit of class size − pupils; "
                "classes of special schools are not counted." * limited,
            ),
            empty=self.why,
        )

    def by_school(self) -> Table | None:
        """Return places against pupils: a row a school and stage, the shortest of places first.

        None where the standard does not limit the size of classes: nobody can count places.
        """
        if self.standard.computed_by("class_size") is None:
            return None
        made = self.made
        years = range(made.base, made.to + 1) if made is not None else range(0)
        last = made.to if made is not None else ""
        columns = (
            Column("name", ("学校", "School")),
            Column("stage", ("学段", "Stage")),
            Column("places", ("现有学位（人）", "Places now"), decimals=0),
            *(Column(str(year), (f"{year} 年余位", f"Left in {year}"), decimals=0) for year in years),
            Column("band", (f"{last} 年（学生多、少）", f"{last}, many to few")),
        )
        lines = self._spare() if made is not None else []
        return self.table_of(
            ("各校学位与学生", "Places against pupils by school"),
            columns,
            pd.DataFrame(lines, columns=[*(column.key for column in columns), "short"]),
            failing="short",
            note=(
                "学位 = 现有班级数 × 班额上限；余位 = 学位 − 学生，负数为缺的学位，有一年缺即标出。学生按推算；最后一列是学生数取高端、低端时"
                "的余位。特殊教育学校不列。",
                "Places = present classes × limit of class size; left = places − pupils as forecast: below 0 they are short, "
                "and rows with such a year are marked. The last column has what is left at the high and the low path. "
                "Special schools are not listed.",
            ),
            empty=self.why,
        )

    def _spare(self) -> list[dict[str, object]]:
        table = places_of(self.known, self.made, self.standard)
        table = table.assign(spare_high=table["places"] - table["low"])
        lines = []
        for (school, stage), own in table.groupby(["school_id", "stage"], sort=False):
            name, last = own["name"].iloc[0], own.iloc[-1]
            ends = [number(last[side], 0, self.lang) for side in ("spare_low", "spare_high")]
            lines.append(
                {
                    "name": school if name != name or name is None else name,
                    "stage": stage_label(Stage(stage), self.lang),
                    "places": own["places"].iloc[0],
                    **dict(zip(own["year"].astype(str), own["spare"], strict=True)),
                    "band": "—"
                    if last["low"] != last["low"]
                    else self.say("{} 至 {}", "{} to {}").format(*ends),
                    "short": bool((own["spare"] < 0).any()),
                    "least": own["spare"].min(),
                }
            )
        return sorted(lines, key=lambda line: (line["least"] != line["least"], line["least"]))

    def ends(self) -> Table:
        """Return the district's verdicts in the last year forecast, under the low and the high path."""
        made = self.made
        columns = (
            Column("path", ("学生数", "Pupils come")),
            Column("pupils", ("小学、初中学生（人）", "Primary and junior pupils"), decimals=0),
            Column("verdict", ("结论", "Verdict")),
            *(
                Column("rows", ("学校（学段）", "School stages"), decimals=0),
                Column("passing", ("其中达标", "That meet the standard"), decimals=0),
                Column("no_data", ("其中缺数据", "Without data"), decimals=0),
            )
            * bool(self.standard.rules.school),
            *(Column("over", ("超限的差异系数", "Coefficients above the limit"), decimals=0),)
            * bool(self.standard.rules.coefficient),
        )
        found = pd.DataFrame(columns=[column.key for column in columns])
        if made is not None:
            found = verdicts_along(self.handed_in, made, made.to, self.standard)
            found = found.assign(
                path=[term(path, self.lang, (Path,)) for path in found["path"]],
                verdict=[verdict_label(verdict, self.lang) for verdict in found["verdict"]],
            )
        last = made.to if made is not None else ""
        return self.table_of(
            (f"{last} 学年的结论：学生数取低、中、高", f"Verdicts in {last} should few or many pupils come"),
            columns,
            found,
            note=(
                "各学段的学生数同取区间的低端、中间、高端，各校各年级按同一比例；教师按每年离开的比例减少、不补充，其余同最后学年。",
                "All stages at the low end, the middle or the high end of their band, every grade of every school by the "
                "same share; teachers leave at the yearly rate and none is hired; all else as in the last year.",
            ),
            empty=self.why,
        )

    def _years(self, stage: Stage) -> list[dict[str, object]]:
        base, places = self.made.base, self.places(stage)
        entrants, lines = self._entrants(stage), []
        ahead = self.say("（推算）", " (forecast)")
        for year, row in self.course(stage).iterrows():
            left = places - row["pupils"]
            lines.append(
                {
                    "stage": stage_label(stage, self.lang),
                    "year": f"{year}{ahead}" if year > base else str(year),
                    "pupils": row["pupils"],
                    "band": self._band(row, self.say("{}—{}", "{}–{}")) or "—",
                    "entrants": entrants.get(year, np.nan),
                    "left": number(left, 0, self.lang) if year >= base else "—",
                }
            )
        return lines

    def _band(self, row: pd.Series, form: str) -> str:
        """Return the low and the high path of a year; empty where there is no band."""
        if row["low"] != row["low"]:
            return ""
        return form.format(*(number(row[side], 0, self.lang) for side in ("low", "high")))

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
        places = self.places(stage)
        last = self.course(stage).loc[self.made.to]
        text = self.moves(stage) + self._band(last, self.say("（低 {}，高 {}）", " (low {}, high {})"))
        if places == places:
            held = number(places, 0, self.lang)
            text += self.say(
                f"；现有班级按班额上限可容 {held} 人", f"; by class size there is room for {held}"
            )
            text += self._against_places(stage)
        return text + self.say("。", ".")

    def _wanting(self) -> list[str]:
        """Return sentences on schools whose grades were shared out, scaled, or are not known."""
        lines, rows = [], self.made.rows
        for basis, (zh, en) in ODD.items():
            own = rows[((rows["basis"] == basis) & rows["stage"].isin(COMPULSORY)).to_numpy()]
            if len(own):
                named = self._named(own["school_id"].unique())
                lines.append(self.say(f"{named}：{zh}。", f"{named}: {en}."))
        missing = self.made.missing
        missing = missing[missing["stage"].isin(COMPULSORY).to_numpy()]
        notes = (told(note, self.lang) for note in of_missing(self.known, missing))
        return [*lines, *(self.say(f"{note}。", f"{note}.") for note in notes)]

    def _named(self, schools: np.ndarray) -> str:
        table = self.known["schools"].drop_duplicates("school_id").set_index("school_id")["name"].dropna()
        return listed([str(table.get(school, school)) for school in schools], self.lang)
