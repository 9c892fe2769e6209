"""What every part of the research page shares: captions, and why there is no figure."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qb.charts import Caption, Chart
from qb.report.facts import Fact, key
from qb.report.research.study import Cut, Study
from qb.report.table import Sentences
from qb.report.words import Lang, number, say, stage_label, verdict_label
from qb.standard import SEVEN
from qb.terms import Stage, Verdict

Shown = Chart | Sentences


@dataclass(frozen=True)
class ResearchPart:
    """A part of the page."""

    study: Study

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.study.lang

    def say(self, zh: str, en: str) -> str:
        """Return the wording in the page's language."""
        return say(self.lang, zh, en)

    def at(self, frame: pd.DataFrame, stage: Stage) -> pd.DataFrame:
        """Return the rows of a stage."""
        return frame[(frame["stage"] == self.stage(stage)).to_numpy()]

    def stage(self, stage: Stage) -> str:
        """Return a stage as the reader sees it."""
        return stage_label(stage, self.lang)

    def number(self, value: float, decimals: int) -> str:
        """Return a figure for print."""
        return number(value, decimals, self.lang)

    def value(self, cut: Cut, value: float) -> str:
        """Return a value of a measure with its unit."""
        return f"{self.number(value, cut.measure.decimals)} {cut.measure.unit(self.lang)}"

    def coefficient(self, value: float) -> str:
        """Return a coefficient with the decimals of the standard."""
        return self.number(value, self.study.book.standard.rules.rounding.coefficients)

    def fact(self, stage: Stage, code: str, district: str | None = None) -> str:
        """Return the key of a coefficient of C1–C7, the study's district's unless another is named.

        Empty for other columns, of which no rule speaks, and where no school is judged.
        """
        where = self.study.district if district is None else district
        stated = code in SEVEN and (stage, where) in self.study.judged
        return key(Fact.REPORTED, self.study.book.year, stage, code, where) if stated else ""

    def limit(self, cap: float) -> str:
        """Return a coefficient's limit for print."""
        return self.number(cap, 2)

    def caption(self, finding: str, measure: str, *cuts: Cut) -> Caption:
        """Return a figure's words; schools that lack the figure are counted in them."""
        words = [measure, *filter(None, [self.left_out(cuts)])]
        text = self.say("；", "; ").join(words)
        return Caption(finding, f"{text} · {self.study.place}", self.study.book.source, lang=self.lang)

    def left_out(self, cuts: tuple[Cut, ...]) -> str:
        """Say how many schools are left out because they have not reported."""
        gaps = {cut.measure: cut.missing for cut in cuts if cut.missing}
        if not gaps:
            return ""
        if len(cuts) == 1:
            n = cuts[0].missing
            return self.say(f"{n} 所学校缺数据，未计入", f"without {n} schools that have no data")
        parts = [f"{m.key if m.key in SEVEN else m.name(self.lang)} {n}" for m, n in gaps.items()]
        return self.say("缺数据未计入的学校数：", "schools without data, left out: ") + self.say(
            "，", ", "
        ).join(parts)

    def among(self, count: int) -> str:
        """Say of how many measures a sentence speaks: those with a coefficient and a limit."""
        if count == len(self.study.measures):
            return self.say(f"{count} 项中", f"of {count}")
        if any(measure.key not in SEVEN for measure in self.study.measures):
            return self.say(f"有限值可比的 {count} 项中", f"of {count} that have a limit and data")
        return self.say(f"能计算的 {count} 项中", f"of {count} that can be computed")

    def absent(self, cut: Cut) -> str:
        """Say why a measure has no coefficient."""
        if len(cut.rows):
            return self.say("各校均为 0", "nothing held")
        return verdict_label(Verdict.NO_DATA, self.lang)

    def note(self, text: str) -> Sentences:
        """Return a sentence in the place of a figure that there is no sense in drawing."""
        return Sentences((text + self.say("。", "."),))

    def why_none(self, stage: Stage) -> str:
        """Say why a stage has no measure on which schools differ."""
        cuts, name = self.study.cuts(stage), self.stage(stage)
        if not any(len(cut.rows) for cut in cuts):
            return self.say(f"{name}：所选指标都缺数据", f"{name}: no data on what was chosen")
        usable = [cut for cut in cuts if cut.usable]
        lacking = sum(not len(cut.rows) for cut in cuts)
        if not usable:
            return self.say(
                f"{name}：有数据的指标，各校都是 0", f"{name}: no school holds any of what was chosen"
            )
        if all(len(cut.rows) == 1 for cut in usable):
            return self.say(
                f"{name}：有数据的学校只有 1 所，没有校际差异可言",
                f"{name}: only one school has data, so none differ",
            )
        some = self.say(f"有数据的 {len(usable)} 项", f" on the {len(usable)} measures with data")
        return self.say(
            f"{name}：{some if lacking else ''}各校完全均等，差异系数为 0",
            f"{name}: schools are all equal{some if lacking else ''}, the coefficient is 0",
        )

    def no_limit(self, stage: Stage) -> str:
        """Say why nothing of a stage is held against the limit of coefficients."""
        if not any(cut.usable for cut in self.study.cuts(stage)):
            return self.why_none(stage)
        name = self.stage(stage)
        return self.say(
            f"{name}：标准对所选各项没有差异系数限值，不作比较",
            f"{name}: the standard has no limit for the coefficients chosen, so none is compared",
        )
