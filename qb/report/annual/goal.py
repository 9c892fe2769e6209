"""How far it is to the target year's goal: every school, every coefficient, every indicator."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.style import share
from qb.judge import Assessment
from qb.report.annual.part import AnnualPart, coefficients, counted
from qb.report.counts import Tally
from qb.report.facts import Fact, key, shown_indicators
from qb.report.seven import verdict_column
from qb.report.table import Column, Sentences, Table
from qb.report.words import AREAS, listed, number, say, stage_label, title, verdict_label
from qb.terms import Verdict

SHARES = {
    "schools": ("达标学校（学段）", "School stages that meet the rule"),
    "coefficients": ("限值内差异系数", "Coefficients within limits"),
    "indicators": ("达标指标（含规则允许）", "Indicators met (or allowed)"),
}


class AnnualGoal(AnnualPart):
    """Progress to the target year of the standard."""

    def sentences(self) -> Sentences:
        """Return how the year stands to the target year, and what has been gained since the first year."""
        lang, target = self.book.lang, self.book.standard.target_year
        left = target - self.book.year
        where = (
            say(
                lang, f"距目标年份还有 {left} 年", "1 year is left" if left == 1 else f"{left} years are left"
            )
            if left > 0
            else say(lang, "本年即目标年份", "this is the target year")
            if left == 0
            else say(
                lang,
                f"目标年份已过 {-left} 年",
                "it was 1 year ago" if left == -1 else f"it was {-left} years ago",
            )
        )
        verdict = str(self.own.districts["verdict"].iloc[0])
        label = verdict_label(verdict, lang)
        reached = (
            say(lang, "本年度总体已达标", "the district meets the standard")
            if verdict == Verdict.PASS
            else say(
                lang, f"本年度总体结论：{label}", f"this year's verdict on the district: {label.lower()}"
            )
        )
        lines = [
            say(
                lang,
                f"目标年份为 {target} 年，{where}；{reached}。",
                f"Target year {target}: {where}; {reached}.",
            ),
            self._gained(),
        ]
        return Sentences(tuple(line for line in lines if line))

    def _gained(self) -> str:
        """Return the gain in passing school stages a year; nothing where there is one year only."""
        lang = self.book.lang
        every = {year: Tally.of(own.rows["verdict"]) for year, own in self.slices.items()}
        counts = {year: tally for year, tally in every.items() if tally.known}
        if len(counts) < 2:
            return ""
        first, last = min(counts), max(counts)
        gained = (counts[last].passed - counts[first].passed) / (last - first)
        pace = number(gained, 1).replace("-", "−")
        then, now = (counts[year].of_all(lang) for year in (first, last))
        moved = say(lang, f"平均每年变动 {pace} 个", f"a change of {pace} a year")
        if not gained:
            moved = say(lang, "达标个数没有变化", "no more and no fewer")
        text = say(
            lang,
            f"达标学校（学段）{first} 年 {then}，{last} 年 {now}，{moved}",
            f"School stages that meet the rule: {then} in {first}, {now} in {last}, {moved}",
        )
        rest, failed = counts[last].unknown, counts[last].failed
        left = [say(lang, f"{failed} 个未达标", f"{failed} not met")] * bool(failed)
        left += [say(lang, f"{rest} 个缺数据", f"{rest} without data")] * bool(rest)
        if left:
            text += say(lang, f"；尚有 {'、'.join(left)}", f"; left: {', '.join(left)}")
        return text + say(lang, "。", ".")

    def trend(self) -> list[charts.Chart]:
        """Return the shares that are met, year by year; none where there is one year only."""
        if len(self.slices) < 2:
            return []
        lang, years = self.book.lang, list(self.slices)
        shares = pd.DataFrame([_shares(own) for own in self.slices.values()], index=years)
        names = {key: say(lang, *words) for key, words in SHARES.items()}
        known = shares["schools"].dropna()
        finding = say(lang, "达标学校（学段）占比缺数据", "No data on the schools")
        if len(known):
            first, last = known.index[0], known.index[-1]
            said = [
                say(lang, f"{year} 年 {share(known[year])}%", f"{share(known[year])} % in {year}")
                for year in dict.fromkeys((first, last))
            ]
            if first == last:
                said.append(say(lang, "其他年份缺数据", "no data on other years"))
            finding = say(
                lang,
                f"达标学校（学段）占比：{'，'.join(said)}；目标 100%",
                f"School stages that meet the rule: {', '.join(said)}; the goal is 100 %",
            )
        target = self.book.standard.target_year
        return [
            charts.trend(
                years,
                {names[key]: shares[key].tolist() for key in SHARES},
                caption=self.caption(
                    finding, say(lang, "占全部的百分比，按学年", "% of all, by school year")
                ),
                limits={say(lang, f"{target} 年目标 100%", f"Goal of {target}: 100 %"): 100.0},
                emphasise=names["schools"] if shares["schools"].notna().iloc[-1] else None,
                decimals=1,
            )
        ]

    def remaining(self) -> Table:
        """Return, area by area, what is not met yet and what is not known."""
        lang = self.book.lang
        lines = []
        for area, verdict in self.own.areas[["area", "verdict"]].itertuples(index=False):
            failing, unknown = (self._left(area, wanted) for wanted in (Verdict.FAIL, Verdict.NO_DATA))
            lines.append(
                {
                    "area": say(lang, *AREAS[area]),
                    "verdict": str(verdict),
                    "fact": key(Fact.AREA, self.book.year, area, self.district),
                    "failing": failing,
                    "unknown": unknown,
                    "fails": verdict == Verdict.FAIL,
                }
            )
        columns = (
            Column("area", say(lang, "方面", "Area")),
            verdict_column(lang, "fact"),
            Column("failing", say(lang, "未达标", "Not met")),
            Column("unknown", say(lang, "缺数据", "No data")),
        )
        return Table(
            say(lang, "距目标还差什么", "What is left to do"),
            columns,
            pd.DataFrame(lines),
            failing="fails",
            lang=lang,
        )

    def _left(self, area: str, wanted: Verdict) -> str:
        """Return what of an area has a verdict, in words; empty where nothing has."""
        lang, standard = self.book.lang, self.book.standard
        comma = say(lang, "；", "; ")
        if area == "resources":
            schools = counted(self.own.rows["verdict"], wanted)
            frame = coefficients(self.own)
            places = frame[(frame["verdict"] == wanted).to_numpy()]
            named = [f"{stage_label(r.stage, lang)} {r.code}" for r in places.itertuples()]
            parts = [say(lang, f"{schools} 个学校（学段）", f"{schools} school stages")] if schools else []
            if named:
                text = listed(named, lang, 14)
                parts.append(
                    say(lang, f"差异系数 {len(named)} 个：{text}", f"coefficients ({len(named)}): {text}")
                )
            return comma.join(parts)
        if area in ("guarantee", "quality"):
            mine = {i.code for i in standard.indicators if i.area == area}
            frame = self.own.indicators
            codes = frame.loc[
                frame["code"].isin(mine).to_numpy() & (frame["verdict"] == wanted).to_numpy(), "code"
            ]
            return listed([title(standard[code], lang, short=True) for code in codes], lang, 20)
        frame = self.own.findings
        mine = (frame["code"] == area).to_numpy() & (frame["verdict"] == wanted).to_numpy()
        texts = {veto.item: say(lang, veto.text.zh, veto.text.en) for veto in standard.vetoes}
        return listed(
            [texts.get(part, say(lang, *AREAS[area])) for part in frame.loc[mine, "part"]], lang, 20
        )


def _shares(own: Assessment) -> dict[str, float]:
    """Return the percentages met; NaN where there is nothing to be met or nothing is known."""
    frames = {
        "schools": own.rows["verdict"],
        "coefficients": coefficients(own)["verdict"],
        "indicators": pd.Series(shown_indicators(own)),
    }
    return {key: _share(verdicts) for key, verdicts in frames.items()}


def _share(verdicts: pd.Series) -> float:
    """Return the percentage of all that apply that is met or that the rule allows; NaN where nothing is known."""
    tally = Tally.of(verdicts)
    return 100 * (tally.passed + tally.allowed) / tally.held if tally.known else np.nan
