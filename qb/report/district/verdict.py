"""The district's verdict in sentences, and all 31 indicators."""

from __future__ import annotations

from qb.judge import COMPOSITE
from qb.report.counts import Tally, coefficients_said, silent_schools
from qb.report.district.part import DistrictPart
from qb.report.facts import Fact, key, shown_indicators, shown_seven
from qb.report.seven import (
    gap_text,
)
from qb.report.table import Cards, Heading, Sentences
from qb.report.words import (
    AREAS,
    listed,
    number,
    say,
    school_rule,
    school_year,
    stage_label,
    title,
    verdict_label,
)
from qb.standard import SEVEN
from qb.terms import COMPULSORY, Verdict


class DistrictVerdict(DistrictPart):
    """Where the district stands."""

    def title(self) -> Heading:
        """Return the page's title and the standard it is judged by."""
        lang, standard = self.book.lang, self.book.standard
        text = say(
            lang,
            f"{self.district}义务教育优质均衡发展评估（{school_year(self.book.year, lang)}）",
            f"{self.district}: balance of compulsory schooling, {school_year(self.book.year, lang)}",
        )
        return Heading(
            text,
            say(
                lang,
                f"依据{standard.title.zh}；目标年份 {standard.target_year} 年。",
                f"By {standard.title.en}; target year {standard.target_year}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the district's verdict and each area's."""
        lang = self.book.lang
        overall = self.own.districts["verdict"].iloc[0]
        met = self._met([i.code for i in self.book.standard.indicators])
        year, district = self.book.year, self.district
        whole = key(Fact.DISTRICT, year, district)
        cards = [(say(lang, "区域总体", "The district"), str(overall), met, whole)]
        for area, verdict in self.own.areas[["area", "verdict"]].itertuples(index=False):
            fact = key(Fact.AREA, year, area, district)
            cards.append((say(lang, *AREAS[area]), str(verdict), self._beneath(area), fact))
        return Cards(tuple(cards), lang)

    def _beneath(self, area: str) -> str:
        lang = self.book.lang
        if area == "resources":
            tally = Tally.of(self.own.rows["verdict"])
            if not tally.held:
                return say(lang, "没有参加评估的学校", "no school is judged")
            if not tally.known:
                return say(
                    lang,
                    f"{tally.held} 个学校（学段）都缺数据",
                    f"no data on any of {tally.held} school stages",
                )
            text = say(
                lang,
                f"{tally.held} 个学校（学段）中 {tally.passed} 个达标",
                f"{tally.passed} of {tally.held} school stages met",
            )
            return text + self._beside(tally)
        if area in ("guarantee", "quality"):
            return self._met([i.code for i in self.book.standard.indicators if i.area == area])
        if area == "recognition":
            mine = self.own.findings[(self.own.findings["code"] == "recognition").to_numpy()]
            value, limit = mine["value"].iloc[0], self.book.standard.recognition.limit.value
            if value != value:
                return say(lang, f"标准 {limit:g}%", f"standard {limit:g} %")
            return say(
                lang,
                f"满意率 {number(value, 1)}%，标准 {limit:g}%",
                f"{number(value, 1)} %, standard {limit:g} %",
            )
        return say(
            lang, f"{len(self.book.standard.vetoes)} 项自查", f"{len(self.book.standard.vetoes)} items"
        )

    def _met(self, codes: list[str]) -> str:
        """Return how many of these indicators are met, of those that apply."""
        lang = self.book.lang
        seen = shown_indicators(self.own)[self.own.indicators["code"].isin(codes).to_numpy()]
        tally, none = Tally.of(seen), int((seen == str(Verdict.NOT_APPLICABLE)).sum())
        if not tally.known and tally.held:
            return say(lang, f"{tally.held} 项指标都缺数据", f"no data on any of {tally.held} indicators")
        away = say(lang, "适用的 ", "that apply ") if none else ""
        text = say(
            lang,
            f"{away}{tally.held} 项指标中达标 {tally.passed} 项",
            f"{tally.passed} of {tally.held} indicators {away}met",
        )
        return text + self._beside(tally)

    def _beside(self, tally: Tally) -> str:
        more, lang = tally.beside(self.book.lang), self.book.lang
        return say(lang, f"，{more}", f", {more}") if more else ""

    def headlines(self) -> Sentences:
        """Return at most six sentences that say where the district stands."""
        found = [
            self._verdict_sentence(),
            say(self.book.lang, "", " ").join(
                filter(None, (self._schools_sentence(), self._silent_sentence()))
            ),
            self._coefficient_sentence(),
            self._weakest_sentence(),
            self._indicator_sentence(),
            self._no_data_sentence(),
        ]
        return Sentences(tuple(line for line in found if line))

    def _verdict_sentence(self) -> str:
        lang = self.book.lang
        overall = str(self.own.districts["verdict"].iloc[0])
        areas = {
            verdict: [
                say(lang, *AREAS[a]) for a in self.own.areas.loc[self.own.areas["verdict"] == verdict, "area"]
            ]
            for verdict in (Verdict.FAIL, Verdict.NO_DATA)
        }
        if overall == Verdict.PASS:
            return say(lang, "五个方面全部达标。", "All five areas are met.")
        parts = [
            f"{listed(areas[v], lang)}{say(lang, '', ' – ')}{verdict_label(v, lang)}"
            for v in areas
            if areas[v]
        ]
        return say(
            lang,
            f"总体结论：{verdict_label(overall, lang)}。其中{'，'.join(parts)}。",
            f"The district: {verdict_label(overall, lang)} ({'; '.join(parts)}).",
        )

    def _schools_sentence(self) -> str:
        lang = self.book.lang
        parts = []
        for stage in COMPULSORY:
            rows = self.own.rows[self.own.rows["stage"] == stage]
            tally, label = Tally.of(rows["verdict"]), stage_label(stage, lang)
            if not tally.held:
                continue
            if not tally.known:
                part = say(
                    lang,
                    f"{label} {tally.held} 所（部）都缺数据，无法判断",
                    f"no data on the {tally.held} {label.lower()} schools",
                )
            else:
                part = say(
                    lang,
                    f"{label} {tally.held} 所（部）中 {tally.passed} 所达标",
                    f"{tally.passed} of {tally.held} {label.lower()} schools",
                )
                open_ = say(lang, f"、{tally.unknown} 所缺数据", f" ({tally.unknown} without data)")
                part += open_ * bool(tally.unknown)
            parts.append(part)
        return (
            say(
                lang,
                f"按“{school_rule(self.book.standard, lang)}”判定：{'，'.join(parts)}。",
                f"Schools that meet the rule: {', '.join(parts)}.",
            )
            if parts
            else ""
        )

    def _silent_sentence(self) -> str:
        lang, silent = self.book.lang, silent_schools(self.own, self.book.lang)
        if not silent:
            return ""
        return say(
            lang,
            f"没有报送学段数据的 {len(silent)} 所，按缺数据处理：{listed(silent, lang)}。",
            f"Not reported, and so “no data”: {listed(silent, lang)}.",
        )

    def _coefficient_sentence(self) -> str:
        lang = self.book.lang
        frame = self.own.balance[self.own.balance["code"] != COMPOSITE]
        over = frame[frame["verdict"] == Verdict.FAIL]
        shown = [
            f"{stage_label(row.stage, lang)} {title(self.book.standard[row.code], lang, short=True)} {number(row.coefficient, 3)}"
            for row in over.itertuples()
        ]
        said = coefficients_said(Tally.of(frame["verdict"]), lang, listed(shown, lang))
        return said + say(lang, "。", ".")

    def _weakest_sentence(self) -> str:
        lang = self.book.lang
        counts = self.own.shortfalls.groupby("code")["school_id"].size()
        if not len(counts):
            return ""
        code = max(SEVEN, key=lambda c: counts.get(c, 0))
        total = self.own.shortfalls.loc[self.own.shortfalls["code"] == code, "to_standard"].sum()
        name = title(self.book.standard[code], lang)
        allowed = Tally.of(shown_seven(self.own.rows, code)).allowed
        some = say(lang, f"，其中 {allowed} 个规则允许", f"; {allowed} of them as the rule allows") * bool(
            allowed
        )
        return say(
            lang,
            f"短板最集中的是{name}：{counts[code]} 个学校（学段）低于标准，共缺 {gap_text(code, total, lang)}{some}。",
            f"The commonest gap is {name}: school stages below the standard: {counts[code]}, lacking "
            f"{gap_text(code, total, lang)} in all{some}.",
        )

    def _indicator_sentence(self) -> str:
        lang = self.book.lang
        frame = self.own.indicators
        low = frame.loc[(frame["verdict"] == Verdict.FAIL) & ~frame["code"].isin(SEVEN), "code"]
        if not len(low):
            return ""
        shown = [title(self.book.standard[code], lang, short=True) for code in low]
        return say(
            lang,
            f"政府保障和教育质量方面未达标 {len(low)} 项：{listed(shown, lang, 10)}。",
            f"Guarantee and quality: {len(low)} not met: {listed(shown, lang, 10)}.",
        )

    def _no_data_sentence(self) -> str:
        lang = self.book.lang
        frame = self.own.indicators
        unknown = frame.loc[frame["verdict"] == Verdict.NO_DATA, "code"].tolist()
        if not unknown:
            return ""
        return say(
            lang,
            f"缺数据的指标 {len(unknown)} 项：{listed(unknown, lang, 12)}；缺数据既不算达标，也不算未达标。",
            f"No data for {len(unknown)} indicators: {listed(unknown, lang, 12)}; neither met nor unmet.",
        )
