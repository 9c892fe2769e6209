"""Publications killed at random: the whole, its worker process, or the process of one page.

On demand, with the number of kills and of schools: ``python tests/bench/bench_kills.py 200 200``. After each
kill no page may be half made; at the end the site must be, byte for byte but for its day, one that nobody
disturbed.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from qb.data.reading import write
from qb.data.sample import make

SECONDS = {"run": 3, "worker": 3, "page": 1}  # within which each kind is killed once it is at work


def chosen(run: subprocess.Popen, kind: str, dice: random.Random) -> psutil.Process | None:
    """Return a process of this kind, if one is at work."""
    if kind == "run":
        return psutil.Process(run.pid)
    try:
        workers = psutil.Process(run.pid).children()
        pages = [page for worker in workers for page in worker.children()]
    except psutil.NoSuchProcess:
        return None
    there = workers if kind == "worker" else pages
    return dice.choice(there) if there else None


def content(site: Path) -> dict[str, bytes]:
    """Return every file of a site but hidden ones, without the day it was made and its digests."""
    files = (path for path in site.rglob("*") if path.is_file() and not path.name.startswith("."))
    dated = re.compile(rb"\d{4}-\d\d-\d\d|[0-9a-f]{32,64}")
    return {path.relative_to(site).as_posix(): dated.sub(b"", path.read_bytes()) for path in files}


def main(kills: int, schools: int) -> int:
    """Kill so often, print what of, and return how many things were wrong."""
    dice, done, wrong = random.Random(kills), Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write(make(schools=schools, districts=1, years=[2025], seed=9), home / "data")
        command = [sys.executable, "-m", "qb.cli", "publish", str(home / "data"), "--only", "school", "--out"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        site = home / "site"
        subprocess.run([*command, str(site)], check=True, **quiet)
        whole = content(site)
        while done.total() < kills:
            for page in dice.sample(pages := sorted(site.glob("schools/*.html")), len(pages) // 2):
                page.unlink()  # so that there is work to be killed at
            with subprocess.Popen([*command, str(site)], **quiet) as run:
                while run.poll() is None and done.total() < kills:
                    kind = dice.choice(list(SECONDS))
                    while run.poll() is None and not chosen(run, kind, dice):
                        time.sleep(0.05)
                    time.sleep(dice.uniform(0, SECONDS[kind]))
                    if run.poll() is None and (process := chosen(run, kind, dice)):
                        try:
                            process.kill()
                        except psutil.NoSuchProcess:
                            continue
                        done[kind] += 1
            half = [
                page for page in site.glob("schools/[!.]*.html") if not page.read_bytes().endswith(b"</html>")
            ]
            wrong += len(half)
        for _ in range(2):  # the first notes what was never noted
            subprocess.run([*command, str(site)], check=False, **quiet)
        made = content(site)
        differing = sorted(name for name in made.keys() | whole.keys() if made.get(name) != whole.get(name))
        print(f"killed: {dict(done)}; half pages: {wrong}; differing in the end: {differing[:5]}")
    return wrong + len(differing)


if __name__ == "__main__":
    sys.exit(bool(main(*(int(text) for text in [*sys.argv[1:], *("200", "200")[len(sys.argv) - 1 :]]))))
