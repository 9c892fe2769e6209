"""The annual report: its summary, how far it is to the target year's goal, class sizes and rooms, its method."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.bars import rooms
from qb.charts.marks import share
from qb.data.schema import TABLES
from qb.data.withheld import suppressed_classes
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import class_verdicts, fails
from qb.report import columns
from qb.report.annual_changes import AnnualChanges, AnnualYears
from qb.report.annual_tasks import AnnualTasks
from qb.report.columns import states
from qb.report.context import AnnualPart, counted, decided, part
from qb.report.data_report import FaultReport
from qb.report.district_report import DistrictVerdict
from qb.report.forecast_report import ForecastReport
from qb.report.issue_ledger import State
from qb.report.ledger_report import LedgerReport
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.verdict_keys import Fact, shown_indicators
from qb.report.verdict_rules import PageRules, stays_out
from qb.report.verdict_sentences import coefficients_said
from qb.report.words import (
    PARTS,
    Tally,
    area_label,
    coefficients_met,
    listed,
    number,
    school_year,
    stage_label,
    term,
    title,
    verdict_label,
    without_rule,
)
from qb.standard import BESIDE, Indicator
from qb.terms import COMPULSORY, Allowance, Kind, RoomKind, Stage, Verdict

# Title, key figures and headlines of the annual report.


class AnnualSummary(AnnualPart):
    """Where the district stands this year, in one look."""

    def title(self) -> Heading:
        """Return the report's title, the standard and the source."""
        lang, standard = self.lang, self.standard
        year = school_year(self.year, lang)
        return Heading(
            self.say(
                f"{self.district}{self.standard.subject.zh}年度报告（{year}）",
                f"{self.district}: annual report on the balance of compulsory education, {year.lower()}",
            ),
            self.say(
                f"依据{standard.title.zh}；数据来源：{self.context.source}。",
                f"By {standard.title.en}; source of the data: {self.context.source}.",
            ),
        )

    def cards(self) -> Cards:
        """Return the district's verdict and each area's."""
        return DistrictVerdict(self.context, self.district).cards()

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
        lang, own = self.lang, self.own
        overall = str(own.districts["verdict"].iloc[0])
        text = self.say(
            f"{school_year(self.year, lang)}，区域总体结论：{verdict_label(overall, lang)}",
            f"{school_year(self.year, lang)}, the district as a whole: {verdict_label(overall, lang).lower()}",
        )
        for verdict in (Verdict.FAIL, Verdict.NO_DATA):
            areas = own.areas.loc[(own.areas["verdict"] == verdict).to_numpy(), "area"]
            if len(areas):
                named = listed([area_label(area, self.standard, lang) for area in areas], lang)
                label = verdict_label(verdict, lang)
                text += self.say(f"；{named}{label}", f"; {label.lower()}: {named}")
        if self.before is None:
            return text + self.say(
                "；没有以前年度的数据可比。", "; there is no earlier year to compare with."
            )
        last = verdict_label(str(self.before.districts["verdict"].iloc[0]), lang)
        year = self.before.year
        return text + self.say(f"。{year} 年的结论：{last}。", f". In {year}: {last.lower()}.")

    def _schools(self) -> str:
        lang, now = self.lang, Tally.of(self.own.rows["verdict"])
        if free := without_rule(len(self.own.rows), self.standard, lang):
            return self.say(f"{free}。", f"{free[0].upper()}{free[1:]}.")
        if not now.held:
            return self.say(
                f"本年度没有参加{self.context.resources}评估的学校。",
                f"No school is judged on {self.context.resources} this year.",
            )
        text = (
            self.say(
                f"{now.held} 个学校（学段）中 {now.passed} 个{self.context.resources}达标",
                f"{now.passed} of {now.held} school stages meet the rule on {self.context.resources}",
            )
            if now.known
            else self.say(
                f"{now.held} 个学校（学段）{'都' if now.held > 1 else ''}缺数据，无法判断",
                f"no data on any of {now.held} school stages, nobody can tell",
            )
        )
        if now.known and now.unknown:
            text += self.say(f"，{now.unknown} 个缺数据", f", {now.unknown} without data")
        if self.before is not None and (then := Tally.of(self.before.rows["verdict"])).held:
            year, nobody = self.before.year, verdict_label(Verdict.NO_DATA, lang).lower()
            text += (
                self.say(
                    f"；{year} 年为 {then.held} 个中 {then.passed} 个",
                    f"; in {year}, {then.passed} of {then.held}",
                )
                if then.known
                else self.say(f"；{year} 年{nobody}", f"; {nobody} in {year}")
            )
        return text + self.say("。", ".")

    def _coefficients(self) -> str:
        lang = self.lang
        text = coefficients_said(Tally.of(decided(self.own)["verdict"]), self.standard, lang)
        if self.before is not None and (then := Tally.of(decided(self.before)["verdict"])).held:
            year = self.before.year
            text += (
                self.say(
                    f"；{year} 年 {then.known} 个中超过限值的 {then.failed} 个",
                    f"; in {year}, {then.failed} of {then.known}",
                )
                if then.known
                else self.say(f"；{year} 年都无法计算", f"; in {year}, none could be computed")
            )
        return text + self.say("。", ".")

    def _indicators(self) -> str:
        lang, frame = self.lang, self.own.indicators
        seen = shown_indicators(self.own)
        if not (tally := Tally.of(seen)).known and tally.held:
            return self.say(f"{tally.held} 项指标都缺数据。", f"No data on any of {tally.held} indicators.")
        passed = int((seen == str(Verdict.PASS)).sum())
        text = self.say(
            f"{len(frame)} 项指标中达标 {passed} 项", f"{passed} of {len(frame)} indicators are met"
        )
        for verdict in (Verdict.FAIL, Allowance.IN_DISTRICT, Verdict.NO_DATA, Verdict.NOT_APPLICABLE):
            codes = frame.loc[seen == str(verdict), "code"]
            if len(codes):
                short = verdict in (Verdict.FAIL, Allowance.IN_DISTRICT) and len(codes) <= 6
                named = [self.short(c) if short else c for c in codes]
                text += self.say(
                    f"，{verdict_label(verdict, lang)} {len(codes)} 项（{listed(named, lang, 10)}）",
                    f"; {verdict_label(verdict, lang).lower()}: {len(codes)} ({listed(named, lang, 10)})",
                )
        return text + self.say("。", ".")

    def _mending(self) -> str:
        _lang, ledger = self.lang, LedgerReport(self.context, self.district)
        late = int((ledger.measures["state"] == State.OVERDUE).sum())
        text = ledger.counted() if len(ledger.problems) else ledger.nothing().rstrip("。.")
        if not len(ledger.measures):
            beside = self.say("。", ". ") + ledger.beside() if ledger.beside() else ""
            return text + (beside or self.say("；整改台账没有登记。", "; the ledger of measures is empty."))
        return text + self.say(
            f"；截至 {ledger.day}，整改台账逾期未完成 {late} 项。",
            f"; overdue by {ledger.day}: {late} of {len(ledger.measures)} measures.",
        )

    def _pupils(self) -> str:
        pupils = ForecastReport(self.context, self.district)
        if pupils.made is None:
            return pupils.why
        parts = [pupils.moves(stage) for stage in pupils.forecast_stages]
        return self.say("；", "; ").join(parts) + self.say("。", ".")


