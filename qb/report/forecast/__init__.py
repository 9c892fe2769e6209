"""Pupils in the years to come, as pages show them."""

from qb.report.forecast.outlook import ForecastReport

__all__ = ["ForecastReport"]
