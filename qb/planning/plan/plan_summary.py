"""A plan in sentences, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qb.data.schema import UNITS
from qb.indicators.assessment import Assessment
from qb.indicators.population import counted, goal
from qb.indicators.verdicts import deciding
from qb.language import STOP, Both, Message, joined, listing
from qb.planning.costs import Costs
from qb.planning.plan.budget_and_transfers import BudgetPlan, Transfers
from qb.planning.plan.cheapest import Plan
from qb.planning.plan.explanation import Explanation
from qb.planning.plan.other_purchases import OtherPurchases
from qb.planning.plan.planning_problem import ground_codes
from qb.planning.plan.years_plan import YearsPlan
from qb.standard import BESIDE, Standard
from qb.terms import Stage, Verdict

MOST = 15  # schools in the list
MOST_SWINGS = 4  # purchases in one line


def summary(
    plan: Plan,
    why: Explanation | None = None,
    spending: BudgetPlan | None = None,
    file: Path | None = None,
    swings: pd.DataFrame | None = None,
) -> Message:
    """Return what the plan costs, what is proven, who gets what, and why, in plain text; and its file."""
    standard = plan.before.standard
    made_up = Message("（模拟数据）", " (invented data)") if plan.before.invented else ""
    lines: list[str] = [
        Message("{}—{}学年\u3000{}{}", "{}–{}  {}{}", plan.year, plan.year + 1, standard.title, made_up),
        Message("费用：{}", "Costs: {}", plan.costs.title),
        "",
    ]
    if plan.cost is None:
        lines += [
            Message("没有方案：{}。", "No plan: {}.", plan.status),
            *("  " + words for words in plan.clashes),
        ]
    else:
        lines += _costs(plan)
    if plan.cost and why is not None:
        lines += [*_codes(why.codes, standard), *_schools(why), *_departments(why), *_binding(why, standard)]
        lines += _yardsticks(why, standard)
    if swings is not None:
        lines += _swings(plan, swings)
    if spending is not None:
        lines += ["", *_best(spending)]
    lines.append(
        Message(
            "\n购置清单与全部数值：加 --json；{}",
            "\nFor all purchases and figures add --json; {}",
            _written(file),
        )
    )
    return joined("\n", "\n", lines)


def _written(file: Path | None) -> Message:
    written = (
        Message("已写成情景文件 {}", "Written as a scenario to {}", file)
        if file
        else Message("写成情景文件：--scenario 文件.toml", "to write a scenario: --scenario FILE.toml")
    )
    return Message("{}，再用 qb whatif 复算。", "{}, to compute again with qb whatif.", written)


def _costs(plan: Plan) -> list[str]:
    low, high = plan.purchases["low_yuan"].sum(), plan.purchases["high_yuan"].sum()
    if not plan.cost:
        return [
            _nothing_to_buy(plan.before.standard),
            *beyond(plan.mended, plan.before, plan.assessment),
        ]
    return [
        Message(
            "最低费用：{}（按费用假设的低值、高值计为 {}—{}）",
            "Least cost: {} ({}–{} at the low and high prices of the cost file)",
            _yuan(plan.cost),
            _yuan(low),
            _yuan(high),
        ),
        Message(
            "任何达标方案不少于 {}，差距至多 {:.3f}%：{}；已用同一评估程序复核。",
            "No plan that meets the standard costs less than {}, gap {:.3f}% at most: {}; assessed again by the same code.",
            _yuan(plan.bound),
            100 * plan.gap,
            plan.status,
        ),
        *unknown_land(plan),
        *beyond(plan.mended, plan.before, plan.assessment),
    ]


def _nothing_to_buy(standard: Standard) -> Message:
    zh, en = ["各校"] * standard.limits_schools, ["schools"] * standard.limits_schools
    if standard.rules.coefficient:
        mean = ("差异系数平均值", "the mean of the coefficients")
        zh, en = (
            ([*zh, mean[0]], [*en, mean[1]])
            if standard.mean_decides
            else ([*zh, "差异系数"], [*en, "coefficients"])
        )
    what = Both("和".join(zh), " and ".join(en))
    return Message(
        "{}都已达到标准，不需要购置。", "What the standard asks of {} is met: nothing to buy.", what
    )


def outside(assessment: Assessment) -> dict[Verdict, list[str]]:
    """Return what no plan is about and does not pass: indicators beyond the resources, and areas, by verdict.

    Of several districts the worst verdict counts.
    """
    found: dict[Verdict, list[str]] = {}
    indicators = assessment.indicators.rename(columns={"code": "of"})
    areas = assessment.areas.rename(columns={"area": "of"})
    areas = areas[areas["of"].isin(BESIDE).to_numpy()]
    for frame in (indicators[(~indicators["of"].isin(assessment.standard.resource_codes)).to_numpy()], areas):
        for name, verdicts in frame.groupby("of", sort=False)["verdict"]:
            worst = next((v for v in (Verdict.FAIL, Verdict.NO_DATA) if (verdicts == v).any()), None)
            if worst:
                found.setdefault(worst, []).append(str(name))
    return found


_NOW = Message("现为", "now")


def beyond(
    mended: OtherPurchases, before: Assessment, after: Assessment, now: Message = _NOW
) -> list[Message]:
    """Say what else money mends, what remains after it, and the districts' verdicts."""
    standard, lines = after.standard, []
    if len(mended.items):
        sums = mended.items.groupby(["code", "item", "unit"], sort=False, as_index=False)
        parts = [
            Message(
                "{} {} {:,.0f} {}",
                "{} {} {:,.0f} {}",
                row.code,
                standard[row.code].short,
                row.amount,
                Both(row.unit, UNITS.get(row.unit, row.unit)),
            )
            + (
                Message("（没有单价）", " (no price)")
                if row.code in mended.unpriced and not row.cost_yuan
                else ""
            )
            for row in sums[["amount", "cost_yuan"]].sum().itertuples()
        ]
        lines.append(
            Message(
                "{}以外可用经费解决的，另需 {}",
                "Beyond {}, money can mend more for {}",
                counted(standard),
                _yuan(mended.cost),
            )
            + (
                Message(
                    "，未计没有单价的 {}", ", leaving out what has no price: {}", listing(mended.unpriced)
                )
                if mended.unpriced
                else ""
            )
            + Message("：{}。", ": {}.", joined("；", "; ", parts))
        )
    titles = {area: standard.area_title(area) for area in BESIDE}
    left = [
        Message(
            "{} {} 项（{}）",
            "{}: {} ({})",
            verdict,
            len(names),
            listing(titles.get(name, name) for name in names),
        )
        for verdict, names in outside(after).items()
    ]
    lines.append(
        Message(
            "全部办成后仍有：{}。",
            "What remains: {}.",
            joined("，", ", ", left),
        )
        if left
        else Message(
            "全部办成后其他各项均已达标或不适用。", "Afterwards everything else is met or does not apply."
        )
    )
    was = dict(before.districts[["district", "verdict"]].itertuples(index=False))
    lines += [
        Message(
            "{}的结论：{}{}，全部办成后{}。",
            "The verdict on {}: {} {}, afterwards {}.",
            row.district,
            now,
            Verdict(was[row.district]),
            Verdict(row.verdict),
        )
        for row in after.districts.itertuples()
        if row.district in was
    ]
    return lines


