"""What changed against the year before: schools, indicators, the largest moves."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from qb.judge import Assessment
from qb.report.annual.part import AnnualPart
from qb.report.district.indicators import value_of
from qb.report.facts import Fact, anchor, key, shown_indicators, shown_seven
from qb.report.seven import percent_of_standard
from qb.report.table import Column, Sentences, Table
from qb.report.words import floor_label, listed, say, stage_label, title, verdict_label
from qb.standard import SEVEN
from qb.terms import Allowance, Verdict

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
        told = (both["verdict_before"] == Verdict.NO_DATA) != (both["verdict_now"] == Verdict.NO_DATA)
        filled = int((told & (both["verdict_before"] == Verdict.NO_DATA)).sum())
        emptied = int(told.sum()) - filled
        new, gone = (int(self._schools[f"verdict_{side}"].isna().sum()) for side in ("before", "now"))
        schools = say(
            lang,
            f"与 {since} 年相比，由未达标转为达标的学校（学段）{better} 个，由达标转为未达标的 {worse} 个；新参加评估 {new} 个，不再参加 {gone} 个。",
            f"Since {since}, {better} school stages not met before are met now and {worse} met before are not met now; "
            f"{new} are new, {gone} are no longer judged.",
        )
        if filled or emptied:
            schools += say(
                lang,
                f"上年缺数据、本年有结论的 {filled} 个，上年有结论、本年缺数据的 {emptied} 个。",
                f" {filled} without data before have a verdict now, {emptied} with a verdict before are without data.",
            )
        codes = self._indicators
        met = [str(Verdict.PASS), str(Allowance.IN_DISTRICT)]
        turned = (
            ("由未达标转为达标", "not met before, met now", [Verdict.FAIL], met),
            ("由达标转为未达标", "met before, not met now", met, [Verdict.FAIL]),
            (
                "上年缺数据、本年有结论",
                "no data before, a verdict now",
                [Verdict.NO_DATA],
                [*met, Verdict.FAIL],
            ),
            (
                "上年有结论、本年缺数据",
                "a verdict before, no data now",
                [*met, Verdict.FAIL],
                [Verdict.NO_DATA],
            ),
        )
        none = say(lang, "无", "none")
        said = []
        for zh, en, before, now in turned:
            mine = codes["before"].isin(before) & codes["now"].isin(now)
            found = listed(codes.loc[mine.to_numpy(), "code"].tolist(), lang, 31)
            if found or len(said) < 2:  # that none turned from unmet to met, or back, is told
                said.append(say(lang, f"{zh}的指标：{found or none}", f"{en}: {found or none}"))
        indicators = say(lang, f"{'；'.join(said)}。", f"Indicators {'; '.join(said)}.")
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
                and _seen(row, code, "now") == wanted
                and _seen(row, code, "before") != wanted
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
        """Indicators whose verdict changed, as readers see it: ``code, before, now``."""
        before, now = (
            pd.Series(shown_indicators(own), index=own.indicators["code"]) for own in (self.before, self.own)
        )
        frame = pd.DataFrame({"before": before, "now": now}).loc[now.index]
        return frame[(frame["before"] != frame["now"]).to_numpy()].rename_axis("code").reset_index()

    def indicators(self) -> Table:
        """Return the indicators whose verdict changed."""
        lang, standard = self.book.lang, self.book.standard
        frame = (
            self._indicators if self.before is not None else pd.DataFrame(columns=["code", "before", "now"])
        )
        values = [] if self.before is None else [self._values(code) for code in frame["code"]]
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

    def _values(self, code: str) -> str:
        """Return an indicator's values then and now; empty where it has none of its own."""
        lang = self.book.lang
        before, now = (value_of(own, code, lang)[0] for own in (self.before, self.own))
        none = verdict_label(Verdict.NO_DATA, lang)
        return f"{before or none} → {now or none}" if (before or now) and code not in SEVEN else ""

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
        seen = {code: shown_seven(now, code) for code in SEVEN}
        place = {row: at for at, row in enumerate(now.index)}
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
                "verdict": seen[code][place[school, stage]],
                "fact": key(Fact.SEVEN, self.book.year, code, stage, school),
                "fails": seen[code][place[school, stage]] == str(Verdict.FAIL),
            }
            for school, stage, code, points in moved.itertuples(index=False)
        ]


def _seen(row: pd.Series, code: str, side: str) -> str:
    """Return the verdict of one side of a row on one of C1–C7 as readers see it."""
    verdict = str(row[f"{code}_verdict_{side}"])
    allowed = verdict == Verdict.FAIL and row[f"verdict_{side}"] == Verdict.PASS
    return str(Allowance.AT_SCHOOL) if allowed else verdict
