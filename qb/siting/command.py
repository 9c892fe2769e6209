"""What ``qb siting`` does: read, choose, print."""

from __future__ import annotations

import json
from pathlib import Path

from qb.dataset import read
from qb.files import write_whole
from qb.scenario import to_toml
from qb.siting.document import document
from qb.siting.run import site
from qb.siting.summary import summary


def run(
    data: Path,
    candidates: Path,
    year: int | None = None,
    standard: str | None = None,
    most: int = 1,
    costs: Path | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> str:
    """Return what the command prints; write the best plan as a scenario file where `out` is given."""
    found = site(read(data), candidates, year, standard, most, costs=costs)
    if out is not None:
        write_whole(out, to_toml(found.scenario(1)))
    return json.dumps(document(found), ensure_ascii=False, allow_nan=False) if as_json else summary(found)
