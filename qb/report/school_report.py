"""一校一策: one school, its seven indicators, its gaps, and who answers for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qb import charts
from qb.charts.style import share
from qb.errors import QbError
from qb.language import Message, joined, told
from qb.report.context import Peers, ReportContext, Row
from qb.report.course import moved, turned
from qb.report.facts import Fact, anchor, key
from qb.report.issue_ledger import table_of
from qb.report.plan_purchases import WAN, cost_columns
from qb.report.plan_study import Alone, alone, money
from qb.report.resource_tables import (
    allowed,
    caption,
    gap_text,
    nothing_lacking,
    resource_title,
    shown_in,
    unknown,
    unmet,
    verdict_column,
)
from qb.report.rules import Rules, source_rows
from qb.report.tables import Cards, Column, Heading, Sentences, Table
from qb.report.words import (
    Tally,
    compared,
    department_names,
    floor_label,
    listed,
    number,
    part_label,
    say,
    school_rule,
    school_year,
    stage_label,
    term,
    title,
)
from qb.terms import Kind, Location, Ownership, Stage, Verdict


@dataclass(frozen=True)
class SchoolReport:
    """Everything a school's page shows.

    Attributes
    ----------
    context : ReportContext
    school_id : str
        A school that is judged in the context's year; others are refused with the reason.
    costs : str
        A cost file; empty for the assumed costs shipped with qb.
    """

    context: ReportContext
    school_id: str
    costs: str = ""

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
                self.context.year,
                joined("；", "; ", reasons) or unknown,
            )

    def shown(self) -> Iterator[charts.Chart | Table | Sentences | Cards | Heading | Rules]:
        """Yield all that the page shows, in its order."""
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
        return f"{self._first['name']} · {school_year(self.context.year, self.context.lang)}"

    def title(self) -> Heading:
        """Return the page's title and what kind of school this is."""
        lang, row = self.context.lang, self._first
        facts = [
            row["district"],
            term(row["kind"], lang, (Kind,)),
            term(row["ownership"], lang, (Ownership,)),
            term(row["location"], lang, (Location,)),
            say(lang, f"学校标识码 {self.school_id}", f"School {self.school_id}"),
        ]
        line = " · ".join(str(fact) for fact in facts if fact and fact == fact)
        name, year = row["name"], school_year(self.context.year, lang)
        text = say(lang, f"{name}：一校一策（{year}）", f"{name}: what it has and what it lacks ({year})")
        return Heading(text, line)

    def cards(self) -> Cards:
        """Return the verdict of each stage and its key figures."""
        lang = self.context.lang
        cards = []
        for row in self.rows:
            stage = stage_label(row["stage"], lang)
            met = say(
                lang,
                f"{self.context.items}中达标 {row['met']} 项",
                f"{row['met']} of {len(self.context.standard.resources)} met",
            )
            if lacking := len(unknown(row)):
                met += say(lang, f"，缺数据 {lacking} 项", f", no data on {lacking}")
            verdict = key(Fact.SCHOOL, self.context.year, row["stage"], self.school_id)
            cards.append(
                (
                    say(lang, f"{stage}{self.context.resources}", f"{stage}: {self.context.resources}"),
                    str(row["verdict"]),
                    met,
                    verdict,
                    self._last_verdict(row),
                )
            )
            cards.append(
                (
                    say(lang, f"{stage}在校生（人）", f"{stage} pupils"),
                    number(row["pupils"], 0, lang),
                    say(
                        lang,
                        f"{number(row['classes'], 0)} 个班",
                        "1 class" if row["classes"] == 1 else f"{number(row['classes'], 0)} classes",
                    )
                    if row["classes"] == row["classes"]
                    else say(lang, "班级数缺数据", "no data on classes"),
                    "",
                    self._last_pupils(row),
                )
            )
        return Cards(tuple(cards), lang)

    def _last_verdict(self, row: Row) -> str:
        """Return how many of the seven a stage met the year before, and whether its verdict changed."""
        lang, before = self.context.lang, self.context.school_index.before(row)
        if before is None:
            return turned(str(row["verdict"]), None, lang)
        met = say(lang, f"去年达标 {before['met']} 项", f"the year before: {before['met']} met")
        return f"{met}{say(lang, '；', '; ')}{turned(str(row['verdict']), str(before['verdict']), lang)}"

    def _last_pupils(self, row: Row) -> str:
        lang, course = self.context.lang, self.context.school_index.course(row, "pupils")
        then = course[-2][1]
        text = moved(row["pupils"], then, 0, lang)
        return text if then != then else say(lang, f"去年 {text}", f"the year before: {text}")

    def headlines(self) -> Sentences:
        """Return what the figures say, a sentence a stage and one for what lies beyond the seven."""
        lines = [say_it(row) for row in self.rows for say_it in (self._plainly, self._stage_sentence)]
        lines += self._way()
        others = self._unmet_findings()
        if len(others):
            names = [title(self.context.standard[code], self.context.lang, short=True) for code in others]
            lines.append(
                say(
                    self.context.lang,
                    f"{self.context.items}以外，另有 {len(names)} 项未达标：{'、'.join(names)}。",
                    f"Beyond {self.context.resources}, {len(names)} not met: {', '.join(names)}.",
                )
            )
        if any(row["new"] for row in self.rows):
            lines.append(
                say(
                    self.context.lang,
                    "本校为新开办学校，年级尚未招满，指标会随学生增加而变化。",
                    "This school is new and does not have all its grades yet; its figures will move.",
                )
            )
        return Sentences(tuple(lines))

    def _plainly(self, row: Row) -> str:
        """Return a stage's verdict as parents would put it: how much is enough, what is not, what nobody knows."""
        lang, standard = self.context.lang, self.context.standard
        stage, held = stage_label(row["stage"], lang), len(standard.resources)
        low, open_ = [*unmet(row), *allowed(row)], unknown(row)
        names = listed([say(lang, standard[c].short.zh, standard[c].short.en.lower()) for c in low], lang)
        text = say(
            lang,
            f"通俗地说：{stage}的 {held} 项办学条件中，{row['met']} 项够标准",
            f"In plain words: of {held} things that a {stage.lower()} school needs, {row['met']} are enough",
        )
        text += say(lang, f"，还不够的是{names}", f"; not enough: {names}") * bool(low)
        text += say(lang, f"，{len(open_)} 项没有上报", f"; not reported: {len(open_)}") * bool(open_)
        return text + say(lang, "。", ".")

    def _unmet_findings(self) -> list[str]:
        found = self.context.school_index.findings.get(self.school_id, [])
        return list(dict.fromkeys(row["code"] for row in found if row["verdict"] == Verdict.FAIL))

    def _stage_sentence(self, row: Row) -> str:
        lang, standard = self.context.lang, self.context.standard
        stage = stage_label(row["stage"], lang)
        if row["verdict"] == Verdict.NO_DATA:
            gaps = listed([title(standard[c], lang, short=True) for c in unknown(row)], lang)
            return say(
                lang,
                f"{stage}：{gaps}缺数据，暂不能得出结论。",
                f"{stage}: no verdict yet, for want of {gaps}.",
            )
        low = [self._against(row, code) for code in (*unmet(row), *allowed(row))]
        if not low:
            return say(
                lang,
                f"{stage}：{self.context.resources}全部达标。",
                f"{stage}: all {self.context.resources.removeprefix('the ')} are met.",
            )
        shown, open_ = say(lang, "、", "; ").join(low), len(unknown(row))
        gaps = say(lang, f"，另有 {open_} 项缺数据", f"; no data on {open_}") * bool(open_)
        if row["verdict"] == Verdict.PASS:
            return say(
                lang,
                f"{stage}：{self.context.items}达标 {row['met']} 项，余下的 {shown}在允许范围内，判为达标。",
                f"{stage}: {row['met']} of {len(self.context.standard.resources)} met; the other, {shown}, is within what the rule allows. Verdict: met.",
            )
        return say(
            lang,
            f"{stage}：{self.context.items}达标 {row['met']} 项，未达标的是 {shown}{gaps}，不符合“{school_rule(standard, lang)}”的要求。",
            f"{stage}: {row['met']} of {len(self.context.standard.resources)} met; not met: {shown}{gaps}. The rule: {school_rule(standard, lang)}.",
        )

    def _against(self, row: Row, code: str) -> str:
        name = title(self.context.standard[code], self.context.lang, short=True)
        floor = 100 * self.context.standard.floor
        percent = share(100 * row[code] / row[f"{code}_limit"], floor)
        return say(
            self.context.lang, f"{name}（为标准的 {percent}%）", f"{name} ({percent} % of the standard)"
        )

    def profiles(self) -> list[charts.Chart]:
        """Return the seven indicators of each stage against the standard and the floor."""
        return [self._profile(row) for row in self.rows]

    def _profile(self, row: Row) -> charts.Chart:
        lang, standard = self.context.lang, self.context.standard
        stage = stage_label(row["stage"], lang)
        low, gaps = [*unmet(row), *allowed(row)], unknown(row)
        seen = {code: str(shown) for code in standard.resource_codes for shown in (shown_in(row, code),)}
        if len(gaps) == len(standard.resource_codes):
            said = say(
                lang, f"{self.context.resources}都缺数据", f"no data on any of {self.context.resources}"
            )
        elif low:
            names = listed([say(lang, standard[c].short.zh, standard[c].short.en.lower()) for c in low], lang)
            said = say(lang, f"{names}低于标准", f"below the standard on {names}")
            if allowed(row):
                said += say(lang, "，规则允许", ", as the rule allows")
        elif gaps:
            said = say(lang, "已报送的指标均达标", "what was reported is met")
        else:
            said = say(
                lang,
                f"{self.context.resources}都达到标准",
                f"all {self.context.resources.removeprefix('the ')} are met",
            )
        if 0 < len(gaps) < len(standard.resource_codes):
            said += say(
                lang,
                f"，{len(gaps)} 项缺数据",
                f"; no data on {len(gaps)} of {len(self.context.standard.resources)}",
            )
        finding = say(lang, f"{stage}：{said}", f"{stage}: {said}")
        return charts.profile(
            [title(standard[code], lang, short=True) for code in standard.resource_codes],
            [100 * row[code] / row[f"{code}_limit"] for code in standard.resource_codes],
            [
                f"{number(row[c], 2, lang, beside=row[f'{c}_limit'])} / {row[f'{c}_limit']:g}"
                for c in standard.resource_codes
            ],
            [seen[code] for code in standard.resource_codes],
            caption=caption(
                finding,
                say(lang, "实际值占标准的百分比（右侧为实际值 / 标准）", "Actual value as % of the standard"),
                self._place,
                self.context.source,
                lang,
            ),
            floor=100 * standard.floor,
        )

    def seven_tables(self) -> list[Table]:
        """Return 一校一表 of each stage: actual, standard, floor, verdict, the district's mean, and the rank."""
        return [self._seven_table(row) for row in self.rows]

    def _seven_table(self, row: Row) -> Table:
        lang, standard, year = self.context.lang, self.context.standard, self.context.year
        peers = self._peers(row)
        place = peers.places[self.school_id]
        courses = {code: self.context.school_index.course(row, code) for code in standard.resource_codes}
        gaps = {
            short["code"]: gap_text(standard[short["code"]], short["to_standard"], lang)
            for short in self.context.school_index.shortfalls.get(self.school_id, [])
            if short["stage"] == row["stage"] and short["to_standard"] == short["to_standard"]
        }
        lines = [
            {
                "title": resource_title(standard, code, lang),
                "value": row[code],
                "limit": row[f"{code}_limit"],
                "verdict": shown_in(row, code),
                "floor": standard.floor * row[f"{code}_limit"],
                "gap": gaps.get(code, ""),
                "before": moved(row[code], courses[code][-2][1], 2, lang),
                "course": courses[code],
                "mean": peers.means[code],
                "rank": peers.ranks[code][place],
                "failing": shown_in(row, code) == Verdict.FAIL,
                "rule": anchor(code),
                "value_fact": key(Fact.RESOURCE, year, code, row["stage"], self.school_id),
                "verdict_fact": key(Fact.SEVEN, year, code, row["stage"], self.school_id),
                "mean_fact": key(Fact.MEAN, year, row["stage"], code, row["district"]),
            }
            for code in standard.resource_codes
        ]
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            verdict_column(lang, "verdict_fact"),
            Column("value", say(lang, "实际", "Actual"), decimals=2, beside="limit", fact="value_fact"),
            Column("limit", say(lang, "标准", "Standard"), decimals=2, beside="value"),
            Column("gap", say(lang, "还差多少", "Short by")),
            Column(
                "before", say(lang, "去年与变化（五年）", "Last year, change (five years)"), course="course"
            ),
            Column("mean", say(lang, "全区平均", "District mean"), decimals=2, fact="mean_fact"),
            Column("rank", say(lang, "全区位次", "Rank")),
        )
        stage = stage_label(row["stage"], lang)
        return Table(
            say(lang, f"{stage}{self.context.resources}：实际与标准", f"{stage}: actual and standard"),
            columns,
            lines,
            failing="failing",
            note=say(
                lang,
                "“还差多少”是补到标准需增加的总量。全区平均为总量之比（资源总量 ÷ 学生总数）。位次按实际值由高到低，斜线后为有数据的学校数。",
                "“Short by”: what is lacking in all. The district mean is total over total. Ranks run from the highest, out of the schools with data.",
            ),
            lang=lang,
        )

    def _peers(self, row: Row) -> Peers:
        return self.context.school_index.peers[row["district"], row["stage"]]

    def strips(self) -> list[charts.Chart]:
        """Return the school among all schools of its stage, on all seven."""
        return [self._strips(row) for row in self.rows]

    def _strips(self, row: Row) -> charts.Chart:
        lang, peers = self.context.lang, self._peers(row)
        stage = stage_label(row["stage"], lang)
        finding = f"{stage}{say(lang, '：', ': ')}{self._beside(row, peers)}"
        return peers.strips.chart(
            caption(
                finding,
                say(lang, "占标准的百分比，一点为一所学校", "% of the standard, a dot is a school"),
                self._place,
                self.context.source,
                lang,
            ),
            peers.places[self.school_id],
        )

    def _beside(self, row: Row, peers: Peers) -> str:
        """Return on how many of the seven that can be compared the school is below the district's mean."""
        lang = self.context.lang
        if len(peers.places) == 1:
            return say(lang, "本区本学段只有本校", "the only school of its stage in the district")
        standard = self.context.standard
        able = [
            code
            for code in standard.resource_codes
            if row[code] == row[code] and peers.means[code] == peers.means[code]
        ]
        if not able:
            return say(lang, "缺数据，无法与全区平均比较", "no data to compare it with the district mean")
        below = sum(row[code] < peers.means[code] - 1e-9 for code in able)
        of = (
            ""
            if len(able) == len(standard.resource_codes)
            else say(lang, f"能比较的 {len(able)} 项中", " that can be compared")
        )
        if not below:
            return say(
                lang,
                f"{of or '各'}项都不低于全区平均" if not of else f"{of}没有低于全区平均的",
                f"below the district mean on none of the {len(able)}{of}",
            )
        return say(
            lang, f"{of}{below} 项低于全区平均", f"below the district mean on {below} of the {len(able)}{of}"
        )

    def shortfalls(self) -> Table:
        """Return what is lacking, to the standard and to the floor, and who answers for it."""
        lang, standard = self.context.lang, self.context.standard
        shown = [
            {
                "title": title(standard[row["code"]], lang),
                "rule": anchor(row["code"]),
                "stage": stage_label(row["stage"], lang),
                "to_standard": gap_text(standard[row["code"]], row["to_standard"], lang),
                "to_floor": gap_text(standard[row["code"]], row["to_floor"], lang),
                "pupils": row["pupils"],
                "supports": row["supports"],
                "departments": department_names(standard[row["code"]].departments, standard, lang),
            }
            for row in self.context.school_index.shortfalls.get(self.school_id, [])
        ]
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("stage", say(lang, "学段", "Stage")),
            Column("to_standard", say(lang, "补到标准需增加", "To the standard")),
            Column(
                "to_floor", say(lang, f"补到 {floor_label(standard)} 需增加", f"To {floor_label(standard)}")
            ),
            Column("supports", say(lang, "现有资源可供学生（人）", "Pupils it is enough for"), decimals=0),
            Column("pupils", say(lang, "现有学生（人）", "Pupils now"), decimals=0),
            Column("departments", say(lang, "责任部门", "Departments")),
        )
        return Table(
            say(lang, "缺口与责任部门", "What is lacking, and who answers"),
            columns,
            shown,
            note=say(
                lang,
                "教师、教室按整数向上取；把高于全区平均的学校再补高，会使差异系数变大，请与区域报告一并考虑。",
                "Teachers and rooms are whole. Raising a school above the mean raises the coefficient.",
            ),
            empty=nothing_lacking(self.rows, self.context.standard, lang),
            lang=lang,
        )

    @property
    def _alone(self) -> Alone:
        return alone(self.context, str(self._first["district"]), self.costs)

    @property
    def _bought(self) -> list[Row]:
        return self._alone.bought.get(self.school_id, [])

    def _way(self) -> list[str]:
        """Return what the cheapest way to pass costs, and who answers for the school's problems by when."""
        lang, lines = self.context.lang, []
        if self._bought:
            total = money(sum(row["cost_yuan"] for row in self._bought), lang)
            what = listed([self._addition(row) for row in self._bought], lang)
            lines.append(
                say(
                    lang,
                    f"本校达标最省的做法：增加{what}，共需 {total}（不计差异系数）。",
                    f"The cheapest way for this school: {what}, {total} in all (coefficients aside).",
                )
            )
        problems = self.context.school_index.problems.get(self.school_id, [])
        if problems:
            names = dict.fromkeys(name for row in problems for name in row["departments"])
            dates = [row["deadline"] for row in problems if isinstance(row["deadline"], str)]
            who = department_names(tuple(names), self.context.standard, lang)
            bare = len(problems) - len(dates)
            lines.append(
                say(
                    lang,
                    f"问题 {len(problems)} 个，责任部门：{who}"
                    + f"；最早的时限 {min(dates, default='')}" * bool(dates)
                    + f"；没有登记时限的 {bare} 个" * bool(bare)
                    + "。",
                    f"{len(problems)} problem{'s' * (len(problems) > 1)}, answered for by {who.replace('; ', ', ')}"
                    + f"; first deadline {min(dates, default='')}" * bool(dates)
                    + f"; without a deadline: {bare}" * bool(bare)
                    + ".",
                )
            )
        return lines

    def _addition(self, row: Row) -> str:
        """Return what is bought, with its stage where the school has two."""
        lang, indicator = self.context.lang, self.context.standard[row["code"]]
        name, amount = title(indicator, lang, short=True), gap_text(indicator, row["amount"], lang)
        stage = stage_label(row["stage"], lang) if len(self.rows) > 1 and row["stage"] != Stage.WHOLE else ""
        return say(lang, f"{stage}{name} {amount}", f"{name} {amount}" + f" ({stage})" * bool(stage))

    def cheapest(self) -> Table:
        """Return the cheapest way to pass, the school looked at by itself: what, how much, for how much, who."""
        lang, standard, found = self.context.lang, self.context.standard, self._alone
        shown = [
            {
                "title": title(standard[row["code"]], lang),
                "rule": anchor(row["code"]),
                "stage": say(lang, "全校", "Whole school")
                if row["stage"] == Stage.WHOLE
                else stage_label(row["stage"], lang),
                "amount": gap_text(standard[row["code"]], row["amount"], lang),
                "cost": row["cost_yuan"] / WAN,
                "low": row["low_yuan"] / WAN,
                "high": row["high_yuan"] / WAN,
                "departments": department_names(standard[row["code"]].departments, standard, lang),
            }
            for row in self._bought
        ]
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            Column("stage", say(lang, "学段", "Stage")),
            Column("amount", say(lang, "增加", "To add")),
            *cost_columns(lang),
            Column("departments", say(lang, "责任部门", "Departments")),
        )
        empty = (
            say(
                lang,
                "本区资源数据不全，达标的做法和费用无法计算。",
                "What would be needed cannot be computed: the district's resources are not all reported.",
            )
            if found.refused
            else say(
                lang,
                "在费用文件的上限以内，本校无法达标。",
                "Within the upper bounds of the cost file the school cannot pass.",
            )
            if self.school_id in found.stuck
            else say(lang, "按学校规则，本校不需要购置。", "By the rule on schools there is nothing to buy.")
        )
        return Table(
            say(lang, "本校达标最省的做法", "The cheapest way for this school"),
            columns,
            shown,
            note=say(
                lang,
                "只按学校规则计算，不计差异系数；全区一并考虑的做法见达标方案。",
                "By the rule on schools alone, coefficients aside; the plan takes the whole district together.",
            ),
            empty=empty,
            lang=lang,
        )

    def fellows(self) -> Table:
        """Return the schools of the same kind nearest in size, and those nearest on the map."""
        lang, index = self.context.lang, self.context.school_index
        shown = []
        for row in self.rows:
            named = [
                (say(lang, "同类，规模相近", "Same kind, like in size"), other) for other in index.alike(row)
            ]
            named += [
                (say(lang, f"相距 {km:.1f} 公里", f"{km:.1f} km away"), other)
                for km, other in index.near(row)
            ]
            shown += [
                {
                    "name": other["name"],
                    "school_id": other["school_id"],
                    "verdict": str(other["verdict"]),
                    "fact": key(Fact.SCHOOL, self.context.year, other["stage"], other["school_id"]),
                    "why": why,
                    "stage": stage_label(other["stage"], lang),
                    "pupils": other["pupils"],
                    "met": other["met"],
                    "below": listed(
                        [title(self.context.standard[code], lang, short=True) for code in unmet(other)], lang
                    ),
                }
                for why, other in named
            ]
        columns = (
            Column("name", say(lang, "学校", "School"), school="school_id"),
            verdict_column(lang, "fact"),
            Column("why", say(lang, "为何列出", "Why listed")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("pupils", say(lang, "在校生（人）", "Pupils"), decimals=0),
            Column(
                "met", say(lang, "达标项数", f"Met of {len(self.context.standard.resources)}"), decimals=0
            ),
            Column("below", say(lang, "未达标指标", "Not met")),
        )
        return Table(
            say(lang, "可以比照的学校", "Schools to compare with"),
            columns,
            shown,
            empty=say(
                lang, "本区没有可以比照的学校。", "There is no school in the district to compare with."
            ),
            lang=lang,
        )

    def findings(self) -> Table:
        """Return the school's own figures of C10–C13, C16, C19 and C26."""
        lang, standard = self.context.lang, self.context.standard
        shown = [
            {
                "title": title(standard[row["code"]], lang),
                "part": self._part(row),
                "value": row["value"],
                "limit": row["limit"],
                "decimals": standard[row["code"]].decimals,
                "unit": compared(standard[row["code"]], str(row["part"]), lang)[1],
                "verdict": row["verdict"],
                "failing": row["verdict"] == Verdict.FAIL,
                "rule": anchor(row["code"]),
                "value_fact": row["value_fact"],
                "verdict_fact": row["verdict_fact"],
            }
            for row in self.context.school_index.findings.get(self.school_id, [])
        ]
        columns = (
            Column("title", say(lang, "指标", "Indicator"), link="rule"),
            verdict_column(lang, "verdict_fact"),
            Column("part", say(lang, "项目", "Item")),
            Column(
                "value", say(lang, "实际", "Actual"), decimals="decimals", beside="limit", fact="value_fact"
            ),
            Column("limit", say(lang, "标准", "Standard"), decimals="decimals", beside="value"),
            Column("unit", say(lang, "单位", "Unit")),
        )
        caption_text = say(
            lang, "专用教室、规模、班额、教师与经费", "Special rooms, size, classes, teachers and funds"
        )
        return Table(caption_text, columns, shown, failing="failing", lang=lang)

    def _part(self, row: Row) -> str:
        """Return of what stage and part of its indicator a finding is, with its detail."""
        lang, stage, detail = self.context.lang, row["stage"], row["detail"]
        words = (
            stage_label(stage, lang) if isinstance(stage, str) else "",
            part_label(str(row["part"]), self.context.standard, lang),
            told(detail, lang) if isinstance(detail, str) else "",
        )
        return say(lang, "，", ", ").join(word for word in words if word)

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
        return Sentences(tuple(told(message, self.context.lang) for message in mine), "notes")

    def rules(self) -> Rules:
        """Return the rules that the page's verdicts follow from."""
        own = self.context.school_index.codes.get(self.school_id, ())
        return Rules(
            self.context.standard,
            self.context.year,
            self.context.lang,
            ("school", *self.context.standard.resource_codes, *own),
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
        for shown in SchoolReport(context, context.first_school).shown():
            shown._repr_html_()
