"""District page: the verdict in sentences, and the indicators one by one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qb.indicators.assessment import Assessment
from qb.indicators.school_figures import of_schools
from qb.indicators.verdicts import deciding
from qb.language import in_words
from qb.report import columns
from qb.report.columns import states
from qb.report.context import AnnualPart, DistrictPart, part
from qb.report.district_balance import DistrictBalance
from qb.report.district_schools import DistrictGaps, DistrictSchools
from qb.report.resource_tables import areas_over_years, areas_turned, gap_text, turned
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.verdict_keys import Fact, finding_keys, key, shown_indicators, shown_resource
from qb.report.verdict_rules import PageRules, limits_text, source_rows
from qb.report.verdict_sentences import areas_sentence, coefficients_said, plain_verdict
from qb.report.whatif_panel import WhatIf
from qb.report.words import (
    Lang,
    Tally,
    area_label,
    below_standard,
    coefficient_text,
    compared,
    detail_text,
    listed,
    number,
    part_label,
    resource_span,
    say,
    school_rule,
    school_year,
    silent_schools,
    stage_label,
    subject_label,
    title,
    value_decimals,
    without_rule,
)
from qb.standard import BESIDE, Indicator
from qb.terms import COMPULSORY, Verdict

# The district's verdict in sentences, and all indicators.


class DistrictVerdict(AnnualPart):
    """Where the district stands."""

    def title(self) -> Heading:
        """Return the page's title and the standard it is judged by."""
        lang, standard = self.lang, self.standard
        target, of = standard.target_year, standard.subject.en
        text = self.say(
            f"{self.district}{self.standard.subject.zh}评估（{school_year(self.year, lang)}）",
            f"{self.district}: {of[:1].lower()}{of[1:]}, {school_year(self.year, lang).lower()}",
        )
        return Heading(
            text,
            self.say(
                f"依据{standard.title.zh}{f'；目标年份 {target} 年' if target else ''}。",
                f"By {standard.title.en}{f'; target year {target}' if target else ''}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the district's verdict and each area's."""
        lang = self.lang
        overall = self.own.districts["verdict"].iloc[0]
        met = self._met([i.code for i in self.standard.indicators])
        year, district = self.year, self.district
        whole = key(Fact.DISTRICT, year, district)
        then = areas_turned(self.own, self.last, lang)
        course = areas_over_years(self.slices.values())
        cards = [(self.say("区域总体", "The district"), str(overall), met, whole, then[""], course[""])]
        for area, verdict in self.own.areas[["area", "verdict"]].itertuples(index=False):
            fact = key(Fact.AREA, year, area, district)
            cards.append(
                (
                    area_label(area, self.standard, lang),
                    str(verdict),
                    self._beneath(area),
                    fact,
                    then[area],
                    course[area],
                )
            )
        return Cards(tuple(cards), lang)

    def _beneath(self, area: str) -> str:
        lang = self.lang
        if area == self.standard.resource_area:
            tally = Tally.of(self.own.rows["verdict"])
            if free := without_rule(len(self.own.rows), self.standard, lang):
                return free
            if not tally.held:
                return self.say("没有参加评估的学校", "no school is judged")
            if not tally.known:
                return self.say(
                    f"{tally.held} 个学校（学段）{'都' if tally.held > 1 else ''}缺数据",
                    f"no data on any of {tally.held} school stages",
                )
            text = self.say(
                f"{tally.held} 个学校（学段）中 {tally.passed} 个达标",
                f"{tally.passed} of {tally.held} school stages met",
            )
            return text + self._beside(tally)
        if area not in BESIDE:
            return self._met([i.code for i in self.standard.indicators if i.area == area])
        if area == "recognition":
            mine = self.own.findings[(self.own.findings["code"] == "recognition").to_numpy()]
            value, limit = mine["value"].iloc[0], self.standard.recognition.limit.value
            if value != value:
                return self.say(f"标准 {limit:g}%", f"standard {limit:g}%")
            text = number(value, self.standard.rules.rounding.ratios, beside=limit)
            return self.say(f"满意率 {text}%，标准 {limit:g}%", f"{text}%, standard {limit:g}%")
        asked, found = len(self.standard.vetoes), self.own.findings["code"] == "veto"
        tally = Tally.of(self.own.findings.loc[found.to_numpy(), "verdict"])
        text = self.say(f"自查 {tally.known} / {asked} 项", f"{tally.known} of {asked} items checked")
        return text + self.say(f"，发现 {tally.failed} 项", f", found: {tally.failed}") * bool(tally.known)

    def _met(self, codes: list[str]) -> str:
        """Return how many of these indicators are met, of those that apply."""
        seen = shown_indicators(self.own)[self.own.indicators["code"].isin(codes).to_numpy()]
        tally, none = Tally.of(seen), int((seen == str(Verdict.NOT_APPLICABLE)).sum())
        if not tally.known and tally.held == 1:
            return self.say("1 项指标缺数据", "no data on the one indicator")
        if not tally.known and tally.held:
            return self.say(f"{tally.held} 项指标都缺数据", f"no data on any of {tally.held} indicators")
        away = self.say("适用的 ", "that apply ") if none else ""
        text = self.say(
            f"{away}{tally.held} 项指标中达标 {tally.passed} 项",
            f"{tally.passed} of {tally.held} indicators {away}met",
        )
        return text + self._beside(tally)

    def _beside(self, tally: Tally) -> str:
        more, _lang = tally.beside(self.lang), self.lang
        return self.say(f"，{more}", f", {more}") if more else ""

    def headlines(self) -> Sentences:
        """Return at most six sentences that say where the district stands."""
        found = [
            self.say("", " ").join((areas_sentence(self.own, self.lang), plain_verdict(self.own, self.lang))),
            self.say("", " ").join(filter(None, (self._schools_sentence(), self._silent_sentence()))),
            self._coefficient_sentence(),
            self._weakest_sentence(),
            self._indicator_sentence(),
            self._no_data_sentence(),
        ]
        return Sentences(tuple(line for line in found if line))

    def _schools_sentence(self) -> str:
        lang = self.lang
        parts = []
        for stage in COMPULSORY:
            rows = self.own.rows[self.own.rows["stage"] == stage]
            tally, label = Tally.of(rows["verdict"]), stage_label(stage, lang)
            if not tally.held:
                continue
            if not tally.known:
                part = self.say(
                    f"{label} {tally.held} 所{'都' if tally.held > 1 else ''}缺数据，无法判断",
                    f"no data on the {tally.held} {label.lower()} schools",
                )
            else:
                part = self.say(
                    f"{label} {tally.held} 所中 {tally.passed} 所达标",
                    f"{tally.passed} of {tally.held} {label.lower()} schools",
                )
                open_ = self.say(f"、{tally.unknown} 所缺数据", f" ({tally.unknown} without data)")
                part += open_ * bool(tally.unknown)
            parts.append(part)
        return (
            self.say(
                f"按“{school_rule(self.standard, lang)}”判定：{'，'.join(parts)}。",
                f"Schools that meet the rule: {', '.join(parts)}.",
            )
            if parts
            else ""
        )

    def _silent_sentence(self) -> str:
        lang, silent = self.lang, silent_schools(self.own, self.lang)
        if not silent:
            return ""
        return self.say(
            f"没有报送学段数据的 {len(silent)} 所，按缺数据处理：{listed(silent, lang)}。",
            f"Not reported, and so “no data”: {listed(silent, lang)}.",
        )

    def _coefficient_sentence(self) -> str:
        lang = self.lang
        standard = self.standard
        frame = self.own.balance[self.own.balance["code"].isin(deciding(standard))]
        over = frame[frame["verdict"] == Verdict.FAIL]
        shown = [
            f"{stage_label(row.stage, lang)} {self.short(row.code)} "
            f"{coefficient_text(row.coefficient, row.limit, lang)}"
            for row in over.itertuples()
        ]
        said = coefficients_said(Tally.of(frame["verdict"]), standard, lang, listed(shown, lang))
        return said + self.say("。", ".")

    def _weakest_sentence(self) -> str:
        lang = self.lang
        counts = self.own.shortfalls.groupby("code")["school_id"].size()
        if not len(counts):
            return ""
        code = max(self.standard.resource_codes, key=lambda c: counts.get(c, 0))
        total = self.own.shortfalls.loc[self.own.shortfalls["code"] == code, "to_standard"].sum()
        name = title(self.standard[code], lang)
        allowed = Tally.of(shown_resource(self.own.rows, code)).allowed
        some = self.say(f"，其中 {allowed} 个规则允许", f"; {allowed} of them as the rule allows") * bool(
            allowed
        )
        return self.say(
            f"短板最集中的是 {name}：{counts[code]} 个学校（学段）{below_standard(self.standard[code], 'zh')}，共缺 {gap_text(self.standard[code], total, lang)}{some}。",
            f"The commonest gap is {name}: school stages {below_standard(self.standard[code], 'en')}: {counts[code]}, lacking "
            f"{gap_text(self.standard[code], total, lang)} in all{some}.",
        )

    def _indicator_sentence(self) -> str:
        lang = self.lang
        frame = self.own.indicators
        low = frame.loc[
            (frame["verdict"] == Verdict.FAIL) & ~frame["code"].isin(self.standard.resource_codes), "code"
        ]
        if not len(low):
            return ""
        shown = [self.short(code) for code in low]
        return self.say(
            f"其他方面未达标 {len(low)} 项：{listed(shown, lang, 10)}。",
            f"Other areas: {len(low)} not met: {listed(shown, lang, 10)}.",
        )

    def _no_data_sentence(self) -> str:
        lang = self.lang
        frame = self.own.indicators
        unknown = frame.loc[frame["verdict"] == Verdict.NO_DATA, "code"].tolist()
        if not unknown:
            return ""
        return self.say(
            f"缺数据的指标 {len(unknown)} 项：{listed(unknown, lang, 12)}；缺数据既不算达标，也不算未达标。",
            f"No data for {len(unknown)} indicators: {listed(unknown, lang, 12)}; neither met nor unmet.",
        )


# All indicators of a district, and the items that are not met.


# What computes indicators with one figure for a school or stage.
AT_SCHOOLS = ("school_size", "class_size", "small_school_funds", "trained", "certified")
# Indicators of which the figure that decides is shown, with its place; the largest or least of all may be
# allowed where it is, and another one not.
DECIDED = {
    "school_size": ("", ""),
    "class_size": ("最大的班", "largest class"),
    "in_zone": ("", ""),
    "training_funds": ("", ""),
    "monitoring": ("", ""),
}


class DistrictIndicators(DistrictPart):
    """The indicators one by one."""

    def asked(self) -> Sentences:
        """Return what the district's verdict asks of its areas."""
        lang, standard = self.lang, self.standard
        areas = [area_label(a, standard, lang) for a in standard.asked_areas if a != "veto"]
        veto = "veto" in standard.asked_areas
        count = in_words(len(areas)).zh.replace("二", "两")
        zh = f"{'、'.join(areas)}{count if len(areas) > 1 else '这'}{'个方面都' if len(areas) > 1 else '一方面'}达标"
        en = f"{', '.join(areas)} {'is' if len(areas) == 1 else 'are all'} met"
        line = self.say(
            f"区域总体达标，须{zh}{'，且没有一票否决事项' if veto else ''}。",
            f"The district passes when {en}{' and nothing on the veto list was found' if veto else ''}.",
        )
        return Sentences((line,), kind="notes")

    def table(self) -> Table:
        """Return all indicators: verdict, value, standard, and who answers."""
        last = self.last
        before = (
            {} if last is None else dict(zip(last.indicators["code"], shown_indicators(last), strict=True))
        )
        rows = []
        for row, seen in zip(
            self.own.indicators.to_dict("records"), map(str, shown_indicators(self.own)), strict=True
        ):
            code = row["code"]
            value, fact = value_of(self.own, code, self.lang)
            rows.append(
                {
                    **row,
                    "verdict": seen,
                    "before": turned(seen, before.get(code), self.lang, headed=True),
                    "value": value,
                    "value_fact": fact,
                    "limit": limits_text(self.standard[code], self.standard, self.year, self.lang),
                    "detail": self._detail(code),
                }
            )
        span = resource_span(self.standard, self.lang)
        return self.table_of(
            (f"{len(rows)} 项指标一览", f"All {len(rows)} indicators"),
            (
                columns.indicator(),
                columns.verdict(states(Fact.INDICATOR, "code", "district")),
                Column(
                    "value",
                    (f"区域值（{span} 为平均值）", f"Value ({span}: mean)"),
                    fact="value_fact",
                ),
                Column("limit", ("标准", "Standard")),
                Column("before", ("去年与变化", "Last year, change"), whole=True),
                Column("detail", ("说明", "Detail")),
                columns.DEPARTMENTS,
            ),
            rows,
            failing="verdict",
            note=self._note(),
        )

    def _note(self) -> str:
        """Return what the verdicts mean, those that the standard can give."""
        alone, below = not self.standard.limits_schools, self.standard.lets_below
        words = (
            self.say(
                "“缺数据”指没有报送或不完整，不等于未达标",
                "“No data”: not reported or not complete, which is not failure",
            ),
            self.say("“不适用”指本区没有这类学校或学生", "“Not applicable”: there are none here")
            + self.say("，或标准不单独判定这一项", ", or the standard does not judge it by itself") * alone,
            self.say(
                "“个别学校低于标准，规则允许”指低于标准的学校按学校结论的规则都达标",
                "“Some schools below, the rule allows”: every school below the standard is met by the rule on schools",
            )
            * below,
        )
        return self.say("；", ". ").join(filter(None, words)) + self.say("。", ".")

    def _part(self, row: Mapping[str, object]) -> str:
        """Return what an item asks: its stage and text or the name of its limit, or the indicator's own title."""
        lang, standard = self.lang, self.standard
        text, indicator = part_label(str(row["part"]), standard, lang), standard[str(row["code"])]
        if isinstance(row["detail"], str) and indicator in standard.monitored:
            known = row["value"] == row["value"]
            subject = (
                detail_text(row, standard, lang) if known else subject_label(row["detail"], standard, lang)
            )
            return self.say(f"{subject}：{text}", f"{subject}: {text}")
        words = (stage_label(row["stage"], lang) if isinstance(row["stage"], str) else "", text)
        return self.say("，", ", ").join(word for word in words if word) or title(indicator, lang)

    def _detail(self, code: str) -> str:
        resources = self.standard.resource_codes
        if code in resources:
            tally = Tally.of(shown_resource(self.own.rows, code))
        else:
            tally = Tally.of(self.own.findings.loc[(self.own.findings["code"] == code).to_numpy(), "verdict"])
        unit, what = (
            ("个", "学校（学段）") if code in resources or _one_for_each(self.standard[code]) else ("项", "")
        )
        counts = (
            (tally.failed, "未达标", "not met"),
            (tally.allowed, "低于标准，规则允许", "below, the rule allows"),
            (tally.unknown, "缺数据", "without data"),
        )
        parts: list[str] = []
        for n, zh, en in counts:
            if n:  # of how many is said once
                whole, of = ("", "") if parts else (f"{tally.held} {unit}{what}中 ", f" of {tally.held}")
                parts.append(self.say(f"{whole}{n} {unit}{zh}", f"{n}{of} {en}"))
        if code in [indicator.code for indicator in self.standard.monitored]:
            parts += self._monitored(self.own.findings[(self.own.findings["code"] == code).to_numpy()])
        return self.say("，", ", ").join(parts)

    def _monitored(self, found: pd.DataFrame) -> list[str]:
        """Return from which year each subject's result is, and which decide nothing."""
        lang, comma = self.lang, self.say("、", ", ")
        levels = found[(found["part"] == "level").to_numpy()]
        levels = levels.assign(detail=[subject_label(d, self.standard, lang) for d in levels["detail"]])
        beside = (levels["verdict"] == Verdict.NOT_APPLICABLE).to_numpy()
        told = [
            f"{comma.join(here['detail'])}{self.say('取', ': ')}{school_year(int(year), lang)}"
            for year, here in levels[~beside].groupby("year", sort=False)
        ]
        others = comma.join(levels.loc[beside, "detail"])
        return told + ([self.say(f"{others}不参与判定", f"{others}: decides nothing")] if others else [])

    def unmet(self) -> Table:
        """Return the checklist items, figures and vetoes of C8–C31 that are not met or lack data."""
        frame = self.own.findings
        frame = frame[
            frame["verdict"].isin([Verdict.FAIL, Verdict.NO_DATA]).to_numpy()
            & frame["school_id"].isna().to_numpy()
            & frame["code"].isin(self.standard.codes).to_numpy()
        ]
        return self.table_of(
            ("区级要点：未达标与缺数据", "District items not met or without data"),
            (
                columns.indicator(short=True),
                Column("part", ("要点", "Item"), show=lambda row, _: self._part(row)),
                columns.verdict("fact"),
            ),
            frame.assign(fact=finding_keys(Fact.FINDING, self.own, frame)),
            failing="verdict",
            first=True,
            empty=("区级要点没有未达标或缺数据的。", "No item is unmet or without data."),
        )


def _one_for_each(indicator: Indicator) -> bool:
    """Whether an indicator has one figure for a school or stage."""
    return indicator.measure in AT_SCHOOLS or (indicator.ratio is not None and of_schools(indicator))


def value_of(own: Assessment, code: str, lang: Lang) -> tuple[str, str]:
    """Return the figure of a district on an indicator in words, and the key of what it states.

    The means of C1–C7 have none; where one school, class, stage or subject decides, the figure is its own.
    """
    if code in own.standard.resource_codes:
        return _means(own, code, lang), ""
    if own.standard[code].measure in DECIDED:
        return _deciding(own, code, lang)
    row = own.indicators[(own.indicators["code"] == code).to_numpy()].iloc[0]
    if np.isnan(row["value"]):
        return "", ""
    indicator = own.standard[code]
    unit = indicator.limits[0].unit if indicator.limits else None
    name = "" if unit is None else say(lang, unit.zh, unit.en)
    same = (own.findings["code"] == code).to_numpy() & (own.findings["value"] == row["value"]).to_numpy()
    limit = own.findings.loc[same, "limit"].max() if same.any() else np.nan
    text = f"{number(row['value'], indicator.decimals, beside=limit)} {name}".replace(" %", "%").strip()
    share = number(row["value"], own.standard.rules.rounding.ratios, beside=100)
    if indicator.measure == "special_rooms":
        text = say(lang, f"{share}% 的学校达标", f"{share}% of schools")
    if indicator.measure == "small_school_funds":
        text = say(lang, f"{share}% 的小规模学校达标", f"{share}% of small schools")
    return text, key(Fact.FIGURE, own.year, code, row["district"])


def _means(own: Assessment, code: str, lang: Lang) -> str:
    """Return the district's mean at each stage, total over total."""
    frame = own.balance[(own.balance["code"] == code) & own.balance["mean"].notna()]
    means = [
        f"{stage_label(stage, lang)} {number(mean, value_decimals(own.standard[code], own.standard))}"
        for stage, mean in zip(frame["stage"], frame["mean"], strict=True)
    ]
    return say(lang, "；", "; ").join(means)


def _deciding(own: Assessment, code: str, lang: Lang) -> tuple[str, str]:
    """Return the finding that decides an indicator: among those that fail, else all, the one furthest to that side."""
    indicator = own.standard[code]
    found = own.findings[(own.findings["code"] == code).to_numpy() & own.findings["value"].notna().to_numpy()]
    found = found[(found["verdict"] != Verdict.NOT_APPLICABLE).to_numpy()]
    failing = found[(found["verdict"] == Verdict.FAIL).to_numpy()]
    found = failing if len(failing) else found
    if not len(found):
        return "", ""
    verdicts = own.findings.loc[(own.findings["code"] == code).to_numpy(), "verdict"]
    unknown = (verdicts == Verdict.NO_DATA).any()  # what is not known may go further
    upper = found["side"].isin(["<", "<="]).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (found["value"] / found["limit"]).to_numpy(float)
        place = int(np.argmax(np.nan_to_num(np.where(upper, share, 1 / share), nan=0.0)))
    row = found.iloc[place]
    decimals, unit = compared(indicator, str(row["part"]), lang)
    words = (
        detail_text(row, own.standard, lang) if indicator in own.standard.monitored else "",
        str(row["name"]) if isinstance(row["name"], str) else "",
        stage_label(row["stage"], lang) if isinstance(row["stage"], str) else "",
        part_label(str(row["part"]), own.standard, lang),
        say(lang, *DECIDED[indicator.measure]),
        say(lang, "只计已报送的", "of what is reported") if unknown else "",
    )
    named = say(lang, "，", ", ").join(word for word in words if word)
    figure = f"{number(row['value'], decimals, lang, beside=row['limit'])} {unit}".replace(" %", "%").strip()
    text = say(lang, f"{figure}（{named}）", f"{figure} ({named})")  # names may hold numbers: they come after
    fact = finding_keys(Fact.ITEM, own, found.iloc[[place]])[0]
    return text, fact


# The district's page: verdict, indicators, balance, schools, gaps.


class DistrictReport(DistrictPart):
    """Everything a district's page shows, part by part."""

    verdict = part(DistrictVerdict)  # Where the district stands.
    indicators = part(DistrictIndicators)  # The indicators one by one.
    balance = part(DistrictBalance)  # How far the schools are apart.
    schools = part(DistrictSchools)  # School by school.
    gaps = part(DistrictGaps)  # What is lacking, and who answers for it.

    def try_out(self) -> WhatIf:
        """Return the panel that tries changes out."""
        return WhatIf(self.context, self.district)

    def rules(self) -> PageRules:
        """Return the rules that the page's verdicts follow from."""
        return PageRules(self.standard, self.year, self.lang)

    def sources(self) -> Table:
        """Return the rows of the data that the page's verdicts rest on."""
        return source_rows(self.context, self.rules().rules, district=self.district)
