"""What became of a figure and of a verdict since the year before: in words, with an arrow."""

from __future__ import annotations

from qb.indicators.assessment import Assessment
from qb.report.words import Lang, Tally, number, say, verdict_label
from qb.terms import Verdict

_ORDER = (Verdict.FAIL, Verdict.PASS)  # between which a verdict goes up or down


def nothing(lang: Lang) -> str:
    """Return what is said where the year before has nothing to compare with."""
    return say(lang, "去年无数据", "no data the year before")


def moved(now: float, then: float, decimals: int, lang: Lang) -> str:
    """Return last year's figure and how far it moved, with as many digits as tell the two apart.

    >>> moved(5.85, 5.79, 2, "zh"), moved(5.7, 5.7, 2, "zh"), moved(5.704, 5.701, 2, "zh")
    ('5.79 ↑ 升 0.06', '5.70 → 持平', '5.701 ↑ 升 0.003')
    >>> moved(5.85, float("nan"), 2, "zh"), moved(float("nan"), 5.79, 2, "zh")
    ('去年无数据', '5.79')
    """
    if then != then:
        return nothing(lang)
    text = number(then, decimals, lang, beside=now if now == now else None)
    if now != now:
        return text
    if abs(now - then) < 1e-9:
        return f"{text} → {say(lang, '持平', 'no change')}"
    size = number(abs(now - then), decimals, lang, beside=0)
    return f"{text} " + (
        say(lang, f"↑ 升 {size}", f"↑ {size} up")
        if now > then
        else say(lang, f"↓ 降 {size}", f"↓ {size} down")
    )


def turned(now: str, then: str | None, lang: Lang) -> str:
    """Return last year's verdict, and whether it went up, down or stayed; None where there was none.

    >>> turned("pass", "fail", "zh"), turned("fail", "fail", "zh"), turned("pass", "no data", "zh")
    ('去年未达标，↑ 好转', '去年未达标，→ 没有变化', '去年缺数据')
    """
    if then is None:
        return nothing(lang)
    word = verdict_label(then, lang)
    told = say(lang, f"去年{word}", f"the year before: {word.lower()}")
    if now == then:
        return told + say(lang, "，→ 没有变化", ", → no change")
    if now not in _ORDER or then not in _ORDER:
        return told
    return told + (
        say(lang, "，↑ 好转", ", ↑ better") if now == Verdict.PASS else say(lang, "，↓ 变差", ", ↓ worse")
    )


def areas_turned(now: Assessment, then: Assessment | None, lang: Lang) -> dict[str, str]:
    """Return of a district ("") and of each of its areas what became of the verdict since the year before."""
    before = {} if then is None else _verdicts(then)
    return {area: turned(verdict, before.get(area), lang) for area, verdict in _verdicts(now).items()}


def _verdicts(own: Assessment) -> dict[str, str]:
    areas = dict(zip(own.areas["area"], own.areas["verdict"].astype(str), strict=True))
    return {"": str(own.districts["verdict"].iloc[0])} | areas


def counted(now: Tally, then: Tally | None, lang: Lang) -> str:
    """Return how many were met the year before, of how many, and how many more or fewer are now."""
    if then is None or not then.known:
        return nothing(lang)
    told = say(lang, f"去年 {then.passed} / {then.held}", f"the year before: {then.passed} / {then.held}")
    return f"{told}{say(lang, '，', ', ')}{direction(now.passed - then.passed, lang)}" if now.known else told


def direction(step: int, lang: Lang) -> str:
    """Return by how many a count went up or down.

    >>> [direction(step, "zh") for step in (2, -1, 0)]
    ['↑ 增加 2 个', '↓ 减少 1 个', '→ 持平']
    """
    if not step:
        return say(lang, "→ 持平", "→ no change")
    return (
        say(lang, f"↑ 增加 {step} 个", f"↑ {step} more")
        if step > 0
        else say(lang, f"↓ 减少 {-step} 个", f"↓ {-step} fewer")
    )
