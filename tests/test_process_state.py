# ruff: noqa: E501  what a cell does is easier to read unfolded
"""What a page leaves behind does not reach the next one of the same process; ours leave nothing."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import nbformat
import numpy as np
import pytest

from qb.data.reading import write
from qb.data.sample import make
from qb.publish.api import publish
from qb.publish.jobs import Job
from qb.publish.page import Page
from qb.publish.page_processes import run
from qb.publish.process_state import Seal
from qb.publish.worker_client import PreloadedContext, can_fork
from qb.report.context import open_context

pytestmark = pytest.mark.skipif(
    not can_fork(), reason="processes are forked for this test: spawning takes seconds"
)

# What a cell changes, by the kind of state under which it is found, and how the next page would see it.
PUT_BACK = {
    "names of a notebook": (None, "mine = 1", "'mine' in globals()"),
    "numbered results": (None, "41 + 1", "len(Out), len(In) < 4"),
    "environment": ("environment", "import os; os.environ['QB_LEFT'] = '1'; del os.environ['PATH']", "__import__('os').environ.get('QB_LEFT'), len(__import__('os').environ['PATH']) > 0"),
    "time zone": ("environment", "import os, time; os.environ['TZ'] = 'Asia/Kathmandu'; time.tzset()", "__import__('time').timezone"),
    "folder": (None, "import os; os.chdir('/')", "__import__('os').getcwd() == '/'"),
    "file mask": ("file mask", "import os; _ = os.umask(0o077)", "(lambda os: os.umask(os.umask(0)) and 0)(__import__('os')), __import__('os').umask(18)"),
    "signals": ("signals", "import signal; _ = signal.signal(signal.SIGTERM, signal.SIG_IGN)", "str(__import__('signal').getsignal(15))"),
    "alarm": ("alarm", "import signal; _ = signal.setitimer(signal.ITIMER_REAL, 3600)", "__import__('signal').getitimer(0)"),
    "recursion limit": ("recursion limit", "import sys; sys.setrecursionlimit(5000)", "__import__('sys').getrecursionlimit()"),
    "switch interval": ("switch interval", "import sys; sys.setswitchinterval(0.5)", "__import__('sys').getswitchinterval()"),
    "digits": ("digits", "import sys; sys.set_int_max_str_digits(900)", "__import__('sys').get_int_max_str_digits()"),
    "tracing": ("tracing", "import sys; sys.setprofile(lambda *_: None)", "str(__import__('sys').getprofile())"),
    "collector": ("collector", "import gc; gc.disable(); gc.set_threshold(7); gc.callbacks.append(print); gc.callbacks.pop()", "__import__('gc').isenabled(), __import__('gc').get_threshold()"),
    "streams": ("streams", "import sys, io; sys.stderr = io.StringIO()", "type(__import__('sys').stderr).__name__"),
    "module path": ("sys.path", "import sys; sys.path.insert(0, '/nowhere')", "'/nowhere' in __import__('sys').path"),
    "finders": ("sys.meta_path", "import sys; _ = sys.meta_path.pop()", "len(__import__('sys').meta_path)"),
    "a module of one's own": ("modules", "import sys, types; sys.modules['json_'] = types.ModuleType('json_')", "'json_' in __import__('sys').modules"),
    "a module replaced": ("modules", "import sys, types; sys.modules['csv'] = types.ModuleType('csv')", "hasattr(__import__('csv'), 'reader')"),
    "socket timeout": ("socket timeout", "import socket; socket.setdefaulttimeout(3)", "__import__('socket').getdefaulttimeout()"),
    "warnings": ("warnings", "import warnings; warnings.simplefilter('ignore'); warnings.showwarning = print", "len(__import__('warnings').filters), __import__('warnings').showwarning.__name__"),
    "log levels": ("log levels", "import logging; logging.getLogger().setLevel(1); logging.disable(50)", "__import__('logging').root.level, __import__('logging').root.manager.disable"),
    "log handlers": ("log levels", "import logging; logging.getLogger().addHandler(logging.NullHandler())", "len(__import__('logging').root.handlers)"),
    "decimal context": ("decimal context", "import decimal; decimal.DefaultContext.prec = 3; decimal.getcontext().prec = 3", "__import__('decimal').DefaultContext.prec, str(__import__('decimal').Decimal(1) / 3)"),
    "pickling": ("pickling", "import copyreg; copyreg.pickle(type('T', (), {}), repr)", "len(__import__('copyreg').dispatch_table)"),
    "builtins": ("names", "import builtins; builtins.left = 1; builtins.sum = max", "hasattr(__import__('builtins'), 'left'), sum([1, 2])"),
    "a function of a module": ("names", "import math; math.floor = math.ceil", "__import__('math').floor(1.5)"),
    "a function of ours": ("names", "from qb.report import words; words.say = None", "__import__('qb.report.words', fromlist='say').say is None"),
    "a class of ours": ("classes", "from qb.report.tables import Table; Table._repr_html_ = lambda self: 'patched'", "__import__('qb.report.tables', fromlist='x').Table._repr_html_.__name__"),
    "a class of pandas": ("classes", "import pandas as pd; pd.DataFrame.mean = None", "__import__('pandas').DataFrame.mean is None"),
    "a table of ours": ("tables of qb", "from qb.report import context as c; c._preloaded.clear()", "len(__import__('qb.report.context', fromlist='x')._preloaded)"),
    "pandas options": ("pandas options", "import pandas as pd; pd.options.display.max_rows = 3; pd.set_option('display.precision', 1)", "__import__('pandas').options.display.max_rows, str(__import__('pandas').Series([1.23456]))"),
    "numpy printing": (None, "import numpy as np; np.set_printoptions(precision=1)", "str(__import__('numpy').array([1.23456]))"),
    "numpy errors": (None, "import numpy as np; _ = np.seterr(all='raise')", "__import__('numpy').geterr()"),
    "random numbers": (None, "import random, numpy as np; random.seed(1); np.random.seed(1)", "__import__('random').getstate() == (lambda r: (r.seed(1), r.getstate())[1])(__import__('random').Random()), len(set(__import__('numpy').random.get_state()[1][:9])) > 1"),
    "display of a type": ("formatter text/html", "get_ipython().display_formatter.formatters['text/html'].for_type(int, str)", "int in get_ipython().display_formatter.formatters['text/html'].type_printers"),
    "display of numbers": ("formatter text/plain", "%precision 2", "get_ipython().display_formatter.formatters['text/plain'].float_precision"),
    "an event of the shell": ("event post_run_cell", "get_ipython().events.register('post_run_cell', lambda *_: None)", "len(get_ipython().events.callbacks['post_run_cell'])"),
    "a magic": ("line magics", "get_ipython().register_magic_function(lambda line: 1, 'line', 'left')", "'left' in get_ipython().magics_manager.magics['line']"),
    "syntax": ("syntax", "import ast; get_ipython().ast_transformers.append(ast.NodeTransformer())", "len(get_ipython().ast_transformers)"),
    "input": ("input lines", "get_ipython().input_transformer_manager.cleanup_transforms.append(list)", "len(get_ipython().input_transformer_manager.cleanup_transforms)"),
    "settings of the shell": ("shell", "get_ipython().ast_node_interactivity = 'all'", "get_ipython().ast_node_interactivity"),
    "errors of the shell": ("own errors", "get_ipython().set_custom_exc((KeyError,), lambda *_: [])", "len(get_ipython().custom_exceptions)"),
    "locale": ("locale", "import locale; _ = locale.setlocale(locale.LC_ALL, 'C.UTF-8' if locale.setlocale(locale.LC_ALL) == 'C' else 'C')", "__import__('locale').setlocale(6)"),
}  # fmt: skip

# What cannot be put back: the next page has another process.
RENEWED = {
    "threads": "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
    "matplotlib": "import matplotlib.pyplot as plt; plt.rcParams['font.size'] = 33; _ = plt.figure()",
    "limits": "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "child processes": "import subprocess; child = subprocess.Popen(['sleep', '600'])",
    "descriptors": "import os; _ = os.dup2(os.open('/dev/null', os.O_WRONLY), 1)",
    "tasks": "import asyncio; task = asyncio.ensure_future(asyncio.sleep(600))",
    "context": "open_book().data['schools']['left'] = 1",
}
BOOK = "\n".join((
    "def open_book():",
    "    from qb.report import open_context",
    "    return open_context({data!r}, 2025, 'gulou-2023')",
))  # fmt: skip
# The context changed in other ways: refused where it stands in an array, found out where it does not.
IN_PLACE = {
    "a number in a frame": ("schools = open_book().data['schools']\nschools.iloc[0, schools.columns.get_loc('longitude')] = 1.0", "read-only"),
    "a text in a frame": ("open_book().assessment.rows['name'].array[0] = 'left'", None),
    "a row by school": ("rows = open_book().school_index.rows\nnext(iter(rows.values()))[0]['pupils'] = -1", None),
    "a list of rows": ("rows = open_book().school_index.rows\nnext(iter(rows.values())).clear()", None),
    "a field of the context": ("object.__setattr__(open_book(), 'assessment', None)", None),
}  # fmt: skip
SCENARIO = """title = "示例"
base_year = 2025

