"""What several test modules share."""

from pathlib import Path

import pytest
from town import changed

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.standard import load

# What takes longest begins first, so that neither of two processes ends alone with it.
SLOWEST = (
    "browser/test_access.py",
    "test_publish_resume.py",
    "trust/test_law.py",
    "test_packaging.py",
    "trust/test_killed.py",
    "trust/test_whole.py",
    "browser/test_explore.py",
    "browser/test_pages.py",
    "test_publish_faults.py",
)

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


def pytest_collection_modifyitems(items):
    """Put the slowest files first; the order within a file stays."""
    here = Path(__file__).parent
    first = {here / name: place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


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
