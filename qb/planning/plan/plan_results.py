"""A plan as JSON and in a few lines, and what `qb plan` does."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.errors import QbError
from qb.files import write_whole
from qb.indicators.assessment import Assessment
from qb.indicators.assessment import document as assessment_document
from qb.indicators.population import counted
from qb.planning.costs import Costs, load_costs
from qb.planning.plan.budgets import Spending, best_use
from qb.planning.plan.cheapest import Plan, PlanStatus, cheapest_plan, scenario, staff_fields
from qb.planning.plan.explanation import Explanation, explain, sensitivity
from qb.planning.plan.guarantee import Mending
from qb.planning.plan.planning_problem import ground_codes
from qb.planning.plan.transfers import Transfers, moves_scenario, transfers
from qb.planning.plan.years_plan import YearsPlan, plan_over_years
from qb.planning.scenario import Scenario, to_toml
from qb.standard import BESIDE, Standard
from qb.terms import Stage, Verdict

# A plan as one JSON document, in the shape that others rely on (see the README).


PURCHASE = (
    "district",
    "school_id",
    "name",
    "stage",
    "code",
    "amount",
    "unit",
    "hired",
    "cost_yuan",
    "low_yuan",
    "high_yuan",
)


SWING = ("school_id", "stage", "code", "before", "after")


def document(
    plan: Plan, spending: Spending | None = None, swings: pd.DataFrame | None = None
) -> dict[str, object]:
    """Return a plan as plain lists and dicts; figures unrounded.

    Parameters
    ----------
    spending : Spending, optional
        Where the budget is not enough: what it buys at best, as ``best_use``.
    swings : DataFrame, optional
        What changes with the prices, see `qb.planning.plan.explanation.sensitivity`, as ``sensitivity``.
    """
    result = {
        "status": str(plan.status),
        "year": plan.year,
        "cost_yuan": plan.cost,
        "lower_bound_yuan": plan.bound,
        "gap": plan.gap,
        "budget_yuan": plan.problem.budget,
        "costs": plan.costs.name,
        "clashes": list(plan.clashes),
        "notes": unknown_land(plan),
        "purchases": _purchases(plan.purchases),
        **_mended(plan.mended, plan.before, plan.assessment),
        "assessment": assessment_document(plan.assessment),
    }
    if swings is not None:
        result["sensitivity"] = [
            {
                "code": row.code,
                "factor": row.factor,
                "cost_yuan": None if math.isnan(row.cost_yuan) else row.cost_yuan,
                "changed": [dict(zip(SWING, change, strict=True)) for change in row.changed],
            }
            for row in swings.itertuples(index=False)
        ]
    return result if spending is None else {**result, "best_use": _spending(spending)}


def years_document(plan: YearsPlan) -> dict[str, object]:
    """Return a plan over years: each purchase with its year, each year's assessment."""
    years = [
        {**record, "assessment": assessment_document(plan.assessments[record["year"]])}
        for record in plan.years.to_dict("records")
    ]
    bought = plan.purchases.groupby("year") if len(plan.purchases) else ()
    return {
        "status": str(plan.status),
        "base_year": plan.base_year,
        "target_year": plan.target_year,
        "pupils": str(plan.pupils),
        "pupils_note": plan.asis.unknown,
        "notes": list(plan.asis.notes),
        "cost_yuan": plan.cost,
        "lower_bound_yuan": plan.bound,
        "gap": plan.gap,
        "clashes": list(plan.clashes),
        **(_mended(plan.mended, plan.before, plan.assessments[plan.target_year]) if plan.assessments else {}),
        "years": years,
        "purchases": [{"year": year, **record} for year, mine in bought for record in _purchases(mine)],
    }


def _mended(mended: Mending, before: Assessment, after: Assessment) -> dict[str, object]:
    """Return what money mends beside the resources, what remains, and the districts' verdicts."""
    items = mended.items.astype(object)
    verdicts = before.districts.merge(after.districts, on="district", suffixes=("", "_after"))
    return {
        "mending": items.where(items.notna(), None).to_dict("records"),
        "mending_cost_yuan": mended.cost,
        "mending_without_price": mended.unpriced,
        "remains": {str(verdict): names for verdict, names in outside(after).items()},
        "districts": [
            {"district": r.district, "before": str(r.verdict), "after": str(r.verdict_after)}
            for r in verdicts.itertuples()
        ],
    }


