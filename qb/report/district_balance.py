"""District page: difference coefficients, over the years and school by school."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from math import nan

import numpy as np
import pandas as pd

from qb import charts
from qb.indicators.verdicts import COMPOSITE, deciding
from qb.report import columns
from qb.report.columns import states
from qb.report.context import FIVE, DistrictPart, decided
from qb.report.resource_tables import moved, percent_of_standard, resource_title, verdicts
from qb.report.tables import Column, Row, Table
from qb.report.verdict_keys import Fact, anchor
from qb.report.verdict_sentences import coefficients_said
from qb.report.words import Tally, level_said, number, stage_label, value_decimals
from qb.terms import Stage, Verdict


class DistrictBalance(DistrictPart):
    """Difference coefficients, over the years and school by school."""

    def coefficients(self) -> charts.Chart:
        """Return the seven coefficients of each stage against the limit."""
        lang, standard = self.lang, self.standard
        frame = self.own.balance[self.own.balance["code"] != COMPOSITE]
        labels = [self.short(code) for code in standard.resource_codes]
        stages = self.stages
        wide = {
            key: frame.pivot(index="code", columns="stage", values=key)
            .reindex(index=list(standard.resource_codes), columns=[str(s) for s in stages])
            .set_axis(labels, axis=0)
            .set_axis([stage_label(s, lang) for s in stages], axis=1)
            for key in ("coefficient", "verdict")
        }
        finding = coefficients_said(Tally.of(decided(self.own)["verdict"]), standard, lang)
        return charts.coefficients(
            wide["coefficient"],
            wide["verdict"].map(lambda v: Verdict(v) if isinstance(v, str) else Verdict.NO_DATA),
            # Where the mean of all decides, none of them has a limit of its own.
            {
                stage_label(s, lang): nan
                if COMPOSITE in deciding(standard)
                else standard.coefficient_limit(s)
                for s in stages
            },
            caption=self.caption(
                finding, self.say("校际差异系数（按学生加权）", "Difference coefficient, weighted by pupils")
            ),
            decimals=standard.rules.rounding.coefficients,
        )

    def table(self) -> Table:
        """Return mean, deviation, coefficient and limit by stage and indicator."""
        decides, decimals = deciding(self.standard), self.standard.rules.rounding.coefficients
        of = ("stage", "code", "district")
        rows = []
        ruled = self.standard.rules.coefficient is not None
        for row in self.own.balance.to_dict("records"):
            if row["code"] == COMPOSITE and not ruled:
                continue
            code, course = row["code"], self._course(row["stage"], row["code"])
            # The mean of all has no mean of its own, and what decides nothing no limit: not a missing figure.
            none = {"mean": None, "deviation": None} if code == COMPOSITE else {}
            none |= {} if code in decides else {"limit": None}
            before = moved(row["coefficient"], course[-2][1], decimals, self.lang)
            digits = 2 if code == COMPOSITE else value_decimals(self.standard[code], self.standard)
            rows.append({**row, **none, "course": course, "before": before, "decimals": digits})
        return self.table_of(
            ("平均值、标准差与差异系数", "Means, deviations and coefficients"),
            (
                replace(columns.indicator(), show=lambda row, _: self._title(row["code"]), link=_rule),
                columns.STAGE,
                Column("schools", ("学校数", "Schools"), decimals=0),
                Column(
                    "mean", ("平均值", "Mean"), decimals="decimals", fact=states(Fact.MEAN, *of, known="mean")
                ),
                Column(
                    "deviation",
                    ("标准差", "Deviation"),
                    decimals="decimals",
                    fact=states(Fact.DEVIATION, *of, known="deviation"),
                ),
                Column(
                    "coefficient",
                    ("差异系数", "Coefficient"),
                    decimals=decimals,
                    beside="limit",
                    fact=states(Fact.COEFFICIENT, *of),
                ),
                Column("limit", ("限值", "Limit"), decimals=2) if ruled else None,
                columns.verdict(states(Fact.BALANCE, *of)) if ruled else None,
                columns.CHANGE,
            ),
            rows,
            failing="verdict",
            note=(
                "差异系数 = 标准差 ÷ 平均值；平均值为总量之比，离差平方按学生数加权、除以学生总数。"
                "有学校缺这项数据时不计算。",
                "Coefficient = deviation ÷ mean; the mean is total over total, squared deviations are weighted by pupils. "
                "Not computed where a school has not reported.",
            ),
        )

    def _title(self, code: str) -> str:
        if code != COMPOSITE:
            return resource_title(self.standard, code, self.lang)
        mean = COMPOSITE in deciding(self.standard)
        return self.say(
            f"{self.context.items}平均（综合，{'据以' if mean else '不作'}判定）",
            f"Mean of {self.context.resources} (decides{'' if mean else ' nothing'})",
        )

    def _course(self, stage: str, code: str) -> list[tuple[int, float]]:
        """Return a coefficient over five years, NaN where a year has none."""
        course = []
        for year in range(self.year - FIVE + 1, self.year + 1):
            balance = self._balances.get(year)
            value = np.nan if balance is None else balance.get((str(stage), code), np.nan)
            course.append((year, float(value)))
        return course

    @cached_property
    def _balances(self) -> dict[int, dict[tuple[str, str], float]]:
        found = {}
        for year, every in self.context.years.items():
            mine = every.balance[(every.balance["district"] == self.district).to_numpy()]
            places = zip(mine["stage"].astype(str), mine["code"], strict=True)
            found[year] = dict(zip(places, mine["coefficient"], strict=True))
        return found

    def trends(self) -> list[charts.Chart]:
        """Return the coefficients over the years, a figure a stage; none where there is one year only."""
        if len(self.context.years) < 2:
            return []
        return [self._trend(stage) for stage in self.stages]

    def _trend(self, stage: Stage) -> charts.Chart:
        _lang, standard = self.lang, self.standard
        years = sorted(self.context.years)
        frames = {year: self._coefficients_of(year, stage) for year in years}
        drawn = {code: self.short(code) for code in standard.resource_codes}
        if standard.mean_decides:
            drawn[COMPOSITE] = self.say(f"{self.context.items}平均", f"Mean of {self.context.items}")
        series = {
            name: [frames[year]["coefficient"].get(code, np.nan) for year in years]
            for code, name in drawn.items()
        }
        limit, decides = standard.coefficient_limit(stage), list(deciding(standard))
        counts = {year: Tally.of(frames[year]["verdict"].reindex(decides).dropna()) for year in years}
        finding = self._over_the_years(counts, stage)
        last = frames[years[-1]]["coefficient"].reindex(decides).dropna()
        emphasise = drawn[last.idxmax()] if len(last) else None
        if emphasise and len(last) > 1:
            finding += self.say(
                f"；{years[-1]} 年最大的是 {emphasise}", f"; the largest in {years[-1]}: {emphasise}"
            )
        return charts.trend(
            years,
            series,
            caption=self.caption(
                finding, self.say("差异系数，按学年", "Difference coefficient by school year"), years
            ),
            limits={self.say(f"限值 {limit:g}", f"Limit {limit:g}"): limit} if limit == limit else {},
            emphasise=emphasise,
            decimals=standard.rules.rounding.coefficients,
        )

    def _over_the_years(self, counts: dict[int, Tally], stage: Stage) -> str:
        """Return how many coefficients of a stage exceed the limit in the first and the last year that are known."""
        lang = self.lang
        if self.standard.rules.coefficient is None:
            label = stage_label(stage, lang)
            return self.say(f"{label}：标准不限定差异系数", f"{label}: no limit on coefficients")
        label, known = stage_label(stage, lang), [year for year, tally in counts.items() if tally.known]
        mean, means = ("平均值", "means of the ") if self.standard.mean_decides else ("", "")
        if not known:
            one = "mean of the coefficients" if mean else "coefficient"
            return self.say(
                f"{label}：历年差异系数{mean}都无法计算", f"{label}: no {one} of any year is known"
            )
        said = []
        for year in dict.fromkeys((known[0], known[-1])):
            tally = counts[year]
            open_ = self.say(f"（{tally.unknown} 个无法计算）", f" ({tally.unknown} unknown)")
            said.append(
                self.say(f"{year} 年 {tally.failed} 个", f"{tally.failed} in {year}")
                + open_ * bool(tally.unknown)
            )
        text = self.say("，", ", ").join(said)
        return self.say(
            f"{label}：超过限值的差异系数{mean} {text}",
            f"{label}: {means}coefficients over the limit: {text}",
        )

    def _coefficients_of(self, year: int, stage: Stage) -> pd.DataFrame:
        frame = self.context.years[year].balance
        mine = (frame["district"] == self.district) & (frame["stage"] == stage)
        return frame[mine].set_index("code")[["coefficient", "verdict"]]

    def strips(self) -> list[charts.Chart]:
        """Return every school on all seven indicators, a figure a stage."""
        return [self._strips(stage) for stage in self.stages]

    def _strips(self, stage: Stage) -> charts.Chart:
        lang, standard = self.lang, self.standard
        rows = self.own.rows[(self.own.rows["stage"] == stage).to_numpy()]
        labels = [self.short(code) for code in standard.resource_codes]
        percent = percent_of_standard(rows)
        finding = f"{stage_label(stage, lang)}{self.say('：', ': ')}{self._apart(percent)}"
        return charts.strips(
            percent.set_axis(labels, axis=1).set_axis(rows["name"].to_list(), axis=0),
            rows["pupils"].tolist(),
            verdicts(rows).set_axis(labels, axis=1),
            caption=self.caption(
                finding, level_said(standard, lang) + self.say("，一点为一所学校", ", a dot is a school")
            ),
            floor=100 * standard.floor,
        )

    def _apart(self, percent: pd.DataFrame) -> str:
        """Return on which indicator the schools differ most; of those that have reported it."""
        _lang, standard = self.lang, self.standard
        known = percent.loc[:, percent.notna().any()]
        if not known.size:
            return self.say(
                f"{self.context.resources}缺数据，看不出差距",
                f"no data on {self.context.resources}, nobody can tell",
            )
        if (known.notna().sum() < 2).all():
            return self.say("有数据的只有一所学校，无从比较", "only one school has data: nothing to compare")
        of = (
            ""
            if known.shape == percent.shape and known.notna().all(axis=None)
            else self.say("（限已报送的学校）", " (schools that have reported)")
        )
        ratio = known.max() / known.min()  # infinite where one school has none; NaN where none has any
        if not (ratio > 1 + 1e-9).any():
            return self.say(f"各校之间没有差距{of}", f"schools do not differ{of}")
        code = ratio.idxmax()
        name = standard[code].short
        if np.isinf(ratio[code]):
            none = int((known[code] == 0).sum())
            return self.say(
                f"{name.zh}差距最大，{none} 所学校为 0{of}",
                f"schools differ most on {name.en.lower()}: {none} with nothing at all{of}",
            )
        times = number(ratio[code], 1)
        if times == "1.0":
            more = number(100 * (ratio[code] - 1), 2)
            return self.say(
                f"差距很小，最大的一项{name.zh}最高的学校只比最低的高 {more}%{of}",
                f"hardly any difference; on {name.en.lower()}, the most, the highest is {more}% above the lowest{of}",
            )
        return self.say(
            f"{name.zh}差距最大，最高的学校是最低的 {times} 倍{of}",
            f"schools differ most on {name.en.lower()}: the highest has {times} times the lowest{of}",
        )


def _rule(row: Row, _: object) -> str:
    return anchor("coefficient" if row["code"] == COMPOSITE else row["code"])
