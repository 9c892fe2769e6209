"""How many of many are met: counts of verdicts, and words that say also what nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from qb.judge import Assessment
from qb.report.words import Lang, say, stage_label, verdict_label
from qb.terms import Allowance, Verdict


@dataclass(frozen=True)
class Tally:
    """Counts of verdicts as readers see them.

    Attributes
    ----------
    passed, failed, allowed, unknown : int
        Met; not met; below the standard where the school rule allows it; without data. What does not
        apply is not counted.
    """

    passed: int
    failed: int
    allowed: int
    unknown: int

    @classmethod
    def of(cls, verdicts: Iterable[object]) -> Tally:
        """Count verdicts.

        >>> Tally.of(["pass", "pass", "allowed at schools", "no data", "not applicable"])
        Tally(passed=2, failed=0, allowed=1, unknown=1)
        """
        counts = Counter(map(str, verdicts))
        allowed = sum(counts[str(member)] for member in Allowance)
        return cls(counts[Verdict.PASS], counts[Verdict.FAIL], allowed, counts[Verdict.NO_DATA])

    @property
    def known(self) -> int:
        """How many have a verdict."""
        return self.passed + self.failed + self.allowed

    @property
    def held(self) -> int:
        """How many a rule applies to."""
        return self.known + self.unknown

    def of_all(self, lang: Lang) -> str:
        """Return how many of all are met, and in words what is neither met nor unmet.

        >>> Tally(30, 0, 1, 0).of_all("zh"), Tally(0, 0, 0, 14).of_all("zh"), Tally(3, 1, 0, 1).of_all("zh")
        ('30 / 31（规则允许 1）', '缺数据', '3 / 5（缺数据 1）')
        """
        if not self.known:
            return verdict_label(Verdict.NO_DATA if self.held else Verdict.NOT_APPLICABLE, lang)
        text = f"{self.passed} / {self.held}"
        more = self.beside(lang)
        return say(lang, f"{text}（{more}）", f"{text} ({more})") if more else text

    def beside(self, lang: Lang) -> str:
        """Return in words how many are neither met nor unmet; empty where there are none."""
        parts = []
        if self.allowed:
            parts.append(say(lang, f"规则允许 {self.allowed}", f"{self.allowed} the rule allows"))
        if self.unknown:
            parts.append(say(lang, f"缺数据 {self.unknown}", f"{self.unknown} without data"))
        return say(lang, "，", ", ").join(parts)


def coefficients_said(tally: Tally, lang: Lang, over: str = "") -> str:
    """Return in words how many coefficients exceed their limit, and how many cannot be computed.

    `over` names those above; the sentence has no full stop.

    >>> coefficients_said(Tally(0, 0, 0, 14), "zh"), coefficients_said(Tally(6, 1, 0, 7), "zh")
    ('14 个差异系数都无法计算（缺数据，或各校都没有这项资源）', '能计算的 7 个差异系数中 1 个超过限值，另有 7 个无法计算')
    """
    if not tally.held:
        return say(
            lang, "没有参加评估的学校，没有差异系数", "No school is judged, so there are no coefficients"
        )
    if not tally.known:
        return say(
            lang,
            f"{tally.held} 个差异系数都无法计算（缺数据，或各校都没有这项资源）",
            f"The {tally.held} coefficients cannot be computed (no data, or no school holds anything)",
        )
    able = say(lang, "能计算的 ", "that can be computed ") if tally.unknown else ""
    text = (
        say(
            lang,
            f"{able}{tally.known} 个差异系数中 {tally.failed} 个超过限值",
            f"{tally.failed} of the {tally.known} coefficients {able}exceed their limit",
        )
        if tally.failed
        else say(
            lang,
            f"{able}{tally.known} 个差异系数都在限值以内",
            f"All {tally.known} coefficients {able}are within their limits",
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


def silent_schools(own: Assessment, lang: Lang) -> list[str]:
    """Return the schools and campuses that did not report what they should have, each with its stages."""
    stages: dict[tuple[str, object], list[str]] = {}
    for row in own.silent.itertuples():
        stages.setdefault((row.school_id, row.name), []).append(stage_label(row.stage, lang))
    return [
        say(lang, f"{shown}（{'、'.join(found)}）", f"{shown} ({', '.join(found).lower()})")
        for (school_id, name), found in stages.items()
        for shown in (name if isinstance(name, str) else school_id,)
    ]
