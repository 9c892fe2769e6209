"""Sites chosen in a few lines, for a terminal: the plans, the front of cost and reach; what `qb siting` does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from qb.data.reading import read
from qb.files import write_whole
from qb.language import Both, Lang, Message, joined, json_text, listing, told
from qb.planning.costs import load_costs
from qb.planning.scenario import to_toml
from qb.planning.siting.candidate_sites import Aim
from qb.planning.siting.pareto_front import LEVELS, PATIENT, QUICK, SWING, front, swayed, trade_off
from qb.planning.siting.site_choice import json_document, prices, site
from qb.planning.siting.siting_solver import NOW, Siting, SitingStatus
from qb.rounding import round_half_up
from qb.standard import chosen_standard
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
            proof = Message(
                "；{}（{}）", "; {} ({})", SitingStatus(row.status), _bounds(row, siting.asked.counts)
            )
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


# What one more school buys, and the front.


def trade_off_lines(curve: pd.DataFrame) -> Message:
    """Return in plain text what each number of new schools reaches, and one more buys."""
    lines = [
        Message(
            "  逐所增加（每行是该建校数下的最优方案，括号内与上一行比）：",
            "  One more at a time (each line the best plan for that many schools, against the line before in brackets):",
        )
    ]
    for row in curve.itertuples():
        sites_said = row.sites or Both("只调整划片", "zones alone")
        name = Message("    {} 所　{}", "    {}  {}", row.new, sites_said)
        if row.unplaced > 0:
            zh, en = "{}：{:.0f} 名学生没有学位", "{}: {:.0f} pupils have no place"
            lines.append(Message(zh, en, name, row.unplaced))
            continue
        known = row.more_within == row.more_within
        text = Message(
            "{}：步行距离以内 {:.0f} 名{}，步行总里程 {:.1f} 千米{}，最远 {:.2f} 千米",
            "{}: {:.0f} within the walk{}, {:.1f} km of walks in all{}, farthest {:.2f} km",
            name,
            row.within,
            Message("（增 {:.0f} 名）", " ({:.0f} more)", row.more_within) if known else "",
            row.child_km,
            _apart(row.less_km) if known else "",
            row.farthest_km,
        )
        if isinstance(row.reason, str):
            text += Message("；{}", "; {}", row.reason)
        elif row.new:
            cost = tens_of_thousands(row.cost_yuan)
            text += Message(
                "；建校和第一年工资约 {} 万元", "; schools with a year's pay for about {} yuan", cost
            )
            if row.yuan_per_child == row.yuan_per_child:
                text += Message(
                    "，每增一名约 {} 万元",
                    ", about {} yuan for each child more",
                    Both(f"{row.yuan_per_child / 10000:.1f}", f"{row.yuan_per_child:,.0f}"),
                )
        lines.append(Message("{}；{}", "{}; {}", text, SitingStatus(row.status)))
    if curve.attrs["late"]:
        zh, en = "    到时，第 {} 所起没有算", "    Out of time: nothing is known from school {} on"
        lines.append(Message(zh, en, len(curve)))
    elif curve.attrs["stops"]:
        zh, en = "    第 {} 所未见所得，不再增加", "    No gain is seen from school {}: no more are tried"
        lines.append(Message(zh, en, len(curve)))
    return joined("\n", "\n", lines)


def _apart(less: float) -> Message:
    zh, en = (
        ("（减 {:.1f} 千米）", " ({:.1f} km less)")
        if less >= 0
        else ("（增 {:.1f} 千米）", " ({:.1f} km more)")
    )
    return Message(zh, en, abs(less))


def front_lines(table: pd.DataFrame, swings: pd.DataFrame) -> Message:
    """Return the front in plain text, what each further pupil costs, and which price would change the choice."""
    lines = [
        Message(
            "  费用、步行距离以内的学生与步行总里程互不占优的方案（前沿）：",
            "  Plans of which none is better in cost, pupils within the walk and walks in all (the front):",
        )
    ]
    for row in table.itertuples():
        more = ""
        if row.yuan_per_child == row.yuan_per_child:
            more = Message(
                "；比省钱一档多 {:.0f} 名，每增一名约 {} 万元",
                "; {:.0f} more than the cheaper one, about {} yuan for each",
                row.more_within,
                Both(f"{row.yuan_per_child / 10000:.1f}", f"{row.yuan_per_child:,.0f}"),
            )
        lines.append(
            Message(
                "    约 {} 万元　{}：步行距离以内 {:.0f} 名，步行总里程 {:.1f} 千米，最远 {:.2f} 千米{}；{}",
                "    about {} yuan  {}: {:.0f} within the walk, {:.1f} km of walks in all, farthest {:.2f} km{}; {}",
                tens_of_thousands(row.cost_yuan),
                row.sites or Both("只调整划片", "zones alone"),
                row.within,
                row.child_km,
                row.farthest_km,
                more,
                SitingStatus(row.status),
            )
        )
    lines += [Message("    {}", "    {}", line) for line in proven_lines(table)]
    if table.attrs["proven"]:  # of what was not found nothing is said
        lines += [Message("  {}", "  {}", line) for line in swing_lines(swings)]
    return joined("\n", "\n", lines)


def proven_lines(table: pd.DataFrame) -> list[Message]:
    """Say whether a front is complete; where it is not, what is proven of every plan of each sum of money."""
    points = table.attrs["points"]
    if table.attrs["complete"]:
        zh = "前沿已查完，各方案均已证最优；同一费用下就近最多与里程最少的方案之间至多列 {} 个"
        en = "The front is complete, each plan proven best; between most within the walk and least walk at one cost {} are shown at most"
        return [Message(zh, en, LEVELS)]
    if not table.attrs["proven"]:
        zh = "到时为止，前沿可能还有别的方案；校址多时可用 --points 少取几档费用"
        en = "Out of time: the front may have more plans; where there are many sites --points asks for fewer sums of money"
    else:
        zh = "取 {} 档费用，每档列就近最多和里程最少的方案，均已证最优；两档之间可能还有别的方案"
        en = "{} sums of money, for each the plan with most within the walk and that of least walk, all proven best; there may be more plans between two sums"
    both = table.attrs["bounds"].dropna()  # only what is known of either
    return [
        Message(zh, en, points),
        *(
            Message(
                "已证：{}的任何方案，步行距离以内至多 {:.0f} 名，步行总里程至少 {:.1f} 千米",
                "Proven of all plans {}: at most {:.0f} within the walk, at least {:.1f} km of walks",
                Both("不限费用", "of any cost")
                if np.isinf(row.budget_yuan)
                else Message(
                    "费用不超过 {} 万元", "for no more than {} yuan", tens_of_thousands(row.budget_yuan)
                ),
                row.within_at_most,
                row.child_km_at_least,
            )
            for row in both.itertuples()
        ),
    ]


def swing_lines(swings: pd.DataFrame) -> list[Message]:
    """Say which plan buys each further pupil for least, and which site's cost would change that."""
    if not len(swings) or not swings["now"].iloc[0]:
        return [
            Message(
                "没有一个方案比最省钱的让更多学生就近入学",
                "No plan brings more pupils within the walk than the cheapest",
            )
        ]
    now = swings["now"].iloc[0]
    lines = [
        Message("每增一名就近入学的学生花费最少的：{}", "Least for each pupil more within the walk: {}", now)
    ]
    for row in swings.itertuples():
        for word, other in ((Both("降", "down"), row.cheaper), (Both("升", "up"), row.dearer)):
            if other != now:
                lines.append(
                    Message(
                        "{} 的费用{} {:.0%}，改为 {}",
                        "{} {} {:.0%}: {} instead",
                        row.site,
                        word,
                        SWING,
                        other,
                    )
                )
    same = Message(
        "任一校址的费用升降 {:.0%}，选择不变",
        "The cost of any site {:.0%} up or down: the same choice",
        SWING,
    )
    return lines if len(lines) > 1 else [*lines, same]


