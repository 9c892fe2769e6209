"""What a researcher meets first: names at the prompt, results that show themselves, labels, several years."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import qb
from qb.errors import QbError

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def data():
    return qb.load(SAMPLE)


def test_a_prompt_shows_the_public_names_and_the_version():
    shown = [name for name in dir(qb) if not name.startswith("_")]
    assert shown == qb.__all__
    assert "__version__" in dir(qb) and re.fullmatch(r"\d+\.\d+\.\d+\w*", qb.__version__)


def test_help_names_every_public_function():
    import pydoc

    text = pydoc.render_doc(qb, renderer=pydoc.plaintext)
    for name in ("assess(", "cheapest_plan", "check(", "load", "class Dataset"):
        assert name in text


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "qb", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"qb {qb.__version__}\n")


def test_results_show_themselves_in_a_few_lines(data):
    assessment = qb.assess(data)
    for result in (data, assessment, qb.assess(data, data.years)):
        assert len(repr(result).splitlines()) <= 25
        assert len(repr(result)) < 2_000
        assert result._repr_html_().startswith("<table>")
    assert "fail" in repr(assessment) and ".balance" in repr(assessment)
    assert "模拟数据" in repr(data) and "模拟数据" in repr(assessment)  # what is invented says so


def test_names_from_data_do_not_become_markup():
    data = qb.Dataset.of(schools=pd.DataFrame({"school_id": ["1"], "district": ["<script>"]}))
    assert "<script>" in repr(data)
    assert "<script>" not in data._repr_html_()


def test_a_folder_is_assessed_as_its_dataset_is(data):
    pd.testing.assert_frame_equal(qb.assess(str(SAMPLE)).balance, qb.assess(data).balance)


def test_several_years_are_judged_in_one_call(data):
    several = qb.assess(data, [2025, 2023])
    assert several.years == (2025, 2023)
    table = several.table("balance")
    for year in several:
        mine = table[table["assessed_year"] == year].drop(columns="assessed_year").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, qb.assess(data, year).balance, check_categorical=False)


def test_a_year_that_is_not_there_is_refused_among_others_too(data):
    with pytest.raises(QbError, match="2031"):
        qb.assess(data, [2025, 2031])
    with pytest.raises(QbError, match="没有名为 sums 的表"):
        qb.assess(data, [2025]).table("sums")
