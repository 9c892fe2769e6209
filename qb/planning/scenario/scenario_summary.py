"""A comparison of scenarios in a few lines, for a terminal."""

from __future__ import annotations

import pandas as pd

from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE, deciding
from qb.language import STOP, Both, Message, joined, listing
from qb.planning.scenario.action_base import CALLED, item_words, unit_of_item
from qb.planning.scenario.comparison import (
    BASE,
    COEFFICIENT,
    PASSING,
    Comparison,
    Outcome,
    how_measured,
    total,
    unpriced,
)
from qb.planning.scenario.scenario_file import ACTIONS
from qb.planning.scenario.teacher_actions import STAFF_COLUMNS
from qb.rounding import round_half_up
from qb.standard import Standard, Text
from qb.terms import Stage, Verdict

_NONE = Message("无", "none")
MOST = 12  # schools, or coefficients, in one line


def summary(comparison: Comparison) -> Message:
    """Return base and scenarios side by side in plain text: compliance and coefficients together."""
    base, year = comparison.base[comparison.year], comparison.year
    made_up = Message("（模拟数据）", " (invented data)") if base.invented else ""
    lines = [Message("{}—{}学年\u3000{}{}", "{}–{}  {}{}", year, year + 1, base.standard.title, made_up)]
    lines += [
        *(note + STOP for note in comparison.notes),
        "",
        Message("现状（不采取措施）", "As it is (nothing done)"),
    ]
    lines += [*_standing(base), *_walks(comparison, BASE)]
    for number, outcome in enumerate(comparison.outcomes, start=1):
        after = outcome.assessments[year]
        lines += [
            "",
            Message("情景{}\u3000{}", "Scenario {}  {}", number, outcome.scenario.title),
            *_standing(after),
            *_walks(comparison, number),
            *(Message("  注意：{}。", "  Note: {}.", found) for found in outcome.findings),
        ]
        lines += [
            *_changed_schools(comparison, outcome),
            *_changed(outcome, after.standard),
            *_moved(outcome),
        ]
        lines += costs_said(outcome.costs, comparison.costs.title)
        lines += [*_contributions(outcome, after.standard), *_years(comparison, number)]
    lines.append(
        Message(
            "\n全部数值与变化：加 --json。差异系数与达标须一并看：给明显高于均值的学校增配，差异系数反而上升。",
            "\nFor all figures and changes add --json. Read coefficients and verdicts together: giving more to schools far above the mean raises the coefficient.",
        )
    )
    return joined("\n", "\n", lines)


def _standing(assessment: Assessment) -> list[Message]:
    rows = assessment.rows
    lines = []
    for district, verdict in assessment.districts[["district", "verdict"]].itertuples(index=False):
        mine = rows[(rows["district"] == district).to_numpy()]
        passing, silent = (int((mine["verdict"] == v).sum()) for v in (Verdict.PASS, Verdict.NO_DATA))
        codes = deciding(assessment.standard) or assessment.standard.resource_codes
        balance = assessment.balance
        balance = balance[((balance["district"] == district) & balance["code"].isin(codes)).to_numpy()]
        kind = Message("平均", "mean") if codes == (COMPOSITE,) else Message("最大", "largest")
        over, unknown = (int((balance["verdict"] == v).sum()) for v in (Verdict.FAIL, Verdict.NO_DATA))
        largest = [
            Message("{}{} {}", "{}, {} {}", Stage(stage), kind, _rounded(part["coefficient"].max(), 3))
            + (Message("（限值 {:g}）", " (limit {:g})", limit) if limit == limit else "")
            for stage, part in balance.groupby("stage", sort=False)
            if part["coefficient"].notna().any()
            for limit in (assessment.standard.coefficient_limit(Stage(stage)),)
        ]
        lines.append(
            Message(
                "  {}：{}；学校（学段）{} 个，{}",
                "  {}: {}; {} schools (stages), {}",
                district,
                Verdict(verdict),
                len(mine),
                Message("达标 {}", "{} met", passing)
                if assessment.standard.rules.school
                else Message("不单独判定", "not judged singly"),
            )
            + (Message("，缺数据 {}；", ", {} without data; ", silent) if silent else Message("；", "; "))
            + (
                Message(
                    "差异系数{}，超限 {} 项", "coefficients: {}, {} above their limit", listing(largest), over
                )
                if largest
                else Message("差异系数缺数据", "coefficients without data")
            )
            + (Message("，缺数据 {} 项", ", {} without data", unknown) if largest and unknown else "")
        )
    return lines


