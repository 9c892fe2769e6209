"""What is built and installed elsewhere is whole: every command of the README works there, the tests pass."""

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from html import unescape
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import qb
from qb.cli import main
from qb.command_parser import LIBRARIES
from qb.files import copy_shipped, shipped
from qb.publish.documentation import DOCS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What a user types in the folder that `qb lab` has filled. A table of other people's stands beside it.
COMMANDS = """
publish --only district scenario school --schools 0001001 --out site
assess data/sample
standard show gulou-2023
check data/sample
whatif data/sample notebooks/scenarios/new_school.toml
plan data/sample --budget 3000000
siting data/sample notebooks/sites/old_town.toml
forecast data/sample --to 2027
convert table.csv tw --recipe data/recipes/tw_primary_schools.toml
recipe new table.csv --out draft.toml
notebook new my_study
convert data/sample returned/all.xlsx
collect returned collected
template new.xlsx --from data/sample
forms data/sample forms
verify site data/sample
sample invented --schools 3 --years 2025
docs --out documentation
app --no-browser
"""
# Runs commands in one process; prints how each ended, where qb was found, and what JupyterLab got.
SCRIPT = """
import json, os, shlex, sys
import qb.cli

ended, opened = {}, []
qb.cli.subprocess.call = lambda command, **_: opened.append(command) or 0
os.chdir(sys.argv[1])
for line in ["lab . --no-browser", *sys.stdin.read().split("\\n")]:
    if not line:
        continue
    try:
        qb.cli.main(shlex.split(line))
    except SystemExit as end:
        ended[line] = end.code
print(json.dumps({"qb": qb.__file__, "ended": ended, "opened": opened}))
"""


def run(*command, cwd, **how):
    """Run a command as in a shell of its own, in which nothing leads to this checkout."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")  # goes with the libraries
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False, **how
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def python(built, tmp_path_factory):
    """Return the Python of a new environment with the wheel; libraries are those that are installed here."""
    home = tmp_path_factory.mktemp("elsewhere") / "环境 env"
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home.parent)
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    libraries = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    (Path(own) / "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q")
    run(*pip, "--no-deps", "--no-index", "--no-compile", "--ignore-installed", built[0], cwd=home)
    return python


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    """Return the folder of the unpacked sdist."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(built[1]) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def tried(python, tmp_path_factory):
    """Return the folder in which every command was run, and what was told of it."""
    folder = tmp_path_factory.mktemp("tried")
    (folder / "table.csv").write_bytes((ROOT / "tests" / "data" / "tw_look_alike.csv").read_bytes())
    out = run(python, "-c", SCRIPT, folder, cwd=python.parent, input=COMMANDS)
    return folder, json.loads(out.splitlines()[-1])


def test_from_a_wheel_every_command_works_in_any_folder(python, tried):
    tmp_path, told = tried
    assert told["qb"].startswith(str(python.parents[1]))
    assert {line: code for line, code in told["ended"].items() if code} == {}
    assert len(told["ended"]) == len(COMMANDS.split("\n")) - 1
    assert (Path(told["qb"]).parent / "py.typed").is_file()
    lab, app = told["opened"]
    assert lab[1:] == ["-P", "-m", "jupyterlab", str(tmp_path.resolve() / "notebooks"), "--no-browser"]
    assert app[1:4] == ["-P", "-m", "voila"] and len(app) == 5  # its settings stand in a file
    pages = {path.name for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "district.html", "scenario.html", "0001001.html"} <= pages


def test_every_link_of_the_documentation_leads_to_what_is_there(tried):
    """Its examples ran while it was made: it would not be there else."""
    pages = {path: path.read_text(encoding="utf-8") for path in (tried[0] / "documentation").rglob("*.html")}
    assert {path.name for path in pages if path.parent.name == "zh"} == {f"{doc.name}.html" for doc in DOCS}
    ids = {path: set(re.findall(r'\sid="?([^"\s>]+)', text)) for path, text in pages.items()}
    for path, text in pages.items():
        for href in re.findall(r'<a [^>]*href="([^"]*)"', text):
            target, _, anchor = unescape(href).partition("#")
            if target.startswith(("https://", "data:")):
                continue
            led = (path.parent / target).resolve() if target else path
            assert led in pages, (path.name, href)
            assert not anchor or anchor in ids[led], (path.name, href)
    assert len(pages) == 2 * len(DOCS)


def test_every_formula_of_the_documentation_is_drawn(tried):
    for lang in ("zh", "en"):
        folder = tried[0] / "documentation" / lang
        written = sum(
            len(re.findall(r":math:|\.\. math::", getattr(qb.balance, name).__doc__))
            for name in qb.balance.__all__
        )
        text = (folder / "api-balance.html").read_text(encoding="utf-8")
        assert text.count("<math ") == written > 35
        methods = (folder / "methods.html").read_text(encoding="utf-8")
        assert methods.count("<math ") > 30
        for page in (text, methods):
            assert "$$" not in page and "<code>\\" not in page and ":math:" not in page


