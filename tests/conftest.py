"""What several test modules share."""

from pathlib import Path

import pytest
from town import changed

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.standard import load

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="session")
def committed() -> Dataset:
    """The sample that lies in the repository."""
    return read(SAMPLE)


@pytest.fixture
def with_change(tmp_path):
    """Return a standard whose file was changed: with_change((old, new), …)."""

    def make(*pairs):
        path = tmp_path / f"changed-{len(list(tmp_path.iterdir()))}.toml"
        path.write_text(changed(*pairs), encoding="utf-8")
        return load(path)

    return make
