"""A measure of many groups, with their labels: tidy as a table, drawn as dots."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from qb.showing import Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = NDArray[np.float64]


@dataclass(frozen=True, repr=False, eq=False)
class Measured(Shown):
    """One measure of many groups. It counts as an array of its values, and keeps their labels.

    Attributes
    ----------
    stat : str
        Name of the function, as ``"gini"``.
    groups : Index, shape (g,)
        Labels, sorted; a Categorical's in the order of its categories, those without schools included.
    values : ndarray, shape (g,), (g, k) or with the shape of `at` after it
        NaN where the measure is undefined or a school did not report.
    resources : Index or None, shape (k,)
        Names of the columns of the amounts, where there were several.
    at : ndarray or None
        The shares asked for (`quantiles`, `lorenz_ordinates`).
    """

    stat: str
    groups: pd.Index
    values: Values
    resources: pd.Index | None = None
    at: Values | None = None

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, label: Hashable) -> float | Values:
        """Return the value of one group, by its label."""
        place = list(self.groups).index(label) if label in self.groups else -1
        if place < 0:
            raise KeyError(label)
        found = self.values[place]
        return found if np.ndim(found) else float(found)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return self.values.shape

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each value: stat, group, then resource and at where there are any, value."""
        return tidy({self.stat: self.values}, self.groups, self.resources, self.at)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw a dot for each group, on `ax` or a figure of its own; return the axes, open to change."""
        ax = ax if ax is not None else new_axes()
        frame = self.to_frame()
        spread = [name for name in ("resource", "at") if name in frame]
        parts = frame.groupby(spread, sort=False) if spread else [("", frame)]
        for name, part in parts:
            label = ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
            ax.plot(part["value"], part["group"].astype(str), "o", **{"label": label or None, **kwargs})
        ax.set_xlabel(self.stat)
        if spread:
            ax.legend(title=", ".join(spread))
        return ax

    def told(self) -> list[tuple[str, str]]:
        """Return the first values with their labels."""
        rows = self.to_frame().drop(columns="stat")
        shown = [(" ".join(map(str, row[:-1])), f"{row[-1]:.6g}") for row in rows.head(MOST).to_numpy()]
        return [("stat", self.stat), *shown, *[("…", f"{len(rows)} in all")] * (len(rows) > MOST)]


MOST = 12  # values that a prompt shows


def tidy(
    stats: dict[str, Values],
    groups: Sequence[Hashable],
    resources: Sequence[Hashable] | None = None,
    at: Values | None = None,
) -> pd.DataFrame:
    """Return several stats of the same groups as rows: stat, group, (resource, at,) value.

    Examples
    --------
    >>> tidy({"gini": np.array([0.1, 0.2])}, ["rural", "town"])
       stat  group  value
    0  gini  rural    0.1
    1  gini   town    0.2
    """
    frames = []
    for stat, values in stats.items():
        axes: list[tuple[str, list[Any]]] = [("group", list(groups))]
        if values.ndim - (0 if at is None else at.ndim) == 2:
            names = list(resources) if resources is not None else list(range(values.shape[1]))
            axes.append(("resource", names))
        if at is not None and at.ndim:
            axes.append(("at", at.ravel().tolist()))
        places = np.indices([len(labels) for _, labels in axes]).reshape(len(axes), -1)
        columns = {
            name: [labels[place] for place in row] for (name, labels), row in zip(axes, places, strict=True)
        }
        frames.append(pd.DataFrame({"stat": stat, **columns, "value": values.ravel()}))
    return pd.concat(frames, ignore_index=True)


def new_axes() -> Axes:
    """Return axes on a figure of their own, which a notebook shows and anyone may change."""
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
