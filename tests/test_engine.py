# ruff: noqa: E501  a probe is easier to read unfolded
"""Our papermill engine against the stock one: the same outputs, errors, counts and metadata, cell by cell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

import qb
from qb.data.reading import write
from qb.data.sample import make
from qb.publish.engine import ForkEngine
from qb.publish.worker_client import can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="forking is not safe on this system")

# Frames and pictures of matplotlib, widgets, blocks and figures of ours: what the others show is of these kinds.
NOTEBOOKS = [
    Path(qb.__file__).parents[1] / "notebooks" / f"{name}.ipynb"
    for name in ("first_steps", "explore", "school")
]

# One cell each. Those that end in an error are marked so that the notebook goes on.
PROBES = {
    "a value": "1 + 1",
    "nothing": "x = 1",
    "a suppressed value": "1 + 1;",
    "an error": "def f():\n    raise ValueError('bad')\nf()",
    "an error in what is shown": "class Bad:\n    def _repr_html_(self):\n        raise RuntimeError('no html')\nBad()",
    "a chain of errors": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "bad syntax": "1 +",
    "stdout": "for i in range(3):\n    print(i, end=' ')",
    "streams": "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', flush=True)",
    "no string": "import sys\ntry:\n    sys.stdout.write(1)\nexcept TypeError as e:\n    print(e)",
    "a subprocess": "import subprocess\ndone = subprocess.run(['echo', 'from below'])",
    "a shell command": "!echo from a shell",
    "C output": "import os\ndone = os.write(1, b'from a descriptor\\n')",
    "a thread": "import threading\nt = threading.Thread(target=print, args=('in a thread',))\nt.start()\nt.join()",
    # The stock kernel has threads, and from Python 3.12 on is warned of forking; ours has none.
    "a fork": "import os, warnings\nwith warnings.catch_warnings(action='ignore'):\n    child = os.fork()\n"
    "if not child:\n    os.write(1, b'in a fork\\n')\n    os._exit(0)\ndone = os.wait()",
    "display": "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'), 2)\nHTML('<i>y</i>')",
    "display_id": "handle = display(1, display_id='mine')\ndisplay(2, display_id='mine')",
    "an update": "handle.update(3)",
    "an unknown update": "from IPython.display import update_display\nupdate_display(4, display_id='other')",
    "cleared": "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('left')",
    "cleared later": "print('gone')\nclear_output(wait=True)\nprint('left')",
    "captured": "%%capture said\nprint('held')\ndisplay(5)",
    "what was captured": "said.stdout, len(said.outputs)",
    "a magic": "%who_ls str",
    "an unknown magic": "%nowhere",
    "a warning": "import warnings\nwarnings.warn('careful')",
    "a deprecation": "import warnings\nwarnings.warn('old', DeprecationWarning)",
    "await": "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "a task": "async def g():\n    return 7\nawait asyncio.create_task(g())",
    "a nested loop": "c = g()\ntry:\n    asyncio.run(c)\nfinally:\n    c.close()",
    "async for": "async def h():\n    yield 1\n[i async for i in h()]",
    "input": "input('name? ')",
    "getpass": "import getpass\ngetpass.getpass()",
    "leaving": "import sys\nsys.exit()",
    "leaving with a number": "sys.exit(3)",
    "interrupted": "raise KeyboardInterrupt",
    "history": "_, __, Out[1], In[1]",
    "a widget": (
        "from comm import create_comm\n_ = create_comm(target_name='jupyter.widget', comm_id='w', data={'state': "
        "{'_model_name': 'M', '_model_module': 'm', '_model_module_version': '1', 'value': 3}})"
    ),
    "mime types": "class Both:\n    def _repr_html_(self):\n        return '<p>'\n"
    "    def _repr_mimebundle_(self, **_):\n        return {'text/plain': 'b', 'application/x+json': {'a': (1, 2)}}\nBoth()",
    "odd text": "print('\\x1b[31mred\\x1b[0m \\u2028 \\ud83d\\ude00 鼓楼'.encode('utf-16', 'surrogatepass').decode('utf-16'))",
    "a frame": "import pandas as pd\npd.DataFrame({f'column {i}': [1.5, None] for i in range(15)})",
    "a figure": "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
    "the main module": "import sys\nclass C: pass\nC.__module__, sys.modules['__main__'].x, __name__",
    # Not '' in both: a forked process names the notebook's folder, never whichever is current.
    "the folder": "import os\nos.path.basename(os.getcwd()), [os.path.realpath(p) for p in sys.path].index(os.path.realpath('.'))",
    "the screen": "sys.stdout.isatty(), sys.stdout.encoding, sys.stdin.read()",
    "progress": "from tqdm import tqdm\nfor _ in tqdm(range(2), disable=True):\n    pass",
}  # fmt: skip


def masked(text: str) -> str:
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"ipykernel_\d+", "ipykernel_…", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "id…", text)  # of a widget
    return re.sub(r"qb-\w+|tmp\w{8}", "tmp…", text)


def plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return masked(value) if isinstance(value, str) else value


def outputs(cell: nbformat.NotebookNode) -> list:
    """The cell's outputs; text of a stream is one, since the stock engine cuts it by the clock."""
    joined: dict[str, str] = {}
    others = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            joined[output.name] = joined.get(output.name, "") + masked(output.text)
        else:
            others.append(plain(dict(output)))
    return [joined, *others]


def marks(cell: nbformat.NotebookNode) -> tuple:
    said = cell.metadata.papermill
    return cell.get("execution_count"), said.status, said.exception, sorted(said), sorted(cell.metadata)