# How the report is made: rules, conventions, and the corrections of the data.


class AnnualMethod(AnnualPart):
    """What the figures rest on."""

    def rules(self) -> PageRules:
        """Return the clause, limit, formula and data of every verdict."""
        return PageRules(self.standard, self.year, self.lang)

    def conventions(self) -> Table:
        """Return the standard's settings that are not one indicator's, with the clause or "our default"."""
        lang, rules = self.lang, self.standard.rules
        raw = rules.rounding.compare == "raw"
        lines = [
            *(
                (
                    self.say("共用资源的分摊", "Shared facilities"),
                    self.say("；", "; ").join(
                        map(self._split, (Kind.NINE_YEAR, Kind.TWELVE_YEAR, Kind.COMPLETE_SECONDARY))
                    ),
                    rules.split.source,
                ),
            )
            * any(i.resource and i.resource.table == "facilities" for i in self.standard.resources),
            (
                self.say(
                    f"不参加{self.context.resources}的学校",
                    f"Schools left out of {self.context.resources}",
                ),
                stays_out(self.standard, lang),
                rules.exclusion.source,
            ),
            (
                self.say("新建学校", "New schools"),
                self.say(
                    f"照常参加评估；小学开办 {rules.new_school.primary} 年、初中 {rules.new_school.junior} 年内标注为未满员",
                    f"Judged as others; marked as not yet full for {rules.new_school.primary} years (primary) and "
                    f"{rules.new_school.junior} (junior)",
                ),
                rules.new_school.source,
            ),
            (
                self.say("比较与取整", "Comparison and rounding"),
                self.say(
                    f"以{'原始值' if raw else '取整后的值'}与标准比较；学校数值保留 {rules.rounding.values} 位小数，差异系数 "
                    f"{rules.rounding.coefficients} 位，比率 {rules.rounding.ratios} 位，四舍五入",
                    f"{'Unrounded' if raw else 'Rounded'} figures are compared; values are printed with "
                    f"{rules.rounding.values} decimals, coefficients with {rules.rounding.coefficients}, ratios with "
                    f"{rules.rounding.ratios}, half up",
                ),
                rules.rounding.source,
            ),
        ]
        return self.table_of(
            ("口径与约定", "Conventions"),
            (
                Column("what", ("事项", "What")),
                Column("text", ("规定", "Rule")),
                # Clauses are cited in Chinese, the language that they are written in.
                Column("source", "依据") if self.lang == "zh" else None,
            ),
            pd.DataFrame(lines, columns=["what", "text", "source"]),
        )

    def _split(self, kind: Kind) -> str:
        """Return the weights of a pupil of each stage in words."""
        lang, weights = self.lang, self.standard.rules.split.weights(kind)
        stages = " : ".join(stage_label(stage, lang) for stage in weights)
        return f"{term(kind, lang, (Kind,))} {stages} = {' : '.join(f'{w:g}' for w in weights.values())}"

    def corrections(self) -> Table:
        """Return the known errors of the source that were put right on reading."""
        return FaultReport(self.context, self.district).corrections()


