"""What opening a school costs, and what the district would still lack: assumed prices, with low and high."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from qb.costs import Costs
from qb.dataset import Dataset
from qb.judge import Assessment
from qb.siting.candidates import Candidate

MEANS = {"teaching_area_m2": "C4", "sports_ground_m2": "C5", "equipment_yuan": "C6", "multimedia_rooms": "C7"}


class Price(NamedTuple):
    """A cost in yuan, and how low and how high it may be."""

    yuan: float
    low: float
    high: float


def total(prices: Iterable[Price]) -> Price:
    """Return the prices added up.

    >>> total([Price(3.0, 2.0, 5.0), Price(1.0, 1.0, 1.0)])
    Price(yuan=4.0, low=3.0, high=6.0)
    """
    listed = list(prices)
    return Price(*(float(sum(price[k] for price in listed)) for k in range(3)))


def opening(opened: Iterable[Candidate], after: Dataset, year: int, costs: Costs) -> Price:
    """Return what the schools opened cost: as their candidates say, else at the prices of the cost file.

    Parameters
    ----------
    after : Dataset
        With the schools opened; their facilities are priced. Land, offices and canteens, and the pay of
        teachers are not among them.
    """
    return total(price for one in opened for price in _prices(one, after, year, costs))


def _prices(one: Candidate, after: Dataset, year: int, costs: Costs) -> list[Price]:
    if one.cost_yuan is not None:
        return [Price(one.cost_yuan, one.low_yuan or one.cost_yuan, one.high_yuan or one.cost_yuan)]
    rows = after["facilities"]
    mine = rows[((rows["school_id"] == one.site) & (rows["year"] == year)).to_numpy()]
    return [
        _times(record[name], costs, code, record["stage"])
        for record in mine.to_dict("records")
        for name, code in MEANS.items()
    ]


def lacking(assessment: Assessment, costs: Costs) -> Price:
    """Return the price of everything that judged schools lack to the standard."""
    lacks = assessment.shortfalls[["code", "stage", "to_standard"]].dropna()
    return total(_times(amount, costs, code, stage) for code, stage, amount in lacks.itertuples(index=False))


def _times(amount: float, costs: Costs, code: str, stage: str) -> Price:
    one = costs.cost(code, stage)
    return Price(amount * one.yuan, amount * one.low, amount * one.high)
