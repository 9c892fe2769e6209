"""A short name for what a dataset says, by which two readers know that they hold the same data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from qb.dataset import Dataset
from qb.publish.inputs import digest
from qb.schema import TABLES
from qb.standard import Standard

_LENGTH = 16
_MISSING = "\0"  # stands in no text: files with it are refused on reading


def of_data(data: Dataset) -> str:
    """Return the fingerprint of a dataset as read, corrections and all.

    It is the same on every machine, at every path, and for a folder, a workbook and a folder of parquet
    that say the same in the same order. Columns beyond the registry do not count: no figure rests on them.
    """
    return digest(*_parts(data))[:_LENGTH]


def of_standard(standard: Standard) -> str:
    """Return the fingerprint of a standard: of all it says, not of how its file is written."""
    return digest(standard.model_dump_json())[:_LENGTH]


def _parts(data: Dataset) -> Iterator[object]:
    for name, table in TABLES.items():
        frame = data[name]
        for column in table.names:
            if frame[column].notna().any():  # a column left out is one without values
                yield from (name, column, _bytes(frame[column]))


def _bytes(values: pd.Series) -> bytes:
    if pd.api.types.is_string_dtype(values.dtype):
        return "\n".join([_MISSING if x != x or x is None else str(x) for x in values]).encode()
    numbers = values.astype("float64").to_numpy(dtype="<f8", na_value=np.nan)
    return (np.where(np.isnan(numbers), np.nan, numbers) + 0.0).tobytes()  # one NaN, one zero