[[actions]]
do = "buy"
year = 2026
school = "{school}"
equipment_yuan = 80000
"""
SEEN = "import hashlib, json, os, pickle\n"


def look(data: str) -> list[str]:
    """Return a notebook's cells that show what can be seen of every kind, and the process."""
    shown = [f"seen[{name!r}] = repr(({seen}))" for name, (_, _, seen) in PUT_BACK.items()]
    book = "seen['book'] = hashlib.sha256(pickle.dumps([open_book().data, open_book().assessment.rows, {k: [dict(r) for r in v] for k, v in open_book().school_index.rows.items()}])).hexdigest()"
    return [
        "\n".join(("seen = {}", *shown)),
        f"{SEEN}{BOOK.format(data=data)}\n{book}\nseen['process'] = os.getpid()\nprint('<<' + json.dumps(seen) + '>>')",
    ]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book") / "data"
    write(make(schools=4, years=[2024, 2025], seed=3), folder)
    return PreloadedContext(open_context(folder, 2025, "gulou-2023"), folder, "gulou-2023")


@pytest.fixture(scope="module")
def probed(book, tmp_path_factory):
    """Pages one after another in one process: a look, then changes of a kind, each followed by a look."""
    folder = tmp_path_factory.mktemp("probes")
    start = BOOK.format(data=str(book.data))
    pages = {"all that is put back": [start, *(change for _, change, _ in PUT_BACK.values())]}
    pages |= {name: [start, change] for name, change in RENEWED.items()}
    pages |= {name: [start, change] for name, (change, _) in IN_PLACE.items()}
    jobs = []

    def add(name: str, cells: list[str]) -> None:
        nodes = [nbformat.v4.new_code_cell(cell) for cell in cells]
        path = folder / f"{len(jobs)}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=nodes), path)
        jobs.append(Job(path, {}, path.with_suffix(".html"), Page(name), cell_seconds=30, ours=True))

    add("first", look(str(book.data)))
    for name, cells in pages.items():
        add(name, cells)
        add(f"after {name}", look(str(book.data)))
    outcomes = run(jobs, workers=1, progress=False, held=book)
    found = {outcome.job.page.title: outcome for outcome in outcomes}
    seen = {name: said(one.job.target) for name, one in found.items() if name == "first" or "after " in name}
    return found, seen