# The annual report: what a district publishes each year.


# How far it is to the target year's goal: every school, every coefficient, every indicator.


class AnnualGoal(AnnualPart):
    """Progress to the target year of the standard."""

    def sentences(self) -> Sentences:
        """Return how the year stands to the target year, and what has been gained since the first year."""
        lang = self.lang
        verdict = str(self.own.districts["verdict"].iloc[0])
        label = verdict_label(verdict, lang)
        reached = (
            self.say("本年度总体已达标", "the district meets the standard")
            if verdict == Verdict.PASS
            else self.say(f"本年度总体结论：{label}", f"this year's verdict on the district: {label.lower()}")
        )
        lines = [self._where() + reached + self.say("。", "."), self._gained()]
        lines = [line[:1].upper() + line[1:] for line in lines if line]
        return Sentences(tuple(lines))

    def _where(self) -> str:
        """Return how the year stands to the target year; nothing where the standard sets none."""
        target = self.standard.target_year
        if target is None:
            return ""
        left = target - self.year
        where = (
            self.say(f"距目标年份还有 {left} 年", "1 year is left" if left == 1 else f"{left} years are left")
            if left > 0
            else self.say("本年即目标年份", "this is the target year")
            if left == 0
            else self.say(
                f"目标年份已过 {-left} 年",
                "it was 1 year ago" if left == -1 else f"it was {-left} years ago",
            )
        )
        return self.say(f"目标年份为 {target} 年，{where}；", f"Target year {target}: {where}; ")

    def _gained(self) -> str:
        """Return the gain in passing school stages a year; nothing where there is one year only."""
        lang = self.lang
        every = {year: Tally.of(own.rows["verdict"]) for year, own in self.slices.items()}
        counts = {year: tally for year, tally in every.items() if tally.known}
        if len(counts) < 2:
            return ""
        first, last = min(counts), max(counts)
        gained, apart = counts[last].passed - counts[first].passed, last - first
        more = gained > 0
        then, now = (counts[year].of_all(lang) for year in (first, last))
        moved = self.say(
            f"{apart} 年{'增加' if more else '减少'} {abs(gained)} 个",
            f"{abs(gained)} {'more' if more else 'fewer'} in {apart} {'year' if apart == 1 else 'years'}",
        )
        if not gained:
            moved = self.say("达标个数没有变化", "no more and no fewer")
        text = self.say(
            f"达标学校（学段）{first} 年 {then}，{last} 年 {now}，{moved}",
            f"School stages that meet the rule: {then} in {first}, {now} in {last}, {moved}",
        )
        rest, failed = counts[last].unknown, counts[last].failed
        left = [self.say(f"{failed} 个未达标", f"{failed} not met")] * bool(failed)
        left += [self.say(f"{rest} 个缺数据", f"{rest} without data")] * bool(rest)
        if left:
            text += self.say(f"；尚有 {'、'.join(left)}", f"; left: {', '.join(left)}")
        return text + self.say("。", ".")

    def trend(self) -> list[charts.Chart]:
        """Return the shares that are met, year by year; none where there is one year only."""
        if len(self.slices) < 2:
            return []
        _lang, years = self.lang, list(self.slices)
        shares = pd.DataFrame([_shares(own) for own in self.slices.values()], index=years)
        rules = self.standard.rules
        asked = {"schools": rules.school, "coefficients": rules.coefficient, "indicators": True}
        named = {
            "schools": self.say("达标学校（学段）", "School stages that meet the rule"),
            "coefficients": coefficients_met(self.standard, self.lang),
            "indicators": self.say("达标指标（含规则允许）", "Indicators met (or allowed)"),
        }
        names = {key: name for key, name in named.items() if asked[key]}
        if not self.standard.lets_below:
            names["indicators"] = self.say("达标指标", "Indicators met")
        lead = next(iter(names))
        known = shares[lead].dropna()
        finding = self.say(f"{names[lead]}占比缺数据", f"No data: {names[lead].lower()}")
        if len(known):
            first, last = known.index[0], known.index[-1]
            said = [
                self.say(f"{year} 年 {share(known[year])}%", f"{share(known[year])}% in {year}")
                for year in dict.fromkeys((first, last))
            ]
            if first == last:
                said.append(self.say("其他年份缺数据", "no data on other years"))
            finding = self.say(
                f"{names[lead]}占比：{'，'.join(said)}；目标 100%",
                f"{names[lead]}: {', '.join(said)}; the goal is 100%",
            )
        target = self.standard.target_year
        goal = self.say(f"{target} 年目标 100%", f"Goal of {target}: 100%")
        goal = goal if target else self.say("目标 100%", "Goal: 100%")
        return [
            charts.trend(
                years,
                {name: shares[key].tolist() for key, name in names.items()},
                caption=self.caption(
                    finding, self.say("占全部的百分比，按学年", "% of all, by school year"), years
                ),
                limits={goal: 100.0},
                emphasise=names[lead] if shares[lead].notna().iloc[-1] else None,
                decimals=1,
            )
        ]

    def remaining(self) -> Table:
        """Return, area by area, what is not met yet and what is not known."""

        def left(wanted: Verdict, label: tuple[str, str]) -> Column:
            key = "failing" if wanted is Verdict.FAIL else "unknown"
            return Column(key, label, show=lambda row, _: self._left(row["area"], wanted))

        return self.table_of(
            ("距目标还差什么", "What is left to do"),
            (
                Column("name", ("方面", "Area")),
                columns.verdict(states(Fact.AREA, "area", "district")),
                left(Verdict.FAIL, ("未达标", "Not met")),
                left(Verdict.NO_DATA, ("缺数据", "No data")),
            ),
            self.own.areas.assign(
                name=[area_label(area, self.standard, self.lang) for area in self.own.areas["area"]]
            ),
            failing="verdict",
        )

    def _left(self, area: str, wanted: Verdict) -> str:
        """Return what of an area has a verdict, in words; empty where nothing has."""
        lang, standard = self.lang, self.standard
        comma = self.say("；", "; ")
        if area == standard.resource_area:
            schools = counted(self.own.rows["verdict"], wanted)
            frame = decided(self.own)
            places = frame[(frame["verdict"] == wanted).to_numpy()]
            named = [
                f"{stage_label(r.stage, lang)} "
                + (r.code if r.code in standard.codes else self.short(r.code))
                for r in places.itertuples()
            ]
            parts = [self.say(f"{schools} 个学校（学段）", f"{schools} school stages")] if schools else []
            if named:
                text = listed(named, lang, 14)
                parts.append(
                    self.say(f"差异系数 {len(named)} 个：{text}", f"coefficients ({len(named)}): {text}")
                )
            return comma.join(parts)
        if area not in BESIDE:
            mine = {i.code for i in standard.indicators if i.area == area}
            frame = self.own.indicators
            codes = frame.loc[
                frame["code"].isin(mine).to_numpy() & (frame["verdict"] == wanted).to_numpy(), "code"
            ]
            return listed([self.short(code) for code in codes], lang, 20)
        frame = self.own.findings
        mine = (frame["code"] == area).to_numpy() & (frame["verdict"] == wanted).to_numpy()
        texts = {veto.item: self.say(veto.text.zh, veto.text.en) for veto in standard.vetoes}
        return listed(
            [texts.get(part, area_label(area, standard, lang)) for part in frame.loc[mine, "part"]], lang, 20
        )


