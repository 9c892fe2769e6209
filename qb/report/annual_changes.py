"""Annual report: the last five years, and what changed against the year before."""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE, deciding
from qb.report import columns
from qb.report.columns import states
from qb.report.context import AnnualPart, decided
from qb.report.district_balance import DistrictBalance
from qb.report.district_report import value_of
from qb.report.research_study import CAUSES
from qb.report.resource_tables import percent_of_standard
from qb.report.tables import Column, Row, Sentences, Table
from qb.report.verdict_keys import Fact, anchor, key, shown_indicators, shown_resource
from qb.report.words import (
    Tally,
    area_label,
    coefficients_met,
    floor_label,
    listed,
    number,
    signed,
    stage_label,
    verdict_label,
)
from qb.terms import COMPULSORY, Allowance, Verdict

# The last five years: verdicts, counts and coefficients, and what moved the coefficients.


NOTHING = 5e-4  # of a coefficient: less does not show in print


class AnnualYears(AnnualPart):
    """Year by year, and why."""

    def table(self) -> Table:
        """Return each year's verdicts and counts."""
        lines = []
        for year, own in self.slices.items():
            areas = dict(zip(own.areas["area"], own.areas["verdict"].astype(str), strict=True))
            lines.append(
                {
                    "year": str(year),
                    "district": str(own.districts["verdict"].iloc[0]),
                    "district_fact": key(Fact.DISTRICT, year, self.district),
                    **areas,
                    **{f"{area}_fact": key(Fact.AREA, year, area, self.district) for area in areas},
                    "schools": Tally.of(own.rows["verdict"]).of_all(self.lang),
                    "coefficients": Tally.of(decided(own)["verdict"]).of_all(self.lang),
                    "indicators": Tally.of(shown_indicators(own)).of_all(self.lang),
                }
            )
        lets = self.standard.lets_below
        return self.table_of(
            ("历年结论与达标情况", "Verdicts and counts by year"),
            (
                Column("year", ("学年（起始年）", "School year starting")),
                columns.verdict("district_fact", "district", ("区域总体", "The district")),
                *(
                    columns.verdict(f"{area}_fact", area, area_label(area, self.standard, self.lang))
                    for area in self.standard.area_names
                ),
                Column("schools", ("达标学校（学段）", "School stages that meet the rule"))
                if self.standard.rules.school
                else None,
                Column("coefficients", coefficients_met(self.standard, self.lang))
                if self.standard.rules.coefficient
                else None,
                Column("indicators", ("达标指标", "Indicators met")),
            ),
            lines,
            note=(
                "各年均按本年所用标准和现有数据计算。“3 / 5”表示适用的 5 个中有 3 个达标，括号内是缺数据"
                + "或规则允许" * lets
                + "的个数。",
                "All years by this year's standard and the data as they are now. “3 / 5”: 3 of the 5 that apply are met; in brackets those without data"
                + " or below where the rule allows it" * lets
                + ".",
            ),
        )

    def coefficients(self) -> Table:
        """Return every difference coefficient by year, with its limit."""
        wide = {year: own.balance.set_index(["stage", "code"]) for year, own in self.slices.items()}
        decimals = self.standard.rules.rounding.coefficients
        lines = []
        decides = deciding(self.standard)
        for stage, code in product(self.stages, dict.fromkeys((*self.standard.resource_codes, *decides))):
            values = {
                str(year): frame["coefficient"].get((stage, code), np.nan) for year, frame in wide.items()
            }
            verdict = wide[self.year]["verdict"].get((stage, code), Verdict.NO_DATA)
            place = {"code": code, "stage": stage, "district": self.district}
            lines.append(
                {
                    **place,
                    **values,
                    "limit": self.standard.coefficient_limit(stage) if code in decides else None,
                    "verdict": str(verdict),
                }
            )

        def fact(year: int) -> columns.Shows:
            def of(row: Row, _: object) -> str:
                known = row[str(year)] == row[str(year)]
                return key(Fact.COEFFICIENT, year, row["stage"], row["code"], self.district) if known else ""

            return of

        return self.table_of(
            ("历年差异系数", "Difference coefficients by year"),
            (
                Column(
                    "code",
                    ("指标", "Indicator"),
                    show=lambda row, _: self.short(row["code"]),
                    link=lambda row, _: anchor("coefficient" if row["code"] == COMPOSITE else row["code"]),
                ),
                columns.STAGE,
                *(Column(str(year), str(year), decimals=decimals, fact=fact(year)) for year in wide),
                Column("limit", ("限值", "Limit"), decimals=2) if decides else None,
                columns.verdict(states(Fact.BALANCE, "stage", "code", "district")) if decides else None,
            ),
            lines,
            failing="verdict",
            empty=("没有参加评估的学校。", "No school is judged."),
        )

    def trends(self) -> list[charts.Chart]:
        """Return the coefficients over the years, a figure a stage; none where there is one year only."""
        return DistrictBalance(self.context, self.district).trends() if self.before is not None else []

    @cached_property
    def changes(self) -> pd.DataFrame:
        """What moved each coefficient since the year before and since the first year, unrounded.

        ``since, stage, code, before, after`` and one column for each cause; the causes add up to
        ``after - before``. A coefficient that is not known in both years has no row.
        """
        if self.before is None:
            return pd.DataFrame(columns=["since", "stage", "code", "before", "after", *CAUSES])
        first = next(iter(self.slices.values()))
        bases = {own.year: own for own in (self.before, first)}
        rows = [
            {"since": year, "stage": stage, "code": code, **found}
            for year, own in bases.items()
            for stage in COMPULSORY
            for code in self.standard.resource_codes
            if (found := _change(own, self.own, stage, code))
        ]
        return pd.DataFrame(rows, columns=["since", "stage", "code", "before", "after", *CAUSES])

    def moved(self) -> Table:
        """Return what moved each coefficient since the year before."""
        decimals = self.standard.rules.rounding.coefficients
        frame = self._since_last
        since = "" if self.before is None else self.before.year
        return self.table_of(
            (f"差异系数变动的原因（与 {since} 年相比）", f"What moved the coefficients since {since}"),
            (
                columns.indicator(short=True, leads=False),
                columns.STAGE,
                Column("before", ("上年", "Before"), decimals=decimals),
                Column("after", ("本年", "Now"), decimals=decimals),
                Column("change", ("变动", "Change"), decimals=decimals),
                *(
                    Column(cause, (zh, en.capitalize()), decimals=decimals)
                    for cause, (zh, en) in CAUSES.items()
                ),
            ),
            frame.assign(change=frame["after"] - frame["before"]),
            note=(
                "负数使差异缩小。四项原因按夏普利值分解，相加等于变动（各数分别取整，末位可能有出入）；两年都有数据的差异"
                "系数才能分解。",
                "Negative: more even. The four causes (Shapley values) add up to the change, but for the rounding of each; "
                "only coefficients known in both years are listed.",
            ),
            empty=self._why_none(),
        )

    @property
    def _since_last(self) -> pd.DataFrame:
        last = self.before.year if self.before is not None else -1
        return self.changes[(self.changes["since"] == last).to_numpy()]

    def _why_none(self) -> str:
        if self.before is None:
            return self.say("数据只有一个年度，无法说明变动。", "The data hold one year: nothing to compare.")
        return self.say(
            "没有两年都有数据的差异系数，无法分解变动。", "No coefficient is known in both years."
        )

    def causes(self) -> list[charts.Chart]:
        """Return the causes of the largest change since the year before and since the first year."""
        shown = []
        for since, frame in self.changes.groupby("since", sort=False):
            size = (frame["after"] - frame["before"]).abs()
            if size.max() >= NOTHING:
                shown.append(self._cause(int(since), frame.loc[size.idxmax()]))
        return shown

    def _cause(self, since: int, row: pd.Series) -> charts.Chart:
        name = self._name(row)
        before, after = (self._number(row[key]) for key in ("before", "after"))
        finding = self.say(
            f"{since}—{self.year} 年变动最大的差异系数：{name}，{before} → {after}",
            f"From {since} to {self.year} the coefficient that moved most: {name}, {before} → {after}",
        )
        effects = [round(row[key], 4) for key in CAUSES]
        return charts.diverging(
            [self.say(*CAUSES[key]) for key in CAUSES],
            effects,
            [signed(effect, 4) for effect in effects],
            caption=self.caption(
                finding,
                self.say(
                    "差异系数变动的分解，四项之和等于变动",
                    "Change of the coefficient by cause; the four add up to it",
                ),
                (since, self.year),
            ),
            sides=(self.say("使差异缩小", "evens out"), self.say("使差异扩大", "widens")),
        )

    def _name(self, row: pd.Series) -> str:
        lang = self.lang
        return f"{stage_label(row['stage'], lang)} {self.short(row['code'])}"

    def _number(self, value: float) -> str:
        return number(value, self.standard.rules.rounding.coefficients, self.lang)

    def sentences(self) -> Sentences:
        """Return the verdict over the years, and which coefficients moved and through what."""
        lang = self.lang
        found = {
            year: verdict_label(str(own.districts["verdict"].iloc[0]), lang)
            for year, own in self.slices.items()
        }
        said = [f"{year} {verdict}" for year, verdict in found.items()]
        if len(found) > 1 and len({*found.values()}) == 1:
            said = [f"{min(found)}{self.say('—', '–')}{max(found)} {said[-1][5:]}"]
        lines = [
            self.say(f"历年总体结论：{'，'.join(said)}。", f"The district over the years: {', '.join(said)}.")
        ]
        frame = self._since_last
        if not len(frame):
            return Sentences((*lines, self._why_none()))
        moved = frame["after"] - frame["before"]
        down, up = int((moved <= -NOTHING).sum()), int((moved >= NOTHING).sum())
        lines.append(
            self.say(
                f"与 {self.before.year} 年相比，两年都能计算的 {len(frame)} 个差异系数中，{down} 个缩小，{up} 个扩大，{len(frame) - down - up} 个基本不变。",
                f"Of the {len(frame)} coefficients known in {self.before.year} and now, {down} shrank, {up} grew and {len(frame) - down - up} hardly changed.",
            )
        )
        if moved.abs().max() >= NOTHING:
            lines.append(self._largest(frame.loc[moved.abs().idxmax()]))
        return Sentences(tuple(lines))

    def _largest(self, row: pd.Series) -> str:
        main = max(CAUSES, key=lambda key: abs(row[key]))
        effect = signed(row[main], 3)
        before, after, name = self._number(row["before"]), self._number(row["after"]), self._name(row)
        zh, en = CAUSES[main]
        return self.say(
            f"变动最大的是{name}（{before} → {after}），作用最大的原因是{zh}（{effect}）。",
            f"The largest change is {name} ({before} → {after}), most of it through {en} ({effect}).",
        )


