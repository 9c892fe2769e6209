"""The command ``qb check``."""

from __future__ import annotations

import json
from pathlib import Path

from qb.checks.listing import listing
from qb.checks.registry import check
from qb.dataset import read
from qb.errors import DataError
from qb.workbook import mark


def run_check(data: Path, as_json: bool = False, marked: Path | None = None) -> int:
    """Print every fault of a dataset.

    Parameters
    ----------
    data : Path
    as_json : bool
        One JSON document, a list as the contract has it, instead of the list for people.
    marked : Path, optional
        Also write the workbook with its faulty cells marked.

    Returns
    -------
    int
        0 when the check was made, whatever it found; 1 when the data cannot be read.

    Raises
    ------
    QbError
        If the marked workbook cannot be made, or the corrections cannot be used.
    """
    try:
        dataset = read(data)
        faults = check(dataset)
    except DataError as error:
        dataset, faults = None, list(error.faults)
    if marked is not None:
        mark(data, faults, marked)
    if as_json:
        print(json.dumps([fault.to_dict() for fault in faults], ensure_ascii=False, allow_nan=False))
    else:
        print(listing(faults, dataset))
    return 0 if dataset is not None else 1
