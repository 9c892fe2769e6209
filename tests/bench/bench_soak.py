"""One publication of very many school pages: no process grows, no handle stays open, no process stays behind.

On demand, with the number of schools: ``python tests/bench/bench_soak.py 2000``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import psutil

from qb.data.reading import write
from qb.data.sample import make

WARM = 100  # pages after which memory is to be flat
EVERY = 0.25  # seconds between two looks
DISTRICT = 200  # schools of a district
STANDING = 20  # pages that stand for each that is deleted
SLOPE = 0.02  # MiB a page: 2,000 pages may add no more than 40 MiB
MARK = "QB_SOAK"


def family() -> list[psutil.Process]:
    """Return every process of the publication: each carries the mark, whoever its parent is now."""
    return [process for process in psutil.process_iter() if _is_ours(process)]


def _is_ours(process: psutil.Process) -> bool:
    try:
        marked = process.environ().get(MARK) == str(os.getpid())
        return marked and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def pages_of(site: Path) -> list[Path]:
    """Return the pages of schools that stand."""
    return [*site.glob("schools/[!.]*.html"), *site.glob("*/schools/[!.]*.html")]


def watch(command: list[str], site: Path, stop_at: float = float("inf"), signal_sent: int = 0) -> dict:
    """Run a publication and return, for each lasting process, pages made, memory (MiB) and open handles."""
    looks: dict[int, list[tuple[int, float, int]]] = defaultdict(list)
    with subprocess.Popen(command, env=os.environ | {MARK: str(os.getpid())}, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as run:  # fmt: skip
        while run.poll() is None:
            made = len(pages_of(site))
            for process in family():
                try:
                    pss = process.memory_full_info().pss / 2**20
                    looks[process.pid].append((made, pss, process.num_fds()))
                except psutil.Error:
                    continue
            if made >= stop_at:
                run.send_signal(signal_sent)
                stop_at = float("inf")
            time.sleep(EVERY)
    end = time.monotonic() + 5
    while (left := family()) and time.monotonic() < end:
        time.sleep(0.1)
    return {"code": run.returncode, "left": left, "looks": looks}


def judge(name: str, found: dict, warm: int) -> int:
    """Print what was seen and return how much of it is wrong."""
    wrong = len(found["left"])
    print(f"{name}: exit {found['code']}, processes left {len(found['left'])}")
    for pid, seen in found["looks"].items():
        pages, memory, handles = np.array([look for look in seen if look[0] >= warm] or [(0, 0, 0)]).T
        if np.ptp(pages) < warm:
            continue  # one that made a page and ended, or a run that was stopped
        slope, noise = _slope(pages, memory)
        grows = slope - 2 * noise > SLOPE
        leaks = handles[-len(handles) // 4 :].min() > handles[: len(handles) // 4 + 1].max()
        wrong += grows + leaks
        print(
            f"  process {pid}: {memory[0]:.0f} to {memory[-1]:.0f} MiB over {np.ptp(pages):.0f} pages, "
            f"{slope * 1000:+.1f} ± {2 * noise * 1000:.1f} KiB a page{' GROWS' if grows else ''}, "
            f"handles {handles.min():.0f}-{handles.max():.0f}{' LEAKS' if leaks else ''}"
        )
    return wrong


def _slope(pages: np.ndarray, memory: np.ndarray) -> tuple[float, float]:
    """Return the least-squares slope of memory by pages and its standard error."""
    centred = pages - pages.mean()
    spread = (centred**2).sum()
    slope = float(centred @ memory / spread)
    rest = memory - memory.mean() - slope * centred
    return slope, float(np.sqrt((rest @ rest) / max(1, len(pages) - 2) / spread))


def deleted(command: list[str], site: Path, warm: int) -> int:
    """Publish while pages are deleted: what is gone is not counted, and the next run makes it."""
    done, gone = threading.Event(), []

    def delete() -> None:
        while not done.wait(EVERY):
            standing = pages_of(site)
            if len(standing) > STANDING * len(gone):
                standing[0].unlink(missing_ok=True)
                gone.append(standing[0])

    deleter = threading.Thread(target=delete)
    deleter.start()
    found = watch([*command, str(site)], site)
    done.set()
    deleter.join()
    lacking = [page for page in gone if not page.exists()]
    again = watch([*command, str(site)], site)
    print(f"deleted: {len(gone)} pages, exit {found['code']}, then {again['code']}")
    right = found["code"] == bool(lacking) and again["code"] == 0 and all(page.exists() for page in gone)
    return judge("deleted", found, warm) + (not right)


def main(schools: int) -> int:
    """Publish to the end, with a page that fails, until Ctrl-C, losing pages; return how much was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        districts = max(1, schools // DISTRICT)
        data = make(schools=schools // districts, districts=districts, years=[2025], seed=9)
        write(data, home / "data")
        site = home / "site"
        command = [sys.executable, "-m", "qb.cli", "publish", str(home / "data"), "--only", "school", "--out"]
        warm = min(WARM, schools // 4)
        wrong = judge("success", watch([*command, str(site)], site), warm)
        page = pages_of(site)[0].relative_to(site)
        (home / "failed" / page).mkdir(parents=True)  # a page that cannot be written
        wrong += judge("failure", watch([*command, str(home / "failed")], home / "failed"), warm)
        broken = home / "broken"
        ended = watch([*command, str(broken)], broken, warm, signal.SIGINT)
        wrong += judge("Ctrl-C", ended, warm)
        wrong += deleted(command, home / "deleted", warm)
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
