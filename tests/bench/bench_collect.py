"""Two hundred forms that came back, one a school, collected: seconds and peak memory.

``pytest tests/bench/bench_collect.py`` prints them. Forms are made and collected in processes of their own,
this file run with a step and a folder. Nothing is asserted on time; what is asserted is that every form that
can be read is used, and that a broken one stops none of them.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

SCHOOLS, YEAR = 200, 2025


def send(folder):
    """Write last year's data, a form for each school, and one file that is broken."""
    from qb.data.blank_forms import write_per_school
    from qb.data.layout_file import load_layout
    from qb.data.reading import write
    from qb.data.sample import make

    data = make(schools=SCHOOLS, years=[YEAR])
    write(data, folder / "before")
    write_per_school(data, folder / "forms", load_layout("school-form"))
    (folder / "forms" / "broken.xlsx").write_bytes(b"PK\x03\x04")


def collect(folder):
    """Collect them, marked copies and all."""
    from qb.data.collect_report import run_collect

    start = time.perf_counter(), time.process_time()
    done = run_collect(folder / "forms", folder / "collected", expected=folder / "before")
    took = time.perf_counter() - start[0], time.process_time() - start[1]
    peak = getrusage(RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    states = [one.state for one in done.returned]
    copies = len(list((folder / "collected" / "收集" / "退回").iterdir()))
    return {
        "s": took,
        "peak": peak,
        "used": len(done.used),
        "broken": states.count("unreadable"),
        "copies": copies,
    }


def test_two_hundred_forms_are_collected_beside_a_broken_one(tmp_path, capsys):
    step("send", tmp_path)
    one = json.loads(step("collect", tmp_path))
    assert (one["used"], one["broken"]) == (SCHOOLS, 1)
    with capsys.disabled():
        wall, processor = one["s"]
        print(
            f"\n{SCHOOLS} forms collected, {one['copies']} copies marked: {wall:.1f} s "
            f"({processor:.1f} s of the processor), aim < 60 s; peak {one['peak']:,.0f} MiB"
        )


def step(name, folder):
    command = [sys.executable, __file__, name, str(folder)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    name, folder = sys.argv[1:]
    if name == "send":
        send(Path(folder))
    else:
        print(json.dumps(collect(Path(folder))))
