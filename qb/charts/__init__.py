"""Figures: one function for each idea.

Plain arrays and frames in, a `Chart` out. A figure draws what it is given: verdicts, means and
sentences come from the caller. Missing values are named in words, never drawn as zero.
"""

from qb.charts.bars import classes, completeness, shortfall_bars
from qb.charts.chart import Caption, Chart
from qb.charts.indicators import coefficients, heat, profile
from qb.charts.places import map_of_schools
from qb.charts.schools import strip
from qb.charts.stages import strips
from qb.charts.style import fonts, style
from qb.charts.years import trend

__all__ = [
    "Caption",
    "Chart",
    "classes",
    "coefficients",
    "completeness",
    "fonts",
    "heat",
    "map_of_schools",
    "profile",
    "shortfall_bars",
    "strip",
    "strips",
    "style",
    "trend",
]