def unknown_land(plan: Plan) -> list[Message]:
    """Say where the plan adds ground and nobody knows whether there is land for it."""
    bought = plan.purchases[plan.purchases["code"].isin(ground_codes(plan.before.standard))]
    schools = plan.data["schools"].drop_duplicates("school_id").set_index("school_id")["land_available_m2"]
    bounded = {(s.school_id, s.code) for s in plan.costs.schools if s.most is not None}
    open_ = schools.reindex(bought["school_id"]).isna().to_numpy() & np.array(
        [key not in bounded for key in zip(bought["school_id"], bought["code"], strict=True)], dtype=bool
    )
    if not open_.any():
        return []
    return [
        Message(
            "{} 所学校新增运动场地 {:,.0f} 平方米，但没有填报可建设用地（land_available_m2），能否落地取决于用地。",
            "{} schools get {:,.0f} m² more sports ground, but land to build on (land_available_m2) is not reported: whether it can be had depends on land.",
            bought[open_]["school_id"].nunique(),
            bought[open_]["amount"].sum(),
        )
    ]


def _yuan(amount: float) -> Message:
    return Message("{}", "{}", Both(f"{amount / 1e4:,.2f} 万元", f"{amount:,.0f} yuan"))


def _codes(codes: pd.DataFrame, standard: Standard) -> list[str]:
    totals = codes.groupby(["code", "unit"], as_index=False)[["amount", "cost_yuan"]].sum()
    return [
        "",
        Message("按指标：", "By indicator:"),
        *(
            Message(
                "  {} {}：{:,.0f} {}，{}",
                "  {} {}: {:,.0f} {}, {}",
                row.code,
                standard[row.code].short,
                row.amount,
                Both(row.unit, standard[row.code].resource.unit.en),
                _yuan(row.cost_yuan),
            )
            for row in totals.itertuples()
        ),
    ]