def transfers_document(found: Transfers) -> dict[str, object]:
    """Return transfers: each move, and the assessment after them."""
    moves = found.moves.rename(columns=staff_fields(found.before.standard)).to_dict("records")
    return {
        "year": found.year,
        "passing_before": found.passing_before,
        "passing": found.passing,
        "most_passing": found.most_passing,
        "teachers": found.teachers,
        "least_teachers": found.least_teachers,
        "equipment_yuan": found.equipment_yuan,
        "moves": moves,
        "assessment": assessment_document(found.assessment),
    }


def _spending(spending: Spending) -> dict[str, object]:
    return {
        "budget_yuan": spending.budget,
        "cost_yuan": spending.cost,
        "passing": spending.passing,
        "most_passing": spending.most_passing,
        "shortfall": spending.shortfall,
        "least_shortfall": spending.least_shortfall,
        "saves_per_10000_yuan": None if math.isnan(spending.saves) else spending.saves,
        "purchases": _purchases(spending.purchases),
        "assessment": assessment_document(spending.assessment),
    }


def _purchases(bought: pd.DataFrame) -> list[dict[str, object]]:
    """Return a record for each purchase; whole persons and rooms as whole numbers."""
    return [
        {**record, "amount": int(record["amount"]) if record["amount"].is_integer() else record["amount"]}
        for record in bought[list(PURCHASE)].to_dict("records")
    ]


# A plan in a few lines, for a terminal.


MOST = 15  # schools in the list
MOST_SWINGS = 4  # purchases in one line


