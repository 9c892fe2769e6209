"""Reading and checking, timed: a nation of one year in parquet, and 2,000 schools with five years.

``pytest tests/bench/bench_check.py`` prints one table. Datasets are made and checked in processes of
their own, this file run with a folder. Nothing is asserted on time; what is asserted is that faults
planted in the data are found there too, and no others.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

SIZES = {
    "a nation, one year": {"schools": 66, "districts": 3_030, "years": [2025]},
    "2,000 schools, five years": {"schools": 50, "districts": 40, "years": list(range(2021, 2026))},
}
AIMS = {"a nation, one year": "< 20 s", "2,000 schools, five years": "< 5 s"}
PLANTED = [("facilities", 100, "equipment_yuan", "U01"), ("sections", 200, "backbone_teachers", "S03")]


def make(folder, **size):
    """Write an invented dataset with two slips."""
    from qb.data.reading import write
    from qb.data.sample import make

    data = make(**size)
    facilities, sections = data["facilities"].copy(), data["sections"].copy()
    facilities.loc[100, "equipment_yuan"] /= 1e4
    sections.loc[200, "backbone_teachers"] = sections.loc[200, "full_time_teachers"] + 1
    write(data.replace(facilities=facilities, sections=sections), folder, "parquet")


def run(folder):
    """Time reading, all rules, and those that stop; and the slowest rules each by itself."""
    from resource import RUSAGE_SELF, getrusage

    from qb.data.check_base import View
    from qb.data.checks import RULES, check, require
    from qb.data.reading import read

    data, read_s = timed(lambda: read(folder))
    found, check_s = timed(lambda: check(data))
    _, require_s = timed(lambda: require(data))
    view = View(data)
    rules = {rule.number: timed(lambda rule=rule: list(rule.find(view)))[1] for rule in RULES}
    return {
        "rows": sum(len(frame) for frame in data.tables.values()),
        "schools": len(data["schools"]),
        "read": read_s,
        "check": check_s,
        "require": require_s,
        "slowest": sorted(rules.items(), key=lambda rule: -rule[1])[:5],
        "peak": getrusage(RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "found": [[f.table, f.row - 2, f.column, f.rule] for f in found],
    }


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def step(*arguments):
    # Processes of their own, for their peak; Linux counts what the parent held, so this one stays small.
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_planted_slips_are_found_in_a_nation(tmp_path, capsys):
    lines = []
    for name in SIZES:
        folder = tmp_path / name.replace(" ", "-")
        step(folder, name)
        one = json.loads(step(folder))
        slowest = ", ".join(f"{number} {seconds:.2f}" for number, seconds in one["slowest"])
        lines += [
            f"{name}: {one['schools']:,} schools, {one['rows']:,} rows",
            f"  read {one['read']:.2f} s, all rules {one['check']:.2f} s ({AIMS[name]}), "
            f"those that stop {one['require']:.2f} s, peak {one['peak']:,.0f} MiB",
            f"  slowest: {slowest} s",
        ]
        assert sorted(map(tuple, one["found"])) == sorted(PLANTED)
    with capsys.disabled():
        print("\n" + "\n".join(lines))


if __name__ == "__main__":
    folder, *size = sys.argv[1:]
    if size:
        make(Path(folder), **SIZES[size[0]])
    else:
        print(json.dumps(run(Path(folder))))
