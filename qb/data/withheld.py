"""Privacy: what is withheld where tables go from hand to hand, as small classes and what is about persons."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb.data.cell_values import find_numbers
from qb.data.dataset import Dataset, district_of
from qb.data.schema import ColumnKind, SchemaTable
from qb.personal_data import mask, names_persons

# What is published of all classes together: the pupils of a section, and those of a stage in a district.
_TOTALS = (("year", "school_id", "stage"), ("year", "district", "stage"))


def suppressed_classes(data: Dataset, smallest: int) -> np.ndarray:
    """Return which rows of `classes` are not shown by themselves, shape (rows,).

    Those of classes with fewer pupils than `smallest`; and wherever they would be the only one kept back
    of a total that is published, the next larger with it, since the total less the others would tell it.
    A section of one class is its own total: its pupils stand in `sections`, which this does not touch.

    Parameters
    ----------
    data : Dataset
    smallest : int
        ``[rules.publication] smallest_class`` of the standard; 0 keeps nothing back.

    Examples
    --------
    Of 40, 9 and 38 pupils the 38 are kept back too: 87 less 40 and 38 would tell the nine.

    >>> import pandas as pd
    >>> classes = {"year": 2025, "school_id": "1", "stage": "primary", "grade": "1", "class_no": ["1", "2", "3"]}
    >>> data = Dataset.of(classes=pd.DataFrame(classes | {"pupils": [40, 9, 38]}))
    >>> suppressed_classes(data, 10).tolist()
    [False, True, True]
    """
    classes = data["classes"]
    size = classes["pupils"].to_numpy(dtype=float)
    back = size < smallest  # what is missing is not smaller
    if not back.any():
        return back
    keys = classes.assign(district=district_of(data, "classes"))
    for names in _TOTALS:
        group = keys.groupby(list(names), dropna=False, observed=True).ngroup().to_numpy()
        alone = np.bincount(group, weights=back) == 1
        next_larger = np.lexsort((size, group))
        next_larger = next_larger[(alone[group] & ~back & ~np.isnan(size))[next_larger]]
        _, first = np.unique(group[next_larger], return_index=True)
        back = back.copy()
        back[next_larger[first]] = True
    return back


def without_persons(frame: pd.DataFrame, table: SchemaTable) -> pd.DataFrame:
    """Return a table fit to go from hand to hand: no column about persons, no number of a person in full."""
    own = [name for name in frame if name not in table.by_name]
    frame = frame.drop(columns=[name for name in own if names_persons(name)])
    for name, values in frame.items():
        column = table.by_name.get(name)
        if column is not None and column.kind not in (ColumnKind.TEXT, ColumnKind.ID):
            continue
        codes = column is not None and column.kind is ColumnKind.ID
        if found := find_numbers(values, codes=codes):
            texts = values.astype(object)
            for place in found:
                value = texts.iloc[place]
                text = value if isinstance(value, str) else f"{value:.0f}"
                texts.iloc[place] = mask(text, keep=text if codes else None)
            frame = frame.assign(**{str(name): texts})
    return frame
