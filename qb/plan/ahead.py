"""The pupils that a plan over years is made for: a forecast's where one can be made, else today's."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qb.dataset import Dataset
from qb.errors import QbError
from qb.forecast import forecast
from qb.rounding import round_half_up
from qb.terms import Term


class Path(Term):
    """Whose pupils the years to come have."""

    FORECAST = "forecast", "学生数按推算"
    GIVEN = "given", "学生数按给定的数字"
    CONSTANT = "constant", "学生数不变"


@dataclass(frozen=True)
class Pupils:
    """Pupils of years to come: year, school_id, stage, pupils; and where they come from.

    Attributes
    ----------
    rows : DataFrame
        A section that is not named keeps its pupils.
    why : str
        Why there is no forecast; empty where there is one.
    """

    path: Path
    rows: pd.DataFrame
    why: str = ""

    @property
    def words(self) -> str:
        """In words, for a reader."""
        return self.path.zh + (f"（{self.why}）" if self.why else "")


def pupils_ahead(data: Dataset, base: int, to: int, given: pd.DataFrame | None = None) -> Pupils:
    """Return the pupils given, or those of a forecast made of the years up to `base`, in whole numbers.

    Examples
    --------
    >>> from qb.sample import make
    >>> pupils_ahead(make(schools=3, years=range(2021, 2026)), 2025, 2026).words
    '学生数按推算'
    >>> pupils_ahead(make(schools=3, years=[2025]), 2025, 2026).path
    <Path.CONSTANT: 'constant'>
    """
    if given is not None:
        return Pupils(Path.GIVEN, given)
    keys = ["year", "school_id", "stage"]
    known = data.replace(
        **{name: frame[frame["year"] <= base] for name, frame in data.tables.items() if "year" in frame}
    )
    try:
        rows = forecast(known, to).rows
    except QbError as error:
        return Pupils(Path.CONSTANT, pd.DataFrame(columns=[*keys, "pupils"]), str(error).rstrip("。"))
    summed = rows.groupby(keys, as_index=False)["pupils"].sum()
    return Pupils(Path.FORECAST, summed.assign(pupils=round_half_up(summed["pupils"].to_numpy(), 0)))
