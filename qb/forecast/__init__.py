"""Pupils in the years to come: who moves up, who enters, and how far past forecasts were off."""

from qb.forecast.ahead import forecast
from qb.forecast.carry import carry_forward
from qb.forecast.outcome import Forecast
from qb.forecast.ratios import progression_ratio
from qb.forecast.summary import summary

__all__ = [
    "Forecast",
    "carry_forward",
    "forecast",
    "progression_ratio",
    "summary",
]
