"""What cannot be planned, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.errors import QbError
from qb.language import STOP, Message, joined, listing
from qb.planning.costs import Costs, SchoolLimit, price_code
from qb.standard import Standard
from qb.terms import Stage


def refuse_unplannable(standard: Standard, costs: Costs | None, budget: float | None) -> None:
    """Refuse a standard, costs or a budget with which no plan can be made."""
    wrong = [
        Message(
            "{} 按 {} 计算，方案只支持按学生数计算的资源指标",
            "{} is divided by {}; plans can do with resources per pupil only",
            i.code,
            i.resource.divisor,
        )
        for i in standard.resources
        if (i.resource.columns != ("pupils",) if i.at_most else i.resource.divisor != "pupils")
    ]
    wrong += [
        Message(
            "{}（{}）没有费用，请在费用文件中补写 code = {!r} 的一条",
            "{} ({}) has no price; add an entry with code = {!r} to the cost file",
            i.code,
            i.short,
            price_code(i),
        )
        for i in standard.resources
        if costs is not None and price_code(i) not in {cost.code for cost in costs.costs}
    ]
    rule = standard.rules.coefficient
    if rule and rule.decides == "mean" and any(i.limits for i in standard.resources):
        wrong.append(
            Message(
                "标准按各项差异系数的平均值判定，又对学校规定限值，方案不能同时满足两者",
                "the standard judges the mean of the coefficients and has limits for schools too; no plan can do both",
            )
        )
    elif rule and any(i.at_most for i in standard.resources):
        wrong.append(
            Message(
                "标准对越低越好的指标限定差异系数，方案不支持",
                "the standard limits the coefficient of an indicator that should be low; plans cannot do with it",
            )
        )
    if not standard.rules.school and not rule:
        wrong.append(
            Message(
                "标准没有学校规则，也没有差异系数限值，没有须达到的目标",
                "the standard has neither a school rule nor limits on coefficients, so there is no target",
            )
        )
    if budget is not None and not (np.isfinite(budget) and budget >= 0):
        wrong.append(
            Message("预算不能小于 0，现为 {:g} 元", "the budget cannot be below 0; it is {:g} yuan", budget)
        )
    if standard.rules.rounding.compare != "raw":
        wrong.append(
            Message(
                '标准按四舍五入后的数值比较，方案只能按原始数值保证达标，请改为 compare = "raw"',
                'the standard compares rounded figures, and a plan can only promise raw ones; change it to compare = "raw"',
            )
        )
    sides = {m.side for i in standard.resources for m in i.limits} | ({rule.side} if rule else set())
    if not sides <= {">=", "<="}:
        wrong.append(
            Message(
                "资源指标或差异系数的限值须用“>=”“<=”",
                "limits on resources and coefficients must have the side “>=” or “<=”",
            )
        )
    if wrong:
        raise QbError(Message("无法制定方案：", "No plan can be made: ") + joined("；", "; ", wrong) + STOP)


def refuse_missing(rows: pd.DataFrame, pupils: np.ndarray, have: np.ndarray, codes: tuple[str, ...]) -> None:
    """Refuse schools without data."""
    missing = np.isnan(have) | np.isnan(pupils)[:, None]
    at = np.flatnonzero(missing.any(axis=1))
    if not len(at):
        return
    shown = [
        Message(
            "{}（{}）缺{}",
            "{} ({}) lacks {}",
            rows["name"].iloc[i],
            Stage(rows["stage"].iloc[i]),
            listing(codes[k] for k in np.flatnonzero(missing[i])),
        )
        for i in at[:20]
    ]
    more = Message("等 {} 处", " and more: {} in all", len(at)) if len(at) > 20 else ""
    raise QbError(
        "缺少数据的学校无法规划：{}{}。请先补齐数据（qb check 可逐条列出）。",
        "No plan can be made for schools without data: {}{}. Complete the data first (qb check lists what is missing).",
        joined("；", "; ", shown),
        more,
    )


def stranger(entry: SchoolLimit, reported: set[str]) -> Message:
    """Say of a limit that it is of no stage that its school reports."""
    if not reported:
        return Message(
            "学校 {} 不在参加评估的学校之中", "school {} is not among those judged", entry.school_id
        )
    stages = listing(Stage(s) for s in sorted(reported))
    return Message(
        "学校 {} 的 {} 按“{}”填报，不能按“{}”限制",
        "school {} reports {} for “{}”; it cannot be limited for “{}”",
        entry.school_id,
        entry.code,
        stages,
        Stage(entry.stage),
    )


def require_each(standard: Standard, what: Message) -> None:
    """Refuse what is planned coefficient by coefficient where their mean decides."""
    rule = standard.rules.coefficient
    if rule and rule.decides == "mean":
        raise QbError(
            "标准按各项差异系数的平均值判定，不支持{}；最低费用的方案可用 qb plan 得出。",
            "The standard judges the mean of the coefficients, so there is no {}; qb plan gives the cheapest plan.",
            what,
        )
