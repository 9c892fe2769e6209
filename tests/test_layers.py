"""Data flow one way: a module imports only from modules before it, and importing does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import qb

PACKAGE = Path(qb.__file__).parent
# In the order of qb/README.md; the modules of one entry may import each other.
LAYERS = (
    "terms",
    "personal",
    "errors",
    "files",
    "tomlfile",
    "rounding",
    "limits",
    "standard",
    "costs",
    "balance",
    "schema",
    "dataset",
    "workbook",
    "recipe",
    "sample",
    "checks",
    "measure",
    "judge",
    "forecast",
    "scenario",
    "siting",
    "plan",
    "charts",
    "report",
    "explore",
    "forms",
    "word",
    "publish",
    "cli",
)


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.name != "__init__.py")


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "qb":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qb."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("qb."))


def test_every_module_has_a_place_in_the_order():
    assert {layer_of(path) for path in modules()} == set(LAYERS)


def test_a_module_imports_only_from_modules_before_it():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        for name in imports(path)
        # The package itself offers the public names (qb.assess), which stand in judge and before.
        if (LAYERS.index("judge") if name not in LAYERS else LAYERS.index(name))
        > LAYERS.index(layer_of(path))
    ]
    assert not wrong


def test_the_order_is_the_one_that_the_readme_of_the_package_shows():
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    flow = text.split("```")[1].split()
    assert [name for name in flow if name in LAYERS] == list(LAYERS)


def test_importing_qb_loads_neither_pandas_nor_matplotlib_and_prints_nothing():
    heavy = "('pandas', 'matplotlib', 'papermill')"
    script = f"import sys, qb, qb.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_public_names_are_the_documented_ones():
    assert qb.__all__ == ["assess", "balance", "cheapest_plan", "check", "load", "scenario"]
    assert callable(qb.load) and callable(qb.check) and callable(qb.assess)
    assert callable(qb.balance.difference_coefficient)
