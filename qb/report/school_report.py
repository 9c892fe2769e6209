"""School page (一校一策): one school, its resource figures, its gaps, who answers for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from qb import charts
from qb.charts.marks import share
from qb.errors import QbError
from qb.indicators.school_figures import of_schools
from qb.language import Message, joined, told
from qb.report import columns
from qb.report.columns import states
from qb.report.context import Peers, ReportContext, Row, Speaker
from qb.report.issue_ledger import table_of
from qb.report.plan_study import Alone, alone, cost_columns, money
from qb.report.resource_tables import (
    allowed,
    caption,
    gap_text,
    moved,
    nothing_lacking,
    shown_in,
    turned,
    unknown,
    unmet,
)
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.verdict_keys import Fact, key
from qb.report.verdict_rules import PageRules, source_rows
from qb.report.words import (
    Tally,
    department_names,
    floor_label,
    level_said,
    listed,
    number,
    part_label,
    school_rule,
    school_year,
    sides_of,
    stage_label,
    term,
    title,
    value_decimals,
)
from qb.terms import Kind, Location, Ownership, Stage, Verdict


@dataclass(frozen=True)
class SchoolReport(Speaker):
    """Everything a school's page shows."""

    context: ReportContext
    school_id: str  # a school that is judged in the context's year; others are refused with the reason
    costs: str = ""  # a cost file; empty for the assumed costs shipped with qb

    def __post_init__(self) -> None:
        if not isinstance(self.school_id, str):  # papermill -p reads 0001001 as the number 1001
            raise QbError(
                "school_id 是数 {}，不是文字，前面的零可能已经丢失。用 papermill 时请写 -r（原样传递），如：-r school_id 0001001。",
                "school_id is the number {}, not a text, and zeros in front may be lost. With papermill write -r (as it is): -r school_id 0001001.",
                self.school_id,
            )
        if not self.rows:
            excluded = self.context.assessment.excluded
            reasons = excluded.loc[excluded["school_id"] == self.school_id, "reason"].tolist()
            unknown = Message(
                "数据中没有这所学校或它没有本年度的学段数据",
                "the data have no such school, or no section of it this year",
            )
            raise QbError(
                "学校 {} 在 {} 年度没有参加评估：{}。",
                "School {} is not judged in {}: {}.",
                self.school_id,
                self.year,
                joined("；", "; ", reasons) or unknown,
            )

    def shown(self) -> Iterator[charts.Chart | Table | Sentences | Cards | Heading | PageRules | None]:
        """Yield all that the page shows, in its order; None for what the standard does not ask for."""
        yield from (self.title(), self.cards(), self.headlines())
        yield from (*self.profiles(), *self.seven_tables(), *self.strips(), self.fellows())
        yield from (self.shortfalls(), self.cheapest(), self.findings(), self.measures(), self.warnings())
        yield from (self.rules(), self.sources())

    @property
    def rows(self) -> list[Row]:
        """The school's stages."""
        return self.context.school_index.rows.get(self.school_id, [])

    @property
    def _first(self) -> Row:
        return self.rows[0]

    @property
    def _place(self) -> str:
        return f"{self._first['name']} · {school_year(self.year, self.lang)}"

    def title(self) -> Heading:
        """Return the page's title and what kind of school this is."""
        lang, row = self.lang, self._first
        facts = [
            row["district"],
            term(row["kind"], lang, (Kind,)),
            term(row["ownership"], lang, (Ownership,)),
            term(row["location"], lang, (Location,)),
            self.say(f"学校标识码 {self.school_id}", f"School {self.school_id}"),
        ]
        line = " · ".join(str(fact) for fact in facts if fact and fact == fact)
        name, year = row["name"], school_year(self.year, lang)
        text = self.say(
            f"{name}：一校一策（{year}）", f"{name}: what it has and what it lacks ({year.lower()})"
        )
        return Heading(text, line)

    def cards(self) -> Cards:
        """Return the verdict of each stage and its key figures."""
        lang = self.lang
        cards = []
        for row in self.rows:
            stage = stage_label(row["stage"], lang)
            if self.standard.limits_schools:
                met = self.say(
                    f"{self.context.items}中达标 {row['met']} 项",
                    f"{row['met']} of {len(self.standard.resources)} met",
                )
                if lacking := len(unknown(row)):
                    met += self.say(f"，缺数据 {lacking} 项", f", no data on {lacking}")
                verdict = key(Fact.SCHOOL, self.year, row["stage"], self.school_id)
                cards.append(
                    (
                        self.say(f"{stage}{self.context.resources}", f"{stage}: {self.context.resources}"),
                        str(row["verdict"]),
                        met,
                        verdict,
                        self._last_verdict(row),
                        self.context.school_index.course(row, "met"),
                    )
                )
            cards.append(
                (
                    self.say(f"{stage}在校生（人）", f"{stage} pupils"),
                    number(row["pupils"], 0, lang),
                    self.say(
                        f"{number(row['classes'], 0)} 个班",
                        "1 class" if row["classes"] == 1 else f"{number(row['classes'], 0)} classes",
                    )
                    if row["classes"] == row["classes"]
                    else self.say("班级数缺数据", "no data on classes"),
                    "",
                    self._last_pupils(row),
                    self.context.school_index.course(row, "pupils"),
                )
            )
        return Cards(tuple(cards), lang)

    def _last_verdict(self, row: Row) -> str:
        """Return how many of the seven a stage met the year before, and whether its verdict changed."""
        lang, before = self.lang, self.context.school_index.before(row)
        if before is None:
            return turned(str(row["verdict"]), None, lang)
        verdict = turned(str(row["verdict"]), str(before["verdict"]), lang, headed=True)
        return self.say(
            f"去年达标 {before['met']} 项，{verdict}",
            f"the year before: {before['met']} met, {verdict[:1].lower()}{verdict[1:]}",
        )

    def _last_pupils(self, row: Row) -> str:
        lang, course = self.lang, self.context.school_index.course(row, "pupils")
        then = course[-2][1]
        text = moved(row["pupils"], then, 0, lang)
        return text if then != then else self.say(f"去年 {text}", f"the year before: {text}")

    def headlines(self) -> Sentences:
        """Return what the figures say, a sentence a stage and one for what lies beyond the seven."""
        if self.standard.limits_schools:
            several = len(self.standard.resource_codes) > 1  # of one, the verdict says all
            told_so = (self._plainly, self._stage_sentence) if several else (self._stage_sentence,)
            lines = [say_it(row) for row in self.rows for say_it in told_so]
        else:
            lines = [self._compared(row) for row in self.rows]
        lines += self._way()
        others = self._unmet_findings()
        if len(others):
            names = [self.short(code) for code in others]
            lines.append(
                self.say(
                    f"{self.context.items}以外，另有 {len(names)} 项未达标：{'、'.join(names)}。",
                    f"Beyond {self.context.resources}, {len(names)} not met: {', '.join(names)}.",
                )
            )
        if any(row["new"] for row in self.rows):
            lines.append(
                self.say(
                    "本校为新开办学校，年级尚未招满，指标会随学生增加而变化。",
                    "This school is new and does not have all its grades yet; its figures will move.",
                )
            )
        return Sentences(tuple(lines))

    def _compared(self, row: Row) -> str:
        """Return of a stage without limits where it stands beside the district's mean."""
        stage, rule = stage_label(row["stage"], self.lang), school_rule(self.standard, self.lang)
        beside = self._beside(row, self._peers(row))
        return self.say(
            f"{stage}：{rule}；{self.context.resources}中，{beside}。",
            f"{stage}: {rule}; of {self.context.resources}, {beside}.",
        )

    def _plainly(self, row: Row) -> str:
        """Return a stage's verdict as parents would put it: how much is enough, what is not, what nobody knows."""
        lang, standard = self.lang, self.standard
        stage, held = stage_label(row["stage"], lang), len(standard.resources)
        low, open_ = [*unmet(row), *allowed(row)], unknown(row)
        names = listed([self.say(standard[c].short.zh, standard[c].short.en.lower()) for c in low], lang)
        text = self.say(
            f"通俗地说：{stage}的 {held} 项办学条件中，{row['met']} 项够标准",
            f"In plain words: of {held} things that a {stage.lower()} school needs, {row['met']} are enough",
        )
        text += self.say(f"，还不够的是{names}", f"; not enough: {names}") * bool(low)
        text += self.say(f"，{len(open_)} 项没有上报", f"; not reported: {len(open_)}") * bool(open_)
        return text + self.say("。", ".")

    def _unmet_findings(self) -> list[str]:
        found = self.context.school_index.findings.get(self.school_id, [])
        return list(dict.fromkeys(row["code"] for row in found if row["verdict"] == Verdict.FAIL))

    def _stage_sentence(self, row: Row) -> str:
        lang, standard = self.lang, self.standard
        stage = stage_label(row["stage"], lang)
        if row["verdict"] == Verdict.NO_DATA:
            gaps = listed([self.short(c) for c in unknown(row)], lang)
            return self.say(
                f"{stage}：{gaps}缺数据，暂不能得出结论。",
                f"{stage}: no verdict yet, for want of {gaps}.",
            )
        low = [self._against(row, code) for code in (*unmet(row), *allowed(row))]
        if not low:
            return self.say(f"{stage}：{self._all_met}。", f"{stage}: {self._all_met}.")
        shown, open_ = self.say("、", "; ").join(low), len(unknown(row))
        gaps = self.say(f"，另有 {open_} 项缺数据", f"; no data on {open_}") * bool(open_)
        if row["verdict"] == Verdict.PASS:
            return self.say(
                f"{stage}：{self.context.items}达标 {row['met']} 项，余下的 {shown}在允许范围内，判为达标。",
                f"{stage}: {row['met']} of {len(self.standard.resources)} met; the other, {shown}, is within what the rule allows. Verdict: met.",
            )
        return self.say(
            f"{stage}：{self.context.items}达标 {row['met']} 项，未达标的是 {shown}{gaps}，不符合“{school_rule(standard, lang)}”的要求。",
            f"{stage}: {row['met']} of {len(self.standard.resources)} met; not met: {shown}{gaps}. The rule: {school_rule(standard, lang)}.",
        )

    @property
    def _all_met(self) -> str:
        """Return that every resource is met; of a single one its name."""
        codes, every = self.standard.resource_codes, self.context.resources
        if len(codes) == 1:
            return self.say(f"{self.short(codes[0])}达标", f"{self.short(codes[0])} is met")
        return self.say(f"{every}全部达标", f"all {every.removeprefix('the ')} are met")

    def _against(self, row: Row, code: str) -> str:
        name = self.short(code)
        floor = 100 * self.standard.floor
        percent = share(100 * row[code] / row[f"{code}_limit"], floor)
        return self.say(f"{name}（为标准的 {percent}%）", f"{name} ({percent}% of the standard)")

    def profiles(self) -> list[charts.Chart]:
        """Return the seven indicators of each stage against the standard and the floor; none without limits."""
        return [self._profile(row) for row in self.rows] if self.standard.limits_schools else []

    def _profile(self, row: Row) -> charts.Chart:
        lang, standard = self.lang, self.standard
        stage = stage_label(row["stage"], lang)
        low, gaps = [*unmet(row), *allowed(row)], unknown(row)
        seen = {code: str(shown) for code in standard.resource_codes for shown in (shown_in(row, code),)}
        if len(gaps) == len(standard.resource_codes):
            said = self.say(
                f"{self.context.resources}都缺数据", f"no data on any of {self.context.resources}"
            )
        elif low:
            names = listed([self.say(standard[c].short.zh, standard[c].short.en.lower()) for c in low], lang)
            of = sides_of([standard[code] for code in low], lang)
            said = self.say(f"{names}{of}", f"{of} on {names}")
            if allowed(row):
                said += self.say("，规则允许", ", as the rule allows")
        elif gaps:
            said = self.say("已报送的指标均达标", "what was reported is met")
        else:
            said = self._all_met
        if 0 < len(gaps) < len(standard.resource_codes):
            said += self.say(
                f"，{len(gaps)} 项缺数据",
                f"; no data on {len(gaps)} of {len(self.standard.resources)}",
            )
        finding = self.say(f"{stage}：{said}", f"{stage}: {said}")
        return charts.profile(
            [self.short(code) for code in standard.resource_codes],
            [100 * row[code] / row[f"{code}_limit"] for code in standard.resource_codes],
            [
                f"{number(row[c], 2, lang, beside=row[f'{c}_limit'])} / {row[f'{c}_limit']:,g}"
                for c in standard.resource_codes
            ],
            [seen[code] for code in standard.resource_codes],
            caption=caption(
                finding,
                self.say("实际值占标准的百分比（竖线为标准", "Actual value as % of the standard (the line")
                + self.say("，虚线为允许个别项目低到的底线", "; dashed: the floor that the rule allows")
                * bool(standard.floor)
                + self.say("；右侧为实际值 / 标准）", ")"),
                self._place,
                self.context.source,
                lang,
            ),
            floor=100 * standard.floor,
        )

    def seven_tables(self) -> list[Table]:
        """Return 一校一表 of each stage: actual, standard, floor, verdict, the district's mean, and the rank."""
        tables = [self._seven_table(row) for row in self.rows]
        text = self.say(
            "试一试：改几项，看本校结论怎样变（区域报告）", "Try changes to this school (district page)"
        )
        if tables:  # the panel of the district's page opens at this school
            tables[-1] = replace(tables[-1], more=(text, f"district#whatif={quote(self.school_id)}"))
        return tables

    def _seven_table(self, row: Row) -> Table:
        index, peers = self.context.school_index, self._peers(row)
        lacking = {
            short["code"]: short["to_standard"]
            for short in index.shortfalls.get(self.school_id, [])
            if short["stage"] == row["stage"] and short["to_standard"] == short["to_standard"]
        }
        lines = [
            {
                "code": code,
                "stage": row["stage"],
                "school_id": self.school_id,
                "district": row["district"],
                "value": row[code],
                "limit": row[f"{code}_limit"],
                "verdict": shown_in(row, code),
                "gap": gap_text(self.standard[code], lacking[code], self.lang) if code in lacking else "",
                "decimals": digits,
                "before": moved(row[code], course[-2][1], digits, self.lang),
                "course": course,
                "mean": peers.means[code],
                "rank": peers.ranks[code][peers.places[self.school_id]],
            }
            for code in self.standard.resource_codes
            for course in (index.course(row, code),)
            for digits in (value_decimals(self.standard[code], self.standard),)
        ]
        stage, limited = stage_label(row["stage"], self.lang), self.standard.limits_schools
        per_pupil = all(i.resource.divisor == "pupils" for i in self.standard.resources)
        over = "资源总量 ÷ 学生总数" * per_pupil
        of_school = ("code", "stage", "school_id")
        actual, limit = columns.actual(fact=states(Fact.RESOURCE, *of_school))
        caption = (
            (f"{stage}{self.context.resources}：实际与标准", f"{stage}: actual and standard")
            if limited
            else (f"{stage}{self.context.resources}：实际与全区平均", f"{stage}: actual and district mean")
        )
        return self.table_of(
            caption,
            (
                columns.indicator(unit=True),
                columns.verdict(states(Fact.SEVEN, *of_school)) if limited else None,
                actual,
                limit if limited else None,
                Column("gap", ("还差多少", "Short by"), whole=True) if limited else None,
                columns.CHANGE,
                Column(
                    "mean",
                    ("全区平均", "District mean"),
                    decimals="decimals",
                    fact=states(Fact.MEAN, "stage", "code", "district"),
                ),
                Column("rank", ("全区位次", "Rank")),
            ),
            lines,
            failing="verdict",
            note=self.say("“还差多少”是补到标准需增加的总量。", "“Short by”: what is lacking in all. ")
            * limited
            + self.say(
                "全区平均为总量之比"
                + f"（{over}）" * bool(over)
                + "。位次按实际值由高到低，斜线后为有数据的学校数。",
                "The district mean is total over total. Ranks run from the highest, out of the schools with data.",
            ),
        )

    def _peers(self, row: Row) -> Peers:
        return self.context.school_index.peers[row["district"], row["stage"]]

    def strips(self) -> list[charts.Chart]:
        """Return the school among all schools of its stage, on all seven."""
        return [self._strips(row) for row in self.rows]

    def _strips(self, row: Row) -> charts.Chart:
        lang, peers = self.lang, self._peers(row)
        stage = stage_label(row["stage"], lang)
        finding = f"{stage}{self.say('：', ': ')}{self._beside(row, peers)}"
        return peers.strips.chart(
            caption(
                finding,
                level_said(self.standard, lang),
                self._place,
                self.context.source,
                lang,
            ),
            peers.places[self.school_id],
        )

    def _beside(self, row: Row, peers: Peers) -> str:
        """Return on how many of the seven that can be compared the school is below the district's mean."""
        if len(peers.places) == 1:
            return self.say("本区本学段只有本校", "the only school of its stage in the district")
        standard = self.standard
        able = [
            code
            for code in standard.resource_codes
            if row[code] == row[code] and peers.means[code] == peers.means[code]
        ]
        if not able:
            return self.say("缺数据，无法与全区平均比较", "no data to compare it with the district mean")
        beyond = [(row[code] - peers.means[code]) * (-1 if standard[code].at_most else 1) for code in able]
        below = sum(each < -1e-9 for each in beyond)
        low = self.say("低于全区平均", "below the district mean")
        if any(standard[code].at_most for code in able):  # where less is better, above is worse
            low = self.say("比全区平均差", "worse than the district mean")
        of = (
            ""
            if len(able) == len(standard.resource_codes)
            else self.say(f"能比较的 {len(able)} 项中", " that can be compared")
        )
        if len(able) == 1 and not of:
            return low if below else self.say(f"不{low}", f"not {low}")
        if not below:
            return self.say(
                f"各项都不{low}" if not of else f"{of}没有{low}的",
                f"{low} on none of the {len(able)}{of}",
            )
        return self.say(f"{of}{below} 项{low}", f"{low} on {below} of the {len(able)}{of}")

    def shortfalls(self) -> Table | None:
        """Return what is lacking, to the standard and to the floor, and who answers; None without limits."""
        if not self.standard.limits_schools:
            return None
        floor, lacking = floor_label(self.standard), self.context.school_index.shortfalls
        rows = lacking.get(self.school_id, [])
        enough = any(row["supports"] == row["supports"] for row in rows)
        return self.table_of(
            ("缺口与责任部门", "What is lacking, and who answers")
            if self.standard.departments
            else ("缺口", "What is lacking"),
            (
                columns.indicator(),
                columns.STAGE,
                columns.gap("to_standard", ("补到标准需增加", "To the standard")),
                columns.gap("to_floor", (f"补到 {floor} 需增加", f"To {floor}"))
                if self.standard.floor
                else None,
                Column("supports", ("现有资源可供学生（人）", "Pupils it is enough for"), decimals=0)
                if enough
                else None,
                Column("pupils", ("现有学生（人）", "Pupils now"), decimals=0),
                columns.DEPARTMENTS,
            ),
            rows,
            note=self.say("教师、教室按整数向上取", "Teachers and rooms are whole")
            + self.say(
                "；把高于全区平均的学校再补高，会使差异系数变大，请与区域报告一并考虑",
                ". Raising a school above the mean raises the coefficient",
            )
            * bool(self.standard.rules.coefficient)
            + self.say("。", "."),
            empty=nothing_lacking(self.rows, self.standard, self.lang),
        )

    @property
    def _alone(self) -> Alone:
        return alone(self.context, str(self._first["district"]), self.costs)

    @property
    def _bought(self) -> list[Row]:
        return self._alone.bought.get(self.school_id, [])

    def _way(self) -> list[str]:
        """Return what the cheapest way to pass costs, and who answers for the school's problems by when."""
        lang, lines, spread = self.lang, [], bool(self.standard.rules.coefficient)
        if self._bought:
            total = money(sum(row["cost_yuan"] for row in self._bought), lang)
            what = listed([self._addition(row) for row in self._bought], lang)
            lines.append(
                self.say(
                    f"本校达标最省的做法：增加 {what}，共需 {total}{'（不计差异系数）' * spread}。",
                    f"The cheapest way for this school: {what}, {total} in all{' (coefficients aside)' * spread}.",
                )
            )
        problems = self.context.school_index.problems.get(self.school_id, [])
        if problems:
            names = dict.fromkeys(name for row in problems for name in row["departments"])
            dates = [row["deadline"] for row in problems if isinstance(row["deadline"], str)]
            who = department_names(tuple(names), self.standard, lang)
            bare = len(problems) - len(dates)
            lines.append(
                self.say(
                    f"问题 {len(problems)} 个"
                    + f"，责任部门：{who}" * bool(who)
                    + f"；最早的时限 {min(dates, default='')}" * bool(dates)
                    + f"；没有登记时限的 {bare} 个" * bool(bare)
                    + "。",
                    f"{len(problems)} problem{'s' * (len(problems) > 1)}"
                    + f", answered for by {who.replace('; ', ', ')}" * bool(who)
                    + f"; first deadline {min(dates, default='')}" * bool(dates)
                    + f"; without a deadline: {bare}" * bool(bare)
                    + ".",
                )
            )
        return lines

    def _addition(self, row: Row) -> str:
        """Return what is bought, with its stage where the school has two."""
        lang, indicator = self.lang, self.standard[row["code"]]
        name, amount = title(indicator, lang, short=True), gap_text(indicator, row["amount"], lang)
        stage = stage_label(row["stage"], lang) if len(self.rows) > 1 and row["stage"] != Stage.WHOLE else ""
        return self.say(f"{stage}{name} {amount}", f"{name} {amount}" + f" ({stage})" * bool(stage))

    def cheapest(self) -> Table | None:
        """Return the cheapest way to pass, the school looked at by itself: what, how much, for how much, who.

        None where the standard has no rule for schools.
        """
        if not self.standard.rules.school:
            return None
        empty = (
            (
                "本区资源数据不全，达标的做法和费用无法计算。",
                "What would be needed cannot be computed: the district's resources are not all reported.",
            )
            if self._alone.refused
            else (
                "在费用文件的上限以内，本校无法达标。",
                "Within the upper bounds of the cost file the school cannot pass.",
            )
            if self.school_id in self._alone.stuck
            else ("按学校规则，本校不需要购置。", "By the rule on schools there is nothing to buy.")
        )
        return self.table_of(
            ("本校达标最省的做法", "The cheapest way for this school"),
            (
                columns.indicator(),
                columns.STAGE,
                columns.gap("amount", ("增加", "To add")),
                *cost_columns(self.lang),
                columns.DEPARTMENTS,
            ),
            self._bought,
            note=(
                "只按学校规则计算，不计差异系数；全区一并考虑的做法见达标方案。",
                "By the rule on schools alone, coefficients aside; the plan takes the whole district together.",
            )
            if self.standard.rules.coefficient
            else "",
            empty=empty,
        )

    def fellows(self) -> Table:
        """Return the schools of the same kind nearest in size, and those nearest on the map."""
        index, like = self.context.school_index, self.say("同类，规模相近", "Same kind, like in size")
        limited = self.standard.limits_schools
        shown = []
        for row in self.rows:
            named = [(like, other) for other in index.alike(row)]
            named += [
                (self.say(f"相距 {km:.1f} 公里", f"{km:.1f} km away"), other) for km, other in index.near(row)
            ]
            shown += [
                {**other, "why": why, "below": listed(list(map(self.short, unmet(other))), self.lang)}
                for why, other in named
            ]
        return self.table_of(
            ("可以比照的学校", "Schools to compare with"),
            (
                columns.SCHOOL,
                columns.verdict(states(Fact.SCHOOL, "stage", "school_id")) if limited else None,
                Column("why", ("为何列出", "Why listed")),
                columns.STAGE,
                columns.PUPILS,
                columns.met(self.standard) if limited else None,
                Column("below", ("未达标指标", "Not met")) if limited else None,
            ),
            shown,
            empty=("本区没有可以比照的学校。", "There is no school in the district to compare with."),
        )

    def findings(self) -> Table | None:
        """Return the school's own figures of C10–C13, C16, C19 and C26; None where the standard asks for none."""
        if not any(map(of_schools, self.standard.indicators)):
            return None
        return self.table_of(
            ("其他学校层面的指标", "Other figures of the school"),
            (
                columns.indicator(),
                columns.verdict("verdict_fact"),
                replace(columns.PART, show=lambda row, _: self._part(row)),
                *columns.actual(fact="value_fact"),
                columns.UNIT,
            ),
            columns.with_units(self, self.context.school_index.findings.get(self.school_id, [])),
            failing="verdict",
        )

    def _part(self, row: Row) -> str:
        """Return of what stage and part of its indicator a finding is, with its detail."""
        lang, stage, detail = self.lang, row["stage"], row["detail"]
        words = (
            stage_label(stage, lang) if isinstance(stage, str) else "",
            part_label(str(row["part"]), self.standard, lang),
            told(detail, lang) if isinstance(detail, str) else "",
        )
        return self.say("，", ", ").join(word for word in words if word)

    def measures(self) -> Table:
        """Return the school's entries in the ledger, with what is being done."""
        school_index = self.context.school_index
        problems = school_index.problems.get(self.school_id, [])
        days = sorted({school_index.days[row["district"]] for row in problems})
        figures = Tally.of(row["verdict"] for row in school_index.findings.get(self.school_id, []))
        open_ = figures.unknown + sum(len(unknown(row)) for row in self.rows)
        return table_of(self.context, problems, days, open_)

    def warnings(self) -> Sentences:
        """Return what no rule decides and a reader should know."""
        mine = self.context.school_index.remarks.get(self.school_id, ())
        return Sentences(tuple(told(message, self.lang) for message in mine), "notes")

    def rules(self) -> PageRules:
        """Return the rules that the page's verdicts follow from."""
        return PageRules(
            self.standard, self.year, self.lang, self.context.school_index.rules_of(self.school_id)
        )

    def sources(self) -> Table:
        """Return the rows of the data that the page's verdicts rest on."""
        district = str(self._first["district"])
        return source_rows(self.context, self.rules().rules, district=district, schools=[self.school_id])


def prepare(context: ReportContext) -> None:
    """Sort out what the pages of all schools share, and make one for nobody.

    Processes forked from this one find all of it done, and the code that makes a page has run.
    """
    for peers in context.school_index.peers.values():
        peers.strips.place()
    if len(context.assessment.rows):
        for shown in filter(None, SchoolReport(context, context.first_school).shown()):
            shown._repr_html_()