def said(page: Path) -> dict[str, object]:
    (text,) = re.findall(r"<<(.*?)>>", unescape(page.read_text("utf-8")), re.DOTALL)
    return json.loads(text)


@pytest.mark.parametrize("name", PUT_BACK)
def test_what_a_page_changed_is_put_back_before_the_next(probed, name):
    found, seen = probed
    assert found["all that is put back"].failure is None
    assert seen["after all that is put back"][name] == seen["first"][name]
    kind = PUT_BACK[name][0]
    assert kind is None or kind in found["all that is put back"].changed


def test_the_process_goes_on_after_what_could_be_put_back(probed):
    _, seen = probed
    assert seen["after all that is put back"]["process"] == seen["first"]["process"]


@pytest.mark.parametrize("name", RENEWED)
def test_after_what_cannot_be_put_back_the_next_page_has_another_process(probed, name):
    found, seen = probed
    assert found[name].failure is None and name in found[name].changed
    before = list(seen)[list(seen).index(f"after {name}") - 1]
    assert seen[f"after {name}"]["process"] != seen[before]["process"]
    assert {k: v for k, v in seen[f"after {name}"].items() if k != "process"} == {
        k: v for k, v in seen["first"].items() if k != "process"
    }


@pytest.mark.parametrize("name", IN_PLACE)
def test_the_shared_context_cannot_be_changed_in_place_for_another_page(probed, name):
    found, seen = probed
    refused = IN_PLACE[name][1]
    assert (found[name].failure is None) == (refused is None)
    assert refused is None or refused in found[name].failure.message
    assert "context" in found[name].changed or refused
    assert seen[f"after {name}"]["book"] == seen["first"]["book"]


def test_none_of_the_notebooks_that_come_with_qb_changes_anything(book, tmp_path):
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SCENARIO.format(school=book.context.first_school), "utf-8")
    site = publish(book.data, out=tmp_path / "site", scenarios=[scenario], jobs=1, progress=False)
    assert site.exit_code == 0, site.summary
    assert {outcome.job.notebook.stem for outcome in site.outcomes} == {
        "annual", "brief", "data", "district", "ledger", "plan", "research", "scenario", "school",
    }  # fmt: skip
    assert {outcome.job.page.title: outcome.changed for outcome in site.outcomes if outcome.changed} == {}


def test_a_seal_looks_at_what_was_found_out_later_too():
    class Kept:
        pass

    Kept.__module__ = "qb.kept"
    kept = Kept()
    kept.first = [np.zeros(2)]
    seal = Seal(kept)
    kept.later = {"a": np.ones(2)}  # as a cached property does
    assert not seal.broken()
    with pytest.raises(ValueError, match="read-only"):
        kept.later["a"][0] = 5
    kept.later["a"] = np.ones(2)  # equal, and another one
    assert seal.broken()


def test_a_set_whose_copy_has_another_order_is_unchanged():
    class Kept:
        pass

    Kept.__module__ = "qb.kept"
    kept = Kept()
    kept.codes = set()
    for code in (0, 2, 3, 4, 5, 16, 17):
        kept.codes.add(code)
    assert list(kept.codes) != list(kept.codes.copy())  # as CPython lays out a set that grew
    seal = Seal(kept)
    assert not seal.broken()
    kept.codes.add(1)
    assert seal.broken()
