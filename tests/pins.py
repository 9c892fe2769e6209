"""The sample's figures as last published; run as a program (``python tests/pins.py``) to publish them anew.

A change of the code that moves a figure fails ``test_pins.py`` until it is named: first a row under
"What changed" in ``qb/README.md``, with the indicators that moved, then this program.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from oracle import ALL as CODES

import qb
from qb.indicators.assessment import json_document

HOME = Path(__file__).parents[1]
PINS = Path(__file__).with_suffix(".json")
YEAR = 2025
EVERY = (*CODES, "composite", "whole")


def figures() -> dict[str, object]:
    """Return what the sample's last year comes to, by indicator; "whole" is of schools, areas, district."""
    (found,) = json_document(qb.assess(qb.load(HOME / "data" / "sample"), YEAR))["districts"]
    by_code: dict[str, object] = {row["code"]: {"indicator": row} for row in found["indicators"]}
    for row in found["balance"]:
        by_code.setdefault(row["code"], {})[f"balance {row['stage']}"] = row
    for row in found["schools"]:
        place = f"{row['school_id']} {row['stage']}"
        for code, value in row["values"].items():
            by_code[code][place] = [value, row["shortfall"].get(code)]
    verdicts = {
        f"{row['school_id']} {row['stage']}": [row["met"], row["verdict"]] for row in found["schools"]
    }
    whole = {name: found[name] for name in ("verdict", "areas", "excluded")} | {"schools": verdicts}
    return json.loads(json.dumps(by_code | {"whole": whole}))


def moved(before: dict[str, object], now: dict[str, object]) -> list[str]:
    """Return the indicators of which any figure differs by more than the last digits of a sum."""
    return sorted(code for code in before.keys() | now.keys() if not same(before.get(code), now.get(code)))


def same(a: object, b: object) -> bool:
    """Whether two documents say the same; numbers to nine digits, for processors add in different orders."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-9 * max(1.0, abs(a))
    return a == b


def told() -> list[list[str]]:
    """Return the indicators that each row under "What changed" names, the first row the oldest."""
    text = (
        (HOME / "qb" / "README.md").read_text(encoding="utf-8").split("## What changed")[1].split("\n## ")[0]
    )
    rows = [line.split("|")[2] for line in text.splitlines() if re.match(r"\| \d{4}-", line)]
    return [
        sorted(EVERY if row.strip() == "all" else re.findall(r"C\d+|composite|whole", row)) for row in rows
    ]


def main() -> None:
    """Write the figures of today, if what moved has been named."""
    pinned, now = json.loads(PINS.read_text(encoding="utf-8")), figures()
    differs = moved(pinned["figures"], now)
    if not differs:
        print("No figure has moved.")
    elif len(told()) != pinned["revision"] + 1 or told()[-1] != differs:
        raise SystemExit(
            f'Name it first: one more row under "What changed" in qb/README.md, with {", ".join(differs)}.'
        )
    else:
        found = {"year": YEAR, "revision": pinned["revision"] + 1, "moved": differs, "figures": now}
        PINS.write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
        print(f"Published anew: {', '.join(differs)}.")


if __name__ == "__main__":
    main()
