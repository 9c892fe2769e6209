"""The data page: what was handed in, what is missing and what hangs on it, faults found, corrections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from qb import charts
from qb.data.checks import RULES, check
from qb.data.checks import title as school_title
from qb.data.dataset import district_of
from qb.data.schema import TABLES, bearing, items_of, tables_of
from qb.data.schema import SchemaTable as SourceTable
from qb.data.table_headers import FORM_RULES
from qb.errors import Fault
from qb.indicators.assessment import Assessment
from qb.report import columns
from qb.report.context import ReportContext, Speaker, part
from qb.report.resource_tables import caption, unknown
from qb.report.tables import Column, Heading, Table, school_page
from qb.report.verdict_sentences import schools_said
from qb.report.words import Tally, area_label, column_label, label, listed, school_year, table_label
from qb.terms import Severity, Verdict

# What the check found, by rule and by school, and the corrections, as tables.


MOST_FAULTS = 300
RULE = Column("rule", ("规则", "Rule"))
SEVERITY = Column(
    "severity", ("程度", "Severity"), show=lambda row, reader: label(row["severity"], reader.lang)
)


@dataclass(frozen=True)
class FaultReport(Speaker):
    """The faults and corrections of one district, or of all.

    Faults that belong to no school and no district stand on every page.
    """

    context: ReportContext
    district: str = ""

    @cached_property
    def found(self) -> list[Fault]:
        """The faults, in the order of the check."""
        every = check(self.context.data, self.standard)
        return [fault for fault in every if self._own(fault)]

    def _own(self, fault: Fault) -> bool:
        if not self.district:
            return True
        if fault.school_id is not None:
            return self._home.get(fault.school_id, self.district) == self.district
        return self._district_of(fault) in (None, self.district)

    @cached_property
    def _home(self) -> dict[str, object]:
        schools = self.context.data["schools"]
        return dict(zip(schools["school_id"], schools["district"], strict=True))

    def _district_of(self, fault: Fault) -> object:
        """Return the district that the record of a fault names, or None."""
        data = self.context.data
        if fault.table is None or fault.row is None or fault.table not in data.tables:
            return None
        lines = data.lines.get(fault.table, np.arange(2, len(data[fault.table]) + 2))
        (position,) = np.flatnonzero(lines == fault.row)[:1] if fault.row in lines else (None,)
        return None if position is None else district_of(data, fault.table).iloc[position]

    def by_rule(self) -> Table:
        """Return how often each rule was broken, by how many schools, and why it is asked."""
        lines = []
        for number, faults in _grouped(self.found, "rule").items():
            rule = _RULES.get(number)
            lines.append(
                {
                    "rule": number,
                    "title": rule.title if rule else number,
                    "severity": faults[0].severity,
                    "count": len(faults),
                    "schools": len({fault.school_id for fault in faults if fault.school_id}),
                    "reason": rule.reason if rule else "",
                }
            )
        return self._table(
            ("各规则发现的问题", "Faults by rule"),
            (
                RULE,
                columns.sentence("title", ("问题", "What")),
                SEVERITY,
                Column("count", ("处数", "Faults"), decimals=0),
                Column("schools", ("涉及学校", "Schools"), decimals=0),
                columns.sentence("reason", ("依据", "Why it is asked")),
            ),
            lines,
        )

    def by_school(self) -> Table:
        """Return how many faults each school has to mend or to look at; those with most first."""
        schools = self.context.data["schools"]
        names = dict(zip(schools["school_id"], schools["name"], strict=True))
        lines = []
        for school, faults in _grouped(self.found, "school_id").items():
            if school:
                counts = Counter(fault.severity for fault in faults)
                lines.append(
                    {
                        "school": school_title(school, names),
                        "school_id": school,
                        "rules": dict.fromkeys(fault.rule for fault in faults),
                        **{str(severity): counts[severity] for severity in Severity},
                    }
                )
        lines.sort(key=lambda line: [-line[str(severity)] for severity in Severity])
        return self._table(
            ("各校的问题", "Faults by school"),
            (
                replace(columns.sentence("school", ("学校", "School")), school="school_id"),
                *(Column(str(s), label(s, self.lang), decimals=0) for s in Severity),
                columns.listing("rules", ("规则", "Rules")),
            ),
            lines,
        )

    def listed(self) -> Table:
        """Return the faults one by one, the first of them."""
        more = len(self.found) - MOST_FAULTS
        return self._table(
            ("核查结果", "What the check found"),
            (
                RULE,
                SEVERITY,
                Column("table", ("表", "Table"), show=lambda row, _: self._table_name(row["fault"])),
                Column("row", ("行", "Row"), show=lambda row, _: str(row["fault"].row or "")),
                Column("column", ("列", "Column"), show=lambda row, _: self._column_name(row["fault"])),
                columns.sentence("message", ("问题", "What")),
                columns.sentence("remedy", ("处理办法", "What to do")),
            ),
            [
                {
                    "fault": fault,
                    "rule": fault.rule,
                    "severity": fault.severity,
                    "message": fault.message,
                    "remedy": fault.remedy,
                }
                for fault in self.found[:MOST_FAULTS]
            ],
            self.say(f"另有 {more} 条，请用 qb check 查看。", f"{more} more: run qb check.") * (more > 0),
        )

    def corrections(self) -> Table:
        """Return the known errors of the source that were put right on reading."""
        tables = tables_of(self.standard)
        lines = [
            {
                "table": self.say(tables[entry.table].label, entry.table),
                "key": "，".join(str(value) for value in entry.key.values()),
                "column": self.say(tables[entry.table][entry.column].label, entry.column),
                "wrong": _shown(entry.said[0]),
                "right": _shown(entry.said[1]),
                "why": entry.why,
                "by": entry.confirmed_by,
                "on": entry.on.isoformat(),
            }
            for entry in self.context.data.corrections
            if self._home.get(str(entry.key.get("school_id", "")), self.district) == self.district
            or not self.district
        ]
        return self.table_of(
            ("对来源数据的更正", "Corrections of the source"),
            (
                Column("table", ("表", "Table")),
                Column("key", ("记录", "Record")),
                Column("column", ("列", "Column")),
                Column("wrong", ("来源的值", "In the source")),
                Column("right", ("更正为", "Put right")),
                Column("why", ("原因", "Why")),
                Column("by", ("确认单位", "Confirmed by")),
                Column("on", ("日期", "On")),
            ),
            lines,
            empty=("没有更正。", "There are no corrections."),
        )

    def _table(
        self, caption: tuple[str, str], kinds: Iterable[Column], lines: list[dict], note: str = ""
    ) -> Table:
        empty = "核查没有发现问题。", "The check found nothing."
        return self.table_of(caption, kinds, lines, note=note, empty=empty)

    def _table_name(self, fault: Fault) -> str:
        table = TABLES.get(fault.table or "")
        return "" if table is None else table_label(table.name, self.lang)

    def _column_name(self, fault: Fault) -> str:
        table = TABLES.get(fault.table or "")
        column = table.by_name.get(fault.column or "") if table else None
        return (
            column_label(table.name, column.name, column.label, self.lang) if column else fault.column or ""
        )


_RULES = {rule.number: rule for rule in (*FORM_RULES.values(), *RULES)}


def _grouped(faults: list[Fault], name: str) -> dict[str | None, list[Fault]]:
    groups: dict[str | None, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(getattr(fault, name), []).append(fault)
    return groups


def _shown(value: object) -> str:
    return "—" if value == "" else str(value)


# What was handed in, what is missing, and what hangs on it.


_BY_SCHOOL = ("sections", "facilities", "classes", "rooms", "funds")


def _given(table: SourceTable, frame: pd.DataFrame) -> pd.DataFrame:
    """Return which cells that every row must fill in are, those that a standard declares among them.

    Others may rightly be blank; a band of sizes has no number and size of its own.
    """
    wanted = [c.name for c in table.columns if not c.optional and not c.blank]
    given = frame.reindex(columns=wanted).notna()
    if table.band:
        own = [column for column in (*table.band.blank, table.band.size) if column in given]
        given = given.assign(**{column: given[column] | table.bands(frame) for column in own})
    return given


@dataclass(frozen=True)
class DataReport(Speaker):
    """Everything the data page shows: of one district, or of all."""

    context: ReportContext
    district: str = ""

    def title(self) -> Heading:
        """Return the page's title and where the data come from."""
        lang = self.lang
        place = self.district or self.say("全部县区", "All districts")
        year = school_year(self.year, lang)
        text = self.say(f"{place}：数据概况（{year}）", f"{place}: what was handed in ({year.lower()})")
        years = self.context.data.years
        span = f"{years[0]}—{years[-1]}" if len(years) > 1 else "".join(map(str, years))
        held = self.say(f"含 {span} 年度", f"years {span.replace('—', '–')}") if years else ""
        held = held or self.say("没有任何年度的数据", "no data of any year")
        source = self.context.source
        return Heading(text, self.say(f"来源：{source}；{held}。", f"Source: {source}; {held}."))

    def tables(self) -> Table:
        """Return each table: rows in all, rows of the year, share of cells filled in."""
        lines = []
        for name, table in TABLES.items():
            frame = self._own(name)
            of_year = self._of_year(frame)
            if table.optional and not len(frame):
                continue
            lines.append(
                {
                    "name": table_label(name, self.lang),
                    "rows": len(frame),
                    "year": len(of_year),
                    "filled": self._filled(name, of_year) * 100,
                    "codes": self._codes(name),
                    "missing": not len(of_year),
                }
            )
        return self.table_of(
            ("报送的数据表", "Tables handed in"),
            (
                Column("name", ("表", "Table")),
                Column("rows", ("总行数", "Rows"), decimals=0),
                Column("year", ("本年度行数", "Rows of the year"), decimals=0),
                Column("filled", ("本年度填报率（%）", "Filled in (%)"), decimals=1),
                columns.listing("codes", ("用于指标", "Used by")),
            ),
            lines,
            failing="missing",
            note=(
                "填报率只计每行都应填写的列；选填的列和可以空着的列（如不是校区的学校的所属学校、尚未销号的问题的销号日期）"
                "不计。没有报送的表，依赖它的指标为“缺数据”。",
                "Only columns that every row must fill in count; not those that may rightly be blank (the parent of what is "
                "no campus, the closing of an open problem). What rests on a table that is missing is “no data”.",
            ),
        )

    def _own(self, name: str) -> pd.DataFrame:
        frame = self.context.data[name]
        if not self.district:
            return frame
        mine = district_of(self.context.data, name) == self.district
        return frame[mine.to_numpy(dtype=bool)]

    def _of_year(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["year"] == self.year).to_numpy()] if "year" in frame else frame

    def _filled(self, name: str, frame: pd.DataFrame) -> float:
        return float(_given(self._tables[name], frame).to_numpy().mean()) if len(frame) else 0.0

    @cached_property
    def _tables(self) -> dict[str, SourceTable]:
        return tables_of(self.standard)

    def _codes(self, name: str) -> list[str]:
        codes = {
            code for (table, _), found in bearing(self.standard).items() if table == name for code in found
        }
        return [code for code in self.standard.codes if code in codes]

    def completeness(self) -> charts.Chart:
        """Return the share of cells filled in, by table and year."""
        lang = self.lang
        yearly = [name for name in TABLES if "year" in self.context.data[name]]
        years = self.context.data.years or [self.year]
        share = pd.DataFrame(
            [
                [self._filled(name, frame[(frame["year"] == year).to_numpy()]) for year in years]
                for name in yearly
                for frame in (self._own(name),)
            ],
            index=[table_label(name, lang) for name in yearly],
            columns=[str(year) for year in years],
        )
        empty = [str(name) for name in share.index[share[str(self.year)] == 0]]
        finding = self.say(
            f"本年度没有报送：{listed(empty, lang)}" if empty else "本年度各表都有数据",
            f"Not handed in this year: {listed(empty, lang)}" if empty else "Every table has data this year",
        )
        place = self.district or self.say("全部县区", "all districts")
        measure = self.say("各表各年度填报率", "Share of cells filled in, by table and year")
        return charts.completeness(share, caption=caption(finding, measure, place, self.context.source, lang))

    check = part(FaultReport)  # what the check found, and the corrections

    def faults(self) -> Table:
        """Return what the check found, one by one."""
        return self.check.listed()

    def by_school(self) -> Table:
        """Return the share of cells that each school filled in this year, by table; the emptiest first."""
        schools = self._own("schools").drop_duplicates("school_id").set_index("school_id")
        shares = {name: self._filled_by_school(name) for name in _BY_SCHOOL}
        here = self._of_year(self._own("sections"))["school_id"]
        shown = pd.DataFrame(shares, index=schools.index[schools.index.isin(here)]) * 100
        shown = shown.fillna(0.0).assign(name=schools["name"].fillna(""))
        order = shown[list(shares)].mean(axis=1).sort_values(kind="stable").index
        return self.table_of(
            ("各校本年度填报率", "Share of cells filled in, by school"),
            (
                columns.SCHOOL,
                *(
                    Column(n, (f"{table_label(n, 'zh')}（%）", f"{table_label(n, 'en')} (%)"), decimals=0)
                    for n in shares
                ),
            ),
            shown.loc[order].rename_axis("school_id").reset_index(),
            note=("0 表示这张表中没有该校本年度的行。", "0: the table has no row of the school this year."),
            empty=("没有学校报送本年度数据。", "No school reported this year."),
        )

    def _filled_by_school(self, name: str) -> pd.Series:
        frame = self._of_year(self._own(name))
        return _given(self._tables[name], frame).mean(axis=1).groupby(frame["school_id"]).mean()

    def cost_of_no_data(self) -> Table:
        """Return the indicators without a verdict, the area that waits for them, and what they rest on."""
        own, asked = self._assessment, len(self.standard.indicators)
        missing = own.indicators[(own.indicators["verdict"] == Verdict.NO_DATA).to_numpy()]
        waiting = own.areas[(own.areas["verdict"] == Verdict.NO_DATA).to_numpy()].groupby("area").size()
        return self.table_of(
            ("缺数据的后果", "What missing data cost"),
            (
                replace(columns.indicator(leads=False), label=("暂无结论的指标", "No verdict yet")),
                Column("districts", ("县区数", "Districts"), decimals=0),
                Column(
                    "area",
                    ("所属方面", "Area"),
                    show=lambda row, _: area_label(row["area"], self.standard, self.lang),
                ),
                Column("waiting", ("该方面因此缺数据的县区数", "Districts whose area waits"), decimals=0),
                Column(
                    "rests",
                    ("缺的数据", "What is missing"),
                    show=lambda row, _: self._rests_on(row["code"]),
                ),
            ),
            [
                {
                    "code": code,
                    "districts": int(count),
                    "area": self.standard[code].area,
                    "waiting": int(waiting.get(self.standard[code].area, 0)),
                }
                for code, count in missing.groupby("code", sort=False)["district"].size().items()
            ],
            note=(
                "已有一项未达标的方面仍为未达标：缺的数据补上也不会达标。",
                "An area with an indicator unmet does not wait: no data could make it pass.",
            ),
            empty=(f"{asked} 项指标都有结论。", f"All {asked} indicators have a verdict."),
        )

    def open_schools(self) -> Table:
        """Return the schools whose verdict waits for data, and for which of the seven."""
        rows = self._assessment.rows
        waiting = rows[(rows["verdict"] == Verdict.NO_DATA).to_numpy()].to_dict("records")
        return self.table_of(
            ("因缺数据没有结论的学校", "Schools whose verdict waits"),
            (
                columns.SCHOOL,
                columns.STAGE,
                columns.listing("codes", ("缺数据的指标", "No data for")),
            ),
            [{**row, "codes": unknown(row)} for row in waiting],
            empty=("各校都有结论。", "Every school has a verdict.")
            if len(rows)
            else ("没有参加评估的学校。", "No school is judged."),
        )

    @cached_property
    def _assessment(self) -> Assessment:
        whole = self.context.assessment
        return whole.of(self.district) if self.district else whole

    def _rests_on(self, code: str) -> str:
        """Return which of the columns that an indicator rests on have gaps, as readers call them."""
        found = []
        for name, table in self._tables.items():
            frame = self._of_year(self._own(name))
            asked = {c.name: c.label for c in table.columns if code in bearing(self.standard)[name, c.name]}
            blank = {c.name for c in table.columns if c.optional or c.blank}
            lacking = [c for c in asked if c not in blank and (not len(frame) or frame[c].isna().any())]
            if name == "district" and asked:
                known = set(frame["item"][frame["value"].notna()])
                asked = {i.value: i.zh for i in items_of(self.standard).values()}
                lacking = [i for i in asked if code in bearing(self.standard)[name, i] and i not in known]
            if lacking:
                words = [column_label(name, column, asked[column], self.lang) for column in lacking]
                found.append(
                    f"{table_label(name, self.lang)}{self.say('：', ': ')}{listed(words, self.lang)}"
                )
        return self.say("；", "; ").join(found)

    def map(self) -> list[charts.Chart]:
        """Return where the schools are, where coordinates were handed in."""
        schools = self._own("schools")
        placed = schools[schools["longitude"].notna().to_numpy() & schools["latitude"].notna().to_numpy()]
        if not len(placed) or not self.district:
            return []
        lang = self.lang
        rows = self.context.assessment.of(self.district).rows
        worst = rows.assign(code=rows["verdict"].cat.codes).sort_values("code", kind="stable")
        worst = worst.drop_duplicates("school_id").set_index("school_id")
        pupils = rows.groupby("school_id")["pupils"].sum()
        placed = placed[placed["school_id"].isin(worst.index)]
        states = [Verdict(worst.loc[s, "verdict"]) for s in placed["school_id"]]
        if not len(placed):
            return []
        finding = self.say("有坐标的学校：", "Schools on the map: ") + schools_said(Tally.of(states), lang)
        place = self.context.place(self.district)
        return [
            charts.map_of_schools(
                placed["longitude"].tolist(),
                placed["latitude"].tolist(),
                [float(pupils[s]) for s in placed["school_id"]],
                placed["name"].tolist(),
                states,
                leads=list(map(school_page, placed["school_id"])),
                caption=caption(
                    finding,
                    self.say("圆点大小为在校生数", "Dots by pupils"),
                    place,
                    self.context.source,
                    lang,
                ),
            )
        ]
