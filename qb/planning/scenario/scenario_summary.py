"""A comparison in a few lines, for a terminal."""

from __future__ import annotations

import pandas as pd

from qb.data.schema import DISTRICT_ITEMS, TABLES
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE
from qb.planning.scenario.comparison import (
    BASE,
    COEFFICIENT,
    PASSING,
    SITE,
    Comparison,
    Outcome,
    total,
    unpriced,
)
from qb.planning.scenario.distances import how_measured
from qb.rounding import round_half_up
from qb.standard import Standard
from qb.terms import Stage, Verdict

MOST = 12  # schools, or coefficients, in one line
CALLED = {  # what each kind of action is called
    "open_school": "开办学校",
    "close_school": "关闭学校",
    "merge_schools": "合并学校",
    "move_pupils": "转学",
    "rezone": "改划小区",
    "new_estate": "新建住宅",
    "transfer_teachers": "教师交流",
    "transfer_equipment": "调配设备",
    "hire": "新进教师",
    "train": "教师培养",
    "build": "建设",
    "buy": "添置",
    "split_classes": "分班",
    "place_overflow": "集团内统筹",
    "fund": "增加经费",
    "set": "改县区数据",
}


def summary(comparison: Comparison) -> str:
    """Return base and scenarios side by side in plain text: compliance and coefficients together."""
    base, year = comparison.base[comparison.year], comparison.year
    made_up = "（模拟数据）" if base.invented else ""
    lines = [f"{year}—{year + 1}学年　{base.standard.title.zh}{made_up}"]
    lines += [*(f"{note}。" for note in comparison.notes), "", "现状（不采取措施）"]
    lines += [*_standing(base), *_walks(comparison, BASE)]
    for number, outcome in enumerate(comparison.outcomes, start=1):
        after = outcome.assessments[year]
        lines += [
            "",
            f"情景{number}　{outcome.scenario.title}",
            *_standing(after),
            *_walks(comparison, number),
            *(f"  注意：{found}。" for found in outcome.findings),
        ]
        lines += [*_changed_schools(outcome), *_changed(outcome, after.standard), *_moved(outcome)]
        lines += _costs(outcome, comparison.costs.title.zh)
        lines += [*_contributions(outcome, after.standard), *_years(comparison, number)]
    lines.append(
        "\n全部数值与变化：加 --json。差异系数与达标须一并看：给明显高于均值的学校增配，差异系数反而上升。"
    )
    return "\n".join(lines)


def _standing(assessment: Assessment) -> list[str]:
    rows = assessment.rows
    lines = []
    for district, verdict in assessment.districts[["district", "verdict"]].itertuples(index=False):
        mine = rows[(rows["district"] == district).to_numpy()]
        passing, silent = (int((mine["verdict"] == v).sum()) for v in (Verdict.PASS, Verdict.NO_DATA))
        balance = assessment.balance
        balance = balance[((balance["district"] == district) & (balance["code"] != COMPOSITE)).to_numpy()]
        over, unknown = (int((balance["verdict"] == v).sum()) for v in (Verdict.FAIL, Verdict.NO_DATA))
        largest = [
            f"{Stage(stage).zh}最大 {_rounded(part['coefficient'].max(), 3)}"
            + (f"（限值 {limit:g}）" if limit == limit else "")
            for stage, part in balance.groupby("stage", sort=False)
            if part["coefficient"].notna().any()
            for limit in (assessment.standard.coefficient_limit(Stage(stage)),)
        ]
        lines.append(
            f"  {district}：{Verdict(verdict).zh}；学校（学段）{len(mine)} 个，达标 {passing}"
            + (f"，缺数据 {silent}；" if silent else "；")
            + (f"差异系数{'、'.join(largest)}，超限 {over} 项" if largest else "差异系数缺数据")
            + (f"，缺数据 {unknown} 项" if largest and unknown else "")
        )
    return lines


def _walks(comparison: Comparison, number: int) -> list[str]:
    walks = comparison.walking
    mine = walks[((walks["scenario"] == number) & (walks["children"] > 0)).to_numpy()]
    parts = [
        f"{Stage(row.stage).zh}平均 {_rounded(row.mean_km, 2)} 公里、最远 {_rounded(row.farthest_km, 2)} 公里"
        for row in mine.itertuples()
    ]
    how = how_measured(mine, comparison.base[comparison.year].standard.rules.distance.detour)
    return [f"  上学路程：{'；'.join(parts)}（{how}）"] if parts else []


def _changed_schools(outcome: Outcome) -> list[str]:
    schools = outcome.data[max(outcome.data)]["schools"]
    name = dict(zip(schools["school_id"], schools["name"], strict=True))
    lines = []
    for what, title, say in (("school verdict", "结论", _verdict), ("met", "达标项数", _count)):
        changes = outcome.changes[(outcome.changes["what"] == what).to_numpy()]
        told = [
            f"{name.get(r.school_id, r.school_id)}{Stage(r.stage).zh} {say(r.before)}→{say(r.after)}"
            for r in changes.itertuples()
        ]
        lines.append(f"  {title}改变的学校（学段）：{_some(told) or '无'}")
    return lines


