"""Seconds of the processor, told in those of the machine for which the limits were set."""

import json
import time

import pandas as pd

ADDING, TABLES = 0.13, 0.03  # seconds that machine takes for each of the two works below


def _adding() -> None:
    """Add up two million numbers: the interpreter alone."""
    total = 0
    for number in range(2_000_000):
        total += number


def _tables() -> None:
    """Do many things to small tables, none often: memory and caches, which others on the machine share."""
    pupils = [number * 1.5 for number in range(60)]
    table = pd.DataFrame({"name": [f"S{n % 7}" for n in range(60)], "year": range(60), "pupils": pupils})
    wide = table.pivot_table(index="name", columns=table["year"] % 3, values="pupils", aggfunc="sum")
    both = table.merge(wide.reset_index(), on="name", how="left").sort_values(["name", "year"])
    both["kind"] = both["name"].map({"S1": "a", "S2": "b"}).astype("category")
    both["known"] = both["kind"].notna() & both["pupils"].between(10, 80)
    held = pd.concat([both, both[both["known"]]], ignore_index=True).drop_duplicates(["name", "year"])
    held.groupby("name", sort=False)["pupils"].agg(["sum", "max"]).rank()
    held["name"].str.replace("S", "T").value_counts().to_dict()
    json.loads(json.dumps(held.astype({"kind": "str"}).to_dict("records")))
    held.melt(["name", "year", "kind"]).to_csv()


def allowed(seconds: float) -> float:
    """Return so many seconds of that machine in seconds of this one, where this one is slower now."""
    slower = 1.0
    for work, usual in ((_adding, ADDING), (_tables, TABLES)):
        taken = []
        for _ in range(3):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
        slower = max(slower, sorted(taken)[1] / usual)
    return seconds * slower