def test_the_documentation_finds_terms_columns_functions_and_limits(tried):
    for lang, asked in (("zh", "优质均衡"), ("en", "high-quality balance")):
        start = (tried[0] / "documentation" / lang / "index.html").read_text(encoding="utf-8")
        listed = start.split('id="listing"')[1]
        for words in (asked, "school_id", "difference_coefficient", "C12"):
            assert words in listed, words
        for doc in DOCS[1:]:
            assert f'href="{doc.name}.html">' in start


def test_every_command_was_tried(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = set(re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE))
    assert commands == {"lab", *(line.split()[0] for line in COMMANDS.split("\n") if line)}


def test_module_and_command_say_the_same_versions(python, tmp_path):
    out = run(python, "-m", "qb", "--version", cwd=tmp_path)
    assert out == run(python.with_name("qb"), "--version", cwd=tmp_path)
    assert out.startswith(f"qb {qb.__version__}\nPython {sys.version.split()[0]}\npandas ")
    assert len(out.splitlines()) == 2 + len(LIBRARIES)


def test_the_sdist_makes_the_same_wheel(built, unpacked, tmp_path):
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=unpacked)
    with zipfile.ZipFile(built[0]) as ours, zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as theirs:
        assert {i.filename: i.CRC for i in ours.infolist()} == {i.filename: i.CRC for i in theirs.infolist()}


def test_the_sdist_carries_tests_that_pass_on_what_was_installed(python, unpacked):
    names = ("layers", "docs", "standard", "schema", "notebooks", "sample")
    tests = [f"tests/test_{name}.py" for name in names]
    # -P: the package is the one of the wheel, not the one that lies beside the tests.
    run(python, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, cwd=unpacked)
    listed = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")}
    assert listed == {path.relative_to(unpacked) for path in (unpacked / "tests").rglob("*.py")}


def test_notebooks_are_copied_once_and_never_over_edited_ones(tmp_path):
    assert copy_shipped(tmp_path) == []
    copied = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {Path("notebooks/explore.ipynb"), Path("notebooks/scenarios/merger.toml")} < copied
    assert Path("data/sample/schools.csv") in copied
    edited = tmp_path / "notebooks" / "explore.ipynb"
    edited.write_text("{}", encoding="utf-8")
    (tmp_path / "notebooks" / "plan.ipynb").unlink()
    assert copy_shipped(tmp_path) == [edited]
    assert edited.read_text("utf-8") == "{}" and (tmp_path / "notebooks" / "plan.ipynb").is_file()


def test_lab_opens_the_copies_and_says_what_it_left(tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr("qb.cli.subprocess.call", lambda command, **_: opened.append(command) or 0)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "data.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["lab", str(tmp_path)])
    assert ended.value.code == 0
    assert opened == [[sys.executable, "-P", "-m", "jupyterlab", str(tmp_path / "notebooks")]]
    assert "1 个文件与随附的不同" in capsys.readouterr().err
    cells = json.loads((tmp_path / "notebooks" / "plan.ipynb").read_text("utf-8"))["cells"]
    tags = {tag for cell in cells for tag in cell["metadata"].get("tags", [])}
    assert "zh" in tags and "en" not in tags  # one language, whatever shows it
    with pytest.raises(SystemExit):  # those with both that lie there are the shipped ones too
        main(["lab", str(ROOT)])
    assert "与随附的不同" not in capsys.readouterr().err


def test_in_the_repository_the_shipped_ones_are_those_that_lie_there():
    assert shipped("notebooks", "school.ipynb") == Path(qb.__file__).parents[1] / "notebooks" / "school.ipynb"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_shell_is_given_every_command_to_complete(shell, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--completion", shell])
    script = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(line.split()[0] in script for line in COMMANDS.split("\n") if line)


def test_what_is_imported_is_declared():
    extras = {"distributed", "pyscipopt"}  # asked for by name, refused in words where they are lacking
    declared = {re.split(r"[<>=~\[]", entry)[0] for entry in PROJECT["dependencies"]} | extras
    known = {normal(name) for name in declared}
    homes = packages_distributions()
    for path in Path(qb.__file__).parent.rglob("*.py"):
        for module in imported(path):
            if module in sys.stdlib_module_names or module == "qb":
                continue
            assert known.intersection(map(normal, homes[module])), f"{path.name} imports {module}"


def test_what_judges_loads_neither_jupyter_nor_matplotlib():
    script = """
import contextlib, io, sys
import qb.cli
for command in ("assess", "check"):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        qb.cli.main([command, sys.argv[1], "--json"])
heavy = "matplotlib seaborn papermill nbformat nbclient nbconvert jinja2 IPython jupyterlab docx".split()
print([name for name in heavy if name in sys.modules], "qb.indicators.assessment" in sys.modules)
"""
    assert run(sys.executable, "-c", script, ROOT / "data" / "sample", cwd=ROOT) == "[] True\n"


def test_the_tested_set_has_hashes_and_is_of_versions_that_are_allowed():
    text = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([a-z0-9.-]+)==.*\\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.MULTILINE
    )
    assert len(entries) == len(re.findall(r"^\w", text, re.MULTILINE)) > 100
    declared = {normal(re.split(r"[<>=~\[]", entry)[0]) for entry in PROJECT["dependencies"]}
    assert declared - {name for name, _ in entries} == set()


def imported(path):
    """Yield the first part of the name of every module that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
