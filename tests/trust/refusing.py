"""Every command that writes, where the system refuses: a read-only folder, a disk that takes no more.

Prints for each a line of JSON: its name, how it ended, and what it said.
"""

import contextlib
import io
import json
import resource
import sys
from pathlib import Path

from qb.cli import SAMPLE, main
from qb.files import shipped

SITE = shipped("notebooks", "sites", "old_town.toml")
# A site's smallest file, its lock, fits in; nothing that a command makes does.
MOST = 100


def commands(place: Path, book: Path) -> dict[str, list[object]]:
    return {
        "publish": ["publish", SAMPLE, "--out", place / "site", "--only", "data", "district"],
        "publish anew": ["publish", SAMPLE, "--out", place, "--only", "data"],
        "csv": ["convert", SAMPLE, place / "data"],
        "xlsx": ["convert", SAMPLE, place / "data.xlsx"],
        "parquet": ["convert", SAMPLE, place / "data.parquet"],
        "template": ["template", place / "a.xlsx", "--year", "2026"],
        "check": ["check", book, "--marked", place / "marked.xlsx"],
        "sample": ["sample", place / "sample", "--schools", "3"],
        "forms": ["forms", SAMPLE, place / "forms"],
        "siting": ["siting", SAMPLE, SITE, "--out", place / "a.toml"],
        "plan": ["plan", SAMPLE, "--scenario", place / "a.toml"],
        "transfers": ["plan", SAMPLE, "--transfers", place / "a.toml"],
    }


def tried(arguments: list[object]) -> tuple[int | str, str]:
    """Run a command, and return how it ended and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ending:
            return ending.code if isinstance(ending.code, int) else 1, f"{said.getvalue()}{ending.code}"


if __name__ == "__main__":
    place, book, refusal = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if refusal == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, MOST))
    for name, arguments in commands(place, book).items():
        code, said = tried(arguments)
        print(json.dumps([name, code, said]), file=sys.__stdout__, flush=True)
