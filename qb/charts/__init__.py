"""Figures: one function for each idea.

Plain arrays and frames in, a `Chart` out. A figure draws what it is given: verdicts, means and
sentences come from the caller. Missing values are named in words, never drawn as zero.
"""

from __future__ import annotations

from qb.charts.bars import classes, completeness, diverging, intervals, shortfall_bars
from qb.charts.figure import Caption, Chart
from qb.charts.maps import map_of_schools, map_of_values
from qb.charts.marks import fonts, style
from qb.charts.profiles import coefficients, heat, profile
from qb.charts.research_figures import LorenzCurve, correlations, histograms, lorenz, parts, quadrants
from qb.charts.strip_plots import Strip, Strips, spreads, strips
from qb.charts.trends import fan, outlook, shares, sparkline, trend

__all__ = [
    "Caption",
    "Chart",
    "LorenzCurve",
    "Strip",
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
    "shares",
    "shortfall_bars",
    "sparkline",
    "spreads",
    "strips",
    "style",
    "trend",
]
