"""A district's verdict in sentences: on the front page, in plain words, by areas, for a terminal (`qb assess`); doubts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qb.data.checks import Doubt
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import deciding
from qb.language import COLON, Lang, in_words, say, told
from qb.report.verdict_keys import shown_indicators
from qb.report.words import (
    Tally,
    area_label,
    coefficient_text,
    listed,
    school_year,
    short_title,
    silent_schools,
    stage_label,
    verdict_label,
)
from qb.standard import Standard
from qb.terms import Allowance, Verdict

_SENTENCES = {
    Verdict.PASS: ("{district}{year}达到{subject}标准。", "{district} meets the standard. {year}."),
    Verdict.FAIL: ("{district}{year}未达到{subject}标准。", "{district} does not meet the standard. {year}."),
    Verdict.NO_DATA: (
        "现有数据不足以判定{district}{year}是否达到{subject}标准。",
        "The data do not tell whether {district} meets the standard. {year}.",
    ),
    Verdict.NOT_APPLICABLE: ("{district}{year}不适用本标准。", "The standard does not apply to {district}. {year}."),
}  # fmt: skip


def verdict_sentence(own: Assessment, lang: Lang) -> str:
    """Say a district's verdict, and name the areas behind it."""
    district, verdict = own.districts[["district", "verdict"]].iloc[0]
    year = school_year(own.year, lang)
    sentence = say(lang, *_SENTENCES[Verdict(verdict)])
    said = [sentence.format(district=district, year=year, subject=own.standard.subject.zh)]
    for word, names in _open_areas(own, lang).items():
        said.append(say(lang, f"{word}：{'、'.join(names)}。", f"{word}: {', '.join(names)}."))
    return say(lang, "", " ").join(said)


def _open_areas(own: Assessment, lang: Lang) -> dict[str, list[str]]:
    """Return the names of the areas that are not met, and of those without data, by the word for it."""
    areas = own.areas
    found = {
        verdict_label(state, lang): [
            area_label(area, own.standard, lang) for area in areas["area"][areas["verdict"] == state]
        ]
        for state in (Verdict.FAIL, Verdict.NO_DATA)
    }
    return {word: names for word, names in found.items() if names}


def areas_sentence(own: Assessment, lang: Lang) -> str:
    """Say a district's verdict by its areas: all are met, or which are not."""
    overall = str(own.districts["verdict"].iloc[0])
    if overall == Verdict.PASS:
        count = in_words(len(own.standard.asked_areas))
        return say(lang, f"{count.zh}个方面全部达标。", f"All {count.en} areas are met.")
    areas = [(word, listed(names, lang)) for word, names in _open_areas(own, lang).items()]
    return say(
        lang,
        f"总体结论：{verdict_label(overall, lang)}。其中{'，'.join(f'{names}{word}' for word, names in areas)}。",
        f"The district: {verdict_label(overall, lang)}. "
        + " ".join(f"{word}: {names}." for word, names in areas),
    )


def plain_verdict(own: Assessment, lang: Lang) -> str:
    """Say a district's verdict for readers who know none of the terms.

    Parameters
    ----------
    own : Assessment
        Of one district.
    """
    overall, tally = str(own.districts["verdict"].iloc[0]), Tally.of(own.rows["verdict"])
    if overall == Verdict.PASS:
        asked = own.standard
        known = [
            ("各校的办学条件够标准", "schools have what they need")
            if asked.limits_schools and tally.held
            else None,
            ("各校之间的差别不大", "they are much alike") if asked.rules.coefficient and tally.held else None,
        ]
        zh, en = zip(
            *filter(None, (*known, ("各项工作达到要求", "the work is as it should be"))), strict=True
        )
        return say(lang, f"通俗地说：{'，'.join(zh)}。", f"In plain words: {', '.join(en)}.")
    if overall != Verdict.FAIL:
        return say(
            lang,
            "通俗地说：有的数据还没有报送，现在不能下结论。",
            "In plain words: some data are missing, so nobody can tell yet.",
        )
    if tally.failed:
        return say(
            lang,
            f"通俗地说：全区 {tally.held} 个学校（学段）中，还有 {tally.failed} 个的办学条件不够标准。",
            f"In plain words: {tally.failed} of {tally.held} school stages still lack some of what they need.",
        )
    return say(
        lang,
        "通俗地说：各校的办学条件没有判为不够的，其他方面还有没达到要求的。",
        "In plain words: no school is known to lack what it needs, but other things are not as they should be.",
    )


