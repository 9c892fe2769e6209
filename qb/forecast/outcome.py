"""A forecast: what it says, and everything a reader needs to judge it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from qb.forecast.learn import Learned
from qb.terms import GRADES_OF_STAGE, Stage

KEYS = ["year", "school_id", "stage", "grade"]


@dataclass(frozen=True)
class Forecast:
    """Pupils in the years to come. Figures are unrounded.

    Attributes
    ----------
    base, to : int
        Last year of the data, and last year of the forecast.
    rows : DataFrame
        A row per year, school, stage and grade that the school has or comes to have: ``year, district,
        school_id, stage, grade, pupils, low, high, basis``. Of ten years one should lie below `low` and
        one above `high`; both are missing where there are too few years to compare (see `notes`).
        ``basis`` says where the pupils by grade of the base year came from: ``classes``, ``scaled`` (to
        the section's pupils, which the classes do not add up to) or ``shares`` (no classes: spread as in
        the district). ``spread`` and ``common`` are half the band in logarithms, and that part of it
        which the schools of a district and stage have in common.
    years : DataFrame
        The same of the years before, without a band, of the schools that reported in each; missing where
        not known.
    backtest : DataFrame
        Forecasts made at the end of past years against what came: ``district, stage, part`` (``1→2``
        moving up, ``entry``, or ``all`` grades), ``ahead`` (years), ``pupils`` that came, error of the
        ``naive`` forecast, of the other ``method``, and whether that one was ``chosen``. Errors are sums
        of absolute differences by school and grade over the pupils that came.
    methods : DataFrame
        What was chosen: ``district, stage, part, method``.
    missing : DataFrame
        Sections without a forecast: ``district, school_id, stage, reason``.
    notes : tuple of str
        What a reader must know, in sentences.
    invented : bool
        Whether the data say that they are made up.
    """

    base: int
    to: int
    rows: pd.DataFrame
    years: pd.DataFrame
    backtest: pd.DataFrame
    methods: pd.DataFrame
    missing: pd.DataFrame
    notes: tuple[str, ...]
    invented: bool
    districts: np.ndarray = field(repr=False)
    learned: Mapping[Stage, Learned] = field(repr=False)
    learned_year: int = field(repr=False)

    def total(self, *by: str) -> pd.DataFrame:
        """Return pupils by year and these columns, with the band of the sum.

        Parameters
        ----------
        *by : str
            Columns of `rows`: ``"district"``, ``"stage"``, ``"school_id"``, …

        Returns
        -------
        DataFrame
            ``year``, the columns, ``pupils, low, high``.

        Notes
        -----
        What befalls a whole district adds up; what befalls single schools and grades partly cancels:
        with n pupils, spread s and common part c of each row, the half-width of the sum is
        √((Σ n c)² + Σ n² (s² − c²)) / Σ n, the first sum taken within each district and stage. Adding
        up the lows would make the band of a district far too wide.
        """
        rows, pupils = self.rows, self.rows["pupils"]
        parts = rows[["year", *by]].assign(
            d=rows["district"],
            s=rows["stage"],
            pupils=pupils,
            shared=pupils * rows["common"],
            alone=pupils**2 * (rows["spread"] ** 2 - rows["common"] ** 2),
        )
        keys = ["year", *by]
        inner = parts.groupby([*keys, "d", "s"], sort=False, as_index=False).sum(min_count=1, skipna=False)
        inner["alone"] += inner["shared"] ** 2
        inner = inner.drop(columns=[c for c in ("d", "s", "shared") if c not in keys])
        summed = inner.groupby(keys, as_index=False).sum(min_count=1, skipna=False)
        half = np.sqrt(summed["alone"]) / summed["pupils"].where(summed["pupils"] > 0)
        half = half.where(summed["pupils"] > 0, 0.0)
        return summed.drop(columns="alone").assign(
            low=summed["pupils"] * np.exp(-half), high=summed["pupils"] * np.exp(half)
        )

    def course(self, **where: object) -> pd.DataFrame:
        """Return the years before and those to come of what the conditions select, for a figure.

        Parameters
        ----------
        **where
            Values of columns: ``stage="primary"``, ``school_id="001"``, …

        Returns
        -------
        DataFrame
            ``pupils, low, high`` by year; `low` and `high` missing in the years before.
        """
        chosen = replace(self, rows=_where(self.rows, where))
        past = _where(self.years, where).groupby("year")[["pupils"]].sum(skipna=False)
        table = pd.concat([past, chosen.total().set_index("year")])
        return table.reindex(columns=["pupils", "low", "high"])

    def entrants(self, stage: Stage, year: int) -> np.ndarray:
        """Return the pupils of a stage's lowest grade in a year by district, shape (districts,)."""
        frame = self.years if year <= self.base else self.rows
        first = _where(frame, {"stage": stage, "year": year, "grade": GRADES_OF_STAGE[stage].start})
        return first.groupby("district")["pupils"].sum().reindex(self.districts, fill_value=0).to_numpy()

    def to_records(self) -> list[dict[str, object]]:
        """Return the rows in the shape that ``qb forecast --json`` prints; a missing band is None."""
        frame = self.rows[[*KEYS, "pupils", "low", "high"]]
        return [
            {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}
            for row in frame.to_dict("records")
        ]


def _where(frame: pd.DataFrame, conditions: Mapping[str, object]) -> pd.DataFrame:
    keep = np.ones(len(frame), dtype=bool)
    for name, value in conditions.items():
        keep &= (frame[name] == value).to_numpy()
    return frame[keep]
