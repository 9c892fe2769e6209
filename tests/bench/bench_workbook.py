"""A large workbook read, checked and marked: seconds and peak memory.

``pytest tests/bench/bench_workbook.py`` prints one table. Every step is a process of its own, this file run
with the step's name and the workbook, so that its peak memory is its own. Nothing is asserted on time; what
is asserted is that what was written is what is read.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

SCHOOLS, YEARS = 2_000, range(2021, 2026)


def write(path):
    """Make the workbook: an invented district of 2,000 schools, five years."""
    from qb.data.reading import write
    from qb.data.sample import make

    data = make(schools=SCHOOLS, years=YEARS)
    took, _ = timed(lambda: write(data, path, "xlsx"))
    return {"write": took}, {name: len(frame) for name, frame in data.tables.items()}


def read(path):
    """Read it, and check it."""
    from qb.data.checks import check
    from qb.data.reading import read

    reading, data = timed(lambda: read(path))
    checking, faults = timed(lambda: check(data))
    assert not faults
    return {"read": reading, "check": checking}, {name: len(frame) for name, frame in data.tables.items()}


def spoil(path):
    """Make of it one with a slip in each tenth row of two tables."""
    from qb.data.reading import read, write

    data = read(path)
    facilities, sections = data["facilities"].copy(), data["sections"].copy()
    facilities.loc[::10, "equipment_yuan"] /= 1e4
    sections.loc[::10, "backbone_teachers"] = sections.loc[::10, "full_time_teachers"] + 1
    data = data.replace(facilities=facilities, sections=sections)
    took, _ = timed(lambda: write(data, path.with_name("slips.xlsx"), "xlsx"))
    return {"slips": took}, {"slips": -(-len(facilities) // 10) - (-len(sections) // 10)}


def mark(path):
    """Mark them; the copy is read and checked again, and says the same."""
    from qb.data.checks import check
    from qb.data.marking import mark
    from qb.data.reading import read

    slips, copy = path.with_name("slips.xlsx"), path.with_name("marked.xlsx")
    faults = check(read(slips))
    took, _ = timed(lambda: mark(slips, faults, copy))
    again = check(read(copy))
    assert [(f.rule, f.cell) for f in again] == [(f.rule, f.cell) for f in faults]
    return {"mark": took}, {"faults": len(faults)}


def timed(work):
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def peak():
    """Return the most memory that this process ever held, in MiB."""
    from resource import RUSAGE_SELF, getrusage

    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def test_a_workbook_of_two_thousand_schools_and_five_years(tmp_path, capsys):
    path = tmp_path / "large.xlsx"
    made, counted, spoilt, marked = (run(step, path) for step in ("write", "read", "spoil", "mark"))
    assert made["rows"] == counted["rows"] and marked["rows"]["faults"] > 1000
    with capsys.disabled():
        rows = sum(made["rows"].values())
        size = path.stat().st_size / 2**20
        print(f"\n{SCHOOLS:,} schools × {len(YEARS)} years: {rows:,} rows, {size:.0f} MiB")
        print(f"{'step':<10}{'s':>8}   peak of its process, MiB")
        for step in (made, counted, spoilt, marked):
            for name, took in step["seconds"].items():
                print(f"{name:<10}{took:>8.1f}{step['peak']:>12.0f}")


def run(step, path):
    done = subprocess.run([sys.executable, __file__, step, path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    seconds, rows = {"write": write, "read": read, "spoil": spoil, "mark": mark}[sys.argv[1]](
        Path(sys.argv[2])
    )
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak()}))