def _shares(own: Assessment) -> dict[str, float]:
    """Return the percentages met; NaN where there is nothing to be met or nothing is known."""
    frames = {
        "schools": own.rows["verdict"],
        "coefficients": decided(own)["verdict"],
        "indicators": pd.Series(shown_indicators(own)),
    }
    return {key: _share(verdicts) for key, verdicts in frames.items()}


def _share(verdicts: pd.Series) -> float:
    """Return the percentage of all that apply that is met or that the rule allows; NaN where nothing is known."""
    tally = Tally.of(verdicts)
    return 100 * (tally.passed + tally.allowed) / tally.held if tally.known else np.nan


# Class sizes and rooms, as distributions.


class AnnualClassesAndRooms(AnnualPart):
    """How large classes are, and how large the rooms for music and art."""

    @property
    def _class_size(self) -> Indicator | None:
        return self.standard.computed_by("class_size")

    @property
    def _special_rooms(self) -> Indicator | None:
        return self.standard.computed_by("special_rooms")

    def class_sizes(self) -> list[charts.Chart]:
        """Return the sizes of all classes that are asked about, a figure a stage."""
        found = self.own.findings
        if self._class_size is None:  # the standard asks nothing of classes
            return []
        asked = found[(found["code"] == self._class_size.code).to_numpy()]
        by_stage = {
            stage: asked.loc[(asked["stage"] == stage).to_numpy(), "school_id"] for stage in COMPULSORY
        }
        return [
            self._sizes(self._class_size, stage, schools)
            for stage, schools in by_stage.items()
            if len(schools)
        ]

    def _sizes(self, indicator: Indicator, stage: Stage, schools: pd.Series) -> charts.Chart:
        _lang, label = self.lang, stage_label(stage, self.lang)
        code = indicator.code
        limit = indicator.limit(stage=stage, year=self.year).value
        classes = self._of("classes", schools)
        bands = TABLES["classes"].bands(classes)
        singles = classes[~bands]
        mine = (singles["stage"] == stage).to_numpy()
        sizes = singles.loc[mine, "pupils"].to_numpy(float)
        known = sizes[np.isfinite(sizes)]
        above = fails(sizes, self.standard, code, stage=stage, year=self.year)
        listed = classes[bands & classes["stage"].isin([stage, Stage.WHOLE]).to_numpy()]
        verdicts = pd.Series(class_verdicts(listed, self.standard, self.year))
        number = listed["count"].fillna(0).to_numpy()
        told = len(known) + int(number[verdicts.isin([Verdict.PASS, Verdict.FAIL]).to_numpy()].sum())
        over = int(above.sum() + number[(verdicts == Verdict.FAIL).to_numpy()].sum())
        banded = int(number.sum())
        finding = (
            self.say(
                f"{label}：报送班额的 {told} 个班中 {over} 个超过 {limit:g} 人"
                if over
                else f"{label}：报送班额的 {told} 个班都不超过 {limit:g} 人",
                f"{label}: {over} of the {told} classes reported are above {limit:g} pupils"
                if over
                else f"{label}: none of the {told} classes reported is above {limit:g} pupils",
            )
            if told
            else self.say(f"{label}：班额缺数据", f"{label}: no data on class sizes")
        )
        smallest = self.standard.rules.publication.smallest_class
        back = suppressed_classes(self.context.data, smallest)[
            self.context.data["classes"].index.get_indexer(singles.index[mine])
        ]
        measure = self.say("各班人数的分布，一柱为一种班额", "Classes by size, a bar for each size")
        measure += self.say(
            f"；按设定，不足 {smallest} 人的班不显示（由合计能推出时连同次小的班），共 {back.sum()} 个班",
            f"; classes of fewer than {smallest} pupils are kept back (with the next larger where a total would tell one), "
            f"{back.sum()} in all",
        ) * bool(back.any())
        measure += self.say(
            f"；{banded} 个班按班额分档填报，不在图中",
            f"; {banded} are reported by size band and are not in the figure",
        ) * bool(banded)
        return charts.classes(
            sizes[~back],
            limit,
            over=above[~back],
            caption=self.caption(finding, measure),
        )

    def rooms(self) -> charts.Chart | None:
        """Return the areas of all music and art rooms of the judged schools; None where none are asked for."""
        indicator = self._special_rooms
        if indicator is None:
            return None
        panels = {self.say(*PARTS[kind]): self._panel(indicator, kind) for kind in RoomKind}
        known = {
            name: (areas[np.isfinite(areas)], least, int(below.sum()))
            for name, (areas, least, below) in panels.items()
        }
        parts = [
            self.say(
                f"{name} {len(areas)} 间，{below} 间不足 {least:g} 平方米",
                f"{below} of {len(areas)} {name.lower()} {'is' if below == 1 else 'are'} below {least:g} m²",
            )
            for name, (areas, least, below) in known.items()
            if len(areas)
        ]
        nobody = (
            ("音乐、美术教室缺数据", "No data on music and art rooms")
            if len(self._room_findings)
            else ("没有须配音乐、美术教室的学校", "No school is asked for music and art rooms")
        )
        finding = self.say("；", "; ").join(parts) or self.say(*nobody)
        measure = self.say(
            "每间面积的分布；不足标准的不计入应配间数", "Rooms by area; those below do not count"
        )
        listed = self._of("rooms", self._room_findings["school_id"])
        banded = listed.loc[TABLES["rooms"].bands(listed), "count"].sum()
        measure += self.say(
            f"；另有 {banded:.0f} 间按面积分档填报，不在图中",
            f"; {banded:.0f} more are reported by area band and are not in the figure",
        ) * bool(banded)
        return rooms(panels, caption=self.caption(finding, measure))

    def _areas(self, kind: RoomKind) -> np.ndarray:
        frame = self._of("rooms", self._room_findings["school_id"])
        single = ~TABLES["rooms"].bands(frame)
        return frame.loc[(frame["kind"] == kind).to_numpy() & single, "area_m2"].to_numpy(float)

    def _panel(self, indicator: Indicator, kind: RoomKind) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the areas of rooms of a kind, the least that counts, and which are below it."""
        areas, name = self._areas(kind), str(kind)
        below = fails(areas, self.standard, indicator.code, name=name, year=self.year)
        return areas, indicator.limit(name=name, year=self.year).value, below

    @property
    def _room_findings(self) -> pd.DataFrame:
        codes = [indicator.code for indicator in (self._special_rooms,) if indicator]
        return self.own.findings[self.own.findings["code"].isin(codes).to_numpy()]

    def lacking(self) -> Table | None:
        """Return the schools with too few rooms large enough, or without data; None where none are asked for."""
        if self._special_rooms is None:
            return None
        frame, named = self._room_findings, title(self._special_rooms, self.lang, short=True)
        short = frame["verdict"].isin([Verdict.FAIL, Verdict.NO_DATA]).to_numpy()
        schools = frame.loc[short, ["school_id", "name"]].drop_duplicates()
        cells = frame.set_index(["school_id", "part"])
        return self.table_of(
            (f"{named}：未达标或缺数据的学校", f"{named}: schools not met or without data"),
            (
                columns.SCHOOL,
                *(Column(str(kind), PARTS[kind]) for kind in RoomKind),
                columns.verdict(),
            ),
            [
                {
                    **row,
                    **{str(kind): self._have(cells, row["school_id"], kind) for kind in RoomKind},
                    "verdict": self._worst(cells, row["school_id"]),
                }
                for row in schools.to_dict("records")
            ],
            failing="verdict",
            first=True,
            note=(
                "“1 / 2”表示按班级数应有 2 间，面积够的有 1 间。",
                "“1 / 2”: 2 rooms needed for the classes, 1 of them large enough.",
            ),
            empty=("各校音乐、美术教室都达标。", "Every school has the music and art rooms it needs.")
            if len(frame)
            else ("没有须配音乐、美术教室的学校。", "No school is asked for music and art rooms."),
        )

    def _have(self, cells: pd.DataFrame, school: str, kind: RoomKind) -> str:
        """Return how many rooms there are of those needed."""
        if (school, str(kind)) not in cells.index:
            return ""
        row = cells.loc[(school, str(kind))]
        if row["value"] != row["value"] and row["limit"] != row["limit"]:
            return verdict_label(Verdict.NO_DATA, self.lang)
        return f"{number(row['value'], 0, self.lang)} / {number(row['limit'], 0, self.lang)}"

    def _worst(self, cells: pd.DataFrame, school: str) -> str:
        verdicts = set(cells.loc[school, "verdict"])
        return str(Verdict.FAIL if Verdict.FAIL in verdicts else Verdict.NO_DATA)

    def _of(self, name: str, schools: pd.Series) -> pd.DataFrame:
        """Return the year's rows of a table that belong to these schools or to their campuses."""
        table = self.context.data["schools"]
        parent = dict(zip(table["school_id"], table["parent_id"], strict=True))

        def root(school: str) -> str:
            while isinstance(parent.get(school), str):
                school = parent[school]
            return school

        frame = self.context.data[name]
        wanted = set(schools)
        mine = {school for school in parent if root(school) in wanted}
        return frame[(frame["year"] == self.year).to_numpy() & frame["school_id"].isin(mine).to_numpy()]


class AnnualReport(AnnualPart):
    """Everything an annual report shows, part by part."""

    opening = part(AnnualSummary)  # Title, key figures and headlines.
    years = part(AnnualYears)  # The last five years, and what moved.
    goal = part(AnnualGoal)  # Progress to the target year.
    changes = part(AnnualChanges)  # What changed against the year before.
    conditions = part(AnnualClassesAndRooms)  # Class sizes and rooms.
    tasks = part(AnnualTasks)  # Tasks of the plan, evidence, veto self-check.
    ledger = part(LedgerReport)  # Problems and measures.
    pupils = part(ForecastReport)  # Pupils in the years to come.
    method = part(AnnualMethod)  # Rules, conventions, corrections.
