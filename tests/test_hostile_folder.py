"""A folder of data may hold anything: nothing in it runs, whichever command is started there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qb import cli
from qb.data.reading import write
from qb.data.sample import make

NAMES = (
    "multiprocessing", "subprocess", "tempfile", "pathlib", "json", "re", "socket", "ssl", "logging",
    "random", "csv", "copy", "queue", "signal", "threading", "typing", "uuid", "zipfile", "datetime",
    "decimal", "numpy", "pandas", "pyarrow", "openpyxl", "matplotlib", "seaborn", "scipy", "highspy",
    "jinja2", "nbformat", "nbclient", "nbconvert", "papermill", "ipykernel", "ipykernel_launcher",
    "IPython", "traitlets", "jupyter_client", "jupyterlab", "jupyter_server", "tqdm", "psutil", "pydantic",
    "docx", "distributed", "qb", "sitecustomize", "usercustomize",
)  # fmt: skip
SETTINGS = ("jupyter_config", "jupyter_lab_config", "jupyter_server_config", "ipython_kernel_config")
TEMPLATES = ("index.html.j2", "base.html.j2", "null.j2", "qb/index.html.j2", "district.html.j2")


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    """A dataset among files that are called like modules, settings and templates, and leave a mark if run."""
    folder = tmp_path_factory.mktemp("trap")
    write(make(schools=4, years=[2024, 2025]), folder / "数据")
    mark = f"open({str(folder / 'ran')!r}, 'a').write(__name__ + '\\n')\n"
    for name in ("scenario", "siting", "standard"):
        (folder / f"{name}.toml").write_text("extends = 1\n")
    for place in (folder, folder / "数据"):
        for name in (*NAMES, *SETTINGS):
            (place / f"{name}.py").write_text(mark)
        (place / "qb").mkdir()
        for name in TEMPLATES:
            (place / name).write_text("{{ 1/0 }}")
    return folder


def started(folder: Path, *command: str) -> subprocess.CompletedProcess:
    home = Path(sys.executable).parent
    return subprocess.run(
        [str(home / command[0]), *command[1:]],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def ran(folder: Path) -> str:
    mark = folder / "ran"
    return mark.read_text() if mark.exists() else ""


COMMANDS = (
    ("assess", "数据"),
    ("check", "数据", "--marked", "标注.xlsx"),
    ("template", "填报.xlsx", "--from", "数据"),
    ("convert", "数据", "转换.parquet"),
    ("forecast", "数据"),
    ("forms", "数据", "表册"),
    ("plan", "数据"),
    ("sample", "样本", "--schools", "2"),
    ("siting", "数据", "siting.toml"),
    ("whatif", "数据", "scenario.toml"),
    ("collect", ".", "汇总"),
    ("recipe", "new", "填报.xlsx", "--out", "配方.toml"),
    ("standard", "check", "standard.toml"),
    ("standard", "show", "basic-2012"),
    ("notebook", "new", "own_analysis"),
    ("docs", "--out", "文档"),
)
OWN_TESTS = {"publish", "verify", "lab", "app"}  # commands that start processes of their own
ONE_AFTER_ANOTHER = """
from qb.cli import main
for command in {commands!r}:
    try:
        main(list(command))
    except SystemExit:  # a refusal is an end like any other
        pass
"""


def test_no_module_of_the_working_directory_runs(trap):
    # As a command starts, beside its script; what one command has loaded the next one would load again.
    commands = started(trap, "python", "-P", "-c", ONE_AFTER_ANOTHER.format(commands=COMMANDS))
    published = started(trap, "qb", "publish", "数据", "--out", "a", "--only", "annual", "--files")
    verified = started(trap, "qb", "verify", "a", "数据")
    assert ran(trap) == ""
    for done in (commands, published, verified):
        assert "Traceback" not in done.stderr and done.returncode in (0, 1), done.stderr
    assert commands.returncode == 0


def test_every_command_is_tried_in_such_a_folder():
    listed = started(Path.cwd(), "qb", "--help").stdout.partition("命令:")[2]
    names = {line.split()[0] for line in listed.splitlines() if line.startswith("    ") and line[4] != " "}
    assert names == {command[0] for command in COMMANDS} | OWN_TESTS


def test_no_module_of_the_working_directory_runs_where_others_stand_in_for_a_worker_that_died(trap):
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from qb.publish.worker_client import Worker\n"
        "from qb.publish.api import publish\n"
        "send = Worker._send\n"
        "def killed(self, what, *of):\n"
        "    os.kill(self._process.pid, signal.SIGKILL) if what == 'pages' else None\n"
        "    self._process.wait() if what == 'pages' else None\n"
        "    send(self, what, *of)\n"
        "if __name__ == '__main__':\n"
        "    Worker._send = killed\n"
        "    found = publish('数据', out='c', only=['data'], progress=False)\n"
        "    print(found.summary)\n"
    )
    (trap / "scripts").mkdir()
    (trap / "scripts" / "run.py").write_text(script)
    done = started(trap, "python", "scripts/run.py")
    assert ran(trap) == "" and "已生成 1 页" in done.stdout, done.stderr


def test_jupyterlab_starts_in_the_notebooks_folder_and_finds_its_own_modules(trap, monkeypatch):
    asked = []
    monkeypatch.chdir(trap)
    monkeypatch.setattr(cli.subprocess, "call", lambda *command, **how: asked.append((command[0], how)) or 0)
    cli.lab(trap / "lab", no_browser=True, lang="zh")
    ((command, how),) = asked
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, **how)
    assert done.returncode == 0 and ran(trap) == ""
    assert how["cwd"] == trap / "lab" / "notebooks" and how["env"]["PYTHONSAFEPATH"] == "1"


def test_the_page_in_a_browser_runs_its_notebook_beside_such_a_folder_and_nothing_of_it(trap, monkeypatch):
    asked, made = [], trap.parent / "explored"
    monkeypatch.chdir(trap)

    def executed(command: list[str], **how: object) -> int:
        """Run the notebook in a kernel, as the server does, where the server would be started."""
        to = ["nbconvert", "--to", "notebook", "--execute", "--output", str(made)]
        asked.append(subprocess.run([*command[:3], *to, command[4]], capture_output=True, text=True, **how))
        return 0

    monkeypatch.setattr(cli.subprocess, "call", executed)
    cli.app(Path("数据"), None, "national-2017", no_browser=True, lang="zh")
    assert asked[0].returncode == 0, asked[0].stderr
    assert made.with_suffix(".ipynb").exists() and ran(trap) == ""
