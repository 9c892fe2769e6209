"""The global state of a process (environment, signals, warnings, settings): put back after each page, or found changed.

A page of ours changes none of it; a test says so of each. What was changed all the same is put back after
the page. What cannot be put back is named, and the process makes no other page.
"""

from __future__ import annotations

import asyncio
import copyreg
import decimal
import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from operator import is_
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ipykernel.zmqshell import ZMQInteractiveShell

# Modules whose names are looked at after each page, beside our own.
_MODULES = (
    "IPython", "IPython.display", "builtins", "datetime", "decimal", "html", "json", "locale", "logging", "math", "numpy", "os", "pandas", "pandas.api.types", "pathlib",
    "random", "re", "socket", "sys", "tempfile", "time",
)  # fmt: skip
_PASSING = (  # the last error, prompts, what warned, what pickling keeps
    "last_type", "last_value", "last_traceback", "last_exc", "ps1", "ps2", "ps3", "__warningregistry__",
    "__slotnames__",
)  # fmt: skip
_AT_ONCE = 4000  # containers of the context that one look takes: the others have their turn after other pages


@dataclass(frozen=True)
class _Kind:
    """A kind of state: how it is read, to be compared, and how what was read is put back, if it can be."""

    read: Callable[[], Any]
    put: Callable[[Any], object] | None = None


