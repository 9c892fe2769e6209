"""Whatever a file holds, it is read or refused in a sentence; nothing else is raised, and nothing hangs."""

import pytest
from fuzz import attempt, readers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = (
    "CSV", "parquet", "workbook", "recipe", "recipe's use", "corrections", "scenario", "costs", "candidates",
    "standard", "transition", "layout", "form",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("fuzz")
    (home / "in").mkdir()
    return readers(home), home / "in"


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=5000, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_read_or_refused(place, name, seed):
    parsers, folder = place
    assert attempt(parsers[name], seed, folder) in ("read", "refused")


def test_every_undamaged_file_is_read(place):
    parsers, folder = place
    assert set(parsers) == set(NAMES)
    for reader in parsers.values():
        for name, valid in reader.seeds:
            (folder / name).write_bytes(valid)
            reader.read(folder / name)
            (folder / name).unlink()
