"""Every command that writes, with each of its calls on files failing or cut in turn.

On demand, the whole of it: ``python tests/trust/failing.py`` (``… FOLDER MOST`` tries so many places of each
command). Prints a line of JSON for each command: how many calls it makes, how many faults were tried, what
came of them, and what was wrong. Needs Linux and a C compiler.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

HOME = Path(__file__).parent
FAULTS = {"full": (errno.ENOSPC, True), "broken once": (errno.EIO, False), "cut": (0, False)}
SECONDS = 120


def library(folder: Path) -> Path:
    """Return the layer, compiled."""
    made = folder / "failing.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, HOME / "failing.c", "-ldl"], check=True)
    return made


def tasks(home: Path) -> dict[str, list[object]]:
    """Return the commands by what they write; `home` holds what they read, and where they write."""
    made, book = home / "place" / "made", home / "book.xlsx"
    return {
        "convert to csv": ["convert", book, made],
        "convert to parquet": ["convert", book, f"{made}.parquet"],
        "template": ["template", f"{made}.xlsx", "--year", "2026"],
        "check --marked": ["check", book, "--marked", f"{made}.xlsx"],
        "forms": ["forms", book, made],
        "collect": ["collect", home / "returned", made],
        "publish": ["publish", home / "data", "--out", made, "--only", "data", "district", "school"],
    }


def prepare(home: Path) -> None:
    """Make what the commands read, in this process, and let publication write pages without running any."""
    from qb.data.reading import write
    from qb.data.sample import make
    from qb.publish import site

    data = make(schools=3, districts=1, years=[2025], seed=3)
    write(data, home / "data")
    write(data, home / "book.xlsx", "xlsx")
    (home / "returned").mkdir()
    shutil.copy(home / "book.xlsx", home / "returned")
    site.run = printed
    (home / "temporary").mkdir()
    tempfile.tempdir = str(home / "temporary")


def printed(jobs, told, **_):
    """Write each page as it would be written, of its title alone."""
    from qb.files import WriteError, write_whole
    from qb.publish.jobs import Failure, JobOutcome

    for job in jobs:
        failure = None
        try:
            write_whole(job.target, f"<html>{job.page.title * 50}</html>")
        except WriteError as error:
            failure = Failure("OSError", str(error))
            job.target.unlink(missing_ok=True)
        told(JobOutcome(job, 0.1, failure))
    return [JobOutcome(job, 0.1, None if job.target.exists() else Failure("OSError", "x")) for job in jobs]


def run(arguments: list[object], said: Path, before: Callable[[], None], after: Callable[[], None]) -> int:
    """Run a command in a process of its own; return how it ended, below 0 where it was killed."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        heard, code = io.StringIO(), 1
        from qb.cli import main

        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            before()
            try:
                main([str(argument) for argument in arguments])
            except SystemExit as ending:
                code = ending.code if isinstance(ending.code, int) else 1
                heard.write("" if isinstance(ending.code, int) else str(ending.code))
            except BaseException as error:
                heard.write(f"Traceback {type(error).__name__}: {error}")
            after()
        said.write_text(heard.getvalue(), "utf-8", errors="replace")
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def standing(place: Path) -> dict[str, bytes]:
    """Return every file by its name, hidden ones left out; of a workbook only whether it is sound."""
    found = {}
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.relative_to(place).as_posix().startswith(".") and path.name[0] != ".":
            raw = path.read_bytes()
            if path.suffix in (".xlsx", ".docx"):
                with zipfile.ZipFile(path) as package:
                    raw = b"whole" if package.testzip() is None else b"broken"
            found[path.relative_to(place).as_posix()] = raw
    return found