def coefficients_said(tally: Tally, standard: Standard, lang: Lang, over: str = "") -> str:
    """Return in words how many of the deciding coefficients exceed their limit, and how many are not computed.

    `over` names those above; the sentence has no full stop.

    >>> from qb.standard import load
    >>> held = load()
    >>> coefficients_said(Tally(0, 0, 0, 14), held, "zh"), coefficients_said(Tally(6, 1, 0, 7), held, "zh")
    ('14 个差异系数都无法计算（缺数据，或各校都没有这项资源）', '能计算的 7 个差异系数中 1 个超过限值，另有 7 个无法计算')
    """
    if standard.rules.coefficient is None:
        return say(lang, "标准不限定差异系数", "The standard sets no limit on coefficients")
    if not tally.held:
        return say(
            lang, "没有参加评估的学校，没有差异系数", "No school is judged, so there are no coefficients"
        )
    mean, means = ("平均值", "means of the ") if standard.mean_decides else ("", "")
    if not tally.known:
        return say(
            lang,
            f"{tally.held} 个差异系数{mean}都无法计算（缺数据，或各校都没有这项资源）",
            f"The {tally.held} {means}coefficients cannot be computed (no data, or no school holds anything)",
        )
    able = say(lang, "能计算的 ", "that can be computed ") if tally.unknown else ""
    text = (
        say(
            lang,
            f"{able}{tally.known} 个差异系数{mean}中 {tally.failed} 个超过限值",
            f"{tally.failed} of the {tally.known} {means}coefficients {able}{'exceeds its' if tally.failed == 1 else 'exceed their'} limit",
        )
        if tally.failed
        else say(
            lang,
            f"{able}{tally.known} 个差异系数{mean}都在限值以内",
            f"{'Both' if tally.known == 2 else f'All {tally.known}'} {means}coefficients {able}are within their limits",
        )
    )
    if over:
        text += say(lang, f"：{over}", f": {over}")
    if tally.unknown:
        text += say(lang, f"，另有 {tally.unknown} 个无法计算", f"; {tally.unknown} more cannot be computed")
    return text


def schools_said(tally: Tally, lang: Lang) -> str:
    """Return in words how many schools pass, fail and wait for data; empty where there are none.

    >>> schools_said(Tally(0, 0, 0, 3), "zh"), schools_said(Tally(2, 0, 0, 1), "zh"), schools_said(Tally(2, 1, 0, 0), "zh")
    ('3 所都缺数据，无法判断', '2 所达标，1 所缺数据', '1 所未达标')
    """
    if not tally.known:
        both = "" if tally.held == 1 else "都"
        return (
            say(
                lang,
                f"{tally.held} 所{both}缺数据，无法判断",
                f"no data on {tally.held} of {tally.held}, nobody can tell",
            )
            if tally.held
            else ""
        )
    counts = [(tally.unknown, "缺数据", "without data")]
    if tally.failed:
        counts.insert(0, (tally.failed, "未达标", "not met"))
    else:
        counts.insert(0, (tally.passed, "都达标" if 1 < tally.passed == tally.held else "达标", "met"))
    parts = [say(lang, f"{n} 所{zh}", f"{n} of {tally.held} {en}") for n, zh, en in counts if n]
    return say(lang, "，", ", ").join(parts)


# An assessment in a few lines, for a terminal.


MOST_DISTRICTS = 50
MOST_SCHOOLS = 10


def summary(assessment: Assessment, doubts: Sequence[Doubt] = (), lang: Lang = "zh") -> str:
    """Return the verdicts of every district in plain text, with the doubts beside them."""
    made_up = say(lang, "（模拟数据）", " (invented data)") if assessment.invented else ""
    year, title = school_year(assessment.year, lang), told(assessment.standard.title, lang)
    lines = [f"{year}{say(lang, '　', '  ')}{title}{made_up}"]
    names = assessment.districts["district"].tolist()
    for district in names[:MOST_DISTRICTS]:
        lines += ["", *_district(assessment.of(district), district, lang)]
        mine = [doubt for doubt in doubts if district in doubt.districts]
        lines += [
            f"  {doubts_said([d], lang)[0]}{told(COLON, lang)}{told(d.fault.message, lang)}" for d in mine
        ]
    if more := len(names[MOST_DISTRICTS:]):
        zh, en = f"另有 {more} 个县区；全部结果请用 --json。", f"{more} more districts; for all add --json."
        lines.append("\n" + say(lang, zh, en))
    zh, en = (
        "各校数值与缺口：加 --json；网页报告：qb publish。",
        "Schools' figures and gaps: add --json; pages: qb publish.",
    )
    lines.append("\n" + say(lang, zh, en))
    return "\n".join(lines)


