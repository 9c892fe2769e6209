"""A hundred thousand damaged files: none may raise anything but a QbError, and none may take long.

On demand, with the number of files in all: ``python tests/bench/bench_fuzz.py 100000 [seconds [first]]``,
the first the number from which to go on.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "trust"))
from fuzz import attempt, readers

LONG = 10.0  # seconds of the processor for one file: such a one hangs


def main(count: int, seconds: float, begin: int = 0) -> int:
    """Print for each reader what came of its files; return how many it did not stand."""
    warnings.simplefilter("error")
    found: dict[str, Counter[str]] = {}
    slowest: Counter[str] = Counter()
    first: dict[tuple[str, str], int] = {}
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        parsers = readers(Path(folder))
        for seed in range(begin, begin + count // len(parsers)):
            if time.monotonic() > end:
                break
            for name, reader in parsers.items():
                start = time.process_time()
                try:
                    came = attempt(reader, seed, Path(folder) / "in")
                except BaseException as error:  # what compiled code panics with is no Exception
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    came = "RAISED"
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    first.setdefault((name, f"{type(error).__name__} {last.filename}:{last.lineno}"), seed)
                took = time.process_time() - start
                if took > LONG:
                    first.setdefault((name, "slow"), seed)
                slowest[name] = max(slowest[name], took)
                found.setdefault(name, Counter())["SLOW" if took > LONG else came] += 1
    for name, counts in found.items():
        print(f"{name:14}", dict(sorted(counts.items())), f"slowest {slowest[name]:.2f} s")
    for (name, what), seed in first.items():
        print(f"{name} {seed}: {what}")
    print("files in all:", sum(sum(counts.values()) for counts in found.values()))
    return sum(counts["RAISED"] + counts["SLOW"] for counts in found.values())


if __name__ == "__main__":
    count, most, begin = [*sys.argv[1:], *("100000", "inf", "0")[len(sys.argv) - 1 :]]
    sys.exit(bool(main(int(count), float(most), int(begin))))