class Trials:
    """One command, tried with a fault at each of its calls."""

    def __init__(self, home: Path, name: str, layer: ctypes.CDLL) -> None:
        self.name, self.arguments, self.layer = name, tasks(home)[name], layer
        self.home, self.place, self.said = home, home / "place", home / "said"
        self.came: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.clear()
        told = home / "told"
        code = run(self.arguments, self.said, lambda: self.arm(0, 0, False),
                   lambda: told.write_text(f"{layer.qb_seen()} {' '.join(sys.modules)}"))  # fmt: skip
        seen, *modules = told.read_text().split()
        self.calls, self.new = int(seen), standing(self.place)
        for module in modules:  # once, and not in the process of each trial
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        if code not in (0, 1) or not self.new:
            self.wrong.append(f"undisturbed: {code} {self.said.read_text('utf-8')[:300]}")

    def arm(self, at: int, error: int, lasts: bool) -> None:
        self.layer.qb_arm(os.fsencode(self.place), at, error, int(lasts))

    def clear(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def attempt(self, fault: str, at: int) -> None:
        """Have a call fail, look at what stands, and run the command again undisturbed."""
        self.clear()
        self.said.write_text("")
        code = run(
            self.arguments, self.said, lambda: self.arm(at, *FAULTS[fault]), lambda: self.arm(0, 0, False)
        )
        said, held = self.said.read_text("utf-8"), standing(self.place)
        where = f"{fault} at {at}"
        if fault == "cut":
            self.check(code in (-signal.SIGKILL, 0, 1), f"{where}: ended {code}")
        else:
            self.check(code in (0, 1) and "Traceback" not in said, f"{where}: {code} {said[-300:]}")
            self.check(
                code == 0 or "错误" in said or "未生成" in said, f"{where}: says nothing, {said[-300:]}"
            )
            self.check(code or held == self.new, f"{where}: ends well without its files")
        for path, raw in held.items():
            whole = raw == self.new.get(path) or path.endswith("run.json") or self.name == "publish"
            self.check(whole and raw != b"broken", f"{where}: {path} is half made")
        strange = [path.name for path in (self.home / "temporary").glob("[!q]*")]  # what no later run clears
        self.check(not strange, f"{where}: leaves {strange}")
        self.came[{0: "made", 1: "refused"}.get(code, "killed")] += 1
        if self.name not in ("publish", "collect"):  # what is never replaced
            for path in [*self.place.glob("*.xlsx"), *self.place.glob("made")]:
                path.unlink() if path.is_file() else shutil.rmtree(path)
        run(self.arguments, self.said, lambda: None, lambda: None)
        self.check(standing(self.place) == self.new, f"{where}: not mended by the next run")
        left = [
            path.name for path in self.place.rglob(".*") if path.name.endswith((".part", ".old", ".lock"))
        ]
        self.check(not left, f"{where}: leaves {left}")

    def check(self, right: object, wrong: str) -> None:
        if not right:
            self.wrong.append(wrong)


def main(home: Path, most: int) -> int:
    """Try so many places of every command; return how many things were wrong."""
    layer = ctypes.CDLL(os.environ["LD_PRELOAD"])
    prepare(home)
    wrong = 0
    for name in tasks(home):
        start = time.monotonic()
        trials = Trials(home, name, layer)
        for number, fault in enumerate(FAULTS):
            step = max(1.0, trials.calls / most)
            places = {1 + int(number * step / 3 + i * step) for i in range(min(most, trials.calls))}
            for at in sorted(place for place in places if place <= trials.calls):
                trials.attempt(fault, at)
        tried = sum(trials.came.values())
        told = {"command": name, "calls": trials.calls, "tried": tried, **trials.came,
                "seconds": round(time.monotonic() - start, 1), "wrong": trials.wrong[:10]}  # fmt: skip
        print(json.dumps(told, ensure_ascii=False), flush=True)
        wrong += len(trials.wrong)
    return wrong


if __name__ == "__main__":
    place, most = [*sys.argv[1:], *(tempfile.mkdtemp(), "1000000")[len(sys.argv) - 1 :]]
    if "LD_PRELOAD" not in os.environ:
        made = library(Path(place))
        command = [sys.executable, __file__, place, most]
        sys.exit(subprocess.run(command, env=os.environ | {"LD_PRELOAD": str(made)}).returncode)
    sys.exit(bool(main(Path(place), int(most))))
