"""What several test modules share."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from town import changed

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.publish import page_processes
from qb.publish.api import publish
from qb.publish.worker_client import CannotForkError, Worker
from qb.standard import load

# What takes longest begins first, so that neither of two processes ends alone with it.
SLOWEST = (
    "browser/test_pages.py",
    "trust/test_law.py",
    "test_publish_resume.py",
    "test_publish_faults.py",
    "trust/test_failing.py",
    "test_edges.py",
    "browser/test_access.py",
    "test_packaging.py",
    "trust/test_killed.py",
    "browser/test_explore.py",
)

# Commands and workers are started hundreds of times; none of them shall compile qb anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

HOME = Path(__file__).parents[1]
SAMPLE = HOME / "data" / "sample"
SCENARIOS = sorted((HOME / "notebooks" / "scenarios").glob("*.toml"))
SCHOOLS = ("0001001", "0001023", "0001004")  # a primary school; two of nine years, of which one fails


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


class Lasting(Worker):
    """A worker that is there for the next publication as well."""

    def close(self) -> None:
        """End what it forked for this one."""
        with suppress(CannotForkError):
            while self.idle:
                self.idle.pop().end()


@pytest.fixture(scope="session")
def lasting() -> Iterator[Callable[[], Worker]]:
    """Give the one worker of this process, started when it is first asked for, and again if it has died."""
    started: list[Lasting] = []

    def give() -> Worker:
        if not started or started[-1]._process.poll() is not None:
            started.append(Lasting())
        return started[-1]

    yield give
    for worker in started:
        Worker.close(worker)


@pytest.fixture(scope="module")
def one_worker(lasting) -> Iterator[None]:
    """Make the pages of a test file's publications by one worker, whose start is not what is tested there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_processes, "Worker", lasting)
        yield


@pytest.fixture(scope="session")
def published(tmp_path_factory, lasting) -> Callable[[str], Path]:
    """Give the sample's site in a language: published("zh"). Every kind of page, all scenarios, few schools.

    One process makes it for all, and no test changes it.
    """
    home = tmp_path_factory.getbasetemp()
    home = home.parent if "PYTEST_XDIST_WORKER" in os.environ else home

    def site(lang: str) -> Path:
        out, ended = home / f"sample-{lang}", home / f"sample-{lang}-ended"
        try:
            out.mkdir()
        except FileExistsError:
            while not ended.exists():
                time.sleep(0.5)
            assert (out / "index.html").exists(), "the process that was to publish the sample failed"
            return out
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(page_processes, "Worker", lasting)
                made = publish(
                    SAMPLE, out=out, lang=lang, schools=SCHOOLS, scenarios=SCENARIOS, progress=False
                )
            assert not made.failed, made.summary
            return out
        finally:
            ended.touch()

    return site
