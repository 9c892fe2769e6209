"""The formulas behind the page and where they come from."""

from __future__ import annotations

from qb.report.research.part import ResearchPart
from qb.report.table import Sentences


class Methods(ResearchPart):
    """How things were computed, and who first did so."""

    def formulas(self) -> Sentences:
        """Return the methods, a sentence each."""
        n = f"{100 * self.study.error:g}"
        lines = (
            (
                "差异系数：CV = S ÷ M，M 为资源总量与学生总数之比，S² 为各校数值离差平方按学生数加权的平均（除以学生总数，不减一）。学校是全数，不是样本，不给抽样误差。",
                "Coefficient: CV = S ÷ M; M is total over total, S² the mean squared deviation weighted by pupils (divided by all pupils). Schools are a census: there is no sampling error.",
            ),
            (
                "缺数据：只算报送了该项的学校，未计入的校数写在图下方的说明中；评估报告则要求全部学校报送才给出差异系数。",
                "Missing data: schools without a figure are left out and counted beside each figure; the assessment itself gives a coefficient only where all have reported.",
            ),
            (
                "洛伦兹曲线与基尼系数：学校按人均数值由低到高排列，以学生累计比例对资源累计比例。",
                "Lorenz curve and Gini: schools from the least value per pupil to the greatest, cumulated pupils against cumulated resource.",
            ),
            (
                "贡献：Pᵢ(xᵢ − M)² ÷ (P M²)，各校之和恰为 CV²。",
                "Contribution: Pᵢ(xᵢ − M)² ÷ (P M²); they add up to CV² exactly.",
            ),
            (
                "组间与组内：CV² = Σ p(m ÷ M − 1)² + Σ p(m ÷ M)² c²，p、m、c 为各组的学生份额、均值、差异系数；两部分相加恰为总数。",
                "Between and within: CV² = Σ p(m ÷ M − 1)² + Σ p(m ÷ M)² c², with each group's share of pupils p, mean m, coefficient c; the parts add up exactly.",
            ),
            (
                "先帮谁：资源每增加一个单位，CV 变化 (xᵢ − M(1 + CV²)) ÷ (P M² CV)。数值低于 M(1 + CV²) 的学校增加资源，差异缩小。",
                "Whom to help: one more unit moves CV by (xᵢ − M(1 + CV²)) ÷ (P M² CV). More at a school below M(1 + CV²) evens out.",
            ),
            (
                "变动的分解：学生、资源、新开、停办四个原因按全部先后次序引入，取平均（夏普利值），四项之和恰为变动。",
                "Change: pupils, resources, openings and closures are let in in every order and averaged (Shapley); the four add up to the change.",
            ),
            (
                f"翻转与误差：翻转是一校数量的最小相对变化，使 CV 恰到限值；误差区间假定每个报送数各自在 ±{n}% 内均匀偏离，固定随机种子。",
                f"Flip and error: a flip is the smallest relative change of one school's figure that brings CV to its limit; intervals let every reported figure be off uniformly within ±{n} %, with a fixed seed.",
            ),
        )
        return Sentences(tuple(self.say(*line) for line in lines), kind="methods")

    def references(self) -> Sentences:
        """Return the references."""
        rules = (
            "教督〔2017〕6号，县域义务教育优质均衡发展督导评估办法"
            if self.lang == "zh"
            else "National supervision rules for high-quality balanced compulsory education, No. 6 of 2017"
        )
        return Sentences(
            (
                rules,
                "Lorenz (1905), Publications of the American Statistical Association 9",
                "Shapley (1953), Contributions to the Theory of Games II",
                "Theil (1967), Economics and Information Theory",
                "Atkinson (1970), Journal of Economic Theory 2",
                "Shorrocks (1980), Econometrica 48; (1982), Econometrica 50; (2013), Journal of Economic Inequality 11",
                "Lerman and Yitzhaki (1984), Economics Letters 15",
                "Hyndman and Fan (1996), The American Statistician 50",
                "Cowell (2011), Measuring Inequality",
                "Odden and Picus (2014), School Finance: A Policy Perspective",
            ),
            kind="references",
        )