def _walks(comparison: Comparison, number: int) -> list[Message]:
    walks = comparison.walking
    mine = walks[((walks["scenario"] == number) & (walks["children"] > 0)).to_numpy()]
    parts = [
        Message(
            "{}平均 {} 公里、最远 {} 公里",
            "{}: {} km on average, {} km at most",
            Stage(row.stage),
            _rounded(row.mean_km, 2),
            _rounded(row.farthest_km, 2),
        )
        for row in mine.itertuples()
    ]
    how = how_measured(mine, comparison.base[comparison.year].standard.rules.distance.detour)
    said = joined("；", "; ", parts)
    return [Message("  上学路程：{}（{}）", "  Walk to school: {} ({})", said, how)] if parts else []


def _changed_schools(comparison: Comparison, outcome: Outcome) -> list[Message]:
    both = (data[max(data)]["schools"] for data in (comparison.base_data, outcome.data))  # some have closed
    name = {s: n for schools in both for s, n in zip(schools["school_id"], schools["name"], strict=True)}
    lines = []
    for what, title, shown in (
        ("school verdict", Message("结论", "verdict"), _verdict),
        ("met", Message("达标项数", "number met"), _count),
    ):
        changes = outcome.changes[(outcome.changes["what"] == what).to_numpy()]
        told = [
            Message(
                "{}{} {}→{}",
                "{}, {}: {}→{}",
                name.get(r.school_id, r.school_id),
                Stage(r.stage),
                shown(r.before),
                shown(r.after),
            )
            for r in changes.itertuples()
        ]
        lines.append(
            Message(
                "  {}改变的学校（学段）：{}",
                "  Schools (stages) whose {} changes: {}",
                title,
                _some(told) or _NONE,
            )
        )
    return lines


def _changed(outcome: Outcome, standard: Standard) -> list[Message]:
    changes = outcome.changes
    lines = []
    verdicts = changes[(changes["what"] == "indicator verdict").to_numpy()]
    if len(verdicts):
        told = [
            Message(
                "{} {} {}→{}",
                "{} {}: {}→{}",
                r.code,
                standard[r.code].short,
                _verdict(r.before),
                _verdict(r.after),
            )
            for r in verdicts.itertuples()
        ]
        lines.append(Message("  结论改变的指标：{}", "  Indicators whose verdict changes: {}", _some(told)))
    spread = changes[((changes["what"] == COEFFICIENT) & (changes["code"] != COMPOSITE)).to_numpy()]
    pairs = [(r, _number(r.before, 3), _number(r.after, 3)) for r in spread.itertuples()]
    told = [
        Message("{} {} {}→{}", "{} {}: {}→{}", Stage(r.stage), r.code, old, new)
        for r, old, new in pairs
        if old != new
    ]
    return (
        [*lines, Message("  差异系数：{}", "  Coefficients: {}", _some(told, 2 * len(standard.resources)))]
        if told
        else lines
    )


def _moved(outcome: Outcome) -> list[Message]:
    moved = outcome.moved
    if not len(moved):
        return []
    by_stage = [
        Message("{} {}", "{} {}", Stage(stage), n)
        for stage, n in moved.groupby("stage", sort=False)["pupils"].sum().items()
    ]
    return [Message("  换学校的学生：{} 人", "  Pupils who change school: {}", listing(by_stage))]


def costs_said(costs: pd.DataFrame, prices: Text) -> list[Message]:
    """Say what has a price and what has none; nothing where nothing is done."""
    if not len(costs):
        return []
    sums = total(costs)
    told = Message("没有可按单价计算的", "nothing has a price") if sums["cost_yuan"] is None else _yuan(sums)
    lacking = [
        Message(
            "第 {} 项 {}{}",
            "action {} {}{}",
            number,
            ACTIONS[do].called,
            "" if item == do else Message("（{}）", " ({})", item_words(item)),
        )
        for number, do, item in unpriced(costs)
    ]
    rest = (
        Message(
            "；费用文件中没有单价、未计入：{}",
            "; no price in the cost file, so not counted: {}",
            _some(lacking),
        )
        if lacking
        else ""
    )
    return [Message("  费用（{}）：{}{}", "  Costs ({}): {}{}", prices, told, rest)]


