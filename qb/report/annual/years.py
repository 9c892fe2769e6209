"""The last five years: verdicts, counts and coefficients, and what moved the coefficients."""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from qb import balance, charts
from qb.judge import Assessment
from qb.report.annual.part import AnnualPart, coefficients
from qb.report.counts import Tally
from qb.report.district.balance import DistrictBalance
from qb.report.facts import Fact, anchor, key, shown_indicators
from qb.report.research.years import CAUSES
from qb.report.seven import verdict_column
from qb.report.table import Column, Sentences, Table
from qb.report.words import AREAS, number, say, stage_label, title, verdict_label
from qb.standard import SEVEN
from qb.terms import COMPULSORY, Verdict

NOTHING = 5e-4  # of a coefficient: less does not show in print


class AnnualYears(AnnualPart):
    """Year by year, and why."""

    def table(self) -> Table:
        """Return each year's verdicts and counts."""
        lang = self.book.lang
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
                    "schools": Tally.of(own.rows["verdict"]).of_all(lang),
                    "coefficients": Tally.of(coefficients(own)["verdict"]).of_all(lang),
                    "indicators": Tally.of(shown_indicators(own)).of_all(lang),
                }
            )
        columns = (
            Column("year", say(lang, "学年（起始年）", "School year starting")),
            Column("district", say(lang, "区域总体", "The district"), verdict=True, fact="district_fact"),
            *(Column(a, say(lang, *AREAS[a]), verdict=True, fact=f"{a}_fact") for a in AREAS),
            Column("schools", say(lang, "达标学校（学段）", "School stages that meet the rule")),
            Column("coefficients", say(lang, "限值内差异系数", "Coefficients within limits")),
            Column("indicators", say(lang, "达标指标", "Indicators met")),
        )
        return Table(
            say(lang, "历年结论与达标情况", "Verdicts and counts by year"),
            columns,
            pd.DataFrame(lines),
            note=say(
                lang,
                "各年均按本年所用标准和现有数据计算。“a / b”：适用的 b 个中有 a 个达标，括号内为另有的。",
                "All years by this year's standard and the data as they are now. “a / b”: a of the b that apply; in brackets what is neither met nor unmet.",
            ),
            lang=lang,
        )

    def coefficients(self) -> Table:
        """Return every difference coefficient by year, with its limit."""
        lang = self.book.lang
        wide = {year: _by_place(own) for year, own in self.slices.items()}
        decimals = self.book.standard.rules.rounding.coefficients
        lines = []
        for stage, code in product(self.stages, SEVEN):
            verdict = str(wide[self.book.year]["verdict"].get((stage, code), Verdict.NO_DATA))
            values = {year: frame["coefficient"].get((stage, code), np.nan) for year, frame in wide.items()}
            place = (stage, code, self.district)
            lines.append(
                {
                    "title": title(self.book.standard[code], lang, short=True),
                    "rule": anchor(code),
                    "stage": stage_label(stage, lang),
                    **{str(year): value for year, value in values.items()},
                    **{
                        f"{year}_fact": key(Fact.COEFFICIENT, year, *place) if value == value else ""
                        for year, value in values.items()
                    },
                    "limit": self.book.standard.coefficient_limit(stage),
                    "verdict": verdict,
                    "verdict_fact": key(Fact.BALANCE, self.book.year, *place),
                    "failing": verdict == Verdict.FAIL,
                }
            )
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("stage", say(lang, "学段", "Stage")),
            *(Column(str(year), str(year), decimals=decimals, fact=f"{year}_fact") for year in wide),
            Column("limit", say(lang, "限值", "Limit"), decimals=2),
            verdict_column(lang, "verdict_fact"),
        )
        return Table(
            say(lang, "历年差异系数", "Difference coefficients by year"),
            columns,
            pd.DataFrame(lines),
            failing="failing",
            empty=say(lang, "没有参加评估的学校。", "No school is judged."),
            lang=lang,
        )

    def trends(self) -> list[charts.Chart]:
        """Return the coefficients over the years, a figure a stage; none where there is one year only."""
        return DistrictBalance(self.book, self.district).trends() if self.before is not None else []

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
            for code in SEVEN
            if (found := _change(own, self.own, stage, code))
        ]
        return pd.DataFrame(rows, columns=["since", "stage", "code", "before", "after", *CAUSES])

    def moved(self) -> Table:
        """Return what moved each coefficient since the year before."""
        lang, decimals = self.book.lang, self.book.standard.rules.rounding.coefficients
        frame = self._since_last
        shown = frame.assign(
            title=[title(self.book.standard[code], lang, short=True) for code in frame["code"]],
            stage=[stage_label(stage, lang) for stage in frame["stage"]],
            change=frame["after"] - frame["before"],
        )
        columns = (
            Column("title", say(lang, "指标", "Indicator")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("before", say(lang, "上年", "Before"), decimals=decimals),
            Column("after", say(lang, "本年", "Now"), decimals=decimals),
            Column("change", say(lang, "变动", "Change"), decimals=decimals),
            *(
                Column(key, say(lang, zh, en.capitalize()), decimals=decimals)
                for key, (zh, en) in CAUSES.items()
            ),
        )
        since = "" if self.before is None else str(self.before.year)
        return Table(
            say(
                lang, f"差异系数变动的原因（与 {since} 年相比）", f"What moved the coefficients since {since}"
            ),
            columns,
            shown,
            note=say(
                lang,
                "负数使差异缩小。四项原因按夏普利值分解，相加等于变动（各数分别取整，末位可能有出入）；两年都有数据的差异"
                "系数才能分解。",
                "Negative: more even. The four causes (Shapley values) add up to the change, but for the rounding of each; "
                "only coefficients known in both years are listed.",
            ),
            empty=self._why_none(),
            lang=lang,
        )

    @property
    def _since_last(self) -> pd.DataFrame:
        last = self.before.year if self.before is not None else -1
        return self.changes[(self.changes["since"] == last).to_numpy()]

    def _why_none(self) -> str:
        lang = self.book.lang
        if self.before is None:
            return say(
                lang, "数据只有一个年度，无法说明变动。", "The data hold one year: nothing to compare."
            )
        return say(
            lang, "没有两年都有数据的差异系数，无法分解变动。", "No coefficient is known in both years."
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
        lang = self.book.lang
        name = self._name(row)
        before, after = (self._number(row[key]) for key in ("before", "after"))
        finding = say(
            lang,
            f"{since}—{self.book.year} 年变动最大的差异系数：{name}，{before} → {after}",
            f"From {since} to {self.book.year} the coefficient that moved most: {name}, {before} → {after}",
        )
        effects = [round(row[key], 4) for key in CAUSES]
        return charts.diverging(
            [say(lang, *CAUSES[key]) for key in CAUSES],
            effects,
            [f"{effect:+.4f}".replace("-", "−") if effect else "0" for effect in effects],
            caption=self.caption(
                finding,
                say(
                    lang,
                    "差异系数变动的分解，四项之和等于变动",
                    "Change of the coefficient by cause; the four add up to it",
                ),
            ),
            sides=(say(lang, "使差异缩小", "evens out"), say(lang, "使差异扩大", "widens")),
        )

    def _name(self, row: pd.Series) -> str:
        lang = self.book.lang
        return f"{stage_label(row['stage'], lang)} {title(self.book.standard[row['code']], lang, short=True)}"

    def _number(self, value: float) -> str:
        return number(value, self.book.standard.rules.rounding.coefficients, self.book.lang)

    def sentences(self) -> Sentences:
        """Return the verdict over the years, and which coefficients moved and through what."""
        lang = self.book.lang
        said = [
            f"{year} {verdict_label(str(own.districts['verdict'].iloc[0]), lang)}"
            for year, own in self.slices.items()
        ]
        lines = [
            say(
                lang, f"历年总体结论：{'，'.join(said)}。", f"The district over the years: {', '.join(said)}."
            )
        ]
        frame = self._since_last
        if not len(frame):
            return Sentences((*lines, self._why_none()))
        moved = frame["after"] - frame["before"]
        down, up = int((moved <= -NOTHING).sum()), int((moved >= NOTHING).sum())
        lines.append(
            say(
                lang,
                f"与 {self.before.year} 年相比，两年都能计算的 {len(frame)} 个差异系数中，{down} 个缩小，{up} 个扩大，{len(frame) - down - up} 个基本不变。",
                f"Of the {len(frame)} coefficients known in {self.before.year} and now, {down} shrank, {up} grew and {len(frame) - down - up} hardly changed.",
            )
        )
        if moved.abs().max() >= NOTHING:
            lines.append(self._largest(frame.loc[moved.abs().idxmax()]))
        return Sentences(tuple(lines))

    def _largest(self, row: pd.Series) -> str:
        lang = self.book.lang
        main = max(CAUSES, key=lambda key: abs(row[key]))
        effect = f"{row[main]:+.3f}".replace("-", "−")
        before, after, name = self._number(row["before"]), self._number(row["after"]), self._name(row)
        zh, en = CAUSES[main]
        return say(
            lang,
            f"变动最大的是{name}（{before} → {after}），作用最大的原因是{zh}（{effect}）。",
            f"The largest change is {name} ({before} → {after}), most of it through {en} ({effect}).",
        )


def _by_place(own: Assessment) -> pd.DataFrame:
    return coefficients(own).set_index(["stage", "code"])


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