class ProcessState:
    """The state of this process as it is now, to come back to.

    Parameters
    ----------
    shell : InteractiveShell
        What runs the cells.
    loop : event loop
        In which they run.
    context : object, optional
        What all pages share: its arrays can be read only from now on.
    """

    def __init__(
        self, shell: ZMQInteractiveShell, loop: asyncio.AbstractEventLoop, context: object = None
    ) -> None:
        tempfile.gettempdir()  # found once and kept
        self._kinds = dict(_of_process()) | dict(_of_shell(shell)) | dict(_of_libraries())
        self._kinds["context"] = _Kind(Seal(context).broken)
        self._kinds["tasks"] = _Kind(lambda: len(asyncio.all_tasks(loop)))
        self._shell = shell
        self._before = {name: kind.read() for name, kind in self._kinds.items()}

    def put_back(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Put everything back; return the kinds that were changed, and those that stayed so."""
        _forget(self._shell)
        changed, left = [], []
        for name, kind in self._kinds.items():
            if kind.read() == self._before[name]:
                continue
            changed.append(name)
            if kind.put:
                with suppress(Exception):
                    kind.put(self._before[name])
                    if kind.read() == self._before[name]:
                        continue
            left.append(name)
        random.seed()
        np.random.seed()  # noqa: NPY002  what a notebook that uses the old generator would otherwise share
        _warn_anew()
        return tuple(changed), tuple(left)


def _forget(shell: ZMQInteractiveShell) -> None:
    """Empty the shell as its own reset does, which defines every alias anew and collects all garbage."""
    names = shell.user_ns
    for name in names.keys() - {"__builtin__", "__builtins__", "__name__"}:
        del names[name]
    shell.user_ns_hidden.clear()
    shell.history_manager.reset()
    shell.execution_count = 1
    shell.last_execution_succeeded, shell.last_execution_result = True, None
    hook = shell.displayhook
    hook._, hook.__, hook.___ = "", "", ""
    shell.init_user_ns()
    shell.clear_main_mod_cache()


def _warn_anew() -> None:
    """Let warnings that were given once be given again, by the next page."""
    kept = list(warnings.filters)
    warnings.resetwarnings()
    warnings.filters[:] = kept


# The process and the interpreter.


def _of_process() -> Iterator[tuple[str, _Kind]]:
    yield "environment", _Kind(lambda: dict(os.environ), _put_environment)
    yield "time zone", _Kind(lambda: (time.tzname, time.timezone), lambda _: time.tzset())
    yield "folder", _Kind(Path.cwd, os.chdir)
    yield "file mask", _Kind(_umask, os.umask)
    yield (
        "locale",
        _Kind(lambda: locale.setlocale(locale.LC_ALL), lambda b: locale.setlocale(locale.LC_ALL, b)),
    )
    yield "signals", _Kind(lambda: {n: signal.getsignal(n) for n in signal.valid_signals()}, _put_signals)
    if hasattr(signal, "getitimer"):
        alarm = signal.ITIMER_REAL
        yield "alarm", _Kind(lambda: signal.getitimer(alarm) != (0, 0), lambda _: signal.setitimer(alarm, 0))
        yield "limits", _Kind(_limits)
        yield "child processes", _Kind(_has_children)
        yield "descriptors", _Kind(lambda: [os.fstat(n)[:3] for n in (0, 1, 2)])
    yield "threads", _Kind(lambda: set(threading.enumerate()))
    yield "recursion limit", _Kind(sys.getrecursionlimit, sys.setrecursionlimit)
    yield "switch interval", _Kind(sys.getswitchinterval, sys.setswitchinterval)
    yield "digits", _Kind(sys.get_int_max_str_digits, sys.set_int_max_str_digits)
    yield "tracing", _Kind(lambda: (sys.gettrace(), sys.getprofile()), _put_tracing)
    yield "collector", _Kind(lambda: (gc.isenabled(), gc.get_threshold(), len(gc.callbacks)), _put_collector)
    yield "streams", _Kind(_streams, _put_streams)
    for name in ("path", "meta_path", "path_hooks", "argv"):
        yield f"sys.{name}", _list(getattr(sys, name))
    yield "modules", _modules()
    yield "socket timeout", _Kind(socket.getdefaulttimeout, socket.setdefaulttimeout)
    yield "pickling", _dict(copyreg.dispatch_table)
    yield "warnings", _warnings()
    yield "log levels", _logging()
    yield "decimal context", _decimal()


def _put_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def _put_signals(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        if handler is not signal.getsignal(number) and handler is not None:
            signal.signal(number, handler)


def _limits() -> list[tuple[int, int]]:
    import resource

    return [
        resource.getrlimit(getattr(resource, n)) for n in sorted(dir(resource)) if n.startswith("RLIMIT_")
    ]


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _put_tracing(before: tuple[Any, Any]) -> None:
    sys.settrace(before[0])
    sys.setprofile(before[1])


def _put_collector(before: tuple[bool, tuple[int, int, int], int]) -> None:
    (gc.enable if before[0] else gc.disable)()
    gc.set_threshold(*before[1])
    del gc.callbacks[before[2] :]


_STREAMS = ("stdin", "stdout", "stderr", "displayhook", "excepthook", "unraisablehook", "breakpointhook")


def _streams() -> list[object]:
    return [*(getattr(sys, name) for name in _STREAMS), threading.excepthook]


def _put_streams(before: list[Any]) -> None:
    for name, kept in zip(_STREAMS, before, strict=False):
        setattr(sys, name, kept)
    threading.excepthook = before[-1]


def _modules() -> _Kind:
    """Return the table of modules: libraries that a page loads may stay, anything else goes."""
    known = dict(sys.modules)
    prefixes = tuple({sys.prefix, sys.base_prefix, str(Path(__file__).parents[1]), np.__file__[:-17]})

    def library(module: object) -> bool:
        spec = getattr(module, "__spec__", None)
        return spec is not None and (
            spec.origin is None or spec.origin.startswith((*prefixes, "built-in", "frozen"))
        )

    def read() -> tuple[bool, tuple[str, ...]]:
        for name in sys.modules.keys() - known.keys():
            if library(sys.modules[name]):
                known[name] = sys.modules[name]
        intact = all(sys.modules.get(name, known) is module for name, module in known.items())
        return intact, tuple(sys.modules.keys() - known.keys())

    def put(_: object) -> None:
        for name in sys.modules.keys() - known.keys():
            del sys.modules[name]
        sys.modules.update(known)

    return _Kind(read, put)


def _warnings() -> _Kind:
    def put(before: tuple[list, Any, Any]) -> None:
        warnings.filters[:], warnings.showwarning, warnings.formatwarning = before

    return _Kind(lambda: (list(warnings.filters), warnings.showwarning, warnings.formatwarning), put)


def _logging() -> _Kind:
    manager = logging.root.manager
    known = [logging.root, *(one for one in manager.loggerDict.values() if isinstance(one, logging.Logger))]

    def read() -> list[Any]:
        said = [(one.level, [*one.handlers], [*one.filters], one.disabled, one.propagate) for one in known]
        return [manager.disable, *said]

    def put(before: list[Any]) -> None:
        logging.disable(before[0])
        for one, (level, handlers, filters, disabled, propagate) in zip(known, before[1:], strict=True):
            one.setLevel(level)
            one.handlers[:], one.filters[:] = handlers, filters
            one.disabled, one.propagate = disabled, propagate

    return _Kind(read, put)


def _decimal() -> _Kind:
    kept = decimal.getcontext().copy(), decimal.DefaultContext.copy()

    def put(_: object) -> None:
        decimal.setcontext(kept[0].copy())
        for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp"):
            setattr(decimal.DefaultContext, name, getattr(kept[1], name))
        decimal.DefaultContext.traps.update(kept[1].traps)

    def read() -> tuple[str, str]:
        traps = repr(sorted(map(str, (kind for kind, on in decimal.DefaultContext.traps.items() if on))))
        shown = decimal.getcontext().copy()
        shown.clear_flags()
        return repr(shown), f"{decimal.DefaultContext.prec} {decimal.DefaultContext.rounding} {traps}"

    return _Kind(read, put)


# Lists, tables and names of others, by what stands in them.


def _list(kept: list) -> _Kind:
    def put(before: list) -> None:
        kept[:] = before

    return _Kind(lambda: list(kept), put)


def _dict(kept: dict) -> _Kind:
    """Return a table."""
    copy = dict(kept)

    def put(_: object) -> None:
        kept.clear()
        kept.update(copy)

    return _Kind(lambda: _same(kept, copy), put)


def _names(owners: Iterable[Any]) -> _Kind:
    """Return the names in modules and classes, but those that come and go without anybody's doing."""

    def own(owner: Any) -> dict[str, Any]:
        return {
            name: value
            for name, value in vars(owner).items()
            if name not in _PASSING and not isinstance(value, ModuleType)  # a module that was loaded later
        }

    kept = [(owner, vars(owner), dict(vars(owner)), own(owner)) for owner in owners]

    def read() -> list[str]:
        doubtful = ((owner, names) for owner, now, before, names in kept if not _same(now, before))
        return [owner.__name__ for owner, names in doubtful if not _same(own(owner), names)]

    def put(_: object) -> None:
        for owner, _, _, names in kept:
            now = own(owner)
            for name in now.keys() - names.keys():
                delattr(owner, name)
            for name, value in names.items():
                if now.get(name, names) is not value:
                    setattr(owner, name, value)

    return _Kind(read, put)


def _same(now: Mapping[Any, Any], before: Mapping[Any, Any]) -> bool:
    """Whether two tables hold the same things, not just equal ones."""
    if len(now) != len(before):
        return False
    if all(map(is_, now.values(), before.values())) and all(map(is_, now, before)):
        return True
    return all(now.get(name, before) is value for name, value in before.items())  # in another order


# The shell.


def _of_shell(shell: ZMQInteractiveShell) -> Iterator[tuple[str, _Kind]]:
    for name, callbacks in shell.events.callbacks.items():
        yield f"event {name}", _list(callbacks)
    formatters = shell.display_formatter.formatters
    for form, formatter in formatters.items():
        yield f"formatter {form}", _formatter(formatter)
    yield "formatters", _dict(formatters)
    for kind, magics in shell.magics_manager.magics.items():
        yield f"{kind} magics", _dict(magics)
    yield "syntax", _list(shell.ast_transformers)
    yield "input", _list(shell.input_transformers_post)
    yield "input lines", _list(shell.input_transformer_manager.cleanup_transforms)
    yield "own errors", _Kind(lambda: shell.custom_exceptions, lambda _: shell.set_custom_exc((), None))
    yield (
        "publisher",
        _Kind(lambda: len(shell.display_pub._hooks), lambda _: shell.display_pub._hooks.clear()),
    )
    yield "shell", _settings(shell)
    yield "comms", _comms()


def _formatter(formatter: Any) -> _Kind:
    names = ("singleton_printers", "type_printers", "deferred_printers")
    parts = [_dict(getattr(formatter, name)) for name in names]
    settings = _settings(formatter)

    def put(before: list[Any]) -> None:
        for part, was in zip((*parts, settings), before, strict=True):
            part.put(was)

    return _Kind(lambda: [part.read() for part in (*parts, settings)], put)


def _settings(configured: Any) -> _Kind:
    """Return the plain settings of an object with traits."""
    names = [
        name
        for name, value in configured.trait_values().items()
        if isinstance(value, bool | int | float | str) and name not in ("execution_count", "exit_now")
    ]

    def put(before: dict[str, Any]) -> None:
        for name, value in before.items():
            if getattr(configured, name) != value:
                setattr(configured, name, value)

    return _Kind(lambda: {name: getattr(configured, name) for name in names}, put)


def _comms() -> _Kind:
    import comm

    return _dict(comm.get_comm_manager().comms)


# Libraries.


def _of_libraries() -> Iterator[tuple[str, _Kind]]:
    yield "numpy printing", _Kind(np.get_printoptions, lambda before: np.set_printoptions(**before))
    yield "numpy errors", _Kind(np.geterr, lambda before: np.seterr(**before))
    if "pandas" in sys.modules:
        yield "pandas options", _Kind(_pandas_options, _put_pandas_options)
    # Its settings, open figures and hold on the shell: no page of ours loads it.
    yield "matplotlib", _Kind(lambda: "matplotlib.pyplot" in sys.modules)
    ours = [one for name, one in sorted(sys.modules.items()) if name.split(".")[0] == "qb"]
    others = [sys.modules[name] for name in _MODULES if name in sys.modules]
    yield "names", _names([*ours, *others])
    public = [one for module in (*ours, *others) for one in vars(module).values() if isinstance(one, type)]
    classes = {base: None for one in public for base in one.__mro__}
    yield "classes", _names(one for one in classes if str(one.__module__).split(".")[0] in ("qb", "pandas"))
    yield "tables of qb", _tables(ours)


def _tables(modules: Iterable[ModuleType]) -> _Kind:
    """Return the lists, sets and tables that our modules hold."""
    kept = [
        (value, value.copy())
        for module in modules
        for name, value in vars(module).items()
        if type(value) in (list, dict, set) and not name.startswith("__")
    ]

    def put(_: object) -> None:
        for value, copy in kept:
            value.clear()
            value.extend(copy) if isinstance(value, list) else value.update(copy)

    return _Kind(lambda: [value for value, copy in kept if not _holds(value, copy)], put)


def _pandas_options() -> dict[str, Any]:
    import pandas as pd

    def of(node: Any, above: str) -> Iterator[tuple[str, Any]]:
        for name in dir(node):
            value = getattr(node, name)
            if isinstance(value, type(pd.options)):
                yield from of(value, f"{above}{name}.")
            else:
                yield f"{above}{name}", value

    return dict(of(pd.options, ""))


def _put_pandas_options(before: dict[str, Any]) -> None:
    import pandas as pd

    now = _pandas_options()
    for name, value in before.items():
        if now[name] != value:
            pd.set_option(name, value)


# The context: what all pages share.


class Seal:
    """What stands in an object and in all that it holds, with arrays that can only be read from now on.

    Frames are looked at whole each time: an array that can only be read is the same if it is the same
    object. Of tables and lists a number has its turn each time. What an object finds out and keeps for
    later is sealed when it is first seen.
    """

    def __init__(self, root: object) -> None:
        self._frames: list[tuple[Any, list[object], list[tuple[object, str, object]]]] = []
        self._objects: list[tuple[dict, dict[str, Any]]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._seen: dict[int, object] = {}
        self._turn = 0
        self._broken = False
        self._take(root)

    def broken(self) -> bool:
        """Whether something was changed; once it was, it stays so."""
        self._broken = self._broken or not self._whole()
        return self._broken

    def _whole(self) -> bool:
        for frame, parts, inner in self._frames:
            now = _parts(frame)
            if len(now) != len(parts) or not all(map(is_, now, parts)):
                return False
            if any(getattr(array, name) is not value for array, name, value in inner):
                return False
        for names, kept in self._objects[:]:
            if any(names.get(name, kept) is not value for name, value in kept.items()):
                return False
            for name in names.keys() - kept.keys():
                kept[name] = names[name]
                self._take(names[name])
        start, self._turn = self._turn, self._turn + _AT_ONCE
        if self._turn >= len(self._containers):
            self._turn = 0
        due = islice(self._containers, start, start + _AT_ONCE)
        return all(_holds(container, kept) for container, kept in due)

    def _take(self, root: object) -> None:
        """Seal an object with all that it holds."""
        waiting = [root]
        while waiting:
            one = waiting.pop()
            if id(one) in self._seen or isinstance(
                one, str | int | float | bytes | Enum | Path | type | FunctionType
            ):
                continue
            self._seen[id(one)] = one
            if isinstance(one, np.ndarray):
                one.flags.writeable = False
            elif hasattr(one, "_mgr"):  # a frame or a column of pandas
                self._frames.append((one, _parts(one), _lock(one)))
            elif isinstance(one, dict | list | set):
                self._containers.append((one, one.copy()))
                waiting += one.values() if isinstance(one, dict) else one
            elif isinstance(one, tuple | frozenset):
                waiting += one
            elif type(one).__module__.split(".")[0] == "qb" and hasattr(one, "__dict__"):
                self._objects.append((vars(one), dict(vars(one))))
                waiting += vars(one).values()


def _holds(container: Any, kept: Any) -> bool:
    """Whether a table, list or set still holds what it held."""
    if isinstance(container, dict):
        return _same(container, kept)
    if isinstance(container, set):  # a copy may have another order
        return container == kept
    return len(container) == len(kept) and all(map(is_, container, kept))


def _parts(frame: Any) -> list[object]:
    """Return what a frame or a column keeps its values in; their order is always the same."""
    manager = frame._mgr
    return [manager, *manager.axes, *(block.values for block in manager.blocks)]


def _lock(frame: Any) -> list[tuple[object, str, object]]:
    """Let a frame's arrays be read only; return what stands in those of pandas's own, and where."""
    inner = []
    for block in frame._mgr.blocks:
        if isinstance(block.values, np.ndarray):
            block.values.flags.writeable = False
            continue
        names = ("_data", "_mask") if hasattr(block.values, "_mask") else ("_ndarray", "_pa_array")
        for name in names:
            if (part := getattr(block.values, name, None)) is not None:
                inner.append((block.values, name, part))
                if isinstance(part, np.ndarray):
                    part.flags.writeable = False
    return inner
