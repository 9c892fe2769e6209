# ruff: noqa: B023  what a loop makes is used before its next round
"""Writings that end at every moment: each is begun again and again, and killed one step later each time.

The steps are those of which Python tells an auditor: files opened, renamed or removed, and calls into C.
Prints a line for each writing: how often it was killed, and how often the old stood and how often the new.
"""

import os
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

from qb.data.checks import check
from qb.data.marking import mark
from qb.data.reading import read, write
from qb.data.sample import make
from qb.data.template import write_template
from qb.files import write_whole

FILES = ("open", "os.", "shutil.", "ctypes.", "tempfile.")


def standing(path: Path) -> bytes:
    """Return what stands there; nothing where nothing does."""
    if path.is_dir():
        return b"".join(file.name.encode() + file.read_bytes() for file in sorted(path.iterdir()))
    return path.read_bytes() if path.exists() else b""


class Steps:
    """Counts steps, and kills this process at one of them."""

    taken, last = 0, 0

    def __call__(self, event: str, _) -> None:
        if event.startswith(FILES):
            self.taken += 1
            if self.taken == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def killed_at(steps: Steps, last: int, writing) -> None:
    """Write in a process that is killed at a step."""
    child = os.fork()
    if not child:
        steps.taken, steps.last = 0, last
        writing()
        os._exit(0)
    os.waitpid(child, 0)


def try_all(steps: Steps, place: Path, path: Path, begin, writing, most=1000, same=lambda held: held) -> None:
    """Kill a writing at each of its steps, or at so many of them, the last ones among these; once at none."""
    begin()
    writing()  # what is loaded the first time is no step of it
    begin()
    old = same(standing(path))
    steps.taken = 0
    writing()
    taken = steps.taken
    new = same(standing(path))
    assert old != new
    beside = sorted(path.name for path in place.iterdir())
    stood: Counter[str] = Counter()
    for step in range(taken + 1, 0, -max(1, taken // most)):
        for left in place.glob(".*"):  # or the next would take more steps
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        begin()
        killed_at(steps, step, writing)
        stood[{old: "old", new: "new"}[same(standing(path))]] += 1
    begin()
    writing()
    assert sorted(path.name for path in place.iterdir()) == beside, "what killed processes left is cleared"
    assert stood["old"] and stood["new"]
    print(place.name, dict(stood), flush=True)


def main(home: Path) -> None:
    steps = Steps()
    sys.addaudithook(steps)
    old, new = (make(schools=3, districts=1, years=[2025], seed=seed) for seed in (1, 2))
    write(old, home / "old")
    for format in ("csv", "parquet"):
        place = home / format
        place.mkdir()

        folder = place / "data"

        def begin(folder=folder) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(home / "old", folder)

        try_all(steps, place, folder, begin, lambda: write(new, folder, format, replace=True))
    write(old, home / "book.xlsx", "xlsx")
    context = read(home / "book.xlsx")
    for name, writing in {
        "template": lambda path: write_template(path, 2026, old),
        "workbook": lambda path: write(new, path, "xlsx"),
        "marked": lambda path: mark(home / "book.xlsx", check(context), path),
    }.items():
        place = home / name
        place.mkdir()
        path = place / "made.xlsx"
        # Two workbooks made at different times differ in the time that they hold.
        try_all(steps, place, path, lambda: path.unlink(missing_ok=True), lambda: writing(path), 6, bool)
    place = home / "text"
    place.mkdir()
    path = place / "plan.toml"
    try_all(steps, place, path, lambda: path.write_text("old"), lambda: write_whole(path, "new"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
