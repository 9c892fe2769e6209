"""Title, key figures and headlines of the annual report."""

from __future__ import annotations

from qb.report.annual.ledger import AnnualLedger
from qb.report.annual.part import AnnualPart, coefficients
from qb.report.counts import Tally, coefficients_said
from qb.report.district.verdict import DistrictVerdict
from qb.report.facts import shown_indicators
from qb.report.forecast import ForecastReport
from qb.report.ledger import State
from qb.report.table import Cards, Heading, Sentences
from qb.report.words import AREAS, listed, say, school_year, title, verdict_label
from qb.terms import Allowance, Verdict


class AnnualOpening(AnnualPart):
    """Where the district stands this year, in one look."""

    def title(self) -> Heading:
        """Return the report's title, the standard and the source."""
        lang, standard = self.book.lang, self.book.standard
        year = school_year(self.book.year, lang)
        return Heading(
            say(
                lang,
                f"{self.district}义务教育优质均衡发展年度报告（{year}）",
                f"{self.district}: annual report on the balance of compulsory schooling, {year}",
            ),
            say(
                lang,
                f"依据{standard.title.zh}；数据来源：{self.book.source}。",
                f"By {standard.title.en}; source of the data: {self.book.source}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the district's verdict and each area's."""
        return DistrictVerdict(self.book, self.district).cards()

    def headlines(self) -> Sentences:
        """Return at most six sentences: verdict, schools, coefficients, indicators, mending, pupils to come."""
        lines = (
            self._verdict(),
            self._schools(),
            self._coefficients(),
            self._indicators(),
            self._mending(),
            self._pupils(),
        )
        return Sentences(lines)

    def _verdict(self) -> str:
        lang, own = self.book.lang, self.own
        overall = str(own.districts["verdict"].iloc[0])
        text = say(
            lang,
            f"{school_year(self.book.year, lang)}，区域总体结论：{verdict_label(overall, lang)}",
            f"{school_year(self.book.year, lang)}, the district as a whole: {verdict_label(overall, lang).lower()}",
        )
        for verdict in (Verdict.FAIL, Verdict.NO_DATA):
            areas = own.areas.loc[(own.areas["verdict"] == verdict).to_numpy(), "area"]
            if len(areas):
                named = listed([say(lang, *AREAS[area]) for area in areas], lang)
                label = verdict_label(verdict, lang)
                text += say(lang, f"；{named}{label}", f"; {label.lower()}: {named}")
        if self.before is None:
            return text + say(
                lang, "；没有以前年度的数据可比。", "; there is no earlier year to compare with."
            )
        last = verdict_label(str(self.before.districts["verdict"].iloc[0]), lang)
        year = self.before.year
        return text + say(lang, f"。{year} 年的结论：{last}。", f". In {year}: {last.lower()}.")

    def _schools(self) -> str:
        lang, now = self.book.lang, Tally.of(self.own.rows["verdict"])
        if not now.held:
            return say(
                lang, "本年度没有参加七项指标评估的学校。", "No school is judged on the seven this year."
            )
        text = (
            say(
                lang,
                f"{now.held} 个学校（学段）中 {now.passed} 个七项指标达标",
                f"{now.passed} of {now.held} school stages meet the rule on the seven",
            )
            if now.known
            else say(
                lang,
                f"{now.held} 个学校（学段）都缺数据，无法判断",
                f"no data on any of {now.held} school stages, nobody can tell",
            )
        )
        if now.known and now.unknown:
            text += say(lang, f"，{now.unknown} 个缺数据", f", {now.unknown} without data")
        if self.before is not None and (then := Tally.of(self.before.rows["verdict"])).held:
            year, nobody = self.before.year, verdict_label(Verdict.NO_DATA, lang).lower()
            text += (
                say(
                    lang,
                    f"；{year} 年为 {then.held} 个中 {then.passed} 个",
                    f"; in {year}, {then.passed} of {then.held}",
                )
                if then.known
                else say(lang, f"；{year} 年{nobody}", f"; {nobody} in {year}")
            )
        return text + say(lang, "。", ".")

    def _coefficients(self) -> str:
        lang = self.book.lang
        text = coefficients_said(Tally.of(coefficients(self.own)["verdict"]), lang)
        if self.before is not None and (then := Tally.of(coefficients(self.before)["verdict"])).held:
            year = self.before.year
            text += (
                say(
                    lang,
                    f"；{year} 年 {then.known} 个中超过限值的 {then.failed} 个",
                    f"; in {year}, {then.failed} of {then.known} exceeded theirs",
                )
                if then.known
                else say(lang, f"；{year} 年都无法计算", f"; in {year}, none could be computed")
            )
        return text + say(lang, "。", ".")

    def _indicators(self) -> str:
        lang, frame = self.book.lang, self.own.indicators
        seen = shown_indicators(self.own)
        passed = int((seen == str(Verdict.PASS)).sum())
        text = say(
            lang, f"{len(frame)} 项指标中达标 {passed} 项", f"{passed} of {len(frame)} indicators are met"
        )
        for verdict in (Verdict.FAIL, Allowance.IN_DISTRICT, Verdict.NO_DATA, Verdict.NOT_APPLICABLE):
            codes = frame.loc[seen == str(verdict), "code"]
            if len(codes):
                short = verdict in (Verdict.FAIL, Allowance.IN_DISTRICT) and len(codes) <= 6
                named = [title(self.book.standard[c], lang, short=True) if short else c for c in codes]
                text += say(
                    lang,
                    f"，{verdict_label(verdict, lang)} {len(codes)} 项（{listed(named, lang, 10)}）",
                    f"; {verdict_label(verdict, lang).lower()}: {len(codes)} ({listed(named, lang, 10)})",
                )
        return text + say(lang, "。", ".")

    def _mending(self) -> str:
        lang, ledger = self.book.lang, AnnualLedger(self.book, self.district)
        late = int((ledger.measures["state"] == State.OVERDUE).sum())
        text = ledger.counted() if len(ledger.problems) else ledger.nothing().rstrip("。.")
        if not len(ledger.measures):
            return text + say(lang, "；整改台账没有登记。", "; the ledger of measures is empty.")
        return text + say(
            lang,
            f"；截至 {ledger.day}，整改台账逾期未完成 {late} 项。",
            f"; overdue by {ledger.day}: {late} of {len(ledger.measures)} measures.",
        )

    def _pupils(self) -> str:
        pupils = ForecastReport(self.book, self.district)
        if pupils.made is None:
            return pupils.why
        lang = self.book.lang
        parts = [pupils.moves(stage) for stage in pupils.forecast_stages]
        return say(lang, "；", "; ").join(parts) + say(lang, "。", ".")