def summary(
    plan: Plan,
    why: Explanation | None = None,
    spending: Spending | None = None,
    file: Path | None = None,
    swings: pd.DataFrame | None = None,
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
        lines += _yardsticks(why, standard)
    if swings is not None:
        lines += _swings(plan, swings)
    if spending is not None:
        lines += ["", *_best(spending)]
    lines.append(f"\n购置清单与全部数值：加 --json；{_written(file)}")
    return "\n".join(lines)


def _written(file: Path | None) -> str:
    written = f"已写成情景文件 {file}" if file else "写成情景文件：--scenario 文件.toml"
    return f"{written}，再用 qb whatif 复算。"


def _costs(plan: Plan) -> list[str]:
    low, high = plan.purchases["low_yuan"].sum(), plan.purchases["high_yuan"].sum()
    if not plan.cost:
        return [
            "各校和差异系数都已达到标准，不需要购置。",
            *beyond(plan.mended, plan.before, plan.assessment),
        ]
    return [
        f"最低费用：{_yuan(plan.cost)}（按费用假设的低值、高值计为 {_yuan(low)}—{_yuan(high)}）",
        f"任何达标方案不少于 {_yuan(plan.bound)}，差距至多 {100 * plan.gap:.3f}%：{plan.status.zh}；"
        "已用同一评估程序复核。",
        *unknown_land(plan),
        *beyond(plan.mended, plan.before, plan.assessment),
    ]


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


def beyond(mended: Mending, before: Assessment, after: Assessment, now: str = "现为") -> list[str]:
    """Say what else money mends, what remains after it, and the districts' verdicts."""
    standard, lines = after.standard, []
    if len(mended.items):
        sums = mended.items.groupby(["code", "item", "unit"], sort=False, as_index=False)
        parts = [
            f"{row.code} {standard[row.code].short.zh} {row.amount:,.0f} {row.unit}"
            + ("（没有单价）" if row.code in mended.unpriced and not row.cost_yuan else "")
            for row in sums[["amount", "cost_yuan"]].sum().itertuples()
        ]
        lines.append(
            f"{counted(standard)}以外用钱能补的，另需 {_yuan(mended.cost)}"
            + (f"，未计没有单价的 {'、'.join(mended.unpriced)}" if mended.unpriced else "")
            + f"：{'；'.join(parts)}。"
        )
    titles = {area: standard.area_title(area).zh for area in BESIDE}
    left = [
        f"{verdict.zh} {len(names)} 项（{'、'.join(titles.get(name, name) for name in names)}）"
        for verdict, names in outside(after).items()
    ]
    lines.append(f"做完之后仍有：{'，'.join(left)}。" if left else "做完之后其他各项均已达标或不适用。")
    was = dict(before.districts[["district", "verdict"]].itertuples(index=False))
    lines += [
        f"{row.district}的结论：{now}{Verdict(was[row.district]).zh}，做完之后{Verdict(row.verdict).zh}。"
        for row in after.districts.itertuples()
        if row.district in was
    ]
    return lines


def unknown_land(plan: Plan) -> list[str]:
    """Say where the plan adds ground and nobody knows whether there is land for it."""
    bought = plan.purchases[plan.purchases["code"].isin(ground_codes(plan.before.standard))]
    schools = plan.data["schools"].drop_duplicates("school_id").set_index("school_id")["land_available_m2"]
    bounded = {(s.school_id, s.code) for s in plan.costs.schools if s.most is not None}
    open_ = schools.reindex(bought["school_id"]).isna().to_numpy() & np.array(
        [key not in bounded for key in zip(bought["school_id"], bought["code"], strict=True)], dtype=bool
    )
    if not open_.any():
        return []
    count, area = bought[open_]["school_id"].nunique(), bought[open_]["amount"].sum()
    return [
        f"{count} 所学校新增运动场地 {area:,.0f} 平方米，但没有填报可建设用地（land_available_m2），"
        "能否落地取决于用地。"
    ]


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
    if lines:
        return ["", "起约束作用的限制：", *lines]
    if (rule := standard.rules.coefficient) and rule.decides == "mean":
        return ["", "费用全部用于使各项差异系数的平均值不超过限值。"]
    return ["", "差异系数和上限都不起约束作用，费用全部用于各校达标。"]


def _yardsticks(why: Explanation, standard: Standard) -> list[str]:
    words = {
        "seven of seven": f"各校{counted(standard).removesuffix('指标')}全部达标",
        "greatest shortfall first": "从缺口最大处补起",
    }
    others = why.yardsticks[why.yardsticks["name"].isin(list(words))]
    if not len(others):
        return []
    said = [
        f"  {words[row.name]}：{'在上限之内做不到' if pd.isna(row.yuan) else _yuan(row.yuan)}"
        for row in others.itertuples(index=False)
    ]
    return ["", "对照（别的做法要花多少）：", *said]


def _swings(plan: Plan, swings: pd.DataFrame) -> list[str]:
    """Say which purchases change when a price moves by a fifth, and which prices change none."""
    name = dict(zip(plan.problem.pools["school_id"], plan.problem.pools["name"], strict=True))
    firm = [code for code, mine in swings.groupby("code", sort=False) if not any(mine["changed"])]
    lines = [f"  {'、'.join(firm)}：升降 20%，购置清单都不变"] if firm else []
    for row in swings.itertuples(index=False):
        if row.changed:
            told = [
                f"{name.get(school, school)} {code} {before:,.0f}→{after:,.0f}"
                for school, _, code, before, after in row.changed[:MOST_SWINGS]
            ]
            more = f" 等 {len(row.changed)} 处" if len(row.changed) > MOST_SWINGS else ""
            way = "降" if row.factor < 1 else "升"
            lines.append(f"  {row.code} {way} 20%：{'；'.join(told)}{more}")
    return ["", "单价升降 20% 时，买什么会变：", *lines]


def _best(spending: Spending) -> list[str]:
    now = (spending.before.rows["verdict"] == "pass").sum()
    return [
        f"预算 {_yuan(spending.budget)} 的最佳用法：花费 {_yuan(spending.cost)}，"
        f"达标的学校（学段）由 {now} 个增至 {spending.passing} 个（至多 {spending.most_passing} 个）",
        f"  平均每名学生尚缺 {spending.shortfall:.3f} 项标准（至少 {spending.least_shortfall:.3f}）；"
        f"预算每多一万元，少缺 {spending.saves:.5f} 项",
    ]


def years_summary(plan: YearsPlan, costs: Costs, file: Path | None = None) -> str:
    """Return what to spend in which year, and whose pupils were counted on."""
    lines = [
        f"分年方案：{plan.base_year} 学年之后，至 {plan.target_year} 学年"
        f"各校{counted(plan.standard)}和差异系数达标",
        f"费用：{costs.title.zh}；{plan.path}",
        *(f"{note}。" for note in plan.notes),
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
        *beyond(plan.mended, plan.before, plan.assessments[plan.target_year], "不采取措施时"),
        "",
        f"各年购置清单：加 --json；{_written(file)}",
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


# What ``qb plan`` does: read, plan, print.


def run(
    data: Path,
    year: int | None = None,
    costs: Path | None = None,
    budget: float | None = None,
    standard: str | None = None,
    district: str | None = None,
    out: Path | None = None,
    as_json: bool = False,
    solver: str = "highs",
    to: int | None = None,
    moves: Path | None = None,
    prices: bool = False,
) -> str:
    """Return what the command prints; write the plan as a scenario file where `out` is given.

    Parameters
    ----------
    to : int, optional
        A plan over years up to this one; `budget` is then that of each year;
        without one, what is needed is spread evenly.
    moves : Path, optional
        No money: transfers alone, written as a scenario file to this path.
    prices : bool
        Also say what else would be bought if one price were a fifth lower or higher.
    """
    chosen = None if solver == "highs" else solver
    if moves is not None:
        _refuse("不花钱的调配（--transfers）", budget=budget, costs=costs, to=to, scenario=out, solver=chosen)
    elif to is not None:
        _refuse("分年方案（--to）", solver=chosen)
    tables = read(data, standard)
    if moves is not None:
        return _transfers(tables, year, standard, district, moves, as_json)
    if to is not None:
        planned = plan_over_years(tables, budget, to, year, costs, standard, district)
        if out is not None:
            _write(out, planned.scenario, planned.status, planned.clashes)
        told = years_document(planned) if as_json else None
        return _printed(told) if told else years_summary(planned, load_costs(costs), out)
    plan = cheapest_plan(tables, year, costs, budget, standard, district, solver=solver)
    short = budget is not None and plan.status is PlanStatus.INFEASIBLE
    rule = plan.before.standard.rules.coefficient
    spending = (
        best_use(tables, budget, plan.year, plan.costs, plan.before.standard, district)
        if short and not (rule and rule.decides == "mean")
        else None
    )
    if out is not None:
        title = "费用最低的达标方案"
        made = plan.cost is not None and scenario(plan, tables, title)
        _write(out, made or None, plan.status, plan.clashes)
    swings = sensitivity(plan, tables, district) if prices and plan.cost else None
    if as_json:
        return _printed(document(plan, spending, swings))
    return summary(plan, explain(plan) if plan.cost else None, spending, out, swings)


def _transfers(
    tables: Dataset, year: int | None, standard: str | None, district: str | None, file: Path, as_json: bool
) -> str:
    found = transfers(tables, year, standard, district)
    write_whole(
        file, to_toml(moves_scenario(found.moves, found.year, "不花钱的调配方案", found.before.standard))
    )
    return _printed(transfers_document(found)) if as_json else transfers_summary(found, file)


def _refuse(asked: str, **others: object) -> None:
    given = [f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise QbError(f"{asked}不能与 {'、'.join(given)} 同用，请分别使用。")


def _write(file: Path, made: Scenario | None, status: PlanStatus, clashes: tuple[str, ...]) -> None:
    if made is None:
        raise QbError(f"没有方案可以写成情景文件：{status.zh}。{'；'.join(clashes)}")
    write_whole(file, to_toml(made))


def _printed(told: dict[str, object]) -> str:
    return json.dumps(told, ensure_ascii=False, allow_nan=False)