def doubts_said(doubts: Iterable[Doubt], lang: Lang) -> list[str]:
    """Say which verdicts cannot be trusted, and for which columns: a sentence for the same indicators."""
    by_codes: dict[tuple[str, ...], dict[str, None]] = {}
    for doubt in doubts:
        name = say(lang, f"“{doubt.column.label}”", f"{doubt.column.name} of {doubt.fault.table}")
        by_codes.setdefault(doubt.codes, {})[name] = None
    return [
        say(
            lang,
            f"结论有疑问（{listed(list(codes), lang, most=9)}），{'、'.join(names)}先核对",
            f"Verdicts in doubt ({listed(list(codes), lang, most=9)}): {', '.join(names)} "
            f"{'is' if len(names) == 1 else 'are'} beyond anything plausible",
        )
        for codes, names in by_codes.items()
    ]


def _district(own: Assessment, district: str, lang: Lang) -> list[str]:
    schools, out = Tally.of(own.rows["verdict"]), len(own.excluded)
    areas = (
        f"{told(own.standard.area_title(area), lang)} {verdict_label(verdict, lang)}"
        for area, verdict in own.areas[["area", "verdict"]].itertuples(index=False)
    )
    judged = say(
        lang,
        f"  学校（学段）{schools.held} 个：达标 {schools.passed}，未达标 {schools.failed}，缺数据 {schools.unknown}；按规则不参加 {out} 个",
        f"  {schools.held} schools (stages): {schools.passed} met, {schools.failed} not met, {schools.unknown} without data; {out} left out by the rules",
    )
    counted = say(
        lang,
        f"  学校（学段）{len(own.rows)} 个，标准对学校没有限值；按规则不参加 {out} 个",
        f"  {len(own.rows)} schools (stages), for which the standard has no limits; {out} left out by the rules",
    )
    lines = [
        f"{district}{told(COLON, lang)}{verdict_label(own.districts['verdict'].iloc[0], lang)}",
        "  " + say(lang, "　", "  ").join(areas),
        judged if own.standard.rules.school else counted,
    ]
    silent = silent_schools(own, lang)
    if silent:
        zh, en = "没有报送学段数据（按缺数据处理）：", "no sections reported (counted as “no data”): "
        lines.append(f"  {say(lang, zh, en)}{listed(silent, lang, MOST_SCHOOLS)}")
    spread = own.balance[own.balance["code"].isin(deciding(own.standard)).to_numpy()]
    over = spread[(spread["verdict"] == Verdict.FAIL).to_numpy()]
    lines.append(f"  {coefficients_said(Tally.of(spread['verdict']), own.standard, lang)}")
    for row in over.itertuples():
        name = f"{stage_label(row.stage, lang)} {short_title(row.code, own.standard, lang)}"
        value = coefficient_text(row.coefficient, row.limit, lang)
        zh = f"  差异系数超限：{name} {value}（限值 {row.limit:g}）"
        lines.append(say(lang, zh, f"  coefficient above its limit: {name} {value} (limit {row.limit:g})"))
    seen = shown_indicators(own)
    for verdict in (Verdict.FAIL, Allowance.IN_DISTRICT, Verdict.NO_DATA):
        codes = own.indicators.loc[seen == str(verdict), "code"].tolist()
        if codes:
            what = verdict_label(verdict, lang)
            zh = f"  指标{what}：{'、'.join(codes)}"
            lines.append(say(lang, zh, f"  indicators, {what.lower()}: {', '.join(codes)}"))
    if own.transition is not None:
        relieved = verdict_label(own.transition.districts["verdict"].iloc[0], lang)
        lines.append(say(lang, f"  按过渡条款：{relieved}", f"  by the transition clauses: {relieved}"))
    return lines
