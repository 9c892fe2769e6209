"""Weighted inequality between schools: what it is, what explains it, how sure we are."""

from __future__ import annotations

from qb.balance.decomposition import (
    Decomposition,
    Gradient,
    Nested,
    Split,
    contributions,
    decompose,
    gradient,
    influence,
    nested,
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
from qb.balance.finance_ratios import (
    federal_range_ratio,
    mcloone,
    ratio_90_10,
    restricted_range,
    value_range,
    verstegen,
)
from qb.balance.grouped import Measured
from qb.balance.rank_measures import (
    Lorenz,
    concentration,
    concentration_curve,
    gini,
    lorenz,
    lorenz_ordinates,
    quantiles,
)
from qb.balance.robustness import (
    Convention,
    ErrorInterval,
    Flip,
    Permutation,
    conventions,
    error_interval,
    flip,
    permutation,
)

__all__ = [
    "Change",
    "Convention",
    "Decomposition",
    "ErrorInterval",
    "Flip",
    "Gradient",
    "Lorenz",
    "Measured",
    "Nested",
    "Permutation",
    "Split",
    "Spread",
    "Spreads",
    "atkinson",
    "change",
    "concentration",
    "concentration_curve",
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
    "nested",
    "permutation",
    "quantiles",
    "ratio_90_10",
    "restricted_range",
    "theil",
    "value_range",
    "verstegen",
]
