"""A siting in a few lines, for a terminal."""

from __future__ import annotations

from qb.rounding import round_half_up
from qb.siting.plans import NOW, Siting
from qb.siting.solve import Status
from qb.terms import COMPULSORY

PRICED = (
    "费用是假设：候选校址文件没有写明的，按新校应有的教学用房、运动场地、设备乘以费用文件的单价，"
    "不含征地、行政生活用房和人员经费"
)


def summary(siting: Siting) -> str:
    """Return the plans side by side in plain text, and of the best one which site, kind and size."""
    lines = [f"{siting.year}—{siting.year + 1}学年　新校选址：{siting.status.zh}"]
    for row in siting.options.itertuples():
        if row.option == NOW:
            name, proof = "现状", ""
        else:
            name = f"方案{row.option}　{row.sites or '只调整划片'}"
            proof = f"；{Status(row.status).zh}（步行总里程下界 {row.bound:.1f} 千米，差距 {row.gap:.2%}）"
        if row.unplaced and row.unplaced > 0:
            lines.append(f"  {name}：{row.unplaced:.0f} 名学生没有学位")
            continue
        verdicts = row.reason if isinstance(row.reason, str) else (
            f"学校（学段）{row.rows:.0f} 个，达标 {row.passing:.0f}{_no_data(row.no_data)}；"
            f"差异系数{'缺数据' if row.over != row.over else f'超限 {row.over:.0f} 项'}；"
            f"未达标准 {row.lacking:.0f} 处，补齐约 {_wan(row.lacking_yuan)} 万元"
        )  # fmt: skip
        if row.cost_yuan > 0:
            around = f"{_wan(row.low_yuan)}—{_wan(row.high_yuan)}"
            verdicts += f"；建校约 {_wan(row.cost_yuan)} 万元（{around}）"
        lines.append(
            f"  {name}：{row.children:.0f} 名学生中 {row.within:.0f} 名在步行距离以内，"
            f"平均 {row.mean_km:.2f} 千米，最远 {row.farthest_km:.2f} 千米；{verdicts}{proof}"
        )
    if siting.closest is not None:
        same = "，即步行最近的方案" if siting.closest == 1 else ""
        order = "先比未达标的学校，再比超限的差异系数，再比补齐费用"
        lines.append(f"  最接近达标的是方案{siting.closest}{same}（{order}）")
    for one in siting.chosen:
        sizes = "、".join(f"{s.zh} {one.capacity(s)} 人" for s in COMPULSORY if one.capacity(s))
        lines.append(f"  建议开办：{one.name}（{one.site}），{one.kind.zh}，{sizes}")
    if siting.chosen:
        lines.append(f"  说明：{PRICED}")
    return "\n".join([*lines, *(f"  说明：{note}" for note in siting.notes)])


def _no_data(rows: float) -> str:
    return f"，缺数据 {rows:.0f}" if rows else ""


def _wan(yuan: float) -> str:
    return f"{float(round_half_up(yuan / 10000, 0)):,.0f}"