def _schools(why: Explanation) -> list[str]:
    paid = why.schools[why.schools["cost_yuan"] > 0].sort_values("cost_yuan", ascending=False)
    lines: list[str] = [
        Message("  {}：{}", "  {}: {}", row.name, _yuan(row.cost_yuan))
        for row in paid.head(MOST).itertuples(index=False)
    ]
    more = [Message("  另有 {} 所", "  and {} more", len(paid) - MOST)] if len(paid) > MOST else []
    return ["", Message("按学校（{} 所）：", "By school ({}):", len(paid)), *lines, *more]


def _departments(why: Explanation) -> list[str]:
    if not len(why.departments):
        return []
    return [
        "",
        Message("按责任部门（牵头；参与）：", "By department (in charge; taking part):"),
        *(
            Message(
                "  {}（{}）：{}；{}",
                "  {} ({}): {}; {}",
                row.department,
                row.codes,
                _yuan(row.lead_yuan),
                _yuan(row.shared_yuan),
            )
            for row in why.departments.itertuples()
        ),
    ]


def _binding(why: Explanation, standard: Standard) -> list[str]:
    lines: list[str] = [
        Message(
            "  {} {} {} 差异系数限值 {:g}：放宽 0.01 可省 {}",
            "  {} {} {}, limit {:g} on the coefficient: 0.01 more saves {}",
            row.district,
            Stage(row.stage),
            row.code,
            row.limit,
            _yuan(row.saves_yuan),
        )
        for row in why.caps.itertuples()
    ]
    lines += [
        Message(
            "  {} {}上限：每多一个单位可省 {:,.0f} 元",
            "  {} {}, upper bound: each unit more saves {:,.0f} yuan",
            row.name,
            standard[row.code].short,
            row.saves_yuan,
        )
        for row in why.bounds.head(MOST).itertuples()
    ]
    if lines:
        return ["", Message("起约束作用的限制：", "Limits that bind:"), *lines]
    if standard.mean_decides:
        return [
            "",
            Message(
                "费用全部用于使各项差异系数的平均值不超过限值。",
                "All is spent to bring the mean of the coefficients within its limit.",
            ),
        ]
    none = Message("上限不起约束作用", "No upper bound binds")
    if standard.rules.coefficient:
        none = Message("差异系数和上限都不起约束作用", "Neither coefficients nor upper bounds bind")
    return ["", none + Message("，费用全部用于各校达标。", "; all is spent on schools that fail.")]


def _yardsticks(why: Explanation, standard: Standard) -> list[str]:
    words = {
        "seven of seven": Message(
            "各校{}全部达标",
            "all of {} at every school",
            counted(standard).each(lambda text: text.removesuffix("指标")),
        ),
        "greatest shortfall first": Message("从缺口最大处补起", "greatest shortfall first"),
    }
    others = why.yardsticks[why.yardsticks["name"].isin(list(words))]
    if not len(others):
        return []
    said = [
        Message(
            "  {}：{}",
            "  {}: {}",
            words[row.name],
            Both("在上限之内做不到", "impossible within the upper bounds")
            if pd.isna(row.yuan)
            else _yuan(row.yuan),
        )
        for row in others.itertuples(index=False)
    ]
    return ["", Message("对照（其他做法的费用）：", "Other ways, for comparison:"), *said]


def _swings(plan: Plan, swings: pd.DataFrame) -> list[str]:
    """Say which purchases change when a price moves by a fifth, and which prices change none."""
    name = dict(zip(plan.problem.pools["school_id"], plan.problem.pools["name"], strict=True))
    firm = [code for code, mine in swings.groupby("code", sort=False) if not any(mine["changed"])]
    lines = []
    if firm:
        zh, en = "  {}：升降 20%，购置清单都不变", "  {}: 20% up or down, the purchases stay the same"
        lines.append(Message(zh, en, listing(firm)))
    for row in swings.itertuples(index=False):
        if row.changed:
            shown = [
                f"{name.get(school, school)} {code} {before:,.0f}→{after:,.0f}"
                for school, _, code, before, after in row.changed[:MOST_SWINGS]
            ]
            count = len(row.changed)
            more = Message(" 等 {} 处", " and more, {} in all", count) if count > MOST_SWINGS else ""
            way = Both("降", "down") if row.factor < 1 else Both("升", "up")
            lines.append(
                Message(
                    "  {} {} 20%：{}{}", "  {} {} 20%: {}{}", row.code, way, joined("；", "; ", shown), more
                )
            )
    head = Message("单价升降 20% 时，买什么会变：", "What would be bought if a price moved by 20%:")
    return ["", head, *lines]