def execute(notebook: Path, engine: str | None, **options) -> nbformat.NotebookNode:
    papermill_engines.register("qb", ForkEngine)
    papermill_engines.register("stock", NBClientEngine)
    os.environ.pop(
        "PYTEST_CURRENT_TEST", None
    )  # with it, the stock engine does not catch what programs write
    out = notebook.with_name(f"{notebook.stem}.{engine}.ipynb")
    papermill.execute_notebook(
        str(notebook), str(out), engine_name=engine, kernel_name="python3", progress_bar=False,
        cwd=str(options.pop("cwd", notebook.parent)), **options,
    )  # fmt: skip
    return nbformat.read(out, as_version=4)


def save(path: Path, *cells: str, tags: tuple[str, ...] = ()) -> Path:
    nodes = [nbformat.v4.new_code_cell(cell, metadata={"tags": list(tags)}) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), path)
    return path


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    path = tmp_path_factory.mktemp("probes") / "probes.ipynb"
    save(path, *PROBES.values(), tags=("raises-exception",))
    found = {}
    for engine in ("stock", "qb"):
        with pytest.raises(PapermillExecutionError):  # for marked cells, too; the notebook ran to its end
            execute(path, engine)
        found[engine] = nbformat.read(path.with_name(f"probes.{engine}.ipynb"), as_version=4)
        found[engine].cells = [cell for cell in found[engine].cells if cell.cell_type == "code"]
    return found


@pytest.mark.parametrize("name", PROBES)
def test_a_cell_comes_out_as_the_stock_engine_has_it(probed, name):
    stock, ours = (probed[engine].cells[list(PROBES).index(name)] for engine in ("stock", "qb"))
    assert outputs(ours) == outputs(stock)
    assert marks(ours) == marks(stock)


def test_the_notebook_says_of_itself_what_the_stock_engine_says(probed):
    stock, ours = (probed[engine].metadata for engine in ("stock", "qb"))
    assert ours.language_info == stock.language_info
    assert ours.widgets == stock.widgets
    assert sorted(ours.papermill) == sorted(stock.papermill)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A small district: what engines may differ in does not depend on how many schools there are."""
    folder = tmp_path_factory.mktemp("few") / "data"
    write(make(schools=8, years=[2024, 2025]), folder, "csv")
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_of_ours_comes_out_as_the_stock_engine_has_it(path, few, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    # The first steps speak of the sample's own schools.
    own = {} if path.stem == "first_steps" else {"parameters": {"data": str(few)}}
    stock, ours = (execute(copy, engine, cwd=path.parent, **own) for engine in ("stock", "qb"))
    # What is for the notebook (`work`) or its Word document alone is not run for pages.
    shown = [
        place for place, cell in enumerate(stock.cells) if not {"work", "document"} & set(cell.metadata.tags)
    ]
    assert [outputs(ours.cells[place]) for place in shown] == [outputs(stock.cells[place]) for place in shown]
    assert [marks(ours.cells[place]) for place in shown] == [marks(stock.cells[place]) for place in shown]


def test_an_error_stops_the_notebook_as_it_does_with_the_stock_engine(tmp_path):
    path = save(tmp_path / "stops.ipynb", "1", "1 / 0", "print('never')")
    found = {}
    for engine in ("stock", "qb"):
        with pytest.raises(PapermillExecutionError) as caught:
            execute(path, engine)
        error, half = caught.value, nbformat.read(path.with_name(f"stops.{engine}.ipynb"), as_version=4)
        found[engine] = (error.ename, error.evalue, error.cell_index, [outputs(cell) for cell in half.cells])
    assert found["qb"] == found["stock"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("import os\nos._exit(1)", "DeadKernelError"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "DeadKernelError"),
        ("import time\ntime.sleep(600)", "CellTimeoutError"),
    ],
    ids=["leaves", "is killed", "hangs"],
)
def test_a_lost_process_is_the_error_of_its_cell_and_what_came_before_stays(tmp_path, cell, name):
    path = save(tmp_path / "lost.ipynb", "'before'", cell)
    with pytest.raises(PapermillExecutionError) as caught:
        execute(path, "qb", execution_timeout=2)
    assert (caught.value.ename, caught.value.cell_index) == (name, 1)
    half = nbformat.read(path.with_name("lost.qb.ipynb"), as_version=4)
    assert "'before'" in str(half.cells)


def test_notebooks_share_nothing(tmp_path):
    first = save(tmp_path / "first.ipynb", "import random, sys\nsys.mine = left = 1\nrandom.random()")
    second = save(tmp_path / "second.ipynb", "hasattr(sys, 'mine'), 'left' in globals()\n")
    second = save(
        second, "import random, sys", "hasattr(sys, 'mine'), 'left' in globals()", "random.random()"
    )
    drawn = execute(first, "qb").cells[0].outputs[0].data["text/plain"]
    _, shared, again = execute(second, "qb").cells
    assert shared.outputs[0].data["text/plain"] == "(False, False)"
    assert again.outputs[0].data["text/plain"] != drawn


def test_the_engine_works_from_a_command_line_of_papermill(tmp_path):
    path = save(tmp_path / "plain.ipynb", "name = 'x'", "name * 2")
    register = (
        "from papermill.cli import papermill; from papermill.engines import papermill_engines; "
        "from qb.publish.engine import ForkEngine; papermill_engines.register('qb', ForkEngine); papermill()"
    )
    options = [str(path), str(tmp_path / "out.ipynb"), "--engine", "qb", "-k", "python3"]
    subprocess.run([sys.executable, "-c", register, *options], check=True, capture_output=True)
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    assert cells[-1].outputs[0].data["text/plain"] == "'xx'"
