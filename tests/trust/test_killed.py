"""A publication killed again and again ends as an undisturbed one, and makes nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from qb.data.reading import write
from qb.data.sample import make
from qb.publish.manifest import notebook_of
from qb.publish.worker_client import ONE_THREAD, can_fork

KILLS = 4  # many more: tests/bench/bench_kills.py


def small_notebook(path: Path) -> None:
    """Save one that takes a school's parameters and shows its number, large enough to be cut in two."""
    stored = nbformat.read(notebook_of("school"), 4)
    parameters = next(cell for cell in stored.cells if "parameters" in cell.metadata.get("tags", ()))
    shown = nbformat.v4.new_code_cell("print(school_id * 5000)")
    nbformat.write(nbformat.v4.new_notebook(cells=[parameters, shown]), path)


class Publisher:
    """The process that publishes and is killed."""

    def __init__(self, data: Path, notebook: Path) -> None:
        script = Path(__file__).with_name("sixty.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(data), str(notebook)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD,
        )  # fmt: skip

    def start(self, site: Path) -> int:
        """Return the process that has begun."""
        print(site, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def ended(self) -> int:
        """Wait for it, and return how it ended."""
        return int(self.process.stdout.readline())


@pytest.fixture
def publisher(tmp_path):
    write(make(schools=66, districts=1, years=[2025], seed=7), tmp_path / "data")
    small_notebook(tmp_path / "small.ipynb")
    publisher = Publisher(tmp_path / "data", tmp_path / "small.ipynb")
    with publisher.process as process:
        yield publisher
        process.stdin.close()
        assert process.wait(30) == 0


def pages(site: Path) -> dict[str, int]:
    """Return the pages of schools, and when each was made."""
    found = {}
    for path in (site / "schools").glob("[!.]*.html"):
        found[path.name] = path.stat().st_mtime_ns
    return found


def content(site: Path) -> dict[str, bytes]:
    return {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.mark.skipif(not can_fork(), reason="forking is not safe on this system")
def test_a_publication_killed_again_and_again_ends_as_an_undisturbed_one(publisher, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    publisher.start(whole)
    assert publisher.ended() == 0
    assert len(pages(whole)) == 60

    dice = random.Random(20)
    reached = []
    for _ in range(KILLS):
        before = pages(killed)
        process = publisher.start(killed)
        enough = len(before) + dice.randrange(6)
        while len(pages(killed)) < min(enough, 60):
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.3 if enough == len(before) else 0.03))
        os.kill(process, signal.SIGKILL)
        assert publisher.ended() == signal.SIGKILL
        after = pages(killed)
        reached.append(len(after))
        # What two workers had written and nobody had noted yet is made again; nothing else is.
        assert sum(after[name] != made for name, made in before.items()) <= 2
        assert all((killed / "schools" / page).read_bytes().endswith(b"</html>") for page in after)
    assert len(set(reached)) > KILLS / 2  # it was killed at work, not before or after

    publisher.start(killed)
    assert publisher.ended() == 0
    assert content(killed) == content(whole)
    assert set(json.loads(content(killed)["run.json"])["pages"]) >= {
        f"schools/{name}" for name in pages(killed)
    }
