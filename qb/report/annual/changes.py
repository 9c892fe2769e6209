"""What changed against the year before: schools, indicators, the largest moves."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from qb.judge import Assessment
from qb.report.annual.part import AnnualPart
from qb.report.facts import Fact, anchor, key
from qb.report.seven import percent_of_standard
from qb.report.table import Column, Sentences, Table
from qb.report.words import floor_label, listed, number, say, stage_label, title
from qb.standard import SEVEN
from qb.terms import Verdict

MOST = 15
ABSENT = "—"
KEYS = ["school_id", "stage"]


class AnnualChanges(AnnualPart):
    """The year's figures beside those of the year before, both from the data as they are now."""

    @cached_property
    def _schools(self) -> pd.DataFrame:
        """Rows of both years side by side, ``_before`` and ``_now``, by school and stage."""
        before, now = (own.rows.astype({"verdict": str}) for own in (self.before, self.own))
        return before.merge(now, on=KEYS, how="outer", suffixes=("_before", "_now"), sort=True)

    def _none(self) -> str:
        return say(
            self.book.lang,
            "数据中没有以前年度，不能与上年比较。",
            "The data hold no earlier year to compare with.",
        )

    def _since(self) -> str:
        return "" if self.before is None else str(self.before.year)

    def sentences(self) -> Sentences:
        """Return how many schools and indicators changed their verdict, and on what the comparison rests."""
        if self.before is None:
            return Sentences((self._none(),))
        lang, since = self.book.lang, self._since()
        both = self._schools.dropna(subset=["verdict_before", "verdict_now"])
        better = int(((both["verdict_before"] == Verdict.FAIL) & (both["verdict_now"] == Verdict.PASS)).sum())
        worse = int(((both["verdict_before"] == Verdict.PASS) & (both["verdict_now"] == Verdict.FAIL)).sum())
        new, gone = (int(self._schools[f"verdict_{side}"].isna().sum()) for side in ("before", "now"))
        schools = say(
            lang,
            f"与 {since} 年相比，由未达标转为达标的学校（学段）{better} 个，由达标转为未达标的 {worse} 个；新参加评估 {new} 个，不再参加 {gone} 个。",
            f"Since {since}, {better} school stages went from failing to passing and {worse} from passing to failing; "
            f"{new} are new, {gone} are no longer judged.",
        )
        codes = self._indicators
        gained = codes.loc[(codes["now"] == Verdict.PASS).to_numpy(), "code"].tolist()
        lost = codes.loc[(codes["now"] == Verdict.FAIL).to_numpy(), "code"].tolist()
        none = say(lang, "无", "none")
        indicators = say(
            lang,
            f"新达标的指标：{listed(gained, lang, 31) or none}；新出现未达标的指标：{listed(lost, lang, 31) or none}。",
            f"Indicators newly met: {listed(gained, lang, 31) or none}; newly not met: {listed(lost, lang, 31) or none}.",
        )
        basis = say(
            lang,
            f"{since} 年的数字按现有数据和本年所用标准重新计算；该年公布后如有更正，会与当时公布的不同。",
            f"The figures of {since} are computed anew from the data as they are now and by this year's standard: they "
            "differ from those published then where the data were corrected since.",
        )
        return Sentences((schools, indicators, basis))

    def schools(self) -> Table:
        """Return the schools whose verdict changed, that are new, or are no longer judged."""
        lang, floor = self.book.lang, floor_label(self.book.standard)
        lines = []
        if self.before is not None:
            changed = self._schools["verdict_before"] != self._schools["verdict_now"]
            lines = [self._school(row) for _, row in self._schools[changed.to_numpy()].iterrows()]
        lines.sort(key=lambda line: (not line["fails"], line["now"] == ABSENT))
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("before", self._since(), verdict=True, fact="before_fact"),
            Column("now", str(self.book.year), verdict=True, fact="now_fact"),
            Column("gained", say(lang, "新达标", "Newly met")),
            Column("lost", say(lang, "新未达标", "Newly not met")),
            Column("unknown", say(lang, "新缺数据", "Data now missing")),
        )
        return Table(
            say(lang, "结论有变化的学校（学段）", "School stages whose verdict changed"),
            columns,
            pd.DataFrame(lines),
            failing="fails",
            note=say(
                lang,
                f"“{ABSENT}”：该年度不参加七项指标评估。没有列出指标而结论有变化的，是低于标准的一项升到或跌破标准的 {floor}。",
                f"“{ABSENT}”: not judged on the seven in that year. Where no indicator is named, one below the standard "
                f"rose to {floor} of it, or fell below.",
            ),
            empty=self._none()
            if self.before is None
            else say(lang, "各校结论没有变化。", "No school's verdict changed."),
            lang=lang,
        )

    def _school(self, row: pd.Series) -> dict[str, object]:
        lang = self.book.lang
        there = {side: isinstance(row[f"verdict_{side}"], str) for side in ("before", "now")}
        turned = {
            wanted: [
                code
                for code in SEVEN
                if all(there.values())
                and row[f"{code}_verdict_now"] == wanted
                and row[f"{code}_verdict_before"] != wanted
            ]
            for wanted in (Verdict.PASS, Verdict.FAIL, Verdict.NO_DATA)
        }
        comma = say(lang, "、", ", ")
        return {
            "name": row["name_now"] if there["now"] else row["name_before"],
            "stage": stage_label(row["stage"], lang),
            "before": row["verdict_before"] if there["before"] else ABSENT,
            "now": row["verdict_now"] if there["now"] else ABSENT,
            "gained": comma.join(turned[Verdict.PASS]),
            "lost": comma.join(turned[Verdict.FAIL]),
            "unknown": comma.join(turned[Verdict.NO_DATA]),
            **{
                f"{side}_fact": key(Fact.SCHOOL, own.year, row["stage"], row["school_id"])
                if there[side]
                else ""
                for side, own in (("before", self.before), ("now", self.own))
            },
            "fails": row["verdict_now"] == Verdict.FAIL,
        }

    @cached_property
    def _indicators(self) -> pd.DataFrame:
        """Indicators whose verdict changed: ``code, before, now, value_before, value_now``."""
        before, now = (own.indicators.set_index("code") for own in (self.before, self.own))
        frame = pd.DataFrame(
            {
                "before": before["verdict"].astype(str),
                "now": now["verdict"].astype(str),
                "value_before": before["value"],
                "value_now": now["value"],
            }
        ).loc[now.index]
        return frame[(frame["before"] != frame["now"]).to_numpy()].rename_axis("code").reset_index()

    def indicators(self) -> Table:
        """Return the indicators whose verdict changed."""
        lang, standard = self.book.lang, self.book.standard
        frame = (
            self._indicators if self.before is not None else pd.DataFrame(columns=["code", "before", "now"])
        )
        values = [] if self.before is None else [self._values(row) for row in frame.itertuples()]
        shown = frame.assign(
            title=[title(standard[code], lang) for code in frame["code"]],
            rule=[anchor(code) for code in frame["code"]],
            before_fact=self._keys(frame["code"], self.before),
            now_fact=self._keys(frame["code"], self.own),
            values=pd.Series(values, dtype="str"),
            fails=frame["now"] == Verdict.FAIL,
        )
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("before", self._since(), verdict=True, fact="before_fact"),
            Column("now", str(self.book.year), verdict=True, fact="now_fact"),
            *([Column("values", say(lang, "区域值", "Value"))] if any(values) else []),
        )
        return Table(
            say(lang, "结论有变化的指标", "Indicators whose verdict changed"),
            columns,
            shown,
            failing="fails",
            empty=self._none()
            if self.before is None
            else say(lang, "各项指标结论没有变化。", "No verdict changed."),
            lang=lang,
        )

    def _keys(self, codes: pd.Series, own: Assessment | None) -> list[str]:
        return [key(Fact.INDICATOR, own.year, code, self.district) for code in codes if own is not None]

    def _values(self, row: object) -> str:
        """Return an indicator's values then and now; empty where it has none of its own."""
        if row.value_before != row.value_before and row.value_now != row.value_now:
            return ""
        decimals = self.book.standard[row.code].decimals
        before, now = (number(value, decimals, self.book.lang) for value in (row.value_before, row.value_now))
        return f"{before} → {now}"

    def moves(self) -> Table:
        """Return the largest moves of schools on the seven, in points of the standard."""
        lang = self.book.lang
        lines = [] if self.before is None else self._moves()
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("title", say(lang, "指标", "Indicator")),
            Column("before", self._since(), decimals=2),
            Column("now", str(self.book.year), decimals=2),
            Column(
                "points", say(lang, "变动（占标准的百分点）", "Change (points of the standard)"), decimals=1
            ),
            Column("verdict", say(lang, "本年结论", "This year"), verdict=True, fact="fact"),
        )
        return Table(
            say(lang, f"变动最大的 {MOST} 项", f"The {MOST} largest moves"),
            columns,
            pd.DataFrame(lines),
            failing="fails",
            empty=self._none()
            if self.before is None
            else say(lang, "没有两年都有的数值。", "No figure is known in both years."),
            lang=lang,
        )

    def _moves(self) -> list[dict[str, object]]:
        lang = self.book.lang
        before, now = (own.rows.set_index(KEYS) for own in (self.before, self.own))
        moved = (percent_of_standard(now) - percent_of_standard(before)).reset_index()
        moved = moved.melt(KEYS, list(SEVEN), "code", "points").dropna()
        moved = moved[(moved["points"].abs() >= 0.05).to_numpy()]  # less does not show in print
        moved = moved.sort_values("points", key=abs, ascending=False, kind="stable").head(MOST)
        return [
            {
                "name": now.loc[(school, stage), "name"],
                "stage": stage_label(stage, lang),
                "title": title(self.book.standard[code], lang, short=True),
                "before": before.loc[(school, stage), code],
                "now": now.loc[(school, stage), code],
                "points": points,
                "verdict": str(now.loc[(school, stage), f"{code}_verdict"]),
                "fact": key(Fact.SEVEN, self.book.year, code, stage, school),
                "fails": now.loc[(school, stage), f"{code}_verdict"] == Verdict.FAIL,
            }
            for school, stage, code, points in moved.itertuples(index=False)
        ]
