"""Seconds of the processor, told in those of the machine for which the limits were set."""

import time

import pandas as pd

ADDING, TABLES = 0.13, 0.05  # seconds that machine takes for each of the two works below


def _adding() -> None:
    """Add up two million numbers: the interpreter alone."""
    total = 0
    for number in range(2_000_000):
        total += number


def _tables() -> None:
    """Make, select and group small tables: memory and caches, which others on the machine share."""
    for _ in range(25):
        table = pd.DataFrame({"school_id": [f"S{n % 7}" for n in range(60)], "pupils": range(60)})
        table[table["pupils"] > 5].groupby("school_id")["pupils"].sum()


def allowed(seconds: float) -> float:
    """Return so many seconds of that machine in seconds of this one, where this one is slower now."""
    slower = 1.0
    for work, usual in ((_adding, ADDING), (_tables, TABLES)):
        taken = []
        for _ in range(3):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
        slower = max(slower, min(taken) / usual)
    return seconds * slower
