"""What balance costs, and what the plan does to the differences between schools."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.curve import Lane, before_after, cost_curve
from qb.report.plan.words import money
from qb.report.plan.work import PlanPart
from qb.report.seven import names, percent_of_standard, verdicts
from qb.report.words import number, say, stage_label, title
from qb.terms import Stage

NEAR = 0.98  # a coefficient above this part of its limit after the purchases decides about the plan
SMALL = 0.001  # what moves a coefficient by less has not changed it


class PlanBalance(PlanPart):
    """The price of balance; schools before and after."""

    def curve(self) -> list[charts.Chart]:
        """Return the least cost under one cap on all coefficients after another; none where data are missing."""
        if self.work.plan is None:
            return []
        lang, frame = self.book.lang, self.work.curve
        limits: dict[str, float] = {}
        for stage in self.stages:
            name = say(
                lang, f"现行{stage_label(stage, lang)}限值", f"limit now, {stage_label(stage, lang).lower()}"
            )
            limits[name] = self.book.standard.coefficient_limit(stage)
        none = say(lang, "无解", "none")
        unknown = say(lang, "未解出", "not solved")
        return [
            cost_curve(
                frame["cap"].tolist(),
                (frame["yuan"] / 1e4).tolist(),
                caption=self.caption(
                    self._curve_finding(frame),
                    say(
                        lang,
                        "各项差异系数限值统一收紧时的最低费用",
                        "Least cost as one limit on all coefficients tightens",
                    ),
                ),
                labels=(
                    say(
                        lang,
                        "差异系数限值（越往右越严）",
                        "Limit on every coefficient (stricter to the right)",
                    ),
                    say(lang, "最低费用（万元）", "Least cost (10,000 yuan)"),
                ),
                impossible={
                    row.cap: unknown if row.possible else none
                    for row in frame.itertuples()
                    if row.yuan != row.yuan
                },
                limits=limits,
                decimals=0,
            )
        ]

    def _curve_finding(self, frame: pd.DataFrame) -> str:
        lang, known = self.book.lang, frame.dropna(subset=["yuan"]).sort_values("cap")
        if not len(known):
            return say(lang, "哪一档限值都没有方案", "No limit can be met")
        strict, loose = known.iloc[0], known.iloc[-1]
        more = strict["yuan"] - loose["yuan"]
        if more < 1:
            return say(
                lang,
                f"限值从 {loose['cap']:.2f} 收紧到 {strict['cap']:.2f}，费用不变",
                f"Tightening the limit from {loose['cap']:.2f} to {strict['cap']:.2f} costs no more",
            )
        return say(
            lang,
            f"限值从 {loose['cap']:.2f} 收紧到 {strict['cap']:.2f}，要多花 {money(more, lang)}",
            f"Tightening the limit from {loose['cap']:.2f} to {strict['cap']:.2f} costs {money(more, lang)} more",
        )

    def strips(self) -> list[charts.Chart]:
        """Return schools without and with the purchases, on each coefficient that matters, a figure a stage."""
        if not self.work.made or not self.work.plan.cost:
            return []
        return [chart for stage in self.stages if (chart := self._strips(stage)) is not None]

    @staticmethod
    def _near(frame: pd.DataFrame) -> np.ndarray:
        """Return which coefficients come near their limits with the purchases; these are drawn too."""
        return (frame["after"] > NEAR * frame["limit"]).to_numpy()

    def _strips(self, stage: Stage) -> charts.Chart | None:
        lang, standard = self.book.lang, self.book.standard
        frame = self.work.coefficients
        frame = frame[(frame["stage"] == stage).to_numpy()].set_index("code")
        matters = self.over(frame) | self._near(frame) | ((frame["after"] - frame["before"]).abs() > SMALL)
        frame = frame[matters]
        if not len(frame):
            return None
        codes = frame.index.tolist()
        labels = [title(standard[code], lang, short=True) for code in codes]
        over = pd.Series(self.over(frame), index=frame.index)
        label = stage_label(stage, lang)
        worst = (frame["before"] - frame["after"]).idxmax()
        name = standard[worst].short
        was, now = (number(frame.loc[worst, at], 3) for at in ("before", "after"))
        finding = say(
            lang,
            f"{label}：购置后{name.zh}的差异系数由 {was} 变为 {now}",
            f"{label}: with the purchases {name.en.lower()} goes from {was} to {now}",
        )
        rows = {
            "before": self.work.plan.before.rows,
            "after": self.work.plan.assessment.rows,
        }
        mine = {at: r[(r["stage"] == stage).to_numpy()] for at, r in rows.items()}
        lanes = tuple(
            Lane(
                say(lang, *words),
                percent_of_standard(mine[at])[codes]
                .set_axis(labels, axis=1)
                .set_axis(names(mine[at], lang), axis=0),
                verdicts(mine[at])[codes].set_axis(labels, axis=1),
                [
                    (number(value, 3), bool(over[code]) and at == "before")
                    for code, value in frame[at].items()
                ],
            )
            for at, words in (("before", ("购置前", "before")), ("after", ("购置后", "after")))
        )
        limit = f"{frame['limit'].iloc[0]:g}"
        return before_after(
            lanes,
            mine["before"]["pupils"].tolist(),
            caption=self.caption(
                finding,
                say(
                    lang,
                    "占标准的百分比；只列购置前超限、购置后接近限值或有变化的指标",
                    "% of the standard; indicators whose coefficient was over, is near its limit, or changed",
                ),
            ),
            right=say(lang, f"差异系数（限值 {limit}）", f"coefficient (limit {limit})"),
            floor=100 * standard.rules.school.floor,
        )
