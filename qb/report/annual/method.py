"""How the report is made: rules, conventions, and the corrections of the data."""

from __future__ import annotations

import pandas as pd

from qb.report.annual.part import AnnualPart
from qb.report.faults import FaultReport
from qb.report.rules import Rules
from qb.report.table import Column, Table
from qb.report.words import say, stage_label, term
from qb.terms import Kind


class AnnualMethod(AnnualPart):
    """What the figures rest on."""

    def rules(self) -> Rules:
        """Return the clause, limit, formula and data of every verdict."""
        return Rules(self.book.standard, self.book.year, self.book.lang)

    def conventions(self) -> Table:
        """Return the standard's settings that are not one indicator's, with the clause or "our default"."""
        lang, rules = self.book.lang, self.book.standard.rules
        kinds = say(lang, "、", ", ").join(term(kind, lang, (Kind,)) for kind in rules.exclusion.kinds)
        raw = rules.rounding.compare == "raw"
        lines = [
            (
                say(lang, "共用资源的分摊", "Shared facilities"),
                say(lang, "；", "; ").join(
                    map(self._split, (Kind.NINE_YEAR, Kind.TWELVE_YEAR, Kind.COMPLETE_SECONDARY))
                ),
                rules.split.source,
            ),
            (
                say(lang, "不参加七项指标的学校", "Schools left out of the seven"),
                say(
                    lang,
                    f"{kinds}；在校生不足 {rules.exclusion.small_point_pupils} 人的教学点；高中学段；在校生为 0 的学段",
                    f"{kinds}; teaching points under {rules.exclusion.small_point_pupils} pupils; senior stages; stages "
                    "without pupils",
                ),
                rules.exclusion.source,
            ),
            (
                say(lang, "新建学校", "New schools"),
                say(
                    lang,
                    f"照常参加评估；小学开办 {rules.new_school.primary} 年、初中 {rules.new_school.junior} 年内标注为未满员",
                    f"Judged as others; marked as not yet full for {rules.new_school.primary} years (primary) and "
                    f"{rules.new_school.junior} (junior)",
                ),
                rules.new_school.source,
            ),
            (
                say(lang, "比较与取整", "Comparison and rounding"),
                say(
                    lang,
                    f"以{'原始值' if raw else '取整后的值'}与标准比较；学校数值保留 {rules.rounding.values} 位小数，差异系数 "
                    f"{rules.rounding.coefficients} 位，比率 {rules.rounding.ratios} 位，四舍五入",
                    f"{'Unrounded' if raw else 'Rounded'} figures are compared; values are printed with "
                    f"{rules.rounding.values} decimals, coefficients with {rules.rounding.coefficients}, ratios with "
                    f"{rules.rounding.ratios}, half up",
                ),
                rules.rounding.source,
            ),
        ]
        columns = (
            Column("what", say(lang, "事项", "What")),
            Column("text", say(lang, "规定", "Rule")),
            # Clauses are cited in Chinese, the language that they are written in.
            *([Column("source", "依据")] if lang == "zh" else []),
        )
        return Table(
            say(lang, "口径与约定", "Conventions"),
            columns,
            pd.DataFrame(lines, columns=["what", "text", "source"]),
            lang=lang,
        )

    def _split(self, kind: Kind) -> str:
        """Return the weights of a pupil of each stage in words."""
        lang, weights = self.book.lang, self.book.standard.rules.split.weights(kind)
        stages = " : ".join(stage_label(stage, lang) for stage in weights)
        return f"{term(kind, lang, (Kind,))} {stages} = {' : '.join(f'{w:g}' for w in weights.values())}"

    def corrections(self) -> Table:
        """Return the known errors of the source that were put right on reading."""
        return FaultReport(self.book, self.district).corrections()
