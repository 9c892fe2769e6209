"""Whatever a file holds, it is read or refused in a sentence; nothing else is raised, and nothing hangs."""

import pytest
from fuzz import attempt, readers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# How many damaged files of each kind are tried; many more: tests/bench/bench_fuzz.py.
TRIED = {
    **dict.fromkeys(("recipe", "scenario", "costs", "candidates", "standard", "transition", "layout"), 200),
    **dict.fromkeys(("CSV", "parquet", "recipe's use", "corrections"), 100),
    **dict.fromkeys(("workbook", "form"), 20),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("fuzz")
    (home / "in").mkdir()
    return readers(home), home / "in"


@pytest.mark.parametrize("name", TRIED)
def test_a_damaged_file_is_read_or_refused(place, name):
    parsers, folder = place

    @given(seed=st.integers(0, 2**32))
    @settings(max_examples=TRIED[name], deadline=5000, suppress_health_check=list(HealthCheck))
    def tried(seed):
        assert attempt(parsers[name], seed, folder) in ("read", "refused")

    tried()


def test_every_undamaged_file_is_read(place):
    parsers, folder = place
    assert set(parsers) == set(TRIED)
    for reader in parsers.values():
        for name, valid in reader.seeds:
            (folder / name).write_bytes(valid)
            reader.read(folder / name)
            (folder / name).unlink()
