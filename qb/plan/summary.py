"""A plan in a few lines, for a terminal."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qb.costs import Costs
from qb.judge import Assessment
from qb.plan.cheapest import Plan
from qb.plan.explain import Explanation
from qb.plan.over_years import YearsPlan
from qb.plan.spending import Spending
from qb.plan.transfers import Transfers
from qb.standard import SEVEN, Standard
from qb.terms import Stage, Verdict

MOST = 15  # schools in the list
AREAS = {"recognition": "社会认可度", "veto": "一票否决事项"}  # beside the indicators
YARDSTICKS = {"seven of seven": "各校七项全部达标", "greatest shortfall first": "从缺口最大处补起"}


def summary(
    plan: Plan, why: Explanation | None = None, spending: Spending | None = None, file: Path | None = None
) -> str:
    """Return what the plan costs, what is proven, who gets what, and why, in plain text; and its file."""
    standard = plan.before.standard
    made_up = "（模拟数据）" if plan.before.invented else ""
    lines = [
        f"{plan.year}—{plan.year + 1}学年　{standard.title.zh}{made_up}",
        f"费用：{plan.costs.title.zh}",
        "",
    ]
    if plan.cost is None:
        lines += [f"没有方案：{plan.status.zh}。", *(f"  {words}" for words in plan.clashes)]
    else:
        lines += _costs(plan)
    if plan.cost and why is not None:
        lines += [*_codes(why.codes, standard), *_schools(why), *_departments(why), *_binding(why, standard)]
        lines += _yardsticks(why)
    if spending is not None:
        lines += ["", *_best(spending)]
    written = f"已写成情景文件 {file}" if file else "写成情景文件：--scenario 文件.toml"
    lines.append(f"\n购置清单与全部数值：加 --json；{written}，再用 qb whatif 复算。")
    return "\n".join(lines)


def _costs(plan: Plan) -> list[str]:
    low, high = plan.purchases["low_yuan"].sum(), plan.purchases["high_yuan"].sum()
    if not plan.cost:
        return ["各校和差异系数都已达到标准，不需要购置。", _beyond(plan.assessment)]
    return [
        f"最低费用：{_yuan(plan.cost)}（按费用假设的低值、高值计为 {_yuan(low)}—{_yuan(high)}）",
        f"任何达标方案不少于 {_yuan(plan.bound)}，差距至多 {100 * plan.gap:.3f}%：{plan.status.zh}；"
        "已用同一评估程序复核。",
        _beyond(plan.assessment),
    ]


def outside(assessment: Assessment) -> dict[Verdict, list[str]]:
    """Return what no plan is about and does not pass: indicators beyond the seven, and areas, by verdict.

    Of several districts the worst verdict counts.
    """
    found: dict[Verdict, list[str]] = {}
    indicators = assessment.indicators.rename(columns={"code": "of"})
    areas = assessment.areas.rename(columns={"area": "of"})
    areas = areas[areas["of"].isin(["recognition", "veto"]).to_numpy()]
    for frame in (indicators[(~indicators["of"].isin(SEVEN)).to_numpy()], areas):
        for name, verdicts in frame.groupby("of", sort=False)["verdict"]:
            worst = next((v for v in (Verdict.FAIL, Verdict.NO_DATA) if (verdicts == v).any()), None)
            if worst:
                found.setdefault(worst, []).append(str(name))
    return found


def _beyond(assessment: Assessment) -> str:
    left = [
        f"{verdict.zh} {len(names)} 项（{'、'.join(AREAS.get(name, name) for name in names)}）"
        for verdict, names in outside(assessment).items()
    ]
    return f"方案只涉及七项指标和差异系数；此外{'，'.join(left) or '各项均已达标或不适用'}。"


def _yuan(amount: float) -> str:
    return f"{amount / 1e4:,.2f} 万元"


def _codes(codes: pd.DataFrame, standard: Standard) -> list[str]:
    totals = codes.groupby(["code", "unit"], as_index=False)[["amount", "cost_yuan"]].sum()
    return [
        "",
        "按指标：",
        *(
            f"  {row.code} {standard[row.code].short.zh}：{row.amount:,.0f} {row.unit}，"
            f"{_yuan(row.cost_yuan)}"
            for row in totals.itertuples()
        ),
    ]


def _schools(why: Explanation) -> list[str]:
    paid = why.schools[why.schools["cost_yuan"] > 0].sort_values("cost_yuan", ascending=False)
    lines = [f"  {row.name}：{_yuan(row.cost_yuan)}" for row in paid.head(MOST).itertuples(index=False)]
    more = [f"  另有 {len(paid) - MOST} 所"] if len(paid) > MOST else []
    return ["", f"按学校（{len(paid)} 所）：", *lines, *more]


def _departments(why: Explanation) -> list[str]:
    return [
        "",
        "按责任部门（牵头；参与）：",
        *(
            f"  {row.department}（{row.codes}）：{_yuan(row.lead_yuan)}；{_yuan(row.shared_yuan)}"
            for row in why.departments.itertuples()
        ),
    ]


def _binding(why: Explanation, standard: Standard) -> list[str]:
    lines = [
        f"  {row.district} {Stage(row.stage).zh} {row.code} 差异系数限值 {row.limit:g}："
        f"放宽 0.01 可省 {_yuan(row.saves_yuan)}"
        for row in why.caps.itertuples()
    ]
    lines += [
        f"  {row.name} {standard[row.code].short.zh}上限：每多一个单位可省 {row.saves_yuan:,.0f} 元"
        for row in why.bounds.head(MOST).itertuples()
    ]
    return (
        ["", "起约束作用的限制：", *lines]
        if lines
        else ["", "差异系数和上限都不起约束作用，费用全部用于各校达标。"]
    )


def _yardsticks(why: Explanation) -> list[str]:
    others = why.yardsticks[why.yardsticks["name"].isin(list(YARDSTICKS))]
    said = [
        f"  {YARDSTICKS[row.name]}：{'在上限之内做不到' if pd.isna(row.yuan) else _yuan(row.yuan)}"
        for row in others.itertuples(index=False)
    ]
    return ["", "对照（别的做法要花多少）：", *said]


def _best(spending: Spending) -> list[str]:
    now = (spending.before.rows["verdict"] == "pass").sum()
    return [
        f"预算 {_yuan(spending.budget)} 的最佳用法：花费 {_yuan(spending.cost)}，"
        f"达标的学校（学段）由 {now} 个增至 {spending.passing} 个（至多 {spending.most_passing} 个）",
        f"  平均每名学生尚缺 {spending.shortfall:.3f} 项标准（至少 {spending.least_shortfall:.3f}）；"
        f"预算每多一万元，少缺 {spending.saves:.5f} 项",
    ]


def years_summary(plan: YearsPlan, costs: Costs) -> str:
    """Return what to spend in which year, and whose pupils were counted on."""
    lines = [
        f"分年方案：{plan.base_year} 学年之后，至 {plan.target_year} 学年各校七项指标和差异系数达标",
        f"费用：{costs.title.zh}；{plan.pupils.words}",
        "",
    ]
    if plan.cost is None:
        return "\n".join([*lines, f"没有方案：{plan.status.zh}。", *(f"  {words}" for words in plan.clashes)])
    lines += [
        f"合计：{_yuan(plan.cost)}；任何方案不少于 {_yuan(plan.bound)}，"
        f"差距至多 {100 * plan.gap:.3f}%：{plan.status.zh}",
        *(
            f"  {row.year} 学年：{_yuan(row.cost_yuan)}（预算 {_yuan(row.budget_yuan)}），"
            f"{row.rows} 个学校（学段）中 {row.passing} 个达标"
            for row in plan.years.itertuples()
        ),
        "",
        "各年购置清单：加 --json。",
    ]
    return "\n".join(lines)


def transfers_summary(found: Transfers, file: Path) -> str:
    """Return what moving alone can reach, move by move."""
    lines = [
        "不花钱，只调配教师和设备：",
        f"达标的学校（学段）由 {found.passing_before} 个增至 {found.passing} 个"
        f"（只靠调配至多 {found.most_passing} 个）；"
        f"调动教师 {found.teachers:,.0f} 人次（至少 {found.least_teachers:,.0f}），"
        f"设备 {_yuan(found.equipment_yuan)}",
        "",
        *(
            f"  {row.code} {row.from_name} → {row.to_name}（{Stage(row.to_stage).zh}）："
            f"{row.amount:,.0f} {row.unit}"
            for row in found.moves.itertuples()
        ),
    ]
    return "\n".join([*lines, "", f"已写成情景文件 {file}，用 qb whatif 复算。"])
