"""A siting in a few lines, for a terminal."""

from __future__ import annotations

from qb.language import Both, Message, joined, listing
from qb.planning.siting.candidate_sites import Aim
from qb.planning.siting.siting_solver import NOW, Siting, Status
from qb.rounding import round_half_up
from qb.terms import COMPULSORY, Verdict

PRICED = Message(
    "费用是假设：候选校址文件没有写明的，按新校应有的教学用房、运动场地、设备乘以费用文件的单价，不含征地、行政生活用房；另加新校教师一年的工资（同 qb whatif）",
    "Costs are assumed: what the file of candidates does not say is the teaching rooms, sports grounds and equipment of a new school at the prices of the cost file, without land, offices and living rooms; to it comes a year's pay of its teachers (as in qb whatif)",
)


def summary(siting: Siting) -> Message:
    """Return the plans side by side in plain text, and of the best one which site, kind and size."""
    lines = [
        Message(
            "{}—{}学年\u3000新校选址：{}",
            "{}–{}  Sites for new schools: {}",
            siting.year,
            siting.year + 1,
            siting.status,
        )
    ]
    for row in siting.options.itertuples():
        if row.option == NOW:
            name, proof = Message("现状", "As it is"), ""
        else:
            sites = row.sites or Both("只调整划片", "zones alone")
            name = Message("方案{}　{}", "plan {}  {}", row.option, sites)
            proof = Message("；{}（{}）", "; {} ({})", Status(row.status), _bounds(row, siting.asked.counts))
        if row.unplaced and row.unplaced > 0:
            lines.append(
                Message(
                    "  {}：{:.0f} 名学生没有学位", "  {}: {:.0f} pupils have no place", name, row.unplaced
                )
            )
            continue
        verdicts = row.reason if isinstance(row.reason, str) else _standing_words(row)
        if row.cost_yuan > 0:
            verdicts += Message(
                "；建校和第一年工资约 {} 万元（{}—{}）",
                "; schools with a year's pay for about {} yuan ({}–{})",
                *map(tens_of_thousands, (row.cost_yuan, row.low_yuan, row.high_yuan)),
            )
        lines.append(
            Message(
                "  {}：{:.0f} 名学生中 {:.0f} 名在步行距离以内，平均 {:.2f} 千米，最远 {:.2f} 千米；{}{}",
                "  {}: of {:.0f} pupils {:.0f} are within the walk, {:.2f} km on average, {:.2f} km at most; {}{}",
                name,
                row.children,
                row.within,
                row.mean_km,
                row.farthest_km,
                verdicts,
                proof,
            )
        )
    if siting.closest is not None:
        same = (
            Message("，即步行最近的方案", ", the one with the shortest walk") if siting.closest == 1 else ""
        )
        order = Message(
            "先比未达标的学校，再比超限的差异系数，再比补齐费用",
            "fewest failing schools, then coefficients above their limit, then the cost of making up",
        )
        lines.append(
            Message(
                "  最接近达标的是方案{}{}（{}）",
                "  Closest to the standard is plan {}{} ({})",
                siting.closest,
                same,
                order,
            )
        )
    for one in siting.chosen:
        sizes = listing(
            Message("{} {} 人", "{} {} pupils", s, one.capacity(s)) for s in COMPULSORY if one.capacity(s)
        )
        lines.append(
            Message(
                "  建议开办：{}（{}），{}，{}",
                "  To be opened: {} ({}), {}, {}",
                one.name,
                one.site,
                one.kind,
                sizes,
            )
        )
    if siting.chosen:
        lines.append(Message("  说明：{}", "  Note: {}", PRICED))
    notes = (Message("  说明：{}", "  Note: {}", note) for note in (_asked(siting), *siting.notes))
    return joined("\n", "\n", [*lines, *notes])


def _bounds(row: tuple, counts: Aim) -> Message:
    """Return what is proven of what counts first, and of the walk given so much of it."""
    walk = Message(
        "步行总里程 {:.1f} 千米，下界 {:.1f} 千米，差距 {:.2%}",
        "{:.1f} km of walks in all, {:.1f} km at least, gap {:.2%}",
        row.child_km,
        row.bound,
        row.gap,
    )
    if counts is Aim.WALK:
        return walk
    if counts is Aim.FARTHEST:
        return Message(
            "最远至少 {:.2f} 千米，差距 {:.2%}；最远不增时{}",
            "farthest {:.2f} km at least, gap {:.2%}; with no farther, {}",
            row.farthest_bound,
            row.farthest_gap,
            walk,
        )
    return Message(
        "步行距离以内至多 {:.0f} 名，差距 {:.2%}；覆盖不减时{}",
        "at most {:.0f} within the walk, gap {:.2%}; with no fewer covered, {}",
        row.within_bound,
        row.within_gap,
        walk,
    )


def _asked(siting: Siting) -> Message:
    """Return what counted first, the walking limits, and how walks were measured."""
    limits = (
        Message("{} {:g} 千米", "{} {:g} km", stage, siting.labels.limits_km[str(stage)])
        for stage in COMPULSORY
    )
    labels, whose = siting.labels, Message("步行距离", "walks are")
    if labels.measured:
        whose = Message(
            "小区到学校、校址的 {} 条路中 {} 条取自到校距离表，其余",
            "of {} ways from zones to schools and sites {} are from the table of walking distances, the rest",
            labels.pairs,
            labels.measured,
        )
    return Message(
        "先比{}；步行距离限值：{}；{}按直线距离 × {:g} 估算",
        "first counts: {}; walking limits: {}; {} estimated as the straight line × {:g}",
        siting.asked.counts,
        listing(limits),
        whose,
        labels.detour,
    )


def _standing_words(row: tuple) -> Message:
    """Return how the schools and the coefficients stand, and what making up would cost."""
    over = Message("超限 {:.0f} 项", "{:.0f} above their limit", row.over)
    return Message(
        "学校（学段）{:.0f} 个，达标 {:.0f}{}；差异系数{}；未达标准 {:.0f} 处，补齐约 {} 万元",
        "{:.0f} schools (stages), {:.0f} met{}; coefficients: {}; {:.0f} figures below the standard, to be made up for about {} yuan",
        row.rows,
        row.passing,
        Message("，缺数据 {:.0f}", ", {:.0f} without data", row.no_data) if row.no_data else "",
        Verdict.NO_DATA if row.over != row.over else over,
        row.lacking,
        tens_of_thousands(row.lacking_yuan),
    )


def tens_of_thousands(yuan: float) -> Both:
    """Return yuan as a line shows them: in Chinese whole 万, in English as many yuan."""
    rounded = float(round_half_up(yuan / 10000, 0))
    return Both(f"{rounded:,.0f}", f"{10000 * rounded:,.0f}")
