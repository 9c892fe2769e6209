"""What was handed in, what is missing, and what hangs on it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qb import charts
from qb.checks import check
from qb.report.book import Book
from qb.report.seven import caption
from qb.report.table import Column, Heading, Table
from qb.report.words import listed, say, school_year, term, title
from qb.schema import TABLES
from qb.standard import SEVEN
from qb.terms import Severity, Verdict


@dataclass(frozen=True)
class DataReport:
    """Everything the data page shows: of one district, or of all."""

    book: Book
    district: str = ""

    def title(self) -> Heading:
        """Return the page's title and where the data come from."""
        lang = self.book.lang
        place = self.district or say(lang, "全部县区", "All districts")
        text = say(lang, f"{place}：数据概况", f"{place}: what was handed in")
        years = self.book.data.years
        span = f"{years[0]}—{years[-1]}" if len(years) > 1 else str(years[0])
        return Heading(
            f"{text}（{school_year(self.book.year, lang)}）",
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
                "填报率按规定列计算，选填列不计；没有报送的表，依赖它的指标为“缺数据”。",
                "Optional columns do not count. What rests on a table that is missing is “no data”.",
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
        wanted = [c.name for c in TABLES[name].columns if not c.optional]
        return float(frame[wanted].notna().to_numpy().mean()) if len(frame) else 0.0

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

    def faults(self) -> Table:
        """Return what the check found: to be mended, to be looked at, and notes."""
        lang = self.book.lang
        found = check(self.book.data)
        shown = pd.DataFrame(
            [
                {
                    "rule": fault.rule,
                    "severity": term(fault.severity, "zh", (Severity,))
                    if lang == "zh"
                    else str(fault.severity),
                    "table": fault.table or "",
                    "row": str(fault.row or ""),
                    "column": fault.column or "",
                    "message": fault.message,
                    "remedy": fault.remedy,
                }
                for fault in found[:MOST_FAULTS]
            ],
            columns=["rule", "severity", "table", "row", "column", "message", "remedy"],
        )
        columns = (
            Column("rule", say(lang, "规则", "Rule")),
            Column("severity", say(lang, "程度", "Severity")),
            Column("table", say(lang, "表", "Table")),
            Column("row", say(lang, "行", "Row")),
            Column("column", say(lang, "列", "Column")),
            Column("message", say(lang, "问题", "What")),
            Column("remedy", say(lang, "处理办法", "What to do")),
        )
        more = len(found) - MOST_FAULTS
        return Table(
            say(lang, "核查结果", "What the check found"),
            columns,
            shown,
            note=say(lang, f"另有 {more} 条，请用 qb check 查看。", f"{more} more: run qb check.")
            if more > 0
            else "",
            empty=say(lang, "没有发现问题。", "Nothing was found."),
            lang=lang,
        )

    def cost_of_no_data(self) -> Table:
        """Return the verdicts that cannot be given, and which columns they wait for."""
        lang, standard = self.book.lang, self.book.standard
        frame = self.book.assessment.indicators
        if self.district:
            frame = frame[(frame["district"] == self.district).to_numpy()]
        unknown = frame[(frame["verdict"] == Verdict.NO_DATA).to_numpy()]
        counts = unknown.groupby("code", sort=False)["district"].size()
        shown = pd.DataFrame(
            {
                "title": [title(standard[code], lang) for code in counts.index],
                "districts": counts.to_numpy(),
                "rests": [self._rests_on(code) for code in counts.index],
            }
        )
        columns = (
            Column("title", say(lang, "暂无结论的指标", "No verdict yet")),
            Column("districts", say(lang, "县区数", "Districts"), decimals=0),
            Column("rests", say(lang, "需要的数据（表.列）", "Rests on (table.column)")),
        )
        return Table(
            say(lang, "缺数据的后果", "What missing data cost"),
            columns,
            shown,
            empty=say(lang, "31 项指标都有结论。", "All 31 indicators have a verdict."),
            lang=lang,
        )

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
        failing = sum(state is Verdict.FAIL for state in states)
        finding = say(
            lang,
            f"{len(placed)} 所有坐标的学校中，{failing} 所未达标",
            f"{failing} of the {len(placed)} schools on the map fail",
        )
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


MOST_FAULTS = 300
