"""The few words that the figures of the research page add by themselves."""

from __future__ import annotations

from qb.charts.chart import Caption

PHRASES = {
    "zh": {
        "coefficient": "差异系数",
        "mean": "均值",
        "dashed mean": "虚线：均值",
        "mean 100": "均值 = 100 %",
        "limit": "限值 {:.2f}",
        "standard": "标准 {}",
        "standard 100": "标准 100 %",
        "strip": "● 一点一所学校，面积与学生数成正比",
        "strip standard": "；◆ 低于标准；短粗线为标准",
        "over": "↑ 高于限值 {:.2f}",
        "beyond": "▶ 超出 {} %，画在右端（{} 所）",
        "quantiles": "细线：第 5 至第 95 百分位的学生；粗线：第 25 至第 75；竖线：中位数",
        "quantiles standard": "；短粗线：标准",
        "lorenz": "横轴：学生累计比例，由少到多排列；纵轴：资源累计比例；直线为完全均等；阴影越大越不均",
        "half": "最少一半 {}",
        "gini": "基尼 {}",
        "no years": "× 缺数据，或各校均为 0",
        "median": "中位数",
        "percentile": "第 {} 百分位",
        "level": "均值占标准 %（→ 水平高）",
        "uneven": "差异系数（↑ 差异大）",
        "below": "◆ 明显偏低（{} 所）",
        "within": "○ 相近（{} 所）",
        "above": "● 明显偏高（{} 所）",
        "area": "面积与学生数成正比",
        "no place": "缺坐标：{} 所",
        "own scales": "各小图纵轴不同",
        "matrix": "等级相关系数：1 同升同降，0 无关，-1 此升彼降",
    },
    "en": {
        "coefficient": "coefficient",
        "mean": "mean",
        "dashed mean": "dashed: mean",
        "mean 100": "mean = 100 %",
        "limit": "limit {:.2f}",
        "standard": "standard {}",
        "standard 100": "standard 100 %",
        "strip": "● a school, area by pupils",
        "strip standard": "; ◆ below the standard; short thick line: the standard",
        "over": "↑ above the limit of {:.2f}",
        "beyond": "▶ beyond {} %, drawn at the right edge ({})",
        "quantiles": "bars: pupils from the 5th to 95th, 25th to 75th percentile; upright: median",
        "quantiles standard": "; short thick line: the standard",
        "lorenz": "across: pupils, least first; upwards: the resource; straight line: equal shares",
        "half": "lower half {}",
        "gini": "Gini {}",
        "no years": "× no data, or nothing held",
        "median": "median",
        "percentile": "{}th percentile",
        "level": "mean as % of the standard (→ higher)",
        "uneven": "coefficient (↑ more uneven)",
        "below": "◆ far below ({})",
        "within": "○ near the mean ({})",
        "above": "● far above ({})",
        "area": "area in proportion to pupils",
        "no place": "schools without coordinates: {}",
        "own scales": "each panel has its own scale",
        "matrix": "rank correlation: 1 together, 0 unrelated, -1 opposite",
    },
}


def phrase(caption: Caption, key: str, *values: object) -> str:
    """Return one of those words, in the language of the caption."""
    return PHRASES[caption.lang][key].format(*values)
