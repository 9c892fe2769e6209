"""A nation assessed: time against a floor of the same run, and peak memory.

``pytest tests/bench/bench_assess.py`` prints one table. Every step is a process of its own, this file run
with the step's name and a folder, so that its peak memory is its own. Nothing is asserted on time; what is
asserted is that the fast way and the floor give the same coefficients, and that nothing is missing.
"""

import json
import os
import platform
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

SCHOOLS, DISTRICTS, YEAR = 66, 3_000, 2025
TURNS = 15  # of the seven and their floor, one after the other
RUNS = 3  # of the whole, each a new process


# The steps: each imports what it needs, and what it returns is printed as JSON


def make(folder):
    from qb.data.reading import write
    from qb.data.sample import make

    data = make(schools=SCHOOLS, districts=DISTRICTS, years=[YEAR])
    write(data, folder, "parquet")
    return {name: len(frame) for name, frame in data.tables.items()}


def seven(folder):
    """Time C1–C7 with verdicts and coefficients, and the coefficients by numpy.bincount alone."""
    import numpy as np

    from qb.data.reading import read
    from qb.indicators.population import take_population
    from qb.indicators.resources import resources
    from qb.indicators.verdicts import JudgedResources
    from qb.standard import load

    data, standard = read(folder), load()
    population = take_population(data, standard, YEAR)
    held = resources(population, standard)
    pupils = population.figures["pupils"][population.judged]
    group = (
        population.district[population.school[population.judged]] * 2 + population.stage[population.judged]
    )
    count = len(population.districts) * 2
    columns = [column.copy() for column in held.amount.T]  # each by itself: what bincount likes best

    def floor():
        whole = np.bincount(group, pupils, count)
        coefficients = np.empty((count, len(columns)))
        for k, column in enumerate(columns):
            mean = np.bincount(group, column, count) / whole
            square = np.bincount(group, pupils * (column / pupils - mean[group]) ** 2, count) / whole
            coefficients[:, k] = np.sqrt(square) / mean
        return coefficients

    def arrays():
        value = held.factor * held.amount / pupils[:, None]
        return JudgedResources.judge(population, replace(held, value=value), standard).balance()

    def tables():
        population = take_population(data, standard, YEAR)
        return JudgedResources.judge(population, resources(population, standard), standard).balance()

    works = (floor, arrays, tables)
    taken = np.array([[seconds(work) for work in works] for _ in range(TURNS + 1)][1:])  # the first warms up
    k = len(standard.resources)
    fast = arrays()["coefficient"].to_numpy().reshape(-1, k + 1)[:, :k]
    slow = floor()[np.bincount(group, minlength=count) > 0]
    return {
        "lines": {
            work.__name__: {
                "ms": 1e3 * median(taken[:, place]),
                # Each turn has its own ratio: what slows the machine for a while slows both.
                "ratio": median(taken[:, place] / taken[:, 0]),
                "peak": traced(work),
            }
            for place, work in enumerate(works)
        },
        "missing": int(np.isnan(fast).sum() + np.isnan(slow).sum()),
        "apart": float(np.abs(fast - slow).max()),
    }


def assess(folder):
    """Time all from the first import to the assessment."""
    lines, last = {}, time.perf_counter()

    def done(what):
        nonlocal last
        now = time.perf_counter()
        lines[what], last = {"s": now - last, "peak": peak()}, now

    from qb.data.checks import check
    from qb.data.reading import read
    from qb.indicators.assessment import assess

    done("import")
    data = read(folder)
    done("read")
    result = assess(data)
    done("assess")
    faults = check(data)  # once more, by itself
    done("check")
    figures = (result.rows[list(result.standard.resource_codes)], result.balance["coefficient"])
    return {
        "lines": lines,
        "missing": int(sum(frame.isna().to_numpy().sum() for frame in figures)),
        "faults": len(faults),
        "rows": len(result.rows),
        "findings": len(result.findings),
        "indicators": len(result.indicators),
    }


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def traced(work):
    """Return the peak of what a work allocates, in MiB."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def peak():
    """Return the most memory that this process ever held, in MiB."""
    from resource import RUSAGE_SELF, getrusage

    unit = 1 if sys.platform == "darwin" else 2**10
    return getrusage(RUSAGE_SELF).ru_maxrss * unit / 2**20


# The benchmark


def run(step, folder):
    # This process stays small: Linux counts what a parent held when it started a child as the child's peak
    command = [sys.executable, __file__, step.__name__, str(folder)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def machine():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{name} {version(name)}" for name in ("pandas", "numpy", "pyarrow"))
    python = f"Python {platform.python_version()}"
    return f"{date.today()}: {platform.machine()}, {cores} cores, {python}, {packages}"


def line(what, *figures, aim=""):
    return (f"{what:<66}" + "".join(f"{figure:>9}" for figure in figures) + f"  {aim}").rstrip()


def table(sizes, kernel, runs):
    def middle(what, figure):
        return median(one["lines"][what][figure] for one in runs)

    def step(label, what):
        return line(f"      {label}", f"{middle(what, 's'):.2f}", "", f"{middle(what, 'peak'):.0f}")

    def turn(label, what, aim=""):
        figures = kernel["lines"][what]
        return line(
            label, f"{figures['ms']:.1f}", f"{figures['ratio']:.2f}", f"{figures['peak']:.1f}", aim=aim
        )

    total = median(sum(one["lines"][what]["s"] for what in ("import", "read", "assess")) for one in runs)
    most = max(one["lines"]["assess"]["peak"] for one in runs)
    rows = ", ".join(f"{sizes[name]:,} {name}" for name in ("schools", "sections", "classes", "rooms"))
    return [
        machine(),
        f"{DISTRICTS:,} districts, {rows}; {runs[0]['rows']:,} rows judged, {runs[0]['findings']:,} findings",
        "",
        line(f"median of {TURNS} turns", "ms", "ratio", "peak MiB", aim="aim"),
        turn("(a)   seven coefficients of ready arrays, numpy.bincount alone", "floor"),
        turn("(b)   values, limits, verdicts, school rule, table of coefficients", "arrays", "ratio <= 5"),
        turn("      (b) from the tables: merging, exclusion and splitting too", "tables"),
        "",
        line(f"median of {RUNS} processes", "s", "", "peak MiB", aim="aim"),
        step("import", "import"),
        step("read the parquet folder", "read"),
        step("assess: check, 31 indicators, recognition, veto, shortfalls", "assess"),
        line("(c)   in all", f"{total:.2f}", "", f"{most:.0f}", aim="< 15 s, < 2048 MiB"),
        line("      of it the check, timed again by itself", f"{middle('check', 's'):.2f}"),
        "",
        f"(a) and (b) differ by at most {kernel['apart']:.1e}",
    ]


def test_a_nation_is_assessed_and_its_coefficients_are_those_of_bincount(tmp_path, capsys):
    folder = tmp_path / "nation"
    sizes = run(make, folder)
    kernel = run(seven, folder)
    runs = [run(assess, folder) for _ in range(RUNS)]
    with capsys.disabled():
        print("\n" + "\n".join(table(sizes, kernel, runs)))

    assert kernel["missing"] == 0
    assert kernel["apart"] < 1e-12
    for one in runs:
        assert (one["missing"], one["faults"]) == (0, 0)
        assert one["indicators"] == DISTRICTS * 31


if __name__ == "__main__":
    name, folder = sys.argv[1:]
    print(json.dumps({"make": make, "seven": seven, "assess": assess}[name](Path(folder))))