def _changed(outcome: Outcome, standard: Standard) -> list[str]:
    changes = outcome.changes
    lines = []
    verdicts = changes[(changes["what"] == "indicator verdict").to_numpy()]
    if len(verdicts):
        told = [
            f"{r.code} {standard[r.code].short.zh} {_verdict(r.before)}→{_verdict(r.after)}"
            for r in verdicts.itertuples()
        ]
        lines.append(f"  结论改变的指标：{_some(told)}")
    spread = changes[((changes["what"] == COEFFICIENT) & (changes["code"] != COMPOSITE)).to_numpy()]
    pairs = [(r, _number(r.before, 3), _number(r.after, 3)) for r in spread.itertuples()]
    told = [f"{Stage(r.stage).zh} {r.code} {old}→{new}" for r, old, new in pairs if old != new]
    return [*lines, f"  差异系数：{_some(told, 2 * len(standard.resources))}"] if told else lines


def _moved(outcome: Outcome) -> list[str]:
    moved = outcome.moved
    if not len(moved):
        return []
    by_stage = [
        f"{Stage(stage).zh} {n}" for stage, n in moved.groupby("stage", sort=False)["pupils"].sum().items()
    ]
    return [f"  换学校的学生：{'、'.join(by_stage)} 人"]


def _costs(outcome: Outcome, prices: str) -> list[str]:
    """Say what has a price and what has none."""
    if not len(outcome.costs):
        return []
    sums = total(outcome.costs)
    told = "没有可按单价计算的" if sums["cost_yuan"] is None else _yuan(sums)
    lacking = [
        f"第 {number} 项 {CALLED[do]}{'' if item == do else f'（{item_words(item)}）'}"
        for number, do, item in unpriced(outcome.costs)
    ]
    rest = f"；费用文件中没有单价、未计入：{_some(lacking)}" if lacking else ""
    return [f"  费用（{prices}）：{told}{rest}"]


def _yuan(sums: dict[str, float]) -> str:
    middle, low, high = (f"{_rounded(sums[name] / 1e4, 1)}" for name in ("cost_yuan", "low", "high"))
    return f"{middle} 万元（低 {low}，高 {high}）"


def item_words(item: str) -> str:
    """Return what an item of the costs is called.

    >>> item_words("site"), item_words("sports_ground_m2")
    ('征地和开办', '体育运动场地面积')
    """
    columns = {
        c.name: c.label for table in ("sections", "facilities", "funds") for c in TABLES[table].columns
    }
    return {**columns, SITE: "征地和开办", "rooms": "音美教室"}.get(item) or (
        DISTRICT_ITEMS[item].zh if item in DISTRICT_ITEMS else item
    )


def _contributions(outcome: Outcome, standard: Standard) -> list[str]:
    """Say for each action how many more school rows pass, and the coefficient that it moves most."""
    lines = []
    for (number, do), part in outcome.contributions.groupby(["number", "do"], sort=False):
        passing = part[(part["what"] == PASSING).to_numpy()]
        spread = part[((part["what"] == COEFFICIENT) & (part["code"] != COMPOSITE)).to_numpy()]
        spread = spread.dropna(subset="added")
        text = f"    第 {number} 项 {CALLED[do]}：达标 {passing['added'].sum():+.0f}"
        reason = part["reason"].iloc[0]
        if not pd.isna(reason):
            text += "（后面的操作离不开它）"
        elif left := passing["left_out"].sum():
            text += f"（唯独不做它，达标{'少' if left > 0 else '多'} {abs(left):.0f}）"
        if len(spread) and spread["added"].abs().max() >= 0.0005:
            most = spread.loc[spread["added"].abs().idxmax()]
            text += f"；变动最大的差异系数 {Stage(most['stage']).zh} {most['code']} {most['added']:+.3f}"
        lines.append(text)
    return ["  各项操作的作用（按顺序）：", *lines] if lines else []


def _years(comparison: Comparison, number: int) -> list[str]:
    table = comparison.by_year
    if table["year"].nunique() < 2:
        return []
    passing = table[(table["what"] == PASSING).to_numpy()]
    count = passing.groupby(["year", "scenario"])["value"].sum()
    told = [f"{year} 年 {count[year, BASE]:.0f}→{count[year, number]:.0f}" for year in comparison.base]
    return [f"  逐年达标的学校（学段），现状→情景：{'，'.join(told)}"]


def _verdict(value: object) -> str:
    return "无" if value is None else Verdict(value).zh


def _count(value: object) -> str:
    return "无" if value is None else f"{value:.0f}"


def _number(value: float | None, decimals: int) -> str:
    return "缺数据" if value is None else _rounded(value, decimals)


def _rounded(value: float, decimals: int) -> str:
    return f"{float(round_half_up(value, decimals)):.{decimals}f}"


def _some(told: list[str], most: int = MOST) -> str:
    more = f" 等 {len(told)} 项" if len(told) > most else ""
    return "；".join(told[:most]) + more