def _yuan(sums: dict[str, float]) -> Both:
    zh = (_rounded(sums[name] / 1e4, 1) for name in ("cost_yuan", "low", "high"))
    en = (f"{sums[name]:,.0f}" for name in ("cost_yuan", "low", "high"))
    return Both("{} 万元（低 {}，高 {}）".format(*zh), "{} yuan (low {}, high {})".format(*en))


def field_words(do: str, name: str, standard: Standard | None = None) -> Message:
    """Return what a field of an action is called where its file is not seen; with a dot, a part of it.

    >>> field_words("hire", "backbone"), field_words("buy", "equipment_yuan").en
    ('其中县级以上骨干教师（人）', 'Equipment (yuan)')
    >>> field_words("open_school", "capacity.primary"), field_words("open_school", "capacity.primary").en
    ('小学学位', 'Primary: Places')
    """
    *groups, last = name.split(".")
    stage = next((Stage(part) for part in (*groups, last) if part in set(Stage)), None)
    last = last if last not in set(Stage) else groups[0]
    column = STAFF_COLUMNS.get(last, last)
    words, unit = item_words(column, standard), unit_of_item(column, standard)
    zh, en = words.zh if column in CALLED else words.zh.removesuffix("数"), words.en
    zh, en = f"{zh}（{unit.zh}）" if unit.zh else zh, f"{en} ({unit.en})" if unit.en else en
    if last in STAFF_COLUMNS and "teachers" in ACTIONS[do].model_fields:
        zh, en = f"其中{zh}", f"of them {en}"
    en = en[:1].upper() + en[1:]
    return Message("{}{}", "{}: {}", stage, Both(zh, en)) if stage else Message("{}", "{}", Both(zh, en))


def _contributions(outcome: Outcome, standard: Standard) -> list[Message]:
    """Say for each action how many more school rows pass, and the coefficient that it moves most."""
    lines = []
    for (number, do), part in outcome.contributions.groupby(["number", "do"], sort=False):
        passing = part[(part["what"] == PASSING).to_numpy()]
        spread = part[((part["what"] == COEFFICIENT) & (part["code"] != COMPOSITE)).to_numpy()]
        spread = spread.dropna(subset="added")
        text = Message(
            "    第 {} 项 {}：达标 {:+.0f}",
            "    Action {} {}: met {:+.0f}",
            number,
            ACTIONS[do].called,
            passing["added"].sum(),
        )
        reason = part["reason"].iloc[0]
        if not pd.isna(reason):
            text += Message("（后面的操作离不开它）", " (later actions need it)")
        elif left := passing["left_out"].sum():
            text += Message(
                "（只缺这一项，达标{} {:.0f}）",
                " (without it alone, {1:.0f} {0} met)",
                Both("少", "fewer") if left > 0 else Both("多", "more"),
                abs(left),
            )
        if len(spread) and spread["added"].abs().max() >= 0.0005:
            most = spread.loc[spread["added"].abs().idxmax()]
            text += Message(
                "；变动最大的差异系数 {} {} {:+.3f}",
                "; coefficient that moves most: {} {} {:+.3f}",
                Stage(most["stage"]),
                most["code"],
                most["added"],
            )
        lines.append(text)
    return (
        [Message("  各项操作的作用（按顺序）：", "  What each action does (in order):"), *lines]
        if lines
        else []
    )


def _years(comparison: Comparison, number: int) -> list[Message]:
    table = comparison.by_year
    if table["year"].nunique() < 2:
        return []
    passing = table[(table["what"] == PASSING).to_numpy()]
    count = passing.groupby(["year", "scenario"])["value"].sum()
    told = [
        Message("{} 年 {:.0f}→{:.0f}", "{} {:.0f}→{:.0f}", year, count[year, BASE], count[year, number])
        for year in comparison.base
    ]
    return [
        Message(
            "  逐年达标的学校（学段），现状→情景：{}",
            "  Schools (stages) met by year, as it is→scenario: {}",
            joined("，", ", ", told),
        )
    ]


def _verdict(value: object) -> str:
    return _NONE if value is None else Verdict(value)


def _count(value: object) -> str:
    return _NONE if value is None else f"{value:.0f}"


def _number(value: float | None, decimals: int) -> str:
    return listing([Verdict.NO_DATA]) if value is None else _rounded(value, decimals)


def _rounded(value: float, decimals: int) -> str:
    return f"{float(round_half_up(value, decimals)):.{decimals}f}"


def _some(told: list[Message], most: int = MOST) -> str:
    more = Message(" 等 {} 项", " and more, {} in all", len(told)) if len(told) > most else ""
    return joined("；", "; ", told[:most]) + more
