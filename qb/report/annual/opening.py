"""Title, key figures and headlines of the annual report."""

from __future__ import annotations

from qb.report.annual.ledger import AnnualLedger
from qb.report.annual.part import AnnualPart, coefficients, counted, known
from qb.report.district.verdict import DistrictVerdict
from qb.report.forecast import ForecastReport
from qb.report.ledger import State
from qb.report.table import Cards, Heading, Sentences
from qb.report.words import AREAS, listed, say, school_year, title, verdict_label
from qb.terms import Verdict


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
        lang, verdicts = self.book.lang, self.own.rows["verdict"]
        if not len(verdicts):
            return say(
                lang, "本年度没有参加七项指标评估的学校。", "No school is judged on the seven this year."
            )
        passed, unknown = counted(verdicts, Verdict.PASS), counted(verdicts, Verdict.NO_DATA)
        text = say(
            lang,
            f"{len(verdicts)} 个学校（学段）中 {passed} 个七项指标达标",
            f"{passed} of {len(verdicts)} school stages pass on the seven",
        )
        if unknown:
            text += say(lang, f"，{unknown} 个缺数据", f", {unknown} lack data")
        if self.before is not None and len(self.before.rows):
            earlier, of = counted(self.before.rows["verdict"], Verdict.PASS), len(self.before.rows)
            text += say(
                lang,
                f"；{self.before.year} 年为 {of} 个中 {earlier} 个",
                f"; in {self.before.year}, {earlier} of {of}",
            )
        return text + say(lang, "。", ".")

    def _coefficients(self) -> str:
        lang, frame = self.book.lang, coefficients(self.own)
        over, able = counted(frame["verdict"], Verdict.FAIL), known(frame["verdict"])
        if not able:
            return say(
                lang, "差异系数缺数据，不能计算。", "The coefficients cannot be computed for want of data."
            )
        text = say(
            lang,
            f"已能计算的 {able} 个差异系数中 {over} 个超过限值"
            if over
            else f"已能计算的 {able} 个差异系数都在限值以内",
            f"{over} of the {able} coefficients that can be computed exceed their limit"
            if over
            else f"All {able} coefficients that can be computed are within their limits",
        )
        if self.before is not None and known(coefficients(self.before)["verdict"]):
            earlier = counted(coefficients(self.before)["verdict"], Verdict.FAIL)
            year = self.before.year
            text += say(lang, f"；{year} 年超过限值 {earlier} 个", f"; in {year}, {earlier} did")
        return text + say(lang, "。", ".")

    def _indicators(self) -> str:
        lang, frame = self.book.lang, self.own.indicators
        passed = counted(frame["verdict"], Verdict.PASS)
        text = say(
            lang, f"{len(frame)} 项指标中达标 {passed} 项", f"{passed} of {len(frame)} indicators are met"
        )
        for verdict in (Verdict.FAIL, Verdict.NO_DATA, Verdict.NOT_APPLICABLE):
            codes = frame.loc[(frame["verdict"] == verdict).to_numpy(), "code"]
            if len(codes):
                short = verdict is Verdict.FAIL and len(codes) <= 6
                named = [title(self.book.standard[c], lang, short=True) if short else c for c in codes]
                text += say(
                    lang,
                    f"，{verdict_label(verdict, lang)} {len(codes)} 项（{listed(named, lang, 10)}）",
                    f"; {verdict_label(verdict, lang).lower()}: {len(codes)} ({listed(named, lang, 10)})",
                )
        return text + say(lang, "。", ".")

    def _mending(self) -> str:
        lang, ledger = self.book.lang, AnnualLedger(self.book, self.district)
        problems, late = len(ledger.problems), int((ledger.measures["state"] == State.OVERDUE).sum())
        if not problems and not len(ledger.measures):
            return say(
                lang,
                "本年度没有未达标的项目，整改台账没有登记。",
                "Nothing failed this year, and the ledger of measures is empty.",
            )
        bare = int(ledger.problems["state"].isna().sum())
        return say(
            lang,
            f"本年度未达标的问题 {problems} 个，其中 {bare} 个尚未登记整改措施；截至 {ledger.day}，整改台账逾期未完成 {late} 项。",
            f"{problems} problems this year, {bare} of them without a measure; by {ledger.day}, {late} measures are overdue.",
        )

    def _pupils(self) -> str:
        pupils = ForecastReport(self.book, self.district)
        if pupils.made is None:
            return pupils.why
        lang = self.book.lang
        parts = [pupils.moves(stage) for stage in pupils.forecast_stages]
        return say(lang, "；", "; ").join(parts) + say(lang, "。", ".")
