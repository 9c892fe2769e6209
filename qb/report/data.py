"""What was handed in, what is missing, and what hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from qb import charts
from qb.judge import Assessment
from qb.report.book import Book
from qb.report.counts import Tally, schools_said
from qb.report.faults import FaultReport
from qb.report.seven import caption, unknown
from qb.report.table import Column, Heading, Table
from qb.report.words import AREAS, listed, say, school_year, stage_label, title
from qb.schema import TABLES
from qb.standard import SEVEN
from qb.terms import Verdict

_BY_SCHOOL = ("sections", "facilities", "classes", "rooms", "funds")


def _wanted(table: str) -> list[str]:
    """Return the columns that every row of a table must fill in; others may rightly be blank."""
    return [c.name for c in TABLES[table].columns if not c.optional and not c.blank]


@dataclass(frozen=True)
class DataReport:
    """Everything the data page shows: of one district, or of all."""

    book: Book
    district: str = ""

    def title(self) -> Heading:
        """Return the page's title and where the data come from."""
        lang = self.book.lang
        place = self.district or say(lang, "全部县区", "All districts")
        year = school_year(self.book.year, lang)
        text = say(lang, f"{place}：数据概况（{year}）", f"{place}: what was handed in ({year})")
        years = self.book.data.years
        span = f"{years[0]}—{years[-1]}" if len(years) > 1 else str(years[0])
        return Heading(
            text,
            say(
                lang,
                f"来源：{self.book.source}；含 {span} 年度。",
                f"Source: {self.book.source}; years {span}.",
            ),
        )

    def tables(self) -> Table:
        """Return each table: rows in all, rows of the year, share of cells filled in."""
        lang = self.book.lang
        lines = []
        for name, table in TABLES.items():
            frame = self._own(name)
            of_year = self._of_year(frame)
            lines.append(
                {
                    "name": say(lang, f"{table.label}（{name}）", name),
                    "rows": len(frame),
                    "year": len(of_year),
                    "filled": self._filled(name, of_year) * 100,
                    "codes": say(lang, "、", ", ").join(self._codes(name)),
                    "missing": not len(of_year),
                }
            )
        columns = (
            Column("name", say(lang, "表", "Table")),
            Column("rows", say(lang, "总行数", "Rows"), decimals=0),
            Column("year", say(lang, "本年度行数", "Rows of the year"), decimals=0),
            Column("filled", say(lang, "本年度填报率（%）", "Filled in (%)"), decimals=1),
            Column("codes", say(lang, "用于指标", "Used by")),
        )
        return Table(
            say(lang, "报送的数据表", "Tables handed in"),
            columns,
            pd.DataFrame(lines),
            failing="missing",
            note=say(
                lang,
                "填报率只计每行都应填写的列；选填的列和可以空着的列（如不是校区的学校的所属学校、尚未销号的问题的销号日期）"
                "不计。没有报送的表，依赖它的指标为“缺数据”。",
                "Only columns that every row must fill in count; not those that may rightly be blank (the parent of what is "
                "no campus, the closing of an open problem). What rests on a table that is missing is “no data”.",
            ),
            lang=lang,
        )

    def _own(self, name: str) -> pd.DataFrame:
        frame = self.book.data[name]
        if not self.district:
            return frame
        if "district" in frame:
            return frame[(frame["district"] == self.district).to_numpy()]
        schools = self.book.data["schools"]
        mine = schools.loc[(schools["district"] == self.district).to_numpy(), "school_id"]
        return frame[frame["school_id"].isin(mine).to_numpy()]

    def _of_year(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["year"] == self.book.year).to_numpy()] if "year" in frame else frame

    def _filled(self, name: str, frame: pd.DataFrame) -> float:
        return float(frame[_wanted(name)].notna().to_numpy().mean()) if len(frame) else 0.0

    def _codes(self, name: str) -> list[str]:
        codes = {code for column in TABLES[name].columns for code in column.codes if code.startswith("C")}
        return sorted(codes, key=lambda code: int(code[1:]))

    def completeness(self) -> charts.Chart:
        """Return the share of cells filled in, by table and year."""
        lang = self.book.lang
        yearly = [name for name in TABLES if "year" in self.book.data[name]]
        years = self.book.data.years
        share = pd.DataFrame(
            [
                [self._filled(name, frame[(frame["year"] == year).to_numpy()]) for year in years]
                for name in yearly
                for frame in (self._own(name),)
            ],
            index=[say(lang, TABLES[name].label, name) for name in yearly],
            columns=[str(year) for year in years],
        )
        empty = [str(name) for name in share.index[share[str(self.book.year)] == 0]]
        finding = say(
            lang,
            f"本年度没有报送：{listed(empty, lang)}" if empty else "本年度各表都有数据",
            f"Not handed in this year: {listed(empty, lang)}" if empty else "Every table has data this year",
        )
        place = self.district or say(lang, "全部县区", "all districts")
        measure = say(lang, "各表各年度填报率", "Share of cells filled in, by table and year")
        return charts.completeness(share, caption=caption(finding, measure, place, self.book.source, lang))

    @cached_property
    def check(self) -> FaultReport:
        """What the check found, and the corrections."""
        return FaultReport(self.book, self.district)

    def faults(self) -> Table:
        """Return what the check found, one by one."""
        return self.check.listed()

    def by_school(self) -> Table:
        """Return the share of cells that each school filled in this year, by table; the emptiest first."""
        lang = self.book.lang
        schools = self._own("schools").drop_duplicates("school_id").set_index("school_id")
        shares = {name: self._filled_by_school(name) for name in _BY_SCHOOL}
        here = self._of_year(self._own("sections"))["school_id"]
        shown = pd.DataFrame(shares, index=schools.index[schools.index.isin(here)]) * 100
        shown = shown.fillna(0.0).assign(name=schools["name"].fillna(""))
        order = shown[list(shares)].mean(axis=1).sort_values(kind="stable").index
        columns = (
            Column("name", say(lang, "学校", "School")),
            *(Column(n, say(lang, f"{TABLES[n].label}（%）", f"{n} (%)"), decimals=0) for n in shares),
        )
        return Table(
            say(lang, "各校本年度填报率", "Share of cells filled in, by school"),
            columns,
            shown.loc[order].reset_index(),
            note=say(
                lang,
                "0 表示这张表中没有该校本年度的行。",
                "0: the table has no row of the school this year.",
            ),
            empty=say(lang, "没有学校报送本年度数据。", "No school reported this year."),
            lang=lang,
        )

    def _filled_by_school(self, name: str) -> pd.Series:
        frame = self._of_year(self._own(name))
        return frame[_wanted(name)].notna().mean(axis=1).groupby(frame["school_id"]).mean()

    def cost_of_no_data(self) -> Table:
        """Return the indicators without a verdict, the area that waits for them, and what they rest on."""
        lang, standard = self.book.lang, self.book.standard
        own = self._assessment
        frame = own.indicators
        missing = frame[(frame["verdict"] == Verdict.NO_DATA).to_numpy()]
        counts = missing.groupby("code", sort=False)["district"].size()
        waiting = own.areas[(own.areas["verdict"] == Verdict.NO_DATA).to_numpy()].groupby("area").size()
        areas = [standard[code].area for code in counts.index]
        shown = pd.DataFrame(
            {
                "title": [title(standard[code], lang) for code in counts.index],
                "districts": counts.to_numpy(),
                "area": [say(lang, *AREAS[area]) for area in areas],
                "waiting": [int(waiting.get(area, 0)) for area in areas],
                "rests": [self._rests_on(code) for code in counts.index],
            }
        )
        columns = (
            Column("title", say(lang, "暂无结论的指标", "No verdict yet")),
            Column("districts", say(lang, "县区数", "Districts"), decimals=0),
            Column("area", say(lang, "所属方面", "Area")),
            Column("waiting", say(lang, "该方面因此悬空的县区数", "Districts whose area waits"), decimals=0),
            Column("rests", say(lang, "需要的数据（表.列）", "Rests on (table.column)")),
        )
        return Table(
            say(lang, "缺数据的后果", "What missing data cost"),
            columns,
            shown,
            note=say(
                lang,
                "已有一项未达标的方面不悬空：缺的数据补上也不会达标。",
                "An area with an indicator unmet does not wait: no data could make it pass.",
            ),
            empty=say(
                lang,
                f"{len(standard.indicators)} 项指标都有结论。",
                f"All {len(standard.indicators)} indicators have a verdict.",
            ),
            lang=lang,
        )

    def open_schools(self) -> Table:
        """Return the schools whose verdict waits for data, and for which of the seven."""
        lang, rows = self.book.lang, self._assessment.rows
        waiting = rows[(rows["verdict"] == Verdict.NO_DATA).to_numpy()]
        shown = pd.DataFrame(
            {
                "name": waiting["name"].to_numpy(),
                "stage": [stage_label(stage, lang) for stage in waiting["stage"]],
                "codes": [say(lang, "、", ", ").join(unknown(row)) for _, row in waiting.iterrows()],
            }
        )
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("codes", say(lang, "缺数据的指标", "No data for")),
        )
        return Table(
            say(lang, "结论悬空的学校", "Schools whose verdict waits"),
            columns,
            shown,
            empty=say(lang, "各校都有结论。", "Every school has a verdict.")
            if len(rows)
            else say(lang, "没有参加评估的学校。", "No school is judged."),
            lang=lang,
        )

    @cached_property
    def _assessment(self) -> Assessment:
        whole = self.book.assessment
        return whole.of(self.district) if self.district else whole

    def _rests_on(self, code: str) -> str:
        columns = [
            f"{name}.{column.name}"
            for name, table in TABLES.items()
            for column in table.columns
            if code in column.codes and not column.optional
        ]
        most = 4 if code in SEVEN else 6
        return listed(columns, self.book.lang, most)

    def map(self) -> list[charts.Chart]:
        """Return where the schools are, where coordinates were handed in."""
        schools = self._own("schools")
        placed = schools[schools["longitude"].notna().to_numpy() & schools["latitude"].notna().to_numpy()]
        if not len(placed) or not self.district:
            return []
        lang = self.book.lang
        rows = self.book.assessment.of(self.district).rows
        worst = rows.assign(code=rows["verdict"].cat.codes).sort_values("code", kind="stable")
        worst = worst.drop_duplicates("school_id").set_index("school_id")
        pupils = rows.groupby("school_id")["pupils"].sum()
        placed = placed[placed["school_id"].isin(worst.index)]
        states = [Verdict(worst.loc[s, "verdict"]) for s in placed["school_id"]]
        if not len(placed):
            return []
        finding = say(lang, "有坐标的学校：", "Schools on the map: ") + schools_said(Tally.of(states), lang)
        place = self.book.place(self.district)
        return [
            charts.map_of_schools(
                placed["longitude"].tolist(),
                placed["latitude"].tolist(),
                [float(pupils[s]) for s in placed["school_id"]],
                placed["name"].tolist(),
                states,
                caption=caption(
                    finding, say(lang, "圆点大小为在校生数", "Dots by pupils"), place, self.book.source, lang
                ),
            )
        ]
