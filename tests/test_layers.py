"""Data flow one way: a module imports only from modules before it, and importing does nothing."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import qb

PACKAGE = Path(qb.__file__).parent
# In the order of qb/README.md.
ROOMS = (
    "language",
    "terms",
    "personal_data",
    "errors",
    "files",
    "tomlfile",
    "rounding",
    "result_repr",
    "standard",
    "data",
    "balance",
    "indicators",
    "planning",
    "charts",
    "report",
    "publish",
    "command_parser",
    "arguments",
    "cli",
)
PLANNING = ("costs", "forecast", "scenario", "siting", "plan")
MOST_LINES = 700  # above 600 a file asks to be two


def name_of(path: Path) -> str:
    return ".".join(("qb", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def modules() -> list[Path]:
    doors = (PACKAGE / "__init__.py", PACKAGE / "__main__.py")  # `import qb` and `python -m qb`
    return sorted(p for p in PACKAGE.rglob("*.py") if p not in doors)


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imports(module: str) -> Iterator[str]:
    """Yield our modules that a module imports, wherever in its text."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "qb":
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "qb")


def place(module: str) -> tuple[int, int]:
    """Return where a module stands in the order."""
    _, room, *rest = module.split(".")
    within = PLANNING.index(rest[0]) if room == "planning" and rest else -1
    return ROOMS.index(room), within


def test_every_module_has_a_place_in_the_order():
    assert {layer_of(path) for path in modules()} == set(ROOMS)


def test_a_module_imports_only_from_rooms_before_its_own():
    wrong = [
        f"{module} imports {name}"
        for module in map(name_of, modules())
        for name in imports(module)
        if name != "qb" and place(name) > place(module)
    ]
    assert not wrong


def test_no_modules_import_each_other_in_a_circle():
    # static_order raises CycleError, which names the circle
    assert list(
        TopologicalSorter({module: set(imports(module)) - {module} for module in MODULES}).static_order()
    )


def test_no_two_files_share_a_name():
    names = Counter(path.name for path in MODULES.values() if path.name != "__init__.py")
    assert [name for name, times in names.items() if times > 1] == []


def test_a_file_is_a_topic_and_no_longer_than_one():
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}


def test_the_order_is_the_one_that_the_readme_of_the_package_shows():
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    flow = [line.split()[0] for line in text.split("```")[1].strip().splitlines()]
    assert flow == list(ROOMS)


def test_importing_qb_loads_neither_pandas_nor_matplotlib_and_prints_nothing():
    heavy = "('pandas', 'matplotlib', 'papermill')"
    script = f"import sys, qb, qb.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_public_names_are_the_documented_ones():
    names = ["Dataset", "assess", "balance", "charts", "cheapest_plan", "check", "load", "scenario"]
    assert qb.__all__ == names
    assert set(names) <= set(dir(qb))
    assert callable(qb.load) and callable(qb.check) and callable(qb.assess)
    assert callable(qb.balance.difference_coefficient)


# Only `indicators` compares a figure with a limit: what readers see is read from its verdicts.
READERS = ("charts", "report", "publish")
LIMITING = re.compile(r"limit|cap$|caps$|threshold|least|floor|标准")
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
JUDGING = ("meets", "hold", "limit_in_force", "verdict_codes")
# Where it is chosen what is drawn, and where: no word or colour of a verdict hangs on it.
PLACING = {
    ("report/whatif_panel.py", "rules"),  # hands the limits to the script of the page, held by test_panel
    ("charts/plan_figures.py", "cost_curve"),
    ("report/plan_report.py", "_near"),
}
# The optimiser states a limit as a constraint, or chooses where to look next; whether a limit is kept, and
# what a reader is told, comes from `qb.standard.limits`, and every plan is assessed again.
STATING = {
    ("planning/plan/plan_solver.py", "_school"),
    ("planning/plan/integer_program.py", "add_passing"),
    ("planning/plan/plan_solver.py", "_by_units"),
    ("planning/plan/plan_solver.py", "enough"),
    ("planning/plan/plan_solver.py", "_solve_district"),
    ("planning/plan/relaxation.py", "_row_prices"),
    ("planning/plan/relaxation.py", "constraints"),
    ("planning/scenario/teacher_actions.py", "done"),
}


def words_in(node: ast.AST) -> set[str]:
    """Return the names, attributes and texts that an expression is made of."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            found.add(part.value)
    return found


def comparisons_with_limits(path: Path, judges: bool = False):
    """Yield function and line of each ordering against something called a limit, and of calls that judge.

    `judges`: the room may ask `qb.standard.limits`, and only orderings of its own are told.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(part): function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for part in ast.walk(function)
    }
    for node in ast.walk(tree):
        ordering = isinstance(node, ast.Compare) and any(isinstance(op, ORDER) for op in node.ops)
        operands = [node.left, *node.comparators] if ordering else []
        if any(isinstance(operand, ast.Constant) and operand.value == 0 for operand in operands):
            operands = []  # whether something is lacking was found by the judge
        named = any(LIMITING.search(word) for operand in operands for word in words_in(operand))
        judging = isinstance(node, ast.Attribute) and node.attr in JUDGING
        judging |= isinstance(node, ast.Name) and node.id in JUDGING
        if named or (judging and not judges):
            yield inside.get(id(node), ""), node.lineno


def test_readers_compare_nothing_with_a_limit():
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} in {function}"
        for path in modules()
        if layer_of(path) in READERS
        for function, line in comparisons_with_limits(path)
        if (str(path.relative_to(PACKAGE)), function) not in PLACING
    ]
    assert not wrong


def test_planning_holds_figures_against_limits_by_the_one_reader():
    found = {
        (str(path.relative_to(PACKAGE)), function)
        for path in modules()
        if layer_of(path) == "planning"
        for function, _ in comparisons_with_limits(path, judges=True)
    }
    assert found == STATING


@pytest.mark.parametrize(
    "text",
    [
        "over = value > limit + 1e-9",
        "low = row['C1'] < row['C1_limit']",
        "over = cut.coefficient > cut.cap",
        "met = (areas >= self._least(kind)).sum()",
        "met = standard.limit_in_force('C12').meets(sizes)",
    ],
)
def test_a_comparison_with_a_limit_is_seen(tmp_path, text):
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    assert list(comparisons_with_limits(path))


def test_every_change_that_no_test_can_notice_is_of_a_function_that_is_there():
    listed = tomllib.loads((Path(__file__).parent / "bench" / "survivors.toml").read_text(encoding="utf-8"))
    stale = []
    for file, entries in listed.items():
        text = (PACKAGE / file).read_text(encoding="utf-8")
        names = {getattr(node, "name", "") for node in ast.walk(ast.parse(text))}
        stale += [
            (file, entry["function"], entry.get("line", ""))
            for entry in entries
            if entry["function"] not in names or entry.get("line", "") not in text
        ]
    assert stale == []