# What ``qb siting`` does: read, choose, print.


def run(
    data: Path,
    candidates: Path,
    year: int | None = None,
    standard: str | None = None,
    most: int = 1,
    costs: Path | None = None,
    out: Path | None = None,
    curve: bool = False,
    points: int | None = None,
    as_json: bool = False,
    lang: Lang = "zh",
) -> str:
    """Return what the command prints; write the best plan as a scenario file where `out` is given."""
    curve = curve or points is not None
    given, priced, chosen = read(data, standard), load_costs(costs), chosen_standard(standard)
    found = site(given, candidates, year, standard, most, costs=priced)
    if out is not None:
        write_whole(out, to_toml(found.scenario(1)))
    end, seconds = (most if most > 1 else None), (QUICK if points is None else PATIENT)
    more = trade_off(found, given, chosen, priced, end, seconds) if curve else None
    edge = front(found, given, chosen, priced, end, seconds, points) if curve else None
    if as_json:
        return json_text(json_document(found, more, edge), lang)
    text = summary(found)
    if more is None or edge is None:
        return told(text, lang)
    swings = swayed(edge, found, prices(found.candidates, given, found.year, priced, chosen))
    lines = [text, trade_off_lines(more), front_lines(edge, swings)]
    return told(joined("\n", "\n", lines), lang)
