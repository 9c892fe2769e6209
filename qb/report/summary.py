"""An assessment in a few lines, for a terminal."""

from __future__ import annotations

from qb.judge import COMPOSITE, Assessment
from qb.report.counts import Tally, coefficients_said, silent_schools
from qb.report.facts import shown_indicators
from qb.report.words import AREAS, listed, number, school_year, stage_label, title, verdict_label
from qb.terms import Allowance, Verdict

MOST_DISTRICTS = 50
MOST_SCHOOLS = 10


def summary(assessment: Assessment) -> str:
    """Return the verdicts of every district in plain text."""
    made_up = "（模拟数据）" if assessment.invented else ""
    lines = [f"{school_year(assessment.year, 'zh')}　{assessment.standard.title.zh}{made_up}"]
    names = assessment.districts["district"].tolist()
    for district in names[:MOST_DISTRICTS]:
        lines += ["", *_district(assessment.of(district), district)]
    if len(names) > MOST_DISTRICTS:
        lines.append(f"\n另有 {len(names) - MOST_DISTRICTS} 个县区；全部结果请用 --json。")
    lines.append("\n各校数值与缺口：加 --json；网页报告：qb publish。")
    return "\n".join(lines)


def _district(own: Assessment, district: str) -> list[str]:
    schools = Tally.of(own.rows["verdict"])
    lines = [
        f"{district}：{verdict_label(own.districts['verdict'].iloc[0], 'zh')}",
        "  "
        + "　".join(
            f"{AREAS[area][0]} {verdict_label(verdict, 'zh')}"
            for area, verdict in own.areas[["area", "verdict"]].itertuples(index=False)
        ),
        f"  学校（学段）{schools.held} 个：达标 {schools.passed}，未达标 {schools.failed}，"
        f"缺数据 {schools.unknown}；按规则不参加 {len(own.excluded)} 个",
    ]
    silent = silent_schools(own, "zh")
    if silent:
        lines.append(f"  没有报送学段数据（按缺数据处理）：{listed(silent, 'zh', MOST_SCHOOLS)}")
    spread = own.balance[(own.balance["code"] != COMPOSITE).to_numpy()]
    over = spread[(spread["verdict"] == Verdict.FAIL).to_numpy()]
    lines.append(f"  {coefficients_said(Tally.of(spread['verdict']), 'zh')}")
    lines += [
        f"  差异系数超限：{stage_label(row.stage, 'zh')} {title(own.standard[row.code], 'zh', short=True)} "
        f"{number(row.coefficient, 3, beside=row.limit)}（限值 {row.limit:g}）"
        for row in over.itertuples()
    ]
    seen = shown_indicators(own)
    for verdict in (Verdict.FAIL, Allowance.IN_DISTRICT, Verdict.NO_DATA):
        codes = own.indicators.loc[seen == str(verdict), "code"].tolist()
        if codes:
            lines.append(f"  指标{verdict_label(verdict, 'zh')}：{'、'.join(codes)}")
    if own.transition is not None:
        relieved = own.transition.districts["verdict"].iloc[0]
        lines.append(f"  按过渡条款：{verdict_label(relieved, 'zh')}")
    return lines
