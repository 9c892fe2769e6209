"""What a district lacks, and who answers for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.report.counts import Tally
from qb.report.district.part import DistrictPart
from qb.report.facts import anchor
from qb.report.ledger import ledger_table, nothing_to_mend, with_states
from qb.report.seven import (
    gap_text,
    names,
    nothing_lacking,
)
from qb.report.table import Column, Table
from qb.report.words import (
    UNITS,
    department_names,
    floor_label,
    number,
    say,
    stage_label,
    title,
)
from qb.standard import SEVEN
from qb.terms import Stage

MOST_BARS = 20
LARGEST = 5  # gaps whose share is told


class DistrictGaps(DistrictPart):
    """Shortfalls and the issue ledger."""

    def table(self) -> Table:
        """Return what is lacking in all, by indicator and stage."""
        lang, standard = self.book.lang, self.book.standard
        sums = (
            self.own.shortfalls.groupby(["code", "stage"], sort=False)
            .agg(
                schools=("school_id", "size"),
                to_standard=("to_standard", "sum"),
                to_floor=("to_floor", "sum"),
            )
            .reset_index()
        )
        sums = sums.iloc[np.lexsort((sums["stage"] != Stage.PRIMARY, sums["code"]))]
        shown = pd.DataFrame(
            {
                "title": [title(standard[code], lang) for code in sums["code"]],
                "rule": [anchor(code) for code in sums["code"]],
                "stage": [stage_label(stage, lang) for stage in sums["stage"]],
                "schools": sums["schools"],
                "to_standard": [
                    gap_text(c, x, lang) for c, x in zip(sums["code"], sums["to_standard"], strict=True)
                ],
                "to_floor": [
                    gap_text(c, x, lang) for c, x in zip(sums["code"], sums["to_floor"], strict=True)
                ],
                "departments": [
                    department_names(standard[c].departments, standard, lang) for c in sums["code"]
                ],
            }
        )
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("stage", say(lang, "学段", "Stage")),
            Column("schools", say(lang, "低于标准的学校（学段）", "School stages below"), decimals=0),
            Column("to_standard", say(lang, "全部补到标准需增加", "All to the standard")),
            Column(
                "to_floor",
                say(lang, f"全部补到 {floor_label(standard)} 需增加", f"All to {floor_label(standard)}"),
            ),
            Column("departments", say(lang, "责任部门", "Departments")),
        )
        return Table(
            say(lang, "资源缺口合计", "What is lacking in all"),
            columns,
            shown,
            note=say(
                lang,
                "各校分别取整后相加。规则允许个别项目低于标准（不低于 "
                + floor_label(standard)
                + "），实际需要可少于“全部补到标准”。",
                "Each school is rounded up by itself. The rule lets one indicator stay below, so less may do.",
            ),
            empty=nothing_lacking(self.own.rows.to_dict("records"), lang),
            lang=lang,
        )

    def bars(self) -> list[charts.Chart]:
        """Return, for the indicator with the most failing schools, what each school lacks."""
        counts = self.own.shortfalls["code"].value_counts()
        if not len(counts):
            return []
        lang = self.book.lang
        code = max(SEVEN, key=lambda c: counts.get(c, 0))
        frame = self.own.shortfalls[self.own.shortfalls["code"] == code].sort_values(
            "to_standard", ascending=False
        )
        frame = frame.head(MOST_BARS)
        total = self.own.shortfalls.loc[self.own.shortfalls["code"] == code, "to_standard"].sum()
        # What is surely too little, though not all is reported, lacks an amount that nobody knows.
        share = 100 * frame["to_standard"].head(LARGEST).sum() / total if total else np.nan
        name = title(self.book.standard[code], lang)
        lacking, most = counts[code], names(frame.head(1), lang)[0]
        finding = (
            say(
                lang,
                f"{name}：{lacking} 个学校（学段）低于标准，缺口前 {LARGEST} 个占 {number(share, 1)}%",
                f"{name}: {lacking} school stages below the standard; {LARGEST} hold {number(share, 1)} % of the gap",
            )
            if lacking > LARGEST
            else say(
                lang,
                f"{name}：{lacking} 个学校（学段）低于标准，缺口最大的是{most}",
                f"{name}: {lacking} school stages are below the standard; {most} lacks most",
            )
            if lacking > 1
            else say(
                lang,
                f"{name}：只有{most}低于标准",
                f"{name}: {most} alone is below the standard",
            )
        )
        return [
            charts.shortfall_bars(
                names(frame, lang),
                frame["to_standard"].tolist(),
                say(lang, *UNITS[code]),
                caption=self.caption(
                    finding, say(lang, "补到标准需增加的数量", "Needed to reach the standard")
                ),
                decimals=1 if code in ("C4", "C5") else 0,
            )
        ]

    def by_department(self) -> Table:
        """Return how many problems each department answers for, and how many have a measure."""
        lang, standard = self.book.lang, self.book.standard
        frame = with_states(self.book, self._ledger).explode("departments")
        counts = (
            frame.groupby("departments")
            .agg(problems=("code", "size"), measured=("measure", "count"), allowed=("allowed", "sum"))
            .sort_values("problems", ascending=False, kind="stable")
            .reset_index()
        )
        counts["name"] = [department_names((d,), standard, lang) for d in counts["departments"]]
        codes = frame.groupby("departments")["code"].agg(lambda c: list(dict.fromkeys(c)))
        counts["codes"] = [say(lang, "、", ", ").join(codes[d]) for d in counts["departments"]]
        columns = (
            Column("name", say(lang, "责任部门", "Department")),
            Column("problems", say(lang, "问题数", "Problems"), decimals=0),
            *(
                [Column("allowed", say(lang, "其中规则允许", "The rule allows"), decimals=0)]
                if counts["allowed"].any()
                else []
            ),
            Column("measured", say(lang, "已登记措施", "With a measure"), decimals=0),
            Column("codes", say(lang, "涉及指标", "Indicators")),
        )
        return Table(
            say(lang, "各部门牵头或参与的问题", "Problems by department"),
            columns,
            counts,
            note=say(
                lang,
                "一个问题由几个部门共同负责时，各记一次。",
                "A problem of several departments counts for each.",
            ),
            empty=nothing_to_mend(Tally.of(self.own.indicators["verdict"]).unknown, lang),
            lang=lang,
        )

    @property
    def _ledger(self) -> pd.DataFrame:
        frame = self.book.ledger
        return frame[(frame["district"] == self.district).to_numpy()]

    def ledger(self) -> Table:
        """Return the issue ledger of the district."""
        return ledger_table(self.book, self._ledger, self.district)
