"""The schools of a district: who passes, on what they fail, what is lacking and who answers for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.language import told
from qb.report.context import DistrictPart, with_states
from qb.report.facts import Fact, anchor, finding_keys
from qb.report.issue_ledger import QUOTED, ledger_table, nothing_to_mend
from qb.report.resource_tables import (
    allowed,
    gap_text,
    names,
    nothing_lacking,
    percent_of_standard,
    resource_title,
    unmet,
    verdict_column,
    verdicts,
)
from qb.report.tables import Column, Table
from qb.report.words import (
    Tally,
    compared,
    department_names,
    floor_label,
    number,
    part_label,
    say,
    schools_said,
    stage_label,
    term,
    title,
    unit_of,
)
from qb.terms import Allowance, Kind, Stage, Verdict

# The schools of a district: who passes, on what they fail, who is left out.


_ALLOWED = (Allowance.AT_SCHOOL.zh, Allowance.AT_SCHOOL.en)
MOST_ROWS = 70  # schools in a heat table; the table below it has all of them


class DistrictSchools(DistrictPart):
    """School by school."""

    def heats(self) -> list[charts.Chart]:
        """Return schools × indicators for each stage, those that fail first."""
        return [self._heat(stage) for stage in self.stages]

    def _heat(self, stage: Stage) -> charts.Chart:
        lang, standard = self.context.lang, self.context.standard
        rows = self.own.rows[(self.own.rows["stage"] == stage).to_numpy()]
        label = stage_label(stage, lang)
        finding = say(
            lang, f"{label}{self.context.resources}：", f"{label}, {self.context.resources}: "
        ) + self._standing(rows)
        order = np.lexsort((rows["name"], rows["met"], rows["verdict"].cat.codes))
        rows = rows.iloc[order[:MOST_ROWS]]
        labels = [title(standard[code], lang, short=True) for code in standard.resource_codes]
        cut = len(order) > MOST_ROWS
        measure = say(lang, "占标准的百分比", "% of the standard")
        if cut:
            measure += say(
                lang, f"，列出 {len(order)} 所中的前 {MOST_ROWS} 所", f", {MOST_ROWS} of {len(order)} schools"
            )
        return charts.heat(
            percent_of_standard(rows).set_axis(labels, axis=1).set_axis(names(rows, lang), axis=0),
            verdicts(rows).set_axis(labels, axis=1),
            self._deep(rows),
            caption=self.caption(finding, measure),
            floor=100 * standard.floor,
        )

    def _deep(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return which resources are below the floor of the school rule, too, shape (rows, k)."""
        short = self.own.shortfalls
        short = short[(short["to_floor"] > 0).to_numpy()]
        deep = set(zip(short["school_id"], short["stage"], short["code"], strict=True))
        at = list(zip(rows["school_id"], rows["stage"], strict=True))
        codes = self.own.standard.resource_codes
        return pd.DataFrame({code: [(*place, code) in deep for place in at] for code in codes})

    def _standing(self, rows: pd.DataFrame) -> str:
        """Return how many of a stage's schools fail, on what most of them, or what the rule allows."""
        lang, standard = self.context.lang, self.context.standard
        seen = verdicts(rows)
        text = schools_said(Tally.of(rows["verdict"]), lang)
        worst = seen.eq(str(Verdict.FAIL)).sum()
        if worst.max():
            lacking = (100 - percent_of_standard(rows)).clip(lower=0).sum()  # decides between equal counts
            name = standard[max(standard.resource_codes, key=lambda code: (worst[code], lacking[code]))].short
            return text + say(lang, f"，{name.zh}最弱", f"; weakest on {name.en.lower()}")
        below = int(seen.eq(str(Allowance.AT_SCHOOL)).any(axis=1).sum())
        more = say(
            lang,
            f"，其中 {below} 所有一项低于标准，规则允许",
            f"; {below} below the standard on one, as the rule allows",
        )
        return text + more * bool(below)

    def table(self) -> Table:
        """Return every judged school and stage: the seven, how many are met, the verdict."""
        lang = self.context.lang
        codes = self.own.standard.resource_codes
        rows = self.own.rows
        rows = rows.iloc[np.lexsort((rows["name"], rows["met"], rows["verdict"].cat.codes))]
        place = (rows["stage"], rows["school_id"])
        values = {f"{code}_fact": self.keys(Fact.RESOURCE, [code] * len(rows), *place) for code in codes}
        limits = [f"{code}_limit" for code in codes]
        shown = rows[["name", "school_id", "pupils", *codes, *limits, "met"]].assign(
            **values,
            verdict_fact=self.keys(Fact.SCHOOL, *place),
            met_fact=self.keys(Fact.MET, *place),
            stage=[stage_label(stage, lang) for stage in rows["stage"]],
            kind=[term(kind, lang, (Kind,)) for kind in rows["kind"]],
            verdict=rows["verdict"].astype(str),
            unmet=[say(lang, "、", ", ").join(unmet(row)) for _, row in rows.iterrows()],
            allowed=[say(lang, "、", ", ").join(allowed(row)) for _, row in rows.iterrows()],
            failing=rows["verdict"] == Verdict.FAIL,
        )
        columns = (
            Column("name", say(lang, "学校", "School"), school="school_id"),
            verdict_column(lang, "verdict_fact"),
            Column("stage", say(lang, "学段", "Stage")),
            Column(
                "met",
                say(lang, "达标项数", f"Met of {len(self.context.standard.resources)}"),
                decimals=0,
                fact="met_fact",
            ),
            Column("unmet", say(lang, "未达标指标", "Not met")),
            *([Column("allowed", say(lang, *_ALLOWED))] if (shown["allowed"] != "").any() else []),
            Column("pupils", say(lang, "在校生（人）", "Pupils"), decimals=0),
            *(
                Column(
                    code,
                    resource_title(self.context.standard, code, lang),
                    decimals=2,
                    beside=f"{code}_limit",
                    fact=f"{code}_fact",
                )
                for code in codes
            ),
        )
        return Table(
            say(
                lang,
                f"各校{self.context.resources}（未达标的在前）",
                f"{self.context.resources.capitalize()} by school (not met first)",
            ),
            columns,
            shown,
            failing="failing",
            empty=say(
                lang,
                f"没有参加{self.context.resources}评估的学校。",
                f"No school is judged on {self.context.resources}.",
            ),
            lang=lang,
        )

    def findings(self) -> Table:
        """Return schools that do not meet C10–C13, C16, C19 or C26."""
        lang, standard = self.context.lang, self.context.standard
        frame = self.own.findings
        frame = frame[frame["school_id"].notna().to_numpy()]
        tally = Tally.of(frame["verdict"])
        frame = frame[(frame["verdict"] == Verdict.FAIL).to_numpy()]
        measured = [
            compared(standard[str(code)], str(part), lang)
            for code, part in zip(frame["code"], frame["part"], strict=True)
        ]
        shown = pd.DataFrame(
            {
                "name": frame["name"],
                "school_id": frame["school_id"],
                "title": [title(standard[str(code)], lang) for code in frame["code"]],
                "part": [part_label(str(part), standard, lang) for part in frame["part"]],
                "stage": [stage_label(s, lang) if isinstance(s, str) else "" for s in frame["stage"]],
                "value": frame["value"],
                "limit": frame["limit"],
                "decimals": [decimals for decimals, _ in measured],
                "unit": [unit for _, unit in measured],
                "detail": [told(d, lang) or "" for d in frame["detail"]],
                "rule": [anchor(str(code)) for code in frame["code"]],
                "fact": finding_keys(Fact.ITEM, self.own, frame),
            }
        )
        columns = (
            Column("name", say(lang, "学校", "School"), school="school_id"),
            Column("stage", say(lang, "学段", "Stage")),
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("part", say(lang, "项目", "Item")),
            Column("value", say(lang, "实际", "Actual"), decimals="decimals", beside="limit", fact="fact"),
            Column("limit", say(lang, "标准", "Standard"), decimals="decimals", beside="value"),
            Column("unit", say(lang, "单位", "Unit")),
            Column("detail", say(lang, "说明", "Detail")),
        )
        return Table(
            say(lang, "学校层面的其他未达标项", "Other figures that schools do not meet"),
            columns,
            shown,
            empty=say(
                lang,
                f"没有学校在这些指标上判为未达标；{tally.unknown} 处缺数据，无法判断。"
                if tally.unknown
                else "没有学校在这些指标上未达标。"
                if tally.known
                else "没有学校报送这些指标的数据。",
                f"Nothing that schools reported is below the standard; {tally.unknown} figures are without data."
                if tally.unknown
                else "Every school meets these."
                if tally.known
                else "No school reported on these.",
            ),
            lang=lang,
        )

    def excluded(self) -> Table:
        """Return the schools and stages that a rule leaves out, and schools not there in the year."""
        lang = self.context.lang
        frame = self.own.excluded
        shown = frame.assign(
            reason=[told(reason, lang) for reason in frame["reason"]],
            stage=[stage_label(s, lang) if isinstance(s, str) else "" for s in frame["stage"]],
            pupils=frame["pupils"].astype(object).where(frame["pupils"].notna(), None),
        )
        columns = (
            Column("name", say(lang, "学校", "School")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("pupils", say(lang, "在校生（人）", "Pupils"), decimals=0),
            Column("reason", say(lang, "原因", "Reason")),
        )
        return Table(
            say(
                lang,
                f"按规则不参加{self.context.resources}评估的学校和学段",
                f"Left out of {self.context.resources} by rule",
            ),
            columns,
            shown,
            empty=say(lang, "没有按规则排除的学校。", "None is left out."),
            lang=lang,
        )

    def warnings(self) -> Table:
        """Return what a reader should know beside the verdicts."""
        lang = self.context.lang
        schools = self.context.data["schools"]
        name = dict(zip(schools["school_id"], schools["name"], strict=True))
        frame = self.own.warnings
        shown = frame.assign(
            name=[name.get(s, "") if isinstance(s, str) else "" for s in frame["school_id"]],
            message=[told(message, lang) for message in frame["message"]],
        )
        columns = (
            Column("name", say(lang, "学校", "School"), school="school_id"),
            Column("code", say(lang, "指标", "Indicator")),
            Column("message", say(lang, "提示", "Note")),
        )
        return Table(
            say(lang, "提示", "Notes"),
            columns,
            shown,
            empty=say(lang, "没有其他提示。", "No further notes."),
            lang=lang,
        )


# What a district lacks, and who answers for it.


MOST_BARS = 20
LARGEST = 5  # gaps whose share is told


class DistrictGaps(DistrictPart):
    """Shortfalls and the issue ledger."""

    def table(self) -> Table:
        """Return what is lacking in all, by indicator and stage."""
        lang, standard = self.context.lang, self.context.standard
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
                    gap_text(standard[c], x, lang)
                    for c, x in zip(sums["code"], sums["to_standard"], strict=True)
                ],
                "to_floor": [
                    gap_text(standard[c], x, lang)
                    for c, x in zip(sums["code"], sums["to_floor"], strict=True)
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
            empty=nothing_lacking(self.own.rows.to_dict("records"), self.context.standard, lang),
            lang=lang,
        )

    def bars(self) -> list[charts.Chart]:
        """Return, for the indicator with the most failing schools, what each school lacks."""
        counts = self.own.shortfalls["code"].value_counts()
        if not len(counts):
            return []
        lang = self.context.lang
        code = max(self.own.standard.resource_codes, key=lambda c: counts.get(c, 0))
        frame = self.own.shortfalls[self.own.shortfalls["code"] == code].sort_values(
            "to_standard", ascending=False
        )
        frame = frame.head(MOST_BARS)
        total = self.own.shortfalls.loc[self.own.shortfalls["code"] == code, "to_standard"].sum()
        # What is surely too little, though not all is reported, lacks an amount that nobody knows.
        share = 100 * frame["to_standard"].head(LARGEST).sum() / total if total else np.nan
        name = title(self.context.standard[code], lang)
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
                unit_of(self.own.standard[code], lang),
                caption=self.caption(
                    finding, say(lang, "补到标准需增加的数量", "Needed to reach the standard")
                ),
                decimals=self.own.standard[code].resource.decimals,
            )
        ]

    def by_department(self) -> Table:
        """Return how many problems each department answers for, and how many have a measure."""
        lang, standard = self.context.lang, self.context.standard
        frame = with_states(self.context, self._ledger).explode("departments")
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
        frame = self.context.ledger
        return frame[(frame["district"] == self.district).to_numpy()]

    def ledger(self) -> Table:
        """Return the most pressing of the district's issue ledger, which the annual report has whole."""
        return ledger_table(self.context, self._ledger, self.district, QUOTED)
