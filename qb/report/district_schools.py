"""District page: who passes, who fails on what, what is lacking and who answers for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from qb import charts
from qb.indicators.school_figures import of_schools
from qb.language import LANGUAGES
from qb.report import columns
from qb.report.columns import states
from qb.report.context import DistrictPart
from qb.report.issue_ledger import QUOTED, ledger_table, nothing_to_mend, with_states
from qb.report.resource_tables import (
    allowed,
    names,
    nothing_lacking,
    percent_of_standard,
    unmet,
    verdicts,
)
from qb.report.tables import Column, Table
from qb.report.verdict_keys import Fact, department_anchor, finding_keys
from qb.report.verdict_sentences import schools_said
from qb.report.words import (
    Tally,
    below_standard,
    department_names,
    floor_label,
    number,
    sides_of,
    stage_label,
    title,
    unit_of,
)
from qb.terms import Allowance, Stage, Verdict

# The schools of a district: who passes, on what they fail, who is left out.


_ALLOWED = (Allowance.AT_SCHOOL.zh, Allowance.AT_SCHOOL.en)
MOST_ROWS, FIRST_ROWS = 70, 10  # so many schools a heat table has whole, of more the first; the table has all


class DistrictSchools(DistrictPart):
    """School by school."""

    def heats(self) -> list[charts.Chart]:
        """Return schools × indicators for each stage, those that fail first; none without limits for schools."""
        return [self._heat(stage) for stage in self.stages] if self.standard.limits_schools else []

    def _heat(self, stage: Stage) -> charts.Chart:
        lang, standard = self.lang, self.standard
        rows = self.own.rows[(self.own.rows["stage"] == stage).to_numpy()]
        label = stage_label(stage, lang)
        finding = self.say(
            f"{label}{self.context.resources}：", f"{label}, {self.context.resources}: "
        ) + self._standing(rows)
        order = np.lexsort((rows["name"], rows["met"], rows["verdict"].cat.codes))
        cut = len(order) > MOST_ROWS
        rows = rows.iloc[order[:FIRST_ROWS] if cut else order]
        labels = [self.short(code) for code in standard.resource_codes]
        measure = self.say("占标准的百分比", "% of the standard")
        if cut:
            measure += self.say(
                f"，列出 {len(order)} 所中的前 {FIRST_ROWS} 所", f", {FIRST_ROWS} of {len(order)} schools"
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
        codes = self.standard.resource_codes
        return pd.DataFrame({code: [(*place, code) in deep for place in at] for code in codes})

    def _standing(self, rows: pd.DataFrame) -> str:
        """Return how many of a stage's schools fail, on what most of them, or what the rule allows."""
        lang, standard = self.lang, self.standard
        seen = verdicts(rows)
        text = schools_said(Tally.of(rows["verdict"]), lang)
        worst = seen.eq(str(Verdict.FAIL)).sum()
        if worst.max():
            lacking = (100 - percent_of_standard(rows)).clip(lower=0).sum()  # decides between equal counts
            name = standard[max(standard.resource_codes, key=lambda code: (worst[code], lacking[code]))].short
            return text + self.say(f"，{name.zh}最弱", f"; weakest on {name.en.lower()}")
        below = int(seen.eq(str(Allowance.AT_SCHOOL)).any(axis=1).sum())
        more = self.say(
            f"，其中 {below} 所有一项低于标准，规则允许",
            f"; {below} below the standard on one, as the rule allows",
        )
        return text + more * bool(below)

    def table(self) -> Table:
        """Return every judged school and stage: the seven, how many are met, the verdict."""
        rows, what = self.own.rows, self.context.resources
        rows = rows.iloc[np.lexsort((rows["name"], rows["met"], rows["verdict"].cat.codes))].to_dict(
            "records"
        )
        rows = [{**row, "unmet": unmet(row), "allowed": allowed(row)} for row in rows]
        limited = self.standard.limits_schools
        first = ("（未达标的在前）", " (not met first)") if limited else ("", "")
        return self.table_of(
            (f"各校{what}{first[0]}", f"{what.capitalize()} by school{first[1]}"),
            (
                columns.SCHOOL,
                columns.verdict(states(Fact.SCHOOL, "stage", "school_id")) if limited else None,
                columns.STAGE,
                columns.met(self.standard, states(Fact.MET, "stage", "school_id")) if limited else None,
                columns.listing("unmet", ("未达标指标", "Not met")) if limited else None,
                columns.listing("allowed", _ALLOWED) if any(row["allowed"] for row in rows) else None,
                columns.PUPILS,
                *(columns.resource(self, code) for code in self.standard.resource_codes),
            ),
            rows,
            failing="verdict" if limited else "",
            empty=(f"没有参加{what}评估的学校。", f"No school is judged on {what}."),
        )

    def findings(self) -> Table | None:
        """Return schools that do not meet C10–C13, C16, C19 or C26; None where nothing is asked of schools."""
        frame = self.own.findings
        frame = frame[frame["school_id"].notna().to_numpy()]
        if not any(map(of_schools, self.standard.indicators)):
            return None
        tally = Tally.of(frame["verdict"])
        frame = frame[(frame["verdict"] == Verdict.FAIL).to_numpy()]
        return self.table_of(
            ("学校层面的其他未达标项", "Other figures that schools do not meet"),
            (
                columns.SCHOOL,
                columns.STAGE,
                columns.indicator(),
                columns.PART,
                *columns.actual(fact="fact"),
                columns.UNIT,
                columns.sentence("detail", ("说明", "Detail")),
            ),
            columns.with_units(self, frame.assign(fact=finding_keys(Fact.ITEM, self.own, frame))),
            empty=(
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
        )

    def excluded(self) -> Table:
        """Return the schools and stages that a rule leaves out, and schools not there in the year."""
        what = self.context.resources
        return left_out(
            self, self.own.excluded, (f"按规则不参加{what}评估的学校和学段", f"Left out of {what} by rule")
        )

    def warnings(self) -> Table:
        """Return what a reader should know beside the verdicts."""
        name, frame = self.context.school_index.names, self.own.warnings
        return self.table_of(
            ("提示", "Notes"),
            (
                columns.SCHOOL,
                Column("code", ("指标", "Indicator")),
                columns.sentence("message", ("提示", "Note")),
            ),
            frame.assign(name=[name.get(school, "") for school in frame["school_id"]]),
            empty=("没有其他提示。", "No further notes."),
        )


def left_out(reader: columns.Reader, excluded: pd.DataFrame, caption: columns.Words) -> Table:
    """Return the schools and stages of which an assessment says that a rule leaves them out, and why."""
    pupils = excluded["pupils"].astype(object).where(excluded["pupils"].notna(), None)
    return columns.table(
        reader,
        caption,
        (
            replace(columns.SCHOOL, school=None),
            columns.STAGE,
            columns.PUPILS,
            columns.sentence("reason", ("原因", "Reason")),
        ),
        excluded.assign(pupils=pupils),
        empty=("没有按规则排除的学校。", "None is left out."),
    )


# What a district lacks, and who answers for it.


MOST_BARS = 10
LARGEST = 5  # gaps whose share is told


class DistrictGaps(DistrictPart):
    """Shortfalls and the issue ledger."""

    def table(self) -> Table:
        """Return what is lacking in all, by indicator and stage."""
        floor, low = floor_label(self.standard), bool(self.standard.floor)
        off = {lang: sides_of(self.standard.resources, lang) for lang in LANGUAGES}
        sums = (
            self.own.shortfalls.groupby(["code", "stage"], sort=False)
            .agg(
                schools=("school_id", "size"),
                to_standard=("to_standard", "sum"),
                to_floor=("to_floor", "sum"),
            )
            .reset_index()
        )
        return self.table_of(
            ("资源缺口合计", "What is lacking in all"),
            (
                columns.indicator(short=True),
                columns.STAGE,
                Column("schools", (f"{off['zh']}的学校（学段）", f"School stages {off['en']}"), decimals=0),
                columns.gap("to_standard", ("全部补到标准需增加", "All to the standard")),
                columns.gap("to_floor", (f"全部补到 {floor} 需增加", f"All to {floor}")) if low else None,
                columns.DEPARTMENTS,
            ),
            sums.iloc[np.lexsort((sums["stage"] != Stage.PRIMARY, sums["code"]))],
            note=(
                "各校分别取整后相加。"
                + f"规则允许个别项目低于标准（不低于 {floor}），实际需要可少于“全部补到标准”。" * low,
                "Each school is rounded up by itself."
                + " The rule lets one indicator stay below, so less may do." * low,
            ),
            empty=nothing_lacking(self.own.rows.to_dict("records"), self.standard, self.lang),
        )

    def bars(self) -> list[charts.Chart]:
        """Return, for the indicator with the most failing schools, what each school lacks."""
        counts = self.own.shortfalls["code"].value_counts()
        if not len(counts):
            return []
        lang = self.lang
        code = max(self.standard.resource_codes, key=lambda c: counts.get(c, 0))
        frame = self.own.shortfalls[self.own.shortfalls["code"] == code].sort_values(
            "to_standard", ascending=False
        )
        frame = frame.head(MOST_BARS)
        total = self.own.shortfalls.loc[self.own.shortfalls["code"] == code, "to_standard"].sum()
        # What is surely too little, though not all is reported, lacks an amount that nobody knows.
        share = 100 * frame["to_standard"].head(LARGEST).sum() / total if total else np.nan
        name = title(self.standard[code], lang)
        lacking, most = counts[code], names(frame.head(1), lang)[0]
        off = below_standard(self.standard[code], lang)
        finding = (
            self.say(
                f"{name}：{lacking} 个学校（学段）{off}，缺口前 {LARGEST} 个占 {number(share, 1)}%",
                f"{name}: {lacking} school stages {off}; {LARGEST} hold {number(share, 1)}% of the gap",
            )
            if lacking > LARGEST
            else self.say(
                f"{name}：{lacking} 个学校（学段）{off}，缺口最大的是{most}",
                f"{name}: {lacking} school stages are {off}; {most} lacks most",
            )
            if lacking > 1
            else self.say(
                f"{name}：只有{most}{off}",
                f"{name}: {most} alone is {off}",
            )
        )
        return [
            charts.shortfall_bars(
                names(frame, lang),
                frame["to_standard"].tolist(),
                unit_of(self.standard[code], lang),
                caption=self.caption(
                    finding, self.say("补到标准需增加的数量", "Needed to reach the standard")
                ),
                decimals=self.standard[code].resource.decimals,
            )
        ]

    def by_department(self) -> Table | None:
        """Return how many problems each department answers for; None where the standard names none."""
        if not self.standard.departments:
            return None
        frame = with_states(self.context, self._ledger).explode("departments")
        counts = (
            frame.groupby("departments")
            .agg(
                problems=("code", "size"),
                measured=("measure", "count"),
                allowed=("allowed", "sum"),
                codes=("code", lambda codes: list(dict.fromkeys(codes))),
            )
            .sort_values("problems", ascending=False, kind="stable")
            .reset_index()
        )
        # Each leads to the department's sheet on the brief: its problems, their dates and the money.
        counts["sheet"] = [
            f"brief#{department_anchor(name, self.standard)}" for name in counts["departments"]
        ]
        counts["name"] = [
            department_names((name,), self.standard, self.lang) for name in counts["departments"]
        ]
        return self.table_of(
            ("各部门牵头或参与的问题", "Problems by department"),
            (
                Column("name", ("责任部门", "Department"), page="sheet"),
                Column("problems", ("问题数", "Problems"), decimals=0),
                Column("allowed", ("其中规则允许", "The rule allows"), decimals=0)
                if counts["allowed"].any()
                else None,
                Column("measured", ("已登记措施", "With a measure"), decimals=0),
                columns.listing("codes", ("涉及指标", "Indicators")),
            ),
            counts,
            note=(
                "一个问题由几个部门共同负责时，各记一次。点击部门，看它负责的问题、时限和费用。",
                "A problem of several departments counts for each. A department leads to its problems, dates and money.",
            ),
            empty=nothing_to_mend(Tally.of(self.own.indicators["verdict"]).unknown, self.lang),
        )

    @property
    def _ledger(self) -> pd.DataFrame:
        frame = self.context.ledger
        return frame[(frame["district"] == self.district).to_numpy()]

    def ledger(self) -> Table:
        """Return the most pressing of the district's issue ledger, which the annual report has whole."""
        return ledger_table(self.context, self._ledger, self.district, QUOTED)
