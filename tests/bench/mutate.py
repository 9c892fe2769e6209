"""Break every rule of indicators, balance and planning/plan, one at a time: a test must fail each time.

On demand: ``python tests/bench/mutate.py indicators [most a module] [seed]``; without a number every mutant
is tried. No file is changed. The tests are collected and run once, with a profile; then each mutant takes the
place of its function in a forked process and meets the tests that call it, fastest first, until one fails.
Those that change nothing that is promised stand in survivors.toml with the reason, and do not count.
"""

from __future__ import annotations

import ast
import copy
import gc
import os
import random
import signal
import sys
import time
import tomllib
import types
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

HOME = Path(__file__).parents[2]
TESTS = {
    "indicators": (
        *("measure", "limits", "judge", "size_bands", "standard", "standard_kinds", "standard_declared"),
        "researcher",
    ),
    "balance": ("balance", "balance_explain", "balance_robust"),
    "planning/plan": ("plan", "plan_costs", "plan_explain", "plan_modes", "plan_exact"),
}
SURVIVORS = Path(__file__).with_name("survivors.toml")
OUT = 1

OPERATORS = {
    new: old
    for pair in (
        *(
            (ast.Lt, ast.LtE),
            (ast.Gt, ast.GtE),
            (ast.Eq, ast.NotEq),
            (ast.In, ast.NotIn),
            (ast.Is, ast.IsNot),
        ),
        *((ast.And, ast.Or), (ast.BitAnd, ast.BitOr), (ast.Add, ast.Sub), (ast.Mult, ast.Div)),
    )
    for new, old in (pair, pair[::-1])
}
OPERATORS[ast.Pow] = ast.Mult
PAIRS = (
    *(("min", "max"), ("minimum", "maximum"), ("fmin", "fmax"), ("argmin", "argmax"), ("nanmin", "nanmax")),
    *(("any", "all"), ("sum", "mean"), ("ceil", "floor"), ("cumsum", "cumprod"), ("PRIMARY", "JUNIOR")),
    *(("primary", "junior"), ("NO_DATA", "NOT_APPLICABLE"), ("budget", "final")),
)
WORDS = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
DROPPED = {"abs", "clip", "fillna", "sqrt"}  # calls that give way to what they were called on
HOW = {"strict", "zero_copy_only", "copy", "dtype"}  # arguments that say how, not what


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                if type(op) in OPERATORS:
                    yield _with(node, ops=[*ops[:i], OPERATORS[type(op)](), *ops[i + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(value=str(word)) if word in WORDS:
            yield ast.Constant(WORDS[word])
        case ast.Name(id=word, ctx=ast.Load()) if word in WORDS:
            yield _with(node, id=WORDS[word])
        case ast.Attribute(attr=word) if word in WORDS:
            yield _with(node, attr=WORDS[word])
        case ast.Call(func=ast.Attribute(value=ast.Name("np"), attr=word) | ast.Name(word), args=[first, *_]):
            if word in DROPPED:
                yield first
        case ast.Call(func=ast.Attribute(value=receiver, attr=word)) if word in DROPPED:
            yield receiver
        case ast.If(test=ast.expr() as test) | ast.IfExp(test=ast.expr() as test):
            if not isinstance(test, ast.Compare | ast.UnaryOp):  # those are turned round above
                yield _with(node, test=ast.UnaryOp(ast.Not(), test))
    if isinstance(node, ast.Call) and any(k.arg == "weights" for k in node.keywords):
        yield _with(node, keywords=[k for k in node.keywords if k.arg != "weights"])


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


class Mutant(NamedTuple):
    """A change of one rule, and the code of the module with it."""

    line: int
    source: str  # what stands in that line
    within: int  # first line of the outermost function; 0 outside of any
    function: str
    change: str
    code: types.CodeType

    def explained(self, given: list[dict]) -> bool:
        """Tell whether a reason is given why no test can notice: for the change, its line or its function."""
        return any(
            self.function == entry["function"]
            and entry.get("line", "") in self.source
            and self.change in entry.get("changes", [self.change])
            for entry in given
        )


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield each mutant of a file."""
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()

    def walk(node: ast.AST, within: tuple[int, str]) -> Iterator[Mutant]:
        outside = within
        if isinstance(node, ast.FunctionDef) and not within[0]:
            within = min(part.lineno for part in (node, *node.decorator_list)), node.name
        for name, field in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list"}:
                continue
            here = outside if name == "args" and isinstance(node, ast.FunctionDef) else within
            for place, part in enumerate(field) if isinstance(field, list) else ((None, field),):
                if isinstance(part, ast.AST) and not _says_nothing(part):
                    for new in replacements(part):
                        if isinstance(node, ast.Subscript | ast.Tuple) and _shown(new) == "-1":
                            continue  # where there is one column, it is the last as well
                        old = _put(node, name, place, ast.copy_location(new, part))
                        code = compile(ast.fix_missing_locations(tree), str(path), "exec")
                        _put(node, name, place, old)
                        line, change = part.lineno, f"{_shown(part)}  →  {_shown(new)}"
                        yield Mutant(line, lines[line - 1], *here, change, code)
                    yield from walk(part, here)

    yield from walk(tree, (0, ""))


def _says_nothing(part: ast.AST) -> bool:
    """Tell docstrings, texts, errors and arguments that say how from rules."""
    match part:
        case ast.JoinedStr() | ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Call(func=ast.Attribute(attr="errstate")):
            return True
        case ast.Assign(targets=[ast.Name("__all__")]):
            return True
        case ast.If(test=ast.Name("TYPE_CHECKING")):
            return True
        case ast.keyword(arg=name):
            return name in HOW
    return False


def _put(parent: ast.AST, name: str, place: int | None, part: ast.AST) -> ast.AST:
    held = getattr(parent, name)
    if place is None:
        setattr(parent, name, part)
        return held
    held[place], held = part, held[place]
    return held


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:87] + "…"


class Mutation:
    """A pytest plugin that runs the collected tests once, and then for each mutant those that call it."""

    def __init__(self, package: str, most: int | None, seed: int) -> None:
        self.package, self.most, self.seed = package, most, seed
        self.failed = False
        self.seconds: dict[pytest.Item, float] = {}
        self.calls: dict[pytest.Item, set[tuple[str, int]]] = {}
        self.fixtures: dict[object, set[tuple[str, int]]] = {}
        self.now: list[set[tuple[str, int]]] = []

    def _note(self, frame, event, _arg) -> None:
        if event == "call" and self.now:
            self.now[-1].add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report) -> None:
        self.failed |= report.failed

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        self.now.append(set())
        try:
            return (yield)
        finally:
            self.fixtures[fixturedef] = self.now.pop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session) -> bool:
        for item, following in zip(session.items, [*session.items[1:], session.items[0]], strict=True):
            self._profile(item, following)
            if self.failed:
                say(f"{item.nodeid} fails as it is; mutants would prove nothing.")
                return True
        say(f"{self.package}: {len(self.calls)} tests, {sum(self.seconds.values()):.0f} s")
        tried, left = 0, 0
        reasons = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
        for path in sorted((HOME / "qb" / self.package).glob("*.py")):
            every = list(mutants(path))
            unchanged = compile(path.read_text(encoding="utf-8"), str(path), "exec")
            if any(self.noticed(path, mutant.within, unchanged, most=3) for mutant in every[-1:]):
                say(f"  {path.name}: a test fails though nothing is changed; what follows proves nothing.")
            most = len(every) if self.most is None else min(self.most, len(every))
            chosen = sorted(random.Random(self.seed).sample(every, most), key=lambda mutant: mutant.line)
            given = reasons.get(f"{self.package}/{path.name}", [])
            idle = sum(mutant.explained(given) for mutant in chosen)
            alive = [
                mutant
                for mutant in chosen
                if not (mutant.explained(given) or self.noticed(path, mutant.within, mutant.code))
            ]
            for mutant in alive:
                say(f"  qb/{self.package}/{path.name}:{mutant.line} {mutant.function}: {mutant.change}")
            without = f", {idle} of them in {SURVIVORS.name}" if idle else ""
            say(f"{path.name}: {most} mutants of {len(every)}{without}, {len(alive)} not noticed")
            tried, left = tried + most - idle, left + len(alive)
        say(f"{self.package}: {tried} mutants, {tried - left} noticed ({1 - left / max(tried, 1):.1%})")
        return True

    def _profile(self, item: pytest.Item, following: pytest.Item) -> None:
        self.now = [set()]
        example = getattr(item, "dtest", None)  # of a docstring: its names are gone when it has run
        names = dict(example.globs) if example else {}
        start = time.process_time()
        sys.setprofile(self._note)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        sys.setprofile(None)
        self.seconds[item] = time.process_time() - start
        if example:
            example.globs.update(names)
        defined = item._fixtureinfo.name2fixturedefs.values() if hasattr(item, "_fixtureinfo") else ()
        used = [self.fixtures.get(definition, set()) for several in defined for definition in several]
        self.calls[item] = self.now.pop().union(*used)

    def noticed(self, path: Path, within: int, code: types.CodeType, most: int | None = None) -> bool:
        """Tell whether a test fails with the mutant in the place of what stands in the file."""
        if not within:  # not in a function: everything is imported anew
            limit = 60 + 10 * sum(self.seconds.values())
            return forked(lambda: self._anew(path, code), limit) != 0
        items = sorted(self.calls, key=self.seconds.__getitem__)
        items = [item for item in items if (str(path), within) in self.calls[item]][:most]
        total = sum(self.seconds[item] for item in items)
        return forked(lambda: self._swapped(path, within, code, items), 60 + 10 * total) != 0

    def _swapped(self, path: Path, within: int, code: types.CodeType, items: list[pytest.Item]) -> int:
        # Functions within it as well: some were made when the module was imported.
        new = {(part.co_firstlineno, part.co_qualname): part for part in _parts(code)}
        for function in [thing for thing in gc.get_objects() if isinstance(thing, types.FunctionType)]:
            old = function.__code__
            part = new.get((old.co_firstlineno, old.co_qualname))
            if old.co_filename == str(path) and part and part.co_freevars == old.co_freevars:
                function.__code__ = part
        for item, following in zip(items, [*items[1:], *items[:1]], strict=True):
            signal.setitimer(signal.ITIMER_PROF, 10 + 10 * self.seconds[item])  # ends a loop without end
            with suppress(OSError):  # of a reporter whose screen a mutant has shut
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return 1
        return 0

    def _anew(self, path: Path, code: types.CodeType) -> int:
        here = {name.split(".")[0] for name in ("qb", *(file.stem for file in (HOME / "tests").glob("*.py")))}
        for name in [name for name in sys.modules if name.split(".")[0] in here]:
            del sys.modules[name]
        read = SourceFileLoader.get_code
        SourceFileLoader.get_code = lambda self, name: code if self.path == str(path) else read(self, name)
        return run(self.package)


def _parts(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code of every function in a module, the outer before the inner."""
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield part
            yield from _parts(part)


def forked(work, limit: float) -> int | None:
    """Return what `work` returns in a process of its own, or None if it takes longer than the limit."""
    if not (child := os.fork()):
        os.setsid()
        try:
            os._exit(int(work()))
        finally:
            os._exit(0)  # it raised: no test failed, and nothing of the parent's runs twice
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if (ended := os.waitpid(child, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(ended[1])
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run(package: str, *plugins: object) -> int:
    """Run a package's tests and examples until one fails."""
    files = [file for name in TESTS[package] if (file := HOME / "tests" / f"test_{name}.py").exists()]
    options = ["-x", "-s", "-p", "no:cacheprovider", "--assert=plain", "--doctest-modules"]
    return pytest.main([*options, *map(str, files), f"qb/{package}"], plugins=list(plugins))


def say(text: str) -> None:
    """Write to where the run was started: what tests print goes nowhere."""
    os.write(OUT, f"{text}\n".encode())


if __name__ == "__main__":
    os.nice(10)
    os.chdir(HOME)
    OUT = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.path[:0] = [str(HOME), str(HOME / "tests")]
    sys.dont_write_bytecode = True
    # Examples are not made smaller, and are the same each time.
    settings.register_profile(
        "mutants", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None
    )
    settings.load_profile("mutants")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else None
    run(sys.argv[1], Mutation(sys.argv[1], count, int(sys.argv[3]) if len(sys.argv) > 3 else 0))