def _change(before: Assessment, after: Assessment, stage: str, code: str) -> dict[str, float] | None:
    """Return the decomposition of one coefficient; None where it is not known in both years."""
    rows = [own.rows[(own.rows["stage"] == stage).to_numpy()] for own in (before, after)]
    amounts = [frame[f"{code}_amount"].to_numpy(float) for frame in rows]
    both = set(rows[0]["school_id"]) & set(rows[1]["school_id"])
    for frame, amount in zip(rows, amounts, strict=True):
        # Also where the schools of both years hold nothing: what they would have been without the others
        # is not defined then.
        if not both or not (amount[frame["school_id"].isin(both).to_numpy()].sum() > 0):
            return None
        if not np.isfinite(amount).all() or not np.isfinite(frame["pupils"]).all():
            return None
    columns = [
        column
        for frame, amount in zip(rows, amounts, strict=True)
        for column in (amount, frame["pupils"].to_numpy(float), frame["school_id"])
    ]
    found = balance.change(*columns)
    return {key: getattr(found, key) for key in ("before", "after", *CAUSES)}


# What changed against the year before: schools, indicators, the largest moves.


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

    def _none(self, what: str, otherwise: str) -> str:
        """Return why a table is empty: no earlier year, or nothing to list."""
        if self.before is None:
            return self.say(f"{what}：没有以前年度可比。", f"{what}: no earlier year to compare with.")
        return otherwise

    def _since(self) -> str:
        return "" if self.before is None else str(self.before.year)

    def sentences(self) -> Sentences:
        """Return how many schools and indicators changed their verdict, and on what the comparison rests."""
        if self.before is None:
            return Sentences(
                (
                    self.say(
                        "数据中没有以前年度，不能与上年比较。",
                        "The data hold no earlier year to compare with.",
                    ),
                )
            )
        lang, since = self.lang, self._since()
        both = self._schools.dropna(subset=["verdict_before", "verdict_now"])
        better = int(((both["verdict_before"] == Verdict.FAIL) & (both["verdict_now"] == Verdict.PASS)).sum())
        worse = int(((both["verdict_before"] == Verdict.PASS) & (both["verdict_now"] == Verdict.FAIL)).sum())
        told = (both["verdict_before"] == Verdict.NO_DATA) != (both["verdict_now"] == Verdict.NO_DATA)
        filled = int((told & (both["verdict_before"] == Verdict.NO_DATA)).sum())
        emptied = int(told.sum()) - filled
        new, gone = (int(self._schools[f"verdict_{side}"].isna().sum()) for side in ("before", "now"))
        schools = self.say(
            f"与 {since} 年相比，由未达标转为达标的学校（学段）{better} 个，由达标转为未达标的 {worse} 个；新参加评估 {new} 个，不再参加 {gone} 个。",
            f"Since {since}, school stages not met before and met now: {better}; met before and not met now: {worse}; "
            f"{new} are new, {gone} are no longer judged.",
        )
        if filled or emptied:
            schools += self.say(
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
        none = self.say("无", "none")
        said = []
        for zh, en, before, now in turned:
            mine = codes["before"].isin(before) & codes["now"].isin(now)
            found = listed(codes.loc[mine.to_numpy(), "code"].tolist(), lang, len(self.standard.codes))
            if found or len(said) < 2:  # that none turned from unmet to met, or back, is told
                said.append(self.say(f"{zh}的指标：{found or none}", f"{en}: {found or none}"))
        indicators = self.say(f"{'；'.join(said)}。", f"Indicators {'; '.join(said)}.")
        basis = self.say(
            f"{since} 年的数字按现有数据和本年所用标准重新计算；该年公布后如有更正，会与当时公布的不同。",
            f"The figures of {since} are computed anew from the data as they are now and by this year's standard: they "
            "differ from those published then where the data were corrected since.",
        )
        judged = (schools,) if self.standard.rules.school else ()
        return Sentences((*judged, indicators, basis))

    def schools(self) -> Table | None:
        """Return the schools whose verdict changed, that are new, or are no longer judged; None without a rule."""
        if not self.standard.rules.school:
            return None
        floor, what = floor_label(self.standard), self.context.resources
        low = bool(self.standard.floor)
        lines = []
        if self.before is not None:
            changed = self._schools["verdict_before"] != self._schools["verdict_now"]
            lines = [self._school(row) for _, row in self._schools[changed.to_numpy()].iterrows()]
        lines.sort(key=lambda line: (line["now"] != Verdict.FAIL, line["now"] == ABSENT))
        caption = self.say("结论有变化的学校（学段）", "School stages whose verdict changed")
        return self.table_of(
            caption,
            (
                columns.SCHOOL,
                columns.STAGE,
                *self._both_years(),
                columns.listing("gained", ("新达标", "Newly met")),
                columns.listing("lost", ("新未达标", "Newly not met")),
                columns.listing("unknown", ("新缺数据", "Data now missing")),
            ),
            lines,
            failing="now",
            note=(
                f"“{ABSENT}”：该年度不参加{what}评估。"
                + f"没有列出指标而结论有变化的，是低于标准的一项升到或跌破标准的 {floor}。" * low,
                f"“{ABSENT}”: not judged on {what} in that year."
                + f" Where no indicator is named, one below the standard rose to {floor} of it, or fell below."
                * low,
            ),
            empty=self._none(caption, self.say("各校结论没有变化。", "No school's verdict changed.")),
        )

    def _both_years(self) -> tuple[Column, Column]:
        return (
            columns.verdict("before_fact", "before", self._since()),
            columns.verdict("now_fact", "now", str(self.year)),
        )

    def _school(self, row: pd.Series) -> dict[str, object]:
        there = {side: isinstance(row[f"verdict_{side}"], str) for side in ("before", "now")}
        turned = {
            wanted: [
                code
                for code in self.standard.resource_codes
                if all(there.values())
                and _seen(row, code, "now") == wanted
                and _seen(row, code, "before") != wanted
            ]
            for wanted in (Verdict.PASS, Verdict.FAIL, Verdict.NO_DATA)
        }
        years = {"before": self.before, "now": self.own}
        place = (row["stage"], row["school_id"])
        return {
            "name": row["name_now"] if there["now"] else row["name_before"],
            "school_id": row["school_id"],
            "stage": row["stage"],
            **{side: row[f"verdict_{side}"] if there[side] else ABSENT for side in years},
            **{f"{side}_fact": key(Fact.SCHOOL, years[side].year, *place) * there[side] for side in years},
            "gained": turned[Verdict.PASS],
            "lost": turned[Verdict.FAIL],
            "unknown": turned[Verdict.NO_DATA],
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
        lines = [] if self.before is None else self._indicators.to_dict("records")
        for line in lines:
            line |= {
                "values": self._values(line["code"]),
                "before_fact": key(Fact.INDICATOR, self.before.year, line["code"], self.district),
                "now_fact": key(Fact.INDICATOR, self.year, line["code"], self.district),
            }
        caption = self.say("结论有变化的指标", "Indicators whose verdict changed")
        return self.table_of(
            caption,
            (
                columns.indicator(),
                *self._both_years(),
                Column("values", ("区域值", "Value")) if any(line["values"] for line in lines) else None,
            ),
            lines,
            failing="now",
            empty=self._none(caption, self.say("各项指标结论没有变化。", "No verdict changed.")),
        )

    def _values(self, code: str) -> str:
        """Return an indicator's values then and now; empty where it has none of its own."""
        lang = self.lang
        before, now = (value_of(own, code, lang)[0] for own in (self.before, self.own))
        none = verdict_label(Verdict.NO_DATA, lang)
        return (
            f"{before or none} → {now or none}"
            if (before or now) and code not in self.standard.resource_codes
            else ""
        )

    def moves(self) -> Table | None:
        """Return the largest moves of schools on the seven, in points of the standard; None without limits."""
        if not self.standard.limits_schools:
            return None
        caption = self.say(f"变动最大的 {MOST} 项", f"The {MOST} largest moves")
        return self.table_of(
            caption,
            (
                columns.SCHOOL,
                columns.STAGE,
                columns.indicator(short=True, leads=False),
                Column("before", self._since(), decimals=2),
                Column("now", str(self.year), decimals=2),
                Column("points", ("变动（占标准的百分点）", "Change (points of the standard)"), decimals=1),
                columns.verdict(
                    states(Fact.SEVEN, "code", "stage", "school_id"), label=("本年结论", "This year")
                ),
            ),
            [] if self.before is None else self._moves(),
            failing="verdict",
            empty=self._none(caption, self.say("没有两年都有的数值。", "No figure is known in both years.")),
        )

    def _moves(self) -> list[dict[str, object]]:
        before, now = (own.rows.set_index(KEYS) for own in (self.before, self.own))
        seen = {code: shown_resource(now, code) for code in self.standard.resource_codes}
        place = {row: at for at, row in enumerate(now.index)}
        moved = (percent_of_standard(now) - percent_of_standard(before)).reset_index()
        moved = moved.melt(KEYS, list(self.standard.resource_codes), "code", "points").dropna()
        moved = moved[(moved["points"].abs() >= 0.05).to_numpy()]  # less does not show in print
        moved = moved.sort_values("points", key=abs, ascending=False, kind="stable").head(MOST)
        return [
            {
                **row,
                "name": now.loc[at, "name"],
                "before": before.loc[at, row["code"]],
                "now": now.loc[at, row["code"]],
                "verdict": seen[row["code"]][place[at]],
            }
            for row in moved.to_dict("records")
            for at in ((row["school_id"], row["stage"]),)
        ]


def _seen(row: pd.Series, code: str, side: str) -> str:
    """Return the verdict of one side of a row on one of C1–C7 as readers see it."""
    verdict = str(row[f"{code}_verdict_{side}"])
    allowed = verdict == Verdict.FAIL and row[f"verdict_{side}"] == Verdict.PASS
    return str(Allowance.AT_SCHOOL) if allowed else verdict
