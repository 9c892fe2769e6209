"""Weighted inequality between schools: what it is, what explains it, how sure we are."""

from __future__ import annotations

from qb.balance.decomposition import (
    Decomposition,
    Gradient,
    Split,
    contributions,
    decompose,
    gradient,
    influence,
)
from qb.balance.difference import (
    Change,
    Spread,
    Spreads,
    change,
    difference_coefficient,
    difference_coefficients,
    least_coefficient,
)
from qb.balance.entropy import atkinson, generalized_entropy, hoover, mld, theil
from qb.balance.finance_ratios import federal_range_ratio, mcloone, restricted_range, value_range, verstegen
from qb.balance.rank_measures import Lorenz, gini, lorenz, lorenz_ordinates, quantiles
from qb.balance.robustness import Convention, ErrorInterval, Flip, conventions, error_interval, flip

__all__ = [
    "Change",
    "Convention",
    "Decomposition",
    "ErrorInterval",
    "Flip",
    "Gradient",
    "Lorenz",
    "Split",
    "Spread",
    "Spreads",
    "atkinson",
    "change",
    "contributions",
    "conventions",
    "decompose",
    "difference_coefficient",
    "difference_coefficients",
    "error_interval",
    "federal_range_ratio",
    "flip",
    "generalized_entropy",
    "gini",
    "gradient",
    "hoover",
    "influence",
    "least_coefficient",
    "lorenz",
    "lorenz_ordinates",
    "mcloone",
    "mld",
    "quantiles",
    "restricted_range",
    "theil",
    "value_range",
    "verstegen",
]