def _best(spending: BudgetPlan) -> list[str]:
    now = (spending.before.rows["verdict"] == "pass").sum()
    return [
        Message(
            "预算 {} 的最佳用法：花费 {}，达标的学校（学段）由 {} 个增至 {} 个（至多 {} 个）",
            "Best use of the budget {}: {} spent, schools (stages) met go from {} to {} (at most {})",
            _yuan(spending.budget),
            _yuan(spending.cost),
            now,
            spending.passing,
            spending.most_passing,
        ),
        Message(
            "  平均每名学生尚缺 {:.3f} 项标准（至少 {:.3f}）；预算每多一万元，少缺 {:.5f} 项",
            "  {:.3f} of the standard still lacking per pupil (at least {:.3f}); with 10,000 yuan more, {:.5f} less",
            spending.shortfall,
            spending.least_shortfall,
            spending.saves,
        ),
    ]


_UNDONE = Message("不采取措施时", "with nothing done")


def means_met(assessment: Assessment, districts: Iterable[str]) -> tuple[int, int]:
    """Return how many of the coefficients that decide are within their limit in some districts, and of how many."""
    frame = assessment.balance
    frame = frame[frame["code"].isin(deciding(assessment.standard)) & frame["district"].isin(set(districts))]
    return int((frame["verdict"] == Verdict.PASS).sum()), len(frame)


def _met_by(plan: YearsPlan, row: Any) -> Message:
    if plan.standard.limits_schools:
        return Message("{} 个学校（学段）中 {} 个达标", "{} schools (stages), {} met", row.rows, row.passing)
    met, of = means_met(plan.assessments[row.year], plan.before.districts["district"])
    return Message(
        "{} 个差异系数平均值中 {} 个在限值以内",
        "{} means of the coefficients, {} within their limit",
        of,
        met,
    )


def years_summary(plan: YearsPlan, costs: Costs, file: Path | None = None) -> Message:
    """Return what to spend in which year, and whose pupils were counted on."""
    lines = [
        Message(
            "分年方案：{} 学年之后，至 {} 学年{}达标",
            "Plan over years: after {0}, meeting {2} by {1}",
            plan.base_year,
            plan.target_year,
            goal(plan.standard),
        ),
        Message("费用：{}；{}", "Costs: {}; {}", costs.title, plan.path),
        *(note + STOP for note in plan.notes),
        "",
    ]
    if plan.cost is None:
        return joined(
            "\n",
            "\n",
            [
                *lines,
                Message("没有方案：{}。", "No plan: {}.", plan.status),
                *("  " + words for words in plan.clashes),
            ],
        )
    lines += [
        Message(
            "合计：{}；任何方案不少于 {}，差距至多 {:.3f}%：{}",
            "In all: {}; no plan costs less than {}, gap {:.3f}% at most: {}",
            _yuan(plan.cost),
            _yuan(plan.bound),
            100 * plan.gap,
            plan.status,
        ),
        *(
            Message(
                "  {} 学年：{}（预算 {}），{}",
                "  {}: {} (budget {}), {}",
                row.year,
                _yuan(row.cost_yuan),
                _yuan(row.budget_yuan),
                _met_by(plan, row),
            )
            for row in plan.years.itertuples()
        ),
        "",
        *beyond(plan.mended, plan.before, plan.assessments[plan.target_year], _UNDONE),
        "",
        Message(
            "各年购置清单：加 --json；{}", "For the purchases of each year add --json; {}", _written(file)
        ),
    ]
    return joined("\n", "\n", lines)


def transfers_summary(found: Transfers, file: Path) -> Message:
    """Return what moving alone can reach, move by move."""
    lines: list[str] = [
        Message("不花钱，只调配教师和设备：", "No money, teachers and equipment moved alone:"),
        Message(
            "达标的学校（学段）由 {} 个增至 {} 个（只靠调配至多 {} 个）；调动教师 {:,.0f} 人次（至少 {:,.0f}），设备 {}",
            "Schools (stages) met go from {} to {} (at most {} by moving alone); teachers moved {:,.0f} (at least {:,.0f}), equipment {}",
            found.passing_before,
            found.passing,
            found.most_passing,
            found.teachers,
            found.least_teachers,
            _yuan(found.equipment_yuan),
        ),
        "",
        *(
            Message(
                "  {} {} → {}（{}）：{:,.0f} {}",
                "  {} {} → {} ({}): {:,.0f} {}",
                row.code,
                row.from_name,
                row.to_name,
                Stage(row.to_stage),
                row.amount,
                Both(row.unit, found.before.standard[row.code].resource.unit.en),
            )
            for row in found.moves.itertuples()
        ),
    ]
    return joined(
        "\n",
        "\n",
        [
            *lines,
            "",
            Message(
                "已写成情景文件 {}，用 qb whatif 复算。",
                "Written as a scenario to {}; compute it again with qb whatif.",
                file,
            ),
        ],
    )
