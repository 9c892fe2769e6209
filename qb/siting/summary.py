"""A siting in a few lines, for a terminal."""

from __future__ import annotations

from qb.siting.plans import NOW, Siting
from qb.siting.solve import Status
from qb.terms import COMPULSORY


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
            f"学校（学段）{row.rows:.0f} 个，达标 {row.passing:.0f}；差异系数超限 {row.over:.0f} 项"
        )  # fmt: skip
        lines.append(
            f"  {name}：{row.children:.0f} 名学生中 {row.within:.0f} 名在步行距离以内，"
            f"平均 {row.mean_km:.2f} 千米，最远 {row.farthest_km:.2f} 千米；{verdicts}{proof}"
        )
    for one in siting.chosen:
        sizes = "、".join(f"{s.zh} {one.capacity(s)} 人" for s in COMPULSORY if one.capacity(s))
        lines.append(f"  建议开办：{one.name}（{one.site}），{one.kind.zh}，{sizes}")
    return "\n".join([*lines, *(f"  说明：{note}" for note in siting.notes)])
