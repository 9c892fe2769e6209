"""The same data come out the same, in whatever form and order they come and however they are run."""

from __future__ import annotations

import json
import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.data.sample import make
from qb.indicators.assessment import assess, json_document
from qb.publish import page_processes
from qb.publish.api import publish
from qb.publish.worker_client import can_fork


def write_mixed(data: Dataset, folder: Path, *, rows: bool) -> None:
    """Write the tables with their columns, and perhaps their rows, in another order."""
    folder.mkdir()
    for name, frame in data.tables.items():
        if len(frame):
            mixed = frame.sample(frac=1, axis=1, random_state=6)
            mixed = mixed.sample(frac=1, random_state=5) if rows else mixed
            mixed.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    home = tmp_path_factory.mktemp("forms")
    data = make(schools=5, districts=2, years=[2024, 2025], seed=11)
    places = {form: home / form / "数据" for form in ("csv", "parquet", "columns", "rows")}
    places["xlsx"] = home / "xlsx" / "数据.xlsx"
    for place in places.values():
        place.parent.mkdir()
    for form in ("csv", "parquet", "xlsx"):
        write(data, places[form], form)
    for form in ("columns", "rows"):
        write_mixed(data, places[form], rows=form == "rows")
    return places


@cache
def results(place: Path) -> str:
    return json.dumps(json_document(assess(read(place))), ensure_ascii=False, allow_nan=False)


@pytest.mark.parametrize("form", ["parquet", "xlsx", "columns", "rows"])
def test_results_are_the_same_byte_for_byte(forms, form):
    assert results(forms[form]) == results(forms["csv"])


def visible(page: Path) -> str:
    """Return a page's text."""
    html = re.sub(r"<(script|style)\b.*?</\1>", "", page.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


@pytest.mark.skipif(not can_fork(), reason="forking is not safe on this system")
def test_pages_show_the_same_however_they_are_made(forms, tmp_path, monkeypatch):
    # Not with the rows in another order: a page says in which rows of a file its figures stand.
    ways = {"csv": (True, 1), "columns": (True, 2), "parquet": (False, 2)}
    (school, *_) = sorted(read(forms["csv"])["schools"]["school_id"])
    shown = {}
    for form, (forks, jobs) in ways.items():
        out = tmp_path / form
        monkeypatch.setattr(page_processes, "can_fork", lambda forks=forks: forks)
        done = publish(forms[form], out=out, only=["district", "school"], schools=[school], jobs=jobs,
                       progress=False)  # fmt: skip
        assert done.exit_code == 0, done.summary
        shown[form] = {str(page.relative_to(out)): visible(page) for page in out.rglob("*.html")}
    assert len(shown["csv"]) == 6  # a report for each district, one school, three indexes
    assert shown["columns"] == shown["csv"]
    assert shown["parquet"] == shown["csv"]
