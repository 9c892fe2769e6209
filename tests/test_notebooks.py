"""Notebooks are thin, clean, and say nothing that the data have not said."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
FORBIDDEN = (ast.FunctionDef, ast.ClassDef, ast.Try, ast.BinOp, ast.Lambda)
WORKING = ("first_steps", "research")  # for researchers: they show their work, with pandas and matplotlib


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    found = nbformat.read(request.param, as_version=4)
    found.metadata["name"] = request.param.stem
    return found


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_there_are_the_notebooks_of_the_readme():
    kinds = {"annual", "brief", "data", "district", "ledger", "plan", "research", "scenario", "school"}
    assert kinds | {"explore", "first_steps", "siting"} <= {path.stem for path in NOTEBOOKS}


def test_it_is_stored_without_outputs(notebook):
    assert not [c for c in cells(notebook, "code") if c.outputs or c.execution_count]


def test_it_is_valid_and_its_cells_have_ids(notebook):
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_code_cells_are_short_and_only_call(notebook):
    for cell in cells(notebook, "code"):
        assert len(cell.source.splitlines()) <= (18 if notebook.metadata["name"] in WORKING else 12)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, FORBIDDEN)]


def test_it_has_one_cell_of_parameters_each_with_its_type(notebook):
    (tagged,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    assert all(isinstance(node, ast.AnnAssign) for node in ast.parse(tagged.source).body)


def test_no_figure_is_typed_into_prose(notebook):
    """A limit in prose would stay when the standard's file changes; 31 and 7 are the rules' own count."""
    for cell in cells(notebook, "markdown"):
        words = re.sub(r"`[^`]*`|\$\$.*?\$\$|C[1-9]", "", cell.source)  # code, formulas, codes of indicators
        numbers = set(re.findall(r"\d+(?:\.\d+)?", words))
        assert numbers <= {"31"}, cell.source


def test_prose_stands_in_both_languages(notebook):
    tags = [[t for t in cell.metadata.tags if t in ("zh", "en")] for cell in cells(notebook, "markdown")]
    assert tags == [["zh"], ["en"]] * (len(tags) // 2)
    for cell in cells(notebook, "markdown"):
        assert bool(re.search(r"[\u4e00-\u9fff]", cell.source)) == ("zh" in cell.metadata.tags)
