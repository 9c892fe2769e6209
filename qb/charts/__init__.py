"""Figures: one function for each idea.

Plain arrays and frames in, a `Chart` out. A figure draws what it is given: verdicts, means and
sentences come from the caller. Missing values are named in words, never drawn as zero.
"""

from qb.charts.bars import classes, completeness, shortfall_bars
from qb.charts.chart import Caption, Chart
from qb.charts.fans import fan
from qb.charts.forecast import outlook
from qb.charts.geography import map_of_values
from qb.charts.indicators import coefficients, heat, profile
from qb.charts.matrix import correlations
from qb.charts.panels import histograms, lorenz, parts
from qb.charts.places import map_of_schools
from qb.charts.quadrants import quadrants
from qb.charts.rows import diverging, intervals
from qb.charts.schools import strip
from qb.charts.spreads import spreads
from qb.charts.stages import Strips, strips
from qb.charts.style import fonts, style
from qb.charts.years import trend

__all__ = [
    "Caption",
    "Chart",
    "Strips",
    "classes",
    "coefficients",
    "completeness",
    "correlations",
    "diverging",
    "fan",
    "fonts",
    "heat",
    "histograms",
    "intervals",
    "lorenz",
    "map_of_schools",
    "map_of_values",
    "outlook",
    "parts",
    "profile",
    "quadrants",
    "shortfall_bars",
    "spreads",
    "strip",
    "strips",
    "style",
    "trend",
]
